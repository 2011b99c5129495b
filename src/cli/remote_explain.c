// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy explain` about what a gateway has: a version of a policy, a draft of one, and
// what is in force for a grant.
#include "cli/remote_internal.h"

#include <stdio.h>

// ---- The answer

static void print_lines(struct buffer *out, struct slice text)
{
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        remote_write_visible(out, slice_of(text.data, length));
        buffer_append_string(out, "\n");
        length += end != NULL;
        text = slice_of(text.data + length, text.length - length);
    }
}

static void print_limit(struct buffer *out, struct remote *remote, uint32_t limit)
{
    uint32_t fits = json_get(&remote->doc, limit, "fits");
    buffer_append_string(out, "  ");
    remote_write_visible(out, remote_text(remote, limit, "rule"));
    buffer_append_format(out, ": %.*s of %.*s used%s\n",
                         SLICE_PRINT(remote_text(remote, limit, "used")),
                         SLICE_PRINT(remote_text(remote, limit, "max")),
                         fits != JSON_NONE && json_type(&remote->doc, fits) == JSON_FALSE
                             ? ", and the call does not fit"
                             : "");
}

static void print_now(struct buffer *out, struct remote *remote, uint32_t now)
{
    buffer_append_string(out, "now: ");
    remote_write_visible(out, remote_text(remote, now, "outcome"));
    if (remote_text(remote, now, "rule").length > 0) {
        buffer_append_string(out, " by ");
        remote_write_visible(out, remote_text(remote, now, "rule"));
    }
    buffer_append_string(out, "\n");
    if (remote_text(remote, now, "reason").length > 0) {
        buffer_append_string(out, "  ");
        remote_write_visible(out, remote_text(remote, now, "reason"));
        buffer_append_string(out, "\n");
    }
    uint32_t limits = json_get(&remote->doc, now, "limits");
    for (uint32_t limit = limits == JSON_NONE ? JSON_NONE
                                              : json_first_element(&remote->doc, limits);
         limit != JSON_NONE; limit = json_next_element(&remote->doc, limits, limit))
        print_limit(out, remote, limit);
}

static int print_explained(struct remote *remote, bool tell)
{
    struct buffer out;
    uint32_t now = json_get(&remote->doc, 0, "now");
    struct slice outcome = remote_text(remote, now == JSON_NONE ? 0 : now, "outcome");
    bool denied = slice_equal_string(outcome, "denied");
    bool asks = slice_equal_string(outcome, "approval");
    buffer_init(&out, 0);
    if (remote->json) {
        buffer_append(&out, buffer_slice(&remote->body));
        buffer_append_string(&out, "\n");
    } else {
        print_lines(&out, remote_text(remote, 0, "text"));
        if (now != JSON_NONE)
            print_now(&out, remote, now);
    }
    cli_print(&out);
    return !tell ? CLI_OK : denied ? CLI_DENIED : asks ? CLI_ASK : CLI_OK;
}

// ---- The question

static bool is_number(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= 9 && strspn(text, "0123456789") == length;
}

static int write_body(const struct remote_asked *asked, struct buffer *body)
{
    struct buffer text;
    struct error error = {0};
    int exit_code = CLI_OK;
    buffer_append_string(body, "{");
    if (asked->number != NULL)
        buffer_append_format(body, "\"number\":%s,", asked->number);
    buffer_init(&text, 0);
    if (asked->draft != NULL &&
        config_read_file(asked->draft, CLI_POLICY_FILE_MAX, &text, &error) != 0) {
        exit_code = cli_complain(CLI_USAGE, "'%s' cannot be read: %s", asked->draft, error.text);
    } else if (asked->draft != NULL) {
        buffer_append_string(body, "\"document\":");
        json_write_string(body, buffer_slice(&text));
        buffer_append_string(body, ",");
    }
    buffer_release(&text);
    if (asked->policy == NULL) {
        buffer_append_string(body, "\"server\":");
        json_write_string(body, slice_from_string(asked->server));
        buffer_append_string(body, ",");
    }
    buffer_append_string(body, "\"call\":");
    buffer_append(body, asked->call);
    buffer_append_string(body, "}");
    if (exit_code == CLI_OK && body->failed)
        exit_code = cli_complain(CLI_FAILED, "out of memory");
    return exit_code;
}

static int ask(struct remote *remote, const struct remote_asked *asked)
{
    struct buffer body;
    uint32_t node = 0;
    buffer_init(&body, 0);
    int exit_code = write_body(asked, &body);
    struct slice at = {0};
    if (exit_code == CLI_OK) {
        at = asked->policy != NULL ? remote_find(remote, "/policies", "name", asked->policy, &node)
                                   : remote_find(remote, "/grants", "label", asked->grant, &node);
        exit_code = at.data == NULL ? CLI_FAILED : CLI_OK;
    }
    if (exit_code == CLI_OK)
        exit_code = remote_call(remote, "POST",
                                arena_format(&remote->arena, "%.*s/explain", SLICE_PRINT(at)),
                                buffer_slice(&body), NULL);
    buffer_release(&body);
    return exit_code;
}

int remote_explain(const struct cli_arguments *arguments, const struct remote_asked *asked,
                   const char *const *environment)
{
    struct remote remote;
    if (asked->number != NULL && !is_number(asked->number))
        return cli_mistake("policy explain", "'%s' is no number of a version", asked->number);
    int exit_code = remote_open(&remote, arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = ask(&remote, asked);
    if (exit_code == CLI_OK)
        exit_code = print_explained(&remote, asked->tell_outcome);
    remote_close(&remote);
    return exit_code;
}
