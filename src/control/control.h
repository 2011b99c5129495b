// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The control plane's own operations: the folder with the database, the rules that the data path
// judges by, and the changes that are more than one record. What only reads or changes single
// records goes through store/ directly, with control_records.
#pragma once

#include "base/arena.h"
#include "control/retention.h"
#include "control/rotation.h"
#include "identity/identity.h"
#include "oauth/oauth.h"
#include "pipeline/pipeline.h"
#include "secret/secret.h"
#include "store/store.h"

#include <stdatomic.h>

struct control;

struct control_options {
    const char *folder;             // made with mode 0700 when missing
    const char *key_file;           // NULL: "keys" in the folder, made when missing
    const char *const *environment; // "NAME=value"; SALLYPORT_KEYS wins over the key file
    // May servers be programs on this machine? Whoever runs the gateway says so; an organisation's
    // admins alone must not get the gateway's account. Each organisation has a say of its own, too.
    bool commands_allowed;
    // There are new rules (control_rules): on the writer's thread, must not wait.
    void (*changed)(void *argument);
    // As in store_records_options: what is written together with changes; NULL: nothing.
    int (*committing)(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count, struct error *error);
    // As in store_records_options, once the rules know of the changes; NULL: nobody is told.
    void (*committed)(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count);
    void *argument;
};

// Opens or makes the database and reads everything. ERROR_IO also when another process has the
// folder, ERROR_CONFIG as store_records_open and for keys.
int control_open(const struct control_options *options, struct control **ret,
                 struct error *error) MUST_CHECK;
void control_close(struct control *control); // NULL accepted; jobs that wait are finished
struct store_records *control_records(struct control *control);

// ---- Rules: what all committed changes together say, immutable. Any thread.
struct control_rules;
struct control_rules *control_rules(struct control *control); // the newest; a reference
void control_rules_unref(struct control_rules *rules);        // NULL accepted
struct control_pins_view {
    struct slice server;      // "ORGANISATION/NAME", or the name of one that the file declares
    struct filter_pins *said; // by the server's settings; NULL: nothing
    struct filter_pins *kept; // by records; NULL: nothing
};
struct control_view {
    uint64_t serial; // one more with each
    const struct identity_table *grants;
    const struct pipeline_policy *policies; // what identity_reach.policy is an index of
    size_t policy_count;
    const struct upstream_options *servers; // named "ORGANISATION/NAME"
    size_t server_count;
    const struct pipeline_mask *masks; // of organisations that log values of arguments
    size_t mask_count;
    const struct control_pins_view *pins; // what is decided about tools of servers
    size_t pin_count;
    size_t waiting_definitions; // that nobody has accepted
    // What is there but cannot be used and is denied.
    size_t unusable_servers, unusable_policies;
    size_t sealed_servers; // of these, because a credential cannot be opened
};
const struct control_view *control_rules_view(const struct control_rules *rules);
// Every worker judges by these rules or newer ones: changes in them are acknowledged from now on.
// Until then their jobs wait, a second at most. Any thread.
void control_in_force(struct control *control, uint64_t serial);
// Any thread, never waits.
struct control_health {
    struct store_health records;
    bool incomplete; // something could not be read; it is tried again
    uint64_t serial, in_force;
    size_t unusable_servers, unusable_policies, sealed_servers; // of the newest rules
    size_t waiting_definitions;                                 // the same
    size_t keys; // that secrets may be sealed with: in the key file or the environment
};
struct control_health control_health(struct control *control);
// Writes when grants were last used, removes what has expired, and tries again to read what could
// not be read. Now and then; never waits.
void control_note_use(struct control *control);

// ---- The admin audit's signatures (docs/decision-log.md)
// From now on rows are signed: by the key in this file, which another process may have made; NULL:
// one of the folder's own. Whole days that are older than is kept (retention.h) are removed.
void control_sign_audit(struct control *control, const char *key_path);
// Signs what is not signed yet. Each minute; never waits. control_close does so a last time.
void control_vouch(struct control *control);

