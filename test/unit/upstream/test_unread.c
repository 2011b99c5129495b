// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Programs that do not read what they are told: what waits for all of them is bounded, and one that
// reads gets its messages.
#include "lib/unit.h"
#include "unit/net/peers.h"
#include "base/log.h"
#include "upstream/upstream.h"

enum { PIECE = 256 * 1024, BOUND = 1024 * 1024 };

struct heard {
    bool done, failed;
};

static struct loop *loop;
static struct upstream_set *set;
static struct backlog waiting;
static bool closed;

static void on_closed(void *argument, const char *text)
{
    (void)argument;
    (void)text;
    closed = true;
}

static void ignore_message(void *argument, struct upstream_message *message)
{
    (void)argument;
    (void)message;
}

static void ignore_head(void *argument, const struct upstream_head *head)
{
    (void)argument;
    (void)head;
}

static void on_end(void *argument)
{
    struct heard *heard = argument;
    heard->done = true;
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct heard *heard = argument;
    (void)code;
    (void)sent;
    (void)text;
    heard->done = heard->failed = true;
}

static struct upstream_link *open_link(const char *name)
{
    const struct upstream_link_events events = {ignore_message, on_closed, NULL};
    struct upstream_link *link;
    struct error error = {0};
    struct upstream_server *server = upstream_find(set, slice_from_string(name));
    if (upstream_link_open(server, false, &events, &link, &error) != 0)
        fail_msg("%s", error.text);
    return link;
}

// A call with a large argument.
static int send_large(const char *name, struct upstream_link *link, int id, struct heard *heard)
{
    static char text[PIECE + 200];
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    struct error error = {0};
    int code, head = snprintf(text, sizeof text,
                              "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/call\",\"params\":"
                              "{\"name\":\"plain\",\"arguments\":{\"x\":\"",
                              id);
    memset(text + head, 'x', PIECE);
    snprintf(text + head + PIECE, 8, "\"}}}");
    json_doc_init(&doc);
    arena_init(&arena, 65536);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, &error, NULL), 0);
    assert_int_equal(mcp_decode(&doc, 0, &arena, &message, &code, &error), 0);
    struct upstream_request request = {
        .verb = UPSTREAM_POST, .text = slice_from_string(text), .doc = &doc, .message = &message};
    struct upstream_call_events events = {ignore_head, ignore_message, on_end, on_error, heard};
    struct upstream_call *call;
    int result = upstream_send(upstream_find(set, slice_from_string(name)), link, &request, &events,
                               &call, &error);
    arena_release(&arena);
    json_doc_release(&doc);
    return result;
}

static void a_program_that_does_not_read_is_ended(void **state)
{
    (void)state;
    static const char *const deaf_command[] = {"sleep", "1000", NULL};
    static const char *const command[] = {CHILD_PROGRAM, NULL};
    struct upstream_options options[] = {
        {.name = SLICE_LITERAL("deaf"), .transport = UPSTREAM_CHILD, .command = deaf_command},
        {.name = SLICE_LITERAL("child"), .transport = UPSTREAM_CHILD, .command = command}};
    struct heard unheard[8] = {0}, heard = {0};
    struct error error = {0};
    loop = loop_new();
    backlog_init(&waiting, BOUND);
    assert_int_equal(upstream_set_new(loop, NULL, &set, &error), 0);
    upstream_set_count_waiting(set, &waiting);
    assert_int_equal(upstream_set_apply(set, options, 2, &error), 0);
    struct upstream_link *deaf = open_link("deaf"), *link = open_link("child");
    int sent = 0;
    while (send_large("deaf", deaf, sent, &unheard[sent]) == 0)
        assert_true(++sent < 8);
    assert_in_range(sent, 2, 5); // alone it may not have more than all
    assert_in_range(waiting.used, BOUND / 4, BOUND);
    // There is no room for another's message, so the one that does not read goes.
    turn_for(loop, 20);
    waiting.most = waiting.used;
    assert_int_equal(send_large("child", link, 1, &heard), 0);
    assert_int_equal(waiting.cuts, 2); // once refused, once cut
    turn_until(loop, &heard.done);
    assert_false(heard.failed);
    turn_until(loop, &closed);
    for (int i = 0; i < sent; i++)
        assert_true(unheard[i].failed);
    assert_int_equal(waiting.used, 0);
    upstream_link_close(deaf);
    upstream_link_close(link);
    upstream_set_free(set);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_program_that_does_not_read_is_ended)};
    log_configure((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
