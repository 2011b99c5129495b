// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages of one protocol era written in the other's words: 2025-03-26 to 2025-11-25 ("legacy")
// and 2026-07-28 ("modern"). Text in, text out; no sockets, no state, any thread. Values that mean
// the same in both eras (arguments, contents, schemas) are copied byte for byte, numbers included.
//
// Every function appends one whole message to `out`; the buffer's sticky `failed` tells the end.
// A slice called "raw" is JSON text; ids are raw. Nodes are of the given document.
#pragma once

#include "base/buffer.h"
#include "json/json.h"
#include "mcp/mcp.h"

#define BRIDGE_META "io.modelcontextprotocol/"
#define BRIDGE_TASKS_EXTENSION BRIDGE_META "tasks"

// ---- Objects with some members changed, all others as they stand
struct bridge_member {
    const char *name;
    struct slice value; // raw; data NULL: the member is left out
};
// `object` may be JSON_NONE: then only the changes that have a value are written.
void bridge_write_object(struct buffer *out, const struct json_doc *doc, uint32_t object,
                         const struct bridge_member *changes, size_t count);
// An error object with another code, which may be the other era's for the same.
void bridge_write_error(struct buffer *out, const struct json_doc *doc, uint32_t error,
                        int64_t code);
int64_t bridge_legacy_code(const struct json_doc *doc, uint32_t error, enum mcp_method method);
int64_t bridge_modern_code(const struct json_doc *doc, uint32_t error);

// ---- Towards a modern server
// What a legacy client said once and a modern one says with each request.
struct bridge_client {
    struct slice info;         // raw object; empty: none
    struct slice capabilities; // raw object; empty: {}
    struct slice log_level;    // raw string; empty: none
};
void bridge_write_discover(struct buffer *out, struct slice id, const struct bridge_client *client);

// What is added when a request is repeated with the answers to an input_required result
// (2026-07-28, "Multi Round-Trip Requests"); responses and state may be empty.
struct bridge_retry {
    struct slice id;        // raw; it must be a new one
    struct slice responses; // raw object
    struct slice state;     // raw string
};
// The client's request with _meta. Members that only one era knows (task, inputResponses,
// requestState) are left out. `retry` may be NULL.
void bridge_request_to_modern(struct buffer *out, const struct json_doc *doc,
                              const struct mcp_message *message, const struct bridge_client *client,
                              const struct bridge_retry *retry);
// subscriptions/listen for the given kinds of news and the resources of `uris` (raw strings).
struct bridge_news {
    bool tools, prompts, resources;
    const struct slice *uris;
    size_t uri_count;
};
void bridge_write_listen(struct buffer *out, struct slice id, const struct bridge_client *client,
                         const struct bridge_news *news);
// A tasks/... request; `task` is the id in plain text, `responses` raw or empty.
void bridge_write_task_request(struct buffer *out, struct slice id, const char *method,
                               struct slice task, struct slice responses,
                               const struct bridge_client *client);

// ---- From a modern server to a legacy client
// InitializeResult from a DiscoverResult. `version` is what the client asked for; a version that is
// not of the legacy era becomes the newest of it. `name` stands for a server that does not name
// itself.
enum mcp_version bridge_legacy_version(struct slice asked);
void bridge_write_initialize_result(struct buffer *out, struct slice id, const struct json_doc *doc,
                                    uint32_t discovered, enum mcp_version version,
                                    struct slice name);
// A response without what only the modern era knows; codes of errors in the older words. `tasks`:
// the client may ask for tasks, so each tool of a list says that it may run as one.
void bridge_response_to_legacy(struct buffer *out, const struct json_doc *doc,
                               const struct mcp_message *message, struct slice id,
                               enum mcp_method method, bool tasks);
// A notification without the subscription's id.
void bridge_notification_to_legacy(struct buffer *out, const struct json_doc *doc,
                                   const struct mcp_message *message);
// One entry of inputRequests as a request to the client; `task` is the plain id of the task that it
// is about, or empty.
void bridge_write_question(struct buffer *out, struct slice id, const struct json_doc *doc,
                           uint32_t entry, struct slice task);
// What kind of result it is; absent means complete (2026-07-28, "resultType").
enum bridge_result {
    BRIDGE_COMPLETE,
    BRIDGE_INPUT_REQUIRED,
    BRIDGE_TASK_RESULT,
    BRIDGE_OTHER_RESULT
};
enum bridge_result bridge_result_kind(const struct json_doc *doc, uint32_t result);

// ---- Towards a legacy server
void bridge_write_initialize(struct buffer *out, struct slice id, enum mcp_version version,
                             const struct json_doc *doc, uint32_t capabilities, uint32_t info);
// The client's request under another id and progress token (both raw; an empty token leaves it
// out), without what only the modern era knows. `as_task`: it is to become a task.
void bridge_request_to_legacy(struct buffer *out, const struct json_doc *doc,
                              const struct mcp_message *message, struct slice id,
                              struct slice token, bool as_task);
// A request with one string parameter, for example resources/subscribe.
void bridge_write_request(struct buffer *out, struct slice id, const char *method,
                          const char *parameter, struct slice value);
