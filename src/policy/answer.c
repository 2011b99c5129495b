// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The verdict on what came back: size, then `deny_if`, then redaction. What cannot be inspected is
// denied. docs/policy.md, "Results".
#include "policy/policy_internal.h"

// ---- Which blocks apply

enum { SETS_OF_CALL = 3 }; // the subject's own, of all tools, of the document

static void add_set(struct answer_rules *rules, const struct results *results)
{
    if (results->given)
        rules->sets[rules->count++] = results;
}

// Room for so many; false when memory is short.
static bool take_sets(struct decision *d, size_t most, struct answer_rules *ret)
{
    *ret =
        (struct answer_rules){.sets = arena_take(d->arena, most * sizeof(const struct results *))};
    return ret->sets != NULL;
}

static bool section_judges(const struct section *section)
{
    for (size_t i = 0; i < section->count; i++)
        if (section->entries[i].rule.results.given)
            return true;
    return false;
}

static const struct section *section_of(const struct policy *policy, enum policy_subject subject)
{
    switch (subject) {
    case POLICY_TOOL: return &policy->tools;
    case POLICY_RESOURCE: return &policy->resources;
    case POLICY_PROMPT: return &policy->prompts;
    case POLICY_METHOD: break;
    }
    return NULL;
}

// The most particular first. False when it cannot be known which they are.
static bool find_sets(struct decision *d, struct answer_rules *rules)
{
    const struct policy *policy = d->policy;
    const struct policy_call *call = d->call;
    const struct section *section = section_of(policy, call->subject);
    if (!take_sets(d, SETS_OF_CALL, rules))
        return false;
    if (section == NULL)
        return true;
    if (call->name.length == 0 && section_judges(section))
        return false;
    struct selection selection = section_select(section, call->name, call->category);
    if (selection.rival != NULL)
        return false;
    if (selection.entry != NULL && call->name.length > 0)
        add_set(rules, &selection.entry->rule.results);
    if (call->subject == POLICY_TOOL)
        add_set(rules, &policy->all_tools.results);
    add_set(rules, &policy->results);
    return true;
}

// ---- JSON inside of texts

static bool may_be_json(struct slice text)
{
    text = slice_trim(text);
    return text.length >= 2 && (text.data[0] == '{' || text.data[0] == '[');
}

static bool grow(struct decision *d, struct inner_texts *inner)
{
    enum { FIRST = 8, INNER_MAX = 4096 };
    if (inner->count < inner->capacity)
        return true;
    size_t capacity = inner->capacity == 0 ? FIRST : inner->capacity * 2;
    struct inner_text *items =
        capacity > INNER_MAX ? NULL : arena_take(d->arena, capacity * sizeof *items);
    if (items == NULL)
        return false;
    if (inner->count > 0)
        memcpy(items, inner->items, inner->count * sizeof *items);
    inner->items = items;
    inner->capacity = capacity;
    return true;
}

// False when the text may be JSON for another reader, but not for this one.
static bool add_inner(struct decision *d, uint32_t node, struct inner_texts *inner)
{
    struct slice text = json_string(d->answer->doc, node, d->arena);
    if (text.data == NULL)
        return false;
    if (!may_be_json(text))
        return true;
    struct json_doc doc;
    json_doc_init(&doc);
    int error = json_scan(&doc, text, NULL, NULL, NULL);
    bool keep = error == 0 && grow(d, inner);
    if (keep)
        inner->items[inner->count++] = (struct inner_text){node, doc};
    else
        json_doc_release(&doc);
    return keep || error == ERROR_SYNTAX;
}

static bool reads_structured(const struct answer_rules *rules, bool watched)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct results *set = rules->sets[i];
        for (size_t j = 0; j < set->deny_if.count; j++)
            if (set->deny_if.items[j].structured && set->deny_if.items[j].observe == watched)
                return true;
        for (size_t j = 0; set->observe == watched && j < set->redactor_count; j++)
            if (set->redactors[j].kind == REDACT_PATH &&
                path_reads_structured(&set->redactors[j].path))
                return true;
    }
    return false;
}

static bool find_inner(struct decision *d, const struct answer_rules *rules, bool watched,
                       struct inner_texts *inner)
{
    const struct json_doc *doc = d->answer->doc;
    if (!reads_structured(rules, watched))
        return true;
    uint32_t end = json_at(doc, d->answer->whole)->next;
    for (uint32_t node = d->answer->whole; node < end; node++)
        if (json_type(doc, node) == JSON_STRING && !json_at(doc, node)->is_key &&
            !add_inner(d, node, inner))
            return false;
    return true;
}

