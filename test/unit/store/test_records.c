// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "records.h"

#include "chain/chain.h"
#include "json/json.h"

static struct records records;

static int setup(void **state)
{
    (void)state;
    records_make(&records);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    records_remove(&records);
    return 0;
}

// Two organisations with one of everything each.
struct world {
    struct records_id organisation, member, server, policy, version, grant, token, reach;
};

static int build(void *argument, struct store_view *view, struct error *error)
{
    struct world *world = argument;
    char token[32];
    memset(token, world->organisation.text[0], sizeof token);
    struct store_organisation organisation = {.name = slice_from_string(world->organisation.text),
                                              .title = TEXT("One")};
    int result = store_add_organisation(view, &organisation, error);
    struct slice owner = organisation.head.id;
    struct store_member member = {.head.organisation = owner,
                                  .email = TEXT("a@example.com"),
                                  .name = TEXT("A"),
                                  .role = STORE_ADMIN,
                                  .password = TEXT("$argon2id$...")};
    struct store_server server = {.head.organisation = owner,
                                  .name = TEXT("files"),
                                  .url = TEXT("http://127.0.0.1:1/mcp"),
                                  .settings = TEXT("{}")};
    struct store_policy policy = {.head.organisation = owner, .name = TEXT("careful"), .latest = 1};
    struct store_grant grant = {.head.organisation = owner,
                                .label = TEXT("laptop"),
                                .tags = TEXT("[\"dev\"]"),
                                .mode = STORE_OBSERVE};
    result = result == 0 ? store_add_member(view, &member, error) : result;
    result = result == 0 ? store_add_server(view, &server, error) : result;
    result = result == 0 ? store_add_policy(view, &policy, error) : result;
    result = result == 0 ? store_add_grant(view, &grant, error) : result;
    struct store_policy_version version = {.head.organisation = owner,
                                           .policy = policy.head.id,
                                           .number = 1,
                                           .author = TEXT("A"),
                                           .document = TEXT("{\"version\":\"1\"}")};
    struct store_grant_token secret = {
        .head.organisation = owner, .grant = grant.head.id, .token = slice_of(token, sizeof token)};
    struct store_reach reach = {.head.organisation = owner,
                                .grant = grant.head.id,
                                .server = server.head.id,
                                .policy = policy.head.id,
                                .number = 1};
    result = result == 0 ? store_add_policy_version(view, &version, error) : result;
    result = result == 0 ? store_add_grant_token(view, &secret, error) : result;
    result = result == 0 ? store_add_reach(view, &reach, error) : result;
    if (result == 0)
        *world = (struct world){records_keep(owner),           records_keep(member.head.id),
                                records_keep(server.head.id),  records_keep(policy.head.id),
                                records_keep(version.head.id), records_keep(grant.head.id),
                                records_keep(secret.head.id),  records_keep(reach.head.id)};
    return result;
}

static struct world new_world(const char *name)
{
    struct world world = {0};
    snprintf(world.organisation.text, sizeof world.organisation.text, "%s", name);
    if (records_write(&records, build, &world) != 0)
        fail_msg("%s", records.error.text);
    return world;
}

// ---- Reading back

static int look(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    struct store_member member, same;
    struct store_grant grant;
    struct store_policy_version version;
    struct store_grant_token token;
    assert_int_equal(store_get_member(view, owner, records_id(&world->member), &member, error), 0);
    assert_true(slice_equal_string(member.email, "a@example.com"));
    assert_int_equal(member.role, STORE_ADMIN);
    assert_false(member.disabled);
    assert_int_equal(member.head.version, 1);
    assert_true(member.head.created_ms > 0 && member.head.changed_ms == member.head.created_ms);
    assert_true(slice_equal(member.head.organisation, owner));
    assert_int_equal(member.subject.length, 0);
    assert_int_equal(store_find_member(view, owner, "email", TEXT("A@EXAMPLE.com"), &same, error),
                     0);
    assert_true(slice_equal(same.head.id, member.head.id));
    assert_int_equal(store_get_grant(view, owner, records_id(&world->grant), &grant, error), 0);
    assert_int_equal(grant.mode, STORE_OBSERVE);
    assert_true(slice_equal_string(grant.tags, "[\"dev\"]"));
    assert_int_equal(
        store_get_policy_version(view, owner, records_id(&world->version), &version, error), 0);
    assert_true(slice_equal_string(version.document, "{\"version\":\"1\"}"));
    char hash[32];
    memset(hash, 'o', sizeof hash);
    assert_int_equal(store_find_grant_token(view, (struct slice){0}, "token",
                                            slice_of(hash, sizeof hash), &token, error),
                     0);
    assert_true(slice_equal_string(token.grant, world->grant.text));
    return 0;
}

