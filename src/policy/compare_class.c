// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Classes of names: those that the same entries select, in the one policy and in the other. What
// becomes of a class is told when the two say different things.
#include "policy/compare_internal.h"

#include <stdio.h>

enum {
    PAIRS_MAX = 1000000, // of globs in one policy that are looked at
    WORK_MAX = 5 * 1000 * 1000,
    CATEGORIES = CATALOGUE_UNKNOWN + 1,
};

// ---- Classes of names

// What selects names in one policy by their text: an entry, two globs that are equally specific, or
// (all NULL) nothing but category, '*' and default.
struct chosen {
    const struct entry *entry, *rival;
    bool hides; // a third one, as specific as the two, does
};

static enum action action_of_default(const struct section *section)
{
    return section->default_allow ? ACTION_ALLOW : ACTION_DENY;
}

static struct treatment treat(const struct policy *policy, const struct section *section,
                              const struct entry *entry, const struct entry *rival)
{
    static const struct rule none = {0};
    struct treatment ret = {.policy = policy, .rule = &none, .node = JSON_NONE};
    if (entry == NULL) {
        ret.action = action_of_default(section);
        ret.place = ret.action == ACTION_ALLOW ? SLICE_LITERAL("(default allow)")
                                               : SLICE_LITERAL("(default deny)");
    } else if (rival != NULL) {
        bool hidden = entry->rule.action == ACTION_HIDE || rival->rule.action == ACTION_HIDE;
        ret.action = hidden ? ACTION_HIDE : ACTION_DENY;
        ret.place = SLICE_LITERAL("(ambiguous selectors)");
    } else {
        ret.rule = &entry->rule;
        ret.node = entry->selector.node + 1;
        ret.action = entry->rule.action;
        ret.place = entry->rule.pointer;
    }
    return ret;
}

// Those that no name selects are told by their category.
static struct treatment treat_class(const struct policy *policy, const struct section *section,
                                    const struct chosen *chosen, enum catalogue_category category)
{
    struct selection found = {.entry = chosen->entry, .rival = chosen->rival};
    // No entry has an empty name, and no glob selects one that is not '*' alone.
    if (found.entry == NULL)
        found = section_select(section, (struct slice){0}, category);
    struct treatment ret = treat(policy, section, found.entry, found.rival);
    if (chosen->hides)
        ret.action = ACTION_HIDE;
    return ret;
}

// ---- What becomes of a class

static const char *word_of(enum action action)
{
    static const char *const words[] = {"allowed", "denied", "hidden",
                                        "allowed after a person's approval"};
    return words[action];
}

static int freedom_of(enum action action)
{
    static const int freedoms[] = {
        [ACTION_HIDE] = 0, [ACTION_DENY] = 1, [ACTION_REQUIRE_APPROVAL] = 2, [ACTION_ALLOW] = 3};
    return freedoms[action];
}

static bool may_pass(const struct treatment *treatment)
{
    return treatment->action == ACTION_ALLOW || treatment->action == ACTION_REQUIRE_APPROVAL;
}

static void tell_action(struct comparison *c, const struct policy_difference *about,
                        const struct treatment *from, const struct treatment *to)
{
    static const char *const kinds[] = {"newly_allowed", "newly_denied", "newly_hidden",
                                        "approval_required"};
    bool loosened = freedom_of(to->action) > freedom_of(from->action);
    const struct rule *rule = to->rule;
    size_t conditions = rule->require.count + rule->deny_if.count + rule->approve_if.count;
    char more[80] = "";
    const char *kind = kinds[to->action];
    if (from->action == ACTION_REQUIRE_APPROVAL && to->action == ACTION_ALLOW)
        kind = "approval_dropped";
    else if (loosened && to->action == ACTION_DENY)
        kind = "no_longer_hidden";
    if (!may_pass(from) && may_pass(to) && conditions + rule->limits.count > 0)
        snprintf(more, sizeof more, ", under %zu conditions and %zu limits", conditions,
                 rule->limits.count);
    compare_tell(c, about, loosened ? POLICY_LOOSENED : POLICY_TIGHTENED, kind, "was %s, is %s%s",
                 word_of(from->action), word_of(to->action), more);
}

static void compare_treatments(struct comparison *c, struct policy_difference *about,
                               const struct treatment *from, const struct treatment *to)
{
    about->from = from->place;
    about->to = to->place;
    if (from->action != to->action)
        tell_action(c, about, from, to);
    if (may_pass(from) && may_pass(to))
        compare_rules(c, about, from, to);
    else if (from->action == to->action && from->action == ACTION_DENY &&
             !slice_equal(from->rule->reason, to->rule->reason))
        compare_tell(c, about, POLICY_WORDING, "reason", "the reason that is given is another one");
}

