// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The matchers inside the policy room, against plainer ones or against each other.
#include "lib/unit.h"

#include "base/clock.h"
#include "policy/compile_internal.h"

static bool plain_glob(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return plain_glob(pattern + 1, text) || (*text != '\0' && plain_glob(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
           plain_glob(pattern + 1, text + 1);
}

// The n-th word over an alphabet, counted by length, then place.
static void word(size_t n, const char *alphabet, char out[16])
{
    size_t letters = strlen(alphabet), length = 0, words = 1;
    for (; n >= words; length++, words *= letters)
        n -= words;
    for (size_t i = 0; i < length; i++, n /= letters)
        out[i] = alphabet[n % letters];
    out[length] = '\0';
}

enum { PATTERNS = 341, TEXTS = 127 }; // up to four letters out of four, six out of two

static void globs_match_as_the_plain_reading_does(void **state)
{
    (void)state;
    for (size_t p = 0; p < PATTERNS; p++)
        for (size_t t = 0; t < TEXTS; t++) {
            char pattern[16], text[16];
            word(p, "*?ab", pattern);
            word(t, "ab", text);
            assert_int_equal(glob_matches(slice_from_string(pattern), slice_from_string(text)),
                             plain_glob(pattern, text));
        }
}

static void globs_overlap_when_one_text_matches_both(void **state)
{
    (void)state;
    static bool matched[PATTERNS][TEXTS];
    char pattern[16], other[16], text[16];
    for (size_t p = 0; p < PATTERNS; p++)
        for (size_t t = 0; t < TEXTS; t++) {
            word(p, "*?ab", pattern);
            word(t, "ab", text);
            matched[p][t] = plain_glob(pattern, text);
        }
    for (size_t p = 0; p < PATTERNS; p++)
        for (size_t q = 0; q < PATTERNS; q++) {
            bool common = false;
            word(p, "*?ab", pattern);
            word(q, "*?ab", other);
            for (size_t t = 0; t < TEXTS && !common; t++)
                common = matched[p][t] && matched[q][t];
            bool found = glob_overlaps(slice_from_string(pattern), slice_from_string(other));
            // Two patterns of at most four parts that overlap do so in at most eight letters.
            if (common || strlen(pattern) + strlen(other) <= 6)
                assert_int_equal(found, common);
        }
}

static void globs_count_characters(void **state)
{
    (void)state;
    assert_int_equal(glob_literal(SLICE_LITERAL("a*é?€")), 3);
    assert_int_equal(glob_literal(SLICE_LITERAL("*?")), 0);
    assert_true(glob_matches(SLICE_LITERAL("?"), SLICE_LITERAL("€")));
    assert_false(glob_matches(SLICE_LITERAL("??"), SLICE_LITERAL("€")));
    assert_true(glob_matches(SLICE_LITERAL("*?"), SLICE_LITERAL("€")));
    assert_false(glob_matches(SLICE_LITERAL("€?"), SLICE_LITERAL("€")));
    assert_true(glob_overlaps(SLICE_LITERAL("é*"), SLICE_LITERAL("?b")));
    assert_false(glob_overlaps(SLICE_LITERAL("é"), SLICE_LITERAL("??")));
}

static void a_hostile_glob_takes_no_time(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, 'a', sizeof text);
    uint64_t start = clock_monotonic_us();
    assert_false(
        glob_matches(SLICE_LITERAL("*a*a*a*a*a*a*a*a*a*a*a*b"), slice_of(text, sizeof text)));
    assert_true(clock_monotonic_us() - start < 1000000);
}

static void paths_are_normalised_within_their_length(void **state)
{
    (void)state;
    static const struct {
        const char *path, *normal;
    } rows[] = {{"/", "/"},
                {"//", "/"},
                {"/.", "/"},
                {"/..", "/"},
                {"/a/", "/a"},
                {"/a/..", "/"},
                {"/a/../b", "/b"},
                {"/a/b/../../c", "/c"},
                {"/...", "/..."},
                {"/a./b", "/a./b"},
                {"/.a/..b", "/.a/..b"},
                {"/a//./b/", "/a/b"},
                {"a", ""},
                {"", ""},
                {"./a", ""},
                {"/a\\b", ""},
                {"\\a", ""},
                {"/../../a", "/a"},
                {"/a/../../../b/..", "/"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[64];
        size_t length = path_normalise(slice_from_string(rows[i].path), out);
        assert_true(length <= strlen(rows[i].path));
        assert_true(slice_equal_string(slice_of(out, length), rows[i].normal));
    }
}

static void networks_hold_their_edges(void **state)
{
    (void)state;
    static const struct {
        const char *network, *inside[2], *outside[2];
    } rows[] = {
        {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0"}},
        {"192.0.2.128/25", {"192.0.2.128", "192.0.2.255"}, {"192.0.2.127", "192.0.3.0"}},
        {"192.0.2.6/31", {"192.0.2.6", "192.0.2.7"}, {"192.0.2.5", "192.0.2.8"}},
        {"1.2.3.4/32", {"1.2.3.4", "::ffff:1.2.3.4"}, {"1.2.3.5", "::1.2.3.4"}},
        {"2001:db8::/127", {"2001:db8::", "2001:db8::1"}, {"2001:db8::2", "1.2.3.4"}},
        {"::1", {"::1", "0:0:0:0:0:0:0:1"}, {"::", "::2"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct network network, address;
        bool host_bits = true;
        assert_true(network_parse(slice_from_string(rows[i].network), &network, &host_bits));
        assert_false(host_bits);
        for (size_t j = 0; j < 2; j++) {
            assert_true(address_parse(slice_from_string(rows[i].inside[j]), &address));
            assert_true(network_contains(&network, &address));
            assert_true(address_parse(slice_from_string(rows[i].outside[j]), &address));
            assert_false(network_contains(&network, &address));
        }
    }
}

static void hosts_have_bounds(void **state)
{
    (void)state;
    char long_label[80], long_host[300], out[HOST_SIZE];
    struct slice host;
    memset(long_label, 'a', sizeof long_label);
    assert_true(host_normalise(slice_of(long_label, 63), out, &host));
    assert_false(host_normalise(slice_of(long_label, 64), out, &host));
    memset(long_host, 'b', sizeof long_host);
    for (size_t i = 49; i < sizeof long_host; i += 50)
        long_host[i] = '.';
    assert_true(host_normalise(slice_of(long_host, 253), out, &host));
    assert_false(host_normalise(slice_of(long_host, 254), out, &host));
    assert_true(host_normalise(SLICE_LITERAL("[::FFFF:1.2.3.4]"), out, &host));
    assert_true(slice_equal_string(host, "::ffff:1.2.3.4"));
}

static void suggestions_stay_near(void **state)
{
    (void)state;
    static const char *const names[] = {"require", "deny_if", "limits", "op", NULL};
    static const struct {
        const char *word, *nearest;
    } rows[] = {{"requires", "require"},
                {"REQUIRE", "require"},
                {"rqeuire", "require"},
                {"denyif", "deny_if"},
                {"limit", "limits"},
                {"ops", "op"},
                {"x", NULL},
                {"", NULL},
                {"something_else", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *nearest = compile_nearest(slice_from_string(rows[i].word), names);
        if (rows[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, rows[i].nearest);
    }
    char long_word[500];
    memset(long_word, 'r', sizeof long_word);
    assert_null(compile_nearest(slice_of(long_word, sizeof long_word), names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(globs_match_as_the_plain_reading_does),
                                       cmocka_unit_test(globs_overlap_when_one_text_matches_both),
                                       cmocka_unit_test(globs_count_characters),
                                       cmocka_unit_test(a_hostile_glob_takes_no_time),
                                       cmocka_unit_test(paths_are_normalised_within_their_length),
                                       cmocka_unit_test(networks_hold_their_edges),
                                       cmocka_unit_test(hosts_have_bounds),
                                       cmocka_unit_test(suggestions_stay_near)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
