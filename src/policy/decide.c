// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The verdict on one call, in the order of docs/policy.md, "Order of evaluation". Each step
// answers whether the verdict is already reached; a call that cannot be judged is denied.
#include "policy/policy_internal.h"

enum { NAME_SHOWN = 200 };

// Formats into the arena; a full arena still gives a sentence.
#define REASON(d, ...) reason_or(arena_format((d)->arena, __VA_ARGS__))
static struct slice reason_or(struct slice formatted)
{
    return formatted.data != NULL ? formatted : SLICE_LITERAL("Not allowed by the policy.");
}

// The name cut to what a sentence can hold, never inside a character.
static struct slice shown(struct slice name)
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

static bool deny_hidden(struct decision *d, const struct section *section)
{
    const char *form = section == &d->policy->tools     ? "Unknown tool: %.*s"
                       : section == &d->policy->prompts ? "Unknown prompt: %.*s"
                                                        : "Resource not found: %.*s";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    struct slice reason = REASON(d, form, SLICE_PRINT(shown(d->call->name)));
#pragma GCC diagnostic pop
    deny(d, SLICE_LITERAL("(hidden)"), reason);
    return d->verdict->hidden = true;
}

static bool deny_trouble(struct decision *d, struct slice rule)
{
    return deny(d, rule, d->trouble);
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
                       SLICE_PRINT(shown(d->call->name))));
}

static bool deny_default(struct decision *d, const struct section *section)
{
    return deny(d, SLICE_LITERAL("(default deny)"),
                REASON(d, "%s '%.*s' is not allowed by the policy.", section->noun,
                       SLICE_PRINT(shown(d->call->name))));
}

static bool deny_action(struct decision *d, const struct section *section, const struct rule *rule)
{
    if (rule->reason.length > 0)
        return deny(d, rule->action_pointer, rule->reason);
    return deny(d, rule->action_pointer,
                REASON(d, "%s '%.*s' is denied by the policy.", section->noun,
                       SLICE_PRINT(shown(d->call->name))));
}

// Hidden, denied by default, by an ambiguity or by `action`.
static bool denied_by_name(struct decision *d, const struct section *section,
                           const struct rule **ret_rule)
{
    const struct policy_call *call = d->call;
    if (section == &d->policy->tools) {
        const struct selector *hider = hide_find(&d->policy->hide, call->name, call->category);
        if (d->trace != NULL)
            trace(d, "hide: %s%s%s\n", hider == NULL ? "no selector matches" : "matched by '",
                  hider == NULL ? "" : hider->text.data, hider == NULL ? "" : "'");
        if (hider != NULL)
            return deny_hidden(d, section);
    } else if (section == &d->policy->resources && section->count > 0 &&
               uri_is_ambiguous(call->name)) {
        return deny(d, SLICE_LITERAL("(ambiguous resource)"),
                    SLICE_LITERAL("The resource's URI could be read in two ways."));
    }
    struct selection selection = section_select(section, call->name, call->category);
    if (d->trace != NULL)
        trace(d, "selected by: %.*s\n",
              selection.entry == NULL ? 15 : (int)selection.entry->rule.pointer.length,
              selection.entry == NULL ? "(no such entry)" : selection.entry->rule.pointer.data);
    if (selection.hidden)
        return deny_hidden(d, section);
    if (selection.rival != NULL)
        return deny_rivals(d, &selection);
    if (selection.entry == NULL)
        return section->default_allow ? false : deny_default(d, section);
    *ret_rule = &selection.entry->rule;
    return (*ret_rule)->action == ACTION_DENY && deny_action(d, section, *ret_rule);
}

// ---- require and deny_if

