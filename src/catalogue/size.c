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
    COST_WORD_MORE = 250,
    COST_NUMBER = 1000,
    COST_SIGN_MORE = 400,
    COST_SPACES = 700,
    COST_OTHER_BYTE = 400,
};
static const uint16_t cost_led_word[COST_LONGEST + 1] = {0,    1000, 1000, 1000, 1000, 1000,
                                                         1020, 1040, 1060, 1100, 1150, 1200,
                                                         1250, 1300, 1400, 1500, 1600};
static const uint16_t cost_word[COST_LONGEST + 1] = {
    0, 900, 900, 900, 900, 1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900, 2000, 2100};
static const uint16_t cost_capitals[COST_LONGEST + 1] = {0,    1000, 1000, 1200, 1500, 1800,
                                                         2000, 2300, 2500, 2800, 3000, 3200,
                                                         3400, 3600, 3800, 4000, 4200};
static const uint16_t cost_signs[COST_SIGNS_LONGEST + 1] = {0, 900, 900, 1000, 1300};

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
