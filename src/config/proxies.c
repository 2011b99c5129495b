// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "config/config_internal.h"

enum { V4_BITS = 96 }; // in front of an address of IPv4

static bool is_proxy(struct config_loader *loader, uint32_t node, struct slice text)
{
    struct net_range range;
    struct error error = {0};
    if (net_range_parse(text, &range, &error) != 0) {
        config_complain(loader, CONFIG_ERROR, node, "%s", error.text);
        return false;
    }
    bool all = range.bits == (net_host_is_v4(&range.first) ? V4_BITS : 0);
    if (all)
        config_complain(loader, CONFIG_ERROR, node,
                        "'trusted_proxies' must not have everybody: any client could then say that "
                        "it is another one");
    return !all;
}

void config_read_proxies(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    const struct slice *texts = NULL;
    size_t count = 0;
    struct error error = {0};
    if (!config_strings(loader, node, is_proxy, &texts, &count))
        return;
    struct net_range *ranges = config_take(loader, count, sizeof *ranges);
    for (size_t i = 0; i < count && ranges != NULL; i++)
        if (net_range_parse(texts[i], &ranges[i], &error) != 0)
            return;
    config->trusted_proxies = ranges;
    config->trusted_proxy_count = ranges == NULL ? 0 : count;
}
