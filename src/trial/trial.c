// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tries a server out as a client would: reaches it, agrees on a protocol, lists its tools. On a
// loop, with connections and processes of its own, so that nothing that serves calls notices.
#include "trial/trial_internal.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

// ---- Later, at the end of a turn, when nothing of what is taken down is being called back

static void release(struct trial *trial)
{
    buffer_release(&trial->result.names);
    buffer_release(&trial->result.tools);
    memory_free(trial);
}

static bool is_last(struct trial *trial)
{
    trial->deferred--;
    if (trial->freed && trial->deferred == 0)
        release(trial);
    else
        return trial->freed;
    return true;
}

static void defer(struct trial *trial, void (*run)(void *argument))
{
    trial->deferred++;
    loop_defer(trial->loop, run, trial);
}

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

static void tell(void *argument)
{
    struct trial *trial = argument;
    if (is_last(trial) || trial->told)
        return;
    trial->told = true;
    loop_timer_stop(trial->timer);
    trial->done(trial->argument);
}

static void drained_cb(void *argument)
{
    defer(argument, tell);
}

static void take_down(void *argument)
{
    struct trial *trial = argument;
    if (is_last(trial))
        return;
    trial_reach_stop(trial);
    stop_speaking(trial);
    if (trial->set == NULL)
        defer(trial, tell);
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
        vsnprintf(trial->result.detail, sizeof trial->result.detail, format, arguments);
        va_end(arguments);
        snprintf(trial->result.kind, sizeof trial->result.kind, "%s", kind);
    }
    loop_timer_start(trial->timer, trial->given.end_ms, 0);
    defer(trial, take_down);
}

static void timeout_cb(void *argument)
{
    struct trial *trial = argument;
    if (trial->over)
        defer(trial, tell); // the program did not leave by itself
    else
        trial_end(trial, "timeout", "it took longer than %llu seconds",
                  (unsigned long long)(trial->given.time_ms / 1000));
}

void trial_stop(struct trial *trial, const char *text)
{
    trial_end(trial, "stopped", "%s", text);
}

void trial_leg(struct trial *trial, const char *name, const char *detail)
{
    struct trial_result *result = &trial->result;
    uint64_t now_us = loop_now_us(trial->loop);
    if (result->leg_count < TRIAL_LEGS_MAX) {
        struct trial_leg *leg = &result->legs[result->leg_count++];
        leg->name = name;
        leg->took_us = now_us - trial->leg_us;
        snprintf(leg->detail, sizeof leg->detail, "%s", detail);
    }
    trial->leg_us = now_us;
}

static void error_line_cb(void *argument, struct slice line)
{
    struct trial *trial = argument;
    struct trial_result *result = &trial->result;
    trial_keep_text(result->errors[result->error_count++ % TRIAL_ERROR_LINES], TRIAL_ERROR_LINE_MAX,
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
    char why[sizeof trial->result.detail];
    snprintf(why, sizeof why, "%s", trial->result.detail);
    if (trial->status == 401)
        trial_end(trial, "unauthorized", "the server wants credentials (401%s%s)",
                  trial->result.challenge[0] == '\0' ? "" : ": ", trial->result.challenge);
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
    trial->result.detail[0] = '\0';
    ask(trial, TRIAL_INITIALIZE);
}

static void go_on(struct trial *trial)
{
    bool good = trial->answered && trial->error_code == 0;
    switch (trial->step) {
    case TRIAL_DISCOVER:
        if (trial->result.modern)
            trial_leg(trial, "discover", trial->result.version);
        if (trial->result.modern && trial->has_tools)
            ask(trial, TRIAL_LIST);
        else if (trial->result.modern)
            trial_end(trial, NULL, " ");
        else if (trial->status == 401 || trial->status == 403)
            refused(trial);
        else
            fall_back(trial);
        return;
    case TRIAL_INITIALIZE:
        if (good && trial->result.version[0] != '\0') {
            trial_leg(trial, "initialize", trial->result.version);
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
        } else if (trial->no_list) {
            trial_end(trial, "protocol",
                      "the server answered 'tools/list' without a list of tools");
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
    if (!is_last(trial) && !trial->over)
        go_on(trial);
}

static void on_end(void *argument)
{
    struct trial *trial = argument;
    trial->call = NULL;
    loop_timer_stop(trial->patience);
    defer(trial, go_on_cb); // not inside the server's callback
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
        defer(trial, go_on_cb);
    else if (step == TRIAL_DISCOVER)
        loop_timer_start(trial->patience, trial->given.discover_ms, 0);
}

void trial_speak(struct trial *trial)
{
    struct error error = {0};
    int result = upstream_set_new(trial->loop, trial->given.ca_file, &trial->set, &error);
    if (result == 0) {
        upstream_set_guard(trial->set, trial->given.guard);
        upstream_set_confine(trial->set, trial->given.limits);
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
    if (is_last(trial) || trial->over)
        return;
    trial->leg_us = loop_now_us(trial->loop);
    if (trial->server.refusal.length > 0)
        trial_end(trial, "unusable", "%.*s", SLICE_PRINT(trial->server.refusal));
    else if (trial->server.transport == UPSTREAM_CHILD)
        trial_speak(trial);
    else
        trial_reach(trial);
}

static void bound(struct upstream_options *server, const struct trial_options *given)
{
    if (server->connect_timeout_ms == 0 || server->connect_timeout_ms > given->time_ms)
        server->connect_timeout_ms = given->time_ms;
    server->answer_timeout_ms = given->time_ms;
    if (server->message_max == 0 || server->message_max > given->message_max)
        server->message_max = given->message_max;
}

struct trial *trial_start(struct loop *loop, const struct trial_options *options,
                          void (*done)(void *argument), void *argument)
{
    struct trial *trial = memory_try_new(sizeof *trial);
    if (trial == NULL)
        return NULL;
    trial->given = *options;
    trial->server = *options->server;
    trial->done = done;
    trial->argument = argument;
    trial->loop = loop;
    bound(&trial->server, options);
    net_socket_init(&trial->socket, -1);
    buffer_init(&trial->result.names, 0);
    buffer_init(&trial->result.tools, 0);
    trial->timer = loop_timer_open(loop, timeout_cb, trial);
    trial->patience = loop_timer_open(loop, impatient_cb, trial);
    loop_timer_start(trial->timer, options->time_ms, 0);
    defer(trial, start_cb);
    return trial;
}

const struct trial_result *trial_get_result(const struct trial *trial)
{
    return &trial->result;
}

void trial_free(struct trial *trial)
{
    if (trial == NULL)
        return;
    trial->over = true;
    trial->told = true;
    trial_reach_stop(trial);
    stop_speaking(trial);
    if (trial->set != NULL)
        upstream_set_free(trial->set);
    net_tls_free(trial->tls);
    loop_timer_close(trial->timer);
    loop_timer_close(trial->patience);
    trial->freed = true;
    if (trial->deferred == 0)
        release(trial);
}
