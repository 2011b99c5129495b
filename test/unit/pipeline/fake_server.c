// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/pipeline/fake_server.h"

#define SESSION "upstream-session-1"

static const struct http_header json[] = {{{"Content-Type", 12}, {"application/json", 16}}};
static const struct http_header events[] = {{{"Content-Type", 12}, {"text/event-stream", 17}}};

// The raw value behind `"name":` up to the next comma or bracket outside a string; "" when absent.
static void member(struct slice text, const char *name, char *value, size_t size)
{
    char wanted[64];
    size_t n = 0;
    bool string = false;
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *end = text.data + text.length;
    const char *at =
        text.length == 0 ? NULL : memmem(text.data, text.length, wanted, strlen(wanted));
    value[0] = '\0';
    if (at == NULL)
        return;
    for (at += strlen(wanted); at < end && n + 1 < size; at++) {
        if (*at == '"')
            string = !string;
        if (!string && (*at == ',' || *at == '}' || *at == ']'))
            break;
        value[n++] = *at;
    }
    value[n] = '\0';
}

static void write_down(struct fake_server *fake, const char *method, const char *name)
{
    size_t room = sizeof fake->calls - fake->length;
    int length = snprintf(fake->calls + fake->length, room, "%s%s%s\n", method,
                          name[0] == '\0' ? "" : " ", name);
    assert_true(length > 0 && (size_t)length < room);
    fake->length += (size_t)length;
}

static void unquote(char *value)
{
    size_t length = strlen(value);
    if (length < 2 || value[0] != '"')
        return;
    memmove(value, value + 1, length - 2);
    value[length - 2] = '\0';
}

// To a message of the old transport: taken, and answered on its stream.
static struct http_reply *take_posted(struct fake_server *fake, struct http_reply *reply)
{
    http_reply_send(reply, 202, NULL, 0, (struct slice){0});
    return fake->posted_to->reply;
}

static void say(struct fake_server *fake, struct http_reply *reply, const char *id,
                const char *result)
{
    char body[2048];
    snprintf(body, sizeof body, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", id,
             result);
    if (fake->posted_to != NULL)
        http_reply_write(take_posted(fake, reply), slice_from_string(body));
    else
        http_reply_send(reply, 200, json, 1, slice_of(body + 6, strlen(body) - 8));
}

static void say_events(struct fake_server *fake, struct http_reply *reply, const char *id,
                       const char *token)
{
    char body[1024];
    bool old = fake->posted_to != NULL;
    if (old)
        reply = take_posted(fake, reply);
    else
        http_reply_start(reply, 200, events, 1);
    if (token[0] != '\0') {
        snprintf(body, sizeof body,
                 "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
                 "\"progressToken\":%s,\"progress\":1}}\n\n",
                 token);
        http_reply_write(reply, slice_from_string(body));
    }
    snprintf(body, sizeof body,
             "id: 7\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"content\":[{"
             "\"type\":\"text\",\"text\":\"stream\"}]}}\n\n",
             id);
    http_reply_write(reply, slice_from_string(body));
    if (!old)
        http_reply_finish(reply);
}

static void gone_cb(void *argument)
{
    struct fake_server *fake = argument;
    fake->held = NULL;
    fake->lost_hold = true;
}

static void drained_cb(void *argument)
{
    (void)argument;
}

// ---- A call that asks its client something

#define ELICITATION                                                                                \
    "\"method\":\"elicitation/create\",\"params\":{\"message\":\"sure?\",\"requestedSchema\":{"    \
    "\"type\":\"object\",\"properties\":{}}}"
#define MODERN_MARK "io.modelcontextprotocol/protocolVersion"
#define ASKED "{\"content\":[{\"type\":\"text\",\"text\":\"asked\"}]}"

static bool has(struct slice body, const char *text)
{
    return memmem(body.data, body.length, text, strlen(text)) != NULL;
}

static void asking_gone_cb(void *argument)
{
    struct fake_server *fake = argument;
    fake->asking = NULL;
}

static void ask(struct fake_server *fake, struct http_reply *reply, struct slice body,
                const char *id)
{
    char text[256];
    bool again =
        has(body, "\"requestState\":\"asked-1\"") && has(body, "\"inputResponses\":{\"q\":{");
    if (fake->modern) {
        say(fake, reply, id,
            again ? ASKED
                  : "{\"resultType\":\"input_required\",\"requestState\":\"asked-1\","
                    "\"inputRequests\":{\"q\":{" ELICITATION "}}}");
        return;
    }
    if (fake->asking != NULL) { // one at a time
        http_reply_listen(fake->asking, (struct http_reply_events){0});
        http_reply_finish(fake->asking);
    }
    fake->asking = reply;
    snprintf(fake->asking_id, sizeof fake->asking_id, "%s", id);
    http_reply_listen(reply, (struct http_reply_events){asking_gone_cb, drained_cb, fake});
    http_reply_start(reply, 200, events, 1);
    snprintf(text, sizeof text, "data: {\"jsonrpc\":\"2.0\",\"id\":\"ask-%u\"," ELICITATION "}\n\n",
             ++fake->questions);
    http_reply_write(reply, slice_from_string(text));
}

