// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools of the catalogue, their definitions, their history, sums.
#include "store/sqlite/catalogue_internal.h"

static void read_tool(sqlite3_stmt *row, struct store_catalogue_tool *ret)
{
    bool overridden = sqlite3_column_type(row, 4) != SQLITE_NULL;
    *ret = (struct store_catalogue_tool){
        .id = sqlite3_column_int64(row, 0),
        .name = store_file_column(row, 1),
        .summary = store_file_column(row, 2),
        .own = sqlite3_column_int64(row, 3),
        .said = overridden ? sqlite3_column_int64(row, 4) : -1,
        .confidence = sqlite3_column_int64(row, 5),
        .tokens = sqlite3_column_int64(row, 6),
        .fingerprint = store_file_column(row, 7),
        .first_seen_ms = sqlite3_column_int64(row, 8),
        .changed_ms = sqlite3_column_int64(row, 9),
        .changes = sqlite3_column_int64(row, 10),
    };
    ret->category = overridden ? ret->said : ret->own;
    if (sqlite3_column_count(row) > CATALOGUE_TOOL_FOLD)
        ret->fold = store_file_column(row, CATALOGUE_TOOL_FOLD);
}

int store_catalogue_visit_tools(struct store_catalogue *catalogue, sqlite3_stmt *select,
                                store_catalogue_tool_cb visit, void *argument, struct error *error)
{
    struct store_catalogue_tool tool;
    int failed = 0, result;
    while ((result = sqlite3_step(select)) == SQLITE_ROW && failed == 0) {
        read_tool(select, &tool);
        failed = tool.fingerprint.length == 32 && tool.category >= 0 &&
                         tool.category < STORE_CATALOGUE_CATEGORIES
                     ? visit(argument, &tool)
                     : store_file_failure(&catalogue->file, SQLITE_CORRUPT, "read", error);
        if (failed != 0)
            break;
    }
    int ended = store_catalogue_end(catalogue, select, result, error);
    return failed != 0 ? failed : ended;
}

static void bind_range(sqlite3_stmt *select, int64_t server)
{
    sqlite3_bind_int64(select, 1, store_catalogue_first_tool(server));
    sqlite3_bind_int64(select, 2, store_catalogue_first_tool(server + 1) - 1);
}

int store_catalogue_each_tool(struct store_catalogue *catalogue, int64_t server,
                              store_catalogue_tool_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_TOOLS, &select, error);
    if (failed != 0)
        return failed;
    bind_range(select, server);
    return store_catalogue_visit_tools(catalogue, select, visit, argument, error);
}

int store_catalogue_get_tool(struct store_catalogue *catalogue, int64_t id,
                             store_catalogue_tool_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_TOOL, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, id);
    return store_catalogue_visit_tools(catalogue, select, visit, argument, error);
}

// ---- A tool in its three places: the table, the order of names, the search

static int64_t owner_of(const struct store_catalogue_tool *tool)
{
    return tool->id >> 40;
}

static int put_name(struct store_catalogue *catalogue, enum catalogue_use use,
                    const struct store_catalogue_tool *tool, struct error *error)
{
    sqlite3_stmt *put;
    int failed = store_catalogue_statement(catalogue, use, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, owner_of(tool));
    sqlite3_bind_int64(put, 2, tool->category);
    store_file_bind(put, 3, tool->fold);
    sqlite3_bind_int64(put, 4, tool->id);
    return store_catalogue_finish(catalogue, put, error);
}

// FTS5 wants text.
static void bind_words(sqlite3_stmt *put, int place, struct slice words)
{
    sqlite3_bind_text64(put, place, words.length == 0 ? "" : words.data, words.length,
                        SQLITE_STATIC, SQLITE_UTF8);
}

static int put_words(struct store_catalogue *catalogue, enum catalogue_use use,
                     const struct store_catalogue_tool *tool, struct error *error)
{
    static const char *const categories[STORE_CATALOGUE_CATEGORIES] = {"c0", "c1", "c2",
                                                                       "c3", "c4", "c5"};
    sqlite3_stmt *put;
    int failed = store_catalogue_statement(catalogue, use, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, tool->id);
    bind_words(put, 2, tool->words);
    bind_words(put, 3, tool->more_words);
    sqlite3_bind_text(put, 4, categories[tool->category], -1, SQLITE_STATIC);
    return store_catalogue_finish(catalogue, put, error);
}

static int put_row(struct store_catalogue *catalogue, const struct store_catalogue_tool *tool,
                   struct error *error)
{
    sqlite3_stmt *put;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_PUT_TOOL, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, tool->id);
    store_file_bind(put, 2, tool->name);
    store_file_bind(put, 3, tool->summary);
    sqlite3_bind_int64(put, 4, tool->own);
    if (tool->said < 0)
        sqlite3_bind_null(put, 5);
    else
        sqlite3_bind_int64(put, 5, tool->said);
    sqlite3_bind_int64(put, 6, tool->confidence);
    sqlite3_bind_int64(put, 7, tool->tokens);
    store_file_bind(put, 8, tool->fingerprint);
    sqlite3_bind_int64(put, 9, tool->first_seen_ms);
    sqlite3_bind_int64(put, 10, tool->changed_ms);
    sqlite3_bind_int64(put, 11, tool->changes);
    return store_catalogue_finish(catalogue, put, error);
}

