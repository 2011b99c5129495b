// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

#include "base/clock.h"

enum { TOKEN_MIN = 20, TOKEN_MAX = 4096, REACH_MAX = 10000 };

static const char *const modes[] = {
    [IDENTITY_ENFORCE] = "enforce", [IDENTITY_OBSERVE] = "observe", NULL};

static void refuse_token(struct config_loader *loader, uint32_t node, void *target)
{
    (void)target;
    config_complain(loader, CONFIG_ERROR, node - 1,
                    "'token' is not accepted: a token in the file would be readable by whoever "
                    "reads the file; give its hash as 'token_sha256' ('sallyport token' makes "
                    "both), or name an environment variable in 'token_env'");
}

static bool is_tag(struct config_loader *loader, uint32_t node, struct slice tag)
{
    if (tag.length > 0 && tag.length <= CONFIG_NAME_MAX)
        return true;
    config_complain(loader, CONFIG_ERROR, node, "tags have 1 to 64 bytes");
    return false;
}

static void read_tags(struct config_loader *loader, uint32_t node, void *target)
{
    struct config_grant *entry = target;
    config_strings(loader, node, is_tag, &entry->grant.tags, &entry->grant.tag_count);
}

static void read_expiry(struct config_loader *loader, uint32_t node, void *target)
{
    struct config_grant *entry = target;
    struct slice text = config_plain_string(loader, node);
    if (text.data == NULL)
        return;
    if (!clock_parse(text, &entry->grant.expires_ms) || entry->grant.expires_ms <= 0)
        config_complain(loader, CONFIG_ERROR, node,
                        "'expires' must be a time like \"2027-01-01T00:00:00Z\"");
    else if (entry->grant.expires_ms <= clock_wall_ms())
        config_complain(loader, CONFIG_WARNING, node, "grant '%.*s' has expired",
                        CONFIG_SHOWN(entry->grant.label));
}

static const struct config_option grant_options[] = {
    {.key = "token_sha256",
     .kind = OPTION_LATER,
     .type = "string",
     .help = "SHA-256 of the grant's bearer token, 64 hexadecimal digits; `sallyport token` makes "
             "a token and its hash"},
    {.key = "token_env",
     .kind = OPTION_LATER,
     .type = "string",
     .help = "instead of the hash: the environment variable that holds the token, at least 20 "
             "characters"},
    {.key = "token", .kind = OPTION_CALL, .read = refuse_token},
    {.key = "servers",
     .kind = OPTION_LATER,
     .required = true,
     .type = "object or array of strings",
     .help = "which servers it reaches: an object from server name to policy name (`null`: no "
             "policy, everything is denied), or a list of server names that all take `policy`"},
    {.key = "policy",
     .kind = OPTION_LATER,
     .type = "string",
     .help = "the policy for all servers of a list"},
    {.key = "mode",
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct config_grant, grant.mode),
     .choices = modes,
     .standard = "enforce",
     .help = "`enforce`, or `observe`: decide and log, never block"},
    {.key = "expires",
     .kind = OPTION_CALL,
     .read = read_expiry,
     .type = "string",

     .help = "RFC 3339 time from which on the token is refused; never without it"},
    {.key = "tags",
     .kind = OPTION_CALL,
     .read = read_tags,
     .type = "array of strings",
     .standard = "[]",
     .help = "what policies see as `grant.tags`"},
};
const struct config_section config_grant_section = {"a grant", grant_options,
                                                    sizeof grant_options / sizeof *grant_options};

