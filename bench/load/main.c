// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// usage: load --url URL [options]; prints one line of key=value, or explains itself.
#include "load.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, OPENING_AT_ONCE = 64 };
static const uint64_t SECOND = 1000000000u, GIVE_UP_NS = 30 * SECOND, FIRST_ID = 1000000000u;

static const char usage[] =
    "usage: load --url http[s]://HOST:PORT/PATH [options]\n"
    "  --kind NAME         call, deny, list, large, stream or ping (call)\n"
    "  --modern            the stateless protocol; else a session per user\n"
    "  --connections N     virtual users (1)\n"
    "  --seconds S         measured (2), after --warmup S (0.3)\n"
    "  --rate N            calls per second in all, due at fixed times; else as many as there can "
    "be\n"
    "  --token-env NAME    the variable that holds the bearer token\n"
    "  --hidden PREFIX     tools beginning so must not be in a list\n"
    "  --any-type          JSON and streams are both fine\n"
    "  --ca FILE           the authority that an https URL is checked against\n"
    "  --pid PID           whose CPU time is told; may be repeated\n"
    "  --calls N           so many calls instead of a time, one after the other (with "
    "--connections 1)\n"
    "  --hold              open the sessions, say so, wait for the end of standard input, call "
    "once each\n"
    "  --listen            with --hold: a GET stream on every connection\n";

static void die(const char *text, const char *detail)
{
    fprintf(stderr, "load: %s%s\n%s", text, detail, usage);
    exit(2);
}

// ---- The options

static const char *const flags[] = {"--modern", "--any-type", "--hold", "--listen"};

static bool take_flag(struct load *load, const char *name)
{
    bool *const targets[] = {&load->message.modern, &load->message.any_type, &load->hold,
                             &load->listen};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(name, flags[i]) == 0) {
            *targets[i] = true;
            return true;
        }
    }
    return false;
}

static void take_url(struct load *load, char *url, bool *ret_tls)
{
    *ret_tls = strncmp(url, "https://", 8) == 0;
    char *host = url + (*ret_tls ? 8 : 7), *path = strchr(host, '/'), *port = strchr(host, ':');
    if (strncmp(url, "http", 4) != 0 || path == NULL || port == NULL || port > path)
        die("not a URL with port and path: ", url);
    load->port = (uint16_t)strtoul(port + 1, NULL, 10);
    load->message.path = path;
}

static void take_option(struct load *load, const char *name, char *value, const char **ca,
                        bool *tls)
{
    if (strcmp(name, "--url") == 0)
        take_url(load, value, tls);
    else if (strcmp(name, "--kind") == 0 && message_kind(value, &load->message.kind))
        return;
    else if (strcmp(name, "--connections") == 0)
        load->user_count = strtoul(value, NULL, 10);
    else if (strcmp(name, "--seconds") == 0)
        load->seconds = strtod(value, NULL);
    else if (strcmp(name, "--warmup") == 0)
        load->warmup = strtod(value, NULL);
    else if (strcmp(name, "--rate") == 0)
        load->rate = strtod(value, NULL);
    else if (strcmp(name, "--calls") == 0)
        load->call_count = strtoul(value, NULL, 10);
    else if (strcmp(name, "--token-env") == 0)
        load->message.token = getenv(value);
    else if (strcmp(name, "--hidden") == 0)
        load->message.hidden = value;
    else if (strcmp(name, "--ca") == 0)
        *ca = value;
    else if (strcmp(name, "--pid") == 0 && load->watched_count < WATCHED_MAX)
        load->watched[load->watched_count++] = (pid_t)strtol(value, NULL, 10);
    else
        die("what is this: ", name);
}

static void take_options(struct load *load, int argc, char **argv)
{
    const char *ca = NULL;
    bool tls = false;
    for (int i = 1; i < argc; i++) {
        if (take_flag(load, argv[i]))
            continue;
        if (i + 1 == argc)
            die("a value is missing: ", argv[i]);
        take_option(load, argv[i], argv[i + 1], &ca, &tls);
        i++;
    }
    if (load->message.path == NULL || load->user_count == 0)
        die("no URL or no connections", "");
    if (tls && ca == NULL)
        die("https needs --ca", "");
    load->tls = tls ? transport_tls(ca) : NULL;
    if (tls && load->tls == NULL)
        die("cannot use the authority in ", ca);
}

