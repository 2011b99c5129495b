// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean ...?": edit distance where a swap of neighbours counts as one change.
#include "config/config_internal.h"

#include <stdio.h>

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

// Both words are at most WORD_MAX long.
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.length; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            bool same = lower(a.data[i - 1]) == lower(b.data[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && lower(a.data[i - 1]) == lower(b.data[j - 2]) &&
                lower(a.data[i - 2]) == lower(b.data[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b.length];
}

struct search {
    struct slice word;
    struct slice best;
    size_t best_distance;
};

static void consider(struct search *search, struct slice known)
{
    if (known.length > WORD_MAX || search->word.length > WORD_MAX)
        return;
    size_t found = distance(search->word, known);
    // One change is always forgiven, more in longer words.
    if (found > 1 + least(search->word.length, known.length) / 4)
        return;
    if (found < search->best_distance) {
        search->best_distance = found;
        search->best = known;
    }
}

const char *config_nearest(struct slice word, const char *const *known, size_t count)
{
    struct search search = {.word = word, .best_distance = SIZE_MAX};
    for (size_t i = 0; i < count; i++)
        consider(&search, slice_from_string(known[i]));
    return search.best.data;
}

static struct config_hint hint_of(struct slice best)
{
    struct config_hint hint = {0};
    if (best.data != NULL)
        snprintf(hint.text, sizeof hint.text, "; did you mean '%.*s'?", SLICE_PRINT(best));
    return hint;
}

struct config_hint config_hint(struct slice word, const char *const *known, size_t count)
{
    return hint_of(slice_from_string(config_nearest(word, known, count)));
}

static void consider_cb(void *argument, struct slice key, void *value)
{
    (void)value;
    struct search *search = argument;
    size_t before = search->best_distance;
    struct slice best = search->best;
    consider(search, key);
    // Tables have no order; equals are settled by the alphabet so that messages do not vary.
    if (search->best_distance == before && best.data != NULL && key.length <= WORD_MAX &&
        search->word.length <= WORD_MAX && distance(search->word, key) == before) {
        int order = memcmp(key.data, best.data, least(key.length, best.length));
        if (order < 0 || (order == 0 && key.length < best.length))
            search->best = key;
    }
}

struct config_hint config_hint_table(struct slice word, const struct table *names)
{
    struct search search = {.word = word, .best_distance = SIZE_MAX};
    table_each(names, consider_cb, &search);
    return hint_of(search.best);
}
