// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "audit/audit_internal.h"
#include "base/memory.h"

enum {
    SMALLEST_RING = 512 * 1024,
    LARGEST_CELL = sizeof(struct audit_cell) + AUDIT_TEXTS * AUDIT_TEXT_MAX +
                   AUDIT_KEYS_MAX * AUDIT_KEY_MAX + AUDIT_ARGUMENTS_MAX + AUDIT_CHARGED_MAX + 8,
    HEAD_SIZE = offsetof(struct audit_cell, key_lengths),
};

bool audit_ring_init(struct audit_ring *ring, size_t size)
{
    size_t rounded = SMALLEST_RING;
    while (rounded < size && rounded <= SIZE_MAX / 4)
        rounded *= 2;
    ring->bytes = memory_try_new(rounded);
    ring->size = rounded;
    ring->tail_seen = 0;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return ring->bytes != NULL;
}

void audit_ring_release(struct audit_ring *ring)
{
    memory_free(ring->bytes);
    ring->bytes = NULL;
}

// How much of a text is kept: at most `max` bytes, cut before a character rather than inside.
static uint16_t kept_length(struct slice text, size_t max)
{
    if (text.length <= max)
        return (uint16_t)text.length;
    size_t length = max;
    while (length > max - 4 && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length--;
    return (uint16_t)length;
}

static void gather_texts(const struct audit_record *record, struct slice texts[AUDIT_TEXTS])
{
    texts[AUDIT_ID] = record->request_id;
    texts[AUDIT_ORGANISATION] = record->organisation;
    texts[AUDIT_GRANT] = record->grant;
    texts[AUDIT_SERVER] = record->server;
    texts[AUDIT_SESSION] = record->session;
    texts[AUDIT_CLIENT] = record->client;
    texts[AUDIT_PEER] = record->peer;
    texts[AUDIT_DIRECTION] = record->direction;
    texts[AUDIT_METHOD] = record->method;
    texts[AUDIT_SUBJECT] = record->subject;
    texts[AUDIT_OUTCOME] = record->outcome;
    texts[AUDIT_RULE] = record->rule;
    texts[AUDIT_REASON] = record->reason;
    texts[AUDIT_POLICY] = record->policy;
    texts[AUDIT_POLICY_VERSION] = record->policy_version;
    texts[AUDIT_APPROVAL] = record->approval;
    texts[AUDIT_TRACE] = record->trace;
}

static uint32_t bounded(size_t count)
{
    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static void fill_arguments(struct audit_cell *cell, const struct audit_record *record)
{
    bool fits = record->arguments.length <= AUDIT_ARGUMENTS_MAX;
    cell->arguments_length = fits ? (uint32_t)record->arguments.length : 0;
    cell->arguments_left_out =
        bounded(fits ? record->arguments_left_out : record->argument_key_count);
}

static void fill_head(struct audit_cell *cell, const struct audit_record *record,
                      const struct slice texts[AUDIT_TEXTS])
{
    size_t keys = record->argument_key_count;
    cell->key_total = bounded(keys);
    cell->key_count = (uint16_t)(keys > AUDIT_KEYS_MAX ? AUDIT_KEYS_MAX : keys);
    cell->upstream_status = record->upstream_status;
    cell->redacted = bounded(record->redacted);
    cell->answer = (uint16_t)record->answer;
    fill_arguments(cell, record);
    cell->time_ms = record->time_ms;
    cell->decide_us = record->decide_us;
    cell->upstream_us = record->upstream_us;
    cell->total_us = record->total_us;
    cell->cut = 0;
    cell->charged_length =
        record->charged.length <= AUDIT_CHARGED_MAX ? (uint16_t)record->charged.length : 0;
    size_t size = HEAD_SIZE + cell->key_count * sizeof *cell->key_lengths + cell->arguments_length +
                  cell->charged_length;
    for (size_t i = 0; i < AUDIT_TEXTS; i++) {
        cell->lengths[i] = kept_length(texts[i], AUDIT_TEXT_MAX);
        if (cell->lengths[i] < texts[i].length)
            cell->cut |= 1U << i;
        size += cell->lengths[i];
    }
    for (size_t i = 0; i < cell->key_count; i++) {
        cell->key_lengths[i] = kept_length(record->argument_keys[i], AUDIT_KEY_MAX);
        size += cell->key_lengths[i];
    }
    cell->size = (uint32_t)((size + 7) & ~(size_t)7);
}

static char *copy_in(char *to, struct slice text, size_t length)
{
    if (length > 0)
        memcpy(to, text.data, length);
    return to + length;
}

// Where `size` bytes fit in one piece, or NULL; *ret_head is the index of that place.
static char *find_room(struct audit_ring *ring, size_t size, size_t *ret_head)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t to_end = ring->size - (head & (ring->size - 1));
    size_t needed = to_end < size ? to_end + size : size;
    if (ring->size - (head - ring->tail_seen) < needed) {
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (ring->size - (head - ring->tail_seen) < needed)
            return NULL;
    }
    if (to_end < size) {
        // `to_end` is a multiple of 8, so the mark fits.
        memset(ring->bytes + (head & (ring->size - 1)), 0, sizeof(uint32_t));
        head += to_end;
    }
    *ret_head = head;
    return ring->bytes + (head & (ring->size - 1));
}

bool audit_ring_put(struct audit_ring *ring, const struct audit_record *record)
{
    struct slice texts[AUDIT_TEXTS];
    struct audit_cell cell;
    size_t head;
    gather_texts(record, texts);
    fill_head(&cell, record, texts);
    char *at = find_room(ring, cell.size, &head);
    if (at == NULL)
        return false;
    size_t head_size = HEAD_SIZE + cell.key_count * sizeof *cell.key_lengths;
    memcpy(at, &cell, head_size);
    at += head_size;
    for (size_t i = 0; i < AUDIT_TEXTS; i++)
        at = copy_in(at, texts[i], cell.lengths[i]);
    for (size_t i = 0; i < cell.key_count; i++)
        at = copy_in(at, record->argument_keys[i], cell.key_lengths[i]);
    at = copy_in(at, record->arguments, cell.arguments_length);
    copy_in(at, record->charged, cell.charged_length);
    // Sequentially consistent: the producer reads next whether the writer sleeps (audit_write).
    atomic_store(&ring->head, head + cell.size);
    return true;
}

bool audit_ring_has_room(const struct audit_ring *ring)
{
    // In this order the answer is at worst of a moment ago; the other way round it could be wrong.
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    // An eighth stays free for exchanges that were let in before and still have their record to
    // write.
    size_t spare = ring->size / 8 > 2 * LARGEST_CELL ? ring->size / 8 : 2 * LARGEST_CELL;
    return ring->size - (head - tail) >= spare;
}

const struct audit_cell *audit_ring_peek(struct audit_ring *ring)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load(&ring->head))
        return NULL;
    const struct audit_cell *cell = (const void *)(ring->bytes + (tail & (ring->size - 1)));
    if (cell->size != 0)
        return cell;
    // The mark of an unused end: the record that made it begins at the front.
    tail += ring->size - (tail & (ring->size - 1));
    atomic_store_explicit(&ring->tail, tail, memory_order_release);
    return (const void *)ring->bytes;
}

void audit_ring_drop(struct audit_ring *ring, const struct audit_cell *cell)
{
    atomic_fetch_add_explicit(&ring->tail, cell->size, memory_order_release);
}
