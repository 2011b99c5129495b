// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "base/thread.h"
#include "identity/identity.h"

static struct identity_hasher *hasher;

static int setup(void **state)
{
    (void)state;
    hasher = identity_hasher_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    identity_hasher_free(hasher);
    return 0;
}

static int add(struct identity_table *table, const char *label, const char *token, int64_t expires,
               struct error *error)
{
    unsigned char hash[32];
    const struct slice tags[] = {SLICE_LITERAL("ci"), SLICE_LITERAL("")};
    const struct identity_reach reach[] = {
        {.server = SLICE_LITERAL("kraken"), .policy = 3},
        {.server = SLICE_LITERAL("files"), .policy = -1, .name = SLICE_LITERAL("Files")}};
    struct identity_grant grant = {
        .label = slice_from_string(label),
        .tags = tags,
        .tag_count = 2,
        .reach = reach,
        .reach_count = 2,
        .mode = IDENTITY_OBSERVE,
        .expires_ms = expires,
    };
    identity_hash_token(slice_from_string(token), hash);
    return identity_table_add(table, &grant, hash, error);
}

static void resolves_and_copies(void **state)
{
    (void)state;
    int error = 7;
    struct identity_table *table = identity_table_new();
    char label[] = "laptop";
    assert_int_equal(add(table, label, "sp_one", 0, NULL), 0);
    memset(label, 'x', sizeof label - 1);
    assert_int_equal(add(table, "runner", "sp_two", 0, NULL), 0);
    const struct identity_grant *grant =
        identity_resolve(table, hasher, SLICE_LITERAL("sp_one"), INT64_MAX, &error, NULL);
    assert_non_null(grant);
    assert_int_equal(error, 0);
    assert_true(slice_equal_string(grant->label, "laptop"));
    assert_int_equal(grant->mode, IDENTITY_OBSERVE);
    assert_int_equal(grant->tag_count, 2);
    assert_true(slice_equal_string(grant->tags[0], "ci"));
    assert_int_equal(identity_reach(grant, SLICE_LITERAL("kraken"))->policy, 3);
    assert_int_equal(identity_reach(grant, SLICE_LITERAL("files"))->policy, -1);
    assert_null(identity_reach(grant, SLICE_LITERAL("krake")));
    assert_null(identity_reach(grant, SLICE_LITERAL("")));
    assert_ptr_equal(identity_by_id(table, SLICE_LITERAL("laptop")), grant);
    assert_null(identity_by_id(table, SLICE_LITERAL("xxxxxx")));
    identity_table_free(table);
}

static void knows_no_other_token(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "sp_on", "sp_onee", "SP_ONE", " sp_one", "sp_one\n"};
    struct identity_table *table = identity_table_new();
    int error = 0;
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("sp_one"), 0, &error,
                                 NULL)); // an empty table
    assert_int_equal(error, ERROR_NOT_FOUND);
    assert_int_equal(add(table, "a", "sp_one", 0, NULL), 0);
    assert_int_equal(add(table, "careless", "", 0, NULL), 0); // the hash of nothing
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        error = 0;
        assert_null(identity_resolve(table, hasher, slice_from_string(wrong[i]), 0, &error, NULL));
        assert_int_equal(error, ERROR_NOT_FOUND);
    }
    identity_table_free(table);
}

static void expires_at_the_millisecond(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    int error = 0;
    assert_int_equal(add(table, "a", "t", 1000, NULL), 0);
    assert_non_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 999, &error, NULL));
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 1000, &error, NULL));
    assert_int_equal(error, ERROR_TIMEOUT);
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 1001, &error, NULL));
    identity_table_free(table);
}

static void a_token_is_known_again(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    const struct identity_token *token = NULL;
    unsigned char none[32] = {0};
    int error = 0;
    assert_int_equal(add(table, "a", "t", 1000, NULL), 0);
    assert_int_equal(add(table, "b", "u", 1000, NULL), 0);
    assert_non_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 1, &error, &token));
    assert_ptr_equal(identity_token_of(table, token->sha256, SLICE_LITERAL("a"), 999), token);
    assert_null(identity_token_of(table, token->sha256, SLICE_LITERAL("a"), 1000));
    assert_null(identity_token_of(table, token->sha256, SLICE_LITERAL("b"), 999));
    assert_null(identity_token_of(table, none, SLICE_LITERAL("a"), 999));
    memcpy(none, token->sha256, sizeof none);
    identity_table_remove(table, SLICE_LITERAL("a"));
    assert_null(identity_token_of(table, none, SLICE_LITERAL("a"), 999));
    identity_table_free(table);
}

