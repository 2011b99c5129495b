// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside audit/: the ring between the owner thread and the writer, the line that a record becomes,
// and the file that lines go to.
#pragma once

#include "audit/audit.h"
#include "base/buffer.h"
#include "base/clock.h"

#include <stdatomic.h>

enum {
    AUDIT_TEXT_MAX = 1024, // bytes kept of each string
    AUDIT_KEY_MAX = 128,   // and of each argument key
    AUDIT_KEYS_MAX = 64,
};

// Every string of a record, in the order in which the line shows them.
enum audit_text {
    AUDIT_ID,
    AUDIT_GRANT,
    AUDIT_SERVER,
    AUDIT_SESSION,
    AUDIT_CLIENT,
    AUDIT_PEER,
    AUDIT_DIRECTION,
    AUDIT_METHOD,
    AUDIT_SUBJECT,
    AUDIT_OUTCOME,
    AUDIT_RULE,
    AUDIT_REASON,
    AUDIT_POLICY,
    AUDIT_POLICY_VERSION,
    AUDIT_TRACE,
    AUDIT_TEXTS,
};

// A record as it lies in the ring: this head, then the bytes of the texts, then those of the keys.
struct audit_cell {
    uint32_t size; // of the whole cell, a multiple of 8; 0: the rest of the ring is unused
    uint32_t key_total;
    int32_t upstream_status;
    uint32_t redacted;
    uint16_t key_count;
    uint16_t cut; // bit per text: there was more of it
    int64_t time_ms, decide_us, upstream_us, total_us;
    uint16_t lengths[AUDIT_TEXTS + 1];    // one of padding
    uint16_t key_lengths[AUDIT_KEYS_MAX]; // only key_count of them are stored
};

// ---- ring.c: one producer, one consumer, no lock. Both indexes only grow; a place is index %
// size.
struct audit_ring {
    char *bytes;                     // owned
    size_t size;                     // a power of two
    _Alignas(64) atomic_size_t head; // written by the producer
    size_t tail_seen;                // the producer's last look at `tail`
    _Alignas(64) atomic_size_t tail; // written by the consumer
};

bool audit_ring_init(struct audit_ring *ring, size_t size);
void audit_ring_release(struct audit_ring *ring);
// Producer. False when there is no room.
bool audit_ring_put(struct audit_ring *ring, const struct audit_record *record);
// Is there room for a good many records more? Any thread.
bool audit_ring_has_room(const struct audit_ring *ring);
// Consumer: the oldest cell or NULL, and letting go of it.
const struct audit_cell *audit_ring_peek(struct audit_ring *ring);
void audit_ring_drop(struct audit_ring *ring, const struct audit_cell *cell);

// ---- line.c
// The text of the time that was written last. All zero at first.
enum { AUDIT_MS_AT = 20 }; // where the milliseconds stand in it
struct audit_second {
    int64_t begins_ms;
    char text[CLOCK_TEXT_SIZE];
};
// Appends the cell as one JSON line.
void audit_line(struct buffer *out, struct audit_second *second, const struct audit_cell *cell);

// ---- file.c: whole lines to a file, even when it is full for a while.
struct audit_file {
    const char *path; // borrowed
    int fd;
    size_t partial; // bytes of the first unwritten line that are in the file already
};

int audit_file_open(struct audit_file *file, const char *path, struct error *error) MUST_CHECK;
// Writes from the front of `lines` and consumes what was written, but for the written part of a
// line that is not complete. 0 when all was written, ERROR_IO and errno otherwise.
int audit_file_write(struct audit_file *file, struct buffer *lines) MUST_CHECK;
// Opens the path anew; the old file stays in use when that fails.
int audit_file_reopen(struct audit_file *file, struct buffer *lines,
                      struct error *error) MUST_CHECK;
void audit_file_close(struct audit_file *file, struct buffer *lines);
