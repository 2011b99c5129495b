// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The verbs of `sallyport policy` that ask a gateway.
#include "cli/remote_internal.h"

#include <stdio.h>

static const struct remote_kind kind = {
    "/policies", "name", {"name", "latest", "changed_at", "note", NULL}};
static const struct remote_kind version_kind = {
    "/policies", "name", {"number", "author", "created_at", "note", NULL}};

int cli_policy_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&kind, "policy list", argc, argv, environment);
}

int cli_policy_remove(int argc, char **argv, const char *const *environment)
{
    return remote_act(&kind, "policy remove",
                      "Removes a policy that no grant has, with all its versions.\n", NULL, argc,
                      argv, environment);
}

// Opens, and finds the policy of the first operand: "/policies/ID", data NULL after a complaint.
static struct slice find(struct remote *remote, const struct cli_arguments *arguments,
                         const char *const *environment, uint32_t *ret_node, int *ret_exit)
{
    *ret_exit = remote_open(remote, arguments, environment);
    if (*ret_exit != CLI_OK)
        return (struct slice){0};
    struct slice at =
        remote_find(remote, kind.path, kind.find_by, arguments->operands[0], ret_node);
    *ret_exit = at.data == NULL ? CLI_FAILED : CLI_OK;
    return at;
}

// ---- show

enum { NUMBER = REMOTE_FLAGS, SHOW_FLAGS };

static int print_document(struct remote *remote)
{
    struct buffer out;
    uint32_t document = json_get(&remote->doc, 0, "document");
    buffer_init(&out, 0);
    buffer_append(&out, remote->json || document == JSON_NONE ? buffer_slice(&remote->body)
                                                              : json_raw(&remote->doc, document));
    buffer_append_string(&out, "\n");
    cli_print(&out);
    return CLI_OK;
}

int cli_policy_show(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[SHOW_FLAGS] = {
        REMOTE_FLAG_ROWS, [NUMBER] = {"number", "N", "of the version; else the newest"}};
    static const struct cli_usage usage = {.command = "policy show",
                                           .operands = "NAME",
                                           .text = "Prints a policy's document.\n",
                                           .flags = flags,
                                           .flag_count = SHOW_FLAGS,
                                           .operands_least = 1,
                                           .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct slice at = find(&remote, &arguments, environment, &node, &exit_code);
    if (exit_code == CLI_OK) {
        struct slice number = slice_from_string(arguments.values[NUMBER]);
        if (number.data == NULL)
            number = json_raw(&remote.doc, json_get(&remote.doc, node, "latest"));
        struct slice target = arena_format(&remote.arena, "%.*s/versions/%.*s", SLICE_PRINT(at),
                                           (int)(number.length % 20), number.data);
        exit_code = remote_call(&remote, "GET", target, (struct slice){0}, NULL);
    }
    if (exit_code == CLI_OK)
        exit_code = print_document(&remote);
    remote_close(&remote);
    return exit_code;
}

// ---- save

enum { NOTE = REMOTE_FLAGS, SAVE_FLAGS };

static int read_file(const char *path, struct buffer *ret)
{
    struct error error = {0};
    if (config_read_file(path, CLI_POLICY_FILE_MAX, ret, &error) != 0)
        return cli_complain(CLI_USAGE, "'%s' cannot be read: %s", path, error.text);
    return CLI_OK;
}

// Is there such a policy? Then its path is at *ret_at.
static int look(struct remote *remote, const char *name, struct slice *ret_at)
{
    struct slice target = arena_format(&remote->arena, "/policies?name=%.64s", name);
    int exit_code = remote_call(remote, "GET", target, (struct slice){0}, NULL);
    if (exit_code != CLI_OK)
        return exit_code;
    uint32_t items = json_get(&remote->doc, 0, "items");
    uint32_t item = items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
    if (item != JSON_NONE)
        *ret_at = arena_format(&remote->arena, "/policies/%.*s",
                               SLICE_PRINT(remote_text(remote, item, "id")));
    return CLI_OK;
}

static int save(struct remote *remote, const struct cli_arguments *arguments, struct slice document)
{
    struct slice at = {0};
    struct buffer body;
    const char *name = arguments->operands[0], *note = arguments->values[NOTE];
    int exit_code = look(remote, name, &at);
    if (exit_code != CLI_OK)
        return exit_code;
    buffer_init(&body, 0);
    buffer_append_string(&body, "{\"document\":");
    json_write_string(&body, document);
    if (at.data == NULL) {
        buffer_append_string(&body, ",\"name\":");
        json_write_string(&body, slice_from_string(name));
    }
    if (note != NULL) {
        buffer_append_string(&body, ",\"note\":");
        json_write_string(&body, slice_from_string(note));
    }
    buffer_append_string(&body, "}");
    struct slice target = at.data == NULL
                              ? SLICE_LITERAL("/policies")
                              : arena_format(&remote->arena, "%.*s/versions", SLICE_PRINT(at));
    exit_code =
        remote_call(remote, "POST", target, buffer_slice(&body), at.data == NULL ? NULL : "*");
    buffer_release(&body);
    return exit_code == CLI_OK ? remote_print(remote, at.data == NULL ? &kind : &version_kind)
                               : exit_code;
}

int cli_policy_save(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[SAVE_FLAGS] = {
        REMOTE_FLAG_ROWS, [NOTE] = {"note", "TEXT", "why, for those who read the versions"}};
    static const struct cli_usage usage = {
        .command = "policy save",
        .operands = "NAME FILE",
        .text = "Makes a file the newest version of a policy, or a new policy. A policy with\n"
                "mistakes is not kept.\n",
        .flags = flags,
        .flag_count = SAVE_FLAGS,
        .operands_least = 2,
        .operands_most = 2};
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer document;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&document, 0);
    exit_code = read_file(arguments.operands[1], &document);
    if (exit_code == CLI_OK) {
        exit_code = remote_open(&remote, &arguments, environment);
        if (exit_code == CLI_OK)
            exit_code = save(&remote, &arguments, buffer_slice(&document));
        remote_close(&remote);
    }
    buffer_release(&document);
    return exit_code;
}

