// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions as the gateway would ask them, for the tests of who answers.
#pragma once

#include "control/control.h"

// `line` is a JSON object: the "organisation" whose id it is, and what the question says
// ("grant", "server", "tool", "arguments", "approvers", "expires_ms"...); or the "id" of one that
// is there and its new "state". Prints the id as a line. Waits.
void ask_question(struct control *control, const char *folder, struct slice line);
