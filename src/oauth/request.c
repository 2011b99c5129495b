// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oauth/oauth_internal.h"

#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"

#include <openssl/evp.h>

static void write_url_safe(const unsigned char bytes[32], char ret[OAUTH_SECRET_SIZE])
{
    ret[codec_write_base64(slice_of((const char *)bytes, 32), CODEC_BASE64_URL, ret)] = '\0';
}

void oauth_new_secret(char ret[OAUTH_SECRET_SIZE])
{
    unsigned char bytes[32];
    random_bytes(bytes, sizeof bytes);
    write_url_safe(bytes, ret);
    memory_wipe(bytes, sizeof bytes);
}

void oauth_hash_verifier(struct slice verifier, char ret[OAUTH_SECRET_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(verifier.data, verifier.length, hash, &length, EVP_sha256(), NULL) != 1)
        random_bytes(hash, 32); // out of memory: a challenge that nothing answers
    write_url_safe(hash, ret);
}

// ---- Forms

static void append_encoded(struct buffer *out, struct slice value)
{
    static const char hexadecimal[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.data[i];
        bool open = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || c == '.' || c == '~';
        char text[3] = {'%', hexadecimal[c >> 4], hexadecimal[c & 15]};
        buffer_append(out, open ? slice_of(value.data + i, 1) : slice_of(text, 3));
    }
}

void oauth_add_field(struct buffer *form, const char *name, struct slice value)
{
    struct slice before = buffer_slice(form);
    if (value.length == 0)
        return;
    if (before.length > 0 && before.data[before.length - 1] != '?' &&
        before.data[before.length - 1] != '&')
        buffer_append_string(form, "&");
    buffer_append_string(form, name);
    buffer_append_string(form, "=");
    append_encoded(form, value);
}

// In parts of whole groups, so that only the end is padded.
static void append_base64(struct buffer *out, struct slice bytes)
{
    enum { PART = 48 };
    char text[CODEC_BASE64_LENGTH(PART)];
    for (size_t i = 0; i < bytes.length; i += PART) {
        size_t left = bytes.length - i, count = left < PART ? left : PART;
        struct slice part = slice_of(bytes.data + i, count);
        buffer_append(out, slice_of(text, codec_write_base64(part, CODEC_BASE64, text)));
    }
    memory_wipe(text, sizeof text);
}

// RFC 6749, 2.3.1: both parts encoded as in a form, before they are put together.
static void write_basic(struct buffer *out, const struct oauth_client *client)
{
    struct buffer pair;
    buffer_init(&pair, 0);
    buffer_reserve(&pair, 3 * (client->id.length + client->secret.length) + 2);
    append_encoded(&pair, client->id);
    buffer_append_string(&pair, ":");
    append_encoded(&pair, client->secret);
    buffer_append_string(out, "Authorization: Basic ");
    append_base64(out, buffer_slice(&pair));
    out->failed = out->failed || pair.failed;
    buffer_wipe(&pair);
}

void oauth_add_client(struct buffer *form, const struct oauth_client *client,
                      struct buffer *ret_header)
{
    if (client->method == OAUTH_BASIC) {
        write_basic(ret_header, client);
        return;
    }
    oauth_add_field(form, "client_id", client->id);
    if (client->method == OAUTH_POST)
        oauth_add_field(form, "client_secret", client->secret);
}

void oauth_write_question(struct buffer *out, const struct oauth_question *question)
{
    char challenge[OAUTH_SECRET_SIZE];
    bool query = memchr(question->endpoint.data, '?', question->endpoint.length) != NULL;
    oauth_hash_verifier(question->verifier, challenge);
    buffer_append(out, question->endpoint);
    buffer_append_string(out, query ? "&" : "?");
    oauth_add_field(out, "response_type", SLICE_LITERAL("code"));
    oauth_add_field(out, "client_id", question->client);
    oauth_add_field(out, "redirect_uri", question->redirect);
    oauth_add_field(out, "state", question->state);
    oauth_add_field(out, "code_challenge", slice_from_string(challenge));
    oauth_add_field(out, "code_challenge_method", SLICE_LITERAL("S256"));
    oauth_add_field(out, "scope", question->scope);
    oauth_add_field(out, "resource", question->resource);
    // Without it OpenID providers give no refresh token (OpenID Connect Core, 11).
    if (oauth_has_scope(question->scope, SLICE_LITERAL("offline_access")))
        oauth_add_field(out, "prompt", SLICE_LITERAL("consent"));
}

// ---- The client

static void add_member(struct buffer *out, const char *name, struct slice value)
{
    if (value.length == 0)
        return;
    json_write_key(out, name);
    json_write_string(out, value);
    buffer_append_string(out, ",");
}

void oauth_write_client(struct buffer *out, struct slice url, struct slice home,
                        struct slice redirect, struct slice scope)
{
    buffer_append_string(out, "{");
    add_member(out, "client_id", url);
    add_member(out, "client_name", SLICE_LITERAL("Sallyport"));
    add_member(out, "client_uri", home);
    add_member(out, "scope", scope);
    if (url.length == 0) // for registration alone (OpenID Connect Registration, 2)
        add_member(out, "application_type", SLICE_LITERAL("web"));
    buffer_append_string(out, "\"redirect_uris\":[");
    json_write_string(out, redirect);
    buffer_append_string(out, "],\"grant_types\":[\"authorization_code\",\"refresh_token\"],"
                              "\"response_types\":[\"code\"],"
                              "\"token_endpoint_auth_method\":\"none\"}");
}
