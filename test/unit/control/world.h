// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A control plane in a folder of its own, with an organisation, a server, a policy and a grant.
#pragma once

#include "lib/scratch.h"

#include "base/memory.h"
#include "control/control.h"

#define ALLOW "{\"version\":\"1\",\"default\":\"allow\"}"
#define DENY "{\"version\":\"1\",\"default\":\"deny\"}"

struct kept {
    char text[64];
};

static inline struct kept keep(struct slice text)
{
    struct kept kept = {{0}};
    assert_true(text.length < sizeof kept.text);
    if (text.length > 0)
        memcpy(kept.text, text.data, text.length);
    return kept;
}

static inline struct slice kept(const struct kept *text)
{
    return slice_from_string(text->text);
}

struct world {
    struct scratch scratch;
    const char *environment[3];
    struct control *control;
    struct error error;
    struct identity_hasher *hasher;
    unsigned changed; // how often there were new rules
    bool no_commands;
    struct kept organisation, server, policy, grant;
    char token[IDENTITY_TOKEN_SIZE];
};

static void world_changed_cb(void *argument)
{
    ++((struct world *)argument)->changed;
}

static inline int world_try_open(struct world *world, struct control **ret)
{
    const struct control_options options = {.folder = world->scratch.folder,
                                            .environment = world->environment,
                                            .commands_allowed = !world->no_commands,
                                            .changed = world_changed_cb,
                                            .argument = world};
    return control_open(&options, ret, &world->error);
}

static inline void world_open(struct world *world)
{
    if (world_try_open(world, &world->control) != 0)
        fail_msg("%s", world->error.text);
}

static inline void world_reopen(struct world *world)
{
    control_close(world->control);
    world_open(world);
}

// The operator says so.
static inline void world_keep_audit(struct world *world, int64_t keep_ms)
{
    const struct control_retention said = {
        {[STORE_AUDIT_KEEP_MS] = {keep_ms, CONTROL_KEPT_BY_FILE}}};
    control_say_retention(world->control, &said);
}

static inline int world_write(struct world *world,
                              int (*run)(void *argument, struct store_view *view,
                                         struct error *error))
{
    return store_run(control_records(world->control), STORE_WRITE, NULL, run, world, &world->error);
}

static inline void world_must(struct world *world,
                              int (*run)(void *argument, struct store_view *view,
                                         struct error *error))
{
    if (world_write(world, run) != 0)
        fail_msg("%s", world->error.text);
}

// A job that leaves all as it is: what was submitted before is done when it is.
static inline int world_nothing(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    (void)view;
    (void)error;
    return 0;
}

static inline int world_add_version(struct world *world, struct store_view *view,
                                    const char *document, struct error *error)
{
    struct store_policy policy;
    struct policy_problems problems = {0};
    struct store_policy_version version = {.author = SLICE_LITERAL("Tess"),
                                           .document = slice_from_string(document)};
    int result =
        store_get_policy(view, kept(&world->organisation), kept(&world->policy), &policy, error);
    if (result == 0)
        result = control_add_policy_version(view, &policy, &version, &problems, error);
    policy_problems_release(&problems);
    return result;
}

static inline int world_fill(void *argument, struct store_view *view, struct error *error)
{
    struct world *world = argument;
    struct store_organisation owner = {.name = SLICE_LITERAL("acme")};
    int result = store_add_organisation(view, &owner, error);
    struct store_server server = {.head.organisation = owner.head.id,
                                  .name = SLICE_LITERAL("files"),
                                  .url = SLICE_LITERAL("https://files.example.com/mcp"),
                                  .settings = SLICE_LITERAL("{ \"era\": \"legacy\" }")};
    struct store_policy policy = {.head.organisation = owner.head.id,
                                  .name = SLICE_LITERAL("careful")};
    result = result == 0 ? store_add_server(view, &server, error) : result;
    result = result == 0 ? store_add_policy(view, &policy, error) : result;
    world->organisation = keep(owner.head.id);
    world->server = keep(server.head.id);
    world->policy = keep(policy.head.id);
    result = result == 0 ? world_add_version(world, view, ALLOW, error) : result;
    struct store_grant grant = {.head.organisation = owner.head.id,
                                .label = SLICE_LITERAL("laptop"),
                                .tags = SLICE_LITERAL("[\"dev\",\"a\\u0062\"]")};
    const struct control_reach reach = {server.head.id, policy.head.id, 0};
    if (result == 0)
        result = control_add_grant(view, &grant, &reach, 1, world->token, error);
    world->grant = keep(grant.head.id);
    return result;
}

static inline void world_make(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->environment[0] = "PATH=/usr/bin:/bin";
    world->environment[1] = "HOME=/nowhere";
    scratch_make(&world->scratch);
    world->hasher = identity_hasher_new();
    world_open(world);
}

static inline void world_remove(struct world *world)
{
    control_close(world->control);
    identity_hasher_free(world->hasher);
    scratch_remove(&world->scratch);
}

// The grant of a token by the newest rules, which live until control_rules_unref(*ret).
static inline const struct identity_grant *world_resolve(struct world *world, const char *token,
                                                         int64_t now_ms, int *ret_why,
                                                         struct control_rules **ret)
{
    *ret = control_rules(world->control);
    return identity_resolve(control_rules_view(*ret)->grants, world->hasher,
                            slice_from_string(token), now_ms, ret_why, NULL);
}
