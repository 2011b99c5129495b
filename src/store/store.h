// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What must survive a restart. The rest of the gateway sees rows and transactions; SQL stays inside
// store/. Two files: the counters of limits, and the records of the control plane.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "store/store_kinds.h"

// ---- Counters. A store belongs to one thread at a time and, by a lock on its file, one process.

struct store;

// A limit's counter as it is kept. `entries` is limit/'s own text.
struct store_counter {
    struct slice key;
    bool sliding;
    bool calendar_month;
    int64_t window_ms;  // 0 for a calendar month
    int64_t expires_ms; // when its last window has passed
    struct slice entries;
};

// Opens or makes the file (mode 0600) and brings its schema up to date. ERROR_IO when it cannot be
// used now (permissions, full disk, used by another process), ERROR_CONFIG when it never will be
// (damaged, another program's, of a newer version); the sentence says which.
int store_open(const char *path, struct store **ret, struct error *error) MUST_CHECK;
void store_close(struct store *store); // NULL accepted

// Calls back for every counter, the first to expire first; a result other than 0 ends it and is
// returned.
typedef int (*store_counter_cb)(void *argument, const struct store_counter *counter,
                                struct error *error);
int store_each_counter(struct store *store, store_counter_cb visit, void *argument,
                       struct error *error) MUST_CHECK;

// What the limits file knows of the journal beside it (limit/journal_internal.h).
enum { STORE_LANES = 64 };
struct store_journal {
    bool known; // false: there was none yet
    bool clean; // nothing was left in it
    unsigned char id[16];
    uint64_t folded[STORE_LANES]; // the last epoch of each lane that is in this file
};
int store_get_journal(struct store *store, struct store_journal *ret,
                      struct error *error) MUST_CHECK;
// Inside a transaction.
int store_put_journal(struct store *store, const struct store_journal *journal,
                      struct error *error) MUST_CHECK;

// A transaction: begin, any number of changes, commit. After a failure, rollback.
int store_begin(struct store *store, struct error *error) MUST_CHECK;
int store_put_counter(struct store *store, const struct store_counter *counter,
                      struct error *error) MUST_CHECK;
// Removes counters that expired at or before this time, at most 10,000 of them.
int store_forget_counters(struct store *store, int64_t now_ms, struct error *error) MUST_CHECK;
int store_commit(struct store *store, struct error *error) MUST_CHECK;
void store_rollback(struct store *store);

// ---- Records: organisations and what belongs to them (docs/storage.md)
//
// A job is a function that runs inside a transaction and is told of the end when everything it
// changed is on disk. Jobs that change run one after the other on the writer's thread, several to a
// commit when they wait together; a job that fails undoes what it did and nothing else. Jobs that
// only read run on threads of their own, each on one unchanging picture of the records.
//
// Everything is found through its organisation: what belongs to another one is not found. Every
// addition, change and removal leaves a row of the admin audit in the same transaction.

struct store_records;
struct store_view; // one transaction; belongs to the job that was given it

// Who is doing it, for the admin audit. The bytes must live until the job is done.
struct store_actor {
    enum store_actor_kind kind;
    struct slice id;
    struct slice label;   // for people
    struct slice address; // of the client
};

// What a committed transaction changed.
struct store_change {
    enum store_kind kind;
    struct slice organisation;
    struct slice id;
    struct slice parent; // the server, policy, grant or member that it belongs to
    bool removed;
    uint64_t columns; // that differ, by their place; all of a record that is new
};
// Does it touch this column? Of a new record: yes.
bool store_changed(const struct store_change *change, const char *column);

struct store_records_options {
    const char *path; // of the file; made with mode 0600 when missing
    size_t readers;   // threads that read; 0: 2
    // Before each commit of changes, on the writer's thread and in their transaction: what it
    // writes is committed with them or not at all, and is not told as a change itself. When it
    // fails, that alone is undone.
    int (*committing)(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count, struct error *error);
    // After each commit, on the writer's thread, before the jobs are told. The changes live until
    // it returns; the view only reads.
    void (*committed)(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count);
    void *argument;
};

// ERROR_IO when it cannot be used now (permissions, full disk, locked), ERROR_CONFIG when it never
// will be (damaged, another program's, of a newer version); the sentence says which.
int store_records_open(const struct store_records_options *options, struct store_records **ret,
                       struct error *error) MUST_CHECK;
// Finishes the jobs that wait. Nobody may submit any more. NULL accepted.
void store_records_close(struct store_records *records);
// False while the last commit failed. Any thread.
bool store_records_healthy(const struct store_records *records);
struct store_health {
    bool healthy; // as above
    uint64_t commits;
    int64_t committed_ms;           // the last one; 0: none since it was opened
    uint64_t file_bytes, wal_bytes; // after the last commit: the database, and what waits beside it
    size_t writes_waiting, reads_waiting; // jobs
};
struct store_health store_records_health(struct store_records *records); // any thread

