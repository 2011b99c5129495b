// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Takes the servers of a client over into a gateway: servers and a grant in one step, then their
// secrets, and the client's file last, so that it never names what is not there.
#include "cli/client_internal.h"

#include "cli/moves_internal.h"

#include <stdio.h>

// ---- What is to be done

static size_t print_plan(const struct client_file *file, bool quiet)
{
    struct buffer out;
    size_t taken = 0;
    buffer_init(&out, 0);
    for (size_t i = 0; i < file->count; i++) {
        const struct client_server *server = &file->servers[i];
        bool stays = server->why_not[0] != '\0';
        struct buffer name;
        buffer_init(&name, 0);
        json_write_string(&name, server->name);
        buffer_append_format(&out, "%s %.*s: ", stays ? "." : "+",
                             SLICE_PRINT(buffer_slice(&name)));
        buffer_release(&name);
        if (stays) {
            buffer_append_format(&out, "stays as it is: %s\n", server->why_not);
            continue;
        }
        taken++;
        buffer_append_format(&out, "becomes server '%s' of the gateway, %s, with %zu %s\n",
                             server->gateway_name, server->program ? "a program" : "over HTTP",
                             server->secret_count, server->program ? "variables" : "headers");
        for (size_t k = 0; k < server->secret_count; k++) {
            buffer_append_string(&out, "    sealed: ");
            json_write_string(&out, server->secrets[k].name);
            buffer_append_string(&out, "\n");
        }
    }
    if (quiet)
        buffer_release(&out);
    else
        cli_print(&out);
    return taken;
}

static void write_server(struct buffer *out, const struct client_server *server)
{
    buffer_append_format(out, "{\"name\":\"%s\",\"transport\":\"%s\",", server->gateway_name,
                         server->program ? "stdio"
                         : server->sse   ? "sse"
                                         : "http");
    buffer_append_string(out, server->program ? "\"command\":[" : "\"url\":");
    for (size_t i = 0; i < server->command_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, server->command[i]);
    }
    if (server->program)
        buffer_append_string(out, "]");
    else
        json_write_string(out, server->url);
    buffer_append_string(out, ",\"credentials\":[");
    for (size_t i = 0; i < server->secret_count; i++) {
        buffer_append_format(out, "%s{\"place\":\"%s\",\"name\":", i == 0 ? "" : ",",
                             server->program ? "environment" : "header");
        json_write_string(out, server->secrets[i].name);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]}");
}

static void write_body(struct buffer *out, const struct client_file *file, const char *label,
                       const char *policy, bool dry_run)
{
    struct buffer grant;
    bool first = true;
    buffer_init(&grant, 0);
    buffer_append_format(out, "{\"dry_run\":%s,\"policies\":[],\"servers\":[",
                         dry_run ? "true" : "false");
    for (size_t i = 0; i < file->count; i++) {
        if (file->servers[i].why_not[0] != '\0')
            continue;
        buffer_append_string(out, first ? "" : ",\n");
        write_server(out, &file->servers[i]);
        buffer_append_format(&grant, "%s{\"server\":\"%s\",\"policy\":", first ? "" : ",",
                             file->servers[i].gateway_name);
        json_write_string(&grant, slice_from_string(policy));
        buffer_append_string(&grant, "}");
        first = false;
    }
    buffer_append_string(out, "],\"grants\":[{\"label\":");
    json_write_string(out, slice_from_string(label));
    buffer_append_string(out, ",\"servers\":[");
    buffer_append(out, buffer_slice(&grant));
    buffer_append_string(out, "]}]}");
    out->failed = out->failed || grant.failed;
    buffer_release(&grant);
}

// ---- The gateway

static int ask(struct remote *remote, const struct client_file *file, const char *label,
               const char *policy, bool dry_run, const char *if_match)
{
    struct buffer body;
    buffer_init(&body, 0);
    write_body(&body, file, label, policy, dry_run);
    int exit_code = body.failed ? cli_complain(CLI_FAILED, "out of memory")
                                : remote_call(remote, "POST", SLICE_LITERAL("/apply"),
                                              buffer_slice(&body), if_match);
    buffer_release(&body);
    return exit_code;
}

