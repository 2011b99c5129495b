// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport key`, `sallyport member` and `sallyport organisation`: who may do what with a running
// gateway itself, and what they did.
#include "cli/remote_internal.h"

static const struct remote_kind keys = {
    "/keys", "label", {"label", "role", "expires_at", "revoked_at", "used_at", NULL}};
static const struct remote_kind members = {
    "/members", "email", {"email", "role", "disabled", "name", NULL}};
static const struct remote_kind invitations = {
    "/invitations", "", {"id", "email", "role", "expires_at", NULL}};
static const struct remote_kind organisation = {
    "/organisation", NULL, {"name", "title", "commands_allowed", NULL}};

// ---- API keys

enum { ROLE = REMOTE_FLAGS, KEY_EXPIRES, ROLE_FLAGS };

static const struct cli_flag role_flags[ROLE_FLAGS] = {
    REMOTE_FLAG_ROWS, [ROLE] = {"role", "ROLE", "viewer, policy_manager or admin; else viewer"},
    [KEY_EXPIRES] = {"expires", "TIME", "2027-01-01T00:00:00Z"}};

static const char *role_of(const struct cli_arguments *arguments)
{
    return arguments->values[ROLE] == NULL ? "viewer" : arguments->values[ROLE];
}

static bool write_key(struct buffer *out, const struct cli_arguments *arguments)
{
    remote_write_text(out, "label", arguments->operands[0]);
    remote_write_text(out, "role", role_of(arguments));
    remote_write_text(out, "expires_at", arguments->values[KEY_EXPIRES]);
    buffer_append_string(out, "}");
    return true;
}

static int key_add(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {.command = "key add",
                                           .operands = "LABEL",
                                           .text = "Makes an API key and prints it, this once.\n",
                                           .flags = role_flags,
                                           .flag_count = ROLE_FLAGS,
                                           .operands_least = 1,
                                           .operands_most = 1};
    return remote_add(&usage, &keys, write_key, argc, argv, environment);
}

static int key_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&keys, "key show", argc, argv, environment);
}

static int key_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&keys, "key list", argc, argv, environment);
}

static int key_revoke(int argc, char **argv, const char *const *environment)
{
    return remote_act(&keys, "key revoke", "Ends an API key for good.\n", "/revoke", argc, argv,
                      environment);
}

int cli_key(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", key_list, "the API keys of a gateway"},
        {"show", key_show, "one of them"},
        {"add", key_add, "make a key"},
        {"revoke", key_revoke, "end a key"},
    };
    return cli_run_verb("key", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}

// ---- Members

static bool write_invitation(struct buffer *out, const struct cli_arguments *arguments)
{
    remote_write_text(out, "email", arguments->operands[0]);
    remote_write_text(out, "role", role_of(arguments));
    remote_write_text(out, "expires_at", arguments->values[KEY_EXPIRES]);
    buffer_append_string(out, "}");
    return true;
}

static int member_invite(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "member invite",
        .operands = "EMAIL",
        .text = "Prints the token that makes somebody a member, this once.\n",
        .flags = role_flags,
        .flag_count = ROLE_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    return remote_add(&usage, &invitations, write_invitation, argc, argv, environment);
}

static int member_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&members, "member show", argc, argv, environment);
}

static int member_change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {REMOTE_FLAG_ROWS,
                                            {"role", "ROLE", "viewer, policy_manager or admin"},
                                            {"name", "NAME", "what the member is called"},
                                            {"disable", NULL, "may not sign in any more"},
                                            {"enable", NULL, "may sign in again"}};
    static const struct remote_field fields[] = {{"role", REMOTE_TEXT, NULL},
                                                 {"name", REMOTE_TEXT, NULL},
                                                 {"disabled", REMOTE_FIXED, "true"},
                                                 {"disabled", REMOTE_FIXED, "false"}};
    return remote_change(&members, "member change", "EMAIL", flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

static int member_invitations(int argc, char **argv, const char *const *environment)
{
    return remote_list(&invitations, "member invitations", argc, argv, environment);
}

static int member_uninvite(int argc, char **argv, const char *const *environment)
{
    return remote_act(&invitations, "member uninvite", "Takes back an invitation.\n", NULL, argc,
                      argv, environment);
}

static int member_invitation(int argc, char **argv, const char *const *environment)
{
    return remote_show(&invitations, "member invitation", argc, argv, environment);
}

static int member_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&members, "member list", argc, argv, environment);
}

static int member_remove(int argc, char **argv, const char *const *environment)
{
    return remote_act(&members, "member remove", "Removes a member; never the last admin.\n", NULL,
                      argc, argv, environment);
}

int cli_member(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", member_list, "the members of the organisation"},
        {"show", member_show, "one of them"},
        {"change", member_change, "give a member another role, or keep one out"},
        {"invite", member_invite, "invite somebody"},
        {"invitations", member_invitations, "who was invited"},
        {"invitation", member_invitation, "one invitation"},
        {"uninvite", member_uninvite, "take an invitation back"},
        {"remove", member_remove, "remove a member"},
    };
    return cli_run_verb("member", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}

// ---- The organisation

static int organisation_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&organisation, "organisation show", argc, argv, environment);
}

static int organisation_change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {
        REMOTE_FLAG_ROWS,
        {"title", "TEXT", "what it is called"},
        {"allow-commands", NULL, "its servers may be programs, if the gateway lets them"},
        {"forbid-commands", NULL, "they may not"}};
    static const struct remote_field fields[] = {{"title", REMOTE_TEXT, NULL},
                                                 {"commands_allowed", REMOTE_FIXED, "true"},
                                                 {"commands_allowed", REMOTE_FIXED, "false"}};
    return remote_change(&organisation, "organisation change", NULL, flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

int cli_organisation(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"show", organisation_show, "the organisation of the API key"},
        {"change", organisation_change, "change its title, or whether it may have programs"},
    };
    return cli_run_verb("organisation", verbs, sizeof verbs / sizeof *verbs, argc, argv,
                        environment);
}

// ---- The admin audit

int cli_audit_list(int argc, char **argv, const char *const *environment)
{
    static const struct remote_kind audit = {
        "/audit", "object", {"seq", "time", "action", "object", "address", NULL}};
    return remote_list(&audit, "audit list", argc, argv, environment);
}
