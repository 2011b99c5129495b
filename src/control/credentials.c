// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Credentials of servers: sealed as they come in, opened only to be sent. The keys belong to the
// writer's thread once the database is open.
#include "control/control_internal.h"

#include "base/memory.h"

enum { PAGE = 100, BATCH = 100 };

static int seal(struct control *control, struct store_view *view,
                struct store_credential *credential, struct slice plain, struct error *error)
{
    struct buffer sealed;
    buffer_init(&sealed, 0);
    struct slice place = control_place_of(credential, store_arena(view));
    int result = place.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : secret_seal(control->keys, plain, place, &sealed, error);
    credential->sealed = arena_copy(store_arena(view), buffer_slice(&sealed));
    if (result == 0 && credential->sealed.data == NULL)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    buffer_release(&sealed);
    return result;
}

// With all the others that go with it: the names of two may be one to HTTP.
static int try_server(struct control *control, struct store_view *view,
                      const struct store_credential *credential, struct error *error)
{
    struct store_server server = {.transport = STORE_HTTP};
    struct control_secrets all = {.count = 0}, chosen = {.count = 0};
    int result =
        store_get_server(view, credential->head.organisation, credential->server, &server, error);
    if (result == 0)
        result = control_secrets_list(view, credential->head.organisation, credential->server, &all,
                                      error);
    if (result == 0)
        result = control_secrets_choose(&all, credential->grant, &chosen, error);
    if (result == 0)
        result = control_server_try(control, &server, &chosen, error);
    control_secrets_release(&chosen);
    control_secrets_release(&all);
    return result;
}

// The id is part of what a credential is sealed with, so it must be known before.
int control_set_credential(struct control *control, struct store_view *view,
                           struct store_credential *credential, struct slice plain,
                           struct error *error)
{
    bool known = credential->head.id.length > 0;
    int result = 0;
    if (!known) {
        credential->sealed = SLICE_LITERAL("-");
        result = store_add_credential(view, credential, error);
    }
    if (result == 0)
        result = seal(control, view, credential, plain, error);
    if (result == 0)
        result = store_change_credential(view, credential, error);
    return result == 0 ? try_server(control, view, credential, error) : result;
}

// ---- Secrets at identity providers

static struct slice place_of_provider(const struct store_provider *provider, struct arena *arena)
{
    return arena_format(arena, "provider/%.*s/%.*s", SLICE_PRINT(provider->head.organisation),
                        SLICE_PRINT(provider->head.id));
}

int control_seal_provider(struct control *control, struct store_view *view,
                          struct store_provider *provider, struct slice plain, struct error *error)
{
    struct buffer sealed;
    provider->sealed = (struct slice){"", 0};
    if (plain.length == 0)
        return 0;
    buffer_init(&sealed, 0);
    struct slice place = place_of_provider(provider, store_arena(view));
    int result = place.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : secret_seal(control->keys, plain, place, &sealed, error);
    provider->sealed = arena_copy(store_arena(view), buffer_slice(&sealed));
    if (result == 0 && provider->sealed.data == NULL)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    buffer_release(&sealed);
    return result;
}

int control_open_provider(struct control *control, const struct store_provider *provider,
                          struct buffer *out, struct error *error)
{
    struct arena arena;
    if (provider->sealed.length == 0)
        return 0;
    arena_init(&arena, 4096);
    struct slice place = place_of_provider(provider, &arena);
    buffer_reserve(out, provider->sealed.length + 1); // growing would leave a copy behind
    int result = place.data == NULL
                     ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                     : secret_open(control->keys, provider->sealed, place, out, error);
    arena_release(&arena);
    return result;
}

// ---- New keys

struct rotation {
    struct control *control;
    struct secret_keys *keys; // the new ones, until they are in use
    size_t left;              // for this job
    size_t count;
};

static int reseal(struct rotation *rotation, struct store_view *view,
                  const struct store_credential *row, struct error *error)
{
    struct control *control = rotation->control;
    struct store_credential credential = *row;
    struct buffer plain;
    if (secret_key_of(row->sealed) == secret_keys_newest(control->keys))
        return 0;
    buffer_init(&plain, 0);
    buffer_reserve(&plain, row->sealed.length + 1);
    struct slice place = control_place_of(row, store_arena(view));
    int result = place.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : secret_open(control->keys, row->sealed, place, &plain, error);
    if (result == 0)
        result = seal(control, view, &credential, buffer_slice(&plain), error);
    if (result == 0)
        result = store_change_credential(view, &credential, error);
    if (plain.data != NULL)
        memory_wipe(plain.data, plain.capacity);
    buffer_release(&plain);
    rotation->left--;
    return result;
}

