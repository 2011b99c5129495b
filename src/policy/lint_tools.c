// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy before the tools of a server: selectors that select nothing, tools that a default lets
// through, and each rule before the tools that it is for.
#include "policy/compile_internal.h"
#include "policy/lint_internal.h"

enum { WORDS_MAX = 2000, NAMED_MAX = 3 };

const char *lint_nearest_word(struct lint *l, struct slice word, const struct slice *words,
                              size_t count)
{
    if (count > WORDS_MAX || !lint_may_go_on(l, count))
        return NULL;
    const char **texts = arena_take_zeroed(l->arena, (count + 1) * sizeof *texts);
    for (size_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = arena_copy(l->arena, words[i]).data;
        if (texts[i] == NULL)
            texts = NULL;
    }
    l->no_memory = l->no_memory || texts == NULL;
    return texts == NULL ? NULL : compile_nearest(word, texts);
}

static const char *nearest_tool(struct lint *l, struct slice selector)
{
    struct slice *names = arena_take(l->arena, (l->tool_count + 1) * sizeof *names);
    if (names == NULL) {
        l->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < l->tool_count; i++)
        names[i] = l->tools[i].definition->name;
    return lint_nearest_word(l, selector, names, l->tool_count);
}

static bool selects(const struct selector *selector, const struct policy_tool *tool)
{
    switch (selector->kind) {
    case SELECTOR_EXACT: return slice_equal(selector->text, tool->definition->name);
    case SELECTOR_GLOB: return glob_matches(selector->text, tool->definition->name);
    case SELECTOR_CATEGORY:
        return tool->category == selector->category || tool->category == CATALOGUE_UNKNOWN;
    case SELECTOR_ANY: return true;
    }
    return true;
}

static size_t count_selected(struct lint *l, const struct selector *selector)
{
    size_t count = 0;
    for (size_t i = 0; i < l->tool_count && lint_may_go_on(l, 1); i++)
        count += selects(selector, &l->tools[i]);
    return count;
}

static void tell_no_tool(struct lint *l, const struct selector *selector, struct slice rule)
{
    const struct lint_place place = {selector->node, rule};
    const char *nearest = selector->kind == SELECTOR_EXACT ? nearest_tool(l, selector->text) : NULL;
    if (selector->kind == SELECTOR_CATEGORY)
        lint_tell(l, POLICY_REMARK, "no-such-tool", place, "Keep it if such tools may come.",
                  "no tool of the server is of the category '%s'", selector->text.data);
    else if (selector->kind != SELECTOR_ANY)
        lint_tell(l, POLICY_DOUBTFUL, "no-such-tool", place,
                  "Correct the name, or keep it if such tools may come.",
                  "'%.100s' matches no tool of the server%s%.100s%s", selector->text.data,
                  nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                  nearest == NULL ? "" : "'?");
}

// ---- One entry

// The tools that the entry is really chosen for, as indices.
static size_t chosen_tools(struct lint *l, const struct entry *entry, size_t *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < l->tool_count && lint_may_go_on(l, 1); i++) {
        const struct policy_tool *tool = &l->tools[i];
        struct selection found =
            section_select(&l->policy->tools, tool->definition->name, tool->category);
        if (found.entry == entry || found.rival == entry)
            ret[count++] = i;
    }
    return count;
}

static void look_at_entry(struct lint *l, const struct entry *entry, size_t *chosen)
{
    const struct lint_place place = {entry->selector.node, entry->rule.pointer};
    size_t selected = count_selected(l, &entry->selector);
    size_t count = chosen_tools(l, entry, chosen);
    if (selected == 0)
        tell_no_tool(l, &entry->selector, entry->rule.pointer);
    else if (count == 0 && entry->selector.kind != SELECTOR_ANY)
        lint_tell(l, POLICY_DOUBTFUL, "unreachable-rule", place,
                  "Remove it, or the more specific rules.",
                  "each of the %zu tools that '%.100s' matches has a more specific rule", selected,
                  entry->selector.text.data);
    if (count > 0)
        lint_schema(l, &entry->rule, chosen, count);
}

// ---- Tools that nobody named

static bool passes_by_default(struct lint *l, const struct policy_tool *tool)
{
    const struct policy *policy = l->policy;
    struct slice name = tool->definition->name;
    struct selection found = section_select(&policy->tools, name, tool->category);
    return found.entry == NULL && policy->tools.default_allow &&
           hide_find(&policy->hide, name, tool->category) == NULL;
}

static void look_at_default(struct lint *l)
{
    struct slice named[NAMED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < l->tool_count && lint_may_go_on(l, 1); i++) {
        const struct policy_tool *tool = &l->tools[i];
        if (tool->category < CATALOGUE_DESTRUCTIVE || !passes_by_default(l, tool))
            continue;
        if (count < NAMED_MAX)
            named[count] = tool->definition->name;
        count++;
    }
    for (size_t i = 0; i < count && i < NAMED_MAX; i++)
        lint_tell(l, POLICY_SERIOUS, "default-allow",
                  (struct lint_place){json_get(&l->policy->doc, 0, "default"), {0}},
                  "Use \"default\": \"deny\", or give the tool a rule.",
                  "'%.*s' can do lasting harm, and nothing but \"default\": \"allow\" speaks of "
                  "it (%zu of %zu)",
                  named[i].length > 100 ? 100 : (int)named[i].length, named[i].data, i + 1, count);
}

void lint_tools(struct lint *l)
{
    const struct policy *policy = l->policy;
    size_t *chosen = arena_take(l->arena, (l->tool_count + 1) * sizeof *chosen);
    if (chosen == NULL) {
        l->no_memory = true;
        return;
    }
    for (size_t i = 0; i < policy->hide.count; i++)
        if (count_selected(l, &policy->hide.items[i]) == 0)
            tell_no_tool(l, &policy->hide.items[i], (struct slice){0});
    for (size_t i = 0; i < policy->tools.count; i++)
        look_at_entry(l, &policy->tools.entries[i], chosen);
    for (size_t i = 0; i < l->tool_count; i++)
        chosen[i] = i;
    if (l->tool_count > 0)
        lint_schema(l, &policy->all_tools, chosen, l->tool_count);
    look_at_default(l);
}

// ---- Reading definitions

struct kept_tool {
    struct catalogue_tool tool;
    struct catalogue_scratch scratch;
};

int policy_read_tools(const struct json_doc *doc, uint32_t list, struct slice server,
                      struct arena *arena, struct policy_tool **ret, size_t *ret_count)
{
    size_t most = json_type(doc, list) == JSON_ARRAY ? json_at(doc, list)->count : 0;
    *ret_count = 0;
    *ret = arena_take_zeroed(arena, (most + 1) * sizeof **ret);
    if (*ret == NULL)
        return ERROR_NO_MEMORY;
    for (uint32_t node = most == 0 ? JSON_NONE : json_first_element(doc, list); node != JSON_NONE;
         node = json_next_element(doc, list, node)) {
        struct kept_tool *kept = arena_take_zeroed(arena, sizeof *kept);
        struct catalogue_verdict verdict;
        if (kept == NULL)
            return ERROR_NO_MEMORY;
        if (json_type(doc, node) != JSON_OBJECT)
            continue;
        catalogue_read_tool(doc, node, &kept->scratch, &kept->tool);
        if (kept->tool.name.length == 0)
            continue;
        kept->tool.server = server;
        catalogue_classify(&kept->tool, &verdict);
        (*ret)[(*ret_count)++] = (struct policy_tool){&kept->tool, verdict.category};
    }
    return 0;
}