// Nothing that is there already may be changed by somebody else's file.
static int check_only_added(struct remote *remote)
{
    uint32_t list = json_get(&remote->doc, 0, "changes");
    size_t added = 0;
    for (uint32_t item = list == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, list);
         item != JSON_NONE; item = json_next_element(&remote->doc, list, item)) {
        struct slice name = remote_text(remote, item, "name"),
                     kind = remote_text(remote, item, "kind");
        if (!slice_equal_string(remote_text(remote, item, "action"), "add"))
            return cli_complain(CLI_FAILED,
                                "the gateway has another %.*s '%.*s' already; nothing was done",
                                SLICE_PRINT(kind), SLICE_PRINT(name));
        added += slice_equal_string(kind, "grant");
    }
    return added == 1 ? CLI_OK
                      : cli_complain(CLI_FAILED, "the gateway has such a grant already; choose "
                                                 "another with --grant. Nothing was done");
}

static int set_secret(struct remote *remote, struct slice server_at,
                      const struct client_server *server, const struct client_secret *secret)
{
    struct buffer body;
    struct slice target = arena_format(&remote->arena, "%.*s/credentials", SLICE_PRINT(server_at));
    buffer_init(&body, 0);
    buffer_reserve(&body, 6 * secret->value.length + 2048); // growing would leave copies
    buffer_append_format(&body,
                         "{\"place\":\"%s\",\"name\":", server->program ? "environment" : "header");
    json_write_string(&body, secret->name);
    buffer_append_string(&body, ",\"value\":");
    json_write_string(&body, secret->value);
    buffer_append_string(&body, "}");
    int exit_code = remote_call(remote, "POST", target, buffer_slice(&body), NULL);
    buffer_wipe(&body);
    return exit_code;
}

// A server may be there already, of another client that has the same: its credentials stay.
static void note_missing(struct remote *remote, const struct client_file *file)
{
    uint32_t list = json_get(&remote->doc, 0, "missing_credentials");
    for (uint32_t item = list == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, list);
         item != JSON_NONE; item = json_next_element(&remote->doc, list, item)) {
        struct slice server = remote_text(remote, item, "server"),
                     name = remote_text(remote, item, "name");
        for (size_t i = 0; i < file->count; i++)
            for (size_t k = 0; k < file->servers[i].secret_count; k++)
                if (slice_equal_string(server, file->servers[i].gateway_name) &&
                    slice_equal(name, file->servers[i].secrets[k].name))
                    file->servers[i].secrets[k].wanted = true;
    }
}

static int set_secrets(struct remote *remote, const struct client_file *file)
{
    int exit_code = CLI_OK;
    for (size_t i = 0; i < file->count && exit_code == CLI_OK; i++) {
        const struct client_server *server = &file->servers[i];
        uint32_t node = 0;
        if (server->why_not[0] != '\0' || server->secret_count == 0)
            continue;
        struct slice at = remote_find(remote, "/servers", "name", server->gateway_name, &node);
        exit_code = at.data == NULL ? CLI_FAILED : CLI_OK;
        for (size_t k = 0; k < server->secret_count && exit_code == CLI_OK; k++)
            if (server->secrets[k].wanted)
                exit_code = set_secret(remote, at, server, &server->secrets[k]);
            else
                printf("the gateway's own '%.*s' of server '%s' stays\n",
                       (int)(server->secrets[k].name.length % 100), server->secrets[k].name.data,
                       server->gateway_name);
    }
    return exit_code;
}

static struct slice find_base(struct remote *remote, const char *label)
{
    uint32_t node = 0;
    struct slice none = {0}, at = remote_find(remote, "/grants", "label", label, &node);
    struct slice target = arena_format(&remote->arena, "%.*s/snippets", SLICE_PRINT(at));
    if (at.data == NULL || remote_call(remote, "GET", target, none, NULL) != CLI_OK)
        return none;
    struct slice url = arena_copy(&remote->arena, remote_text(remote, 0, "url"));
    // It goes between quotes of two languages.
    for (size_t i = 0; i < url.length; i++)
        if (strchr("\"'\\", url.data[i]) != NULL || (unsigned char)url.data[i] <= 0x20) {
            cli_complain(CLI_FAILED, "the gateway's address is none");
            return none;
        }
    return url;
}

