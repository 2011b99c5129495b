// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#define CATALOGUE_WORD_TABLES
#include "catalogue/catalogue_internal.h"

// Words are compared and hashed eight bytes at a time: a long one as overlapping eights, a short
// one as overlapping parts. The same in make_words.py.
enum { EIGHT = 8, FOUR = 4 };
// Sets the bit that tells small letters from capitals; digits, spaces and the rest of the lists'
// characters have it anyway.
static const uint64_t small = 0x2020202020202020U, beyond_ascii = 0x8080808080808080U;

static uint64_t load_eight(const char *text)
{
    uint64_t value;
    memcpy(&value, text, sizeof value);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        value = __builtin_bswap64(value);
    return value | small;
}

static uint64_t load_four(const char *text)
{
    uint32_t value;
    memcpy(&value, text, sizeof value);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        value = __builtin_bswap32(value);
    return value;
}

// All of a text of at most eight bytes.
static uint64_t load_short(const char *text, size_t length)
{
    if (length >= FOUR)
        return load_four(text) | load_four(text + length - FOUR) << 32 | small;
    return (uint64_t)(unsigned char)text[0] | (uint64_t)(unsigned char)text[length / 2] << 8 |
           (uint64_t)(unsigned char)text[length - 1] << 16 | small;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
    return hash ^ hash >> 32;
}

// `key`: what was loaded of its first eight bytes.
static uint32_t hash_of(const char *text, size_t length, uint64_t key)
{
    uint64_t hash = mix(length, key);
    for (size_t i = EIGHT; i < length; i += EIGHT)
        hash = mix(hash, load_eight(text + (i + EIGHT < length ? i : length - EIGHT)));
    return (uint32_t)hash;
}

// The rest of a word of more than eight bytes.
static bool is_same(const struct word *word, const char *text, size_t length)
{
    const char *own = word_pool + word->text;
    for (size_t i = EIGHT; i + EIGHT < length; i += EIGHT)
        if (load_eight(own + i) != load_eight(text + i))
            return false;
    return load_eight(own + length - EIGHT) == load_eight(text + length - EIGHT);
}

const struct word *word_find(const char *text, size_t length)
{
    if (length == 0 || length > WORD_LONGEST)
        return NULL;
    uint64_t key = length < EIGHT ? load_short(text, length) : load_eight(text);
    uint32_t hash = hash_of(text, length, key);
    for (uint32_t i = hash % WORD_SLOTS; word_rows[i].length != 0; i = (i + 1) % WORD_SLOTS)
        if (word_rows[i].key == key && word_rows[i].length == length &&
            (length <= EIGHT || is_same(&word_rows[i], text, length)))
            return &word_rows[i];
    return NULL;
}

static bool is_ascii(struct slice text)
{
    uint64_t bytes = 0;
    if (text.length <= EIGHT)
        return (load_short(text.data, text.length) & beyond_ascii) == 0;
    for (size_t i = 0; i + EIGHT < text.length; i += EIGHT)
        bytes |= load_eight(text.data + i);
    return ((bytes | load_eight(text.data + text.length - EIGHT)) & beyond_ascii) == 0;
}

// Letters with marks (U+00C0 to U+00FF) as those without.
static size_t without_marks(struct slice text, char out[WORD_BYTES])
{
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        uint32_t folded = c;
        if (c == 0xC3 && i + 1 < text.length)
            folded = text_fold(0xC0U + ((unsigned char)text.data[++i] & 0x3FU));
        out[length++] = folded < 0x80 ? (char)folded : '?';
    }
    return length;
}

const struct word *word_find_any_case(struct slice text)
{
    char letters[WORD_BYTES];
    const struct word *word = word_find(text.data, text.length);
    if (word != NULL || text.length == 0 || text.length > WORD_LONGEST)
        return word;
    if (!is_ascii(text)) {
        text = slice_of(letters, without_marks(text, letters));
        word = word_find(text.data, text.length);
    }
    size_t bare = text.length;
    while (bare > 0 && text.data[bare - 1] <= '9')
        bare--;
    return word != NULL || bare == text.length ? word : word_find(text.data, bare);
}

struct slice word_text(const struct word *word)
{
    return slice_of(word_pool + word->text, word->length);
}

struct rule rule_of(unsigned verb, unsigned noun)
{
    return rule_rows[verb % VERB_COUNT][noun % NOUN_COUNT];
}

const char *verb_gloss(unsigned verb)
{
    return verb_glosses[verb % VERB_COUNT];
}

const char *schema_gloss(unsigned schema)
{
    return schema_glosses[schema % SCHEMA_COUNT];
}
