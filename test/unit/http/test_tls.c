// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The same server and client over TLS.
#include "lib/unit.h"
#include "unit/http/http_world.h"
#include "unit/net/certificate.h"

#include <openssl/ssl.h>

static struct certificates certificates;

static int make(void **state)
{
    (void)state;
    certificates_make(&certificates);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

struct fixture {
    struct net_tls *server_tls, *client_tls;
    struct world *world;
    struct http_client *client;
};

static void open_pair(struct fixture *f, const char *certificate, const char *key, const char *ca,
                      const char *host)
{
    struct error error;
    struct http_server_options server = {
        .body_max = 16 << 20, .unsent_high = 100000, .head_timeout_ms = 2000};
    if (net_tls_server(certificate, key, &server.tls, &error) != 0)
        fail_msg("%s", error.text);
    f->server_tls = server.tls;
    f->world = world_open(&server);
    if (net_tls_client(ca, &f->client_tls, &error) != 0)
        fail_msg("%s", error.text);
    struct http_client_options client = {.host = slice_from_string(host),
                                         .port = f->world->port,
                                         .tls = true,
                                         .tls_context = f->client_tls};
    f->client = http_client_new(f->world->loop, &client);
}

static void close_pair(struct fixture *f)
{
    http_client_free(f->client);
    world_close(f->world);
    net_tls_free(f->server_tls);
    net_tls_free(f->client_tls);
}

static void calls_go_both_ways(void **state)
{
    (void)state;
    struct fixture f;
    const char *const hosts[] = {"localhost", "127.0.0.1"};
    for (size_t h = 0; h < 2; h++) {
        open_pair(&f, certificates.certificate, certificates.key, certificates.authority, hosts[h]);
        for (int i = 0; i < 5; i++) {
            struct result result = {0};
            assert_int_equal(world_call(f.client, &result, "/x", "body", false), 0);
            turn_until(f.world->loop, &result.done);
            if (!result.ended)
                fail_msg("%s", result.text);
            assert_true(slice_equal_string(buffer_slice(&result.body), "ok"));
            result_release(&result);
        }
        assert_true(f.world->request.tls);
        assert_int_equal(f.world->requests, 5);
        assert_int_equal(http_client_stats(f.client).connects, 1);
        close_pair(&f);
    }
}

static void refuse(const char *certificate, const char *key, const char *ca, const char *text)
{
    struct fixture f;
    struct result result = {0};
    open_pair(&f, certificate, key, ca, "localhost");
    assert_int_equal(world_call(f.client, &result, "/x", "secret", false), 0);
    turn_until(f.world->loop, &result.done);
    assert_int_equal(result.code, ERROR_TLS);
    assert_false(result.sent);
    if (strstr(result.text, text) == NULL)
        fail_msg("%s", result.text);
    turn_for(f.world->loop, 5);
    assert_int_equal(f.world->requests, 0);
    assert_int_equal(http_server_connections(f.world->server), 0);
    close_pair(&f);
}

static void wrong_certificates_are_refused(void **state)
{
    (void)state;
    refuse(certificates.wrong_certificate, certificates.wrong_key, certificates.authority,
           "TLS: hostname mismatch");
    refuse(certificates.expired_certificate, certificates.expired_key, certificates.authority,
           "TLS: certificate has expired");
    refuse(certificates.certificate, certificates.key, certificates.other_authority,
           "TLS: unable to get local issuer certificate");
    // The system's authorities know nothing of it either.
    refuse(certificates.certificate, certificates.key, NULL,
           "TLS: unable to get local issuer certificate");
}

static void wrong_files_are_named(void **state)
{
    (void)state;
    struct net_tls *tls = NULL;
    struct error error;
    assert_int_equal(net_tls_server("/nowhere.pem", certificates.key, &tls, &error), ERROR_CONFIG);
    assert_non_null(strstr(error.text, "certificate '/nowhere.pem'"));
    assert_int_equal(net_tls_server(certificates.certificate, "/nowhere.pem", &tls, &error),
                     ERROR_CONFIG);
    assert_non_null(strstr(error.text, "key '/nowhere.pem'"));
    assert_int_equal(net_tls_server(certificates.certificate, certificates.wrong_key, &tls, &error),
                     ERROR_CONFIG);
    assert_int_equal(net_tls_client("/nowhere.pem", &tls, &error), ERROR_CONFIG);
    assert_non_null(strstr(error.text, "'/nowhere.pem'"));
    assert_null(tls);
    net_tls_free(NULL);
}

enum { BIG = 6 << 20 };

static char *big_text(void)
{
    char *text = malloc(BIG + 1);
    for (size_t i = 0; i < BIG; i++)
        text[i] = (char)('a' + (i * 7 + i / 4096) % 26);
    text[BIG] = '\0';
    return text;
}

static void echo_handler(struct world *world, struct http_reply *reply,
                         const struct http_request *request)
{
    (void)world;
    http_reply_send(reply, 200, NULL, 0, request->body);
}

static void big_bodies_go_both_ways(void **state)
{
    (void)state;
    struct fixture f;
    struct result result = {0};
    char *text = big_text();
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    f.world->handle = echo_handler;
    assert_int_equal(world_call(f.client, &result, "/x", text, false), 0);
    turn_until(f.world->loop, &result.done);
    if (!result.ended)
        fail_msg("%s", result.text);
    assert_true(slice_equal(buffer_slice(&result.body), slice_of(text, BIG)));
    result_release(&result);
    assert_int_equal(http_client_stats(f.client).idle, 1);
    close_pair(&f);
    free(text);
}

// A paused reader leaves bytes inside TLS that no poller reports.
static void a_paused_call_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    struct result result = {.pause_in_body = true};
    char *text = big_text();
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    f.world->handle = echo_handler;
    assert_int_equal(world_call(f.client, &result, "/x", text, false), 0);
    while (!result.done) {
        size_t before = result.pieces;
        turn_for(f.world->loop, 1);
        if (result.pieces == before && !result.done)
            http_call_resume(result.call);
        if (result.pieces > 20)
            result.pause_in_body = false;
    }
    assert_true(result.ended);
    assert_true(slice_equal(buffer_slice(&result.body), slice_of(text, BIG)));
    result_release(&result);
    close_pair(&f);
    free(text);
}

