// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "mcp/mcp.h"

static const struct {
    const char *text;
    enum mcp_version version;
} versions[] = {
    {"2024-11-05", MCP_2024_11_05}, {"2025-03-26", MCP_2025_03_26}, {"2025-06-18", MCP_2025_06_18},
    {"2025-11-25", MCP_2025_11_25}, {"2026-07-28", MCP_2026_07_28},
};

enum mcp_version mcp_version_parse(struct slice text)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (slice_equal_string(text, versions[i].text))
            return versions[i].version;
    return MCP_VERSION_NONE;
}

struct slice mcp_version_text(enum mcp_version version)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (versions[i].version == version)
            return slice_from_string(versions[i].text);
    return (struct slice){0};
}

bool mcp_version_is_modern(enum mcp_version version)
{
    return version >= MCP_2026_07_28;
}

enum mcp_method mcp_method_parse(struct slice text)
{
    static const struct slice names[] = {{"", 0},
#define MCP_METHOD_TEXT(name, text) {text, sizeof text - 1},
                                         MCP_METHOD_MAP(MCP_METHOD_TEXT)
#undef MCP_METHOD_TEXT
    };
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (names[i].length == text.length && slice_equal(names[i], text))
            return (enum mcp_method)i;
    return MCP_OTHER;
}
