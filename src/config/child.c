// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers that are child processes: their command line and their whole environment.
#include "config/config_internal.h"

enum { VARIABLES_MAX = 2048 };

static void read_command(struct config_loader *loader, uint32_t node,
                         struct upstream_options *server)
{
    if (!config_expect(loader, node, JSON_ARRAY))
        return;
    size_t count = json_at(&loader->doc, node)->count, filled = 0;
    if (count == 0) {
        config_complain(loader, CONFIG_ERROR, node, "'command' must name a program");
        return;
    }
    const char **command = config_take(loader, count + 1, sizeof *command);
    for (uint32_t element = json_first_element(&loader->doc, node);
         command != NULL && element != JSON_NONE;
         element = json_next_element(&loader->doc, node, element)) {
        struct slice value = config_literal_string(loader, element);
        if (value.data == NULL)
            return;
        if (strstr(value.data, "${") != NULL)
            config_complain(loader, CONFIG_WARNING, element,
                            "${...} is not replaced in 'command': anybody on the machine can read "
                            "command lines; use 'env'");
        if (filled == 0 && value.length == 0)
            config_complain(loader, CONFIG_ERROR, element, "'command' must name a program");
        else if (filled == 0 && !config_finds_program(value.data, loader->environment))
            config_complain(loader, CONFIG_WARNING, element, "program '%.*s' was not found",
                            CONFIG_SHOWN(value));
        command[filled++] = value.data;
    }
    server->command = command;
}

// The environment being put together.
struct child_environment {
    const char **items; // "NAME=value"
    size_t count;
};

static bool holds(const struct child_environment *all, struct slice name)
{
    return config_variable(all->items, name) != NULL;
}

static void add(struct config_loader *loader, struct child_environment *all, struct slice name,
                struct slice value)
{
    char *text = config_take(loader, name.length + value.length + 2, 1);
    if (text == NULL)
        return;
    memcpy(text, name.data, name.length);
    text[name.length] = '=';
    if (value.length > 0)
        memcpy(text + name.length + 1, value.data, value.length);
    config_note_secret(loader, slice_of(text, name.length + value.length + 1));
    all->items[all->count++] = text;
}

static void read_env(struct config_loader *loader, uint32_t node, struct child_environment *all)
{
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE && !loader->no_memory;
         key = json_next_key(&loader->doc, node, key)) {
        struct slice name = config_literal_string(loader, key);
        struct slice value = config_expanded_string(loader, key + 1);
        if (name.data == NULL || value.data == NULL)
            continue;
        if (!config_is_variable(name))
            config_complain(loader, CONFIG_ERROR, key,
                            "'%.*s' is no name of an environment variable", CONFIG_SHOWN(name));
        else
            add(loader, all, name, value);
    }
}

static void inherit(struct config_loader *loader, struct child_environment *all, struct slice name,
                    uint32_t node)
{
    const char *value = config_variable(loader->environment, name);
    if (value == NULL && node != JSON_NONE)
        config_complain(loader, CONFIG_WARNING, node, "environment variable '%.*s' is not set",
                        CONFIG_SHOWN(name));
    // What 'env' says wins.
    if (value != NULL && !holds(all, name))
        add(loader, all, name, slice_from_string(value));
}

static void inherit_listed(struct config_loader *loader, uint32_t node,
                           struct child_environment *all)
{
    for (uint32_t element = json_first_element(&loader->doc, node);
         element != JSON_NONE && !loader->no_memory;
         element = json_next_element(&loader->doc, node, element)) {
        struct slice name = config_plain_string(loader, element);
        if (name.data != NULL && !config_is_variable(name))
            config_complain(loader, CONFIG_ERROR, element,
                            "'%.*s' is no name of an environment variable", CONFIG_SHOWN(name));
        else if (name.data != NULL)
            inherit(loader, all, name, element);
    }
}

static size_t elements(const struct config_loader *loader, uint32_t node)
{
    return node == JSON_NONE ? 0 : json_at(&loader->doc, node)->count;
}

void config_read_child(struct config_loader *loader, uint32_t node, struct upstream_options *server)
{
    uint32_t env = json_get(&loader->doc, node, "env");
    uint32_t inherited = json_get(&loader->doc, node, "inherit_env");
    read_command(loader, json_get(&loader->doc, node, "command"), server);
    if ((env != JSON_NONE && !config_expect(loader, env, JSON_OBJECT)) ||
        (inherited != JSON_NONE && !config_expect(loader, inherited, JSON_ARRAY)))
        return;
    struct child_environment all = {0};
    size_t most = elements(loader, env) + elements(loader, inherited) + 3;
    if (most > VARIABLES_MAX) {
        config_complain(loader, CONFIG_ERROR, node, "more than %d environment variables",
                        VARIABLES_MAX - 3);
        return;
    }
    all.items = config_take(loader, most, sizeof *all.items);
    if (all.items == NULL)
        return;
    read_env(loader, env, &all);
    if (inherited != JSON_NONE) {
        inherit_listed(loader, inherited, &all);
    } else {
        inherit(loader, &all, SLICE_LITERAL("PATH"), JSON_NONE);
        inherit(loader, &all, SLICE_LITERAL("HOME"), JSON_NONE);
    }
    server->environment = all.items;
}
