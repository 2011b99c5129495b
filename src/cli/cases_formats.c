// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What came out of cases, for the programs that collect tests: TAP and JUnit's XML.
#include "cli/cases_internal.h"

#include <stdio.h>

static void where_and_why(const struct cases *cases, const struct case_failure *failure,
                          const char *between, struct buffer *out)
{
    buffer_append_string(out, "expected: ");
    cases_write_expected(cases, failure->step, out);
    buffer_append_string(out, between);
    buffer_append_string(out, "decided: ");
    cases_write_decided(failure->step, &failure->verdict, out);
}

// ---- TAP: https://testanything.org/tap-version-14-specification.html

static void tap_point(struct buffer *out, bool passed, size_t number, struct slice name)
{
    buffer_append_format(out, "%s %zu - ", passed ? "ok" : "not ok", number);
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == '#' || name.data[i] == '\\')
            buffer_append_string(out, "\\");
        buffer_append(out, slice_of(name.data + i, 1));
    }
    buffer_append_string(out, "\n");
}

// A member of a YAML block; JSON's strings are YAML's.
static void tap_member(struct buffer *out, const char *name, const struct buffer *text)
{
    buffer_append_format(out, "  %s: ", name);
    json_write_string(out, buffer_slice(text));
    buffer_append_string(out, "\n");
}

static void tap_failure(const struct cases *cases, const struct case_failure *failure,
                        struct buffer *out)
{
    struct json_position at = cases_position(cases, failure->step->node);
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_format(&text, "%s:%u:%u", cases->path, at.line, at.column);
    buffer_append_string(out, "  ---\n");
    tap_member(out, "at", &text);
    buffer_clear(&text);
    cases_write_expected(cases, failure->step, &text);
    tap_member(out, "expected", &text);
    buffer_clear(&text);
    cases_write_decided(failure->step, &failure->verdict, &text);
    tap_member(out, "decided", &text);
    buffer_append_string(out, "  ...\n");
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

void tap_write_case(const struct cases *cases, const struct case_entry *entry,
                    const struct case_failure *failure, size_t number, struct buffer *out)
{
    struct buffer name;
    buffer_init(&name, 0);
    buffer_append_format(&name, "%s: ", cases->path);
    cases_write_name(&name, entry);
    tap_point(out, failure == NULL, number, buffer_slice(&name));
    out->failed = out->failed || name.failed;
    buffer_release(&name);
    if (failure != NULL)
        tap_failure(cases, failure, out);
}

void tap_write_broken(const struct cases *cases, size_t number, struct buffer *out)
{
    struct buffer name;
    buffer_init(&name, 0);
    buffer_append_format(&name, "%s: the file or its policy has mistakes", cases->path);
    tap_point(out, false, number, buffer_slice(&name));
    out->failed = out->failed || name.failed;
    buffer_release(&name);
}

// ---- JUnit

// Of control characters XML has the three of white space only, which attributes would lose.
static void write_xml(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        switch (c) {
        case '&': buffer_append_string(out, "&amp;"); break;
        case '<': buffer_append_string(out, "&lt;"); break;
        case '>': buffer_append_string(out, "&gt;"); break;
        case '"': buffer_append_string(out, "&quot;"); break;
        default:
            buffer_append(out,
                          c < 0x20 || c == 0x7F ? SLICE_LITERAL("?") : slice_of(text.data + i, 1));
        }
    }
}

static void write_attribute(struct buffer *out, const char *name, struct slice value)
{
    buffer_append_format(out, " %s=\"", name);
    write_xml(out, value);
    buffer_append_string(out, "\"");
}

void junit_write_case(const struct cases *cases, const struct case_entry *entry,
                      const struct case_failure *failure, struct junit_suite *suite)
{
    struct buffer text, *out = &suite->cases;
    suite->tests++;
    suite->failures += failure != NULL;
    buffer_init(&text, 0);
    cases_write_name(&text, entry);
    buffer_append_string(out, "    <testcase");
    write_attribute(out, "classname", slice_from_string(cases->path));
    write_attribute(out, "name", buffer_slice(&text));
    struct json_position at =
        cases_position(cases, failure == NULL ? entry->node : failure->step->node);
    buffer_append_format(out, " line=\"%u\"", at.line);
    if (failure == NULL) {
        buffer_append_string(out, "/>\n");
    } else {
        buffer_clear(&text);
        where_and_why(cases, failure, "; ", &text);
        buffer_append_string(out, ">\n      <failure");
        write_attribute(out, "message", buffer_slice(&text));
        buffer_append_string(out, "/>\n    </testcase>\n");
    }
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

static void write_mistakes(const struct cases *cases, struct buffer *out)
{
    for (const struct case_problem *at = cases->problems; at != NULL && cases->errors > 0;
         at = at->next) {
        buffer_append_string(out, "    <testcase");
        write_attribute(out, "classname", slice_from_string(at->path));
        write_attribute(out, "name", SLICE_LITERAL("the file can be read"));
        buffer_append_format(out, " line=\"%u\">\n      <error", at->problem.at.line);
        write_attribute(out, "message", slice_from_string(at->problem.text));
        buffer_append_string(out, "/>\n    </testcase>\n");
    }
}

void junit_write_suite(const struct cases *cases, const struct junit_suite *suite,
                       struct buffer *out)
{
    size_t broken = cases->errors > 0 ? cases->problem_count : 0;
    buffer_append_string(out, "  <testsuite");
    write_attribute(out, "name", slice_from_string(cases->path));
    buffer_append_format(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
                         suite->tests + broken, suite->failures, broken);
    buffer_append(out, buffer_slice(&suite->cases));
    write_mistakes(cases, out);
    buffer_append_string(out, "  </testsuite>\n");
    out->failed = out->failed || suite->cases.failed;
}

int junit_save(const char *path, struct slice suites)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return ERROR_IO;
    bool good = fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", file) >= 0 &&
                fwrite(suites.data, 1, suites.length, file) == suites.length &&
                fputs("</testsuites>\n", file) >= 0;
    return fclose(file) == 0 && good ? 0 : ERROR_IO;
}
