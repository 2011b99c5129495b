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

enum { USE_MS = 60 * 1000, DESK_MS = 1000 };

struct serve_data {
    struct control *control;
    struct admin *admin;
    struct decisions *decisions; // NULL: there is no decision log
    struct audit_log *log;       // NULL until it is told, or none
    struct notify *notify;       // NULL until its records are read
    struct control_setup setup;
    char *folder;                  // owned
    const char *keep, *keep_bytes; // by flags; borrowed
    struct net_guard *guard;
    struct fetch *fetch;
    struct net_range allowed[NET_GUARD_RANGES_MAX]; // by a flag
    size_t allowed_count;
    struct loop_wake *wake; // NULL until the loop is there
    struct loop_timer *use, *desk;
    pthread_mutex_t lock; // of `wake`, `admin` and `log`
};

static void changed_cb(void *argument)
{
    struct serve_data *data = argument;
    pthread_mutex_lock(&data->lock);
    if (data->wake != NULL)
        loop_wake_send(data->wake);
    pthread_mutex_unlock(&data->lock);
}

static struct audit_keep kept_of(struct serve_data *data)
{
    struct control_retention kept = control_retention(data->control);
    return (struct audit_keep){.ms = (uint64_t)kept.kept[STORE_LOG_KEEP_MS].value,
                               .bytes = (uint64_t)kept.kept[STORE_LOG_KEEP_BYTES].value};
}

// The store's thread, and the loop's. One after the other, so that what is older does not stay.
static void tell_log(struct serve_data *data)
{
    pthread_mutex_lock(&data->lock);
    if (data->log != NULL) {
        struct audit_keep keep = kept_of(data);
        audit_set_keep(data->log, &keep);
    }
    pthread_mutex_unlock(&data->lock);
}

// The store's thread.
static void committed_cb(void *argument, struct store_view *view,
                         const struct store_change *changes, size_t count)
{
    struct serve_data *data = argument;
    (void)view;
    pthread_mutex_lock(&data->lock);
    if (data->admin != NULL)
        admin_tell_changes(data->admin, changes, count);
    pthread_mutex_unlock(&data->lock);
    tell_log(data);
}

// The writer's thread.
static int committing_cb(void *argument, struct store_view *view,
                         const struct store_change *changes, size_t count, struct error *error)
{
    struct serve_data *data = argument;
    pthread_mutex_lock(&data->lock);
    struct notify *notify = data->notify;
    pthread_mutex_unlock(&data->lock);
    return notify == NULL ? 0 : notify_committing(notify, view, changes, count, error);
}

// "RANGE,RANGE"
static int read_ranges(struct serve_data *data, const char *text, struct error *error)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        if (data->allowed_count == NET_GUARD_RANGES_MAX)
            return error_set(error, ERROR_CONFIG, "--allow-outside has more than %d ranges",
                             NET_GUARD_RANGES_MAX);
        int result =
            net_range_parse(slice_of(text, length), &data->allowed[data->allowed_count++], error);
        if (result != 0)
            return result;
        text += length + (text[length] == ',' ? 1 : 0);
    }
    return 0;
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
                                                    .committed = committed_cb,
                                                    .committing = committing_cb,
                                                    .argument = data};
    data->folder = memory_copy_string(options->folder, strlen(options->folder));
    pthread_mutex_init(&data->lock, NULL);
    data->keep = options->keep;
    data->keep_bytes = options->keep_bytes;
    data->guard = net_guard_new();
    int result = read_ranges(data, options->allow_outside, error);
    if (result == 0)
        result = control_open(&control_options, &data->control, error);
    if (result == 0)
        result = control_set_up(data->control, &data->setup, error);
    if (result == 0)
        result = control_open_desk(data->control, error);
    if (result != 0)
        serve_data_close(data);
    else
        *ret = data;
    return result;
}

// The index's thread.
static void advanced_cb(void *argument)
{
    struct serve_data *data = argument;
    pthread_mutex_lock(&data->lock);
    if (data->admin != NULL)
        admin_tell_news(data->admin);
    pthread_mutex_unlock(&data->lock);
}

