// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs in when a grant is paused.
#include "policy/compare_internal.h"

#include <stdio.h>

enum { BOUND_WORDS = 96 };

static void tell(struct comparison *c, enum policy_gravity gravity, const char *kind,
                 const char *place, const char *from, const char *to)
{
    const struct policy_difference about = {.subject = "everything",
                                            .selector = SLICE_LITERAL("*"),
                                            .from = slice_from_string(from == NULL ? "" : place),
                                            .to = slice_from_string(to == NULL ? "" : place),
                                            .text = SLICE_LITERAL("a grant that runs away")};
    const char *doubt = gravity == POLICY_ALTERED ? "; cannot tell which comes first" : "";
    if (from == NULL)
        compare_tell(c, &about, gravity, kind, "is paused after %s", to);
    else if (to == NULL)
        compare_tell(c, &about, gravity, kind, "is no longer paused after %s", from);
    else
        compare_tell(c, &about, gravity, kind, "was paused after %s, is after %s%s", from, to,
                     doubt);
}

static void write_identical(const struct policy_runaway *runaway, char ret[BOUND_WORDS])
{
    char window[WINDOW_WORDS];
    words_window(runaway->window_ms, false, window);
    snprintf(ret, BOUND_WORDS, "more than %lld identical calls per %s",
             (long long)runaway->identical_max, window);
}

// What stays within so many calls in a window stays within more of them in a shorter one.
static enum policy_gravity direction_of(const struct policy_runaway *from,
                                        const struct policy_runaway *to)
{
    bool looser = to->identical_max >= from->identical_max && to->window_ms <= from->window_ms;
    bool tighter = to->identical_max <= from->identical_max && to->window_ms >= from->window_ms;
    return looser == tighter ? POLICY_ALTERED : looser ? POLICY_LOOSENED : POLICY_TIGHTENED;
}

static void compare_identical(struct comparison *c, const struct policy_runaway *from,
                              const struct policy_runaway *to)
{
    static const char place[] = "/runaway/identical_calls";
    char before[BOUND_WORDS], after[BOUND_WORDS];
    bool had = from->identical_max != 0, has = to->identical_max != 0;
    if (from->identical_max == to->identical_max && (!had || from->window_ms == to->window_ms))
        return;
    write_identical(from, before);
    write_identical(to, after);
    tell(c,
         !had   ? POLICY_TIGHTENED
         : !has ? POLICY_LOOSENED
                : direction_of(from, to),
         "runaway", place, had ? before : NULL, has ? after : NULL);
}

static void compare_denials(struct comparison *c, int64_t from, int64_t to)
{
    char before[BOUND_WORDS], after[BOUND_WORDS];
    bool tighter = from == 0 || (to != 0 && to < from);
    if (from == to)
        return;
    snprintf(before, sizeof before, "%lld denials in a row", (long long)from);
    snprintf(after, sizeof after, "%lld denials in a row", (long long)to);
    tell(c, tighter ? POLICY_TIGHTENED : POLICY_LOOSENED, "runaway", "/runaway/denials_in_a_row",
         from == 0 ? NULL : before, to == 0 ? NULL : after);
}

void compare_runaway(struct comparison *c)
{
    const struct policy_runaway *from = &c->from->runaway, *to = &c->to->runaway;
    const struct policy_difference about = {.subject = "everything",
                                            .selector = SLICE_LITERAL("*"),
                                            .from = SLICE_LITERAL("/runaway/reason"),
                                            .to = SLICE_LITERAL("/runaway/reason"),
                                            .text = SLICE_LITERAL("a grant that runs away")};
    compare_identical(c, from, to);
    compare_denials(c, from->denials, to->denials);
    if (from->set && to->set && !slice_equal(from->reason, to->reason))
        compare_tell(c, &about, POLICY_WORDING, "reason",
                     "the reason that is given is another one");
}
