// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Resumption of a client's streams before a server that cannot replay by itself (a program, or a
// server of 2024-11-05): event ids of the gateway's own and what was said under them, per session
// (2025-03-26 to 2025-11-25, "Resumability and Redelivery").
#pragma once

#include "pipeline/pipeline_internal.h"

enum { REPLAY_ID_SIZE = 64, REPLAY_SECRET_SIZE = 17 };

// One stream of a session: a call's, or the listener's.
struct replay_stream {
    struct list link; // replay->streams
    bool listener;
    uint64_t number;
    uint64_t last;       // number of its last event
    uint64_t lost;       // events up to this one are no longer kept
    size_t kept;         // events that are
    bool over;           // nothing more will be said
    struct exchange *ex; // who speaks on it, NULL when nobody does
};

struct replay_event {
    struct list link; // replay->events, oldest first
    struct replay_stream *stream;
    uint64_t number, at_us;
    size_t length;
    char text[];
};

// Of one session. An id is good in its session only: the secret differs.
struct replay {
    char secret[REPLAY_SECRET_SIZE];
    uint64_t next_stream;
    struct list streams, events;
    size_t count, bytes;
    struct grant_usage *usage; // all sessions of a grant share a bound
};

// Where a client wants to go on.
struct replay_place {
    bool listener;
    uint64_t stream, event;
};

// replay_store.c
struct replay *replay_of(struct session *session); // made when first asked for; NULL: no memory
void replay_forget_if_useless(struct replay_stream *stream);
// Keeps a message and returns its event id, written to `id`; data NULL when the stream has none.
struct slice replay_keep(struct exchange *ex, struct slice text, char id[REPLAY_ID_SIZE]);
// A message could not be put together: who comes back must not miss it unknowingly.
void replay_lose(struct exchange *ex);
struct slice replay_write_id(const struct replay *replay, const struct replay_stream *stream,
                             uint64_t number, char id[REPLAY_ID_SIZE]);
bool replay_read_id(const struct session *session, struct slice id, struct replay_place *ret);
// NULL: this session has no such stream, or nothing of it is kept.
struct replay_stream *replay_find(const struct session *session, const struct replay_place *place);
void replay_sweep(struct session *session, uint64_t now_us);
// What was judged by rules that are no longer the session's is not said again.
void replay_forget_all(struct session *session);
void replay_free(struct session *session); // its exchanges have no stream any more

// replay_soon.c
// A call was sent: if its answer takes long, its stream begins, so that the client has an event id
// to come back with.
void replay_expect(struct exchange *ex);
bool replay_open(struct pipeline *pipeline); // the timer behind it
void replay_close(struct pipeline *pipeline);

// replay.c
// May streams of this exchange's client be resumed here?
bool replay_is_possible(const struct exchange *ex);
// Its stream begins: from now on what it says is kept. Does nothing where streams cannot be
// resumed.
void replay_begin(struct exchange *ex);
// What comes right behind the head: the priming event, or what a returning listener missed.
void replay_write_first(struct exchange *ex);
// The connection is gone but the call runs on, for a client that may come back. False: it may not.
bool replay_detach(struct exchange *ex);
bool replay_is_detached(const struct exchange *ex);
void replay_leave(struct exchange *ex); // the exchange ends
// The Last-Event-ID of a GET, data NULL when absent.
struct slice replay_last_id(const struct exchange *ex);
bool replay_of_listener(const struct exchange *ex); // it names a listener's stream
// A GET that returns to a call's stream: replays, and goes on while the call runs. Ends the
// exchange. False: nothing was done, the stream can no longer be resumed.
bool replay_resume(struct exchange *ex);