// A value of another record, which knows itself where it is kept.
static int reseal_value(struct rotation *rotation, struct store_view *view, struct slice place,
                        struct slice *value, bool *ret_changed, struct error *error)
{
    struct control *control = rotation->control;
    struct buffer plain;
    if (value->length == 0 || secret_key_of(*value) == secret_keys_newest(control->keys))
        return 0;
    buffer_init(&plain, 0);
    buffer_reserve(&plain, value->length + 1);
    int result = place.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : secret_open(control->keys, *value, place, &plain, error);
    if (result == 0)
        result = control_seal_in(control, view, buffer_slice(&plain), place, value, error);
    if (plain.data != NULL)
        memory_wipe(plain.data, plain.capacity);
    buffer_release(&plain);
    *ret_changed = true;
    return result;
}

static int reseal_bearer(struct rotation *rotation, struct store_view *view,
                         const struct store_bearer *row, struct error *error)
{
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

static int reseal_client(struct rotation *rotation, struct store_view *view,
                         const struct store_authorization *row, struct error *error)
{
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

static int reseal_authorizations(struct rotation *rotation, struct store_view *view,
                                 struct slice organisation, struct error *error)
{
    for (struct control_walk walk = control_walk_start(PAGE); walk.more && rotation->left > 0;) {
        const struct store_authorization *rows = NULL;
        size_t count = 0;
        int result = store_list_authorization(view, organisation, (struct slice){0}, &walk.page,
                                              &rows, &count, &walk.more, error);
        for (size_t i = 0; result == 0 && i < count && rotation->left > 0; i++)
            result = reseal_client(rotation, view, &rows[i], error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[count - 1].head);
        store_forget(view);
    }
    for (struct control_walk walk = control_walk_start(PAGE); walk.more && rotation->left > 0;) {
        const struct store_bearer *rows = NULL;
        size_t count = 0;
        int result = store_list_bearer(view, organisation, (struct slice){0}, &walk.page, &rows,
                                       &count, &walk.more, error);
        for (size_t i = 0; result == 0 && i < count && rotation->left > 0; i++)
            result = reseal_bearer(rotation, view, &rows[i], error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[count - 1].head);
        store_forget(view);
    }
    return 0;
}

static int reseal_organisation(struct rotation *rotation, struct store_view *view,
                               struct slice organisation, struct error *error)
{
    for (struct control_walk walk = control_walk_start(PAGE); walk.more && rotation->left > 0;) {
        const struct store_credential *rows = NULL;
        size_t count = 0;
        int result = store_list_credential(view, organisation, (struct slice){0}, &walk.page, &rows,
                                           &count, &walk.more, error);
        for (size_t i = 0; result == 0 && i < count && rotation->left > 0; i++)
            result = reseal(rotation, view, &rows[i], error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[count - 1].head);
        store_forget(view);
    }
    return reseal_authorizations(rotation, view, organisation, error);
}

static int reseal_provider(struct rotation *rotation, struct store_view *view,
                           const struct store_provider *row, struct error *error)
{
    struct store_provider provider = *row;
    bool changed = false;
    int result = reseal_value(rotation, view, place_of_provider(row, store_arena(view)),
                              &provider.sealed, &changed, error);
    if (result != 0 || !changed)
        return result;
    rotation->left--;
    return store_change_provider(view, &provider, error);
}

static int reseal_providers(struct rotation *rotation, struct store_view *view,
                            struct slice organisation, struct error *error)
{
    for (struct control_walk walk = control_walk_start(PAGE); walk.more && rotation->left > 0;) {
        const struct store_provider *rows = NULL;
        size_t count = 0;
        int result = store_list_provider(view, organisation, (struct slice){0}, &walk.page, &rows,
                                         &count, &walk.more, error);
        for (size_t i = 0; result == 0 && i < count && rotation->left > 0; i++)
            result = reseal_provider(rotation, view, &rows[i], error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[count - 1].head);
        store_forget(view);
    }
    return 0;
}

// As many as are left for this job, so that others need not wait for all of them. The new keys hold
// the old ones: nothing is lost when this ends half way.
static int reseal_some(void *argument, struct store_view *view, struct error *error)
{
    struct rotation *rotation = argument;
    struct secret_keys *before = rotation->control->keys;
    if (rotation->keys != NULL) {
        rotation->control->keys = rotation->keys;
        rotation->keys = NULL;
        secret_keys_free(before);
    }
    for (struct control_walk walk = control_walk_start(1); walk.more && rotation->left > 0;) {
        const struct store_organisation *rows = NULL;
        size_t count = 0;
        int result = store_list_organisation(view, (struct slice){0}, (struct slice){0}, &walk.page,
                                             &rows, &count, &walk.more, error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[0].head);
        store_forget(view);
        result = count == 0 ? 0 : reseal_organisation(rotation, view, walk.page.after, error);
        if (result == 0 && count > 0)
            result = reseal_providers(rotation, view, walk.page.after, error);
        if (result != 0)
            return result;
    }
    return 0;
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
