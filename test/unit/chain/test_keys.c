// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/scratch.h"

#include "chain/chain.h"

#include <pthread.h>

static struct scratch scratch;
static struct error error;

static int setup(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static const char *path(void)
{
    return scratch_path(&scratch, "log.key");
}

static struct chain_key *open_key(bool made)
{
    struct chain_key *key;
    bool was_made;
    if (chain_key_open(path(), &key, &was_made, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(was_made, made);
    return key;
}

// The first test of RFC 8032, section 7.1, whose message is empty.
static void signatures_are_those_of_the_standard(void **state)
{
    (void)state;
    unsigned char public[32], signature[64];
    assert_true(chain_parse_hex(
        SLICE_LITERAL("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), public,
        sizeof public));
    assert_true(chain_parse_hex(
        SLICE_LITERAL("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        signature, sizeof signature));
    struct chain_key *key = chain_key_from_public(public);
    assert_non_null(key);
    assert_true(chain_key_verifies(key, slice_of("", 0), signature));
    assert_false(chain_key_verifies(key, slice_of("x", 1), signature));
    signature[5] ^= 1;
    assert_false(chain_key_verifies(key, slice_of("", 0), signature));
    assert_int_equal(chain_key_sign(key, slice_of("", 0), signature), ERROR_INTERNAL); // public
    chain_key_free(key);
}

static void a_key_is_made_once_and_private(void **state)
{
    (void)state;
    struct stat status;
    unsigned char signature[CHAIN_SIGNATURE_SIZE];
    struct chain_key *first = open_key(true), *second = open_key(false);
    assert_int_equal(stat(path(), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_string_equal(chain_key_id(first), chain_key_id(second));
    assert_int_equal(chain_key_sign(first, SLICE_LITERAL("text"), signature), 0);
    assert_true(chain_key_verifies(second, SLICE_LITERAL("text"), signature));
    // Nothing but the two files is left.
    size_t count = 0;
    DIR *folder = opendir(scratch.folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    assert_int_equal(count, 2);
    chain_key_free(first);
    chain_key_free(second);
}

static void *open_one(void *ret)
{
    struct error why;
    bool made;
    // Whoever started the threads made the path: making it anew would write what others read.
    return chain_key_open(scratch.path, ret, &made, &why) == 0 ? ret : NULL;
}

static void processes_that_start_together_have_one_key(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct chain_key *keys[3];
        pthread_t threads[3];
        path();
        for (int i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, open_one, &keys[i]), 0);
        for (int i = 0; i < 3; i++) {
            void *good;
            pthread_join(threads[i], &good);
            assert_non_null(good);
        }
        for (int i = 0; i < 3; i++)
            assert_string_equal(chain_key_id(keys[i]), chain_key_id(keys[0]));
        for (int i = 0; i < 3; i++)
            chain_key_free(keys[i]);
        assert_int_equal(unlink(path()), 0);
    }
}

static void the_public_key_follows_the_private_one(void **state)
{
    (void)state;
    struct chain_keyring ring = {0};
    struct chain_key *old = open_key(true);
    unlink(path());
    struct chain_key *key = open_key(true);
    assert_string_not_equal(chain_key_id(old), chain_key_id(key));
    assert_int_equal(chain_keyring_read(&ring, scratch_path(&scratch, "log.key.pub"), &error), 0);
    assert_int_equal(ring.count, 1);
    assert_non_null(chain_keyring_find(&ring, slice_from_string(chain_key_id(key))));
    assert_null(chain_keyring_find(&ring, slice_from_string(chain_key_id(old))));
    assert_true(chain_keyring_add(&ring, chain_key_public(old)));
    assert_true(chain_keyring_add(&ring, chain_key_public(old)));
    assert_int_equal(ring.count, 2);
    chain_keyring_release(&ring);
    chain_key_free(old);
    chain_key_free(key);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        // of the other kind: X25519
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
        "-----END PRIVATE KEY-----\n"};
    struct chain_keyring ring = {0};
    struct chain_key *key;
    bool made;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        scratch_write(path(), texts[i], strlen(texts[i]));
        assert_int_equal(chain_key_open(path(), &key, &made, &error), ERROR_CONFIG);
        assert_non_null(strstr(error.text, "holds no private key for Ed25519"));
        assert_null(key);
        assert_int_equal(chain_keyring_read(&ring, path(), &error), ERROR_CONFIG);
    }
    assert_int_equal(chain_key_open("/nowhere/key", &key, &made, &error), ERROR_IO);
    assert_int_equal(chain_keyring_read(&ring, "/nowhere/key", &error), ERROR_IO);
    assert_int_equal(ring.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_standard),
        cmocka_unit_test_setup_teardown(a_key_is_made_once_and_private, setup, teardown),
        cmocka_unit_test_setup_teardown(processes_that_start_together_have_one_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_public_key_follows_the_private_one, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
