// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From an address below /catalogue to its page.
#include "admin/catalogue_internal.h"

enum { ROWS_PAGE = 50, EVENTS = 30, EVENTS_OF_TOOL = 5 };
enum { LOOK_MEMORY = 64 * 1024 * 1024, TEXT_MAX = 200 };

// ---- The address

static bool next_part(struct admin_request *request, struct slice *path, struct slice *ret)
{
    const char *end = path->length == 0 ? NULL : memchr(path->data, '/', path->length);
    size_t length = end == NULL ? path->length : (size_t)(end - path->data);
    struct slice part = slice_of(path->data, length);
    *ret = part.length == 0 ? part : admin_decode(request, part);
    size_t used = end == NULL ? length : length + 1;
    *path = slice_of(path->data + used, path->length - used);
    return ret->data != NULL;
}

static int severity_of(struct slice word)
{
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL; i++)
        if (slice_equal_string(word, catalogue_severity_name((enum catalogue_severity)i)))
            return i;
    return -1;
}

static int category_of(struct slice word)
{
    for (int i = CATALOGUE_READ; i <= CATALOGUE_UNKNOWN; i++)
        if (slice_equal_ignoring_case(
                word, slice_from_string(catalogue_category_name((enum catalogue_category)i))))
            return i;
    return -1;
}

static enum admin_look_kind kind_of(struct admin_look *look, size_t parts)
{
    struct slice first = look->first;
    if (parts == 0)
        return LOOK_LIST;
    if (slice_equal_string(first, "-")) {
        look->file = pages_find_file(look->second);
        return parts == 2 && look->file.type != NULL ? LOOK_FILE : LOOK_NOTHING;
    }
    if (slice_equal_string(first, "attacks"))
        return parts == 1 ? LOOK_ATTACKS : LOOK_ATTACK;
    if (slice_equal_string(first, "stack"))
        return parts == 1 ? LOOK_STACK : LOOK_NOTHING;
    if (slice_equal_string(first, "risk"))
        return parts == 2 && severity_of(look->second) >= 0 ? LOOK_SEVERITY : LOOK_NOTHING;
    return parts == 1 ? LOOK_SERVER : LOOK_TOOL;
}

bool admin_look_read(struct admin_request *request, struct admin_look *ret)
{
    static const struct slice top = {"/catalogue", 10};
    struct slice rest = request->path;
    size_t parts = 0;
    ret->kind = slice_equal_string(rest, "/llms.txt")      ? LOOK_LLMS
                : slice_equal_string(rest, "/sitemap.xml") ? LOOK_MAP
                : slice_equal_string(rest, "/robots.txt")  ? LOOK_ROBOTS
                                                           : LOOK_NOTHING;
    if (ret->kind != LOOK_NOTHING)
        return true;
    rest = slice_of(rest.data + top.length, rest.length - top.length);
    if (rest.length > 0)
        rest = slice_of(rest.data + 1, rest.length - 1);
    for (; rest.length > 0 && parts < 3; parts++) {
        struct slice part = {0};
        if (!next_part(request, &rest, &part))
            return false;
        if (parts == 0)
            ret->first = part;
        else
            ret->second = part;
    }
    ret->kind =
        parts > 2 || (parts > 0 && ret->first.length == 0) ? LOOK_NOTHING : kind_of(ret, parts);
    return true;
}

// ---- The pages. `inventory` is NULL where there is no catalogue yet.

static const struct admin_look *look_of(const struct admin_request *request)
{
    return request->look;
}

static int nothing(struct error *error)
{
    return error_set(error, ERROR_NOT_FOUND, "the catalogue has no page at this address");
}

static int count(struct admin_request *request, struct inventory *inventory,
                 struct inventory_counts *ret, struct error *error)
{
    *ret = (struct inventory_counts){0};
    return inventory == NULL ? 0
                             : inventory_count(inventory, request->who.organisation, ret, error);
}

