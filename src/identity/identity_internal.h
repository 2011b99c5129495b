// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.h"

#include <stdatomic.h>

struct identity_held { // a token of an entry
    struct identity_entry *entry;
    struct identity_token token;
};

struct identity_entry {
    atomic_uint references;
    atomic_int_least64_t used_ms;
    struct identity_grant grant; // points into `block`
    struct identity_held *tokens;
    size_t token_count;
    void *block; // owned: tokens, reach, tags, then all their bytes
};
