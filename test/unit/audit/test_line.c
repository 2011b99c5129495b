// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "audit/audit_internal.h"
#include "base/memory.h"
#include "json/json.h"

static struct buffer out;
static struct audit_second second;

static const char *line_of(const struct audit_record *record)
{
    struct audit_ring ring;
    assert_true(audit_ring_init(&ring, 0));
    assert_true(audit_ring_put(&ring, record));
    buffer_clear(&out);
    audit_line(&out, &second, audit_ring_peek(&ring));
    out.length--; // the line feed; chain_append adds the rest
    buffer_append(&out, slice_of("}\n", 3));
    assert_false(out.failed);
    audit_ring_release(&ring);
    return buffer_slice(&out).data;
}

static int setup(void **state)
{
    (void)state;
    buffer_init(&out, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_release(&out);
    return 0;
}

// The examples of docs/decision-log.md.
static void a_full_record(void **state)
{
    (void)state;
    const struct slice keys[] = {SLICE_LITERAL("pair"), SLICE_LITERAL("volume")};
    const struct audit_record record = {
        .time_ms = 1795252690123,
        .request_id = SLICE_LITERAL("5f0c2a9be1d34c77"),
        .organisation = SLICE_LITERAL("org_01"),
        .grant = SLICE_LITERAL("dev-laptop"),
        .server = SLICE_LITERAL("kraken"),
        .session = SLICE_LITERAL("9a41c0de"),
        .client = SLICE_LITERAL("claude-code"),
        .direction = SLICE_LITERAL("client"),
        .method = SLICE_LITERAL("tools/call"),
        .subject = SLICE_LITERAL("add_order"),
        .outcome = SLICE_LITERAL("denied"),
        .rule = SLICE_LITERAL("/tools/add_order/deny_if/0"),
        .reason = SLICE_LITERAL("Orders above 1 unit are not permitted."),
        .policy = SLICE_LITERAL("kraken-small-orders"),
        .policy_version = SLICE_LITERAL("7"),
        .argument_keys = keys,
        .argument_key_count = 2,
        .decide_us = 14,
        .total_us = 31,
        .peer = SLICE_LITERAL("192.0.2.7"),
        .trace = SLICE_LITERAL("4bf92f3577b34da6a3ce929d0e0e4736"),
    };
    assert_string_equal(
        line_of(&record),
        "{\"time\":\"2026-11-21T09:18:10.123Z\",\"id\":\"5f0c2a9be1d34c77\","
        "\"organisation\":\"org_01\",\"grant\":\"dev-laptop\","
        "\"server\":\"kraken\",\"session\":\"9a41c0de\",\"client\":\"claude-code\","
        "\"peer\":\"192.0.2.7\",\"direction\":\"client\",\"method\":\"tools/call\","
        "\"subject\":\"add_order\",\"outcome\":\"denied\",\"rule\":\"/tools/add_order/deny_if/0\","
        "\"reason\":\"Orders above 1 unit are not permitted.\",\"policy\":\"kraken-small-orders\","
        "\"policy_version\":\"7\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
        "\"argument_keys\":[\"pair\",\"volume\"],\"decide_us\":14,\"total_us\":31}\n");
}

static void an_empty_record(void **state)
{
    (void)state;
    const struct audit_record record = {0};
    assert_string_equal(line_of(&record),
                        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"id\":null,\"grant\":null,"
                        "\"server\":null,\"direction\":null,\"method\":null,\"outcome\":null,"
                        "\"decide_us\":0,\"total_us\":0}\n");
}

static void what_was_sent_is_told(void **state)
{
    (void)state;
    const struct audit_record record = {.arguments = SLICE_LITERAL("{\"a\":1}"),
                                        .redacted = 3,
                                        .charged =
                                            SLICE_LITERAL(",\"charged\":[{\"counter\":\"c\"}]"),
                                        .upstream_status = 502,
                                        .decide_us = 1,
                                        .upstream_us = 22,
                                        .total_us = 333};
    assert_non_null(
        strstr(line_of(&record),
               ",\"arguments\":{\"a\":1},\"redacted\":3,\"charged\":[{\"counter\":\"c\"}],"
               "\"upstream_status\":502,\"decide_us\":1,"
               "\"upstream_us\":22,\"total_us\":333}\n"));
}

static void limits_beyond_the_bound_are_left_out(void **state)
{
    (void)state;
    char text[16 * 1024 + 1];
    memset(text, 'a', sizeof text);
    memcpy(text, ",\"charged\":[\"", 13);
    struct audit_record record = {.charged = slice_of(text, sizeof text), .redacted = 3};
    assert_non_null(strstr(line_of(&record), ",\"redacted\":3,\"decide_us\":0,"));
    record.charged.length--;
    assert_non_null(strstr(line_of(&record), ",\"redacted\":3,\"charged\":[\"aaa"));
}

static void peers_cannot_forge_lines(void **state)
{
    (void)state;
    struct audit_record record = {.subject = SLICE_LITERAL("a\"}\n{\"outcome\":\"allowed\\"),
                                  .client = SLICE_LITERAL("\xFF\xC0\x80 x\0y")};
    const char *line = line_of(&record);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    struct json_doc doc;
    struct arena arena;
    json_doc_init(&doc);
    arena_init(&arena, 65536);
    assert_int_equal(json_scan(&doc, slice_of(line, strlen(line)), NULL, NULL, NULL), 0);
    struct slice subject = json_string(&doc, json_get(&doc, 0, "subject"), &arena);
    assert_true(slice_equal(subject, record.subject));
    struct slice client = json_string(&doc, json_get(&doc, 0, "client"), &arena);
    assert_non_null(memmem(client.data, client.length, "\xEF\xBF\xBD", 3));
    arena_release(&arena);
    json_doc_release(&doc);
}

static void long_texts_are_cut_before_a_character(void **state)
{
    (void)state;
    char text[1100];
    memset(text, 'a', sizeof text);
    struct audit_record record = {.reason = slice_of(text, 1024)};
    assert_null(strstr(line_of(&record), "\xE2\x80\xA6"));
    for (size_t at = 1020; at <= 1024; at++) {
        char want[16];
        memset(text, 'a', sizeof text);
        memcpy(text + at, "\xF0\x9F\x9A\xAA", 4); // ends at 1024 only in the first round
        record.reason.length = 1025;
        if (at == 1020)
            snprintf(want, sizeof want, "a\xF0\x9F\x9A\xAA\xE2\x80\xA6\",");
        else
            snprintf(want, sizeof want, "aa\xE2\x80\xA6\",");
        const char *line = line_of(&record);
        assert_non_null(strstr(line, want));
        assert_null(strstr(line, "\xEF\xBF\xBD")); // nothing broken
    }
    // Bytes that are no UTF-8 at all are cut all the same.
    memset(text, 0x80, sizeof text);
    assert_non_null(strstr(line_of(&record), "\xE2\x80\xA6\","));
}

static void long_key_lists_are_cut(void **state)
{
    (void)state;
    struct slice keys[65];
    for (size_t i = 0; i < 65; i++)
        keys[i] = SLICE_LITERAL("k");
    keys[63] = SLICE_LITERAL("last");
    struct audit_record record = {.argument_keys = keys, .argument_key_count = 64};
    assert_null(strstr(line_of(&record), "argument_keys_total"));
    record.argument_key_count = 65;
    assert_non_null(strstr(line_of(&record), ",\"last\"],\"argument_keys_total\":65,"));
    char text[200];
    memset(text, 'b', sizeof text);
    keys[0] = slice_of(text, 129);
    record.argument_key_count = 1;
    const char *line = line_of(&record);
    text[128] = '\0';
    const char *key = strstr(line, text);
    assert_non_null(key);
    assert_memory_equal(key + 128, "\"]", 2);
}

// The text of a second is kept from line to line: whatever the order of times, each is its own.
static void times_are_right_in_any_order(void **state)
{
    (void)state;
    static const int64_t times[] = {1795252690123,
                                    1795252690999,
                                    1795252691000,
                                    1795252690000,
                                    1795252690001,
                                    0,
                                    -1,
                                    -1000,
                                    -999,
                                    7,
                                    1795252690123,
                                    253402300799999};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char wanted[CLOCK_TEXT_SIZE];
        struct audit_record record = {.time_ms = times[i]};
        clock_format(times[i], wanted);
        assert_memory_equal(line_of(&record) + strlen("{\"time\":\""), wanted, CLOCK_TEXT_SIZE - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_record),
        cmocka_unit_test(an_empty_record),
        cmocka_unit_test(what_was_sent_is_told),
        cmocka_unit_test(limits_beyond_the_bound_are_left_out),
        cmocka_unit_test(peers_cannot_forge_lines),
        cmocka_unit_test(long_texts_are_cut_before_a_character),
        cmocka_unit_test(long_key_lists_are_cut),
        cmocka_unit_test(times_are_right_in_any_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
