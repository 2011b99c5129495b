// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: a whole gateway in the process (loop, identities, policies, limits, servers, pipeline,
// HTTP on a port of its own), a fake server behind it and an agent before it, all on one loop.
//
// Servers: "fake" over HTTP; "dead", a port on which nobody listens; "child", a process for each
// session; "shared", a process for all sessions; "old", the fake one by the transport of
// 2024-11-05; "new", the fake one of 2026-07-28 only; "far" and "farnew", what this gateway itself
// has at /mcp/fake and /mcp/new, as `sallyport connect` sees it. Grants: "agent" and "other"
// (enforced), "watcher" (observed), "all" (everything is allowed); the token is "sp_" and the
// label.
#pragma once

#include "lib/scratch.h"
#include "pipeline/pipeline.h"
#include "unit/pipeline/fake_server.h"

#define WORLD_POLICY                                                                               \
    "{\"version\":\"1\",\"default\":\"deny\",\"hide\":[\"secret\"],"                               \
    "\"resources\":{\"default\":\"allow\"},\"methods\":{"                                          \
    "\"elicitation/create\":\"allow\"},\"tools\":{"                                                \
    "\"add\":{\"limits\":[{\"counter\":\"adds\",\"window\":\"hour\",\"max\":2}]},"                 \
    "\"plain\":{},\"stream\":{},\"fail\":{},\"hold\":{},\"die\":{},\"ask\":{},"                    \
    "\"drop\":{\"action\":\"deny\",\"reason\":\"Nothing may be dropped.\"},"                       \
    "\"few\":{\"deny_if\":[{\"conditions\":[{\"path\":\"session.calls\",\"op\":\"gte\","           \
    "\"value\":1}],\"on_deny\":\"Only as the first call.\"}]}}}"

enum { WORLD_WAIT_MS = 5000 }; // shorter than every timeout of the product

struct gateway_world {
    struct scratch scratch;
    char record[192]; // what children of this world were told
    struct loop *loop;
    struct fake_server fake;
    int dead_fd; // holds the dead server's port
    uint16_t dead_port;
    struct limit_table *limits;
    struct upstream_set *upstreams;
    struct pipeline *pipeline;
    struct http_server *server;
    struct http_client *agent;
    struct net_tls *server_tls, *client_tls; // NULL: plain
    bool expired;
};

struct certificates; // unit/net/certificate.h
struct world_options {
    const char *policy;      // NULL: WORLD_POLICY
    const char *child_mode;  // the child's first argument besides `record`, or NULL
    const char *child_value; // and its value
    uint64_t answer_timeout_ms;
    const char *host;               // of the fake server; NULL: "127.0.0.1"
    const struct certificates *tls; // TLS on both faces and to the fake server; NULL: plain
};
struct gateway_world *gateway_world_open(const struct world_options *options);
void gateway_world_close(struct gateway_world *world);
// A reload with this policy. `grants` false: no grant is left.
void gateway_world_apply(struct gateway_world *world, const char *policy, bool grants);
// Runs the loop until the flag is set; false when WORLD_WAIT_MS have passed.
bool gateway_world_wait(struct gateway_world *world, const bool *flag);
// Runs the loop for a while.
void gateway_world_rest(struct gateway_world *world, uint64_t ms);
// How often the children were told this line, `"tools/call" "drop"`.
size_t gateway_world_told(struct gateway_world *world, const char *line);

struct ask {
    const char *server;  // NULL: "fake"
    const char *grant;   // NULL: "agent"
    const char *body;    // NULL: no body
    const char *session; // NULL: none
    const char *modern;  // Mcp-Method of a modern message, NULL: a legacy one
    const char *name;    // Mcp-Name
    const char *verb;    // NULL: POST
    const char *last_id; // Last-Event-ID; NULL: none
};
struct answer {
    struct gateway_world *world;
    struct http_call *call;
    bool done;  // ended or failed
    bool heard; // the same, or it holds a question or news already
    bool ended; // whole
    int code;   // why not
    int status;
    char session[80];
    char body[16384];
    size_t length;
};
// Starts a request; `answer` must stay until it is done.
void agent_start(struct gateway_world *world, const struct ask *ask, struct answer *answer);
// The same, and waits. False when nothing came in time (the request is given up then).
bool agent_ask(struct gateway_world *world, const struct ask *ask, struct answer *answer);
bool answer_has(const struct answer *answer, const char *text);
// A legacy initialize that must succeed; the session is in `answer`.
void agent_initialize(struct gateway_world *world, const char *server, const char *grant,
                      const char *version, struct answer *answer);
// A call of a tool, legacy when `session` is given, else modern.
bool agent_call(struct gateway_world *world, const char *server, const char *grant,
                const char *session, const char *tool, struct answer *answer);

#define INITIALIZE(version)                                                                        \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"     \
    "\"" version "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"a\",\"version\":\"1\"}}}"
#define INITIALIZE_ASKABLE                                                                         \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"     \
    "\"2025-11-25\",\"capabilities\":{\"elicitation\":{}},\"clientInfo\":{\"name\":\"a\","         \
    "\"version\":\"1\"}}}"
#define LIST "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}"
