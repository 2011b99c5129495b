// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Commands that ask the API of a running gateway (docs/api.md).
#pragma once

#include "cli/cli_internal.h"

// Each of these commands' flags begin with these.
enum { REMOTE_GATEWAY, REMOTE_KEY_ENV, REMOTE_JSON, REMOTE_FLAGS };
#define REMOTE_FLAG_ROWS                                                                           \
    [REMOTE_GATEWAY] = {"gateway", "URL", "else $SALLYPORT_URL or http://127.0.0.1:8700"},         \
    [REMOTE_KEY_ENV] = {"key-env", "NAME",                                                         \
                        "the environment variable with the API key; else SALLYPORT_KEY"},          \
    [REMOTE_JSON] = {"json", NULL, "print the API's answer as it is"}

// ---- remote.c
struct remote {
    struct loop *loop;
    struct http_client *client;
    struct net_tls *tls;
    struct buffer authorization; // wiped
    bool json;
    // Writes where a fault is ("FILE:LINE:COLUMN") in place of the API's words; NULL: those.
    void (*write_place)(const void *argument, struct buffer *out, struct slice field, uint32_t line,
                        uint32_t column);
    const void *place_argument;
    // Takes the body of an answer 200 as it comes; other than 0 ends it. NULL: it is JSON.
    int (*take)(void *argument, struct slice data);
    void *take_argument;
    struct slice last_event; // sent as Last-Event-ID when not empty
    // Of the call under way
    int status, failure;
    char text[256];
    // What was answered to the last one
    struct buffer body;
    struct json_doc doc;
    struct arena arena;
};
// CLI_OK, or another exit code and everything has been said. Closed also after a failure.
int remote_open(struct remote *remote, const struct cli_arguments *arguments,
                const char *const *environment);
void remote_close(struct remote *remote);
// `target` is what stands behind /api/v1; `body` with data NULL: none; `if_match` may be NULL. An
// answer that says no is printed to standard error.
int remote_call(struct remote *remote, const char *method, struct slice target, struct slice body,
                const char *if_match);
// A member of the answer that is a string; empty when there is none.
struct slice remote_text(struct remote *remote, uint32_t object, const char *name);
// "/servers/ID" of what has this name (or this id): in the remote's arena, data NULL after a
// complaint. The answer is then the record's, at *ret_node.
struct slice remote_find(struct remote *remote, const char *path, const char *find_by,
                         const char *name, uint32_t *ret_node);
// Percent-encoded for a query, in the remote's arena; data NULL: too long.
struct slice remote_encode(struct remote *remote, const char *text);
// For lines to people: no control characters.
void remote_print_value(struct buffer *out, struct remote *remote, uint32_t node);

// ---- remote_follow.c
// Events of a stream, again and again from where it ended: returns when a call fails, or `each`
// does.
int remote_follow(struct remote *remote, struct slice target, http_event_cb each, void *argument);

// ---- remote_approvals.c: a line of a list
void remote_write_question_line(struct buffer *out, struct remote *remote, uint32_t item);
// ---- remote_watch.c
int cli_approvals_watch(int argc, char **argv, const char *const *environment);

// ---- remote_question.c: one question to people, in a frame that no text of it breaks
void remote_write_question(struct buffer *out, struct remote *remote, bool whole);
// For terminals: control characters and those that nobody sees come out as \uXXXX.
void remote_write_visible(struct buffer *out, struct slice text);

// ---- remote_verbs.c: what all kinds of records have
enum { REMOTE_COLUMNS_MAX = 7 };
struct remote_kind {
    const char *path;    // "/servers"
    const char *find_by; // "name"; "": by its id alone; NULL: there is but one
    const char *columns[REMOTE_COLUMNS_MAX];
};
int remote_list(const struct remote_kind *kind, const char *command, int argc, char **argv,
                const char *const *environment);
// All pages of one path, of what `query` chooses ("&server=x", or ""). Neither may be in the
// remote's arena.
int remote_list_all(struct remote *remote, const struct remote_kind *kind, const char *query);
int remote_show(const struct remote_kind *kind, const char *command, int argc, char **argv,
                const char *const *environment);
// DELETE, or POST of "/revoke" and the like when `action` is not NULL.
int remote_act(const struct remote_kind *kind, const char *command, const char *text,
               const char *action, int argc, char **argv, const char *const *environment);
// Prints the answer: whole with --json, else the kind's columns.
int remote_print(struct remote *remote, const struct remote_kind *kind);