static struct slice words_of_categories(struct comparison *c, unsigned categories)
{
    struct slice words = SLICE_LITERAL("");
    for (unsigned i = 0; i < CATEGORIES; i++)
        if ((categories >> i & 1) != 0)
            words = arena_format(c->arena, "%.*s%s%s", SLICE_PRINT(words),
                                 words.length == 0 ? "" : ", ",
                                 catalogue_category_name((enum catalogue_category)i));
    return words;
}

void compare_name_class(struct comparison *c, struct policy_difference *about)
{
    bool every = slice_equal_string(about->selector, "*");
    bool glob = memchr(about->selector.data, '*', about->selector.length) != NULL ||
                memchr(about->selector.data, '?', about->selector.length) != NULL;
    if (about->second.length > 0)
        about->text = arena_format(c->arena, "%ss that match '%.*s' and '%.*s'", about->subject,
                                   SLICE_PRINT(about->selector), SLICE_PRINT(about->second));
    else if (every)
        about->text = arena_format(c->arena, "every other %s", about->subject);
    else
        about->text = arena_format(c->arena, glob ? "%ss that match '%.*s'" : "%s '%.*s'",
                                   about->subject, SLICE_PRINT(about->selector));
    if (about->categories != 0)
        about->text = arena_format(c->arena, "%.*s (category %.*s)", SLICE_PRINT(about->text),
                                   SLICE_PRINT(words_of_categories(c, about->categories)));
}

static bool same_treatment(const struct treatment *a, const struct treatment *b)
{
    return a->rule == b->rule && a->action == b->action && a->place.data == b->place.data;
}

// Categories that are treated alike are told of together.
static void compare_class(struct comparison *c, const struct section *from,
                          const struct section *to, struct policy_difference *about,
                          const struct chosen *a, const struct chosen *b)
{
    bool tools = from == &c->from->tools;
    bool matters = tools && (a->entry == NULL || b->entry == NULL);
    struct treatment before[CATEGORIES], after[CATEGORIES];
    unsigned done = 0;
    for (unsigned i = 0; i < CATEGORIES; i++) {
        before[i] = treat_class(c->from, from, a, (enum catalogue_category)i);
        after[i] = treat_class(c->to, to, b, (enum catalogue_category)i);
    }
    for (unsigned i = 0; i < (matters ? CATEGORIES : 1); i++) {
        unsigned alike = 0;
        if ((done >> i & 1) != 0)
            continue;
        for (unsigned j = i; matters && j < CATEGORIES; j++)
            if (same_treatment(&before[i], &before[j]) && same_treatment(&after[i], &after[j]))
                alike |= 1U << j;
        done |= alike;
        about->categories = alike == (1U << CATEGORIES) - 1 ? 0 : alike;
        compare_name_class(c, about);
        compare_treatments(c, about, &before[i], &after[i]);
    }
}

// ---- Pairs of globs

struct globs {
    struct chosen *items; // the first selects nothing; then globs, then pairs of equal ones
    size_t count;
};

static bool collect_globs(struct comparison *c, const struct section *section, struct globs *ret)
{
    size_t ties = 0, looked = 0;
    for (int round = 0; round < 2; round++) {
        size_t count = 1 + section->glob_count;
        if (round == 1) {
            ret->items = arena_take_zeroed(c->arena, (count + ties) * sizeof *ret->items);
            if (ret->items == NULL)
                return false;
            for (size_t i = 0; i < section->glob_count; i++)
                ret->items[1 + i].entry = section->globs[i];
        }
        for (size_t i = 0; i < section->glob_count; i++)
            for (size_t j = i + 1; j < section->glob_count && looked++ < PAIRS_MAX; j++) {
                const struct entry *a = section->globs[i], *b = section->globs[j];
                if (a->selector.literal != b->selector.literal)
                    break;
                if (!glob_overlaps(a->selector.text, b->selector.text))
                    continue;
                if (round == 1)
                    ret->items[count++] = (struct chosen){.entry = a, .rival = b};
                else
                    ties++;
            }
        ret->count = count;
        if (looked >= PAIRS_MAX)
            c->ret->too_many = true;
        looked = 0;
    }
    return true;
}

// Is what `text` matches always selected by another entry of the section than `chosen`?
static bool is_shadowed(struct comparison *c, const struct section *section,
                        const struct chosen *chosen, struct slice text)
{
    for (size_t i = 0; i < section->glob_count; i++) {
        const struct entry *glob = section->globs[i];
        if (chosen->entry != NULL && glob->selector.literal < chosen->entry->selector.literal)
            return false; // the rest is less specific
        // Of several that are equally specific each pair stands for itself.
        if (chosen->rival != NULL && glob->selector.literal == chosen->entry->selector.literal)
            return false;
        c->work++;
        if (glob != chosen->entry && glob_covers(glob->selector.text, text))
            return true;
    }
    return false;
}

