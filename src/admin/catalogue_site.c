// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What programs read of the catalogue as a whole. A sitemap begins at a cursor of the servers' list
// and has as many pieces of that list as stay below the bound of a sitemap; the index walks the
// list by the same rule, so that both agree without anything being kept.
#include "admin/catalogue_internal.h"

#include <stdio.h>

enum { PIECE = 100, WALK_MEMORY = 64 * 1024 * 1024 };

struct walk {
    struct admin_request *request;
    struct inventory *inventory;
    struct arena arena; // of a piece
    struct inventory_servers piece;
    char at[INVENTORY_CURSOR_SIZE], next[INVENTORY_CURSOR_SIZE];
    size_t used; // pages of the sitemap so far
};

static int read_piece(struct walk *walk, struct error *error)
{
    const struct inventory_filter filter = {.organisation = walk->request->who.organisation,
                                            .after = slice_from_string(walk->at),
                                            .limit = PIECE};
    arena_clear(&walk->arena);
    int result =
        inventory_find_servers(walk->inventory, &filter, &walk->arena, &walk->piece, error);
    if (result == 0)
        snprintf(walk->next, sizeof walk->next, "%s", walk->piece.page.next);
    return result;
}

static size_t size_of(const struct inventory_servers *piece)
{
    size_t pages = piece->count;
    for (size_t i = 0; i < piece->count; i++)
        pages += piece->items[i].tools;
    return pages;
}

static int add_server(struct walk *walk, const struct inventory_server *server, struct error *error)
{
    struct buffer *out = &walk->request->out;
    const struct pages_site *site = &walk->request->look->site;
    struct inventory_rows rows = {0};
    int result = inventory_get_tools(walk->inventory, server, &walk->arena, &rows, error);
    if (result == 0 && walk->used++ < PAGES_SITEMAP_MAX)
        pages_add_to_sitemap(out, site, server->slug, (struct slice){"", 0}, server->changed_ms);
    for (size_t i = 0; i < rows.count && result == 0 && walk->used < PAGES_SITEMAP_MAX; i++) {
        pages_add_to_sitemap(out, site, server->slug, rows.items[i].slug, rows.items[i].changed_ms);
        walk->used++;
    }
    return result;
}

static int write_map(struct walk *walk, struct error *error)
{
    size_t planned = 0;
    int result = 0;
    pages_begin_sitemap(&walk->request->out, false);
    do {
        result = read_piece(walk, error);
        planned += size_of(&walk->piece);
        if (result != 0 || (planned > PAGES_SITEMAP_MAX && walk->used > 0))
            break;
        for (size_t i = 0; i < walk->piece.count && result == 0; i++)
            result = add_server(walk, &walk->piece.items[i], error);
        memcpy(walk->at, walk->next, sizeof walk->at);
    } while (result == 0 && walk->at[0] != '\0');
    pages_end_sitemap(&walk->request->out, false);
    return result;
}

static void add_map(struct walk *walk)
{
    struct buffer path;
    buffer_init(&path, 0);
    buffer_append_string(&path, "/sitemap.xml?part=");
    pages_encode(&path, slice_from_string(walk->at[0] == '\0' ? "first" : walk->at));
    pages_add_sitemap(&walk->request->out, &walk->request->look->site, buffer_slice(&path));
    buffer_release(&path);
}

static int write_index(struct walk *walk, struct error *error)
{
    size_t planned = 0;
    int result = 0;
    pages_begin_sitemap(&walk->request->out, true);
    do {
        result = read_piece(walk, error);
        size_t size = size_of(&walk->piece);
        if (result == 0 && (planned == 0 || planned + size > PAGES_SITEMAP_MAX)) {
            add_map(walk);
            planned = 0;
        }
        planned += size;
        memcpy(walk->at, walk->next, sizeof walk->at);
    } while (result == 0 && walk->at[0] != '\0');
    pages_end_sitemap(&walk->request->out, true);
    return result;
}

int admin_look_write_map(struct admin_request *request, struct inventory *inventory,
                         struct error *error)
{
    struct slice part = {0};
    if (inventory == NULL || request->look->site.base.text.length == 0 ||
        admin_query(request, "part", &part, error) != 0 || part.length >= INVENTORY_CURSOR_SIZE)
        return error_set(error, ERROR_NOT_FOUND, "there is no such sitemap");
    struct walk walk = {.request = request, .inventory = inventory};
    arena_init(&walk.arena, WALK_MEMORY);
    bool first = slice_equal_string(part, "first");
    if (part.length > 0 && !first)
        memcpy(walk.at, part.data, part.length);
    int result = part.length > 0 ? write_map(&walk, error) : write_index(&walk, error);
    arena_release(&walk.arena);
    return result == ERROR_RANGE ? error_set(error, ERROR_NOT_FOUND, "there is no such sitemap")
                                 : result;
}

int admin_look_write_llms(struct admin_request *request, struct inventory *inventory,
                          struct error *error)
{
    struct inventory_counts counts = {0};
    int result = inventory == NULL
                     ? 0
                     : inventory_count(inventory, request->who.organisation, &counts, error);
    if (result == 0)
        pages_write_llms(&request->out, &request->look->site, &counts);
    return result;
}
