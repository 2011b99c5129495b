// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Figures for Prometheus. A registry owns families, a family owns one metric per set of label
// values. Look a metric up once at set-up time and keep the pointer: it lives as long as the
// registry, and counting on it is one relaxed atomic addition, from any thread. Registering and
// looking up take a lock.
#pragma once

#include "base/buffer.h"
#include "base/slice.h"

#include <stdatomic.h>

// A state is a gauge of which the least value counts when registries are shown together.
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_STATE };
// Histograms hold durations: observed in microseconds, shown in seconds, 50 us to 60 s.
enum { METRIC_BUCKETS = 19, METRIC_LABELS_MAX = 4, METRICS_PARTS_MAX = 80 };

struct metrics;
struct metrics_family;

typedef int64_t (*metric_read_cb)(void *argument);

// One time series. Fields are private to metrics.c and the inline functions below.
struct metric {
    atomic_int_fast64_t value;              // counter, gauge; sum of a histogram
    atomic_uint_fast64_t *buckets;          // METRIC_BUCKETS + 1, or NULL
    metric_read_cb _Atomic read;            // a gauge read at scrape time
    void *read_argument;                    // for `read`
    struct metric *next;                    // sorted by label values
    struct slice labels[METRIC_LABELS_MAX]; // values; owned
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics); // NULL accepted

// Registers a family. `name`, `help` and `labels` (names, ended by NULL; NULL means none) are
// borrowed for the registry's life: string literals. At most `children` label sets are kept (0:
// 100); a further one is counted under "other" for every label. A name that exists already gives
// the same family.
struct metrics_family *metrics_register(struct metrics *metrics, enum metric_kind kind,
                                        const char *name, const char *help,
                                        const char *const *labels, size_t children);
// The metric of these label values (as many as the family has labels), made if missing. Never NULL.
struct metric *metrics_child(struct metrics_family *family, const struct slice *values);
// The only metric of a family without labels.
struct metric *metrics_single(struct metrics *metrics, enum metric_kind kind, const char *name,
                              const char *help);
// From now on the gauge or counter is read by this call at scrape time, on the scraping thread,
// under the registry's lock: it must not register or look up anything.
void metric_read_by(struct metric *metric, metric_read_cb read, void *argument);

static inline void metric_add(struct metric *metric, int64_t amount)
{
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}
static inline void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}
static inline int64_t metric_value(const struct metric *metric)
{
    return (int64_t)atomic_load_explicit(&metric->value, memory_order_relaxed);
}
void metric_observe_us(struct metric *metric, int64_t microseconds);

// The text exposition format, version 0.0.4: families in order of registration, metrics sorted by
// their label values. Series that several registries have (one for each worker, at most
// METRICS_PARTS_MAX) are added up. Failure is the buffer's. Any thread; all parts are locked
// meanwhile, in the order given, which must be the same everywhere.
void metrics_render(struct metrics *const *parts, size_t count, struct buffer *out);
