// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The one way in: what a server lists now, beside what it listed before.
#include "inventory/inventory_internal.h"

#include "base/memory.h"
#include "base/table.h"

#include <stdlib.h>

enum {
    ARENA_MAX = 512 * 1024 * 1024,
    RAW_PACK = 32 * 1024, // definitions that are compressed together
    SEEN_EVERY_MS = 60 * 1000,
    TEXT_MAX = 256, // of a title, of a source
    SERVER_NAME_MAX = 1024,
};

// A tool that was there, that is there now, or both.
struct item {
    struct store_catalogue_tool before, now;
    bool was, is;
    bool changed;      // its definition
    struct slice text; // of the definition now: empty for one that stays as it was
    struct slice old;  // of the one before, when it is needed
};

struct taking {
    struct inventory *inventory;
    const struct inventory_list *list;
    struct inventory_taken *taken;
    struct arena arena; // of the whole taking
    struct json_doc doc;
    struct table by_name; // struct item
    struct item **items;  // by place: those that were there; then the new ones
    size_t count, capacity;
    struct buffer texts;     // the new definitions, without white space
    struct buffer old_texts; // what the packs have
    struct buffer raw, packed;
    struct store_catalogue_server server;
    bool known;
    bool wrote; // more than the owner
    int64_t worst_before;
    struct store_catalogue_sums sums; // what is added to them
    struct error *error;
};

static int no_memory(struct taking *t)
{
    return error_set(t->error, ERROR_NO_MEMORY, "out of memory");
}

static struct slice keep(struct taking *t, struct slice text)
{
    return arena_copy(&t->arena, text);
}

// ---- What was there

