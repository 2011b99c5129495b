// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Children: which answer belongs to which call, what a child may write, and how it ends.
#include "lib/unit.h"
#include "unit/net/peers.h"
#include "upstream/upstream.h"

enum { CALLS = 8 };

struct heard { // what came of one call
    char text[1024];
    size_t messages;
    bool ended, failed, sent, done;
    int code;
    bool cancel_inside;
    struct upstream_call *call;
};

static struct loop *loop;
static struct upstream_set *set;
static struct upstream_server *server;
static struct upstream_link *link_;
static struct heard calls[CALLS];
static bool link_closed;
static size_t own_messages;
static struct error error;

// ---- Callbacks

static void on_head(void *argument, const struct upstream_head *head)
{
    (void)argument;
    (void)head;
    fail_msg("a child has no head");
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct heard *heard = argument;
    struct slice *pieces;
    size_t count;
    heard->messages++;
    assert_int_equal(
        mcp_edits_pieces(&message->edits, message->text, message->arena, &pieces, &count), 0);
    for (size_t i = 0; i < count; i++)
        strncat(heard->text, pieces[i].data, pieces[i].length);
    strcat(heard->text, "\n");
    if (heard->cancel_inside) {
        upstream_call_cancel(heard->call, false);
        heard->done = true;
    }
}

static void on_end(void *argument)
{
    struct heard *heard = argument;
    assert_false(heard->done);
    heard->ended = heard->done = true;
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct heard *heard = argument;
    assert_false(heard->done);
    assert_true(strlen(text) > 0);
    heard->failed = heard->done = true;
    heard->code = code;
    heard->sent = sent;
}

static void on_own_message(void *argument, struct upstream_message *message)
{
    (void)argument;
    assert_int_not_equal(message->message->kind, MCP_RESPONSE);
    own_messages++;
}

static void on_closed(void *argument, const char *text)
{
    (void)argument;
    assert_true(strlen(text) > 0);
    assert_false(link_closed);
    link_closed = true;
}

// ---- The world

static void start_server(const char *mode, uint64_t timeout_ms)
{
    const char *command[] = {CHILD_PROGRAM, mode, mode == NULL ? NULL : "7", NULL};
    struct upstream_options options = {.name = SLICE_LITERAL("child"),
                                       .transport = UPSTREAM_CHILD,
                                       .command = command,
                                       .answer_timeout_ms = timeout_ms};
    assert_int_equal(upstream_set_apply(set, &options, 1, &error), 0);
    server = upstream_find(set, SLICE_LITERAL("child"));
}

static int open_link(bool rewrite_ids)
{
    struct upstream_link_events events = {on_own_message, on_closed, NULL};
    return upstream_link_open(server, rewrite_ids, &events, &link_, &error);
}

static int setup(void **state)
{
    (void)state;
    memset(calls, 0, sizeof calls);
    link_ = NULL;
    link_closed = false;
    own_messages = 0;
    loop = loop_new();
    assert_int_equal(upstream_set_new(loop, NULL, &set, &error), 0);
    start_server(NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    upstream_set_free(set);
    loop_free(loop);
    return 0;
}

static int send_text(const char *text, struct heard *heard)
{
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    int code;
    json_doc_init(&doc);
    arena_init(&arena, 65536);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, &error, NULL), 0);
    assert_int_equal(mcp_decode(&doc, 0, &arena, &message, &code, &error), 0);
    struct upstream_request request = {
        .verb = UPSTREAM_POST, .text = slice_from_string(text), .doc = &doc, .message = &message};
    struct upstream_call_events events = {on_head, on_message, on_end, on_error, heard};
    int result = upstream_send(server, link_, &request, &events, &heard->call, &error);
    arena_release(&arena);
    json_doc_release(&doc);
    assert_false(heard->done);
    return result;
}

static int call_tool(const char *id, const char *tool, struct heard *heard)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\n \"id\":%s,\"method\":\"tools/call\",\"params\":{\"name\":"
             "\"%s\",\"_meta\":{\"progressToken\":\"mine\"}}}",
             id, tool);
    return send_text(text, heard);
}

static void finish(struct heard *heard)
{
    turn_until(loop, &heard->done);
}

#define RESULT(id, text)                                                                           \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"content\":[{\"type\":\"text\","              \
    "\"text\":\"" text "\"}]}}\n"

// ---- Correlation

