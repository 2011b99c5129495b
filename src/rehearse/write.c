// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What came out, for people and for programs (docs/policy.md, "What would this have changed").
#include "rehearse/rehearse_internal.h"

#include <inttypes.h>

// ---- For people

// A name of a peer: nothing in it may move the cursor.
static void put_name(struct buffer *out, struct slice name)
{
    bool plain = name.length > 0;
    int least = plain && *name.data == '(' ? ' ' : '!'; // names of rules have spaces
    for (size_t i = 0; i < name.length && plain; i++)
        plain = (unsigned char)name.data[i] >= least && (unsigned char)name.data[i] < 0x7F;
    if (plain)
        buffer_append(out, name);
    else
        json_write_string(out, name);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void put_subject(struct buffer *out, const struct rehearse_group *group)
{
    put_name(out, group->server);
    buffer_append_string(out, " ");
    put_name(out, group->subject.length > 0 ? group->subject : group->method);
}

static void put_examples(struct buffer *out, const struct rehearse_group *group)
{
    char time[CLOCK_TEXT_SIZE];
    buffer_append_format(out, "       %" PRIu64 " grant%s, as ", group->grants,
                         plural(group->grants));
    for (size_t i = 0; i < group->example_count; i++) {
        clock_format(group->examples[i].time_ms, time);
        buffer_append_string(out, i == 0 ? "" : ", ");
        put_name(out, slice_from_string(group->examples[i].id));
        buffer_append_string(out, " of ");
        put_name(out, group->examples[i].grant);
        buffer_append_format(out, " at %s", time);
    }
    buffer_append_string(out, "\n");
}

static void put_change(struct buffer *out, const struct rehearse_group *group)
{
    buffer_append_format(out, "%7" PRIu64 "  %s -> %s%s  ", group->calls,
                         group->withheld ? "withheld" : rehearse_words[group->was],
                         rehearse_words[group->is], group->by_limit ? " by a limit" : "");
    put_subject(out, group);
    buffer_append_string(out, "\n       by ");
    put_name(out, group->was_rule.length > 0 ? group->was_rule : SLICE_LITERAL("(not told)"));
    buffer_append_string(out, ", now ");
    put_name(out, group->is_rule);
    buffer_append_string(out, "\n");
    put_examples(out, group);
}

static void put_unsure(struct buffer *out, const struct rehearse_group *group)
{
    buffer_append_format(out, "%7" PRIu64 "  ", group->calls);
    put_subject(out, group);
    buffer_append_string(out, "\n       ");
    if (slice_equal_string(group->missing, "result"))
        buffer_append_string(out, "its answers are not in the log");
    else if (slice_equal_string(group->missing, "tool.category"))
        buffer_append_string(out, "its category is not known");
    else if (group->by_limit)
        buffer_append_string(out, "what its limit stood at depends on calls that cannot be told");
    else {
        put_name(out, group->missing);
        buffer_append_string(out, " is not in the log");
    }
    if (group->is_rule.length > 0) {
        buffer_append_string(out, "; asked for by ");
        put_name(out, group->is_rule);
    }
    buffer_append_string(out, "\n");
}

static void put_count(struct buffer *out, uint64_t count, const char *text)
{
    if (count > 0)
        buffer_append_format(out, "%7" PRIu64 "  %s\n", count, text);
}

static void put_rest(struct buffer *out, const struct rehearse_counts *counts)
{
    uint64_t any = counts->refused + counts->from_servers + counts->housekeeping +
                   counts->gateways_own + counts->strange;
    if (any > 0)
        buffer_append_string(out, "\nNot replayed:\n");
    put_count(out, counts->refused, "refused before any policy was asked");
    put_count(out, counts->from_servers, "messages of servers");
    put_count(out, counts->housekeeping, "lists, pings and the like, which no policy denies");
    put_count(out, counts->gateways_own, "denied by the gateway itself, whatever the policy says");
    put_count(out, counts->strange, "lines that are no rows: the log is damaged, or cut short");
}

static void put_fuse(struct buffer *out, const struct rehearse_counts *counts)
{
    buffer_append_format(out,
                         "'runaway' pauses grants %" PRIu64 " time%s; %" PRIu64 " call%s of paused "
                         "grants are denied, until the log shows that a person looked then, or to "
                         "the end.\n",
                         counts->fuses, plural(counts->fuses), counts->paused,
                         plural(counts->paused));
    if (counts->fuse_unsure > 0)
        buffer_append_format(out,
                             "It may have done so %" PRIu64 " time%s more, which the log does not "
                             "tell; that is not played.\n",
                             counts->fuse_unsure, plural(counts->fuse_unsure));
}

static void put_notes(struct buffer *out, const struct rehearse *r)
{
    const struct rehearse_counts *counts = &r->report.counts;
    buffer_append_string(out, "\n");
    if (r->traits.arguments)
        buffer_append_format(out,
                             "The log has the values of %" PRIu64 " of these calls; of the others "
                             "the names of their arguments.\n",
                             counts->with_values);
    if (counts->categories_of_today > 0)
        buffer_append_format(out, "Categories of %" PRIu64 " calls are those of today.\n",
                             counts->categories_of_today);
    if (counts->tags_of_today > 0)
        buffer_append_string(out, "Tags of grants are those of today.\n");
    if (counts->observed > 0)
        buffer_append_format(out,
                             "%" PRIu64 " calls were only observed: compared is what the "
                             "rules said, not what passed.\n",
                             counts->observed);
    if (policy_judges_answers(r->options.draft))
        buffer_append_string(out, "Answers of servers are not in the log: 'results' was not "
                                  "replayed.\n");
    if (policy_runaway(r->options.draft) != NULL)
        put_fuse(out, counts);
    if (r->traits.shared_limits &&
        (r->options.grant.data != NULL || r->options.policy.data != NULL))
        buffer_append_string(out, "Limits that several grants share count the calls asked for "
                                  "alone.\n");
    if (counts->out_of_order > 0)
        buffer_append_format(out,
                             "%" PRIu64 " calls took so long that their limits may have been "
                             "counted in another order.\n",
                             counts->out_of_order);
}

static void put_head(struct buffer *out, const struct rehearse *r, struct slice draft)
{
    const struct rehearse_counts *counts = &r->report.counts;
    char from[CLOCK_TEXT_SIZE] = "", to[CLOCK_TEXT_SIZE] = "";
    if (counts->replayed == 0) {
        buffer_append_string(out, "There are no calls that could be replayed.\n");
        return;
    }
    clock_format(counts->first_ms, from);
    clock_format(counts->last_ms, to);
    put_name(out, draft);
    buffer_append_format(out, ": %" PRIu64 " call%s by %" PRIu64 " grant%s, %s to %s\n",
                         counts->replayed, plural(counts->replayed), counts->grants,
                         plural(counts->grants), from, to);
    buffer_append_format(out, "%" PRIu64 " call%s by %" PRIu64 " grant%s would change",
                         counts->changed, plural(counts->changed), counts->changed_grants,
                         plural(counts->changed_grants));
    if (counts->unsure > 0)
        buffer_append_format(out, "; of %" PRIu64 " it cannot be told", counts->unsure);
    if (counts->other_rule > 0)
        buffer_append_format(out, "; %" PRIu64 " come%s to the same by another rule",
                             counts->other_rule, counts->other_rule == 1 ? "s" : "");
    buffer_append_string(out, ".\n");
}

void rehearse_write_text(const struct rehearse *r, struct slice draft, struct buffer *out)
{
    const struct rehearse_report *report = &r->report;
    put_head(out, r, draft);
    if (report->change_count > 0)
        buffer_append_string(out, "\nWould change:\n");
    for (size_t i = 0; i < report->change_count; i++)
        put_change(out, report->changes[i]);
    put_count(out, report->counts.more_changed, "in ways beyond those listed");
    if (report->unsure_count > 0)
        buffer_append_string(out, "\nCannot be told:\n");
    for (size_t i = 0; i < report->unsure_count; i++)
        put_unsure(out, report->unsure[i]);
    put_count(out, report->counts.more_unsure, "for reasons beyond those listed");
    put_rest(out, &report->counts);
    if (report->counts.replayed > 0)
        put_notes(out, r);
}

// ---- For programs

static void member_text(struct buffer *out, const char *name, struct slice text)
{
    buffer_append_format(out, ",\"%s\":", name);
    if (text.length == 0)
        buffer_append_string(out, "null");
    else
        json_write_string(out, text);
}

static void write_examples(struct buffer *out, const struct rehearse_group *group)
{
    char time[CLOCK_TEXT_SIZE];
    buffer_append_string(out, ",\"examples\":[");
    for (size_t i = 0; i < group->example_count; i++) {
        clock_format(group->examples[i].time_ms, time);
        buffer_append_string(out, i == 0 ? "{\"id\":" : ",{\"id\":");
        json_write_string(out, slice_from_string(group->examples[i].id));
        buffer_append_format(out, ",\"time\":\"%s\"", time);
        member_text(out, "grant", group->examples[i].grant);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]}");
}

