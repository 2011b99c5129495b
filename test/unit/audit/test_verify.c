// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Logs that somebody changed: each change is found, and told by the place and a sentence.
#include "unit/audit/log_world.h"

#include "base/log.h"

static struct log_world world;
static struct text good; // lines: start, five decisions with a checkpoint here and there, end

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    world_open(&world);
    world_make(&world, "log", NULL, 5);
    good = world_read(&world, "log");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(good.bytes);
    world_close(&world);
    return 0;
}

static struct audit_proof verify(struct text text)
{
    return world_verify(&world, &text, 1);
}

// Releases the text.
static void expect_bad(struct text text, size_t line, const char *words)
{
    struct audit_proof proof = verify(text);
    assert_true(proof.bad);
    if (strstr(proof.text, words) == NULL)
        fail_msg("'%s' is not in '%s'", words, proof.text);
    assert_int_equal(proof.line, line);
    free(text.bytes);
}

static struct text without_line(struct text text, size_t number)
{
    return text_splice(text, text_line(text, number), text_line(text, number + 1), NULL, 0);
}

// The number of the first decision's line, from 0.
enum { INNER = 1 };

static void a_whole_log_is_good(void **state)
{
    (void)state;
    struct audit_proof proof = verify(good);
    assert_false(proof.bad);
    assert_true(proof.ended);
    assert_int_equal(proof.first, 1);
    assert_int_equal(proof.last, text_lines(good));
    assert_int_equal(proof.vouched, proof.last);
    assert_int_equal(proof.decisions, 5);
    assert_true(proof.signatures >= 2);
    world_believe(&world, "log.key.pub");
    assert_false(verify(good).bad);
    assert_string_equal(verify(good).key, chain_key_id(world.keys.keys[0]));
}

static void an_edited_row_is_found(void **state)
{
    (void)state;
    char *subject = memmem(good.bytes, good.size, "get_ticker", 10);
    size_t at = (size_t)(subject - good.bytes);
    expect_bad(text_splice(good, at, at + 3, "add", 3), INNER + 1, "row 2 was changed");
    // A note whose link somebody computed anew would still need the key; the text alone is enough.
    expect_bad(text_splice(good, 60, 61, "9", 1), 1, "");
}

static void a_missing_row_is_found(void **state)
{
    (void)state;
    expect_bad(without_line(good, INNER), INNER + 1, "row 2 is missing before row 3");
    expect_bad(text_splice(good, text_line(good, 2), text_line(good, 4), NULL, 0), 3,
               "rows 3 to 4 are missing before row 5");
    expect_bad(without_line(good, 0), 1, "the first row is not a start");
}

static void rows_out_of_order_are_found(void **state)
{
    (void)state;
    size_t a = text_line(good, 2), b = text_line(good, 3), c = text_line(good, 4);
    struct text swapped = text_splice(good, b, c, NULL, 0), result;
    result = text_splice(swapped, a, a, good.bytes + b, c - b);
    free(swapped.bytes);
    expect_bad(result, 3, "row 3 is missing before row 4");
}

static void a_row_that_is_there_twice_is_found(void **state)
{
    (void)state;
    size_t a = text_line(good, 2), b = text_line(good, 3);
    expect_bad(text_splice(good, b, b, good.bytes + a, b - a), 4,
               "row 3 stands behind row 3: it is out of place or there twice");
}

static void a_cut_end_is_found(void **state)
{
    (void)state;
    size_t last = text_line(good, text_lines(good) - 1);
    struct audit_proof proof = verify((struct text){good.bytes, last});
    assert_false(proof.bad); // a gateway that was killed leaves the same
    assert_false(proof.ended);
    for (size_t size = last + 1; size < good.size; size += 97) {
        struct text cut = text_splice(good, size, good.size, NULL, 0);
        expect_bad(cut, text_lines(good), "the file ends inside a row");
    }
    world.running = true;
    proof = verify((struct text){good.bytes, last + 20});
    assert_false(proof.bad);
    assert_false(proof.ended);
    expect_bad(text_splice(good, 0, good.size, NULL, 0), 1, "there is no row at all");
}

static void rows_of_another_log_are_found(void **state)
{
    (void)state;
    world_make(&world, "other", "log.key", 5); // with the same key
    struct text other = world_read(&world, "other");
    size_t a = text_line(good, 1), b = text_line(good, 2);
    size_t c = text_line(other, 1), d = text_line(other, 2);
    expect_bad(text_splice(good, a, b, other.bytes + c, d - c), 2, "row 2 was changed, or is of");
    // The whole end of the other one.
    expect_bad(text_splice(good, a, good.size, other.bytes + c, other.size - c), 2,
               "row 2 was changed, or is of another log");
    free(other.bytes);
}

static void what_another_key_signed_is_found(void **state)
{
    (void)state;
    // A log made anew from its beginning: only the known key tells.
    world_make(&world, "forged", NULL, 5);
    struct text forged = world_read(&world, "forged");
    assert_false(verify(forged).bad);
    world_believe(&world, "log.key.pub");
    expect_bad(text_splice(forged, 0, 0, NULL, 0), 1, "not one that is believed");
    free(forged.bytes);
    chain_keyring_release(&world.keys);
    // A good beginning, continued with another key: the log's own word is enough.
    size_t cut = text_line(good, 3);
    scratch_write(world_path(&world, "cut"), good.bytes, cut);
    world_make(&world, "cut", "forged.key", 3);
    expect_bad(world_read(&world, "cut"), 4, "not one that is believed");
}

