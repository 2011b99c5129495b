// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What `audit verify` and `audit export` share.
#pragma once

#include "cli/cli_internal.h"
#include "store/store.h"

#include <glob.h>

struct audit_input {
    const char *path; // borrowed
    size_t place;     // on the command line
    uint64_t rows_before;
    bool is_key; // not a log: a key beside it
};
struct audit_inputs {
    struct audit_input *items; // owned; sorted by their rows
    size_t count;
    char *piece; // owned
};

// Leaves out keys, which lie beside a log. An exit code; what is wrong has been said. Released also
// after a failure.
int audit_inputs_open(char **paths, int count, struct audit_inputs *ret);
// The same when there must be a log among them.
int audit_inputs_must_open(char **paths, int count, struct audit_inputs *ret);
// The file's bytes in pieces until one is answered with other than 0, which is returned; ERROR_IO
// when it cannot be read, which has been said.
int audit_inputs_read(struct audit_inputs *inputs, size_t number,
                      int (*take)(void *argument, struct slice piece), void *argument);
void audit_inputs_release(struct audit_inputs *inputs);

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

// ---- audit_words.c: what was proven of one log
struct audit_verdict {
    const struct audit_proof *proof;
    const char *kind;  // what the place is: "file" or "organisation"
    const char *place; // of the bad row, or whose log it is
    const char *line;  // what counts in it: "line" or "row"
    const char *rows;  // "decisions" or "changes"
    bool key_given;
    bool in_use; // a gateway has it: that it has no signed end is no news
};
void audit_write_text(struct buffer *out, const struct audit_verdict *verdict);
void audit_write_json(struct buffer *out, const struct audit_verdict *verdict); // an object

// ---- audit_verify.c
// Feeds them to the verifier: 0, ERROR_PROTOCOL (a bad row), ERROR_IO (said) or ERROR_NO_MEMORY.
int audit_verify_inputs(struct audit_verifier *verifier, struct audit_inputs *inputs);

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
