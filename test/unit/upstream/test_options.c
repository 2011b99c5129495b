// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// When a reload may leave a server alone, and what becomes of the others.
#include "lib/unit.h"
#include "unit/net/peers.h"
#include "upstream/upstream.h"

static const struct upstream_header headers[] = {{{"Authorization", 13}, {"Bearer x", 8}},
                                                 {{"X-Key", 5}, {"1", 1}}};
static const char *const command[] = {"/bin/server", "--stdio", NULL};
static const char *const environment[] = {"A=1", "B=2", NULL};

static struct upstream_options complete(void)
{
    return (struct upstream_options){.name = SLICE_LITERAL("one"),
                                     .transport = UPSTREAM_HTTP,
                                     .tls = false,
                                     .host = SLICE_LITERAL("localhost"),
                                     .port = 1,
                                     .target = SLICE_LITERAL("/mcp"),
                                     .headers = headers,
                                     .header_count = 2,
                                     .command = command,
                                     .environment = environment,
                                     .sharing = UPSTREAM_PER_SESSION,
                                     .message_max = 2,
                                     .connect_timeout_ms = 3,
                                     .answer_timeout_ms = 4,
                                     .calls_max = 5};
}

static void copies_are_equal(void **state)
{
    (void)state;
    struct upstream_options a = complete(), b = complete();
    const struct upstream_header same[] = {
        {SLICE_LITERAL("Authorization"), SLICE_LITERAL("Bearer x")},
        {SLICE_LITERAL("X-Key"), SLICE_LITERAL("1")}};
    char first[] = "/bin/server";
    const char *const same_command[] = {first, "--stdio", NULL};
    b.headers = same;
    b.command = same_command;
    assert_true(upstream_options_equal(&a, &b));
    a.command = a.environment = b.command = b.environment = NULL;
    assert_true(upstream_options_equal(&a, &b));
}

static void differs(const struct upstream_options *b)
{
    struct upstream_options a = complete();
    assert_false(upstream_options_equal(&a, b));
    assert_false(upstream_options_equal(b, &a));
}

static void every_member_counts(void **state)
{
    (void)state;
    static const char *const longer[] = {"/bin/server", "--stdio", "-v", NULL};
    static const char *const shorter[] = {"/bin/server", NULL};
    static const char *const other[] = {"A=1", "B=3", NULL};
#define CHANGED(member, value)                                                                     \
    do {                                                                                           \
        struct upstream_options b = complete();                                                    \
        b.member = (value);                                                                        \
        differs(&b);                                                                               \
    } while (0)
    CHANGED(name, SLICE_LITERAL("two"));
    CHANGED(transport, UPSTREAM_CHILD);
    CHANGED(tls, true);
    CHANGED(host, SLICE_LITERAL("127.0.0.1"));
    CHANGED(port, 2);
    CHANGED(target, SLICE_LITERAL("/"));
    CHANGED(shown, SLICE_LITERAL("another"));
    CHANGED(command, longer);
    CHANGED(command, shorter);
    CHANGED(command, NULL);
    CHANGED(environment, other);
    CHANGED(environment, NULL);
    CHANGED(sharing, UPSTREAM_SHARED);
    CHANGED(message_max, 20);
    CHANGED(connect_timeout_ms, 30);
    CHANGED(answer_timeout_ms, 40);
    CHANGED(calls_max, 50);
}

static void a_reload_leaves_equal_servers_alone(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct upstream_set *set;
    struct error error = {0};
    struct upstream_options both[] = {complete(), complete()};
    both[1].name = SLICE_LITERAL("two");
    assert_int_equal(upstream_set_new(loop, NULL, &set, &error), 0);
    assert_int_equal(upstream_set_apply(set, both, 2, &error), 0);
    struct upstream_server *one = upstream_server_ref(upstream_find(set, SLICE_LITERAL("one")));
    struct upstream_server *two = upstream_server_ref(upstream_find(set, SLICE_LITERAL("two")));
    both[1].port = 99;
    assert_int_equal(upstream_set_apply(set, both, 2, &error), 0);
    assert_ptr_equal(upstream_find(set, SLICE_LITERAL("one")), one);
    assert_ptr_not_equal(upstream_find(set, SLICE_LITERAL("two")), two);
    assert_true(upstream_server_retired(two));
    assert_false(upstream_server_retired(one));
    upstream_server_unref(two);
    assert_int_equal(upstream_set_apply(set, NULL, 0, &error), 0);
    assert_null(upstream_find(set, SLICE_LITERAL("one")));
    assert_true(upstream_server_retired(one));
    upstream_server_unref(one);
    turn_once(loop);
    upstream_set_free(set);
    loop_free(loop);
}

// A refreshed token must not cost the sessions of a server.
static void headers_are_exchanged_while_a_server_serves(void **state)
{
    (void)state;
    static const struct upstream_header other[] = {{{"Authorization", 13}, {"Bearer y", 8}}};
    struct loop *loop = loop_new();
    struct upstream_set *set;
    struct error error = {0};
    struct upstream_options o = complete();
    assert_int_equal(upstream_set_new(loop, NULL, &set, &error), 0);
    assert_int_equal(upstream_set_apply(set, &o, 1, &error), 0);
    struct upstream_server *server = upstream_find(set, o.name);
    const struct upstream_options *now = upstream_server_options(server);
    o.headers = other;
    o.header_count = 1;
    o.refusal = SLICE_LITERAL("needs a person to sign in");
    assert_int_equal(upstream_set_apply(set, &o, 1, &error), 0);
    assert_ptr_equal(upstream_find(set, o.name), server);
    assert_int_equal(now->header_count, 1);
    assert_string_equal(now->headers[0].value.data, "Bearer y");
    struct upstream_call *call;
    const struct upstream_request request = {.verb = UPSTREAM_POST};
    const struct upstream_call_events events = {NULL, NULL, NULL, NULL, NULL};
    assert_int_equal(upstream_send(server, NULL, &request, &events, &call, &error), ERROR_DENIED);
    assert_string_equal(error.text, "server 'one' needs a person to sign in");
    // A list that cannot be applied changes nothing.
    static const struct upstream_header bad[] = {{{"X-Bad", 5}, {"a\nb", 3}}};
    o.headers = bad;
    o.refusal = (struct slice){0};
    assert_int_not_equal(upstream_set_apply(set, &o, 1, &error), 0);
    assert_string_equal(now->headers[0].value.data, "Bearer y");
    assert_int_not_equal(now->refusal.length, 0);
    upstream_set_free(set);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_equal),
        cmocka_unit_test(every_member_counts),
        cmocka_unit_test(headers_are_exchanged_while_a_server_serves),
        cmocka_unit_test(a_reload_leaves_equal_servers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
