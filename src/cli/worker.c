// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A worker: an event loop with a gateway and a listener of its own. The first one runs in the main
// thread, which tells the others what to do; what it says waits in a mailbox until they look.
#include "cli/worker_internal.h"

#include "base/log.h"
#include "base/thread.h"

static void stop_cb(void *argument)
{
    struct worker *worker = argument;
    loop_stop(worker->gateway.loop);
}

static void drained_cb(void *argument)
{
    struct worker *worker = argument;
    worker->drained(worker->argument);
}

void worker_drain(struct worker *worker)
{
    pipeline_begin_drain(worker->gateway.pipeline);
    pipeline_end_streams(worker->gateway.pipeline);
    if (worker->admin != NULL)
        admin_face_end_streams(worker->admin);
    atomic_store(&worker->draining, true);
    http_server_drain(worker->server, drained_cb, worker);
}

bool worker_is_draining(struct worker *worker)
{
    return atomic_load(&worker->draining);
}

// A worker that cannot follow the others must not go on by rules that are no longer in force.
static void refuse_all(struct worker *worker)
{
    const struct pipeline_rules nothing = {.grants = worker->nobody};
    if (pipeline_apply(worker->gateway.pipeline, &nothing) != 0)
        log_event(LOG_ERROR, "serve", "worker %zu has no memory left", worker->number);
}

void worker_trust_proxies(struct worker *worker)
{
    const struct config *config = worker->gateway.config;
    const struct http_trust trust = {config->trusted_proxies, config->trusted_proxy_count,
                                     config->forwarded_header};
    if (worker->server != NULL && http_server_trust(worker->server, &trust) != 0)
        log_event(LOG_ERROR, "serve", "no memory for the trusted proxies; none is trusted");
}

static void follow(struct worker *worker, struct gateway_snapshot *snapshot)
{
    struct error error = {0};
    if (gateway_apply(&worker->gateway, snapshot, &error) == 0) {
        worker_trust_proxies(worker);
        return;
    }
    log_event(LOG_ERROR, "serve",
              "worker %zu cannot use the configuration: %s; it refuses every call until it can",
              worker->number, error.text);
    refuse_all(worker);
}

void worker_apply(struct worker *worker, struct gateway_snapshot *snapshot)
{
    if (!worker_is_draining(worker))
        follow(worker, snapshot);
    atomic_store(&worker->serial, gateway_snapshot_serial(snapshot));
    if (worker->applied != NULL)
        worker->applied(worker->argument);
}

static void mail_cb(void *argument)
{
    struct worker *worker = argument;
    pthread_mutex_lock(&worker->lock);
    struct worker_mail mail = worker->mail;
    worker->mail = (struct worker_mail){0};
    pthread_mutex_unlock(&worker->lock);
    if (mail.snapshot != NULL)
        worker_apply(worker, mail.snapshot);
    else if (mail.refuse)
        refuse_all(worker);
    gateway_snapshot_unref(mail.snapshot);
    if (mail.drain)
        worker_drain(worker);
    if (mail.stop)
        loop_stop(worker->gateway.loop);
}

void worker_tell(struct worker *worker, struct worker_mail mail)
{
    pthread_mutex_lock(&worker->lock);
    if (mail.snapshot != NULL) {
        gateway_snapshot_unref(worker->mail.snapshot); // one that it never looked at
        worker->mail.snapshot = gateway_snapshot_ref(mail.snapshot);
    }
    worker->mail.refuse = mail.refuse || (worker->mail.refuse && mail.snapshot == NULL);
    worker->mail.drain |= mail.drain;
    worker->mail.stop |= mail.stop;
    pthread_mutex_unlock(&worker->lock);
    loop_wake_send(worker->wake);
}

int worker_open(struct worker *worker, struct gateway_stores *stores, size_t number,
                struct gateway_snapshot *snapshot, struct error *error)
{
    worker->number = number;
    pthread_mutex_init(&worker->lock, NULL);
    worker->opened = true;
    worker->nobody = identity_table_new();
    atomic_init(&worker->serial, gateway_snapshot_serial(snapshot));
    int result = gateway_open(&worker->gateway, stores, number, snapshot, error);
    if (result != 0)
        return result;
    worker->wake = loop_wake_open(worker->gateway.loop, mail_cb, worker);
    return worker->wake != NULL && worker->nobody != NULL
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "no memory for a worker");
}

int worker_add_admin(struct worker *worker, struct admin *admin, struct error *error)
{
    worker->admin = admin_face_new(admin, worker->gateway.loop);
    return worker->admin != NULL ? 0 : error_set(error, ERROR_NO_MEMORY, "no memory for a worker");
}

static void handle_cb(void *argument, struct http_reply *reply, const struct http_request *request)
{
    struct worker *worker = argument;
    struct pipeline *pipeline = worker->gateway.pipeline;
    if (worker->admin != NULL && admin_owns(request))
        admin_handle(worker->admin, reply, request, pipeline_admits(pipeline, request));
    else
        pipeline_handle_http(pipeline, reply, request);
}

static void refused_cb(void *argument, int status, const char *reason, struct slice peer)
{
    struct worker *worker = argument;
    pipeline_handle_refused(worker->gateway.pipeline, status, reason, peer);
}

int worker_listen(struct worker *worker, const char *address,
                  const struct http_server_options *options, struct error *error)
{
    struct http_server_options own = *options;
    own.waiting = &worker->gateway.waiting;
    int result = http_server_open(worker->gateway.loop, address, &own, handle_cb, refused_cb,
                                  worker, &worker->server, error);
    if (result == 0)
        worker_trust_proxies(worker);
    return result;
}

// Children get their orderly end before the program's.
void worker_finish(struct worker *worker)
{
    struct gateway *gateway = &worker->gateway;
    if (worker->server != NULL)
        http_server_free(worker->server);
    worker->server = NULL;
    admin_face_free(worker->admin);
    worker->admin = NULL;
    pipeline_free(gateway->pipeline);
    gateway->pipeline = NULL;
    if (gateway->upstreams == NULL)
        return;
    loop_defer(gateway->loop, stop_cb, worker); // runs what is deferred, also if nothing waits
    loop_run(gateway->loop);
    bool waiting = upstream_set_has_children(gateway->upstreams);
    upstream_set_drain(gateway->upstreams, stop_cb, worker);
    if (waiting)
        loop_run(gateway->loop);
}

static void *run_cb(void *argument)
{
    struct worker *worker = argument;
    loop_run(worker->gateway.loop);
    worker_finish(worker);
    return NULL;
}

int worker_start(struct worker *worker, struct error *error)
{
    if (thread_start(&worker->thread, run_cb, worker) != 0)
        return error_set(error, ERROR_NO_MEMORY, "the thread of a worker cannot be started");
    worker->started = true;
    return 0;
}

void worker_close(struct worker *worker)
{
    if (!worker->opened)
        return;
    if (worker->started)
        pthread_join(worker->thread, NULL);
    else
        worker_finish(worker);
    gateway_snapshot_unref(worker->mail.snapshot);
    if (worker->wake != NULL)
        loop_wake_close(worker->wake);
    gateway_close(&worker->gateway);
    identity_table_free(worker->nobody);
    pthread_mutex_destroy(&worker->lock);
}
