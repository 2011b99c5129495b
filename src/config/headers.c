// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Headers for a server behind us. The gateway's own framing and session headers are not for users.
#include "config/config_internal.h"

enum { HEADERS_MAX = 32 };

static const char *const reserved[] = {"accept",
                                       "accept-encoding",
                                       "connection",
                                       "content-encoding",
                                       "content-length",
                                       "content-type",
                                       "expect",
                                       "host",
                                       "http2-settings",
                                       "keep-alive",
                                       "last-event-id",
                                       "mcp-method",
                                       "mcp-name",
                                       "mcp-protocol-version",
                                       "mcp-session-id",
                                       "proxy-authenticate",
                                       "proxy-authorization",
                                       "proxy-connection",
                                       "te",
                                       "trailer",
                                       "transfer-encoding",
                                       "upgrade"};

static bool is_reserved(struct slice name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (slice_equal_ignoring_case(name, slice_from_string(reserved[i])))
            return true;
    const struct slice prefix = SLICE_LITERAL("mcp-param-");
    return name.length >= prefix.length &&
           slice_equal_ignoring_case(slice_of(name.data, prefix.length), prefix);
}

static bool is_token(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return name.length > 0;
}

static bool is_value(struct slice value)
{
    for (size_t i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

bool config_has_header(const struct upstream_options *server, struct slice name)
{
    for (size_t i = 0; i < server->header_count; i++)
        if (slice_equal_ignoring_case(server->headers[i].name, name))
            return true;
    return false;
}

static void read_header(struct config_loader *loader, uint32_t key, struct upstream_options *server,
                        struct upstream_header *header)
{
    struct slice name = config_literal_string(loader, key);
    struct slice value = config_expanded_string(loader, key + 1);
    if (name.data == NULL)
        return;
    if (!is_token(name))
        config_complain(loader, CONFIG_ERROR, key, "'%.*s' is no name of an HTTP header",
                        CONFIG_SHOWN(name));
    else if (is_reserved(name))
        config_complain(loader, CONFIG_ERROR, key, "header '%.*s' is set by the gateway itself",
                        CONFIG_SHOWN(name));
    else if (config_has_header(server, name))
        config_complain(loader, CONFIG_ERROR, key,
                        "header '%.*s' is there already, in another spelling", CONFIG_SHOWN(name));
    else if (value.data != NULL && !is_value(value))
        config_complain(loader, CONFIG_ERROR, key + 1,
                        "the value of header '%.*s' holds a line break or another control "
                        "character",
                        CONFIG_SHOWN(name));
    // Kept even without its value, so that a repetition is seen; the load has failed anyway.
    *header = (struct upstream_header){.name = name, .value = value};
    server->header_count++;
}

void config_read_headers(struct config_loader *loader, uint32_t node,
                         struct upstream_options *server)
{
    if (node == JSON_NONE || !config_expect(loader, node, JSON_OBJECT))
        return;
    size_t count = json_at(&loader->doc, node)->count;
    if (count > HEADERS_MAX) {
        config_complain(loader, CONFIG_ERROR, node, "more than %d headers", (int)HEADERS_MAX);
        return;
    }
    struct upstream_header *headers = config_take(loader, count, sizeof *headers);
    server->headers = headers;
    for (uint32_t key = json_first_key(&loader->doc, node); key != JSON_NONE && !loader->no_memory;
         key = json_next_key(&loader->doc, node, key))
        read_header(loader, key, server, &headers[server->header_count]);
}
