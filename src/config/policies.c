// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

enum { POLICY_FILE_MAX = 4 * 1024 * 1024 };

static void pass_on(struct config_loader *loader, const char *path,
                    const struct policy_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        config_complain_file(loader, problems->items[i].warning ? CONFIG_WARNING : CONFIG_ERROR,
                             path, problems->items[i].at, problems->items[i].text);
}

static void compile(struct config_loader *loader, uint32_t node, struct config_policy *entry)
{
    struct buffer text;
    struct error error = {0};
    struct policy_problems problems = {0};
    buffer_init(&text, 0);
    int result = config_read_file(entry->path, POLICY_FILE_MAX, &text, &error);
    if (result != 0) {
        config_complain(loader, CONFIG_ERROR, node, "'%.200s' cannot be read: %s", entry->path,
                        error.text);
    } else {
        result = policy_compile(buffer_slice(&text), entry->name, &entry->policy, &problems);
        pass_on(loader, entry->path, &problems);
        if (result != 0 && problems.count == 0)
            config_complain(loader, CONFIG_ERROR, node, "'%.200s': %s", entry->path,
                            error_text(result));
    }
    if (result == ERROR_NO_MEMORY)
        loader->no_memory = true;
    policy_problems_release(&problems);
    buffer_release(&text);
}

static bool read_policy(struct config_loader *loader, uint32_t key, struct config_policy *entry)
{
    struct slice name = config_literal_string(loader, key);
    if (name.data == NULL)
        return false;
    if (!config_is_name(name))
        config_complain(loader, CONFIG_ERROR, key,
                        "policy names have 1 to 64 letters, digits, '_' and '-'");
    entry->name = name;
    if (table_put(&loader->policy_names, name, entry) != 0)
        loader->no_memory = true;
    struct slice path = config_path(loader, key + 1);
    if (path.data == NULL)
        return true;
    entry->path = path.data;
    compile(loader, key + 1, entry);
    return true;
}

void config_read_policies(struct config_loader *loader, uint32_t node)
{
    if (node == JSON_NONE || !config_expect(loader, node, JSON_OBJECT))
        return;
    size_t count = json_at(&loader->doc, node)->count;
    loader->policies = config_take(loader, count, sizeof *loader->policies);
    loader->policy_used = config_take(loader, count, sizeof *loader->policy_used);
    loader->config->policies = loader->policies;
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE && !loader->no_memory;
         key = json_next_key(&loader->doc, node, key))
        if (read_policy(loader, key, &loader->policies[loader->config->policy_count]))
            loader->config->policy_count++;
}
