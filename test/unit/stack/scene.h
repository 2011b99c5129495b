// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Stacks for tests, out of tools' definitions as JSON.
#pragma once

#include "stack/stack.h"

enum { SCENE_SERVERS = 4, SCENE_TOOLS = 64 };

struct scene {
    struct arena arena;
    struct json_doc docs[SCENE_SERVERS];
    struct stack_tool tools[SCENE_SERVERS][SCENE_TOOLS];
    struct stack_server servers[SCENE_SERVERS];
    struct policy *policies[SCENE_SERVERS];
    struct stack stack;
    struct stack_report report;
};

void scene_init(struct scene *scene);
void scene_release(struct scene *scene);
// `tools`: members of a JSON array. In both texts, ' stands for ". `policy` NULL: not judged.
void scene_add(struct scene *scene, const char *name, const char *tools, const char *policy);
void scene_look(struct scene *scene);
const struct stack_row *scene_row(const struct scene *scene, const char *tool);
// NULL: there is none.
const struct stack_combination *scene_danger(const struct scene *scene, enum stack_danger danger);
