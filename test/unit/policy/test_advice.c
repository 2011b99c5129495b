// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Starter policies and recommended rules: for random sets of tools, hostile names among them, each
// policy compiles without a complaint and decides on every tool just what the sentence beside it
// says.
#include "lib/unit.h"

#include "base/memory.h"
#include "policy/policy.h"

#include <stdlib.h>

enum { ARENA = 1024 * 1024, LINT_ARENA = 64 << 20, MOST = 40, ROUNDS = 1500 };

// The policy for a single tool leaves the others alone; nothing else is to be said of any.
static void check_lint(const struct policy *policy)
{
    struct policy_findings all;
    struct arena arena;
    arena_init(&arena, LINT_ARENA);
    assert_int_equal(policy_lint(policy, NULL, 0, &arena, &all), 0);
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.items[i].kind, "default-allow") != 0)
            fail_msg("%s: %.*s", all.items[i].kind, SLICE_PRINT(all.items[i].text));
    arena_release(&arena);
}

static struct policy *compile(const struct buffer *text)
{
    struct policy *policy;
    struct policy_problems problems;
    int result = policy_compile(buffer_slice(text), SLICE_LITERAL("p"), &policy, &problems);
    if (result != 0 || problems.count != 0)
        fail_msg("%s: %.2000s", problems.count > 0 ? problems.items[0].text : "no problem",
                 buffer_slice(text).data);
    policy_problems_release(&problems);
    check_lint(policy);
    return policy;
}

static struct policy_verdict decide(const struct policy *policy, enum policy_subject subject,
                                    struct slice name, enum catalogue_category category,
                                    struct arena *arena)
{
    struct policy_verdict verdict;
    struct policy_call call = {.subject = subject,
                               .name = name,
                               .args = JSON_NONE,
                               .category = category,
                               .server = SLICE_LITERAL("s")};
    policy_decide(policy, &call, arena, &verdict);
    return verdict;
}

// What the sentence says, read word by word; nothing of the code that wrote it is asked.
enum said { SAID_FREE, SAID_30, SAID_10, SAID_ASK, SAID_HIDDEN, SAID_DENIED };
static enum said said_by(const struct buffer *sentence)
{
    static const char *const starts[] = {
        "May be called freely.",         "At most 30 calls in any minute by one grant;",
        "At most 10 calls in any minut", "Every call waits until a person approves it;",
        "Hidden: it is in no list",      "Denied: "};
    struct slice text = buffer_slice(sentence);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (slice_starts_with(text, slice_from_string(starts[i])))
            return (enum said)i;
    if (slice_starts_with(text, SLICE_LITERAL("Every call is denied")))
        return SAID_DENIED;
    fail_msg("'%.*s' is no sentence that is known", SLICE_PRINT(text));
    return SAID_DENIED;
}

static void check_limit(const struct policy_verdict *verdict, struct slice name, int64_t max)
{
    const struct policy_charge *charge = verdict->charges;
    struct buffer wanted;
    assert_int_equal(verdict->charge_count, 1);
    assert_int_equal(decimal_compare(charge->max, decimal_from_integer(max)), 0);
    assert_int_equal(decimal_compare(charge->amount, decimal_from_integer(1)), 0);
    assert_int_equal(charge->window_ms, 60000);
    assert_true(charge->sliding && !charge->successes_only);
    assert_int_equal(charge->scope, POLICY_SCOPE_GRANT);
    buffer_init(&wanted, 0);
    json_write_string(&wanted, name);
    assert_true(slice_equal(charge->per, buffer_slice(&wanted)));
    buffer_release(&wanted);
}

static void check_said(const struct policy_verdict *verdict, struct slice name, enum said said)
{
    static const enum policy_outcome outcomes[] = {POLICY_ALLOW, POLICY_ALLOW, POLICY_ALLOW,
                                                   POLICY_ASK,   POLICY_DENY,  POLICY_DENY};
    assert_int_equal(verdict->outcome, outcomes[said]);
    assert_int_equal(verdict->hidden, said == SAID_HIDDEN);
    if (said == SAID_30 || said == SAID_10)
        check_limit(verdict, name, said == SAID_30 ? 30 : 10);
    else
        assert_int_equal(verdict->charge_count, 0);
}

// ---- Random tools

static unsigned chance(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(*state >> 33) % below;
}

static struct slice random_name(uint64_t *state, char room[600])
{
    static const char *const names[] = {"get_item",    "*",
                                        "?",           "get_*",
                                        "g?t",         "@read",
                                        "@",           "default",
                                        "tools",       "",
                                        "/x",          "a/b~c",
                                        "\"quoted\"",  "back\\slash",
                                        "line\nfeed",  "\xE2\x80\xAEodd",
                                        "\xFF\xFE",    "\xC3",
                                        "calls",       "a\x01z",
                                        "caf\xC3\xA9", "Get_Item",
                                        "delete_item", "{}",
                                        "</script>"};
    unsigned kind = chance(state, 10);
    if (kind < 5)
        return slice_from_string(names[chance(state, sizeof names / sizeof *names)]);
    if (kind == 5)
        return SLICE_LITERAL("nul\0name");
    size_t length = kind == 6 ? 250 + chance(state, 12) : kind == 7 ? 600 : 1 + chance(state, 3);
    for (size_t i = 0; i < length; i++)
        room[i] = "abcXYZ_-.*?@/"[chance(state, kind < 9 ? 6 : 13)];
    return slice_of(room, length);
}

