// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept (docs/decision-log.md): what the operator says, else what people say.
// Part of control.h, which others include.
#pragma once

#include "store/store.h"

struct control;

enum control_kept_by {
    CONTROL_KEPT_BY_DEFAULT, // nobody says
    CONTROL_KEPT_AT_START,   // the operator's flags
    CONTROL_KEPT_BY_FILE,    // the operator's configuration
    CONTROL_KEPT_BY_PEOPLE,  // over the API
};
struct control_keep {
    int64_t value; // as in struct store_kept
    enum control_kept_by by;
};
struct control_retention {
    struct control_keep kept[STORE_KEPT];
};
struct control_wish {
    bool given;
    int64_t value;
};
enum { CONTROL_SHORTER_MS = 7 * 24 * 60 * 60 * 1000 }; // so long a shorter time waits
// What the operator says, or leaves to the default; before control_sign_audit.
void control_say_retention(struct control *control, const struct control_retention *said);
struct control_retention control_retention(struct control *control); // in force now; any thread
// What is in force when this is what people said.
struct control_retention control_resolve_retention(struct control *control,
                                                   const struct store_retention *row);
// What people said; head.version 0: nothing yet. Its organisation is the one whose admins may,
// empty when there is none. Also in jobs that read.
int control_find_retention(struct store_view *view, struct store_retention *ret,
                           struct error *error) MUST_CHECK;
// In a job that writes: what is longer holds once that is committed, what is shorter waits, and
// what holds already takes back what waits. `row` as it was found. ERROR_DENIED: the operator says
// it.
int control_change_retention(struct control *control, struct store_view *view,
                             const struct control_wish wishes[STORE_KEPT], int64_t now_ms,
                             struct store_retention *row, struct error *error) MUST_CHECK;
