// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Stacks over the API: the servers of a grant under its policies, or servers of the catalogue as if
// nothing judged. What their tools are is what the catalogue knows.
#include "admin/catalogue_internal.h"

#include "base/memory.h"
#include "base/table.h"
#include "filter/filter.h"
#include "stack/stack.h"

enum {
    SERVERS_MAX = 100,
    NAME_MOST = 1024,
    BYTES_MAX = 64 * 1024 * 1024,
    LOOK_MEMORY = 128 * 1024 * 1024
};

// A request's work; docs are by server.
struct looking {
    struct admin_request *request;
    struct inventory *inventory; // NULL: there is no catalogue yet
    struct arena arena;
    struct buffer text; // of definitions
    struct stack_server servers[SERVERS_MAX];
    struct json_doc docs[SERVERS_MAX];
    struct slice missing[SERVERS_MAX]; // whose tools are not known
    size_t missing_count;
    struct slice shared[SERVERS_MAX]; // known from an entry that is not the organisation's own
    size_t shared_count;
    struct stack stack;
    struct stack_report report;
};

// ---- One server

// What people decided about a server's tools; all NULL or zero: nothing.
struct decided {
    const struct filter_pins *said, *kept;
};

static void take_decisions(const struct decided *decided, const struct inventory_row *row,
                           struct stack_tool *tool)
{
    enum catalogue_category category;
    if (row->overridden)
        tool->category = row->category;
    if (filter_pins_category(decided->kept, tool->name, &category) ||
        filter_pins_category(decided->said, tool->name, &category))
        tool->category = category;
    tool->waits = filter_pins_pinning(decided->said) == FILTER_PINNING_QUARANTINE &&
                  filter_pins_settled(decided->kept) &&
                  !filter_pins_accepts(decided->kept, tool->name, row->fingerprint);
}

static int take_rows(struct looking *l, const struct inventory_server *found,
                     const struct decided *decided, struct stack_tool *tools, size_t count,
                     struct error *error)
{
    struct inventory_rows rows = {0};
    struct table names;
    int result = inventory_get_tools(l->inventory, found, &l->arena, &rows, error);
    table_init(&names);
    for (size_t i = 0; i < count && result == 0; i++)
        result = table_put(&names, tools[i].name, &tools[i]);
    for (size_t i = 0; i < rows.count && result == 0; i++) {
        struct stack_tool *tool = table_get(&names, rows.items[i].name);
        if (tool != NULL)
            take_decisions(decided, &rows.items[i], tool);
    }
    table_release(&names);
    return result;
}

static int read_tools(struct looking *l, const struct inventory_server *found,
                      const struct decided *decided, struct stack_server *server,
                      struct json_doc *doc, struct error *error)
{
    size_t start = l->text.length;
    int result = inventory_write_tools(l->inventory, found, &l->text, error);
    if (result != 0)
        return result;
    if (l->text.failed || l->text.length > BYTES_MAX)
        return error_set(error, ERROR_TOO_LARGE, "the definitions are larger than %d MiB together",
                         BYTES_MAX / (1024 * 1024));
    struct slice all = buffer_slice(&l->text);
    struct slice own = arena_copy(&l->arena, slice_of(all.data + start, all.length - start));
    if (own.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    result = json_scan(doc, own, NULL, error, NULL);
    if (result != 0)
        return result;
    struct stack_tool *tools =
        arena_take_zeroed(&l->arena, (json_at(doc, 0)->count + 1) * sizeof *tools);
    if (tools == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    server->tools = tools;
    for (uint32_t node = json_first_element(doc, 0); node != JSON_NONE;
         node = json_next_element(doc, 0, node))
        server->count += stack_read_tool(doc, node, server->name, &l->arena, &tools[server->count]);
    return take_rows(l, found, decided, tools, server->count, error);
}

// Further ones of one name are left out.
static int add_server(struct looking *l, const struct stack_server *given,
                      const struct decided *decided, struct error *error)
{
    struct inventory_server found;
    struct error reason = {0};
    for (size_t i = 0; i < l->stack.count; i++)
        if (slice_equal(l->servers[i].name, given->name))
            return 0;
    if (l->stack.count == SERVERS_MAX || l->missing_count == SERVERS_MAX)
        return error_set(error, ERROR_TOO_LARGE, "at most %d servers are looked at together",
                         SERVERS_MAX);
    int result = l->inventory == NULL
                     ? ERROR_NOT_FOUND
                     : inventory_get_server(l->inventory, l->request->who.organisation, given->name,
                                            &l->arena, &found, &reason);
    if (result == ERROR_NOT_FOUND) {
        l->missing[l->missing_count++] = given->name;
        return 0;
    }
    if (result != 0)
        return error_set(error, result, "%s", reason.text);
    size_t at = l->stack.count++;
    l->servers[at] = *given;
    l->servers[at].name = found.name;
    if (found.organisation.length == 0)
        l->shared[l->shared_count++] = found.name;
    return read_tools(l, &found, decided, &l->servers[at], &l->docs[at], error);
}

// ---- The answer

static void write_names(struct buffer *out, const char *start, const struct slice *names,
                        size_t count)
{
    buffer_append_string(out, start);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, names[i]);
    }
}

