// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool's name says: "delete_room", "calendar.events.insert", "sendEmail", "order_book". Most
// names are a verb and a noun, in either order; many nouns look like verbs.
#include "catalogue/catalogue_internal.h"

static bool is_base_verb(const struct token *token)
{
    return token->word != NULL && token->word->verb != 0 && token->word->form == FORM_BASE;
}

static bool is_weak(const struct token *token)
{
    return (token->word->flags & WORD_WEAK) != 0;
}

static unsigned mark_of(const struct token *token)
{
    return token->word == NULL ? MARK_NONE : token->word->mark;
}

static bool looks(unsigned verb)
{
    return verb == VERB_LOOK || verb == VERB_QUERY || verb == VERB_THINK || verb == VERB_WAIT ||
           verb == VERB_TAKE || verb == VERB_EVALUATE || verb == VERB_PREVIEW;
}

// A verb of these stays one behind a noun ("web_scrape", "token_swap"); others are more likely the
// last part of a compound ("sales_order", "price_alert").
static bool follows_nouns(unsigned verb)
{
    switch (verb) {
    case VERB_ATTACK:
    case VERB_PAY:
    case VERB_SWAP:
    case VERB_TRANSFER:
    case VERB_ACT:
    case VERB_STOP:
    case VERB_MANAGE:
    case VERB_DESTROY:
    case VERB_REMOVE:
    case VERB_OVERWRITE:
    case VERB_SIGN:
    case VERB_KILL:
    case VERB_RUN: return true;
    default: return looks(verb);
    }
}

// A verb of these is none before "history", "status", "details".
static bool yields_to_info(unsigned verb)
{
    return verb == VERB_TALK || verb == VERB_SEND || verb == VERB_TRADE || verb == VERB_TRANSFER ||
           verb == VERB_BOOK || verb == VERB_PAY || verb == VERB_SWAP || verb == VERB_RUN ||
           verb == VERB_DEPLOY || verb == VERB_STOP || verb == VERB_START || verb == VERB_AUTH ||
           verb == VERB_INSTALL || verb == VERB_ACT || verb == VERB_ATTACK || verb == VERB_SIGN ||
           verb == VERB_OPEN || verb == VERB_CREATE || verb == VERB_STORE || verb == VERB_CHANGE;
}

unsigned noun_behind(const struct token *tokens, size_t count, size_t from, bool prose,
                     size_t *ret_last)
{
    enum { FAR = 8 };
    unsigned noun = NOUN_NONE;
    for (size_t i = from; i < count && i < from + FAR; i++) {
        unsigned mark = mark_of(&tokens[i]);
        if (prose && tokens[i].gap > GAP_SPACE && tokens[i].gap != GAP_OPEN)
            break;
        if (mark == MARK_OPENER && !prose && i == from) // "subscribe_to_plan"
            continue;
        if (is_purpose(mark) || mark == MARK_NOT || mark == MARK_AND)
            break;
        if (mark == MARK_PLACE && (noun != NOUN_NONE || i > from))
            break;
        if (tokens[i].word != NULL && tokens[i].word->noun != 0) {
            noun = tokens[i].word->noun;
            *ret_last = i;
        }
    }
    return noun;
}

static unsigned noun_before(const struct token *tokens, size_t to, size_t *ret_first)
{
    for (size_t i = to; i-- > 0;)
        if (tokens[i].word != NULL && tokens[i].word->noun != 0) {
            *ret_first = i;
            return tokens[i].word->noun;
        }
    return NOUN_NONE;
}

static struct act act_between(const struct token *tokens, size_t first, size_t last)
{
    size_t at = tokens[first].at;
    return (struct act){.at = at, .length = tokens[last].at + tokens[last].length - at};
}

static struct act act_of_verb(const struct token *tokens, size_t count, size_t verb, int percent)
{
    size_t first = verb, last = verb;
    unsigned noun = noun_behind(tokens, count, verb + 1, false, &last);
    if (noun == NOUN_NONE)
        noun = noun_before(tokens, verb, &first);
    struct act act = act_between(tokens, first, last);
    struct rule rule = rule_of(tokens[verb].word->verb, noun);
    act.verb = tokens[verb].word->verb;
    act.noun = (uint8_t)noun;
    act.category = rule.category;
    act.weight = rule.weight * percent / 100;
    return act;
}