enum store_access { STORE_READ, STORE_WRITE };
struct store_job {
    enum store_access access;
    struct store_actor actor; // of changes
    // What it reads lives until it returns. A result other than 0 undoes its changes. It must not
    // wait for anything: others wait for it.
    int (*run)(void *argument, struct store_view *view, struct error *error);
    // The result of `run`, or of the commit. On a thread of the store's: must not wait either.
    void (*done)(void *argument, int result, const struct error *error);
    void *argument;
    struct store_job *next; // the store's
};
// The job stays the caller's and must live until it is done. Any thread, never waits.
void store_submit(struct store_records *records, struct store_job *job);
// The same, waiting for the end: not on an event loop.
int store_run(struct store_records *records, enum store_access access,
              const struct store_actor *actor,
              int (*run)(void *argument, struct store_view *view, struct error *error),
              void *argument, struct error *error) MUST_CHECK;

// ---- Inside a job. What is returned lives in the view.
struct arena *store_arena(struct store_view *view);
// Frees all that was returned so far: for jobs that walk over many records.
void store_forget(struct store_view *view);

struct store_page {
    struct slice after; // id of the last record of the page before; empty: from the start
    size_t limit;       // 1 to 1000; 0: 100
    bool newest_first;
};

// Use the typed functions that STORE_TYPED makes below. ERROR_NOT_FOUND also for what belongs to
// another organisation.
int store_get(struct store_view *view, enum store_kind kind, struct slice organisation,
              struct slice id, struct store_head *ret, struct error *error) MUST_CHECK;
// By a unique text: "name", "email", "subject", "label", "key",
// "token" or "authorization". The organisation may be
// empty where it is not known yet: for tokens, and names of organisations. ERROR_UNSUPPORTED for
// another column.
int store_find(struct store_view *view, enum store_kind kind, struct slice organisation,
               const char *column, struct slice value, struct store_head *ret,
               struct error *error) MUST_CHECK;
// In order of ids, policy versions without their documents. `parent`: only what belongs to this
// record; empty: all of the organisation. Of organisations an empty organisation lists all: that is
// for the gateway itself, not for requests.
int store_list(struct store_view *view, enum store_kind kind, struct slice organisation,
               struct slice parent, const struct store_page *page, const void **ret,
               size_t *ret_count, bool *ret_more, struct error *error) MUST_CHECK;
// An id for a record that is yet to be added; data NULL: no memory.
struct slice store_make_id(struct store_view *view, enum store_kind kind);
// Fills in the head. ERROR_EXISTS (unique), ERROR_NOT_FOUND (it refers to nothing), ERROR_RANGE.
int store_add(struct store_view *view, enum store_kind kind, struct store_head *record,
              struct error *error) MUST_CHECK;
// Replaces the record whose version is head.version, 0: whichever. ERROR_CONFLICT when it has
// changed since; else as store_add. Fills in the new version and time.
int store_change(struct store_view *view, enum store_kind kind, struct store_head *record,
                 struct error *error) MUST_CHECK;
// Takes what belongs to it along. ERROR_CONFLICT as above; ERROR_EXISTS when something else refers
// to it.
int store_remove(struct store_view *view, enum store_kind kind, struct slice organisation,
                 struct slice id, int64_t version, struct error *error) MUST_CHECK;
// Replaces what the record keeps sealed, and nothing else, when its version is head.version: the
// same secrets under other keys. No new version or time, no row of the audit, and nobody is told.
int store_reseal(struct store_view *view, enum store_kind kind, const struct store_head *record,
                 struct error *error) MUST_CHECK;
// Sets used_ms (of members signed_in_ms) without a new version and without a row of the audit;
// never back in time. 0 when the record is gone.
int store_touch(struct store_view *view, enum store_kind kind, struct slice organisation,
                struct slice id, int64_t now_ms, struct error *error) MUST_CHECK;

// Removes idempotency keys and sessions that ended at or before this time, at most 1,000 of each,
// without rows of the audit.
int store_forget_expired(struct store_view *view, int64_t now_ms, struct error *error) MUST_CHECK;

// ---- Questions
// Those that are open, in order of ids, without their arguments; of one organisation.
int store_list_open_questions(struct store_view *view, struct slice organisation,
                              const struct store_page *page, const struct store_question **ret,
                              size_t *ret_count, bool *ret_more, struct error *error) MUST_CHECK;
// Those of a print, the newest first, at most 100, without their arguments: open ones and others.
int store_find_questions(struct store_view *view, struct slice organisation, struct slice print,
                         const struct store_question **ret, size_t *ret_count,
                         struct error *error) MUST_CHECK;
// The exceptions of a print, the newest first, at most 100: also used up, expired and revoked ones.
int store_find_exceptions(struct store_view *view, struct slice organisation, struct slice print,
                          const struct store_exception **ret, size_t *ret_count,
                          struct error *error) MUST_CHECK;
// Empties the arguments of questions that have been over for a day, and removes questions with
// their votes when they have been over for 400 days; at most 1,000 of each, without rows of the
// audit. The time is of the wall clock.
enum { STORE_ARGUMENTS_DAYS = 1, STORE_QUESTION_DAYS = 400 };
int store_forget_questions(struct store_view *view, int64_t now_ms, struct error *error) MUST_CHECK;

