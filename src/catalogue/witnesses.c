// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Hears the witnesses: the name, the description, the arguments, the server's trade and the
// annotations, each of which speaks for a category with a weight. docs/classifier.md, "How the
// witnesses are weighed".
#include "catalogue/catalogue_internal.h"

static struct slice cut(struct slice text, size_t at, size_t length)
{
    return at + length <= text.length ? slice_of(text.data + at, length) : slice_of(NULL, 0);
}

static struct slice text_of(const struct catalogue_tool *tool, enum catalogue_source source)
{
    switch (source) {
    case CATALOGUE_FROM_NAME: return tool->name;
    case CATALOGUE_FROM_TITLE: return tool->title;
    case CATALOGUE_FROM_DESCRIPTION: return tool->description;
    case CATALOGUE_FROM_SERVER: return tool->server;
    case CATALOGUE_FROM_SCHEMA:
        return tool->schema == JSON_NONE ? slice_of(NULL, 0) : json_raw(tool->doc, tool->schema);
    default: return slice_of(NULL, 0);
    }
}

static void speak(struct tally *tally, struct catalogue_evidence said)
{
    tally->scores[said.category] += said.weight;
    if (tally->count < WITNESSES)
        tally->witnesses[tally->count++] = said;
}

static void say(struct tally *tally, enum catalogue_source source, enum catalogue_category category,
                int weight, size_t at, size_t length, const char *says)
{
    if (weight <= 0)
        return;
    speak(tally, (struct catalogue_evidence){
                     .source = source,
                     .category = category,
                     .weight = weight,
                     .offset = at,
                     .length = length,
                     .words = cut(text_of(tally->tool, source), at, length),
                     .says = says,
                 });
}

static void say_act(struct tally *tally, enum catalogue_source source, const struct act *act,
                    const char *says)
{
    const char *gloss = says != NULL                      ? says
                        : act->verb != VERB_NONE          ? verb_gloss(act->verb)
                        : act->noun == NOUN_NONE          ? "no word of it is known"
                        : act->category == CATALOGUE_READ ? "names a thing, and nothing done to it"
                                                          : "names what runs things";
    say(tally, source, (enum catalogue_category)act->category, act->weight, act->at, act->length,
        gloss);
}

static void say_place(struct tally *tally, struct slice place, enum catalogue_category category,
                      int weight, const char *says)
{
    struct slice schema = text_of(tally->tool, CATALOGUE_FROM_SCHEMA);
    if (place.data != NULL && schema.data != NULL)
        say(tally, CATALOGUE_FROM_SCHEMA, category, weight, (size_t)(place.data - schema.data),
            place.length, says);
}

// ---- What is read of one tool
struct reading {
    struct act name; // or the title's, when the name says nothing
    enum catalogue_source name_source;
    struct act told; // the description's
    struct prose prose;
    struct schema schema;
    uint32_t domains; // of the server's name and of the tool's
    enum catalogue_source domain_source;
    size_t domain_at, domain_length;
};

static bool in_domain(const struct reading *r, enum domain_class domain)
{
    return (r->domains & UINT32_C(1) << domain) != 0;
}

static bool takes(const struct reading *r, enum schema_class kind)
{
    return (r->schema.seen & UINT32_C(1) << kind) != 0;
}

static bool is_money(unsigned noun)
{
    return noun == NOUN_ORDER || noun == NOUN_POSITION || noun == NOUN_LEVERAGE ||
           noun == NOUN_TOKEN || noun == NOUN_TRANSACTION || noun == NOUN_PAYMENT ||
           noun == NOUN_TRADE_NOUN || noun == NOUN_WALLET || noun == NOUN_TOKEN_WORD;
}

// Verbs that move something, and do it to money when money is about.
static bool moves(unsigned verb)
{
    return verb == VERB_SEND || verb == VERB_TALK || verb == VERB_TRANSFER || verb == VERB_TRADE ||
           verb == VERB_PAY || verb == VERB_SWAP || verb == VERB_PREPARE || verb == VERB_TRANSACT ||
           verb == VERB_CREATE || verb == VERB_STORE || verb == VERB_MANAGE || verb == VERB_RUN ||
           verb == VERB_START || verb == VERB_BOOK;
}

static bool is_quiet(unsigned verb)
{
    return verb == VERB_LOOK || verb == VERB_THINK || verb == VERB_WAIT || verb == VERB_TAKE ||
           verb == VERB_QUERY || verb == VERB_EVALUATE || verb == VERB_CONVERT ||
           verb == VERB_PREVIEW;
}

