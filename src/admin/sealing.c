// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// New keys for all that is sealed, asked for over the API: begun, looked at, the last one
// remembered. The keys are the whole gateway's, so only those who run it may ask.
#include "admin/sealing_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

static const struct slice own_name = {"default", 7};

enum { SEALERS = 1 }; // at the same time

enum resealing_state { RESEALING_NEVER, RESEALING_RUNS, RESEALING_DONE, RESEALING_FAILED };

struct resealing {
    enum resealing_state state;
    uint32_t number; // of the key
    enum store_actor_kind kind;
    char asker[64];
    char *label; // the asker's; owned
    int64_t started_ms, ended_ms;
    uint64_t sealed, left; // records
    char text[512];        // why it failed
};

struct admin_sealer {
    struct admin *admin;
    struct admin_pool *pool;
    struct admin_work work;
    pthread_mutex_t lock; // of what follows
    struct resealing last;
    uint32_t next; // number of the key that was asked for last
};

int admin_sealer_open(struct admin *admin, struct admin_sealer **ret, struct error *error)
{
    struct admin_sealer *sealer = memory_new(sizeof *sealer);
    sealer->admin = admin;
    pthread_mutex_init(&sealer->lock, NULL);
    *ret = sealer;
    return admin_pool_open(SEALERS, SEALERS, &sealer->pool, error);
}

void admin_sealer_close(struct admin_sealer *sealer)
{
    if (sealer == NULL)
        return;
    admin_pool_close(sealer->pool);
    memory_free(sealer->last.label);
    pthread_mutex_destroy(&sealer->lock);
    memory_free(sealer);
}

// ---- Showing

static void write_last(struct buffer *out, const struct resealing *last)
{
    static const char *const states[] = {"", "running", "done", "failed"};
    if (last->state == RESEALING_NEVER) {
        buffer_append_string(out, "null");
        return;
    }
    buffer_append_format(
        out, "{\"state\":\"%s\",\"key\":%u,\"asked_by\":{\"kind\":\"%s\",\"id\":\"%s\",\"label\":",
        states[last->state], last->number, store_actor_words[last->kind], last->asker);
    json_write_string(out, slice_from_string(last->label));
    buffer_append_string(out, "}");
    admin_write_time(out, "started_at", last->started_ms);
    admin_write_time(out, "ended_at", last->ended_ms);
    buffer_append_format(
        out, ",\"sealed\":%" PRIu64 ",\"left\":%" PRIu64 ",\"text\":", last->sealed, last->left);
    if (last->state == RESEALING_FAILED)
        json_write_string(out, slice_from_string(last->text));
    else
        buffer_append_string(out, "null");
    buffer_append_string(out, "}");
}

static void write_sealing(struct admin_sealer *sealer, struct buffer *out)
{
    struct control_sealing sealing = control_sealing(sealer->admin->options.control);
    pthread_mutex_lock(&sealer->lock);
    bool runs = sealer->last.state == RESEALING_RUNS;
    buffer_append_format(
        out, "{\"source\":\"%s\",\"keys\":%zu,\"newest\":%u,\"unfinished\":%s,\"last\":",
        sealing.of_file ? "file" : "environment", sealing.keys, sealing.newest,
        sealing.unfinished && !runs ? "true" : "false");
    write_last(out, &sealer->last);
    buffer_append_string(out, "}");
    pthread_mutex_unlock(&sealer->lock);
}

static bool is_running(struct admin_sealer *sealer)
{
    pthread_mutex_lock(&sealer->lock);
    bool runs = sealer->last.state == RESEALING_RUNS;
    pthread_mutex_unlock(&sealer->lock);
    return runs;
}

bool admin_resealing_unfinished(struct admin *admin)
{
    return control_sealing(admin->options.control).unfinished && !is_running(admin->sealer);
}

int admin_owns_keys(struct admin_request *request, struct store_view *view, bool *ret,
                    struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    struct slice id = request->who.organisation;
    int result = store_get_organisation(view, id, id, &owner, error);
    *ret = result == 0 && slice_equal(owner.name, own_name);
    return result;
}

int admin_check_sealer(struct admin_request *request, struct store_view *view, struct error *error)
{
    bool owns = false;
    int result = admin_owns_keys(request, view, &owns, error);
    if (result == 0 && !owns)
        result = admin_refuse(request, 403, "role", ERROR_DENIED, error,
                              "the keys are the whole gateway's: they are for admins of the "
                              "organisation 'default'");
    return result;
}

int admin_show_sealing(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_check_sealer(request, view, error);
    if (result != 0)
        return result;
    write_sealing(request->admin->sealer, &request->out);
    request->status = 200;
    return 0;
}

