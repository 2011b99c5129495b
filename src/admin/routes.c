// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every path of the API, and who may ask for it. docs/openapi.json says the same in full.
#include "admin/decisions_internal.h"

enum { ID_MOST = 120 }; // a slug of the catalogue

// The columns: method, path, least role; then what is done.
static const struct admin_route routes[] = {
    {"GET", "/openapi.json", ADMIN_ANYBODY, .read = admin_openapi},

    // People
    {"POST", "/setup", ADMIN_ANYBODY, .read = admin_find_invitation, .hash = admin_hash_password,
     .write = admin_accept, .any_body = true},
    {"POST", "/invitations/accept", ADMIN_ANYBODY, .read = admin_find_invitation,
     .hash = admin_hash_password, .write = admin_accept, .any_body = true},
    {"POST", "/session", ADMIN_ANYBODY, .read = admin_find_member, .hash = admin_check_password,
     .write = admin_sign_in, .any_body = true},
    {"GET", "/session", ADMIN_VIEWER, .read = admin_show_session},
    {"DELETE", "/session", ADMIN_VIEWER, .write = admin_sign_out},
    {"PUT", "/session/password", ADMIN_VIEWER, .read = admin_find_password,
     .hash = admin_replace_password, .write = admin_change_password, .any_body = true},
    {"GET", "/sign-in", ADMIN_ANYBODY, .read = admin_list_visits},
    {"POST", "/sign-in/{id}", ADMIN_ANYBODY, .read = admin_find_provider, .hash = admin_start_visit,
     .asks = true, .any_body = true},
    {"GET", "/sign-in/{id}/callback", ADMIN_ANYBODY, .read = admin_take_visit,
     .hash = admin_ask_provider, .write = admin_enter, .asks = true},
    {"GET", "/organisation", ADMIN_VIEWER, .read = admin_show, .resource = &admin_organisation},
    {"PATCH", "/organisation", ADMIN_ADMIN, .write = admin_edit, .resource = &admin_organisation,
     .any_body = true, .edits = true},
    {"GET", "/members", ADMIN_ADMIN, .read = admin_list, .resource = &admin_members},
    {"GET", "/members/{id}", ADMIN_ADMIN, .read = admin_show, .resource = &admin_members},
    {"PATCH", "/members/{id}", ADMIN_ADMIN, .write = admin_edit, .resource = &admin_members,
     .any_body = true, .edits = true},
    {"DELETE", "/members/{id}", ADMIN_ADMIN, .write = admin_remove_member,
     .resource = &admin_members, .edits = true},
    {"GET", "/invitations", ADMIN_ADMIN, .read = admin_list, .resource = &admin_invitations},
    {"POST", "/invitations", ADMIN_ADMIN, .write = admin_invite, .resource = &admin_invitations,
     .any_body = true, .adds = true},
    {"GET", "/invitations/{id}", ADMIN_ADMIN, .read = admin_show, .resource = &admin_invitations},
    {"DELETE", "/invitations/{id}", ADMIN_ADMIN, .write = admin_remove,
     .resource = &admin_invitations, .edits = true},
    {"GET", "/keys", ADMIN_ADMIN, .read = admin_list, .resource = &admin_keys},
    {"POST", "/keys", ADMIN_ADMIN, .write = admin_add_key, .resource = &admin_keys,
     .any_body = true, .adds = true},
    {"GET", "/keys/{id}", ADMIN_ADMIN, .read = admin_show, .resource = &admin_keys},
    {"POST", "/keys/{id}/revoke", ADMIN_ADMIN, .write = admin_revoke_key, .resource = &admin_keys,
     .edits = true},
    {"GET", "/providers", ADMIN_ADMIN, .read = admin_list, .resource = &admin_providers},
    {"POST", "/providers", ADMIN_ADMIN, .write = admin_add_provider, .resource = &admin_providers,
     .any_body = true, .adds = true},
    {"GET", "/providers/{id}", ADMIN_ADMIN, .read = admin_show, .resource = &admin_providers},
    {"PATCH", "/providers/{id}", ADMIN_ADMIN, .write = admin_edit_provider,
     .resource = &admin_providers, .any_body = true, .edits = true},
    {"DELETE", "/providers/{id}", ADMIN_ADMIN, .write = admin_remove, .resource = &admin_providers,
     .edits = true},
    {"GET", "/contacts", ADMIN_ADMIN, .read = admin_list, .resource = &admin_contacts},
    {"GET", "/contacts/{id}", ADMIN_ADMIN, .read = admin_show, .resource = &admin_contacts},
    {"POST", "/contacts/{id}/done", ADMIN_ADMIN, .write = admin_end_contact,
     .resource = &admin_contacts, .edits = true},
    {"DELETE", "/contacts/{id}", ADMIN_ADMIN, .write = admin_remove, .resource = &admin_contacts,
     .edits = true},
    {"GET", "/channels", ADMIN_ADMIN, .read = admin_list, .resource = &admin_channels},
    {"POST", "/channels", ADMIN_ADMIN, .write = admin_add_channel, .resource = &admin_channels,
     .any_body = true, .adds = true},
    {"GET", "/channels/{id}", ADMIN_ADMIN, .read = admin_show, .resource = &admin_channels},
    {"PATCH", "/channels/{id}", ADMIN_ADMIN, .write = admin_edit_channel,
     .resource = &admin_channels, .any_body = true, .edits = true},
    {"DELETE", "/channels/{id}", ADMIN_ADMIN, .write = admin_remove, .resource = &admin_channels,
     .edits = true},
    {"POST", "/channels/{id}/test", ADMIN_ADMIN, .read = admin_find_channel, .asks = true,
     .hash = admin_try_channel, .resource = &admin_channels},
    {"GET", "/channels/{id}/notices", ADMIN_ADMIN, .read = admin_list, .resource = &admin_notices},
    {"GET", "/audit", ADMIN_ADMIN, .read = admin_list, .resource = &admin_audit},
    {"GET", "/audit/keeping", ADMIN_ADMIN, .read = admin_find_kept, .searches = true,
     .hash = admin_show_log_kept},
    {"PATCH", "/audit/keeping", ADMIN_ADMIN, .read = admin_read_kept, .searches = true,
     .hash = admin_measure_log, .write = admin_change_kept, .edits = true, .any_body = true},
    {"GET", "/audit/keeping/keys", ADMIN_ADMIN, .read = admin_show_sealing},
    {"POST", "/audit/keeping/keys", ADMIN_ADMIN, .read = admin_check_sealer, .searches = true,
     .hash = admin_check_sealing, .write = admin_note_sealing, .after = admin_begin_sealing},
    {"GET", "/audit/proofs", ADMIN_ADMIN, .read = admin_list_proofs},
    {"POST", "/audit/proofs", ADMIN_ADMIN, .write = admin_note_proof, .after = admin_begin_proof},

    // A whole organisation
    {"GET", "/export", ADMIN_ADMIN, .read = admin_export},
    {"POST", "/apply", ADMIN_ADMIN, .write = admin_apply, .body_max = APPLY_BODY_MAX,
     .any_body = true, .edits = true},

    // What the configuration file declares
    {"GET", "/declared", ADMIN_VIEWER, .read = admin_show_declared},

    // The catalogue
    {"GET", "/catalogue/attacks", ADMIN_VIEWER, .read = admin_list_attacks},
    {"GET", "/catalogue/attacks/{attack}", ADMIN_VIEWER, .read = admin_show_attack},
    {"GET", "/catalogue", ADMIN_VIEWER, .searches = true, .hash = admin_find_catalogue},
    {"GET", "/catalogue/search", ADMIN_VIEWER, .searches = true,
     .hash = admin_find_catalogue_tools},
    {"POST", "/catalogue/import", ADMIN_ADMIN, .searches = true, .hash = admin_take_tools,
     .write = admin_note_tools, .body_max = LIST_BODY_MAX, .any_body = true},
    {"GET", "/catalogue/servers", ADMIN_VIEWER, .searches = true,
     .hash = admin_find_catalogue_servers},
    {"GET", "/catalogue/servers/{server}", ADMIN_VIEWER, .searches = true,
     .hash = admin_find_catalogue_server},
    {"GET", "/catalogue/servers/{server}/history", ADMIN_VIEWER, .searches = true,
     .hash = admin_find_catalogue_history},
    {"GET", "/catalogue/servers/{server}/starter", ADMIN_VIEWER, .searches = true,
     .hash = admin_give_starter},
    {"GET", "/catalogue/servers/{server}/tools/{tool}", ADMIN_VIEWER, .searches = true,
     .hash = admin_find_catalogue_tool},
    {"GET", "/catalogue/servers/{server}/tools/{tool}/history", ADMIN_VIEWER, .searches = true,
     .hash = admin_find_catalogue_history},
    {"GET", "/catalogue/stack", ADMIN_VIEWER, .read = admin_ask_stack, .searches = true,
     .hash = admin_look_at_servers},

    // Decisions
    {"GET", "/decisions", ADMIN_VIEWER, .read = admin_ask_decisions, .searches = true,
     .hash = admin_find_decisions},
    {"GET", "/decisions/export", ADMIN_VIEWER, .read = admin_ask_export, .searches = true,
     .hash = admin_find_piece},
    {"GET", "/decisions/stream", ADMIN_VIEWER, .read = admin_ask_tail, .searches = true,
     .hash = admin_find_piece},
    {"GET", "/decisions/summary", ADMIN_VIEWER, .read = admin_ask_summary, .searches = true,
     .hash = admin_find_summary},
    {"GET", "/decisions/{number}", ADMIN_VIEWER, .read = admin_ask_decision, .searches = true,
     .hash = admin_find_decision},

    // Questions to people
    {"GET", "/approvals", ADMIN_VIEWER, .read = admin_list_questions},
    {"GET", "/approvals/stream", ADMIN_VIEWER, .read = admin_hear_questions},
    {"GET", "/approvals/{id}", ADMIN_VIEWER, .read = admin_read_question, .searches = true,
     .hash = admin_find_context},
    {"POST", "/approvals/{id}/approve", ADMIN_POLICY_MANAGER, .write = admin_approve,
     .any_body = true, .adds = true},
    {"POST", "/approvals/{id}/deny", ADMIN_POLICY_MANAGER, .write = admin_deny, .any_body = true,
     .adds = true},
    {"GET", "/exceptions", ADMIN_VIEWER, .read = admin_list, .resource = &admin_exceptions},
    {"GET", "/exceptions/{id}", ADMIN_VIEWER, .read = admin_show, .resource = &admin_exceptions},
    {"POST", "/exceptions/{id}/revoke", ADMIN_POLICY_MANAGER, .write = admin_revoke_exception,
     .resource = &admin_exceptions, .edits = true},

    // Servers
    {"GET", "/servers", ADMIN_VIEWER, .read = admin_list, .resource = &admin_servers},
    {"POST", "/servers", ADMIN_ADMIN, .write = admin_add, .resource = &admin_servers,
     .any_body = true, .adds = true},
    {"GET", "/servers/{id}", ADMIN_VIEWER, .read = admin_show, .resource = &admin_servers},
    {"PATCH", "/servers/{id}", ADMIN_ADMIN, .write = admin_edit, .resource = &admin_servers,
     .any_body = true, .edits = true},
    {"DELETE", "/servers/{id}", ADMIN_ADMIN, .write = admin_remove, .resource = &admin_servers,
     .edits = true},
    {"POST", "/servers/{id}/test", ADMIN_POLICY_MANAGER, .read = admin_find_trial,
     .hash = admin_try_server, .tries = true},
    {"GET", "/servers/{id}/credentials", ADMIN_ADMIN, .read = admin_list,
     .resource = &admin_credentials},
    {"POST", "/servers/{id}/credentials", ADMIN_ADMIN, .write = admin_set_credential,
     .resource = &admin_credentials, .any_body = true, .adds = true},
    {"GET", "/servers/{id}/credentials/{credential}", ADMIN_ADMIN, .read = admin_show,
     .resource = &admin_credentials},
    {"DELETE", "/servers/{id}/credentials/{credential}", ADMIN_ADMIN, .write = admin_remove,
     .resource = &admin_credentials, .edits = true},
    {"GET", "/servers/{id}/authorizations", ADMIN_ADMIN, .read = admin_list,
     .resource = &admin_authorizations},
    {"POST", "/servers/{id}/authorizations", ADMIN_ADMIN, .read = admin_read_sign_in, .asks = true,
     .hash = admin_ask_sign_in, .write = admin_keep_sign_in, .resource = &admin_authorizations,
     .any_body = true},
    {"GET", "/servers/{id}/authorizations/{authorization}", ADMIN_ADMIN, .read = admin_show,
     .resource = &admin_authorizations},
    {"DELETE", "/servers/{id}/authorizations/{authorization}", ADMIN_ADMIN,
     .read = admin_find_authorization, .asks = true, .hash = admin_ask_revocation,
     .write = admin_remove, .resource = &admin_authorizations, .edits = true},
    {"GET", "/servers/{id}/overrides", ADMIN_VIEWER, .read = admin_list,
     .resource = &admin_overrides, .declared = true},
    {"POST", "/servers/{id}/overrides", ADMIN_POLICY_MANAGER, .write = admin_set_override,
     .resource = &admin_overrides, .any_body = true, .adds = true, .declared = true},
    {"DELETE", "/servers/{id}/overrides/{override}", ADMIN_POLICY_MANAGER, .write = admin_remove,
     .resource = &admin_overrides, .edits = true, .declared = true},
    {"GET", "/servers/{id}/definitions", ADMIN_VIEWER, .read = admin_list_definitions,
     .resource = &admin_definitions, .declared = true},
    {"GET", "/servers/{id}/definitions/{fingerprint}", ADMIN_VIEWER, .read = admin_show_definition,
     .resource = &admin_definitions, .declared = true},
    {"POST", "/servers/{id}/definitions/accept", ADMIN_POLICY_MANAGER,
     .write = admin_accept_definitions, .resource = &admin_definitions, .any_body = true,
     .body_max = POLICY_BODY_MAX, .declared = true},
    {"POST", "/servers/{id}/definitions/reject", ADMIN_POLICY_MANAGER,
     .write = admin_reject_definitions, .resource = &admin_definitions, .any_body = true,
     .body_max = POLICY_BODY_MAX, .declared = true},
    {"POST", "/oauth/answer", ADMIN_ADMIN, .read = admin_read_answer, .asks = true,
     .hash = admin_ask_tokens, .write = admin_keep_answer, .resource = &admin_authorizations,
     .any_body = true},
    {"GET", "/oauth/callback", ADMIN_ANYBODY, .read = admin_take_browser, .asks = true,
     .hash = admin_ask_tokens, .write = admin_keep_browser},
    {"GET", "/oauth/client", ADMIN_ANYBODY, .read = admin_show_client},

    // Policies
    {"GET", "/policies", ADMIN_VIEWER, .read = admin_list, .resource = &admin_policies},
    {"POST", "/policies", ADMIN_POLICY_MANAGER, .write = admin_add_policy,
     .resource = &admin_policies, .body_max = POLICY_BODY_MAX, .any_body = true, .adds = true},
    {"POST", "/policies/check", ADMIN_VIEWER, .read = admin_check_policy,
     .body_max = POLICY_BODY_MAX, .any_body = true},
    {"POST", "/policies/summary", ADMIN_VIEWER, .read = admin_summarise,
     .body_max = POLICY_BODY_MAX, .any_body = true},
    {"POST", "/policies/lint", ADMIN_VIEWER, .read = admin_ask_lint, .searches = true,
     .hash = admin_lint, .body_max = POLICY_BODY_MAX, .any_body = true},
    {"GET", "/policies/{id}", ADMIN_VIEWER, .read = admin_show, .resource = &admin_policies},
    {"PATCH", "/policies/{id}", ADMIN_POLICY_MANAGER, .write = admin_edit,
     .resource = &admin_policies, .any_body = true, .edits = true},
    {"DELETE", "/policies/{id}", ADMIN_POLICY_MANAGER, .write = admin_remove,
     .resource = &admin_policies, .edits = true},
    {"GET", "/policies/{id}/versions", ADMIN_POLICY_MANAGER, .read = admin_list,
     .resource = &admin_versions},
    {"POST", "/policies/{id}/versions", ADMIN_POLICY_MANAGER, .write = admin_add_version,
     .resource = &admin_versions, .body_max = POLICY_BODY_MAX, .any_body = true, .edits = true,
     .adds = true},
    {"GET", "/policies/{id}/versions/{number}", ADMIN_POLICY_MANAGER, .read = admin_show_version,
     .resource = &admin_versions},
    {"POST", "/policies/{id}/rollback", ADMIN_POLICY_MANAGER, .write = admin_roll_back,
     .resource = &admin_versions, .any_body = true, .edits = true, .adds = true},
    {"GET", "/policies/{id}/diff", ADMIN_POLICY_MANAGER, .read = admin_diff},
    {"POST", "/policies/{id}/diff", ADMIN_POLICY_MANAGER, .read = admin_diff_drafts,
     .body_max = POLICY_BODY_MAX, .any_body = true},
    {"POST", "/policies/{id}/explain", ADMIN_POLICY_MANAGER, .read = admin_explain_policy,
     .body_max = POLICY_BODY_MAX, .any_body = true},
    {"POST", "/policies/{id}/replay", ADMIN_POLICY_MANAGER, .read = admin_ask_replay, .plays = true,
     .hash = admin_replay, .body_max = POLICY_BODY_MAX, .any_body = true},

    // Grants
    {"GET", "/limits", ADMIN_POLICY_MANAGER, .read = admin_list_limits},
    {"POST", "/limits/reset", ADMIN_ADMIN, .write = admin_note_reset, .after = admin_reset_limits,
     .any_body = true},
    {"GET", "/grants", ADMIN_VIEWER, .read = admin_list, .resource = &admin_grants},
    {"POST", "/grants", ADMIN_ADMIN, .write = admin_add_grant, .resource = &admin_grants,
     .any_body = true, .adds = true},
    {"GET", "/grants/{id}", ADMIN_VIEWER, .read = admin_show, .resource = &admin_grants},
    {"PATCH", "/grants/{id}", ADMIN_ADMIN, .write = admin_edit_grant, .resource = &admin_grants,
     .any_body = true, .edits = true},
    {"DELETE", "/grants/{id}", ADMIN_ADMIN, .write = admin_remove, .resource = &admin_grants,
     .edits = true},
    {"PUT", "/grants/{id}/servers/{server}", ADMIN_POLICY_MANAGER, .write = admin_attach,
     .resource = &admin_grants, .any_body = true, .edits = true},
    {"GET", "/grants/{id}/snippets", ADMIN_VIEWER, .read = admin_snippets},
    {"GET", "/grants/{id}/stack", ADMIN_POLICY_MANAGER, .read = admin_ask_grant_stack,
     .searches = true, .hash = admin_look_at_grant, .resource = &admin_grants},
    {"POST", "/grants/{id}/explain", ADMIN_POLICY_MANAGER, .read = admin_ask_grant_explanation,
     .searches = true, .hash = admin_explain_grant, .resource = &admin_grants, .any_body = true},
    {"POST", "/grants/{id}/suggest", ADMIN_POLICY_MANAGER, .read = admin_ask_suggestion,
     .plays = true, .hash = admin_suggest, .resource = &admin_grants, .any_body = true},
    {"POST", "/grants/{id}/rotate", ADMIN_ADMIN, .write = admin_rotate_grant,
     .resource = &admin_grants, .any_body = true, .edits = true},
    {"POST", "/grants/{id}/resume", ADMIN_POLICY_MANAGER, .write = admin_resume_grant,
     .resource = &admin_grants, .edits = true},
    {"POST", "/grants/{id}/revoke", ADMIN_ADMIN, .write = admin_revoke_grant,
     .resource = &admin_grants, .edits = true},
};
enum { ROUTES = sizeof routes / sizeof *routes };

