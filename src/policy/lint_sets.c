// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which values conditions leave over. Where a list or a small domain says what a value can be, each
// is simply tried; else numbers are held against bounds, lengths against lengths, texts against
// texts. What is not decidable that way is taken to be possible.
#include "policy/lint_internal.h"

#include <stdio.h>

enum { DOMAIN_MAX = 24, MATCHES_MAX = 100 };

struct pair {
    struct lint *l;
    const struct entry *entry;
    const struct condition *a, *b; // over one path
};

// ---- What a condition asks of a value

bool lint_is_order(enum condition_op op)
{
    return op == OP_LT || op == OP_LTE || op == OP_GT || op == OP_GTE;
}

bool lint_is_length(enum condition_op op)
{
    return op == OP_LENGTH_LT || op == OP_LENGTH_LTE || op == OP_LENGTH_GT || op == OP_LENGTH_GTE;
}

bool lint_wants_text(enum condition_op op)
{
    switch (op) {
    case OP_STARTS_WITH:
    case OP_ENDS_WITH:
    case OP_REGEX:
    case OP_NOT_REGEX:
    case OP_WITHIN_PATH:
    case OP_URL_HOST_IN:
    case OP_CIDR_IN: return true;
    default: return false;
    }
}

static bool is_listed(const struct condition *condition)
{
    return condition->op == OP_EQ || condition->op == OP_IN;
}

// ---- Small domains: what time and tools can be

struct domain {
    struct value values[DOMAIN_MAX];
    size_t count;
};

static void add_text(struct domain *domain, struct slice text)
{
    domain->values[domain->count++] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static void add_numbers(struct domain *domain, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++)
        domain->values[domain->count++] = (struct value){.kind = VALUE_NUMBER, .number = i};
}

static void add_categories(const struct entry *entry, struct domain *domain)
{
    for (unsigned i = 0; i <= CATALOGUE_UNKNOWN; i++) {
        bool other = entry != NULL && entry->selector.kind == SELECTOR_CATEGORY &&
                     i != CATALOGUE_UNKNOWN && i != entry->selector.category;
        if (!other)
            add_text(domain,
                     slice_from_string(catalogue_category_name((enum catalogue_category)i)));
    }
}

// Empty: anything.
static void find_domain(const struct entry *entry, const struct path *path, struct domain *ret)
{
    ret->count = 0;
    switch (path->root) {
    case ROOT_TIME_HOUR: add_numbers(ret, 0, 23); break;
    case ROOT_TIME_WEEKDAY: add_numbers(ret, 1, 7); break;
    case ROOT_TOOL_CATEGORY: add_categories(entry, ret); break;
    case ROOT_TOOL_NAME:
        if (entry != NULL && entry->selector.kind == SELECTOR_EXACT)
            add_text(ret, entry->selector.text);
        break;
    default: break;
    }
}

static bool satisfies(struct lint *l, const struct condition *condition, const struct value *value)
{
    if (condition->regex != NULL && l->matches++ >= MATCHES_MAX)
        l->ret->too_many = true;
    if (condition->regex != NULL && l->matches > MATCHES_MAX)
        return false;
    l->d.trouble = (struct slice){0};
    l->d.regex.work = 0;
    return lint_may_go_on(l, 1) && condition_holds_for(&l->d, condition, value) == RESULT_YES;
}

// 1: some value satisfies both; 0: none; -1: it is not known what the values are.
static int try_domain(const struct pair *p)
{
    struct domain domain;
    find_domain(p->entry, &p->a->path, &domain);
    if (domain.count == 0)
        return -1;
    for (size_t i = 0; i < domain.count; i++)
        if (satisfies(p->l, p->a, &domain.values[i]) && satisfies(p->l, p->b, &domain.values[i]))
            return 1;
    return p->l->ret->too_many ? -1 : 0;
}

// A name that the entry's glob does not match never comes here.
static bool may_come(const struct pair *p, const struct value *value)
{
    const struct json_doc *doc = &p->l->policy->doc;
    if (p->a->path.root != ROOT_TOOL_NAME || p->entry == NULL ||
        p->entry->selector.kind != SELECTOR_GLOB || json_type(doc, value->node) != JSON_STRING)
        return true;
    struct slice name = json_string(doc, value->node, p->l->arena);
    return name.data == NULL || glob_matches(p->entry->selector.text, name);
}

