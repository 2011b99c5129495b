// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "limit/journal_internal.h"

#include "base/thread.h"

#include <string.h>
#include <sys/mman.h>

enum { CHUNKS_AT_HAND = 2 * LIMIT_SHARDS };

// ---- Places and checks

size_t limit_journal_size(void)
{
    return LIMIT_JOURNAL_HEAD + (size_t)LIMIT_CHUNKS * LIMIT_CHUNK_BYTES;
}

struct limit_journal_head *limit_journal_head_of(const struct limit_journal *journal)
{
    return (struct limit_journal_head *)(void *)journal->map;
}

unsigned char *limit_chunk_at(const struct limit_journal *journal, uint32_t chunk)
{
    return journal->map + LIMIT_JOURNAL_HEAD + (size_t)chunk * LIMIT_CHUNK_BYTES;
}

const unsigned char *limit_journal_id(const struct limit_journal *journal)
{
    return limit_journal_head_of(journal)->id;
}

static uint64_t hash_of(const void *from, size_t length, const uint64_t seed[2])
{
    return slice_hash(slice_of(from, length), seed);
}

uint64_t limit_journal_check(const struct limit_journal_head *head)
{
    static const uint64_t seed[2] = {1, 2};
    return hash_of(head, offsetof(struct limit_journal_head, check), seed);
}

uint64_t limit_chunk_check(const struct limit_journal *journal, const struct limit_chunk_head *head)
{
    return hash_of(head, offsetof(struct limit_chunk_head, check), journal->seed);
}

uint32_t limit_note_check(const struct limit_journal *journal, const struct limit_chunk_head *chunk,
                          const struct limit_note_head *note)
{
    // What was in the chunk before, of an earlier epoch, is not taken for a note of this one.
    const uint64_t seed[2] = {journal->seed[0] ^ chunk->epoch,
                              journal->seed[1] ^ chunk->order ^ (uint64_t)chunk->lane << 32};
    size_t from = offsetof(struct limit_note_head, at_ms);
    uint64_t hash = hash_of((const char *)note + from, note->bytes - from, seed) ^ note->bytes;
    return (uint32_t)(hash ^ hash >> 32);
}

const struct limit_note_head *limit_note_next(const struct limit_journal *journal,
                                              const struct limit_chunk_head *chunk, size_t *at)
{
    const struct limit_note_head *note = (const void *)((const char *)chunk + *at);
    if (*at > LIMIT_CHUNK_BYTES - sizeof *note || note->bytes < sizeof *note ||
        note->bytes > LIMIT_CHUNK_BYTES - *at || note->bytes % 8 != 0 ||
        note->key_length > note->bytes - sizeof *note || note->key_length > LIMIT_KEY_MAX ||
        note->check != limit_note_check(journal, chunk, note))
        return NULL;
    *at += note->bytes;
    return note;
}

// ---- Chunks

static uint16_t take_chunk(struct limit_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    uint16_t chunk = journal->free_chunk;
    if (chunk != LIMIT_NO_CHUNK) {
        journal->free_chunk = journal->next[chunk];
        journal->free_count--;
    }
    bool low = journal->free_count < LIMIT_CHUNKS / 2;
    const struct waker *waker = journal->waker;
    if (chunk == LIMIT_NO_CHUNK)
        atomic_store(&journal->full, true);
    pthread_mutex_unlock(&journal->lock);
    if (low && waker != NULL)
        waker_wake(waker);
    return chunk;
}

static int begin_chunk(struct limit_journal *journal, uint32_t lane_number)
{
    struct limit_lane *lane = &journal->lanes[lane_number];
    uint16_t chunk = take_chunk(journal);
    if (chunk == LIMIT_NO_CHUNK)
        return ERROR_IO;
    struct limit_chunk_head *head = (void *)limit_chunk_at(journal, chunk);
    *head = (struct limit_chunk_head){
        .epoch = lane->epoch, .lane = lane_number, .order = lane->order++};
    head->check = limit_chunk_check(journal, head);
    journal->next[chunk] = lane->chunk;
    lane->chunk = chunk;
    lane->used = sizeof *head;
    return 0;
}

