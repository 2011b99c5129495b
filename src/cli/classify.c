// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport classify`: what tools do, one JSON line for each line read, in order. Memory is
// bounded by the longest line that is accepted; a bad line has an error in its place.
#include "cli/cli_internal.h"

#include "base/memory.h"
#include "catalogue/catalogue.h"

#include <errno.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 4 * 1024 * 1024 };

enum { SIGNALS };
static const struct cli_flag flags[] = {
    [SIGNALS] = {"signals", NULL, "also what each definition warns of, and its size in tokens"},
};

static const struct cli_usage usage = {
    .command = "classify",
    .operands = "FILE.jsonl|-",
    .text =
        "Says what each tool does. Every line of the input is a tool as JSON: server, tool (or\n"
        "name), description, input_schema (or inputSchema), annotations; what is missing is not\n"
        "known. For each line there is one line of output with category, severity, confidence\n"
        "and the words that decided; a line that is no such object has an error in its place,\n"
        "and the exit code is then 1.\n",
    .flags = flags,
    .flag_count = sizeof flags / sizeof *flags,
    .operands_least = 1,
    .operands_most = 1};

struct classifying {
    struct cli_lines lines;
    struct json_doc doc;
    struct buffer out;
    bool failed; // some line was bad
    bool signals;
};

static void write_text(struct buffer *out, const char *key, struct slice text)
{
    json_write_key(out, key);
    json_write_string(out, text);
}

static void write_why(struct buffer *out, const struct catalogue_verdict *verdict)
{
    struct buffer why;
    buffer_init(&why, 0);
    catalogue_write_why(&why, verdict);
    write_text(out, "why", buffer_slice(&why));
    buffer_release(&why);
}

static void write_verdict(struct buffer *out, const struct catalogue_tool *tool,
                          const struct catalogue_verdict *verdict)
{
    buffer_append_string(out, "{");
    write_text(out, "server", tool->server);
    buffer_append_string(out, ",");
    write_text(out, "tool", tool->name);
    buffer_append_string(out, ",");
    write_text(out, "category", slice_from_string(catalogue_category_name(verdict->category)));
    buffer_append_string(out, ",");
    write_text(out, "severity", slice_from_string(catalogue_severity_name(verdict->severity)));
    buffer_append_format(out, ",\"confidence\":%d.%03d,\"evidence\":[", verdict->confidence / 1000,
                         verdict->confidence % 1000);
    for (size_t i = 0; i < verdict->count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        catalogue_write_evidence(out, &verdict->evidence[i]);
    }
    buffer_append_string(out, "],");
    write_why(out, verdict);
    buffer_append_string(out, verdict->shortened ? ",\"shortened\":true" : "");
}

// What the definition warns of, and what it costs to show it to a model.
static void write_signals(struct classifying *c, const struct catalogue_tool *tool)
{
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    size_t count = catalogue_find_signals(tool, findings, CATALOGUE_FINDINGS_MAX);
    buffer_append_format(&c->out, ",\"tokens\":%u,\"signals\":[",
                         catalogue_count_tokens(buffer_slice(&c->lines.line)));
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&c->out, i > 0 ? "," : "");
        catalogue_write_finding(&c->out, &findings[i]);
    }
    buffer_append_string(&c->out, "]");
}

static void write_error(struct classifying *c, const char *text)
{
    c->failed = true;
    buffer_append_format(&c->out, "{\"line\":%llu,", (unsigned long long)c->lines.number);
    write_text(&c->out, "error", slice_from_string(text));
    buffer_append_string(&c->out, "}");
}

static void classify_line(struct classifying *c)
{
    struct error error = {0};
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    if (c->lines.too_long) {
        write_error(c, "longer than 4 MiB");
        return;
    }
    if (json_scan(&c->doc, buffer_slice(&c->lines.line), NULL, &error, NULL) != 0) {
        write_error(c, error.text);
        return;
    }
    if (json_type(&c->doc, 0) != JSON_OBJECT) {
        write_error(c, "no JSON object");
        return;
    }
    catalogue_read_tool(&c->doc, 0, &scratch, &tool);
    if (tool.name.length == 0) {
        write_error(c, "a tool without a name");
        return;
    }
    catalogue_classify(&tool, &verdict);
    write_verdict(&c->out, &tool, &verdict);
    if (c->signals)
        write_signals(c, &tool);
    buffer_append_string(&c->out, "}");
}

static int classify_all(struct classifying *c, const char *path)
{
    while (cli_lines_next(&c->lines)) {
        buffer_clear(&c->out);
        classify_line(c);
        buffer_append_string(&c->out, "\n");
        struct slice line = buffer_slice(&c->out);
        if (c->out.failed || fwrite(line.data, 1, line.length, stdout) != line.length)
            return cli_complain(CLI_FAILED, "standard output cannot be written");
    }
    if (ferror(c->lines.file) != 0)
        return cli_complain(CLI_FAILED, "%s cannot be read: %s", path, strerror(errno));
    return c->failed ? CLI_FAILED : CLI_OK;
}

int cli_classify(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct classifying c = {0};
    int exit_code = 0;
    (void)environment;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *path = arguments.operands[0];
    c.signals = arguments.values[SIGNALS] != NULL;
    if (!cli_lines_open(&c.lines, path, LINE_MAX_BYTES))
        return CLI_FAILED;
    buffer_init(&c.out, 0);
    json_doc_init(&c.doc);
    exit_code = classify_all(&c, path);
    json_doc_release(&c.doc);
    buffer_release(&c.out);
    cli_lines_close(&c.lines);
    return exit_code;
}
