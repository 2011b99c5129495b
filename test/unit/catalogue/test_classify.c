// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the classifier says of small definitions (names.tsv, described.tsv), what must not change
// its mind, and definitions that were made to harm it.
#include "lib/unit.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "catalogue/catalogue.h"

enum { FIELDS = 5, LINE = 2048, LONG_TEXT = 1 << 20, DEEP = 60 };

static const char *row_files[2];

static enum catalogue_category category_named(const char *name)
{
    for (unsigned c = 0; c < CATALOGUE_UNKNOWN; c++)
        if (strcmp(catalogue_category_name((enum catalogue_category)c), name) == 0)
            return (enum catalogue_category)c;
    return CATALOGUE_UNKNOWN;
}

// The evidence points into the tool's own bytes.
static void check_evidence(const struct catalogue_tool *tool,
                           const struct catalogue_verdict *verdict)
{
    assert_true(verdict->confidence >= 0 && verdict->confidence <= 1000);
    assert_true(verdict->count <= CATALOGUE_EVIDENCE_MAX);
    for (size_t i = 0; i < verdict->count; i++) {
        const struct catalogue_evidence *e = &verdict->evidence[i];
        struct slice texts[] = {[CATALOGUE_FROM_NAME] = tool->name,
                                [CATALOGUE_FROM_TITLE] = tool->title,
                                [CATALOGUE_FROM_DESCRIPTION] = tool->description,
                                [CATALOGUE_FROM_SERVER] = tool->server};
        assert_non_null(e->says);
        assert_true(e->says[0] != '\0');
        assert_true(e->against == (e->category != verdict->category));
        if (e->source == CATALOGUE_FROM_ANNOTATIONS)
            continue;
        struct slice text = e->source == CATALOGUE_FROM_SCHEMA ? json_raw(tool->doc, tool->schema)
                                                               : texts[e->source];
        assert_true(e->offset + e->length <= text.length);
        assert_ptr_equal(e->words.data, text.data + e->offset);
        assert_int_equal(e->words.length, e->length);
    }
}

static struct catalogue_verdict classify(const char *name, const char *server,
                                         const char *description, const char *schema,
                                         struct catalogue_hints hints)
{
    struct json_doc doc;
    struct catalogue_verdict verdict;
    json_doc_init(&doc);
    bool has = schema != NULL && *schema != '\0';
    if (has)
        assert_int_equal(json_scan(&doc, slice_from_string(schema), NULL, NULL, NULL), 0);
    struct catalogue_tool tool = {
        .server = slice_from_string(server),
        .name = slice_from_string(name),
        .description = slice_from_string(description),
        .doc = &doc,
        .schema = has ? 0 : JSON_NONE,
        .hints = hints,
    };
    catalogue_classify(&tool, &verdict);
    check_evidence(&tool, &verdict);
    for (size_t i = 0; i < verdict.count; i++)
        verdict.evidence[i].words = slice_of(NULL, 0);
    json_doc_release(&doc);
    return verdict;
}

static const struct catalogue_hints no_hints = {-1, -1};

static enum catalogue_category category_of(const char *name, const char *description)
{
    return classify(name, "", description, NULL, no_hints).category;
}

// ---- Rows

// Cuts a line at its tabs; what is missing is empty.
static void cut(char *line, char *fields[FIELDS])
{
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = line;
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            line += strlen(line);
        else {
            *tab = '\0';
            line = tab + 1;
        }
    }
}

typedef void (*row_cb)(char *fields[FIELDS]);

static size_t each_row(row_cb cb)
{
    size_t rows = 0;
    char line[LINE], *fields[FIELDS];
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(row_files[i], "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file) != NULL)
            if (line[0] != '#' && line[0] != '\n') {
                cut(line, fields);
                cb(fields);
                rows++;
            }
        fclose(file);
    }
    return rows;
}

static size_t wrong;

static void check_row(char *fields[FIELDS])
{
    struct catalogue_verdict verdict =
        classify(fields[1], fields[2], fields[3], fields[4], no_hints);
    if (verdict.category == category_named(fields[0]))
        return;
    print_error("%s (%s): %s, not %s\n", fields[1], fields[3],
                catalogue_category_name(verdict.category), fields[0]);
    wrong++;
}

static void rows_get_their_category(void **state)
{
    (void)state;
    wrong = 0;
    assert_true(each_row(check_row) > 500);
    assert_int_equal(wrong, 0);
}

// ---- What must not change the answer

// "send_email" as "SEND-EMAIL", "send.email", "sendEmail".
static void respell(const char *name, char out[LINE], int way)
{
    size_t length = 0;
    bool hump = false;
    for (; *name != '\0'; name++) {
        bool separator = *name == '_' || *name == '-';
        char lower = *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name;
        bool letter = lower >= 'a' && lower <= 'z';
        if (separator && way != 2)
            out[length++] = way == 0 ? '-' : '.';
        else if (!separator)
            out[length++] =
                letter && (way == 0 || (way == 2 && hump)) ? (char)(lower - ('a' - 'A')) : lower;
        hump = separator;
    }
    out[length] = '\0';
}

