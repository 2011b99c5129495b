// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The catalogue over the API: sums, servers, tools, history, searches, and lists that are given.
// All of it on threads for searches, each with a handle of its own.
#include "admin/catalogue_internal.h"

#include "base/log.h"

#include <inttypes.h>

enum {
    ARENA_MAX = 128 * 1024 * 1024,
    PAGE_STANDARD = 50,
    PAGE_MOST = 200,
    PAST_STANDARD = 50,
    PAST_MOST = 200,
    TEXT_MOST = 256,
};

// One request's look at the catalogue.
struct finding {
    struct admin_request *request;
    struct inventory *inventory; // NULL: there is none yet
    struct slice organisation;   // who asks, or "" for what is shared alone
    struct arena arena;
    struct error *error;
};

// What people are told: the path of the file is nobody's business.
static int broken(struct admin_request *request, int result, struct error *error)
{
    if (result != ERROR_CONFIG && result != ERROR_IO)
        return result;
    log_event(LOG_WARNING, "admin", "%s", error->text);
    return admin_refuse(request, 503, "unavailable", ERROR_IO, error,
                        "the catalogue cannot be used now; the gateway's log says why");
}

static int read_shared(struct finding *f)
{
    struct slice text;
    int result = admin_query(f->request, "shared", &text, f->error);
    if (result != 0 || text.data == NULL || slice_equal_string(text, "false"))
        return result;
    if (!slice_equal_string(text, "true"))
        return admin_fault(f->request, "shared", JSON_NONE, f->error, "must be true or false");
    f->organisation = slice_of("", 0);
    return 0;
}

// `names` are the parameters that there may be.
static int look(struct admin_request *request, const char *const *names,
                int (*find)(struct finding *finding), struct error *error)
{
    struct finding f = {
        .request = request, .organisation = request->who.organisation, .error = error};
    int result = admin_query_only(request, names, error);
    if (result == 0)
        result = read_shared(&f);
    if (result != 0)
        return result;
    result = admin_shelf_borrow(request->admin->shelf, &f.inventory, error);
    if (result != 0 && result != ERROR_NOT_FOUND)
        return broken(request, result, error);
    arena_init(&f.arena, ARENA_MAX);
    result = find(&f);
    bool usable = result != ERROR_CONFIG && result != ERROR_IO && result != ERROR_NO_MEMORY;
    admin_shelf_return(request->admin->shelf, f.inventory, usable);
    arena_release(&f.arena);
    request->status = 200;
    return broken(request, result, error);
}

static int nothing(struct finding *f)
{
    return error_set(f->error, ERROR_NOT_FOUND, "there is nothing like that there");
}

// ---- Sums

static int find_sums(struct finding *f)
{
    struct inventory_counts counts = {0};
    int result = f->inventory == NULL
                     ? 0
                     : inventory_count(f->inventory, f->organisation, &counts, f->error);
    if (result == 0)
        inventory_write_counts(&f->request->out, &counts);
    return result;
}

int admin_find_catalogue(struct admin_request *request, struct error *error)
{
    static const char *const names[] = {"shared", NULL};
    return look(request, names, find_sums, error);
}

// ---- Lists

// "read,write"
static int read_words(struct finding *f, const char *name, unsigned (*bits_of)(struct slice word),
                      unsigned *ret)
{
    struct slice rest;
    int result = admin_query(f->request, name, &rest, f->error);
    *ret = 0;
    while (result == 0 && rest.length > 0) {
        const char *comma = memchr(rest.data, ',', rest.length);
        size_t length = comma == NULL ? rest.length : (size_t)(comma - rest.data);
        unsigned bits = bits_of(slice_of(rest.data, length));
        if (bits == 0)
            return admin_fault(f->request, name, JSON_NONE, f->error, "has a word that is none");
        *ret |= bits;
        length += comma != NULL;
        rest = slice_of(rest.data + length, rest.length - length);
    }
    return result;
}

static unsigned category_bits(struct slice word)
{
    for (int i = 0; i < INVENTORY_CATEGORIES; i++)
        if (slice_equal_ignoring_case(
                word, slice_from_string(catalogue_category_name((enum catalogue_category)i))))
            return 1U << i;
    return 0;
}

static unsigned severity_bits(struct slice word)
{
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL; i++)
        if (slice_equal_string(word, catalogue_severity_name((enum catalogue_severity)i)))
            return inventory_categories_of((enum catalogue_severity)i);
    return 0;
}

static int read_filter(struct finding *f, struct inventory_filter *ret)
{
    unsigned categories = 0, severities = 0;
    int64_t limit = PAGE_STANDARD;
    *ret = (struct inventory_filter){.organisation = f->organisation};
    int result = admin_query(f->request, "text", &ret->text, f->error);
    if (result == 0 && ret->text.length > TEXT_MOST)
        result = admin_fault(f->request, "text", JSON_NONE, f->error, "is longer than %d bytes",
                             TEXT_MOST);
    if (result == 0)
        result = read_words(f, "category", category_bits, &categories);
    if (result == 0)
        result = read_words(f, "severity", severity_bits, &severities);
    if (result == 0 && categories != 0 && severities != 0 && (categories & severities) == 0)
        result = admin_fault(f->request, "severity", JSON_NONE, f->error,
                             "is not that of any of these categories");
    if (result == 0)
        result = admin_query_number(f->request, "limit", 1, PAGE_MOST, &limit, f->error);
    if (result == 0)
        result = admin_query(f->request, "after", &ret->after, f->error);
    ret->limit = (size_t)limit;
    ret->categories =
        categories != 0 && severities != 0 ? categories & severities : categories | severities;
    return result;
}

