// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One question with all that helps to answer it, third part: the grant as it is, and what the
// limits of the call stood at when it was asked beside what they stand at now, under the policy in
// force. That is found by judging the call again, as it would be when it runs.
#include "admin/question_internal.h"

#include "control/control.h"
#include "json/json.h"
#include "pipeline/pipeline.h"

enum { JUDGE_MEMORY = 16 * 1024 * 1024 };

struct limits_now {
    struct admin_request *request;
    struct arena arena;
    struct json_doc arguments, facts;
    struct policy_verdict verdict;
    struct limit_charge *counters; // of verdict.charges; NULL: it cannot be told
    bool begun;
};

// ---- Judging

static const struct identity_grant *find_grant(struct limits_now *now)
{
    const struct control_view *rules = control_rules_view(now->request->rules);
    const struct admin_asking *asking = now->request->asking;
    struct identity_entry *entry = identity_table_get(rules->grants, asking->grant);
    const struct identity_grant *grant = entry == NULL ? NULL : identity_entry_grant(entry);
    bool own = grant != NULL && slice_equal(grant->organisation, now->request->who.organisation);
    return own ? grant : NULL;
}

// `server` as it is shown; behind a '#' stands whose credentials are used.
static const struct identity_reach *find_reach(const struct identity_grant *grant,
                                               struct slice server)
{
    for (size_t i = 0; i < grant->reach_count; i++) {
        struct slice own = grant->reach[i].server;
        if (slice_starts_with(own, server) &&
            (own.length == server.length || own.data[server.length] == '#'))
            return &grant->reach[i];
    }
    return NULL;
}

static enum catalogue_category category_of(struct slice word)
{
    for (int i = 0; i < CATALOGUE_UNKNOWN; i++)
        if (slice_equal_string(word, catalogue_category_name((enum catalogue_category)i)))
            return (enum catalogue_category)i;
    return CATALOGUE_UNKNOWN;
}

static void judge(struct limits_now *now, const struct identity_grant *grant)
{
    const struct control_view *rules = control_rules_view(now->request->rules);
    const struct admin_asking *asking = now->request->asking;
    const struct identity_reach *reach = find_reach(grant, asking->server_name);
    if (reach == NULL || reach->policy < 0 || (size_t)reach->policy >= rules->policy_count ||
        json_scan(&now->arguments, asking->arguments, NULL, NULL, NULL) != 0)
        return;
    const struct policy_call call = {.subject = POLICY_TOOL,
                                     .name = asking->tool,
                                     .doc = &now->arguments,
                                     .args = 0,
                                     .category = category_of(asking->category),
                                     .server = reach->name,
                                     .grant_label = grant->label,
                                     .grant_tags = grant->tags,
                                     .grant_tag_count = grant->tag_count,
                                     .client_name = asking->client,
                                     .now_ms = now->request->now_ms};
    const struct pipeline_payer payer = {
        .server = asking->server_name, .grant = grant->id, .client = asking->client};
    policy_decide(rules->policies[reach->policy].policy, &call, &now->arena, &now->verdict);
    now->counters = pipeline_charges(&now->verdict, &payer, &now->arena);
}

// ---- Writing

static void write_number(struct buffer *out, const char *name, struct decimal value)
{
    char text[DECIMAL_TEXT_SIZE];
    decimal_format(value, text);
    buffer_append_format(out, "\"%s\":\"%s\"", name, text);
}

// Counters of one session are not known by the question.
static void write_now(struct limits_now *now, size_t index)
{
    const struct policy_charge *charge = &now->verdict.charges[index];
    struct buffer *out = &now->request->out;
    struct limit_view stand = {.window_ms = 0};
    struct decimal sum;
    buffer_append_string(out, ",\"now\":");
    if (charge->scope == POLICY_SCOPE_SESSION || now->request->admin->path.limits == NULL) {
        buffer_append_string(out, "null");
        return;
    }
    limit_stand(now->request->admin->path.limits, &now->counters[index], now->request->now_ms,
                &stand);
    bool fits = !stand.unsummed && decimal_add(stand.used, charge->amount, &sum) == 0 &&
                decimal_compare(sum, charge->max) <= 0;
    buffer_append_string(out, "{");
    write_number(out, "used", stand.used);
    buffer_append_string(out, ",");
    write_number(out, "max", charge->max);
    buffer_append_string(out, ",");
    write_number(out, "amount", charge->amount);
    buffer_append_format(out, ",\"fits\":%s", fits ? "true" : "false");
    if (decimal_is_zero(stand.used))
        buffer_append_string(out, ",\"frees_at\":null");
    else
        admin_write_time(out, "frees_at", stand.frees_ms);
    buffer_append_string(out, "}");
}

