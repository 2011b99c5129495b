// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside of the desk. All of it is under the desk's lock, but for what a job works with.
#pragma once

#include "approval/approval.h"

#include "base/arena.h"
#include "base/table.h"

#include <pthread.h>

struct approval_party { // a grant
    char *key;          // owned
    size_t open, held, entries;
};

// A question. Found by its key (organisation, print, policy, version) while a call of that key
// would meet it, and by its id.
struct approval_entry {
    char id[APPROVAL_ID_SIZE]; // empty while it is being made
    char *key, *organisation;  // owned
    size_t key_length;
    struct approval_party *party;
    enum store_question_state state;
    bool making;    // the job that writes it down is under way
    bool listed;    // found by its key
    bool delivered; // a client was told that it may come again, or could have been before the start
    bool unwritten; // the database does not know of its state yet
    bool stale;     // a change of it could not be read: it is read again
    bool heard;     // somebody was told of its end
    size_t users;   // jobs that are about to use it
    uint64_t awaited_us; // until then a client with a ticket may come; 0: none has one
    int64_t expires_ms;
    uint64_t deadline_us, ended_us;
    struct list waiters;
    struct list link; // desk->entries
};

struct approval_pass { // an exception
    char id[APPROVAL_ID_SIZE];
    char organisation[APPROVAL_ID_SIZE];
    char *key; // owned: organisation and print
    size_t key_length;
    int64_t expires_ms;
    uint64_t deadline_us;
    bool spent;                 // used up or revoked
    struct approval_pass *next; // of the same key
    struct list link;           // desk->passes
};

enum approval_work_kind { WORK_ASK, WORK_USE, WORK_PASS };
// A job for one waiter.
struct approval_work {
    struct store_job job;
    struct approval_desk *desk;
    enum approval_work_kind kind;
    struct approval_waiter *waiter; // NULL: it left. Of WORK_ASK unused
    struct approval_entry *entry;   // of WORK_ASK
    struct arena arena;
    struct approval_call call; // of WORK_ASK; in the arena
    struct slice organisation, id;
    // What came of it
    enum approval_news news;
    char found[APPROVAL_ID_SIZE];
    enum store_question_state state;
    int64_t created_ms, expires_ms;
    bool joined; // it was there already
};

enum { SETTLE_MAX = 100 };
struct approval_settle {
    struct store_job job;
    bool busy;
    size_t count;
    struct {
        char id[APPROVAL_ID_SIZE], organisation[APPROVAL_ID_SIZE];
        enum store_question_state state;
        bool reads; // else it is written down
    } items[SETTLE_MAX];
};

struct approval_desk {
    struct approval_options options;
    pthread_mutex_t lock;
    struct table by_key, by_id; // -> struct approval_entry
    struct table passes_by_key; // -> struct approval_pass, the first of a chain
    struct table parties;       // -> struct approval_party
    struct list entries, passes;
    struct approval_settle settle;
    struct approval_figures figures;
    struct approval_runs *runs;
    char *pages;                  // owned; NULL: there are none
    char owner[APPROVAL_ID_SIZE]; // id of the organisation "default"; empty: there is none
    bool closing;
    bool has_tickets; // from the start on, or never: read without the lock
};

struct approval_lane {
    struct approval_desk *desk;
    struct loop_wake *wake;
    struct list news; // of waiters
};

// ---- desk.c
static inline bool approval_is_open(enum store_question_state state)
{
    return state == STORE_ASKED || state == STORE_APPROVED;
}
int64_t approval_wall_ms(const struct approval_desk *desk);
uint64_t approval_now_us(const struct approval_desk *desk);
// When something of this span is over by the monotonic clock, whatever the other says.
uint64_t approval_deadline_us(const struct approval_desk *desk, int64_t created_ms,
                              int64_t expires_ms);
bool approval_is_over(const struct approval_desk *desk, int64_t expires_ms, uint64_t deadline_us);
// A new one, being made and listed. NULL: no memory.
struct approval_entry *approval_entry_new(struct approval_desk *desk, struct slice key,
                                          struct slice organisation, struct slice grant);
struct approval_party *approval_party_of(struct approval_desk *desk, struct slice organisation,
                                         struct slice grant); // NULL: none yet
void approval_entry_unlist(struct approval_desk *desk, struct approval_entry *entry);
// Frees it when nobody needs it any more.
void approval_entry_settle(struct approval_desk *desk, struct approval_entry *entry);
// It got its id. ERROR_NO_MEMORY.
int approval_entry_name(struct approval_desk *desk, struct approval_entry *entry, const char *id);
// Takes over a state and tells who waits. The entry may be freed.
void approval_entry_turn(struct approval_desk *desk, struct approval_entry *entry,
                         enum store_question_state state);
// The same for an end that is to be written down.
void approval_entry_end(struct approval_desk *desk, struct approval_entry *entry,
                        enum store_question_state state);
// organisation, print, policy and version, told apart; of an exception without the last two.
struct slice approval_key(struct arena *arena, struct slice organisation, struct slice print,
                          struct slice policy, struct slice version);
void approval_copy_id(char to[APPROVAL_ID_SIZE], struct slice from);

// ---- waiter.c
void approval_tell(struct approval_waiter *waiter, enum approval_news news);
// Takes it off its question.
void approval_detach(struct approval_desk *desk, struct approval_waiter *waiter);
void approval_attach(struct approval_entry *entry, struct approval_waiter *waiter);
void approval_entry_unpromise(struct approval_entry *entry); // its clients do not come again
// Somebody left it: it is withdrawn when nobody wants it any more. It may be freed.
void approval_entry_left(struct approval_desk *desk, struct approval_entry *entry);

// ---- passes.c
struct approval_pass *approval_pass_find(struct approval_desk *desk, struct slice key);
struct approval_pass *approval_pass_of_id(struct approval_desk *desk, struct slice id);
int approval_pass_note(struct approval_desk *desk, const struct store_exception *row);
void approval_pass_forget(struct approval_desk *desk, struct approval_pass *pass);

// ---- work.c
struct approval_work *approval_work_new(struct approval_desk *desk, enum approval_work_kind kind);
void approval_work_free(struct approval_work *work);
// False: the desk is stopped.
bool approval_work_submit(struct approval_work *work);
int approval_ask_run(void *argument, struct store_view *view, struct error *error);  // ask.c
void approval_ask_done(void *argument, int result, const struct error *error);       // ask.c
int approval_use_run(void *argument, struct store_view *view, struct error *error);  // use.c
int approval_pass_run(void *argument, struct store_view *view, struct error *error); // use.c
void approval_use_done(void *argument, int result, const struct error *error);       // use.c
// ---- tick.c: submits what is to be written, unless a job for it is under way.
void approval_settle_some(struct approval_desk *desk);
