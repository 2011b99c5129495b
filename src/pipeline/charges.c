// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From what a verdict charges to counters, and from a counter that is full to words. Pure, so that
// `sallyport policy test` counts as the gateway does.
#include "pipeline/pipeline_internal.h"

static struct slice scope_subject(const struct pipeline_payer *payer, enum policy_scope scope,
                                  struct arena *arena)
{
    switch (scope) {
    case POLICY_SCOPE_GRANT: return payer->grant;
    case POLICY_SCOPE_SESSION:
        if (payer->session.data != NULL)
            return payer->session;
        // No sessions in the stateless era: the grant together with the client's name.
        return limit_key(arena, (struct slice[]){payer->grant, payer->client}, 2);
    case POLICY_SCOPE_SERVER:
    case POLICY_SCOPE_ORGANISATION: return (struct slice){"", 0};
    }
    return (struct slice){0};
}

static struct slice counter_key(const struct policy_charge *charge,
                                const struct pipeline_payer *payer, struct arena *arena)
{
    static const char *const scopes[] = {[POLICY_SCOPE_GRANT] = "grant",
                                         [POLICY_SCOPE_SESSION] = "session",
                                         [POLICY_SCOPE_SERVER] = "server",
                                         [POLICY_SCOPE_ORGANISATION] = "organisation"};
    struct slice subject = scope_subject(payer, charge->scope, arena);
    if (subject.data == NULL)
        return subject;
    struct slice parts[] = {SLICE_LITERAL(ORGANISATION),
                            payer->server,
                            slice_from_string(scopes[charge->scope]),
                            subject,
                            charge->counter,
                            charge->per};
    return limit_key(arena, parts, sizeof parts / sizeof *parts);
}

struct limit_charge *pipeline_charges(const struct policy_verdict *verdict,
                                      const struct pipeline_payer *payer, struct arena *arena)
{
    size_t count = verdict->charge_count;
    struct limit_charge *charges = arena_take_zeroed(arena, count * sizeof *charges);
    for (size_t i = 0; charges != NULL && i < count; i++) {
        const struct policy_charge *from = &verdict->charges[i];
        charges[i] = (struct limit_charge){.key = counter_key(from, payer, arena),
                                           .sliding = from->sliding,
                                           .window_ms = from->window_ms,
                                           .calendar_month = from->calendar_month,
                                           .max = from->max,
                                           .amount = from->amount};
        if (charges[i].key.data == NULL)
            return NULL;
    }
    return charges;
}

struct slice pipeline_limit_reason(const struct policy_charge *charge, int64_t retry_ms,
                                   struct arena *arena)
{
    if (retry_ms >= 0)
        return arena_format(arena, "%.*s Try again in %lld s.", SLICE_PRINT(charge->on_deny),
                            (long long)((retry_ms + 999) / 1000));
    return arena_format(arena, "%.*s Waiting does not help: this call alone is above it.",
                        SLICE_PRINT(charge->on_deny));
}