// ---- The admin audit: a chain of rows for each organisation (chain/chain.h).
// Its newest row; sequence 0 when there is none.
int store_last_audit(struct store_view *view, struct slice organisation, struct store_audit *ret,
                     struct error *error) MUST_CHECK;
// Adds a row that the audit says about itself: a note. `body` as chain_append takes it.
int store_add_audit_note(struct store_view *view, struct slice organisation, const char *what,
                         struct slice body, struct error *error) MUST_CHECK;
// Adds a row for something that was done and is no change of a record: `action`
// ("catalogue.import"), to what, and a JSON object that says what became of it.
int store_add_audit_act(struct store_view *view, struct slice organisation, const char *action,
                        struct slice object, struct slice after, struct error *error) MUST_CHECK;
// Removes the rows before this one. Who does so has added a note that says so.
int store_forget_audit(struct store_view *view, struct slice organisation, int64_t sequence,
                       struct error *error) MUST_CHECK;

// One job that reads, on the thread of the caller, while another process may have the file: nothing
// is made, brought up to date or written. ERROR_CONFIG also when there is no such file.
int store_peek(const char *path,
               int (*run)(void *argument, struct store_view *view, struct error *error),
               void *argument, struct error *error) MUST_CHECK;

#define STORE_TYPED(KIND, name)                                                                    \
    static inline int store_get_##name(struct store_view *view, struct slice organisation,         \
                                       struct slice id, struct store_##name *ret,                  \
                                       struct error *error)                                        \
    {                                                                                              \
        return store_get(view, KIND, organisation, id, &ret->head, error);                         \
    }                                                                                              \
    static inline int store_find_##name(struct store_view *view, struct slice organisation,        \
                                        const char *column, struct slice value,                    \
                                        struct store_##name *ret, struct error *error)             \
    {                                                                                              \
        return store_find(view, KIND, organisation, column, value, &ret->head, error);             \
    }                                                                                              \
    static inline int store_list_##name(struct store_view *view, struct slice organisation,        \
                                        struct slice parent, const struct store_page *page,        \
                                        const struct store_##name **ret, size_t *ret_count,        \
                                        bool *ret_more, struct error *error)                       \
    {                                                                                              \
        const void *items = NULL;                                                                  \
        int result = store_list(view, KIND, organisation, parent, page, &items, ret_count,         \
                                ret_more, error);                                                  \
        *ret = items;                                                                              \
        return result;                                                                             \
    }                                                                                              \
    static inline int store_add_##name(struct store_view *view, struct store_##name *record,       \
                                       struct error *error)                                        \
    {                                                                                              \
        return store_add(view, KIND, &record->head, error);                                        \
    }                                                                                              \
    static inline int store_change_##name(struct store_view *view, struct store_##name *record,    \
                                          struct error *error)                                     \
    {                                                                                              \
        return store_change(view, KIND, &record->head, error);                                     \
    }

STORE_TYPED(STORE_ORGANISATION, organisation)
STORE_TYPED(STORE_MEMBER, member)
STORE_TYPED(STORE_INVITATION, invitation)
STORE_TYPED(STORE_API_KEY, api_key)
STORE_TYPED(STORE_SESSION, session)
STORE_TYPED(STORE_SERVER, server)
STORE_TYPED(STORE_CREDENTIAL, credential)
STORE_TYPED(STORE_AUTHORIZATION, authorization)
STORE_TYPED(STORE_BEARER, bearer)
STORE_TYPED(STORE_POLICY, policy)
STORE_TYPED(STORE_POLICY_VERSION, policy_version)
STORE_TYPED(STORE_GRANT, grant)
STORE_TYPED(STORE_GRANT_TOKEN, grant_token)
STORE_TYPED(STORE_REACH, reach)
STORE_TYPED(STORE_PROVIDER, provider)
STORE_TYPED(STORE_OVERRIDE, override)
STORE_TYPED(STORE_DEFINITION, definition)
STORE_TYPED(STORE_SIGHTING, sighting)
STORE_TYPED(STORE_QUESTION, question)
STORE_TYPED(STORE_VOTE, vote)
STORE_TYPED(STORE_EXCEPTION, exception)
STORE_TYPED(STORE_CHANNEL, channel)
STORE_TYPED(STORE_NOTICE, notice)
STORE_TYPED(STORE_CONTACT, contact)
STORE_TYPED(STORE_RETENTION, retention)
STORE_TYPED(STORE_REQUEST, request)
STORE_TYPED(STORE_AUDIT, audit)
#undef STORE_TYPED

// The words for an enum's values, as the audit, the API and the database have them;
// NULL-terminated.
extern const char *const store_role_words[];
extern const char *const store_transport_words[];
extern const char *const store_place_words[];
extern const char *const store_flow_words[];
extern const char *const store_client_words[];
extern const char *const store_standing_words[];
extern const char *const store_mode_words[];
extern const char *const store_category_words[];
extern const char *const store_looked_words[];
extern const char *const store_question_words[];
extern const char *const store_channel_words[];
extern const char *const store_actor_words[];
