// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport approvals` and `sallyport exceptions`: calls that wait for a person.
#include "cli/remote_internal.h"

#include <stdio.h>

enum { ID_LENGTH = 30, NEWEST = 1000 };

// ---- Which one is meant

static bool ends_with(struct slice text, struct slice end)
{
    return text.length >= end.length &&
           slice_equal(slice_of(text.data + text.length - end.length, end.length), end);
}

static bool is_id(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            text[i] != '_')
            return false;
    return *text != '\0' && strlen(text) <= ID_LENGTH;
}

// "PATH/ID" of the one whose id begins or ends like this; data NULL after a complaint.
static struct slice find_id(struct remote *remote, const char *path, const char *text)
{
    struct slice found = {0}, given = slice_from_string(text);
    size_t count = 0;
    char target[64];
    if (!is_id(text)) {
        cli_complain(CLI_USAGE, "'%s' is no id, and no beginning or end of one", text);
        return found;
    }
    if (given.length == ID_LENGTH)
        return arena_format(&remote->arena, "%s/%s", path, text);
    snprintf(target, sizeof target, "%s?limit=%d", path, NEWEST);
    if (remote_call(remote, "GET", slice_from_string(target), (struct slice){0}, NULL) != CLI_OK)
        return found;
    uint32_t items = json_get(&remote->doc, 0, "items");
    for (uint32_t item = items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
         item != JSON_NONE; item = json_next_element(&remote->doc, items, item)) {
        struct slice id = remote_text(remote, item, "id");
        if (!slice_starts_with(id, given) && !ends_with(id, given))
            continue;
        found = arena_format(&remote->arena, "%s/%.*s", path, SLICE_PRINT(id));
        count++;
    }
    if (count != 1)
        cli_complain(CLI_FAILED,
                     count == 0 ? "no id begins or ends with '%s'"
                                : "more than one id begins or ends with '%s'",
                     text);
    return count == 1 ? found : (struct slice){0};
}

// ---- Lists

static void add_column(struct buffer *out, struct remote *remote, uint32_t item, const char *name,
                       size_t width)
{
    size_t before = out->length;
    remote_write_visible(out, remote_text(remote, item, name));
    for (size_t length = out->length - before; length < width; length++)
        buffer_append_string(out, " ");
    buffer_append_string(out, "  ");
}

void remote_write_question_line(struct buffer *out, struct remote *remote, uint32_t item)
{
    add_column(out, remote, item, "id", ID_LENGTH);
    add_column(out, remote, item, "state", 9);
    add_column(out, remote, item, "severity", 8);
    add_column(out, remote, item, "grant_label", 12);
    add_column(out, remote, item, "server_name", 12);
    add_column(out, remote, item, "tool", 20);
    remote_write_visible(out, remote_text(remote, item, "expires_at"));
    buffer_append_string(out, "\n");
}

static int list_pages(struct remote *remote, struct slice first, bool all)
{
    struct buffer out;
    char next[64] = "";
    size_t count = 0;
    int exit_code = CLI_OK;
    buffer_init(&out, 0);
    buffer_append_string(&out, remote->json ? "{\"items\":[" : "");
    do {
        struct slice target = arena_format(&remote->arena, "%.*s%s%s", SLICE_PRINT(first),
                                           next[0] == '\0' ? "" : "&after=", next);
        exit_code = remote_call(remote, "GET", target, (struct slice){0}, NULL);
        uint32_t items = exit_code == CLI_OK ? json_get(&remote->doc, 0, "items") : JSON_NONE;
        for (uint32_t item = items == JSON_NONE ? JSON_NONE
                                                : json_first_element(&remote->doc, items);
             item != JSON_NONE; item = json_next_element(&remote->doc, items, item)) {
            buffer_append_string(&out, remote->json && count++ > 0 ? "," : "");
            if (remote->json)
                buffer_append(&out, json_raw(&remote->doc, item));
            else
                remote_write_question_line(&out, remote, item);
        }
        snprintf(next, sizeof next, "%.*s", SLICE_PRINT(remote_text(remote, 0, "next")));
    } while (exit_code == CLI_OK && next[0] != '\0' && all);
    buffer_append_string(&out, remote->json ? "]}\n" : "");
    if (exit_code == CLI_OK)
        cli_print(&out);
    buffer_release(&out);
    return exit_code;
}

