// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Conditions in words. Values stand as the policy has them.
#include "policy/summary_internal.h"

enum { VALUE_MOST = 200, LISTED_MOST = 20 };

void summary_duration(struct buffer *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "day"}, {3600000, "hour"}, {60000, "minute"}, {1000, "second"}};
    size_t unit = 0;
    while (unit + 1 < sizeof units / sizeof *units && ms % units[unit].ms != 0)
        unit++;
    buffer_append_format(out, "%lld %s%s", (long long)(ms / units[unit].ms), units[unit].name,
                         ms == units[unit].ms ? "" : "s");
}

// ---- Values

static void put_raw(struct buffer *out, struct slice raw)
{
    size_t length = VALUE_MOST;
    if (raw.length <= length) {
        buffer_append(out, raw);
        return;
    }
    while (length > 0 && ((unsigned char)raw.data[length] & 0xC0) == 0x80)
        length--;
    buffer_append(out, slice_of(raw.data, length));
    buffer_append_format(out, "... (%zu bytes)", raw.length);
}

void summary_value(struct summary *s, uint32_t node, bool list)
{
    const struct json_doc *doc = &s->policy->doc;
    size_t count = 0, all = list ? json_at(doc, node)->count : 0;
    if (!list || json_type(doc, node) != JSON_ARRAY) {
        put_raw(&s->text, json_raw(doc, node));
        return;
    }
    if (all == 0)
        buffer_append_string(&s->text, "nothing");
    for (uint32_t item = json_first_element(doc, node); item != JSON_NONE && count < LISTED_MOST;
         item = json_next_element(doc, node, item)) {
        buffer_append_string(&s->text, count == 0 ? "" : count + 1 == all ? " or " : ", ");
        put_raw(&s->text, json_raw(doc, item));
        count++;
    }
    if (all > count)
        buffer_append_format(&s->text, " or one of %zu more", all - count);
}

// ---- Operators

static const struct {
    const char *before, *behind; // the value
    bool list;                   // an array there is a list of values
} phrases[] = {
    [OP_EQ] = {"is ", "", false},
    [OP_NEQ] = {"is not ", "", false},
    [OP_IN] = {"is ", "", true},
    [OP_NOT_IN] = {"is neither ", "", true},
    [OP_LT] = {"is less than ", "", false},
    [OP_LTE] = {"is at most ", "", false},
    [OP_GT] = {"is more than ", "", false},
    [OP_GTE] = {"is at least ", "", false},
    [OP_EXISTS] = {"is present", "", false},
    [OP_CONTAINS] = {"contains ", "", false},
    [OP_NOT_CONTAINS] = {"does not contain ", "", false},
    [OP_STARTS_WITH] = {"begins with ", "", false},
    [OP_ENDS_WITH] = {"ends with ", "", false},
    [OP_REGEX] = {"matches the expression ", "", false},
    [OP_NOT_REGEX] = {"does not match the expression ", "", false},
    [OP_LENGTH_LT] = {"has fewer than ", " characters, elements or members", false},
    [OP_LENGTH_LTE] = {"has at most ", " characters, elements or members", false},
    [OP_LENGTH_GT] = {"has more than ", " characters, elements or members", false},
    [OP_LENGTH_GTE] = {"has at least ", " characters, elements or members", false},
    [OP_WITHIN_PATH] = {"is a path to or below ", "", true},
    [OP_URL_HOST_IN] = {"is a URL at the host ", "", true},
    [OP_CIDR_IN] = {"is an address within ", "", true},
};

static void put_condition(struct summary *s, const struct condition *condition,
                          enum quantifier quantifier)
{
    struct buffer *out = &s->text;
    if (condition->path.each)
        buffer_append_string(out, quantifier == QUANTIFIER_ALL ? "every " : "any ");
    buffer_append(out, condition->path.text);
    buffer_append_string(out, " ");
    if (condition->op == OP_EXISTS) {
        buffer_append_string(out, condition->expected ? "is present" : "is missing or null");
        return;
    }
    buffer_append_string(out, phrases[condition->op].before);
    summary_value(s, condition->value, phrases[condition->op].list);
    buffer_append_string(out, phrases[condition->op].behind);
    if (condition->as_number)
        buffer_append_string(out, " (as a number, also in a text)");
}

void summary_conditions(struct summary *s, const struct predicate *predicate,
                        enum quantifier quantifier)
{
    for (size_t i = 0; i < predicate->count; i++) {
        buffer_append_string(&s->text, i == 0 ? "" : " and ");
        put_condition(s, &predicate->conditions[i], quantifier);
    }
}
