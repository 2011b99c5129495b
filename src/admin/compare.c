// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two versions of a policy, or between one and a draft: by meaning, and line
// by line.
#include "admin/moves_internal.h"

enum { COMPARISON_MAX = 64 * 1024 * 1024 };

struct side {
    int64_t number; // 0: a draft
    struct slice document;
    struct policy *policy; // owned; NULL: a policy no more
};

// ---- The answer

// null when one of them is a policy no more.
static int write_meaning(struct buffer *out, const struct side *from, const struct side *to)
{
    struct policy_differences all;
    struct arena arena;
    if (from->policy == NULL || to->policy == NULL)
        return buffer_append_string(out, "null");
    arena_init(&arena, COMPARISON_MAX);
    int result = policy_compare(from->policy, to->policy, &arena, &all);
    if (result == 0) {
        buffer_append_string(out, "{\"changes\":");
        policy_differences_json(&all, out);
        buffer_append_format(out, ",\"complete\":%s}", all.too_many ? "false" : "true");
    }
    arena_release(&arena);
    return result;
}

static void write_number(struct buffer *out, const char *name, int64_t number)
{
    if (number == 0)
        buffer_append_format(out, "\"%s\":null,", name);
    else
        buffer_append_format(out, "\"%s\":%lld,", name, (long long)number);
}

static int answer(struct admin_request *request, const struct side *from, const struct side *to,
                  struct error *error)
{
    struct buffer *out = &request->out;
    buffer_append_string(out, "{");
    write_number(out, "from", from->number);
    write_number(out, "to", to->number);
    buffer_append_string(out, "\"meaning\":");
    int result = write_meaning(out, from, to);
    buffer_append_string(out, ",\"lines\":");
    if (result == 0)
        result = admin_diff_lines(from->document, to->document, out);
    buffer_append_string(out, "}");
    request->status = 200;
    return result == 0 ? 0 : error_set(error, result, "the documents are too different to compare");
}

// ---- Versions

static int find_version(struct admin_request *request, struct store_view *view,
                        const struct store_policy *policy, int64_t number, struct side *ret,
                        struct error *error)
{
    struct store_policy_version version = {.number = 0};
    struct policy_problems problems = {0};
    int result = control_get_policy_version(view, request->who.organisation, policy->head.id,
                                            number, &version, error);
    if (result != 0)
        return result;
    *ret = (struct side){.number = number, .document = version.document};
    result = policy_compile(version.document, policy->name, &ret->policy, &problems);
    policy_problems_release(&problems);
    return result == ERROR_NO_MEMORY ? error_set(error, result, "out of memory") : 0;
}

static int read_numbers(struct admin_request *request, int64_t numbers[2], struct error *error)
{
    static const char *const names[] = {"from", "to", NULL};
    int result = admin_query_only(request, names, error);
    for (int i = 0; i < 2 && result == 0; i++)
        result = admin_query_number(request, names[i], 1, INT32_MAX, &numbers[i], error);
    for (int i = 0; i < 2 && result == 0; i++)
        if (numbers[i] == 0)
            return admin_fault(request, names[i], JSON_NONE, error, "is missing");
    return result;
}

int admin_diff(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_policy policy = {.latest = 0};
    struct side from = {.number = 0}, to = {.number = 0};
    int64_t numbers[2] = {0, 0};
    int result =
        store_get_policy(view, request->who.organisation, request->parameters[0], &policy, error);
    if (result == 0)
        result = read_numbers(request, numbers, error);
    if (result == 0)
        result = find_version(request, view, &policy, numbers[0], &from, error);
    if (result == 0)
        result = find_version(request, view, &policy, numbers[1], &to, error);
    if (result == 0)
        result = answer(request, &from, &to, error);
    policy_unref(from.policy);
    policy_unref(to.policy);
    return result;
}

// ---- Drafts

// A member that is the number of a version, or a document.
static int read_side(struct admin_request *request, struct store_view *view,
                     const struct store_policy *policy, const char *field, struct side *ret,
                     struct error *error)
{
    uint32_t node = json_get(&request->doc, 0, field);
    int64_t number = 0;
    if (node == JSON_NONE || json_type(&request->doc, node) != JSON_NUMBER) {
        int result = admin_read_text(request, 0, field, &ret->document, error);
        return result == 0
                   ? admin_compile(request, field, ret->document, policy->name, &ret->policy, error)
                   : result;
    }
    int result = ERROR_NOT_FOUND;
    if (json_integer(&request->doc, node, &number) == 0 && number > 0)
        result = find_version(request, view, policy, number, ret, error);
    return result == ERROR_NOT_FOUND
               ? admin_fault(request, field, node, error, "is no version of this policy")
               : result;
}

int admin_diff_drafts(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct admin_field fields[] = {
        {"from", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
        {"to", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
    struct store_policy policy = {.latest = 0};
    struct side from = {.number = 0}, to = {.number = 0};
    int result =
        store_get_policy(view, request->who.organisation, request->parameters[0], &policy, error);
    if (result == 0)
        result = admin_read_fields(request, 0, fields, 2, true, NULL, error);
    if (result == 0)
        result = read_side(request, view, &policy, "from", &from, error);
    if (result == 0)
        result = read_side(request, view, &policy, "to", &to, error);
    if (result == 0)
        result = answer(request, &from, &to, error);
    policy_unref(from.policy);
    policy_unref(to.policy);
    return result;
}
