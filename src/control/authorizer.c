// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Renews tokens ahead of their end. One renewal of an authorization at a time; new tokens are on
// disk before anybody sends them, so that a refresh token that was exchanged is never the one that
// a crash leaves behind.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/renewal_internal.h"

enum { THREADS = 4, POLL_MS = 1000, LEAD_MOST_MS = 5 * 60 * 1000, CHALLENGE_MEMORY = 64 * 1024 };
enum { TRY_MS = 1000, TRY_MOST_MS = 5 * 60 * 1000, FRESH_MS = 10000 };

struct due {
    char *id, *organisation, *key; // owned
    int64_t due_ms;                // wall clock; INT64_MAX: nothing to do
    int64_t obtained_ms;
    unsigned failures;  // in a row
    bool busy, refused; // refused: the server takes the token no longer
    char *missing;      // owned; scopes that the server asked for; NULL: none
};

struct control_authorizer {
    struct control *control;
    struct fetch *fetch; // NULL: nothing is asked yet
    pthread_mutex_t lock;
    struct table by_id, by_key; // -> struct due
    bool closing;
    struct worker {
        struct control_authorizer *authorizer;
        struct waker waker;
        pthread_t thread;
        bool started;
    } workers[THREADS];
};

static void wake(struct control_authorizer *authorizer)
{
    for (size_t i = 0; i < THREADS; i++)
        if (authorizer->workers[i].started)
            waker_wake(&authorizer->workers[i].waker);
}

static void due_free(struct due *due)
{
    memory_free(due->id);
    memory_free(due->organisation);
    memory_free(due->key);
    memory_free(due->missing);
    memory_free(due);
}

static void forget(struct control_authorizer *authorizer, struct due *due)
{
    table_remove(&authorizer->by_id, slice_from_string(due->id));
    if (table_get(&authorizer->by_key, slice_from_string(due->key)) == due)
        table_remove(&authorizer->by_key, slice_from_string(due->key));
    due_free(due);
}

// ---- What is due

static struct due *due_of(struct control_authorizer *authorizer, struct slice organisation,
                          struct slice id, const char *key)
{
    struct due *due = table_get(&authorizer->by_id, id);
    if (due != NULL && strcmp(due->key, key) == 0)
        return due;
    if (due != NULL) {
        char *renamed = memory_copy_string(key, strlen(key));
        if (table_get(&authorizer->by_key, slice_from_string(due->key)) == due)
            table_remove(&authorizer->by_key, slice_from_string(due->key));
        memory_free(due->key);
        due->key = renamed;
    } else {
        due = memory_new(sizeof *due);
        due->id = memory_copy_string(id.data, id.length);
        due->organisation = memory_copy_string(organisation.data, organisation.length);
        due->key = memory_copy_string(key, strlen(key));
        if (table_put(&authorizer->by_id, slice_from_string(due->id), due) != 0) {
            due_free(due);
            return NULL;
        }
    }
    // The key in the table must be this one's own.
    table_remove(&authorizer->by_key, slice_from_string(due->key));
    if (table_put(&authorizer->by_key, slice_from_string(due->key), due) != 0)
        log_event(LOG_WARNING, "control", "no memory to hear of refusals by '%s'", due->key);
    return due;
}

static int64_t renewal_ms(const struct control_secret *secret)
{
    if (secret->standing == STORE_NEEDS_SIGN_IN || secret->expires_ms == 0)
        return INT64_MAX;
    int64_t lead_ms = (secret->expires_ms - secret->obtained_ms) / 5;
    lead_ms = lead_ms < 0 || !secret->renewable ? 0 : lead_ms;
    return secret->expires_ms - (lead_ms > LEAD_MOST_MS ? LEAD_MOST_MS : lead_ms);
}

