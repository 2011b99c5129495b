// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Random jobs against the store and against a plain array that says what must come out. Every
// failure prints its seed; "test_model SEED ROUNDS" runs it again.
#include "records.h"

#include <time.h>

enum { ORGANISATIONS = 3, ROWS = 300, NAMES = 12, OPS_MAX = 6 };
enum kind { SERVER, POLICY, GRANT, REACH, KINDS };

static const enum store_kind store_kinds[KINDS] = {STORE_SERVER, STORE_POLICY, STORE_GRANT,
                                                   STORE_REACH};

struct row {
    bool there;
    enum kind kind;
    int organisation, name; // of REACH the number of a version: always 0
    int64_t version;
    struct records_id id;
    int grant, server, policy; // rows; policy -1: none
};
struct model {
    struct row rows[ROWS];
    int count; // rows ever used
};

static struct records records;
static struct records_id organisations[ORGANISATIONS];
static struct model model;
static uint64_t seed, state_now;
static uint64_t rounds = 1500;

static uint64_t next(void) // xorshift64*
{
    state_now ^= state_now >> 12;
    state_now ^= state_now << 25;
    state_now ^= state_now >> 27;
    return state_now * 0x2545F4914F6CDD1DULL;
}

static int below(int bound)
{
    return (int)(next() % (uint64_t)bound);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("seed %llu: %s (line %d; %s)", (unsigned long long)seed, #condition,          \
                     __LINE__, records.error.text);                                                \
    } while (0)

// ---- The model

static bool same_name(const struct row *a, const struct row *b)
{
    if (!a->there || !b->there || a->kind != b->kind || a->organisation != b->organisation)
        return false;
    return a->kind == REACH ? a->grant == b->grant && a->server == b->server : a->name == b->name;
}

static bool name_taken(const struct row *row)
{
    for (int i = 0; i < model.count; i++)
        if (&model.rows[i] != row && same_name(&model.rows[i], row))
            return true;
    return false;
}

static bool exists_in(int organisation, int row)
{
    return model.rows[row].there && model.rows[row].organisation == organisation;
}

static bool is_used(int row)
{
    for (int i = 0; i < model.count; i++) {
        const struct row *r = &model.rows[i];
        if (r->there && r->kind == REACH && (r->server == row || r->policy == row))
            return true;
    }
    return false;
}

static int pick(enum kind kind)
{
    for (int tries = 0; tries < 50 && model.count > 0; tries++) {
        int row = below(model.count);
        if (model.rows[row].kind == kind)
            return row; // also one that is gone
    }
    return -1;
}

static void forget(int row)
{
    model.rows[row].there = false;
    for (int i = 0; i < model.count; i++)
        if (model.rows[i].kind == REACH && model.rows[i].grant == row)
            model.rows[i].there = false;
}

// ---- The store's side of a row

union any {
    struct store_head head;
    struct store_server server;
    struct store_policy policy;
    struct store_grant grant;
    struct store_reach reach;
};

static char names[NAMES][8];

static void fill(const struct row *row, union any *ret)
{
    memset(ret, 0, sizeof *ret);
    struct slice name = slice_from_string(names[row->name]);
    if (row->kind == SERVER) {
        ret->server.name = name;
        ret->server.settings = TEXT("{}");
    } else if (row->kind == POLICY) {
        ret->policy.name = name;
    } else if (row->kind == GRANT) {
        ret->grant.label = name;
        ret->grant.tags = TEXT("[]");
    } else {
        ret->reach.grant = records_id(&model.rows[row->grant].id);
        ret->reach.server = records_id(&model.rows[row->server].id);
        if (row->policy >= 0)
            ret->reach.policy = records_id(&model.rows[row->policy].id);
    }
    ret->head.organisation = records_id(&organisations[row->organisation]);
    ret->head.id = slice_from_string(row->id.text);
    ret->head.version = row->version;
}

static void check_row(const struct row *row, const union any *got)
{
    union any want;
    fill(row, &want);
    CHECK(slice_equal(got->head.id, want.head.id));
    CHECK(got->head.version == row->version);
    CHECK(slice_equal(got->head.organisation, want.head.organisation));
    if (row->kind == SERVER)
        CHECK(slice_equal(got->server.name, want.server.name));
    else if (row->kind == POLICY)
        CHECK(slice_equal(got->policy.name, want.policy.name));
    else if (row->kind == GRANT)
        CHECK(slice_equal(got->grant.label, want.grant.label));
    else
        CHECK(slice_equal(got->reach.grant, want.reach.grant) &&
              slice_equal(got->reach.server, want.reach.server) &&
              slice_equal(got->reach.policy, want.reach.policy));
}

