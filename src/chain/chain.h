// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows that nobody can quietly change: each has a number and a link, the SHA-256 of the link before
// it and its own bytes; an Ed25519 signature (RFC 8032) over what was said of the newest row
// vouches for all before it. Whose rows they are and where they are kept is not known here. The
// format is described in docs/decision-log.md.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

enum {
    CHAIN_LINK_SIZE = 32,
    CHAIN_LINK_DIGITS = 2 * CHAIN_LINK_SIZE,
    CHAIN_PUBLIC_SIZE = 32,
    CHAIN_SIGNATURE_SIZE = 64,
    CHAIN_KEY_ID_SIZE = 17, // 16 hexadecimal digits and a NUL
};

// Where a chain stands. All zero: before its first row.
struct chain_state {
    uint64_t rows; // also the number of the newest row
    unsigned char link[CHAIN_LINK_SIZE];
};

// ---- Links. A hasher belongs to one thread at a time.
struct chain_hasher;
struct chain_hasher *chain_hasher_new(void);         // NULL: no memory
void chain_hasher_free(struct chain_hasher *hasher); // NULL accepted

// SHA-256 of `before` followed by `row`. `ret` may be `before`. ERROR_INTERNAL when the hash cannot
// be had.
int chain_link(struct chain_hasher *hasher, const unsigned char before[CHAIN_LINK_SIZE],
               struct slice row, unsigned char ret[CHAIN_LINK_SIZE]) MUST_CHECK;

// Plain SHA-256. ERROR_INTERNAL when it cannot be had.
int chain_hash(struct chain_hasher *hasher, struct slice bytes,
               unsigned char ret[CHAIN_LINK_SIZE]) MUST_CHECK;
// The same for who has no hasher; any thread. The result is zero when it cannot be had.
int chain_hash_once(struct slice bytes, unsigned char ret[CHAIN_LINK_SIZE]);

// Appends a row to `out` and moves the state on to it. `body` is a JSON object of one line that is
// not empty, without its closing brace: `{"a":1` becomes `{"a":1,"seq":7,"link":"..."}` and a line
// feed; the link covers what stands before `,"link"`. On failure (ERROR_INTERNAL, or the buffer's
// own) the state has not moved.
int chain_append(struct chain_hasher *hasher, struct chain_state *state, struct slice body,
                 struct buffer *out) MUST_CHECK;

// The same row taken apart, from a line without its line feed. False: it is not of this form. The
// link is not checked against anything.
struct chain_row {
    struct slice bytes; // what the link covers
    struct slice body;  // as it was given to chain_append
    uint64_t number;    // 1 or more
    unsigned char link[CHAIN_LINK_SIZE];
};
bool chain_parse(struct slice line, struct chain_row *ret);

// Lower-case hexadecimal digits; `text` has room for 2 * size and a NUL. Parsing wants exactly
// 2 * size of them.
void chain_write_hex(const unsigned char *bytes, size_t size, char *text);
bool chain_parse_hex(struct slice text, unsigned char *ret, size_t size);

// ---- Keys. Any thread may sign and verify.
struct chain_key;
// Reads a private key (PKCS #8, PEM) or makes the file, with mode 0600, and beside it the public
// key as PATH.pub (SubjectPublicKeyInfo, PEM; of a key that was there, where that can be written).
// Several processes may do so at the same time. ERROR_IO or ERROR_CONFIG with a sentence.
// *ret_made: a new key was made.
int chain_key_open(const char *path, struct chain_key **ret, bool *ret_made,
                   struct error *error) MUST_CHECK;
// Only reads; ERROR_NOT_FOUND when there is no file.
int chain_key_read(const char *path, struct chain_key **ret, struct error *error) MUST_CHECK;
// Writes the public key to PATH.pub unless it is there already.
int chain_key_export(const char *path, const struct chain_key *key, struct error *error) MUST_CHECK;
struct chain_key *chain_key_make(void); // one that is kept nowhere; NULL: no memory
struct chain_key *chain_key_from_public(const unsigned char bytes[CHAIN_PUBLIC_SIZE]); // or NULL
void chain_key_free(struct chain_key *key); // NULL accepted

// The first 16 hexadecimal digits of the SHA-256 of the public key's 32 bytes.
const char *chain_key_id(const struct chain_key *key);
const unsigned char *chain_key_public(const struct chain_key *key);
// ERROR_INTERNAL when the key cannot sign.
int chain_key_sign(const struct chain_key *key, struct slice text,
                   unsigned char ret[CHAIN_SIGNATURE_SIZE]) MUST_CHECK;
bool chain_key_verifies(const struct chain_key *key, struct slice text,
                        const unsigned char signature[CHAIN_SIGNATURE_SIZE]);

// ---- Keys that are believed.
enum { CHAIN_KEYS_MAX = 64 };
struct chain_keyring {
    struct chain_key *keys[CHAIN_KEYS_MAX]; // owned
    size_t count;
};
// Adds every public key of a PEM file. ERROR_IO, ERROR_CONFIG or ERROR_TOO_LARGE with a sentence.
int chain_keyring_read(struct chain_keyring *ring, const char *path,
                       struct error *error) MUST_CHECK;
// False when there is no room or it is no key; adding one again changes nothing.
bool chain_keyring_add(struct chain_keyring *ring, const unsigned char bytes[CHAIN_PUBLIC_SIZE]);
const struct chain_key *chain_keyring_find(const struct chain_keyring *ring, struct slice id);
void chain_keyring_release(struct chain_keyring *ring);
