// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP headers: which are passed on, and whether they agree with the body. Decisions are made on
// the body; a header that says something else is refused (2026-07-28, "Standard headers";
// SEP-2243).
#include "pipeline/toolbox_internal.h"

#include "base/codec.h"

enum { VALUE_MAX = 8192 };

static bool is_modern(enum http_field field)
{
    return field == HTTP_MCP_METHOD || field == HTTP_MCP_NAME || field == HTTP_MCP_PARAM;
}

static bool is_of_trace(enum http_field field)
{
    return field == HTTP_TRACEPARENT || field == HTTP_TRACESTATE || field == HTTP_BAGGAGE;
}

bool headers_is_modern(const struct http_header *header)
{
    return is_modern(http_field_of(header->name));
}

bool headers_is_of_trace(const struct http_header *header)
{
    return is_of_trace(http_field_of(header->name));
}

static bool is_forwarded(struct http_headers headers, size_t i)
{
    enum http_field field = http_headers_field(headers, i);
    return field == HTTP_MCP_PROTOCOL_VERSION || field == HTTP_LAST_EVENT_ID ||
           is_of_trace(field) || is_modern(field);
}

void headers_forward(struct exchange *ex, const struct http_request *request)
{
    struct http_headers all = request->headers;
    size_t count = 0;
    for (size_t i = 0; i < all.count; i++)
        count += is_forwarded(all, i) ? 1 : 0;
    count = count < FORWARD_MAX ? count : FORWARD_MAX;
    ex->forward = arena_take(&ex->arena, count * sizeof *ex->forward);
    for (size_t i = 0; ex->forward != NULL && ex->forward_count < count; i++)
        if (is_forwarded(all, i))
            ex->forward[ex->forward_count++] = all.items[i];
}

bool headers_keep(struct exchange *ex)
{
    for (size_t i = 0; i < ex->forward_count; i++) {
        struct http_header copy = {arena_copy(&ex->arena, ex->forward[i].name),
                                   arena_copy(&ex->arena, ex->forward[i].value)};
        if (copy.name.data == NULL || copy.value.data == NULL)
            return false;
        ex->forward[i] = copy;
    }
    return true;
}

// ---- Host and Origin (DNS rebinding)

static struct slice without_port(struct slice host)
{
    if (host.length > 0 && host.data[0] == '[') {
        const char *end = memchr(host.data, ']', host.length);
        return end == NULL ? host : slice_of(host.data, (size_t)(end - host.data) + 1);
    }
    const char *colon = memchr(host.data, ':', host.length);
    return colon == NULL ? host : slice_of(host.data, (size_t)(colon - host.data));
}

static bool port_is_digits(struct slice host, struct slice bare)
{
    if (host.length == bare.length)
        return true;
    if (host.data[bare.length] != ':' || host.length == bare.length + 1)
        return false;
    for (size_t i = bare.length + 1; i < host.length; i++)
        if (host.data[i] < '0' || host.data[i] > '9')
            return false;
    return true;
}

static bool host_allowed(const struct pipeline_rules *rules, struct slice host)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};
    struct slice bare = without_port(host);
    if (bare.length == 0 || !port_is_digits(host, bare))
        return false;
    for (size_t i = 0; rules->loopback_names && i < sizeof loopback / sizeof *loopback; i++)
        if (slice_equal_ignoring_case(bare, slice_from_string(loopback[i])))
            return true;
    // An entry without a port allows any port, one with a port only that.
    for (size_t i = 0; i < rules->allowed_host_count; i++)
        if (slice_equal_ignoring_case(rules->allowed_hosts[i], host) ||
            slice_equal_ignoring_case(rules->allowed_hosts[i], bare))
            return true;
    return false;
}

bool headers_host_allowed(const struct rules *rules, const struct http_request *request)
{
    struct slice host = http_header_get(request->headers, HTTP_HOST);
    return host.data != NULL && host_allowed(&rules->given, host);
}

bool headers_origin_allowed(const struct rules *rules, struct slice origin)
{
    for (size_t i = 0; i < rules->given.allowed_origin_count; i++)
        if (slice_equal_ignoring_case(rules->given.allowed_origins[i], origin))
            return true;
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++)
        if (slice_starts_with(origin, schemes[i]))
            return host_allowed(&rules->given, slice_of(origin.data + schemes[i].length,
                                                        origin.length - schemes[i].length));
    return false; // "null" and everything that is no web origin
}

bool pipeline_admits(const struct pipeline *pipeline, const struct http_request *request)
{
    struct slice origin = http_header_get(request->headers, HTTP_ORIGIN);
    return headers_host_allowed(pipeline->rules, request) &&
           (origin.data == NULL || (http_header_count(request->headers, HTTP_ORIGIN) == 1 &&
                                    headers_origin_allowed(pipeline->rules, origin)));
}

// ---- Agreement of headers and body in the modern era