// The log with one decision edited and every link behind it computed anew, as far as that goes
// without the key; with the heads that the notes tell as well, if so wanted.
static struct text forge(bool heads)
{
    struct chain_hasher *hasher = chain_hasher_new();
    struct chain_state chain = {0};
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < text_lines(good); i++) {
        struct chain_row row;
        char digits[CHAIN_LINK_DIGITS + 1];
        size_t at = text_line(good, i), end = text_line(good, i + 1) - 1;
        assert_true(chain_parse(slice_of(good.bytes + at, end - at), &row));
        struct text body =
            text_splice((struct text){good.bytes + at, row.body.length}, 0, 0, "", 0);
        char *subject = i == INNER ? memmem(body.bytes, body.size, "get_ticker", 10) : NULL;
        char *head = heads ? memmem(body.bytes, body.size, "\"head\":\"", 8) : NULL;
        chain_write_hex(chain.link, CHAIN_LINK_SIZE, digits);
        if (subject != NULL)
            memcpy(subject, "add", 3);
        if (head != NULL)
            memcpy(head + 8, digits, CHAIN_LINK_DIGITS);
        assert_int_equal(chain_append(hasher, &chain, slice_of(body.bytes, body.size), &out), 0);
        free(body.bytes);
    }
    struct text forged = text_splice(
        (struct text){(char *)(uintptr_t)buffer_slice(&out).data, out.length}, 0, 0, "", 0);
    buffer_release(&out);
    chain_hasher_free(hasher);
    return forged;
}

// Only the signatures are left, which nobody else can make.
static void a_chain_computed_anew_is_found(void **state)
{
    (void)state;
    for (int heads = 0; heads < 2; heads++) {
        struct text forged = forge(heads);
        struct audit_proof proof = verify(forged);
        assert_true(proof.bad);
        assert_true(proof.line > INNER + 1);
        if (heads)
            assert_memory_equal(proof.text, "the signature is not that of key ", 33);
        else
            assert_string_equal(proof.text,
                                "the signature is about other rows than those before it");
        free(forged.bytes);
    }
}

// What a crash left is covered too.
static void an_edited_torn_line_is_found(void **state)
{
    (void)state;
    struct text torn = text_splice(good, good.size, good.size, "half a line", 11);
    scratch_write(world_path(&world, "torn"), torn.bytes, torn.size);
    free(torn.bytes);
    world_make(&world, "torn", "log.key", 1);
    torn = world_read(&world, "torn");
    assert_false(verify(torn).bad);
    assert_int_equal(verify(torn).torn, 1);
    size_t at = good.size, line = text_lines(good) + 1;
    expect_bad(text_splice(torn, at, at + 1, "H", 1), line, "the line is no row");
    expect_bad(text_splice(torn, at, at, "\n", 1), line, "the line is no row");
    expect_bad(text_splice(torn, at, at + 1, "", 0), line, "the line is no row");
    expect_bad(text_splice(torn, at, at + 12, "", 0), line, "there is none before it");
    free(torn.bytes);
}

// Any change of any byte of a closed log, and any number of them.
static void random_edits_are_found(void **state)
{
    (void)state;
    world_believe(&world, "log.key.pub");
    srand(7);
    for (int round = 0; round < 4000; round++) {
        size_t from = (size_t)rand() % good.size, to = from, other, size = 0;
        char insert[600];
        switch (rand() % 5) {
        case 0: // one byte
            to = from + 1;
            size = 1;
            insert[0] = (char)(good.bytes[from] ^ (1 << rand() % 8));
            break;
        case 1: // something goes
            to = from + (size_t)rand() % (good.size - from) + 1;
            to = to > good.size ? good.size : to;
            break;
        case 2: // a piece of the log comes in
            other = (size_t)rand() % good.size;
            size = (size_t)rand() % sizeof insert;
            size = size > good.size - other ? good.size - other : size;
            memcpy(insert, good.bytes + other, size);
            break;
        case 3: // whole lines go, or come again
            from = text_line(good, (size_t)rand() % text_lines(good));
            to = rand() % 2 ? from : text_line(good, text_lines(good));
            size = rand() % 2 ? 0 : 1;
            insert[0] = '\n';
            break;
        default: // any bytes
            size = (size_t)rand() % 20;
            for (size_t i = 0; i < size; i++)
                insert[i] = (char)rand();
            to = from + (size_t)rand() % 20;
            to = to > good.size ? good.size : to;
            break;
        }
        struct text changed = text_splice(good, from, to, insert, size);
        bool same = changed.size == good.size && memcmp(changed.bytes, good.bytes, good.size) == 0;
        struct audit_proof proof = verify(changed);
        if ((proof.bad || !proof.ended) == same)
            fail_msg("round %d: bytes %zu to %zu became %zu: '%s'", round, from, to, size,
                     proof.text);
        free(changed.bytes);
    }
}

static void a_row_may_not_say_more_than_it_knows(void **state)
{
    (void)state;
    size_t at = text_line(good, 2);
    expect_bad(text_splice(good, at, at, "\n", 1), 3, "the line is no row of the log");
    char longer[2000];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\n';
    expect_bad(text_splice(good, at, at, longer, sizeof longer), 3, "the line is no row");
    expect_bad(text_splice(good, 0, 0, longer, sizeof longer), 1, "the line is no row");
    expect_bad(text_splice(good, good.size, good.size, longer, sizeof longer), text_lines(good) + 1,
               "the line is no row");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_log_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edited_row_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_row_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_out_of_order_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_there_twice_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_end_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_of_another_log_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_key_signed_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chain_computed_anew_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edited_torn_line_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(random_edits_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_may_not_say_more_than_it_knows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