static void release_inner(struct inner_texts *inner)
{
    for (size_t i = 0; i < inner->count; i++)
        json_doc_release(&inner->items[i].doc);
}

// ---- Denials

static bool withhold(struct policy_answer_verdict *verdict, struct slice rule, struct slice reason)
{
    verdict->denied = true;
    verdict->rule = rule;
    verdict->reason =
        reason.data != NULL ? reason : SLICE_LITERAL("The result is not allowed by the policy.");
    return true;
}

static bool denied_by_size(struct decision *d, const struct results *set,
                           struct policy_answer_verdict *verdict)
{
    size_t bytes = json_at(d->answer->doc, d->answer->whole)->length;
    if (!set->has_max || bytes <= set->max_bytes)
        return false;
    struct slice rule = arena_format(d->arena, "%.*s/max_bytes", SLICE_PRINT(set->pointer));
    return withhold(verdict, rule.data != NULL ? rule : set->pointer,
                    arena_format(d->arena,
                                 "The result has %zu bytes; at most %llu are let through.", bytes,
                                 (unsigned long long)set->max_bytes));
}

// The predicate over the result itself, and over what its texts hold as JSON.
static enum result holds_anywhere(struct decision *d, const struct predicate *predicate,
                                  const struct inner_texts *inner)
{
    const struct condition *failed = NULL;
    uint32_t own = json_get(d->answer->doc, d->answer->result, "structuredContent");
    enum result result = RESULT_NO;
    bool by_itself = !predicate->structured || own != JSON_NONE || inner->count == 0;
    if (by_itself)
        result = predicate_holds(d, predicate, QUANTIFIER_ANY, &failed);
    for (size_t i = 0; predicate->structured && i < inner->count && result == RESULT_NO; i++) {
        d->structured = &inner->items[i].doc;
        result = predicate_holds(d, predicate, QUANTIFIER_ANY, &failed);
    }
    d->structured = NULL;
    return result;
}

static bool denied_by_predicates(struct decision *d, const struct results *set, bool watched,
                                 const struct inner_texts *inner,
                                 struct policy_answer_verdict *verdict)
{
    for (size_t i = 0; i < set->deny_if.count; i++) {
        const struct predicate *predicate = &set->deny_if.items[i];
        if (predicate->observe != watched)
            continue;
        enum result result = holds_anywhere(d, predicate, inner);
        if (result == RESULT_NO)
            continue;
        if (result == RESULT_TROUBLE)
            return withhold(verdict, predicate->pointer, d->trouble);
        if (predicate->on_deny.length > 0)
            return withhold(verdict, predicate->pointer, predicate->on_deny);
        if (predicate->count == 0)
            return withhold(verdict, predicate->pointer,
                            SLICE_LITERAL("The policy lets no result of this call through."));
        return withhold(verdict, predicate->pointer,
                        arena_format(d->arena, "%.*s has a value that the policy denies.",
                                     SLICE_PRINT(predicate->conditions[0].path.label)));
    }
    return false;
}

// ---- The whole

static bool never_gives_up(void *argument)
{
    (void)argument;
    return true;
}

// Of the blocks that apply, those that observe or those that enforce. False: memory is short.
static bool rules_of_mode(struct decision *d, const struct answer_rules *rules, bool watched,
                          struct answer_rules *ret)
{
    if (!take_sets(d, rules->count, ret))
        return false;
    for (size_t i = 0; i < rules->count; i++)
        if (rules->sets[i]->observe == watched)
            ret->sets[ret->count++] = rules->sets[i];
    return true;
}

// By what enforces, or by what only observes.
static void judge_answer(struct decision *d, const struct answer_rules *rules, bool watched,
                         struct policy_answer_verdict *ret)
{
    struct inner_texts inner = {0};
    struct answer_rules redacting;
    d->trouble = (struct slice){0};
    d->detect = (struct detect_work){0}; // what observes has a budget of its own
    bool readable =
        rules_of_mode(d, rules, watched, &redacting) && find_inner(d, rules, watched, &inner);
    if (!readable)
        withhold(ret, rules->sets[0]->pointer,
                 SLICE_LITERAL("A text of the result holds JSON that cannot be inspected."));
    for (size_t i = 0; readable && i < rules->count; i++)
        if ((rules->sets[i]->observe == watched && denied_by_size(d, rules->sets[i], ret)) ||
            denied_by_predicates(d, rules->sets[i], watched, &inner, ret))
            break;
    if (!ret->denied && redacting.count > 0 && !redact_answer(d, &redacting, &inner, ret))
        withhold(ret, d->trouble_rule, d->trouble);
    release_inner(&inner);
}

