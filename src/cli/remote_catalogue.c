// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport catalogue override|overrides|pending|accept|reject`: what people decide about tools of
// a running gateway.
#include "cli/remote_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PAGES_MAX = 1000, PRINT_LENGTH = 64, LEAST_DIGITS = 8, PATH_SIZE = 200 };

static const struct remote_kind override_kind = {
    "/overrides", "", {"tool", "category", "author", "note", NULL}};
static const struct remote_kind definition_kind = {
    "/definitions", "", {"tool", "state", "fingerprint", "at", "author", NULL}};

// "/servers/ID/WHAT" of a server of the database, or of the file ("file.NAME"). False after a
// complaint.
static bool find_path(struct remote *remote, const char *server, const char *what,
                      char path[PATH_SIZE])
{
    uint32_t node = 0;
    bool declared = strncmp(server, "file.", 5) == 0 && strpbrk(server, "/?#%") == NULL;
    struct slice at = declared ? arena_format(&remote->arena, "/servers/%s", server)
                               : remote_find(remote, "/servers", "name", server, &node);
    if (at.data == NULL)
        return false;
    return snprintf(path, PATH_SIZE, "%.*s/%s", SLICE_PRINT(at), what) < PATH_SIZE;
}

// A request about one server; CLI_OK: the answer is in the remote.
static int ask(struct remote *remote, const struct cli_arguments *arguments, const char *method,
               const char *what, struct slice body)
{
    char path[PATH_SIZE];
    if (!find_path(remote, arguments->operands[0], what, path))
        return CLI_FAILED;
    return remote_call(remote, method, slice_from_string(path), body,
                       strcmp(method, "DELETE") == 0 ? "*" : NULL);
}

// ---- Overrides

enum { NOTE = REMOTE_FLAGS, REMOVE, OVERRIDE_FLAGS };
static const struct cli_flag override_flags[OVERRIDE_FLAGS] = {
    REMOTE_FLAG_ROWS, [NOTE] = {"note", "TEXT", "why, for people"},
    [REMOVE] = {"remove", NULL, "let the classifier decide again"}};
static const struct cli_usage override_usage = {
    .command = "catalogue override",
    .operands = "SERVER TOOL [CATEGORY]",
    .text =
        "Says what a tool of a server does, in place of what its definition says: Read, Write,\n"
        "Execute, Destructive or Financial. SERVER is a name, or file.NAME for one that the\n"
        "configuration file declares.\n",
    .flags = override_flags,
    .flag_count = OVERRIDE_FLAGS,
    .operands_least = 2,
    .operands_most = 3};

static int set_override(struct remote *remote, const struct cli_arguments *arguments,
                        enum catalogue_category category)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_string(&body, "{\"tool\":");
    json_write_string(&body, slice_from_string(arguments->operands[1]));
    remote_write_text(&body, "category", catalogue_category_name(category));
    remote_write_text(&body, "note", arguments->values[NOTE]);
    buffer_append_string(&body, "}");
    int exit_code = ask(remote, arguments, "POST", "overrides", buffer_slice(&body));
    buffer_release(&body);
    return exit_code == CLI_OK ? remote_print(remote, &override_kind) : exit_code;
}

// The id of the tool's override, in `id`; empty: it has none.
static int find_override(struct remote *remote, const struct cli_arguments *arguments, char id[80])
{
    char path[PATH_SIZE], after[80] = "";
    struct slice tool = slice_from_string(arguments->operands[1]);
    id[0] = '\0';
    if (!find_path(remote, arguments->operands[0], "overrides", path))
        return CLI_FAILED;
    for (size_t page = 0; page < PAGES_MAX; page++) {
        char target[PATH_SIZE + 120];
        snprintf(target, sizeof target, "%s?limit=1000%s%s", path,
                 *after == '\0' ? "" : "&after=", after);
        int exit_code =
            remote_call(remote, "GET", slice_from_string(target), (struct slice){0}, NULL);
        if (exit_code != CLI_OK)
            return exit_code;
        uint32_t items = json_get(&remote->doc, 0, "items");
        for (uint32_t e = json_first_element(&remote->doc, items); e != JSON_NONE;
             e = json_next_element(&remote->doc, items, e))
            if (slice_equal(remote_text(remote, e, "tool"), tool))
                snprintf(id, 80, "%.*s", SLICE_PRINT(remote_text(remote, e, "id")));
        snprintf(after, sizeof after, "%.*s", SLICE_PRINT(remote_text(remote, 0, "next")));
        if (id[0] != '\0' || after[0] == '\0')
            return CLI_OK;
    }
    return CLI_OK;
}

