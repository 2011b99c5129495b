// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What single routes do; the middle of admin_internal.h, which alone includes it.
#pragma once

// ---- The steps of single routes
#define ADMIN_STEPS(X)                                                                             \
    X(admin_openapi)                                                                               \
    X(admin_list_attacks)                                                                          \
    X(admin_show_attack)                                                                           \
    X(admin_show_declared)                                                                         \
    X(admin_ask_stack)                                                                             \
    X(admin_ask_grant_stack)                                                                       \
    X(admin_find_member)                                                                           \
    X(admin_end_contact)                                                                           \
    X(admin_sign_in)                                                                               \
    X(admin_show_session)                                                                          \
    X(admin_sign_out)                                                                              \
    X(admin_find_password)                                                                         \
    X(admin_change_password)                                                                       \
    X(admin_find_invitation)                                                                       \
    X(admin_accept)                                                                                \
    X(admin_invite)                                                                                \
    X(admin_remove_member)                                                                         \
    X(admin_add_key)                                                                               \
    X(admin_revoke_key)                                                                            \
    X(admin_set_credential)                                                                        \
    X(admin_set_override)                                                                          \
    X(admin_list_definitions)                                                                      \
    X(admin_show_definition)                                                                       \
    X(admin_accept_definitions)                                                                    \
    X(admin_reject_definitions)                                                                    \
    X(admin_read_sign_in)                                                                          \
    X(admin_keep_sign_in)                                                                          \
    X(admin_find_authorization)                                                                    \
    X(admin_read_answer)                                                                           \
    X(admin_keep_answer)                                                                           \
    X(admin_take_browser)                                                                          \
    X(admin_keep_browser)                                                                          \
    X(admin_show_client)                                                                           \
    X(admin_check_policy)                                                                          \
    X(admin_explain_policy)                                                                        \
    X(admin_ask_grant_explanation)                                                                 \
    X(admin_ask_lint)                                                                              \
    X(admin_ask_replay)                                                                            \
    X(admin_ask_suggestion)                                                                        \
    X(admin_add_policy)                                                                            \
    X(admin_add_version)                                                                           \
    X(admin_show_version)                                                                          \
    X(admin_roll_back)                                                                             \
    X(admin_diff)                                                                                  \
    X(admin_diff_drafts)                                                                           \
    X(admin_summarise)                                                                             \
    X(admin_ask_decisions)                                                                         \
    X(admin_ask_decision)                                                                          \
    X(admin_ask_export)                                                                            \
    X(admin_ask_tail)                                                                              \
    X(admin_ask_summary)                                                                           \
    X(admin_add_grant)                                                                             \
    X(admin_edit_grant)                                                                            \
    X(admin_attach)                                                                                \
    X(admin_rotate_grant)                                                                          \
    X(admin_resume_grant)                                                                          \
    X(admin_revoke_grant)                                                                          \
    X(admin_list_proofs)                                                                           \
    X(admin_find_kept)                                                                             \
    X(admin_read_kept)                                                                             \
    X(admin_change_kept)                                                                           \
    X(admin_note_proof)                                                                            \
    X(admin_show_sealing)                                                                          \
    X(admin_check_sealer)                                                                          \
    X(admin_note_sealing)                                                                          \
    X(admin_list_limits)                                                                           \
    X(admin_note_reset)                                                                            \
    X(admin_export)                                                                                \
    X(admin_apply)                                                                                 \
    X(admin_snippets)                                                                              \
    X(admin_find_trial)                                                                            \
    X(admin_add_provider)                                                                          \
    X(admin_edit_provider)                                                                         \
    X(admin_list_visits)                                                                           \
    X(admin_find_provider)                                                                         \
    X(admin_take_visit)                                                                            \
    X(admin_enter)                                                                                 \
    X(admin_list_questions)                                                                        \
    X(admin_hear_questions)                                                                        \
    X(admin_read_question)                                                                         \
    X(admin_approve)                                                                               \
    X(admin_deny)                                                                                  \
    X(admin_revoke_exception)                                                                      \
    X(admin_add_channel)                                                                           \
    X(admin_edit_channel)                                                                          \
    X(admin_find_channel)
#define ADMIN_STEP(name)                                                                           \
    int name(struct admin_request *request, struct store_view *view, struct error *error);
ADMIN_STEPS(ADMIN_STEP)
#undef ADMIN_STEP
int admin_check_password(struct admin_request *request, struct error *error);
int admin_replace_password(struct admin_request *request, struct error *error);
int admin_hash_password(struct admin_request *request, struct error *error);
int admin_try_server(struct admin_request *request, struct error *error);
int admin_try_channel(struct admin_request *request, struct error *error);
int admin_find_context(struct admin_request *request, struct error *error);
int admin_find_catalogue(struct admin_request *request, struct error *error);
int admin_find_catalogue_servers(struct admin_request *request, struct error *error);
int admin_find_catalogue_tools(struct admin_request *request, struct error *error);
int admin_find_catalogue_server(struct admin_request *request, struct error *error);
int admin_find_catalogue_tool(struct admin_request *request, struct error *error);
int admin_find_catalogue_history(struct admin_request *request, struct error *error);
void admin_reset_limits(struct admin_request *request);
void admin_begin_proof(struct admin_request *request);
int admin_measure_log(struct admin_request *request, struct error *error);
int admin_check_sealing(struct admin_request *request, struct error *error);
void admin_begin_sealing(struct admin_request *request);
int admin_show_log_kept(struct admin_request *request, struct error *error);
int admin_take_tools(struct admin_request *request, struct error *error);
int admin_note_tools(struct admin_request *request, struct store_view *view, struct error *error);
int admin_look_at_servers(struct admin_request *request, struct error *error);
int admin_give_starter(struct admin_request *request, struct error *error);
int admin_look_at_grant(struct admin_request *request, struct error *error);
int admin_explain_grant(struct admin_request *request, struct error *error);
int admin_replay(struct admin_request *request, struct error *error);
int admin_suggest(struct admin_request *request, struct error *error);
int admin_lint(struct admin_request *request, struct error *error);
int admin_ask_sign_in(struct admin_request *request, struct error *error);
int admin_ask_tokens(struct admin_request *request, struct error *error);
int admin_ask_revocation(struct admin_request *request, struct error *error);
int admin_start_visit(struct admin_request *request, struct error *error);
int admin_ask_provider(struct admin_request *request, struct error *error);
