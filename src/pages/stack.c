// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The page of several servers together: what stack/ found, put into words.
#include "pages/pages_internal.h"

enum { LEG_TOOLS_SHOWN = 6 };

static struct html_url stack_link(struct pages_maker *maker, const struct stack *stack,
                                  size_t without)
{
    struct buffer text;
    const char *mark = "?server=";
    buffer_init(&text, 0);
    buffer_append(&text, maker->site->root.text);
    buffer_append_string(&text, "/catalogue/stack");
    for (size_t i = 0; i < stack->count; i++) {
        if (i == without)
            continue;
        buffer_append_string(&text, mark);
        html_part_slice(&text, stack->servers[i].name);
        mark = "&server=";
    }
    return (struct html_url){pages_keep(maker, &text)};
}

static void list_servers(struct pages_maker *maker, struct pages_stack *page,
                         const struct stack *stack)
{
    page->servers.items = pages_take(maker, stack->count, sizeof *page->servers.items);
    for (size_t i = 0; i < stack->count && page->servers.items != NULL; i++) {
        char slug[INVENTORY_SLUG_SIZE];
        const struct stack_server *server = &stack->servers[i];
        inventory_server_slug(server->name, slug);
        page->servers.items[page->servers.count++] = (struct pages_stack_server){
            .name = server->name,
            .url = pages_link(maker, slice_from_string(slug), (struct slice){0}),
            .without = stack_link(maker, stack, i),
            .tools = server->count};
    }
}

static void count_categories(struct pages_maker *maker, struct pages_stack *page,
                             const struct stack_report *report)
{
    uint64_t counts[INVENTORY_CATEGORIES] = {0};
    for (size_t i = 0; i < report->count; i++)
        counts[report->rows[i].tool->category]++;
    page->shares = pages_make_shares(maker, counts, false);
}

static struct slice say_worst(struct pages_maker *maker, const struct stack_worst *worst)
{
    struct buffer text;
    buffer_init(&text, 0);
    stack_say_worst(&text, worst);
    return pages_keep(maker, &text);
}

static void tell_worst(struct pages_maker *maker, struct pages_stack *page,
                       const struct stack_report *report)
{
    page->worst.items = pages_take(maker, STACK_CATEGORIES, sizeof *page->worst.items);
    for (int i = STACK_CATEGORIES - 1; i >= 0 && page->worst.items != NULL; i--) {
        if (report->worst[STACK_NOW][i].tools == 0)
            continue;
        page->worst.items[page->worst.count++] = (struct pages_worst){
            .name = i == STACK_ALL_CATEGORIES ? "All"
                                              : catalogue_category_name((enum catalogue_category)i),
            .now = say_worst(maker, &report->worst[STACK_NOW][i]),
            .then = say_worst(maker, &report->worst[STACK_STARTER][i])};
    }
}

// ---- Combinations

static struct pages_leg leg_of(struct pages_maker *maker, const struct stack_leg *leg)
{
    size_t shown = leg->count < LEG_TOOLS_SHOWN ? leg->count : LEG_TOOLS_SHOWN;
    struct pages_leg made = {.what = leg->what, .count = leg->count, .more = leg->count - shown};
    made.tools.items = pages_take(maker, shown, sizeof *made.tools.items);
    for (size_t i = 0; i < shown && made.tools.items != NULL; i++)
        made.tools.items[made.tools.count++] = (struct pages_leg_tool){
            .name = leg->rows[i]->tool->name, .server = leg->rows[i]->server->name};
    return made;
}

static void link_patterns(struct pages_maker *maker, struct pages_combination *made,
                          const struct stack_combination *combination)
{
    made->links.items = pages_take(maker, STACK_PATTERNS, sizeof *made->links.items);
    for (size_t i = 0; i < STACK_PATTERNS && made->links.items != NULL; i++) {
        const struct catalogue_attack *attack =
            combination->patterns[i] == NULL
                ? NULL
                : catalogue_find_attack(slice_from_string(combination->patterns[i]));
        if (attack != NULL)
            made->links.items[made->links.count++] = (struct pages_crumb){
                pages_link(maker, SLICE_LITERAL("attacks"), slice_from_string(attack->slug)),
                slice_from_string(attack->name)};
    }
}

static void tell_combinations(struct pages_maker *maker, struct pages_stack *page,
                              const struct stack_report *report)
{
    page->combinations.items =
        pages_take(maker, report->combination_count, sizeof *page->combinations.items);
    for (size_t i = 0; i < report->combination_count && page->combinations.items != NULL; i++) {
        const struct stack_combination *found = &report->combinations[i];
        struct pages_combination *made = &page->combinations.items[page->combinations.count++];
        struct buffer fix;
        *made = (struct pages_combination){.combo = found,
                                           .now = stack_say_state(found->states[STACK_NOW]),
                                           .then = stack_say_state(found->states[STACK_STARTER])};
        buffer_init(&fix, 0);
        stack_say_fix(&fix, found);
        made->fix = pages_keep(maker, &fix);
        made->legs.items = pages_take(maker, found->leg_count, sizeof *made->legs.items);
        for (size_t k = 0; k < found->leg_count && made->legs.items != NULL; k++)
            made->legs.items[made->legs.count++] = leg_of(maker, &found->legs[k]);
        link_patterns(maker, made, found);
    }
}

void pages_write_stack(struct buffer *out, struct arena *arena, const struct pages_site *site,
                       const struct pages_stack_known *known)
{
    struct pages_maker maker = {arena, site, false};
    struct pages_stack page = {.head = pages_make_head(&maker, PAGES_STACK,
                                                       SLICE_LITERAL("Servers together"),
                                                       SLICE_LITERAL("stack"), (struct slice){0})};
    page.head.description = SLICE_LITERAL("What one agent can do with several servers together.");
    page.head.unlisted = known->stack != NULL && known->stack->count > 0;
    page.missing.items = pages_take(&maker, known->missing_count, sizeof *page.missing.items);
    for (size_t i = 0; i < known->missing_count && page.missing.items != NULL; i++)
        page.missing.items[page.missing.count++].text = known->missing[i];
    if (known->stack != NULL && known->stack->count > 0) {
        list_servers(&maker, &page, known->stack);
        count_categories(&maker, &page, known->report);
        tell_worst(&maker, &page, known->report);
        tell_combinations(&maker, &page, known->report);
    }
    if (!maker.failed)
        pages_write_stack_page(out, &page);
    out->failed = out->failed || maker.failed;
}
