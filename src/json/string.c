// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// String values: UTF-8, escapes, comparison without decoding anywhere.
#include "json/json.h"

#include "json/json_internal.h"

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

// The second byte carries all the special cases of the Unicode standard's table 3-7.
static bool is_second_byte(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return is_continuation(second);
    }
}

size_t json_utf8_sequence(const unsigned char *at, const unsigned char *end)
{
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if ((size_t)(end - at) < length || !is_second_byte(first, at[1]))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!is_continuation(at[i]))
            return 0;
    return length;
}

uint32_t json_utf8_character(const unsigned char *at, size_t length)
{
    static const unsigned char first_bits[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t character = at[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        character = character << 6 | (at[i] & 0x3Fu);
    return character;
}

static size_t write_utf8(uint32_t c, unsigned char out[4])
{
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char marks[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (unsigned char)(0x80 | (c & 0x3F));
    out[0] = (unsigned char)(marks[length] | c);
    return length;
}

uint32_t json_hex4(const unsigned char *at)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = at[i];
        unsigned char letter = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (uint32_t)(letter - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return value;
}

size_t json_unescape(const unsigned char *at, unsigned char out[4], size_t *ret_used)
{
    *ret_used = 2;
    switch (at[1]) {
    case 'b': out[0] = '\b'; return 1;
    case 'f': out[0] = '\f'; return 1;
    case 'n': out[0] = '\n'; return 1;
    case 'r': out[0] = '\r'; return 1;
    case 't': out[0] = '\t'; return 1;
    case 'u': break;
    default: out[0] = at[1]; return 1;
    }
    uint32_t character = json_hex4(at + 2);
    *ret_used = 6;
    if (character >= 0xD800 && character <= 0xDFFF) {
        character = 0x10000 + ((character - 0xD800) << 10) + (json_hex4(at + 8) - 0xDC00);
        *ret_used = 12;
    }
    return write_utf8(character, out);
}

struct json_stream json_stream_of(const struct json_doc *doc, uint32_t string)
{
    struct slice inner = json_inner(doc, string);
    const unsigned char *at = (const unsigned char *)inner.data;
    return (struct json_stream){.at = at, .end = at + inner.length};
}

int json_stream_next(struct json_stream *stream)
{
    if (stream->pending_at < stream->pending_length)
        return stream->pending[stream->pending_at++];
    if (stream->at == stream->end)
        return -1;
    if (*stream->at != '\\')
        return *stream->at++;
    size_t used;
    stream->pending_length = (uint8_t)json_unescape(stream->at, stream->pending, &used);
    stream->pending_at = 1;
    stream->at += used;
    return stream->pending[0];
}

// The characters of escapes of two bytes.
static const char short_escapes[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

// Takes what the backslash begins; the bytes that it wrote to `out`.
static inline size_t take_escape(const unsigned char **at, char *out)
{
    char character = short_escapes[(*at)[1]];
    if (character != 0) {
        *out = character;
        *at += 2;
        return 1;
    }
    unsigned char bytes[4];
    size_t used, count = json_unescape(*at, bytes, &used);
    memcpy(out, bytes, count);
    *at += used;
    return count;
}

#ifdef __SSE2__
enum { BLOCK = 64, COPY = 32 };

static inline uint64_t find_backslashes(const unsigned char *at)
{
    const __m128i backslash = _mm_set1_epi8('\\');
    uint64_t found = 0;
    for (int i = BLOCK / 16 - 1; i >= 0; i--) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + i * 16));
        found = found << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, backslash));
    }
    return found;
}

// Copies whole pieces: what is too much is overwritten by what comes next.
static inline char *copy_over(const unsigned char *from, const unsigned char *to, char *out)
{
    size_t length = (size_t)(to - from);
    memcpy(out, from, COPY);
    for (size_t done = COPY; done < length; done += COPY)
        memcpy(out + done, from + done, COPY);
    return out + length;
}

