// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The organisation, its members, invitations, API keys and the admin audit.
#include "admin/admin_internal.h"

#include "base/memory.h"

enum { INVITATION_MS = 7 * 24 * 60 * 60 * 1000 };

#define NEEDED (FIELD_EDITED | FIELD_NEEDED)
#define ONCE (FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED)

// ---- Organisation

static const struct admin_field organisation_fields[] = {
    ADMIN_FIELD(organisation, "name", name, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(organisation, "title", title, FIELD_TEXT, FIELD_EDITED),
    ADMIN_FIELD(organisation, "commands_allowed", commands_allowed, FIELD_FLAG, FIELD_EDITED),
    ADMIN_FIELD(organisation, "log_arguments", log_arguments, FIELD_OBJECT_OR_NULL, FIELD_EDITED),
};

static int check_organisation(struct admin_request *request, struct store_view *view,
                              const struct store_head *before, struct store_head *record,
                              struct error *error)
{
    const struct store_organisation *new = (const struct store_organisation *)(const void *)record;
    struct policy_mask *mask = NULL;
    struct policy_problems problems = {0};
    (void)view;
    (void)before;
    if (new->log_arguments.length == 0)
        return 0;
    int result = policy_mask_compile(new->log_arguments, &mask, &problems);
    uint32_t node = json_get(&request->doc, 0, "log_arguments");
    if (result == ERROR_CONFIG)
        result = admin_fault(request, "log_arguments", node, error, "cannot be used: %s",
                             problems.count > 0 ? problems.items[0].text : "");
    policy_problems_release(&problems);
    policy_mask_unref(mask);
    return result;
}

const struct admin_resource admin_organisation = {.kind = STORE_ORGANISATION,
                                                  .size = sizeof(struct store_organisation),
                                                  .fields = organisation_fields,
                                                  .count = 4,
                                                  .check = check_organisation};

// ---- Members

static bool counts(const struct store_member *member)
{
    return member->role == STORE_ADMIN && !member->disabled;
}

// Is there an admin besides this member?
static int find_other_admin(struct store_view *view, const struct store_member *member,
                            struct error *error)
{
    struct store_page page = {.limit = 0};
    for (bool more = true; more;) {
        const struct store_member *rows = NULL;
        size_t count = 0;
        int result = store_list_member(view, member->head.organisation, (struct slice){0}, &page,
                                       &rows, &count, &more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count; i++) {
            page.after = rows[i].head.id;
            if (counts(&rows[i]) && !slice_equal(rows[i].head.id, member->head.id))
                return 0;
        }
    }
    return error_set(error, ERROR_EXISTS,
                     "this is the last admin; make somebody else an admin first");
}

static int check_member(struct admin_request *request, struct store_view *view,
                        const struct store_head *before, struct store_head *record,
                        struct error *error)
{
    const struct store_member *old = (const struct store_member *)(const void *)before;
    const struct store_member *new = (const struct store_member *)(const void *)record;
    (void)request;
    return counts(old) && !counts(new) ? find_other_admin(view, old, error) : 0;
}

static const struct admin_field member_fields[] = {
    ADMIN_FIELD(member, "email", email, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(member, "name", name, FIELD_TEXT, FIELD_SHOWN | FIELD_CHANGED),
    ADMIN_WORDS(member, "role", role, store_role_words, FIELD_SHOWN | FIELD_CHANGED),
    ADMIN_FIELD(member, "disabled", disabled, FIELD_FLAG, FIELD_SHOWN | FIELD_CHANGED),
    ADMIN_FIELD(member, "signed_in_at", signed_in_ms, FIELD_TIME, FIELD_SHOWN),
};
const struct admin_resource admin_members = {.kind = STORE_MEMBER,
                                             .size = sizeof(struct store_member),
                                             .find_by = "email",
                                             .fields = member_fields,
                                             .count = 5,
                                             .check = check_member};

int admin_remove_member(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_member member = {.role = STORE_VIEWER};
    int result = admin_get(request, view, &member.head, error);
    if (result == 0 && counts(&member))
        result = find_other_admin(view, &member, error);
    return result == 0 ? admin_remove(request, view, error) : result;
}

// ---- Invitations

static const struct admin_field invitation_fields[] = {
    ADMIN_FIELD(invitation, "email", email, FIELD_TEXT, ONCE),
    ADMIN_WORDS(invitation, "role", role, store_role_words, ONCE),
    ADMIN_FIELD(invitation, "expires_at", expires_ms, FIELD_TIME, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(invitation, "accepted_at", accepted_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(invitation, "invited_by", invited_by, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_invitations = {.kind = STORE_INVITATION,
                                                 .size = sizeof(struct store_invitation),
                                                 .fields = invitation_fields,
                                                 .count = 5};

int admin_invite(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_invitation invitation = {.head.organisation = request->who.organisation,
                                          .expires_ms = request->now_ms + INVITATION_MS};
    struct store_member member = {.role = STORE_VIEWER};
    int result = admin_read_fields(request, 0, invitation_fields, 5, true, &invitation, error);
    if (result != 0)
        return result;
    if (invitation.email.length == 0)
        return admin_fault(request, "email", JSON_NONE, error, "must be an e-mail address");
    if (invitation.expires_ms <= request->now_ms)
        return admin_fault(request, "expires_at", JSON_NONE, error, "must be in the future");
    if (request->who.kind == STORE_BY_MEMBER)
        invitation.invited_by = request->who.id;
    result = store_find_member(view, request->who.organisation, "email", invitation.email, &member,
                               error);
    if (result == 0)
        return error_set(error, ERROR_EXISTS, "there is a member with this e-mail address already");
    if (result == ERROR_NOT_FOUND)
        result = control_invite(view, &invitation, request->secret, error);
    return result == 0 ? admin_answer_added(request, view, &invitation.head, error) : result;
}

// ---- API keys

static int check_key(struct admin_request *request, struct store_view *view,
                     const struct store_head *before, struct store_head *record,
                     struct error *error)
{
    const struct store_api_key *key = (const struct store_api_key *)(const void *)record;
    (void)view;
    (void)before;
    if (key->expires_ms != 0 && key->expires_ms <= request->now_ms)
        return admin_fault(request, "expires_at", JSON_NONE, error, "must be in the future");
    return 0;
}

static const struct admin_field key_fields[] = {
    ADMIN_FIELD(api_key, "label", label, FIELD_TEXT, ONCE),
    ADMIN_WORDS(api_key, "role", role, store_role_words, ONCE),
    ADMIN_FIELD(api_key, "expires_at", expires_ms, FIELD_TIME, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(api_key, "revoked_at", revoked_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(api_key, "used_at", used_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(api_key, "created_by", created_by, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_keys = {.kind = STORE_API_KEY,
                                          .size = sizeof(struct store_api_key),
                                          .find_by = "label",
                                          .fields = key_fields,
                                          .count = 6,
                                          .check = check_key};

// Whoever acts by a key of somebody's makes keys of the same person.
static int find_member_behind(struct admin_request *request, struct store_view *view,
                              struct slice *ret, struct error *error)
{
    const struct control_who who = admin_control_who(request);
    int result = control_find_maker(view, &who, ret, error);
    if (result == 0 && who.kind == STORE_BY_KEY && slice_equal(*ret, who.id))
        *ret = (struct slice){"", 0};
    return result;
}

int admin_add_key(struct admin_request *request, struct store_view *view, struct error *error)
{
    unsigned char hash[32];
    struct store_api_key key = {.head.organisation = request->who.organisation};
    int result = admin_read_fields(request, 0, key_fields, 6, true, &key, error);
    if (result == 0)
        result = check_key(request, view, NULL, &key.head, error);
    if (result != 0)
        return result;
    admin_new_token("spk_", request->secret);
    identity_hash_token(slice_from_string(request->secret), hash);
    key.token = slice_of((const char *)hash, sizeof hash);
    result = find_member_behind(request, view, &key.created_by, error);
    if (result == 0)
        result = store_add_api_key(view, &key, error);
    return result == 0 ? admin_answer_added(request, view, &key.head, error) : result;
}

int admin_revoke_key(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_api_key key = {.role = STORE_VIEWER};
    int result = admin_get(request, view, &key.head, error);
    if (result != 0)
        return result;
    if (key.revoked_ms != 0)
        return error_set(error, ERROR_EXISTS, "the key was revoked already");
    key.revoked_ms = request->now_ms;
    key.head.version = request->version;
    result = store_change_api_key(view, &key, error);
    return result == 0 ? admin_answer(request, view, 200, &key.head, error) : result;
}

// ---- Admin audit

// A row is kept as JSON; its members follow those that every record has.
static int write_line(struct admin_request *request, struct store_view *view,
                      const struct store_head *record, struct error *error)
{
    const struct store_audit *row = (const struct store_audit *)(const void *)record;
    (void)view;
    (void)error;
    if (row->line.length > 2) {
        buffer_append_string(&request->out, ",");
        buffer_append(&request->out, slice_of(row->line.data + 1, row->line.length - 2));
    }
    return 0;
}

const struct admin_resource admin_audit = {.kind = STORE_AUDIT,
                                           .size = sizeof(struct store_audit),
                                           .narrow_by = "object",
                                           .more = write_line,
                                           .newest_first = true};
