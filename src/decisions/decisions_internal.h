// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside decisions/. A *segment* is a file of the log. A *shape* is what many rows of a segment
// have in common: the texts before DECISIONS_ID. A *block* is up to BLOCK_ROWS rows that follow
// each other; it says which shapes it has, so that a search for any combination of texts first
// becomes a set of shapes, then the blocks that have one of them, then rows, each of which is read
// from the log and judged in full.
#pragma once

#include "base/table.h"
#include "base/thread.h"
#include "chain/chain.h"
#include "decisions/decisions.h"
#include "store/index.h"

#include <limits.h>
#include <stdatomic.h>

enum {
    BLOCK_ROWS = 4096,
    SHAPE_TEXTS = DECISIONS_ID,
    NOTE = 0, // the shape of what is no decision
    ROW_BYTES_MAX = 1024 * 1024,
};

// ---- shapes.c: the shapes of the segment that is being indexed. Peers choose some of the texts,
// so their number is bounded, of each grant and in all; what is beyond gets a *loose* shape, of
// which some texts are not known.
enum loose {
    LOOSE_NOT,
    LOOSE_SUBJECT,    // subject, rule and reason are not known
    LOOSE_MOST,       // only organisation and outcome are
    LOOSE_EVERYTHING, // nothing is
};
enum {
    SHAPES_OF_GRANT_MAX = 512,
    SHAPES_EXACT_MAX = 98304,
    SHAPES_SUBJECT_MAX = 114688,
    SHAPES_MOST_MAX = 131071,
    SHAPES_MAX = 131072,
};
struct shape {
    uint32_t id;
    struct slice key; // behind this; see shape_key
};
struct shapes {
    struct table known;  // by key
    struct table grants; // number of exact shapes, by organisation and grant
    uint32_t count;
};
void shapes_init(struct shapes *shapes);
void shapes_release(struct shapes *shapes);
// Appends the texts of a row, those that stay unknown empty, with a line feed between them. Digits
// of reasons ("Try again in 34 s") become one.
void shape_key(struct buffer *out, const struct decisions_row *row, enum loose loose);
// The reason as shapes have it.
void shape_write_reason(struct buffer *out, struct slice reason);
// The row's shape; a new one is marked so and is to be put into the index. ERROR_NO_MEMORY.
struct shape_found {
    uint32_t id;
    bool fresh;
    enum loose loose;
    struct slice organisation, key; // of a fresh one; until the next call
};
int shapes_find(struct shapes *shapes, const struct decisions_row *row, struct buffer *scratch,
                struct shape_found *ret) MUST_CHECK;
// One that is in the index already.
int shapes_learn(struct shapes *shapes, const struct store_shape *shape) MUST_CHECK;
// Does a shape of this looseness know this text?
bool shape_knows(size_t text, enum loose loose);
// Takes a key apart. False: it is none.
bool shape_parse(struct slice key, struct slice ret[SHAPE_TEXTS]);

// ---- pack.c: rows of a block
struct packed_row {
    uint32_t shape;
    uint32_t length; // of the line, with its line feed
    int64_t time_ms;
    int64_t at; // in the file; only when unpacked
};
struct packer {
    struct store_block block; // without its bytes
    struct buffer data;
    int64_t last_ms, end; // of the block in the file
    uint32_t *counts;     // by shape; owned
    size_t counts_size;
};
void packer_init(struct packer *packer);
void packer_release(struct packer *packer);
void packer_begin(struct packer *packer, int64_t segment, int64_t first_row, int64_t at);
int packer_add(struct packer *packer, const struct packed_row *row) MUST_CHECK;
// Appends what the block says of its shapes.
void packer_write_shapes(const struct packer *packer, struct buffer *out);
// Takes up a block that is in the index. ERROR_PROTOCOL: it is damaged.
int packer_resume(struct packer *packer, const struct store_block *block,
                  struct slice data) MUST_CHECK;

// The rows of a block, at most BLOCK_ROWS. ERROR_PROTOCOL: it is damaged.
int unpack_rows(const struct store_block *block, struct slice data,
                struct packed_row ret[BLOCK_ROWS]) MUST_CHECK;
// The next shape and its number of rows; false at the end.
bool unpack_shape(struct slice *rest, uint32_t *last, uint32_t *ret_rows);

// ---- band.c: which shape is in which of BAND_BLOCKS blocks, so that a search for what is rare
// looks at few of them
enum { BAND_BLOCKS = 64 };
struct band {
    int64_t segment, last_row;
    int64_t first_rows[BAND_BLOCKS];
    size_t count;
    uint64_t *blocks; // owned; of each shape, a bit for each block
};
void band_init(struct band *band);
void band_release(struct band *band);
void band_begin(struct band *band, int64_t segment);
// One more block, which does not change any more.
void band_add(struct band *band, const struct store_block *block, struct slice shapes);
void band_write(const struct band *band, struct buffer *out);
// Which blocks of a written band have a shape that the set wants, and their first rows.
// ERROR_PROTOCOL: it is damaged.
int band_read(struct slice data, const unsigned char *set, uint64_t *ret_blocks,
              int64_t ret_first_rows[BAND_BLOCKS], size_t *ret_count) MUST_CHECK;

