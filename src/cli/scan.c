// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport scan`: asks servers which tools they have, says what those do, and writes reports.
#include "cli/scan_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_LEAST = 60, WIDTH = 100, WIDTH_MOST = 240, PROGRESS_NAME = 40, ARENA_MAX = 64 << 20 };

static const struct cli_flag flags[SCAN_FLAGS] = {
    [SCAN_URL] = {"url", "URL", "a server over HTTP"},
    [SCAN_SSE] = {"sse", NULL, "the URL speaks the older HTTP with SSE (2024-11-05)"},
    [SCAN_HEADER] = {"header", "'NAME: VALUE'",
                     "sent to the URL; may be repeated; ${NAME} is read from the environment"},
    [SCAN_ENV] = {"env", "NAME", "a variable that the command gets, too; may be repeated"},
    [SCAN_NAME] = {"name", "NAME", "what to call the server of a command, a URL or a dump"},
    [SCAN_CONFIG] = {"config", "FILE", "the servers of a client's configuration; may be repeated"},
    [SCAN_CLIENT] = {"client", "NAME", "whose it is, when its name does not tell"},
    [SCAN_ALL_CLIENTS] = {"all-clients", NULL,
                          "the servers of all clients of yours that are found"},
    [SCAN_FROM] = {"from", "FILE|-", "tools that were listed before: an answer, or JSON lines"},
    [SCAN_CA] = {"ca", "FILE", "authorities for https in place of the system's (PEM)"},
    [SCAN_DATA] = {"data", "FOLDER", "put what is found into the catalogue there"},
    [SCAN_TIMEOUT] = {"timeout", "30s", "time for each server"},
    [SCAN_AT_ONCE] = {"parallel", "6", "servers that are asked at the same time"},
    [SCAN_JSON] = {"json", NULL, "one JSON document in place of the table"},
    [SCAN_SARIF] = {"sarif", "FILE|-", "a report for tools that collect findings (SARIF 2.1.0)"},
    [SCAN_HTML] = {"html", "FILE", "a report for a browser: one file that stands alone"},
    [SCAN_POLICY] = {"policy", "FILE", "a starter policy; FILE.SERVER for each of several servers"},
    [SCAN_FAIL_ON] = {"fail-on", "WHAT",
                      "low, medium, high, critical or signal:NAME, with commas: exit code 6 when a "
                      "tool has that"},
};
static const struct cli_usage usage = {
    .command = "scan",
    .operands = "[-- COMMAND...]",
    .text =
        "Lists the tools of a server (a command, a URL), of all servers of a client, or of a\n"
        "dump, and says of each what it does, why, and what its definition warns of. No tool is\n"
        "called. The servers of a client's file are started as that client would start them:\n"
        "scan only files whose commands you would run.\n",
    .flags = flags,
    .flag_count = SCAN_FLAGS,
    .repeats = 1U << SCAN_HEADER | 1U << SCAN_ENV | 1U << SCAN_CONFIG,
    .operands_least = 0,
    .operands_most = -1,
    .stop_at_operand = true};

// ---- On the way

static void show_progress(void *argument, size_t done, size_t of, const struct scan_server *running)
{
    struct buffer line;
    (void)argument;
    buffer_init(&line, 0);
    buffer_append_string(&line, "\r\x1b[K");
    if (running != NULL) {
        buffer_append_format(&line, "%zu of %zu servers; asking ", done, of);
        scan_write_harmless(&line, running->name, PROGRESS_NAME);
    }
    struct slice text = buffer_slice(&line);
    if (text.length > 0)
        fwrite(text.data, 1, text.length, stderr);
    fflush(stderr);
    buffer_release(&line);
}

static int parse_number(const char *text, size_t most, size_t *ret)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value == 0 || value > most)
        return ERROR_RANGE;
    *ret = value;
    return 0;
}

static int parse_options(struct scanning *scanning)
{
    const char *const *values = scanning->arguments.values;
    struct error error = {0};
    scanning->options = (struct scan_options){.parallel = SCAN_PARALLEL, .time_ms = SCAN_TIME_MS};
    if (isatty(STDERR_FILENO) == 1)
        scanning->options.progress = show_progress;
    if (values[SCAN_TIMEOUT] != NULL &&
        (!config_parse_duration(slice_from_string(values[SCAN_TIMEOUT]),
                                &scanning->options.time_ms) ||
         scanning->options.time_ms == 0 || scanning->options.time_ms > SCAN_TIME_MAX_MS))
        return cli_mistake("scan", "--timeout is a time of at most 10m: '30s', '2m'");
    if (values[SCAN_AT_ONCE] != NULL &&
        parse_number(values[SCAN_AT_ONCE], SCAN_PARALLEL_MAX, &scanning->options.parallel) != 0)
        return cli_mistake("scan", "--parallel is a number from 1 to %d", SCAN_PARALLEL_MAX);
    if (values[SCAN_FAIL_ON] != NULL &&
        scan_parse_bar(values[SCAN_FAIL_ON], &scanning->bar, &error) != 0)
        return cli_mistake("scan", "--fail-on: %s", error.text);
    if (values[SCAN_JSON] != NULL && values[SCAN_SARIF] != NULL &&
        strcmp(values[SCAN_SARIF], "-") == 0)
        return cli_mistake("scan", "only one of --json and --sarif - can go to standard output");
    return CLI_OK;
}

// ---- The reports

