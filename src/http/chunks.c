// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
//   SIZE -> (EXTENSION) -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE ...
//   SIZE "0" -> ... -> TRAILER -> (TRAILER_NAME -> TRAILER_LINE -> TRAILER_LF -> TRAILER) -> END_LF
//   -> DONE
//
// Every line ends in CRLF, no white space around the size, extensions and trailers bounded in all.
#include "http/http_internal.h"

enum { DIGITS_MAX = 15, EXTRA_MAX = 8192 };

enum chunk_state {
    SIZE,
    EXTENSION_START,
    EXTENSION,
    VALUE_START,
    VALUE,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_NAME,
    TRAILER_LINE,
    TRAILER_LF,
    END_LF,
    DONE
};

void http_chunks_init(struct http_chunks *chunks, bool trailers)
{
    *chunks = (struct http_chunks){.state = SIZE, .trailers = trailers};
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static const char *take_size(struct http_chunks *chunks, char c)
{
    int digit = digit_of(c);
    if (digit >= 0) {
        if (chunks->digits == DIGITS_MAX)
            return "a chunk size with too many digits";
        chunks->left = chunks->left * 16 + (uint64_t)digit;
        chunks->digits++;
        return NULL;
    }
    if (chunks->digits == 0 || (c != '\r' && c != ';'))
        return "a chunk size that is not a hexadecimal number";
    chunks->state = c == '\r' ? SIZE_LF : EXTENSION_START;
    return NULL;
}

// Bytes of extensions and trailers: visible, bounded, and dropped.
static const char *take_extra(struct http_chunks *chunks, char c, enum chunk_state after_cr)
{
    if (c == '\r') {
        chunks->state = (uint8_t)after_cr;
        return NULL;
    }
    if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
        return "a control character in a chunk extension or trailer";
    chunks->extra++;
    return NULL;
}

// Tokens only: nobody sends the quoted kind, in which readers have lost their way before.
static const char *take_extension(struct http_chunks *chunks, char c)
{
    bool name = chunks->state == EXTENSION_START || chunks->state == EXTENSION;
    bool begun = chunks->state == EXTENSION || chunks->state == VALUE;
    // Not behind a value, though RFC 9112 allows it: llhttp 8.1 takes that for another chunk size.
    if (begun && name && c == ';')
        chunks->state = EXTENSION_START;
    else if (begun && name && c == '=')
        chunks->state = VALUE_START;
    else if (http_is_token_byte((unsigned char)c))
        chunks->state = name ? EXTENSION : VALUE;
    else if (!begun || c != '\r')
        return "a malformed chunk extension";
    return take_extra(chunks, c, SIZE_LF);
}

static const char *take_trailer_start(struct http_chunks *chunks, char c)
{
    if (c == '\r') {
        chunks->state = END_LF;
        return NULL;
    }
    if (!chunks->trailers)
        return "trailers are not accepted";
    chunks->state = TRAILER_NAME;
    chunks->extra++;
    return http_is_token_byte((unsigned char)c) ? NULL : "a malformed trailer";
}

// A token and a colon, as in a head: what a reader takes for a name must be one to all readers.
static const char *take_trailer_name(struct http_chunks *chunks, char c)
{
    chunks->extra++;
    if (c == ':')
        chunks->state = TRAILER_LINE;
    else if (!http_is_token_byte((unsigned char)c))
        return "a malformed trailer";
    return NULL;
}

static const char *expect(struct http_chunks *chunks, char c, char wanted, enum chunk_state next)
{
    if (c != wanted)
        return "a chunk without its CRLF";
    chunks->state = (uint8_t)next;
    return NULL;
}

static const char *take_byte(struct http_chunks *chunks, char c)
{
    switch ((enum chunk_state)chunks->state) {
    case SIZE: return take_size(chunks, c);
    case EXTENSION_START:
    case EXTENSION:
    case VALUE_START:
    case VALUE: return take_extension(chunks, c);
    case SIZE_LF: return expect(chunks, c, '\n', chunks->left == 0 ? TRAILER : DATA);
    case DATA_CR: return expect(chunks, c, '\r', DATA_LF);
    case DATA_LF: chunks->digits = 0; return expect(chunks, c, '\n', SIZE);
    case TRAILER: return take_trailer_start(chunks, c);
    case TRAILER_NAME: return take_trailer_name(chunks, c);
    case TRAILER_LINE: return take_extra(chunks, c, TRAILER_LF);
    case TRAILER_LF: return expect(chunks, c, '\n', TRAILER);
    case END_LF: return expect(chunks, c, '\n', DONE);
    case DATA:
    case DONE: break;
    }
    return "bytes after the last chunk";
}

static struct slice take_data(struct http_chunks *chunks, struct slice *input)
{
    size_t length = input->length < chunks->left ? input->length : (size_t)chunks->left;
    struct slice data = slice_of(input->data, length);
    *input = slice_of(input->data + length, input->length - length);
    chunks->left -= length;
    if (chunks->left == 0)
        chunks->state = DATA_CR;
    return data;
}

int http_chunks_next(struct http_chunks *chunks, struct slice *input, struct slice *ret_data,
                     const char **ret_reason)
{
    while (chunks->state != DONE && input->length > 0) {
        if (chunks->state == DATA) {
            *ret_data = take_data(chunks, input);
            return 0;
        }
        *ret_reason = take_byte(chunks, *input->data);
        if (*ret_reason != NULL)
            return ERROR_SYNTAX;
        if (chunks->extra > EXTRA_MAX) {
            *ret_reason = "chunk extensions or trailers too long";
            return ERROR_TOO_LARGE;
        }
        *input = slice_of(input->data + 1, input->length - 1);
    }
    return chunks->state == DONE ? HTTP_CHUNKS_DONE : ERROR_AGAIN;
}
