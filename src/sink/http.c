// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "sink/http_internal.h"

#include "base/clock.h"
#include "fetch/fetch.h"

#include <stdio.h>

enum { HEADERS_MAX = 64, ANSWER_MAX = 64 * 1024 };

// ---- Requests

static void gather_headers(const struct sink *sink, const struct sink_http_request *request,
                           const char *headers[HEADERS_MAX + 1])
{
    size_t count = 0;
    for (const char *const *at = sink->options.headers; *at != NULL && count < HEADERS_MAX; at++)
        headers[count++] = *at;
    for (const char *const *at = request->headers; *at != NULL && count < HEADERS_MAX; at++)
        headers[count++] = *at;
    headers[count] = NULL;
}

static bool is_among(int status, const int *list)
{
    while (*list != 0 && *list != status)
        list++;
    return *list != 0;
}

static void judge(struct sink *sink, const struct sink_http_request *request,
                  const struct fetch_answer *answer, struct sink_delivery *ret)
{
    if (answer->status >= 200 && answer->status <= 299) {
        ret->result = SINK_DELIVERED;
        if (request->read != NULL)
            request->read(sink, answer->body, ret);
        return;
    }
    // Its text may repeat what it was sent, and belongs into no other log.
    snprintf(ret->text, sizeof ret->text, "it answers with status %d", answer->status);
    ret->result = is_among(answer->status, request->never) ? SINK_REFUSED : SINK_LATER;
    ret->wait_ms =
        fetch_retry_after_ms(fetch_answer_header(answer, "retry-after"), clock_wall_ms());
}

void sink_http_post(struct sink *sink, const struct sink_http_request *request,
                    struct sink_delivery *ret)
{
    const char *headers[HEADERS_MAX + 1];
    struct fetch_answer answer = {0};
    struct arena arena;
    struct error error = {0};
    gather_headers(sink, request, headers);
    const struct fetch_request given = {.method = "POST",
                                        .url = sink->options.url,
                                        .headers = headers,
                                        .body = request->body,
                                        .answer_max = ANSWER_MAX,
                                        .timeout_ms = (int)sink->options.timeout_ms};
    arena_init(&arena, 4 * ANSWER_MAX);
    ret->result = SINK_LATER;
    if (fetch_wait(sink->fetch, &given, &arena, &answer, &error) == 0)
        judge(sink, request, &answer, ret);
    else
        snprintf(ret->text, sizeof ret->text, "%.300s", error.text);
    arena_release(&arena);
}
