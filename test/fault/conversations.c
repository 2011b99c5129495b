// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "conversations.h"

enum { ADDS_MAX = 2, FEWS_MAX = 1 };

static struct answer answer;

static void in_time(bool came)
{
    assert_true(came);
    assert_false(answer_has(&answer, "\"name\":\"secret\""));
    assert_false(answer_has(&answer, "\"name\":\"s\\u0065cret\""));
}

static const char *open_session(struct gateway_world *world, const char *server,
                                const char *version, char session[80])
{
    in_time(agent_ask(world, &(struct ask){.server = server, .body = version}, &answer));
    snprintf(session, 80, "%s", answer.session[0] == '\0' ? "none" : answer.session);
    return session;
}

static void call(struct gateway_world *world, const char *server, const char *session,
                 const char *tool)
{
    in_time(agent_call(world, server, NULL, session, tool, &answer));
}

void converse_legacy(struct gateway_world *world, const char *server)
{
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = LIST},
                      &answer));
    for (size_t i = 0; i < ADDS_MAX + 1; i++)
        call(world, server, session, "add");
    call(world, server, session, "drop");
    call(world, server, session, "secret");
    call(world, server, session, "stream");
    in_time(agent_ask(world, &(struct ask){.server = server, .verb = "DELETE", .session = session},
                      &answer));
}

void converse_modern(struct gateway_world *world, const char *server)
{
    // The first of all, so that judging the list needs the first memory there is.
    static const char list[] = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\","
                               "\"params\":{\"_meta\":{"
                               "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                               "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";
    in_time(agent_ask(world, &(struct ask){.server = server, .body = list, .modern = "tools/list"},
                      &answer));
    call(world, server, NULL, "few");
    call(world, server, NULL, "few");
    for (size_t i = 0; i < ADDS_MAX + 1; i++)
        call(world, server, NULL, "add");
    call(world, server, NULL, "drop");
    call(world, server, NULL, "stream");
}

void converse_escaped(struct gateway_world *world, const char *server)
{
    static const char *const tools[] = {"dr\\u006fp", "s\\u0065cret", "pl\\u0061in"};
    static char body[32768];
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    for (size_t t = 0; t < sizeof tools / sizeof *tools; t++) {
        int n = snprintf(body, sizeof body,
                         "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"method\":\"tools/call\","
                         "\"params\":{\"name\":\"%s\",\"arguments\":{",
                         tools[t]);
        for (int i = 0; i < 100; i++)
            n +=
                snprintf(body + n, sizeof body - (size_t)n,
                         "\"\\u0061 long name of an argument that is escaped %d\":[%d,\"%0100d\"],",
                         i, i, i);
        snprintf(body + n, sizeof body - (size_t)n, "\"x\":1}}}");
        in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = body},
                          &answer));
    }
}

void converse_batch(struct gateway_world *world, const char *server)
{
    static const char text[] =
        "[{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"plain\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"stream\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"tools/list\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":14,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"secret\"}}]";
    char session[80];
    open_session(world, server, INITIALIZE("2025-03-26"), session);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = text},
                      &answer));
}

void converse_return(struct gateway_world *world, const char *server)
{
    static struct answer again;
    char session[80], id[80];
    open_session(world, server, INITIALIZE("2025-11-25"), session);
    call(world, server, session, "stream");
    const char *event = strstr(answer.body, "id: ");
    if (event == NULL || sscanf(event, "id: %79s", id) != 1)
        return; // without memory for it the stream cannot be resumed
    in_time(agent_ask(
        world, &(struct ask){.server = server, .verb = "GET", .session = session, .last_id = id},
        &again));
    // Whole or refused, but nothing is missing in between.
    if (again.ended && again.status == 200)
        assert_true(answer_has(&again, "\"text\":\"plain\""));
}

// ---- Whatever fails

void nothing_forbidden_happened(struct gateway_world *world)
{
    struct fake_server *fake = &world->fake;
    assert_int_equal(fake_count(fake, "tools/call drop"), 0);
    assert_int_equal(fake_count(fake, "tools/call secret"), 0);
    assert_int_equal(fake_count(fake, "tools/call dr\\u006fp"), 0);
    assert_int_equal(fake_count(fake, "tools/call s\\u0065cret"), 0);
    assert_in_range(fake_count(fake, "tools/call add"), 0, ADDS_MAX);
    assert_in_range(fake_count(fake, "tools/call few"), 0, FEWS_MAX);
    assert_false(fake->saw_token);
    assert_false(fake->saw_foreign_id);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"drop\""), 0);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"secret\""), 0);
    // One child for the stateless era and one for each session have limits in common.
    assert_in_range(gateway_world_told(world, "\"tools/call\" \"add\""), 0, ADDS_MAX);
    assert_in_range(gateway_world_told(world, "\"tools/call\" \"few\""), 0, FEWS_MAX);
}

void works_again(struct gateway_world *world, const char *server, bool patient)
{
    char session[80];
    // A child that could not be started is tried again after half a second only.
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    bool resting = answer.status == 502 && answer_has(&answer, "keeps exiting");
    for (int tries = 0; resting && patient && tries < 20; tries++) {
        gateway_world_rest(world, 50);
        open_session(world, server, INITIALIZE("2025-06-18"), session);
        resting = answer.status == 502;
    }
    if (resting && !patient) {
        works_again(world, "fake", true);
        return;
    }
    assert_true(answer.ended);
    assert_int_equal(answer.status, 200);
    call(world, server, session, "plain");
    assert_true(answer.ended);
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    call(world, server, NULL, "plain");
    // The stateless era has a child of its own.
    for (int tries = 0; answer_has(&answer, "keeps exiting") && tries < 20; tries++) {
        gateway_world_rest(world, 50);
        call(world, server, NULL, "plain");
    }
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    call(world, server, session, "drop");
    assert_true(answer_has(&answer, "Nothing may be dropped."));
}
