// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Proves the logs while the gateway writes them. Files get other names and are deleted meanwhile
// (audit/journal_keep.c), so what looks like damage counts only if the files are still the same.
#include "admin/proofs_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "store/walk.h"

#include <stdio.h>
#include <sys/stat.h>

enum { TRIES = 5, FILES_MAX = 4096, PAGE = 200, PROOF_MINUTES = 30 };

struct log_files {
    char *paths[FILES_MAX]; // owned
    size_t count;
    bool too_many;
    char packed[NAME_MAX + 1]; // one that is compressed; empty: none
    struct proof_files files;
};

struct run {
    struct admin_prover *prover;
    struct admin_proof *proof; // the thread's own, until it is published
    uint64_t until_us;
    struct audit_verifier *verifier;
    struct chain_keyring keys; // believed by now
    struct proof_chain *chain;
};

static void publish(const struct run *run)
{
    struct admin_prover *prover = run->prover;
    pthread_mutex_lock(&prover->lock);
    prover->kept[run->proof->number % PROOFS_KEPT] = *run->proof;
    prover->running = run->proof->state == PROOF_RUNNING;
    pthread_mutex_unlock(&prover->lock);
}

static int check_time(const struct run *run, struct error *error)
{
    if (atomic_load(&run->prover->admin->ending))
        return error_set(error, ERROR_CANCELLED, "the gateway is about to stop");
    return clock_monotonic_us() < run->until_us
               ? 0
               : error_set(error, ERROR_TIMEOUT,
                           "it took longer than %d minutes; use 'sallyport audit verify'",
                           PROOF_MINUTES);
}

// ---- The files of the decision log

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bool admin_is_of_log(const char *path, const char *rest, struct stat *ret)
{
    return (*rest == '\0' || *rest == '.' || *rest == '-') && !ends_with(rest, ".key") &&
           !ends_with(rest, ".pub") && stat(path, ret) == 0 && S_ISREG(ret->st_mode);
}

static void add_path(void *argument, const char *path, const char *rest)
{
    static const char *const packed[] = {".gz", ".xz", ".zst", ".bz2"};
    struct log_files *all = argument;
    struct stat status;
    if (!admin_is_of_log(path, rest, &status))
        return;
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(rest, packed[i]))
            snprintf(all->packed, sizeof all->packed, "%s", name_of(path));
    all->too_many = all->too_many || all->count == FILES_MAX;
    if (!all->too_many)
        all->paths[all->count++] = memory_copy_string(path, strlen(path));
}

static void files_close(struct log_files *all)
{
    if (all == NULL)
        return;
    proof_files_release(&all->files);
    for (size_t i = 0; i < all->count; i++)
        memory_free(all->paths[i]);
    memory_free(all);
}