// The values that `listed` names, each held against the other condition. As try_domain.
static int try_list(const struct pair *p, const struct condition *listed,
                    const struct condition *other)
{
    const struct json_doc *doc = &p->l->policy->doc;
    struct value value = {.kind = VALUE_NODE, .doc = doc, .node = listed->value};
    if (listed->op == OP_EQ)
        return may_come(p, &value) && satisfies(p->l, other, &value);
    for (uint32_t node = json_first_element(doc, listed->value); node != JSON_NONE;
         node = json_next_element(doc, listed->value, node)) {
        value.node = node;
        if (may_come(p, &value) && satisfies(p->l, other, &value))
            return 1;
    }
    return p->l->ret->too_many ? -1 : 0;
}

// ---- Bounds

static bool is_lower(enum condition_op op)
{
    return op == OP_GT || op == OP_GTE || op == OP_LENGTH_GT || op == OP_LENGTH_GTE;
}

static bool numbers_exclude(const struct pair *p)
{
    bool a_lower = is_lower(p->a->op), b_lower = is_lower(p->b->op);
    if (!lint_is_order(p->a->op) || !lint_is_order(p->b->op) || a_lower == b_lower)
        return false;
    const struct condition *low = a_lower ? p->a : p->b, *high = a_lower ? p->b : p->a;
    int order = decimal_compare_text(low->text, high->text);
    return order > 0 || (order == 0 && (low->op == OP_GT || high->op == OP_LT));
}

// The smallest and the largest length that satisfy the condition; false for other conditions.
static bool lengths_of(const struct condition *condition, uint64_t *ret_least, uint64_t *ret_most)
{
    *ret_least = 0;
    *ret_most = UINT64_MAX;
    switch (condition->op) {
    case OP_LENGTH_GT: *ret_least = condition->length + 1; return true;
    case OP_LENGTH_GTE: *ret_least = condition->length; return true;
    case OP_LENGTH_LT:
        *ret_most = condition->length - 1;
        *ret_least = condition->length == 0; // nothing is shorter
        if (condition->length == 0)
            *ret_most = 0;
        return true;
    case OP_LENGTH_LTE: *ret_most = condition->length; return true;
    case OP_STARTS_WITH:
    case OP_ENDS_WITH:
        for (size_t i = 0; i < condition->text.length; i++)
            *ret_least += ((unsigned char)condition->text.data[i] & 0xC0) != 0x80;
        return true;
    default: return false;
    }
}

static bool lengths_exclude(const struct pair *p)
{
    uint64_t a_least, a_most, b_least, b_most;
    if (!lengths_of(p->a, &a_least, &a_most) || !lengths_of(p->b, &b_least, &b_most))
        return false;
    return a_least > b_most || b_least > a_most || a_least > a_most || b_least > b_most;
}

// ---- Texts

static bool ends_alike(struct slice a, struct slice b, bool at_end)
{
    size_t length = a.length < b.length ? a.length : b.length;
    return at_end ? memcmp(a.data + a.length - length, b.data + b.length - length, length) == 0
                  : memcmp(a.data, b.data, length) == 0;
}

static bool texts_exclude(const struct pair *p)
{
    const struct condition *a = p->a, *b = p->b;
    bool starts = a->op == OP_STARTS_WITH && b->op == OP_STARTS_WITH;
    bool ends = a->op == OP_ENDS_WITH && b->op == OP_ENDS_WITH;
    if (starts || ends)
        return !ends_alike(a->text, b->text, ends);
    bool opposite = (a->op == OP_CONTAINS && b->op == OP_NOT_CONTAINS) ||
                    (a->op == OP_REGEX && b->op == OP_NOT_REGEX);
    const struct json_doc *doc = &p->l->policy->doc;
    return opposite && json_equal(doc, a->value, doc, b->value);
}

static bool types_exclude(const struct pair *p)
{
    bool order = lint_is_order(p->a->op) && !p->a->as_number;
    return order && (lint_wants_text(p->b->op) || lint_is_length(p->b->op));
}

