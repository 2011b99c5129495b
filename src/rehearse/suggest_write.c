// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy that comes of what was seen. What could not be bounded safely is left open, and what
// was not seen is denied.
#include "rehearse/suggest_internal.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FEW = 10 }; // calls, before a list of values or one value says anything

// ---- Which tools wait for a person

static void look_at_category(struct suggestion *s, struct suggest_name *name)
{
    struct rehearse_category found = {CATALOGUE_UNKNOWN, false, INT64_MAX};
    struct catalogue_verdict verdict = {.category = CATALOGUE_UNKNOWN};
    const struct catalogue_tool bare = {
        .server = s->server, .name = name->name, .schema = JSON_NONE};
    if (name->subject != POLICY_TOOL)
        return;
    bool known = s->options.category != NULL &&
                 s->options.category(s->options.argument, s->organisation, s->server, name->name,
                                     name->last_ms, &found);
    if (!known) {
        catalogue_classify(&bare, &verdict);
        found.category = verdict.category;
        name->by_name = true;
    }
    name->category = catalogue_category_name(found.category);
    name->asks = name->approved > 0 || found.category == CATALOGUE_DESTRUCTIVE ||
                 found.category == CATALOGUE_FINANCIAL;
}

// ---- Conditions

static void put_path(struct buffer *out, struct slice name)
{
    bool plain = name.length > 0;
    for (size_t i = 0; i < name.length && plain; i++)
        plain = (unsigned char)name.data[i] > ' ' && (unsigned char)name.data[i] < 0x7F &&
                memchr(".[]\"'*\\", name.data[i], 7) == NULL;
    struct buffer path;
    buffer_init(&path, 0);
    buffer_append_string(&path, plain ? "args." : "args[");
    if (plain)
        buffer_append(&path, name);
    else
        json_write_string(&path, name);
    buffer_append_string(&path, plain ? "" : "]");
    json_write_string(out, buffer_slice(&path));
    buffer_release(&path);
}

struct clauses { // of one tool: `require` and `deny_if`
    struct buffer require, deny_if;
};

// A predicate that every value seen passes: `require` where each call had one, else `deny_if` with
// the opposite, which lets an absent one pass.
static void put_clause(struct clauses *clauses, const struct suggest_name *name,
                       const struct suggest_argument *argument, const char *op,
                       const char *opposite, struct slice value)
{
    bool always = argument->seen == name->calls;
    struct buffer *out = always ? &clauses->require : &clauses->deny_if;
    if (!always && opposite == NULL)
        return;
    buffer_append_string(out, out->length == 0 ? "\n        " : ",\n        ");
    buffer_append_format(out,
                         "{ \"id\": \"as in %" PRIu64 " call%s\", \"conditions\": [ { \"path\": ",
                         argument->seen, argument->seen == 1 ? "" : "s");
    put_path(out, argument->name);
    buffer_append_format(out, ", \"op\": \"%s\", \"value\": ", always ? op : opposite);
    buffer_append(out, value);
    buffer_append_string(out, " } ] }");
}

static void put_numbers(struct clauses *clauses, const struct suggest_name *name,
                        const struct suggest_argument *argument)
{
    char text[DECIMAL_TEXT_SIZE];
    struct decimal least = argument->least, most = suggest_round_up(argument->most);
    if (decimal_is_negative(argument->most))
        most = (struct decimal){0};
    decimal_format(most, text);
    put_clause(clauses, name, argument, "lte", "gt", slice_from_string(text));
    if (decimal_is_negative(least)) {
        least.coefficient = -least.coefficient;
        least = suggest_round_up(least);
        least.coefficient = -least.coefficient;
    } else {
        least = (struct decimal){0};
    }
    decimal_format(least, text);
    put_clause(clauses, name, argument, "gte", "lt", slice_from_string(text));
}

static void put_list(struct clauses *clauses, const struct suggest_name *name,
                     const struct suggest_argument *argument, const struct suggest_texts *texts,
                     const char *op, const char *opposite, bool quoted)
{
    struct buffer list;
    buffer_init(&list, 0);
    for (size_t i = 0; i < texts->count; i++) {
        buffer_append_string(&list, i == 0 ? "[" : ", ");
        if (quoted)
            buffer_append(&list, texts->items[i]);
        else
            json_write_string(&list, texts->items[i]);
    }
    buffer_append_string(&list, "]");
    put_clause(clauses, name, argument, op, opposite, buffer_slice(&list));
    buffer_release(&list);
}

