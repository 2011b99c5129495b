// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The report for a person at a terminal: server by server, the gravest tools first. Nothing depends
// on colours or symbols alone.
#include "scan/scan.h"

enum {
    NAME_LEAST = 12,
    NAME_MOST = 36,
    TEXT_LEAST = 20,
    LEFT = 25,
    WORD_MOST = 60,
    SIGNALS_TOLD = 1000
};

static const struct {
    const char *colour, *symbol;
} looks[] = {
    [CATALOGUE_LOW] = {"32", "·"},
    [CATALOGUE_MEDIUM] = {"33", "•"},
    [CATALOGUE_HIGH] = {"35", "▲"},
    [CATALOGUE_CRITICAL] = {"31;1", "■"},
};

struct table {
    struct buffer *out;
    const struct scan_look *look;
    size_t name_width;
};

static size_t columns_of(struct slice text, size_t most)
{
    struct buffer nowhere;
    buffer_init(&nowhere, 0);
    size_t columns = scan_write_harmless(&nowhere, text, most);
    buffer_release(&nowhere);
    return columns;
}

static void colour(const struct table *table, const char *code)
{
    if (table->look->colours)
        buffer_append_format(table->out, "\x1b[%sm", code);
}

// `text`, and spaces up to `columns`.
static void cell(const struct table *table, struct slice text, size_t columns)
{
    size_t used = scan_write_harmless(table->out, text, columns);
    buffer_append_format(table->out, "%*s", (int)(columns - used), "");
}

// Up to the line's end, and no space at it.
static void rest(const struct table *table, struct slice text, size_t from)
{
    size_t room = table->look->width > from + TEXT_LEAST ? table->look->width - from : TEXT_LEAST;
    scan_write_harmless(table->out, text, room);
    buffer_append_string(table->out, "\n");
}

// Goes on in further lines, at the same indent.
static void paragraph(const struct table *table, struct slice text, size_t indent)
{
    size_t width = table->look->width, used = 0;
    while (text.length > 0) {
        const char *space = memchr(text.data, ' ', text.length);
        size_t length = space == NULL ? text.length : (size_t)(space - text.data);
        struct slice next = slice_of(text.data, length);
        size_t columns = columns_of(next, WORD_MOST);
        bool fits = used > 0 && used + 1 + columns <= width;
        if (fits)
            buffer_append_string(table->out, " ");
        else
            buffer_append_format(table->out, "%s%*s", used == 0 ? "" : "\n", (int)indent, "");
        used = (fits ? used + 1 : indent) + scan_write_harmless(table->out, next, WORD_MOST);
        length += space != NULL;
        text = slice_of(text.data + length, text.length - length);
    }
    buffer_append_string(table->out, "\n");
}

static void word(const struct table *table, const char *text, size_t columns)
{
    cell(table, slice_from_string(text), columns);
}

// ---- A tool

static void write_reason(const struct scan_tool *tool, struct buffer *out)
{
    if (tool->says == NULL) {
        buffer_append_string(out, "no word of it is understood");
    } else if (tool->words.length == 0 || slice_equal(tool->words, tool->name)) {
        buffer_append_format(out, "%s: %s", catalogue_source_name(tool->source), tool->says);
    } else {
        buffer_append_string(out, "\"");
        buffer_append(out, tool->words);
        buffer_append_format(out, "\" in the %s: %s", catalogue_source_name(tool->source),
                             tool->says);
    }
}

// Each name once.
static void write_signals(const struct scan_tool *tool, struct buffer *out)
{
    for (size_t i = 0; i < tool->signal_count && out->length < SIGNALS_TOLD; i++) {
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told = told || tool->signals[k].signal == tool->signals[i].signal;
        if (!told)
            buffer_append_format(out, "%s%s", out->length == 0 ? "" : ", ", tool->signals[i].name);
    }
}

static void write_tool(const struct table *table, const struct scan_tool *tool)
{
    struct buffer reason, signals;
    buffer_init(&reason, 0);
    buffer_init(&signals, 0);
    write_reason(tool, &reason);
    write_signals(tool, &signals);
    buffer_append_string(table->out, "  ");
    colour(table, looks[tool->severity].colour);
    word(table, table->look->symbols ? looks[tool->severity].symbol : "-", 2);
    word(table, catalogue_severity_name(tool->severity), 9);
    colour(table, "0");
    word(table, catalogue_category_name(tool->category), 12);
    cell(table, tool->name, table->name_width);
    buffer_append_string(table->out, "  ");
    rest(table, buffer_slice(&reason), LEFT + table->name_width + 2);
    if (signals.length > 0) {
        buffer_append_format(table->out, "%*s", LEFT, "");
        rest(table, buffer_slice(&signals), LEFT);
    }
    table->out->failed = table->out->failed || reason.failed || signals.failed;
    buffer_release(&reason);
    buffer_release(&signals);
}

// ---- A server

static size_t name_width(const struct scan_server *server)
{
    size_t width = NAME_LEAST;
    for (size_t i = 0; i < server->tool_count; i++) {
        size_t columns = columns_of(server->tools[i].name, NAME_MOST);
        width = columns > width ? columns : width;
    }
    return width;
}

