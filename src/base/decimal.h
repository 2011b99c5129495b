// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Exact decimal numbers: money and quotas are never binary fractions. Comparison works on the
// number's text with no bound on digits; sums work in a fixed form and say so when they overflow.
#pragma once

#include "base/error.h"
#include "base/slice.h"

// coefficient * 10^exponent; the coefficient has at most 36 digits and no trailing zeros (zero has
// exponent 0). Plain value, copied freely. 24 bytes and not 32, as a million counters hold one.
struct decimal {
    __int128 coefficient;
    int32_t exponent;
} __attribute__((packed, aligned(8)));

// Is the text a JSON number (RFC 8259 grammar)? "plain" further forbids an exponent.
bool decimal_is_number(struct slice text);
bool decimal_is_plain(struct slice text);
// Compares two JSON number texts exactly: -1, 0, 1. Both must satisfy decimal_is_number.
int decimal_compare_text(struct slice a, struct slice b);

// ERROR_SYNTAX if no number; ERROR_RANGE beyond 36 significant digits or exponents beyond +-9999.
int decimal_parse(struct slice text, struct decimal *ret) MUST_CHECK;
struct decimal decimal_from_integer(int64_t value);
int decimal_compare(struct decimal a, struct decimal b); // -1, 0, 1; exact
bool decimal_is_negative(struct decimal d);
bool decimal_is_zero(struct decimal d);
// ERROR_RANGE when the exact sum needs more than 36 digits.
int decimal_add(struct decimal a, struct decimal b, struct decimal *ret) MUST_CHECK;
int decimal_subtract(struct decimal a, struct decimal b, struct decimal *ret) MUST_CHECK;

// Plain text without exponent where that is short ("12.5", "-0.003"), else "1e40"; NUL-terminated.
enum { DECIMAL_TEXT_SIZE = 64 };
void decimal_format(struct decimal d, char text[DECIMAL_TEXT_SIZE]);
// The canonical form of a JSON number text of any length: no exponent sign noise, no needless
// zeros, -0 is 0; appended bytes go to `out` (room for text.length + 16). Returns bytes written.
size_t decimal_canonical_text(struct slice text, char *out);
