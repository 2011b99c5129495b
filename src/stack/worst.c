// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The worst of ten minutes: what the limits of a policy let through at most, however calls are
// spread over time, arguments and sessions. A bound that does not surely hold is none.
#include "stack/stack_internal.h"

#include "base/table.h"

// ---- One limit

static uint64_t sliding_windows(int64_t window_ms)
{
    return (STACK_WINDOW_MS + (uint64_t)window_ms - 1) / (uint64_t)window_ms;
}

// How many whole windows' worth of charges ten minutes can see. Sliding: ten minutes are covered by
// so many windows, none of which holds more than `max`. Aligned to the clock, they may cut one
// more.
static uint64_t windows_of(const struct policy_charge *charge)
{
    if (charge->calendar_month)
        return 2;
    uint64_t whole = sliding_windows(charge->window_ms);
    return charge->sliding ? whole : whole + 1;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return a != 0 && b > (STACK_UNLIMITED - 1) / a ? STACK_UNLIMITED : a * b;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return b > STACK_UNLIMITED - a ? STACK_UNLIMITED : a + b;
}

// Rounded down; what is too large counts as unlimited.
static uint64_t whole_part(struct decimal d)
{
    __int128 value = d.coefficient;
    for (int32_t i = d.exponent; i < 0 && value != 0; i++)
        value /= 10;
    for (int32_t i = d.exponent; i > 0 && value <= (__int128)STACK_UNLIMITED && value != 0; i--)
        value *= 10;
    return value >= (__int128)STACK_UNLIMITED ? STACK_UNLIMITED : (uint64_t)value;
}

// Another session or another value of what splits it starts a count of its own; calls that come
// back with an error are given back and may be made again.
static bool holds(const struct policy_bound *bound)
{
    return !bound->splits && bound->charge.scope != POLICY_SCOPE_SESSION &&
           !bound->charge.successes_only;
}

uint64_t worst_of_bound(const struct policy_bound *bound)
{
    if (!holds(bound) || bound->sum_of.length > 0)
        return STACK_UNLIMITED;
    return multiply(windows_of(&bound->charge), whole_part(bound->charge.max));
}

uint64_t worst_of_bounds(const struct policy_bound *bounds, size_t count)
{
    uint64_t least = STACK_UNLIMITED;
    for (size_t i = 0; i < count; i++) {
        uint64_t calls = worst_of_bound(&bounds[i]);
        least = calls < least ? calls : least;
    }
    return least;
}

// Identical calls are counted as by a sliding limit that holds for all sessions; one more pauses
// the grant and does not leave.
uint64_t worst_of_fuse(const struct policy_runaway *fuse, uint64_t calls)
{
    uint64_t same = fuse == NULL
                        ? STACK_UNLIMITED
                        : multiply(sliding_windows(fuse->window_ms), (uint64_t)fuse->identical_max);
    return same < calls ? same : calls;
}

// ---- Counters that several tools share

struct counter {
    uint64_t most;    // of all that are charged to it together
    uint32_t members; // tools of the round under way
    bool counted;     // as the home of some tool of the round
};
// A tool and what bounds it: its counters, the home among them being the tightest.
struct holding {
    const struct stack_row *row;
    struct counter **counters;
    size_t count;
    struct counter *home; // NULL: bounded by nothing
};
struct world {
    struct stack_report *report;
    enum stack_when when;
    struct table table;
    struct holding *holdings;
    struct counter **all;
    size_t counter_count;
};

// Two servers never share a counter, nor do two windows, scopes or values that split it.
static struct slice key_of(struct world *w, const struct stack_row *row,
                           const struct policy_charge *charge)
{
    return arena_format(&w->report->arena, "%p %lld %d %d %d %zu %.*s %.*s",
                        (const void *)row->server, (long long)charge->window_ms, charge->sliding,
                        charge->calendar_month, (int)charge->scope, charge->counter.length,
                        SLICE_PRINT(charge->counter), SLICE_PRINT(charge->per));
}

static struct counter *counter_of(struct world *w, const struct stack_row *row,
                                  const struct policy_bound *bound)
{
    struct slice key = key_of(w, row, &bound->charge);
    if (key.data == NULL)
        return NULL;
    struct counter *counter = table_get(&w->table, key);
    if (counter == NULL) {
        counter = arena_take_zeroed(&w->report->arena, sizeof *counter);
        if (counter == NULL || table_put(&w->table, key, counter) != 0)
            return NULL;
        w->counter_count++;
    }
    uint64_t most = worst_of_bound(bound);
    counter->most = most > counter->most ? most : counter->most;
    return counter;
}