static struct slice query_word(struct admin_request *request, const char *name)
{
    struct slice value = {0};
    struct error error = {0};
    if (admin_query(request, name, &value, &error) != 0 || value.data == NULL ||
        value.length > TEXT_MAX || !json_is_utf8(value))
        return (struct slice){"", 0};
    return slice_trim(value);
}

static void read_filter(struct admin_request *request, struct pages_list_known *known,
                        struct inventory_filter *filter)
{
    filter->organisation = request->who.organisation;
    filter->text = query_word(request, "q");
    filter->server = query_word(request, "server");
    filter->after = query_word(request, "after");
    filter->limit = ROWS_PAGE;
    known->category = category_of(query_word(request, "category"));
    known->severity = severity_of(query_word(request, "severity"));
    if (known->category >= 0)
        filter->categories = 1U << known->category;
    if (known->severity >= 0) {
        unsigned bits = inventory_categories_of((enum catalogue_severity)known->severity);
        filter->categories = filter->categories == 0 ? bits : filter->categories & bits;
        // Nothing is of both: asked for as what nothing is of.
        if (filter->categories == 0)
            filter->categories = 1U << 31;
    }
    known->asked = filter->text.length > 0 || filter->server.length > 0 || known->category >= 0 ||
                   known->severity >= 0;
}

