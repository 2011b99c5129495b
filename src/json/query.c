// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading a scanned document.
#include "json/json.h"

#include "base/decimal.h"
#include "json/json_internal.h"

const char *json_type_name(enum json_type type)
{
    switch (type) {
    case JSON_NULL: return "null";
    case JSON_FALSE:
    case JSON_TRUE: return "boolean";
    case JSON_NUMBER: return "number";
    case JSON_STRING: return "string";
    case JSON_ARRAY: return "array";
    case JSON_OBJECT: return "object";
    }
    return "unknown";
}

static bool is_type(const struct json_doc *doc, uint32_t node, enum json_type type)
{
    return node != JSON_NONE && node < doc->count && doc->nodes[node].type == type;
}

uint32_t json_first_key(const struct json_doc *doc, uint32_t object)
{
    return is_type(doc, object, JSON_OBJECT) && doc->nodes[object].count > 0 ? object + 1
                                                                             : (uint32_t)JSON_NONE;
}

uint32_t json_next_key(const struct json_doc *doc, uint32_t object, uint32_t key)
{
    uint32_t next = doc->nodes[key + 1].next;
    return next < doc->nodes[object].next ? next : (uint32_t)JSON_NONE;
}

uint32_t json_first_element(const struct json_doc *doc, uint32_t array)
{
    return is_type(doc, array, JSON_ARRAY) && doc->nodes[array].count > 0 ? array + 1
                                                                          : (uint32_t)JSON_NONE;
}

uint32_t json_next_element(const struct json_doc *doc, uint32_t array, uint32_t element)
{
    uint32_t next = doc->nodes[element].next;
    return next < doc->nodes[array].next ? next : (uint32_t)JSON_NONE;
}

uint32_t json_element(const struct json_doc *doc, uint32_t array, uint32_t index)
{
    if (!is_type(doc, array, JSON_ARRAY) || index >= doc->nodes[array].count)
        return JSON_NONE;
    uint32_t element = array + 1;
    while (index-- > 0)
        element = doc->nodes[element].next;
    return element;
}

uint32_t json_get_slice(const struct json_doc *doc, uint32_t object, struct slice name)
{
    if (json_first_key(doc, object) == JSON_NONE)
        return JSON_NONE;
    const uint32_t end = doc->nodes[object].next;
    for (uint32_t key = object + 1; key < end; key = doc->nodes[key + 1].next) {
        // Most keys have another length, and few are escaped.
        const struct json_node *node = &doc->nodes[key];
        if ((node->length == name.length + 2 || node->escaped) &&
            json_string_equals(doc, key, name))
            return key + 1;
    }
    return JSON_NONE;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

// The next byte as a lenient reader compares it: U+017F (long s) and U+212A (the Kelvin sign) fold
// to s and k in Unicode's tables, and Go's decoder follows those.
static int next_folded(struct json_stream *stream)
{
    int c = json_stream_next(stream);
    struct json_stream ahead = *stream;
    bool s = c == 0xC5 && json_stream_next(&ahead) == 0xBF;
    bool k = c == 0xE2 && json_stream_next(&ahead) == 0x84 && json_stream_next(&ahead) == 0xAA;
    if (s || k)
        *stream = ahead;
    return s ? 's' : k ? 'k' : c;
}

// Does the key's first byte say already that it is another name? Escapes and letters beyond ASCII
// need a closer look.
static bool begins_otherwise(const struct json_doc *doc, uint32_t key, struct slice name)
{
    struct slice inner = json_inner(doc, key);
    if (inner.length == 0 || name.length == 0)
        return inner.length != name.length;
    unsigned char c = (unsigned char)inner.data[0];
    return c < 0x80 && c != '\\' && lower(c) != lower((unsigned char)name.data[0]);
}

// Equal when case is ignored, yet not identical.
static bool is_case_variant(const struct json_doc *doc, uint32_t key, struct slice name)
{
    if (begins_otherwise(doc, key, name))
        return false;
    struct json_stream stream = json_stream_of(doc, key);
    for (size_t i = 0; i < name.length; i++)
        if (lower(next_folded(&stream)) != lower((unsigned char)name.data[i]))
            return false;
    return json_stream_next(&stream) < 0 && !json_string_equals(doc, key, name);
}

uint32_t json_find_case_variant(const struct json_doc *doc, uint32_t object, struct slice name)
{
    uint32_t key = json_first_key(doc, object);
    while (key != JSON_NONE && !is_case_variant(doc, key, name))
        key = json_next_key(doc, object, key);
    return key;
}

// Digits with an optional minus, no more than an int64_t holds for certain.
static bool read_short_integer(struct slice text, int64_t *ret)
{
    bool negative = text.length > 0 && text.data[0] == '-';
    if (text.length > 18)
        return false;
    int64_t value = 0;
    for (size_t i = negative; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *ret = negative ? -value : value;
    return true;
}

// The canonical form has a point or a negative exponent only for fractions, except that large
// integers with many digits are written 1.2345e40.
static bool is_fraction(struct slice canonical)
{
    const char *exponent = memchr(canonical.data, 'e', canonical.length);
    if (exponent != NULL)
        return exponent[1] == '-';
    return memchr(canonical.data, '.', canonical.length) != NULL;
}

int json_integer(const struct json_doc *doc, uint32_t node, int64_t *ret)
{
    if (!is_type(doc, node, JSON_NUMBER))
        return ERROR_TYPE;
    struct slice text = json_raw(doc, node);
    if (read_short_integer(text, ret))
        return 0;
    char canonical[JSON_NUMBER_LENGTH + 16];
    text = slice_of(canonical, decimal_canonical_text(text, canonical));
    if (is_fraction(text))
        return ERROR_TYPE;
    struct decimal d;
    if (decimal_parse(text, &d) != 0 || decimal_compare(d, decimal_from_integer(INT64_MIN)) < 0 ||
        decimal_compare(d, decimal_from_integer(INT64_MAX)) > 0)
        return ERROR_RANGE;
    __int128 value = d.coefficient;
    for (int32_t i = 0; i < d.exponent; i++)
        value *= 10;
    *ret = (int64_t)value;
    return 0;
}
