// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine behind the option tables.
#include "config/config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KNOWN_MAX = 48, LIST_SIZE = 240 };

struct slice config_key_of(struct config_loader *loader, uint32_t node)
{
    // An array's element is named by the array: walk up to the nearest ancestor with a key.
    for (uint32_t at = node, target = node; at > 0; at--) {
        if (json_at(&loader->doc, at)->next <= target)
            continue;
        if (json_at(&loader->doc, at - 1)->is_key) {
            struct slice key = json_string(&loader->doc, at - 1, &loader->config->arena);
            return key.data == NULL ? SLICE_LITERAL("value") : key;
        }
        target = at;
    }
    return SLICE_LITERAL("value");
}

static const char *with_article(enum json_type type)
{
    switch (type) {
    case JSON_NULL: return "null";
    case JSON_FALSE: return "false";
    case JSON_TRUE: return "true";
    case JSON_NUMBER: return "a number";
    case JSON_STRING: return "a string";
    case JSON_ARRAY: return "an array";
    case JSON_OBJECT: return "an object";
    }
    return "a value";
}

static bool is_element(const struct config_loader *loader, uint32_t node)
{
    return node > 0 && !json_at(&loader->doc, node - 1)->is_key;
}

bool config_expect(struct config_loader *loader, uint32_t node, enum json_type type)
{
    enum json_type found = json_type(&loader->doc, node);
    if (found == type)
        return true;
    if (node == 0)
        config_complain(loader, CONFIG_ERROR, node, "the configuration must be an object, not %s",
                        with_article(found));
    else
        config_complain(loader, CONFIG_ERROR, node, "%s'%.*s' must be %s, not %s",
                        is_element(loader, node) ? "an element of " : "",
                        CONFIG_SHOWN(config_key_of(loader, node)), with_article(type),
                        with_article(found));
    return false;
}

static void store_amount(const struct config_option *option, void *target, uint64_t value)
{
    void *place = (char *)target + option->offset;
    if (option->kind == OPTION_DURATION)
        *(uint64_t *)place = value;
    else
        *(size_t *)place = (size_t)value;
}

static bool parse_amount(const struct config_option *option, struct slice text, uint64_t *ret)
{
    return option->kind == OPTION_DURATION ? config_parse_duration(text, ret)
                                           : config_parse_bytes(text, ret);
}

// Whole numbers are seconds, bytes or a plain count; texts carry a unit. False: of another form.
static bool amount_of(struct config_loader *loader, uint32_t node,
                      const struct config_option *option, uint64_t *ret)
{
    int64_t number = 0;
    if (json_type(&loader->doc, node) == JSON_STRING && option->kind != OPTION_COUNT) {
        struct slice text = json_string(&loader->doc, node, &loader->config->arena);
        return text.data != NULL && parse_amount(option, text, ret);
    }
    if (json_type(&loader->doc, node) != JSON_NUMBER ||
        json_integer(&loader->doc, node, &number) != 0 || number < 0)
        return false;
    uint64_t factor = option->kind == OPTION_DURATION ? 1000 : 1;
    *ret = (uint64_t)number > UINT64_MAX / factor ? UINT64_MAX : (uint64_t)number * factor;
    return true;
}

static void show_amount(const struct config_option *option, int64_t value,
                        char text[CONFIG_AMOUNT_SIZE])
{
    if (option->kind == OPTION_DURATION)
        config_show_duration((uint64_t)value, text);
    else if (option->kind == OPTION_BYTES)
        config_show_bytes((uint64_t)value, text);
    else
        snprintf(text, CONFIG_AMOUNT_SIZE, "%lld", (long long)value);
}

static void read_amount(struct config_loader *loader, uint32_t node,
                        const struct config_option *option, void *target)
{
    static const char *const forms[] = {
        [OPTION_DURATION] = "a duration like \"10s\" or a whole number of seconds",
        [OPTION_BYTES] = "a whole number of bytes or a text like \"4 MiB\"",
        [OPTION_COUNT] = "a whole number"};
    uint64_t value = 0;
    char least[CONFIG_AMOUNT_SIZE], most[CONFIG_AMOUNT_SIZE];
    show_amount(option, option->least, least);
    show_amount(option, option->most, most);
    if (!amount_of(loader, node, option, &value))
        config_complain(loader, CONFIG_ERROR, node, "'%s' must be %s, from %s to %s", option->key,
                        forms[option->kind], least, most);
    else if (value < (uint64_t)option->least || value > (uint64_t)option->most)
        config_complain(loader, CONFIG_ERROR, node, "'%s' must be from %s to %s", option->key,
                        least, most);
    else
        store_amount(option, target, value);
}

static void read_choice(struct config_loader *loader, uint32_t node,
                        const struct config_option *option, void *target)
{
    struct slice value = config_plain_string(loader, node);
    if (value.data == NULL)
        return;
    char words[160] = "";
    size_t length = 0;
    for (unsigned int i = 0; option->choices[i] != NULL; i++) {
        if (slice_equal_string(value, option->choices[i])) {
            *(unsigned int *)(void *)((char *)target + option->offset) = i;
            return;
        }
        length += (size_t)snprintf(words + length, sizeof words - length, "%s\"%s\"",
                                   i == 0 ? "" : " or ", option->choices[i]);
    }
    config_complain(loader, CONFIG_ERROR, node, "'%s' must be %s, not \"%.*s\"", option->key, words,
                    CONFIG_SHOWN(value));
}