static int drop_row(struct store_catalogue *catalogue, int64_t id, struct error *error)
{
    sqlite3_stmt *drop;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_DROP_TOOL, &drop, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(drop, 1, id);
    return store_catalogue_finish(catalogue, drop, error);
}

int store_catalogue_put_tool(struct store_catalogue *catalogue,
                             const struct store_catalogue_tool *before,
                             const struct store_catalogue_tool *after, struct error *error)
{
    bool sorted = before != NULL && after != NULL && before->category == after->category &&
                  slice_equal(before->fold, after->fold);
    bool found = sorted && slice_equal(before->words, after->words) &&
                 slice_equal(before->more_words, after->more_words);
    int failed = 0;
    if (before != NULL && !found)
        failed = put_words(catalogue, CATALOGUE_DROP_WORDS, before, error);
    if (failed == 0 && before != NULL && !sorted)
        failed = put_name(catalogue, CATALOGUE_DROP_NAME, before, error);
    if (failed == 0 && after != NULL)
        failed = put_row(catalogue, after, error);
    else if (failed == 0 && before != NULL)
        failed = drop_row(catalogue, before->id, error);
    if (failed == 0 && after != NULL && !sorted)
        failed = put_name(catalogue, CATALOGUE_PUT_NAME, after, error);
    if (failed == 0 && after != NULL && !found)
        failed = put_words(catalogue, CATALOGUE_PUT_WORDS, after, error);
    return failed;
}

// ---- Packs

int store_catalogue_each_pack(struct store_catalogue *catalogue, int64_t server,
                              store_catalogue_pack_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_PACKS, &select, error);
    if (failed != 0)
        return failed;
    bind_range(select, server);
    int result;
    while ((result = sqlite3_step(select)) == SQLITE_ROW && failed == 0) {
        failed = visit(argument, sqlite3_column_int64(select, 0), store_file_column(select, 1));
        if (failed != 0)
            break;
    }
    int ended = store_catalogue_end(catalogue, select, result, error);
    return failed != 0 ? failed : ended;
}

// The first row, if there is one.
static int visit_data(struct store_catalogue *catalogue, sqlite3_stmt *select,
                      store_catalogue_pack_cb visit, void *argument, struct error *error)
{
    int failed = 0, result = sqlite3_step(select);
    if (result == SQLITE_ROW)
        failed = visit(argument, sqlite3_column_int64(select, 0), store_file_column(select, 1));
    int ended = store_catalogue_end(catalogue, select, result, error);
    if (failed == 0)
        failed = ended;
    return failed == 0 && result == SQLITE_DONE
               ? error_set(error, ERROR_NOT_FOUND, "the catalogue has no such definition")
               : failed;
}

int store_catalogue_find_pack(struct store_catalogue *catalogue, int64_t tool,
                              store_catalogue_pack_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_PACK, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, tool & ~(int64_t)(STORE_CATALOGUE_PLACES - 1));
    sqlite3_bind_int64(select, 2, tool);
    return visit_data(catalogue, select, visit, argument, error);
}

int store_catalogue_find_dictionary(struct store_catalogue *catalogue, int64_t id,
                                    store_catalogue_pack_cb visit, void *argument,
                                    struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_DICTIONARY, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, id);
    return visit_data(catalogue, select, visit, argument, error);
}

static int put_data(struct store_catalogue *catalogue, enum catalogue_use use, int64_t id,
                    struct slice data, struct error *error)
{
    sqlite3_stmt *put;
    int failed = store_catalogue_statement(catalogue, use, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, id);
    store_file_bind(put, 2, data);
    return store_catalogue_finish(catalogue, put, error);
}

int store_catalogue_put_dictionary(struct store_catalogue *catalogue, int64_t id, struct slice data,
                                   struct error *error)
{
    return put_data(catalogue, CATALOGUE_PUT_DICTIONARY, id, data, error);
}

int store_catalogue_put_pack(struct store_catalogue *catalogue, int64_t id, struct slice data,
                             struct error *error)
{
    return put_data(catalogue, CATALOGUE_PUT_PACK, id, data, error);
}

int store_catalogue_drop_packs(struct store_catalogue *catalogue, int64_t server,
                               struct error *error)
{
    sqlite3_stmt *drop;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_DROP_PACKS, &drop, error);
    if (failed != 0)
        return failed;
    bind_range(drop, server);
    return store_catalogue_finish(catalogue, drop, error);
}

// ---- History

