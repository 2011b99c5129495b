// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control.h"

#include "base/table.h"
#include "base/thread.h"
#include "config/config.h"

#include <stdatomic.h>

// ---- server.c: a server as the data path has it. Immutable, counted references.
struct control_server {
    atomic_uint references;
    struct config *config; // owned: what `options` points into
    struct upstream_options options;
    char *key; // owned: its name
};
// ERROR_CONFIG with a sentence. `key` is copied.
int control_server_make(const struct control *control, const struct store_server *row,
                        const struct store_credential *credentials, size_t count, const char *key,
                        struct control_server **ret, struct error *error) MUST_CHECK;
struct control_server *control_server_ref(struct control_server *server);
void control_server_unref(struct control_server *server);
// Where a credential is kept, for sealing.
struct slice control_place_of(const struct store_credential *credential, struct arena *arena);

// ---- state.c: what the rules are made from; the writer's thread (before it starts, the opener's).
struct control_slot { // a policy's version, or its latest
    char *key;        // "ID/NUMBER", owned; NULL: free
    size_t id_length;
    int64_t number; // 0: the latest
    struct policy *compiled;
};
struct control_known {             // a server
    char *id, *name, *key;         // owned
    char *organisation;            // owned
    struct control_server *server; // NULL: disabled, or it cannot be used
};
struct control_state {
    struct table servers;      // id -> struct control_known
    struct table slots_by_key; // -> the place, counted from 1
    struct control_slot *slots;
    size_t slot_count, slot_capacity, free_slots;
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

// ---- load.c, load_grant.c: reads records into the state. What cannot be read or used is left out,
// which denies.
int control_load_all(struct control *control, struct store_view *view,
                     struct error *error) MUST_CHECK;
void control_load_server(struct control *control, struct store_view *view,
                         struct slice organisation, struct slice id);
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

// Over many records, a page at a time; store_forget may come between.
struct control_walk {
    char after[64];
    struct store_page page;
    bool more;
};
struct control_walk control_walk_start(size_t limit);
// `last` is the last record of the page, NULL when it was empty.
void control_walk_on(struct control_walk *walk, const struct store_head *last);

// ---- rules.c
// Makes rules from the state and publishes them; with no memory, rules that let nobody in.
void control_publish(struct control *control);
void control_committed(void *control, struct store_view *view, const struct store_change *changes,
                       size_t count);

struct control {
    struct control_options options; // folder and key_file are not kept
    char *folder, *key_file;        // owned; key_file NULL: keys from the environment
    int lock_fd;
    struct secret_keys *keys;
    struct store_records *records;
    struct control_state state; // the writer's
    bool incomplete;            // the state misses something: everything is read anew
    pthread_mutex_t lock;       // of what follows
    struct waker settled;       // the writer waits for what follows to change
    struct control_rules *rules;
    uint64_t in_force;
    bool awaited; // somebody calls control_in_force
    bool closing;
    // control_note_use
    struct store_job use_job;
    struct control_rules *use_rules;
    int64_t used_before_ms, used_until_ms; // what was written already, what is being written
    atomic_bool noting_use;
};
