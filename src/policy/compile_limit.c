// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Limits of a document, and what a call would be charged under them.
#include "policy/compile_internal.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
static const int64_t WEEK = 7 * (int64_t)DAY;
// A sliding month is the longest one: never more than `max` in any month.
static const int64_t MONTH = 31 * (int64_t)DAY;
static const int64_t DURATION_MAX = 366 * (int64_t)DAY;

// ---- Durations and windows

static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 's': return SECOND;
    case 'm': return MINUTE;
    case 'h': return HOUR;
    case 'd': return DAY;
    default: return 0;
    }
}

// "90s"; 0 when it is none or beyond DURATION_MAX.
static int64_t parse_duration(struct slice text)
{
    int64_t value = 0;
    if (text.length < 2 || text.length > 9 || text.data[0] == '0')
        return 0;
    for (size_t i = 0; i + 1 < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        value = value * 10 + (text.data[i] - '0');
    }
    value *= unit_ms(text.data[text.length - 1]);
    return value <= DURATION_MAX ? value : 0;
}

bool compile_duration(struct compiler *c, uint32_t node, const char *what, int64_t *ret_ms)
{
    int64_t value = 0;
    if (json_type(c->doc, node) == JSON_NUMBER) {
        if (json_integer(c->doc, node, &value) == 0 && value > 0 &&
            value <= DURATION_MAX / SECOND) {
            *ret_ms = value * SECOND;
            return true;
        }
    } else if (json_type(c->doc, node) == JSON_STRING) {
        value = parse_duration(compile_string(c, node, what));
        if (value > 0) {
            *ret_ms = value;
            return true;
        }
    }
    compile_error(c, node,
                  "%s must be a duration such as \"90s\", \"15m\", \"2h\", \"1d\" or whole "
                  "seconds, at most 366 days",
                  what);
    return false;
}

static const struct {
    const char *name;
    int64_t ms;
} windows[] = {{"second", SECOND}, {"minute", MINUTE}, {"hour", HOUR}, {"day", DAY}};

void compile_window(struct compiler *c, uint32_t node, struct policy_charge *ret)
{
    ret->window_ms = SECOND;
    if (json_type(c->doc, node) == JSON_STRING) {
        struct slice name = compile_string(c, node, "'window'");
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
            if (slice_equal_string(name, windows[i].name)) {
                ret->window_ms = windows[i].ms;
                return;
            }
        if (slice_equal_string(name, "week")) {
            ret->window_ms = WEEK;
            return;
        }
        if (slice_equal_string(name, "month")) {
            ret->window_ms = MONTH;
            ret->calendar_month = true; // kept only for fixed windows
            return;
        }
        static const char *const names[] = {"second", "minute", "hour", "day",
                                            "week",   "month",  NULL};
        const char *nearest = parse_duration(name) > 0 ? NULL : compile_nearest(name, names);
        if (nearest != NULL) {
            compile_error(c, node, "unknown window '%.40s'; did you mean '%s'?", name.data,
                          nearest);
            return;
        }
    }
    compile_duration(c, node, "'window'", &ret->window_ms);
}

// ---- The parts of a limit

static void compile_max(struct compiler *c, uint32_t node, struct decimal *ret)
{
    if (!compile_expect(c, node, JSON_NUMBER, "'max'"))
        return;
    if (decimal_parse(json_raw(c->doc, node), ret) != 0)
        compile_error(c, node, "'max' has more than 36 significant digits or is out of range");
    else if (decimal_is_negative(*ret))
        compile_error(c, node, "'max' must not be negative");
    else if (decimal_is_zero(*ret))
        compile_warning(c, node, "'max' is 0: nothing is ever permitted");
}

static void compile_counter(struct compiler *c, uint32_t node, struct slice where,
                            struct policy_charge *ret)
{
    ret->counter = compile_string(c, node, "'counter'");
    if (ret->counter.data == NULL)
        return;
    if (ret->counter.length == 0 || ret->counter.data[0] == '/')
        compile_error(c, node, "a counter's name must not be empty nor start with '/'");
    ret->rule = compile_pointer(c, where, ret->counter);
}