// The end of a list; how many there are is known on its first page.
static void write_page(struct finding *f, const struct inventory_filter *filter,
                       const struct inventory_page *page)
{
    struct buffer *out = &f->request->out;
    buffer_append_string(out, "],\"next\":");
    if (page->next[0] == '\0')
        buffer_append_string(out, "null");
    else
        json_write_string(out, slice_from_string(page->next));
    if (filter->after.length > 0)
        buffer_append_string(out, ",\"total\":null,\"more\":null}");
    else
        buffer_append_format(out, ",\"total\":%" PRIu64 ",\"more\":%s}", page->total,
                             page->more ? "true" : "false");
}

// A cursor that is none.
static int judge(struct finding *f, int result)
{
    return result == ERROR_RANGE ? admin_fault(f->request, "after", JSON_NONE, f->error,
                                               "is no 'next' of a page with the same parameters")
                                 : result;
}

static int find_servers(struct finding *f)
{
    struct inventory_filter filter;
    struct inventory_servers servers = {0};
    int result = read_filter(f, &filter);
    if (result == 0 && f->inventory != NULL)
        result =
            judge(f, inventory_find_servers(f->inventory, &filter, &f->arena, &servers, f->error));
    buffer_append_string(&f->request->out, "{\"items\":[");
    for (size_t i = 0; result == 0 && i < servers.count; i++) {
        buffer_append_string(&f->request->out, i > 0 ? "," : "");
        inventory_write_server(&f->request->out, &servers.items[i]);
    }
    write_page(f, &filter, &servers.page);
    return result;
}

int admin_find_catalogue_servers(struct admin_request *request, struct error *error)
{
    static const char *const names[] = {"text",  "category", "severity", "limit",
                                        "after", "shared",   NULL};
    return look(request, names, find_servers, error);
}

static int find_tools(struct finding *f)
{
    struct inventory_filter filter;
    struct inventory_found found = {0};
    int result = read_filter(f, &filter);
    if (result == 0)
        result = admin_query(f->request, "server", &filter.server, f->error);
    if (result == 0 && f->inventory != NULL)
        result = judge(f, inventory_search(f->inventory, &filter, &f->arena, &found, f->error));
    if (result == ERROR_NOT_FOUND ||
        (result == 0 && f->inventory == NULL && filter.server.length > 0))
        return admin_fault(f->request, "server", JSON_NONE, f->error,
                           "is no server of the catalogue");
    buffer_append_string(&f->request->out, "{\"items\":[");
    for (size_t i = 0; result == 0 && i < found.count; i++) {
        buffer_append_string(&f->request->out, i > 0 ? "," : "");
        inventory_write_row(&f->request->out, &found.items[i]);
    }
    write_page(f, &filter, &found.page);
    return result;
}

int admin_find_catalogue_tools(struct admin_request *request, struct error *error)
{
    static const char *const names[] = {"text",  "category", "severity", "server",
                                        "limit", "after",    "shared",   NULL};
    return look(request, names, find_tools, error);
}

// ---- One server, one tool

static int get_server(struct finding *f, struct inventory_server *ret)
{
    if (f->inventory == NULL)
        return nothing(f);
    int result = inventory_get_server(f->inventory, f->organisation, f->request->parameters[0],
                                      &f->arena, ret, f->error);
    return result == ERROR_NOT_FOUND ? nothing(f) : result;
}

static int find_server(struct finding *f)
{
    struct inventory_server server;
    struct inventory_rows rows;
    struct buffer *out = &f->request->out;
    int result = get_server(f, &server);
    if (result == 0)
        result = inventory_get_tools(f->inventory, &server, &f->arena, &rows, f->error);
    if (result != 0)
        return result;
    buffer_append_string(out, "{\"server\":");
    inventory_write_server(out, &server);
    buffer_append_string(out, ",\"tools\":[");
    for (size_t i = 0; i < rows.count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        inventory_write_row(out, &rows.items[i]);
    }
    buffer_append_string(out, "]}");
    return 0;
}

static const char *const shared_alone[] = {"shared", NULL};

int admin_find_catalogue_server(struct admin_request *request, struct error *error)
{
    return look(request, shared_alone, find_server, error);
}