// The client's answer to the question, whatever it says.
static void take_answer(struct fake_server *fake, struct http_reply *reply, const char *id)
{
    char text[256];
    http_reply_send(reply, 202, NULL, 0, (struct slice){0});
    snprintf(text, sizeof text, "\"ask-%u\"", fake->questions);
    if (fake->asking == NULL || strcmp(id, text) != 0)
        return;
    struct http_reply *asking = fake->asking;
    fake->asking = NULL;
    snprintf(text, sizeof text, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":" ASKED "}\n\n",
             fake->asking_id);
    http_reply_write(asking, slice_from_string(text));
    http_reply_finish(asking);
}

// A server of the older era takes no calls of the newer.
static bool refuses(struct fake_server *fake, struct http_reply *reply, struct slice body,
                    const char *id)
{
    char text[160];
    if (fake->modern || fake->posted_to != NULL || !has(body, MODERN_MARK))
        return false;
    snprintf(
        text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32600,\"message\":\"no session\"}}",
        id);
    http_reply_send(reply, 400, json, 1, slice_from_string(text));
    return true;
}

static void call(struct fake_server *fake, struct http_reply *reply, struct slice body,
                 const char *id, const char *name)
{
    char token[64], result[256];
    if (strcmp(name, "ask") == 0) {
        ask(fake, reply, body, id);
        return;
    }
    if (strcmp(name, "stream") == 0) {
        member(body, "progressToken", token, sizeof token);
        say_events(fake, reply, id, token);
        return;
    }
    if (strcmp(name, "hold") == 0) {
        fake->held = reply;
        fake->got_hold = true;
        snprintf(fake->held_id, sizeof fake->held_id, "%s", id);
        http_reply_listen(reply, (struct http_reply_events){gone_cb, drained_cb, fake});
        return;
    }
    snprintf(result, sizeof result, "{\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]%s}", name,
             strcmp(name, "fail") == 0 ? ",\"isError\":true" : "");
    say(fake, reply, id, result);
}

static void initialize(struct fake_server *fake, struct http_reply *reply, struct slice body,
                       const char *id)
{
    const struct http_header headers[] = {json[0], {{"Mcp-Session-Id", 14}, {SESSION, 18}}};
    char version[64], text[512], result[256];
    member(body, "protocolVersion", version, sizeof version);
    snprintf(result, sizeof result,
             "{\"protocolVersion\":%s,\"capabilities\":{\"tools\":{\"listChanged\":true},"
             "\"resources\":{\"subscribe\":true}},"
             "\"serverInfo\":{\"name\":\"fake\",\"version\":\"1\"}}",
             version);
    if (fake->posted_to != NULL) {
        say(fake, reply, id, result);
        return;
    }
    if (fake->modern) {
        snprintf(
            text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32022,\"message\":\"not spoken\","
            "\"data\":{\"supported\":[\"2026-07-28\"],\"requested\":%s}}}",
            id, version);
        http_reply_send(reply, 400, json, 1, slice_from_string(text));
        return;
    }
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}", id, result);
    http_reply_send(reply, 200, headers, 2, slice_from_string(text));
}

static void discover(struct fake_server *fake, struct http_reply *reply, const char *id)
{
    say(fake, reply, id,
        fake->modern ? "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],"
                       "\"capabilities\":{\"tools\":{},\"resources\":{\"subscribe\":true}},"
                       "\"ttlMs\":0,\"cacheScope\":\"private\"}"
                     : "{}");
}

static void stream_gone_cb(void *argument)
{
    struct fake_stream *stream = argument;
    stream->reply = NULL;
}

static void open_stream(struct fake_server *fake, struct http_reply *reply)
{
    size_t n = 0;
    char text[64];
    while (n < FAKE_STREAMS && fake->streams[n].reply != NULL)
        n++;
    assert_true(n < FAKE_STREAMS);
    fake->streams[n].reply = reply;
    http_reply_listen(reply,
                      (struct http_reply_events){stream_gone_cb, drained_cb, &fake->streams[n]});
    http_reply_start(reply, 200, events, 1);
    snprintf(text, sizeof text, "event: endpoint\ndata: /post?%zu\n\n", n);
    http_reply_write(reply, slice_from_string(text));
}

// False when it was for a stream that is gone.
static bool find_stream(struct fake_server *fake, const struct http_request *request)
{
    fake->posted_to = NULL;
    if (!slice_equal_string(request->path, "/post"))
        return true;
    size_t n = request->query.length == 0 ? 0 : (size_t)(request->query.data[0] - '0');
    if (n >= FAKE_STREAMS || fake->streams[n].reply == NULL)
        return false;
    fake->posted_to = &fake->streams[n];
    return true;
}

static void listening_gone_cb(void *argument)
{
    struct fake_server *fake = argument;
    fake->listening = NULL;
}

#define NEWS(kind, members)                                                                        \
    "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/" kind "\",\"params\":{" members        \
    ",\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":%s}}}\n\n"

