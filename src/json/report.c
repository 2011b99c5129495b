// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Faults as sentences: where, what was expected, what was found, in printable ASCII only.
#include "json/json.h"

#include "json/json_internal.h"

#include <stdio.h>

enum { FOUND_SIZE = 48, KEY_SHOWN = 120 };

struct json_position json_position(struct slice text, size_t offset)
{
    struct json_position position = {1, 1};
    for (size_t i = 0; i < offset && i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '\n') {
            position.line++;
            position.column = 1;
        } else if ((c & 0xC0) != 0x80) {
            position.column++;
        }
    }
    return position;
}

static bool is_printable(unsigned char c)
{
    return c >= ' ' && c < 0x7F;
}

// What stands at the offset: a character, U+XXXX, a byte, the end.
static void describe(struct slice text, size_t offset, char out[FOUND_SIZE])
{
    if (offset >= text.length) {
        snprintf(out, FOUND_SIZE, "the end of the text");
        return;
    }
    const unsigned char *at = (const unsigned char *)text.data + offset;
    size_t length = json_utf8_sequence(at, (const unsigned char *)text.data + text.length);
    uint32_t character = length == 0 ? 0 : json_utf8_character(at, length);
    if (length == 0)
        snprintf(out, FOUND_SIZE, "byte 0x%02X", *at);
    else if (character == 0xFEFF)
        snprintf(out, FOUND_SIZE, "a byte order mark (U+FEFF)");
    else if (length == 1 && is_printable(*at))
        snprintf(out, FOUND_SIZE, "'%c'", *at);
    else
        snprintf(out, FOUND_SIZE, "U+%04X", (unsigned)character);
}

// The key as it stands in the text, other characters than printable ASCII as escapes.
static void show_key(const struct json_doc *doc, uint32_t key, char out[KEY_SHOWN])
{
    struct slice inner = json_inner(doc, key);
    const unsigned char *at = (const unsigned char *)inner.data, *end = at + inner.length;
    size_t length = 0;
    while (at < end && length < KEY_SHOWN - 20) {
        size_t size = json_utf8_sequence(at, end);
        uint32_t character = json_utf8_character(at, size);
        if (is_printable(*at))
            out[length++] = (char)*at;
        else
            length +=
                (size_t)snprintf(out + length, KEY_SHOWN - length,
                                 character > 0xFFFF ? "\\u{%X}" : "\\u%04X", (unsigned)character);
        at += size;
    }
    snprintf(out + length, KEY_SHOWN - length, "%s", at < end ? "..." : "");
}

int json_report(const struct json_doc *doc, const struct json_fault *fault, struct error *error)
{
    if (error == NULL)
        return fault->code;
    size_t offset = (size_t)(fault->at - (const unsigned char *)doc->text.data);
    struct json_position place = json_position(doc->text, offset);
    char found[FOUND_SIZE], key[KEY_SHOWN];
    if (fault->code == ERROR_SYNTAX) {
        describe(doc->text, offset, found);
        return error_set(error, fault->code, "%u:%u: expected %s, found %s", place.line,
                         place.column, fault->text, found);
    }
    if (fault->key != JSON_NONE) {
        show_key(doc, fault->key, key);
        return error_set(error, fault->code, "%u:%u: %s '%s'", place.line, place.column,
                         fault->text, key);
    }
    if (fault->number != 0)
        return error_set(error, fault->code, "%u:%u: %s %u", place.line, place.column, fault->text,
                         fault->number);
    return error_set(error, fault->code, "%u:%u: %s", place.line, place.column, fault->text);
}
