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
enum envelope { JSONRPC, ID, METHOD, PARAMS, RESULT, ERROR, ENVELOPE_MEMBERS };
static const struct slice envelope_names[] = {
    [JSONRPC] = {"jsonrpc", 7}, [ID] = {"id", 2},         [METHOD] = {"method", 6},
    [PARAMS] = {"params", 6},   [RESULT] = {"result", 6}, [ERROR] = {"error", 5}};
enum params {
    NAME,
    ARGUMENTS,
    URI,
    META,
    TASK_ID,
    REQUEST_ID,
    REF,
    TASK,
    LEVEL,
    CURSOR,
    NOTIFICATIONS,
    INPUT_RESPONSES,
    REQUEST_STATE,
    PARAMS_MEMBERS
};
static const struct slice params_names[] = {[NAME] = {"name", 4},
                                            [ARGUMENTS] = {"arguments", 9},
                                            [URI] = {"uri", 3},
                                            [META] = {"_meta", 5},
                                            [TASK_ID] = {"taskId", 6},
                                            [REQUEST_ID] = {"requestId", 9},
                                            [REF] = {"ref", 3},
                                            [TASK] = {"task", 4},
                                            [LEVEL] = {"level", 5},
                                            [CURSOR] = {"cursor", 6},
                                            [NOTIFICATIONS] = {"notifications", 13},
                                            [INPUT_RESPONSES] = {"inputResponses", 14},
                                            [REQUEST_STATE] = {"requestState", 12}};
enum meta {
    PROGRESS_TOKEN,
    PROTOCOL_VERSION,
    CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    SUBSCRIPTION_ID,
    META_MEMBERS
};
static const struct slice meta_names[] = {[PROGRESS_TOKEN] = {"progressToken", 13},
                                          [PROTOCOL_VERSION] = {META_PREFIX "protocolVersion", 39},
                                          [CAPABILITIES] = {META_PREFIX "clientCapabilities", 42},
                                          [CLIENT_INFO] = {META_PREFIX "clientInfo", 34},
                                          [LOG_LEVEL] = {META_PREFIX "logLevel", 32},
                                          [SUBSCRIPTION_ID] = {META_PREFIX "subscriptionId", 38}};
static const struct slice listen_names[] = {{"toolsListChanged", 16},
                                            {"promptsListChanged", 18},
                                            {"resourcesListChanged", 20},
                                            {"resourceSubscriptions", 21}};
static const struct slice ref_names[] = {{"type", 4}, {"name", 4}, {"uri", 3}};
enum { MEMBERS_MAX = PARAMS_MEMBERS };

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

static int refuse_spelling(struct decoding *d, struct slice name)
{
    d->code = MCP_ERROR_INVALID_REQUEST;
    return error_set(d->error, ERROR_AMBIGUOUS,
                     "a member differs from '%s' only by case; write it as '%s' or leave it out",
                     name.data, name.data);
}

// Nearly every key is one of the names, letter by letter; else `count`.
static size_t find_exact(const struct json_doc *doc, uint32_t key, const struct slice *names,
                         size_t count)
{
    struct slice raw = json_raw(doc, key);
    struct slice text = slice_of(raw.data + 1, raw.length - 2);
    size_t i = json_at(doc, key)->escaped ? count : 0;
    while (i < count && !slice_equal(text, names[i]))
        i++;
    return i;
}

// Which of the names a lenient reader would take the key for; `count` for none.
static size_t find_name(struct slice folded, const struct slice *names, size_t count)
{
    size_t i = 0;
    while (i < count && !slice_equal_ignoring_case(folded, names[i]))
        i++;
    return i;
}

// The values of an object's members, in the order of `names`; JSON_NONE for one that is not there.
// All are filled in even when one is refused.
static int read_members(struct decoding *d, uint32_t object, const struct slice *names,
                        size_t count, uint32_t *ret_values)
{
    int error = 0;
    for (size_t i = 0; i < count; i++)
        ret_values[i] = JSON_NONE;
    for (uint32_t key = json_first_key(d->doc, object); key != JSON_NONE;
         key = json_next_key(d->doc, object, key)) {
        size_t exact = find_exact(d->doc, key, names, count);
        if (exact < count) {
            ret_values[exact] = key + 1;
            continue;
        }
        struct slice folded = mcp_fold_key(d->doc, key, d->arena);
        if (folded.data == NULL)
            return error_set(d->error, ERROR_NO_MEMORY, "no memory for a key");
        size_t i = find_name(folded, names, count);
        if (i == count)
            continue;
        if (json_string_equals(d->doc, key, names[i]))
            ret_values[i] = key + 1;
        else if (error == 0)
            error = refuse_spelling(d, names[i]);
    }
    return error;
}

static int refuse_spellings(struct decoding *d, uint32_t object, const struct slice *names,
                            size_t count)
{
    uint32_t values[MEMBERS_MAX];
    return read_members(d, object, names, count, values);
}

