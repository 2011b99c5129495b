// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What `audit verify` and `audit export` share.
#pragma once

#include "cli/cli_internal.h"
#include "proof/proof.h"
#include "store/store.h"

#include <glob.h>

// ---- audit_files.c: exit codes; what is wrong has been said. Released also after a failure.
int audit_files_open(char **paths, int count, struct proof_files *ret);
// The same when there must be a log among them.
int audit_files_must_open(char **paths, int count, struct proof_files *ret);
// proof_files_read; ERROR_IO has been said.
int audit_files_read(struct proof_files *files, size_t number,
                     int (*take)(void *argument, struct slice piece), void *argument);

// ---- audit_noted.c: rows of earlier, kept elsewhere
enum { AUDIT_OWNER_SIZE = 64 };
struct audit_noted_row {
    char owner[AUDIT_OWNER_SIZE]; // an organisation's id; empty: the decision log
    struct chain_row row;         // the newest; its bytes are gone
    bool found;
};
struct audit_noted {
    struct audit_noted_row *items; // owned
    size_t count;
    struct chain_row last; // in the file
};
// An exit code; what is wrong has been said. Released also after a failure.
int audit_noted_read(const char *path, struct audit_noted *ret);
// NULL: none was noted.
const struct chain_row *audit_noted_of(struct audit_noted *noted, struct slice owner);
void audit_noted_release(struct audit_noted *noted);

// ---- audit_words.c: what was proven of one log, in words
void audit_write_text(struct buffer *out, const struct proof_verdict *verdict);

// ---- audit_verify.c
// Feeds them to the verifier: 0, ERROR_PROTOCOL (a bad row), ERROR_IO (said) or ERROR_NO_MEMORY.
int audit_verify_inputs(struct audit_verifier *verifier, struct proof_files *inputs);

// ---- audit_verify_data.c: both logs of a folder. An exit code.
struct audit_data_options {
    const char *folder;
    char **files; // the decision log's; none: those in the folder
    int file_count;
    const struct chain_keyring *keys; // believed
    struct audit_noted *noted;        // may be empty
    bool json;
};
int audit_verify_data(const struct audit_data_options *options);

// ---- audit_data.c: the admin audit in a folder's database.
struct audit_data_visitor {
    // For each organisation begin, its rows, end (may be NULL). A result other than 0 ends all.
    int (*begin)(void *argument, const struct store_organisation *organisation);
    int (*row)(void *argument, const struct store_audit *row);
    int (*end)(void *argument);
    void *argument;
    const char *only; // name of an organisation; NULL: all
};
// An exit code; what is wrong has been said. ERROR_NO_MEMORY of the visitor is said, too.
int audit_data_read(const char *folder, const struct audit_data_visitor *visitor);
bool audit_data_in_use(const char *folder); // a gateway has it
// The files of the decision log in the folder, as the shell would list them; globfree() them.
int audit_data_logs(const char *folder, glob_t *ret);
