// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The beginning of an authorization (MCP, "Authorization"): from a server's address to its
// authorization server (sign_in_discover.c), to a client there, to the URL that a person opens.
// Nothing that is read on this way is trusted further than its own role reaches.
#include "control/sign_in_internal.h"

#include "base/clock.h"
#include "base/memory.h"

// ---- What is known already

struct known {
    struct control *control;
    struct control_sign_in *sign_in;
};

bool sign_in_copy_text(struct arena *arena, struct slice *text)
{
    *text = arena_copy(arena, *text);
    return text->data != NULL;
}

static int copy_row(struct control_sign_in *sign_in, const struct control_kept *kept,
                    struct error *error)
{
    struct store_authorization *row = &sign_in->row;
    struct slice *const texts[] = {&row->head.id,   &row->issuer,        &row->client,
                                   &row->resource,  &row->asked_scope,   &row->scope,
                                   &row->token_url, &row->missing_scope, &row->head.organisation};
    bool good = true;
    *row = kept->row;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        good = good && sign_in_copy_text(sign_in->arena, texts[i]);
    sign_in->as = (struct oauth_client){row->client, kept->client_secret,
                                        (enum oauth_method)row->client_method};
    good = good && sign_in_copy_text(sign_in->arena, &sign_in->as.secret);
    return good ? 0 : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// On the writer's thread, whose the keys are.
static int find_known(void *argument, struct store_view *view, struct error *error)
{
    const struct known *known = argument;
    struct control_sign_in *sign_in = known->sign_in;
    struct control_secrets all = {.count = 0};
    struct slice id = {"", 0};
    int result =
        store_get_server(view, sign_in->organisation, sign_in->server, &sign_in->address, error);
    if (result == 0)
        result = control_secrets_list(view, sign_in->organisation, sign_in->server, &all, error);
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i].authorization.length > 0 &&
            slice_equal(all.items[i].grant, sign_in->grant))
            id = all.items[i].authorization;
    control_secrets_release(&all);
    if (result == 0 && !sign_in_copy_text(sign_in->arena, &sign_in->address.url))
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result != 0 || id.length == 0)
        return result;
    struct control_kept kept;
    result =
        control_open_authorization(known->control, view, sign_in->organisation, id, &kept, error);
    if (result == 0) {
        result = copy_row(sign_in, &kept, error);
        control_wipe_kept(&kept);
    }
    return result;
}

// ---- The client

static struct slice at_home(const struct control_sign_in *sign_in, const char *path)
{
    return arena_format(sign_in->arena, "%.*s%s", SLICE_PRINT(sign_in->public_url), path);
}

static int enroll(struct sign_in_search *search, struct error *error)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json", NULL};
    struct control_sign_in *sign_in = search->sign_in;
    struct fetch_answer answer = {.status = 0};
    struct buffer body;
    buffer_init(&body, 0);
    oauth_write_client(&body, (struct slice){0}, sign_in->public_url,
                       at_home(sign_in, CONTROL_CALLBACK), sign_in->authorization_scope);
    struct slice url = arena_copy(sign_in->arena, sign_in->issuer.registration);
    const struct fetch_request request = {.method = "POST",
                                          .url = url.data,
                                          .headers = headers,
                                          .body = buffer_slice(&body),
                                          .answer_max = DOCUMENT_MAX,
                                          .secret = true};
    int result = body.failed || url.data == NULL
                     ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                     : fetch_wait(search->fetch, &request, sign_in->arena, &answer, error);
    buffer_release(&body);
    if (result == 0)
        result =
            oauth_read_registration(answer.status, fetch_answer_header(&answer, "Content-Type"),
                                    answer.body, sign_in->arena, &sign_in->as, error);
    sign_in->row.client_source = STORE_REGISTERED;
    return result;
}

// As the specification orders them: a client that an admin gives, a document at the gateway's own
// address, registration. What one authorization server was told is for that one alone.
static int become_client(struct sign_in_search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct store_authorization *row = &sign_in->row;
    bool same = row->client.length > 0 && slice_equal(row->issuer, sign_in->issuer.issuer);
    if (sign_in->client.length > 0) {
        row->client_source = STORE_GIVEN;
        sign_in->as.id = sign_in->client;
        sign_in->as.secret = sign_in->client_secret;
        return oauth_choose_method(&sign_in->issuer, sign_in->client_secret.length > 0,
                                   &sign_in->as.method, error);
    }
    if (same && (row->client_source == STORE_GIVEN || row->client_source == STORE_REGISTERED))
        return 0; // as before
    if (row->client.length > 0 && row->client_source == STORE_GIVEN)
        return error_set(error, ERROR_CONFIG,
                         "the server names another authorization server than before; give the "
                         "client id there");
    if (sign_in->flow == STORE_BY_SECRET)
        return error_set(error, ERROR_CONFIG, "client_id and client_secret are needed for this");
    sign_in->as = (struct oauth_client){.method = OAUTH_NONE};
    if (sign_in->issuer.takes_documents && sign_in->issuer.none &&
        slice_starts_with(sign_in->public_url, SLICE_LITERAL("https://"))) {
        row->client_source = STORE_DOCUMENT;
        sign_in->as.id = at_home(sign_in, CONTROL_CLIENT);
        return sign_in->as.id.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
    }
    if (sign_in->issuer.registration.length > 0)
        return enroll(search, error);
    return error_set(error, ERROR_CONFIG,
                     "the authorization server takes only clients that it knows; register the "
                     "gateway there and give client_id");
}

