// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

// "ver_" and what stands behind "pol_", then the number: found without a search, sorted by number.
static struct slice version_id(struct arena *arena, struct slice policy, int64_t number)
{
    const char *underline = memchr(policy.data, '_', policy.length);
    size_t skip = underline == NULL ? 0 : (size_t)(underline - policy.data) + 1;
    return arena_format(arena, "ver_%.*s.%010lld", (int)(policy.length - skip), policy.data + skip,
                        (long long)number);
}

int control_get_policy_version(struct store_view *view, struct slice organisation,
                               struct slice policy, int64_t number,
                               struct store_policy_version *ret, struct error *error)
{
    if (policy.length == 0)
        return error_set(error, ERROR_NOT_FOUND, "there is no such policy");
    struct slice id = version_id(store_arena(view), policy, number);
    if (id.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    return store_get_policy_version(view, organisation, id, ret, error);
}

int control_add_policy_version(struct store_view *view, struct store_policy *policy,
                               struct store_policy_version *version,
                               struct policy_problems *ret_problems, struct error *error)
{
    struct policy *compiled = NULL;
    *ret_problems = (struct policy_problems){0};
    int result = policy_compile(version->document, policy->name, &compiled, ret_problems);
    policy_unref(compiled);
    if (result != 0)
        return error_set(error, result, "the policy has errors");
    struct store_policy before = {.latest = 0};
    result = store_get_policy(view, policy->head.organisation, policy->head.id, &before, error);
    if (result != 0)
        return result;
    if (version->number == 0)
        version->number = before.latest + 1;
    policy->latest = version->number > before.latest ? version->number : before.latest;
    version->head.organisation = policy->head.organisation;
    version->head.id = version_id(store_arena(view), policy->head.id, version->number);
    version->policy = policy->head.id;
    if (version->head.id.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    result = store_change_policy(view, policy, error);
    return result == 0 ? store_add_policy_version(view, version, error) : result;
}
