// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tries a server out as a client would: reaches it, agrees on a protocol, lists its tools. On a
// loop and with connections and processes of its own, so that nothing that serves calls notices.
#include "control/trial_internal.h"

#include <stdarg.h>
#include <stdio.h>

// ---- The end, and what is noted on the way

static void stop_speaking(struct trial *trial)
{
    if (trial->call != NULL)
        upstream_call_cancel(trial->call, false);
    if (trial->link != NULL)
        upstream_link_close(trial->link);
    trial->call = NULL;
    trial->link = NULL;
    loop_timer_stop(trial->patience);
}

static void drained_cb(void *argument)
{
    loop_stop(((struct trial *)argument)->loop);
}

// Not inside a callback of what is taken down.
static void take_down(void *argument)
{
    struct trial *trial = argument;
    trial_reach_stop(trial);
    stop_speaking(trial);
    if (trial->set == NULL)
        loop_stop(trial->loop);
    else
        upstream_set_drain(trial->set, drained_cb, trial);
}

void trial_end(struct trial *trial, const char *kind, const char *format, ...)
{
    if (trial->over)
        return;
    trial->over = true;
    if (kind != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(trial->detail, sizeof trial->detail, format, arguments);
        va_end(arguments);
        snprintf(trial->kind, sizeof trial->kind, "%s", kind);
    }
    loop_timer_start(trial->timer, TRIAL_END_MS, 0);
    loop_defer(trial->loop, take_down, trial);
}

static void timeout_cb(void *argument)
{
    struct trial *trial = argument;
    if (trial->over)
        loop_stop(trial->loop); // the program did not leave by itself
    else
        trial_end(trial, "timeout", "it took longer than %d seconds", TRIAL_TIME_MS / 1000);
}

static void watch_cb(void *argument)
{
    struct trial *trial = argument;
    if (trial->given->stop != NULL && atomic_load(trial->given->stop))
        trial_end(trial, "stopped", "the gateway is being stopped");
}

void trial_leg(struct trial *trial, const char *name, const char *detail)
{
    uint64_t now_us = loop_now_us(trial->loop), took_us = now_us - trial->leg_us;
    buffer_append_format(
        &trial->legs, "%s{\"name\":\"%s\",\"milliseconds\":%llu.%03llu,\"detail\":",
        trial->legs.length == 0 ? "" : ",", name, (unsigned long long)(took_us / 1000),
        (unsigned long long)(took_us % 1000));
    json_write_string(&trial->legs, slice_from_string(detail));
    buffer_append_string(&trial->legs, "}");
    trial->leg_us = now_us;
}

static void error_line_cb(void *argument, struct slice line)
{
    struct trial *trial = argument;
    trial_keep_text(trial->errors[trial->error_count++ % TRIAL_ERROR_LINES], TRIAL_ERROR_LINE_MAX,
                    line);
}

// ---- What is asked

static void ask(struct trial *trial, enum trial_step step);

// ---- What follows from it

static const char *step_name(const struct trial *trial)
{
    static const char *const names[] = {"discover", "initialize", "initialized", "tools/list"};
    return names[trial->step];
}

static void refused(struct trial *trial)
{
    char why[sizeof trial->detail];
    snprintf(why, sizeof why, "%s", trial->detail);
    if (trial->status == 401)
        trial_end(trial, "unauthorized", "the server wants credentials (401%s%s)",
                  trial->challenge[0] == '\0' ? "" : ": ", trial->challenge);
    else if (trial->status == 403)
        trial_end(trial, "forbidden", "the server refused the credentials (403)");
    else if (trial->status == 404)
        trial_end(trial, "not-found", "there is nothing at this path (404)");
    else if (trial->status >= 400 && !trial->answered)
        trial_end(trial, "protocol", "the server answered '%s' with status %d", step_name(trial),
                  trial->status);
    else if (trial->error_code != 0)
        trial_end(trial, "protocol", "the server answered '%s' with error %lld: %s",
                  step_name(trial), (long long)trial->error_code, why);
    else
        trial_end(trial, "protocol", "the server did not answer '%s'", step_name(trial));
}

// Another try in the older era, over a link of its own: a conversation must not go on where a
// modern request was made.
static void fall_back(struct trial *trial)
{
    if (trial->server.era == UPSTREAM_ERA_MODERN) {
        refused(trial);
        return;
    }
    stop_speaking(trial);
    trial->detail[0] = '\0';
    ask(trial, TRIAL_INITIALIZE);
}

