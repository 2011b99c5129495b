// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool's definition warns of, and the attack patterns that have something to work with
// there.
#include "pages/pages_internal.h"

static const char *title_of(enum catalogue_signal signal)
{
    static const char *const titles[] = {
        [CATALOGUE_SIGNAL_URL] = "Takes an address",
        [CATALOGUE_SIGNAL_PATH] = "Takes a path",
        [CATALOGUE_SIGNAL_SQL] = "Takes a query",
        [CATALOGUE_SIGNAL_CODE] = "Takes code or a command",
        [CATALOGUE_SIGNAL_MARKUP] = "Takes markup or a template",
        [CATALOGUE_SIGNAL_CREDENTIAL] = "Takes a credential",
        [CATALOGUE_SIGNAL_FREE_TEXT] = "Takes anything",
        [CATALOGUE_SIGNAL_MANY_ARGUMENTS] = "Many arguments",
        [CATALOGUE_SIGNAL_NO_SCHEMA] = "No schema",
        [CATALOGUE_SIGNAL_BULK] = "Works on many at once",
        [CATALOGUE_SIGNAL_ADMIN] = "Administers",
        [CATALOGUE_SIGNAL_INSTRUCTIONS] = "Speaks to the model",
        [CATALOGUE_SIGNAL_HIDDEN_TEXT] = "Hidden text",
        [CATALOGUE_SIGNAL_NAMES_OTHER_TOOL] = "Names another tool",
        [CATALOGUE_SIGNAL_LOOK_ALIKE] = "Looks like another tool",
        [CATALOGUE_SIGNAL_UNTRUSTED_CONTENT] = "Brings in text by strangers",
        [CATALOGUE_SIGNAL_PRIVATE_DATA] = "Reads private data",
        [CATALOGUE_SIGNAL_WAY_OUT] = "A way out",
    };
    return signal < CATALOGUE_SIGNAL_COUNT ? titles[signal] : "";
}

static void list_signals(struct pages_maker *maker, struct pages_tool *page,
                         const struct catalogue_finding *findings, size_t count)
{
    page->signals.items = pages_take(maker, count, sizeof *page->signals.items);
    for (size_t i = 0; i < count && page->signals.items != NULL; i++)
        page->signals.items[page->signals.count++] =
            (struct pages_signal){.grade = pages_grade_severity(findings[i].severity),
                                  .title = title_of(findings[i].signal),
                                  .says = findings[i].says,
                                  .source = catalogue_source_name(findings[i].source),
                                  .words = findings[i].words};
}

// ---- Attack patterns

static void list_attacks(struct pages_maker *maker, struct pages_tool *page,
                         const struct catalogue_finding *findings, size_t count)
{
    size_t all = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&all);
    page->attacks.items = pages_take(maker, all, sizeof *page->attacks.items);
    for (size_t i = 0; i < all && page->attacks.items != NULL; i++) {
        struct buffer why;
        buffer_init(&why, 0);
        if (!catalogue_attack_fits(&attacks[i], page->name, page->tool->row.category, findings,
                                   count, &why)) {
            buffer_release(&why);
            continue;
        }
        page->attacks.items[page->attacks.count++] = (struct pages_threat){
            .attack = &attacks[i],
            .url = pages_link(maker, SLICE_LITERAL("attacks"), slice_from_string(attacks[i].slug)),
            .why = pages_keep(maker, &why)};
    }
}

void pages_tool_warn(struct pages_maker *maker, struct pages_tool *page,
                     const struct catalogue_finding *findings, size_t count)
{
    list_signals(maker, page, findings, count);
    list_attacks(maker, page, findings, count);
}
