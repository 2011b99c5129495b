// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept, shown and changed over the API: by admins of the first organisation,
// where the operator leaves it to them (control/retention.c).
#include "admin/retention_internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

// What people may ask for; the operator may ask for less.
static const int64_t LEAST_SECONDS = 7 * 24 * 60 * 60, MOST_SECONDS = INT64_C(3153600000);
static const int64_t LEAST_BYTES = INT64_C(1) << 30, MOST_BYTES = INT64_C(1) << 50;

static const struct {
    const char *part, *name;
    bool bytes;
} members[STORE_KEPT] = {
    [STORE_LOG_KEEP_MS] = {"decision_log", "keep_seconds", false},
    [STORE_LOG_KEEP_BYTES] = {"decision_log", "keep_bytes", true},
    [STORE_AUDIT_KEEP_MS] = {"admin_audit", "keep_seconds", false},
};

// ---- Showing

static void write_value(struct buffer *out, enum store_kept_of what, int64_t value)
{
    if (value == 0)
        buffer_append_string(out, "null");
    else
        buffer_append_format(out, "%" PRId64, members[what].bytes ? value : value / 1000);
}

static void write_member(struct buffer *out, enum store_kept_of what, const struct admin_kept *kept)
{
    static const char *const by[] = {"default", "start", "file", "database"};
    const struct store_kept *said = &kept->said[what];
    char due[CLOCK_TEXT_SIZE];
    buffer_append_format(out, "\"%s\":", members[what].name);
    write_value(out, what, kept->in_force.kept[what].value);
    buffer_append_format(out, ",\"%s_said_by\":\"%s\",\"%s_pending\":", members[what].name,
                         by[kept->in_force.kept[what].by], members[what].name);
    if (said->due_ms == 0) {
        buffer_append_string(out, "null");
        return;
    }
    clock_format(said->due_ms, due);
    buffer_append_string(out, "{\"value\":");
    write_value(out, what, said->next);
    buffer_append_format(out, ",\"takes_effect_at\":\"%s\"}", due);
}

void admin_write_kept(struct admin_request *request)
{
    const struct admin_kept *kept = request->kept;
    struct buffer *out = &request->out;
    buffer_append_format(out, "{\"version\":%" PRId64 ",\"admin_audit\":{", request->etag);
    write_member(out, STORE_AUDIT_KEEP_MS, kept);
    admin_write_time(out, "oldest_at", kept->audit_oldest_ms);
    buffer_append_string(out, "},\"decision_log\":");
    if (!kept->has_log) {
        buffer_append_string(out, "null");
    } else {
        buffer_append_string(out, "{");
        write_member(out, STORE_LOG_KEEP_MS, kept);
        buffer_append_string(out, ",");
        write_member(out, STORE_LOG_KEEP_BYTES, kept);
        buffer_append_format(out, ",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64, kept->log.files,
                             kept->log.bytes);
        admin_write_time(out, "oldest_at", kept->log.oldest_ms);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, kept->own ? ",\"may_change\":true" : ",\"may_change\":false");
}

static void take(struct admin_request *request, const struct store_retention *row)
{
    struct admin_kept *kept = request->kept;
    memcpy(kept->said, row->kept, sizeof kept->said);
    kept->in_force = control_resolve_retention(request->admin->options.control, row);
    kept->own = slice_equal(row->head.organisation, request->who.organisation);
    request->etag = row->head.version + 1; // there is one also before anybody said anything
}

static int find(struct admin_request *request, struct store_view *view, struct store_retention *ret,
                struct error *error)
{
    const struct store_page page = {.limit = 1};
    const struct store_audit *rows = NULL;
    size_t count = 0;
    int result = control_find_retention(view, ret, error);
    if (result == 0)
        result = store_list_audit(view, request->who.organisation, (struct slice){0}, &page, &rows,
                                  &count, NULL, error);
    if (result != 0)
        return result;
    request->kept->audit_oldest_ms = count == 0 ? 0 : rows->head.created_ms;
    take(request, ret);
    return 0;
}

int admin_find_kept(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_retention row;
    request->kept = arena_take_zeroed(&request->arena, sizeof *request->kept);
    return request->kept == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                 : find(request, view, &row, error);
}

// ---- Changing

