// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of a provider. All of it goes over TLS, or to a loopback address that the operator
// allows: metadata and keys are trusted because of where they come from.
#include "admin/oidc_internal.h"

#include "base/log.h"

#include <stdio.h>

static int no_provider(struct admin_request *request, struct error *error, const char *why)
{
    struct slice name = request->visit->provider.name;
    char text[sizeof error->text];
    // `why` may be the error's own text.
    memcpy(text, why, strlen(why) < sizeof text ? strlen(why) + 1 : sizeof text);
    text[sizeof text - 1] = '\0';
    log_event(LOG_WARNING, "admin", "identity provider '%.*s': %s", SLICE_PRINT(name), text);
    return admin_refuse(request, 502, "provider", ERROR_UNREACHABLE, error,
                        "the identity provider '%.*s' cannot be used: %s", SLICE_PRINT(name), text);
}

static int refuse(struct admin_request *request, struct error *error, const char *why)
{
    char text[sizeof error->text];
    memcpy(text, why, strlen(why) < sizeof text ? strlen(why) + 1 : sizeof text);
    text[sizeof text - 1] = '\0';
    log_event(LOG_WARNING, "admin", "sign-in with '%.*s' from %.*s was refused: %s",
              SLICE_PRINT(request->visit->provider.name), SLICE_PRINT(request->address), text);
    return admin_refuse(request, 401, "authentication", ERROR_DENIED, error, "%s", text);
}

struct slice admin_visit_back(struct admin_request *request, struct error *error)
{
    const char *url = request->admin->public_url;
    if (url == NULL) {
        admin_refuse(request, 409, "public-url", ERROR_EXISTS, error,
                     "the gateway does not know its own address; its operator sets 'public_url' in "
                     "the configuration");
        return (struct slice){NULL, 0};
    }
    struct slice back = arena_format(&request->arena, "%s/api/v1/sign-in/%.*s/callback", url,
                                     SLICE_PRINT(request->visit->provider.head.id));
    if (back.data == NULL)
        error_set(error, ERROR_NO_MEMORY, "out of memory");
    return back;
}

// `header`: one more of the question; NULL.
static int get_document(struct admin_request *request, const char *url, const char *header,
                        struct slice *ret, struct error *error)
{
    const char *const headers[] = {"Accept: application/json", header, NULL};
    struct fetch *fetch = request->admin->options.fetch;
    const struct fetch_request asked = {
        .url = url, .headers = headers, .answer_max = DOCUMENT_MAX, .secret = true};
    struct fetch_answer answer;
    if (fetch == NULL)
        return error_set(error, ERROR_UNREACHABLE, "nothing may be asked outside");
    int result = fetch_wait(fetch, &asked, &request->arena, &answer, error);
    if (result == 0 && answer.status != 200)
        return error_set(error, ERROR_PROTOCOL, "it answers %d where its documents should be",
                         answer.status);
    *ret = answer.body;
    return result;
}

static int get_metadata(struct admin_request *request, struct slice *ret, struct error *error)
{
    struct slice issuer = request->visit->provider.issuer;
    size_t length = issuer.length;
    *ret = admin_document_get(request->admin->oidc, issuer, DOCUMENT_METADATA, request->now_ms,
                              &request->arena);
    if (ret->data != NULL)
        return 0;
    while (length > 0 && issuer.data[length - 1] == '/')
        length--;
    struct slice url = arena_format(&request->arena, "%.*s/.well-known/openid-configuration",
                                    (int)length, issuer.data);
    return url.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                            : get_document(request, url.data, NULL, ret, error);
}

int admin_provider_metadata(struct admin_request *request, struct oauth_server *ret,
                            struct error *error)
{
    struct slice issuer = request->visit->provider.issuer, text;
    int result = get_metadata(request, &text, error);
    if (result == 0)
        result = oauth_read_server(text, issuer, &request->arena, ret, error);
    if (result == 0 && ret->authorization.length == 0)
        result = error_set(error, ERROR_PROTOCOL, "it has no authorization endpoint");
    if (result != 0)
        return no_provider(request, error, error->text);
    admin_document_put(request->admin->oidc, issuer, DOCUMENT_METADATA, text, request->now_ms);
    return 0;
}

// ---- Its keys

// An address in its metadata; NULL: it names none.
static int find_url(struct admin_request *request, const char *name, const char **ret,
                    struct error *error)
{
    struct slice text, url = {0};
    struct json_doc doc;
    json_doc_init(&doc);
    int result = get_metadata(request, &text, error);
    if (result == 0)
        result = json_scan(&doc, text, NULL, error, NULL);
    uint32_t node = result == 0 ? json_get(&doc, 0, name) : JSON_NONE;
    if (node != JSON_NONE && json_type(&doc, node) == JSON_STRING)
        url = json_string(&doc, node, &request->arena);
    if (node != JSON_NONE && !oauth_is_url(url))
        result =
            error_set(error, ERROR_PROTOCOL, "the '%s' of its metadata is no https address", name);
    *ret = result == 0 && node != JSON_NONE ? arena_copy(&request->arena, url).data : NULL;
    json_doc_release(&doc);
    return result == 0 && node != JSON_NONE && *ret == NULL
               ? error_set(error, ERROR_NO_MEMORY, "out of memory")
               : result;
}

