// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Limits and sessions on the clock of the log. Where it is not known whether a call ran, or what it
// was charged, there are two tables: one has what was surely charged, the other the most that may
// have been. What is full in the first was surely full; what fits into the second surely fitted.
#include "base/memory.h"
#include "rehearse/rehearse_internal.h"

enum { SESSIONS_MAX = 1000000, TALLY_MEMORY = 512 * 1024 * 1024, COUNTER_BYTES = 190 };

struct taint {
    int64_t until_ms;
};

int rehearse_tally_init(struct rehearse_tally *tally, bool unsure, size_t memory_max)
{
    const size_t counters = memory_max / COUNTER_BYTES; // 0: as many as there may ever be
    *tally = (struct rehearse_tally){0};
    arena_init(&tally->arena,
               memory_max == 0 || memory_max > TALLY_MEMORY ? TALLY_MEMORY : memory_max);
    table_init(&tally->tainted);
    table_init(&tally->sessions);
    tally->sure = limit_table_new(counters);
    tally->most = unsure ? limit_table_new(counters) : NULL;
    return tally->sure == NULL || (unsure && tally->most == NULL) ? ERROR_NO_MEMORY : 0;
}

void rehearse_tally_release(struct rehearse_tally *tally)
{
    limit_table_free(tally->sure);
    limit_table_free(tally->most);
    table_release(&tally->tainted);
    table_release(&tally->sessions);
    arena_release(&tally->arena);
}

// ---- Keys: as the gateway's, whose sessions and grants are told apart by more

static struct slice counter_key(const struct policy_charge *charge,
                                const struct rehearse_payer *payer, bool whole, struct arena *arena)
{
    static const struct slice scopes[] = {[POLICY_SCOPE_GRANT] = {"g", 1},
                                          [POLICY_SCOPE_SESSION] = {"s", 1},
                                          [POLICY_SCOPE_SERVER] = {"v", 1},
                                          [POLICY_SCOPE_ORGANISATION] = {"o", 1}};
    const struct slice none = SLICE_LITERAL("");
    bool session = charge->scope == POLICY_SCOPE_SESSION;
    bool grants = session || charge->scope == POLICY_SCOPE_GRANT;
    bool stateless = payer->session.length == 0;
    struct slice parts[] = {payer->organisation,
                            payer->server,
                            scopes[charge->scope],
                            grants ? payer->grant : none,
                            session ? payer->session : none,
                            session && stateless ? payer->client : none,
                            charge->counter,
                            whole ? SLICE_LITERAL("*") : SLICE_LITERAL("="),
                            whole ? none : charge->per};
    return limit_key(arena, parts, sizeof parts / sizeof *parts);
}

struct slice rehearse_tally_key(const struct policy_charge *charge,
                                const struct rehearse_payer *payer, struct arena *arena)
{
    return charge->scope == POLICY_SCOPE_SESSION ? (struct slice){0}
                                                 : counter_key(charge, payer, false, arena);
}

static struct limit_charge charge_of(const struct policy_charge *charge, struct slice key)
{
    return (struct limit_charge){.key = key,
                                 .sliding = charge->sliding,
                                 .window_ms = charge->window_ms,
                                 .calendar_month = charge->calendar_month,
                                 .max = charge->max,
                                 .amount = charge->amount};
}

// ---- Counters of which it is not known what was charged to which of them

static bool is_tainted(const struct rehearse_tally *tally, struct slice whole, int64_t at_ms)
{
    const struct taint *taint = table_get(&tally->tainted, whole);
    return taint != NULL && taint->until_ms > at_ms;
}

static int taint(struct rehearse_tally *tally, struct slice whole,
                 const struct policy_charge *charge, int64_t at_ms)
{
    const int64_t month_ms = 31LL * 86400000;
    int64_t window = charge->calendar_month ? month_ms : charge->window_ms;
    struct taint *taint = table_get(&tally->tainted, whole);
    if (taint == NULL) {
        struct slice key = arena_copy(&tally->arena, whole);
        taint = arena_take_zeroed(&tally->arena, sizeof *taint);
        if (key.data == NULL || taint == NULL || table_put(&tally->tainted, key, taint) != 0)
            return ERROR_NO_MEMORY;
    }
    taint->until_ms = at_ms > INT64_MAX - window ? INT64_MAX : at_ms + window;
    return 0;
}

