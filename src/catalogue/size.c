// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How many tokens a text is, without a tokenizer's tables: the text is cut as tokenizers cut it
// before they look their tables up (words with the space before them, numbers, runs of signs), and
// each piece costs what such pieces cost on average. bench/fit_tokens.mjs fits the costs.
#include "catalogue/catalogue_internal.h"

// In thousandths of a token, by a piece's length.
enum {
    COST_LONGEST = 16,
    COST_SIGNS_LONGEST = 4,
    COST_WORD_MORE = 288,
    COST_SIGN_MORE = 448,
    COST_NUMBER = 1214, // for three digits
    COST_SPACES = 871,
    COST_OTHER_BYTE = 231,
};
static const uint16_t cost_word[COST_LONGEST + 1] = {
    0, 578, 870, 741, 770, 785, 798, 828, 984, 1223, 955, 1076, 903, 1462, 1521, 1727, 1884};
static const uint16_t cost_led_word[COST_LONGEST + 1] = {
    0, 1135, 918, 1071, 1113, 911, 1136, 1154, 930, 1254, 1211, 1394, 1088, 1284, 1599, 1737, 1820};
static const uint16_t cost_capitals[COST_LONGEST + 1] = {
    0, 900, 946, 1471, 1140, 705, 994, 800, 1428, 801, 1236, 1285, 1353, 1497, 1623, 1747, 1875};
static const uint16_t cost_signs[COST_SIGNS_LONGEST + 1] = {0, 837, 1575, 1210, 1301};

enum piece { PIECE_WORD, PIECE_NUMBER, PIECE_SIGNS, PIECE_SPACE, PIECE_OTHER, PIECE_END };

static enum piece piece_of(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return PIECE_WORD;
    if (c >= '0' && c <= '9')
        return PIECE_NUMBER;
    if (c >= 0x80)
        return PIECE_OTHER;
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' ? PIECE_SPACE : PIECE_SIGNS;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

// "getURL": a word ends before a capital behind a small letter.
static size_t piece_end(struct slice text, size_t at, enum piece kind)
{
    size_t end = at + 1;
    while (end < text.length && piece_of((unsigned char)text.data[end]) == kind) {
        if (kind == PIECE_WORD && is_upper(text.data[end]) && !is_upper(text.data[end - 1]))
            break;
        end++;
    }
    return end;
}

static size_t most(size_t value, size_t limit)
{
    return value < limit ? value : limit;
}

static uint32_t cost_of(struct slice text, size_t at, size_t length, enum piece kind)
{
    switch (kind) {
    case PIECE_WORD: {
        bool capitals = length > 1 && is_upper(text.data[at]) && is_upper(text.data[at + 1]);
        bool led = at > 0 && text.data[at - 1] == ' ';
        const uint16_t *costs = capitals ? cost_capitals : led ? cost_led_word : cost_word;
        uint32_t over = length > COST_LONGEST ? (uint32_t)(length - COST_LONGEST) : 0;
        return costs[most(length, COST_LONGEST)] + over * COST_WORD_MORE;
    }
    case PIECE_NUMBER: return (uint32_t)((length + 2) / 3) * COST_NUMBER;
    case PIECE_SIGNS:
        return cost_signs[most(length, COST_SIGNS_LONGEST)] +
               (length > COST_SIGNS_LONGEST
                    ? (uint32_t)(length - COST_SIGNS_LONGEST) * COST_SIGN_MORE
                    : 0);
    case PIECE_SPACE: return length == 1 && text.data[at] == ' ' ? 0 : COST_SPACES;
    default: return (uint32_t)length * COST_OTHER_BYTE;
    }
}

uint32_t catalogue_count_tokens(struct slice text)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < text.length;) {
        enum piece kind = piece_of((unsigned char)text.data[at]);
        size_t end = piece_end(text, at, kind);
        sum += cost_of(text, at, most(end - at, UINT16_MAX), kind);
        at = end;
    }
    sum = (sum + 500) / 1000;
    return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}
