// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside audit/: the ring between the owner thread and the writer, the row that a record becomes,
// the chain of rows and the file that they go to.
#pragma once

#include "audit/audit.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "chain/chain.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum {
    AUDIT_TEXT_MAX = 1024, // bytes kept of each string
    AUDIT_KEY_MAX = 128,   // and of each argument key
    AUDIT_KEYS_MAX = 64,
    AUDIT_ARGUMENTS_MAX = 64 * 1024, // more are left out as a whole
    AUDIT_CHARGED_MAX = 16 * 1024,   // the same
};

// Every string of a record, in the order in which the line shows them.
enum audit_text {
    AUDIT_ID,
    AUDIT_ORGANISATION,
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
    AUDIT_APPROVAL,
    AUDIT_TRACE,
    AUDIT_TEXTS,
};

// A record as it lies in the ring: this head, then the bytes of the texts, those of the keys, those
// of the arguments, and those of the limits.
struct audit_cell {
    uint32_t size; // of the whole cell, a multiple of 8; 0: the rest of the ring is unused
    uint32_t key_total;
    int32_t upstream_status;
    uint32_t redacted;
    uint32_t arguments_length, arguments_left_out;
    uint16_t key_count;
    uint16_t answer; // enum audit_answer
    uint32_t cut;    // bit per text: there was more of it
    int64_t time_ms, decide_us, upstream_us, total_us;
    uint16_t lengths[AUDIT_TEXTS];
    uint16_t charged_length;
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
// Appends the body of the cell's row, which chain_append completes, and a line feed.
void audit_line(struct buffer *out, struct audit_second *second, const struct audit_cell *cell);

// ---- file.c: whole lines to a file, even when it is full for a while.
struct audit_file {
    const char *path; // borrowed
    int fd;
    bool regular; // otherwise a pipe or a device: no lock, no end to look at
    dev_t device; // what the descriptor stands for
    ino_t inode;
    off_t end;      // where it ended when the chain was last known to stand there; -1: unknown
    size_t partial; // bytes of the first unwritten line that are in the file already
};
enum audit_place {
    AUDIT_THERE,
    AUDIT_MOVED,    // nothing has the path now
    AUDIT_REPLACED, // something else has
    AUDIT_DELETED,
};

int audit_file_open(struct audit_file *file, const char *path, struct error *error) MUST_CHECK;
// 0; ERROR_AGAIN when another process has it; never waits.
int audit_file_lock(const struct audit_file *file) MUST_CHECK;
void audit_file_unlock(const struct audit_file *file);
enum audit_place audit_file_place(const struct audit_file *file);
// Writes from the front of `lines` and consumes the complete lines that were written; *ret_lines is
// their number. 0 when all was written, ERROR_IO and errno otherwise.
int audit_file_write(struct audit_file *file, struct buffer *lines, size_t *ret_lines) MUST_CHECK;
void audit_file_close(struct audit_file *file);

// ---- tail.c
enum {
    AUDIT_ROW_MAX = 256 * 1024,    // longer than any row
    AUDIT_LOOSE_MAX = 1024 * 1024, // what is told of bytes that are no row
};
struct audit_tail {
    bool found; // a row; otherwise the whole file is none of ours
    struct chain_state state;
    bool open_line; // the file does not end with a line feed
    bool torn;      // something is behind the last row
    size_t loose;   // its bytes, without a line feed at the end
    unsigned char loose_hash[CHAIN_LINK_SIZE];
};
// 0, or errno tells why not.
int audit_tail_read(int fd, off_t size, struct chain_hasher *hasher,
                    struct audit_tail *ret) MUST_CHECK;

// ---- segments.c
// The former file beside the log that has the newest row. False: there is none.
bool audit_newest_segment(const char *path, struct chain_hasher *hasher, char ret[PATH_MAX]);

// The number of a file's last row, 0 when it has none.
uint64_t audit_newest_row(const char *path, struct chain_hasher *hasher);

// What the log was cut into: "<log>.<number of the last row>", with at least so many digits.
enum { AUDIT_SEGMENT_DIGITS = 12, AUDIT_SEGMENTS_MAX = 256 };
struct audit_segment {
    uint64_t last; // row
    uint64_t bytes;
    int64_t changed_ms;
};
// The oldest ones, sorted; how many.
size_t audit_list_segments(const char *path, struct audit_segment ret[AUDIT_SEGMENTS_MAX]);
// False: the name would be too long.
bool audit_segment_name(const char *path, const struct audit_segment *segment, char ret[PATH_MAX]);

// ---- notes.c: bodies of rows that the log writes about itself. A signed one is begun, gets its
// own members, and is signed last.
struct audit_loss {
    uint64_t count; // records that were not kept
    int64_t since_ms, until_ms;
};
void audit_note_begin(struct buffer *out, const char *what, const struct chain_state *state);
void audit_note_add_number(struct buffer *out, const char *key, uint64_t number);
void audit_note_add_key(struct buffer *out, const struct chain_key *key);
void audit_note_add_new_key(struct buffer *out, const struct chain_key *next); // of "key"
int audit_note_sign(struct buffer *out, const struct chain_key *key) MUST_CHECK;
void audit_note_torn(struct buffer *out, const struct audit_tail *tail);
void audit_note_lost(struct buffer *out, const struct audit_loss *loss);

// ---- journal.c: the chain in its file. One thread.
struct audit_journal {
    struct audit_file file;
    char *key_path; // owned; NULL: a key that is kept nowhere
    struct chain_hasher *hasher;
    struct chain_key *key;
    struct chain_state state; // after the newest row that is in the file
    uint64_t vouched;         // rows when something was last signed
    bool announced;           // this process has its own "start" in the file
    struct buffer note;       // the one being written
    struct buffer sealed;     // rows on their way to the file
};
struct audit_wish {
    const struct audit_loss *loss; // to be told, or NULL
    const char *sign;              // "checkpoint" or "end" behind the rows, or NULL
};

// `key_path` NULL: beside the log, or none when the log is no regular file. `path` is borrowed.
int audit_journal_open(struct audit_journal *journal, const char *path, const char *key_path,
                       struct error *error) MUST_CHECK;
// Makes rows of the bodies (a line each), consumes those that are in the file. 0 when all is there;
// ERROR_AGAIN when another process has the file; other failures leave errno.
int audit_journal_write(struct audit_journal *journal, struct buffer *bodies,
                        const struct audit_wish *wish) MUST_CHECK;
// Goes on in a new file when the old one was moved away, and takes the key file anew. The old ones
// stay in use when that fails.
int audit_journal_reopen(struct audit_journal *journal, struct error *error) MUST_CHECK;
void audit_journal_close(struct audit_journal *journal);

// ---- journal_keep.c
// Is it time to begin a new segment?
bool audit_journal_is_full(const struct audit_journal *journal, const struct audit_keep *keep);
// Begins one if so, and deletes segments that are beyond what is kept.
int audit_journal_keep(struct audit_journal *journal, const struct audit_keep *keep,
                       struct error *error) MUST_CHECK;
uint64_t audit_segment_bytes(const struct audit_keep *keep); // the size at which one is full
uint64_t audit_segment_ms(const struct audit_keep *keep);    // and the age

// ---- follow_files.c: which file has which rows.
struct audit_source {
    int fd;          // -1: none
    uint64_t before; // rows in front of its first
    bool begins;     // with a row; else nothing is known of `before`
    bool is_log;     // it has the log's own name
    off_t size;      // when it was opened
    dev_t device;
    ino_t inode;
};
// False: it cannot be read, is empty or no file.
bool audit_source_open(const char *path, struct audit_source *ret);
// The file with the row behind `rows`, or where it will be written; when there is none, the first
// with later rows. Only files that begin behind `beyond` count, unless that is NULL. The fd is the
// caller's. False: there is none.
bool audit_source_find(const char *path, uint64_t rows, const uint64_t *beyond,
                       struct audit_source *ret);
// A place in the file from which reading line by line meets the row soon, if it is there.
int audit_source_near(int fd, uint64_t row, off_t *ret) MUST_CHECK;
