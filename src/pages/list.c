// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of tools and servers: /catalogue, its searches, and what has a severity.
#include "pages/pages_internal.h"

#include <stdio.h>

// ---- Pages of a list

static void add_query(struct buffer *out, const char *name, struct slice value, bool *first)
{
    if (value.length == 0)
        return;
    buffer_append_string(out, *first ? "?" : "&");
    buffer_append_string(out, name);
    buffer_append_string(out, "=");
    html_part_slice(out, value);
    *first = false;
}

static struct slice word_of(int category)
{
    return category < 0
               ? (struct slice){"", 0}
               : slice_from_string(catalogue_category_name((enum catalogue_category)category));
}

static struct slice severity_word(int severity)
{
    return severity < 0
               ? (struct slice){"", 0}
               : slice_from_string(catalogue_severity_name((enum catalogue_severity)severity));
}

static struct html_url page_link(struct pages_maker *maker, struct html_url path,
                                 const struct pages_list_known *known, bool form, const char *after)
{
    struct buffer text;
    bool first = true;
    buffer_init(&text, 0);
    buffer_append(&text, path.text);
    if (form) {
        add_query(&text, "q", known->filter->text, &first);
        add_query(&text, "category", word_of(known->category), &first);
        add_query(&text, "severity", severity_word(known->severity), &first);
        add_query(&text, "server", known->filter->server, &first);
    }
    add_query(&text, "after", slice_from_string(after), &first);
    return (struct html_url){pages_keep(maker, &text)};
}

// "critical-2" below /catalogue/risk, "2" below /catalogue/-.
static struct html_url numbered_link(struct pages_maker *maker, struct slice word, size_t number)
{
    char text[64];
    int length = word.length == 0
                     ? snprintf(text, sizeof text, "%zu", number)
                     : snprintf(text, sizeof text, "%.*s-%zu", SLICE_PRINT(word), number);
    return pages_link(maker, word.length == 0 ? SLICE_LITERAL("-") : SLICE_LITERAL("risk"),
                      slice_of(text, (size_t)length));
}

static void turn_exported(struct pages_maker *maker, struct pages_home *page, struct html_url path,
                          const struct pages_list_known *known, struct slice word)
{
    const struct inventory_page *at = known->asked ? &known->found.page : &known->servers.page;
    if (at->next[0] != '\0')
        page->pager.next = numbered_link(maker, word, known->number + 1);
    if (known->number > 1)
        page->pager.first = path;
}

static void turn_pages(struct pages_maker *maker, struct pages_home *page, struct html_url path,
                       const struct pages_list_known *known, bool form)
{
    const struct inventory_page *at = known->asked ? &known->found.page : &known->servers.page;
    if (at->next[0] != '\0')
        page->pager.next = page_link(maker, path, known, form, at->next);
    if (known->filter->after.length > 0)
        page->pager.first = page_link(maker, path, known, form, "");
}

// ---- The form

static void add_options(struct pages_maker *maker, struct pages_home *page,
                        const struct pages_list_known *known)
{
    page->categories.items =
        pages_take(maker, INVENTORY_CATEGORIES + 1, sizeof *page->categories.items);
    page->severities.items =
        pages_take(maker, CATALOGUE_CRITICAL + 2, sizeof *page->severities.items);
    if (page->categories.items == NULL || page->severities.items == NULL)
        return;
    page->categories.items[page->categories.count++] = (struct pages_option){"", "Any", false};
    for (int i = INVENTORY_CATEGORIES - 1; i >= 0; i--) {
        const char *name = catalogue_category_name((enum catalogue_category)i);
        page->categories.items[page->categories.count++] =
            (struct pages_option){name, name, known->category == i};
    }
    page->severities.items[page->severities.count++] = (struct pages_option){"", "Any", false};
    for (int i = CATALOGUE_CRITICAL; i >= 0; i--)
        page->severities.items[page->severities.count++] = (struct pages_option){
            catalogue_severity_name((enum catalogue_severity)i),
            pages_grade_severity((enum catalogue_severity)i).severity, known->severity == i};
}

static struct pages_servers servers_of(struct pages_maker *maker,
                                       const struct inventory_servers *servers)
{
    struct pages_servers made = {pages_take(maker, servers->count, sizeof *made.items), 0};
    for (size_t i = 0; i < servers->count && made.items != NULL; i++) {
        const struct inventory_server *server = &servers->items[i];
        uint64_t counts[INVENTORY_CATEGORIES];
        for (size_t k = 0; k < INVENTORY_CATEGORIES; k++)
            counts[k] = server->counts[k];
        made.items[made.count++] =
            (struct pages_server_row){.server = server,
                                      .url = pages_link(maker, server->slug, (struct slice){0}),
                                      .shares = pages_make_shares(maker, counts, false),
                                      .grade = pages_grade_severity(server->worst)};
    }
    return made;
}

static struct pages_home list_of(struct pages_maker *maker, const struct pages_list_known *known)
{
    struct html_url path = pages_link(maker, (struct slice){0}, (struct slice){0});
    struct pages_home page = {.counts = known->counts,
                              .text = known->filter->text,
                              .server = known->filter->server,
                              .asked = known->asked,
                              .total = known->found.page.total,
                              .more = known->found.page.more};
    page.head = pages_make_head(maker, PAGES_HOME, SLICE_LITERAL("Catalogue of tools"),
                                (struct slice){0}, (struct slice){0});
    page.head.description = SLICE_LITERAL(
        "What the tools of MCP servers can do: a category for each, the words that decided it, its "
        "risks, and a policy to start from.");
    page.head.unlisted = known->asked || known->filter->after.length > 0 || known->number > 1;
    page.shares = pages_make_shares(maker, known->counts->by_category, true);
    page.rows = pages_make_rows(maker, known->found.items, known->found.count, true, "Tools");
    if (known->asked)
        page.found_servers = servers_of(maker, &known->servers);
    else
        page.servers = servers_of(maker, &known->servers);
    add_options(maker, &page, known);
    if (known->number > 0)
        turn_exported(maker, &page, path, known, (struct slice){0});
    else
        turn_pages(maker, &page, path, known, true);
    return page;
}

