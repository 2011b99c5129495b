// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A request's way from thread to thread: a job that reads, perhaps a thread for passwords, perhaps
// a job that writes; then back to its loop.
#include "admin/decisions_internal.h"

static void finish(struct admin_request *request, int result, const struct error *error)
{
    if (result == 0 && request->out.failed)
        result = ERROR_TOO_LARGE;
    if (result != 0)
        admin_problem_write(request, result, error);
    admin_hand_back(request);
}

static int check_role(struct admin_request *request, struct error *error)
{
    if ((int)request->who.role >= (int)request->route->least)
        return 0;
    return admin_refuse(
        request, 403, "role", ERROR_DENIED, error, "this needs the role '%s'; yours is '%s'",
        store_role_words[request->route->least], store_role_words[request->who.role]);
}

static int check_caller(struct admin_request *request, struct store_view *view, struct error *error)
{
    if (request->route->least == ADMIN_ANYBODY)
        return 0;
    int result = admin_authenticate(request, view, error);
    if (result == 0)
        result = check_role(request, error);
    return result == 0 ? admin_check_declared(request, view, error) : result;
}

static int run_read(void *argument, struct store_view *view, struct error *error)
{
    struct admin_request *request = argument;
    const struct admin_route *route = request->route;
    int result = check_caller(request, view, error);
    if (result == 0 && !route->form)
        result = admin_scan_body(request, error);
    if (result == 0 && route->edits)
        result = admin_if_match(request, error);
    if (result == 0 && route->read != NULL)
        result = route->read(request, view, error);
    return result;
}

// The caller is looked at again: what has been taken away meanwhile is not there any more.
static int run_write(void *argument, struct store_view *view, struct error *error)
{
    struct admin_request *request = argument;
    bool known = false;
    int result = check_caller(request, view, error);
    if (result == 0)
        result = admin_replay_find(request, view, &known, error);
    if (result != 0 || known)
        return result;
    result = request->route->write(request, view, error);
    if (result == 0 && request->rehearsed)
        return error_set(error, ERROR_CANCELLED, "a rehearsal"); // undoes all of it
    if (result == 0)
        result = admin_replay_keep(request, view, error);
    return result == 0 ? admin_touch(request, view, error) : result;
}

static void submit(struct admin_request *request, enum store_access access,
                   int (*run)(void *argument, struct store_view *view, struct error *error),
                   void (*done)(void *argument, int result, const struct error *error))
{
    const struct admin_who *who = &request->who;
    request->job = (struct store_job){
        .access = access,
        .actor = {.kind = who->kind,
                  .id = who->id,
                  .label = who->label.length == 0 ? SLICE_LITERAL("API") : who->label,
                  .address = request->address},
        .run = run,
        .done = done,
        .argument = request};
    store_submit(control_records(request->admin->options.control), &request->job);
}

static void written(void *argument, int result, const struct error *error)
{
    struct admin_request *request = argument;
    if (result == 0 && request->route->after != NULL)
        request->route->after(request);
    finish(request, request->rehearsed && result == ERROR_CANCELLED ? 0 : result, error);
}

static void write_or_end(struct admin_request *request)
{
    if (request->route->write != NULL)
        submit(request, STORE_WRITE, run_write, written);
    else
        finish(request, 0, NULL);
}

static void run_hash(void *argument)
{
    struct admin_request *request = argument;
    struct error error = {0};
    int result = request->route->hash(request, &error);
    if (result != 0)
        finish(request, result, &error);
    else
        write_or_end(request);
}

static void have_read(void *argument, int result, const struct error *error)
{
    struct admin_request *request = argument;
    const struct admin_route *route = request->route;
    struct error busy = {0};
    struct admin_pool *pool = route->asks       ? request->admin->askers
                              : route->searches ? request->admin->searchers
                              : route->plays    ? request->admin->players
                              : route->tries    ? request->admin->trials
                                                : request->admin->passwords;
    request->work = (struct admin_work){.run = run_hash, .argument = request};
    if (result != 0) {
        finish(request, result, error);
    } else if (request->html) { // a page that says something is all
        finish(request, 0, NULL);
    } else if (route->hash == NULL) {
        write_or_end(request);
    } else if (!admin_pool_submit(pool, &request->work)) {
        request->problem.retry_after_s = 2;
        result = admin_refuse(request, 503, "busy", ERROR_LIMIT, &busy,
                              "too much of this is under way; try again in a moment");
        finish(request, result, &busy);
    }
}

static int run_touch(void *argument, struct store_view *view, struct error *error)
{
    return admin_touch(argument, view, error);
}

static void touched(void *argument, int result, const struct error *error)
{
    (void)result;
    (void)error;
    admin_hand_back(argument);
}

void admin_work(struct admin_request *request)
{
    if (admin_stream_needs_check(request))
        submit(request, STORE_READ, run_read, have_read);
    else
        have_read(request, 0, NULL);
}

void admin_work_touch(struct admin_request *request)
{
    submit(request, STORE_WRITE, run_touch, touched);
}