static int list(int argc, char **argv, const char *const *environment)
{
    enum { STATE = REMOTE_FLAGS, GRANT, SERVER, TOOL, ALL, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        REMOTE_FLAG_ROWS,
        [STATE] = {"state", "STATE",
                   "asked (the default), approved, rejected, ran, expired, withdrawn, overtaken"},
        [GRANT] = {"grant", "LABEL", "of this grant"},
        [SERVER] = {"server", "NAME", "of this server"},
        [TOOL] = {"tool", "NAME", "about this tool"},
        [ALL] = {"all", NULL, "in any state"}};
    static const struct cli_usage usage = {
        .command = "approvals list",
        .operands = "",
        .text =
            "Lists calls that wait for a person, the newest first: id, state, severity, agent,\n"
            "server, tool, and until when they wait.\n",
        .flags = flags,
        .flag_count = FLAGS};
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer target;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.values[STATE] == NULL && arguments.values[ALL] == NULL)
        arguments.values[STATE] = "asked";
    buffer_init(&target, 0);
    buffer_append_string(&target, "/approvals?limit=1000");
    exit_code = remote_open(&remote, &arguments, environment);
    for (size_t i = STATE; exit_code == CLI_OK && i < ALL; i++) {
        struct slice value = {0};
        if (arguments.values[i] == NULL)
            continue;
        value = remote_encode(&remote, arguments.values[i]);
        if (value.data == NULL)
            exit_code = cli_complain(CLI_USAGE, "--%s is too long", flags[i].name);
        buffer_append_format(&target, "&%s=%.*s", flags[i].name, SLICE_PRINT(value));
    }
    if (exit_code == CLI_OK)
        exit_code = list_pages(&remote, buffer_slice(&target), true);
    buffer_release(&target);
    remote_close(&remote);
    return exit_code;
}

// ---- One of them

static int print_whole(struct remote *remote, bool whole)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (remote->json) {
        buffer_append(&out, buffer_slice(&remote->body));
        buffer_append_string(&out, "\n");
    } else {
        remote_write_question(&out, remote, whole);
    }
    if (out.failed) {
        buffer_release(&out);
        return cli_complain(CLI_FAILED, "this does not fit; see it with --json");
    }
    cli_print(&out);
    return CLI_OK;
}

static int show(int argc, char **argv, const char *const *environment)
{
    enum { FULL = REMOTE_FLAGS, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        REMOTE_FLAG_ROWS, [FULL] = {"full", NULL, "leave nothing out of long values"}};
    static const struct cli_usage usage = {
        .command = "approvals show",
        .operands = "ID",
        .text =
            "Shows a call that waits, with all that helps to answer it. Of an id its beginning\n"
            "or its end is enough.\n",
        .flags = flags,
        .flag_count = FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK) {
        struct slice at = find_id(&remote, "/approvals", arguments.operands[0]);
        exit_code =
            at.data == NULL ? CLI_FAILED : remote_call(&remote, "GET", at, (struct slice){0}, NULL);
    }
    if (exit_code == CLI_OK)
        exit_code = print_whole(&remote, arguments.values[FULL] != NULL);
    remote_close(&remote);
    return exit_code;
}

// ---- Answers

// Minutes of "15", "15m" or "2h"; 0: it is neither.
static int64_t minutes_of(const char *text)
{
    int64_t number = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < 6; i++)
        number = number * 10 + (text[i] - '0');
    if (i > 0 && strcmp(text + i, "h") == 0)
        return number * 60;
    return i > 0 && (text[i] == '\0' || strcmp(text + i, "m") == 0) ? number : 0;
}

// Posts the body to "PATH/ID/ACTION" and prints the answer's line.
static int post(const struct cli_arguments *arguments, const char *path, const char *action,
                struct slice body, const char *if_match, const char *const *environment)
{
    struct remote remote;
    struct buffer out;
    int exit_code = remote_open(&remote, arguments, environment);
    if (exit_code == CLI_OK) {
        struct slice at = find_id(&remote, path, arguments->operands[0]);
        struct slice target =
            at.data == NULL ? at : arena_format(&remote.arena, "%.*s/%s", SLICE_PRINT(at), action);
        exit_code =
            at.data == NULL ? CLI_FAILED : remote_call(&remote, "POST", target, body, if_match);
    }
    if (exit_code == CLI_OK) {
        buffer_init(&out, 0);
        if (remote.json)
            buffer_append(&out, buffer_slice(&remote.body));
        else
            remote_write_question_line(&out, &remote, 0);
        buffer_append_string(&out, remote.json ? "\n" : "");
        cli_print(&out);
    }
    remote_close(&remote);
    return exit_code;
}

