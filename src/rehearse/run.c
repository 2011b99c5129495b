// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The end of each call, in the order in which they were decided: limits, people, differences.
#include "base/memory.h"
#include "rehearse/rehearse_internal.h"

enum {
    CLASS_MEMORY = 512 * 1024 * 1024,
    CALL_MEMORY = 64 * 1024 * 1024,
};

// ---- Begin and end

static int copy_options(struct rehearse *r, const struct rehearse_options *options)
{
    struct slice *texts[] = {&r->options.organisation, &r->options.grant, &r->options.server,
                             &r->options.policy};
    r->options = *options;
    r->options.draft = policy_ref(options->draft);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->data != NULL) {
            *texts[i] = arena_copy(&r->arena, *texts[i]);
            if (texts[i]->data == NULL)
                return ERROR_NO_MEMORY;
        }
    return 0;
}

static size_t least_of(size_t standard, size_t asked)
{
    return asked == 0 || asked > standard ? standard : asked;
}

int rehearse_new(const struct rehearse_options *options, struct rehearse **ret)
{
    struct rehearse *r = *ret = memory_try_new(sizeof *r);
    if (r == NULL)
        return ERROR_NO_MEMORY;
    *r = (struct rehearse){.newest_ms = INT64_MIN};
    arena_init(&r->arena, least_of(CLASS_MEMORY, options->memory_max));
    arena_init(&r->scratch, CALL_MEMORY);
    table_init(&r->classes);
    json_doc_init(&r->doc);
    json_doc_init(&r->text);
    buffer_init(&r->merged, 0);
    rehearse_lines_init(&r->lines);
    int result = copy_options(r, options);
    r->traits = policy_traits(r->options.draft);
    r->categories = policy_uses_categories(r->options.draft);
    // Without any of these every verdict is sure, and one table is enough.
    bool unsure = r->traits.arguments || r->traits.tags || r->traits.session_calls ||
                  r->traits.successes || r->categories;
    if (result == 0)
        result = rehearse_tally_init(&r->tally, unsure, options->memory_max);
    if (result == 0)
        result = rehearse_report_init(&r->report, options->memory_max);
    if (result == 0)
        result = rehearse_fuse_init(&r->fuse, r->options.draft, options->memory_max);
    return result;
}

void rehearse_free(struct rehearse *r)
{
    if (r == NULL)
        return;
    rehearse_queue_release(&r->queue);
    rehearse_tally_release(&r->tally);
    rehearse_report_release(&r->report);
    rehearse_fuse_release(&r->fuse);
    table_release(&r->classes);
    json_doc_release(&r->doc);
    json_doc_release(&r->text);
    buffer_release(&r->merged);
    rehearse_lines_release(&r->lines);
    arena_release(&r->scratch);
    arena_release(&r->arena);
    policy_unref(r->options.draft);
    memory_free(r);
}

int64_t rehearse_begins_ms(const struct rehearse *r)
{
    const struct policy_runaway *runaway = policy_runaway(r->options.draft);
    int64_t longest = r->traits.longest_window_ms;
    if (runaway != NULL && runaway->window_ms > longest)
        longest = runaway->window_ms;
    int64_t back = longest + REHEARSE_LATEST_MS;
    return r->options.from_ms < INT64_MIN + back ? INT64_MIN : r->options.from_ms - back;
}

void rehearse_from_the_start(struct rehearse *r)
{
    r->tally.from_the_start = true;
}

bool rehearse_is_limit(struct slice rule)
{
    static const struct slice middle = {"/limits/", 8}, end = {"/rate_limit", 11};
    if (rule.length < end.length)
        return false;
    return memmem(rule.data, rule.length, middle.data, middle.length) != NULL ||
           memcmp(rule.data + rule.length - end.length, end.data, end.length) == 0;
}

// ---- The end of one call

static enum rehearse_outcome outcome_of(const struct rehearse_verdict *verdict)
{
    if (verdict->outcome == POLICY_ASK)
        return REHEARSE_ASKED;
    if (verdict->outcome == POLICY_ALLOW)
        return REHEARSE_ALLOWED;
    return verdict->hidden ? REHEARSE_HIDDEN : REHEARSE_DENIED;
}

static struct rehearse_end end_of(const struct rehearse_verdict *verdict)
{
    bool unsure = verdict->missing.length > 0;
    return (struct rehearse_end){.is = outcome_of(verdict),
                                 .rule = unsure ? verdict->missing_rule : verdict->rule,
                                 .missing = verdict->missing,
                                 .unsure = unsure};
}

struct rehearse_payer rehearse_payer_of(const struct rehearse_class *class,
                                        const struct rehearse_event *event)
{
    return (struct rehearse_payer){
        .organisation = class->organisation,
        .grant = class->grant,
        .server = class->server,
        .client = class->client,
        .session = slice_of((const char *)&event->session, event->has_session ? 8 : 0)};
}