static void what_was_added_is_there(void **state)
{
    (void)state;
    struct world world = new_world("one");
    assert_int_equal(records_read(&records, look, &world), 0);
    store_records_close(records.store);
    records_open(&records);
    assert_int_equal(records_read(&records, look, &world), 0);
}

struct pair {
    struct world one, two;
};

static void is_not_found(struct store_view *view, enum store_kind kind, struct slice organisation,
                         struct slice id)
{
    union {
        struct store_head head;
        char room[1024];
    } record;
    struct error error;
    assert_int_equal(store_get(view, kind, organisation, id, &record.head, &error),
                     ERROR_NOT_FOUND);
    if (kind != STORE_ORGANISATION)
        assert_int_equal(store_remove(view, kind, organisation, id, 0, &error), ERROR_NOT_FOUND);
}

static int look_across(void *argument, struct store_view *view, struct error *error)
{
    const struct pair *pair = argument;
    const enum store_kind kinds[] = {STORE_ORGANISATION, STORE_MEMBER,         STORE_SERVER,
                                     STORE_POLICY,       STORE_POLICY_VERSION, STORE_GRANT,
                                     STORE_GRANT_TOKEN,  STORE_REACH};
    const struct records_id *ids = &pair->two.organisation;
    struct slice one = records_id(&pair->one.organisation);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        is_not_found(view, kinds[i], one, records_id(&ids[i]));
        is_not_found(view, kinds[i], (struct slice){0}, records_id(&ids[i]));
        is_not_found(view, kinds[i], one, (struct slice){0});
    }
    struct store_grant_token token;
    char hash[32];
    memset(hash, 't', sizeof hash);
    assert_int_equal(store_find_grant_token(view, one, "token", slice_of(hash, 32), &token, error),
                     ERROR_NOT_FOUND);
    // Nor can anything refer to what another organisation has.
    struct store_reach reach = {.head.organisation = one,
                                .grant = records_id(&pair->one.grant),
                                .server = records_id(&pair->two.server)};
    assert_int_equal(store_add_reach(view, &reach, error), ERROR_NOT_FOUND);
    struct store_member member = {.head.organisation = one,
                                  .head.id = records_id(&pair->two.member),
                                  .email = TEXT("b@example.com")};
    assert_int_equal(store_change_member(view, &member, error), ERROR_NOT_FOUND);
    return ERROR_CANCELLED; // nothing is kept
}

static void organisations_do_not_see_each_other(void **state)
{
    (void)state;
    struct pair pair = {new_world("one"), new_world("two")};
    assert_int_equal(records_write(&records, look_across, &pair), ERROR_CANCELLED);
}

// ---- Changing

static int change_twice(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    struct store_server server, lost;
    assert_int_equal(store_get_server(view, owner, records_id(&world->server), &server, error), 0);
    lost = server;
    server.disabled = true;
    assert_int_equal(store_change_server(view, &server, error), 0);
    assert_int_equal(server.head.version, 2);
    assert_int_equal(store_change_server(view, &lost, error), ERROR_CONFLICT);
    assert_int_equal(store_remove(view, STORE_SERVER, owner, lost.head.id, 1, error),
                     ERROR_CONFLICT);
    lost.head.version = 0;
    lost.name = TEXT("other");
    assert_int_equal(store_change_server(view, &lost, error), 0);
    assert_int_equal(lost.head.version, 3);
    assert_int_equal(store_get_server(view, owner, records_id(&world->server), &server, error), 0);
    assert_int_equal(server.head.version, 3);
    assert_true(slice_equal_string(server.name, "other") && !server.disabled);
    return 0;
}

static void a_lost_update_is_refused(void **state)
{
    (void)state;
    struct world world = new_world("one");
    assert_int_equal(records_write(&records, change_twice, &world), 0);
}

