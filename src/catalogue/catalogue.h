// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known of tools: the category read off a tool's annotations (the classifier of a later
// version fills the same interface), and the credentials that texts may hold. Pure; any thread.
#pragma once

#include "base/slice.h"

// Ordered by gravity. Unknown counts as the gravest (docs/policy.md, "Categories").
enum catalogue_category {
    CATALOGUE_READ,
    CATALOGUE_WRITE,
    CATALOGUE_EXECUTE,
    CATALOGUE_DESTRUCTIVE,
    CATALOGUE_FINANCIAL,
    CATALOGUE_UNKNOWN,
};

// -1 when the annotation is absent or no boolean, else 0 or 1.
struct catalogue_hints {
    int read_only;
    int destructive;
};

enum catalogue_category catalogue_classify(struct catalogue_hints hints);
const char *catalogue_category_name(enum catalogue_category category); // "Read" ... "Unknown"
// "@read" ... "@financial"; false for anything else.
bool catalogue_category_from_selector(struct slice selector, enum catalogue_category *ret);

// ---- Secrets in texts (docs/policy.md, "Secrets")
// The first credential that starts at or behind `from`: where it stands and how long it is. False
// when there is none. Time grows with the text's length alone.
bool catalogue_find_secret(struct slice text, size_t from, size_t *ret_start, size_t *ret_length);
// Does a member of this name hold a secret, when it has this value?
bool catalogue_names_secret(struct slice name, struct slice value);
