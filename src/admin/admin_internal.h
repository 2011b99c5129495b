// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "admin/admin.h"
#include "admin/pool_internal.h"

#include "base/list.h"
#include "decisions/decisions.h"
#include "json/json.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    BODY_MAX = 64 * 1024,
    POLICY_BODY_MAX = 4 * 1024 * 1024,
    LIST_BODY_MAX = 16 * 1024 * 1024,  // of a server's tools
    APPLY_BODY_MAX = 32 * 1024 * 1024, // of a whole organisation
    PARAMETERS_MAX = 2,
    ERRORS_MAX = 50, // faults of one document that an answer lists
    REACH_MAX = 1000,
    PROBLEM_MEMORY = 64 * 1024,
};

struct admin_request;
struct admin_asked; // decisions_internal.h, as is the next
struct admin_stream;
struct admin_asking; // question_internal.h
// A part of the work, inside a job of the store; 0, or an error that becomes the answer.
typedef int (*admin_step)(struct admin_request *request, struct store_view *view,
                          struct error *error);

// ---- routes.c: who may do what, in one table
enum admin_least { ADMIN_ANYBODY = -1, ADMIN_VIEWER, ADMIN_POLICY_MANAGER, ADMIN_ADMIN };
struct admin_resource;
struct admin_route {
    const char *method;
    const char *path; // behind /api/v1; "{}" stands for an id
    enum admin_least least;
    admin_step read; // in a job that reads
    // Behind `read`, on a thread for what takes long: for passwords, for trials, or for what others
    // must be asked.
    int (*hash)(struct admin_request *request, struct error *error);
    admin_step write; // behind all of these, in a job that writes
    // Once that is on disk, on the store's thread: what needs a row of the audit to be done.
    void (*after)(struct admin_request *request);
    const struct admin_resource *resource; // of the general steps
    size_t body_max;                       // 0: BODY_MAX
    bool edits;                            // needs If-Match
    bool adds;                             // takes an Idempotency-Key
    bool any_body;                         // takes a body; one without is {}
    bool declared;                         // its first id may be a server's of the file
    bool form;                             // the body is a page's form, read already
    bool tries;                            // `hash` is a trial of a server
    bool asks;                             // the same: somebody outside
    bool searches, plays; // the same: a search for decisions; recorded calls through a policy
};
// NULL with *ret_allow: the methods that the path has, "" when there is no such path.
const struct admin_route *admin_route_find(struct slice method, struct slice path,
                                           struct slice parameters[PARAMETERS_MAX],
                                           struct buffer *ret_allow);

// ---- problem.c: an answer that says what is wrong (RFC 9457)
struct admin_fault {
    struct slice field; // empty: the whole body
    struct json_position at;
    struct slice text;
};
struct admin_problem {
    int status; // 0: what the error's code stands for
    const char *type;
    struct admin_fault faults[ERRORS_MAX];
    size_t fault_count;
    int64_t retry_after_s;
    struct slice detail; // what was answered
};
// Adds a fault of a field at a node of the body (JSON_NONE: no place); returns ERROR_RANGE.
int admin_fault(struct admin_request *request, const char *field, uint32_t node,
                struct error *error, const char *format, ...) PRINTF_LIKE(5, 6);
// Says which status and type; returns `code`.
int admin_refuse(struct admin_request *request, int status, const char *type, int code,
                 struct error *error, const char *format, ...) PRINTF_LIKE(6, 7);
void admin_problem_write(struct admin_request *request, int result, const struct error *error);

// ---- work.c
void admin_work(struct admin_request *request);
// Notes when the caller was here last.
void admin_work_touch(struct admin_request *request);

// ---- admin.c: the work is done; any thread
void admin_hand_back(struct admin_request *request);

// ---- answer.c: on the loop; the reply is over
void admin_send(struct admin_request *request);

// ---- authenticate.c
struct admin_who {
    enum store_actor_kind kind; // STORE_SYSTEM: nobody
    struct slice organisation, id, label, session;
    enum store_role role;
    int64_t used_ms; // of the key or the session
};
int admin_authenticate(struct admin_request *request, struct store_view *view,
                       struct error *error) MUST_CHECK;
