// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What one grant did at one server, by the log: names, arguments, rates.
#include "base/memory.h"
#include "rehearse/suggest_internal.h"

enum { SUGGEST_MEMORY = 256 * 1024 * 1024, CALL_MEMORY = 8 * 1024 * 1024 };

int suggestion_new(const struct suggestion_options *options, struct suggestion **ret)
{
    struct suggestion *s = *ret = memory_try_new(sizeof *s);
    if (s == NULL)
        return ERROR_NO_MEMORY;
    *s = (struct suggestion){.options = *options, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    arena_init(&s->arena, SUGGEST_MEMORY);
    arena_init(&s->scratch, CALL_MEMORY);
    json_doc_init(&s->doc);
    json_doc_init(&s->text);
    table_init(&s->names);
    rehearse_lines_init(&s->lines);
    struct slice *texts[] = {&s->options.organisation, &s->options.grant, &s->options.server};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->data != NULL && (*texts[i] = arena_copy(&s->arena, *texts[i])).data == NULL)
            return ERROR_NO_MEMORY;
    s->server = s->options.server;
    s->organisation = s->options.organisation;
    s->items = memory_try_new(SUGGEST_NAMES_MAX * sizeof(struct suggest_name *));
    return s->items == NULL ? ERROR_NO_MEMORY : 0;
}

void suggestion_free(struct suggestion *s)
{
    if (s == NULL)
        return;
    rehearse_lines_release(&s->lines);
    table_release(&s->names);
    json_doc_release(&s->doc);
    json_doc_release(&s->text);
    arena_release(&s->scratch);
    arena_release(&s->arena);
    memory_free(s->items);
    memory_free(s);
}

const struct suggestion_counts *suggestion_counts(const struct suggestion *s)
{
    return &s->counts;
}

struct slice suggestion_server(const struct suggestion *s)
{
    return s->server;
}

// ---- Rates

void suggest_rate_add(struct suggest_rate *rate, int64_t at_ms)
{
    enum { ROOM = SUGGEST_PARTS + 1 };
    int64_t part = at_ms < 0 ? 0 : at_ms / rate->part_ms; // a log may say any year
    if (rate->sum == 0 || part - rate->newest >= ROOM) {
        memset(rate->counts, 0, sizeof rate->counts);
        rate->sum = 0;
        rate->newest = part;
    }
    for (; rate->newest < part; rate->newest++) {
        uint32_t *gone = &rate->counts[(rate->newest + 1) % ROOM];
        rate->sum -= *gone;
        *gone = 0;
    }
    // One that comes late counts with the oldest that are still counted.
    int64_t oldest = rate->newest < ROOM ? 0 : rate->newest - ROOM + 1;
    int64_t counted = part < oldest ? oldest : part;
    rate->counts[counted % ROOM]++;
    rate->sum++;
    rate->most = rate->sum > rate->most ? rate->sum : rate->most;
}

// ---- Names

static struct slice name_key(struct suggestion *s, enum policy_subject subject, struct slice name)
{
    const char kind = (char)subject;
    return limit_key(&s->scratch, (struct slice[]){slice_of(&kind, 1), name}, 2);
}

// NULL: there are too many, or no memory.
static struct suggest_name *name_of(struct suggestion *s, enum policy_subject subject,
                                    struct slice name)
{
    struct slice key = name_key(s, subject, name);
    struct suggest_name *known = key.data == NULL ? NULL : table_get(&s->names, key);
    if (known != NULL || key.data == NULL)
        return known;
    if (s->counts.tools == SUGGEST_NAMES_MAX) {
        s->counts.too_many++;
        return NULL;
    }
    known = arena_take_zeroed(&s->arena, sizeof *known);
    key = arena_copy(&s->arena, key);
    if (known == NULL || key.data == NULL)
        return NULL;
    *known = (struct suggest_name){.name = arena_copy(&s->arena, name), .subject = subject};
    known->minute.part_ms = 1000;
    known->day.part_ms = 24 * 60 * 1000;
    if (known->name.data == NULL || table_put(&s->names, key, known) != 0)
        return NULL;
    return s->items[s->counts.tools++] = known;
}

