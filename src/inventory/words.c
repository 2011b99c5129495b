// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Names and texts, made comparable and findable. What a tool was found by is computed again when it
// is taken out: a change here needs a step that fills the table of words anew.
#include "inventory/inventory_internal.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

// As the tokenizer of the search: all that is not ASCII belongs to words.
static bool is_word(char c)
{
    return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || ((unsigned char)c & 0x80) != 0;
}

static char small(char c)
{
    return is_upper(c) ? (char)(c + 'a' - 'A') : c;
}

void inventory_fold(struct slice name, struct fold *ret)
{
    name = inventory_cut(name, FOLD_MAX);
    ret->length = name.length;
    for (size_t i = 0; i < name.length; i++)
        ret->bytes[i] = small(name.data[i]);
}

struct slice inventory_cut(struct slice text, size_t most)
{
    if (text.length <= most)
        return text;
    while (most > 0 && ((unsigned char)text.data[most] & 0xc0) == 0x80)
        most--;
    return slice_of(text.data, most);
}

// The next run of bytes of words; empty at the end.
static struct slice next_run(struct slice text, size_t *at)
{
    while (*at < text.length && !is_word(text.data[*at]))
        ++*at;
    size_t start = *at;
    while (*at < text.length && is_word(text.data[*at]))
        ++*at;
    return slice_of(text.data + start, *at - start);
}

// "getHTTPServer": does a word begin at the H, at the S?
static bool is_hump(struct slice run, size_t i)
{
    if (i == 0 || !is_upper(run.data[i]))
        return false;
    return !is_upper(run.data[i - 1]) || (i + 1 < run.length && is_lower(run.data[i + 1]));
}

static void add_word(struct buffer *out, struct slice word)
{
    if (word.length == 0 || out->length + word.length + 1 > WORDS_MAX)
        return;
    for (size_t i = 0; i < word.length; i++) {
        char c = small(word.data[i]);
        buffer_append(out, slice_of(&c, 1));
    }
    buffer_append_string(out, " ");
}

static bool add_parts(struct buffer *out, struct slice run)
{
    size_t start = 0;
    for (size_t i = 1; i < run.length; i++)
        if (is_hump(run, i)) {
            add_word(out, slice_of(run.data + start, i - start));
            start = i;
        }
    add_word(out, slice_of(run.data + start, run.length - start));
    return start > 0;
}

void inventory_name_words(struct slice name, struct buffer *out)
{
    name = inventory_cut(name, WORDS_MAX / 2);
    for (size_t at = 0; at < name.length;) {
        struct slice run = next_run(name, &at);
        if (add_parts(out, run))
            add_word(out, run);
    }
}

static bool says_nothing(struct slice word)
{
    static const char *const words[] = {
        "a",  "an", "and", "are", "as",   "at",  "be",   "by", "for", "from", "if",  "in",  "is",
        "it", "of", "on",  "or",  "that", "the", "this", "to", "use", "with", "you", "your"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_equal_ignoring_case(word, slice_from_string(words[i])))
            return true;
    return false;
}

void inventory_text_words(struct slice text, struct buffer *out)
{
    for (size_t at = 0; at < text.length;) {
        struct slice run = next_run(text, &at);
        if (!says_nothing(run))
            add_word(out, run);
    }
}

size_t inventory_query_words(struct slice text, struct buffer *out, struct slice *words,
                             size_t most)
{
    size_t count = 0, start = 0;
    text = inventory_cut(text, 256);
    for (size_t at = 0; at < text.length;)
        add_parts(out, next_run(text, &at));
    struct slice all = buffer_slice(out);
    for (size_t i = 0; i < all.length && count < most; i++)
        if (all.data[i] == ' ') {
            words[count++] = slice_of(all.data + start, i - start);
            start = i + 1;
        }
    // The beginning of a word that is not typed yet: it would be looked for in vain in half of all.
    return count > 1 && words[count - 1].length == 1 ? count - 1 : count;
}

struct slice inventory_summary(struct slice description, char room[SUMMARY_MAX + 1])
{
    size_t length = 0;
    for (size_t i = 0; i < description.length && length <= SUMMARY_MAX; i++) {
        char c = description.data[i];
        bool blank = (unsigned char)c <= ' ' || c == 0x7f;
        bool ends = i + 1 == description.length || (unsigned char)description.data[i + 1] <= ' ';
        if (c == '\n' && length > 0)
            break;
        if (blank && (length == 0 || room[length - 1] == ' '))
            continue;
        room[length++] = blank ? ' ' : c;
        if ((c == '.' || c == '!' || c == '?') && ends && length > 3)
            break;
    }
    while (length > 0 && room[length - 1] == ' ')
        length--;
    return inventory_cut(slice_of(room, length), SUMMARY_MAX);
}
