// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The desk of calls that wait for a person, with what it needs of the database and its keys.
#include "control/control_internal.h"

#include "base/memory.h"

static int seal_cb(void *argument, struct slice plain, struct slice place, struct buffer *out,
                   struct error *error)
{
    struct secret_keys *keys = control_keys(argument);
    int result = secret_seal(keys, plain, place, out, error);
    secret_keys_unref(keys);
    return result;
}

int control_derive_tickets(const struct secret_keys *keys, struct secret_keys **ret,
                           struct error *error)
{
    return secret_keys_derive(keys, "approval tickets", ret, error);
}

static int load(void *argument, struct store_view *view, struct error *error)
{
    struct control *control = argument;
    struct approval_options options = {.records = control->records,
                                       .seal = seal_cb,
                                       .count_votes = control_count_votes,
                                       .argument = control};
    struct secret_keys *keys = control_keys(control);
    int result = control_derive_tickets(keys, &options.tickets, error);
    secret_keys_unref(keys);
    if (result != 0)
        return result;
    struct approval_desk *desk = approval_desk_new(&options);
    result = approval_desk_load(desk, view, error);
    if (result != 0)
        approval_desk_free(desk);
    else
        control->desk = desk;
    return result;
}

// A job that writes, so that no change comes between what is read and what is told.
int control_open_desk(struct control *control, struct error *error)
{
    return store_run(control->records, STORE_WRITE, NULL, load, control, error);
}

struct approval_desk *control_desk(const struct control *control)
{
    return control->desk;
}
