// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Many grants, servers and policies: what one change costs. The figures go to standard output; the
// bounds are wide, for machines that are busy or slow on purpose.
#include "world.h"

#include "base/clock.h"

enum { BOUND_US = 2 * 1000 * 1000 };

static struct world world;
static size_t grants_wanted = 10000, others_wanted = 1000;

static int add_others(void *argument, struct store_view *view, struct error *error)
{
    struct world *w = argument;
    int result = 0;
    for (size_t i = 0; i < others_wanted && result == 0; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%zu", i);
        struct store_server server = {.head.organisation = kept(&w->organisation),
                                      .name = slice_from_string(name),
                                      .url = SLICE_LITERAL("http://127.0.0.1:9/mcp"),
                                      .settings = SLICE_LITERAL("{}")};
        struct store_policy policy = {.head.organisation = kept(&w->organisation),
                                      .name = slice_from_string(name)};
        struct store_policy_version version = {.document = SLICE_LITERAL(ALLOW)};
        struct policy_problems problems = {0};
        result = store_add_server(view, &server, error);
        result = result == 0 ? store_add_policy(view, &policy, error) : result;
        if (result == 0)
            result = control_add_policy_version(view, &policy, &version, &problems, error);
        policy_problems_release(&problems);
        struct store_grant grant = {.head.organisation = kept(&w->organisation),
                                    .label = slice_from_string(name),
                                    .tags = SLICE_LITERAL("[]")};
        const struct control_reach reach = {server.head.id, policy.head.id, 0};
        char token[IDENTITY_TOKEN_SIZE];
        result = result == 0 ? control_add_grant(view, &grant, &reach, 1, token, error) : result;
    }
    return result;
}

static size_t grants_from;

static int add_grants(void *argument, struct store_view *view, struct error *error)
{
    struct world *w = argument;
    const struct control_reach reach = {kept(&w->server), kept(&w->policy), 0};
    int result = 0;
    for (size_t i = 0; i < 1000 && grants_from < grants_wanted && result == 0; i++) {
        char label[32];
        snprintf(label, sizeof label, "g%zu", grants_from++);
        struct store_grant grant = {.head.organisation = kept(&w->organisation),
                                    .label = slice_from_string(label),
                                    .tags = SLICE_LITERAL("[]")};
        result = control_add_grant(view, &grant, &reach, 1, w->token, error);
    }
    return result;
}

static int change_grant(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant;
    int result = store_get_grant(view, kept(&w->organisation), kept(&w->grant), &grant, error);
    grant.mode = grant.mode == STORE_OBSERVE ? STORE_ENFORCE : STORE_OBSERVE;
    return result == 0 ? store_change_grant(view, &grant, error) : result;
}

static int add_version(void *argument, struct store_view *view, struct error *error)
{
    return world_add_version(argument, view, DENY, error);
}

static int change_server(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_server server;
    int result = store_get_server(view, kept(&w->organisation), kept(&w->server), &server, error);
    server.url = server.head.version % 2 == 0 ? SLICE_LITERAL("http://127.0.0.1:9/a")
                                              : SLICE_LITERAL("http://127.0.0.1:9/b");
    return result == 0 ? store_change_server(view, &server, error) : result;
}

static void time_change(const char *what,
                        int (*change)(void *, struct store_view *, struct error *))
{
    uint64_t best = UINT64_MAX, worst = 0;
    for (int i = 0; i < 20; i++) {
        uint64_t start = clock_monotonic_us();
        world_must(&world, change);
        uint64_t took = clock_monotonic_us() - start;
        best = took < best ? took : best;
        worst = took > worst ? took : worst;
    }
    printf("%s: %.2f to %.2f ms, commit included\n", what, (double)best / 1000,
           (double)worst / 1000);
    assert_true(best < BOUND_US);
}

static void time_lookup(void)
{
    struct control_rules *rules;
    int why;
    enum { ROUNDS = 100000 };
    assert_non_null(world_resolve(&world, world.token, 1, &why, &rules));
    const struct identity_table *grants = control_rules_view(rules)->grants;
    uint64_t start = clock_monotonic_us();
    for (int i = 0; i < ROUNDS; i++)
        identity_resolve(grants, world.hasher, slice_from_string(world.token), 1, &why, NULL);
    printf("look-up among %zu grants: %.0f ns, the hash of the token included\n",
           identity_table_count(grants), (double)(clock_monotonic_us() - start) * 1000 / ROUNDS);
    control_rules_unref(rules);
}

static void one_change_among_many(void **state)
{
    (void)state;
    world_make(&world);
    world_must(&world, world_fill);
    uint64_t start = clock_monotonic_us();
    world_must(&world, add_others);
    while (grants_from < grants_wanted)
        world_must(&world, add_grants);
    printf("filled in %.0f ms\n", (double)(clock_monotonic_us() - start) / 1000);
    start = clock_monotonic_us();
    world_reopen(&world);
    printf("opened in %.0f ms\n", (double)(clock_monotonic_us() - start) / 1000);
    time_lookup();
    time_change("a grant", change_grant);
    time_change("a policy's new version", add_version);
    time_change("a server", change_server);
    world_remove(&world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_change_among_many)};
    if (argc > 2) { // GRANTS OTHERS
        grants_wanted = strtoul(argv[1], NULL, 10);
        others_wanted = strtoul(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests_name("control/scale", tests, NULL, NULL);
}
