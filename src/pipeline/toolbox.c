// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server's tool lists told: each tool's category and which arguments travel as headers. The
// newest list counts; what was never listed is unknown, and unknown counts as the gravest.
#include "pipeline/toolbox_internal.h"

enum { TOOLS_MAX = 10000, NAME_MAX_LENGTH = 256, HEADERS_PER_TOOL = 16, PAGES_TOLD = 16 };

struct toolbox {
    char *server; // owned, the key
    struct table tools;
    uint64_t told[PAGES_TOLD]; // hashes of the lists and pages that were told last
    size_t told_at;
};

static struct toolbox *toolbox_of(struct pipeline *pipeline, struct slice server, bool make)
{
    struct toolbox *box = table_get(&pipeline->toolboxes, server);
    if (box != NULL || !make)
        return box;
    box = memory_new(sizeof *box);
    box->server = memory_copy_string(server.data, server.length);
    table_init(&box->tools);
    if (table_put(&pipeline->toolboxes, slice_from_string(box->server), box) != 0) {
        memory_free(box->server);
        memory_free(box);
        return NULL;
    }
    return box;
}

static void forget_headers(struct tool *tool)
{
    for (size_t i = 0; i < tool->header_count; i++) {
        memory_free((void *)(uintptr_t)tool->headers[i].argument.data);
        memory_free((void *)(uintptr_t)tool->headers[i].header.data);
    }
    memory_free(tool->headers);
    tool->headers = NULL;
    tool->header_count = 0;
}

static struct slice keep(struct slice s)
{
    return slice_of(memory_copy_string(s.data, s.length), s.length);
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        char c = s.data[i];
        bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && memchr("!#$%&'*+-.^_`|~", c, 15) == NULL)
            return false;
    }
    return s.length > 0 && s.length <= NAME_MAX_LENGTH;
}

// Declarations anywhere in a schema. Below "properties" a key is a name, not a keyword.
static size_t count_declarations(const struct json_doc *doc, uint32_t node, bool names)
{
    size_t count = 0;
    if (json_type(doc, node) == JSON_ARRAY)
        for (uint32_t e = json_first_element(doc, node); e != JSON_NONE;
             e = json_next_element(doc, node, e))
            count += count_declarations(doc, e, false);
    if (json_type(doc, node) != JSON_OBJECT)
        return count;
    for (uint32_t key = json_first_key(doc, node); key != JSON_NONE;
         key = json_next_key(doc, node, key)) {
        if (!names && json_string_equals(doc, key, SLICE_LITERAL("x-mcp-header")))
            count++;
        bool below = !names && json_string_equals(doc, key, SLICE_LITERAL("properties"));
        count += count_declarations(doc, key + 1, below);
    }
    return count;
}

// Nearly no schema has one, and going through the nodes in a row costs little.
static bool may_declare(const struct json_doc *doc, uint32_t schema)
{
    enum { LENGTH = sizeof "x-mcp-header" + 1 }; // with its quotes
    const struct json_node *end = json_at(doc, 0) + json_at(doc, schema)->next;
    for (const struct json_node *node = json_at(doc, schema); node < end; node++)
        if (node->is_key && (node->escaped || node->length == LENGTH))
            return true;
    return false;
}

static bool has_primitive_type(const struct json_doc *doc, uint32_t property)
{
    uint32_t type = json_get(doc, property, "type");
    return type != JSON_NONE && json_type(doc, type) == JSON_STRING &&
           (json_string_equals(doc, type, SLICE_LITERAL("string")) ||
            json_string_equals(doc, type, SLICE_LITERAL("integer")) ||
            json_string_equals(doc, type, SLICE_LITERAL("boolean")));
}

