// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside the verifier: verify.c has the rows, verify_notes.c what notes say.
#pragma once

#include "audit/audit_internal.h"
#include "json/json.h"

// Lines that are no rows, until a row excuses them: a crash may leave half a line, and a chain may
// begin behind lines that were written without one.
struct loose {
    uint64_t line; // the first one's number; 0: there are none
    uint64_t at;   // where they begin in the file
    struct buffer bytes;
};

struct audit_verifier {
    struct audit_verify_options options;
    struct chain_keyring keys;
    struct chain_hasher *hasher;
    struct audit_lines lines;
    struct json_doc doc;
    struct loose loose;
    struct chain_state state;
    uint64_t line, offset; // of the line that is looked at; in its file
    size_t file;
    struct audit_proof proof;
};

// Notes what is wrong at a line of the file that is looked at; returns ERROR_PROTOCOL.
int audit_bad(struct audit_verifier *verifier, uint64_t line, const char *format, ...)
    PRINTF_LIKE(3, 4);
#define BAD(verifier, ...) audit_bad(verifier, (verifier)->line, __VA_ARGS__)
// The loose lines are not excused.
int audit_bad_loose(struct audit_verifier *verifier);

// Reads the note into the verifier's document.
int audit_verify_read(struct audit_verifier *verifier, struct slice line) MUST_CHECK;
// Members of the note that was read: empty, or UINT64_MAX, when there is no such text or number.
struct slice audit_verify_text(const struct audit_verifier *verifier, const char *name);
uint64_t audit_verify_number(const struct audit_verifier *verifier, const char *name);
// What the note says, its signature included, of the rows before it.
int audit_verify_note(struct audit_verifier *verifier, const struct chain_row *row,
                      struct slice kind) MUST_CHECK;
