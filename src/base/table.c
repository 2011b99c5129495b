// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/table.h"
#include "base/memory.h"
#include "base/random.h"

enum { FIRST_CAPACITY = 16 };

void table_init(struct table *table)
{
    *table = (struct table){0};
    random_bytes(table->seed, sizeof table->seed);
}

void table_release(struct table *table)
{
    memory_free(table->slots);
    table->slots = NULL;
    table->capacity = table->count = 0;
}

int table_copy(const struct table *from, struct table *to)
{
    *to = *from;
    to->slots = NULL;
    if (from->capacity == 0)
        return 0;
    to->slots = memory_try_new(from->capacity * sizeof *to->slots);
    if (to->slots == NULL) {
        table_release(to);
        return ERROR_NO_MEMORY;
    }
    memcpy(to->slots, from->slots, from->capacity * sizeof *to->slots);
    return 0;
}

static size_t find(const struct table *table, struct slice key, uint64_t hash)
{
    size_t at = (size_t)hash & (table->capacity - 1);
    while (table->slots[at].value != NULL &&
           (table->slots[at].hash != hash || !slice_equal(table->slots[at].key, key)))
        at = (at + 1) & (table->capacity - 1);
    return at;
}

void *table_get(const struct table *table, struct slice key)
{
    if (table->count == 0)
        return NULL;
    return table->slots[find(table, key, slice_hash(key, table->seed))].value;
}

static int grow(struct table *table)
{
    struct table bigger = *table;
    bigger.capacity = table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    bigger.slots = memory_try_new(bigger.capacity * sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < table->capacity; i++) {
        struct table_slot *slot = &table->slots[i];
        if (slot->value != NULL)
            bigger.slots[find(&bigger, slot->key, slot->hash)] = *slot;
    }
    memory_free(table->slots);
    *table = bigger;
    return 0;
}

int table_put(struct table *table, struct slice key, void *value)
{
    if ((table->count + 1) * 4 > table->capacity * 3) {
        int error = grow(table);
        if (error != 0)
            return error;
    }
    uint64_t hash = slice_hash(key, table->seed);
    struct table_slot *slot = &table->slots[find(table, key, hash)];
    if (slot->value == NULL)
        table->count++;
    *slot = (struct table_slot){key, value, hash};
    return 0;
}

void *table_remove(struct table *table, struct slice key)
{
    if (table->count == 0)
        return NULL;
    size_t mask = table->capacity - 1;
    size_t at = find(table, key, slice_hash(key, table->seed));
    void *value = table->slots[at].value;
    if (value == NULL)
        return NULL;
    table->count--;
    // Close the gap: move later entries of the same run back, so that probing still finds them.
    for (size_t probe = (at + 1) & mask; table->slots[probe].value != NULL;
         probe = (probe + 1) & mask) {
        size_t home = (size_t)table->slots[probe].hash & mask;
        if (((probe - home) & mask) >= ((probe - at) & mask)) {
            table->slots[at] = table->slots[probe];
            at = probe;
        }
    }
    table->slots[at] = (struct table_slot){0};
    return value;
}

void table_each(const struct table *table, table_visit_cb visit, void *argument)
{
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].value != NULL)
            visit(argument, table->slots[i].key, table->slots[i].value);
}
