// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The beginning of an authorization (MCP, "Authorization"): from a server's address to its
// authorization server, to a client there, to the URL that a person opens. Nothing that is read on
// this way is trusted further than its own role reaches.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "fetch/fetch.h"

enum { DOCUMENT_MAX = 256 * 1024, PENDING_MAX = 1000, PENDING_MEMORY = 1024 * 1024 };

// ---- What is known already

struct known {
    struct control *control;
    struct control_sign_in *sign_in;
};

static bool copy_text(struct arena *arena, struct slice *text)
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
        good = good && copy_text(sign_in->arena, texts[i]);
    sign_in->as = (struct oauth_client){row->client, kept->client_secret,
                                        (enum oauth_method)row->client_method};
    good = good && copy_text(sign_in->arena, &sign_in->as.secret);
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
    if (result == 0 && !copy_text(sign_in->arena, &sign_in->address.url))
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

// ---- Discovery

struct search {
    struct fetch *fetch;
    struct control_sign_in *sign_in;
    struct oauth_challenge challenge;
    struct oauth_resource resource;
};

static int get(struct search *search, struct slice url, struct fetch_answer *ret,
               struct error *error)
{
    static const char *const headers[] = {"Accept: application/json", NULL};
    struct slice whole = arena_copy(search->sign_in->arena, url);
    if (whole.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    const struct fetch_request request = {
        .url = whole.data, .headers = headers, .answer_max = DOCUMENT_MAX, .follow = true};
    return fetch_wait(search->fetch, &request, search->sign_in->arena, ret, error);
}

static void read_challenges(struct search *search, const struct fetch_answer *answer)
{
    struct slice value = fetch_answer_header(answer, "WWW-Authenticate");
    if (value.data == NULL ||
        oauth_read_challenge(value, search->sign_in->arena, &search->challenge) != 0)
        search->challenge = (struct oauth_challenge){{"", 0}, {"", 0}, {"", 0}};
    if (!oauth_is_scope(search->challenge.scope))
        search->challenge.scope = (struct slice){"", 0};
}

// What it says to a stranger. A ping changes nothing anywhere.
static int knock(struct search *search, struct error *error)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json, text/event-stream",
                                          "MCP-Protocol-Version: 2025-11-25", NULL};
    struct fetch_answer answer = {.status = 0};
    const struct fetch_request request = {
        .method = "POST",
        .url = search->sign_in->address.url.data,
        .headers = headers,
        .body = SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"),
        .answer_max = DOCUMENT_MAX};
    int result = fetch_wait(search->fetch, &request, search->sign_in->arena, &answer, error);
    if (result == 0)
        read_challenges(search, &answer);
    return result;
}

static bool is_missing(const struct fetch_answer *answer)
{
    return answer->status >= 400 && answer->status < 500;
}

static int read_resource(struct search *search, struct slice url, bool *ret_found,
                         struct error *error)
{
    struct fetch_answer answer = {.status = 0};
    int result = get(search, url, &answer, error);
    *ret_found = result == 0 && answer.status == 200;
    if (*ret_found)
        return oauth_read_resource(answer.body, search->sign_in->address.url,
                                   search->sign_in->arena, &search->resource, error);
    if (result == 0 && !is_missing(&answer))
        return error_set(error, ERROR_PROTOCOL, "the server's metadata comes with status %d",
                         answer.status);
    return result;
}

static int find_resource(struct search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct slice named = search->challenge.resource_metadata;
    bool found = false;
    int result = 0;
    if (named.length > 0 && !oauth_is_url(named))
        return error_set(error, ERROR_DENIED,
                         "the server says that its metadata is where none may be read");
    if (named.length > 0) {
        result = read_resource(search, named, &found, error);
        return result != 0 || found
                   ? result
                   : error_set(error, ERROR_PROTOCOL, "the server's metadata is not where it says");
    }
    struct buffer url;
    buffer_init(&url, 0);
    for (size_t i = 0; result == 0 && !found; i++) {
        buffer_clear(&url);
        if (!oauth_well_known(sign_in->address.url, OAUTH_RESOURCE, i, &url))
            break;
        result = read_resource(search, buffer_slice(&url), &found, error);
    }
    buffer_release(&url);
    if (result != 0 || found)
        return result;
    // Servers of 2025-03-26 are their own authorization servers.
    search->resource.resource = sign_in->address.url;
    search->resource.servers[0] = oauth_origin(sign_in->address.url);
    search->resource.server_count = 1;
    return 0;
}

