// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Notes: rows that the log writes about itself. docs/decision-log.md describes each of them.
#include "audit/audit_internal.h"
#include "json/json.h"

static void add_hex(struct buffer *out, const char *key, const unsigned char *bytes, size_t size)
{
    char digits[2 * CHAIN_SIGNATURE_SIZE + 1];
    chain_write_hex(bytes, size, digits);
    buffer_append_format(out, ",\"%s\":\"%s\"", key, digits);
}

static void begin(struct buffer *out, const char *what)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(clock_wall_ms(), time);
    buffer_clear(out);
    buffer_append_format(out, "{\"time\":\"%s\",\"note\":\"%s\"", time, what);
}

void audit_note_begin(struct buffer *out, const char *what, const struct chain_state *state)
{
    begin(out, what);
    buffer_append_format(out, ",\"rows\":%llu", (unsigned long long)state->rows);
    add_hex(out, "head", state->link, sizeof state->link);
}

void audit_note_add_number(struct buffer *out, const char *key, uint64_t number)
{
    buffer_append_format(out, ",\"%s\":%llu", key, (unsigned long long)number);
}

void audit_note_add_key(struct buffer *out, const struct chain_key *key)
{
    add_hex(out, "public_key", chain_key_public(key), CHAIN_PUBLIC_SIZE);
}

void audit_note_add_new_key(struct buffer *out, const struct chain_key *next)
{
    buffer_append_format(out, ",\"new_key\":\"%s\"", chain_key_id(next));
    audit_note_add_key(out, next);
}

int audit_note_sign(struct buffer *out, const struct chain_key *key)
{
    unsigned char signature[CHAIN_SIGNATURE_SIZE];
    buffer_append_format(out, ",\"key\":\"%s\"", chain_key_id(key));
    if (out->failed)
        return ERROR_NO_MEMORY;
    int result = chain_key_sign(key, buffer_slice(out), signature);
    if (result == 0)
        add_hex(out, "signature", signature, sizeof signature);
    return result;
}

int audit_note_write(struct buffer *out, const struct audit_note *note, const struct chain_key *key)
{
    audit_note_begin(out, note->what, note->state);
    buffer_append_string(out, ",\"organisation\":");
    json_write_string(out, note->organisation);
    buffer_append_format(out,
                         ",\"actor\":{\"kind\":\"system\",\"id\":\"\",\"label\":\"\"},\"address\":"
                         "\"\",\"action\":\"audit.%s\",\"object\":\"%s\"",
                         note->what, note->what);
    if (note->organisations > 0)
        audit_note_add_number(out, "organisations", note->organisations);
    if (note->gone_to > 0)
        audit_note_add_number(out, "gone_to", note->gone_to);
    if (note->vouched != NULL && note->vouched != key)
        audit_note_add_new_key(out, note->vouched);
    else if (note->vouched != NULL)
        audit_note_add_key(out, note->vouched);
    return audit_note_sign(out, key);
}

void audit_note_torn(struct buffer *out, const struct audit_tail *tail)
{
    begin(out, "torn");
    audit_note_add_number(out, "bytes", tail->loose);
    add_hex(out, "sha256", tail->loose_hash, sizeof tail->loose_hash);
}

void audit_note_lost(struct buffer *out, const struct audit_loss *loss)
{
    char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    clock_format(loss->since_ms, since);
    clock_format(loss->until_ms, until);
    begin(out, "lost");
    audit_note_add_number(out, "count", loss->count);
    buffer_append_format(out, ",\"since\":\"%s\",\"until\":\"%s\"", since, until);
}
