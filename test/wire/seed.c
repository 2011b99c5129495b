// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Fills the folder of `sallyport serve --data` for a test: an organisation with a server "files", a
// policy and a grant for each ORGANISATION URL POLICY given. Prints a token a line.
//
// usage: seed FOLDER (ORGANISATION URL POLICY)...
#include "control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct seeding {
    char **words; // organisation, URL, policy
    char token[IDENTITY_TOKEN_SIZE];
    struct control *control;
};

static int add_reach(struct seeding *seeding, struct store_view *view,
                     const struct store_server *server, const struct store_policy *policy,
                     struct error *error)
{
    const struct slice organisation = server->head.organisation;
    struct store_credential credential = {.head.organisation = organisation,
                                          .server = server->head.id,
                                          .place = STORE_HEADER,
                                          .name = SLICE_LITERAL("X-Organisation")};
    struct store_grant grant = {.head.organisation = organisation,
                                .label = SLICE_LITERAL("agent"),
                                .tags = SLICE_LITERAL("[]")};
    const struct control_reach reach = {server->head.id, policy->head.id, 0};
    int result = control_set_credential(seeding->control, view, &credential,
                                        slice_from_string(seeding->words[0]), error);
    return result == 0 ? control_add_grant(view, &grant, &reach, 1, seeding->token, error) : result;
}

static int seed(void *argument, struct store_view *view, struct error *error)
{
    struct seeding *seeding = argument;
    struct store_organisation owner = {.name = slice_from_string(seeding->words[0])};
    struct policy_problems problems = {0};
    int result = store_add_organisation(view, &owner, error);
    struct store_server server = {.head.organisation = owner.head.id,
                                  .name = SLICE_LITERAL("files"),
                                  .url = slice_from_string(seeding->words[1]),
                                  .settings = SLICE_LITERAL("{}")};
    struct store_policy policy = {.head.organisation = owner.head.id,
                                  .name = SLICE_LITERAL("rules")};
    struct store_policy_version version = {.document = slice_from_string(seeding->words[2])};
    result = result == 0 ? store_add_server(view, &server, error) : result;
    result = result == 0 ? store_add_policy(view, &policy, error) : result;
    if (result == 0)
        result = control_add_policy_version(view, &policy, &version, &problems, error);
    policy_problems_release(&problems);
    return result == 0 ? add_reach(seeding, view, &server, &policy, error) : result;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    struct control *control = NULL;
    if (argc < 2)
        return 2;
    const struct control_options options = {.folder = argv[1],
                                            .environment = (const char *const *)environ};
    int result = control_open(&options, &control, &error);
    for (int i = 2; i + 2 < argc && result == 0; i += 3) {
        struct seeding seeding = {.words = argv + i, .control = control};
        result = store_run(control_records(control), STORE_WRITE, NULL, seed, &seeding, &error);
        if (result == 0)
            printf("%s\n", seeding.token);
    }
    if (result != 0)
        fprintf(stderr, "%s\n", error.text);
    control_close(control);
    return result == 0 ? 0 : 1;
}
