// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/http/http_world.h"
#include "base/memory.h"

static void gone_cb(void *argument)
{
    struct world *world = argument;
    world->held = NULL;
    world->gone = true;
}

static void drained_cb(void *argument)
{
    ((struct world *)argument)->room = true;
}

static void handle_cb(void *argument, struct http_reply *reply, const struct http_request *request)
{
    struct world *world = argument;
    world->requests++;
    world->got_request = true;
    world->request = *request;
    buffer_append(&world->log, request->method);
    buffer_append_string(&world->log, " ");
    buffer_append(&world->log, request->path);
    if (request->query.length > 0)
        buffer_append_format(&world->log, "?%.*s", SLICE_PRINT(request->query));
    buffer_append_string(&world->log, " [");
    buffer_append(&world->log, request->body);
    buffer_append_string(&world->log, "]\n");
    http_reply_listen(reply, (struct http_reply_events){gone_cb, drained_cb, world});
    if (world->handle != NULL)
        world->handle(world, reply, request);
    else if (world->hold)
        world->held = reply;
    else
        http_reply_send(reply, 200, NULL, 0, slice_from_string(world->answer));
}

static void refused_cb(void *argument, int status, const char *reason, struct slice peer)
{
    struct world *world = argument;
    assert_true(slice_starts_with(peer, SLICE_LITERAL("127.0.0.1:")));
    world->refusals++;
    world->refused_status = status;
    snprintf(world->reason, sizeof world->reason, "%s", reason);
}

struct world *world_open(const struct http_server_options *options)
{
    struct world *world = memory_new(sizeof *world);
    struct error error = {0};
    world->loop = loop_new();
    world->answer = "ok";
    int result = http_server_open(world->loop, "127.0.0.1:0", options, handle_cb, refused_cb, world,
                                  &world->server, &error);
    if (result != 0)
        fail_msg("%s", error.text);
    world->port = http_server_port(world->server);
    return world;
}

void world_close(struct world *world)
{
    http_server_free(world->server);
    loop_free(world->loop);
    buffer_release(&world->log);
    memory_free(world);
}

struct raw *world_connect(struct world *world)
{
    return raw_connect(world->loop, world->port);
}

void world_wait_request(struct world *world)
{
    turn_until(world->loop, &world->got_request);
    world->got_request = false;
}

bool world_was_asked(struct world *world, const char *line)
{
    struct slice log = buffer_slice(&world->log);
    return memmem(log.data, log.length, line, strlen(line)) != NULL;
}

static struct slice note_of(struct http_headers headers)
{
    for (size_t i = 0; i < headers.count; i++)
        if (slice_equal_ignoring_case(headers.items[i].name, SLICE_LITERAL("x-note")))
            return headers.items[i].value;
    return (struct slice){0};
}

static void head_cb(void *argument, const struct http_response *head)
{
    struct result *result = argument;
    struct slice note = note_of(head->headers);
    result->heads++;
    result->got_head = true;
    result->status = head->status;
    if (note.data != NULL)
        snprintf(result->note, sizeof result->note, "%.*s", SLICE_PRINT(note));
    if (result->cancel_in_head)
        http_call_cancel(result->call);
}

static void body_cb(void *argument, struct slice data)
{
    struct result *result = argument;
    result->pieces++;
    assert_true(data.length > 0);
    buffer_append(&result->body, data);
    if (result->pause_in_body)
        http_call_pause(result->call);
    if (result->cancel_in_body)
        http_call_cancel(result->call);
}

static void end_cb(void *argument)
{
    struct result *result = argument;
    assert_false(result->done);
    result->done = result->ended = true;
}

static void error_cb(void *argument, int code, bool sent, const char *text)
{
    struct result *result = argument;
    assert_false(result->done);
    result->done = true;
    result->code = code;
    result->sent = sent;
    snprintf(result->text, sizeof result->text, "%s", text);
}

struct http_client *world_client(struct loop *loop, uint16_t port)
{
    struct http_client_options options = {.host = SLICE_LITERAL("127.0.0.1"), .port = port};
    return http_client_new(loop, &options);
}

int world_call(struct http_client *client, struct result *result, const char *target,
               const char *body, bool repeatable)
{
    struct http_header header = {SLICE_LITERAL("X-Test"), SLICE_LITERAL("yes")};
    struct http_call_request request = {.method = SLICE_LITERAL("POST"),
                                        .target = slice_from_string(target),
                                        .headers = &header,
                                        .header_count = 1,
                                        .body = slice_from_string(body),
                                        .repeatable = repeatable};
    struct http_call_events events = {head_cb, body_cb, end_cb, error_cb, result};
    int code = http_client_start(client, &request, &events, &result->call);
    assert_false(result->done || result->got_head);
    return code;
}

void result_release(struct result *result)
{
    buffer_release(&result->body);
}
