// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Recorded calls through a draft, many of them:
//   bench_rehearse write FILE ROWS [values]    a log as the gateway writes it, a row each
//   millisecond bench_rehearse play FILE DRAFT [ROUNDS]    how fast they are played through the
//   draft
// Prints lines of tab-separated values. ./dev bench replay runs it.
#include "audit/audit.h"
#include "base/clock.h"
#include "rehearse/rehearse.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { GRANTS = 50, SERVERS = 6, TOOLS = 40, SESSIONS = 500, PIECE = 256 * 1024 };

static uint64_t any(uint64_t *seed, uint64_t below)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (*seed >> 33) % below;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

// ---- Writing

static struct slice text(char *room, size_t size, const char *form, unsigned number)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int length = snprintf(room, size, form, number);
#pragma GCC diagnostic pop
    return slice_of(room, (size_t)length);
}

static void write_row(struct audit_log *log, uint64_t number, bool values, uint64_t *seed)
{
    static const struct slice keys[] = {{"path", 4}, {"amount", 6}, {"note", 4}};
    char id[40], grant[40], tool[40], session[40], arguments[200];
    unsigned which = (unsigned)any(seed, TOOLS);
    bool denied = any(seed, 12) == 0;
    const struct audit_record record = {
        .time_ms = 1795000000000 + (int64_t)number,
        .request_id = text(id, sizeof id, "5c6d6eceb34e655f%016x", (unsigned)number),
        .grant = text(grant, sizeof grant, "agent-%03u", (unsigned)any(seed, GRANTS)),
        .server = SLICE_LITERAL("files"),
        .session = text(session, sizeof session, "9a41c0de%08x", (unsigned)any(seed, SESSIONS)),
        .client = SLICE_LITERAL("claude-code"),
        .peer = SLICE_LITERAL("192.0.2.7:51334"),
        .direction = SLICE_LITERAL("client"),
        .method = SLICE_LITERAL("tools/call"),
        .subject = text(tool, sizeof tool, which % 3 == 0 ? "read_%u" : "write_%u", which),
        .outcome = denied ? SLICE_LITERAL("denied") : SLICE_LITERAL("allowed"),
        .rule = denied ? SLICE_LITERAL("(default deny)") : SLICE_LITERAL("/tools/read_*"),
        .reason =
            denied ? SLICE_LITERAL("Tool 'x' is not allowed by the policy.") : (struct slice){0},
        .policy = SLICE_LITERAL("files"),
        .policy_version = SLICE_LITERAL("sha256:736e4e20df7626fc"),
        .argument_keys = keys,
        .argument_key_count = which % 4,
        .arguments =
            values && which % 4 > 0
                ? text(arguments, sizeof arguments,
                       which % 4 == 1 ? "{\"path\":\"/srv/data/%u.txt\"}"
                       : which % 4 == 2
                           ? "{\"path\":\"/srv/data/a.txt\",\"amount\":%u}"
                           : "{\"path\":\"/srv/b.txt\",\"amount\":%u,\"note\":\"as asked\"}",
                       (unsigned)any(seed, 100))
                : (struct slice){0},
        .upstream_status = denied ? 0 : 200,
        .decide_us = 12,
        .upstream_us = denied ? 0 : (int64_t)(800 + any(seed, 60000)),
        .total_us = denied ? 31 : 61000};
    while (!audit_ready(log, 0) || !audit_write(log, 0, &record))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void write_log(const char *path, uint64_t rows, bool values)
{
    const struct audit_options options = {.path = path, .lanes = 1, .checkpoint_ms = 60000};
    struct audit_log *log;
    struct error error;
    uint64_t seed = 20261122;
    if (audit_open(&options, &log, &error) != 0)
        die(path, error.text);
    for (uint64_t i = 0; i < rows; i++)
        write_row(log, i, values, &seed);
    audit_close(log);
}

// ---- Playing

static struct policy *read_draft(const char *path)
{
    static char document[1024 * 1024];
    struct policy *draft = NULL;
    struct policy_problems problems;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die(path, "cannot be read");
    size_t length = fread(document, 1, sizeof document, file);
    fclose(file);
    if (policy_compile(slice_of(document, length), SLICE_LITERAL("draft"), &draft, &problems) != 0)
        die(path, problems.count > 0 ? problems.items[0].text : "no policy");
    policy_problems_release(&problems);
    return draft;
}

static uint64_t feed(struct rehearse *rehearse, const char *path)
{
    static char piece[PIECE];
    uint64_t bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;
    ssize_t count = 0;
    if (fd < 0)
        die(path, "cannot be read");
    while (result == 0 && (count = read(fd, piece, sizeof piece)) > 0) {
        result = rehearse_feed(rehearse, slice_of(piece, (size_t)count));
        bytes += (uint64_t)count;
    }
    close(fd);
    if (result == 0)
        result = rehearse_end_file(rehearse);
    if (result == 0)
        result = rehearse_finish(rehearse);
    if (result != 0 || count < 0)
        die(path, "failed");
    return bytes;
}

static void play(const char *path, const char *draft_path)
{
    struct policy *draft = read_draft(draft_path);
    const struct rehearse_options options = {
        .draft = draft, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .everybody = true};
    struct rehearse *rehearse = NULL;
    struct rusage usage;
    uint64_t begin = clock_monotonic_us(), processor = clock_thread_us();
    if (rehearse_new(&options, &rehearse) != 0)
        die(path, "out of memory");
    uint64_t bytes = feed(rehearse, path);
    double wall = (double)(clock_monotonic_us() - begin) / 1e6;
    double spent = (double)(clock_thread_us() - processor) / 1e6;
    const struct rehearse_counts *counts = rehearse_counts(rehearse);
    getrusage(RUSAGE_SELF, &usage);
    printf("%s\t%" PRIu64 "\t%" PRIu64 "\t%.3f\t%.3f\t%.0f\t%" PRIu64 "\t%" PRIu64 "\t%ld\n",
           draft_path, counts->lines, bytes, wall, spent, (double)counts->lines / wall,
           counts->changed, counts->unsure, usage.ru_maxrss);
    rehearse_free(rehearse);
    policy_unref(draft);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "write") == 0) {
        write_log(argv[2], strtoull(argv[3], NULL, 10), argc > 4);
        return 0;
    }
    if (argc < 4 || strcmp(argv[1], "play") != 0)
        die("bench_rehearse", "write FILE ROWS [values] | play FILE DRAFT [ROUNDS]");
    printf("draft\trows\tbytes\tseconds\tprocessor\trows_per_second\tchanged\tcannot_tell\tKiB\n");
    for (unsigned long i = 0; i < (argc > 4 ? strtoul(argv[4], NULL, 10) : 1); i++)
        play(argv[2], argv[3]);
    return 0;
}
