// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept of an authorization by OAuth: who the gateway is there, and its tokens, sealed.
#include "control/control_internal.h"

#include "base/memory.h"

static int open_one(struct control *control, struct store_view *view, struct slice sealed,
                    const struct store_authorization *row, const char *what, struct slice *ret,
                    struct error *error)
{
    struct buffer plain;
    struct slice place =
        control_place_of_token(row->head.organisation, row->head.id, what, store_arena(view));
    *ret = (struct slice){"", 0};
    buffer_init(&plain, 0);
    int result = control_open_in(control, sealed, place, &plain, error);
    if (result == 0 && plain.length > 0) {
        *ret = arena_copy(store_arena(view), buffer_slice(&plain));
        if (ret->data == NULL)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    buffer_wipe(&plain);
    return result;
}

int control_open_authorization(struct control *control, struct store_view *view,
                               struct slice organisation, struct slice id, struct control_kept *ret,
                               struct error *error)
{
    *ret = (struct control_kept){.bearer = {.expires_ms = 0}};
    int result = store_get_authorization(view, organisation, id, &ret->row, error);
    if (result != 0)
        return result;
    result = store_find_bearer(view, organisation, "authorization", id, &ret->bearer, error);
    if (result == ERROR_NOT_FOUND) {
        ret->bearer = (struct store_bearer){.expires_ms = 0};
        result = 0;
    }
    if (result == 0)
        result = open_one(control, view, ret->row.client_secret, &ret->row, "secret",
                          &ret->client_secret, error);
    if (result == 0)
        result = open_one(control, view, ret->bearer.refresh, &ret->row, "refresh", &ret->refresh,
                          error);
    if (result == 0)
        result =
            open_one(control, view, ret->bearer.access, &ret->row, "access", &ret->access, error);
    if (result != 0)
        control_wipe_kept(ret);
    return result;
}

void control_wipe_kept(struct control_kept *kept)
{
    struct slice *all[] = {&kept->client_secret, &kept->refresh, &kept->access};
    for (size_t i = 0; i < 3; i++)
        memory_wipe_slice(*all[i]);
}

static int seal_tokens(struct control *control, struct store_view *view,
                       const struct store_authorization *row, const struct oauth_tokens *tokens,
                       struct store_bearer *bearer, struct error *error)
{
    struct arena *arena = store_arena(view);
    struct slice organisation = row->head.organisation, id = row->head.id;
    int result = control_seal_in(control, view, tokens->access,
                                 control_place_of_token(organisation, id, "access", arena),
                                 &bearer->access, error);
    // Who gives no new refresh token lets the old one stand (RFC 6749, 6).
    if (result == 0 && tokens->refresh.length > 0)
        result = control_seal_in(control, view, tokens->refresh,
                                 control_place_of_token(organisation, id, "refresh", arena),
                                 &bearer->refresh, error);
    return result;
}

int control_keep_tokens(struct control *control, struct store_view *view,
                        struct store_authorization *row, const struct oauth_tokens *tokens,
                        int64_t now_ms, struct error *error)
{
    struct store_bearer bearer = {.expires_ms = 0};
    int result = store_find_bearer(view, row->head.organisation, "authorization", row->head.id,
                                   &bearer, error);
    bool fresh = result == ERROR_NOT_FOUND;
    if (result != 0 && !fresh)
        return result;
    if (fresh)
        bearer = (struct store_bearer){.head.organisation = row->head.organisation,
                                       .server = row->server,
                                       .authorization = row->head.id};
    bearer.obtained_ms = now_ms;
    bearer.expires_ms = tokens->expires_s == 0 ? 0 : now_ms + tokens->expires_s * 1000;
    result = seal_tokens(control, view, row, tokens, &bearer, error);
    if (result == 0)
        result = fresh ? store_add_bearer(view, &bearer, error)
                       : store_change_bearer(view, &bearer, error);
    bool told = tokens->scope.length > 0 && !slice_equal(tokens->scope, row->scope);
    if (result != 0 || (row->state == STORE_READY && row->note.length == 0 && !told))
        return result; // renewed as often before: nothing that people need to know
    row->state = STORE_READY;
    row->note = (struct slice){"", 0};
    if (told)
        row->scope = tokens->scope;
    return store_change_authorization(view, row, error);
}
