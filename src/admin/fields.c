// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Between members of JSON objects and members of structs, by tables.
#include "admin/admin_internal.h"

#include "base/clock.h"
#include "config/config.h"

enum { FIELDS_MAX = 16 };

static struct slice *text_at(void *record, const struct admin_field *field)
{
    return (struct slice *)(void *)((char *)record + field->offset);
}

// ---- Writing

static void write_instant(struct buffer *out, int64_t time_ms)
{
    static const int64_t last_ms = 253402300799999; // the end of year 9999
    char text[CLOCK_TEXT_SIZE];
    if (time_ms <= 0) {
        buffer_append_string(out, "null");
        return;
    }
    clock_format(time_ms > last_ms ? last_ms : time_ms, text);
    buffer_append_format(out, "\"%s\"", text);
}

void admin_write_time(struct buffer *out, const char *name, int64_t time_ms)
{
    buffer_append_format(out, ",\"%s\":", name);
    write_instant(out, time_ms);
}

static void write_value(struct buffer *out, const struct admin_field *field, const void *record)
{
    const char *at = (const char *)record + field->offset;
    const struct slice *text = (const struct slice *)(const void *)at;
    int64_t number;
    unsigned word;
    switch (field->kind) {
    case FIELD_TEXT: json_write_string(out, *text); return;
    case FIELD_WORD:
        memcpy(&word, at, sizeof word);
        json_write_string(out, slice_from_string(field->words[word]));
        return;
    case FIELD_FLAG: buffer_append_string(out, *(const bool *)at ? "true" : "false"); return;
    case FIELD_TIME:
    case FIELD_NUMBER:
        memcpy(&number, at, sizeof number);
        if (field->kind == FIELD_TIME)
            write_instant(out, number);
        else
            json_write_integer(out, number);
        return;
    case FIELD_STRINGS: buffer_append(out, text->length == 0 ? SLICE_LITERAL("[]") : *text); return;
    case FIELD_OBJECT: buffer_append(out, text->length == 0 ? SLICE_LITERAL("{}") : *text); return;
    case FIELD_OBJECT_OR_NULL:
        buffer_append(out, text->length == 0 ? SLICE_LITERAL("null") : *text);
        return;
    case FIELD_ANY: return;
    }
}

void admin_write_fields(struct buffer *out, const struct admin_field *fields, size_t count,
                        const void *record)
{
    for (size_t i = 0; i < count; i++) {
        if ((fields[i].use & FIELD_SHOWN) == 0)
            continue;
        buffer_append_string(out, ",");
        json_write_key(out, fields[i].name);
        write_value(out, &fields[i], record);
    }
}

// ---- Reading

static bool is_json(struct slice type)
{
    static const struct slice json = {"application/json", 16};
    return type.length >= json.length &&
           slice_equal_ignoring_case(slice_of(type.data, json.length), json) &&
           (type.length == json.length || type.data[json.length] == ';' ||
            type.data[json.length] == ' ');
}

int admin_scan_body(struct admin_request *request, struct error *error)
{
    struct slice text = buffer_slice(&request->body);
    size_t offset = 0;
    if (!request->route->any_body) {
        if (text.length == 0)
            return 0;
        return admin_refuse(request, 400, "malformed", ERROR_SYNTAX, error,
                            "this takes no body; send none");
    }
    if (text.length == 0)
        text = SLICE_LITERAL("{}");
    else if (!is_json(request->content_type) || request->content_encoding.data != NULL)
        return admin_refuse(request, 415, "media-type", ERROR_UNSUPPORTED, error,
                            "send the body as 'Content-Type: application/json', uncompressed");
    int result = json_scan(&request->doc, text, NULL, error, &offset);
    if (result == 0 && json_type(&request->doc, 0) != JSON_OBJECT)
        return admin_fault(request, "", 0, error, "the body must be an object");
    if (result == ERROR_SYNTAX || result == ERROR_AMBIGUOUS || result == ERROR_TOO_LARGE) {
        admin_fault(request, "", JSON_NONE, NULL, "%s", error->text);
        request->problem.faults[0].at = json_position(text, offset);
        return admin_refuse(request, 400, "malformed", result, error, "the body is no JSON");
    }
    return result;
}

static int wrong(struct admin_request *request, const struct admin_field *field, uint32_t node,
                 const char *wanted, struct error *error)
{
    return admin_fault(request, field->name, node, error, "must be %s, and is %s", wanted,
                       json_type_name(json_type(&request->doc, node)));
}

static int read_word(struct admin_request *request, const struct admin_field *field, uint32_t node,
                     void *ret, struct error *error)
{
    struct buffer list;
    for (unsigned word = 0; field->words[word] != NULL; word++)
        if (json_type(&request->doc, node) == JSON_STRING &&
            json_string_equals(&request->doc, node, slice_from_string(field->words[word]))) {
            memcpy((char *)ret + field->offset, &word, sizeof word);
            return 0;
        }
    buffer_init(&list, 0);
    for (unsigned word = 0; field->words[word] != NULL; word++)
        buffer_append_format(&list, word == 0 ? "%s" : ", %s", field->words[word]);
    int result = admin_fault(request, field->name, node, error, "must be one of %.*s",
                             SLICE_PRINT(buffer_slice(&list)));
    buffer_release(&list);
    return result;
}