static bool any_watches(const struct answer_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->sets[i]->observe)
            return true;
        for (size_t j = 0; j < rules->sets[i]->deny_if.count; j++)
            if (rules->sets[i]->deny_if.items[j].observe)
                return true;
    }
    return false;
}

// After what enforces, so that it takes no time away from that.
static void watch_answer(struct decision *d, const struct answer_rules *rules,
                         struct policy_answer_verdict *ret)
{
    struct policy_answer_verdict would = {0};
    if (ret->denied || !any_watches(rules))
        return;
    judge_answer(d, rules, true, &would);
    ret->watched_changes = would.change_count;
    if (would.denied)
        ret->observed = (struct policy_observation){
            .noted = true, .outcome = POLICY_DENY, .rule = would.rule, .reason = would.reason};
}

void policy_decide_answer(const struct policy *policy, const struct policy_call *call,
                          const struct policy_answer *answer, struct arena *arena,
                          struct policy_answer_verdict *ret)
{
    struct decision d = {.policy = policy, .call = call, .arena = arena, .answer = answer};
    struct answer_rules rules;
    *ret = (struct policy_answer_verdict){0};
    d.regex.may_go_on = answer->may_go_on != NULL ? answer->may_go_on : never_gives_up;
    d.regex.argument = answer->argument;
    if (!policy_judges_answers(policy))
        return;
    if (!find_sets(&d, &rules)) {
        withhold(ret, SLICE_LITERAL("(unknown call)"),
                 SLICE_LITERAL("It is not known which call this result belongs to, so it cannot "
                               "be judged."));
        return;
    }
    if (rules.count == 0)
        return;
    judge_answer(&d, &rules, false, ret);
    watch_answer(&d, &rules, ret);
}

bool policy_judges_answers(const struct policy *policy)
{
    return policy != NULL && policy->judges_answers;
}

// ---- What a server says besides its answer

static bool withholds_all(const struct results *set)
{
    for (size_t i = 0; i < set->deny_if.count; i++)
        if (set->deny_if.items[i].count == 0 && !set->deny_if.items[i].observe)
            return true;
    return false;
}

static void add_redacting(struct answer_rules *rules, const struct results *set)
{
    if (set->given && set->reads_text && !set->observe)
        rules->sets[rules->count++] = set;
}

// Whichever call it is about: all blocks that look into texts. False when memory is short.
static bool find_all_sets(struct decision *d, struct answer_rules *rules)
{
    const struct policy *policy = d->policy;
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    enum { SECTIONS = sizeof sections / sizeof *sections };
    size_t most = SETS_OF_CALL;
    for (size_t i = 0; i < SECTIONS; i++)
        most += sections[i]->count;
    if (!take_sets(d, most, rules))
        return false;
    for (size_t i = 0; i < SECTIONS; i++)
        for (size_t j = 0; j < sections[i]->count; j++)
            add_redacting(rules, &sections[i]->entries[j].rule.results);
    add_redacting(rules, &policy->all_tools.results);
    add_redacting(rules, &policy->results);
    return true;
}

// Of the call's own blocks those that look into texts; false when one of them lets nothing through.
static bool find_own_sets(struct answer_rules *rules, struct policy_answer_verdict *ret)
{
    size_t count = rules->count;
    rules->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct results *set = rules->sets[i];
        if (!set->observe && withholds_all(set))
            return !withhold(ret, set->pointer,
                             SLICE_LITERAL("The policy lets nothing of this call through."));
        add_redacting(rules, set);
    }
    return true;
}

void policy_decide_news(const struct policy *policy, const struct policy_call *call,
                        const struct policy_answer *news, struct arena *arena,
                        struct policy_answer_verdict *ret)
{
    struct decision d = {.policy = policy, .call = call, .arena = arena, .answer = news};
    const struct inner_texts none = {0};
    struct answer_rules rules;
    *ret = (struct policy_answer_verdict){0};
    d.regex.may_go_on = news->may_go_on != NULL ? news->may_go_on : never_gives_up;
    d.regex.argument = news->argument;
    if (!policy_judges_answers(policy))
        return;
    bool known = call->subject != POLICY_METHOD && call->name.length > 0 && find_sets(&d, &rules);
    if (!known && !find_all_sets(&d, &rules))
        withhold(ret, SLICE_LITERAL("(unknown call)"), SLICE_LITERAL("Memory is short."));
    if (ret->denied || (known && !find_own_sets(&rules, ret)) || rules.count == 0)
        return;
    if (!redact_answer(&d, &rules, &none, ret))
        withhold(ret, d.trouble_rule, d.trouble);
}
