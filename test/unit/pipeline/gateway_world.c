// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/certificate.h"
#include "unit/pipeline/gateway_world.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const char *const grants[] = {"agent", "other", "watcher", "all"};
enum server { FAKE, DEAD, CHILD, SHARED, OLD, NEW, FAR, FAR_NEW, SERVERS };
static const char *const servers[] = {"fake", "dead", "child", "shared",
                                      "old",  "new",  "far",   "farnew"};
enum { GRANTS = 4, ALL = 3 };

static const char everything[] = "{\"version\":\"1\",\"default\":\"allow\"}";

// ---- What rules point into

struct snapshot {
    struct identity_table *table;
    struct pipeline_policy policies[2]; // the test's and one that allows all
};

static void release_snapshot(void *argument)
{
    struct snapshot *snapshot = argument;
    identity_table_free(snapshot->table);
    for (size_t i = 0; i < 2; i++)
        policy_unref(snapshot->policies[i].policy);
    free(snapshot);
}

static void add_grant(struct snapshot *snapshot, const char *label)
{
    struct identity_reach reach[SERVERS];
    unsigned char hash[32];
    char token[32];
    struct error error = {0};
    for (size_t i = 0; i < SERVERS; i++)
        reach[i] = (struct identity_reach){.server = slice_from_string(servers[i]),
                                           .policy = strcmp(label, grants[ALL]) == 0};
    struct identity_grant grant = {.label = slice_from_string(label),
                                   .reach = reach,
                                   .reach_count = SERVERS,
                                   .mode = strcmp(label, "watcher") == 0 ? IDENTITY_OBSERVE
                                                                         : IDENTITY_ENFORCE};
    snprintf(token, sizeof token, "sp_%s", label);
    identity_hash_token(slice_from_string(token), hash);
    if (identity_table_add(snapshot->table, &grant, hash, &error) != 0)
        fail_msg("%s", error.text);
}

static void compile(struct pipeline_policy *ret, struct slice name, const char *text)
{
    struct policy_problems problems = {0};
    ret->name = name;
    if (policy_compile(slice_from_string(text), name, &ret->policy, &problems) != 0)
        fail_msg("%s", problems.items[0].text);
    policy_problems_release(&problems);
}

void gateway_world_apply(struct gateway_world *world, const char *policy, bool with_grants)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    compile(&snapshot->policies[0], SLICE_LITERAL("test"), policy);
    compile(&snapshot->policies[1], SLICE_LITERAL("everything"), everything);
    snapshot->table = identity_table_new();
    for (size_t i = 0; with_grants && i < GRANTS; i++)
        add_grant(snapshot, grants[i]);
    struct pipeline_rules rules = {.grants = snapshot->table,
                                   .policies = snapshot->policies,
                                   .policy_count = 2,
                                   .loopback_names = true,
                                   .release = release_snapshot,
                                   .owner = snapshot};
    assert_int_equal(pipeline_apply(world->pipeline, &rules), 0);
}

// ---- The servers behind

// Bound but not listening: connections are refused, and nobody else gets the port.
static void reserve_dead_port(struct gateway_world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    world->dead_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->dead_fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(world->dead_fd, (struct sockaddr *)&address, &length), 0);
    world->dead_port = ntohs(address.sin_port);
}

static uint16_t port_of(const struct gateway_world *world, size_t server)
{
    if (server == DEAD)
        return world->dead_port;
    return server == FAR || server == FAR_NEW ? http_server_port(world->server) : world->fake.port;
}

static void apply_servers(struct gateway_world *world, const struct world_options *options)
{
    static const char *const targets[SERVERS] = {"/mcp", "/mcp", NULL,        NULL,
                                                 "/sse", "/new", "/mcp/fake", "/mcp/new"};
    static const struct upstream_header token = {SLICE_LITERAL("Authorization"),
                                                 SLICE_LITERAL("Bearer sp_agent")};
    const char *command[] = {CHILD_PROGRAM,        "record", world->record, options->child_mode,
                             options->child_value, NULL};
    const char *environment[] = {NULL};
    struct upstream_options all[SERVERS];
    struct error error = {0};
    for (size_t i = 0; i < SERVERS; i++) {
        bool http = targets[i] != NULL, far = i == FAR || i == FAR_NEW;
        all[i] = (struct upstream_options){
            .name = slice_from_string(servers[i]),
            .transport = i == OLD ? UPSTREAM_SSE
                         : http   ? UPSTREAM_HTTP
                                  : UPSTREAM_CHILD,
            .sharing = i == SHARED ? UPSTREAM_SHARED : UPSTREAM_PER_SESSION,
            .answer_timeout_ms = options->answer_timeout_ms,
        };
        if (http) {
            const char *host = i == FAKE && options->host != NULL ? options->host : "127.0.0.1";
            all[i].host = slice_from_string(host);
            all[i].port = port_of(world, i);
            all[i].target = slice_from_string(targets[i]);
            all[i].tls = world->client_tls != NULL;
            all[i].headers = far ? &token : NULL;
            all[i].header_count = far;
        } else {
            all[i].command = command;
            all[i].environment = environment;
        }
    }
    if (upstream_set_apply(world->upstreams, all, SERVERS, &error) != 0)
        fail_msg("%s", error.text);
}