static void read_tool(const struct catalogue_tool *tool, struct reading *r, bool *ret_shortened)
{
    *r = (struct reading){.name_source = CATALOGUE_FROM_NAME};
    r->name = act_of_name(tool->name, ret_shortened);
    if (r->name.verb == VERB_NONE && tool->title.length > 0) {
        struct act title = act_of_name(tool->title, ret_shortened);
        if (title.weight > r->name.weight) {
            r->name = title;
            r->name_source = CATALOGUE_FROM_TITLE;
        }
    }
    prose_read(tool->description, &r->prose);
    r->told = r->prose.graver.weight > 0 ? r->prose.graver : r->prose.main;
    schema_read(tool->doc, tool->schema, &r->schema);
    r->domain_source = CATALOGUE_FROM_NAME;
    r->domains = domains_of(tool->name, &r->domain_at, &r->domain_length);
    uint32_t trade = domains_of(tool->server, &r->domain_at, &r->domain_length);
    if (trade != 0)
        r->domain_source = CATALOGUE_FROM_SERVER;
    r->domains |= trade;
    *ret_shortened |= r->prose.shortened || r->schema.shortened;
}

// ---- The witnesses beside name and description

static void say_domain(struct tally *tally, const struct reading *r,
                       enum catalogue_category category, int weight, const char *says)
{
    say(tally, r->domain_source, category, weight, r->domain_at, r->domain_length, says);
}

static void weigh_domains(struct tally *tally, const struct reading *r)
{
    unsigned verb = r->name.verb, noun = r->name.noun;
    bool money =
        in_domain(r, DOMAIN_WALLET) || in_domain(r, DOMAIN_TRADING) || in_domain(r, DOMAIN_PAY);
    bool bare = noun == NOUN_NONE || noun == NOUN_TOKEN_WORD || is_money(noun);
    if (money && bare && !in_domain(r, DOMAIN_PAY) &&
        (verb == VERB_SEND || verb == VERB_TRANSFER || verb == VERB_TRADE))
        say_domain(tally, r, CATALOGUE_FINANCIAL, 30, "a server that handles money");
    if (money && noun == NOUN_NONE && verb == VERB_SEND)
        say_domain(tally, r, CATALOGUE_FINANCIAL, 30, "what it sends is money");
    if (in_domain(r, DOMAIN_TRADING) &&
        (noun == NOUN_ORDER || noun == NOUN_POSITION ||
         (noun == NOUN_NONE && (verb == VERB_START || verb == VERB_OPEN || verb == VERB_STOP))) &&
        (verb == VERB_CREATE || verb == VERB_STORE || verb == VERB_CHANGE || verb == VERB_STOP ||
         verb == VERB_START))
        say_domain(tally, r, CATALOGUE_FINANCIAL, 40, "a server that trades");
    if (in_domain(r, DOMAIN_ATTACK) && (verb == VERB_NONE || !is_quiet(verb)) && noun != NOUN_INFO)
        say_domain(tally, r, CATALOGUE_EXECUTE, 28,
                   "a server of security tools that run against targets");
    if (in_domain(r, DOMAIN_BROWSER) &&
        (verb == VERB_ACT || verb == VERB_START || verb == VERB_OPEN || verb == VERB_STOP ||
         verb == VERB_MANAGE || verb == VERB_SEND || noun == NOUN_ELEMENT) &&
        !is_quiet(verb) && verb != VERB_NONE)
        say_domain(tally, r, CATALOGUE_EXECUTE, 20, "a server that drives a browser or a screen");
    if (in_domain(r, DOMAIN_BROWSER) && verb == VERB_EVALUATE)
        say_domain(tally, r, CATALOGUE_EXECUTE, 60, "evaluating runs code in a browser");
    if (in_domain(r, DOMAIN_SHELL) && verb == VERB_NONE && noun != NOUN_INFO)
        say_domain(tally, r, CATALOGUE_EXECUTE, 15, "a server that runs commands");
    if (in_domain(r, DOMAIN_MEDIA) && (verb == VERB_PRODUCE || verb == VERB_CREATE) &&
        (noun == NOUN_NONE || noun == NOUN_DOCUMENT))
        say_domain(tally, r, CATALOGUE_EXECUTE, 32, "a server that runs models");
}

