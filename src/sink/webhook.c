// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows as lines of a POST, signed as Standard Webhooks 1.0.0 has it: HMAC-SHA256 over id, time and
// body.
#include "sink/http_internal.h"

#include "base/clock.h"
#include "base/codec.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum { ID_DIGITS = 32, HASH_SIZE = 32, HASH_TEXT_SIZE = CODEC_BASE64_LENGTH(HASH_SIZE) + 1 };
enum { SIGNATURE_SIZE = SINK_SECRETS_MAX * (HASH_TEXT_SIZE + 4) + 32 };

// ---- Keys: "whsec_" and base64

bool sink_secret_parse(struct slice text, unsigned char ret[SINK_SECRET_MOST], size_t *ret_size)
{
    const struct slice head = SLICE_LITERAL("whsec_");
    *ret_size = 0;
    if (!slice_starts_with(text, head))
        return false;
    text = slice_of(text.data + head.length, text.length - head.length);
    return codec_read_base64(text, CODEC_BASE64, ret, SINK_SECRET_MOST, ret_size) &&
           *ret_size >= SINK_SECRET_LEAST;
}

// ---- Signatures

static bool sign(struct slice key, struct slice text, char ret[HASH_TEXT_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data, (int)key.length, (const unsigned char *)text.data, text.length,
             hash, &size) == NULL ||
        size != HASH_SIZE)
        return false;
    ret[codec_write_base64(slice_of((const char *)hash, size), CODEC_BASE64, ret)] = '\0';
    return true;
}

// "v1,BASE64", several of them separated by a space while keys are changed.
static bool write_signatures(const struct sink *sink, struct slice text, char ret[SIGNATURE_SIZE])
{
    size_t length = (size_t)snprintf(ret, SIGNATURE_SIZE, "webhook-signature:");
    for (size_t i = 0; i < SINK_SECRETS_MAX; i++) {
        char signature[HASH_TEXT_SIZE];
        if (sink->options.secrets[i].length == 0)
            continue;
        if (!sign(sink->options.secrets[i], text, signature))
            return false;
        length += (size_t)snprintf(ret + length, SIGNATURE_SIZE - length, " v1,%s", signature);
    }
    return true;
}

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
    char digits[CHAIN_LINK_DIGITS + 1] = "", id[64], time[64], signature[SIGNATURE_SIZE];
    const char *const headers[] = {sink->options.format == SINK_ARRAY
                                       ? "Content-Type: application/json"
                                       : "Content-Type: application/x-ndjson",
                                   id, time, signature, NULL};
    int64_t now = clock_wall_ms() / 1000;
    buffer_clear(&sink->scratch);
    if (make_id(sink, body, digits))
        buffer_append_format(&sink->scratch, "msg_%s.%" PRId64 ".", digits, now);
    buffer_append(&sink->scratch, body);
    snprintf(id, sizeof id, "webhook-id: msg_%s", digits);
    snprintf(time, sizeof time, "webhook-timestamp: %" PRId64, now);
    if (sink->scratch.failed || sink->scratch.length == body.length ||
        !write_signatures(sink, buffer_slice(&sink->scratch), signature)) {
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
