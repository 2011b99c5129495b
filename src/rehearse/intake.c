// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From lines to calls: what may be judged at once is, the rest waits for its turn.
#include "base/memory.h"
#include "rehearse/rehearse_internal.h"

// ---- Which ones

static bool is_asked_for(struct slice wanted, struct slice text)
{
    return wanted.data == NULL || slice_equal(wanted, text);
}

static bool is_ours(const struct rehearse *r, const struct rehearse_class *class,
                    const struct rehearse_row *row)
{
    const struct rehearse_options *o = &r->options;
    return (o->everybody || slice_equal(o->organisation, class->organisation)) &&
           is_asked_for(o->grant, class->grant) && is_asked_for(o->server, class->server) &&
           is_asked_for(o->policy, row->policy);
}

// 0 to 15, else 31
static unsigned digit_of(unsigned char c)
{
    static const unsigned char digits[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
        ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
        ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};
    return (digits[c] - 1U) & 31U;
}

// Up to 16 digits for each of `count` numbers. What was not made by a gateway is told apart by its
// hash.
static bool read_hex(struct slice text, uint64_t *ret, size_t count)
{
    static const uint64_t seed[2] = {1, 2};
    unsigned odd = text.length > 16 * count ? 16 : 0;
    for (size_t i = 0; i < count; i++)
        ret[i] = 0;
    for (size_t i = 0; i < text.length && i < 16 * count; i++) {
        unsigned digit = digit_of((unsigned char)text.data[i]);
        odd |= digit;
        ret[i / 16] = ret[i / 16] << 4 | (digit & 15U);
    }
    if ((odd & 16U) != 0) {
        ret[0] = slice_hash(text, seed);
        return count == 1;
    }
    return text.length == 16 * count || (count == 1 && text.length > 0);
}

// A session that opens has had no calls.
static void open_session(struct rehearse *r, const struct rehearse_class *class,
                         const struct rehearse_row *row)
{
    struct rehearse_event event = {0};
    if (!r->traits.session_calls || !slice_equal_string(class->method, "initialize"))
        return;
    event.has_session = read_hex(row->session, &event.session, 1);
    struct rehearse_payer payer = rehearse_payer_of(class, &event);
    if (payer.session.length > 0)
        (void)rehearse_tally_session(&r->tally, &payer, true);
}

static bool is_replayed(struct rehearse *r, const struct rehearse_class *class, bool before)
{
    struct rehearse_counts *counts = &r->report.counts;
    counts->before += before;
    if (class->kind == REHEARSE_CALL)
        return true;
    if (before)
        return false;
    counts->refused += class->kind == REHEARSE_REFUSED;
    counts->from_servers += class->kind == REHEARSE_SERVER;
    counts->housekeeping += class->kind == REHEARSE_HOUSEKEEPING;
    counts->gateways_own += class->kind == REHEARSE_OWN;
    return false;
}

// Where a verdict is the class's, only counters that are split by sessions ask for one.
static bool needs_session(const struct rehearse_class *class)
{
    if (class == NULL || !class->settled)
        return true;
    const struct rehearse_verdict *verdict = &class->verdict;
    for (size_t i = 0; i < verdict->charge_count + verdict->watched_count; i++)
        if (verdict->keys[i].data == NULL)
            return true;
    return false;
}

static struct rehearse_event event_of(const struct rehearse_row *row, struct rehearse_class *class,
                                      bool is_before)
{
    struct rehearse_event event = {.class = class,
                                   .at_ms = rehearse_decided_ms(row),
                                   .before = is_before,
                                   .not_run = slice_equal_string(row->answer, "not_run"),
                                   .failed = slice_equal_string(row->answer, "error")};
    int64_t lasted = row->time_ms - event.at_ms;
    event.lasted_ms = lasted > UINT32_MAX ? UINT32_MAX : (uint32_t)lasted;
    event.has_id = read_hex(row->id, event.id, 2);
    event.has_session = needs_session(class) && read_hex(row->session, &event.session, 1);
    return event;
}

// What the verdict points to in the memory of one call, for all calls of the class.
static int keep_verdict(struct rehearse *r, const struct rehearse_class *class,
                        struct rehearse_verdict *verdict)
{
    const struct rehearse_event any = {0};
    struct rehearse_payer payer = rehearse_payer_of(class, &any);
    size_t count = verdict->charge_count + verdict->watched_count;
    struct policy_charge *charges = arena_take(&r->arena, (count + 1) * sizeof *charges);
    struct slice *texts[] = {&verdict->rule, &verdict->missing_rule, &verdict->observed.rule};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->data != NULL && (*texts[i] = arena_copy(&r->arena, *texts[i])).data == NULL)
            return ERROR_NO_MEMORY;
    struct slice *keys = arena_take_zeroed(&r->arena, (count + 1) * sizeof *keys);
    if (charges == NULL || keys == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        charges[i] = verdict->charges[i];
        if (charges[i].per.length > 0)
            charges[i].per = arena_copy(&r->arena, charges[i].per);
        if (charges[i].per.length > 0 && charges[i].per.data == NULL)
            return ERROR_NO_MEMORY;
        keys[i] = rehearse_tally_key(&charges[i], &payer, &r->arena);
    }
    verdict->keys = keys;
    verdict->charges = charges;
    return 0;
}

