// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include "base/memory.h"
#include "json/json.h"

#include <stdlib.h>

struct oracle *oracle_new(void)
{
    struct oracle *oracle = memory_new(sizeof *oracle);
    buffer_init(&oracle->ours, 0);
    buffer_init(&oracle->theirs, 0);
    oracle->doc = memory_new(sizeof *oracle->doc);
    json_doc_init(oracle->doc);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    buffer_release(&oracle->ours);
    buffer_release(&oracle->theirs);
    json_doc_release(oracle->doc);
    memory_free(oracle->doc);
    memory_free(oracle);
}

const char *oracle_name(enum oracle_result result)
{
    static const char *const names[ORACLE_COUNT] = {
        "both accept",
        "both refuse",
        "only we accept: numbers",
        "only we refuse: depth",
        "only we refuse: numbers",
        "only we refuse: NUL byte",
        "only we refuse: duplicates",
        "only we refuse: NUL in keys",
        "disagree",
    };
    return names[result];
}

void oracle_flat(struct buffer *flat, char type, const void *eight_bytes)
{
    (void)buffer_append(flat, slice_of(&type, 1));
    (void)buffer_append(flat, slice_of(eight_bytes, 8));
}

void oracle_flat_bytes(struct buffer *flat, const char *data, size_t length)
{
    (void)buffer_append(flat, slice_of(data, length));
}

// Like jansson: a number without point and exponent is an integer, others are doubles.
static void flatten_number(struct buffer *flat, const struct json_doc *doc, uint32_t node)
{
    char text[JSON_NUMBER_LENGTH + 1];
    struct slice raw = json_raw(doc, node);
    memcpy(text, raw.data, raw.length);
    text[raw.length] = '\0';
    int64_t integer = 0;
    if (strpbrk(text, ".eE") == NULL && json_integer(doc, node, &integer) == 0) {
        oracle_flat(flat, 'i', &integer);
        return;
    }
    double real = strtod(text, NULL);
    oracle_flat(flat, 'd', &real);
}

static void flatten_string(struct buffer *flat, const struct json_doc *doc, uint32_t node)
{
    struct arena arena;
    arena_init(&arena, 1 << 24);
    struct slice value = json_string(doc, node, &arena);
    uint64_t length = value.length;
    oracle_flat(flat, 's', &length);
    (void)buffer_append(flat, value);
    // The two readers of a string must agree.
    if (!json_string_equals(doc, node, value))
        abort();
    arena_release(&arena);
}

// Nodes stand in text order, so one walk gives the order of a recursive one.
static void flatten(struct buffer *flat, const struct json_doc *doc)
{
    uint64_t count;
    for (uint32_t node = 0; node < doc->count; node++) {
        count = json_at(doc, node)->count;
        switch (json_type(doc, node)) {
        case JSON_NULL: oracle_flat(flat, 'n', &count); break;
        case JSON_FALSE: oracle_flat(flat, 'f', &count); break;
        case JSON_TRUE: oracle_flat(flat, 't', &count); break;
        case JSON_NUMBER: flatten_number(flat, doc, node); break;
        case JSON_STRING: flatten_string(flat, doc, node); break;
        case JSON_ARRAY: oracle_flat(flat, '[', &count); break;
        case JSON_OBJECT: oracle_flat(flat, '{', &count); break;
        }
    }
}

void oracle_flatten_ours(struct oracle *oracle)
{
    flatten(&oracle->ours, oracle->doc);
}

// `found` is the byte that we stopped at.
static enum oracle_result judge_refusal(const struct error *error, char found)
{
    if (error->code == ERROR_SYNTAX && found == '\0')
        return ORACLE_WE_SEE_NUL;
    if (error->code != ERROR_TOO_LARGE)
        return ORACLE_DISAGREE;
    if (strstr(error->text, "nested deeper than the limit") != NULL)
        return ORACLE_WE_LIMIT_DEPTH;
    bool is_number = strstr(error->text, "an exponent beyond the limit") != NULL ||
                     strstr(error->text, "a number of more characters") != NULL;
    return is_number ? ORACLE_WE_LIMIT_NUMBERS : ORACLE_DISAGREE;
}

enum oracle_result oracle_compare(struct oracle *oracle, struct slice text)
{
    struct error error = {0};
    size_t offset = 0;
    buffer_clear(&oracle->ours);
    buffer_clear(&oracle->theirs);
    enum jansson_verdict theirs = oracle_jansson(text, &oracle->theirs);
    int code = json_scan(oracle->doc, text, NULL, &error, &offset);
    if (code != 0 && theirs != JANSSON_ACCEPTS)
        return ORACLE_BOTH_REFUSE;
    if (code != 0)
        return judge_refusal(&error, offset < text.length ? text.data[offset] : 'x');
    if (theirs != JANSSON_ACCEPTS)
        return theirs == JANSSON_REFUSES_NUMBER ? ORACLE_WE_ALLOW_BIG_NUMBERS : ORACLE_DISAGREE;
    flatten(&oracle->ours, oracle->doc);
    bool same = slice_equal(buffer_slice(&oracle->ours), buffer_slice(&oracle->theirs));
    return same ? ORACLE_BOTH_ACCEPT : ORACLE_DISAGREE;
}
