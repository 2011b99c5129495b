// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Proofs of the logs, asked for over the API: begun, looked at, the last few remembered. An
// organisation sees its own alone; the decision log that they are about is everybody's.
#include "admin/proofs_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { PROVERS = 1 };

static char *path_in(const char *folder, const char *name)
{
    struct buffer path;
    buffer_init(&path, 0);
    buffer_append_format(&path, "%s/%s", folder, name);
    char *copy = memory_copy_string(buffer_slice(&path).data, buffer_slice(&path).length);
    buffer_release(&path);
    return copy;
}

int admin_prover_open(struct admin *admin, struct admin_prover **ret, struct error *error)
{
    struct admin_prover *prover = memory_new(sizeof *prover);
    const char *log = admin->options.decision_log;
    prover->admin = admin;
    prover->log = log == NULL ? NULL : memory_copy_string(log, strlen(log));
    prover->database = path_in(admin->options.folder, "control.db");
    pthread_mutex_init(&prover->lock, NULL);
    *ret = prover;
    return admin_pool_open(PROVERS, PROVERS, &prover->pool, error);
}

void admin_prover_close(struct admin_prover *prover)
{
    if (prover == NULL)
        return;
    admin_pool_close(prover->pool);
    for (size_t i = 0; i < PROOFS_KEPT; i++)
        memory_free(prover->kept[i].label);
    pthread_mutex_destroy(&prover->lock);
    memory_free(prover->log);
    memory_free(prover->database);
    memory_free(prover);
}

// ---- Showing

static void write_verdict(struct buffer *out, const char *name, const struct proof_verdict *verdict)
{
    buffer_append_format(out, ",\"%s\":", name);
    if (verdict->proof == NULL)
        buffer_append_string(out, "null");
    else
        proof_write(out, verdict);
}

static void write_verdicts(struct buffer *out, const struct admin_proof *proof)
{
    const struct proof_verdict log = {.proof = proof->has_log ? &proof->log : NULL,
                                      .kind = "file",
                                      .place = proof->place,
                                      .line = "line",
                                      .rows = "decisions"};
    const struct proof_verdict audit = {.proof = proof->has_audit ? &proof->audit : NULL,
                                        .kind = "organisation",
                                        .place = proof->name,
                                        .line = "row",
                                        .rows = "changes"};
    bool good = !(proof->has_log && proof->log.bad) && !proof->audit.bad;
    buffer_append_format(out, ",\"good\":%s",
                         proof->state != PROOF_DONE ? "null"
                         : good                     ? "true"
                                                    : "false");
    write_verdict(out, "decision_log", &log);
    write_verdict(out, "admin_audit", &audit);
}

static void write_proof(struct buffer *out, const struct admin_proof *proof)
{
    static const char *const states[] = {"running", "done", "failed"};
    buffer_append_format(out,
                         "{\"number\":%" PRIu64
                         ",\"state\":\"%s\",\"asked_by\":{\"kind\":\"%s\",\"id\":\"%s\",\"label\":",
                         proof->number, states[proof->state], store_actor_words[proof->kind],
                         proof->asker);
    json_write_string(out, slice_from_string(proof->label));
    buffer_append_string(out, "}");
    admin_write_time(out, "started_at", proof->started_ms);
    admin_write_time(out, "ended_at", proof->ended_ms);
    buffer_append_format(out, ",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"read\":%" PRIu64,
                         proof->files, proof->bytes, proof->read);
    write_verdicts(out, proof);
    buffer_append_format(out,
                         ",\"unsigned_minutes\":%" PRId64 ",\"text\":", proof->overdue_ms / 60000);
    if (proof->state == PROOF_FAILED)
        json_write_string(out, slice_from_string(proof->text));
    else
        buffer_append_string(out, "null");
    buffer_append_string(out, "}");
}

int admin_list_proofs(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_prover *prover = request->admin->prover;
    struct buffer *out = &request->out;
    bool first = true;
    (void)view;
    (void)error;
    buffer_append_string(out, "{\"items\":[");
    pthread_mutex_lock(&prover->lock);
    for (uint64_t i = 0; i < PROOFS_KEPT && i < prover->newest; i++) {
        const struct admin_proof *proof = &prover->kept[(prover->newest - i) % PROOFS_KEPT];
        if (!slice_equal_string(request->who.organisation, proof->organisation))
            continue;
        buffer_append_string(out, first ? "" : ",");
        write_proof(out, proof);
        first = false;
    }
    pthread_mutex_unlock(&prover->lock);
    buffer_append_string(out, "]}");
    request->status = 200;
    return 0;
}

// ---- Beginning

static int refuse_second(struct admin_request *request, struct error *error)
{
    return admin_refuse(request, 409, "conflict", ERROR_EXISTS, error,
                        "the logs are being proven already; wait until that is done");
}

static bool is_running(struct admin_prover *prover)
{
    pthread_mutex_lock(&prover->lock);
    bool running = prover->running;
    pthread_mutex_unlock(&prover->lock);
    return running;
}

int admin_note_proof(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    struct slice id = request->who.organisation;
    int result = is_running(request->admin->prover) ? refuse_second(request, error) : 0;
    if (result == 0)
        result = store_get_organisation(view, id, id, &owner, error);
    if (result != 0)
        return result;
    struct slice what = request->admin->prover->log == NULL
                            ? SLICE_LITERAL("{\"decision_log\":false}")
                            : SLICE_LITERAL("{\"decision_log\":true}");
    return store_add_audit_act(view, id, "logs.prove", owner.name, what, error);
}

static void fill(struct admin_proof *proof, const struct admin_request *request, uint64_t number)
{
    const struct admin_who *who = &request->who;
    memory_free(proof->label);
    *proof = (struct admin_proof){.number = number,
                                  .kind = who->kind,
                                  .label = memory_copy_string(who->label.data, who->label.length),
                                  .state = PROOF_RUNNING,
                                  .started_ms = clock_wall_ms()};
    snprintf(proof->organisation, sizeof proof->organisation, "%.*s",
             SLICE_PRINT(who->organisation));
    snprintf(proof->asker, sizeof proof->asker, "%.*s", SLICE_PRINT(who->id));
}

// Two that were asked for in the same moment are one.
void admin_begin_proof(struct admin_request *request)
{
    struct admin_prover *prover = request->admin->prover;
    pthread_mutex_lock(&prover->lock);
    if (!prover->running) {
        prover->newest++;
        fill(&prover->kept[prover->newest % PROOFS_KEPT], request, prover->newest);
        prover->work = (struct admin_work){.run = admin_prove, .argument = prover};
        prover->running = admin_pool_submit(prover->pool, &prover->work);
    }
    struct admin_proof *proof = &prover->kept[prover->newest % PROOFS_KEPT];
    if (!prover->running) {
        proof->state = PROOF_FAILED;
        snprintf(proof->text, sizeof proof->text, "the last one is about to end; ask again");
    }
    bool own = slice_equal_string(request->who.organisation, proof->organisation);
    if (own)
        write_proof(&request->out, proof);
    pthread_mutex_unlock(&prover->lock);
    request->status = 202;
    struct error error = {0};
    int result = own ? 0 : refuse_second(request, &error);
    if (result != 0)
        admin_problem_write(request, result, &error);
}
