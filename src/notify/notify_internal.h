// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside of notify/: notice.c makes notices, queue.c knows which wait, run.c is the thread, send.c
// one attempt from its claim to its end, dispatch.c what goes out and what the answer means,
// letter.c and text.c mails.
#pragma once

#include "notify/notify.h"

#include "base/list.h"
#include "base/thread.h"
#include "json/json.h"

#include <stdatomic.h>

// A notice that waits. Its row is the truth; this is where it is found without asking for it.
struct notify_waiting {
    struct list link; // in the post's, oldest first
    char *id, *object;
    bool asks;      // it tells that a question was asked
    bool attempted; // somebody may have it already
    bool sending;
    int64_t next_ms;
};

// What is known of a channel that has notices.
struct notify_post {
    struct list link; // in notify's
    char *organisation, *channel;
    struct list waiting;
    size_t count, given_up;
    bool busy;         // one attempt at a time
    bool mail;         // its last attempt was a mail
    unsigned failures; // in a row
    uint64_t peace_us; // no attempt before; monotonic
};

struct notify {
    struct notify_options options; // without mail, ca_file
    struct notify_mail mail;       // strings owned
    struct fetch *web, *mailer;    // mailer for trials; NULL: no mail server
    // A mail at a time goes by each: whoever hangs holds up no other.
    struct {
        struct fetch *fetch;
        size_t busy;
    } mailers[NOTIFY_MAILS_MAX];
    atomic_uint_fast64_t sent, failed, given_up, dropped;
    struct waker waker;
    pthread_t thread;
    bool has_waker, started;
    pthread_mutex_t lock; // of the rest
    pthread_cond_t idle;  // nothing is busy any more
    struct list posts;
    size_t waiting, busy; // notices; attempts
    size_t sending[2];    // attempts: webhooks, mails
    char *public_url;     // owned; NULL: not told
    bool stopping;
    uint64_t told_full_us; // when the operator was told that there is no room
};

// ---- queue.c: under the lock
struct notify_post *notify_post_of(struct notify *notify, struct slice organisation,
                                   struct slice channel);
struct notify_waiting *notify_queue(struct notify *notify, struct notify_post *post,
                                    const struct store_notice *notice);
void notify_unqueue(struct notify *notify, struct notify_post *post,
                    struct notify_waiting *waiting);
// The first that is due and before which nothing waits that is about the same; NULL: none. Lowers
// *wake_ms to the time when there may be one.
struct notify_waiting *notify_due(struct notify_post *post, int64_t now_ms, int64_t *wake_ms);
void notify_posts_free(struct notify *notify);

// ---- run.c
void *notify_run(void *notify);
// Reads all that waits, when `loading`, and removes what was given up long ago.
int notify_walk(struct notify *notify, bool loading, struct error *error) MUST_CHECK;

// ---- send.c: begins an attempt; the post is busy until it is over.
void notify_send(struct notify *notify, struct notify_post *post, struct notify_waiting *waiting);
// After so many attempts, until the next: 5 s, then 2.5 times as much each, less by chance up to a
// fifth of it.
int64_t notify_backoff_ms(int64_t attempts, uint32_t chance);

// ---- dispatch.c: one message on its way. All that it points to is in its arena.
struct notify_message {
    const char *event, *id;
    int64_t created_ms;
    struct slice body;      // JSON object, without address and arguments
    struct slice arguments; // JSON; empty: not told
    struct slice object;
    struct slice organisation; // its name
};
struct notify_dispatch {
    struct arena arena;
    bool mail;
    bool has_mailer;
    size_t mailer; // which one
    struct fetch_request request;
    struct fetch_webhook_headers signs;
    const char *headers[6];
    struct fetch_mail letter;
    const char *to[NOTIFY_ADDRESSES_MAX + 1];
};
void notify_dispatch_init(struct notify_dispatch *dispatch);
void notify_dispatch_release(struct notify_dispatch *dispatch); // wipes nothing: bodies are no keys
// ERROR_CONFIG with a sentence: nothing can be sent to this channel as it is.
int notify_dispatch_make(struct notify *notify, const struct store_channel *channel,
                         struct slice secret, const struct notify_message *message,
                         struct notify_dispatch *dispatch, struct error *error) MUST_CHECK;
int notify_dispatch_start(struct notify *notify, struct notify_dispatch *dispatch,
                          fetch_done_cb done, void *argument, struct error *error) MUST_CHECK;
// Under the lock, when it is over.
void notify_dispatch_end(struct notify *notify, const struct notify_dispatch *dispatch);
// What the answer comes to.
void notify_judge(const struct notify_dispatch *dispatch, const struct fetch_answer *answer,
                  struct notify_said *ret);

// ---- letter.c: the message of a mail, in the arena; data NULL when memory is short.
struct slice notify_write_mail(struct notify *notify, const struct store_channel *channel,
                               const struct notify_message *message, struct slice url,
                               const char *const *to, struct arena *arena);

// ---- text.c
// One line, of at most so many bytes: what would end it, move the cursor, hide or turn other
// characters around is shown and not done.
void notify_write_line(struct buffer *out, struct slice text, size_t most);
// RFC 2045, section 6.7. Lines of the text end with '\n', of the result with CRLF.
void notify_write_quoted(struct buffer *out, struct slice text);
// A header's value: as it is, or as encoded words (RFC 2047).
void notify_write_header(struct buffer *out, const char *name, struct slice text);
// "Sun, 22 Nov 2026 05:45:00 +0000"
enum { NOTIFY_DATE_SIZE = 32 };
void notify_write_date(int64_t wall_ms, char ret[NOTIFY_DATE_SIZE]);