void control_authorizer_note(struct control *control, struct slice organisation,
                             const struct control_secret *secret, const char *key)
{
    struct control_authorizer *authorizer = control->authorizer;
    pthread_mutex_lock(&authorizer->lock);
    struct due *due = due_of(authorizer, organisation, secret->authorization, key);
    if (due != NULL && secret->standing != STORE_FAILING) {
        bool renewed = due->obtained_ms != secret->obtained_ms;
        due->obtained_ms = secret->obtained_ms;
        if (renewed)
            due->failures = 0;
        if (due->failures == 0) // else the next attempt's time stands
            due->due_ms = renewal_ms(secret);
    } else if (due != NULL && due->failures == 0) {
        due->due_ms = 0; // failing since before the start
    }
    pthread_mutex_unlock(&authorizer->lock);
    wake(authorizer);
}

struct picking {
    int64_t now_ms, next_ms; // next: when the first of the others is due
    struct due *best;
};

static void pick_cb(void *argument, struct slice id, void *value)
{
    (void)id;
    struct picking *picking = argument;
    struct due *due = value;
    bool wanted = due->missing != NULL || due->refused || due->due_ms <= picking->now_ms;
    if (due->busy)
        return;
    if (!wanted)
        picking->next_ms = due->due_ms < picking->next_ms ? due->due_ms : picking->next_ms;
    else if (picking->best == NULL || due->due_ms < picking->best->due_ms)
        picking->best = due;
}

// ---- Doing it

static void settle(struct control_authorizer *authorizer, struct due *due,
                   enum renewal_outcome outcome)
{
    int64_t wait_ms = TRY_MS;
    due->busy = false;
    due->refused = false; // meanwhile that was said of the token before
    if (outcome == RENEWAL_DONE)
        due->obtained_ms = clock_wall_ms();
    switch (outcome) {
    case RENEWAL_GONE: forget(authorizer, due); return;
    case RENEWAL_DONE:
    case RENEWAL_OVER: due->failures = 0; return; // when it is due again comes with a change
    case RENEWAL_LATER: break;
    }
    for (unsigned i = 0; i < due->failures && wait_ms < TRY_MOST_MS; i++)
        wait_ms *= 2;
    due->failures++;
    due->due_ms = clock_wall_ms() + (wait_ms > TRY_MOST_MS ? TRY_MOST_MS : wait_ms);
}

// With the lock, which it lets go meanwhile.
static void work_on(struct control_authorizer *authorizer, struct due *due)
{
    struct renewal renewal = {.control = authorizer->control,
                              .fetch = authorizer->fetch,
                              .closing = &authorizer->closing,
                              .lock = &authorizer->lock,
                              .organisation = slice_from_string(due->organisation),
                              .id = slice_from_string(due->id),
                              .missing = due->missing,
                              .refused = due->refused,
                              .renew = due->refused || due->due_ms <= clock_wall_ms()};
    due->busy = true;
    due->missing = NULL;
    due->refused = false;
    int64_t before_ms = due->due_ms;
    if (renewal.renew)
        due->due_ms = INT64_MAX;
    pthread_mutex_unlock(&authorizer->lock);
    enum renewal_outcome outcome = control_renew(&renewal);
    memory_free(renewal.missing);
    pthread_mutex_lock(&authorizer->lock);
    if (!renewal.renew && outcome == RENEWAL_DONE) {
        due->busy = false;
        due->due_ms = due->due_ms == INT64_MAX ? before_ms : due->due_ms;
        return;
    }
    settle(authorizer, due, outcome);
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    struct control_authorizer *authorizer = worker->authorizer;
    pthread_mutex_lock(&authorizer->lock);
    while (!authorizer->closing) {
        int64_t now_ms = clock_wall_ms();
        struct picking picking = {.now_ms = now_ms, .next_ms = now_ms + POLL_MS};
        table_each(&authorizer->by_id, pick_cb, &picking);
        if (picking.best != NULL) {
            work_on(authorizer, picking.best);
            continue;
        }
        pthread_mutex_unlock(&authorizer->lock);
        waker_wait(&worker->waker, (int)(picking.next_ms - now_ms));
        pthread_mutex_lock(&authorizer->lock);
    }
    pthread_mutex_unlock(&authorizer->lock);
    return NULL;
}

