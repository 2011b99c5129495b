// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON lines, taken server by server.
#include "inventory/inventory_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <time.h>

enum {
    COMMIT_US = 2 * 1000 * 1000,
    // SQLite looks once in a tenth of a second whether it may write.
    PAUSE_NS = 105 * 1000 * 1000,
    GROUP_MAX = 8 * 1024 * 1024,
    TEXT_MAX = 1024,
    // What is looked at before a dictionary is made: not many tools take hold of it.
    SAMPLES_MAX = 20000,
    SAMPLE_BYTES = 8 * 1024 * 1024,
};

struct bulk_text {
    char bytes[TEXT_MAX];
    size_t length;
};

struct inventory_bulk {
    struct inventory *inventory;
    struct inventory_bulk_options options;
    struct bulk_text organisation, source; // of the options
    struct inventory_bulk_counts counts;
    struct bulk_text server, said_source; // of the group
    struct buffer group;                  // its tools, an array without its end
    struct buffer samples;                // the first tools, until a dictionary is made of them
    size_t *sizes;                        // of each; NULL: it is made, or not wanted
    size_t sample_count;
    struct json_doc doc;
    bool open; // a transaction
    uint64_t begun_us;
};

static void keep(struct bulk_text *to, struct slice text)
{
    text = inventory_cut(text, TEXT_MAX);
    memcpy(to->bytes, text.length == 0 ? "" : text.data, text.length);
    to->length = text.length;
}

static struct slice text_of(const struct bulk_text *text)
{
    return slice_of(text->bytes, text->length);
}

static void complain(struct inventory_bulk *bulk, const char *why)
{
    bulk->counts.bad_lines++;
    if (bulk->options.complain != NULL)
        bulk->options.complain(bulk->options.argument, bulk->counts.lines, why);
}

// ---- Taking

static void count(struct inventory_bulk *bulk, const struct inventory_taken *taken)
{
    bulk->counts.lists++;
    bulk->counts.new_servers += !taken->known;
    bulk->counts.added += taken->added;
    bulk->counts.changed += taken->changed;
    bulk->counts.removed += taken->removed;
    bulk->counts.repeated += taken->repeated;
    bulk->counts.unusable += taken->unusable;
}

static int commit(struct inventory_bulk *bulk, bool last, struct error *error)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int result = bulk->open ? inventory_commit(bulk->inventory, error) : 0;
    if (bulk->open && !last) // others' turn
        nanosleep(&pause, NULL);
    bulk->open = false;
    return result;
}

// A dictionary is worth it for thousands of tools; and it is seen by all, so it is made of what all
// may see.
static void add_sample(struct inventory_bulk *bulk, struct slice tool)
{
    if (bulk->sizes == NULL || bulk->sample_count == SAMPLES_MAX ||
        tool.length > SAMPLE_BYTES - bulk->samples.length)
        return;
    if (buffer_append(&bulk->samples, tool) == 0)
        bulk->sizes[bulk->sample_count++] = tool.length;
}

static int learn(struct inventory_bulk *bulk, struct error *error)
{
    bool enough =
        bulk->sample_count == SAMPLES_MAX || bulk->samples.length > SAMPLE_BYTES - SAMPLE_BYTES / 8;
    if (bulk->sizes == NULL || !enough)
        return 0;
    int result = inventory_learn(bulk->inventory, buffer_slice(&bulk->samples), bulk->sizes,
                                 bulk->sample_count, error);
    memory_free(bulk->sizes);
    bulk->sizes = NULL;
    buffer_release(&bulk->samples);
    return result;
}

