// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers as the data path has them: one for everybody, and one more for each grant that has
// credentials of its own. So nothing (connection, process, session, pooled conversation) is ever
// shared between two that are not the same to the server.
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>

// ---- Grants hold the names of what they reach

struct carrying {
    struct slice organisation, name;
    struct slice *ids;
    size_t count, capacity;
};

static void note_carrier_cb(void *argument, struct identity_entry *entry)
{
    struct carrying *carrying = argument;
    const struct identity_grant *grant = identity_entry_grant(entry);
    if (slice_equal(grant->organisation, carrying->organisation) &&
        identity_reach_by_name(grant, carrying->name) != NULL &&
        carrying->count < carrying->capacity)
        carrying->ids[carrying->count++] = grant->id;
}

static void reload_grants_of(struct control *control, struct store_view *view,
                             struct slice organisation, const char *name)
{
    struct control_state *state = &control->state;
    struct carrying carrying = {.organisation = organisation,
                                .name = slice_from_string(name),
                                .capacity = identity_table_count(state->grants)};
    carrying.ids = memory_try_new((carrying.capacity + 1) * sizeof *carrying.ids);
    struct identity_table *now = identity_table_copy(state->grants); // keeps the ids alive
    if (now != NULL && carrying.ids != NULL)
        identity_table_each(now, note_carrier_cb, &carrying);
    else
        control_note_failure(control, ERROR_NO_MEMORY);
    for (size_t i = 0; i < carrying.count; i++)
        control_load_grant(control, view, organisation, carrying.ids[i]);
    identity_table_free(now);
    memory_free(carrying.ids);
}

// One whose server is another now. While everything is being read it comes later by itself.
static void reload_grant(struct control *control, struct store_view *view,
                         struct slice organisation, const char *grant)
{
    if (identity_table_get(control->state.grants, slice_from_string(grant)) != NULL)
        control_load_grant(control, view, organisation, slice_from_string(grant));
}

// ---- What a server is made of

struct making {
    struct control *control;
    struct store_view *view;
    const struct store_server *row;
    struct control_known *known;
    struct control_secrets secrets;
};

// Names everything that goes into it: what did not change is not made again.
static char *composition(const struct store_server *row, const struct control_secrets *secrets)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_format(&text, "%lld", (long long)row->head.version);
    for (size_t i = 0; i < secrets->count; i++)
        buffer_append_format(&text, " %.*s/%lld", SLICE_PRINT(secrets->items[i].id),
                             (long long)secrets->items[i].version);
    char *copy = text.failed
                     ? NULL
                     : memory_copy_string(buffer_slice(&text).data, buffer_slice(&text).length);
    buffer_release(&text);
    return copy;
}

// A token goes to the resource that it is for and nowhere else, also when an admin gives the server
// another address.
static void keep_at_home(const struct store_server *row, struct control_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        struct control_secret *secret = &secrets->items[i];
        if (secret->authorization.length > 0 && secret->refusal.length == 0 &&
            !oauth_covers(secret->resource, row->url))
            secret->refusal = SLICE_LITERAL("has another address than it was authorized for, and "
                                            "needs an admin of the gateway to sign in to it again");
    }
}

// With the server's own credentials, and those of the grant that win over them.
static int make(struct making *making, struct slice grant, struct control_served *served,
                struct error *error)
{
    struct control_secrets chosen = {0};
    struct control_server *server = NULL;
    const struct control_server_names names = {slice_from_string(served->key),
                                               slice_from_string(making->known->key)};
    int result = control_secrets_choose(&making->secrets, grant, &chosen, error);
    keep_at_home(making->row, &chosen);
    char *made_of = result == 0 ? composition(making->row, &chosen) : NULL;
    bool same = made_of != NULL && served->server != NULL && served->made_of != NULL &&
                strcmp(made_of, served->made_of) == 0;
    if (result == 0 && !same)
        result = control_server_make(making->control, making->row, &chosen, &names, &server, error);
    control_secrets_release(&chosen);
    if (result == 0 && same) {
        memory_free(made_of);
        return 0;
    }
    control_server_unref(served->server);
    memory_free(served->made_of);
    served->server = server;
    served->made_of = made_of;
    return result;
}

