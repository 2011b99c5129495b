// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a person is asked: the call as it was judged, and what it is about.
#include "pipeline/asking_internal.h"

enum { FACTS_MAX = 32 * 1024 };

static struct slice of_file(struct exchange *ex, struct slice name)
{
    return arena_format(&ex->arena, "file.%.*s", SLICE_PRINT(name));
}

static int write_arguments(struct exchange *ex, struct slice *ret)
{
    struct buffer out;
    buffer_init(&out, APPROVAL_ARGUMENTS_MAX);
    int result = 0;
    if (ex->message.arguments == JSON_NONE)
        buffer_append_string(&out, "{}");
    else
        result = json_write_canonical(&out, &ex->pipeline->doc, ex->message.arguments);
    *ret = result == 0 ? arena_copy(&ex->arena, buffer_slice(&out)) : (struct slice){0};
    if (result == 0 && (out.failed || ret->data == NULL))
        result = ERROR_NO_MEMORY;
    memory_wipe_slice(buffer_slice(&out));
    buffer_release(&out);
    return result;
}

static void write_number(struct buffer *out, const char *key, struct decimal value)
{
    char text[DECIMAL_TEXT_SIZE];
    decimal_format(value, text);
    buffer_append_format(out, ",\"%s\":\"%s\"", key, text);
}

static void write_charge(struct exchange *ex, struct buffer *out,
                         const struct policy_charge *charge, const struct limit_charge *counter)
{
    struct limit_view stand = {.window_ms = 0};
    limit_stand(ex->pipeline->given.limits, counter, loop_wall_ms(ex->pipeline->loop), &stand);
    json_write_string(out, charge->rule);
    buffer_append_string(out, ":{\"counter\":");
    json_write_string(out, charge->counter);
    write_number(out, "used", stand.used);
    write_number(out, "amount", charge->amount);
    write_number(out, "max", charge->max);
    if (charge->calendar_month)
        buffer_append_string(out, ",\"window\":\"month\"");
    else
        buffer_append_format(out, ",\"window_s\":%lld", (long long)(charge->window_ms / 1000));
    buffer_append_string(out, "}");
}

// What the limits of the call stand at.
static struct slice write_facts(struct exchange *ex)
{
    const struct policy_verdict *verdict = &ex->verdict;
    struct limit_charge *counters = verdict->charge_count == 0 ? NULL : limits_charges(ex);
    struct buffer out;
    buffer_init(&out, FACTS_MAX);
    buffer_append_string(&out, "{");
    for (size_t i = 0; counters != NULL && i < verdict->charge_count; i++) {
        buffer_append_string(&out, i == 0 ? "" : ",");
        write_charge(ex, &out, &verdict->charges[i], &counters[i]);
    }
    buffer_append_string(&out, "}");
    struct slice facts =
        out.failed ? SLICE_LITERAL("{}") : arena_copy(&ex->arena, buffer_slice(&out));
    buffer_release(&out);
    return facts;
}

static void describe_tool(const struct exchange *ex, struct approval_call *ret)
{
    enum catalogue_category category = decide_category(ex);
    ret->tool = ex->subject;
    if (ex->method != MCP_TOOLS_CALL)
        ret->method = ex->method_name;
    if (category == CATALOGUE_UNKNOWN)
        return;
    ret->category = slice_from_string(catalogue_category_name(category));
    ret->severity = slice_from_string(catalogue_severity_name(catalogue_severity_of(category)));
}

int asking_describe(struct exchange *ex, struct approval_call *ret)
{
    const struct identity_grant *grant = ex->grant;
    bool recorded = grant->organisation.length > 0;
    *ret = (struct approval_call){.organisation = grant->organisation,
                                  .grant = recorded ? grant->id : of_file(ex, grant->label),
                                  .grant_label = grant->label,
                                  .server_name = upstream_server_shown(ex->server),
                                  .client = ex->client_name,
                                  .policy = policy_name(ex->policy),
                                  .policy_version = policy_version(ex->policy),
                                  .rule = ex->verdict.rule,
                                  .reason = ex->verdict.reason,
                                  .facts = write_facts(ex),
                                  .approvers = ex->verdict.asking.approvers,
                                  .life_ms = ex->verdict.asking.expires_ms < APPROVAL_LIFE_MAX_MS
                                                 ? ex->verdict.asking.expires_ms
                                                 : APPROVAL_LIFE_MAX_MS};
    ret->server = ex->reach->id.length > 0 ? ex->reach->id : of_file(ex, ret->server_name);
    if (ret->client.length == 0 && ex->session != NULL && ex->session->client_name != NULL)
        ret->client = slice_from_string(ex->session->client_name);
    describe_tool(ex, ret);
    if (ret->grant.data == NULL || ret->server.data == NULL || ret->facts.data == NULL)
        return ERROR_NO_MEMORY;
    int result = write_arguments(ex, &ret->arguments);
    if (result != 0)
        return result;
    const struct approval_subject subject = {.grant = ret->grant,
                                             .server = ret->server,
                                             .method = ret->method,
                                             .tool = ret->tool,
                                             .arguments = ret->arguments};
    return approval_print(&subject, ret->print);
}
