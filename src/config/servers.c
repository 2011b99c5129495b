// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

static const char *const transports[] = {[UPSTREAM_HTTP] = "http", [UPSTREAM_SSE] = "sse", NULL};
static const char *const sharings[] = {
    [UPSTREAM_PER_SESSION] = "session", [UPSTREAM_SHARED] = "server", NULL};

static const char *const eras[] = {[UPSTREAM_ERA_AUTO] = "auto",
                                   [UPSTREAM_ERA_LEGACY] = "legacy",
                                   [UPSTREAM_ERA_MODERN] = "modern",
                                   NULL};

// What the simple keys of a server are read into.
struct given {
    struct upstream_options options; // first: its offsets are those of the whole
    enum filter_pinning pinning;
};
#define AT(member) .offset = offsetof(struct upstream_options, member)

static const struct config_option timeout_options[] = {
    {.key = "connect",
     .kind = OPTION_DURATION,
     AT(connect_timeout_ms),
     .least = 100,
     .most = 600000,
     .standard = "10s",
     .help = "until the connection stands, TLS included; with `sse` each further step to the "
             "server's endpoint gets as long"},
    {.key = "answer",
     .kind = OPTION_DURATION,
     AT(answer_timeout_ms),
     .least = 1000,
     .most = 86400000,
     .standard = "5m",
     .help = "how long an answer may take to begin, a JSON body to end, a stream that answers to "
             "stay silent"},
};
static const struct config_section timeout_section = {
    "'timeouts'", timeout_options, sizeof timeout_options / sizeof *timeout_options};

static const struct config_option server_options[] = {
    {.key = "command",
     .kind = OPTION_LATER,
     .type = "array of strings",
     .help = "program and arguments, started without a shell; it speaks MCP on standard input and "
             "output"},
    {.key = "env",
     .kind = OPTION_LATER,
     .type = "object of strings",
     .help = "environment of the program; `${NAME}` is replaced in the values"},
    {.key = "inherit_env",
     .kind = OPTION_LATER,
     .type = "array of strings",
     .standard = "[\"PATH\", \"HOME\"]",
     .help = "variables that the program gets from the gateway's own environment"},
    {.key = "share",
     .kind = OPTION_CHOICE,
     AT(sharing),
     .choices = sharings,
     .standard = "session",
     .help = "`session`: one process, or stream of an `sse` server, per client session; `server`: "
             "one for all"},
    {.key = "url",
     .kind = OPTION_LATER,
     .type = "string",
     .help = "where the server listens, http or https; `${NAME}` is replaced"},
    {.key = "transport",
     .kind = OPTION_CHOICE,
     AT(transport),
     .choices = transports,
     .standard = "http",
     .help = "`http`: streamable HTTP; `sse`: the older HTTP with SSE"},
    {.key = "headers",
     .kind = OPTION_LATER,
     .type = "object of strings",
     .help = "sent with every request; `${NAME}` is replaced in the values"},
    {.key = "era",
     .kind = OPTION_CHOICE,
     AT(era),
     .choices = eras,
     .standard = "auto",
     .help = "protocol era of the server: `legacy` (2025-03-26 to 2025-11-25), `modern` "
             "(2026-07-28), `auto`: found out"},
    {.key = "timeouts",
     .kind = OPTION_OBJECT,
     .section = &timeout_section,
     .help = "how long to wait"},
    {.key = "max_message_bytes",
     .kind = OPTION_BYTES,
     AT(message_max),
     .least = 1024,
     .most = 1073741824,
     .standard = "16 MiB",
     .help = "largest message from the server"},
    {.key = "max_calls",
     .kind = OPTION_COUNT,
     AT(calls_max),
     .least = 1,
     .most = 100000,
     .standard = "512",
     .help = "requests to the server at the same time"},
    {.key = "overrides",
     .kind = OPTION_LATER,
     .type = "object of strings",
     .help = "categories of tools by their names, in place of what the classifier says: "
             "`{\"sync\": \"Destructive\"}` (`docs/catalogue.md`)"},
    {.key = "pinning",
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct given, pinning),
     .choices = filter_pinning_words,
     .standard = "off",
     .help = "what becomes of a tool whose definition is new or changed: `off`: nothing, `warn`: "
             "it is told, `quarantine`: it is hidden and denied until somebody accepts it. Needs "
             "`--data` (`docs/catalogue.md`)"},
};
const struct config_section config_server_section = {
    "a server", server_options, sizeof server_options / sizeof *server_options};

static uint32_t member(struct config_loader *loader, uint32_t node, const char *key)
{
    return json_get(&loader->doc, node, key);
}

static void refuse_keys(struct config_loader *loader, uint32_t node, const char *const *keys,
                        const char *partner)
{
    for (; *keys != NULL; keys++)
        if (member(loader, node, *keys) != JSON_NONE)
            config_complain(loader, CONFIG_ERROR, member(loader, node, *keys) - 1,
                            "'%s' goes with '%s', which this server does not have", *keys, partner);
}

