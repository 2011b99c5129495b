// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Differences, put together by what they have in common.
#include "base/memory.h"
#include "rehearse/rehearse_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPORT_MEMORY = 256 * 1024 * 1024, GRANTS_MAX = 200000 };

const char *const rehearse_words[REHEARSE_OUTCOMES] = {[REHEARSE_ALLOWED] = "allowed",
                                                       [REHEARSE_DENIED] = "denied",
                                                       [REHEARSE_HIDDEN] = "hidden",
                                                       [REHEARSE_ASKED] = "asks"};

int rehearse_report_init(struct rehearse_report *report, size_t memory_max)
{
    *report = (struct rehearse_report){.counts = {.first_ms = INT64_MAX, .last_ms = INT64_MIN}};
    arena_init(&report->arena,
               memory_max == 0 || memory_max > REPORT_MEMORY ? REPORT_MEMORY : memory_max);
    table_init(&report->groups);
    table_init(&report->grants);
    table_init(&report->changed_grants);
    report->changes = memory_try_new(REHEARSE_GROUPS * sizeof *report->changes);
    report->unsure = memory_try_new(REHEARSE_GROUPS * sizeof *report->unsure);
    return report->changes == NULL || report->unsure == NULL ? ERROR_NO_MEMORY : 0;
}

void rehearse_report_release(struct rehearse_report *report)
{
    table_release(&report->groups);
    table_release(&report->grants);
    table_release(&report->changed_grants);
    memory_free(report->changes);
    memory_free(report->unsure);
    arena_release(&report->arena);
}

static int note_in(struct rehearse_report *report, struct table *table, struct slice key,
                   bool *ret_new)
{
    *ret_new = table_get(table, key) == NULL && table->count < GRANTS_MAX;
    if (!*ret_new)
        return 0;
    struct slice copy = arena_copy(&report->arena, key);
    return copy.data == NULL ? ERROR_NO_MEMORY : table_put(table, copy, report);
}

int rehearse_report_grant(struct rehearse_report *report, struct table *grants,
                          struct slice organisation, struct slice grant)
{
    struct arena arena;
    bool is_new;
    arena_init(&arena, 16 * 1024);
    struct slice key = limit_key(&arena, (struct slice[]){organisation, grant}, 2);
    int result = key.data == NULL ? 0 : note_in(report, grants, key, &is_new);
    arena_release(&arena);
    return result;
}

// ---- Groups

static struct slice group_key(const struct rehearse_class *class, enum rehearse_outcome was,
                              const struct rehearse_end *end, struct arena *arena)
{
    const char flags[] = {(char)was, (char)end->is, end->unsure, end->by_limit, class->withheld};
    struct slice parts[] = {slice_of(flags, sizeof flags),
                            class->organisation,
                            class->server,
                            class->method,
                            class->subject,
                            class->rule,
                            end->rule,
                            end->missing};
    return limit_key(arena, parts, sizeof parts / sizeof *parts);
}

static bool copy_texts(struct rehearse_group *group, struct arena *arena)
{
    struct slice *texts[] = {&group->organisation, &group->server,  &group->method, &group->subject,
                             &group->was_rule,     &group->is_rule, &group->missing};
    bool good = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = texts[i]->data == NULL ? SLICE_LITERAL("") : arena_copy(arena, *texts[i]);
        good = good && texts[i]->data != NULL;
    }
    return good;
}

static int make_group(struct rehearse_report *report, struct slice key,
                      const struct rehearse_class *class, enum rehearse_outcome was,
                      const struct rehearse_end *end, struct rehearse_group **ret)
{
    size_t *count = end->unsure ? &report->unsure_count : &report->change_count;
    *ret = NULL;
    if (*count == REHEARSE_GROUPS)
        return 0;
    struct rehearse_group *group = arena_take(&report->arena, sizeof *group);
    key = arena_copy(&report->arena, key);
    if (group == NULL || key.data == NULL)
        return ERROR_NO_MEMORY;
    *group = (struct rehearse_group){.was = was,
                                     .is = end->is,
                                     .organisation = class->organisation,
                                     .server = class->server,
                                     .method = class->method,
                                     .subject = class->subject,
                                     .was_rule = class->rule,
                                     .is_rule = end->rule,
                                     .missing = end->missing,
                                     .by_limit = end->by_limit,
                                     .withheld = class->withheld};
    if (!copy_texts(group, &report->arena) || table_put(&report->groups, key, group) != 0)
        return ERROR_NO_MEMORY;
    (end->unsure ? report->unsure : report->changes)[(*count)++] = group;
    *ret = group;
    return 0;
}

static int count_grant(struct rehearse_report *report, struct rehearse_group *group,
                       const struct rehearse_class *class)
{
    struct arena arena;
    bool is_new = false;
    arena_init(&arena, 16 * 1024);
    struct slice id = slice_of((const char *)&group, sizeof group);
    struct slice key =
        limit_key(&arena, (struct slice[]){id, class->organisation, class->grant}, 3);
    int result = key.data == NULL ? 0 : note_in(report, &report->groups, key, &is_new);
    group->grants += is_new;
    arena_release(&arena);
    return result;
}

static bool is_of(const struct rehearse_group *group, enum rehearse_outcome was,
                  const struct rehearse_end *end)
{
    return group != NULL && group->was == was && group->is == end->is &&
           group->by_limit == end->by_limit && slice_equal(group->is_rule, end->rule) &&
           slice_equal(group->missing, end->missing);
}

