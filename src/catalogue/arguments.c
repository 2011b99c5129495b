// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool takes: the names, types and formats of its arguments, however deep they stand, and
// what is missing of its schema.
#include "catalogue/catalogue_internal.h"

enum { SPELLED_MOST = 64, ARGUMENTS_MANY = 10, SAID_WORDS = 5, SAID_BYTES = 96 };

static const struct signal_kind many = {CATALOGUE_SIGNAL_MANY_ARGUMENTS, CATALOGUE_LOW,
                                        "takes ten arguments or more"},
                                missing = {CATALOGUE_SIGNAL_NO_SCHEMA, CATALOGUE_MEDIUM,
                                           "has no input schema: nothing limits its arguments"},
                                open = {CATALOGUE_SIGNAL_NO_SCHEMA, CATALOGUE_MEDIUM,
                                        "takes arguments of any name"},
                                unnamed = {CATALOGUE_SIGNAL_NO_SCHEMA, CATALOGUE_LOW,
                                           "names no arguments and forbids none"},
                                takes_url = {CATALOGUE_SIGNAL_URL, CATALOGUE_MEDIUM,
                                             "takes an address, which the server may then ask"},
                                takes_sql = {CATALOGUE_SIGNAL_SQL, CATALOGUE_HIGH,
                                             "takes a query language as text"},
                                nothing = {CATALOGUE_SIGNAL_COUNT, CATALOGUE_LOW, ""};

static struct slice inner(const struct json_doc *doc, uint32_t node)
{
    struct slice raw = json_raw(doc, node);
    return slice_of(raw.data + 1, raw.length - 2);
}

static void add(struct findings *findings, struct signal_kind kind, struct slice at)
{
    struct place place = {.tool = findings->tool, .source = CATALOGUE_FROM_SCHEMA};
    place.start.bytes = place.end.bytes = at;
    place.end.at = at.length;
    findings_add(findings, kind, &place);
}

// ---- What an argument may hold

static bool is_string(const struct json_doc *doc, uint32_t node, const char *value)
{
    return node != JSON_NONE && json_type(doc, node) == JSON_STRING &&
           json_string_equals(doc, node, slice_from_string(value));
}

// Does its type allow what `name` says? Without a type, everything is allowed.
static bool allows(const struct json_doc *doc, uint32_t schema, const char *name)
{
    uint32_t type = json_get(doc, schema, "type");
    if (type == JSON_NONE)
        return true;
    if (json_type(doc, type) != JSON_ARRAY)
        return is_string(doc, type, name);
    for (uint32_t e = json_first_element(doc, type); e != JSON_NONE;
         e = json_next_element(doc, type, e))
        if (is_string(doc, e, name))
            return true;
    return false;
}

// A caller may put any text into it, or into its elements.
static bool takes_text(const struct json_doc *doc, uint32_t schema)
{
    if (json_get(doc, schema, "enum") != JSON_NONE || json_get(doc, schema, "const") != JSON_NONE)
        return false;
    return allows(doc, schema, "string") ||
           (allows(doc, schema, "array") && allows(doc, json_get(doc, schema, "items"), "string"));
}

static bool takes_many(const struct json_doc *doc, uint32_t schema)
{
    return allows(doc, schema, "array");
}

static bool takes_flag(const struct json_doc *doc, uint32_t schema)
{
    return allows(doc, schema, "boolean");
}

// ---- Its name

// "callbackUrl": "callback url". 0 when it is too long to be in a list.
static size_t spell(struct slice key, char out[SPELLED_MOST])
{
    size_t length = 0;
    for (size_t i = 0; i < key.length; i++) {
        char c = key.data[i];
        bool upper = c >= 'A' && c <= 'Z', breaks = c == '_' || c == '-' || c == '.' || c == ' ';
        bool after_small = i > 0 && key.data[i - 1] >= 'a' && key.data[i - 1] <= 'z';
        if (length + 2 > SPELLED_MOST)
            return 0;
        if (breaks || (upper && after_small))
            out[length++] = ' ';
        if (!breaks)
            out[length++] = (char)(upper ? c + ('a' - 'A') : c);
    }
    return length;
}

// The kind that the whole name tells, or its last words.
static unsigned kind_of_name(struct slice key)
{
    char spelled[SPELLED_MOST];
    size_t length = spell(key, spelled);
    for (size_t at = 0; at < length; at++) {
        if (at > 0 && spelled[at - 1] != ' ')
            continue;
        const struct signal_word *word = signal_word_find(spelled + at, length - at);
        if (word != NULL && word->argument != 0 && (at == 0 || word->suffix))
            return word->argument;
    }
    return 0;
}

