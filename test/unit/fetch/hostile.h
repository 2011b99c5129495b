// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A web server on loopback, a thread for each connection, that does what the path says, good or
// bad; and names that it answers for, in place of the system's resolver.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct hostile;
// `certificate` and `key` are PEM files; NULL: plain http.
struct hostile *hostile_start(const char *certificate, const char *key);
uint16_t hostile_port(const struct hostile *hostile);
unsigned hostile_connections(struct hostile *hostile);
// Was this text in any request's bytes so far?
bool hostile_got(struct hostile *hostile, const char *text);
void hostile_stop(struct hostile *hostile); // waits for its threads

// "moving.test" answers this address from now on.
void hostile_move_name(const char *address);
// Lets "slow.test" answer, which waits for this.
void hostile_wake_resolver(void);
