// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Walks every sequence of moves of a world, up to a length. A world cannot be copied, so each
// sequence is played from the start; a move that is impossible cuts off all that begin that way.
// walk_tell, as a test's teardown, prints the moves that led to a failed check.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WALK_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WALK_SLOW 1
#endif
#endif
// Sanitizers make a walk ten times slower: there it is one move shorter.
#ifdef WALK_SLOW
#define WALK_LENGTH(plain, slow) (slow)
#else
#define WALK_LENGTH(plain, slow) (plain)
#endif

enum { WALK_LENGTH_MAX = 16 };

struct walk {
    void *world;
    void (*open)(void *world);
    bool (*play)(void *world, int move); // false: not possible now, and nothing was changed
    void (*check)(void *world); // after each move, where the moves before it were not checked yet
    void (*close)(void *world); // what must hold at the end of each sequence
    int moves, length;
    const char *(*name)(int move); // NULL: moves are numbers
    size_t histories, played;      // out: sequences to their end, moves of all of them
    int path[WALK_LENGTH_MAX];
    int at;    // the move being played
    int known; // so many moves at the start were played and checked before
};

// `walk` must be static: it is looked at when a failed check has left its function.
void walk_all(struct walk *walk);
int walk_tell(void **state);
