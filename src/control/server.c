// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server's records are put into the words of the configuration file and read by its reader, so
// that both know the same options, bounds and refusals. Credentials are handed over as variables of
// an environment made for this purpose: their bytes never become part of a document.
#include "control/control_internal.h"

#include "base/memory.h"

#include <stdio.h>

enum { ENVIRONMENT_MAX = 128 };

// What a server's document may refer to: its own credentials, and what programs need to start.
struct surroundings {
    const char *items[ENVIRONMENT_MAX + 3]; // NULL-terminated
    size_t count;
    struct buffer values[ENVIRONMENT_MAX]; // wiped and released
    size_t value_count;
};

static void surroundings_release(struct surroundings *around)
{
    for (size_t i = 0; i < around->value_count; i++)
        buffer_wipe(&around->values[i]);
}

static int add_credential(struct control *control, const struct control_secret *secret,
                          struct surroundings *around, struct error *error)
{
    struct buffer *value = &around->values[around->value_count];
    if (around->value_count == ENVIRONMENT_MAX)
        return error_set(error, ERROR_LIMIT, "a server has at most %d credentials",
                         (int)ENVIRONMENT_MAX);
    buffer_init(value, 0);
    buffer_reserve(value, secret->sealed.length + 32); // growing would leave a copy behind
    buffer_append_format(value, "CREDENTIAL_%zu=%s", around->value_count, secret->prefix);
    around->value_count++;
    struct secret_keys *keys = control_keys(control);
    int result = value->failed ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                               : secret_open(keys, secret->sealed, secret->at, value, error);
    secret_keys_unref(keys);
    if (result == 0)
        result = buffer_append(value, slice_of("", 1));
    around->items[around->count++] = buffer_slice(value).data;
    return result;
}

static int find_surroundings(struct control *control, const struct control_secrets *secrets,
                             struct surroundings *around, struct error *error)
{
    static const char *const inherited[] = {"PATH", "HOME"};
    for (size_t i = 0; i < secrets->count; i++) {
        int result = secrets->items[i].refusal.length > 0
                         ? 0
                         : add_credential(control, &secrets->items[i], around, error);
        if (result != 0)
            return result;
    }
    for (const char *const *item = control->options.environment; item != NULL && *item != NULL;
         item++)
        for (size_t i = 0; i < 2; i++)
            if (strncmp(*item, inherited[i], 4) == 0 && (*item)[4] == '=' &&
                around->count < ENVIRONMENT_MAX + 2)
                around->items[around->count++] = *item;
    return 0;
}

static void write_credentials(struct buffer *out, const char *member,
                              const struct control_secrets *secrets, enum store_place place)
{
    bool first = true;
    size_t value = 0;
    for (size_t i = 0; i < secrets->count; i++) {
        if (secrets->items[i].refusal.length > 0)
            continue;
        size_t number = value++;
        if (secrets->items[i].place != place)
            continue;
        buffer_append_string(out, first ? ",\"" : ",");
        if (first)
            buffer_append_format(out, "%s\":{", member);
        json_write_string(out, secrets->items[i].name);
        buffer_append_format(out, ":\"${CREDENTIAL_%zu}\"", number);
        first = false;
    }
    buffer_append_string(out, first ? "" : "}");
}

// The members of the settings, without the brackets.
static void write_settings(struct buffer *out, struct slice settings)
{
    const char *open = memchr(settings.data, '{', settings.length);
    const char *close = memrchr(settings.data, '}', settings.length);
    if (open == NULL || close == NULL)
        return;
    struct slice inner = slice_of(open + 1, (size_t)(close - open) - 1);
    size_t blank = 0;
    while (blank < inner.length && strchr(" \t\r\n", inner.data[blank]) != NULL)
        blank++;
    if (blank == inner.length)
        return;
    buffer_append_string(out, ",");
    buffer_append(out, inner);
}

