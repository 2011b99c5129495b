// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two rules under which calls are possible: their predicates, and
// sentences.
#include "policy/compare_internal.h"

enum { QUOTE_MAX = 160, ELEMENTS_MAX = 10000 };

struct slice compare_canonical(struct comparison *c, const struct policy *policy, uint32_t node)
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
    return slice_equal(compare_canonical(c, c->from, from), compare_canonical(c, c->to, to));
}

struct slice compare_quote(struct comparison *c, const struct policy *policy, uint32_t node)
{
    if (node == JSON_NONE)
        return SLICE_LITERAL("nothing");
    struct slice text = compare_canonical(c, policy, node);
    size_t length = QUOTE_MAX;
    if (text.length <= length)
        return text;
    while (length > 0 && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length--;
    struct slice cut = arena_format(c->arena, "%.*s…", (int)length, text.data);
    return cut.data == NULL ? SLICE_LITERAL("") : cut;
}

uint32_t compare_member(const struct policy *policy, uint32_t object, const char *name)
{
    return object == JSON_NONE ? JSON_NONE : json_get(&policy->doc, object, name);
}

// ---- In which direction one condition differs

enum direction {
    DIRECTION_UNKNOWN,
    DIRECTION_WIDER,
    DIRECTION_NARROWER,
    DIRECTION_NONE
}; // what satisfies it

static bool is_one_of(struct comparison *c, const struct policy *policy, uint32_t element,
                      const struct policy *list_policy, uint32_t list, bool is_list)
{
    struct slice wanted = compare_canonical(c, policy, element);
    if (!is_list || json_type(&list_policy->doc, list) != JSON_ARRAY)
        return slice_equal(compare_canonical(c, list_policy, list), wanted);
    for (uint32_t item = json_first_element(&list_policy->doc, list); item != JSON_NONE;
         item = json_next_element(&list_policy->doc, list, item))
        if (slice_equal(compare_canonical(c, list_policy, item), wanted))
            return true;
    return false;
}

static bool within(struct comparison *c, const struct policy *policy, uint32_t list, bool is_list,
                   const struct policy *other_policy, uint32_t other, bool other_is_list)
{
    if (!is_list || json_type(&policy->doc, list) != JSON_ARRAY)
        return is_one_of(c, policy, list, other_policy, other, other_is_list);
    for (uint32_t item = json_first_element(&policy->doc, list); item != JSON_NONE;
         item = json_next_element(&policy->doc, list, item))
        if (!is_one_of(c, policy, item, other_policy, other, other_is_list))
            return false;
    return true;
}

static size_t elements(const struct policy *policy, uint32_t node)
{
    return json_type(&policy->doc, node) == JSON_ARRAY ? json_at(&policy->doc, node)->count : 1;
}

bool compare_list_within(struct comparison *c, const struct policy *policy, uint32_t list,
                         const struct policy *other_policy, uint32_t other)
{
    return elements(policy, list) * elements(other_policy, other) <= ELEMENTS_MAX &&
           within(c, policy, list, true, other_policy, other, true);
}

// `from_lists`, `to_lists`: an array there is a list of values, and not a value itself.
static enum direction direction_of_list(struct comparison *c, uint32_t from, bool from_lists,
                                        uint32_t to, bool to_lists)
{
    if (elements(c->from, from) * elements(c->to, to) > ELEMENTS_MAX)
        return DIRECTION_UNKNOWN;
    bool more = within(c, c->from, from, from_lists, c->to, to, to_lists);
    bool fewer = within(c, c->to, to, to_lists, c->from, from, from_lists);
    if (more && fewer)
        return DIRECTION_NONE; // in another order
    return more ? DIRECTION_WIDER : fewer ? DIRECTION_NARROWER : DIRECTION_UNKNOWN;
}

static enum direction turned(enum direction direction, bool really)
{
    if (!really || direction == DIRECTION_UNKNOWN || direction == DIRECTION_NONE)
        return direction;
    return direction == DIRECTION_WIDER ? DIRECTION_NARROWER : DIRECTION_WIDER;
}

// Operators that differ in strictness alone, or in how many values they name.
enum family { FAMILY_NONE, BELOW, ABOVE, SHORTER, LONGER, NAMED, NOT_NAMED, PLACES, STARTS, ENDS };

static enum family family_of(enum condition_op op)
{
    switch (op) {
    case OP_LT:
    case OP_LTE: return BELOW;
    case OP_GT:
    case OP_GTE: return ABOVE;
    case OP_LENGTH_LT:
    case OP_LENGTH_LTE: return SHORTER;
    case OP_LENGTH_GT:
    case OP_LENGTH_GTE: return LONGER;
    case OP_EQ:
    case OP_IN: return NAMED;
    case OP_NEQ:
    case OP_NOT_IN: return NOT_NAMED;
    case OP_WITHIN_PATH:
    case OP_URL_HOST_IN:
    case OP_CIDR_IN: return PLACES;
    case OP_STARTS_WITH: return STARTS;
    case OP_ENDS_WITH: return ENDS;
    default: return FAMILY_NONE;
    }
}

static bool is_strict(enum condition_op op)
{
    return op == OP_LT || op == OP_GT || op == OP_LENGTH_LT || op == OP_LENGTH_GT;
}

static enum direction direction_of_bound(struct comparison *c, const struct condition *from,
                                         const struct condition *to, bool above)
{
    int order = decimal_compare_text(json_raw(&c->from->doc, from->value),
                                     json_raw(&c->to->doc, to->value));
    if (order != 0)
        return turned(order < 0 ? DIRECTION_WIDER : DIRECTION_NARROWER, above);
    if (is_strict(from->op) == is_strict(to->op))
        return DIRECTION_UNKNOWN;
    return is_strict(from->op) ? DIRECTION_WIDER : DIRECTION_NARROWER;
}

// A beginning (or an end) that another one begins (ends) with is the wider one.
static enum direction direction_of_part(struct slice from, struct slice to, bool at_end)
{
    size_t length = from.length < to.length ? from.length : to.length;
    const char *a = from.data + (at_end ? from.length - length : 0);
    const char *b = to.data + (at_end ? to.length - length : 0);
    if (memcmp(a, b, length) != 0 || from.length == to.length)
        return DIRECTION_UNKNOWN;
    return to.length < from.length ? DIRECTION_WIDER : DIRECTION_NARROWER;
}

static enum direction direction_of(struct comparison *c, const struct condition *from,
                                   const struct condition *to)
{
    enum family family = family_of(from->op);
    if (family != family_of(to->op) || from->as_number != to->as_number ||
        from->value == JSON_NONE || to->value == JSON_NONE ||
        !slice_equal(from->path.text, to->path.text))
        return DIRECTION_UNKNOWN;
    switch (family) {
    case FAMILY_NONE: return DIRECTION_UNKNOWN;
    case BELOW:
    case SHORTER: return direction_of_bound(c, from, to, false);
    case ABOVE:
    case LONGER: return direction_of_bound(c, from, to, true);
    case NAMED:
    case NOT_NAMED:
        return turned(direction_of_list(c, from->value, from->op == OP_IN || from->op == OP_NOT_IN,
                                        to->value, to->op == OP_IN || to->op == OP_NOT_IN),
                      family == NOT_NAMED);
    case PLACES:
        return from->op == to->op ? direction_of_list(c, from->value, true, to->value, true)
                                  : DIRECTION_UNKNOWN;
    case STARTS:
    case ENDS: return direction_of_part(from->text, to->text, family == ENDS);
    }
    return DIRECTION_UNKNOWN;
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
    uint32_t node = compare_member(side->policy, side->node, name);
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
        ret->conditions[i] = compare_member(side->policy, element, "conditions");
        ret->texts[i] = compare_canonical(c, side->policy, ret->conditions[i]);
        ret->matched[i] = predicates->items[i].observe; // as if it were not there
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
    if (direction == DIRECTION_NONE && slice_equal(a->on_deny, b->on_deny))
        return;
    bool looser = (direction == DIRECTION_WIDER) == kind->more_is_looser;
    one.from = a->pointer;
    one.to = b->pointer;
    compare_tell(c, &one,
                 direction == DIRECTION_NONE      ? POLICY_WORDING
                 : direction == DIRECTION_UNKNOWN ? POLICY_ALTERED
                 : looser                         ? POLICY_LOOSENED
                                                  : POLICY_TIGHTENED,
                 "condition_changed", "%s: was %.*s, is %.*s%s", kind->what,
                 SLICE_PRINT(compare_quote(c, from->policy, from->conditions[i])),
                 SLICE_PRINT(compare_quote(c, to->policy, to->conditions[j])),
                 direction == DIRECTION_UNKNOWN ? "; cannot tell whether that is wider" : "");
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
    compare_results(
        c, about,
        from->rule->results.observe ? JSON_NONE
                                    : compare_member(from->policy, from->node, "results"),
        to->rule->results.observe ? JSON_NONE : compare_member(to->policy, to->node, "results"));
    if (!compare_same(c, compare_member(from->policy, from->node, "approval"),
                      compare_member(to->policy, to->node, "approval")))
        compare_tell(c, about, POLICY_ALTERED, "approval", "how a person is asked is changed");
    if (!slice_equal(from->rule->reason, to->rule->reason))
        compare_tell(c, about, POLICY_WORDING, "reason", "the reason that is given is another one");
    compare_observed(c, about, from, to);
}
