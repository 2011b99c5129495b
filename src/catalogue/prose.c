// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a description says the tool does: the verb that leads a sentence ("Deletes a room", "This
// tool can be used to send ..."), those that stand beside it ("lists, inspects or terminates"), but
// not what is denied ("does not modify"), nor what it is good for ("before deleting", "to delete").
#include "catalogue/catalogue_internal.h"

enum { SENTENCES = 4, LEAD_WORDS = 16, BESIDE_WORDS = 20, LEAST_GRAVE = 34 };

// Where a reader stands in the text.
struct reader {
    const struct token *tokens;
    size_t count;
    size_t next;
    bool light;  // behind "performs": the noun says what is done
    bool denied; // behind "not"
    bool nouns;  // a noun stood before, so that only "... deletes" or "to delete" is a verb
    bool opened; // behind "to" or "for"
};

static const struct word *word_at(const struct reader *r, size_t i)
{
    return i < r->count ? r->tokens[i].word : NULL;
}

static unsigned mark_at(const struct reader *r, size_t i)
{
    const struct word *word = word_at(r, i);
    return word == NULL ? MARK_NONE : word->mark;
}

static bool is_stop(const struct reader *r, size_t i)
{
    return r->tokens[i].gap == GAP_STOP;
}

// To the next comma or sentence: "When the user asks for X, ...".
static void skip_clause(struct reader *r)
{
    while (r->next < r->count && r->tokens[r->next].gap != GAP_COMMA && !is_stop(r, r->next))
        r->next++;
}

// "deletes rooms", but not "the changes of a room", "splits and mergers".
static bool has_object(const struct reader *r, size_t i)
{
    return i + 1 < r->count && r->tokens[i + 1].gap <= GAP_SPACE &&
           mark_at(r, i + 1) != MARK_PLACE && mark_at(r, i + 1) != MARK_AND;
}

// Is the word here a verb that says what the tool does, given what stood before it?
static bool leads(const struct reader *r, size_t i)
{
    const struct word *word = word_at(r, i);
    if (word == NULL || word->verb == 0)
        return false;
    if (r->light)
        return word->form != FORM_ED;
    bool behind_article = i > 0 && !is_stop(r, i) && mark_at(r, i - 1) == MARK_ARTICLE;
    bool noun = word->noun != 0 && (word->flags & WORD_WEAK) != 0;
    switch (word->form) {
    case FORM_BASE: return !behind_article && (!r->nouns || (r->opened && !noun));
    case FORM_S: return !behind_article && !(r->nouns && (noun || !has_object(r, i)));
    case FORM_ING: return !behind_article && (r->opened || !r->nouns) && !noun;
    default: return false;
    }
}

static struct act act_at(const struct reader *r, size_t verb, int percent)
{
    const struct token *token = &r->tokens[verb];
    size_t last = verb;
    unsigned noun = noun_behind(r->tokens, r->count, verb + 1, true, &last);
    struct rule rule = rule_of(token->word->verb, noun);
    return (struct act){
        .verb = token->word->verb,
        .noun = (uint8_t)noun,
        .category = rule.category,
        .weight = rule.weight * percent / 100,
        .at = token->at,
        .length = r->tokens[last].at + r->tokens[last].length - token->at,
    };
}

static struct act mark_act(const struct token *token, enum catalogue_category category, int weight)
{
    return (struct act){
        .category = (uint8_t)category, .weight = weight, .at = token->at, .length = token->length};
}

static void keep_graver(struct prose *prose, struct act act)
{
    // "and removes it from the drafts" tidies up.
    if (act.verb == VERB_REMOVE && act.noun == NOUN_NONE)
        return;
    if (act.weight >= LEAST_GRAVE && act.category > prose->main.category &&
        (prose->graver.weight == 0 || act.category > prose->graver.category))
        prose->graver = act;
}

// ---- The verbs beside the leading one

// A word that may stand between "and" and its verb.
static bool is_filler(const struct reader *r, size_t i)
{
    unsigned mark = mark_at(r, i);
    return mark == MARK_AND || mark == MARK_LEAD;
}

static bool stands_beside(const struct reader *r, size_t i, const struct word *main)
{
    const struct word *word = word_at(r, i);
    if (word == NULL || word->verb == 0 || word->form != main->form)
        return false;
    if ((word->flags & WORD_WEAK) == 0)
        return true;
    // "Get the price, order and volume": a verb only where something is done to something.
    return i + 1 < r->count && r->tokens[i + 1].gap <= GAP_SPACE &&
           (mark_at(r, i + 1) == MARK_ARTICLE || mark_at(r, i + 1) == MARK_LEAD);
}

// "to delete", "that deletes", but not "to PDF".
static bool ends_clause(const struct reader *r, size_t i)
{
    if (!is_purpose(mark_at(r, i)))
        return false;
    const struct word *next = word_at(r, i + 1);
    return mark_at(r, i) != MARK_OPENER || (next != NULL && next->verb != 0);
}

