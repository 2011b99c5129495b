// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Mutates JSON by its structure: members and elements are dropped, repeated (perhaps spelled
// otherwise), moved and wrapped, values retyped and exchanged. An input may have more than one
// document, parted by lines that begin with "---".
#include "json/json.h"
#include "mutate.h"

// One document of the input.
struct part {
    struct json_doc doc;
    size_t start; // in the input
};

static const char *const values[] = {
    "null", "true",        "0",  "-1", "1.5", "1e400",     "9007199254740993",
    "\"\"", "\"\\u0000\"", "[]", "{}", "[1]", "\"a\\/b\"", "{\"a\":{\"a\":[]}}"};

static struct slice some_value(struct mutation *m)
{
    return slice_from_string(values[mutate_below(&m->chance, sizeof values / sizeof *values)]);
}

static void find_part(struct mutation *m, struct part *part)
{
    const char *end = m->text.data + m->text.length;
    const char *mark = memmem(m->text.data, m->text.length, "\n---", 4);
    const char *line = mark == NULL ? NULL : memchr(mark + 1, '\n', (size_t)(end - mark - 1));
    bool second = line != NULL && mutate_below(&m->chance, 2) == 0;
    const char *first = second ? line + 1 : m->text.data;
    part->start = (size_t)(first - m->text.data);
    if (mark == NULL || second)
        mark = end;
    json_doc_init(&part->doc);
    if (json_scan(&part->doc, slice_of(first, (size_t)(mark - first)), NULL, NULL, NULL) != 0)
        part->doc.count = 0;
}

static const struct json_node *any_node(struct mutation *m, struct part *part, bool key)
{
    for (int tries = 0; tries < 32; tries++) {
        const struct json_node *node = &part->doc.nodes[mutate_below(&m->chance, part->doc.count)];
        if (node->is_key == key)
            return node;
    }
    return NULL;
}

static struct slice raw(const struct part *part, const struct json_node *node)
{
    return slice_of(part->doc.text.data + node->start, node->length);
}

static void replace(struct mutation *m, struct part *part, const struct json_node *node,
                    struct slice with)
{
    mutate_splice(m, part->start + node->start, node->length, with);
}

// The member once more in front of itself.
static void repeat(struct mutation *m, struct part *part, const struct json_node *key)
{
    static const char *const before[] = {"", "\\u0020", "X", "\\u0000"};
    struct slice name = raw(part, key);
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_string(&text, "\"");
    buffer_append_string(&text, before[mutate_below(&m->chance, 4)]);
    buffer_append(&text, slice_of(name.data + 1, name.length - 1));
    buffer_append_string(&text, ":");
    buffer_append(&text, mutate_below(&m->chance, 2) == 0 ? raw(part, key + 1) : some_value(m));
    buffer_append_string(&text, ",");
    mutate_splice(m, part->start + key->start, 0, buffer_slice(&text));
    buffer_release(&text);
}

static void remove_member(struct mutation *m, struct part *part, const struct json_node *key)
{
    const struct json_node *value = key + 1;
    size_t end = (size_t)value->start + value->length;
    end += end < part->doc.text.length && part->doc.text.data[end] == ',';
    mutate_splice(m, part->start + key->start, end - key->start, slice_of("", 0));
}

static void wrap(struct mutation *m, struct part *part, const struct json_node *node)
{
    struct buffer text;
    bool list = mutate_below(&m->chance, 2) == 0;
    buffer_init(&text, 0);
    buffer_append_string(&text, list ? "[" : "{\"a\":");
    buffer_append(&text, raw(part, node));
    if (list && mutate_below(&m->chance, 2) == 0) {
        buffer_append_string(&text, ",");
        buffer_append(&text, raw(part, node));
    }
    buffer_append_string(&text, list ? "]" : "}");
    replace(m, part, node, buffer_slice(&text));
    buffer_release(&text);
}

static void change_value(struct mutation *m, struct part *part)
{
    const struct json_node *node = any_node(m, part, false), *other = any_node(m, part, false);
    if (node == NULL || other == NULL)
        return;
    switch (mutate_below(&m->chance, 4)) {
    case 0: replace(m, part, node, some_value(m)); break;
    case 1: replace(m, part, node, raw(part, other)); break;
    case 2: wrap(m, part, node); break;
    default: mutate_bytes(m, part->start + node->start, node->length); break;
    }
}

static void change_member(struct mutation *m, struct part *part)
{
    const struct json_node *key = any_node(m, part, true), *other = any_node(m, part, true);
    if (key == NULL || other == NULL)
        return;
    switch (mutate_below(&m->chance, 4)) {
    case 0: repeat(m, part, key); break;
    case 1: remove_member(m, part, key); break;
    case 2: replace(m, part, key, raw(part, other)); break;
    default: mutate_bytes(m, part->start + key->start + 1, key->length - 2); break;
    }
}

static void change(struct mutation *m)
{
    struct part part;
    find_part(m, &part);
    if (part.doc.count > 0) {
        if (mutate_below(&m->chance, 2) == 0)
            change_value(m, &part);
        else
            change_member(m, &part);
    }
    json_doc_release(&part.doc);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return mutate_with(data, size, max, seed, change);
}