static int look(struct looking *l, struct error *error)
{
    struct buffer *out = &l->request->out;
    int result = stack_look(&l->stack, &l->report);
    if (result == ERROR_TOO_LARGE)
        return error_set(error, result,
                         "at most %d tools are looked at together, and starter policies of at most "
                         "%d MiB",
                         STACK_TOOLS_MAX, CATALOGUE_POLICY_MAX >> 20);
    if (result != 0)
        return error_set(error, result, "%s", error_text(result));
    write_names(out, "\"missing\":[", l->missing, l->missing_count);
    write_names(out, "],\"shared\":[", l->shared, l->shared_count);
    buffer_append_string(out, "],\"stack\":");
    stack_write_json(out, &l->stack, &l->report);
    buffer_append_string(out, "}");
    l->request->status = 200;
    return 0;
}

static struct looking *open_look(struct admin_request *request, struct error *error)
{
    struct inventory *inventory = NULL;
    struct error reason = {0};
    int result = admin_shelf_borrow(request->admin->shelf, &inventory, &reason);
    if (result != 0 && result != ERROR_NOT_FOUND) {
        error_set(error, result, "%s", reason.text);
        return NULL;
    }
    struct looking *l = memory_try_new(sizeof *l);
    if (l == NULL) {
        if (inventory != NULL)
            admin_shelf_return(request->admin->shelf, inventory, true);
        error_set(error, ERROR_NO_MEMORY, "out of memory");
        return NULL;
    }
    l->request = request;
    l->inventory = result == 0 ? inventory : NULL;
    l->stack.servers = l->servers;
    arena_init(&l->arena, LOOK_MEMORY);
    buffer_init(&l->text, BYTES_MAX + 1);
    for (size_t i = 0; i < SERVERS_MAX; i++)
        json_doc_init(&l->docs[i]);
    return l;
}

static void close_look(struct looking *l, bool usable)
{
    stack_report_release(&l->report);
    for (size_t i = 0; i < SERVERS_MAX; i++)
        json_doc_release(&l->docs[i]);
    buffer_release(&l->text);
    arena_release(&l->arena);
    if (l->inventory != NULL)
        admin_shelf_return(l->request->admin->shelf, l->inventory, usable);
    memory_free(l);
}

// ---- Servers of the catalogue

static int read_names(struct admin_request *request, struct slice names[SERVERS_MAX],
                      size_t *ret_count, struct error *error)
{
    int result = admin_query_all(request, "server", names, SERVERS_MAX, ret_count, error);
    if (result == 0 && *ret_count == 0)
        return admin_fault(request, "server", JSON_NONE, error, "must be given, once or more");
    for (size_t i = 0; i < *ret_count && result == 0; i++)
        if (names[i].length == 0 || names[i].length > NAME_MOST || !json_is_utf8(names[i]))
            result = admin_fault(request, "server", JSON_NONE, error,
                                 "must have 1 to %d bytes of UTF-8", NAME_MOST);
    return result;
}

int admin_ask_stack(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct slice names[SERVERS_MAX];
    size_t count = 0;
    (void)view;
    int result = admin_query_only(request, (const char *const[]){"server", NULL}, error);
    return result == 0 ? read_names(request, names, &count, error) : result;
}

int admin_look_at_servers(struct admin_request *request, struct error *error)
{
    struct slice names[SERVERS_MAX];
    size_t count = 0;
    int result = read_names(request, names, &count, error);
    struct looking *l = result == 0 ? open_look(request, error) : NULL;
    if (l == NULL)
        return error->code;
    for (size_t i = 0; i < count && result == 0; i++) {
        const struct stack_server server = {.name = names[i]};
        result = add_server(l, &server, &(struct decided){NULL, NULL}, error);
    }
    buffer_append_string(&request->out, "{");
    if (result == 0)
        result = look(l, error);
    close_look(l, result == 0);
    return result;
}

// ---- The starter policy of a server

static int write_starter(struct looking *l, struct error *error)
{
    struct buffer text, *out = &l->request->out;
    if (l->stack.count == 0)
        return error_set(error, ERROR_NOT_FOUND, "there is nothing like that there");
    buffer_init(&text, 0);
    int result = stack_write_starter(&text, &l->servers[0]);
    if (result != 0)
        error_set(error, result, "a starter policy for all of its tools cannot be made: %s",
                  error_text(result));
    buffer_append_string(out, "{\"server\":");
    json_write_string(out, l->servers[0].name);
    buffer_append_format(out, ",\"shared\":%s,\"tools\":%zu,\"document\":",
                         l->shared_count > 0 ? "true" : "false", l->servers[0].count);
    json_write_string(out, buffer_slice(&text));
    buffer_append_string(out, "}");
    out->failed = out->failed || text.failed;
    buffer_release(&text);
    l->request->status = 200;
    return result;
}