static size_t random_tools(uint64_t *state, struct catalogue_entry *entries, char (*rooms)[600])
{
    size_t count = chance(state, MOST + 1);
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct catalogue_entry){
            .name = random_name(state, rooms[i]),
            .category = (enum catalogue_category)chance(state, CATALOGUE_UNKNOWN + 1),
            .misleads = chance(state, 8) == 0};
    return count;
}

static enum said strictest(const struct catalogue_entry *entries, size_t count, struct slice name)
{
    enum said most = SAID_FREE;
    struct buffer sentence;
    buffer_init(&sentence, 0);
    for (size_t i = 0; i < count; i++) {
        if (!slice_equal(entries[i].name, name))
            continue;
        buffer_clear(&sentence);
        catalogue_say_advice(&sentence, &entries[i]);
        enum said said = said_by(&sentence);
        most = said > most ? said : most;
    }
    buffer_release(&sentence);
    return most;
}

static bool listed(const struct catalogue_entry *entries, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(entries[i].name, name))
            return true;
    return false;
}

static void check_server(uint64_t *state, const struct catalogue_entry *entries, size_t count)
{
    char room[600];
    struct arena arena;
    struct buffer text;
    arena_init(&arena, ARENA);
    buffer_init(&text, 0);
    assert_int_equal(
        catalogue_write_policy(&text, SLICE_LITERAL("a \"server\" \xE2\x80\xAE"), entries, count),
        0);
    struct policy *policy = compile(&text);
    for (size_t i = 0; i < count; i++) {
        // Whatever category the gateway sees later: the entries are exact.
        enum catalogue_category category = (enum catalogue_category)chance(state, 6);
        struct policy_verdict verdict =
            decide(policy, POLICY_TOOL, entries[i].name, category, &arena);
        check_said(&verdict, entries[i].name, strictest(entries, count, entries[i].name));
        arena_clear(&arena);
    }
    for (int i = 0; i < 20; i++) {
        struct slice name = random_name(state, room);
        if (!listed(entries, count, name))
            assert_int_equal(decide(policy, POLICY_TOOL, name, CATALOGUE_READ, &arena).outcome,
                             POLICY_DENY);
        assert_int_equal(decide(policy, POLICY_RESOURCE, name, CATALOGUE_READ, &arena).outcome,
                         POLICY_DENY);
        assert_int_equal(decide(policy, POLICY_PROMPT, name, CATALOGUE_READ, &arena).outcome,
                         POLICY_DENY);
    }
    assert_int_equal(decide(policy, POLICY_METHOD, SLICE_LITERAL("sampling/createMessage"),
                            CATALOGUE_READ, &arena)
                         .outcome,
                     POLICY_DENY);
    policy_unref(policy);
    buffer_release(&text);
    arena_release(&arena);
}

static void check_tool(uint64_t *state, const struct catalogue_entry *entry)
{
    char room[600];
    struct arena arena;
    struct buffer text, sentence;
    arena_init(&arena, ARENA);
    buffer_init(&text, 0);
    buffer_init(&sentence, 0);
    catalogue_write_tool_policy(&text, entry);
    catalogue_say_tool_policy(&sentence, entry);
    struct policy *policy = compile(&text);
    struct policy_verdict verdict =
        decide(policy, POLICY_TOOL, entry->name, entry->category, &arena);
    // What is not UTF-8 reaches no gateway: JSON could not hold it.
    if (json_is_utf8(entry->name))
        check_said(&verdict, entry->name, said_by(&sentence));
    for (int i = 0; i < 20; i++) {
        struct slice other = random_name(state, room);
        if (slice_equal(other, entry->name))
            continue;
        verdict = decide(policy, POLICY_TOOL, other, CATALOGUE_UNKNOWN, &arena);
        assert_int_equal(verdict.outcome, POLICY_ALLOW);
        assert_int_equal(verdict.charge_count, 0);
        assert_int_equal(decide(policy, POLICY_RESOURCE, other, CATALOGUE_READ, &arena).outcome,
                         POLICY_ALLOW);
    }
    policy_unref(policy);
    buffer_release(&sentence);
    buffer_release(&text);
    arena_release(&arena);
}

static void test_says_what_it_does(void **state)
{
    static char rooms[MOST][600];
    struct catalogue_entry entries[MOST];
    uint64_t seed = 20261122;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = random_tools(&seed, entries, rooms);
        check_server(&seed, entries, count);
        if (count > 0)
            check_tool(&seed, &entries[0]);
    }
}

