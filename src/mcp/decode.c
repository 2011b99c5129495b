// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "mcp/mcp.h"

enum {
    ID_LENGTH_MAX = 512,
    METHOD_LENGTH_MAX = 256,
    SUBJECT_LENGTH_MAX = 8192,
    CLIENT_NAME_MAX = 256
};

#define META_PREFIX "io.modelcontextprotocol/"

// Members that decide what a message means. Another spelling by case would be read as the same by
// some servers (GHSA-4gph-2hhr-5mwg), so it is refused.
static const struct slice envelope_members[] = {{"jsonrpc", 7}, {"id", 2},     {"method", 6},
                                                {"params", 6},  {"result", 6}, {"error", 5}};
static const struct slice params_members[] = {
    {"name", 4},         {"arguments", 9},      {"uri", 3},
    {"_meta", 5},        {"taskId", 6},         {"requestId", 9},
    {"ref", 3},          {"task", 4},           {"level", 5},
    {"cursor", 6},       {"notifications", 13}, {"inputResponses", 14},
    {"requestState", 12}};
static const struct slice meta_members[] = {{"progressToken", 13},
                                            {META_PREFIX "protocolVersion", 39},
                                            {META_PREFIX "clientCapabilities", 42},
                                            {META_PREFIX "clientInfo", 34},
                                            {META_PREFIX "logLevel", 32},
                                            {META_PREFIX "subscriptionId", 38}};
static const struct slice listen_members[] = {{"toolsListChanged", 16},
                                              {"promptsListChanged", 18},
                                              {"resourcesListChanged", 20},
                                              {"resourceSubscriptions", 21}};
static const struct slice ref_members[] = {{"type", 4}, {"name", 4}, {"uri", 3}};

struct decoding {
    const struct json_doc *doc;
    struct arena *arena;
    struct mcp_message *message;
    struct error *error;
    int code; // JSON-RPC code of a refusal
};

COLD static int refuse(struct decoding *d, int code, const char *text)
{
    d->code = code;
    return error_set(d->error, ERROR_PROTOCOL, "%s", text);
}

static int refuse_case_variants(struct decoding *d, uint32_t object, const struct slice *names,
                                size_t count)
{
    for (uint32_t key = json_first_key(d->doc, object); key != JSON_NONE;
         key = json_next_key(d->doc, object, key)) {
        struct slice text = mcp_fold_key(d->doc, key, d->arena);
        if (text.data == NULL)
            return error_set(d->error, ERROR_NO_MEMORY, "no memory for a key");
        for (size_t i = 0; i < count; i++) {
            if (!slice_equal_ignoring_case(text, names[i]) ||
                json_string_equals(d->doc, key, names[i]))
                continue;
            d->code = MCP_ERROR_INVALID_REQUEST;
            return error_set(d->error, ERROR_AMBIGUOUS,
                             "a member differs from '%s' only by case; write it as '%s' or leave "
                             "it out",
                             names[i].data, names[i].data);
        }
    }
    return 0;
}

static int decode_id(struct decoding *d)
{
    uint32_t id = json_get(d->doc, d->message->node, "id");
    if (id == JSON_NONE)
        return 0;
    struct slice raw = json_raw(d->doc, id);
    enum json_type type = json_type(d->doc, id);
    if (type == JSON_NUMBER &&
        (memchr(raw.data, '.', raw.length) != NULL || memchr(raw.data, 'e', raw.length) != NULL ||
         memchr(raw.data, 'E', raw.length) != NULL))
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the id must be a string or an integer");
    if (type != JSON_NUMBER && type != JSON_STRING && type != JSON_NULL)
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the id must be a string or an integer");
    if (raw.length > ID_LENGTH_MAX)
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the id is longer than 512 bytes");
    d->message->id = id;
    return 0;
}

