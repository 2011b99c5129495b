// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A report as JSON: docs/stack.md, "As JSON".
#include "stack/stack_internal.h"

static const char *const whens[STACK_WHENS] = {"now", "starter"};

static void write_text(struct buffer *out, const char *key, struct slice text)
{
    json_write_key(out, key);
    json_write_string(out, text);
}

// null: no bound.
static void write_calls(struct buffer *out, const char *key, uint64_t calls)
{
    json_write_key(out, key);
    if (calls == STACK_UNLIMITED)
        buffer_append_string(out, "null");
    else
        buffer_append_number(out, calls);
}

// ---- Tools

static void write_view(struct buffer *out, const struct stack_view *view)
{
    buffer_append_string(out, "{");
    write_text(out, "outcome", slice_from_string(stack_outcome_name(view->outcome)));
    buffer_append_string(out, ",");
    write_calls(out, "calls", view->calls);
    buffer_append_string(out, ",");
    write_calls(out, "same_calls", view->same);
    buffer_append_format(out, ",\"listed\":%s,\"may_ask\":%s,", view->listed ? "true" : "false",
                         view->may_ask ? "true" : "false");
    write_text(out, "rule", view->rule);
    buffer_append_string(out, "}");
}

static void write_place(struct buffer *out, const struct stack_row *row)
{
    write_text(out, "server", row->server->name);
    buffer_append_string(out, ",");
    write_text(out, "tool", row->tool->name);
}

static void write_row(struct buffer *out, const struct stack_row *row)
{
    const char *before = "";
    buffer_append_string(out, "{");
    write_place(out, row);
    buffer_append_string(out, ",");
    write_text(out, "category", slice_from_string(catalogue_category_name(row->tool->category)));
    buffer_append_string(out, ",\"signals\":[");
    for (int i = 0; i < CATALOGUE_SIGNAL_COUNT; i++)
        if ((row->tool->signals >> i & 1) != 0) {
            buffer_append_string(out, before);
            json_write_string(out,
                              slice_from_string(catalogue_signal_name((enum catalogue_signal)i)));
            before = ",";
        }
    buffer_append_string(out, "]");
    for (int when = 0; when < STACK_WHENS; when++) {
        buffer_append_string(out, ",");
        json_write_key(out, whens[when]);
        write_view(out, &row->views[when]);
    }
    buffer_append_string(out, "}");
}

// ---- Ten minutes

static void write_worst(struct buffer *out, size_t category, const struct stack_worst *worst)
{
    struct buffer says;
    const char *name = category == STACK_ALL_CATEGORIES
                           ? "All"
                           : catalogue_category_name((enum catalogue_category)category);
    buffer_append_string(out, "{");
    write_text(out, "category", slice_from_string(name));
    buffer_append_format(out,
                         ",\"tools\":%u,\"open\":%u,\"endless\":%u,\"fused\":%u,\"asking\":%u,",
                         worst->tools, worst->open, worst->endless, worst->fused, worst->asking);
    write_calls(out, "calls", worst->calls);
    buffer_append_string(out, ",");
    write_calls(out, "same_calls", worst->fused == 0 ? STACK_UNLIMITED : worst->same);
    buffer_append_string(out, ",");
    buffer_init(&says, 0);
    stack_say_worst(&says, worst);
    write_text(out, "says", buffer_slice(&says));
    out->failed = out->failed || says.failed;
    buffer_release(&says);
    buffer_append_string(out, "}");
}

