// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What every match of an expression holds, read off the expression: a run of characters, each one
// of a few. A text without such a run is told by a search for it, many times faster than by PCRE2.
#pragma once

#include "policy/policy_internal.h"

// ---- regex_class.c: which bytes one character of a match may be
struct regex_bytes {    // all of ASCII; none: not known
    uint64_t low, high; // a bit for each of 0 to 63, and of 64 to 127
};
bool regex_bytes_have(const struct regex_bytes *bytes, int c);
void regex_bytes_add(struct regex_bytes *bytes, int first, int last);
unsigned regex_bytes_count(const struct regex_bytes *bytes);
// What \d, \w and \s are, by the letter; false for another.
bool regex_bytes_add_kind(struct regex_bytes *bytes, char kind);
// The class that begins at *at; false when it is not understood, or may be more than ASCII.
bool regex_class_read(struct slice pattern, size_t *at, struct regex_bytes *ret);

struct regex_set { // two ranges, each its first byte and how many more; alike: one range
    unsigned char first[2], span[2];
};
static inline bool regex_set_is_two(const struct regex_set *set)
{
    return set->first[0] != set->first[1] || set->span[0] != set->span[1];
}
// Two ranges that hold them all, and maybe more. There is one at least.
struct regex_set regex_set_of(const struct regex_bytes *bytes);

// ---- regex_literal.c: the run
enum { REGEX_LITERAL_MAX = 32, REGEX_PREFIX_LEAST = 3 };
struct regex_literal {
    struct regex_set sets[REGEX_LITERAL_MAX]; // of each character
    size_t length;                            // 0: there is no such run
    size_t probes[2];                         // places that are looked for first
    bool plain;                               // of letters, not of classes
    bool prefix;                              // matches begin with it
};
void regex_literal_read(struct slice pattern, struct regex_literal *ret);

// ---- regex_scan.c
// Where the run stands first at or behind `from`; SIZE_MAX: nowhere.
size_t regex_literal_find(const struct regex_literal *literal, struct slice text, size_t from);
