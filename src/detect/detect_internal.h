// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the detectors share: classes of characters, and where words begin and end.
#pragma once

#include "detect/detect.h"

#include <stdint.h>

enum detect_class {
    CLASS_D = 1 << 0,         // digits
    CLASS_UPPER = 1 << 1,     // letters of ASCII
    CLASS_LOWER = 1 << 2,     //
    CLASS_HEX_UPPER = 1 << 3, // A-F
    CLASS_HEX_LOWER = 1 << 4, // a-f
    CLASS_DASH = 1 << 5,      // _ -
    CLASS_SIGN = 1 << 6,      // + / =
    CLASS_DOT = 1 << 7,       // . ~
    // As data/secrets/forms.txt names them.
    CLASS_A = CLASS_D | CLASS_UPPER | CLASS_LOWER,
    CLASS_L = CLASS_D | CLASS_LOWER,
    CLASS_X = CLASS_D | CLASS_UPPER,
    CLASS_H = CLASS_D | CLASS_HEX_UPPER | CLASS_HEX_LOWER,
    CLASS_SMALL_HEX = CLASS_D | CLASS_HEX_LOWER,
    CLASS_W = CLASS_A | CLASS_DASH,
    CLASS_B = CLASS_A | CLASS_SIGN,
    CLASS_T = CLASS_W | CLASS_SIGN | CLASS_DOT,
    CLASS_LETTER = CLASS_UPPER | CLASS_LOWER,
};
extern const uint8_t detect_classes[256];

static inline bool detect_is(char c, unsigned classes)
{
    return (detect_classes[(unsigned char)c] & classes) != 0;
}

// Is there a character of the classes at this place? Not beyond the ends.
static inline bool detect_at(struct slice text, size_t at, unsigned classes)
{
    return at < text.length && detect_is(text.data[at], classes);
}

// How many characters of the classes follow.
static inline size_t detect_run(struct slice text, size_t at, unsigned classes)
{
    size_t start = at;
    while (at < text.length && detect_is(text.data[at], classes))
        at++;
    return at - start;
}

// Does a word of these characters begin here? The letter of an escape ("\n" inside of JSON in a
// text) is no part of it.
bool detect_begins(struct slice text, size_t at, unsigned classes);

// Where something of the sieve (sieve.c) stands: 0, or the length of what is there, from *ret_start
// on.
size_t detect_secret_at(struct slice text, size_t at, size_t *ret_start);
size_t detect_email_at(struct slice text, size_t at, size_t *ret_start);    // at its '@'
size_t detect_phone_at(struct slice text, size_t at, size_t *ret_start);    // '+', '(', '-'
size_t detect_ssn_at(struct slice text, size_t at, size_t *ret_start);      // its first '-'
size_t detect_ipv4_at(struct slice text, size_t at, size_t *ret_start);     // its first '.'
size_t detect_ipv6_at(struct slice text, size_t at, size_t *ret_start);     // its first ':'
size_t detect_card_at(struct slice text, size_t at, size_t *ret_start);     // its first digit
size_t detect_iban_at(struct slice text, size_t at, size_t *ret_start);     // its first letter
size_t detect_national_at(struct slice text, size_t at, size_t *ret_start); // see national.c

// One block of a text, as a bit for each byte: what may begin something that `kinds` ask for.
enum { SIEVE_BEFORE = 6, SIEVE_STEP = 52, SIEVE_BLOCK = 64 };
enum sieve_place { // what may begin; of two at one place the first counts
    SIEVE_SECRETS, // what detect_secrets_of leaves
    SIEVE_EMAILS,
    SIEVE_IBANS,
    SIEVE_CARDS,
    SIEVE_SSNS,
    SIEVE_PHONES,
    SIEVE_NATIONALS,
    SIEVE_IPV4S,
    SIEVE_IPV6S,
    SIEVE_PLACES,
};
struct sieve {
    uint64_t words;  // beginnings of words
    uint64_t signs;  // ':' and '='
    uint64_t dashes; // runs of '-'
    uint64_t places[SIEVE_PLACES];
};
// The places that are looked at; the bytes around them are looked at with other blocks.
static const uint64_t SIEVE_INSIDE = ((UINT64_C(1) << SIEVE_STEP) - 1) << SIEVE_BEFORE;
// The block begins SIEVE_BEFORE bytes before the place that is looked at; bits count from there.
void sieve_block(const char block[SIEVE_BLOCK], unsigned kinds, struct sieve *ret);
// Which words and signs of the block are worth detect_secret_at.
uint64_t detect_secrets_of(const char block[SIEVE_BLOCK], const struct sieve *sieve);
