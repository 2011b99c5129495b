// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oauth/oauth.h"

#include "json/json.h"

// metadata.c. An object, or ERROR_PROTOCOL; `what` is for people.
int oauth_scan(struct json_doc *doc, struct slice text, const char *what,
               struct error *error) MUST_CHECK;
// A member that is a string, empty when there is none. ERROR_PROTOCOL for another type.
int oauth_text(const struct json_doc *doc, const char *name, struct arena *arena, struct slice *ret,
               struct error *error) MUST_CHECK;
