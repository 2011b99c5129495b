// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Mutates a recorded session by its structure: messages are dropped, repeated, swapped, turned
// round and put into batches; members are retyped, repeated under another spelling, moved from
// message to message; ids are exchanged. Now and then plain bytes change.
#include "json/json.h"
#include "mutate.h"

#include <stdlib.h>

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
                                 size_t two_size, uint8_t *out, size_t max, unsigned seed);

enum { LINES_MAX = 64 };

struct session {
    struct slice lines[LINES_MAX]; // without line ends
    size_t count;
    uint64_t state;
    struct buffer out;
};

static size_t below(struct session *s, size_t bound)
{
    return mutate_below(&s->state, bound);
}

static void split(struct session *s, struct slice text)
{
    s->count = 0;
    while (text.length > 0 && s->count < LINES_MAX) {
        const char *lf = memchr(text.data, '\n', text.length);
        size_t length = lf == NULL ? text.length : (size_t)(lf - text.data);
        if (length > 1)
            s->lines[s->count++] = slice_of(text.data, length);
        length += lf != NULL;
        text = slice_of(text.data + length, text.length - length);
    }
}

static void put(struct session *s, struct slice text)
{
    (void)buffer_append(&s->out, text);
}

static void put_lines(struct session *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        put(s, s->lines[i]);
        put(s, SLICE_LITERAL("\n"));
    }
}

// The session with `length` bytes of one message (behind the direction mark) replaced.
static void splice(struct session *s, size_t line, size_t start, size_t length, struct slice with)
{
    struct slice text = s->lines[line];
    put_lines(s, 0, line);
    put(s, slice_of(text.data, 1 + start));
    put(s, with);
    put(s, slice_of(text.data + 1 + start + length, text.length - 1 - start - length));
    put(s, SLICE_LITERAL("\n"));
    put_lines(s, line + 1, s->count);
}

// ---- Whole messages

static void change_order(struct session *s)
{
    size_t a = below(s, s->count), b = below(s, s->count);
    struct slice first = s->lines[a];
    s->lines[a] = s->lines[b];
    s->lines[b] = first;
    put_lines(s, 0, s->count);
}

static void drop_or_repeat(struct session *s)
{
    size_t a = below(s, s->count), b = below(s, s->count);
    put_lines(s, 0, a);
    if (below(s, 2) == 0)
        put_lines(s, b, b + 1);
    put_lines(s, a + (below(s, 2) == 0), s->count);
}

static void turn_round(struct session *s)
{
    size_t a = below(s, s->count);
    put_lines(s, 0, a);
    put(s, s->lines[a].data[0] == '>' ? SLICE_LITERAL("<") : SLICE_LITERAL(">"));
    put(s, slice_of(s->lines[a].data + 1, s->lines[a].length - 1));
    put(s, SLICE_LITERAL("\n"));
    put_lines(s, a + 1, s->count);
}

static void make_batch(struct session *s)
{
    size_t a = below(s, s->count), b = below(s, s->count);
    put_lines(s, 0, a);
    put(s, slice_of(s->lines[a].data, 1));
    put(s, SLICE_LITERAL("["));
    put(s, slice_of(s->lines[a].data + 1, s->lines[a].length - 1));
    put(s, SLICE_LITERAL(","));
    put(s, slice_of(s->lines[b].data + 1, s->lines[b].length - 1));
    put(s, SLICE_LITERAL("]\n"));
    put_lines(s, a + 1, s->count);
}

// ---- Inside a message

static const char *const values[] = {
    "null",
    "true",
    "0",
    "-1",
    "1",
    "1.5",
    "1e0",
    "9007199254740993",
    "\"\"",
    "\"2.0\"",
    "\"tools/call\"",
    "\"tools\\/call\"",
    "\"tools/list\"",
    "\"resources/read\"",
    "\"get_ticker\"",
    "\"add_order\"",
    "\"\\u0061dd_order\"",
    "\"secret_tool\"",
    "\"add_order\\u0000\"",
    "[]",
    "{}",
    "[1]",
    "{\"name\":\"secret_tool\"}",
    "[{\"name\":\"get_ticker\"},{\"Name\":\"secret_tool\",\"name\":\"get_x\"}]",
};

static size_t any_node(struct session *s, const struct json_doc *doc, bool key)
{
    for (int tries = 0; tries < 32; tries++) {
        size_t node = below(s, doc->count);
        if (doc->nodes[node].is_key == key)
            return node;
    }
    return 0;
}

static void retype(struct session *s, size_t line, const struct json_doc *doc)
{
    const struct json_node *node = json_at(doc, (uint32_t)any_node(s, doc, false));
    size_t value = below(s, sizeof values / sizeof *values);
    splice(s, line, node->start, node->length, slice_from_string(values[value]));
}

