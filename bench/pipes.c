// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The load generator for pipes: starts a command, speaks MCP with it over its standard input and
// output, keeps so many calls under way, looks at every answer.
// usage: pipes [--kind NAME] [--inflight N] [--seconds S] [--warmup S] [--calls N] -- COMMAND...
#include "load/load.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INFLIGHT_MAX = 256, INPUT = 4 * 1024 * 1024 };
static const uint64_t FIRST_ID = 1000000000u;
extern char **environ;

struct pipes {
    struct message_options message;
    size_t inflight, call_count;
    double seconds, warmup;
    char **command;
    pid_t child;
    int to, from;
    struct request call;
    uint64_t since_ns[INFLIGHT_MAX]; // by id; 0: no such call under way
    uint64_t next_id, answered, counted, wrong;
    uint64_t from_ns, until_ns;
    struct histogram latency;
    char *input;
    size_t length;
};

static void die(const char *text)
{
    fprintf(stderr, "pipes: %s (%s)\n", text, strerror(errno));
    exit(1);
}

static void start(struct pipes *p)
{
    int in[2], out[2];
    posix_spawn_file_actions_t actions;
    if (pipe(in) != 0 || pipe(out) != 0)
        die("no pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    for (int i = 0; i < 2; i++) {
        posix_spawn_file_actions_addclose(&actions, in[i]);
        posix_spawn_file_actions_addclose(&actions, out[i]);
    }
    if (posix_spawnp(&p->child, p->command[0], &actions, NULL, p->command, environ) != 0)
        die("cannot start the command");
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    p->to = in[1];
    p->from = out[0];
}

static void send_request(struct pipes *p, const struct request *request)
{
    for (size_t done = 0; done < request->length;) {
        ssize_t put = write(p->to, request->bytes + done, request->length - done);
        if (put <= 0)
            die("the command does not read");
        done += (size_t)put;
    }
}

static void call(struct pipes *p)
{
    uint64_t id = p->next_id++;
    message_set_id(&p->call, id);
    p->since_ns[id % INFLIGHT_MAX] = process_now_ns();
    send_request(p, &p->call);
}

static void take_line(struct pipes *p, const char *line, size_t length)
{
    const char *found = memmem(line, length, "\"id\":", 5);
    uint64_t id = found == NULL ? 0 : strtoull(found + 5, NULL, 10), now = process_now_ns();
    uint64_t *since = &p->since_ns[id % INFLIGHT_MAX];
    const char *wrong = id < FIRST_ID || *since == 0
                            ? "an answer to nothing"
                            : message_check(&p->message, line, length, false, id);
    if (wrong != NULL && p->wrong++ == 0)
        fprintf(stderr, "pipes: %s\n", wrong);
    if (now >= p->from_ns && now < p->until_ns) {
        histogram_add(&p->latency, now - *since);
        p->counted += wrong == NULL;
    }
    *since = 0;
    p->answered++;
}

// Waits for bytes; the answers in them are looked at. How many there were.
static uint64_t receive(struct pipes *p)
{
    uint64_t before = p->answered;
    ssize_t got = read(p->from, p->input + p->length, INPUT - p->length);
    if (got <= 0)
        die("the command says no more");
    p->length += (size_t)got;
    char *line = p->input;
    for (char *end; (end = memchr(line, '\n', p->length - (size_t)(line - p->input))) != NULL;) {
        take_line(p, line, (size_t)(end - line));
        line = end + 1;
    }
    p->length -= (size_t)(line - p->input);
    memmove(p->input, line, p->length);
    return p->answered - before;
}

static void shake_hands(struct pipes *p)
{
    struct request hello;
    message_initialize_line(&hello);
    send_request(p, &hello);
    while (memchr(p->input, '\n', p->length) == NULL) {
        ssize_t got = read(p->from, p->input + p->length, INPUT - p->length);
        if (got <= 0)
            die("the command did not answer initialize");
        p->length += (size_t)got;
    }
    p->length = 0;
    message_initialized_line(&hello);
    send_request(p, &hello);
}

static bool go_on(const struct pipes *p)
{
    return p->call_count > 0 ? p->next_id - FIRST_ID < p->call_count
                             : process_now_ns() < p->until_ns;
}

static void run(struct pipes *p)
{
    uint64_t cpu = 0, now = process_now_ns();
    bool sampled = false;
    p->from_ns = now + (uint64_t)(p->warmup * 1e9);
    p->until_ns = p->call_count > 0 ? UINT64_MAX : p->from_ns + (uint64_t)(p->seconds * 1e9);
    for (size_t i = 0; i < p->inflight && go_on(p); i++)
        call(p);
    while (p->answered < p->next_id - FIRST_ID) {
        uint64_t answers = receive(p);
        if (!sampled && process_now_ns() >= p->from_ns) {
            cpu = process_cpu_ns(p->child);
            sampled = true;
        }
        for (; answers > 0 && go_on(p); answers--)
            call(p);
    }
    cpu = process_cpu_ns(p->child) - cpu;
    double seconds = p->call_count > 0 ? 1 : p->seconds, calls = (double)p->counted;
    printf("calls=%llu seconds=%.3f calls_per_s=%.1f bytes_per_s=0", (unsigned long long)p->counted,
           seconds, calls / seconds);
    printf(" mean_us=%.1f p50_us=%.1f p90_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f",
           calls > 0 ? (double)p->latency.sum / calls / 1000 : 0,
           histogram_percentile_us(&p->latency, 50), histogram_percentile_us(&p->latency, 90),
           histogram_percentile_us(&p->latency, 99), histogram_percentile_us(&p->latency, 99.9),
           (double)p->latency.max / 1000);
    printf(" wrong=%llu cpu_us_per_call=%.3f cpu_share=%.3f load_cpu_share=0\n",
           (unsigned long long)p->wrong, calls > 0 ? (double)cpu / calls / 1000 : 0,
           (double)cpu / seconds / 1e9);
}

static void take_options(struct pipes *p, int argc, char **argv)
{
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        if (strcmp(argv[i], "--kind") == 0 && message_kind(argv[i + 1], &p->message.kind))
            continue;
        if (strcmp(argv[i], "--inflight") == 0)
            p->inflight = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--calls") == 0)
            p->call_count = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            p->seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--warmup") == 0)
            p->warmup = strtod(argv[i + 1], NULL);
        else
            die("what is this option?");
    }
    if (i + 1 >= argc || p->inflight == 0 || p->inflight > INFLIGHT_MAX)
        die("usage: pipes [--kind NAME] [--inflight N] [--seconds S] [--warmup S] [--calls N] -- "
            "COMMAND...");
    p->command = argv + i + 1;
}

int main(int argc, char **argv)
{
    static struct pipes p = {.inflight = 1, .seconds = 2, .warmup = 0.3, .next_id = FIRST_ID};
    int status = 0;
    signal(SIGPIPE, SIG_IGN);
    take_options(&p, argc, argv);
    message_init();
    p.input = malloc(INPUT);
    if (p.input == NULL)
        die("no memory");
    message_line(p.message.kind, &p.call);
    start(&p);
    shake_hands(&p);
    run(&p);
    close(p.to);
    while (read(p.from, p.input, INPUT) > 0)
        continue;
    waitpid(p.child, &status, 0);
    return p.wrong > 0 ? 1 : 0;
}
