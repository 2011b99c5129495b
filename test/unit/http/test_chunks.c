// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The chunked coding and the search for a head's end, as pure functions.
#include "lib/unit.h"
#include "http/http_internal.h"

// Decodes in pieces of `step` bytes; answers the last result. `*ret_used` counts bytes taken.
static int decode(const char *text, size_t step, bool trailers, struct buffer *out,
                  size_t *ret_used)
{
    struct http_chunks chunks;
    struct slice all = slice_from_string(text);
    const char *reason = NULL;
    int result = ERROR_AGAIN;
    http_chunks_init(&chunks, trailers);
    buffer_clear(out);
    for (size_t at = 0; at < all.length && result == ERROR_AGAIN; at += step) {
        struct slice piece =
            slice_of(all.data + at, step < all.length - at ? step : all.length - at);
        struct slice data;
        size_t length = piece.length;
        while ((result = http_chunks_next(&chunks, &piece, &data, &reason)) == 0) {
            assert_true(data.length > 0);
            buffer_append(out, data);
        }
        *ret_used = at + length - piece.length;
        if (result == ERROR_AGAIN)
            assert_int_equal(piece.length, 0);
        else if (result != HTTP_CHUNKS_DONE)
            assert_non_null(reason);
    }
    return result;
}

static void decodes_at_every_split(void **state)
{
    (void)state;
    const char *text =
        "5\r\nhello\r\n1;x;z;w=1\r\n,\r\n006\r\n world\r\n0\r\nX: trailer\r\nY:\r\n\r\nrest";
    struct buffer out = {0};
    for (size_t step = 1; step <= strlen(text); step++) {
        size_t used = 0;
        assert_int_equal(decode(text, step, true, &out, &used), HTTP_CHUNKS_DONE);
        assert_int_equal(used, strlen(text) - 4);
        assert_true(slice_equal_string(buffer_slice(&out), "hello, world"));
    }
    buffer_release(&out);
}

static void refuses_what_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "x\r\n",
                                        "\r\n",
                                        ";x\r\n",
                                        "3\n",
                                        "3\rx",
                                        "3 \r\n",
                                        " 3\r\n",
                                        "3;\x01",
                                        "3;\r\n",
                                        "3;a b",
                                        "3;a=\"b\"",
                                        "3;\x80",
                                        "3;a=b=",
                                        "3;=b",
                                        "3;a=;",
                                        "3;a=b;3", // Node's parser: a new size
                                        "3;a=\r\n",
                                        "3;a;\r\n",
                                        "3;;a",
                                        "3\r\nabcd",
                                        "3\r\nabc\n",
                                        "3\r\nabc\rx",
                                        "0\r\n x",
                                        "0\r\n: x",
                                        "0\r\nX\r\n",
                                        "0\r\nX : a",
                                        "0\r\n\xcf: a",
                                        "0\r\nX: a\n",
                                        "0\r\nX: a\rb",
                                        "0\r\nX: \x01",
                                        "0\r\n\rx",
                                        "1234567890123456\r\n",
                                        "0000000000000000\r\n"};
    struct buffer out = {0};
    for (size_t i = 1; i < sizeof wrong / sizeof *wrong; i++) {
        size_t used = 0;
        for (size_t step = 1; step < 20; step++)
            assert_int_equal(decode(wrong[i], step, true, &out, &used), ERROR_SYNTAX);
    }
    size_t used = 0;
    assert_int_equal(decode("0\r\nX: a\r\n\r\n", 100, false, &out, &used), ERROR_SYNTAX);
    assert_int_equal(used, 3);
    buffer_release(&out);
}

static void bounds_extensions_and_trailers_in_all(void **state)
{
    (void)state;
    struct buffer text = {0}, out = {0};
    size_t used = 0;
    // Many short extensions are as bad as one long.
    for (int i = 0; i < 3000; i++)
        buffer_append_string(&text, "1;abcd\r\nx\r\n");
    buffer_append_string(&text, "0\r\n\r\n");
    buffer_append(&text, slice_of("", 1));
    assert_int_equal(decode(text.data, 4096, true, &out, &used), ERROR_TOO_LARGE);
    buffer_clear(&text);
    buffer_append_string(&text, "0\r\n");
    for (int i = 0; i < 3000; i++)
        buffer_append_string(&text, "Trailer: x\r\n");
    buffer_append(&text, slice_of("", 1));
    assert_int_equal(decode(text.data, 4096, true, &out, &used), ERROR_TOO_LARGE);
    buffer_release(&text);
    buffer_release(&out);
}

// As it arrives: `step` bytes more each time.
static int find(const char *text, size_t step, size_t *ret_length)
{
    struct http_head_scan scan = {0, 0, 0};
    const char *reason = NULL;
    size_t length = strlen(text);
    int result = ERROR_AGAIN;
    for (size_t have = step; result == ERROR_AGAIN; have += step) {
        result = http_head_find(&scan, slice_of(text, have < length ? have : length), ret_length,
                                &reason);
        if (have >= length)
            break;
    }
    return result;
}

static void finds_the_end_of_a_head(void **state)
{
    (void)state;
    const char *text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next";
    for (size_t step = 1; step <= strlen(text); step++) {
        size_t length = 0;
        assert_int_equal(find(text, step, &length), 0);
        assert_int_equal(length, strlen(text) - 9);
        assert_int_equal(find("\r\nA\r\n\r\n", step, &length), 0);
        assert_int_equal(length, 7);
        assert_int_equal(find("A\r\n", step, &length), ERROR_AGAIN);
        assert_int_equal(find("A\n\r\n", step, &length), ERROR_SYNTAX);
        assert_int_equal(find("A\rB\r\n\r\n", step, &length), ERROR_SYNTAX);
        assert_int_equal(find("A\r\n B\r\n\r\n", step, &length), ERROR_SYNTAX);
        assert_int_equal(find("A\r\n\n", step, &length), ERROR_SYNTAX);
        assert_int_equal(find("\r\n\r\n", step, &length), ERROR_SYNTAX);
    }
}

