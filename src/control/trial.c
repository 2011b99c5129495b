// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tries a server out, on a loop of its own, so that nothing that serves calls notices, and writes
// what was found as JSON. Its tools are taken into the catalogue, as those that agents list are.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "json/json.h"
#include "trial/trial.h"

enum {
    TRIAL_TIME_MS = 13000,
    TRIAL_DISCOVER_MS = 3000,
    TRIAL_END_MS = 1800,
    TRIAL_WATCH_MS = 100,
    TRIAL_MESSAGE_MAX = 4 * 1024 * 1024,
    TRIAL_PAGES_MAX = 50,
    TRIAL_TOOLS_MAX = 2000,
    TRIAL_TOOLS_BYTES_MAX = 16 * 1024 * 1024,
};

// ---- What was found

static const struct advice {
    const char *kind, *text;
} advices[] = {
    {"lookup",
     "check the host in the server's URL, and the names that the gateway's machine knows"},
    {"unreachable", "check the port, and whether the server runs and the gateway may reach it"},
    {"timeout", "the server, or something on the way, does not answer; check firewalls"},
    {"guard", "the gateway's operator must allow addresses that are not public"},
    {"tls",
     "check the certificate's name, dates and issuer; the operator can name an own authority "
     "with 'upstream_ca'"},
    {"unauthorized", "set or renew the server's credential: sallyport server credential set"},
    {"forbidden", "the server knows the credential and refuses it; check what it may do"},
    {"not-found", "check the path in the server's URL"},
    {"program", "check the command, and whether the gateway's account finds and may start it"},
    {"ended", "run the command by hand; what it wrote last is in 'errors'"},
    {"protocol", "what answers may be no MCP server, or need another transport or era"},
};

static void write_text(struct buffer *out, const char *name, const char *text)
{
    buffer_append_format(out, ",\"%s\":", name);
    if (*text == '\0')
        buffer_append_string(out, "null");
    else
        json_write_string(out, slice_from_string(text));
}

static void write_tls(const struct trial_result *result, struct buffer *out)
{
    const struct net_tls_facts *facts = &result->tls;
    char time[CLOCK_TEXT_SIZE] = "";
    if (facts->version[0] == '\0') {
        buffer_append_string(out, ",\"tls\":null");
        return;
    }
    if (facts->expires_ms > 0)
        clock_format(facts->expires_ms, time);
    buffer_append_string(out, ",\"tls\":{\"version\":");
    json_write_string(out, slice_from_string(facts->version));
    write_text(out, "cipher", facts->cipher);
    write_text(out, "subject", facts->subject);
    write_text(out, "issuer", facts->issuer);
    write_text(out, "expires_at", time);
    buffer_append_string(out, "}");
}

static void write_problem(const struct trial_result *result, struct buffer *out)
{
    const char *advice = "";
    if (result->kind[0] == '\0') {
        buffer_append_string(out, ",\"problem\":null");
        return;
    }
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (strcmp(advices[i].kind, result->kind) == 0)
            advice = advices[i].text;
    buffer_append_format(out, ",\"problem\":{\"kind\":\"%s\"", result->kind);
    write_text(out, "detail", result->detail);
    write_text(out, "advice", advice);
    write_text(out, "challenge", result->challenge);
    buffer_append_string(out, "}");
}

static void write_errors(const struct trial_result *result, struct buffer *out)
{
    size_t shown =
        result->error_count < TRIAL_ERROR_LINES ? result->error_count : TRIAL_ERROR_LINES;
    buffer_append_string(out, ",\"errors\":[");
    for (size_t i = 0; i < shown; i++) {
        size_t place = (result->error_count - shown + i) % TRIAL_ERROR_LINES;
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, slice_from_string(result->errors[place]));
    }
    buffer_append_string(out, "]");
}

static void write_legs(const struct trial_result *result, struct buffer *out)
{
    for (size_t i = 0; i < result->leg_count; i++) {
        const struct trial_leg *leg = &result->legs[i];
        buffer_append_format(
            out, "%s{\"name\":\"%s\",\"milliseconds\":%llu.%03llu,\"detail\":", i == 0 ? "" : ",",
            leg->name, (unsigned long long)(leg->took_us / 1000),
            (unsigned long long)(leg->took_us % 1000));
        json_write_string(out, slice_from_string(leg->detail));
        buffer_append_string(out, "}");
    }
}

