// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between the limits of two rules. Limits that count the same are compared by what
// they allow; one that counts otherwise is another limit.
#include "policy/compare_internal.h"

static bool is_rate_limit(const struct limit *limit)
{
    return limit->charge.counter.length > 0 && limit->charge.counter.data[0] == '/';
}

static bool same_counter(const struct limit *a, const struct limit *b)
{
    return is_rate_limit(a) ? is_rate_limit(b) : slice_equal(a->charge.counter, b->charge.counter);
}

static bool counts_alike(const struct limit *a, const struct limit *b)
{
    return same_counter(a, b) && a->charge.calendar_month == b->charge.calendar_month &&
           a->charge.window_ms == b->charge.window_ms && a->charge.sliding == b->charge.sliding &&
           a->charge.scope == b->charge.scope &&
           a->charge.successes_only == b->charge.successes_only &&
           a->has_increment == b->has_increment && a->has_per == b->has_per &&
           a->as_number == b->as_number && slice_equal(a->increment.text, b->increment.text) &&
           slice_equal(a->per.text, b->per.text);
}

struct slice compare_describe_limit(struct comparison *c, const struct limit *limit)
{
    char max[DECIMAL_TEXT_SIZE], window[WINDOW_WORDS];
    decimal_format(limit->charge.max, max);
    words_window(limit->charge.window_ms, limit->charge.calendar_month, window);
    struct slice text = arena_format(
        c->arena, "%s %.*s per %s of a %s%s%s%.*s%s%s", max,
        limit->has_increment ? (int)limit->increment.text.length : 5,
        limit->has_increment ? limit->increment.text.data : "calls", window,
        policy_scope_name(limit->charge.scope),
        limit->charge.sliding ? "" : ", aligned to the clock", limit->has_per ? ", for each " : "",
        limit->has_per ? (int)limit->per.text.length : 0,
        limit->has_per ? limit->per.text.data : "", limit->as_number ? ", texts too" : "",
        limit->charge.successes_only ? ", successes alone" : "");
    c->no_memory = c->no_memory || text.data == NULL;
    return text.data == NULL ? SLICE_LITERAL("") : text;
}

static void tell_one(struct comparison *c, const struct policy_difference *about,
                     const struct limit *limit, bool added)
{
    struct policy_difference one = *about;
    *(added ? &one.to : &one.from) = limit->charge.rule;
    compare_tell(c, &one, added ? POLICY_TIGHTENED : POLICY_LOOSENED,
                 added ? "limit_added" : "limit_removed",
                 added ? "at most %.*s" : "no longer at most %.*s",
                 SLICE_PRINT(compare_describe_limit(c, limit)));
}

static void tell_pair(struct comparison *c, const struct policy_difference *about,
                      const struct limit *from, const struct limit *to)
{
    struct policy_difference one = *about;
    int order = decimal_compare(from->charge.max, to->charge.max);
    one.from = from->charge.rule;
    one.to = to->charge.rule;
    bool alike = counts_alike(from, to);
    bool apart = is_rate_limit(from) && !slice_equal(from->charge.counter, to->charge.counter);
    if (alike && order == 0 && apart)
        compare_tell(c, &one, POLICY_ALTERED, "limit_changed",
                     "is counted apart from what the former rule counted: at most %.*s",
                     SLICE_PRINT(compare_describe_limit(c, to)));
    if (alike && order == 0) {
        if (!slice_equal(from->charge.on_deny, to->charge.on_deny))
            compare_tell(c, &one, POLICY_WORDING, "on_deny", "a limit is explained otherwise");
        return;
    }
    compare_tell(c, &one,
                 !alike      ? POLICY_ALTERED
                 : order < 0 ? POLICY_LOOSENED
                             : POLICY_TIGHTENED,
                 !alike      ? "limit_changed"
                 : order < 0 ? "limit_raised"
                             : "limit_lowered",
                 "was at most %.*s, is at most %.*s", SLICE_PRINT(compare_describe_limit(c, from)),
                 SLICE_PRINT(compare_describe_limit(c, to)));
}

static size_t find(const struct limits *limits, const bool *taken, const struct limit *wanted,
                   bool exactly)
{
    for (size_t i = 0; i < limits->count; i++)
        if (!taken[i] && (exactly ? counts_alike(wanted, &limits->items[i])
                                  : same_counter(wanted, &limits->items[i])))
            return i;
    return SIZE_MAX;
}

// First those that count alike, then those of one name.
static void pair_up(struct comparison *c, const struct policy_difference *about,
                    const struct limits *from, const struct limits *to, bool *gone, bool *come,
                    bool exactly)
{
    for (size_t i = 0; i < from->count; i++) {
        size_t j = gone[i] ? SIZE_MAX : find(to, come, &from->items[i], exactly);
        if (j == SIZE_MAX)
            continue;
        gone[i] = come[j] = true;
        tell_pair(c, about, &from->items[i], &to->items[j]);
    }
}

void compare_limits(struct comparison *c, const struct policy_difference *about,
                    const struct limits *from, const struct limits *to)
{
    bool *gone = arena_take_zeroed(c->arena, from->count + 1);
    bool *come = arena_take_zeroed(c->arena, to->count + 1);
    if (gone == NULL || come == NULL) {
        c->no_memory = true;
        return;
    }
    // What only observes lets through what it is about, as if it were not there.
    for (size_t i = 0; i < from->count; i++)
        gone[i] = from->items[i].observe;
    for (size_t j = 0; j < to->count; j++)
        come[j] = to->items[j].observe;
    pair_up(c, about, from, to, gone, come, true);
    pair_up(c, about, from, to, gone, come, false);
    for (size_t i = 0; i < from->count; i++)
        if (!gone[i])
            tell_one(c, about, &from->items[i], false);
    for (size_t j = 0; j < to->count; j++)
        if (!come[j])
            tell_one(c, about, &to->items[j], true);
}
