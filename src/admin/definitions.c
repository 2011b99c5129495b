// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What people decide about the tools of a server: categories, and definitions that they accept or
// reject (docs/catalogue.md). Definitions are named by their fingerprints, so that what somebody
// was shown is what is accepted.
#include "admin/admin_internal.h"

#include "base/clock.h"
#include "base/codec.h"

enum {
    PAGE_STANDARD = 100,
    PAGE_MOST = 1000,
    AT_ONCE_MAX = 10000,
    PRINT_SIZE = 32,
    LINES_BYTES_MAX = 8 * 1024 * 1024
};

// ---- Overrides

static const struct admin_field override_fields[] = {
    ADMIN_FIELD(override, "server", server, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(override, "tool", tool, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_WORDS(override, "category", category, store_category_words,
                FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(override, "note", note, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(override, "author", author, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_overrides = {.kind = STORE_OVERRIDE,
                                               .size = sizeof(struct store_override),
                                               .fields = override_fields,
                                               .count = 5,
                                               .parent = STORE_SERVER,
                                               .parent_offset =
                                                   offsetof(struct store_override, server)};

int admin_set_override(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_override override = {.category = STORE_READ_ONLY};
    int result = admin_find_server(request, view, error);
    if (result == 0)
        result = admin_read_fields(request, 0, override_fields, 5, true, &override, error);
    if (result != 0)
        return result;
    if (override.tool.length == 0 || override.tool.length > FILTER_NAME_MAX)
        return admin_fault(request, "tool", json_get(&request->doc, 0, "tool"), error,
                           "must have 1 to %d bytes", FILTER_NAME_MAX);
    override.head.organisation = request->who.organisation;
    override.server = request->parameters[0];
    override.author = request->who.label;
    result = control_set_override(view, &override, error);
    return result == 0 ? admin_answer_added(request, view, &override.head, error) : result;
}

// ---- Definitions

const struct admin_resource admin_definitions = {.kind = STORE_DEFINITION,
                                                 .size = sizeof(struct store_definition)};

static void write_hex(struct buffer *out, struct slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        const char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        buffer_append(out, slice_of(pair, 2));
    }
}

// data NULL: it is no fingerprint.
static struct slice read_hex(struct admin_request *request, struct slice text)
{
    unsigned char bytes[PRINT_SIZE];
    if (text.length != (size_t)PRINT_SIZE * 2 || !codec_read_hex(text, bytes, sizeof bytes))
        return (struct slice){0};
    return admin_keep(request, slice_of((const char *)bytes, sizeof bytes));
}

// `state` as the API has it.
static void write_head(struct buffer *out, const struct store_definition *row, const char *state)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(row->head.changed_ms, time);
    buffer_append_string(out, "{\"tool\":");
    json_write_string(out, row->tool);
    buffer_append_string(out, ",\"fingerprint\":\"");
    write_hex(out, row->print);
    buffer_append_format(out, "\",\"state\":\"%s\",\"at\":\"%s\",\"note\":", state, time);
    json_write_string(out, row->note);
    buffer_append_string(out, ",\"author\":");
    json_write_string(out, row->author);
}

struct reading {
    struct store_page page;
    struct slice state;
    struct slice last; // id of the last record looked at
    bool more;
    size_t written;
};

static int read_query(struct admin_request *request, struct reading *reading, struct error *error)
{
    static const char *const names[] = {"state", "after", "limit", NULL};
    static const char *const states[] = {"waiting", "accepted", "rejected"};
    int64_t limit = PAGE_STANDARD;
    int result = admin_query_only(request, names, error);
    if (result == 0)
        result = admin_query(request, "state", &reading->state, error);
    if (result == 0)
        result = admin_query(request, "after", &reading->page.after, error);
    if (result == 0)
        result = admin_query_number(request, "limit", 1, PAGE_MOST, &limit, error);
    if (result != 0)
        return result;
    reading->page.limit = (size_t)limit;
    if (reading->state.data == NULL)
        reading->state = SLICE_LITERAL("waiting");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (slice_equal_string(reading->state, states[i]))
            return 0;
    return admin_fault(request, "state", JSON_NONE, error, "must be waiting, accepted or rejected");
}

// One more item, that is about this definition.
static void write_item(struct admin_request *request, struct reading *reading,
                       const struct store_definition *row, const char *state)
{
    buffer_append_string(&request->out, reading->written++ == 0 ? "" : ",");
    write_head(&request->out, row, state);
    buffer_append_string(&request->out, "}");
}

// What was rejected is the last one of its server still, but waits for nobody.
static int write_waiting(struct admin_request *request, struct store_view *view,
                         struct reading *reading, struct error *error)
{
    const struct store_sighting *rows = NULL;
    struct slice organisation = request->who.organisation, server = request->parameters[0];
    size_t count = 0;
    int result = store_list_sighting(view, organisation, server, &reading->page, &rows, &count,
                                     &reading->more, error);
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct store_definition row = {.state = STORE_ACCEPTED};
        bool waits = false;
        reading->last = rows[i].head.id;
        result =
            control_find_definition(view, organisation, server, rows[i].print, &row, &waits, error);
        if (result == 0 && waits)
            write_item(request, reading, &row, "waiting");
    }
    return result;
}

static int write_looked_at(struct admin_request *request, struct store_view *view,
                           struct reading *reading, struct error *error)
{
    const struct store_definition *rows = NULL;
    size_t count = 0;
    int result = store_list_definition(view, request->who.organisation, request->parameters[0],
                                       &reading->page, &rows, &count, &reading->more, error);
    for (size_t i = 0; result == 0 && i < count; i++) {
        const char *state = store_looked_words[rows[i].state];
        reading->last = rows[i].head.id;
        if (slice_equal_string(reading->state, state))
            write_item(request, reading, &rows[i], state);
    }
    return result;
}

int admin_list_definitions(struct admin_request *request, struct store_view *view,
                           struct error *error)
{
    struct reading reading = {.more = false};
    int result = admin_find_server(request, view, error);
    if (result == 0)
        result = read_query(request, &reading, error);
    if (result != 0)
        return result;
    buffer_append_string(&request->out, "{\"items\":[");
    result = slice_equal_string(reading.state, "waiting")
                 ? write_waiting(request, view, &reading, error)
                 : write_looked_at(request, view, &reading, error);
    buffer_append_string(&request->out, "],\"next\":");
    if (reading.more && reading.last.length > 0)
        json_write_string(&request->out, reading.last);
    else
        buffer_append_string(&request->out, "null");
    buffer_append_string(&request->out, "}");
    request->status = 200;
    return result;
}

// ---- One of them, and what is different

static void write_indent(struct buffer *out, size_t depth)
{
    buffer_append_string(out, "\n");
    for (size_t i = 0; i < depth; i++)
        buffer_append_string(out, "  ");
}

// Canonical JSON with each member and element on a line of its own.
static void write_lines(struct buffer *out, struct slice text)
{
    size_t depth = 0;
    bool inside = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool opens = !inside && (c == '{' || c == '['), closes = !inside && (c == '}' || c == ']');
        if (closes && i > 0 && text.data[i - 1] != '{' && text.data[i - 1] != '[')
            write_indent(out, depth - 1);
        depth -= closes;
        buffer_append(out, slice_of(&text.data[i], 1));
        depth += opens;
        bool empty = opens && i + 1 < text.length && strchr("}]", text.data[i + 1]) != NULL;
        if ((opens && !empty) || (!inside && c == ','))
            write_indent(out, depth);
        if (inside && c == '\\') // and what it escapes
            buffer_append(out, slice_of(&text.data[++i], 1));
        else if (c == '"')
            inside = !inside;
    }
}

static int lay_out(struct slice definition, struct buffer *out, struct error *error)
{
    struct json_doc doc;
    struct buffer canonical;
    json_doc_init(&doc);
    buffer_init(&canonical, 0);
    int result = definition.length == 0 ? 0 : json_scan(&doc, definition, NULL, error, NULL);
    if (definition.length > 0 && result == 0)
        result = json_write_canonical(&canonical, &doc, 0);
    if (result == 0)
        write_lines(out, buffer_slice(&canonical));
    buffer_release(&canonical);
    json_doc_release(&doc);
    if (out->failed)
        result = ERROR_TOO_LARGE;
    return result == 0 ? 0 : error_set(error, result, "the definition cannot be shown");
}

static int write_difference(struct admin_request *request, struct slice before, struct slice after,
                            struct error *error)
{
    struct buffer old_lines, new_lines, diff;
    buffer_init(&old_lines, LINES_BYTES_MAX);
    buffer_init(&new_lines, LINES_BYTES_MAX);
    buffer_init(&diff, 0);
    int result = lay_out(before, &old_lines, error);
    if (result == 0)
        result = lay_out(after, &new_lines, error);
    if (result == 0)
        result = admin_diff_lines(buffer_slice(&old_lines), buffer_slice(&new_lines), &diff);
    buffer_append_string(&request->out, ",\"diff\":");
    buffer_append(&request->out, result == 0 ? buffer_slice(&diff) : SLICE_LITERAL("null"));
    buffer_release(&old_lines);
    buffer_release(&new_lines);
    buffer_release(&diff);
    return result == ERROR_TOO_LARGE ? 0 : result; // too many lines; the definitions are there
}

int admin_show_definition(struct admin_request *request, struct store_view *view,
                          struct error *error)
{
    struct store_definition row = {.state = STORE_ACCEPTED}, accepted = {.state = STORE_ACCEPTED};
    struct slice organisation = request->who.organisation, server = request->parameters[0];
    struct slice print = read_hex(request, request->parameters[1]);
    bool waits = false;
    int result = admin_find_server(request, view, error);
    if (result == 0 && print.data == NULL)
        result = error_set(error, ERROR_NOT_FOUND, "there is no such definition");
    if (result == 0)
        result = control_find_definition(view, organisation, server, print, &row, &waits, error);
    if (result != 0)
        return result;
    result = control_accepted_definition(view, organisation, server, row.tool, &accepted, error);
    if (result != 0 && result != ERROR_NOT_FOUND)
        return result;
    request->status = 200;
    write_head(&request->out, &row, waits ? "waiting" : store_looked_words[row.state]);
    buffer_append_string(&request->out, ",\"definition\":");
    buffer_append(&request->out, row.text);
    buffer_append_string(&request->out, ",\"accepted\":");
    buffer_append(&request->out, result == 0 ? accepted.text : SLICE_LITERAL("null"));
    result = write_difference(request, accepted.text, row.text, error);
    buffer_append_string(&request->out, "}");
    return result;
}

// ---- Accepting and rejecting

struct looking {
    struct slice note;
};
static const struct admin_field looking_fields[] = {
    {"fingerprints", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
    {"note", offsetof(struct looking, note), NULL, FIELD_TEXT, FIELD_GIVEN},
};

static int look_at_one(struct admin_request *request, struct store_view *view, uint32_t node,
                       enum store_looked state, struct slice note, struct error *error)
{
    struct slice text = json_type(&request->doc, node) == JSON_STRING
                            ? json_string(&request->doc, node, &request->arena)
                            : (struct slice){0};
    struct store_definition definition = {.head = {.organisation = request->who.organisation},
                                          .server = request->parameters[0],
                                          .print = read_hex(request, text),
                                          .state = state,
                                          .note = note,
                                          .author = request->who.label};
    if (definition.print.data == NULL)
        return admin_fault(request, "fingerprints", node, error,
                           "must be an array of fingerprints: 64 hexadecimal digits each");
    int result = control_look_at_definition(view, &definition, error);
    if (result == ERROR_NOT_FOUND)
        return admin_refuse(request, 409, "conflict", ERROR_EXISTS, error,
                            "no definition has the fingerprint %.*s now: the server may have "
                            "changed it again; look at the list",
                            SLICE_PRINT(text));
    if (result != 0)
        return result;
    buffer_append_string(&request->out,
                         request->out.length == sizeof "{\"items\":[" - 1 ? "" : ",");
    write_head(&request->out, &definition, store_looked_words[state]);
    buffer_append_string(&request->out, "}");
    return 0;
}

// All of them or none.
static int look_at(struct admin_request *request, struct store_view *view, enum store_looked state,
                   struct error *error)
{
    struct looking looking = {{"", 0}};
    int result = admin_find_server(request, view, error);
    if (result == 0)
        result = admin_read_fields(request, 0, looking_fields, 2, true, &looking, error);
    if (result != 0)
        return result;
    uint32_t all = json_get(&request->doc, 0, "fingerprints");
    if (json_type(&request->doc, all) != JSON_ARRAY || json_at(&request->doc, all)->count == 0 ||
        json_at(&request->doc, all)->count > AT_ONCE_MAX)
        return admin_fault(request, "fingerprints", all, error,
                           "must be an array of 1 to %d fingerprints", (int)AT_ONCE_MAX);
    request->status = 200;
    buffer_append_string(&request->out, "{\"items\":[");
    for (uint32_t e = json_first_element(&request->doc, all); e != JSON_NONE && result == 0;
         e = json_next_element(&request->doc, all, e))
        result = look_at_one(request, view, e, state, looking.note, error);
    buffer_append_string(&request->out, "]}");
    return result;
}

int admin_accept_definitions(struct admin_request *request, struct store_view *view,
                             struct error *error)
{
    return look_at(request, view, STORE_ACCEPTED, error);
}

int admin_reject_definitions(struct admin_request *request, struct store_view *view,
                             struct error *error)
{
    return look_at(request, view, STORE_REJECTED, error);
}
