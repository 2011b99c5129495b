// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Slugs. What is its own slug has neither "--" nor a first '_' that stands for an '@', so that no
// two names can have the same; what is not gets 64 bits of its hash.
#include "inventory/inventory_internal.h"

#include <stdio.h>

enum { PLAIN_MAX = 100, READABLE_MAX = 48, HASH_BYTES = 8 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

// Words that stand where slugs of servers or tools do in the URLs of pages.
static bool is_taken(struct slice name)
{
    static const char *const words[] = {"attacks",     "index",      "llms.txt", "new",
                                        "risk",        "robots.txt", "search",   "servers",
                                        "sitemap.xml", "stack",      "summary",  "tools"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_equal_ignoring_case(name, slice_from_string(words[i])))
            return true;
    return false;
}

// May the byte at this place be in a slug as it is, or as its stand-in?
static bool is_plain(struct slice name, size_t i, bool server)
{
    char c = name.data[i];
    bool edge = i == 0 || i + 1 == name.length;
    if (is_letter(c) || (!server && is_capital(c)))
        return true;
    if (c == '@')
        return server && i == 0 && name.length > 1;
    if (c == '_')
        return !server || i > 0;
    if (c == '/' || c == '.')
        return !edge;
    return c == '-' && !edge && name.data[i - 1] != '-';
}

static bool copy_plain(struct slice name, bool server, char text[INVENTORY_SLUG_SIZE])
{
    if (name.length == 0 || name.length > PLAIN_MAX || is_taken(name))
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (!is_plain(name, i, server))
            return false;
        text[i] = (char)(c == '/' ? '~' : c == '@' ? '_' : c);
    }
    text[name.length] = '\0';
    return true;
}

static void write_hashed(struct slice name, char text[INVENTORY_SLUG_SIZE])
{
    unsigned char hash[CATALOGUE_FINGERPRINT_SIZE] = {0};
    size_t length = 0;
    for (size_t i = 0; i < name.length && length < READABLE_MAX; i++) {
        char c = is_capital(name.data[i]) ? (char)(name.data[i] + 'a' - 'A') : name.data[i];
        if (is_letter(c))
            text[length++] = c;
        else if (length > 0 && text[length - 1] != '-')
            text[length++] = '-';
    }
    while (length > 0 && text[length - 1] == '-')
        length--;
    chain_hash_once(name, hash);
    length += (size_t)snprintf(text + length, INVENTORY_SLUG_SIZE - length, "--");
    for (size_t i = 0; i < HASH_BYTES; i++)
        length += (size_t)snprintf(text + length, INVENTORY_SLUG_SIZE - length, "%02x", hash[i]);
}

void inventory_server_slug(struct slice name, char text[INVENTORY_SLUG_SIZE])
{
    if (!copy_plain(name, true, text))
        write_hashed(name, text);
}

void inventory_tool_slug(struct slice name, char text[INVENTORY_SLUG_SIZE])
{
    if (!copy_plain(name, false, text))
        write_hashed(name, text);
}