// What cannot be made is not served.
static void make_and_complain(struct making *making, struct slice grant,
                              struct control_served *served)
{
    struct error error = {0};
    int result = make(making, grant, served, &error);
    control_note_failure(making->control, result);
    served->unusable = result != 0;
    served->sealed = result == ERROR_DENIED || result == ERROR_NOT_FOUND; // secret_open says so
    if (result != 0)
        log_event(LOG_ERROR, "control", "server '%s' cannot be used%s%.*s: %s", making->known->key,
                  grant.length > 0 ? " by grant " : "", SLICE_PRINT(grant), error.text);
}

// Tokens are renewed in time also while a server cannot be made.
static void note_authorizations(struct making *making, struct slice grant, const char *key)
{
    for (size_t i = 0; i < making->secrets.count; i++) {
        const struct control_secret *secret = &making->secrets.items[i];
        if (secret->authorization.length > 0 && slice_equal(secret->grant, grant))
            control_authorizer_note(making->control, making->row->head.organisation, secret, key);
    }
}

// ---- Grants with credentials of their own

static struct control_own *own_of(struct making *making, struct slice grant)
{
    struct control_known *known = making->known;
    struct control_own *own = table_get(&known->own, grant);
    if (own != NULL)
        return own;
    own = memory_new(sizeof *own);
    own->grant = memory_copy_string(grant.data, grant.length);
    own->fresh = true;
    if (table_put(&known->own, slice_from_string(own->grant), own) == 0) {
        making->control->state.own_count++;
        return own;
    }
    control_own_free(own);
    return NULL;
}

// '#' is in no name.
static void name_own(struct control_own *own, const struct control_known *known)
{
    struct buffer key;
    buffer_init(&key, 0);
    buffer_append_format(&key, "%s#%s", known->key, own->grant);
    if (own->served.key == NULL || !slice_equal_string(buffer_slice(&key), own->served.key)) {
        memory_free(own->served.key);
        own->served.key = memory_copy_string(buffer_slice(&key).data, buffer_slice(&key).length);
        memory_free(own->served.made_of); // under another name it is another one
        own->served.made_of = NULL;
    }
    buffer_release(&key);
}

// False: no memory, and nobody may fall back on what is not his.
static bool make_owns(struct making *making)
{
    const struct control_secrets *secrets = &making->secrets;
    for (size_t i = secrets->shared; i < secrets->count; i++) {
        struct slice grant = secrets->items[i].grant;
        if (i > secrets->shared && slice_equal(grant, secrets->items[i - 1].grant))
            continue;
        struct control_own *own = own_of(making, grant);
        if (own == NULL)
            return false;
        own->kept = true;
        name_own(own, making->known);
        make_and_complain(making, grant, &own->served);
        note_authorizations(making, grant, own->served.key);
    }
    return true;
}

struct sorting {
    struct control_own *gone, *fresh; // lists
};

static void sort_own_cb(void *argument, struct slice grant, void *value)
{
    (void)grant;
    struct sorting *sorting = argument;
    struct control_own *own = value;
    struct control_own **list = !own->kept ? &sorting->gone : own->fresh ? &sorting->fresh : NULL;
    own->kept = own->fresh = false;
    if (list == NULL)
        return;
    own->next = *list;
    *list = own;
}

// Grants whose server is another now learn its name.
static void settle_owns(struct making *making)
{
    struct sorting sorting = {NULL, NULL};
    struct slice organisation = making->row->head.organisation;
    table_each(&making->known->own, sort_own_cb, &sorting);
    for (struct control_own *own = sorting.gone, *next; own != NULL; own = next) {
        next = own->next;
        table_remove(&making->known->own, slice_from_string(own->grant));
        making->control->state.own_count--;
        reload_grant(making->control, making->view, organisation, own->grant);
        control_own_free(own);
    }
    for (struct control_own *own = sorting.fresh; own != NULL; own = own->next)
        reload_grant(making->control, making->view, organisation, own->grant);
}

struct forgetting {
    struct control_state *state;
    struct slice grant;
};

static void forget_own_cb(void *argument, struct slice id, void *value)
{
    (void)id;
    struct forgetting *forgetting = argument;
    struct control_known *known = value;
    struct control_own *own = table_remove(&known->own, forgetting->grant);
    if (own == NULL)
        return;
    forgetting->state->own_count--;
    control_own_free(own);
}

