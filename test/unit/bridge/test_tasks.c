// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "read.h"

#define TASKS "\"io.modelcontextprotocol/tasks\""
#define UI "\"io.modelcontextprotocol/ui\":{\"mimeTypes\":[ \"a\" ]}"
#define RELATED "\"io.modelcontextprotocol/related-task\":{\"taskId\":"
#define INFO SLICE_LITERAL("{\"name\":\"s\"}")
#define SERVER "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"s\"}}"

static void statuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum bridge_task_status status;
        bool over;
    } rows[] = {{"{\"status\":\"working\"}", BRIDGE_TASK_WORKING, false},
                {"{\"status\":\"input_required\"}", BRIDGE_TASK_INPUT, false},
                {"{\"status\":\"completed\"}", BRIDGE_TASK_COMPLETED, true},
                {"{\"status\":\"failed\"}", BRIDGE_TASK_FAILED, true},
                {"{\"status\":\"cancelled\"}", BRIDGE_TASK_CANCELLED, true},
                {"{\"status\":\"\"}", BRIDGE_TASK_UNKNOWN, false},
                {"{\"status\":\"Working\"}", BRIDGE_TASK_UNKNOWN, false},
                {"{\"status\":1}", BRIDGE_TASK_UNKNOWN, false},
                {"{}", BRIDGE_TASK_UNKNOWN, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct read read;
        open_text(&read, rows[i].text);
        assert_int_equal(bridge_task_status(&read.doc, 0), rows[i].status);
        assert_int_equal(bridge_task_is_over(rows[i].status), rows[i].over);
        buffer_append_string(&read.out, "{}");
        close_text(&read, "{}");
    }
}

static void write_abilities(const char *text, enum bridge_tasks tasks, const char *wanted)
{
    struct read read;
    open_text(&read, text);
    bridge_write_abilities(&read.out, &read.doc, 0, tasks);
    close_text(&read, wanted);
}

// What both eras say alike crosses; what may mean something else does not.
static void abilities(void **state)
{
    (void)state;
    const char *all = "{\"roots\":{},\"experimental\":{\"x\":{\"n\": 1}},\"tasks\":{\"list\":{}},"
                      "\"extensions\":{\"a/b\":{}," UI "," TASKS ":{}}}";
    write_abilities(all, BRIDGE_NO_TASKS,
                    "{\"roots\":{},\"experimental\":{\"x\":{\"n\": 1}},\"extensions\":{" UI "}}");
    write_abilities(all, BRIDGE_NEWER_TASKS,
                    "{\"roots\":{},\"experimental\":{\"x\":{\"n\": 1}},\"extensions\":{" UI
                    "," TASKS ":{}}}");
    write_abilities("{\"extensions\":{\"a/b\":{}}}", BRIDGE_OLDER_TASKS,
                    "{\"tasks\":{\"cancel\":{},\"requests\":{\"tools\":{\"call\":{}}}}}");
    write_abilities("{\"extensions\":[1]}", BRIDGE_NEWER_TASKS, "{\"extensions\":{" TASKS ":{}}}");
    write_abilities("[]", BRIDGE_NO_TASKS, "{}");
}

static void who_has_tasks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool extension, older;
    } rows[] = {{"{\"extensions\":{" TASKS ":{}}}", true, false},
                {"{\"extensions\":{" TASKS ":true}}", false, false},
                {"{\"tasks\":{\"requests\":{\"tools\":{\"call\":{}}}}}", false, true},
                {"{\"tasks\":{\"requests\":{\"tools\":{\"call\":true}}}}", false, false},
                {"{\"tasks\":{\"requests\":{\"sampling\":{}}}}", false, false},
                {"{}", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct read read;
        open_text(&read, rows[i].text);
        assert_int_equal(bridge_knows_tasks(&read.doc, 0), rows[i].extension);
        assert_int_equal(bridge_calls_may_be_tasks(&read.doc, 0), rows[i].older);
        buffer_append_string(&read.out, "{}");
        close_text(&read, "{}");
    }
}

