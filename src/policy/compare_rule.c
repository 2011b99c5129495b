// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two rules under which calls are possible: their predicates, results and
// sentences.
#include "policy/compare_internal.h"

enum { QUOTE_MAX = 160 };

static struct slice canonical(struct comparison *c, const struct policy *policy, uint32_t node)
{
    struct buffer out;
    struct slice copy = {0};
    buffer_init(&out, 0);
    if (json_write_canonical(&out, &policy->doc, node) == 0 && !out.failed)
        copy = arena_copy(c->arena, buffer_slice(&out));
    buffer_release(&out);
    c->no_memory = c->no_memory || copy.data == NULL;
    return copy.data == NULL ? SLICE_LITERAL("") : copy;
}

bool compare_same(struct comparison *c, uint32_t from, uint32_t to)
{
    if (from == JSON_NONE || to == JSON_NONE)
        return from == to;
    return slice_equal(canonical(c, c->from, from), canonical(c, c->to, to));
}

struct slice compare_quote(struct comparison *c, const struct policy *policy, uint32_t node)
{
    if (node == JSON_NONE)
        return SLICE_LITERAL("nothing");
    struct slice text = canonical(c, policy, node);
    size_t length = QUOTE_MAX;
    if (text.length <= length)
        return text;
    while (length > 0 && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length--;
    struct slice cut = arena_format(c->arena, "%.*s…", (int)length, text.data);
    return cut.data == NULL ? SLICE_LITERAL("") : cut;
}

static uint32_t member(const struct policy *policy, uint32_t object, const char *name)
{
    return object == JSON_NONE ? JSON_NONE : json_get(&policy->doc, object, name);
}

// ---- In which direction one condition differs

enum direction { DIRECTION_UNKNOWN, DIRECTION_WIDER, DIRECTION_NARROWER }; // what satisfies it

static bool is_one_of(struct comparison *c, const struct policy *policy, uint32_t element,
                      const struct policy *list_policy, uint32_t list)
{
    struct slice wanted = canonical(c, policy, element);
    for (uint32_t item = json_first_element(&list_policy->doc, list); item != JSON_NONE;
         item = json_next_element(&list_policy->doc, list, item))
        if (slice_equal(canonical(c, list_policy, item), wanted))
            return true;
    return false;
}

static bool list_within(struct comparison *c, const struct policy *policy, uint32_t list,
                        const struct policy *other_policy, uint32_t other)
{
    for (uint32_t item = json_first_element(&policy->doc, list); item != JSON_NONE;
         item = json_next_element(&policy->doc, list, item))
        if (!is_one_of(c, policy, item, other_policy, other))
            return false;
    return true;
}

static enum direction direction_of_list(struct comparison *c, uint32_t from, uint32_t to)
{
    if (json_at(&c->from->doc, from)->count * (size_t)json_at(&c->to->doc, to)->count > 10000)
        return DIRECTION_UNKNOWN;
    if (list_within(c, c->from, from, c->to, to))
        return DIRECTION_WIDER;
    return list_within(c, c->to, to, c->from, from) ? DIRECTION_NARROWER : DIRECTION_UNKNOWN;
}

static enum direction turned(enum direction direction, bool really)
{
    if (!really || direction == DIRECTION_UNKNOWN)
        return direction;
    return direction == DIRECTION_WIDER ? DIRECTION_NARROWER : DIRECTION_WIDER;
}

static enum direction direction_of(struct comparison *c, const struct condition *from,
                                   const struct condition *to)
{
    if (from->op != to->op || from->as_number != to->as_number || from->value == JSON_NONE ||
        to->value == JSON_NONE || !slice_equal(from->path.text, to->path.text))
        return DIRECTION_UNKNOWN;
    bool below = from->op == OP_LT || from->op == OP_LTE || from->op == OP_LENGTH_LT ||
                 from->op == OP_LENGTH_LTE;
    bool above = from->op == OP_GT || from->op == OP_GTE || from->op == OP_LENGTH_GT ||
                 from->op == OP_LENGTH_GTE;
    bool listed = from->op == OP_IN || from->op == OP_NOT_IN;
    if (listed)
        return turned(direction_of_list(c, from->value, to->value), from->op == OP_NOT_IN);
    if (!below && !above)
        return DIRECTION_UNKNOWN;
    int order = decimal_compare_text(json_raw(&c->from->doc, from->value),
                                     json_raw(&c->to->doc, to->value));
    return turned(order < 0 ? DIRECTION_WIDER : DIRECTION_NARROWER, above);
}

// When all conditions but one are the same.
static enum direction direction_of_predicate(struct comparison *c, const struct predicate *from,
                                             const struct predicate *to, uint32_t from_node,
                                             uint32_t to_node)
{
    enum direction found = DIRECTION_UNKNOWN;
    size_t others = 0;
    uint32_t a = json_first_element(&c->from->doc, from_node);
    uint32_t b = json_first_element(&c->to->doc, to_node);
    if (from->count != to->count)
        return DIRECTION_UNKNOWN;
    for (size_t i = 0; i < from->count; i++) {
        if (!compare_same(c, a, b)) {
            found = direction_of(c, &from->conditions[i], &to->conditions[i]);
            others++;
        }
        a = json_next_element(&c->from->doc, from_node, a);
        b = json_next_element(&c->to->doc, to_node, b);
    }
    return others == 1 ? found : DIRECTION_UNKNOWN;
}

// ---- Predicates

struct list { // of one side
    const struct policy *policy;
    const struct predicates *predicates;
    uint32_t *conditions; // nodes, by predicate
    struct slice *texts;  // their canonical JSON
    bool *matched;
};

static bool open_list(struct comparison *c, const struct treatment *side, const char *name,
                      const struct predicates *predicates, struct list *ret)
{
    uint32_t node = member(side->policy, side->node, name);
    *ret = (struct list){.policy = side->policy, .predicates = predicates};
    if (predicates->count == 0)
        return true;
    ret->conditions = arena_take_zeroed(c->arena, predicates->count * sizeof *ret->conditions);
    ret->texts = arena_take_zeroed(c->arena, predicates->count * sizeof *ret->texts);
    ret->matched = arena_take_zeroed(c->arena, predicates->count * sizeof *ret->matched);
    if (ret->conditions == NULL || ret->texts == NULL || ret->matched == NULL) {
        c->no_memory = true;
        return false;
    }
    uint32_t element = json_first_element(&side->policy->doc, node);
    for (size_t i = 0; i < predicates->count; i++) {
        ret->conditions[i] = member(side->policy, element, "conditions");
        ret->texts[i] = canonical(c, side->policy, ret->conditions[i]);
        element = json_next_element(&side->policy->doc, node, element);
    }
    return true;
}

// How a list counts: predicates of `require` narrow what passes, those of the others let through
// what does not satisfy them.
struct list_kind {
    const char *name, *what;
    bool more_is_looser; // what satisfies a predicate passes
};

static void tell_predicate(struct comparison *c, const struct policy_difference *about,
                           const struct list_kind *kind, bool added, const struct list *list,
                           size_t place)
{
    struct policy_difference one = *about;
    *(added ? &one.to : &one.from) = list->predicates->items[place].pointer;
    compare_tell(c, &one, added ? POLICY_TIGHTENED : POLICY_LOOSENED,
                 added ? "condition_added" : "condition_removed", "%s %s: %.*s", kind->what,
                 added ? "from now on" : "no longer",
                 SLICE_PRINT(compare_quote(c, list->policy, list->conditions[place])));
}

static void tell_change(struct comparison *c, const struct policy_difference *about,
                        const struct list_kind *kind, const struct list *from, size_t i,
                        const struct list *to, size_t j)
{
    struct policy_difference one = *about;
    const struct predicate *a = &from->predicates->items[i], *b = &to->predicates->items[j];
    enum direction direction =
        direction_of_predicate(c, a, b, from->conditions[i], to->conditions[j]);
    bool looser = (direction == DIRECTION_WIDER) == kind->more_is_looser;
    one.from = a->pointer;
    one.to = b->pointer;
    compare_tell(c, &one,
                 direction == DIRECTION_UNKNOWN ? POLICY_ALTERED
                 : looser                       ? POLICY_LOOSENED
                                                : POLICY_TIGHTENED,
                 "condition_changed", "%s: was %.*s, is %.*s", kind->what,
                 SLICE_PRINT(compare_quote(c, from->policy, from->conditions[i])),
                 SLICE_PRINT(compare_quote(c, to->policy, to->conditions[j])));
}

static void match_same(struct comparison *c, const struct policy_difference *about,
                       struct list *from, struct list *to)
{
    for (size_t i = 0; i < from->predicates->count; i++)
        for (size_t j = 0; j < to->predicates->count && !from->matched[i]; j++) {
            const struct predicate *a = &from->predicates->items[i];
            const struct predicate *b = &to->predicates->items[j];
            if (to->matched[j] || !slice_equal(from->texts[i], to->texts[j]))
                continue;
            from->matched[i] = to->matched[j] = true;
            struct policy_difference one = *about;
            one.from = a->pointer;
            one.to = b->pointer;
            if (!slice_equal(a->on_deny, b->on_deny))
                compare_tell(c, &one, POLICY_WORDING, "on_deny",
                             "a condition is explained otherwise: %.*s",
                             SLICE_PRINT(compare_quote(c, to->policy, to->conditions[j])));
        }
}

// The one that an unmatched predicate became: of the same id, or else at the same place.
static size_t partner_of(const struct list *from, size_t i, const struct list *to)
{
    const struct predicate *a = &from->predicates->items[i];
    for (size_t j = 0; j < to->predicates->count; j++)
        if (!to->matched[j] && a->id.length > 0 && slice_equal(a->id, to->predicates->items[j].id))
            return j;
    return i < to->predicates->count && !to->matched[i] &&
                   (a->id.length == 0 || to->predicates->items[i].id.length == 0)
               ? i
               : SIZE_MAX;
}

static void compare_list(struct comparison *c, const struct policy_difference *about,
                         const struct list_kind *kind, struct list *from, struct list *to)
{
    match_same(c, about, from, to);
    for (size_t i = 0; i < from->predicates->count; i++) {
        if (from->matched[i])
            continue;
        size_t j = partner_of(from, i, to);
        if (j == SIZE_MAX) {
            tell_predicate(c, about, kind, false, from, i);
            continue;
        }
        to->matched[j] = true;
        tell_change(c, about, kind, from, i, to, j);
    }
    for (size_t j = 0; j < to->predicates->count; j++)
        if (!to->matched[j])
            tell_predicate(c, about, kind, true, to, j);
}

// ---- Results

void compare_results(struct comparison *c, const struct policy_difference *about, uint32_t from,
                     uint32_t to)
{
    static const char *const parts[] = {"max_bytes", "redact", "deny_if", "binary"};
    bool given = from != JSON_NONE, kept = to != JSON_NONE;
    if (compare_same(c, from, to))
        return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint32_t a = member(c->from, from, parts[i]), b = member(c->to, to, parts[i]);
        enum policy_gravity gravity = a == JSON_NONE   ? POLICY_TIGHTENED
                                      : b == JSON_NONE ? POLICY_LOOSENED
                                                       : POLICY_ALTERED;
        if (strcmp(parts[i], "binary") == 0)
            gravity = POLICY_ALTERED;
        if (i == 0 && a != JSON_NONE && b != JSON_NONE)
            gravity = decimal_compare_text(json_raw(&c->from->doc, a), json_raw(&c->to->doc, b)) < 0
                          ? POLICY_LOOSENED
                          : POLICY_TIGHTENED;
        if (!compare_same(c, a, b))
            compare_tell(c, about, gravity, "results", "of what comes back, '%s' was %.*s, is %.*s",
                         parts[i], SLICE_PRINT(compare_quote(c, c->from, a)),
                         SLICE_PRINT(compare_quote(c, c->to, b)));
    }
    if (given != kept)
        compare_tell(c, about, kept ? POLICY_TIGHTENED : POLICY_LOOSENED, "results",
                     kept ? "what comes back is looked at" : "what comes back is not looked at");
}

