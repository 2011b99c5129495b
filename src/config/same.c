// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

static bool same_list(const char *const *a, const char *const *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == *b; // both NULL
}

static bool same_headers(const struct upstream_options *a, const struct upstream_options *b)
{
    if (a->header_count != b->header_count)
        return false;
    for (size_t i = 0; i < a->header_count; i++)
        if (!slice_equal(a->headers[i].name, b->headers[i].name) ||
            !slice_equal(a->headers[i].value, b->headers[i].value))
            return false;
    return true;
}

bool config_same_server(const struct upstream_options *a, const struct upstream_options *b)
{
    return slice_equal(a->name, b->name) && a->transport == b->transport && a->tls == b->tls &&
           slice_equal(a->host, b->host) && a->port == b->port &&
           slice_equal(a->target, b->target) && same_headers(a, b) &&
           same_list(a->command, b->command) && same_list(a->environment, b->environment) &&
           a->sharing == b->sharing && a->message_max == b->message_max &&
           a->connect_timeout_ms == b->connect_timeout_ms &&
           a->answer_timeout_ms == b->answer_timeout_ms && a->calls_max == b->calls_max;
}