static int find_group(struct rehearse_report *report, struct rehearse_class *class,
                      enum rehearse_outcome was, const struct rehearse_end *end)
{
    struct arena arena;
    int result = 0;
    if (is_of(class->group, was, end))
        return 0;
    arena_init(&arena, 64 * 1024);
    struct slice key = group_key(class, was, end, &arena);
    class->group = key.data == NULL ? NULL : table_get(&report->groups, key);
    if (class->group == NULL && key.data != NULL)
        result = make_group(report, key, class, was, end, &class->group);
    arena_release(&arena);
    return result == 0 && class->group != NULL ? count_grant(report, class->group, class) : result;
}

static int64_t done_ms(const struct rehearse_event *event)
{
    return event->at_ms + event->lasted_ms;
}

static int put_in_group(struct rehearse *r, struct rehearse_class *class,
                        const struct rehearse_event *event, enum rehearse_outcome was,
                        const struct rehearse_end *end)
{
    struct rehearse_report *report = &r->report;
    int result = find_group(report, class, was, end);
    struct rehearse_group *group = class->group;
    if (result != 0 || group == NULL) {
        *(end->unsure ? &report->counts.more_unsure : &report->counts.more_changed) += 1;
        return result;
    }
    group->calls++;
    if (group->example_count == REHEARSE_EXAMPLES)
        return 0;
    struct rehearse_example *example = &group->examples[group->example_count];
    *example = (struct rehearse_example){.time_ms = done_ms(event),
                                         .grant = arena_copy(&report->arena, class->grant)};
    if (event->has_id)
        snprintf(example->id, sizeof example->id, "%016" PRIx64 "%016" PRIx64, event->id[0],
                 event->id[1]);
    group->example_count += example->grant.data != NULL;
    return 0;
}

// ---- One call

static bool asks_again(const struct rehearse_class *class, const struct rehearse_end *end)
{
    return end->is == REHEARSE_ASKED && (class->approved || class->was == REHEARSE_ASKED);
}

// As the caller saw it.
static enum rehearse_outcome outcome_then(const struct rehearse_class *class,
                                          const struct rehearse_end *end)
{
    if (!class->withheld || (end->is == REHEARSE_ALLOWED && class->same_draft))
        return class->was;
    return REHEARSE_DENIED;
}

static int note_change(struct rehearse *r, struct rehearse_class *class,
                       const struct rehearse_event *event, enum rehearse_outcome was,
                       const struct rehearse_end *end)
{
    struct rehearse_counts *counts = &r->report.counts;
    int result = 0;
    counts->changed++;
    counts->matrix[was][end->is]++;
    if (!class->changed)
        result = rehearse_report_grant(&r->report, &r->report.changed_grants, class->organisation,
                                       class->grant);
    class->changed = true;
    return result == 0 ? put_in_group(r, class, event, was, end) : result;
}

int rehearse_note(struct rehearse *r, struct rehearse_class *class,
                  const struct rehearse_event *event, const struct rehearse_end *end)
{
    struct rehearse_counts *counts = &r->report.counts;
    enum rehearse_outcome was = outcome_then(class, end);
    int result = 0;
    counts->replayed++;
    counts->observed += class->observed;
    counts->with_values += class->has_values;
    counts->first_ms = done_ms(event) < counts->first_ms ? done_ms(event) : counts->first_ms;
    counts->last_ms = done_ms(event) > counts->last_ms ? done_ms(event) : counts->last_ms;
    if (!class->counted)
        result =
            rehearse_report_grant(&r->report, &r->report.grants, class->organisation, class->grant);
    class->counted = true;
    if (result != 0)
        return result;
    if (end->unsure) {
        counts->unsure++;
        return put_in_group(r, class, event, was, end);
    }
    if (!asks_again(class, end) && was != end->is)
        return note_change(r, class, event, was, end);
    bool other = class->rule.length > 0 && !slice_equal(class->rule, end->rule);
    counts->same_question += asks_again(class, end);
    counts->same += !other;
    counts->other_rule += other;
    return 0;
}

// ---- The end

static int by_calls(const void *a, const void *b)
{
    const struct rehearse_group *first = *(struct rehearse_group *const *)a;
    const struct rehearse_group *second = *(struct rehearse_group *const *)b;
    if (first->calls != second->calls)
        return first->calls > second->calls ? -1 : 1;
    return first->examples[0].time_ms < second->examples[0].time_ms ? -1 : 1;
}

int rehearse_report_sort(struct rehearse_report *report)
{
    qsort(report->changes, report->change_count, sizeof(struct rehearse_group *), by_calls);
    qsort(report->unsure, report->unsure_count, sizeof(struct rehearse_group *), by_calls);
    report->counts.grants = report->grants.count;
    report->counts.changed_grants = report->changed_grants.count;
    return 0;
}

const struct rehearse_counts *rehearse_counts(const struct rehearse *rehearse)
{
    return &rehearse->report.counts;
}

const struct rehearse_group *const *rehearse_changes(const struct rehearse *rehearse,
                                                     size_t *ret_count)
{
    *ret_count = rehearse->report.change_count;
    return (const struct rehearse_group *const *)rehearse->report.changes;
}

const struct rehearse_group *const *rehearse_unsure(const struct rehearse *rehearse,
                                                    size_t *ret_count)
{
    *ret_count = rehearse->report.unsure_count;
    return (const struct rehearse_group *const *)rehearse->report.unsure;
}

uint64_t rehearse_lost(const struct rehearse *rehearse)
{
    const uint64_t *passed = rehearse->report.counts.matrix[REHEARSE_ALLOWED];
    return passed[REHEARSE_DENIED] + passed[REHEARSE_HIDDEN];
}
