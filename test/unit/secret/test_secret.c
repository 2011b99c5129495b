// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/scratch.h"

#include "base/memory.h"
#include "secret/secret.h"

#define ZEROS "00000000000000000000000000000000"
#define KEY_1 "1:" ZEROS ZEROS
#define KEY_2 "2:" ZEROS "0000000000000000000000000000000F"

static struct secret_keys *keys_of(const char *text)
{
    struct secret_keys *keys = NULL;
    struct error error = {0};
    if (secret_keys_parse(slice_from_string(text), &keys, &error) != 0)
        fail_msg("%s", error.text);
    return keys;
}

static void refuses(const char *text)
{
    struct secret_keys *keys = NULL;
    struct error error = {0};
    assert_int_equal(secret_keys_parse(slice_from_string(text), &keys, &error), ERROR_CONFIG);
    assert_null(strstr(error.text, "0000"));
}

static void keys_are_read(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of("# ours\n" KEY_2 "\r\n" KEY_1 ",\n");
    assert_int_equal(secret_keys_newest(keys), 2);
    secret_keys_unref(keys);
    secret_keys_unref(NULL);
    const char *const wrong[] = {"",
                                 " \n# 1:\n",
                                 "1:" ZEROS,
                                 "0:" ZEROS ZEROS,
                                 ZEROS ZEROS,
                                 KEY_1 "0",
                                 KEY_1 "," KEY_1,
                                 "-1:" ZEROS ZEROS,
                                 "1;" ZEROS ZEROS,
                                 "1:" ZEROS ZEROS "x",
                                 "1:g" ZEROS ZEROS,
                                 "9999999999:" ZEROS ZEROS};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuses(wrong[i]);
}

static void seal(const struct secret_keys *keys, const char *plain, const char *place,
                 struct buffer *out)
{
    struct error error;
    buffer_init(out, 0);
    assert_int_equal(
        secret_seal(keys, slice_from_string(plain), slice_from_string(place), out, &error), 0);
}

static int open_it(const struct secret_keys *keys, struct slice sealed, const char *place,
                   const char *want)
{
    struct error error = {0};
    struct buffer out;
    buffer_init(&out, 0);
    int result = secret_open(keys, sealed, slice_from_string(place), &out, &error);
    assert_true(result == 0 ? slice_equal_string(buffer_slice(&out), want)
                            : buffer_slice(&out).length == 0);
    buffer_release(&out);
    return result;
}

