// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/clock.h"

static struct world world;

static int setup(void **state)
{
    (void)state;
    world_make(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_remove(&world);
    return 0;
}

// ---- The folder

static void the_folder_is_for_its_owner_and_one_process(void **state)
{
    (void)state;
    struct control *second;
    struct stat status;
    assert_int_equal(stat(scratch_path(&world.scratch, "control.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(scratch_path(&world.scratch, "keys"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(world_try_open(&world, &second), ERROR_IO);
    assert_non_null(strstr(world.error.text, "in use by another process"));
    control_close(world.control);
    world.control = NULL;
    assert_int_equal(chmod(world.scratch.folder, 0750), 0);
    assert_int_equal(world_try_open(&world, &second), ERROR_CONFIG);
    assert_non_null(strstr(world.error.text, "chmod 700"));
    assert_int_equal(chmod(world.scratch.folder, 0700), 0);
}

// ---- People

struct accepting {
    const char *token, *email;
    int64_t now_ms;
};

static int accept_it(void *argument, struct store_view *view, struct error *error)
{
    const struct accepting *accepting = argument;
    struct store_member member = {.email = slice_from_string(accepting->email),
                                  .name = SLICE_LITERAL("First"),
                                  .password = SLICE_LITERAL("$argon2id$")};
    int result = control_accept(view, slice_from_string(accepting->token), accepting->now_ms,
                                &member, error);
    if (result == 0)
        assert_int_equal(member.role, STORE_ADMIN);
    return result;
}

static int try_to_accept(const char *token, int64_t now_ms)
{
    struct accepting accepting = {token, "first@example.com", now_ms};
    return store_run(control_records(world.control), STORE_WRITE, NULL, accept_it, &accepting,
                     &world.error);
}

static void the_first_admin_comes_by_a_link(void **state)
{
    (void)state;
    struct control_setup lost, setup;
    assert_int_equal(control_set_up(world.control, &lost, &world.error), 0);
    assert_true(lost.needed);
    assert_int_equal(control_set_up(world.control, &setup, &world.error), 0);
    assert_true(setup.needed && strcmp(setup.token, lost.token) != 0);
    int64_t now_ms = clock_wall_ms();
    assert_int_equal(try_to_accept(lost.token, now_ms), ERROR_NOT_FOUND); // replaced
    assert_int_equal(try_to_accept("sp_guess", now_ms), ERROR_NOT_FOUND);
    assert_int_equal(try_to_accept("", now_ms), ERROR_NOT_FOUND);
    assert_int_equal(try_to_accept(setup.token, setup.expires_ms), ERROR_NOT_FOUND);
    assert_int_equal(try_to_accept(setup.token, setup.expires_ms - 1), 0);
    assert_int_equal(try_to_accept(setup.token, now_ms), ERROR_NOT_FOUND); // used
    assert_int_equal(control_set_up(world.control, &setup, &world.error), 0);
    assert_false(setup.needed);
    size_t size;
    char *bytes = scratch_read(scratch_path(&world.scratch, "control.db-wal"), &size);
    assert_null(memmem(bytes, size, lost.token, strlen(lost.token)));
    free(bytes);
}

// ---- Rules

static const struct identity_grant *resolve(const char *token, struct control_rules **ret)
{
    int why;
    return world_resolve(&world, token, clock_wall_ms(), &why, ret);
}

static enum policy_outcome judged(void)
{
    struct control_rules *rules;
    const struct identity_grant *grant = resolve(world.token, &rules);
    assert_non_null(grant);
    const struct control_view *view = control_rules_view(rules);
    const struct policy_call call = {
        .subject = POLICY_TOOL, .name = SLICE_LITERAL("x"), .args = JSON_NONE};
    struct policy_verdict verdict;
    struct arena arena;
    arena_init(&arena, 65536);
    assert_int_equal(grant->reach_count, 1);
    assert_true(grant->reach[0].policy >= 0 && (size_t)grant->reach[0].policy < view->policy_count);
    policy_decide(view->policies[grant->reach[0].policy].policy, &call, &arena, &verdict);
    arena_release(&arena);
    control_rules_unref(rules);
    return verdict.outcome;
}

static void check_rules(void)
{
    struct control_rules *rules;
    const struct identity_grant *grant = resolve(world.token, &rules);
    const struct control_view *view = control_rules_view(rules);
    assert_non_null(grant);
    assert_true(slice_equal_string(grant->id, world.grant.text));
    assert_true(slice_equal_string(grant->organisation, world.organisation.text));
    assert_true(slice_equal_string(grant->label, "laptop"));
    assert_int_equal(grant->tag_count, 2);
    assert_true(slice_equal_string(grant->tags[1], "ab"));
    const struct identity_reach *reach = identity_reach_by_name(grant, SLICE_LITERAL("files"));
    assert_true(slice_equal_string(reach->server, "acme/files"));
    assert_int_equal(view->server_count, 1);
    assert_true(slice_equal_string(view->servers[0].name, "acme/files"));
    assert_true(slice_equal_string(view->servers[0].host, "files.example.com"));
    assert_int_equal(view->servers[0].era, UPSTREAM_ERA_LEGACY);
    assert_true(view->servers[0].tls);
    control_rules_unref(rules);
    assert_int_equal(judged(), POLICY_ALLOW);
}

static void records_become_rules(void **state)
{
    (void)state;
    unsigned before = world.changed;
    world_must(&world, world_fill);
    assert_int_equal(world.changed, before + 1);
    check_rules();
    world_reopen(&world);
    check_rules();
}

static int add_denying(void *argument, struct store_view *view, struct error *error)
{
    return world_add_version(argument, view, DENY, error);
}

static int add_broken(void *argument, struct store_view *view, struct error *error)
{
    return world_add_version(argument, view, "{\"version\":\"1\"}", error);
}

static int pin_first(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant;
    const struct control_reach reach = {kept(&w->server), kept(&w->policy), 1};
    int result = store_get_grant(view, kept(&w->organisation), kept(&w->grant), &grant, error);
    return result == 0 ? control_change_grant(view, &grant, &reach, 1, error) : result;
}

static int pin_missing(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant;
    const struct control_reach reach = {kept(&w->server), kept(&w->policy), 77};
    int result = store_get_grant(view, kept(&w->organisation), kept(&w->grant), &grant, error);
    return result == 0 ? control_change_grant(view, &grant, &reach, 1, error) : result;
}

static void a_new_version_is_the_latest_and_pinned_ones_stay(void **state)
{
    (void)state;
    world_must(&world, world_fill);
    assert_int_equal(judged(), POLICY_ALLOW);
    assert_int_equal(world_write(&world, add_broken), ERROR_CONFIG);
    assert_int_equal(judged(), POLICY_ALLOW);
    world_must(&world, add_denying);
    assert_int_equal(judged(), POLICY_DENY);
    assert_int_equal(world_write(&world, pin_missing), ERROR_NOT_FOUND);
    world_must(&world, pin_first);
    assert_int_equal(judged(), POLICY_ALLOW);
    world_must(&world, add_denying);
    assert_int_equal(judged(), POLICY_ALLOW);
    world_reopen(&world);
    assert_int_equal(judged(), POLICY_ALLOW);
}

static int rename_server(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_server server;
    int result = store_get_server(view, kept(&w->organisation), kept(&w->server), &server, error);
    server.name = SLICE_LITERAL("papers");
    return result == 0 ? store_change_server(view, &server, error) : result;
}

static int disable_server(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_server server;
    int result = store_get_server(view, kept(&w->organisation), kept(&w->server), &server, error);
    server.disabled = !server.disabled;
    return result == 0 ? store_change_server(view, &server, error) : result;
}

static int rename_organisation(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_organisation owner;
    int result =
        store_get_organisation(view, kept(&w->organisation), kept(&w->organisation), &owner, error);
    owner.name = SLICE_LITERAL("beta");
    return result == 0 ? store_change_organisation(view, &owner, error) : result;
}

static void is_served_as(const char *name, const char *key, size_t servers)
{
    struct control_rules *rules;
    const struct identity_grant *grant = resolve(world.token, &rules);
    const struct identity_reach *reach = identity_reach_by_name(grant, slice_from_string(name));
    assert_non_null(reach);
    assert_true(slice_equal_string(reach->server, key));
    assert_int_equal(control_rules_view(rules)->server_count, servers);
    if (servers > 0)
        assert_true(slice_equal_string(control_rules_view(rules)->servers[0].name, key));
    control_rules_unref(rules);
}

static void servers_are_renamed_and_switched_off(void **state)
{
    (void)state;
    world_must(&world, world_fill);
    world_must(&world, rename_server);
    is_served_as("papers", "acme/papers", 1);
    world_must(&world, disable_server);
    is_served_as("papers", "acme/papers", 0);
    world_must(&world, disable_server);
    is_served_as("papers", "acme/papers", 1);
    world_must(&world, rename_organisation);
    is_served_as("papers", "beta/papers", 1);
}

// ---- Tokens

static char rotated[IDENTITY_TOKEN_SIZE];
static int64_t rotated_ms, overlap_ms;

static int rotate(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    rotated_ms = clock_wall_ms();
    return control_rotate_grant(view, kept(&w->organisation), kept(&w->grant), 0, rotated_ms,
                                overlap_ms, rotated, error);
}

static int rotate_old_version(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    return control_rotate_grant(view, kept(&w->organisation), kept(&w->grant), 1, rotated_ms,
                                overlap_ms, rotated, error);
}

static int revoke_it(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    return control_revoke_grant(view, kept(&w->organisation), kept(&w->grant), 0, 1000, error);
}

static int why(const char *token, int64_t now_ms)
{
    struct control_rules *rules;
    int result;
    world_resolve(&world, token, now_ms, &result, &rules);
    control_rules_unref(rules);
    return result;
}

static void tokens_are_rotated_and_revoked(void **state)
{
    (void)state;
    world_must(&world, world_fill);
    overlap_ms = 60000;
    world_must(&world, rotate);
    assert_int_equal(world_write(&world, rotate_old_version), ERROR_CONFLICT);
    assert_int_equal(why(world.token, rotated_ms + 59999), 0);
    assert_int_equal(why(world.token, rotated_ms + 60000), ERROR_TIMEOUT);
    assert_int_equal(why(rotated, rotated_ms + 60000), 0);
    char second[IDENTITY_TOKEN_SIZE];
    memcpy(second, rotated, sizeof second);
    overlap_ms = 0;
    world_must(&world, rotate);
    assert_int_equal(why(world.token, rotated_ms), ERROR_NOT_FOUND);
    assert_int_equal(why(second, rotated_ms), ERROR_NOT_FOUND);
    assert_int_equal(why(rotated, INT64_MAX), 0);
    world_must(&world, revoke_it);
    assert_int_equal(why(rotated, 0), ERROR_NOT_FOUND);
    assert_int_equal(world_write(&world, rotate), ERROR_EXISTS);
    world_reopen(&world);
    assert_int_equal(why(rotated, 0), ERROR_NOT_FOUND);
}

static int mark_revoked(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant;
    int result = store_get_grant(view, kept(&w->organisation), kept(&w->grant), &grant, error);
    grant.revoked_ms = 1;
    return result == 0 ? store_change_grant(view, &grant, error) : result;
}

static void a_revoked_grant_is_out_whatever_tokens_it_has(void **state)
{
    (void)state;
    world_must(&world, world_fill);
    assert_int_equal(why(world.token, 0), 0);
    world_must(&world, mark_revoked);
    assert_int_equal(why(world.token, 0), ERROR_NOT_FOUND);
    world_reopen(&world);
    assert_int_equal(why(world.token, 0), ERROR_NOT_FOUND);
}

static int read_use(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant;
    int result = store_get_grant(view, kept(&w->organisation), kept(&w->grant), &grant, error);
    if (result == 0)
        assert_true(grant.used_ms > 0);
    return result;
}

static void the_last_use_is_written(void **state)
{
    (void)state;
    world_must(&world, world_fill);
    assert_int_equal(why(world.token, clock_wall_ms() + 1000), 0);
    control_note_use(world.control);
    world_must(&world, read_use);
}

// ---- Credentials

#define ZEROS "00000000000000000000000000000000"

static const char *header = "Authorization";

static int add_credential(void *argument, struct store_view *view, struct error *error)
{
    struct world *w = argument;
    struct store_credential credential = {.head.organisation = kept(&w->organisation),
                                          .server = kept(&w->server),
                                          .place = STORE_HEADER,
                                          .name = slice_from_string(header)};
    return control_set_credential(w->control, view, &credential,
                                  SLICE_LITERAL("Bearer s3cret-${HOME}\""), error);
}

static void has_header(void)
{
    struct control_rules *rules = control_rules(world.control);
    const struct upstream_options *server = &control_rules_view(rules)->servers[0];
    assert_int_equal(server->header_count, 1);
    assert_true(slice_equal_string(server->headers[0].name, "Authorization"));
    assert_true(slice_equal_string(server->headers[0].value, "Bearer s3cret-${HOME}\""));
    control_rules_unref(rules);
}

static void is_nowhere(const char *name, const char *secret)
{
    size_t size;
    const char *path = scratch_path(&world.scratch, name);
    if (access(path, R_OK) != 0)
        return;
    char *bytes = scratch_read(path, &size);
    assert_null(memmem(bytes, size, secret, strlen(secret)));
    free(bytes);
}

static void credentials_are_sealed_and_sent(void **state)
{
    (void)state;
    struct control_rotation rotation = {.noted = false};
    world_must(&world, world_fill);
    header = "Content-Length";
    assert_int_equal(world_write(&world, add_credential), ERROR_CONFIG);
    header = "Authorization";
    world_must(&world, add_credential);
    assert_int_equal(world_write(&world, add_credential), ERROR_EXISTS);
    has_header();
    is_nowhere("control.db", "s3cret");
    is_nowhere("control.db-wal", "s3cret");
    assert_int_equal(control_rotate_keys(world.control, &rotation, &world.error), 0);
    assert_int_equal(rotation.sealed, 1);
    assert_int_equal(rotation.number, 2);
    has_header();
    world_reopen(&world);
    has_header();
    is_nowhere("control.db", "s3cret");
    // Without its key the database is not opened, rather than served without credentials.
    control_close(world.control);
    world.control = NULL;
    char path[200], aside[200];
    snprintf(path, sizeof path, "%s/keys", world.scratch.folder);
    snprintf(aside, sizeof aside, "%s/aside", world.scratch.folder);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(world_try_open(&world, &world.control), ERROR_CONFIG);
    assert_non_null(strstr(world.error.text, "keys' cannot be opened"));
    assert_int_not_equal(access(path, F_OK), 0); // and no other one was made
    scratch_write(path, "9:" ZEROS ZEROS, 66);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(world_try_open(&world, &world.control), ERROR_CONFIG);
    assert_non_null(strstr(world.error.text, "not among the keys"));
    assert_int_equal(rename(aside, path), 0);
    world_open(&world);
    has_header();
}

enum { MANY = 110 };

static int add_many(void *argument, struct store_view *view, struct error *error)
{
    struct world *w = argument;
    int result = 0;
    for (int i = 0; i < 2 * MANY && result == 0; i++) {
        static struct kept server;
        char name[16];
        snprintf(name, sizeof name, "N%d", i);
        struct store_server row = {.head.organisation = kept(&w->organisation),
                                   .name = slice_from_string(name),
                                   .transport = STORE_STDIO,
                                   .command = SLICE_LITERAL("[\"true\"]"),
                                   .settings = SLICE_LITERAL("{}")};
        if (i % MANY == 0) {
            result = store_add_server(view, &row, error);
            server = keep(row.head.id);
        }
        struct store_credential credential = {.head.organisation = kept(&w->organisation),
                                              .server = kept(&server),
                                              .place = STORE_ENVIRONMENT,
                                              .name = slice_from_string(name)};
        if (result == 0)
            result = control_set_credential(w->control, view, &credential, slice_from_string(name),
                                            error);
    }
    return result;
}

static int count_new(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    const struct store_credential *rows = NULL;
    const struct store_page page = {.limit = 1000};
    size_t count = 0;
    int result = store_list_credential(view, kept(&w->organisation), (struct slice){0}, &page,
                                       &rows, &count, NULL, error);
    assert_int_equal(count, 2 * MANY);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(secret_key_of(rows[i].sealed), 2);
    return result;
}

static void many_credentials_are_resealed(void **state)
{
    (void)state;
    struct control_rotation rotation = {.noted = false};
    world_must(&world, world_fill);
    world_must(&world, add_many);
    assert_int_equal(control_rotate_keys(world.control, &rotation, &world.error), 0);
    assert_int_equal(rotation.sealed, 2 * MANY);
    world_must(&world, count_new);
    world_reopen(&world);
}

// ---- What cannot be served

static int check_servers(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    (void)view;
    struct store_server good = {.name = SLICE_LITERAL("new"),
                                .transport = STORE_STDIO,
                                .command = SLICE_LITERAL("[\"true\",\"${HOME}\"]"),
                                .settings = SLICE_LITERAL("{\"share\":\"server\"}")};
    assert_int_equal(control_check_server(w->control, &good, error), 0);
    struct store_server bad = good;
    bad.settings = SLICE_LITERAL("{\"command\":[\"sh\"]}");
    assert_int_equal(control_check_server(w->control, &bad, error), ERROR_CONFIG);
    bad.settings = SLICE_LITERAL("{}}},\"grants\":{\"x\":{}");
    assert_int_equal(control_check_server(w->control, &bad, error), ERROR_CONFIG);
    bad.settings = SLICE_LITERAL("{\"env\":{\"A\":\"${SALLYPORT_KEYS}\"}}");
    assert_int_equal(control_check_server(w->control, &bad, error), ERROR_CONFIG);
    bad = good;
    bad.transport = STORE_HTTP;
    assert_int_equal(control_check_server(w->control, &bad, error), ERROR_CONFIG);
    bad.url = SLICE_LITERAL("ftp://x");
    assert_int_equal(control_check_server(w->control, &bad, error), ERROR_CONFIG);
    return 0;
}

static void servers_are_checked_like_those_of_a_file(void **state)
{
    (void)state;
    world.environment[2] = NULL;
    world_must(&world, check_servers);
}

static int check_program(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_server program = {.head.organisation = kept(&w->organisation),
                                   .name = SLICE_LITERAL("program"),
                                   .transport = STORE_STDIO,
                                   .command = SLICE_LITERAL("[\"true\"]"),
                                   .settings = SLICE_LITERAL("{}")};
    assert_int_equal(control_check_server(w->control, &program, error), ERROR_CONFIG);
    assert_non_null(strstr(error->text, "--allow-commands"));
    // One that came in while they were allowed is not started either.
    return store_add_server(view, &program, error);
}

static void programs_are_served_only_where_the_gateway_may(void **state)
{
    (void)state;
    world_must(&world, world_fill);
    world.no_commands = true;
    world_reopen(&world);
    struct control_rules *rules = control_rules(world.control);
    size_t before = control_rules_view(rules)->server_count;
    control_rules_unref(rules);
    world_must(&world, check_program);
    world_reopen(&world);
    rules = control_rules(world.control);
    assert_int_equal(control_rules_view(rules)->server_count, before);
    control_rules_unref(rules);
    world.no_commands = false;
    world_reopen(&world);
    rules = control_rules(world.control);
    assert_int_equal(control_rules_view(rules)->server_count, before + 1);
    control_rules_unref(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_folder_is_for_its_owner_and_one_process, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_first_admin_comes_by_a_link, setup, teardown),
        cmocka_unit_test_setup_teardown(records_become_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_version_is_the_latest_and_pinned_ones_stay, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(servers_are_renamed_and_switched_off, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_are_rotated_and_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revoked_grant_is_out_whatever_tokens_it_has, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_last_use_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials_are_sealed_and_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(many_credentials_are_resealed, setup, teardown),
        cmocka_unit_test_setup_teardown(servers_are_checked_like_those_of_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(programs_are_served_only_where_the_gateway_may, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
