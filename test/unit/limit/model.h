// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a limit means, spelled out as plainly as possible: every event is kept, and windows are
// searched by trying each millisecond. The tests hold limit/ to it.
#pragma once

#include "limit/limit.h"

enum { MODEL_EVENTS = 4096 };

struct model {
    bool sliding;
    int64_t window_ms;
    size_t count;
    struct {
        int64_t at_ms, amount;
    } events[MODEL_EVENTS];
};

// Does an event at `at` count against a charge at `now`?
static inline bool model_counts(const struct model *model, int64_t at, int64_t now)
{
    if (model->sliding)
        return now - at < model->window_ms;
    return at / model->window_ms == now / model->window_ms;
}

static inline int64_t model_used(const struct model *model, int64_t now)
{
    int64_t used = 0;
    for (size_t i = 0; i < model->count; i++)
        if (model_counts(model, model->events[i].at_ms, now))
            used += model->events[i].amount;
    return used;
}

// 0, -1, or how long to wait.
static inline int64_t model_wait(const struct model *model, int64_t now, int64_t amount,
                                 int64_t max)
{
    if (amount > max)
        return -1;
    int64_t wait = 0;
    while (model_used(model, now + wait) + amount > max)
        wait++;
    return wait;
}

static inline size_t model_take(struct model *model, int64_t now, int64_t amount)
{
    model->events[model->count].at_ms = now;
    model->events[model->count].amount = amount;
    return model->count++;
}

static inline struct limit_charge charge_of(const char *key, bool sliding, int64_t window_ms,
                                            int64_t max, int64_t amount)
{
    return (struct limit_charge){
        .key = slice_from_string(key),
        .sliding = sliding,
        .window_ms = window_ms,
        .max = decimal_from_integer(max),
        .amount = decimal_from_integer(amount),
    };
}