// ---- All of a rule

void compare_rules(struct comparison *c, const struct policy_difference *about,
                   const struct treatment *from, const struct treatment *to)
{
    static const struct list_kind kinds[] = {{"require", "must hold", true},
                                             {"deny_if", "denies", false},
                                             {"approve_if", "asks a person", false}};
    const struct predicates *before[] = {&from->rule->require, &from->rule->deny_if,
                                         &from->rule->approve_if};
    const struct predicates *after[] = {&to->rule->require, &to->rule->deny_if,
                                        &to->rule->approve_if};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct list a, b;
        if (open_list(c, from, kinds[i].name, before[i], &a) &&
            open_list(c, to, kinds[i].name, after[i], &b))
            compare_list(c, about, &kinds[i], &a, &b);
    }
    compare_limits(c, about, &from->rule->limits, &to->rule->limits);
    compare_results(c, about, member(from->policy, from->node, "results"),
                    member(to->policy, to->node, "results"));
    if (!compare_same(c, member(from->policy, from->node, "approval"),
                      member(to->policy, to->node, "approval")))
        compare_tell(c, about, POLICY_ALTERED, "approval", "how a person is asked is changed");
    if (!slice_equal(from->rule->reason, to->rule->reason))
        compare_tell(c, about, POLICY_WORDING, "reason", "the reason that is given is another one");
}
