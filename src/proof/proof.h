// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What proving a log takes besides audit/'s verifier: the files of a decision log in the order of
// their rows, and the admin audit's rows as the database keeps them. For the command and for the
// gateway itself.
#pragma once

#include "audit/audit.h"
#include "store/store.h"

// ---- The files of a decision log, read a piece at a time
struct proof_file {
    const char *path; // borrowed
    size_t place;     // among those given
    uint64_t rows_before;
    bool is_key; // not a log: a key beside it
    uint64_t device, inode, bytes;
};
struct proof_files {
    struct proof_file *items; // owned; sorted by their rows
    size_t count;
    char *piece; // owned
    // The log is in use by this very process: what has another file's place by now is not read, and
    // no more of a file than it had when reading began.
    bool watched;
};

// Leaves out keys, which lie beside a log. ERROR_IO, or ERROR_NOT_FOUND when one is not there, with
// a sentence. Released also after a failure.
int proof_files_open(char **paths, size_t count, struct proof_files *ret,
                     struct error *error) MUST_CHECK;
// The file's bytes in pieces until one is answered with other than 0, which is returned; ERROR_IO
// with a sentence; ERROR_AGAIN when another file has its place by now.
int proof_files_read(struct proof_files *files, size_t number,
                     int (*take)(void *argument, struct slice piece), void *argument,
                     struct error *error) MUST_CHECK;
void proof_files_release(struct proof_files *files);

// ---- A chain of the admin audit: an organisation's
struct proof_chain_options {
    const char *organisation;         // its id; must outlive it
    const struct chain_keyring *keys; // believed
    const struct chain_row *noted;    // a row that it is known to have, or NULL
};
struct proof_chain;
struct proof_chain *proof_chain_new(const struct proof_chain_options *options); // NULL: no memory
void proof_chain_free(struct proof_chain *chain);                               // NULL accepted
// The next row, with its columns. 0 also behind a bad one, which ends the proof; ERROR_NO_MEMORY.
int proof_chain_feed(struct proof_chain *chain, const struct store_audit *row) MUST_CHECK;
// After the last row; `line` of the proof is a row's number. 0 or ERROR_NO_MEMORY.
int proof_chain_finish(struct proof_chain *chain) MUST_CHECK;
const struct audit_proof *proof_chain_result(const struct proof_chain *chain);
// The keys that are believed by now. Lives as long.
const struct chain_keyring *proof_chain_keys(const struct proof_chain *chain);
// How long the oldest row that is not signed has waited, when that is longer than a running gateway
// lets rows wait: it cannot sign, or signed rows are gone. 0: all is well.
int64_t proof_chain_overdue_ms(const struct proof_chain *chain);

// ---- What was proven of one log, as JSON: docs/cli.md has the members
struct proof_verdict {
    const struct audit_proof *proof;
    const char *kind;  // what the place is: "file" or "organisation"
    const char *place; // of the bad row, or whose log it is
    const char *line;  // what counts in it: "line" or "row"
    const char *rows;  // "decisions" or "changes"
    bool key_given;
    bool in_use; // a gateway has it: that it has no signed end is no news
};
void proof_write(struct buffer *out, const struct proof_verdict *verdict); // an object
