// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "mcp/mcp.h"

enum { KEY_MAX = 512 }; // longer than any name that matters, however it is escaped

static bool is_ascii(struct slice text)
{
    uint64_t all = 0, word;
    size_t i = 0;
    for (; i + sizeof word <= text.length; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        all |= word;
    }
    for (; i < text.length; i++)
        all |= (unsigned char)text.data[i];
    return (all & 0x8080808080808080u) == 0;
}

// Go's decoder takes U+017F (long s) for an s and U+212A (the Kelvin sign) for a k, and so do
// others that fold by Unicode's tables.
struct slice mcp_fold_key(const struct json_doc *doc, uint32_t key, struct arena *arena)
{
    struct slice raw = json_raw(doc, key);
    struct slice text = slice_of(raw.data + 1, raw.length - 2);
    if (text.length > KEY_MAX || (!json_at(doc, key)->escaped && is_ascii(text)))
        return text;
    text = json_string(doc, key, arena);
    char *out = text.data == NULL ? NULL : arena_take(arena, text.length + 1);
    if (out == NULL)
        return (struct slice){0};
    size_t length = 0;
    for (size_t i = 0; i < text.length;) {
        struct slice rest = slice_of(text.data + i, text.length - i);
        bool s = slice_starts_with(rest, SLICE_LITERAL("\xC5\xBF"));
        bool k = slice_starts_with(rest, SLICE_LITERAL("\xE2\x84\xAA"));
        out[length++] = s ? 's' : k ? 'k' : text.data[i];
        i += s ? 2 : k ? 3 : 1;
    }
    return slice_of(out, length);
}