static struct slice choose_issuer(const struct search *search)
{
    const struct oauth_resource *resource = &search->resource;
    for (size_t i = 0; i < resource->server_count; i++)
        if (slice_equal(resource->servers[i], search->sign_in->row.issuer))
            return resource->servers[i];
    return resource->servers[0];
}

static int find_issuer(struct search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct slice issuer = choose_issuer(search);
    struct buffer url;
    bool found = false;
    int result = 0;
    buffer_init(&url, 0);
    for (size_t i = 0; result == 0 && !found; i++) {
        struct fetch_answer answer = {.status = 0};
        buffer_clear(&url);
        if (!oauth_well_known(issuer, OAUTH_SERVER, i, &url))
            break;
        result = get(search, buffer_slice(&url), &answer, error);
        found = result == 0 && answer.status == 200;
        if (found)
            result =
                oauth_read_server(answer.body, issuer, sign_in->arena, &sign_in->issuer, error);
    }
    buffer_release(&url);
    if (result == 0 && !found)
        result = error_set(error, ERROR_NOT_FOUND,
                           "the server's authorization server has no metadata that can be found");
    return result;
}

// ---- The client

static struct slice at_home(const struct control_sign_in *sign_in, const char *path)
{
    return arena_format(sign_in->arena, "%.*s%s", SLICE_PRINT(sign_in->public_url), path);
}

static int enroll(struct search *search, struct error *error)
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
static int become_client(struct search *search, struct error *error)
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

// An admin's word, else the server's; what was granted before and what the server has missed since
// come along, because a person is about to be asked for all of it.
static int choose_scope(struct search *search, struct error *error)
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

static int ask_with_secret(struct search *search, struct error *error)
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
    struct search search = {.fetch = control_fetch(control), .sign_in = sign_in};
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
        result = knock(&search, error);
    if (result == 0)
        result = find_resource(&search, error);
    if (result == 0)
        result = find_issuer(&search, error);
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

// ---- Keeping it

int control_fill_authorization(struct control *control, struct store_view *view,
                               const struct control_sign_in *from, struct store_authorization *row,
                               struct error *error)
{
    row->flow = from->flow;
    row->client_source = from->row.client_source;
    row->issuer = from->issuer.issuer;
    row->client = from->as.id;
    row->client_method = from->as.method;
    row->resource = from->row.resource;
    row->token_url = from->issuer.token;
    row->revocation_url = from->issuer.revocation;
    if (from->scope.length > 0)
        row->asked_scope = from->scope;
    return control_seal_in(
        control, view, from->as.secret,
        control_place_of_token(row->head.organisation, row->head.id, "secret", store_arena(view)),
        &row->client_secret, error);
}

// A header of that name and an authorization would be two answers to one question.
static int find_row(struct store_view *view, const struct control_sign_in *sign_in,
                    struct store_authorization *ret, struct error *error)
{
    struct control_secrets all = {.count = 0};
    struct slice id = {"", 0};
    int result = control_secrets_list(view, sign_in->organisation, sign_in->server, &all, error);
    for (size_t i = 0; i < all.count && result == 0; i++) {
        const struct control_secret *secret = &all.items[i];
        if (!slice_equal(secret->grant, sign_in->grant))
            continue;
        if (secret->authorization.length > 0)
            id = secret->authorization;
        else if (slice_equal_ignoring_case(secret->name, SLICE_LITERAL("Authorization")))
            result = error_set(error, ERROR_EXISTS,
                               "the server has a credential 'Authorization'; remove it first");
    }
    control_secrets_release(&all);
    if (result == 0 && id.length == 0)
        return ERROR_NOT_FOUND;
    return result == 0 ? store_get_authorization(view, sign_in->organisation, id, ret, error)
                       : result;
}