// ---- Beginning

static int refuse_second(struct admin_request *request, struct error *error)
{
    return admin_refuse(request, 409, "conflict", ERROR_EXISTS, error,
                        "everything is being sealed anew already; wait until that is done");
}

// Where the file lies is for the gateway's own log.
static const char *why_not(int result, const struct error *error)
{
    if (result == ERROR_UNSUPPORTED || result == ERROR_CANCELLED)
        return error->text;
    log_event(LOG_WARNING, "admin", "the keys cannot be changed: %s", error->text);
    return result == ERROR_CONFIG || result == ERROR_IO
               ? "the key file or the database is not as it was, or cannot be written; the "
                 "gateway's own log says why"
               : "not everything could be sealed anew; the gateway's own log says why";
}

int admin_check_sealing(struct admin_request *request, struct error *error)
{
    struct admin_sealer *sealer = request->admin->sealer;
    struct error why = {0};
    uint32_t number = 0;
    if (is_running(sealer))
        return refuse_second(request, error);
    int result = control_next_key(request->admin->options.control, &number, &why);
    pthread_mutex_lock(&sealer->lock);
    sealer->next = number;
    pthread_mutex_unlock(&sealer->lock);
    return result == 0 ? 0
                       : admin_refuse(request, 409, "conflict", ERROR_EXISTS, error, "%s",
                                      why_not(result, &why));
}

int admin_note_sealing(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_sealer *sealer = request->admin->sealer;
    int result = is_running(sealer) ? refuse_second(request, error)
                                    : admin_check_sealer(request, view, error);
    if (result != 0)
        return result;
    pthread_mutex_lock(&sealer->lock);
    uint32_t number = sealer->next;
    pthread_mutex_unlock(&sealer->lock);
    struct slice what = arena_format(store_arena(view), "{\"key\":%u}", number);
    return what.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                             : store_add_audit_act(view, request->who.organisation, CONTROL_RESEALS,
                                                   own_name, what, error);
}

static void told(void *argument, uint64_t sealed, uint64_t left)
{
    struct admin_sealer *sealer = argument;
    pthread_mutex_lock(&sealer->lock);
    sealer->last.sealed = sealed;
    sealer->last.left = left;
    pthread_mutex_unlock(&sealer->lock);
}

static void reseal(void *argument)
{
    struct admin_sealer *sealer = argument;
    struct error error = {0};
    struct control_rotation rotation = {
        .told = told, .argument = sealer, .stop = &sealer->admin->ending, .noted = true};
    int result = control_rotate_keys(sealer->admin->options.control, &rotation, &error);
    const char *text = result == 0 ? "" : why_not(result, &error);
    pthread_mutex_lock(&sealer->lock);
    struct resealing *last = &sealer->last;
    last->state = result == 0 ? RESEALING_DONE : RESEALING_FAILED;
    last->ended_ms = clock_wall_ms();
    last->sealed = rotation.sealed;
    last->left = result == 0 ? 0 : last->left;
    last->number = rotation.number == 0 ? last->number : rotation.number;
    snprintf(last->text, sizeof last->text, "%s", text);
    pthread_mutex_unlock(&sealer->lock);
}

static void fill(struct resealing *last, const struct admin_request *request, uint32_t number)
{
    const struct admin_who *who = &request->who;
    memory_free(last->label);
    *last = (struct resealing){.state = RESEALING_RUNS,
                               .number = number,
                               .kind = who->kind,
                               .label = memory_copy_string(who->label.data, who->label.length),
                               .started_ms = clock_wall_ms()};
    snprintf(last->asker, sizeof last->asker, "%.*s", SLICE_PRINT(who->id));
}

// Of two that were asked for in the same moment one begins.
void admin_begin_sealing(struct admin_request *request)
{
    struct admin_sealer *sealer = request->admin->sealer;
    struct error error = {0};
    pthread_mutex_lock(&sealer->lock);
    bool begins = sealer->last.state != RESEALING_RUNS;
    if (begins) {
        fill(&sealer->last, request, sealer->next);
        sealer->work = (struct admin_work){.run = reseal, .argument = sealer};
        begins = admin_pool_submit(sealer->pool, &sealer->work);
        if (!begins) // the last one is about to leave its thread
            sealer->last.state = RESEALING_NEVER;
    }
    pthread_mutex_unlock(&sealer->lock);
    if (begins) {
        write_sealing(sealer, &request->out);
        request->status = 202;
        return;
    }
    admin_problem_write(request, refuse_second(request, &error), &error);
}