// All conditions in order; the first that does not hold ends it and is told in `ret_failed`.
enum result predicate_holds(struct decision *d, const struct predicate *predicate,
                            enum quantifier quantifier, const struct condition **ret_failed)
{
    enum result result = RESULT_YES;
    if (d->trace != NULL)
        trace(d, "%.*s%s%.*s%s\n", SLICE_PRINT(predicate->pointer),
              predicate->id.length > 0 ? " [" : "", SLICE_PRINT(predicate->id),
              predicate->id.length > 0 ? "]" : "");
    for (size_t i = 0; i < predicate->count && result == RESULT_YES; i++) {
        result = condition_holds(d, &predicate->conditions[i], quantifier);
        if (result != RESULT_YES)
            *ret_failed = &predicate->conditions[i];
    }
    if (d->trace != NULL)
        trace(d, "  -> %s\n",
              result == RESULT_YES  ? "holds"
              : result == RESULT_NO ? "does not hold"
                                    : "cannot be judged: the call is denied");
    return result;
}

static bool denied_by_require(struct decision *d, const struct rule *rule)
{
    for (size_t i = 0; i < rule->require.count; i++) {
        const struct predicate *predicate = &rule->require.items[i];
        const struct condition *failed = NULL;
        switch (predicate_holds(d, predicate, QUANTIFIER_ALL, &failed)) {
        case RESULT_YES: continue;
        case RESULT_TROUBLE: return deny_trouble(d, predicate->pointer);
        case RESULT_NO: break;
        }
        if (predicate->on_deny.length > 0)
            return deny(d, predicate->pointer, predicate->on_deny);
        return deny(d, predicate->pointer,
                    REASON(d, "%.*s does not meet what the policy requires.",
                           SLICE_PRINT(failed->path.label)));
    }
    return false;
}

static bool denied_by_deny_if(struct decision *d, const struct rule *rule)
{
    for (size_t i = 0; i < rule->deny_if.count; i++) {
        const struct predicate *predicate = &rule->deny_if.items[i];
        const struct condition *failed = NULL;
        switch (predicate_holds(d, predicate, QUANTIFIER_ANY, &failed)) {
        case RESULT_NO: continue;
        case RESULT_TROUBLE: return deny_trouble(d, predicate->pointer);
        case RESULT_YES: break;
        }
        if (predicate->on_deny.length > 0)
            return deny(d, predicate->pointer, predicate->on_deny);
        if (predicate->count == 0)
            return deny(
                d, predicate->pointer,
                REASON(d, "'%.*s' is denied by the policy.", SLICE_PRINT(shown(d->call->name))));
        return deny(d, predicate->pointer,
                    REASON(d, "%.*s has a value that the policy denies.",
                           SLICE_PRINT(predicate->conditions[0].path.label)));
    }
    return false;
}

// ---- Limits

static bool add_charges(struct decision *d, const struct limits *limits,
                        struct policy_charge *charges, size_t *count)
{
    for (size_t i = 0; i < limits->count; i++) {
        const struct limit *limit = &limits->items[i];
        if (!limit_charge_of(d, limit, &charges[*count]))
            return deny_trouble(d, limit->charge.rule);
        if (d->trace != NULL) {
            char amount[DECIMAL_TEXT_SIZE], max[DECIMAL_TEXT_SIZE];
            decimal_format(charges[*count].amount, amount);
            decimal_format(limit->charge.max, max);
            trace(d, "%.*s\n  charges %s of at most %s\n", SLICE_PRINT(limit->charge.rule), amount,
                  max);
        }
        (*count)++;
    }
    return false;
}

static bool denied_by_charges(struct decision *d, const struct rule *own, const struct rule *all,
                              struct policy_charge **ret_charges, size_t *ret_count)
{
    size_t wanted = own->limits.count + all->limits.count;
    if (wanted == 0)
        return false;
    struct policy_charge *charges = arena_take(d->arena, wanted * sizeof *charges);
    if (charges == NULL) {
        const struct limits *first = own->limits.count > 0 ? &own->limits : &all->limits;
        return deny(d, first->items[0].charge.rule,
                    SLICE_LITERAL("The call is too large to be judged."));
    }
    *ret_charges = charges;
    return add_charges(d, &own->limits, charges, ret_count) ||
           add_charges(d, &all->limits, charges, ret_count);
}