static void read_beside(struct reader *r, struct prose *prose, size_t verb, int percent)
{
    const struct word *main = word_at(r, verb);
    size_t i = verb + 1;
    for (; i < r->count && i <= verb + BESIDE_WORDS && !is_stop(r, i); i++) {
        unsigned mark = mark_at(r, i);
        if (mark == MARK_NOT || ends_clause(r, i))
            break;
        bool joined = r->tokens[i].gap == GAP_COMMA || r->tokens[i].gap == GAP_COLON;
        if (!joined && mark != MARK_AND)
            continue;
        while (i + 1 < r->count && is_filler(r, i))
            i++;
        if (stands_beside(r, i, main))
            keep_graver(prose, act_at(r, i, percent * 9 / 10));
    }
    r->next = i;
}

// ---- Sentences

// Takes the word here if it only leads up to the verb.
static bool take_lead(struct reader *r)
{
    const struct word *word = word_at(r, r->next);
    unsigned mark = mark_at(r, r->next);
    if (word == NULL)
        return false;
    if (mark == MARK_PERFORM)
        r->light = true;
    else if (mark == MARK_NOT)
        r->denied = true;
    else if (mark == MARK_CONDITION) {
        r->next++;
        skip_clause(r);
        return true;
    } else if (mark == MARK_OPENER)
        r->opened = true;
    else if (mark != MARK_LEAD && mark != MARK_ARTICLE && mark != MARK_READONLY &&
             mark != MARK_FOREVER)
        return false;
    r->next++;
    return true;
}

static bool read_sentence(struct reader *r, struct prose *prose, int percent)
{
    size_t start = r->next;
    r->light = r->denied = r->nouns = r->opened = false;
    while (r->next < r->count && r->next < start + LEAD_WORDS &&
           (r->next == start || !is_stop(r, r->next))) {
        size_t here = r->next;
        if (leads(r, here) && (mark_at(r, here) == MARK_NONE || r->next == start)) {
            if (r->denied) {
                r->denied = false;
                r->nouns = true;
                r->next++;
                continue;
            }
            prose->main = act_at(r, here, r->nouns ? percent * 8 / 10 : percent);
            read_beside(r, prose, here, percent);
            return true;
        }
        if (take_lead(r))
            continue;
        r->nouns = true;
        r->next++;
    }
    return false;
}

static void next_sentence(struct reader *r, size_t from)
{
    r->next = from;
    while (r->next < r->count && (r->next == from || !is_stop(r, r->next)))
        r->next++;
}

// A sentence behind the one that told: only one that begins with a verb and is graver counts, as
// "Deletes ..." or "Executes ..." in the third person; "Use", "Pass" and such speak to the caller.
static void read_later(struct reader *r, struct prose *prose)
{
    const struct word *word = word_at(r, r->next);
    bool surely =
        word != NULL && (word->flags & WORD_WEAK) == 0 && mark_at(r, r->next + 1) != MARK_LEAD;
    if (surely && word->verb != 0 && word->form == FORM_S && word->mark == 0 &&
        has_object(r, r->next))
        keep_graver(prose, act_at(r, r->next, 70));
}

// ---- Words that colour a description wherever they stand

static bool is_denied(const struct reader *r, size_t i)
{
    for (size_t back = 1; back <= 3 && back <= i; back++)
        if (mark_at(r, i - back) == MARK_NOT)
            return true;
        else if (is_stop(r, i - back + 1))
            return false;
    return false;
}

static bool changes_things(const struct word *word)
{
    return word != NULL && (word->verb == VERB_CHANGE || word->verb == VERB_CREATE ||
                            word->verb == VERB_STORE || word->verb == VERB_DESTROY ||
                            word->verb == VERB_REMOVE || word->verb == VERB_OVERWRITE);
}

static void read_colours(struct reader *r, struct prose *prose)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct token *token = &r->tokens[i];
        switch (mark_at(r, i)) {
        case MARK_FOREVER:
            if (!is_denied(r, i))
                prose->forever = mark_act(token, CATALOGUE_DESTRUCTIVE, 20);
            break;
        case MARK_UNDONE: // "cannot be undone"
            if (is_denied(r, i))
                prose->forever = mark_act(token, CATALOGUE_DESTRUCTIVE, 20);
            break;
        case MARK_READONLY:
            if (!is_denied(r, i))
                prose->read_only = mark_act(token, CATALOGUE_READ, 25);
            break;
        case MARK_REAL_MONEY: prose->money = mark_act(token, CATALOGUE_FINANCIAL, 25); break;
        case MARK_NOT:
            if (i + 1 < r->count && changes_things(word_at(r, i + 1)))
                prose->harmless = mark_act(&r->tokens[i], CATALOGUE_READ, 14);
            break;
        default: break;
        }
    }
}

void prose_read(struct slice text, struct prose *ret)
{
    struct token tokens[PROSE_TOKENS];
    *ret = (struct prose){0};
    struct reader r = {.tokens = tokens, .count = tokens_of_prose(text, tokens, &ret->shortened)};
    bool told = false;
    int percent = 90;
    for (int sentence = 0; r.next < r.count && sentence < SENTENCES; sentence++) {
        size_t start = r.next;
        if (told)
            read_later(&r, ret);
        else if (read_sentence(&r, ret, percent))
            told = true;
        if (!told)
            percent = 60;
        next_sentence(&r, start);
    }
    read_colours(&r, ret);
    if (!told)
        ret->main = foreign_read(text);
}
