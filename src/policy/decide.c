// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The verdict on one call, in the order of docs/policy.md, "Order of evaluation". Each step
// answers whether the verdict is already reached; a call that cannot be judged is denied.
#include "policy/policy_internal.h"

#include <stdio.h>

enum { NAME_SHOWN = 200 };

// Formats into the arena; a full arena still gives a sentence.
#define REASON(d, ...) reason_or(arena_format((d)->arena, __VA_ARGS__))
static struct slice reason_or(struct slice formatted)
{
    return formatted.data != NULL ? formatted : SLICE_LITERAL("Not allowed by the policy.");
}

struct slice decide_shown(struct slice name)
{
    if (name.length <= NAME_SHOWN)
        return name;
    name.length = NAME_SHOWN;
    while (name.length > 0 && ((unsigned char)name.data[name.length] & 0xC0) == 0x80)
        name.length--;
    return name;
}

static bool deny(struct decision *d, struct slice rule, struct slice reason)
{
    *d->verdict =
        (struct policy_verdict){.outcome = POLICY_DENY,
                                .rule = rule.data != NULL ? rule : SLICE_LITERAL("(default deny)"),
                                .reason = reason};
    return true;
}

// The first thing that would have stopped the call; what would have denied it counts more than what
// would only have asked a person, as it would have come first.
static void observe(struct decision *d, enum policy_outcome outcome, struct slice rule,
                    struct slice reason)
{
    struct policy_observation *observed = &d->observed;
    if (observed->noted && (observed->outcome == POLICY_DENY || outcome == POLICY_ASK))
        return;
    *observed = (struct policy_observation){
        .noted = true, .outcome = outcome, .rule = rule, .reason = reason};
    if (d->trace != NULL)
        trace_observed(d, outcome, rule);
}

// Denies, or where that part of the policy only observes, notes it and lets the call go on.
static bool refuse(struct decision *d, bool only_observe, struct slice rule, struct slice reason)
{
    if (!only_observe)
        return deny(d, rule, reason);
    observe(d, POLICY_DENY, rule, reason);
    return false;
}

static struct slice hidden_reason(struct decision *d, const struct section *section)
{
    struct slice name = decide_shown(d->call->name);
    if (section == &d->policy->tools)
        return REASON(d, "Unknown tool: %.*s", SLICE_PRINT(name));
    if (section == &d->policy->prompts)
        return REASON(d, "Unknown prompt: %.*s", SLICE_PRINT(name));
    return REASON(d, "Resource not found: %.*s", SLICE_PRINT(name));
}

static bool deny_hidden(struct decision *d, const struct section *section)
{
    deny(d, SLICE_LITERAL("(hidden)"), hidden_reason(d, section));
    return d->verdict->hidden = true;
}

static void looked(const struct decision *d, struct slice pointer, bool held)
{
    if (d->call->watcher != NULL)
        d->call->watcher->looked(d->call->watcher->argument, pointer, held);
}

static void looked_at_hide(const struct decision *d, const struct selector *hider)
{
    char pointer[40];
    if (d->call->watcher == NULL)
        return;
    snprintf(pointer, sizeof pointer, "/hide/%td", hider - d->policy->hide.items);
    looked(d, slice_from_string(pointer), true);
}

// ---- Which entry applies

static bool deny_rivals(struct decision *d, const struct selection *selection)
{
    struct slice rule = arena_format(d->arena, "(ambiguous selectors %.*s and %.*s)",
                                     SLICE_PRINT(selection->entry->rule.pointer),
                                     SLICE_PRINT(selection->rival->rule.pointer));
    if (rule.data == NULL)
        rule = SLICE_LITERAL("(ambiguous selectors)");
    return deny(d, rule,
                REASON(d, "Two equally specific rules of the policy select '%.*s'.",
                       SLICE_PRINT(decide_shown(d->call->name))));
}

static bool deny_default(struct decision *d, const struct section *section)
{
    return deny(d, SLICE_LITERAL("(default deny)"),
                REASON(d, "%s '%.*s' is not allowed by the policy.", section->noun,
                       SLICE_PRINT(decide_shown(d->call->name))));
}

// What the rule's `action` says about every call, or would say if the rule did not only observe.
static bool denied_by_action(struct decision *d, const struct section *section,
                             const struct rule *rule)
{
    enum action action = rule->observe ? rule->tried : rule->action;
    if (action == ACTION_HIDE) {
        observe(d, POLICY_DENY, SLICE_LITERAL("(hidden)"), hidden_reason(d, section));
        d->observed.hidden = true;
    }
    if (action != ACTION_DENY)
        return false;
    return refuse(d, rule->observe, rule->action_pointer,
                  rule->reason.length > 0
                      ? rule->reason
                      : REASON(d, "%s '%.*s' is denied by the policy.", section->noun,
                               SLICE_PRINT(decide_shown(d->call->name))));
}

