// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "catalogue/catalogue.h"

static void every_category_has_a_name_and_a_selector(void **state)
{
    (void)state;
    static const char *const selectors[] = {"@read", "@write", "@execute", "@destructive",
                                            "@financial"};
    static const char *const names[] = {"Read",        "Write",     "Execute",
                                        "Destructive", "Financial", "Unknown"};
    for (unsigned i = 0; i < CATALOGUE_UNKNOWN; i++) {
        enum catalogue_category category = CATALOGUE_UNKNOWN;
        assert_true(catalogue_category_from_selector(slice_from_string(selectors[i]), &category));
        assert_int_equal(category, i);
    }
    for (unsigned i = 0; i <= CATALOGUE_UNKNOWN; i++)
        assert_string_equal(catalogue_category_name((enum catalogue_category)i), names[i]);
    assert_string_equal(catalogue_category_name((enum catalogue_category)99), "Unknown");
}

static void other_selectors_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "@", "read", "@Read", "@unknown", "@read ", "@reads"};
    enum catalogue_category category = CATALOGUE_WRITE;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(catalogue_category_from_selector(slice_from_string(wrong[i]), &category));
    assert_int_equal(category, CATALOGUE_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_category_has_a_name_and_a_selector),
                                       cmocka_unit_test(other_selectors_are_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