static void write_ten_minutes(struct buffer *out, const struct stack_report *report)
{
    buffer_append_string(out, "\"ten_minutes\":{");
    for (int when = 0; when < STACK_WHENS; when++) {
        const char *before = "";
        buffer_append_string(out, when == 0 ? "" : ",");
        json_write_key(out, whens[when]);
        buffer_append_string(out, "[");
        for (size_t category = 0; category < STACK_CATEGORIES; category++) {
            if (report->worst[when][category].tools == 0)
                continue;
            buffer_append_string(out, before);
            write_worst(out, category, &report->worst[when][category]);
            before = ",";
        }
        buffer_append_string(out, "]");
    }
    buffer_append_string(out, "},\"amounts\":[");
    for (size_t i = 0; i < report->sum_count; i++) {
        char most[DECIMAL_TEXT_SIZE];
        decimal_format(report->sums[i].most, most);
        buffer_append_string(out, i == 0 ? "{" : ",{");
        write_place(out, report->sums[i].row);
        buffer_append_string(out, ",");
        write_text(out, "argument", report->sums[i].bound->sum_of);
        buffer_append_string(out, ",");
        write_text(out, "most", slice_from_string(most));
        buffer_append_string(out, ",");
        write_text(out, "rule", report->sums[i].bound->charge.rule);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
}

// ---- Combinations

static void write_leg(struct buffer *out, const struct stack_leg *leg)
{
    buffer_append_string(out, "{");
    write_text(out, "what", slice_from_string(leg->what));
    buffer_append_string(out, ",\"tools\":[");
    for (size_t i = 0; i < leg->count; i++) {
        buffer_append_string(out, i == 0 ? "{" : ",{");
        write_place(out, leg->rows[i]);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]}");
}

static void write_names(struct buffer *out, const struct stack_combination *c)
{
    write_text(out, "name", slice_from_string(c->name));
    buffer_append_string(out, ",");
    write_text(out, "title", slice_from_string(c->title));
    buffer_append_string(out, ",");
    write_text(out, "says", slice_from_string(c->says));
    for (int when = 0; when < STACK_WHENS; when++) {
        buffer_append_string(out, ",");
        write_text(out, whens[when], slice_from_string(stack_state_name(c->states[when])));
    }
    buffer_append_string(out, ",\"attacks\":[");
    for (size_t i = 0; i < STACK_PATTERNS && c->patterns[i] != NULL; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, slice_from_string(c->patterns[i]));
    }
    buffer_append_string(out, "],");
    json_write_key(out, "one_server");
    if (c->one_server == NULL)
        buffer_append_string(out, "null");
    else
        json_write_string(out, c->one_server->name);
}

static void write_combination(struct buffer *out, const struct stack_combination *c)
{
    struct buffer says;
    buffer_append_string(out, "{");
    write_names(out, c);
    buffer_append_string(out, ",\"parts\":[");
    for (size_t i = 0; i < c->leg_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        write_leg(out, &c->legs[i]);
    }
    buffer_append_string(out, "],\"fix\":{");
    buffer_init(&says, 0);
    stack_say_fix(&says, c);
    write_text(out, "says", buffer_slice(&says));
    out->failed = out->failed || says.failed;
    buffer_release(&says);
    buffer_append_string(out, ",\"rules\":");
    stack_write_fix(out, c);
    buffer_append_string(out, "}}");
}

// ---- The whole

static void write_servers(struct buffer *out, const struct stack *stack)
{
    buffer_append_string(out, "\"servers\":[");
    for (size_t i = 0; i < stack->count; i++) {
        const struct stack_server *server = &stack->servers[i];
        buffer_append_string(out, i == 0 ? "{" : ",{");
        write_text(out, "name", server->name);
        buffer_append_format(out, ",\"tools\":%zu,\"judged\":%s,", server->count,
                             server->judged ? "true" : "false");
        json_write_key(out, "policy");
        if (server->policy == NULL || !server->judged)
            buffer_append_string(out, "null");
        else
            json_write_string(out, policy_name(server->policy));
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
}

void stack_write_json(struct buffer *out, const struct stack *stack,
                      const struct stack_report *report)
{
    buffer_append_string(out, "{");
    write_servers(out, stack);
    buffer_append_string(out, ",\"tools\":[");
    for (size_t i = 0; i < report->count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        write_row(out, &report->rows[i]);
    }
    buffer_append_string(out, "],");
    write_ten_minutes(out, report);
    buffer_append_string(out, ",\"combinations\":[");
    for (size_t i = 0; i < report->combination_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        write_combination(out, &report->combinations[i]);
    }
    buffer_append_format(out, "],\"more_names\":%s}", report->too_many ? "true" : "false");
}
