// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The Model Context Protocol as far as a gateway must understand it: the JSON-RPC envelope, which
// method a message is about and what it names, the revisions, and the few messages that the gateway
// writes itself. No sockets, no state. Revisions 2024-11-05 to 2026-07-28. Any thread; slices
// point into the scanned text or the arena.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "json/json.h"

// ---- Revisions
enum mcp_version {
    MCP_VERSION_NONE, // absent or unknown
    MCP_2024_11_05,
    MCP_2025_03_26,
    MCP_2025_06_18,
    MCP_2025_11_25,
    MCP_2026_07_28,
};
enum mcp_version mcp_version_parse(struct slice text);
struct slice mcp_version_text(enum mcp_version version); // empty for MCP_VERSION_NONE
// 2026-07-28 and later have no sessions and no initialize.
bool mcp_version_is_modern(enum mcp_version version);

// ---- Methods that the gateway treats specially: enum name, wire name, subject member
#define MCP_METHOD_MAP(X)                                                                          \
    X(MCP_INITIALIZE, "initialize")                                                                \
    X(MCP_INITIALIZED, "notifications/initialized")                                                \
    X(MCP_PING, "ping")                                                                            \
    X(MCP_DISCOVER, "server/discover")                                                             \
    X(MCP_LISTEN, "subscriptions/listen")                                                          \
    X(MCP_TOOLS_LIST, "tools/list")                                                                \
    X(MCP_TOOLS_CALL, "tools/call")                                                                \
    X(MCP_RESOURCES_LIST, "resources/list")                                                        \
    X(MCP_TEMPLATES_LIST, "resources/templates/list")                                              \
    X(MCP_RESOURCES_READ, "resources/read")                                                        \
    X(MCP_RESOURCES_SUBSCRIBE, "resources/subscribe")                                              \
    X(MCP_RESOURCES_UNSUBSCRIBE, "resources/unsubscribe")                                          \
    X(MCP_RESOURCES_UPDATED, "notifications/resources/updated")                                    \
    X(MCP_PROMPTS_LIST, "prompts/list")                                                            \
    X(MCP_PROMPTS_GET, "prompts/get")                                                              \
    X(MCP_COMPLETE, "completion/complete")                                                         \
    X(MCP_CANCELLED, "notifications/cancelled")                                                    \
    X(MCP_PROGRESS, "notifications/progress")                                                      \
    X(MCP_LOG_MESSAGE, "notifications/message")                                                    \
    X(MCP_TASKS_GET, "tasks/get")                                                                  \
    X(MCP_TASKS_RESULT, "tasks/result")                                                            \
    X(MCP_TASKS_CANCEL, "tasks/cancel")                                                            \
    X(MCP_TASKS_UPDATE, "tasks/update")

enum mcp_method {
    MCP_OTHER,
#define MCP_METHOD_ENUM(name, text) name,
    MCP_METHOD_MAP(MCP_METHOD_ENUM)
#undef MCP_METHOD_ENUM
};
enum mcp_method mcp_method_parse(struct slice text);

// ---- Error codes (JSON-RPC 2.0; MCP 2026-07-28 "Error Codes")
enum {
    MCP_ERROR_PARSE = -32700,
    MCP_ERROR_INVALID_REQUEST = -32600,
    MCP_ERROR_METHOD_NOT_FOUND = -32601,
    MCP_ERROR_INVALID_PARAMS = -32602,
    MCP_ERROR_INTERNAL = -32603,
    MCP_ERROR_URL_ELICITATION = -32042, // 2025-11-25 only
    MCP_ERROR_HEADER_MISMATCH = -32020,
    MCP_ERROR_MISSING_CAPABILITY = -32021,
    MCP_ERROR_UNSUPPORTED_VERSION = -32022,
};

// ---- The envelope
enum mcp_kind { MCP_REQUEST, MCP_NOTIFICATION, MCP_RESPONSE };

