// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "approval/approval.h"
#include "base/memory.h"

#define ZEROS "00000000000000000000000000000000"
#define KEY_1 "1:" ZEROS ZEROS
#define KEY_2 "2:" ZEROS "0000000000000000000000000000000F"

enum { NOW_MS = 1000000 };

static const unsigned char print[APPROVAL_PRINT_SIZE] = "one call of one grant, one tool";
static const unsigned char other_print[APPROVAL_PRINT_SIZE] = "one call of some other grant";

static struct secret_keys *keys_for(const char *text, const char *purpose)
{
    struct secret_keys *keys = NULL, *derived = NULL;
    struct error error = {0};
    assert_int_equal(secret_keys_parse(slice_from_string(text), &keys, &error), 0);
    assert_int_equal(secret_keys_derive(keys, purpose, &derived, &error), 0);
    secret_keys_unref(keys);
    return derived;
}

static const struct approval_ticket full = {.kind = APPROVAL_RUNS,
                                            .round = 3,
                                            .expires_ms = NOW_MS + 60000,
                                            .name = SLICE_LITERAL("0123456789abcdef"),
                                            .print = print,
                                            .version = SLICE_LITERAL("7"),
                                            .state = SLICE_LITERAL("\"\\u00e9 state\"")};

static void seal(const struct secret_keys *keys, const struct approval_ticket *ticket,
                 struct buffer *out)
{
    buffer_init(out, 0);
    assert_int_equal(approval_ticket_seal(keys, ticket, out), 0);
}

static void says_again_what_was_sealed(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_for(KEY_1, "tickets");
    struct buffer text, scratch;
    struct approval_ticket opened;
    seal(keys, &full, &text);
    buffer_init(&scratch, 0);
    assert_int_equal(approval_ticket_open(keys, buffer_slice(&text), &scratch, &opened), 0);
    assert_int_equal(opened.kind, APPROVAL_RUNS);
    assert_int_equal(opened.round, 3);
    assert_int_equal(opened.expires_ms, NOW_MS + 60000);
    assert_true(slice_equal(opened.name, full.name));
    assert_true(slice_equal(opened.version, full.version));
    assert_true(slice_equal(opened.state, full.state));
    assert_memory_equal(opened.print, print, APPROVAL_PRINT_SIZE);
    buffer_release(&scratch);
    buffer_release(&text);
    secret_keys_unref(keys);
}

static bool opens(const struct secret_keys *keys, struct slice text)
{
    struct buffer scratch;
    struct approval_ticket opened;
    buffer_init(&scratch, 0);
    int result = approval_ticket_open(keys, text, &scratch, &opened);
    assert_true(result == 0 || result == ERROR_NOT_FOUND);
    buffer_release(&scratch);
    return result == 0;
}

// Every bit of the text and every length of it.
static void opens_as_it_was_sealed_or_not_at_all(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_for(KEY_1, "tickets");
    struct buffer text;
    seal(keys, &full, &text);
    for (size_t i = 0; i < text.length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.data[text.start + i] = (char)(text.data[text.start + i] ^ (1 << bit));
            assert_false(opens(keys, buffer_slice(&text)));
            text.data[text.start + i] = (char)(text.data[text.start + i] ^ (1 << bit));
        }
        assert_false(opens(keys, slice_of(buffer_slice(&text).data, i)));
    }
    assert_true(opens(keys, buffer_slice(&text)));
    buffer_append_string(&text, "A");
    assert_false(opens(keys, buffer_slice(&text)));
    buffer_release(&text);
    secret_keys_unref(keys);
}

static void opens_under_no_other_key(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_for(KEY_1, "tickets");
    struct secret_keys *other = keys_for(KEY_1, "something else");
    struct secret_keys *rotated = keys_for(KEY_1 "," KEY_2, "tickets");
    struct secret_keys *trimmed = keys_for(KEY_2, "tickets");
    struct buffer text;
    seal(keys, &full, &text);
    assert_true(opens(keys, buffer_slice(&text)));
    assert_false(opens(other, buffer_slice(&text)));
    assert_true(opens(rotated, buffer_slice(&text)));
    assert_false(opens(trimmed, buffer_slice(&text)));
    buffer_release(&text);
    secret_keys_unref(trimmed);
    secret_keys_unref(rotated);
    secret_keys_unref(other);
    secret_keys_unref(keys);
}

static void fits_its_own_call_in_its_time(void **state)
{
    (void)state;
    struct slice seven = SLICE_LITERAL("7");
    assert_true(approval_ticket_fits(&full, print, seven, NOW_MS));
    assert_true(approval_ticket_fits(&full, print, seven, NOW_MS + 59999));
    assert_false(approval_ticket_fits(&full, print, seven, NOW_MS + 60000));
    assert_false(approval_ticket_fits(&full, other_print, seven, NOW_MS));
    assert_false(approval_ticket_fits(&full, print, SLICE_LITERAL("8"), NOW_MS));
    // A clock that was set back does not make it live longer.
    assert_false(approval_ticket_fits(&full, print, seven, NOW_MS - APPROVAL_TICKET_MS));
}

static void has_bounds(void **state)
{
    (void)state;
    struct secret_keys *keys = keys_for(KEY_1, "tickets");
    static char long_state[APPROVAL_STATE_MAX + 1];
    struct buffer text;
    struct approval_ticket ticket = full;
    memset(long_state, 'x', sizeof long_state);
    ticket.state = slice_of(long_state, APPROVAL_STATE_MAX);
    seal(keys, &ticket, &text);
    assert_true(text.length <= APPROVAL_TICKET_MAX);
    assert_true(opens(keys, buffer_slice(&text)));
    buffer_release(&text);
    ticket.state.length++;
    assert_int_equal(approval_ticket_seal(keys, &ticket, &text), ERROR_TOO_LARGE);
    ticket = full;
    ticket.name = slice_of(long_state, APPROVAL_NAME_MAX + 1);
    assert_int_equal(approval_ticket_seal(keys, &ticket, &text), ERROR_TOO_LARGE);
    ticket = full;
    ticket.version = ticket.name;
    ticket.round = 65536;
    assert_int_equal(approval_ticket_seal(keys, &ticket, &text), ERROR_TOO_LARGE);
    buffer_release(&text);
    secret_keys_unref(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_again_what_was_sealed),
        cmocka_unit_test(opens_as_it_was_sealed_or_not_at_all),
        cmocka_unit_test(opens_under_no_other_key),
        cmocka_unit_test(fits_its_own_call_in_its_time),
        cmocka_unit_test(has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
