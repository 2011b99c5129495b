// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked for, held against shapes and rows. Texts are compared as they stand in the log, so
// those that are asked for are escaped in the same way first.
#include "decisions/decisions_internal.h"
#include "json/json.h"

#include <strings.h>

enum { MEMORY = (DECISIONS_TEXTS + DECISIONS_OUTCOMES_MAX + 2) * (6 * DECISIONS_TEXT_MAX + 32) };

static const enum decisions_text searched[] = {DECISIONS_GRANT,  DECISIONS_SERVER,
                                               DECISIONS_METHOD, DECISIONS_SUBJECT,
                                               DECISIONS_RULE,   DECISIONS_POLICY};
enum { SEARCHED = sizeof searched / sizeof *searched };

static bool escape(struct matcher *matcher, struct slice text, struct slice *ret)
{
    struct buffer out;
    if (text.data == NULL)
        return true;
    buffer_init(&out, 0);
    json_write_string(&out, text);
    struct slice whole = buffer_slice(&out);
    if (!out.failed)
        *ret = arena_copy(&matcher->arena, slice_of(whole.data + 1, whole.length - 2));
    buffer_release(&out);
    return ret->data != NULL;
}

static bool write_reason_text(struct matcher *matcher)
{
    struct buffer out;
    if (matcher->text.data == NULL)
        return true;
    buffer_init(&out, 0);
    shape_write_reason(&out, matcher->text);
    matcher->reason_text = arena_copy(&matcher->arena, buffer_slice(&out));
    bool good = !out.failed && matcher->reason_text.data != NULL;
    buffer_release(&out);
    return good;
}