// ---- change and versions

int cli_policy_change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {
        REMOTE_FLAG_ROWS, {"name", "NAME", "another name"}, {"note", "TEXT", "for people"}};
    static const struct remote_field fields[] = {{"name", REMOTE_TEXT, NULL},
                                                 {"note", REMOTE_TEXT, NULL}};
    return remote_change(&kind, "policy change", "NAME", flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

// ---- rollback and diff

static const struct cli_flag plain_flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};

static bool is_number(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= 9 && strspn(text, "0123456789") == length;
}

int cli_policy_rollback(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "policy rollback",
        .operands = "NAME NUMBER",
        .text = "Makes the bytes of an older version the newest one.\n",
        .flags = plain_flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 2,
        .operands_most = 2};
    struct cli_arguments arguments;
    struct remote remote;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (!is_number(arguments.operands[1]))
        return cli_mistake("policy rollback", "'%s' is no number of a version",
                           arguments.operands[1]);
    struct slice at = find(&remote, &arguments, environment, &node, &exit_code);
    if (exit_code == CLI_OK)
        exit_code = remote_call(
            &remote, "POST", arena_format(&remote.arena, "%.*s/rollback", SLICE_PRINT(at)),
            arena_format(&remote.arena, "{\"number\":%s}", arguments.operands[1]), "*");
    if (exit_code == CLI_OK)
        exit_code = remote_print(&remote, &version_kind);
    remote_close(&remote);
    return exit_code;
}

static void print_meaning(struct buffer *out, struct remote *remote)
{
    uint32_t meaning = json_get(&remote->doc, 0, "meaning");
    bool known = meaning != JSON_NONE && json_type(&remote->doc, meaning) == JSON_OBJECT;
    uint32_t changes = known ? json_get(&remote->doc, meaning, "changes") : JSON_NONE;
    uint32_t change = changes == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, changes);
    uint32_t complete = known ? json_get(&remote->doc, meaning, "complete") : JSON_NONE;
    bool whole = complete != JSON_NONE && json_type(&remote->doc, complete) == JSON_TRUE;
    if (!whole)
        buffer_append_string(out, "these versions cannot be compared in full\n");
    else if (change == JSON_NONE)
        buffer_append_string(out, "nothing changes for those who call\n");
    for (; change != JSON_NONE; change = json_next_element(&remote->doc, changes, change)) {
        remote_print_value(out, remote, json_get(&remote->doc, change, "gravity"));
        buffer_append_string(out, ": ");
        remote_print_value(out, remote, json_get(&remote->doc, change, "text"));
        buffer_append_string(out, "\n");
    }
    buffer_append_string(out, "\n");
}

