// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How to break a combination: the tools of one of its parts, hidden or put before a person.
#include "stack/stack_internal.h"

enum { NAMED_MOST = 5 };
#define RULE_HIDE                                                                                  \
    "{\"action\":\"hide\",\"reason\":\"Hidden to break a dangerous combination of tools.\"}"
#define RULE_ASK                                                                                   \
    "{\"action\":\"require_approval\",\"reason\":\"Part of a dangerous combination of tools: a "   \
    "person decides on each call.\"}"

const char *stack_state_name(enum stack_state state)
{
    static const char *const names[] = {"possible", "restricted", "needs-person", "broken"};
    return names[(unsigned)state > STACK_BROKEN ? STACK_BROKEN : state];
}

const char *stack_say_state(enum stack_state state)
{
    static const char *const words[] = {"possible", "possible under conditions",
                                        "only with a person", "broken"};
    return words[(unsigned)state > STACK_BROKEN ? STACK_BROKEN : state];
}

// Only what plays its part now: for a tool that is denied, a question to a person would be looser.
// Of names that are taken for each other one may stay, that of the first server.
static bool is_fixed(const struct stack_combination *c, const struct stack_row *row)
{
    const struct stack_view *now = &row->views[STACK_NOW];
    if (!row_is_open(row, STACK_NOW) && (c->by != STACK_LET_HIDE || !now->listed))
        return false;
    if (c->by == STACK_LET_ADVISE && now->calls != STACK_UNLIMITED)
        return false;
    return c->danger != STACK_SAME_NAMES || row->server != c->legs[0].rows[0]->server;
}

static bool can_be_named(const struct stack_row *row)
{
    const struct catalogue_entry entry = {.name = row->tool->name, .category = CATALOGUE_READ};
    return catalogue_advise(&entry) != CATALOGUE_ADVISE_LEAVE_OUT;
}

void write_shown(struct buffer *out, struct slice name)
{
    enum { SHOWN_MOST = 60 };
    size_t end = name.length < SHOWN_MOST ? name.length : SHOWN_MOST;
    for (size_t i = 0; i < end; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c >= 0x80 && c < 0xC0)
            continue; // the rest of a character
        buffer_append(out, slice_of(c < ' ' || c >= 0x7F ? "?" : name.data + i, 1));
    }
    buffer_append_string(out, end < name.length ? "..." : "");
}

static void write_row(struct buffer *out, const struct stack_row *row, size_t number)
{
    if (number >= NAMED_MOST)
        return;
    buffer_append_string(out, number > 0 ? ", " : "");
    write_shown(out, row->tool->name);
    buffer_append_string(out, " (");
    write_shown(out, row->server->name);
    buffer_append_string(out, ")");
}

static void write_rest(struct buffer *out, size_t count)
{
    if (count > NAMED_MOST)
        buffer_append_format(out, " and %zu more", count - NAMED_MOST);
}

void write_shown_rows(struct buffer *out, const struct stack_row *const *rows, size_t count)
{
    for (size_t i = 0; i < count && i < NAMED_MOST; i++)
        write_row(out, rows[i], i);
    write_rest(out, count);
}

void stack_say_fix(struct buffer *out, const struct stack_combination *combination)
{
    static const char *const starts[] = {"Let a person approve each call of ", "Hide ",
                                         "Use the recommended rule for "};
    const struct stack_leg *leg = &combination->legs[combination->fix];
    size_t count = 0;
    for (size_t i = 0; i < leg->count; i++) {
        if (!is_fixed(combination, leg->rows[i]))
            continue;
        if (count == 0)
            buffer_append_string(out, starts[combination->by]);
        write_row(out, leg->rows[i], count++);
    }
    write_rest(out, count);
    buffer_append_string(out, count == 0 ? "Nothing more is needed." : ".");
}

// The rows of a leg stand by server, but for names that look alike.
static bool is_first_of_server(const struct stack_combination *c, const struct stack_leg *leg,
                               size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (leg->rows[i]->server == leg->rows[at]->server && is_fixed(c, leg->rows[i]) &&
            can_be_named(leg->rows[i]))
            return false;
    return true;
}

static bool is_repeated(const struct stack_leg *leg, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (leg->rows[i]->server == leg->rows[at]->server &&
            slice_equal(leg->rows[i]->tool->name, leg->rows[at]->tool->name))
            return true;
    return false;
}

static void write_rule(struct buffer *out, const struct stack_combination *c,
                       const struct stack_row *row)
{
    if (c->by == STACK_LET_ADVISE)
        catalogue_write_rule(out, row->tool->category);
    else
        buffer_append_string(out, c->by == STACK_LET_HIDE ? RULE_HIDE : RULE_ASK);
}

static void write_server(struct buffer *out, const struct stack_combination *c,
                         const struct stack_leg *leg, size_t first)
{
    const char *before = "";
    json_write_string(out, leg->rows[first]->server->name);
    buffer_append_string(out, ":{");
    for (size_t i = first; i < leg->count; i++) {
        if (leg->rows[i]->server != leg->rows[first]->server || !is_fixed(c, leg->rows[i]) ||
            !can_be_named(leg->rows[i]) || is_repeated(leg, i))
            continue;
        buffer_append_string(out, before);
        json_write_string(out, leg->rows[i]->tool->name);
        buffer_append_string(out, ":");
        write_rule(out, c, leg->rows[i]);
        before = ",";
    }
    buffer_append_string(out, "}");
}

void stack_write_fix(struct buffer *out, const struct stack_combination *combination)
{
    const struct stack_leg *leg = &combination->legs[combination->fix];
    const char *before = "";
    buffer_append_string(out, "{");
    for (size_t i = 0; i < leg->count; i++) {
        if (!is_fixed(combination, leg->rows[i]) || !can_be_named(leg->rows[i]) ||
            !is_first_of_server(combination, leg, i))
            continue;
        buffer_append_string(out, before);
        write_server(out, combination, leg, i);
        before = ",";
    }
    buffer_append_string(out, "}");
}
