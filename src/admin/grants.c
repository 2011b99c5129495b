// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "admin/moves_internal.h"

enum { OVERLAP_MOST_S = 30 * 24 * 60 * 60 };

static const struct admin_field fields[] = {
    ADMIN_FIELD(grant, "label", label, FIELD_TEXT, FIELD_EDITED | FIELD_NEEDED),
    ADMIN_FIELD(grant, "tags", tags, FIELD_STRINGS, FIELD_EDITED),
    ADMIN_WORDS(grant, "mode", mode, store_mode_words, FIELD_EDITED),
    ADMIN_FIELD(grant, "expires_at", expires_ms, FIELD_TIME, FIELD_EDITED),
    ADMIN_FIELD(grant, "revoked_at", revoked_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(grant, "used_at", used_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(grant, "owner", owner, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(grant, "paused_at", paused_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(grant, "paused_why", paused_why, FIELD_TEXT, FIELD_SHOWN),
    {"servers", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_CHANGED},
};
enum { FIELDS = sizeof fields / sizeof *fields };

// ---- What a grant reaches

static int list_reach(struct store_view *view, const struct store_head *grant,
                      const struct store_reach **ret, size_t *ret_count, struct error *error)
{
    const struct store_page page = {.limit = REACH_MAX};
    return store_list_reach(view, grant->organisation, grant->id, &page, ret, ret_count, NULL,
                            error);
}

static int write_reach(struct admin_request *request, struct store_view *view,
                       const struct store_head *record, struct error *error)
{
    const struct store_reach *rows = NULL;
    struct buffer *out = &request->out;
    size_t count = 0;
    int result = list_reach(view, record, &rows, &count, error);
    buffer_append_string(out, ",\"servers\":[");
    for (size_t i = 0; i < count && result == 0; i++) {
        buffer_append_string(out, i == 0 ? "{\"server\":" : ",{\"server\":");
        json_write_string(out, rows[i].server);
        buffer_append_string(out, ",\"policy\":");
        if (rows[i].policy.length > 0)
            json_write_string(out, rows[i].policy);
        else
            buffer_append_string(out, "null");
        buffer_append_string(out, ",\"policy_version\":");
        if (rows[i].number > 0)
            json_write_integer(out, rows[i].number);
        else
            buffer_append_string(out, rows[i].policy.length > 0 ? "\"latest\"" : "null");
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
    return result;
}

static int write_tokens(struct admin_request *request, struct store_view *view,
                        const struct store_head *record, struct error *error)
{
    static const struct admin_field shown[] = {
        {"created_at", offsetof(struct store_head, created_ms), NULL, FIELD_TIME, FIELD_SHOWN},
        ADMIN_FIELD(grant_token, "expires_at", expires_ms, FIELD_TIME, FIELD_SHOWN)};
    const struct store_grant_token *rows = NULL;
    size_t count = 0;
    int result = store_list_grant_token(view, record->organisation, record->id, NULL, &rows, &count,
                                        NULL, error);
    buffer_append_string(&request->out, ",\"tokens\":[");
    for (size_t i = 0; i < count && result == 0; i++) {
        buffer_append_string(&request->out, i == 0 ? "{\"id\":" : ",{\"id\":");
        json_write_string(&request->out, rows[i].head.id);
        admin_write_fields(&request->out, shown, 2, &rows[i]);
        buffer_append_string(&request->out, "}");
    }
    buffer_append_string(&request->out, "]");
    return result;
}

static int write_more(struct admin_request *request, struct store_view *view,
                      const struct store_head *record, struct error *error)
{
    int result = write_reach(request, view, record, error);
    return result == 0 ? write_tokens(request, view, record, error) : result;
}

const struct admin_resource admin_grants = {.kind = STORE_GRANT,
                                            .size = sizeof(struct store_grant),
                                            .find_by = "label",
                                            .fields = fields,
                                            .count = FIELDS,
                                            .more = write_more};

// ---- Bodies

// "policy" and "policy_version" of an object: a number, or "latest".
static int read_policy(struct admin_request *request, struct store_view *view, uint32_t object,
                       struct control_reach *ret, struct error *error)
{
    const struct json_doc *doc = &request->doc;
    uint32_t name = json_get(doc, object, "policy"), node = json_get(doc, object, "policy_version");
    struct store_policy policy = {.latest = 0};
    if (name == JSON_NONE || json_type(doc, name) == JSON_NULL) {
        ret->policy = (struct slice){0};
        ret->number = 0;
        return node == JSON_NONE || json_type(doc, node) == JSON_NULL
                   ? 0
                   : admin_fault(request, "policy_version", node, error, "needs a policy");
    }
    int result = admin_refer(request, view, STORE_POLICY, "policy", name, &policy.head, error);
    ret->policy = policy.head.id;
    ret->number = 0;
    bool latest = node == JSON_NONE || json_type(doc, node) == JSON_NULL ||
                  (json_type(doc, node) == JSON_STRING &&
                   json_string_equals(doc, node, SLICE_LITERAL("latest")));
    if (result != 0 || latest)
        return result;
    if (json_integer(doc, node, &ret->number) != 0 || ret->number < 1 ||
        ret->number > policy.latest)
        return admin_fault(request, "policy_version", node, error,
                           "must be \"latest\" or a number from 1 to %lld",
                           (long long)policy.latest);
    struct store_policy_version version = {.number = 0};
    result = control_get_policy_version(view, request->who.organisation, policy.head.id,
                                        ret->number, &version, error);
    return result == ERROR_NOT_FOUND ? admin_fault(request, "policy_version", node, error,
                                                   "names no version that is there")
                                     : result;
}

static int read_one(struct admin_request *request, struct store_view *view, uint32_t object,
                    struct control_reach *ret, struct error *error)
{
    static const struct admin_field members[] = {
        {"server", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
        {"policy", 0, NULL, FIELD_ANY, FIELD_GIVEN},
        {"policy_version", 0, NULL, FIELD_ANY, FIELD_GIVEN}};
    struct store_server server = {.transport = STORE_HTTP};
    if (json_type(&request->doc, object) != JSON_OBJECT)
        return admin_fault(request, "servers", object, error, "must be an array of objects");
    int result = admin_read_fields(request, object, members, 3, true, NULL, error);
    if (result == 0)
        result = admin_refer(request, view, STORE_SERVER, "server",
                             json_get(&request->doc, object, "server"), &server.head, error);
    ret->server = server.head.id;
    return result == 0 ? read_policy(request, view, object, ret, error) : result;
}

int admin_read_reach(struct admin_request *request, struct store_view *view, uint32_t object,
                     struct control_reach **ret, size_t *ret_count, struct error *error)
{
    const struct json_doc *doc = &request->doc;
    uint32_t array = json_get(doc, object, "servers");
    size_t count = 0;
    int result = 0;
    if (array == JSON_NONE)
        return 0;
    if (json_type(doc, array) != JSON_ARRAY || json_at(doc, array)->count > REACH_MAX)
        return admin_fault(request, "servers", array, error, "must be an array of at most %d",
                           (int)REACH_MAX);
    struct control_reach *reach =
        arena_take_zeroed(store_arena(view), (json_at(doc, array)->count + 1) * sizeof *reach);
    if (reach == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (uint32_t item = json_first_element(doc, array); item != JSON_NONE && result == 0;
         item = json_next_element(doc, array, item)) {
        result = read_one(request, view, item, &reach[count], error);
        for (size_t i = 0; i < count && result == 0; i++)
            if (slice_equal(reach[i].server, reach[count].server))
                result = admin_fault(request, "servers", item, error, "names a server twice");
        count++;
    }
    *ret = reach;
    *ret_count = count;
    return result;
}

static int check(struct admin_request *request, struct store_grant *grant, struct error *error)
{
    bool given = json_get(&request->doc, 0, "expires_at") != JSON_NONE;
    if (grant->tags.length == 0)
        grant->tags = SLICE_LITERAL("[]");
    if (given && grant->expires_ms != 0 && grant->expires_ms <= request->now_ms)
        return admin_fault(request, "expires_at", JSON_NONE, error, "must be in the future");
    return 0;
}

// ---- Steps

int admin_add_grant(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_grant grant = {.head.organisation = request->who.organisation};
    const struct control_who who = admin_control_who(request);
    struct control_reach *reach = NULL;
    size_t count = 0;
    int result = control_find_maker(view, &who, &grant.owner, error);
    if (result == 0)
        result = admin_read_fields(request, 0, fields, FIELDS, true, &grant, error);
    if (result == 0)
        result = check(request, &grant, error);
    if (result == 0)
        result = admin_read_reach(request, view, 0, &reach, &count, error);
    if (result == 0)
        result = control_person_of(view, request->who.organisation, request->who.kind,
                                   request->who.id, &grant.owner, error);
    if (result == 0)
        result = control_add_grant(view, &grant, reach, count, request->secret, error);
    return result == 0 ? admin_answer_added(request, view, &grant.head, error) : result;
}

static int get_grant(struct admin_request *request, struct store_view *view,
                     struct store_grant *ret, struct error *error)
{
    int result =
        store_get_grant(view, request->who.organisation, request->parameters[0], ret, error);
    return result == 0 ? admin_check_version(request, &ret->head, "grant", error) : result;
}

int admin_edit_grant(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_grant grant = {.mode = STORE_ENFORCE};
    struct control_reach *reach = NULL;
    size_t count = 0;
    int result = get_grant(request, view, &grant, error);
    if (result == 0)
        result = admin_read_fields(request, 0, fields, FIELDS, false, &grant, error);
    if (result == 0)
        result = check(request, &grant, error);
    if (result == 0)
        result = admin_read_reach(request, view, 0, &reach, &count, error);
    if (result == 0)
        result = reach == NULL ? store_change_grant(view, &grant, error)
                               : control_change_grant(view, &grant, reach, count, error);
    return result == 0 ? admin_answer(request, view, 200, &grant.head, error) : result;
}

// Another policy for one server that the grant reaches already: no more, so no admin is needed.
int admin_attach(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct admin_field members[] = {
        {"policy", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
        {"policy_version", 0, NULL, FIELD_ANY, FIELD_GIVEN}};
    struct store_grant grant = {.mode = STORE_ENFORCE};
    const struct store_reach *rows = NULL;
    size_t count = 0;
    int result = get_grant(request, view, &grant, error);
    if (result == 0)
        result = admin_read_fields(request, 0, members, 2, true, NULL, error);
    if (result == 0)
        result = list_reach(view, &grant.head, &rows, &count, error);
    struct control_reach *reach = arena_take_zeroed(store_arena(view), (count + 1) * sizeof *reach);
    if (reach == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    bool found = false;
    for (size_t i = 0; i < count && result == 0; i++) {
        reach[i] = (struct control_reach){rows[i].server, rows[i].policy, rows[i].number};
        if (!slice_equal(rows[i].server, request->parameters[1]))
            continue;
        found = true;
        result = read_policy(request, view, 0, &reach[i], error);
    }
    if (result == 0 && !found)
        result = error_set(error, ERROR_NOT_FOUND, "the grant does not reach this server");
    if (result == 0)
        result = control_change_grant(view, &grant, reach, count, error);
    return result == 0 ? admin_answer(request, view, 200, &grant.head, error) : result;
}

static int answer_anew(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result =
        store_get_grant(view, request->who.organisation, request->parameters[0], &grant, error);
    return result == 0 ? admin_answer(request, view, 200, &grant.head, error) : result;
}

int admin_rotate_grant(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct wanted {
        int64_t overlap_s;
    } wanted = {0};
    static const struct admin_field members[] = {
        {"overlap_seconds", offsetof(struct wanted, overlap_s), NULL, FIELD_NUMBER, FIELD_GIVEN}};
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result = get_grant(request, view, &grant, error);
    if (result == 0)
        result = admin_read_fields(request, 0, members, 1, true, &wanted, error);
    if (result == 0 && wanted.overlap_s > OVERLAP_MOST_S)
        return admin_fault(request, "overlap_seconds", JSON_NONE, error, "must be at most %d",
                           (int)OVERLAP_MOST_S);
    if (result == 0)
        result = control_rotate_grant(view, request->who.organisation, request->parameters[0],
                                      request->version, request->now_ms, wanted.overlap_s * 1000,
                                      request->secret, error);
    return result == 0 ? answer_anew(request, view, error) : result;
}

int admin_revoke_grant(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = control_revoke_grant(view, request->who.organisation, request->parameters[0],
                                      request->version, request->now_ms, error);
    return result == 0 ? answer_anew(request, view, error) : result;
}

// Whoever manages policies may: it gives the agent back what a policy took.
int admin_resume_grant(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = control_resume_grant(view, request->who.organisation, request->parameters[0],
                                      request->version, error);
    return result == 0 ? answer_anew(request, view, error) : result;
}
