// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions to people over the API: lists, answers, and the exceptions that come of them.
#include "admin/question_internal.h"

enum { PAGE_STANDARD = 100, PAGE_MOST = 1000, ROWS_AT_ONCE = 500, ROWS_LOOKED_AT = 10000 };

// ---- One as JSON

static const struct admin_field fields[] = {
    {"id", offsetof(struct store_head, id), NULL, FIELD_TEXT, FIELD_SHOWN},
    {"version", offsetof(struct store_head, version), NULL, FIELD_NUMBER, FIELD_SHOWN},
    {"created_at", offsetof(struct store_head, created_ms), NULL, FIELD_TIME, FIELD_SHOWN},
    {"changed_at", offsetof(struct store_head, changed_ms), NULL, FIELD_TIME, FIELD_SHOWN},
    ADMIN_WORDS(question, "state", state, store_question_words, FIELD_SHOWN),
    ADMIN_FIELD(question, "grant", grant, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "grant_label", grant_label, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "client", client, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "server", server, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "server_name", server_name, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "tool", tool, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "category", category, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "severity", severity, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "policy", policy, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "policy_version", policy_version, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "rule", rule, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "reason", reason, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "approvers", approvers, FIELD_NUMBER, FIELD_SHOWN),
    ADMIN_FIELD(question, "expires_at", expires_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(question, "decided_at", decided_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(question, "ran_at", ran_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(question, "exception", exception, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(question, "note", note, FIELD_TEXT, FIELD_SHOWN),
};

bool admin_sees_arguments(const struct admin_request *request)
{
    return request->who.role != STORE_VIEWER;
}

enum store_question_state admin_question_state(const struct store_question *row, int64_t now_ms)
{
    bool open = row->state == STORE_ASKED || row->state == STORE_APPROVED;
    return open && row->expires_ms <= now_ms ? STORE_EXPIRED : row->state;
}

void admin_write_question(struct buffer *out, const struct store_question *row, int64_t now_ms)
{
    struct store_question shown = *row;
    size_t before = out->length;
    shown.state = admin_question_state(row, now_ms);
    admin_write_fields(out, fields, sizeof fields / sizeof *fields, &shown);
    if (!out->failed)
        out->data[out->start + before] = '{'; // in place of the first comma
}

// ---- Lists

struct listing {
    struct slice state, grant, server, tool, after;
    size_t limit, written, looked_at;
    bool more;
};

static int read_query(struct admin_request *request, struct listing *listing, struct error *error)
{
    static const char *const names[] = {"state", "grant", "server", "tool", "after", "limit", NULL};
    int64_t limit = PAGE_STANDARD;
    int result = admin_query_only(request, names, error);
    struct slice *const texts[] = {&listing->state, &listing->grant, &listing->server,
                                   &listing->tool, &listing->after};
    for (size_t i = 0; i < sizeof texts / sizeof *texts && result == 0; i++)
        result = admin_query(request, names[i], texts[i], error);
    if (result == 0)
        result = admin_query_number(request, "limit", 1, PAGE_MOST, &limit, error);
    listing->limit = (size_t)limit;
    if (result != 0 || listing->state.data == NULL)
        return result;
    for (size_t i = 0; store_question_words[i] != NULL; i++)
        if (slice_equal_string(listing->state, store_question_words[i]))
            return 0;
    return admin_fault(request, "state", JSON_NONE, error,
                       "must be asked, approved, rejected, ran, expired, withdrawn or overtaken");
}

static bool is_either(struct slice wanted, struct slice id, struct slice name)
{
    return wanted.data == NULL || slice_equal(wanted, id) || slice_equal(wanted, name);
}

static bool fits(const struct listing *listing, const struct store_question *row, int64_t now_ms)
{
    const char *state = store_question_words[admin_question_state(row, now_ms)];
    return (listing->state.data == NULL || slice_equal_string(listing->state, state)) &&
           is_either(listing->grant, row->grant, row->grant_label) &&
           is_either(listing->server, row->server, row->server_name) &&
           (listing->tool.data == NULL || slice_equal(listing->tool, row->tool));
}

// A page of records; false in listing->more: there are no older ones.
static int list_some(struct admin_request *request, struct store_view *view,
                     struct listing *listing, struct error *error)
{
    const struct store_page page = {
        .after = listing->after, .limit = ROWS_AT_ONCE, .newest_first = true};
    const struct store_question *rows = NULL;
    size_t count = 0, i = 0;
    int result = store_list_question(view, request->who.organisation, (struct slice){0}, &page,
                                     &rows, &count, &listing->more, error);
    for (; result == 0 && i < count && listing->written < listing->limit; i++) {
        listing->after = rows[i].head.id;
        if (!fits(listing, &rows[i], request->now_ms))
            continue;
        buffer_append_string(&request->out, listing->written++ == 0 ? "" : ",");
        admin_write_question(&request->out, &rows[i], request->now_ms);
        buffer_append_string(&request->out, "}");
    }
    listing->looked_at += i;
    listing->more = listing->more || i < count;
    listing->after = admin_keep(request, listing->after);
    store_forget(view);
    return result == 0 && listing->after.data == NULL && listing->more
               ? error_set(error, ERROR_NO_MEMORY, "out of memory")
               : result;
}

// What is rare among many is found in several pages, of which some may be short.
int admin_list_questions(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    struct listing listing = {.more = true};
    int result = read_query(request, &listing, error);
    buffer_append_string(&request->out, "{\"items\":[");
    while (result == 0 && listing.more && listing.written < listing.limit &&
           listing.looked_at < ROWS_LOOKED_AT)
        result = list_some(request, view, &listing, error);
    buffer_append_string(&request->out, "],\"next\":");
    if (listing.more && listing.after.length > 0)
        json_write_string(&request->out, listing.after);
    else
        buffer_append_string(&request->out, "null");
    buffer_append_string(&request->out, "}");
    request->status = 200;
    return result;
}

// ---- Answers

struct wanted {
    struct slice note;
    int64_t minutes, uses;
};
static const struct admin_field reply_fields[] = {
    {"note", offsetof(struct wanted, note), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"exception", 0, NULL, FIELD_ANY, FIELD_GIVEN},
};
static const struct admin_field exception_fields[] = {
    {"minutes", offsetof(struct wanted, minutes), NULL, FIELD_NUMBER, FIELD_GIVEN | FIELD_NEEDED},
    {"uses", offsetof(struct wanted, uses), NULL, FIELD_NUMBER, FIELD_GIVEN},
};

static int read_exception(struct admin_request *request, struct wanted *wanted, struct error *error)
{
    uint32_t node = json_get(&request->doc, 0, "exception");
    if (node == JSON_NONE || json_type(&request->doc, node) == JSON_NULL)
        return 0;
    if (json_type(&request->doc, node) != JSON_OBJECT)
        return admin_fault(request, "exception", node, error, "must be an object");
    int result = admin_read_fields(request, node, exception_fields, 2, true, wanted, error);
    if (result == 0 && (wanted->minutes < 1 || wanted->minutes > CONTROL_EXCEPTION_MINUTES_MAX))
        result = admin_fault(request, "minutes", json_get(&request->doc, node, "minutes"), error,
                             "must be 1 to %d", CONTROL_EXCEPTION_MINUTES_MAX);
    bool few = json_get(&request->doc, node, "uses") != JSON_NONE && wanted->uses < 2;
    if (result == 0 && (few || wanted->uses > CONTROL_EXCEPTION_USES_MAX))
        result =
            admin_fault(request, "uses", json_get(&request->doc, node, "uses"), error,
                        "must be 2 to %d, the call that waits counted", CONTROL_EXCEPTION_USES_MAX);
    return result;
}

int admin_reply(struct admin_request *request, struct store_view *view, struct slice id,
                struct control_reply *reply, struct error *error)
{
    struct store_question row = {.state = STORE_ASKED};
    int64_t yes = 0;
    reply->who = admin_control_who(request);
    reply->question = id;
    reply->now_ms = request->now_ms;
    int result = control_answer_question(view, reply, &row, error);
    if (result == 0)
        result = control_count_votes(view, &row, request->now_ms, &yes, error);
    if (result != 0)
        return result;
    request->status = 200;
    request->etag = row.head.version;
    admin_write_question(&request->out, &row, request->now_ms);
    buffer_append_string(&request->out, ",\"yes\":");
    json_write_integer(&request->out, yes);
    buffer_append_string(&request->out, "}");
    return 0;
}

static int take_reply(struct admin_request *request, struct store_view *view, bool yes,
                      struct error *error)
{
    struct wanted wanted = {.minutes = 0};
    int result = admin_read_fields(request, 0, reply_fields, yes ? 2 : 1, true, &wanted, error);
    if (result == 0 && wanted.note.length > CONTROL_NOTE_MAX)
        result = admin_fault(request, "note", json_get(&request->doc, 0, "note"), error,
                             "must have at most %d bytes", CONTROL_NOTE_MAX);
    if (result == 0 && yes)
        result = read_exception(request, &wanted, error);
    struct control_reply reply = {
        .yes = yes, .note = wanted.note, .minutes = wanted.minutes, .uses = wanted.uses};
    return result == 0 ? admin_reply(request, view, request->parameters[0], &reply, error) : result;
}

int admin_approve(struct admin_request *request, struct store_view *view, struct error *error)
{
    return take_reply(request, view, true, error);
}

int admin_deny(struct admin_request *request, struct store_view *view, struct error *error)
{
    return take_reply(request, view, false, error);
}

// ---- Exceptions

bool admin_exception_is_live(const struct store_exception *row, int64_t now_ms)
{
    return row->revoked_ms == 0 && row->expires_ms > now_ms &&
           (row->most_uses == 0 || row->uses < row->most_uses);
}

static int write_live(struct admin_request *request, struct store_view *view,
                      const struct store_head *record, struct error *error)
{
    const struct store_exception *row = (const struct store_exception *)(const void *)record;
    bool live = admin_exception_is_live(row, request->now_ms);
    (void)view;
    (void)error;
    buffer_append_string(&request->out, live ? ",\"live\":true" : ",\"live\":false");
    return 0;
}

static const struct admin_field live_fields[] = {
    ADMIN_FIELD(exception, "grant", grant, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "grant_label", grant_label, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "server", server, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "server_name", server_name, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "tool", tool, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "most_uses", most_uses, FIELD_NUMBER, FIELD_SHOWN),
    ADMIN_FIELD(exception, "uses", uses, FIELD_NUMBER, FIELD_SHOWN),
    ADMIN_FIELD(exception, "expires_at", expires_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(exception, "revoked_at", revoked_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(exception, "author", author, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "question", question, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(exception, "note", note, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_exceptions = {.kind = STORE_EXCEPTION,
                                                .size = sizeof(struct store_exception),
                                                .narrow_by = "grant",
                                                .fields = live_fields,
                                                .count = sizeof live_fields / sizeof *live_fields,
                                                .more = write_live,
                                                .newest_first = true};

int admin_revoke_exception(struct admin_request *request, struct store_view *view,
                           struct error *error)
{
    struct store_exception row = {.uses = 0};
    int result = control_revoke_exception(view, request->who.organisation, request->parameters[0],
                                          request->version, request->now_ms, &row, error);
    return result == 0 ? admin_answer(request, view, 200, &row.head, error) : result;
}
