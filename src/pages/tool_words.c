// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Why a tool is what it is: sentences that hold for its own definition, and the words that decided.
#include "pages/pages_internal.h"

struct category_words {
    const char *is, *so; // what tools of it do, and why that wants a policy
};

static const struct category_words words_of[] = {
    [CATALOGUE_READ] = {"it retrieves or works something out, and changes nothing",
                        "What it returns goes to the agent's model: whose data that is, and who "
                        "wrote it, is what a policy can still be about."},
    [CATALOGUE_WRITE] = {"it creates or changes something that can be changed back",
                         "One wrong call is a nuisance; an agent that repeats itself makes many of "
                         "them before anybody looks. That is what a limit is for."},
    [CATALOGUE_EXECUTE] = {"it runs or triggers something whose effects depend on the arguments",
                           "One call of it can be harmless and the next one not, so that its name "
                           "alone says little about what happens."},
    [CATALOGUE_DESTRUCTIVE] = {"it deletes, overwrites or ends something for good",
                               "Afterwards there is nothing to undo: what shall not happen has to "
                               "be stopped before the call reaches the server."},
    [CATALOGUE_FINANCIAL] = {"it moves money or commits to paying",
                             "A payment or an order that went out is not taken back by a message "
                             "to the agent: somebody has to decide before."},
    [CATALOGUE_UNKNOWN] = {"no word of its definition says what it does",
                           "What is not understood counts as the gravest until a person says "
                           "otherwise."},
};

static const struct category_words *words(enum catalogue_category category)
{
    return &words_of[category > CATALOGUE_UNKNOWN ? CATALOGUE_UNKNOWN : category];
}

// ---- What agents use it for

static size_t count_required(const struct pages_tool *page)
{
    size_t count = 0;
    for (size_t i = 0; i < page->arguments.count; i++)
        count += page->arguments.items[i].required;
    return count;
}

static void say_arguments(struct pages_maker *maker, struct pages_tool *page)
{
    size_t count = page->more_arguments > 0 ? page->more_arguments : page->arguments.count;
    size_t required = count_required(page);
    const struct pages_argument *only = NULL;
    for (size_t i = 0; i < page->arguments.count && only == NULL; i++)
        if (page->arguments.items[i].required)
            only = &page->arguments.items[i];
    if (count == 0)
        return;
    if (only == NULL)
        pages_say(maker, &page->uses, "A call may leave its %u %s out.", (unsigned)count,
                  count == 1 ? "argument" : "arguments");
    else if (count == 1)
        pages_say(maker, &page->uses, "A call needs its one argument, %n.", only->name);
    else if (required == 1)
        pages_say(maker, &page->uses, "Of its %u arguments a call needs %n.", (unsigned)count,
                  only->name);
    else
        pages_say(maker, &page->uses, "Of its %u arguments a call needs %u, %n among them.",
                  (unsigned)count, (unsigned)required, only->name);
}

static void say_uses(struct pages_maker *maker, struct pages_tool *page)
{
    const struct inventory_row *row = &page->tool->row;
    if (row->summary.length > 0)
        pages_say(maker, &page->uses,
                  "Agents find %n in the list of %n and call it for what it offers: %q", page->name,
                  page->server->name, row->summary);
    else
        pages_say(maker, &page->uses,
                  "Agents find %n in the list of %n without a word about its use: they go by its "
                  "name.",
                  page->name, page->server->name);
    for (size_t i = 0, said = 0; i < page->tool->verdict.count && said < 1; i++) {
        const struct catalogue_evidence *evidence = &page->tool->verdict.evidence[i];
        if (evidence->against || evidence->words.length == 0)
            continue;
        pages_say(maker, &page->uses, "Sallyport goes by %q in its %s (%s).", evidence->words,
                  catalogue_source_name(evidence->source), evidence->says);
        said++;
    }
    say_arguments(maker, page);
}

// ---- Why it needs a policy

static void say_certainty(struct pages_maker *maker, struct pages_tool *page)
{
    unsigned percent = (page->confidence + 5) / 10;
    if (page->tool->verdict.category == CATALOGUE_UNKNOWN)
        return;
    if (page->confidence <= CATALOGUE_GUESS)
        pages_say(maker, &page->why,
                  "None of its words are in the classifier's lists, so this is a guess, and the "
                  "gateway treats the tool as Unknown.");
    else
        pages_say(maker, &page->why,
                  "The confidence of %u %% says how clearly its words speak for that, not how much "
                  "its server can be trusted.",
                  percent);
}

static void say_why(struct pages_maker *maker, struct pages_tool *page)
{
    const struct inventory_row *row = &page->tool->row;
    const struct category_words *category = words(row->category);
    if (row->overridden) {
        pages_say(maker, &page->why, "A person says that %n is %s: %s. By its definition it is %s.",
                  page->name, page->grade.category, category->is, page->by_definition);
    } else if (row->category == CATALOGUE_UNKNOWN) {
        pages_say(maker, &page->why, "%n is Unknown, which counts as %s: %s.", page->name,
                  page->grade.severity, category->is);
    } else {
        pages_say(maker, &page->why, "%n is classified as %s, severity %s: %s.", page->name,
                  page->grade.category, page->grade.severity, category->is);
    }
    pages_say(maker, &page->why, "%s", category->so);
    if (!row->overridden)
        say_certainty(maker, page);
}

static void list_witnesses(struct pages_maker *maker, struct pages_tool *page)
{
    const struct catalogue_verdict *verdict = &page->tool->verdict;
    page->witnesses.items = pages_take(maker, verdict->count, sizeof *page->witnesses.items);
    for (size_t i = 0; i < verdict->count && page->witnesses.items != NULL; i++) {
        const struct catalogue_evidence *evidence = &verdict->evidence[i];
        page->witnesses.items[page->witnesses.count++] =
            (struct pages_witness){.words = evidence->words,
                                   .source = catalogue_source_name(evidence->source),
                                   .says = evidence->says,
                                   .category = catalogue_category_name(evidence->category),
                                   .weight = (unsigned)evidence->weight,
                                   .against = evidence->against};
    }
}

void pages_tool_explain(struct pages_maker *maker, struct pages_tool *page)
{
    page->overridden = page->tool->row.overridden;
    page->by_definition = catalogue_category_name(page->tool->verdict.category);
    page->confidence =
        page->tool->verdict.confidence > 0 ? (unsigned)page->tool->verdict.confidence : 0;
    say_uses(maker, page);
    say_why(maker, page);
    list_witnesses(maker, page);
}