// ---- The contact form
enum {
    CONTROL_CONTACTS_MAX = 1000, // of an organisation; then the oldest that is done goes
    CONTROL_CONTACTS_AN_HOUR = 60,
    CONTROL_CONTACT_DAYS = 180, // they are kept so long, when others come
};
// In a job that writes. ERROR_LIMIT with a sentence for people.
int control_add_contact(struct store_view *view, struct store_contact *row, int64_t now_ms,
                        struct error *error) MUST_CHECK;

// ---- The first admin, and others by invitation
enum { CONTROL_SETUP_MS = 60 * 60 * 1000 };
struct control_setup {
    bool needed; // there is no member yet
    char token[IDENTITY_TOKEN_SIZE];
    int64_t expires_ms;
};
// Makes the first organisation, "default", and an invitation for its first admin, if there is no
// member in the whole database; an older one of these is gone then. Waits: not on an event loop.
int control_set_up(struct control *control, struct control_setup *ret,
                   struct error *error) MUST_CHECK;
// A further organisation, and an invitation for its first admin. ERROR_EXISTS: there is one of this
// name. Waits: not on an event loop.
int control_add_organisation(struct control *control, struct slice name, struct slice title,
                             int64_t expires_ms, char token[IDENTITY_TOKEN_SIZE],
                             struct error *error) MUST_CHECK;
// What follows runs inside of jobs that write.
// A new invitation; the token is for the link and is kept nowhere.
int control_invite(struct store_view *view, struct store_invitation *invitation,
                   char token[IDENTITY_TOKEN_SIZE], struct error *error) MUST_CHECK;
// Makes the member that was invited. `member` has the name and the password's hash, and the e-mail
// address when the invitation has none. ERROR_NOT_FOUND: no such invitation, or used, or expired.
int control_accept(struct store_view *view, struct slice token, int64_t now_ms,
                   struct store_member *member, struct error *error) MUST_CHECK;
// Whose word it is: a member's, a key's that of the member who made it, or its own when nobody did.
int control_person_of(struct store_view *view, struct slice organisation,
                      enum store_actor_kind kind, struct slice id, struct slice *ret,
                      struct error *error) MUST_CHECK;

// ---- Grants
struct control_reach {
    struct slice server; // ids
    struct slice policy; // empty: none, everything is denied
    int64_t number;      // of the policy's version, 0: the latest
};
// Fills in the head; the token is shown once and kept nowhere.
int control_add_grant(struct store_view *view, struct store_grant *grant,
                      const struct control_reach *reach, size_t count,
                      char token[IDENTITY_TOKEN_SIZE], struct error *error) MUST_CHECK;
// Replaces what the grant reaches, and gives the grant a new version. `grant` as for store_change.
int control_change_grant(struct store_view *view, struct store_grant *grant,
                         const struct control_reach *reach, size_t count,
                         struct error *error) MUST_CHECK;
// A new token; the old ones end after `overlap_ms`, at once when 0.
// Pauses a grant, unless it is already; never waits. `paused` is told when that is in force, or
// cannot be kept; any thread, maybe before this returns.
typedef void (*control_paused_cb)(void *argument, struct slice grant, bool kept);
void control_pause_grant(struct control *control, struct slice organisation, struct slice grant,
                         struct slice why, control_paused_cb paused, void *argument);
// A person has looked. ERROR_EXISTS: it is not paused.
int control_resume_grant(struct store_view *view, struct slice organisation, struct slice id,
                         int64_t version, struct error *error) MUST_CHECK;
int control_rotate_grant(struct store_view *view, struct slice organisation, struct slice id,
                         int64_t version, int64_t now_ms, int64_t overlap_ms,
                         char token[IDENTITY_TOKEN_SIZE], struct error *error) MUST_CHECK;
int control_revoke_grant(struct store_view *view, struct slice organisation, struct slice id,
                         int64_t version, int64_t now_ms, struct error *error) MUST_CHECK;

