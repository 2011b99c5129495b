// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/fetch/hostile.h"
#include "unit/net/certificate.h"
#include "base/clock.h"
#include "fetch/fetch.h"

#include <pthread.h>
#include <signal.h>

struct world {
    struct hostile *hostile;
    struct net_guard *guard;
    struct fetch *fetch;
    struct arena arena;
    struct fetch_answer answer;
    struct error error;
};

static void allow(struct world *world, const char *text)
{
    struct net_range range = {.bits = 0};
    if (text != NULL)
        assert_int_equal(net_range_parse(slice_from_string(text), &range, NULL), 0);
    net_guard_allow(world->guard, &range, text == NULL ? 0 : 1);
}

static struct fetch *open_fetch(struct world *world, const char *ca_file)
{
    const struct fetch_options options = {.guard = world->guard, .ca_file = ca_file};
    struct fetch *fetch;
    assert_int_equal(fetch_open(&options, &fetch, NULL), 0);
    return fetch;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->hostile = hostile_start(NULL, NULL);
    world->guard = net_guard_new();
    allow(world, "127.0.0.1");
    world->fetch = open_fetch(world, NULL);
    arena_init(&world->arena, 16 << 20);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    fetch_close(world->fetch);
    net_guard_free(world->guard);
    hostile_stop(world->hostile);
    arena_release(&world->arena);
    free(world);
    return 0;
}

// "http://HOST:PORT/PATH" of the hostile server.
static const char *url_at(struct world *world, const char *host, const char *path)
{
    return arena_format(&world->arena, "http://%s:%u/%s", host, hostile_port(world->hostile), path)
        .data;
}

static const char *url_of(struct world *world, const char *path)
{
    return url_at(world, "127.0.0.1", path);
}

static int get(struct world *world, const char *url, bool follow)
{
    const struct fetch_request request = {.url = url, .follow = follow, .timeout_ms = 10000};
    return fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error);
}

#define ASSERT_BODY(world, text) assert_true(slice_equal_string((world)->answer.body, text))

static void gives_the_answer_whatever_its_status(void **state)
{
    struct world *world = *state;
    assert_int_equal(get(world, url_of(world, "x"), false), 0);
    assert_int_equal(world->answer.status, 200);
    ASSERT_BODY(world, "hello");
    assert_int_equal(get(world, url_of(world, "error"), false), 0);
    assert_int_equal(world->answer.status, 503);
    ASSERT_BODY(world, "later");
    assert_true(slice_equal_string(fetch_answer_header(&world->answer, "retry-after"), "7"));
    assert_null(fetch_answer_header(&world->answer, "retry").data);
    assert_int_equal(get(world, url_of(world, "echo"), false), 0);
    assert_true(slice_equal_string(fetch_answer_header(&world->answer, "x-one"), "first"));
    assert_null(fetch_answer_header(&world->answer, "").data);
    assert_int_equal(get(world, url_of(world, "trailers"), false), 0);
    ASSERT_BODY(world, "ok");
    assert_true(slice_equal_string(fetch_answer_header(&world->answer, "X-Real"), "yes"));
    assert_null(fetch_answer_header(&world->answer, "X-Trailer").data);
    // All over one connection.
    assert_int_equal(hostile_connections(world->hostile), 1);
}

static void sends_what_it_was_given(void **state)
{
    struct world *world = *state;
    static const char *const headers[] = {"X-Mine: 5", "Content-Type: text/plain", NULL};
    const struct fetch_request request = {.method = "POST",
                                          .url = url_of(world, "echo"),
                                          .headers = headers,
                                          .body = SLICE_LITERAL("one\0two")};
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error), 0);
    const char *seen = world->answer.body.data;
    assert_non_null(strstr(seen, "POST /echo HTTP/1.1\r\n"));
    assert_non_null(strstr(seen, "X-Mine: 5\r\n"));
    assert_non_null(strstr(seen, "Content-Type: text/plain\r\n"));
    assert_null(strstr(seen, "Expect"));
    assert_null(strstr(seen, "Accept-Encoding"));
    assert_memory_equal(seen + world->answer.body.length - 7, "one\0two", 7);
}

