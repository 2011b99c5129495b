// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What every match of an expression holds: a run of characters, each one of a few. Where no such
// run stands nothing matches, which a search for it (regex_scan.c) tells many times faster than the
// expression. Read off the expression; whatever is not surely understood ends the reading, and then
// there is no such run.
#include "policy/regex_internal.h"

#include <limits.h>

struct reader {
    struct slice pattern;
    size_t at;
    bool ignores_case;
    struct regex_literal run; // that is being read
    bool prefix;              // nothing but places was before it
    bool lost;                // something is not understood
    struct regex_literal best;
    unsigned best_worth;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// How little of texts a set lets pass, in bits.
static unsigned worth_of(const struct regex_set *set)
{
    unsigned count = 1U + set->span[0];
    if (regex_set_is_two(set))
        count += 1U + set->span[1];
    return 7 - (31 - (unsigned)__builtin_clz(count));
}

// The best counts; the first one, if matches begin with it, is worth more.
static void end_run(struct reader *r)
{
    unsigned worth = 0;
    for (size_t i = 0; i < r->run.length; i++)
        worth += worth_of(&r->run.sets[i]);
    bool jumps = r->best.prefix && r->best.plain && r->best.length >= REGEX_PREFIX_LEAST;
    if (worth > r->best_worth && !jumps) {
        r->best = r->run;
        r->best.prefix = r->prefix;
        r->best_worth = worth;
    }
    r->run = (struct regex_literal){.plain = true};
    r->prefix = false;
}

// ---- How often

enum { ENDLESS = -1 };

static int read_count(struct reader *r)
{
    int count = 0;
    while (r->at < r->pattern.length && r->pattern.data[r->at] >= '0' &&
           r->pattern.data[r->at] <= '9' && count < 100000)
        count = count * 10 + (r->pattern.data[r->at++] - '0');
    return count;
}

// "{3}", "{3,}", "{3,5}"; anything else may be no repeat at all.
static void take_counts(struct reader *r, int *least, int *most)
{
    size_t start = r->at;
    *least = *most = read_count(r);
    bool good = r->at > start;
    if (good && r->at < r->pattern.length && r->pattern.data[r->at] == ',') {
        r->at++;
        start = r->at;
        *most = read_count(r);
        *most = r->at == start ? ENDLESS : *most;
    }
    r->lost = !good || r->at >= r->pattern.length || r->pattern.data[r->at++] != '}';
}

// How often what is before comes.
static void take_repeat(struct reader *r, int *least, int *most)
{
    char c = r->at < r->pattern.length ? r->pattern.data[r->at] : '\0';
    *least = c == '*' || c == '?' ? 0 : 1;
    *most = c == '*' || c == '+' ? ENDLESS : 1;
    if (c != '*' && c != '?' && c != '{' && c != '+')
        return;
    r->at++;
    if (c == '{')
        take_counts(r, least, most);
    if (r->at < r->pattern.length && strchr("?+", r->pattern.data[r->at]) != NULL)
        r->at++; // lazy or possessive
}

static void skip_repeat(struct reader *r)
{
    int least, most;
    take_repeat(r, &least, &most);
}

// One of these, as often as the pattern says. What may be left out is no part of the run, and
// behind what comes as often as it likes another begins.
static void take_bytes(struct reader *r, const struct regex_bytes *bytes)
{
    int least, most;
    take_repeat(r, &least, &most);
    unsigned count = regex_bytes_count(bytes);
    struct regex_set set = {{0}, {0}};
    if (count > 0)
        set = regex_set_of(bytes);
    for (int i = 0; i < least && count > 0 && r->run.length < REGEX_LITERAL_MAX; i++) {
        r->run.sets[r->run.length++] = set;
        r->run.plain = r->run.plain && count <= 2;
    }
    if (count == 0 || least != most || r->run.length == REGEX_LITERAL_MAX)
        end_run(r);
}

static void take_character(struct reader *r, char c)
{
    struct regex_bytes bytes = {0, 0};
    // A text in other letters may match: the long s, and the sign of kelvin.
    bool unfit =
        c == '\0' || (unsigned char)c >= 0x80 || (r->ignores_case && strchr("kKsS", c) != NULL);
    if (!unfit) {
        regex_bytes_add(&bytes, c, c);
        if (r->ignores_case && is_letter(c))
            regex_bytes_add(&bytes, c ^ 0x20, c ^ 0x20);
    }
    take_bytes(r, &bytes);
}

static bool skip_class(struct reader *r)
{
    struct slice p = r->pattern;
    size_t at = r->at + 1;
    at += at < p.length && p.data[at] == '^';
    at += at < p.length && p.data[at] == ']';
    for (; at < p.length && p.data[at] != ']'; at++) {
        if (p.data[at] == '[') // [:alpha:], or a bracket
            return false;
        if (p.data[at] == '\\') {
            at++;
            if (at >= p.length || p.data[at] == 'Q' || p.data[at] == 'E' || p.data[at] == 'c')
                return false;
        }
    }
    if (at >= p.length)
        return false;
    r->at = at + 1;
    return true;
}

// False: not understood.
static bool take_escape(struct reader *r)
{
    char c = r->at + 1 < r->pattern.length ? r->pattern.data[r->at + 1] : '\0';
    struct regex_bytes bytes = {0, 0};
    if (c == '\0')
        return false;
    r->at += 2;
    if (c == 'b' && r->run.length == 0)
        return true; // a place; matches still begin with what follows
    if (regex_bytes_add_kind(&bytes, c)) {
        take_bytes(r, &bytes);
        return true;
    }
    if (strchr("bBDWS", c) != NULL) {
        end_run(r);
        skip_repeat(r);
        return true;
    }
    if (is_letter(c) || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80)
        return false;
    take_character(r, c);
    return true;
}

// Letters of which another spelling may be no ASCII make it unfit.
static bool read_class(struct reader *r, struct regex_bytes *ret)
{
    size_t at = r->at;
    bool good = regex_class_read(r->pattern, &at, ret);
    for (int c = 'A'; good && r->ignores_case && c <= 'Z'; c++)
        good = !regex_bytes_have(ret, c) && !regex_bytes_have(ret, c | 0x20);
    r->at = good ? at : r->at;
    return good;
}

static bool take_class(struct reader *r)
{
    struct regex_bytes bytes = {0, 0};
    if (read_class(r, &bytes)) {
        take_bytes(r, &bytes);
        return true;
    }
    end_run(r);
    if (!skip_class(r))
        return false;
    skip_repeat(r);
    return true;
}

// Past a group, whatever is in it.
static bool skip_group(struct reader *r)
{
    size_t depth = 0;
    while (r->at < r->pattern.length) {
        char c = r->pattern.data[r->at];
        char next = r->at + 1 < r->pattern.length ? r->pattern.data[r->at + 1] : '\0';
        if (c == '[') {
            if (!skip_class(r))
                return false;
            continue;
        }
        if (c == '\\' && (next == '\0' || strchr("QEcxoNgkpP", next) != NULL))
            return false;
        if (c == '(') {
            char kind = r->at + 2 < r->pattern.length ? r->pattern.data[r->at + 2] : '\0';
            if (next == '*' || (next == '?' && (kind == '\0' || strchr(":=!", kind) == NULL)))
                return false; // verbs, options, names, conditions
            depth++;
        }
        r->at += c == '\\' ? 2 : 1;
        if (c == ')' && --depth == 0)
            return true;
    }
    return false;
}

static bool take_next(struct reader *r)
{
    char c = r->pattern.data[r->at];
    switch (c) {
    case '\\': return take_escape(r);
    case '|':
    case ')':
    case '*':
    case '?':
    case '+':
    case '{': return false;
    case '[': return take_class(r);
    case '(':
        end_run(r);
        if (!skip_group(r))
            return false;
        skip_repeat(r);
        return true;
    case '.':
    case '^':
    case '$':
        end_run(r);
        r->at++;
        skip_repeat(r);
        return true;
    default:
        r->at++;
        take_character(r, c);
        return true;
    }
}

// ---- The whole expression

// Of a thousand bytes of a text, about so many are in the range.
static unsigned frequency(unsigned first, unsigned span)
{
    unsigned sum = 0;
    for (unsigned c = first; c <= first + span; c++) {
        bool lower = c >= 'a' && c <= 'z';
        sum += c == ' '                                            ? 150
               : lower && strchr("etaoinsrhl", (int)c) != NULL     ? 60
               : lower                                             ? 15
               : c != '\0' && strchr(",.\"\n\\:/", (int)c) != NULL ? 15
                                                                   : 4;
    }
    return sum;
}

// The two places where least of all texts fits.
static void choose_probes(struct regex_literal *literal)
{
    unsigned least[2] = {UINT_MAX, UINT_MAX};
    for (size_t i = 0; i < literal->length; i++) {
        const struct regex_set *set = &literal->sets[i];
        unsigned each = frequency(set->first[0], set->span[0]);
        each += regex_set_is_two(set) ? frequency(set->first[1], set->span[1]) : 0;
        bool first = each < least[0];
        if (!first && each >= least[1])
            continue;
        least[1] = first ? least[0] : each;
        literal->probes[1] = first ? literal->probes[0] : i;
        least[0] = first ? each : least[0];
        literal->probes[0] = first ? i : literal->probes[0];
    }
}

void regex_literal_read(struct slice pattern, struct regex_literal *ret)
{
    struct reader r = {.pattern = pattern, .prefix = true, .run.plain = true};
    *ret = (struct regex_literal){0};
    if (slice_starts_with(pattern, SLICE_LITERAL("(?i)"))) {
        r.ignores_case = true;
        r.at = 4;
    }
    // Alternatives inside of groups are skipped with them.
    while (r.at < pattern.length)
        if (!take_next(&r) || r.lost)
            return;
    end_run(&r);
    choose_probes(&r.best);
    *ret = r.best;
}