// ---- Policies
// Adds a version and makes it the latest; `policy` as for store_change (its head names the policy
// and its version before), `version` has document, author, note and number: 0 is the next one,
// others must not be there yet, and are the latest only when they are the greatest. The document is
// compiled first: ERROR_CONFIG with the problems, which the caller releases in any case.
int control_add_policy_version(struct store_view *view, struct store_policy *policy,
                               struct store_policy_version *version,
                               struct policy_problems *ret_problems,
                               struct error *error) MUST_CHECK;
int control_get_policy_version(struct store_view *view, struct slice organisation,
                               struct slice policy, int64_t number,
                               struct store_policy_version *ret, struct error *error) MUST_CHECK;

// ---- What is decided about tools (docs/catalogue.md)
// The gateway has seen these definitions (pipeline/pipeline.h): they are written down soon. Any
// thread, never waits; what there is no room for is left out.
void control_sighted(void *control, const struct pipeline_sighting *sightings, size_t count);
// From now on the folder's catalogue (inventory/) is filled with what servers list, by a thread of
// its own.
int control_fill_catalogue(struct control *control, struct error *error) MUST_CHECK;
// A listener of the pipelines: keeps a copy of the listing until that thread takes it. False: there
// is no room now.
bool control_listed(void *control, const struct pipeline_listing *listing);
struct control_filling {
    uint64_t taken, refused; // lists: kept, and not kept since there was no room
    bool failing;            // the catalogue could not be written
};
struct control_filling control_filling(struct control *control); // any thread
// What follows runs inside of jobs that write. `server` is an id, or "file." and a name.
// The server's definitions are pinned from now on: what the gateway last saw of them, if anybody
// looked, is accepted by `author`, unless somebody has looked at definitions of it before.
int control_begin_pinning(struct control *control, struct store_view *view,
                          const struct store_server *server, struct slice author,
                          struct error *error) MUST_CHECK;
// Adds or replaces the tool's override.
int control_set_override(struct store_view *view, struct store_override *override,
                         struct error *error) MUST_CHECK;
// Accepts or rejects a definition that waits, or one that was looked at before. The record names
// organisation, server, fingerprint, state, note and author; the rest is filled in.
// ERROR_NOT_FOUND: there is none of this fingerprint (any more).
int control_look_at_definition(struct store_view *view, struct store_definition *definition,
                               struct error *error) MUST_CHECK;
// The same of a definition that the gateway need not have seen: with its tool, text and print. One
// that is there already is named by its head.
int control_bring_definition(struct store_view *view, struct store_definition *definition,
                             struct error *error) MUST_CHECK;
// The definition of a fingerprint, with its text; of one that waits, note and author are empty.
// ERROR_NOT_FOUND. Also in jobs that read.
int control_find_definition(struct store_view *view, struct slice organisation, struct slice server,
                            struct slice print, struct store_definition *ret, bool *ret_waits,
                            struct error *error) MUST_CHECK;
// The one of a tool that was accepted last. ERROR_NOT_FOUND. Also in jobs that read.
int control_accepted_definition(struct store_view *view, struct slice organisation,
                                struct slice server, struct slice tool,
                                struct store_definition *ret, struct error *error) MUST_CHECK;

// ---- What people answer to questions (docs/approvals.md)
// From now on calls can be asked about: once, when there is an organisation. Waits: not on a loop.
int control_open_desk(struct control *control, struct error *error) MUST_CHECK;
struct approval_desk *control_desk(const struct control *control); // NULL: not opened
enum {
    CONTROL_NOTE_MAX = 1000, // bytes
    CONTROL_EXCEPTION_MINUTES_MAX = 24 * 60,
    CONTROL_EXCEPTION_USES_MAX = 100,
};
struct control_who { // who asks for something
    enum store_actor_kind kind;
    struct slice organisation, id; // a member's or an API key's
};
// The member behind it: the one who made an API key; for a key that nobody made, its own id. Empty:
// nobody. Also in jobs that read.
int control_find_maker(struct store_view *view, const struct control_who *who, struct slice *ret,
                       struct error *error) MUST_CHECK;