// Which of the three kinds it is. A null id is allowed only in an error response (JSON-RPC 2.0, 5).
static int decode_kind(struct decoding *d)
{
    struct mcp_message *m = d->message;
    uint32_t method = json_get(d->doc, m->node, "method");
    m->result = json_get(d->doc, m->node, "result");
    m->error = json_get(d->doc, m->node, "error");
    bool null_id = m->id != JSON_NONE && json_type(d->doc, m->id) == JSON_NULL;
    if (method == JSON_NONE) {
        m->kind = MCP_RESPONSE;
        if ((m->result == JSON_NONE) == (m->error == JSON_NONE))
            return refuse(d, MCP_ERROR_INVALID_REQUEST,
                          "a message has either a method, a result or an error");
        if (m->error != JSON_NONE && json_type(d->doc, m->error) != JSON_OBJECT)
            return refuse(d, MCP_ERROR_INVALID_REQUEST, "the error must be an object");
        if (m->error == JSON_NONE && (m->id == JSON_NONE || null_id))
            return refuse(d, MCP_ERROR_INVALID_REQUEST, "a result needs the id of its request");
        return 0;
    }
    if (json_type(d->doc, method) != JSON_STRING ||
        json_at(d->doc, method)->length > METHOD_LENGTH_MAX)
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the method must be a short string");
    if (m->result != JSON_NONE || m->error != JSON_NONE)
        return refuse(d, MCP_ERROR_INVALID_REQUEST,
                      "a message cannot be both request and response");
    if (null_id)
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the id of a request must not be null");
    m->kind = m->id == JSON_NONE ? MCP_NOTIFICATION : MCP_REQUEST;
    m->method_name = json_string(d->doc, method, d->arena);
    if (m->method_name.data == NULL)
        return error_set(d->error, ERROR_NO_MEMORY, "no memory for the method name");
    m->method = mcp_method_parse(m->method_name);
    return 0;
}

// The member that names what the method is about, and whether it must be there.
static const char *subject_member(enum mcp_method method)
{
    switch (method) {
    case MCP_TOOLS_CALL:
    case MCP_PROMPTS_GET: return "name";
    case MCP_RESOURCES_READ:
    case MCP_RESOURCES_SUBSCRIBE:
    case MCP_RESOURCES_UNSUBSCRIBE:
    case MCP_RESOURCES_UPDATED: return "uri";
    case MCP_TASKS_GET:
    case MCP_TASKS_RESULT:
    case MCP_TASKS_CANCEL:
    case MCP_TASKS_UPDATE: return "taskId";
    default: return NULL;
    }
}

static int decode_subject(struct decoding *d)
{
    struct mcp_message *m = d->message;
    const char *member = subject_member(m->method);
    if (member == NULL)
        return 0;
    uint32_t node = json_get(d->doc, m->params, member);
    // Without a name these mean nothing to any server, which says so itself; a call, a read and a
    // prompt without one are refused, because policies are about names.
    bool needed = m->method == MCP_TOOLS_CALL || m->method == MCP_PROMPTS_GET ||
                  m->method == MCP_RESOURCES_READ;
    if (node == JSON_NONE && !needed)
        return 0;
    if (node == JSON_NONE || json_type(d->doc, node) != JSON_STRING ||
        json_at(d->doc, node)->length > SUBJECT_LENGTH_MAX) {
        d->code = MCP_ERROR_INVALID_PARAMS;
        return error_set(d->error, ERROR_PROTOCOL, "params.%s must be a string", member);
    }
    m->subject = json_string(d->doc, node, d->arena);
    return m->subject.data == NULL ? error_set(d->error, ERROR_NO_MEMORY, "no memory") : 0;
}

static int decode_meta(struct decoding *d)
{
    struct mcp_message *m = d->message;
    m->meta = json_get(d->doc, m->params, "_meta");
    if (m->method == MCP_PROGRESS)
        m->progress_token = json_get(d->doc, m->params, "progressToken");
    if (m->meta == JSON_NONE)
        return 0;
    if (json_type(d->doc, m->meta) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "params._meta must be an object");
    if (m->method != MCP_PROGRESS)
        m->progress_token = json_get(d->doc, m->meta, "progressToken");
    uint32_t capabilities = json_get(d->doc, m->meta, META_PREFIX "clientCapabilities");
    m->has_capabilities =
        capabilities != JSON_NONE && json_type(d->doc, capabilities) == JSON_OBJECT;
    uint32_t version = json_get(d->doc, m->meta, META_PREFIX "protocolVersion");
    if (version == JSON_NONE)
        return 0;
    if (json_type(d->doc, version) != JSON_STRING)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "the protocol version must be a string");
    m->version = json_string(d->doc, version, d->arena);
    return m->version.data == NULL ? error_set(d->error, ERROR_NO_MEMORY, "no memory") : 0;
}