// The member once more, in front of itself, perhaps spelled otherwise and with another value.
static void repeat_member(struct session *s, size_t line, const struct json_doc *doc)
{
    uint32_t key = (uint32_t)any_node(s, doc, true);
    const struct json_node *node = json_at(doc, key);
    struct buffer member;
    if (!node->is_key || node->length < 3)
        return;
    struct slice name = slice_of(doc->text.data + node->start + 1, node->length - 2);
    unsigned char first = (unsigned char)name.data[0];
    buffer_init(&member, 0);
    buffer_append_string(&member, "\"");
    switch (below(s, 3)) {
    case 0: buffer_append(&member, slice_of(name.data, 1)); break;
    case 1: buffer_append_format(&member, "%c", first ^ 0x20); break;
    default: buffer_append_format(&member, "\\u00%02x", first); break;
    }
    buffer_append(&member, slice_of(name.data + 1, name.length - 1));
    buffer_append_string(&member, "\":");
    if (below(s, 2) == 0)
        buffer_append(&member, json_raw(doc, key + 1));
    else
        buffer_append_string(&member, values[below(s, sizeof values / sizeof *values)]);
    buffer_append_string(&member, ",");
    splice(s, line, node->start, 0, buffer_slice(&member));
    buffer_release(&member);
}

static void remove_member(struct session *s, size_t line, const struct json_doc *doc)
{
    const struct json_node *key = json_at(doc, (uint32_t)any_node(s, doc, true));
    if (!key->is_key)
        return;
    const struct json_node *value = key + 1;
    size_t end = (size_t)value->start + value->length;
    end += end < doc->text.length && doc->text.data[end] == ',';
    splice(s, line, key->start, end - key->start, (struct slice){"", 0});
}

// A value of this message becomes one of another message; `ids` takes the two ids.
static void transplant(struct session *s, size_t line, const struct json_doc *doc, bool ids)
{
    size_t from = below(s, s->count);
    struct json_doc other;
    json_doc_init(&other);
    struct slice text = slice_of(s->lines[from].data + 1, s->lines[from].length - 1);
    if (json_scan(&other, text, NULL, NULL, NULL) == 0) {
        uint32_t here = ids ? json_get(doc, 0, "id") : (uint32_t)any_node(s, doc, false);
        uint32_t there = ids ? json_get(&other, 0, "id") : (uint32_t)any_node(s, &other, false);
        if (here != JSON_NONE && there != JSON_NONE)
            splice(s, line, json_at(doc, here)->start, json_at(doc, here)->length,
                   json_raw(&other, there));
    }
    json_doc_release(&other);
}

static void change_message(struct session *s)
{
    size_t line = below(s, s->count);
    struct slice text = slice_of(s->lines[line].data + 1, s->lines[line].length - 1);
    struct json_doc doc;
    json_doc_init(&doc);
    if (json_scan(&doc, text, NULL, NULL, NULL) == 0) {
        switch (below(s, 5)) {
        case 0: retype(s, line, &doc); break;
        case 1: repeat_member(s, line, &doc); break;
        case 2: remove_member(s, line, &doc); break;
        case 3: transplant(s, line, &doc, false); break;
        default: transplant(s, line, &doc, true); break;
        }
    }
    json_doc_release(&doc);
}

static void change(struct session *s)
{
    switch (below(s, 8)) {
    case 0: change_order(s); break;
    case 1: drop_or_repeat(s); break;
    case 2: turn_round(s); break;
    case 3: make_batch(s); break;
    default: change_message(s); break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct session s = {.state = seed};
    buffer_init(&s.out, max);
    split(&s, slice_of((const char *)data, size));
    bool bytes = s.count == 0 || below(&s, 10) == 0;
    if (!bytes)
        change(&s);
    // What grew too long or changed nothing is left to the bytes.
    bytes = bytes || s.out.failed || s.out.length == 0 || s.out.length > max;
    if (!bytes) {
        size = s.out.length;
        memcpy(data, buffer_slice(&s.out).data, size);
    }
    buffer_release(&s.out);
    return bytes ? LLVMFuzzerMutate(data, size, max) : size;
}

// The beginning of one session and the end of another.
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
                                 size_t two_size, uint8_t *out, size_t max, unsigned seed)
{
    struct session s = {.state = seed};
    buffer_init(&s.out, max);
    split(&s, slice_of((const char *)one, one_size));
    put_lines(&s, 0, below(&s, s.count + 1));
    split(&s, slice_of((const char *)two, two_size));
    put_lines(&s, below(&s, s.count + 1), s.count);
    size_t length = s.out.failed ? 0 : s.out.length;
    if (length > 0)
        memcpy(out, buffer_slice(&s.out).data, length);
    buffer_release(&s.out);
    return length;
}
