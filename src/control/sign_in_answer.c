// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The end of an authorization: what a browser came back with, and the tokens for it.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "fetch/fetch.h"

enum { REVOKE_MEMORY = 1024 * 1024 };

// ERROR_NOT_FOUND tells no more than that: neither that there is such a state, nor whose it is.
static int check(const struct control_answer *answer, const struct control_pending *pending,
                 struct error *error)
{
    const struct control_sign_in *begun = pending == NULL ? NULL : &pending->sign_in;
    if (begun == NULL || begun->expires_ms <= clock_wall_ms() ||
        !slice_equal(begun->organisation, answer->organisation) ||
        !slice_equal(begun->who, answer->who))
        return error_set(error, ERROR_NOT_FOUND,
                         "nobody of your name waits for this; begin again, within ten minutes and "
                         "in this browser");
    // RFC 9207: before anything else is believed, a refusal too.
    if (answer->issuer.length > 0 ? !slice_equal(answer->issuer, begun->issuer.issuer)
                                  : begun->issuer.says_issuer)
        return error_set(error, ERROR_DENIED,
                         "the answer is not from the authorization server that was asked");
    if (answer->failure.length > 0)
        return error_set(error, ERROR_DENIED, "the authorization server says no");
    if (answer->code.length == 0 || answer->code.length > OAUTH_URL_MAX)
        return error_set(error, ERROR_DENIED, "the answer has no code");
    return 0;
}

int control_take_answer(struct control *control, struct control_answer *answer, struct error *error)
{
    struct buffer form;
    struct control_pending *pending = control_take_pending(control, answer->state);
    int result = check(answer, pending, error);
    if (result != 0) {
        control_pending_free(pending); // one attempt, also a wrong one
        return result;
    }
    const struct control_sign_in *begun = &pending->sign_in;
    const struct control_endpoint endpoint = {begun->issuer.token, begun->as, begun->row.resource};
    struct slice redirect =
        arena_format(answer->arena, "%.*s%s", SLICE_PRINT(begun->public_url), CONTROL_CALLBACK);
    buffer_init(&form, 0);
    oauth_add_field(&form, "grant_type", SLICE_LITERAL("authorization_code"));
    oauth_add_field(&form, "code", answer->code);
    oauth_add_field(&form, "redirect_uri", redirect);
    oauth_add_field(&form, "code_verifier", slice_from_string(begun->verifier));
    answer->pending = pending;
    return control_ask_tokens(control_fetch(control), &endpoint, &form, answer->arena,
                              &answer->tokens, error);
}

int control_keep_answer(struct control *control, struct store_view *view,
                        const struct control_answer *answer, struct store_authorization *ret,
                        struct error *error)
{
    const struct control_pending *pending = answer->pending;
    const struct control_sign_in *begun = &pending->sign_in;
    int result =
        store_get_authorization(view, begun->organisation, pending->authorization, ret, error);
    if (result == 0)
        result = control_fill_authorization(control, view, begun, ret, error);
    if (result != 0)
        return result;
    ret->scope =
        answer->tokens.scope.length > 0 ? answer->tokens.scope : begun->authorization_scope;
    ret->missing_scope = (struct slice){"", 0};
    ret->state = STORE_READY;
    ret->note = (struct slice){"", 0};
    result = store_change_authorization(view, ret, error);
    if (result == 0)
        result = control_keep_tokens(control, view, ret, &answer->tokens, clock_wall_ms(), error);
    return result;
}

void control_answer_release(struct control_answer *answer)
{
    const struct slice secrets[] = {answer->tokens.access, answer->tokens.refresh};
    for (size_t i = 0; i < 2; i++)
        memory_wipe_slice(secrets[i]);
    control_pending_free(answer->pending);
    answer->pending = NULL;
}

// ---- Revoking

struct revoking {
    struct control *control;
    struct slice organisation, id;
    struct arena arena;
    struct control_endpoint endpoint;
    struct slice refresh, access;
};

static int load(void *argument, struct store_view *view, struct error *error)
{
    struct revoking *revoking = argument;
    struct control_kept kept;
    int result = control_open_authorization(revoking->control, view, revoking->organisation,
                                            revoking->id, &kept, error);
    if (result != 0)
        return result;
    const struct slice from[] = {kept.row.revocation_url, kept.row.client, kept.client_secret,
                                 kept.refresh, kept.access};
    struct slice *const to[] = {&revoking->endpoint.url, &revoking->endpoint.client.id,
                                &revoking->endpoint.client.secret, &revoking->refresh,
                                &revoking->access};
    for (size_t i = 0; i < sizeof to / sizeof *to && result == 0; i++) {
        *to[i] = arena_copy(&revoking->arena, from[i]);
        if (to[i]->data == NULL)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    revoking->endpoint.client.method = (enum oauth_method)kept.row.client_method;
    control_wipe_kept(&kept);
    return result;
}

void control_revoke_authorization(struct control *control, struct slice organisation,
                                  struct slice id)
{
    struct revoking revoking = {.control = control, .organisation = organisation, .id = id};
    struct error error = {0};
    arena_init(&revoking.arena, REVOKE_MEMORY);
    int result = store_run(control_records(control), STORE_WRITE, NULL, load, &revoking, &error);
    if (result == 0 && control_fetch(control) != NULL) {
        // RFC 7009, 2.1: with the refresh token the access tokens of it go, too, or should.
        control_revoke_token(control_fetch(control), &revoking.endpoint, revoking.refresh,
                             &revoking.arena);
        control_revoke_token(control_fetch(control), &revoking.endpoint, revoking.access,
                             &revoking.arena);
    }
    const struct slice secrets[] = {revoking.endpoint.client.secret, revoking.refresh,
                                    revoking.access};
    for (size_t i = 0; i < 3; i++)
        memory_wipe_slice(secrets[i]);
    arena_release(&revoking.arena);
}