// A reservation that went back then goes back at the same time now.
static int plan_return(struct rehearse *r, const struct rehearse_event *event,
                       const struct rehearse_verdict *verdict, const struct limit_receipt *receipts)
{
    size_t count = verdict->charge_count;
    if (!event->not_run && !event->failed)
        return 0;
    struct rehearse_event back = {.at_ms = event->at_ms + event->lasted_ms,
                                  .length = (uint32_t)count};
    back.receipts = memory_try_new(2 * count * sizeof *receipts);
    if (back.receipts == NULL)
        return ERROR_NO_MEMORY;
    memcpy(back.receipts, receipts, 2 * count * sizeof *receipts);
    for (size_t i = 0; i < count; i++)
        if (!event->not_run && !verdict->charges[i].successes_only)
            back.receipts[i].amount = back.receipts[count + i].amount = (struct decimal){0};
    int result = rehearse_queue_put(&r->queue, &back);
    if (result != 0)
        memory_free(back.receipts);
    return result;
}

static bool did_run(const struct rehearse_class *class)
{
    return class->was == REHEARSE_ALLOWED || class->observed;
}

// Nobody knows whether a call that did not run then would have succeeded: it is surely charged to
// no limit that counts successes, and perhaps to each.
static void return_doubtful(struct rehearse *r, const struct rehearse_verdict *verdict,
                            struct limit_receipt *receipts)
{
    for (size_t i = 0; i < verdict->charge_count; i++)
        if (verdict->charges[i].successes_only && !decimal_is_zero(receipts[i].amount)) {
            limit_give_back(r->tally.sure, &receipts[i]);
            receipts[i].amount = (struct decimal){0};
        }
}

// A person is asked once the limits would allow the call, and it is charged when one agrees.
static enum rehearse_charge_mode mode_of(const struct rehearse_class *class,
                                         const struct rehearse_end *end)
{
    if (end->unsure)
        return REHEARSE_MAYBE;
    return end->is == REHEARSE_ALLOWED || class->approved ? REHEARSE_TAKE : REHEARSE_LOOK;
}

static int charge(struct rehearse *r, const struct rehearse_class *class,
                  const struct rehearse_event *event, const struct rehearse_verdict *verdict,
                  struct rehearse_end *end)
{
    struct rehearse_payer payer = rehearse_payer_of(class, event);
    enum rehearse_charge_mode mode = mode_of(class, end);
    enum rehearse_fit fit = REHEARSE_FITS;
    size_t count = verdict->charge_count, index = 0;
    struct limit_receipt *receipts = arena_take_zeroed(&r->scratch, 2 * count * sizeof *receipts);
    if (receipts == NULL)
        return ERROR_NO_MEMORY;
    int result = rehearse_tally_charge(&r->tally, verdict, &payer, mode, event->at_ms, &r->scratch,
                                       receipts, &fit, &index);
    if (result != 0)
        return result;
    if (fit == REHEARSE_FULL) { // whatever else is not known
        *end = (struct rehearse_end){
            .is = REHEARSE_DENIED, .rule = verdict->charges[index].rule, .by_limit = true};
        return 0;
    }
    if (fit == REHEARSE_FIT_UNSURE && !end->unsure) {
        end->unsure = end->by_limit = true;
        end->missing = verdict->charges[index].counter;
        end->rule = verdict->charges[index].rule;
    }
    if (mode == REHEARSE_LOOK)
        return 0;
    if (!did_run(class))
        return_doubtful(r, verdict, receipts);
    return plan_return(r, event, verdict, receipts);
}

// Limits that only observe are reserved each for itself, and what does not fit is only noted.
static int watch_charges(struct rehearse *r, const struct rehearse_class *class,
                         const struct rehearse_event *event, const struct rehearse_verdict *verdict,
                         const struct rehearse_end *end, struct policy_observation *observed)
{
    struct rehearse_payer payer = rehearse_payer_of(class, event);
    enum rehearse_charge_mode mode = mode_of(class, end);
    bool stopped = end->is == REHEARSE_DENIED || end->is == REHEARSE_HIDDEN;
    int result = 0;
    for (size_t i = 0; i < verdict->watched_count && !stopped && result == 0; i++) {
        const struct policy_charge *charge = &verdict->charges[verdict->charge_count + i];
        struct rehearse_verdict alone = {.charges = charge, .charge_count = 1};
        struct limit_receipt receipts[2] = {0};
        enum rehearse_fit fit;
        size_t index;
        result = rehearse_tally_charge(&r->tally, &alone, &payer, mode, event->at_ms, &r->scratch,
                                       receipts, &fit, &index);
        if (result == 0 && fit == REHEARSE_FULL && !observed->noted)
            *observed = (struct policy_observation){
                .noted = true, .outcome = POLICY_DENY, .rule = charge->rule};
        if (result == 0 && fit == REHEARSE_FITS && mode != REHEARSE_LOOK)
            result = plan_return(r, event, &alone, receipts);
    }
    return result;
}