// Why somebody may not approve a question; the last three may still deny it.
enum control_standing {
    CONTROL_MAY_ANSWER,
    CONTROL_IS_OVER,     // it is decided, or nobody asks any more
    CONTROL_HAS_EXPIRED, // by the clock, whether that is written down already or not
    CONTROL_HAS_NO_ROLE,
    CONTROL_HAS_SAID_YES,
    CONTROL_OWNS_GRANT, // of those where several must say yes
    CONTROL_IS_NOBODY,  // the same: an API key that nobody made
};
const char *control_standing_text(enum control_standing standing); // a sentence; "" for the first
// Also in jobs that read.
int control_may_answer(struct store_view *view, const struct store_question *question,
                       const struct control_who *who, int64_t now_ms, enum control_standing *ret,
                       struct error *error) MUST_CHECK;
// How many of its yes count now: of those who still may answer, each once, and where several are
// needed of people alone and without the one who made the grant. Also in jobs that read.
int control_count_votes(struct store_view *view, const struct store_question *question,
                        int64_t now_ms, int64_t *ret, struct error *error) MUST_CHECK;
struct control_reply {
    struct control_who who;
    struct slice question; // its id
    bool yes;
    struct slice note;     // may be empty
    int64_t minutes, uses; // of an exception besides; 0 minutes: none; 0 uses: any number
    int64_t now_ms;        // wall clock
};
// Runs inside of a job that writes. One no rejects; as many yes as it needs approve. *ret is the
// question afterwards. ERROR_NOT_FOUND; ERROR_EXISTS: it is decided, expired, or this person has
// said so already; ERROR_DENIED: who answers may not; ERROR_RANGE: note or exception.
int control_answer_question(struct store_view *view, const struct control_reply *reply,
                            struct store_question *ret, struct error *error) MUST_CHECK;
// The arguments of a question that store_get_question gave, appended, as canonical JSON; nothing
// when they are not kept any more. Any thread; whoever asks wipes them.
int control_open_question(struct control *control, const struct store_question *question,
                          struct buffer *out, struct error *error) MUST_CHECK;
// Ends an exception. `version` as for store_change. ERROR_EXISTS: it was revoked already.
int control_revoke_exception(struct store_view *view, struct slice organisation, struct slice id,
                             int64_t version, int64_t now_ms, struct store_exception *ret,
                             struct error *error) MUST_CHECK;

// ---- Servers
// Would the data path take this server as it is? ERROR_CONFIG with a sentence.
int control_check_server(struct control *control, const struct store_server *server,
                         struct error *error) MUST_CHECK;
// Adds or replaces a credential of a server; what is kept is sealed. ERROR_CONFIG when the name or
// the value cannot be sent.
int control_set_credential(struct control *control, struct store_view *view,
                           struct store_credential *credential, struct slice plain,
                           struct error *error) MUST_CHECK;
// Tries a server out as a client would and writes what it found as a JSON object
// (docs/openapi.json, Trial). Waits 15 s at most: on a thread that serves nothing. ERROR_NO_MEMORY.
struct control_trial {
    struct control *control; // what the server lists is taken into its catalogue; NULL: it is not
    const struct upstream_options *server;
    const char *ca_file;            // as upstream_set_new
    const struct net_guard *guard;  // of guarded servers
    const atomic_bool *stop;        // once true it ends soon; NULL: never
    struct pipeline_ledger *ledger; // is told what was seen of it; NULL: nobody is
};
int control_try_server(const struct control_trial *trial, struct buffer *out,
                       struct error *error) MUST_CHECK;
// ---- Authorization of the gateway at servers, by OAuth 2.1
struct fetch;
// From now on tokens are renewed ahead of time. `fetch` must outlive control_close, which waits for
// what is being asked: stop it before.
int control_ask_outside(struct control *control, struct fetch *fetch,
                        struct error *error) MUST_CHECK;
