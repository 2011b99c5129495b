// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads a log as a stranger would, by docs/decision-log.md alone: it shares with the writer only
// what a link and a signature are.
#include "audit/verify_internal.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

int audit_bad(struct audit_verifier *verifier, uint64_t line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verifier->proof.text, sizeof verifier->proof.text, format, arguments);
    va_end(arguments);
    verifier->proof.bad = true;
    verifier->proof.file = verifier->file;
    verifier->proof.line = line;
    return ERROR_PROTOCOL;
}

int audit_bad_loose(struct audit_verifier *verifier)
{
    return audit_bad(verifier, verifier->loose.line,
                     "the line is no row of the log: it was changed, cut off or put in");
}

// ---- Rows

struct slice audit_note_kind(struct slice row)
{
    static const struct slice time = {"{\"time\":\"", 9}, note = {"\",\"note\":\"", 10};
    size_t at = time.length + CLOCK_TEXT_SIZE - 1;
    if (row.length < at + note.length || memcmp(row.data + at, note.data, note.length) != 0)
        return slice_of("", 0);
    at += note.length;
    const char *quote = memchr(row.data + at, '"', row.length - at);
    return slice_of(row.data + at, quote == NULL ? 0 : (size_t)(quote - row.data) - at);
}

// The first row of all says what was before it, unless nothing can have been.
static int take_beginning(struct audit_verifier *verifier, const struct chain_row *row,
                          struct slice kind)
{
    if (row->number == 1) {
        verifier->proof.first = 1;
        return 0;
    }
    uint64_t rows = audit_verify_number(verifier, "rows");
    if (!slice_equal_string(kind, "start") || rows == UINT64_MAX ||
        !chain_parse_hex(audit_verify_text(verifier, "head"), verifier->state.link,
                         CHAIN_LINK_SIZE))
        return BAD(verifier, "the first row is not a start: what was before it is missing");
    verifier->state.rows = rows;
    verifier->proof.first = rows + 1;
    return 0;
}

// What was noted elsewhere, before somebody could replace the log by an older or a shorter one.
static int check_noted(struct audit_verifier *verifier, const struct chain_row *row)
{
    const struct chain_row *noted = verifier->options.noted;
    return noted == NULL || noted->number != row->number ||
                   memcmp(noted->link, row->link, sizeof noted->link) == 0
               ? 0
               : BAD(verifier, "row %llu is not the one that was noted: this is another history",
                     (unsigned long long)row->number);
}

static int check_place(struct audit_verifier *verifier, const struct chain_row *row)
{
    unsigned long long number = row->number, wanted = verifier->state.rows + 1;
    unsigned char link[CHAIN_LINK_SIZE];
    if (number > wanted + 1)
        return BAD(verifier, "rows %llu to %llu are missing before row %llu", wanted, number - 1,
                   number);
    if (number > wanted)
        return BAD(verifier, "row %llu is missing before row %llu", wanted, number);
    if (number < wanted)
        return BAD(verifier, "row %llu stands behind row %llu: it is out of place or there twice",
                   number, wanted - 1);
    if (chain_link(verifier->hasher, verifier->state.link, row->bytes, link) != 0)
        return ERROR_NO_MEMORY;
    if (memcmp(link, row->link, sizeof link) != 0)
        return BAD(verifier,
                   "row %llu was changed, or is of another log: its link does not follow from its "
                   "bytes and the link before",
                   number);
    return 0;
}

static int check_row(struct audit_verifier *verifier, struct slice line,
                     const struct chain_row *row)
{
    struct slice kind = audit_note_kind(row->body);
    bool excuses = slice_equal_string(kind, "torn") || slice_equal_string(kind, "start");
    if (verifier->loose.line != 0 && !excuses)
        return audit_bad_loose(verifier);
    int result = kind.length > 0 ? audit_verify_read(verifier, line) : 0;
    if (result == 0 && verifier->proof.first == 0)
        result = take_beginning(verifier, row, kind);
    if (result == 0)
        result = check_place(verifier, row);
    if (result == 0)
        result = check_noted(verifier, row);
    verifier->proof.ended = false;
    if (result == 0 && kind.length > 0)
        result = audit_verify_note(verifier, row, kind);
    if (result == 0 && verifier->loose.line != 0)
        result = audit_bad_loose(verifier);
    if (result != 0)
        return result;
    verifier->state.rows = verifier->proof.last = row->number;
    memcpy(verifier->state.link, row->link, sizeof row->link);
    verifier->proof.decisions += kind.length == 0;
    return 0;
}

