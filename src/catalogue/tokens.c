// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Texts cut into words. Only ASCII letters and digits make words; everything else separates, which
// is all that the word lists need.
#include "catalogue/catalogue_internal.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_upper(c) || is_lower(c) || is_digit(c);
}

// Copies in lower case; the length, or 0 when it does not fit.
static size_t lower_into(char *to, size_t room, struct slice text)
{
    if (text.length > room)
        return 0;
    for (size_t i = 0; i < text.length; i++)
        to[i] = (char)(is_upper(text.data[i]) ? text.data[i] + ('a' - 'A') : text.data[i]);
    return text.length;
}

// ---- Phrases: the words that stand behind each other, taken as one where the lists have them so.

// Appends a token's letters to a phrase; false when it does not fit.
static bool extend(char *phrase, size_t *length, struct slice text, const struct token *token)
{
    size_t room = WORD_LONGEST;
    if (*length + 1 + token->length > room)
        return false;
    if (*length > 0)
        phrase[(*length)++] = ' ';
    *length += lower_into(phrase + *length, room - *length,
                          slice_of(text.data + token->at, token->length));
    return true;
}

// Most words that may start a phrase do not; this saves looking them up with what follows.
static bool is_inside_phrase(const struct token *token)
{
    return token->word != NULL && (token->word->flags & WORD_IN_PHRASE) != 0;
}

// The longest phrase of the lists that starts at the first of the tokens; how many words it has.
static size_t phrase_at(struct slice text, const struct token *tokens, size_t count,
                        const struct word **ret)
{
    char phrase[WORD_BYTES];
    size_t length = 0, best = 1;
    const struct word *known = tokens[0].word;
    extend(phrase, &length, text, &tokens[0]);
    for (size_t i = 1; i < count && known != NULL && (known->flags & WORD_STARTS_PHRASE) != 0 &&
                       tokens[i].gap <= GAP_SPACE && is_inside_phrase(&tokens[i]);
         i++) {
        if (!extend(phrase, &length, text, &tokens[i]))
            break;
        known = word_find(phrase, length);
        if (known != NULL && (known->verb != 0 || known->noun != 0 || known->mark != 0)) {
            best = i + 1;
            *ret = known;
        }
    }
    return best;
}

static size_t join_phrases(struct slice text, struct token *tokens, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count;) {
        if (tokens[i].word == NULL || (tokens[i].word->flags & WORD_STARTS_PHRASE) == 0) {
            if (kept != i)
                tokens[kept] = tokens[i];
            kept++;
            i++;
            continue;
        }
        struct token token = tokens[i];
        size_t words = phrase_at(text, tokens + i, count - i, &token.word);
        token.length = tokens[i + words - 1].at + tokens[i + words - 1].length - token.at;
        tokens[kept++] = token;
        i += words;
    }
    return kept;
}

// ---- Names

static bool has_role(const struct word *word)
{
    return word != NULL && (word->verb != 0 || word->noun != 0 || word->domain != 0);
}

// "sendemail": a word in no list that two words of the lists make up. The verb comes first, or
// both are nouns; the longest first part wins.
static size_t seam_of(struct slice text)
{
    enum { SHORTEST_PART = 3 };
    if (text.length < 2 * SHORTEST_PART || text.length > WORD_LONGEST)
        return 0;
    for (size_t seam = text.length - SHORTEST_PART; seam >= SHORTEST_PART; seam--) {
        const struct word *left = word_find_any_case(slice_of(text.data, seam));
        if (!has_role(left))
            continue;
        if (has_role(word_find_any_case(slice_of(text.data + seam, text.length - seam))))
            return seam;
    }
    return 0;
}

static size_t add_token(struct token *tokens, size_t count, size_t room, struct slice text,
                        size_t at, size_t length, enum gap gap)
{
    if (count >= room)
        return count;
    struct slice bytes = slice_of(text.data + at, length);
    tokens[count] =
        (struct token){(uint32_t)at, (uint32_t)length, (uint8_t)gap, word_find_any_case(bytes)};
    return count + 1;
}

static size_t add_name_word(struct token *tokens, size_t count, struct slice name, size_t at,
                            size_t length)
{
    size_t before = count;
    enum gap gap = count == 0 ? GAP_NONE : GAP_SPACE;
    count = add_token(tokens, count, NAME_TOKENS, name, at, length, gap);
    if (count == before || tokens[before].word != NULL)
        return count;
    size_t seam = seam_of(slice_of(name.data + at, length));
    if (seam == 0)
        return count;
    count = add_token(tokens, before, NAME_TOKENS, name, at, seam, gap);
    return add_token(tokens, count, NAME_TOKENS, name, at + seam, length - seam, GAP_SPACE);
}

