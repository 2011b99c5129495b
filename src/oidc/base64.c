// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oidc/oidc_internal.h"

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

struct slice oidc_decode(struct slice text, struct arena *arena)
{
    const struct slice none = {NULL, 0};
    unsigned bits = 0, held = 0;
    size_t length = 0;
    if (text.length % 4 == 1)
        return none;
    char *out = arena_take(arena, text.length / 4 * 3 + 3);
    for (size_t i = 0; out != NULL && i < text.length; i++) {
        int value = value_of(text.data[i]);
        if (value < 0)
            return none;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[length++] = (char)(bits >> held & 0xff);
        }
    }
    // Bits that belong to no byte must be 0, or one value had several texts.
    return out == NULL || (bits & ((1u << held) - 1)) != 0 ? none : slice_of(out, length);
}
