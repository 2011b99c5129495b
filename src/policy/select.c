// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Selectors: which one entry applies to a name, and which names are hidden.
#include "policy/compile_internal.h"

#include <stdio.h>

static void find_glob(const struct section *section, struct slice name, struct selection *ret)
{
    for (size_t i = 0; i < section->glob_count; i++) {
        const struct entry *entry = section->globs[i];
        if (ret->entry != NULL && entry->selector.literal < ret->entry->selector.literal)
            return;
        if (!glob_matches(entry->selector.text, name))
            continue;
        ret->hidden |= entry->rule.action == ACTION_HIDE;
        if (ret->entry == NULL)
            ret->entry = entry;
        else if (ret->rival == NULL)
            ret->rival = entry;
    }
}

// An unclassified tool counts as the gravest category where that restricts it, and never profits
// from an entry that permits some other category.
static const struct entry *find_category(const struct section *section,
                                         enum catalogue_category category)
{
    if ((unsigned)category < CATEGORY_COUNT)
        return section->by_category[category];
    for (size_t i = CATEGORY_COUNT; i-- > 0;) {
        const struct entry *entry = section->by_category[i];
        if (entry != NULL && entry->rule.action != ACTION_ALLOW)
            return entry;
    }
    return section->by_category[CATALOGUE_FINANCIAL];
}

struct selection section_select(const struct section *section, struct slice name,
                                enum catalogue_category category)
{
    struct selection found = {0};
    found.entry = table_get(&section->exact, name);
    if (found.entry == NULL)
        find_glob(section, name, &found);
    if (found.entry == NULL)
        found.entry = find_category(section, category);
    if (found.entry == NULL)
        found.entry = section->any;
    if (found.entry != NULL)
        found.hidden |= found.entry->rule.action == ACTION_HIDE;
    return found;
}

static bool hides(const struct selector *selector, struct slice name,
                  enum catalogue_category category)
{
    switch (selector->kind) {
    case SELECTOR_EXACT: return slice_equal(selector->text, name);
    case SELECTOR_GLOB: return glob_matches(selector->text, name);
    case SELECTOR_CATEGORY:
        return (unsigned)category >= CATEGORY_COUNT || selector->category == category;
    case SELECTOR_ANY: return true;
    }
    return true;
}

const struct selector *hide_find(const struct hide_list *hide, struct slice name,
                                 enum catalogue_category category)
{
    const struct selector *exact = table_get(&hide->exact, name);
    if (exact != NULL || !hide->others)
        return exact;
    for (size_t i = 0; i < hide->count; i++)
        if (hide->items[i].kind != SELECTOR_EXACT && hides(&hide->items[i], name, category))
            return &hide->items[i];
    return NULL;
}

// ---- Compiling

static bool is_glob(struct slice text)
{
    return memchr(text.data, '*', text.length) != NULL ||
           memchr(text.data, '?', text.length) != NULL;
}

static void category_error(struct compiler *c, uint32_t node, struct slice text)
{
    static const char *const names[] = {"@read",        "@write",     "@execute",
                                        "@destructive", "@financial", NULL};
    const char *nearest = compile_nearest(text, names);
    compile_error(c, node, "unknown category '%.80s'; %s%s%s", text.data,
                  nearest != NULL ? "did you mean '" : "there are ",
                  nearest != NULL ? nearest : "@read @write @execute @destructive @financial",
                  nearest != NULL ? "'?" : "");
}

bool compile_selector(struct compiler *c, uint32_t node, bool categories, struct selector *ret)
{
    struct slice text = compile_string(c, node, "a selector");
    *ret = (struct selector){.text = text, .node = node};
    if (text.data == NULL)
        return false;
    if (text.length == 0) {
        compile_error(c, node, "a selector must not be empty");
        return false;
    }
    if (slice_equal_string(text, "*")) {
        ret->kind = SELECTOR_ANY;
    } else if (categories && text.data[0] == '@') {
        ret->kind = SELECTOR_CATEGORY;
        c->policy->uses_categories = true;
        if (!catalogue_category_from_selector(text, &ret->category)) {
            category_error(c, node, text);
            return false;
        }
    } else if (catalogue_category_from_selector(text, &ret->category)) {
        compile_error(c, node, "'%s' selects tools only", text.data);
        return false;
    } else if (is_glob(text)) {
        ret->kind = SELECTOR_GLOB;
        ret->literal = glob_literal(text);
        if (ret->literal == 0 && memchr(text.data, '?', text.length) == NULL) {
            compile_error(c, node, "use '*' alone to select everything");
            return false;
        }
    } else {
        ret->kind = SELECTOR_EXACT;
    }
    return true;
}

static void put(struct compiler *c, struct table *table, struct slice key, void *value)
{
    if (table_put(table, key, value) != 0)
        c->no_memory = true;
}

