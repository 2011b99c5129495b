// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Grants that ran away: paused in the database, until a person resumes them.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

struct pausing {
    struct store_job job;
    control_paused_cb done;
    void *argument;
    struct slice organisation, grant, why; // in `bytes`
    char bytes[];
};

static int run(void *argument, struct store_view *view, struct error *error)
{
    const struct pausing *pausing = argument;
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result = store_get_grant(view, pausing->organisation, pausing->grant, &grant, error);
    if (result != 0 || grant.paused_ms != 0)
        return result;
    grant.paused_ms = clock_wall_ms();
    grant.paused_why = pausing->why;
    return store_change_grant(view, &grant, error);
}

static void done(void *argument, int result, const struct error *error)
{
    struct pausing *pausing = argument;
    if (result != 0)
        log_event(LOG_ERROR, "control", "cannot keep that grant %.*s is paused: %s",
                  SLICE_PRINT(pausing->grant), error->text);
    pausing->done(pausing->argument, pausing->grant, result == 0);
    memory_free(pausing);
}

static struct slice put(char **at, struct slice text)
{
    struct slice copy = slice_of(*at, text.length);
    if (text.length > 0)
        memcpy(*at, text.data, text.length);
    *at += text.length;
    return copy;
}

void control_pause_grant(struct control *control, struct slice organisation, struct slice grant,
                         struct slice why, control_paused_cb paused, void *argument)
{
    struct pausing *pausing =
        memory_try_new(sizeof *pausing + organisation.length + grant.length + why.length);
    if (pausing == NULL) {
        paused(argument, grant, false);
        return;
    }
    char *at = pausing->bytes;
    pausing->organisation = put(&at, organisation);
    pausing->grant = put(&at, grant);
    pausing->why = put(&at, why);
    pausing->done = paused;
    pausing->argument = argument;
    pausing->job = (struct store_job){.access = STORE_WRITE,
                                      .actor = {.kind = STORE_SYSTEM},
                                      .run = run,
                                      .done = done,
                                      .argument = pausing};
    store_submit(control_records(control), &pausing->job);
}

int control_resume_grant(struct store_view *view, struct slice organisation, struct slice id,
                         int64_t version, struct error *error)
{
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result = store_get_grant(view, organisation, id, &grant, error);
    if (result == 0 && grant.paused_ms == 0)
        result = error_set(error, ERROR_EXISTS, "the grant is not paused");
    grant.head.version = version;
    grant.paused_ms = 0;
    grant.paused_why = (struct slice){"", 0};
    return result == 0 ? store_change_grant(view, &grant, error) : result;
}
