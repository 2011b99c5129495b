// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between the arguments of two calls, value by value.
#include "admin/question_internal.h"

#include "base/table.h"

enum {
    DIFFERENCES_MAX = 100,
    VALUE_MAX = 1000,
    LEAVES_MAX = 20000,
    DIFF_MEMORY = 16 * 1024 * 1024
};

struct before { // a value of the former call
    struct slice path, value;
    bool seen;
    struct before *next; // in their order
};
struct comparing {
    struct arena *arena;
    struct table table; // path -> struct before
    struct before *first, **last;
    const struct json_doc *doc;
    struct buffer *out;
    size_t leaves, written;
};

static int add_before(void *argument, struct slice path, uint32_t node)
{
    struct comparing *c = argument;
    struct before *before = arena_take_zeroed(c->arena, sizeof *before);
    if (before == NULL || c->leaves++ >= LEAVES_MAX)
        return ERROR_TOO_LARGE;
    before->path = arena_copy(c->arena, path);
    before->value = json_raw(c->doc, node);
    if (before->path.data == NULL)
        return ERROR_TOO_LARGE;
    *c->last = before;
    c->last = &before->next;
    return table_put(&c->table, before->path, before);
}

static void write_value(struct buffer *out, const char *name, struct slice value)
{
    if (value.data == NULL)
        return;
    bool fits = value.length <= VALUE_MAX;
    buffer_append_format(out, ",\"%s\":", name);
    buffer_append(out, fits ? value : SLICE_LITERAL("null"));
    if (!fits)
        buffer_append_format(out, ",\"%s_bytes\":%zu", name, value.length);
}

// Values are canonical: equal ones are equal bytes.
static int write_difference(struct comparing *c, struct slice path, struct slice before,
                            struct slice now)
{
    if (c->written++ >= DIFFERENCES_MAX)
        return 0;
    buffer_append_string(c->out, c->written == 1 ? "{\"path\":" : ",{\"path\":");
    json_write_string(c->out, path);
    write_value(c->out, "before", before);
    write_value(c->out, "now", now);
    buffer_append_string(c->out, "}");
    return c->out->failed ? ERROR_NO_MEMORY : 0;
}

static int compare_now(void *argument, struct slice path, uint32_t node)
{
    struct comparing *c = argument;
    struct before *before = table_get(&c->table, path);
    struct slice now = json_raw(c->doc, node);
    if (c->leaves++ >= 2 * LEAVES_MAX)
        return ERROR_TOO_LARGE;
    if (before == NULL)
        return write_difference(c, path, (struct slice){0}, now);
    before->seen = true;
    return slice_equal(before->value, now) ? 0 : write_difference(c, path, before->value, now);
}

static int compare(struct comparing *c, const struct json_doc *before, const struct json_doc *now)
{
    c->doc = before;
    int result = json_each_leaf(before, 0, "args", add_before, c);
    c->doc = now;
    if (result == 0)
        result = json_each_leaf(now, 0, "args", compare_now, c);
    for (const struct before *at = c->first; at != NULL && result == 0; at = at->next)
        if (!at->seen)
            result = write_difference(c, at->path, at->value, (struct slice){0});
    return result;
}

void admin_write_differences(struct buffer *out, struct slice before, struct slice now)
{
    struct json_doc old, new;
    struct arena arena;
    size_t start = out->length;
    arena_init(&arena, DIFF_MEMORY);
    json_doc_init(&old);
    json_doc_init(&new);
    struct comparing c = {.arena = &arena, .out = out};
    c.last = &c.first;
    table_init(&c.table);
    buffer_append_string(out, ",\"differences\":[");
    bool good = json_scan(&old, before, NULL, NULL, NULL) == 0 &&
                json_scan(&new, now, NULL, NULL, NULL) == 0 && compare(&c, &old, &new) == 0;
    if (good) {
        buffer_append_format(out, "],\"more_differences\":%zu",
                             c.written > DIFFERENCES_MAX ? c.written - DIFFERENCES_MAX : 0);
    } else if (!out->failed) {
        out->length = start;
        buffer_append_string(out, ",\"differences\":null,\"more_differences\":0");
    }
    table_release(&c.table);
    json_doc_release(&old);
    json_doc_release(&new);
    arena_release(&arena);
}