static bool is_id(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
            c != '_' && c != '-' && c != '.' && c != '~')
            return false;
    }
    return text.length > 0 && text.length <= ID_MOST;
}

// The next part behind a slash.
static struct slice next_part(struct slice *rest)
{
    struct slice part = slice_of(rest->data + 1, rest->length - 1);
    const char *slash = memchr(part.data, '/', part.length);
    if (slash != NULL)
        part.length = (size_t)(slash - part.data);
    *rest = slice_of(part.data + part.length, rest->length - 1 - part.length);
    return part;
}

static bool matches(const char *pattern, struct slice path, struct slice parameters[PARAMETERS_MAX])
{
    struct slice wanted = slice_from_string(pattern);
    size_t count = 0;
    parameters[0] = parameters[1] = (struct slice){0};
    while (wanted.length > 0 && path.length > 0) {
        struct slice expected = next_part(&wanted), part = next_part(&path);
        bool open = expected.data[0] == '{';
        if (open ? !is_id(part) : !slice_equal(expected, part))
            return false;
        if (open)
            parameters[count++] = part;
    }
    return wanted.length == 0 && path.length == 0;
}

const struct admin_route *admin_route_find(struct slice method, struct slice path,
                                           struct slice parameters[PARAMETERS_MAX],
                                           struct buffer *ret_allow)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (!matches(routes[i].path, path, parameters))
            continue;
        if (slice_equal_string(method, routes[i].method))
            return &routes[i];
        buffer_append_format(ret_allow, buffer_slice(ret_allow).length == 0 ? "%s" : ", %s",
                             routes[i].method);
    }
    return NULL;
}

bool admin_route_at(size_t place, struct admin_route_text *ret)
{
    if (place >= ROUTES)
        return false;
    *ret = (struct admin_route_text){routes[place].method, routes[place].path, "none"};
    if (routes[place].least != ADMIN_ANYBODY)
        ret->role = store_role_words[routes[place].least];
    return true;
}
