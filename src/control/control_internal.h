// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control.h"

#include "base/list.h"
#include "base/table.h"
#include "base/thread.h"
#include "config/config.h"
#include "oauth/oauth.h"

#include <stdatomic.h>

// ---- secrets.c: what is sent to a server besides messages
struct control_secret {
    enum store_place place;
    struct slice name;
    struct slice grant; // whose it is; empty: the server's own
    struct slice id;    // of its record
    int64_t version;
    const char *prefix;      // what stands before the value
    struct slice sealed, at; // its value, and where that opens
    struct slice refusal;    // in place of a value: why the server cannot be reached
    // Of an authorization
    struct slice authorization; // its id; empty: a credential
    struct slice resource;      // what its tokens are for
    enum store_standing standing;
    bool by_secret, renewable;
    int64_t obtained_ms, expires_ms;
};
struct control_secrets {
    struct control_secret *items; // owned; what they point to is the view's
    size_t count;
    size_t shared; // so many at the front are the server's own; then those of each grant together
};
// All of a server's.
int control_secrets_list(struct store_view *view, struct slice organisation, struct slice server,
                         struct control_secrets *ret, struct error *error) MUST_CHECK;
// What a grant uses (empty: one that has nothing of its own): its own win.
int control_secrets_choose(const struct control_secrets *all, struct slice grant,
                           struct control_secrets *ret, struct error *error) MUST_CHECK;
void control_secrets_release(struct control_secrets *secrets);

// ---- sealing.c
// The keys of now; a reference. Any thread. What a job that writes seals is under the newest of
// them, since nobody but such a job changes them (rotate.c); keys that were replaced open what they
// sealed until the gateway ends.
struct secret_keys *control_keys(struct control *control);
// Seals what is given, "" for nothing. A place without data: no memory for it.
int control_seal_in(struct control *control, struct store_view *view, struct slice plain,
                    struct slice place, struct slice *ret, struct error *error) MUST_CHECK;
// The same, of which nothing is sealed, too.
int control_seal_any(struct control *control, struct store_view *view, struct slice plain,
                     struct slice place, struct slice *ret, struct error *error) MUST_CHECK;
// Appends it, opened; nothing when nothing is sealed. Errors as of secret_open, and no memory.
int control_open_in(struct control *control, struct slice sealed, struct slice place,
                    struct buffer *out, struct error *error) MUST_CHECK;
// Fills in `sealed`, which lives in the view; the record has its id.
int control_seal_credential(struct control *control, struct store_view *view,
                            struct store_credential *credential, struct slice plain,
                            struct error *error) MUST_CHECK;
// Where each is kept.
struct slice control_place_of(const struct store_credential *credential, struct arena *arena);
struct slice control_place_of_provider(const struct store_provider *provider, struct arena *arena);
struct slice control_place_of_channel(const struct store_channel *channel, struct arena *arena);
struct slice control_place_of_question(const struct store_question *question, struct arena *arena);
struct slice control_place_of_token(struct slice organisation, struct slice authorization,
                                    const char *what, struct arena *arena);

// ---- reseal.c: goes over everything that is sealed, a piece at a time
struct control_place {
    char text[64];
    size_t length;
};
struct control_reseal {
    struct control *control;
    uint32_t number; // of the key that everything is to be under, which is the newest
    bool counts;     // only looks, in jobs that read
    int64_t since_ms;
    // Where it stands: the last organisation that is done, and within the next one the kind and the
    // last record that is done.
    struct control_place organisation, record;
    size_t kind;
    size_t left; // records that this job may look at
    bool over;
    uint64_t found; // records under other keys
};
struct control_reseal control_reseal_begin(struct control *control, uint32_t number, bool counts);
// A job that reads or writes; to be run until it is over.
int control_reseal_some(void *reseal, struct store_view *view, struct error *error);

// ---- server.c: a server as the data path has it. Immutable, counted references.
struct control_server {
    atomic_uint references;
    struct config *config; // owned: what `options` points into
    struct upstream_options options;
    char *key, *shown; // owned: its names
    char *refusal;     // owned; NULL: none
};
struct control_server_names {
    struct slice key;   // unique
    struct slice shown; // what people are told
};
// ERROR_CONFIG with a sentence. The names are copied.
int control_server_make(struct control *control, const struct store_server *row,
                        const struct control_secrets *secrets,
                        const struct control_server_names *names, struct control_server **ret,
                        struct error *error) MUST_CHECK;
