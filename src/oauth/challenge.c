// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oauth/oauth.h"

#include <string.h>

enum { VALUE_MAX = 16 * 1024 };

struct reader {
    struct slice rest;
    struct arena *arena;
};

static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void drop(struct reader *reader, size_t length)
{
    reader->rest = slice_of(reader->rest.data + length, reader->rest.length - length);
}

static void skip(struct reader *reader, const char *what)
{
    while (reader->rest.length > 0 && strchr(what, reader->rest.data[0]) != NULL &&
           reader->rest.data[0] != '\0')
        drop(reader, 1);
}

static struct slice take_token(struct reader *reader)
{
    size_t length = 0;
    while (length < reader->rest.length && is_token_character(reader->rest.data[length]))
        length++;
    struct slice token = slice_of(reader->rest.data, length);
    drop(reader, length);
    return token;
}

// Behind the first quote.
static int take_quoted(struct reader *reader, struct slice *ret)
{
    char *text = arena_take(reader->arena, reader->rest.length + 1);
    size_t length = 0;
    if (text == NULL)
        return ERROR_NO_MEMORY;
    while (reader->rest.length > 0 && reader->rest.data[0] != '"') {
        if (reader->rest.data[0] == '\\') {
            drop(reader, 1);
            if (reader->rest.length == 0)
                return ERROR_SYNTAX;
        }
        if ((unsigned char)reader->rest.data[0] < 0x20 || reader->rest.data[0] == 0x7F)
            return ERROR_SYNTAX;
        text[length++] = reader->rest.data[0];
        drop(reader, 1);
    }
    if (reader->rest.length == 0)
        return ERROR_SYNTAX;
    drop(reader, 1);
    *ret = slice_of(text, length);
    return 0;
}

// A name and an equals sign; "scheme token68==" has its signs at the end.
static bool begins_parameter(const struct reader *reader)
{
    struct reader ahead = *reader;
    if (take_token(&ahead).length == 0)
        return false;
    skip(&ahead, " \t");
    if (ahead.rest.length == 0 || ahead.rest.data[0] != '=')
        return false;
    drop(&ahead, 1);
    skip(&ahead, " \t");
    return ahead.rest.length > 0 && ahead.rest.data[0] != '=' && ahead.rest.data[0] != ',';
}

static int take_parameter(struct reader *reader, struct oauth_challenge *ret)
{
    struct slice name = take_token(reader), value = {"", 0};
    skip(reader, " \t");
    drop(reader, 1);
    skip(reader, " \t");
    if (reader->rest.length == 0)
        return ERROR_SYNTAX;
    int result = 0;
    if (reader->rest.data[0] == '"') {
        drop(reader, 1);
        result = take_quoted(reader, &value);
    } else {
        value = take_token(reader);
        result = value.length > 0 ? 0 : ERROR_SYNTAX;
    }
    if (result != 0 || ret == NULL)
        return result;
    struct slice *at = slice_equal_ignoring_case(name, SLICE_LITERAL("resource_metadata"))
                           ? &ret->resource_metadata
                       : slice_equal_ignoring_case(name, SLICE_LITERAL("scope")) ? &ret->scope
                       : slice_equal_ignoring_case(name, SLICE_LITERAL("error")) ? &ret->error
                                                                                 : NULL;
    if (at == NULL)
        return 0;
    if (at->data != NULL)
        return ERROR_AMBIGUOUS;
    *at = value;
    return 0;
}

// What stands behind a scheme: parameters, or one token68.
static int take_parameters(struct reader *reader, struct oauth_challenge *ret)
{
    int result = 0;
    skip(reader, " \t,");
    if (!begins_parameter(reader)) {
        size_t length = 0;
        while (length < reader->rest.length && (is_token_character(reader->rest.data[length]) ||
                                                strchr("/=", reader->rest.data[length]) != NULL))
            length++;
        struct reader ahead = *reader;
        drop(&ahead, length);
        // A scheme alone, with the next challenge behind a comma, has no token68.
        bool token = length > 0 && (ahead.rest.length == 0 || ahead.rest.data[0] == ',');
        if (token)
            *reader = ahead;
        skip(reader, " \t,");
    }
    while (result == 0 && begins_parameter(reader)) {
        result = take_parameter(reader, ret);
        skip(reader, " \t");
        if (result == 0 && reader->rest.length > 0 && reader->rest.data[0] != ',')
            return ERROR_SYNTAX;
        skip(reader, " \t,");
    }
    return result;
}

static void complete(struct oauth_challenge *challenge)
{
    struct slice *all[] = {&challenge->resource_metadata, &challenge->scope, &challenge->error};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->data == NULL)
            *all[i] = (struct slice){"", 0};
}

int oauth_read_challenge(struct slice value, struct arena *arena, struct oauth_challenge *ret)
{
    struct reader reader = {value, arena};
    struct oauth_challenge found = {.scope = {NULL, 0}};
    bool bearer = false;
    if (value.length > VALUE_MAX)
        return ERROR_SYNTAX;
    for (skip(&reader, " \t,"); reader.rest.length > 0; skip(&reader, " \t,")) {
        struct slice scheme = take_token(&reader);
        if (scheme.length == 0)
            return ERROR_SYNTAX;
        bool is_bearer = slice_equal_ignoring_case(scheme, SLICE_LITERAL("Bearer"));
        if (is_bearer && bearer)
            return ERROR_AMBIGUOUS;
        bearer = bearer || is_bearer;
        bool alone = reader.rest.length == 0 || reader.rest.data[0] == ',';
        int result = alone ? 0 : take_parameters(&reader, is_bearer ? &found : NULL);
        if (result != 0)
            return result;
    }
    complete(&found);
    *ret = found;
    return bearer ? 0 : ERROR_NOT_FOUND;
}

// ---- Scopes

bool oauth_is_scope(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool blank = c == ' ' && i > 0 && i + 1 < text.length && text.data[i - 1] != ' ';
        if (!blank && (c <= 0x20 || c >= 0x7F || c == '"' || c == '\\'))
            return false;
    }
    return text.length <= OAUTH_SCOPE_MAX;
}

static struct slice next_scope(struct slice *rest)
{
    size_t length = 0;
    while (length < rest->length && rest->data[length] != ' ')
        length++;
    struct slice scope = slice_of(rest->data, length);
    size_t used = length < rest->length ? length + 1 : length;
    *rest = slice_of(rest->data + used, rest->length - used);
    return scope;
}

bool oauth_has_scope(struct slice list, struct slice scope)
{
    while (list.length > 0)
        if (slice_equal(next_scope(&list), scope))
            return true;
    return false;
}

struct slice oauth_join_scopes(struct slice a, struct slice b, struct arena *arena)
{
    char *text = arena_take(arena, a.length + b.length + 2);
    if (text == NULL)
        return (struct slice){0};
    struct slice joined = {text, a.length};
    if (a.length > 0)
        memcpy(text, a.data, a.length);
    while (b.length > 0) {
        struct slice scope = next_scope(&b);
        if (scope.length == 0 || oauth_has_scope(joined, scope))
            continue;
        if (joined.length > 0)
            text[joined.length++] = ' ';
        memcpy(text + joined.length, scope.data, scope.length);
        joined.length += scope.length;
    }
    return joined.length <= OAUTH_SCOPE_MAX ? joined : (struct slice){0};
}
