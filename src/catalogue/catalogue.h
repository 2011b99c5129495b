// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known of tools. For now: the category read off a tool's annotations. The classifier
// of a later version fills the same interface. Pure; any thread.
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
