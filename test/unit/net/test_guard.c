// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static struct loop_address address_of(const char *text)
{
    struct loop_address address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(443);
        address.length = sizeof *v4;
        return address;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(443);
    address.length = sizeof *v6;
    return address;
}

static const char *const public_ones[] = {
    "1.1.1.1",         "8.8.8.8",         "9.255.255.255",        "11.0.0.0",
    "100.63.255.255",  "100.128.0.0",     "126.255.255.255",      "128.0.0.1",
    "169.253.255.255", "169.255.0.0",     "172.15.255.255",       "172.32.0.0",
    "192.0.1.1",       "192.0.3.0",       "192.167.255.255",      "192.169.0.0",
    "198.17.255.255",  "198.20.0.0",      "223.255.255.255",      "168.63.129.15",
    "::ffff:8.8.8.8",  "2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::8.8.8.8",
    "2001:200::1",     "2600::5efe:1",    "2600::5efe:808:808",   "2600::200:5efe:808:808",
    "3ffe:ffff::1",
};

struct row {
    const char *address, *what;
};
static const struct row special_ones[] = {
    {"0.0.0.0", "unspecified"},
    {"0.255.255.255", "unspecified"},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"100.64.0.0", "carrier"},
    {"100.127.255.255", "carrier"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.254", "loopback"},
    {"169.254.0.1", "link-local"},
    {"169.254.169.254", "metadata"},
    {"169.254.170.2", "metadata"},
    {"100.100.100.200", "metadata"},
    {"168.63.129.16", "metadata"},
    {"192.0.0.192", "metadata"},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"192.0.0.1", "protocol"},
    {"192.0.2.1", "documentation"},
    {"192.88.99.1", "relay"},
    {"192.168.0.0", "private"},
    {"192.168.255.255", "private"},
    {"198.18.0.1", "benchmarks"},
    {"198.19.255.255", "benchmarks"},
    {"198.51.100.1", "documentation"},
    {"203.0.113.1", "documentation"},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.1", "reserved"},
    {"255.255.255.255", "broadcast"},
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:10.1.2.3", "private"},
    {"::ffff:169.254.169.254", "metadata"},
    {"::ffff:0.0.0.0", "unspecified"},
    {"::127.0.0.1", "compatible"},
    {"::8.8.8.8", "compatible"},
    {"::ffff:0:127.0.0.1", "reserved"}, // "translated" of RFC 2765
    {"64:ff9b::127.0.0.1", "not public"},
    {"64:ff9b::169.254.169.254", "not public"},
    {"64:ff9b::10.0.0.1", "not public"},
    {"64:ff9b:1::8.8.8.8", "local NAT64"},
    {"64:ff9b:1:7f00:0:100::", "local NAT64"},
    {"64:ff9b:0:1::1", "reserved"},
    {"2002:7f00:1::1", "6to4"},
    {"2002:808:808::1", "6to4"},
    {"2001:0:808:808::1", "Teredo"},
    {"2001::1", "Teredo"},
    {"2001:2::1", "benchmarks"},
    {"2001:10::1", "protocol"},
    {"2001:1ff:ffff::1", "protocol"},
    {"2001:db8::1", "documentation"},
    {"3fff:fff::1", "documentation"},
    {"2600::5efe:7f00:1", "not public"}, // ISATAP
    {"2600::200:5efe:a00:1", "not public"},
    {"fe80::1", "link-local"},
    {"febf::1", "link-local"},
    {"fec0::1", "site-local"},
    {"fc00::1", "unique local"},
    {"fdff::1", "unique local"},
    {"fd00:ec2::254", "metadata"},
    {"fd20:ce::254", "metadata"},
    {"ff02::1", "multicast"},
    {"100::1", "reserved"},
    {"5f00::1", "reserved"},
    {"4000::1", "reserved"},
    {"64:ff9c::1", "reserved"},
};

