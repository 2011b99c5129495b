// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The decision log: one JSON line per message that reached identity and per refusal before it.
// A thread that writes copies a record into a bounded ring, its lane; a writer thread formats,
// links (chain/chain.h) and appends. When the ring is full or the file cannot be written,
// audit_ready is false and the pipeline denies.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/clock.h"
#include "chain/chain.h"
#include "json/json.h"

struct audit_log;

// What became of limits that had been charged.
enum audit_answer {
    AUDIT_ANSWER_COUNTS, // they stay, or there were none
    AUDIT_ANSWER_ERROR,  // the answer was an error: those that count successes went back
    AUDIT_ANSWER_NONE,   // it surely did not run: all went back
};

// All slices are copied by audit_record; empty ones are written as null or left out as documented
// in docs/decision-log.md.
struct audit_record {
    int64_t time_ms;
    struct slice request_id;   // the gateway's own id of the exchange
    struct slice organisation; // its id; empty: what the configuration file declares, or nobody
    struct slice grant;
    struct slice server;
    struct slice session;   // a short hash, never the id itself
    struct slice client;    // client name
    struct slice direction; // "client" or "server": who sent the message
    struct slice method;
    struct slice subject; // tool, prompt or resource; empty otherwise
    struct slice outcome; // "allowed" "denied" "hidden" "observed" "refused" "failed" "pending"
    struct slice rule;
    struct slice reason; // our own sentence
    struct slice policy;
    struct slice policy_version;
    struct slice approval; // id of the question or the exception that it waits for or went by
    const struct slice *argument_keys;
    size_t argument_key_count;
    struct slice arguments; // values: a JSON object in one line, what may be seen of it; or empty
    size_t arguments_left_out; // how many of them are not in it
    size_t redacted;           // parts of the answer that the policy took out, or would have
    struct slice charged;      // limits that it was charged to: JSON members; or empty
    enum audit_answer answer;
    int upstream_status; // HTTP status; 0 when there was none
    int64_t decide_us;   // from the message's last byte to the verdict
    int64_t upstream_us; // 0 when it was not sent
    int64_t total_us;
    struct slice peer;  // client address
    struct slice trace; // trace id of traceparent
};

// What becomes of calls that cannot be logged.
enum audit_on_failure { AUDIT_DENY, AUDIT_ALLOW };

// What is kept of the log. The log is cut into files, an eighth of it each, and the oldest are
// deleted.
struct audit_keep {
    uint64_t ms;    // 0: whatever its age
    uint64_t bytes; // all files together; 0: whatever their size
};

struct audit_options {
    const char *path;       // copied, as is the next
    const char *key_path;   // NULL: "<path>.key"
    size_t lanes;           // how many threads write, one or more
    size_t ring_bytes;      // of each, 0: 8 MiB
    uint64_t checkpoint_ms; // the longest that a row waits for a signature, 0: a minute
    enum audit_on_failure on_failure;
    struct audit_keep keep;
};
// Opens for appending (0600) and reads or makes the signing key. ERROR_IO or ERROR_CONFIG with a
// sentence. Records of different lanes may stand in the file some milliseconds out of order.
int audit_open(const struct audit_options *options, struct audit_log **ret,
               struct error *error) MUST_CHECK;
// Never blocks; only one thread may use a lane. False when the record was dropped (it is counted).
bool audit_write(struct audit_log *log, size_t lane, const struct audit_record *record);
// Can the lane's next record be kept? Any thread.
bool audit_healthy(const struct audit_log *log, size_t lane);
// May calls go on: it can, or the options say that they may all the same. Any thread.
bool audit_ready(const struct audit_log *log, size_t lane);
struct audit_stats {
    uint64_t written, dropped, failed_writes;
    bool failing; // the last write failed
};
struct audit_stats audit_log_stats(const struct audit_log *log);
// Opens the path anew (after log rotation), and the key file. Asynchronous; done by the writer.
void audit_reopen(struct audit_log *log);
// What is kept from now on. Any thread; the writer takes it up when it next looks at its files.
void audit_set_keep(struct audit_log *log, const struct audit_keep *keep);
// Writes what is left (at most 5 s) and a signed end, then closes. NULL accepted.
void audit_close(struct audit_log *log);

// The file of the key that signs; NULL when it is kept nowhere (the log is a pipe). Any thread.
const char *audit_key_path(const struct audit_log *log);

// ---- Notes of chains that are kept elsewhere: those of the admin audit, one for each
// organisation, are rows of the database.
struct audit_note {
    const char *what;                // as in docs/decision-log.md
    const struct chain_state *state; // where the chain stands before it
    struct slice organisation;
    uint64_t organisations;          // how many there are; 0: not said
    const struct chain_key *vouched; // of "start" and "key": what signs from here on; or NULL
    uint64_t gone_to;                // of "retention"
};
// Appends the note's body, which chain_append completes.
int audit_note_write(struct buffer *out, const struct audit_note *note,
                     const struct chain_key *key) MUST_CHECK;

