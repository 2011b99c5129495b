// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON for people and for version control: two blanks a level, and on one line what has nothing
// inside that is not simple and fits there. Strings and numbers keep their bytes.
#include "cli/moves_internal.h"

enum { LINE = 100 };

static bool is_simple(const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    return (type != JSON_ARRAY && type != JSON_OBJECT) || json_at(doc, node)->count == 0;
}

static void new_line(struct buffer *out, unsigned depth)
{
    buffer_append_string(out, "\n");
    for (unsigned i = 0; i < depth; i++)
        buffer_append_string(out, "  ");
}

// The child behind this one; `node` is a key in an object.
static uint32_t next_child(const struct json_doc *doc, uint32_t parent, uint32_t child)
{
    return json_type(doc, parent) == JSON_OBJECT ? json_next_key(doc, parent, child)
                                                 : json_next_element(doc, parent, child);
}

static uint32_t first_child(const struct json_doc *doc, uint32_t parent)
{
    return json_type(doc, parent) == JSON_OBJECT ? json_first_key(doc, parent)
                                                 : json_first_element(doc, parent);
}

static bool fits(const struct json_doc *doc, uint32_t node)
{
    bool object = json_type(doc, node) == JSON_OBJECT;
    size_t length = 2;
    for (uint32_t child = first_child(doc, node); child != JSON_NONE;
         child = next_child(doc, node, child)) {
        uint32_t value = object ? child + 1 : child;
        if (!is_simple(doc, value))
            return false;
        bool empty = json_type(doc, value) == JSON_ARRAY || json_type(doc, value) == JSON_OBJECT;
        length += empty ? 2 : json_raw(doc, value).length;
        length += 2 + (object ? json_raw(doc, child).length + 2 : 0);
    }
    return length <= LINE;
}

void moves_format(struct buffer *out, const struct json_doc *doc, uint32_t node, unsigned depth)
{
    enum json_type type = json_type(doc, node);
    bool object = type == JSON_OBJECT, first = true;
    if (!object && type != JSON_ARRAY) {
        buffer_append(out, json_raw(doc, node));
        return;
    }
    // What stands at the top is a list of records: a change of one is a change of its lines.
    bool one_line = is_simple(doc, node) || (depth > 0 && fits(doc, node));
    buffer_append_string(out, object ? "{" : "[");
    for (uint32_t child = first_child(doc, node); child != JSON_NONE;
         child = next_child(doc, node, child)) {
        buffer_append_string(out, first ? "" : one_line ? ", " : ",");
        if (!one_line)
            new_line(out, depth + 1);
        if (object) {
            buffer_append(out, json_raw(doc, child));
            buffer_append_string(out, ": ");
        }
        moves_format(out, doc, object ? child + 1 : child, depth + 1);
        first = false;
    }
    if (!one_line)
        new_line(out, depth);
    buffer_append_string(out, object ? "}" : "]");
}
