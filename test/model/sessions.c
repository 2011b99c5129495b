// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every order of a few events around sessions and calls, with the real pipeline in the middle: each
// request gets exactly one answer, its own, or its client has left; no session and no exchange
// stays behind; the server is told of each session's end once; a call's quota is given back exactly
// when it surely did not run, and in part when it failed. Two small worlds, as one with all events
// would be shallow.
#include "lib/unit.h"
#include "model/gateway.h"
#include "model/walk.h"

struct move {
    const char *name;
    bool (*simple)(struct gateway *gateway);
    bool (*by_who)(struct gateway *gateway, enum who who);
    enum who who;
    int event; // of the server, on the nth call that flies; -1: none
    size_t nth;
    bool leaves;
};

#define SIMPLE(name, function)                                                                     \
    {                                                                                              \
        name, function, NULL, SESSION_A, -1, 0, false                                              \
    }
#define BY(name, function, who)                                                                    \
    {                                                                                              \
        name, NULL, function, who, -1, 0, false                                                    \
    }
#define SERVER(name, event, nth)                                                                   \
    {                                                                                              \
        name, NULL, NULL, SESSION_A, event, nth, false                                             \
    }
#define LEAVE(name, nth)                                                                           \
    {                                                                                              \
        name, NULL, NULL, SESSION_A, -1, nth, true                                                 \
    }

// What may befall calls.
static const struct move calls[] = {
    BY("A-calls", client_calls, SESSION_A),
    BY("stateless-calls", client_calls, STATELESS),
    SERVER("answers-first", SERVER_ANSWERS, 0),
    SERVER("answers-second", SERVER_ANSWERS, 1),
    SERVER("fails-first", SERVER_ANSWERS_ERROR, 0),
    SERVER("streams-first", SERVER_STREAMS, 0),
    SERVER("streams-second", SERVER_STREAMS, 1),
    SERVER("mistakes-first", SERVER_MISTAKES, 0),
    SERVER("ends-first", SERVER_ENDS, 0),
    SERVER("unreached-first", SERVER_UNREACHED, 0),
    SERVER("loses-first", SERVER_LOST, 0),
    SERVER("loses-second", SERVER_LOST, 1),
    LEAVE("first-leaves", 0),
    LEAVE("second-leaves", 1),
    SIMPLE("cancels", client_cancels),
    SIMPLE("server-goes-away", server_goes_away),
};

// What may befall sessions.
static const struct move sessions[] = {
    BY("A-calls", client_calls, SESSION_A),
    BY("B-calls", client_calls, SESSION_B),
    SERVER("answers-first", SERVER_ANSWERS, 0),
    SERVER("answers-second", SERVER_ANSWERS, 1),
    SERVER("forgets-first", SERVER_FORGETS, 0),
    SERVER("forgets-second", SERVER_FORGETS, 1),
    LEAVE("first-leaves", 0),
    BY("A-deletes", client_deletes, SESSION_A),
    BY("B-deletes", client_deletes, SESSION_B),
    SIMPLE("A-listens", client_listens),
    SIMPLE("A-stops-listening", client_stops_listening),
    SIMPLE("server-stops-stream", server_stops_stream),
    SIMPLE("server-goes-away", server_goes_away),
    SIMPLE("policy-closes", operator_closes),
    SIMPLE("grants-removed", operator_removes),
    SIMPLE("drain", operator_drains),
    SIMPLE("time-passes", time_passes),
};

static const struct move *moves;
static struct gateway gateway;

static const char *name_of(int move)
{
    return moves[move].name;
}

static bool play(void *world, int number)
{
    const struct move *move = &moves[number];
    struct gateway *g = world;
    return move->simple != NULL   ? move->simple(g)
           : move->by_who != NULL ? move->by_who(g, move->who)
           : move->leaves         ? client_leaves(g, move->nth)
                                  : server_does(g, (enum server_event)move->event, move->nth);
}

static void check_cb(void *world)
{
    gateway_check(world);
}

static void open_cb(void *world)
{
    gateway_open(world);
}

static void close_cb(void *world)
{
    gateway_close(world);
}

static void walk_world(const struct move *all, int count, int length)
{
    static struct walk walk;
    moves = all;
    walk = (struct walk){.world = &gateway,
                         .open = open_cb,
                         .play = play,
                         .check = check_cb,
                         .close = close_cb,
                         .moves = count,
                         .length = length,
                         .name = name_of};
    walk_all(&walk);
    print_message("%zu histories of %d out of %d moves, %zu moves in all\n", walk.histories, length,
                  count, walk.played);
    assert_true(walk.histories > 1000);
}

static void whatever_befalls_calls_each_is_answered_once_and_charged_right(void **state)
{
    (void)state;
    walk_world(calls, sizeof calls / sizeof *calls, WALK_LENGTH(6, 5));
}

static void whatever_befalls_sessions_they_end_once_and_nothing_is_mixed_up(void **state)
{
    (void)state;
    walk_world(sessions, sizeof sessions / sizeof *sessions, WALK_LENGTH(5, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whatever_befalls_calls_each_is_answered_once_and_charged_right,
                                  walk_tell),
        cmocka_unit_test_teardown(whatever_befalls_sessions_they_end_once_and_nothing_is_mixed_up,
                                  walk_tell),
    };
    log_configure(LOG_ERROR + 1, LOG_TEXT); // failures are provoked
    return cmocka_run_group_tests(tests, NULL, NULL);
}
