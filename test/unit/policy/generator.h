// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Random policies and calls out of a small vocabulary, so that rules really meet arguments. Chance
// comes from a seed, or from given bytes (a fuzzer's), choice by choice.
#pragma once

#include "base/buffer.h"
#include "policy/policy.h"

struct generator {
    uint64_t state;         // of the seeded kind
    const uint8_t *choices; // NULL: seeded
    size_t left;            // bytes of choices; behind them every choice is the first one
    struct buffer out;
    unsigned counters; // names given so far
    bool modes;        // some parts of its policies only observe; off at first
};

enum { GENERATOR_TAGS = 3 };

struct scene { // one call and what it borrows
    struct policy_call call;
    struct json_doc args;
    struct slice tags[GENERATOR_TAGS];
    char *text;
};

// `choices` may be NULL; then `seed` counts.
void generator_init(struct generator *g, uint64_t seed, const uint8_t *choices, size_t length);
void generator_release(struct generator *g);
// Writes a policy that compiles to g->out.
void generator_policy(struct generator *g);
// Makes a call; scene_release it. Overwrites g->out.
void generator_call(struct generator *g, struct scene *ret);
void scene_release(struct scene *scene);
