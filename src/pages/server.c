// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server's page, put together.
#include "pages/pages_internal.h"

enum { EVENTS_MAX = 30, POLICY_TOOLS_MAX = 1000 };

static void head_of(struct pages_maker *maker, struct pages_server *page)
{
    struct buffer text;
    const struct inventory_server *server = page->server;
    struct slice shown = pages_cut(server->name, 100);
    buffer_init(&text, 0);
    buffer_append(&text, shown);
    buffer_append_format(&text, ": %u %s", server->tools, server->tools == 1 ? "tool" : "tools");
    struct slice title = pages_keep(maker, &text);
    page->head = pages_make_head(maker, PAGES_TOOL, title, server->slug, (struct slice){0});
    page->head.twin = pages_twin(maker, server->slug, (struct slice){"", 0});
    page->head.description = page->lead;
}

// "17 tools: 2 Financial, 1 Destructive, 14 Read."
static struct slice lead_of(struct pages_maker *maker, const struct inventory_server *server)
{
    struct buffer text;
    const char *comma = ": ";
    buffer_init(&text, 0);
    buffer_append_format(&text, "%u %s", server->tools, server->tools == 1 ? "tool" : "tools");
    for (int i = INVENTORY_CATEGORIES - 1; i >= 0; i--) {
        if (server->counts[i] == 0)
            continue;
        buffer_append_format(&text, "%s%u %s", comma, server->counts[i],
                             catalogue_category_name((enum catalogue_category)i));
        comma = ", ";
    }
    buffer_append_string(&text, ".");
    return pages_keep(maker, &text);
}

static struct pages_shares shares_of(struct pages_maker *maker,
                                     const struct inventory_server *server)
{
    uint64_t counts[INVENTORY_CATEGORIES];
    for (size_t i = 0; i < INVENTORY_CATEGORIES; i++)
        counts[i] = server->counts[i];
    return pages_make_shares(maker, counts, false);
}

static bool is_listed(const struct inventory_rows *rows, struct slice name, struct slice *ret_slug)
{
    for (size_t i = 0; i < rows->count; i++)
        if (slice_equal(rows->items[i].name, name)) {
            *ret_slug = rows->items[i].slug;
            return true;
        }
    return false;
}

static void tell_past(struct pages_maker *maker, struct pages_server *page,
                      const struct pages_server_known *known)
{
    size_t count = known->past.count < EVENTS_MAX ? known->past.count : EVENTS_MAX;
    page->past.items = pages_take(maker, count, sizeof *page->past.items);
    page->past_more = known->past.count - count + known->past.forgotten;
    for (size_t i = 0; i < count && page->past.items != NULL; i++) {
        const struct inventory_past *event = &known->past.items[i];
        struct pages_event *told = &page->past.items[page->past.count++];
        struct slice slug = {"", 0};
        *told = (struct pages_event){.at_ms = event->at_ms, .name = event->name};
        told->what = event->kind == INVENTORY_ADDED     ? SLICE_LITERAL("was added")
                     : event->kind == INVENTORY_REMOVED ? SLICE_LITERAL("was taken out")
                                                        : SLICE_LITERAL("was changed");
        if (is_listed(&known->rows, event->name, &slug))
            told->url = pages_link(maker, page->server->slug, slug);
    }
}

// ---- The starter policy

static size_t lines_of(struct slice text)
{
    size_t lines = text.length > 0 ? 1 : 0;
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    return lines;
}

// Names of tools whose definitions speak to a model or hide text. There are few of them.
struct misleading {
    struct slice *names;
    size_t count;
};

static void look_at(struct pages_maker *maker, const struct json_doc *doc, uint32_t node,
                    struct misleading *ret)
{
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    uint32_t name = json_get(doc, node, "name");
    catalogue_read_tool(doc, node, &scratch, &tool);
    size_t count = catalogue_find_signals(&tool, findings, CATALOGUE_FINDINGS_MAX);
    if (name == JSON_NONE || json_type(doc, name) != JSON_STRING ||
        !catalogue_misleads(findings, count))
        return;
    struct slice text = json_string(doc, name, maker->arena);
    maker->failed = maker->failed || text.data == NULL;
    ret->names[ret->count++] = text;
}

static struct misleading find_misleading(struct pages_maker *maker, struct slice tools)
{
    struct misleading found = {NULL, 0};
    struct json_doc doc;
    json_doc_init(&doc);
    int result = tools.length == 0 ? ERROR_NOT_FOUND : json_scan(&doc, tools, NULL, NULL, NULL);
    maker->failed = maker->failed || result == ERROR_NO_MEMORY;
    if (result != 0 || json_type(&doc, 0) != JSON_ARRAY) {
        json_doc_release(&doc);
        return found;
    }
    found.names = pages_take(maker, json_at(&doc, 0)->count, sizeof *found.names);
    for (uint32_t tool = json_first_element(&doc, 0); tool != JSON_NONE && found.names != NULL;
         tool = json_next_element(&doc, 0, tool))
        look_at(maker, &doc, tool, &found);
    json_doc_release(&doc);
    return found;
}

static bool is_among(const struct misleading *misleading, struct slice name)
{
    for (size_t i = 0; i < misleading->count; i++)
        if (slice_equal(misleading->names[i], name))
            return true;
    return false;
}

static void advise(struct pages_maker *maker, struct pages_server *page,
                   const struct pages_server_known *known)
{
    const struct inventory_rows *rows = &known->rows;
    struct misleading misleading = find_misleading(maker, known->tools);
    struct buffer json;
    struct catalogue_entry *entries = pages_take(maker, rows->count, sizeof *entries);
    if (entries == NULL)
        return;
    for (size_t i = 0; i < rows->count; i++)
        entries[i] = (struct catalogue_entry){
            .name = rows->items[i].name,
            .category = rows->items[i].category,
            .misleads = is_among(&misleading, rows->items[i].name),
        };
    buffer_init(&json, 0);
    if (catalogue_write_policy(&json, page->server->name, entries, rows->count) == 0) {
        page->policy.says = SLICE_LITERAL(
            "Names every tool with the rule that is recommended for it; whatever it does not name "
            "is denied, tools that the server adds later among it.");
        page->policy.code = pages_make_code(maker, "Starter policy", buffer_slice(&json));
        page->policy_lines = lines_of(page->policy.code.text);
    }
    buffer_release(&json);
}

void pages_write_server(struct buffer *out, struct arena *arena, const struct pages_site *site,
                        const struct pages_server_known *known)
{
    struct pages_maker maker = {arena, site, false};
    struct pages_server page = {.server = known->server};
    page.lead = lead_of(&maker, known->server);
    head_of(&maker, &page);
    page.grade = pages_grade_severity(known->server->worst);
    page.shares = shares_of(&maker, known->server);
    page.rows = pages_make_rows(&maker, known->rows.items, known->rows.count, false, "Tools");
    tell_past(&maker, &page, known);
    advise(&maker, &page, known);
    if (!maker.failed)
        pages_write_server_page(out, &page);
    out->failed = out->failed || maker.failed;
}
