// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

#include "base/memory.h"
#include "fetch/fetch.h"

enum { ANSWER_MAX = 256 * 1024, REVOKE_MS = 5000 };

static int post(struct fetch *fetch, const struct control_endpoint *endpoint, struct buffer *form,
                int timeout_ms, struct arena *arena, struct fetch_answer *ret, struct error *error)
{
    struct buffer header;
    const char *headers[] = {"Content-Type: application/x-www-form-urlencoded",
                             "Accept: application/json", NULL, NULL};
    char *url = memory_copy_string(endpoint->url.data, endpoint->url.length);
    buffer_init(&header, 0);
    buffer_reserve(&header, 8 * 1024);
    oauth_add_client(form, &endpoint->client, &header);
    if (header.length > 0) {
        buffer_append(&header, slice_of("", 1));
        headers[2] = buffer_slice(&header).data;
    }
    const struct fetch_request request = {.method = "POST",
                                          .url = url,
                                          .headers = headers,
                                          .body = buffer_slice(form),
                                          .answer_max = ANSWER_MAX,
                                          .timeout_ms = timeout_ms,
                                          .secret = true};
    int result = form->failed || header.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                               : fetch_wait(fetch, &request, arena, ret, error);
    buffer_wipe(&header);
    memory_free(url);
    return result;
}

int control_ask_tokens(struct fetch *fetch, const struct control_endpoint *endpoint,
                       struct buffer *form, struct arena *arena, struct oauth_tokens *ret,
                       struct error *error)
{
    struct fetch_answer answer = {.status = 0};
    oauth_add_field(form, "resource", endpoint->resource);
    int result = post(fetch, endpoint, form, 0, arena, &answer, error);
    if (result == 0)
        result = oauth_read_tokens(answer.status, fetch_answer_header(&answer, "Content-Type"),
                                   answer.body, arena, ret, error);
    else if (result == ERROR_DENIED)
        result = ERROR_UNREACHABLE; // the guard's word, which may change; not that of an endpoint
    memory_wipe_slice(answer.body);
    buffer_wipe(form);
    return result;
}

void control_revoke_token(struct fetch *fetch, const struct control_endpoint *endpoint,
                          struct slice token, struct arena *arena)
{
    struct fetch_answer answer = {.status = 0};
    struct buffer form;
    if (token.length == 0 || endpoint->url.length == 0)
        return;
    buffer_init(&form, 0);
    buffer_reserve(&form, 3 * token.length + 1024);
    oauth_add_field(&form, "token", token);
    struct error error = {0};
    int result = post(fetch, endpoint, &form, REVOKE_MS, arena, &answer, &error);
    (void)result;
    buffer_wipe(&form);
}