// Hidden, denied by default, by an ambiguity or by `action`.
static bool denied_by_name(struct decision *d, const struct section *section,
                           const struct rule **ret_rule)
{
    const struct policy_call *call = d->call;
    if (section == &d->policy->tools) {
        const struct selector *hider = hide_find(&d->policy->hide, call->name, call->category);
        if (d->trace != NULL)
            trace_hide(d, hider);
        if (hider != NULL) {
            looked_at_hide(d, hider);
            return deny_hidden(d, section);
        }
    } else if (section == &d->policy->resources && section->count > 0 &&
               uri_is_ambiguous(call->name)) {
        return deny(d, SLICE_LITERAL("(ambiguous resource)"),
                    SLICE_LITERAL("The resource's URI could be read in two ways."));
    }
    struct selection selection = section_select(section, call->name, call->category);
    if (d->trace != NULL)
        trace_selection(d, section, &selection);
    if (selection.hidden)
        return deny_hidden(d, section);
    if (selection.rival != NULL)
        return deny_rivals(d, &selection);
    if (selection.entry == NULL)
        return section->default_allow ? false : deny_default(d, section);
    *ret_rule = &selection.entry->rule;
    looked(d, (*ret_rule)->pointer, true);
    return denied_by_action(d, section, *ret_rule);
}

// ---- require and deny_if

static void note_gap(struct decision *d, const struct path *path, struct slice rule)
{
    struct policy_gaps *gaps = d->call->gaps;
    if (gaps == NULL || gaps->path.length > 0)
        return;
    gaps->path = path->text;
    gaps->rule = rule;
}

// All conditions in order; the first that does not hold ends it and is told in `ret_failed`.
enum result predicate_holds(struct decision *d, const struct predicate *predicate,
                            enum quantifier quantifier, const struct condition **ret_failed)
{
    const struct condition *unknown = NULL;
    enum result result = RESULT_YES;
    if (d->trace != NULL)
        trace_predicate(d, predicate);
    for (size_t i = 0; i < predicate->count && result == RESULT_YES; i++) {
        result = condition_holds(d, &predicate->conditions[i], quantifier);
        if (result != RESULT_YES)
            *ret_failed = &predicate->conditions[i];
        if (result == RESULT_UNKNOWN) {
            unknown = unknown == NULL ? &predicate->conditions[i] : unknown;
            result = RESULT_YES; // a later one may be sure
        }
    }
    // A `require` is denied whichever of its conditions fails; of another, the one that is not
    // known may be a trouble.
    if (unknown != NULL && (quantifier != QUANTIFIER_ALL || result == RESULT_YES)) {
        if (!predicate->observe) // no outcome depends on what only observes
            note_gap(d, &unknown->path, predicate->pointer);
        result = RESULT_UNKNOWN;
    }
    if (d->trace != NULL)
        trace_held(d, result);
    looked(d, predicate->pointer, result == RESULT_YES);
    return result;
}

// As predicate_holds. What only observes has texts matched on a budget of its own, so that it takes
// nothing away from what enforces, and a trouble of its own.
static enum result judge_predicate(struct decision *d, const struct predicate *predicate,
                                   enum quantifier quantifier, const struct condition **ret_failed)
{
    *ret_failed = NULL;
    d->trouble = (struct slice){0};
    if (!predicate->observe)
        return predicate_holds(d, predicate, quantifier, ret_failed);
    uint64_t work = d->regex.work;
    d->regex.work = d->observed_work;
    enum result result = predicate_holds(d, predicate, quantifier, ret_failed);
    d->observed_work = d->regex.work;
    d->regex.work = work;
    return result;
}

static bool denied_by_require(struct decision *d, const struct rule *rule)
{
    for (size_t i = 0; i < rule->require.count; i++) {
        const struct predicate *predicate = &rule->require.items[i];
        const struct condition *failed;
        enum result result = judge_predicate(d, predicate, QUANTIFIER_ALL, &failed);
        if (result == RESULT_YES || result == RESULT_UNKNOWN)
            continue;
        struct slice reason = d->trouble;
        if (result == RESULT_NO)
            reason = predicate->on_deny.length > 0
                         ? predicate->on_deny
                         : REASON(d, "%.*s does not meet what the policy requires.",
                                  SLICE_PRINT(failed->path.label));
        if (refuse(d, predicate->observe, predicate->pointer, reason))
            return true;
    }
    return false;
}

