// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Decisions, many of them:
//   bench_decisions write FOLDER ROWS PER_SECOND   logs rows at this rate (0: as fast as it goes)
//                                                  while the index follows; says each second how
//                                                  far
//   bench_decisions index FOLDER                   makes the index anew
//   bench_decisions pages FOLDER QUERIES           pages of 100 over a mix of filters
// Each prints lines of tab-separated values (bench/results/decisions-*.tsv). Made by
// ninja -C build bench/bench_decisions
#include "audit/audit.h"
#include "base/clock.h"
#include "decisions/decisions.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { GRANTS = 400, TOOLS = 60, SERVERS = 8, ORGANISATIONS = 5, KINDS_MAX = 32 };

struct bench {
    char log[PATH_MAX], index[PATH_MAX];
    struct decisions *decisions;
    uint64_t seed;
};

static uint64_t any(struct bench *bench, uint64_t below)
{
    bench->seed = bench->seed * 6364136223846793005u + 1442695040888963407u;
    return (bench->seed >> 33) % below;
}

static void die(const char *what, const struct error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->text);
    exit(1);
}

static struct decisions *follow(struct bench *bench)
{
    struct decisions *decisions;
    struct error error;
    const struct decisions_options options = {.log = bench->log, .index = bench->index};
    if (decisions_open(&options, &decisions, &error) != 0)
        die("index", &error);
    return decisions;
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long long size_of(const char *path)
{
    int fd = open(path, O_RDONLY);
    long long size = fd < 0 ? 0 : (long long)lseek(fd, 0, SEEK_END);
    if (fd >= 0)
        close(fd);
    return size;
}

// ---- write

static void log_one(struct bench *bench, struct audit_log *log, uint64_t number)
{
    static const struct slice keys[] = {{"pair", 4}, {"volume", 6}};
    char organisation[16], grant[32], server[32], tool[32], id[17];
    uint64_t who = any(bench, GRANTS), what = any(bench, TOOLS), chance = any(bench, 1000);
    bool denied = chance < 30, rare = any(bench, 1000000) == 0;
    snprintf(organisation, sizeof organisation, "org_%llu",
             (unsigned long long)(who % ORGANISATIONS));
    snprintf(grant, sizeof grant, "agent-%llu", (unsigned long long)who);
    snprintf(server, sizeof server, "o%llu/server-%llu", (unsigned long long)(who % ORGANISATIONS),
             (unsigned long long)(what % SERVERS));
    snprintf(tool, sizeof tool, rare ? "drop_table" : "tool_%llu", (unsigned long long)what);
    snprintf(id, sizeof id, "%016llx", (unsigned long long)(number * 0x9E3779B97F4A7C15u));
    const struct audit_record record = {
        .time_ms = clock_wall_ms(),
        .request_id = slice_from_string(id),
        .organisation = slice_from_string(organisation),
        .grant = slice_from_string(grant),
        .server = slice_from_string(server),
        .session = SLICE_LITERAL("9a41c0de"),
        .client = SLICE_LITERAL("claude-code"),
        .direction = SLICE_LITERAL("client"),
        .method = SLICE_LITERAL("tools/call"),
        .subject = slice_from_string(tool),
        .outcome = denied ? SLICE_LITERAL("denied") : SLICE_LITERAL("allowed"),
        .rule = denied ? SLICE_LITERAL("/tools/add_order/deny_if/0") : (struct slice){0},
        .reason =
            denied ? SLICE_LITERAL("Orders above 1 unit are not permitted.") : (struct slice){0},
        .policy = SLICE_LITERAL("small-orders"),
        .policy_version = SLICE_LITERAL("7"),
        .argument_keys = keys,
        .argument_key_count = 2,
        .upstream_status = denied ? 0 : 200,
        .decide_us = 14,
        .upstream_us = denied ? 0 : 48211,
        .total_us = 48290,
        .peer = SLICE_LITERAL("192.0.2.7")};
    while (!audit_write(log, 0, &record))
        usleep(500);
}

static void say(struct bench *bench, struct audit_log *log, uint64_t offered, double seconds)
{
    struct decisions_state state = decisions_state(bench->decisions);
    struct audit_stats stats = audit_log_stats(log);
    printf("%.1f\t%llu\t%llu\t%llu\t%llu\t%llu\t%llu\t%ld\n", seconds, (unsigned long long)offered,
           (unsigned long long)stats.written, (unsigned long long)stats.dropped,
           (unsigned long long)state.row, (unsigned long long)state.behind,
           (unsigned long long)state.behind_ms, resident_kib());
    fflush(stdout);
}

static void write_rows(struct bench *bench, uint64_t rows, uint64_t rate)
{
    struct audit_log *log;
    struct error error;
    const struct audit_options options = {.path = bench->log, .lanes = 1};
    if (audit_open(&options, &log, &error) != 0)
        die("log", &error);
    bench->decisions = follow(bench);
    printf("seconds\toffered\twritten\tdropped\tindexed\tbehind_bytes\tbehind_ms\tresident_kib\n");
    uint64_t start = clock_monotonic_us(), told = start, number = 0, now = start;
    while (number < rows) {
        uint64_t due = rate == 0 ? number + 1000 : (now - start) * rate / 1000000;
        for (; number < due && number < rows; number++)
            log_one(bench, log, number);
        if (rate != 0)
            usleep(1000);
        now = clock_monotonic_us();
        if (now - told >= 1000000) {
            told = now;
            say(bench, log, number, (double)(now - start) / 1e6);
        }
    }
    while (audit_log_stats(log).written < rows)
        usleep(1000);
    audit_close(log);
    while (decisions_state(bench->decisions).row < rows ||
           decisions_state(bench->decisions).behind > 0)
        usleep(1000);
    now = clock_monotonic_us();
    printf("# %llu rows are in the log and the index after %.2f s; log %lld bytes, index %lld\n",
           (unsigned long long)rows, (double)(now - start) / 1e6, size_of(bench->log),
           size_of(bench->index));
    decisions_close(bench->decisions);
}

// ---- index

static void make_index(struct bench *bench)
{
    struct rusage use;
    unlink(bench->index);
    uint64_t start = clock_monotonic_us();
    bench->decisions = follow(bench);
    struct decisions_state state;
    do {
        usleep(1000);
        state = decisions_state(bench->decisions);
    } while (!state.up || state.row == 0 || state.behind > 0);
    double seconds = (double)(clock_monotonic_us() - start) / 1e6;
    getrusage(RUSAGE_SELF, &use);
    printf("rows\tseconds\tcpu_seconds\trows_per_second\tlog_bytes\tindex_bytes\tresident_kib\n");
    decisions_close(bench->decisions);
    printf("%llu\t%.2f\t%.2f\t%.0f\t%lld\t%lld\t%ld\n", (unsigned long long)state.row, seconds,
           (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
               (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6,
           (double)state.row / seconds, size_of(bench->log), size_of(bench->index), resident_kib());
}

// ---- pages

struct query {
    const char *kind;
    char words[3][40];
    struct decisions_filter filter;
    struct decisions_page page;
};

static int count_cb(void *argument, const struct decisions_row *row)
{
    (void)row;
    ++*(size_t *)argument;
    return 0;
}

static int first_cb(void *argument, const struct decisions_row *row)
{
    *(int64_t *)argument = row->time_ms;
    return 1;
}

static int64_t time_at(struct bench *bench, bool newest)
{
    const struct decisions_filter all = {.everybody = true};
    const struct decisions_page page = {.limit = 1, .newest_first = newest};
    struct decisions_found found;
    struct error error;
    int64_t time = 0;
    int result = decisions_find(bench->decisions, &all, &page, first_cb, &time, &found, &error);
    if (result != 1)
        die("times", &error);
    return time;
}

static void make_query(struct bench *bench, struct query *query, uint64_t rows, int64_t from_ms,
                       int64_t to_ms)
{
    static const char *const kinds[] = {
        "newest",    "grant",        "tool", "outcome",      "grant+tool", "grant+tool+denied",
        "rare tool", "nothing",      "text", "text nowhere", "time",       "time+grant",
        "deep page", "oldest+denied"};
    size_t kind = any(bench, sizeof kinds / sizeof *kinds);
    uint64_t who = any(bench, GRANTS);
    *query = (struct query){.kind = kinds[kind], .page = {.limit = 100, .newest_first = true}};
    struct decisions_filter *filter = &query->filter;
    snprintf(query->words[0], 40, "org_%llu", (unsigned long long)(who % ORGANISATIONS));
    snprintf(query->words[1], 40, "agent-%llu", (unsigned long long)who);
    snprintf(query->words[2], 40, "tool_%llu", (unsigned long long)any(bench, TOOLS));
    filter->organisation = slice_from_string(query->words[0]);
    bool grant = kind == 1 || kind == 4 || kind == 5 || kind == 11;
    bool tool = kind == 2 || kind == 4 || kind == 5;
    if (grant)
        filter->wanted[DECISIONS_GRANT] = slice_from_string(query->words[1]);
    if (tool)
        filter->wanted[DECISIONS_SUBJECT] = slice_from_string(query->words[2]);
    if (kind == 3 || kind == 5 || kind == 13)
        filter->outcomes[filter->outcome_count++] = SLICE_LITERAL("denied");
    if (kind == 6)
        filter->wanted[DECISIONS_SUBJECT] = SLICE_LITERAL("drop_table");
    if (kind == 7)
        filter->wanted[DECISIONS_SUBJECT] = SLICE_LITERAL("never_called");
    if (kind == 8 || kind == 9)
        filter->text = kind == 8 ? SLICE_LITERAL("drop_t") : SLICE_LITERAL("nowhere");
    if (kind == 10 || kind == 11) {
        int64_t span = to_ms - from_ms > 1000 ? to_ms - from_ms - 1000 : 1;
        filter->from_ms = from_ms + (int64_t)any(bench, (uint64_t)span);
        filter->to_ms = filter->from_ms + 1000;
    }
    if (kind == 12)
        query->page.after = 1 + any(bench, rows);
    query->page.newest_first = kind != 13;
}

static int compare(const void *a, const void *b)
{
    const double *first = a, *second = b;
    return *first < *second ? -1 : *first > *second;
}

static void ask_pages(struct bench *bench, size_t count)
{
    struct error error;
    double *times = calloc(count, sizeof *times), *cpu = calloc(count, sizeof *cpu);
    bench->decisions = follow(bench);
    struct decisions_state state;
    do {
        usleep(1000);
        state = decisions_state(bench->decisions);
    } while (!state.up || state.row == 0 || state.behind > 0);
    int64_t from_ms = time_at(bench, false), to_ms = time_at(bench, true);
    printf("kind\tmilliseconds\tcpu_milliseconds\trows\tmore\n");
    for (size_t i = 0; i < count && times != NULL && cpu != NULL; i++) {
        struct query query;
        struct decisions_found found;
        size_t rows = 0;
        make_query(bench, &query, state.row, from_ms, to_ms);
        uint64_t start = clock_monotonic_us(), start_cpu = clock_thread_us();
        if (decisions_find(bench->decisions, &query.filter, &query.page, count_cb, &rows, &found,
                           &error) != 0)
            die("page", &error);
        times[i] = (double)(clock_monotonic_us() - start) / 1e3;
        cpu[i] = (double)(clock_thread_us() - start_cpu) / 1e3;
        printf("%s\t%.3f\t%.3f\t%zu\t%d\n", query.kind, times[i], cpu[i], rows, found.more);
    }
    if (times != NULL && cpu != NULL && count > 0) {
        qsort(times, count, sizeof *times, compare);
        qsort(cpu, count, sizeof *cpu, compare);
        printf("# %zu pages over %llu rows: p50 %.2f ms, p99 %.2f ms, most %.2f ms\n", count,
               (unsigned long long)state.row, times[count / 2], times[count * 99 / 100],
               times[count - 1]);
        printf("# of the processor: p50 %.2f ms, p99 %.2f ms, most %.2f ms\n", cpu[count / 2],
               cpu[count * 99 / 100], cpu[count - 1]);
    }
    free(times);
    free(cpu);
    decisions_close(bench->decisions);
}

int main(int argc, char **argv)
{
    struct bench bench = {.seed = 1};
    if (argc < 3)
        return 2;
    snprintf(bench.log, sizeof bench.log, "%s/decisions.jsonl", argv[2]);
    snprintf(bench.index, sizeof bench.index, "%s/decisions.index", argv[2]);
    if (strcmp(argv[1], "write") == 0 && argc == 5)
        write_rows(&bench, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    else if (strcmp(argv[1], "index") == 0)
        make_index(&bench);
    else if (strcmp(argv[1], "pages") == 0 && argc == 4)
        ask_pages(&bench, strtoull(argv[3], NULL, 10));
    else
        return 2;
    return 0;
}