static struct act act_of_nouns(const struct token *tokens, size_t count)
{
    enum { UNKNOWN_WEIGHT = 8 };
    size_t last = count;
    unsigned noun = noun_behind(tokens, count, 0, false, &last);
    if (noun == NOUN_NONE)
        noun = noun_before(tokens, count, &last);
    if (noun == NOUN_NONE) {
        struct act act = act_between(tokens, 0, count - 1);
        act.weight = UNKNOWN_WEIGHT;
        return act;
    }
    struct act act = act_between(tokens, last, last);
    struct rule rule = rule_of(VERB_NONE, noun);
    act.noun = (uint8_t)noun;
    act.category = rule.category;
    act.weight = rule.weight;
    return act;
}

// Where the verbs of a name stand; `count` where there is none.
struct verbs {
    size_t strong, first_weak, last_weak;
};

// "mark_as_read", "set_as_start"
static bool is_state(const struct token *tokens, size_t i)
{
    return i > 1 && mark_of(&tokens[i - 1]) == MARK_PLACE && tokens[i - 1].length == 2 &&
           word_text(tokens[i - 1].word).data[0] == 'a' &&
           word_text(tokens[i - 1].word).data[1] == 's';
}

static struct verbs find_verbs(const struct token *tokens, size_t count)
{
    struct verbs found = {count, count, count};
    for (size_t i = 0; i < count; i++) {
        // "get_items_to_delete"
        if (is_purpose(mark_of(&tokens[i])) && (found.strong < count || found.first_weak < count))
            break;
        if (!is_base_verb(&tokens[i]) || is_state(tokens, i))
            continue;
        if (!is_weak(&tokens[i])) {
            if (found.strong == count)
                found.strong = i;
            continue;
        }
        if (found.first_weak == count)
            found.first_weak = i;
        found.last_weak = i;
    }
    return found;
}

static unsigned last_noun(const struct token *tokens, size_t count)
{
    return tokens[count - 1].word == NULL ? NOUN_NONE : tokens[count - 1].word->noun;
}

static bool ends_in_info(const struct token *tokens, size_t count)
{
    unsigned noun = last_noun(tokens, count);
    return noun == NOUN_INFO || noun == NOUN_TRAIL;
}

// "open_issues" are not opened.
static bool is_plural(const struct token *token)
{
    return token->word != NULL && token->word->noun != 0 &&
           word_text(token->word).data[token->word->length - 1] == 's';
}

// "image_filter", but not "kubectl_label", "api_patch": what runs the tool is not its object.
static bool is_noun_before(const struct token *tokens, size_t verb)
{
    const struct word *word = tokens[verb - 1].word;
    size_t first = verb - 1;
    bool runner = word != NULL && noun_before(tokens, verb - 1, &first) == NOUN_NONE &&
                  (word->noun == NOUN_CODE || word->mark == MARK_LEAD || word->domain != 0);
    return word != NULL && word->noun != 0 && !runner;
}

// "play_track": what is done to something comes first, whatever follows it.
static bool plainly_acts(const struct token *tokens, size_t first)
{
    size_t noun = first;
    return tokens[first].word->verb == VERB_ACT && tokens[first].word->noun == 0 &&
           noun_before(tokens, first, &noun) == NOUN_NONE;
}

// A name whose verbs all may be nouns.
static struct act act_of_weak(const struct token *tokens, size_t count, struct verbs verbs)
{
    enum { SURE = 100, LIKELY = 85, MAYBE = 70 };
    size_t first = verbs.first_weak, last = verbs.last_weak;
    unsigned first_verb = tokens[first].word->verb, last_verb = tokens[last].word->verb;
    if (first != last && last == count - 1 && !plainly_acts(tokens, first) &&
        ((looks(last_verb) && !looks(first_verb)) ||
         (last_verb == VERB_MANAGE && tokens[last].word->noun == 0)))
        return act_of_verb(tokens, count, last, LIKELY);
    if (count > 1 && yields_to_info(first_verb) &&
        (ends_in_info(tokens, count) || (first_verb == VERB_OPEN && is_plural(&tokens[count - 1]))))
        return act_of_nouns(tokens, count);
    if (first == 0)
        return act_of_verb(tokens, count, first, count == 1 ? MAYBE : SURE);
    bool behind_noun = is_noun_before(tokens, first);
    if (behind_noun && !follows_nouns(first_verb))
        return act_of_nouns(tokens, count);
    return act_of_verb(tokens, count, first, first == count - 1 && !behind_noun ? MAYBE : LIKELY);
}

