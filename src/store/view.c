// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a job can do with records, whatever database keeps them.
#include "store/store_internal.h"

#include "base/clock.h"
#include "base/memory.h"

enum { PAGE_STANDARD = 100, PAGE_MOST = 1000, CHANGES_MAX = 100000 };

struct arena *store_arena(struct store_view *view)
{
    return &view->arena;
}

void store_forget(struct store_view *view)
{
    arena_clear(&view->arena);
}

static int not_found(enum store_kind kind, struct error *error)
{
    return error_set(error, ERROR_NOT_FOUND, "there is no such %s", store_tables[kind].name);
}

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Reading

int store_get(struct store_view *view, enum store_kind kind, struct slice organisation,
              struct slice id, struct store_head *ret, struct error *error)
{
    if (organisation.length == 0 || id.length == 0)
        return not_found(kind, error);
    return store_rows_get(view->connection, kind, organisation, id, &view->arena, ret, error);
}

int store_find(struct store_view *view, enum store_kind kind, struct slice organisation,
               const char *column, struct slice value, struct store_head *ret, struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    size_t place = 0;
    while (place < table->count &&
           (!table->columns[place].unique || strcmp(table->columns[place].name, column) != 0))
        place++;
    if (place == table->count)
        return error_set(error, ERROR_UNSUPPORTED, "a %s is not found by '%s'", table->name,
                         column);
    if (value.length == 0 || (organisation.length == 0 && !table->columns[place].everywhere))
        return not_found(kind, error);
    int result = store_rows_find(view->connection, kind, place, organisation, value, &view->arena,
                                 ret, error);
    if (result == 0 && organisation.length > 0 && !slice_equal(ret->organisation, organisation))
        result = not_found(kind, error);
    return result;
}

static struct store_page bounded(const struct store_page *page)
{
    struct store_page result = page == NULL ? (struct store_page){0} : *page;
    if (result.limit == 0)
        result.limit = PAGE_STANDARD;
    if (result.limit > PAGE_MOST)
        result.limit = PAGE_MOST;
    return result;
}

int store_list(struct store_view *view, enum store_kind kind, struct slice organisation,
               struct slice parent, const struct store_page *page, const void **ret,
               size_t *ret_count, bool *ret_more, struct error *error)
{
    struct store_page own = bounded(page);
    struct store_rows rows = {0};
    if (organisation.length == 0 && kind != STORE_ORGANISATION)
        return not_found(kind, error);
    if (parent.length > 0 && store_tables[kind].parent < 0)
        return error_set(error, ERROR_UNSUPPORTED, "a %s belongs to its organisation alone",
                         store_tables[kind].name);
    int result = store_rows_list(view->connection, kind, organisation, parent, &own, &view->arena,
                                 &rows, error);
    if (result != 0)
        return result;
    *ret = rows.items;
    *ret_count = rows.count;
    if (ret_more != NULL)
        *ret_more = rows.more;
    return 0;
}

int store_list_open_questions(struct store_view *view, struct slice organisation,
                              const struct store_page *page, const struct store_question **ret,
                              size_t *ret_count, bool *ret_more, struct error *error)
{
    struct store_page own = bounded(page);
    struct store_rows rows = {0};
    if (organisation.length == 0)
        return not_found(STORE_QUESTION, error);
    int result =
        store_rows_list_open(view->connection, organisation, &own, &view->arena, &rows, error);
    if (result != 0)
        return result;
    *ret = rows.items;
    *ret_count = rows.count;
    if (ret_more != NULL)
        *ret_more = rows.more;
    return 0;
}

static int find_of_print(struct store_view *view, enum store_kind kind, struct slice organisation,
                         struct slice print, struct store_rows *ret, struct error *error)
{
    const struct store_page page = {.limit = PAGE_STANDARD, .newest_first = true};
    if (organisation.length == 0)
        return not_found(kind, error);
    return store_rows_list_of_print(view->connection, kind, organisation, print, &page,
                                    &view->arena, ret, error);
}