// ---- What servers say

void control_challenged(struct control *control, struct slice server, int status,
                        struct slice challenge)
{
    struct control_authorizer *authorizer = control->authorizer;
    struct oauth_challenge said = {.scope = {"", 0}};
    struct arena arena;
    arena_init(&arena, CHALLENGE_MEMORY);
    bool read = oauth_read_challenge(challenge, &arena, &said) == 0;
    bool wants_more = status == 403 && read && said.scope.length > 0 &&
                      slice_equal_string(said.error, "insufficient_scope") &&
                      oauth_is_scope(said.scope);
    pthread_mutex_lock(&authorizer->lock);
    struct due *due = table_get(&authorizer->by_key, server);
    // A token that has just come is refused for another reason than its age.
    bool stale = due != NULL && clock_wall_ms() - due->obtained_ms > FRESH_MS;
    bool wanted = due != NULL && ((status == 401 && stale && due->failures == 0) || wants_more);
    if (wanted && wants_more) {
        memory_free(due->missing);
        due->missing = memory_copy_string(said.scope.data, said.scope.length);
    } else if (wanted) {
        due->refused = true;
    }
    pthread_mutex_unlock(&authorizer->lock);
    arena_release(&arena);
    if (wanted)
        wake(authorizer);
}

// ---- Life

int control_authorizer_new(struct control *control, struct control_authorizer **ret,
                           struct error *error)
{
    struct control_authorizer *authorizer = memory_new(sizeof *authorizer);
    authorizer->control = control;
    pthread_mutex_init(&authorizer->lock, NULL);
    table_init(&authorizer->by_id);
    table_init(&authorizer->by_key);
    int result = 0;
    for (size_t i = 0; i < THREADS; i++) {
        authorizer->workers[i].authorizer = authorizer;
        authorizer->workers[i].waker = (struct waker){-1, -1};
        result = result == 0 ? waker_open(&authorizer->workers[i].waker) : result;
    }
    *ret = authorizer;
    return result == 0 ? 0 : error_set(error, result, "no descriptors for renewing tokens");
}

int control_ask_outside(struct control *control, struct fetch *fetch, struct error *error)
{
    struct control_authorizer *authorizer = control->authorizer;
    authorizer->fetch = fetch;
    for (size_t i = 0; i < THREADS; i++) {
        struct worker *worker = &authorizer->workers[i];
        int result = thread_start(&worker->thread, run_worker, worker);
        if (result != 0)
            return error_set(error, result, "the threads that renew tokens cannot be started");
        worker->started = true;
    }
    return 0;
}

struct fetch *control_fetch(const struct control *control)
{
    return control->authorizer->fetch;
}

static void free_due_cb(void *argument, struct slice id, void *due)
{
    (void)argument;
    (void)id;
    due_free(due);
}

void control_authorizer_stop(struct control_authorizer *authorizer)
{
    if (authorizer == NULL)
        return;
    pthread_mutex_lock(&authorizer->lock);
    authorizer->closing = true;
    pthread_mutex_unlock(&authorizer->lock);
    wake(authorizer);
    for (size_t i = 0; i < THREADS; i++) {
        if (authorizer->workers[i].started)
            pthread_join(authorizer->workers[i].thread, NULL);
        authorizer->workers[i].started = false;
    }
}

void control_authorizer_close(struct control_authorizer *authorizer)
{
    if (authorizer == NULL)
        return;
    control_authorizer_stop(authorizer);
    for (size_t i = 0; i < THREADS; i++)
        waker_close(&authorizer->workers[i].waker);
    table_each(&authorizer->by_id, free_due_cb, NULL);
    table_release(&authorizer->by_id);
    table_release(&authorizer->by_key);
    pthread_mutex_destroy(&authorizer->lock);
    memory_free(authorizer);
}
