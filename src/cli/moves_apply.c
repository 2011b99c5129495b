// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport apply`: first asks what would be done and shows it, then has exactly that done. The
// gateway does all of it or nothing.
#include "cli/moves_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

// ---- Places: of the body's lines, and of the files behind them

struct places {
    const char *folder;
    const struct moves_body *body;
};

static void write_place_of_list(const struct moves_body *body, struct buffer *out, uint32_t line,
                                uint32_t column)
{
    size_t at = 0;
    for (size_t i = 0; i < MOVES_LISTS; i++)
        if (body->lines[i] > 0 && body->lines[i] <= line)
            at = i;
    buffer_append_format(out, "%s:%u:%u", moves_lists[at].file, line - body->lines[at] + 1, column);
}

static void write_place(const void *argument, struct buffer *out, struct slice field, uint32_t line,
                        uint32_t column)
{
    const struct places *places = argument;
    const struct moves_body *body = places->body;
    static const struct slice policy = {"policies.", 9}, document = {".document", 9};
    bool inside = slice_starts_with(field, policy) && field.length > 18;
    buffer_append_format(out, "%s/", places->folder);
    if (inside) {
        buffer_append_format(out, "policies/%.*s.json",
                             (int)(field.length - policy.length - document.length),
                             field.data + policy.length);
        if (line > 0)
            buffer_append_format(out, ":%u:%u", line, column);
    } else if (line > 0 && line < body->policies_line) {
        write_place_of_list(body, out, line, column);
    } else {
        size_t i = 0;
        while (i < body->policy_count && body->policies[i].line != line)
            i++;
        if (i < body->policy_count)
            buffer_append_format(out, "policies/%s.json", body->policies[i].name);
    }
    if (field.length > 0 && !inside && field.length < 100)
        buffer_append_format(out, ": %.*s", SLICE_PRINT(field));
}

// ---- What would be done

struct counts {
    size_t added, changed, removed;
};

