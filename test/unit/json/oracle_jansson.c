// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <jansson.h>

static void flatten(struct buffer *flat, json_t *value);

static void flatten_string(struct buffer *flat, const char *text, size_t size)
{
    uint64_t length = size;
    oracle_flat(flat, 's', &length);
    (void)buffer_append(flat, slice_of(text, size));
}

static void flatten_object(struct buffer *flat, json_t *object)
{
    uint64_t count = json_object_size(object);
    oracle_flat(flat, '{', &count);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        // A key never holds NUL.
        flatten_string(flat, json_object_iter_key(at), strlen(json_object_iter_key(at)));
        flatten(flat, json_object_iter_value(at));
    }
}

static void flatten_array(struct buffer *flat, json_t *array)
{
    uint64_t count = json_array_size(array);
    oracle_flat(flat, '[', &count);
    for (size_t i = 0; i < count; i++)
        flatten(flat, json_array_get(array, i));
}

static void flatten(struct buffer *flat, json_t *value)
{
    uint64_t none = 0;
    int64_t integer;
    double real;
    switch (json_typeof(value)) {
    case JSON_OBJECT: flatten_object(flat, value); return;
    case JSON_ARRAY: flatten_array(flat, value); return;
    case JSON_STRING:
        flatten_string(flat, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        integer = json_integer_value(value);
        oracle_flat(flat, 'i', &integer);
        return;
    case JSON_REAL:
        real = json_real_value(value);
        oracle_flat(flat, 'd', &real);
        return;
    case JSON_TRUE: oracle_flat(flat, 't', &none); return;
    case JSON_FALSE: oracle_flat(flat, 'f', &none); return;
    case JSON_NULL: oracle_flat(flat, 'n', &none); return;
    }
}

enum jansson_verdict oracle_jansson(struct slice text, struct buffer *flat)
{
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *value = json_loadb(text.data, text.length, flags, &error);
    if (value == NULL) {
        enum json_error_code code = json_error_code(&error);
        return code == json_error_numeric_overflow ? JANSSON_REFUSES_NUMBER
               : code == json_error_duplicate_key  ? JANSSON_REFUSES_DUPLICATE
                                                   : JANSSON_REFUSES;
    }
    flatten(flat, value);
    json_decref(value);
    return JANSSON_ACCEPTS;
}