static void write_group(struct buffer *out, const struct rehearse_group *group, bool unsure)
{
    buffer_append_format(out, "{\"from\":\"%s\"", rehearse_words[group->was]);
    if (!unsure)
        buffer_append_format(out, ",\"to\":\"%s\"", rehearse_words[group->is]);
    buffer_append_format(out, ",\"calls\":%" PRIu64 ",\"grants\":%" PRIu64, group->calls,
                         group->grants);
    member_text(out, "server", group->server);
    member_text(out, "method", group->method);
    member_text(out, "subject", group->subject);
    member_text(out, "from_rule", group->was_rule);
    member_text(out, unsure ? "asked_by" : "to_rule", group->is_rule);
    if (unsure)
        member_text(out, "missing", group->missing);
    buffer_append_format(out, ",\"limit\":%s,\"withheld\":%s", group->by_limit ? "true" : "false",
                         group->withheld ? "true" : "false");
    write_examples(out, group);
}

static void write_groups(struct buffer *out, const char *name, struct rehearse_group *const *groups,
                         size_t count, bool unsure)
{
    buffer_append_format(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        write_group(out, groups[i], unsure);
    }
    buffer_append_string(out, "]");
}

static void write_kinds(struct buffer *out, const struct rehearse_counts *counts)
{
    bool first = true;
    buffer_append_string(out, ",\"kinds\":[");
    for (int was = 0; was < REHEARSE_OUTCOMES; was++)
        for (int is = 0; is < REHEARSE_OUTCOMES; is++) {
            if (counts->matrix[was][is] == 0)
                continue;
            buffer_append_format(out, "%s{\"from\":\"%s\",\"to\":\"%s\",\"calls\":%" PRIu64 "}",
                                 first ? "" : ",", rehearse_words[was], rehearse_words[is],
                                 counts->matrix[was][is]);
            first = false;
        }
    buffer_append_string(out, "]");
}

