// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that a person has to approve: what a client holds while its call waits, and what it may do
// with that.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "loop/loop.h"
#include "secret/secret.h"
#include "store/store.h"

// ---- Tickets: what a client of 2026-07-28 holds between two rounds (its requestState)
enum {
    APPROVAL_PRINT_SIZE = 32,
    APPROVAL_NAME_MAX = 64,              // bytes of an id in a ticket
    APPROVAL_STATE_MAX = 64 * 1024,      // of the server's own requestState
    APPROVAL_TICKET_MAX = 96 * 1024,     // of a ticket's text
    APPROVAL_TICKET_MS = 10 * 60 * 1000, // at most it is good for so long
};
enum approval_ticket_kind {
    APPROVAL_WAITS = 1, // a question that is open: `name` is its id
    APPROVAL_RUNS,      // an approved call whose server asked something: `name` is the run's
};
struct approval_ticket {
    enum approval_ticket_kind kind;
    unsigned round;             // legs so far, from 1
    int64_t expires_ms;         // wall clock
    struct slice name;          // at most APPROVAL_NAME_MAX bytes
    const unsigned char *print; // of the call: grant, server, tool, canonical arguments
    struct slice version;       // of the policy, at most APPROVAL_NAME_MAX bytes
    struct slice state;         // the server's own requestState as raw JSON; empty: none
};
// Appends the ticket as text of letters, digits, '-' and '_'. `keys` are derived ones, of this
// purpose alone. ERROR_TOO_LARGE, ERROR_NO_MEMORY.
int approval_ticket_seal(const struct secret_keys *keys, const struct approval_ticket *ticket,
                         struct buffer *out) MUST_CHECK;
// ERROR_NOT_FOUND: nothing that was sealed with these keys. The slices of the ticket are of
// `scratch`. Whether it fits is for approval_ticket_fits to say.
int approval_ticket_open(const struct secret_keys *keys, struct slice text, struct buffer *scratch,
                         struct approval_ticket *ret) MUST_CHECK;
// Is it of the same call under the same version of its policy, and not over?
bool approval_ticket_fits(const struct approval_ticket *ticket, const unsigned char *print,
                          struct slice version, int64_t now_ms);

// ---- Runs of approved calls that their servers interrupted with a question: each round is good
// once, so that what was approved once is not done twice. In memory alone: after a restart every
// run is over, and the call is asked anew. Any thread.
struct approval_runs;
enum { APPROVAL_RUNS_MAX = 10000 }; // the oldest are forgotten
struct approval_runs *approval_runs_new(void);
void approval_runs_free(struct approval_runs *runs); // NULL accepted
// The run's next round may come, until then. ERROR_NO_MEMORY.
int approval_runs_expect(struct approval_runs *runs, struct slice name, unsigned round,
                         int64_t expires_ms) MUST_CHECK;
// True once for each round that was expected.
bool approval_runs_take(struct approval_runs *runs, struct slice name, unsigned round,
                        int64_t now_ms);

// ---- The desk: which calls wait for a person (docs/approvals.md). One for all workers. What it
// says of a question is in the database first; what is decided there is told to the calls that
// wait. A question is over when its time is, by whichever clock says so first.
struct approval_desk;
struct approval_options {
    struct store_records *records; // borrowed
    // Appends what is given, sealed for `place`, as secret_seal. On the writer's thread.
    int (*seal)(void *argument, struct slice plain, struct slice place, struct buffer *out,
                struct error *error);
    // How many people say yes to it who still may, now. Inside a job.
    int (*count_votes)(struct store_view *view, const struct store_question *question,
                       int64_t now_ms, int64_t *ret, struct error *error);
    void *argument;
    struct secret_keys *tickets;    // of derived keys, taken over; NULL: there are no tickets
    size_t open_per_grant;          // questions that are open at the same time; 0: 20
    size_t open;                    // of all grants; 0: 10,000
    int64_t (*wall_ms)(void);       // NULL: clock_wall_ms
    uint64_t (*monotonic_us)(void); // NULL: clock_monotonic_us
};
enum {
    APPROVAL_ID_SIZE = 40, // of a question or an exception, with its NUL
    // Bytes of canonical JSON that a person can be asked about.
    APPROVAL_ARGUMENTS_MAX = 1024 * 1024,
    APPROVAL_HELD_PER_GRANT = 100,                  // calls that wait at the same time
    APPROVAL_LIFE_MAX_MS = 7 * 24 * 60 * 60 * 1000, // of a question
};
struct approval_desk *approval_desk_new(const struct approval_options *options);
// After its lanes and the records are closed. NULL accepted.
void approval_desk_free(struct approval_desk *desk);
// Other bounds from now on. Any thread.
void approval_desk_bound(struct approval_desk *desk, size_t open_per_grant, size_t open);
// Where people find the pages of questions: "https://gateway.example.com". Any thread.
void approval_desk_show_pages(struct approval_desk *desk, const char *url);
// Reads what is open. Inside a job that reads, before anybody asks.
int approval_desk_load(struct approval_desk *desk, struct store_view *view,
                       struct error *error) MUST_CHECK;
// Changes were committed. On the writer's thread.
void approval_desk_committed(struct approval_desk *desk, struct store_view *view,
                             const struct store_change *changes, size_t count);