static void hash_variable(struct config_loader *loader, uint32_t node, struct config_grant *entry)
{
    struct slice name = config_plain_string(loader, node);
    if (name.data == NULL)
        return;
    struct slice token = slice_from_string(config_variable(loader->environment, name));
    if (!config_is_variable(name))
        config_complain(loader, CONFIG_ERROR, node, "'%.*s' is no name of an environment variable",
                        CONFIG_SHOWN(name));
    else if (token.data == NULL)
        config_complain(loader, CONFIG_ERROR, node, "environment variable '%.*s' is not set",
                        CONFIG_SHOWN(name));
    else if (token.length < TOKEN_MIN || token.length > TOKEN_MAX)
        config_complain(loader, CONFIG_ERROR, node,
                        "the token in environment variable '%.*s' must have %d to %d characters",
                        CONFIG_SHOWN(name), TOKEN_MIN, TOKEN_MAX);
    else if (strspn(token.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~+/=") != token.length)
        config_complain(loader, CONFIG_ERROR, node,
                        "the token in environment variable '%.*s' holds characters that a bearer "
                        "token cannot have",
                        CONFIG_SHOWN(name));
    identity_hash_token(token, entry->token_sha256);
}

// False when the grant has no token that could be compared with others.
static bool read_token(struct config_loader *loader, uint32_t node, struct config_grant *entry,
                       uint32_t *ret_node)
{
    uint32_t hash = json_get(&loader->doc, node, "token_sha256");
    uint32_t variable = json_get(&loader->doc, node, "token_env");
    *ret_node = hash == JSON_NONE ? variable : hash;
    if (hash != JSON_NONE && variable != JSON_NONE) {
        config_complain(loader, CONFIG_ERROR, (hash > variable ? hash : variable) - 1,
                        "a grant has either 'token_sha256' or 'token_env', not both");
        return false;
    }
    if (variable != JSON_NONE) {
        hash_variable(loader, variable, entry);
        return true;
    }
    if (hash == JSON_NONE) {
        if (json_get(&loader->doc, node, "token") == JSON_NONE)
            config_complain(loader, CONFIG_ERROR, node,
                            "a grant needs 'token_sha256' or 'token_env'");
        return false;
    }
    struct slice text = config_plain_string(loader, hash);
    if (text.data == NULL)
        return false;
    if (identity_parse_hash(text, entry->token_sha256))
        return true;
    // The value is not shown: it may be a token that was put here by mistake.
    config_complain(loader, CONFIG_ERROR, hash,
                    "'token_sha256' must be 64 hexadecimal digits ('sallyport token' prints them)");
    return false;
}

static int find_policy(struct config_loader *loader, uint32_t node)
{
    struct slice name = config_plain_string(loader, node);
    if (name.data == NULL)
        return -1;
    struct config_policy *found = table_get(&loader->policy_names, name);
    if (found == NULL) {
        config_complain(loader, CONFIG_ERROR, node, "there is no policy '%.*s'%s",
                        CONFIG_SHOWN(name), config_hint_table(name, &loader->policy_names).text);
        return -1;
    }
    loader->policy_used[found - loader->policies] = true;
    return (int)(found - loader->policies);
}

static bool add_reach(struct config_loader *loader, uint32_t node, struct slice server, int policy,
                      struct config_grant *entry, struct identity_reach *reach)
{
    struct upstream_options *found = table_get(&loader->server_names, server);
    if (found == NULL) {
        config_complain(loader, CONFIG_ERROR, node, "there is no server '%.*s'%s",
                        CONFIG_SHOWN(server),
                        config_hint_table(server, &loader->server_names).text);
        return false;
    }
    for (size_t i = 0; i < entry->grant.reach_count; i++)
        if (slice_equal(reach[i].server, server)) {
            config_complain(loader, CONFIG_ERROR, node, "server '%.*s' is listed twice",
                            CONFIG_SHOWN(server));
            return false;
        }
    loader->server_used[found - loader->servers] = true;
    reach[entry->grant.reach_count++] =
        (struct identity_reach){.server = found->name, .policy = policy};
    return true;
}

static void warn_no_policy(struct config_loader *loader, uint32_t node, struct slice server)
{
    config_complain(loader, CONFIG_WARNING, node,
                    "no policy for server '%.*s': every call is denied", CONFIG_SHOWN(server));
}

static void read_reach_object(struct config_loader *loader, uint32_t node,
                              struct config_grant *entry, struct identity_reach *reach)
{
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE && !loader->no_memory;
         key = json_next_key(&loader->doc, node, key)) {
        struct slice server = config_literal_string(loader, key);
        if (server.data == NULL)
            continue;
        bool none = json_type(&loader->doc, key + 1) == JSON_NULL;
        int policy = none ? -1 : find_policy(loader, key + 1);
        if (add_reach(loader, key, server, policy, entry, reach) && none)
            warn_no_policy(loader, key + 1, server);
    }
}

static void read_reach_list(struct config_loader *loader, uint32_t node, int policy,
                            struct config_grant *entry, struct identity_reach *reach)
{
    for (uint32_t element = json_first_element(&loader->doc, node);
         element != JSON_NONE && !loader->no_memory;
         element = json_next_element(&loader->doc, node, element)) {
        struct slice server = config_plain_string(loader, element);
        if (server.data != NULL)
            add_reach(loader, element, server, policy, entry, reach);
    }
}

static void read_reach(struct config_loader *loader, uint32_t node, uint32_t policy_node,
                       struct config_grant *entry)
{
    enum json_type type = json_type(&loader->doc, node);
    if (type != JSON_OBJECT && type != JSON_ARRAY) {
        config_complain(loader, CONFIG_ERROR, node,
                        "'servers' of a grant must be an object (server to policy) or a list of "
                        "servers");
        return;
    }
    size_t count = json_at(&loader->doc, node)->count;
    if (count > REACH_MAX) {
        config_complain(loader, CONFIG_ERROR, node, "more than %d servers", (int)REACH_MAX);
        return;
    }
    if (count == 0)
        config_complain(loader, CONFIG_WARNING, node, "grant '%.*s' reaches no server",
                        CONFIG_SHOWN(entry->grant.label));
    struct identity_reach *reach = config_take(loader, count, sizeof *reach);
    if (reach == NULL)
        return;
    entry->grant.reach = reach;
    if (type == JSON_OBJECT) {
        if (policy_node != JSON_NONE)
            config_complain(loader, CONFIG_ERROR, policy_node - 1,
                            "'policy' goes with a list of servers; here 'servers' names a policy "
                            "for each");
        read_reach_object(loader, node, entry, reach);
        return;
    }
    bool none = policy_node == JSON_NONE || json_type(&loader->doc, policy_node) == JSON_NULL;
    if (none && count > 0)
        config_complain(loader, CONFIG_WARNING, node,
                        "grant '%.*s' has no 'policy': every call is denied",
                        CONFIG_SHOWN(entry->grant.label));
    read_reach_list(loader, node, none ? -1 : find_policy(loader, policy_node), entry, reach);
}

static void check_unique(struct config_loader *loader, uint32_t node, struct config_grant *entry,
                         struct table *tokens)
{
    struct slice hash = slice_of((const char *)entry->token_sha256, sizeof entry->token_sha256);
    const struct config_grant *other = table_get(tokens, hash);
    if (other != NULL)
        config_complain(loader, CONFIG_ERROR, node,
                        "grant '%.*s' has the same token as grant '%.*s'",
                        CONFIG_SHOWN(entry->grant.label), CONFIG_SHOWN(other->grant.label));
    else if (table_put(tokens, hash, entry) != 0)
        loader->no_memory = true;
}

static bool read_grant(struct config_loader *loader, uint32_t key, struct config_grant *entry,
                       struct table *tokens)
{
    struct slice label = config_literal_string(loader, key);
    if (label.data == NULL)
        return false;
    if (!config_is_name(label))
        config_complain(loader, CONFIG_ERROR, key,
                        "grant names have 1 to 64 letters, digits, '_' and '-'");
    entry->grant.label = label;
    if (!config_read_section(loader, key + 1, &config_grant_section, entry))
        return true;
    uint32_t token = JSON_NONE;
    if (read_token(loader, key + 1, entry, &token))
        check_unique(loader, token, entry, tokens);
    uint32_t servers = json_get(&loader->doc, key + 1, "servers");
    if (servers != JSON_NONE)
        read_reach(loader, servers, json_get(&loader->doc, key + 1, "policy"), entry);
    return true;
}

void config_read_grants(struct config_loader *loader, uint32_t node)
{
    if (node == JSON_NONE || !config_expect(loader, node, JSON_OBJECT))
        return;
    struct table tokens;
    table_init(&tokens);
    loader->grants =
        config_take(loader, json_at(&loader->doc, node)->count, sizeof *loader->grants);
    loader->config->grants = loader->grants;
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE && !loader->no_memory;
         key = json_next_key(&loader->doc, node, key))
        if (read_grant(loader, key, &loader->grants[loader->config->grant_count], &tokens))
            loader->config->grant_count++;
    table_release(&tokens);
}
