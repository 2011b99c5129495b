// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Texts read character by character, whatever their bytes, and what characters look like. The
// tables name the letters that are taken for ASCII ones in most fonts: Greek, Cyrillic, Armenian,
// Latin with marks, full-width and mathematical forms.
#include "catalogue/catalogue_internal.h"

static unsigned byte_at(const struct text *text, size_t at)
{
    return at < text->bytes.length ? (unsigned char)text->bytes.data[at] : 0;
}

// ---- UTF-8

static uint32_t broken(struct text *text)
{
    text->at++;
    text->decoded++;
    return TEXT_BROKEN;
}

static uint32_t next_of_utf8(struct text *text)
{
    unsigned first = byte_at(text, text->at);
    size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || text->bytes.length - text->at <= more)
        return broken(text);
    uint32_t c = first & (0x3FU >> more);
    for (size_t i = 1; i <= more; i++) {
        unsigned byte = byte_at(text, text->at + i);
        if ((byte & 0xC0) != 0x80)
            return broken(text);
        c = c << 6 | (byte & 0x3F);
    }
    text->at += more + 1;
    text->decoded += more + 1;
    return c;
}

// ---- Escapes of a JSON string that was scanned

static uint32_t hex_of(const struct text *text, size_t at)
{
    uint32_t value = 0;
    for (size_t i = at; i < at + 4; i++) {
        unsigned c = byte_at(text, i);
        value = value << 4 | (c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0');
    }
    return value;
}

static size_t size_in_utf8(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static uint32_t next_of_escape(struct text *text)
{
    unsigned kind = byte_at(text, text->at + 1);
    uint32_t c = kind;
    size_t used = 2;
    switch (kind) {
    case 'n': c = '\n'; break;
    case 't': c = '\t'; break;
    case 'r': c = '\r'; break;
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case 'u':
        c = hex_of(text, text->at + 2);
        used = 6;
        if (c >= 0xD800 && c < 0xDC00) {
            c = 0x10000 + ((c & 0x3FF) << 10) + (hex_of(text, text->at + 8) & 0x3FF);
            used = 12;
        }
        break;
    default: break;
    }
    text->at += used;
    if (text->at > text->bytes.length)
        text->at = text->bytes.length;
    text->decoded += size_in_utf8(c);
    return c;
}

uint32_t text_next(struct text *text)
{
    if (text->at >= text->bytes.length)
        return TEXT_END;
    unsigned first = byte_at(text, text->at);
    if (first == '\\' && text->escaped)
        return next_of_escape(text);
    if (first >= 0x80)
        return next_of_utf8(text);
    text->at++;
    text->decoded++;
    return first;
}

// ---- What characters look like

// Latin-1 and Latin Extended-A from U+00C0; '.' where there is no ASCII letter.
static const char latin[] = "aaaaaaaceeeeiiiidnooooo.ouuuuypsaaaaaaaceeeeiiiidnooooo.ouuuuypy"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiijjjjkkklllllll"
                            "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
// Greek from U+0391.
static const char greek[] = "ab..ezh.ik.mn.o.p..ty.x....ae.i.aby.e.n.ik..v.o.p..tu.x.w..o...";
// Cyrillic from U+0400, U+0410 (both cases) and U+0450.
static const char cyrillic_capitals[] = "ee...siij.......";
static const char cyrillic[] = "a.b..e.3..k.mho.pcty.x......b...a6br.e.3..k.mho.pcty.x......b...";
static const char cyrillic_more[] = "ee...siij.......";

static uint32_t from_table(const char *table, size_t size, uint32_t c, uint32_t first)
{
    if (c < first || c - first >= size - 1 || table[c - first] == '.')
        return c;
    return (unsigned char)table[c - first];
}

static uint32_t fold_letter_forms(uint32_t c)
{
    if (c >= 0x1D400 && c <= 0x1D6A3) // mathematical letters: 26 capitals, 26 small ones, again
        return 'a' + (c - 0x1D400) % 26;
    if (c >= 0x1D7CE && c <= 0x1D7FF)
        return '0' + (c - 0x1D7CE) % 10;
    if (c >= 0x24B6 && c <= 0x24E9)
        return 'a' + (c - 0x24B6) % 26;
    return c;
}

static uint32_t fold_wide(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E)
        return text_fold(c - 0xFF01 + '!');
    switch (c) {
    case 0x0251: return 'a'; // Latin alpha
    case 0x0261: return 'g';
    case 0x0131: return 'i';
    case 0x026A: return 'i';
    case 0x0501: return 'd';
    case 0x051B: return 'q';
    case 0x051D: return 'w';
    case 0x04BB: return 'h';
    case 0x04CF: return 'l';
    case 0x0578: return 'n'; // Armenian
    case 0x057D: return 'u';
    case 0x0585: return 'o';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212: return '-';
    case 0x2019: return '\'';
    default: return fold_letter_forms(c);
    }
}

uint32_t text_fold(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    if (c < 0x180)
        return from_table(latin, sizeof latin, c, 0xC0);
    if (c >= 0x391 && c < 0x3D0)
        return from_table(greek, sizeof greek, c, 0x391);
    if (c >= 0x400 && c < 0x410)
        return from_table(cyrillic_capitals, sizeof cyrillic_capitals, c, 0x400);
    if (c >= 0x410 && c < 0x450)
        return from_table(cyrillic, sizeof cyrillic, c, 0x410);
    if (c >= 0x450 && c < 0x460)
        return from_table(cyrillic_more, sizeof cyrillic_more, c, 0x450);
    return fold_wide(c);
}

bool text_is_invisible(uint32_t c)
{
    return c == 0xAD || c == 0x034F || c == 0x061C || c == 0x115F || c == 0x1160 || c == 0x3164 ||
           c == 0xFFA0 || c == 0xFEFF || (c >= 0x180B && c <= 0x180E) ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}
