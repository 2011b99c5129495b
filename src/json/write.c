// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Writing JSON: strings, compact text, canonical form. Recursion is as deep as documents, which
// the scanner bounds by JSON_DEPTH_MAX.
#include "json/json.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "json/json_internal.h"

static void append(struct buffer *out, const void *bytes, size_t length)
{
    (void)buffer_append(out, slice_of(bytes, length));
}

// The letter of a short escape, else 0.
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\': return (char)c;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

static bool needs_escape(unsigned char c)
{
    return c < ' ' || c == '"' || c == '\\';
}

static void append_escaped(struct buffer *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    char letter = short_escape(c);
    char escape[6] = {'\\', letter != 0 ? letter : 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    append(out, escape, letter != 0 ? 2 : 6);
}

// Marks the bytes of a word that are zero, or come after one in it (the borrow): exact when it
// answers none.
static uint64_t zero_bytes(uint64_t word)
{
    return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

// No byte of these eight is a control, a quote, a backslash or outside ASCII.
static bool word_is_plain(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t controls = (word - 0x2020202020202020u) & ~word;
    return ((word | controls) & 0x8080808080808080u) == 0 &&
           zero_bytes(word ^ 0x2222222222222222u) == 0 &&
           zero_bytes(word ^ 0x5C5C5C5C5C5C5C5Cu) == 0;
}

static bool is_plain(struct slice value)
{
    const unsigned char *at = (const unsigned char *)value.data, *end = at + value.length;
#ifdef __SSE2__
    for (; end - at >= 16; at += 16)
        if (json_doubtful_bytes(at) != 0)
            return false;
    if (value.length >= 16)
        return json_doubtful_bytes(end - 16) == 0;
#endif
    for (; end - at >= 8; at += 8)
        if (!word_is_plain(at))
            return false;
    // The last word may overlap the one before.
    if (value.length >= 8)
        return at == end || word_is_plain(end - 8);
    for (; at < end; at++)
        if (*at >= 0x80 || needs_escape(*at))
            return false;
    return true;
}

// Nearly every string: nothing to escape, and room for it is there or can be had.
static bool write_plain(struct buffer *out, struct slice value)
{
    if (out->failed || value.length == 0 || !is_plain(value))
        return false;
    char *room = buffer_reserve(out, value.length + 2);
    if (room == NULL)
        return true; // the buffer has failed, which is all there is to say
    room[0] = '"';
    memcpy(room + 1, value.data, value.length);
    room[value.length + 1] = '"';
    buffer_commit(out, value.length + 2);
    return true;
}

void json_write_string(struct buffer *out, struct slice value)
{
    if (write_plain(out, value))
        return;
    // An empty slice may have no data at all.
    const unsigned char *at = (const unsigned char *)(value.length == 0 ? "" : value.data);
    const unsigned char *end = at + value.length, *run = at;
    append(out, "\"", 1);
    while (at < end) {
        if (*at < 0x80 && !needs_escape(*at)) {
            at++;
            continue;
        }
        size_t length = json_utf8_sequence(at, end);
        if (length != 0 && !needs_escape(*at)) {
            at += length;
            continue;
        }
        append(out, run, (size_t)(at - run));
        if (length == 0)
            append(out, "\xEF\xBF\xBD", 3);
        else
            append_escaped(out, *at);
        run = ++at;
    }
    append(out, run, (size_t)(at - run));
    append(out, "\"", 1);
}

void json_write_key(struct buffer *out, const char *name)
{
    json_write_string(out, slice_from_string(name));
    append(out, ":", 1);
}

void json_write_integer(struct buffer *out, int64_t value)
{
    if (value < 0)
        append(out, "-", 1);
    (void)buffer_append_number(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

// ---- Compact

// Structure between strings: brackets, commas, numbers, literals and space.
static void append_without_space(struct buffer *out, struct slice text)
{
    size_t run = 0;
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] > ' ')
            continue;
        append(out, text.data + run, i - run);
        run = i + 1;
    }
    append(out, text.data + run, text.length - run);
}

void json_write_compact(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    const char *text = doc->text.data;
    size_t at = doc->nodes[node].start, end = at + doc->nodes[node].length;
    for (uint32_t i = node; i < doc->nodes[node].next; i++) {
        if (doc->nodes[i].type != JSON_STRING)
            continue;
        append_without_space(out, slice_of(text + at, doc->nodes[i].start - at));
        append(out, text + doc->nodes[i].start, doc->nodes[i].length);
        at = (size_t)doc->nodes[i].start + doc->nodes[i].length;
    }
    append_without_space(out, slice_of(text + at, end - at));
}

// ---- Canonical

static void write_canonical_string(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    if (!doc->nodes[node].escaped) {
        (void)buffer_append(out, json_raw(doc, node));
        return;
    }
    struct slice inner = json_inner(doc, node);
    const unsigned char *at = (const unsigned char *)inner.data, *end = at + inner.length;
    append(out, "\"", 1);
    while (at < end) {
        const unsigned char *escape = memchr(at, '\\', (size_t)(end - at));
        const unsigned char *stop = escape == NULL ? end : escape;
        append(out, at, (size_t)(stop - at));
        at = stop;
        if (escape == NULL)
            break;
        unsigned char bytes[4];
        size_t used, count = json_unescape(at, bytes, &used);
        if (needs_escape(bytes[0]))
            append_escaped(out, bytes[0]);
        else
            append(out, bytes, count);
        at += used;
    }
    append(out, "\"", 1);
}

static void write_canonical_number(struct buffer *out, struct slice text)
{
    char *room = out->failed ? NULL : buffer_reserve(out, text.length + 16);
    if (room != NULL)
        buffer_commit(out, decimal_canonical_text(text, room));
}

static int write_canonical(struct buffer *out, const struct json_doc *doc, uint32_t node);

static int write_canonical_array(struct buffer *out, const struct json_doc *doc, uint32_t array)
{
    int result = 0;
    uint32_t element = json_first_element(doc, array);
    append(out, "[", 1);
    for (; element != JSON_NONE && result == 0; element = json_next_element(doc, array, element)) {
        if (element != array + 1)
            append(out, ",", 1);
        result = write_canonical(out, doc, element);
    }
    append(out, "]", 1);
    return result;
}

static bool is_one_of(const struct json_doc *doc, uint32_t key, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++)
        if (json_string_equals(doc, key, slice_from_string(*names)))
            return true;
    return false;
}