static struct slice deny_if_reason(struct decision *d, const struct predicate *predicate)
{
    if (predicate->on_deny.length > 0)
        return predicate->on_deny;
    if (predicate->count == 0)
        return REASON(d, "'%.*s' is denied by the policy.",
                      SLICE_PRINT(decide_shown(d->call->name)));
    return REASON(d, "%.*s has a value that the policy denies.",
                  SLICE_PRINT(predicate->conditions[0].path.label));
}

static bool denied_by_deny_if(struct decision *d, const struct rule *rule)
{
    for (size_t i = 0; i < rule->deny_if.count; i++) {
        const struct predicate *predicate = &rule->deny_if.items[i];
        const struct condition *failed;
        enum result result = judge_predicate(d, predicate, QUANTIFIER_ANY, &failed);
        if ((result == RESULT_YES || result == RESULT_TROUBLE) &&
            refuse(d, predicate->observe, predicate->pointer,
                   result == RESULT_TROUBLE ? d->trouble : deny_if_reason(d, predicate)))
            return true;
    }
    return false;
}

// ---- Limits

static void note_unsure(struct decision *d, const struct limit *limit,
                        const struct policy_charge *charge)
{
    if (charge->unsure_amount && !limit->observe)
        note_gap(d, &limit->increment, charge->rule);
    if (charge->unsure_per && !limit->observe)
        note_gap(d, &limit->per, charge->rule);
}

// Those that enforce, or those that observe: of the latter one that cannot be charged is left out.
static bool add_charges(struct decision *d, const struct limits *limits, bool watched,
                        struct policy_charge *charges, size_t *count)
{
    for (size_t i = 0; i < limits->count; i++) {
        const struct limit *limit = &limits->items[i];
        if (limit->observe != watched)
            continue;
        d->trouble = (struct slice){0};
        if (!limit_charge_of(d, limit, &charges[*count])) {
            if (refuse(d, watched, limit->charge.rule, d->trouble))
                return true;
            continue;
        }
        note_unsure(d, limit, &charges[*count]);
        if (d->trace != NULL)
            trace_charge(d, limit, &charges[*count]);
        looked(d, limit->charge.rule, true);
        (*count)++;
    }
    return false;
}

static bool denied_by_charges(struct decision *d, const struct rule *own, const struct rule *all,
                              struct policy_verdict *ret)
{
    size_t wanted = own->limits.count + all->limits.count, count = 0;
    if (wanted == 0)
        return false;
    struct policy_charge *charges = arena_take(d->arena, wanted * sizeof *charges);
    if (charges == NULL) {
        const struct limits *first = own->limits.count > 0 ? &own->limits : &all->limits;
        return deny(d, first->items[0].charge.rule,
                    SLICE_LITERAL("The call is too large to be judged."));
    }
    if (add_charges(d, &own->limits, false, charges, &count) ||
        add_charges(d, &all->limits, false, charges, &count))
        return true;
    ret->charges = charges;
    ret->charge_count = count;
    add_charges(d, &own->limits, true, charges, &count);
    add_charges(d, &all->limits, true, charges, &count);
    ret->watched_count = count - ret->charge_count;
    return false;
}

// ---- Approval

struct question {
    bool asked;
    struct slice rule, reason;
};

static struct slice ask_reason(struct decision *d, struct slice reason)
{
    return reason.length > 0 ? reason
                             : REASON(d, "'%.*s' needs the approval of a person.",
                                      SLICE_PRINT(decide_shown(d->call->name)));
}

// Every predicate is looked at: one that cannot be judged denies even when another asks.
static bool denied_by_approve_if(struct decision *d, const struct rule *rule,
                                 struct question *question)
{
    for (size_t i = 0; i < rule->approve_if.count; i++) {
        const struct predicate *predicate = &rule->approve_if.items[i];
        const struct condition *failed;
        enum result result = judge_predicate(d, predicate, QUANTIFIER_ANY, &failed);
        if (result == RESULT_TROUBLE &&
            refuse(d, predicate->observe, predicate->pointer, d->trouble))
            return true;
        if (result != RESULT_YES)
            continue;
        struct slice reason = predicate->on_deny.length > 0 ? predicate->on_deny : rule->reason;
        if (predicate->observe)
            observe(d, POLICY_ASK, predicate->pointer, ask_reason(d, reason));
        else if (!question->asked)
            *question = (struct question){true, predicate->pointer, reason};
    }
    return false;
}

