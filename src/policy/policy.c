// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_internal.h"

#include "base/memory.h"

struct policy *policy_ref(struct policy *policy)
{
    atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
    return policy;
}

void policy_unref(struct policy *policy)
{
    if (policy == NULL ||
        atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
        return;
    regex_free_all(policy->regexes);
    table_release(&policy->hide.exact);
    table_release(&policy->tools.exact);
    table_release(&policy->resources.exact);
    table_release(&policy->prompts.exact);
    json_doc_release(&policy->doc);
    arena_release(&policy->arena);
    memory_free(policy);
}

struct slice policy_name(const struct policy *policy)
{
    return policy->name;
}

struct slice policy_version(const struct policy *policy)
{
    return policy->version;
}

bool policy_uses_categories(const struct policy *policy)
{
    return policy->uses_categories;
}

// ---- What its rules look at

typedef void (*visit_limit)(void *argument, const struct policy_charge *limit);
static void visit_limits(const struct limits *limits, visit_limit visit, void *argument)
{
    for (size_t i = 0; i < limits->count; i++)
        visit(argument, &limits->items[i].charge);
}

void policy_limits(const struct policy *policy, visit_limit visit, void *argument)
{
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    visit_limits(&policy->all_tools.limits, visit, argument);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (size_t j = 0; j < sections[i]->count; j++)
            visit_limits(&sections[i]->entries[j].rule.limits, visit, argument);
}

static void note_window(void *argument, const struct policy_charge *limit)
{
    const int64_t longest_month = 31LL * 86400000;
    struct policy_traits *traits = argument;
    int64_t window = limit->calendar_month ? longest_month : limit->window_ms;
    if (window > traits->longest_window_ms)
        traits->longest_window_ms = window;
    traits->shared_limits = traits->shared_limits || limit->scope >= POLICY_SCOPE_SERVER;
    traits->successes = traits->successes || limit->successes_only;
}

struct policy_traits policy_traits(const struct policy *policy)
{
    const unsigned times = 1U << ROOT_TIME_HOUR | 1U << ROOT_TIME_WEEKDAY;
    struct policy_traits traits = {.time = (policy->roots & times) != 0,
                                   .session_calls = (policy->roots >> ROOT_SESSION_CALLS & 1) != 0,
                                   .tags = (policy->roots >> ROOT_GRANT_TAGS & 1) != 0,
                                   .arguments = (policy->roots >> ROOT_ARGS & 1) != 0,
                                   .client = (policy->roots >> ROOT_CLIENT_NAME & 1) != 0};
    policy_limits(policy, note_window, &traits);
    return traits;
}

static bool holds_always(const struct predicates *predicates)
{
    for (size_t i = 0; i < predicates->count; i++)
        if (predicates->items[i].count == 0 && !predicates->items[i].observe)
            return true;
    return false;
}

static bool never_callable(const struct policy *policy, const struct section *section,
                           const struct selection *selection)
{
    if (selection->rival != NULL)
        return true;
    if (section == &policy->tools && holds_always(&policy->all_tools.deny_if))
        return true;
    if (selection->entry == NULL)
        return !section->default_allow;
    const struct rule *rule = &selection->entry->rule;
    return rule->action == ACTION_DENY || holds_always(&rule->deny_if);
}

static bool lists_named(const struct policy *policy, const struct section *section,
                        struct slice name, enum catalogue_category category)
{
    if (section == &policy->tools && hide_find(&policy->hide, name, category) != NULL)
        return false;
    struct selection selection = section_select(section, name, category);
    if (selection.hidden)
        return false;
    return !policy->list_callable || !never_callable(policy, section, &selection);
}

bool policy_lists(const struct policy *policy, enum policy_subject subject, struct slice name,
                  enum catalogue_category category)
{
    if (policy == NULL)
        return false;
    switch (subject) {
    case POLICY_TOOL: return lists_named(policy, &policy->tools, name, category);
    case POLICY_RESOURCE: return lists_named(policy, &policy->resources, name, category);
    case POLICY_PROMPT: return lists_named(policy, &policy->prompts, name, category);
    case POLICY_METHOD: break;
    }
    const struct method_rule *rule = method_find(policy, name);
    if (rule != NULL)
        return rule->allow;
    return policy_is_housekeeping(name) || policy->default_allow;
}