// What is missing or null satisfies no other operator than those that a null can satisfy.
static bool absence_excludes(const struct pair *p)
{
    enum condition_op op = p->b->op;
    if (p->a->op != OP_EXISTS || p->a->expected)
        return false;
    return (op == OP_EXISTS && p->b->expected) || lint_is_order(op) || lint_is_length(op) ||
           lint_wants_text(op) || op == OP_CONTAINS || op == OP_NOT_CONTAINS;
}

// ---- Two conditions over one path

static bool excludes(const struct pair *p)
{
    struct pair turned = *p;
    turned.a = p->b;
    turned.b = p->a;
    int tried = try_domain(p);
    if (tried >= 0)
        return tried == 0;
    if (is_listed(p->a))
        return try_list(p, p->a, p->b) == 0;
    if (is_listed(p->b))
        return try_list(p, p->b, p->a) == 0;
    return numbers_exclude(p) || lengths_exclude(p) || texts_exclude(p) || texts_exclude(&turned) ||
           types_exclude(p) || types_exclude(&turned) || absence_excludes(p) ||
           absence_excludes(&turned);
}

static bool same_path(const struct condition *a, const struct condition *b)
{
    return slice_equal(a->path.text, b->path.text);
}

bool lint_never(struct lint *l, const struct entry *entry, const struct lint_conditions *all,
                size_t fresh, const struct condition **ret_first,
                const struct condition **ret_second)
{
    for (size_t j = all->count - fresh; j < all->count; j++)
        for (size_t i = 0; i <= j && lint_may_go_on(l, 1); i++) {
            const struct pair p = {l, entry, all->items[i], all->items[j]};
            if (!same_path(p.a, p.b) || !excludes(&p))
                continue;
            *ret_first = p.b;
            *ret_second = i == j ? NULL : p.a;
            return true;
        }
    return false;
}

// ---- One that follows from others

static int all_listed_satisfy(const struct pair *p)
{
    const struct json_doc *doc = &p->l->policy->doc;
    struct value value = {.kind = VALUE_NODE, .doc = doc, .node = p->a->value};
    if (p->a->op == OP_EQ)
        return satisfies(p->l, p->b, &value);
    for (uint32_t node = json_first_element(doc, p->a->value); node != JSON_NONE;
         node = json_next_element(doc, p->a->value, node)) {
        value.node = node;
        if (!satisfies(p->l, p->b, &value))
            return false;
    }
    return true;
}

static bool bound_follows(const struct pair *p)
{
    if (!lint_is_order(p->a->op) || !lint_is_order(p->b->op) ||
        is_lower(p->a->op) != is_lower(p->b->op) || (p->a->as_number && !p->b->as_number))
        return false;
    int order = decimal_compare_text(p->a->text, p->b->text);
    bool strict = p->b->op == OP_GT || p->b->op == OP_LT;
    bool is_strict = p->a->op == OP_GT || p->a->op == OP_LT;
    return order == 0 ? is_strict || !strict : (order > 0) == is_lower(p->a->op);
}

static bool domain_follows(struct lint *l, const struct entry *entry,
                           const struct condition *condition)
{
    struct domain domain;
    find_domain(entry, &condition->path, &domain);
    for (size_t i = 0; i < domain.count; i++)
        if (!satisfies(l, condition, &domain.values[i]))
            return false;
    return domain.count > 0;
}

bool lint_follows(struct lint *l, const struct entry *entry, const struct lint_conditions *all,
                  const struct condition *condition)
{
    if (condition->path.each)
        return false;
    if (domain_follows(l, entry, condition))
        return true;
    for (size_t i = 0; i < all->count && lint_may_go_on(l, 1); i++) {
        const struct pair p = {l, entry, all->items[i], condition};
        if (!same_path(p.a, p.b))
            continue;
        if (is_listed(p.a) ? all_listed_satisfy(&p) : bound_follows(&p))
            return true;
        if (condition->op == OP_EXISTS && condition->expected && p.a->op == OP_EXISTS &&
            p.a->expected)
            return true;
    }
    return false;
}
