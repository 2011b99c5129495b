// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which parts of the policies the cases reached: what decided a call, what was looked at, and what
// no case came near.
#include "cli/cases_internal.h"

#include "base/memory.h"

enum { COVERAGE_MEMORY = 256 * 1024 * 1024 };

struct part {
    struct part *next;
    struct slice pointer;
    struct json_position at;
    uint64_t looked, held, decided;
};

struct covered_policy {
    struct covered_policy *next;
    const char *path;
    struct slice version;
    struct part *first, **end;
    struct table by_pointer;
};

struct coverage {
    struct arena arena;
    struct covered_policy *first, **end;
    struct covered_policy *now;
    struct policy_watcher watcher;
    const struct policy *adding; // while its parts are told
    bool no_memory;
};

static void note_looked(void *argument, struct slice pointer, bool held)
{
    struct coverage *coverage = argument;
    struct part *part = table_get(&coverage->now->by_pointer, pointer);
    if (part == NULL)
        return;
    part->looked++;
    part->held += held;
    // Taking something out is what it decides.
    if (memmem(pointer.data, pointer.length, "/redact/", 8) != NULL)
        part->decided = part->held;
}

struct coverage *coverage_new(void)
{
    struct coverage *coverage = memory_new(sizeof *coverage);
    arena_init(&coverage->arena, COVERAGE_MEMORY);
    coverage->end = &coverage->first;
    coverage->watcher = (struct policy_watcher){note_looked, coverage};
    return coverage;
}

void coverage_free(struct coverage *coverage)
{
    if (coverage == NULL)
        return;
    for (struct covered_policy *one = coverage->first; one != NULL; one = one->next)
        table_release(&one->by_pointer);
    arena_release(&coverage->arena);
    memory_free(coverage);
}

static void add_part(void *argument, const struct policy_place *place)
{
    struct coverage *coverage = argument;
    struct covered_policy *policy = coverage->now;
    struct part *part = arena_take_zeroed(&coverage->arena, sizeof *part);
    struct slice pointer = arena_copy(&coverage->arena, place->pointer);
    if (part == NULL || pointer.data == NULL ||
        table_put(&policy->by_pointer, pointer, part) != 0) {
        coverage->no_memory = true;
        return;
    }
    part->pointer = pointer;
    part->at = policy_position(coverage->adding, place->offset);
    *policy->end = part;
    policy->end = &part->next;
}

bool coverage_begin(struct coverage *coverage, const char *path, const struct policy *policy)
{
    for (coverage->now = coverage->first; coverage->now != NULL;
         coverage->now = coverage->now->next)
        if (strcmp(coverage->now->path, path) == 0 &&
            slice_equal(coverage->now->version, policy_version(policy)))
            return true;
    struct covered_policy *added = arena_take_zeroed(&coverage->arena, sizeof *added);
    struct slice name = arena_copy(&coverage->arena, slice_from_string(path));
    if (added == NULL || name.data == NULL)
        return false;
    added->path = name.data;
    added->version = arena_copy(&coverage->arena, policy_version(policy));
    added->end = &added->first;
    table_init(&added->by_pointer);
    *coverage->end = added;
    coverage->end = &added->next;
    coverage->now = added;
    coverage->adding = policy;
    policy_places(policy, add_part, coverage);
    return !coverage->no_memory && added->version.data != NULL;
}

const struct policy_watcher *coverage_watcher(const struct coverage *coverage)
{
    return &coverage->watcher;
}

static void credit(struct coverage *coverage, struct slice rule, enum policy_subject subject)
{
    struct table *parts = &coverage->now->by_pointer;
    struct part *part = table_get(parts, rule);
    bool fallback = slice_starts_with(rule, SLICE_LITERAL("(default "));
    if (fallback && subject == POLICY_RESOURCE)
        part = table_get(parts, SLICE_LITERAL("/resources/default"));
    else if (fallback && subject == POLICY_PROMPT)
        part = table_get(parts, SLICE_LITERAL("/prompts/default"));
    if (fallback && part == NULL)
        part = table_get(parts, SLICE_LITERAL("/default"));
    if (part != NULL)
        part->decided++;
}

