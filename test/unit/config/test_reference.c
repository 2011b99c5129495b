// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "config/config.h"

static void the_document_holds_the_tables(void **state)
{
    (void)state;
    struct buffer reference, document;
    struct error error = {0};
    buffer_init(&reference, 0);
    buffer_init(&document, 0);
    config_reference(&reference);
    assert_int_equal(
        config_read_file(PROJECT_FOLDER "/docs/configuration.md", 1 << 20, &document, &error), 0);
    struct slice whole = buffer_slice(&document), part = buffer_slice(&reference);
    assert_true(part.length > 1000);
    if (memmem(whole.data, whole.length, part.data, part.length) == NULL)
        fail_msg("docs/configuration.md is stale: put the output of 'sallyport help config' "
                 "between its two 'reference' marks");
    buffer_release(&reference);
    buffer_release(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_document_holds_the_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