static struct slice find(const struct exchange *ex, const char *name, size_t *ret_count)
{
    struct slice value = {0};
    size_t count = 0;
    for (size_t i = 0; i < ex->forward_count; i++)
        if (slice_equal_ignoring_case(ex->forward[i].name, slice_from_string(name))) {
            value = ex->forward[i].value;
            count++;
        }
    *ret_count = count;
    return value;
}

// "=?base64?...?=" wraps values that a header cannot hold; decoded strictly. data NULL: malformed.
static struct slice decode_value(struct exchange *ex, struct slice value)
{
    struct slice prefix = SLICE_LITERAL("=?base64?");
    if (!slice_starts_with(value, prefix) || value.length < prefix.length + 2 ||
        memcmp(value.data + value.length - 2, "?=", 2) != 0)
        return value;
    struct slice body = slice_of(value.data + prefix.length, value.length - prefix.length - 2);
    if (body.length > VALUE_MAX)
        return (struct slice){0};
    size_t length, room = CODEC_BASE64_BYTES(body.length) + 1;
    char *out = arena_take(&ex->arena, room);
    if (out == NULL || !codec_read_base64(body, CODEC_BASE64, out, room, &length))
        return (struct slice){0};
    return slice_of(out, length);
}

// ERROR_NOT_FOUND: absent; ERROR_PROTOCOL: twice, malformed or different; 0: equal.
static int compare(struct exchange *ex, const char *name, struct slice wanted)
{
    size_t count;
    struct slice value = find(ex, name, &count);
    if (count == 0)
        return ERROR_NOT_FOUND;
    value = decode_value(ex, slice_trim(value));
    return count == 1 && value.data != NULL && slice_equal(value, wanted) ? 0 : ERROR_PROTOCOL;
}

static enum step_result mismatch(struct exchange *ex, const char *name, const char *what)
{
    return exchange_refuse(ex, 400, MCP_ERROR_HEADER_MISMATCH, "Header mismatch: %s %s", name,
                           what);
}

static enum step_result must_equal(struct exchange *ex, const char *name, struct slice wanted)
{
    int result = compare(ex, name, wanted);
    if (result == ERROR_NOT_FOUND)
        return mismatch(ex, name, "is missing");
    return result == 0 ? STEP_NEXT : mismatch(ex, name, "does not agree with the body");
}

// The text that a header must carry for an argument, data NULL when the argument is absent.
static struct slice argument_text(struct exchange *ex, struct slice argument)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t value = json_get_slice(doc, ex->message.arguments, argument);
    if (value == JSON_NONE || json_type(doc, value) == JSON_NULL)
        return (struct slice){0};
    return json_type(doc, value) == JSON_STRING ? json_string(doc, value, &ex->arena)
                                                : json_raw(doc, value);
}

// Arguments that the tool's schema also wants as headers ("x-mcp-header").
static enum step_result check_parameters(struct exchange *ex)
{
    const struct tool *tool =
        toolbox_find(ex->pipeline, upstream_server_options(ex->server)->name, ex->subject);
    for (size_t i = 0; tool != NULL && i < tool->header_count; i++) {
        struct slice name =
            arena_format(&ex->arena, "Mcp-Param-%.*s", SLICE_PRINT(tool->headers[i].header));
        struct slice wanted = argument_text(ex, tool->headers[i].argument);
        if (name.data == NULL)
            return STEP_FAIL;
        int result = compare(ex, name.data, wanted);
        if (result == ERROR_NOT_FOUND && wanted.data == NULL)
            continue;
        if (result != 0 || wanted.data == NULL)
            return mismatch(ex, name.data, "does not agree with the body");
    }
    return STEP_NEXT;
}

static bool has_name_header(enum mcp_method method)
{
    switch (method) {
    case MCP_TOOLS_CALL:
    case MCP_PROMPTS_GET:
    case MCP_RESOURCES_READ:
    case MCP_TASKS_GET:
    case MCP_TASKS_UPDATE:
    case MCP_TASKS_CANCEL: return true;
    default: return false;
    }
}

// Two values of a header that has one would let two readers choose differently.
static bool is_repeated(const struct exchange *ex)
{
    for (size_t i = 0; i < ex->forward_count; i++) {
        enum http_field field = http_field_of(ex->forward[i].name);
        for (size_t k = 0; k < i && field != HTTP_TRACESTATE && field != HTTP_BAGGAGE; k++)
            if (slice_equal_ignoring_case(ex->forward[i].name, ex->forward[k].name))
                return true;
    }
    return false;
}

// A revision that the gateway does not know may mean something else by the same words.
static enum step_result refuse_version(struct exchange *ex)
{
    struct buffer data;
    buffer_init(&data, 0);
    buffer_append_string(&data, "{\"supported\":[\"2026-07-28\"],\"requested\":");
    json_write_string(&data, ex->message.version);
    buffer_append_string(&data, "}");
    ex->reason = SLICE_LITERAL("Unsupported protocol version");
    exchange_answer_error(ex, 400, MCP_ERROR_UNSUPPORTED_VERSION, ex->reason, buffer_slice(&data));
    buffer_release(&data);
    return STEP_REPLY;
}