// The tool's own word, then that of all tools; so many people as the stricter of both wants.
static struct policy_asking asking_of(const struct rule *own, const struct rule *all)
{
    enum { WAIT_MS = 50 * 1000, EXPIRES_MS = 30 * 60 * 1000 };
    const struct approval standard = {true, WAIT_MS, EXPIRES_MS, 1};
    const struct approval *first = own->approval.given ? &own->approval : &all->approval;
    if (!first->given)
        first = &standard;
    int64_t others = all->approval.given ? all->approval.approvers : 1;
    return (struct policy_asking){first->wait_ms, first->expires_ms,
                                  others > first->approvers ? others : first->approvers};
}

static void ask_or_allow(struct decision *d, const struct rule *own, const struct rule *all,
                         struct question *question)
{
    struct policy_verdict *verdict = d->verdict;
    if (question->asked) {
        verdict->outcome = POLICY_ASK;
        verdict->asking = asking_of(own, all);
        verdict->rule = question->rule;
        verdict->reason = ask_reason(d, question->reason);
        return;
    }
    verdict->outcome = POLICY_ALLOW;
    verdict->rule = own->pointer.data != NULL ? own->pointer : SLICE_LITERAL("(default allow)");
}

// ---- The whole

static bool denied_by_approval(struct decision *d, const struct rule *own, const struct rule *all,
                               struct question *question)
{
    if (own->action == ACTION_REQUIRE_APPROVAL)
        *question = (struct question){true, own->action_pointer, own->reason};
    else if (own->tried == ACTION_REQUIRE_APPROVAL)
        observe(d, POLICY_ASK, own->action_pointer, ask_reason(d, own->reason));
    return denied_by_approve_if(d, own, question) || denied_by_approve_if(d, all, question);
}

static void judge_named(struct decision *d, const struct section *section)
{
    static const struct rule none = {0};
    const struct rule *own = &none;
    const struct rule *all = section == &d->policy->tools ? &d->policy->all_tools : &none;
    struct policy_verdict passed = {.outcome = POLICY_ALLOW};
    struct question question = {0};
    if (denied_by_name(d, section, &own) || denied_by_require(d, own) ||
        denied_by_require(d, all) || denied_by_deny_if(d, own) || denied_by_deny_if(d, all) ||
        denied_by_charges(d, own, all, &passed) || denied_by_approval(d, own, all, &question))
        return;
    *d->verdict = passed;
    ask_or_allow(d, own, all, &question);
    d->verdict->observed = d->observed;
}

static void judge_method(struct decision *d)
{
    struct slice method = d->call->name;
    const struct method_rule *rule = method_find(d->policy, method);
    struct policy_verdict allowed = {.outcome = POLICY_ALLOW};
    bool allow = true;
    if (method_is_judged_by_name(method)) {
        allow = false; // the caller must come with the name
    } else if (rule != NULL) {
        allow = rule->allow;
        allowed.rule = rule->pointer;
    } else if (policy_is_housekeeping(method)) {
        allowed.rule = SLICE_LITERAL("(protocol)");
    } else {
        allow = d->policy->default_allow;
        allowed.rule = SLICE_LITERAL("(default allow)");
    }
    if (allow)
        *d->verdict = allowed;
    else
        deny(d, rule != NULL ? rule->pointer : SLICE_LITERAL("(default deny)"),
             REASON(d, "Method '%.*s' is not allowed by the policy.",
                    SLICE_PRINT(decide_shown(method))));
}

void decide_judge(struct decision *d)
{
    if (d->policy == NULL) {
        deny(d, SLICE_LITERAL("(no policy)"),
             SLICE_LITERAL("No policy is attached, so nothing is allowed."));
        return;
    }
    switch (d->call->subject) {
    case POLICY_TOOL: judge_named(d, &d->policy->tools); return;
    case POLICY_RESOURCE: judge_named(d, &d->policy->resources); return;
    case POLICY_PROMPT: judge_named(d, &d->policy->prompts); return;
    case POLICY_METHOD: judge_method(d); return;
    }
    deny(d, (struct slice){0}, SLICE_LITERAL("Not allowed by the policy."));
}

void policy_decide(const struct policy *policy, const struct policy_call *call, struct arena *arena,
                   struct policy_verdict *ret)
{
    struct decision d = {.policy = policy, .call = call, .arena = arena, .verdict = ret};
    decide_judge(&d);
    if (call->gaps != NULL && ret->outcome == POLICY_DENY) // whatever it was that is not known
        call->gaps->path = call->gaps->rule = (struct slice){0};
}
