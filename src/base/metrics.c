// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"
#include "base/memory.h"

#include <inttypes.h>
#include <pthread.h>

enum { DEFAULT_CHILDREN = 100, LABEL_VALUE_MAX = 200 };

struct metrics_family {
    struct metrics_family *next; // in order of registration
    struct metrics *metrics;     // for its lock
    enum metric_kind kind;
    const char *name, *help;
    const char *labels[METRIC_LABELS_MAX];
    size_t label_count;
    struct metric *children; // sorted by label values
    size_t child_count, child_max;
};

struct metrics {
    pthread_mutex_t lock; // guards the lists, not the figures
    struct metrics_family *first, **last;
};

// Upper borders of the buckets; the text is what "le" shows.
static const struct {
    int64_t us;
    const char *seconds;
} borders[METRIC_BUCKETS] = {
    {50, "0.00005"},  {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},
    {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},
    {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"},
    {5000000, "5"},   {10000000, "10"}, {30000000, "30"}, {60000000, "60"},
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = memory_new(sizeof *metrics);
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->last = &metrics->first;
    return metrics;
}

static void free_metric(struct metric *metric)
{
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        memory_free((void *)(uintptr_t)metric->labels[i].data);
    memory_free(metric->buckets);
    memory_free(metric);
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (struct metrics_family *family = metrics->first, *next; family != NULL; family = next) {
        next = family->next;
        for (struct metric *metric = family->children, *after; metric != NULL; metric = after) {
            after = metric->next;
            free_metric(metric);
        }
        memory_free(family);
    }
    pthread_mutex_destroy(&metrics->lock);
    memory_free(metrics);
}

static struct metrics_family *find_family(const struct metrics *metrics, const char *name)
{
    struct metrics_family *family = metrics->first;
    while (family != NULL && strcmp(family->name, name) != 0)
        family = family->next;
    return family;
}

struct metrics_family *metrics_register(struct metrics *metrics, enum metric_kind kind,
                                        const char *name, const char *help,
                                        const char *const *labels, size_t children)
{
    pthread_mutex_lock(&metrics->lock);
    struct metrics_family *family = find_family(metrics, name);
    if (family == NULL) {
        family = memory_new(sizeof *family);
        family->metrics = metrics;
        family->kind = kind;
        family->name = name;
        family->help = help;
        family->child_max = children == 0 ? DEFAULT_CHILDREN : children;
        while (labels != NULL && labels[family->label_count] != NULL &&
               family->label_count < METRIC_LABELS_MAX) {
            family->labels[family->label_count] = labels[family->label_count];
            family->label_count++;
        }
        *metrics->last = family;
        metrics->last = &family->next;
    }
    pthread_mutex_unlock(&metrics->lock);
    return family;
}

static int compare_slices(struct slice a, struct slice b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_labels(const struct slice *a, const struct slice *b, size_t count)
{
    int order = 0;
    for (size_t i = 0; i < count && order == 0; i++)
        order = compare_slices(a[i], b[i]);
    return order;
}

// The place in the sorted list where these values are or belong.
static struct metric **find_place(struct metrics_family *family, const struct slice *values)
{
    struct metric **place = &family->children;
    while (*place != NULL && compare_labels((*place)->labels, values, family->label_count) < 0)
        place = &(*place)->next;
    return place;
}

static bool is_at(const struct metrics_family *family, struct metric *const *place,
                  const struct slice *values)
{
    return *place != NULL && compare_labels((*place)->labels, values, family->label_count) == 0;
}

static struct metric *insert_child(struct metrics_family *family, struct metric **place,
                                   const struct slice *values)
{
    struct metric *metric = memory_new(sizeof *metric);
    for (size_t i = 0; i < family->label_count; i++)
        metric->labels[i] =
            slice_of(memory_copy_string(values[i].data, values[i].length), values[i].length);
    if (family->kind == METRIC_HISTOGRAM)
        metric->buckets = memory_new((METRIC_BUCKETS + 1) * sizeof *metric->buckets);
    metric->next = *place;
    *place = metric;
    family->child_count++;
    return metric;
}

// Long values lose their end, before a character rather than inside.
static struct slice cut_value(struct slice value)
{
    if (value.length <= LABEL_VALUE_MAX)
        return value;
    size_t length = LABEL_VALUE_MAX;
    while (length > LABEL_VALUE_MAX - 4 && ((unsigned char)value.data[length] & 0xC0) == 0x80)
        length--;
    return slice_of(value.data, length);
}

struct metric *metrics_child(struct metrics_family *family, const struct slice *values)
{
    struct slice cut[METRIC_LABELS_MAX] = {{0}};
    for (size_t i = 0; i < family->label_count; i++)
        cut[i] = cut_value(values[i]);
    pthread_mutex_lock(&family->metrics->lock);
    struct metric **place = find_place(family, cut);
    if (!is_at(family, place, cut) && family->child_count >= family->child_max) {
        for (size_t i = 0; i < family->label_count; i++)
            cut[i] = SLICE_LITERAL("other");
        place = find_place(family, cut);
    }
    struct metric *metric = is_at(family, place, cut) ? *place : insert_child(family, place, cut);
    pthread_mutex_unlock(&family->metrics->lock);
    return metric;
}

struct metric *metrics_single(struct metrics *metrics, enum metric_kind kind, const char *name,
                              const char *help)
{
    return metrics_child(metrics_register(metrics, kind, name, help, NULL, 1), NULL);
}

void metric_read_by(struct metric *metric, metric_read_cb read, void *argument)
{
    metric->read_argument = argument;
    atomic_store_explicit(&metric->read, read, memory_order_release);
}

void metric_observe_us(struct metric *metric, int64_t microseconds)
{
    size_t bucket = 0;
    if (microseconds < 0)
        microseconds = 0;
    while (bucket < METRIC_BUCKETS && microseconds > borders[bucket].us)
        bucket++;
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    metric_add(metric, microseconds);
}

// HELP escapes backslash and line feed; label values also the quote.
static void append_escaped(struct buffer *out, struct slice text, bool quotes)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '\\' || (quotes && c == '"'))
            buffer_append(out, slice_of("\\", 1));
        buffer_append(out, c == '\n' ? SLICE_LITERAL("\\n") : slice_of(&c, 1));
    }
}

