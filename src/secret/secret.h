// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What must be kept but not be readable where it is kept: credentials sealed under keys that are
// elsewhere, and passwords as hashes. Keys are numbered, so that they can be replaced: the highest
// number seals, all of them open. A set of keys never changes: any thread that has a reference may
// use it. New keys are a new set; who has the old one goes on with it until it lets go.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

struct secret_keys;

// "NUMBER:64 hexadecimal digits", several separated by commas, spaces or line ends; a line that
// begins with '#' is a comment. ERROR_CONFIG; the sentence never shows a key.
int secret_keys_parse(struct slice text, struct secret_keys **ret, struct error *error) MUST_CHECK;
// A file of them. ERROR_CONFIG also when others than its owner may read it, ERROR_NOT_FOUND when
// there is none, ERROR_IO.
int secret_keys_load(const char *path, struct secret_keys **ret, struct error *error) MUST_CHECK;
// Writes the file anew, mode 0600, with the given keys (may be NULL) and a new one above them; the
// old file stays until the new one is on disk.
int secret_keys_add_to_file(const char *path, const struct secret_keys *keys,
                            struct error *error) MUST_CHECK;
// Writes the file anew with its newest key alone.
int secret_keys_trim_file(const char *path, const struct secret_keys *keys,
                          struct error *error) MUST_CHECK;
// Who makes a set has its first reference. Any thread.
struct secret_keys *secret_keys_ref(struct secret_keys *keys);
void secret_keys_unref(struct secret_keys *keys); // the last one wipes; NULL accepted
uint32_t secret_keys_newest(const struct secret_keys *keys);
// Has `keys` each of these, the same ones under the same numbers?
bool secret_keys_hold(const struct secret_keys *keys, const struct secret_keys *these);
// A new set: the keys of `keys`, and those of `older` below them whose numbers are not taken, as
// many as there is room for, the highest numbers first. ERROR_NO_MEMORY.
int secret_keys_join(const struct secret_keys *keys, const struct secret_keys *older,
                     struct secret_keys **ret, struct error *error) MUST_CHECK;
// A new set of the newest alone. ERROR_NO_MEMORY.
int secret_keys_trim(const struct secret_keys *keys, struct secret_keys **ret,
                     struct error *error) MUST_CHECK;
// A key for each, with its number, made of it for this purpose alone (HKDF, RFC 5869): what they
// seal opens under no others. A new set. ERROR_NO_MEMORY.
int secret_keys_derive(const struct secret_keys *keys, const char *purpose,
                       struct secret_keys **ret, struct error *error) MUST_CHECK;
size_t secret_keys_count(const struct secret_keys *keys);

// AES-256-GCM under the newest key with a random nonce. `place` is where the result will be kept:
// it opens nowhere else. Appends to `out`.
int secret_seal(const struct secret_keys *keys, struct slice plain, struct slice place,
                struct buffer *out, struct error *error) MUST_CHECK;
// ERROR_NOT_FOUND: its key is not among these. ERROR_DENIED: changed, or of another place.
int secret_open(const struct secret_keys *keys, struct slice sealed, struct slice place,
                struct buffer *out, struct error *error) MUST_CHECK;
// Number of the key that sealed it, 0 when it is nothing sealed.
uint32_t secret_key_of(struct slice sealed);

// argon2id with libsodium's interactive bounds (64 MiB, some tens of milliseconds): never on an
// event loop, and only a few at the same time.
enum { SECRET_PASSWORD_SIZE = 128, SECRET_PASSWORD_LEAST = 12, SECRET_PASSWORD_MOST = 1024 };
// ERROR_RANGE: too short or too long.
int secret_hash_password(struct slice password, char text[SECRET_PASSWORD_SIZE],
                         struct error *error) MUST_CHECK;
// An empty hash takes as long as any other and is never right: nobody learns who has a password.
bool secret_check_password(struct slice hash, struct slice password);
