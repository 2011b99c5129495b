// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "chain/chain.h"
#include "base/memory.h"

#include <openssl/evp.h>

// A row ends in `,"seq":N,"link":"<64 digits>"}`.
#define SEQ ",\"seq\":"
#define LINK ",\"link\":\""
enum {
    SEQ_LENGTH = sizeof SEQ - 1,
    LINK_LENGTH = sizeof LINK - 1,
    TAIL_LENGTH = LINK_LENGTH + CHAIN_LINK_DIGITS + 2,
    NUMBER_DIGITS = 19, // of the largest number
};

struct chain_hasher {
    EVP_MD *sha256; // owned
    EVP_MD_CTX *context;
};

struct chain_hasher *chain_hasher_new(void)
{
    struct chain_hasher *hasher = memory_new(sizeof *hasher);
    hasher->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    hasher->context = EVP_MD_CTX_new();
    if (hasher->sha256 != NULL && hasher->context != NULL &&
        EVP_DigestInit_ex(hasher->context, hasher->sha256, NULL) == 1)
        return hasher;
    chain_hasher_free(hasher);
    return NULL;
}

void chain_hasher_free(struct chain_hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->sha256);
    memory_free(hasher);
}

static int digest(struct chain_hasher *hasher, struct slice first, struct slice second,
                  unsigned char ret[CHAIN_LINK_SIZE])
{
    // Without a digest named anew the context is only set back to its start.
    bool good = EVP_DigestInit_ex(hasher->context, NULL, NULL) == 1 &&
                EVP_DigestUpdate(hasher->context, first.data, first.length) == 1 &&
                EVP_DigestUpdate(hasher->context, second.data, second.length) == 1 &&
                EVP_DigestFinal_ex(hasher->context, ret, NULL) == 1;
    return good ? 0 : ERROR_INTERNAL;
}

int chain_link(struct chain_hasher *hasher, const unsigned char before[CHAIN_LINK_SIZE],
               struct slice row, unsigned char ret[CHAIN_LINK_SIZE])
{
    return digest(hasher, slice_of((const char *)before, CHAIN_LINK_SIZE), row, ret);
}

int chain_hash(struct chain_hasher *hasher, struct slice bytes, unsigned char ret[CHAIN_LINK_SIZE])
{
    return digest(hasher, bytes, slice_of("", 0), ret);
}

int chain_hash_once(struct slice bytes, unsigned char ret[CHAIN_LINK_SIZE])
{
    if (EVP_Digest(bytes.data, bytes.length, ret, NULL, EVP_sha256(), NULL) == 1)
        return 0;
    memset(ret, 0, CHAIN_LINK_SIZE);
    return ERROR_INTERNAL;
}

int chain_append(struct chain_hasher *hasher, struct chain_state *state, struct slice body,
                 struct buffer *out)
{
    struct chain_state next = {.rows = state->rows + 1};
    char digits[CHAIN_LINK_DIGITS + 1];
    size_t before = out->length;
    buffer_append(out, body);
    buffer_append(out, SLICE_LITERAL(SEQ));
    int result = buffer_append_number(out, next.rows);
    if (result != 0)
        goto failed;
    struct slice row = slice_of(buffer_slice(out).data + before, out->length - before);
    result = chain_link(hasher, state->link, row, next.link);
    if (result != 0)
        goto failed;
    chain_write_hex(next.link, CHAIN_LINK_SIZE, digits);
    buffer_append(out, SLICE_LITERAL(LINK));
    buffer_append(out, slice_of(digits, CHAIN_LINK_DIGITS));
    result = buffer_append(out, SLICE_LITERAL("\"}\n"));
    if (result != 0)
        goto failed;
    *state = next;
    return 0;
failed:
    out->length = before;
    return result;
}

// A number at the very end of the text, and where its digits begin.
static bool parse_number(struct slice text, uint64_t *ret, size_t *ret_at)
{
    size_t at = text.length;
    while (at > 0 && text.length - at < NUMBER_DIGITS && text.data[at - 1] >= '0' &&
           text.data[at - 1] <= '9')
        at--;
    uint64_t value = 0;
    for (size_t i = at; i < text.length; i++)
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    *ret = value;
    *ret_at = at;
    return at < text.length && text.data[at] != '0';
}

bool chain_parse(struct slice line, struct chain_row *ret)
{
    if (line.length < TAIL_LENGTH + SEQ_LENGTH + 1 || line.data[0] != '{')
        return false;
    const char *tail = line.data + line.length - TAIL_LENGTH;
    ret->bytes = slice_of(line.data, line.length - TAIL_LENGTH);
    size_t at;
    bool good = memcmp(tail, LINK, LINK_LENGTH) == 0 &&
                memcmp(tail + LINK_LENGTH + CHAIN_LINK_DIGITS, "\"}", 2) == 0 &&
                chain_parse_hex(slice_of(tail + LINK_LENGTH, CHAIN_LINK_DIGITS), ret->link,
                                CHAIN_LINK_SIZE) &&
                parse_number(ret->bytes, &ret->number, &at) && at >= SEQ_LENGTH &&
                memcmp(ret->bytes.data + at - SEQ_LENGTH, SEQ, SEQ_LENGTH) == 0;
    if (good)
        ret->body = slice_of(line.data, at - SEQ_LENGTH);
    return good;
}

void chain_write_hex(const unsigned char *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool chain_parse_hex(struct slice text, unsigned char *ret, size_t size)
{
    if (text.length != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit_of(text.data[2 * i]), low = digit_of(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}
