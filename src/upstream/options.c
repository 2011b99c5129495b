// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream_internal.h"

#include <string.h>

static bool same_strings(const char *const *a, const char *const *b)
{
    static const char *const none[] = {NULL};
    a = a == NULL ? none : a;
    b = b == NULL ? none : b;
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == *b;
}

bool upstream_options_equal(const struct upstream_options *a, const struct upstream_options *b)
{
    if (!slice_equal(a->name, b->name) || a->transport != b->transport || a->tls != b->tls ||
        a->guarded != b->guarded || !slice_equal(a->host, b->host) || a->port != b->port ||
        !slice_equal(a->target, b->target) || !slice_equal(a->shown, b->shown) ||
        a->sharing != b->sharing || a->era != b->era || a->message_max != b->message_max ||
        a->connect_timeout_ms != b->connect_timeout_ms ||
        a->answer_timeout_ms != b->answer_timeout_ms || a->calls_max != b->calls_max)
        return false;
    return same_strings(a->command, b->command) && same_strings(a->environment, b->environment);
}

static const char *const *copy_strings(struct arena *arena, const char *const *strings)
{
    size_t count = 0;
    while (strings != NULL && strings[count] != NULL)
        count++;
    const char **copy = arena_take_zeroed(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = arena_copy(arena, slice_from_string(strings[i])).data;
        if (copy[i] == NULL)
            return NULL;
    }
    return (const char *const *)copy;
}

// A copy that lives in the arena, with defaults filled in. False when memory is short.
bool upstream_options_copy(struct arena *arena, const struct upstream_options *from,
                           struct upstream_options *ret)
{
    *ret = *from;
    ret->name = arena_copy(arena, from->name);
    ret->host = arena_copy(arena, from->host);
    ret->target = arena_copy(arena, from->target);
    ret->command = copy_strings(arena, from->command);
    ret->environment = copy_strings(arena, from->environment);
    ret->headers = NULL;
    ret->header_count = 0;
    ret->refusal = (struct slice){0};
    if (from->shown.data != NULL)
        ret->shown = arena_copy(arena, from->shown);
    return ret->name.data != NULL && ret->host.data != NULL && ret->target.data != NULL &&
           ret->command != NULL && ret->environment != NULL &&
           (ret->shown.data != NULL || from->shown.data == NULL);
}
