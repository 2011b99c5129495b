// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How the gateway and the world outside reach each other: its own address as browsers see it, and
// the addresses that a request to a URL of the database may go to.
#include "config/config_internal.h"

static bool is_range(struct config_loader *loader, uint32_t node, struct slice text)
{
    struct net_range range;
    struct error error = {0};
    if (net_range_parse(text, &range, &error) == 0)
        return true;
    config_complain(loader, CONFIG_ERROR, node, "%s", error.text);
    return false;
}

void config_read_outside_allow(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    const struct slice *texts = NULL;
    size_t count = 0;
    struct error error = {0};
    if (!config_strings(loader, node, is_range, &texts, &count))
        return;
    struct net_range *ranges = config_take(loader, count, sizeof *ranges);
    if (count > NET_GUARD_RANGES_MAX) {
        config_complain(loader, CONFIG_ERROR, node, "'allow' has more than %d ranges",
                        NET_GUARD_RANGES_MAX);
        return;
    }
    for (size_t i = 0; i < count && ranges != NULL; i++)
        if (net_range_parse(texts[i], &ranges[i], &error) != 0)
            return;
    config->outside_allow = ranges;
    config->outside_allow_count = ranges == NULL ? 0 : count;
}

void config_read_public_url(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    struct arena *arena = &loader->config->arena;
    struct slice url = config_plain_string(loader, node);
    struct upstream_options parts = {0};
    const char *why = NULL;
    if (url.data == NULL)
        return;
    if (!config_split_url(url, arena, &parts, &why) || !slice_equal_string(parts.target, "/")) {
        config_complain(loader, CONFIG_ERROR, node,
                        "'public_url' is like \"https://gateway.example.com\", without a path");
        return;
    }
    if (!parts.tls && !config_is_loopback(parts.host))
        config_complain(loader, CONFIG_WARNING, node,
                        "'public_url' is not https: passwords and sessions cross the network "
                        "readable by anybody");
    bool v6 = memchr(parts.host.data, ':', parts.host.length) != NULL;
    config->public_url = arena_format(arena, "http%s://%s%.*s%s", parts.tls ? "s" : "",
                                      v6 ? "[" : "", SLICE_PRINT(parts.host), v6 ? "]" : "")
                             .data;
    if (parts.port != (parts.tls ? 443 : 80))
        config->public_url =
            arena_format(arena, "%s:%u", config->public_url, (unsigned)parts.port).data;
}

// Browsers that come by that address name it as their host.
void config_admit_public_url(struct config_loader *loader)
{
    struct config *config = loader->config;
    if (config->public_url == NULL)
        return;
    size_t count = config->allowed_host_count;
    struct slice *hosts = config_take(loader, count + 1, sizeof *hosts);
    for (size_t i = 0; hosts != NULL && i < count; i++)
        hosts[i] = config->allowed_hosts[i];
    if (hosts == NULL)
        return;
    hosts[count] = slice_from_string(strstr(config->public_url, "://") + 3);
    config->allowed_hosts = hosts;
    config->allowed_host_count = count + 1;
}