// A raw TLS client, to write several requests at once.
struct tls_raw {
    struct raw *raw;
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
    char got[4096];
    size_t length;
};

static void tls_raw_pump(struct tls_raw *t)
{
    char bytes[20000];
    int got;
    if (t->raw->got.length > 0) {
        BIO_write(t->in, t->raw->got.data + t->raw->got.start, (int)t->raw->got.length);
        buffer_clear(&t->raw->got);
    }
    if (!SSL_is_init_finished(t->ssl))
        SSL_do_handshake(t->ssl);
    while ((got = SSL_read(t->ssl, t->got + t->length, (int)(sizeof t->got - 1 - t->length))) > 0)
        t->length += (size_t)got;
    t->got[t->length] = '\0';
    while ((got = BIO_read(t->out, bytes, sizeof bytes)) > 0)
        raw_send(t->raw, slice_of(bytes, (size_t)got));
}

static void tls_raw_open(struct tls_raw *t, struct world *world)
{
    *t = (struct tls_raw){.raw = world_connect(world)};
    t->context = SSL_CTX_new(TLS_client_method());
    t->ssl = SSL_new(t->context);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_connect_state(t->ssl);
}

static bool tls_raw_ready(void *argument)
{
    struct tls_raw *t = argument;
    tls_raw_pump(t);
    return SSL_is_init_finished(t->ssl) != 0;
}

static bool tls_raw_has_three(void *argument)
{
    struct tls_raw *t = argument;
    tls_raw_pump(t);
    size_t count = 0;
    for (const char *at = t->got; (at = strstr(at, "HTTP/1.1 200 OK")) != NULL; at++)
        count++;
    return count == 3;
}

static void tls_raw_close(struct tls_raw *t)
{
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    raw_close(t->raw);
}