// ---- The loop

static void wait_events(struct load *load, uint64_t until_ns)
{
    struct epoll_event events[EVENTS];
    uint64_t now = process_now_ns();
    uint64_t left = until_ns > now ? until_ns - now : 0;
    struct timespec limit = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
    int count = epoll_pwait2(load->epoll, events, EVENTS, &limit, NULL);
    if (count < 0 && errno != EINTR) {
        perror("load: epoll");
        exit(1);
    }
    for (int i = 0; i < count; i++)
        user_ready(events[i].data.ptr, events[i].events);
}

static void give_up(const struct load *load, const char *where)
{
    fprintf(stderr, "load: gave up %s: %s (%zu of %zu users ready)\n", where,
            load->complaint == NULL ? "nothing came any more" : load->complaint, load->ready,
            load->user_count);
    exit(1);
}

// All users, a few at a time, so that no accept queue overflows.
static void open_users(struct load *load)
{
    size_t opened = 0;
    uint64_t deadline = process_now_ns() + GIVE_UP_NS;
    while (load->ready < load->user_count) {
        while (opened < load->user_count && load->connecting < OPENING_AT_ONCE) {
            if (!user_open(&load->users[opened++], load)) {
                perror("load: cannot open a connection");
                exit(1);
            }
            deadline = process_now_ns() + GIVE_UP_NS;
        }
        wait_events(load, deadline);
        if (load->failed || process_now_ns() > deadline)
            give_up(load, "opening");
    }
}

static struct user *take_free(struct load *load)
{
    struct user *u = load->free_users;
    if (u != NULL)
        load->free_users = u->next;
    return u;
}

static uint64_t watched_cpu(const struct load *load)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < load->watched_count; i++)
        sum += process_cpu_ns(load->watched[i]);
    return sum;
}

// Calls that were due before `now` begin as far as users are free. The time of the next one.
static uint64_t call_what_is_due(struct load *load, uint64_t start, uint64_t *due_count,
                                 uint64_t now, uint64_t end)
{
    for (;;) {
        uint64_t due = start + (uint64_t)((double)*due_count * 1e9 / load->rate);
        if (due >= end || due > now)
            return due < end ? due : end;
        struct user *u = take_free(load);
        if (u == NULL)
            return end; // an answer will set one free
        ++*due_count;
        user_call(u, due);
    }
}

static void run_window(struct load *load, uint64_t until, uint64_t start, uint64_t *due_count)
{
    for (uint64_t now = process_now_ns(); now < until && !load->failed; now = process_now_ns()) {
        uint64_t next = until;
        if (load->rate > 0)
            next = call_what_is_due(load, start, due_count, now, until);
        wait_events(load, next);
    }
}

// What is under way, and with a fixed rate also what was due and had no user, is waited for.
static void finish(struct load *load, uint64_t start, uint64_t *due_count)
{
    uint64_t deadline = process_now_ns() + GIVE_UP_NS;
    load->calling = false;
    for (;;) {
        uint64_t now = process_now_ns();
        if (load->rate > 0)
            call_what_is_due(load, start, due_count, now, load->until_ns);
        if (load->busy == 0)
            return;
        if (load->failed || now > deadline)
            give_up(load, "waiting for the last answers");
        wait_events(load, deadline);
    }
}

struct cost {
    uint64_t watched_ns, own_ns, wall_ns;
};

static struct cost cost_now(const struct load *load)
{
    return (struct cost){.watched_ns = watched_cpu(load),
                         .own_ns = process_cpu_ns(getpid()),
                         .wall_ns = process_now_ns()};
}