static int decode_params(struct decoding *d)
{
    struct mcp_message *m = d->message;
    m->params = json_get(d->doc, m->node, "params");
    if (m->params != JSON_NONE && json_type(d->doc, m->params) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "params must be an object");
    int error = 0;
    if (m->params != JSON_NONE)
        error = refuse_case_variants(d, m->params, params_members,
                                     sizeof params_members / sizeof *params_members);
    if (error == 0)
        error = refuse_case_variants(d, json_get(d->doc, m->params, "ref"), ref_members,
                                     sizeof ref_members / sizeof *ref_members);
    if (error == 0 && m->method == MCP_LISTEN)
        error =
            refuse_case_variants(d, json_get(d->doc, m->params, "notifications"), listen_members,
                                 sizeof listen_members / sizeof *listen_members);
    if (error == 0)
        error = decode_meta(d);
    if (error == 0)
        error = refuse_case_variants(d, m->meta, meta_members,
                                     sizeof meta_members / sizeof *meta_members);
    if (error == 0)
        error = decode_subject(d);
    if (error != 0 || m->params == JSON_NONE ||
        (m->method != MCP_TOOLS_CALL && m->method != MCP_PROMPTS_GET))
        return error;
    m->arguments = json_get(d->doc, m->params, "arguments");
    if (m->arguments != JSON_NONE && json_type(d->doc, m->arguments) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "params.arguments must be an object");
    return 0;
}

static int decode_message(struct decoding *d)
{
    struct mcp_message *m = d->message;
    if (json_type(d->doc, m->node) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "a message must be an object");
    int error = decode_id(d);
    if (error != 0)
        return error;
    error = refuse_case_variants(d, m->node, envelope_members,
                                 sizeof envelope_members / sizeof *envelope_members);
    if (error != 0)
        return error;
    uint32_t jsonrpc = json_get(d->doc, m->node, "jsonrpc");
    if (jsonrpc == JSON_NONE || json_type(d->doc, jsonrpc) != JSON_STRING ||
        !json_string_equals(d->doc, jsonrpc, SLICE_LITERAL("2.0")))
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the member jsonrpc must be \"2.0\"");
    error = decode_kind(d);
    if (error == 0 && m->kind != MCP_RESPONSE)
        error = decode_params(d);
    return error;
}

int mcp_decode(const struct json_doc *doc, uint32_t node, struct arena *arena,
               struct mcp_message *ret, int *ret_code, struct error *error)
{
    *ret = (struct mcp_message){.node = node,
                                .id = JSON_NONE,
                                .params = JSON_NONE,
                                .result = JSON_NONE,
                                .error = JSON_NONE,
                                .arguments = JSON_NONE,
                                .meta = JSON_NONE,
                                .progress_token = JSON_NONE};
    struct decoding d = {
        .doc = doc, .arena = arena, .message = ret, .error = error, .code = MCP_ERROR_INTERNAL};
    int result = decode_message(&d);
    *ret_code = d.code;
    return result;
}

struct slice mcp_client_name(const struct json_doc *doc, const struct mcp_message *message,
                             struct arena *arena)
{
    uint32_t info = message->method == MCP_INITIALIZE
                        ? json_get(doc, message->params, "clientInfo")
                        : json_get(doc, message->meta, META_PREFIX "clientInfo");
    uint32_t name = json_get(doc, info, "name");
    if (name == JSON_NONE || json_type(doc, name) != JSON_STRING)
        return (struct slice){"", 0};
    struct slice text = json_string(doc, name, arena);
    if (text.data == NULL || text.length <= CLIENT_NAME_MAX)
        return text;
    size_t length = CLIENT_NAME_MAX;
    while (length > 0 && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length--; // not inside a character
    return slice_of(text.data, length);
}
