// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport doctor`: one line per thing looked at, with what to do where it is not well.
#include "cli/cli_internal.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG, JSON, FLAGS };
enum { CONNECT_TIMEOUT_MS = 2000, FILES_LEAST = 256, FILES_GOOD = 4096 };
enum health { OK, WARN, FAIL };

static const struct cli_flag flags[FLAGS] = {
    [CONFIG] = {"config", "FILE", "the configuration; else $SALLYPORT_CONFIG or sallyport.json"},
    [JSON] = {"json", NULL, "print a JSON object"},
};
static const struct cli_usage usage = {
    .command = "doctor",
    .operands = "",
    .text = "Looks for what would keep the gateway from working: libraries, the configuration and\n"
            "its policies, programs, addresses, files, the clock, limits of the system. It opens\n"
            "connections to the configured servers but sends nothing. Exit code 1 when something\n"
            "fails.\n",
    .flags = flags,
    .flag_count = FLAGS};

struct doctor {
    const char *const *environment;
    bool json, colours;
    struct buffer out;
    size_t counts[FAIL + 1];
};

static void write_line(struct doctor *doctor, enum health health, const char *what,
                       const char *text)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    static const char *const paint[] = {"\033[32m", "\033[33m", "\033[31m"};
    bool first = doctor->counts[OK] + doctor->counts[WARN] + doctor->counts[FAIL] == 0;
    doctor->counts[health]++;
    if (!doctor->json) {
        buffer_append_format(&doctor->out, "%s%-4s%s  %s: %s\n",
                             doctor->colours ? paint[health] : "", words[health],
                             doctor->colours ? "\033[0m" : "", what, text);
        return;
    }
    buffer_append_format(&doctor->out, "%s{\"status\":\"%s\",\"check\":", first ? "" : ",",
                         words[health]);
    json_write_string(&doctor->out, slice_from_string(what));
    buffer_append_string(&doctor->out, ",\"text\":");
    json_write_string(&doctor->out, slice_from_string(text));
    buffer_append_string(&doctor->out, "}");
}

static void PRINTF_LIKE(4, 5)
    say(struct doctor *doctor, enum health health, const char *what, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    write_line(doctor, health, what, text);
}

// The libraries are asked themselves, by the name of a function, so that this file needs none of
// their headers and sees what is really loaded.
static const char *library_version(const char *symbol)
{
    const char *(*plain)(void) = NULL;
    void *found = dlsym(RTLD_DEFAULT, symbol);
    memcpy(&plain, &found, sizeof plain);
    return plain == NULL ? NULL : plain();
}

static const char *openssl_version(void)
{
    const char *(*version)(int) = NULL;
    void *found = dlsym(RTLD_DEFAULT, "OpenSSL_version");
    memcpy(&version, &found, sizeof version);
    return version == NULL ? NULL : version(0);
}

static void check_openssl(struct doctor *doctor)
{
    const char *version = openssl_version();
    if (version == NULL)
        write_line(doctor, OK, "OpenSSL", "linked into the program");
    else
        write_line(doctor, strncmp(version, "OpenSSL ", 8) == 0 && version[8] >= '3' ? OK : WARN,
                   "OpenSSL", version);
}

static void check_pcre2(struct doctor *doctor)
{
    enum { CONFIG_VERSION = 11, VERSION_SIZE = 64 }; // as in PCRE2's own header
    char version[VERSION_SIZE] = "linked into the program";
    int (*ask)(uint32_t, void *) = NULL;
    void *found = dlsym(RTLD_DEFAULT, "pcre2_config_8");
    memcpy(&ask, &found, sizeof ask);
    int length = ask == NULL ? 0 : ask(CONFIG_VERSION, NULL);
    if (length > 0 && length <= VERSION_SIZE)
        ask(CONFIG_VERSION, version);
    write_line(doctor, OK, "PCRE2", version);
}

static void check_libraries(struct doctor *doctor)
{
    static const struct {
        const char *name, *symbol;
    } libraries[] = {{"libuv", "uv_version_string"}, {"SQLite", "sqlite3_libversion"}};
    const char *version = NULL;
    write_line(doctor, OK, "sallyport", cli_version());
    check_openssl(doctor);
    check_pcre2(doctor);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        version = library_version(libraries[i].symbol);
        write_line(doctor, OK, libraries[i].name,
                   version == NULL ? "linked into the program" : version);
    }
}