// ---- All of it

static int rewire(struct remote *remote, const struct client_file *file, const char *label,
                  struct slice token)
{
    struct buffer text;
    struct slice base = find_base(remote, label);
    if (base.data == NULL || base.length == 0)
        return CLI_FAILED;
    buffer_init(&text, 0);
    int exit_code = client_rewire(file, base, token, &text)
                        ? client_file_replace(file, buffer_slice(&text))
                        : cli_complain(CLI_FAILED, "out of memory");
    buffer_wipe(&text);
    return exit_code;
}

static struct slice token_of(struct remote *remote)
{
    uint32_t list = json_get(&remote->doc, 0, "tokens");
    uint32_t first = list == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, list);
    return first == JSON_NONE ? (struct slice){0}
                              : arena_copy(&remote->arena, remote_text(remote, first, "token"));
}

static int take_over(struct remote *remote, const struct client_file *file, const char *label,
                     const char *policy)
{
    char if_match[40];
    struct slice state = json_raw(&remote->doc, json_get(&remote->doc, 0, "state"));
    snprintf(if_match, sizeof if_match, "\"%.*s\"", (int)(state.length % 30), state.data);
    int exit_code = ask(remote, file, label, policy, false, if_match);
    if (exit_code != CLI_OK)
        return exit_code;
    struct slice token = token_of(remote);
    note_missing(remote, file);
    exit_code = token.data == NULL ? CLI_FAILED : set_secrets(remote, file);
    if (exit_code == CLI_OK)
        exit_code = rewire(remote, file, label, token);
    if (exit_code != CLI_OK)
        return cli_complain(CLI_FAILED,
                            "the gateway has the servers and the grant '%s', but '%s' is "
                            "as it was; remove them there before another import",
                            label, file->path);
    printf("done; what '%s' was is in '%s.before-sallyport', --undo goes back to it\n", file->path,
           file->path);
    return CLI_OK;
}

static int import(const struct client_file *file, const struct cli_arguments *arguments,
                  const char *const *environment)
{
    struct remote remote;
    const char *label = arguments->values[IMPORT_GRANT], *policy = arguments->values[IMPORT_POLICY];
    bool dry_run = arguments->values[MOVES_DRY_RUN] != NULL;
    if (print_plan(file, arguments->values[REMOTE_JSON] != NULL) == 0)
        return cli_complain(CLI_FAILED, "there is nothing to take over in '%s'", file->path);
    if (policy == NULL)
        return cli_mistake("import", "--policy is needed: the policy of the gateway that judges "
                                     "what this client does");
    label = label == NULL ? client_names[file->kind] : label;
    int exit_code = client_file_check(file);
    if (exit_code != CLI_OK)
        return exit_code;
    exit_code = remote_open(&remote, arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = ask(&remote, file, label, policy, true, "*");
    if (exit_code == CLI_OK)
        exit_code = check_only_added(&remote);
    if (exit_code == CLI_OK && dry_run)
        puts("nothing was done, as asked");
    else if (exit_code == CLI_OK)
        exit_code = take_over(&remote, file, label, policy);
    remote_close(&remote);
    return exit_code;
}

int client_import(const struct cli_arguments *arguments, const char *const *environment)
{
    struct client_file file;
    const char *path = arguments->operands[0];
    if (arguments->values[MOVES_TOKENS] != NULL || arguments->values[MOVES_NOTE] != NULL)
        return cli_mistake("import", "--tokens and --note are for folders; a client's token goes "
                                     "into its file");
    if (arguments->values[IMPORT_UNDO] != NULL)
        return client_file_undo(path);
    int exit_code = client_file_open(path, arguments->values[IMPORT_CLIENT], false, &file);
    if (exit_code == CLI_OK) {
        client_name_servers(&file);
        exit_code = import(&file, arguments, environment);
    }
    client_file_close(&file);
    return exit_code;
}
