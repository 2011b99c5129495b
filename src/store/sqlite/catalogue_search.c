// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools of the catalogue by their names and words.
#include "store/sqlite/catalogue_internal.h"

#include "base/buffer.h"

enum { TEXT_MAX = 256, EXPRESSION_MAX = 16 * 1024 };

// The least text that is greater than all that begin with this one; else one that is greater than
// all names. A condition that could also be "no bound" would have the database look to the end.
static struct slice behind(struct slice text, char room[TEXT_MAX])
{
    size_t length = text.length;
    memcpy(room, text.data, length);
    while (length > 0 && (unsigned char)room[length - 1] == 0xff)
        length--;
    if (length == 0) {
        memset(room, 0xff, TEXT_MAX);
        return slice_of(room, TEXT_MAX);
    }
    room[length - 1] = (char)((unsigned char)room[length - 1] + 1);
    return slice_of(room, length);
}

// `room` lives as long as the statement is used.
static int prepare_names(struct store_catalogue *catalogue, enum catalogue_use use,
                         const struct store_catalogue_names *wanted, char room[TEXT_MAX],
                         sqlite3_stmt **ret, struct error *error)
{
    struct slice text = wanted->text.length == 0 ? slice_of("", 0) : wanted->text;
    if (text.length >= TEXT_MAX)
        return error_set(error, ERROR_RANGE, "a text of more than %d bytes", TEXT_MAX - 1);
    int failed = store_catalogue_statement(catalogue, use, ret, error);
    if (failed != 0)
        return failed;
    struct slice end = behind(text, room);
    if (wanted->whole) {
        memcpy(room, text.data, text.length);
        room[text.length] = '\0'; // the text that comes next
        end = slice_of(room, text.length + 1);
    }
    sqlite3_bind_int64(*ret, 1, wanted->owner);
    sqlite3_bind_int64(*ret, 2, wanted->category);
    store_file_bind(*ret, 3, use == CATALOGUE_NAMES_BEHIND ? wanted->after_fold : text);
    store_file_bind(*ret, 4, end);
    sqlite3_bind_int64(*ret, 5, wanted->limit);
    if (use == CATALOGUE_NAMES_BEHIND)
        sqlite3_bind_int64(*ret, 6, wanted->after_id);
    return 0;
}

int store_catalogue_each_name(struct store_catalogue *catalogue,
                              const struct store_catalogue_names *wanted,
                              store_catalogue_tool_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select = NULL;
    char room[TEXT_MAX];
    enum catalogue_use use = wanted->after_id != 0 ? CATALOGUE_NAMES_BEHIND : CATALOGUE_NAMES;
    int failed = prepare_names(catalogue, use, wanted, room, &select, error);
    return failed != 0 ? failed
                       : store_catalogue_visit_tools(catalogue, select, visit, argument, error);
}

static int count(struct store_catalogue *catalogue, sqlite3_stmt *select, int64_t *ret,
                 struct error *error)
{
    int result = sqlite3_step(select);
    *ret = result == SQLITE_ROW ? sqlite3_column_int64(select, 0) : 0;
    return store_catalogue_end(catalogue, select, result, error);
}

int store_catalogue_count_names(struct store_catalogue *catalogue,
                                const struct store_catalogue_names *wanted, int64_t *ret,
                                struct error *error)
{
    sqlite3_stmt *select = NULL;
    char room[TEXT_MAX];
    int failed = prepare_names(catalogue, CATALOGUE_COUNT_NAMES, wanted, room, &select, error);
    return failed != 0 ? failed : count(catalogue, select, ret, error);
}

// ---- Words

// In quotes nothing means anything but the quote itself, which is doubled.
static void write_word(struct buffer *out, struct slice word, bool goes_on)
{
    buffer_append_string(out, "\"");
    for (size_t i = 0; i < word.length; i++)
        if (word.data[i] == '"')
            buffer_append_string(out, "\"\"");
        else if (word.data[i] != '\0')
            buffer_append(out, slice_of(&word.data[i], 1));
    buffer_append_string(out, goes_on ? "\" *" : "\"");
}

static void write_words(struct buffer *out, const struct store_catalogue_words *wanted,
                        const char *where)
{
    buffer_append_string(out, "(");
    for (size_t i = 0; i < wanted->count; i++) {
        buffer_append_string(out, i > 0 ? " AND " : "");
        buffer_append_string(out, where);
        write_word(out, wanted->words[i], i + 1 == wanted->count);
    }
    buffer_append_string(out, ")");
}

// "(words) NOT (words in the name) AND category : (c3 OR c4)"
static void write_expression(struct buffer *out, const struct store_catalogue_words *wanted)
{
    static const unsigned all = (1U << STORE_CATALOGUE_CATEGORIES) - 1;
    const char *before = "";
    buffer_append_string(out, "(");
    write_words(out, wanted, wanted->in_name ? "name : " : "{name words} : ");
    if (wanted->beyond_name) {
        buffer_append_string(out, " NOT ");
        write_words(out, wanted, "name : ");
    }
    buffer_append_string(out, ")");
    if (wanted->categories == 0 || (wanted->categories & all) == all)
        return;
    buffer_append_string(out, " AND category : (");
    for (unsigned i = 0; i < STORE_CATALOGUE_CATEGORIES; i++)
        if ((wanted->categories & 1U << i) != 0) {
            buffer_append_format(out, "%sc%u", before, i);
            before = " OR ";
        }
    buffer_append_string(out, ")");
}

static int prepare(struct store_catalogue *catalogue, enum catalogue_use use,
                   const struct store_catalogue_words *wanted, sqlite3_stmt **ret,
                   struct error *error)
{
    struct buffer text;
    int failed = store_catalogue_statement(catalogue, use, ret, error);
    if (failed != 0)
        return failed;
    buffer_init(&text, EXPRESSION_MAX);
    write_expression(&text, wanted);
    struct slice expression = buffer_slice(&text);
    if (text.failed)
        failed = error_set(error, ERROR_RANGE, "too long a text to look for");
    else if (sqlite3_bind_text64(*ret, 1, expression.data, expression.length, SQLITE_TRANSIENT,
                                 SQLITE_UTF8) != SQLITE_OK)
        failed = error_set(error, ERROR_NO_MEMORY, "out of memory");
    buffer_release(&text);
    sqlite3_bind_int64(*ret, 2, wanted->from);
    sqlite3_bind_int64(*ret, 3, wanted->to);
    sqlite3_bind_int64(*ret, 4, wanted->limit);
    return failed;
}

int store_catalogue_each_match(struct store_catalogue *catalogue,
                               const struct store_catalogue_words *wanted,
                               store_catalogue_tool_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select;
    int failed = prepare(catalogue, CATALOGUE_MATCHES, wanted, &select, error);
    return failed != 0 ? failed
                       : store_catalogue_visit_tools(catalogue, select, visit, argument, error);
}

int store_catalogue_count_matches(struct store_catalogue *catalogue,
                                  const struct store_catalogue_words *wanted, int64_t *ret,
                                  struct error *error)
{
    sqlite3_stmt *select;
    int failed = prepare(catalogue, CATALOGUE_COUNT_MATCHES, wanted, &select, error);
    return failed != 0 ? failed : count(catalogue, select, ret, error);
}