static void answers_find_their_calls(bool rewrite_ids)
{
    assert_int_equal(open_link(rewrite_ids), 0);
    assert_int_equal(call_tool("5", "hold", &calls[0]), 0);
    assert_int_equal(call_tool("\"5\"", "release", &calls[1]), 0);
    assert_int_equal(call_tool("-6", "plain", &calls[2]), 0);
    finish(&calls[0]);
    finish(&calls[1]);
    finish(&calls[2]);
    assert_string_equal(calls[0].text, RESULT("5", "hold"));
    assert_string_equal(calls[1].text, RESULT("\"5\"", "release"));
    assert_string_equal(calls[2].text, RESULT("-6", "plain"));
    for (size_t i = 0; i < 3; i++)
        assert_true(calls[i].ended && calls[i].messages == 1);
}

static void answers_find_their_calls_by_the_clients_ids(void **state)
{
    (void)state;
    answers_find_their_calls(false);
}

static void answers_find_their_calls_by_ids_of_our_own(void **state)
{
    (void)state;
    answers_find_their_calls(true);
}

static void equal_ids_meet_only_when_they_are_not_rewritten(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("1", "hold", &calls[0]), 0);
    assert_int_equal(call_tool("1", "release", &calls[1]), ERROR_EXISTS);
    upstream_link_close(link_);
    assert_true(calls[0].failed);
    assert_int_equal(calls[0].code, ERROR_CANCELLED);
    memset(calls, 0, sizeof calls);
    assert_int_equal(open_link(true), 0);
    assert_int_equal(call_tool("1", "hold", &calls[0]), 0);
    assert_int_equal(call_tool("1", "release", &calls[1]), 0);
    finish(&calls[0]);
    finish(&calls[1]);
    assert_string_equal(calls[0].text, RESULT("1", "hold"));
    assert_string_equal(calls[1].text, RESULT("1", "release"));
}

static void escapes_of_one_id_are_one_id(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("\"a\"", "hold", &calls[0]), 0);
    assert_int_equal(call_tool("\"\\u0061\"", "plain", &calls[1]), ERROR_EXISTS);
    assert_int_equal(call_tool("\"b\"", "release", &calls[2]), 0);
    finish(&calls[0]);
    assert_true(calls[0].ended);
}

static void progress_goes_with_its_call(void **state)
{
    (void)state;
    for (int rewrite = 0; rewrite < 2; rewrite++) {
        struct heard *heard = &calls[rewrite];
        assert_int_equal(open_link(rewrite == 1), 0);
        assert_int_equal(call_tool("3", "stream", heard), 0);
        finish(heard);
        assert_int_equal(heard->messages, 2);
        assert_non_null(strstr(heard->text, "\"progressToken\":\"mine\""));
        assert_non_null(strstr(heard->text, RESULT("3", "plain")));
        upstream_link_close(link_);
    }
    assert_int_equal(own_messages, 0);
}

// ---- What it may write

static void garbage_is_skipped(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("1", "garbage", &calls[0]), 0);
    finish(&calls[0]);
    assert_true(calls[0].ended);
    assert_int_equal(calls[0].messages, 1);
    assert_int_equal(call_tool("2", "errors", &calls[1]), 0);
    finish(&calls[1]);
    assert_true(calls[1].ended);
    assert_false(link_closed);
}

static void a_second_answer_goes_nowhere(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("1", "twice", &calls[0]), 0);
    finish(&calls[0]);
    assert_string_equal(calls[0].text, RESULT("1", "first"));
    assert_int_equal(call_tool("2", "plain", &calls[1]), 0);
    finish(&calls[1]);
    assert_string_equal(calls[1].text, RESULT("2", "plain"));
    assert_int_equal(own_messages, 0);
}

static void a_call_may_be_cancelled_in_its_callback(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    calls[0].cancel_inside = true;
    assert_int_equal(call_tool("1", "stream", &calls[0]), 0);
    finish(&calls[0]);
    assert_int_equal(call_tool("1", "plain", &calls[1]), 0); // the id is free again
    finish(&calls[1]);
    assert_int_equal(calls[0].messages, 1);
    assert_false(calls[0].ended || calls[0].failed);
    assert_int_equal(upstream_server_health(server).calls, 0);
}

// ---- Its end

static void death_in_an_answer_fails_all_calls(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("1", "silent", &calls[0]), 0);
    assert_int_equal(call_tool("2", "die", &calls[1]), 0);
    turn_until(loop, &link_closed);
    for (size_t i = 0; i < 2; i++) {
        assert_true(calls[i].failed && calls[i].sent);
        assert_int_equal(calls[i].code, ERROR_CLOSED);
    }
    assert_int_equal(call_tool("3", "plain", &calls[2]), ERROR_CLOSED);
    upstream_link_close(link_);
    assert_int_equal(upstream_server_health(server).calls, 0);
}

