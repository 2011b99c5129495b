// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Proofs of the logs that admins ask a running gateway for: proofs.c answers, proofs_run.c proves,
// one at a time, on a thread of its own.
#pragma once

#include "admin/admin_internal.h"
#include "proof/proof.h"

#include <limits.h>

enum { PROOFS_KEPT = 16, PROOF_ID_SIZE = 64 };

enum admin_proof_state { PROOF_RUNNING, PROOF_DONE, PROOF_FAILED };
struct admin_proof {
    uint64_t number; // from 1
    char organisation[PROOF_ID_SIZE], asker[PROOF_ID_SIZE];
    enum store_actor_kind kind;
    char *label; // the asker's; owned
    enum admin_proof_state state;
    int64_t started_ms, ended_ms;
    uint64_t files, bytes, read; // of the decision log: to be read, and read so far
    bool has_log, has_audit;     // is there a verdict?
    struct audit_proof log, audit;
    char place[NAME_MAX + 1]; // the file of the log's bad row
    char name[256];           // the organisation's
    int64_t overdue_ms;       // as proof_chain_overdue_ms
    char text[500];           // why it failed
};

struct admin_prover {
    struct admin *admin;
    char *log, *database; // owned; log NULL: there is none
    struct admin_pool *pool;
    struct admin_work work;
    pthread_mutex_t lock;                 // of what follows
    struct admin_proof kept[PROOFS_KEPT]; // the one of number N at N % PROOFS_KEPT
    uint64_t newest;                      // 0: none
    bool running;                         // the newest is
};

// Closed also after a failure.
int admin_prover_open(struct admin *admin, struct admin_prover **ret,
                      struct error *error) MUST_CHECK;
void admin_prover_close(struct admin_prover *prover); // waits for the proof; NULL accepted
// Is this, which lies beside the log, a file of it? Keys are not even opened, and what is no file
// could make a thread wait.
struct stat;
bool admin_is_of_log(const char *path, const char *rest, struct stat *ret);
// The prover's thread; `argument` is the prover.
void admin_prove(void *argument);
