// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pinned definitions: what people accepted of a server's tools, and what the server says now.
#pragma once

#include "pipeline/pipeline_internal.h"

// ---- pins.c
// What is decided about the tools of this server; NULL: nothing.
const struct pipeline_pins *pins_of(const struct rules *rules, struct slice server);
// A server's name without what says whose credentials are used.
struct slice pins_server(struct slice name);
bool pins_override(const struct rules *rules, struct slice server, struct slice tool,
                   enum catalogue_category *ret);

// Entries of one message's list that nobody may see.
struct pins_screen {
    bool quarantine;         // the server's definitions are held back until they are accepted
    bool all;                // none of them may be seen
    const uint32_t *refused; // nodes in order; in the message's arena
    size_t count;
};
// Looks at every definition of the message's result and notes what is new.
void pins_screen(struct pipeline *pipeline, struct slice server, struct upstream_message *message,
                 struct pins_screen *ret);
bool pins_refuses(const struct pins_screen *screen, uint32_t entry);
// A call of a tool whose definition waits is denied, also where the grant only observes.
enum step_result pins_judge_call(struct exchange *ex);

// ---- watch.c
// What is known of one server at the time of a list or a call.
struct watch_view {
    struct pipeline_watch *watch;
    struct slice server, own; // the name, and the part before '#'
    const struct filter_pins *kept;
};
// Notes a definition that the server lists now. True: it may be seen. `definition` is the entry as
// it stands.
bool watch_saw(const struct watch_view *view, struct slice tool,
               const unsigned char print[CATALOGUE_FINGERPRINT_SIZE], struct slice definition);
// A list came to its end: of a server that nobody has looked at, it is the baseline.
void watch_list_ended(const struct watch_view *view);
enum watch_answer { WATCH_GOOD, WATCH_NEW, WATCH_CHANGED };
enum watch_answer watch_ask(const struct watch_view *view, struct slice tool);
// The same of a server whose definitions are pinned; without a watch nothing is known.
enum watch_answer pins_ask(struct pipeline_watch *watch, const struct filter_pins *kept,
                           struct slice server, struct slice tool);
struct slice pins_reason(enum watch_answer answer); // for the agent