// Would it be made?
int control_server_try(struct control *control, const struct store_server *row,
                       const struct control_secrets *secrets, struct error *error) MUST_CHECK;
struct control_server *control_server_ref(struct control_server *server);
void control_server_unref(struct control_server *server);

// ---- state.c: what the rules are made from; the writer's thread (before it starts, the opener's).
struct control_slot { // a policy's version, or its latest
    char *key;        // "ID/NUMBER", owned; NULL: free
    size_t id_length;
    int64_t number; // 0: the latest
    struct policy *compiled;
};
struct control_served {
    char *key;                     // owned: what the data path keeps it by
    char *made_of;                 // owned: names all that went into it
    struct control_server *server; // NULL: disabled, or it cannot be used
    bool unusable, sealed;         // why not: it is wrong; a credential of it cannot be opened
};
struct control_own { // a server as one grant has it, with credentials of its own
    char *grant;     // owned
    struct control_served served;
    bool kept, fresh; // while the server is being read
    struct control_own *next;
};
struct control_known {            // a server
    char *id, *name, *key;        // owned
    char *organisation;           // owned
    struct control_served served; // as all other grants have it
    struct table own;             // grant -> struct control_own
};
void control_served_clear(struct control_served *served); // it is not served any more
void control_own_free(struct control_own *own);
struct control_mask {
    char *organisation; // owned
    struct policy_mask *mask;
};

struct control_pins { // what records say of a server's tools
    char *id, *key;   // owned: "srv_..." or "file.NAME", and the data path's name
    struct filter_pins *pins;
};

struct control_state {
    struct table pins;         // id -> struct control_pins; servers without any are not there
    struct table servers;      // id -> struct control_known
    size_t own_count;          // of all servers together
    struct table slots_by_key; // -> the place, counted from 1
    struct control_slot *slots;
    size_t slot_count, slot_capacity, free_slots;
    struct control_mask *masks; // of organisations that log values of arguments
    size_t mask_count;
    struct policy *nothing;        // hides and denies everything: stands for what cannot be had
    struct identity_table *grants; // being made; NULL between changes
};
int control_state_open(struct control_state *state, struct error *error) MUST_CHECK;
void control_state_close(struct control_state *state);
void control_state_clear(struct control_state *state); // everything is to be read anew
struct control_known *control_state_server(struct control_state *state, struct slice id);
void control_state_forget_server(struct control_state *state, struct slice id);
// The index of a slot, made when missing; -1 when memory is short.
int control_state_slot(struct control_state *state, struct slice policy, int64_t number);
bool control_slot_is_of(const struct control_slot *slot, struct slice policy);
void control_state_free_slot(struct control_state *state, size_t place);

// ---- masks.c
// The organisation's, read anew.
int control_load_mask(struct control *control, struct store_view *view, struct slice organisation,
                      struct error *error) MUST_CHECK;
void control_masks_clear(struct control_state *state);
// For rules that outlive the state.
int control_masks_copy(const struct control_state *state, struct pipeline_mask **ret) MUST_CHECK;
void control_masks_free(struct pipeline_mask *masks, size_t count);

// ---- pins.c
#define CONTROL_FILE_PREFIX "file."
// The records of a server, read anew. `key` is the data path's name for it.
void control_load_pins(struct control *control, struct store_view *view, struct slice organisation,
                       struct slice id, struct slice key);
// One that is known already, or that the configuration file declares.
void control_load_tools(struct control *control, struct store_view *view, struct slice organisation,
                        struct slice id);
// Of those that the configuration file declares, if they are this organisation's.
int control_load_file_pins(struct control *control, struct store_view *view,
                           struct slice organisation, struct error *error) MUST_CHECK;
void control_forget_pins(struct control_state *state, struct slice id);
void control_pins_clear(struct control_state *state);
// For rules that outlive the state: one for each server of which anything is decided.
int control_pins_copy(const struct control_state *state, struct control_pins_view **ret,
                      size_t *ret_count, size_t *ret_waiting) MUST_CHECK;
void control_pins_free(struct control_pins_view *pins, size_t count);

