// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport grant`, `sallyport key` and `sallyport member`: who may do what at a running gateway.
#include "cli/remote_internal.h"

static const struct remote_kind grants = {
    "/grants", "label", {"label", "mode", "expires_at", "revoked_at", "used_at", NULL}};
static const struct remote_kind keys = {
    "/keys", "label", {"label", "role", "expires_at", "revoked_at", "used_at", NULL}};
static const struct remote_kind members = {
    "/members", "email", {"email", "role", "disabled", "name", NULL}};
static const struct remote_kind invitations = {
    "/invitations", "email", {"email", "role", "expires_at", NULL}};

// A body made from flags and operands; false after a complaint.
typedef bool (*write_cb)(struct buffer *out, const struct cli_arguments *arguments);

enum { GRANT_CLIENT = REMOTE_FLAGS }; // of the commands that make a token of a grant

// With --client also what that client needs, the new token in it.
static int print_made(struct remote *remote, const struct remote_kind *kind,
                      const struct cli_arguments *arguments)
{
    const char *client = kind == &grants ? arguments->values[GRANT_CLIENT] : NULL;
    struct slice id = remote_text(remote, 0, "id"), token = remote_text(remote, 0, "token");
    struct slice at = arena_format(&remote->arena, "/grants/%.*s", SLICE_PRINT(id));
    token = arena_copy(&remote->arena, token); // the next answer takes its place
    int exit_code = remote_print(remote, kind);
    return exit_code != CLI_OK || client == NULL || remote->json
               ? exit_code
               : remote_snippet(remote, at, client, token);
}

// POST of that body to the path, or to "ACTION" of the record that the first operand names.
static int post(const struct cli_usage *usage, const struct remote_kind *kind, const char *action,
                write_cb write, int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer body;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&body, 0);
    exit_code = write(&body, &arguments) ? remote_open(&remote, &arguments, environment) : -1;
    if (exit_code == -1) {
        buffer_release(&body);
        return CLI_USAGE;
    }
    struct slice target = slice_from_string(kind->path);
    if (exit_code == CLI_OK && action != NULL) {
        struct slice at =
            remote_find(&remote, kind->path, kind->find_by, arguments.operands[0], &node);
        target = arena_format(&remote.arena, "%.*s%s", SLICE_PRINT(at), action);
        exit_code = at.data == NULL ? CLI_FAILED : CLI_OK;
    }
    if (exit_code == CLI_OK)
        exit_code =
            remote_call(&remote, "POST", target, buffer_slice(&body), action == NULL ? NULL : "*");
    if (exit_code == CLI_OK)
        exit_code = print_made(&remote, kind, &arguments);
    remote_close(&remote);
    buffer_release(&body);
    return exit_code;
}

// `,"name":"text"`, nothing when the text is NULL.
static void write_member(struct buffer *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buffer_append_string(out, buffer_slice(out).length == 0 ? "{" : ",");
    json_write_key(out, name);
    json_write_string(out, slice_from_string(text));
}

// ---- Grants

enum { TAGS = GRANT_CLIENT + 1, EXPIRES, OBSERVE, ADD_FLAGS };
enum { OVERLAP = GRANT_CLIENT + 1, ROTATE_FLAGS };
#define CLIENT_FLAG_ROW                                                                            \
    [GRANT_CLIENT] = {"client", "NAME", "print also what this client needs, without --json"}

static void write_tags(struct buffer *out, const char *tags)
{
    buffer_append_string(out, ",\"tags\":[");
    for (bool first = true; *tags != '\0'; first = false) {
        size_t length = strcspn(tags, ",");
        buffer_append_string(out, first ? "" : ",");
        json_write_string(out, slice_of(tags, length));
        tags += length + (tags[length] == ',');
    }
    buffer_append_string(out, "]");
}

// "SERVER", "SERVER=POLICY" or "SERVER=POLICY@NUMBER"
static bool write_reach(struct buffer *out, const char *text)
{
    const char *equals = strchr(text, '='), *at = equals == NULL ? NULL : strchr(equals, '@');
    size_t server = equals == NULL ? strlen(text) : (size_t)(equals - text);
    buffer_append_string(out, "{\"server\":");
    json_write_string(out, slice_of(text, server));
    if (equals != NULL) {
        size_t length = at == NULL ? strlen(equals + 1) : (size_t)(at - equals) - 1;
        buffer_append_string(out, ",\"policy\":");
        json_write_string(out, slice_of(equals + 1, length));
    }
    if (at != NULL) {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits == 0 || digits > 9 || at[1] == '0' || at[1 + digits] != '\0') {
            cli_mistake("grant add", "'%s': what stands behind '@' is no number of a version",
                        text);
            return false;
        }
        buffer_append_string(out, ",\"policy_version\":");
        buffer_append_string(out, at + 1);
    }
    buffer_append_string(out, "}");
    return true;
}

