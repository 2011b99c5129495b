// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows that were copied elsewhere, so that a log that was cut back or replaced by an older copy is
// found out.
#include "cli/audit_internal.h"
#include "base/memory.h"

#include <stdio.h>

enum { FILE_MAX_BYTES = 1024 * 1024 };

// Whose row it is: empty for a decision log's.
static bool read_owner(struct json_doc *doc, struct slice line, char ret[AUDIT_OWNER_SIZE])
{
    ret[0] = '\0';
    if (json_scan(doc, line, NULL, NULL, NULL) != 0 || json_type(doc, 0) != JSON_OBJECT)
        return false;
    uint32_t node = json_get(doc, 0, "organisation");
    if (node == JSON_NONE)
        return true;
    struct slice raw = json_raw(doc, node);
    if (json_type(doc, node) != JSON_STRING || raw.length - 2 >= AUDIT_OWNER_SIZE)
        return false;
    snprintf(ret, AUDIT_OWNER_SIZE, "%.*s", (int)raw.length - 2, raw.data + 1);
    return true;
}

static bool take_line(struct audit_noted *noted, struct json_doc *doc, struct slice line)
{
    char owner[AUDIT_OWNER_SIZE];
    struct chain_row row;
    if (!chain_parse(line, &row) || !read_owner(doc, line, owner))
        return false;
    struct audit_noted_row *place = NULL;
    for (size_t i = 0; i < noted->count; i++)
        if (strcmp(noted->items[i].owner, owner) == 0)
            place = &noted->items[i];
    if (place == NULL) {
        struct audit_noted_row *items =
            memory_try_resize(noted->items, (noted->count + 1) * sizeof *items);
        if (items == NULL)
            return false;
        noted->items = items;
        place = &noted->items[noted->count++];
        *place = (struct audit_noted_row){.row.number = 0};
        memcpy(place->owner, owner, sizeof owner);
    }
    if (row.number > place->row.number)
        place->row = row;
    noted->last = row;
    return true;
}

int audit_noted_read(const char *path, struct audit_noted *ret)
{
    struct buffer text;
    struct json_doc doc;
    struct error error;
    *ret = (struct audit_noted){.count = 0};
    buffer_init(&text, 0);
    json_doc_init(&doc);
    int result = config_read_file(path, FILE_MAX_BYTES, &text, &error);
    struct slice rest = buffer_slice(&text);
    bool good = false;
    while (result == 0 && rest.length > 0) {
        const char *feed = memchr(rest.data, '\n', rest.length);
        size_t length = feed == NULL ? rest.length : (size_t)(feed - rest.data);
        if (length > 0)
            good = take_line(ret, &doc, slice_of(rest.data, length));
        length += feed != NULL;
        rest = slice_of(rest.data + length, rest.length - length);
    }
    json_doc_release(&doc);
    buffer_release(&text);
    if (result != 0)
        return cli_complain(CLI_USAGE, "%s", error.text);
    return good ? CLI_OK : cli_complain(CLI_USAGE, "the last line of '%s' is no row", path);
}

const struct chain_row *audit_noted_of(struct audit_noted *noted, struct slice owner)
{
    for (size_t i = 0; i < noted->count; i++) {
        if (!slice_equal_string(owner, noted->items[i].owner))
            continue;
        noted->items[i].found = true;
        return &noted->items[i].row;
    }
    return NULL;
}

void audit_noted_release(struct audit_noted *noted)
{
    memory_free(noted->items);
}
