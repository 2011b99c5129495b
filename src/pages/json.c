// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON for people. What fits into a line stays in one.
#include "pages/pages_internal.h"

#include "base/text.h"

enum { LINE_MAX_SHOWN = 84, INDENT = 2 };

struct layout {
    struct buffer *out;
    const struct json_doc *doc;
};

// A string as it stands, with what nobody sees as \u escapes: the same value, for eyes too.
static void add_string(struct buffer *out, struct slice raw)
{
    size_t done = 0;
    for (size_t i = 0; i < raw.length;) {
        uint32_t code = 0;
        size_t size = text_decode(slice_of(raw.data + i, raw.length - i), &code);
        if (size > 1 && (text_is_unseen(code) || code < 0xA0)) {
            buffer_append(out, slice_of(raw.data + done, i - done));
            if (code < 0x10000)
                buffer_append_format(out, "\\u%04x", code);
            else
                buffer_append_format(out, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
                                     0xDC00 + ((code - 0x10000) & 0x3FF));
            done = i + size;
        }
        i += size == 0 ? 1 : size;
    }
    buffer_append(out, slice_of(raw.data + done, raw.length - done));
}

static void add_indent(struct buffer *out, unsigned depth)
{
    buffer_append_string(out, "\n");
    for (unsigned i = 0; i < depth * INDENT; i++)
        buffer_append_string(out, " ");
}

static void add_value(const struct layout *layout, uint32_t node, unsigned depth, bool flat);

static void add_gap(const struct layout *layout, bool first, unsigned depth, bool flat)
{
    if (!first)
        buffer_append_string(layout->out, ",");
    if (!flat)
        add_indent(layout->out, depth);
    else if (!first)
        buffer_append_string(layout->out, " ");
}

static void add_members(const struct layout *layout, uint32_t node, unsigned depth, bool flat)
{
    const struct json_doc *doc = layout->doc;
    bool first = true;
    buffer_append_string(layout->out, flat ? "{ " : "{");
    for (uint32_t key = json_first_key(doc, node); key != JSON_NONE;
         key = json_next_key(doc, node, key)) {
        add_gap(layout, first, depth + 1, flat);
        add_string(layout->out, json_raw(doc, key));
        buffer_append_string(layout->out, ": ");
        add_value(layout, key + 1, depth + 1, flat);
        first = false;
    }
    if (!flat)
        add_indent(layout->out, depth);
    buffer_append_string(layout->out, flat ? " }" : "}");
}

static void add_elements(const struct layout *layout, uint32_t node, unsigned depth, bool flat)
{
    bool first = true;
    buffer_append_string(layout->out, "[");
    for (uint32_t element = json_first_element(layout->doc, node); element != JSON_NONE;
         element = json_next_element(layout->doc, node, element)) {
        add_gap(layout, first, depth + 1, flat);
        add_value(layout, element, depth + 1, flat);
        first = false;
    }
    if (!flat)
        add_indent(layout->out, depth);
    buffer_append_string(layout->out, "]");
}

// As deep as the scanner goes.
static void add_value(const struct layout *layout, uint32_t node, unsigned depth, bool flat)
{
    const struct json_node *at = json_at(layout->doc, node);
    enum json_type type = json_type(layout->doc, node);
    bool fits = flat || (depth > 0 && at->length + depth * INDENT <= LINE_MAX_SHOWN);
    if (type == JSON_STRING)
        add_string(layout->out, json_raw(layout->doc, node));
    else if (type == JSON_OBJECT && at->count > 0)
        add_members(layout, node, depth, fits);
    else if (type == JSON_ARRAY && at->count > 0)
        add_elements(layout, node, depth, fits);
    else
        buffer_append(layout->out, json_raw(layout->doc, node));
}

void pages_lay_out(struct buffer *out, struct slice json)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, json, NULL, NULL, NULL);
    if (result == 0)
        add_value(&(struct layout){out, &doc}, 0, 0, false);
    out->failed = out->failed || result == ERROR_NO_MEMORY;
    json_doc_release(&doc);
}

struct pages_code pages_make_code(struct pages_maker *maker, const char *label, struct slice json)
{
    struct buffer text;
    buffer_init(&text, 0);
    pages_lay_out(&text, json);
    return (struct pages_code){slice_from_string(label), pages_keep(maker, &text)};
}
