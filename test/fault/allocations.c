// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The n-th allocation fails, alone or with the three behind it, while a whole conversation passes
// through the gateway. Every request is answered or its connection closed in time; whatever fails,
// nothing that the policy forbids happens; and the gateway works again afterwards. What leaks is
// found by the sanitizer at the end.
//
// Every n up to EVERY_UNTIL, then in steps of a prime. Arguments: a test, and one n.
#include "conversations.h"

#include "base/log.h"
#include "base/memory.h"
#include "lib/shards.h"
#include "unit/net/certificate.h"

#include <openssl/crypto.h>

enum { EVERY_UNTIL = 300, STEP = 7, TLS_STEP = 61 };

static size_t only; // 0: all
static struct certificates certificates;
static struct {
    size_t n, repeat; // 0: none is being tried
} trying;

static bool try_one(const struct conversation *conversation, size_t n, size_t repeat)
{
    // An answer of a client that is lost for good leaves its call waiting, no longer than this.
    struct world_options options = {.answer_timeout_ms = conversation->again ? 500 : 0,
                                    .tls = conversation->tls};
    struct gateway_world *world = gateway_world_open(&options);
    trying.n = n;
    trying.repeat = repeat;
    memory_fail_at(n, repeat);
    conversation->run(world, conversation->server);
    bool reached = memory_attempts() >= n;
    memory_fail_at(0, 0);
    nothing_forbidden_happened(world);
    // One of the two rounds waits for a child that rests.
    works_again(world, conversation, repeat == 0);
    nothing_forbidden_happened(world);
    gateway_world_close(world);
    trying.n = 0;
    return reached;
}

struct round {
    const struct conversation *conversation;
    size_t repeat, every, step;
};

// Which allocation fails in the trial of this number.
static size_t allocation_of(const struct round *round, size_t number)
{
    return number <= round->every ? number : round->every + (number - round->every) * round->step;
}

static bool try_number(const void *argument, size_t number)
{
    const struct round *round = argument;
    return try_one(round->conversation, allocation_of(round, number), round->repeat);
}

static void try_all(const struct conversation *conversation)
{
    if (only > 0) {
        try_one(conversation, only, 0);
        try_one(conversation, only, 3);
        return;
    }
    for (size_t repeat = 0; repeat <= 3; repeat += 3) {
        // Those that are asked again take their time.
        const struct round round = {.conversation = conversation,
                                    .repeat = repeat,
                                    .every = conversation->again && repeat > 0 ? 1 : EVERY_UNTIL,
                                    .step = conversation->tls != NULL ? TLS_STEP : STEP};
        size_t count = shards_try(try_number, &round);
        assert_true(allocation_of(&round, count) > 30);
        print_message("passed at allocation %zu\n", allocation_of(&round, count + 1));
    }
}

static int say_where(void **state)
{
    (void)state;
    memory_fail_at(0, 0);
    if (trying.n > 0)
        print_error("when allocation %zu failed and %zu more\n", trying.n, trying.repeat);
    trying.n = 0;
    shards_end_failed();
    return 0;
}

static void legacy_over_http(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_legacy});
}

static void modern_over_http(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_modern});
}

static void batch_over_http(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_batch});
}

static void escaped_over_http(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_escaped});
}

static void legacy_over_sse(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "old", .run = converse_legacy});
}

static void modern_over_sse(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "old", .run = converse_modern});
}

static void legacy_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "child", .run = converse_legacy});
}

static void modern_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "child", .run = converse_modern});
}

static void legacy_with_a_shared_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "shared", .run = converse_legacy});
}

static void batch_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "child", .run = converse_batch});
}

static void return_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "child", .run = converse_return});
}

// Between the eras: a client of the older one before a server of the newer, then the other way
// round, over HTTP and over pipes.
static void legacy_before_modern(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "new", .run = converse_legacy});
}

static void asked_legacy_before_modern(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "new", .run = converse_asked_legacy, .again = true});
}

static void asked_modern_before_legacy(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_asked_modern, .again = true});
}

static void asked_modern_before_legacy_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "child", .run = converse_asked_modern, .again = true});
}

static void asked_legacy(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_asked_legacy, .again = true});
}

static void watching_legacy_before_modern(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "new", .run = converse_watch_legacy, .again = true});
}

static void watching_modern_before_legacy(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_watch_modern, .again = true});
}

// Clients on pipes.
static void run_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "child", .run = converse_run, .again = true});
}

static void run_over_http(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_run, .again = true});
}

static void run_before_modern(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "new", .run = converse_run, .again = true});
}

static void connect_over_http(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "far", .run = converse_connect, .again = true});
}

// OpenSSL's own memory is among what fails here.
static void legacy_over_tls(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "fake", .run = converse_legacy, .tls = &certificates});
}

static void modern_over_tls(void **state)
{
    (void)state;
    try_all(&(struct conversation){.server = "new", .run = converse_modern, .tls = &certificates});
}

static void *ssl_allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_try_resize(NULL, size);
}

static void *ssl_resize(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_try_resize(block, size);
}

static void ssl_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_free(block);
}

static int make_certificates(void **state)
{
    (void)state;
    certificates_make(&certificates);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

int main(int argc, char **argv)
{
    if (CRYPTO_set_mem_functions(ssl_allocate, ssl_resize, ssl_free) != 1)
        return 1; // too late for that
#define FAULT_TEST(name) cmocka_unit_test_teardown(name, say_where)
    const struct CMUnitTest tests[] = {
        FAULT_TEST(legacy_over_http),
        FAULT_TEST(modern_over_http),
        FAULT_TEST(batch_over_http),
        FAULT_TEST(escaped_over_http),
        FAULT_TEST(legacy_over_sse),
        FAULT_TEST(modern_over_sse),
        FAULT_TEST(legacy_with_a_child),
        FAULT_TEST(modern_with_a_child),
        FAULT_TEST(legacy_with_a_shared_child),
        FAULT_TEST(batch_with_a_child),
        FAULT_TEST(return_with_a_child),
        FAULT_TEST(legacy_before_modern),
        FAULT_TEST(asked_legacy_before_modern),
        FAULT_TEST(asked_modern_before_legacy),
        FAULT_TEST(asked_modern_before_legacy_child),
        FAULT_TEST(asked_legacy),
        FAULT_TEST(watching_legacy_before_modern),
        FAULT_TEST(watching_modern_before_legacy),
        FAULT_TEST(run_with_a_child),
        FAULT_TEST(run_over_http),
        FAULT_TEST(run_before_modern),
        FAULT_TEST(connect_over_http),
        FAULT_TEST(legacy_over_tls),
        FAULT_TEST(modern_over_tls),
    };
    log_configure((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    if (argc > 2)
        only = strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
