// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies tried out over the API: what one says of a call, step by step. What a call holds is
// shown to who sent it, and neither kept nor logged.
#include "admin/explain_internal.h"

#include "admin/catalogue_internal.h"
#include "admin/moves_internal.h"
#include "base/memory.h"
#include "control/control.h"
#include "filter/filter.h"
#include "inventory/inventory.h"

enum { EXPLAIN_MEMORY = 64 * 1024 * 1024, TAGS_MAX = 32 };

// ---- The call that is asked about

struct asked_call {
    struct slice tool, resource, prompt, method, category, server, grant, client;
    int64_t session_calls, time_ms;
};
#define CALL_FIELD(name, member, kind)                                                             \
    {                                                                                              \
        name, offsetof(struct asked_call, member), NULL, kind, FIELD_GIVEN                         \
    }
static const struct admin_field call_fields[] = {
    CALL_FIELD("tool", tool, FIELD_TEXT),
    CALL_FIELD("resource", resource, FIELD_TEXT),
    CALL_FIELD("prompt", prompt, FIELD_TEXT),
    CALL_FIELD("method", method, FIELD_TEXT),
    CALL_FIELD("category", category, FIELD_TEXT),
    CALL_FIELD("server", server, FIELD_TEXT),
    CALL_FIELD("grant", grant, FIELD_TEXT),
    CALL_FIELD("client", client, FIELD_TEXT),
    CALL_FIELD("session_calls", session_calls, FIELD_NUMBER),
    CALL_FIELD("time", time_ms, FIELD_TIME),
    {"arguments", 0, NULL, FIELD_ANY, FIELD_GIVEN},
    {"tags", 0, NULL, FIELD_ANY, FIELD_GIVEN},
};
enum { CALL_FIELDS = sizeof call_fields / sizeof *call_fields };

static int choose_subject(struct admin_request *request, uint32_t node,
                          const struct asked_call *asked, struct policy_call *ret,
                          struct error *error)
{
    const struct slice names[] = {[POLICY_TOOL] = asked->tool,
                                  [POLICY_RESOURCE] = asked->resource,
                                  [POLICY_PROMPT] = asked->prompt,
                                  [POLICY_METHOD] = asked->method};
    size_t found = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].data == NULL)
            continue;
        ret->subject = (enum policy_subject)i;
        ret->name = names[i];
        found++;
    }
    return found == 1 ? 0
                      : admin_fault(request, "call", node, error,
                                    "must have exactly one of tool, resource, prompt and method");
}

static int choose_category(struct admin_request *request, uint32_t node, struct slice word,
                           struct policy_call *ret, struct error *error)
{
    ret->category = CATALOGUE_UNKNOWN;
    for (unsigned i = 0; i <= CATALOGUE_UNKNOWN && word.data != NULL; i++)
        if (slice_equal_ignoring_case(
                word, slice_from_string(catalogue_category_name((enum catalogue_category)i)))) {
            ret->category = (enum catalogue_category)i;
            return 0;
        }
    return word.data == NULL ? 0
                             : admin_fault(request, "call.category", node, error,
                                           "must be Read, Write, Execute, Destructive, Financial "
                                           "or Unknown");
}

