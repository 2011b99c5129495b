// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies are names for a row of versions, which never change: an edit is a new version, and so is
// the way back.
#include "admin/moves_internal.h"

enum { COMPARISON_MAX = 64 * 1024 * 1024 };

static const struct admin_field policy_fields[] = {
    ADMIN_FIELD(policy, "name", name, FIELD_TEXT, FIELD_EDITED | FIELD_NEEDED),
    ADMIN_FIELD(policy, "note", note, FIELD_TEXT, FIELD_EDITED),
    ADMIN_FIELD(policy, "latest", latest, FIELD_NUMBER, FIELD_SHOWN),
    {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
};
const struct admin_resource admin_policies = {.kind = STORE_POLICY,
                                              .size = sizeof(struct store_policy),
                                              .find_by = "name",
                                              .fields = policy_fields,
                                              .count = 4};

static const struct admin_field version_fields[] = {
    ADMIN_FIELD(policy_version, "policy", policy, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(policy_version, "number", number, FIELD_NUMBER, FIELD_SHOWN),
    ADMIN_FIELD(policy_version, "author", author, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(policy_version, "note", note, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
};

// Lists leave documents out.
static int write_document(struct admin_request *request, struct store_view *view,
                          const struct store_head *record, struct error *error)
{
    const struct store_policy_version *version =
        (const struct store_policy_version *)(const void *)record;
    (void)view;
    (void)error;
    if (version->document.length > 0) {
        buffer_append_string(&request->out, ",\"document\":");
        buffer_append(&request->out, version->document);
    }
    return 0;
}

const struct admin_resource admin_versions = {.kind = STORE_POLICY_VERSION,
                                              .size = sizeof(struct store_policy_version),
                                              .fields = version_fields,
                                              .count = 5,
                                              .more = write_document,
                                              .parent = STORE_POLICY,
                                              .parent_offset =
                                                  offsetof(struct store_policy_version, policy)};

// ---- Documents

int admin_read_document(struct admin_request *request, uint32_t object, struct slice *ret,
                        struct error *error)
{
    uint32_t node = json_get(&request->doc, object, "document");
    if (node == JSON_NONE)
        return admin_fault(request, "document", JSON_NONE, error, "is missing");
    if (json_type(&request->doc, node) == JSON_OBJECT)
        *ret = json_raw(&request->doc, node);
    else if (json_type(&request->doc, node) == JSON_STRING)
        *ret = json_string(&request->doc, node, &request->arena);
    else
        return admin_fault(request, "document", node, error, "must be an object, or its text");
    return ret->data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

void admin_policy_problems(struct admin_request *request, const char *field,
                           const struct policy_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        size_t place = request->problem.fault_count;
        if (problems->items[i].warning || place == ERRORS_MAX)
            continue;
        admin_fault(request, field, JSON_NONE, NULL, "%s", problems->items[i].text);
        request->problem.faults[place].at = problems->items[i].at;
    }
}

int admin_check_policy(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct admin_field fields[] = {
        {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
    struct policy_problems problems = {0};
    struct policy *policy = NULL;
    struct slice document = {0};
    (void)view;
    int result = admin_read_fields(request, 0, fields, 1, true, NULL, error);
    if (result == 0)
        result = admin_read_document(request, 0, &document, error);
    if (result != 0)
        return result;
    bool valid = policy_compile(document, SLICE_LITERAL("policy"), &policy, &problems) == 0;
    policy_unref(policy);
    struct buffer *out = &request->out;
    buffer_append_format(out, "{\"valid\":%s,\"problems\":[", valid ? "true" : "false");
    for (size_t i = 0; i < problems.count; i++) {
        const struct policy_problem *problem = &problems.items[i];
        buffer_append_format(
            out, "%s{\"line\":%u,\"column\":%u,\"warning\":%s,\"detail\":", i == 0 ? "" : ",",
            problem->at.line, problem->at.column, problem->warning ? "true" : "false");
        json_write_string(out, slice_from_string(problem->text));
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]}");
    policy_problems_release(&problems);
    request->status = 200;
    return 0;
}

// ---- Versions

static int add_version(struct admin_request *request, struct store_view *view,
                       struct store_policy *policy, struct store_policy_version *version,
                       struct error *error)
{
    struct policy_problems problems = {0};
    version->author = request->who.label;
    int result = control_add_policy_version(view, policy, version, &problems, error);
    if (result == ERROR_CONFIG)
        admin_policy_problems(request, "document", &problems);
    policy_problems_release(&problems);
    return result;
}

int admin_add_policy(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_policy policy = {.head.organisation = request->who.organisation};
    struct store_policy_version version = {.number = 0};
    int result = admin_read_fields(request, 0, policy_fields, 4, true, &policy, error);
    if (result == 0)
        result = admin_read_document(request, 0, &version.document, error);
    if (result == 0)
        result = store_add_policy(view, &policy, error);
    if (result == 0)
        result = add_version(request, view, &policy, &version, error);
    return result == 0 ? admin_answer_added(request, view, &policy.head, error) : result;
}

// The policy of the path, at the version that If-Match names.
static int get_policy(struct admin_request *request, struct store_view *view,
                      struct store_policy *ret, struct error *error)
{
    int result =
        store_get_policy(view, request->who.organisation, request->parameters[0], ret, error);
    return result == 0 ? admin_check_version(request, &ret->head, "policy", error) : result;
}

static int answer_version(struct admin_request *request, struct store_view *view,
                          const struct store_policy *policy,
                          const struct store_policy_version *version, struct error *error)
{
    int result = admin_answer(request, view, 201, &version->head, error);
    request->location = arena_format(&request->arena, "/api/v1/policies/%.*s/versions/%lld",
                                     SLICE_PRINT(policy->head.id), (long long)version->number);
    request->etag = policy->head.version; // what the next change needs
    return result;
}

int admin_add_version(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_policy policy = {.latest = 0};
    struct store_policy_version version = {.number = 0};
    int result = get_policy(request, view, &policy, error);
    if (result == 0)
        result = admin_read_fields(request, 0, version_fields, 5, true, &version, error);
    if (result == 0)
        result = admin_read_document(request, 0, &version.document, error);
    if (result == 0)
        result = add_version(request, view, &policy, &version, error);
    return result == 0 ? answer_version(request, view, &policy, &version, error) : result;
}

static int number_of(struct slice text, int64_t *ret)
{
    int64_t number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i > 9)
            return ERROR_NOT_FOUND;
        number = number * 10 + (text.data[i] - '0');
    }
    *ret = number;
    return number > 0 ? 0 : ERROR_NOT_FOUND;
}

int admin_show_version(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_policy_version version = {.number = 0};
    int64_t number = 0;
    if (number_of(request->parameters[1], &number) != 0)
        return error_set(error, ERROR_NOT_FOUND, "there is no such policy_version");
    int result = control_get_policy_version(view, request->who.organisation, request->parameters[0],
                                            number, &version, error);
    return result == 0 ? admin_answer(request, view, 200, &version.head, error) : result;
}

int admin_roll_back(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct wanted {
        int64_t number;
        struct slice note;
    } wanted = {0};
    static const struct admin_field fields[] = {
        {"number", offsetof(struct wanted, number), NULL, FIELD_NUMBER, FIELD_GIVEN | FIELD_NEEDED},
        {"note", offsetof(struct wanted, note), NULL, FIELD_TEXT, FIELD_GIVEN}};
    struct store_policy policy = {.latest = 0};
    struct store_policy_version old = {.number = 0}, version = {.number = 0};
    int result = get_policy(request, view, &policy, error);
    if (result == 0)
        result = admin_read_fields(request, 0, fields, 2, true, &wanted, error);
    if (result == 0)
        result = control_get_policy_version(view, request->who.organisation, policy.head.id,
                                            wanted.number, &old, error);
    if (result == ERROR_NOT_FOUND && policy.head.id.length > 0)
        return admin_fault(request, "number", JSON_NONE, error, "is no version of this policy");
    if (result != 0)
        return result;
    version.document = old.document;
    version.note = wanted.note.length > 0 ? wanted.note
                                          : arena_format(&request->arena, "back to version %lld",
                                                         (long long)wanted.number);
    result = add_version(request, view, &policy, &version, error);
    return result == 0 ? answer_version(request, view, &policy, &version, error) : result;
}

// ---- What differs

// null when one of them is a policy no more.
static int write_meaning(struct buffer *out, struct slice from, struct slice to)
{
    struct policy *policies[2] = {NULL, NULL};
    struct policy_problems problems = {0};
    struct policy_differences all;
    struct arena arena;
    int result = policy_compile(from, SLICE_LITERAL("from"), &policies[0], &problems);
    policy_problems_release(&problems);
    if (result == 0) {
        result = policy_compile(to, SLICE_LITERAL("to"), &policies[1], &problems);
        policy_problems_release(&problems);
    }
    arena_init(&arena, COMPARISON_MAX);
    if (result == 0)
        result = policy_compare(policies[0], policies[1], &arena, &all);
    if (result == 0) {
        buffer_append_string(out, "{\"changes\":");
        policy_differences_json(&all, out);
        buffer_append_format(out, ",\"complete\":%s}", all.too_many ? "false" : "true");
    } else if (result == ERROR_CONFIG) {
        buffer_append_string(out, "null");
        result = 0;
    }
    arena_release(&arena);
    policy_unref(policies[0]);
    policy_unref(policies[1]);
    return result;
}

int admin_diff(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const names[] = {"from", "to", NULL};
    struct store_policy policy = {.latest = 0};
    struct store_policy_version from = {.number = 0}, to = {.number = 0};
    int64_t before = 0, after = 0;
    int result =
        store_get_policy(view, request->who.organisation, request->parameters[0], &policy, error);
    if (result == 0)
        result = admin_query_only(request, names, error);
    if (result == 0)
        result = admin_query_number(request, "from", 1, INT32_MAX, &before, error);
    if (result == 0)
        result = admin_query_number(request, "to", 1, INT32_MAX, &after, error);
    if (result == 0 && (before == 0 || after == 0))
        return admin_fault(request, before == 0 ? "from" : "to", JSON_NONE, error, "is missing");
    if (result == 0)
        result = control_get_policy_version(view, request->who.organisation, policy.head.id, before,
                                            &from, error);
    if (result == 0)
        result = control_get_policy_version(view, request->who.organisation, policy.head.id, after,
                                            &to, error);
    if (result != 0)
        return result;
    buffer_append_format(&request->out,
                         "{\"from\":%lld,\"to\":%lld,\"meaning\":", (long long)before,
                         (long long)after);
    result = write_meaning(&request->out, from.document, to.document);
    buffer_append_string(&request->out, ",\"lines\":");
    if (result == 0)
        result = admin_diff_lines(from.document, to.document, &request->out);
    buffer_append_string(&request->out, "}");
    request->status = 200;
    return result == 0 ? 0 : error_set(error, result, "the documents are too different to compare");
}