static int remove_override(struct remote *remote, const struct cli_arguments *arguments)
{
    char id[80], what[100];
    int exit_code = find_override(remote, arguments, id);
    if (exit_code != CLI_OK)
        return exit_code;
    if (id[0] == '\0')
        return cli_complain(CLI_FAILED, "the tool '%s' has no override", arguments->operands[1]);
    snprintf(what, sizeof what, "overrides/%s", id);
    return ask(remote, arguments, "DELETE", what, (struct slice){0});
}

int cli_catalogue_override(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    enum catalogue_category category = CATALOGUE_READ;
    const char *near = NULL;
    int exit_code = 0;
    if (!cli_parse(&override_usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    bool removes = arguments.values[REMOVE] != NULL;
    if (removes == (arguments.operand_count == 3))
        return cli_mistake("catalogue override", "it needs a category, or --remove");
    if (!removes && (!cli_category(slice_from_string(arguments.operands[2]), &category, &near) ||
                     category == CATALOGUE_UNKNOWN))
        return cli_mistake(
            "catalogue override",
            "'%s' is no category; they are Read, Write, Execute, Destructive and Financial",
            arguments.operands[2]);
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = removes ? remove_override(&remote, &arguments)
                            : set_override(&remote, &arguments, category);
    remote_close(&remote);
    return exit_code;
}

static const struct cli_flag plain_flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};

int cli_catalogue_overrides(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "catalogue overrides",
        .operands = "SERVER",
        .text = "Lists the categories that people gave to tools of a server.\n",
        .flags = plain_flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    char path[PATH_SIZE];
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK) {
        struct remote_kind kind = override_kind;
        kind.path = path;
        exit_code = find_path(&remote, arguments.operands[0], "overrides", path)
                        ? remote_list_all(&remote, &kind, "")
                        : CLI_FAILED;
    }
    remote_close(&remote);
    return exit_code;
}

// ---- Definitions

static bool begins(struct slice print, const char *digits)
{
    return print.length == PRINT_LENGTH && strlen(digits) <= PRINT_LENGTH &&
           strncasecmp(print.data, digits, strlen(digits)) == 0;
}

// Calls back for every definition of this state.
typedef void (*definition_cb)(void *argument, struct remote *remote, uint32_t node);
static int each_definition(struct remote *remote, const char *server, const char *state,
                           definition_cb visit, void *argument)
{
    char path[PATH_SIZE], after[80] = "";
    if (!find_path(remote, server, "definitions", path))
        return CLI_FAILED;
    for (size_t page = 0; page < PAGES_MAX; page++) {
        char target[PATH_SIZE + 150];
        snprintf(target, sizeof target, "%s?limit=1000&state=%s%s%s", path, state,
                 *after == '\0' ? "" : "&after=", after);
        arena_clear(&remote->arena);
        int exit_code =
            remote_call(remote, "GET", slice_from_string(target), (struct slice){0}, NULL);
        if (exit_code != CLI_OK)
            return exit_code;
        uint32_t items = json_get(&remote->doc, 0, "items");
        for (uint32_t e = json_first_element(&remote->doc, items); e != JSON_NONE;
             e = json_next_element(&remote->doc, items, e))
            visit(argument, remote, e);
        snprintf(after, sizeof after, "%.*s", SLICE_PRINT(remote_text(remote, 0, "next")));
        if (after[0] == '\0')
            break;
    }
    return CLI_OK;
}

struct printing {
    struct buffer out;
    bool json, first;
};

static void print_cb(void *argument, struct remote *remote, uint32_t node)
{
    struct printing *printing = argument;
    struct buffer *out = &printing->out;
    if (printing->json) {
        buffer_append_string(out, printing->first ? "" : ",");
        buffer_append(out, json_raw(&remote->doc, node));
        printing->first = false;
        return;
    }
    for (const char *const *column = definition_kind.columns; *column != NULL; column++) {
        buffer_append_string(out, column == definition_kind.columns ? "" : "  ");
        remote_print_value(out, remote, json_get(&remote->doc, node, *column));
    }
    buffer_append_string(out, "\n");
}

