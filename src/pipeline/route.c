// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// With several workers: which of them has what a request is about. A session lives where it was
// opened, and its id says where. A program that all requests of a grant share must be one program,
// and the gateway's own session at a legacy server one session, so such requests meet at one
// worker. Whatever else there is, any worker can serve.
#include "pipeline/route_internal.h"
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/http_face_internal.h"

enum { WORKER_DIGITS = 2 };

void route_mark_session(const struct pipeline *pipeline, char *id)
{
    static const char digits[] = "0123456789abcdef";
    id[0] = digits[pipeline->given.worker >> 4 & 15];
    id[1] = digits[pipeline->given.worker & 15];
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Foreign ids are good at any worker: none has them.
static size_t worker_of_session(const struct pipeline *pipeline, struct slice id)
{
    int high = id.length < WORKER_DIGITS ? -1 : digit_of(id.data[0]);
    int low = id.length < WORKER_DIGITS ? -1 : digit_of(id.data[1]);
    return high < 0 || low < 0 ? pipeline->given.worker : (size_t)(high * 16 + low);
}

// All workers must find the same one, so the key is no secret; who makes names meet shares a
// thread.
static size_t worker_of_name(const struct pipeline *pipeline, const struct http_request *request,
                             struct slice server, bool of_grant)
{
    uint64_t key[2] = {0};
    uint64_t number = slice_hash(server, key);
    if (of_grant) {
        key[0] = number;
        number = slice_hash(http_header_get(request->headers, HTTP_AUTHORIZATION), key);
    }
    return number % http_group_count(pipeline->given.group);
}

// A server that may need a session of the gateway's own to be asked by clients that have none.
static bool may_need_a_bridge(const struct pipeline *pipeline, const struct upstream_server *server)
{
    const struct upstream_options *options = upstream_server_options(server);
    return options->era != UPSTREAM_ERA_MODERN && !era_is_modern(pipeline, server) &&
           !ledger_is_modern(pipeline->ledger, options->name);
}

// For a request without a session.
static size_t worker_of_server(const struct pipeline *pipeline, const struct http_request *request,
                               const struct upstream_server *server, bool modern)
{
    const struct upstream_options *options = upstream_server_options(server);
    bool program = upstream_server_has_links(server);
    if (program && options->sharing == UPSTREAM_SHARED)
        return worker_of_name(pipeline, request, options->name, false);
    if (modern && (program || may_need_a_bridge(pipeline, server)))
        return worker_of_name(pipeline, request, options->name, true);
    return pipeline->given.worker; // an initialize opens its session here
}

// Servers of the control plane may have one name in several organisations: the grant tells which.
static const struct upstream_server *find_server(struct pipeline *pipeline,
                                                 const struct http_request *request,
                                                 struct slice name)
{
    const struct pipeline_rules *rules = &pipeline->rules->given;
    int unused;
    if (!rules->servers_by_grant)
        return upstream_find(pipeline->given.upstreams, name);
    const struct identity_grant *grant =
        identity_resolve(rules->grants, pipeline->hasher, http_request_token(request),
                         loop_wall_ms(pipeline->loop), &unused, NULL);
    const struct identity_reach *reach = grant == NULL ? NULL : identity_reach_by_name(grant, name);
    return reach == NULL ? NULL : upstream_find(pipeline->given.upstreams, reach->server);
}

bool route_away(struct pipeline *pipeline, struct http_reply *reply,
                const struct http_request *request, struct slice server_name)
{
    struct http_group *group = pipeline->given.group;
    if (group == NULL || http_group_count(group) < 2 || request->moved)
        return false;
    size_t worker = pipeline->given.worker;
    struct slice session = http_header_get(request->headers, HTTP_MCP_SESSION_ID);
    const struct upstream_server *server = find_server(pipeline, request, server_name);
    bool modern = mcp_version_is_modern(
        mcp_version_parse(http_header_get(request->headers, HTTP_MCP_PROTOCOL_VERSION)));
    if (session.data != NULL && !modern) // 2026-07-28: a session id is ignored
        worker = worker_of_session(pipeline, session);
    else if (server != NULL)
        worker = worker_of_server(pipeline, request, server, modern);
    return worker != pipeline->given.worker && http_reply_hand_over(reply, worker);
}
