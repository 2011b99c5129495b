// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A report for people at a terminal: the dangers, the worst of ten minutes, the tools.
#include "stack/stack_internal.h"

enum { TOOLS_SHOWN = 200, COLUMN = 44 };

static void write_dangers(struct buffer *out, const struct stack_report *report)
{
    buffer_append_string(out, "\nDangers\n");
    if (report->combination_count == 0)
        buffer_append_string(out, "  none was found\n");
    for (size_t i = 0; i < report->combination_count; i++) {
        const struct stack_combination *c = &report->combinations[i];
        buffer_append_format(out, "  %s: %s now, %s under starter policies\n    %s\n", c->title,
                             stack_say_state(c->states[STACK_NOW]),
                             stack_say_state(c->states[STACK_STARTER]), c->says);
        for (size_t leg = 0; leg < c->leg_count; leg++) {
            buffer_append_format(out, "    - %s: ", c->legs[leg].what);
            write_shown_rows(out, c->legs[leg].rows, c->legs[leg].count);
            buffer_append_string(out, "\n");
        }
        if (c->states[STACK_NOW] >= STACK_NEEDS_PERSON)
            continue;
        buffer_append_string(out, "    To break it: ");
        stack_say_fix(out, c);
        buffer_append_string(out, "\n");
    }
    if (report->too_many)
        buffer_append_string(out, "  ... and more names that look alike\n");
}

static void write_worst(struct buffer *out, const struct stack_report *report)
{
    static const char *const heads[] = {"now", "under starter policies"};
    buffer_append_string(out, "\nThe worst of any ten minutes\n");
    for (size_t category = 0; category < STACK_CATEGORIES; category++) {
        const char *name = category == STACK_ALL_CATEGORIES
                               ? "all together"
                               : catalogue_category_name((enum catalogue_category)category);
        if (report->worst[STACK_NOW][category].tools == 0)
            continue;
        for (int when = 0; when < STACK_WHENS; when++) {
            buffer_append_format(out, "  %-14s%s: ", when == 0 ? name : "", heads[when]);
            stack_say_worst(out, &report->worst[when][category]);
            buffer_append_string(out, "\n");
        }
    }
    for (size_t i = 0; i < report->sum_count; i++) {
        const struct stack_sum *sum = &report->sums[i];
        char most[DECIMAL_TEXT_SIZE];
        decimal_format(sum->most, most);
        buffer_append_string(out, "  ");
        write_shown_rows(out, &sum->row, 1);
        buffer_append_string(out, ": ");
        write_shown(out, sum->bound->sum_of);
        buffer_append_format(out, " adds up to at most %s\n", most);
    }
}

static void write_tools(struct buffer *out, const struct stack_report *report)
{
    buffer_append_string(out, "\nTools: now, and under starter policies\n");
    for (size_t i = 0; i < report->count && i < TOOLS_SHOWN; i++) {
        const struct stack_row *row = &report->rows[i];
        size_t start = out->length;
        buffer_append_string(out, "  ");
        write_shown_rows(out, &row, 1);
        for (size_t at = out->length - start; at < COLUMN; at++)
            buffer_append_string(out, " ");
        buffer_append_format(out, "  %-12s %-8s %s\n", catalogue_category_name(row->tool->category),
                             stack_outcome_name(row->views[STACK_NOW].outcome),
                             stack_outcome_name(row->views[STACK_STARTER].outcome));
    }
    if (report->count > TOOLS_SHOWN)
        buffer_append_format(out, "  ... and %zu more\n", report->count - TOOLS_SHOWN);
}

void stack_write_text(struct buffer *out, const struct stack *stack,
                      const struct stack_report *report)
{
    bool judged = false;
    for (size_t i = 0; i < stack->count; i++)
        judged = judged || stack->servers[i].judged;
    buffer_append_format(out, "%zu server%s, %zu tool%s%s\n", stack->count,
                         stack->count == 1 ? "" : "s", report->count, report->count == 1 ? "" : "s",
                         judged ? "" : "; now: without any policy");
    write_dangers(out, report);
    write_worst(out, report);
    write_tools(out, report);
}