static void refuses_requests_that_are_none(void **state)
{
    struct world *world = *state;
    static const char *const urls[] = {"",
                                       "ftp://127.0.0.1/",
                                       "file:///etc/passwd",
                                       "127.0.0.1",
                                       "//x/",
                                       "http://user@127.0.0.1/",
                                       "http://u:p@127.0.0.1/",
                                       "gopher://127.0.0.1/",
                                       "http:///x",
                                       "http://127.0.0.1/a b",
                                       "http://127.0.0.1:99999/",
                                       "dict://127.0.0.1/",
                                       "http://127.0.0.1/\r\nX: y",
                                       "javascript:1",
                                       "http://[::1/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        if (get(world, urls[i], true) != ERROR_RANGE)
            fail_msg("'%s' was taken", urls[i]);
    static const char *const headers[] = {"Host: x",
                                          "host: x",
                                          "Content-Length: 1",
                                          "X: a\nY: b",
                                          "X: a\r\nY: b",
                                          "no colon",
                                          ": x",
                                          "X:",
                                          "X: ",
                                          "X Y: z",
                                          "Transfer-Encoding: chunked",
                                          "Accept-Encoding: gzip"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const char *const one[] = {headers[i], NULL};
        const struct fetch_request request = {.url = url_of(world, "x"), .headers = one};
        assert_int_equal(
            fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error),
            ERROR_RANGE);
    }
    const struct fetch_request request = {.url = url_of(world, "x"), .method = "GET / HTTP/1.1"};
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error),
        ERROR_RANGE);
    assert_int_equal(hostile_connections(world->hostile), 0);
}

static void judges_the_address_in_every_spelling(void **state)
{
    struct world *world = *state;
    static const char *const hosts[] = {"127.0.0.1",
                                        "localhost",
                                        "127.1",
                                        "2130706433",
                                        "0x7f000001",
                                        "0177.0.0.1",
                                        "0",
                                        "[::ffff:127.0.0.1]",
                                        "127.0.0.1.",
                                        "[::1]",
                                        "[::127.0.0.1]",
                                        "two.test",
                                        "169.254.169.254",
                                        "10.0.0.1",
                                        "[fd00:ec2::254]"};
    allow(world, NULL);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        int result = get(world, url_at(world, hosts[i], "x"), false);
        if (result != ERROR_DENIED && !(result == ERROR_UNREACHABLE && i == 8))
            fail_msg("%s: %d %s", hosts[i], result, world->error.text);
    }
    assert_non_null(strstr(world->error.text, "outside.allow"));
    assert_int_equal(hostile_connections(world->hostile), 0);
}

static void takes_the_address_that_may_be(void **state)
{
    struct world *world = *state;
    assert_int_equal(get(world, url_at(world, "two.test", "x"), false), 0);
    ASSERT_BODY(world, "hello");
}

static void a_name_that_moves_gains_nothing(void **state)
{
    struct world *world = *state;
    hostile_move_name("127.0.0.1");
    assert_int_equal(get(world, url_at(world, "moving.test", "x"), false), 0);
    hostile_move_name("127.0.0.9");
    struct fetch *before = world->fetch; // which remembers the name for a while
    world->fetch = open_fetch(world, NULL);
    assert_int_equal(get(world, url_at(world, "moving.test", "x"), false), ERROR_DENIED);
    assert_non_null(strstr(world->error.text, "127.0.0.9"));
    fetch_close(before);
}

static void a_kept_connection_is_judged_anew(void **state)
{
    struct world *world = *state;
    assert_int_equal(get(world, url_of(world, "x"), false), 0);
    allow(world, NULL);
    assert_int_equal(get(world, url_of(world, "second"), false), ERROR_DENIED);
    assert_false(hostile_got(world->hostile, "second"));
    allow(world, "127.0.0.1");
    assert_int_equal(get(world, url_of(world, "third"), false), 0);
}

static void judges_every_redirect(void **state)
{
    struct world *world = *state;
    assert_int_equal(get(world, url_of(world, "to//x"), true), 0);
    ASSERT_BODY(world, "hello");
    assert_int_equal(get(world, url_of(world, "to/x"), false), 0);
    assert_int_equal(world->answer.status, 302);
    static const char *const bad[] = {"to/http://169.254.169.254/latest/meta-data/",
                                      "to/http://127.0.0.9/",
                                      "to/http://[::ffff:169.254.169.254]/",
                                      "to/http://localhost:1@10.0.0.1/",
                                      "to/file:///etc/passwd",
                                      "to/gopher://127.0.0.1/",
                                      "to/http://user:word@127.0.0.1/",
                                      "loop"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int result = get(world, url_of(world, bad[i]), true);
        if (result != ERROR_DENIED && result != ERROR_PROTOCOL)
            fail_msg("%s: %d %s", bad[i], result, world->error.text);
    }
    assert_non_null(strstr(world->error.text, "more than 5 redirects"));
}

static void only_reading_follows_redirects(void **state)
{
    struct world *world = *state;
    const struct fetch_request request = {.method = "POST",
                                          .url = url_of(world, "keep//x"),
                                          .body = SLICE_LITERAL("client_secret=s"),
                                          .follow = true};
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error), 0);
    assert_int_equal(world->answer.status, 307);
    assert_int_equal(hostile_connections(world->hostile), 1);
}

