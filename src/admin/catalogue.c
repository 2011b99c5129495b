// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The catalogue over the API: sums, servers, tools, history, searches.
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

int admin_catalogue_broken(struct admin_request *request, int result, struct error *error)
{
    if (result != ERROR_CONFIG && result != ERROR_IO)
        return result;
    log_event(LOG_WARNING, "admin", "%s", error->text);
    return admin_refuse(request, 503, "unavailable", ERROR_IO, error,
                        "the catalogue cannot be used now; the gateway's log says why");
}

static int read_flag(struct finding *f, const char *name, bool *ret)
{
    struct slice text;
    int result = admin_query(f->request, name, &text, f->error);
    *ret = result == 0 && slice_equal_string(text, "true");
    if (result != 0 || *ret || text.data == NULL || slice_equal_string(text, "false"))
        return result;
    return admin_fault(f->request, name, JSON_NONE, f->error, "must be true or false");
}

static int read_shared(struct finding *f)
{
    bool shared = false;
    int result = read_flag(f, "shared", &shared);
    if (shared)
        f->organisation = slice_of("", 0);
    return result;
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
        return admin_catalogue_broken(request, result, error);
    arena_init(&f.arena, ARENA_MAX);
    result = find(&f);
    bool usable = result != ERROR_CONFIG && result != ERROR_IO && result != ERROR_NO_MEMORY;
    admin_shelf_return(request->admin->shelf, f.inventory, usable);
    arena_release(&f.arena);
    request->status = 200;
    return admin_catalogue_broken(request, result, error);
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
    if (result == 0)
        result = read_flag(f, "own", &filter.own);
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
                                        "after", "shared",   "own",      NULL};
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
