// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// 128 equal steps in every power of two.
#include "load.h"

enum { STEP_BITS = 7, STEPS = 1 << STEP_BITS };

static size_t place_of(uint64_t ns)
{
    if (ns < STEPS)
        return (size_t)ns;
    unsigned power = 63u - (unsigned)__builtin_clzll(ns);
    size_t step = (size_t)(ns >> (power - STEP_BITS)) & (STEPS - 1);
    return (size_t)(power - STEP_BITS + 1) * STEPS + step;
}

// The middle of a place.
static double value_of(size_t place)
{
    if (place < STEPS)
        return (double)place;
    unsigned shift = (unsigned)(place / STEPS) - 1;
    uint64_t low = (uint64_t)(STEPS + place % STEPS) << shift;
    return (double)low + (double)(1ull << shift) / 2;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->counts[place_of(ns)]++;
    h->total++;
    h->sum += ns;
    if (ns > h->max)
        h->max = ns;
}

double histogram_percentile_us(const struct histogram *h, double percent)
{
    double wanted = (double)h->total * percent / 100;
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_SIZE; i++) {
        seen += h->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return value_of(i) / 1000;
    }
    return 0;
}
