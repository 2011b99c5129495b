// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "read.h"

#define VERSION "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\""
#define ABILITIES "\"io.modelcontextprotocol/clientCapabilities\":"
#define INFO "\"io.modelcontextprotocol/clientInfo\":"
#define SERVER "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"s\"}}"

static void requests_to_modern(void **state)
{
    (void)state;
    struct bridge_client client = {.info = SLICE_LITERAL("{\"name\":\"c\"}"),
                                   .capabilities = SLICE_LITERAL("{\"roots\":{}}"),
                                   .log_level = SLICE_LITERAL("\"error\"")};
    struct bridge_client nobody = {0};
    struct read read;
    open_text(&read, "{\"jsonrpc\":\"2.0\", \"id\" : 1,\"method\":\"tools/call\",\"params\":"
                     "{\"name\":\"t\",\"arguments\":{ \"n\": 1.00e+2 },\"task\":{\"ttl\":1},"
                     "\"_meta\":{\"progressToken\":7,\"x\":null}}}");
    bridge_request_to_modern(&read.out, &read.doc, &read.message, &client, NULL);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\","
               "\"arguments\":{ \"n\": 1.00e+2 },\"_meta\":{\"progressToken\":7,\"x\":null," VERSION
               "," ABILITIES "{\"roots\":{}}," INFO
               "{\"name\":\"c\"},\"io.modelcontextprotocol/logLevel\":\"error\"}}}");
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/list\"}");
    bridge_request_to_modern(&read.out, &read.doc, &read.message, &nobody, NULL);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/list\",\"params\":{"
                      "\"_meta\":{" VERSION "," ABILITIES "{}}}}");
}

// A client's own words in the members of the other era must not reach the server.
static void retries(void **state)
{
    (void)state;
    struct bridge_client nobody = {0};
    struct bridge_retry retry = {SLICE_LITERAL("\"r\""), SLICE_LITERAL("{\"k\":{}}"),
                                 SLICE_LITERAL("\"s\"")};
    struct read read;
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/get\",\"params\":{"
                     "\"name\":\"p\",\"requestState\":\"forged\",\"inputResponses\":{\"f\":1}}}");
    bridge_request_to_modern(&read.out, &read.doc, &read.message, &nobody, &retry);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"prompts/get\",\"params\":{"
                      "\"name\":\"p\",\"inputResponses\":{\"k\":{}},\"requestState\":\"s\","
                      "\"_meta\":{" VERSION "," ABILITIES "{}}},\"id\":\"r\"}");
}

static void initialize_from_discovery(void **state)
{
    (void)state;
    struct read read;
    open_text(&read, "{\"capabilities\":{\"tools\":{},\"extensions\":{\"e\":{}}},\"instructions\":"
                     "\"i\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"s\"}}}");
    bridge_write_initialize_result(&read.out, SLICE_LITERAL("5"), &read.doc, 0,
                                   bridge_legacy_version(SLICE_LITERAL("2025-06-18")),
                                   SLICE_LITERAL("x"));
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"protocolVersion\":"
                      "\"2025-06-18\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":"
                      "\"s\"},\"instructions\":\"i\"}}");
    open_text(&read, "{\"capabilities\":3}");
    bridge_write_initialize_result(&read.out, SLICE_LITERAL("5"), &read.doc, 0,
                                   bridge_legacy_version(SLICE_LITERAL("2099-01-01")),
                                   SLICE_LITERAL("x"));
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"protocolVersion\":"
                      "\"2025-11-25\",\"capabilities\":{},\"serverInfo\":{\"name\":\"x\","
                      "\"version\":\"0\"}}}");
}

static void to_legacy(const char *text, enum mcp_method method, const char *wanted)
{
    struct read read;
    open_text(&read, text);
    bridge_response_to_legacy(&read.out, &read.doc, &read.message, SLICE_LITERAL("1"), method,
                              false);
    close_text(&read, wanted);
}

