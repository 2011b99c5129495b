// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The stateful half of the bridges between protocol eras; what messages look like is in
// src/bridge/. Private to the bridge_*.c files. One loop thread.
#pragma once

#include "bridge/bridge.h"
#include "pipeline/pipeline_internal.h"

struct bridge *bridge_new(struct pipeline *pipeline);
void bridge_free(struct bridge *bridge); // after every exchange and session ended
void bridge_sweep(struct pipeline *pipeline, uint64_t now_us);
// answer.c: a modern server's message in the client's words; NULL: it was dealt with.
struct upstream_message *bridge_to_legacy_form(struct exchange *ex,
                                               struct upstream_message *message);
// A response that says that the server speaks the other era; it is kept back until that is clear.
bool bridge_doubts(struct exchange *ex, const struct upstream_message *message);
// A modern server asks its client something: the exchange waits for the answers.
bool bridge_asks(struct exchange *ex, const struct upstream_message *message);
// A tool that a modern server's HTTP clients must not use, for a client that cannot know of it.
bool bridge_cannot_call(const struct exchange *ex, struct slice tool);
// Is this the id of the round under way?
bool bridge_is_retry_id(const struct exchange *ex, struct slice raw);
bool bridge_is_asking(const struct exchange *ex);
// The server's answer ended; true when the exchange goes on all the same.
bool bridge_ended(struct exchange *ex);
void bridge_release(struct exchange *ex); // the exchange ends
// The process behind a link died; the next may speak another era.
void bridge_forget_era(struct pipeline *pipeline, const struct upstream_server *server);
// Has this worker found out that the server speaks 2026-07-28?
bool era_is_modern(const struct pipeline *pipeline, const struct upstream_server *server);
void bridge_session_free(struct session *session);
void bridge_session_listens(struct session *session); // somebody hears the server's news now
// steps.c: the server turned out to be of the other era: the judged message takes another way.
void steps_return_to_bridge(struct exchange *ex);
void steps_return_to_judgement(struct exchange *ex);
// decide.c: is news of this resource for the client of `ex`?
bool decide_resource_allowed(const struct exchange *ex, struct slice uri);
// session.c: is there room for so many more questions?
bool session_can_ask(struct session *session, size_t count);

enum {
    BRIDGE_TEXT_MAX = 32 * 1024 * 1024,  // one translated message
    BRIDGE_CLIENT_MAX = 256 * 1024,      // what a client says of itself
    BRIDGE_ROUNDS_MAX = 64,              // input_required results of one call
    BRIDGE_QUESTIONS_MAX = 32,           // of one input_required result
    BRIDGE_WAIT_US = 10 * 60 * 1000000,  // for a client's answers
    BRIDGE_PROBE_MS = 5000,              // for the answer to server/discover
    BRIDGE_LISTEN_US = 300 * 1000000,    // for the word that it listens
    BRIDGE_URIS_MAX = 1000,              // resources that one session watches
    BRIDGE_DOUBT_US = 10 * 1000000,      // between two corrections of a server's era
    BRIDGE_ASK_US = 2 * 1000000,         // before a server that did not say is asked again
    BRIDGE_PARKED_US = 5 * 60 * 1000000, // a call that waits for its client's next message
    BRIDGE_ASKED_MAX = 256,              // requests of a legacy server during one call
    BRIDGE_PARKED_MAX = 1000,
    BRIDGE_PARKED_PER_GRANT = 200,
    BRIDGE_PARKED_PER_CONVERSATION = 64,    // questions
    BRIDGE_PARKED_BYTES = 64 * 1024 * 1024, // of questions and of answers that wait for clients
    CONVERSATIONS_PER_GRANT = 100,
    BRIDGE_GATHER_MS = 5,
    BRIDGE_TASKS_MAX = 1000, // of one conversation
    BRIDGE_WATCHES_MAX = 64, // tasks of one conversation whose questions or results are waited for
    NO_LOG = 8,              // less than the gravest severity
};

// ---- What is known of a server
enum verdict { VERDICT_UNKNOWN, VERDICT_YES, VERDICT_NO };

struct server_era {
    char *name; // owned, the key
    struct pipeline *pipeline;
    struct upstream_server *server; // referenced
    enum verdict modern, legacy;    // does it speak that era
    enum verdict found;             // what the probe under way has seen
    int status;                     // of the probe's answer
    struct upstream_call *probe;
    struct loop_timer *timer;
    struct list waiting;           // exchanges
    uint64_t asked_us, doubted_us; // last asked; last asked because of an answer
};

struct bridge {
    struct pipeline *pipeline;
    struct table eras;
    struct list conversations;
    struct table parked; // legacy_call by its handle
    size_t parked_bytes;
    // Scratch for a message in the other era's words, and for one with its edits applied.
    struct json_doc doc[2];
    struct buffer text[2];
    struct mcp_message message[2];
    struct upstream_message out[2];
    uint64_t next_id;
};

