// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Everything that is sealed, sealed anew under the newest key. What others write meanwhile is under
// that key already (control_keys), so that one walk finds all the rest.
#include "control/control_internal.h"

#include "base/clock.h"
#include "store/walk.h"

// Others wait for a job of so many records; lists are read in pages of as many.
enum { BATCH = 100 };

// ---- One record

// Does nothing to what is under the newest key already.
static int reseal_value(struct control_reseal *reseal, struct store_view *view, struct slice place,
                        struct slice *value, bool *ret_other, struct error *error)
{
    struct control *control = reseal->control;
    struct buffer plain;
    if (value->length == 0 || secret_key_of(*value) == reseal->number)
        return 0;
    *ret_other = true;
    if (reseal->counts)
        return 0;
    buffer_init(&plain, 0);
    int result = control_open_in(control, *value, place, &plain, error);
    if (result == 0)
        result = control_seal_any(control, view, buffer_slice(&plain), place, value, error);
    buffer_wipe(&plain);
    return result;
}

static int keep(struct control_reseal *reseal, struct store_view *view, enum store_kind kind,
                const struct store_head *record, struct error *error)
{
    reseal->found++;
    return reseal->counts ? 0 : store_reseal(view, kind, record, error);
}

static int reseal_credential(struct control_reseal *reseal, struct store_view *view,
                             const void *record, struct error *error)
{
    struct store_credential row = *(const struct store_credential *)record;
    bool other = false;
    int result = reseal_value(reseal, view, control_place_of(&row, store_arena(view)), &row.sealed,
                              &other, error);
    return result == 0 && other ? keep(reseal, view, STORE_CREDENTIAL, &row.head, error) : result;
}

static int reseal_bearer(struct control_reseal *reseal, struct store_view *view, const void *record,
                         struct error *error)
{
    struct store_bearer row = *(const struct store_bearer *)record;
    struct arena *arena = store_arena(view);
    struct slice organisation = row.head.organisation, id = row.authorization;
    bool other = false;
    int result =
        reseal_value(reseal, view, control_place_of_token(organisation, id, "access", arena),
                     &row.access, &other, error);
    if (result == 0)
        result =
            reseal_value(reseal, view, control_place_of_token(organisation, id, "refresh", arena),
                         &row.refresh, &other, error);
    return result == 0 && other ? keep(reseal, view, STORE_BEARER, &row.head, error) : result;
}

static int reseal_client(struct control_reseal *reseal, struct store_view *view, const void *record,
                         struct error *error)
{
    struct store_authorization row = *(const struct store_authorization *)record;
    bool other = false;
    int result = reseal_value(
        reseal, view,
        control_place_of_token(row.head.organisation, row.head.id, "secret", store_arena(view)),
        &row.client_secret, &other, error);
    return result == 0 && other ? keep(reseal, view, STORE_AUTHORIZATION, &row.head, error)
                                : result;
}

static int reseal_provider(struct control_reseal *reseal, struct store_view *view,
                           const void *record, struct error *error)
{
    struct store_provider row = *(const struct store_provider *)record;
    bool other = false;
    int result = reseal_value(reseal, view, control_place_of_provider(&row, store_arena(view)),
                              &row.sealed, &other, error);
    return result == 0 && other ? keep(reseal, view, STORE_PROVIDER, &row.head, error) : result;
}

static int reseal_channel(struct control_reseal *reseal, struct store_view *view,
                          const void *record, struct error *error)
{
    struct store_channel row = *(const struct store_channel *)record;
    bool other = false;
    int result = reseal_value(reseal, view, control_place_of_channel(&row, store_arena(view)),
                              &row.sealed, &other, error);
    return result == 0 && other ? keep(reseal, view, STORE_CHANNEL, &row.head, error) : result;
}

// A list has no arguments.
static int reseal_question(struct control_reseal *reseal, struct store_view *view,
                           const void *record, struct error *error)
{
    const struct store_question *listed = record;
    struct store_question row = {.state = STORE_ASKED};
    bool other = false;
    int result = store_get_question(view, listed->head.organisation, listed->head.id, &row, error);
    if (result == 0)
        result = reseal_value(reseal, view, control_place_of_question(&row, store_arena(view)),
                              &row.arguments, &other, error);
    return result == 0 && other ? keep(reseal, view, STORE_QUESTION, &row.head, error) : result;
}

// ---- All records

static const struct sealed_kind {
    enum store_kind kind;
    int (*reseal)(struct control_reseal *reseal, struct store_view *view, const void *record,
                  struct error *error);
    bool recent; // those before since_ms have nothing that is sealed
} kinds[] = {
    {STORE_CREDENTIAL, reseal_credential, false}, {STORE_AUTHORIZATION, reseal_client, false},
    {STORE_BEARER, reseal_bearer, false},         {STORE_PROVIDER, reseal_provider, false},
    {STORE_CHANNEL, reseal_channel, false},       {STORE_QUESTION, reseal_question, true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void stand_at(struct control_place *place, struct slice id)
{
    place->length = id.length < sizeof place->text ? id.length : sizeof place->text;
    if (place->length > 0)
        memcpy(place->text, id.data, place->length);
}

static struct slice text_of(const struct control_place *place)
{
    return slice_of(place->text, place->length);
}

static int reseal_kind(struct control_reseal *reseal, struct store_view *view,
                       const struct sealed_kind *kind, struct slice organisation,
                       struct error *error)
{
    struct store_walk walk = store_walk_over(kind->kind, organisation, BATCH);
    int result = 0;
    walk.page.newest_first = kind->recent;
    walk.id = text_of(&reseal->record);
    while (reseal->left > 0 && store_walk_next(&walk, view, &result, error)) {
        const struct store_head *head = walk.row;
        if (kind->recent && head->created_ms < reseal->since_ms)
            break;
        reseal->left--;
        result = kind->reseal(reseal, view, walk.row, error);
        stand_at(&reseal->record, walk.id);
    }
    return result;
}

static int reseal_organisation(struct control_reseal *reseal, struct store_view *view,
                               struct slice organisation, struct error *error)
{
    int result = 0;
    while (result == 0 && reseal->left > 0 && reseal->kind < KINDS) {
        result = reseal_kind(reseal, view, &kinds[reseal->kind], organisation, error);
        if (result != 0 || reseal->left == 0)
            break;
        reseal->kind++;
        reseal->record.length = 0;
    }
    return result;
}

struct control_reseal control_reseal_begin(struct control *control, uint32_t number, bool counts)
{
    // Open questions, and those of the last days, which may be over but have arguments still.
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    int64_t since_ms = clock_wall_ms() - APPROVAL_LIFE_MAX_MS - (STORE_ARGUMENTS_DAYS + 1) * day_ms;
    return (struct control_reseal){
        .control = control, .number = number, .counts = counts, .since_ms = since_ms};
}

int control_reseal_some(void *argument, struct store_view *view, struct error *error)
{
    struct control_reseal *reseal = argument;
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    reseal->left = BATCH;
    walk.id = text_of(&reseal->organisation);
    while (reseal->left > 0 && store_walk_next(&walk, view, &result, error)) {
        result = reseal_organisation(reseal, view, walk.id, error);
        if (result != 0 || reseal->left == 0)
            break;
        stand_at(&reseal->organisation, walk.id);
        reseal->kind = 0;
        reseal->record.length = 0;
    }
    reseal->over = result == 0 && reseal->left > 0;
    return result;
}
