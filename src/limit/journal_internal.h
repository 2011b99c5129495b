// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The journal: what was charged and given back since the counters were last written to the limits
// file. It is a file that is mapped into memory and shared with the system, so a note costs no
// system call and outlives the process, however that ends. docs/limits.md says what is promised.
//
// The file is a head and chunks. A shard of the table writes its notes into chunks of its own, in
// the order in which it charged, under its lock. Its notes between two hand-overs are an *epoch*:
// what the writer takes from a shard at once is all of the epoch and no more, and the transaction
// that writes it to the limits file also writes which epoch of each shard that was. At a start the
// notes of later epochs are done again, in their order; all others are in the file already. So
// nothing is forgotten and nothing counted twice, wherever the process was killed.
#pragma once

#include "limit/limit_internal.h"
#include "store/store.h"

enum {
    LIMIT_CHUNKS = 512,
    LIMIT_CHUNK_BYTES = 32768, // more than twice the largest note
    LIMIT_JOURNAL_HEAD = 4096,
    LIMIT_NO_CHUNK = 0xFFFF,
};
_Static_assert((int)LIMIT_SHARDS == (int)STORE_LANES, "the limits file knows each shard's epoch");

enum limit_note {
    LIMIT_NOTE_CHARGE = 1,
    LIMIT_NOTE_GIVE_BACK = 2,
    LIMIT_NOTE_RESET = 3, // the counter is empty
};

// Makes or finds "PATH.charges". `known` is what the limits file says of its journal, and on
// success what it must say before anything is noted. ERROR_IO, ERROR_CONFIG with a sentence. The
// limits file is locked, so nobody else has it.
int limit_journal_open(const char *path, struct store_journal *known, struct limit_journal **ret,
                       struct error *error) MUST_CHECK;
void limit_journal_close(struct limit_journal *journal); // NULL accepted
// Does again what the limits file does not know yet, and says in `known` what it will know when the
// table is written. The table has no journal meanwhile.
int limit_journal_replay(struct limit_journal *journal, struct limit_table *table,
                         struct store_journal *known, struct error *error) MUST_CHECK;
// Everything noted so far is in the limits file: begins anew, with the epoch after `known`.
void limit_journal_start(struct limit_journal *journal, const struct store_journal *known);

// Under the shard's lock. ERROR_IO: no room; the writer was woken.
int limit_journal_note(struct limit_journal *journal, uint32_t lane, enum limit_note what,
                       const struct limit_counter *counter, int64_t at_ms,
                       struct decimal amount) MUST_CHECK;

// A hand-over. Under the shard's lock: ends the lane's epoch; what is noted later is of the next
// one. Returns the epoch and, in *ret_chunks, the list of its chunks.
uint64_t limit_journal_turn(struct limit_journal *journal, uint32_t lane, uint16_t *ret_chunks);
// The writer, when the epoch is in the limits file: its chunks may be used again.
void limit_journal_folded(struct limit_journal *journal, uint32_t lane, uint64_t epoch,
                          uint16_t chunks);
// False after a note found no room, until the next chunk is free. Any thread.
bool limit_journal_has_room(const struct limit_journal *journal);
// Wakes who folds when half of the room is used.
struct waker;
void limit_journal_tell(struct limit_journal *journal, const struct waker *waker);
const unsigned char *limit_journal_id(const struct limit_journal *journal);

// ---- The form of the file: numbers as the machine has them, as it never leaves it.

struct limit_journal_head {
    char magic[8];
    uint32_t version, chunk_bytes, chunks, lanes;
    unsigned char id[16]; // also in the limits file; no two journals have the same
    uint64_t check;       // of all above; what follows changes
    uint64_t folded[LIMIT_SHARDS];
};
struct limit_chunk_head {
    uint64_t epoch; // above 0
    uint32_t lane;
    uint32_t order; // within the lane's epoch
    uint64_t check;
};
struct limit_note_head {
    uint32_t bytes; // with the key, a multiple of 8; 0: nothing more
    uint32_t check; // of all that follows
    int64_t at_ms;
    int64_t window_ms;
    struct decimal amount;
    uint8_t what, sliding, calendar_month, unused;
    uint32_t key_length;
};

struct limit_lane {
    uint64_t epoch;
    uint32_t order; // of the next chunk
    uint32_t used;  // bytes of the first chunk
    uint16_t chunk; // the one that is being written, before it the earlier ones of the epoch
};

struct limit_journal {
    char *path; // owned
    int fd;
    unsigned char *map;                    // of the file
    uint64_t seed[2];                      // of checks: the journal's id
    struct limit_lane lanes[LIMIT_SHARDS]; // each under its shard's lock
    pthread_mutex_t lock;                  // of what follows
    uint16_t next[LIMIT_CHUNKS];           // lists of chunks
    uint16_t free_chunk;                   // the first
    uint32_t free_count;
    const struct waker *waker;
    atomic_bool full;
};

size_t limit_journal_size(void);
struct limit_journal_head *limit_journal_head_of(const struct limit_journal *journal);
unsigned char *limit_chunk_at(const struct limit_journal *journal, uint32_t chunk);
uint64_t limit_journal_check(const struct limit_journal_head *head);
uint64_t limit_chunk_check(const struct limit_journal *journal,
                           const struct limit_chunk_head *head);
uint32_t limit_note_check(const struct limit_journal *journal, const struct limit_chunk_head *chunk,
                          const struct limit_note_head *note);
// The note at `*at` of a chunk, which then is the place of the next; NULL when there is none, or it
// is not whole.
const struct limit_note_head *limit_note_next(const struct limit_journal *journal,
                                              const struct limit_chunk_head *chunk, size_t *at);
// Has it notes that its own head says are not in the limits file?
bool limit_journal_has_notes(const struct limit_journal *journal);
