// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Adds up what the witnesses say: the sums decide, and where two are near the graver wins.
// docs/classifier.md, "How the witnesses are weighed".
#include "catalogue/catalogue_internal.h"

enum { CATEGORIES = CATALOGUE_UNKNOWN, NEAR = 8, LEAST = 18, GUESS = 12 };

static enum catalogue_category decide(const struct tally *tally, int *ret_margin)
{
    int best = CATALOGUE_READ, second = 0;
    for (int c = 0; c < CATEGORIES; c++)
        if (tally->scores[c] > tally->scores[best])
            best = c;
    int top = tally->scores[best];
    for (int c = CATEGORIES - 1; c > best; c--)
        if (tally->scores[c] >= LEAST && tally->scores[c] + NEAR >= top) {
            best = c;
            break;
        }
    for (int c = 0; c < CATEGORIES; c++)
        if (c != best && tally->scores[c] > second)
            second = tally->scores[c];
    *ret_margin = top < GUESS ? -100 : tally->scores[best] - second;
    return top == 0 ? CATALOGUE_UNKNOWN : (enum catalogue_category)best;
}

// From how often such margins were right on labelled tools; docs/classifier.md, "Confidence".
static int confidence_of(int margin)
{
    static const struct {
        int margin, confidence;
    } steps[] = {{100, 960}, {80, 930}, {60, 900}, {45, 850}, {30, 780}, {15, 680}, {5, 580}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (margin >= steps[i].margin)
            return steps[i].confidence;
    return margin > -NEAR - 1 ? 500 : CATALOGUE_GUESS;
}

static void list_evidence(struct tally *tally, struct catalogue_verdict *ret)
{
    for (size_t i = 0; i < tally->count; i++)
        tally->witnesses[i].against = tally->witnesses[i].category != ret->category;
    for (size_t i = 1; i < tally->count; i++)
        for (size_t k = i; k > 0; k--) {
            struct catalogue_evidence *a = &tally->witnesses[k - 1], *b = &tally->witnesses[k];
            bool swap = a->against != b->against ? a->against : a->weight < b->weight;
            if (!swap)
                break;
            struct catalogue_evidence kept = *a;
            *a = *b;
            *b = kept;
        }
    ret->count = tally->count < CATALOGUE_EVIDENCE_MAX ? tally->count : CATALOGUE_EVIDENCE_MAX;
    memcpy(ret->evidence, tally->witnesses, ret->count * sizeof *ret->evidence);
}

// A server that calls a tool read-only is believed where nothing graver speaks, and quoted against
// the verdict where something does.
static void weigh_read_only(struct tally *tally, struct catalogue_verdict *ret)
{
    enum { CLAIMED = 600 };
    static const struct slice words = {"readOnlyHint", sizeof "readOnlyHint" - 1};
    if (tally->tool->hints.read_only != 1 || tally->count == WITNESSES)
        return;
    if (ret->confidence == CATALOGUE_GUESS &&
        (ret->category == CATALOGUE_READ || ret->category == CATALOGUE_UNKNOWN)) {
        ret->category = CATALOGUE_READ;
        ret->confidence = CLAIMED;
    }
    tally->witnesses[tally->count++] =
        (struct catalogue_evidence){.source = CATALOGUE_FROM_ANNOTATIONS,
                                    .category = CATALOGUE_READ,
                                    .weight = 15,
                                    .words = words,
                                    .says = "the server says that it only reads"};
}

// What its own server calls destructive, and not read-only, is never Read.
static void settle_destructive_reads(const struct catalogue_tool *tool,
                                     struct catalogue_verdict *ret)
{
    enum { TORN = 500 };
    if (ret->category != CATALOGUE_READ || tool->hints.destructive != 1 ||
        tool->hints.read_only == 1)
        return;
    ret->category = CATALOGUE_WRITE;
    ret->confidence = TORN;
}

void catalogue_classify(const struct catalogue_tool *tool, struct catalogue_verdict *ret)
{
    struct tally tally = {.tool = tool};
    int margin;
    *ret = (struct catalogue_verdict){0};
    witnesses_hear(&tally, &ret->shortened);
    ret->category = decide(&tally, &margin);
    ret->confidence = confidence_of(margin);
    weigh_read_only(&tally, ret);
    settle_destructive_reads(tool, ret);
    ret->severity = catalogue_severity_of(ret->category);
    list_evidence(&tally, ret);
}

// ---- The sentence

static void write_quote(struct buffer *out, struct slice words)
{
    enum { QUOTED_MOST = 60 };
    bool cut_short = words.length > QUOTED_MOST;
    if (cut_short)
        words.length = QUOTED_MOST;
    buffer_append_string(out, "\"");
    for (size_t i = 0; i < words.length; i++) {
        unsigned char c = (unsigned char)words.data[i];
        buffer_append(out, slice_of(c < ' ' || c == '"' || c >= 0x7F ? " " : words.data + i, 1));
    }
    buffer_append_string(out, cut_short ? "...\"" : "\"");
}

static void write_side(struct buffer *out, const struct catalogue_verdict *verdict, bool against)
{
    enum { MOST = 3 };
    size_t written = 0;
    for (size_t i = 0; i < verdict->count && written < MOST; i++) {
        const struct catalogue_evidence *e = &verdict->evidence[i];
        if (e->against != against)
            continue;
        buffer_append_string(out, written > 0 ? "; " : against ? " Against it: " : "");
        bool many = e->source == CATALOGUE_FROM_ANNOTATIONS;
        buffer_append_format(out, "the %s %s ", catalogue_source_name(e->source),
                             many ? "have" : "has");
        write_quote(out, e->words);
        buffer_append_format(out, " (%s)", e->says);
        written++;
    }
    if (written > 0)
        buffer_append_string(out, ".");
}

void catalogue_write_why(struct buffer *out, const struct catalogue_verdict *verdict)
{
    buffer_append_format(out, "%s: ", catalogue_category_name(verdict->category));
    if (verdict->count == 0 || verdict->evidence[0].against)
        buffer_append_string(out, "no word of its definition says what it does.");
    write_side(out, verdict, false);
    write_side(out, verdict, true);
}