static int open_decisions(struct serve_data *data, const char *log, struct error *error)
{
    struct buffer path;
    if (log == NULL)
        return 0;
    buffer_init(&path, 0);
    buffer_append_format(&path, "%s/decisions.index", data->folder);
    buffer_append(&path, slice_of("", 1));
    const struct decisions_options options = {
        .log = log, .index = buffer_slice(&path).data, .advanced = advanced_cb, .argument = data};
    int result = path.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                             : decisions_open(&options, &data->decisions, error);
    buffer_release(&path);
    return result;
}

static int open_notify(struct serve_data *data, const struct config *config, struct error *error)
{
    struct notify *notify = NULL;
    int result = serve_open_notify(data->control, data->guard, config, &notify, error);
    pthread_mutex_lock(&data->lock);
    data->notify = notify;
    pthread_mutex_unlock(&data->lock);
    return result;
}

int serve_data_open_admin(struct serve_data *data, const struct config *config, struct error *error)
{
    const struct fetch_options fetch = {.guard = data->guard, .ca_file = config->upstream_ca};
    serve_data_allow_outside(data, config);
    int result = fetch_open(&fetch, &data->fetch, error);
    if (result == 0)
        result = open_notify(data, config, error);
    if (result == 0)
        result = control_ask_outside(data->control, data->fetch, error);
    if (result == 0)
        result = control_fill_catalogue(data->control, error);
    if (result == 0)
        result = open_decisions(data, config->decision_log, error);
    const struct admin_options options = {.control = data->control,
                                          .guard = data->guard,
                                          .fetch = data->fetch,
                                          .upstream_ca = config->upstream_ca,
                                          .decisions = data->decisions,
                                          .notify = data->notify,
                                          .decision_log = config->decision_log,
                                          .folder = data->folder,
                                          .catalogue_public = config->catalogue_public,
                                          .contact_form = config->contact_form};
    struct admin *admin = NULL;
    if (result == 0)
        result = admin_open(&options, &admin, error);
    pthread_mutex_lock(&data->lock);
    data->admin = admin;
    pthread_mutex_unlock(&data->lock);
    return result;
}

void serve_data_allow_outside(struct serve_data *data, const struct config *config)
{
    struct net_range all[NET_GUARD_RANGES_MAX];
    size_t count = data->allowed_count;
    for (size_t i = 0; i < count; i++)
        all[i] = data->allowed[i];
    for (size_t i = 0; i < config->outside_allow_count && count < NET_GUARD_RANGES_MAX; i++)
        all[count++] = config->outside_allow[i];
    net_guard_allow(data->guard, all, count);
}

const struct net_guard *serve_data_guard(const struct serve_data *data)
{
    return data->guard;
}

void serve_data_end_trials(struct serve_data *data)
{
    if (data->admin != NULL)
        admin_end_trials(data->admin);
}

void serve_data_stop_asking(struct serve_data *data)
{
    fetch_stop(data->fetch);
}

void serve_data_close(struct serve_data *data)
{
    if (data == NULL)
        return;
    serve_data_leave(data);
    fetch_stop(data->fetch);
    pthread_mutex_lock(&data->lock);
    struct admin *admin = data->admin;
    data->admin = NULL;
    pthread_mutex_unlock(&data->lock);
    admin_close(admin);
    decisions_close(data->decisions);
    notify_stop(data->notify);
    if (data->control != NULL)
        control_note_use(data->control);
    control_close(data->control);
    notify_close(data->notify); // the last changes still made notices
    fetch_close(data->fetch);
    net_guard_free(data->guard);
    pthread_mutex_destroy(&data->lock);
    memory_wipe(&data->setup, sizeof data->setup);
    memory_free(data->folder);
    memory_free(data);
}

struct control *serve_data_control(struct serve_data *data)
{
    return data->control;
}

struct notify *serve_data_notify(const struct serve_data *data)
{
    return data->notify;
}

const struct decisions *serve_data_decisions(const struct serve_data *data)
{
    return data->decisions;
}

struct admin *serve_data_admin(struct serve_data *data)
{
    return data->admin;
}