// ---- Operations

static void add(struct store_view *view, struct error *error)
{
    struct row row = {.there = true,
                      .kind = (enum kind)below(KINDS),
                      .organisation = below(ORGANISATIONS),
                      .name = below(NAMES),
                      .version = 1,
                      .policy = -1};
    int want = 0;
    if (model.count == ROWS)
        return;
    if (row.kind == REACH) {
        row.grant = pick(GRANT);
        row.server = pick(SERVER);
        row.policy = below(2) == 0 ? -1 : pick(POLICY);
        if (row.grant < 0 || row.server < 0)
            return;
        if (!exists_in(row.organisation, row.grant) || !exists_in(row.organisation, row.server) ||
            (row.policy >= 0 && !exists_in(row.organisation, row.policy)))
            want = ERROR_NOT_FOUND;
    }
    union any record;
    fill(&row, &record);
    if (name_taken(&row))
        want = ERROR_EXISTS; // looked at first
    int got = store_add(view, store_kinds[row.kind], &record.head, error);
    CHECK(got == want);
    if (got == 0) {
        row.id = records_keep(record.head.id);
        model.rows[model.count++] = row;
    }
}

static void change(struct store_view *view, struct error *error)
{
    int place = model.count == 0 ? -1 : below(model.count);
    if (place < 0 || model.rows[place].kind == REACH)
        return;
    struct row row = model.rows[place], *now = &model.rows[place];
    int stale = below(4);
    int organisation = below(8) == 0 ? below(ORGANISATIONS) : row.organisation;
    row.name = below(NAMES);
    union any record;
    fill(&row, &record);
    record.head.organisation = records_id(&organisations[organisation]);
    record.head.version = stale == 0 ? row.version + 1 : stale == 1 ? 0 : row.version;
    int want = !row.there || organisation != row.organisation ? ERROR_NOT_FOUND
               : stale == 0                                   ? ERROR_CONFLICT
                                                              : 0;
    if (want == 0) {
        struct row before = *now;
        now->name = row.name;
        if (name_taken(now))
            want = ERROR_EXISTS;
        *now = before;
    }
    int got = store_change(view, store_kinds[row.kind], &record.head, error);
    CHECK(got == want);
    if (got == 0) {
        now->name = row.name;
        now->version++;
        CHECK(record.head.version == now->version);
    }
}

static void take_away(struct store_view *view, struct error *error)
{
    int place = model.count == 0 ? -1 : below(model.count);
    if (place < 0)
        return;
    const struct row *row = &model.rows[place];
    int organisation = below(8) == 0 ? below(ORGANISATIONS) : row->organisation;
    int stale = below(4);
    int want = !row->there || organisation != row->organisation ? ERROR_NOT_FOUND
               : stale == 0                                     ? ERROR_CONFLICT
               : is_used(place)                                 ? ERROR_EXISTS
                                                                : 0;
    int got = store_remove(view, store_kinds[row->kind], records_id(&organisations[organisation]),
                           records_id(&row->id), stale == 0 ? row->version + 1 : 0, error);
    CHECK(got == want);
    if (got == 0)
        forget(place);
}

static void look(struct store_view *view, struct error *error)
{
    int place = model.count == 0 ? -1 : below(model.count);
    union any got;
    if (place < 0)
        return;
    const struct row *row = &model.rows[place];
    int organisation = below(4) == 0 ? below(ORGANISATIONS) : row->organisation;
    int result = store_get(view, store_kinds[row->kind], records_id(&organisations[organisation]),
                           records_id(&row->id), &got.head, error);
    CHECK(result == (exists_in(organisation, place) ? 0 : ERROR_NOT_FOUND));
    if (result == 0)
        check_row(row, &got);
}