static void responses_to_legacy(void **state)
{
    (void)state;
    to_legacy("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\",\"n\": 1.0,"
              "\"ttlMs\":1,\"cacheScope\":\"public\",\"in\":{\"ttlMs\":2}}}",
              MCP_TOOLS_LIST,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":1.0,\"in\":{\"ttlMs\":2}}}");
    const char *not_found = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":"
                            "\"m\",\"data\":{\"uri\":\"u\"}}}";
    to_legacy(not_found, MCP_RESOURCES_READ,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"m\",\"data\":{\"uri\":"
              "\"u\"},\"code\":-32002}}");
    to_legacy(not_found, MCP_TOOLS_CALL,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"m\",\"data\":{\"uri\":"
              "\"u\"},\"code\":-32602}}");
    to_legacy("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32020,\"message\":\"m\"}}",
              MCP_TOOLS_CALL,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"m\",\"code\":-32603}}");
    to_legacy("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32021,\"message\":\"m\"}}",
              MCP_TOOLS_CALL,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"m\",\"code\":-32600}}");
}

static void requests_to_legacy(void **state)
{
    (void)state;
    struct read read;
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/call\",\"params\":{"
                     "\"name\":\"t\",\"arguments\":{\"n\":1e1},\"inputResponses\":{},"
                     "\"requestState\":\"s\",\"_meta\":{" VERSION "," ABILITIES "{}," INFO
                     "{},\"io.modelcontextprotocol/logLevel\":\"info\",\"progressToken\":\"p\","
                     "\"own\":1}}}");
    bridge_request_to_legacy(&read.out, &read.doc, &read.message, SLICE_LITERAL("7"),
                             SLICE_LITERAL("7"), false);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"id\":7,\"params\":{"
                      "\"name\":\"t\",\"arguments\":{\"n\":1e1},\"_meta\":{\"own\":1,"
                      "\"progressToken\":7}}}");
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/list\",\"params\":{"
                     "\"_meta\":{" VERSION "," ABILITIES "{}}}}");
    bridge_request_to_legacy(&read.out, &read.doc, &read.message, SLICE_LITERAL("8"),
                             (struct slice){0}, false);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"tools/list\",\"id\":8,\"params\":{}}");
}

static void to_modern(const char *text, enum mcp_method method, const char *wanted)
{
    struct read read;
    open_text(&read, text);
    bridge_response_to_modern(&read.out, &read.doc, &read.message, SLICE_LITERAL("\"c\""), method,
                              SLICE_LITERAL("{\"name\":\"s\"}"));
    close_text(&read, wanted);
}

static void responses_to_modern(void **state)
{
    (void)state;
    to_modern("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],\"nextCursor\":\"n\"}}",
              MCP_TOOLS_LIST,
              "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{\"tools\":[],\"nextCursor\":\"n\","
              "\"resultType\":\"complete\"," SERVER ",\"ttlMs\":0,\"cacheScope\":\"private\"}}");
    to_modern(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],\"resultType\":"
        "\"input_required\",\"inputRequests\":{},\"requestState\":\"s\",\"_meta\":{\"a\":1}}}",
        MCP_TOOLS_CALL,
        "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{\"content\":[],\"resultType\":"
        "\"complete\",\"_meta\":{\"a\":1,\"io.modelcontextprotocol/serverInfo\":{\"name\":"
        "\"s\"}}}}");
    const int codes[][2] = {
        {-32002, -32602}, {-32042, -32603}, {-32020, -32603}, {-32000, -32000}, {-32601, -32601}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[128], wanted[128];
        snprintf(text, sizeof text,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":%d,\"message\":\"m\"}}",
                 codes[i][0]);
        snprintf(wanted, sizeof wanted,
                 "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"error\":{\"message\":\"m\",\"code\":%d}}",
                 codes[i][1]);
        to_modern(text, MCP_RESOURCES_READ, wanted);
    }
}

static void discovery_from_initialize(void **state)
{
    (void)state;
    struct read read;
    open_text(&read, "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{},\"tasks\":"
                     "{}},\"serverInfo\":{\"name\":\"s\"}}");
    bridge_write_discover_result(&read.out, SLICE_LITERAL("1"), &read.doc, 0);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\","
                      "\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},"
                      "\"ttlMs\":0,\"cacheScope\":\"private\"," SERVER "}}");
    open_text(&read, "{\"roots\":{},\"extensions\":{\"e\":{}}}");
    bridge_write_initialize(&read.out, SLICE_LITERAL("1"), MCP_2025_11_25, &read.doc, 0, JSON_NONE);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                      "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"roots\":{}},"
                      "\"clientInfo\":{\"name\":\"unnamed\",\"version\":\"0\"}}}");
}