static void put_strings(struct clauses *clauses, const struct suggest_name *name,
                        const struct suggest_argument *argument)
{
    const struct suggest_texts *texts = &argument->texts;
    struct buffer folder;
    if (!texts->more && argument->seen >= FEW && texts->count * 3 <= argument->seen) {
        put_list(clauses, name, argument, texts, "in", "not_in", true);
    } else if (!argument->odd_path && argument->folder.length > 0) {
        buffer_init(&folder, 0);
        json_write_string(&folder, argument->folder);
        put_clause(clauses, name, argument, "within_path", NULL, buffer_slice(&folder));
        buffer_release(&folder);
    } else if (!argument->odd_url && !argument->hosts.more && argument->hosts.count > 0) {
        put_list(clauses, name, argument, &argument->hosts, "url_host_in", NULL, false);
    }
}

// A call with both could not be judged by either.
static bool has_twin(const struct suggest_name *name, const struct suggest_argument *argument)
{
    for (size_t i = 0; i < name->argument_count; i++)
        if (&name->arguments[i] != argument &&
            slice_equal_ignoring_case(name->arguments[i].name, argument->name))
            return true;
    return false;
}

static void put_argument(struct clauses *clauses, const struct suggest_name *name,
                         const struct suggest_argument *argument)
{
    if (argument->unknown || argument->seen == 0 || has_twin(name, argument))
        return;
    if (argument->numbers == argument->seen)
        put_numbers(clauses, name, argument);
    else if (argument->strings == argument->seen)
        put_strings(clauses, name, argument);
    else if (argument->booleans == argument->seen && argument->seen >= FEW &&
             argument->yes != argument->no)
        put_clause(clauses, name, argument, "eq", "neq",
                   argument->yes ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
}

static void put_predicates(struct buffer *out, const char *list, struct buffer *predicates)
{
    if (predicates->length > 0) {
        buffer_append_format(out, ",\n      \"%s\": [", list);
        buffer_append(out, buffer_slice(predicates));
        buffer_append_string(out, " ]");
    }
    buffer_release(predicates);
}

// Where some call's values are not in the log, a bound would be a guess.
static void put_conditions(struct buffer *out, const struct suggest_name *name)
{
    struct clauses clauses;
    buffer_init(&clauses.require, 0);
    buffer_init(&clauses.deny_if, 0);
    for (size_t i = 0; i < name->argument_count && !name->more_arguments; i++)
        put_argument(&clauses, name, &name->arguments[i]);
    put_predicates(out, "require", &clauses.require);
    put_predicates(out, "deny_if", &clauses.deny_if);
}

// ---- Limits

static void put_limit(struct buffer *out, const struct suggestion *s,
                      const struct suggest_name *name, const struct suggest_rate *rate,
                      const char *window)
{
    struct buffer counter;
    buffer_init(&counter, 0);
    buffer_append(&counter, name->name);
    buffer_append_format(&counter, " a %s", window);
    buffer_append_string(out, "{ \"counter\": ");
    json_write_string(out, buffer_slice(&counter));
    buffer_append_format(out, ", \"window\": \"%s\", \"max\": %" PRIu64 " }", window,
                         rate->most * (uint64_t)s->margin);
    buffer_release(&counter);
}

// ---- Entries

static void put_reason(struct buffer *out, const struct suggestion *s,
                       const struct suggest_name *name)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_format(&text,
                         "Founded on %" PRIu64 " call%s, at most %" PRIu64
                         " in a minute and %" PRIu64 " in a day; limits are %lld times that.",
                         name->calls, name->calls == 1 ? "" : "s", name->minute.most,
                         name->day.most, (long long)s->margin);
    if (name->approved > 0)
        buffer_append_format(&text, " A person agreed to %" PRIu64 " of them.", name->approved);
    else if (name->asks)
        buffer_append_format(&text, " %s%s: a person is to agree.", name->category,
                             name->by_name ? " by its name" : "");
    if (name->more_arguments)
        buffer_append_string(&text,
                             " Arguments are not bounded: the log does not have all of their "
                             "values.");
    buffer_append_string(out, "\"reason\": ");
    json_write_string(out, buffer_slice(&text));
    buffer_release(&text);
}

