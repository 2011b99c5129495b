// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads a log as a stranger would, by docs/decision-log.md alone: it shares with the writer only
// what a link and a signature are.
#include "audit/audit_internal.h"
#include "base/memory.h"
#include "json/json.h"

#include <stdarg.h>
#include <stdio.h>

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

static int PRINTF_LIKE(3, 4)
    bad_at(struct audit_verifier *verifier, uint64_t line, const char *format, ...)
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

#define BAD(verifier, ...) bad_at(verifier, (verifier)->line, __VA_ARGS__)

static int is_no_row(struct audit_verifier *verifier)
{
    return bad_at(verifier, verifier->loose.line,
                  "the line is no row of the log: it was changed, cut off or put in");
}

// ---- Members of a note

static struct slice text_of(const struct audit_verifier *verifier, const char *name)
{
    uint32_t node = json_get(&verifier->doc, 0, name);
    if (node == JSON_NONE || json_type(&verifier->doc, node) != JSON_STRING ||
        json_at(&verifier->doc, node)->escaped)
        return slice_of("", 0);
    struct slice raw = json_raw(&verifier->doc, node);
    return slice_of(raw.data + 1, raw.length - 2);
}

// UINT64_MAX when it is none.
static uint64_t number_of(const struct audit_verifier *verifier, const char *name)
{
    uint32_t node = json_get(&verifier->doc, 0, name);
    int64_t value;
    return node == JSON_NONE || json_integer(&verifier->doc, node, &value) != 0 || value < 0
               ? UINT64_MAX
               : (uint64_t)value;
}

// The member "public_key", and that "id" is its id.
static bool key_of(const struct audit_verifier *verifier, const char *id,
                   unsigned char ret[CHAIN_PUBLIC_SIZE])
{
    if (!chain_parse_hex(text_of(verifier, "public_key"), ret, CHAIN_PUBLIC_SIZE))
        return false;
    struct chain_key *key = chain_key_from_public(ret);
    bool same = key != NULL && slice_equal_string(text_of(verifier, id), chain_key_id(key));
    chain_key_free(key);
    return same;
}

// ---- Signatures

// The text before it and the signature at the end of a note's body.
static bool split_signature(struct slice body, struct slice *ret_text,
                            unsigned char ret[CHAIN_SIGNATURE_SIZE])
{
    static const struct slice name = {",\"signature\":\"", 14};
    size_t size = name.length + 2 * CHAIN_SIGNATURE_SIZE + 1;
    if (body.length < size || body.data[body.length - 1] != '"')
        return false;
    *ret_text = slice_of(body.data, body.length - size);
    const char *digits = body.data + ret_text->length + name.length;
    return memcmp(body.data + ret_text->length, name.data, name.length) == 0 &&
           chain_parse_hex(slice_of(digits, 2 * CHAIN_SIGNATURE_SIZE), ret, CHAIN_SIGNATURE_SIZE);
}

static const struct chain_key *signer(struct audit_verifier *verifier, bool is_start)
{
    unsigned char first[CHAIN_PUBLIC_SIZE];
    if (verifier->keys.count == 0 && is_start && key_of(verifier, "key", first))
        chain_keyring_add(&verifier->keys, first);
    return chain_keyring_find(&verifier->keys, text_of(verifier, "key"));
}

static int check_signature(struct audit_verifier *verifier, const struct chain_row *row,
                           struct slice kind)
{
    unsigned char signature[CHAIN_SIGNATURE_SIZE], head[CHAIN_LINK_SIZE];
    struct audit_proof *proof = &verifier->proof;
    struct slice text, id = text_of(verifier, "key"), time = text_of(verifier, "time");
    if (!split_signature(row->body, &text, signature))
        return BAD(verifier, "the note has no signature where it should be");
    const struct chain_key *key = signer(verifier, slice_equal_string(kind, "start"));
    if (key == NULL)
        return BAD(verifier,
                   "the note is signed by key %.*s, which is not one that is believed and for "
                   "which no such key vouches",
                   id.length > 40 ? 40 : (int)id.length, id.data);
    if (!chain_key_verifies(key, text, signature))
        return BAD(verifier, "the signature is not that of key %s", chain_key_id(key));
    if (number_of(verifier, "rows") != verifier->state.rows ||
        !chain_parse_hex(text_of(verifier, "head"), head, sizeof head) ||
        memcmp(head, verifier->state.link, sizeof head) != 0)
        return BAD(verifier, "the signature is about other rows than those before it");
    proof->signatures++;
    proof->vouched = row->number;
    snprintf(proof->key, sizeof proof->key, "%s", chain_key_id(key));
    snprintf(proof->vouched_time, sizeof proof->vouched_time, "%.*s",
             time.length > CLOCK_TEXT_SIZE ? 0 : (int)time.length, time.data);
    return 0;
}

// ---- Notes

static int check_start(struct audit_verifier *verifier)
{
    struct loose *loose = &verifier->loose;
    uint64_t unlinked = number_of(verifier, "unlinked");
    if (loose->line == 0)
        return 0;
    // Only at the front of a file.
    if (loose->at != 0 || unlinked != verifier->offset)
        return is_no_row(verifier);
    verifier->proof.unlinked += unlinked;
    loose->line = 0;
    return 0;
}

