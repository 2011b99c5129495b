// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who calls: bearer token -> grant. Tokens are known only by their SHA-256. A table is built once,
// then read-only and shared by any thread until freed.
#pragma once

#include "base/error.h"
#include "base/slice.h"

enum identity_mode { IDENTITY_ENFORCE, IDENTITY_OBSERVE };

// What a grant may reach. `policy` is an index of the owner's policy array; -1: no policy, denies
// all.
struct identity_reach {
    struct slice server;
    int policy;
};

struct identity_grant {
    struct slice label;
    const struct slice *tags;
    size_t tag_count;
    const struct identity_reach *reach;
    size_t reach_count;
    enum identity_mode mode;
    int64_t expires_ms; // wall clock; 0: never
};

struct identity_table;

struct identity_table *identity_table_new(void);
void identity_table_free(struct identity_table *table);
// Copies everything. `token_sha256` is 32 bytes. ERROR_EXISTS for a label or token used twice.
int identity_table_add(struct identity_table *table, const struct identity_grant *grant,
                       const unsigned char token_sha256[32], struct error *error) MUST_CHECK;

// Hashing a token by what was made before: making that costs OpenSSL more than hashing does, and
// every message brings a token. Each thread needs one of its own.
struct identity_hasher;
struct identity_hasher *identity_hasher_new(void);
void identity_hasher_free(struct identity_hasher *hasher); // NULL accepted
void identity_hash_with(struct identity_hasher *hasher, struct slice token, unsigned char ret[32]);

// The grant of a presented token, or NULL with *ret_error ERROR_NOT_FOUND (unknown) or
// ERROR_TIMEOUT (expired). The look-up is by hash, so its time tells nothing about tokens.
const struct identity_grant *identity_resolve(const struct identity_table *table,
                                              struct identity_hasher *hasher, struct slice token,
                                              int64_t now_ms, int *ret_error);
const struct identity_grant *identity_by_label(const struct identity_table *table,
                                               struct slice label);
// The grant's entry for a server, or NULL.
const struct identity_reach *identity_reach(const struct identity_grant *grant,
                                            struct slice server);

void identity_hash_token(struct slice token, unsigned char ret[32]);
// 64 hexadecimal digits, either case, to 32 bytes.
bool identity_parse_hash(struct slice text, unsigned char ret[32]);
// "sp_" and 43 characters of base64url: 256 random bits. NUL-terminated.
enum { IDENTITY_TOKEN_SIZE = 48 };
void identity_new_token(char text[IDENTITY_TOKEN_SIZE]);
