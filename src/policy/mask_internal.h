// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The compiled form of what may be logged of arguments.
#pragma once

#include "policy/policy_internal.h"

struct policy_mask {
    struct policy *policy;     // owns all of it, this too
    const struct slice *names; // globs in lower case
    size_t name_count;
    const struct path *paths;
    size_t path_count;
    const struct regex *const *patterns;
    size_t pattern_count;
    bool secrets;
    size_t value_max, row_max; // bytes
};

// ASCII only.
static inline char mask_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