static void capabilities_of_servers(void **state)
{
    (void)state;
    struct read read;
    open_text(&read, "{\"capabilities\":{\"extensions\":{" TASKS ":{}}}}");
    bridge_write_initialize_result(&read.out, SLICE_LITERAL("1"), &read.doc, 0, MCP_2025_11_25,
                                   SLICE_LITERAL("x"));
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\","
               "\"capabilities\":{\"tasks\":{\"cancel\":{},\"requests\":{\"tools\":{\"call\":"
               "{}}}}},\"serverInfo\":{\"name\":\"x\",\"version\":\"0\"}}}");
    open_text(&read, "{\"capabilities\":{\"extensions\":{" TASKS ":{}}}}");
    bridge_write_initialize_result(&read.out, SLICE_LITERAL("1"), &read.doc, 0, MCP_2025_06_18,
                                   SLICE_LITERAL("x"));
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\","
               "\"capabilities\":{},\"serverInfo\":{\"name\":\"x\",\"version\":\"0\"}}}");
    open_text(&read,
              "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tasks\":{\"requests\":"
              "{\"tools\":{\"call\":{}}}}}}");
    bridge_write_discover_result(&read.out, SLICE_LITERAL("1"), &read.doc, 0);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\","
                      "\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{},\"ttlMs\":0,"
                      "\"cacheScope\":\"private\"}}");
}

static void tasks_for_modern_clients(void **state)
{
    (void)state;
    struct read read;
    open_text(&read, "{\"taskId\":\"\\u0041\",\"status\":\"working\",\"statusMessage\":\"m\","
                     "\"createdAt\":\"c\",\"lastUpdatedAt\":\"l\",\"ttl\":1e3,\"pollInterval\":5,"
                     "\"other\":1,\"_meta\":{\"a\":1," RELATED "\"x\"}}}");
    struct bridge_task task = {&read.doc, 0, BRIDGE_TASK_WORKING};
    bridge_write_new_task(&read.out, SLICE_LITERAL("7"), &task, json_get(&read.doc, 0, "_meta"),
                          INFO);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"task\",\"taskId\":"
               "\"\\u0041\",\"status\":\"working\",\"statusMessage\":\"m\",\"createdAt\":\"c\","
               "\"lastUpdatedAt\":\"l\",\"ttlMs\":1e3,\"pollIntervalMs\":5,\"_meta\":{\"a\":1,"
               "\"io.modelcontextprotocol/serverInfo\":{\"name\":\"s\"}}}}");
    open_text(&read, "{\"taskId\":\"t\",\"status\":\"failed\"}");
    task.status = BRIDGE_TASK_COMPLETED; // what the task's result makes of it
    bridge_write_task(&read.out, SLICE_LITERAL("7"), &task, SLICE_LITERAL("{\"content\":[]}"),
                      INFO);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"complete\","
                      "\"taskId\":\"t\",\"status\":\"completed\",\"ttlMs\":null,\"result\":{"
                      "\"content\":[]}," SERVER "}}");
    open_text(&read, "{\"taskId\":\"t\",\"ttl\":null}");
    task.status = BRIDGE_TASK_CANCELLED; // has nothing more to say
    bridge_write_task(&read.out, SLICE_LITERAL("7"), &task, SLICE_LITERAL("{}"), (struct slice){0});
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"complete\","
                      "\"taskId\":\"t\",\"status\":\"cancelled\",\"ttlMs\":null}}");
    open_text(&read, "{}");
    bridge_write_task_acknowledged(&read.out, SLICE_LITERAL("7"), INFO);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"complete\"," SERVER
               "}}");
}

static void outcome(const char *text, enum bridge_task_status status, const char *wanted)
{
    struct read read;
    open_text(&read, text);
    assert_int_equal(bridge_write_task_outcome(&read.out, &read.doc, &read.message), status);
    close_text(&read, wanted);
}

static void outcomes_for_modern_clients(void **state)
{
    (void)state;
    outcome("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"isError\":true,\"n\":1.0,\"resultType\":"
            "\"input_required\",\"inputRequests\":{},\"requestState\":\"s\",\"_meta\":{" RELATED
            "\"t\"}}}}",
            BRIDGE_TASK_COMPLETED, "{\"isError\":true,\"n\":1.0,\"resultType\":\"complete\"}");
    outcome("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"_meta\":{\"a\":1," RELATED "\"t\"}}}}",
            BRIDGE_TASK_COMPLETED, "{\"_meta\":{\"a\":1},\"resultType\":\"complete\"}");
    outcome("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32042,\"message\":\"m\"}}",
            BRIDGE_TASK_FAILED, "{\"message\":\"m\",\"code\":-32603}");
}

