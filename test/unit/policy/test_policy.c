// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What rows cannot say: life of a policy, its version, the fields of charges, the text of explain,
// short memory, bounds of work, many threads. Decisions as such are in test/policy/*.rows.
#include "lib/unit.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "policy/policy.h"

#include <pthread.h>

#define KRAKEN                                                                                     \
    "{\"version\":\"1\",\"default\":\"deny\",\"hide\":[\"withdraw_*\",\"@destructive\"],"          \
    "\"all_tools\":{\"limits\":[{\"counter\":\"calls\",\"window\":\"minute\",\"max\":60}]},"       \
    "\"tools\":{\"get_*\":{},\"add_order\":{"                                                      \
    "\"require\":[{\"id\":\"pairs\",\"conditions\":[{\"path\":\"args.pair\",\"op\":\"in\","        \
    "\"value\":[\"XBTUSD\",\"ETHUSD\"]}],\"on_deny\":\"Only two pairs.\"}],"                       \
    "\"deny_if\":[{\"conditions\":[{\"path\":\"args.volume\",\"op\":\"gt\",\"value\":1}]},"        \
    "{\"conditions\":[{\"path\":\"args.note\",\"op\":\"regex\",\"value\":\"^(a|b)*$\"},"           \
    "{\"path\":\"args.file\",\"op\":\"within_path\",\"value\":\"/etc\"}]}],"                       \
    "\"approve_if\":[{\"conditions\":[{\"path\":\"args.ordertype\",\"op\":\"eq\","                 \
    "\"value\":\"market\"}]}],"                                                                    \
    "\"limits\":[{\"counter\":\"volume\",\"window\":\"day\",\"max\":5,"                            \
    "\"increment_from\":\"args.volume\",\"per\":\"args.pair\"}]}}}"

static struct policy *compile(const char *text)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    int result = policy_compile(slice_from_string(text), SLICE_LITERAL("test"), &policy, &problems);
    if (result != 0)
        print_error("%s\n", problems.count > 0 ? problems.items[0].text : "no memory");
    assert_int_equal(result, 0);
    policy_problems_release(&problems);
    return policy;
}

// One call with its arguments.
struct scene {
    struct json_doc doc;
    struct arena arena;
    struct policy_call call;
    struct policy_verdict verdict;
};

static void scene_init(struct scene *s, const char *tool, const char *arguments)
{
    *s = (struct scene){.call = {.subject = POLICY_TOOL,
                                 .name = slice_from_string(tool),
                                 .args = JSON_NONE,
                                 .category = CATALOGUE_WRITE}};
    json_doc_init(&s->doc);
    arena_init(&s->arena, 1 << 20);
    if (arguments == NULL)
        return;
    assert_int_equal(json_scan(&s->doc, slice_from_string(arguments), NULL, NULL, NULL), 0);
    s->call.doc = &s->doc;
    s->call.args = 0;
}

static void scene_release(struct scene *s)
{
    json_doc_release(&s->doc);
    arena_release(&s->arena);
}

static enum policy_outcome decide(const struct policy *policy, struct scene *s)
{
    policy_decide(policy, &s->call, &s->arena, &s->verdict);
    return s->verdict.outcome;
}

// ---- Life

static void no_policy_denies_and_lists_nothing(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, "initialize", NULL);
    for (int subject = POLICY_TOOL; subject <= POLICY_METHOD; subject++) {
        s.call.subject = (enum policy_subject)subject;
        assert_int_equal(decide(NULL, &s), POLICY_DENY);
        assert_true(slice_equal_string(s.verdict.rule, "(no policy)"));
        assert_true(s.verdict.reason.length > 0);
        assert_false(s.verdict.hidden);
        assert_int_equal(s.verdict.charge_count, 0);
        assert_false(policy_lists(NULL, s.call.subject, s.call.name, CATALOGUE_READ));
    }
    scene_release(&s);
    policy_unref(NULL);
}

