// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Words that speak to a model and not to its user: "do not tell the user", "before using this tool,
// read ...". Every text of a definition is cut into words, and the phrases of
// data/classifier/signals.txt are looked for in them: a phrase is a row of sets of words with gaps.
// For each set, a history of bits says at which of the last 32 words one of it stood.
#include "catalogue/catalogue_internal.h"

enum { WORD_ROOM = SIGNAL_LONGEST + 8, PREFIX_MOST = 2, LOOKUPS_MOST = 1000 };

struct matcher {
    struct findings *findings;
    struct place whole;
    uint32_t history[SIGNAL_SETS];
    unsigned skipped;                  // words in no list since the last that is in one
    struct text starts[SIGNAL_WINDOW]; // of the last words
    size_t count;                      // of words so far
    const struct signal_word *other_tool, *address;
};

// What was read of a word so far.
struct piece {
    char letters[WORD_ROOM]; // folded
    size_t length;           // more than fits: a word in no list
    size_t prefix;           // how many of them are signs before the word
    bool capital, joined;
    struct text start;
};

// ---- Phrases

static void shift_history(struct matcher *m, const struct signal_word *word)
{
    unsigned by = m->skipped + 1;
    m->skipped = 0;
    for (unsigned set = 0; set < SIGNAL_SETS; set++)
        m->history[set] = by < SIGNAL_WINDOW ? m->history[set] << by : 0;
    for (unsigned lane = 0; lane < SIGNAL_LANES; lane++)
        for (uint64_t bits = word->sets[lane]; bits != 0; bits &= bits - 1)
            m->history[lane * 64 + (unsigned)__builtin_ctzll(bits)] |= 1;
}

// The places where the phrase that ends at the newest word may begin: bit n is n words before it.
static uint32_t match(const struct matcher *m, const struct signal_phrase *phrase)
{
    size_t part = phrase->count - 1U;
    uint32_t reach = m->history[phrase->sets[part]] & 1;
    for (; part > 0 && reach != 0; part--) {
        uint32_t spread = reach << 1;
        for (unsigned gap = 0; gap < phrase->gaps[part]; gap++)
            spread |= spread << 1;
        reach = spread & m->history[phrase->sets[part - 1]];
    }
    return reach;
}

static void look_for_phrases(struct matcher *m, const struct text *end)
{
    size_t count;
    const struct signal_phrase *phrases = signal_phrase_list(&count);
    for (size_t i = 0; i < count; i++) {
        uint32_t reach = match(m, &phrases[i]);
        if (reach == 0)
            continue;
        size_t back = (size_t)__builtin_ctz(reach);
        struct place place = m->whole;
        place.start = m->starts[(m->count - 1 - back) % SIGNAL_WINDOW];
        place.end = *end;
        findings_add(m->findings, signal_phrase_kind(phrases[i].kind), &place);
    }
}

static void end_sentence(struct matcher *m)
{
    memset(m->history, 0, sizeof m->history);
}

// ---- Words

static bool is_own(const struct matcher *m, struct slice name)
{
    const struct catalogue_tool *tool = m->findings->tool;
    if (slice_equal_ignoring_case(name, tool->name))
        return true;
    if (tool->schema == JSON_NONE)
        return false;
    uint32_t arguments = json_get(tool->doc, tool->schema, "properties");
    return json_get_slice(tool->doc, arguments, name) != JSON_NONE;
}

// "list_rooms" is likely a tool: words joined, a verb first, and no argument of this one.
static bool names_other_tool(const struct matcher *m, const struct piece *piece)
{
    const char *letters = piece->letters + piece->prefix;
    size_t length = piece->length - piece->prefix;
    const char *joint = memchr(letters, '_', length);
    if (piece->capital || joint == NULL)
        return false;
    const struct word *verb = word_find(letters, (size_t)(joint - letters));
    if (verb == NULL || verb->verb == VERB_NONE || verb->form != FORM_BASE)
        return false;
    bool surely = (verb->flags & WORD_WEAK) == 0 || verb->verb == VERB_LOOK;
    // Looking arguments up takes time: a text that is nothing but such names is not believed.
    return surely &&
           (m->findings->lookups++ >= LOOKUPS_MOST || !is_own(m, slice_of(letters, length)));
}

