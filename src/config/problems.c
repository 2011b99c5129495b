// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_MAX = 80 };

void config_problems_release(struct config_problems *problems)
{
    for (size_t i = 0; i < problems->file_count; i++)
        memory_free(problems->files[i]);
    memory_free(problems->files);
    memory_free(problems->items);
    *problems = (struct config_problems){0};
}

// The list's own copy of a file name; NULL when memory is short.
static const char *keep_file(struct config_problems *problems, const char *file)
{
    for (size_t i = problems->file_count; i > 0; i--)
        if (strcmp(problems->files[i - 1], file) == 0)
            return problems->files[i - 1];
    char **files = memory_try_resize(problems->files, (problems->file_count + 1) * sizeof *files);
    if (files == NULL)
        return NULL;
    problems->files = files;
    size_t size = strlen(file) + 1;
    char *copy = memory_try_new(size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, file, size);
    files[problems->file_count++] = copy;
    return copy;
}

// The array's size is the next power of two of its count, so no capacity is kept.
static bool grow(struct config_problems *problems)
{
    if ((problems->count & (problems->count - 1)) != 0)
        return true;
    size_t capacity = problems->count == 0 ? 1 : problems->count * 2;
    void *items = memory_try_resize(problems->items, capacity * sizeof *problems->items);
    if (items == NULL)
        return false;
    problems->items = items;
    return true;
}

// Keys may hold anything; a problem stays one line.
static void flatten(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = '?';
}

void config_complain_file(struct config_loader *loader, enum config_gravity gravity,
                          const char *file, struct json_position at, const char *text)
{
    struct config_problems *problems = loader->problems;
    // The last place is kept for an error, so that a load never fails without one.
    if (problems->count >= CONFIG_PROBLEMS_MAX &&
        (gravity == CONFIG_WARNING || config_has_errors(problems))) {
        problems->cut = true;
        return;
    }
    const char *kept = keep_file(problems, file);
    if (kept == NULL || !grow(problems)) {
        loader->no_memory = true;
        return;
    }
    struct config_problem *problem = &problems->items[problems->count++];
    *problem =
        (struct config_problem){.file = kept, .at = at, .warning = gravity == CONFIG_WARNING};
    snprintf(problem->text, sizeof problem->text, "%s", text);
    flatten(problem->text);
}

void config_complain_at(struct config_loader *loader, enum config_gravity gravity,
                        struct json_position at, const char *format, ...)
{
    char text[sizeof loader->problems->items->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    config_complain_file(loader, gravity, loader->config->path, at, text);
}

void config_complain(struct config_loader *loader, enum config_gravity gravity, uint32_t node,
                     const char *format, ...)
{
    char text[sizeof loader->problems->items->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct json_position at = {0};
    if (node != JSON_NONE)
        at = json_position(loader->doc.text, json_at(&loader->doc, node)->start);
    config_complain_file(loader, gravity, loader->config->path, at, text);
}

bool config_has_errors(const struct config_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (!problems->items[i].warning)
            return true;
    return false;
}

static size_t file_rank(const struct config_problems *problems, const char *file)
{
    size_t rank = 0;
    while (rank < problems->file_count && problems->files[rank] != file)
        rank++;
    return rank;
}

static bool stands_before(const struct config_problems *problems, const struct config_problem *a,
                          const struct config_problem *b)
{
    if (a->file != b->file)
        return file_rank(problems, a->file) < file_rank(problems, b->file);
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line;
    return a->at.column < b->at.column;
}

// Reading order, file by file. Insertion keeps equals in place, and the list is nearly sorted.
void config_problems_sort(struct config_problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct config_problem moved = problems->items[i];
        size_t place = i;
        for (; place > 0 && stands_before(problems, &moved, &problems->items[place - 1]); place--)
            problems->items[place] = problems->items[place - 1];
        problems->items[place] = moved;
    }
}

void config_problems_print(const struct config_problems *problems, struct buffer *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct config_problem *problem = &problems->items[i];
        buffer_append_string(out, problem->file);
        if (problem->at.line > 0)
            buffer_append_format(out, ":%u:%u", problem->at.line, problem->at.column);
        buffer_append_string(out, problem->warning ? ": warning: " : ": error: ");
        buffer_append_string(out, problem->text);
        buffer_append_string(out, "\n");
    }
    if (problems->cut)
        buffer_append_string(out, "(further problems are not shown)\n");
}

int config_shown_length(struct slice s)
{
    if (s.length <= SHOWN_MAX)
        return (int)s.length;
    size_t length = SHOWN_MAX;
    while (length > 0 && ((unsigned char)s.data[length] & 0xC0) == 0x80)
        length--;
    return (int)length;
}