static void weigh_schema(struct tally *tally, const struct reading *r)
{
    unsigned verb = r->name.verb != VERB_NONE ? r->name.verb : r->told.verb;
    const struct slice *places = r->schema.places;
    if (takes(r, SCHEMA_AMOUNT) && takes(r, SCHEMA_ASSET) && moves(verb))
        say_place(tally, places[SCHEMA_AMOUNT], CATALOGUE_FINANCIAL, 22,
                  "takes an amount beside a currency, a price or a recipient");
    if (takes(r, SCHEMA_TRADING_KEY) && moves(verb))
        say_place(tally, places[SCHEMA_TRADING_KEY], CATALOGUE_FINANCIAL, 12,
                  "takes the keys of an account of money");
    if (takes(r, SCHEMA_CODE) &&
        (verb == VERB_NONE || verb == VERB_RUN || verb == VERB_QUERY || verb == VERB_MANAGE ||
         verb == VERB_ACT || verb == VERB_SEND || verb == VERB_EVALUATE))
        say_place(tally, places[SCHEMA_CODE], CATALOGUE_EXECUTE, 22,
                  "takes code or a command to run");
    if (takes(r, SCHEMA_QUERY) && verb == VERB_NONE)
        say_place(tally, places[SCHEMA_QUERY], CATALOGUE_READ, 12, "takes a query");
    const struct act *listed = &r->schema.listed;
    if (listed->weight > 0) {
        bool open = verb == VERB_NONE || verb == VERB_MANAGE || r->name.weight < 40;
        say_place(tally, r->schema.listed_word, (enum catalogue_category)listed->category,
                  open ? 56 : 25, verb_gloss(listed->verb));
    }
}

static void weigh_colours(struct tally *tally, const struct reading *r)
{
    const struct prose *p = &r->prose;
    const enum catalogue_source here = CATALOGUE_FROM_DESCRIPTION;
    bool quiet = is_quiet(r->name.verb) && (r->told.verb == VERB_NONE || is_quiet(r->told.verb));
    if (!quiet)
        say_act(tally, here, &p->forever, "cannot be undone");
    say_act(tally, here, &p->read_only, "says that it only reads");
    say_act(tally, here, &p->harmless, "says that it changes nothing");
    if (!quiet)
        say_act(tally, here, &p->money, "spends or moves money");
}

static void weigh_hints(struct tally *tally)
{
    const struct catalogue_hints *hints = &tally->tool->hints;
    static const struct slice destructive = {"destructiveHint", sizeof "destructiveHint" - 1},
                              changes = {"readOnlyHint", sizeof "readOnlyHint" - 1};
    if (hints->destructive == 1)
        speak(tally, (struct catalogue_evidence){.source = CATALOGUE_FROM_ANNOTATIONS,
                                                 .category = CATALOGUE_DESTRUCTIVE,
                                                 .weight = 18,
                                                 .words = destructive,
                                                 .says = "the server calls it destructive"});
    if (hints->read_only == 0)
        speak(tally,
              (struct catalogue_evidence){.source = CATALOGUE_FROM_ANNOTATIONS,
                                          .category = CATALOGUE_WRITE,
                                          .weight = 12,
                                          .words = changes,
                                          .says = "the server says that it changes something"});
}

// Cancelling an order destroys the order; with the keys of an account among the arguments it is
// one of the acts of trading on that account.
static void settle_cancelled_orders(struct reading *r)
{
    if (!takes(r, SCHEMA_TRADING_KEY))
        return;
    struct act *acts[] = {&r->name, &r->told};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (acts[i]->verb == VERB_CANCEL && acts[i]->noun == NOUN_ORDER)
            acts[i]->category = CATALOGUE_FINANCIAL;
}

// "untrash: removes a message from the trash", "archive: removes it from the inbox": what a verb of
// change calls removing does not destroy.
static void settle_removals(struct reading *r)
{
    if (r->name.verb == VERB_CHANGE && r->told.verb == VERB_REMOVE)
        r->told.category = CATALOGUE_WRITE;
}

// Descriptions of things to look at praise them with verbs ("Align your investments with ...");
// only what destroys or pays is believed against a name that plainly asks for something.
static void settle_praise(struct reading *r)
{
    enum { PLAIN = 58 };
    if (is_quiet(r->name.verb) && r->name.weight >= PLAIN &&
        r->told.category < CATALOGUE_DESTRUCTIVE)
        r->told.weight = r->told.weight * 85 / 90;
}

// A query that can only read is Read, whatever it is written in.
static void settle_read_only_queries(struct reading *r)
{
    if (r->prose.read_only.weight == 0)
        return;
    struct act *acts[] = {&r->name, &r->told};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if ((acts[i]->verb == VERB_RUN || acts[i]->verb == VERB_QUERY) &&
            (acts[i]->noun == NOUN_CODE || acts[i]->noun == NOUN_QUERY_NOUN ||
             acts[i]->noun == NOUN_DATA))
            acts[i]->category = CATALOGUE_READ;
}

void witnesses_hear(struct tally *tally, bool *ret_shortened)
{
    struct reading r;
    read_tool(tally->tool, &r, ret_shortened);
    settle_cancelled_orders(&r);
    settle_removals(&r);
    settle_praise(&r);
    settle_read_only_queries(&r);
    say_act(tally, r.name_source, &r.name, NULL);
    say_act(tally, CATALOGUE_FROM_DESCRIPTION, &r.told, NULL);
    weigh_domains(tally, &r);
    weigh_schema(tally, &r);
    weigh_colours(tally, &r);
    weigh_hints(tally);
}
