// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The database of a running gateway: its changes come in on the store's thread and are taken over
// by the main loop.
#include "cli/data_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>

enum { USE_MS = 60 * 1000 };

struct serve_data {
    struct control *control;
    struct admin *admin;
    struct control_setup setup;
    char *folder;           // owned
    struct loop_wake *wake; // NULL until the loop is there
    struct loop_timer *use;
    pthread_mutex_t lock; // of `wake`
};

static void changed_cb(void *argument)
{
    struct serve_data *data = argument;
    pthread_mutex_lock(&data->lock);
    if (data->wake != NULL)
        loop_wake_send(data->wake);
    pthread_mutex_unlock(&data->lock);
}

int serve_data_open(const struct serve_data_options *options, struct serve_data **ret,
                    struct error *error)
{
    struct serve_data *data = memory_new(sizeof *data);
    const struct control_options control_options = {.folder = options->folder,
                                                    .key_file = options->key_file,
                                                    .environment = options->environment,
                                                    .commands_allowed = options->commands_allowed,
                                                    .changed = changed_cb,
                                                    .argument = data};
    data->folder = memory_copy_string(options->folder, strlen(options->folder));
    pthread_mutex_init(&data->lock, NULL);
    int result = control_open(&control_options, &data->control, error);
    if (result == 0)
        result = control_set_up(data->control, &data->setup, error);
    const struct admin_options admin_options = {.control = data->control};
    if (result == 0)
        result = admin_open(&admin_options, &data->admin, error);
    if (result != 0)
        serve_data_close(data);
    else
        *ret = data;
    return result;
}

void serve_data_close(struct serve_data *data)
{
    if (data == NULL)
        return;
    serve_data_leave(data);
    admin_close(data->admin);
    if (data->control != NULL)
        control_note_use(data->control);
    control_close(data->control);
    pthread_mutex_destroy(&data->lock);
    memory_wipe(&data->setup, sizeof data->setup);
    memory_free(data->folder);
    memory_free(data);
}

struct control *serve_data_control(struct serve_data *data)
{
    return data->control;
}

struct admin *serve_data_admin(struct serve_data *data)
{
    return data->admin;
}

void serve_data_sign(struct serve_data *data, const struct audit_log *log,
                     const struct config *config)
{
    control_sign_audit(data->control, log == NULL ? NULL : audit_key_path(log),
                       (int64_t)config->admin_audit_keep_ms);
}

// What a gateway without a configuration file does: it keeps everything in the folder.
int serve_data_default_config(const struct serve_data *data, const char *const *environment,
                              struct config **ret)
{
    struct config_problems problems;
    struct buffer text, path;
    static const char *const files[][2] = {{"decision_log", "decisions.jsonl"},
                                           {"limits_file", "limits.db"}};
    buffer_init(&text, 0);
    for (size_t i = 0; i < 2; i++) {
        buffer_init(&path, 0);
        buffer_append_format(&path, "%s/%s", data->folder, files[i][1]);
        buffer_append_string(&text, i == 0 ? "{" : ",");
        json_write_key(&text, files[i][0]);
        json_write_string(&text, buffer_slice(&path));
        buffer_release(&path);
    }
    buffer_append_string(&text, "}");
    int result = config_load_text(buffer_slice(&text), environment, ret, &problems);
    config_problems_release(&problems);
    buffer_release(&text);
    return result;
}

static void use_cb(void *argument)
{
    struct serve_data *data = argument;
    control_note_use(data->control);
    control_vouch(data->control);
}

int serve_data_join(struct serve_data *data, struct loop *loop, void (*changed)(void *argument),
                    void *argument, struct error *error)
{
    struct loop_wake *wake = loop_wake_open(loop, changed, argument);
    pthread_mutex_lock(&data->lock);
    data->wake = wake;
    pthread_mutex_unlock(&data->lock);
    data->use = loop_timer_open(loop, use_cb, data);
    if (wake == NULL || data->use == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the database's wake-ups");
    loop_timer_start(data->use, USE_MS, USE_MS);
    return 0;
}

void serve_data_leave(struct serve_data *data)
{
    pthread_mutex_lock(&data->lock);
    struct loop_wake *wake = data->wake;
    data->wake = NULL;
    pthread_mutex_unlock(&data->lock);
    if (wake != NULL)
        loop_wake_close(wake);
    if (data->use != NULL)
        loop_timer_close(data->use);
    data->use = NULL;
}

void serve_data_announce(const struct serve_data *data, const char *scheme, const char *address)
{
    if (!data->setup.needed)
        return;
    // Not through the log, whose lines go to many places. What stands behind '#' stays in the
    // browser.
    fprintf(stderr,
            "\nNobody can sign in yet. Make the first admin within an hour, once:\n\n"
            "    %s://%s/setup#%s\n\n",
            scheme, address, data->setup.token);
}
