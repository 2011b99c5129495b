// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Options of sinks are copied: a reload forgets those of the file.
#include "sink/sink_internal.h"

#include "base/memory.h"

enum { ROWS_MAX = 500, TIMEOUT_MS = 10000 };

static const char *copy_text(const char *text)
{
    return text == NULL ? NULL : memory_copy_string(text, strlen(text));
}

static struct slice copy_slice(struct slice from)
{
    return slice_of(memory_copy_string(from.data == NULL ? "" : from.data, from.length),
                    from.length);
}

static const struct slice *copy_list(const struct slice *from, size_t count)
{
    struct slice *list = memory_new((count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = copy_slice(from[i]);
    return list;
}

static void free_list(const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memory_free((char *)list[i].data);
    memory_free((struct slice *)list);
}

static size_t count_headers(const char *const *headers)
{
    size_t count = 0;
    while (headers != NULL && headers[count] != NULL)
        count++;
    return count;
}

static const char *const *copy_headers(const char *const *from)
{
    size_t count = count_headers(from);
    const char **headers = memory_new((count + 1) * sizeof *headers);
    for (size_t i = 0; i < count; i++)
        headers[i] = copy_text(from[i]);
    return headers;
}

void sink_options_copy(struct sink_options *to, const struct sink_options *from)
{
    *to = *from;
    to->name = copy_slice(from->name);
    to->host = copy_text(from->host);
    to->hostname = copy_text(from->hostname);
    to->url = copy_text(from->url);
    to->headers = copy_headers(from->headers);
    to->outcomes = copy_list(from->outcomes, from->outcome_count);
    to->servers = copy_list(from->servers, from->server_count);
    for (size_t i = 0; i < SINK_SECRETS_MAX; i++)
        to->secrets[i] = copy_slice(from->secrets[i]);
    if (to->rows_max == 0)
        to->rows_max = ROWS_MAX;
    if (to->timeout_ms == 0)
        to->timeout_ms = TIMEOUT_MS;
}

static void wipe(const char *text, size_t length)
{
    memory_wipe((char *)text, length);
    memory_free((char *)text);
}

void sink_options_release(struct sink_options *options)
{
    for (const char *const *header = options->headers; *header != NULL; header++)
        wipe(*header, strlen(*header));
    for (size_t i = 0; i < SINK_SECRETS_MAX; i++)
        wipe(options->secrets[i].data, options->secrets[i].length);
    memory_free((const char **)options->headers);
    free_list(options->outcomes, options->outcome_count);
    free_list(options->servers, options->server_count);
    memory_free((char *)options->url);
    memory_free((char *)options->hostname);
    memory_free((char *)options->host);
    memory_free((char *)options->name.data);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_list(const struct slice *a, size_t a_count, const struct slice *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = slice_equal(a[i], b[i]);
    return same;
}

static bool same_headers(const char *const *a, const char *const *b)
{
    size_t count = count_headers(a);
    bool same = count == count_headers(b);
    for (size_t i = 0; same && i < count; i++)
        same = strcmp(a[i], b[i]) == 0;
    return same;
}

bool sink_options_equal(const struct sink_options *a, const struct sink_options *b)
{
    return slice_equal(a->name, b->name) && a->kind == b->kind && a->transport == b->transport &&
           same_text(a->host, b->host) && a->port == b->port && a->facility == b->facility &&
           same_text(a->hostname, b->hostname) && same_text(a->url, b->url) &&
           same_headers(a->headers, b->headers) &&
           same_list(a->secrets, SINK_SECRETS_MAX, b->secrets, SINK_SECRETS_MAX) &&
           same_list(a->outcomes, a->outcome_count, b->outcomes, b->outcome_count) &&
           same_list(a->servers, a->server_count, b->servers, b->server_count) &&
           a->format == b->format && a->notes == b->notes && a->from_begin == b->from_begin &&
           a->rows_max == b->rows_max && a->timeout_ms == b->timeout_ms;
}
