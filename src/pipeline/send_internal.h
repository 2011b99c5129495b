// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How messages leave: send.c and heal.c. Included by pipeline_internal.h.
#pragma once

#include "upstream/upstream.h"

struct error;
struct exchange;
struct session;

// send.c
extern const struct upstream_call_events send_events;
int send_to_server(struct exchange *ex, const struct upstream_request *request,
                   struct error *error);
// Tells the server that a request of its own was refused.
#define SESSION_ASKS_TOO_MUCH "the gateway cannot pass on more requests now"
void send_refusal(struct session *session, const struct upstream_message *message,
                  const char *text);
size_t send_session_headers(const struct session *session, struct http_header *headers);

// The child of a legacy conversation is started when first needed.
int send_prepare_child(struct exchange *ex, struct error *error);
// The exchange's message in ex->text, scanned in the pipeline's document; judged already.
int send_judged(struct exchange *ex, struct error *error);
// It could not be sent: answers with words for an error of src/base/error.h.
enum step_result send_refuse(struct exchange *ex, int result, const struct error *error);
// The raw id of the call of its session that a cancellation names; empty: none.
struct slice send_cancelled_id(const struct exchange *ex);
// Keeps ex->text beyond this turn. False: no memory.
bool send_keep_text(struct exchange *ex);

void send_goodbye(struct session *session); // the server may forget its session
void send_again(struct exchange *ex); // the same message once more, judged and charged already
// For calls whose answer nobody needs.
void send_ignore_head(void *argument, const struct upstream_head *head);
void send_ignore_message(void *argument, struct upstream_message *message);
void send_ignore_end(void *argument);
void send_ignore_error(void *argument, int code, bool sent, const char *text);
// The session's id and version, for messages of our own; room for 2.
size_t send_own_headers(const struct session *session, struct http_header *headers);

// heal.c: the stdio face's client cannot initialize again, so the gateway does
void heal_remember(struct exchange *ex); // an initialize is sent
bool heal_can(const struct exchange *ex);
// Repeats the initialize; the exchange waits. STEP_WAIT, or STEP_FAIL with a sentence.
enum step_result heal_hold(struct exchange *ex, struct error *error);
void heal_release(struct session *session);