static void the_text_is_not_needed_afterwards(void **state)
{
    (void)state;
    char *text = strdup(KRAKEN);
    char name[] = "kraken";
    struct policy *policy = NULL;
    struct policy_problems problems;
    assert_int_equal(
        policy_compile(slice_from_string(text), slice_from_string(name), &policy, &problems), 0);
    memset(text, 'x', strlen(text));
    memset(name, 'x', strlen(name));
    free(text);
    struct scene s;
    scene_init(&s, "add_order", "{\"pair\":\"ETHUSD\",\"volume\":1}");
    assert_int_equal(decide(policy, &s), POLICY_ALLOW);
    assert_true(slice_equal_string(policy_name(policy), "kraken"));
    scene_release(&s);
    policy_unref(policy);
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    struct policy *policy = compile("{\"version\":\"1\",\"default\":\"allow\"}");
    assert_ptr_equal(policy_ref(policy), policy);
    policy_unref(policy);
    struct scene s;
    scene_init(&s, "a", NULL);
    assert_int_equal(decide(policy, &s), POLICY_ALLOW);
    scene_release(&s);
    policy_unref(policy);
}

static void the_version_follows_the_content_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"version\":\"1\",\"default\":\"allow\",\"tools\":{\"a\":{\"rate_limit\":"
        "{\"max\":1,\"window\":60}}}}",
        "{ \"tools\": {\"\\u0061\": {\"rate_limit\": {\"window\": 6e1, \"max\": 1.0}}},\n"
        "  \"default\": \"allow\", \"version\": \"1\" }",
        "{\"version\":\"1\",\"default\":\"allow\",\"tools\":{\"a\":{\"rate_limit\":"
        "{\"max\":2,\"window\":60}}}}"};
    struct policy *policies[3];
    for (size_t i = 0; i < 3; i++)
        policies[i] = compile(texts[i]);
    struct slice version = policy_version(policies[0]);
    assert_int_equal(version.length, strlen("sha256:") + 16);
    assert_true(slice_starts_with(version, SLICE_LITERAL("sha256:")));
    assert_true(slice_equal(version, policy_version(policies[1])));
    assert_false(slice_equal(version, policy_version(policies[2])));
    for (size_t i = 0; i < 3; i++)
        policy_unref(policies[i]);
}

static void it_is_known_whether_categories_matter(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool uses;
    } rows[] = {
        {"{\"version\":\"1\",\"default\":\"allow\",\"tools\":{\"a\":{},\"*\":{}}}", false},
        {"{\"version\":\"1\",\"default\":\"allow\",\"tools\":{\"@read\":{}}}", true},
        {"{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"@financial\"]}", true},
        {"{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"deny_if\":[{\"conditions\":"
         "[{\"path\":\"tool.category\",\"op\":\"eq\",\"value\":\"Read\"}]}]}}",
         true},
        {"{\"version\":\"1\",\"default\":\"allow\",\"tools\":{\"a\":{\"limits\":[{\"counter\":"
         "\"c\",\"window\":\"day\",\"max\":1,\"per\":\"tool.category\"}]}}}",
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct policy *policy = compile(rows[i].text);
        assert_int_equal(policy_uses_categories(policy), rows[i].uses);
        policy_unref(policy);
    }
}

// ---- Charges

