// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Answers that must not be believed, each at once and byte by byte, each followed at once by bytes
// that look like the next answer; then good ones in any pieces.
#include "lib/unit.h"
#include "unit/http/http_world.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define SIXTEEN(s) s s s s s s s s s s s s s s s s
#define FORGED "HTTP/1.1 200 OK\r\nX-Note: forged\r\nContent-Length: 6\r\n\r\nforged"

struct row {
    const char *name;
    struct slice bytes;
};
#define ROW(name, text)                                                                            \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            text, sizeof(text) - 1                                                                 \
        }                                                                                          \
    }

static const struct row rows[] = {
    ROW("nonsense", "nonsense\r\n\r\n"),
    ROW("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"),
    ROW("HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n"),
    ROW("HTTP/1.9", "HTTP/1.9 200 OK\r\n\r\n"),
    ROW("another protocol", "ICY 200 OK\r\n\r\n"),
    ROW("a request", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    ROW("status with two digits", "HTTP/1.1 99 X\r\n\r\n"),
    ROW("status with four digits", "HTTP/1.1 2000 X\r\n\r\n"),
    ROW("status 600", "HTTP/1.1 600 X\r\n\r\n"),
    ROW("status 000", "HTTP/1.1 000 X\r\n\r\n"),
    ROW("status in words", "HTTP/1.1 OK\r\n\r\n"),
    ROW("switching protocols", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ROW("no space before the status", "HTTP/1.1200 OK\r\n\r\n"),
    ROW("two lengths", OK "Content-Length: 2\r\nContent-Length: 20\r\n\r\nhi"),
    ROW("the same length twice", OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"),
    ROW("length list", OK "Content-Length: 2, 2\r\n\r\nhi"),
    ROW("length with plus", OK "Content-Length: +2\r\n\r\nhi"),
    ROW("hexadecimal length", OK "Content-Length: 0x2\r\n\r\nhi"),
    ROW("negative length", OK "Content-Length: -2\r\n\r\nhi"),
    ROW("empty length", OK "Content-Length:\r\n\r\nhi"),
    ROW("length and coding", OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ROW("coding and length", OK "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
    ROW("gzip", OK "Transfer-Encoding: gzip\r\n\r\nhi"),
    ROW("gzip, chunked", OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ROW("chunked, gzip", OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ROW("coding twice",
        OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ROW("coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ROW("folded header", OK "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    ROW("LF as line end", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    ROW("LF as end of the head", OK "Content-Length: 0\r\n\n"),
    ROW("CR in a value", OK "X: a\rb\r\nContent-Length: 0\r\n\r\n"),
    ROW("CRLF CR and more", OK "Content-Length: 0\r\n\rX: y\r\n\r\n"),
    ROW("NUL in a value", OK "X: a\0b\r\nContent-Length: 0\r\n\r\n"),
    ROW("space before the colon", OK "Content-Length : 0\r\n\r\n"),
    ROW("empty name", OK ": x\r\nContent-Length: 0\r\n\r\n"),
    ROW("line without colon", OK "nonsense\r\n\r\n"),
    ROW("empty line first", "\r\n" OK "Content-Length: 0\r\n\r\n"),
    ROW("head too large", OK "X: " SIXTEEN(SIXTEEN("aaaa")) "\r\n\r\n"),
    ROW("endless line", SIXTEEN(SIXTEEN("aaaa")) "aaaa"),
    ROW("too many headers",
        OK SIXTEEN("X:\r\n") SIXTEEN("X:\r\n") SIXTEEN("X:\r\n") SIXTEEN("X:\r\n") SIXTEEN("X:\r\n")
            SIXTEEN("X:\r\n") SIXTEEN("X:\r\n") SIXTEEN("X:\r\n") "X:\r\n\r\n"),
    ROW("endless interim answers",
        SIXTEEN("HTTP/1.1 102 X\r\n\r\n") "HTTP/1.1 100 X\r\n\r\n" OK "\r\n"),
    ROW("bad chunk size", CHUNKED "x\r\nhi\r\n0\r\n\r\n"),
    ROW("chunk size with a space", CHUNKED "2 \r\nhi\r\n0\r\n\r\n"),
    ROW("chunk size ended by LF", CHUNKED "2\nhi\r\n0\r\n\r\n"),
    ROW("chunk without CRLF", CHUNKED "2\r\nhiho\r\n0\r\n\r\n"),
    ROW("chunk size beyond 64 bits", CHUNKED "10000000000000002\r\nhi\r\n0\r\n\r\n"),
    ROW("trailer ended by LF", CHUNKED "2\r\nhi\r\n0\r\nX: y\n\r\n"),
};

struct fixture {
    struct loop *loop;
    struct raw_server *server;
    struct http_client *client;
    struct result result;
};

static void fixture_open(struct fixture *f)
{
    *f = (struct fixture){.loop = loop_new()};
    f->server = raw_server_open(f->loop);
    struct http_client_options options = {
        .host = SLICE_LITERAL("127.0.0.1"), .port = f->server->port, .head_max = 1024};
    f->client = http_client_new(f->loop, &options);
    assert_int_equal(world_call(f->client, &f->result, "/x", "body", false), 0);
}

static void fixture_close(struct fixture *f)
{
    result_release(&f->result);
    http_client_free(f->client);
    raw_server_close(f->server);
    loop_free(f->loop);
}

static void say(struct raw *raw, struct slice bytes, bool by_bytes)
{
    for (size_t i = 0; by_bytes && i < bytes.length && !raw->ended; i++) {
        raw_send(raw, slice_of(bytes.data + i, 1));
        turn_once(raw->loop);
    }
    if (!by_bytes)
        raw_send(raw, bytes);
}

static void judge(const struct row *row, bool by_bytes)
{
    struct fixture f;
    fixture_open(&f);
    struct raw *raw = raw_server_peer(f.server, 0);
    raw_expect(raw, "\r\n\r\nbody");
    struct buffer all = {0};
    buffer_append(&all, row->bytes);
    buffer_append_string(&all, FORGED);
    say(raw, buffer_slice(&all), by_bytes);
    buffer_release(&all);
    turn_until(f.loop, &f.result.done);
    if (f.result.code != ERROR_PROTOCOL || f.result.ended || f.result.note[0] != '\0')
        fail_msg("%s: code %d, %s", row->name, f.result.code, f.result.text);
    assert_true(f.result.sent);
    assert_non_null(strstr(f.result.text, "not proper HTTP"));
    raw_expect_end(raw);
    assert_int_equal(http_client_stats(f.client).open, 0);
    fixture_close(&f);
}

static void refuses_at_once(void **state)
{
    (void)state;
    assert_true(sizeof rows / sizeof *rows >= 25);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        judge(&rows[i], false);
}

static void refuses_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        judge(&rows[i], true);
}

struct good {
    const char *bytes;
    int status;
    const char *body;
    bool reusable;
    bool needs_end; // the body goes to the end of the connection
};

static const struct good goods[] = {
    {OK "Content-Length: 2\r\n\r\nhi", 200, "hi", true, false},
    {OK "content-length:2\r\n\r\nhi", 200, "hi", true, false},
    {OK "Content-Length: 0\r\n\r\n", 200, "", true, false},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true, false},
    {"HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\nno", 404, "no", true, false},
    {"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, "", true, false},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true, false},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", true, false},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", false, false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", true, false},
    {CHUNKED "2\r\nhi\r\n0\r\n\r\n", 200, "hi", true, false},
    {CHUNKED "1\r\nh\r\n1;x=y\r\ni\r\n0\r\nX-Trailer: z\r\n\r\n", 200, "hi", true, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OK
     "Content-Length: 2\r\n\r\nhi",
     200, "hi", true, false},
    {OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false, false},
    {OK "\r\nhi", 200, "hi", false, true},
    {"HTTP/1.0 200 OK\r\n\r\nhi", 200, "hi", false, true},
    {"HTTP/1.1 500 Internal \xc3\xa4 Error\r\nX-Note: \ta b\t\r\nContent-Length: 2\r\n\r\nhi", 500,
     "hi", true, false},
};

static void takes_good_answers_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
            struct fixture f;
            fixture_open(&f);
            struct raw *raw = raw_server_peer(f.server, 0);
            raw_expect(raw, "\r\n\r\nbody");
            say(raw, slice_from_string(goods[i].bytes), by_bytes);
            if (goods[i].needs_end) {
                turn_for(f.loop, 1);
                assert_false(f.result.done);
                raw_finish(raw);
            }
            turn_until(f.loop, &f.result.done);
            if (!f.result.ended || f.result.status != goods[i].status ||
                !slice_equal_string(buffer_slice(&f.result.body), goods[i].body))
                fail_msg("'%s': %d %s", goods[i].bytes, f.result.status, f.result.text);
            assert_int_equal(f.result.heads, 1);
            assert_int_equal(http_client_stats(f.client).idle, goods[i].reusable ? 1 : 0);
            fixture_close(&f);
        }
    }
}

// Every cut of an answer is an error, never a shorter answer.
static void a_cut_answer_is_an_error(void **state)
{
    (void)state;
    static const char *const answers[] = {OK "Content-Length: 5\r\n\r\nhello",
                                          CHUNKED "5\r\nhello\r\n0\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t cut = 0; cut < strlen(answers[i]); cut++) {
            struct fixture f;
            fixture_open(&f);
            struct raw *raw = raw_server_peer(f.server, 0);
            raw_expect(raw, "\r\n\r\nbody");
            raw_send(raw, slice_of(answers[i], cut));
            raw_finish(raw);
            turn_until(f.loop, &f.result.done);
            assert_false(f.result.ended);
            assert_int_equal(f.result.code, ERROR_CLOSED);
            assert_true(f.result.sent);
            fixture_close(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_at_once),
        cmocka_unit_test(refuses_byte_by_byte),
        cmocka_unit_test(takes_good_answers_in_any_pieces),
        cmocka_unit_test(a_cut_answer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
