// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A request to a running gateway that is made from flags and operands.
#include "cli/remote_internal.h"

void remote_write_text(struct buffer *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buffer_append_string(out, buffer_slice(out).length == 0 ? "{" : ",");
    json_write_key(out, name);
    json_write_string(out, slice_from_string(text));
}

void remote_write_list(struct buffer *out, const char *text)
{
    buffer_append_string(out, "[");
    for (bool first = true; *text != '\0'; first = false) {
        size_t length = strcspn(text, ",");
        buffer_append_string(out, first ? "" : ",");
        json_write_string(out, slice_of(text, length));
        text += length + (text[length] == ',');
    }
    buffer_append_string(out, "]");
}

// The path that is asked, in the remote's arena; data NULL after a complaint.
static struct slice find_target(struct remote *remote, const struct remote_request *request,
                                const struct cli_arguments *arguments)
{
    bool named = request->action != NULL || request->target != NULL;
    uint32_t node = 0;
    if (!named)
        return slice_from_string(request->kind->path);
    struct slice at = remote_find(remote, request->kind->path, request->kind->find_by,
                                  arguments->operands[0], &node);
    if (at.data == NULL)
        return at;
    return request->target != NULL
               ? request->target(remote, at, arguments)
               : arena_format(&remote->arena, "%.*s%s", SLICE_PRINT(at), request->action);
}

static int ask(struct remote *remote, const struct remote_request *request,
               const struct cli_arguments *arguments, struct slice body)
{
    struct slice target = find_target(remote, request, arguments);
    bool adds =
        request->action == NULL && request->target == NULL && strcmp(request->method, "POST") == 0;
    if (target.data == NULL)
        return CLI_FAILED;
    int exit_code = remote_call(remote, request->method, target, body, adds ? NULL : "*");
    if (exit_code != CLI_OK)
        return exit_code;
    return request->print != NULL ? request->print(remote, request->kind, arguments)
                                  : remote_print(remote, request->kind);
}

int remote_send(const struct cli_usage *usage, const struct remote_request *request, int argc,
                char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer body;
    int exit_code = CLI_USAGE;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&body, 0);
    exit_code = CLI_USAGE;
    if (request->write(&body, &arguments)) {
        exit_code = remote_open(&remote, &arguments, environment);
        if (exit_code == CLI_OK)
            exit_code = ask(&remote, request, &arguments, buffer_slice(&body));
        remote_close(&remote);
    }
    buffer_release(&body);
    return exit_code;
}

int remote_add(const struct cli_usage *usage, const struct remote_kind *kind, remote_write_cb write,
               int argc, char **argv, const char *const *environment)
{
    const struct remote_request request = {.kind = kind, .method = "POST", .write = write};
    return remote_send(usage, &request, argc, argv, environment);
}

// ---- Changes

static void write_field(struct buffer *out, const struct remote_field *field, const char *value)
{
    buffer_append_string(out, buffer_slice(out).length == 0 ? "{" : ",");
    json_write_key(out, field->member);
    switch (field->kind) {
    case REMOTE_LIST: remote_write_list(out, value); break;
    case REMOTE_JSON_TEXT: buffer_append_string(out, value); break;
    case REMOTE_FIXED: buffer_append_string(out, field->fixed); break;
    case REMOTE_TEXT_OR_NULL:
        if (*value == '\0') {
            buffer_append_string(out, "null");
            break;
        } // fall through
    case REMOTE_TEXT: json_write_string(out, slice_from_string(value)); break;
    }
}

static int patch(const struct remote_kind *kind, const struct cli_arguments *arguments,
                 struct slice body, const char *const *environment)
{
    struct remote remote;
    uint32_t node = 0;
    int exit_code = remote_open(&remote, arguments, environment);
    struct slice at = slice_from_string(kind->path);
    if (exit_code == CLI_OK && kind->find_by != NULL)
        at = remote_find(&remote, kind->path, kind->find_by, arguments->operands[0], &node);
    if (exit_code == CLI_OK)
        exit_code = at.data == NULL ? CLI_FAILED : remote_call(&remote, "PATCH", at, body, "*");
    if (exit_code == CLI_OK)
        exit_code = remote_print(&remote, kind);
    remote_close(&remote);
    return exit_code;
}

int remote_change(const struct remote_kind *kind, const char *command, const char *operand,
                  const struct cli_flag *flags, const struct remote_field *fields, size_t count,
                  int argc, char **argv, const char *const *environment)
{
    const struct cli_usage usage = {.command = command,
                                    .operands = operand == NULL ? "" : operand,
                                    .text = "Changes what its flags name, and nothing else.\n",
                                    .flags = flags,
                                    .flag_count = REMOTE_FLAGS + count,
                                    .operands_least = operand != NULL,
                                    .operands_most = operand != NULL};
    struct cli_arguments arguments;
    struct buffer body;
    int exit_code = CLI_USAGE;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&body, 0);
    for (size_t i = 0; i < count; i++)
        if (arguments.values[REMOTE_FLAGS + i] != NULL)
            write_field(&body, &fields[i], arguments.values[REMOTE_FLAGS + i]);
    bool any = buffer_slice(&body).length > 0;
    buffer_append_string(&body, "}");
    exit_code = any ? patch(kind, &arguments, buffer_slice(&body), environment)
                    : cli_mistake(command, "'%s' needs a flag that says what changes", command);
    buffer_release(&body);
    return exit_code;
}