// ---- sightings.c
struct control_sighting { // one that is not written down yet
    struct list link;
    enum pipeline_sighting_kind kind;
    struct slice server, tool, text; // behind the struct
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    char bytes[];
};
struct control_sightings {
    pthread_mutex_t lock;
    struct list waiting, taken; // of struct control_sighting; `taken`: the job's
    size_t bytes;               // of both
    bool busy, closing;         // a job is under way; no more may begin
    struct store_job job;
};
void control_sightings_open(struct control_sightings *sightings);
void control_sightings_end(struct control_sightings *sightings); // nothing more is taken
void control_sightings_close(struct control_sightings *sightings);

// ---- listings.c: fills the catalogue
struct inventory;
struct control_filler {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct list waiting; // lists, and servers whose overrides changed
    size_t bytes;
    bool started, ending;
    pthread_t thread;
    struct inventory *inventory; // the thread's
    atomic_uint_fast64_t taken, refused;
    atomic_bool failing;
};
void control_filler_open(struct control_filler *filler);
void control_filler_stop(struct control_filler *filler); // waits for its thread
void control_filler_close(struct control_filler *filler);
// The overrides of this server's tools changed: the catalogue has a copy.
void control_tell_overrides(struct control *control, struct slice key);
// Takes a list into the catalogue at once. Waits for the disk, and for others who write; any thread
// that serves nothing.
int control_keep_listing(struct control *control, const struct pipeline_listing *listing,
                         struct error *error) MUST_CHECK;

// ---- load.c, load_server.c, load_grant.c: reads records into the state. What cannot be read or
// used is left out, which denies.
int control_load_all(struct control *control, struct store_view *view,
                     struct error *error) MUST_CHECK;
void control_load_server(struct control *control, struct store_view *view,
                         struct slice organisation, struct slice id);
void control_load_server_row(struct control *control, struct store_view *view,
                             const struct store_server *row, struct slice organisation_name);
// The grant is gone, and with it what was its own.
void control_forget_owns(struct control *control, struct slice grant);
void control_load_policy(struct control *control, struct store_view *view,
                         struct slice organisation, struct slice id);
void control_load_grant(struct control *control, struct store_view *view, struct slice organisation,
                        struct slice id);
int control_load_grant_row(struct control *control, struct store_view *view,
                           const struct store_grant *row, struct error *error) MUST_CHECK;
void control_fill_slot(struct control *control, struct control_slot *slot, struct store_view *view,
                       const struct store_policy *row);
void control_note_failure(struct control *control, int result);
int control_load_organisation(struct control *control, struct store_view *view,
                              struct slice organisation, struct error *error) MUST_CHECK;

// ---- authorization.c: what is kept of authorizations; on the writer's thread
struct control_kept { // in the view, opened
    struct store_authorization row;
    struct store_bearer bearer; // id empty: there is none
    struct slice client_secret, refresh, access;
};
// ERROR_NOT_FOUND.
int control_open_authorization(struct control *control, struct store_view *view,
                               struct slice organisation, struct slice id, struct control_kept *ret,
                               struct error *error) MUST_CHECK;
void control_wipe_kept(struct control_kept *kept);
// Keeps new tokens and says that it is ready. `row` as for store_change.
int control_keep_tokens(struct control *control, struct store_view *view,
                        struct store_authorization *row, const struct oauth_tokens *tokens,
                        int64_t now_ms, struct error *error) MUST_CHECK;

// ---- authorizer.c: renews tokens ahead of time, on threads of its own
struct control_authorizer;
int control_authorizer_new(struct control *control, struct control_authorizer **ret,
                           struct error *error) MUST_CHECK;
// A server is loaded: its authorization is due at the given time. The writer's thread.
void control_authorizer_note(struct control *control, struct slice organisation,
                             const struct control_secret *secret, const char *key);
// Waits for its threads; nothing is renewed any more. NULL accepted.
void control_authorizer_stop(struct control_authorizer *authorizer);
void control_authorizer_close(struct control_authorizer *authorizer); // NULL accepted
struct fetch *control_fetch(const struct control *control);           // NULL: nothing may be asked

