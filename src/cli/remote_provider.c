// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport provider`: the identity providers that people sign in with.
#include "cli/remote_internal.h"

#include <stdlib.h>

static const struct remote_kind providers = {
    "/providers", "name", {"name", "issuer", "client_id", "role", "disabled", NULL}};

enum { SECRET_ENV = REMOTE_FLAGS, TITLE, SCOPES, DOMAINS, CLAIM, ROLE, ADD_FLAGS };

// The variable's value, never a word of the command line, which others can see.
static bool write_secret(struct buffer *out, const struct cli_arguments *arguments)
{
    const char *name = arguments->values[SECRET_ENV];
    const char *value = name == NULL ? NULL : getenv(name);
    if (name != NULL && value == NULL) {
        cli_complain(CLI_USAGE, "the variable '%s' of --secret-env is not set", name);
        return false;
    }
    remote_write_text(out, "client_secret", value);
    return true;
}

// "NAME=VALUE"
static bool write_claim(struct buffer *out, const char *text)
{
    const char *equals = text == NULL ? NULL : strchr(text, '=');
    if (text == NULL)
        return true;
    if (equals == NULL) {
        cli_complain(CLI_USAGE, "--claim is written NAME=VALUE");
        return false;
    }
    buffer_append_string(out, ",\"claim\":");
    json_write_string(out, slice_of(text, (size_t)(equals - text)));
    remote_write_text(out, "claim_value", equals + 1);
    return true;
}

static bool write_provider(struct buffer *out, const struct cli_arguments *arguments)
{
    remote_write_text(out, "name", arguments->operands[0]);
    remote_write_text(out, "issuer", arguments->operands[1]);
    remote_write_text(out, "client_id", arguments->operands[2]);
    remote_write_text(out, "title", arguments->values[TITLE]);
    remote_write_text(out, "scopes", arguments->values[SCOPES]);
    remote_write_text(out, "role", arguments->values[ROLE]);
    if (arguments->values[DOMAINS] != NULL) {
        buffer_append_string(out, ",\"domains\":");
        remote_write_list(out, arguments->values[DOMAINS]);
    }
    if (!write_claim(out, arguments->values[CLAIM]) || !write_secret(out, arguments))
        return false;
    buffer_append_string(out, "}");
    return true;
}

static int provider_add(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[ADD_FLAGS] = {
        REMOTE_FLAG_ROWS,
        [SECRET_ENV] = {"secret-env", "NAME", "the environment variable with the client's secret"},
        [TITLE] = {"title", "TEXT", "what a sign-in page says; else the name"},
        [SCOPES] = {"scopes", "'A B'", "else 'openid email profile'"},
        [DOMAINS] = {"domains", "A,B", "verified e-mail addresses there come in"},
        [CLAIM] = {"claim", "NAME=VALUE", "whom the provider says this of comes in"},
        [ROLE] = {"role", "ROLE", "of those; viewer, policy_manager or admin; else viewer"}};
    static const struct cli_usage usage = {
        .command = "provider add",
        .operands = "NAME ISSUER CLIENT",
        .text = "Adds an OpenID Connect provider. Members and those who were invited sign in with\n"
                "it; with --domains or --claim others too.\n",
        .flags = flags,
        .flag_count = ADD_FLAGS,
        .operands_least = 3,
        .operands_most = 3};
    return remote_add(&usage, &providers, write_provider, argc, argv, environment);
}

static bool write_new_secret(struct buffer *out, const struct cli_arguments *arguments)
{
    if (arguments->values[SECRET_ENV] == NULL)
        buffer_append_string(out, "{\"client_secret\":null");
    else if (!write_secret(out, arguments))
        return false;
    buffer_append_string(out, "}");
    return true;
}

static int provider_secret(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {
        REMOTE_FLAG_ROWS,
        {"secret-env", "NAME", "the environment variable with it; else there is none any more"}};
    static const struct cli_usage usage = {.command = "provider secret",
                                           .operands = "NAME",
                                           .text = "Replaces the client's secret at a provider.\n",
                                           .flags = flags,
                                           .flag_count = REMOTE_FLAGS + 1,
                                           .operands_least = 1,
                                           .operands_most = 1};
    const struct remote_request request = {
        .kind = &providers, .method = "PATCH", .action = "", .write = write_new_secret};
    return remote_send(&usage, &request, argc, argv, environment);
}

static int provider_change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {REMOTE_FLAG_ROWS,
                                            {"name", "NAME", "its new name"},
                                            {"title", "TEXT", "what a sign-in page says"},
                                            {"scopes", "'A B'", "what is asked for"},
                                            {"domains", "A,B", "whose addresses come in"},
                                            {"role", "ROLE", "of those"},
                                            {"disable", NULL, "nobody signs in with it"},
                                            {"enable", NULL, "people sign in again"}};
    static const struct remote_field fields[] = {
        {"name", REMOTE_TEXT, NULL},        {"title", REMOTE_TEXT, NULL},
        {"scopes", REMOTE_TEXT, NULL},      {"domains", REMOTE_LIST, NULL},
        {"role", REMOTE_TEXT, NULL},        {"disabled", REMOTE_FIXED, "true"},
        {"disabled", REMOTE_FIXED, "false"}};
    return remote_change(&providers, "provider change", "NAME", flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

static int provider_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&providers, "provider list", argc, argv, environment);
}

static int provider_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&providers, "provider show", argc, argv, environment);
}

static int provider_remove(int argc, char **argv, const char *const *environment)
{
    return remote_act(&providers, "provider remove",
                      "Removes an identity provider; members stay.\n", NULL, argc, argv,
                      environment);
}

int cli_provider(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", provider_list, "the identity providers of the organisation"},
        {"show", provider_show, "one of them"},
        {"add", provider_add, "add a provider"},
        {"secret", provider_secret, "replace the secret there"},
        {"change", provider_change, "change a provider"},
        {"remove", provider_remove, "remove a provider"},
    };
    return cli_run_verb("provider", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
