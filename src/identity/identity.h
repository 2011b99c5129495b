// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who calls: bearer token -> grant. Tokens are known only by their SHA-256. A table is built by one
// thread, then read-only and shared by any until freed. Tables share their entries, which never
// change: the next table is a copy of the last one with a few entries replaced.
#pragma once

#include "base/error.h"
#include "base/slice.h"

enum identity_mode { IDENTITY_ENFORCE, IDENTITY_OBSERVE };

// What a grant may reach. `policy` is an index of the owner's policy array; -1: no policy, denies
// all.
struct identity_reach {
    struct slice server; // as the gateway knows it: unique
    int policy;
    struct slice name; // as clients ask for it; data NULL: the same
    struct slice id;   // of its record; empty: the configuration file declares it
};

struct identity_grant {
    struct slice id;           // what the gateway keeps things by: unique; data NULL: the label
    struct slice organisation; // its id; data NULL: of the configuration file
    struct slice label;        // for people and policies
    const struct slice *tags;
    size_t tag_count;
    const struct identity_reach *reach;
    size_t reach_count;
    enum identity_mode mode;
    int64_t expires_ms; // wall clock; 0: never
    int64_t paused_ms;  // every call is denied since then; 0: it is not paused
    struct slice paused_why;
};

struct identity_token {
    unsigned char sha256[32];
    int64_t expires_ms; // wall clock; 0: as long as the grant
};

// A grant with its tokens. Immutable but for the time of its last use; any thread.
struct identity_entry;
// Copies everything; NULL when memory is short.
struct identity_entry *identity_entry_new(const struct identity_grant *grant,
                                          const struct identity_token *tokens, size_t count);
struct identity_entry *identity_entry_ref(struct identity_entry *entry);
void identity_entry_unref(struct identity_entry *entry); // NULL accepted
const struct identity_grant *identity_entry_grant(const struct identity_entry *entry);
// When it was last resolved, to within a minute; wall clock, 0: never.
int64_t identity_entry_used_ms(const struct identity_entry *entry);
void identity_entry_set_used(struct identity_entry *entry, int64_t used_ms);

struct identity_table;

struct identity_table *identity_table_new(void);
void identity_table_free(struct identity_table *table);
// The same entries; NULL when memory is short. Costs a few nanoseconds an entry.
struct identity_table *identity_table_copy(const struct identity_table *table);
// Replaces the entry with the same id; takes a reference. ERROR_EXISTS for a token that another
// grant has, ERROR_NO_MEMORY; the table is then to be freed.
int identity_table_put(struct identity_table *table, struct identity_entry *entry,
                       struct error *error) MUST_CHECK;
void identity_table_remove(struct identity_table *table, struct slice id);
// In no particular order; the table must not change meanwhile.
void identity_table_each(const struct identity_table *table,
                         void (*visit)(void *argument, struct identity_entry *entry),
                         void *argument);
size_t identity_table_count(const struct identity_table *table);
struct identity_entry *identity_table_get(const struct identity_table *table, struct slice id);
// Copies everything. `token_sha256` is 32 bytes. ERROR_EXISTS for an id or token used twice.
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
// `ret_token` (NULL: not wanted) is of the grant's entry.
const struct identity_grant *identity_resolve(const struct identity_table *table,
                                              struct identity_hasher *hasher, struct slice token,
                                              int64_t now_ms, int *ret_error,
                                              const struct identity_token **ret_token);
// The token of this hash; NULL when it is not this grant's (any more), or over.
const struct identity_token *identity_token_of(const struct identity_table *table,
                                               const unsigned char sha256[32],
                                               struct slice grant_id, int64_t now_ms);
const struct identity_grant *identity_by_id(const struct identity_table *table, struct slice id);
// The grant's entry for a server, or NULL.
const struct identity_reach *identity_reach(const struct identity_grant *grant,
                                            struct slice server);
// The same by the name that clients use.
const struct identity_reach *identity_reach_by_name(const struct identity_grant *grant,
                                                    struct slice name);

void identity_hash_token(struct slice token, unsigned char ret[32]);
// 64 hexadecimal digits, either case, to 32 bytes.
bool identity_parse_hash(struct slice text, unsigned char ret[32]);
// "sp_" and 43 characters of base64url: 256 random bits. NUL-terminated.
enum { IDENTITY_TOKEN_SIZE = 48 };
void identity_new_token(char text[IDENTITY_TOKEN_SIZE]);