static int write_canonical_object(struct buffer *out, const struct json_doc *doc, uint32_t object,
                                  const char *const *without)
{
    uint32_t *keys;
    bool first = true;
    int result = json_sorted_keys(doc, object, &keys);
    if (result != 0)
        return result;
    append(out, "{", 1);
    for (uint32_t i = 0; i < doc->nodes[object].count && result == 0; i++) {
        if (is_one_of(doc, keys[i], without))
            continue;
        if (!first)
            append(out, ",", 1);
        first = false;
        write_canonical_string(out, doc, keys[i]);
        append(out, ":", 1);
        result = write_canonical(out, doc, keys[i] + 1);
    }
    append(out, "}", 1);
    memory_free(keys);
    return result;
}

// Stops early once the buffer has failed.
static int write_canonical(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    switch (json_type(doc, node)) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: (void)buffer_append(out, json_raw(doc, node)); break;
    case JSON_NUMBER: write_canonical_number(out, json_raw(doc, node)); break;
    case JSON_STRING: write_canonical_string(out, doc, node); break;
    case JSON_ARRAY: return write_canonical_array(out, doc, node);
    case JSON_OBJECT: return write_canonical_object(out, doc, node, NULL);
    }
    return out->failed ? ERROR_TOO_LARGE : 0;
}

int json_write_canonical_without(struct buffer *out, const struct json_doc *doc, uint32_t node,
                                 const char *const *without)
{
    int result = json_type(doc, node) == JSON_OBJECT
                     ? write_canonical_object(out, doc, node, without)
                     : write_canonical(out, doc, node);
    if (result != 0)
        out->failed = true;
    // Without a cap the buffer fails for want of memory only.
    return out->failed && (out->cap == 0 || result == ERROR_NO_MEMORY) ? ERROR_NO_MEMORY
           : out->failed                                               ? ERROR_TOO_LARGE
                                                                       : 0;
}

int json_write_canonical(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    return json_write_canonical_without(out, doc, node, NULL);
}