// A selector that is no exact name selects more than what was called.
static bool can_be_named(enum policy_subject subject, struct slice name)
{
    enum { NAME_MOST = 1000 }; // longer ones are cut in the log
    if (name.length == 0 || name.length > NAME_MOST || !json_is_utf8(name) ||
        memchr(name.data, '\0', name.length) != NULL)
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (name.data[i] == '*' || name.data[i] == '?')
            return false;
    return subject != POLICY_TOOL || *name.data != '@';
}

// ---- Rows

static bool is(struct slice text, const char *word)
{
    return slice_equal_string(text, word);
}

static bool is_ours(struct suggestion *s, const struct rehearse_row *row)
{
    struct json_doc *doc = &s->text;
    const struct suggestion_options *o = &s->options;
    return !row->note && row->time_ms >= o->from_ms && row->time_ms < o->to_ms &&
           is(row->direction, "client") && row->grant.data != NULL && row->method.data != NULL &&
           slice_equal(rehearse_text(doc, row->grant, &s->scratch), o->grant) &&
           (o->everybody ||
            slice_equal(rehearse_text(doc, row->organisation, &s->scratch), o->organisation));
}

static bool is_legitimate(const struct suggestion *s, const struct rehearse_row *row)
{
    if (is(row->outcome, "allowed") || is(row->outcome, "failed"))
        return true;
    return s->options.include_observed && is(row->outcome, "observed") &&
           !rehearse_is_of_results(row->rule);
}

static int note_call(struct suggestion *s, const struct rehearse_row *row, struct slice method,
                     struct slice subject)
{
    enum policy_subject kind = rehearse_subject(method, subject);
    struct slice name = kind == POLICY_METHOD ? method : subject;
    if (kind == POLICY_METHOD && policy_is_housekeeping(method))
        return 0;
    if (!can_be_named(kind, name)) {
        s->counts.unnamed++;
        return 0;
    }
    struct suggest_name *known = name_of(s, kind, name);
    if (known == NULL)
        return s->counts.too_many > 0 ? 0 : ERROR_NO_MEMORY;
    s->counts.calls++;
    s->counts.observed += is(row->outcome, "observed");
    known->calls++;
    known->approved += row->approval.length > 0;
    known->last_ms = row->time_ms;
    suggest_rate_add(&known->minute, rehearse_decided_ms(row));
    suggest_rate_add(&known->day, rehearse_decided_ms(row));
    s->first_ms = row->time_ms < s->first_ms ? row->time_ms : s->first_ms;
    s->last_ms = row->time_ms > s->last_ms ? row->time_ms : s->last_ms;
    return kind == POLICY_TOOL || kind == POLICY_PROMPT ? suggest_note_arguments(s, known, row) : 0;
}

static int take_row(struct suggestion *s, const struct rehearse_row *row)
{
    struct slice server = rehearse_text(&s->text, row->server, &s->scratch);
    struct slice method = rehearse_text(&s->text, row->method, &s->scratch);
    struct slice subject = rehearse_text(&s->text, row->subject, &s->scratch);
    if (server.data == NULL || method.data == NULL || subject.data == NULL)
        return ERROR_NO_MEMORY;
    if (s->options.server.data != NULL && !slice_equal(server, s->options.server))
        return 0;
    if (!is_legitimate(s, row)) {
        s->counts.left_out++;
        return 0;
    }
    if (s->server.data == NULL)
        s->server = arena_copy(&s->arena, server);
    if (s->organisation.data == NULL)
        s->organisation =
            arena_copy(&s->arena, rehearse_text(&s->text, row->organisation, &s->scratch));
    if (!slice_equal(s->server, server)) {
        s->counts.other_servers++;
        return 0;
    }
    return note_call(s, row, method, subject);
}

static int line_cb(void *argument, struct slice line)
{
    struct suggestion *s = argument;
    struct rehearse_row row;
    int result = 0;
    if (rehearse_read(line, &s->minute, &row) && is_ours(s, &row))
        result = take_row(s, &row);
    arena_clear(&s->scratch);
    return result;
}

int suggestion_feed(struct suggestion *s, struct slice piece)
{
    return rehearse_lines_feed(&s->lines, piece, line_cb, s);
}

int suggestion_end_file(struct suggestion *s)
{
    return rehearse_lines_end(&s->lines, line_cb, s);
}
