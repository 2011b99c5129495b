// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policies that a tool's page shows do what the sentences beside them say, as they come and as
// they are laid out for people, whatever the tool is called.
#include "pages/pages_internal.h"
#include "policy/policy.h"

#include "lib/unit.h"

enum { ARENA = 1024 * 1024 };

static struct policy *compile(struct slice text)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    int result = policy_compile(text, SLICE_LITERAL("p"), &policy, &problems);
    if (result != 0 || problems.count != 0)
        fail_msg("%s: %.*s", problems.count > 0 ? problems.items[0].text : "no problem",
                 SLICE_PRINT(text));
    policy_problems_release(&problems);
    return policy;
}

static struct policy_verdict decide(const struct policy *policy, struct slice name,
                                    enum policy_subject subject, struct arena *arena)
{
    struct policy_verdict verdict;
    struct policy_call call = {.subject = subject,
                               .name = name,
                               .args = JSON_NONE,
                               .category = CATALOGUE_UNKNOWN,
                               .server = SLICE_LITERAL("s")};
    policy_decide(policy, &call, arena, &verdict);
    return verdict;
}

// "and everything else of the server is let through"
static void check_rest(const struct policy *policy, struct arena *arena)
{
    struct policy_verdict verdict =
        decide(policy, SLICE_LITERAL("another tool"), POLICY_TOOL, arena);
    assert_int_equal(verdict.outcome, POLICY_ALLOW);
    assert_int_equal(verdict.charge_count, 0);
    assert_false(verdict.hidden);
    verdict = decide(policy, SLICE_LITERAL("file:///x"), POLICY_RESOURCE, arena);
    assert_int_equal(verdict.outcome, POLICY_ALLOW);
    verdict = decide(policy, SLICE_LITERAL("a prompt"), POLICY_PROMPT, arena);
    assert_int_equal(verdict.outcome, POLICY_ALLOW);
}

static void check_limited(const struct policy *policy, struct slice name, struct arena *arena)
{
    struct policy_verdict verdict = decide(policy, name, POLICY_TOOL, arena);
    assert_int_equal(verdict.outcome, POLICY_ALLOW);
    assert_int_equal(verdict.charge_count, 1);
    assert_int_equal(decimal_compare(verdict.charges[0].max, decimal_from_integer(10)), 0);
    assert_int_equal(verdict.charges[0].window_ms, 60000);
    assert_int_equal(verdict.charges[0].scope, POLICY_SCOPE_GRANT);
}

static void check(enum pages_policy_kind kind, const struct catalogue_entry *entry)
{
    struct buffer json, shown;
    struct arena arena;
    buffer_init(&json, 0);
    buffer_init(&shown, 0);
    arena_init(&arena, ARENA);
    pages_write_tool_policy(&json, kind, entry);
    pages_lay_out(&shown, buffer_slice(&json));
    bool left_out = catalogue_advise(entry) == CATALOGUE_ADVISE_LEAVE_OUT;
    assert_int_equal(json.length == 0, left_out && kind != PAGES_RECOMMENDED);
    for (int i = 0; i < 2 && json.length > 0; i++) {
        struct policy *policy = compile(buffer_slice(i == 0 ? &json : &shown));
        check_rest(policy, &arena);
        if (kind == PAGES_LIMITED)
            check_limited(policy, entry->name, &arena);
        if (kind == PAGES_BLOCKED) {
            struct policy_verdict verdict = decide(policy, entry->name, POLICY_TOOL, &arena);
            assert_int_equal(verdict.outcome, POLICY_DENY);
            assert_true(verdict.hidden);
        }
        policy_unref(policy);
    }
    arena_release(&arena);
    buffer_release(&json);
    buffer_release(&shown);
}

static void sentences_hold(void **state)
{
    static const char *const names[] = {"get_item",
                                        "*",
                                        "g?t",
                                        "@read",
                                        "",
                                        "a/b~c",
                                        "\"quoted\"",
                                        "back\\s",
                                        "line\nfeed",
                                        "\xE2\x80\xAEodd",
                                        "\xF3\xA0\x81\x81",
                                        "a\x01z",
                                        "</script>"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int category = CATALOGUE_READ; category <= CATALOGUE_UNKNOWN; category++)
            for (int kind = PAGES_RECOMMENDED; kind <= PAGES_BLOCKED; kind++) {
                const struct catalogue_entry entry = {.name = slice_from_string(names[i]),
                                                      .category =
                                                          (enum catalogue_category)category};
                check((enum pages_policy_kind)kind, &entry);
            }
}

static void what_nobody_sees_is_escaped(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 0);
    pages_lay_out(&out, SLICE_LITERAL("{\"a\":\"x\xE2\x80\xAEy\xF3\xA0\x81\x81\",\"b\":[]}"));
    assert_true(slice_equal_string(buffer_slice(&out), "{\n  \"a\": \"x\\u202ey\\udb40\\udc41\",\n"
                                                       "  \"b\": []\n}"));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sentences_hold),
                                       cmocka_unit_test(what_nobody_sees_is_escaped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
