// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What limits have counted, and making counters empty. The former is for who manages policies:
// values of arguments are in the keys of counters that are split by them.
#include "admin/question_internal.h"

#include "base/decimal.h"
#include "control/control.h"
#include "limit/limit.h"

enum { SHOWN_STANDARD = 100, SHOWN_MOST = 1000, LIST_MEMORY = 16 * 1024 * 1024 };

// What a key says (pipeline/charges.c).
struct counter_name {
    struct slice server, scope, subject, counter, per;
};
struct admin_counters {
    struct admin_request *request;
    struct slice organisation; // its name
    struct slice server, grant, counter;
    bool all; // of the organisation
    int64_t most;
    struct limit_view *kept; // to be shown
    size_t count;
    bool more, failed;
    struct admin_bounds *bounds;
};

// The server's own name; false when it is another organisation's. Servers of the configuration file
// are those of the first one.
static bool own_server(const struct admin_counters *selection, struct slice shown,
                       struct slice *ret)
{
    const char *slash = memchr(shown.data, '/', shown.length);
    *ret = shown;
    if (slash == NULL)
        return slice_equal_string(selection->organisation, "default");
    size_t length = (size_t)(slash - shown.data);
    *ret = slice_of(slash + 1, shown.length - length - 1);
    return slice_equal(slice_of(shown.data, length), selection->organisation);
}

static bool read_name(const struct admin_counters *selection, struct slice key,
                      struct counter_name *ret)
{
    struct slice organisation, server;
    return limit_key_part(&key, &organisation) && limit_key_part(&key, &server) &&
           limit_key_part(&key, &ret->scope) && limit_key_part(&key, &ret->subject) &&
           limit_key_part(&key, &ret->counter) && limit_key_part(&key, &ret->per) &&
           key.length == 0 && own_server(selection, server, &ret->server);
}

static bool is_by_grant(const struct counter_name *name)
{
    return slice_equal_string(name->scope, "grant") || slice_equal_string(name->scope, "runaway");
}

static bool fits(struct slice wanted, struct slice found)
{
    return wanted.length == 0 || slice_equal(wanted, found);
}

static bool is_selected(const struct admin_counters *selection, const struct limit_view *view,
                        struct counter_name *ret)
{
    return read_name(selection, view->key, ret) && fits(selection->server, ret->server) &&
           fits(selection->counter, ret->counter) &&
           (selection->grant.length == 0 ||
            (is_by_grant(ret) && slice_equal(selection->grant, ret->subject)));
}

// ---- Showing

static void write_member(struct buffer *out, const char *name, struct slice value)
{
    buffer_append_format(out, ",\"%s\":", name);
    json_write_string(out, value);
}

static void write_name(struct buffer *out, const struct counter_name *name)
{
    buffer_append_string(out, "{\"server\":");
    json_write_string(out, name->server);
    write_member(out, "scope", name->scope);
    // A session's id opens the session, so it is nobody's to see.
    write_member(out, "grant", is_by_grant(name) ? name->subject : (struct slice){"", 0});
    write_member(out, "counter", name->counter);
    // What calls are identical is told by a hash, which says nothing.
    write_member(out, "per",
                 slice_equal_string(name->scope, "runaway") ? (struct slice){"", 0} : name->per);
}

// Under a lock of the table: writing comes later.
static bool keep_cb(void *argument, const struct limit_view *view)
{
    struct admin_counters *selection = argument;
    struct counter_name name;
    if (!is_selected(selection, view, &name))
        return true;
    selection->more = selection->count == (size_t)selection->most;
    if (selection->more)
        return false;
    struct limit_view *kept = &selection->kept[selection->count];
    *kept = *view;
    kept->key = arena_copy(&selection->request->arena, view->key);
    selection->failed = kept->key.data == NULL;
    selection->count += !selection->failed;
    return !selection->failed;
}

static void write_max(struct admin_counters *selection, const struct counter_name *name,
                      const struct limit_view *view)
{
    const struct admin_counter counter = {name->server, name->scope, name->subject, name->counter,
                                          view};
    struct buffer *out = &selection->request->out;
    char text[DECIMAL_TEXT_SIZE];
    struct decimal max;
    buffer_append_string(out, ",\"max\":");
    if (!admin_limit_max(selection->request, &counter, &selection->bounds, &max)) {
        buffer_append_string(out, "null");
        return;
    }
    decimal_format(max, text);
    json_write_string(out, slice_from_string(text));
}

static void show(struct admin_counters *selection, const struct limit_view *view)
{
    struct buffer *out = &selection->request->out;
    char used[DECIMAL_TEXT_SIZE];
    struct counter_name name;
    if (!read_name(selection, view->key, &name))
        return;
    write_name(out, &name);
    write_member(out, "algorithm", slice_from_string(view->sliding ? "sliding" : "fixed"));
    buffer_append_string(out, ",\"window_seconds\":");
    if (view->calendar_month)
        buffer_append_string(out, "null");
    else
        json_write_integer(out, view->window_ms / 1000);
    decimal_format(view->used, used);
    write_member(out, "used", view->unsummed ? (struct slice){"", 0} : slice_from_string(used));
    write_max(selection, &name, view);
    admin_write_time(out, "frees_at", view->frees_ms);
    admin_write_time(out, "empty_at", view->empty_ms);
    buffer_append_string(out, "}");
}

