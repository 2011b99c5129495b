// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two definitions, member by member. An array that differs is given whole:
// which element has become which other one is a guess.
#include "inventory/inventory_internal.h"

#include "base/table.h"

enum { PLACES_MAX = 200, PATH_MAX_BYTES = 64 * 1024, ARENA_MAX = 64 * 1024 * 1024 };

struct diffing {
    struct json_doc before, after;
    struct arena arena; // names
    struct buffer path;
    struct buffer *out;
    size_t count;
    bool more;
};

// A member's name as a part of a JSON pointer (RFC 6901): '~' is "~0", '/' is "~1".
static void push(struct diffing *d, struct slice name)
{
    buffer_append_string(&d->path, "/");
    for (size_t i = 0; i < name.length; i++)
        buffer_append(&d->path, name.data[i] == '~'   ? SLICE_LITERAL("~0")
                                : name.data[i] == '/' ? SLICE_LITERAL("~1")
                                                      : slice_of(name.data + i, 1));
}

static void pop(struct diffing *d, size_t length)
{
    d->path.length = length;
}

// JSON_NONE: the member is not there.
static void tell(struct diffing *d, uint32_t before, uint32_t after)
{
    if (d->count == PLACES_MAX || d->path.failed) {
        d->more = true;
        return;
    }
    buffer_append_string(d->out, d->count++ > 0 ? ",{" : "{");
    json_write_key(d->out, "path");
    json_write_string(d->out, buffer_slice(&d->path));
    if (before != JSON_NONE) {
        buffer_append_string(d->out, ",\"before\":");
        json_write_compact(d->out, &d->before, before);
    }
    if (after != JSON_NONE) {
        buffer_append_string(d->out, ",\"after\":");
        json_write_compact(d->out, &d->after, after);
    }
    buffer_append_string(d->out, "}");
}

static struct slice name_of(struct diffing *d, const struct json_doc *doc, uint32_t key)
{
    return json_string(doc, key, &d->arena);
}

// Names to key nodes, the node's number and one as the pointer.
static int learn_names(struct diffing *d, uint32_t object, struct table *names)
{
    for (uint32_t key = json_first_key(&d->after, object); key != JSON_NONE;
         key = json_next_key(&d->after, object, key)) {
        struct slice name = name_of(d, &d->after, key);
        if (name.data == NULL || table_put(names, name, (void *)(uintptr_t)(key + 1)) != 0)
            return ERROR_NO_MEMORY;
    }
    return 0;
}

static int compare(struct diffing *d, uint32_t before, uint32_t after);

static int compare_member(struct diffing *d, uint32_t key, struct table *names)
{
    struct slice name = name_of(d, &d->before, key);
    if (name.data == NULL)
        return ERROR_NO_MEMORY;
    uint32_t other = (uint32_t)(uintptr_t)table_remove(names, name);
    size_t length = d->path.length;
    int result = 0;
    push(d, name);
    if (other == 0)
        tell(d, key + 1, JSON_NONE);
    else
        result = compare(d, key + 1, other);
    pop(d, length);
    return result;
}

static int compare_objects(struct diffing *d, uint32_t before, uint32_t after)
{
    struct table names;
    table_init(&names);
    int result = learn_names(d, after, &names);
    for (uint32_t key = json_first_key(&d->before, before);
         key != JSON_NONE && !d->more && result == 0; key = json_next_key(&d->before, before, key))
        result = compare_member(d, key, &names);
    size_t length = d->path.length;
    for (uint32_t key = json_first_key(&d->after, after);
         key != JSON_NONE && !d->more && result == 0; key = json_next_key(&d->after, after, key)) {
        struct slice name = name_of(d, &d->after, key);
        if (name.data == NULL || table_get(&names, name) == NULL) {
            result = name.data == NULL ? ERROR_NO_MEMORY : 0;
            continue;
        }
        push(d, name);
        tell(d, JSON_NONE, key + 1);
        pop(d, length);
    }
    table_release(&names);
    return result;
}

// The depth is bounded by the scanner.
static int compare(struct diffing *d, uint32_t before, uint32_t after)
{
    if (d->more || json_equal(&d->before, before, &d->after, after))
        return 0;
    if (json_type(&d->before, before) == JSON_OBJECT && json_type(&d->after, after) == JSON_OBJECT)
        return compare_objects(d, before, after);
    tell(d, before, after);
    return 0;
}

static int scan(struct json_doc *doc, struct slice text, struct error *error)
{
    const struct json_limits limits = {.depth = JSON_DEPTH_MAX};
    return text.length == 0 ? 0 : json_scan(doc, text, &limits, error, NULL);
}

int inventory_diff(struct slice before, struct slice after, struct buffer *out, struct error *error)
{
    struct diffing d = {.out = out};
    arena_init(&d.arena, ARENA_MAX);
    json_doc_init(&d.before);
    json_doc_init(&d.after);
    buffer_init(&d.path, PATH_MAX_BYTES);
    int result = scan(&d.before, before, error);
    if (result == 0)
        result = scan(&d.after, after, error);
    if (result == 0) {
        buffer_append_string(out, "[");
        if (before.length > 0 && after.length > 0)
            result = compare(&d, 0, 0);
        else if (before.length + after.length > 0)
            tell(&d, before.length > 0 ? 0 : JSON_NONE, after.length > 0 ? 0 : JSON_NONE);
        buffer_append_string(out, d.more ? (d.count > 0 ? ",{\"more\":true}]" : "{\"more\":true}]")
                                         : "]");
        if (result != 0 || out->failed)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    buffer_release(&d.path);
    arena_release(&d.arena);
    json_doc_release(&d.before);
    json_doc_release(&d.after);
    return result;
}