static void print_lines(struct buffer *out, struct remote *remote)
{
    uint32_t lines = json_get(&remote->doc, 0, "lines");
    for (uint32_t line = lines == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, lines);
         line != JSON_NONE; line = json_next_element(&remote->doc, lines, line)) {
        struct slice change = remote_text(remote, line, "change");
        buffer_append_string(out, slice_equal_string(change, "removed") ? "-"
                                  : slice_equal_string(change, "added") ? "+"
                                                                        : " ");
        remote_print_value(out, remote, json_get(&remote->doc, line, "text"));
        buffer_append_string(out, "\n");
    }
}

static int print_diff(struct remote *remote)
{
    struct buffer out;
    buffer_init(&out, 0);
    print_meaning(&out, remote);
    print_lines(&out, remote);
    cli_print(&out);
    return CLI_OK;
}

// The number of a version as it is, a file's text as a string.
static int write_side(struct buffer *body, const char *name, const char *word)
{
    struct buffer text;
    int exit_code = CLI_OK;
    buffer_append_format(body, "\"%s\":", name);
    if (is_number(word)) {
        buffer_append_string(body, word);
        return CLI_OK;
    }
    buffer_init(&text, 0);
    exit_code = read_file(word, &text);
    if (exit_code == CLI_OK)
        json_write_string(body, buffer_slice(&text));
    buffer_release(&text);
    return exit_code;
}

static int diff(struct remote *remote, struct slice at, char **words)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_string(&body, "{");
    int exit_code = write_side(&body, "from", words[1]);
    buffer_append_string(&body, ",");
    if (exit_code == CLI_OK)
        exit_code = write_side(&body, "to", words[2]);
    buffer_append_string(&body, "}");
    if (exit_code == CLI_OK)
        exit_code =
            remote_call(remote, "POST", arena_format(&remote->arena, "%.*s/diff", SLICE_PRINT(at)),
                        buffer_slice(&body), NULL);
    buffer_release(&body);
    return exit_code;
}

int cli_policy_diff(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "policy diff",
        .operands = "(FILE FILE | NAME FROM TO)",
        .text = "Says what differs between two policies for those who call: two files, or two\n"
                "versions of a gateway's policy, which are also compared line by line. In place\n"
                "of a version's number a file may stand, a draft.\n",
        .flags = plain_flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 2,
        .operands_most = 3};
    struct cli_arguments arguments;
    struct remote remote;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    char **words = arguments.operands;
    if (arguments.operand_count == 2)
        return cli_policy_diff_files(words[0], words[1], arguments.values[REMOTE_JSON] != NULL);
    struct slice at = find(&remote, &arguments, environment, &node, &exit_code);
    if (exit_code == CLI_OK && is_number(words[1]) && is_number(words[2]))
        exit_code = remote_call(&remote, "GET",
                                arena_format(&remote.arena, "%.*s/diff?from=%s&to=%s",
                                             SLICE_PRINT(at), words[1], words[2]),
                                (struct slice){0}, NULL);
    else if (exit_code == CLI_OK)
        exit_code = diff(&remote, at, words);
    if (exit_code == CLI_OK)
        exit_code = remote.json ? remote_print(&remote, &kind) : print_diff(&remote);
    remote_close(&remote);
    return exit_code;
}

int cli_policy_versions(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {.command = "policy versions",
                                           .operands = "NAME",
                                           .text = "Lists the versions of a policy.\n",
                                           .flags = plain_flags,
                                           .flag_count = REMOTE_FLAGS,
                                           .operands_least = 1,
                                           .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    uint32_t node = 0;
    int exit_code = 0;
    char path[200];
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct slice at = find(&remote, &arguments, environment, &node, &exit_code);
    snprintf(path, sizeof path, "%.*s/versions", (int)(at.length % 180), at.data);
    const struct remote_kind versions = {
        path, "number", {"number", "created_at", "author", "note", NULL}};
    if (exit_code == CLI_OK)
        exit_code = remote_list_all(&remote, &versions, "");
    remote_close(&remote);
    return exit_code;
}