void control_forget_owns(struct control *control, struct slice grant)
{
    struct forgetting forgetting = {&control->state, grant};
    table_each(&control->state.servers, forget_own_cb, &forgetting);
}

// ---- The row of a server

static struct control_known *know(struct control_state *state, const struct store_server *row)
{
    struct control_known *known = memory_new(sizeof *known);
    known->id = memory_copy_string(row->head.id.data, row->head.id.length);
    known->organisation =
        memory_copy_string(row->head.organisation.data, row->head.organisation.length);
    table_init(&known->own);
    if (table_put(&state->servers, slice_from_string(known->id), known) == 0)
        return known;
    memory_free(known->id);
    memory_free(known->organisation);
    memory_free(known);
    return NULL;
}

static void not_served_cb(void *argument, struct slice grant, void *value)
{
    (void)argument;
    (void)grant;
    struct control_own *own = value;
    control_served_clear(&own->served);
}

static void make_server(struct making *making)
{
    struct control_known *known = making->known;
    struct error error = {0};
    int result = making->row->disabled
                     ? ERROR_NOT_FOUND
                     : control_secrets_list(making->view, making->row->head.organisation,
                                            making->row->head.id, &making->secrets, &error);
    if (result == 0) {
        make_and_complain(making, (struct slice){0}, &known->served);
        note_authorizations(making, (struct slice){"", 0}, known->served.key);
        if (make_owns(making)) {
            settle_owns(making);
            control_secrets_release(&making->secrets);
            return;
        }
        result = ERROR_NO_MEMORY;
    }
    control_secrets_release(&making->secrets);
    control_served_clear(&known->served);
    table_each(&known->own, not_served_cb, NULL);
    if (making->row->disabled)
        return;
    known->served.unusable = true;
    control_note_failure(making->control, result);
    log_event(LOG_ERROR, "control", "server '%s' cannot be used: %s", known->key, error.text);
}

void control_load_server_row(struct control *control, struct store_view *view,
                             const struct store_server *row, struct slice organisation_name)
{
    struct control_state *state = &control->state;
    struct control_known *known = control_state_server(state, row->head.id);
    struct slice key = arena_format(store_arena(view), "%.*s/%.*s", SLICE_PRINT(organisation_name),
                                    SLICE_PRINT(row->name));
    if (known == NULL)
        known = know(state, row);
    if (known == NULL || key.data == NULL) {
        control_state_forget_server(state, row->head.id);
        control_note_failure(control, ERROR_NO_MEMORY);
        log_event(LOG_ERROR, "control", "no memory for server '%.*s'", SLICE_PRINT(row->name));
        return;
    }
    bool renamed = known->key != NULL && !slice_equal_string(key, known->key);
    char *before = known->name;
    known->name = memory_copy_string(row->name.data, row->name.length);
    if (known->key == NULL || renamed) {
        memory_free(known->key);
        known->key = memory_copy_string(key.data, key.length);
        memory_free(known->served.key);
        known->served.key = memory_copy_string(key.data, key.length);
        memory_free(known->served.made_of);
        known->served.made_of = NULL;
    }
    struct making making = {.control = control, .view = view, .row = row, .known = known};
    make_server(&making);
    control_load_pins(control, view, row->head.organisation, row->head.id, key);
    if (renamed)
        reload_grants_of(control, view, row->head.organisation, before);
    memory_free(before);
}

void control_load_server(struct control *control, struct store_view *view,
                         struct slice organisation, struct slice id)
{
    struct store_organisation owner = {0};
    struct store_server row = {0};
    struct error error = {0};
    int result = store_get_organisation(view, organisation, organisation, &owner, &error);
    if (result == 0)
        result = store_get_server(view, organisation, id, &row, &error);
    if (result == 0) {
        control_load_server_row(control, view, &row, owner.name);
        return;
    }
    control_note_failure(control, result);
    if (result != ERROR_NOT_FOUND)
        log_event(LOG_ERROR, "control", "a server cannot be read and is not served: %s",
                  error.text);
    control_state_forget_server(&control->state, id);
}
