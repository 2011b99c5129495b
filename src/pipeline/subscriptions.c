// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The resources of a subscriptions/listen (2026-07-28): each is judged as if its subscription were
// a message of its own. Refused ones are left out, which the server's acknowledgement then tells.
#include "pipeline/pipeline_internal.h"

enum { RESOURCES_MAX = 1000 };

static bool may_hear_of(void *argument, enum mcp_list list, struct slice uri, uint32_t entry)
{
    (void)entry;
    struct exchange *ex = argument;
    struct policy_call call;
    struct policy_verdict verdict;
    (void)list;
    decide_describe(ex, POLICY_RESOURCE, uri, &call);
    policy_decide(ex->policy, &call, &ex->arena, &verdict);
    if (verdict.outcome == POLICY_ALLOW && !verdict.observed.noted)
        return true;
    if (verdict.outcome == POLICY_ALLOW) {
        verdict.rule = verdict.observed.rule;
        verdict.reason = verdict.observed.reason;
        outcome_record_part(ex, OUTCOME_OBSERVED, uri, &verdict);
        return true;
    }
    enum outcome refused = verdict.hidden ? OUTCOME_HIDDEN : OUTCOME_DENIED;
    outcome_record_part(ex, ex->observe ? OUTCOME_OBSERVED : refused, uri, &verdict);
    return ex->observe;
}

// What is sent is read anew, so that it is what was judged.
static bool replace_text(struct exchange *ex, struct mcp_edits *edits)
{
    struct json_doc *doc = &ex->pipeline->doc;
    struct slice *pieces;
    size_t count, length = 0;
    int code;
    if (mcp_edits_pieces(edits, ex->text, &ex->arena, &pieces, &count) != 0)
        return false;
    char *text = arena_take(&ex->arena, ex->text.length);
    for (size_t i = 0; text != NULL && i < count; i++) {
        memcpy(text + length, pieces[i].data, pieces[i].length);
        length += pieces[i].length;
    }
    ex->text = slice_of(text, length);
    ex->text_kept = text != NULL;
    return text != NULL && json_scan(doc, ex->text, NULL, NULL, NULL) == 0 &&
           mcp_decode(doc, 0, &ex->arena, &ex->message, &code, NULL) == 0;
}

enum step_result subscriptions_judge(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct mcp_edits edits = {0};
    uint32_t wanted =
        json_get(doc, json_get(doc, ex->message.params, "notifications"), "resourceSubscriptions");
    if (wanted == JSON_NONE)
        return STEP_NEXT;
    if (json_type(doc, wanted) != JSON_ARRAY || json_at(doc, wanted)->count > RESOURCES_MAX) {
        ex->outcome = OUTCOME_REFUSED;
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_PARAMS,
                               "resourceSubscriptions must be a list of at most %d URIs",
                               RESOURCES_MAX);
    }
    filter_uris(doc, wanted, may_hear_of, ex, &ex->arena, &edits);
    if (edits.failed || (edits.count > 0 && !replace_text(ex, &edits)))
        return STEP_FAIL;
    return STEP_NEXT;
}
