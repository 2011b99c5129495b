// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetch_internal.h"

#include "base/clock.h"
#include "base/codec.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum { HASH_SIZE = 32, HASH_TEXT_SIZE = CODEC_BASE64_LENGTH(HASH_SIZE) + 1 };

// ---- Keys: "whsec_" and base64

bool fetch_webhook_key_parse(struct slice text, unsigned char ret[FETCH_WEBHOOK_KEY_MOST],
                             size_t *ret_size)
{
    const struct slice head = SLICE_LITERAL("whsec_");
    *ret_size = 0;
    if (!slice_starts_with(text, head))
        return false;
    text = slice_of(text.data + head.length, text.length - head.length);
    return codec_read_base64(text, CODEC_BASE64, ret, FETCH_WEBHOOK_KEY_MOST, ret_size) &&
           *ret_size >= FETCH_WEBHOOK_KEY_LEAST;
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
static bool write_signatures(const struct fetch_webhook *webhook, struct slice text,
                             char ret[FETCH_WEBHOOK_SIGNATURES])
{
    size_t length = (size_t)snprintf(ret, FETCH_WEBHOOK_SIGNATURES, "webhook-signature:");
    for (size_t i = 0; i < FETCH_WEBHOOK_KEYS_MAX; i++) {
        char signature[HASH_TEXT_SIZE];
        if (webhook->keys[i].length == 0)
            continue;
        if (!sign(webhook->keys[i], text, signature))
            return false;
        length +=
            (size_t)snprintf(ret + length, FETCH_WEBHOOK_SIGNATURES - length, " v1,%s", signature);
    }
    return true;
}

int fetch_webhook_sign(const struct fetch_webhook *webhook, struct fetch_webhook_headers *ret)
{
    struct buffer text;
    buffer_init(&text, 0);
    snprintf(ret->id, sizeof ret->id, "webhook-id: %s", webhook->id);
    snprintf(ret->time, sizeof ret->time, "webhook-timestamp: %" PRId64, webhook->now_s);
    buffer_append_format(&text, "%s.%" PRId64 ".", webhook->id, webhook->now_s);
    buffer_append(&text, webhook->body);
    bool good = !text.failed && write_signatures(webhook, buffer_slice(&text), ret->signatures);
    buffer_release(&text);
    return good ? 0 : ERROR_NO_MEMORY;
}

// ---- Retry-After

static bool read_number(struct slice text, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *ret = *ret * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.length > 0;
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

uint64_t fetch_retry_after_ms(struct slice value, int64_t now_ms)
{
    uint64_t seconds;
    int64_t until;
    if (value.length <= 9 && read_number(value, &seconds))
        return seconds * 1000;
    if (read_date(value, &until) && until > now_ms)
        return (uint64_t)(until - now_ms);
    return 0;
}
