// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two policies for those who call. Names fall into classes by the entries that
// select them in either policy; where the entries of a class differ in what they say, that is a
// difference about the names of the class. A class that may be empty is taken as if it were not.
#include "policy/compare_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { DIFFERENCES_MAX = 1000 };

const char *const policy_gravity_words[] = {"loosened", "altered", "tightened",
                                            "observed", "wording", NULL};

void compare_tell(struct comparison *c, const struct policy_difference *about,
                  enum policy_gravity gravity, const char *kind, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct policy_differences *all = c->ret;
    if (all->count == DIFFERENCES_MAX) {
        all->too_many = true;
        return;
    }
    struct policy_difference *ret = &all->items[all->count++];
    *ret = *about;
    ret->gravity = gravity;
    ret->kind = kind;
    ret->text = arena_format(c->arena, "%.*s: %s", SLICE_PRINT(about->text), text);
    c->no_memory = c->no_memory || ret->text.data == NULL;
}

// ---- `hide`

static bool selector_covers(const struct selector *a, const struct selector *b)
{
    switch (a->kind) {
    case SELECTOR_ANY: return true;
    case SELECTOR_CATEGORY: return b->kind == SELECTOR_CATEGORY && a->category == b->category;
    case SELECTOR_EXACT: return b->kind == SELECTOR_EXACT && slice_equal(a->text, b->text);
    case SELECTOR_GLOB:
        return (b->kind == SELECTOR_EXACT || b->kind == SELECTOR_GLOB) &&
               glob_covers(a->text, b->text);
    }
    return false;
}

// What `list` hides and `other` does not, as far as one of its selectors shows.
static void tell_hidden(struct comparison *c, const struct hide_list *list,
                        const struct hide_list *other, bool newly)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct selector *selector = &list->items[i];
        bool known = false;
        for (size_t j = 0; j < other->count && !known; j++)
            known = selector_covers(&other->items[j], selector);
        if (known)
            continue;
        struct policy_difference about = {.subject = "tool", .selector = selector->text};
        if (selector->kind == SELECTOR_CATEGORY) {
            about.selector = SLICE_LITERAL("*");
            about.categories = 1U << selector->category | 1U << CATALOGUE_UNKNOWN;
        }
        compare_name_class(c, &about);
        if (selector->kind == SELECTOR_ANY)
            about.text = SLICE_LITERAL("every tool");
        struct slice place = arena_format(c->arena, "/hide/%zu", i);
        *(newly ? &about.to : &about.from) = place;
        compare_tell(c, &about, newly ? POLICY_TIGHTENED : POLICY_LOOSENED,
                     newly ? "newly_hidden" : "no_longer_hidden",
                     newly ? "is hidden now" : "is no longer hidden: its rules count");
    }
}

// ---- The rest of the document

static void compare_section(struct comparison *c, const char *subject, const struct section *from,
                            const struct section *to)
{
    const struct policy_difference about = {.subject = subject};
    compare_classes(c, from, to, &about);
    if (from->count == 0 || to->count == 0) {
        const struct policy_difference odd = {
            .subject = subject, .selector = SLICE_LITERAL("*"), .text = SLICE_LITERAL("resources")};
        if (from->count != to->count && from == &c->from->resources)
            compare_tell(c, &odd, POLICY_ALTERED, "ambiguous_resources",
                         "URIs that could be read in two ways are %s",
                         to->count > 0 ? "denied now" : "no longer denied for that");
    }
}

static bool method_passes(const struct policy *policy, struct slice method)
{
    const struct method_rule *rule = method_find(policy, method);
    return rule != NULL ? rule->allow : policy_is_housekeeping(method) || policy->default_allow;
}

static void compare_method(struct comparison *c, struct slice name)
{
    const struct method_rule *from = method_find(c->from, name), *to = method_find(c->to, name);
    bool before = method_passes(c->from, name), after = method_passes(c->to, name);
    struct policy_difference about = {.subject = "method", .selector = name};
    about.from = from == NULL ? SLICE_LITERAL("(default)") : from->pointer;
    about.to = to == NULL ? SLICE_LITERAL("(default)") : to->pointer;
    compare_name_class(c, &about);
    if (before != after)
        compare_tell(c, &about, after ? POLICY_LOOSENED : POLICY_TIGHTENED,
                     after ? "newly_allowed" : "newly_denied", "was %s, is %s",
                     before ? "allowed" : "denied", after ? "allowed" : "denied");
}

