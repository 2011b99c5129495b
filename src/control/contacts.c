// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What strangers write by the contact form: few enough that nobody fills the disk with it.
#include "control/control_internal.h"

static const int64_t hour_ms = 60 * 60 * 1000;
static const int64_t kept_ms = (int64_t)CONTROL_CONTACT_DAYS * 24 * 60 * 60 * 1000;

struct counting {
    struct store_view *view;
    int64_t now_ms;
    size_t count, lately;
    char done[64]; // the oldest that is done
};

static int look_at(struct counting *c, const struct store_contact *row, struct error *error)
{
    int64_t age_ms = c->now_ms - row->head.created_ms;
    if (age_ms > kept_ms)
        return store_remove(c->view, STORE_CONTACT, row->head.organisation, row->head.id, 0, error);
    c->count++;
    c->lately += age_ms < hour_ms;
    if (row->done_ms != 0 && c->done[0] == '\0' && row->head.id.length < sizeof c->done)
        memcpy(c->done, row->head.id.data, row->head.id.length);
    return 0;
}

static int count_all(struct counting *c, struct slice organisation, struct error *error)
{
    // More than these are never kept.
    const struct store_page page = {.limit = CONTROL_CONTACTS_MAX + 1};
    const struct store_contact *rows = NULL;
    size_t count = 0;
    int result = store_list_contact(c->view, organisation, (struct slice){0}, &page, &rows, &count,
                                    NULL, error);
    for (size_t i = 0; i < count && result == 0; i++)
        result = look_at(c, &rows[i], error);
    return result;
}

int control_add_contact(struct store_view *view, struct store_contact *row, int64_t now_ms,
                        struct error *error)
{
    struct counting c = {.view = view, .now_ms = now_ms};
    int result = count_all(&c, row->head.organisation, error);
    if (result != 0)
        return result;
    if (c.lately >= CONTROL_CONTACTS_AN_HOUR)
        return error_set(error, ERROR_LIMIT, "many people write just now; try again in an hour");
    if (c.count >= CONTROL_CONTACTS_MAX && c.done[0] == '\0')
        return error_set(error, ERROR_LIMIT, "too many questions wait for their answers");
    if (c.count >= CONTROL_CONTACTS_MAX)
        result = store_remove(view, STORE_CONTACT, row->head.organisation,
                              slice_from_string(c.done), 0, error);
    return result == 0 ? store_add_contact(view, row, error) : result;
}
