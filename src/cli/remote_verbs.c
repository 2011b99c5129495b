// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What every kind of record can be asked for, and the small commands: keys and members.
#include "cli/remote_internal.h"

#include <stdio.h>

enum { PAGES_MAX = 10000 };

static const struct cli_flag flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};

// ---- Printing

static void print_row(struct buffer *out, struct remote *remote, const struct remote_kind *kind,
                      uint32_t record)
{
    for (size_t i = 0; i < REMOTE_COLUMNS_MAX && kind->columns[i] != NULL; i++) {
        buffer_append_string(out, i == 0 ? "" : "  ");
        size_t before = out->length;
        remote_print_value(out, remote, json_get(&remote->doc, record, kind->columns[i]));
        bool last = i + 1 == REMOTE_COLUMNS_MAX || kind->columns[i + 1] == NULL;
        for (size_t width = out->length - before; !last && width < 16; width++)
            buffer_append_string(out, " ");
    }
    buffer_append_string(out, "\n");
}

int remote_print(struct remote *remote, const struct remote_kind *kind)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (remote->json) {
        buffer_append(&out, buffer_slice(&remote->body));
        buffer_append_string(&out, remote->status == 204 ? "" : "\n");
    } else if (remote->status != 204) {
        print_row(&out, remote, kind, 0);
    }
    static const char *const secrets[] = {"token", "secret"};
    for (size_t i = 0; i < 2 && remote->status != 204 && !remote->json; i++) {
        uint32_t node = json_get(&remote->doc, 0, secrets[i]);
        if (node == JSON_NONE)
            continue;
        buffer_append_format(&out, "%s, shown this once: ", secrets[i]);
        remote_print_value(&out, remote, node);
        buffer_append_string(&out, "\n");
    }
    cli_print(&out);
    return CLI_OK;
}

// ---- Lists

// One line of JSON for all pages together.
static void print_page(struct buffer *out, struct remote *remote, const struct remote_kind *kind,
                       bool *first)
{
    uint32_t items = json_get(&remote->doc, 0, "items");
    for (uint32_t item = items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
         item != JSON_NONE; item = json_next_element(&remote->doc, items, item)) {
        if (remote->json) {
            buffer_append_string(out, *first ? "" : ",");
            buffer_append(out, json_raw(&remote->doc, item));
        } else {
            print_row(out, remote, kind, item);
        }
        *first = false;
    }
}

static bool may_be_declared(const struct remote_kind *kind)
{
    return strcmp(kind->path, "/servers") == 0 || strcmp(kind->path, "/policies") == 0 ||
           strcmp(kind->path, "/grants") == 0;
}

// What the configuration file declares of this kind, behind the database's.
static int list_declared(struct remote *remote, const struct remote_kind *kind, struct buffer *out)
{
    arena_clear(&remote->arena);
    int exit_code = remote_call(remote, "GET", SLICE_LITERAL("/declared"), (struct slice){0}, NULL);
    uint32_t items = exit_code == CLI_OK ? json_get(&remote->doc, 0, kind->path + 1) : JSON_NONE;
    for (uint32_t item = items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
         item != JSON_NONE; item = json_next_element(&remote->doc, items, item)) {
        uint32_t source = json_get(&remote->doc, item, "source");
        remote_print_value(out, remote, json_get(&remote->doc, item, kind->find_by));
        buffer_append_string(out, "  (declared in ");
        remote_print_value(out, remote, json_get(&remote->doc, source, "file"));
        buffer_append_string(out, ", line ");
        remote_print_value(out, remote, json_get(&remote->doc, source, "line"));
        buffer_append_string(out, ")\n");
    }
    return exit_code;
}