static int find_tool(struct finding *f)
{
    struct inventory_server server;
    struct inventory_tool *tool = arena_take_zeroed(&f->arena, sizeof *tool);
    if (tool == NULL)
        return error_set(f->error, ERROR_NO_MEMORY, "out of memory");
    int result = get_server(f, &server);
    if (result != 0)
        return result;
    result = inventory_get_tool(f->inventory, &server, f->request->parameters[1], &f->arena, tool,
                                f->error);
    if (result == 0)
        inventory_write_tool(&f->request->out, tool);
    inventory_tool_release(tool);
    return result == ERROR_NOT_FOUND ? nothing(f) : result;
}

int admin_find_catalogue_tool(struct admin_request *request, struct error *error)
{
    return look(request, shared_alone, find_tool, error);
}

static int find_history(struct finding *f)
{
    struct inventory_server server;
    int64_t limit = PAST_STANDARD;
    int result = admin_query_number(f->request, "limit", 1, PAST_MOST, &limit, f->error);
    if (result == 0)
        result = get_server(f, &server);
    if (result == 0)
        result = inventory_write_history(f->inventory, &server, f->request->parameters[1],
                                         (size_t)limit, &f->arena, &f->request->out, f->error);
    return result == ERROR_NOT_FOUND ? nothing(f) : result;
}

int admin_find_catalogue_history(struct admin_request *request, struct error *error)
{
    static const char *const names[] = {"limit", "shared", NULL};
    return look(request, names, find_history, error);
}

// ---- A list that is given: as if the gateway had asked the server itself

static int text_member(struct admin_request *request, const char *name, bool needed,
                       struct slice *ret, struct error *error)
{
    uint32_t node = json_get(&request->doc, 0, name);
    *ret = slice_of("", 0);
    if (node == JSON_NONE && !needed)
        return 0;
    if (node == JSON_NONE || json_type(&request->doc, node) != JSON_STRING)
        return admin_fault(request, name, node, error, "must be a text");
    *ret = json_string(&request->doc, node, &request->arena);
    if (ret->data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    return ret->length > 0 && ret->length <= 1024
               ? 0
               : admin_fault(request, name, node, error, "must have 1 to 1024 bytes");
}

static int read_list(struct admin_request *request, struct inventory_list *ret, struct error *error)
{
    static const char *const names[] = {"server", "title", "tools", "complete", NULL};
    const struct json_doc *doc = &request->doc;
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE;
         key = json_next_key(doc, 0, key)) {
        size_t i = 0;
        while (names[i] != NULL && !json_string_equals(doc, key, slice_from_string(names[i])))
            i++;
        if (names[i] == NULL)
            return admin_fault(request, "", key, error,
                               "only server, title, tools and complete "
                               "may be given");
    }
    uint32_t tools = json_get(doc, 0, "tools"), complete = json_get(doc, 0, "complete");
    *ret = (struct inventory_list){.organisation = request->who.organisation,
                                   .source = SLICE_LITERAL("API"),
                                   .complete = true,
                                   .now_ms = request->now_ms};
    int result = text_member(request, "server", true, &ret->server, error);
    if (result == 0)
        result = text_member(request, "title", false, &ret->title, error);
    if (result != 0)
        return result;
    if (tools == JSON_NONE || json_type(doc, tools) != JSON_ARRAY)
        return admin_fault(request, "tools", tools, error, "must be an array of tools");
    ret->tools = json_raw(doc, tools);
    if (complete == JSON_NONE)
        return 0;
    ret->complete = json_type(doc, complete) == JSON_TRUE;
    return ret->complete || json_type(doc, complete) == JSON_FALSE
               ? 0
               : admin_fault(request, "complete", complete, error, "must be true or false");
}

static void write_taken(struct buffer *out, const struct inventory_server *server,
                        const struct inventory_taken *taken)
{
    buffer_append_string(out, "{\"server\":");
    inventory_write_server(out, server);
    buffer_append_format(out,
                         ",\"known\":%s,\"added\":%zu,\"changed\":%zu,\"removed\":%zu,"
                         "\"repeated\":%zu,\"unusable\":%zu}",
                         taken->known ? "true" : "false", taken->added, taken->changed,
                         taken->removed, taken->repeated, taken->unusable);
}

static int take(struct admin_request *request, struct inventory *inventory,
                const struct inventory_list *list, struct error *error)
{
    struct inventory_taken taken;
    struct inventory_server server;
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    int result = inventory_take(inventory, list, NULL, &taken, error);
    if (result == 0)
        result = inventory_get_server(inventory, list->organisation, list->server, &arena, &server,
                                      error);
    if (result == 0)
        write_taken(&request->out, &server, &taken);
    arena_release(&arena);
    return result;
}

int admin_take_tools(struct admin_request *request, struct error *error)
{
    struct inventory_list list;
    struct inventory *inventory = NULL;
    int result = admin_query_only(request, (const char *const[]){NULL}, error);
    if (result == 0)
        result = read_list(request, &list, error);
    if (result != 0)
        return result;
    // One that writes looks at the file anew each time: lists are given now and then.
    result = inventory_open(admin_shelf_folder(request->admin->shelf), true, &inventory, error);
    if (result == 0)
        result = take(request, inventory, &list, error);
    inventory_close(inventory);
    request->status = 200;
    return broken(request, result, error);
}
