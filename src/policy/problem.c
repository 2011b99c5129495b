// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a document, with places, and the small checks that every part of the
// compiler makes.
#include "policy/compile_internal.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { PROBLEMS_MAX = 500, DISTANCE_MAX = 3, WORD_MAX = 64 };

void policy_problems_release(struct policy_problems *problems)
{
    memory_free(problems->items);
    *problems = (struct policy_problems){0};
}

static struct policy_problem *add_problem(struct compiler *c)
{
    if (c->problems->count == c->problem_capacity) {
        size_t capacity = c->problem_capacity == 0 ? 8 : c->problem_capacity * 2;
        struct policy_problem *items =
            memory_try_resize(c->problems->items, capacity * sizeof(struct policy_problem));
        if (items == NULL) {
            c->no_memory = true;
            return NULL;
        }
        c->problems->items = items;
        c->problem_capacity = capacity;
    }
    return &c->problems->items[c->problems->count++];
}

// Never cuts a character in two.
static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

void compile_problem_at(struct compiler *c, struct json_position at, bool warning, const char *text)
{
    if (!warning)
        c->errors++;
    if (c->problems->count >= PROBLEMS_MAX)
        return;
    struct policy_problem *problem = add_problem(c);
    if (problem == NULL)
        return;
    *problem = (struct policy_problem){.at = at, .warning = warning};
    copy_text(problem->text, sizeof problem->text, text);
}

static void problem_at_node(struct compiler *c, uint32_t node, bool warning, const char *format,
                            va_list arguments) __attribute__((format(printf, 4, 0)));
static void problem_at_node(struct compiler *c, uint32_t node, bool warning, const char *format,
                            va_list arguments)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    size_t offset = node == JSON_NONE ? 0 : json_at(c->doc, node)->start;
    compile_problem_at(c, json_position(c->doc->text, offset), warning, text);
}

void compile_error(struct compiler *c, uint32_t node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem_at_node(c, node, false, format, arguments);
    va_end(arguments);
}

void compile_warning(struct compiler *c, uint32_t node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem_at_node(c, node, true, format, arguments);
    va_end(arguments);
}

void *compile_take(struct compiler *c, size_t count, size_t size)
{
    void *taken = arena_take_zeroed(&c->policy->arena, (count == 0 ? 1 : count) * size);
    if (taken == NULL)
        c->no_memory = true;
    return taken;
}

struct slice compile_format(struct compiler *c, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct slice copy = arena_copy(&c->policy->arena, slice_from_string(text));
    if (copy.data == NULL)
        c->no_memory = true;
    return copy;
}

struct slice compile_pointer(struct compiler *c, struct slice parent, struct slice name)
{
    char *out = arena_take(&c->policy->arena, parent.length + 2 + name.length * 2);
    if (out == NULL) {
        c->no_memory = true;
        return (struct slice){0};
    }
    size_t at = parent.length;
    if (at > 0)
        memcpy(out, parent.data, at);
    out[at++] = '/';
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == '~' || name.data[i] == '/') {
            out[at++] = '~';
            out[at++] = name.data[i] == '~' ? '0' : '1';
        } else {
            out[at++] = name.data[i];
        }
    }
    out[at] = '\0';
    return slice_of(out, at);
}

struct slice compile_pointer_index(struct compiler *c, struct slice parent, size_t index)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", index);
    return compile_pointer(c, parent, slice_from_string(digits));
}

static const char *article(const char *name)
{
    return name[0] == 'a' || name[0] == 'o' ? "an" : "a";
}

bool compile_expect(struct compiler *c, uint32_t node, enum json_type type, const char *what)
{
    enum json_type found = json_type(c->doc, node);
    if (found == type)
        return true;
    const char *wanted = json_type_name(type);
    compile_error(c, node, "%s must be %s %s, not %s", what, article(wanted), wanted,
                  json_type_name(found));
    return false;
}

bool compile_expect_boolean(struct compiler *c, uint32_t node, const char *what)
{
    enum json_type found = json_type(c->doc, node);
    if (found == JSON_TRUE || found == JSON_FALSE)
        return true;
    compile_error(c, node, "%s must be true or false, not %s", what, json_type_name(found));
    return false;
}

struct slice compile_string(struct compiler *c, uint32_t node, const char *what)
{
    if (!compile_expect(c, node, JSON_STRING, what))
        return (struct slice){0};
    // Copied, so that there is a NUL behind it for messages.
    struct slice value = json_string(c->doc, node, &c->policy->arena);
    if (value.data != NULL)
        value = arena_copy(&c->policy->arena, value);
    if (value.data == NULL) {
        c->no_memory = true;
        return (struct slice){0};
    }
    return value;
}

int compile_choice(struct compiler *c, uint32_t node, const char *what, const char *const *names)
{
    struct slice value = compile_string(c, node, what);
    if (json_type(c->doc, node) != JSON_STRING)
        return -1;
    char list[256] = "";
    size_t used = 0;
    for (int i = 0; names[i] != NULL; i++) {
        if (slice_equal_string(value, names[i]))
            return i;
        int n = snprintf(list + used, sizeof list - used, "%s'%s'", i == 0 ? "" : ", ", names[i]);
        used += (size_t)n < sizeof list - used ? (size_t)n : 0;
    }
    compile_error(c, node, "%s must be %s%s, not '%.100s'", what, names[1] == NULL ? "" : "one of ",
                  list, value.data == NULL ? "" : value.data);
    return -1;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

// Levenshtein distance of words of at most WORD_MAX bytes, ignoring ASCII case.
static size_t edit_distance(struct slice a, struct slice b)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            bool same =
                slice_equal_ignoring_case(slice_of(a.data + i - 1, 1), slice_of(b.data + j - 1, 1));
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1));
            diagonal = above;
        }
    }
    return row[b.length];
}

const char *compile_nearest(struct slice word, const char *const *names)
{
    const char *nearest = NULL;
    size_t best = DISTANCE_MAX + 1;
    for (; *names != NULL && word.length <= WORD_MAX; names++) {
        struct slice name = slice_from_string(*names);
        if (name.length > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, name);
        // A word that is mostly different is no slip of the pen.
        size_t longer = word.length > name.length ? word.length : name.length;
        if (distance < best && distance * 2 < longer) {
            best = distance;
            nearest = *names;
        }
    }
    return nearest;
}

static bool is_listed(struct slice name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (slice_equal_string(name, *names))
            return true;
    return false;
}

void compile_keys(struct compiler *c, uint32_t object, struct slice where, const char *const *keys)
{
    for (uint32_t key = json_first_key(c->doc, object); key != JSON_NONE;
         key = json_next_key(c->doc, object, key)) {
        struct slice name = compile_string(c, key, "a key");
        if (name.data == NULL || is_listed(name, keys))
            continue;
        const char *nearest = compile_nearest(name, keys);
        const char *place = where.length == 0 ? "the document" : where.data;
        if (nearest != NULL)
            compile_error(c, key, "unknown key '%.80s' in %.160s; did you mean '%s'?", name.data,
                          place, nearest);
        else
            compile_error(c, key, "unknown key '%.80s' in %.160s", name.data, place);
    }
}