static void write_then(struct limits_now *now, uint32_t fact)
{
    static const char *const names[] = {"used", "max", "amount"};
    struct buffer *out = &now->request->out;
    buffer_append_string(out, ",\"then\":");
    if (fact == JSON_NONE || json_type(&now->facts, fact) != JSON_OBJECT) {
        buffer_append_string(out, "null");
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t node = json_get(&now->facts, fact, names[i]);
        buffer_append_format(out, "%s\"%s\":", i == 0 ? "{" : ",", names[i]);
        if (node != JSON_NONE && json_type(&now->facts, node) == JSON_STRING)
            buffer_append(out, json_raw(&now->facts, node));
        else
            buffer_append_string(out, "\"\"");
    }
    buffer_append_string(out, "}");
}

static void write_window(struct buffer *out, bool month, int64_t seconds)
{
    buffer_append_string(out, ",\"window_seconds\":");
    if (month)
        buffer_append_string(out, "null");
    else
        json_write_integer(out, seconds);
}

static void begin_item(struct limits_now *now, struct slice rule)
{
    struct buffer *out = &now->request->out;
    buffer_append_string(out, now->begun ? ",{\"rule\":" : "{\"rule\":");
    json_write_string(out, rule);
    now->begun = true;
}

static void write_charge(struct limits_now *now, size_t index)
{
    const struct policy_charge *charge = &now->verdict.charges[index];
    struct buffer *out = &now->request->out;
    begin_item(now, charge->rule);
    buffer_append_string(out, ",\"counter\":");
    json_write_string(out, charge->counter);
    write_window(out, charge->calendar_month, charge->window_ms / 1000);
    write_then(now, json_get_slice(&now->facts, 0, charge->rule));
    write_now(now, index);
    buffer_append_string(out, "}");
}

// One that no rule in force has any more, or that cannot be told now.
static void write_fact(struct limits_now *now, uint32_t key)
{
    const struct json_doc *doc = &now->facts;
    struct buffer *out = &now->request->out;
    uint32_t counter = json_get(doc, key + 1, "counter"),
             window = json_get(doc, key + 1, "window_s");
    struct slice rule = json_string(doc, key, &now->arena);
    int64_t seconds = 0;
    bool known = window != JSON_NONE && json_integer(doc, window, &seconds) == 0;
    for (size_t i = 0; now->counters != NULL && i < now->verdict.charge_count; i++)
        if (slice_equal(now->verdict.charges[i].rule, rule))
            return;
    begin_item(now, rule);
    buffer_append_string(out, ",\"counter\":");
    if (counter != JSON_NONE && json_type(doc, counter) == JSON_STRING)
        buffer_append(out, json_raw(doc, counter));
    else
        buffer_append_string(out, "\"\"");
    write_window(out, !known, seconds);
    write_then(now, key + 1);
    buffer_append_string(out, ",\"now\":null}");
}

static void write_tags(struct buffer *out, const struct identity_grant *grant)
{
    buffer_append_string(out, ",\"grant_tags\":");
    if (grant == NULL) {
        buffer_append_string(out, "null");
        return;
    }
    buffer_append_string(out, "[");
    for (size_t i = 0; i < grant->tag_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, grant->tags[i]);
    }
    buffer_append_string(out, "]");
}

static void write_all(struct limits_now *now)
{
    const struct json_doc *doc = &now->facts;
    struct slice facts = now->request->asking->facts;
    if (json_scan(&now->facts, facts.length > 0 ? facts : SLICE_LITERAL("{}"), NULL, NULL, NULL) !=
            0 ||
        json_type(doc, 0) != JSON_OBJECT)
        return;
    for (size_t i = 0; now->counters != NULL && i < now->verdict.charge_count; i++)
        write_charge(now, i);
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE; key = json_next_key(doc, 0, key))
        write_fact(now, key);
}

void admin_write_limits(struct admin_request *request)
{
    struct limits_now now = {.request = request};
    arena_init(&now.arena, JUDGE_MEMORY);
    json_doc_init(&now.arguments);
    json_doc_init(&now.facts);
    const struct identity_grant *grant = find_grant(&now);
    write_tags(&request->out, grant);
    if (grant != NULL && request->asking->arguments.length > 0)
        judge(&now, grant);
    buffer_append_string(&request->out, ",\"limits\":[");
    write_all(&now);
    buffer_append_string(&request->out, "]");
    json_doc_release(&now.arguments);
    json_doc_release(&now.facts);
    arena_release(&now.arena);
}