static struct control_pending *pending_new(const struct control_sign_in *from, struct slice id)
{
    struct control_pending *pending = memory_try_new(sizeof *pending);
    if (pending == NULL)
        return NULL;
    *pending = (struct control_pending){.sign_in = *from, .authorization = id};
    arena_init(&pending->arena, PENDING_MEMORY);
    struct control_sign_in *s = &pending->sign_in;
    struct slice *const texts[] = {&pending->authorization,
                                   &s->organisation,
                                   &s->server,
                                   &s->grant,
                                   &s->who,
                                   &s->scope,
                                   &s->public_url,
                                   &s->row.resource,
                                   &s->issuer.issuer,
                                   &s->issuer.token,
                                   &s->issuer.revocation,
                                   &s->as.id,
                                   &s->as.secret,
                                   &s->authorization_scope};
    bool good = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        good = good && copy_text(&pending->arena, texts[i]);
    if (good)
        return pending;
    control_pending_free(pending);
    return NULL;
}

void control_pending_free(struct control_pending *pending)
{
    if (pending == NULL)
        return;
    memory_wipe_slice(pending->sign_in.as.secret);
    arena_release(&pending->arena);
    memory_wipe(pending, sizeof *pending);
    memory_free(pending);
}

void control_pendings_free(struct control *control)
{
    while (control->pendings != NULL) {
        struct control_pending *next = control->pendings->next;
        control_pending_free(control->pendings);
        control->pendings = next;
    }
}

// In front; what is too old, and what is too much, goes.
static void add_pending(struct control *control, struct control_pending *pending)
{
    int64_t now_ms = clock_wall_ms();
    size_t count = 0;
    pthread_mutex_lock(&control->lock);
    pending->next = control->pendings;
    control->pendings = pending;
    for (struct control_pending **at = &control->pendings; *at != NULL;) {
        struct control_pending *one = *at;
        if (one->sign_in.expires_ms > now_ms && ++count <= PENDING_MAX) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        control_pending_free(one);
    }
    pthread_mutex_unlock(&control->lock);
}

struct control_pending *control_take_pending(struct control *control, struct slice state)
{
    struct control_pending *found = NULL;
    pthread_mutex_lock(&control->lock);
    for (struct control_pending **at = &control->pendings; *at != NULL; at = &(*at)->next)
        if (slice_equal_string(state, (*at)->sign_in.state)) {
            found = *at;
            *at = found->next;
            break;
        }
    pthread_mutex_unlock(&control->lock);
    return found;
}

int control_keep_sign_in(struct control *control, struct store_view *view,
                         const struct control_sign_in *sign_in, struct store_authorization *ret,
                         struct error *error)
{
    *ret = (struct store_authorization){.flow = sign_in->flow};
    int result = find_row(view, sign_in, ret, error);
    if (result == ERROR_NOT_FOUND) {
        *ret = (struct store_authorization){.head.organisation = sign_in->organisation,
                                            .server = sign_in->server,
                                            .grant = sign_in->grant,
                                            .flow = sign_in->flow,
                                            .state = STORE_NEEDS_SIGN_IN};
        result = store_add_authorization(view, ret, error);
    }
    // One that works goes on working as it is until the person has come back.
    bool now = sign_in->has_tokens || ret->state != STORE_READY;
    if (result == 0 && now)
        result = control_fill_authorization(control, view, sign_in, ret, error);
    if (result == 0 && now)
        result = store_change_authorization(view, ret, error);
    if (result == 0 && sign_in->has_tokens)
        return control_keep_tokens(control, view, ret, &sign_in->tokens, clock_wall_ms(), error);
    if (result != 0)
        return result;
    struct control_pending *pending = pending_new(sign_in, ret->head.id);
    if (pending == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    add_pending(control, pending);
    return 0;
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
