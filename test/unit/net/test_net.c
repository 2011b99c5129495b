// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/peers.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

static void parses_and_writes_addresses(void **state)
{
    (void)state;
    const char *const cases[][2] = {{"127.0.0.1:8700", "127.0.0.1:8700"},
                                    {"[::1]:8700", "[::1]:8700"},
                                    {"localhost:0", "127.0.0.1:0"},
                                    {"0.0.0.0:65535", "0.0.0.0:65535"},
                                    {"*:80", "[::]:80"},
                                    {"[::ffff:10.0.0.1]:1", "10.0.0.1:1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loop_address address;
        char text[NET_ADDRESS_TEXT_SIZE];
        assert_int_equal(net_address_parse(cases[i][0], &address, NULL), 0);
        assert_int_equal(net_address_format(&address, text), strlen(cases[i][1]));
        assert_string_equal(text, cases[i][1]);
    }
}

static void refuses_other_texts(void **state)
{
    (void)state;
    const char *const cases[] = {"",
                                 ":",
                                 "8700",
                                 ":8700",
                                 "127.0.0.1",
                                 "127.0.0.1:",
                                 "127.0.0.1:x",
                                 "127.0.0.1:65536",
                                 "127.0.0.1:123456",
                                 "127.0.0.1:-1",
                                 "::1:80x",
                                 "::1:80",
                                 "[::1]",
                                 "[127.0.0.1]:80",
                                 "[]:80",
                                 "example.com:80",
                                 "127.0.0.1:80 ",
                                 "256.0.0.1:80"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loop_address address;
        struct error error = {0};
        if (net_address_parse(cases[i], &address, &error) != ERROR_CONFIG)
            fail_msg("'%s'", cases[i]);
        assert_true(error.text[0] != '\0');
    }
}

static void knows_loopback(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool loopback;
    } cases[] = {{"127.0.0.1:1", true},          {"127.9.9.9:1", true}, {"[::1]:1", true},
                 {"[::ffff:127.0.0.1]:1", true}, {"10.0.0.1:1", false}, {"[::2]:1", false},
                 {"[::ffff:10.0.0.1]:1", false}, {"0.0.0.0:1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loop_address address;
        assert_int_equal(net_address_parse(cases[i].text, &address, NULL), 0);
        assert_int_equal(net_address_is_loopback(&address), cases[i].loopback);
        assert_int_equal(net_address_port(&address), 1);
    }
}

static void accepted_sockets_are_ready_for_use(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct raw_server *server = raw_server_open(loop);
    struct raw *client = raw_connect(loop, server->port);
    struct raw *peer = raw_server_peer(server, 0);
    int value = 0;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    assert_true(value != 0);
    assert_true(fcntl(peer->fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(peer->fd, F_GETFD) & FD_CLOEXEC);
    raw_close(client);
    raw_server_close(server);
    loop_free(loop);
}

// Without descriptors the listener rests instead of spinning, and then goes on.
static void a_shortage_of_descriptors_passes(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct raw_server *server = raw_server_open(loop);
    struct rlimit old, tight;
    struct raw *client = raw_connect(loop, server->port);
    getrlimit(RLIMIT_NOFILE, &old);
    tight = old;
    tight.rlim_cur = (rlim_t)client->fd + 1;
    setrlimit(RLIMIT_NOFILE, &tight);
    turn_for(loop, 20);
    assert_int_equal(server->count, 0);
    setrlimit(RLIMIT_NOFILE, &old);
    raw_server_peer(server, 0);
    raw_close(client);
    raw_server_close(server);
    loop_free(loop);
}

struct dialling {
    bool done;
    int error;
    struct net_socket socket;
    char text[256];
};

static void dialled_cb(void *argument, int error, struct net_socket socket, const char *text)
{
    struct dialling *d = argument;
    d->done = true;
    d->error = error;
    d->socket = socket;
    snprintf(d->text, sizeof d->text, "%s", text);
}

static struct loop_address address_of(const char *text)
{
    struct loop_address address;
    assert_int_equal(net_address_parse(text, &address, NULL), 0);
    return address;
}

// A port that was free a moment ago: nobody listens there.
static struct loop_address closed_address(struct loop *loop)
{
    char text[32];
    struct raw_server *server = raw_server_open(loop);
    snprintf(text, sizeof text, "127.0.0.1:%u", server->port);
    raw_server_close(server);
    return address_of(text);
}

static struct loop_address open_address(const struct raw_server *server)
{
    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%u", server->port);
    return address_of(text);
}

static void dialling_tries_the_next_address(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct raw_server *server = raw_server_open(loop);
    struct dialling d = {0};
    struct loop_address addresses[] = {closed_address(loop), address_of("[::1]:1"),
                                       open_address(server)};
    struct net_dial_options options = {.addresses = addresses, .count = 3, .timeout_ms = 5000};
    net_dial_start(loop, &options, dialled_cb, &d);
    assert_false(d.done);
    turn_until(loop, &d.done);
    assert_int_equal(d.error, 0);
    raw_server_peer(server, 0);
    net_socket_close(&d.socket);
    net_socket_close(&d.socket);
    raw_server_close(server);
    loop_free(loop);
}

static void dialling_says_why_it_failed(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct dialling d = {0};
    char expected[80], text[NET_ADDRESS_TEXT_SIZE];
    struct loop_address address = closed_address(loop);
    struct net_dial_options options = {.addresses = &address, .count = 1, .timeout_ms = 5000};
    net_dial_start(loop, &options, dialled_cb, &d);
    turn_until(loop, &d.done);
    net_address_format(&address, text);
    snprintf(expected, sizeof expected, "connection refused by %s", text);
    assert_string_equal(d.text, expected);
    assert_int_equal(d.error, ERROR_UNREACHABLE);
    assert_int_equal(d.socket.fd, -1);

    d = (struct dialling){0};
    options.count = 0;
    net_dial_start(loop, &options, dialled_cb, &d);
    turn_until(loop, &d.done);
    assert_int_equal(d.error, ERROR_UNREACHABLE);
    loop_free(loop);
}

// A full queue: its kernel drops further attempts, so they hang, as behind a silent firewall.
static int fill_queue(struct sockaddr_in *address, int fds[4])
{
    socklen_t length = sizeof *address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(listener, (struct sockaddr *)address, length), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)address, &length), 0);
    for (int i = 0; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fds[i], (struct sockaddr *)address, length);
    }
    return listener;
}