static int decode_id(struct decoding *d, uint32_t id)
{
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

static int decode_response(struct decoding *d, bool null_id)
{
    struct mcp_message *m = d->message;
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

// Which of the three kinds it is. A null id is allowed only in an error response (JSON-RPC 2.0, 5).
static int decode_kind(struct decoding *d, const uint32_t *members)
{
    struct mcp_message *m = d->message;
    uint32_t method = members[METHOD];
    m->result = members[RESULT];
    m->error = members[ERROR];
    bool null_id = m->id != JSON_NONE && json_type(d->doc, m->id) == JSON_NULL;
    if (method == JSON_NONE)
        return decode_response(d, null_id);
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

// The member that names what the method is about.
static enum params subject_member(enum mcp_method method)
{
    switch (method) {
    case MCP_TOOLS_CALL:
    case MCP_PROMPTS_GET: return NAME;
    case MCP_RESOURCES_READ:
    case MCP_RESOURCES_SUBSCRIBE:
    case MCP_RESOURCES_UNSUBSCRIBE:
    case MCP_RESOURCES_UPDATED: return URI;
    case MCP_TASKS_GET:
    case MCP_TASKS_RESULT:
    case MCP_TASKS_CANCEL:
    case MCP_TASKS_UPDATE: return TASK_ID;
    default: return PARAMS_MEMBERS;
    }
}

static int decode_subject(struct decoding *d, const uint32_t *members)
{
    struct mcp_message *m = d->message;
    enum params member = subject_member(m->method);
    if (member == PARAMS_MEMBERS)
        return 0;
    uint32_t node = members[member];
    // Without a name these mean nothing to any server, which says so itself; a call, a read and a
    // prompt without one are refused, because policies are about names.
    bool needed = m->method == MCP_TOOLS_CALL || m->method == MCP_PROMPTS_GET ||
                  m->method == MCP_RESOURCES_READ;
    if (node == JSON_NONE && !needed)
        return 0;
    if (node == JSON_NONE || json_type(d->doc, node) != JSON_STRING ||
        json_at(d->doc, node)->length > SUBJECT_LENGTH_MAX) {
        d->code = MCP_ERROR_INVALID_PARAMS;
        return error_set(d->error, ERROR_PROTOCOL, "params.%s must be a string",
                         params_names[member].data);
    }
    m->subject = json_string(d->doc, node, d->arena);
    return m->subject.data == NULL ? error_set(d->error, ERROR_NO_MEMORY, "no memory") : 0;
}

static int decode_meta(struct decoding *d)
{
    struct mcp_message *m = d->message;
    uint32_t members[META_MEMBERS];
    if (m->method == MCP_PROGRESS)
        m->progress_token = json_get(d->doc, m->params, "progressToken");
    if (m->meta == JSON_NONE)
        return 0;
    if (json_type(d->doc, m->meta) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "params._meta must be an object");
    int error = read_members(d, m->meta, meta_names, META_MEMBERS, members);
    if (m->method != MCP_PROGRESS)
        m->progress_token = members[PROGRESS_TOKEN];
    m->log_level = members[LOG_LEVEL];
    m->client_info = members[CLIENT_INFO];
    uint32_t capabilities = members[CAPABILITIES], version = members[PROTOCOL_VERSION];
    m->has_capabilities =
        capabilities != JSON_NONE && json_type(d->doc, capabilities) == JSON_OBJECT;
    if (version != JSON_NONE && json_type(d->doc, version) != JSON_STRING)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "the protocol version must be a string");
    if (version != JSON_NONE)
        m->version = json_string(d->doc, version, d->arena);
    if (version != JSON_NONE && m->version.data == NULL)
        return error_set(d->error, ERROR_NO_MEMORY, "no memory");
    return error;
}

static int decode_params(struct decoding *d, uint32_t params)
{
    struct mcp_message *m = d->message;
    uint32_t members[PARAMS_MEMBERS];
    m->params = params;
    if (params != JSON_NONE && json_type(d->doc, params) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "params must be an object");
    int error = read_members(d, params, params_names, PARAMS_MEMBERS, members);
    m->meta = members[META];
    if (error == 0)
        error = refuse_spellings(d, members[REF], ref_names, sizeof ref_names / sizeof *ref_names);
    if (error == 0 && m->method == MCP_LISTEN)
        error = refuse_spellings(d, members[NOTIFICATIONS], listen_names,
                                 sizeof listen_names / sizeof *listen_names);
    if (error == 0)
        error = decode_meta(d);
    if (error == 0)
        error = decode_subject(d, members);
    if (error != 0 || (m->method != MCP_TOOLS_CALL && m->method != MCP_PROMPTS_GET))
        return error;
    m->arguments = members[ARGUMENTS];
    if (m->arguments != JSON_NONE && json_type(d->doc, m->arguments) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_PARAMS, "params.arguments must be an object");
    return 0;
}

static int decode_message(struct decoding *d)
{
    struct mcp_message *m = d->message;
    uint32_t members[ENVELOPE_MEMBERS];
    if (json_type(d->doc, m->node) != JSON_OBJECT)
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "a message must be an object");
    int spelling = read_members(d, m->node, envelope_names, ENVELOPE_MEMBERS, members);
    int error = decode_id(d, members[ID]);
    if (error != 0 || spelling != 0)
        return error != 0 ? error : spelling;
    uint32_t jsonrpc = members[JSONRPC];
    if (jsonrpc == JSON_NONE || json_type(d->doc, jsonrpc) != JSON_STRING ||
        !json_string_equals(d->doc, jsonrpc, SLICE_LITERAL("2.0")))
        return refuse(d, MCP_ERROR_INVALID_REQUEST, "the member jsonrpc must be \"2.0\"");
    error = decode_kind(d, members);
    if (error == 0 && m->kind != MCP_RESPONSE)
        error = decode_params(d, members[PARAMS]);
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
                                .progress_token = JSON_NONE,
                                .log_level = JSON_NONE,
                                .client_info = JSON_NONE};
    struct decoding d = {
        .doc = doc, .arena = arena, .message = ret, .error = error, .code = MCP_ERROR_INTERNAL};
    int result = decode_message(&d);
    *ret_code = d.code;
    return result;
}

struct slice mcp_client_name(const struct json_doc *doc, const struct mcp_message *message,
                             struct arena *arena)
{
    uint32_t info = message->method == MCP_INITIALIZE ? json_get(doc, message->params, "clientInfo")
                                                      : message->client_info;
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
