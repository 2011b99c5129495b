// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

#include "base/memory.h"

static bool load_text(struct config_loader *loader, struct buffer *text)
{
    struct error error = {0};
    int result = config_read_file(loader->config->path, CONFIG_FILE_MAX, text, &error);
    if (result == ERROR_NO_MEMORY)
        loader->no_memory = true;
    if (result != 0)
        config_complain(loader, CONFIG_ERROR, JSON_NONE, "cannot be read: %s", error.text);
    return result == 0;
}

static bool scan_text(struct config_loader *loader, struct slice text)
{
    struct error error = {0};
    size_t offset = 0;
    int result = json_scan(&loader->doc, text, NULL, &error, &offset);
    if (result == ERROR_NO_MEMORY)
        loader->no_memory = true;
    if (result == 0)
        return true;
    // The error's text begins with "line:column: ", which the problem has already.
    const char *sentence = error.text + strspn(error.text, "0123456789:");
    config_complain_at(loader, CONFIG_ERROR, json_position(text, offset), "%s",
                       sentence + strspn(sentence, " "));
    return false;
}

static uint32_t member(const struct config_loader *loader, const char *key)
{
    return json_get(&loader->doc, 0, key);
}

static void warn_unused(struct config_loader *loader)
{
    for (size_t i = 0; i < loader->config->policy_count; i++)
        if (!loader->policy_used[i])
            config_complain(
                loader, CONFIG_WARNING,
                json_get_slice(&loader->doc, member(loader, "policies"), loader->policies[i].name) -
                    1,
                "policy '%.*s' is used by no grant", CONFIG_SHOWN(loader->policies[i].name));
    for (size_t i = 0; i < loader->config->server_count; i++)
        if (!loader->server_used[i])
            config_complain(
                loader, CONFIG_WARNING,
                json_get_slice(&loader->doc, member(loader, "servers"), loader->servers[i].name) -
                    1,
                "server '%.*s' is reached by no grant", CONFIG_SHOWN(loader->servers[i].name));
    uint32_t grants = member(loader, "grants");
    if (grants == JSON_NONE || (json_type(&loader->doc, grants) == JSON_OBJECT &&
                                json_at(&loader->doc, grants)->count == 0))
        config_complain(loader, CONFIG_WARNING, grants == JSON_NONE ? 0 : grants,
                        "there are no grants: nobody can call anything");
}

static void list_watched(struct config_loader *loader)
{
    struct config *config = loader->config;
    const char **watched = config_take(loader, config->policy_count + 1, sizeof *watched);
    if (watched == NULL)
        return;
    if (!loader->from_text)
        watched[config->watched_count++] = config->path;
    for (size_t i = 0; i < config->policy_count; i++)
        if (config->policies[i].path != NULL)
            watched[config->watched_count++] = config->policies[i].path;
    config->watched = watched;
}

static void read_document(struct config_loader *loader)
{
    if (!config_read_section(loader, 0, &config_top_section, loader->config))
        return;
    config_read_policies(loader, member(loader, "policies"));
    config_read_servers(loader, member(loader, "servers"));
    config_read_grants(loader, member(loader, "grants"));
    config_read_sinks(loader, member(loader, "decision_log_sinks"));
    config_check_mail(loader, member(loader, "mail"));
    config_admit_public_url(loader);
    config_check_listener(loader, 0);
    if (!loader->no_memory)
        warn_unused(loader);
    list_watched(loader);
    config_write_declared(loader);
}

static bool prepare(struct config_loader *loader, const char *path)
{
    struct arena *arena = &loader->config->arena;
    const char *slash = strrchr(path, '/');
    struct slice folder = slice_of(path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    loader->config->path = arena_copy(arena, slice_from_string(path)).data;
    loader->folder = arena_copy(arena, folder).data;
    return loader->config->path != NULL && loader->folder != NULL;
}

// `given` is the document, NULL to read it from the path.
static int load(const char *path, const struct slice *given, const char *const *environment,
                struct config **ret, struct config_problems *ret_problems)
{
    *ret_problems = (struct config_problems){0};
    struct config_loader loader = {
        .environment = environment, .problems = ret_problems, .from_text = given != NULL};
    struct buffer text;
    buffer_init(&text, 0);
    json_doc_init(&loader.doc);
    table_init(&loader.server_names);
    table_init(&loader.policy_names);
    loader.config = memory_new(sizeof *loader.config);
    arena_init(&loader.config->arena, CONFIG_ARENA_MAX);
    if (!prepare(&loader, path))
        loader.no_memory = true;
    else if ((given != NULL || load_text(&loader, &text)) &&
             scan_text(&loader, given != NULL ? *given : buffer_slice(&text)))
        read_document(&loader);
    config_problems_sort(ret_problems);
    int result = loader.no_memory                  ? ERROR_NO_MEMORY
                 : config_has_errors(ret_problems) ? ERROR_CONFIG
                                                   : 0;
    if (result == 0)
        *ret = loader.config;
    else
        config_free(loader.config);
    table_release(&loader.policy_names);
    table_release(&loader.server_names);
    json_doc_release(&loader.doc);
    buffer_wipe(&text);
    return result;
}

int config_load(const char *path, const char *const *environment, struct config **ret,
                struct config_problems *ret_problems)
{
    return load(path, NULL, environment, ret, ret_problems);
}

int config_load_text(struct slice text, const char *const *environment, struct config **ret,
                     struct config_problems *ret_problems)
{
    return load("(command line)", &text, environment, ret, ret_problems);
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->policy_count; i++)
        policy_unref(config->policies[i].policy);
    for (size_t i = 0; i < config->server_count; i++)
        filter_pins_unref(config->pins[i]);
    policy_mask_unref(config->mask);
    config_wipe_secrets(config);
    arena_release(&config->arena);
    memory_free(config);
}