// One block, all of whose backslashes are known at once: waiting for one of them to find the next
// takes longer than all the rest. There is a second block behind it. The end of what was written.
static char *decode_block(const unsigned char **at, char *out)
{
    const unsigned char *block = *at, *from = block;
    for (uint64_t left = find_backslashes(block); left != 0; left &= left - 1) {
        const unsigned char *escape = block + __builtin_ctzll(left);
        if (escape < from)
            continue; // one that is escaped itself, or the second half of a character
        out = copy_over(from, escape, out);
        from = escape;
        out += take_escape(&from, out);
    }
    if (from < block + BLOCK) {
        out = copy_over(from, block + BLOCK, out);
        from = block + BLOCK;
    }
    *at = from;
    return out;
}
#endif

size_t json_decode(const struct json_doc *doc, uint32_t string, char *out)
{
    struct slice inner = json_inner(doc, string);
    const unsigned char *at = (const unsigned char *)inner.data, *end = at + inner.length;
    char *next = out;
#ifdef __SSE2__
    while (end - at >= 2 * BLOCK)
        next = decode_block(&at, next);
#endif
    while (at < end) {
        const unsigned char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape == NULL ? end : escape) - at);
        memcpy(next, at, run);
        next += run;
        at += run;
        if (escape != NULL)
            next += take_escape(&at, next);
    }
    return (size_t)(next - out);
}

static int compare_raw(struct slice a, struct slice b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

int json_compare_strings(const struct json_doc *a, uint32_t string_a, const struct json_doc *b,
                         uint32_t string_b)
{
    if (!a->nodes[string_a].escaped && !b->nodes[string_b].escaped)
        return compare_raw(json_inner(a, string_a), json_inner(b, string_b));
    struct json_stream x = json_stream_of(a, string_a), y = json_stream_of(b, string_b);
    for (;;) {
        int p = json_stream_next(&x), q = json_stream_next(&y);
        if (p != q || p < 0)
            return p - q;
    }
}

struct slice json_string(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
    struct slice inner = json_inner(doc, node);
    if (!doc->nodes[node].escaped)
        return inner;
    char *out = arena == NULL ? NULL : arena_take(arena, inner.length);
    return out == NULL ? slice_of(NULL, 0) : slice_of(out, json_decode(doc, node, out));
}

bool json_string_equals(const struct json_doc *doc, uint32_t node, struct slice value)
{
    struct slice inner = json_inner(doc, node);
    if (!doc->nodes[node].escaped)
        return slice_equal(inner, value);
    // Escapes only ever shorten a value.
    if (value.length >= inner.length)
        return false;
    struct json_stream stream = json_stream_of(doc, node);
    for (size_t i = 0; i < value.length; i++)
        if (json_stream_next(&stream) != (unsigned char)value.data[i])
            return false;
    return json_stream_next(&stream) < 0;
}

size_t json_string_characters(const struct json_doc *doc, uint32_t node)
{
    struct json_stream stream = json_stream_of(doc, node);
    size_t count = 0;
    for (int c = json_stream_next(&stream); c >= 0; c = json_stream_next(&stream))
        count += !is_continuation((unsigned char)c);
    return count;
}

bool json_is_utf8(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.data, *end = at + text.length;
    for (size_t length; text.length > 0 && at < end; at += length) {
        length = json_utf8_sequence(at, end);
        if (length == 0)
            return false;
    }
    return true;
}

size_t json_string_start(const struct json_doc *doc, uint32_t node, char *out, size_t room)
{
    struct slice inner = json_inner(doc, node);
    const unsigned char *at = (const unsigned char *)inner.data, *end = at + inner.length;
    size_t length = 0;
    while (at < end && length < room) {
        if (*at != '\\') {
            out[length++] = (char)*at++;
            continue;
        }
        unsigned char bytes[4];
        size_t used, count = json_unescape(at, bytes, &used);
        if (count > room - length)
            break;
        memcpy(out + length, bytes, count);
        length += count;
        at += used;
    }
    return length;
}
