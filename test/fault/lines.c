// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client on a pair of pipes. It allocates nothing, and makes none of the system calls that fail,
// so that what fails is the gateway's.
#include "conversations.h"

#include <errno.h>
#include <sys/socket.h>

enum { TEXT_SIZE = 65536 };

struct line_client {
    struct gateway_world *world;
    struct pipeline_stdio *stdio;
    struct loop_io *io;
    int in[2], out[2];          // ours is the first of each
    bool closed;                // the gateway has said that it is over
    bool asked;                 // a call was sent that waits for an answer of ours
    bool answered;              // and the answer
    bool stirred;               // what is waited for has come, or is over
    const char *wanted, *other; // either of them is waited for; `other` may be NULL
    char text[TEXT_SIZE];       // all it said
    size_t length;
};

static bool has(const struct line_client *client, const char *text)
{
    return text != NULL && strstr(client->text, text) != NULL;
}

static void look(struct line_client *client)
{
    // An error without an id: for this request there can be no other answer.
    client->stirred = client->closed || has(client, client->wanted) || has(client, client->other) ||
                      has(client, "\"id\":null");
}

static void closed_cb(void *argument)
{
    struct line_client *client = argument;
    client->closed = true;
    look(client);
}

static void readable_cb(void *argument, int events)
{
    struct line_client *client = argument;
    (void)events;
    ssize_t got = recvfrom(client->out[0], client->text + client->length,
                           TEXT_SIZE - 1 - client->length, 0, NULL, NULL);
    assert_true(client->length < TEXT_SIZE - 1);
    if (got > 0)
        client->length += (size_t)got;
    client->text[client->length] = '\0';
    assert_false(has(client, "\"name\":\"secret\""));
    assert_false(has(client, "\"name\":\"s\\u0065cret\""));
    look(client);
}

static bool wait_for(struct line_client *client, const char *wanted, const char *other)
{
    client->wanted = wanted;
    client->other = other;
    look(client);
    assert_true(gateway_world_wait(client->world, &client->stirred));
    return has(client, wanted);
}

// Whole, whatever the system does.
static void say(struct line_client *client, const char *line)
{
    size_t length = strlen(line), sent = 0;
    while (sent < length) {
        ssize_t got = sendto(client->in[0], line + sent, length - sent, MSG_NOSIGNAL, NULL, 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return;
        sent += got > 0 ? (size_t)got : 0;
    }
}

// The answer carries `id` (in quotes); false when none came.
static bool ask(struct line_client *client, const char *id, const char *rest)
{
    char line[1024], wanted[64];
    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%s,%s}\n", id, rest);
    snprintf(wanted, sizeof wanted, "\"id\":%s", id);
    say(client, line);
    return wait_for(client, wanted, NULL);
}

static bool call(struct line_client *client, const char *id, const char *tool)
{
    char rest[256];
    snprintf(rest, sizeof rest,
             "\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{}}", tool);
    return ask(client, id, rest);
}

static bool open_client(struct line_client *client, struct gateway_world *world, const char *grant,
                        const char *server)
{
    struct error error = {0};
    *client = (struct line_client){.world = world};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client->in), 0);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, client->out), 0);
    client->io = loop_io_open(world->loop, client->out[0], readable_cb, client);
    if (client->io != NULL)
        loop_io_want(client->io, LOOP_READ);
    return client->io != NULL &&
           pipeline_stdio_open(world->pipeline, slice_from_string(grant), slice_from_string(server),
                               client->in[1], client->out[1], closed_cb, client, &client->stdio,
                               &error) == 0;
}

static void close_client(struct line_client *client)
{
    pipeline_stdio_free(client->stdio);
    if (client->io != NULL)
        loop_io_close(client->io);
    for (int i = 0; i < 2; i++) {
        close(client->in[i]);
        close(client->out[i]);
    }
}

// A call during which the server elicits something.
static bool asked(struct line_client *client)
{
    char line[256], id[80];
    client->asked = true;
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"tools/call\",\"params\":{"
                "\"name\":\"ask\",\"arguments\":{}}}\n");
    if (!wait_for(client, "elicitation/create", "\"id\":\"q\"") ||
        !question_id(client->text, id, sizeof id))
        return false;
    snprintf(line, sizeof line,
             "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"action\":\"accept\",\"content\":{}}}\n",
             id);
    say(client, line);
    client->answered = true;
    return wait_for(client, "\"id\":\"q\"", NULL) && has(client, "\"text\":\"asked\"");
}

static bool converse(struct line_client *client)
{
    static const char *const adds[] = {"\"a1\"", "\"a2\"", "\"a3\""};
    ask(client, "\"i\"",
        "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
        "\"capabilities\":{\"elicitation\":{}},\"clientInfo\":{\"name\":\"l\",\"version\":\"1\"}}");
    say(client, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    ask(client, "\"l\"", "\"method\":\"tools/list\"");
    for (size_t i = 0; i < sizeof adds / sizeof *adds; i++)
        call(client, adds[i], "add");
    call(client, "\"d\"", "drop");
    call(client, "\"s\"", "secret");
    call(client, "\"st\"", "stream");
    if (client->closed || has(client, "\"id\":null"))
        return false;
    return asked(client) && has(client, "Nothing may be dropped.");
}

static bool converse_lines(struct gateway_world *world, const char *grant, const char *server)
{
    static struct line_client client;
    bool good = open_client(&client, world, grant, server) && converse(&client);
    // A call that waits for an answer of a client that is gone is not waited for.
    bool unanswered = client.asked && !client.answered && !has(&client, "\"id\":\"q\"");
    if (client.stdio != NULL && !unanswered) {
        shutdown(client.in[0], SHUT_WR);
        assert_true(gateway_world_wait(world, &client.closed));
    }
    close_client(&client);
    return good;
}

bool converse_run(struct gateway_world *world, const char *server)
{
    return converse_lines(world, "agent", server);
}

bool converse_connect(struct gateway_world *world, const char *server)
{
    return converse_lines(world, "all", server);
}