// The answer to a server's own request.
void bridge_write_answer(struct buffer *out, struct slice id, struct slice result);

// ---- From a legacy server to a modern client
// DiscoverResult from an InitializeResult.
void bridge_write_discover_result(struct buffer *out, struct slice id, const struct json_doc *doc,
                                  uint32_t initialized);
// A response with resultType, caching members where the method's result needs them, and the
// server's name (raw; may be empty).
void bridge_response_to_modern(struct buffer *out, const struct json_doc *doc,
                               const struct mcp_message *message, struct slice id,
                               enum mcp_method method, struct slice server_info);
// A notification with the client's own progress token, or with a subscription's id; both raw and
// may be empty.
void bridge_notification_to_modern(struct buffer *out, const struct json_doc *doc,
                                   const struct mcp_message *message, struct slice token,
                                   struct slice subscription);
struct bridge_question {
    struct slice key;    // plain text
    struct slice method; // plain text
    struct slice params; // raw object; empty: {}
};
void bridge_write_questions(struct buffer *out, const struct bridge_question *questions,
                            size_t count); // the object inputRequests
void bridge_write_input_required(struct buffer *out, struct slice id,
                                 const struct bridge_question *questions, size_t count,
                                 struct slice state, struct slice server_info);
void bridge_write_acknowledged(struct buffer *out, struct slice id, const struct bridge_news *news);

// Methods that the other era has not, or that mean something else there: they are answered with
// -32601 and go no further.
bool bridge_is_legacy_method(struct slice method);
bool bridge_is_modern_method(struct slice method);

// ---- Tasks: those of 2025-11-25, which a client asks for, and those of the extension of
// 2026-07-28, which a server decides on
enum bridge_task_status {
    BRIDGE_TASK_UNKNOWN,
    BRIDGE_TASK_WORKING,
    BRIDGE_TASK_INPUT,
    BRIDGE_TASK_COMPLETED, // from here on it is over
    BRIDGE_TASK_FAILED,
    BRIDGE_TASK_CANCELLED
};
enum bridge_task_status bridge_task_status(const struct json_doc *doc, uint32_t task);
bool bridge_task_is_over(enum bridge_task_status status);
// Do these capabilities name the extension? Do those of a legacy server take calls as tasks?
bool bridge_knows_tasks(const struct json_doc *doc, uint32_t capabilities);
bool bridge_calls_may_be_tasks(const struct json_doc *doc, uint32_t capabilities);

// A task in a server's words, and the status that is written whatever those say.
struct bridge_task {
    const struct json_doc *doc;
    uint32_t node;
    enum bridge_task_status status;
};
// A modern client hears that its call became a task (`meta` may be JSON_NONE), how that is
// (`payload` is the raw inputRequests, result or error, as the status has it, or empty), that an
// update or a cancellation was heard.
void bridge_write_new_task(struct buffer *out, struct slice id, const struct bridge_task *task,
                           uint32_t meta, struct slice server_info);
void bridge_write_task(struct buffer *out, struct slice id, const struct bridge_task *task,
                       struct slice payload, struct slice server_info);
void bridge_write_task_acknowledged(struct buffer *out, struct slice id, struct slice server_info);
// The payload from the response to a tasks/result, and what it makes of the task.
enum bridge_task_status bridge_write_task_outcome(struct buffer *out, const struct json_doc *doc,
                                                  const struct mcp_message *message);
// A legacy client hears how a task is, or (`created`) that its call became one.
void bridge_write_older_task(struct buffer *out, struct slice id, const struct bridge_task *task,
                             bool created);
// A legacy client's tasks/result gets what the call gave, or what a task that is over says of it;
// `task` and `name` are its id in plain text.
void bridge_write_task_result(struct buffer *out, struct slice id, const struct json_doc *doc,
                              uint32_t result, struct slice task);
void bridge_write_task_end(struct buffer *out, struct slice id, const struct bridge_task *task,
                           struct slice name);
// A list's tools, each of which may run as a task.
void bridge_write_tools(struct buffer *out, const struct json_doc *doc, uint32_t tools);

// ---- What a server may ask
// Did the client say that it can answer this? `abilities` is its capabilities object, or JSON_NONE;
// `params` those of the question, or JSON_NONE. An elicitation by URL must name one of http or
// https.
bool bridge_may_ask(const struct json_doc *abilities_doc, uint32_t abilities, struct slice method,
                    const struct json_doc *doc, uint32_t params);
// The parameters of a question of a legacy server; what only concerns both ends of its own era is
// left out.
void bridge_write_question_params(struct buffer *out, const struct json_doc *doc, uint32_t params);
// Capabilities without those that cannot be kept across eras, and with those for tasks in the
// reader's words. Of `extensions` what means the same in both eras remains.
enum bridge_tasks { BRIDGE_NO_TASKS, BRIDGE_OLDER_TASKS, BRIDGE_NEWER_TASKS };
void bridge_write_abilities(struct buffer *out, const struct json_doc *doc, uint32_t capabilities,
                            enum bridge_tasks tasks);
// Severity of a logging level, 0 (debug) to 7 (emergency); -1: no such level.
int bridge_log_severity(struct slice level);
const char *bridge_log_level(int severity); // 0 to 7
