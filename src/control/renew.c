// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/renewal_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "fetch/fetch.h"

#include <time.h>

enum { MEMORY_MAX = 2 * 1024 * 1024, WRITE_AGAIN_MS = 500 };

static const struct store_actor system_actor = {.kind = STORE_SYSTEM,
                                                .label = SLICE_LITERAL("authorization")};

struct work {
    const struct renewal *renewal;
    struct arena arena; // wiped
    struct control_endpoint endpoint;
    struct slice refresh, scope;
    enum store_flow flow;
    int64_t bearer_version, expires_ms;
    enum store_standing standing;
    struct oauth_tokens tokens;
    const char *why;          // of a change of its standing
    enum store_standing next; // the same
};

static int copy(struct work *work, struct slice from, struct slice *ret, struct error *error)
{
    *ret = arena_copy(&work->arena, from);
    return ret->data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

static int copy_out(struct work *work, const struct control_kept *kept, struct error *error)
{
    const struct slice from[] = {kept->row.token_url, kept->row.client,      kept->client_secret,
                                 kept->row.resource,  kept->row.asked_scope, kept->refresh};
    struct slice *const to[] = {&work->endpoint.url,
                                &work->endpoint.client.id,
                                &work->endpoint.client.secret,
                                &work->endpoint.resource,
                                &work->scope,
                                &work->refresh};
    int result = 0;
    for (size_t i = 0; i < sizeof to / sizeof *to && result == 0; i++)
        result = copy(work, from[i], to[i], error);
    work->endpoint.client.method = (enum oauth_method)kept->row.client_method;
    work->flow = kept->row.flow;
    work->standing = kept->row.state;
    work->bearer_version = kept->bearer.head.version;
    work->expires_ms = kept->bearer.expires_ms;
    return result;
}

// For a grant that is over nothing is renewed.
static int check_grant(struct store_view *view, const struct store_authorization *row,
                       struct error *error)
{
    struct store_grant grant = {.revoked_ms = 0};
    if (row->grant.length == 0)
        return 0;
    int result = store_get_grant(view, row->head.organisation, row->grant, &grant, error);
    return result == 0 && grant.revoked_ms != 0 ? ERROR_NOT_FOUND : result;
}

// On the writer's thread, whose the keys are.
static int load(void *argument, struct store_view *view, struct error *error)
{
    struct work *work = argument;
    const struct renewal *renewal = work->renewal;
    struct control_kept kept;
    int result = control_open_authorization(renewal->control, view, renewal->organisation,
                                            renewal->id, &kept, error);
    if (result != 0)
        return result;
    result = check_grant(view, &kept.row, error);
    if (result == 0)
        result = copy_out(work, &kept, error);
    if (result == 0 && renewal->missing != NULL) {
        struct slice all = oauth_join_scopes(
            kept.row.missing_scope, slice_from_string(renewal->missing), store_arena(view));
        if (all.data != NULL && !slice_equal(all, kept.row.missing_scope)) {
            kept.row.missing_scope = all;
            result = store_change_authorization(view, &kept.row, error);
        }
    }
    control_wipe_kept(&kept);
    return result;
}

static int save(void *argument, struct store_view *view, struct error *error)
{
    struct work *work = argument;
    const struct renewal *renewal = work->renewal;
    struct control_kept kept;
    int result = control_open_authorization(renewal->control, view, renewal->organisation,
                                            renewal->id, &kept, error);
    if (result != 0)
        return result;
    // Somebody has signed in meanwhile: his tokens stay.
    if (kept.bearer.head.version == work->bearer_version)
        result = control_keep_tokens(renewal->control, view, &kept.row, &work->tokens,
                                     clock_wall_ms(), error);
    control_wipe_kept(&kept);
    return result;
}

static int stand(void *argument, struct store_view *view, struct error *error)
{
    struct work *work = argument;
    const struct renewal *renewal = work->renewal;
    struct control_kept kept;
    int result = control_open_authorization(renewal->control, view, renewal->organisation,
                                            renewal->id, &kept, error);
    if (result != 0)
        return result;
    if (kept.bearer.head.version == work->bearer_version && kept.row.state != work->next) {
        kept.row.state = work->next;
        kept.row.note = slice_from_string(work->why);
        result = store_change_authorization(view, &kept.row, error);
    }
    control_wipe_kept(&kept);
    return result;
}

static bool is_closing(const struct renewal *renewal)
{
    pthread_mutex_lock(renewal->lock);
    bool closing = *renewal->closing;
    pthread_mutex_unlock(renewal->lock);
    return closing;
}

// The old refresh token may be worth nothing now: what came in its place is written as soon as the
// database takes it.
static int save_surely(struct work *work, struct error *error)
{
    static const struct timespec pause = {.tv_nsec = WRITE_AGAIN_MS * 1000000L};
    struct store_records *records = control_records(work->renewal->control);
    bool said = false;
    for (;;) {
        int result = store_run(records, STORE_WRITE, &system_actor, save, work, error);
        bool again = result == ERROR_IO || result == ERROR_NO_MEMORY;
        if (!again || is_closing(work->renewal))
            return result;
        if (!said)
            log_event(LOG_ERROR, "control",
                      "a renewed token cannot be written, it is tried again: %s", error->text);
        said = true;
        nanosleep(&pause, NULL);
    }
}

static void set_standing(struct work *work, enum store_standing next, const char *why)
{
    struct error error = {0};
    work->next = next;
    work->why = why;
    int result = store_run(control_records(work->renewal->control), STORE_WRITE, &system_actor,
                           stand, work, &error);
    if (result != 0)
        log_event(LOG_WARNING, "control", "the state of an authorization cannot be written: %s",
                  error.text);
}

static int ask(struct work *work, struct error *error)
{
    struct buffer form;
    bool secret = work->flow == STORE_BY_SECRET;
    buffer_init(&form, 0);
    buffer_reserve(&form, 3 * work->refresh.length + 4096);
    oauth_add_field(&form, "grant_type",
                    secret ? SLICE_LITERAL("client_credentials") : SLICE_LITERAL("refresh_token"));
    if (secret)
        oauth_add_field(&form, "scope", work->scope);
    else
        oauth_add_field(&form, "refresh_token", work->refresh);
    return control_ask_tokens(work->renewal->fetch, &work->endpoint, &form, &work->arena,
                              &work->tokens, error);
}

static enum renewal_outcome renew(struct work *work)
{
    struct error error = {0};
    bool possible = work->flow == STORE_BY_SECRET || work->refresh.length > 0;
    if (work->standing == STORE_NEEDS_SIGN_IN || work->bearer_version == 0)
        return RENEWAL_OVER;
    if (!possible) {
        set_standing(work, STORE_NEEDS_SIGN_IN,
                     work->renewal->refused ? "the server takes the access token no longer"
                                            : "the access token is over, and came without another");
        return RENEWAL_OVER;
    }
    int result = ask(work, &error);
    if (result == 0) {
        result = save_surely(work, &error);
        return result == 0                 ? RENEWAL_DONE
               : result == ERROR_NOT_FOUND ? RENEWAL_GONE
                                           : RENEWAL_LATER;
    }
    log_event(LOG_WARNING, "control", "an authorization cannot be renewed: %s", error.text);
    if (result == ERROR_DENIED) {
        set_standing(work, STORE_NEEDS_SIGN_IN, error.text);
        return RENEWAL_OVER;
    }
    bool over = work->renewal->refused || work->expires_ms <= clock_wall_ms();
    if (over && result != ERROR_CANCELLED)
        set_standing(work, STORE_FAILING, error.text);
    return RENEWAL_LATER;
}

enum renewal_outcome control_renew(const struct renewal *renewal)
{
    struct work work = {.renewal = renewal};
    struct error error = {0};
    arena_init(&work.arena, MEMORY_MAX);
    int result = store_run(control_records(renewal->control), STORE_WRITE, &system_actor, load,
                           &work, &error);
    enum renewal_outcome outcome = result == 0                 ? RENEWAL_DONE
                                   : result == ERROR_NOT_FOUND ? RENEWAL_GONE
                                                               : RENEWAL_LATER;
    if (result == 0 && renewal->renew)
        outcome = renew(&work);
    else if (outcome == RENEWAL_LATER)
        log_event(LOG_WARNING, "control", "an authorization cannot be read: %s", error.text);
    const struct slice secrets[] = {work.endpoint.client.secret, work.refresh, work.tokens.access,
                                    work.tokens.refresh};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        memory_wipe_slice(secrets[i]);
    arena_release(&work.arena);
    return outcome;
}