// bridge_era.c
struct server_era *era_of(struct exchange *ex);
// Asks the server; the exchange waits and goes on with its step. STEP_NEXT: it cannot be asked.
enum step_result era_ask(struct exchange *ex, struct server_era *era);
// What a response to server/discover says of the era.
enum verdict era_verdict(int status, const struct upstream_message *message);
// An HTTP status or error that a server of the other era answers with.
bool era_is_refusal(int status, const struct upstream_message *message);
void era_free(struct server_era *era);
// The only way to change what is known, so that other workers hear of it.
void era_set_modern(struct server_era *era, enum verdict modern);

// bridge_step.c
bool bridge_uses_link(const struct upstream_server *server);
// Scans the exchange's text again: others have used the document since. False: it was refused and
// ended.
bool bridge_rescan(struct exchange *ex);
void bridge_resume(struct exchange *ex); // the exchange goes on with the step it waited in
// A text of our own to a server.
int bridge_send_text(struct upstream_server *server, struct upstream_link *link, struct slice text,
                     const struct http_header *headers, size_t header_count,
                     const struct upstream_call_events *events, struct upstream_call **ret,
                     struct error *error);
// The message with its edits applied, or the text in bridge->text[slot], as a message of its own.
// NULL: no memory, or it is no message.
struct upstream_message *bridge_apply_edits(struct bridge *bridge,
                                            struct upstream_message *message);
struct upstream_message *bridge_read_text(struct bridge *bridge, size_t slot,
                                          const struct upstream_message *from);
struct buffer *bridge_text(struct bridge *bridge, size_t slot); // emptied
enum step_result bridge_answer_result(struct exchange *ex, struct slice result);
void bridge_fail(struct exchange *ex, const char *format, ...) PRINTF_LIKE(2, 3);

// ---- A legacy client before a modern server
struct watched {
    struct list link;
    size_t length, users;
    char uri[]; // raw JSON in a session, plain in a conversation
};
struct bridge_session {
    struct buffer info, capabilities, log_level; // raw
    struct buffer with_tasks;                    // the capabilities where a task may come back
    bool news_tools, news_prompts, news_resources, can_log, has_tasks;
    struct list watched;
    size_t watched_count;
    struct upstream_call *listen;
    bool acknowledged;
    struct list subscribing; // exchanges that wait until the server listens
    bool stale;              // the set of resources changed since the server was told
    uint64_t next_id;
};

struct question {
    struct list link;
    struct buffer key, id;         // raw
    struct buffer answer;          // raw
    bool answered, optional, sent; // sent: the server has the answer
};

// What was asked last for a message about a task.
enum task_stage {
    STAGE_NONE, // it is about none
    STAGE_GET,
    STAGE_UPDATE,
    STAGE_CHECK,    // is the task over that is to be cancelled?
    STAGE_CANCEL,   // the wish itself
    STAGE_CANCELLED // has it come true?
};

// One message of a legacy client at a modern server.
struct modern_call {
    struct buffer text;               // as it was sent
    struct bridge_session *opening;   // of an initialize under way
    bool found, refused, asked_again; // of server/discover
    int status;
    enum verdict verdict;
    struct list questions;
    size_t open;
    struct buffer state; // raw requestState
    unsigned rounds;
    char retry_id[48]; // raw, of the round under way; empty in the first, which has the client's
    bool asking;
    uint64_t asking_since_us;
    struct loop_timer *pause; // before a round without questions, or the next look at a task
    bool as_task;             // the call may come back as a task
    enum task_stage stage;
};

// bridge_open.c
enum step_result modern_open(struct exchange *ex); // an initialize
// bridge_modern.c
struct bridge_session *bridge_session_new(void);
void bridge_session_release(struct bridge_session *session); // NULL is allowed
enum step_result modern_step(struct exchange *ex);           // in a bridged session
int modern_send(struct exchange *ex, const struct bridge_retry *retry, struct error *error);
struct modern_call *modern_call_of(struct exchange *ex); // made when there is none
struct bridge_client modern_client(const struct bridge_session *session, bool with_tasks);
// Takes the text, a request in modern words, and sends it.
int modern_send_text(struct exchange *ex, struct buffer *text, struct error *error);
void modern_begin_round(struct exchange *ex); // what came of the last one counts no more
void modern_refuse_result(struct exchange *ex);
// The text in slot 1; NULL: it was answered with an error.
struct upstream_message *bridge_written(struct exchange *ex, const struct upstream_message *from);
void modern_server_changed(struct exchange *ex);
void modern_release(struct exchange *ex);
// bridge_polls.c
enum step_result polls_step(struct exchange *ex); // tasks/get, tasks/result, tasks/cancel
int polls_send(struct exchange *ex, const char *method, struct slice responses,
               struct error *error);
