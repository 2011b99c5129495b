// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The two clocks. Durations are measured with the monotonic one; only people and time windows
// see the wall clock, which may jump.
#pragma once

#include "base/slice.h"

uint64_t clock_monotonic_us(void);
uint64_t clock_thread_us(
    void); // processor time of the calling thread // microseconds since some start
int64_t clock_wall_ms(void); // milliseconds since 1970-01-01 UTC

// "2026-11-21T09:18:10.123Z" and a NUL.
enum { CLOCK_TEXT_SIZE = 25 };
void clock_format(int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);
// Parses RFC 3339 ("2027-01-01T00:00:00Z", optional fraction, "Z" or an offset). False if wrong.
bool clock_parse(struct slice text, int64_t *ret_wall_ms);
