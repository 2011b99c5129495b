// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The lines that policy_explain writes for one condition: what was asked and what was found.
#include "policy/policy_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_MAX = 80, VALUES_MAX = 4 };

void trace(struct decision *d, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append_string(d->trace, text);
}

// Raw JSON cut to a readable length, never inside a character.
static void show_raw(struct buffer *out, struct slice raw)
{
    size_t length = raw.length;
    if (length > SHOWN_MAX) {
        length = SHOWN_MAX;
        while (length > 0 && ((unsigned char)raw.data[length] & 0xC0) == 0x80)
            length--;
    }
    buffer_append(out, slice_of(raw.data, length));
    if (length < raw.length)
        buffer_append_string(out, "...");
}

struct shower {
    struct decision *d;
    size_t count;
};

static void show_value(void *argument, const struct value *value)
{
    struct shower *s = argument;
    struct buffer *out = s->d->trace;
    if (s->count++ >= VALUES_MAX) {
        if (s->count == VALUES_MAX + 2)
            buffer_append_string(out, ", ...");
        return;
    }
    if (s->count > 1)
        buffer_append_string(out, ", ");
    switch (value->kind) {
    case VALUE_MISSING: buffer_append_string(out, "missing"); break;
    case VALUE_TROUBLE: buffer_append_string(out, "not readable"); break;
    case VALUE_NODE: show_raw(out, json_raw(value->doc, value->node)); break;
    case VALUE_TEXT: json_write_string(out, value->text); break;
    case VALUE_NUMBER: buffer_append_number(out, value->number); break;
    case VALUE_TAGS:
        for (size_t i = 0; i < s->d->call->grant_tag_count; i++) {
            buffer_append_string(out, i == 0 ? "[" : ",");
            json_write_string(out, s->d->call->grant_tags[i]);
        }
        buffer_append_string(out, s->d->call->grant_tag_count == 0 ? "[]" : "]");
        break;
    }
}

static const char *const operator_names[] = {
    [OP_EQ] = "eq",
    [OP_NEQ] = "neq",
    [OP_IN] = "in",
    [OP_NOT_IN] = "not_in",
    [OP_LT] = "lt",
    [OP_LTE] = "lte",
    [OP_GT] = "gt",
    [OP_GTE] = "gte",
    [OP_EXISTS] = "exists",
    [OP_CONTAINS] = "contains",
    [OP_NOT_CONTAINS] = "not_contains",
    [OP_STARTS_WITH] = "starts_with",
    [OP_ENDS_WITH] = "ends_with",
    [OP_REGEX] = "regex",
    [OP_NOT_REGEX] = "not_regex",
    [OP_LENGTH_LT] = "length_lt",
    [OP_LENGTH_LTE] = "length_lte",
    [OP_LENGTH_GT] = "length_gt",
    [OP_LENGTH_GTE] = "length_gte",
    [OP_WITHIN_PATH] = "within_path",
    [OP_URL_HOST_IN] = "url_host_in",
    [OP_CIDR_IN] = "cidr_in",
};

void trace_condition(struct decision *d, const struct condition *condition, enum result result)
{
    struct buffer *out = d->trace;
    trace(d, "  %.*s %s ", SLICE_PRINT(condition->path.text), operator_names[condition->op]);
    if (condition->value != JSON_NONE)
        show_raw(out, json_raw(&d->policy->doc, condition->value));
    else
        buffer_append_string(out, "true");
    buffer_append_string(out, "; found ");
    struct slice kept = d->trouble; // showing the values walks the path a second time
    struct shower s = {.d = d};
    path_walk(d, &condition->path, show_value, &s);
    d->trouble = kept;
    buffer_append_string(out, result == RESULT_YES  ? ": yes\n"
                              : result == RESULT_NO ? ": no\n"
                                                    : ": cannot be judged\n");
}