static void charges_carry_their_limit(void **state)
{
    (void)state;
    struct policy *policy =
        compile("{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"limits\":["
                "{\"counter\":\"a\",\"window\":\"week\",\"max\":2.5,\"scope\":\"server\"},"
                "{\"counter\":\"b\",\"window\":\"month\",\"max\":3,\"algorithm\":\"fixed\","
                "\"count\":\"successes\",\"scope\":\"organisation\"},"
                "{\"counter\":\"c\",\"window\":\"month\",\"max\":3,\"on_deny\":\"Enough.\"},"
                "{\"counter\":\"d\",\"window\":\"90s\",\"max\":1,\"increment_from\":\"args.x\"}],"
                "\"rate_limit\":{\"max\":10,\"window\":60}}}");
    const int64_t day = 86400000;
    const struct {
        const char *rule, *counter, *on_deny;
        enum policy_scope scope;
        bool sliding, successes, calendar;
        int64_t window;
    } rows[] = {
        {"/all_tools/rate_limit", "/all_tools/rate_limit",
         "Rate limit: at most 10 calls per minute.", POLICY_SCOPE_SESSION, true, false, false,
         60000},
        {"/all_tools/limits/a", "a", "Limit 'a': at most 2.5 calls per week.", POLICY_SCOPE_SERVER,
         true, false, false, 7 * day},
        {"/all_tools/limits/b", "b", "Limit 'b': at most 3 calls per month.",
         POLICY_SCOPE_ORGANISATION, false, true, true, 31 * day},
        {"/all_tools/limits/c", "c", "Enough.", POLICY_SCOPE_GRANT, true, false, false, 31 * day},
        {"/all_tools/limits/d", "d", "Limit 'd': at most 1 per 90 seconds.", POLICY_SCOPE_GRANT,
         true, false, false, 90000},
    };
    struct scene s;
    scene_init(&s, "t", "{\"x\":0.25}");
    assert_int_equal(decide(policy, &s), POLICY_ALLOW);
    assert_int_equal(s.verdict.charge_count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct policy_charge *charge = &s.verdict.charges[i];
        assert_true(slice_equal_string(charge->rule, rows[i].rule));
        assert_true(slice_equal_string(charge->counter, rows[i].counter));
        assert_true(slice_equal_string(charge->on_deny, rows[i].on_deny));
        assert_int_equal(charge->scope, rows[i].scope);
        assert_int_equal(charge->sliding, rows[i].sliding);
        assert_int_equal(charge->successes_only, rows[i].successes);
        assert_int_equal(charge->calendar_month, rows[i].calendar);
        assert_int_equal(charge->window_ms, rows[i].window);
        assert_int_equal(charge->per.length, 0);
    }
    struct decimal quarter, max;
    assert_int_equal(decimal_parse(SLICE_LITERAL("0.25"), &quarter), 0);
    assert_int_equal(decimal_parse(SLICE_LITERAL("2.5"), &max), 0);
    assert_int_equal(decimal_compare(s.verdict.charges[4].amount, quarter), 0);
    assert_int_equal(decimal_compare(s.verdict.charges[1].max, max), 0);
    scene_release(&s);
    policy_unref(policy);
}

// ---- Texts

static void explain_shows_each_step(void **state)
{
    (void)state;
    struct policy *policy = compile(KRAKEN);
    struct scene s;
    struct buffer out;
    buffer_init(&out, 0);
    scene_init(&s, "add_order",
               "{\"pair\":\"ETHUSD\",\"volume\":0.5,\"ordertype\":\"market\",\"file\":[]}");
    policy_explain(policy, &s.call, &s.arena, &s.verdict, &out, NULL);
    buffer_append(&out, SLICE_LITERAL("\0"));
    assert_string_equal(buffer_slice(&out).data,
                        "tool 'add_order' (Write)\n"
                        "hide: no selector matches\n"
                        "selected by: /tools/add_order (exact name)\n"
                        "/tools/add_order/require/0 [pairs]\n"
                        "  args.pair in [\"XBTUSD\",\"ETHUSD\"]; found \"ETHUSD\": yes\n"
                        "  -> holds\n"
                        "/tools/add_order/deny_if/0\n"
                        "  args.volume gt 1; found 0.5: no\n"
                        "  -> does not hold\n"
                        "/tools/add_order/deny_if/1\n"
                        "  args.note regex \"^(a|b)*$\"; found missing: no\n"
                        "  -> does not hold\n"
                        "/tools/add_order/limits/volume\n"
                        "  charges 0.5 of at most 5\n"
                        "/all_tools/limits/calls\n"
                        "  charges 1 of at most 60\n"
                        "/tools/add_order/approve_if/0\n"
                        "  args.ordertype eq \"market\"; found \"market\": yes\n"
                        "  -> holds\n"
                        "=> a person must approve by /tools/add_order/approve_if/0\n"
                        "   'add_order' needs the approval of a person.\n");
    buffer_clear(&out);
    s.call.name = SLICE_LITERAL("withdraw_all");
    policy_explain(policy, &s.call, &s.arena, &s.verdict, &out, NULL);
    buffer_append(&out, SLICE_LITERAL("\0"));
    assert_string_equal(buffer_slice(&out).data,
                        "tool 'withdraw_all' (Write)\n"
                        "hide: matched by 'withdraw_*'\n"
                        "=> denied, as if the name did not exist by (hidden)\n"
                        "   Unknown tool: withdraw_all\n");
    buffer_clear(&out);
    s.call.name = SLICE_LITERAL("other");
    policy_explain(policy, &s.call, &s.arena, &s.verdict, &out, NULL);
    buffer_append(&out, SLICE_LITERAL("\0"));
    assert_string_equal(buffer_slice(&out).data, "tool 'other' (Write)\n"
                                                 "hide: no selector matches\n"
                                                 "selected by: (no such entry)\n"
                                                 "=> denied by (default deny)\n"
                                                 "   Tool 'other' is not allowed by the policy.\n");
    buffer_release(&out);
    scene_release(&s);
    policy_unref(policy);
}