int matcher_init(struct matcher *matcher, const struct decisions_filter *filter,
                 struct error *error)
{
    bool good = true, fits = filter->text.length <= DECISIONS_TEXT_MAX &&
                             filter->outcome_count <= DECISIONS_OUTCOMES_MAX;
    *matcher = (struct matcher){.filter = filter};
    arena_init(&matcher->arena, MEMORY);
    for (size_t i = 0; i < DECISIONS_TEXTS; i++)
        fits = fits && filter->wanted[i].length <= DECISIONS_TEXT_MAX;
    if (!fits)
        return error_set(error, ERROR_RANGE, "a text that is asked for is too long");
    for (size_t i = 0; i < DECISIONS_TEXTS && good; i++)
        good = escape(matcher, filter->wanted[i], &matcher->wanted[i]);
    for (size_t i = 0; i < filter->outcome_count && good; i++)
        good = escape(matcher, filter->outcomes[i], &matcher->outcomes[i]);
    good = good && escape(matcher, filter->text, &matcher->text) && write_reason_text(matcher);
    return good ? 0 : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

void matcher_release(struct matcher *matcher)
{
    arena_release(&matcher->arena);
}

bool matcher_time(const struct matcher *matcher, int64_t time_ms)
{
    const struct decisions_filter *filter = matcher->filter;
    return (filter->from_ms == 0 || time_ms >= filter->from_ms) &&
           (filter->to_ms == 0 || time_ms < filter->to_ms);
}

// ---- Single texts

// "NAME" also stands for the organisation's "ORGANISATION/NAME".
static bool is_server(struct slice wanted, struct slice server, struct slice organisation)
{
    if (slice_equal(wanted, server))
        return true;
    if (organisation.length == 0 || server.length <= wanted.length)
        return false;
    size_t at = server.length - wanted.length;
    return server.data[at - 1] == '/' &&
           slice_equal(wanted, slice_of(server.data + at, wanted.length));
}

static bool is_wanted(const struct matcher *matcher, size_t text, const struct slice *texts)
{
    struct slice wanted = matcher->wanted[text];
    if (text == DECISIONS_SERVER)
        return is_server(wanted, texts[text], texts[DECISIONS_ORGANISATION]);
    return slice_equal(wanted, texts[text]);
}

static bool is_outcome(const struct matcher *matcher, struct slice outcome)
{
    size_t count = matcher->filter->outcome_count;
    bool found = count == 0;
    for (size_t i = 0; i < count && !found; i++)
        found = slice_equal(matcher->outcomes[i], outcome);
    return found;
}

static bool contains(struct slice text, struct slice part)
{
    if (part.length == 0)
        return true;
    for (size_t i = 0; i + part.length <= text.length; i++)
        if (((text.data[i] ^ part.data[0]) & ~0x20) == 0 &&
            slice_equal_ignoring_case_of(text.data + i, part.data, part.length))
            return true;
    return false;
}

static bool has_text(const struct matcher *matcher, const struct slice *texts)
{
    bool found = false;
    for (size_t i = 0; i < SEARCHED && !found; i++)
        found = contains(texts[searched[i]], matcher->text);
    return found;
}

// ---- Shapes

static enum match worse(enum match a, enum match b)
{
    return a == MATCH_NO || b == MATCH_NO ? MATCH_NO : a == MATCH_YES ? b : a;
}

static enum match match_owner(const struct matcher *matcher, struct slice organisation,
                              enum loose loose)
{
    if (matcher->filter->everybody)
        return MATCH_YES;
    if (loose == LOOSE_EVERYTHING)
        return MATCH_PERHAPS;
    return slice_equal(organisation, matcher->filter->organisation) ? MATCH_YES : MATCH_NO;
}

static enum match match_text(const struct matcher *matcher, const struct slice *texts,
                             enum loose loose)
{
    if (matcher->text.data == NULL)
        return MATCH_YES;
    if (has_text(matcher, texts))
        return MATCH_YES;
    return loose != LOOSE_NOT || contains(texts[DECISIONS_REASON], matcher->reason_text)
               ? MATCH_PERHAPS
               : MATCH_NO;
}

static enum match match_one(const struct matcher *matcher, size_t text, const struct slice *texts,
                            enum loose loose)
{
    if (matcher->wanted[text].data == NULL)
        return MATCH_YES;
    // Of a reason the shape has not all.
    if (text >= SHAPE_TEXTS || text == DECISIONS_REASON || !shape_knows(text, loose))
        return MATCH_PERHAPS;
    return is_wanted(matcher, text, texts) ? MATCH_YES : MATCH_NO;
}

enum match matcher_shape(const struct matcher *matcher, const struct store_shape *shape)
{
    struct slice texts[SHAPE_TEXTS];
    enum loose loose = (enum loose)shape->loose;
    if (!shape_parse(shape->texts, texts))
        return MATCH_PERHAPS;
    enum match match = match_owner(matcher, texts[DECISIONS_ORGANISATION], loose);
    for (size_t i = 0; i < DECISIONS_TEXTS && match != MATCH_NO; i++)
        match = worse(match, match_one(matcher, i, texts, loose));
    if (match != MATCH_NO && matcher->filter->outcome_count > 0)
        match = worse(match, !shape_knows(DECISIONS_OUTCOME, loose)          ? MATCH_PERHAPS
                             : is_outcome(matcher, texts[DECISIONS_OUTCOME]) ? MATCH_YES
                                                                             : MATCH_NO);
    return match == MATCH_NO ? match : worse(match, match_text(matcher, texts, loose));
}

// ---- Rows

bool matcher_row(const struct matcher *matcher, const struct decisions_row *row)
{
    const struct decisions_filter *filter = matcher->filter;
    if (row->note || !matcher_time(matcher, row->time_ms) ||
        (!filter->everybody &&
         (filter->organisation.length == 0 ||
          !slice_equal(row->texts[DECISIONS_ORGANISATION], filter->organisation))))
        return false;
    for (size_t i = 0; i < DECISIONS_TEXTS; i++)
        if (matcher->wanted[i].data != NULL && !is_wanted(matcher, i, row->texts))
            return false;
    return is_outcome(matcher, row->texts[DECISIONS_OUTCOME]) &&
           (matcher->text.data == NULL || has_text(matcher, row->texts) ||
            contains(row->texts[DECISIONS_REASON], matcher->text));
}