static void what_is_sealed_opens_in_its_place(void **state)
{
    (void)state;
    struct secret_keys *old = keys_of(KEY_1), *both = keys_of(KEY_1 " " KEY_2),
                       *other = keys_of(KEY_2);
    struct buffer sealed, again;
    seal(old, "Bearer abc", "org/crd", &sealed);
    seal(old, "Bearer abc", "org/crd", &again);
    assert_false(slice_equal(buffer_slice(&sealed), buffer_slice(&again))); // the nonce differs
    assert_int_equal(secret_key_of(buffer_slice(&sealed)), 1);
    assert_int_equal(open_it(old, buffer_slice(&sealed), "org/crd", "Bearer abc"), 0);
    assert_int_equal(open_it(both, buffer_slice(&sealed), "org/crd", "Bearer abc"), 0);
    assert_int_equal(open_it(old, buffer_slice(&sealed), "org/crx", ""), ERROR_DENIED);
    assert_int_equal(open_it(old, buffer_slice(&sealed), "", ""), ERROR_DENIED);
    assert_int_equal(open_it(other, buffer_slice(&sealed), "org/crd", ""), ERROR_NOT_FOUND);
    buffer_release(&again);
    seal(both, "", "", &again);
    assert_int_equal(secret_key_of(buffer_slice(&again)), 2);
    assert_int_equal(open_it(other, buffer_slice(&again), "", ""), 0);
    buffer_release(&again);
    buffer_release(&sealed);
    secret_keys_unref(old);
    secret_keys_unref(both);
    secret_keys_unref(other);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of(KEY_1);
    struct buffer sealed;
    seal(keys, "password", "here", &sealed);
    char *bytes = sealed.data + sealed.start;
    for (size_t i = 0; i < sealed.length; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            assert_int_not_equal(open_it(keys, buffer_slice(&sealed), "here", ""), 0);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    for (size_t length = 0; length < sealed.length; length++)
        assert_int_equal(open_it(keys, slice_of(bytes, length), "here", ""), ERROR_DENIED);
    buffer_release(&sealed);
    secret_keys_unref(keys);
}

static void failing_allocations_leave_nothing(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of(KEY_1);
    struct buffer out;
    struct error error;
    int result = ERROR_NO_MEMORY;
    for (size_t n = 1; result != 0; n++) {
        buffer_init(&out, 0);
        memory_fail_at(n, 0);
        result = secret_seal(keys, SLICE_LITERAL("x"), SLICE_LITERAL("y"), &out, &error);
        memory_fail_at(0, 0);
        assert_true(result == 0 || result == ERROR_NO_MEMORY);
        buffer_release(&out);
    }
    secret_keys_unref(keys);
}

static void a_key_file_is_made_and_replaced(void **state)
{
    (void)state;
    struct scratch scratch;
    struct error error = {0};
    struct secret_keys *one = NULL, *two = NULL, *three = NULL;
    struct stat status;
    scratch_make(&scratch);
    const char *path = scratch_path(&scratch, "keys");
    assert_int_equal(secret_keys_load(path, &one, &error), ERROR_NOT_FOUND);
    assert_int_equal(secret_keys_add_to_file(path, NULL, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(secret_keys_load(path, &one, &error), 0);
    assert_int_equal(secret_keys_newest(one), 1);
    struct buffer sealed;
    seal(one, "x", "y", &sealed);
    assert_int_equal(secret_keys_add_to_file(path, one, &error), 0);
    assert_int_equal(secret_keys_load(path, &two, &error), 0);
    assert_int_equal(secret_keys_newest(two), 2);
    assert_int_equal(open_it(two, buffer_slice(&sealed), "y", "x"), 0);
    assert_int_equal(secret_keys_trim_file(path, two, &error), 0);
    assert_int_equal(secret_keys_load(path, &three, &error), 0);
    assert_int_equal(secret_keys_newest(three), 2);
    assert_int_equal(open_it(three, buffer_slice(&sealed), "y", "x"), ERROR_NOT_FOUND);
    secret_keys_unref(three);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(secret_keys_load(path, &three, &error), ERROR_CONFIG);
    assert_non_null(strstr(error.text, "chmod 600"));
    assert_int_equal(secret_keys_add_to_file("/nowhere/keys", NULL, &error), ERROR_IO);
    buffer_release(&sealed);
    secret_keys_unref(one);
    secret_keys_unref(two);
    scratch_remove(&scratch);
}

static void passwords_are_checked(void **state)
{
    (void)state;
    char hash[SECRET_PASSWORD_SIZE], other[SECRET_PASSWORD_SIZE];
    struct error error;
    struct slice password = SLICE_LITERAL("correct horse");
    assert_int_equal(secret_hash_password(password, hash, &error), 0);
    assert_int_equal(secret_hash_password(password, other, &error), 0);
    assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
    assert_string_not_equal(hash, other);
    assert_true(secret_check_password(slice_from_string(hash), password));
    assert_false(secret_check_password(slice_from_string(hash), SLICE_LITERAL("correct horsf")));
    assert_false(secret_check_password(slice_from_string(hash), (struct slice){0}));
    assert_false(secret_check_password((struct slice){0}, password));
    assert_false(secret_check_password(SLICE_LITERAL("plain"), SLICE_LITERAL("plain")));
    assert_int_equal(secret_hash_password(SLICE_LITERAL("12345678901"), hash, &error), ERROR_RANGE);
}

static void derived_keys_are_their_purpose_s_alone(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of(KEY_1 "," KEY_2), *one = NULL, *same = NULL, *other = NULL;
    struct error error;
    struct buffer sealed, plain;
    assert_int_equal(secret_keys_derive(keys, "one", &one, &error), 0);
    assert_int_equal(secret_keys_derive(keys, "one", &same, &error), 0);
    assert_int_equal(secret_keys_derive(keys, "other", &other, &error), 0);
    assert_int_equal(secret_keys_count(one), 2);
    assert_int_equal(secret_keys_newest(one), 2);
    seal(one, "text", "place", &sealed);
    buffer_init(&plain, 0);
    struct slice text = buffer_slice(&sealed), place = SLICE_LITERAL("place");
    assert_int_equal(secret_open(same, text, place, &plain, &error), 0);
    assert_int_equal(secret_open(other, text, place, &plain, &error), ERROR_DENIED);
    assert_int_equal(secret_open(keys, text, place, &plain, &error), ERROR_DENIED);
    buffer_release(&plain);
    buffer_release(&sealed);
    secret_keys_unref(other);
    secret_keys_unref(same);
    secret_keys_unref(one);
    secret_keys_unref(keys);
}

// What was sealed with a key derived of the first opens with those that are derived of both.
static void each_key_has_a_derived_one(void **state)
{
    (void)state;
    struct secret_keys *first = keys_of(KEY_1), *both = keys_of(KEY_1 "," KEY_2);
    struct secret_keys *second = keys_of(KEY_2), *of_first = NULL, *of_both = NULL, *of_second;
    struct error error;
    struct buffer sealed;
    of_second = NULL;
    assert_int_equal(secret_keys_derive(first, "one", &of_first, &error), 0);
    assert_int_equal(secret_keys_derive(both, "one", &of_both, &error), 0);
    assert_int_equal(secret_keys_derive(second, "one", &of_second, &error), 0);
    seal(of_first, "text", "place", &sealed);
    assert_int_equal(open_it(of_both, buffer_slice(&sealed), "place", "text"), 0);
    assert_int_equal(open_it(of_second, buffer_slice(&sealed), "place", "text"), ERROR_NOT_FOUND);
    buffer_release(&sealed);
    struct secret_keys *all[] = {first, both, second, of_first, of_both, of_second};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        secret_keys_unref(all[i]);
}

static void who_has_a_reference_goes_on(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of(KEY_1), *mine = secret_keys_ref(keys);
    struct buffer sealed;
    assert_ptr_equal(keys, mine);
    secret_keys_unref(keys);
    seal(mine, "text", "place", &sealed);
    assert_int_equal(open_it(mine, buffer_slice(&sealed), "place", "text"), 0);
    buffer_release(&sealed);
    secret_keys_unref(mine);
}

#define OTHER_2 "2:" ZEROS "000000000000000000000000000000FF"
#define KEY_3 "3:" ZEROS "00000000000000000000000000000003"

static void keys_are_joined_with_older_ones(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of(OTHER_2 "," KEY_3), *older = keys_of(KEY_1 "," KEY_2);
    struct secret_keys *joined = NULL, *newer = keys_of(KEY_1);
    struct error error;
    struct buffer sealed;
    assert_int_equal(secret_keys_join(keys, older, &joined, &error), 0);
    assert_int_equal(secret_keys_count(joined), 3);
    assert_int_equal(secret_keys_newest(joined), 3);
    assert_true(secret_keys_hold(joined, keys));
    assert_true(secret_keys_hold(joined, newer));
    assert_false(secret_keys_hold(joined, older)); // its second is another one
    assert_false(secret_keys_hold(keys, joined));
    seal(newer, "text", "place", &sealed);
    assert_int_equal(open_it(joined, buffer_slice(&sealed), "place", "text"), 0);
    secret_keys_unref(joined);
    // Nothing above the newest comes in: it would be what seals.
    assert_int_equal(secret_keys_join(newer, keys, &joined, &error), 0);
    assert_int_equal(secret_keys_count(joined), 1);
    buffer_release(&sealed);
    secret_keys_unref(joined);
    secret_keys_unref(newer);
    secret_keys_unref(older);
    secret_keys_unref(keys);
}

enum { ROOM = 64 };

static void the_oldest_go_when_there_is_no_room(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of("65:" ZEROS ZEROS), *joined = NULL;
    struct buffer text;
    struct error error;
    buffer_init(&text, 0);
    for (int i = 1; i <= ROOM; i++)
        buffer_append_format(&text, "%d:" ZEROS ZEROS " ", i);
    buffer_append(&text, slice_of("", 1));
    struct secret_keys *older = keys_of(buffer_slice(&text).data);
    assert_int_equal(secret_keys_join(keys, older, &joined, &error), 0);
    assert_int_equal(secret_keys_count(joined), ROOM);
    assert_int_equal(secret_keys_newest(joined), 65);
    struct secret_keys *first = keys_of(KEY_1), *second = keys_of("2:" ZEROS ZEROS);
    assert_false(secret_keys_hold(joined, first));
    assert_true(secret_keys_hold(joined, second));
    buffer_release(&text);
    struct secret_keys *all[] = {keys, joined, older, first, second};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        secret_keys_unref(all[i]);
}

static void without_memory_there_are_no_new_keys(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_of(KEY_1), *made = NULL;
    struct error error;
    memory_fail_at(1, 2); // and both after it
    int joined = secret_keys_join(keys, keys, &made, &error);
    int derived = secret_keys_derive(keys, "one", &made, &error);
    int parsed = secret_keys_parse(SLICE_LITERAL(KEY_1), &made, &error);
    memory_fail_at(0, 0);
    assert_int_equal(joined, ERROR_NO_MEMORY);
    assert_int_equal(derived, ERROR_NO_MEMORY);
    assert_int_equal(parsed, ERROR_NO_MEMORY);
    assert_null(made);
    secret_keys_unref(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read),
        cmocka_unit_test(derived_keys_are_their_purpose_s_alone),
        cmocka_unit_test(each_key_has_a_derived_one),
        cmocka_unit_test(who_has_a_reference_goes_on),
        cmocka_unit_test(keys_are_joined_with_older_ones),
        cmocka_unit_test(the_oldest_go_when_there_is_no_room),
        cmocka_unit_test(without_memory_there_are_no_new_keys),
        cmocka_unit_test(what_is_sealed_opens_in_its_place),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(failing_allocations_leave_nothing),
        cmocka_unit_test(a_key_file_is_made_and_replaced),
        cmocka_unit_test(passwords_are_checked),
    };
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