// ---- tokens.c: asks a token endpoint. Waits: not on a loop, not on a thread of the store's.
struct control_endpoint {
    struct slice url;
    struct oauth_client client;
    struct slice resource;
};
int control_ask_tokens(struct fetch *fetch, const struct control_endpoint *endpoint,
                       struct buffer *form, struct arena *arena, struct oauth_tokens *ret,
                       struct error *error) MUST_CHECK;
// Ends a token there; what comes of it does not matter.
void control_revoke_token(struct fetch *fetch, const struct control_endpoint *endpoint,
                          struct slice token, struct arena *arena);

// ---- sign_in_keep.c
struct control_pending { // a beginning that waits for its answer
    struct control_sign_in sign_in;
    struct slice authorization; // the record's id
    int64_t version;            // of its tokens, 0: none
    struct arena arena;         // all of it; wiped
    struct control_pending *next;
};
// Takes it out of those that wait, NULL when there is none.
struct control_pending *control_take_pending(struct control *control, struct slice state);
void control_pending_free(struct control_pending *pending); // NULL accepted
void control_pendings_free(struct control *control);
// What was found out, into the record.
int control_fill_authorization(struct control *control, struct store_view *view,
                               const struct control_sign_in *from, struct store_authorization *row,
                               struct error *error) MUST_CHECK;

// ---- desk.c: what tickets of the desk are sealed with
int control_derive_tickets(const struct secret_keys *keys, struct secret_keys **ret,
                           struct error *error) MUST_CHECK;

// ---- rules.c
// Makes rules from the state and publishes them; with no memory, rules that let nobody in.
void control_publish(struct control *control);
void control_committed(void *control, struct store_view *view, const struct store_change *changes,
                       size_t count);

// ---- vouch.c: signatures of the admin audit
struct control_vouch {
    struct table chains;   // organisation's id -> struct chain
    struct chain *first;   // of the oldest organisation
    bool looked;           // all chains are in the table, with what they lack
    struct chain_key *key; // owned; NULL: not read yet
    char *key_path;        // owned; NULL: nothing is signed
    bool own_key;          // the file is ours to make
    bool ending, failing;
    struct store_job job;
    atomic_bool busy;
};
void control_vouch_open(struct control_vouch *vouch);
void control_vouch_close(struct control_vouch *vouch);
void control_vouch_changes(struct control *control, const struct store_change *changes,
                           size_t count);
void control_vouch_last(struct control *control); // waits: the rows' ends are signed

// ---- retention.c; on the writer's thread
int control_load_retention(struct control *control, struct store_view *view,
                           struct error *error) MUST_CHECK;
void control_retention_committed(struct control *control, struct store_view *view,
                                 const struct store_change *changes, size_t count);
// What waited long enough holds from now on; what the operator says takes back what waits.
int control_settle_retention(struct control *control, struct store_view *view, int64_t now_ms,
                             struct error *error) MUST_CHECK;

// "FOLDER/NAME", owned by the caller.
char *control_path_in(const char *folder, const char *name);

struct control {
    struct control_options options; // folder and key_file are not kept
    char *folder, *key_file;        // owned; key_file NULL: keys from the environment
    int lock_fd;
    atomic_bool rotating;       // somebody is in control_rotate_keys
    struct approval_desk *desk; // NULL: not opened; the writer's, until it is told of
    struct store_records *records;
    struct control_state state; // the writer's
    struct control_vouch vouch; // the writer's
    struct control_sightings sightings;
    struct control_filler filler;
    atomic_bool incomplete; // the state misses something: everything is read anew
    pthread_mutex_t lock;   // of what follows
    struct waker settled;   // the writer waits for what follows to change
    struct control_rules *rules;
    uint64_t in_force;
    struct {
        struct control_retention ordered;   // by the operator
        struct store_kept said[STORE_KEPT]; // over the API, as committed
    } retention;
    bool awaited; // somebody calls control_in_force
    bool closing;
    struct secret_keys *keys; // all that open; changed in jobs that write alone
    struct secret_keys *kept; // those of the key file or the environment
    struct control_authorizer *authorizer;
    struct control_pending *pendings; // newest first; owned
    // control_note_use
    struct store_job use_job;
    struct control_rules *use_rules;
    int64_t used_before_ms, used_until_ms; // what was written already, what is being written
    atomic_bool noting_use;
};
