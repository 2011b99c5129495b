// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Requests are written once per user; a call only changes the ten digits of its id, which stand in
// the arguments too, so that the server's echo proves that an answer belongs to its call.
#include "load.h"
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_SIZE = 1024 };
#define ID_TEXT "0000000000"
#define VERSION_LEGACY "2025-11-25"
#define VERSION_MODERN "2026-07-28"
#define META                                                                                       \
    ",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"" VERSION_MODERN                    \
    "\",\"io.modelcontextprotocol/clientCapabilities\":{}}"

static const struct {
    const char *name, *method, *tool;
    int limit;
} kinds[KIND_COUNT] = {
    [KIND_CALL] = {"call", "tools/call", "read", 10},
    [KIND_DENY] = {"deny", "tools/call", "read", 500},
    [KIND_LIST] = {"list", "tools/list", NULL, 0},
    [KIND_LARGE] = {"large", "tools/call", "large", 10},
    [KIND_STREAM] = {"stream", "tools/call", "stream", 10},
    [KIND_PING] = {"ping", "ping", NULL, 0},
};

// The first list that was found to be right; all others must be the same but for the id.
static char *first_list;
static size_t first_list_length, first_list_id;

bool message_kind(const char *name, enum kind *ret)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret = (enum kind)i;
            return true;
        }
    }
    return false;
}

void message_init(void)
{
    answer_init(false);
}

static int write_body(char body[BODY_SIZE], enum kind kind, bool modern)
{
    const char *meta = modern ? META : "";
    if (kinds[kind].tool == NULL)
        return snprintf(body, BODY_SIZE,
                        "{\"jsonrpc\":\"2.0\",\"id\":" ID_TEXT
                        ",\"method\":\"%s\",\"params\":{%s}}",
                        kinds[kind].method, modern ? meta + 1 : "");
    return snprintf(
        body, BODY_SIZE,
        "{\"jsonrpc\":\"2.0\",\"id\":" ID_TEXT
        ",\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{\"path\":"
        "\"/srv/data/" ID_TEXT ".txt\",\"limit\":%d}%s}}",
        kinds[kind].tool, kinds[kind].limit, meta);
}

static void find_places(struct request *r)
{
    r->bytes[r->length] = '\0';
    r->place_count = 0;
    // A session's id in the head may hold such digits too.
    char *body = strstr(r->bytes, "\"id\":");
    for (char *at = body == NULL ? r->bytes + r->length : body;
         r->place_count < 2 && (at = strstr(at, ID_TEXT)) != NULL; at += ID_DIGITS)
        r->places[r->place_count++] = (size_t)(at - r->bytes);
}

static void check_length(struct request *r, int length)
{
    if (length < 0 || length >= REQUEST_SIZE) {
        fputs("load: a request is too long (path or token?)\n", stderr);
        exit(1);
    }
    r->length = (size_t)length;
    find_places(r);
}

static void write_request(const struct message_options *o, const char *verb, const char *session,
                          const char *more, const char *body, struct request *ret)
{
    bool has_body = body[0] != '\0';
    char length[96] = "";
    if (has_body)
        snprintf(length, sizeof length, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                 strlen(body));
    check_length(ret,
                 snprintf(ret->bytes, sizeof ret->bytes,
                          "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %stext/event-stream\r\n%s"
                          "%s%s%s%s%s%s%s\r\n%s",
                          verb, o->path, has_body ? "application/json, " : "", length,
                          o->token != NULL ? "Authorization: Bearer " : "",
                          o->token != NULL ? o->token : "", o->token != NULL ? "\r\n" : "",
                          session[0] != '\0' ? "Mcp-Session-Id: " : "", session,
                          session[0] != '\0' ? "\r\n" : "", more, body));
}

void message_call(const struct message_options *o, const char *session, struct request *ret)
{
    char body[BODY_SIZE], more[256];
    write_body(body, o->kind, o->modern);
    if (o->modern)
        snprintf(more, sizeof more,
                 "MCP-Protocol-Version: " VERSION_MODERN "\r\nMcp-Method: %s\r\n%s%s%s",
                 kinds[o->kind].method, kinds[o->kind].tool != NULL ? "Mcp-Name: " : "",
                 kinds[o->kind].tool != NULL ? kinds[o->kind].tool : "",
                 kinds[o->kind].tool != NULL ? "\r\n" : "");
    else
        snprintf(more, sizeof more, "MCP-Protocol-Version: " VERSION_LEGACY "\r\n");
    write_request(o, "POST", session, more, body, ret);
}

