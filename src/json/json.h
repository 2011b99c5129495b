// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The only door to JSON. A strict, bounded scanner (RFC 8259, UTF-8) turns bytes into a flat array
// of nodes that point back into those bytes, so that the bytes judged are the bytes sent. The same
// scanner reads messages of peers, policies and configuration; the writer makes our own JSON.
//
// Refused on purpose although other parsers accept it: duplicate keys (compared after unescaping),
// lone surrogates, a byte order mark, nesting beyond the limit, numbers whose text or exponent is
// beyond the limits below, NUL (\u0000) in keys.
//
// A document borrows its text; it owns its node array, which is reused from scan to scan. One
// thread per document.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

enum { JSON_NONE = UINT32_MAX }; // "no such node"
enum {
    JSON_DEFAULT_DEPTH = 64,
    JSON_DEPTH_MAX = 1000,
    JSON_NUMBER_LENGTH = 1024,
    JSON_EXPONENT_MAX = 9999
};

// Nodes stand in text order. An object's children alternate key (always a string), value. The
// node behind a whole subtree is `next`.
struct json_node {
    uint32_t start;  // offset of the first byte, quotes and brackets included
    uint32_t length; // bytes of text
    uint32_t next;   // index of the node behind this one's subtree
    uint32_t count;  // elements of an array, members of an object
    uint8_t type;    // enum json_type
    bool escaped;    // a string that holds a backslash
    bool is_key;     // a member's name
};

struct json_doc {
    struct slice text;
    struct json_node *nodes; // owned
    uint32_t count;
    uint32_t capacity;
};

struct json_limits {
    // Arrays and objects inside each other; 0 means JSON_DEFAULT_DEPTH; never above JSON_DEPTH_MAX,
    // so that recursion over a document is bounded.
    uint32_t depth;
    uint32_t nodes; // 0 means 4,000,000
};

void json_doc_init(struct json_doc *doc);
void json_doc_release(struct json_doc *doc);

// Scans one value that fills the text but for white space. Node 0 is the value. On failure the
// error's text says what was found and where: "3:14: expected ',' or '}', found 'x'" (line:column
// of the byte, counted from 1, columns in characters), and *ret_offset (may be NULL) has the byte.
// ERROR_SYNTAX, ERROR_AMBIGUOUS (duplicate key), ERROR_TOO_LARGE (depth, nodes, number),
// ERROR_NO_MEMORY. The text must be shorter than 2 GiB.
int json_scan(struct json_doc *doc, struct slice text, const struct json_limits *limits,
              struct error *error, size_t *ret_offset) MUST_CHECK;

static inline const struct json_node *json_at(const struct json_doc *doc, uint32_t node)
{
    return &doc->nodes[node];
}
static inline enum json_type json_type(const struct json_doc *doc, uint32_t node)
{
    return (enum json_type)doc->nodes[node].type;
}
// The node's bytes as they stand in the text (a string with its quotes).
static inline struct slice json_raw(const struct json_doc *doc, uint32_t node)
{
    return slice_of(doc->text.data + doc->nodes[node].start, doc->nodes[node].length);
}
// "null", "boolean", "number", "string", "array", "object".
const char *json_type_name(enum json_type type);

// The value of the member with exactly this name (compared after unescaping), else JSON_NONE;
// also JSON_NONE when `object` is JSON_NONE or no object.
uint32_t json_get_slice(const struct json_doc *doc, uint32_t object, struct slice name);
// Always inline: then the compiler knows the length of a literal.
__attribute__((always_inline)) static inline uint32_t json_get(const struct json_doc *doc,
                                                               uint32_t object, const char *name)
{
    return json_get_slice(doc, object, slice_from_string(name));
}
// The key node whose name equals `name` but for case (ASCII, and the two other letters that Unicode
// folds to ASCII ones) and is not identical, else JSON_NONE:
// a reader that ignores case would take it for `name`.
uint32_t json_find_case_variant(const struct json_doc *doc, uint32_t object, struct slice name);
// Walks an object: first key, then the key behind (JSON_NONE at the end). The value of a key node
// is the node key + 1.
uint32_t json_first_key(const struct json_doc *doc, uint32_t object);
uint32_t json_next_key(const struct json_doc *doc, uint32_t object, uint32_t key);
// Walks an array.
uint32_t json_first_element(const struct json_doc *doc, uint32_t array);
uint32_t json_next_element(const struct json_doc *doc, uint32_t array, uint32_t element);
uint32_t json_element(const struct json_doc *doc, uint32_t array, uint32_t index);

// A string's value. Without escapes this is a slice of the text; with escapes it is decoded into
// the arena (data is NULL when the arena is full). The node must be a string.
struct slice json_string(const struct json_doc *doc, uint32_t node, struct arena *arena);
// The first bytes of a string's value, at most `room` of them (a character may be cut unless it was
// escaped); how many there are.
size_t json_string_start(const struct json_doc *doc, uint32_t node, char *out, size_t room);
// Compares a string node's value without decoding it anywhere.
bool json_string_equals(const struct json_doc *doc, uint32_t node, struct slice value);
// An integer that fits; ERROR_TYPE for other nodes and fractions (1.0 counts as 1), ERROR_RANGE.
int json_integer(const struct json_doc *doc, uint32_t node, int64_t *ret) MUST_CHECK;
// Unicode characters of a string node's value.
size_t json_string_characters(const struct json_doc *doc, uint32_t node);
// Equality by JSON type; numbers as exact decimals, objects regardless of member order.
bool json_equal(const struct json_doc *a, uint32_t node_a, const struct json_doc *b,
                uint32_t node_b);

// Line and column (from 1, columns in characters) of a byte offset of a text.
struct json_position {
    uint32_t line;
    uint32_t column;
};
struct json_position json_position(struct slice text, size_t offset);

// Is it well-formed UTF-8? For text that did not come as JSON.
bool json_is_utf8(struct slice text);

// Calls back for each value that holds no others (empty arrays and objects, too), in text order,
// with the path that policies name it by: "args.items[0].price", "args[\"odd key\"]"; `root` stands
// in front ("args"). Paths end with the call. A result other than 0 ends it and is returned;
// ERROR_NO_MEMORY.
typedef int (*json_leaf_cb)(void *argument, struct slice path, uint32_t node);
int json_each_leaf(const struct json_doc *doc, uint32_t node, const char *root, json_leaf_cb visit,
                   void *argument) MUST_CHECK;

// ---- Writing. Each appends to the buffer; the buffer's sticky `failed` tells the end.
// A string in quotes, escaped; invalid UTF-8 becomes U+FFFD.
void json_write_string(struct buffer *out, struct slice value);
// Writes `"name":`; the caller writes commas.
void json_write_key(struct buffer *out, const char *name);
void json_write_integer(struct buffer *out, int64_t value);
// Canonical form: keys sorted by code point, numbers as shortest exact decimal, no white space,
// minimal escapes. Two equal values (json_equal) have one canonical form. It is meant for hashes
// and comparison: a number at the scanner's limits may come out just beyond them (91e9999 is
// 9.1e10000). ERROR_TOO_LARGE (the buffer's cap) or ERROR_NO_MEMORY.
int json_write_canonical(struct buffer *out, const struct json_doc *doc, uint32_t node) MUST_CHECK;
// The same without an object's own members of these names (NULL-terminated; NULL: none).
int json_write_canonical_without(struct buffer *out, const struct json_doc *doc, uint32_t node,
                                 const char *const *without) MUST_CHECK;

// The text without white space between tokens; strings unchanged.
void json_write_compact(struct buffer *out, const struct json_doc *doc, uint32_t node);
