// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two blocks `results`: what may come back.
#include "policy/compare_internal.h"

enum part { MAX_BYTES, REDACT, DENY_IF, BINARY, PARTS };
static const char *const names[PARTS] = {"max_bytes", "redact", "deny_if", "binary"};

// Does the list begin with all of the other one? Then what it does more comes last.
static bool continues(struct comparison *c, const struct policy *policy, uint32_t list,
                      const struct policy *other_policy, uint32_t other)
{
    uint32_t node = json_first_element(&policy->doc, list);
    for (uint32_t item = json_first_element(&other_policy->doc, other); item != JSON_NONE;
         item = json_next_element(&other_policy->doc, other, item)) {
        if (node == JSON_NONE || !slice_equal(compare_canonical(c, other_policy, item),
                                              compare_canonical(c, policy, node)))
            return false;
        node = json_next_element(&policy->doc, list, node);
    }
    return true;
}

static bool allows_binary(const struct policy *policy, uint32_t node)
{
    return node != JSON_NONE && json_string_equals(&policy->doc, node, SLICE_LITERAL("allow"));
}

static enum policy_gravity direction_of(struct comparison *c, enum part part, uint32_t from,
                                        uint32_t to)
{
    bool tighter = false, looser = false;
    if (part == BINARY)
        return allows_binary(c->to, to) ? POLICY_LOOSENED : POLICY_TIGHTENED;
    if (from == JSON_NONE || to == JSON_NONE)
        return from == JSON_NONE ? POLICY_TIGHTENED : POLICY_LOOSENED;
    if (part == MAX_BYTES) {
        looser = decimal_compare_text(json_raw(&c->from->doc, from), json_raw(&c->to->doc, to)) < 0;
        tighter = !looser;
    } else if (part == DENY_IF) {
        tighter = compare_list_within(c, c->from, from, c->to, to);
        looser = compare_list_within(c, c->to, to, c->from, from);
    } else { // each item sees what the one before left
        tighter = continues(c, c->to, to, c->from, from);
        looser = continues(c, c->from, from, c->to, to);
    }
    return tighter == looser ? POLICY_ALTERED : tighter ? POLICY_TIGHTENED : POLICY_LOOSENED;
}

static void compare_part(struct comparison *c, const struct policy_difference *about,
                         enum part part, uint32_t from, uint32_t to)
{
    if (part == BINARY ? allows_binary(c->from, from) == allows_binary(c->to, to)
                       : compare_same(c, from, to))
        return;
    enum policy_gravity gravity = direction_of(c, part, from, to);
    compare_tell(c, about, gravity, "results", "of what comes back, '%s' was %.*s, is %.*s%s",
                 names[part], SLICE_PRINT(compare_quote(c, c->from, from)),
                 SLICE_PRINT(compare_quote(c, c->to, to)),
                 gravity == POLICY_ALTERED ? "; cannot tell whether more comes back" : "");
}

void compare_results(struct comparison *c, const struct policy_difference *about, uint32_t from,
                     uint32_t to)
{
    bool given = from != JSON_NONE, kept = to != JSON_NONE;
    if (compare_same(c, from, to))
        return;
    for (enum part part = 0; part < PARTS; part++)
        compare_part(c, about, part, compare_member(c->from, from, names[part]),
                     compare_member(c->to, to, names[part]));
    if (given != kept)
        compare_tell(c, about, kept ? POLICY_TIGHTENED : POLICY_LOOSENED, "results",
                     kept ? "what comes back is looked at" : "what comes back is not looked at");
}