void pages_write_list(struct buffer *out, struct arena *arena, const struct pages_site *site,
                      const struct pages_list_known *known)
{
    struct pages_maker maker = {arena, site, false};
    struct pages_home page = list_of(&maker, known);
    if (!maker.failed)
        pages_write_home(out, &page);
    out->failed = out->failed || maker.failed;
}

void pages_write_list_part(struct buffer *out, struct arena *arena, const struct pages_site *site,
                           const struct pages_list_known *known)
{
    struct pages_maker maker = {arena, site, false};
    struct pages_home page = list_of(&maker, known);
    if (!maker.failed)
        pages_write_results(out, &page);
    out->failed = out->failed || maker.failed;
}

// ---- A severity's page

static void add_tabs(struct pages_maker *maker, struct pages_home *page,
                     enum catalogue_severity chosen)
{
    uint64_t counts[CATALOGUE_CRITICAL + 1] = {0};
    for (int i = 0; i < INVENTORY_CATEGORIES; i++)
        counts[catalogue_severity_of((enum catalogue_category)i)] += page->counts->by_category[i];
    page->tabs.items = pages_take(maker, CATALOGUE_CRITICAL + 1, sizeof *page->tabs.items);
    for (int i = CATALOGUE_CRITICAL; i >= 0 && page->tabs.items != NULL; i--) {
        enum catalogue_severity severity = (enum catalogue_severity)i;
        page->tabs.items[page->tabs.count++] = (struct pages_tab){
            .grade = pages_grade_severity(severity),
            .url = pages_link(maker, SLICE_LITERAL("risk"),
                              slice_from_string(catalogue_severity_name(severity))),
            .count = counts[i],
            .chosen = severity == chosen};
    }
}

static void add_rules(struct pages_maker *maker, struct pages_home *page,
                      enum catalogue_severity severity)
{
    static const char *const meanings[] = {
        [CATALOGUE_READ] = "Retrieves or works something out, changes nothing.",
        [CATALOGUE_WRITE] = "Creates or changes something, and that can be undone.",
        [CATALOGUE_EXECUTE] = "Runs or triggers something whose effects depend on the arguments.",
        [CATALOGUE_DESTRUCTIVE] = "Deletes, overwrites or ends something for good.",
        [CATALOGUE_FINANCIAL] = "Moves money or commits to paying.",
        [CATALOGUE_UNKNOWN] =
            "No word of the definition says what it does: counts as the gravest."};
    page->rules.items = pages_take(maker, INVENTORY_CATEGORIES, sizeof *page->rules.items);
    for (int i = 0; i < INVENTORY_CATEGORIES && page->rules.items != NULL; i++) {
        enum catalogue_category category = (enum catalogue_category)i;
        struct buffer advice;
        if (catalogue_severity_of(category) != severity)
            continue;
        buffer_init(&advice, 0);
        catalogue_say_rule(&advice, category);
        page->rules.items[page->rules.count++] =
            (struct pages_rule){.name = catalogue_category_name(category),
                                .meaning = meanings[i],
                                .advice = pages_keep(maker, &advice)};
    }
}

void pages_write_severity(struct buffer *out, struct arena *arena, const struct pages_site *site,
                          enum catalogue_severity severity, const struct pages_list_known *known)
{
    static const char *const titles[] = {"Low severity: tools that read",
                                         ("Medium severity: tools that change what can be changed "
                                          "back"),
                                         "High severity: tools that run something",
                                         "Critical severity: tools whose effects stay"};
    static const char *const leads[] = {
        "Nothing is changed by a call. What is read still goes to a model, and from there wherever "
        "its other tools reach.",
        "What a call changes can be put right. What counts is how many calls there are before "
        "somebody looks.",
        "What a call does depends on its arguments, so the tool's name alone says little.",
        "What a call did cannot be taken back, or nobody can tell from the definition what it "
        "does."};
    struct pages_maker maker = {arena, site, false};
    struct slice name = slice_from_string(catalogue_severity_name(severity));
    struct html_url path = pages_link(&maker, SLICE_LITERAL("risk"), name);
    struct pages_home page = {.counts = known->counts,
                              .total = known->found.page.total,
                              .more = known->found.page.more,
                              .lead = leads[severity]};
    page.head = pages_make_head(&maker, PAGES_RISK, slice_from_string(titles[severity]),
                                SLICE_LITERAL("risk"), name);
    page.head.description = slice_from_string(leads[severity]);
    page.head.unlisted = known->filter->after.length > 0 || known->number > 1;
    page.rows = pages_make_rows(&maker, known->found.items, known->found.count, true, "Tools");
    add_tabs(&maker, &page, severity);
    add_rules(&maker, &page, severity);
    if (known->number > 0)
        turn_exported(&maker, &page, path, known, name);
    else
        turn_pages(&maker, &page, path, known, false);
    if (!maker.failed)
        pages_write_risk(out, &page);
    out->failed = out->failed || maker.failed;
}