static void read_remote(struct config_loader *loader, uint32_t node,
                        struct upstream_options *server)
{
    static const char *const foreign[] = {"env", "inherit_env", NULL};
    static const char *const share[] = {"share", NULL};
    uint32_t url_node = member(loader, node, "url");
    refuse_keys(loader, node, foreign, "command");
    if (server->transport != UPSTREAM_SSE) // without a stream there is nothing to share
        refuse_keys(loader, node, share, "command");
    config_read_headers(loader, member(loader, node, "headers"), server);
    struct slice url = config_expanded_string(loader, url_node);
    const char *why = NULL;
    if (url.data == NULL)
        return;
    if (!config_split_url(url, &loader->config->arena, server, &why)) {
        config_complain(loader, CONFIG_ERROR, url_node, "'url' %s", why);
        return;
    }
    if (server->target.data == NULL)
        loader->no_memory = true;
    else
        config_note_secret(loader, server->target);
    if (!server->tls && !config_is_loopback(server->host) &&
        config_has_header(server, SLICE_LITERAL("authorization")))
        config_complain(loader, CONFIG_WARNING, url_node,
                        "'url' is not https: the Authorization header crosses the network "
                        "readable by anybody");
}

static void read_kind(struct config_loader *loader, uint32_t node, struct upstream_options *server)
{
    static const char *const foreign[] = {"transport", "headers", NULL};
    uint32_t command = member(loader, node, "command"), url = member(loader, node, "url");
    if (command != JSON_NONE && url != JSON_NONE) {
        config_complain(loader, CONFIG_ERROR, (command > url ? command : url) - 1,
                        "a server has either 'command' or 'url', not both");
    } else if (command != JSON_NONE) {
        server->transport = UPSTREAM_CHILD;
        refuse_keys(loader, node, foreign, "url");
        config_read_child(loader, node, server);
    } else if (url != JSON_NONE) {
        read_remote(loader, node, server);
    } else {
        config_complain(loader, CONFIG_ERROR, node, "a server needs 'command' or 'url'");
    }
}

static void read_override(struct config_loader *loader, uint32_t key, struct filter_pins *pins)
{
    struct slice tool = config_literal_string(loader, key),
                 word = config_literal_string(loader, key + 1);
    if (tool.data == NULL || word.data == NULL)
        return;
    for (unsigned c = 0; c < CATALOGUE_UNKNOWN; c++) {
        const char *name = catalogue_category_name((enum catalogue_category)c);
        if (!slice_equal_ignoring_case(word, slice_from_string(name)))
            continue;
        int result = filter_pins_override(pins, tool, (enum catalogue_category)c);
        loader->no_memory = loader->no_memory || result == ERROR_NO_MEMORY;
        if (result == ERROR_LIMIT)
            config_complain(loader, CONFIG_ERROR, key,
                            "a tool's name has 1 to %d bytes, and a server at most %d overrides",
                            FILTER_NAME_MAX, FILTER_TOOLS_MAX);
        return;
    }
    config_complain(loader, CONFIG_ERROR, key + 1,
                    "a category is Read, Write, Execute, Destructive or Financial, not \"%.*s\"",
                    CONFIG_SHOWN(word));
}

// NULL: nothing is decided about its tools.
static struct filter_pins *read_pins(struct config_loader *loader, uint32_t node,
                                     enum filter_pinning pinning)
{
    uint32_t overrides = member(loader, node, "overrides"), given = member(loader, node, "pinning");
    if (pinning == FILTER_PINNING_OFF && overrides == JSON_NONE)
        return NULL;
    struct filter_pins *pins = filter_pins_new(pinning);
    if (pinning != FILTER_PINNING_OFF && loader->config->pinned.length == 0) {
        loader->config->pinned = loader->servers[loader->config->server_count].name;
        loader->config->pinned_at =
            json_position(loader->doc.text, json_at(&loader->doc, given)->start);
    }
    if (overrides == JSON_NONE || !config_expect(loader, overrides, JSON_OBJECT))
        return pins;
    for (uint32_t key = json_first_key(&loader->doc, overrides); key != JSON_NONE;
         key = json_next_key(&loader->doc, overrides, key))
        if (config_expect(loader, key + 1, JSON_STRING))
            read_override(loader, key, pins);
    return pins;
}

static bool read_server(struct config_loader *loader, uint32_t key, struct upstream_options *server)
{
    struct given given = {.pinning = FILTER_PINNING_OFF};
    struct slice name = config_literal_string(loader, key);
    if (name.data == NULL)
        return false;
    if (!config_is_name(name))
        config_complain(loader, CONFIG_ERROR, key,
                        "server names have 1 to 64 letters, digits, '_' and '-'");
    if (table_put(&loader->server_names, name, server) != 0)
        loader->no_memory = true;
    bool good = config_read_section(loader, key + 1, &config_server_section, &given);
    *server = given.options;
    server->name = name;
    if (good) {
        read_kind(loader, key + 1, server);
        loader->config->pins[loader->config->server_count] =
            read_pins(loader, key + 1, given.pinning);
    }
    return true;
}

void config_read_servers(struct config_loader *loader, uint32_t node)
{
    if (node == JSON_NONE || !config_expect(loader, node, JSON_OBJECT))
        return;
    size_t count = json_at(&loader->doc, node)->count;
    loader->servers = config_take(loader, count, sizeof *loader->servers);
    loader->server_used = config_take(loader, count, sizeof *loader->server_used);
    loader->config->pins = config_take(loader, count, sizeof(struct filter_pins *));
    loader->config->servers = loader->servers;
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE && !loader->no_memory;
         key = json_next_key(&loader->doc, node, key))
        if (read_server(loader, key, &loader->servers[loader->config->server_count]))
            loader->config->server_count++;
}