// ---- The two tables

struct charging {
    struct rehearse_tally *tally;
    const struct rehearse_verdict *verdict;
    struct limit_charge *sure;  // by its own key
    struct limit_charge *whole; // by the key of all that it is split into
    int64_t at_ms;
    struct arena *arena;
    struct limit_receipt *receipts;
};

static bool is_split(const struct policy_charge *charge)
{
    return charge->per.length > 0 || charge->unsure_per;
}

static int prepare(struct charging *c, const struct rehearse_payer *payer)
{
    size_t count = c->verdict->charge_count;
    c->sure = arena_take(c->arena, 2 * count * sizeof *c->sure);
    if (c->sure == NULL)
        return ERROR_NO_MEMORY;
    c->whole = c->sure + count;
    for (size_t i = 0; i < count; i++) {
        const struct policy_charge *charge = &c->verdict->charges[i];
        struct slice key = c->verdict->keys != NULL ? c->verdict->keys[i] : (struct slice){0};
        if (key.data == NULL)
            key = counter_key(charge, payer, false, c->arena);
        struct slice whole = key;
        if (c->tally->most != NULL && is_split(charge))
            whole = counter_key(charge, payer, true, c->arena);
        if (key.data == NULL || whole.data == NULL)
            return ERROR_NO_MEMORY;
        c->sure[i] = charge_of(charge, key);
        c->whole[i] = charge_of(charge, whole);
    }
    return 0;
}

// What cannot be reserved for another reason than its maximum is full as well.
static bool fits(struct limit_table *table, const struct limit_charge *charges, size_t count,
                 int64_t at_ms, size_t *ret_index)
{
    int64_t retry_ms;
    return limit_check(table, charges, count, at_ms, ret_index, &retry_ms) == 0;
}

// What is not known, and what may be full, does not surely fit.
static bool fits_most(const struct charging *c, size_t *ret_index)
{
    size_t count = c->verdict->charge_count;
    struct limit_charge *chosen = arena_take(c->arena, count * sizeof *chosen);
    for (size_t i = 0; i < count; i++) {
        const struct policy_charge *charge = &c->verdict->charges[i];
        bool split = is_split(charge) &&
                     (charge->unsure_per || is_tainted(c->tally, c->whole[i].key, c->at_ms));
        *ret_index = i;
        if (chosen == NULL || charge->unsure_amount ||
            (!is_split(charge) && is_tainted(c->tally, c->sure[i].key, c->at_ms)))
            return false;
        chosen[i] = split ? c->whole[i] : c->sure[i];
    }
    return fits(c->tally->most, chosen, count, c->at_ms, ret_index);
}

// Into the table of the most, whether it fits or not.
static int force(struct charging *c, struct limit_charge charge, const struct policy_charge *from,
                 struct limit_receipt *ret_receipt)
{
    size_t index;
    int64_t retry_ms;
    struct limit_receipt receipt;
    if (from->unsure_amount)
        charge.amount = charge.max; // whatever it was, nothing more surely fits
    charge.max = (struct decimal){.coefficient = 1, .exponent = 34}; // more than any sum
    int result = limit_reserve(c->tally->most, &charge, 1, c->at_ms, &receipt, &index, &retry_ms);
    if (result == 0 && ret_receipt != NULL)
        *ret_receipt = receipt;
    return result == ERROR_LIMIT ? taint(c->tally, charge.key, from, c->at_ms) : result;
}

static int force_all(struct charging *c)
{
    int result = 0;
    for (size_t i = 0; c->tally->most != NULL && i < c->verdict->charge_count && result == 0; i++) {
        const struct policy_charge *charge = &c->verdict->charges[i];
        struct limit_receipt *receipt =
            c->receipts == NULL ? NULL : &c->receipts[c->verdict->charge_count + i];
        if (!charge->unsure_per)
            result = force(c, c->sure[i], charge, receipt);
        if (result == 0 && is_split(charge))
            result = force(c, c->whole[i], charge, NULL);
        if (result == 0 && charge->unsure_per)
            result = taint(c->tally, c->whole[i].key, charge, c->at_ms);
    }
    return result;
}

