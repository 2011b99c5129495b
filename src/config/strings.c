// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Strings of the document: copied into the config's arena, ${NAME} replaced where that is meant.
#include "config/config_internal.h"

#include "base/memory.h"

void *config_take(struct config_loader *loader, size_t count, size_t size)
{
    void *taken = NULL;
    if (count <= CONFIG_ARENA_MAX / size)
        taken = arena_take_zeroed(&loader->config->arena, count == 0 ? 1 : count * size);
    if (taken == NULL)
        loader->no_memory = true;
    return taken;
}

void config_note_secret(struct config_loader *loader, struct slice value)
{
    struct config_secret *secret = config_take(loader, 1, sizeof *secret);
    if (secret == NULL) {
        memory_wipe((void *)value.data, value.length);
        return;
    }
    *secret = (struct config_secret){
        .next = loader->config->secrets, .data = (void *)value.data, .size = value.length};
    loader->config->secrets = secret;
}

void config_wipe_secrets(struct config *config)
{
    for (struct config_secret *secret = config->secrets; secret != NULL; secret = secret->next)
        memory_wipe(secret->data, secret->size);
    config->secrets = NULL;
}

// The decoded value, borrowed: from the text, or from the arena when it had escapes. Every
// decoded string counts as a secret: which one is, is known too late.
static bool decode(struct config_loader *loader, uint32_t node, struct slice *ret)
{
    if (!config_expect(loader, node, JSON_STRING))
        return false;
    struct slice value = json_string(&loader->doc, node, &loader->config->arena);
    if (value.data == NULL) {
        loader->no_memory = true;
        return false;
    }
    if (json_at(&loader->doc, node)->escaped)
        config_note_secret(loader, value);
    if (value.length > 0 && memchr(value.data, '\0', value.length) != NULL) {
        config_complain(loader, CONFIG_ERROR, node, "'%.*s' must not hold a NUL character",
                        CONFIG_SHOWN(config_key_of(loader, node)));
        return false;
    }
    *ret = value;
    return true;
}

struct slice config_literal_string(struct config_loader *loader, uint32_t node)
{
    struct slice value = {0};
    if (!decode(loader, node, &value))
        return (struct slice){0};
    struct slice copy = arena_copy(&loader->config->arena, value);
    if (copy.data == NULL)
        loader->no_memory = true;
    return copy;
}

struct slice config_plain_string(struct config_loader *loader, uint32_t node)
{
    struct slice value = config_literal_string(loader, node);
    if (value.data != NULL && strstr(value.data, "${") != NULL) {
        config_complain(loader, CONFIG_ERROR, node,
                        "'%.*s' is taken as it stands: ${NAME} is replaced only in a server's "
                        "'url', 'headers' and 'env', and a sink's 'url', 'headers' and 'secret'",
                        CONFIG_SHOWN(config_key_of(loader, node)));
        return (struct slice){0};
    }
    return value;
}

struct slice config_path(struct config_loader *loader, uint32_t node)
{
    struct slice value = config_plain_string(loader, node);
    if (value.data == NULL)
        return value;
    if (value.length == 0) {
        config_complain(loader, CONFIG_ERROR, node, "'%.*s' must not be empty",
                        CONFIG_SHOWN(config_key_of(loader, node)));
        return (struct slice){0};
    }
    if (value.data[0] == '/')
        return value;
    struct slice path = arena_format(&loader->config->arena, "%s%s", loader->folder, value.data);
    if (path.data == NULL)
        loader->no_memory = true;
    return path;
}

// One pass over a string with variables. The first pass (out NULL) measures and complains, the
// second writes.
struct expansion {
    struct config_loader *loader;
    uint32_t node;
    char *out;
    size_t length;
    bool failed;
};

static void put(struct expansion *expansion, const char *data, size_t length)
{
    if (expansion->out != NULL && length > 0)
        memcpy(expansion->out + expansion->length, data, length);
    expansion->length += length;
}