// ---- Approval

struct question {
    bool asked;
    struct slice rule, reason;
};

// Every predicate is looked at: one that cannot be judged denies even when another asks.
static bool denied_by_approve_if(struct decision *d, const struct rule *rule,
                                 struct question *question)
{
    for (size_t i = 0; i < rule->approve_if.count; i++) {
        const struct predicate *predicate = &rule->approve_if.items[i];
        const struct condition *failed = NULL;
        enum result result = predicate_holds(d, predicate, QUANTIFIER_ANY, &failed);
        if (result == RESULT_TROUBLE)
            return deny_trouble(d, predicate->pointer);
        if (result == RESULT_NO || question->asked)
            continue;
        *question =
            (struct question){true, predicate->pointer,
                              predicate->on_deny.length > 0 ? predicate->on_deny : rule->reason};
    }
    return false;
}

static void ask_or_allow(struct decision *d, const struct rule *own, struct question *question)
{
    struct policy_verdict *verdict = d->verdict;
    if (question->asked) {
        verdict->outcome = POLICY_ASK;
        verdict->rule = question->rule;
        verdict->reason = question->reason.length > 0
                              ? question->reason
                              : REASON(d, "'%.*s' needs the approval of a person.",
                                       SLICE_PRINT(shown(d->call->name)));
        return;
    }
    verdict->outcome = POLICY_ALLOW;
    verdict->rule = own->pointer.data != NULL ? own->pointer : SLICE_LITERAL("(default allow)");
}

// ---- The whole

static void judge_named(struct decision *d, const struct section *section)
{
    static const struct rule none = {0};
    const struct rule *own = &none;
    const struct rule *all = section == &d->policy->tools ? &d->policy->all_tools : &none;
    struct policy_charge *charges = NULL;
    size_t count = 0;
    if (denied_by_name(d, section, &own) || denied_by_require(d, own) ||
        denied_by_require(d, all) || denied_by_deny_if(d, own) || denied_by_deny_if(d, all) ||
        denied_by_charges(d, own, all, &charges, &count))
        return;
    struct question question = {0};
    if (own->action == ACTION_REQUIRE_APPROVAL)
        question = (struct question){true, own->action_pointer, own->reason};
    if (denied_by_approve_if(d, own, &question) || denied_by_approve_if(d, all, &question))
        return;
    *d->verdict = (struct policy_verdict){.charges = charges, .charge_count = count};
    ask_or_allow(d, own, &question);
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
             REASON(d, "Method '%.*s' is not allowed by the policy.", SLICE_PRINT(shown(method))));
}

static void judge(struct decision *d)
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
    judge(&d);
}

static const char *outcome_text(const struct policy_verdict *verdict)
{
    switch (verdict->outcome) {
    case POLICY_ALLOW: return "allowed";
    case POLICY_ASK: return "a person must approve";
    case POLICY_DENY: break;
    }
    return verdict->hidden ? "denied, as if the name did not exist" : "denied";
}

void policy_explain(const struct policy *policy, const struct policy_call *call,
                    struct arena *arena, struct policy_verdict *ret, struct buffer *out)
{
    static const char *const subjects[] = {"tool", "resource", "prompt", "method"};
    struct decision d = {
        .policy = policy, .call = call, .arena = arena, .verdict = ret, .trace = out};
    trace(&d, "%s '%.*s'", subjects[call->subject], SLICE_PRINT(shown(call->name)));
    if (call->subject == POLICY_TOOL)
        trace(&d, " (%s)", catalogue_category_name(call->category));
    trace(&d, "\n");
    judge(&d);
    trace(&d, "=> %s by %.*s\n", outcome_text(ret), SLICE_PRINT(ret->rule));
    if (ret->reason.length > 0)
        trace(&d, "   %.*s\n", SLICE_PRINT(ret->reason));
}