static int take(struct inventory_bulk *bulk, struct slice tools, bool complete, struct error *error)
{
    const struct inventory_list list = {.organisation = text_of(&bulk->organisation),
                                        .server = text_of(&bulk->server),
                                        .source = bulk->said_source.length > 0
                                                      ? text_of(&bulk->said_source)
                                                      : text_of(&bulk->source),
                                        .tools = tools,
                                        .complete = complete,
                                        .now_ms = bulk->options.now_ms};
    struct inventory_taken taken;
    int result = 0;
    if (!bulk->open) {
        result = inventory_begin(bulk->inventory, error);
        bulk->open = result == 0;
        bulk->begun_us = clock_monotonic_us();
    }
    if (result == 0)
        result = learn(bulk, error);
    if (result == 0)
        result = inventory_take(bulk->inventory, &list, NULL, &taken, error);
    if (result == ERROR_SYNTAX || result == ERROR_RANGE || result == ERROR_TOO_LARGE) {
        complain(bulk, error->text);
        return 0;
    }
    if (result != 0) {
        bulk->open = false;
        return result;
    }
    count(bulk, &taken);
    return clock_monotonic_us() - bulk->begun_us >= COMMIT_US ? commit(bulk, false, error) : 0;
}

static int end_group(struct inventory_bulk *bulk, struct error *error)
{
    if (bulk->group.length == 0)
        return 0;
    buffer_append_string(&bulk->group, "]");
    int result = bulk->group.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : take(bulk, buffer_slice(&bulk->group), false, error);
    buffer_clear(&bulk->group);
    return result;
}

// ---- Lines

static uint32_t member(const struct json_doc *doc, const char *name, enum json_type type)
{
    uint32_t node = json_get(doc, 0, name);
    return node == JSON_NONE || json_type(doc, node) != type ? JSON_NONE : node;
}

// The text's start where it is longer.
static struct slice string_of(const struct json_doc *doc, uint32_t node, struct bulk_text *room)
{
    room->length = node == JSON_NONE ? 0 : json_string_start(doc, node, room->bytes, TEXT_MAX);
    return inventory_cut(text_of(room), TEXT_MAX);
}

// Whose line it is; a new server's begins a new group.
static int choose_server(struct inventory_bulk *bulk, struct error *error)
{
    struct bulk_text room;
    struct slice server = string_of(&bulk->doc, member(&bulk->doc, "server", JSON_STRING), &room);
    if (slice_equal(server, text_of(&bulk->server)) && bulk->group.length < GROUP_MAX)
        return 0;
    int result = end_group(bulk, error);
    keep(&bulk->server, server);
    string_of(&bulk->doc, member(&bulk->doc, "source", JSON_STRING), &bulk->said_source);
    return result;
}

static void add_member(struct inventory_bulk *bulk, const char *as, const char *name,
                       const char *other)
{
    uint32_t node = json_get(&bulk->doc, 0, name);
    if ((node == JSON_NONE || json_type(&bulk->doc, node) == JSON_NULL) && other != NULL)
        node = json_get(&bulk->doc, 0, other);
    if (node == JSON_NONE || json_type(&bulk->doc, node) == JSON_NULL)
        return;
    buffer_append_string(&bulk->group, strcmp(as, "name") == 0 ? "{" : ",");
    json_write_key(&bulk->group, as);
    buffer_append(&bulk->group, json_raw(&bulk->doc, node));
}

// A tool as servers list it: what collections add of their own is left out.
static void add_tool(struct inventory_bulk *bulk)
{
    size_t start = bulk->group.length + 1;
    buffer_append_string(&bulk->group, bulk->group.length == 0 ? "[" : ",");
    add_member(bulk, "name", "name", "tool");
    add_member(bulk, "title", "title", NULL);
    add_member(bulk, "description", "description", NULL);
    add_member(bulk, "inputSchema", "inputSchema", "input_schema");
    add_member(bulk, "outputSchema", "outputSchema", "output_schema");
    add_member(bulk, "annotations", "annotations", NULL);
    add_member(bulk, "execution", "execution", NULL);
    add_member(bulk, "icons", "icons", NULL);
    add_member(bulk, "_meta", "_meta", NULL);
    buffer_append_string(&bulk->group, "}");
    struct slice all = buffer_slice(&bulk->group);
    if (!bulk->group.failed)
        add_sample(bulk, slice_of(all.data + start, all.length - start));
    bulk->counts.tools++;
}