static int change_fixed(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    struct store_grant_token token;
    struct store_policy_version version;
    assert_int_equal(store_get_grant_token(view, owner, records_id(&world->token), &token, error),
                     0);
    char hash[32] = "another";
    token.token = slice_of(hash, sizeof hash);
    token.expires_ms = 77;
    assert_int_equal(store_change_grant_token(view, &token, error), 0);
    assert_int_equal(token.token.data[0], 'o');
    assert_int_equal(store_get_grant_token(view, owner, records_id(&world->token), &token, error),
                     0);
    assert_int_equal(token.token.data[0], 'o');
    assert_int_equal(token.expires_ms, 77);
    assert_int_equal(
        store_get_policy_version(view, owner, records_id(&world->version), &version, error), 0);
    assert_int_equal(store_change_policy_version(view, &version, error), ERROR_UNSUPPORTED);
    return 0;
}

static void what_is_fixed_stays(void **state)
{
    (void)state;
    struct world world = new_world("one");
    assert_int_equal(records_write(&records, change_fixed, &world), 0);
}

static int break_rules(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    struct store_server server = {
        .head.organisation = owner, .name = TEXT("files"), .settings = TEXT("{}")};
    assert_int_equal(store_add_server(view, &server, error), ERROR_EXISTS);
    server.name = TEXT("a b");
    assert_int_equal(store_add_server(view, &server, error), ERROR_RANGE);
    server.name = TEXT("good");
    server.settings = TEXT("[]");
    assert_int_equal(store_add_server(view, &server, error), ERROR_RANGE);
    server.settings = TEXT("{}");
    server.transport = (enum store_transport)3;
    assert_int_equal(store_add_server(view, &server, error), ERROR_RANGE);
    server.transport = STORE_SSE;
    server.head.organisation = TEXT("org_nobody");
    assert_int_equal(store_add_server(view, &server, error), ERROR_NOT_FOUND);
    server.head.organisation = (struct slice){0};
    assert_int_equal(store_add_server(view, &server, error), ERROR_NOT_FOUND);
    // In use: by the reach of a grant.
    assert_int_equal(store_remove(view, STORE_SERVER, owner, records_id(&world->server), 0, error),
                     ERROR_EXISTS);
    assert_int_equal(store_remove(view, STORE_POLICY, owner, records_id(&world->policy), 0, error),
                     ERROR_EXISTS);
    assert_int_equal(
        store_remove(view, STORE_POLICY_VERSION, owner, records_id(&world->version), 0, error),
        ERROR_EXISTS);
    struct store_audit row = {.head.organisation = owner};
    assert_int_equal(store_add_audit(view, &row, error), ERROR_UNSUPPORTED);
    // What belongs to a grant goes with it.
    struct store_reach reach;
    assert_int_equal(store_remove(view, STORE_GRANT, owner, records_id(&world->grant), 1, error),
                     0);
    assert_int_equal(store_get_reach(view, owner, records_id(&world->reach), &reach, error),
                     ERROR_NOT_FOUND);
    assert_int_equal(store_remove(view, STORE_SERVER, owner, records_id(&world->server), 0, error),
                     0);
    return 0;
}

static void rules_are_kept(void **state)
{
    (void)state;
    struct world world = new_world("one");
    assert_int_equal(records_write(&records, break_rules, &world), 0);
}

static int add_then_fail(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct store_policy policy = {.head.organisation = records_id(&world->organisation),
                                  .name = TEXT("gone")};
    assert_int_equal(store_add_policy(view, &policy, error), 0);
    return error_set(error, ERROR_DENIED, "changed its mind");
}

static int find_gone(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct store_policy policy;
    return store_find_policy(view, records_id(&world->organisation), "name", TEXT("gone"), &policy,
                             error);
}

static void a_failed_job_leaves_nothing(void **state)
{
    (void)state;
    struct world world = new_world("one");
    assert_int_equal(records_write(&records, add_then_fail, &world), ERROR_DENIED);
    assert_string_equal(records.error.text, "changed its mind");
    assert_int_equal(records_read(&records, find_gone, &world), ERROR_NOT_FOUND);
    assert_true(store_records_healthy(records.store));
}

static void a_reader_cannot_write(void **state)
{
    (void)state;
    struct world world = {.organisation = {"x"}};
    assert_int_equal(records_read(&records, build, &world), ERROR_INTERNAL);
}

// ---- Pages

struct paging {
    struct records_id organisation;
    bool newest_first;
    size_t limit, seen, pages;
    struct records_id last;
};

static int add_many(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    for (int i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        struct store_policy policy = {.head.organisation = records_id(&world->organisation),
                                      .name = slice_from_string(name)};
        int result = store_add_policy(view, &policy, error);
        if (result != 0)
            return result;
    }
    return 0;
}

