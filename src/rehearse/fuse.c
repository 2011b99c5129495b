// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The draft's fuse (`runaway`), in the order of time: a grant that it pauses stays so until the log
// shows that a person looked at it then, or to the end. What may have blown it is only counted.
#include "base/memory.h"
#include "rehearse/rehearse_internal.h"

enum { FUSE_MEMORY = 64 * 1024 * 1024 };

struct rehearse_grant {
    bool paused;          // by the draft
    bool was_paused;      // by the log
    int64_t denials;      // in a row, surely
    int64_t most_denials; // the same if all that cannot be told were denied
};

int rehearse_fuse_init(struct rehearse_fuse *fuse, const struct policy *draft, size_t memory_max)
{
    *fuse = (struct rehearse_fuse){.runaway = policy_runaway(draft)};
    arena_init(&fuse->arena, FUSE_MEMORY);
    table_init(&fuse->grants);
    if (fuse->runaway == NULL)
        return 0;
    fuse->calls = limit_table_new(memory_max / 190);
    return fuse->calls == NULL ? ERROR_NO_MEMORY : 0;
}

void rehearse_fuse_release(struct rehearse_fuse *fuse)
{
    limit_table_free(fuse->calls);
    table_release(&fuse->grants);
    arena_release(&fuse->arena);
}

static struct rehearse_grant *grant_of(struct rehearse_fuse *fuse, struct rehearse_class *class)
{
    if (class->fused != NULL)
        return class->fused;
    struct slice key =
        limit_key(&fuse->arena, (struct slice[]){class->organisation, class->grant}, 2);
    struct rehearse_grant *grant = key.data == NULL ? NULL : table_get(&fuse->grants, key);
    if (grant == NULL && key.data != NULL) {
        grant = arena_take_zeroed(&fuse->arena, sizeof *grant);
        if (grant != NULL && table_put(&fuse->grants, key, grant) != 0)
            grant = NULL;
    }
    return class->fused = grant;
}

// ---- What identical calls are

// Without values all calls with the same names may be identical.
void rehearse_print(struct rehearse *r, const struct rehearse_row *row,
                    struct rehearse_event *event)
{
    static const uint64_t seed[2] = {3, 4};
    static const struct json_limits limits = {.nodes = 1000000};
    bool none = row->arguments.data == NULL &&
                (row->keys.data == NULL || slice_equal_string(row->keys, "[]"));
    bool whole = row->arguments.data != NULL && row->left_out == 0 && row->keys_total == 0 &&
                 json_scan(&r->doc, row->arguments, &limits, NULL, NULL) == 0;
    buffer_clear(&r->merged);
    if (whole)
        whole = json_write_canonical(&r->merged, &r->doc, 0) == 0 && !r->merged.failed;
    for (uint32_t i = 0; whole && i < r->doc.count; i++)
        whole = json_type(&r->doc, i) != JSON_STRING || json_at(&r->doc, i)->is_key ||
                !rehearse_may_be_masked(json_raw(&r->doc, i));
    event->print_sure = whole || none;
    event->print = slice_hash(whole ? buffer_slice(&r->merged) : row->keys, seed);
}

// ---- Blowing

static void blow(struct rehearse *r, struct rehearse_grant *grant)
{
    *grant = (struct rehearse_grant){.paused = true, .was_paused = grant->was_paused};
    r->report.counts.fuses++;
}

// Is it one more than may be?
static int count_identical(struct rehearse *r, const struct rehearse_class *class,
                           const struct rehearse_event *event, bool *ret_more)
{
    struct rehearse_fuse *fuse = &r->fuse;
    const struct slice parts[] = {class->organisation,
                                  class->server,
                                  class->grant,
                                  class->subject,
                                  slice_of((const char *)&event->print, sizeof event->print),
                                  slice_of(event->print_sure ? "=" : "?", 1)};
    const struct limit_charge charge = {.key = limit_key(&r->scratch, parts, 6),
                                        .sliding = true,
                                        .window_ms = fuse->runaway->window_ms,
                                        .max = decimal_from_integer(fuse->runaway->identical_max),
                                        .amount = decimal_from_integer(1)};
    struct limit_receipt receipt;
    size_t index;
    int64_t retry_ms;
    int result = charge.key.data == NULL ? ERROR_NO_MEMORY
                                         : limit_reserve(fuse->calls, &charge, 1, event->at_ms,
                                                         &receipt, &index, &retry_ms);
    *ret_more = result == ERROR_LIMIT;
    if (*ret_more)
        limit_clear(fuse->calls, &charge, event->at_ms);
    return result == ERROR_LIMIT ? 0 : result;
}

static bool is_call(const struct rehearse_class *class)
{
    return class->judged_as != POLICY_METHOD;
}

static bool stop(struct rehearse_end *ret, const char *rule)
{
    *ret = (struct rehearse_end){.is = REHEARSE_DENIED, .rule = slice_from_string(rule)};
    return true;
}

bool rehearse_fuse_stops(struct rehearse *r, struct rehearse_class *class,
                         const struct rehearse_event *event, struct rehearse_end *ret,
                         int *ret_result)
{
    struct rehearse_fuse *fuse = &r->fuse;
    bool more = false;
    *ret_result = 0;
    if (fuse->runaway == NULL || !is_call(class) || class->observed) // which never pauses
        return false;
    struct rehearse_grant *grant = grant_of(fuse, class);
    if (grant == NULL) {
        *ret_result = ERROR_NO_MEMORY;
        return false;
    }
    if (grant->was_paused) // a person has looked
        *grant = (struct rehearse_grant){.paused = false};
    if (grant->paused) {
        r->report.counts.paused += !event->before;
        return stop(ret, "(paused)");
    }
    if (class->judged_as != POLICY_TOOL || fuse->runaway->identical_max == 0)
        return false;
    *ret_result = count_identical(r, class, event, &more);
    // Under the very draft it did not blow then.
    if (!more || class->same_draft)
        return false;
    if (!event->print_sure) {
        r->report.counts.fuse_unsure++;
        return false;
    }
    blow(r, grant);
    return stop(ret, "/runaway/identical_calls");
}

void rehearse_fuse_note(struct rehearse *r, struct rehearse_class *class,
                        const struct rehearse_end *end)
{
    const struct policy_runaway *runaway = r->fuse.runaway;
    struct rehearse_grant *grant = class->fused;
    if (runaway == NULL || runaway->denials == 0 || class->judged_as != POLICY_TOOL ||
        class->observed || grant == NULL)
        return;
    bool denied = end->is == REHEARSE_DENIED || end->is == REHEARSE_HIDDEN;
    bool ran = end->is == REHEARSE_ALLOWED || (end->is == REHEARSE_ASKED && class->approved);
    if (end->unsure || ran)
        grant->denials = 0;
    if (!end->unsure && ran)
        grant->most_denials = 0;
    grant->denials += !end->unsure && denied;
    grant->most_denials += end->unsure || denied;
    if (class->same_draft)
        return;
    if (grant->denials >= runaway->denials) {
        blow(r, grant);
    } else if (grant->most_denials >= runaway->denials) {
        r->report.counts.fuse_unsure++;
        grant->most_denials = 0;
    }
}

// A call that a pause denied then is not played, but whoever is let through behind it was looked
// at.
void rehearse_fuse_saw_pause(struct rehearse *r, struct rehearse_class *class)
{
    struct rehearse_grant *grant = r->fuse.runaway == NULL ? NULL : grant_of(&r->fuse, class);
    if (grant != NULL)
        grant->was_paused = true;
}
