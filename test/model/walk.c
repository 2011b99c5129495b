// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "model/walk.h"

static struct walk *walking;

// A failed check of cmocka does not come back here, so the place is told from outside.
int walk_tell(void **state)
{
    (void)state;
    if (walking == NULL)
        return 0;
    fprintf(stderr, "the moves that led there:");
    for (int i = 0; i <= walking->at && i < walking->length; i++)
        if (walking->name != NULL)
            fprintf(stderr, " %s", walking->name(walking->path[i]));
        else
            fprintf(stderr, " %d", walking->path[i]);
    fprintf(stderr, "\n");
    walking = NULL;
    return 0;
}

// The next sequence that differs at `place`, an odometer. False: that was all.
static bool turn(struct walk *walk, int place)
{
    for (int i = place + 1; i < walk->length; i++)
        walk->path[i] = 0;
    for (; place >= 0; place--) {
        walk->known = place;
        if (++walk->path[place] < walk->moves)
            return true;
        walk->path[place] = 0;
    }
    return false;
}

// Plays the path; where it is impossible, or its last place.
static int run(struct walk *walk)
{
    walk->open(walk->world);
    for (walk->at = 0; walk->at < walk->length; walk->at++) {
        if (!walk->play(walk->world, walk->path[walk->at]))
            break;
        if (walk->at >= walk->known)
            walk->check(walk->world);
        walk->played++;
    }
    int at = walk->at;
    if (at == walk->length) {
        walk->histories++;
        at--;
    }
    walk->close(walk->world);
    return at;
}

void walk_all(struct walk *walk)
{
    walking = walk;
    walk->known = 0;
    memset(walk->path, 0, sizeof walk->path);
    while (turn(walk, run(walk)))
        ;
    walking = NULL;
}