int store_find_questions(struct store_view *view, struct slice organisation, struct slice print,
                         const struct store_question **ret, size_t *ret_count, struct error *error)
{
    struct store_rows rows = {0};
    int result = find_of_print(view, STORE_QUESTION, organisation, print, &rows, error);
    *ret = rows.items;
    *ret_count = rows.count;
    return result;
}

int store_find_exceptions(struct store_view *view, struct slice organisation, struct slice print,
                          const struct store_exception **ret, size_t *ret_count,
                          struct error *error)
{
    struct store_rows rows = {0};
    int result = find_of_print(view, STORE_EXCEPTION, organisation, print, &rows, error);
    *ret = rows.items;
    *ret_count = rows.count;
    return result;
}

// ---- Changing

static int may_write(const struct store_view *view, const struct store_table *table,
                     struct error *error)
{
    if (view->changes == NULL)
        return error_set(error, ERROR_INTERNAL, "a job that reads tried to change a %s",
                         table->name);
    return 0;
}

static bool copy(struct arena *arena, struct slice from, struct slice *ret)
{
    *ret = arena_copy(arena, from);
    return ret->data != NULL;
}

// Remembers what `committed` will be told.
static int remember(struct store_view *view, enum store_kind kind, const struct store_head *record,
                    bool removed, uint64_t columns, struct error *error)
{
    struct store_changes *changes = view->changes;
    const struct store_table *table = &store_tables[kind];
    struct store_change change = {.kind = kind, .removed = removed, .columns = columns};
    if (table->quiet)
        return 0;
    if (changes->count == changes->capacity) {
        size_t capacity = changes->capacity == 0 ? 64 : changes->capacity * 2;
        struct store_change *items =
            capacity > CHANGES_MAX
                ? NULL
                : memory_try_resize(changes->items, capacity * sizeof *changes->items);
        if (items == NULL)
            return no_memory(error);
        changes->items = items;
        changes->capacity = capacity;
    }
    struct slice parent =
        table->parent < 0 ? (struct slice){0} : *store_text(record, &table->columns[table->parent]);
    if (!copy(&changes->arena, record->organisation, &change.organisation) ||
        !copy(&changes->arena, record->id, &change.id) ||
        !copy(&changes->arena, parent, &change.parent))
        return no_memory(error);
    changes->items[changes->count++] = change;
    return 0;
}

struct slice store_make_id(struct store_view *view, enum store_kind kind)
{
    struct slice id = {0};
    store_new_id(&store_tables[kind], clock_wall_ms(), &view->arena, &id);
    return id;
}

int store_add(struct store_view *view, enum store_kind kind, struct store_head *record,
              struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    int64_t now_ms = clock_wall_ms();
    int result = kind == STORE_AUDIT ? ERROR_UNSUPPORTED : may_write(view, table, error);
    if (result == 0)
        result = store_check(table, record, error);
    if (result != 0)
        return result;
    if (record->id.length == 0)
        store_new_id(table, now_ms, &view->arena, &record->id);
    if (kind == STORE_ORGANISATION)
        record->organisation = record->id;
    record->version = 1;
    record->created_ms = record->changed_ms = now_ms;
    if (record->id.data == NULL)
        return no_memory(error);
    if (record->organisation.length == 0)
        return error_set(error, ERROR_NOT_FOUND, "a %s needs an organisation", table->name);
    result = store_rows_insert(view->connection, kind, record, error);
    if (result == 0)
        result = store_note(view, kind, "add", NULL, record, now_ms, error);
    return result != 0 ? result : remember(view, kind, record, false, UINT64_MAX, error);
}

// NULL with *ret_result on failure.
static struct store_head *read_before(struct store_view *view, enum store_kind kind,
                                      struct slice organisation, struct slice id, int64_t version,
                                      int *ret_result, struct error *error)
{
    struct store_head *before = arena_take_zeroed(&view->arena, store_tables[kind].size);
    *ret_result =
        before == NULL ? no_memory(error) : store_get(view, kind, organisation, id, before, error);
    if (before != NULL && *ret_result == 0 && version != 0 && version != before->version)
        *ret_result = error_set(error, ERROR_CONFLICT, "the %s was changed meanwhile",
                                store_tables[kind].name);
    return *ret_result == 0 ? before : NULL;
}