static void check_spellings(char *fields[FIELDS])
{
    char other[LINE];
    for (const char *at = fields[1]; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            return; // where its words end is known by its capitals only
    enum catalogue_category category = category_of(fields[1], "");
    for (int way = 0; way < 3; way++) {
        respell(fields[1], other, way);
        enum catalogue_category found = category_of(other, "");
        if (found != category)
            fail_msg("%s is %s, %s is %s", fields[1], catalogue_category_name(category), other,
                     catalogue_category_name(found));
    }
}

static void spelling_does_not_matter(void **state)
{
    (void)state;
    each_row(check_spellings);
}

static void check_prefixes(char *fields[FIELDS])
{
    static const char *const prefixes[] = {"acme_", "x1-", "hl_"};
    char other[LINE];
    if (fields[3][0] != '\0' || strpbrk(fields[1], "_-.") == NULL)
        return;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        snprintf(other, sizeof other, "%s%s", prefixes[i], fields[1]);
        enum catalogue_category plain = classify(fields[1], fields[2], "", NULL, no_hints).category;
        enum catalogue_category found = classify(other, fields[2], "", NULL, no_hints).category;
        if (plain != found)
            fail_msg("%s is %s, %s is %s", fields[1], catalogue_category_name(plain), other,
                     catalogue_category_name(found));
    }
}

static void a_prefix_does_not_matter(void **state)
{
    (void)state;
    each_row(check_prefixes);
}

static void check_hints(char *fields[FIELDS])
{
    struct catalogue_verdict plain = classify(fields[1], fields[2], fields[3], fields[4], no_hints);
    for (int destructive = -1; destructive < 2; destructive++) {
        struct catalogue_verdict said = classify(fields[1], fields[2], fields[3], fields[4],
                                                 (struct catalogue_hints){1, destructive});
        if (plain.category == CATALOGUE_READ)
            continue;
        assert_true(said.category >= plain.category);
        bool quoted = false;
        for (size_t i = 0; i < said.count; i++)
            quoted |=
                said.evidence[i].source == CATALOGUE_FROM_ANNOTATIONS && said.evidence[i].against;
        assert_true(quoted);
    }
}

static void a_claim_to_be_read_only_makes_nothing_read(void **state)
{
    (void)state;
    each_row(check_hints);
}

static void annotations_are_a_witness(void **state)
{
    (void)state;
    assert_int_equal(classify("zorp", "", "", NULL, no_hints).confidence, CATALOGUE_GUESS);
    assert_int_equal(classify("zorp", "", "", NULL, (struct catalogue_hints){-1, 1}).category,
                     CATALOGUE_DESTRUCTIVE);
    assert_int_equal(classify("zorp", "", "", NULL, (struct catalogue_hints){0, -1}).category,
                     CATALOGUE_WRITE);
    struct catalogue_verdict claimed =
        classify("zorp", "", "", NULL, (struct catalogue_hints){1, -1});
    assert_int_equal(claimed.category, CATALOGUE_READ);
    assert_true(claimed.confidence > CATALOGUE_GUESS);
    assert_int_equal(classify("get_room", "", "", NULL, (struct catalogue_hints){-1, 1}).category,
                     CATALOGUE_WRITE);
    // A server that says both is believed in the graver half only.
    assert_int_equal(classify("zorp", "", "", NULL, (struct catalogue_hints){1, 1}).category,
                     CATALOGUE_DESTRUCTIVE);
}

static void the_order_of_arguments_does_not_matter(void **state)
{
    (void)state;
    static const char *const schemas[] = {"{\"properties\":{\"amount\":{},\"currency\":{},"
                                          "\"action\":{\"enum\":[\"list\",\"send\"]}}}",
                                          "{\"properties\":{\"action\":{\"enum\":[\"send\","
                                          "\"list\"]},\"currency\":{},\"amount\":{}}}"};
    struct catalogue_verdict a = classify("move_it", "", "", schemas[0], no_hints),
                             b = classify("move_it", "", "", schemas[1], no_hints);
    assert_int_equal(a.category, b.category);
    assert_int_equal(a.confidence, b.confidence);
}

static void the_gravest_choice_counts(void **state)
{
    (void)state;
    static const char schema[] = "{\"properties\":{\"action\":{\"type\":\"string\",\"enum\":["
                                 "\"list\",\"get\",\"delete\"]}}}";
    struct catalogue_verdict verdict =
        classify("manage_notes", "", "Manage notes.", schema, no_hints);
    assert_int_equal(verdict.category, CATALOGUE_DESTRUCTIVE);
    assert_int_equal(verdict.evidence[0].source, CATALOGUE_FROM_SCHEMA);
    assert_int_equal(verdict.evidence[0].offset, strstr(schema, "delete") - schema);
    assert_int_equal(verdict.evidence[0].length, 6);
}

// ---- Hostile definitions

