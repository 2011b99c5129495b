// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "store/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char keys_variable[] = "SALLYPORT_KEYS", database_name[] = "control.db";

char *control_path_in(const char *folder, const char *name)
{
    struct buffer path;
    buffer_init(&path, 0);
    buffer_append_format(&path, "%s/%s", folder, name);
    char *copy = memory_copy_string(buffer_slice(&path).data, buffer_slice(&path).length);
    buffer_release(&path);
    return copy;
}

static int make_folder(const char *folder, struct error *error)
{
    struct stat status;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return error_set(error, ERROR_IO, "the folder '%s' cannot be made: %s", folder,
                         strerror(errno));
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
        return error_set(error, ERROR_CONFIG, "'%s' is not a folder", folder);
    if ((status.st_mode & 077) != 0)
        return error_set(error, ERROR_CONFIG,
                         "the folder '%s' is open to others than its owner; chmod 700", folder);
    return 0;
}

// Two gateways with one database would judge by rules that they do not tell each other about.
static int lock_folder(struct control *control, struct error *error)
{
    char *path = control_path_in(control->folder, "lock");
    control->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int result = 0;
    if (control->lock_fd < 0)
        result = error_set(error, ERROR_IO, "'%s' cannot be opened: %s", path, strerror(errno));
    else if (flock(control->lock_fd, LOCK_EX | LOCK_NB) != 0)
        result = error_set(error, ERROR_IO, "the folder '%s' is in use by another process",
                           control->folder);
    memory_free(path);
    return result;
}

static int load_keys(struct control *control, struct error *error)
{
    struct slice given = slice_from_string(
        config_variable(control->options.environment, slice_from_string(keys_variable)));
    if (given.length > 0) {
        struct error inner = {0};
        int result = secret_keys_parse(given, &control->keys, &inner);
        return result == 0 ? 0
                           : error_set(error, result, "environment variable '%s': %s",
                                       keys_variable, inner.text);
    }
    bool own = control->options.key_file == NULL;
    control->key_file =
        own ? control_path_in(control->folder, "keys")
            : memory_copy_string(control->options.key_file, strlen(control->options.key_file));
    int result = secret_keys_load(control->key_file, &control->keys, error);
    // A lost key file must not be replaced in silence: what is sealed would be lost.
    char *database = control_path_in(control->folder, database_name);
    bool fresh = access(database, F_OK) != 0;
    memory_free(database);
    if (result != ERROR_NOT_FOUND || !own || !fresh)
        return result == ERROR_NOT_FOUND ? ERROR_CONFIG : result;
    result = secret_keys_add_to_file(control->key_file, NULL, error);
    return result == 0 ? secret_keys_load(control->key_file, &control->keys, error) : result;
}

static int committing(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count, struct error *error)
{
    const struct control_options *options = &((struct control *)argument)->options;
    return options->committing == NULL
               ? 0
               : options->committing(options->argument, view, changes, count, error);
}

static int open_records(struct control *control, struct error *error)
{
    char *path = control_path_in(control->folder, database_name);
    const struct store_records_options options = {.path = path,
                                                  .committing = committing,
                                                  .committed = control_committed,
                                                  .argument = control};
    int result = store_records_open(&options, &control->records, error);
    memory_free(path);
    return result;
}

// Wrong keys show at the start and not when a server cannot be reached.
static int try_keys(struct control *control, struct store_view *view, struct slice organisation,
                    struct error *error)
{
    const struct store_credential *credential = NULL;
    const struct store_page page = {.limit = 1, .newest_first = true};
    struct buffer plain;
    size_t found = 0;
    int result = store_list_credential(view, organisation, (struct slice){0}, &page, &credential,
                                       &found, NULL, error);
    if (result != 0 || found == 0)
        return result;
    buffer_init(&plain, 0);
    struct slice place = control_place_of(credential, store_arena(view));
    if (secret_open(control->keys, credential->sealed, place, &plain, NULL) != 0)
        result = error_set(error, ERROR_CONFIG,
                           "credentials are sealed under a key %u that is not among the keys "
                           "given; restore it",
                           secret_key_of(credential->sealed));
    buffer_wipe(&plain);
    return result;
}

static int check_keys(struct control *control, struct store_view *view, struct error *error)
{
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    while (store_walk_next(&walk, view, &result, error))
        result = try_keys(control, view, walk.id, error);
    return result;
}

static int load_everything(void *argument, struct store_view *view, struct error *error)
{
    struct control *control = argument;
    control->state.grants = identity_table_new();
    int result = check_keys(control, view, error);
    if (result == 0)
        result = control_load_all(control, view, error);
    if (result == 0)
        control_publish(control);
    return result;
}

int control_open(const struct control_options *options, struct control **ret, struct error *error)
{
    struct control *control = memory_new(sizeof *control);
    control->options = *options;
    control->lock_fd = -1;
    control->settled = (struct waker){-1, -1};
    control->folder = memory_copy_string(options->folder, strlen(options->folder));
    control->used_before_ms = clock_wall_ms();
    pthread_mutex_init(&control->lock, NULL);
    control_vouch_open(&control->vouch);
    control_sightings_open(&control->sightings);
    control_filler_open(&control->filler);
    bool ready = waker_open(&control->settled) == 0;
    int result = ready ? make_folder(control->folder, error)
                       : error_set(error, ERROR_IO, "no descriptors for the database");
    if (result == 0)
        result = lock_folder(control, error);
    if (result == 0)
        result = control_state_open(&control->state, error);
    if (result == 0)
        result = control_authorizer_new(control, &control->authorizer, error);
    if (result == 0)
        result = load_keys(control, error);
    if (result == 0)
        control->kept = secret_keys_ref(control->keys);
    if (result == 0)
        result = open_records(control, error);
    // On the writer's thread, whose the state is.
    if (result == 0)
        result = store_run(control->records, STORE_WRITE, NULL, load_everything, control, error);
    if (result != 0)
        control_close(control);
    else
        *ret = control;
    return result;
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    control_vouch_last(control);
    control_sightings_end(&control->sightings);
    control_filler_stop(&control->filler);        // it asks the records
    control_authorizer_stop(control->authorizer); // it asks the records
    pthread_mutex_lock(&control->lock);
    control->closing = true;
    pthread_mutex_unlock(&control->lock);
    waker_wake(&control->settled);
    if (control->desk != NULL)
        approval_desk_stop(control->desk);
    store_records_close(control->records);
    approval_desk_free(control->desk);
    control_authorizer_close(control->authorizer);
    control_pendings_free(control);
    control_rules_unref(control->rules);
    control_state_close(&control->state);
    control_vouch_close(&control->vouch);
    control_sightings_close(&control->sightings);
    control_filler_close(&control->filler);
    secret_keys_unref(control->keys);
    secret_keys_unref(control->kept);
    if (control->lock_fd >= 0)
        close(control->lock_fd);
    waker_close(&control->settled);
    pthread_mutex_destroy(&control->lock);
    memory_free(control->folder);
    memory_free(control->key_file);
    memory_free(control);
}

struct store_records *control_records(struct control *control)
{
    return control->records;
}
