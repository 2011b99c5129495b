// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The single values of a document, each with its path. Recursion is as deep as documents, which the
// scanner bounds by JSON_DEPTH_MAX.
#include "json/json.h"

struct leaves {
    const struct json_doc *doc;
    struct buffer path;
    json_leaf_cb visit;
    void *argument;
};

// As policies write it behind a dot (docs/policy.md, "Paths").
static bool is_plain(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (byte <= ' ' || byte == 0x7F || strchr(".[]\"*'\\", byte) != NULL)
            return false;
    }
    return name.length > 0;
}

static void add_member(struct leaves *leaves, uint32_t key)
{
    struct slice raw = json_raw(leaves->doc, key);
    struct slice name = slice_of(raw.data + 1, raw.length - 2);
    bool plain = is_plain(name);
    buffer_append_string(&leaves->path, plain ? "." : "[");
    buffer_append(&leaves->path, plain ? name : raw);
    buffer_append_string(&leaves->path, plain ? "" : "]");
}

static int walk(struct leaves *leaves, uint32_t node)
{
    const struct json_doc *doc = leaves->doc;
    size_t before = leaves->path.length;
    uint32_t number = 0;
    int result = 0;
    bool object = json_type(doc, node) == JSON_OBJECT;
    bool holds = (object || json_type(doc, node) == JSON_ARRAY) && json_at(doc, node)->count > 0;
    if (!holds)
        return leaves->path.failed
                   ? ERROR_NO_MEMORY
                   : leaves->visit(leaves->argument, buffer_slice(&leaves->path), node);
    for (uint32_t at = object ? json_first_key(doc, node) : json_first_element(doc, node);
         at != JSON_NONE && result == 0;
         at = object ? json_next_key(doc, node, at) : json_next_element(doc, node, at)) {
        if (object)
            add_member(leaves, at);
        else
            buffer_append_format(&leaves->path, "[%u]", number++);
        result = walk(leaves, object ? at + 1 : at);
        leaves->path.length = before;
    }
    return result;
}

int json_each_leaf(const struct json_doc *doc, uint32_t node, const char *root, json_leaf_cb visit,
                   void *argument)
{
    struct leaves leaves = {.doc = doc, .visit = visit, .argument = argument};
    buffer_init(&leaves.path, 0);
    buffer_append_string(&leaves.path, root);
    int result = walk(&leaves, node);
    buffer_release(&leaves.path);
    return result;
}
