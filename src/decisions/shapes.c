// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"
#include "decisions/decisions_internal.h"

struct grant_count {
    uint32_t shapes;
    struct slice key; // behind this
};

void shapes_init(struct shapes *shapes)
{
    table_init(&shapes->known);
    table_init(&shapes->grants);
    shapes->count = 0;
}

static void free_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    memory_free(value);
}

void shapes_release(struct shapes *shapes)
{
    table_each(&shapes->known, free_cb, NULL);
    table_each(&shapes->grants, free_cb, NULL);
    table_release(&shapes->known);
    table_release(&shapes->grants);
}

// ---- Keys

void shape_write_reason(struct buffer *out, struct slice reason)
{
    bool in_number = false;
    for (size_t i = 0; i < reason.length; i++) {
        bool digit = reason.data[i] >= '0' && reason.data[i] <= '9';
        if (!digit || !in_number)
            buffer_append(out, digit ? SLICE_LITERAL("0") : slice_of(reason.data + i, 1));
        in_number = digit;
    }
}

bool shape_knows(size_t text, enum loose loose)
{
    switch (loose) {
    case LOOSE_NOT: return true;
    case LOOSE_SUBJECT:
        return text != DECISIONS_SUBJECT && text != DECISIONS_RULE && text != DECISIONS_REASON;
    case LOOSE_MOST: return text == DECISIONS_ORGANISATION || text == DECISIONS_OUTCOME;
    default: return false;
    }
}

void shape_key(struct buffer *out, const struct decisions_row *row, enum loose loose)
{
    for (size_t i = 0; i < SHAPE_TEXTS; i++) {
        if (i > 0)
            buffer_append_string(out, "\n");
        if (!shape_knows(i, loose))
            continue;
        if (i == DECISIONS_REASON)
            shape_write_reason(out, row->texts[i]);
        else
            buffer_append(out, row->texts[i]);
    }
    // Loose ones never look like exact ones.
    if (loose != LOOSE_NOT)
        buffer_append_format(out, "\n%d", (int)loose);
}

bool shape_parse(struct slice key, struct slice ret[SHAPE_TEXTS])
{
    const char *at = key.data, *end = key.data + key.length;
    for (size_t i = 0; i < SHAPE_TEXTS; i++) {
        const char *feed = at > end ? NULL : memchr(at, '\n', (size_t)(end - at));
        if (at > end || (feed == NULL && i + 1 < SHAPE_TEXTS))
            return false;
        const char *stop = feed == NULL ? end : feed;
        ret[i] = slice_of(at, (size_t)(stop - at));
        at = stop + 1;
    }
    return true;
}

// ---- Finding

static int put_shape(struct shapes *shapes, uint32_t id, struct slice key)
{
    struct shape *shape = memory_try_new(sizeof *shape + key.length);
    if (shape == NULL)
        return ERROR_NO_MEMORY;
    memcpy(shape + 1, key.data, key.length);
    *shape = (struct shape){.id = id, .key = slice_of((const char *)(shape + 1), key.length)};
    if (table_put(&shapes->known, shape->key, shape) != 0) {
        memory_free(shape);
        return ERROR_NO_MEMORY;
    }
    if (id > shapes->count)
        shapes->count = id;
    return 0;
}

// Organisation and grant stand first.
static struct slice grant_of(struct slice key)
{
    const char *feed = memchr(key.data, '\n', key.length);
    const char *second =
        feed == NULL ? NULL : memchr(feed + 1, '\n', key.length - (size_t)(feed + 1 - key.data));
    return slice_of(key.data, second == NULL ? key.length : (size_t)(second - key.data));
}

static int count_grant(struct shapes *shapes, struct slice key)
{
    struct slice grant = grant_of(key);
    struct grant_count *count = table_get(&shapes->grants, grant);
    if (count != NULL) {
        count->shapes++;
        return 0;
    }
    count = memory_try_new(sizeof *count + grant.length);
    if (count == NULL)
        return ERROR_NO_MEMORY;
    memcpy(count + 1, grant.data, grant.length);
    *count = (struct grant_count){1, slice_of((const char *)(count + 1), grant.length)};
    int result = table_put(&shapes->grants, count->key, count);
    if (result != 0)
        memory_free(count);
    return result;
}

static bool has_room(const struct shapes *shapes, struct slice key, enum loose loose)
{
    const struct grant_count *grant;
    switch (loose) {
    case LOOSE_NOT:
        grant = table_get(&shapes->grants, grant_of(key));
        return shapes->count < SHAPES_EXACT_MAX &&
               (grant == NULL || grant->shapes < SHAPES_OF_GRANT_MAX);
    case LOOSE_SUBJECT: return shapes->count < SHAPES_SUBJECT_MAX;
    case LOOSE_MOST: return shapes->count < SHAPES_MOST_MAX;
    default: return true; // there is one
    }
}

int shapes_find(struct shapes *shapes, const struct decisions_row *row, struct buffer *scratch,
                struct shape_found *ret)
{
    for (int loose = LOOSE_NOT; loose <= LOOSE_EVERYTHING; loose++) {
        buffer_clear(scratch);
        shape_key(scratch, row, (enum loose)loose);
        if (scratch->failed)
            return ERROR_NO_MEMORY;
        struct slice key = buffer_slice(scratch);
        const struct shape *known = table_get(&shapes->known, key);
        if (known != NULL) {
            *ret = (struct shape_found){.id = known->id};
            return 0;
        }
        if (!has_room(shapes, key, (enum loose)loose))
            continue;
        *ret = (struct shape_found){
            .id = shapes->count + 1, .fresh = true, .loose = (enum loose)loose, .key = key};
        if (loose != LOOSE_EVERYTHING)
            ret->organisation = row->texts[DECISIONS_ORGANISATION];
        int result = loose == LOOSE_NOT ? count_grant(shapes, key) : 0;
        return result == 0 ? put_shape(shapes, ret->id, key) : result;
    }
    return ERROR_INTERNAL;
}

int shapes_learn(struct shapes *shapes, const struct store_shape *shape)
{
    if (shape->id < 1 || shape->id > SHAPES_MAX)
        return ERROR_PROTOCOL;
    int result = shape->loose == LOOSE_NOT ? count_grant(shapes, shape->texts) : 0;
    return result == 0 ? put_shape(shapes, (uint32_t)shape->id, shape->texts) : result;
}