static void another_origin_gets_no_headers(void **state)
{
    struct world *world = *state;
    struct hostile *other = hostile_start(NULL, NULL);
    static const char *const headers[] = {"Authorization: Bearer s3cret", "X-Api-Key: s3cret",
                                          "Cookie: s3cret", "Accept: application/json", NULL};
    const char *there =
        arena_format(&world->arena, "http://127.0.0.1:%u/", hostile_port(other)).data;
    const char *path = arena_format(&world->arena, "to/%secho", there).data;
    const struct fetch_request request = {
        .url = url_of(world, path), .headers = headers, .follow = true};
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error), 0);
    assert_int_equal(hostile_connections(other), 1);
    assert_false(hostile_got(other, "s3cret"));
    assert_true(hostile_got(other, "Accept: application/json"));
    assert_true(hostile_got(world->hostile, "X-Api-Key: s3cret"));
    // The same origin is the same peer.
    const struct fetch_request same = {
        .url = url_of(world, "to//echo"), .headers = headers, .follow = true};
    assert_int_equal(fetch_wait(world->fetch, &same, &world->arena, &world->answer, &world->error),
                     0);
    assert_non_null(strstr(world->answer.body.data, "X-Api-Key: s3cret"));
    hostile_stop(other);
}

static void bounds_what_comes(void **state)
{
    struct world *world = *state;
    static const char *const large[] = {"endless", "heads", "interim", "declared"};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        int result = get(world, url_of(world, large[i]), false);
        if (result != ERROR_TOO_LARGE)
            fail_msg("%s: %d %s", large[i], result, world->error.text);
    }
    const struct fetch_request small = {.url = url_of(world, "x"), .answer_max = 4};
    assert_int_equal(fetch_wait(world->fetch, &small, &world->arena, &world->answer, &world->error),
                     ERROR_TOO_LARGE);
    const struct fetch_request exact = {.url = url_of(world, "x"), .answer_max = 5};
    assert_int_equal(fetch_wait(world->fetch, &exact, &world->arena, &world->answer, &world->error),
                     0);
    assert_int_equal(get(world, url_of(world, "gzip"), false), ERROR_PROTOCOL);
    assert_int_equal(get(world, url_of(world, "half"), false), ERROR_PROTOCOL);
    assert_int_equal(get(world, url_of(world, "garbage"), false), ERROR_PROTOCOL);
}

static int get_soon(struct world *world, const char *url)
{
    const struct fetch_request request = {.url = url, .timeout_ms = 200};
    uint64_t before = clock_monotonic_us();
    int result = fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error);
    assert_true(clock_monotonic_us() - before < 5000000);
    return result;
}

static void waits_no_longer_than_told(void **state)
{
    struct world *world = *state;
    assert_int_equal(get_soon(world, url_of(world, "silent")), ERROR_TIMEOUT);
    assert_int_equal(get_soon(world, url_of(world, "drip")), ERROR_TIMEOUT);
    // A resolver that does not answer holds up nobody else.
    assert_int_equal(get_soon(world, url_at(world, "slow.test", "x")), ERROR_TIMEOUT);
    assert_int_equal(get(world, url_of(world, "x"), false), 0);
    hostile_wake_resolver();
}

static void credentials_need_tls_or_loopback(void **state)
{
    struct world *world = *state;
    static const char *const headers[] = {"authorization: Basic x", NULL};
    struct fetch_request request = {.url = url_of(world, "x"), .headers = headers};
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error), 0);
    // An allowed address that is not loopback; nothing is sent there.
    allow(world, "192.0.2.0/24");
    request.url = "http://192.0.2.1/";
    request.timeout_ms = 200;
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error),
        ERROR_DENIED);
    assert_non_null(strstr(world->error.text, "plain http"));
    request.headers = NULL;
    request.secret = true;
    assert_int_equal(
        fetch_wait(world->fetch, &request, &world->arena, &world->answer, &world->error),
        ERROR_DENIED);
}

static void verifies_tls(void **state)
{
    struct world *world = *state;
    struct certificates c;
    certificates_make(&c);
    struct hostile *secure = hostile_start(c.certificate, c.key);
    struct hostile *wrong = hostile_start(c.wrong_certificate, c.wrong_key);
    const char *url =
        arena_format(&world->arena, "https://127.0.0.1:%u/x", hostile_port(secure)).data;
    const char *elsewhere =
        arena_format(&world->arena, "https://127.0.0.1:%u/x", hostile_port(wrong)).data;
    const char *down = arena_format(&world->arena, "https://127.0.0.1:%u/to/%s",
                                    hostile_port(secure), url_of(world, "downgraded"))
                           .data;
    assert_int_equal(get(world, url, false), ERROR_TLS);
    fetch_close(world->fetch);
    world->fetch = open_fetch(world, c.other_authority);
    assert_int_equal(get(world, url, false), ERROR_TLS);
    fetch_close(world->fetch);
    world->fetch = open_fetch(world, c.authority);
    assert_int_equal(get(world, url, false), 0);
    ASSERT_BODY(world, "hello");
    assert_int_equal(get(world, elsewhere, false), ERROR_TLS);
    assert_int_equal(get(world, down, true), ERROR_DENIED);
    assert_false(hostile_got(world->hostile, "downgraded"));
    hostile_stop(secure);
    hostile_stop(wrong);
    certificates_remove(&c);
}

