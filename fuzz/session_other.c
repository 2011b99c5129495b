// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "session_other.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>

static json_t *get(json_t *object, const char *name, enum other_reader reader)
{
    json_t *found = NULL;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        bool same = reader == OTHER_EXACT ? strcmp(key, name) == 0 : strcasecmp(key, name) == 0;
        if (same && (found == NULL || reader == OTHER_LAST))
            found = json_object_iter_value(at);
    }
    return found;
}

static void copy(json_t *text, char out[OTHER_NAME])
{
    const char *value = json_string_value(text);
    snprintf(out, OTHER_NAME, "%s", value == NULL ? "" : value);
}

static void read_tools(json_t *tools, struct other_message *m)
{
    m->tools = json_array_size(tools);
    for (size_t i = 0; i < m->tools && i < OTHER_LIST; i++)
        copy(get(json_array_get(tools, i), "name", m->reader), m->tool[i]);
}

void other_read(struct slice text, enum other_reader reader, struct other_message *ret)
{
    json_error_t error;
    json_t *message =
        json_loadb(text.data, text.length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    memset(ret, 0, sizeof *ret);
    ret->reader = reader;
    ret->readable = json_is_object(message);
    json_t *params = get(message, "params", reader);
    json_t *volume = get(get(params, "arguments", reader), "volume", reader);
    copy(get(message, "method", reader), ret->method);
    copy(get(params, "name", reader), ret->name);
    ret->has_volume = json_is_number(volume);
    ret->volume = json_number_value(volume);
    read_tools(get(get(message, "result", reader), "tools", reader), ret);
    json_decref(message);
}