static void check_clock(struct doctor *doctor)
{
    const int64_t earliest = 1767225600000, latest = 4102444800000; // 2026 and 2100
    char text[CLOCK_TEXT_SIZE];
    int64_t now = clock_wall_ms();
    clock_format(now, text);
    if (now < earliest || now > latest)
        say(doctor, FAIL, "clock", "it is %s here; set the clock, quotas and expiry depend on it",
            text);
    else
        write_line(doctor, OK, "clock", text);
}

static void check_open_files(struct doctor *doctor)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        say(doctor, WARN, "open files", "the limit is unknown: %s", strerror(errno));
        return;
    }
    unsigned long long soft = (unsigned long long)limit.rlim_cur;
    if (limit.rlim_cur == RLIM_INFINITY || soft >= FILES_GOOD)
        write_line(doctor, OK, "open files", "the limit is high enough");
    else
        say(doctor, soft < FILES_LEAST ? FAIL : WARN, "open files",
            "at most %llu; raise it with 'ulimit -n %d' or LimitNOFILE= of systemd", soft,
            FILES_GOOD);
}

static void check_config_file(struct doctor *doctor, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return;
    if ((status.st_mode & S_IWOTH) != 0)
        say(doctor, FAIL, "permissions", "anybody may change '%s'; try 'chmod o-w'", path);
    else if ((status.st_mode & S_IROTH) != 0)
        say(doctor, WARN, "permissions",
            "anybody on the machine may read '%s'; try 'chmod o-r' if it holds secrets", path);
    else
        say(doctor, OK, "permissions", "others have no access to '%s'", path);
}

static struct config *check_config(struct doctor *doctor, const char *path)
{
    struct config *config = NULL;
    struct config_problems problems;
    int result = config_load(path, doctor->environment, &config, &problems);
    size_t errors = 0;
    for (size_t i = 0; i < problems.count; i++) {
        const struct config_problem *problem = &problems.items[i];
        errors += problem->warning ? 0 : 1;
        if (problem->at.line > 0)
            say(doctor, problem->warning ? WARN : FAIL, "configuration", "%s:%u:%u: %s",
                problem->file, problem->at.line, problem->at.column, problem->text);
        else
            say(doctor, problem->warning ? WARN : FAIL, "configuration", "%s: %s", problem->file,
                problem->text);
    }
    if (result == 0)
        say(doctor, OK, "configuration", "'%s' has %zu server(s), %zu policies, %zu grant(s)", path,
            config->server_count, config->policy_count, config->grant_count);
    else if (errors == 0)
        say(doctor, FAIL, "configuration", "'%s': %s", path, error_text(result));
    config_problems_release(&problems);
    return config;
}

static void check_listen(struct doctor *doctor, const char *address)
{
    struct cli_probe probe = cli_probe_listen(address);
    if (probe.code == 0)
        say(doctor, OK, "listen", "%s is free", address);
    else if (probe.code == EADDRINUSE)
        say(doctor, WARN, "listen",
            "%s is taken; fine if that is the running gateway, else choose another port", address);
    else
        say(doctor, FAIL, "listen", "%s: %s; choose another address or port", address, probe.text);
}

static void check_server(struct doctor *doctor, const struct upstream_options *server)
{
    char what[96];
    snprintf(what, sizeof what, "server %.*s", SLICE_PRINT(server->name));
    if (server->transport == UPSTREAM_CHILD) {
        bool found = config_finds_program(server->command[0], doctor->environment);
        say(doctor, found ? OK : FAIL, what,
            found ? "program '%.200s' is there"
                  : "program '%.200s' was not found; install it or give its full path",
            server->command[0]);
        return;
    }
    struct cli_probe probe = cli_probe_connect(server->host, server->port, CONNECT_TIMEOUT_MS);
    if (probe.code == 0)
        say(doctor, OK, what, "%.*s port %u answers", SLICE_PRINT(server->host), server->port);
    else
        say(doctor, FAIL, what, "%.*s port %u: %s; start the server or correct its url",
            SLICE_PRINT(server->host), server->port, probe.text);
}