static int read_wish(struct admin_request *request, enum store_kept_of what, uint32_t part,
                     struct error *error)
{
    const int64_t least = members[what].bytes ? LEAST_BYTES : LEAST_SECONDS;
    const int64_t most = members[what].bytes ? MOST_BYTES : MOST_SECONDS;
    struct control_wish *wish = &request->kept->wishes[what];
    uint32_t node = json_get(&request->doc, part, members[what].name);
    char name[64];
    if (node == JSON_NONE)
        return 0;
    wish->given = true;
    if (json_type(&request->doc, node) == JSON_NULL)
        return 0;
    snprintf(name, sizeof name, "%s.%s", members[what].part, members[what].name);
    if (json_integer(&request->doc, node, &wish->value) != 0 || wish->value < least ||
        wish->value > most)
        return admin_fault(request, name, node, error,
                           "must be a whole number from %" PRId64 " to %" PRId64
                           ", or null for everything",
                           least, most);
    wish->value *= members[what].bytes ? 1 : 1000;
    return 0;
}

static int read_wishes(struct admin_request *request, struct error *error)
{
    static const struct admin_field parts[] = {
        {"decision_log", 0, NULL, FIELD_ANY, FIELD_CHANGED},
        {"admin_audit", 0, NULL, FIELD_ANY, FIELD_CHANGED},
    };
    static const struct admin_field fields[] = {
        {"keep_seconds", 0, NULL, FIELD_ANY, FIELD_CHANGED},
        {"keep_bytes", 0, NULL, FIELD_ANY, FIELD_CHANGED},
    };
    const struct json_doc *doc = &request->doc;
    int result = admin_read_fields(request, 0, parts, 2, false, NULL, error);
    for (size_t i = 0; i < 2 && result == 0; i++) {
        uint32_t part = json_get(doc, 0, parts[i].name);
        if (part != JSON_NONE && json_type(doc, part) != JSON_OBJECT)
            result = admin_fault(request, parts[i].name, part, error, "must be an object");
        else if (part != JSON_NONE)
            result = admin_read_fields(request, part, fields, i == 0 ? 2 : 1, false, NULL, error);
    }
    for (size_t i = 0; i < STORE_KEPT && result == 0; i++) {
        uint32_t part = json_get(doc, 0, members[i].part);
        result = part == JSON_NONE ? 0 : read_wish(request, (enum store_kept_of)i, part, error);
    }
    return result;
}

// Is there anything that these may change?
static int check_wishes(struct admin_request *request, struct error *error)
{
    const struct admin_kept *kept = request->kept;
    for (size_t i = 0; i < STORE_KEPT; i++) {
        if (!kept->wishes[i].given)
            continue;
        if (!kept->own)
            return admin_refuse(request, 403, "role", ERROR_DENIED, error,
                                "this is the whole gateway's: only admins of the organisation "
                                "'default' may change it");
        enum control_kept_by by = kept->in_force.kept[i].by;
        if (by == CONTROL_KEPT_BY_FILE || by == CONTROL_KEPT_AT_START)
            return admin_refuse(request, 403, "declared", ERROR_DENIED, error,
                                "the operator says '%s.%s' %s: change it there", members[i].part,
                                members[i].name,
                                by == CONTROL_KEPT_BY_FILE ? "in the configuration file"
                                                           : "where the gateway is started");
        if (i != STORE_AUDIT_KEEP_MS && !kept->has_log)
            return admin_fault(request, members[i].part, JSON_NONE, error,
                               "cannot be set: there is no decision log in a file");
    }
    return 0;
}

int admin_read_kept(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_find_kept(request, view, error);
    return result == 0 ? read_wishes(request, error) : result;
}

// `kept` is found again: it may have changed since it was read.
int admin_change_retention(struct admin_request *request, struct store_view *view,
                           struct error *error)
{
    struct store_retention row;
    int result = find(request, view, &row, error);
    if (result == 0 && request->version != 0 && request->version != row.head.version + 1)
        result =
            error_set(error, ERROR_CONFLICT, "how long the logs are kept was changed meanwhile");
    if (result == 0)
        result = check_wishes(request, error);
    if (result == 0)
        result = control_change_retention(request->admin->options.control, view,
                                          request->kept->wishes, clock_wall_ms(), &row, error);
    if (result == 0)
        take(request, &row);
    return result;
}
