// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From what a verdict charges to counters, and from a counter that is full to words. Pure, so that
// `sallyport policy test` counts as the gateway does.
#include "pipeline/ledger_internal.h"

#include <assert.h>
#include <openssl/sha.h>

static_assert((int)POLICY_CHARGES_MAX == (int)LIMIT_CHARGES_MAX, "the checker warns of more");

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
    size_t count = verdict->charge_count + verdict->watched_count;
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

static int print_arguments(const struct policy_call *call, unsigned char ret[SHA256_DIGEST_LENGTH])
{
    struct buffer text;
    buffer_init(&text, 0);
    int result = call->args == JSON_NONE ? 0 : json_write_canonical(&text, call->doc, call->args);
    struct slice all = buffer_slice(&text);
    if (result == 0 && text.failed)
        result = ERROR_NO_MEMORY;
    if (result == 0)
        SHA256((const unsigned char *)all.data, all.length, ret);
    buffer_release(&text);
    return result;
}

int pipeline_identical(const struct policy_runaway *runaway, const struct pipeline_payer *payer,
                       const struct policy_call *call, struct arena *arena,
                       struct limit_charge *ret)
{
    unsigned char print[SHA256_DIGEST_LENGTH];
    int result = print_arguments(call, print);
    if (result != 0)
        return result;
    const struct slice parts[] = {SLICE_LITERAL(ORGANISATION),
                                  payer->server,
                                  SLICE_LITERAL("runaway"),
                                  payer->grant,
                                  call->name,
                                  slice_of((const char *)print, sizeof print)};
    *ret = (struct limit_charge){.key = limit_key(arena, parts, sizeof parts / sizeof *parts),
                                 .sliding = true,
                                 .window_ms = runaway->window_ms,
                                 .max = decimal_from_integer(runaway->identical_max),
                                 .amount = decimal_from_integer(1)};
    return ret->key.data == NULL ? ERROR_NO_MEMORY : 0;
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

// ---- What the log says of them

static char *put(char *at, struct slice text)
{
    memcpy(at, text.data, text.length);
    return at + text.length;
}

// Nearly all are small numbers of calls, and this is on the path of a call.
static char *put_decimal(char *at, struct decimal value)
{
    enum { SMALL = 1000000, EXPONENT_MAX = 6, DIGITS_MAX = 12 };
    char digits[DIGITS_MAX];
    size_t first = DIGITS_MAX;
    if (value.coefficient < 0 || value.coefficient >= SMALL || value.exponent < 0 ||
        value.exponent > EXPONENT_MAX) {
        decimal_format(value, at);
        return at + strlen(at);
    }
    uint64_t rest = (uint64_t)value.coefficient;
    for (int32_t i = 0; i < value.exponent; i++)
        rest *= 10;
    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    return put(at, slice_of(digits + first, DIGITS_MAX - first));
}

// The rest of it is the policy's own. Of a sum the amount is the value of an argument, and so is
// the difference to the row before.
static char *put_charge(char *at, const struct exchange *ex, size_t index)
{
    const struct policy_charge *charge = ex->charged[index];
    at = put(at, charge->noted);
    if (!charge->sums) {
        at = put(at, SLICE_LITERAL(",\"used\":\""));
        at = put_decimal(at, ex->receipts[index].used);
        at = put(at, SLICE_LITERAL("\""));
    }
    if (charge >= &ex->verdict.charges[ex->verdict.charge_count])
        at = put(at, SLICE_LITERAL(",\"observed\":true"));
    if (ex->gave_back || (ex->result_failed && charge->successes_only))
        at = put(at, SLICE_LITERAL(",\"given_back\":true"));
    return put(at, SLICE_LITERAL("}"));
}

struct slice charges_told(struct exchange *ex)
{
    enum { TOLD_MAX = 8, MEMBERS_SIZE = DECIMAL_TEXT_SIZE + 64 };
    size_t count = ex->charge_count < TOLD_MAX ? ex->charge_count : TOLD_MAX;
    size_t size = MEMBERS_SIZE;
    if (count == 0)
        return (struct slice){0};
    for (size_t i = 0; i < count; i++)
        size += ex->charged[i]->noted.length + MEMBERS_SIZE;
    char *text = arena_take(&ex->arena, size), *at = text;
    if (text == NULL)
        return (struct slice){0};
    for (size_t i = 0; i < count; i++) {
        at = put(at, i == 0 ? SLICE_LITERAL(",\"charged\":[") : SLICE_LITERAL(","));
        at = put_charge(at, ex, i);
    }
    at = put(at, SLICE_LITERAL("]"));
    if (count < ex->charge_count)
        at = put_decimal(put(at, SLICE_LITERAL(",\"charged_total\":")),
                         decimal_from_integer((int64_t)ex->charge_count));
    return slice_of(text, (size_t)(at - text));
}
