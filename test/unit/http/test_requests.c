// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Requests that must be refused. Each row is sent at once, byte by byte, and behind a good request;
// each time a further request follows it at once, which nobody may ever interpret.
#include "lib/unit.h"
#include "unit/http/http_world.h"

enum { HEAD_MAX = 1024, HEADERS_MAX = 12, BODY_MAX = 64 };

#define HOST "Host: h\r\n"
#define POST "POST /x HTTP/1.1\r\nHost: h\r\n"
#define GET "GET / HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define SIXTEEN(s) s s s s s s s s s s s s s s s s
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

struct row {
    const char *name;
    int status;
    struct slice bytes;
};
#define ROW(name, status, text)                                                                    \
    {                                                                                              \
        name, status,                                                                              \
        {                                                                                          \
            text, sizeof(text) - 1                                                                 \
        }                                                                                          \
    }

static const struct row rows[] = {
    ROW("no host", 400, "GET / HTTP/1.1\r\n\r\n"),
    ROW("two hosts", 400, GET "Host: i\r\n\r\n"),
    ROW("the same host twice", 400, GET "host: h\r\n\r\n"),
    ROW("host with a path", 400, "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n"),
    ROW("host with a user", 400, "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"),
    ROW("host list", 400, "GET / HTTP/1.1\r\nHost: h, i\r\n\r\n"),
    ROW("length and coding", 400,
        POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"),
    ROW("coding and length", 400,
        POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    ROW("coding and a length of zero", 400,
        POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"),
    ROW("two lengths", 400, POST "Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc"),
    ROW("the same length twice", 400, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    ROW("length list", 400, POST "Content-Length: 3, 3\r\n\r\nabc"),
    ROW("length with plus", 400, POST "Content-Length: +3\r\n\r\nabc"),
    ROW("negative length", 400, POST "Content-Length: -1\r\n\r\n"),
    ROW("hexadecimal length", 400, POST "Content-Length: 0x3\r\n\r\nabc"),
    ROW("length with a space inside", 400, POST "Content-Length: 3 0\r\n\r\nabc"),
    ROW("length with a fraction", 400, POST "Content-Length: 3.0\r\n\r\nabc"),
    ROW("empty length", 400, POST "Content-Length:\r\n\r\n"),
    ROW("a space behind the length", 400, POST "Content-Length: 3 \r\n\r\nabc"),
    ROW("a tab behind the coding", 400,
        POST "Transfer-Encoding: chunked\t\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ROW("a quoted chunk extension", 400,
        POST "Transfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\n\r\n"),
    ROW("length beyond 64 bits", 400, POST "Content-Length: 18446744073709551619\r\n\r\nabc"),
    ROW("length beyond the limit", 413, POST "Content-Length: 65\r\n\r\n"),
    ROW("gzip", 501, POST "Transfer-Encoding: gzip\r\n\r\n"),
    ROW("gzip, chunked", 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ROW("identity", 501, POST "Transfer-Encoding: identity\r\n\r\n"),
    ROW("chunked with a parameter", 501, POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
    ROW("xchunked", 501, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ROW("empty coding", 501, POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    ROW("chunked, gzip", 400, POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ROW("chunked twice", 400,
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ROW("coding with a space before the colon", 400,
        POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ROW("coding with a control byte", 400,
        POST "Transfer-Encoding: \x0b"
             "chunked\r\n\r\n0\r\n\r\n"),
    ROW("coding in HTTP/1.0", 400,
        "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ROW("folded header", 400, GET "X: a\r\n b\r\n\r\n"),
    ROW("folded with a tab", 400, GET "X: a\r\n\tb\r\n\r\n"),
    ROW("indented first header", 400, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
    ROW("folded coding", 400, POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    ROW("NUL in a value", 400, GET "X: a\0b\r\n\r\n"),
    ROW("control byte in a value", 400,
        GET "X: a\x01"
            "b\r\n\r\n"),
    ROW("DEL in a value", 400,
        GET "X: a\x7f"
            "b\r\n\r\n"),
    ROW("CR in a value", 400, GET "X: a\rb\r\n\r\n"),
    ROW("CR as line end", 400, GET "X: a\rTransfer-Encoding: chunked\r\n\r\n"),
    ROW("LF as line end", 400, "GET / HTTP/1.1\nHost: h\n\n"),
    ROW("one LF as line end", 400, GET "X: a\nY: b\r\n\r\n"),
    ROW("LF as end of the head", 400, GET "\n"),
    ROW("CR CR LF", 400, GET "X: a\r\r\n\r\n"),
    ROW("CRLF CR and more as end of the head", 400, GET "\rX: y\r\n\r\n"),
    ROW("HTTP/2.0", 505, "GET / HTTP/2.0\r\n" HOST "\r\n"),
    ROW("HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ROW("HTTP/9.9", 505, "GET / HTTP/9.9\r\n" HOST "\r\n"),
    ROW("HTTP/1.2", 505, "GET / HTTP/1.2\r\n" HOST "\r\n"),
    ROW("HTTP/0.9", 505, "GET / HTTP/0.9\r\n" HOST "\r\n"),
    ROW("HTTP/1.11", 505, "GET / HTTP/1.11\r\n" HOST "\r\n"),
    ROW("lower-case version", 400, "GET / http/1.1\r\n" HOST "\r\n"),
    ROW("no version", 505, "GET /\r\n\r\n"),
    ROW("two spaces before the target", 400, "GET  / HTTP/1.1\r\n" HOST "\r\n"),
    ROW("two spaces after the target", 400, "GET /  HTTP/1.1\r\n" HOST "\r\n"),
    ROW("space at the end of the line", 505, "GET / HTTP/1.1 \r\n" HOST "\r\n"),
    ROW("tab in the request line", 400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n"),
    ROW("fragment", 400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"),
    ROW("absolute target", 400, "GET http://h/ HTTP/1.1\r\n" HOST "\r\n"),
    ROW("authority as target", 400, "GET h:80 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("asterisk with GET", 400, "GET * HTTP/1.1\r\n" HOST "\r\n"),
    ROW("CONNECT", 400, "CONNECT h:80 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("CONNECT with a path", 400, "CONNECT /x HTTP/1.1\r\n" HOST "\r\n"),
    ROW("byte beyond ASCII in the target", 400, "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("control byte in the target", 400, "GET /\x01 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("NUL in the target", 400, "GET /\0 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("unknown method", 400, "FETCH / HTTP/1.1\r\n" HOST "\r\n"),
    ROW("lower-case method", 400, "get / HTTP/1.1\r\n" HOST "\r\n"),
    ROW("method with a symbol", 400, "G@T / HTTP/1.1\r\n" HOST "\r\n"),
    ROW("empty name", 400, GET ": x\r\n\r\n"),
    ROW("space in a name", 400, GET "X Y: z\r\n\r\n"),
    ROW("name with a bracket", 400, GET "X(Y): z\r\n\r\n"),
    ROW("name beyond ASCII", 400, GET "\xc3\xa4: z\r\n\r\n"),
    ROW("line without colon", 400, GET "nonsense\r\n\r\n"),
    ROW("two empty lines first", 400, "\r\n\r\n" GET "\r\n"),
    ROW("TLS hello", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ROW("binary", 400, "\x00\x00\x00\x00"),
    ROW("head too large", 431, GET "X: " SIXTEEN(SIXTEEN("aaaa")) "\r\n\r\n"),
    ROW("too many headers", 431, GET SIXTEEN("X: y\r\n") "\r\n"),
    ROW("endless request line", 414, "GET /" SIXTEEN(SIXTEEN("aaaa")) " HTTP/1.1\r\n" HOST "\r\n"),
    ROW("chunk size that is none", 400, CHUNKED "g\r\nabc\r\n0\r\n\r\n"),
    ROW("empty chunk size", 400, CHUNKED "\r\nabc\r\n0\r\n\r\n"),
    ROW("chunk size with 0x", 400, CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"),
    ROW("chunk size with plus", 400, CHUNKED "+3\r\nabc\r\n0\r\n\r\n"),
    ROW("negative chunk size", 400, CHUNKED "-1\r\nabc\r\n0\r\n\r\n"),
    ROW("space before the chunk size", 400, CHUNKED " 3\r\nabc\r\n0\r\n\r\n"),
    ROW("space behind the chunk size", 400, CHUNKED "3 \r\nabc\r\n0\r\n\r\n"),
    ROW("chunk size beyond 64 bits", 400, CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"),
    ROW("chunk size line ended by LF", 400, CHUNKED "3\nabc\r\n0\r\n\r\n"),
    ROW("chunk size line ended by CR", 400, CHUNKED "3\rabc\r\n0\r\n\r\n"),
    // Node's parser (llhttp 8.1) takes what follows the value for another chunk size.
    ROW("a chunk extension behind a value", 400, CHUNKED "3;a=b;3\r\nabc\r\n0\r\n\r\n"),
    ROW("LF in a chunk extension", 400, CHUNKED "3;a\nabc\r\n0\r\n\r\n"),
    ROW("control byte in a chunk extension", 400, CHUNKED "3;a\x01\r\nabc\r\n0\r\n\r\n"),
    ROW("chunk without CRLF", 400, CHUNKED "3\r\nabcd\r\n0\r\n\r\n"),
    ROW("chunk ended by LF", 400, CHUNKED "3\r\nabc\n0\r\n\r\n"),
    ROW("last chunk ended by LF", 400, CHUNKED "3\r\nabc\r\n0\n\r\n"),
    ROW("end by LF", 400, CHUNKED "3\r\nabc\r\n0\r\n\n"),
    ROW("end by CR and more", 400, CHUNKED "3\r\nabc\r\n0\r\n\rX"),
    ROW("trailer", 400, CHUNKED "3\r\nabc\r\n0\r\nHost: i\r\n\r\n"),
    ROW("chunks beyond the limit", 413,
        CHUNKED "30\r\n" SIXTEEN("abc") "\r\n30\r\n" SIXTEEN("abc") "\r\n0\r\n\r\n"),
};

static const struct http_server_options options = {
    .head_max = HEAD_MAX, .header_count_max = HEADERS_MAX, .body_max = BODY_MAX};

// The first status in what was received.
static int status_in(const struct raw *raw)
{
    struct slice got = buffer_slice(&raw->got);
    return got.length > 12 ? atoi(got.data + 9) : 0;
}

static void say_by_bytes(struct raw *raw, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        raw_send(raw, slice_of(bytes.data + i, 1));
        turn_once(raw->loop);
    }
}

static void judge(struct world *world, struct raw *raw, const struct row *row, const char *how,
                  size_t good)
{
    raw_expect_end(raw);
    turn_for(world->loop, 0);
    if (world->requests != good || world->refusals != 1 || world->refused_status != row->status)
        fail_msg("%s (%s): %zu requests, %zu refusals, status %d (%s)", row->name, how,
                 world->requests, world->refusals, world->refused_status, world->reason);
    assert_false(world_was_asked(world, "smuggled"));
    assert_int_equal(raw_count(raw, "\r\n\r\n"), 1 + good); // answers
    assert_int_equal(raw_count(raw, "Connection: close\r\n"), 1);
    if (good == 0)
        assert_int_equal(status_in(raw), row->status);
    raw_close(raw);
    world_close(world);
}

static void refuses_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_open(&options);
        struct raw *raw = world_connect(world);
        struct buffer all = {0};
        buffer_append(&all, rows[i].bytes);
        buffer_append_string(&all, SMUGGLED);
        raw_send(raw, buffer_slice(&all));
        buffer_release(&all);
        judge(world, raw, &rows[i], "at once", 0);
    }
}

static void refuses_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_open(&options);
        struct raw *raw = world_connect(world);
        say_by_bytes(raw, rows[i].bytes);
        say_by_bytes(raw, SLICE_LITERAL(SMUGGLED));
        judge(world, raw, &rows[i], "byte by byte", 0);
    }
}

static void refuses_behind_a_good_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_open(&options);
        struct raw *raw = world_connect(world);
        struct buffer all = {0};
        buffer_append_string(&all, POST "Content-Length: 4\r\n\r\ngood");
        buffer_append(&all, rows[i].bytes);
        buffer_append_string(&all, SMUGGLED);
        raw_send(raw, buffer_slice(&all));
        buffer_release(&all);
        judge(world, raw, &rows[i], "behind a good one", 1);
    }
}

// The same with the good request still open while the bad one waits.
static void refuses_behind_an_open_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_open(&options);
        struct raw *raw = world_connect(world);
        world->hold = true;
        raw_say(raw, POST "Content-Length: 4\r\n\r\ngood");
        raw_send(raw, rows[i].bytes);
        raw_say(raw, SMUGGLED);
        world_wait_request(world);
        turn_for(world->loop, 1);
        assert_int_equal(world->refusals, 0);
        http_reply_send(world->held, 200, NULL, 0, SLICE_LITERAL("ok"));
        judge(world, raw, &rows[i], "behind an open one", 1);
    }
}

struct good {
    const char *bytes;
    const char *asked;
};

static const struct good goods[] = {
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / []"},
    {"GET /a%20b?c=d&e HTTP/1.1\r\nHost: h:80\r\n\r\n", "GET /a%20b?c=d&e []"},
    {"\r\nGET / HTTP/1.1\r\nhost:h\r\n\r\n", "GET / []"},
    {"GET / HTTP/1.1\r\nHost: [::1]:8080\r\nX:\r\nY: \t v \t \r\n\r\n", "GET / []"},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * []"},
    {"DELETE /x HTTP/1.1\r\nHost:\r\n\r\n", "DELETE /x []"},
    {POST "Content-Length: 3\r\n\r\nabc", "POST /x [abc]"},
    {POST "Content-Length: 000000000000003\r\n\r\nabc", "POST /x [abc]"},
    {POST "Content-Length: 0\r\n\r\n", "POST /x []"},
    {POST "\r\n", "POST /x []"},
    {POST "transfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "POST /x [abc]"},
    {CHUNKED "1\r\na\r\n01;z;x=y\r\nb\r\n1;q\r\nc\r\n000\r\n\r\n", "POST /x [abc]"},
    {CHUNKED "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "POST /x [01234567890123456789]"},
    {CHUNKED "0\r\n\r\n", "POST /x []"},
    {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "GET / []"},
    {"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "POST / [hi]"},
};

static void takes_good_requests_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
            struct world *world = world_open(&options);
            struct raw *raw = world_connect(world);
            if (by_bytes)
                say_by_bytes(raw, slice_from_string(goods[i].bytes));
            else
                raw_say(raw, goods[i].bytes);
            raw_expect(raw, "\r\n\r\nok");
            if (!world_was_asked(world, goods[i].asked))
                fail_msg("'%s' became '%.*s'", goods[i].bytes,
                         SLICE_PRINT(buffer_slice(&world->log)));
            assert_int_equal(world->requests, 1);
            raw_close(raw);
            world_close(world);
        }
    }
}

static void the_tables_are_large_enough(void **state)
{
    (void)state;
    assert_true(sizeof rows / sizeof *rows >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_large_enough),
        cmocka_unit_test(refuses_at_once),
        cmocka_unit_test(refuses_byte_by_byte),
        cmocka_unit_test(refuses_behind_a_good_request),
        cmocka_unit_test(refuses_behind_an_open_request),
        cmocka_unit_test(takes_good_requests_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
