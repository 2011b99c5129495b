// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what servers and authorization servers say: "KIND ADDRESS", a line "---", the text.
// Whatever is taken up is fit for a request: URLs are of a kind that may be asked, scopes and
// tokens go into a header as they are.
#include "oauth/oauth.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    struct slice kind, address, text;
    struct arena arena;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool starts(struct slice text, const char *with)
{
    return slice_starts_with(text, slice_from_string(with));
}

static bool is_visible(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return false;
    return true;
}

// Told in another way than url.c does.
static void check_url(struct slice url)
{
    require(is_visible(url) && url.length <= OAUTH_URL_MAX);
    require(starts(url, "https://") || starts(url, "http://localhost") ||
            starts(url, "http://127.0.0.1") || starts(url, "http://[::1]"));
    const char *host = (const char *)memmem(url.data, url.length, "://", 3) + 3;
    struct slice rest = slice_of(host, (size_t)(url.data + url.length - host));
    require(rest.length > 0 && memchr("/?#:@", rest.data[0], 5) == NULL);
    for (size_t i = 0; i < rest.length && rest.data[i] != '/' && rest.data[i] != '?'; i++)
        require(rest.data[i] != '@' && rest.data[i] != '\\' && rest.data[i] != '%');
    require(memchr(url.data, '#', url.length) == NULL);
}

static void check_scope(struct slice scope)
{
    require(scope.length <= OAUTH_SCOPE_MAX && oauth_is_scope(scope));
    for (size_t i = 0; i < scope.length; i++)
        require(scope.data[i] >= ' ' && scope.data[i] < 0x7f && scope.data[i] != '"' &&
                scope.data[i] != '\\');
}

static void check_optional_url(struct slice url)
{
    if (url.length > 0)
        check_url(url);
}

// Every place where metadata is looked for is on the same host.
static void check_places(struct slice url, enum oauth_kind kind)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t place = 0; oauth_well_known(url, kind, place, &out); place++) {
        struct slice made = buffer_slice(&out);
        require(place < 3 && slice_equal(oauth_origin(made), oauth_origin(url)));
        if (url.length + 64 < OAUTH_URL_MAX)
            check_url(made);
        buffer_clear(&out);
    }
    buffer_release(&out);
}

static void check_addresses(struct input *input)
{
    struct slice a = input->address, b = input->text;
    if (oauth_is_url(a)) {
        check_url(a);
        check_places(a, OAUTH_RESOURCE);
        check_places(a, OAUTH_SERVER);
        require(oauth_covers(a, a));
    }
    if (oauth_covers(a, b))
        require(oauth_is_url(a) && b.length >= oauth_origin(a).length &&
                slice_equal_ignoring_case(oauth_origin(a), oauth_origin(b)));
}

static void read_challenge(struct input *input)
{
    struct oauth_challenge challenge;
    int result = oauth_read_challenge(input->text, &input->arena, &challenge);
    require(result == 0 || result == ERROR_NOT_FOUND || result == ERROR_SYNTAX ||
            result == ERROR_AMBIGUOUS);
    if (result != 0)
        return;
    const struct slice all[] = {challenge.resource_metadata, challenge.scope, challenge.error};
    for (size_t i = 0; i < 3; i++) {
        require(all[i].data != NULL && all[i].length <= input->text.length);
        for (size_t k = 0; k < all[i].length; k++)
            require((unsigned char)all[i].data[k] >= ' ' && all[i].data[k] != 0x7f);
    }
    if (!oauth_is_scope(challenge.scope))
        return;
    struct slice joined = oauth_join_scopes(challenge.scope, input->address, &input->arena);
    if (joined.data != NULL && oauth_is_scope(input->address))
        check_scope(joined);
}

static void read_resource(struct input *input)
{
    struct oauth_resource resource;
    struct error error = {0};
    int result = oauth_read_resource(input->text, input->address, &input->arena, &resource, &error);
    require((result != 0) == (error.text[0] != '\0'));
    if (result != 0)
        return;
    check_url(resource.resource);
    require(oauth_covers(resource.resource, input->address));
    require(resource.server_count > 0 && resource.server_count <= OAUTH_SERVERS_MAX);
    for (size_t i = 0; i < resource.server_count; i++)
        check_url(resource.servers[i]);
    check_scope(resource.scopes);
}

static void read_server(struct input *input)
{
    struct oauth_server server;
    struct error error = {0};
    int result = oauth_read_server(input->text, input->address, &input->arena, &server, &error);
    require((result != 0) == (error.text[0] != '\0'));
    if (result != 0)
        return;
    enum oauth_method method;
    require(slice_equal(server.issuer, input->address));
    check_optional_url(server.authorization);
    check_optional_url(server.token);
    check_optional_url(server.registration);
    check_optional_url(server.revocation);
    check_scope(server.scopes);
    if (oauth_choose_method(&server, false, &method, &error) == 0)
        require(method == OAUTH_NONE && server.none);
    if (oauth_choose_method(&server, true, &method, &error) == 0)
        require(method == OAUTH_BASIC ? server.basic : method == OAUTH_POST && server.post);
}

static int status_of(struct slice address)
{
    int status = 0;
    for (size_t i = 0;
         i < address.length && i < 3 && address.data[i] >= '0' && address.data[i] <= '9'; i++)
        status = status * 10 + address.data[i] - '0';
    return status;
}

static struct slice type_of(struct slice address)
{
    return address.length < 4 ? (struct slice){"", 0}
                              : slice_of(address.data + 4, address.length - 4);
}

static void read_tokens(struct input *input)
{
    struct oauth_tokens tokens;
    struct error error = {0};
    int status = status_of(input->address);
    int result = oauth_read_tokens(status, type_of(input->address), input->text, &input->arena,
                                   &tokens, &error);
    require((result != 0) == (error.text[0] != '\0'));
    if (result != 0)
        return;
    require(status == 200 && tokens.expires_s >= 0);
    require(tokens.access.length > 0 && tokens.access.length <= OAUTH_TOKEN_MAX);
    require(is_visible(tokens.access) && is_visible(tokens.refresh));
    check_scope(tokens.scope);
}

static void read_registration(struct input *input)
{
    struct oauth_client client;
    struct error error = {0};
    int status = status_of(input->address);
    int result = oauth_read_registration(status, type_of(input->address), input->text,
                                         &input->arena, &client, &error);
    require((result != 0) == (error.text[0] != '\0'));
    if (result != 0)
        return;
    require((status == 200 || status == 201) && client.id.length > 0);
    require(is_visible(client.id) && is_visible(client.secret));
    require((client.method == OAUTH_NONE) == (client.secret.length == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *kind;
        void (*read)(struct input *input);
    } kinds[] = {{"challenge", read_challenge}, {"resource", read_resource},
                 {"server", read_server},       {"tokens", read_tokens},
                 {"client", read_registration}, {"url", check_addresses}};
    struct slice all = slice_of((const char *)data, size);
    const char *mark = memmem(all.data, size, "\n---\n", 5);
    const char *blank = mark == NULL ? NULL : memchr(all.data, ' ', (size_t)(mark - all.data));
    if (blank == NULL)
        return 0;
    struct input input = {.kind = slice_of(all.data, (size_t)(blank - all.data)),
                          .address = slice_of(blank + 1, (size_t)(mark - blank - 1)),
                          .text = slice_of(mark + 5, size - (size_t)(mark - all.data) - 5)};
    arena_init(&input.arena, 16 * 1024 * 1024);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (slice_equal_string(input.kind, kinds[i].kind))
            kinds[i].read(&input);
    arena_release(&input.arena);
    return 0;
}
