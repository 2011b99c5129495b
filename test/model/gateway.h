// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The real pipeline between a scripted client and a scripted server, and the books of what the
// documents promise: who waits for an answer, which sessions are alive, what is charged. Every
// event moves both; gateway_check compares them. One server; grants "agent" and "other"; sessions
// A (agent) and B (other), both open at the start; the stateless era as "agent". A call of the tool
// "add" is charged to two limits of 2: one of an hour, one of a day that counts successes.
#pragma once

#include "model/fake_parts.h"
#include "pipeline/pipeline_internal.h"

enum who { SESSION_A, SESSION_B, STATELESS, CALLERS };
enum { SESSIONS = 2, GRANTS = 2, REQUESTS = 8, OTHERS = 25 };

enum book_state { BOOK_WAITING, BOOK_ANSWERED, BOOK_LEFT };

struct request {
    enum who who;
    int id, token;
    struct http_reply reply;
    char text[512];
    // The books
    enum book_state state;
    int status;        // of the answer
    const char *holds; // what the answer says, or NULL
    bool says_token;   // the server's answer to exactly this request
    bool flying;       // the gateway waits for the server
    bool with_session; // its session has not ended since it began
    struct upstream_call *call;
};

struct gateway {
    struct loop loop;
    struct upstream_set set;
    struct limit_table *limits;
    struct pipeline *pipeline;
    char ids[SESSIONS][80];
    struct request requests[REQUESTS];
    size_t request_count;
    struct http_reply others[OTHERS]; // to notifications, DELETE, GET
    char texts[OTHERS][256];
    size_t other_count;
    // The books
    bool alive[SESSIONS];
    uint64_t used_us[SESSIONS]; // when last used
    size_t sent;                // requests that the server got
    size_t goodbyes;            // sessions that the server was told the end of
    size_t settled;             // calls looked at by settle()
    int charged[GRANTS], succeeded[GRANTS];
    bool closed; // the policy in force denies all
    bool grants; // there are any
    struct http_reply *listener;
    struct upstream_call *listening;
};

extern const char *const gateway_labels[GRANTS];
extern const char *const gateway_upstream_ids[CALLERS]; // the server's own session ids

void gateway_open(struct gateway *gateway);
void gateway_close(struct gateway *gateway);
void gateway_check(struct gateway *gateway);

// Events. False: not possible now.
bool client_calls(struct gateway *gateway, enum who who);
bool client_leaves(struct gateway *gateway, size_t nth); // the nth that waits
bool client_cancels(struct gateway *gateway);            // its newest call in session A
bool client_deletes(struct gateway *gateway, enum who who);
bool client_listens(struct gateway *gateway); // a GET stream of session A
bool client_stops_listening(struct gateway *gateway);

enum server_event {
    SERVER_ANSWERS,
    SERVER_ANSWERS_ERROR, // isError
    SERVER_STREAMS,       // the head of an event stream, and progress
    SERVER_MISTAKES,      // an answer to a request that nobody made
    SERVER_ENDS,          // without an answer
    SERVER_FORGETS,       // 404
    SERVER_UNREACHED,     // surely not sent
    SERVER_LOST,          // may have been sent
    SERVER_EVENTS
};
bool server_does(struct gateway *gateway, enum server_event event,
                 size_t nth);                      // the nth that flies
bool server_stops_stream(struct gateway *gateway); // of the GET
bool server_goes_away(struct gateway *gateway);    // the next message cannot be sent

bool operator_closes(struct gateway *gateway);  // a reload: a policy that denies all
bool operator_removes(struct gateway *gateway); // a reload: no grants
bool operator_drains(struct gateway *gateway);
bool time_passes(struct gateway *gateway); // 31 minutes, and the pipeline's timer