static const struct signal_word *find_word(const struct matcher *m, const struct piece *piece)
{
    if (piece->length > SIGNAL_LONGEST + PREFIX_MOST)
        return piece->joined && piece->length <= WORD_ROOM && names_other_tool(m, piece)
                   ? m->other_tool
                   : NULL;
    for (size_t skip = 0; skip <= piece->prefix; skip++) {
        const struct signal_word *word =
            signal_word_find(piece->letters + skip, piece->length - skip);
        if (word != NULL)
            return word;
    }
    return piece->joined && names_other_tool(m, piece) ? m->other_tool : NULL;
}

static void take_word(struct matcher *m, const struct piece *piece, const struct text *end,
                      bool address)
{
    const struct signal_word *word = address ? m->address : find_word(m, piece);
    m->starts[m->count++ % SIGNAL_WINDOW] = piece->start;
    if (word == NULL) {
        m->skipped++;
        return;
    }
    shift_history(m, word);
    if (signal_word_ends_phrase(word))
        look_for_phrases(m, end);
}

// ---- Characters

static bool is_word(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_prefix(uint32_t c)
{
    return c == '<' || c == '[' || c == '.' || c == '|';
}

static void extend(struct piece *piece, uint32_t c)
{
    if (piece->length < WORD_ROOM)
        piece->letters[piece->length] = (char)c;
    piece->length++;
}

// Steps to the word's next letter, past what is invisible; false at its end, with the character
// that stands there. "don't" is one word, "mcp.json" too, and "list_rooms" but in names.
static bool next_letter(struct text *at, bool in_name, bool *ret_capital, uint32_t *ret)
{
    struct text ahead = *at;
    uint32_t raw;
    do
        raw = text_next(&ahead);
    while (text_is_invisible(raw));
    *ret = raw == TEXT_END ? raw : text_fold(raw);
    struct text behind = ahead;
    bool joins = *ret == '\'' || *ret == '.' || (*ret == '_' && !in_name);
    uint32_t next = joins ? text_next(&behind) : raw;
    if (next == TEXT_END || !is_word(text_fold(next)))
        return false;
    if (*ret == '\'') {
        ahead = behind;
        raw = next;
        *ret = text_fold(next);
    }
    *ret_capital |= raw >= 'A' && raw <= 'Z';
    *at = ahead;
    return true;
}

// The letters of one word from its first one on, and the character behind it.
static void read_word(struct text *at, struct piece *piece, uint32_t first, bool in_name,
                      uint32_t *ret_after)
{
    *ret_after = first;
    do {
        extend(piece, *ret_after);
        piece->joined |= *ret_after == '_';
    } while (next_letter(at, in_name, &piece->capital, ret_after));
}

static bool ends_sentence(uint32_t c, const struct text *at)
{
    if (c == '!' || c == '?')
        return true;
    struct text ahead = *at;
    uint32_t next = c == '.' || c == '\n' ? text_next(&ahead) : 'x';
    return (c == '.' && (next <= ' ' || next == TEXT_END)) || (c == '\n' && next == '\n');
}

// Signs that belong to the word behind them: "<important", ".ssh".
static void take_sign(struct piece *piece, uint32_t sign, const struct text *before)
{
    if (!is_prefix(sign) || piece->length == PREFIX_MOST)
        *piece = (struct piece){0};
    if (!is_prefix(sign))
        return;
    if (piece->length == 0)
        piece->start = *before;
    extend(piece, sign);
}

void phrases_search(struct findings *findings, const struct place *whole)
{
    struct matcher m = {.findings = findings,
                        .whole = *whole,
                        .other_tool = signal_word_find("%tool", 5),
                        .address = signal_word_find("%address", 8)};
    struct text at = whole->start;
    bool in_name = whole->is_name;
    struct piece piece = {.start = at};
    for (;;) {
        struct text before = at;
        uint32_t c = text_next(&at);
        if (c == TEXT_END)
            return;
        uint32_t folded = text_fold(c);
        if (is_word(folded)) {
            uint32_t after = TEXT_END;
            if (piece.length == 0)
                piece.start = before;
            piece.prefix = piece.length;
            piece.capital = c >= 'A' && c <= 'Z';
            read_word(&at, &piece, folded, in_name, &after);
            take_word(&m, &piece, &at, after == '@');
            piece = (struct piece){.start = at};
            continue;
        }
        if (ends_sentence(folded, &at))
            end_sentence(&m);
        take_sign(&piece, folded, &before);
    }
}