static void report(const struct load *load, struct cost from, struct cost to)
{
    const struct histogram *h = &load->latency;
    double seconds = (double)(load->until_ns - load->from_ns) / 1e9;
    double calls = load->calls > 0 ? (double)load->calls : 1;
    double wall = (double)(to.wall_ns - from.wall_ns);
    printf("calls=%llu seconds=%.3f calls_per_s=%.1f bytes_per_s=%.0f",
           (unsigned long long)load->calls, seconds, (double)load->calls / seconds,
           (double)load->bytes / seconds);
    printf(" mean_us=%.1f p50_us=%.1f p90_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f",
           h->total == 0 ? 0 : (double)h->sum / (double)h->total / 1000,
           histogram_percentile_us(h, 50), histogram_percentile_us(h, 90),
           histogram_percentile_us(h, 99), histogram_percentile_us(h, 99.9), (double)h->max / 1000);
    printf(
        " wrong=%llu cpu_us_per_call=%.3f cpu_share=%.3f load_cpu_share=%.3f",
        (unsigned long long)load->wrong, (double)(to.watched_ns - from.watched_ns) / calls / 1000,
        (double)(to.watched_ns - from.watched_ns) / wall, (double)(to.own_ns - from.own_ns) / wall);
    printf("\n");
    if (load->complaint != NULL)
        fprintf(stderr, "load: %llu wrong, the first: %s\n", (unsigned long long)load->wrong,
                load->complaint);
}

static void measure(struct load *load)
{
    uint64_t start = process_now_ns(), due_count = 0;
    load->from_ns = start + (uint64_t)(load->warmup * 1e9);
    load->until_ns = load->from_ns + (uint64_t)(load->seconds * 1e9);
    load->calling = load->rate <= 0;
    for (struct user *u; load->calling && (u = take_free(load)) != NULL;)
        user_call(u, process_now_ns());
    run_window(load, load->from_ns, start, &due_count);
    struct cost from = cost_now(load);
    run_window(load, load->until_ns, start, &due_count);
    struct cost to = cost_now(load);
    if (!load->failed)
        finish(load, start, &due_count);
    report(load, from, to);
}

// So many calls by every user, one after the other.
static void call_each(struct load *load, size_t rounds)
{
    uint64_t deadline = process_now_ns() + GIVE_UP_NS, start = process_now_ns();
    struct cost from = cost_now(load);
    load->until_ns = UINT64_MAX;
    load->from_ns = start;
    for (size_t i = 0; i < rounds && !load->failed; i++) {
        for (size_t k = 0; k < load->user_count; k++) {
            user_call(take_free(load), process_now_ns());
            while (load->busy > 0 && !load->failed && process_now_ns() < deadline)
                wait_events(load, deadline);
            deadline = process_now_ns() + GIVE_UP_NS;
            if (load->busy > 0)
                give_up(load, "in the middle of a call");
        }
    }
    load->until_ns = process_now_ns();
    report(load, from, cost_now(load));
}

static void hold(struct load *load)
{
    printf("holding=%zu\n", load->ready);
    fflush(stdout);
    struct pollfd asked[] = {{.fd = 0, .events = POLLIN}, {.fd = load->epoll, .events = POLLIN}};
    while (!load->failed && poll(asked, 2, -1) >= 0) {
        if (asked[1].revents != 0)
            wait_events(load, 0);
        if (asked[0].revents != 0)
            break;
    }
    if (load->failed)
        give_up(load, "holding");
    if (!load->listen)
        call_each(load, 1);
}

int main(int argc, char **argv)
{
    static struct load load = {.user_count = 1, .seconds = 2, .warmup = 0.3};
    struct rlimit files;
    // To the microsecond, or a fixed rate would come in lumps.
    prctl(PR_SET_TIMERSLACK, 1);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    message_init();
    take_options(&load, argc, argv);
    load.next_id = FIRST_ID;
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.users = calloc(load.user_count, sizeof *load.users);
    if (load.users == NULL || load.epoll < 0) {
        perror("load");
        return 1;
    }
    open_users(&load);
    if (load.hold)
        hold(&load);
    else if (load.call_count > 0)
        call_each(&load, load.call_count);
    else
        measure(&load);
    return load.wrong > 0 || load.failed ? 1 : 0;
}
