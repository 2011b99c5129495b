// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files about the beginning of an authorization share: sign_in.c, sign_in_discover.c,
// sign_in_keep.c.
#pragma once

#include "control/control_internal.h"
#include "fetch/fetch.h"

enum { DOCUMENT_MAX = 256 * 1024 }; // bytes of an answer

struct sign_in_search {
    struct fetch *fetch;
    struct control_sign_in *sign_in;
    struct oauth_challenge challenge; // what the server says to a stranger
    struct oauth_resource resource;   // what it says of itself
};
// Fills the challenge, the resource, and `issuer` of the sign-in. Waits, as fetch_wait does.
int sign_in_discover(struct sign_in_search *search, struct error *error) MUST_CHECK;

// Its bytes into the arena; false: no memory.
bool sign_in_copy_text(struct arena *arena, struct slice *text);