static bool compile_limit_path(struct compiler *c, uint32_t node, const char *what,
                               struct path *ret)
{
    if (!compile_path(c, node, ret))
        return false;
    if (ret->each)
        compile_error(c, node, "%s must lead to one value; [*] is not possible here", what);
    return !ret->each;
}

static void compile_amount_path(struct compiler *c, uint32_t node, struct path *ret)
{
    if (compile_limit_path(c, node, "'increment_from'", ret) && ret->root != ROOT_ARGS)
        compile_error(c, node, "'increment_from' must lead to an argument (args...)");
}

static void compile_choices(struct compiler *c, uint32_t node, struct limit *ret)
{
    static const char *const scopes[] = {"grant", "session", "server", "organisation", NULL};
    static const char *const algorithms[] = {"sliding", "fixed", NULL};
    static const char *const counts[] = {"all", "successes", NULL};
    static const char *const types[] = {"number", NULL};
    uint32_t scope = json_get(c->doc, node, "scope"), as = json_get(c->doc, node, "as");
    uint32_t algorithm = json_get(c->doc, node, "algorithm");
    uint32_t count = json_get(c->doc, node, "count");
    struct policy_charge *charge = &ret->charge;
    if (scope != JSON_NONE) {
        int choice = compile_choice(c, scope, "'scope'", scopes);
        charge->scope = choice < 0 ? POLICY_SCOPE_GRANT : (enum policy_scope)choice;
    }
    charge->sliding =
        algorithm == JSON_NONE || compile_choice(c, algorithm, "'algorithm'", algorithms) != 1;
    charge->successes_only = count != JSON_NONE && compile_choice(c, count, "'count'", counts) == 1;
    ret->as_number = as != JSON_NONE && compile_choice(c, as, "'as'", types) == 0;
    if (as != JSON_NONE && !ret->has_increment)
        compile_error(c, as, "'as' goes with 'increment_from' only");
}

static void default_sentence(struct compiler *c, struct limit *limit, bool rate_limit)
{
    char max[DECIMAL_TEXT_SIZE], window[WINDOW_WORDS];
    struct policy_charge *charge = &limit->charge;
    if (charge->on_deny.length > 0 || charge->counter.data == NULL)
        return;
    decimal_format(charge->max, max);
    words_window(charge->window_ms, charge->calendar_month, window);
    if (rate_limit)
        charge->on_deny = compile_format(c, "Rate limit: at most %s calls per %s.", max, window);
    else
        charge->on_deny =
            compile_format(c, "Limit '%.100s': at most %s%s per %s.", charge->counter.data, max,
                           limit->has_increment ? "" : " calls", window);
}

// A counter's name, at most so much of it.
static void note_name(struct buffer *out, struct slice name)
{
    enum { NOTED_MAX = 128 };
    size_t length = name.length < NOTED_MAX ? name.length : NOTED_MAX;
    while (length < name.length && length > 0 && ((unsigned char)name.data[length] & 0xC0) == 0x80)
        length--;
    json_write_string(out, slice_of(name.data, length));
    if (length == name.length || out->failed)
        return;
    out->length--; // the closing quote
    buffer_append_string(out, "\xE2\x80\xA6\"");
}

// Made here, so that a call that is counted need not.
static void note_limit(struct compiler *c, struct policy_charge *charge)
{
    char max[DECIMAL_TEXT_SIZE];
    struct buffer out;
    buffer_init(&out, 0);
    decimal_format(charge->max, max);
    buffer_append_string(&out, "{\"counter\":");
    note_name(&out, charge->counter);
    buffer_append_format(&out,
                         ",\"scope\":\"%s\",\"window_seconds\":", policy_scope_name(charge->scope));
    if (charge->calendar_month)
        buffer_append_string(&out, "null");
    else
        json_write_integer(&out, charge->window_ms / SECOND);
    buffer_append_format(&out, ",\"max\":\"%s\"", max);
    charge->noted = compile_format(c, "%.*s", SLICE_PRINT(buffer_slice(&out)));
    c->no_memory = c->no_memory || out.failed;
    buffer_release(&out);
}