static int take(struct charging *c, enum rehearse_fit *ret, size_t *ret_index)
{
    size_t count = c->verdict->charge_count;
    struct limit_receipt *receipts = c->receipts;
    int64_t retry_ms;
    if (receipts == NULL)
        receipts = arena_take(c->arena, count * sizeof *receipts);
    if (receipts == NULL)
        return ERROR_NO_MEMORY;
    int result =
        limit_reserve(c->tally->sure, c->sure, count, c->at_ms, receipts, ret_index, &retry_ms);
    if (result == ERROR_LIMIT)
        *ret = REHEARSE_FULL;
    return result == 0 ? force_all(c) : result == ERROR_LIMIT ? 0 : result;
}

// An amount that is not known is nothing in the table of what is sure.
static bool any_unsure(const struct rehearse_verdict *verdict)
{
    for (size_t i = 0; i < verdict->charge_count; i++)
        if (verdict->charges[i].unsure_amount || verdict->charges[i].unsure_per)
            return true;
    return false;
}

// Is one of the charges whose amounts are known surely too much?
static bool surely_full(const struct charging *c, size_t *ret_index)
{
    if (!any_unsure(c->verdict))
        return !fits(c->tally->sure, c->sure, c->verdict->charge_count, c->at_ms, ret_index);
    for (size_t i = 0; i < c->verdict->charge_count; i++) {
        const struct policy_charge *charge = &c->verdict->charges[i];
        size_t index;
        *ret_index = i;
        if (!charge->unsure_amount && !charge->unsure_per &&
            !fits(c->tally->sure, &c->sure[i], 1, c->at_ms, &index))
            return true;
    }
    return false;
}

int rehearse_tally_charge(struct rehearse_tally *tally, const struct rehearse_verdict *verdict,
                          const struct rehearse_payer *payer, enum rehearse_charge_mode mode,
                          int64_t at_ms, struct arena *arena, struct limit_receipt *receipts,
                          enum rehearse_fit *ret, size_t *ret_index)
{
    struct charging c = {
        .tally = tally, .verdict = verdict, .at_ms = at_ms, .arena = arena, .receipts = receipts};
    int result = prepare(&c, payer);
    *ret = REHEARSE_FITS;
    if (result != 0)
        return result;
    if (tally->most == NULL && mode == REHEARSE_TAKE)
        return take(&c, ret, ret_index);
    if (surely_full(&c, ret_index)) {
        *ret = REHEARSE_FULL;
        return 0;
    }
    if (tally->most != NULL && !fits_most(&c, ret_index))
        *ret = REHEARSE_FIT_UNSURE;
    if (mode == REHEARSE_LOOK)
        return 0;
    return mode == REHEARSE_TAKE && *ret == REHEARSE_FITS ? take(&c, ret, ret_index)
                                                          : force_all(&c);
}

void rehearse_tally_give_back(struct rehearse_tally *tally, const struct limit_receipt *receipts,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!decimal_is_zero(receipts[i].amount))
            limit_give_back(tally->sure, &receipts[i]);
        if (tally->most != NULL && !decimal_is_zero(receipts[count + i].amount))
            limit_give_back(tally->most, &receipts[count + i]);
    }
}

// ---- Sessions

struct rehearse_session *rehearse_tally_session(struct rehearse_tally *tally,
                                                const struct rehearse_payer *payer, bool begins)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct slice parts[] = {payer->organisation, payer->grant, payer->server, payer->session,
                            payer->session.length == 0 ? payer->client : SLICE_LITERAL("")};
    struct slice key = limit_key(&arena, parts, 5);
    struct rehearse_session *session = key.data == NULL ? NULL : table_get(&tally->sessions, key);
    if (session == NULL && key.data != NULL && tally->sessions.count < SESSIONS_MAX) {
        key = arena_copy(&tally->arena, key);
        session = arena_take_zeroed(&tally->arena, sizeof *session);
        if (key.data == NULL || session == NULL || table_put(&tally->sessions, key, session) != 0)
            session = NULL;
        else
            session->known = begins || tally->from_the_start;
    }
    arena_release(&arena);
    return session;
}
