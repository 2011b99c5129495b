// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "secret/secret.h"

#include <stdatomic.h>

enum { SECRET_KEY_SIZE = 32, SECRET_KEYS_MAX = 64 };

struct secret_key {
    uint32_t number; // from 1
    unsigned char bytes[SECRET_KEY_SIZE];
};
struct secret_keys {
    atomic_uint references;
    struct secret_key items[SECRET_KEYS_MAX]; // rising numbers
    size_t count;
};

const struct secret_key *secret_key_find(const struct secret_keys *keys, uint32_t number);
struct secret_keys *secret_keys_new(void); // without any; NULL: no memory
