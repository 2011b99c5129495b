// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "audit/audit_internal.h"
#include "base/memory.h"

#include <pthread.h>

static char letters[4096];

// A record that says its number, with a text of `length` behind it.
static struct audit_record numbered(int64_t number, size_t length)
{
    return (struct audit_record){.time_ms = number, .reason = slice_of(letters, length)};
}

static int setup(void **state)
{
    (void)state;
    memset(letters, 'a', sizeof letters);
    return 0;
}

static void gives_back_in_order(void **state)
{
    (void)state;
    struct audit_ring ring;
    assert_true(audit_ring_init(&ring, 0));
    assert_null(audit_ring_peek(&ring));
    int64_t put = 0, taken = 0;
    srand(3);
    // Several times round, mostly nearly full, so that every way of wrapping occurs.
    while (taken < 20000) {
        struct audit_record record = numbered(put, (size_t)rand() % 1500);
        if (rand() % 50 != 0 && audit_ring_put(&ring, &record)) {
            put++;
            continue;
        }
        for (int i = rand() % 40; i >= 0; i--) {
            const struct audit_cell *cell = audit_ring_peek(&ring);
            if (cell == NULL)
                break;
            assert_int_equal(cell->time_ms, taken++);
            const char *text = (const char *)cell->key_lengths;
            for (size_t b = 0; b < cell->lengths[AUDIT_REASON]; b++)
                assert_int_equal(text[b], 'a');
            audit_ring_drop(&ring, cell);
        }
    }
    audit_ring_release(&ring);
}

static void says_when_it_is_full(void **state)
{
    (void)state;
    struct audit_ring ring;
    assert_true(audit_ring_init(&ring, 1));
    assert_int_equal(ring.size, 512 * 1024);
    struct audit_record record = numbered(0, 1000);
    size_t count = 0, ready = 0;
    while (audit_ring_put(&ring, &record)) {
        count++;
        ready += audit_ring_has_room(&ring);
    }
    assert_true(count > 110);
    // It stops being ready while those that were let in can still be written.
    assert_true(ready > 50 && ready < count - 20);
    assert_false(audit_ring_has_room(&ring));
    record.reason.length = 0;
    while (audit_ring_put(&ring, &record))
        count++;
    while (!audit_ring_has_room(&ring)) {
        audit_ring_drop(&ring, audit_ring_peek(&ring));
        count--;
    }
    record = numbered(7, 1024);
    struct slice keys[64];
    for (size_t i = 0; i < 64; i++)
        keys[i] = slice_of(letters, 128);
    record.argument_keys = keys;
    record.argument_key_count = 64;
    record.request_id = record.grant = record.server = record.session = record.client =
        record.direction = record.method = record.subject = record.outcome = record.rule =
            record.policy = record.policy_version = record.peer = record.trace = record.reason;
    assert_true(audit_ring_put(&ring, &record)); // ready is a promise for the largest record
    for (; count > 0; count--)
        audit_ring_drop(&ring, audit_ring_peek(&ring));
    assert_int_equal(audit_ring_peek(&ring)->time_ms, 7);
    audit_ring_release(&ring);
}

static void no_memory_is_an_answer(void **state)
{
    (void)state;
    struct audit_ring ring;
    memory_fail_at(1, 0);
    assert_false(audit_ring_init(&ring, 0));
    memory_fail_at(0, 0);
}

enum { PASSED = 100000 };

static void *produce(void *argument)
{
    struct audit_ring *ring = argument;
    for (int64_t i = 0; i < PASSED; i++) {
        struct audit_record record = numbered(i, (size_t)i % 300);
        while (!audit_ring_put(ring, &record))
            sched_yield();
    }
    return NULL;
}

static void passes_between_threads(void **state)
{
    (void)state;
    struct audit_ring ring;
    pthread_t producer;
    assert_true(audit_ring_init(&ring, 0));
    assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
    for (int64_t i = 0; i < PASSED;) {
        const struct audit_cell *cell = audit_ring_peek(&ring);
        if (cell == NULL) {
            sched_yield();
            continue;
        }
        assert_int_equal(cell->time_ms, i);
        assert_int_equal(cell->lengths[AUDIT_REASON], i % 300);
        audit_ring_drop(&ring, cell);
        i++;
        (void)audit_ring_has_room(&ring);
    }
    pthread_join(producer, NULL);
    assert_null(audit_ring_peek(&ring));
    audit_ring_release(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_in_order),
        cmocka_unit_test(says_when_it_is_full),
        cmocka_unit_test(no_memory_is_an_answer),
        cmocka_unit_test(passes_between_threads),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
