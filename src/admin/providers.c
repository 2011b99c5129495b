// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Identity providers of an organisation. The secret that the gateway has there is written, never
// read, and given to no other issuer than it was written for.
#include "admin/moves_internal.h"

#include "oauth/oauth.h"

#define NEEDED (FIELD_EDITED | FIELD_NEEDED)

static const struct admin_field fields[] = {
    ADMIN_FIELD(provider, "name", name, FIELD_TEXT, NEEDED),
    ADMIN_FIELD(provider, "title", title, FIELD_TEXT, FIELD_EDITED),
    ADMIN_FIELD(provider, "issuer", issuer, FIELD_TEXT, NEEDED),
    ADMIN_FIELD(provider, "client_id", client, FIELD_TEXT, NEEDED),
    {"client_secret", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_CHANGED},
    ADMIN_FIELD(provider, "scopes", scopes, FIELD_TEXT, FIELD_EDITED),
    ADMIN_FIELD(provider, "domains", domains, FIELD_STRINGS, FIELD_EDITED),
    ADMIN_FIELD(provider, "claim", claim, FIELD_TEXT, FIELD_EDITED),
    ADMIN_FIELD(provider, "claim_value", claim_value, FIELD_TEXT, FIELD_EDITED),
    ADMIN_WORDS(provider, "role", role, store_role_words, FIELD_EDITED),
    ADMIN_FIELD(provider, "disabled", disabled, FIELD_FLAG, FIELD_EDITED),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static int write_more(struct admin_request *request, struct store_view *view,
                      const struct store_head *record, struct error *error)
{
    const struct store_provider *provider = (const struct store_provider *)(const void *)record;
    (void)view;
    (void)error;
    buffer_append_string(&request->out, provider->sealed.length > 0
                                            ? ",\"has_client_secret\":true"
                                            : ",\"has_client_secret\":false");
    return 0;
}

const struct admin_resource admin_providers = {.kind = STORE_PROVIDER,
                                               .size = sizeof(struct store_provider),
                                               .find_by = "name",
                                               .fields = fields,
                                               .count = FIELDS,
                                               .more = write_more};

static bool is_domain(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '.')
            return false;
    }
    return text.length > 0 && text.length <= 253;
}

static int check_domains(struct admin_request *request, uint32_t node,
                         const struct store_provider *provider, struct error *error)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, provider->domains, NULL, error, NULL);
    for (uint32_t item = result == 0 ? json_first_element(&doc, 0) : JSON_NONE;
         item != JSON_NONE && result == 0; item = json_next_element(&doc, 0, item))
        if (!is_domain(json_string(&doc, item, &request->arena)))
            result = admin_fault(request, "domains", node, error,
                                 "must be like [\"example.com\"], without '@'");
    json_doc_release(&doc);
    return result;
}

int admin_check_provider(struct admin_request *request, uint32_t object,
                         struct store_provider *provider, struct error *error)
{
    uint32_t node = object == 0 ? JSON_NONE : object; // the whole body is no place
    if (provider->scopes.length == 0)
        provider->scopes = SLICE_LITERAL("openid email profile");
    if (provider->domains.length == 0)
        provider->domains = SLICE_LITERAL("[]");
    if (!oauth_is_url(provider->issuer) ||
        memchr(provider->issuer.data, '?', provider->issuer.length) != NULL)
        return admin_fault(request, "issuer", node, error,
                           "must be an https URL without '?' and '#'");
    if (provider->client.length == 0)
        return admin_fault(request, "client_id", node, error, "must not be empty");
    if (!oauth_is_scope(provider->scopes) ||
        !oauth_has_scope(provider->scopes, SLICE_LITERAL("openid")))
        return admin_fault(request, "scopes", node, error,
                           "must be words with blanks between, 'openid' among them");
    if ((provider->claim.length == 0) != (provider->claim_value.length == 0))
        return admin_fault(request, "claim_value", node, error, "goes with 'claim'");
    return check_domains(request, node, provider, error);
}

// data NULL: it says nothing of a secret; empty: none any more.
static int read_secret(struct admin_request *request, struct slice *ret, struct error *error)
{
    uint32_t node = json_get(&request->doc, 0, "client_secret");
    *ret = (struct slice){NULL, 0};
    if (node == JSON_NONE)
        return 0;
    if (json_type(&request->doc, node) == JSON_NULL) {
        *ret = SLICE_LITERAL("");
        return 0;
    }
    if (json_type(&request->doc, node) != JSON_STRING ||
        json_at(&request->doc, node)->length > 2050)
        return admin_fault(request, "client_secret", node, error,
                           "must be a string of at most 2048 bytes, or null");
    *ret = json_string(&request->doc, node, &request->arena);
    return ret->data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

int admin_add_provider(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct control *control = request->admin->options.control;
    struct store_provider provider = {.head.organisation = request->who.organisation};
    struct slice secret = {NULL, 0};
    int result = admin_read_fields(request, 0, fields, FIELDS, true, &provider, error);
    if (result == 0)
        result = read_secret(request, &secret, error);
    if (result == 0)
        result = admin_check_provider(request, 0, &provider, error);
    if (result == 0)
        result = store_add_provider(view, &provider, error);
    // The id is part of what it is sealed with.
    if (result == 0 && secret.length > 0)
        result = control_seal_provider(control, view, &provider, secret, error);
    if (result == 0 && secret.length > 0)
        result = store_change_provider(view, &provider, error);
    return result == 0 ? admin_answer_added(request, view, &provider.head, error) : result;
}

int admin_edit_provider(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct control *control = request->admin->options.control;
    struct store_provider before = {.role = STORE_VIEWER};
    struct slice secret = {NULL, 0};
    int result = admin_get(request, view, &before.head, error);
    if (result == 0)
        result = admin_check_version(request, &before.head, "identity provider", error);
    struct store_provider provider = before;
    if (result == 0)
        result = admin_read_fields(request, 0, fields, FIELDS, false, &provider, error);
    if (result == 0)
        result = read_secret(request, &secret, error);
    if (result == 0)
        result = admin_check_provider(request, 0, &provider, error);
    if (result == 0 && secret.data == NULL && before.sealed.length > 0 &&
        !slice_equal(before.issuer, provider.issuer))
        return admin_fault(request, "client_secret", JSON_NONE, error,
                           "must be given again with another issuer, or null");
    if (result == 0 && secret.data != NULL)
        result = control_seal_provider(control, view, &provider, secret, error);
    if (result == 0)
        result = store_change_provider(view, &provider, error);
    return result == 0 ? admin_answer(request, view, 200, &provider.head, error) : result;
}