static void put_entry(struct buffer *out, const struct suggestion *s,
                      const struct suggest_name *name, bool first)
{
    buffer_append_string(out, first ? "\n    " : ",\n    ");
    json_write_string(out, name->name);
    buffer_append_string(out, ": {\n      ");
    if (name->asks)
        buffer_append_string(out, "\"action\": \"require_approval\",\n      ");
    put_reason(out, s, name);
    put_conditions(out, name);
    buffer_append_string(out, ",\n      \"limits\": [ ");
    put_limit(out, s, name, &name->minute, "minute");
    buffer_append_string(out, ", ");
    put_limit(out, s, name, &name->day, "day");
    buffer_append_string(out, " ]\n    }");
}

static void put_section(struct buffer *out, const struct suggestion *s, const char *section,
                        enum policy_subject subject)
{
    bool first = true;
    for (size_t i = 0; i < s->counts.tools; i++) {
        if (s->items[i]->subject != subject)
            continue;
        if (first)
            buffer_append_format(out, ",\n  \"%s\": {", section);
        put_entry(out, s, s->items[i], first);
        first = false;
    }
    if (!first)
        buffer_append_string(out, "\n  }");
}

static void put_methods(struct buffer *out, const struct suggestion *s)
{
    bool first = true;
    for (size_t i = 0; i < s->counts.tools; i++) {
        if (s->items[i]->subject != POLICY_METHOD)
            continue;
        buffer_append_string(out, first ? ",\n  \"methods\": { " : ", ");
        json_write_string(out, s->items[i]->name);
        buffer_append_string(out, ": \"allow\"");
        first = false;
    }
    if (!first)
        buffer_append_string(out, " }");
}

static void put_description(struct buffer *out, const struct suggestion *s)
{
    struct buffer text;
    char from[CLOCK_TEXT_SIZE] = "", to[CLOCK_TEXT_SIZE] = "";
    if (s->counts.calls > 0) {
        clock_format(s->first_ms, from);
        clock_format(s->last_ms, to);
    }
    buffer_init(&text, 0);
    buffer_append_format(&text, "Suggested from %" PRIu64 " calls of ", s->counts.calls);
    buffer_append(&text, s->options.grant);
    buffer_append_string(&text, " to ");
    buffer_append(&text, s->server);
    buffer_append_format(&text, " (%.10s to %.10s): what passed then may pass, nothing else.", from,
                         to);
    json_write_string(out, buffer_slice(&text));
    buffer_release(&text);
}

static int by_name(const void *a, const void *b)
{
    const struct suggest_name *first = *(struct suggest_name *const *)a;
    const struct suggest_name *second = *(struct suggest_name *const *)b;
    size_t least =
        first->name.length < second->name.length ? first->name.length : second->name.length;
    int order = least == 0 ? 0 : memcmp(first->name.data, second->name.data, least);
    return order != 0 ? order
                      : (first->name.length > second->name.length) -
                            (first->name.length < second->name.length);
}

void suggestion_write(struct suggestion *s, int64_t margin, struct buffer *out)
{
    s->margin = margin;
    qsort(s->items, s->counts.tools, sizeof(struct suggest_name *), by_name);
    s->counts.asking = 0;
    for (size_t i = 0; i < s->counts.tools; i++) {
        look_at_category(s, s->items[i]);
        s->counts.asking += s->items[i]->asks;
    }
    buffer_append_string(out, "{\n  \"version\": \"1\",\n  \"description\": ");
    put_description(out, s);
    buffer_append_string(out, ",\n  \"default\": \"deny\"");
    put_section(out, s, "tools", POLICY_TOOL);
    put_section(out, s, "resources", POLICY_RESOURCE);
    put_section(out, s, "prompts", POLICY_PROMPT);
    put_methods(out, s);
    buffer_append_string(out, "\n}\n");
}