static void write_result(const struct trial_result *result, bool kept, struct buffer *out)
{
    bool good = result->kind[0] == '\0';
    bool spoke = result->version[0] != '\0';
    buffer_append_format(out, "{\"good\":%s,\"legs\":[", good ? "true" : "false");
    write_legs(result, out);
    buffer_append_string(out, "]");
    write_tls(result, out);
    write_text(out, "era", !spoke ? "" : result->modern ? "modern" : "legacy");
    write_text(out, "protocol_version", result->version);
    write_text(out, "server_name", result->server_name);
    write_text(out, "server_version", result->server_version);
    if (result->pages == 0 && !good)
        buffer_append_string(out, ",\"tools\":null");
    else
        buffer_append_format(out, ",\"tools\":{\"count\":%zu,\"more\":%s,\"names\":[%.*s]}",
                             result->tool_count, result->more ? "true" : "false",
                             SLICE_PRINT(buffer_slice(&result->names)));
    buffer_append_format(out, ",\"catalogued\":%s", kept ? "true" : "false");
    write_problem(result, out);
    write_errors(result, out);
    buffer_append_string(out, "}");
    out->failed = out->failed || result->names.failed;
}

// ---- Keeping

// False: nothing was kept. That is no reason to hold back what the trial found.
static bool keep_tools(const struct control_trial *given, const struct trial_result *result)
{
    struct buffer text;
    struct error error = {0};
    if (given->control == NULL || result->kind[0] != '\0' || result->pages == 0)
        return false;
    buffer_init(&text, 0);
    buffer_append_string(&text, "[");
    buffer_append(&text, buffer_slice(&result->tools));
    buffer_append_string(&text, "]");
    const struct pipeline_listing listing = {
        .server = given->server->name, .tools = buffer_slice(&text), .complete = !result->more};
    int kept = text.failed || result->tools.failed
                   ? error_set(&error, ERROR_NO_MEMORY, "out of memory")
                   : control_keep_listing(given->control, &listing, &error);
    buffer_release(&text);
    if (kept != 0)
        log_event(LOG_WARNING, "control", "the tools of server '%.*s' are not catalogued: %s",
                  SLICE_PRINT(given->server->name), error.text);
    return kept == 0;
}

// Only what is the server's own doing.
static void tell_ledger(const struct control_trial *given, const struct trial_result *result)
{
    bool good = result->kind[0] == '\0';
    int64_t now_ms = clock_wall_ms();
    struct pipeline_seen seen = {.answered_ms = good ? now_ms : 0,
                                 .failed_ms = good ? 0 : now_ms,
                                 .version = mcp_version_parse(slice_from_string(result->version))};
    if (given->ledger != NULL && strcmp(result->kind, "stopped") != 0 &&
        strcmp(result->kind, "internal") != 0)
        pipeline_note_seen(given->ledger, upstream_shown(given->server), &seen);
}

// ---- Trying

struct trying {
    const atomic_bool *stop;
    struct loop *loop;
    struct loop_timer *watch;
    struct trial *trial;
};

static void watch_cb(void *argument)
{
    struct trying *trying = argument;
    if (trying->stop != NULL && atomic_load(trying->stop))
        trial_stop(trying->trial, "the gateway is being stopped");
}

static void done_cb(void *argument)
{
    loop_stop(((struct trying *)argument)->loop);
}

int control_try_server(const struct control_trial *given, struct buffer *out, struct error *error)
{
    const struct trial_options options = {.server = given->server,
                                          .ca_file = given->ca_file,
                                          .guard = given->guard,
                                          .time_ms = TRIAL_TIME_MS,
                                          .discover_ms = TRIAL_DISCOVER_MS,
                                          .end_ms = TRIAL_END_MS,
                                          .message_max = TRIAL_MESSAGE_MAX,
                                          .pages_max = TRIAL_PAGES_MAX,
                                          .tools_max = TRIAL_TOOLS_MAX,
                                          .tools_bytes_max = TRIAL_TOOLS_BYTES_MAX,
                                          .names = true,
                                          .definitions = given->control != NULL};
    struct trying trying = {.stop = given->stop, .loop = loop_new()};
    if (trying.loop == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    trying.trial = trial_start(trying.loop, &options, done_cb, &trying);
    if (trying.trial == NULL) {
        loop_free(trying.loop);
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    trying.watch = loop_timer_open(trying.loop, watch_cb, &trying);
    loop_timer_start(trying.watch, TRIAL_WATCH_MS, TRIAL_WATCH_MS);
    loop_run(trying.loop);
    const struct trial_result *found = trial_get_result(trying.trial);
    tell_ledger(given, found);
    write_result(found, keep_tools(given, found), out);
    loop_timer_close(trying.watch);
    trial_free(trying.trial);
    loop_free(trying.loop);
    return out->failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}
