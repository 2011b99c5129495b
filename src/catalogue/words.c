// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#define CATALOGUE_WORD_TABLES
#include "catalogue/catalogue_internal.h"

// The same as hash_of() in make_words.py.
static uint32_t hash_step(uint32_t value, char byte)
{
    return (value ^ (unsigned char)byte) * 0x01000193U;
}

enum { LOWER_HALF = 0xFFFF };
static const uint32_t hash_start = 0x811C9DC5U;

static const struct word *find_hashed(const char *text, size_t length, uint32_t hash)
{
    hash ^= hash >> 15;
    for (uint32_t i = hash % WORD_SLOTS; word_slots[i] != 0; i = (i + 1) % WORD_SLOTS) {
        if ((word_slots[i] ^ hash) > LOWER_HALF)
            continue;
        const struct word *word = &word_rows[(word_slots[i] & LOWER_HALF) - 1];
        if (word->length == length && memcmp(word_pool + word->text, text, length) == 0)
            return word;
    }
    return NULL;
}

const struct word *word_find(const char *text, size_t length)
{
    if (length == 0 || length > WORD_LONGEST)
        return NULL;
    uint32_t hash = hash_start;
    for (size_t i = 0; i < length; i++)
        hash = hash_step(hash, text[i]);
    return find_hashed(text, length, hash);
}

// The ASCII letter of one with a mark; 0 when it has none.
static char unmarked(struct slice text, size_t i)
{
    uint32_t c = i + 1 < text.length ? 0xC0U + ((unsigned char)text.data[i + 1] & 0x3FU) : 0;
    uint32_t folded = text_fold(c);
    return (unsigned char)text.data[i] == 0xC3 && folded < 0x80 ? (char)folded : '\0';
}

const struct word *word_find_any_case(struct slice text)
{
    char lower[WORD_LONGEST];
    uint32_t hash = hash_start;
    if (text.length == 0 || text.length > WORD_LONGEST)
        return NULL;
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if ((unsigned char)c >= 0x80)
            c = unmarked(text, i++);
        // Letters and digits only: the bit is what tells capitals from small letters.
        lower[length] = c >= 'A' ? (char)(c | 0x20) : c;
        hash = hash_step(hash, lower[length++]);
    }
    const struct word *word = find_hashed(lower, length, hash);
    size_t bare = length;
    while (bare > 0 && lower[bare - 1] <= '9')
        bare--;
    return word != NULL || bare == length ? word : word_find(lower, bare);
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