static void go_on(struct trial *trial)
{
    bool good = trial->answered && trial->error_code == 0;
    switch (trial->step) {
    case TRIAL_DISCOVER:
        if (trial->modern)
            trial_leg(trial, "discover", trial->version);
        if (trial->modern && trial->has_tools)
            ask(trial, TRIAL_LIST);
        else if (trial->modern)
            trial_end(trial, NULL, " ");
        else if (trial->status == 401 || trial->status == 403)
            refused(trial);
        else
            fall_back(trial);
        return;
    case TRIAL_INITIALIZE:
        if (good && trial->version[0] != '\0') {
            trial_leg(trial, "initialize", trial->version);
            ask(trial, TRIAL_INITIALIZED);
        } else {
            refused(trial);
        }
        return;
    case TRIAL_INITIALIZED:
        if (trial->has_tools)
            ask(trial, TRIAL_LIST);
        else
            trial_end(trial, NULL, " ");
        return;
    case TRIAL_LIST:
        if (!good) {
            refused(trial);
        } else if (trial->cursor[0] != '\0') {
            ask(trial, TRIAL_LIST);
        } else {
            trial_leg(trial, "tools/list", "");
            trial_end(trial, NULL, " ");
        }
        return;
    }
}

static void go_on_cb(void *argument)
{
    struct trial *trial = argument;
    if (!trial->over)
        go_on(trial);
}

static void on_end(void *argument)
{
    struct trial *trial = argument;
    trial->call = NULL;
    loop_timer_stop(trial->patience);
    loop_defer(trial->loop, go_on_cb, trial); // not inside the server's callback
}

static const char *kind_of(const struct trial *trial, int code)
{
    bool program = trial->server.transport == UPSTREAM_CHILD;
    switch (code) {
    case ERROR_TIMEOUT: return "timeout";
    case ERROR_TLS: return "tls";
    case ERROR_CONFIG: return "guard";
    case ERROR_SYNTAX:
    case ERROR_AMBIGUOUS:
    case ERROR_UNSUPPORTED:
    case ERROR_PROTOCOL:
    case ERROR_TOO_LARGE: return "protocol";
    case ERROR_CLOSED: return program ? "ended" : "unreachable";
    default: return program ? "program" : "unreachable";
    }
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct trial *trial = argument;
    (void)sent;
    trial->call = NULL;
    // A server of the older era may end over a question that it does not know.
    if (trial->step == TRIAL_DISCOVER && code != ERROR_TLS && code != ERROR_CONFIG) {
        bool program = trial->server.transport == UPSTREAM_CHILD;
        trial->answered = false;
        loop_timer_start(trial->patience, program ? TRIAL_AGAIN_MS : 0, 0);
    } else {
        trial_end(trial, kind_of(trial, code), "%s", text);
    }
}

static void impatient_cb(void *argument)
{
    struct trial *trial = argument;
    if (trial->over || trial->step != TRIAL_DISCOVER)
        return;
    if (trial->call != NULL)
        upstream_call_cancel(trial->call, false);
    trial->call = NULL;
    go_on(trial);
}

// ---- Speaking

static void said_cb(void *argument, struct upstream_message *message)
{
    (void)argument; // what it says unasked is nothing to a trial
    (void)message;
}

static void closed_cb(void *argument, const char *text)
{
    struct trial *trial = argument;
    if (trial->step != TRIAL_DISCOVER)
        trial_end(trial, kind_of(trial, ERROR_CLOSED), "%s", text);
}

static bool open_link(struct trial *trial)
{
    const struct upstream_link_events events = {
        .on_message = said_cb, .on_closed = closed_cb, .argument = trial};
    struct error error = {0};
    if (trial->link != NULL || !upstream_server_has_links(trial->upstream))
        return true;
    int result = upstream_link_open(trial->upstream, false, &events, &trial->link, &error);
    if (result != 0)
        trial_end(trial,
                  trial->server.transport == UPSTREAM_CHILD ? "program" : kind_of(trial, result),
                  "%s", error.text);
    return result == 0;
}

static int send_text(struct trial *trial, struct slice text, struct error *error)
{
    static const struct upstream_call_events events = {trial_on_head, trial_on_message, on_end,
                                                       on_error, NULL};
    struct upstream_call_events mine = events;
    struct http_header headers[3];
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    int code = 0;
    mine.argument = trial;
    json_doc_init(&doc);
    arena_init(&arena, 64 * 1024);
    struct upstream_request request = {.verb = UPSTREAM_POST,
                                       .text = text,
                                       .doc = &doc,
                                       .message = &message,
                                       .headers = headers,
                                       .header_count = trial_headers(trial, headers)};
    int result = json_scan(&doc, text, NULL, error, NULL);
    if (result == 0)
        result = mcp_decode(&doc, 0, &arena, &message, &code, error);
    if (result == 0)
        result = upstream_send(trial->upstream, trial->link, &request, &mine, &trial->call, error);
    arena_release(&arena);
    json_doc_release(&doc);
    return result;
}

