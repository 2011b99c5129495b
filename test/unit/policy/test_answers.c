// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What rows cannot show of rules on results: short memory, giving up, texts that are looked at
// piece by piece.
#include "lib/unit.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "detect/detect.h"
#include "policy/policy.h"

#include <stdio.h>

#define POLICY                                                                                     \
    "{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"results\":{\"redact\":["            \
    "{\"type\":\"secrets\"},{\"type\":\"regex\",\"pattern\":\"[a-z]+@[a-z]+\",\"with\":\"@\"},"    \
    "{\"path\":\"result.structuredContent.ssn\"}],\"deny_if\":[{\"conditions\":[{\"path\":"        \
    "\"result.structuredContent.level\",\"op\":\"gt\",\"value\":3}]}]}}}"
#define RESULT                                                                                     \
    "{\"structuredContent\":{\"ssn\":1,\"password\":\"x\",\"a\":\"\\u0061b@c\"},"                  \
    "\"content\":[{\"type\":\"text\",\"text\":\"{\\\"ssn\\\":\\\"1\\\"}\"},\"d@e f@g\"]}"
#define REDACTED                                                                                   \
    "{\"structuredContent\":{\"ssn\":\"[REDACTED]\",\"password\":\"[REDACTED]\",\"a\":\"@\"},"     \
    "\"content\":[{\"type\":\"text\",\"text\":\"{\\\"ssn\\\":\\\"[REDACTED]\\\"}\"},\"@ @\"]}"

static struct policy *compile(const char *text)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    if (policy_compile(slice_from_string(text), SLICE_LITERAL("x"), &policy, &problems) != 0)
        fail_msg("%s", problems.count > 0 ? problems.items[0].text : "not compiled");
    policy_problems_release(&problems);
    return policy;
}

struct scene {
    struct json_doc doc;
    struct arena arena;
    struct policy_answer answer;
    struct policy_answer_verdict verdict;
};

static void scene_init(struct scene *s, struct slice result)
{
    json_doc_init(&s->doc);
    arena_init(&s->arena, 64 << 20);
    assert_int_equal(json_scan(&s->doc, result, NULL, NULL, NULL), 0);
    s->answer = (struct policy_answer){.doc = &s->doc};
}

static void judge(const struct policy *policy, struct scene *s)
{
    const struct policy_call call = {
        .subject = POLICY_TOOL, .name = SLICE_LITERAL("t"), .args = JSON_NONE};
    policy_decide_answer(policy, &call, &s->answer, &s->arena, &s->verdict);
}

static void changed(const struct scene *s, struct buffer *out)
{
    size_t at = 0;
    buffer_init(out, 0);
    for (size_t i = 0; i < s->verdict.change_count; i++) {
        const struct policy_change *change = &s->verdict.changes[i];
        assert_true(change->start >= at);
        buffer_append(out, slice_of(s->doc.text.data + at, change->start - at));
        buffer_append(out, change->replacement);
        at = change->start + change->length;
    }
    buffer_append(out, slice_of(s->doc.text.data + at, s->doc.text.length - at));
}

static void scene_release(struct scene *s)
{
    json_doc_release(&s->doc);
    arena_release(&s->arena);
}

static void check_whole(const struct scene *s)
{
    struct buffer out;
    changed(s, &out);
    assert_true(slice_equal_string(buffer_slice(&out), REDACTED));
    buffer_release(&out);
}

// With one allocation failing, the result is redacted as a whole or withheld as a whole.
static void short_memory_withholds(void **state)
{
    (void)state;
    struct policy *policy = compile(POLICY);
    bool passed = false;
    size_t withheld = 0;
    for (size_t n = 1; !passed; n++) {
        struct scene s;
        scene_init(&s, SLICE_LITERAL(RESULT));
        memory_fail_at(n, 0);
        judge(policy, &s);
        passed = memory_attempts() < n;
        memory_fail_at(0, 0);
        if (s.verdict.denied) {
            withheld++;
            assert_int_equal(s.verdict.change_count, 0);
            assert_true(s.verdict.rule.length > 0 && s.verdict.reason.length > 0);
        } else {
            check_whole(&s);
        }
        assert_true(!passed || !s.verdict.denied);
        assert_true(n < 1000);
        scene_release(&s);
    }
    assert_true(withheld > 0);
    policy_unref(policy);
}

static void a_full_arena_withholds(void **state)
{
    (void)state;
    struct policy *policy = compile(POLICY);
    bool denied = false, allowed = false;
    for (size_t cap = 0; cap < 64 << 10; cap += 64) {
        struct scene s;
        scene_init(&s, SLICE_LITERAL(RESULT));
        arena_release(&s.arena);
        arena_init(&s.arena, cap);
        judge(policy, &s);
        denied = denied || s.verdict.denied;
        allowed = allowed || !s.verdict.denied;
        if (!s.verdict.denied)
            check_whole(&s);
        scene_release(&s);
    }
    assert_true(denied && allowed);
    policy_unref(policy);
}

