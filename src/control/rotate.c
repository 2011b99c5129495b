// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// New keys: everything that is sealed, sealed anew.
#include "control/control_internal.h"

#include "base/clock.h"
#include "store/walk.h"

enum { PAGE = 100, BATCH = 100 };

struct rotation {
    struct control *control;
    struct secret_keys *keys; // the new ones, until they are in use
    size_t left;              // for this job
    size_t count;
};

// ---- One record

// Seals it anew, unless that is done.
static int reseal_value(struct rotation *rotation, struct store_view *view, struct slice place,
                        struct slice *value, bool *ret_changed, struct error *error)
{
    struct control *control = rotation->control;
    struct buffer plain;
    if (value->length == 0 || secret_key_of(*value) == secret_keys_newest(control->keys))
        return 0;
    buffer_init(&plain, 0);
    int result = control_open_in(control, *value, place, &plain, error);
    if (result == 0)
        result = control_seal_in(control, view, buffer_slice(&plain), place, value, error);
    buffer_wipe(&plain);
    *ret_changed = true;
    return result;
}

static int reseal_credential(struct rotation *rotation, struct store_view *view, const void *record,
                             struct error *error)
{
    const struct store_credential *row = record;
    struct store_credential credential = *row;
    bool changed = false;
    int result = reseal_value(rotation, view, control_place_of(row, store_arena(view)),
                              &credential.sealed, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_credential(view, &credential, error);
}

static int reseal_bearer(struct rotation *rotation, struct store_view *view, const void *record,
                         struct error *error)
{
    const struct store_bearer *row = record;
    struct store_bearer bearer = *row;
    struct arena *arena = store_arena(view);
    bool changed = false;
    int result = reseal_value(
        rotation, view,
        control_place_of_token(row->head.organisation, row->authorization, "access", arena),
        &bearer.access, &changed, error);
    if (result == 0)
        result = reseal_value(
            rotation, view,
            control_place_of_token(row->head.organisation, row->authorization, "refresh", arena),
            &bearer.refresh, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_bearer(view, &bearer, error);
}

static int reseal_client(struct rotation *rotation, struct store_view *view, const void *record,
                         struct error *error)
{
    const struct store_authorization *row = record;
    struct store_authorization authorization = *row;
    bool changed = false;
    int result = reseal_value(
        rotation, view,
        control_place_of_token(row->head.organisation, row->head.id, "secret", store_arena(view)),
        &authorization.client_secret, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_authorization(view, &authorization, error);
}

static int reseal_provider(struct rotation *rotation, struct store_view *view, const void *record,
                           struct error *error)
{
    const struct store_provider *row = record;
    struct store_provider provider = *row;
    bool changed = false;
    int result = reseal_value(rotation, view, control_place_of_provider(row, store_arena(view)),
                              &provider.sealed, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_provider(view, &provider, error);
}

static int reseal_channel(struct rotation *rotation, struct store_view *view, const void *record,
                          struct error *error)
{
    const struct store_channel *row = record;
    struct store_channel channel = *row;
    bool changed = false;
    int result = reseal_value(rotation, view, control_place_of_channel(row, store_arena(view)),
                              &channel.sealed, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_channel(view, &channel, error);
}

// A list has no arguments.
static int reseal_question(struct rotation *rotation, struct store_view *view, const void *record,
                           struct error *error)
{
    const struct store_question *listed = record;
    struct store_question row = {.state = STORE_ASKED};
    bool changed = false;
    int result = store_get_question(view, listed->head.organisation, listed->head.id, &row, error);
    if (result == 0)
        result = reseal_value(rotation, view, control_place_of_question(&row, store_arena(view)),
                              &row.arguments, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_question(view, &row, error);
}

// ---- All records

static const struct sealed_kind {
    enum store_kind kind;
    int (*reseal)(struct rotation *rotation, struct store_view *view, const void *record,
                  struct error *error);
} kinds[] = {
    {STORE_CREDENTIAL, reseal_credential}, {STORE_AUTHORIZATION, reseal_client},
    {STORE_BEARER, reseal_bearer},         {STORE_PROVIDER, reseal_provider},
    {STORE_CHANNEL, reseal_channel},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int reseal_kind(struct rotation *rotation, struct store_view *view,
                       const struct sealed_kind *kind, struct slice organisation,
                       struct error *error)
{
    struct store_walk walk = store_walk_over(kind->kind, organisation, PAGE);
    int result = 0;
    while (rotation->left > 0 && store_walk_next(&walk, view, &result, error))
        result = kind->reseal(rotation, view, walk.row, error);
    return result;
}

// Those that are open, and those of the last days, which may be over but have arguments still.
static int reseal_questions(struct rotation *rotation, struct store_view *view,
                            struct slice organisation, struct error *error)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    int64_t since_ms = clock_wall_ms() - APPROVAL_LIFE_MAX_MS - (STORE_ARGUMENTS_DAYS + 1) * day_ms;
    struct store_walk walk = store_walk_over(STORE_QUESTION, organisation, PAGE);
    int result = 0;
    walk.page.newest_first = true;
    while (rotation->left > 0 && store_walk_next(&walk, view, &result, error)) {
        const struct store_question *row = walk.row;
        if (row->head.created_ms < since_ms)
            break;
        result = reseal_question(rotation, view, row, error);
    }
    return result;
}

static int reseal_organisation(struct rotation *rotation, struct store_view *view,
                               struct slice organisation, struct error *error)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < KINDS; i++)
        result = reseal_kind(rotation, view, &kinds[i], organisation, error);
    return result == 0 ? reseal_questions(rotation, view, organisation, error) : result;
}

// As many as are left for this job, so that others need not wait for all of them. The new keys hold
// the old ones: nothing is lost when this ends half way.
static int reseal_some(void *argument, struct store_view *view, struct error *error)
{
    struct rotation *rotation = argument;
    struct secret_keys *before = rotation->control->keys;
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    if (rotation->keys != NULL) {
        rotation->control->keys = rotation->keys;
        rotation->keys = NULL;
        secret_keys_free(before);
    }
    while (rotation->left > 0 && store_walk_next(&walk, view, &result, error))
        result = reseal_organisation(rotation, view, walk.id, error);
    return result;
}

static int reseal_all(struct rotation *rotation, struct error *error)
{
    int result = 0;
    do {
        rotation->left = BATCH;
        result =
            store_run(rotation->control->records, STORE_WRITE, NULL, reseal_some, rotation, error);
        rotation->count += result == 0 ? BATCH - rotation->left : 0;
    } while (result == 0 && rotation->left == 0);
    return result;
}

// Reads the key file and adds a key to it.
static int add_key(const char *path, struct secret_keys **ret, struct error *error)
{
    struct secret_keys *before = NULL;
    int result = secret_keys_load(path, &before, error);
    if (result == 0)
        result = secret_keys_add_to_file(path, before, error);
    secret_keys_free(before);
    return result == 0 ? secret_keys_load(path, ret, error) : result;
}

static int drop_old_keys(const char *path, struct error *error)
{
    struct secret_keys *keys = NULL;
    int result = secret_keys_load(path, &keys, error);
    if (result == 0)
        result = secret_keys_trim_file(path, keys, error);
    secret_keys_free(keys);
    return result;
}

int control_rotate_keys(struct control *control, size_t *ret_count, struct error *error)
{
    struct rotation rotation = {.control = control};
    bool of_file = control->key_file != NULL;
    int result = of_file ? add_key(control->key_file, &rotation.keys, error) : 0;
    if (result == 0)
        result = reseal_all(&rotation, error);
    secret_keys_free(rotation.keys);
    if (result == 0 && of_file)
        result = drop_old_keys(control->key_file, error);
    if (result == 0)
        *ret_count = rotation.count;
    return result;
}
