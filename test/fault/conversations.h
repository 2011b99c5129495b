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
    void (*run)(struct gateway_world *world, const char *server);
};
void converse_legacy(struct gateway_world *world, const char *server);
void converse_modern(struct gateway_world *world, const char *server);
// Long and escaped, so that names and arguments need memory of their own.
void converse_escaped(struct gateway_world *world, const char *server);
void converse_batch(struct gateway_world *world, const char *server);

// Comes back to the stream of a call, for the rest or for all of it.
void converse_return(struct gateway_world *world, const char *server);

void nothing_forbidden_happened(struct gateway_world *world);
// `patient`: waits for a child that may only be started again after a while; else another server is
// tried in its place.
void works_again(struct gateway_world *world, const char *server, bool patient);
