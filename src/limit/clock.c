// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The limits' own time. It never goes back, for that would free capacity. When the wall clock does,
// it goes on at half speed until the clock has caught up: windows still pass, only later, whichever
// of the two readings was the wrong one. A silence of more than a minute may just as well be the
// clock being put right, so no more than that counts.
//
// As long as both agree the time is one atomic number, and nobody waits for anybody. Each worker
// reads the clock once a turn of its loop, so readings differ a little: one that is up to a second
// behind is another worker's, or is waited out.
#include "base/log.h"
#include "limit/limit_internal.h"

#include <inttypes.h>

enum { APART = -1 };
static const int64_t LAST_WALL_MS = 253402300799999; // the end of year 9999
static const int64_t JUMP_MS = 60000;
static const int64_t READINGS_APART_MS = 1000;

void limit_clock_init(struct limit_clock *clock)
{
    *clock = (struct limit_clock){0};
    pthread_mutex_init(&clock->lock, NULL);
    atomic_init(&clock->agreed_ms, 0);
}

void limit_clock_release(struct limit_clock *clock)
{
    pthread_mutex_destroy(&clock->lock);
}

static void step(struct limit_clock *clock, int64_t wall_ms)
{
    int64_t passed = wall_ms - clock->wall_ms;
    if (passed < -JUMP_MS)
        log_event(LOG_WARNING, "limit",
                  "the wall clock went back by %" PRId64
                  " s; windows pass at half speed until it has caught up",
                  -passed / 1000);
    clock->wall_ms = wall_ms;
    if (passed > 0) {
        int64_t doubled = clock->odd_ms + (passed > JUMP_MS ? JUMP_MS : passed);
        clock->odd_ms = doubled % 2;
        if (clock->now_ms > wall_ms - passed)
            clock->now_ms += doubled / 2;
    }
    if (clock->now_ms <= wall_ms) {
        clock->now_ms = wall_ms;
        clock->odd_ms = 0;
    }
}

// The rare way, one after the other. Who finds the number gone waits here until it is back.
static struct limit_time advance_apart(struct limit_clock *clock, int64_t wall_ms)
{
    pthread_mutex_lock(&clock->lock);
    int64_t agreed = atomic_exchange(&clock->agreed_ms, APART);
    if (agreed != APART)
        clock->now_ms = clock->wall_ms = agreed;
    // Readings of several workers must not look like a clock that goes back and forth.
    if (wall_ms > clock->wall_ms || clock->wall_ms - wall_ms > READINGS_APART_MS)
        step(clock, wall_ms);
    struct limit_time time = {clock->now_ms, clock->now_ms - clock->wall_ms, true};
    if (clock->now_ms == clock->wall_ms)
        atomic_store(&clock->agreed_ms, clock->now_ms);
    pthread_mutex_unlock(&clock->lock);
    return time;
}

struct limit_time limit_clock_advance(struct limit_clock *clock, int64_t wall_ms)
{
    wall_ms = wall_ms < 0 ? 0 : wall_ms > LAST_WALL_MS ? LAST_WALL_MS : wall_ms;
    int64_t agreed = atomic_load(&clock->agreed_ms);
    while (agreed != APART && wall_ms > agreed)
        if (atomic_compare_exchange_weak(&clock->agreed_ms, &agreed, wall_ms))
            agreed = wall_ms;
    if (agreed == APART || agreed - wall_ms > READINGS_APART_MS)
        return advance_apart(clock, wall_ms);
    return (struct limit_time){agreed, agreed - wall_ms, false};
}

// Waiting on the wall clock, while the limits' time stands, or goes at half speed, until both
// agree.
int64_t limit_clock_wait(struct limit_time time, int64_t wait_ms)
{
    int64_t slow = time.half_speed && wait_ms < time.ahead_ms ? wait_ms : time.ahead_ms;
    return wait_ms > INT64_MAX - slow ? INT64_MAX : wait_ms + slow;
}
