// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Definitions of tools against what people accepted (docs/catalogue.md, "Pinned definitions").
// Every list meets here, whichever way it came, before anything is learned from it.
#include "pipeline/pins_internal.h"
#include "pipeline/toolbox_internal.h"

struct slice pins_server(struct slice name)
{
    const char *end = memchr(name.data, '#', name.length);
    return end == NULL ? name : slice_of(name.data, (size_t)(end - name.data));
}

const struct pipeline_pins *pins_of(const struct rules *rules, struct slice server)
{
    return rules->given.pins == NULL ? NULL : table_get(rules->given.pins, pins_server(server));
}

bool pins_override(const struct rules *rules, struct slice server, struct slice tool,
                   enum catalogue_category *ret)
{
    const struct pipeline_pins *pins = pins_of(rules, server);
    return pins != NULL && (filter_pins_category(pins->kept, tool, ret) ||
                            filter_pins_category(pins->said, tool, ret));
}

// The watch's view of a server; watch NULL: its definitions are not pinned.
static struct watch_view view_of(const struct pipeline *pipeline, struct slice server,
                                 enum filter_pinning *ret_pinning)
{
    const struct pipeline_pins *pins = pins_of(pipeline->rules, server);
    *ret_pinning = pins == NULL ? FILTER_PINNING_OFF : filter_pins_pinning(pins->said);
    if (*ret_pinning == FILTER_PINNING_OFF)
        return (struct watch_view){0};
    return (struct watch_view){pipeline->given.watch, server, pins_server(server), pins->kept};
}

// ---- Lists

static bool may_be_seen(struct pipeline *pipeline, const struct watch_view *view,
                        const struct upstream_message *message, uint32_t entry,
                        struct buffer *scratch)
{
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    const struct json_doc *doc = message->doc;
    uint32_t node = json_get(doc, entry, "name");
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return false;
    struct slice name = json_string(doc, node, message->arena);
    if (name.data == NULL || name.length == 0 || name.length > FILTER_NAME_MAX ||
        memchr(name.data, '\0', name.length) != NULL ||
        toolbox_print(pipeline, view->server, name, doc, entry, scratch, print) != 0)
        return false;
    return watch_saw(view, name, print, json_raw(doc, entry));
}

static void look_at(struct pipeline *pipeline, const struct watch_view *view,
                    const struct upstream_message *message, uint32_t tools,
                    struct pins_screen *screen)
{
    size_t most = json_at(message->doc, tools)->count;
    uint32_t *refused = arena_take(message->arena, (most + 1) * sizeof *refused);
    struct buffer scratch;
    screen->all = refused == NULL;
    if (refused == NULL)
        return;
    buffer_init(&scratch, 0);
    for (uint32_t e = json_first_element(message->doc, tools); e != JSON_NONE;
         e = json_next_element(message->doc, tools, e))
        if (!may_be_seen(pipeline, view, message, e, &scratch))
            refused[screen->count++] = e;
    buffer_release(&scratch);
    screen->refused = refused;
}

void pins_screen(struct pipeline *pipeline, struct slice server, struct upstream_message *message,
                 struct pins_screen *ret)
{
    enum filter_pinning pinning;
    struct watch_view view = view_of(pipeline, server, &pinning);
    *ret = (struct pins_screen){.quarantine = pinning == FILTER_PINNING_QUARANTINE};
    if (pinning == FILTER_PINNING_OFF)
        return;
    uint32_t result = message->message->result;
    uint32_t tools = json_get(message->doc, result, "tools");
    if (view.watch == NULL) // nobody remembers anything
        ret->all = true;
    else if (tools != JSON_NONE && json_type(message->doc, tools) == JSON_ARRAY)
        look_at(pipeline, &view, message, tools, ret);
    uint32_t more = json_get(message->doc, result, "nextCursor");
    if (view.watch != NULL && tools != JSON_NONE &&
        (more == JSON_NONE || json_type(message->doc, more) == JSON_NULL))
        watch_list_ended(&view);
    if (!ret->quarantine)
        *ret = (struct pins_screen){0};
}

bool pins_refuses(const struct pins_screen *screen, uint32_t entry)
{
    if (screen == NULL || !screen->quarantine)
        return false;
    size_t from = 0, to = screen->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (screen->refused[middle] < entry)
            from = middle + 1;
        else
            to = middle;
    }
    return screen->all || (from < screen->count && screen->refused[from] == entry);
}

// ---- Calls

enum watch_answer pins_ask(struct pipeline_watch *watch, const struct filter_pins *kept,
                           struct slice server, struct slice tool)
{
    const struct watch_view view = {watch, server, pins_server(server), kept};
    return watch == NULL ? WATCH_NEW : watch_ask(&view, tool);
}

struct slice pins_reason(enum watch_answer answer)
{
    return answer == WATCH_NEW
               ? SLICE_LITERAL("Nobody has accepted this tool of the server yet. An administrator "
                               "of the gateway can look at its definition and accept it.")
               : SLICE_LITERAL("The server changed the definition of this tool since somebody "
                               "accepted it. An administrator of the gateway can look at the "
                               "change and accept it.");
}

enum step_result pins_judge_call(struct exchange *ex)
{
    enum filter_pinning pinning;
    struct watch_view view =
        view_of(ex->pipeline, upstream_server_options(ex->server)->name, &pinning);
    if (pinning != FILTER_PINNING_QUARANTINE)
        return STEP_NEXT;
    enum watch_answer answer = pins_ask(view.watch, view.kept, view.server, ex->subject);
    if (answer == WATCH_GOOD)
        return STEP_NEXT;
    ex->observe = false; // trying a policy out does not try out what a server did
    return exchange_deny(ex, SLICE_LITERAL("(quarantined)"), pins_reason(answer), false, -1);
}