// The client's answer from what a server said of a task; NULL: the exchange goes on.
struct upstream_message *polls_take(struct exchange *ex, struct upstream_message *message);
// The same for the call that asked for a task. NULL: it was answered.
struct upstream_message *polls_take_called(struct exchange *ex, struct upstream_message *message);
// A task that waits for its client's answers; the server is asked again in a while.
bool polls_is_asked(const struct exchange *ex, const struct upstream_message *message);
void polls_again(struct exchange *ex, const struct upstream_message *message);
// bridge_questions.c
enum step_result questions_take_answer(struct exchange *ex);
void questions_release(struct exchange *ex);
void questions_sweep(struct pipeline *pipeline, uint64_t now_us);
// bridge_listen.c
enum step_result listen_subscribe(struct exchange *ex, bool subscribe);
void listen_update(struct session *session);
void listen_sweep(struct session *session, uint64_t now_us);
void listen_release(struct session *session);

// ---- A modern client before a legacy server
enum conversation_state { CONVERSATION_OPENING, CONVERSATION_READY, CONVERSATION_CLOSED };

// A session at a legacy server, for every message of one grant with the same client capabilities.
struct conversation {
    struct list link; // bridge->conversations
    struct pipeline *pipeline;
    struct upstream_server *server; // referenced
    char *grant_id;                 // owned
    struct buffer capabilities;     // canonical JSON
    enum conversation_state state;
    enum mcp_version version;
    struct upstream_link *child;
    struct buffer upstream_id;
    struct buffer initialized; // raw InitializeResult
    struct buffer server_info; // raw
    bool news_tools, news_prompts, news_resources, can_log, can_subscribe;
    int log_severity;              // what the server was told, NO_LOG: nothing
    int log_wanted;                // what it is being told
    struct upstream_call *opening; // initialize, its confirmation or a logging level
    int status;                    // of that call
    bool refused;                  // the server did not understand initialize
    bool lost;                     // the server forgot it: nothing new is sent in it
    struct list waiting;           // exchanges
    struct list calls;             // struct legacy_call
    struct list errands;           // calls of our own
    struct list watched;           // with their users counted
    bool has_tasks, can_cancel_tasks, tools_listed;
    struct list tasks; // struct legacy_task, oldest first
    struct table tasks_by_id;
    struct upstream_call *stream; // GET
    bool stream_refused;
    uint64_t next_id, last_used_us;
};

// A question of a legacy server that its client has not answered yet.
struct parked_question {
    struct list link;
    unsigned number;      // its key is "q" and this
    struct buffer id;     // raw
    struct buffer method; // plain
    struct buffer params; // raw, may be empty
    // Of an error -32042, where `id` is that of the elicitation: its user consented; the server
    // said that it is over.
    bool accepted, done;
};

// A call of a modern client that became a task of 2025-11-25.
struct legacy_task {
    struct list link; // conversation->tasks
    struct conversation *conversation;
    struct legacy_call *watch; // its tasks/result; NULL: there is none
    unsigned next_question;
    size_t length;
    char id[]; // plain
};

// One request of a modern client at a legacy server. It outlives the client's exchange while the
// server waits for an answer that comes with the client's next request.
struct legacy_call {
    struct list link; // conversation->calls
    struct conversation *conversation;
    struct exchange *ex;        // NULL: parked
    struct upstream_call *call; // NULL: ended
    char id[24];
    enum mcp_method method;
    int status, log_severity;
    unsigned char digest[32]; // what was asked, without what belongs to one round
    bool responded, ended;    // a response came; nothing more will come
    struct list questions;
    unsigned next_question, asked;
    struct loop_timer *gather; // questions that come together go to the client together
    char handle[65];           // in bridge->parked when not empty
    uint64_t parked_us;
    struct buffer answer; // a response that came while parked
    size_t kept_bytes;    // of bridge->parked_bytes
    struct buffer last_event_id;
    int64_t retry_ms;
    struct loop_timer *reopen;
    unsigned reopens;
    bool listens, acknowledged; // subscriptions/listen
    struct list uris;           // struct watched
    bool knows_tasks, as_task;  // its client could hear of a task; it asked for one
    struct legacy_task *task;   // whose watch it is
    struct buffer snapshot;     // what the server said last of that task, raw
    bool forgotten;             // nobody waits for it; it goes when it ends
    bool urls, waits_for_pages; // refused with -32042; to be made anew
};

