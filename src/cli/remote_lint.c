// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy lint` before the tools that a gateway knows.
#include "cli/remote_internal.h"

#include <stdio.h>

static struct slice keep(struct remote *remote, uint32_t item, const char *name,
                         struct arena *arena)
{
    uint32_t node = json_get(&remote->doc, item, name);
    if (node == JSON_NONE || json_type(&remote->doc, node) != JSON_STRING)
        return (struct slice){"", 0};
    return json_string(&remote->doc, node, arena);
}

static uint32_t number(struct remote *remote, uint32_t item, const char *name)
{
    int64_t value = 0;
    uint32_t node = json_get(&remote->doc, item, name);
    bool good = node != JSON_NONE && json_integer(&remote->doc, node, &value) == 0 && value >= 0 &&
                value <= INT32_MAX;
    return good ? (uint32_t)value : 0;
}

static bool read_finding(struct remote *remote, uint32_t item, struct arena *arena,
                         struct policy_finding *ret)
{
    struct slice weight = keep(remote, item, "weight", arena),
                 kind = keep(remote, item, "kind", arena);
    char *word = arena_take(arena, kind.length + 1);
    if (word == NULL)
        return false;
    memcpy(word, kind.data, kind.length);
    word[kind.length] = '\0';
    *ret = (struct policy_finding){
        .weight = POLICY_REMARK,
        .at = {number(remote, item, "line"), number(remote, item, "column")},
        .kind = word,
        .rule = keep(remote, item, "rule", arena),
        .text = keep(remote, item, "text", arena),
        .advice = keep(remote, item, "advice", arena)};
    for (int i = 0; policy_weight_words[i] != NULL; i++)
        if (slice_equal_string(weight, policy_weight_words[i]))
            ret->weight = (enum policy_weight)i;
    return ret->text.data != NULL && ret->advice.data != NULL && ret->rule.data != NULL;
}

static int read_findings(struct remote *remote, struct arena *arena, struct policy_findings *ret)
{
    uint32_t list = json_get(&remote->doc, 0, "findings");
    uint32_t complete = json_get(&remote->doc, 0, "complete");
    bool good = list != JSON_NONE && json_type(&remote->doc, list) == JSON_ARRAY;
    size_t most = good ? json_at(&remote->doc, list)->count : 0;
    *ret = (struct policy_findings){.items = arena_take(arena, (most + 1) * sizeof *ret->items),
                                    .too_many = complete == JSON_NONE ||
                                                json_type(&remote->doc, complete) != JSON_TRUE};
    good = good && ret->items != NULL;
    for (uint32_t item = good ? json_first_element(&remote->doc, list) : JSON_NONE;
         item != JSON_NONE && good; item = json_next_element(&remote->doc, list, item))
        good = read_finding(remote, item, arena, &ret->items[ret->count++]);
    return good ? CLI_OK : cli_complain(CLI_FAILED, "the gateway's answer cannot be read");
}

int remote_lint(struct remote *remote, struct slice document, const struct remote_tools *tools,
                struct arena *arena, struct policy_findings *ret)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_string(&body, "{\"document\":");
    json_write_string(&body, document);
    remote_write_text(&body, "server", tools->server);
    remote_write_text(&body, "grant", tools->grant);
    remote_write_text(&body, "policy", tools->policy);
    buffer_append_string(&body, "}");
    int exit_code = body.failed ? cli_complain(CLI_FAILED, "out of memory")
                                : remote_call(remote, "POST", SLICE_LITERAL("/policies/lint"),
                                              buffer_slice(&body), NULL);
    buffer_release(&body);
    return exit_code == CLI_OK ? read_findings(remote, arena, ret) : exit_code;
}