static void long_texts_are_cut_and_it_is_said(void **state)
{
    (void)state;
    char *text = memory_new(LONG_TEXT + 1);
    memset(text, 'a', LONG_TEXT);
    text[LONG_TEXT] = '\0';
    assert_true(classify("get_room", "", text, NULL, no_hints).shortened);
    assert_true(classify(text, "", "", NULL, no_hints).shortened);
    for (size_t i = 0; i < LONG_TEXT; i += 2)
        text[i] = ' ';
    assert_true(classify("get_room", text, text, NULL, no_hints).shortened);
    for (size_t i = 0; i < LONG_TEXT; i += 2)
        text[i] = '_';
    assert_true(classify(text, "", "", NULL, no_hints).shortened);
    assert_false(classify("get_room", "", "Gets a room.", NULL, no_hints).shortened);
    memory_free(text);
}

static void schemas_may_be_deep_wide_and_odd(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 0);
    for (int i = 0; i < DEEP / 2; i++)
        buffer_append_string(&text, "{\"properties\":{\"action\":");
    buffer_append_string(&text, "{\"enum\":[1,null,\"delete\",[\"\"],\"\",{}]}");
    for (int i = 0; i < DEEP / 2; i++)
        buffer_append_string(&text, "}}");
    buffer_append(&text, slice_of("", 1));
    classify("x", "", "", buffer_slice(&text).data, no_hints);
    buffer_clear(&text);
    buffer_append_string(&text, "{\"properties\":{");
    for (int i = 0; i < 5000; i++)
        buffer_append_format(&text, "%s\"p%d\":{}", i > 0 ? "," : "", i);
    buffer_append_string(&text, "}}");
    buffer_append(&text, slice_of("", 1));
    assert_true(classify("x", "", "", buffer_slice(&text).data, no_hints).shortened);
    buffer_release(&text);
    static const char *const odd[] = {"{\"properties\":[]}", "{\"properties\":null}", "[]", "null",
                                      "{\"properties\":{\"\":0,\"action\":{\"enum\":{}}}}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        classify("get_x", "", "", odd[i], no_hints);
}

static void texts_need_not_be_words(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "\xff\xfe\x80", "____",
                                        "...", "\n\n\n",       "'",
                                        "a'",  "'b",           "\xe5\x88\xa0\xe9\x99\xa4",
                                        "0",   "999999999",    "\x01\x02"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        classify(texts[i], texts[i], texts[i], NULL, no_hints);
        assert_true(category_of(texts[i], "Deletes everything.") == CATALOGUE_DESTRUCTIVE);
    }
    assert_int_equal(category_of("", ""), CATALOGUE_UNKNOWN);
}

static void a_sentence_says_why(void **state)
{
    (void)state;
    struct catalogue_tool tool = {.name = SLICE_LITERAL("delete_room"),
                                  .description = SLICE_LITERAL("Permanently deletes a room"),
                                  .schema = JSON_NONE,
                                  .hints = {1, -1}};
    struct catalogue_verdict verdict;
    struct buffer why;
    catalogue_classify(&tool, &verdict);
    buffer_init(&why, 0);
    catalogue_write_why(&why, &verdict);
    buffer_append(&why, slice_of("", 1));
    assert_string_equal(
        buffer_slice(&why).data,
        "Destructive: the name has \"delete_room\" (deletes or destroys); the description has "
        "\"deletes a room\" (deletes or destroys); the description has \"Permanently\" (cannot be "
        "undone). "
        "Against it: the annotations have \"readOnlyHint\" (the server says that it only reads).");
    buffer_release(&why);
}

static void tools_are_read_from_json(void **state)
{
    (void)state;
    static const char text[] =
        "{\"server\":\"a\",\"tool\":\"b\",\"description\":\"l\\u0069ne\\n\",\"input_schema\":{"
        "\"type\":"
        "\"object\"},\"annotations\":{\"readOnlyHint\":true,\"destructiveHint\":1},\"title\":4}";
    struct json_doc doc;
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, NULL, NULL), 0);
    catalogue_read_tool(&doc, 0, &scratch, &tool);
    assert_true(slice_equal_string(tool.server, "a"));
    assert_true(slice_equal_string(tool.name, "b"));
    assert_true(slice_equal_string(tool.description, "line\n"));
    assert_int_equal(tool.title.length, 0);
    assert_int_equal(json_type(&doc, tool.schema), JSON_OBJECT);
    assert_int_equal(tool.hints.read_only, 1);
    assert_int_equal(tool.hints.destructive, -1);
    json_doc_release(&doc);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 3)
        return 2;
    row_files[0] = arguments[1];
    row_files[1] = arguments[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_get_their_category),
        cmocka_unit_test(spelling_does_not_matter),
        cmocka_unit_test(a_prefix_does_not_matter),
        cmocka_unit_test(a_claim_to_be_read_only_makes_nothing_read),
        cmocka_unit_test(annotations_are_a_witness),
        cmocka_unit_test(the_order_of_arguments_does_not_matter),
        cmocka_unit_test(the_gravest_choice_counts),
        cmocka_unit_test(long_texts_are_cut_and_it_is_said),
        cmocka_unit_test(schemas_may_be_deep_wide_and_odd),
        cmocka_unit_test(texts_need_not_be_words),
        cmocka_unit_test(a_sentence_says_why),
        cmocka_unit_test(tools_are_read_from_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
