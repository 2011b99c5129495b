// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Recorded calls of an organisation, played through drafts (rehearse/), within bounds of rows, time
// and memory.
#pragma once

#include "admin/decisions_internal.h"
#include "rehearse/rehearse.h"

enum { PLAY_MEMORY = 96 * 1024 * 1024 }; // of each part of a rehearsal

// What is asked for; in the request's arena.
struct admin_playing {
    int64_t number, from_ms, to_ms, most, margin; // 0: not given
    struct slice grant, server;                   // its name, and as the log has it
    enum { PLAY_POLICY, PLAY_ALL } calls;
    bool observed;
    struct slice name;    // of the policy
    struct policy *draft; // of a replay; a reference
};

void admin_playing_release(struct admin_request *request); // also without one

// What was read of the log so far; all readings of one request share its time and its rows.
struct admin_reading {
    struct admin_request *request;
    struct decisions_filter filter;
    decisions_lines_cb visit;
    void *argument;
    uint64_t until_us, most;
    uint64_t newest;                  // row, when it began: later ones are not read
    uint64_t position, rows, missing; // missing: indexed, and not in the log any more
    int64_t last_ms;
    const char *cut; // why it ended early; NULL: it did not
};
void admin_reading_begin(struct admin_request *request, struct admin_reading *ret);
// From the begin (with `position` 0) to the end or to where it is cut.
int admin_read_log(struct admin_reading *reading, struct error *error) MUST_CHECK;
// Is the log's very first row there?
int admin_log_is_whole(struct admin_request *request, bool *ret, struct error *error) MUST_CHECK;
// Plays the log through it and finishes it.
int admin_rehearse(struct admin_reading *reading, struct rehearse *rehearse,
                   struct error *error) MUST_CHECK;
// `"complete":...,"cut":...,"read":...,"missing":...,"reached":...` and the index.
void admin_write_reading(struct admin_request *request, const struct admin_reading *reading);

// The catalogue and the grants of the organisation. The inventory may be NULL.
struct admin_world {
    struct inventory *inventory;
    struct rehearse_past *past;
};
int admin_world_open(struct admin_request *request, struct admin_world *ret,
                     struct error *error) MUST_CHECK;
void admin_world_close(struct admin_request *request, struct admin_world *world);