static void tasks_for_legacy_clients(void **state)
{
    (void)state;
    const char *text = "{\"resultType\":\"task\",\"taskId\":\"t\",\"status\":\"working\",\"ttlMs\":"
                       "null,\"pollIntervalMs\":9,\"inputRequests\":{},\"_meta\":{\"a\":1}}";
    struct read read;
    struct bridge_task task = {&read.doc, 0, BRIDGE_TASK_WORKING};
    open_text(&read, text);
    bridge_write_older_task(&read.out, SLICE_LITERAL("7"), &task, true);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"task\":{\"taskId\":\"t\",\"status\":"
               "\"working\",\"ttl\":null,\"pollInterval\":9},\"_meta\":{\"a\":1}}}");
    open_text(&read, text);
    bridge_write_older_task(&read.out, SLICE_LITERAL("7"), &task, false);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"taskId\":\"t\",\"status\":"
                      "\"working\",\"ttl\":null,\"pollInterval\":9,\"_meta\":{\"a\":1}}}");
    struct bridge_client nobody = {.capabilities = SLICE_LITERAL("{\"x\":{}}")};
    open_text(&read, "{}");
    bridge_write_task_request(&read.out, SLICE_LITERAL("\"r\""), "tasks/update",
                              SLICE_LITERAL("a\"b"), SLICE_LITERAL("{\"k\":{}}"), &nobody);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"r\",\"method\":\"tasks/update\",\"params\":{"
                      "\"taskId\":\"a\\\"b\",\"inputResponses\":{\"k\":{}},\"_meta\":{"
                      "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                      "\"io.modelcontextprotocol/clientCapabilities\":{\"x\":{}}}}}");
}

static void end(const char *text, enum bridge_task_status status, const char *wanted)
{
    struct read read;
    struct bridge_task task = {&read.doc, 0, status};
    open_text(&read, text);
    bridge_write_task_end(&read.out, SLICE_LITERAL("7"), &task, SLICE_LITERAL("t"));
    close_text(&read, wanted);
}

static void ends_for_legacy_clients(void **state)
{
    (void)state;
    end("{\"result\":{\"content\":[],\"resultType\":\"complete\",\"_meta\":{\"a\":1," RELATED
        "\"forged\"}}}}",
        BRIDGE_TASK_COMPLETED,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[],\"_meta\":{\"a\":1," RELATED
        "\"t\"}}}}");
    end("{\"error\":{\"code\":-32021,\"message\":\"m\"}}", BRIDGE_TASK_FAILED,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"message\":\"m\",\"code\":-32600}}");
    end("{\"result\":{}}", BRIDGE_TASK_CANCELLED,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32603,\"message\":\"The task was "
        "cancelled; it has no result\"}}");
    end("{\"result\":5}", BRIDGE_TASK_COMPLETED,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32603,\"message\":\"The task ended "
        "without a result\"}}");
}

static void tools_and_questions(void **state)
{
    (void)state;
    struct read read;
    open_text(&read,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\",\"tools\":"
              "[{\"name\":\"a\",\"execution\":{\"taskSupport\":\"forbidden\"}},5]}}");
    bridge_response_to_legacy(&read.out, &read.doc, &read.message, SLICE_LITERAL("1"),
                              MCP_TOOLS_LIST, true);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\","
                      "\"execution\":{\"taskSupport\":\"optional\"}},5]}}");
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"}]}}");
    bridge_response_to_legacy(&read.out, &read.doc, &read.message, SLICE_LITERAL("1"),
                              MCP_TOOLS_CALL, true);
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"}]}}");
    open_text(&read, "{\"method\":\"roots/list\"}");
    bridge_write_question(&read.out, SLICE_LITERAL("\"q\""), &read.doc, 0, SLICE_LITERAL("t"));
    close_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\",\"params\":{"
                      "\"_meta\":{" RELATED "\"t\"}}}}");
    open_text(&read, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
                     "\"n\",\"task\":{\"ttl\":5}}}");
    bridge_request_to_legacy(&read.out, &read.doc, &read.message, SLICE_LITERAL("7"),
                             (struct slice){0}, true);
    close_text(&read,
               "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"id\":7,\"params\":{\"name\":"
               "\"n\",\"task\":{}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(abilities),
        cmocka_unit_test(who_has_tasks),
        cmocka_unit_test(capabilities_of_servers),
        cmocka_unit_test(tasks_for_modern_clients),
        cmocka_unit_test(outcomes_for_modern_clients),
        cmocka_unit_test(tasks_for_legacy_clients),
        cmocka_unit_test(ends_for_legacy_clients),
        cmocka_unit_test(tools_and_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
