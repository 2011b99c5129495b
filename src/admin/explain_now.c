// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What would become of a call now, besides what the policy says: what limits stand at, whether the
// grant is paused or only observes, and whether the tool's definition is accepted.
#include "admin/explain_internal.h"

static void write_text(struct buffer *out, const char *name, struct slice text)
{
    buffer_append_format(out, ",\"%s\":", name);
    json_write_string(out, text);
}

static void write_flag(struct buffer *out, const char *name, bool flag)
{
    buffer_append_format(out, ",\"%s\":%s", name, flag ? "true" : "false");
}

static void write_limits(struct buffer *out, const struct policy_verdict *verdict,
                         const struct pipeline_standing *standings)
{
    size_t all = standings == NULL ? 0 : verdict->charge_count + verdict->watched_count;
    buffer_append_string(out, ",\"limits\":[");
    for (size_t i = 0; i < all; i++) {
        char used[DECIMAL_TEXT_SIZE], max[DECIMAL_TEXT_SIZE], amount[DECIMAL_TEXT_SIZE];
        decimal_format(standings[i].used, used);
        decimal_format(verdict->charges[i].max, max);
        decimal_format(verdict->charges[i].amount, amount);
        buffer_append_string(out, i == 0 ? "{\"rule\":" : ",{\"rule\":");
        json_write_string(out, verdict->charges[i].rule);
        write_text(out, "used",
                   standings[i].unsummed ? SLICE_LITERAL("") : slice_from_string(used));
        write_text(out, "amount", slice_from_string(amount));
        write_text(out, "max", slice_from_string(max));
        write_flag(out, "fits", standings[i].fits);
        write_flag(out, "observes", i >= verdict->charge_count);
        admin_write_time(out, "frees_at", standings[i].frees_ms);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
}

static void write_runaway(struct buffer *out, const struct policy *policy,
                          const struct pipeline_prospect *prospect)
{
    const struct policy_runaway *runaway = policy == NULL ? NULL : policy_runaway(policy);
    char identical[DECIMAL_TEXT_SIZE];
    if (runaway == NULL) {
        buffer_append_string(out, ",\"runaway\":null");
        return;
    }
    decimal_format(prospect->identical, identical);
    buffer_append_format(out,
                         ",\"runaway\":{\"identical_calls\":%s,\"identical_max\":%lld,"
                         "\"denials_in_a_row\":%lld,\"denials_max\":%lld}",
                         identical, (long long)runaway->identical_max, (long long)prospect->denials,
                         (long long)runaway->denials);
}

static const char *outcome_name(const struct pipeline_prospect *prospect)
{
    if (prospect->observed)
        return "observed";
    return prospect->outcome == POLICY_ALLOW ? "allowed"
           : prospect->outcome == POLICY_ASK ? "approval"
                                             : "denied";
}

static void write_prospect(struct buffer *out, const struct pipeline_circumstances *now,
                           const struct pipeline_prospect *prospect)
{
    static const char *const definitions[] = {[PIPELINE_UNPINNED] = "unpinned",
                                              [PIPELINE_ACCEPTED] = "accepted",
                                              [PIPELINE_NEW] = "new",
                                              [PIPELINE_CHANGED] = "changed"};
    buffer_append_format(out, ",\"now\":{\"outcome\":\"%s\",\"would\":%s", outcome_name(prospect),
                         !prospect->observed                ? "null"
                         : prospect->outcome == POLICY_DENY ? "\"deny\""
                                                            : "\"ask\"");
    write_flag(out, "hidden", prospect->hidden);
    write_text(out, "rule", prospect->rule);
    write_text(out, "reason", prospect->reason);
    if (prospect->retry_ms < 0)
        buffer_append_string(out, ",\"retry_after\":null");
    else
        buffer_append_format(out, ",\"retry_after\":%lld",
                             (long long)((prospect->retry_ms + 999) / 1000));
    buffer_append_format(out, ",\"mode\":\"%s\",\"definition\":\"%s\"",
                         now->grant->mode == IDENTITY_OBSERVE ? "observe" : "enforce",
                         definitions[prospect->definition]);
    write_flag(out, "expired", prospect->expired);
    write_flag(out, "paused", prospect->paused);
    write_text(out, "paused_why", prospect->paused_why);
}

int explain_now(struct admin_request *request, const struct pipeline_circumstances *now,
                const struct policy_call *call, const struct policy_verdict *verdict,
                struct arena *arena, bool *ret_older)
{
    struct pipeline_prospect prospect;
    struct buffer *out = &request->out;
    int result = pipeline_foresee(now, call, verdict, arena, &prospect);
    *ret_older = result == 0 && prospect.older;
    if (result != 0)
        return result;
    write_prospect(out, now, &prospect);
    write_limits(out, verdict, prospect.standings);
    write_runaway(out, now->policy, &prospect);
    buffer_append_string(out, "}");
    return 0;
}
