// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Whom a trusted proxy asks for, and every text that must not be believed.
#include "lib/unit.h"
#include "http/server_internal.h"

enum { LINES_MAX = 4 };

struct row {
    const char *peer;
    const char *lines[LINES_MAX];
    const char *client; // NULL: the peer asks for itself
};

static void check(enum http_forwarded header, const struct row *row)
{
    static const char *const names[] = {"x-forwarded-for", "Forwarded"};
    static const char *const proxies[] = {"10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48"};
    struct net_range ranges[3];
    struct error error = {0};
    struct net_host peer, client;
    struct http_header items[2 * LINES_MAX];
    size_t count = 0;
    char text[NET_ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(net_range_parse(slice_from_string(proxies[i]), &ranges[i], &error), 0);
    for (size_t i = 0; i < LINES_MAX && row->lines[i] != NULL; i++) {
        items[count++] = (struct http_header){slice_from_string(names[header]),
                                              slice_from_string(row->lines[i])};
        items[count++] = (struct http_header){slice_from_string(names[1 - header]),
                                              SLICE_LITERAL("198.51.100.99")};
    }
    struct http_server server = {.trusted_count = 0};
    const struct http_trust trust = {ranges, 3, header};
    assert_int_equal(http_server_trust(&server, &trust), 0);
    assert_true(net_host_parse(slice_from_string(row->peer), &peer));
    bool found =
        http_forwarded_client(&server, &peer, (struct http_headers){items, count, NULL}, &client);
    assert_int_equal(found, row->client != NULL);
    if (found) {
        net_host_format(&client, text);
        assert_string_equal(text, row->client);
    }
    const struct http_trust nobody = {NULL, 0, header};
    assert_int_equal(http_server_trust(&server, &nobody), 0);
    assert_null(server.trusted);
}

static void reads_lists_from_their_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"203.0.113.7", {"198.51.100.1"}, NULL}, // not a proxy of ours
        {"10.1.2.3", {NULL}, NULL},
        {"10.1.2.3", {"198.51.100.1"}, "198.51.100.1"},
        {"::ffff:10.1.2.3", {"198.51.100.1"}, "198.51.100.1"},
        {"2001:db8:1::5", {"2001:db8:2::7"}, "[2001:db8:2::7]"},
        {"10.1.2.3", {"[2001:db8:2::7]:443"}, "[2001:db8:2::7]"},
        {"10.1.2.3", {"198.51.100.1:4711"}, "198.51.100.1"},
        {"10.1.2.3", {"::ffff:198.51.100.1"}, "198.51.100.1"},
        // What stands in front of the last stranger is anybody's invention.
        {"10.1.2.3", {"127.0.0.1, 198.51.100.1"}, "198.51.100.1"},
        {"10.1.2.3", {"127.0.0.1", "198.51.100.1"}, "198.51.100.1"},
        {"10.1.2.3", {"1.1.1.1, 198.51.100.1, 192.0.2.1 ,\t10.9.9.9"}, "198.51.100.1"},
        {"10.1.2.3", {"1.1.1.1, 198.51.100.1", "192.0.2.1", "10.9.9.9"}, "198.51.100.1"},
        {"10.1.2.3", {"10.7.7.7, 10.8.8.8"}, "10.7.7.7"},
        // What cannot be read ends at who said it.
        {"10.1.2.3", {""}, "10.1.2.3"},
        {"10.1.2.3", {","}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1,"}, "10.1.2.3"},
        {"10.1.2.3", {"unknown"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1, unknown, 10.8.8.8"}, "10.8.8.8"},
        {"10.1.2.3", {"198.51.100.01"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100"}, "10.1.2.3"},
        {"10.1.2.3", {"3325256705"}, "10.1.2.3"},
        {"10.1.2.3", {"0xc6.51.100.1"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1 198.51.100.2"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1:"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1:x"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1:123456"}, "10.1.2.3"},
        {"10.1.2.3", {"[198.51.100.1]"}, "10.1.2.3"},
        {"10.1.2.3", {"[2001:db8:2::7"}, "10.1.2.3"},
        {"10.1.2.3", {"[2001:db8:2::7]x"}, "10.1.2.3"},
        {"10.1.2.3", {"[]"}, "10.1.2.3"},
        {"10.1.2.3", {"fe80::1%eth0"}, "10.1.2.3"},
        {"10.1.2.3", {"for=198.51.100.1"}, "10.1.2.3"},
        {"10.1.2.3", {"\"198.51.100.1\""}, "10.1.2.3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(HTTP_X_FORWARDED_FOR, &rows[i]);
}

static void reads_forwarded(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"203.0.113.7", {"for=198.51.100.1"}, NULL},
        {"10.1.2.3", {"for=198.51.100.1"}, "198.51.100.1"},
        {"10.1.2.3", {"For=\"198.51.100.1:4711\";proto=https;by=10.1.2.3"}, "198.51.100.1"},
        {"10.1.2.3", {"proto=https;for=\"[2001:db8:2::7]:4711\""}, "[2001:db8:2::7]"},
        {"10.1.2.3", {"for=1.1.1.1, for=198.51.100.1, for=10.2.2.2"}, "198.51.100.1"},
        {"10.1.2.3", {"for=1.1.1.1;by=\"a,b;c\" ,for=198.51.100.1"}, "198.51.100.1"},
        {"10.1.2.3", {"for=1.1.1.1", "for=198.51.100.1,for=192.0.2.1"}, "198.51.100.1"},
        {"10.1.2.3", {"for=_hidden"}, "10.1.2.3"},
        {"10.1.2.3", {"for=unknown, for=10.2.2.2"}, "10.2.2.2"},
        {"10.1.2.3", {"proto=https"}, "10.1.2.3"},
        {"10.1.2.3", {""}, "10.1.2.3"},
        {"10.1.2.3", {"for=198.51.100.1;for=198.51.100.2"}, "10.1.2.3"},
        {"10.1.2.3", {"for = 198.51.100.1"}, "10.1.2.3"},
        {"10.1.2.3", {"for=\"198.51.\\100.1\""}, "10.1.2.3"},
        {"10.1.2.3", {"for=198.51.100.1 for=198.51.100.2"}, "10.1.2.3"},
        {"10.1.2.3", {"198.51.100.1"}, "10.1.2.3"},
        // A quote that somebody left open swallows what the proxy appended, and then nobody is
        // believed.
        {"10.1.2.3", {"for=1.1.1.1;x=\", for=198.51.100.1"}, "10.1.2.3"},
        {"10.1.2.3", {"for=1.1.1.1;x=\", for=\"198.51.100.1\""}, "10.1.2.3"},
        {"10.1.2.3", {"for=\"1.1.1.1", "for=198.51.100.1"}, "198.51.100.1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(HTTP_FORWARDED, &rows[i]);
}

static void a_long_list_is_read_from_its_end(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 0);
    for (int i = 0; i < 500; i++)
        buffer_append_string(&text, "1.1.1.1, ");
    buffer_append_string(&text, "198.51.100.1, 10.1.1.1");
    buffer_append(&text, slice_of("", 1));
    const struct row stranger = {"10.1.2.3", {buffer_slice(&text).data}, "198.51.100.1"};
    check(HTTP_X_FORWARDED_FOR, &stranger);
    buffer_clear(&text);
    for (int i = 0; i < 500; i++)
        buffer_append_format(&text, "%s10.1.%d.%d", i == 0 ? "" : ",", i / 250, i % 250);
    buffer_append(&text, slice_of("", 1));
    const struct row ours = {"10.1.2.3", {buffer_slice(&text).data}, "10.1.1.218"};
    check(HTTP_X_FORWARDED_FOR, &ours); // as far as is kept
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists_from_their_end),
        cmocka_unit_test(reads_forwarded),
        cmocka_unit_test(a_long_list_is_read_from_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