static void finish_limit(struct compiler *c, uint32_t node, struct limit *ret, bool rate_limit)
{
    uint32_t on_deny = json_get(c->doc, node, "on_deny");
    if (on_deny != JSON_NONE)
        ret->charge.on_deny = compile_string(c, on_deny, "'on_deny'");
    default_sentence(c, ret, rate_limit);
    ret->charge.calendar_month &= !ret->charge.sliding;
    ret->charge.amount = decimal_from_integer(1);
    note_limit(c, &ret->charge);
}

static void compile_limit(struct compiler *c, uint32_t node, struct slice where, size_t index,
                          struct limit *ret)
{
    static const char *const keys[] = {"counter",        "window",  "max",  "scope",
                                       "increment_from", "per",     "as",   "algorithm",
                                       "count",          "on_deny", "mode", NULL};
    *ret = (struct limit){.node = node, .charge.sliding = true};
    if (!compile_expect(c, node, JSON_OBJECT, "a limit"))
        return;
    compile_keys(c, node, compile_pointer_index(c, where, index), keys);
    ret->observe = compile_mode(c, node);
    uint32_t counter = json_get(c->doc, node, "counter"), max = json_get(c->doc, node, "max");
    uint32_t window = json_get(c->doc, node, "window"), per = json_get(c->doc, node, "per");
    uint32_t increment = json_get(c->doc, node, "increment_from");
    if (counter == JSON_NONE || window == JSON_NONE || max == JSON_NONE)
        compile_error(c, node, "a limit needs 'counter', 'window' and 'max'");
    if (counter != JSON_NONE)
        compile_counter(c, counter, where, &ret->charge);
    if (window != JSON_NONE)
        compile_window(c, window, &ret->charge);
    if (max != JSON_NONE)
        compile_max(c, max, &ret->charge.max);
    ret->has_increment = ret->charge.sums = increment != JSON_NONE;
    if (increment != JSON_NONE)
        compile_amount_path(c, increment, &ret->increment);
    ret->has_per = per != JSON_NONE && compile_limit_path(c, per, "'per'", &ret->per);
    compile_choices(c, node, ret);
    finish_limit(c, node, ret, false);
}

// The counter of a rate limit is named after its place, so no other rule can share it.
static void compile_rate_limit(struct compiler *c, uint32_t node, struct slice where,
                               struct limit *ret)
{
    static const char *const keys[] = {"max", "window", "on_deny", "mode", NULL};
    *ret = (struct limit){.node = node};
    if (!compile_expect(c, node, JSON_OBJECT, "'rate_limit'"))
        return;
    struct policy_charge *charge = &ret->charge;
    charge->rule = charge->counter = compile_pointer(c, where, SLICE_LITERAL("rate_limit"));
    charge->scope = POLICY_SCOPE_SESSION;
    charge->sliding = true;
    compile_keys(c, node, charge->rule, keys);
    ret->observe = compile_mode(c, node);
    uint32_t max = json_get(c->doc, node, "max"), window = json_get(c->doc, node, "window");
    if (max == JSON_NONE || window == JSON_NONE)
        compile_error(c, node, "'rate_limit' needs 'max' and 'window'");
    if (max != JSON_NONE)
        compile_max(c, max, &charge->max);
    if (window != JSON_NONE)
        compile_window(c, window, charge);
    finish_limit(c, node, ret, true);
}

static bool same_window(const struct policy_charge *a, const struct policy_charge *b)
{
    return a->window_ms == b->window_ms && a->sliding == b->sliding &&
           a->calendar_month == b->calendar_month;
}

static void check_twins(struct compiler *c, const struct limit *items, size_t count)
{
    const struct limit *last = &items[count - 1];
    for (size_t i = 0; i + 1 < count && last->charge.counter.length > 0; i++)
        if (slice_equal(items[i].charge.counter, last->charge.counter) &&
            same_window(&items[i].charge, &last->charge)) {
            compile_error(c, last->node,
                          "counter '%.100s' is used twice in this rule; give each its own name",
                          last->charge.counter.data);
            return;
        }
}