static bool no_child_is_left(void *argument)
{
    (void)argument;
    return upstream_server_health(server).children == 0;
}

static void quick_exits_delay_the_next_start(void **state)
{
    (void)state;
    start_server("quit", 0);
    assert_int_equal(open_link(false), 0);
    turn_until(loop, &link_closed);
    upstream_link_close(link_);
    assert_int_equal(open_link(false), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, "keeps exiting"));
    turn_until_true(loop, no_child_is_left, NULL);
    assert_int_equal(upstream_server_health(server).failures, 1);
    assert_true(upstream_server_health(server).last_attempt_failed);
}

static bool starts_again(void *argument)
{
    (void)argument;
    return open_link(false) == 0;
}

static void the_delay_ends(void **state)
{
    (void)state;
    start_server("quit", 0);
    assert_int_equal(open_link(false), 0);
    turn_until(loop, &link_closed);
    upstream_link_close(link_);
    link_closed = false;
    uint64_t before = loop_now_us(loop);
    turn_until_true(loop, starts_again, NULL);
    assert_in_range(loop_now_us(loop) - before, 400 * 1000, 5000 * 1000);
    turn_until(loop, &link_closed);
    upstream_link_close(link_);
}

static void a_child_that_answered_may_start_again_at_once(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("1", "plain", &calls[0]), 0);
    finish(&calls[0]);
    assert_int_equal(call_tool("2", "die", &calls[1]), 0);
    turn_until(loop, &link_closed);
    upstream_link_close(link_);
    link_closed = false;
    assert_int_equal(open_link(false), 0);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    const char *command[] = {"/nowhere/at/all", NULL};
    struct upstream_options options = {
        .name = SLICE_LITERAL("child"), .transport = UPSTREAM_CHILD, .command = command};
    assert_int_equal(upstream_set_apply(set, &options, 1, &error), 0);
    server = upstream_find(set, SLICE_LITERAL("child"));
    assert_int_equal(open_link(false), ERROR_UNREACHABLE);
    assert_non_null(strstr(error.text, "/nowhere/at/all"));
    assert_int_equal(upstream_server_health(server).children, 0);
}

static void silence_ends_at_the_deadline(void **state)
{
    (void)state;
    start_server(NULL, 200);
    assert_int_equal(open_link(false), 0);
    assert_int_equal(call_tool("1", "silent", &calls[0]), 0);
    finish(&calls[0]);
    assert_true(calls[0].failed && calls[0].sent);
    assert_int_equal(calls[0].code, ERROR_TIMEOUT);
    assert_int_equal(call_tool("1", "plain", &calls[1]), 0); // the child itself goes on
    finish(&calls[1]);
    assert_true(calls[1].ended);
}

static bool drained;
static void drained_cb(void *argument)
{
    (void)argument;
    drained = true;
}

static void a_drain_closes_every_child(void **state)
{
    (void)state;
    assert_int_equal(open_link(false), 0);
    assert_int_equal(open_link(true), 0);
    drained = false;
    upstream_set_drain(set, drained_cb, NULL);
    turn_until(loop, &drained);
    assert_false(upstream_set_has_children(set));
    assert_false(link_closed);
}

int main(void)
{
#define CHILD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CHILD_TEST(answers_find_their_calls_by_the_clients_ids),
        CHILD_TEST(answers_find_their_calls_by_ids_of_our_own),
        CHILD_TEST(equal_ids_meet_only_when_they_are_not_rewritten),
        CHILD_TEST(escapes_of_one_id_are_one_id),
        CHILD_TEST(progress_goes_with_its_call),
        CHILD_TEST(garbage_is_skipped),
        CHILD_TEST(a_second_answer_goes_nowhere),
        CHILD_TEST(a_call_may_be_cancelled_in_its_callback),
        CHILD_TEST(death_in_an_answer_fails_all_calls),
        CHILD_TEST(quick_exits_delay_the_next_start),
        CHILD_TEST(the_delay_ends),
        CHILD_TEST(a_child_that_answered_may_start_again_at_once),
        CHILD_TEST(a_program_that_is_not_there_is_named),
        CHILD_TEST(silence_ends_at_the_deadline),
        CHILD_TEST(a_drain_closes_every_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
