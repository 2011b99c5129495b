// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool's definition says of itself: its description with the deciding words marked, its
// arguments, and the whole of it.
#include "pages/pages_internal.h"

enum { DESCRIPTION_MAX = 6000, ARGUMENTS_MAX = 60, DEFINITION_MAX = 48 * 1024, CHOICES_MAX = 12 };

static uint32_t member(const struct inventory_tool *tool, const char *name)
{
    return json_get(&tool->doc, 0, name);
}

static struct slice text_at(struct pages_maker *maker, const struct json_doc *doc, uint32_t node)
{
    struct slice empty = {"", 0};
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return empty;
    struct slice text = json_string(doc, node, maker->arena);
    maker->failed = maker->failed || text.data == NULL;
    return text.data == NULL ? empty : text;
}

// ---- Marks in the description

// The evidence that begins next at or behind a place.
static const struct catalogue_evidence *next_mark(const struct catalogue_verdict *verdict,
                                                  size_t from)
{
    const struct catalogue_evidence *next = NULL;
    for (size_t i = 0; i < verdict->count; i++) {
        const struct catalogue_evidence *evidence = &verdict->evidence[i];
        if (evidence->source == CATALOGUE_FROM_DESCRIPTION && evidence->length > 0 &&
            evidence->offset >= from && (next == NULL || evidence->offset < next->offset))
            next = evidence;
    }
    return next;
}

static void mark(struct pages_maker *maker, struct pages_tool *page, struct slice text)
{
    size_t done = 0;
    struct pages_quotes *quotes = &page->description;
    quotes->items =
        pages_take(maker, 2 * CATALOGUE_EVIDENCE_MAX + 1, sizeof *page->description.items);
    if (quotes->items == NULL)
        return;
    for (;;) {
        const struct catalogue_evidence *next = next_mark(&page->tool->verdict, done);
        bool ends =
            next == NULL || next->offset > text.length || next->length > text.length - next->offset;
        size_t end = ends ? text.length : next->offset;
        if (end > done)
            quotes->items[quotes->count++] =
                (struct pages_quote){slice_of(text.data + done, end - done), NULL};
        if (ends)
            return;
        quotes->items[quotes->count++] =
            (struct pages_quote){slice_of(text.data + next->offset, next->length), next->says};
        page->marked = true;
        done = next->offset + next->length;
    }
}

static void describe(struct pages_maker *maker, struct pages_tool *page)
{
    struct slice whole = text_at(maker, &page->tool->doc, member(page->tool, "description"));
    struct slice shown = pages_cut(whole, DESCRIPTION_MAX);
    page->cut = shown.length < whole.length;
    if (shown.length > 0)
        mark(maker, page, shown);
}

// ---- Arguments

static void add_type(struct buffer *out, const struct json_doc *doc, uint32_t schema, int depth);

static void add_types(struct buffer *out, const struct json_doc *doc, uint32_t list, int depth)
{
    bool first = true;
    for (uint32_t item = json_first_element(doc, list); item != JSON_NONE;
         item = json_next_element(doc, list, item)) {
        buffer_append_string(out, first ? "" : " or ");
        if (json_type(doc, item) == JSON_STRING) {
            char word[32];
            buffer_append(out, slice_of(word, json_string_start(doc, item, word, sizeof word)));
        } else {
            add_type(out, doc, item, depth);
        }
        first = false;
    }
}

static void add_type(struct buffer *out, const struct json_doc *doc, uint32_t schema, int depth)
{
    char word[32];
    uint32_t type = json_get(doc, schema, "type"), items = json_get(doc, schema, "items");
    uint32_t any = json_get(doc, schema, "anyOf");
    any = any == JSON_NONE ? json_get(doc, schema, "oneOf") : any;
    if (depth == 0 || (type == JSON_NONE && any == JSON_NONE)) {
        buffer_append_string(out, "anything");
        return;
    }
    type = type == JSON_NONE ? any : type;
    if (json_type(doc, type) == JSON_ARRAY) {
        add_types(out, doc, type, depth - 1);
        return;
    }
    if (json_type(doc, type) != JSON_STRING)
        return;
    struct slice name = slice_of(word, json_string_start(doc, type, word, sizeof word));
    buffer_append(out, name);
    if (slice_equal_string(name, "array") && items != JSON_NONE) {
        buffer_append_string(out, " of ");
        add_type(out, doc, items, depth - 1);
    }
}