// Where `what`, which begins with "${", stands in the text; the string's start if it was escaped.
static struct json_position position_of(const struct expansion *expansion, struct slice what)
{
    const struct config_loader *loader = expansion->loader;
    struct slice raw = json_raw(&loader->doc, expansion->node);
    const char *found = memmem(raw.data, raw.length, what.data, what.length);
    size_t offset = json_at(&loader->doc, expansion->node)->start;
    return json_position(loader->doc.text,
                         found == NULL ? offset : offset + (size_t)(found - raw.data));
}

static void replace(struct expansion *expansion, struct slice reference)
{
    struct slice name = slice_of(reference.data + 2, reference.length - 3);
    const char *value = config_variable(expansion->loader->environment, name);
    bool measuring = expansion->out == NULL;
    if (value == NULL)
        expansion->failed = true;
    if (value == NULL && measuring)
        config_complain_at(expansion->loader, CONFIG_ERROR, position_of(expansion, reference),
                           "environment variable '%.*s' is not set", CONFIG_SHOWN(name));
    else if (value != NULL && *value == '\0' && measuring)
        config_complain_at(expansion->loader, CONFIG_WARNING, position_of(expansion, reference),
                           "environment variable '%.*s' is empty", CONFIG_SHOWN(name));
    if (value != NULL)
        put(expansion, value, strlen(value));
}

// Handles what stands at a '$' and returns how many bytes it took.
static size_t expand_dollar(struct expansion *expansion, struct slice rest)
{
    if (slice_starts_with(rest, SLICE_LITERAL("$${"))) {
        put(expansion, "${", 2);
        return 3;
    }
    if (!slice_starts_with(rest, SLICE_LITERAL("${"))) {
        put(expansion, "$", 1);
        return 1;
    }
    const char *end = memchr(rest.data, '}', rest.length);
    size_t length = end == NULL ? 0 : (size_t)(end - rest.data) + 1;
    if (end == NULL || !config_is_variable(slice_of(rest.data + 2, length - 3))) {
        if (expansion->out == NULL)
            config_complain_at(expansion->loader, CONFIG_ERROR,
                               position_of(expansion, slice_of(rest.data, 2)),
                               "'${' must be followed by the name of a variable and '}'; write "
                               "'$${' for a plain '${'");
        expansion->failed = true;
        return rest.length;
    }
    replace(expansion, slice_of(rest.data, length));
    return length;
}

static void expand(struct expansion *expansion, struct slice value)
{
    for (size_t i = 0; i < value.length;) {
        struct slice rest = slice_of(value.data + i, value.length - i);
        if (*rest.data == '$') {
            i += expand_dollar(expansion, rest);
            continue;
        }
        const char *dollar = memchr(rest.data, '$', rest.length);
        size_t plain = dollar == NULL ? rest.length : (size_t)(dollar - rest.data);
        put(expansion, rest.data, plain);
        i += plain;
    }
}

struct slice config_expanded_string(struct config_loader *loader, uint32_t node)
{
    struct slice value = {0};
    if (!decode(loader, node, &value))
        return (struct slice){0};
    struct expansion expansion = {.loader = loader, .node = node};
    expand(&expansion, value);
    if (expansion.failed)
        return (struct slice){0};
    expansion.out = config_take(loader, expansion.length + 1, 1);
    if (expansion.out == NULL)
        return (struct slice){0};
    expansion.length = 0;
    expand(&expansion, value);
    struct slice result = slice_of(expansion.out, expansion.length);
    config_note_secret(loader, result);
    return result;
}

bool config_strings(struct config_loader *loader, uint32_t node, config_check_cb check,
                    const struct slice **ret, size_t *ret_count)
{
    if (!config_expect(loader, node, JSON_ARRAY))
        return false;
    struct slice *values = config_take(loader, json_at(&loader->doc, node)->count, sizeof *values);
    size_t count = 0;
    bool good = values != NULL;
    for (uint32_t element = json_first_element(&loader->doc, node);
         values != NULL && element != JSON_NONE;
         element = json_next_element(&loader->doc, node, element)) {
        struct slice value = config_plain_string(loader, element);
        if (value.data == NULL || (check != NULL && !check(loader, element, value)))
            good = false;
        else
            values[count++] = value;
    }
    if (!good)
        return false;
    *ret = values;
    *ret_count = count;
    return true;
}