static void keep_loose(struct audit_verifier *verifier, struct slice line)
{
    struct loose *loose = &verifier->loose;
    if (loose->line == 0) {
        loose->line = verifier->line;
        loose->at = verifier->offset;
        buffer_clear(&loose->bytes);
    } else {
        buffer_append_string(&loose->bytes, "\n");
    }
    buffer_append(&loose->bytes, line);
}

static int line_cb(void *argument, struct slice line)
{
    struct audit_verifier *verifier = argument;
    struct chain_row row;
    int result = 0;
    verifier->line++;
    if (chain_parse(line, &row))
        result = check_row(verifier, line, &row);
    else
        keep_loose(verifier, line);
    verifier->offset += line.length + 1;
    return result;
}

// ---- Files

struct audit_verifier *audit_verifier_new(const struct audit_verify_options *options)
{
    struct audit_verifier *verifier = memory_new(sizeof *verifier);
    bool good = true;
    verifier->options = *options;
    verifier->hasher = chain_hasher_new();
    audit_lines_init(&verifier->lines);
    json_doc_init(&verifier->doc);
    buffer_init(&verifier->loose.bytes, AUDIT_LOOSE_MAX);
    for (size_t i = 0; options->keys != NULL && i < options->keys->count && good; i++)
        good = chain_keyring_add(&verifier->keys, chain_key_public(options->keys->keys[i]));
    if (verifier->hasher != NULL && good)
        return verifier;
    audit_verifier_free(verifier);
    return NULL;
}

void audit_verifier_free(struct audit_verifier *verifier)
{
    if (verifier == NULL)
        return;
    chain_hasher_free(verifier->hasher);
    chain_keyring_release(&verifier->keys);
    audit_lines_release(&verifier->lines);
    json_doc_release(&verifier->doc);
    buffer_release(&verifier->loose.bytes);
    memory_free(verifier);
}

void audit_verifier_begin(struct audit_verifier *verifier)
{
    verifier->line = verifier->offset = 0;
    buffer_clear(&verifier->lines.rest);
}

int audit_verifier_feed(struct audit_verifier *verifier, struct slice piece)
{
    if (verifier->proof.bad)
        return ERROR_PROTOCOL;
    int result = audit_lines_feed(&verifier->lines, piece, line_cb, verifier);
    if (result == ERROR_TOO_LARGE)
        return audit_bad(verifier, verifier->line + 1, "the line is longer than any row");
    return result;
}

int audit_verifier_end(struct audit_verifier *verifier, bool last)
{
    bool cut = verifier->lines.rest.length > 0;
    if (verifier->proof.bad)
        return ERROR_PROTOCOL;
    if (verifier->loose.line != 0)
        return audit_bad_loose(verifier);
    verifier->proof.ended = verifier->proof.ended && !cut;
    if (cut && !(last && verifier->options.running))
        return audit_bad(verifier, verifier->line + 1, "the file ends inside a row");
    verifier->file++;
    return 0;
}

static void bad_end(struct audit_verifier *verifier, unsigned long long last,
                    unsigned long long noted)
{
    BAD(verifier, "rows %llu to %llu are missing at the end: row %llu was noted", last + 1, noted,
        noted);
}

const struct audit_proof *audit_verifier_finish(struct audit_verifier *verifier)
{
    struct audit_proof *proof = &verifier->proof;
    const struct chain_row *noted = verifier->options.noted;
    if (proof->bad)
        return proof;
    if (noted != NULL && proof->first > 0 && noted->number > proof->last) {
        verifier->file--;
        bad_end(verifier, proof->last, noted->number);
        return proof;
    }
    verifier->file = 0;
    if (proof->first == 0)
        audit_bad(verifier, 1, "there is no row at all");
    else if (proof->signatures == 0 && !verifier->options.young)
        audit_bad(verifier, 1, "no row is signed");
    else if (proof->first > 1 && proof->gone < proof->first - 1 && !verifier->options.part)
        audit_bad(verifier, 1,
                  "rows %llu to %llu are missing before it, and no signed row says that they were "
                  "deleted",
                  (unsigned long long)proof->gone + 1, (unsigned long long)proof->first - 1);
    return proof;
}

const struct chain_keyring *audit_verifier_keys(const struct audit_verifier *verifier)
{
    return &verifier->keys;
}

bool audit_first_row(struct slice bytes, uint64_t *ret_before)
{
    const char *feed = bytes.length == 0 ? NULL : memchr(bytes.data, '\n', bytes.length);
    struct chain_row row;
    if (feed == NULL || !chain_parse(slice_of(bytes.data, (size_t)(feed - bytes.data)), &row))
        return false;
    *ret_before = row.number - 1;
    return true;
}
