// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool reaches, for those who look at combinations: text written by strangers, what is
// somebody's own, a way out. From what it does (docs/classifier.md) and the nouns of its name, and
// of its description's first sentence.
#include "catalogue/catalogue_internal.h"

enum { PLACES = 3 };

static const struct signal_kind
    strangers = {CATALOGUE_SIGNAL_UNTRUSTED_CONTENT, CATALOGUE_MEDIUM,
                 "brings in text that strangers may have written"},
    private = {CATALOGUE_SIGNAL_PRIVATE_DATA, CATALOGUE_MEDIUM, "reads what is somebody's own"},
    way_out = {CATALOGUE_SIGNAL_WAY_OUT, CATALOGUE_MEDIUM, "can carry data out"},
    runs = {CATALOGUE_SIGNAL_WAY_OUT, CATALOGUE_HIGH,
            "what it runs can read what the server may read, and send it anywhere"},
    runs_private = {CATALOGUE_SIGNAL_PRIVATE_DATA, CATALOGUE_HIGH,
                    "what it runs can read what the server may read"},
    asks = {CATALOGUE_SIGNAL_WAY_OUT, CATALOGUE_MEDIUM,
            "may ask an address that the caller chooses, and that can carry data"},
    bulk = {CATALOGUE_SIGNAL_BULK, CATALOGUE_MEDIUM, "acts on many things at once"},
    admin = {CATALOGUE_SIGNAL_ADMIN, CATALOGUE_HIGH,
             "changes who may do what, or rules of the house"};

struct reach {
    struct findings *findings;
    unsigned verb; // of the name, else of the description
};

static void add(const struct reach *reach, struct signal_kind kind, enum catalogue_source source,
                struct slice text, const struct token *token)
{
    struct place place = {.tool = reach->findings->tool, .source = source};
    place.start.bytes = text;
    place.start.at = place.start.decoded = token->at;
    place.end = place.start;
    place.end.at = place.end.decoded = token->at + token->length;
    findings_add(reach->findings, kind, &place);
}

static bool looks(unsigned verb)
{
    return verb == VERB_NONE || verb == VERB_LOOK || verb == VERB_QUERY || verb == VERB_TAKE ||
           verb == VERB_WAIT || verb == VERB_THINK || verb == VERB_EVALUATE ||
           verb == VERB_CONVERT || verb == VERB_OPEN || verb == VERB_ACT || verb == VERB_MANAGE;
}

// Something goes to others: sent, published, put where others read it.
static bool gives(unsigned verb)
{
    return verb == VERB_TALK || verb == VERB_SEND || verb == VERB_PHONE || verb == VERB_CREATE ||
           verb == VERB_STORE || verb == VERB_DEPLOY || verb == VERB_MANAGE ||
           verb == VERB_TRANSFER;
}

static const struct signal_word *folded_word(struct slice text)
{
    char letters[SIGNAL_LONGEST];
    if (text.length > sizeof letters)
        return NULL;
    for (size_t i = 0; i < text.length; i++)
        letters[i] = (char)text_fold((unsigned char)text.data[i]);
    return signal_word_find(letters, text.length);
}

// What the words of a text reach, the first of each kind.
static void search_words(const struct reach *reach, enum catalogue_source source, struct slice text,
                         const struct token *tokens, size_t count)
{
    const struct token *found[PLACES] = {NULL};
    static const unsigned sets[PLACES] = {SET_STRANGERS, SET_PRIVATE, SET_OUTWARD};
    for (size_t i = 0; i < count; i++) {
        const struct signal_word *word =
            folded_word(slice_of(text.data + tokens[i].at, tokens[i].length));
        for (size_t k = 0; k < PLACES; k++)
            if (found[k] == NULL && signal_word_in(word, sets[k]))
                found[k] = &tokens[i];
        bool named = source == CATALOGUE_FROM_NAME && reach->findings->category != CATALOGUE_READ;
        if (named && signal_word_in(word, SET_BULK_NAME))
            add(reach, bulk, source, text, &tokens[i]);
        if (named && signal_word_in(word, SET_PUBLISHES))
            add(reach, way_out, source, text, &tokens[i]);
        if (named && signal_word_in(word, SET_ADMIN_NAME) &&
            reach->findings->category != CATALOGUE_UNKNOWN)
            add(reach, admin, source, text, &tokens[i]);
    }
    if (looks(reach->verb) && found[0] != NULL)
        add(reach, strangers, source, text, found[0]);
    if (looks(reach->verb) && found[1] != NULL)
        add(reach, private, source, text, found[1]);
    if (gives(reach->verb) && found[2] != NULL && reach->findings->category != CATALOGUE_READ)
        add(reach, way_out, source, text, found[2]);
}

// The words of an act: the verb and what it is done to.
static size_t words_of_act(struct token *tokens, size_t count, const struct act *act)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (tokens[i].at >= act->at && tokens[i].at < act->at + act->length)
            tokens[kept++] = tokens[i];
    return kept;
}

static void repeat(struct findings *findings, const struct catalogue_finding *from,
                   struct signal_kind kind)
{
    struct catalogue_finding *to = findings->of[kind.signal];
    if (findings->counts[kind.signal] == CATALOGUE_FINDINGS_EACH)
        return;
    to += findings->counts[kind.signal]++;
    *to = *from;
    to->signal = (enum catalogue_signal)kind.signal;
    to->severity = (enum catalogue_severity)kind.severity;
    to->says = kind.says;
}

// Of something to look at, not of the service that is asked: "url", but not "api_base_url".
static bool is_of_a_page(struct slice name)
{
    static const char *const names[] = {"url",  "urls",    "uri",     "link",    "links",
                                        "href", "website", "pageUrl", "page_url"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equal_string(name, names[i]))
            return true;
    return false;
}

// A command reaches everything; an address that the caller chooses carries what is put into it.
static void search_arguments(const struct reach *reach)
{
    struct findings *findings = reach->findings;
    const struct catalogue_finding *code = findings->of[CATALOGUE_SIGNAL_CODE],
                                   *sql = findings->of[CATALOGUE_SIGNAL_SQL],
                                   *url = findings->of[CATALOGUE_SIGNAL_URL];
    if (findings->counts[CATALOGUE_SIGNAL_CODE] > 0 && findings->category == CATALOGUE_EXECUTE) {
        repeat(findings, code, runs);
        repeat(findings, code, runs_private);
    }
    if (findings->counts[CATALOGUE_SIGNAL_SQL] > 0)
        repeat(findings, sql, private);
    if (findings->counts[CATALOGUE_SIGNAL_URL] == 0)
        return;
    if (looks(reach->verb) || findings->category == CATALOGUE_EXECUTE)
        repeat(findings, url, asks);
    if (looks(reach->verb) && is_of_a_page(url->words))
        repeat(findings, url, strangers);
}

void reach_search(struct findings *findings)
{
    const struct catalogue_tool *tool = findings->tool;
    struct token tokens[PROSE_TOKENS];
    bool shortened = false;
    struct act name = act_of_name(tool->name, &shortened);
    struct prose prose;
    prose_read(tool->description, &prose);
    struct reach reach = {.findings = findings,
                          .verb = name.verb != VERB_NONE ? name.verb : prose.main.verb};
    size_t count = tokens_of_name(tool->name, tokens, &shortened);
    search_words(&reach, CATALOGUE_FROM_NAME, tool->name, tokens, count);
    count = tokens_of_prose(tool->description, tokens, &shortened);
    search_words(&reach, CATALOGUE_FROM_DESCRIPTION, tool->description, tokens,
                 words_of_act(tokens, count, &prose.main));
    search_arguments(&reach);
}