struct finding {
    const char *digits;
    char print[PRINT_LENGTH + 1];
    size_t count;
};

static void find_cb(void *argument, struct remote *remote, uint32_t node)
{
    struct finding *finding = argument;
    struct slice print = remote_text(remote, node, "fingerprint");
    if (!begins(print, finding->digits))
        return;
    finding->count++;
    memcpy(finding->print, print.data, PRINT_LENGTH);
}

// The one definition, of whatever state, whose fingerprint begins so.
static int find_one(struct remote *remote, const char *server, struct finding *finding)
{
    static const char *const states[] = {"waiting", "accepted", "rejected"};
    int exit_code = CLI_OK;
    if (strlen(finding->digits) < LEAST_DIGITS)
        return cli_complain(CLI_USAGE, "'%s' is too short: give %d digits of a fingerprint or more",
                            finding->digits, (int)LEAST_DIGITS);
    for (size_t i = 0; i < 3 && exit_code == CLI_OK; i++)
        exit_code = each_definition(remote, server, states[i], find_cb, finding);
    if (exit_code == CLI_OK && finding->count != 1)
        return cli_complain(CLI_FAILED,
                            finding->count == 0 ? "no definition has a fingerprint that begins %s"
                                                : "several fingerprints begin %s: give more of it",
                            finding->digits);
    return exit_code;
}

static void print_difference(struct remote *remote)
{
    struct buffer out;
    uint32_t lines = json_get(&remote->doc, 0, "diff");
    buffer_init(&out, 0);
    for (uint32_t line = json_first_element(&remote->doc, lines); line != JSON_NONE;
         line = json_next_element(&remote->doc, lines, line)) {
        struct slice change = remote_text(remote, line, "change");
        buffer_append_string(&out, slice_equal_string(change, "removed") ? "-"
                                   : slice_equal_string(change, "added") ? "+"
                                                                         : " ");
        remote_print_value(&out, remote, json_get(&remote->doc, line, "text"));
        buffer_append_string(&out, "\n");
    }
    if (lines == JSON_NONE || json_type(&remote->doc, lines) == JSON_NULL)
        buffer_append_string(&out, "too many lines differ; --json prints both definitions\n");
    cli_print(&out);
}

static int show_one(struct remote *remote, const struct cli_arguments *arguments)
{
    struct finding finding = {.digits = arguments->operands[1]};
    char what[100];
    int exit_code = find_one(remote, arguments->operands[0], &finding);
    if (exit_code != CLI_OK)
        return exit_code;
    snprintf(what, sizeof what, "definitions/%s", finding.print);
    exit_code = ask(remote, arguments, "GET", what, (struct slice){0});
    if (exit_code == CLI_OK && remote->json)
        return remote_print(remote, &definition_kind);
    if (exit_code == CLI_OK)
        print_difference(remote);
    return exit_code;
}

static int show_all(struct remote *remote, const char *server, const char *state)
{
    struct printing printing = {.json = remote->json, .first = true};
    buffer_init(&printing.out, 0);
    buffer_append_string(&printing.out, printing.json ? "{\"items\":[" : "");
    int exit_code = each_definition(remote, server, state, print_cb, &printing);
    buffer_append_string(&printing.out, printing.json ? "]}\n" : "");
    if (exit_code == CLI_OK)
        cli_print(&printing.out);
    buffer_release(&printing.out);
    return exit_code;
}

enum { ACCEPTED = REMOTE_FLAGS, REJECTED, PENDING_FLAGS };

int cli_catalogue_pending(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[PENDING_FLAGS] = {
        REMOTE_FLAG_ROWS,
        [ACCEPTED] = {"accepted", NULL, "those that were accepted, in place of those that wait"},
        [REJECTED] = {"rejected", NULL, "those that were rejected"}};
    static const struct cli_usage usage = {
        .command = "catalogue pending",
        .operands = "SERVER [FINGERPRINT]",
        .text =
            "Lists the definitions of a server's tools that wait for somebody to look at them,\n"
            "or says of one what differs from the definition that was accepted last. The first\n"
            "8 digits of a fingerprint are enough. SERVER is a name, or file.NAME for one that\n"
            "the configuration file declares.\n",
        .flags = flags,
        .flag_count = PENDING_FLAGS,
        .operands_least = 1,
        .operands_most = 2};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *state = arguments.values[ACCEPTED] != NULL   ? "accepted"
                        : arguments.values[REJECTED] != NULL ? "rejected"
                                                             : "waiting";
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = arguments.operand_count == 2 ? show_one(&remote, &arguments)
                                                 : show_all(&remote, arguments.operands[0], state);
    remote_close(&remote);
    return exit_code;
}

