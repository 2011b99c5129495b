// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue.h"

static const struct {
    const char *name;
    const char *selector; // NULL: no selector of its own
} categories[] = {
    [CATALOGUE_READ] = {"Read", "@read"},
    [CATALOGUE_WRITE] = {"Write", "@write"},
    [CATALOGUE_EXECUTE] = {"Execute", "@execute"},
    [CATALOGUE_DESTRUCTIVE] = {"Destructive", "@destructive"},
    [CATALOGUE_FINANCIAL] = {"Financial", "@financial"},
    [CATALOGUE_UNKNOWN] = {"Unknown", NULL},
};

// A server that says both "read-only" and "destructive" is believed in the graver half only.
enum catalogue_category catalogue_classify(struct catalogue_hints hints)
{
    if (hints.destructive == 1)
        return CATALOGUE_DESTRUCTIVE;
    if (hints.read_only == 1)
        return CATALOGUE_READ;
    if (hints.read_only == 0 && hints.destructive == 0)
        return CATALOGUE_WRITE;
    return CATALOGUE_UNKNOWN;
}

const char *catalogue_category_name(enum catalogue_category category)
{
    if ((unsigned)category > CATALOGUE_UNKNOWN)
        category = CATALOGUE_UNKNOWN;
    return categories[category].name;
}

bool catalogue_category_from_selector(struct slice selector, enum catalogue_category *ret)
{
    for (unsigned i = 0; i < CATALOGUE_UNKNOWN; i++)
        if (slice_equal_string(selector, categories[i].selector)) {
            *ret = (enum catalogue_category)i;
            return true;
        }
    return false;
}
