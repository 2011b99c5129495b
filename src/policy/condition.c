// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Does a condition hold? One function per family of operators; nothing is coerced.
#include "policy/policy_internal.h"

#include <stdio.h>

struct check {
    struct decision *d;
    const struct condition *condition;
    bool yes, no, trouble, unknown;
};

static enum result answer(bool holds)
{
    return holds ? RESULT_YES : RESULT_NO;
}

static enum result wrong_type(const struct check *k, const struct value *value, const char *wanted)
{
    enum json_type found = value_type(value);
    const char *name = json_type_name(found);
    bool vowel = found == JSON_ARRAY || found == JSON_OBJECT;
    trouble(k->d, "%.*s: expected %s, found %s%s.", SLICE_PRINT(k->condition->path.label), wanted,
            found == JSON_NULL ? "" : (vowel ? "an " : "a "), name);
    return RESULT_TROUBLE;
}

static enum result complain(const struct check *k, const char *text)
{
    trouble(k->d, "%.*s: %s.", SLICE_PRINT(k->condition->path.label), text);
    return RESULT_TROUBLE;
}

// The value as a string; false after a trouble.
static bool as_text(const struct check *k, const struct value *value, struct slice *ret)
{
    if (value_type(value) != JSON_STRING) {
        wrong_type(k, value, "a string");
        return false;
    }
    *ret =
        value->kind == VALUE_TEXT ? value->text : json_string(value->doc, value->node, k->d->arena);
    if (ret->data != NULL)
        return true;
    complain(k, "too large to be judged");
    return false;
}

// ---- Equality

static bool tags_equal(const struct check *k, uint32_t node)
{
    const struct json_doc *doc = &k->d->policy->doc;
    const struct policy_call *call = k->d->call;
    if (json_type(doc, node) != JSON_ARRAY || json_at(doc, node)->count != call->grant_tag_count)
        return false;
    size_t i = 0;
    for (uint32_t element = json_first_element(doc, node); element != JSON_NONE;
         element = json_next_element(doc, node, element), i++)
        if (json_type(doc, element) != JSON_STRING ||
            !json_string_equals(doc, element, call->grant_tags[i]))
            return false;
    return true;
}

static struct slice number_text(uint64_t number, char buffer[24])
{
    int length = snprintf(buffer, 24, "%llu", (unsigned long long)number);
    return slice_of(buffer, (size_t)length);
}

// Does the value equal a node of the policy?
static bool equals(const struct check *k, const struct value *value, uint32_t node)
{
    const struct json_doc *doc = &k->d->policy->doc;
    char digits[24];
    switch (value->kind) {
    case VALUE_NODE: return json_equal(value->doc, value->node, doc, node);
    case VALUE_TEXT:
        return json_type(doc, node) == JSON_STRING && json_string_equals(doc, node, value->text);
    case VALUE_NUMBER:
        return json_type(doc, node) == JSON_NUMBER &&
               decimal_compare_text(number_text(value->number, digits), json_raw(doc, node)) == 0;
    case VALUE_TAGS: return tags_equal(k, node);
    case VALUE_MISSING:
    case VALUE_TROUBLE:
    case VALUE_UNKNOWN: break;
    }
    return false;
}

static bool is_in_list(const struct check *k, const struct value *value)
{
    const struct json_doc *doc = &k->d->policy->doc;
    uint32_t list = k->condition->value;
    for (uint32_t element = json_first_element(doc, list); element != JSON_NONE;
         element = json_next_element(doc, list, element))
        if (equals(k, value, element))
            return true;
    return false;
}

// ---- Order

// The text of a number; false after a trouble.
static bool as_number(const struct check *k, const struct value *value, char buffer[24],
                      struct slice *ret)
{
    if (value->kind == VALUE_NUMBER) {
        *ret = number_text(value->number, buffer);
        return true;
    }
    enum json_type type = value_type(value);
    if (type == JSON_NUMBER) {
        *ret = json_raw(value->doc, value->node);
        return true;
    }
    if (type != JSON_STRING || !k->condition->as_number) {
        wrong_type(k, value, "a number");
        return false;
    }
    if (!as_text(k, value, ret))
        return false;
    if (decimal_is_plain(*ret))
        return true;
    complain(k, "expected a plain decimal number");
    return false;
}

