// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "mcp/mcp.h"

struct row {
    const char *text;
    int result;
    int code; // when refused
    enum mcp_kind kind;
    enum mcp_method method;
    const char *subject;
};

static const struct row rows[] = {
    // what is understood
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}", 0, 0,
     MCP_REQUEST, MCP_TOOLS_CALL, "a"},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"prompts/get\",\"params\":{\"name\":\"p\","
     "\"arguments\":{}}}",
     0, 0, MCP_REQUEST, MCP_PROMPTS_GET, "p"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///"
     "a\"}}",
     0, 0, MCP_REQUEST, MCP_RESOURCES_READ, "file:///a"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
     "call\",\"params\":{\"n\\u0061me\":\"a\\u0062\"}}",
     0, 0, MCP_REQUEST, MCP_TOOLS_CALL, "ab"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 0, 0, MCP_NOTIFICATION,
     MCP_INITIALIZED, ""},
    {"{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"vendor/thing\",\"params\":{}}", 0, 0, MCP_REQUEST,
     MCP_OTHER, ""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\"}", 0, 0, MCP_REQUEST,
     MCP_RESOURCES_SUBSCRIBE, ""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", 0, 0, MCP_RESPONSE, MCP_OTHER, ""},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"x\"}}", 0, 0,
     MCP_RESPONSE, MCP_OTHER, ""},
    // what is refused
    {"[]", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"1", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{}", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0,
     0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1e2,\"method\":\"ping\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0, 0,
     NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"x\"}", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0,
     0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"result\":{}}", ERROR_PROTOCOL, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", ERROR_PROTOCOL,
     MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":1}}",
     ERROR_PROTOCOL, MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\","
     "\"arguments\":[]}}",
     ERROR_PROTOCOL, MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\","
     "\"arguments\":\"{}\"}}",
     ERROR_PROTOCOL, MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\","
     "\"arguments\":null}}",
     ERROR_PROTOCOL, MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"a\",\"_meta\":1}}",
     ERROR_PROTOCOL, MCP_ERROR_INVALID_PARAMS, 0, 0, NULL},
    // another spelling of a member that decides (GHSA-4gph-2hhr-5mwg)
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"Method\":\"tools/call\"}",
     ERROR_AMBIGUOUS, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"ID\":1,\"id\":1,\"method\":\"ping\"}", ERROR_AMBIGUOUS,
     MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"a\",\"Name\":\"b\"}}",
     ERROR_AMBIGUOUS, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\","
     "\"ARGUMENTS\":{}}}",
     ERROR_AMBIGUOUS, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\","
     "\"\\u004eame\":\"b\"}}",
     ERROR_AMBIGUOUS, MCP_ERROR_INVALID_REQUEST, 0, 0, NULL},
};

static void each_row(void **state)
{
    (void)state;
    struct json_doc doc;
    json_doc_init(&doc);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct arena arena;
        struct mcp_message message;
        struct error error = {0};
        int code = 0;
        arena_init(&arena, 1 << 20);
        assert_int_equal(json_scan(&doc, slice_from_string(row->text), NULL, &error, NULL), 0);
        int result = mcp_decode(&doc, 0, &arena, &message, &code, &error);
        if (result != row->result)
            fail_msg("row %zu: %s: got %d (%s)", i, row->text, result, error.text);
        if (result != 0) {
            assert_int_equal(code, row->code);
            assert_true(error.text[0] != '\0');
        } else {
            assert_int_equal(message.kind, row->kind);
            assert_int_equal(message.method, row->method);
            assert_true(slice_equal_string(message.subject, row->subject));
        }
        arena_release(&arena);
    }
    json_doc_release(&doc);
}

// A refusal still knows the id, so that the answer finds its request.
static void a_refusal_keeps_the_id(void **state)
{
    (void)state;
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    int code;
    json_doc_init(&doc);
    arena_init(&arena, 4096);
    assert_int_equal(json_scan(&doc,
                               SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":1}"),
                               NULL, NULL, NULL),
                     0);
    assert_int_not_equal(mcp_decode(&doc, 0, &arena, &message, &code, NULL), 0);
    assert_true(slice_equal_string(json_raw(&doc, message.id), "\"q\""));
    arena_release(&arena);
    json_doc_release(&doc);
}

static void the_era_is_in_meta(void **state)
{
    (void)state;
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    int code;
    json_doc_init(&doc);
    arena_init(&arena, 4096);
    struct slice text = SLICE_LITERAL(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
        "\"io.modelcontextprotocol/clientCapabilities\":{},"
        "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"probe\"},\"progressToken\":5}}}");
    assert_int_equal(json_scan(&doc, text, NULL, NULL, NULL), 0);
    assert_int_equal(mcp_decode(&doc, 0, &arena, &message, &code, NULL), 0);
    assert_int_equal(mcp_version_parse(message.version), MCP_2026_07_28);
    assert_true(message.has_capabilities);
    assert_true(slice_equal_string(json_raw(&doc, message.progress_token), "5"));
    assert_true(slice_equal_string(mcp_client_name(&doc, &message, &arena), "probe"));
    arena_release(&arena);
    json_doc_release(&doc);
}

static void memory_may_fail(void **state)
{
    (void)state;
    struct json_doc doc;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_from_string(rows[3].text), NULL, NULL, NULL), 0);
    for (size_t n = 1;; n++) {
        struct arena arena;
        struct mcp_message message;
        int code;
        arena_init(&arena, 4096);
        memory_fail_at(n, 1000);
        int result = mcp_decode(&doc, 0, &arena, &message, &code, NULL);
        memory_fail_at(0, 0);
        arena_release(&arena);
        if (result == 0)
            break;
        assert_int_equal(result, ERROR_NO_MEMORY);
        assert_true(n < 10);
    }
    json_doc_release(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row), cmocka_unit_test(a_refusal_keeps_the_id),
        cmocka_unit_test(the_era_is_in_meta), cmocka_unit_test(memory_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