// "getURLInfo": a word ends before a capital that follows a small letter or a digit, and before the
// last of several capitals when a small letter follows.
static bool ends_before(struct slice name, size_t i)
{
    char last = name.data[i - 1], here = name.data[i];
    if (!is_alnum(here))
        return true;
    if (!is_upper(here))
        return false;
    bool small_follows = i + 1 < name.length && is_lower(name.data[i + 1]);
    // "ERC20s" is one word, and so is a plural of capitals: "getURLs".
    bool plural = small_follows && name.data[i + 1] == 's' &&
                  (i + 2 == name.length || !is_lower(name.data[i + 2]));
    return !is_upper(last) || (small_follows && !plural);
}

size_t tokens_of_name(struct slice name, struct token tokens[NAME_TOKENS], bool *ret_shortened)
{
    size_t count = 0;
    if (name.length > NAME_BYTES) {
        name.length = NAME_BYTES;
        *ret_shortened = true;
    }
    for (size_t i = 0; i < name.length;) {
        if (!is_alnum(name.data[i])) {
            i++;
            continue;
        }
        size_t start = i++;
        while (i < name.length && !ends_before(name, i))
            i++;
        count = add_name_word(tokens, count, name, start, i - start);
    }
    return join_phrases(name, tokens, count);
}

// ---- Texts

// What a character is: part of a word, or what it puts between words.
// MARKED is the first byte of the Latin letters with marks, U+00C0 to U+00FF.
enum { IN_WORD = 0x80, MARKED = 0xC3 };
static const uint8_t characters[256] = {
    ['0' ... '9'] = IN_WORD, ['a' ... 'z'] = IN_WORD, ['A' ... 'Z'] = IN_WORD, [','] = GAP_COMMA,
    [';'] = GAP_COMMA,       ['/'] = GAP_COMMA,       ['|'] = GAP_COMMA,       [':'] = GAP_COLON,
    ['('] = GAP_OPEN,        [')'] = GAP_OPEN,        ['['] = GAP_OPEN,        [']'] = GAP_OPEN,
    ['{'] = GAP_OPEN,        ['}'] = GAP_OPEN,        ['"'] = GAP_OPEN,        ['`'] = GAP_OPEN,
    ['<'] = GAP_OPEN,        ['>'] = GAP_OPEN,        ['!'] = GAP_STOP,        ['?'] = GAP_STOP,
    ['\n'] = GAP_STOP,       ['\r'] = GAP_STOP,       ['.'] = GAP_STOP, // before white space only
    [MARKED] = IN_WORD,
};

static unsigned character_at(struct slice text, size_t i)
{
    return characters[(unsigned char)text.data[i]];
}

// "v1.2", "foo.bar" are no ends of sentences.
static enum gap gap_at(struct slice text, size_t i)
{
    unsigned gap = character_at(text, i);
    if (text.data[i] == '\n' && i + 1 < text.length && is_lower(text.data[i + 1]))
        gap = GAP_SPACE; // a line was broken, no sentence ended
    if (text.data[i] == '.' && i + 1 < text.length && text.data[i + 1] > ' ')
        gap = GAP_SPACE;
    return gap > GAP_SPACE ? (enum gap)gap : GAP_SPACE;
}

// The word's end: "don't" is one.
static size_t word_end(struct slice text, size_t i)
{
    while (i < text.length &&
           (character_at(text, i) == IN_WORD ||
            (text.data[i] == '\'' && i + 1 < text.length && is_lower(text.data[i + 1]))))
        i += (unsigned char)text.data[i] == MARKED && i + 1 < text.length ? 2 : 1;
    return i;
}

size_t tokens_of_prose(struct slice text, struct token tokens[PROSE_TOKENS], bool *ret_shortened)
{
    size_t count = 0;
    enum gap gap = GAP_NONE;
    if (text.length > PROSE_BYTES) {
        text.length = PROSE_BYTES;
        *ret_shortened = true;
    }
    for (size_t i = 0; i < text.length && count < PROSE_TOKENS;) {
        if (character_at(text, i) != IN_WORD) {
            enum gap here = gap_at(text, i++);
            gap = here > gap ? here : gap;
            continue;
        }
        size_t start = i;
        i = word_end(text, i);
        count = add_token(tokens, count, PROSE_TOKENS, text, start, i - start, gap);
        gap = GAP_NONE;
    }
    return join_phrases(text, tokens, count);
}