static int write_file(const char *path, struct buffer *text)
{
    struct slice bytes = buffer_slice(text);
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : text->failed ? NULL : fopen(path, "we");
    bool good = file != NULL && !text->failed;
    good = good && fwrite(bytes.data, 1, bytes.length, file) == bytes.length;
    good = file != NULL && (standard ? fflush(file) : fclose(file)) == 0 && good;
    int exit_code = CLI_OK;
    if (!good)
        exit_code = text->failed ? cli_complain(CLI_FAILED, "out of memory")
                                 : cli_complain(CLI_FAILED, "'%s' cannot be written: %s", path,
                                                strerror(errno));
    buffer_release(text);
    return exit_code;
}

static size_t columns(const char *const *environment)
{
    struct winsize size = {0};
    const char *told = config_variable(environment, SLICE_LITERAL("COLUMNS"));
    size_t width = WIDTH;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    else if (told != NULL && parse_number(told, WIDTH_MOST, &width) != 0)
        width = WIDTH;
    return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
}

static bool has_unicode(const char *const *environment)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = config_variable(environment, slice_from_string(names[i]));
        if (value != NULL && *value != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static int write_reports(struct scanning *scanning)
{
    const char *const *values = scanning->arguments.values;
    const struct scan *scan = &scanning->scan;
    const struct scan_look look = {.width = columns(scanning->environment),
                                   .colours = cli_colours(scanning->environment),
                                   .symbols = has_unicode(scanning->environment)};
    struct buffer out;
    int exit_code = CLI_OK;
    buffer_init(&out, 0);
    if (values[SCAN_DATA] != NULL)
        exit_code = scan_fill_catalogue(scan, values[SCAN_DATA], clock_wall_ms());
    if (exit_code == CLI_OK && values[SCAN_SARIF] != NULL) {
        scan_write_sarif(&out, scan, cli_version());
        exit_code = write_file(values[SCAN_SARIF], &out);
    }
    if (exit_code == CLI_OK && values[SCAN_HTML] != NULL) {
        scan_write_html(&out, scan, clock_wall_ms());
        exit_code = write_file(values[SCAN_HTML], &out);
    }
    if (exit_code == CLI_OK && values[SCAN_POLICY] != NULL)
        exit_code = scan_write_policies(scan, values[SCAN_POLICY]);
    if (exit_code != CLI_OK || (values[SCAN_SARIF] != NULL && strcmp(values[SCAN_SARIF], "-") == 0))
        return exit_code;
    if (values[SCAN_JSON] != NULL)
        scan_write_json(&out, scan, clock_wall_ms());
    else
        scan_write_table(&out, scan, &look);
    return write_file("-", &out);
}

// ---- The end

static int judge_outcome(const struct scanning *scanning)
{
    struct scan_totals totals = scan_count(&scanning->scan);
    const char *bar = scanning->arguments.values[SCAN_FAIL_ON];
    size_t reached = bar == NULL ? 0 : scan_reach(&scanning->scan, &scanning->bar);
    if (reached > 0)
        return cli_complain(CLI_REACHED, "%zu tool%s %s '%s'", reached, reached == 1 ? "" : "s",
                            reached == 1 ? "reaches" : "reach", bar);
    if (totals.servers == 0)
        return cli_complain(CLI_FAILED, "there is no server to scan");
    // What was not looked at cannot be said to stay below the bar.
    if (totals.bad > 0 || scanning->file_failed || (bar != NULL && totals.skipped > 0))
        return CLI_FAILED;
    return CLI_OK;
}

static int scan_all(struct scanning *scanning)
{
    struct error error = {0};
    int exit_code = parse_options(scanning);
    if (exit_code == CLI_OK)
        exit_code = scan_add_sources(scanning);
    if (exit_code != CLI_OK)
        return exit_code;
    int result = scan_run(&scanning->scan, &scanning->options, &error);
    if (result == 0)
        result = scan_judge_all(&scanning->scan);
    if (result != 0)
        return cli_complain(result == ERROR_CANCELLED ? CLI_STOPPED : CLI_FAILED, "%s",
                            error.text[0] != '\0' ? error.text : error_text(result));
    exit_code = write_reports(scanning);
    return exit_code == CLI_OK ? judge_outcome(scanning) : exit_code;
}

// Where a file's URL may lead besides the public network: this machine and private networks.
static struct net_guard *open_guard(void)
{
    static const char *const texts[] = {
        "127.0.0.0/8",    "::1",      "10.0.0.0/8",   "172.16.0.0/12",
        "192.168.0.0/16", "fc00::/7", "100.64.0.0/10"};
    struct net_range ranges[sizeof texts / sizeof *texts];
    struct net_guard *guard = net_guard_new();
    size_t count = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        count += net_range_parse(slice_from_string(texts[i]), &ranges[count], NULL) == 0;
    net_guard_allow(guard, ranges, count);
    return guard;
}

int cli_scan(int argc, char **argv, const char *const *environment)
{
    struct scanning *scanning = memory_new(sizeof *scanning);
    int exit_code = 0;
    scanning->environment = environment;
    if (!cli_parse(&usage, argc, argv, &scanning->arguments, &exit_code)) {
        memory_free(scanning);
        return exit_code;
    }
    log_configure(LOG_ERROR, LOG_TEXT);
    arena_init(&scanning->arena, ARENA_MAX);
    scan_init(&scanning->scan);
    scanning->configs = memory_new(SCAN_SERVERS_MAX * sizeof *scanning->configs);
    scanning->guard = open_guard();
    scanning->scan.guard = scanning->guard;
    scanning->scan.ca_file = scanning->arguments.values[SCAN_CA];
    exit_code = scan_all(scanning);
    scan_release(&scanning->scan);
    for (size_t i = 0; i < scanning->config_count; i++)
        config_free(scanning->configs[i]);
    memory_free(scanning->configs);
    net_guard_free(scanning->guard);
    arena_release(&scanning->arena);
    memory_free(scanning);
    return exit_code;
}