// What is listed, read or checked may be named like a verb: "get_run", "check_can_delete".
static bool takes_the_rest(const struct token *tokens, size_t verb, size_t last)
{
    unsigned class = tokens[verb].word->verb;
    if (class == VERB_PREVIEW || tokens[last].word->noun != 0)
        return true;
    if (class == VERB_THINK) // a cloud's "compute" is a group of tools
        return last <= verb + 2 && !slice_equal_string(word_text(tokens[verb].word), "compute");
    return class == VERB_LOOK && !slice_equal_string(word_text(tokens[verb].word), "list");
}

// Several verbs: "compute_disk_delete" belongs to a group named like a verb, "deploy_plan_get" too.
static struct act act_of_strong(const struct token *tokens, size_t count, struct verbs verbs)
{
    size_t last = count - 1, first = verbs.strong;
    bool asks = verbs.first_weak == 0 && looks(tokens[0].word->verb);
    if (asks && takes_the_rest(tokens, 0, first))
        return act_of_verb(tokens, count, 0, 100);
    if (count == first + 2 && last_noun(tokens, count) == NOUN_TRAIL &&
        yields_to_info(tokens[first].word->verb))
        return act_of_nouns(tokens, count);
    struct act act = act_of_verb(tokens, count, first, 100);
    if (last == first || !is_base_verb(&tokens[last]) || is_weak(&tokens[last]))
        return act;
    if (slice_equal_string(word_text(tokens[last].word), "get"))
        return act_of_verb(tokens, count, last, 85);
    struct act other = act_of_verb(tokens, count, last, 100);
    return other.category > act.category && !takes_the_rest(tokens, first, last) ? other : act;
}

// "make_donation": the noun says what is done.
static bool makes_deal(const struct token *tokens, size_t count)
{
    unsigned noun = last_noun(tokens, count);
    return count > 1 && mark_of(&tokens[count - 2]) == MARK_PERFORM &&
           (noun == NOUN_PAYMENT || noun == NOUN_ORDER || noun == NOUN_BOOKING ||
            noun == NOUN_TRADE_NOUN);
}

static struct act act_of_deal(const struct token *tokens, size_t count)
{
    struct act act = act_between(tokens, count - 2, count - 1);
    struct rule rule = rule_of(VERB_TRADE, last_noun(tokens, count));
    act.verb = VERB_TRADE;
    act.noun = (uint8_t)last_noun(tokens, count);
    act.category = rule.category;
    act.weight = rule.weight;
    return act;
}

static struct act act_of_some(const struct token *tokens, size_t count)
{
    struct verbs verbs = find_verbs(tokens, count);
    if (makes_deal(tokens, count))
        return act_of_deal(tokens, count);
    if (verbs.strong < count)
        return act_of_strong(tokens, count, verbs);
    return verbs.first_weak < count ? act_of_weak(tokens, count, verbs)
                                    : act_of_nouns(tokens, count);
}

// "find_and_replace", "get_or_create": the graver of the parts.
struct act act_of_tokens(const struct token *tokens, size_t count)
{
    struct act best = {0};
    for (size_t start = 0; start < count;) {
        size_t end = start;
        while (end < count && mark_of(&tokens[end]) != MARK_AND)
            end++;
        if (end > start) {
            struct act act = act_of_some(tokens + start, end - start);
            bool verbal = act.verb != VERB_NONE && act.category > best.category;
            if (best.weight == 0 || verbal)
                best = act;
        }
        start = end + 1;
    }
    return best;
}

struct act act_of_name(struct slice name, bool *ret_shortened)
{
    struct token tokens[NAME_TOKENS];
    size_t count = tokens_of_name(name, tokens, ret_shortened);
    return act_of_tokens(tokens, count);
}

uint32_t domains_of(struct slice server, size_t *ret_at, size_t *ret_length)
{
    struct token tokens[NAME_TOKENS];
    bool shortened = false;
    size_t count = tokens_of_name(server, tokens, &shortened);
    uint32_t domains = 0;
    for (size_t i = 0; i < count; i++)
        if (tokens[i].word != NULL && tokens[i].word->domain != 0) {
            domains |= UINT32_C(1) << tokens[i].word->domain;
            *ret_at = tokens[i].at;
            *ret_length = tokens[i].length;
        }
    return domains;
}