static int read_tags(struct admin_request *request, uint32_t list, struct policy_call *ret,
                     struct error *error)
{
    const struct json_doc *doc = &request->doc;
    bool good = json_type(doc, list) == JSON_ARRAY && json_at(doc, list)->count <= TAGS_MAX;
    struct slice *tags = arena_take(&request->arena, TAGS_MAX * sizeof *tags);
    if (tags == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    ret->grant_tags = tags;
    for (uint32_t node = good ? json_first_element(doc, list) : JSON_NONE; node != JSON_NONE;
         node = json_next_element(doc, list, node)) {
        if (json_type(doc, node) == JSON_STRING)
            tags[ret->grant_tag_count] = json_string(doc, node, &request->arena);
        good =
            good && json_type(doc, node) == JSON_STRING && tags[ret->grant_tag_count].data != NULL;
        ret->grant_tag_count += good;
    }
    return good ? 0
                : admin_fault(request, "call.tags", list, error,
                              "must be a list of at most %d strings", TAGS_MAX);
}

static int read_call(struct admin_request *request, struct policy_call *ret, struct error *error)
{
    struct asked_call asked = {.session_calls = 0};
    uint32_t node = json_get(&request->doc, 0, "call");
    if (node == JSON_NONE || json_type(&request->doc, node) != JSON_OBJECT)
        return admin_fault(request, "call", node, error, "must be an object");
    int result = admin_read_fields(request, node, call_fields, CALL_FIELDS, true, &asked, error);
    uint32_t arguments = json_get(&request->doc, node, "arguments");
    uint32_t tags = json_get(&request->doc, node, "tags");
    *ret = (struct policy_call){.doc = &request->doc,
                                .args = arguments,
                                .server = asked.server,
                                .grant_label = asked.grant,
                                .client_name = asked.client,
                                .session_calls = (uint64_t)asked.session_calls,
                                .now_ms = asked.time_ms != 0 ? asked.time_ms : request->now_ms};
    if (result == 0)
        result = choose_subject(request, node, &asked, ret, error);
    if (result == 0)
        result = choose_category(request, node, asked.category, ret, error);
    if (result == 0 && tags != JSON_NONE)
        result = read_tags(request, tags, ret, error);
    if (result == 0 && arguments != JSON_NONE && json_type(&request->doc, arguments) != JSON_OBJECT)
        return admin_fault(request, "call.arguments", arguments, error, "must be an object");
    return result;
}

// ---- The answer

// `now` is NULL where nothing but the policy is asked about.
static int answer(struct admin_request *request, const struct policy *policy,
                  const struct policy_call *call, const struct pipeline_circumstances *now,
                  bool *ret_older, struct error *error)
{
    struct policy_verdict verdict;
    struct arena arena;
    struct buffer text, steps;
    arena_init(&arena, EXPLAIN_MEMORY);
    buffer_init(&text, 0);
    buffer_init(&steps, 0);
    policy_explain(policy, call, &arena, &verdict, &text, &steps);
    buffer_append_format(&request->out, "{\"category\":\"%s\",",
                         catalogue_category_name(call->category));
    policy_explanation_json(policy, &verdict, buffer_slice(&steps), buffer_slice(&text),
                            &request->out);
    int result = now == NULL ? 0 : explain_now(request, now, call, &verdict, &arena, ret_older);
    buffer_append_string(&request->out, "}");
    bool failed = result != 0 || text.failed || steps.failed || request->out.failed;
    buffer_release(&text);
    buffer_release(&steps);
    arena_release(&arena);
    request->status = 200;
    return failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

// ---- A policy: a version of it, or a draft

int admin_find_document(struct admin_request *request, struct store_view *view,
                        const struct store_policy *policy, int64_t number, struct slice *ret,
                        struct error *error)
{
    struct store_policy_version version = {.number = 0};
    bool given = json_get(&request->doc, 0, "document") != JSON_NONE;
    if (given && number != 0)
        return admin_fault(request, "number", JSON_NONE, error,
                           "and 'document' exclude each other");
    if (given)
        return admin_read_document(request, 0, ret, error);
    int result = control_get_policy_version(view, request->who.organisation, policy->head.id,
                                            number == 0 ? policy->latest : number, &version, error);
    if (result == ERROR_NOT_FOUND)
        return admin_fault(request, "number", JSON_NONE, error, "is no version of this policy");
    *ret = version.document;
    return result;
}

int admin_explain_policy(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    struct wanted {
        int64_t number;
    } wanted = {0};
    static const struct admin_field fields[] = {
        {"number", offsetof(struct wanted, number), NULL, FIELD_NUMBER, FIELD_GIVEN},
        {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN},
        {"call", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
    struct store_policy row = {.latest = 0};
    struct policy_call call = {.args = JSON_NONE};
    struct policy *policy = NULL;
    struct slice document = {0};
    int result =
        store_get_policy(view, request->who.organisation, request->parameters[0], &row, error);
    if (result == 0)
        result = admin_read_fields(request, 0, fields, 3, true, &wanted, error);
    if (result == 0)
        result = read_call(request, &call, error);
    if (result == 0)
        result = admin_find_document(request, view, &row, wanted.number, &document, error);
    if (result == 0)
        result = admin_compile(request, "document", document, row.name, &policy, error);
    if (result == 0)
        result = answer(request, policy, &call, NULL, NULL, error);
    policy_unref(policy);
    return result;
}

// ---- A grant: what is in force for it

static const struct admin_field grant_fields[] = {
    {"server", 0, NULL, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED},
    {"call", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};

int admin_ask_grant_explanation(struct admin_request *request, struct store_view *view,
                                struct error *error)
{
    struct store_grant row = {.revoked_ms = 0};
    struct policy_call call = {.args = JSON_NONE};
    struct slice server = {0};
    int result = admin_get(request, view, &row.head, error);
    if (result == 0)
        result = admin_read_fields(request, 0, grant_fields, 2, true, &server, error);
    if (result == 0)
        result = read_call(request, &call, error);
    if (result == 0 && row.revoked_ms != 0)
        return error_set(error, ERROR_NOT_FOUND, "the grant was revoked");
    if (result == 0)
        request->rules = control_rules(request->admin->options.control);
    return result;
}

// What is decided about the server's tools; NULL: nothing.
static const struct control_pins_view *find_pins(const struct control_view *rules,
                                                 struct slice server)
{
    const char *own = memchr(server.data, '#', server.length); // with the grant's credentials
    if (own != NULL)
        server.length = (size_t)(own - server.data);
    for (size_t i = 0; i < rules->pin_count; i++)
        if (slice_equal(rules->pins[i].server, server))
            return &rules->pins[i];
    return NULL;
}

// What somebody decided about the tool's category.
static bool is_overridden(const struct control_pins_view *pins, struct slice tool,
                          enum catalogue_category *ret)
{
    return pins != NULL && (filter_pins_category(pins->kept, tool, ret) ||
                            filter_pins_category(pins->said, tool, ret));
}

// What the catalogue says of it; UNKNOWN where it says nothing.
static enum catalogue_category catalogued(struct admin_request *request, struct slice server,
                                          struct slice tool)
{
    struct inventory *inventory = NULL;
    struct inventory_server found;
    struct inventory_tool known = {.changes = 0};
    struct error error = {0};
    enum catalogue_category category = CATALOGUE_UNKNOWN;
    if (admin_shelf_borrow(request->admin->shelf, &inventory, &error) != 0)
        return category;
    int result = inventory_get_server(inventory, request->who.organisation, server, &request->arena,
                                      &found, &error);
    if (result == 0)
        result = inventory_get_tool(inventory, &found, tool, &request->arena, &known, &error);
    if (result == 0 && slice_equal(known.row.name, tool))
        category = known.row.category;
    inventory_tool_release(&known);
    admin_shelf_return(request->admin->shelf, inventory, result == 0 || result == ERROR_NOT_FOUND);
    return category;
}

static const struct identity_reach *find_reach(const struct identity_grant *grant,
                                               struct slice server)
{
    for (size_t i = 0; i < grant->reach_count; i++)
        if (slice_equal(grant->reach[i].name, server))
            return &grant->reach[i];
    return NULL;
}

static struct slice shown_name(const struct control_view *rules, struct slice server)
{
    for (size_t i = 0; i < rules->server_count; i++)
        if (slice_equal(rules->servers[i].name, server))
            return upstream_shown(&rules->servers[i]);
    return server;
}

static const struct policy *policy_of(const struct control_view *rules,
                                      const struct identity_reach *reach)
{
    bool known = reach->policy >= 0 && (size_t)reach->policy < rules->policy_count;
    return known ? rules->policies[reach->policy].policy : NULL;
}

// The call is this grant's, of that server.
static void complete_call(struct admin_request *request, const struct control_view *rules,
                          const struct identity_grant *grant, const struct identity_reach *reach,
                          struct policy_call *call)
{
    uint32_t node = json_get(&request->doc, 0, "call");
    bool category_said = json_get(&request->doc, node, "category") != JSON_NONE;
    call->server = reach->name;
    call->grant_label = grant->label;
    call->grant_tags = grant->tags;
    call->grant_tag_count = grant->tag_count;
    if (json_get(&request->doc, node, "session_calls") == JSON_NONE)
        call->session_calls = pipeline_calls_so_far(request->admin->path.ledger, grant->id,
                                                    shown_name(rules, reach->server),
                                                    call->client_name, &request->arena);
    if (call->subject == POLICY_TOOL && !category_said &&
        !is_overridden(find_pins(rules, reach->server), call->name, &call->category))
        call->category = catalogued(request, reach->name, call->name);
}

static int explain_grant(struct admin_request *request, bool *ret_older, struct error *error)
{
    const struct control_view *rules = control_rules_view(request->rules);
    const struct identity_entry *entry = identity_table_get(rules->grants, request->parameters[0]);
    const struct identity_grant *grant = entry == NULL ? NULL : identity_entry_grant(entry);
    struct policy_call call = {.args = JSON_NONE};
    struct slice server =
        json_string(&request->doc, json_get(&request->doc, 0, "server"), &request->arena);
    if (grant == NULL || !slice_equal(grant->organisation, request->who.organisation))
        return error_set(error, ERROR_NOT_FOUND, "there is no such grant in force");
    const struct identity_reach *reach = find_reach(grant, server);
    if (reach == NULL)
        return admin_fault(request, "server", JSON_NONE, error, "is none of the grant's servers");
    int result = read_call(request, &call, error);
    if (result != 0)
        return result;
    complete_call(request, rules, grant, reach, &call);
    const struct control_pins_view *pins = find_pins(rules, reach->server);
    const struct pipeline_circumstances now = {.limits = request->admin->path.limits,
                                               .watch = request->admin->path.watch,
                                               .ledger = request->admin->path.ledger,
                                               .grant = grant,
                                               .server = reach->server,
                                               .shown = shown_name(rules, reach->server),
                                               .said = pins == NULL ? NULL : pins->said,
                                               .kept = pins == NULL ? NULL : pins->kept,
                                               .policy = policy_of(rules, reach),
                                               .now_ms = request->now_ms};
    return answer(request, now.policy, &call, &now, ret_older, error);
}

// A pause is in the newest rules before the data path forgets it, so those are asked once more.
int admin_explain_grant(struct admin_request *request, struct error *error)
{
    bool older = false;
    int result = explain_grant(request, &older, error);
    if (result != 0 || !older)
        return result;
    buffer_clear(&request->out);
    control_rules_unref(request->rules);
    request->rules = control_rules(request->admin->options.control);
    return explain_grant(request, &older, error);
}