static bool overlap(const struct chosen *a, const struct chosen *b)
{
    const struct entry *left[] = {a->entry, a->rival}, *right[] = {b->entry, b->rival};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            if (left[i] != NULL && right[j] != NULL &&
                !glob_overlaps(left[i]->selector.text, right[j]->selector.text))
                return false;
    return true;
}

static bool shadowed_by(struct comparison *c, const struct section *section,
                        const struct chosen *chosen, const struct chosen *other)
{
    return (other->entry != NULL && is_shadowed(c, section, chosen, other->entry->selector.text)) ||
           (other->rival != NULL && is_shadowed(c, section, chosen, other->rival->selector.text));
}

static void add_text(struct policy_difference *about, const struct entry *entry)
{
    if (entry == NULL)
        return;
    struct slice text = entry->selector.text;
    if (about->selector.length == 0 || glob_covers(about->selector, text))
        about->selector = text;
    else if (!glob_covers(text, about->selector))
        about->second = text;
}

// Names that two globs select in the one policy and two in the other may be selected by all of them
// in both.
static struct chosen with_others(const struct section *section, const struct chosen *chosen,
                                 const struct chosen *other)
{
    struct chosen ret = *chosen;
    const struct entry *others[] = {other->entry, other->rival};
    for (size_t i = 0; i < section->glob_count && ret.rival != NULL; i++)
        for (size_t j = 0; j < 2; j++)
            ret.hides |= others[j] != NULL && section->globs[i]->rule.action == ACTION_HIDE &&
                         section->globs[i]->selector.literal == ret.entry->selector.literal &&
                         slice_equal(section->globs[i]->selector.text, others[j]->selector.text);
    return ret;
}

static void compare_pair(struct comparison *c, const struct section *from, const struct section *to,
                         struct policy_difference about, const struct chosen *a,
                         const struct chosen *b)
{
    c->work += 4;
    if (!overlap(a, b) || shadowed_by(c, from, a, b) || shadowed_by(c, to, b, a))
        return;
    add_text(&about, a->entry);
    add_text(&about, a->rival);
    add_text(&about, b->entry);
    add_text(&about, b->rival);
    if (about.selector.length == 0)
        about.selector = SLICE_LITERAL("*");
    const struct chosen before = with_others(from, a, b), after = with_others(to, b, a);
    compare_class(c, from, to, &about, &before, &after);
}

static void compare_globs(struct comparison *c, const struct section *from,
                          const struct section *to, const struct policy_difference *about)
{
    struct globs before, after;
    if (!collect_globs(c, from, &before) || !collect_globs(c, to, &after)) {
        c->no_memory = true;
        return;
    }
    for (size_t i = before.count; i-- > 0;)
        for (size_t j = after.count; j-- > 0 && c->work < WORK_MAX;)
            compare_pair(c, from, to, *about, &before.items[i], &after.items[j]);
    c->ret->too_many = c->ret->too_many || c->work >= WORK_MAX;
}

// ---- Exact names

static void compare_name(struct comparison *c, const struct section *from, const struct section *to,
                         struct policy_difference about, struct slice name)
{
    struct chosen chosen[2];
    const struct section *sections[] = {from, to};
    for (size_t i = 0; i < 2; i++) {
        struct selection found = section_select(sections[i], name, CATALOGUE_READ);
        bool by_name = found.entry != NULL && (found.entry->selector.kind == SELECTOR_EXACT ||
                                               found.entry->selector.kind == SELECTOR_GLOB);
        chosen[i] =
            by_name ? (struct chosen){found.entry, found.rival, found.rival != NULL && found.hidden}
                    : (struct chosen){0};
    }
    about.selector = name;
    compare_class(c, from, to, &about, &chosen[0], &chosen[1]);
}

static void compare_names(struct comparison *c, const struct section *from,
                          const struct section *to, const struct policy_difference *about)
{
    for (size_t i = 0; i < from->count; i++)
        if (from->entries[i].selector.kind == SELECTOR_EXACT)
            compare_name(c, from, to, *about, from->entries[i].selector.text);
    for (size_t i = 0; i < to->count; i++)
        if (to->entries[i].selector.kind == SELECTOR_EXACT &&
            table_get(&from->exact, to->entries[i].selector.text) == NULL)
            compare_name(c, from, to, *about, to->entries[i].selector.text);
}

void compare_classes(struct comparison *c, const struct section *from, const struct section *to,
                     const struct policy_difference *about)
{
    compare_names(c, from, to, about);
    compare_globs(c, from, to, about);
}