// ---- Accepting and rejecting

enum { LOOK_NOTE = REMOTE_FLAGS, ALL, LOOK_FLAGS };
static const struct cli_flag look_flags[LOOK_FLAGS] = {
    REMOTE_FLAG_ROWS, [LOOK_NOTE] = {"note", "TEXT", "why, for people"},
    [ALL] = {"all", NULL, "every definition that waits now"}};

static void write_print_cb(void *argument, struct remote *remote, uint32_t node)
{
    struct printing *printing = argument;
    buffer_append_string(&printing->out, printing->first ? "" : ",");
    json_write_string(&printing->out, remote_text(remote, node, "fingerprint"));
    printing->first = false;
}

static int write_chosen(struct remote *remote, const struct cli_arguments *arguments,
                        struct printing *body)
{
    const char *server = arguments->operands[0];
    if (arguments->values[ALL] != NULL)
        return each_definition(remote, server, "waiting", write_print_cb, body);
    for (int i = 1; i < arguments->operand_count; i++) {
        struct finding finding = {.digits = arguments->operands[i]};
        int exit_code = find_one(remote, server, &finding);
        if (exit_code != CLI_OK)
            return exit_code;
        buffer_append_format(&body->out, "%s\"%s\"", body->first ? "" : ",", finding.print);
        body->first = false;
    }
    return CLI_OK;
}

static int send_chosen(struct remote *remote, const struct cli_arguments *arguments,
                       const char *action)
{
    struct printing body = {.first = true};
    char what[40];
    buffer_init(&body.out, 0);
    buffer_append_string(&body.out, "{\"fingerprints\":[");
    int exit_code = write_chosen(remote, arguments, &body);
    buffer_append_string(&body.out, "]");
    remote_write_text(&body.out, "note", arguments->values[LOOK_NOTE]);
    buffer_append_string(&body.out, "}");
    if (exit_code == CLI_OK && body.first)
        exit_code = cli_complain(CLI_OK, "nothing waits");
    else if (exit_code == CLI_OK) {
        snprintf(what, sizeof what, "definitions/%s", action);
        exit_code = ask(remote, arguments, "POST", what, buffer_slice(&body.out));
        buffer_clear(&body.out);
        uint32_t items = exit_code == CLI_OK ? json_get(&remote->doc, 0, "items") : JSON_NONE;
        body.first = true;
        for (uint32_t e = json_first_element(&remote->doc, items); e != JSON_NONE;
             e = json_next_element(&remote->doc, items, e))
            print_cb(&body, remote, e);
        if (exit_code == CLI_OK && remote->json)
            exit_code = remote_print(remote, &definition_kind);
        else if (exit_code == CLI_OK)
            cli_print(&body.out);
    }
    buffer_release(&body.out);
    return exit_code;
}

static int look(const struct cli_usage *usage, const char *action, int argc, char **argv,
                const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = 0;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if ((arguments.values[ALL] != NULL) == (arguments.operand_count > 1))
        return cli_mistake(usage->command, "it needs fingerprints, or --all");
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = send_chosen(&remote, &arguments, action);
    remote_close(&remote);
    return exit_code;
}

int cli_catalogue_accept(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "catalogue accept",
        .operands = "SERVER FINGERPRINT...",
        .text = "Accepts definitions of a server's tools, by their fingerprints as 'catalogue\n"
                "pending' prints them: what was shown is what is accepted, or nothing is. The\n"
                "tools are listed and called again.\n",
        .flags = look_flags,
        .flag_count = LOOK_FLAGS,
        .operands_least = 1,
        .operands_most = -1};
    return look(&usage, "accept", argc, argv, environment);
}

int cli_catalogue_reject(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "catalogue reject",
        .operands = "SERVER FINGERPRINT...",
        .text = "Rejects definitions of a server's tools, also such that were accepted: they stay\n"
                "in quarantine and wait for nobody.\n",
        .flags = look_flags,
        .flag_count = LOOK_FLAGS,
        .operands_least = 1,
        .operands_most = -1};
    return look(&usage, "reject", argc, argv, environment);
}