static struct item *add_item(struct taking *t, struct slice name)
{
    if (t->count == t->capacity) {
        size_t capacity = t->capacity == 0 ? 64 : 2 * t->capacity;
        struct item **items = memory_try_resize(t->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        t->items = items;
        t->capacity = capacity;
    }
    struct item *item = arena_take_zeroed(&t->arena, sizeof *item);
    if (item == NULL || table_put(&t->by_name, name, item) != 0)
        return NULL;
    t->items[t->count++] = item;
    return item;
}

static int have_tool(void *argument, const struct store_catalogue_tool *tool)
{
    struct taking *t = argument;
    struct slice name = keep(t, tool->name);
    struct item *item = name.data == NULL ? NULL : add_item(t, name);
    if (item == NULL)
        return no_memory(t);
    item->before = *tool;
    item->before.name = name;
    item->before.summary = keep(t, tool->summary);
    item->before.fingerprint = keep(t, tool->fingerprint);
    item->was = true;
    return item->before.summary.data == NULL || item->before.fingerprint.data == NULL ? no_memory(t)
                                                                                      : 0;
}

static int have_server(void *argument, const struct store_catalogue_server *server)
{
    struct taking *t = argument;
    t->server = *server;
    t->server.name = keep(t, server->name);
    t->server.slug = keep(t, server->slug);
    t->server.fold = keep(t, server->fold);
    t->server.title = keep(t, server->title);
    t->server.source = keep(t, server->source);
    t->known = true;
    return t->server.source.data == NULL || t->server.title.data == NULL ||
                   t->server.fold.data == NULL || t->server.slug.data == NULL ||
                   t->server.name.data == NULL
               ? no_memory(t)
               : 0;
}

static int new_server(struct taking *t, int64_t owner)
{
    char slug[INVENTORY_SLUG_SIZE];
    struct fold fold;
    inventory_server_slug(t->list->server, slug);
    inventory_fold(t->list->server, &fold);
    t->server = (struct store_catalogue_server){.owner = owner,
                                                .name = t->list->server,
                                                .slug = keep(t, slice_from_string(slug)),
                                                .fold = keep(t, fold_slice(&fold)),
                                                .first_seen_ms = t->list->now_ms,
                                                .changed_ms = t->list->now_ms};
    if (t->server.slug.data == NULL || t->server.fold.data == NULL)
        return no_memory(t);
    return store_catalogue_new_server_id(t->inventory->store, owner, &t->server.id, t->error);
}

static int find_before(struct taking *t)
{
    struct store_catalogue *store = t->inventory->store;
    int64_t owner = 0;
    int result = inventory_owner(t->inventory, t->list->organisation, true, &owner, t->error);
    if (result != 0)
        return result;
    result = store_catalogue_find_server(store, owner, t->list->server, have_server, t, t->error);
    // By its slug another one may be found.
    if (result == 0 && !slice_equal(t->server.name, t->list->server))
        return error_set(t->error, ERROR_RANGE, "the server's name is the address of another one");
    if (result == ERROR_NOT_FOUND)
        return new_server(t, owner);
    if (result != 0)
        return result;
    t->worst_before = t->server.worst;
    return store_catalogue_each_tool(store, t->server.id, have_tool, t, t->error);
}

// ---- What is there now

static int judge(struct taking *t, uint32_t node, struct item *item)
{
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    char room[SUMMARY_MAX + 1];
    catalogue_read_tool(&t->doc, node, &scratch, &tool);
    tool.server = t->list->server;
    catalogue_classify(&tool, &verdict);
    item->now.own = (int64_t)verdict.category;
    item->now.said = item->was ? item->before.said : -1;
    item->now.category = item->now.said >= 0 ? item->now.said : item->now.own;
    item->now.confidence = verdict.confidence;
    item->now.summary = keep(t, inventory_summary(tool.description, room));
    item->now.tokens = (int64_t)catalogue_count_tokens(item->text);
    return item->now.summary.data == NULL ? no_memory(t) : 0;
}

// The definition without white space, in `texts`, which has room for all of the list.
static int take_text(struct taking *t, uint32_t node, struct item *item)
{
    size_t start = t->texts.length;
    json_write_compact(&t->texts, &t->doc, node);
    if (t->texts.failed)
        return no_memory(t);
    struct slice all = buffer_slice(&t->texts);
    item->text = slice_of(all.data + start, all.length - start);
    return 0;
}

static int take_definition(struct taking *t, uint32_t node, struct slice name)
{
    unsigned char hash[CATALOGUE_FINGERPRINT_SIZE];
    struct item *item = table_get(&t->by_name, name);
    if (item != NULL && item->is) {
        t->taken->repeated++;
        return 0;
    }
    if (item == NULL && t->taken->tools >= INVENTORY_TOOLS_MAX) {
        t->taken->unusable++;
        return 0;
    }
    int result = catalogue_fingerprint(&t->doc, node, &t->packed, hash);
    if (result != 0)
        return error_set(t->error, result, "a definition cannot be hashed");
    if (item == NULL)
        item = add_item(t, name);
    if (item == NULL)
        return no_memory(t);
    item->is = true;
    t->taken->tools++;
    struct slice fingerprint = slice_of((const char *)hash, sizeof hash);
    if (item->was && slice_equal(item->before.fingerprint, fingerprint)) {
        item->now = item->before;
        return 0;
    }
    item->changed = true;
    item->now = (struct store_catalogue_tool){
        .id = item->before.id,
        .name = name,
        .fingerprint = keep(t, fingerprint),
        .first_seen_ms = item->was ? item->before.first_seen_ms : t->list->now_ms,
        .changed_ms = t->list->now_ms,
        .changes = item->was ? item->before.changes + 1 : 0};
    if (item->now.fingerprint.data == NULL)
        return no_memory(t);
    result = take_text(t, node, item);
    return result == 0 ? judge(t, node, item) : result;
}

static int take_element(struct taking *t, uint32_t node)
{
    uint32_t member = json_get(&t->doc, node, "name");
    bool usable = json_type(&t->doc, node) == JSON_OBJECT && member != JSON_NONE &&
                  json_type(&t->doc, member) == JSON_STRING &&
                  json_at(&t->doc, node)->length <= INVENTORY_DEFINITION_MAX;
    struct slice name = {0};
    if (usable) {
        name = json_string(&t->doc, member, &t->arena);
        if (name.data == NULL)
            return no_memory(t);
    }
    if (name.length == 0 || name.length > INVENTORY_NAME_MAX) {
        t->taken->unusable++;
        return 0;
    }
    return take_definition(t, node, name);
}

static int read_list(struct taking *t)
{
    const struct json_limits limits = {.depth = JSON_DEPTH_MAX};
    if (t->list->tools.length > INVENTORY_LIST_MAX)
        return error_set(t->error, ERROR_TOO_LARGE, "a list of more than 64 MiB");
    int result = json_scan(&t->doc, t->list->tools, &limits, t->error, NULL);
    if (result != 0)
        return result;
    if (json_type(&t->doc, 0) != JSON_ARRAY)
        return error_set(t->error, ERROR_SYNTAX, "tools must be an array");
    if (buffer_reserve(&t->texts, t->list->tools.length) == NULL)
        return no_memory(t);
    for (uint32_t node = json_first_element(&t->doc, 0); node != JSON_NONE && result == 0;
         node = json_next_element(&t->doc, 0, node))
        result = take_element(t, node);
    for (size_t i = 0; i < t->count && result == 0; i++)
        if (t->items[i]->was && !t->items[i]->is && !t->list->complete) {
            t->items[i]->is = true;
            t->items[i]->now = t->items[i]->before;
            t->taken->tools++;
        }
    return result;
}

// ---- Places and packs

static int by_place(const void *a, const void *b)
{
    const struct item *left = *(struct item *const *)a, *right = *(struct item *const *)b;
    int64_t l = left->was ? left->before.id : left->now.id;
    int64_t r = right->was ? right->before.id : right->now.id;
    return l < r ? -1 : l > r;
}

// New tools get the lowest places that are free: also of those that are gone.
static int give_places(struct taking *t)
{
    int64_t first = store_catalogue_first_tool(t->server.id), place = 0;
    unsigned char *used = arena_take_zeroed(&t->arena, STORE_CATALOGUE_PLACES / 8);
    if (used == NULL)
        return no_memory(t);
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i]->was) {
            int64_t at = t->items[i]->before.id - first;
            used[at / 8] |= (unsigned char)(1U << (at % 8));
        }
    for (size_t i = 0; i < t->count; i++) {
        if (t->items[i]->was)
            continue;
        while (place < STORE_CATALOGUE_PLACES && (used[place / 8] & 1U << (place % 8)) != 0)
            place++;
        if (place == STORE_CATALOGUE_PLACES)
            return error_set(t->error, ERROR_LIMIT, "the server has too many tools");
        t->items[i]->now.id = first + place++;
    }
    if (t->count > 0)
        qsort(t->items, t->count, sizeof *t->items, by_place);
    return 0;
}

