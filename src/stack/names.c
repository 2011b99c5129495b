// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools of different servers whose names are taken for each other: an agent that means the one may
// call the other.
#include "stack/stack_internal.h"

#include "base/table.h"

// Beyond so many different names only those are found that look the same letter by letter.
enum { COMPARED_MOST = 800 };

// Names of one skeleton.
struct likeness {
    struct slice skeleton;
    uint32_t first, last;    // rows, in a chain
    struct likeness *joined; // counts with that one
};
struct crowd {
    struct stack_report *report;
    struct table table;
    struct likeness *items;
    size_t count;
    uint32_t *next; // of a row in its chain, or UINT32_MAX
};

static int add_row(struct crowd *c, uint32_t row, struct buffer *scratch)
{
    buffer_clear(scratch);
    catalogue_skeleton(c->report->rows[row].tool->name, scratch);
    c->next[row] = UINT32_MAX;
    if (scratch->failed)
        return ERROR_NO_MEMORY;
    // A name of nothing that can be seen looks like no other name.
    if (scratch->length == 0)
        return 0;
    struct likeness *likeness = table_get(&c->table, buffer_slice(scratch));
    if (likeness != NULL) {
        c->next[likeness->last] = row;
        likeness->last = row;
        return 0;
    }
    likeness = &c->items[c->count++];
    *likeness = (struct likeness){.skeleton = arena_copy(&c->report->arena, buffer_slice(scratch)),
                                  .first = row,
                                  .last = row};
    return likeness->skeleton.data == NULL ? ERROR_NO_MEMORY
                                           : table_put(&c->table, likeness->skeleton, likeness);
}

static struct likeness *root_of(struct likeness *likeness)
{
    while (likeness->joined != NULL)
        likeness = likeness->joined;
    return likeness;
}

static const struct stack_server *server_of(const struct crowd *c, const struct likeness *likeness)
{
    return c->report->rows[likeness->first].server;
}

// Names that are nearly the same, of different servers: one server may well have "get_a" and
// "get_b".
static void join_near(struct crowd *c)
{
    if (c->count > COMPARED_MOST)
        return;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = i + 1; k < c->count; k++) {
            struct likeness *a = root_of(&c->items[i]), *b = root_of(&c->items[k]);
            if (a == b || server_of(c, &c->items[i]) == server_of(c, &c->items[k]) ||
                !catalogue_look_alike(c->report->rows[c->items[i].first].tool->name,
                                      c->report->rows[c->items[k].first].tool->name))
                continue;
            c->next[a->last] = b->first;
            a->last = b->last;
            b->joined = a;
        }
}

// ---- Groups that matter: of more than one server

static enum stack_state state_of(const struct crowd *c, const struct likeness *likeness,
                                 enum stack_when when)
{
    const struct stack_server *seen = NULL;
    for (uint32_t row = likeness->first; row != UINT32_MAX; row = c->next[row]) {
        const struct stack_row *r = &c->report->rows[row];
        if (!r->views[when].listed)
            continue;
        if (seen != NULL && seen != r->server)
            return STACK_POSSIBLE;
        seen = r->server;
    }
    return STACK_BROKEN;
}

static bool of_several_servers(const struct crowd *c, const struct likeness *likeness)
{
    const struct stack_server *first = server_of(c, likeness);
    for (uint32_t row = likeness->first; row != UINT32_MAX; row = c->next[row])
        if (c->report->rows[row].server != first)
            return true;
    return false;
}

static int describe(const struct crowd *c, const struct likeness *likeness,
                    struct stack_combination *ret)
{
    size_t count = 0;
    for (uint32_t row = likeness->first; row != UINT32_MAX; row = c->next[row])
        count++;
    const struct stack_row **rows = arena_take(&c->report->arena, count * sizeof *rows);
    if (rows == NULL)
        return ERROR_NO_MEMORY;
    count = 0;
    for (uint32_t row = likeness->first; row != UINT32_MAX; row = c->next[row])
        rows[count++] = &c->report->rows[row];
    *ret =
        (struct stack_combination){.danger = STACK_SAME_NAMES,
                                   .name = "same-names",
                                   .title = "Tools of different servers are taken for each other",
                                   .says = "An agent that means the one may call the other, and "
                                           "hand it what was not meant for it.",
                                   .legs = {{"names that look alike", rows, count}},
                                   .leg_count = 1,
                                   .patterns = {"cross-server-shadowing", "typosquatting"},
                                   .by = STACK_LET_HIDE};
    for (int when = 0; when < STACK_WHENS; when++)
        ret->states[when] = state_of(c, likeness, (enum stack_when)when);
    return 0;
}

static size_t list_groups(const struct crowd *c, struct stack_combination *ret, size_t most)
{
    size_t found = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct likeness *likeness = &c->items[i];
        if (likeness->joined != NULL || !of_several_servers(c, likeness))
            continue;
        if (found < most && describe(c, likeness, &ret[found]) != 0)
            return SIZE_MAX;
        found++;
    }
    return found;
}

size_t names_look(const struct stack *stack, struct stack_report *report,
                  struct stack_combination *ret, size_t most)
{
    struct crowd c = {.report = report};
    struct buffer scratch;
    size_t found = SIZE_MAX;
    if (stack->count < 2)
        return 0;
    c.items = arena_take_zeroed(&report->arena, (report->count + 1) * sizeof *c.items);
    c.next = arena_take(&report->arena, (report->count + 1) * sizeof *c.next);
    if (c.items == NULL || c.next == NULL)
        return SIZE_MAX;
    buffer_init(&scratch, 0);
    table_init(&c.table);
    int result = 0;
    for (size_t i = 0; i < report->count && result == 0; i++)
        result = add_row(&c, (uint32_t)i, &scratch);
    if (result == 0) {
        join_near(&c);
        found = list_groups(&c, ret, most);
    }
    table_release(&c.table);
    buffer_release(&scratch);
    return found;
}
