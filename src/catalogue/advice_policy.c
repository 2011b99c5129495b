// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A starter policy for a whole server: every listed tool under its exact name, all else denied.
#include "catalogue/catalogue_internal.h"

#include "base/memory.h"

#include <stdlib.h>

enum { NAME_SHOWN = 80 };

void advice_write_name(struct buffer *out, struct slice name)
{
    bool cut_short = name.length > NAME_SHOWN;
    if (cut_short) {
        name.length = NAME_SHOWN;
        while (name.length > 0 && ((unsigned char)name.data[name.length] & 0xC0) == 0x80)
            name.length--;
    }
    buffer_append(out, name);
    buffer_append_string(out, cut_short ? "..." : "");
}

// ---- Order

struct item {
    const struct catalogue_entry *entry;
    enum catalogue_advice advice;
};

static int compare_names(const struct item *a, const struct item *b)
{
    struct slice x = a->entry->name, y = b->entry->name;
    size_t length = x.length < y.length ? x.length : y.length;
    int order = length == 0 ? 0 : memcmp(x.data, y.data, length);
    return order != 0 ? order : (x.length > y.length) - (x.length < y.length);
}

static int by_name(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = compare_names(x, y);
    return order != 0 ? order : (int)y->advice - (int)x->advice;
}

static int by_gravity(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->entry->misleads != y->entry->misleads)
        return x->entry->misleads ? -1 : 1;
    if (x->entry->category != y->entry->category)
        return (int)y->entry->category - (int)x->entry->category;
    return compare_names(x, y);
}

// Of each name the strictest, the gravest first; how many are left.
static size_t settle(struct item *items, const struct catalogue_entry *entries, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        items[i] = (struct item){&entries[i], catalogue_advise(&entries[i])};
    qsort(items, count, sizeof *items, by_name);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_names(&items[i], &items[kept - 1]) != 0)
            items[kept++] = items[i];
    qsort(items, kept, sizeof *items, by_gravity);
    return kept;
}

// ---- The description

struct census {
    size_t by[CATALOGUE_ADVISE_LEAVE_OUT + 1];
};

static void write_count(struct buffer *out, size_t count, const char *one, const char *many,
                        bool *first)
{
    if (count == 0)
        return;
    buffer_append_format(out, "%s%zu %s", *first ? ": " : ", ", count, count == 1 ? one : many);
    *first = false;
}

static void write_description(struct buffer *out, struct slice server, const struct item *items,
                              size_t count)
{
    struct census census = {0};
    bool first = true;
    for (size_t i = 0; i < count; i++)
        census.by[items[i].advice]++;
    buffer_append_string(out, "Starter policy");
    if (server.length > 0) {
        buffer_append_string(out, " for ");
        advice_write_name(out, server);
    }
    buffer_append_format(out, ", %zu tool%s", count, count == 1 ? "" : "s");
    write_count(out, census.by[CATALOGUE_ADVISE_FREE], "is free", "are free", &first);
    write_count(out, census.by[CATALOGUE_ADVISE_LIMIT], "has 30 calls a minute",
                "have 30 calls a minute each", &first);
    write_count(out, census.by[CATALOGUE_ADVISE_TIGHT_LIMIT], "has 10 calls a minute",
                "have 10 calls a minute each", &first);
    write_count(out, census.by[CATALOGUE_ADVISE_APPROVAL], "asks a person on each call",
                "ask a person on each call", &first);
    write_count(out, census.by[CATALOGUE_ADVISE_HIDE], "is hidden", "are hidden", &first);
    write_count(out, census.by[CATALOGUE_ADVISE_LEAVE_OUT],
                "is denied since no policy can name it exactly",
                "are denied since no policy can name them exactly", &first);
    buffer_append_string(out, ". What is not named here is denied and in no list: new tools, "
                              "resources, prompts; so are other methods.");
}

// ---- The document

static void write_document(struct buffer *out, struct slice description, const struct item *items,
                           size_t count)
{
    const char *before = "";
    buffer_append_string(out, "{\n  \"version\": \"1\",\n  \"description\": ");
    json_write_string(out, description);
    buffer_append_string(out, ",\n  \"default\": \"deny\",\n  \"list\": \"callable\",\n"
                              "  \"tools\": {");
    for (size_t i = 0; i < count; i++) {
        if (items[i].advice == CATALOGUE_ADVISE_LEAVE_OUT)
            continue;
        buffer_append_format(out, "%s\n    ", before);
        json_write_string(out, items[i].entry->name);
        buffer_append_string(out, ": ");
        advice_write_rule(out, items[i].entry);
        before = ",";
    }
    buffer_append_string(out, *before == '\0' ? "}\n}\n" : "\n  }\n}\n");
}

int catalogue_write_policy(struct buffer *out, struct slice server,
                           const struct catalogue_entry *entries, size_t count)
{
    struct buffer description, document;
    if (count > SIZE_MAX / sizeof(struct item) - 1)
        return ERROR_NO_MEMORY;
    struct item *items = memory_try_new((count + 1) * sizeof *items);
    if (items == NULL)
        return ERROR_NO_MEMORY;
    buffer_init(&description, 0);
    buffer_init(&document, 0);
    count = settle(items, entries, count);
    write_description(&description, server, items, count);
    write_document(&document, buffer_slice(&description), items, count);
    int result = description.failed || document.failed    ? ERROR_NO_MEMORY
                 : document.length > CATALOGUE_POLICY_MAX ? ERROR_TOO_LARGE
                                                          : 0;
    if (result == 0)
        result = buffer_append(out, buffer_slice(&document));
    buffer_release(&document);
    buffer_release(&description);
    memory_free(items);
    return result;
}