static void long_names_are_cut_between_characters(void **state)
{
    (void)state;
    struct policy *policy = compile("{\"version\":\"1\",\"default\":\"deny\"}");
    char name[1000];
    for (size_t i = 0; i + 1 < sizeof name; i += 3)
        memcpy(name + i, "€", 3);
    struct scene s;
    scene_init(&s, "x", NULL);
    s.call.name = slice_of(name, 999);
    assert_int_equal(decide(policy, &s), POLICY_DENY);
    assert_int_equal(s.verdict.reason.length,
                     strlen("Tool '' is not allowed by the policy.") + 198);
    scene_release(&s);
    policy_unref(policy);
}

static void many_problems_are_bounded(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_string(&text, "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{");
    for (int i = 0; i < 2000; i++)
        buffer_append_format(&text, "%s\n\"t%d\":{\"x\":1}", i == 0 ? "" : ",", i);
    buffer_append_string(&text, "}}");
    struct policy *policy = NULL;
    struct policy_problems problems;
    assert_int_equal(policy_compile(buffer_slice(&text), SLICE_LITERAL("many"), &policy, &problems),
                     ERROR_CONFIG);
    assert_null(policy);
    assert_int_equal(problems.count, 500);
    for (size_t i = 0; i < problems.count; i++)
        assert_int_equal(problems.items[i].at.line, i + 2);
    policy_problems_release(&problems);
    buffer_release(&text);
}

// ---- Short memory: never an allowed call that should not be

static size_t errors_of(size_t shared, size_t own, const char *action)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_string(&text,
                         "{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"limits\":[");
    for (size_t i = 0; i < shared; i++)
        buffer_append_format(&text, "%s{\"counter\":\"s%zu\",\"window\":1,\"max\":1}",
                             i == 0 ? "" : ",", i);
    buffer_append_format(&text, "]},\"tools\":{\"a\":{%s\"limits\":[", action);
    for (size_t i = 0; i < own; i++)
        buffer_append_format(&text, "%s{\"counter\":\"o%zu\",\"window\":1,\"max\":1}",
                             i == 0 ? "" : ",", i);
    buffer_append_string(&text, "]}}}");
    (void)!policy_compile(buffer_slice(&text), SLICE_LITERAL("p"), &policy, &problems);
    size_t errors = 0;
    for (size_t i = 0; i < problems.count; i++)
        errors += !problems.items[i].warning;
    policy_problems_release(&problems);
    policy_unref(policy);
    buffer_release(&text);
    return errors;
}

static void more_limits_than_a_call_can_be_charged_to_are_an_error(void **state)
{
    (void)state;
    assert_int_equal(errors_of(0, POLICY_CHARGES_MAX, ""), 0);
    assert_int_equal(errors_of(0, POLICY_CHARGES_MAX + 1, ""), 1);
    assert_int_equal(errors_of(POLICY_CHARGES_MAX, 0, ""), 0);
    assert_int_equal(errors_of(POLICY_CHARGES_MAX, 1, ""), 1);
    assert_int_equal(errors_of(POLICY_CHARGES_MAX, 1, "\"action\":\"deny\","), 0);
    assert_int_equal(errors_of(POLICY_CHARGES_MAX, 9, "\"mode\":\"observe\","), 0);
    assert_int_equal(errors_of(POLICY_CHARGES_MAX + 1, 1, ""), 1); // said once
}

