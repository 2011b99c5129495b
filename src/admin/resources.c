// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The steps that records of every kind have: list, show, add, edit, remove. What is special about a
// kind is in its struct admin_resource.
#include "admin/admin_internal.h"

enum { PAGE_STANDARD = 100, PAGE_MOST = 1000 };

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Answers

static int write_record(struct admin_request *request, struct store_view *view,
                        const struct store_head *record, struct error *error)
{
    static const struct admin_field head[] = {
        {"id", offsetof(struct store_head, id), NULL, FIELD_TEXT, FIELD_SHOWN},
        {"version", offsetof(struct store_head, version), NULL, FIELD_NUMBER, FIELD_SHOWN},
        {"created_at", offsetof(struct store_head, created_ms), NULL, FIELD_TIME, FIELD_SHOWN},
        {"changed_at", offsetof(struct store_head, changed_ms), NULL, FIELD_TIME, FIELD_SHOWN},
    };
    const struct admin_resource *resource = request->route->resource;
    struct buffer *out = &request->out;
    size_t before = out->length;
    admin_write_fields(out, head, sizeof head / sizeof *head, record);
    if (!out->failed)
        out->data[out->start + before] = '{'; // in place of the first comma
    admin_write_fields(out, resource->fields, resource->count, record);
    int result = resource->more == NULL ? 0 : resource->more(request, view, record, error);
    buffer_append_string(out, "}");
    return result;
}

int admin_answer(struct admin_request *request, struct store_view *view, int status,
                 const struct store_head *record, struct error *error)
{
    request->status = status;
    request->etag = record->version;
    return write_record(request, view, record, error);
}

int admin_check_version(const struct admin_request *request, const struct store_head *record,
                        const char *what, struct error *error)
{
    return request->version == 0 || request->version == record->version
               ? 0
               : error_set(error, ERROR_CONFLICT, "the %s was changed meanwhile", what);
}

int admin_answer_added(struct admin_request *request, struct store_view *view,
                       const struct store_head *record, struct error *error)
{
    request->location = arena_format(&request->arena, "%.*s/%.*s", SLICE_PRINT(request->path),
                                     SLICE_PRINT(record->id));
    return admin_answer(request, view, 201, record, error);
}

// ---- Reading

static struct slice last_parameter(const struct admin_request *request)
{
    if (request->parameters[1].length > 0)
        return request->parameters[1];
    return request->parameters[0].length > 0 ? request->parameters[0] : request->who.organisation;
}

int admin_get(struct admin_request *request, struct store_view *view, struct store_head *ret,
              struct error *error)
{
    const struct admin_resource *resource = request->route->resource;
    int result = store_get(view, resource->kind, request->who.organisation, last_parameter(request),
                           ret, error);
    if (result != 0 || resource->parent_offset == 0)
        return result;
    const struct slice *parent =
        (const struct slice *)(const void *)((const char *)ret + resource->parent_offset);
    return slice_equal(*parent, request->parameters[0])
               ? 0
               : error_set(error, ERROR_NOT_FOUND, "there is nothing like that there");
}

int admin_show(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_head *record =
        arena_take_zeroed(store_arena(view), request->route->resource->size);
    if (record == NULL)
        return no_memory(error);
    int result = admin_get(request, view, record, error);
    return result == 0 ? admin_answer(request, view, 200, record, error) : result;
}

struct listing {
    struct store_page page;
    struct slice parent, wanted;
    const void *items;
    size_t count;
    bool more;
};

static int read_query(struct admin_request *request, struct listing *listing, struct error *error)
{
    const struct admin_resource *resource = request->route->resource;
    const char *const names[] = {"after", "limit",
                                 resource->find_by != NULL ? resource->find_by : "limit",
                                 resource->narrow_by != NULL ? resource->narrow_by : "limit", NULL};
    int64_t limit = PAGE_STANDARD;
    int result = admin_query_only(request, names, error);
    if (result == 0)
        result = admin_query(request, "after", &listing->page.after, error);
    if (result == 0)
        result = admin_query_number(request, "limit", 1, PAGE_MOST, &limit, error);
    if (result == 0 && resource->find_by != NULL)
        result = admin_query(request, resource->find_by, &listing->wanted, error);
    if (result == 0 && resource->narrow_by != NULL)
        result = admin_query(request, resource->narrow_by, &listing->parent, error);
    listing->page.limit = (size_t)limit;
    listing->page.newest_first = resource->newest_first;
    return result;
}