int remote_list_all(struct remote *remote, const struct remote_kind *kind, const char *query)
{
    struct buffer out, target;
    struct slice next = {"", 0};
    bool first = true;
    int exit_code = CLI_OK;
    buffer_init(&out, 0);
    buffer_init(&target, 0);
    buffer_append_string(&out, remote->json ? "{\"items\":[" : "");
    for (size_t i = 0; i < PAGES_MAX && exit_code == CLI_OK; i++) {
        buffer_clear(&target);
        buffer_append_format(&target, "%s?limit=1000%s%s%.*s", kind->path, query,
                             next.length > 0 ? "&after=" : "", (int)(next.length % 100), next.data);
        arena_clear(&remote->arena);
        exit_code = remote_call(remote, "GET", buffer_slice(&target), (struct slice){0}, NULL);
        if (exit_code != CLI_OK)
            break;
        print_page(&out, remote, kind, &first);
        next = remote_text(remote, 0, "next");
        if (next.length == 0)
            break;
    }
    buffer_append_string(&out, remote->json ? "]}\n" : "");
    if (exit_code == CLI_OK && may_be_declared(kind) && !remote->json)
        exit_code = list_declared(remote, kind, &out);
    if (exit_code == CLI_OK)
        cli_print(&out);
    buffer_release(&target);
    buffer_release(&out);
    return exit_code;
}

int remote_list(const struct remote_kind *kind, const char *command, int argc, char **argv,
                const char *const *environment)
{
    const struct cli_usage usage = {.command = command,
                                    .operands = "",
                                    .text = "Lists what the gateway has, a line each.\n",
                                    .flags = flags,
                                    .flag_count = REMOTE_FLAGS};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = remote_list_all(&remote, kind, "");
    remote_close(&remote);
    return exit_code;
}

// ---- One record

static int print_whole(struct remote *remote, uint32_t node)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (remote->json) {
        buffer_append(&out, json_raw(&remote->doc, node));
        buffer_append_string(&out, "\n");
    }
    for (uint32_t key = remote->json ? JSON_NONE : json_first_key(&remote->doc, node);
         key != JSON_NONE; key = json_next_key(&remote->doc, node, key)) {
        size_t before = out.length;
        remote_print_value(&out, remote, key);
        for (size_t width = out.length - before; width < 18; width++)
            buffer_append_string(&out, " ");
        remote_print_value(&out, remote, key + 1);
        buffer_append_string(&out, "\n");
    }
    cli_print(&out);
    return CLI_OK;
}

// There is but one of some kinds.
static struct slice find(struct remote *remote, const struct remote_kind *kind,
                         const struct cli_arguments *arguments, uint32_t *ret_node)
{
    struct slice path = slice_from_string(kind->path), none = {0};
    if (kind->find_by != NULL)
        return remote_find(remote, kind->path, kind->find_by, arguments->operands[0], ret_node);
    return remote_call(remote, "GET", path, none, NULL) == CLI_OK ? path : none;
}

// Finds the record of the first operand; then `method` of it, with `action` behind its path, or
// just prints it when there is no method.
static int act(const struct remote_kind *kind, const struct cli_usage *usage, const char *method,
               const char *action, int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK) {
        struct slice at = find(&remote, kind, &arguments, &node);
        if (at.data == NULL)
            exit_code = CLI_FAILED;
        else if (method == NULL)
            exit_code = print_whole(&remote, node);
        else
            exit_code = remote_call(&remote, method,
                                    arena_format(&remote.arena, "%.*s%s", SLICE_PRINT(at), action),
                                    (struct slice){0}, "*");
    }
    if (exit_code == CLI_OK && method != NULL)
        exit_code = remote_print(&remote, kind);
    remote_close(&remote);
    return exit_code;
}

int remote_show(const struct remote_kind *kind, const char *command, int argc, char **argv,
                const char *const *environment)
{
    bool named = kind->find_by != NULL;
    const struct cli_usage usage = {.command = command,
                                    .operands = named ? "NAME" : "",
                                    .text = "Shows one, by its name or its id.\n",
                                    .flags = flags,
                                    .flag_count = REMOTE_FLAGS,
                                    .operands_least = named,
                                    .operands_most = named};
    return act(kind, &usage, NULL, "", argc, argv, environment);
}

int remote_act(const struct remote_kind *kind, const char *command, const char *text,
               const char *action, int argc, char **argv, const char *const *environment)
{
    const struct cli_usage usage = {.command = command,
                                    .operands = "NAME",
                                    .text = text,
                                    .flags = flags,
                                    .flag_count = REMOTE_FLAGS,
                                    .operands_least = 1,
                                    .operands_most = 1};
    return act(kind, &usage, action == NULL ? "DELETE" : "POST", action == NULL ? "" : action, argc,
               argv, environment);
}
