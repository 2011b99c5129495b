// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#define CATALOGUE_SIGNAL_TABLES
#include "catalogue/catalogue_internal.h"

// The same as hash_of() in make_signals.py.
static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t value = 0x811C9DC5U;
    for (size_t i = 0; i < length; i++)
        value = (value ^ (unsigned char)text[i]) * 0x01000193U;
    return value ^ value >> 15;
}

const struct signal_word *signal_word_find(const char *text, size_t length)
{
    if (length == 0 || length > SIGNAL_LONGEST)
        return NULL;
    for (uint32_t i = hash_of(text, length) % SIGNAL_SLOTS; signal_slots[i] != 0;
         i = (i + 1) % SIGNAL_SLOTS) {
        const struct signal_word *word = &signal_rows[signal_slots[i] - 1];
        if (word->length == length && memcmp(signal_pool + word->text, text, length) == 0)
            return word;
    }
    return NULL;
}

bool signal_word_in(const struct signal_word *word, unsigned set)
{
    return word != NULL && (word->sets[set / 64] >> set % 64 & 1) != 0;
}

bool signal_word_ends_phrase(const struct signal_word *word)
{
    uint64_t any = 0;
    for (size_t lane = 0; lane < SIGNAL_LANES; lane++)
        any |= word->sets[lane] & signal_ends[lane];
    return any != 0;
}

struct signal_kind signal_argument(unsigned kind)
{
    return signal_arguments[kind % (sizeof signal_arguments / sizeof *signal_arguments)];
}

struct signal_kind signal_phrase_kind(unsigned kind)
{
    return signal_phrase_kinds[kind % (sizeof signal_phrase_kinds / sizeof *signal_phrase_kinds)];
}

const struct signal_phrase *signal_phrase_list(size_t *ret_count)
{
    *ret_count = sizeof signal_phrases / sizeof *signal_phrases;
    return signal_phrases;
}