static void write_counts(struct buffer *out, const struct rehearse_counts *counts)
{
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {{"calls", counts->replayed},
                   {"grants", counts->grants},
                   {"changed", counts->changed},
                   {"changed_grants", counts->changed_grants},
                   {"cannot_tell", counts->unsure},
                   {"same", counts->same},
                   {"other_rule", counts->other_rule},
                   {"asked_again", counts->same_question},
                   {"observed", counts->observed},
                   {"with_values", counts->with_values},
                   {"categories_of_today", counts->categories_of_today},
                   {"tags_of_today", counts->tags_of_today},
                   {"out_of_order", counts->out_of_order},
                   {"more_changed", counts->more_changed},
                   {"more_cannot_tell", counts->more_unsure},
                   {"pauses", counts->fuses},
                   {"pauses_cannot_tell", counts->fuse_unsure},
                   {"paused", counts->paused}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        buffer_append_format(out, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", members[i].name,
                             members[i].value);
    buffer_append_format(out,
                         ",\"not_replayed\":{\"refused\":%" PRIu64 ",\"from_servers\":%" PRIu64
                         ",\"housekeeping\":%" PRIu64 ",\"gateway\":%" PRIu64
                         ",\"damaged\":%" PRIu64 "}",
                         counts->refused, counts->from_servers, counts->housekeeping,
                         counts->gateways_own, counts->strange);
}

static void write_time(struct buffer *out, const char *name, bool given, int64_t ms)
{
    char time[CLOCK_TEXT_SIZE];
    buffer_append_format(out, ",\"%s\":", name);
    if (!given) {
        buffer_append_string(out, "null");
        return;
    }
    clock_format(ms, time);
    buffer_append_format(out, "\"%s\"", time);
}

void rehearse_write_json(const struct rehearse *r, struct buffer *out)
{
    const struct rehearse_report *report = &r->report;
    bool any = report->counts.replayed > 0;
    write_counts(out, &report->counts);
    write_time(out, "first", any, report->counts.first_ms);
    write_time(out, "last", any, report->counts.last_ms);
    write_kinds(out, &report->counts);
    write_groups(out, "changes", report->changes, report->change_count, false);
    write_groups(out, "unsure", report->unsure, report->unsure_count, true);
}
