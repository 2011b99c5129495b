// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy, a line "---", and the arguments of a call to tool "t" (or to what stands behind the
// dashes): deciding and explaining agree, a short arena never allows more, charges are sound.
#include "policy/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_charges(const struct policy_verdict *verdict)
{
    for (size_t i = 0; i < verdict->charge_count; i++) {
        const struct policy_charge *charge = &verdict->charges[i];
        require(!decimal_is_negative(charge->amount) && !decimal_is_negative(charge->max));
        require(charge->window_ms > 0 && charge->counter.length > 0 && charge->rule.length > 0);
        require(charge->on_deny.length > 0);
    }
}

static void check_short_arenas(const struct policy *policy, const struct policy_call *call,
                               enum policy_outcome outcome)
{
    for (size_t cap = 0; cap < 2048; cap += 256) {
        struct arena arena;
        struct policy_verdict verdict;
        arena_init(&arena, cap);
        policy_decide(policy, call, &arena, &verdict);
        require(verdict.outcome == outcome || verdict.outcome == POLICY_DENY);
        arena_release(&arena);
    }
}

static void judge(const struct policy *policy, const struct policy_call *call)
{
    struct arena arena;
    struct buffer text, steps;
    struct json_doc doc;
    struct policy_verdict verdict, explained;
    arena_init(&arena, 16 << 20);
    buffer_init(&text, 0);
    buffer_init(&steps, 0);
    json_doc_init(&doc);
    policy_decide(policy, call, &arena, &verdict);
    policy_explain(policy, call, &arena, &explained, &text, &steps);
    require(verdict.outcome == explained.outcome && verdict.hidden == explained.hidden);
    require(slice_equal(verdict.rule, explained.rule));
    require(slice_equal(verdict.reason, explained.reason));
    require(!text.failed && verdict.rule.length > 0);
    require(json_scan(&doc, buffer_slice(&steps), NULL, NULL, NULL) == 0);
    require(verdict.outcome == POLICY_ALLOW || verdict.reason.data != NULL);
    require(verdict.outcome != POLICY_DENY || verdict.charge_count == 0);
    check_charges(&verdict);
    check_short_arenas(policy, call, verdict.outcome);
    json_doc_release(&doc);
    buffer_release(&steps);
    buffer_release(&text);
    arena_release(&arena);
}

// The arguments once more, as if they were what came back: changes are in order and within the
// text, and a short arena never lets more through.
static void judge_answer(const struct policy *policy, const struct policy_call *call)
{
    const struct policy_answer answer = {.doc = call->doc, .whole = 0, .result = 0};
    struct policy_answer_verdict verdict, starved;
    struct arena arena;
    arena_init(&arena, 16 << 20);
    policy_decide_answer(policy, call, &answer, &arena, &verdict);
    require(!verdict.denied || (verdict.rule.length > 0 && verdict.reason.length > 0));
    size_t at = 0;
    for (size_t i = 0; i < verdict.change_count; i++) {
        require(!verdict.denied && verdict.changes[i].start >= at);
        at = verdict.changes[i].start + verdict.changes[i].length;
        require(at <= call->doc->text.length);
    }
    for (size_t cap = 0; cap < 4096; cap += 512) {
        struct arena small;
        arena_init(&small, cap);
        policy_decide_answer(policy, call, &answer, &small, &starved);
        require(starved.denied ||
                (!verdict.denied && starved.change_count == verdict.change_count));
        arena_release(&small);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice mark = {"\n---", 4};
    static const struct slice tags[] = {{"a", 1}, {"prod", 4}};
    struct slice text = slice_of((const char *)data, size);
    const char *split = size == 0 ? NULL : memmem(data, size, mark.data, mark.length);
    if (split == NULL)
        return 0;
    const char *end = text.data + text.length, *name = split + mark.length;
    const char *line = memchr(name, '\n', (size_t)(end - name));
    if (line == NULL)
        return 0;
    struct policy *policy = NULL;
    struct policy_problems problems;
    (void)!policy_compile(slice_of(text.data, (size_t)(split - text.data)), SLICE_LITERAL("fuzz"),
                          &policy, &problems);
    policy_problems_release(&problems);
    struct json_doc doc;
    json_doc_init(&doc);
    if (policy != NULL &&
        json_scan(&doc, slice_of(line + 1, (size_t)(end - line - 1)), NULL, NULL, NULL) == 0) {
        const struct policy_call call = {
            .name = line > name ? slice_of(name, (size_t)(line - name)) : SLICE_LITERAL("t"),
            .doc = &doc,
            .category = size % 2 == 0 ? CATALOGUE_UNKNOWN : CATALOGUE_WRITE,
            .grant_label = SLICE_LITERAL("ci"),
            .grant_tags = tags,
            .grant_tag_count = 2,
            .client_name = SLICE_LITERAL("cursor"),
            .session_calls = 3,
            .now_ms = 1795255200000};
        judge(policy, &call);
        judge_answer(policy, &call);
    }
    json_doc_release(&doc);
    policy_unref(policy);
    return 0;
}