static void a_silent_address_gets_its_share_of_the_time(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct raw_server *server = raw_server_open(loop);
    struct sockaddr_in silent;
    int fds[4], listener = fill_queue(&silent, fds);
    struct loop_address addresses[2] = {{.length = sizeof silent}, open_address(server)};
    memcpy(&addresses[0].storage, &silent, sizeof silent);
    struct net_dial_options options = {.addresses = addresses, .count = 2, .timeout_ms = 200};
    struct dialling d = {0};
    net_dial_start(loop, &options, dialled_cb, &d);
    turn_until(loop, &d.done);
    assert_int_equal(d.error, 0);
    net_socket_close(&d.socket);

    d = (struct dialling){0};
    options.count = 1;
    options.timeout_ms = 60;
    net_dial_start(loop, &options, dialled_cb, &d);
    turn_until(loop, &d.done);
    assert_int_equal(d.error, ERROR_TIMEOUT);
    assert_non_null(strstr(d.text, "within 60 ms"));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(listener);
    raw_server_close(server);
    loop_free(loop);
}

static void a_handshake_has_the_same_deadline(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct raw_server *server = raw_server_open(loop);
    struct net_tls *tls = NULL;
    struct error error;
    assert_int_equal(net_tls_client(NULL, &tls, &error), 0);
    struct loop_address address = open_address(server);
    struct net_dial_options options = {
        .addresses = &address, .count = 1, .timeout_ms = 80, .tls = tls, .host = "localhost"};
    struct dialling d = {0};
    net_dial_start(loop, &options, dialled_cb, &d);
    turn_until(loop, &d.done);
    assert_int_equal(d.error, ERROR_TIMEOUT);
    assert_string_equal(d.text, "TLS: no handshake within 80 ms");
    raw_expect_end(raw_server_peer(server, 0));

    d = (struct dialling){0};
    options.timeout_ms = 5000;
    net_dial_start(loop, &options, dialled_cb, &d);
    raw_expect_bytes(raw_server_peer(server, 1), 100);
    raw_finish(server->peers[1]);
    turn_until(loop, &d.done);
    assert_int_equal(d.error, ERROR_TLS);
    net_tls_free(tls);
    raw_server_close(server);
    loop_free(loop);
}

static void a_cancelled_dial_is_silent(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct raw_server *server = raw_server_open(loop);
    struct loop_address address = open_address(server);
    struct net_dial_options options = {.addresses = &address, .count = 1, .timeout_ms = 5000};
    struct dialling d = {0};
    net_dial_cancel(net_dial_start(loop, &options, dialled_cb, &d));
    struct net_dial *dial = net_dial_start(loop, &options, dialled_cb, &d);
    turn_once(loop);
    if (!d.done)
        net_dial_cancel(dial);
    else
        net_socket_close(&d.socket);
    bool done = d.done;
    net_dial_cancel(NULL);
    turn_for(loop, 5);
    assert_int_equal(d.done, done);
    raw_server_close(server);
    loop_free(loop);
}

static void knows_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *range, *inside, *outside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"},
        {"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
        {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
        {"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
        {"0.0.0.0/0", "203.0.113.1", "::1"},
        {"::ffff:10.0.0.0/104", "10.3.2.1", "11.0.0.0"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"::/0", "2001:db8::1", "127.0.0.1"},
        {"::1", "::1", "127.0.0.1"},
    };
    static const char *const wrong[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.1/8",
        "10.0/8",
        "010.0.0.0/8",
        "2001:db8::1/32",
        "2001:db8::/129",
        "[::1]",
        "[::1]/128",
        "localhost",
        "10.0.0.0/8/8",
        "::1%lo",
        "127.0.0.1:80",
    };
    struct net_range range;
    struct net_host host;
    struct error error = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(net_range_parse(slice_from_string(rows[i].range), &range, &error), 0);
        assert_true(net_host_parse(slice_from_string(rows[i].inside), &host));
        assert_true(net_range_has(&range, &host));
        assert_true(net_host_parse(slice_from_string(rows[i].outside), &host));
        assert_false(net_range_has(&range, &host));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(net_range_parse(slice_from_string(wrong[i]), &range, &error),
                         ERROR_CONFIG);
    assert_false(net_host_parse(slice_of("1.2.3.4\0", 8), &host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_writes_addresses),
        cmocka_unit_test(refuses_other_texts),
        cmocka_unit_test(knows_loopback),
        cmocka_unit_test(knows_ranges),
        cmocka_unit_test(accepted_sockets_are_ready_for_use),
        cmocka_unit_test(a_shortage_of_descriptors_passes),
        cmocka_unit_test(dialling_tries_the_next_address),
        cmocka_unit_test(dialling_says_why_it_failed),
        cmocka_unit_test(a_silent_address_gets_its_share_of_the_time),
        cmocka_unit_test(a_handshake_has_the_same_deadline),
        cmocka_unit_test(a_cancelled_dial_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