void compile_limits(struct compiler *c, uint32_t limits, uint32_t rate_limit, struct slice where,
                    struct limits *ret)
{
    bool list = limits != JSON_NONE && compile_expect(c, limits, JSON_ARRAY, "'limits'");
    size_t count = (list ? json_at(c->doc, limits)->count : 0) + 1;
    struct limit *items = compile_take(c, count, sizeof(struct limit));
    if (items == NULL)
        return;
    ret->items = items;
    if (rate_limit != JSON_NONE)
        compile_rate_limit(c, rate_limit, where, &items[ret->count++]);
    if (!list)
        return;
    struct slice pointer = compile_pointer(c, where, SLICE_LITERAL("limits"));
    size_t index = 0;
    for (uint32_t element = json_first_element(c->doc, limits); element != JSON_NONE;
         element = json_next_element(c->doc, limits, element)) {
        compile_limit(c, element, pointer, index++, &items[ret->count++]);
        check_twins(c, items, ret->count);
    }
}

// ---- Counters that several rules share

// One name over two windows is two counters, which is seldom what the name promises.
static void check_shared(struct compiler *c, struct table *seen, const struct limit *limit)
{
    const struct policy_charge *charge = &limit->charge;
    if (charge->counter.data == NULL || charge->rule.data == NULL)
        return;
    const struct limit *first = table_get(seen, charge->counter);
    if (first == NULL) {
        if (table_put(seen, charge->counter, (void *)limit) != 0)
            c->no_memory = true;
    } else if (!same_window(&first->charge, charge)) {
        compile_warning(c, limit->node,
                        "counter '%.80s' has another window or algorithm in %.150s; the two are "
                        "counted apart, so names of their own are clearer",
                        charge->counter.data, first->charge.rule.data);
    } else if (first->has_increment != limit->has_increment) {
        compile_warning(c, limit->node,
                        "counter '%.80s' counts calls in one place and sums amounts in another "
                        "(%.150s)",
                        charge->counter.data, first->charge.rule.data);
    }
}

static void check_limits(struct compiler *c, struct table *seen, const struct limits *limits)
{
    for (size_t i = 0; i < limits->count; i++)
        check_shared(c, seen, &limits->items[i]);
}

void compile_shared_counters(struct compiler *c)
{
    const struct policy *policy = c->policy;
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    struct table seen;
    table_init(&seen);
    check_limits(c, &seen, &policy->all_tools.limits);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (size_t j = 0; j < sections[i]->count; j++)
            check_limits(c, &seen, &sections[i]->entries[j].rule.limits);
    table_release(&seen);
}

// ---- More limits than one call can be charged to

static size_t enforced(const struct limits *limits)
{
    size_t count = 0;
    for (size_t i = 0; i < limits->count; i++)
        count += !limits->items[i].observe;
    return count;
}

// `others`: those that apply besides. A rule that lets no call through is never charged.
static bool check_count(struct compiler *c, const struct rule *rule, size_t others)
{
    size_t own = enforced(&rule->limits);
    bool passes = rule->action != ACTION_DENY && rule->action != ACTION_HIDE;
    if (!passes || own + others <= POLICY_CHARGES_MAX)
        return true;
    compile_error(c, rule->node,
                  "%zu limits apply to one call here%s; under more than %d of them every call is "
                  "denied",
                  own + others, others > 0 ? " together with those of 'all_tools'" : "",
                  POLICY_CHARGES_MAX);
    return false;
}

void compile_count_limits(struct compiler *c)
{
    const struct policy *policy = c->policy;
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    size_t all = enforced(&policy->all_tools.limits);
    if (!check_count(c, &policy->all_tools, 0))
        all = 0; // said once
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (size_t j = 0; j < sections[i]->count; j++)
            check_count(c, &sections[i]->entries[j].rule, i == 0 ? all : 0);
}
