// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/codec.h"

// ---- Base64

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static char digit_of(unsigned value, enum codec_base64 kind)
{
    const char *last = kind == CODEC_BASE64 ? "+/" : "-_";
    return value < 62 ? digits[value] : last[value - 62];
}

static int value_of(char c, enum codec_base64 kind)
{
    const char *last = kind == CODEC_BASE64 ? "+/" : "-_";
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == last[0] ? 62 : c == last[1] ? 63 : -1;
}

size_t codec_write_base64(struct slice bytes, enum codec_base64 kind, char *ret)
{
    unsigned bits = 0, held = 0;
    size_t length = 0;
    for (size_t i = 0; i < bytes.length; i++) {
        bits = (bits << 8 | (unsigned char)bytes.data[i]) & 0xFFFF;
        for (held += 8; held >= 6; held -= 6)
            ret[length++] = digit_of(bits >> (held - 6) & 63, kind);
    }
    if (held > 0)
        ret[length++] = digit_of(bits << (6 - held) & 63, kind);
    while (kind == CODEC_BASE64 && length % 4 != 0)
        ret[length++] = '=';
    return length;
}

// Without the padding. False: it is not as it must be.
static bool strip(struct slice *text, enum codec_base64 kind)
{
    size_t most = text->length;
    if (kind == CODEC_BASE64_URL)
        return most % 4 != 1;
    while (text->length > 0 && most - text->length < 2 && text->data[text->length - 1] == '=')
        text->length--;
    return most % 4 == 0;
}

bool codec_read_base64(struct slice text, enum codec_base64 kind, void *ret, size_t room,
                       size_t *ret_length)
{
    unsigned char *out = ret;
    unsigned bits = 0, held = 0;
    *ret_length = 0;
    if (!strip(&text, kind))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        int value = value_of(text.data[i], kind);
        if (value < 0)
            return false;
        bits = (bits << 6 | (unsigned)value) & 0xFFFF;
        held += 6;
        if (held < 8)
            continue;
        if (*ret_length == room)
            return false;
        held -= 8;
        out[(*ret_length)++] = (unsigned char)(bits >> held);
    }
    return (bits & ((1U << held) - 1)) == 0;
}

// ---- Hexadecimal digits

static int hex_value_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool codec_read_hex(struct slice text, unsigned char *ret, size_t size)
{
    if (text.length != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_value_of(text.data[2 * i]), low = hex_value_of(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}
