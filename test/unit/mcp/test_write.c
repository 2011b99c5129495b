// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "mcp/mcp.h"

static void denial_is_a_result(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    struct mcp_denial denial = {.text = SLICE_LITERAL("Orders \"above\" 1 unit are not permitted."),
                                .outcome = SLICE_LITERAL("denied"),
                                .rule = SLICE_LITERAL("/tools/add_order/deny_if/0"),
                                .policy = SLICE_LITERAL("small"),
                                .policy_version = SLICE_LITERAL("sha256:00"),
                                .request_id = SLICE_LITERAL("r1"),
                                .retry_after_s = -1};
    mcp_write_denial(&out, SLICE_LITERAL("7"), &denial);
    assert_true(slice_equal_string(
        buffer_slice(&out),
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":\"text\",\"text\":"
        "\"[POLICY DENIED] Orders \\\"above\\\" 1 unit are not permitted.\"}],\"isError\":true,"
        "\"_meta\":{\"sallyport/decision\":{\"outcome\":\"denied\","
        "\"rule\":\"/tools/add_order/deny_if/"
        "0\",\"policy\":\"small\",\"policyVersion\":\"sha256:00\","
        "\"requestId\":\"r1\"}}}}"));
    buffer_clear(&out);
    denial.modern = true;
    denial.retry_after_s = 12;
    mcp_write_denial(&out, SLICE_LITERAL("7"), &denial);
    assert_non_null(memmem(out.data, out.length, "\"resultType\":\"complete\"", 23));
    assert_non_null(memmem(out.data, out.length, "\"retryAfter\":12", 15));
    buffer_release(&out);
}

static void errors_echo_the_id(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    mcp_write_error(&out, SLICE_LITERAL("\"a\""), -32602, SLICE_LITERAL("Unknown tool: x"),
                    (struct slice){0});
    assert_true(slice_equal_string(buffer_slice(&out),
                                   "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"error\":{\"code\":-32602,"
                                   "\"message\":\"Unknown tool: x\"}}"));
    buffer_clear(&out);
    mcp_write_error(&out, (struct slice){0}, -32700, SLICE_LITERAL("Parse error"),
                    SLICE_LITERAL("{}"));
    assert_true(slice_equal_string(buffer_slice(&out),
                                   "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
                                   "\"message\":\"Parse error\",\"data\":{}}}"));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(denial_is_a_result),
                                       cmocka_unit_test(errors_echo_the_id)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