static void compiling_survives_every_failed_allocation(void **state)
{
    (void)state;
    static const char *const texts[] = {
        KRAKEN, "{\"version\":\"1\",\"default\":\"deny\",\"tolls\":{},\"hide\":[\"@x\"],"
                "\"tools\":{\"a\":{\"deny_if\":[{\"conditions\":[{\"path\":\"args[\\\"x\\\"\","
                "\"op\":\"regex\",\"value\":\"(\"}]}]}}}"};
    for (size_t i = 0; i < 2; i++) {
        bool passed = false;
        for (size_t n = 1; !passed; n++) {
            struct policy *policy = NULL;
            struct policy_problems problems;
            memory_fail_at(n, 0);
            int result =
                policy_compile(slice_from_string(texts[i]), SLICE_LITERAL("x"), &policy, &problems);
            passed = memory_attempts() < n;
            memory_fail_at(0, 0);
            assert_int_equal(policy != NULL, result == 0);
            if (passed)
                assert_int_equal(result, i == 0 ? 0 : ERROR_CONFIG);
            else if (result != 0)
                assert_true(result == ERROR_NO_MEMORY || (i == 1 && result == ERROR_CONFIG));
            policy_problems_release(&problems);
            policy_unref(policy);
            assert_true(n < 1000);
        }
    }
}

static const struct {
    const char *tool, *arguments;
    enum policy_outcome outcome;
} hungry[] = {
    {"add_order", "{\"pair\":\"ETH\\u0055SD\",\"volume\":1}", POLICY_ALLOW},
    {"add_order", "{\"pair\":\"ETHUSD\",\"volume\":1,\"note\":\"c\"}", POLICY_ALLOW},
    {"add_order", "{\"pair\":\"ETHUSD\",\"volume\":1,\"note\":\"ab\",\"file\":\"/home\"}",
     POLICY_ALLOW},
    {"add_order", "{\"pair\":\"ETHUSD\",\"volume\":1,\"note\":\"ab\",\"file\":\"/etc/x\"}",
     POLICY_DENY},
    {"add_order", "{\"pair\":\"ETHUSD\",\"volume\":1,\"ordertype\":\"market\"}", POLICY_ASK},
    {"add_order", "{\"pair\":\"ETHUSD\",\"volume\":2}", POLICY_DENY},
    {"add_order", "{\"pair\":\"ETHUSD\",\"volume\":\"1\"}", POLICY_DENY},
    {"add_order", "{\"pair\":{\"x\":1},\"volume\":1}", POLICY_DENY},
    {"withdraw_x", "{}", POLICY_DENY},
    {"other", "{}", POLICY_DENY},
};

static void check_hungry(const struct scene *s, size_t row)
{
    assert_true(s->verdict.outcome == hungry[row].outcome || s->verdict.outcome == POLICY_DENY);
    assert_non_null(s->verdict.rule.data);
    if (s->verdict.outcome == POLICY_DENY) {
        assert_int_equal(s->verdict.charge_count, 0);
        assert_true(s->verdict.reason.length > 0);
    }
}

static void deciding_survives_every_failed_allocation(void **state)
{
    (void)state;
    struct policy *policy = compile(KRAKEN);
    for (size_t row = 0; row < sizeof hungry / sizeof *hungry; row++) {
        bool passed = false;
        for (size_t n = 1; !passed; n++) {
            struct scene s;
            scene_init(&s, hungry[row].tool, hungry[row].arguments);
            memory_fail_at(n, 0);
            decide(policy, &s);
            passed = memory_attempts() < n;
            memory_fail_at(0, 0);
            check_hungry(&s, row);
            if (passed)
                assert_int_equal(s.verdict.outcome, hungry[row].outcome);
            scene_release(&s);
        }
    }
    policy_unref(policy);
}

static void a_full_arena_denies(void **state)
{
    (void)state;
    struct policy *policy = compile(KRAKEN);
    for (size_t row = 0; row < sizeof hungry / sizeof *hungry; row++)
        for (size_t cap = 0; cap <= 1024; cap += 16) {
            struct scene s;
            scene_init(&s, hungry[row].tool, hungry[row].arguments);
            arena_init(&s.arena, cap);
            decide(policy, &s);
            check_hungry(&s, row);
            if (cap == 0)
                assert_int_equal(s.verdict.outcome, POLICY_DENY);
            scene_release(&s);
        }
    policy_unref(policy);
}

// ---- Bounds of work

