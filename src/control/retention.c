// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept. What the operator says holds; else what people said over the API.
// They can lengthen it at once, but what is shorter waits for days, so that a session alone does
// not make the past go away. Only control_settle_retention looks at the clock.
#include "control/control_internal.h"

#include "base/log.h"

static struct control_retention resolve(const struct control_retention *ordered,
                                        const struct store_kept said[STORE_KEPT])
{
    struct control_retention result = *ordered;
    for (size_t i = 0; i < STORE_KEPT; i++)
        if (result.kept[i].by == CONTROL_KEPT_BY_DEFAULT && said[i].said)
            result.kept[i] = (struct control_keep){said[i].value, CONTROL_KEPT_BY_PEOPLE};
    return result;
}

static struct control_retention ordered_of(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    struct control_retention result = control->retention.ordered;
    pthread_mutex_unlock(&control->lock);
    return result;
}

struct control_retention control_retention(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    struct control_retention result = resolve(&control->retention.ordered, control->retention.said);
    pthread_mutex_unlock(&control->lock);
    return result;
}

struct control_retention control_resolve_retention(struct control *control,
                                                   const struct store_retention *row)
{
    struct control_retention ordered = ordered_of(control);
    return resolve(&ordered, row->kept);
}

void control_say_retention(struct control *control, const struct control_retention *said)
{
    pthread_mutex_lock(&control->lock);
    control->retention.ordered = *said;
    pthread_mutex_unlock(&control->lock);
}

int control_find_retention(struct store_view *view, struct store_retention *ret,
                           struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    const struct store_page page = {.limit = 1};
    const struct store_retention *rows = NULL;
    size_t count = 0;
    *ret = (struct store_retention){.head.version = 0};
    int result = store_find_organisation(view, (struct slice){0}, "name", SLICE_LITERAL("default"),
                                         &owner, error);
    if (result == 0)
        result = store_list_retention(view, owner.head.id, (struct slice){0}, &page, &rows, &count,
                                      NULL, error);
    if (result == 0 && count > 0)
        *ret = *rows;
    ret->head.organisation = owner.head.id;
    return result == ERROR_NOT_FOUND ? 0 : result;
}

int control_load_retention(struct control *control, struct store_view *view, struct error *error)
{
    struct store_retention row;
    int result = control_find_retention(view, &row, error);
    if (result != 0)
        return result; // the former stays
    pthread_mutex_lock(&control->lock);
    memcpy(control->retention.said, row.kept, sizeof row.kept);
    pthread_mutex_unlock(&control->lock);
    return 0;
}

void control_retention_committed(struct control *control, struct store_view *view,
                                 const struct store_change *changes, size_t count)
{
    struct error error = {0};
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || changes[i].kind == STORE_RETENTION;
    int result = any ? control_load_retention(control, view, &error) : 0;
    if (result != 0)
        log_event(LOG_ERROR, "control", "how long the logs are kept cannot be read: %s",
                  error.text);
    control_note_failure(control, result);
}

// ---- Changing

static bool is_shorter(int64_t value, int64_t than)
{
    return value != 0 && (than == 0 || value < than);
}

static void apply(struct store_kept *kept, int64_t in_force, int64_t wanted, int64_t now_ms)
{
    if (is_shorter(wanted, in_force)) {
        if (kept->due_ms == 0 || kept->next != wanted)
            kept->due_ms = now_ms + CONTROL_SHORTER_MS;
        kept->next = wanted;
        return;
    }
    if (wanted != in_force) {
        kept->said = true;
        kept->value = wanted;
    }
    kept->next = kept->due_ms = 0;
}

static bool same(const struct store_kept *a, const struct store_kept *b)
{
    return a->said == b->said && a->value == b->value && a->next == b->next &&
           a->due_ms == b->due_ms;
}

static int keep(struct store_view *view, const struct store_kept before[STORE_KEPT],
                struct store_retention *row, struct error *error)
{
    bool differs = false;
    for (size_t i = 0; i < STORE_KEPT; i++)
        differs = differs || !same(&before[i], &row->kept[i]);
    if (!differs)
        return 0;
    return row->head.version == 0 ? store_add_retention(view, row, error)
                                  : store_change_retention(view, row, error);
}

int control_change_retention(struct control *control, struct store_view *view,
                             const struct control_wish wishes[STORE_KEPT], int64_t now_ms,
                             struct store_retention *row, struct error *error)
{
    struct control_retention in_force = control_resolve_retention(control, row);
    struct store_kept before[STORE_KEPT];
    memcpy(before, row->kept, sizeof before);
    for (size_t i = 0; i < STORE_KEPT; i++) {
        const struct control_keep *kept = &in_force.kept[i];
        bool ordered = kept->by == CONTROL_KEPT_AT_START || kept->by == CONTROL_KEPT_BY_FILE;
        if (wishes[i].given && ordered)
            return error_set(error, ERROR_DENIED, "the operator says how long this is kept");
        if (wishes[i].given)
            apply(&row->kept[i], kept->value, wishes[i].value, now_ms);
    }
    return keep(view, before, row, error);
}

int control_settle_retention(struct control *control, struct store_view *view, int64_t now_ms,
                             struct error *error)
{
    struct store_retention row;
    struct store_kept before[STORE_KEPT];
    struct control_retention ordered = ordered_of(control);
    int result = control_find_retention(view, &row, error);
    if (result != 0 || row.head.version == 0)
        return result;
    memcpy(before, row.kept, sizeof before);
    for (size_t i = 0; i < STORE_KEPT; i++) {
        struct store_kept *kept = &row.kept[i];
        bool dropped = ordered.kept[i].by != CONTROL_KEPT_BY_DEFAULT;
        if (kept->due_ms == 0 || (!dropped && now_ms < kept->due_ms))
            continue;
        if (!dropped) {
            kept->said = true;
            kept->value = kept->next;
        }
        kept->next = kept->due_ms = 0;
    }
    return keep(view, before, &row, error);
}