static int find_items(struct admin_request *request, struct store_view *view,
                      struct listing *listing, struct error *error)
{
    const struct admin_resource *resource = request->route->resource;
    struct slice organisation = request->who.organisation;
    if (listing->wanted.data == NULL)
        return store_list(view, resource->kind, organisation, listing->parent, &listing->page,
                          &listing->items, &listing->count, &listing->more, error);
    struct store_head *record = arena_take_zeroed(store_arena(view), resource->size);
    if (record == NULL)
        return no_memory(error);
    int result = store_find(view, resource->kind, organisation, resource->find_by, listing->wanted,
                            record, error);
    listing->items = record;
    listing->count = result == 0;
    return result == ERROR_NOT_FOUND ? 0 : result;
}

static int find_parent(struct admin_request *request, struct store_view *view,
                       struct listing *listing, struct error *error)
{
    union {
        struct store_head head;
        struct store_server server;
        struct store_policy policy;
    } parent = {.head = {.version = 0}};
    if (request->route->resource->parent_offset == 0)
        return 0;
    listing->parent = request->parameters[0];
    if (request->route->declared)
        return admin_find_server(request, view, error);
    return store_get(view, request->route->resource->parent, request->who.organisation,
                     listing->parent, &parent.head, error);
}

int admin_list(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct listing listing = {.more = false};
    struct buffer *out = &request->out;
    int result = read_query(request, &listing, error);
    if (result == 0)
        result = find_parent(request, view, &listing, error);
    if (result == 0)
        result = find_items(request, view, &listing, error);
    buffer_append_string(out, "{\"items\":[");
    const struct store_head *record = NULL;
    for (size_t i = 0; i < listing.count && result == 0; i++) {
        record = (const struct store_head *)(const void *)((const char *)listing.items +
                                                           i * request->route->resource->size);
        buffer_append_string(out, i == 0 ? "" : ",");
        result = write_record(request, view, record, error);
    }
    buffer_append_string(out, "],\"next\":");
    if (listing.more && record != NULL)
        json_write_string(out, record->id);
    else
        buffer_append_string(out, "null");
    buffer_append_string(out, "}");
    request->status = 200;
    return result;
}

int admin_refer(struct admin_request *request, struct store_view *view, enum store_kind kind,
                const char *field, uint32_t node, struct store_head *ret, struct error *error)
{
    if (json_type(&request->doc, node) != JSON_STRING)
        return admin_fault(request, field, node, error, "must be an id or a name");
    struct slice text = json_string(&request->doc, node, &request->arena);
    int result = store_get(view, kind, request->who.organisation, text, ret, error);
    if (result == ERROR_NOT_FOUND)
        result = store_find(view, kind, request->who.organisation,
                            kind == STORE_GRANT ? "label" : "name", text, ret, error);
    if (result == ERROR_NOT_FOUND)
        return admin_fault(request, field, node, error, "names nothing that is there");
    return result;
}

// ---- Changing

static int read_body(struct admin_request *request, bool adding, struct store_head *record,
                     struct error *error)
{
    const struct admin_resource *resource = request->route->resource;
    return admin_read_fields(request, 0, resource->fields, resource->count, adding, record, error);
}

int admin_add(struct admin_request *request, struct store_view *view, struct error *error)
{
    const struct admin_resource *resource = request->route->resource;
    struct store_head *record = arena_take_zeroed(store_arena(view), resource->size);
    if (record == NULL)
        return no_memory(error);
    int result = read_body(request, true, record, error);
    record->organisation = request->who.organisation;
    if (result == 0 && resource->check != NULL)
        result = resource->check(request, view, NULL, record, error);
    if (result == 0)
        result = store_add(view, resource->kind, record, error);
    return result == 0 ? admin_answer_added(request, view, record, error) : result;
}

int admin_edit(struct admin_request *request, struct store_view *view, struct error *error)
{
    const struct admin_resource *resource = request->route->resource;
    struct store_head *before = arena_take_zeroed(store_arena(view), resource->size);
    struct store_head *record = arena_take_zeroed(store_arena(view), resource->size);
    if (before == NULL || record == NULL)
        return no_memory(error);
    int result = admin_get(request, view, before, error);
    if (result == 0 && request->version != 0 && request->version != before->version)
        return error_set(error, ERROR_CONFLICT, "this was changed meanwhile");
    memcpy(record, before, resource->size);
    if (result == 0)
        result = read_body(request, false, record, error);
    if (result == 0 && resource->check != NULL)
        result = resource->check(request, view, before, record, error);
    if (result == 0)
        result = store_change(view, resource->kind, record, error);
    return result == 0 ? admin_answer(request, view, 200, record, error) : result;
}

int admin_remove(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_head *record =
        arena_take_zeroed(store_arena(view), request->route->resource->size);
    if (record == NULL)
        return no_memory(error);
    int result = admin_get(request, view, record, error);
    request->status = 204;
    return result == 0 ? store_remove(view, request->route->resource->kind, record->organisation,
                                      record->id, request->version, error)
                       : result;
}