static void refuses_what_is_used_twice(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    struct error error = {0};
    assert_int_equal(add(table, "a", "one", 0, NULL), 0);
    assert_int_equal(add(table, "a", "two", 0, &error), ERROR_EXISTS);
    assert_string_equal(error.text, "two grants are labelled 'a'");
    assert_int_equal(add(table, "b", "one", 0, &error), ERROR_EXISTS);
    assert_string_equal(error.text, "grants 'a' and 'b' have the same token");
    int code = 0;
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("two"), 0, &code, NULL));
    assert_int_equal(add(table, "b", "two", 0, NULL), 0); // a refusal leaves nothing behind
    identity_table_free(table);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct identity_table *table = identity_table_new();
        int failed = 0, code = 0;
        memory_fail_at(n, 0);
        char label[] = "g00";
        for (int i = 0; i < 40 && failed == 0; i++) {
            label[1] = (char)('0' + i / 10);
            label[2] = (char)('0' + i % 10);
            failed = add(table, label, label, 0, NULL);
        }
        bool reached = memory_attempts() >= n;
        memory_fail_at(0, 0);
        assert_int_equal(failed, reached ? ERROR_NO_MEMORY : 0);
        // The grant that failed is not there by halves, and can be added now.
        if (reached) {
            assert_null(identity_resolve(table, hasher, slice_from_string(label), 0, &code, NULL));
            assert_null(identity_by_id(table, slice_from_string(label)));
            assert_int_equal(add(table, label, label, 0, NULL), 0);
        }
        assert_non_null(identity_resolve(table, hasher, slice_from_string(label), 0, &code, NULL));
        identity_table_free(table);
        if (!reached)
            break;
    }
}

struct asker {
    const struct identity_table *table;
    const char *token, *label;
    size_t others; // answers that were not its own grant
};

static void *ask_often(void *argument)
{
    struct asker *asker = argument;
    struct identity_hasher *own = identity_hasher_new();
    for (int i = 0; i < 20000; i++) {
        int error;
        const struct identity_grant *grant =
            identity_resolve(asker->table, own, slice_from_string(asker->token), 0, &error, NULL);
        asker->others += grant == NULL || !slice_equal_string(grant->label, asker->label);
    }
    identity_hasher_free(own);
    return NULL;
}

// Workers share the table; each must get the grant of the token that it asked about.
static void answers_threads_apart(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    struct asker askers[] = {{table, "sp_one", "laptop", 0}, {table, "sp_two", "runner", 0}};
    pthread_t threads[2];
    assert_int_equal(add(table, "laptop", "sp_one", 0, NULL), 0);
    assert_int_equal(add(table, "runner", "sp_two", 0, NULL), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(thread_start(&threads[i], ask_often, &askers[i]), 0);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].others, 0);
    }
    identity_table_free(table);
}

static struct identity_entry *entry_of(const char *id, const char *label, const char *one,
                                       const char *two, int64_t two_expires_ms)
{
    const struct identity_grant grant = {.id = slice_from_string(id),
                                         .organisation = SLICE_LITERAL("org_1"),
                                         .label = slice_from_string(label)};
    struct identity_token tokens[2] = {{.expires_ms = 0}, {.expires_ms = two_expires_ms}};
    identity_hash_token(slice_from_string(one), tokens[0].sha256);
    if (two != NULL)
        identity_hash_token(slice_from_string(two), tokens[1].sha256);
    struct identity_entry *entry = identity_entry_new(&grant, tokens, two == NULL ? 1 : 2);
    assert_non_null(entry);
    return entry;
}

static void put(struct identity_table *table, struct identity_entry *entry)
{
    assert_int_equal(identity_table_put(table, entry, NULL), 0);
    identity_entry_unref(entry);
}

static const struct identity_grant *who(const struct identity_table *table, const char *token,
                                        int64_t now_ms, int why)
{
    int error;
    const struct identity_grant *grant =
        identity_resolve(table, hasher, slice_from_string(token), now_ms, &error, NULL);
    assert_int_equal(error, why);
    return grant;
}