static void says_what_is_special(void **state)
{
    (void)state;
    struct error error;
    for (size_t i = 0; i < sizeof public_ones / sizeof *public_ones; i++) {
        struct loop_address address = address_of(public_ones[i]);
        if (net_address_special(&address) != NULL)
            fail_msg("%s is no %s", public_ones[i], net_address_special(&address));
        assert_int_equal(net_guard_check(NULL, &address, &error), 0);
    }
    for (size_t i = 0; i < sizeof special_ones / sizeof *special_ones; i++) {
        const struct row *row = &special_ones[i];
        struct loop_address address = address_of(row->address);
        const char *what = net_address_special(&address);
        if (what == NULL || strstr(what, row->what) == NULL)
            fail_msg("%s is '%s', not '%s'", row->address, what == NULL ? "public" : what,
                     row->what);
        assert_int_equal(net_guard_check(NULL, &address, &error), ERROR_DENIED);
        assert_non_null(strstr(error.text, row->what));
        assert_non_null(strstr(error.text, "outside.allow"));
    }
}

static void refuses_other_families(void **state)
{
    (void)state;
    struct loop_address address = {.storage = {.ss_family = AF_UNIX}, .length = 2};
    assert_non_null(net_address_special(&address));
    assert_int_equal(net_guard_check(NULL, &address, NULL), ERROR_DENIED);
}

static bool passes(const struct net_guard *guard, const char *text)
{
    struct loop_address address = address_of(text);
    return net_guard_check(guard, &address, NULL) == 0;
}

static struct net_guard *guard_with(const char *const *ranges, size_t count)
{
    struct net_range parsed[8];
    struct net_guard *guard = net_guard_new();
    for (size_t i = 0; i < count; i++)
        assert_int_equal(net_range_parse(slice_from_string(ranges[i]), &parsed[i], NULL), 0);
    net_guard_allow(guard, parsed, count);
    return guard;
}

static void exceptions_open_what_they_name(void **state)
{
    (void)state;
    static const char *const ranges[] = {"10.0.0.0/8", "192.168.7.0/25", "::1", "fd00::/8",
                                         "172.16.0.9"};
    struct net_guard *guard = guard_with(ranges, 5);
    assert_true(passes(guard, "10.255.0.1"));
    assert_true(passes(guard, "::ffff:10.0.0.1"));
    assert_false(passes(guard, "64:ff9b::10.0.0.1"));
    assert_false(passes(guard, "2002:a00:1::1"));
    assert_false(passes(guard, "::10.0.0.1"));
    assert_true(passes(guard, "192.168.7.127"));
    assert_false(passes(guard, "192.168.7.128"));
    assert_true(passes(guard, "::1"));
    assert_false(passes(guard, "127.0.0.1"));
    assert_true(passes(guard, "fd12::1"));
    assert_false(passes(guard, "fc00::1"));
    assert_true(passes(guard, "172.16.0.9"));
    assert_false(passes(guard, "172.16.0.8"));
    assert_true(passes(guard, "8.8.8.8"));
    net_guard_allow(guard, NULL, 0);
    assert_false(passes(guard, "10.255.0.1"));
    net_guard_free(guard);
}

static void metadata_must_be_named_itself(void **state)
{
    (void)state;
    static const char *const wide[] = {"0.0.0.0/0", "::/0", "169.254.0.0/16"};
    static const char *const exact[] = {"169.254.169.254", "fd00:ec2::254/128"};
    struct net_guard *guard = guard_with(wide, 3);
    assert_true(passes(guard, "169.254.0.1"));
    assert_true(passes(guard, "fe80::1"));
    assert_true(passes(guard, "127.0.0.1"));
    assert_false(passes(guard, "169.254.169.254"));
    assert_false(passes(guard, "::ffff:169.254.169.254"));
    assert_false(passes(guard, "fd00:ec2::254"));
    net_guard_free(guard);
    guard = guard_with(exact, 2);
    assert_true(passes(guard, "169.254.169.254"));
    assert_true(passes(guard, "fd00:ec2::254"));
    assert_false(passes(guard, "169.254.170.2"));
    net_guard_free(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_special),
        cmocka_unit_test(refuses_other_families),
        cmocka_unit_test(exceptions_open_what_they_name),
        cmocka_unit_test(metadata_must_be_named_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