static void write_numbers(const struct scan_server *server, struct buffer *out)
{
    buffer_append_format(out, "%zu tool%s", server->tool_count, server->tool_count == 1 ? "" : "s");
    if (server->tokens > 0)
        buffer_append_format(out, ", about %llu tokens", (unsigned long long)server->tokens);
    if (server->more)
        buffer_append_string(out, ", more than were taken");
    if (server->odd > 0)
        buffer_append_format(out, ", %u entries that are no tools", server->odd);
    if (server->version[0] != '\0')
        buffer_append_format(out, "; MCP %s", server->version);
    if (server->client.length > 0)
        buffer_append_format(out, "; of %.*s", SLICE_PRINT(server->client));
}

static void write_problem(const struct table *table, const struct scan_server *server)
{
    const char *advice = server->state == SCAN_BAD ? scan_advice(server->kind) : "";
    buffer_append_string(table->out, "  ");
    colour(table, server->state == SCAN_BAD ? "31" : "2");
    word(table, scan_state_name(server->state), 9);
    colour(table, "0");
    scan_write_harmless(table->out, slice_from_string(server->detail), sizeof server->detail);
    buffer_append_string(table->out, "\n");
    if (*advice != '\0')
        buffer_append_format(table->out, "           %s\n", advice);
    if (server->state == SCAN_BAD && server->error_count > 0) {
        buffer_append_string(table->out, "           it wrote: ");
        rest(table, slice_from_string(server->errors[server->error_count - 1]), 21);
    }
}

static void write_server(struct table *table, const struct scan_server *server)
{
    struct buffer numbers;
    colour(table, "1");
    size_t used = scan_write_harmless(table->out, server->name, NAME_MOST);
    colour(table, "0");
    if (server->state == SCAN_GOOD) {
        buffer_init(&numbers, 0);
        write_numbers(server, &numbers);
        buffer_append_string(table->out, "  ");
        rest(table, buffer_slice(&numbers), used + 2);
        table->out->failed = table->out->failed || numbers.failed;
        buffer_release(&numbers);
    } else {
        buffer_append_string(table->out, "\n");
        write_problem(table, server);
    }
    table->name_width = name_width(server);
    for (size_t i = 0; i < server->tool_count; i++)
        write_tool(table, &server->tools[i]);
    buffer_append_string(table->out, "\n");
}

// ---- What an agent can do with all of it

static void write_combination(const struct table *table, const struct stack_combination *c)
{
    struct buffer text;
    buffer_append_string(table->out, "  ");
    colour(table, looks[CATALOGUE_CRITICAL].colour);
    word(table, table->look->symbols ? looks[CATALOGUE_CRITICAL].symbol : "-", 2);
    colour(table, "0");
    rest(table, slice_from_string(c->title), 4);
    buffer_init(&text, 0);
    buffer_append_format(&text, "%s Under starter policies: %s. To break it: ", c->says,
                         scan_words_of(c->states[STACK_STARTER]));
    stack_say_fix(&text, c);
    paragraph(table, buffer_slice(&text), 4);
    table->out->failed = table->out->failed || text.failed;
    buffer_release(&text);
}

void scan_write_who(struct buffer *out, const struct scan_together *together)
{
    const struct scan_server *named_by = together->named_by;
    size_t count = together->stack.count;
    if (named_by->client.length == 0)
        buffer_append(out, named_by->name);
    else
        buffer_append_format(out, "the %zu server%s of %.*s", count, count == 1 ? "" : "s",
                             SLICE_PRINT(named_by->client));
}

static void write_together(const struct table *table, const struct scan_together *together)
{
    const struct stack_report *report = &together->report;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_string(&text, "What an agent can do with ");
    scan_write_who(&text, together);
    buffer_append_string(&text, ", when nothing judges its calls");
    colour(table, "1");
    paragraph(table, buffer_slice(&text), 0);
    colour(table, "0");
    if (together->too_large)
        buffer_append_string(table->out, "  there are too many tools to look at together\n");
    else if (report->combination_count == 0)
        buffer_append_string(table->out, "  no combination that makes an attack possible\n");
    for (size_t i = 0; i < report->combination_count; i++)
        write_combination(table, &report->combinations[i]);
    buffer_append_string(table->out, "\n");
    table->out->failed = table->out->failed || text.failed;
    buffer_release(&text);
}

void scan_write_table(struct buffer *out, const struct scan *scan, const struct scan_look *look)
{
    struct table table = {.out = out, .look = look};
    for (size_t i = 0; i < scan->count; i++)
        write_server(&table, scan->servers[i]);
    for (size_t i = 0; i < scan->together_count; i++)
        write_together(&table, &scan->together[i]);
    scan_write_summary(out, scan, look);
}

void scan_write_summary(struct buffer *out, const struct scan *scan, const struct scan_look *look)
{
    const struct table table = {.out = out, .look = look};
    struct scan_totals totals = scan_count(scan);
    bool some = false;
    buffer_append_format(out, "%zu tool%s of %zu server%s", totals.tools,
                         totals.tools == 1 ? "" : "s", totals.good, totals.good == 1 ? "" : "s");
    for (int i = CATALOGUE_CRITICAL; i >= CATALOGUE_LOW; i--) {
        if (totals.severities[i] == 0)
            continue;
        buffer_append_string(out, some ? ", " : ": ");
        colour(&table, looks[i].colour);
        buffer_append_format(out, "%u %s", totals.severities[i],
                             catalogue_severity_name((enum catalogue_severity)i));
        colour(&table, "0");
        some = true;
    }
    if (totals.bad > 0)
        buffer_append_format(out, "; %zu failed", totals.bad);
    if (totals.skipped > 0)
        buffer_append_format(out, "; %zu skipped", totals.skipped);
    buffer_append_string(out, "\n");
}