static const char initialize[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
    "\"" VERSION_LEGACY "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"load\",\"version\":"
    "\"1\"}}}";
static const char initialized[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";

void message_initialize(const struct message_options *o, struct request *ret)
{
    write_request(o, "POST", "", "", initialize, ret);
}

void message_initialized(const struct message_options *o, const char *session, struct request *ret)
{
    write_request(o, "POST", session, "MCP-Protocol-Version: " VERSION_LEGACY "\r\n", initialized,
                  ret);
}

void message_listen(const struct message_options *o, const char *session, struct request *ret)
{
    write_request(o, "GET", session, "MCP-Protocol-Version: " VERSION_LEGACY "\r\n", "", ret);
}

void message_line(enum kind kind, struct request *ret)
{
    char body[BODY_SIZE];
    write_body(body, kind, false);
    check_length(ret, snprintf(ret->bytes, sizeof ret->bytes, "%s\n", body));
}

void message_initialize_line(struct request *ret)
{
    check_length(ret, snprintf(ret->bytes, sizeof ret->bytes, "%s\n", initialize));
}

void message_initialized_line(struct request *ret)
{
    check_length(ret, snprintf(ret->bytes, sizeof ret->bytes, "%s\n", initialized));
}

static void write_digits(char *at, uint64_t id)
{
    for (size_t i = ID_DIGITS; i-- > 0; id /= 10)
        at[i] = (char)('0' + id % 10);
}

void message_set_id(struct request *request, uint64_t id)
{
    for (size_t i = 0; i < request->place_count; i++)
        write_digits(request->bytes + request->places[i], id);
}

static const char *find_id(const char *body, size_t length, uint64_t id)
{
    char text[] = "\"id\":" ID_TEXT;
    write_digits(text + 5, id);
    const char *found = memmem(body, length, text, sizeof text - 1);
    if (found == NULL)
        return NULL;
    const char *behind = found + sizeof text - 1;
    return behind < body + length && (*behind == ',' || *behind == '}') ? found : NULL;
}

// The server's text: the path that was asked for, and in a large answer the filling.
static const char *check_text(const char *body, size_t length, enum kind kind, uint64_t id)
{
    char text[] = "\"text\":\"/srv/data/" ID_TEXT ".txt";
    write_digits(text + 18, id);
    const char *found = memmem(body, length, text, sizeof text - 1);
    if (found == NULL)
        return "an answer with another call's text";
    const char *behind = found + sizeof text - 1;
    size_t left = length - (size_t)(behind - body);
    if (kind == KIND_LARGE) {
        if (left <= ANSWER_LARGE || memcmp(behind, answer_filling(), ANSWER_LARGE) != 0)
            return "a large answer that is not the server's";
        behind += ANSWER_LARGE;
        left -= ANSWER_LARGE;
    }
    return left > 0 && *behind == '"' ? NULL : "a text that goes on";
}

static const char *check_first_list(const char *body, size_t length, const char *id,
                                    const char *hidden)
{
    char text[64];
    size_t tools = 0;
    const char *at = body;
    while ((at = memmem(at, length - (size_t)(at - body), "\"name\":\"tool_", 13)) != NULL) {
        tools++;
        at += 13;
    }
    if (tools < ANSWER_SMALL_TOOLS)
        return "a list without the tools that are allowed";
    if (hidden != NULL) {
        snprintf(text, sizeof text, "\"name\":\"%s", hidden);
        if (memmem(body, length, text, strlen(text)) != NULL)
            return "a list with a hidden tool";
    }
    first_list = malloc(length);
    if (first_list == NULL)
        return "no memory";
    memcpy(first_list, body, length);
    first_list_length = length;
    first_list_id = (size_t)(id - body);
    return NULL;
}

static const char *check_list(const char *body, size_t length, const char *id, const char *hidden)
{
    if (first_list == NULL)
        return check_first_list(body, length, id, hidden);
    size_t skip = (size_t)(id - body) + 5 + ID_DIGITS;
    if (length != first_list_length || (size_t)(id - body) != first_list_id)
        return "a list unlike the first one";
    if (memcmp(body, first_list, first_list_id) != 0 ||
        memcmp(body + skip, first_list + skip, length - skip) != 0)
        return "a list unlike the first one";
    return NULL;
}

const char *message_check(const struct message_options *o, const char *body, size_t length,
                          bool event_stream, uint64_t id)
{
    const char *found = find_id(body, length, id);
    if (found == NULL)
        return "an answer without the call's id";
    if (event_stream != (o->kind == KIND_STREAM) && !o->any_type)
        return "an answer of the other content type";
    bool denied = memmem(body, length, "\"isError\":true", 14) != NULL;
    switch (o->kind) {
    case KIND_DENY: return denied ? NULL : "a call that should have been denied";
    case KIND_LIST: return check_list(body, length, found, o->hidden);
    case KIND_PING: return NULL;
    default: return denied ? "a denied call" : check_text(body, length, o->kind, id);
    }
}