static int read_time(struct admin_request *request, const struct admin_field *field, uint32_t node,
                     void *ret, struct error *error)
{
    const struct json_doc *doc = &request->doc;
    int64_t ms = 0;
    if (json_type(doc, node) == JSON_STRING &&
        !clock_parse(json_string(doc, node, &request->arena), &ms))
        return admin_fault(request, field->name, node, error,
                           "must be a time like 2027-01-01T00:00:00Z");
    if (json_type(doc, node) != JSON_STRING && json_type(doc, node) != JSON_NULL)
        return wrong(request, field, node, "a time or null", error);
    if (ms < 0)
        return admin_fault(request, field->name, node, error, "must be after 1970");
    memcpy((char *)ret + field->offset, &ms, sizeof ms);
    return 0;
}

static int read_number(struct admin_request *request, const struct admin_field *field,
                       uint32_t node, void *ret, struct error *error)
{
    int64_t number = 0;
    if (json_integer(&request->doc, node, &number) != 0 || number < 0)
        return admin_fault(request, field->name, node, error,
                           "must be a whole number that is not negative");
    memcpy((char *)ret + field->offset, &number, sizeof number);
    return 0;
}

static int read_strings(struct admin_request *request, const struct admin_field *field,
                        uint32_t node, void *ret, struct error *error)
{
    const struct json_doc *doc = &request->doc;
    bool good = json_type(doc, node) == JSON_ARRAY;
    for (uint32_t item = good ? json_first_element(doc, node) : JSON_NONE; item != JSON_NONE;
         item = json_next_element(doc, node, item))
        good = good && json_type(doc, item) == JSON_STRING;
    if (!good)
        return admin_fault(request, field->name, node, error, "must be an array of strings");
    *text_at(ret, field) = json_raw(doc, node);
    return 0;
}

static int read_value(struct admin_request *request, const struct admin_field *field, uint32_t node,
                      void *ret, struct error *error)
{
    const struct json_doc *doc = &request->doc;
    enum json_type type = json_type(doc, node);
    switch (field->kind) {
    case FIELD_TEXT:
        if (type != JSON_STRING)
            return wrong(request, field, node, "a string", error);
        *text_at(ret, field) = json_string(doc, node, &request->arena);
        return text_at(ret, field)->data == NULL
                   ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                   : 0;
    case FIELD_FLAG:
        if (type != JSON_TRUE && type != JSON_FALSE)
            return wrong(request, field, node, "true or false", error);
        *(bool *)((char *)ret + field->offset) = type == JSON_TRUE;
        return 0;
    case FIELD_OBJECT:
        if (type != JSON_OBJECT)
            return wrong(request, field, node, "an object", error);
        *text_at(ret, field) = json_raw(doc, node);
        return 0;
    case FIELD_OBJECT_OR_NULL:
        if (type != JSON_OBJECT && type != JSON_NULL)
            return wrong(request, field, node, "an object or null", error);
        *text_at(ret, field) = type == JSON_NULL ? SLICE_LITERAL("") : json_raw(doc, node);
        return 0;
    case FIELD_WORD: return read_word(request, field, node, ret, error);
    case FIELD_TIME: return read_time(request, field, node, ret, error);
    case FIELD_NUMBER: return read_number(request, field, node, ret, error);
    case FIELD_STRINGS: return read_strings(request, field, node, ret, error);
    case FIELD_ANY: return 0;
    }
    return 0;
}

static int unknown(struct admin_request *request, uint32_t key, const struct admin_field *fields,
                   size_t count, int use, struct error *error)
{
    const char *names[FIELDS_MAX];
    size_t known = 0;
    struct slice name = json_string(&request->doc, key, &request->arena);
    struct slice shown = slice_of(name.data, name.length > 64 ? 64 : name.length);
    for (size_t i = 0; i < count && known < FIELDS_MAX; i++) {
        if ((fields[i].use & use) != 0)
            names[known++] = fields[i].name;
        else if (slice_equal_string(name, fields[i].name))
            return admin_fault(request, fields[i].name, key, error, "cannot be set here");
    }
    const char *near = config_nearest(shown, names, known);
    return near == NULL ? admin_fault(request, "", key, error, "there is no member '%.*s' here",
                                      SLICE_PRINT(shown))
                        : admin_fault(request, "", key, error,
                                      "there is no member '%.*s' here; did you mean '%s'?",
                                      SLICE_PRINT(shown), near);
}

int admin_read_fields(struct admin_request *request, uint32_t object,
                      const struct admin_field *fields, size_t count, bool adding, void *ret,
                      struct error *error)
{
    const struct json_doc *doc = &request->doc;
    int use = adding ? FIELD_GIVEN : FIELD_CHANGED, result = 0;
    for (uint32_t key = json_first_key(doc, object); key != JSON_NONE;
         key = json_next_key(doc, object, key)) {
        size_t i = 0;
        while (i < count && ((fields[i].use & use) == 0 ||
                             !json_string_equals(doc, key, slice_from_string(fields[i].name))))
            i++;
        int failed = i == count ? unknown(request, key, fields, count, use, error)
                                : read_value(request, &fields[i], key + 1, ret, error);
        result = result == 0 ? failed : result;
    }
    for (size_t i = 0; adding && i < count; i++)
        if ((fields[i].use & FIELD_NEEDED) != 0 &&
            json_get(doc, object, fields[i].name) == JSON_NONE)
            result = admin_fault(request, fields[i].name, JSON_NONE, error, "is missing");
    return result;
}