static int have_pack(void *argument, int64_t id, struct slice data)
{
    struct taking *t = argument;
    (void)id;
    return inventory_expand(t->inventory, data, &t->old_texts, t->error);
}

// Gives each tool that was there its definition; both are in the order of places.
static int find_old_texts(struct taking *t)
{
    bool damaged = false;
    size_t i = 0;
    int64_t first = store_catalogue_first_tool(t->server.id);
    int result =
        store_catalogue_each_pack(t->inventory->store, t->server.id, have_pack, t, t->error);
    struct slice rest = buffer_slice(&t->old_texts);
    struct pack_entry entry;
    while (result == 0 && inventory_pack_next(&rest, &entry, &damaged)) {
        while (i < t->count && (!t->items[i]->was || t->items[i]->before.id < first + entry.place))
            i++;
        if (i == t->count || t->items[i]->before.id != first + entry.place)
            return inventory_damaged(t->error, "a definition of no tool");
        t->items[i++]->old = entry.text;
    }
    for (i = 0; result == 0 && i < t->count; i++)
        damaged |= t->items[i]->was && t->items[i]->old.length == 0;
    return result == 0 && damaged ? inventory_damaged(t->error, "a tool without definition")
                                  : result;
}

static int write_pack(struct taking *t, int64_t id)
{
    buffer_clear(&t->packed);
    if (t->raw.failed)
        return no_memory(t);
    int result = inventory_squeeze(t->inventory, buffer_slice(&t->raw), &t->packed, t->error);
    buffer_clear(&t->raw);
    return result == 0 ? store_catalogue_put_pack(t->inventory->store, id, buffer_slice(&t->packed),
                                                  t->error)
                       : result;
}

static int write_packs(struct taking *t)
{
    int64_t first = store_catalogue_first_tool(t->server.id), id = 0;
    int result =
        t->known ? store_catalogue_drop_packs(t->inventory->store, t->server.id, t->error) : 0;
    for (size_t i = 0; i < t->count && result == 0; i++) {
        const struct item *item = t->items[i];
        if (!item->is)
            continue;
        const struct pack_entry entry = {.place = (uint32_t)(item->now.id - first),
                                         .text = item->changed ? item->text : item->old};
        id = t->raw.length == 0 ? item->now.id : id;
        inventory_pack_add(&t->raw, &entry);
        if (t->raw.length >= RAW_PACK)
            result = write_pack(t, id);
    }
    return result == 0 && t->raw.length > 0 ? write_pack(t, id) : result;
}

