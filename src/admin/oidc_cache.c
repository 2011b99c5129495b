// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "admin/oidc_internal.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <pthread.h>

struct kept {
    char *issuer; // owned; NULL: free
    char *texts[DOCUMENTS];
    size_t lengths[DOCUMENTS];
    int64_t at_ms[DOCUMENTS];
};

struct admin_oidc {
    pthread_mutex_t lock;
    struct admin_pending visits[VISITS_MAX];
    struct kept kept[PROVIDERS_KEPT];
};

struct admin_oidc *admin_oidc_new(void)
{
    struct admin_oidc *oidc = memory_new(sizeof *oidc);
    pthread_mutex_init(&oidc->lock, NULL);
    return oidc;
}

static void kept_release(struct kept *kept)
{
    memory_free(kept->issuer);
    for (int i = 0; i < DOCUMENTS; i++)
        memory_free(kept->texts[i]);
    *kept = (struct kept){0};
}

void admin_oidc_free(struct admin_oidc *oidc)
{
    if (oidc == NULL)
        return;
    for (size_t i = 0; i < PROVIDERS_KEPT; i++)
        kept_release(&oidc->kept[i]);
    pthread_mutex_destroy(&oidc->lock);
    memory_wipe(oidc, sizeof *oidc);
    memory_free(oidc);
}

// ---- Visits

void admin_pending_add(struct admin_oidc *oidc, const struct admin_pending *pending)
{
    size_t mine = 0;
    pthread_mutex_lock(&oidc->lock);
    struct admin_pending *oldest = &oidc->visits[0], *own = NULL;
    for (size_t i = 0; i < VISITS_MAX; i++) {
        struct admin_pending *visit = &oidc->visits[i];
        if (visit->until_ms < oldest->until_ms)
            oldest = visit;
        if (visit->until_ms == 0 || strcmp(visit->address, pending->address) != 0)
            continue;
        mine++;
        if (own == NULL || visit->until_ms < own->until_ms)
            own = visit;
    }
    *(mine >= VISITS_PER_ADDRESS ? own : oldest) = *pending;
    pthread_mutex_unlock(&oidc->lock);
}

static bool fits(const struct admin_pending *visit, struct slice state,
                 const unsigned char browser[32], struct slice provider, int64_t now_ms)
{
    return visit->until_ms > now_ms && state.length == OAUTH_SECRET_SIZE - 1 &&
           CRYPTO_memcmp(visit->state, state.data, state.length) == 0 &&
           CRYPTO_memcmp(visit->browser, browser, 32) == 0 &&
           slice_equal_string(provider, visit->provider);
}

bool admin_pending_take(struct admin_oidc *oidc, struct slice state, struct slice cookie,
                        struct slice provider, int64_t now_ms, struct admin_pending *ret)
{
    unsigned char browser[32];
    bool found = false;
    identity_hash_token(cookie, browser);
    pthread_mutex_lock(&oidc->lock);
    for (size_t i = 0; i < VISITS_MAX && !found; i++) {
        struct admin_pending *visit = &oidc->visits[i];
        found = fits(visit, state, browser, provider, now_ms);
        if (found) {
            *ret = *visit;
            memory_wipe(visit, sizeof *visit);
        }
    }
    pthread_mutex_unlock(&oidc->lock);
    return found;
}

// ---- What providers say of themselves

static struct kept *find_kept(struct admin_oidc *oidc, struct slice issuer)
{
    for (size_t i = 0; i < PROVIDERS_KEPT; i++)
        if (oidc->kept[i].issuer != NULL && slice_equal_string(issuer, oidc->kept[i].issuer))
            return &oidc->kept[i];
    return NULL;
}

struct slice admin_document_get(struct admin_oidc *oidc, struct slice issuer,
                                enum admin_document which, int64_t now_ms, struct arena *arena)
{
    struct slice copy = {NULL, 0};
    pthread_mutex_lock(&oidc->lock);
    const struct kept *kept = find_kept(oidc, issuer);
    // A clock that was set back must not keep it for ever.
    if (kept != NULL && kept->texts[which] != NULL && kept->at_ms[which] <= now_ms &&
        now_ms - kept->at_ms[which] < DOCUMENT_MS)
        copy = arena_copy(arena, slice_of(kept->texts[which], kept->lengths[which]));
    pthread_mutex_unlock(&oidc->lock);
    return copy;
}

// A free place, or that of the provider whose metadata is oldest.
static struct kept *take_place(struct admin_oidc *oidc, struct slice issuer)
{
    struct kept *oldest = &oidc->kept[0];
    for (size_t i = 0; i < PROVIDERS_KEPT; i++)
        if (oidc->kept[i].at_ms[DOCUMENT_METADATA] < oldest->at_ms[DOCUMENT_METADATA])
            oldest = &oidc->kept[i];
    kept_release(oldest);
    oldest->issuer = memory_copy_string(issuer.data, issuer.length);
    return oldest;
}

void admin_document_put(struct admin_oidc *oidc, struct slice issuer, enum admin_document which,
                        struct slice text, int64_t now_ms)
{
    char *copy = memory_try_new(text.length + 1);
    if (copy == NULL)
        return; // it is asked for again
    memcpy(copy, text.data, text.length);
    pthread_mutex_lock(&oidc->lock);
    struct kept *kept = find_kept(oidc, issuer);
    if (kept == NULL)
        kept = take_place(oidc, issuer);
    memory_free(kept->texts[which]);
    kept->texts[which] = copy;
    kept->lengths[which] = text.length;
    kept->at_ms[which] = now_ms;
    pthread_mutex_unlock(&oidc->lock);
}
