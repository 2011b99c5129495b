// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One question with all that helps to answer it, first part: what the database has. Who votes, who
// may, what the arguments are, and how calls like it were answered.
#include "admin/question_internal.h"

enum {
    VOTES_MAX = 1000,
    ALIKE_MAX = 5,
    ALIKE_LOOKED_AT = 500,
    LOOK_MEMORY = 64 * 1024 * 1024, // for arguments, which may be large
};

static void write_text(struct buffer *out, const char *name, struct slice text)
{
    buffer_append_format(out, ",\"%s\":", name);
    json_write_string(out, text);
}

// ---- Who said what, and who may say something

static int write_standing(struct admin_request *request, struct store_view *view,
                          const struct store_question *row, struct error *error)
{
    const struct control_who who = admin_control_who(request);
    struct buffer *out = &request->out;
    enum control_standing standing = CONTROL_IS_OVER;
    int64_t yes = 0;
    int result = control_count_votes(view, row, request->now_ms, &yes, error);
    if (result == 0)
        result = control_may_answer(view, row, &who, request->now_ms, &standing, error);
    bool over = standing == CONTROL_IS_OVER || standing == CONTROL_HAS_EXPIRED ||
                standing == CONTROL_HAS_NO_ROLE;
    buffer_append_format(out, ",\"yes\":%lld,\"may\":{\"approve\":%s,\"deny\":%s", (long long)yes,
                         standing == CONTROL_MAY_ANSWER ? "true" : "false",
                         over ? "false" : "true");
    write_text(out, "why", slice_from_string(control_standing_text(standing)));
    buffer_append_string(out, "}");
    return result;
}

static int write_votes(struct buffer *out, struct store_view *view,
                       const struct store_question *row, struct error *error)
{
    const struct store_page page = {.limit = VOTES_MAX};
    const struct store_vote *votes = NULL;
    size_t count = 0;
    int result = store_list_vote(view, row->head.organisation, row->head.id, &page, &votes, &count,
                                 NULL, error);
    buffer_append_string(out, ",\"votes\":[");
    for (size_t i = 0; result == 0 && i < count; i++) {
        buffer_append_string(out, i == 0 ? "{\"member\":" : ",{\"member\":");
        json_write_string(out, votes[i].member);
        write_text(out, "label", votes[i].label);
        buffer_append_string(out, votes[i].yes ? ",\"yes\":true" : ",\"yes\":false");
        write_text(out, "note", votes[i].note);
        admin_write_time(out, "at", votes[i].head.changed_ms);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
    return result;
}

// ---- Arguments

// In the view's arena; empty: they are not kept any more.
static int open_arguments(struct admin_request *request, struct store_view *view,
                          const struct store_question *row, struct slice *ret, struct error *error)
{
    struct buffer plain;
    *ret = (struct slice){"", 0};
    if (row->arguments.length == 0)
        return 0;
    buffer_init(&plain, 0);
    int result = control_open_question(request->admin->options.control, row, &plain, error);
    if (result == 0)
        *ret = arena_copy(store_arena(view), buffer_slice(&plain));
    buffer_wipe(&plain);
    return result == 0 && ret->data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                            : result;
}

// Of an object its members' names; a stranger to the values may know these.
static void write_names(struct admin_request *request, struct slice arguments)
{
    struct json_doc *doc = &request->doc;
    struct buffer *out = &request->out;
    bool first = true;
    buffer_append_string(out, ",\"argument_names\":[");
    if (arguments.length > 0 && json_scan(doc, arguments, NULL, NULL, NULL) == 0 &&
        json_type(doc, 0) == JSON_OBJECT)
        for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE;
             key = json_next_key(doc, 0, key)) {
            buffer_append_string(out, first ? "" : ",");
            buffer_append(out, json_raw(doc, key));
            first = false;
        }
    buffer_append_string(out, "]");
}

static void write_arguments(struct admin_request *request, struct slice arguments)
{
    bool shown = arguments.length > 0 && admin_sees_arguments(request);
    buffer_append_string(&request->out, ",\"arguments\":");
    buffer_append(&request->out, shown ? arguments : SLICE_LITERAL("null"));
    write_names(request, arguments);
}

// ---- Calls like it

static int write_alike(struct admin_request *request, struct store_view *view,
                       const struct store_question *row, const struct store_question *past,
                       struct slice arguments, struct error *error)
{
    struct store_question whole = {.state = STORE_ASKED};
    struct buffer *out = &request->out;
    struct slice before = {0};
    int result = store_get_question(view, past->head.organisation, past->head.id, &whole, error);
    if (result == 0)
        result = open_arguments(request, view, &whole, &before, error);
    if (result != 0)
        return result;
    buffer_append_string(out, "{\"id\":");
    json_write_string(out, past->head.id);
    admin_write_time(out, "at", past->head.created_ms);
    write_text(
        out, "state",
        slice_from_string(store_question_words[admin_question_state(past, request->now_ms)]));
    write_text(out, "note", past->note);
    bool same = slice_equal(past->print, row->print);
    buffer_append_format(out, ",\"same\":%s", same ? "true" : "false");
    bool compared = before.length > 0 && arguments.length > 0 && admin_sees_arguments(request);
    if (compared)
        admin_write_differences(out, before, arguments);
    else
        buffer_append_string(out, same ? ",\"differences\":[],\"more_differences\":0}"
                                       : ",\"differences\":null,\"more_differences\":0}");
    if (compared)
        buffer_append_string(out, "}");
    return 0;
}