enum step_result step_headers(struct exchange *ex)
{
    if (ex->is_http && is_repeated(ex))
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST,
                               "A header that has one value is there twice");
    if (!ex->modern || ex->message_kind == MCP_RESPONSE)
        return STEP_NEXT;
    // Every modern request says its version and capabilities; there is no earlier message to look
    // at.
    if (ex->message_kind == MCP_REQUEST &&
        (ex->message.version.data == NULL || !ex->message.has_capabilities))
        return exchange_refuse(
            ex, 400, MCP_ERROR_INVALID_PARAMS,
            "Invalid params: _meta must hold io.modelcontextprotocol/protocolVersion "
            "and io.modelcontextprotocol/clientCapabilities");
    bool known = ex->message.version.data == NULL ||
                 mcp_version_is_modern(mcp_version_parse(ex->message.version));
    if (!ex->is_http)
        return known ? STEP_NEXT : refuse_version(ex);
    if (ex->message_kind != MCP_REQUEST) // a notification may come without, but not with another's
        return compare(ex, METHOD_HEADER, ex->method_name) == ERROR_PROTOCOL
                   ? mismatch(ex, METHOD_HEADER, "does not agree with the body")
                   : STEP_NEXT;
    enum step_result result = must_equal(ex, VERSION_HEADER, ex->message.version);
    if (result == STEP_NEXT && !known)
        result = refuse_version(ex);
    if (result == STEP_NEXT)
        result = must_equal(ex, METHOD_HEADER, ex->method_name);
    if (result == STEP_NEXT && has_name_header(ex->method))
        result = must_equal(ex, NAME_HEADER, ex->subject);
    // What a hidden tool's schema asks for would tell that there is one; it is denied anyway.
    if (result == STEP_NEXT && ex->method == MCP_TOOLS_CALL &&
        decide_visible(ex, MCP_LIST_TOOLS, ex->subject, JSON_NONE))
        result = check_parameters(ex);
    return result;
}

// ---- Headers made from the message, for clients that have none (stdio)

static struct slice encode_value(struct exchange *ex, struct slice value)
{
    bool plain = value.length > 0 && value.data[0] != ' ' && value.data[value.length - 1] != ' ' &&
                 !slice_starts_with(value, SLICE_LITERAL("=?base64?"));
    for (size_t i = 0; plain && i < value.length; i++)
        plain = value.data[i] >= 0x20 && value.data[i] < 0x7F;
    if (plain || value.length > VALUE_MAX)
        return value;
    char *out = arena_take(&ex->arena, CODEC_BASE64_LENGTH(value.length) + 1);
    if (out == NULL)
        return (struct slice){0};
    size_t length = codec_write_base64(value, CODEC_BASE64, out);
    return arena_format(&ex->arena, "=?base64?%.*s?=", (int)length, out);
}

static int add(struct exchange *ex, struct slice name, struct slice value)
{
    if (ex->forward_count >= FORWARD_MAX || name.data == NULL || value.data == NULL)
        return ERROR_NO_MEMORY;
    ex->forward[ex->forward_count++] = (struct http_header){name, value};
    return 0;
}

static int add_modern(struct exchange *ex)
{
    int result = add(ex, SLICE_LITERAL(VERSION_HEADER), ex->message.version);
    if (result == 0)
        result = add(ex, SLICE_LITERAL(METHOD_HEADER), ex->message.method_name);
    if (result == 0 && has_name_header(ex->message.method))
        result = add(ex, SLICE_LITERAL(NAME_HEADER), encode_value(ex, ex->message.subject));
    const struct tool *tool =
        ex->method != MCP_TOOLS_CALL
            ? NULL
            : toolbox_find(ex->pipeline, upstream_server_options(ex->server)->name, ex->subject);
    for (size_t i = 0; tool != NULL && result == 0 && i < tool->header_count; i++) {
        struct slice value = argument_text(ex, tool->headers[i].argument);
        if (value.data == NULL)
            continue;
        struct slice name =
            arena_format(&ex->arena, "Mcp-Param-%.*s", SLICE_PRINT(tool->headers[i].header));
        result = add(ex, name, encode_value(ex, value));
    }
    return result;
}

int headers_from_message(struct exchange *ex)
{
    ex->forward = arena_take(&ex->arena, FORWARD_MAX * sizeof *ex->forward);
    ex->forward_count = 0;
    if (ex->forward == NULL)
        return ERROR_NO_MEMORY;
    return ex->modern ? add_modern(ex) : 0;
}

int headers_for_modern(struct exchange *ex)
{
    const struct http_header *old = ex->forward;
    size_t count = ex->forward_count;
    ex->forward = arena_take(&ex->arena, FORWARD_MAX * sizeof *ex->forward);
    ex->forward_count = 0;
    if (ex->forward == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (headers_is_of_trace(&old[i]))
            ex->forward[ex->forward_count++] = old[i];
    return add_modern(ex);
}
