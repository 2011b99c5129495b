// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The thread that libcurl works on, and the queue to it.
#include "fetch/fetch_internal.h"
#include "base/memory.h"
#include "base/thread.h"

enum { CONNECTIONS_MAX = 64, CONNECTIONS_PER_HOST_MAX = 16, KEPT_MAX = 16, IDLE_MS = 60 * 1000 };

static void leave(struct transfer *transfer)
{
    struct fetch *fetch = transfer->fetch;
    list_remove(&transfer->link);
    transfer_free(transfer);
    pthread_mutex_lock(&fetch->lock);
    fetch->open--;
    pthread_mutex_unlock(&fetch->lock);
}

static struct transfer *take_started(struct fetch *fetch)
{
    struct transfer *transfer = NULL;
    pthread_mutex_lock(&fetch->lock);
    if (!list_empty(&fetch->started)) {
        transfer = LIST_ENTRY(fetch->started.next, struct transfer, link);
        list_remove(&transfer->link);
    }
    pthread_mutex_unlock(&fetch->lock);
    return transfer;
}

static void begin_started(struct fetch *fetch)
{
    struct transfer *transfer;
    while ((transfer = take_started(fetch)) != NULL) {
        list_append(&fetch->running, &transfer->link);
        CURLcode code = transfer_begin(transfer);
        if (code != CURLE_OK && !transfer_goes_on(transfer, code))
            leave(transfer);
    }
}

static void end_finished(struct fetch *fetch)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetch->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result; // the message dies with the handle's removal
        CURL *easy = message->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(fetch->multi, easy);
        if (!transfer_goes_on(transfer, code))
            leave(transfer);
    }
}

bool fetch_is_stopping(struct fetch *fetch)
{
    pthread_mutex_lock(&fetch->lock);
    bool stopping = fetch->stopping;
    pthread_mutex_unlock(&fetch->lock);
    return stopping;
}

static void cancel(struct transfer *transfer)
{
    curl_multi_remove_handle(transfer->fetch->multi, transfer->easy);
    transfer_fail(transfer, ERROR_CANCELLED, "the gateway is stopping");
    leave(transfer);
}

static void *run(void *argument)
{
    struct fetch *fetch = argument;
    struct transfer *transfer;
    int running;
    while (!fetch_is_stopping(fetch)) {
        begin_started(fetch);
        curl_multi_perform(fetch->multi, &running);
        end_finished(fetch);
        curl_multi_poll(fetch->multi, NULL, 0, IDLE_MS, NULL);
    }
    LIST_EACH(&fetch->running, link)
    cancel(LIST_ENTRY(link, struct transfer, link));
    while ((transfer = take_started(fetch)) != NULL)
        cancel(transfer);
    return NULL;
}

int fetch_open(const struct fetch_options *options, struct fetch **ret, struct error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, ERROR_INTERNAL, "libcurl cannot be used");
    struct fetch *fetch = memory_new(sizeof *fetch);
    fetch->guard = options->guard;
    if (options->ca_file != NULL)
        fetch->ca_file = memory_copy_string(options->ca_file, strlen(options->ca_file));
    list_init(&fetch->started);
    list_init(&fetch->running);
    pthread_mutex_init(&fetch->lock, NULL);
    fetch->multi = curl_multi_init();
    bool good = fetch->multi != NULL;
    if (good) {
        curl_multi_setopt(fetch->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
        curl_multi_setopt(fetch->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                          (long)CONNECTIONS_PER_HOST_MAX);
        curl_multi_setopt(fetch->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_MAX);
        good = thread_start(&fetch->thread, run, fetch) == 0;
    }
    if (good) {
        *ret = fetch;
        return 0;
    }
    fetch->joined = true; // there is no thread to wait for
    fetch_close(fetch);
    return error_set(error, ERROR_NO_MEMORY, "no memory for requests to outside");
}

void fetch_halt(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    pthread_mutex_lock(&fetch->lock);
    fetch->stopping = true;
    pthread_mutex_unlock(&fetch->lock);
    if (fetch->multi != NULL)
        curl_multi_wakeup(fetch->multi);
}

void fetch_stop(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    fetch_halt(fetch);
    pthread_mutex_lock(&fetch->lock);
    bool mine = !fetch->joined;
    fetch->joined = true;
    pthread_mutex_unlock(&fetch->lock);
    if (mine)
        pthread_join(fetch->thread, NULL);
}

void fetch_close(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    fetch_stop(fetch);
    curl_multi_cleanup(fetch->multi);
    pthread_mutex_destroy(&fetch->lock);
    memory_free(fetch->ca_file);
    memory_free(fetch);
    curl_global_cleanup();
}

int fetch_put(struct transfer *transfer, fetch_done_cb done, void *argument, struct error *error)
{
    struct fetch *fetch = transfer->fetch;
    int result = 0;
    transfer->done = done;
    transfer->argument = argument;
    pthread_mutex_lock(&fetch->lock);
    if (fetch->stopping)
        result = error_set(error, ERROR_CANCELLED, "the gateway is stopping");
    else if (fetch->open >= FETCH_OPEN_MAX)
        result = error_set(error, ERROR_LIMIT, "more than %d requests to outside are under way",
                           FETCH_OPEN_MAX);
    if (result == 0) {
        fetch->open++;
        list_append(&fetch->started, &transfer->link);
    }
    pthread_mutex_unlock(&fetch->lock);
    if (result == 0)
        curl_multi_wakeup(fetch->multi);
    else
        transfer_free(transfer);
    return result;
}

int fetch_start(struct fetch *fetch, const struct fetch_request *request, fetch_done_cb done,
                void *argument, struct error *error)
{
    struct transfer *transfer = NULL;
    int result = transfer_new(fetch, request, &transfer, error);
    return result == 0 ? fetch_put(transfer, done, argument, error) : result;
}
