// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy moves as its newest document and those versions that grants are bound to, which keep
// their numbers: versions never change.
#include "admin/moves_internal.h"

#include <stdio.h>

struct given_policy {
    struct slice name, note, document;
    uint32_t node;
    bool has_note;
};

static int add_version(struct moves *moves, struct store_policy *policy, int64_t number,
                       struct slice document, struct error *error)
{
    struct store_policy_version version = {.number = number,
                                           .note = moves->note,
                                           .document = document,
                                           .author = moves->request->who.label};
    struct policy_problems problems = {0};
    char field[128];
    int result = control_add_policy_version(moves->view, policy, &version, &problems, error);
    if (number == 0)
        snprintf(field, sizeof field, "policies.%.*s.document", SLICE_PRINT(policy->name));
    else
        snprintf(field, sizeof field, "policies.%.*s@%lld.document", SLICE_PRINT(policy->name),
                 (long long)number);
    if (result == ERROR_CONFIG)
        admin_policy_problems(moves->request, field, &problems);
    policy_problems_release(&problems);
    return result;
}

// ---- Versions with a number

static int take_version(struct moves *moves, struct store_policy *policy, uint32_t object,
                        struct error *error)
{
    struct given {
        int64_t number;
    } given = {0};
    static const struct admin_field fields[] = {
        {"number", offsetof(struct given, number), NULL, FIELD_NUMBER, FIELD_GIVEN | FIELD_NEEDED},
        {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
    struct store_policy_version there = {.number = 0};
    struct slice document = {0};
    if (json_type(&moves->request->doc, object) != JSON_OBJECT)
        return admin_fault(moves->request, "versions", object, error, "must hold objects");
    int result = admin_read_fields(moves->request, object, fields, 2, true, &given, error);
    if (result == 0)
        result = admin_read_document(moves->request, object, &document, error);
    if (result == 0 && (given.number < 1 || given.number > INT32_MAX))
        result = admin_fault(moves->request, "number", object, error, "is out of range");
    if (result != 0)
        return result;
    result = control_get_policy_version(moves->view, moves->organisation, policy->head.id,
                                        given.number, &there, error);
    if (result == 0 && !slice_equal(there.document, document))
        return admin_fault(moves->request, "versions", object, error,
                           "version %lld of policy '%.*s' is another document here; versions never "
                           "change, take another number",
                           (long long)given.number, SLICE_PRINT(policy->name));
    if (result != ERROR_NOT_FOUND)
        return result;
    moves_differ_number(moves, "version", 0, given.number);
    return add_version(moves, policy, given.number, document, error);
}

static int take_versions(struct moves *moves, struct store_policy *policy, uint32_t object,
                         struct error *error)
{
    const struct json_doc *doc = &moves->request->doc;
    uint32_t array = json_get(doc, object, "versions");
    int result = 0;
    if (array != JSON_NONE && json_type(doc, array) != JSON_ARRAY)
        return admin_fault(moves->request, "versions", array, error, "must be an array");
    for (uint32_t item = array == JSON_NONE ? JSON_NONE : json_first_element(doc, array);
         item != JSON_NONE && result == 0; item = json_next_element(doc, array, item))
        result = take_version(moves, policy, item, error);
    return result;
}

// ---- The newest

static int take_latest(struct moves *moves, struct store_policy *policy, struct slice document,
                       struct error *error)
{
    struct store_policy_version there = {.number = 0};
    int64_t before = policy->latest;
    int result = before == 0 ? ERROR_NOT_FOUND
                             : control_get_policy_version(moves->view, moves->organisation,
                                                          policy->head.id, before, &there, error);
    if (result != ERROR_NOT_FOUND && (result != 0 || slice_equal(there.document, document)))
        return result;
    result = add_version(moves, policy, 0, document, error);
    if (result == 0)
        moves_differ_number(moves, "latest", before, policy->latest);
    return result;
}

static int read_policy(struct moves *moves, uint32_t object, struct given_policy *ret,
                       struct error *error)
{
    static const struct admin_field fields[] = {
        {"name", offsetof(struct given_policy, name), NULL, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED},
        {"note", offsetof(struct given_policy, note), NULL, FIELD_TEXT, FIELD_GIVEN},
        {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
        {"versions", 0, NULL, FIELD_ANY, FIELD_GIVEN}};
    ret->node = object;
    ret->has_note = json_get(&moves->request->doc, object, "note") != JSON_NONE;
    int result = admin_read_fields(moves->request, object, fields, 4, true, ret, error);
    return result == 0 ? admin_read_document(moves->request, object, &ret->document, error)
                       : result;
}

static int take_policy(struct moves *moves, uint32_t object, struct error *error)
{
    struct given_policy given = {.has_note = false};
    struct store_policy policy = {.latest = 0};
    int result = read_policy(moves, object, &given, error);
    if (result != 0)
        return result;
    result =
        store_find_policy(moves->view, moves->organisation, "name", given.name, &policy, error);
    bool added = result == ERROR_NOT_FOUND;
    if (added) {
        policy = (struct store_policy){
            .head.organisation = moves->organisation, .name = given.name, .note = given.note};
        result = store_add_policy(moves->view, &policy, error);
    } else if (result == 0 && given.has_note && !slice_equal(policy.note, given.note)) {
        moves_differ_text(moves, "note", policy.note, given.note);
        policy.note = given.note;
        result = store_change_policy(moves->view, &policy, error);
    }
    if (result == 0)
        result = moves_keep(moves, policy.head.id, object, error);
    if (result == 0)
        result = take_versions(moves, &policy, object, error);
    if (result == 0)
        result = take_latest(moves, &policy, given.document, error);
    if (result == 0)
        moves_note_made(moves, added, "policy", policy.name);
    return result;
}

static int drop_policy(struct moves *moves, const struct store_head *record, struct error *error)
{
    return moves_drop(moves, STORE_POLICY, "policy", record,
                      ((const struct store_policy *)(const void *)record)->name, error);
}

int moves_policies(struct moves *moves, uint32_t array, struct error *error)
{
    return array == JSON_NONE
               ? moves_each(moves, STORE_POLICY, sizeof(struct store_policy), drop_policy, error)
               : moves_items(moves, array, take_policy, error);
}
