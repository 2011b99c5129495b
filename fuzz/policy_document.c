// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a policy: refused with problems that have a place, or compiled into a policy that
// answers. Seeds: data/policies.
#include "policy/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_problems(const struct policy_problems *problems, struct slice text, int result)
{
    size_t errors = 0;
    for (size_t i = 0; i < problems->count; i++) {
        const struct policy_problem *problem = &problems->items[i];
        require(problem->at.line >= 1 && problem->at.column >= 1);
        require(problem->at.line <= text.length + 1 && problem->at.column <= text.length + 1);
        require(problem->text[0] != '\0' && strlen(problem->text) < sizeof problem->text);
        errors += !problem->warning;
    }
    require(result == 0 ? errors == 0 : result == ERROR_CONFIG);
}

static void ask(const struct policy *policy, enum policy_subject subject, const char *name,
                enum catalogue_category category)
{
    struct arena arena;
    struct policy_verdict verdict;
    const struct policy_call call = {.subject = subject,
                                     .name = slice_from_string(name),
                                     .args = JSON_NONE,
                                     .category = category};
    arena_init(&arena, 1 << 20);
    policy_decide(policy, &call, &arena, &verdict);
    require(verdict.rule.length > 0);
    require(verdict.outcome == POLICY_ALLOW || verdict.reason.data != NULL);
    require(!verdict.hidden || verdict.outcome == POLICY_DENY);
    require(verdict.outcome != POLICY_DENY || verdict.charge_count == 0);
    // What is hidden is in no list, and the other way round.
    bool listed = policy_lists(policy, subject, call.name, category);
    require(!listed || !verdict.hidden);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct policy *policy = NULL;
    struct policy_problems problems;
    int result = policy_compile(text, SLICE_LITERAL("fuzz"), &policy, &problems);
    require((policy != NULL) == (result == 0));
    check_problems(&problems, text, result);
    policy_problems_release(&problems);
    if (policy == NULL)
        return 0;
    require(policy_version(policy).length == 7 + 16);
    ask(policy, POLICY_TOOL, "add_order", CATALOGUE_UNKNOWN);
    ask(policy, POLICY_TOOL, "a", CATALOGUE_READ);
    ask(policy, POLICY_RESOURCE, "file:///a", CATALOGUE_UNKNOWN);
    ask(policy, POLICY_PROMPT, "a", CATALOGUE_UNKNOWN);
    ask(policy, POLICY_METHOD, "sampling/createMessage", CATALOGUE_UNKNOWN);
    policy_unref(policy);
    return 0;
}
