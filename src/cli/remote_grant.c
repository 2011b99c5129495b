// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport grant`: what agents may reach at a running gateway.
#include "cli/remote_internal.h"

static const struct remote_kind grants = {
    "/grants", "label", {"label", "mode", "expires_at", "revoked_at", "used_at", NULL}};

enum { GRANT_CLIENT = REMOTE_FLAGS }; // of the commands that make a token of a grant

// With --client also what that client needs, the new token in it.
static int print_made(struct remote *remote, const struct remote_kind *kind,
                      const struct cli_arguments *arguments)
{
    const char *client = arguments->values[GRANT_CLIENT];
    struct slice id = remote_text(remote, 0, "id"), token = remote_text(remote, 0, "token");
    struct slice at = arena_format(&remote->arena, "/grants/%.*s", SLICE_PRINT(id));
    token = arena_copy(&remote->arena, token); // the next answer takes its place
    int exit_code = remote_print(remote, kind);
    return exit_code != CLI_OK || client == NULL || remote->json
               ? exit_code
               : remote_snippet(remote, at, client, token);
}

static int post(const struct cli_usage *usage, const char *action, remote_write_cb write, int argc,
                char **argv, const char *const *environment)
{
    const struct remote_request request = {
        .kind = &grants, .method = "POST", .action = action, .write = write, .print = print_made};
    return remote_send(usage, &request, argc, argv, environment);
}

// ---- Grants

enum { TAGS = GRANT_CLIENT + 1, EXPIRES, OBSERVE, ADD_FLAGS };
enum { OVERLAP = GRANT_CLIENT + 1, ROTATE_FLAGS };
#define CLIENT_FLAG_ROW                                                                            \
    [GRANT_CLIENT] = {"client", "NAME", "print also what this client needs, without --json"}

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
    remote_write_text(out, "label", arguments->operands[0]);
    remote_write_text(out, "expires_at", arguments->values[EXPIRES]);
    remote_write_text(out, "mode", arguments->values[OBSERVE] != NULL ? "observe" : NULL);
    if (arguments->values[TAGS] != NULL) {
        buffer_append_string(out, ",\"tags\":");
        remote_write_list(out, arguments->values[TAGS]);
    }
    buffer_append_string(out, ",\"servers\":[");
    for (int i = 1; i < arguments->operand_count; i++) {
        buffer_append_string(out, i == 1 ? "" : ",");
        if (!write_reach(out, arguments->operands[i]))
            return false;
    }
    buffer_append_string(out, "]}");
    return true;
}

// The same without the server, whose id stands in the path.
static bool write_attachment(struct buffer *out, const struct cli_arguments *arguments)
{
    struct buffer whole;
    const char *text = arguments->operands[1];
    buffer_init(&whole, 0);
    bool good = strchr(text, '=') != NULL && write_reach(&whole, text);
    struct slice all = buffer_slice(&whole);
    const char *policy = good ? memmem(all.data, all.length, ",\"policy\":", 10) : NULL;
    buffer_append_string(out, "{");
    if (policy != NULL)
        buffer_append(out, slice_of(policy + 1, (size_t)(all.data + all.length - policy) - 1));
    buffer_release(&whole);
    if (strchr(text, '=') == NULL)
        cli_mistake("grant attach", "'%s' is not SERVER=POLICY", text);
    return policy != NULL;
}

static struct slice attachment_at(struct remote *remote, struct slice at,
                                  const struct cli_arguments *arguments)
{
    const char *text = arguments->operands[1], *equals = strchr(text, '=');
    struct slice name = arena_copy(&remote->arena, slice_of(text, (size_t)(equals - text)));
    struct slice grant = arena_copy(&remote->arena, at), none = {0};
    uint32_t node = 0;
    if (name.data == NULL || grant.data == NULL)
        return none;
    struct slice server = remote_find(remote, "/servers", "name", name.data, &node);
    return server.data == NULL
               ? none
               : arena_format(&remote->arena, "%.*s%.*s", SLICE_PRINT(grant), SLICE_PRINT(server));
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
    return post(&usage, NULL, write_grant, argc, argv, environment);
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
    return post(&usage, "/rotate", write_rotation, argc, argv, environment);
}

static int grant_change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {
        REMOTE_FLAG_ROWS,
        {"label", "LABEL", "another label"},
        {"tags", "A,B", "these tags and no others"},
        {"expires", "TIME", "2027-01-01T00:00:00Z; empty: never"},
        {"observe", NULL, "decide and log, never block"},
        {"enforce", NULL, "block what is denied"}};
    static const struct remote_field fields[] = {{"label", REMOTE_TEXT, NULL},
                                                 {"tags", REMOTE_LIST, NULL},
                                                 {"expires_at", REMOTE_TEXT_OR_NULL, NULL},
                                                 {"mode", REMOTE_FIXED, "\"observe\""},
                                                 {"mode", REMOTE_FIXED, "\"enforce\""}};
    return remote_change(&grants, "grant change", "LABEL", flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

// PUT of the second operand's policy to the server that it names.
static int grant_attach(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};
    static const struct cli_usage usage = {
        .command = "grant attach",
        .operands = "LABEL SERVER=POLICY[@NUMBER]",
        .text = "Puts a policy on one server that a grant reaches, or lets it reach one more.\n",
        .flags = flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 2,
        .operands_most = 2};
    const struct remote_request request = {
        .kind = &grants, .method = "PUT", .write = write_attachment, .target = attachment_at};
    return remote_send(&usage, &request, argc, argv, environment);
}

static int grant_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&grants, "grant list", argc, argv, environment);
}

static int grant_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&grants, "grant show", argc, argv, environment);
}

static int grant_resume(int argc, char **argv, const char *const *environment)
{
    return remote_act(&grants, "grant resume",
                      "Lets a grant call again that was paused because it ran away.\n", "/resume",
                      argc, argv, environment);
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
        {"change", grant_change, "change a grant"},
        {"attach", grant_attach, "put a policy on one of its servers"},
        {"rotate", grant_rotate, "make a new token"},
        {"snippet", cli_grant_snippet, "what to write into a client's configuration"},
        {"resume", grant_resume, "let a paused grant call again"},
        {"revoke", grant_revoke, "end a grant"},
        {"remove", grant_remove, "remove a grant"},
    };
    return cli_run_verb("grant", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
