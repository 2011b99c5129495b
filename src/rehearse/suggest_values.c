// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the values of an argument have in common. Whatever is strange about one of them means that
// nothing is said of it.
#include "rehearse/suggest_internal.h"

static void keep_text(struct suggestion *s, struct suggest_texts *texts, struct slice text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (slice_equal(texts->items[i], text))
            return;
    struct slice copy = {0};
    if (texts->count < SUGGEST_VALUES_MAX && text.length <= SUGGEST_VALUE_BYTES)
        copy = arena_copy(&s->arena, text);
    if (copy.data == NULL)
        texts->more = true;
    else
        texts->items[texts->count++] = copy;
}

// ---- Paths: an absolute one in the form that `within_path` gives it

static bool is_plain_path(struct slice path)
{
    if (path.length < 2 || *path.data != '/' || path.data[path.length - 1] == '/')
        return false;
    for (size_t i = 0; i < path.length; i++) {
        char c = path.data[i], before = i == 0 ? 'x' : path.data[i - 1];
        if (c == '\\' || (unsigned char)c < ' ' || (before == '/' && (c == '/' || c == '.')))
            return false;
    }
    return true;
}

static struct slice folder_of(struct slice path)
{
    while (path.length > 0 && path.data[path.length - 1] != '/')
        path.length--;
    path.length -= path.length > 0;
    return path;
}

// The nearest folder that has both.
static void widen_folder(struct slice *folder, struct slice path)
{
    while (folder->length > 0 &&
           !(slice_starts_with(path, *folder) && path.length > folder->length &&
             path.data[folder->length] == '/'))
        *folder = folder_of(*folder);
}

static void note_path(struct suggestion *s, struct suggest_argument *argument, struct slice text)
{
    if (!is_plain_path(text)) {
        argument->odd_path = true;
        return;
    }
    if (argument->folder.data == NULL)
        argument->folder = arena_copy(&s->arena, folder_of(text));
    widen_folder(&argument->folder, text);
}

// ---- URLs: their hosts, where nothing about them is special

static void note_url(struct suggestion *s, struct suggest_argument *argument, struct slice text)
{
    char host[SUGGEST_VALUE_BYTES];
    size_t start = slice_starts_with(text, SLICE_LITERAL("https://"))  ? 8
                   : slice_starts_with(text, SLICE_LITERAL("http://")) ? 7
                                                                       : 0;
    size_t length = 0, letters = 0;
    bool good = start > 0;
    for (size_t i = start; good && i < text.length && text.data[i] != '/'; i++) {
        char c = text.data[i];
        bool letter = c >= 'a' && c <= 'z';
        letters += letter;
        good = (letter || (c >= '0' && c <= '9') || c == '.' || c == '-') && length < sizeof host;
        if (good)
            host[length++] = c;
    }
    for (size_t i = 0; good && i < text.length; i++)
        good = (unsigned char)text.data[i] > ' ' && (unsigned char)text.data[i] < 0x7F &&
               text.data[i] != '\\';
    if (!good || letters == 0 || length == 0 || host[length - 1] < 'a' || host[length - 1] > 'z')
        argument->odd_url = true;
    else
        keep_text(s, &argument->hosts, slice_of(host, length));
}

// ---- Values

static void note_number(struct suggest_argument *argument, struct slice text)
{
    struct decimal number;
    if (decimal_parse(text, &number) != 0) {
        argument->unknown = true;
        return;
    }
    if (argument->numbers++ == 0)
        argument->least = argument->most = number;
    if (decimal_compare(number, argument->least) < 0)
        argument->least = number;
    if (decimal_compare(number, argument->most) > 0)
        argument->most = number;
}

static void note_string(struct suggestion *s, struct suggest_argument *argument,
                        const struct json_doc *doc, uint32_t node)
{
    struct slice raw = json_raw(doc, node), text = json_string(doc, node, &s->scratch);
    argument->strings++;
    if (rehearse_may_be_masked(raw) || text.data == NULL) {
        argument->unknown = true;
        return;
    }
    keep_text(s, &argument->texts, raw);
    note_path(s, argument, text);
    note_url(s, argument, text);
}

static void note_value(struct suggestion *s, struct suggest_argument *argument,
                       const struct json_doc *doc, uint32_t node)
{
    argument->seen++;
    switch (json_type(doc, node)) {
    case JSON_NUMBER: note_number(argument, json_raw(doc, node)); break;
    case JSON_STRING: note_string(s, argument, doc, node); break;
    case JSON_TRUE: argument->yes = true, argument->booleans++; break;
    case JSON_FALSE: argument->no = true, argument->booleans++; break;
    case JSON_NULL: argument->nulls++; break;
    case JSON_ARRAY:
    case JSON_OBJECT: argument->others++; break;
    }
}

static struct suggest_argument *argument_of(struct suggestion *s, struct suggest_name *name,
                                            struct slice key)
{
    for (size_t i = 0; i < name->argument_count; i++)
        if (slice_equal(name->arguments[i].name, key))
            return &name->arguments[i];
    if (name->arguments == NULL)
        name->arguments = arena_take(&s->arena, SUGGEST_ARGUMENTS_MAX * sizeof *name->arguments);
    struct slice copy = arena_copy(&s->arena, key);
    if (name->arguments == NULL || copy.data == NULL ||
        name->argument_count == SUGGEST_ARGUMENTS_MAX)
        return NULL;
    struct suggest_argument *argument = &name->arguments[name->argument_count++];
    *argument = (struct suggest_argument){.name = copy};
    return argument;
}

int suggest_note_arguments(struct suggestion *s, struct suggest_name *name,
                           const struct rehearse_row *row)
{
    if (row->keys.data == NULL && row->arguments.data == NULL)
        return 0;
    if (row->arguments.data == NULL || row->left_out > 0 ||
        json_scan(&s->doc, row->arguments, NULL, NULL, NULL) != 0) {
        name->more_arguments = true;
        s->counts.masked++;
        return 0;
    }
    for (uint32_t key = json_first_key(&s->doc, 0); key != JSON_NONE;
         key = json_next_key(&s->doc, 0, key)) {
        struct slice text = json_string(&s->doc, key, &s->scratch);
        struct suggest_argument *argument = text.data == NULL ? NULL : argument_of(s, name, text);
        if (argument == NULL)
            name->more_arguments = true;
        else
            note_value(s, argument, &s->doc, key + 1);
    }
    return 0;
}

// ---- Round numbers: 1, 2 or 5 and zeros

struct decimal suggest_round_up(struct decimal number)
{
    static const int steps[] = {1, 2, 5, 10};
    struct decimal round = {.coefficient = 1, .exponent = number.exponent};
    __int128 rest = number.coefficient;
    if (rest <= 0)
        return number;
    for (; rest >= 10; rest /= 10)
        round.exponent++;
    int32_t exponent = round.exponent;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        round = steps[i] == 10 ? (struct decimal){1, exponent + 1}
                               : (struct decimal){steps[i], exponent};
        if (decimal_compare(round, number) >= 0)
            break;
    }
    return round;
}
