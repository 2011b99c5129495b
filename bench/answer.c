// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BIG_TOOLS = 2000, DESCRIPTION = 380 };

struct piece {
    const char *data;
    size_t length;
};

static char *filling;
static char *list;
static size_t list_length;

static void *need(size_t size)
{
    void *bytes = malloc(size);
    if (bytes == NULL) {
        perror("answer");
        exit(1);
    }
    return bytes;
}

static void make_list(size_t tools, size_t description)
{
    size_t size = tools * (description + 200) + 64, used = 0;
    list = need(size);
    used += (size_t)snprintf(list, size, "\"tools\":[");
    for (size_t i = 0; i < tools; i++)
        used += (size_t)snprintf(
            list + used, size - used,
            "%s{\"name\":\"%s_%04zu\",\"description\":\"%.*s\",\"inputSchema\":{\"type\":"
            "\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},\"required\":[\"path\"]}}",
            i == 0 ? "" : ",", i % 2 == 1 && tools > ANSWER_SMALL_TOOLS ? "write" : "tool", i,
            (int)description, filling);
    used += (size_t)snprintf(list + used, size - used, "]");
    list_length = used;
}

void answer_init(bool big_list)
{
    filling = need(ANSWER_LARGE + 1);
    for (size_t i = 0; i < ANSWER_LARGE; i++)
        filling[i] = "abcdefghijklmnopqrstuvwxyz 012345"[i % 33];
    filling[ANSWER_LARGE] = '\0';
    make_list(big_list ? BIG_TOOLS : ANSWER_SMALL_TOOLS, big_list ? DESCRIPTION : 40);
}

const char *answer_filling(void)
{
    return filling;
}

// What follows the first `key` up to one of `ends`; data NULL when it is not there.
static struct piece after(const char *body, size_t length, const char *key, const char *ends)
{
    struct piece found = {NULL, 0};
    const char *at = memmem(body, length, key, strlen(key));
    if (at == NULL)
        return found;
    at += strlen(key);
    size_t left = length - (size_t)(at - body);
    found.data = at;
    while (found.length < left && strchr(ends, at[found.length]) == NULL)
        found.length++;
    return found;
}

static bool is(struct piece piece, const char *text)
{
    return piece.length == strlen(text) && memcmp(piece.data, text, piece.length) == 0;
}

static void begin(struct answer *a, struct piece id, const char *format, struct piece text)
{
    size_t size = sizeof a->head;
    a->head_length = (size_t)snprintf(
        a->head, size, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{", (int)id.length, id.data);
    a->head_length += (size_t)snprintf(a->head + a->head_length, size - a->head_length, format,
                                       (int)text.length, text.data == NULL ? "" : text.data);
}

static void end(struct answer *a, const char *tail)
{
    a->tail_length = strlen(tail);
    memcpy(a->tail, tail, a->tail_length);
}

static void call_tool(struct answer *a, struct piece id, const char *body, size_t length)
{
    struct piece tool = after(body, length, "\"params\":{\"name\":\"", "\"");
    struct piece path = after(body, length, "\"path\":\"", "\"");
    if (tool.data == NULL)
        tool = after(body, length, "\"name\":\"", "\"");
    begin(a, id, "\"resultType\":\"complete\",\"content\":[{\"type\":\"text\",\"text\":\"%.*s",
          path);
    end(a, "\"}]}}");
    a->stream = is(tool, "stream");
    if (is(tool, "large")) {
        a->middle = filling;
        a->middle_length = ANSWER_LARGE;
    }
}

static void initialize(struct answer *a, struct piece id, const char *body, size_t length)
{
    struct piece version = after(body, length, "\"protocolVersion\":\"", "\"");
    a->initialize = true;
    begin(a, id,
          "\"protocolVersion\":\"%.*s\",\"capabilities\":{\"tools\":{}},"
          "\"serverInfo\":{\"name\":\"bench\",\"version\":\"1\"}",
          version);
    end(a, "}}");
}

void answer_make(const char *body, size_t length, struct answer *ret)
{
    struct piece nothing = {NULL, 0};
    struct piece id = after(body, length, "\"id\":", ",}");
    struct piece method = after(body, length, "\"method\":\"", "\"");
    ret->stream = ret->initialize = false;
    ret->middle_length = 0;
    ret->none = id.data == NULL || id.length > 200 || method.data == NULL;
    if (ret->none)
        return;
    if (is(method, "tools/call")) {
        call_tool(ret, id, body, length);
    } else if (is(method, "initialize")) {
        initialize(ret, id, body, length);
    } else if (is(method, "server/discover")) { // it speaks both eras
        begin(ret, id,
              "\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\",\"2025-11-25\"],"
              "\"capabilities\":{\"tools\":{}},\"ttlMs\":0,\"cacheScope\":\"private\"%.*s",
              nothing);
        end(ret, "}}");
    } else if (is(method, "tools/list")) {
        begin(ret, id, "%.*s", nothing);
        ret->middle = list;
        ret->middle_length = list_length;
        end(ret, ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"}}");
    } else {
        begin(ret, id, "%.*s", nothing);
        end(ret, "}}");
    }
}