static int hold(struct world *w, const struct stack_row *row, struct holding *ret)
{
    const struct stack_view *view = &row->views[w->when];
    uint64_t least = STACK_UNLIMITED;
    *ret = (struct holding){.row = row};
    ret->counters = arena_take(&w->report->arena, (view->bound_count + 1) * sizeof *ret->counters);
    if (ret->counters == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < view->bound_count; i++) {
        uint64_t calls = worst_of_bound(&view->bounds[i]);
        if (calls == STACK_UNLIMITED)
            continue;
        struct counter *counter = counter_of(w, row, &view->bounds[i]);
        if (counter == NULL)
            return ERROR_NO_MEMORY;
        ret->counters[ret->count++] = counter;
        if (calls < least)
            ret->home = counter;
        least = calls < least ? calls : least;
    }
    return 0;
}

// ---- A category, or all

static bool is_of(const struct holding *holding, size_t category)
{
    return category == STACK_ALL_CATEGORIES || (size_t)holding->row->tool->category == category;
}

static void count_endless(const struct stack_view *view, struct stack_worst *ret)
{
    ret->endless++;
    if (view->same == STACK_UNLIMITED)
        return;
    ret->fused++;
    ret->same = view->same > ret->same ? view->same : ret->same;
}

static void count_tool(const struct world *w, struct holding *holding, struct stack_worst *ret)
{
    const struct stack_row *row = holding->row;
    ret->tools++;
    ret->asking += row->views[w->when].outcome == STACK_ASKS;
    if (!row_is_open(row, w->when))
        return;
    ret->open++;
    if (row->views[w->when].calls == STACK_UNLIMITED)
        count_endless(&row->views[w->when], ret);
    for (size_t i = 0; i < holding->count; i++)
        holding->counters[i]->members++;
}

// Every call is charged to the home of its tool, so the homes bound all of them together. `beside`
// leaves out what is charged to that counter, too.
static uint64_t sum_of_homes(const struct world *w, size_t category, const struct counter *beside)
{
    uint64_t sum = beside == NULL ? 0 : beside->most;
    for (size_t i = 0; i < w->report->count; i++) {
        struct holding *holding = &w->holdings[i];
        bool covered = false;
        for (size_t k = 0; k < holding->count; k++)
            covered = covered || holding->counters[k] == beside;
        if (!is_of(holding, category) || covered || holding->home == NULL ||
            !row_is_open(holding->row, w->when) || holding->home->counted)
            continue;
        holding->home->counted = true;
        sum = add(sum, holding->home->most);
    }
    for (size_t i = 0; i < w->report->count; i++)
        if (w->holdings[i].home != NULL)
            w->holdings[i].home->counted = false;
    return sum;
}

// Counters over many tools are few; only those that are tried can make the bound tighter.
static uint64_t tightest(const struct world *w, size_t category, uint64_t sum)
{
    enum { TRIED_MOST = 64 };
    size_t tried = 0;
    for (size_t i = 0; i < w->counter_count && tried < TRIED_MOST; i++) {
        if (w->all[i]->members < 2)
            continue;
        uint64_t other = sum_of_homes(w, category, w->all[i]);
        sum = other < sum ? other : sum;
        tried++;
    }
    return sum;
}

static void look_at_category(struct world *w, size_t category)
{
    struct stack_worst *worst = &w->report->worst[w->when][category];
    *worst = (struct stack_worst){0};
    for (size_t i = 0; i < w->counter_count; i++)
        w->all[i]->members = 0;
    for (size_t i = 0; i < w->report->count; i++)
        if (is_of(&w->holdings[i], category))
            count_tool(w, &w->holdings[i], worst);
    worst->calls = STACK_UNLIMITED;
    if (worst->endless == 0)
        worst->calls = tightest(w, category, sum_of_homes(w, category, NULL));
}

// ---- Amounts

static bool times(struct decimal d, uint64_t factor, struct decimal *ret)
{
    struct decimal sum = decimal_from_integer(0);
    for (; factor > 0; factor >>= 1) {
        if ((factor & 1) != 0 && decimal_add(sum, d, &sum) != 0)
            return false;
        if (factor > 1 && decimal_add(d, d, &d) != 0)
            return false;
    }
    *ret = sum;
    return true;
}

