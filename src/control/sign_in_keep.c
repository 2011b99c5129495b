// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What was begun is kept: its record, and what waits in memory for the person to come back.
#include "control/sign_in_internal.h"

#include "base/clock.h"
#include "base/memory.h"

enum { PENDING_MAX = 1000, PENDING_MEMORY = 1024 * 1024 };

int control_fill_authorization(struct control *control, struct store_view *view,
                               const struct control_sign_in *from, struct store_authorization *row,
                               struct error *error)
{
    row->flow = from->flow;
    row->client_source = from->row.client_source;
    row->issuer = from->issuer.issuer;
    row->client = from->as.id;
    row->client_method = from->as.method;
    row->resource = from->row.resource;
    row->token_url = from->issuer.token;
    row->revocation_url = from->issuer.revocation;
    if (from->scope.length > 0)
        row->asked_scope = from->scope;
    return control_seal_in(
        control, view, from->as.secret,
        control_place_of_token(row->head.organisation, row->head.id, "secret", store_arena(view)),
        &row->client_secret, error);
}

// A header of that name and an authorization would be two answers to one question.
static int find_row(struct store_view *view, const struct control_sign_in *sign_in,
                    struct store_authorization *ret, struct error *error)
{
    struct control_secrets all = {.count = 0};
    struct slice id = {"", 0};
    int result = control_secrets_list(view, sign_in->organisation, sign_in->server, &all, error);
    for (size_t i = 0; i < all.count && result == 0; i++) {
        const struct control_secret *secret = &all.items[i];
        if (!slice_equal(secret->grant, sign_in->grant))
            continue;
        if (secret->authorization.length > 0)
            id = secret->authorization;
        else if (slice_equal_ignoring_case(secret->name, SLICE_LITERAL("Authorization")))
            result = error_set(error, ERROR_EXISTS,
                               "the server has a credential 'Authorization'; remove it first");
    }
    control_secrets_release(&all);
    if (result == 0 && id.length == 0)
        return ERROR_NOT_FOUND;
    return result == 0 ? store_get_authorization(view, sign_in->organisation, id, ret, error)
                       : result;
}

static struct control_pending *pending_new(const struct control_sign_in *from, struct slice id)
{
    struct control_pending *pending = memory_try_new(sizeof *pending);
    if (pending == NULL)
        return NULL;
    *pending = (struct control_pending){.sign_in = *from, .authorization = id};
    arena_init(&pending->arena, PENDING_MEMORY);
    struct control_sign_in *s = &pending->sign_in;
    struct slice *const texts[] = {&pending->authorization,
                                   &s->organisation,
                                   &s->server,
                                   &s->grant,
                                   &s->who,
                                   &s->scope,
                                   &s->public_url,
                                   &s->row.resource,
                                   &s->issuer.issuer,
                                   &s->issuer.token,
                                   &s->issuer.revocation,
                                   &s->as.id,
                                   &s->as.secret,
                                   &s->authorization_scope};
    bool good = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        good = good && sign_in_copy_text(&pending->arena, texts[i]);
    if (good)
        return pending;
    control_pending_free(pending);
    return NULL;
}

void control_pending_free(struct control_pending *pending)
{
    if (pending == NULL)
        return;
    memory_wipe_slice(pending->sign_in.as.secret);
    arena_release(&pending->arena);
    memory_wipe(pending, sizeof *pending);
    memory_free(pending);
}

void control_pendings_free(struct control *control)
{
    while (control->pendings != NULL) {
        struct control_pending *next = control->pendings->next;
        control_pending_free(control->pendings);
        control->pendings = next;
    }
}

// In front; what is too old, and what is too much, goes.
static void add_pending(struct control *control, struct control_pending *pending)
{
    int64_t now_ms = clock_wall_ms();
    size_t count = 0;
    pthread_mutex_lock(&control->lock);
    pending->next = control->pendings;
    control->pendings = pending;
    for (struct control_pending **at = &control->pendings; *at != NULL;) {
        struct control_pending *one = *at;
        if (one->sign_in.expires_ms > now_ms && ++count <= PENDING_MAX) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        control_pending_free(one);
    }
    pthread_mutex_unlock(&control->lock);
}

struct control_pending *control_take_pending(struct control *control, struct slice state)
{
    struct control_pending *found = NULL;
    pthread_mutex_lock(&control->lock);
    for (struct control_pending **at = &control->pendings; *at != NULL; at = &(*at)->next)
        if (slice_equal_string(state, (*at)->sign_in.state)) {
            found = *at;
            *at = found->next;
            break;
        }
    pthread_mutex_unlock(&control->lock);
    return found;
}

int control_keep_sign_in(struct control *control, struct store_view *view,
                         const struct control_sign_in *sign_in, struct store_authorization *ret,
                         struct error *error)
{
    *ret = (struct store_authorization){.flow = sign_in->flow};
    int result = find_row(view, sign_in, ret, error);
    if (result == ERROR_NOT_FOUND) {
        *ret = (struct store_authorization){.head.organisation = sign_in->organisation,
                                            .server = sign_in->server,
                                            .grant = sign_in->grant,
                                            .flow = sign_in->flow,
                                            .state = STORE_NEEDS_SIGN_IN};
        result = store_add_authorization(view, ret, error);
    }
    // One that works goes on working as it is until the person has come back.
    bool now = sign_in->has_tokens || ret->state != STORE_READY;
    if (result == 0 && now)
        result = control_fill_authorization(control, view, sign_in, ret, error);
    if (result == 0 && now)
        result = store_change_authorization(view, ret, error);
    if (result == 0 && sign_in->has_tokens)
        return control_keep_tokens(control, view, ret, &sign_in->tokens, clock_wall_ms(), error);
    if (result != 0)
        return result;
    struct control_pending *pending = pending_new(sign_in, ret->head.id);
    if (pending == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    add_pending(control, pending);
    return 0;
}