static int approve(int argc, char **argv, const char *const *environment)
{
    enum { NOTE = REMOTE_FLAGS, FOR, USES, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        REMOTE_FLAG_ROWS, [NOTE] = {"note", "TEXT", "why"},
        [FOR] = {"for", "TIME",
                 "calls with exactly these arguments run for so long: 15m, at most 24h"},
        [USES] = {"uses", "N", "and so often at most, this call counted: 2 to 100"}};
    static const struct cli_usage usage = {.command = "approvals approve",
                                           .operands = "ID",
                                           .text =
                                               "Says yes to a call that waits: it may run once.\n",
                                           .flags = flags,
                                           .flag_count = FLAGS,
                                           .operands_least = 1,
                                           .operands_most = 1};
    struct cli_arguments arguments;
    struct buffer body;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *time = arguments.values[FOR], *uses = arguments.values[USES];
    if (time != NULL && minutes_of(time) == 0)
        return cli_mistake("approvals approve", "--for must be a time like 15m or 2h");
    if (uses != NULL && (time == NULL || minutes_of(uses) == 0))
        return cli_mistake("approvals approve", "--uses is a number, and goes with --for");
    buffer_init(&body, 0);
    buffer_append_string(&body, "{\"note\":");
    json_write_string(
        &body, slice_from_string(arguments.values[NOTE] == NULL ? "" : arguments.values[NOTE]));
    if (time != NULL)
        buffer_append_format(&body, ",\"exception\":{\"minutes\":%lld",
                             (long long)minutes_of(time));
    if (uses != NULL)
        buffer_append_format(&body, ",\"uses\":%lld", (long long)minutes_of(uses));
    buffer_append_string(&body, time != NULL ? "}}" : "}");
    exit_code = post(&arguments, "/approvals", "approve", buffer_slice(&body), NULL, environment);
    buffer_release(&body);
    return exit_code;
}

static int deny(int argc, char **argv, const char *const *environment)
{
    enum { NOTE = REMOTE_FLAGS, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        REMOTE_FLAG_ROWS, [NOTE] = {"note", "TEXT", "why"}};
    static const struct cli_usage usage = {.command = "approvals deny",
                                           .operands = "ID",
                                           .text = "Says no to a call that waits, for everybody.\n",
                                           .flags = flags,
                                           .flag_count = FLAGS,
                                           .operands_least = 1,
                                           .operands_most = 1};
    struct cli_arguments arguments;
    struct buffer body;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&body, 0);
    remote_write_text(&body, "note", arguments.values[NOTE] == NULL ? "" : arguments.values[NOTE]);
    buffer_append_string(&body, "}");
    exit_code = post(&arguments, "/approvals", "deny", buffer_slice(&body), NULL, environment);
    buffer_release(&body);
    return exit_code;
}

int cli_approvals(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", list, "calls that wait for a person"},
        {"show", show, "one of them, with all that helps to answer it"},
        {"approve", approve, "say yes: it may run, once or for a while"},
        {"deny", deny, "say no"},
        {"watch", cli_approvals_watch, "hear of them as they come"},
    };
    return cli_run_verb("approvals", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}

// ---- Exceptions

static const struct remote_kind exceptions = {
    "/exceptions", "", {"id", "live", "grant_label", "tool", "uses", "expires_at"}};

static int exceptions_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&exceptions, "exceptions list", argc, argv, environment);
}

static int exceptions_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&exceptions, "exceptions show", argc, argv, environment);
}

static int exceptions_revoke(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};
    static const struct cli_usage usage = {.command = "exceptions revoke",
                                           .operands = "ID",
                                           .text = "Ends it: the next such call asks again.\n",
                                           .flags = flags,
                                           .flag_count = REMOTE_FLAGS,
                                           .operands_least = 1,
                                           .operands_most = 1};
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    return post(&arguments, "/exceptions", "revoke", (struct slice){0}, "*", environment);
}

int cli_exceptions(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", exceptions_list, "calls that run without being asked about"},
        {"show", exceptions_show, "one of them"},
        {"revoke", exceptions_revoke, "end one"},
    };
    return cli_run_verb("exceptions", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