static int write_past(struct admin_request *request, struct store_view *view,
                      const struct store_question *row, struct slice arguments, struct error *error)
{
    const struct store_page page = {.limit = ALIKE_LOOKED_AT, .newest_first = true};
    const struct store_question *rows = NULL;
    size_t count = 0, written = 0;
    int result = store_list_question(view, row->head.organisation, row->grant, &page, &rows, &count,
                                     NULL, error);
    buffer_append_string(&request->out, ",\"similar\":[");
    for (size_t i = 0; result == 0 && i < count && written < ALIKE_MAX; i++) {
        if (slice_equal(rows[i].head.id, row->head.id) ||
            !slice_equal(rows[i].server, row->server) || !slice_equal(rows[i].tool, row->tool))
            continue;
        buffer_append_string(&request->out, written++ == 0 ? "" : ",");
        result = write_alike(request, view, row, &rows[i], arguments, error);
    }
    buffer_append_string(&request->out, "]");
    return result;
}

// Those of the same tool that are in force.
static int write_exceptions(struct admin_request *request, struct store_view *view,
                            const struct store_question *row, struct error *error)
{
    const struct store_page page = {.limit = ALIKE_LOOKED_AT, .newest_first = true};
    const struct store_exception *rows = NULL;
    struct buffer *out = &request->out;
    size_t count = 0, written = 0;
    int result = store_list_exception(view, row->head.organisation, row->grant, &page, &rows,
                                      &count, NULL, error);
    buffer_append_string(out, ",\"exceptions\":[");
    for (size_t i = 0; result == 0 && i < count; i++) {
        if (!admin_exception_is_live(&rows[i], request->now_ms) ||
            !slice_equal(rows[i].server, row->server) || !slice_equal(rows[i].tool, row->tool))
            continue;
        buffer_append_string(out, written++ == 0 ? "{\"id\":" : ",{\"id\":");
        json_write_string(out, rows[i].head.id);
        buffer_append_format(out, ",\"same\":%s,\"uses\":%lld,\"most_uses\":%lld",
                             slice_equal(rows[i].print, row->print) ? "true" : "false",
                             (long long)rows[i].uses, (long long)rows[i].most_uses);
        admin_write_time(out, "expires_at", rows[i].expires_ms);
        write_text(out, "author", rows[i].author);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
    return result;
}

// ---- All of it

// What is asked of logs and the catalogue afterwards.
static int keep_asking(struct admin_request *request, const struct store_question *row,
                       struct slice arguments, struct error *error)
{
    struct admin_asking *asking = request->asking;
    if (asking == NULL)
        asking = request->asking = arena_take_zeroed(&request->arena, sizeof *asking);
    if (asking == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    request->rules = control_rules(request->admin->options.control);
    const struct {
        struct slice *to, from;
    } kept[] = {{&asking->grant, row->grant},
                {&asking->grant_label, row->grant_label},
                {&asking->server_name, row->server_name},
                {&asking->tool, row->tool},
                {&asking->category, row->category},
                {&asking->client, row->client},
                {&asking->facts, row->facts},
                {&asking->arguments, arguments}};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        *kept[i].to = admin_keep(request, kept[i].from);
        if (kept[i].to->data == NULL)
            return error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    return 0;
}

int admin_read_question(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_question row = {.state = STORE_ASKED};
    struct slice arguments = {0};
    struct buffer *out = &request->out;
    int result =
        store_get_question(view, request->who.organisation, request->parameters[0], &row, error);
    request->arena.cap += LOOK_MEMORY;
    if (result == 0)
        result = open_arguments(request, view, &row, &arguments, error);
    if (result == 0)
        result = keep_asking(request, &row, arguments, error);
    if (result != 0)
        return result;
    request->etag = row.head.version;
    request->status = 200;
    admin_write_question(out, &row, request->now_ms);
    result = write_standing(request, view, &row, error);
    buffer_append_string(out, ",\"facts\":");
    buffer_append(out, row.facts.length > 0 ? row.facts : SLICE_LITERAL("{}"));
    write_arguments(request, arguments);
    if (result == 0)
        result = write_votes(out, view, &row, error);
    if (result == 0)
        result = write_exceptions(request, view, &row, error);
    return result == 0 ? write_past(request, view, &row, arguments, error) : result;
}
