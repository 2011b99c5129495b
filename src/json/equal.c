// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Equality of values. Recursion is as deep as documents, which the scanner bounds by
// JSON_DEPTH_MAX.
#include "json/json.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "json/json_internal.h"

static bool equal_arrays(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    uint32_t p = json_first_element(a, x), q = json_first_element(b, y);
    while (p != JSON_NONE && json_equal(a, p, b, q)) {
        p = json_next_element(a, x, p);
        q = json_next_element(b, y, q);
    }
    return p == JSON_NONE;
}

static uint32_t find_same_key(const struct json_doc *a, uint32_t key, const struct json_doc *b,
                              uint32_t object)
{
    uint32_t other = json_first_key(b, object);
    while (other != JSON_NONE && json_compare_strings(a, key, b, other) != 0)
        other = json_next_key(b, object, other);
    return other;
}

// Key by key; right for few members, or when there is no memory to sort.
static bool equal_by_search(const struct json_doc *a, uint32_t x, const struct json_doc *b,
                            uint32_t y)
{
    for (uint32_t p = json_first_key(a, x); p != JSON_NONE; p = json_next_key(a, x, p)) {
        uint32_t q = find_same_key(a, p, b, y);
        if (q == JSON_NONE || !json_equal(a, p + 1, b, q + 1))
            return false;
    }
    return true;
}

static bool equal_objects(const struct json_doc *a, uint32_t x, const struct json_doc *b,
                          uint32_t y)
{
    uint32_t count = a->nodes[x].count, *keys_x = NULL, *keys_y = NULL;
    bool equal = false;
    if (count <= SMALL_OBJECT || json_sorted_keys(a, x, &keys_x) != 0 ||
        json_sorted_keys(b, y, &keys_y) != 0) {
        equal = equal_by_search(a, x, b, y);
        goto done;
    }
    equal = true;
    for (uint32_t i = 0; i < count && equal; i++)
        equal = json_compare_strings(a, keys_x[i], b, keys_y[i]) == 0 &&
                json_equal(a, keys_x[i] + 1, b, keys_y[i] + 1);
done:
    memory_free(keys_x);
    memory_free(keys_y);
    return equal;
}

bool json_equal(const struct json_doc *a, uint32_t node_a, const struct json_doc *b,
                uint32_t node_b)
{
    const struct json_node *x = &a->nodes[node_a], *y = &b->nodes[node_b];
    if (x->type != y->type || x->count != y->count)
        return false;
    switch ((enum json_type)x->type) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: return true;
    case JSON_NUMBER: return decimal_compare_text(json_raw(a, node_a), json_raw(b, node_b)) == 0;
    case JSON_STRING: return json_compare_strings(a, node_a, b, node_b) == 0;
    case JSON_ARRAY: return equal_arrays(a, node_a, b, node_b);
    case JSON_OBJECT: return equal_objects(a, node_a, b, node_b);
    }
    return false;
}