static bool write_grant(struct buffer *out, const struct cli_arguments *arguments)
{
    write_member(out, "label", arguments->operands[0]);
    write_member(out, "expires_at", arguments->values[EXPIRES]);
    write_member(out, "mode", arguments->values[OBSERVE] != NULL ? "observe" : NULL);
    if (arguments->values[TAGS] != NULL)
        write_tags(out, arguments->values[TAGS]);
    buffer_append_string(out, ",\"servers\":[");
    for (int i = 1; i < arguments->operand_count; i++) {
        buffer_append_string(out, i == 1 ? "" : ",");
        if (!write_reach(out, arguments->operands[i]))
            return false;
    }
    buffer_append_string(out, "]}");
    return true;
}

static int grant_add(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[ADD_FLAGS] = {
        REMOTE_FLAG_ROWS, CLIENT_FLAG_ROW, [TAGS] = {"tags", "A,B", "for policies and people"},
        [EXPIRES] = {"expires", "TIME", "2027-01-01T00:00:00Z"},
        [OBSERVE] = {"observe", NULL, "decide and log, never block"}};
    static const struct cli_usage usage = {
        .command = "grant add",
        .operands = "LABEL [SERVER[=POLICY[@NUMBER]]]...",
        .text = "Makes a grant and prints its token, this once. A server without a policy denies\n"
                "everything; a policy without a number is always the newest version.\n",
        .flags = flags,
        .flag_count = ADD_FLAGS,
        .operands_least = 1,
        .operands_most = -1};
    return post(&usage, &grants, NULL, write_grant, argc, argv, environment);
}

static bool write_rotation(struct buffer *out, const struct cli_arguments *arguments)
{
    uint64_t overlap_ms = 0;
    const char *text = arguments->values[OVERLAP];
    if (text != NULL && !config_parse_duration(slice_from_string(text), &overlap_ms)) {
        cli_mistake("grant rotate", "'%s' is no duration such as 15m or 24h", text);
        return false;
    }
    buffer_append_string(out, "{\"overlap_seconds\":");
    buffer_append_number(out, overlap_ms / 1000);
    buffer_append_string(out, "}");
    return true;
}

static int grant_rotate(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[ROTATE_FLAGS] = {
        REMOTE_FLAG_ROWS, CLIENT_FLAG_ROW,
        [OVERLAP] = {"overlap", "TIME", "how long the old tokens stay good, 24h; else not at all"}};
    static const struct cli_usage usage = {
        .command = "grant rotate",
        .operands = "LABEL",
        .text = "Makes a new token for a grant and prints it, this once.\n",
        .flags = flags,
        .flag_count = ROTATE_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    return post(&usage, &grants, "/rotate", write_rotation, argc, argv, environment);
}

static int grant_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&grants, "grant list", argc, argv, environment);
}

static int grant_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&grants, "grant show", argc, argv, environment);
}

static int grant_revoke(int argc, char **argv, const char *const *environment)
{
    return remote_act(&grants, "grant revoke", "Ends a grant for good; its record stays.\n",
                      "/revoke", argc, argv, environment);
}

static int grant_remove(int argc, char **argv, const char *const *environment)
{
    return remote_act(&grants, "grant remove", "Removes a grant and its tokens.\n", NULL, argc,
                      argv, environment);
}

int cli_grant(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", grant_list, "the grants of a gateway"},
        {"show", grant_show, "one of them"},
        {"add", grant_add, "make a grant and its token"},
        {"rotate", grant_rotate, "make a new token"},
        {"snippet", cli_grant_snippet, "what to write into a client's configuration"},
        {"revoke", grant_revoke, "end a grant"},
        {"remove", grant_remove, "remove a grant"},
    };
    return cli_run_verb("grant", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}

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
    write_member(out, "label", arguments->operands[0]);
    write_member(out, "role", role_of(arguments));
    write_member(out, "expires_at", arguments->values[KEY_EXPIRES]);
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
    return post(&usage, &keys, NULL, write_key, argc, argv, environment);
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
        {"add", key_add, "make a key"},
        {"revoke", key_revoke, "end a key"},
    };
    return cli_run_verb("key", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}

// ---- Members

static bool write_invitation(struct buffer *out, const struct cli_arguments *arguments)
{
    write_member(out, "email", arguments->operands[0]);
    write_member(out, "role", role_of(arguments));
    write_member(out, "expires_at", arguments->values[KEY_EXPIRES]);
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
    return post(&usage, &invitations, NULL, write_invitation, argc, argv, environment);
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
        {"invite", member_invite, "invite somebody"},
        {"remove", member_remove, "remove a member"},
    };
    return cli_run_verb("member", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