static void print_differences(struct buffer *out, struct remote *remote, uint32_t change)
{
    uint32_t list = json_get(&remote->doc, change, "differences");
    bool first = true;
    for (uint32_t item = list == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, list);
         item != JSON_NONE; item = json_next_element(&remote->doc, list, item)) {
        buffer_append_string(out, first ? "" : "; ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "field"));
        buffer_append_string(out, ": ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "from"));
        buffer_append_string(out, " -> ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "to"));
        first = false;
    }
}

static void print_change(struct buffer *out, struct remote *remote, uint32_t change,
                         struct counts *counts)
{
    struct slice action = remote_text(remote, change, "action");
    bool add = slice_equal_string(action, "add"), remove = slice_equal_string(action, "remove");
    counts->added += add;
    counts->removed += remove;
    counts->changed += !add && !remove;
    buffer_append_string(out, add ? "+ " : remove ? "- " : "~ ");
    remote_print_value(out, remote, json_get(&remote->doc, change, "kind"));
    buffer_append_string(out, " ");
    remote_print_value(out, remote, json_get(&remote->doc, change, "name"));
    buffer_append_string(out, ": ");
    if (add || remove)
        remote_print_value(out, remote, json_get(&remote->doc, change, "why"));
    else
        print_differences(out, remote, change);
    buffer_append_string(out, "\n");
}

static uint32_t first_of(struct remote *remote, const char *member)
{
    uint32_t list = json_get(&remote->doc, 0, member);
    return list == JSON_NONE || json_type(&remote->doc, list) != JSON_ARRAY
               ? JSON_NONE
               : json_first_element(&remote->doc, list);
}

static void print_missing(struct buffer *out, struct remote *remote)
{
    uint32_t list = json_get(&remote->doc, 0, "missing_credentials");
    for (uint32_t item = first_of(remote, "missing_credentials"); item != JSON_NONE;
         item = json_next_element(&remote->doc, list, item)) {
        bool header = slice_equal_string(remote_text(remote, item, "place"), "header");
        buffer_append_string(out, "still to be set: sallyport server credential set ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "server"));
        buffer_append_string(out, " ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "name"));
        buffer_append_string(out,
                             header ? " --value-env NAME\n" : " --variable --value-env NAME\n");
    }
}

static void print_missing_secrets(struct buffer *out, struct remote *remote)
{
    uint32_t list = json_get(&remote->doc, 0, "missing_secrets");
    for (uint32_t item = first_of(remote, "missing_secrets"); item != JSON_NONE;
         item = json_next_element(&remote->doc, list, item)) {
        buffer_append_string(out, "still to be set: sallyport ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "kind"));
        buffer_append_string(out, " secret ");
        remote_print_value(out, remote, json_get(&remote->doc, item, "name"));
        buffer_append_string(out, " --secret-env NAME\n");
    }
}

static struct counts print_plan(struct remote *remote)
{
    struct counts counts = {0};
    struct buffer out;
    uint32_t list = json_get(&remote->doc, 0, "changes");
    buffer_init(&out, 0);
    for (uint32_t item = first_of(remote, "changes"); item != JSON_NONE;
         item = json_next_element(&remote->doc, list, item))
        print_change(&out, remote, item, &counts);
    buffer_append_format(&out, "%zu to add, %zu to change, %zu to remove\n", counts.added,
                         counts.changed, counts.removed);
    print_missing(&out, remote);
    print_missing_secrets(&out, remote);
    if (remote->json)
        buffer_release(&out);
    else
        cli_print(&out);
    return counts;
}

// ---- Tokens

static void print_tokens(struct remote *remote, struct buffer *out, bool to_file)
{
    uint32_t list = json_get(&remote->doc, 0, "tokens");
    for (uint32_t item = first_of(remote, "tokens"); item != JSON_NONE;
         item = json_next_element(&remote->doc, list, item)) {
        if (to_file) {
            buffer_append(out, json_raw(&remote->doc, item));
        } else {
            buffer_append_string(out, "token of ");
            remote_print_value(out, remote, json_get(&remote->doc, item, "grant"));
            buffer_append_string(out, ", shown this once: ");
            remote_print_value(out, remote, json_get(&remote->doc, item, "token"));
        }
        buffer_append_string(out, "\n");
    }
}

// They were made, and there is no other copy: if the file cannot take them, they are printed.
static int hand_over_tokens(struct remote *remote, int file, const char *path)
{
    struct buffer out;
    bool kept = file < 0;
    buffer_init(&out, 0);
    buffer_reserve(&out, 2 * remote->body.length + 1024); // growing would leave copies behind
    print_tokens(remote, &out, file >= 0);
    struct slice rest = buffer_slice(&out);
    while (file >= 0 && rest.length > 0) {
        ssize_t sent = write(file, rest.data, rest.length);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            break;
        rest = slice_of(rest.data + sent, rest.length - (size_t)sent);
    }
    if (file >= 0)
        kept = rest.length == 0 && fsync(file) == 0;
    if (file < 0 || !kept)
        fwrite(buffer_slice(&out).data, 1, buffer_slice(&out).length, stdout);
    buffer_wipe(&out);
    return kept ? CLI_OK
                : cli_complain(CLI_FAILED, "'%s' cannot be written, so the tokens stand above",
                               path);
}

static int open_tokens(const char *path, int *ret)
{
    *ret = -1;
    if (path == NULL)
        return CLI_OK;
    *ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *ret >= 0 ? CLI_OK
                     : cli_complain(CLI_USAGE, "'%s' cannot be made for the tokens: %s", path,
                                    strerror(errno));
}

// ---- The two requests

static int ask(struct remote *remote, const struct moves_body *given, bool dry_run,
               const char *if_match)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append(&body, buffer_slice(&given->text));
    buffer_append_format(&body, ",\"dry_run\":%s}", dry_run ? "true" : "false");
    int exit_code = body.failed ? cli_complain(CLI_FAILED, "out of memory")
                                : remote_call(remote, "POST", SLICE_LITERAL("/apply"),
                                              buffer_slice(&body), if_match);
    buffer_release(&body);
    return exit_code;
}

static void print_json(struct remote *remote)
{
    fwrite(buffer_slice(&remote->body).data, 1, buffer_slice(&remote->body).length, stdout);
    fputc('\n', stdout);
}

static int make(struct remote *remote, const struct moves_body *body, const char *tokens_path)
{
    char if_match[40];
    int file = -1;
    struct slice state = {"", 0};
    uint32_t node = json_get(&remote->doc, 0, "state");
    if (node != JSON_NONE)
        state = json_raw(&remote->doc, node);
    snprintf(if_match, sizeof if_match, "\"%.*s\"", (int)(state.length % 30), state.data);
    int exit_code = open_tokens(tokens_path, &file);
    if (exit_code == CLI_OK)
        exit_code = ask(remote, body, false, if_match);
    if (exit_code != CLI_OK && remote->status == 412)
        cli_complain(CLI_FAILED, "nothing was done; look at it again");
    if (exit_code != CLI_OK && file >= 0)
        unlink(tokens_path);
    if (exit_code == CLI_OK && remote->json)
        print_json(remote);
    else if (exit_code == CLI_OK)
        exit_code = hand_over_tokens(remote, file, tokens_path);
    if (file >= 0)
        close(file);
    if (exit_code == CLI_OK && !remote->json)
        puts("done");
    return exit_code;
}

static int plan_and_make(struct remote *remote, const struct cli_arguments *arguments,
                         const struct moves_body *body, bool only_add)
{
    bool dry_run = arguments->values[MOVES_DRY_RUN] != NULL;
    int exit_code = ask(remote, body, true, "*");
    if (exit_code != CLI_OK)
        return exit_code;
    struct counts counts = print_plan(remote);
    bool nothing = counts.added + counts.changed + counts.removed == 0;
    if (only_add && counts.changed > 0)
        return cli_complain(CLI_FAILED, "'import' only adds, and some of it is there already; "
                                        "'sallyport apply' changes it. Nothing was done");
    if (dry_run || nothing) {
        if (remote->json)
            print_json(remote);
        return CLI_OK;
    }
    return make(remote, body, arguments->values[MOVES_TOKENS]);
}

int moves_apply(const struct cli_arguments *arguments, bool only_add,
                const char *const *environment)
{
    struct moves_body body;
    struct remote remote;
    const char *folder = arguments->operands[0];
    bool prune = !only_add && arguments->values[MOVES_PRUNE] != NULL;
    if (arguments->values[MOVES_TOKENS] != NULL && arguments->values[REMOTE_JSON] != NULL)
        return cli_mistake("apply", "--json prints the tokens; leave --tokens or --json out");
    int exit_code = moves_read(folder, arguments->values[MOVES_NOTE], prune, &body);
    if (exit_code == CLI_OK) {
        const struct places places = {folder, &body};
        exit_code = remote_open(&remote, arguments, environment);
        remote.write_place = write_place;
        remote.place_argument = &places;
        if (exit_code == CLI_OK)
            exit_code = plan_and_make(&remote, arguments, &body, only_add);
        remote_close(&remote);
    }
    moves_body_release(&body);
    return exit_code;
}

int cli_apply(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[MOVES_FLAGS] = {
        MOVES_FLAG_ROWS, [MOVES_PRUNE] = {"prune", NULL, "remove what the files do not have"}};
    static const struct cli_usage usage = {
        .command = "apply",
        .operands = "DIR",
        .text = "Makes the organisation what the files of DIR say ('sallyport export' writes\n"
                "such files): shows what differs, then changes all of it or nothing. What the\n"
                "files do not have stays, unless --prune is given.\n",
        .flags = flags,
        .flag_count = MOVES_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    return moves_apply(&arguments, false, environment);
}