// ---- Verifying, offline and by pieces. One thread.
struct audit_verify_options {
    const struct chain_keyring *keys; // believed ones; none: the one that the log names first
    bool part;                        // rows before the first one given need not be accounted for
    bool running;                     // the last file may end in a line that is still being written
    bool young;                       // perhaps nothing is signed yet
    const struct chain_row *noted;    // a row that the log is known to have, or NULL
};
// What was found. A bad row ends it: what stands here is of the rows before.
struct audit_proof {
    bool bad;
    size_t file;          // of the bad row, counted from 0 in the order in which they were begun
    uint64_t line;        // from 1
    char text[400];       // what is wrong, a sentence without a full stop
    uint64_t first, last; // numbers of the rows; 0: there are none
    uint64_t decisions, signatures;
    uint64_t vouched;            // the newest row that a signature vouches for
    uint64_t gone;               // rows up to this one were deleted, as a signed row says
    uint64_t torn;               // places where a crash left half a line
    uint64_t lost;               // records that the gateway says it could not keep
    uint64_t unlinked;           // bytes in front of the chain that nothing vouches for
    uint64_t organisations;      // how many have a chain, as a signed row says; 0: none says it
    bool ended;                  // the last row is a signed end
    char key[CHAIN_KEY_ID_SIZE]; // who signed last
    char vouched_time[CLOCK_TEXT_SIZE];
};
struct audit_verifier;
struct audit_verifier *audit_verifier_new(const struct audit_verify_options *options); // or NULL
void audit_verifier_free(struct audit_verifier *verifier);                             // or NULL
// For each file in the order of its rows: begin, pieces, end. 0; ERROR_PROTOCOL when a bad row was
// found (nothing further is read then); ERROR_NO_MEMORY.
void audit_verifier_begin(struct audit_verifier *verifier);
int audit_verifier_feed(struct audit_verifier *verifier, struct slice piece) MUST_CHECK;
int audit_verifier_end(struct audit_verifier *verifier, bool last) MUST_CHECK;
// After the last file.
const struct audit_proof *audit_verifier_finish(struct audit_verifier *verifier);
// The keys that are believed by now: those given and those that they vouch for. Lives as long.
const struct chain_keyring *audit_verifier_keys(const struct audit_verifier *verifier);
// From the first bytes of a file: how many rows were before it. False: no row begins it.
bool audit_first_row(struct slice bytes, uint64_t *ret_before);

// ---- Reading: files in pieces, as lines.
struct audit_lines {
    struct buffer rest; // of a line that is not complete
};
typedef int (*audit_line_cb)(void *argument, struct slice line); // without its line feed
void audit_lines_init(struct audit_lines *lines);
void audit_lines_release(struct audit_lines *lines);
// Stops at the first result other than 0 and returns it; ERROR_TOO_LARGE for a line that is longer
// than 1 MiB.
int audit_lines_feed(struct audit_lines *lines, struct slice piece, audit_line_cb visit,
                     void *argument) MUST_CHECK;
// Everything in the log's folder whose name begins with the log's own: the log itself, its former
// files, and others, such as its key. `rest` is what follows the log's name.
typedef void (*audit_beside_cb)(void *argument, const char *path, const char *rest);
void audit_each_beside(const char *log, audit_beside_cb visit, void *argument);
// As a table: a column for each of these members (NULL-terminated), those that a row does not have
// are empty, and a text that a spreadsheet would take for a formula gets a ' in front. The document
// and the arena are scratch. False: the line is no JSON object.
extern const char *const audit_decision_columns[];
void audit_csv_head(struct buffer *out, const char *const *columns);
bool audit_csv_row(struct buffer *out, const char *const *columns, struct slice line,
                   struct json_doc *doc, struct arena *arena);
// What a note is called; empty for a decision, and for what is no row.
struct slice audit_note_kind(struct slice row);

// ---- Following: the rows of a log in their order while they are written, across its files,
// whatever process writes them. Only reads; notices new rows by looking, never by a word of the
// writer. One thread.
struct audit_follower;
struct audit_followed {
    struct slice line;    // without its line feed; until the next call
    struct chain_row row; // the same, taken apart; links are not checked
    // Rows that should have come before this one and are in no file any more (retention deleted
    // them, or somebody else); from 0: none.
    uint64_t missed_from, missed_to;
};
// Where a follower was before.
enum audit_found {
    AUDIT_FOUND,      // goes on behind that row; also when the row was deleted in the meantime
    AUDIT_FOUND_LESS, // the log ends before that row
    AUDIT_FOUND_OTHER // the log has another row of that number
};
// Begins with the log's oldest row. ERROR_UNSUPPORTED when the log is a pipe or a device; it need
// not exist yet.
int audit_follower_open(const char *path, struct audit_follower **ret,
                        struct error *error) MUST_CHECK;
void audit_follower_close(struct audit_follower *follower); // NULL accepted
// Goes on behind this row if *ret becomes AUDIT_FOUND, else with the log's oldest row. ERROR_IO,
// ERROR_NO_MEMORY.
int audit_follower_seek(struct audit_follower *follower, const struct chain_state *after,
                        enum audit_found *ret) MUST_CHECK;
// Goes on behind the newest row that there is.
int audit_follower_seek_end(struct audit_follower *follower) MUST_CHECK;
// The row that was read last; rows 0 at the log's begin.
const struct chain_state *audit_follower_state(const struct audit_follower *follower);
// The number of the newest row that there is, 0 when that cannot be told.
uint64_t audit_follower_newest(struct audit_follower *follower);
// The next row; the first one again when another log took the name. ERROR_AGAIN: there is none yet,
// ask again a moment later. ERROR_IO (errno) and ERROR_NO_MEMORY: the same call may succeed later.
int audit_follower_next(struct audit_follower *follower, struct audit_followed *ret) MUST_CHECK;
