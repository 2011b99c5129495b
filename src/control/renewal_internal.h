// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_internal.h"

// ---- renew.c: one renewal of one authorization; waits
enum renewal_outcome {
    RENEWAL_DONE,
    RENEWAL_LATER, // try again
    RENEWAL_OVER,  // somebody has to sign in
    RENEWAL_GONE,  // there is no such authorization any more
};
struct renewal {
    struct control *control;
    struct fetch *fetch;
    const bool *closing; // under `lock`
    pthread_mutex_t *lock;
    struct slice organisation, id;
    char *missing; // scopes that the server asks for; NULL: none
    bool refused;  // the server takes the token no longer
    bool renew;
};
enum renewal_outcome control_renew(const struct renewal *renewal);
