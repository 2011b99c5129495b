// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a request: taken in on the loop, worked on by one thread after the other, answered on
// the loop. A client that leaves changes nothing about the work, only nobody gets the answer.
#include "admin/catalogue_internal.h"
#include "admin/oidc_internal.h"
#include "admin/proofs_internal.h"
#include "admin/rehearse_internal.h"
#include "admin/sealing_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"

enum {
    HEAD_MEMORY = 256 * 1024,
    ASK_MEMORY = 2 * 1024 * 1024,
    OUT_MAX = 32 * 1024 * 1024,
    TOUCH_MS = 60000
};
// Of one loop, at the same time.
enum { REQUESTS_MAX = 1000, BODIES_MAX = 64 * 1024 * 1024, STREAMS_MAX = 100 };
enum { HASHERS = 2, HASHERS_WAITING = 64, TRIALS = 4, TRIALS_WAITING = 16 };
enum { ASKERS = 4, ASKERS_WAITING = 64 };
enum { SEARCHERS = 2, SEARCHES_WAITING = 4096, BEAT_MS = 5000 };
enum { PLAYERS = 1, PLAYS_WAITING = 4 };

struct admin_face {
    struct admin *admin;
    struct loop *loop;
    struct loop_wake *wake;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t settled;
    struct list under_way;      // all requests
    struct admin_request *done; // those to be answered
    size_t working, done_count;
    size_t bodies; // bytes
    // The loop's own: answers in pieces, and how many of them wait.
    size_t streams, idle;
    struct loop_wake *news;
    struct loop_timer *beat;
    struct list link; // in the list of faces; the admin's lock
};

// ---- Requests

static void request_free(struct admin_request *request)
{
    buffer_wipe(&request->body);
    buffer_wipe(&request->out);
    control_rules_unref(request->rules);
    admin_playing_release(request);
    buffer_wipe(&request->client_secret);
    json_doc_release(&request->doc);
    if (request->sign_in != NULL)
        control_wipe_sign_in(request->sign_in);
    if (request->answer != NULL)
        control_answer_release(request->answer);
    admin_stream_release(request);
    arena_release(&request->arena);
    memory_wipe(request, sizeof *request);
    memory_free(request);
}

void admin_hand_back(struct admin_request *request)
{
    struct admin_face *face = request->face;
    pthread_mutex_lock(&face->lock);
    request->next_done = face->done;
    face->done = request;
    face->done_count++;
    pthread_cond_signal(&face->settled);
    loop_wake_send(face->wake); // under the lock: after it the face may be gone
    pthread_mutex_unlock(&face->lock);
}

// ---- On the loop

static void forget(struct admin_request *request)
{
    struct admin_face *face = request->face;
    pthread_mutex_lock(&face->lock);
    list_remove(&request->link);
    face->working--;
    face->bodies -= buffer_slice(&request->body).length;
    pthread_mutex_unlock(&face->lock);
    request_free(request);
}

// ---- Answers in pieces

static void resume(struct admin_request *request)
{
    request->wait.idle = false;
    request->face->idle--;
    admin_work(request);
}

static void resume_if(struct admin_request *request, enum admin_due why)
{
    if (admin_stream_is_due(request, why))
        resume(request);
}

static void gone_cb(void *argument)
{
    struct admin_request *request = argument;
    request->reply = NULL;
    if (!request->wait.idle)
        return; // somebody works for it and will hand it back
    request->face->idle--;
    request->face->streams--;
    forget(request);
}

static void drained_cb(void *argument)
{
    resume_if(argument, ADMIN_DRAINED);
}

static void each_stream(struct admin_face *face, enum admin_due why)
{
    LIST_EACH(&face->under_way, link)
    {
        resume_if(LIST_ENTRY(link, struct admin_request, link), why);
    }
}

static void news_cb(void *argument)
{
    each_stream(argument, ADMIN_NEWS);
}

static void beat_cb(void *argument)
{
    each_stream(argument, ADMIN_BEAT);
}

void admin_face_end_streams(struct admin_face *face)
{
    LIST_EACH(&face->under_way, link)
    {
        struct admin_request *request = LIST_ENTRY(link, struct admin_request, link);
        request->wait.ending = true;
        if (!request->wait.idle || !request->wait.tail)
            continue;
        http_reply_finish(request->reply);
        gone_cb(request);
    }
}