// The first call of a class is judged when it is read: most others then come to the same.
static int settle(struct rehearse *r, struct rehearse_class *class, const struct rehearse_row *row)
{
    const struct rehearse_moment moment = {.at_ms = row->time_ms};
    const unsigned open = POLICY_READ_SESSION | (class->has_values ? POLICY_READ_ARGUMENTS : 0U);
    unsigned read;
    class->tried = true;
    if (r->traits.session_calls && class->judged_as == POLICY_TOOL)
        return 0;
    if (rehearse_is_over(r))
        return ERROR_TIMEOUT;
    rehearse_judge(r, class, row, &moment, &class->verdict, &read);
    int result = (read & open) == 0 ? keep_verdict(r, class, &class->verdict) : 0;
    class->settled = result == 0 && (read & open) == 0;
    arena_clear(&r->scratch);
    return result;
}

static int enqueue(struct rehearse *r, struct rehearse_event *event, struct slice line)
{
    struct rehearse_counts *counts = &r->report.counts;
    if (event->class == NULL || !event->class->settled) {
        event->line = memory_try_new(line.length);
        if (event->line == NULL)
            return ERROR_NO_MEMORY;
        memcpy(event->line, line.data, line.length);
        event->length = (uint32_t)line.length;
    }
    if (r->queue.released_ms > event->at_ms && !event->before)
        counts->out_of_order++;
    int result = rehearse_queue_put(&r->queue, event);
    if (result != 0)
        rehearse_event_release(event);
    return result;
}

static bool is_pause(const struct rehearse *r, const struct rehearse_class *class)
{
    return r->fuse.runaway != NULL && class->kind == REHEARSE_OWN &&
           (slice_equal_string(class->rule, "(paused)") ||
            slice_starts_with(class->rule, SLICE_LITERAL("/runaway/")));
}

static int note_pause(struct rehearse *r, const struct rehearse_row *row,
                      struct rehearse_class *class)
{
    const struct rehearse_event event = {
        .class = class, .at_ms = rehearse_decided_ms(row), .pause = true};
    return rehearse_queue_put(&r->queue, &event);
}

static int take_row(struct rehearse *r, const struct rehearse_row *row, struct slice line,
                    bool is_before)
{
    struct rehearse_class spare, *class = NULL;
    struct rehearse_end end;
    int result = rehearse_classify(r, row, &spare, &class);
    const struct rehearse_class *known = class == NULL ? &spare : class;
    bool ours = result == 0 && is_ours(r, known, row);
    if (ours)
        open_session(r, known, row);
    if (ours && class != NULL && is_pause(r, class))
        result = note_pause(r, row, class);
    if (!ours || result != 0 || !is_replayed(r, known, is_before)) {
        arena_clear(&r->scratch);
        return result;
    }
    if (class != NULL && !class->tried)
        result = settle(r, class, row);
    if (result != 0)
        return result;
    struct rehearse_event event = event_of(row, class, is_before);
    arena_clear(&r->scratch);
    if (r->fuse.runaway != NULL && known->judged_as == POLICY_TOOL)
        rehearse_print(r, row, &event);
    // What charges nothing need not wait for its turn.
    if (class != NULL && class->settled && class->verdict.charge_count == 0 &&
        class->verdict.watched_count == 0 && r->fuse.runaway == NULL)
        return is_before ? 0 : rehearse_finish_call(r, class, &event, &class->verdict, &end);
    return enqueue(r, &event, line);
}

int rehearse_line(struct rehearse *r, struct slice line)
{
    struct rehearse_counts *counts = &r->report.counts;
    struct rehearse_row row;
    counts->lines++;
    if (!rehearse_read(line, &r->minute, &row)) {
        counts->strange++;
        return 0;
    }
    if (!r->begun) {
        r->begun = true;
        if (row.number == 1 && row.time_ms >= rehearse_begins_ms(r))
            r->tally.from_the_start = true;
    }
    if (row.note || row.time_ms >= r->options.to_ms || row.time_ms < rehearse_begins_ms(r))
        return 0;
    int result = take_row(r, &row, line, row.time_ms < r->options.from_ms);
    if (row.time_ms > r->newest_ms)
        r->newest_ms = row.time_ms;
    return result == 0 && r->newest_ms > INT64_MIN + REHEARSE_LATEST_MS
               ? rehearse_take_turns(r, r->newest_ms - REHEARSE_LATEST_MS)
               : result;
}

static int line_cb(void *argument, struct slice line)
{
    return rehearse_line(argument, line);
}

int rehearse_feed(struct rehearse *r, struct slice piece)
{
    return rehearse_lines_feed(&r->lines, piece, line_cb, r);
}

int rehearse_end_file(struct rehearse *r)
{
    return rehearse_lines_end(&r->lines, line_cb, r);
}

int rehearse_finish(struct rehearse *r)
{
    int result = rehearse_take_turns(r, INT64_MAX);
    return result == 0 || result == ERROR_TIMEOUT ? rehearse_report_sort(&r->report) : result;
}