// ---- files.c: the files of the log
struct log_file {
    char *path; // owned
    const char *name;
    int64_t inode, size, rows_before;
    unsigned char head[CHAIN_LINK_SIZE];
};
struct log_files {
    struct log_file *items; // owned; in the order of their rows, none overlaps another
    size_t count, capacity;
    bool failed; // not all could be read
};
void log_files_list(const char *log, struct log_files *ret);
void log_files_release(struct log_files *files);
// Opens the file with this inode: first under its name, else wherever it is now. -1: it is gone.
int log_file_open(const char *log, struct slice name, int64_t inode);
// As pread, but whole: false when there is less.
bool log_file_read(int fd, char *bytes, size_t size, int64_t at);

// ---- The thread that writes the index
struct segment {
    struct segment *next;
    int64_t id, inode, first_row, last_row, last_at, indexed;
    int64_t size;  // of the file, when it was last looked at
    int64_t tried; // its size when there was no whole line more; 0: never
    unsigned char head[STORE_LINK_SIZE], last_link[STORE_LINK_SIZE];
    char *name; // owned
    bool present, checked;
};
struct follower {
    struct decisions *decisions;
    struct store_index *index; // NULL: cannot be had now
    struct segment *segments;  // owned; in the order of their rows
    struct segment *current;   // the one that `shapes` and `packer` are of; NULL: none
    struct shapes shapes;
    struct packer packer;
    struct band band; // of blocks that are full
    bool packing;     // the packer has a block, which may not be full
    int fd;           // of `current`, -1: none
    char *bytes;      // owned; of CHUNK
    bool skipping;    // inside of a line that is too long for a row
    bool in_change;   // a transaction is open
    bool told;        // that it cannot be written
    uint64_t scan_at_us;
    struct buffer scratch, packed;
};
// ---- segments.c: what the index has of which file. Failures as store/index.h has them.
int follow_load(struct follower *follower, struct error *error) MUST_CHECK;
void follow_forget(struct follower *follower); // all that is in memory
// Compares with the files that are there now: drops what is gone, begins what is new.
int follow_scan(struct follower *follower, struct error *error) MUST_CHECK;
int follow_change(struct follower *follower, struct error *error) MUST_CHECK; // begins one
int follow_put_segment(struct follower *follower, const struct segment *segment,
                       struct error *error) MUST_CHECK;
// ---- take.c: rows into the index
// Makes it the current one. *ret_there false: its file is gone.
int follow_open(struct follower *follower, struct segment *segment, bool *ret_there,
                struct error *error) MUST_CHECK;
char *follow_bytes(void); // what it reads into; NULL: no memory
// Takes up to CHUNK bytes more of the current one, in a transaction. *ret_more: there may be more.
int follow_take(struct follower *follower, bool *ret_more, struct error *error) MUST_CHECK;

// ---- A reader's part
struct reader {
    struct reader *next;
    struct store_index *index;
    struct packed_row rows[BLOCK_ROWS];
    char *line; // owned; of ROW_BYTES_MAX
    // Of the segment that is looked at:
    int64_t segment; // 0: none
    int64_t first_row, last_row;
    int fd;             // -1: its file is gone, or not open yet
    bool opened;        // it was tried
    unsigned char *set; // owned; SHAPES_MAX + 1: 0 not wanted, 1 wanted, 2 perhaps
    bool any;           // is one wanted at all?
};

struct decisions {
    struct decisions_options options; // paths owned
    pthread_t thread;
    struct waker waker;
    atomic_bool stop, up;
    atomic_bool suspect;                        // a reader found the index damaged
    atomic_uint_fast64_t row, behind, level_us; // when it was last level with the log
    // Readers hold it while they look, the follower while the index is made anew.
    pthread_rwlock_t gate;
    bool ready;           // there is an index to read; the gate's
    pthread_mutex_t lock; // of the readers that wait
    struct reader *readers;
};
void *follow_run(void *decisions);
// Waits until the index may be read. ERROR_AGAIN: it cannot be now.
int reader_take(struct decisions *decisions, struct reader **ret, struct error *error) MUST_CHECK;
void reader_give(struct decisions *decisions, struct reader *reader);
void reader_leave(struct reader *reader);        // the segment it looks at
void readers_close(struct decisions *decisions); // those that wait

// ---- match.c
struct matcher {
    const struct decisions_filter *filter;
    struct slice wanted[DECISIONS_TEXTS]; // escaped
    struct slice outcomes[DECISIONS_OUTCOMES_MAX];
    struct slice text, reason_text; // escaped; as shapes have reasons
    struct arena arena;
};
enum match { MATCH_NO, MATCH_YES, MATCH_PERHAPS };
int matcher_init(struct matcher *matcher, const struct decisions_filter *filter,
                 struct error *error) MUST_CHECK;
void matcher_release(struct matcher *matcher);
// Does a row of this shape match? Perhaps: only the row itself tells.
enum match matcher_shape(const struct matcher *matcher, const struct store_shape *shape);
bool matcher_row(const struct matcher *matcher, const struct decisions_row *row);
bool matcher_time(const struct matcher *matcher, int64_t time_ms);