static void write_document(struct buffer *out, const struct store_server *row,
                           const struct control_secrets *secrets)
{
    buffer_append_string(out, "{\"servers\":{");
    json_write_string(out, row->name);
    if (row->transport == STORE_STDIO) {
        buffer_append_string(out, ":{\"command\":");
        buffer_append(out, row->command.length == 0 ? SLICE_LITERAL("[]") : row->command);
    } else {
        buffer_append_string(out, ":{\"url\":");
        json_write_string(out, row->url);
        buffer_append_string(out, row->transport == STORE_SSE ? ",\"transport\":\"sse\""
                                                              : ",\"transport\":\"http\"");
    }
    write_credentials(out, "headers", secrets, STORE_HEADER);
    write_credentials(out, "env", secrets, STORE_ENVIRONMENT);
    write_settings(out, row->settings);
    buffer_append_string(out, "}}}");
}

static int read_document(struct slice text, const struct surroundings *around, struct config **ret,
                         struct error *error)
{
    struct config_problems problems;
    int result = config_load_text(text, around->items, ret, &problems);
    const char *why = error_text(result);
    for (size_t i = problems.count; i-- > 0;)
        if (!problems.items[i].warning)
            why = problems.items[i].text;
    if (result != 0)
        error_set(error, result, "%s", why);
    config_problems_release(&problems);
    if (result == 0 && (*ret)->server_count != 1) {
        config_free(*ret);
        result = error_set(error, ERROR_CONFIG, "the settings are not those of one server");
    }
    return result;
}

// Nothing may be sent while an authorization is missing: not even without one.
static void refuse_if(struct control_server *server, const struct control_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count && server->refusal == NULL; i++)
        if (secrets->items[i].refusal.length > 0)
            server->refusal = memory_copy_string(secrets->items[i].refusal.data,
                                                 secrets->items[i].refusal.length);
    if (server->refusal != NULL)
        server->options.refusal = slice_from_string(server->refusal);
}

int control_server_make(struct control *control, const struct store_server *row,
                        const struct control_secrets *secrets,
                        const struct control_server_names *names, struct control_server **ret,
                        struct error *error)
{
    struct surroundings around = {0};
    struct config *config = NULL;
    struct buffer text;
    if (row->transport == STORE_STDIO && !control->options.commands_allowed)
        return error_set(error, ERROR_CONFIG,
                         "it is a program on the gateway's machine, and the gateway was started "
                         "without --allow-commands");
    buffer_init(&text, 0);
    write_document(&text, row, secrets);
    int result = text.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                             : find_surroundings(control, secrets, &around, error);
    if (result == 0)
        result = read_document(buffer_slice(&text), &around, &config, error);
    buffer_release(&text);
    surroundings_release(&around);
    if (result != 0)
        return result;
    struct control_server *server = memory_new(sizeof *server);
    atomic_init(&server->references, 1);
    server->config = config;
    server->key = memory_copy_string(names->key.data, names->key.length);
    server->shown = memory_copy_string(names->shown.data, names->shown.length);
    server->options = config->servers[0];
    server->options.name = slice_from_string(server->key);
    server->options.guarded = true;
    server->options.shown = slice_from_string(server->shown);
    refuse_if(server, secrets);
    *ret = server;
    return 0;
}

struct control_server *control_server_ref(struct control_server *server)
{
    atomic_fetch_add_explicit(&server->references, 1, memory_order_relaxed);
    return server;
}

void control_server_unref(struct control_server *server)
{
    if (server == NULL ||
        atomic_fetch_sub_explicit(&server->references, 1, memory_order_acq_rel) != 1)
        return;
    config_free(server->config);
    memory_free(server->key);
    memory_free(server->shown);
    memory_free(server->refusal);
    memory_free(server);
}

int control_server_try(struct control *control, const struct store_server *row,
                       const struct control_secrets *secrets, struct error *error)
{
    static const struct control_server_names names = {{"new", 3}, {"new", 3}};
    struct control_server *made = NULL;
    int result = control_server_make(control, row, secrets, &names, &made, error);
    if (result == 0)
        control_server_unref(made);
    return result;
}

int control_check_server(struct control *control, const struct store_server *server,
                         struct error *error)
{
    static const struct control_secrets none = {.count = 0};
    return control_server_try(control, server, &none, error);
}