// Names the series; `le` is NULL but for buckets.
static void append_series(struct buffer *out, const struct metrics_family *family,
                          const struct metric *metric, const char *suffix, const char *le)
{
    buffer_append_string(out, family->name);
    buffer_append_string(out, suffix);
    const char *separator = "{";
    for (size_t i = 0; i < family->label_count; i++) {
        buffer_append_format(out, "%s%s=\"", separator, family->labels[i]);
        append_escaped(out, metric->labels[i], true);
        buffer_append_string(out, "\"");
        separator = ",";
    }
    if (le != NULL)
        buffer_append_format(out, "%sle=\"%s\"", separator, le);
    buffer_append_string(out, family->label_count > 0 || le != NULL ? "} " : " ");
}

// The same series of several registries: its metrics, at most one of each.
struct series {
    const struct metrics_family *family; // of the first that has it
    const struct metric *metrics[METRICS_PARTS_MAX];
    size_t count;
};

static void render_histogram(struct buffer *out, const struct series *series)
{
    uint64_t count = 0;
    int64_t sum = 0;
    const struct metrics_family *family = series->family;
    const struct metric *first = series->metrics[0];
    for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
        for (size_t k = 0; k < series->count; k++)
            count += atomic_load_explicit(&series->metrics[k]->buckets[i], memory_order_relaxed);
        append_series(out, family, first, "_bucket",
                      i < METRIC_BUCKETS ? borders[i].seconds : "+Inf");
        buffer_append_format(out, "%" PRIu64 "\n", count);
    }
    for (size_t k = 0; k < series->count; k++)
        sum += metric_value(series->metrics[k]);
    append_series(out, family, first, "_sum", NULL);
    buffer_append_format(out, "%" PRId64 ".%06" PRId64 "\n", sum / 1000000, sum % 1000000);
    append_series(out, family, first, "_count", NULL);
    buffer_append_format(out, "%" PRIu64 "\n", count);
}

static int64_t read_metric(const struct metric *metric)
{
    metric_read_cb read = atomic_load_explicit(&metric->read, memory_order_acquire);
    return read != NULL ? read(metric->read_argument) : metric_value(metric);
}

static void render_series(struct buffer *out, const struct series *series)
{
    if (series->family->kind == METRIC_HISTOGRAM) {
        render_histogram(out, series);
        return;
    }
    int64_t value = read_metric(series->metrics[0]);
    for (size_t k = 1; k < series->count; k++) {
        int64_t other = read_metric(series->metrics[k]);
        if (series->family->kind != METRIC_STATE)
            value += other;
        else if (other < value)
            value = other;
    }
    append_series(out, series->family, series->metrics[0], "", NULL);
    buffer_append_format(out, "%" PRId64 "\n", value);
}

// Merges the sorted lists of the same family: takes what has the least labels off all of them.
static bool next_series(const struct metric *at[], size_t parts, struct series *series)
{
    const struct metric *least = NULL;
    size_t labels = series->family->label_count;
    for (size_t i = 0; i < parts; i++)
        if (at[i] != NULL &&
            (least == NULL || compare_labels(at[i]->labels, least->labels, labels) < 0))
            least = at[i];
    series->count = 0;
    for (size_t i = 0; least != NULL && i < parts; i++) {
        if (at[i] == NULL || compare_labels(at[i]->labels, least->labels, labels) != 0)
            continue;
        series->metrics[series->count++] = at[i];
        at[i] = at[i]->next;
    }
    return least != NULL;
}

static void render_family(struct buffer *out, const struct metrics_family *family,
                          struct metrics *const *parts, size_t count)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram", "gauge"};
    const struct metric *at[METRICS_PARTS_MAX];
    struct series series = {.family = family};
    for (size_t i = 0; i < count; i++) {
        const struct metrics_family *same = find_family(parts[i], family->name);
        at[i] = same == NULL ? NULL : same->children;
    }
    buffer_append_format(out, "# HELP %s ", family->name);
    append_escaped(out, slice_from_string(family->help), false);
    buffer_append_format(out, "\n# TYPE %s %s\n", family->name, kinds[family->kind]);
    while (next_series(at, count, &series))
        render_series(out, &series);
}

void metrics_render(struct metrics *const *parts, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        pthread_mutex_lock(&parts[i]->lock);
    for (size_t i = 0; i < count; i++)
        for (const struct metrics_family *family = parts[i]->first; family != NULL;
             family = family->next) {
            bool seen = false;
            for (size_t before = 0; before < i && !seen; before++)
                seen = find_family(parts[before], family->name) != NULL;
            if (!seen)
                render_family(out, family, parts, count);
        }
    for (size_t i = 0; i < count; i++)
        pthread_mutex_unlock(&parts[i]->lock);
}
