// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// New keys, also while everybody goes on working: the new one is added to the key file, then it
// seals, then what is sealed under others is sealed anew, and then the others leave the file. Until
// the last step the file has all of them, so it may end or be cut off anywhere.
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

enum { ROUNDS = 3 };

struct control_sealing control_sealing(struct control *control)
{
    bool of_file = control->key_file != NULL;
    pthread_mutex_lock(&control->lock);
    size_t count = secret_keys_count(control->kept);
    const struct control_sealing sealing = {.keys = count,
                                            .newest = secret_keys_newest(control->keys),
                                            .of_file = of_file,
                                            .unfinished = of_file && count > 1};
    pthread_mutex_unlock(&control->lock);
    return sealing;
}

// ---- The key file

// Takes the reference over.
static void set_kept(struct control *control, struct secret_keys *keys)
{
    pthread_mutex_lock(&control->lock);
    struct secret_keys *before = control->kept;
    control->kept = keys;
    pthread_mutex_unlock(&control->lock);
    secret_keys_unref(before);
}

// With all that it had when it was last read: the database may be sealed under any of them.
static int load_file(struct control *control, struct secret_keys **ret, struct error *error)
{
    struct secret_keys *keys = NULL;
    int result = secret_keys_load(control->key_file, &keys, error);
    if (result != 0)
        return result == ERROR_NOT_FOUND ? ERROR_CONFIG : result;
    pthread_mutex_lock(&control->lock);
    bool whole = secret_keys_hold(keys, control->kept);
    pthread_mutex_unlock(&control->lock);
    if (whole) {
        *ret = keys;
        return 0;
    }
    secret_keys_unref(keys);
    return error_set(error, ERROR_CONFIG,
                     "the key file '%s' has not the keys any more that the database was opened "
                     "with; put them back",
                     control->key_file);
}

static int check_folder(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? memory_copy_string(".", 1)
                                 : memory_copy_string(path, (size_t)(slash - path) + 1);
    int result = 0;
    if (access(folder, W_OK) != 0)
        result = error_set(error, ERROR_IO, "the key file '%s' cannot be written: %s", path,
                           strerror(errno));
    memory_free(folder);
    return result;
}

int control_next_key(struct control *control, uint32_t *ret, struct error *error)
{
    struct secret_keys *keys = NULL;
    if (control->key_file == NULL)
        return error_set(error, ERROR_UNSUPPORTED,
                         "the keys come from the environment, where they are to be changed");
    int result = load_file(control, &keys, error);
    if (result != 0)
        return result;
    *ret = secret_keys_newest(keys) + (secret_keys_count(keys) > 1 ? 0 : 1);
    secret_keys_unref(keys);
    return check_folder(control->key_file, error);
}

// *ret are the file's keys: a new one is among them, unless it was begun before.
static int add_key(struct control *control, struct secret_keys **ret, struct error *error)
{
    struct secret_keys *keys = NULL;
    int result = load_file(control, &keys, error);
    if (result == 0 && secret_keys_count(keys) == 1) {
        result = secret_keys_add_to_file(control->key_file, keys, error);
        secret_keys_unref(keys);
        keys = NULL;
        if (result == 0)
            result = load_file(control, &keys, error);
    }
    if (result != 0)
        return result;
    set_kept(control, secret_keys_ref(keys));
    *ret = keys;
    return 0;
}

static int drop_old_keys(struct control *control, uint32_t number, struct error *error)
{
    struct secret_keys *keys = NULL, *left = NULL;
    int result = load_file(control, &keys, error);
    if (result == 0 && secret_keys_newest(keys) != number)
        result = error_set(error, ERROR_CONFIG,
                           "the key file '%s' has got another key meanwhile; begin again",
                           control->key_file);
    if (result == 0)
        result = secret_keys_trim(keys, &left, error);
    if (result == 0)
        result = secret_keys_trim_file(control->key_file, keys, error);
    secret_keys_unref(keys);
    if (result == 0)
        set_kept(control, left);
    else
        secret_keys_unref(left);
    return result;
}

// ---- The keys in use

struct swap {
    struct control *control;
    struct secret_keys *file; // NULL: they stay
    const struct control_rotation *rotation;
};

