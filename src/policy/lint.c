// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a document says that can never matter, or matters otherwise than it reads: the findings, and
// those about selectors and defaults.
#include "policy/lint_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { FINDINGS_MAX = 500, SCRATCH_MAX = 64 * 1024 * 1024 };

const char *const policy_weight_words[] = {"serious", "doubtful", "remark", NULL};

bool lint_may_go_on(struct lint *l, size_t work)
{
    l->work += work;
    if (l->work <= LINT_WORK_MAX)
        return true;
    l->ret->too_many = true;
    return false;
}

void lint_tell(struct lint *l, enum policy_weight weight, const char *kind, struct lint_place place,
               const char *advice, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (l->ret->count == FINDINGS_MAX) {
        l->ret->too_many = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t offset = place.node == JSON_NONE ? 0 : json_at(&l->policy->doc, place.node)->start;
    struct policy_finding *ret = &l->ret->items[l->ret->count++];
    *ret = (struct policy_finding){.weight = weight,
                                   .kind = kind,
                                   .at = policy_position(l->policy, offset),
                                   .rule = place.rule,
                                   .text = arena_copy(l->arena, slice_from_string(text)),
                                   .advice = slice_from_string(advice)};
    l->no_memory = l->no_memory || ret->text.data == NULL;
}

void lint_add(struct lint *l, const struct condition *condition, struct lint_conditions *ret)
{
    if (ret->count == ret->capacity) {
        size_t capacity = ret->capacity == 0 ? 16 : ret->capacity * 2;
        const struct condition **items = arena_take(l->arena, capacity * sizeof *items);
        if (items == NULL) {
            l->no_memory = true;
            return;
        }
        for (size_t i = 0; i < ret->count; i++)
            items[i] = ret->items[i];
        ret->items = items;
        ret->capacity = capacity;
    }
    ret->items[ret->count++] = condition;
}

// Those of what enforces, over paths that lead to one value.
void lint_collect(struct lint *l, const struct predicates *predicates, struct lint_conditions *ret)
{
    for (size_t i = 0; i < predicates->count; i++)
        for (size_t j = 0; j < predicates->items[i].count && !predicates->items[i].observe; j++)
            if (!predicates->items[i].conditions[j].path.each)
                lint_add(l, &predicates->items[i].conditions[j], ret);
}

// ---- Selectors

static bool hide_covers(const struct selector *hider, const struct selector *selector)
{
    switch (hider->kind) {
    case SELECTOR_ANY: return true;
    case SELECTOR_CATEGORY:
        return selector->kind == SELECTOR_CATEGORY && hider->category == selector->category;
    case SELECTOR_EXACT: return false; // `policy check` says so
    case SELECTOR_GLOB:
        return (selector->kind == SELECTOR_EXACT || selector->kind == SELECTOR_GLOB) &&
               glob_covers(hider->text, selector->text);
    }
    return false;
}

static void look_for_hider(struct lint *l, const struct entry *entry)
{
    const struct hide_list *hide = &l->policy->hide;
    for (size_t i = 0; i < hide->count && lint_may_go_on(l, 1); i++)
        if (hide_covers(&hide->items[i], &entry->selector)) {
            lint_tell(l, POLICY_SERIOUS, "hidden-rule",
                      (struct lint_place){entry->selector.node, entry->rule.pointer},
                      "Remove the rule, or take the selector out of 'hide'.",
                      "everything that '%.100s' selects is hidden by '%.100s' of 'hide'",
                      entry->selector.text.data, hide->items[i].text.data);
            return;
        }
}

// A glob of equal length that selects all of its names, too: none of them can be called.
static void look_for_twin(struct lint *l, const struct section *section, const struct entry *entry)
{
    for (size_t i = 0; i < section->glob_count && lint_may_go_on(l, 1); i++) {
        const struct entry *other = section->globs[i];
        if (other == entry || other->selector.literal != entry->selector.literal ||
            !glob_covers(other->selector.text, entry->selector.text))
            continue;
        lint_tell(l, POLICY_SERIOUS, "always-tied",
                  (struct lint_place){entry->selector.node, entry->rule.pointer},
                  "Make one of the two selectors longer, or merge the rules.",
                  "'%.100s' selects whatever '%.100s' selects and is as specific, so every such "
                  "call is denied",
                  other->selector.text.data, entry->selector.text.data);
        return;
    }
}

static bool all_categories(const struct section *section)
{
    for (size_t i = 0; i < CATEGORY_COUNT; i++)
        if (section->by_category[i] == NULL)
            return false;
    return true;
}

static void look_at_fallbacks(struct lint *l)
{
    const struct section *tools = &l->policy->tools;
    if (tools->any != NULL && all_categories(tools))
        lint_tell(l, POLICY_SERIOUS, "unreachable-rule",
                  (struct lint_place){tools->any->selector.node, tools->any->rule.pointer},
                  "Remove it, or one of the categories.",
                  "'*' is never used: every tool is of one of the five categories, and one of "
                  "unknown category counts as the gravest");
}

static bool stops_category(const struct policy *policy, enum catalogue_category category)
{
    const struct selector *hider = hide_find(&policy->hide, (struct slice){"", 0}, category);
    struct selection found = section_select(&policy->tools, (struct slice){0}, category);
    return hider != NULL || found.hidden ||
           (found.entry != NULL && found.entry->selector.kind != SELECTOR_EXACT);
}

// Nobody named the tools that a default lets through; what a server adds tomorrow is among them.
static void look_at_default(struct lint *l)
{
    static const enum catalogue_category grave[] = {CATALOGUE_DESTRUCTIVE, CATALOGUE_FINANCIAL};
    if (!l->policy->tools.default_allow)
        return;
    for (size_t i = 0; i < sizeof grave / sizeof *grave; i++) {
        if (stops_category(l->policy, grave[i]))
            continue;
        lint_tell(l, POLICY_DOUBTFUL, "default-allow",
                  (struct lint_place){json_get(&l->policy->doc, 0, "default"), {0}},
                  "Use \"default\": \"deny\" and name what may be called, or add rules for the "
                  "categories.",
                  "\"default\": \"allow\" lets through every %s tool that no rule names",
                  catalogue_category_name(grave[i]));
    }
}

static void look_at_sections(struct lint *l)
{
    const struct policy *policy = l->policy;
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (size_t j = 0; j < sections[i]->count; j++) {
            const struct entry *entry = &sections[i]->entries[j];
            if (i == 0)
                look_for_hider(l, entry);
            if (entry->selector.kind == SELECTOR_GLOB)
                look_for_twin(l, sections[i], entry);
        }
}

// ---- The whole

static bool stands_behind(const struct policy_finding *a, const struct policy_finding *b)
{
    return a->at.line > b->at.line || (a->at.line == b->at.line && a->at.column > b->at.column);
}

static void sort(struct policy_findings *all)
{
    for (size_t i = 1; i < all->count; i++) {
        struct policy_finding moved = all->items[i];
        size_t at = i;
        for (; at > 0 && stands_behind(&all->items[at - 1], &moved); at--)
            all->items[at] = all->items[at - 1];
        all->items[at] = moved;
    }
}

int policy_lint(const struct policy *policy, const struct policy_tool *tools, size_t tool_count,
                struct arena *arena, struct policy_findings *ret)
{
    struct lint l = {
        .policy = policy, .tools = tools, .tool_count = tool_count, .arena = arena, .ret = ret};
    *ret = (struct policy_findings){
        .items = arena_take(arena, FINDINGS_MAX * sizeof(struct policy_finding))};
    if (ret->items == NULL)
        return ERROR_NO_MEMORY;
    l.call = (struct policy_call){.args = JSON_NONE};
    l.d =
        (struct decision){.policy = policy, .call = &l.call, .arena = arena, .verdict = &l.unused};
    arena_init(&l.scratch, SCRATCH_MAX);
    look_at_sections(&l);
    look_at_fallbacks(&l);
    look_at_default(&l);
    lint_rules(&l);
    if (tools != NULL)
        lint_tools(&l);
    sort(ret);
    arena_release(&l.scratch);
    return l.no_memory ? ERROR_NO_MEMORY : 0;
}

void policy_finding_json(const struct policy_finding *finding, struct buffer *out)
{
    buffer_append_format(
        out, "{\"weight\":\"%s\",\"kind\":\"%s\",\"line\":%u,\"column\":%u,\"rule\":",
        policy_weight_words[finding->weight], finding->kind, finding->at.line, finding->at.column);
    json_write_string(out, finding->rule);
    buffer_append_string(out, ",\"text\":");
    json_write_string(out, finding->text);
    buffer_append_string(out, ",\"advice\":");
    json_write_string(out, finding->advice);
    buffer_append_string(out, "}");
}