// What a caller may put into it, and what the tool does, make the kind that its name tells likely.
static bool fits(const struct findings *findings, uint32_t key, struct signal_kind kind)
{
    const struct json_doc *doc = findings->tool->doc;
    uint32_t schema = key + 1;
    if (kind.signal == CATALOGUE_SIGNAL_BULK)
        return findings->category != CATALOGUE_READ &&
               (takes_many(doc, schema) || takes_flag(doc, schema));
    // Elsewhere a "code" is one of a discount, a currency, a country.
    if (kind.signal == CATALOGUE_SIGNAL_CODE && findings->category != CATALOGUE_EXECUTE &&
        json_string_equals(doc, key, SLICE_LITERAL("code")))
        return false;
    if (kind.signal == CATALOGUE_SIGNAL_ADMIN)
        return takes_text(doc, schema) || takes_flag(doc, schema);
    bool array = kind.signal == CATALOGUE_SIGNAL_FREE_TEXT;
    return array ? allows(doc, schema, "string") && takes_text(doc, schema)
                 : takes_text(doc, schema);
}

static bool has_url_format(const struct json_doc *doc, uint32_t schema)
{
    uint32_t format = json_get(doc, schema, "format");
    return is_string(doc, format, "uri") || is_string(doc, format, "url") ||
           is_string(doc, format, "uri-reference") || is_string(doc, format, "iri");
}

// "URL of the page", "SQL to run": the first words of a description tell what the name does not.
static struct signal_kind kind_said(const struct json_doc *doc, uint32_t schema)
{
    char text[SAID_BYTES];
    struct token tokens[PROSE_TOKENS];
    bool shortened = false;
    uint32_t node = json_get(doc, schema, "description");
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return nothing;
    struct slice start = slice_of(text, json_string_start(doc, node, text, sizeof text));
    size_t count = tokens_of_prose(start, tokens, &shortened);
    for (size_t i = 0; i < count && i < SAID_WORDS && (i == 0 || tokens[i].gap <= GAP_SPACE); i++) {
        struct slice word = slice_of(text + tokens[i].at, tokens[i].length);
        if (slice_equal_ignoring_case(word, SLICE_LITERAL("url")) ||
            slice_equal_ignoring_case(word, SLICE_LITERAL("urls")))
            return takes_url;
        if (slice_equal_ignoring_case(word, SLICE_LITERAL("sql")))
            return takes_sql;
    }
    return nothing;
}

static void search_argument(struct findings *findings, uint32_t key)
{
    const struct json_doc *doc = findings->tool->doc;
    struct slice name = inner(doc, key);
    struct signal_kind kind = signal_argument(kind_of_name(name));
    if (json_type(doc, key + 1) != JSON_OBJECT)
        return;
    if (kind.signal < CATALOGUE_SIGNAL_COUNT && fits(findings, key, kind))
        add(findings, kind, name);
    else if (takes_text(doc, key + 1))
        add(findings, has_url_format(doc, key + 1) ? takes_url : kind_said(doc, key + 1), name);
}

// ---- The schema

static void search_properties(struct findings *findings, uint32_t properties)
{
    const struct json_doc *doc = findings->tool->doc;
    for (uint32_t key = json_first_key(doc, properties); key != JSON_NONE;
         key = json_next_key(doc, properties, key))
        search_argument(findings, key);
}

static void judge_shape(struct findings *findings, uint32_t schema)
{
    const struct json_doc *doc = findings->tool->doc;
    uint32_t properties = json_get(doc, schema, "properties");
    uint32_t more = json_get(doc, schema, "additionalProperties");
    uint32_t count = properties == JSON_NONE || json_type(doc, properties) != JSON_OBJECT
                         ? 0
                         : json_at(doc, properties)->count;
    bool combined = json_get(doc, schema, "anyOf") != JSON_NONE ||
                    json_get(doc, schema, "oneOf") != JSON_NONE ||
                    json_get(doc, schema, "allOf") != JSON_NONE ||
                    json_get(doc, schema, "$ref") != JSON_NONE;
    if (count >= ARGUMENTS_MANY)
        add(findings, many, inner(doc, properties - 1));
    if (more != JSON_NONE && json_type(doc, more) == JSON_TRUE)
        add(findings, open, inner(doc, more - 1));
    else if (properties == JSON_NONE && !combined && more == JSON_NONE)
        add(findings, unnamed, json_raw(doc, schema));
}

void arguments_search(struct findings *findings)
{
    const struct catalogue_tool *tool = findings->tool;
    if (tool->schema == JSON_NONE) {
        struct place place = {.tool = tool, .source = CATALOGUE_FROM_NAME};
        place.start.bytes = tool->name;
        place.end = place.start;
        findings_add(findings, missing, &place);
        return;
    }
    judge_shape(findings, tool->schema);
    // Wherever a member `properties` stands, its members are arguments or parts of one.
    uint32_t end = json_at(tool->doc, tool->schema)->next;
    for (uint32_t node = tool->schema; node < end; node++) {
        const struct json_node *at = json_at(tool->doc, node);
        if (at->is_key && json_string_equals(tool->doc, node, SLICE_LITERAL("properties")) &&
            json_type(tool->doc, node + 1) == JSON_OBJECT)
            search_properties(findings, node + 1);
    }
}
