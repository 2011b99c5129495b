// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// "runaway": when a grant is paused until a person looks at it.
#include "policy/compile_internal.h"

enum { LEAST = 2, MOST = 1000000 };

static void read_count(struct compiler *c, uint32_t node, const char *what, int64_t *ret)
{
    int64_t count = 0;
    if (json_type(c->doc, node) != JSON_NUMBER || json_integer(c->doc, node, &count) != 0 ||
        count < LEAST || count > MOST)
        compile_error(c, node, "%s must be a whole number from %d to %d", what, LEAST, MOST);
    else
        *ret = count;
}

static void read_identical(struct compiler *c, uint32_t node, struct slice where,
                           struct policy_runaway *ret)
{
    static const char *const keys[] = {"max", "window", NULL};
    if (!compile_expect(c, node, JSON_OBJECT, "'identical_calls'"))
        return;
    compile_keys(c, node, where, keys);
    uint32_t max = json_get(c->doc, node, "max"), window = json_get(c->doc, node, "window");
    if (max == JSON_NONE || window == JSON_NONE) {
        compile_error(c, node, "'identical_calls' needs 'max' and 'window'");
        return;
    }
    struct policy_charge charge = {.sliding = true};
    read_count(c, max, "'max'", &ret->identical_max);
    compile_window(c, window, &charge);
    ret->window_ms = charge.window_ms;
}

void compile_runaway(struct compiler *c, uint32_t node, struct policy_runaway *ret)
{
    static const char *const keys[] = {"identical_calls", "denials_in_a_row", "reason", NULL};
    const struct slice where = SLICE_LITERAL("/runaway");
    if (!compile_expect(c, node, JSON_OBJECT, "'runaway'"))
        return;
    compile_keys(c, node, where, keys);
    uint32_t identical = json_get(c->doc, node, "identical_calls"),
             denials = json_get(c->doc, node, "denials_in_a_row"),
             reason = json_get(c->doc, node, "reason");
    if (identical == JSON_NONE && denials == JSON_NONE)
        compile_error(c, node, "'runaway' needs 'identical_calls' or 'denials_in_a_row'");
    if (identical != JSON_NONE)
        read_identical(c, identical, compile_pointer(c, where, SLICE_LITERAL("identical_calls")),
                       ret);
    if (denials != JSON_NONE)
        read_count(c, denials, "'denials_in_a_row'", &ret->denials);
    if (reason != JSON_NONE)
        ret->reason = compile_string(c, reason, "'reason'");
    ret->set = true;
}

const struct policy_runaway *policy_runaway(const struct policy *policy)
{
    return policy->runaway.set ? &policy->runaway : NULL;
}