static void regular_expressions_are_bounded(void **state)
{
    (void)state;
    struct policy *policy =
        compile("{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"deny_if\":["
                "{\"conditions\":[{\"path\":\"args.plain\",\"op\":\"regex\",\"value\":\"x[yz]\"}]},"
                "{\"conditions\":[{\"path\":\"args.nested\",\"op\":\"regex\","
                "\"value\":\"(a+)+[bd]\"}]},"
                "{\"conditions\":[{\"path\":\"args.words[*]\",\"op\":\"regex\","
                "\"value\":\"(?:a|b)*[de]\"}]},"
                "{\"conditions\":[{\"path\":\"args.start\",\"op\":\"regex\","
                "\"value\":\"^(?:a|b)*[de]\"}]}]}}");
    const struct {
        const char *name;
        size_t length;
        enum policy_outcome outcome;
    } rows[] = {
        {"plain", 1000000, POLICY_ALLOW}, {"plain", 5000000, POLICY_DENY},
        {"nested", 10, POLICY_ALLOW},     {"nested", 2000, POLICY_DENY},
        {"nested", 100000, POLICY_DENY},  {"words", 1000, POLICY_ALLOW},
        {"words", 20000, POLICY_DENY},    {"start", 20000, POLICY_ALLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool list = strcmp(rows[i].name, "words") == 0;
        struct buffer text;
        buffer_init(&text, 0);
        buffer_append_format(&text, "{\"%s\":%s\"", rows[i].name, list ? "[" : "");
        char *space = buffer_reserve(&text, rows[i].length);
        memset(space, 'a', rows[i].length);
        buffer_commit(&text, rows[i].length);
        buffer_append_format(&text, "\"%s}", list ? "]" : "");
        buffer_append(&text, SLICE_LITERAL("\0"));
        struct scene s;
        scene_init(&s, "t", buffer_slice(&text).data);
        uint64_t start = clock_monotonic_us();
        enum policy_outcome outcome = decide(policy, &s);
        uint64_t took = clock_monotonic_us() - start;
        if (outcome != rows[i].outcome)
            print_error("row %zu: %.*s\n", i, SLICE_PRINT(s.verdict.reason));
        assert_int_equal(outcome, rows[i].outcome);
        assert_true(took < 5000000); // seconds only when a bound is gone
        scene_release(&s);
        buffer_release(&text);
    }
    policy_unref(policy);
}

static void the_work_of_a_whole_list_is_bounded(void **state)
{
    (void)state;
    struct policy *policy =
        compile("{\"version\":\"1\",\"default\":\"allow\",\"all_tools\":{\"deny_if\":["
                "{\"conditions\":[{\"path\":\"args.words[*]\",\"op\":\"regex\","
                "\"value\":\"(?:a|b)*[de]\"}]}]}}");
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_string(&text, "{\"words\":[\"c\"");
    for (int i = 0; i < 500; i++)
        buffer_append_format(&text, ",\"%0*d\"", 16000, 0);
    buffer_append(&text, SLICE_LITERAL("]}\0"));
    struct scene s;
    scene_init(&s, "t", buffer_slice(&text).data);
    assert_int_equal(decide(policy, &s), POLICY_DENY);
    scene_release(&s);
    buffer_release(&text);
    policy_unref(policy);
}

// ---- Threads

struct worker {
    pthread_t thread;
    const struct policy *policy;
    size_t wrong;
};

static void *work(void *argument)
{
    struct worker *w = argument;
    for (int round = 0; round < 300; round++)
        for (size_t row = 0; row < sizeof hungry / sizeof *hungry; row++) {
            struct scene s;
            scene_init(&s, hungry[row].tool, hungry[row].arguments);
            w->wrong += decide(w->policy, &s) != hungry[row].outcome;
            scene_release(&s);
        }
    return NULL;
}

static void threads_share_a_policy(void **state)
{
    (void)state;
    struct policy *policy = compile(KRAKEN);
    struct worker workers[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){.policy = policy};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    policy_unref(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_policy_denies_and_lists_nothing),
        cmocka_unit_test(the_text_is_not_needed_afterwards),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(the_version_follows_the_content_alone),
        cmocka_unit_test(it_is_known_whether_categories_matter),
        cmocka_unit_test(charges_carry_their_limit),
        cmocka_unit_test(explain_shows_each_step),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(many_problems_are_bounded),
        cmocka_unit_test(more_limits_than_a_call_can_be_charged_to_are_an_error),
        cmocka_unit_test(compiling_survives_every_failed_allocation),
        cmocka_unit_test(deciding_survives_every_failed_allocation),
        cmocka_unit_test(a_full_arena_denies),
        cmocka_unit_test(regular_expressions_are_bounded),
        cmocka_unit_test(the_work_of_a_whole_list_is_bounded),
        cmocka_unit_test(threads_share_a_policy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