// A server of exactly this name, beside tools that have the word.
static int find_named(struct admin_request *request, struct inventory *inventory,
                      const struct inventory_filter *filter, struct pages_list_known *known,
                      struct error *error)
{
    struct inventory_server *server = arena_take_zeroed(&request->arena, sizeof *server);
    if (server == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = inventory_get_server(inventory, filter->organisation, filter->text,
                                      &request->arena, server, error);
    if (result == 0) {
        known->servers.items = server;
        known->servers.count = 1;
    }
    return result == ERROR_NOT_FOUND ? 0 : result;
}

static int find_list(struct admin_request *request, struct inventory *inventory,
                     const struct inventory_filter *filter, struct pages_list_known *known,
                     struct error *error)
{
    if (inventory == NULL)
        return 0;
    if (!known->asked)
        return inventory_find_servers(inventory, filter, &request->arena, &known->servers, error);
    int result = inventory_search(inventory, filter, &request->arena, &known->found, error);
    if (result != 0 || filter->text.length == 0 || filter->server.length > 0 ||
        filter->after.length > 0)
        return result;
    return find_named(request, inventory, filter, known, error);
}

static int write_list(struct admin_request *request, struct inventory *inventory,
                      struct error *error)
{
    struct inventory_counts counts;
    struct inventory_filter filter = {0};
    struct pages_list_known known = {.counts = &counts, .filter = &filter};
    bool part = slice_equal_string(query_word(request, "part"), "results");
    read_filter(request, &known, &filter);
    int result = count(request, inventory, &counts, error);
    if (result == 0)
        result = find_list(request, inventory, &filter, &known, error);
    if (result == ERROR_RANGE) // the page that it names is none
        return nothing(error);
    if (result != 0)
        return result;
    (part ? pages_write_list_part : pages_write_list)(&request->out, &request->arena,
                                                      &look_of(request)->site, &known);
    return 0;
}

static int write_severity(struct admin_request *request, struct inventory *inventory,
                          struct error *error)
{
    struct inventory_counts counts;
    enum catalogue_severity severity =
        (enum catalogue_severity)severity_of(look_of(request)->second);
    struct inventory_filter filter = {.organisation = request->who.organisation,
                                      .categories = inventory_categories_of(severity),
                                      .after = query_word(request, "after"),
                                      .limit = ROWS_PAGE};
    struct pages_list_known known = {
        .counts = &counts, .filter = &filter, .asked = true, .category = -1, .severity = -1};
    int result = count(request, inventory, &counts, error);
    if (result == 0)
        result = find_list(request, inventory, &filter, &known, error);
    if (result == ERROR_RANGE)
        return nothing(error);
    if (result == 0)
        pages_write_severity(&request->out, &request->arena, &look_of(request)->site, severity,
                             &known);
    return result;
}

static int write_server(struct admin_request *request, struct inventory *inventory,
                        struct error *error)
{
    struct arena *arena = &request->arena;
    struct inventory_server server;
    struct pages_server_known known = {.server = &server};
    struct buffer tools;
    if (inventory == NULL)
        return nothing(error);
    int result = inventory_get_server(inventory, request->who.organisation, look_of(request)->first,
                                      arena, &server, error);
    if (result != 0)
        return result == ERROR_NOT_FOUND ? nothing(error) : result;
    buffer_init(&tools, LOOK_MEMORY);
    result = inventory_get_tools(inventory, &server, arena, &known.rows, error);
    if (result == 0)
        result = inventory_history(inventory, &server, (struct slice){"", 0}, EVENTS, arena,
                                   &known.past, error);
    if (result == 0)
        result = inventory_write_tools(inventory, &server, &tools, error);
    known.tools = buffer_slice(&tools);
    if (result == 0)
        pages_write_server(&request->out, arena, &look_of(request)->site, &known);
    buffer_release(&tools);
    return result;
}

static int write_tool_of(struct admin_request *request, struct inventory *inventory,
                         const struct inventory_server *server, struct inventory_tool *tool,
                         struct error *error)
{
    struct arena *arena = &request->arena;
    struct pages_tool_known known = {.server = server, .tool = tool};
    int result =
        inventory_get_tool(inventory, server, look_of(request)->second, arena, tool, error);
    if (result == 0)
        result = inventory_get_tools(inventory, server, arena, &known.siblings, error);
    if (result == 0 && tool->changes > 0)
        result = inventory_history(inventory, server, tool->row.name, EVENTS_OF_TOOL, arena,
                                   &known.past, error);
    if (result == 0)
        pages_write_tool(&request->out, arena, &look_of(request)->site, &known);
    return result;
}

static int write_tool(struct admin_request *request, struct inventory *inventory,
                      struct error *error)
{
    struct inventory_server server;
    struct inventory_tool tool = {.changes = 0};
    if (inventory == NULL)
        return nothing(error);
    int result = inventory_get_server(inventory, request->who.organisation, look_of(request)->first,
                                      &request->arena, &server, error);
    if (result == 0)
        result = write_tool_of(request, inventory, &server, &tool, error);
    inventory_tool_release(&tool);
    return result == ERROR_NOT_FOUND ? nothing(error) : result;
}

static int write_attack(struct admin_request *request, struct error *error)
{
    const struct catalogue_attack *attack = catalogue_find_attack(look_of(request)->second);
    if (attack == NULL)
        return nothing(error);
    pages_write_attack(&request->out, &request->arena, &look_of(request)->site, attack);
    return 0;
}

static int write_kind(struct admin_request *request, struct inventory *inventory,
                      struct error *error)
{
    switch (look_of(request)->kind) {
    case LOOK_LIST: return write_list(request, inventory, error);
    case LOOK_SERVER: return write_server(request, inventory, error);
    case LOOK_TOOL: return write_tool(request, inventory, error);
    case LOOK_SEVERITY: return write_severity(request, inventory, error);
    case LOOK_ATTACKS:
        pages_write_attacks(&request->out, &request->arena, &look_of(request)->site);
        return 0;
    case LOOK_ATTACK: return write_attack(request, error);
    case LOOK_LLMS: return admin_look_write_llms(request, inventory, error);
    case LOOK_MAP: return admin_look_write_map(request, inventory, error);
    default: return nothing(error);
    }
}

int admin_look_write(struct admin_request *request, struct error *error)
{
    struct inventory *inventory = NULL;
    request->arena.cap += LOOK_MEMORY;
    request->look->site.account = request->who.label;
    request->status = 200;
    if (request->look->kind == LOOK_STACK)
        return admin_stack_page(request, error);
    int result = admin_shelf_borrow(request->admin->shelf, &inventory, error);
    if (result == 0 || result == ERROR_NOT_FOUND)
        result = write_kind(request, inventory, error);
    if (inventory != NULL)
        admin_shelf_return(request->admin->shelf, inventory,
                           result == 0 || result == ERROR_NOT_FOUND);
    return result;
}