static void compiling_survives_every_failed_allocation(void **state)
{
    (void)state;
    bool passed = false;
    for (size_t n = 1; !passed; n++) {
        struct policy *policy = NULL;
        struct policy_problems problems;
        memory_fail_at(n, 0);
        int result = policy_compile(SLICE_LITERAL(POLICY), SLICE_LITERAL("x"), &policy, &problems);
        passed = memory_attempts() < n;
        memory_fail_at(0, 0);
        assert_true(result == 0 || result == ERROR_NO_MEMORY);
        assert_int_equal(policy != NULL, result == 0);
        if (policy != NULL)
            assert_true(policy_judges_answers(policy));
        policy_problems_release(&problems);
        policy_unref(policy);
        assert_true(n < 1000);
    }
}

// ---- Long texts

struct long_text {
    char *json; // owned; a string
    size_t length;
};

static struct long_text long_text(size_t length, char filler)
{
    struct long_text text = {memory_new(length + 2), length + 2};
    memset(text.json, filler, length + 2);
    text.json[0] = text.json[length + 1] = '"';
    return text;
}

// What is looked for is found wherever it stands, also across the borders of the pieces.
static void a_match_is_found_at_every_place(void **state)
{
    (void)state;
    enum { LENGTH = 200000 };
    struct policy *policy =
        compile("{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"results\":{\"redact\":["
                "{\"type\":\"regex\",\"pattern\":\"(?<=x)b+c\",\"with\":\"!\"}]}}}");
    struct long_text text = long_text(LENGTH, 'x');
    for (size_t at = 2; at < LENGTH - 8; at += at < 400 ? 1 : 4999) {
        struct scene s;
        struct buffer out;
        memcpy(text.json + at, "bbbc", 4);
        scene_init(&s, slice_of(text.json, text.length));
        judge(policy, &s);
        assert_false(s.verdict.denied);
        assert_int_equal(s.verdict.change_count, 1);
        changed(&s, &out);
        assert_int_equal(buffer_slice(&out).length, text.length - 3);
        assert_int_equal(buffer_slice(&out).data[at], '!');
        buffer_release(&out);
        scene_release(&s);
        memset(text.json + at, 'x', 4);
    }
    memory_free(text.json);
    policy_unref(policy);
}

static bool counts_down(void *argument)
{
    size_t *left = argument;
    return *left > 0 && (*left)-- > 0;
}

static void giving_up_withholds(void **state)
{
    (void)state;
    struct policy *policy =
        compile("{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"results\":{\"redact\":["
                "{\"type\":\"regex\",\"pattern\":\"[xw]+y|[xw]+v\"}]}}}");
    struct long_text text = long_text(1 << 20, 'z');
    for (size_t left = 0; left < 5; left++) {
        struct scene s;
        size_t asked = left;
        scene_init(&s, slice_of(text.json, text.length));
        s.answer.may_go_on = counts_down;
        s.answer.argument = &asked;
        judge(policy, &s);
        assert_true(s.verdict.denied);
        assert_true(slice_equal_string(s.verdict.rule, "/all_tools/results/redact"));
        assert_int_equal(asked, 0);
        scene_release(&s);
    }
    struct scene s;
    scene_init(&s, slice_of(text.json, text.length));
    judge(policy, &s);
    assert_false(s.verdict.denied);
    scene_release(&s);
    memory_free(text.json);
    policy_unref(policy);
}

// What holds more beginnings of what is looked for than are looked at closely is not passed on;
// what only observes it takes no part of the budget of what enforces.
static void too_much_to_look_at_withholds(void **state)
{
    (void)state;
    struct policy *policy = compile(
        "{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"results\":{\"redact\":["
        "{\"type\":\"personal\",\"kinds\":[\"email\"]}]}},\"results\":{\"mode\":\"observe\","
        "\"redact\":[{\"type\":\"secrets\"},{\"type\":\"personal\"}]}}");
    for (size_t more = 0; more < 2; more++) {
        struct long_text text = long_text(DETECT_LOOKS_MAX + more, '@');
        struct scene s;
        scene_init(&s, slice_of(text.json, text.length));
        judge(policy, &s);
        assert_int_equal(s.verdict.denied, more == 1);
        if (more == 1)
            assert_true(slice_equal_string(s.verdict.rule, "/all_tools/results/redact"));
        scene_release(&s);
        memory_free(text.json);
    }
    policy_unref(policy);
}

static void a_condition_over_a_long_text_is_judged(void **state)
{
    (void)state;
    struct policy *policy =
        compile("{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"results\":{\"deny_if\":["
                "{\"conditions\":[{\"path\":\"result\",\"op\":\"regex\",\"value\":\"q+r\"}]}]}}}");
    struct long_text text = long_text(300000, 'x');
    for (size_t end = 0; end < 2; end++) {
        struct scene s;
        if (end == 1)
            memcpy(text.json + text.length - 4, "qqr", 3);
        scene_init(&s, slice_of(text.json, text.length));
        judge(policy, &s);
        assert_int_equal(s.verdict.denied, end == 1);
        scene_release(&s);
    }
    memory_free(text.json);
    policy_unref(policy);
}

