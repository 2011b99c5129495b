// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the fault tests let happen while something fails, and what must hold whatever fails: every
// request is answered or its connection closed in time, nothing that the policy forbids happens,
// and the gateway works again afterwards.
#pragma once

#include "lib/unit.h"
#include "unit/pipeline/gateway_world.h"

// Whole conversations with one server. What needs a session is asked also when there is none: it
// must be refused, not let through.
struct conversation {
    const char *server;
    // Whether its last call went as it does when nothing fails.
    bool (*run)(struct gateway_world *world, const char *server);
    bool again;                     // it must go well once more at the end
    const struct certificates *tls; // for the client's face and the way to the server; NULL: plain
};
bool converse_legacy(struct gateway_world *world, const char *server);
bool converse_modern(struct gateway_world *world, const char *server);
// Long and escaped, so that names and arguments need memory of their own.
bool converse_escaped(struct gateway_world *world, const char *server);
bool converse_batch(struct gateway_world *world, const char *server);

// Comes back to the stream of a call, for the rest or for all of it.
bool converse_return(struct gateway_world *world, const char *server);

// A call during which the server elicits something, by a client of either era.
bool converse_asked_legacy(struct gateway_world *world, const char *server);
bool converse_asked_modern(struct gateway_world *world, const char *server);

// A client of either era that watches a resource of a server of the other.
bool converse_watch_legacy(struct gateway_world *world, const char *server);
bool converse_watch_modern(struct gateway_world *world, const char *server);
// A client on pipes, as `run` and `connect` have one. lines.c.
bool converse_run(struct gateway_world *world, const char *server);
bool converse_connect(struct gateway_world *world, const char *server);
// The id (raw) of the server's question in a text; false when there is none.
bool question_id(const char *text, char *id, size_t size);

void nothing_forbidden_happened(struct gateway_world *world);
// `patient`: waits for a child that may only be started again after a while; else another server is
// tried in its place.
void works_again(struct gateway_world *world, const struct conversation *conversation,
                 bool patient);
