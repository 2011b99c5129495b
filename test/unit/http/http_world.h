// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: a server whose handler writes down what it was asked, and calls that write down how
// they ended.
#pragma once

#include "http/http.h"
#include "unit/net/peers.h"

struct world {
    struct loop *loop;
    struct http_server *server;
    uint16_t port;
    struct buffer log; // "POST /path?query [body]\n" for each request
    size_t requests;
    size_t refusals;
    int refused_status;
    char reason[256];
    bool hold; // do not answer at once
    struct http_reply *held;
    struct http_request request; // of the last one; valid while its reply is open
    const char *answer;
    bool got_request, gone, drained, room;
    void (*handle)(struct world *world, struct http_reply *reply,
                   const struct http_request *request);
};
struct world *world_open(const struct http_server_options *options);
void world_close(struct world *world);
struct raw *world_connect(struct world *world);
void world_wait_request(struct world *world); // until the handler was called (again)
bool world_was_asked(struct world *world, const char *line);

struct result {
    struct http_call *call;
    bool done, ended, sent;
    int code;
    int status;
    size_t heads;
    size_t pieces;
    struct buffer body;
    char text[256];
    char note[64]; // the X-Note header
    bool pause_in_body, cancel_in_head, cancel_in_body;
    bool got_head;
};
struct http_client *world_client(struct loop *loop, uint16_t port);
// Starts a call with a body ("" for none).
int world_call(struct http_client *client, struct result *result, const char *target,
               const char *body, bool repeatable);
void result_release(struct result *result);
