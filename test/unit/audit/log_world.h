// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Real logs in a folder of their own, their bytes, and what the verifier says of them.
#pragma once

#include "lib/scratch.h"

#include "audit/audit.h"
#include "chain/chain.h"

struct log_world {
    struct scratch scratch;
    struct audit_log *log;
    struct chain_keyring keys; // believed; none: the log's own word
    bool part, running;        // see audit_verify_options
};

struct text {
    char *bytes; // free() it
    size_t size;
};

void world_open(struct log_world *world);
void world_close(struct log_world *world);
// "FOLDER/name" in a place of its own for each of the last four.
const char *world_path(struct log_world *world, const char *name);

// The log of this name, which makes a checkpoint after each row; with this key file when not NULL.
struct audit_log *world_log(struct log_world *world, const char *name, const char *key);
// Writes decisions and waits until they are in the file.
void world_write(struct audit_log *log, int count);
// Waits until the last row is a checkpoint: then nothing more comes by itself.
void world_wait_signed(struct log_world *world, const char *name);
void world_wait_reopened(struct log_world *world, const char *name);
// A whole log: a start, `count` decisions, an end.
void world_make(struct log_world *world, const char *name, const char *key, int count);
void world_believe(struct log_world *world, const char *public_key);

struct text world_read(struct log_world *world, const char *name);
// Where line `number` (from 0) begins; the text's end when there are fewer.
size_t text_line(struct text text, size_t number);
size_t text_lines(struct text text);
struct text text_splice(struct text text, size_t from, size_t to, const char *insert, size_t size);

// Of files in this order, fed in pieces of odd sizes.
struct audit_proof world_verify(struct log_world *world, const struct text *files, size_t count);
struct audit_proof world_verify_files(struct log_world *world, const char *const *names,
                                      size_t count);