static bool sum_of_bound(const struct stack_row *row, const struct policy_bound *bound,
                         struct decimal *ret)
{
    uint64_t calls = row->views[STACK_NOW].calls;
    struct decimal by_calls;
    bool known = holds(bound) && times(bound->charge.max, windows_of(&bound->charge), ret);
    if (!bound->has_most || calls == STACK_UNLIMITED || !times(bound->most, calls, &by_calls))
        return known;
    if (!known || decimal_compare(by_calls, *ret) < 0)
        *ret = by_calls;
    return !decimal_is_negative(*ret);
}

static int look_at_sums(struct stack_report *report)
{
    size_t most = 0;
    for (size_t i = 0; i < report->count; i++)
        most += report->rows[i].views[STACK_NOW].bound_count;
    report->sums = arena_take(&report->arena, (most + 1) * sizeof *report->sums);
    if (report->sums == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < report->count; i++) {
        const struct stack_row *row = &report->rows[i];
        const struct stack_view *view = &row->views[STACK_NOW];
        for (size_t k = 0; k < view->bound_count && row_is_open(row, STACK_NOW); k++) {
            struct stack_sum sum = {.row = row, .bound = &view->bounds[k]};
            if (sum.bound->sum_of.length > 0 && sum_of_bound(row, sum.bound, &sum.most))
                report->sums[report->sum_count++] = sum;
        }
    }
    return 0;
}

// ---- The whole

static void keep_counter(void *argument, struct slice key, void *value)
{
    struct world *w = argument;
    (void)key;
    w->all[w->counter_count++] = value;
}

static int gather(struct world *w)
{
    struct stack_report *report = w->report;
    w->holdings = arena_take(&report->arena, (report->count + 1) * sizeof *w->holdings);
    if (w->holdings == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < report->count; i++) {
        int result = hold(w, &report->rows[i], &w->holdings[i]);
        if (result != 0)
            return result;
    }
    w->all = arena_take(&report->arena, (w->counter_count + 1) * sizeof(struct counter *));
    if (w->all == NULL)
        return ERROR_NO_MEMORY;
    w->counter_count = 0;
    table_each(&w->table, keep_counter, w);
    return 0;
}

int worst_look(struct stack_report *report, enum stack_when when)
{
    struct world w = {.report = report, .when = when};
    table_init(&w.table);
    int result = gather(&w);
    for (size_t category = 0; category < STACK_CATEGORIES && result == 0; category++)
        look_at_category(&w, category);
    table_release(&w.table);
    return result != 0 || when != STACK_NOW ? result : look_at_sums(report);
}

static void say_fused(struct buffer *out, const struct stack_worst *worst)
{
    if (worst->fused == 0)
        return;
    buffer_append_string(out, " (");
    if (worst->fused < worst->endless)
        buffer_append_format(out, "%u of them: ", worst->fused);
    buffer_append_format(out, "at most %llu with the same arguments)",
                         (unsigned long long)worst->same);
}

void stack_say_worst(struct buffer *out, const struct stack_worst *worst)
{
    const char *before = "";
    uint32_t denied = worst->tools - worst->open - worst->asking;
    if (worst->endless > 0) {
        buffer_append_format(out, "any number of calls of %u tool%s", worst->endless,
                             worst->endless == 1 ? "" : "s");
        say_fused(out, worst);
        before = ", ";
    }
    if (worst->open > worst->endless) {
        buffer_append_format(out, "%s", before);
        if (worst->endless == 0)
            buffer_append_format(out, "at most %llu call%s of %u tool%s",
                                 (unsigned long long)worst->calls, worst->calls == 1 ? "" : "s",
                                 worst->open, worst->open == 1 ? "" : "s");
        else
            buffer_append_format(out, "calls of %u under limits", worst->open - worst->endless);
        before = ", ";
    }
    if (worst->asking > 0) {
        buffer_append_format(out, "%scalls of %u only with a person", before, worst->asking);
        before = ", ";
    }
    if (denied > 0)
        buffer_append_format(out, "%s%u denied", before, denied);
    if (worst->tools == 0)
        buffer_append_string(out, "no such tool");
}