static void add_choices(struct buffer *out, const struct json_doc *doc, uint32_t list)
{
    size_t count = 0;
    if (list == JSON_NONE || json_type(doc, list) != JSON_ARRAY)
        return;
    for (uint32_t item = json_first_element(doc, list); item != JSON_NONE && count <= CHOICES_MAX;
         item = json_next_element(doc, list, item)) {
        buffer_append_string(out, count == 0 ? "" : ", ");
        if (count++ == CHOICES_MAX)
            buffer_append_string(out, "...");
        else
            buffer_append(out, pages_cut(json_raw(doc, item), 80));
    }
}

static bool is_required(const struct json_doc *doc, uint32_t schema, struct slice name)
{
    uint32_t list = json_get(doc, schema, "required");
    if (list == JSON_NONE || json_type(doc, list) != JSON_ARRAY)
        return false;
    for (uint32_t item = json_first_element(doc, list); item != JSON_NONE;
         item = json_next_element(doc, list, item))
        if (json_type(doc, item) == JSON_STRING && json_string_equals(doc, item, name))
            return true;
    return false;
}

// What the evidence says of this argument.
static const char *mark_of(const struct inventory_tool *tool, uint32_t key)
{
    const struct json_node *name = json_at(&tool->doc, key), *value = name + 1;
    size_t schema = json_at(&tool->doc, tool->tool.schema)->start;
    size_t start = name->start - schema, end = value->start + value->length - schema;
    for (size_t i = 0; i < tool->verdict.count; i++) {
        const struct catalogue_evidence *evidence = &tool->verdict.evidence[i];
        if (evidence->source == CATALOGUE_FROM_SCHEMA && evidence->offset >= start &&
            evidence->offset < end)
            return evidence->says;
    }
    return NULL;
}

static void add_argument(struct pages_maker *maker, struct pages_tool *page, uint32_t key)
{
    const struct json_doc *doc = &page->tool->doc;
    struct pages_argument *argument = &page->arguments.items[page->arguments.count++];
    uint32_t fallback = json_get(doc, key + 1, "default");
    struct buffer type, choices;
    buffer_init(&type, 0);
    buffer_init(&choices, 0);
    add_type(&type, doc, key + 1, 3);
    add_choices(&choices, doc, json_get(doc, key + 1, "enum"));
    argument->name = text_at(maker, doc, key);
    argument->type = pages_keep(maker, &type);
    argument->text = text_at(maker, doc, json_get(doc, key + 1, "description"));
    argument->choices = pages_keep(maker, &choices);
    argument->fallback = (struct slice){"", 0};
    if (fallback != JSON_NONE && json_type(doc, fallback) != JSON_NULL)
        argument->fallback = json_raw(doc, fallback);
    argument->required = is_required(doc, page->tool->tool.schema, argument->name);
    argument->marked = mark_of(page->tool, key);
}

static void list_arguments(struct pages_maker *maker, struct pages_tool *page)
{
    const struct inventory_tool *tool = page->tool;
    uint32_t schema = tool->tool.schema;
    uint32_t all = json_get(&tool->doc, schema, "properties");
    bool none = all == JSON_NONE || json_type(&tool->doc, all) != JSON_OBJECT ||
                json_at(&tool->doc, all)->count == 0;
    page->no_arguments = schema == JSON_NONE
                             ? "Its definition has no input schema: what it takes is not said."
                             : "Its schema names no arguments.";
    if (none)
        return;
    size_t count = json_at(&tool->doc, all)->count;
    size_t shown = count > ARGUMENTS_MAX ? ARGUMENTS_MAX : count;
    page->more_arguments = count > shown ? count : 0;
    page->arguments.items = pages_take(maker, shown, sizeof *page->arguments.items);
    for (uint32_t key = json_first_key(&tool->doc, all);
         key != JSON_NONE && page->arguments.items != NULL && page->arguments.count < shown;
         key = json_next_key(&tool->doc, all, key))
        add_argument(maker, page, key);
}

// ---- The whole definition

static void show_definition(struct pages_maker *maker, struct pages_tool *page)
{
    struct pages_code code = {SLICE_LITERAL("Definition"), page->tool->definition};
    if (code.text.length <= DEFINITION_MAX)
        code = pages_make_code(maker, "Definition", code.text);
    struct slice shown = pages_cut(code.text, 2 * DEFINITION_MAX);
    page->definition_cut = shown.length < code.text.length;
    code.text = shown;
    page->definition = code;
}

void pages_tool_describe(struct pages_maker *maker, struct pages_tool *page)
{
    page->title = page->tool->tool.title;
    page->silent = page->tool->row.overridden
                       ? "Its name is all that there is to go by, besides what a person said."
                       : "Its name and its arguments are all that there is to go by.";
    describe(maker, page);
    list_arguments(maker, page);
    show_definition(maker, page);
}
