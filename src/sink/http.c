// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "sink/http_internal.h"

#include "base/clock.h"
#include "fetch/fetch.h"

#include <stdio.h>

enum { HEADERS_MAX = 64, ANSWER_MAX = 64 * 1024 };

// ---- Retry-After

static bool read_number(struct slice text, size_t at, size_t digits, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = at; i < at + digits; i++) {
        if (i >= text.length || text.data[i] < '0' || text.data[i] > '9')
            return false;
        *ret = *ret * 10 + (uint64_t)(text.data[i] - '0');
    }
    return digits > 0;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"; the older forms are no longer sent.
static bool read_date(struct slice text, int64_t *ret_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char date[CLOCK_TEXT_SIZE];
    if (text.length != 29)
        return false;
    for (unsigned int month = 0; month < 12; month++) {
        if (memcmp(text.data + 8, months + 3 * (size_t)month, 3) != 0)
            continue;
        snprintf(date, sizeof date,
                 "%.4s-%02u-%.2s"
                 "T%.8sZ",
                 text.data + 12, month + 1, text.data + 5, text.data + 17);
        return clock_parse(slice_from_string(date), ret_ms);
    }
    return false;
}

uint64_t sink_retry_after_ms(struct slice value, int64_t now_ms)
{
    uint64_t seconds;
    int64_t until;
    if (value.length > 0 && value.length <= 9 && read_number(value, 0, value.length, &seconds))
        return seconds * 1000;
    if (read_date(value, &until) && until > now_ms)
        return (uint64_t)(until - now_ms);
    return 0;
}

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
    ret->wait_ms = sink_retry_after_ms(fetch_answer_header(answer, "retry-after"), clock_wall_ms());
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