// All nodes are of the scanned document, JSON_NONE when absent.
struct mcp_message {
    enum mcp_kind kind;
    enum mcp_method method;
    struct slice method_name; // empty for a response
    uint32_t node;            // the message object
    uint32_t id;
    uint32_t params;
    uint32_t result;
    uint32_t error;
    uint32_t arguments;      // params.arguments, an object
    uint32_t meta;           // params._meta
    uint32_t progress_token; // params._meta.progressToken; of notifications/progress
                             // params.progressToken
    uint32_t log_level;      // _meta["io.modelcontextprotocol/logLevel"]
    uint32_t client_info;    // _meta["io.modelcontextprotocol/clientInfo"]
    struct slice subject; // decoded params.name, params.uri or params.taskId, as the method has it
    struct slice
        version; // decoded _meta["io.modelcontextprotocol/protocolVersion"]; data NULL if absent
    bool has_capabilities; // _meta["io.modelcontextprotocol/clientCapabilities"] is an object
};

// Reads one message. Refuses what two readers could understand differently: protocol members that
// occur in another case, both method and result, an id that is neither string nor integer, params
// or arguments that are no objects, a call without a name. *ret_code is the JSON-RPC code to answer
// with, and ret->id is set whenever the id itself was readable. ERROR_PROTOCOL, ERROR_AMBIGUOUS,
// ERROR_NO_MEMORY.
int mcp_decode(const struct json_doc *doc, uint32_t node, struct arena *arena,
               struct mcp_message *ret, int *ret_code, struct error *error) MUST_CHECK;

// params.clientInfo.name of initialize, or _meta["io.modelcontextprotocol/clientInfo"].name; empty
// if absent, cut at 256 bytes; data NULL when memory is short.
struct slice mcp_client_name(const struct json_doc *doc, const struct mcp_message *message,
                             struct arena *arena);

// The key as a lenient reader compares it: unescaped, and with the two letters that Unicode folds
// to ASCII ones in their place. Compare ignoring case. data NULL when memory is short.
struct slice mcp_fold_key(const struct json_doc *doc, uint32_t key, struct arena *arena);

// What a list answer holds, told by its shape.
enum mcp_list {
    MCP_LIST_NONE,
    MCP_LIST_TOOLS,
    MCP_LIST_RESOURCES,
    MCP_LIST_TEMPLATES,
    MCP_LIST_PROMPTS,
    MCP_LIST_TASKS
};

// ---- Edits: changes to a text that leave all other bytes as they are
struct mcp_edit {
    uint32_t start;
    uint32_t length;
    struct slice replacement;
};
struct mcp_edits {
    struct mcp_edit *items; // in the arena
    size_t count;
    size_t capacity;
    bool unsorted;
    bool failed; // an edit could not be kept; the text must not be used
};
// Edits must not overlap. Failure is sticky in `failed`.
void mcp_edit_add(struct mcp_edits *edits, struct arena *arena, uint32_t start, uint32_t length,
                  struct slice replacement);
// The edited text as pieces (borrowed from text and replacements); *ret_pieces in the arena.
// ERROR_NO_MEMORY.
int mcp_edits_pieces(struct mcp_edits *edits, struct slice text, struct arena *arena,
                     struct slice **ret_pieces, size_t *ret_count) MUST_CHECK;

// ---- Messages of our own. `id` is the raw JSON text of the id, empty for null.
// `data` is raw JSON or empty.
void mcp_write_error(struct buffer *out, struct slice id, int code, struct slice message,
                     struct slice data);
// What a denial tells its reader (docs/policy.md, "What the agent sees").
struct mcp_denial {
    struct slice text;    // behind "[POLICY DENIED] ", or "[APPROVAL PENDING] "
    bool pending;         // a person is asked; it is no denial yet
    struct slice outcome; // "denied"
    struct slice rule;
    struct slice policy;
    struct slice policy_version;
    struct slice request_id;
    struct slice approval; // id of the question; empty: none
    int64_t retry_after_s; // -1: not said
    bool modern;           // add resultType
};
void mcp_write_denial(struct buffer *out, struct slice id, const struct mcp_denial *denial);
// The same facts as `data` of an error.
void mcp_write_decision(struct buffer *out, const struct mcp_denial *denial);
void mcp_write_cancelled(struct buffer *out, struct slice id, const char *reason);