// ---- remote_send.c: a request made from flags and operands
typedef bool (*remote_write_cb)(struct buffer *out, const struct cli_arguments *arguments);
struct remote_request {
    const struct remote_kind *kind;
    const char *method;    // "POST" without `action` or `target`: to the kind's path
    const char *action;    // behind the path of the record that the first operand names
    remote_write_cb write; // the body; false after a complaint
    // What stands in place of the record's path; data NULL after a complaint. May be NULL.
    struct slice (*target)(struct remote *remote, struct slice at,
                           const struct cli_arguments *arguments);
    // In place of remote_print; may be NULL.
    int (*print)(struct remote *remote, const struct remote_kind *kind,
                 const struct cli_arguments *arguments);
};
int remote_send(const struct cli_usage *usage, const struct remote_request *request, int argc,
                char **argv, const char *const *environment);
// POST to the kind's path.
int remote_add(const struct cli_usage *usage, const struct remote_kind *kind, remote_write_cb write,
               int argc, char **argv, const char *const *environment);
// `,"name":"text"`, nothing when the text is NULL.
void remote_write_text(struct buffer *out, const char *name, const char *text);
void remote_write_list(struct buffer *out, const char *text); // ["A","B"] of "A,B"

// PATCH: each flag behind REMOTE_FLAGS is a field.
enum remote_field_kind {
    REMOTE_TEXT,
    REMOTE_TEXT_OR_NULL, // null when empty
    REMOTE_LIST,         // "A,B"
    REMOTE_JSON_TEXT,    // as it is
    REMOTE_FIXED,        // a switch, which stands for this JSON
};
struct remote_field {
    const char *member;
    enum remote_field_kind kind;
    const char *fixed;
};
// `operand` NULL: of the one record at the kind's path.
int remote_change(const struct remote_kind *kind, const char *command, const char *operand,
                  const struct cli_flag *flags, const struct remote_field *fields, size_t count,
                  int argc, char **argv, const char *const *environment);

// ---- remote_people.c
int cli_audit_list(int argc, char **argv, const char *const *environment);

// ---- remote_credential.c
int cli_server_credential(int argc, char **argv, const char *const *environment);
// Of what belongs to the server that the first operand names ("credentials"): all of it, or the one
// that a second operand and the flag with a grant's label choose.
int remote_list_below(const struct cli_usage *usage, const char *what, const char *const *shown,
                      int argc, char **argv, const char *const *environment);
int remote_remove_below(const struct cli_usage *usage, const char *what, int grant_flag, int argc,
                        char **argv, const char *const *environment);

// ---- remote_catalogue.c: what people decide about tools, verbs of `sallyport catalogue`
int cli_catalogue_override(int argc, char **argv, const char *const *environment);
int cli_catalogue_overrides(int argc, char **argv, const char *const *environment);
int cli_catalogue_pending(int argc, char **argv, const char *const *environment);
int cli_catalogue_accept(int argc, char **argv, const char *const *environment);
int cli_catalogue_reject(int argc, char **argv, const char *const *environment);

// ---- remote_authorization.c
int cli_server_authorize(int argc, char **argv, const char *const *environment);
int cli_server_answer(int argc, char **argv, const char *const *environment);
int cli_server_authorizations(int argc, char **argv, const char *const *environment);
int cli_server_deauthorize(int argc, char **argv, const char *const *environment);

// ---- remote_explain.c: a call that a gateway is asked about
struct remote_asked {
    const char *policy; // whose version; NULL: a grant's
    const char *number; // of the version; NULL: the newest
    const char *draft;  // a file in place of a version; NULL: none
    const char *grant, *server;
    struct slice call; // a JSON object
    bool tell_outcome; // by the exit code
};
int remote_explain(const struct cli_arguments *arguments, const struct remote_asked *asked,
                   const char *const *environment);
// ---- remote_lint.c: what a gateway says of a document, beside the tools that it knows. The
// findings' texts are the remote's until its next call.
struct remote_tools {
    const char *server, *grant, *policy; // NULL: not by that
};
int remote_lint(struct remote *remote, struct slice document, const struct remote_tools *tools,
                struct arena *arena, struct policy_findings *ret);

// ---- remote_policy.c: verbs of `sallyport policy`
int cli_policy_list(int argc, char **argv, const char *const *environment);
int cli_policy_show(int argc, char **argv, const char *const *environment);
int cli_policy_save(int argc, char **argv, const char *const *environment);
int cli_policy_change(int argc, char **argv, const char *const *environment);
int cli_policy_versions(int argc, char **argv, const char *const *environment);
int cli_policy_rollback(int argc, char **argv, const char *const *environment);
int cli_policy_diff(int argc, char **argv, const char *const *environment);
int cli_policy_remove(int argc, char **argv, const char *const *environment);

// ---- remote_snippet.c
int cli_grant_snippet(int argc, char **argv, const char *const *environment);
// Prints what a client needs to use the grant at "/grants/ID", with the token where it belongs when
// it is not empty.
int remote_snippet(struct remote *remote, struct slice grant_at, const char *client,
                   struct slice token);
