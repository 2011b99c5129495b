// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a data folder knows beside the log: categories of tools, tags of grants. Only reads, so a
// gateway may be using it.
#include "cli/replay_internal.h"

#include "inventory/inventory.h"
#include "store/walk.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { PAGE = 200, TAGS_MAX = 1000 };

static int add_grant(struct rehearse_past *past, const struct store_grant *grant)
{
    struct slice tags[TAGS_MAX];
    struct json_doc doc;
    struct arena arena;
    size_t count = 0;
    json_doc_init(&doc);
    arena_init(&arena, 1024 * 1024);
    bool list =
        json_scan(&doc, grant->tags, NULL, NULL, NULL) == 0 && json_type(&doc, 0) == JSON_ARRAY;
    for (uint32_t tag = list ? json_first_element(&doc, 0) : JSON_NONE;
         tag != JSON_NONE && count < TAGS_MAX; tag = json_next_element(&doc, 0, tag))
        tags[count++] = json_string(&doc, tag, &arena);
    int result = rehearse_past_add_grant(past, grant->head.organisation, grant->label, tags, count);
    arena_release(&arena);
    json_doc_release(&doc);
    return result;
}

static int add_grants(struct rehearse_past *past, struct store_view *view,
                      struct slice organisation, struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_GRANT, organisation, PAGE);
    int result = 0;
    while (store_walk_next(&walk, view, &result, error)) {
        const struct store_grant *grant = walk.row;
        if (grant->revoked_ms == 0)
            result = add_grant(past, grant);
    }
    return result;
}

static int add_overrides(struct rehearse_past *past, struct store_view *view,
                         struct slice organisation, struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_OVERRIDE, organisation, PAGE);
    int result = 0;
    while (store_walk_next(&walk, view, &result, error)) {
        const struct store_override *override = walk.row;
        struct store_server server = {.disabled = false};
        result = store_get_server(view, organisation, override->server, &server, error);
        if (result == 0)
            result = rehearse_past_add_override(past, organisation, server.name, override->tool,
                                                (enum catalogue_category) override->category);
    }
    return result;
}

static int read_cb(void *argument, struct store_view *view, struct error *error)
{
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    while (store_walk_next(&walk, view, &result, error)) {
        result = add_grants(argument, view, walk.id, error);
        if (result == 0)
            result = add_overrides(argument, view, walk.id, error);
    }
    return result;
}

int replay_data_open(const char *folder, struct replay_data *ret)
{
    char path[PATH_MAX];
    struct error error = {0};
    *ret = (struct replay_data){0};
    if (folder == NULL)
        return CLI_OK;
    int result = inventory_open(folder, false, &ret->inventory, &error);
    if (result != 0 && result != ERROR_NOT_FOUND)
        return cli_complain(CLI_FAILED, "%s", error.text);
    ret->past = rehearse_past_new(ret->inventory);
    if (ret->past == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    snprintf(path, sizeof path, "%s/control.db", folder);
    if (access(path, F_OK) != 0)
        return CLI_OK;
    result = store_peek(path, read_cb, ret->past, &error);
    return result == 0
               ? CLI_OK
               : cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error.text);
}

void replay_data_close(struct replay_data *data)
{
    rehearse_past_free(data->past);
    inventory_close(data->inventory);
}
