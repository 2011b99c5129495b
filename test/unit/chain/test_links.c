// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "chain/chain.h"
#include "base/memory.h"

#include <openssl/sha.h>

static struct chain_hasher *hasher;

static int setup(void **state)
{
    (void)state;
    hasher = chain_hasher_new();
    return hasher == NULL;
}

static int teardown(void **state)
{
    (void)state;
    chain_hasher_free(hasher);
    return 0;
}

// A row's line without its line feed.
static struct slice line_of(const struct buffer *out)
{
    struct slice text = buffer_slice(out);
    assert_int_equal(text.data[text.length - 1], '\n');
    return slice_of(text.data, text.length - 1);
}

// What the document says, done by hand with another interface to SHA-256.
static void a_row_is_what_the_document_says(void **state)
{
    (void)state;
    struct chain_state chain = {0};
    struct buffer out;
    char digits[CHAIN_LINK_DIGITS + 1], wanted[200];
    unsigned char text[32 + 100] = {0}, link[32];
    buffer_init(&out, 0);
    for (int i = 1; i <= 2; i++) {
        int length = snprintf((char *)text + 32, 100, "{\"a\":\"b\",\"seq\":%d", i);
        SHA256(text, 32 + (size_t)length, link);
        chain_write_hex(link, 32, digits);
        snprintf(wanted, sizeof wanted, "{\"a\":\"b\",\"seq\":%d,\"link\":\"%s\"}\n", i, digits);
        buffer_clear(&out);
        assert_int_equal(chain_append(hasher, &chain, SLICE_LITERAL("{\"a\":\"b\""), &out), 0);
        assert_int_equal(out.length, strlen(wanted));
        assert_memory_equal(buffer_slice(&out).data, wanted, out.length);
        assert_int_equal(chain.rows, i);
        assert_memory_equal(chain.link, link, 32);
        memcpy(text, link, 32);
    }
    buffer_release(&out);
}

static void a_row_comes_apart_as_it_was_made(void **state)
{
    (void)state;
    struct chain_state chain = {.rows = INT64_MAX - 3};
    struct slice body = SLICE_LITERAL("{\"x\":\"\\\",\\\"seq\\\":9,\\\"link\\\":\\\"\"");
    for (int i = 0; i < 3; i++) {
        struct buffer out;
        struct chain_row row;
        unsigned char link[CHAIN_LINK_SIZE];
        buffer_init(&out, 0);
        memcpy(link, chain.link, sizeof link);
        assert_int_equal(chain_append(hasher, &chain, body, &out), 0);
        assert_true(chain_parse(line_of(&out), &row));
        assert_int_equal(row.number, chain.rows);
        assert_true(slice_equal(row.body, body));
        assert_int_equal(chain_link(hasher, link, row.bytes, link), 0);
        assert_memory_equal(link, row.link, sizeof link);
        buffer_release(&out);
    }
}

static void what_is_no_row_is_refused(void **state)
{
    (void)state;
    struct chain_state chain = {.rows = 40};
    struct buffer out;
    struct chain_row row;
    buffer_init(&out, 0);
    assert_int_equal(chain_append(hasher, &chain, SLICE_LITERAL("{\"a\":1"), &out), 0);
    struct slice line = line_of(&out);
    assert_true(chain_parse(line, &row));
    for (size_t length = 0; length < line.length; length++)
        assert_false(chain_parse(slice_of(line.data, length), &row));
    char copy[200];
    memcpy(copy, line.data, line.length);
    struct slice changed = slice_of(copy, line.length);
    // The form: everything from the number on, and the first brace.
    for (size_t i = 0; i < line.length; i++) {
        bool form = i == 0 || i >= 6;
        copy[i] = (char)(line.data[i] ^ 0x80);
        assert_int_equal(chain_parse(changed, &row), !form);
        copy[i] = line.data[i];
    }
    copy[line.length - 3] = 'A'; // digits have one spelling
    assert_false(chain_parse(changed, &row));
    static const char *const numbers[] = {"0", "01", "", "-1", "12345678901234567890", " 1"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(copy, sizeof copy, "{\"a\":1,\"seq\":%s%.*s", numbers[i], 76,
                 line.data + line.length - 75);
        assert_false(chain_parse(slice_from_string(copy), &row));
    }
    buffer_release(&out);
}

static void no_memory_moves_nothing(void **state)
{
    (void)state;
    struct chain_state chain = {.rows = 7}, before = chain;
    struct buffer out;
    buffer_init(&out, 60); // the body and its number fit, the link does not
    assert_int_equal(chain_append(hasher, &chain, SLICE_LITERAL("{\"a\":1"), &out),
                     ERROR_TOO_LARGE);
    assert_memory_equal(&chain, &before, sizeof chain);
    assert_int_equal(out.length, 0);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_what_the_document_says),
        cmocka_unit_test(a_row_comes_apart_as_it_was_made),
        cmocka_unit_test(what_is_no_row_is_refused),
        cmocka_unit_test(no_memory_moves_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