// Several records arrive together: all are read, though the poller speaks up once.
static void records_that_arrive_together_are_all_read(void **state)
{
    (void)state;
    struct fixture f;
    struct tls_raw t;
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    tls_raw_open(&t, f.world);
    turn_until_true(f.world->loop, tls_raw_ready, &t);
    const char *request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int i = 0; i < 3; i++)
        assert_true(SSL_write(t.ssl, request, (int)strlen(request)) > 0);
    f.world->hold = true;
    tls_raw_pump(&t);
    for (int i = 0; i < 3; i++) {
        world_wait_request(f.world);
        http_reply_send(f.world->held, 200, NULL, 0, SLICE_LITERAL("ok"));
    }
    turn_until_true(f.world->loop, tls_raw_has_three, &t);
    tls_raw_close(&t);
    close_pair(&f);
}

static void old_tls_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct tls_raw t;
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    tls_raw_open(&t, f.world);
    SSL_set_security_level(t.ssl, 0);
    SSL_set_min_proto_version(t.ssl, TLS1_VERSION);
    SSL_set_max_proto_version(t.ssl, TLS1_1_VERSION);
    tls_raw_pump(&t);
    raw_expect_end(t.raw);
    assert_int_equal(f.world->requests, 0);
    tls_raw_close(&t);
    close_pair(&f);
}

static void plain_bytes_on_a_tls_port_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    struct raw *raw = world_connect(f.world);
    raw_say(raw, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    raw_expect_end(raw);
    assert_int_equal(f.world->requests, 0);
    assert_int_equal(raw_count(raw, "200"), 0);
    raw_close(raw);
    // Saying nothing does not keep the connection for ever.
    raw = world_connect(f.world);
    raw_expect_end(raw);
    raw_close(raw);
    close_pair(&f);
}

static void a_plain_server_is_no_tls_server(void **state)
{
    (void)state;
    struct fixture f;
    struct result result = {0};
    struct world *plain = world_open(NULL);
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    struct http_client_options options = {.host = SLICE_LITERAL("localhost"),
                                          .port = plain->port,
                                          .tls = true,
                                          .tls_context = f.client_tls};
    struct http_client *client = http_client_new(plain->loop, &options);
    assert_int_equal(world_call(client, &result, "/x", "secret", false), 0);
    turn_until(plain->loop, &result.done);
    assert_int_equal(result.code, ERROR_TLS);
    assert_int_equal(plain->requests, 0);
    assert_int_equal(plain->refused_status, 400);
    http_client_free(client);
    world_close(plain);
    close_pair(&f);
}

static void cut_handler(struct world *world, struct http_reply *reply,
                        const struct http_request *request)
{
    (void)request;
    http_reply_start(reply, 200, NULL, 0);
    http_reply_write(reply, SLICE_LITERAL("part"));
    world->held = reply;
}

static void a_cut_answer_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    struct result result = {0};
    open_pair(&f, certificates.certificate, certificates.key, certificates.authority, "localhost");
    f.world->handle = cut_handler;
    assert_int_equal(world_call(f.client, &result, "/x", "", false), 0);
    turn_until(f.world->loop, &result.got_head);
    http_reply_abort(f.world->held);
    turn_until(f.world->loop, &result.done);
    assert_false(result.ended);
    assert_int_equal(result.code, ERROR_CLOSED);
    result_release(&result);
    close_pair(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_both_ways),
        cmocka_unit_test(wrong_certificates_are_refused),
        cmocka_unit_test(wrong_files_are_named),
        cmocka_unit_test(big_bodies_go_both_ways),
        cmocka_unit_test(a_paused_call_goes_on),
        cmocka_unit_test(records_that_arrive_together_are_all_read),
        cmocka_unit_test(old_tls_is_refused),
        cmocka_unit_test(plain_bytes_on_a_tls_port_are_refused),
        cmocka_unit_test(a_plain_server_is_no_tls_server),
        cmocka_unit_test(a_cut_answer_is_an_error),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