static uint64_t columns_of(const struct store_table *table, const struct store_head *before,
                           const struct store_head *after)
{
    uint64_t columns = 0;
    for (size_t i = 0; i < table->count; i++)
        columns |= store_same(before, after, &table->columns[i]) ? 0 : UINT64_C(1) << i;
    return columns;
}

bool store_changed(const struct store_change *change, const char *column)
{
    const struct store_table *table = &store_tables[change->kind];
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->columns[i].name, column) == 0)
            return (change->columns >> i & 1) != 0;
    return false;
}

int store_change(struct store_view *view, enum store_kind kind, struct store_head *record,
                 struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    int result = table->constant
                     ? error_set(error, ERROR_UNSUPPORTED, "a %s never changes", table->name)
                     : may_write(view, table, error);
    if (result != 0)
        return result;
    struct store_head *before =
        read_before(view, kind, record->organisation, record->id, record->version, &result, error);
    if (before == NULL)
        return result;
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].fixed)
            *store_text(record, &table->columns[i]) = *store_text(before, &table->columns[i]);
    result = store_check(table, record, error);
    if (result != 0)
        return result;
    record->created_ms = before->created_ms;
    record->changed_ms = clock_wall_ms();
    record->version = before->version + 1;
    result = store_rows_update(view->connection, kind, record, before->version, error);
    if (result == 0)
        result = store_note(view, kind, "change", before, record, record->changed_ms, error);
    return result != 0
               ? result
               : remember(view, kind, record, false, columns_of(table, before, record), error);
}

int store_reseal(struct store_view *view, enum store_kind kind, const struct store_head *record,
                 struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    int result = may_write(view, table, error);
    if (result != 0)
        return result;
    struct store_head *row =
        read_before(view, kind, record->organisation, record->id, record->version, &result, error);
    if (row == NULL)
        return result;
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        if (column->secret && !column->fixed && column->kind == COLUMN_BYTES)
            *store_text(row, column) = *store_text(record, column);
    }
    result = store_check(table, row, error);
    return result == 0 ? store_rows_update(view->connection, kind, row, row->version, error)
                       : result;
}

int store_remove(struct store_view *view, enum store_kind kind, struct slice organisation,
                 struct slice id, int64_t version, struct error *error)
{
    int result =
        kind == STORE_AUDIT || kind == STORE_ORGANISATION
            ? error_set(error, ERROR_UNSUPPORTED, "a %s is never removed", store_tables[kind].name)
            : may_write(view, &store_tables[kind], error);
    if (result != 0)
        return result;
    const struct store_head *before =
        read_before(view, kind, organisation, id, version, &result, error);
    if (before == NULL)
        return result;
    result = store_rows_delete(view->connection, kind, organisation, id, error);
    if (result == 0)
        result = store_note(view, kind, "remove", before, NULL, clock_wall_ms(), error);
    return result != 0 ? result : remember(view, kind, before, true, UINT64_MAX, error);
}

int store_touch(struct store_view *view, enum store_kind kind, struct slice organisation,
                struct slice id, int64_t now_ms, struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    int result = table->used < 0 ? ERROR_UNSUPPORTED : may_write(view, table, error);
    return result != 0 ? result
                       : store_rows_touch(view->connection, kind, organisation, id, now_ms, error);
}

int store_forget_expired(struct store_view *view, int64_t now_ms, struct error *error)
{
    int result = may_write(view, &store_tables[STORE_REQUEST], error);
    if (result == 0)
        result = store_rows_expire(view->connection, STORE_REQUEST, now_ms, error);
    return result == 0 ? store_rows_expire(view->connection, STORE_SESSION, now_ms, error) : result;
}

int store_forget_questions(struct store_view *view, int64_t now_ms, struct error *error)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    int result = may_write(view, &store_tables[STORE_QUESTION], error);
    if (result != 0)
        return result;
    return store_rows_forget_questions(view->connection, now_ms - STORE_ARGUMENTS_DAYS * day_ms,
                                       now_ms - STORE_QUESTION_DAYS * day_ms, error);
}
