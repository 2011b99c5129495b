// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What `audit verify` and `audit export` share.
#pragma once

#include "cli/cli_internal.h"

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
// The file's bytes in pieces until one is answered with other than 0, which is returned; ERROR_IO
// when it cannot be read, which has been said.
int audit_inputs_read(struct audit_inputs *inputs, size_t number,
                      int (*take)(void *argument, struct slice piece), void *argument);
void audit_inputs_release(struct audit_inputs *inputs);

// ---- audit_data.c: the admin audit in this folder's database. An exit code.
int audit_verify_data(const char *folder, bool json);
