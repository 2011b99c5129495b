// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The values of a record, by what its table says of them.
#include "store/store_internal.h"

#include "base/random.h"

int64_t store_number(const struct store_head *record, const struct store_column *column)
{
    const char *at = (const char *)record + column->offset;
    unsigned word;
    int64_t number;
    switch (column->kind) {
    case COLUMN_FLAG: return *(const bool *)at;
    case COLUMN_WORD: memcpy(&word, at, sizeof word); return word;
    default: memcpy(&number, at, sizeof number); return number;
    }
}

void store_set_number(struct store_head *record, const struct store_column *column, int64_t value)
{
    char *at = (char *)record + column->offset;
    unsigned word = (unsigned)value;
    bool flag = value != 0;
    switch (column->kind) {
    case COLUMN_FLAG: memcpy(at, &flag, sizeof flag); break;
    case COLUMN_WORD: memcpy(at, &word, sizeof word); break;
    default: memcpy(at, &value, sizeof value); break;
    }
}

bool store_same(const struct store_head *a, const struct store_head *b,
                const struct store_column *column)
{
    return store_is_text(column) ? slice_equal(*store_text(a, column), *store_text(b, column))
                                 : store_number(a, column) == store_number(b, column);
}

// 0, ERROR_RANGE or ERROR_NO_MEMORY.
static int check_json(struct slice value, enum json_type type)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, value, NULL, NULL, NULL);
    bool good = result == 0 && json_type(&doc, 0) == type;
    for (uint32_t item = good && type == JSON_ARRAY ? json_first_element(&doc, 0) : JSON_NONE;
         item != JSON_NONE; item = json_next_element(&doc, 0, item))
        good = good && json_type(&doc, item) == JSON_STRING;
    json_doc_release(&doc);
    if (result == ERROR_NO_MEMORY)
        return result;
    return good ? 0 : ERROR_RANGE;
}

static const char *text_is_wrong(struct slice value, const struct store_column *column)
{
    if (value.length > column->most)
        return "is too long";
    if (value.length == 0 && column->optional)
        return NULL;
    if (column->kind == COLUMN_TEXT && value.length > 0 &&
        memchr(value.data, '\0', value.length) != NULL)
        return "holds a NUL";
    return column->check != NULL && !column->check(value) ? "is not what it must be" : NULL;
}

static const char *number_is_wrong(int64_t number, const struct store_column *column)
{
    int64_t words = 0;
    while (column->kind == COLUMN_WORD && column->words[words] != NULL)
        words++;
    bool wrong = number < 0 || (column->kind == COLUMN_WORD && number >= words);
    return wrong ? "is out of range" : NULL;
}

static int check_column(const struct store_table *table, const struct store_head *record,
                        const struct store_column *column, struct error *error)
{
    bool text = store_is_text(column);
    struct slice value = text ? *store_text(record, column) : (struct slice){0};
    const char *why =
        text ? text_is_wrong(value, column) : number_is_wrong(store_number(record, column), column);
    if (why == NULL && column->json != JSON_NULL && !(value.length == 0 && column->optional)) {
        int result = check_json(value, column->json);
        if (result == ERROR_NO_MEMORY)
            return error_set(error, result, "out of memory");
        why = result == 0                   ? NULL
              : column->json == JSON_OBJECT ? "is not a JSON object"
                                            : "is not a JSON array of strings";
    }
    if (why == NULL)
        return 0;
    return error_set(error, ERROR_RANGE, "'%s' of a %s %s", column->name, table->name, why);
}

int store_check(const struct store_table *table, const struct store_head *record,
                struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < table->count && result == 0; i++)
        result = check_column(table, record, &table->columns[i], error);
    return result;
}

// 48 bits of time, then 80 random ones, five bits a digit (without i, l, o and u).
void store_new_id(const struct store_table *table, int64_t now_ms, struct arena *arena,
                  struct slice *ret)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    char text[27] = {0};
    unsigned char noise[16];
    uint64_t time = (uint64_t)now_ms;
    random_bytes(noise, sizeof noise);
    for (size_t i = 10; i-- > 0; time >>= 5)
        text[i] = digits[time & 31];
    for (size_t i = 0; i < 16; i++)
        text[10 + i] = digits[noise[i] & 31];
    *ret = arena_format(arena, "%s_%s", table->prefix, text);
}