// The rule by itself, under a category, a glob and a name at once: each tool has its own count.
static void test_rule_stands_anywhere(void **state)
{
    (void)state;
    for (int category = CATALOGUE_READ; category <= CATALOGUE_UNKNOWN; category++) {
        struct buffer text, sentence;
        struct arena arena;
        arena_init(&arena, ARENA);
        buffer_init(&text, 0);
        buffer_init(&sentence, 0);
        catalogue_say_rule(&sentence, (enum catalogue_category)category);
        buffer_append_string(&text, "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{");
        static const char *const selectors[] = {"\"one\":", ",\"two*\":", ",\"@read\":"};
        for (size_t i = 0; i < 3; i++) {
            buffer_append_string(&text, selectors[i]);
            catalogue_write_rule(&text, (enum catalogue_category)category);
        }
        buffer_append_string(&text, "}}");
        struct policy *policy = compile(&text);
        static const char *const names[] = {"one", "two", "two_three", "four"};
        for (size_t i = 0; i < 4; i++) {
            struct slice name = slice_from_string(names[i]);
            struct policy_verdict verdict =
                decide(policy, POLICY_TOOL, name, CATALOGUE_READ, &arena);
            check_said(&verdict, name, said_by(&sentence));
        }
        policy_unref(policy);
        buffer_release(&sentence);
        buffer_release(&text);
        arena_release(&arena);
    }
}

// The gravest first, and the words of the description.
static void test_reads_well(void **state)
{
    static const struct catalogue_entry entries[] = {
        {SLICE_LITERAL("list_notes"), CATALOGUE_READ, false},
        {SLICE_LITERAL("run"), CATALOGUE_EXECUTE, false},
        {SLICE_LITERAL("pay"), CATALOGUE_FINANCIAL, false},
        {SLICE_LITERAL("add_note"), CATALOGUE_WRITE, false},
        {SLICE_LITERAL("odd"), CATALOGUE_READ, true},
        {SLICE_LITERAL("drop"), CATALOGUE_DESTRUCTIVE, false},
        {SLICE_LITERAL("drop"), CATALOGUE_READ, false},
        {SLICE_LITERAL("any*"), CATALOGUE_READ, false},
        {SLICE_LITERAL("get_note"), CATALOGUE_READ, false},
    };
    static const char *const order[] = {"\"odd\"",      "\"pay\"",      "\"drop\"",      "\"run\"",
                                        "\"add_note\"", "\"get_note\"", "\"list_notes\""};
    struct buffer text;
    (void)state;
    buffer_init(&text, 0);
    assert_int_equal(catalogue_write_policy(&text, SLICE_LITERAL("notes"), entries,
                                            sizeof entries / sizeof *entries),
                     0);
    buffer_append(&text, SLICE_LITERAL("\0"));
    const char *at = text.data;
    assert_non_null(strstr(
        at,
        "Starter policy for notes, 8 tools: 2 are free, 1 has 30 calls a minute, 1 has 10 calls "
        "a minute, 1 asks a person on each call, 2 are hidden, 1 is denied since no policy can "
        "name it exactly. What is not named here is denied"));
    assert_null(strstr(at, "any*"));
    at = strstr(at, "\"tools\"");
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = at == NULL ? NULL : strstr(at, order[i]);
        if (at == NULL)
            fail_msg("%s is not in its place", order[i]);
    }
    buffer_release(&text);
}

static void test_bounds(void **state)
{
    enum { TOOLS = 20000 };
    struct catalogue_entry *entries = calloc(TOOLS, sizeof *entries);
    char(*names)[CATALOGUE_ADVISED_NAME_MAX + 1] = calloc(TOOLS, sizeof *names);
    struct buffer text;
    (void)state;
    buffer_init(&text, 0);
    for (size_t i = 0; i < TOOLS; i++) {
        int length = snprintf(names[i], sizeof *names, "%0*zu", CATALOGUE_ADVISED_NAME_MAX, i);
        entries[i] = (struct catalogue_entry){slice_of(names[i], (size_t)length),
                                              (enum catalogue_category)(i % 6), false};
    }
    assert_int_equal(catalogue_write_policy(&text, SLICE_LITERAL(""), entries, TOOLS),
                     ERROR_TOO_LARGE);
    assert_int_equal(text.length, 0);
    assert_int_equal(catalogue_write_policy(&text, SLICE_LITERAL(""), entries, 2000), 0);
    policy_unref(compile(&text));
    // Whichever allocation fails, nothing half-made is left behind.
    for (size_t at = 1; at < 40; at++) {
        struct buffer part;
        buffer_init(&part, 0);
        memory_fail_at(at, 1);
        int result = catalogue_write_policy(&part, SLICE_LITERAL("s"), entries, 50);
        memory_fail_at(0, 0);
        assert_true(result == 0 || result == ERROR_NO_MEMORY);
        assert_true(result == 0 || part.length == 0);
        buffer_release(&part);
    }
    buffer_release(&text);
    free(names);
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_it_does),
        cmocka_unit_test(test_rule_stands_anywhere),
        cmocka_unit_test(test_reads_well),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