void control_write_client(struct slice public_url, struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct slice url = arena_format(&arena, "%.*s%s", SLICE_PRINT(public_url), CONTROL_CLIENT);
    struct slice back = arena_format(&arena, "%.*s%s", SLICE_PRINT(public_url), CONTROL_CALLBACK);
    oauth_write_client(out, url, public_url, back, (struct slice){0});
    out->failed = out->failed || url.data == NULL || back.data == NULL;
    arena_release(&arena);
}

// An admin's word, else the server's; what was granted before and what the server has missed since
// come along, because a person is about to be asked for all of it.
static int choose_scope(struct sign_in_search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct arena *arena = sign_in->arena;
    struct slice scope = sign_in->scope.length > 0             ? sign_in->scope
                         : sign_in->row.asked_scope.length > 0 ? sign_in->row.asked_scope
                         : search->challenge.scope.length > 0  ? search->challenge.scope
                                                               : search->resource.scopes;
    if (sign_in->scope.length == 0) {
        scope = oauth_join_scopes(scope, sign_in->row.scope, arena);
        if (scope.data != NULL)
            scope = oauth_join_scopes(scope, sign_in->row.missing_scope, arena);
    }
    static const struct slice offline = {"offline_access", 14};
    if (scope.data != NULL && sign_in->flow == STORE_BY_PERSON &&
        oauth_has_scope(sign_in->issuer.scopes, offline))
        scope = oauth_join_scopes(scope, offline, arena);
    sign_in->authorization_scope = scope;
    return scope.data == NULL ? error_set(error, ERROR_LIMIT, "the scopes are too many") : 0;
}

static int check_issuer(const struct control_sign_in *sign_in, struct error *error)
{
    const struct oauth_server *issuer = &sign_in->issuer;
    if (sign_in->flow == STORE_BY_SECRET)
        return 0;
    if (issuer->authorization.length == 0)
        return error_set(error, ERROR_PROTOCOL,
                         "the authorization server has no place where people sign in");
    return issuer->pkce ? 0
                        : error_set(error, ERROR_DENIED,
                                    "the authorization server does not say that it supports PKCE "
                                    "with S256, without which codes can be stolen");
}

static int ask_person(struct control_sign_in *sign_in, struct error *error)
{
    struct buffer url;
    oauth_new_secret(sign_in->state);
    oauth_new_secret(sign_in->verifier);
    const struct oauth_question question = {.endpoint = sign_in->issuer.authorization,
                                            .client = sign_in->as.id,
                                            .redirect = at_home(sign_in, CONTROL_CALLBACK),
                                            .state = slice_from_string(sign_in->state),
                                            .verifier = slice_from_string(sign_in->verifier),
                                            .scope = sign_in->authorization_scope,
                                            .resource = sign_in->row.resource};
    buffer_init(&url, 0);
    oauth_write_question(&url, &question);
    sign_in->url = arena_copy(sign_in->arena, buffer_slice(&url));
    bool failed = url.failed || sign_in->url.data == NULL || question.redirect.data == NULL;
    buffer_release(&url);
    sign_in->expires_ms = clock_wall_ms() + CONTROL_SIGN_IN_MS;
    return failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

static int ask_with_secret(struct sign_in_search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct buffer form;
    const struct control_endpoint endpoint = {sign_in->issuer.token, sign_in->as,
                                              sign_in->row.resource};
    if (sign_in->as.secret.length == 0)
        return error_set(error, ERROR_CONFIG, "client_secret is needed for this");
    buffer_init(&form, 0);
    oauth_add_field(&form, "grant_type", SLICE_LITERAL("client_credentials"));
    oauth_add_field(&form, "scope", sign_in->authorization_scope);
    sign_in->has_tokens = true;
    return control_ask_tokens(search->fetch, &endpoint, &form, sign_in->arena, &sign_in->tokens,
                              error);
}

int control_begin_sign_in(struct control *control, struct control_sign_in *sign_in,
                          struct error *error)
{
    struct known known = {control, sign_in};
    struct sign_in_search search = {.fetch = control_fetch(control), .sign_in = sign_in};
    if (search.fetch == NULL)
        return error_set(error, ERROR_CONFIG, "this gateway asks nothing outside");
    if (sign_in->flow == STORE_BY_PERSON && sign_in->public_url.length == 0)
        return error_set(error, ERROR_CONFIG,
                         "'public_url' of the configuration must say where browsers reach this "
                         "gateway");
    int result = store_run(control_records(control), STORE_WRITE, NULL, find_known, &known, error);
    if (result == 0 && sign_in->address.transport == STORE_STDIO)
        result = error_set(error, ERROR_CONFIG, "programs are not authorized by OAuth");
    if (result == 0)
        result = sign_in_discover(&search, error);
    if (result == 0)
        result = check_issuer(sign_in, error);
    if (result == 0)
        result = choose_scope(&search, error);
    if (result == 0)
        result = become_client(&search, error);
    sign_in->row.resource = search.resource.resource;
    if (result == 0)
        result = sign_in->flow == STORE_BY_SECRET ? ask_with_secret(&search, error)
                                                  : ask_person(sign_in, error);
    return result;
}

void control_wipe_sign_in(struct control_sign_in *sign_in)
{
    const struct slice secrets[] = {sign_in->as.secret, sign_in->tokens.access,
                                    sign_in->tokens.refresh};
    // What an admin gave is in the request's body, which is wiped there.
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (secrets[i].data != sign_in->client_secret.data)
            memory_wipe_slice(secrets[i]);
}
