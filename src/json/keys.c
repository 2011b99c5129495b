// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Order and uniqueness of an object's keys, safe against objects made to be slow.
#include "json/json.h"

#include "base/memory.h"
#include "base/random.h"
#include "json/json_internal.h"

static uint32_t next_key(const struct json_doc *doc, uint32_t key)
{
    return doc->nodes[key + 1].next;
}

// ---- Sorting: heap sort, because its worst case is its usual case.

static bool is_before(const struct json_doc *doc, uint32_t a, uint32_t b)
{
    return json_compare_strings(doc, a, doc, b) < 0;
}

static void sift_down(const struct json_doc *doc, uint32_t *keys, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && is_before(doc, keys[child], keys[child + 1]))
            child++;
        if (!is_before(doc, keys[root], keys[child]))
            return;
        uint32_t swap = keys[root];
        keys[root] = keys[child];
        keys[child] = swap;
        root = child;
    }
}

static void sort_keys(const struct json_doc *doc, uint32_t *keys, size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        sift_down(doc, keys, i - 1, count);
    for (size_t i = count; i > 1; i--) {
        uint32_t swap = keys[0];
        keys[0] = keys[i - 1];
        keys[i - 1] = swap;
        sift_down(doc, keys, 0, i - 1);
    }
}

int json_sorted_keys(const struct json_doc *doc, uint32_t object, uint32_t **ret)
{
    size_t count = doc->nodes[object].count;
    uint32_t *keys = memory_try_resize(NULL, (count + 1) * sizeof *keys);
    if (keys == NULL)
        return ERROR_NO_MEMORY;
    bool sorted = true;
    uint32_t key = object + 1;
    for (size_t i = 0; i < count; i++, key = next_key(doc, key)) {
        keys[i] = key;
        sorted = sorted && (i == 0 || is_before(doc, keys[i - 1], key));
    }
    if (!sorted)
        sort_keys(doc, keys, count);
    *ret = keys;
    return 0;
}

// ---- Duplicates

// One of 64 bits from what is at hand: equal keys without escapes share it.
static uint64_t key_bit(const struct json_doc *doc, const struct json_node *key)
{
    const unsigned char *text = (const unsigned char *)doc->text.data + key->start;
    uint32_t mix = (uint32_t)text[1] | (uint32_t)text[key->length - 2] << 8 | key->length << 16;
    return (uint64_t)1 << (mix * 0x9E3779B1u >> 26);
}

static bool has_twin_before(const struct json_doc *doc, uint32_t object, uint32_t key)
{
    for (uint32_t other = object + 1; other != key; other = next_key(doc, other)) {
        const struct json_node *a = &doc->nodes[other], *b = &doc->nodes[key];
        bool may_equal = a->escaped || b->escaped || a->length == b->length;
        if (may_equal && json_compare_strings(doc, other, doc, key) == 0)
            return true;
    }
    return false;
}

// Looks closely only at keys whose bit was seen before or that escapes may disguise.
static uint32_t find_in_small(const struct json_doc *doc, uint32_t object)
{
    uint64_t seen = 0;
    uint32_t key = object + 1;
    for (uint32_t i = 0; i < doc->nodes[object].count; i++, key = next_key(doc, key)) {
        const struct json_node *node = &doc->nodes[key];
        uint64_t bit = node->escaped ? UINT64_MAX : key_bit(doc, node);
        if ((seen & bit) != 0 && has_twin_before(doc, object, key))
            return key;
        seen |= bit;
    }
    return JSON_NONE;
}

struct key_slot {
    uint32_t key; // 0: empty, since node 0 is never a key
    uint32_t hash;
};

struct key_set {
    struct key_slot *slots; // a power of two, at most half full
    size_t mask;
    char *scratch; // decoded key
};

// False when an equal key is there already.
static bool add_key(struct key_set *set, const struct json_doc *doc, uint32_t key,
                    const uint64_t seed[2])
{
    struct slice value = json_inner(doc, key);
    if (doc->nodes[key].escaped)
        value = slice_of(set->scratch, json_decode(doc, key, set->scratch));
    uint64_t hash = slice_hash(value, seed);
    size_t at = (size_t)hash & set->mask;
    for (; set->slots[at].key != 0; at = (at + 1) & set->mask)
        if (set->slots[at].hash == (uint32_t)(hash >> 32) &&
            json_compare_strings(doc, set->slots[at].key, doc, key) == 0)
            return false;
    set->slots[at] = (struct key_slot){key, (uint32_t)(hash >> 32)};
    return true;
}

static size_t longest_escaped_key(const struct json_doc *doc, uint32_t object)
{
    size_t longest = 0;
    uint32_t key = object + 1;
    for (uint32_t i = 0; i < doc->nodes[object].count; i++, key = next_key(doc, key))
        if (doc->nodes[key].escaped && doc->nodes[key].length > longest)
            longest = doc->nodes[key].length;
    return longest;
}

static int find_in_large(const struct json_doc *doc, uint32_t object, const uint64_t seed[2],
                         uint32_t *ret_key)
{
    struct key_set set = {0};
    int result = ERROR_NO_MEMORY;
    uint32_t count = doc->nodes[object].count, key = object + 1;
    size_t slots = 64, scratch = longest_escaped_key(doc, object);
    while (slots < (size_t)count * 2)
        slots *= 2;
    set.mask = slots - 1;
    set.slots = memory_try_new(slots * sizeof *set.slots);
    if (set.slots == NULL)
        goto done;
    if (scratch > 0 && (set.scratch = memory_try_resize(NULL, scratch)) == NULL)
        goto done;
    uint32_t i = 0;
    while (i < count && add_key(&set, doc, key, seed)) {
        key = next_key(doc, key);
        i++;
    }
    *ret_key = i < count ? key : (uint32_t)JSON_NONE;
    result = 0;
done:
    memory_free(set.scratch);
    memory_free(set.slots);
    return result;
}

int json_find_duplicate(const struct json_doc *doc, uint32_t object, struct json_seed *seed,
                        uint32_t *ret_key)
{
    if (doc->nodes[object].count <= SMALL_OBJECT) {
        *ret_key = find_in_small(doc, object);
        return 0;
    }
    if (!seed->drawn) {
        random_bytes(seed->key, sizeof seed->key);
        seed->drawn = true;
    }
    return find_in_large(doc, object, seed->key, ret_key);
}