// What hides a name is told by the selector that was looked at, not by the rule, which is (hidden).
static void credit_hiding(struct coverage *coverage)
{
    for (struct part *part = coverage->now->first; part != NULL; part = part->next)
        if (slice_starts_with(part->pointer, SLICE_LITERAL("/hide/")))
            part->decided = part->held;
}

void coverage_decided(struct coverage *coverage, const struct case_call *step,
                      const struct case_verdict *verdict)
{
    credit(coverage, verdict->rule, step->call.subject);
    if (verdict->observed.noted && !slice_equal(verdict->observed.rule, verdict->rule))
        credit(coverage, verdict->observed.rule, step->call.subject);
    if (verdict->outcome == CASE_HIDE)
        credit_hiding(coverage);
    if (verdict->paused_by_denials)
        credit(coverage, SLICE_LITERAL("/runaway/denials_in_a_row"), step->call.subject);
}

// ---- What came out

struct totals {
    size_t parts, decided;
};

static struct totals count(const struct covered_policy *policy)
{
    struct totals ret = {0};
    for (const struct part *part = policy->first; part != NULL; part = part->next) {
        ret.parts++;
        ret.decided += part->decided > 0;
    }
    return ret;
}

static unsigned int percent_of(struct totals totals)
{
    return totals.parts == 0 ? 100 : (unsigned int)(totals.decided * 100 / totals.parts);
}

unsigned int coverage_percent(const struct coverage *coverage)
{
    struct totals all = {0};
    for (const struct covered_policy *one = coverage->first; one != NULL; one = one->next) {
        struct totals totals = count(one);
        all.parts += totals.parts;
        all.decided += totals.decided;
    }
    return percent_of(all);
}

void coverage_write_text(const struct coverage *coverage, struct buffer *out)
{
    for (const struct covered_policy *one = coverage->first; one != NULL; one = one->next) {
        struct totals totals = count(one);
        for (const struct part *part = one->first; part != NULL; part = part->next) {
            if (part->decided > 0)
                continue;
            buffer_append_format(out, "%s:%u:%u: decided no call: ", one->path, part->at.line,
                                 part->at.column);
            cases_write_plain(out, part->pointer);
            if (part->looked == 0)
                buffer_append_string(out, ", and was never looked at\n");
            else
                buffer_append_format(out, ", looked at %llu times\n",
                                     (unsigned long long)part->looked);
        }
        buffer_append_format(out, "%s: %zu of %zu parts decided a call, %u %%\n", one->path,
                             totals.decided, totals.parts, percent_of(totals));
    }
}

void coverage_write_json(const struct coverage *coverage, struct buffer *out)
{
    buffer_append_string(out, "[");
    for (const struct covered_policy *one = coverage->first; one != NULL; one = one->next) {
        buffer_append_string(out, one == coverage->first ? "{\"policy\":" : ",{\"policy\":");
        json_write_string(out, slice_from_string(one->path));
        buffer_append_format(out, ",\"percent\":%u,\"parts\":[", percent_of(count(one)));
        for (const struct part *part = one->first; part != NULL; part = part->next) {
            buffer_append_string(out, part == one->first ? "{\"rule\":" : ",{\"rule\":");
            json_write_string(out, part->pointer);
            buffer_append_format(
                out, ",\"line\":%u,\"column\":%u,\"decided\":%llu,\"looked\":%llu,\"held\":%llu}",
                part->at.line, part->at.column, (unsigned long long)part->decided,
                (unsigned long long)part->looked, (unsigned long long)part->held);
        }
        buffer_append_string(out, "]}");
    }
    buffer_append_string(out, "]");
}
