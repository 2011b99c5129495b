// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool's arguments say: `sql`, `amount` beside `currency`, `action` with "delete" in its
// enum.
#include "catalogue/catalogue_internal.h"

enum { PROPERTIES = 64, ENUM_VALUES = 48, NESTING = 3 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

// "toAddress", "to_address", "to-address": "to address". 0 when it is too long to be in a list.
static size_t spell(struct slice key, char out[WORD_BYTES])
{
    size_t length = 0;
    for (size_t i = 0; i < key.length; i++) {
        char c = key.data[i];
        bool breaks = c == '_' || c == '-' || c == '.';
        bool hump = is_upper(c) && i > 0 && !is_upper(key.data[i - 1]);
        if (length + 2 > WORD_BYTES)
            return 0;
        if (breaks || hump)
            out[length++] = ' ';
        if (!breaks)
            out[length++] = (char)(is_upper(c) ? c + ('a' - 'A') : c);
    }
    return length;
}

static struct slice inside_quotes(const struct json_doc *doc, uint32_t node)
{
    struct slice raw = json_raw(doc, node);
    return slice_of(raw.data + 1, raw.length - 2);
}

// The gravest of the acts that a caller may choose from.
static void read_choices(const struct json_doc *doc, uint32_t property, struct schema *ret)
{
    uint32_t choices = json_get(doc, property, "enum");
    if (choices == JSON_NONE || json_type(doc, choices) != JSON_ARRAY)
        return;
    unsigned seen = 0;
    for (uint32_t e = json_first_element(doc, choices); e != JSON_NONE && seen < ENUM_VALUES;
         e = json_next_element(doc, choices, e), seen++) {
        if (json_type(doc, e) != JSON_STRING)
            continue;
        struct slice word = inside_quotes(doc, e);
        struct act act = act_of_name(word, &ret->shortened);
        if (act.verb == VERB_NONE || act.weight < 30)
            continue;
        if (ret->listed.weight == 0 || act.category > ret->listed.category) {
            ret->listed = act;
            ret->listed_word = word;
        }
    }
}

static void read_properties(const struct json_doc *doc, uint32_t properties, int depth,
                            struct schema *ret)
{
    if (properties == JSON_NONE || json_type(doc, properties) != JSON_OBJECT)
        return;
    for (uint32_t key = json_first_key(doc, properties); key != JSON_NONE;
         key = json_next_key(doc, properties, key)) {
        if (++ret->count > PROPERTIES) {
            ret->shortened = true;
            return;
        }
        char spelled[WORD_BYTES];
        struct slice name = inside_quotes(doc, key);
        const struct word *word = word_find(spelled, spell(name, spelled));
        unsigned kind = word == NULL ? SCHEMA_NONE : word->schema;
        if (kind != SCHEMA_NONE && (ret->seen & UINT32_C(1) << kind) == 0) {
            ret->seen |= UINT32_C(1) << kind;
            ret->places[kind] = name;
        }
        if (kind == SCHEMA_ACTION)
            read_choices(doc, key + 1, ret);
        if (depth < NESTING && json_type(doc, key + 1) == JSON_OBJECT &&
            json_at(doc, key + 1)->count > 1)
            read_properties(doc, json_get(doc, key + 1, "properties"), depth + 1, ret);
    }
}

void schema_read(const struct json_doc *doc, uint32_t node, struct schema *ret)
{
    *ret = (struct schema){0};
    if (node != JSON_NONE)
        read_properties(doc, json_get(doc, node, "properties"), 0, ret);
}