// Notes that the key or the session is used.
int admin_touch(struct admin_request *request, struct store_view *view, struct error *error);
// Of the session's token: what a browser sends back with a change.
void admin_csrf_of(struct slice token, char text[IDENTITY_TOKEN_SIZE]);
// "spk_" and the like, and 256 random bits.
void admin_new_token(const char prefix[5], char ret[IDENTITY_TOKEN_SIZE]);
struct slice admin_cookie(const struct admin_request *request); // of the session
struct slice admin_cookie_of(const struct admin_request *request, const char *name);

// ---- fields.c: members of JSON objects and members of structs
enum admin_field_kind {
    FIELD_TEXT,
    FIELD_WORD,
    FIELD_FLAG,
    FIELD_TIME,   // RFC 3339, null: 0
    FIELD_NUMBER, // a whole number, not negative
    FIELD_STRINGS,
    FIELD_OBJECT,
    FIELD_OBJECT_OR_NULL,
    FIELD_ANY, // only allowed: its reader looks at the document
};
enum admin_field_use {
    FIELD_SHOWN = 1,
    FIELD_GIVEN = 2,   // may be in the body of an addition
    FIELD_CHANGED = 4, // and in that of a change
    FIELD_NEEDED = 8,  // must be in that of an addition
    FIELD_EDITED = FIELD_SHOWN | FIELD_GIVEN | FIELD_CHANGED,
};
struct admin_field {
    const char *name;
    size_t offset;
    const char *const *words;
    enum admin_field_kind kind;
    int use; // of enum admin_field_use
};
// Rows of such a table, for a member of struct store_RECORD.
#define ADMIN_FIELD(record, json, member, kind, use)                                               \
    {                                                                                              \
        json, offsetof(struct store_##record, member), NULL, kind, use                             \
    }
#define ADMIN_WORDS(record, json, member, list, use)                                               \
    {                                                                                              \
        json, offsetof(struct store_##record, member), list, FIELD_WORD, use                       \
    }
// Scans the body. ERROR_SYNTAX and others with their place.
int admin_scan_body(struct admin_request *request, struct error *error) MUST_CHECK;
// Sets the members of `ret` that the body names. What is neither in `fields` is refused.
int admin_read_fields(struct admin_request *request, uint32_t object,
                      const struct admin_field *fields, size_t count, bool adding, void *ret,
                      struct error *error) MUST_CHECK;
// `,"name":"2026-01-02T03:04:05.678Z"`; null when it is 0 or before, and 9999 at most.
void admin_write_time(struct buffer *out, const char *name, int64_t time_ms);
// `"name":value` of all that are shown, each with a comma in front.
void admin_write_fields(struct buffer *out, const struct admin_field *fields, size_t count,
                        const void *record);

// ---- resources.c: the steps that every kind of record has
struct admin_resource {
    enum store_kind kind;
    size_t size;
    const char *find_by;   // ?NAME=value lists the one record with this value
    const char *narrow_by; // ?NAME=id lists those that belong to this record
    const struct admin_field *fields;
    size_t count;
    // Before it is written; `before` is NULL for additions.
    int (*check)(struct admin_request *request, struct store_view *view,
                 const struct store_head *before, struct store_head *record, struct error *error);
    // Further members.
    int (*more)(struct admin_request *request, struct store_view *view,
                const struct store_head *record, struct error *error);
    enum store_kind parent; // what the path's first id names,
    size_t parent_offset;   // and where a record says it; 0: they belong to the organisation
    bool newest_first;
};
int admin_list(struct admin_request *request, struct store_view *view, struct error *error);
int admin_show(struct admin_request *request, struct store_view *view, struct error *error);
int admin_add(struct admin_request *request, struct store_view *view, struct error *error);
int admin_edit(struct admin_request *request, struct store_view *view, struct error *error);
int admin_remove(struct admin_request *request, struct store_view *view, struct error *error);
// The record that the path's last id names.
int admin_get(struct admin_request *request, struct store_view *view, struct store_head *ret,
              struct error *error);
// Is it still at the version that If-Match names? ERROR_CONFLICT: changed since. `what` is for
// people.
int admin_check_version(const struct admin_request *request, const struct store_head *record,
                        const char *what, struct error *error);
// Answers with the record, 200 or the given status.
int admin_answer(struct admin_request *request, struct store_view *view, int status,
                 const struct store_head *record, struct error *error);
// The same for what was added, with its place.
int admin_answer_added(struct admin_request *request, struct store_view *view,
                       const struct store_head *record, struct error *error);
// "srv_..." or the name of one (of a grant: its label): in the organisation, or a fault of this
// member.
int admin_refer(struct admin_request *request, struct store_view *view, enum store_kind kind,
                const char *field, uint32_t node, struct store_head *ret, struct error *error);
// The grant that the body names by "grant"; *ret stays when it names none.
int admin_refer_grant(struct admin_request *request, struct store_view *view, struct slice *ret,
                      struct error *error);
extern const struct admin_resource admin_organisation, admin_members, admin_invitations, admin_keys,
    admin_servers, admin_credentials, admin_authorizations, admin_policies, admin_versions,
    admin_grants, admin_providers, admin_overrides, admin_definitions, admin_exceptions,
    admin_channels, admin_contacts, admin_notices, admin_audit;

#include "admin/steps_internal.h"

// ---- diff.c: two texts, line by line
int admin_diff_lines(struct slice before, struct slice after, struct buffer *out) MUST_CHECK;

// ---- query.c
// The value of a parameter, decoded into the request's arena; data NULL when it is not there.
int admin_query(struct admin_request *request, const char *name, struct slice *ret,
                struct error *error) MUST_CHECK;
// All values of a parameter that may be given several times, at most `most` of them.
int admin_query_all(struct admin_request *request, const char *name, struct slice *ret, size_t most,
                    size_t *ret_count, struct error *error) MUST_CHECK;
// Percent-decoded into the request's arena; data NULL: not well-formed, or no memory.
struct slice admin_decode(struct admin_request *request, struct slice text);
// The same of a form that a browser sent.
int admin_form_value(struct admin_request *request, struct slice form, const char *name,
                     struct slice *ret, struct error *error) MUST_CHECK;
int admin_query_number(struct admin_request *request, const char *name, int64_t least, int64_t most,
                       int64_t *ret, struct error *error) MUST_CHECK;
// What is asked for more than the given names is refused.
int admin_query_only(struct admin_request *request, const char *const *names,
                     struct error *error) MUST_CHECK;
// If-Match: the version that is to be changed; 0 for "*".
int admin_if_match(struct admin_request *request, struct error *error) MUST_CHECK;

// ---- replay.c: the same addition asked for twice
// True in *ret_known: answered with what was answered before.
int admin_replay_find(struct admin_request *request, struct store_view *view, bool *ret_known,
                      struct error *error) MUST_CHECK;
int admin_replay_keep(struct admin_request *request, struct store_view *view,
                      struct error *error) MUST_CHECK;

struct admin_oidc; // oidc_internal.h

// ---- question_stream.c: which questions to people changed. Any thread.
struct admin_bell;
struct admin_bell *admin_bell_new(void);
void admin_bell_free(struct admin_bell *bell); // NULL accepted

struct admin {
    struct admin_options options;
    char *public_url; // owned; NULL: not told
    struct admin_data_path path;
    struct admin_throttle *throttle;
    struct admin_pool *passwords, *trials, *askers, *searchers, *players;
    char *ca_file;             // owned; NULL: the system's
    atomic_bool ending;        // trials end early
    struct admin_oidc *oidc;   // sign-ins under way
    struct admin_shelf *shelf; // handles of the catalogue
    struct admin_bell *bell;
    struct admin_prover *prover;     // proofs_internal.h
    struct admin_sealer *sealer;     // sealing_internal.h
    uint64_t tag_key[2];             // of ETags
    pthread_mutex_t lock;            // of what follows
    struct admin_declared *declared; // NULL: nothing
    struct list faces;
};

// What the steps of signing in and joining hand each other.
struct admin_login {
    struct slice organisation, email, name, password, next, token, to; // of the body
    struct slice member, hash;                                         // found: id, password's hash
    char made[SECRET_PASSWORD_SIZE];
};

// ---- page.c: the pages behind links of invitations
enum admin_page_state {
    PAGE_NONE, // it is no page
    PAGE_FILE, // what the pages need
    PAGE_ASKS, // for the code
    PAGE_WELCOMES,
    PAGE_DONE,
    PAGE_UNKNOWN, // there is no such invitation
    PAGE_EXPIRED,
    PAGE_USED,
    PAGE_ENTERS, // signs in
    PAGE_LOOK,   // of the catalogue
    PAGE_QUESTION,
    PAGE_CONTACT,
};
struct admin_page {
    enum admin_page_state state;
    bool setup;        // of the first start
    bool wants_key;    // an API key besides
    const char *type;  // of a file
    struct slice file; // its bytes
    struct slice host; // that the browser asked
    struct slice to;   // where to go on after signing in
    struct slice organisation, name, invited;
    enum store_role role;
    int64_t expires_ms;
};
bool admin_page_owns(struct slice path);
// Sets the request's route when there is work to do; else the page is ready to be sent.
void admin_page_take(struct admin_request *request, struct slice body);
// On the loop; the reply is over.
void admin_page_send(struct admin_request *request);

// ---- catalogue_page.c: the catalogue for people (catalogue_internal.h)
struct admin_look;
bool admin_look_owns(struct slice path);
// As admin_page_take and admin_page_send.
void admin_look_take(struct admin_request *request);
void admin_look_send(struct admin_request *request);

// ---- declared.c: what the configuration file declares
struct admin_declared;
void admin_declared_unref(struct admin_declared *declared); // NULL accepted
// The server that the path's first id names: one of the database or of the file. ERROR_NOT_FOUND.
int admin_find_server(struct admin_request *request, struct store_view *view,
                      struct error *error) MUST_CHECK;
// 403 for an id of what a file declares, with its place; 0 for any other.
int admin_check_declared(struct admin_request *request, struct store_view *view,
                         struct error *error) MUST_CHECK;

// Of an answer in pieces; the loop's alone.
struct admin_wait {
    bool started; // the head is sent
    bool tail;    // it waits for news
    bool idle;    // nobody works for it: it waits for news, or for the client to read
    bool full;    // ... for the client
    bool news;    // came while somebody worked for it
    bool ending;  // the gateway stops
    int64_t said_ms;
};

// Belongs to one thread at a time: the loop, then the store's or a pool's; the reply is the loop's.
struct admin_request {
    struct list link; // in the face's list of requests under way; the face's lock
    struct admin_request *next_done;
    struct admin_face *face;
    struct admin *admin;
    struct http_reply *reply; // NULL: the client has gone
    const struct admin_route *route;
    struct arena arena;
    struct slice method, path, query, address, content_type, content_encoding;
    struct slice authorization, cookie, csrf, if_match, if_none_match, idempotency, host;
    bool repeated, tls; // a header of these came twice
    struct buffer body; // wiped
    struct slice parameters[PARAMETERS_MAX];
    struct json_doc doc;
    struct admin_who who;
    struct admin_login login;
    struct admin_page page;
    struct admin_look *look;     // at the catalogue; in the arena
    struct admin_asked *asked;   // of decisions
    struct admin_stream *stream; // NULL: one answer
    struct admin_asking *asking; // a question to people
    struct slice last_event;
    struct admin_wait wait;
    struct admin_visit *visit;           // with an identity provider; in the arena
    struct buffer client_secret;         // at the provider, or of a channel; wiped
    const struct store_channel *channel; // that is tried; in the arena, as the next
    struct slice organisation_name;
    int64_t version, now_ms; // of If-Match; when it came
    struct store_job job;
    struct admin_work work;
    bool touching;
    struct control_sign_in *sign_in; // of an authorization; in the arena
    struct control_answer *answer;   // the same; released
    struct admin_counters *counters; // that shall be empty; in the arena
    struct admin_kept *kept;         // of the logs; in the arena
    // The answer
    int status;
    struct buffer out;     // JSON
    int64_t etag;          // 0: none
    struct slice location; // empty: none
    struct slice set_cookie, allow;
    char secret[IDENTITY_TOKEN_SIZE + 8]; // shown once; wiped
    const char *secret_name;              // as this member; NULL: "token"
    bool replayed;
    struct control_rules *rules; // of a trial, with the server that is tried
    const struct upstream_options *tried;
    bool html;      // `out` is a page
    bool rehearsed; // all is well so far, and nothing of it shall stay
    struct admin_problem problem;
};
// A copy in the request's arena; data NULL when memory is short.
static inline struct slice admin_keep(struct admin_request *request, struct slice text)
{
    return arena_copy(&request->arena, text);
}
static inline struct control_who admin_control_who(const struct admin_request *request)
{
    return (struct control_who){request->who.kind, request->who.organisation, request->who.id};
}

// The dashboard's pages and files; answers at once.
bool admin_window_owns(struct slice path);
void admin_window_send(struct http_reply *reply, const struct http_request *request, bool admitted);
