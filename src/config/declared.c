// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the file declares, for people to look at: as it stands there, with ${NAME} and not with what
// that stands for. Of headers and variables only the names are shown, and of tokens nothing.
#include "config/config_internal.h"

struct writing {
    struct config_loader *loader;
    struct buffer out;
    bool first; // of the list being written
};

static struct slice raw_of(const struct writing *writing, uint32_t object, const char *key)
{
    uint32_t node = json_get(&writing->loader->doc, object, key);
    const struct slice nothing = {0};
    return node == JSON_NONE ? nothing : json_raw(&writing->loader->doc, node);
}

static void add_raw(struct writing *writing, const char *key, struct slice raw, const char *without)
{
    buffer_append_string(&writing->out, ",");
    json_write_key(&writing->out, key);
    buffer_append(&writing->out, raw.data == NULL ? slice_from_string(without) : raw);
}

// "id", the name and where it stands; the object stays open.
static void begin(struct writing *writing, uint32_t key, const char *name_key)
{
    const struct json_doc *doc = &writing->loader->doc;
    struct arena *arena = &writing->loader->config->arena;
    struct slice name = json_string(doc, key, arena);
    struct slice id = arena_format(arena, "file.%.*s", SLICE_PRINT(name));
    struct json_position at = json_position(doc->text, json_at(doc, key)->start);
    buffer_append_string(&writing->out, writing->first ? "{\"id\":" : ",{\"id\":");
    writing->first = false;
    json_write_string(&writing->out, id);
    buffer_append_string(&writing->out, ",\"source\":{\"file\":");
    json_write_string(&writing->out, slice_from_string(writing->loader->config->path));
    buffer_append_format(&writing->out, ",\"line\":%u},", at.line);
    json_write_key(&writing->out, name_key);
    json_write_string(&writing->out, name);
}

static void add_names(struct writing *writing, uint32_t object, const char *member,
                      const char *place, bool *first)
{
    const struct json_doc *doc = &writing->loader->doc;
    uint32_t all = json_get(doc, object, member);
    for (uint32_t key = all == JSON_NONE ? JSON_NONE : json_first_key(doc, all); key != JSON_NONE;
         key = json_next_key(doc, all, key)) {
        buffer_append_format(&writing->out, "%s{\"place\":\"%s\",\"name\":", *first ? "" : ",",
                             place);
        json_write_string(&writing->out, json_string(doc, key, &writing->loader->config->arena));
        buffer_append_string(&writing->out, "}");
        *first = false;
    }
}

static void add_server(struct writing *writing, uint32_t key)
{
    bool first = true, program;
    struct slice transport = raw_of(writing, key + 1, "transport");
    struct slice command = raw_of(writing, key + 1, "command");
    program = command.data != NULL;
    begin(writing, key, "name");
    add_raw(writing, "transport", program ? SLICE_LITERAL("\"stdio\"") : transport, "\"http\"");
    add_raw(writing, "url", raw_of(writing, key + 1, "url"), "null");
    add_raw(writing, "command", command, "null");
    buffer_append_string(&writing->out, ",\"credentials\":[");
    add_names(writing, key + 1, "headers", "header", &first);
    add_names(writing, key + 1, "env", "environment", &first);
    buffer_append_string(&writing->out, "]}");
}

static void add_policy(struct writing *writing, uint32_t key)
{
    begin(writing, key, "name");
    add_raw(writing, "path", json_raw(&writing->loader->doc, key + 1), "null");
    buffer_append_string(&writing->out, "}");
}

static void add_grant(struct writing *writing, uint32_t key)
{
    begin(writing, key, "label");
    add_raw(writing, "mode", raw_of(writing, key + 1, "mode"), "\"enforce\"");
    add_raw(writing, "expires_at", raw_of(writing, key + 1, "expires"), "null");
    add_raw(writing, "tags", raw_of(writing, key + 1, "tags"), "[]");
    add_raw(writing, "servers", raw_of(writing, key + 1, "servers"), "[]");
    add_raw(writing, "policy", raw_of(writing, key + 1, "policy"), "null");
    buffer_append_string(&writing->out, "}");
}

static void add_list(struct writing *writing, const char *member,
                     void (*add)(struct writing *writing, uint32_t key))
{
    const struct json_doc *doc = &writing->loader->doc;
    uint32_t all = json_get(doc, 0, member);
    bool there = all != JSON_NONE && json_type(doc, all) == JSON_OBJECT;
    buffer_append_string(&writing->out, ",");
    json_write_key(&writing->out, member);
    buffer_append_string(&writing->out, "[");
    writing->first = true;
    for (uint32_t key = there ? json_first_key(doc, all) : JSON_NONE; key != JSON_NONE;
         key = json_next_key(doc, all, key))
        add(writing, key);
    buffer_append_string(&writing->out, "]");
}

void config_write_declared(struct config_loader *loader)
{
    struct writing writing = {.loader = loader};
    if (loader->from_text || loader->no_memory || config_has_errors(loader->problems))
        return;
    buffer_init(&writing.out, CONFIG_ARENA_MAX);
    buffer_append_string(&writing.out, "{\"file\":");
    json_write_string(&writing.out, slice_from_string(loader->config->path));
    add_list(&writing, "servers", add_server);
    add_list(&writing, "policies", add_policy);
    add_list(&writing, "grants", add_grant);
    buffer_append_string(&writing.out, "}");
    loader->config->declared = arena_copy(&loader->config->arena, buffer_slice(&writing.out));
    loader->no_memory = writing.out.failed || loader->config->declared.data == NULL;
    buffer_release(&writing.out);
}
