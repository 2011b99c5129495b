// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows as lines of a POST, signed as Standard Webhooks 1.0.0 has it: HMAC-SHA256 over id, time and
// body.
#include "sink/http_internal.h"

#include "base/clock.h"
#include "fetch/fetch.h"

#include <stdio.h>

enum { ID_DIGITS = 32 };

// The same batch has the same id each time that it is sent.
static bool make_id(struct sink *sink, struct slice body, char ret[CHAIN_LINK_DIGITS + 1])
{
    unsigned char hash[CHAIN_LINK_SIZE];
    if (chain_hash(sink->position.hasher, body, hash) != 0)
        return false;
    chain_write_hex(hash, sizeof hash, ret);
    ret[ID_DIGITS] = '\0';
    return true;
}

// ---- The sink

static void add_row(struct sink *sink, struct sink_batch *batch, const struct sink_row *row)
{
    bool array = sink->options.format == SINK_ARRAY;
    if (array)
        buffer_append_string(&batch->body, batch->rows == 1 ? "[" : ",");
    buffer_append(&batch->body, row->line);
    if (!array)
        buffer_append_string(&batch->body, "\n");
}

static void end_batch(struct sink *sink, struct sink_batch *batch)
{
    if (sink->options.format == SINK_ARRAY)
        buffer_append_string(&batch->body, "]");
}

static void deliver(struct sink *sink, const struct sink_batch *batch, struct sink_delivery *ret)
{
    static const int never[] = {413, 0};
    struct slice body = buffer_slice(&batch->body);
    char digits[CHAIN_LINK_DIGITS + 1], id[64];
    struct fetch_webhook_headers signs;
    const char *const headers[] = {sink->options.format == SINK_ARRAY
                                       ? "Content-Type: application/json"
                                       : "Content-Type: application/x-ndjson",
                                   signs.id, signs.time, signs.signatures, NULL};
    bool named = make_id(sink, body, digits);
    snprintf(id, sizeof id, "msg_%.*s", (int)ID_DIGITS, named ? digits : "");
    struct fetch_webhook webhook = {.id = id, .now_s = clock_wall_ms() / 1000, .body = body};
    for (size_t i = 0; i < FETCH_WEBHOOK_KEYS_MAX; i++)
        webhook.keys[i] = sink->options.secrets[i];
    if (!named || fetch_webhook_sign(&webhook, &signs) != 0) {
        snprintf(ret->text, sizeof ret->text, "the rows cannot be signed");
        return;
    }
    const struct sink_http_request request = {.body = body, .headers = headers, .never = never};
    sink_http_post(sink, &request, ret);
}

const struct sink_kind_operations sink_webhook = {.begin = sink_no_frame,
                                                  .add = add_row,
                                                  .end = end_batch,
                                                  .deliver = deliver,
                                                  .close = sink_nothing};