// Ends questions whose time is over, and forgets those of long ago. About once a second, never
// waits; any thread, but one at a time.
void approval_desk_tick(struct approval_desk *desk);
// Nothing is written any more, and what was given to the records is done.
void approval_desk_stop(struct approval_desk *desk);
struct approval_figures {
    size_t open;                                    // asked or approved
    size_t held;                                    // calls that wait
    uint64_t asked, approved, rejected, ran, ended; // so far; ended: expired, withdrawn, overtaken
    uint64_t flooded, failed;                       // not asked: too many; could not be written
};
struct approval_figures approval_desk_figures(struct approval_desk *desk); // any thread

// SHA-256 over what a question is about. Parts are told apart by their lengths. ERROR_NO_MEMORY.
// `method` is empty for a tool.
struct approval_subject {
    struct slice grant, server; // ids, or "file." and a name
    struct slice method, tool;
    struct slice arguments; // canonical JSON (json_write_canonical); empty: none
};
int approval_print(const struct approval_subject *subject,
                   unsigned char ret[APPROVAL_PRINT_SIZE]) MUST_CHECK;

// Where a question's arguments are sealed for; data NULL: no memory.
struct slice approval_place(struct slice organisation, struct slice id, struct arena *arena);

// ---- Lanes and waiters: each belongs to one worker, on whose loop it is told.
struct approval_lane;
struct approval_lane *approval_lane_open(struct approval_desk *desk, struct loop *loop); // or NULL
void approval_lane_close(struct approval_lane *lane); // all of its waiters have left; NULL accepted

enum approval_news {
    APPROVAL_ASKED,       // the question is written down; nobody has decided it
    APPROVAL_FULL,        // the same, but there are too many calls that wait: this one does not
    APPROVAL_APPROVED,    // the call may be judged again and used
    APPROVAL_EXEMPT,      // the same, by an exception
    APPROVAL_USED,        // it is this call's: it is to be sent now. Or else it never runs
    APPROVAL_REJECTED,    // a person said no
    APPROVAL_EXPIRED,     // nobody said anything in time
    APPROVAL_GONE,        // used by another call, withdrawn or overtaken: to be asked anew
    APPROVAL_FLOODED,     // too many questions of this grant, or of all, are open
    APPROVAL_UNAVAILABLE, // it could not be written down
};
// The rest of it is the desk's. Must not move; zero before it is used.
struct approval_waiter {
    void (*told)(void *argument, enum approval_news news); // may ask, use or leave
    void *argument;
    char id[APPROVAL_ID_SIZE]; // of the question or exception, set before it is told of one
    struct list link, news_link;
    struct approval_lane *lane;
    struct approval_entry *entry;
    struct approval_work *work;
    enum approval_news news;
    bool holds;
};
// Everything is copied.
struct approval_call {
    struct slice organisation; // id; empty: the organisation "default"
    struct slice grant, grant_label, server, server_name, method, tool, client;
    struct slice arguments; // canonical
    unsigned char print[APPROVAL_PRINT_SIZE];
    struct slice policy, policy_version, rule, reason, category, severity;
    struct slice facts; // JSON object
    int64_t approvers, life_ms;
};
// Asks, or joins the question that is open of the same call. The waiter is told what it stands at,
// once it is written down, and of each change until it leaves. A question of an older version of
// the policy is overtaken. ERROR_NO_MEMORY, ERROR_TOO_LARGE: it is not told anything.
int approval_ask(struct approval_lane *lane, struct approval_waiter *waiter,
                 const struct approval_call *call) MUST_CHECK;
// Uses up the approval or one use of the exception that it was told of: durable before it is told
// APPROVAL_USED, which one waiter of a question is. Else it is told what became of it, and has
// left. ERROR_NO_MEMORY: it has left, and nothing is used.
int approval_use(struct approval_waiter *waiter) MUST_CHECK;
enum approval_leaving {
    APPROVAL_GIVES_UP,  // its client does not want the call any more: when nobody else does, and no
                        // client was told that it may come again, the question is withdrawn
    APPROVAL_WITHDRAWS, // the same, although its client was told that it may come again
    APPROVAL_COMES_AGAIN, // its client knows of the question, which stays open
    APPROVAL_OVERTAKES,   // the policy decides otherwise now: the question ends for everybody
};
// It is told nothing any more. One that has left already: nothing.
void approval_leave(struct approval_waiter *waiter, enum approval_leaving why);
// The same for a client that got a ticket: it is waited for so long. When it does not come by then
// it has given up.
void approval_leave_with_ticket(struct approval_waiter *waiter, int64_t good_ms);

// ---- holders.c: for clients that hold a ticket. Any thread.
bool approval_desk_has_tickets(const struct approval_desk *desk);
// As approval_ticket_seal and approval_ticket_open, with the desk's keys; it has some.
int approval_desk_seal(struct approval_desk *desk, const struct approval_ticket *ticket,
                       struct buffer *out) MUST_CHECK;
int approval_desk_open(struct approval_desk *desk, struct slice text, struct buffer *scratch,
                       struct approval_ticket *ret) MUST_CHECK;
// Other keys from now on, taken over: tickets that were sealed before open if theirs are among
// them. The desk had some before.
void approval_desk_renew_keys(struct approval_desk *desk, struct secret_keys *keys);
// Which rounds of runs may come.
struct approval_runs *approval_desk_runs(const struct approval_desk *desk);
// The page of this question; empty when there is none, or no memory.
struct slice approval_page_of(struct approval_desk *desk, struct slice id, struct arena *arena);
bool approval_has_pages(struct approval_desk *desk);
// Does a client that was told of this question find it still: open, or rejected?
bool approval_stands(struct approval_desk *desk, struct slice id);
// Its client does not want it any more; withdrawn unless another call waits for it.
void approval_withdraw(struct approval_desk *desk, struct slice id);
