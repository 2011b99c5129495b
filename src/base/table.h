// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A hash table from byte strings to pointers. Keys are borrowed: they must live, unchanged, inside
// the value or longer. The hash is seeded at random per table. One thread, or read-only by many.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct table_slot {
    struct slice key;
    void *value; // NULL: empty
    uint64_t hash;
};

struct table {
    struct table_slot *slots; // owned; a power of two, linear probing
    size_t capacity;
    size_t count;
    uint64_t seed[2]; // random, since peers choose keys
};

void table_init(struct table *table);
void table_release(struct table *table); // frees the slots, not the values
// Makes `to`, which is not initialised, hold the same entries. 0 or ERROR_NO_MEMORY.
int table_copy(const struct table *from, struct table *to) MUST_CHECK;
// The value or NULL.
void *table_get(const struct table *table, struct slice key);
// Replaces an entry of the same key. `value` is not NULL. 0 or ERROR_NO_MEMORY.
int table_put(struct table *table, struct slice key, void *value) MUST_CHECK;
// The removed value or NULL.
void *table_remove(struct table *table, struct slice key);
// Calls back for each entry, in no particular order; the table must not change meanwhile.
typedef void (*table_visit_cb)(void *argument, struct slice key, void *value);
void table_each(const struct table *table, table_visit_cb visit, void *argument);
