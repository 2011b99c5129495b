// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The classifier's parts: words (the tables of data/classifier), texts cut into words, and the
// witnesses (name, description, schema) that say what a tool does. docs/classifier.md.
#pragma once

#include "catalogue/catalogue.h"

// A word or phrase of the lists, in one of its forms. The classes are 0 where it has none.
struct word {
    uint64_t key;  // its first eight bytes as words.c loads them
    uint32_t text; // in the pool
    uint8_t length;
    uint8_t verb, noun, mark, domain, schema;
    uint8_t form;  // of the verb
    uint8_t flags; // WORD_WEAK and so on
};

enum { WORD_WEAK = 1, WORD_STARTS_PHRASE = 2, WORD_IN_PHRASE = 4 };
enum word_form { FORM_NONE, FORM_BASE, FORM_S, FORM_ED, FORM_ING };

struct rule {
    uint8_t category;
    uint8_t weight;
};

// The same in make_signals.py.
enum { SIGNAL_LANES = 4, SIGNAL_PARTS = 7, SIGNAL_WINDOW = 32, SIGNAL_LONGEST = 32 };

struct signal_kind {
    uint8_t signal, severity;
    const char *says;
};

// A word of data/classifier/signals.txt.
struct signal_word {
    uint32_t text;
    uint8_t length, argument;
    bool suffix; // as an argument, also behind other words
    uint64_t sets[SIGNAL_LANES];
};

struct signal_phrase {
    uint8_t kind, count;
    uint8_t sets[SIGNAL_PARTS], gaps[SIGNAL_PARTS];
};

#include "catalogue_signal_words.h"
#include "catalogue_words.h"

// "to", "when", "which": what follows is not what the tool does.
static inline bool is_purpose(unsigned mark)
{
    return mark == MARK_OPENER || mark == MARK_CONDITION || mark == MARK_PURPOSE;
}

// What stands before a word.
enum gap { GAP_NONE, GAP_SPACE, GAP_COMMA, GAP_COLON, GAP_OPEN, GAP_STOP };

struct token {
    uint32_t at;
    uint32_t length;
    uint8_t gap;
    const struct word *word; // NULL: in no list
};

enum { NAME_BYTES = 128, NAME_TOKENS = 24, PROSE_BYTES = 512, PROSE_TOKENS = 80, WORD_BYTES = 32 };

// What a verb does to what: where it stands, and how sure that is (0: nothing was found).
struct act {
    uint8_t verb, noun, category;
    int weight;
    size_t at, length;
};

// What a description says: the gravest act of its sentences, and words that colour it.
struct prose {
    struct act main;   // the first act of the first sentence that has one
    struct act graver; // one that stands beside it and is graver; weight 0 when there is none
    struct act forever, read_only, harmless, money;
    bool shortened;
};

// What a schema's arguments say: bits by enum schema_class, the place of the first of each, and
// the gravest act that an argument names in its enum.
struct schema {
    uint32_t seen;
    struct slice places[SCHEMA_COUNT];
    struct act listed;
    struct slice listed_word;
    unsigned count;
    bool shortened;
};

enum { WITNESSES = 24 };

// What was said for each category, and by whom.
struct tally {
    const struct catalogue_tool *tool;
    int scores[CATALOGUE_UNKNOWN];
    struct catalogue_evidence witnesses[WITNESSES];
    size_t count;
};

// ---- words.c
// The word, whatever its case, or NULL.
const struct word *word_find(const char *text, size_t length);
// Letters with marks are read without; a number behind the word ("v2", "ohlc1") is left out if the
// word is not known with it.
const struct word *word_find_any_case(struct slice text);
struct slice word_text(const struct word *word);
struct rule rule_of(unsigned verb, unsigned noun);
const char *verb_gloss(unsigned verb);
const char *schema_gloss(unsigned schema);

// ---- tokens.c
// Cuts a name (any case, any separator) or a text into words, phrases of the lists as one.
size_t tokens_of_name(struct slice name, struct token tokens[NAME_TOKENS], bool *ret_shortened);
size_t tokens_of_prose(struct slice text, struct token tokens[PROSE_TOKENS], bool *ret_shortened);

// ---- name.c
struct act act_of_tokens(const struct token *tokens, size_t count);
struct act act_of_name(struct slice name, bool *ret_shortened);
// Bits 1 << enum domain_class that a server's name tells.
uint32_t domains_of(struct slice server, size_t *ret_at, size_t *ret_length);
// The noun that a verb before `from` acts upon, NOUN_NONE without one.
unsigned noun_behind(const struct token *tokens, size_t count, size_t from, bool prose,
                     size_t *ret_last);

// ---- prose.c
void prose_read(struct slice text, struct prose *ret);
// ---- foreign.c
// What a description without spaces between its words says; weight 0 when nothing is understood.
struct act foreign_read(struct slice text);
// ---- schema.c
void schema_read(const struct json_doc *doc, uint32_t node, struct schema *ret);
// ---- witnesses.c
void witnesses_hear(struct tally *tally, bool *ret_shortened);

// ---- advice.c, advice_policy.c
// The recommended rule of a tool that a policy can name.
void advice_write_rule(struct buffer *out, const struct catalogue_entry *entry);
// For people: cut when it is long, never inside a character.
void advice_write_name(struct buffer *out, struct slice name);

// ---- What a definition warns of

// A walk over the characters of a text; with `escaped`, over those of a JSON string (without its
// quotes).
struct text {
    struct slice bytes;
    bool escaped;
    size_t at;      // of the bytes
    size_t decoded; // how many bytes the characters before `at` are in UTF-8
};

enum { TEXT_END = UINT32_MAX, TEXT_BROKEN = 0xFFFD };

// Where a finding stands: a text of the tool, and two places of it.
struct place {
    const struct catalogue_tool *tool;
    enum catalogue_source source;
    bool is_name; // of a tool or an argument
    struct text start, end;
};

struct findings {
    const struct catalogue_tool *tool;
    enum catalogue_category category;
    unsigned lookups; // of words among the tool's arguments
    size_t counts[CATALOGUE_SIGNAL_COUNT];
    struct catalogue_finding of[CATALOGUE_SIGNAL_COUNT][CATALOGUE_FINDINGS_EACH];
};

// ---- text.c
// The next character; TEXT_END behind the last one, TEXT_BROKEN for a byte that is none.
uint32_t text_next(struct text *text);
// The ASCII letter (small) or digit that a character looks like, else the character.
uint32_t text_fold(uint32_t character);
bool text_is_invisible(uint32_t character);

// ---- signals.c
void findings_add(struct findings *findings, struct signal_kind kind, const struct place *place);

// ---- signal_words.c
const struct signal_word *signal_word_find(const char *text, size_t length);
bool signal_word_in(const struct signal_word *word, unsigned set);
// Kind 0 is none.
struct signal_kind signal_argument(unsigned kind);
const struct signal_phrase *signal_phrase_list(size_t *ret_count);
struct signal_kind signal_phrase_kind(unsigned kind);
bool signal_word_ends_phrase(const struct signal_word *word);

// ---- arguments.c, hidden.c, phrases.c, reach.c
void arguments_search(struct findings *findings);
void hidden_search(struct findings *findings, const struct place *whole);
void phrases_search(struct findings *findings, const struct place *whole);
void reach_search(struct findings *findings);