// `anew`: what is remembered was not enough.
static int get_keys(struct admin_request *request, bool anew, struct oidc_keys **ret,
                    struct error *error)
{
    struct slice issuer = request->visit->provider.issuer, text = {NULL, 0};
    const char *url = NULL;
    int result = 0;
    if (!anew)
        text = admin_document_get(request->admin->oidc, issuer, DOCUMENT_KEYS, request->now_ms,
                                  &request->arena);
    bool fresh = text.data == NULL;
    if (fresh)
        result = find_url(request, "jwks_uri", &url, error);
    if (result == 0 && fresh)
        result = url == NULL
                     ? error_set(error, ERROR_PROTOCOL, "its metadata has no address of its keys")
                     : get_document(request, url, NULL, &text, error);
    if (result == 0)
        result = oidc_keys_read(text, ret, error);
    if (result == 0 && fresh)
        admin_document_put(request->admin->oidc, issuer, DOCUMENT_KEYS, text, request->now_ms);
    return result;
}

// ---- The code for a token

static int write_form(struct admin_request *request, const struct oauth_server *server,
                      struct buffer *form, struct buffer *header, struct error *error)
{
    const struct admin_visit *visit = request->visit;
    struct oauth_client client = {.id = visit->provider.client,
                                  .secret = buffer_slice(&request->client_secret)};
    struct slice back = admin_visit_back(request, error);
    if (back.data == NULL)
        return error->code;
    int result = oauth_choose_method(server, client.secret.length > 0, &client.method, error);
    if (result != 0)
        return no_provider(request, error, error->text);
    buffer_reserve(form, 8192); // growing would leave copies of the secret behind
    buffer_reserve(header, 8192);
    oauth_add_field(form, "grant_type", SLICE_LITERAL("authorization_code"));
    oauth_add_field(form, "code", visit->code);
    oauth_add_field(form, "redirect_uri", back);
    oauth_add_field(form, "code_verifier", visit->verifier);
    oauth_add_client(form, &client, header);
    buffer_append(header, slice_of("", 1));
    return form->failed || header->failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

// "invalid_grant" and the like; nothing else of what strangers write is shown.
static struct slice word_of(const struct json_doc *doc)
{
    uint32_t node = json_get(doc, 0, "error");
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return SLICE_LITERAL("no reason");
    struct slice text = json_raw(doc, node);
    text = slice_of(text.data + 1, text.length - 2);
    for (size_t i = 0; i < text.length; i++)
        if (!(text.data[i] >= 'a' && text.data[i] <= 'z') && text.data[i] != '_')
            return SLICE_LITERAL("no reason");
    return text.length <= 40 ? text : SLICE_LITERAL("no reason");
}

struct given {
    struct slice id_token, access_token;
};

static struct slice text_of(struct admin_request *request, const struct json_doc *doc,
                            const char *name)
{
    uint32_t node = json_get(doc, 0, name);
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return (struct slice){0};
    return admin_keep(request, json_string(doc, node, &request->arena));
}

static int read_given(struct admin_request *request, const struct fetch_answer *answer,
                      struct given *ret, struct error *error)
{
    struct json_doc doc;
    char why[120];
    json_doc_init(&doc);
    int result = json_scan(&doc, answer->body, NULL, NULL, NULL);
    if (result != 0 || json_type(&doc, 0) != JSON_OBJECT) {
        result = no_provider(request, error, "its answer to the code is no JSON object");
    } else if (answer->status != 200) {
        struct slice word = word_of(&doc);
        snprintf(why, sizeof why, "the identity provider did not take the code: %.*s",
                 SLICE_PRINT(word));
        result = refuse(request, error, why);
    } else {
        ret->id_token = text_of(request, &doc, "id_token");
        ret->access_token = text_of(request, &doc, "access_token");
        if (ret->id_token.length == 0)
            result = no_provider(request, error, "it gave no ID token; is 'openid' in the scopes?");
    }
    json_doc_release(&doc);
    return result;
}

static int trade_code(struct admin_request *request, const struct oauth_server *server,
                      struct given *ret, struct error *error)
{
    struct buffer form, header;
    struct fetch_answer answer;
    buffer_init(&form, 0);
    buffer_init(&header, 0);
    int result = write_form(request, server, &form, &header, error);
    struct slice line = buffer_slice(&header), url = arena_copy(&request->arena, server->token);
    const char *const headers[] = {"Accept: application/json",
                                   "Content-Type: application/x-www-form-urlencoded",
                                   line.length > 1 ? line.data : NULL, NULL};
    const struct fetch_request asked = {.method = "POST",
                                        .url = url.data,
                                        .headers = headers,
                                        .body = buffer_slice(&form),
                                        .answer_max = DOCUMENT_MAX,
                                        .secret = true};
    if (result == 0) {
        result = fetch_wait(request->admin->options.fetch, &asked, &request->arena, &answer, error);
        result = result != 0 ? no_provider(request, error, error->text)
                             : read_given(request, &answer, ret, error);
    }
    buffer_wipe(&form);
    buffer_wipe(&header);
    return result;
}

// ---- The proof

static int check_token(struct admin_request *request, const struct given *given, bool anew,
                       struct oidc_claims *ret, struct error *error)
{
    struct oidc_keys *keys = NULL;
    const struct oidc_expected expected = {.issuer = request->visit->provider.issuer,
                                           .client = request->visit->provider.client,
                                           .nonce = request->visit->nonce,
                                           .access_token = given->access_token,
                                           .now_ms = request->now_ms};
    int result = get_keys(request, anew, &keys, error);
    if (result != 0)
        return no_provider(request, error, error->text);
    result = oidc_token_check(given->id_token, keys, &expected, &request->arena, ret, error);
    oidc_keys_free(keys);
    return result;
}

// It goes into a header as it is.
static bool is_visible(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7F)
            return false;
    return text.length > 0 && text.length <= OAUTH_TOKEN_MAX;
}