int admin_give_starter(struct admin_request *request, struct error *error)
{
    const struct stack_server server = {.name = request->parameters[0]};
    int result = admin_query_only(request, (const char *const[]){NULL}, error);
    if (result != 0)
        return result;
    struct looking *l = open_look(request, error);
    if (l == NULL)
        return error->code;
    result = add_server(l, &server, &(struct decided){NULL, NULL}, error);
    if (result == 0)
        result = write_starter(l, error);
    close_look(l, result == 0);
    return result;
}

// ---- The same as a page

static int find_names(struct looking *l, const struct slice *names, size_t count,
                      struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        const struct stack_server server = {.name = names[i]};
        result = add_server(l, &server, &(struct decided){NULL, NULL}, error);
    }
    if (result == 0)
        result = stack_look(&l->stack, &l->report);
    if (result == ERROR_TOO_LARGE)
        return error_set(error, result, "this is too much to be looked at together");
    return result == 0 ? 0 : error_set(error, result, "%s", error_text(result));
}

int admin_stack_page(struct admin_request *request, struct error *error)
{
    struct slice names[SERVERS_MAX];
    size_t count = 0;
    struct pages_stack_known known = {.stack = NULL};
    bool any = request->query.length > 0;
    int result = any ? read_names(request, names, &count, error) : 0;
    if (result != 0)
        return error_set(error, ERROR_NOT_FOUND, "the address names no servers");
    struct looking *l = open_look(request, error);
    if (l == NULL)
        return error->code;
    result = find_names(l, names, count, error);
    known = (struct pages_stack_known){.stack = &l->stack,
                                       .report = &l->report,
                                       .missing = l->missing,
                                       .missing_count = l->missing_count};
    if (result == 0)
        pages_write_stack(&request->out, &request->arena, &request->look->site, &known);
    close_look(l, result == 0);
    return result;
}

// ---- A grant

int admin_ask_grant_stack(struct admin_request *request, struct store_view *view,
                          struct error *error)
{
    struct store_grant row = {.revoked_ms = 0};
    int result = admin_query_only(request, (const char *const[]){NULL}, error);
    if (result == 0)
        result = admin_get(request, view, &row.head, error);
    if (result != 0)
        return result;
    if (row.revoked_ms != 0)
        return error_set(error, ERROR_NOT_FOUND, "the grant was revoked");
    // The rules that the workers judge by, kept until the answer is made.
    request->rules = control_rules(request->admin->options.control);
    return 0;
}

static struct decided find_decided(const struct control_view *rules, struct slice server)
{
    const char *own = memchr(server.data, '#', server.length); // one with the grant's credentials
    if (own != NULL)
        server.length = (size_t)(own - server.data);
    for (size_t i = 0; i < rules->pin_count; i++)
        if (slice_equal(rules->pins[i].server, server))
            return (struct decided){rules->pins[i].said, rules->pins[i].kept};
    return (struct decided){NULL, NULL};
}

static int add_reach(struct looking *l, const struct control_view *rules,
                     const struct identity_grant *grant, struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < grant->reach_count && result == 0; i++) {
        const struct identity_reach *reach = &grant->reach[i];
        bool known = reach->policy >= 0 && (size_t)reach->policy < rules->policy_count;
        const struct stack_server server = {.name = reach->name,
                                            .judged = grant->mode == IDENTITY_ENFORCE,
                                            .policy = known ? rules->policies[reach->policy].policy
                                                            : NULL};
        const struct decided decided = find_decided(rules, reach->server);
        result = add_server(l, &server, &decided, error);
    }
    return result;
}

static void write_grant(struct buffer *out, const struct identity_grant *grant)
{
    buffer_append_string(out, "{\"grant\":{\"id\":");
    json_write_string(out, grant->id);
    buffer_append_string(out, ",\"label\":");
    json_write_string(out, grant->label);
    buffer_append_format(out, ",\"mode\":\"%s\"},",
                         grant->mode == IDENTITY_ENFORCE ? "enforce" : "observe");
}

int admin_look_at_grant(struct admin_request *request, struct error *error)
{
    const struct control_view *rules = control_rules_view(request->rules);
    const struct identity_entry *entry = identity_table_get(rules->grants, request->parameters[0]);
    const struct identity_grant *grant = entry == NULL ? NULL : identity_entry_grant(entry);
    if (grant == NULL || !slice_equal(grant->organisation, request->who.organisation))
        return error_set(error, ERROR_NOT_FOUND, "there is no such grant in force");
    struct looking *l = open_look(request, error);
    if (l == NULL)
        return error->code;
    l->stack.grant_label = grant->label;
    l->stack.grant_tags = grant->tags;
    l->stack.grant_tag_count = grant->tag_count;
    int result = add_reach(l, rules, grant, error);
    write_grant(&request->out, grant);
    if (result == 0)
        result = look(l, error);
    close_look(l, result == 0);
    return result;
}
