// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a text and as a result. What detectors find does not depend on where the text lies
// in the blocks that they look at. What a policy leaves of a result is a result again: JSON of the
// same shape, without the keys that were in it as plain text.
#include "base/memory.h"
#include "detect/detect.h"
#include "policy/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POLICY                                                                                     \
    "{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"results\":{\"redact\":["            \
    "{\"type\":\"secrets\"},{\"type\":\"personal\",\"with\":\"<p>\"},{\"type\":\"regex\","         \
    "\"pattern\":\"ab+c\",\"with\":\"\"},{\"path\":\"result.structuredContent.a[*].b\"}],"         \
    "\"deny_if\":[{\"conditions\":[{\"path\":\"result.isError\",\"op\":\"eq\",\"value\":1}]}]}},"  \
    "\"tools\":{\"t\":{\"results\":{\"redact\":[{\"type\":\"regex\",\"pattern\":\"(?i)x[yz]\"}],"  \
    "\"binary\":\"allow\"}}}}"

static void require(bool condition)
{
    if (!condition)
        abort();
}

// ---- Detectors

enum { SHIFT_MAX = 70 };

static void check_shift(struct slice text, unsigned kinds, size_t shift)
{
    char *moved = memory_new(text.length + shift + 1);
    memset(moved, ' ', shift);
    if (text.length > 0)
        memcpy(moved + shift, text.data, text.length);
    struct slice other = slice_of(moved, text.length + shift);
    struct detect_finding a, b;
    for (size_t at = 0;; at = a.start + a.length) {
        struct detect_work work = {0}, other_work = {0};
        enum detect_result found = detect_find(text, kinds, at, &work, &a);
        require(detect_find(other, kinds, at + shift, &other_work, &b) == found);
        if (found != DETECT_FOUND)
            break;
        require(a.start >= at && a.length > 0 && a.start + a.length <= text.length);
        require((a.kind & kinds) != 0 && a.kind == b.kind);
        require(a.start + shift == b.start && a.length == b.length);
    }
    memory_free(moved);
}

// ---- Results

static void count_kinds(const struct json_doc *doc, size_t ret[JSON_OBJECT + 8])
{
    for (uint32_t node = 0; node < doc->count; node++)
        ret[json_type(doc, node)]++;
}

static void check_changes(const struct json_doc *doc, const struct policy_answer_verdict *verdict)
{
    struct buffer out;
    struct json_doc after;
    size_t at = 0, kinds[JSON_OBJECT + 8] = {0}, kinds_after[JSON_OBJECT + 8] = {0};
    buffer_init(&out, 0);
    for (size_t i = 0; i < verdict->change_count; i++) {
        const struct policy_change *change = &verdict->changes[i];
        require(change->start >= at && change->start + change->length <= doc->text.length);
        buffer_append(&out, slice_of(doc->text.data + at, change->start - at));
        buffer_append(&out, change->replacement);
        at = change->start + change->length;
    }
    buffer_append(&out, slice_of(doc->text.data + at, doc->text.length - at));
    json_doc_init(&after);
    require(!out.failed && json_scan(&after, buffer_slice(&out), NULL, NULL, NULL) == 0);
    count_kinds(doc, kinds);
    count_kinds(&after, kinds_after);
    // A number may become a text, and a path take out all that is below it; nothing is added.
    require(after.count <= doc->count && kinds_after[JSON_OBJECT] <= kinds[JSON_OBJECT] &&
            kinds_after[JSON_ARRAY] <= kinds[JSON_ARRAY]);
    json_doc_release(&after);
    buffer_release(&out);
}

static void check_result(const struct policy *policy, const struct json_doc *doc, const char *tool)
{
    const struct policy_call call = {.subject = *tool == '\0' ? POLICY_METHOD : POLICY_TOOL,
                                     .name = slice_from_string(tool),
                                     .args = JSON_NONE};
    struct policy_answer answer = {.doc = doc};
    struct policy_answer_verdict verdict;
    struct arena arena;
    arena_init(&arena, 16 << 20);
    policy_decide_answer(policy, &call, &answer, &arena, &verdict);
    require(!verdict.denied || (verdict.rule.length > 0 && verdict.change_count == 0));
    check_changes(doc, &verdict);
    answer.result = JSON_NONE;
    policy_decide_news(policy, &call, &answer, &arena, &verdict);
    require(!verdict.denied || verdict.rule.length > 0);
    if (!verdict.denied)
        check_changes(doc, &verdict);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct json_doc doc;
    struct policy *policy = NULL;
    struct policy_problems problems;
    require(policy_compile(SLICE_LITERAL(POLICY), SLICE_LITERAL("p"), &policy, &problems) == 0);
    policy_problems_release(&problems);
    check_shift(text, DETECT_ALL, size % SHIFT_MAX);
    check_shift(text, DETECT_SECRET, (size + 33) % SHIFT_MAX);
    check_shift(text, DETECT_PERSONAL, 1);
    json_doc_init(&doc);
    if (json_scan(&doc, text, NULL, NULL, NULL) == 0 && json_type(&doc, 0) == JSON_OBJECT) {
        check_result(policy, &doc, "t");
        check_result(policy, &doc, "other");
        check_result(policy, &doc, "");
    }
    json_doc_release(&doc);
    policy_unref(policy);
    return 0;
}