static void find_by_name(struct store_view *view, struct error *error)
{
    struct row wanted = {.there = true,
                         .kind = (enum kind)below(REACH),
                         .organisation = below(ORGANISATIONS),
                         .name = below(NAMES)};
    union any got;
    const struct row *found = NULL;
    for (int i = 0; i < model.count; i++)
        if (same_name(&model.rows[i], &wanted))
            found = &model.rows[i];
    int result =
        store_find(view, store_kinds[wanted.kind], records_id(&organisations[wanted.organisation]),
                   wanted.kind == GRANT ? "label" : "name", slice_from_string(names[wanted.name]),
                   &got.head, error);
    CHECK(result == (found == NULL ? ERROR_NOT_FOUND : 0));
    if (found != NULL)
        check_row(found, &got);
}

static const struct row *row_of(struct slice id)
{
    for (int i = 0; i < model.count; i++)
        if (slice_equal_string(id, model.rows[i].id.text))
            return &model.rows[i];
    return NULL;
}

// A whole list by pages of any size, in either direction, of all or of one grant's reach.
static void list(struct store_view *view, struct error *error)
{
    static const size_t sizes[KINDS] = {sizeof(struct store_server), sizeof(struct store_policy),
                                        sizeof(struct store_grant), sizeof(struct store_reach)};
    enum kind kind = (enum kind)below(KINDS);
    int organisation = below(ORGANISATIONS), parent = kind == REACH && below(2) ? pick(GRANT) : -1;
    struct store_page page = {.limit = (size_t)below(9) + 1, .newest_first = below(2) != 0};
    int want = 0, seen = 0;
    for (int i = 0; i < model.count; i++)
        want += exists_in(organisation, i) && model.rows[i].kind == kind &&
                (parent < 0 || model.rows[i].grant == parent);
    for (bool more = true; more;) {
        const void *items = NULL;
        size_t count = 0;
        struct slice of = parent < 0 ? (struct slice){0} : records_id(&model.rows[parent].id);
        CHECK(store_list(view, store_kinds[kind], records_id(&organisations[organisation]), of,
                         &page, &items, &count, &more, error) == 0);
        CHECK(count <= page.limit && (!more || count == page.limit));
        for (size_t i = 0; i < count; i++) {
            const union any *item = (const void *)((const char *)items + i * sizes[kind]);
            const struct row *row = row_of(item->head.id);
            CHECK(row != NULL && row->there && row->kind == kind);
            check_row(row, item);
            seen++;
            page.after = item->head.id;
        }
    }
    CHECK(seen == want);
}

static int run_job(void *argument, struct store_view *view, struct error *error)
{
    static void (*const ops[])(struct store_view *, struct error *) = {
        add, add, add, change, change, take_away, look, find_by_name, list};
    (void)argument;
    for (int i = below(OPS_MAX) + 1; i > 0; i--)
        ops[below(sizeof ops / sizeof *ops)](view, error);
    return below(5) == 0 ? ERROR_CANCELLED : 0;
}

static int read_job(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    for (int i = 0; i < 3; i++) {
        look(view, error);
        find_by_name(view, error);
        list(view, error);
    }
    return 0;
}

static int add_organisations(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    for (int i = 0; i < ORGANISATIONS; i++) {
        char name[8];
        snprintf(name, sizeof name, "o%d", i);
        struct store_organisation owner = {.name = slice_from_string(name)};
        int result = store_add_organisation(view, &owner, error);
        if (result != 0)
            return result;
        organisations[i] = records_keep(owner.head.id);
    }
    return 0;
}

static void agrees_with_the_model(void **state)
{
    (void)state;
    static struct model before;
    printf("seed %llu, %llu jobs\n", (unsigned long long)seed, (unsigned long long)rounds);
    state_now = seed * 2 + 1;
    records_make(&records);
    for (int i = 0; i < NAMES; i++)
        snprintf(names[i], sizeof names[i], "n%d", i);
    assert_int_equal(records_write(&records, add_organisations, NULL), 0);
    for (uint64_t i = 0; i < rounds; i++) {
        before = model;
        int result = records_write(&records, run_job, NULL);
        CHECK(result == 0 || result == ERROR_CANCELLED);
        if (result != 0)
            model = before;
        if (below(10) == 0)
            CHECK(records_read(&records, read_job, NULL) == 0);
        if (below(200) == 0) {
            store_records_close(records.store);
            records_open(&records);
        }
    }
    records_remove(&records);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_the_model)};
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
    rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : rounds;
    return cmocka_run_group_tests_name("store/model", tests, NULL, NULL);
}
