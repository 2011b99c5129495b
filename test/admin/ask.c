// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"

#include "base/clock.h"
#include "json/json.h"
#include "secret/secret.h"

#include <stdio.h>
#include <stdlib.h>

struct asking {
    const char *folder;
    struct json_doc doc;
    struct arena arena;
    char id[64];
};

static struct slice text_of(struct asking *asking, const char *name, const char *otherwise)
{
    uint32_t node = json_get(&asking->doc, 0, name);
    return node == JSON_NONE ? slice_from_string(otherwise)
                             : json_string(&asking->doc, node, &asking->arena);
}

static int64_t number_of(struct asking *asking, const char *name, int64_t otherwise)
{
    uint32_t node = json_get(&asking->doc, 0, name);
    int64_t number = otherwise;
    return node != JSON_NONE && json_integer(&asking->doc, node, &number) == 0 ? number : otherwise;
}

static struct slice raw_of(struct asking *asking, const char *name, const char *otherwise)
{
    uint32_t node = json_get(&asking->doc, 0, name);
    return node == JSON_NONE ? slice_from_string(otherwise) : json_raw(&asking->doc, node);
}

// Canonical, and sealed for the question's place.
static int set_arguments(struct asking *asking, struct store_view *view, struct store_question *row,
                         struct slice text, struct error *error)
{
    struct secret_keys *keys = NULL;
    struct buffer sealed;
    char path[400];
    snprintf(path, sizeof path, "%s/keys", asking->folder);
    buffer_init(&sealed, 0);
    struct slice place =
        arena_format(&asking->arena, "question/%.*s/%.*s", SLICE_PRINT(row->head.organisation),
                     SLICE_PRINT(row->head.id));
    int result = secret_keys_load(path, &keys, error);
    if (result == 0)
        result = secret_seal(keys, text, place, &sealed, error);
    row->arguments = arena_copy(&asking->arena, buffer_slice(&sealed));
    secret_keys_unref(keys);
    buffer_release(&sealed);
    return result == 0 ? store_change_question(view, row, error) : result;
}

static int canonical(struct asking *asking, struct slice *ret)
{
    struct buffer text;
    uint32_t node = json_get(&asking->doc, 0, "arguments");
    buffer_init(&text, 0);
    int result = node == JSON_NONE ? buffer_append_string(&text, "{}")
                                   : json_write_canonical(&text, &asking->doc, node);
    *ret = arena_copy(&asking->arena, buffer_slice(&text));
    buffer_release(&text);
    return result;
}

static int add(struct asking *asking, struct store_view *view, struct error *error)
{
    struct slice arguments = {0};
    unsigned char print[32];
    int result = canonical(asking, &arguments);
    struct store_question row = {.head.organisation = text_of(asking, "organisation", ""),
                                 .grant = text_of(asking, "grant", "grt_none"),
                                 .grant_label = text_of(asking, "grant_label", "laptop"),
                                 .server = text_of(asking, "server", "srv_none"),
                                 .server_name = text_of(asking, "server_name", "files"),
                                 .tool = text_of(asking, "tool", "sync"),
                                 .client = text_of(asking, "client", "a client"),
                                 .policy = text_of(asking, "policy", "careful"),
                                 .policy_version = text_of(asking, "policy_version", "1"),
                                 .rule = text_of(asking, "rule", "/tools/sync/approve_if/0"),
                                 .reason = text_of(asking, "reason", "Ask first."),
                                 .category = text_of(asking, "category", "Destructive"),
                                 .severity = text_of(asking, "severity", "critical"),
                                 .facts = raw_of(asking, "facts", "{}"),
                                 .approvers = number_of(asking, "approvers", 1),
                                 .expires_ms =
                                     number_of(asking, "expires_ms", clock_wall_ms() + 1800000)};
    struct slice printed =
        arena_format(&asking->arena, "%.*s %.*s %.*s %.*s", SLICE_PRINT(row.grant),
                     SLICE_PRINT(row.server), SLICE_PRINT(row.tool), SLICE_PRINT(arguments));
    identity_hash_token(printed, print);
    row.print = slice_of((const char *)print, sizeof print);
    if (result == 0)
        result = store_add_question(view, &row, error);
    snprintf(asking->id, sizeof asking->id, "%.*s", SLICE_PRINT(row.head.id));
    return result == 0 ? set_arguments(asking, view, &row, arguments, error) : result;
}

static int change(struct asking *asking, struct store_view *view, struct slice id,
                  struct error *error)
{
    struct store_question row = {.state = STORE_ASKED};
    struct slice state = text_of(asking, "state", "asked");
    int result = store_get_question(view, text_of(asking, "organisation", ""), id, &row, error);
    for (unsigned i = 0; store_question_words[i] != NULL; i++)
        if (slice_equal_string(state, store_question_words[i]))
            row.state = (enum store_question_state)i;
    row.expires_ms = number_of(asking, "expires_ms", row.expires_ms);
    snprintf(asking->id, sizeof asking->id, "%.*s", SLICE_PRINT(id));
    return result == 0 ? store_change_question(view, &row, error) : result;
}

static int run(void *argument, struct store_view *view, struct error *error)
{
    struct asking *asking = argument;
    struct slice id = text_of(asking, "id", "");
    return id.length == 0 ? add(asking, view, error) : change(asking, view, id, error);
}

void ask_question(struct control *control, const char *folder, struct slice line)
{
    struct asking asking = {.folder = folder};
    struct error error = {0};
    json_doc_init(&asking.doc);
    arena_init(&asking.arena, 64 * 1024 * 1024);
    int result = json_scan(&asking.doc, line, NULL, &error, NULL);
    if (result == 0)
        result = store_run(control_records(control), STORE_WRITE, NULL, run, &asking, &error);
    if (result != 0) {
        fprintf(stderr, "admin_server: %s\n", error.text);
        exit(1);
    }
    printf("%s\n", asking.id);
    fflush(stdout);
    json_doc_release(&asking.doc);
    arena_release(&asking.arena);
}