static enum result compare(const struct check *k, const struct value *value)
{
    char buffer[24];
    struct slice number;
    if (!as_number(k, value, buffer, &number))
        return RESULT_TROUBLE;
    int order = decimal_compare_text(number, k->condition->text);
    switch (k->condition->op) {
    case OP_LT: return answer(order < 0);
    case OP_LTE: return answer(order <= 0);
    case OP_GT: return answer(order > 0);
    default: return answer(order >= 0);
    }
}

static size_t characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

static enum result compare_length(const struct check *k, const struct value *value)
{
    uint64_t length;
    switch (value->kind) {
    case VALUE_TEXT: length = characters(value->text); break;
    case VALUE_TAGS: length = k->d->call->grant_tag_count; break;
    default:
        switch (value_type(value)) {
        case JSON_STRING: length = json_string_characters(value->doc, value->node); break;
        case JSON_ARRAY:
        case JSON_OBJECT: length = json_at(value->doc, value->node)->count; break;
        default: return wrong_type(k, value, "a string, an array or an object");
        }
    }
    uint64_t bound = k->condition->length;
    switch (k->condition->op) {
    case OP_LENGTH_LT: return answer(length < bound);
    case OP_LENGTH_LTE: return answer(length <= bound);
    case OP_LENGTH_GT: return answer(length > bound);
    default: return answer(length >= bound);
    }
}

// ---- Parts of strings and arrays

static bool holds_text(struct slice text, struct slice part)
{
    return part.length == 0 || (text.length >= part.length &&
                                memmem(text.data, text.length, part.data, part.length) != NULL);
}

static bool tags_contain(const struct check *k)
{
    const struct policy_call *call = k->d->call;
    for (size_t i = 0; i < call->grant_tag_count; i++)
        if (equals(k, &(struct value){.kind = VALUE_TEXT, .text = call->grant_tags[i]},
                   k->condition->value))
            return true;
    return false;
}

static bool array_contains(const struct check *k, const struct value *value)
{
    if (value->kind == VALUE_TAGS)
        return tags_contain(k);
    const struct json_doc *doc = value->doc;
    for (uint32_t element = json_first_element(doc, value->node); element != JSON_NONE;
         element = json_next_element(doc, value->node, element))
        if (json_equal(doc, element, &k->d->policy->doc, k->condition->value))
            return true;
    return false;
}

static enum result contains(const struct check *k, const struct value *value)
{
    enum json_type type = value_type(value);
    if (type == JSON_ARRAY)
        return answer(array_contains(k, value));
    if (json_type(&k->d->policy->doc, k->condition->value) != JSON_STRING)
        return wrong_type(k, value, "an array");
    struct slice text;
    if (type != JSON_STRING)
        return wrong_type(k, value, "a string or an array");
    if (!as_text(k, value, &text))
        return RESULT_TROUBLE;
    return answer(holds_text(text, k->condition->text));
}

static bool ends_with(struct slice text, struct slice ending)
{
    return text.length >= ending.length &&
           slice_equal(slice_of(text.data + text.length - ending.length, ending.length), ending);
}

static enum result match(const struct check *k, struct slice text)
{
    switch (regex_match(k->condition->regex, text, &k->d->regex, k->d->arena)) {
    case REGEX_YES: return RESULT_YES;
    case REGEX_NO: return RESULT_NO;
    case REGEX_LIMIT: break;
    }
    return complain(k, "too long or too complex for the policy's regular expression");
}

// ---- Places

static enum result within_path(const struct check *k, struct slice text)
{
    char *normal = arena_take(k->d->arena, text.length + 1);
    if (normal == NULL)
        return complain(k, "too large to be judged");
    struct slice path = slice_of(normal, path_normalise(text, normal));
    if (path.length == 0)
        return complain(k, "expected an absolute path");
    for (size_t i = 0; i < k->condition->count; i++)
        if (path_is_within(path, k->condition->folders[i]))
            return RESULT_YES;
    return RESULT_NO;
}