static void compare_methods(struct comparison *c)
{
    for (size_t i = 0; i < c->from->method_count; i++)
        compare_method(c, c->from->methods[i].name);
    for (size_t i = 0; i < c->to->method_count; i++)
        if (method_find(c->from, c->to->methods[i].name) == NULL)
            compare_method(c, c->to->methods[i].name);
    bool before = c->from->default_allow, after = c->to->default_allow;
    const struct policy_difference rest = {.subject = "method",
                                           .selector = SLICE_LITERAL("*"),
                                           .from = SLICE_LITERAL("/default"),
                                           .to = SLICE_LITERAL("/default"),
                                           .text = SLICE_LITERAL("methods that are not named")};
    if (before != after)
        compare_tell(c, &rest, after ? POLICY_LOOSENED : POLICY_TIGHTENED,
                     after ? "newly_allowed" : "newly_denied", "were %s, are %s",
                     before ? "allowed" : "denied", after ? "allowed" : "denied");
}

static void compare_document(struct comparison *c)
{
    struct policy_difference every = {.subject = "tool",
                                      .selector = SLICE_LITERAL("*"),
                                      .from = SLICE_LITERAL("/all_tools"),
                                      .to = SLICE_LITERAL("/all_tools"),
                                      .text = SLICE_LITERAL("every tool")};
    const struct policy *from = c->from, *to = c->to;
    const struct treatment before = {from, &from->all_tools, json_get(&from->doc, 0, "all_tools"),
                                     ACTION_ALLOW, every.from};
    const struct treatment after = {to, &to->all_tools, json_get(&to->doc, 0, "all_tools"),
                                    ACTION_ALLOW, every.to};
    compare_rules(c, &every, &before, &after);
    every = (struct policy_difference){.subject = "everything",
                                       .selector = SLICE_LITERAL("*"),
                                       .from = SLICE_LITERAL("/results"),
                                       .to = SLICE_LITERAL("/results"),
                                       .text = SLICE_LITERAL("everything")};
    compare_results(c, &every,
                    from->results.observe ? JSON_NONE : json_get(&from->doc, 0, "results"),
                    to->results.observe ? JSON_NONE : json_get(&to->doc, 0, "results"));
    compare_observed_results(c, &every);
    every.from = every.to = SLICE_LITERAL("/list");
    every.text = SLICE_LITERAL("lists");
    if (from->list_callable != to->list_callable)
        compare_tell(c, &every, to->list_callable ? POLICY_TIGHTENED : POLICY_LOOSENED, "list",
                     to->list_callable ? "leave out what no call could pass"
                                       : "show also what no call could pass");
}

// Stable, and there are at most a thousand.
static void sort(struct policy_differences *all)
{
    for (size_t i = 1; i < all->count; i++) {
        struct policy_difference moved = all->items[i];
        size_t at = i;
        for (; at > 0 && all->items[at - 1].gravity > moved.gravity; at--)
            all->items[at] = all->items[at - 1];
        all->items[at] = moved;
    }
}

int policy_compare(const struct policy *from, const struct policy *to, struct arena *arena,
                   struct policy_differences *ret)
{
    struct comparison c = {.from = from, .to = to, .arena = arena, .ret = ret};
    *ret = (struct policy_differences){
        .items = arena_take(arena, DIFFERENCES_MAX * sizeof(struct policy_difference))};
    if (ret->items == NULL)
        return ERROR_NO_MEMORY;
    compare_document(&c);
    compare_section(&c, "tool", &from->tools, &to->tools);
    tell_hidden(&c, &to->hide, &from->hide, true);
    tell_hidden(&c, &from->hide, &to->hide, false);
    compare_section(&c, "resource", &from->resources, &to->resources);
    compare_section(&c, "prompt", &from->prompts, &to->prompts);
    compare_methods(&c);
    compare_runaway(&c);
    sort(ret);
    return c.no_memory ? ERROR_NO_MEMORY : 0;
}

// ---- Which names a difference is about

static bool is_pattern(struct slice text)
{
    return memchr(text.data, '*', text.length) != NULL ||
           memchr(text.data, '?', text.length) != NULL;
}

static bool names(struct slice selector, struct slice name)
{
    return is_pattern(selector) ? glob_matches(selector, name) : slice_equal(selector, name);
}

bool policy_difference_covers(const struct policy_difference *difference,
                              enum policy_subject subject, struct slice name,
                              enum catalogue_category category)
{
    static const char *const subjects[] = {"tool", "resource", "prompt", "method"};
    if (strcmp(difference->subject, "everything") == 0)
        return true;
    return strcmp(difference->subject, subjects[subject]) == 0 &&
           names(difference->selector, name) &&
           (difference->second.length == 0 || names(difference->second, name)) &&
           (difference->categories == 0 || (difference->categories >> category & 1) != 0);
}
