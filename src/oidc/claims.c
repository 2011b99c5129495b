// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a provider says of somebody, in the ID token and at its UserInfo endpoint.
#include "oidc/oidc_internal.h"

enum { DEPTH_MAX = 32 };

int oidc_scan(struct json_doc *doc, struct slice text, struct error *error)
{
    const struct json_limits limits = {.depth = DEPTH_MAX, .nodes = 20000};
    int result = json_scan(doc, text, &limits, NULL, NULL);
    if (result == ERROR_NO_MEMORY)
        return error_set(error, result, "out of memory");
    return result == 0 && json_type(doc, 0) == JSON_OBJECT
               ? 0
               : error_set(error, ERROR_PROTOCOL, "the provider's claims are no JSON object");
}

struct slice oidc_text(const struct json_doc *doc, const char *name, struct arena *arena)
{
    uint32_t node = json_get(doc, 0, name);
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return slice_of(NULL, 0);
    return json_string(doc, node, arena);
}

static int keep_email(const struct json_doc *doc, struct arena *arena, struct oidc_claims *ret,
                      struct error *error)
{
    uint32_t verified = json_get(doc, 0, "email_verified");
    ret->email = arena_copy(arena, oidc_text(doc, "email", arena));
    // A text "true" is not what the specification says, and "false" would be read as true by some.
    ret->email_verified = verified != JSON_NONE && json_type(doc, verified) == JSON_TRUE;
    return ret->email.data != NULL ? 0 : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

int oidc_claims_keep(const struct json_doc *doc, struct arena *arena, struct oidc_claims *ret,
                     struct error *error)
{
    ret->subject = arena_copy(arena, oidc_text(doc, "sub", arena));
    ret->name = arena_copy(arena, oidc_text(doc, "name", arena));
    ret->text = doc->text;
    return ret->subject.data != NULL && ret->name.data != NULL
               ? keep_email(doc, arena, ret, error)
               : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// Whoever says one of both does not leave the other one to somebody else.
static bool says_email(const struct json_doc *doc)
{
    return json_get(doc, 0, "email") != JSON_NONE &&
           json_get(doc, 0, "email_verified") != JSON_NONE;
}

bool oidc_is_complete(const struct oidc_claims *claims, struct slice name)
{
    struct json_doc doc;
    json_doc_init(&doc);
    bool complete = oidc_scan(&doc, claims->text, NULL) == 0 && says_email(&doc) &&
                    (name.length == 0 || json_get_slice(&doc, 0, name) != JSON_NONE);
    json_doc_release(&doc);
    return complete;
}

static int add_email(struct oidc_claims *claims, const struct json_doc *more, struct arena *arena,
                     struct error *error)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = oidc_scan(&doc, claims->text, error);
    if (result == 0 && !says_email(&doc) && json_get(more, 0, "email") != JSON_NONE)
        result = keep_email(more, arena, claims, error);
    json_doc_release(&doc);
    return result;
}

int oidc_claims_add(struct oidc_claims *claims, struct slice text, struct arena *arena,
                    struct error *error)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = oidc_scan(&doc, text, error);
    struct slice subject = result == 0 ? oidc_text(&doc, "sub", arena) : slice_of(NULL, 0);
    if (result == 0 && subject.data == NULL)
        result = error_set(error, ERROR_PROTOCOL, "its UserInfo endpoint does not say of whom");
    if (result == 0 && (subject.length == 0 || !slice_equal(subject, claims->subject)))
        result = error_set(error, ERROR_DENIED,
                           "the provider's UserInfo endpoint says of somebody else than its ID "
                           "token");
    if (result == 0)
        result = add_email(claims, &doc, arena, error);
    if (result == 0 && claims->name.length == 0) {
        claims->name = arena_copy(arena, oidc_text(&doc, "name", arena));
        if (claims->name.data == NULL)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    if (result == 0)
        claims->more = text;
    json_doc_release(&doc);
    return result;
}

static bool holds(const struct json_doc *doc, uint32_t node, struct slice value)
{
    if (json_type(doc, node) == JSON_STRING)
        return json_string_equals(doc, node, value);
    bool found = false;
    for (uint32_t item = json_type(doc, node) == JSON_ARRAY ? json_first_element(doc, node)
                                                            : JSON_NONE;
         item != JSON_NONE && !found; item = json_next_element(doc, node, item))
        found = json_type(doc, item) == JSON_STRING && json_string_equals(doc, item, value);
    return found;
}

bool oidc_has_claim(const struct oidc_claims *claims, struct slice name, struct slice value)
{
    const struct slice places[] = {claims->text, claims->more};
    bool said = false, found = false;
    for (size_t i = 0; i < 2 && !said && places[i].length > 0; i++) {
        struct json_doc doc;
        json_doc_init(&doc);
        uint32_t node =
            oidc_scan(&doc, places[i], NULL) == 0 ? json_get_slice(&doc, 0, name) : JSON_NONE;
        said = node != JSON_NONE;
        found = said && holds(&doc, node, value);
        json_doc_release(&doc);
    }
    return found;
}
