// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

#include "lib/unit.h"

void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    arena_init(&scene->arena, 16 << 20);
    for (size_t i = 0; i < SCENE_SERVERS; i++)
        json_doc_init(&scene->docs[i]);
    scene->stack.servers = scene->servers;
}

void scene_release(struct scene *scene)
{
    stack_report_release(&scene->report);
    for (size_t i = 0; i < SCENE_SERVERS; i++) {
        json_doc_release(&scene->docs[i]);
        policy_unref(scene->policies[i]);
    }
    arena_release(&scene->arena);
}

static struct slice quoted(struct scene *scene, const char *text)
{
    struct slice copy = arena_copy(&scene->arena, slice_from_string(text));
    for (size_t i = 0; i < copy.length; i++)
        if (copy.data[i] == '\'')
            ((char *)copy.data)[i] = '"';
    return copy;
}

void scene_add(struct scene *scene, const char *name, const char *tools, const char *policy)
{
    size_t at = scene->stack.count++;
    struct stack_server *server = &scene->servers[at];
    struct json_doc *doc = &scene->docs[at];
    struct error error = {0};
    *server = (struct stack_server){.name = slice_from_string(name), .tools = scene->tools[at]};
    struct slice text = arena_format(&scene->arena, "[%s]", tools);
    if (json_scan(doc, quoted(scene, text.data), NULL, &error, NULL) != 0)
        fail_msg("%s: %s", name, error.text);
    for (uint32_t node = json_first_element(doc, 0); node != JSON_NONE;
         node = json_next_element(doc, 0, node)) {
        assert_true(server->count < SCENE_TOOLS);
        assert_true(stack_read_tool(doc, node, server->name, &scene->arena,
                                    &scene->tools[at][server->count++]));
    }
    if (policy == NULL)
        return;
    struct policy_problems problems;
    if (policy_compile(quoted(scene, policy), SLICE_LITERAL("p"), &scene->policies[at],
                       &problems) != 0)
        fail_msg("%s: %s", policy, problems.items[0].text);
    policy_problems_release(&problems);
    server->judged = true;
    server->policy = scene->policies[at];
}

void scene_look(struct scene *scene)
{
    assert_int_equal(stack_look(&scene->stack, &scene->report), 0);
}

const struct stack_row *scene_row(const struct scene *scene, const char *tool)
{
    for (size_t i = 0; i < scene->report.count; i++)
        if (slice_equal_string(scene->report.rows[i].tool->name, tool))
            return &scene->report.rows[i];
    fail_msg("no tool %s", tool);
    return NULL;
}

const struct stack_combination *scene_danger(const struct scene *scene, enum stack_danger danger)
{
    for (size_t i = 0; i < scene->report.combination_count; i++)
        if (scene->report.combinations[i].danger == danger)
            return &scene->report.combinations[i];
    return NULL;
}
