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
    const struct identity_reach reach[] = {{SLICE_LITERAL("kraken"), 3},
                                           {SLICE_LITERAL("files"), -1}};
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
        identity_resolve(table, hasher, SLICE_LITERAL("sp_one"), INT64_MAX, &error);
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
    assert_ptr_equal(identity_by_label(table, SLICE_LITERAL("laptop")), grant);
    assert_null(identity_by_label(table, SLICE_LITERAL("xxxxxx")));
    identity_table_free(table);
}

static void knows_no_other_token(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "sp_on", "sp_onee", "SP_ONE", " sp_one", "sp_one\n"};
    struct identity_table *table = identity_table_new();
    int error = 0;
    assert_null(
        identity_resolve(table, hasher, SLICE_LITERAL("sp_one"), 0, &error)); // an empty table
    assert_int_equal(error, ERROR_NOT_FOUND);
    assert_int_equal(add(table, "a", "sp_one", 0, NULL), 0);
    assert_int_equal(add(table, "careless", "", 0, NULL), 0); // the hash of nothing
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        error = 0;
        assert_null(identity_resolve(table, hasher, slice_from_string(wrong[i]), 0, &error));
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
    assert_non_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 999, &error));
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 1000, &error));
    assert_int_equal(error, ERROR_TIMEOUT);
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("t"), 1001, &error));
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
    assert_null(identity_resolve(table, hasher, SLICE_LITERAL("two"), 0, &code));
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
            assert_null(identity_resolve(table, hasher, slice_from_string(label), 0, &code));
            assert_null(identity_by_label(table, slice_from_string(label)));
            assert_int_equal(add(table, label, label, 0, NULL), 0);
        }
        assert_non_null(identity_resolve(table, hasher, slice_from_string(label), 0, &code));
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
            identity_resolve(asker->table, own, slice_from_string(asker->token), 0, &error);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolves_and_copies),
        cmocka_unit_test(knows_no_other_token),
        cmocka_unit_test(expires_at_the_millisecond),
        cmocka_unit_test(refuses_what_is_used_twice),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(answers_threads_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