static void notifications(void **state)
{
    (void)state;
    struct read read;
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
                     "\"progressToken\":3,\"progress\":0.10}}");
    bridge_notification_to_modern(&read.out, &read.doc, &read.message, SLICE_LITERAL("\"p\""),
                                  (struct slice){0});
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
                      "\"progress\":0.10,\"progressToken\":\"p\"}}");
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");
    bridge_notification_to_modern(&read.out, &read.doc, &read.message, (struct slice){0},
                                  SLICE_LITERAL("9"));
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\","
                      "\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":9}}}");
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\","
                     "\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":9}}}");
    bridge_notification_to_legacy(&read.out, &read.doc, &read.message);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\","
                      "\"params\":{}}");
}

static void questions(void **state)
{
    (void)state;
    struct read read;
    open_text(&read,
              "{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\",\"url\":"
              "\"u\",\"elicitationId\":\"forged\",\"task\":{},\"_meta\":{" ABILITIES "{}}}}");
    bridge_write_question(&read.out, SLICE_LITERAL("\"q\""), &read.doc, 0, (struct slice){0});
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\","
                      "\"params\":{\"mode\":\"url\",\"url\":\"u\",\"elicitationId\":\"q\"}}");
    struct bridge_question asked[] = {
        {SLICE_LITERAL("q1"), SLICE_LITERAL("roots/list"), {0}},
        {SLICE_LITERAL("q2"), SLICE_LITERAL("elicitation/create"), SLICE_LITERAL("{\"m\":1}")}};
    open_text(&read, "{}");
    bridge_write_input_required(&read.out, SLICE_LITERAL("1"), asked, 2, SLICE_LITERAL("st"),
                                SLICE_LITERAL("{\"name\":\"s\"}"));
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"input_required\","
                      "\"inputRequests\":{\"q1\":{\"method\":\"roots/list\",\"params\":{}},\"q2\":{"
                      "\"method\":\"elicitation/create\",\"params\":{\"m\":1}}},\"requestState\":"
                      "\"st\"," SERVER "}}");
}

static void listening(void **state)
{
    (void)state;
    struct slice uris[] = {SLICE_LITERAL("\"a\""), SLICE_LITERAL("\"b\"")};
    struct bridge_news news = {true, false, true, uris, 2};
    struct bridge_client nobody = {0};
    struct read read;
    open_text(&read, "{}");
    bridge_write_listen(&read.out, SLICE_LITERAL("1"), &nobody, &news);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":"
               "{\"notifications\":{\"toolsListChanged\":true,\"resourcesListChanged\":true,"
               "\"resourceSubscriptions\":[\"a\",\"b\"]},\"_meta\":{" VERSION "," ABILITIES
               "{}}}}");
    news = (struct bridge_news){0};
    open_text(&read, "{}");
    bridge_write_acknowledged(&read.out, SLICE_LITERAL("1"), &news);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\","
               "\"params\":{\"notifications\":{},\"_meta\":{"
               "\"io.modelcontextprotocol/subscriptionId\":1}}}");
}

static void may_ask(const char *abilities, const char *method, const char *params, bool wanted)
{
    struct json_doc has, asks;
    json_doc_init(&has);
    json_doc_init(&asks);
    assert_int_equal(json_scan(&has, slice_from_string(abilities), NULL, NULL, NULL), 0);
    assert_int_equal(json_scan(&asks, slice_from_string(params), NULL, NULL, NULL), 0);
    if (bridge_may_ask(&has, 0, slice_from_string(method), &asks, 0) != wanted)
        fail_msg("%s before %s %s", abilities, method, params);
    json_doc_release(&has);
    json_doc_release(&asks);
}

