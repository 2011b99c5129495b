// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

size_t text_decode(struct slice text, uint32_t *ret)
{
    const unsigned char *at = (const unsigned char *)text.data;
    size_t size = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    uint32_t code = at[0] & (0x7FU >> size);
    if (at[0] < 0xC2 || at[0] > 0xF4 || text.length < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3F);
    }
    *ret = code;
    bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    return overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : size;
}

bool text_is_unseen(uint32_t code)
{
    return code == 0xAD || code == 0x61C || code == 0x180E || code == 0x200B || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || code == 0x115F ||
           code == 0x1160 || code == 0x3164 || code == 0xFFA0 ||
           (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}