static void check_sink(struct doctor *doctor, const struct sink_options *sink)
{
    char what[96];
    snprintf(what, sizeof what, "sink %.*s", SLICE_PRINT(sink->name));
    bool is_syslog = sink->kind == SINK_SYSLOG;
    if (is_syslog && sink->transport == SINK_UNIX) {
        bool good = access(sink->host, W_OK) == 0;
        say(doctor, good ? OK : FAIL, what, good ? "socket '%.120s' is there" : "'%.120s': %s",
            sink->host, strerror(errno));
        return;
    }
    if (is_syslog && sink->transport == SINK_UDP) {
        say(doctor, OK, what, "datagrams to %s port %u; whether they arrive nobody can tell",
            sink->host, sink->port);
        return;
    }
    struct cli_probe probe =
        cli_probe_connect(slice_from_string(sink->host), sink->port, CONNECT_TIMEOUT_MS);
    if (probe.code == 0)
        say(doctor, OK, what, "%s port %u answers", sink->host, sink->port);
    else
        say(doctor, WARN, what,
            "%s port %u: %s; it gets what is in the decision log once it can be reached",
            sink->host, sink->port, probe.text);
}

static bool folder_is_writable(const char *path)
{
    char folder[1024];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (length >= sizeof folder)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return access(length == 0 ? "." : folder, W_OK) == 0;
}

static void check_file(struct doctor *doctor, const char *what, const char *path)
{
    if (path == NULL)
        return;
    bool exists = access(path, F_OK) == 0;
    bool good = exists ? access(path, W_OK) == 0 : folder_is_writable(path);
    say(doctor, good ? OK : FAIL, what,
        good     ? "'%.300s' can be written"
        : exists ? "'%.300s' cannot be written; give the gateway's user the right to"
                 : "'%.300s' cannot be made; give the gateway's user the right to write its folder",
        path);
}

static void check_key_file(struct doctor *doctor, const char *what, const char *path)
{
    struct stat status;
    if (path == NULL || stat(path, &status) != 0)
        return;
    bool shared = (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
    say(doctor, shared ? WARN : OK, what,
        shared ? "anybody on the machine may read '%.300s'; try 'chmod o-rwx'"
               : "others have no access to '%.300s'",
        path);
}

static void check_signing_key(struct doctor *doctor, const struct config *config)
{
    char beside[1024];
    const char *path = config->decision_log_key;
    if (config->decision_log == NULL)
        return;
    if (path == NULL) {
        snprintf(beside, sizeof beside, "%s.key", config->decision_log);
        path = beside;
    }
    if (access(path, F_OK) == 0 && access(path, R_OK) == 0)
        check_key_file(doctor, "signing key", path);
    else if (access(path, F_OK) == 0)
        say(doctor, FAIL, "signing key",
            "'%.300s' cannot be read; give the gateway's user the right to", path);
    else if (folder_is_writable(path))
        say(doctor, OK, "signing key", "'%.300s' can be made", path);
    else
        say(doctor, FAIL, "signing key",
            "'%.300s' cannot be made; let 'decision_log_key' name a place where it can", path);
}

static void check_gateway(struct doctor *doctor, const char *path)
{
    struct config *config = check_config(doctor, path);
    check_config_file(doctor, path);
    if (config == NULL)
        return;
    check_listen(doctor, config->listen);
    check_key_file(doctor, "tls key", config->tls_key);
    for (size_t i = 0; i < config->server_count; i++)
        check_server(doctor, &config->servers[i]);
    check_file(doctor, "decision log", config->decision_log);
    check_signing_key(doctor, config);
    for (size_t i = 0; i < config->sink_count; i++)
        check_sink(doctor, &config->sinks[i]);
    check_file(doctor, "limits file", config->limits_file);
    config_free(config);
}

static void finish(struct doctor *doctor)
{
    if (doctor->json)
        buffer_append_format(&doctor->out, "],\"ok\":%zu,\"warnings\":%zu,\"failures\":%zu}\n",
                             doctor->counts[OK], doctor->counts[WARN], doctor->counts[FAIL]);
    else
        buffer_append_format(&doctor->out, "%zu ok, %zu to look at, %zu failed\n",
                             doctor->counts[OK], doctor->counts[WARN], doctor->counts[FAIL]);
    cli_print(&doctor->out);
}

int cli_doctor(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct doctor doctor = {.environment = environment,
                            .json = arguments.values[JSON] != NULL,
                            .colours = cli_colours(environment)};
    buffer_init(&doctor.out, 0);
    if (doctor.json)
        buffer_append_string(&doctor.out, "{\"checks\":[");
    check_libraries(&doctor);
    check_clock(&doctor);
    check_open_files(&doctor);
    check_gateway(&doctor, cli_config_path(arguments.values[CONFIG], environment));
    finish(&doctor);
    return doctor.counts[FAIL] > 0 ? CLI_FAILED : CLI_OK;
}
