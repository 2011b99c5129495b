// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A tool's page, put together.
#include "pages/pages_internal.h"

enum { RELATED_MAX = 6, EVENTS_MAX = 5 };

// ---- Related tools: of the same server, those whose names share most words with this one

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static struct slice next_word(struct slice *text)
{
    while (text->length > 0 && !is_word(text->data[0]))
        *text = slice_of(text->data + 1, text->length - 1);
    size_t length = 0;
    while (length < text->length && is_word(text->data[length]))
        length++;
    struct slice word = slice_of(text->data, length);
    *text = slice_of(text->data + length, text->length - length);
    return word;
}

static bool has_word(struct slice text, struct slice wanted)
{
    for (struct slice word = next_word(&text); word.length > 0; word = next_word(&text))
        if (slice_equal_ignoring_case(word, wanted))
            return true;
    return false;
}

// The last word of a name is mostly what is acted upon, and says more than the first.
static int likeness(struct slice name, const struct inventory_row *row,
                    enum catalogue_category category)
{
    int points = row->category == category ? 1 : 0;
    struct slice rest = pages_cut(name, 200), other = pages_cut(row->name, 200);
    for (int words = 0; words < 12; words++) {
        struct slice word = next_word(&rest);
        if (word.length == 0)
            break;
        if (word.length > 2 && has_word(other, word))
            points += 2 + words;
    }
    return points;
}

static void relate(struct pages_maker *maker, struct pages_tool *page,
                   const struct inventory_rows *siblings)
{
    const struct inventory_row *best[RELATED_MAX] = {NULL};
    int points[RELATED_MAX] = {0};
    for (size_t i = 0; i < siblings->count; i++) {
        const struct inventory_row *row = &siblings->items[i];
        int own = slice_equal(row->slug, page->tool->row.slug)
                      ? 0
                      : likeness(page->name, row, page->tool->row.category);
        size_t at = RELATED_MAX;
        while (at > 0 && own > points[at - 1])
            at--;
        if (at == RELATED_MAX)
            continue;
        memmove(&points[at + 1], &points[at], (RELATED_MAX - 1 - at) * sizeof *points);
        memmove(&best[at + 1], &best[at], (RELATED_MAX - 1 - at) * sizeof(const void *));
        points[at] = own;
        best[at] = row;
    }
    page->related.items = pages_take(maker, RELATED_MAX, sizeof *page->related.items);
    for (size_t i = 0; i < RELATED_MAX && best[i] != NULL && page->related.items != NULL; i++)
        page->related.items[page->related.count++] =
            (struct pages_row){.row = best[i],
                               .url = pages_link(maker, page->server->slug, best[i]->slug),
                               .grade = pages_grade_of(best[i]->category)};
}

// ---- History

static void tell_past(struct pages_maker *maker, struct pages_tool *page,
                      const struct inventory_pasts *past)
{
    size_t count = past->count < EVENTS_MAX ? past->count : EVENTS_MAX;
    struct slice after = page->tool->definition;
    page->past.items = pages_take(maker, count, sizeof *page->past.items);
    for (size_t i = 0; i < count && page->past.items != NULL; i++) {
        const struct inventory_past *event = &past->items[i];
        struct pages_event *told = &page->past.items[page->past.count++];
        struct buffer diff;
        *told = (struct pages_event){.at_ms = event->at_ms, .name = event->name};
        told->what = event->kind == INVENTORY_ADDED     ? SLICE_LITERAL("Added.")
                     : event->kind == INVENTORY_REMOVED ? SLICE_LITERAL("Taken out.")
                                                        : SLICE_LITERAL("Changed:");
        buffer_init(&diff, 0);
        int result = event->kind == INVENTORY_CHANGED
                         ? inventory_diff(event->definition, after, &diff, NULL)
                         : ERROR_NOT_FOUND;
        if (result == 0)
            told->diff = pages_make_code(maker, "What changed", buffer_slice(&diff));
        maker->failed = maker->failed || result == ERROR_NO_MEMORY;
        buffer_release(&diff);
        after = event->definition;
    }
}

// ---- The page

static struct slice hex_of(struct pages_maker *maker, const unsigned char *bytes)
{
    struct buffer text;
    buffer_init(&text, 0);
    for (size_t i = 0; i < CATALOGUE_FINGERPRINT_SIZE; i++)
        buffer_append_format(&text, "%02x", bytes[i]);
    return pages_keep(maker, &text);
}

static void head_of(struct pages_maker *maker, struct pages_tool *page)
{
    struct buffer text;
    struct slice name = pages_cut(page->name, 100), server = pages_cut(page->server->name, 80);
    buffer_init(&text, 0);
    buffer_append(&text, name);
    buffer_append_string(&text, " of ");
    buffer_append(&text, server);
    struct slice title = pages_keep(maker, &text);
    page->head =
        pages_make_head(maker, PAGES_TOOL, title, page->server->slug, page->tool->row.slug);
    page->head.twin = pages_twin(maker, page->server->slug, page->tool->row.slug);
    pages_add_crumb(maker, &page->head, page->server_url, page->server->name);
    buffer_init(&text, 0);
    buffer_append_format(&text, "%s, severity %s. ", page->grade.category, page->grade.severity);
    buffer_append(&text, page->tool->row.summary);
    page->head.description = pages_keep(maker, &text);
}

void pages_write_tool(struct buffer *out, struct arena *arena, const struct pages_site *site,
                      const struct pages_tool_known *known)
{
    struct pages_maker maker = {arena, site, false};
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    const struct inventory_tool *tool = known->tool;
    size_t count = catalogue_find_signals(&tool->tool, findings, CATALOGUE_FINDINGS_MAX);
    const struct catalogue_entry entry = {.name = tool->row.name,
                                          .category = tool->row.category,
                                          .misleads = catalogue_misleads(findings, count)};
    struct pages_tool page = {.server = known->server, .tool = tool, .name = tool->row.name};
    page.grade = pages_grade_of(tool->row.category);
    page.server_url = pages_link(&maker, known->server->slug, (struct slice){0});
    page.attacks_url = pages_link(&maker, SLICE_LITERAL("attacks"), (struct slice){0});
    page.category_url = pages_link(&maker, SLICE_LITERAL("risk"),
                                   slice_from_string(pages_grade_severity(tool->row.severity).css));
    page.fingerprint = hex_of(&maker, tool->row.fingerprint);
    head_of(&maker, &page);
    pages_tool_describe(&maker, &page);
    pages_tool_explain(&maker, &page);
    pages_tool_warn(&maker, &page, findings, count);
    pages_tool_answer(&maker, &page, &entry);
    relate(&maker, &page, &known->siblings);
    tell_past(&maker, &page, &known->past);
    if (!maker.failed)
        pages_write_tool_page(out, &page);
    out->failed = out->failed || maker.failed;
}