int store_catalogue_each_past(struct store_catalogue *catalogue, int64_t server, struct slice key,
                              int64_t limit, store_catalogue_past_cb visit, void *argument,
                              struct error *error)
{
    sqlite3_stmt *select;
    bool one = key.length > 0;
    int failed = store_catalogue_statement(catalogue, one ? CATALOGUE_PASTS_OF : CATALOGUE_PASTS,
                                           &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, server);
    sqlite3_bind_int64(select, 2, limit);
    if (one)
        store_file_bind(select, 3, key);
    int result;
    while ((result = sqlite3_step(select)) == SQLITE_ROW && failed == 0) {
        const struct store_catalogue_past past = {.server = sqlite3_column_int64(select, 0),
                                                  .key = store_file_column(select, 1),
                                                  .kind = sqlite3_column_int64(select, 2),
                                                  .name = store_file_column(select, 3),
                                                  .definition = store_file_column(select, 4),
                                                  .before = store_file_column(select, 5),
                                                  .from_ms = sqlite3_column_int64(select, 6),
                                                  .at_ms = sqlite3_column_int64(select, 7)};
        failed = visit(argument, &past);
        if (failed != 0)
            break;
    }
    int ended = store_catalogue_end(catalogue, select, result, error);
    return failed != 0 ? failed : ended;
}

static int cut_past(struct store_catalogue *catalogue, enum catalogue_use use,
                    const struct store_catalogue_past *past, int64_t keep, int64_t *forgotten,
                    struct error *error)
{
    sqlite3_stmt *cut;
    int failed = store_catalogue_statement(catalogue, use, &cut, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(cut, 1, past->server);
    sqlite3_bind_int64(cut, 2, keep);
    if (use == CATALOGUE_CUT_PASTS_OF)
        store_file_bind(cut, 3, past->key);
    failed = store_catalogue_finish(catalogue, cut, error);
    if (failed == 0)
        *forgotten += sqlite3_changes(catalogue->file.db);
    return failed;
}

int store_catalogue_add_past(struct store_catalogue *catalogue,
                             const struct store_catalogue_past *past, int64_t keep,
                             int64_t keep_all, int64_t *forgotten, struct error *error)
{
    sqlite3_stmt *add;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_ADD_PAST, &add, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(add, 1, past->server);
    store_file_bind(add, 2, past->key);
    sqlite3_bind_int64(add, 3, past->kind);
    store_file_bind(add, 4, past->name);
    store_file_bind(add, 5, past->definition);
    store_file_bind(add, 6, past->before);
    sqlite3_bind_int64(add, 7, past->from_ms);
    sqlite3_bind_int64(add, 8, past->at_ms);
    failed = store_catalogue_finish(catalogue, add, error);
    if (failed == 0)
        failed = cut_past(catalogue, CATALOGUE_CUT_PASTS_OF, past, keep, forgotten, error);
    if (failed == 0)
        failed = cut_past(catalogue, CATALOGUE_CUT_PASTS, past, keep_all, forgotten, error);
    return failed;
}

// ---- Sums

enum { CHANGED = 32 };

int store_catalogue_get_sums(struct store_catalogue *catalogue, int64_t owner,
                             struct store_catalogue_sums *ret, struct error *error)
{
    sqlite3_stmt *select;
    *ret = (struct store_catalogue_sums){0};
    int failed = store_catalogue_statement(catalogue, CATALOGUE_SUMS, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, owner);
    int result;
    while ((result = sqlite3_step(select)) == SQLITE_ROW) {
        int64_t kind = sqlite3_column_int64(select, 0);
        if (kind >= 0 && kind < STORE_CATALOGUE_KINDS) {
            ret->items[kind] = sqlite3_column_int64(select, 1);
            ret->tokens[kind] = sqlite3_column_int64(select, 2);
        } else if (kind == CHANGED) {
            ret->changed_ms = sqlite3_column_int64(select, 1);
        }
    }
    return store_catalogue_end(catalogue, select, result, error);
}

static int add_sum(struct store_catalogue *catalogue, int64_t owner, int64_t kind, int64_t items,
                   int64_t tokens, struct error *error)
{
    sqlite3_stmt *add;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_ADD_SUM, &add, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(add, 1, owner);
    sqlite3_bind_int64(add, 2, kind);
    sqlite3_bind_int64(add, 3, items);
    sqlite3_bind_int64(add, 4, tokens);
    return store_catalogue_finish(catalogue, add, error);
}

int store_catalogue_add_sums(struct store_catalogue *catalogue, int64_t owner,
                             const struct store_catalogue_sums *sums, struct error *error)
{
    struct store_catalogue_sums now;
    int failed = store_catalogue_get_sums(catalogue, owner, &now, error);
    for (int64_t i = 0; i < STORE_CATALOGUE_KINDS && failed == 0; i++)
        if (sums->items[i] != 0 || sums->tokens[i] != 0)
            failed = add_sum(catalogue, owner, i, sums->items[i], sums->tokens[i], error);
    if (failed == 0 && sums->changed_ms > now.changed_ms)
        failed = add_sum(catalogue, owner, CHANGED, sums->changed_ms - now.changed_ms, 0, error);
    return failed;
}