static void ignores_the_environment(void **state)
{
    struct world *world = *state;
    struct hostile *proxy = hostile_start(NULL, NULL);
    char text[64];
    snprintf(text, sizeof text, "http://127.0.0.1:%u", hostile_port(proxy));
    setenv("http_proxy", text, 1);
    setenv("ALL_PROXY", text, 1);
    assert_int_equal(get(world, url_of(world, "x"), false), 0);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(hostile_connections(proxy), 0);
    hostile_stop(proxy);
}

struct many {
    pthread_mutex_t lock;
    struct fetch *fetch;
    const struct fetch_request *request;
    unsigned done, cancelled, refused;
};

static void count_cb(void *argument, const struct fetch_answer *answer)
{
    struct many *many = argument;
    struct error error;
    // What a late answer starts is refused, not lost.
    bool cancelled = answer->error != NULL && answer->error->code == ERROR_CANCELLED;
    int result = cancelled ? fetch_start(many->fetch, many->request, count_cb, many, &error) : 0;
    pthread_mutex_lock(&many->lock);
    many->done++;
    many->cancelled += cancelled ? 1 : 0;
    many->refused += result == ERROR_CANCELLED ? 1 : 0;
    pthread_mutex_unlock(&many->lock);
}

static void ends_what_is_open(void **state)
{
    struct world *world = *state;
    struct many many = {.fetch = world->fetch};
    const struct fetch_request request = {.url = url_of(world, "silent"), .timeout_ms = 600000};
    many.request = &request;
    pthread_mutex_init(&many.lock, NULL);
    for (int i = 0; i < FETCH_OPEN_MAX; i++)
        assert_int_equal(fetch_start(world->fetch, &request, count_cb, &many, &world->error), 0);
    assert_int_equal(fetch_start(world->fetch, &request, count_cb, &many, &world->error),
                     ERROR_LIMIT);
    fetch_close(world->fetch);
    world->fetch = NULL;
    assert_int_equal(many.done, FETCH_OPEN_MAX);
    assert_int_equal(many.cancelled, FETCH_OPEN_MAX);
    assert_int_equal(many.refused, FETCH_OPEN_MAX);
    pthread_mutex_destroy(&many.lock);
}

// More than there are connections for: those that wait keep their deadline too.
static void those_that_wait_have_their_deadline(void **state)
{
    struct world *world = *state;
    struct many many = {.fetch = world->fetch};
    const struct fetch_request request = {.url = url_of(world, "silent"), .timeout_ms = 500};
    uint64_t before = clock_monotonic_us();
    many.request = &request;
    pthread_mutex_init(&many.lock, NULL);
    for (int i = 0; i < 100; i++)
        assert_int_equal(fetch_start(world->fetch, &request, count_cb, &many, &world->error), 0);
    for (unsigned done = 0; done < 100;) {
        assert_true(clock_monotonic_us() - before < 15000000);
        assert_int_equal(get_soon(world, "http://127.0.0.9/"), ERROR_DENIED);
        pthread_mutex_lock(&many.lock);
        done = many.done;
        pthread_mutex_unlock(&many.lock);
    }
    assert_int_equal(many.cancelled, 0);
    assert_true(clock_monotonic_us() - before < 5000000);
    pthread_mutex_destroy(&many.lock);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_the_answer_whatever_its_status),
        TEST(sends_what_it_was_given),
        TEST(refuses_requests_that_are_none),
        TEST(judges_the_address_in_every_spelling),
        TEST(takes_the_address_that_may_be),
        TEST(a_name_that_moves_gains_nothing),
        TEST(a_kept_connection_is_judged_anew),
        TEST(judges_every_redirect),
        TEST(only_reading_follows_redirects),
        TEST(another_origin_gets_no_headers),
        TEST(bounds_what_comes),
        TEST(waits_no_longer_than_told),
        TEST(credentials_need_tls_or_loopback),
        TEST(verifies_tls),
        TEST(ignores_the_environment),
        TEST(ends_what_is_open),
        TEST(those_that_wait_have_their_deadline),
    };
    signal(SIGPIPE, SIG_IGN); // OpenSSL's writes raise it in the server
    return cmocka_run_group_tests(tests, NULL, NULL);
}
