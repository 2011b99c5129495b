// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What of a mail is refused before anything is sent; conversations with servers are in test/wire.
#include "lib/unit.h"

#include "base/memory.h"
#include "fetch/fetch.h"

static void addresses_need_no_quotes(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b", "a.b+c@example.com", "o'neil_{1}@x-y.example",
                                       "postmaster@127.0.0.1"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@b",
                                      "a@",
                                      "a@b@c",
                                      "a b@c",
                                      "a@b c",
                                      "<a@b>",
                                      "a@b>",
                                      "a@b\r\nRCPT TO:<x@y>",
                                      "a@b\n",
                                      "\"a\"@b",
                                      "a@[127.0.0.1]",
                                      "a,b@c",
                                      ".a@b",
                                      "a.@b",
                                      "a..b@c",
                                      "a@.b",
                                      "a@b.",
                                      "a@b..c",
                                      "-a@b",
                                      "a@-b",
                                      "\xC3\xA4@b",
                                      "a@\xC3\xA4"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(fetch_mail_address_is_good(slice_from_string(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (fetch_mail_address_is_good(slice_from_string(bad[i])))
            fail_msg("'%s' is taken", bad[i]);
    assert_false(fetch_mail_address_is_good(slice_of("a@b\0c", 5)));
    assert_false(fetch_mail_address_is_good(slice_of(NULL, 0)));
    char longest[260];
    memset(longest, 'a', sizeof longest);
    longest[64] = '@';
    assert_true(fetch_mail_address_is_good(slice_of(longest, 254)));
    assert_false(fetch_mail_address_is_good(slice_of(longest, 255)));
    longest[64] = 'a';
    longest[65] = '@';
    assert_false(fetch_mail_address_is_good(slice_of(longest, 100)));
}

static void never_cb(void *argument, const struct fetch_answer *answer)
{
    (void)argument;
    (void)answer;
    fail_msg("something was sent");
}

static void expect_refused(struct fetch *fetch, const struct fetch_mail *mail)
{
    struct error error = {0};
    assert_int_equal(fetch_mail_start(fetch, mail, never_cb, NULL, &error), ERROR_RANGE);
    assert_true(error.text[0] != '\0');
}

static void mails_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const to[] = {"b@example.com", NULL}, *const nobody[] = {NULL};
    static const char *const bad_to[] = {"b@example.com", "c@d\r\nDATA", NULL};
    static const char *const texts[] = {"", "a", "a\n", "a\r", "a\r\nb", "a\r\rb\r\n", "a\nb\r\n"};
    const char *many[FETCH_MAIL_ADDRESSES_MAX + 2] = {NULL};
    char line[FETCH_MAIL_LINE_MAX + 3];
    struct fetch *fetch;
    const struct fetch_options options = {.guard = NULL};
    const struct fetch_mail good = {.host = "127.0.0.1",
                                    .port = 1,
                                    .security = FETCH_MAIL_PLAIN,
                                    .from = "a@example.com",
                                    .to = to,
                                    .message = SLICE_LITERAL("Subject: x\r\n\r\ny\r\n")};
    assert_int_equal(fetch_open(&options, &fetch, NULL), 0);
    struct fetch_mail mail = good;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mail.message = slice_from_string(texts[i]);
        expect_refused(fetch, &mail);
    }
    memset(line, 'a', sizeof line);
    memcpy(line + FETCH_MAIL_LINE_MAX + 1, "\r\n", 2);
    mail.message = slice_of(line, sizeof line);
    expect_refused(fetch, &mail);
    mail.message = slice_of("a\0b\r\n", 5);
    expect_refused(fetch, &mail);
    mail = good, mail.to = nobody;
    expect_refused(fetch, &mail);
    mail = good, mail.to = bad_to;
    expect_refused(fetch, &mail);
    for (size_t i = 0; i <= FETCH_MAIL_ADDRESSES_MAX; i++)
        many[i] = "b@example.com";
    mail = good, mail.to = many;
    expect_refused(fetch, &mail);
    mail = good, mail.from = "a@b>\r\nX";
    expect_refused(fetch, &mail);
    mail = good, mail.host = "example.com/x";
    expect_refused(fetch, &mail);
    mail = good, mail.user = "a\r\nb";
    expect_refused(fetch, &mail);
    mail = good, mail.port = 0;
    expect_refused(fetch, &mail);
    fetch_close(fetch);
}

// Nobody listens on port 1, so what is let through is not reached.
static void nothing_goes_without_tls_beyond_this_machine(void **state)
{
    (void)state;
    static const char *const to[] = {"b@example.com", NULL};
    const struct {
        const char *host, *user;
        bool anywhere;
        int result;
    } rows[] = {{"127.0.0.1", "u", false, ERROR_UNREACHABLE},
                {"::1", NULL, false, ERROR_UNREACHABLE},
                {"192.0.2.1", NULL, false, ERROR_DENIED},
                {"192.0.2.1", "u", true, ERROR_DENIED}};
    struct fetch *fetch;
    const struct fetch_options options = {.guard = NULL};
    assert_int_equal(fetch_open(&options, &fetch, NULL), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fetch_mail mail = {.host = rows[i].host,
                                  .port = 1,
                                  .security = FETCH_MAIL_PLAIN,
                                  .anywhere = rows[i].anywhere,
                                  .user = rows[i].user,
                                  .password = rows[i].user,
                                  .from = "a@example.com",
                                  .to = to,
                                  .message = SLICE_LITERAL("x\r\n"),
                                  .timeout_ms = 5000};
        struct fetch_answer answer;
        struct error error = {0};
        struct arena arena;
        arena_init(&arena, 65536);
        assert_int_equal(fetch_mail_wait(fetch, &mail, &arena, &answer, &error), rows[i].result);
        arena_release(&arena);
    }
    fetch_close(fetch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_need_no_quotes),
        cmocka_unit_test(mails_that_are_none_are_refused),
        cmocka_unit_test(nothing_goes_without_tls_beyond_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