// 2026-07-28, "Custom Headers from Tool Parameters": what breaks a rule makes the whole tool
// unusable over HTTP; and so does here what would have to be read from deeper in the arguments.
static bool is_unusable(const struct tool *tool, const struct json_doc *doc, uint32_t schema)
{
    uint32_t properties = json_get(doc, schema, "properties");
    size_t good = 0;
    for (uint32_t key = json_first_key(doc, properties); key != JSON_NONE;
         key = json_next_key(doc, properties, key))
        good +=
            json_get(doc, key + 1, "x-mcp-header") != JSON_NONE && has_primitive_type(doc, key + 1);
    for (size_t i = 0; i < tool->header_count; i++)
        for (size_t k = 0; k < i; k++)
            if (slice_equal_ignoring_case(tool->headers[i].header, tool->headers[k].header))
                return true;
    return good != tool->header_count || count_declarations(doc, schema, false) != good;
}

static void learn_headers(struct tool *tool, const struct json_doc *doc, uint32_t entry,
                          struct arena *arena)
{
    forget_headers(tool);
    uint32_t schema = json_get(doc, entry, "inputSchema");
    tool->unusable = false;
    if (schema == JSON_NONE || !may_declare(doc, schema))
        return;
    uint32_t properties = json_get(doc, schema, "properties");
    for (uint32_t key = json_first_key(doc, properties); key != JSON_NONE;
         key = json_next_key(doc, properties, key)) {
        uint32_t header = json_get(doc, key + 1, "x-mcp-header");
        if (header == JSON_NONE || json_type(doc, header) != JSON_STRING)
            continue;
        struct slice name = json_string(doc, header, arena),
                     argument = json_string(doc, key, arena);
        if (name.data == NULL || argument.data == NULL || !is_token(name) ||
            argument.length > NAME_MAX_LENGTH || tool->header_count == HEADERS_PER_TOOL)
            continue;
        if (tool->headers == NULL)
            tool->headers = memory_new(HEADERS_PER_TOOL * sizeof *tool->headers);
        tool->headers[tool->header_count++] = (struct tool_header){keep(argument), keep(name)};
    }
    tool->unusable = is_unusable(tool, doc, schema);
}

// What nobody understands is Unknown, which counts as the gravest.
static enum catalogue_category category_of(const struct json_doc *doc, uint32_t entry,
                                           struct slice server)
{
    struct catalogue_scratch scratch;
    struct catalogue_tool definition;
    struct catalogue_verdict verdict;
    catalogue_read_tool(doc, entry, &scratch, &definition);
    definition.server = server;
    catalogue_classify(&definition, &verdict);
    return verdict.confidence <= CATALOGUE_GUESS ? CATALOGUE_UNKNOWN : verdict.category;
}

// 2025-11-25, "Tool-Level Negotiation": without a word, a tool does not run as a task.
static void learn_tasks(struct tool *tool, const struct json_doc *doc, uint32_t execution)
{
    uint32_t support = json_get(doc, execution, "taskSupport");
    bool said = support != JSON_NONE && json_type(doc, support) == JSON_STRING;
    tool->must_be_task = said && json_string_equals(doc, support, SLICE_LITERAL("required"));
    tool->may_be_task =
        tool->must_be_task || (said && json_string_equals(doc, support, SLICE_LITERAL("optional")));
}

static void learn_tool(struct toolbox *box, const struct json_doc *doc, uint32_t entry,
                       uint64_t definition, struct arena *arena)
{
    uint32_t name_node = json_get(doc, entry, "name");
    if (name_node == JSON_NONE || json_type(doc, name_node) != JSON_STRING)
        return;
    struct slice name = json_string(doc, name_node, arena);
    if (name.data == NULL || name.length == 0 || name.length > NAME_MAX_LENGTH)
        return;
    struct tool *tool = table_get(&box->tools, name);
    if (tool == NULL) {
        if (box->tools.count >= TOOLS_MAX)
            return;
        tool = memory_new(sizeof *tool);
        tool->name = memory_copy_string(name.data, name.length);
        if (table_put(&box->tools, slice_of(tool->name, name.length), tool) != 0) {
            memory_free(tool->name);
            memory_free(tool);
            return;
        }
    }
    // Lists come again and again, nearly always with the same tools.
    if (!tool->learned || tool->definition != definition)
        tool->category = category_of(doc, entry, slice_from_string(box->server));
    tool->learned = true;
    tool->definition = definition;
    learn_tasks(tool, doc, json_get(doc, entry, "execution"));
    learn_headers(tool, doc, entry, arena);
}