// True: the request lives on.
static bool go_on(struct admin_request *request)
{
    struct admin_face *face = request->face;
    bool first = !request->wait.started;
    struct error error = {0};
    if (request->stream == NULL)
        return false;
    if (first && request->status < 400 && face->streams >= STREAMS_MAX) {
        request->problem.retry_after_s = 5;
        int result = admin_refuse(request, 503, "busy", ERROR_LIMIT, &error,
                                  "too many listen or export already; try again later");
        admin_problem_write(request, result, &error);
    }
    bool lives = admin_stream_go_on(request);
    face->streams += first && lives;
    face->streams -= !first && !lives;
    if (!lives)
        return false;
    face->idle++;
    if (!request->wait.idle)
        resume(request);
    return true;
}

// ---- Ends

// Reading leaves the time of use to a job of its own, behind the answer, once a minute.
static void end_request(struct admin_request *request)
{
    if (go_on(request))
        return;
    if (request->reply != NULL)
        admin_send(request);
    bool touch = !request->touching && request->who.kind != STORE_SYSTEM &&
                 request->route->write == NULL && request->now_ms - request->who.used_ms > TOUCH_MS;
    request->touching = true;
    if (touch)
        admin_work_touch(request);
    else
        forget(request);
}

static void woken_cb(void *argument)
{
    struct admin_face *face = argument;
    pthread_mutex_lock(&face->lock);
    struct admin_request *request = face->done;
    face->done = NULL;
    face->done_count = 0;
    pthread_mutex_unlock(&face->lock);
    while (request != NULL) {
        struct admin_request *next = request->next_done;
        end_request(request);
        request = next;
    }
}

static void refuse_at_once(struct http_reply *reply, struct admin_request *request, int status,
                           const char *type, const char *why)
{
    struct error error = {0};
    int result = admin_refuse(request, status, type, ERROR_UNSUPPORTED, &error, "%s", why);
    admin_problem_write(request, result, &error);
    request->reply = reply;
    admin_send(request);
    request_free(request);
}

struct wanted_header {
    const char *name;
    size_t offset;
};

static bool copy_headers(struct admin_request *request, struct http_headers headers)
{
#define WANTED(name, member)                                                                       \
    {                                                                                              \
        name, offsetof(struct admin_request, member)                                               \
    }
    static const struct wanted_header wanted[] = {WANTED("Authorization", authorization),
                                                  WANTED("Cookie", cookie),
                                                  WANTED("X-CSRF-Token", csrf),
                                                  WANTED("If-Match", if_match),
                                                  WANTED("If-None-Match", if_none_match),
                                                  WANTED("Idempotency-Key", idempotency),
                                                  WANTED("Content-Type", content_type),
                                                  WANTED("Content-Encoding", content_encoding),
                                                  WANTED("Host", host),
                                                  WANTED("Last-Event-ID", last_event)};
#undef WANTED
    for (size_t i = 0; i < headers.count; i++)
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
            if (!slice_equal_ignoring_case(headers.items[i].name,
                                           slice_from_string(wanted[k].name)))
                continue;
            struct slice *at = (struct slice *)(void *)((char *)request + wanted[k].offset);
            request->repeated = request->repeated || at->data != NULL;
            *at = admin_keep(request, headers.items[i].value);
            if (at->data == NULL)
                return false;
        }
    return true;
}

// Without the port, if there is one.
static struct slice address_of(struct slice peer)
{
    size_t end = peer.length;
    while (end > 0 && peer.data[end - 1] != ':' && peer.data[end - 1] != ']')
        end--;
    return end == 0 || peer.data[end - 1] == ']' ? peer : slice_of(peer.data, end - 1);
}

static struct admin_request *request_new(struct admin_face *face, const struct http_request *given)
{
    struct admin_request *request = memory_try_new(sizeof *request);
    if (request == NULL)
        return NULL;
    request->face = face;
    request->admin = face->admin;
    request->now_ms = clock_wall_ms();
    request->tls = given->tls;
    arena_init(&request->arena, HEAD_MEMORY + 2 * given->body.length);
    buffer_init(&request->body, 0);
    buffer_init(&request->out, OUT_MAX);
    buffer_init(&request->client_secret, 0);
    json_doc_init(&request->doc);
    request->method = admin_keep(request, given->method);
    request->path = admin_keep(request, given->path);
    request->query = admin_keep(request, given->query);
    request->address = admin_keep(request, address_of(given->peer));
    request->page.host = admin_keep(request, http_header_get(given->headers, HTTP_HOST));
    if (request->address.data == NULL || !copy_headers(request, given->headers)) {
        request_free(request);
        return NULL;
    }
    return request;
}