void compile_hide(struct compiler *c, uint32_t node, struct hide_list *ret)
{
    if (!compile_expect(c, node, JSON_ARRAY, "'hide'"))
        return;
    struct selector *items = compile_take(c, json_at(c->doc, node)->count, sizeof(struct selector));
    if (items == NULL)
        return;
    ret->items = items;
    for (uint32_t element = json_first_element(c->doc, node); element != JSON_NONE;
         element = json_next_element(c->doc, node, element)) {
        struct selector *selector = &items[ret->count];
        if (!compile_selector(c, element, true, selector))
            continue;
        for (size_t i = 0; i < ret->count; i++)
            if (slice_equal(items[i].text, selector->text)) {
                compile_warning(c, element, "'%.100s' is in this list twice", selector->text.data);
                break;
            }
        ret->count++;
        if (selector->kind == SELECTOR_EXACT)
            put(c, &ret->exact, selector->text, selector);
        else
            ret->others = true;
    }
}

static void add_glob(struct section *section, const struct entry *entry)
{
    size_t at = section->glob_count++;
    for (; at > 0 && section->globs[at - 1]->selector.literal < entry->selector.literal; at--)
        section->globs[at] = section->globs[at - 1];
    section->globs[at] = entry;
}

static void add_entry(struct compiler *c, struct section *section, struct entry *entry)
{
    switch (entry->selector.kind) {
    case SELECTOR_EXACT: put(c, &section->exact, entry->selector.text, entry); break;
    case SELECTOR_GLOB: add_glob(section, entry); break;
    case SELECTOR_CATEGORY: section->by_category[entry->selector.category] = entry; break;
    case SELECTOR_ANY: section->any = entry; break;
    }
}

static void compile_entry(struct compiler *c, struct section *section, uint32_t key,
                          struct slice where, bool categories)
{
    struct entry *entry = &section->entries[section->count];
    if (!compile_selector(c, key, categories, &entry->selector)) {
        // The rule behind a broken selector is still read, to list its problems as well.
        struct rule ignored;
        compile_rule(c, key + 1, where, RULE_OF_ENTRY, &ignored);
        return;
    }
    struct slice pointer = compile_pointer(c, where, entry->selector.text);
    compile_rule(c, key + 1, pointer, RULE_OF_ENTRY, &entry->rule);
    section->count++;
    add_entry(c, section, entry);
}

void compile_section(struct compiler *c, uint32_t node, const char *name, bool categories,
                     struct section *ret)
{
    static const char *const choices[] = {"allow", "deny", NULL};
    char what[32];
    snprintf(what, sizeof what, "'%s'", name);
    if (!compile_expect(c, node, JSON_OBJECT, what))
        return;
    uint32_t count = json_at(c->doc, node)->count;
    ret->entries = compile_take(c, count, sizeof(struct entry));
    ret->globs = compile_take(c, count, sizeof(struct entry *));
    if (ret->entries == NULL || ret->globs == NULL)
        return;
    struct slice where = compile_pointer(c, (struct slice){0}, slice_from_string(name));
    for (uint32_t key = json_first_key(c->doc, node); key != JSON_NONE;
         key = json_next_key(c->doc, node, key)) {
        // Only tools have their default at the top of the document.
        if (!categories && json_string_equals(c->doc, key, SLICE_LITERAL("default")))
            ret->default_allow =
                compile_choice(c, key + 1, "'default' (never a name here)", choices) == 0;
        else
            compile_entry(c, ret, key, where, categories);
    }
}

// ---- Lint

static bool restricts(const struct rule *rule)
{
    return rule->results.given ||
           rule->require.count + rule->deny_if.count + rule->approve_if.count + rule->limits.count >
               0;
}

static void lint_ties(struct compiler *c, const struct section *section)
{
    enum { TIES_MAX = 20000 }; // pairs looked at
    size_t looked = 0;
    for (size_t i = 0; i < section->glob_count; i++)
        for (size_t j = i + 1; j < section->glob_count && looked++ < TIES_MAX; j++) {
            const struct selector *a = &section->globs[i]->selector;
            const struct selector *b = &section->globs[j]->selector;
            if (a->literal != b->literal)
                break;
            if (glob_overlaps(a->text, b->text))
                compile_warning(c, b->node,
                                "'%.80s' and '%.80s' are equally specific and can both select "
                                "one name; such a call is denied",
                                a->text.data, b->text.data);
        }
}

static void lint_entries(struct compiler *c, const struct section *section, bool tools)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct entry *entry = &section->entries[i];
        const struct selector *selector = &entry->selector;
        bool exact = selector->kind == SELECTOR_EXACT;
        // CATALOGUE_READ keeps category selectors out of the question.
        const struct selector *hider =
            tools && exact ? table_get(&c->policy->hide.exact, selector->text) : NULL;
        if (hider != NULL)
            compile_warning(c, selector->node, "'%.80s' is hidden by 'hide'; this is never used",
                            selector->text.data);
        if ((entry->rule.action == ACTION_DENY || entry->rule.action == ACTION_HIDE) &&
            restricts(&entry->rule))
            compile_warning(c, selector->node,
                            "the action of '%.80s' forbids every call; its other rules are "
                            "never used",
                            selector->text.data);
    }
}

void compile_lint(struct compiler *c)
{
    const struct policy *policy = c->policy;
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        lint_ties(c, sections[i]);
        lint_entries(c, sections[i], i == 0);
    }
    if (policy->hide.count > 1)
        for (size_t i = 0; i < policy->hide.count; i++)
            if (policy->hide.items[i].kind == SELECTOR_ANY)
                compile_warning(c, policy->hide.items[i].node,
                                "'*' hides every tool; the rest of the list adds nothing");
}