static int show_all(struct admin_counters *selection, struct error *error)
{
    struct admin_request *request = selection->request;
    request->arena.cap += LIST_MEMORY;
    selection->kept = arena_take(&request->arena, (size_t)SHOWN_MOST * sizeof *selection->kept);
    request->rules = control_rules(request->admin->options.control);
    if (selection->kept != NULL && request->admin->path.limits != NULL)
        limit_each(request->admin->path.limits, request->now_ms, keep_cb, selection);
    if (selection->kept == NULL || selection->failed)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    buffer_append_string(&request->out, "{\"items\":[");
    for (size_t i = 0; i < selection->count; i++) {
        buffer_append_string(&request->out, i == 0 ? "" : ",");
        show(selection, &selection->kept[i]);
    }
    buffer_append_format(&request->out, "],\"more\":%s}", selection->more ? "true" : "false");
    request->status = 200;
    return 0;
}

static int find_organisation(struct admin_counters *selection, struct store_view *view,
                             struct error *error)
{
    struct store_organisation organisation = {.commands_allowed = false};
    struct slice id = selection->request->who.organisation;
    int result = store_get_organisation(view, id, id, &organisation, error);
    selection->organisation = organisation.name;
    return result;
}

int admin_list_limits(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const names[] = {"server", "grant", "counter", "limit", NULL};
    struct admin_counters selection = {.request = request, .most = SHOWN_STANDARD};
    int result = admin_query_only(request, names, error);
    if (result == 0)
        result = admin_query(request, "server", &selection.server, error);
    if (result == 0)
        result = admin_query(request, "grant", &selection.grant, error);
    if (result == 0)
        result = admin_query(request, "counter", &selection.counter, error);
    if (result == 0)
        result = admin_query_number(request, "limit", 1, SHOWN_MOST, &selection.most, error);
    if (result == 0)
        result = find_organisation(&selection, view, error);
    return result == 0 ? show_all(&selection, error) : result;
}

// ---- Emptying

static int read_selection(struct admin_request *request, struct admin_counters *ret,
                          struct error *error)
{
    static const struct admin_field members[] = {
        {"server", offsetof(struct admin_counters, server), NULL, FIELD_TEXT, FIELD_GIVEN},
        {"grant", offsetof(struct admin_counters, grant), NULL, FIELD_TEXT, FIELD_GIVEN},
        {"counter", offsetof(struct admin_counters, counter), NULL, FIELD_TEXT, FIELD_GIVEN},
        {"all", offsetof(struct admin_counters, all), NULL, FIELD_FLAG, FIELD_GIVEN}};
    int result =
        admin_read_fields(request, 0, members, sizeof members / sizeof *members, true, ret, error);
    bool some = ret->server.length + ret->grant.length + ret->counter.length > 0;
    if (result == 0 && some == ret->all)
        result = admin_fault(request, "", JSON_NONE, error,
                             "must name a server, a grant or a counter, or say \"all\": true");
    return result;
}

static int note_reset(struct admin_request *request, struct store_view *view,
                      const struct admin_counters *chosen, struct error *error)
{
    struct buffer what;
    buffer_init(&what, 0);
    buffer_append_string(&what, "{\"server\":");
    json_write_string(&what, chosen->server);
    write_member(&what, "grant", chosen->grant);
    write_member(&what, "counter", chosen->counter);
    buffer_append_format(&what, ",\"all\":%s}", chosen->all ? "true" : "false");
    int result = what.failed
                     ? error_set(error, ERROR_NO_MEMORY, "no memory for a row of the audit")
                     : store_add_audit_act(view, request->who.organisation, "limits.reset",
                                           chosen->organisation, buffer_slice(&what), error);
    buffer_release(&what);
    return result;
}

int admin_note_reset(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_counters *chosen = arena_take_zeroed(&request->arena, sizeof *chosen);
    if (chosen == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    chosen->request = request;
    int result = read_selection(request, chosen, error);
    if (result == 0)
        result = find_organisation(chosen, view, error);
    if (result != 0)
        return result;
    chosen->organisation = admin_keep(request, chosen->organisation);
    if (chosen->organisation.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    request->counters = chosen;
    return note_reset(request, view, chosen, error);
}

static bool select_cb(void *argument, const struct limit_view *view)
{
    struct counter_name name;
    return is_selected(argument, view, &name);
}

void admin_reset_limits(struct admin_request *request)
{
    size_t left = 0, count = 0;
    if (request->admin->path.limits != NULL)
        count = limit_reset(request->admin->path.limits, request->now_ms, select_cb,
                            request->counters, &left);
    buffer_append_format(&request->out, "{\"reset\":%zu,\"left\":%zu}", count, left);
    request->status = 200;
}
