// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Expressions that give up: each is tried on texts that careless repeats cannot cope with, made of
// the characters that stand in it. What gives up here gives up on an agent's text as well; the call
// is then denied. One that passes all of them may still know another text.
#include "policy/lint_internal.h"

enum {
    PREFIX_MAX = 64,
    PUMPS_MAX = 48,
    SHORT = 40,
    LONG = 2000,
    TEXT_SIZE = PREFIX_MAX + LONG + 1 + PUMPS_MAX,
    QUICK_MAX = 3000, // tries of all expressions that cost a few milliseconds at most
    QUICK_STEPS = 20000,
    SLOW_MAX = 64, // and those that may cost what the gateway bears
};

// The characters after '^' that stand for themselves, so that what follows is reached at all.
static size_t literal_prefix(struct slice pattern, char out[PREFIX_MAX])
{
    size_t at = 0, length = 0;
    if (slice_starts_with(pattern, SLICE_LITERAL("(?i)")))
        at = 4;
    at += at < pattern.length && pattern.data[at] == '^';
    for (; at < pattern.length && length < PREFIX_MAX; at++) {
        if (strchr(".[](){}*+?|^$\\", pattern.data[at]) != NULL)
            break;
        out[length++] = pattern.data[at];
    }
    // A repeat belongs to the character before it.
    if (length > 0 && at < pattern.length && strchr("*+?{", pattern.data[at]) != NULL)
        length--;
    return length;
}

static size_t collect_pumps(struct slice pattern, char out[PUMPS_MAX])
{
    static const char usual[] = "a0 A_-.";
    size_t count = sizeof usual - 1;
    memcpy(out, usual, count);
    for (size_t i = 0; i < pattern.length && count < PUMPS_MAX; i++) {
        unsigned char c = (unsigned char)pattern.data[i];
        bool meta = strchr("()[]{}|*+?^$\\", c) != NULL;
        if (!meta && c >= 0x20 && c < 0x7F && memchr(out, c, count) == NULL)
            out[count++] = (char)c;
    }
    return count;
}

struct pumping {
    struct slice prefix;
    char pumps[PUMPS_MAX];
    size_t count;
};

// One character again and again, or two in turn, and an end that hardly any expression takes; what
// an expression must find somewhere stands behind that.
static struct slice make_text(char text[TEXT_SIZE], const struct pumping *p, char one, char two,
                              size_t length)
{
    memcpy(text, p->prefix.data, p->prefix.length);
    char *at = text + p->prefix.length;
    for (size_t i = 0; i < length; i++)
        *at++ = i % 2 == 0 ? one : two;
    *at++ = '\x01';
    memcpy(at, p->pumps, p->count);
    return slice_of(text, (size_t)(at - text) + p->count);
}

static bool may_try(struct lint *l, size_t *tries, size_t most)
{
    arena_clear(&l->scratch);
    if ((*tries)++ < most)
        return true;
    l->ret->too_many = true;
    return false;
}

// As the gateway would: with its bounds.
static bool really_gives_up(struct lint *l, const struct regex *regex, struct slice text)
{
    struct regex_scratch scratch = {0};
    return may_try(l, &l->slow_tries, SLOW_MAX) &&
           regex_match(regex, text, &scratch, &l->scratch) == REGEX_LIMIT;
}

// Steps that grow by a factor with every character are many on a short text already.
static bool gives_up_soon(struct lint *l, const struct regex *regex, const struct pumping *p)
{
    char text[TEXT_SIZE];
    for (size_t i = 0; i < 2 * p->count; i++) {
        char one = p->pumps[i / 2], two = p->pumps[i % 2 == 0 ? i / 2 : (i / 2 + 1) % p->count];
        struct slice made = make_text(text, p, one, two, SHORT);
        if (may_try(l, &l->quick_tries, QUICK_MAX) &&
            regex_exceeds(regex, made, QUICK_STEPS, &l->scratch) && really_gives_up(l, regex, made))
            return true;
    }
    return false;
}

// Those that grow by a power need a longer one.
static bool gives_up_later(struct lint *l, const struct regex *regex, const struct pumping *p)
{
    char text[TEXT_SIZE];
    for (size_t i = 0; i < p->count; i++) {
        struct slice part = make_text(text, p, p->pumps[i], p->pumps[i], LONG / 4);
        if (!may_try(l, &l->quick_tries, QUICK_MAX) ||
            !regex_exceeds(regex, part, QUICK_STEPS, &l->scratch))
            continue;
        if (really_gives_up(l, regex, make_text(text, p, p->pumps[i], p->pumps[i], LONG)))
            return true;
    }
    return false;
}

void lint_expression(struct lint *l, const struct condition *condition, struct slice rule)
{
    char prefix[PREFIX_MAX];
    struct slice pattern = json_string(&l->policy->doc, condition->value, l->arena);
    if (pattern.data == NULL) {
        l->no_memory = true;
        return;
    }
    struct pumping p = {.prefix = slice_of(prefix, literal_prefix(pattern, prefix))};
    p.count = collect_pumps(pattern, p.pumps);
    bool soon = gives_up_soon(l, condition->regex, &p);
    if (soon || gives_up_later(l, condition->regex, &p))
        lint_tell(l, soon ? POLICY_SERIOUS : POLICY_DOUBTFUL, "expression-gives-up",
                  (struct lint_place){condition->value, rule},
                  "Avoid repeats of repeats that can take the same text, such as (a+)+ or "
                  "(.*)*; anchor with ^.",
                  "this expression gives up on a text of %d characters, and the call is denied",
                  soon ? SHORT : LONG);
}
