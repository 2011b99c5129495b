// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "audit/verify_internal.h"

#include <stdio.h>

int audit_verify_read(struct audit_verifier *verifier, struct slice line)
{
    struct error error;
    if (json_scan(&verifier->doc, line, NULL, &error, NULL) != 0)
        return error.code == ERROR_NO_MEMORY ? ERROR_NO_MEMORY
                                             : BAD(verifier, "the note is no JSON");
    return json_type(&verifier->doc, 0) == JSON_OBJECT ? 0 : BAD(verifier, "the note is no object");
}

// ---- Members of a note

struct slice audit_verify_text(const struct audit_verifier *verifier, const char *name)
{
    uint32_t node = json_get(&verifier->doc, 0, name);
    if (node == JSON_NONE || json_type(&verifier->doc, node) != JSON_STRING ||
        json_at(&verifier->doc, node)->escaped)
        return slice_of("", 0);
    struct slice raw = json_raw(&verifier->doc, node);
    return slice_of(raw.data + 1, raw.length - 2);
}

// UINT64_MAX when it is none.
uint64_t audit_verify_number(const struct audit_verifier *verifier, const char *name)
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
    if (!chain_parse_hex(audit_verify_text(verifier, "public_key"), ret, CHAIN_PUBLIC_SIZE))
        return false;
    struct chain_key *key = chain_key_from_public(ret);
    bool same =
        key != NULL && slice_equal_string(audit_verify_text(verifier, id), chain_key_id(key));
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
    return chain_keyring_find(&verifier->keys, audit_verify_text(verifier, "key"));
}

static int check_signature(struct audit_verifier *verifier, const struct chain_row *row,
                           struct slice kind)
{
    unsigned char signature[CHAIN_SIGNATURE_SIZE], head[CHAIN_LINK_SIZE];
    struct audit_proof *proof = &verifier->proof;
    struct slice text, id = audit_verify_text(verifier, "key"),
                       time = audit_verify_text(verifier, "time");
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
    if (audit_verify_number(verifier, "rows") != verifier->state.rows ||
        !chain_parse_hex(audit_verify_text(verifier, "head"), head, sizeof head) ||
        memcmp(head, verifier->state.link, sizeof head) != 0)
        return BAD(verifier, "the signature is about other rows than those before it");
    uint64_t organisations = audit_verify_number(verifier, "organisations");
    if (organisations != UINT64_MAX && organisations > proof->organisations)
        proof->organisations = organisations;
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
    uint64_t unlinked = audit_verify_number(verifier, "unlinked");
    if (loose->line == 0)
        return 0;
    // Only at the front of a file.
    if (loose->at != 0 || unlinked != verifier->offset)
        return audit_bad_loose(verifier);
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
    if (loose->bytes.failed || audit_verify_number(verifier, "bytes") != bytes.length ||
        !chain_parse_hex(audit_verify_text(verifier, "sha256"), wanted, sizeof wanted) ||
        chain_hash(verifier->hasher, bytes, hash) != 0 || memcmp(wanted, hash, sizeof hash) != 0)
        return audit_bad_loose(verifier);
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
    uint64_t gone = audit_verify_number(verifier, "gone_to");
    if (gone >= verifier->state.rows)
        return BAD(verifier, "the note says that rows are gone that are not before it");
    if (gone > verifier->proof.gone)
        verifier->proof.gone = gone;
    return 0;
}

static int check_lost(struct audit_verifier *verifier)
{
    uint64_t count = audit_verify_number(verifier, "count");
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

int audit_verify_note(struct audit_verifier *verifier, const struct chain_row *row,
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