static bool has_name(const struct json_doc *doc)
{
    uint32_t name = member(doc, "name", JSON_STRING);
    if (name == JSON_NONE)
        name = json_get(doc, 0, "name") == JSON_NONE ? member(doc, "tool", JSON_STRING) : JSON_NONE;
    return name != JSON_NONE && json_at(doc, name)->length > 2;
}

// What is wrong with the line that was scanned; NULL: nothing.
static const char *fault_of(const struct json_doc *doc)
{
    uint32_t server = member(doc, "server", JSON_STRING);
    if (json_type(doc, 0) != JSON_OBJECT)
        return "no JSON object";
    if (server == JSON_NONE || json_at(doc, server)->length <= 2)
        return "no server";
    if (json_at(doc, server)->length > TEXT_MAX)
        return "a server's name of more than 1,000 bytes";
    return member(doc, "tools", JSON_ARRAY) != JSON_NONE || has_name(doc) ? NULL
                                                                          : "a tool without a name";
}

static int take_line(struct inventory_bulk *bulk, struct error *error)
{
    uint32_t tools = member(&bulk->doc, "tools", JSON_ARRAY);
    int result = choose_server(bulk, error);
    if (result != 0)
        return result;
    if (tools == JSON_NONE) {
        add_tool(bulk);
        return bulk->group.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
    }
    result = end_group(bulk, error);
    if (result != 0)
        return result;
    bulk->counts.tools += json_at(&bulk->doc, tools)->count;
    return take(bulk, json_raw(&bulk->doc, tools), true, error);
}

int inventory_bulk_line(struct inventory_bulk *bulk, struct slice line, struct error *error)
{
    const struct json_limits limits = {.depth = JSON_DEPTH_MAX};
    struct error why = {0};
    bulk->counts.lines++;
    if (line.length == 0)
        return 0;
    int result = line.length > INVENTORY_DEFINITION_MAX
                     ? error_set(&why, ERROR_TOO_LARGE, "longer than 4 MiB")
                     : json_scan(&bulk->doc, line, &limits, &why, NULL);
    if (result == ERROR_NO_MEMORY)
        return error_set(error, result, "out of memory");
    const char *fault = result != 0 ? why.text : fault_of(&bulk->doc);
    if (fault == NULL)
        return take_line(bulk, error);
    complain(bulk, fault);
    return 0;
}

int inventory_bulk_end(struct inventory_bulk *bulk, struct error *error)
{
    int result = end_group(bulk, error);
    return result == 0 ? commit(bulk, true, error) : result;
}

const struct inventory_bulk_counts *inventory_bulk_counts(const struct inventory_bulk *bulk)
{
    return &bulk->counts;
}

int inventory_bulk_new(struct inventory *inventory, const struct inventory_bulk_options *options,
                       struct inventory_bulk **ret, struct error *error)
{
    struct inventory_bulk *bulk = memory_try_new(sizeof *bulk);
    if (bulk == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    bulk->inventory = inventory;
    bulk->options = *options;
    keep(&bulk->organisation, options->organisation);
    keep(&bulk->source, options->source);
    buffer_init(&bulk->group, 0);
    buffer_init(&bulk->samples, 0);
    if (options->organisation.length == 0) // without memory for it there is just no dictionary
        bulk->sizes = memory_try_new(SAMPLES_MAX * sizeof *bulk->sizes);
    json_doc_init(&bulk->doc);
    *ret = bulk;
    return 0;
}

void inventory_bulk_free(struct inventory_bulk *bulk)
{
    if (bulk == NULL)
        return;
    if (bulk->open)
        inventory_rollback(bulk->inventory);
    buffer_release(&bulk->group);
    buffer_release(&bulk->samples);
    memory_free(bulk->sizes);
    json_doc_release(&bulk->doc);
    memory_free(bulk);
}
