// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What lint says of a draft, over the API.
#include "admin/catalogue_internal.h"
#include "admin/moves_internal.h"
#include "control/control.h"
#include "inventory/inventory.h"

enum { LINT_MEMORY = 256 * 1024 * 1024, DEFINITIONS_MAX = 64 * 1024 * 1024 };

struct wanted_lint {
    struct slice server, grant, policy;
};
static const struct admin_field lint_fields[] = {
    {"server", offsetof(struct wanted_lint, server), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"grant", offsetof(struct wanted_lint, grant), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"policy", offsetof(struct wanted_lint, policy), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
enum { LINT_FIELDS = sizeof lint_fields / sizeof *lint_fields, SERVERS_MAX = 32 };

static int read_wanted(struct admin_request *request, struct wanted_lint *wanted,
                       struct slice *document, struct error *error)
{
    int result = admin_read_fields(request, 0, lint_fields, LINT_FIELDS, true, wanted, error);
    int ways =
        (wanted->server.length > 0) + (wanted->grant.length > 0) + (wanted->policy.length > 0);
    if (result == 0 && ways > 1)
        return admin_fault(request, "server", JSON_NONE, error,
                           "'grant' and 'policy' exclude each other");
    return result == 0 ? admin_read_document(request, 0, document, error) : result;
}

int admin_ask_lint(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct wanted_lint wanted = {0};
    struct slice document = {0};
    (void)view;
    int result = read_wanted(request, &wanted, &document, error);
    if (result == 0 && (wanted.grant.length > 0 || wanted.policy.length > 0))
        request->rules = control_rules(request->admin->options.control);
    return result;
}

// ---- Whose tools

struct listed { // a server's
    struct slice name;
    struct buffer definitions;
    struct json_doc doc;
    struct policy_tool *tools;
    size_t count;
};
struct linting {
    struct admin_request *request;
    struct arena arena;
    struct wanted_lint wanted;
    struct slice names[SERVERS_MAX];
    size_t name_count;
    bool known,
        too_many; // is there such a grant, or such a policy; more servers than are looked at
    struct listed listed[SERVERS_MAX];
    size_t listed_count;
    struct policy_tool *tools; // of all of them
    size_t count;
};

static void add_name(struct linting *l, struct slice name)
{
    for (size_t i = 0; i < l->name_count; i++)
        if (slice_equal(l->names[i], name))
            return;
    if (l->name_count == SERVERS_MAX)
        l->too_many = true;
    else
        l->names[l->name_count++] = name;
}

static bool has_policy(const struct control_view *rules, const struct identity_reach *reach,
                       struct slice name)
{
    return reach->policy >= 0 && (size_t)reach->policy < rules->policy_count &&
           slice_equal(policy_name(rules->policies[reach->policy].policy), name);
}

static void visit_grant(void *argument, struct identity_entry *entry)
{
    struct linting *l = argument;
    const struct control_view *rules = control_rules_view(l->request->rules);
    const struct identity_grant *grant = identity_entry_grant(entry);
    if (!slice_equal(grant->organisation, l->request->who.organisation))
        return;
    bool whole = l->wanted.grant.length > 0;
    if (whole && !slice_equal(grant->label, l->wanted.grant) &&
        !slice_equal(grant->id, l->wanted.grant))
        return;
    for (size_t i = 0; i < grant->reach_count; i++)
        if (whole || has_policy(rules, &grant->reach[i], l->wanted.policy)) {
            l->known = true;
            add_name(l, grant->reach[i].name);
        }
    l->known = l->known || whole;
}

static int find_names(struct linting *l, struct error *error)
{
    const char *field = l->wanted.grant.length > 0 ? "grant" : "policy";
    if (l->wanted.server.length > 0)
        add_name(l, l->wanted.server);
    if (l->request->rules == NULL)
        return 0;
    identity_table_each(control_rules_view(l->request->rules)->grants, visit_grant, l);
    return l->known
               ? 0
               : admin_fault(l->request, field, JSON_NONE, error, "is not in force for any server");
}

// ---- Their tools

// A server that only a grant or a policy leads to may be missing in the catalogue.
static int read_server(struct linting *l, struct inventory *inventory, struct slice name,
                       struct error *error)
{
    struct listed *listed = &l->listed[l->listed_count];
    struct inventory_server found;
    struct error reason = {0};
    int result = inventory_get_server(inventory, l->request->who.organisation, name, &l->arena,
                                      &found, &reason);
    if (result == ERROR_NOT_FOUND && l->wanted.server.length == 0)
        return 0;
    l->listed_count++;
    listed->name = name;
    buffer_init(&listed->definitions, DEFINITIONS_MAX);
    json_doc_init(&listed->doc);
    if (result == 0)
        result = inventory_write_tools(inventory, &found, &listed->definitions, &reason);
    if (result == 0)
        result = json_scan(&listed->doc, buffer_slice(&listed->definitions), NULL, &reason, NULL);
    if (result == 0)
        result = policy_read_tools(&listed->doc, 0, found.name, &l->arena, &listed->tools,
                                   &listed->count);
    if (result == ERROR_NOT_FOUND)
        return admin_fault(l->request, "server", JSON_NONE, error, "is not in the catalogue");
    return result == 0 ? 0 : error_set(error, result, "%s", error_text(result));
}

static int put_together(struct linting *l, struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < l->listed_count; i++)
        count += l->listed[i].count;
    if (count == 0)
        return 0;
    l->tools = arena_take(&l->arena, count * sizeof *l->tools);
    if (l->tools == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < l->listed_count; i++)
        for (size_t j = 0; j < l->listed[i].count; j++)
            l->tools[l->count++] = l->listed[i].tools[j];
    return 0;
}

static int find_tools(struct linting *l, struct error *error)
{
    struct inventory *inventory = NULL;
    struct error reason = {0};
    int result = find_names(l, error);
    if (result != 0 || l->name_count == 0)
        return result;
    result = admin_shelf_borrow(l->request->admin->shelf, &inventory, &reason);
    if (result == ERROR_NOT_FOUND)
        return l->wanted.server.length == 0
                   ? 0
                   : admin_fault(l->request, "server", JSON_NONE, error, "is not in the catalogue");
    if (result != 0)
        return error_set(error, result, "%s", reason.text);
    for (size_t i = 0; i < l->name_count && result == 0; i++)
        result = read_server(l, inventory, l->names[i], error);
    admin_shelf_return(l->request->admin->shelf, inventory, result == 0 || result == ERROR_RANGE);
    return result == 0 ? put_together(l, error) : result;
}

// ---- The answer

static int write_findings(struct linting *l, const struct policy *policy, struct error *error)
{
    struct buffer *out = &l->request->out;
    struct policy_findings all;
    if (policy_lint(policy, l->tools, l->count, &l->arena, &all) != 0)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    buffer_append_string(out, "{\"findings\":[");
    for (size_t i = 0; i < all.count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        policy_finding_json(&all.items[i], out);
    }
    buffer_append_format(out, "],\"complete\":%s,\"servers\":[",
                         all.too_many || l->too_many ? "false" : "true");
    for (size_t i = 0; i < l->listed_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, l->listed[i].name);
    }
    buffer_append_string(out, "]}");
    l->request->status = 200;
    return 0;
}

int admin_lint(struct admin_request *request, struct error *error)
{
    struct slice document = {0};
    struct policy *policy = NULL;
    struct linting *l = arena_take_zeroed(&request->arena, sizeof *l);
    if (l == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    l->request = request;
    arena_init(&l->arena, LINT_MEMORY);
    int result = read_wanted(request, &l->wanted, &document, error);
    if (result == 0)
        result =
            admin_compile(request, "document", document, SLICE_LITERAL("draft"), &policy, error);
    if (result == 0)
        result = find_tools(l, error);
    if (result == 0)
        result = write_findings(l, policy, error);
    policy_unref(policy);
    for (size_t i = 0; i < l->listed_count; i++) {
        json_doc_release(&l->listed[i].doc);
        buffer_release(&l->listed[i].definitions);
    }
    arena_release(&l->arena);
    return result;
}