struct audit_keep serve_data_say_kept(struct serve_data *data, const struct config *config,
                                      bool file)
{
    const enum control_kept_by none = CONTROL_KEPT_BY_DEFAULT;
    const int64_t ms = (int64_t)config->decision_log_keep_ms;
    const int64_t bytes = (int64_t)config->decision_log_keep_bytes;
    const int64_t audit_ms = (int64_t)config->admin_audit_keep_ms;
    const struct control_retention by_file = {
        {[STORE_LOG_KEEP_MS] = {ms, ms > 0 ? CONTROL_KEPT_BY_FILE : none},
         [STORE_LOG_KEEP_BYTES] = {bytes, bytes > 0 ? CONTROL_KEPT_BY_FILE : none},
         [STORE_AUDIT_KEEP_MS] = {audit_ms, audit_ms > 0 ? CONTROL_KEPT_BY_FILE : none}}};
    const struct control_retention by_flags = {
        {[STORE_LOG_KEEP_MS] = {ms, data->keep != NULL ? CONTROL_KEPT_AT_START : none},
         [STORE_LOG_KEEP_BYTES] = {bytes, data->keep_bytes != NULL ? CONTROL_KEPT_AT_START : none},
         [STORE_AUDIT_KEEP_MS] = {audit_ms, none}}};
    control_say_retention(data->control, file ? &by_file : &by_flags);
    return kept_of(data);
}

void serve_data_sign(struct serve_data *data, struct audit_log *log)
{
    pthread_mutex_lock(&data->lock);
    data->log = log;
    pthread_mutex_unlock(&data->lock);
    tell_log(data);
    control_sign_audit(data->control, log == NULL ? NULL : audit_key_path(log));
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
    // Else a disk fills up, and then calls are denied.
    static const char *const keep[][2] = {{"decision_log_keep", "90d"},
                                          {"decision_log_keep_bytes", "8 GiB"}};
    const char *given[] = {data->keep, data->keep_bytes};
    for (size_t i = 0; i < 2; i++) {
        buffer_append_string(&text, ",");
        json_write_key(&text, keep[i][0]);
        json_write_string(&text, slice_from_string(given[i] != NULL ? given[i] : keep[i][1]));
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
    tell_log(data); // also when a change could not be read the first time
}

static void desk_cb(void *argument)
{
    struct serve_data *data = argument;
    approval_desk_tick(control_desk(data->control));
}

int serve_data_join(struct serve_data *data, struct loop *loop, void (*changed)(void *argument),
                    void *argument, struct error *error)
{
    struct loop_wake *wake = loop_wake_open(loop, changed, argument);
    pthread_mutex_lock(&data->lock);
    data->wake = wake;
    pthread_mutex_unlock(&data->lock);
    data->use = loop_timer_open(loop, use_cb, data);
    data->desk = loop_timer_open(loop, desk_cb, data);
    if (wake == NULL || data->use == NULL || data->desk == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the database's wake-ups");
    loop_timer_start(data->use, USE_MS, USE_MS);
    loop_timer_start(data->desk, DESK_MS, DESK_MS);
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
    if (data->desk != NULL)
        loop_timer_close(data->desk);
    data->desk = NULL;
}

static void set_url(struct serve_data *data, const char *url)
{
    admin_set_public_url(data->admin, url);
    notify_set_public_url(data->notify, url);
    approval_desk_show_pages(control_desk(data->control), url);
}

void serve_data_announce(struct serve_data *data, const struct config *config, const char *address)
{
    char own[300];
    struct slice host;
    uint16_t port;
    snprintf(own, sizeof own, "http%s://%s", config->tls_certificate == NULL ? "" : "s", address);
    const char *url = config->public_url == NULL ? own : config->public_url;
    if (config->public_url != NULL ||
        (config_split_address(slice_from_string(address), &host, &port) &&
         config_is_loopback(host)))
        set_url(data, url);
    if (!data->setup.needed)
        return;
    // Not through the log, whose lines go to many places. What stands behind '#' stays in the
    // browser.
    fprintf(stderr,
            "\nNobody can sign in yet. Make the first admin within an hour, once:\n\n"
            "    %s/setup#%s\n\n",
            url, data->setup.token);
}