// Before anybody is known to have asked, so the memory for it is bounded.
static bool has_room(struct admin_face *face, size_t length)
{
    pthread_mutex_lock(&face->lock);
    bool room = face->working < REQUESTS_MAX && face->bodies + length <= BODIES_MAX;
    pthread_mutex_unlock(&face->lock);
    return room;
}

static void begin(struct admin_request *request, struct http_reply *reply, struct slice body)
{
    struct admin_face *face = request->face;
    size_t most = request->route->body_max == 0 ? BODY_MAX : request->route->body_max;
    if (request->repeated) {
        refuse_at_once(reply, request, 400, "malformed", "a header that counts came twice");
        return;
    }
    if (body.length > most) {
        refuse_at_once(reply, request, 413, "too-large", "the body is too large for this");
        return;
    }
    if (!has_room(face, body.length) || buffer_append(&request->body, body) != 0) {
        request->problem.retry_after_s = 1;
        refuse_at_once(reply, request, 503, "busy", "too much is asked for at the same time");
        return;
    }
    if (request->route->asks)
        request->arena.cap += ASK_MEMORY;
    request->reply = reply;
    http_reply_listen(reply, (struct http_reply_events){.on_gone = gone_cb,
                                                        .on_drained = drained_cb,
                                                        .argument = request});
    pthread_mutex_lock(&face->lock);
    list_append(&face->under_way, &request->link);
    face->working++;
    face->bodies += body.length;
    pthread_mutex_unlock(&face->lock);
    admin_work(request);
}

static const struct slice base = {"/api/v1", 7};

bool admin_owns(const struct http_request *request)
{
    struct slice path = request->path;
    return admin_page_owns(path) || admin_look_owns(path) || admin_window_owns(path) ||
           (slice_starts_with(path, base) &&
            (path.length == base.length || path.data[base.length] == '/'));
}

static void take_page(struct admin_request *request, struct http_reply *reply, struct slice body)
{
    if (admin_look_owns(request->path))
        admin_look_take(request);
    else
        admin_page_take(request, body);
    if (request->route != NULL) {
        begin(request, reply, body);
        return;
    }
    request->reply = reply;
    admin_send(request);
    request_free(request);
}

static void take(struct admin_request *request, struct http_reply *reply, struct slice body)
{
    struct buffer allow;
    struct slice path =
        slice_of(request->path.data + base.length, request->path.length - base.length);
    buffer_init(&allow, 0);
    request->route = admin_route_find(request->method, path, request->parameters, &allow);
    if (request->route != NULL) {
        begin(request, reply, body);
    } else if (allow.length == 0) {
        refuse_at_once(reply, request, 404, "not-found", "there is no such path in the API");
    } else {
        request->allow = admin_keep(request, buffer_slice(&allow));
        refuse_at_once(reply, request, 405, "method", "this path has other methods, see Allow");
    }
    buffer_release(&allow);
}

void admin_handle(struct admin_face *face, struct http_reply *reply,
                  const struct http_request *given, bool admitted)
{
    if (admin_window_owns(given->path)) {
        admin_window_send(reply, given, admitted);
        return;
    }
    struct admin_request *request = request_new(face, given);
    bool look = admin_look_owns(given->path), page = look || admin_page_owns(given->path);
    if (request != NULL && page)
        request->page.state = look ? PAGE_LOOK : PAGE_ASKS;
    if (request == NULL)
        http_reply_send(reply, 503, NULL, 0, (struct slice){0});
    else if (!admitted)
        refuse_at_once(reply, request, 403, "host",
                       "this Host or Origin is not allowed; see allowed_hosts and allowed_origins "
                       "in the configuration");
    else if (page)
        take_page(request, reply, given->body);
    else
        take(request, reply, given->body);
}

// ---- Life