static int check_torn(struct audit_verifier *verifier)
{
    struct loose *loose = &verifier->loose;
    unsigned char wanted[CHAIN_LINK_SIZE], hash[CHAIN_LINK_SIZE];
    struct slice bytes = buffer_slice(&loose->bytes);
    if (loose->line == 0)
        return BAD(verifier, "the note is about a torn line, and there is none before it");
    if (loose->bytes.failed || number_of(verifier, "bytes") != bytes.length ||
        !chain_parse_hex(text_of(verifier, "sha256"), wanted, sizeof wanted) ||
        chain_hash(verifier->hasher, bytes, hash) != 0 || memcmp(wanted, hash, sizeof hash) != 0)
        return is_no_row(verifier);
    verifier->proof.torn++;
    loose->line = 0;
    return 0;
}

static int check_key(struct audit_verifier *verifier)
{
    unsigned char bytes[CHAIN_PUBLIC_SIZE];
    return key_of(verifier, "new_key", bytes) && chain_keyring_add(&verifier->keys, bytes)
               ? 0
               : BAD(verifier, "the new key of the note cannot be read");
}

static int check_retention(struct audit_verifier *verifier)
{
    uint64_t gone = number_of(verifier, "gone_to");
    if (gone >= verifier->state.rows)
        return BAD(verifier, "the note says that rows are gone that are not before it");
    if (gone > verifier->proof.gone)
        verifier->proof.gone = gone;
    return 0;
}

static int check_lost(struct audit_verifier *verifier)
{
    uint64_t count = number_of(verifier, "count");
    if (count == UINT64_MAX)
        return BAD(verifier, "the note does not say how many records were lost");
    verifier->proof.lost += count;
    return 0;
}

static const struct kind {
    const char *name;
    bool is_signed;
    int (*check)(struct audit_verifier *verifier); // besides the signature
} kinds[] = {
    {"start", true, check_start}, {"checkpoint", true, NULL},           {"end", true, NULL},
    {"key", true, check_key},     {"retention", true, check_retention}, {"torn", false, check_torn},
    {"lost", false, check_lost},
};

static int check_note(struct audit_verifier *verifier, const struct chain_row *row,
                      struct slice kind)
{
    int result = 0;
    verifier->proof.ended = slice_equal_string(kind, "end");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && result == 0; i++) {
        if (!slice_equal_string(kind, kinds[i].name))
            continue;
        if (kinds[i].is_signed)
            result = check_signature(verifier, row, kind);
        if (result == 0 && kinds[i].check != NULL)
            result = kinds[i].check(verifier);
    }
    return result;
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

// The first row of all says what was before it.
static int take_beginning(struct audit_verifier *verifier, struct slice kind)
{
    uint64_t rows = number_of(verifier, "rows");
    if (!slice_equal_string(kind, "start") || rows == UINT64_MAX ||
        !chain_parse_hex(text_of(verifier, "head"), verifier->state.link, CHAIN_LINK_SIZE))
        return BAD(verifier, "the first row is not a start: what was before it is missing");
    verifier->state.rows = rows;
    verifier->proof.first = rows + 1;
    return 0;
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

static int read_note(struct audit_verifier *verifier, struct slice line)
{
    struct error error;
    if (json_scan(&verifier->doc, line, NULL, &error, NULL) != 0)
        return error.code == ERROR_NO_MEMORY ? ERROR_NO_MEMORY
                                             : BAD(verifier, "the note is no JSON");
    return json_type(&verifier->doc, 0) == JSON_OBJECT ? 0 : BAD(verifier, "the note is no object");
}

static int check_row(struct audit_verifier *verifier, struct slice line,
                     const struct chain_row *row)
{
    struct slice kind = audit_note_kind(row->body);
    bool excuses = slice_equal_string(kind, "torn") || slice_equal_string(kind, "start");
    if (verifier->loose.line != 0 && !excuses)
        return is_no_row(verifier);
    int result = kind.length > 0 ? read_note(verifier, line) : 0;
    if (result == 0 && verifier->proof.first == 0)
        result = take_beginning(verifier, kind);
    if (result == 0)
        result = check_place(verifier, row);
    verifier->proof.ended = false;
    if (result == 0 && kind.length > 0)
        result = check_note(verifier, row, kind);
    if (result == 0 && verifier->loose.line != 0)
        result = is_no_row(verifier);
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
        return bad_at(verifier, verifier->line + 1, "the line is longer than any row");
    return result;
}

int audit_verifier_end(struct audit_verifier *verifier, bool last)
{
    bool cut = verifier->lines.rest.length > 0;
    if (verifier->proof.bad)
        return ERROR_PROTOCOL;
    if (verifier->loose.line != 0)
        return is_no_row(verifier);
    verifier->proof.ended = verifier->proof.ended && !cut;
    if (cut && !(last && verifier->options.running))
        return bad_at(verifier, verifier->line + 1, "the file ends inside a row");
    verifier->file++;
    return 0;
}

const struct audit_proof *audit_verifier_finish(struct audit_verifier *verifier)
{
    struct audit_proof *proof = &verifier->proof;
    if (proof->bad)
        return proof;
    verifier->file = 0;
    if (proof->first == 0)
        bad_at(verifier, 1, "there is no row at all");
    else if (proof->first > 1 && proof->gone < proof->first - 1 && !verifier->options.part)
        bad_at(verifier, 1,
               "rows %llu to %llu are missing before it, and no signed row says that they were "
               "deleted",
               (unsigned long long)proof->gone + 1, (unsigned long long)proof->first - 1);
    return proof;
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
