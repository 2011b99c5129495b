// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue.h"

static const struct {
    const char *name;
    const char *selector; // NULL: no selector of its own
    enum catalogue_severity severity;
} categories[] = {
    [CATALOGUE_READ] = {"Read", "@read", CATALOGUE_LOW},
    [CATALOGUE_WRITE] = {"Write", "@write", CATALOGUE_MEDIUM},
    [CATALOGUE_EXECUTE] = {"Execute", "@execute", CATALOGUE_HIGH},
    [CATALOGUE_DESTRUCTIVE] = {"Destructive", "@destructive", CATALOGUE_CRITICAL},
    [CATALOGUE_FINANCIAL] = {"Financial", "@financial", CATALOGUE_CRITICAL},
    [CATALOGUE_UNKNOWN] = {"Unknown", NULL, CATALOGUE_CRITICAL},
};

static const char *const severities[] = {"low", "medium", "high", "critical"};
static const char *const sources[] = {"name",   "title",       "description",
                                      "schema", "annotations", "server"};

const char *catalogue_category_name(enum catalogue_category category)
{
    if ((unsigned)category > CATALOGUE_UNKNOWN)
        category = CATALOGUE_UNKNOWN;
    return categories[category].name;
}

enum catalogue_severity catalogue_severity_of(enum catalogue_category category)
{
    return (unsigned)category > CATALOGUE_UNKNOWN ? CATALOGUE_CRITICAL
                                                  : categories[category].severity;
}

const char *catalogue_severity_name(enum catalogue_severity severity)
{
    return severities[(unsigned)severity > CATALOGUE_CRITICAL ? CATALOGUE_CRITICAL : severity];
}

const char *catalogue_source_name(enum catalogue_source source)
{
    return sources[(unsigned)source > CATALOGUE_FROM_SERVER ? CATALOGUE_FROM_SERVER : source];
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

static int hint_of(const struct json_doc *doc, uint32_t annotations, const char *name)
{
    uint32_t node = json_get(doc, annotations, name);
    if (node == JSON_NONE)
        return -1;
    enum json_type type = json_type(doc, node);
    return type == JSON_TRUE ? 1 : type == JSON_FALSE ? 0 : -1;
}

struct catalogue_hints catalogue_read_hints(const struct json_doc *doc, uint32_t annotations)
{
    return (struct catalogue_hints){hint_of(doc, annotations, "readOnlyHint"),
                                    hint_of(doc, annotations, "destructiveHint")};
}