static void ask(struct trial *trial, enum trial_step step)
{
    struct error error = {0};
    struct buffer text;
    trial->step = step;
    trial->status = 0;
    trial->answered = false;
    trial->error_code = 0;
    if (!open_link(trial))
        return;
    buffer_init(&text, 0);
    trial_write_message(trial, &text);
    int result = text.failed ? error_set(&error, ERROR_NO_MEMORY, "out of memory")
                             : send_text(trial, buffer_slice(&text), &error);
    buffer_release(&text);
    if (result != 0)
        trial_end(trial, kind_of(trial, result), "%s", error.text);
    else if (trial->call == NULL) // a notification to a program: nothing comes back
        loop_defer(trial->loop, go_on_cb, trial);
    else if (step == TRIAL_DISCOVER)
        loop_timer_start(trial->patience, TRIAL_DISCOVER_MS, 0);
}

void trial_speak(struct trial *trial)
{
    struct error error = {0};
    int result = upstream_set_new(trial->loop, trial->given->ca_file, &trial->set, &error);
    if (result == 0) {
        upstream_set_guard(trial->set, trial->given->guard);
        upstream_set_listen_to_errors(trial->set, error_line_cb, trial);
        result = upstream_set_apply(trial->set, &trial->server, 1, &error);
    }
    trial->upstream = result == 0 ? upstream_find(trial->set, trial->server.name) : NULL;
    if (trial->upstream == NULL) {
        trial_end(trial, "internal", "%s", error.text);
        return;
    }
    bool older =
        trial->server.era == UPSTREAM_ERA_LEGACY ||
        (trial->server.transport == UPSTREAM_SSE && trial->server.era == UPSTREAM_ERA_AUTO);
    ask(trial, older ? TRIAL_INITIALIZE : TRIAL_DISCOVER);
}

// ---- All of it

static void start_cb(void *argument)
{
    struct trial *trial = argument;
    trial->leg_us = loop_now_us(trial->loop);
    if (trial->server.refusal.length > 0)
        trial_end(trial, "unusable", "%.*s", SLICE_PRINT(trial->server.refusal));
    else if (trial->server.transport == UPSTREAM_CHILD)
        trial_speak(trial);
    else
        trial_reach(trial);
}

static void bound(struct upstream_options *server)
{
    if (server->connect_timeout_ms == 0 || server->connect_timeout_ms > TRIAL_TIME_MS)
        server->connect_timeout_ms = TRIAL_TIME_MS;
    server->answer_timeout_ms = TRIAL_TIME_MS;
    if (server->message_max == 0 || server->message_max > TRIAL_MESSAGE_MAX)
        server->message_max = TRIAL_MESSAGE_MAX;
}

int control_try_server(const struct control_trial *given, struct buffer *out, struct error *error)
{
    struct trial trial = {.given = given, .server = *given->server};
    bound(&trial.server);
    net_socket_init(&trial.socket, -1);
    buffer_init(&trial.legs, 0);
    buffer_init(&trial.tools, 0);
    trial.loop = loop_new();
    if (trial.loop == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    trial.timer = loop_timer_open(trial.loop, timeout_cb, &trial);
    trial.patience = loop_timer_open(trial.loop, impatient_cb, &trial);
    trial.watch = loop_timer_open(trial.loop, watch_cb, &trial);
    loop_timer_start(trial.timer, TRIAL_TIME_MS, 0);
    loop_timer_start(trial.watch, TRIAL_WATCH_MS, TRIAL_WATCH_MS);
    loop_defer(trial.loop, start_cb, &trial);
    loop_run(trial.loop);
    trial_reach_stop(&trial);
    if (trial.set != NULL)
        upstream_set_free(trial.set);
    net_tls_free(trial.tls);
    loop_timer_close(trial.timer);
    loop_timer_close(trial.patience);
    loop_timer_close(trial.watch);
    loop_free(trial.loop);
    trial_write(&trial, out);
    int result = out->failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
    buffer_release(&trial.legs);
    buffer_release(&trial.tools);
    return result;
}
