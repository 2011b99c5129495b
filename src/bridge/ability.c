// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server may ask of a client: only what the client said that it can do.
#include "bridge/bridge.h"

static uint32_t object_of(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t node = json_get(doc, object, name);
    return node != JSON_NONE && json_type(doc, node) == JSON_OBJECT ? node : (uint32_t)JSON_NONE;
}

static bool is_string(const struct json_doc *doc, uint32_t node, const char *text)
{
    return json_type(doc, node) == JSON_STRING &&
           json_string_equals(doc, node, slice_from_string(text));
}

// Other schemes would make the client's machine do more than show a page.
static bool is_web_url(const struct json_doc *doc, uint32_t node)
{
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return false;
    struct slice raw = json_raw(doc, node); // an escape in the scheme is no scheme
    return slice_starts_with(raw, SLICE_LITERAL("\"https://")) ||
           slice_starts_with(raw, SLICE_LITERAL("\"http://"));
}

// 2025-11-25, "Elicitation": an empty object means forms only.
static bool may_elicit(const struct json_doc *abilities_doc, uint32_t ability,
                       const struct json_doc *doc, uint32_t params)
{
    uint32_t mode = json_get(doc, params, "mode");
    bool form = object_of(abilities_doc, ability, "form") != JSON_NONE;
    bool url = object_of(abilities_doc, ability, "url") != JSON_NONE;
    if (mode == JSON_NONE || is_string(doc, mode, "form"))
        return form || !url;
    return is_string(doc, mode, "url") && url && is_web_url(doc, json_get(doc, params, "url"));
}

// 2025-11-25, "Sampling": tools need an ability of their own.
static bool may_sample(const struct json_doc *abilities_doc, uint32_t ability,
                       const struct json_doc *doc, uint32_t params)
{
    bool tools = json_get(doc, params, "tools") != JSON_NONE ||
                 json_get(doc, params, "toolChoice") != JSON_NONE;
    return !tools || object_of(abilities_doc, ability, "tools") != JSON_NONE;
}

bool bridge_may_ask(const struct json_doc *abilities_doc, uint32_t abilities, struct slice method,
                    const struct json_doc *doc, uint32_t params)
{
    uint32_t ability;
    if (slice_equal_string(method, "elicitation/create")) {
        ability = object_of(abilities_doc, abilities, "elicitation");
        return ability != JSON_NONE && may_elicit(abilities_doc, ability, doc, params);
    }
    if (slice_equal_string(method, "sampling/createMessage")) {
        ability = object_of(abilities_doc, abilities, "sampling");
        return ability != JSON_NONE && may_sample(abilities_doc, ability, doc, params);
    }
    return slice_equal_string(method, "roots/list") &&
           object_of(abilities_doc, abilities, "roots") != JSON_NONE;
}

void bridge_write_question_params(struct buffer *out, const struct json_doc *doc, uint32_t params)
{
    // A progress token or a task would be of a request that the other era does not have.
    static const struct bridge_member gone[] = {{"task", {0}}, {"_meta", {0}}};
    bridge_write_object(out, doc, params, gone, sizeof gone / sizeof *gone);
}

// Extensions whose every word is the same in both eras. MCP Apps are members of tools and
// resources, and methods that both eras have.
static bool is_of_both_eras(const struct json_doc *doc, uint32_t key)
{
    return json_string_equals(doc, key, SLICE_LITERAL(BRIDGE_META "ui"));
}

static void write_extensions(struct buffer *out, const struct json_doc *doc, uint32_t extensions,
                             bool tasks)
{
    const char *comma = "";
    buffer_append_string(out, "{");
    for (uint32_t key = json_first_key(doc, extensions); key != JSON_NONE;
         key = json_next_key(doc, extensions, key)) {
        if (!is_of_both_eras(doc, key))
            continue;
        buffer_append_string(out, comma);
        buffer_append(out, json_raw(doc, key));
        buffer_append_string(out, ":");
        buffer_append(out, json_raw(doc, key + 1));
        comma = ",";
    }
    if (tasks) {
        buffer_append_string(out, comma);
        buffer_append_string(out, "\"" BRIDGE_TASKS_EXTENSION "\":{}");
    }
    buffer_append_string(out, "}");
}

void bridge_write_abilities(struct buffer *out, const struct json_doc *doc, uint32_t capabilities,
                            enum bridge_tasks tasks)
{
    struct slice none = {0};
    struct buffer extensions;
    if (capabilities != JSON_NONE && json_type(doc, capabilities) != JSON_OBJECT)
        capabilities = JSON_NONE;
    buffer_init(&extensions, out->cap);
    write_extensions(&extensions, doc, object_of(doc, capabilities, "extensions"),
                     tasks == BRIDGE_NEWER_TASKS);
    // A legacy client may ask for a task and cancel it; a modern server lists none.
    struct slice older = SLICE_LITERAL("{\"cancel\":{},\"requests\":{\"tools\":{\"call\":{}}}}");
    struct bridge_member changes[] = {
        {"extensions", extensions.length > 2 ? buffer_slice(&extensions) : none},
        {"tasks", tasks == BRIDGE_OLDER_TASKS ? older : none}};
    bridge_write_object(out, doc, capabilities, changes, sizeof changes / sizeof *changes);
    out->failed = out->failed || extensions.failed;
    buffer_release(&extensions);
}
