// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How to break a combination: the tools of one of its parts, hidden or put before a person.
#include "stack/stack_internal.h"

enum { NAMED_MOST = 5 };
#define REASON_HIDE                                                                                \
    "{\"action\":\"hide\",\"reason\":\"Hidden to break a dangerous combination of tools.\"}"
#define REASON_ASK                                                                                 \
    "{\"action\":\"require_approval\",\"reason\":\"Part of a dangerous combination of tools: a "   \
    "person decides on each call.\"}"

const char *stack_state_name(enum stack_state state)
{
    static const char *const names[] = {"possible", "needs-person", "broken"};
    return names[(unsigned)state > STACK_BROKEN ? STACK_BROKEN : state];
}

// Of names that are taken for each other one may stay, that of the first server.
static bool is_fixed(const struct stack_combination *c, const struct stack_row *row)
{
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

void write_shown_rows(struct buffer *out, const struct stack_row *const *rows, size_t count)
{
    for (size_t i = 0; i < count && i < NAMED_MOST; i++) {
        buffer_append_string(out, i > 0 ? ", " : "");
        write_shown(out, rows[i]->tool->name);
        buffer_append_string(out, " (");
        write_shown(out, rows[i]->server->name);
        buffer_append_string(out, ")");
    }
    if (count > NAMED_MOST)
        buffer_append_format(out, " and %zu more", count - NAMED_MOST);
}

void stack_say_fix(struct buffer *out, const struct stack_combination *combination)
{
    const struct stack_leg *leg = &combination->legs[combination->fix];
    size_t skip = 0;
    while (skip < leg->count && !is_fixed(combination, leg->rows[skip]))
        skip++;
    buffer_append_string(out, combination->hide ? "Hide " : "Let a person approve each call of ");
    write_shown_rows(out, leg->rows + skip, leg->count - skip);
    buffer_append_string(out, ".");
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
        buffer_append_string(out, c->hide ? ":" REASON_HIDE : ":" REASON_ASK);
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