// ---- Rows, history, sums

int inventory_describe(struct slice server, struct store_catalogue_tool *tool, struct fold *fold,
                       struct buffer *words)
{
    buffer_clear(words);
    inventory_name_words(tool->name, words);
    size_t own = words->length;
    inventory_text_words(tool->summary, words);
    inventory_name_words(server, words);
    if (words->failed)
        return ERROR_NO_MEMORY;
    struct slice all = buffer_slice(words);
    inventory_fold(tool->name, fold);
    tool->fold = fold_slice(fold);
    tool->words = slice_of(all.data, own);
    tool->more_words = slice_of(all.data + own, all.length - own);
    return 0;
}

static void count_tool(struct taking *t, const struct store_catalogue_tool *tool, int sign)
{
    t->sums.items[tool->category] += sign;
    t->sums.tokens[tool->category] += sign * tool->tokens;
    t->server.counts[tool->category] += sign;
    t->server.tools += sign;
    t->server.tokens += sign * tool->tokens;
}

static int put_tool(struct taking *t, struct item *item)
{
    struct buffer before, after;
    struct fold folds[2];
    buffer_init(&before, 0);
    buffer_init(&after, 0);
    int result = 0;
    if (item->was)
        result = inventory_describe(t->list->server, &item->before, &folds[0], &before);
    if (result == 0 && item->is)
        result = inventory_describe(t->list->server, &item->now, &folds[1], &after);
    if (result == 0)
        result = store_catalogue_put_tool(t->inventory->store, item->was ? &item->before : NULL,
                                          item->is ? &item->now : NULL, t->error);
    buffer_release(&before);
    buffer_release(&after);
    return result;
}

static int put_past(struct taking *t, const struct item *item)
{
    unsigned char key[CATALOGUE_FINGERPRINT_SIZE];
    struct slice name = item->was ? item->before.name : item->now.name;
    int result = chain_hash_once(name, key);
    buffer_clear(&t->packed);
    if (result == 0 && item->was)
        result = inventory_squeeze(t->inventory, item->old, &t->packed, t->error);
    if (result != 0)
        return result;
    const struct store_catalogue_past past = {.server = t->server.id,
                                              .kind = !item->was  ? INVENTORY_ADDED
                                                      : !item->is ? INVENTORY_REMOVED
                                                                  : INVENTORY_CHANGED,
                                              .key = slice_of((const char *)key, KEY_SIZE),
                                              .name = name,
                                              .definition = buffer_slice(&t->packed),
                                              .before = item->was ? item->before.fingerprint
                                                                  : slice_of("", 0),
                                              .from_ms = item->was ? item->before.changed_ms : 0,
                                              .at_ms = t->list->now_ms};
    return store_catalogue_add_past(t->inventory->store, &past, INVENTORY_VERSIONS_MAX,
                                    INVENTORY_PAST_MAX, &t->server.forgotten, t->error);
}

static int put_item(struct taking *t, struct item *item)
{
    if (item->is && !item->changed)
        return 0;
    int result = t->known ? put_past(t, item) : 0;
    if (result == 0)
        result = put_tool(t, item);
    if (item->was)
        count_tool(t, &item->before, -1);
    if (item->is)
        count_tool(t, &item->now, 1);
    t->taken->added += !item->was;
    t->taken->removed += !item->is;
    t->taken->changed += item->was && item->is;
    return result;
}

int64_t inventory_worst_of(const struct store_catalogue_server *server)
{
    int64_t worst = CATALOGUE_LOW;
    for (int i = 0; i < INVENTORY_CATEGORIES; i++) {
        int64_t severity = (int64_t)catalogue_severity_of((enum catalogue_category)i);
        if (server->counts[i] > 0 && severity > worst)
            worst = severity;
    }
    return worst;
}