static void open_tls(struct gateway_world *world, const struct certificates *tls)
{
    struct error error = {0};
    if (tls != NULL &&
        (net_tls_server(tls->certificate, tls->key, &world->server_tls, &error) != 0 ||
         net_tls_client(tls->authority, &world->client_tls, &error) != 0))
        fail_msg("%s", error.text);
}

static void open_gateway(struct gateway_world *world, const struct world_options *options)
{
    struct error error = {0};
    const char *authority = options->tls == NULL ? NULL : options->tls->authority;
    world->limits = limit_table_new(0);
    assert_int_equal(upstream_set_new(world->loop, authority, &world->upstreams, &error), 0);
    struct pipeline_options parts = {
        .loop = world->loop, .upstreams = world->upstreams, .limits = world->limits};
    world->pipeline = pipeline_new(&parts);
    assert_non_null(world->pipeline);
    const struct http_server_options face = {.tls = world->server_tls};
    if (http_server_open(world->loop, "127.0.0.1:0", &face, pipeline_handle_http,
                         pipeline_handle_refused, world->pipeline, &world->server, &error) != 0)
        fail_msg("%s", error.text);
    apply_servers(world, options);
    gateway_world_apply(world, options->policy == NULL ? WORLD_POLICY : options->policy, true);
}

struct gateway_world *gateway_world_open(const struct world_options *options)
{
    static const struct world_options none = {0};
    struct gateway_world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    options = options == NULL ? &none : options;
    scratch_make(&world->scratch);
    snprintf(world->record, sizeof world->record, "%s", scratch_path(&world->scratch, "told"));
    world->loop = loop_new();
    assert_non_null(world->loop);
    open_tls(world, options->tls);
    fake_open(&world->fake, world->loop, world->server_tls);
    reserve_dead_port(world);
    open_gateway(world, options);
    struct http_client_options agent = {.host = SLICE_LITERAL("127.0.0.1"),
                                        .port = http_server_port(world->server),
                                        .tls = world->client_tls != NULL,
                                        .tls_context = world->client_tls};
    world->agent = http_client_new(world->loop, &agent);
    return world;
}

void gateway_world_close(struct gateway_world *world)
{
    http_client_free(world->agent);
    http_server_free(world->server);
    pipeline_free(world->pipeline);
    upstream_set_free(world->upstreams);
    limit_table_free(world->limits);
    fake_close(&world->fake);
    loop_free(world->loop);
    net_tls_free(world->server_tls);
    net_tls_free(world->client_tls);
    close(world->dead_fd);
    scratch_remove(&world->scratch);
    free(world);
}

static void expired_cb(void *argument)
{
    struct gateway_world *world = argument;
    world->expired = true;
    loop_stop(world->loop);
}

static void look_cb(void *argument)
{
    loop_stop(argument);
}

bool gateway_world_wait(struct gateway_world *world, const bool *flag)
{
    struct loop_timer *limit = loop_timer_open(world->loop, expired_cb, world);
    struct loop_timer *look = loop_timer_open(world->loop, look_cb, world->loop);
    world->expired = false;
    loop_timer_start(limit, WORLD_WAIT_MS, 0);
    loop_timer_start(look, 10, 10); // for flags that no callback of ours sets
    while (!*flag && !world->expired)
        loop_run(world->loop);
    loop_timer_close(limit);
    loop_timer_close(look);
    return *flag;
}

static void rested_cb(void *argument)
{
    *(bool *)argument = true;
}

void gateway_world_rest(struct gateway_world *world, uint64_t ms)
{
    bool rested = false;
    struct loop_timer *timer = loop_timer_open(world->loop, rested_cb, &rested);
    loop_timer_start(timer, ms, 0);
    gateway_world_wait(world, &rested);
    loop_timer_close(timer);
}

size_t gateway_world_told(struct gateway_world *world, const char *line)
{
    if (access(world->record, F_OK) != 0)
        return 0;
    char *text = scratch_read(world->record, NULL);
    size_t count = 0, length = strlen(line);
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        count += strncmp(at, line, length) == 0 && at[length] == '\n';
    free(text);
    return count;
}

// ---- The agent

static void finish(struct answer *answer)
{
    answer->done = answer->heard = true;
    answer->body[answer->length] = '\0';
    loop_stop(answer->world->loop);
}

