// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/metrics.h"

#include <pthread.h>

static void check_text(struct metrics *metrics, const char *want)
{
    struct buffer out;
    buffer_init(&out, 0);
    metrics_render(&metrics, 1, &out);
    buffer_append(&out, slice_of("", 1));
    assert_false(out.failed);
    assert_string_equal(buffer_slice(&out).data, want);
    buffer_release(&out);
}

static int64_t forty_two(void *argument)
{
    return *(int *)argument;
}

static void renders_counters_and_gauges(void **state)
{
    (void)state;
    static const char *const labels[] = {"server", "outcome", NULL};
    struct metrics *metrics = metrics_new();
    struct metrics_family *calls = metrics_register(metrics, METRIC_COUNTER, "sp_calls_total",
                                                    "Calls.\nAll \\ of \"them\".", labels, 0);
    const struct slice b[] = {SLICE_LITERAL("b"), SLICE_LITERAL("allowed")};
    const struct slice a[] = {SLICE_LITERAL("a\"\\\n"), SLICE_LITERAL("denied")};
    metric_add(metrics_child(calls, b), 2);
    metric_add(metrics_child(calls, a), 1);
    metric_add(metrics_child(calls, b), 1); // the same one again
    struct metric *depth = metrics_single(metrics, METRIC_GAUGE, "sp_depth", "Depth.");
    metric_set(depth, 9);
    metric_set(depth, -3);
    int value = 42;
    metric_read_by(metrics_single(metrics, METRIC_GAUGE, "sp_read", "Read."), forty_two, &value);
    check_text(metrics, "# HELP sp_calls_total Calls.\\nAll \\\\ of \"them\".\n"
                        "# TYPE sp_calls_total counter\n"
                        "sp_calls_total{server=\"a\\\"\\\\\\n\",outcome=\"denied\"} 1\n"
                        "sp_calls_total{server=\"b\",outcome=\"allowed\"} 3\n"
                        "# HELP sp_depth Depth.\n# TYPE sp_depth gauge\nsp_depth -3\n"
                        "# HELP sp_read Read.\n# TYPE sp_read gauge\nsp_read 42\n");
    metrics_free(metrics);
}

static void a_name_is_one_family(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    assert_ptr_equal(metrics_single(metrics, METRIC_COUNTER, "x", "X."),
                     metrics_single(metrics, METRIC_COUNTER, "x", "X."));
    metrics_free(metrics);
}

static void bounds_its_children(void **state)
{
    (void)state;
    static const char *const labels[] = {"client", NULL};
    struct metrics *metrics = metrics_new();
    struct metrics_family *family = metrics_register(metrics, METRIC_COUNTER, "c", "C.", labels, 2);
    const struct slice one = SLICE_LITERAL("one"), two = SLICE_LITERAL("two"),
                       three = SLICE_LITERAL("three"), four = SLICE_LITERAL("four");
    metric_add(metrics_child(family, &one), 1);
    metric_add(metrics_child(family, &two), 1);
    metric_add(metrics_child(family, &three), 1);
    metric_add(metrics_child(family, &four), 1);
    metric_add(metrics_child(family, &one), 1);
    check_text(metrics, "# HELP c C.\n# TYPE c counter\nc{client=\"one\"} 2\n"
                        "c{client=\"other\"} 2\nc{client=\"two\"} 1\n");
    metrics_free(metrics);
}

static void cuts_long_values_before_a_character(void **state)
{
    (void)state;
    static const char *const labels[] = {"l", NULL};
    struct metrics *metrics = metrics_new();
    struct metrics_family *family = metrics_register(metrics, METRIC_GAUGE, "g", "G.", labels, 0);
    char text[300];
    memset(text, 'a', sizeof text);
    memcpy(text + 198, "\xE2\x82\xAC", 3); // 200 bytes would end inside
    struct slice value = slice_of(text, sizeof text);
    assert_int_equal(metrics_child(family, &value)->labels[0].length, 198);
    metrics_free(metrics);
}

static void renders_histograms(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    struct metric *took = metrics_single(metrics, METRIC_HISTOGRAM, "t_seconds", "T.");
    static const int64_t observed[] = {-5, 0, 50, 51, 1000, 60000000, 60000001};
    for (size_t i = 0; i < sizeof observed / sizeof *observed; i++)
        metric_observe_us(took, observed[i]);
    check_text(metrics, "# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
                        "t_seconds_bucket{le=\"0.00005\"} 3\n"
                        "t_seconds_bucket{le=\"0.0001\"} 4\n"
                        "t_seconds_bucket{le=\"0.00025\"} 4\n"
                        "t_seconds_bucket{le=\"0.0005\"} 4\n"
                        "t_seconds_bucket{le=\"0.001\"} 5\n"
                        "t_seconds_bucket{le=\"0.0025\"} 5\n"
                        "t_seconds_bucket{le=\"0.005\"} 5\n"
                        "t_seconds_bucket{le=\"0.01\"} 5\n"
                        "t_seconds_bucket{le=\"0.025\"} 5\n"
                        "t_seconds_bucket{le=\"0.05\"} 5\n"
                        "t_seconds_bucket{le=\"0.1\"} 5\n"
                        "t_seconds_bucket{le=\"0.25\"} 5\n"
                        "t_seconds_bucket{le=\"0.5\"} 5\n"
                        "t_seconds_bucket{le=\"1\"} 5\n"
                        "t_seconds_bucket{le=\"2.5\"} 5\n"
                        "t_seconds_bucket{le=\"5\"} 5\n"
                        "t_seconds_bucket{le=\"10\"} 5\n"
                        "t_seconds_bucket{le=\"30\"} 5\n"
                        "t_seconds_bucket{le=\"60\"} 6\n"
                        "t_seconds_bucket{le=\"+Inf\"} 7\n"
                        "t_seconds_sum 120.001102\n"
                        "t_seconds_count 7\n");
    metrics_free(metrics);
}

static void *count_much(void *argument)
{
    struct metrics_family *family = argument;
    const struct slice value = SLICE_LITERAL("x");
    for (int i = 0; i < 10000; i++)
        metric_add(metrics_child(family, &value), 1);
    return NULL;
}

static void counts_from_many_threads(void **state)
{
    (void)state;
    static const char *const labels[] = {"l", NULL};
    struct metrics *metrics = metrics_new();
    struct metrics_family *family = metrics_register(metrics, METRIC_COUNTER, "c", "C.", labels, 0);
    const struct slice value = SLICE_LITERAL("x");
    struct buffer out;
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, family), 0);
    buffer_init(&out, 0);
    for (int i = 0; i < 20; i++)
        metrics_render(&metrics, 1, &out);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(metrics_child(family, &value)), 20000);
    buffer_release(&out);
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_counters_and_gauges),
        cmocka_unit_test(a_name_is_one_family),
        cmocka_unit_test(bounds_its_children),
        cmocka_unit_test(cuts_long_values_before_a_character),
        cmocka_unit_test(renders_histograms),
        cmocka_unit_test(counts_from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
