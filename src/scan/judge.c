// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the tools of a list do: classified, and what is shown of it copied, so that memory is
// bounded by the list and not by what the classifier could say of it.
#include "scan/scan_internal.h"

#include <stdlib.h>

enum { WORDS_MAX = 120 };

static struct slice copy(struct scan_server *server, struct slice text, size_t most)
{
    // Not inside a character.
    while (text.length > most)
        for (text.length--;
             text.length > 0 && ((unsigned char)text.data[text.length] & 0xC0) == 0x80;)
            text.length--;
    return arena_copy(&server->arena, text);
}

// JSON_NONE: it is no tool.
static uint32_t name_of(const struct json_doc *doc, uint32_t node)
{
    uint32_t name = json_get(doc, node, "name");
    if (name == JSON_NONE)
        name = json_get(doc, node, "tool");
    bool good = name != JSON_NONE && json_type(doc, name) == JSON_STRING &&
                json_at(doc, name)->length > 2; // more than its quotes
    return good ? name : JSON_NONE;
}

static bool take_signals(struct scan_server *server, const struct catalogue_tool *from,
                         struct scan_tool *tool)
{
    struct catalogue_finding found[CATALOGUE_FINDINGS_MAX];
    size_t count = catalogue_find_signals(from, found, CATALOGUE_FINDINGS_MAX);
    // One more for what only shows beside other tools.
    tool->signals = arena_take(&server->arena, (count + 1) * sizeof *tool->signals);
    if (tool->signals == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct slice words = copy(server, found[i].words, WORDS_MAX);
        if (words.data == NULL && found[i].words.length > 0)
            return false;
        tool->signals[i] = (struct scan_signal){.signal = found[i].signal,
                                                .name = catalogue_signal_name(found[i].signal),
                                                .says = found[i].says,
                                                .severity = found[i].severity,
                                                .source = found[i].source,
                                                .words = words};
    }
    tool->signal_count = count;
    tool->misleads = catalogue_misleads(found, count);
    return true;
}

static bool judge_tool(struct scan_server *server, uint32_t node, struct scan_tool *ret)
{
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    struct buffer why;
    uint32_t name = name_of(&server->doc, node);
    buffer_init(&why, 0);
    catalogue_read_tool(&server->doc, node, &scratch, &tool);
    tool.server = server->name;
    catalogue_classify(&tool, &verdict);
    catalogue_write_why(&why, &verdict);
    *ret = (struct scan_tool){.name = json_string(&server->doc, name, &server->arena),
                              .definition = json_raw(&server->doc, node),
                              .node = node,
                              .why = arena_copy(&server->arena, buffer_slice(&why)),
                              .category = verdict.category,
                              .severity = verdict.severity,
                              .confidence = verdict.confidence,
                              .tokens = catalogue_count_tokens(json_raw(&server->doc, node)),
                              .shortened = verdict.shortened};
    if (verdict.count > 0) {
        ret->words = copy(server, verdict.evidence[0].words, WORDS_MAX);
        ret->says = verdict.evidence[0].says;
        ret->source = verdict.evidence[0].source;
    }
    bool good = !why.failed && ret->name.data != NULL && ret->why.data != NULL;
    buffer_release(&why);
    return good && take_signals(server, &tool, ret);
}

static int compare(const void *a, const void *b)
{
    const struct scan_tool *x = a, *y = b;
    if (x->category != y->category)
        return x->category < y->category ? 1 : -1;
    size_t least = x->name.length < y->name.length ? x->name.length : y->name.length;
    int order = memcmp(x->name.data, y->name.data, least);
    return order != 0 ? order
                      : (x->name.length > y->name.length) - (x->name.length < y->name.length);
}

static int judge_list(struct scan_server *server)
{
    const struct json_doc *doc = &server->doc;
    size_t room = json_at(doc, 0)->count;
    server->tools = arena_take(&server->arena, (room + 1) * sizeof *server->tools);
    if (server->tools == NULL)
        return ERROR_NO_MEMORY;
    for (uint32_t item = room == 0 ? JSON_NONE : json_first_element(doc, 0); item != JSON_NONE;
         item = json_next_element(doc, 0, item)) {
        struct scan_tool *tool = &server->tools[server->tool_count];
        if (name_of(doc, item) == JSON_NONE) {
            server->odd++;
            continue;
        }
        if (!judge_tool(server, item, tool))
            return ERROR_NO_MEMORY;
        server->tool_count++;
        server->tokens += tool->tokens;
        server->counts[tool->category]++;
    }
    qsort(server->tools, server->tool_count, sizeof *server->tools, compare);
    return 0;
}

int scan_judge(struct scan_server *server)
{
    struct error error = {0};
    if (server->state != SCAN_GOOD)
        return 0;
    int result = json_scan(&server->doc, buffer_slice(&server->list), NULL, &error, NULL);
    if (result == ERROR_NO_MEMORY)
        return result;
    if (result != 0 || json_type(&server->doc, 0) != JSON_ARRAY) {
        scan_fail(server, "list", "%s", result != 0 ? error.text : "no list of tools");
        return 0;
    }
    return judge_list(server);
}

int scan_judge_all(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        int result = scan_judge(scan->servers[i]);
        if (result != 0)
            return result;
    }
    int result = scan_find_alike(scan);
    return result != 0 ? result : scan_look_together(scan);
}