static void abilities(void **state)
{
    (void)state;
    static const char elicit[] = "elicitation/create", sample[] = "sampling/createMessage";
    static const char url[] = "{\"mode\":\"url\",\"url\":\"https://a.example/\"}";
    may_ask("{\"elicitation\":{}}", elicit, "{}", true);
    may_ask("{\"elicitation\":{}}", elicit, "{\"mode\":\"form\"}", true);
    may_ask("{\"elicitation\":{}}", elicit, url, false);
    may_ask("{\"elicitation\":{\"form\":{}}}", elicit, url, false);
    may_ask("{\"elicitation\":{\"url\":{}}}", elicit, "{}", false);
    may_ask("{\"elicitation\":{\"url\":{}}}", elicit, url, true);
    may_ask("{\"elicitation\":{\"url\":true}}", elicit, url, false);
    may_ask("{\"elicitation\":{\"url\":{}}}", elicit, "{\"mode\":\"url\"}", false);
    static const char *const schemes[] = {"javascript:x", "file:///etc", "HTTPS", "ht\\u0074p://a",
                                          ""};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"mode\":\"url\",\"url\":\"%s\"}", schemes[i]);
        may_ask("{\"elicitation\":{\"url\":{}}}", elicit, text, false);
    }
    may_ask("{\"elicitation\":{}}", elicit, "{\"mode\":\"other\"}", false);
    may_ask("{\"elicitation\":{}}", elicit, "{\"mode\":1}", false);
    may_ask("{\"elicitation\":true}", elicit, "{}", false);
    may_ask("{\"sampling\":{}}", sample, "{}", true);
    may_ask("{\"sampling\":{}}", sample, "{\"tools\":[]}", false);
    may_ask("{\"sampling\":{\"tools\":{}}}", sample, "{\"tools\":[]}", true);
    may_ask("{\"sampling\":{}}", elicit, "{}", false);
    may_ask("{\"roots\":{}}", "roots/list", "{}", true);
    may_ask("{}", "roots/list", "{}", false);
    may_ask("{\"ping\":{}}", "ping", "{}", false);
}

static void results_have_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum bridge_result kind;
    } rows[] = {{"{}", BRIDGE_COMPLETE},
                {"{\"resultType\":\"complete\"}", BRIDGE_COMPLETE},
                {"{\"resultType\":\"input_required\"}", BRIDGE_INPUT_REQUIRED},
                {"{\"resultType\":\"task\"}", BRIDGE_TASK_RESULT},
                {"{\"resultType\":null}", BRIDGE_OTHER_RESULT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_doc doc;
        json_doc_init(&doc);
        assert_int_equal(json_scan(&doc, slice_from_string(rows[i].text), NULL, NULL, NULL), 0);
        assert_int_equal(bridge_result_kind(&doc, 0), rows[i].kind);
        json_doc_release(&doc);
    }
}

static void words(void **state)
{
    (void)state;
    assert_true(bridge_is_legacy_method(SLICE_LITERAL("ping")));
    assert_true(bridge_is_legacy_method(SLICE_LITERAL("tasks/list")));
    assert_true(bridge_is_modern_method(SLICE_LITERAL("subscriptions/listen")));
    assert_false(bridge_is_modern_method(SLICE_LITERAL("tools/call")));
    assert_string_equal(bridge_log_level(3), "warning");
    assert_false(bridge_is_legacy_method(SLICE_LITERAL("tools/list")));
    assert_int_equal(bridge_log_severity(SLICE_LITERAL("debug")), 0);
    assert_int_equal(bridge_log_severity(SLICE_LITERAL("emergency")), 7);
    assert_int_equal(bridge_log_severity(SLICE_LITERAL("Debug")), -1);
    assert_int_equal(bridge_legacy_version(SLICE_LITERAL("2026-07-28")), MCP_2025_11_25);
    assert_int_equal(bridge_legacy_version(SLICE_LITERAL("2025-03-26")), MCP_2025_03_26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_to_modern),
        cmocka_unit_test(retries),
        cmocka_unit_test(initialize_from_discovery),
        cmocka_unit_test(responses_to_legacy),
        cmocka_unit_test(requests_to_legacy),
        cmocka_unit_test(responses_to_modern),
        cmocka_unit_test(discovery_from_initialize),
        cmocka_unit_test(notifications),
        cmocka_unit_test(questions),
        cmocka_unit_test(listening),
        cmocka_unit_test(abilities),
        cmocka_unit_test(results_have_kinds),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