static int turn_page(void *argument, struct store_view *view, struct error *error)
{
    struct paging *paging = argument;
    struct store_page page = {records_id(&paging->last), paging->limit, paging->newest_first};
    const struct store_policy *policies;
    size_t count;
    bool more;
    int result = store_list_policy(view, records_id(&paging->organisation), (struct slice){0},
                                   &page, &policies, &count, &more, error);
    if (result != 0)
        return result;
    for (size_t i = 0; i < count; i++) {
        struct records_id id = records_keep(policies[i].head.id);
        if (paging->seen++ > 0)
            assert_true((strcmp(id.text, paging->last.text) > 0) != paging->newest_first);
        paging->last = id;
    }
    assert_true(count == paging->limit || !more);
    paging->pages++;
    return more ? 0 : ERROR_CLOSED;
}

static void pages_cover_everything_once(void **state)
{
    (void)state;
    struct world one = new_world("one"), two = new_world("two");
    assert_int_equal(records_write(&records, add_many, &one), 0);
    assert_int_equal(records_write(&records, add_many, &two), 0);
    const size_t limits[] = {1, 2, 25, 26, 27, 1000};
    for (size_t i = 0; i < 2 * sizeof limits / sizeof *limits; i++) {
        struct paging paging = {
            .organisation = one.organisation, .limit = limits[i / 2], .newest_first = i % 2 != 0};
        int result;
        while ((result = records_read(&records, turn_page, &paging)) == 0)
            continue;
        assert_int_equal(result, ERROR_CLOSED);
        assert_int_equal(paging.seen, 26);
        assert_int_equal(paging.pages, (26 + limits[i / 2] - 1) / limits[i / 2]);
    }
}

static int list_parts(void *argument, struct store_view *view, struct error *error)
{
    const struct pair *pair = argument;
    struct slice owner = records_id(&pair->one.organisation);
    const struct store_policy_version *versions;
    const struct store_organisation *organisations;
    const struct store_member *members;
    size_t count;
    assert_int_equal(store_list_policy_version(view, owner, records_id(&pair->one.policy), NULL,
                                               &versions, &count, NULL, error),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(versions[0].document.length, 0); // left out of lists
    assert_int_equal(store_list_policy_version(view, owner, records_id(&pair->two.policy), NULL,
                                               &versions, &count, NULL, error),
                     0);
    assert_int_equal(count, 0);
    assert_int_equal(store_list_organisation(view, (struct slice){0}, (struct slice){0}, NULL,
                                             &organisations, &count, NULL, error),
                     0);
    assert_int_equal(count, 2);
    assert_int_equal(store_list_organisation(view, owner, (struct slice){0}, NULL, &organisations,
                                             &count, NULL, error),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(store_list_member(view, (struct slice){0}, (struct slice){0}, NULL, &members,
                                       &count, NULL, error),
                     ERROR_NOT_FOUND);
    return 0;
}

static void lists_show_what_belongs_to_one(void **state)
{
    (void)state;
    struct pair pair = {new_world("one"), new_world("two")};
    assert_int_equal(records_read(&records, list_parts, &pair), 0);
}

// ---- Audit

static int touch_and_change(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    struct store_member member;
    struct store_grant grant;
    assert_int_equal(store_touch(view, STORE_GRANT, owner, records_id(&world->grant), 5000, error),
                     0);
    assert_int_equal(store_touch(view, STORE_GRANT, owner, records_id(&world->grant), 4000, error),
                     0);
    assert_int_equal(store_get_grant(view, owner, records_id(&world->grant), &grant, error), 0);
    assert_int_equal(grant.used_ms, 5000);
    assert_int_equal(grant.head.version, 1);
    assert_int_equal(store_get_member(view, owner, records_id(&world->member), &member, error), 0);
    member.role = STORE_VIEWER;
    member.password = TEXT("$argon2id$new");
    return store_change_member(view, &member, error);
}

static int read_audit(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    const struct store_audit *rows;
    size_t count;
    struct store_page page = {.newest_first = true};
    assert_int_equal(store_list_audit(view, records_id(&world->organisation), (struct slice){0},
                                      &page, &rows, &count, NULL, error),
                     0);
    assert_int_equal(count, 9);
    struct chain_hasher *hasher = chain_hasher_new();
    unsigned char link[CHAIN_LINK_SIZE] = {0};
    for (size_t i = count; i-- > 0;) { // oldest first
        struct chain_row row;
        assert_true(chain_parse(rows[i].line, &row));
        assert_int_equal(chain_link(hasher, link, row.bytes, link), 0);
        assert_memory_equal(link, row.link, sizeof link);
        assert_memory_equal(link, rows[i].link.data, sizeof link);
        assert_int_equal(row.number, rows[i].sequence);
    }
    chain_hasher_free(hasher);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].sequence, 9 - (int)i);
        assert_null(memmem(rows[i].line.data, rows[i].line.length, "argon2id", 8));
        struct json_doc doc;
        json_doc_init(&doc);
        assert_int_equal(json_scan(&doc, rows[i].line, NULL, error, NULL), 0);
        json_doc_release(&doc);
    }
    assert_true(slice_equal_string(rows[0].action, "member.change"));
    assert_int_equal(rows[0].actor_kind, STORE_BY_MEMBER);
    const char *tail =
        "\"before\":{\"role\":\"admin\",\"password\":\"(secret, changed)\"},"
        "\"after\":{\"role\":\"viewer\",\"password\":\"(secret, changed)\"},\"seq\":9,";
    assert_non_null(memmem(rows[0].line.data, rows[0].line.length, tail, strlen(tail)));
    const char *actor = "\"actor\":{\"kind\":\"member\",\"id\":\"mem_test\",\"label\":\"Tess\"},"
                        "\"address\":\"127.0.0.1\"";
    assert_non_null(memmem(rows[0].line.data, rows[0].line.length, actor, strlen(actor)));
    assert_int_equal(store_list_audit(view, records_id(&world->organisation),
                                      records_id(&world->member), NULL, &rows, &count, NULL, error),
                     0);
    assert_int_equal(count, 2);
    assert_true(slice_equal_string(rows[0].action, "member.add"));
    return 0;
}