static void finds_members_of_lists(void **state)
{
    (void)state;
    assert_true(http_list_has(SLICE_LITERAL("close"), "close"));
    assert_true(http_list_has(SLICE_LITERAL("keep-alive,\tClose"), "close"));
    assert_true(http_list_has(SLICE_LITERAL(",, close ,"), "close"));
    assert_false(http_list_has(SLICE_LITERAL("closed, not close"), "close"));
    assert_false(http_list_has(SLICE_LITERAL(""), "close"));
}

static void knows_what_must_not_be_written(void **state)
{
    (void)state;
    assert_true(http_header_is_safe(SLICE_LITERAL("X-A"), SLICE_LITERAL("a\tb \xc3\xa4")));
    assert_false(http_header_is_safe(SLICE_LITERAL(""), SLICE_LITERAL("a")));
    assert_false(http_header_is_safe(SLICE_LITERAL("X A"), SLICE_LITERAL("a")));
    assert_false(http_header_is_safe(SLICE_LITERAL("X:"), SLICE_LITERAL("a")));
    assert_false(http_header_is_safe(SLICE_LITERAL("X"), SLICE_LITERAL("a\r\nY: b")));
    assert_false(http_header_is_safe(SLICE_LITERAL("X"), SLICE_LITERAL("a\0b")));
    assert_false(http_header_is_safe(SLICE_LITERAL("X"), SLICE_LITERAL("a\x7f")));
}

// Every byte at every place of values of all lengths around the words that are looked at at once.
static void sees_every_bad_byte_anywhere(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 19; length++)
        for (size_t at = 0; at < length; at++)
            for (unsigned byte = 0; byte < 256; byte++) {
                char value[19];
                memset(value, 'v', sizeof value);
                value[at] = (char)byte;
                bool good = (byte >= 0x20 || byte == '\t') && byte != 0x7f;
                assert_int_equal(http_value_is_safe(slice_of(value, length)), good);
            }
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[2] = {'n', (char)byte};
        bool alpha = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool good = alpha || (byte >= '0' && byte <= '9') ||
                    (byte != 0 && strchr("!#$%&'*+-.^_`|~", (int)byte) != NULL);
        assert_int_equal(http_header_is_safe(slice_of(name, 2), SLICE_LITERAL("v")), good);
    }
}

static void reads_headers_without_case(void **state)
{
    (void)state;
    const struct http_header items[] = {{SLICE_LITERAL("Accept"), SLICE_LITERAL("a")},
                                        {SLICE_LITERAL("ACCEPT"), SLICE_LITERAL("b")}};
    struct http_headers headers = {items, 2, NULL};
    assert_true(slice_equal_string(http_header_get(headers, HTTP_ACCEPT), "a"));
    assert_null(http_header_get(headers, HTTP_ORIGIN).data);
    assert_int_equal(http_header_count(headers, HTTP_ACCEPT), 2);
    assert_int_equal(http_header_count(headers, HTTP_HOST), 0);
    assert_string_equal(http_status_text(404), "Not Found");
    assert_string_equal(http_status_text(299), "Status");
}

static void knows_fields_by_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum http_field field;
    } rows[] = {
        {"Host", HTTP_HOST},
        {"ACCEPT", HTTP_ACCEPT},
        {"Origin", HTTP_ORIGIN},
        {"Expect", HTTP_EXPECT},
        {"baggage", HTTP_BAGGAGE},
        {"Mcp-Name", HTTP_MCP_NAME},
        {"connection", HTTP_CONNECTION},
        {"Mcp-Method", HTTP_MCP_METHOD},
        {"tracestate", HTTP_TRACESTATE},
        {"traceparent", HTTP_TRACEPARENT},
        {"Content-Type", HTTP_CONTENT_TYPE},
        {"aUTHORIZATION", HTTP_AUTHORIZATION},
        {"Last-Event-ID", HTTP_LAST_EVENT_ID},
        {"Content-Length", HTTP_CONTENT_LENGTH},
        {"Mcp-Session-Id", HTTP_MCP_SESSION_ID},
        {"Content-Encoding", HTTP_CONTENT_ENCODING},
        {"Transfer-Encoding", HTTP_TRANSFER_ENCODING},
        {"MCP-Protocol-Version", HTTP_MCP_PROTOCOL_VERSION},
        {"mcp-param-x", HTTP_MCP_PARAM},
        {"MCP-PARAM-Region-of-the-World", HTTP_MCP_PARAM},
        {"mcp-param-", HTTP_OTHER},
        {"Hos", HTTP_OTHER},
        {"Hosts", HTTP_OTHER},
        {"Hast", HTTP_OTHER},
        {"X", HTTP_OTHER},
        {"Authorisation", HTTP_OTHER},
        {"Content_Length", HTTP_OTHER},
        {"Sec-WebSocket-Extensions", HTTP_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(http_field_of(slice_from_string(rows[i].name)), rows[i].field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_at_every_split),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(bounds_extensions_and_trailers_in_all),
        cmocka_unit_test(finds_the_end_of_a_head),
        cmocka_unit_test(finds_members_of_lists),
        cmocka_unit_test(knows_what_must_not_be_written),
        cmocka_unit_test(sees_every_bad_byte_anywhere),
        cmocka_unit_test(reads_headers_without_case),
        cmocka_unit_test(knows_fields_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