// bridge_conversation.c
// The conversation for this exchange's grant and capabilities, opened when needed.
int conversation_of(struct exchange *ex, struct conversation **ret, struct error *error);
// The exchange goes on with its step when the conversation is ready. STEP_WAIT or STEP_FAIL.
enum step_result conversation_wait(struct conversation *conversation, struct exchange *ex);
size_t conversation_headers(const struct conversation *conversation, struct http_header *headers);
void conversation_close(struct conversation *conversation, const char *why);
void conversation_sweep(struct bridge *bridge, uint64_t now_us);
void conversation_resume(struct conversation *conversation); // the exchanges that wait go on
// bridge_handshake.c
int conversation_initialize(struct conversation *conversation, struct exchange *ex,
                            struct error *error);
// bridge_errand.c
int conversation_send(struct conversation *conversation, struct slice text,
                      const struct upstream_call_events *events, struct upstream_call **ret,
                      struct error *error);
enum step_result conversation_set_level(struct conversation *conversation, struct exchange *ex,
                                        int severity);
enum step_result conversation_list_tools(struct conversation *conversation, struct exchange *ex);
// A message of our own, whose answer is not looked at.
void conversation_tell(struct conversation *conversation, struct slice text);
// The same, and `subscribe_settled` is called when the last of them is answered.
void conversation_errand(struct conversation *conversation, const char *method,
                         const char *parameter, struct slice value);
void conversation_drop_errands(struct conversation *conversation);
void conversation_hear(struct conversation *conversation); // opens its GET stream
// May a client with these capabilities (raw) be asked this?
bool bridge_client_can(struct slice capabilities, struct slice method, const struct json_doc *doc,
                       uint32_t params);
// bridge_legacy.c
enum step_result legacy_step(struct exchange *ex);
void legacy_release(struct exchange *ex);
void legacy_end_call(struct legacy_call *call); // tells the server and frees
// `ex` may be NULL: a call of the gateway's own.
struct legacy_call *legacy_new_call(struct conversation *conversation, struct exchange *ex);
enum step_result legacy_send(struct exchange *ex, struct conversation *conversation, int severity,
                             bool as_task);
// bridge_reply.c
struct upstream_call_events legacy_events(struct legacy_call *call);
// A message of the server that belongs to no call.
void legacy_said(struct conversation *conversation, struct upstream_message *message);
// True: the exchange goes its own way, or has ended; else it was answered and is to be finished.
bool legacy_deliver(struct legacy_call *call, const struct upstream_message *message);
// The text in slot 1 goes to the client, judged like any answer; `from` is what it was made of.
void legacy_pass(struct exchange *ex, const struct upstream_message *from);
int64_t legacy_error_code(const struct upstream_message *message); // 0: none
// bridge_parked.c
void parked_ask(struct legacy_call *call, struct upstream_message *message);
void parked_refuse(struct conversation *conversation, const struct upstream_message *message,
                   int code, const char *text);
enum step_result parked_resume(struct exchange *ex);
int parked_digest(struct exchange *ex, unsigned char digest[32]);
void parked_release(struct legacy_call *call);
void parked_park(struct legacy_call *call); // its client is asked, and the exchange ends
// bridge_room.c
void parked_forget(struct parked_question *question);
// Room for one more with this raw id? `ret_same`: one with it waits already.
bool parked_room_for(const struct conversation *conversation, struct slice id, bool *ret_same);
bool parked_keep_bytes(struct legacy_call *call, size_t bytes); // false: too much waits already
// Keeps a question: raw id, plain method, raw parameters. False: there is no room.
bool parked_keep(struct legacy_call *call, struct slice id, struct slice method,
                 struct slice params);
void parked_gather(struct legacy_call *call, uint64_t ms); // asks the client after that time
// At most BRIDGE_QUESTIONS_MAX of those that wait; slices in the arena or the call.
size_t parked_questions(struct legacy_call *call, struct arena *arena,
                        struct bridge_question *ret_questions);
void parked_pass_answers(struct exchange *ex, struct legacy_call *call);
void parked_sweep(struct conversation *conversation, uint64_t now_us);
// bridge_urls.c
// Asks the client to open the pages of an error -32042. False: it cannot be.
bool urls_ask(struct legacy_call *call, const struct upstream_message *message);
enum step_result urls_resume(struct exchange *ex, struct legacy_call *call);
void urls_waited(struct legacy_call *call);
// True: the notification was about such a page.
bool urls_done(struct conversation *conversation, const struct upstream_message *message);
// bridge_subscribe.c
enum step_result subscribe_open(struct exchange *ex, struct conversation *conversation);
void subscribe_settled(struct conversation *conversation);
void subscribe_news(struct conversation *conversation, const struct upstream_message *message);
void subscribe_release(struct legacy_call *call);
#include "pipeline/bridge_tasks_internal.h"
