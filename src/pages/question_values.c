// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The arguments of a call, value by value, with what differs from the last call like it.
#include "pages/pages_internal.h"

enum { VALUES_MAX = 2000, LONG_BYTES = 600, START_BYTES = 320, WARNINGS_MAX = 4 };

struct slice pages_mark_text(struct pages_maker *maker, struct slice text)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; text.data != NULL && i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '\n')
            buffer_append_string(&out, "\xE2\x86\xB5\n"); // an arrow, and the break itself
        else if (c == '\t')
            buffer_append_string(&out, "\xE2\x87\xA5 ");
        else if (c < 0x20 || c == 0x7F)
            buffer_append_format(&out, "[U+%04X]", c);
        else
            buffer_append(&out, slice_of(text.data + i, 1));
    }
    return pages_keep(maker, &out);
}

// What nobody sees in it, and letters that only look like others.
static struct pages_warnings warn_of(struct pages_maker *maker, struct slice text)
{
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    const struct catalogue_tool tool = {.description = text, .schema = JSON_NONE};
    struct pages_warnings warnings = {.items = NULL};
    size_t count = catalogue_find_signals(&tool, findings, CATALOGUE_FINDINGS_MAX);
    for (size_t i = 0; i < count && warnings.count < WARNINGS_MAX; i++) {
        if (findings[i].signal != CATALOGUE_SIGNAL_HIDDEN_TEXT)
            continue;
        if (warnings.items == NULL)
            warnings.items = pages_take(maker, WARNINGS_MAX, sizeof *warnings.items);
        if (warnings.items == NULL)
            return warnings;
        bool told = false;
        for (size_t k = 0; k < warnings.count; k++)
            told = told || strcmp(warnings.items[k].says, findings[i].says) == 0;
        if (!told)
            warnings.items[warnings.count++].says = findings[i].says;
    }
    return warnings;
}

struct filling {
    struct pages_maker *maker;
    struct pages_question_page *page;
    const struct json_doc *doc;
    uint32_t differences; // JSON_NONE: there is nothing to compare with
    size_t capacity;
};

// A value as text: of strings what they hold, of others as they stand.
static struct slice show(struct filling *filling, uint32_t node)
{
    if (node == JSON_NONE)
        return (struct slice){"", 0};
    bool string = json_type(filling->doc, node) == JSON_STRING;
    struct slice text = string ? json_string(filling->doc, node, filling->maker->arena)
                               : json_raw(filling->doc, node);
    filling->maker->failed = filling->maker->failed || text.data == NULL;
    return pages_mark_text(filling->maker, text);
}

static struct pages_value *add_value(struct filling *filling)
{
    struct pages_values *values = &filling->page->values;
    if (values->count == filling->capacity) {
        size_t wanted = filling->capacity == 0 ? 16 : filling->capacity * 2;
        struct pages_value *items = pages_take(filling->maker, wanted, sizeof *items);
        if (items == NULL)
            return NULL;
        if (values->count > 0)
            memcpy(items, values->items, values->count * sizeof *items);
        values->items = items;
        filling->capacity = wanted;
    }
    return &values->items[values->count++];
}

static uint32_t difference_at(const struct filling *filling, struct slice path)
{
    const struct json_doc *doc = filling->doc;
    if (filling->differences == JSON_NONE)
        return JSON_NONE;
    uint32_t item = json_first_element(doc, filling->differences);
    while (item != JSON_NONE && !json_string_equals(doc, json_get(doc, item, "path"), path))
        item = json_next_element(doc, filling->differences, item);
    return item;
}

static void compare(struct filling *filling, struct pages_value *value, uint32_t difference)
{
    uint32_t before =
        difference == JSON_NONE ? JSON_NONE : json_get(filling->doc, difference, "before");
    value->known = filling->differences != JSON_NONE;
    value->changed = difference != JSON_NONE && before != JSON_NONE;
    value->added = difference != JSON_NONE && before == JSON_NONE;
    value->before = show(filling, before);
    if (difference != JSON_NONE && json_get(filling->doc, difference, "before_bytes") != JSON_NONE)
        value->before = SLICE_LITERAL("a long value");
}

static int visit(void *argument, struct slice path, uint32_t node)
{
    struct filling *filling = argument;
    struct pages_value *value = add_value(filling);
    if (value == NULL || filling->page->values.count > VALUES_MAX)
        return ERROR_TOO_LARGE;
    value->path = pages_mark_text(filling->maker, path);
    value->text = show(filling, node);
    value->type = json_type_name(json_type(filling->doc, node));
    value->warnings = warn_of(filling->maker, value->text);
    if (value->text.length > LONG_BYTES) {
        value->long_bytes = value->text.length;
        value->start = pages_cut(value->text, START_BYTES);
    }
    compare(filling, value, difference_at(filling, path));
    return filling->maker->failed ? ERROR_NO_MEMORY : 0;
}

static void add_gone(struct filling *filling)
{
    const struct json_doc *doc = filling->doc;
    if (filling->differences == JSON_NONE)
        return;
    for (uint32_t item = json_first_element(doc, filling->differences); item != JSON_NONE;
         item = json_next_element(doc, filling->differences, item)) {
        if (json_get(doc, item, "now") != JSON_NONE)
            continue;
        struct pages_value *value = add_value(filling);
        uint32_t path = json_get(doc, item, "path");
        if (value == NULL || path == JSON_NONE)
            return;
        value->gone = value->known = true;
        value->path = show(filling, path);
        value->before = show(filling, json_get(doc, item, "before"));
    }
}

// A page shows all values or none: half of them must not look like all.
void pages_list_values(struct pages_maker *maker, struct pages_question_page *page,
                       const struct json_doc *doc, uint32_t arguments, uint32_t similar)
{
    struct filling filling = {.maker = maker, .page = page, .doc = doc, .differences = JSON_NONE};
    uint32_t last = similar == JSON_NONE ? JSON_NONE : json_first_element(doc, similar);
    uint32_t differences = json_get(doc, last, "differences");
    if (differences != JSON_NONE && json_type(doc, differences) == JSON_ARRAY)
        filling.differences = differences;
    int result = json_each_leaf(doc, arguments, "args", visit, &filling);
    page->values_cut = result == ERROR_TOO_LARGE;
    if (result == 0)
        add_gone(&filling);
    else if (result != ERROR_TOO_LARGE)
        maker->failed = true;
}