// Nearly every list is one that was told already.
static void tell(struct pipeline *pipeline, struct toolbox *box,
                 const struct upstream_message *message, uint64_t hash, bool whole)
{
    const struct json_doc *doc = message->doc;
    uint32_t result = message->message->result;
    for (size_t i = 0; i < PAGES_TOLD; i++)
        if (box->told[i] == hash)
            return;
    uint32_t more = json_get(doc, result, "nextCursor");
    const struct pipeline_listing listing = {
        pins_server(slice_from_string(box->server)), json_raw(doc, json_get(doc, result, "tools")),
        // Who has credentials of its own may be shown other tools than the others.
        whole && (more == JSON_NONE || json_type(doc, more) == JSON_NULL) &&
            strchr(box->server, '#') == NULL};
    if (pipeline->given.listener.listed(pipeline->given.listener.argument, &listing))
        box->told[box->told_at++ % PAGES_TOLD] = hash;
}

void toolbox_learn(struct pipeline *pipeline, struct slice server,
                   const struct upstream_message *message, const struct pins_screen *screen,
                   bool whole)
{
    const struct json_doc *doc = message->doc;
    uint32_t tools = json_get(doc, message->message->result, "tools");
    if (tools == JSON_NONE || json_type(doc, tools) != JSON_ARRAY)
        return;
    struct toolbox *box = toolbox_of(pipeline, server, true);
    uint64_t list = json_at(doc, tools)->count;
    for (uint32_t e = json_first_element(doc, tools); box != NULL && e != JSON_NONE;
         e = json_next_element(doc, tools, e)) {
        uint64_t definition = slice_hash(json_raw(doc, e), box->tools.seed);
        list = list * 31 + definition;
        if (!pins_refuses(screen, e))
            learn_tool(box, doc, e, definition, message->arena);
    }
    if (box != NULL && pipeline->given.listener.listed != NULL)
        tell(pipeline, box, message, list * 2 + whole, whole);
}

int toolbox_print(struct pipeline *pipeline, struct slice server, struct slice name,
                  const struct json_doc *doc, uint32_t entry, struct buffer *scratch,
                  unsigned char ret[CATALOGUE_FINGERPRINT_SIZE])
{
    struct toolbox *box = toolbox_of(pipeline, server, false);
    struct tool *tool = box == NULL ? NULL : table_get(&box->tools, name);
    uint64_t hash = tool == NULL ? 0 : slice_hash(json_raw(doc, entry), box->tools.seed);
    if (tool != NULL && hash != 0 && tool->printed == hash) {
        memcpy(ret, tool->print, CATALOGUE_FINGERPRINT_SIZE);
        return 0;
    }
    int result = catalogue_fingerprint(doc, entry, scratch, ret);
    if (tool != NULL && result == 0) {
        tool->printed = hash;
        memcpy(tool->print, ret, CATALOGUE_FINGERPRINT_SIZE);
    }
    return result;
}

const struct tool *toolbox_find(struct pipeline *pipeline, struct slice server, struct slice name)
{
    struct toolbox *box = toolbox_of(pipeline, server, false);
    return box == NULL ? NULL : table_get(&box->tools, name);
}

static void free_tool_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    struct tool *tool = value;
    forget_headers(tool);
    memory_free(tool->name);
    memory_free(tool);
}

static void free_box_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    struct toolbox *box = value;
    table_each(&box->tools, free_tool_cb, NULL);
    table_release(&box->tools);
    memory_free(box->server);
    memory_free(box);
}

void toolbox_release(struct pipeline *pipeline)
{
    table_each(&pipeline->toolboxes, free_box_cb, NULL);
    table_release(&pipeline->toolboxes);
}