// What the log calls observed is compared with what would have been observed.
static void look_at_observation(const struct rehearse_class *class,
                                const struct policy_observation *observed, struct rehearse_end *end)
{
    if (!class->observed || !observed->noted || end->unsure || end->is != REHEARSE_ALLOWED)
        return;
    end->is = observed->outcome == POLICY_ASK ? REHEARSE_ASKED
              : observed->hidden              ? REHEARSE_HIDDEN
                                              : REHEARSE_DENIED;
    end->rule = observed->rule;
}

// Answers are not in the log; of one that was withheld it may be known that nobody would look.
static void look_at_answer(const struct rehearse *r, const struct rehearse_class *class,
                           struct rehearse_end *end)
{
    bool passes = end->is == REHEARSE_ALLOWED || (end->is == REHEARSE_ASKED && class->approved);
    if (!class->withheld || end->unsure || !passes || class->same_draft ||
        !policy_judges_answers(r->options.draft))
        return;
    end->unsure = true;
    end->missing = SLICE_LITERAL("result");
}

static int apply(struct rehearse *r, struct rehearse_class *class,
                 const struct rehearse_event *event, const struct rehearse_verdict *verdict,
                 struct rehearse_end *ret)
{
    struct policy_observation observed = verdict->observed;
    int result = 0;
    *ret = end_of(verdict);
    if (verdict->charge_count > 0)
        result = charge(r, class, event, verdict, ret);
    if (result == 0 && verdict->watched_count > 0)
        result = watch_charges(r, class, event, verdict, ret, &observed);
    look_at_observation(class, &observed, ret);
    look_at_answer(r, class, ret);
    rehearse_fuse_note(r, class, ret);
    return result;
}

int rehearse_finish_call(struct rehearse *r, struct rehearse_class *class,
                         const struct rehearse_event *event, const struct rehearse_verdict *verdict,
                         struct rehearse_end *ret)
{
    int result;
    if (rehearse_fuse_stops(r, class, event, ret, &result))
        return event->before ? 0 : rehearse_note(r, class, event, ret);
    if (result == 0)
        result = apply(r, class, event, verdict, ret);
    if (result != 0 || event->before)
        return result;
    r->report.counts.categories_of_today += verdict->category_of_today;
    r->report.counts.tags_of_today += verdict->tags_of_today;
    return rehearse_note(r, class, event, ret);
}

// ---- A call's turn

// As the gateway counts: what was sent, whether a rule would have refused it or not.
static void count_in_session(struct rehearse_session *session, const struct rehearse_class *class,
                             const struct rehearse_end *end)
{
    bool ran = class->observed || end->is == REHEARSE_ALLOWED ||
               (end->is == REHEARSE_ASKED && class->approved);
    if (session == NULL || class->judged_as != POLICY_TOOL)
        return;
    session->calls += ran;
    session->known = session->known && (class->observed || !end->unsure);
}

bool rehearse_is_over(const struct rehearse *r)
{
    return r->options.over != NULL && r->options.over(r->options.over_argument);
}

static int judge_line(struct rehearse *r, const struct rehearse_event *event,
                      struct rehearse_class *class)
{
    struct rehearse_class spare;
    struct rehearse_row row;
    struct rehearse_verdict verdict;
    struct rehearse_end end;
    struct rehearse_moment moment = {.at_ms = event->at_ms};
    struct rehearse_session *session = NULL;
    unsigned read;
    int result = 0;
    if (rehearse_is_over(r))
        return ERROR_TIMEOUT;
    if (!rehearse_read(slice_of(event->line, event->length), &r->minute, &row))
        return 0; // it was read before
    if (class == NULL)
        result = rehearse_classify(r, &row, &spare, &class);
    if (result != 0)
        return result;
    class = class == NULL ? &spare : class;
    if (r->traits.session_calls) {
        struct rehearse_payer payer = rehearse_payer_of(class, event);
        session = rehearse_tally_session(&r->tally, &payer, false);
        moment.session_known = session != NULL && session->known;
        moment.session_calls = session == NULL ? 0 : session->calls;
    }
    rehearse_judge(r, class, &row, &moment, &verdict, &read);
    result = rehearse_finish_call(r, class, event, &verdict, &end);
    count_in_session(session, class, &end);
    return result;
}

static int take_turn(struct rehearse *r, struct rehearse_event *event)
{
    struct rehearse_end end;
    int result = 0;
    if (event->pause)
        rehearse_fuse_saw_pause(r, event->class);
    else if (event->receipts != NULL)
        rehearse_tally_give_back(&r->tally, event->receipts, event->length);
    else if (event->line != NULL)
        result = judge_line(r, event, event->class);
    else
        result = rehearse_finish_call(r, event->class, event, &event->class->verdict, &end);
    arena_clear(&r->scratch);
    rehearse_event_release(event);
    return result;
}

int rehearse_take_turns(struct rehearse *r, int64_t until_ms)
{
    struct rehearse_event event;
    int result = 0;
    while (result == 0 && rehearse_queue_take(&r->queue, until_ms, &event))
        result = take_turn(r, &event);
    return result;
}