static int files_open(const char *log, struct log_files **ret, struct error *error)
{
    struct log_files *all = memory_try_new(sizeof *all);
    *ret = all;
    if (all == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    audit_each_beside(log, add_path, all);
    if (all->too_many)
        return error_set(error, ERROR_LIMIT,
                         "the log has more than %d files; use 'sallyport audit verify'", FILES_MAX);
    if (all->packed[0] != '\0')
        return error_set(error, ERROR_UNSUPPORTED,
                         "'%s' is compressed; unpack it and use 'sallyport audit verify'",
                         all->packed);
    int result = proof_files_open(all->paths, all->count, &all->files, error);
    all->files.watched = true;
    return result == ERROR_NOT_FOUND ? ERROR_AGAIN : result; // deleted since it was listed
}

static bool same_files(const struct log_files *a, const struct log_files *b)
{
    bool same = a->files.count == b->files.count;
    for (size_t i = 0; same && i < a->files.count; i++) {
        const struct proof_file *one = &a->files.items[i], *other = &b->files.items[i];
        same = one->inode == other->inode && one->device == other->device &&
               strcmp(one->path, other->path) == 0;
    }
    return same;
}

// ---- The decision log

static int take_piece(void *argument, struct slice piece)
{
    struct run *run = argument;
    struct error ignored;
    int result = check_time(run, &ignored);
    if (result != 0)
        return result;
    run->proof->read += piece.length;
    publish(run);
    return audit_verifier_feed(run->verifier, piece);
}

// 0 also when a row is bad.
static int read_files(struct run *run, struct log_files *all, struct error *error)
{
    struct proof_files *files = &all->files;
    int result = 0;
    run->proof->files = files->count;
    run->proof->bytes = run->proof->read = 0;
    for (size_t i = 0; i < files->count; i++)
        run->proof->bytes += files->items[i].bytes;
    publish(run);
    for (size_t i = 0; i < files->count && result == 0; i++) {
        audit_verifier_begin(run->verifier);
        result = proof_files_read(files, i, take_piece, run, error);
        if (result == 0)
            result = audit_verifier_end(run->verifier, i + 1 == files->count);
    }
    if (result == ERROR_CANCELLED || result == ERROR_TIMEOUT)
        return check_time(run, error);
    if (result == ERROR_NO_MEMORY)
        return error_set(error, result, "out of memory");
    return result == ERROR_PROTOCOL ? 0 : result;
}

// Rows that the index has seen and that the files have not.
static void check_end(struct audit_proof *proof, size_t files, uint64_t seen)
{
    if ((proof->bad && proof->first > 0) || seen <= proof->last)
        return;
    proof->bad = true;
    proof->file = files == 0 ? 0 : files - 1;
    proof->line = 0;
    snprintf(proof->text, sizeof proof->text,
             "rows %llu to %llu are missing at the end: this gateway has read them before",
             (unsigned long long)proof->last + 1, (unsigned long long)seen);
}

static void keep_verdict(struct run *run, const struct log_files *all, uint64_t seen)
{
    struct admin_proof *proof = run->proof;
    const struct proof_files *files = &all->files;
    proof->log = *audit_verifier_finish(run->verifier);
    check_end(&proof->log, files->count, seen);
    proof->has_log = seen > 0 || proof->bytes > 0; // else nothing was written yet
    const char *path =
        proof->log.file < files->count ? files->items[proof->log.file].path : run->prover->log;
    snprintf(proof->place, sizeof proof->place, "%s", name_of(path));
}

// ERROR_AGAIN: the files are others by now.
static int prove_files(struct run *run, struct log_files *all, uint64_t seen, struct error *error)
{
    const struct audit_verify_options options = {.running = true};
    struct log_files *now = NULL;
    run->verifier = audit_verifier_new(&options);
    if (run->verifier == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = read_files(run, all, error);
    if (result == 0)
        keep_verdict(run, all, seen);
    if (result == 0 && run->proof->log.bad) {
        result = files_open(run->prover->log, &now, error);
        if (result == 0 && !same_files(all, now))
            result = error_set(error, ERROR_AGAIN, "the files of the log change all the time");
        files_close(now);
    }
    const struct chain_keyring *keys = audit_verifier_keys(run->verifier);
    for (size_t i = 0; result == 0 && i < keys->count; i++)
        if (!chain_keyring_add(&run->keys, chain_key_public(keys->keys[i])))
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    audit_verifier_free(run->verifier);
    run->verifier = NULL;
    return result;
}

static int prove_log(struct run *run, struct error *error)
{
    const struct decisions *decisions = run->prover->admin->options.decisions;
    int result = run->prover->log == NULL ? 0 : ERROR_AGAIN;
    for (int i = 0; i < TRIES && result == ERROR_AGAIN; i++) {
        uint64_t seen = decisions == NULL ? 0 : decisions_state(decisions).row;
        struct log_files *all = NULL;
        result = files_open(run->prover->log, &all, error);
        if (result == 0)
            result = prove_files(run, all, seen, error);
        files_close(all);
    }
    run->proof->has_log = run->proof->has_log && result == 0;
    return result;
}

// ---- The admin audit

static int read_chain(struct run *run, struct store_view *view, struct slice organisation,
                      struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_AUDIT, organisation, PAGE);
    int result = 0;
    while (result == 0 && store_walk_next(&walk, view, &result, error)) {
        result = check_time(run, error);
        if (result == 0 && proof_chain_feed(run->chain, walk.row) != 0)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    return result;
}

static int prove_audit_cb(void *argument, struct store_view *view, struct error *error)
{
    struct run *run = argument;
    struct slice id = slice_from_string(run->proof->organisation);
    struct store_organisation owner = {.commands_allowed = false};
    int result = store_get_organisation(view, id, id, &owner, error);
    if (result == 0)
        snprintf(run->proof->name, sizeof run->proof->name, "%.*s", SLICE_PRINT(owner.name));
    return result == 0 ? read_chain(run, view, id, error) : result;
}

static int prove_audit(struct run *run, struct error *error)
{
    const struct proof_chain_options options = {.organisation = run->proof->organisation,
                                                .keys = &run->keys};
    run->chain = proof_chain_new(&options);
    int result = run->chain == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : store_peek(run->prover->database, prove_audit_cb, run, error);
    if (result == 0 && proof_chain_finish(run->chain) != 0)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0) {
        run->proof->audit = *proof_chain_result(run->chain);
        run->proof->overdue_ms = proof_chain_overdue_ms(run->chain);
        run->proof->has_audit = true;
    }
    proof_chain_free(run->chain);
    return result;
}

// ---- Both

// Nobody outside needs to know which file.
static void say_why(struct admin_proof *proof, int result, const struct error *error)
{
    bool own = result == ERROR_CANCELLED || result == ERROR_TIMEOUT || result == ERROR_LIMIT ||
               result == ERROR_UNSUPPORTED;
    const char *text = result == ERROR_AGAIN ? "the files of the log change all the time; ask again"
                       : own                 ? error->text
                             : "the gateway could not read all of it; its own log says why";
    if (!own)
        log_event(LOG_WARNING, "admin", "the logs could not be proven: %s", error->text);
    snprintf(proof->text, sizeof proof->text, "%s", text);
}

void admin_prove(void *argument)
{
    struct admin_prover *prover = argument;
    struct admin_proof proof;
    struct error error = {0};
    struct run run = {.prover = prover, .proof = &proof};
    thread_stand_back();
    pthread_mutex_lock(&prover->lock);
    proof = prover->kept[prover->newest % PROOFS_KEPT];
    pthread_mutex_unlock(&prover->lock);
    run.until_us = clock_monotonic_us() + (uint64_t)PROOF_MINUTES * 60 * 1000 * 1000;
    int result = prove_log(&run, &error);
    if (result == 0)
        result = prove_audit(&run, &error);
    if (result != 0)
        say_why(&proof, result, &error);
    proof.state = result == 0 ? PROOF_DONE : PROOF_FAILED;
    proof.ended_ms = clock_wall_ms();
    chain_keyring_release(&run.keys);
    publish(&run);
}
