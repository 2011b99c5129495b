// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The first admin, and everybody else by invitation.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/memory.h"

int control_invite(struct store_view *view, struct store_invitation *invitation,
                   char token[IDENTITY_TOKEN_SIZE], struct error *error)
{
    unsigned char hash[32];
    identity_new_token(token);
    identity_hash_token(slice_from_string(token), hash);
    invitation->token = arena_copy(store_arena(view), slice_of((const char *)hash, sizeof hash));
    if (invitation->token.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = store_add_invitation(view, invitation, error);
    if (result != 0)
        memory_wipe(token, IDENTITY_TOKEN_SIZE);
    return result;
}

int control_accept(struct store_view *view, struct slice token, int64_t now_ms,
                   struct store_member *member, struct error *error)
{
    struct store_invitation invitation = {.role = STORE_VIEWER};
    unsigned char hash[32];
    identity_hash_token(token, hash);
    int result =
        store_find_invitation(view, (struct slice){0}, "token",
                              slice_of((const char *)hash, sizeof hash), &invitation, error);
    if (result == 0 && (invitation.accepted_ms != 0 || invitation.expires_ms <= now_ms))
        result = error_set(error, ERROR_NOT_FOUND, "this invitation was used or has expired");
    if (result != 0)
        return result;
    member->head.organisation = invitation.head.organisation;
    member->role = invitation.role;
    if (invitation.email.length > 0)
        member->email = invitation.email;
    invitation.accepted_ms = now_ms;
    invitation.email = member->email;
    result = store_change_invitation(view, &invitation, error);
    return result == 0 ? store_add_member(view, member, error) : result;
}

int control_person_of(struct store_view *view, struct slice organisation,
                      enum store_actor_kind kind, struct slice id, struct slice *ret,
                      struct error *error)
{
    struct store_api_key key = {.role = STORE_VIEWER};
    *ret = id;
    if (kind != STORE_BY_KEY)
        return 0;
    int result = store_get_api_key(view, organisation, id, &key, error);
    if (result == 0 && key.created_by.length > 0)
        *ret = key.created_by;
    return result;
}

// ---- The first admin

// The first organisation, made when there is none; *ret_members: somebody has been here.
static int find_organisation(struct store_view *view, struct store_organisation *ret,
                             bool *ret_members, struct error *error)
{
    const struct store_page one = {.limit = 1};
    struct store_page page = one;
    *ret_members = false;
    for (bool more = true, first = true; more && !*ret_members; first = false) {
        const struct store_organisation *rows = NULL;
        const struct store_member *members = NULL;
        size_t count = 0, found = 0;
        int result = store_list_organisation(view, (struct slice){0}, (struct slice){0}, &page,
                                             &rows, &count, &more, error);
        if (result == 0 && count == 0)
            break;
        if (result == 0)
            result = store_list_member(view, rows[0].head.id, (struct slice){0}, &one, &members,
                                       &found, NULL, error);
        if (result != 0)
            return result;
        *ret_members = found > 0;
        page.after = rows[0].head.id;
        if (first)
            *ret = rows[0];
    }
    if (ret->head.id.length > 0)
        return 0;
    ret->name = SLICE_LITERAL("default");
    ret->title = SLICE_LITERAL("Default");
    return store_add_organisation(view, ret, error);
}

// Nobody can sign in yet, so every invitation is one of ours.
static int remove_invitations(struct store_view *view, struct slice organisation,
                              struct error *error)
{
    for (bool more = true; more;) {
        const struct store_invitation *rows = NULL;
        size_t count = 0;
        int result = store_list_invitation(view, organisation, (struct slice){0}, NULL, &rows,
                                           &count, &more, error);
        for (size_t i = 0; result == 0 && i < count; i++)
            result = store_remove(view, STORE_INVITATION, organisation, rows[i].head.id, 0, error);
        if (result != 0)
            return result;
    }
    return 0;
}

static int set_up(void *argument, struct store_view *view, struct error *error)
{
    struct control_setup *setup = argument;
    struct store_organisation owner = {.commands_allowed = false};
    bool members = false;
    int result = find_organisation(view, &owner, &members, error);
    if (result != 0 || members)
        return result;
    result = remove_invitations(view, owner.head.id, error);
    struct store_invitation invitation = {.head.organisation = owner.head.id,
                                          .role = STORE_ADMIN,
                                          .expires_ms = clock_wall_ms() + CONTROL_SETUP_MS};
    if (result == 0)
        result = control_invite(view, &invitation, setup->token, error);
    setup->needed = result == 0;
    setup->expires_ms = invitation.expires_ms;
    return result;
}

int control_set_up(struct control *control, struct control_setup *ret, struct error *error)
{
    *ret = (struct control_setup){.needed = false};
    int result = store_run(control->records, STORE_WRITE, NULL, set_up, ret, error);
    if (result != 0)
        memory_wipe(ret, sizeof *ret);
    return result;
}

// ---- Further organisations

struct founding {
    struct slice name, title;
    int64_t expires_ms;
    char *token;
};

static int found(void *argument, struct store_view *view, struct error *error)
{
    const struct founding *founding = argument;
    struct store_organisation owner = {.name = founding->name, .title = founding->title};
    int result = store_add_organisation(view, &owner, error);
    struct store_invitation invitation = {.head.organisation = owner.head.id,
                                          .role = STORE_ADMIN,
                                          .expires_ms = founding->expires_ms};
    return result == 0 ? control_invite(view, &invitation, founding->token, error) : result;
}

int control_add_organisation(struct control *control, struct slice name, struct slice title,
                             int64_t expires_ms, char token[IDENTITY_TOKEN_SIZE],
                             struct error *error)
{
    struct founding founding = {name, title, expires_ms, token};
    int result = store_run(control->records, STORE_WRITE, NULL, found, &founding, error);
    if (result != 0)
        memory_wipe(token, IDENTITY_TOKEN_SIZE);
    return result;
}