// Tickets and whatever else was read before open with the old keys still.
static int use_keys(struct control *control, const struct secret_keys *file, struct error *error)
{
    struct secret_keys *before = control_keys(control), *joined = NULL, *tickets = NULL;
    int result = secret_keys_join(file, before, &joined, error);
    secret_keys_unref(before);
    if (result == 0 && control->desk != NULL)
        result = control_derive_tickets(joined, &tickets, error);
    if (result != 0) {
        secret_keys_unref(joined);
        return result;
    }
    pthread_mutex_lock(&control->lock);
    before = control->keys;
    control->keys = joined;
    pthread_mutex_unlock(&control->lock);
    secret_keys_unref(before);
    if (control->desk != NULL)
        approval_desk_renew_keys(control->desk, tickets);
    return 0;
}

// In the audit of those who run the gateway; an organisation of another name has no say in it.
static int note(struct store_view *view, uint32_t number, struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    int result = store_find_organisation(view, (struct slice){0}, "name", SLICE_LITERAL("default"),
                                         &owner, error);
    if (result != 0)
        return result == ERROR_NOT_FOUND ? 0 : result;
    struct slice what = arena_format(store_arena(view), "{\"key\":%u}", number);
    return what.data == NULL
               ? error_set(error, ERROR_NO_MEMORY, "out of memory")
               : store_add_audit_act(view, owner.head.id, CONTROL_RESEALS, owner.name, what, error);
}

// A job that writes: what such jobs seal from now on is under the new key.
static int swap_keys(void *argument, struct store_view *view, struct error *error)
{
    const struct swap *swap = argument;
    int result = 0;
    if (!swap->rotation->noted)
        result = note(view, swap->rotation->number, error);
    if (result == 0 && swap->file != NULL)
        result = use_keys(swap->control, swap->file, error);
    return result;
}

// ---- All of it

static int walk(struct control *control, const struct control_rotation *rotation,
                struct control_reseal *reseal, uint64_t all, struct error *error)
{
    enum store_access access = reseal->counts ? STORE_READ : STORE_WRITE;
    int result = 0;
    while (result == 0 && !reseal->over) {
        if (rotation->stop != NULL && atomic_load(rotation->stop))
            return error_set(error, ERROR_CANCELLED, "the gateway is about to stop");
        result = store_run(control->records, access, NULL, control_reseal_some, reseal, error);
        if (result == 0 && rotation->told != NULL && !reseal->counts)
            rotation->told(rotation->argument, reseal->found,
                           all > reseal->found ? all - reseal->found : 0);
    }
    return result;
}

// Looks whether anything is left before it believes that nothing is.
static int reseal_all(struct control *control, struct control_rotation *rotation,
                      struct error *error)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct control_reseal count = control_reseal_begin(control, rotation->number, true);
        struct control_reseal reseal = control_reseal_begin(control, rotation->number, false);
        int result = walk(control, rotation, &count, 0, error);
        if (result != 0 || count.found == 0)
            return result;
        result = walk(control, rotation, &reseal, count.found, error);
        rotation->sealed += reseal.found;
        if (result != 0)
            return result;
    }
    return error_set(error, ERROR_INTERNAL, "some secrets are sealed under an old key again");
}

static int rotate(struct control *control, struct control_rotation *rotation, struct error *error)
{
    struct swap swap = {.control = control, .rotation = rotation};
    bool of_file = control->key_file != NULL;
    int result = of_file ? add_key(control, &swap.file, error) : 0;
    if (result == 0) {
        rotation->number =
            of_file ? secret_keys_newest(swap.file) : control_sealing(control).newest;
        result = store_run(control->records, STORE_WRITE, NULL, swap_keys, &swap, error);
    }
    secret_keys_unref(swap.file);
    if (result == 0)
        result = reseal_all(control, rotation, error);
    if (result == 0 && of_file)
        result = drop_old_keys(control, rotation->number, error);
    return result;
}

int control_rotate_keys(struct control *control, struct control_rotation *rotation,
                        struct error *error)
{
    if (atomic_exchange(&control->rotating, true))
        return error_set(error, ERROR_EXISTS, "everything is being sealed anew already");
    rotation->sealed = 0;
    int result = rotate(control, rotation, error);
    atomic_store(&control->rotating, false);
    if (result == 0)
        log_event(LOG_INFO, "control", "all secrets are sealed under key %u", rotation->number);
    return result;
}