static enum result url_host_in(const struct check *k, struct slice text)
{
    char buffer[HOST_SIZE];
    struct slice host;
    if (!url_host(text, buffer, &host))
        return complain(k, "expected a plain http or https URL");
    for (size_t i = 0; i < k->condition->count; i++)
        if (host_matches(&k->condition->hosts[i], host))
            return RESULT_YES;
    return RESULT_NO;
}

static enum result cidr_in(const struct check *k, struct slice text)
{
    struct network address;
    if (!address_parse(text, &address))
        return complain(k, "expected an IP address");
    for (size_t i = 0; i < k->condition->count; i++)
        if (network_contains(&k->condition->networks[i], &address))
            return RESULT_YES;
    return RESULT_NO;
}

static enum result check_text(const struct check *k, const struct value *value)
{
    struct slice text;
    if (!as_text(k, value, &text))
        return RESULT_TROUBLE;
    switch (k->condition->op) {
    case OP_STARTS_WITH: return answer(slice_starts_with(text, k->condition->text));
    case OP_ENDS_WITH: return answer(ends_with(text, k->condition->text));
    case OP_WITHIN_PATH: return within_path(k, text);
    case OP_URL_HOST_IN: return url_host_in(k, text);
    case OP_CIDR_IN: return cidr_in(k, text);
    default: return match(k, text);
    }
}

static enum result inverted(enum result result)
{
    return result == RESULT_TROUBLE ? result : answer(result == RESULT_NO);
}

static enum result check_present(const struct check *k, const struct value *value)
{
    switch (k->condition->op) {
    case OP_EQ: return answer(equals(k, value, k->condition->value));
    case OP_NEQ: return answer(!equals(k, value, k->condition->value));
    case OP_IN: return answer(is_in_list(k, value));
    case OP_NOT_IN: return answer(!is_in_list(k, value));
    case OP_LT:
    case OP_LTE:
    case OP_GT:
    case OP_GTE: return compare(k, value);
    case OP_CONTAINS: return contains(k, value);
    case OP_NOT_CONTAINS: return inverted(contains(k, value));
    case OP_NOT_REGEX: return inverted(check_text(k, value));
    case OP_LENGTH_LT:
    case OP_LENGTH_LTE:
    case OP_LENGTH_GT:
    case OP_LENGTH_GTE: return compare_length(k, value);
    default: return check_text(k, value);
    }
}

static enum result check_value(const struct check *k, const struct value *value)
{
    if (value->kind == VALUE_TROUBLE)
        return RESULT_TROUBLE;
    if (value->kind == VALUE_UNKNOWN)
        return RESULT_UNKNOWN;
    if (k->condition->op == OP_EXISTS) {
        bool present = value->kind != VALUE_MISSING &&
                       (value->kind != VALUE_NODE || value_type(value) != JSON_NULL);
        return answer(present == k->condition->expected);
    }
    // A missing value satisfies no operator, not even a negated one.
    return value->kind == VALUE_MISSING ? RESULT_NO : check_present(k, value);
}

static void note_value(void *argument, const struct value *value)
{
    struct check *k = argument;
    switch (check_value(k, value)) {
    case RESULT_YES: k->yes = true; break;
    case RESULT_NO: k->no = true; break;
    case RESULT_TROUBLE: k->trouble = true; break;
    case RESULT_UNKNOWN: k->unknown = true; break;
    }
}

// What is not known may be a trouble, which denies; so does a `require` that does not hold, by the
// same name. Nothing else is sure beside it.
static enum result concluded(const struct check *k, enum quantifier quantifier)
{
    if (k->trouble)
        return RESULT_TROUBLE;
    if (quantifier == QUANTIFIER_ALL && k->no)
        return RESULT_NO;
    if (k->unknown)
        return RESULT_UNKNOWN;
    return answer(quantifier == QUANTIFIER_ALL || k->yes);
}

enum result condition_holds(struct decision *d, const struct condition *condition,
                            enum quantifier quantifier)
{
    struct check k = {.d = d, .condition = condition};
    path_walk(d, &condition->path, note_value, &k);
    enum result result = concluded(&k, quantifier);
    if (d->trace != NULL)
        trace_condition(d, condition, result);
    return result;
}

enum result condition_holds_for(struct decision *d, const struct condition *condition,
                                const struct value *value)
{
    const struct check k = {.d = d, .condition = condition};
    return check_value(&k, value);
}
