// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Attempts are counted in a fixed number of buckets, by account and by address, so that nobody can
// make it grow; two that share a bucket share its bound. Which two do is random at each start.
#include "admin/admin_internal.h"

#include "base/memory.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <pthread.h>

enum { BUCKETS = 16384, WINDOW_MS = 15 * 60 * 1000, PER_ACCOUNT = 10, PER_ADDRESS = 50 };

struct bucket {
    int64_t since_ms;
    unsigned count;
};
struct admin_throttle {
    pthread_mutex_t lock;
    uint64_t key[2];
    struct bucket accounts[BUCKETS], addresses[BUCKETS];
};

struct admin_throttle *admin_throttle_new(void)
{
    struct admin_throttle *throttle = memory_try_new(sizeof *throttle);
    if (throttle == NULL)
        return NULL;
    pthread_mutex_init(&throttle->lock, NULL);
    random_bytes(throttle->key, sizeof throttle->key);
    return throttle;
}

void admin_throttle_free(struct admin_throttle *throttle)
{
    if (throttle == NULL)
        return;
    pthread_mutex_destroy(&throttle->lock);
    memory_free(throttle);
}

// Half of an IPv6 address is the caller's own choice, so the other half counts.
static struct slice network_of(struct slice address, struct in6_addr *parsed)
{
    char text[64];
    if (address.length < 3 || address.length >= sizeof text || address.data[0] != '[')
        return address;
    memcpy(text, address.data + 1, address.length - 2);
    text[address.length - 2] = '\0';
    if (inet_pton(AF_INET6, text, parsed) != 1 || IN6_IS_ADDR_V4MAPPED(parsed))
        return address;
    return slice_of((const char *)parsed, 8);
}

static struct bucket *bucket_of(const struct admin_throttle *throttle, struct bucket *buckets,
                                struct slice what, int64_t now_ms)
{
    struct bucket *bucket = &buckets[slice_hash(what, throttle->key) % BUCKETS];
    if (now_ms - bucket->since_ms >= WINDOW_MS || now_ms < bucket->since_ms)
        *bucket = (struct bucket){.since_ms = now_ms};
    return bucket;
}

static int64_t wait_of(const struct bucket *bucket, unsigned most, int64_t now_ms)
{
    return bucket->count < most ? 0 : (bucket->since_ms + WINDOW_MS - now_ms) / 1000 + 1;
}

int64_t admin_throttle_try(struct admin_throttle *throttle, struct slice account,
                           struct slice address, int64_t now_ms)
{
    struct in6_addr parsed;
    struct slice network = network_of(address, &parsed);
    pthread_mutex_lock(&throttle->lock);
    struct bucket *a = bucket_of(throttle, throttle->accounts, account, now_ms);
    struct bucket *b = bucket_of(throttle, throttle->addresses, network, now_ms);
    int64_t wait_s = wait_of(a, PER_ACCOUNT, now_ms), other_s = wait_of(b, PER_ADDRESS, now_ms);
    wait_s = wait_s > other_s ? wait_s : other_s;
    if (wait_s == 0) {
        a->count++;
        b->count++;
    }
    pthread_mutex_unlock(&throttle->lock);
    return wait_s;
}

void admin_throttle_forgive(struct admin_throttle *throttle, struct slice account)
{
    pthread_mutex_lock(&throttle->lock);
    throttle->accounts[slice_hash(account, throttle->key) % BUCKETS].count = 0;
    pthread_mutex_unlock(&throttle->lock);
}