static void every_change_leaves_a_row(void **state)
{
    (void)state;
    struct world world = new_world("one");
    new_world("two");
    assert_int_equal(records_write(&records, touch_and_change, &world), 0);
    assert_int_equal(records_read(&records, read_audit, &world), 0);
}

struct expiring {
    struct world *world;
    int64_t now_ms;
    int left;
};

static int add_expiring(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    int result = 0;
    for (int i = 0; i < 3 && result == 0; i++) {
        char bytes[32] = {0}, key[8];
        bytes[0] = (char)i;
        snprintf(key, sizeof key, "k%d", i);
        struct slice hash = slice_of(bytes, sizeof bytes);
        struct store_request request = {.head.organisation = owner,
                                        .key = slice_from_string(key),
                                        .fingerprint = hash,
                                        .expires_ms = 100 * (i + 1)};
        struct store_session session = {.head.organisation = owner,
                                        .member = records_id(&world->member),
                                        .token = hash,
                                        .csrf = hash,
                                        .expires_ms = 100 * (i + 1)};
        result = store_add_request(view, &request, error);
        if (result == 0)
            result = store_add_session(view, &session, error);
    }
    return result;
}

static int expire(void *argument, struct store_view *view, struct error *error)
{
    const struct expiring *expiring = argument;
    struct slice owner = records_id(&expiring->world->organisation);
    const struct store_request *requests = NULL;
    const struct store_session *sessions = NULL;
    size_t count = 0, others = 0;
    assert_int_equal(store_forget_expired(view, expiring->now_ms, error), 0);
    assert_int_equal(
        store_list_request(view, owner, (struct slice){0}, NULL, &requests, &count, NULL, error),
        0);
    assert_int_equal(store_list_session(view, owner, records_id(&expiring->world->member), NULL,
                                        &sessions, &others, NULL, error),
                     0);
    assert_int_equal(count, expiring->left);
    assert_int_equal(others, expiring->left);
    return 0;
}

static void what_has_expired_is_forgotten(void **state)
{
    (void)state;
    struct world world = new_world("one");
    assert_int_equal(records_write(&records, add_expiring, &world), 0);
    struct expiring early = {&world, 99, 3}, then = {&world, 200, 1}, late = {&world, 999, 0};
    assert_int_equal(records_write(&records, expire, &early), 0);
    assert_int_equal(records_write(&records, expire, &then), 0);
    assert_int_equal(records_write(&records, expire, &late), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_added_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(organisations_do_not_see_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_update_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_fixed_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(rules_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_job_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_cannot_write, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_cover_everything_once, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_show_what_belongs_to_one, setup, teardown),
        cmocka_unit_test_setup_teardown(every_change_leaves_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_expired_is_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests_name("store/records", tests, NULL, NULL);
}
