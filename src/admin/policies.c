// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies are names for a row of versions, which never change: an edit is a new version, and so is
// the way back.
#include "admin/moves_internal.h"

// How far back a version is looked for by its content.
enum { CONTENTS_LOOKED_AT = 50, CONTENTS_BYTES = 32 << 20 };

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

int admin_read_text(struct admin_request *request, uint32_t object, const char *field,
                    struct slice *ret, struct error *error)
{
    uint32_t node = json_get(&request->doc, object, field);
    if (node == JSON_NONE)
        return admin_fault(request, field, JSON_NONE, error, "is missing");
    if (json_type(&request->doc, node) == JSON_OBJECT)
        *ret = json_raw(&request->doc, node);
    else if (json_type(&request->doc, node) == JSON_STRING)
        *ret = json_string(&request->doc, node, &request->arena);
    else
        return admin_fault(request, field, node, error, "must be an object, or its text");
    return ret->data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

int admin_read_document(struct admin_request *request, uint32_t object, struct slice *ret,
                        struct error *error)
{
    return admin_read_text(request, object, "document", ret, error);
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

int admin_compile(struct admin_request *request, const char *field, struct slice document,
                  struct slice name, struct policy **ret, struct error *error)
{
    struct policy_problems problems = {0};
    int result = policy_compile(document, name, ret, &problems);
    if (result == ERROR_CONFIG) {
        admin_policy_problems(request, field, &problems);
        error_set(error, ERROR_RANGE, "the document is no policy");
        result = ERROR_RANGE;
    } else if (result != 0) {
        error_set(error, result, "out of memory");
    }
    policy_problems_release(&problems);
    return result;
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

int admin_summarise(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct admin_field fields[] = {
        {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
    struct policy *policy = NULL;
    struct slice document = {0};
    (void)view;
    int result = admin_read_fields(request, 0, fields, 1, true, NULL, error);
    if (result == 0)
        result = admin_read_document(request, 0, &document, error);
    if (result == 0)
        result =
            admin_compile(request, "document", document, SLICE_LITERAL("draft"), &policy, error);
    if (result != 0)
        return result;
    buffer_append_string(&request->out, "{\"sentences\":");
    result = policy_summary_json(policy, &request->out);
    buffer_append_string(&request->out, "}");
    policy_unref(policy);
    request->status = 200;
    return result == 0 ? 0 : error_set(error, result, "out of memory");
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

// What stands behind "sha256:", or "sha256-" in a path.
static struct slice digits_of(struct slice name)
{
    const size_t prefix = sizeof "sha256:" - 1;
    return slice_of(name.data + prefix, name.length - prefix);
}

// The newest version with this content: the digits behind "sha256:" in decisions. Those further
// back than what may be read for one question are not found.
static int find_content(struct admin_request *request, struct store_view *view,
                        struct slice content, struct store_policy_version *ret, struct error *error)
{
    struct store_policy policy = {.latest = 0};
    struct slice organisation = request->who.organisation;
    int result = store_get_policy(view, organisation, request->parameters[0], &policy, error);
    size_t bytes = 0;
    bool found = false;
    for (int looked = 0; result == 0 && !found && looked < CONTENTS_LOOKED_AT; looked++) {
        if (policy.latest - looked < 1 || bytes > CONTENTS_BYTES)
            return error_set(error, ERROR_NOT_FOUND, "there is no such policy_version");
        struct policy_problems problems = {0};
        struct policy *compiled = NULL;
        result = control_get_policy_version(view, organisation, policy.head.id,
                                            policy.latest - looked, ret, error);
        if (result != 0)
            break;
        bytes += ret->document.length;
        int made = policy_compile(ret->document, policy.name, &compiled, &problems);
        policy_problems_release(&problems);
        found = made == 0 && slice_equal(digits_of(policy_version(compiled)), content);
        policy_unref(compiled);
        result = made == ERROR_NO_MEMORY ? error_set(error, made, "out of memory") : 0;
    }
    if (result == 0 && !found)
        return error_set(error, ERROR_NOT_FOUND, "there is no such policy_version");
    return result;
}

int admin_show_version(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_policy_version version = {.number = 0};
    struct slice named = request->parameters[1];
    int64_t number = 0;
    bool by_content = slice_starts_with(named, SLICE_LITERAL("sha256-"));
    if (!by_content && number_of(named, &number) != 0)
        return error_set(error, ERROR_NOT_FOUND, "there is no such policy_version");
    int result = by_content
                     ? find_content(request, view, digits_of(named), &version, error)
                     : control_get_policy_version(view, request->who.organisation,
                                                  request->parameters[0], number, &version, error);
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
