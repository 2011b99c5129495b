// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a person does not see in a text and a model reads: invisible characters, letters that mark
// direction, terminal escapes, comments, text pushed out of sight, and words whose letters come
// from several scripts.
#include "catalogue/catalogue_internal.h"

enum { SPACES_MANY = 80, LINES_MANY = 20, FLAG_TAGS = 6 };

static const struct signal_kind
    invisible = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_MEDIUM,
                 "holds characters that nobody sees"},
    tagged = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_CRITICAL,
              "hides text in characters that nobody sees"},
    turned = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_HIGH,
              "turns the direction of writing, so that people read another text than programs"},
    control = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_HIGH,
               "holds control characters, with which a terminal hides text"},
    mixed = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_HIGH,
             "mixes letters of several scripts that look alike in one word"},
    comment = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_MEDIUM,
               "holds a comment, which is not shown"},
    pushed = {CATALOGUE_SIGNAL_HIDDEN_TEXT, CATALOGUE_MEDIUM, "pushes text out of sight"};

// What the walk remembers of the characters before.
struct eye {
    struct findings *findings;
    struct place whole;
    struct text before; // where the newest character starts
    struct text run;    // where the run of unseen characters starts
    unsigned unseen;    // how many of them
    unsigned tags, selectors;
    unsigned spaces, lines;
    uint32_t last;          // the last character that is seen
    struct text word;       // where the word starts
    bool latin, like_latin; // letters of the word
    bool own_letters;       // some that look like no Latin one: really another script
    bool in_word, in_flag, other_script;
};

static void tell(struct eye *eye, struct signal_kind kind, const struct text *start,
                 const struct text *end)
{
    struct place place = eye->whole;
    place.start = *start;
    place.end = *end;
    findings_add(eye->findings, kind, &place);
}

static bool is_direction(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_tag(uint32_t c)
{
    return c >= 0xE0000 && c <= 0xE007F;
}

static bool is_selector(uint32_t c)
{
    return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF);
}

// Emoji are joined by invisible characters, and so are letters of scripts beyond Hebrew; a selector
// behind a sign chooses its picture.
static bool is_honest(const struct eye *eye, uint32_t c)
{
    bool picture = eye->last >= 0x2190 || eye->last == '#' || eye->last == '*' ||
                   (eye->last >= '0' && eye->last <= '9') || eye->last == 0xA9 || eye->last == 0xAE;
    if (c == 0x200D || c == 0x200C)
        return eye->last >= 0x0590;
    if (c == 0x200E || c == 0x200F)
        return eye->other_script;
    return is_selector(c) && c < 0xE0000 && picture;
}

static void end_run(struct eye *eye)
{
    if (eye->tags > 0 && !(eye->in_flag && eye->tags <= FLAG_TAGS))
        tell(eye, tagged, &eye->run, &eye->before);
    else if (eye->selectors > 1)
        tell(eye, tagged, &eye->run, &eye->before);
    else if (eye->unseen > 0)
        tell(eye, eye->unseen > 8 ? tagged : invisible, &eye->run, &eye->before);
    eye->unseen = eye->tags = eye->selectors = 0;
}

static void see_invisible(struct eye *eye, uint32_t c, const struct text *at)
{
    if (eye->unseen + eye->tags + eye->selectors == 0) {
        eye->run = eye->before;
        eye->in_flag = eye->last == 0x1F3F4; // a black flag, which tags make a country's
    }
    if (is_direction(c))
        tell(eye, turned, &eye->before, at);
    else if (is_tag(c))
        eye->tags++;
    else if (is_selector(c))
        eye->selectors++;
    // The mark at the start of a file is usual.
    if (!is_direction(c) && !is_tag(c) && !is_honest(eye, c) &&
        !(c == 0xFEFF && eye->before.at == eye->whole.start.at))
        eye->unseen++;
}

// ---- Words of letters that look like others

static void end_word(struct eye *eye)
{
    if (eye->latin && eye->like_latin && !eye->own_letters)
        tell(eye, mixed, &eye->word, &eye->before);
    eye->in_word = eye->latin = eye->like_latin = eye->own_letters = false;
}

static void see_letter(struct eye *eye, uint32_t c)
{
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    // Full-width forms and the letters of Greek and Cyrillic that pass for Latin ones.
    bool alike = (c >= 0x370 && c < 0x590 && text_fold(c) < 0x80) || (c >= 0xFF21 && c <= 0xFF5A);
    if (!plain && !alike && (c < 0x80 || text_fold(c) == c)) {
        if (c < 0x80 || c >= 0x2000)
            end_word(eye);
        eye->own_letters |= eye->in_word && c >= 0x370 && c < 0x590;
        return;
    }
    if (!eye->in_word)
        eye->word = eye->before;
    eye->in_word = true;
    eye->latin |= plain;
    eye->like_latin |= alike;
}

// ---- Text pushed out of sight

static void see_space(struct eye *eye, uint32_t c, const struct text *at)
{
    if (c == '\n')
        eye->lines++;
    else if (c == ' ' || c == '\t' || c == 0xA0 || c == 0x3000)
        eye->spaces++;
    else if (c != '\r') {
        if (eye->spaces >= SPACES_MANY || eye->lines >= LINES_MANY)
            tell(eye, pushed, &eye->before, at);
        eye->spaces = eye->lines = 0;
    }
    if (c == '\n')
        eye->spaces = 0;
}

static bool starts_comment(uint32_t c, const struct text *at)
{
    struct text ahead = *at;
    return c == '<' && text_next(&ahead) == '!' && text_next(&ahead) == '-' &&
           text_next(&ahead) == '-';
}

static void see(struct eye *eye, uint32_t c, const struct text *at)
{
    if (text_is_invisible(c)) {
        see_invisible(eye, c, at);
        return;
    }
    end_run(eye);
    if ((c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7F || (c >= 0x80 && c < 0xA0))
        tell(eye, control, &eye->before, at);
    if (starts_comment(c, at))
        tell(eye, comment, &eye->before, at);
    see_letter(eye, c);
    see_space(eye, c, at);
    eye->last = c;
    eye->other_script |= c >= 0x0590 && c < 0x0900;
}

void hidden_search(struct findings *findings, const struct place *whole)
{
    struct eye eye = {.findings = findings, .whole = *whole};
    struct text at = whole->start;
    for (;;) {
        eye.before = at;
        uint32_t c = text_next(&at);
        if (c == TEXT_END)
            break;
        see(&eye, c, &at);
    }
    end_run(&eye);
    end_word(&eye);
}