static void without_rules_nothing_is_looked_at(void **state)
{
    (void)state;
    struct policy *policy = compile("{\"version\":\"1\",\"default\":\"allow\"}");
    assert_false(policy_judges_answers(policy));
    assert_false(policy_judges_answers(NULL));
    struct scene s;
    scene_init(&s, SLICE_LITERAL(RESULT));
    judge(policy, &s);
    assert_false(s.verdict.denied);
    assert_int_equal(s.verdict.change_count, 0);
    scene_release(&s);
    policy_unref(policy);
}

// ---- Expressions are looked for by the text that their matches hold (regex_literal.c). In a group
// none is read off them: both must find the same.
static const char *const atoms[] = {
    "a",         "b",       "k",     "s",           "S",       "ab",     "abc",
    "a b",       "ab+",     "a*",    "b?",          "a{2}",    "b{0}",   "a{0,1}",
    "[ab]",      "[^a]",    "[]a]",  ".",           "\\\\b",   "\\\\w+", "\\\\.",
    "(a|b)",     "(?:ab)?", "(?=a)", "(?!b)",       "a|b",     "^",      "$",
    "(?i)",      "\\\\Ba",  "x{y}",  "\\\\Qa\\\\E", "\\\\x61", "a++",    "\xC3\xA9",
    "\xC3\xA9?", "(?<n>a)", "(ab)+", "a{|b}",       "b+?a",    "{",      "K"};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void random_pattern(uint32_t *seed, char out[256])
{
    size_t used = 0, count = 1 + next(seed) % 5;
    if (next(seed) % 4 == 0)
        used = (size_t)snprintf(out, 256, "(?i)");
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, 256 - used, "%s",
                                 atoms[next(seed) % (sizeof atoms / sizeof *atoms)]);
}

static void random_text(uint32_t *seed, struct buffer *out)
{
    static const char *const parts[] = {
        "a", "b",    "ab",       "abc",          " ",        ".",       "A", "K", "k", "s",
        "S", "x{y}", "\xC3\xA9", "\xE2\x84\xAA", "\xC5\xBF", "zzzzzzzz"};
    buffer_init(out, 0);
    buffer_append_string(out, "[\"");
    for (uint32_t left = next(seed) % 40; left > 0; left--)
        buffer_append_string(out, parts[next(seed) % (sizeof parts / sizeof *parts)]);
    buffer_append_string(out, "\"]");
}

// NULL when the expression is wrong or matches nothing at all.
static struct policy *redacting(const char *pattern, const char *around)
{
    char text[512];
    struct policy *policy = NULL;
    struct policy_problems problems;
    snprintf(
        text, sizeof text,
        "{\"version\":\"1\",\"default\":\"allow\",\"results\":{\"redact\":[{\"type\":\"regex\","
        "\"pattern\":\"%s%s%s\",\"with\":\"#\"}]}}",
        around, pattern, *around == '\0' ? "" : ")");
    int result = policy_compile(slice_from_string(text), SLICE_LITERAL("x"), &policy, &problems);
    policy_problems_release(&problems);
    return result == 0 ? policy : NULL;
}

static void redact(const struct policy *policy, struct slice text, struct buffer *out)
{
    struct scene s;
    scene_init(&s, text);
    judge(policy, &s);
    assert_false(s.verdict.denied);
    changed(&s, out);
    scene_release(&s);
}

static void looking_for_a_text_first_finds_the_same(void **state)
{
    (void)state;
    enum { PATTERNS = 3000, TEXTS = 12 };
    uint32_t seed = 42;
    size_t compared = 0, found = 0;
    for (int i = 0; i < PATTERNS; i++) {
        char pattern[256];
        random_pattern(&seed, pattern);
        struct policy *plain = redacting(pattern, ""), *grouped = redacting(pattern, "(?:");
        assert_true((plain == NULL) == (grouped == NULL));
        for (int j = 0; plain != NULL && j < TEXTS; j++) {
            struct buffer text, a, b;
            random_text(&seed, &text);
            redact(plain, buffer_slice(&text), &a);
            redact(grouped, buffer_slice(&text), &b);
            if (!slice_equal(buffer_slice(&a), buffer_slice(&b)))
                fail_msg("%s over %.*s: %.*s, in a group %.*s", pattern,
                         SLICE_PRINT(buffer_slice(&text)), SLICE_PRINT(buffer_slice(&a)),
                         SLICE_PRINT(buffer_slice(&b)));
            compared++;
            found += !slice_equal(buffer_slice(&a), buffer_slice(&text));
            buffer_release(&text);
            buffer_release(&a);
            buffer_release(&b);
        }
        policy_unref(plain);
        policy_unref(grouped);
    }
    assert_true(compared > 10000 && found > compared / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_memory_withholds),
        cmocka_unit_test(a_full_arena_withholds),
        cmocka_unit_test(compiling_survives_every_failed_allocation),
        cmocka_unit_test(a_match_is_found_at_every_place),
        cmocka_unit_test(giving_up_withholds),
        cmocka_unit_test(too_much_to_look_at_withholds),
        cmocka_unit_test(looking_for_a_text_first_finds_the_same),
        cmocka_unit_test(a_condition_over_a_long_text_is_judged),
        cmocka_unit_test(without_rules_nothing_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