// Tells at once that the resource has changed, and stays open.
static void listen_to(struct fake_server *fake, struct http_reply *reply, const char *id)
{
    static const char news[] = NEWS("subscriptions/acknowledged",
                                    "\"notifications\":{\"resourceSubscriptions\":[\"test://a\"]}")
        NEWS("resources/updated", "\"uri\":\"test://a\"");
    char text[1024];
    if (fake->listening != NULL) { // one at a time
        http_reply_listen(fake->listening, (struct http_reply_events){0});
        http_reply_finish(fake->listening);
    }
    fake->listening = reply;
    http_reply_listen(reply, (struct http_reply_events){listening_gone_cb, drained_cb, fake});
    http_reply_start(reply, 200, events, 1);
    snprintf(text, sizeof text, news, id, id);
    http_reply_write(reply, slice_from_string(text));
}

static void handle_message(struct fake_server *fake, struct http_reply *reply, struct slice body)
{
    char id[64], method[64], name[64];
    const char *at = memmem(body.data, body.length, "\"params\"", 8);
    struct slice params =
        at == NULL ? (struct slice){"", 0} : slice_of(at, body.length - (size_t)(at - body.data));
    member(body, "id", id, sizeof id);
    member(body, "method", method, sizeof method);
    member(params, "name", name, sizeof name);
    unquote(method);
    unquote(name);
    bool calls = strcmp(method, "tools/call") == 0;
    if (calls && refuses(fake, reply, body, id))
        return;
    write_down(fake, method, calls ? name : "");
    if (id[0] != '\0' && method[0] == '\0')
        take_answer(fake, reply, id);
    else if (id[0] == '\0')
        http_reply_send(reply, 202, NULL, 0, (struct slice){0});
    else if (strcmp(method, "initialize") == 0)
        initialize(fake, reply, body, id);
    else if (strcmp(method, "subscriptions/listen") == 0 && fake->modern)
        listen_to(fake, reply, id);
    else if (strcmp(method, "server/discover") == 0)
        discover(fake, reply, id);
    else if (strcmp(method, "tools/list") == 0)
        say(fake, reply, id,
            "{\"tools\":[{\"name\":\"plain\",\"inputSchema\":{\"type\":\"object\"},"
            "\"annotations\":{\"readOnlyHint\":true}},"
            "{\"name\":\"s\\u0065cret\",\"inputSchema\":{\"type\":\"object\"}},"
            "{\"name\":\"drop\",\"inputSchema\":{\"type\":\"object\"}}]}");
    else if (calls)
        call(fake, reply, body, id, name);
    else
        say(fake, reply, id, "{}");
}

static void handle_cb(void *argument, struct http_reply *reply, const struct http_request *request)
{
    struct fake_server *fake = argument;
    struct slice session = http_header_get(request->headers, HTTP_MCP_SESSION_ID);
    char method[64];
    fake->modern = slice_equal_string(request->path, "/new");
    fake->saw_token |= http_header_count(request->headers, HTTP_AUTHORIZATION) > 0;
    fake->saw_foreign_id |= session.data != NULL && !slice_equal_string(session, SESSION);
    if (slice_equal_string(request->path, "/sse")) {
        open_stream(fake, reply);
        return;
    }
    if (!find_stream(fake, request)) {
        http_reply_send(reply, 404, NULL, 0, (struct slice){0});
        return;
    }
    if (!slice_equal_string(request->method, "POST")) {
        snprintf(method, sizeof method, "%.*s", SLICE_PRINT(request->method));
        write_down(fake, method, "");
        http_reply_send(reply, slice_equal_string(request->method, "GET") ? 405 : 200, NULL, 0,
                        (struct slice){0});
        return;
    }
    handle_message(fake, reply, request->body);
}

static void refused_cb(void *argument, int status, const char *reason, struct slice peer)
{
    (void)argument;
    (void)status;
    (void)reason;
    (void)peer;
}

void fake_open(struct fake_server *fake, struct loop *loop, struct net_tls *tls)
{
    struct error error = {0};
    const struct http_server_options options = {.tls = tls};
    *fake = (struct fake_server){0};
    if (http_server_open(loop, "127.0.0.1:0", &options, handle_cb, refused_cb, fake, &fake->server,
                         &error) != 0)
        fail_msg("%s", error.text);
    fake->port = http_server_port(fake->server);
}

void fake_close(struct fake_server *fake)
{
    http_server_free(fake->server);
}

size_t fake_count(const struct fake_server *fake, const char *line)
{
    size_t count = 0, length = strlen(line);
    for (const char *at = fake->calls; *at != '\0'; at = strchr(at, '\n') + 1)
        count += strncmp(at, line, length) == 0 && at[length] == '\n';
    return count;
}

void fake_forget(struct fake_server *fake)
{
    fake->length = 0;
    fake->calls[0] = '\0';
}

void fake_release(struct fake_server *fake)
{
    assert_non_null(fake->held);
    struct http_reply *reply = fake->held;
    fake->held = NULL;
    fake->posted_to = NULL;
    say(fake, reply, fake->held_id, "{\"content\":[{\"type\":\"text\",\"text\":\"hold\"}]}");
}
