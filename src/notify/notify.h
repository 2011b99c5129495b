// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Telling people outside of what waits for them (docs/notifications.md): channels of an
// organisation are webhooks or e-mail addresses. A notice is made in the transaction of what it
// tells of, is kept in the database until a receiver has taken it, and goes at least once. A thread
// of its own looks for what is due; requests are fetch/'s, so nobody waits for a receiver, and no
// channel for another.
#pragma once

#include "base/buffer.h"
#include "fetch/fetch.h"
#include "store/store.h"

struct notify;

enum {
    NOTIFY_CHANNELS_MAX = 32,  // of an organisation; whoever adds one looks
    NOTIFY_WAITING_MAX = 1000, // notices of a channel; further ones are dropped
    NOTIFY_GIVEN_UP_MAX = 100, // of a channel that are kept; further ones are forgotten
    NOTIFY_GIVEN_UP_DAYS = 7,  // they are kept so long
    NOTIFY_WEBHOOKS_MAX = 48,  // attempts under way at once; no more than fetch/ connects at once
    NOTIFY_MAILS_MAX = 8,      // the same of mails, each on a thread
    NOTIFY_ATTEMPTS = 12,
    NOTIFY_HOURS = 24, // no attempt begins later
    NOTIFY_ADDRESSES_MAX = 20,
    NOTIFY_URL_MAX = 2048,
};

// "approval.asked", "approval.decided", "grant.paused", "contact.sent"; ended by NULL.
extern const char *const notify_events[];

// The mail server of this installation; copied.
struct notify_mail {
    const char *host; // NULL: there is none, and no mail is sent
    uint16_t port;
    enum fetch_mail_security security;
    bool anywhere;        // fetch.h
    const char *user;     // NULL: it does not log in
    const char *password; // wiped
    const char *from;     // an address
};

// A mail's content. Texts are as strangers wrote them.
struct notify_line {
    const char *name;
    struct slice value;
};
struct notify_letter {
    const char *heading; // a sentence
    struct {
        const struct notify_line *items;
        size_t count;
    } lines;
    struct slice arguments;             // JSON; empty: they are not shown
    struct slice url;                   // of a page to go to; empty: none is known
    struct slice organisation, channel; // names
};

enum notify_sealed { NOTIFY_SECRET, NOTIFY_ARGUMENTS };

struct notify_options {
    struct store_records *records; // as the next it must outlive notify_stop
    const struct net_guard *guard; // of webhooks
    const char *ca_file;           // PEM, in place of the system's authorities; NULL; copied
    const struct notify_mail *mail;
    // Appends what is sealed: a channel's secret, or a question's arguments. In jobs of the store.
    int (*open)(void *argument, enum notify_sealed what, const struct store_head *record,
                struct buffer *out, struct error *error);
    void *argument;
    // Writes the letter as an HTML document. Any thread; NULL: mails are plain text alone.
    void (*write_html)(const struct notify_letter *letter, struct buffer *out);
};

// Reads what waits and starts the thread.
int notify_open(const struct notify_options *options, struct notify **ret,
                struct error *error) MUST_CHECK;
// Ends attempts under way, which are made again after the next start, and the thread. Idempotent;
// NULL accepted.
void notify_stop(struct notify *notify);
// Stops and frees: nobody may call notify_committing any more.
void notify_close(struct notify *notify);
// Where browsers reach the gateway; copied. Once, from any thread.
void notify_set_public_url(struct notify *notify, const char *url);

// As store_records_options.committing: makes the notices of these changes. Also after notify_stop.
int notify_committing(struct notify *notify, struct store_view *view,
                      const struct store_change *changes, size_t count,
                      struct error *error) MUST_CHECK;

// Would notices of such a channel arrive as far as its own fields tell? ERROR_RANGE with a sentence
// for people.
int notify_check_url(struct slice url, struct error *error) MUST_CHECK;
int notify_check_address(struct slice address, struct error *error) MUST_CHECK;

// Sends a test message to the channel, now and once, and waits for what the receiver says: not on
// an event loop, not in a job. `secret` is the channel's, opened.
struct notify_said {
    bool delivered;
    int status; // of HTTP or SMTP; 0: there was no answer
    char text[320];
    uint64_t wait_ms; // until when the receiver wants peace; 0: it does not say
};
int notify_try(struct notify *notify, const struct store_channel *channel, struct slice secret,
               struct slice organisation_name, struct notify_said *ret,
               struct error *error) MUST_CHECK;
bool notify_has_mail(const struct notify *notify);

// Since the start, and now. Any thread.
struct notify_state {
    uint64_t sent, failed; // attempts
    uint64_t given_up;     // notices
    uint64_t dropped;      // notices for which there was no room
    uint64_t waiting;      // notices, now
};
struct notify_state notify_state(struct notify *notify);