// What the ID token leaves out is asked for, with the access token that came with it.
static int complete_claims(struct admin_request *request, struct slice access_token,
                           struct oidc_claims *claims, struct error *error)
{
    const char *url = NULL;
    struct slice text = {0}, header;
    if (oidc_is_complete(claims, request->visit->provider.claim) || !is_visible(access_token))
        return 0;
    int result = find_url(request, "userinfo_endpoint", &url, error);
    if (result == 0 && url == NULL)
        return 0;
    header = arena_format(&request->arena, "Authorization: Bearer %.*s", SLICE_PRINT(access_token));
    if (result == 0 && header.data == NULL)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        result = get_document(request, url, header.data, &text, error);
    if (result != 0)
        return no_provider(request, error, error->text);
    result = oidc_claims_add(claims, text, &request->arena, error);
    return result == ERROR_PROTOCOL ? no_provider(request, error, error->text) : result;
}

static int keep_claims(struct admin_request *request, const struct oidc_claims *claims,
                       struct error *error)
{
    struct admin_visit *visit = request->visit;
    visit->subject = arena_format(&request->arena, "%.*s %.*s", SLICE_PRINT(visit->provider.issuer),
                                  SLICE_PRINT(claims->subject));
    visit->email = claims->email;
    visit->name = claims->name;
    visit->email_verified = claims->email_verified;
    visit->has_claim = visit->provider.claim.length > 0 &&
                       oidc_has_claim(claims, visit->provider.claim, visit->provider.claim_value);
    // For the admin audit: nobody whom we know has asked, but somebody whom the provider knows.
    request->who.label = visit->email.length > 0 ? visit->email : visit->subject;
    return visit->subject.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

// Whose answer is it? A provider that says so must be the one that was asked (RFC 9207).
static int check_answer(struct admin_request *request, const struct oauth_server *server,
                        struct error *error)
{
    const struct admin_visit *visit = request->visit;
    if (visit->issuer.data == NULL ? server->says_issuer
                                   : !slice_equal(visit->issuer, visit->provider.issuer))
        return refuse(request, error, "the answer is not of the identity provider that was asked");
    if (visit->said.data != NULL)
        return refuse(request, error, "the identity provider did not let you in");
    return visit->code.length == 0 ? refuse(request, error, "the answer has no code") : 0;
}

int admin_ask_provider(struct admin_request *request, struct error *error)
{
    struct oauth_server server = {0};
    struct given given = {0};
    struct oidc_claims claims = {0};
    int result = admin_provider_metadata(request, &server, error);
    if (result == 0)
        result = check_answer(request, &server, error);
    if (result == 0)
        result = trade_code(request, &server, &given, error);
    if (result != 0)
        return result;
    result = check_token(request, &given, false, &claims, error);
    if (result == ERROR_NOT_FOUND) // its keys may have changed
        result = check_token(request, &given, true, &claims, error);
    if (result == 0)
        result = complete_claims(request, given.access_token, &claims, error);
    if (result != 0 && request->problem.status == 0)
        return refuse(request, error, error->text);
    return result == 0 ? keep_claims(request, &claims, error) : result;
}
