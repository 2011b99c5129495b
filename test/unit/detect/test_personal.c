// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Personal data in texts: personal.tsv says what is found and what must not be.
#include "lib/unit.h"

#include "base/memory.h"
#include "detect/detect.h"

#include <stdio.h>
#include <time.h>

enum { LINE_BYTES = 1024 };

static const char *rows_path;

// The text with brackets around all that is found.
static void mark(struct slice text, unsigned kinds, char out[LINE_BYTES])
{
    size_t at = 0, used = 0;
    struct detect_finding found;
    struct detect_work work = {0};
    while (detect_find(text, kinds, at, &work, &found) == DETECT_FOUND) {
        assert_true(found.start >= at && found.length > 0);
        assert_true(found.start + found.length <= text.length && (found.kind & kinds) != 0);
        used +=
            (size_t)snprintf(out + used, LINE_BYTES - used, "%.*s[%.*s]", (int)(found.start - at),
                             text.data + at, (int)found.length, text.data + found.start);
        at = found.start + found.length;
    }
    snprintf(out + used, LINE_BYTES - used, "%.*s", (int)(text.length - at), text.data + at);
}

static void unmark(const char *marked, char out[LINE_BYTES])
{
    size_t used = 0;
    for (const char *at = marked; *at != '\0'; at++) {
        if (*at != '[' && *at != ']')
            out[used++] = *at;
    }
    out[used] = '\0';
}

static unsigned kind_of(const char *word)
{
    for (int i = 0; detect_personal_words[i] != NULL; i++)
        if (strcmp(word, detect_personal_words[i]) == 0)
            return (unsigned)DETECT_EMAIL << i;
    return 0;
}

// What stands before a text, and how it lies in the blocks that are looked at, changes nothing.
static void check_everywhere(const char *plain, unsigned kinds, const char *marked)
{
    char text[LINE_BYTES], out[LINE_BYTES], wanted[LINE_BYTES];
    for (size_t before = 0; before < 60; before += before < 12 ? 1 : 9) {
        snprintf(text, sizeof text, "%*s%s", (int)before, "", plain);
        snprintf(wanted, sizeof wanted, "%*s%s", (int)before, "", marked);
        // A copy of its own, so that a sanitizer sees what is read beyond it.
        char *copy = memory_copy_string(text, strlen(text));
        mark(slice_of(copy, strlen(text)), kinds, out);
        memory_free(copy);
        if (strcmp(out, wanted) != 0)
            fail_msg("expected: %s\nfound:    %s", wanted, out);
    }
}

static void rows_hold(void **state)
{
    (void)state;
    char line[LINE_BYTES], plain[LINE_BYTES], wanted[LINE_BYTES];
    size_t rows = 0;
    FILE *file = fopen(rows_path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *text = strchr(line, '\t');
        if (line[0] == '#' || text == NULL)
            continue;
        *text++ = '\0';
        unsigned kind = kind_of(line);
        rows++;
        if (strcmp(line, "-") == 0) {
            check_everywhere(text, DETECT_ALL, text);
            continue;
        }
        if (kind == 0)
            fail_msg("%s: no such kind", line);
        unmark(text, plain);
        check_everywhere(plain, kind, text);
        // Nobody asked for it.
        mark(slice_from_string(plain), (unsigned)DETECT_PERSONAL & ~kind, wanted);
        if (strcmp(wanted, plain) != 0)
            fail_msg("found without %s: %s", line, wanted);
    }
    fclose(file);
    assert_true(rows > 30);
}

static void words_name_kinds(void **state)
{
    (void)state;
    unsigned all = 0;
    for (int i = 0; detect_personal_words[i] != NULL; i++) {
        enum detect_kind kind = (enum detect_kind)(DETECT_EMAIL << i);
        assert_string_equal(detect_kind_word(kind), detect_personal_words[i]);
        all |= (unsigned)kind;
    }
    assert_int_equal(all, DETECT_PERSONAL);
}

static void time_grows_with_the_length_alone(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "a@",   "@",  "a.",    "a@a.", "+1 ",  "+11-",  "(212",   "1.1.",    "1:1:",    "::",
        "4111", "41", "4111 ", "DE89", "1-11", "212-5", "ABCDEF", "1234567", "1234567A"};
    enum { BYTES = 512 << 10 };
    char *text = memory_new(BYTES + 16);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        size_t unit = strlen(patterns[i]), at = 0;
        struct detect_finding found;
        for (size_t j = 0; j < BYTES; j += unit)
            memcpy(text + j, patterns[i], unit);
        clock_t before = clock();
        for (struct detect_work work = {0};
             detect_find(slice_of(text, BYTES), DETECT_ALL, at, &work, &found) == DETECT_FOUND;
             work.looks = 0)
            at = found.start + found.length;
        if (clock() - before > 5 * CLOCKS_PER_SEC)
            fail_msg("'%s' takes too long", patterns[i]);
    }
    memory_free(text);
}

// A place that is looked at closely counts, in all texts together; what is found before counts too.
static void work_is_bounded(void **state)
{
    (void)state;
    enum { BYTES = DETECT_LOOKS_MAX + 1 };
    char *text = memory_new(BYTES);
    struct detect_finding found;
    struct detect_work work = {0};
    memset(text, '@', BYTES);
    memcpy(text, "a@example.com ", 14);
    assert_int_equal(detect_find(slice_of(text, BYTES), DETECT_ALL, 0, &work, &found),
                     DETECT_FOUND);
    assert_int_equal(work.looks, 1);
    work.looks = 0;
    // All the signs behind it may be looked at, and not one more.
    assert_int_equal(detect_find(slice_of(text, BYTES), DETECT_ALL, 13, &work, &found),
                     DETECT_NONE);
    assert_int_equal(work.looks, BYTES - 14);
    assert_int_equal(detect_find(slice_of("@ @@@@@@@@@@@@@", 15), DETECT_ALL, 0, &work, &found),
                     DETECT_GIVEN_UP);
    assert_int_equal(detect_find(slice_of("@", 1), DETECT_ALL, 0, &work, &found), DETECT_GIVEN_UP);
    memory_free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold),
        cmocka_unit_test(words_name_kinds),
        cmocka_unit_test(time_grows_with_the_length_alone),
        cmocka_unit_test(work_is_bounded),
    };
    if (argc != 2)
        return 2;
    rows_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
