// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What people decided about tools: bounds, the newest definitions, digests, want of memory.
#include "lib/unit.h"

#include "base/memory.h"
#include "filter/filter.h"

#include <stdio.h>

static const unsigned char *print_of(unsigned number)
{
    static unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    memset(print, 0, sizeof print);
    memcpy(print, &number, sizeof number);
    return print;
}

static const struct slice tool = {"pay", 3}, other = {"Pay", 3};

static void nothing_is_decided_at_first(void **state)
{
    (void)state;
    enum catalogue_category category = CATALOGUE_WRITE;
    struct filter_pins *pins[] = {NULL, filter_pins_new(FILTER_PINNING_QUARANTINE)};
    for (size_t i = 0; i < 2; i++) {
        assert_false(filter_pins_category(pins[i], tool, &category));
        assert_false(filter_pins_knows(pins[i], tool));
        assert_false(filter_pins_accepts(pins[i], tool, print_of(0)));
        assert_false(filter_pins_waits(pins[i], tool, NULL));
        assert_false(filter_pins_settled(pins[i]));
        assert_int_equal(filter_pins_waiting(pins[i]), 0);
    }
    assert_int_equal(category, CATALOGUE_WRITE);
    assert_int_equal(filter_pins_pinning(NULL), FILTER_PINNING_OFF);
    assert_int_equal(filter_pins_pinning(pins[1]), FILTER_PINNING_QUARANTINE);
    filter_pins_unref(pins[1]);
    filter_pins_unref(NULL);
}

static void decisions_are_of_one_tool(void **state)
{
    (void)state;
    enum catalogue_category category = CATALOGUE_READ;
    struct filter_pins *pins = filter_pins_new(FILTER_PINNING_WARN);
    assert_int_equal(filter_pins_override(pins, tool, CATALOGUE_FINANCIAL), 0);
    assert_int_equal(filter_pins_wait(pins, tool, print_of(2)), 0);
    assert_int_equal(filter_pins_wait(pins, tool, print_of(3)), 0); // the newer one
    assert_false(filter_pins_settled(pins));
    assert_int_equal(filter_pins_accept(pins, tool, print_of(1)), 0);
    assert_true(filter_pins_settled(pins));
    assert_true(filter_pins_category(pins, tool, &category));
    assert_int_equal(category, CATALOGUE_FINANCIAL);
    assert_true(filter_pins_knows(pins, tool));
    assert_true(filter_pins_accepts(pins, tool, print_of(1)));
    assert_false(filter_pins_accepts(pins, tool, print_of(3)));
    assert_true(filter_pins_waits(pins, tool, print_of(3)));
    assert_false(filter_pins_waits(pins, tool, print_of(2)));
    assert_int_equal(filter_pins_waiting(pins), 1);
    assert_false(filter_pins_knows(pins, other));
    assert_false(filter_pins_accepts(pins, other, print_of(1)));
    assert_false(filter_pins_waits(pins, other, NULL));
    assert_false(filter_pins_category(pins, other, &category));
    filter_pins_unref(filter_pins_ref(pins));
    filter_pins_unref(pins);
}

static void the_newest_definitions_of_a_tool_count(void **state)
{
    (void)state;
    struct filter_pins *pins = filter_pins_new(FILTER_PINNING_QUARANTINE),
                       *late = filter_pins_new(FILTER_PINNING_QUARANTINE);
    for (unsigned i = 0; i < FILTER_DEFINITIONS_MAX + 3; i++)
        assert_int_equal(filter_pins_accept(pins, tool, print_of(i)), 0);
    for (unsigned i = FILTER_DEFINITIONS_MAX + 3; i-- > 3;)
        assert_int_equal(filter_pins_accept(late, tool, print_of(i)), 0);
    for (unsigned i = 0; i < FILTER_DEFINITIONS_MAX + 3; i++)
        assert_true(filter_pins_accepts(pins, tool, print_of(i)) == (i >= 3));
    assert_true(filter_pins_digest(pins) == filter_pins_digest(late)); // in whatever order
    filter_pins_unref(pins);
    filter_pins_unref(late);
}

static void what_agents_see_is_in_the_digest(void **state)
{
    (void)state;
    struct filter_pins *pins = filter_pins_new(FILTER_PINNING_WARN),
                       *same = filter_pins_new(FILTER_PINNING_WARN);
    uint64_t seen[4] = {filter_pins_digest(pins)};
    assert_int_equal(filter_pins_accept(pins, tool, print_of(1)), 0);
    seen[1] = filter_pins_digest(pins);
    assert_int_equal(filter_pins_override(pins, tool, CATALOGUE_READ), 0);
    seen[2] = filter_pins_digest(pins);
    assert_int_equal(filter_pins_wait(pins, tool, print_of(9)), 0);
    assert_true(filter_pins_digest(pins) == seen[2]);
    assert_int_equal(filter_pins_override(same, tool, CATALOGUE_WRITE), 0);
    assert_int_equal(filter_pins_accept(same, tool, print_of(1)), 0);
    seen[3] = filter_pins_digest(same);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(seen[i] == seen[k]);
    filter_pins_unref(pins);
    filter_pins_unref(same);
}

static void bounds_hold(void **state)
{
    (void)state;
    char name[FILTER_NAME_MAX + 1];
    struct filter_pins *pins = filter_pins_new(FILTER_PINNING_WARN);
    memset(name, 'x', sizeof name);
    assert_int_equal(filter_pins_accept(pins, slice_of(name, sizeof name), print_of(1)),
                     ERROR_LIMIT);
    assert_int_equal(filter_pins_accept(pins, slice_of(name, 0), print_of(1)), ERROR_LIMIT);
    for (unsigned i = 0; i < FILTER_TOOLS_MAX; i++) {
        int length = snprintf(name, sizeof name, "tool %u", i);
        assert_int_equal(filter_pins_override(pins, slice_of(name, (size_t)length), CATALOGUE_READ),
                         0);
    }
    assert_int_equal(filter_pins_accept(pins, tool, print_of(1)), ERROR_LIMIT);
    assert_int_equal(filter_pins_wait(pins, tool, print_of(1)), ERROR_LIMIT);
    assert_int_equal(filter_pins_accept(pins, slice_from_string("tool 7"), print_of(1)), 0);
    filter_pins_unref(pins);
}

static void want_of_memory_is_said(void **state)
{
    (void)state;
    struct filter_pins *pins = filter_pins_new(FILTER_PINNING_WARN);
    for (size_t at = 1; at < 10; at++) {
        memory_fail_at(at, 0);
        int result = filter_pins_accept(pins, tool, print_of(1));
        memory_fail_at(0, 0);
        if (result == 0)
            break;
        assert_int_equal(result, ERROR_NO_MEMORY);
        assert_false(filter_pins_accepts(pins, tool, print_of(1)));
    }
    assert_true(filter_pins_accepts(pins, tool, print_of(1)));
    filter_pins_unref(pins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_decided_at_first),
        cmocka_unit_test(decisions_are_of_one_tool),
        cmocka_unit_test(the_newest_definitions_of_a_tool_count),
        cmocka_unit_test(what_agents_see_is_in_the_digest),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(want_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