static bool file_is_good(struct config_loader *loader, uint32_t node, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || access(path, R_OK) != 0) {
        config_complain(loader, CONFIG_ERROR, node, "'%.200s' cannot be read: %s", path,
                        strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        config_complain(loader, CONFIG_ERROR, node, "'%.200s' is a folder", path);
        return false;
    }
    return true;
}

// The file itself may come later, its folder may not.
static bool folder_is_there(struct config_loader *loader, uint32_t node, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct slice folder =
        slash == NULL ? SLICE_LITERAL(".") : slice_of(path, (size_t)(slash - path) + 1);
    struct slice copy = arena_copy(&loader->config->arena, folder);
    struct stat status;
    if (copy.data == NULL) {
        loader->no_memory = true;
        return false;
    }
    if (stat(copy.data, &status) != 0 || !S_ISDIR(status.st_mode)) {
        config_complain(loader, CONFIG_ERROR, node, "the folder '%.200s' does not exist",
                        copy.data);
        return false;
    }
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        config_complain(loader, CONFIG_ERROR, node, "'%.200s' is a folder", path);
        return false;
    }
    return true;
}

static void read_text(struct config_loader *loader, uint32_t node,
                      const struct config_option *option, void *target)
{
    struct slice value = option->kind == OPTION_STRING ? config_plain_string(loader, node)
                                                       : config_path(loader, node);
    if (value.data == NULL ||
        (option->kind == OPTION_FILE && !file_is_good(loader, node, value.data)) ||
        (option->kind == OPTION_NEW_FILE && !folder_is_there(loader, node, value.data)))
        return;
    *(const char **)(void *)((char *)target + option->offset) = value.data;
}

static void read_option(struct config_loader *loader, uint32_t node,
                        const struct config_option *option, void *target)
{
    switch (option->kind) {
    case OPTION_STRING:
    case OPTION_FILE:
    case OPTION_NEW_FILE: read_text(loader, node, option, target); break;
    case OPTION_BYTES:
    case OPTION_COUNT:
    case OPTION_DURATION: read_amount(loader, node, option, target); break;
    case OPTION_CHOICE: read_choice(loader, node, option, target); break;
    case OPTION_OBJECT: config_read_section(loader, node, option->section, target); break;
    case OPTION_CALL: option->read(loader, node, target); break;
    case OPTION_LATER: break;
    }
}

static void set_default(const struct config_option *option, void *target)
{
    char *place = (char *)target + option->offset;
    uint64_t amount = 0;
    switch (option->kind) {
    case OPTION_STRING: *(const char **)(void *)place = option->standard; break;
    case OPTION_BYTES:
    case OPTION_COUNT:
    case OPTION_DURATION:
        if (option->standard != NULL &&
            parse_amount(option, slice_from_string(option->standard), &amount))
            store_amount(option, target, amount);
        break;
    case OPTION_CHOICE:
        for (unsigned int i = 0; option->choices[i] != NULL; i++)
            if (option->standard != NULL && strcmp(option->choices[i], option->standard) == 0)
                *(unsigned int *)(void *)place = i;
        break;
    case OPTION_OBJECT:
        for (size_t i = 0; i < option->section->count; i++)
            set_default(&option->section->options[i], target);
        break;
    default: break;
    }
}

static const struct config_option *find_option(const struct config_section *section,
                                               struct slice key)
{
    for (size_t i = 0; i < section->count; i++)
        if (slice_equal_string(key, section->options[i].key))
            return &section->options[i];
    return NULL;
}

static void complain_unknown(struct config_loader *loader, uint32_t key_node, struct slice key,
                             const struct config_section *section)
{
    const char *known[KNOWN_MAX] = {NULL};
    size_t count = 0, length = 0;
    char list[LIST_SIZE] = "";
    for (size_t i = 0; i < section->count && count < KNOWN_MAX; i++) {
        if (section->options[i].help == NULL)
            continue;
        known[count++] = section->options[i].key;
        if (length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                       length == 0 ? "" : ", ", section->options[i].key);
    }
    struct config_hint hint = config_hint(key, known, count);
    if (hint.text[0] != '\0')
        config_complain(loader, CONFIG_ERROR, key_node, "unknown key '%.*s'%s", CONFIG_SHOWN(key),
                        hint.text);
    else if (length >= sizeof list)
        config_complain(loader, CONFIG_ERROR, key_node,
                        "unknown key '%.*s'; 'sallyport help config' lists what there is",
                        CONFIG_SHOWN(key));
    else
        config_complain(loader, CONFIG_ERROR, key_node, "unknown key '%.*s'; %s has %s",
                        CONFIG_SHOWN(key), section->name, list);
}

bool config_read_section(struct config_loader *loader, uint32_t node,
                         const struct config_section *section, void *target)
{
    for (size_t i = 0; i < section->count; i++)
        set_default(&section->options[i], target);
    if (!config_expect(loader, node, JSON_OBJECT))
        return false;
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE;
         key = json_next_key(&loader->doc, node, key)) {
        struct slice name = json_string(&loader->doc, key, &loader->config->arena);
        if (name.data == NULL) {
            loader->no_memory = true;
            return false;
        }
        const struct config_option *option = find_option(section, name);
        if (option == NULL)
            complain_unknown(loader, key, name, section);
        else
            read_option(loader, key + 1, option, target);
    }
    for (size_t i = 0; i < section->count; i++)
        if (section->options[i].required &&
            json_get(&loader->doc, node, section->options[i].key) == JSON_NONE)
            config_complain(loader, CONFIG_ERROR, node, "%s needs '%s'", section->name,
                            section->options[i].key);
    return true;
}