static void a_grant_may_have_two_tokens_for_a_while(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    put(table, entry_of("grt_1", "laptop", "new", "old", 1000));
    const struct identity_grant *grant = who(table, "old", 999, 0);
    assert_true(slice_equal_string(grant->label, "laptop"));
    assert_true(slice_equal_string(grant->organisation, "org_1"));
    assert_ptr_equal(who(table, "new", 999, 0), grant);
    assert_null(who(table, "old", 1000, ERROR_TIMEOUT));
    assert_ptr_equal(who(table, "new", 1000, 0), grant);
    assert_ptr_equal(identity_by_id(table, SLICE_LITERAL("grt_1")), grant);
    assert_null(identity_by_id(table, SLICE_LITERAL("laptop")));
    identity_table_free(table);
}

static void a_copy_changes_alone(void **state)
{
    (void)state;
    struct identity_table *one = identity_table_new();
    put(one, entry_of("grt_1", "same", "a", NULL, 0));
    put(one, entry_of("grt_2", "same", "b", "c", 0));
    put(one, entry_of("grt_3", "same", "d", NULL, 0));
    struct identity_table *two = identity_table_copy(one);
    put(two, entry_of("grt_2", "renamed", "b", "e", 0));
    identity_table_remove(two, SLICE_LITERAL("grt_3"));
    identity_table_remove(two, SLICE_LITERAL("grt_none"));
    assert_non_null(who(one, "c", 0, 0));
    assert_non_null(who(one, "d", 0, 0));
    assert_null(who(one, "e", 0, ERROR_NOT_FOUND));
    const struct identity_grant *kept = who(one, "b", 0, 0);
    assert_ptr_equal(who(one, "a", 0, 0), who(two, "a", 0, 0)); // shared
    identity_table_free(two);
    assert_true(slice_equal_string(kept->label, "same"));
    two = identity_table_copy(one);
    identity_table_free(one);
    assert_non_null(who(two, "d", 0, 0));
    identity_table_free(two);
}

static void a_token_belongs_to_one_grant(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    put(table, entry_of("grt_1", "one", "a", "b", 0));
    struct identity_entry *thief = entry_of("grt_2", "two", "c", "b", 0);
    struct error error = {0};
    assert_int_equal(identity_table_put(table, thief, &error), ERROR_EXISTS);
    identity_entry_unref(thief);
    assert_null(who(table, "c", 0, ERROR_NOT_FOUND));
    assert_true(slice_equal_string(who(table, "b", 0, 0)->label, "one"));
    identity_table_free(table);
}

static void use_is_noted_to_the_minute(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    put(table, entry_of("grt_1", "one", "a", NULL, 0));
    const struct identity_entry *entry = identity_table_get(table, SLICE_LITERAL("grt_1"));
    assert_int_equal(identity_entry_used_ms(entry), 0);
    who(table, "a", 100000, 0);
    who(table, "a", 159999, 0);
    assert_int_equal(identity_entry_used_ms(entry), 100000);
    who(table, "a", 160000, 0);
    assert_int_equal(identity_entry_used_ms(entry), 160000);
    identity_table_free(table);
}

static void names_are_found_beside_servers(void **state)
{
    (void)state;
    struct identity_table *table = identity_table_new();
    assert_int_equal(add(table, "laptop", "sp_one", 0, NULL), 0);
    const struct identity_grant *grant = identity_by_id(table, SLICE_LITERAL("laptop"));
    assert_int_equal(identity_reach_by_name(grant, SLICE_LITERAL("kraken"))->policy, 3);
    assert_int_equal(identity_reach_by_name(grant, SLICE_LITERAL("Files"))->policy, -1);
    assert_null(identity_reach_by_name(grant, SLICE_LITERAL("files")));
    identity_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_may_have_two_tokens_for_a_while),
        cmocka_unit_test(a_copy_changes_alone),
        cmocka_unit_test(a_token_belongs_to_one_grant),
        cmocka_unit_test(use_is_noted_to_the_minute),
        cmocka_unit_test(names_are_found_beside_servers),
        cmocka_unit_test(resolves_and_copies),
        cmocka_unit_test(knows_no_other_token),
        cmocka_unit_test(expires_at_the_millisecond),
        cmocka_unit_test(a_token_is_known_again),
        cmocka_unit_test(refuses_what_is_used_twice),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(answers_threads_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