static void head_cb(void *argument, const struct http_response *head)
{
    struct answer *answer = argument;
    struct slice session = http_header_get(head->headers, HTTP_MCP_SESSION_ID);
    answer->status = head->status;
    if (session.data != NULL)
        snprintf(answer->session, sizeof answer->session, "%.*s", SLICE_PRINT(session));
}

static void body_cb(void *argument, struct slice data)
{
    struct answer *answer = argument;
    assert_true(data.length < sizeof answer->body - answer->length);
    memcpy(answer->body + answer->length, data.data, data.length);
    answer->length += data.length;
    answer->body[answer->length] = '\0';
    answer->heard = answer->heard || answer_has(answer, "elicitation/create") ||
                    answer_has(answer, "notifications/resources/updated") ||
                    answer_has(answer, "notifications/subscriptions/acknowledged");
}

static void end_cb(void *argument)
{
    struct answer *answer = argument;
    answer->ended = true;
    finish(answer);
}

static void error_cb(void *argument, int code, bool sent, const char *text)
{
    struct answer *answer = argument;
    (void)sent;
    (void)text;
    answer->code = code;
    finish(answer);
}

static size_t add(struct http_header *headers, size_t count, const char *name, const char *value)
{
    if (value == NULL)
        return count;
    headers[count] = (struct http_header){slice_from_string(name), slice_from_string(value)};
    return count + 1;
}

void agent_start(struct gateway_world *world, const struct ask *ask, struct answer *answer)
{
    struct http_header headers[10];
    char token[64], target[64];
    size_t count = 0;
    *answer = (struct answer){.world = world};
    snprintf(token, sizeof token, "Bearer sp_%s", ask->grant == NULL ? "agent" : ask->grant);
    snprintf(target, sizeof target, "/mcp/%s", ask->server == NULL ? "fake" : ask->server);
    count = add(headers, count, "Authorization", token);
    count = add(headers, count, "Accept", "application/json, text/event-stream");
    count = add(headers, count, "Content-Type", ask->body == NULL ? NULL : "application/json");
    count = add(headers, count, "Mcp-Session-Id", ask->session);
    count = add(headers, count, "MCP-Protocol-Version", ask->modern == NULL ? NULL : "2026-07-28");
    count = add(headers, count, "Mcp-Method", ask->modern);
    count = add(headers, count, "Mcp-Name", ask->name);
    count = add(headers, count, "Last-Event-ID", ask->last_id);
    struct http_call_request request = {
        .method = slice_from_string(ask->verb == NULL ? "POST" : ask->verb),
        .target = slice_from_string(target),
        .headers = headers,
        .header_count = count,
        .body = slice_from_string(ask->body == NULL ? "" : ask->body)};
    struct http_call_events events = {head_cb, body_cb, end_cb, error_cb, answer};
    int code = http_client_start(world->agent, &request, &events, &answer->call);
    if (code != 0) {
        answer->code = code;
        answer->done = answer->heard = true;
    }
}

bool agent_ask(struct gateway_world *world, const struct ask *ask, struct answer *answer)
{
    agent_start(world, ask, answer);
    if (gateway_world_wait(world, &answer->done))
        return true;
    http_call_cancel(answer->call);
    return false;
}

bool answer_has(const struct answer *answer, const char *text)
{
    return strstr(answer->body, text) != NULL;
}

void agent_initialize(struct gateway_world *world, const char *server, const char *grant,
                      const char *version, struct answer *answer)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
             "\"protocolVersion\":\"%s\",\"capabilities\":{},"
             "\"clientInfo\":{\"name\":\"a\",\"version\":\"1\"}}}",
             version);
    assert_true(
        agent_ask(world, &(struct ask){.server = server, .grant = grant, .body = body}, answer));
    assert_true(answer->ended);
    assert_int_equal(answer->status, 200);
    assert_int_equal(strlen(answer->session), 64);
}

bool agent_call(struct gateway_world *world, const char *server, const char *grant,
                const char *session, const char *tool, struct answer *answer)
{
    char body[768];
    snprintf(body, sizeof body,
             "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
             "\"name\":\"%s\",\"arguments\":{\"x\":1},\"_meta\":{\"progressToken\":\"t\"%s}}}",
             tool,
             session != NULL ? ""
                             : ",\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                               "\"io.modelcontextprotocol/clientCapabilities\":{},"
                               "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"a\","
                               "\"version\":\"1\"}");
    return agent_ask(world,
                     &(struct ask){.server = server,
                                   .grant = grant,
                                   .body = body,
                                   .session = session,
                                   .modern = session == NULL ? "tools/call" : NULL,
                                   .name = session == NULL ? tool : NULL},
                     answer);
}