uint64_t limit_journal_turn(struct limit_journal *journal, uint32_t lane_number,
                            uint16_t *ret_chunks)
{
    struct limit_lane *lane = &journal->lanes[lane_number];
    *ret_chunks = lane->chunk;
    lane->chunk = LIMIT_NO_CHUNK;
    lane->order = 0;
    return lane->epoch++;
}

void limit_journal_folded(struct limit_journal *journal, uint32_t lane, uint64_t epoch,
                          uint16_t chunks)
{
    // First: a limits file that is put back from an older copy must be told from its own.
    limit_journal_head_of(journal)->folded[lane] = epoch;
    pthread_mutex_lock(&journal->lock);
    while (chunks != LIMIT_NO_CHUNK) {
        uint16_t next = journal->next[chunks];
        // What a burst used is the system's again; what is used all the time stays at hand.
        if (chunks >= CHUNKS_AT_HAND)
            (void)madvise(limit_chunk_at(journal, chunks), LIMIT_CHUNK_BYTES, MADV_DONTNEED);
        journal->next[chunks] = journal->free_chunk;
        journal->free_chunk = chunks;
        journal->free_count++;
        chunks = next;
    }
    atomic_store(&journal->full, journal->free_chunk == LIMIT_NO_CHUNK);
    pthread_mutex_unlock(&journal->lock);
}

void limit_journal_start(struct limit_journal *journal, const struct store_journal *known)
{
    journal->free_count = LIMIT_CHUNKS;
    journal->free_chunk = 0;
    for (uint32_t i = 0; i < LIMIT_CHUNKS; i++)
        journal->next[i] = i + 1 < LIMIT_CHUNKS ? (uint16_t)(i + 1) : LIMIT_NO_CHUNK;
    for (uint32_t i = 0; i < LIMIT_SHARDS; i++) {
        limit_journal_head_of(journal)->folded[i] = known->folded[i];
        journal->lanes[i] =
            (struct limit_lane){.epoch = known->folded[i] + 1, .chunk = LIMIT_NO_CHUNK};
    }
}

bool limit_journal_has_room(const struct limit_journal *journal)
{
    return !atomic_load_explicit(&journal->full, memory_order_relaxed);
}

void limit_journal_tell(struct limit_journal *journal, const struct waker *waker)
{
    pthread_mutex_lock(&journal->lock);
    journal->waker = waker;
    pthread_mutex_unlock(&journal->lock);
}

// ---- Notes

int limit_journal_note(struct limit_journal *journal, uint32_t lane_number, enum limit_note what,
                       const struct limit_counter *counter, int64_t at_ms, struct decimal amount)
{
    struct limit_lane *lane = &journal->lanes[lane_number];
    uint32_t bytes = (uint32_t)(sizeof(struct limit_note_head) + counter->key_length + 7u) / 8 * 8;
    if ((lane->chunk == LIMIT_NO_CHUNK || lane->used + bytes > LIMIT_CHUNK_BYTES) &&
        begin_chunk(journal, lane_number) != 0)
        return ERROR_IO;
    unsigned char *chunk = limit_chunk_at(journal, lane->chunk);
    struct limit_note_head *note = (void *)(chunk + lane->used);
    const struct limit_window *window = &counter->class->window;
    *note = (struct limit_note_head){.bytes = bytes,
                                     .at_ms = at_ms,
                                     .window_ms = window->length_ms,
                                     .amount = amount,
                                     .what = (uint8_t)what,
                                     .sliding = window->sliding,
                                     .calendar_month = window->calendar_month,
                                     .key_length = counter->key_length};
    // The last word holds the end of the key and nothing of what was there before.
    memset((char *)note + bytes - 8, 0, bytes > sizeof *note ? 8 : 0);
    memcpy((char *)note + sizeof *note, counter->key, counter->key_length);
    // Last: a process that is killed before this has not let the call out either.
    note->check = limit_note_check(journal, (const void *)chunk, note);
    lane->used += bytes;
    return 0;
}