// A server answered with 401 or 403. `server` is the name that the data path has for it. Any
// thread, never waits.
void control_challenged(struct control *control, struct slice server, int status,
                        struct slice challenge);

enum { CONTROL_SIGN_IN_MS = 10 * 60 * 1000 };
// One beginning of an authorization. All that it points to is in `arena`, the caller's.
struct control_sign_in {
    struct slice organisation, server, grant; // ids; grant may be empty
    struct slice who;                         // the member or key who asks: nobody else may finish
    enum store_flow flow;
    struct slice client, client_secret, scope; // as an admin gives them; may be empty
    struct slice public_url;                   // of this gateway; empty: not told
    struct arena *arena;
    // Found out
    struct store_server address;
    struct store_authorization row;
    struct oauth_server issuer;
    struct oauth_client as; // who the gateway is there
    struct slice authorization_scope;
    bool has_tokens;
    struct oauth_tokens tokens;
    char state[OAUTH_SECRET_SIZE], verifier[OAUTH_SECRET_SIZE];
    struct slice url; // for the browser; empty when nobody needs to sign in
    int64_t expires_ms;
};
// Looks for the server's authorization server, becomes a client there, and with a secret gets
// tokens. Waits: not on a loop, not in a job. ERROR_CONFIG, ERROR_DENIED, ERROR_PROTOCOL and others
// with a sentence.
int control_begin_sign_in(struct control *control, struct control_sign_in *sign_in,
                          struct error *error) MUST_CHECK;
void control_wipe_sign_in(struct control_sign_in *sign_in); // its secrets
// Keeps what was found, inside a job that writes; *ret is the record.
int control_keep_sign_in(struct control *control, struct store_view *view,
                         const struct control_sign_in *sign_in, struct store_authorization *ret,
                         struct error *error) MUST_CHECK;
// Where a browser comes back with an answer, behind the public URL; and what the gateway says there
// about itself.
#define CONTROL_CALLBACK "/api/v1/oauth/callback"
#define CONTROL_CLIENT "/api/v1/oauth/client"
// What a browser came back with.
struct control_pending;
struct control_answer {
    struct slice organisation, who; // of whoever brings it
    struct slice state, code, issuer, failure;
    struct arena *arena;
    // Found out
    struct control_pending *pending; // owned
    struct oauth_tokens tokens;
};
// Takes the beginning that it belongs to, which is then used up, and fetches the tokens. Waits.
// ERROR_NOT_FOUND: none of this state, or of somebody else, or too late. ERROR_DENIED with a
// sentence: it must not be trusted, or it says no.
int control_take_answer(struct control *control, struct control_answer *answer,
                        struct error *error) MUST_CHECK;
// Keeps the tokens, inside a job that writes.
int control_keep_answer(struct control *control, struct store_view *view,
                        const struct control_answer *answer, struct store_authorization *ret,
                        struct error *error) MUST_CHECK;
void control_answer_release(struct control_answer *answer);
// Ends its tokens at the authorization server, as far as that can be had. Waits.
void control_revoke_authorization(struct control *control, struct slice organisation,
                                  struct slice id);
// The gateway as a client, for authorization servers that read it at its own address.
void control_write_client(struct slice public_url, struct buffer *out);

// Seals the secret that the gateway has at an identity provider; empty: none. Fills in `sealed`,
// which lives in the view; the record has its id.
int control_seal_provider(struct control *control, struct store_view *view,
                          struct store_provider *provider, struct slice plain,
                          struct error *error) MUST_CHECK;
// Appends it, opened; the caller wipes.
int control_open_provider(struct control *control, const struct store_provider *provider,
                          struct buffer *out, struct error *error) MUST_CHECK;
// The same for what a channel's notices are signed with.
int control_seal_channel(struct control *control, struct store_view *view,
                         struct store_channel *channel, struct slice plain,
                         struct error *error) MUST_CHECK;
int control_open_channel(struct control *control, const struct store_channel *channel,
                         struct buffer *out, struct error *error) MUST_CHECK;