int admin_open(const struct admin_options *options, struct admin **ret, struct error *error)
{
    struct admin *admin = memory_new(sizeof *admin);
    admin->options = *options;
    pthread_mutex_init(&admin->lock, NULL);
    admin->throttle = admin_throttle_new();
    admin->bell = admin_bell_new();
    admin->shelf = admin_shelf_new(options->folder);
    random_bytes(admin->tag_key, sizeof admin->tag_key);
    list_init(&admin->faces);
    if (options->upstream_ca != NULL)
        admin->ca_file = memory_copy_string(options->upstream_ca, strlen(options->upstream_ca));
    int result = admin->throttle == NULL
                     ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                     : admin_pool_open(HASHERS, HASHERS_WAITING, &admin->passwords, error);
    if (result == 0)
        result = admin_pool_open(TRIALS, TRIALS_WAITING, &admin->trials, error);
    if (result == 0)
        result = admin_pool_open(ASKERS, ASKERS_WAITING, &admin->askers, error);
    if (result == 0)
        result = admin_pool_open(SEARCHERS, SEARCHES_WAITING, &admin->searchers, error);
    if (result == 0)
        result = admin_pool_open(PLAYERS, PLAYS_WAITING, &admin->players, error);
    if (result == 0)
        result = admin_prover_open(admin, &admin->prover, error);
    if (result == 0)
        result = admin_sealer_open(admin, &admin->sealer, error);
    admin->oidc = admin_oidc_new();
    if (result != 0)
        admin_close(admin);
    else
        *ret = admin;
    return result;
}

void admin_close(struct admin *admin)
{
    if (admin == NULL)
        return;
    admin_pool_close(admin->passwords);
    admin_pool_close(admin->trials);
    admin_pool_close(admin->askers);
    admin_pool_close(admin->searchers);
    admin_pool_close(admin->players);
    admin_prover_close(admin->prover);
    admin_sealer_close(admin->sealer);
    admin_oidc_free(admin->oidc);
    admin_shelf_free(admin->shelf);
    admin_bell_free(admin->bell);
    memory_free(admin->ca_file);
    admin_throttle_free(admin->throttle);
    admin_declared_unref(admin->declared);
    pthread_mutex_destroy(&admin->lock);
    memory_free(admin->public_url);
    memory_free(admin);
}

void admin_end_trials(struct admin *admin)
{
    atomic_store(&admin->ending, true);
}

void admin_set_data_path(struct admin *admin, const struct admin_data_path *path)
{
    admin->path = *path;
}

void admin_set_public_url(struct admin *admin, const char *url)
{
    admin->public_url = memory_copy_string(url, strlen(url));
}

void admin_tell_news(struct admin *admin)
{
    pthread_mutex_lock(&admin->lock);
    LIST_EACH(&admin->faces, link)
    {
        loop_wake_send(LIST_ENTRY(link, struct admin_face, link)->news);
    }
    pthread_mutex_unlock(&admin->lock);
}

static void close_parts(struct admin_face *face)
{
    if (face->wake != NULL)
        loop_wake_close(face->wake);
    if (face->news != NULL)
        loop_wake_close(face->news);
    if (face->beat != NULL)
        loop_timer_close(face->beat);
}

struct admin_face *admin_face_new(struct admin *admin, struct loop *loop)
{
    struct admin_face *face = memory_new(sizeof *face);
    face->admin = admin;
    face->loop = loop;
    list_init(&face->under_way);
    face->wake = loop_wake_open(loop, woken_cb, face);
    face->news = loop_wake_open(loop, news_cb, face);
    face->beat = loop_timer_open(loop, beat_cb, face);
    if (face->wake == NULL || face->news == NULL || face->beat == NULL) {
        close_parts(face);
        memory_free(face);
        return NULL;
    }
    loop_timer_start(face->beat, BEAT_MS, BEAT_MS);
    pthread_mutex_init(&face->lock, NULL);
    pthread_cond_init(&face->settled, NULL);
    pthread_mutex_lock(&admin->lock);
    list_append(&admin->faces, &face->link);
    pthread_mutex_unlock(&admin->lock);
    return face;
}

void admin_face_free(struct admin_face *face)
{
    if (face == NULL)
        return;
    admin_end_trials(face->admin);
    pthread_mutex_lock(&face->admin->lock);
    list_remove(&face->link);
    pthread_mutex_unlock(&face->admin->lock);
    pthread_mutex_lock(&face->lock);
    while (face->done_count + face->idle < face->working)
        pthread_cond_wait(&face->settled, &face->lock);
    pthread_mutex_unlock(&face->lock);
    LIST_EACH(&face->under_way, link)
    {
        request_free(LIST_ENTRY(link, struct admin_request, link));
    }
    close_parts(face);
    pthread_cond_destroy(&face->settled);
    pthread_mutex_destroy(&face->lock);
    memory_free(face);
}
