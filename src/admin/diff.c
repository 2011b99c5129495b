// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Two texts, line by line, after E. W. Myers, "An O(ND) Difference Algorithm and Its Variations":
// the fewest lines that go and come. Beyond a bound of work, everything goes and everything comes.
#include "admin/admin_internal.h"

#include "base/memory.h"

enum { LINES_MAX = 100000, STEPS_MAX = 1000 };

struct lines {
    struct slice *items; // owned
    int count;
};

static bool split(struct slice text, struct lines *ret)
{
    size_t count = 1;
    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == '\n';
    ret->items = count > LINES_MAX ? NULL : memory_try_new(count * sizeof *ret->items);
    if (ret->items == NULL)
        return false;
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        size_t used = end == NULL ? length : length + 1;
        ret->items[ret->count++] = slice_of(text.data, length);
        text = slice_of(text.data + used, text.length - used);
    }
    return true;
}

static void write_line(struct buffer *out, bool *first, const char *mark, struct slice line)
{
    buffer_append_string(out, *first ? "" : ",");
    buffer_append_format(out, "{\"change\":\"%s\",\"text\":", mark);
    json_write_string(out, line);
    buffer_append_string(out, "}");
    *first = false;
}

// reach[d][k]: how far in `a` one gets with d changes on diagonal k = x - y. Rows of 2d + 1.
struct search {
    const struct lines *a, *b;
    int *rows[STEPS_MAX + 1]; // owned
    int steps;
};

static int reach_of(const struct search *search, int steps, int diagonal)
{
    return search->rows[steps][diagonal + steps];
}

// Comes down (a line of `b` more) rather than from the left?
static bool comes_down(const struct search *search, int steps, int diagonal)
{
    return diagonal == -steps ||
           (diagonal != steps &&
            reach_of(search, steps - 1, diagonal - 1) < reach_of(search, steps - 1, diagonal + 1));
}

static int start_of(const struct search *search, int steps, int diagonal)
{
    if (steps == 0)
        return 0;
    return comes_down(search, steps, diagonal) ? reach_of(search, steps - 1, diagonal + 1)
                                               : reach_of(search, steps - 1, diagonal - 1) + 1;
}

// True when the end of both is reached.
static bool take_step(struct search *search)
{
    const struct lines *a = search->a, *b = search->b;
    int steps = search->steps;
    for (int diagonal = -steps; diagonal <= steps; diagonal += 2) {
        int x = start_of(search, steps, diagonal), y = x - diagonal;
        while (x >= 0 && y >= 0 && x < a->count && y < b->count &&
               slice_equal(a->items[x], b->items[y])) {
            x++;
            y++;
        }
        search->rows[steps][diagonal + steps] = x;
        if (x >= a->count && y >= b->count)
            return true;
    }
    return false;
}

static bool find_way(struct search *search)
{
    for (search->steps = 0; search->steps <= STEPS_MAX; search->steps++) {
        size_t size = (size_t)(2 * search->steps + 1) * sizeof(int);
        search->rows[search->steps] = memory_try_new(size);
        if (search->rows[search->steps] == NULL)
            return false;
        if (take_step(search))
            return true;
    }
    return false;
}

// From the end to the beginning: what stands at each step.
static void mark_way(const struct search *search, bool *goes, bool *comes)
{
    int x = search->a->count, y = search->b->count;
    for (int steps = search->steps; steps > 0; steps--) {
        int diagonal = x - y;
        bool down = comes_down(search, steps, diagonal);
        x = start_of(search, steps, diagonal);
        y = x - diagonal;
        if (down)
            comes[--y] = true;
        else
            goes[--x] = true;
    }
}

static void write_all(struct buffer *out, const struct lines *a, const struct lines *b,
                      const bool *goes, const bool *comes)
{
    bool first = true;
    buffer_append_string(out, "[");
    for (int x = 0, y = 0; x < a->count || y < b->count;) {
        if (x < a->count && goes[x])
            write_line(out, &first, "removed", a->items[x++]);
        else if (y < b->count && comes[y])
            write_line(out, &first, "added", b->items[y++]);
        else {
            write_line(out, &first, "same", a->items[x++]);
            y++;
        }
    }
    buffer_append_string(out, "]");
}

int admin_diff_lines(struct slice before, struct slice after, struct buffer *out)
{
    struct lines a = {0}, b = {0};
    bool *marks = NULL;
    int result = split(before, &a) && split(after, &b) ? 0 : ERROR_TOO_LARGE;
    struct search *search = memory_new(sizeof *search);
    *search = (struct search){.a = &a, .b = &b};
    size_t count = (size_t)a.count + (size_t)b.count;
    if (result == 0)
        marks = memory_try_new(count + 1);
    if (marks != NULL && find_way(search))
        mark_way(search, marks, marks + a.count);
    else if (marks != NULL)
        memset(marks, true, count);
    if (marks != NULL)
        write_all(out, &a, &b, marks, marks + a.count);
    else
        result = result == 0 ? ERROR_NO_MEMORY : result;
    for (int i = 0; i <= STEPS_MAX; i++)
        memory_free(search->rows[i]);
    memory_free(search);
    memory_free(marks);
    memory_free(a.items);
    memory_free(b.items);
    return result;
}
