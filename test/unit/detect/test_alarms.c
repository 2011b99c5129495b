// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// False alarms: texts in which nothing, or next to nothing, is a secret or personal. The arguments
// are folders of such texts (this project's documents and sources); SALLYPORT_DATA may name one
// more, with definitions of tools as lines of JSON. DETECT_SHOW=1 shows what is found.
#include "lib/unit.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "detect/detect.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { KINDS = 8 };

static char **folders;
static int folder_count;
static size_t found[KINDS], bytes_read;

static void count(struct slice text, const char *where)
{
    struct detect_finding finding;
    size_t at = 0;
    struct detect_work work = {0};
    while (detect_find(text, DETECT_ALL, at, &work, &finding) == DETECT_FOUND) {
        work.looks = 0; // all of the data is looked through
        found[__builtin_ctz((unsigned)finding.kind)]++;
        at = finding.start + finding.length;
        if (getenv("DETECT_SHOW") != NULL)
            printf("%s: %s: %.*s\n", where, detect_kind_word(finding.kind),
                   (int)(finding.length < 80 ? finding.length : 80), text.data + finding.start);
    }
    bytes_read += text.length;
}

static int count_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)place;
    char block[65536];
    struct buffer text;
    size_t length;
    // Credentials and personal data in the tests of these very detectors are meant.
    // Pictures are no texts.
    if (type != FTW_F || strstr(path, "/detect/") != NULL || strstr(path, ".zst") != NULL ||
        strstr(path, ".png") != NULL)
        return 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    buffer_init(&text, 0);
    while ((length = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(&text, slice_of(block, length));
    fclose(file);
    count(buffer_slice(&text), path);
    buffer_release(&text);
    return 0;
}

static void reset(void)
{
    memset(found, 0, sizeof found);
    bytes_read = 0;
}

static size_t print(const char *title)
{
    size_t all = 0;
    printf("%s: %zu KiB", title, bytes_read / 1024);
    for (int i = 0; i < KINDS; i++) {
        printf(", %s %zu", detect_kind_word((enum detect_kind)(1 << i)), found[i]);
        all += found[i];
    }
    printf("\n");
    return all;
}

static void own_texts_hold_next_to_nothing(void **state)
{
    (void)state;
    reset();
    for (int i = 0; i < folder_count; i++)
        assert_int_equal(nftw(folders[i], count_file, 16, FTW_PHYS), 0);
    size_t all = print("own texts");
    assert_true(bytes_read > 1 << 20);
    // Addresses are what documents about networks are full of.
    size_t addresses = found[__builtin_ctz(DETECT_IP)];
    assert_true(all - addresses <= bytes_read / (128 << 10));
    assert_true(addresses <= bytes_read / (32 << 10));
}

static uint64_t next(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u; // splitmix64
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

// `form`: x a hexadecimal digit, d a digit, b one of base64; everything else stands for itself.
static void count_random(const char *form, size_t times, uint64_t *seed)
{
    static const char sets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buffer text;
    buffer_init(&text, 0);
    for (size_t i = 0; i < times; i++) {
        for (const char *at = form; *at != '\0'; at++) {
            char c = *at == 'x'   ? "0123456789abcdef"[next(seed) % 16]
                     : *at == 'd' ? (char)('0' + next(seed) % 10)
                     : *at == 'b' ? sets[next(seed) % 64]
                                  : *at;
            buffer_append(&text, slice_of(&c, 1));
        }
        buffer_append_string(&text, i % 8 == 7 ? "\n" : ", ");
    }
    assert_false(text.failed);
    count(buffer_slice(&text), form);
    buffer_release(&text);
}

static void identifiers_are_neither(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sha256:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "2026-dd-ddTdd:dd:dd.dddZ",
        "17dddddddd",
        "17ddddddddddd",
        "17dddddddddddddd",
        "1.dd.d",
        "ORD-dddddd",
        "INV-2026-dddd",
        "d.dddddddddddd",
        "-dd.dddddd,dd.dddddd",
        "0xxxxxxxxxxxxxxxxx",
        "\"id\": dddddd, \"size\": ddddddd",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    };
    uint64_t seed = 20261122;
    reset();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        count_random(forms[i], 20000, &seed);
    // A handful of a third of a million: no check is perfect.
    assert_true(print("identifiers") <= 8);
}

static void numbers_pass_a_check_as_often_as_chance_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        double most; // of a hundred
    } rows[] = {{"dddddddddddddddd", 2.5},    {"ddddddddddd", 2.5}, {"dddddddddddddddddd", 1.5},
                {"dddd dddd dddd dddd", 2.5}, {"ddd-dd-dddd", 100}, {"dddddddddd", 0.1}};
    enum { TIMES = 20000 };
    uint64_t seed = 7;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reset();
        count_random(rows[i].form, TIMES, &seed);
        assert_true((double)print(rows[i].form) <= rows[i].most / 100 * TIMES);
    }
}

static void definitions_of_tools_hold_next_to_nothing(void **state)
{
    (void)state;
    const char *data = getenv("SALLYPORT_DATA");
    if (data == NULL)
        skip();
    reset();
    assert_int_equal(nftw(data, count_file, 16, FTW_PHYS), 0);
    size_t all = print("definitions");
    assert_true(all <= bytes_read / (16 << 10));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_texts_hold_next_to_nothing),
        cmocka_unit_test(identifiers_are_neither),
        cmocka_unit_test(numbers_pass_a_check_as_often_as_chance_has_it),
        cmocka_unit_test(definitions_of_tools_hold_next_to_nothing),
    };
    folders = argv + 1;
    folder_count = argc - 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