static int put_server(struct taking *t, bool changed)
{
    t->wrote = true;
    if (t->list->title.length > 0)
        t->server.title = inventory_cut(t->list->title, TEXT_MAX);
    if (t->list->source.length > 0)
        t->server.source = inventory_cut(t->list->source, TEXT_MAX);
    t->server.seen_ms = t->list->now_ms;
    t->server.worst = inventory_worst_of(&t->server);
    if (t->known)
        t->sums.items[STORE_CATALOGUE_WORST + t->worst_before]--;
    t->sums.items[STORE_CATALOGUE_WORST + t->server.worst]++;
    if (changed)
        t->sums.changed_ms = t->server.changed_ms = t->list->now_ms;
    int result = store_catalogue_put_server(t->inventory->store, &t->server, t->error);
    return result == 0
               ? store_catalogue_add_sums(t->inventory->store, t->server.owner, &t->sums, t->error)
               : result;
}

// ---- All of it

static int tell_changes(struct taking *t, struct arena *arena)
{
    size_t most = t->taken->added + t->taken->changed + t->taken->removed, count = 0;
    if (arena == NULL || !t->known || most == 0)
        return 0;
    struct inventory_change *changes = arena_take_zeroed(arena, most * sizeof *changes);
    if (changes == NULL)
        return no_memory(t);
    for (size_t i = 0; i < t->count && count < most; i++) {
        const struct item *item = t->items[i];
        if (item->is && !item->changed)
            continue;
        struct inventory_change *change = &changes[count++];
        change->kind = !item->was  ? INVENTORY_ADDED
                       : !item->is ? INVENTORY_REMOVED
                                   : INVENTORY_CHANGED;
        change->name = arena_copy(arena, item->was ? item->before.name : item->now.name);
        change->before = arena_copy(arena, item->was ? item->old : slice_of("", 0));
        change->after = arena_copy(arena, item->is ? item->text : slice_of("", 0));
        if (change->name.data == NULL || change->before.data == NULL || change->after.data == NULL)
            return no_memory(t);
    }
    t->taken->changes = changes;
    t->taken->change_count = count;
    return 0;
}

static bool anything_new(const struct taking *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (!t->items[i]->is || t->items[i]->changed)
            return true;
    return false;
}

static int take_all(struct taking *t, struct arena *arena)
{
    int result = find_before(t);
    if (result == 0)
        result = read_list(t);
    if (result != 0)
        return result;
    t->taken->known = t->known;
    bool changed = anything_new(t);
    if (t->known && !changed)
        return t->list->now_ms - t->server.seen_ms >= SEEN_EVERY_MS ? put_server(t, false) : 0;
    result = give_places(t);
    if (result == 0 && t->known)
        result = find_old_texts(t);
    t->wrote = result == 0;
    for (size_t i = 0; i < t->count && result == 0; i++)
        result = put_item(t, t->items[i]);
    if (result == 0 && changed)
        result = write_packs(t);
    if (result == 0)
        result = put_server(t, true);
    return result == 0 ? tell_changes(t, arena) : result;
}

static int check(const struct inventory_list *list, struct error *error)
{
    if (list->server.length == 0 || list->server.length > SERVER_NAME_MAX)
        return error_set(error, ERROR_RANGE, "a server's name has 1 to %d bytes", SERVER_NAME_MAX);
    return json_is_utf8(list->server)
               ? 0
               : error_set(error, ERROR_RANGE, "a server's name must be UTF-8");
}

static void release(struct taking *t)
{
    memory_free(t->items);
    table_release(&t->by_name);
    json_doc_release(&t->doc);
    buffer_release(&t->texts);
    buffer_release(&t->old_texts);
    buffer_release(&t->raw);
    buffer_release(&t->packed);
    arena_release(&t->arena);
}

int inventory_take(struct inventory *inventory, const struct inventory_list *list,
                   struct arena *arena, struct inventory_taken *ret, struct error *error)
{
    struct taking t = {.inventory = inventory, .list = list, .taken = ret, .error = error};
    *ret = (struct inventory_taken){0};
    int result = check(list, error);
    bool own = !inventory->batch;
    if (result == 0 && own)
        result = store_catalogue_begin(inventory->store, true, error);
    if (result != 0)
        return result;
    arena_init(&t.arena, ARENA_MAX);
    table_init(&t.by_name);
    json_doc_init(&t.doc);
    buffer_init(&t.texts, 0);
    buffer_init(&t.old_texts, 0);
    buffer_init(&t.raw, 0);
    buffer_init(&t.packed, 0);
    result = take_all(&t, arena);
    if (result == 0 && own)
        result = store_catalogue_commit(inventory->store, error);
    if (result != 0 && (own || t.wrote))
        inventory_rollback(inventory);
    release(&t);
    return result;
}
