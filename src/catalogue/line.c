// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue.h"

// The first of the members that is a string, decoded only where it must be; empty when none is.
static struct slice text_of(const struct json_doc *doc, uint32_t node, const char *name,
                            const char *other, char *scratch, size_t room)
{
    uint32_t member = json_get(doc, node, name);
    if ((member == JSON_NONE || json_type(doc, member) != JSON_STRING) && other != NULL)
        member = json_get(doc, node, other);
    if (member == JSON_NONE || json_type(doc, member) != JSON_STRING)
        return slice_of("", 0);
    if (json_at(doc, member)->escaped)
        return slice_of(scratch, json_string_start(doc, member, scratch, room));
    struct slice raw = json_raw(doc, member);
    return slice_of(raw.data + 1, raw.length - 2);
}

// What stands between the quotes of an escaped string; empty for one that is read as it stands.
static struct slice escapes_of(const struct json_doc *doc, uint32_t node, const char *name)
{
    uint32_t member = json_get(doc, node, name);
    if (member == JSON_NONE || json_type(doc, member) != JSON_STRING ||
        !json_at(doc, member)->escaped)
        return slice_of(NULL, 0);
    struct slice raw = json_raw(doc, member);
    return slice_of(raw.data + 1, raw.length - 2);
}

void catalogue_read_tool(const struct json_doc *doc, uint32_t node,
                         struct catalogue_scratch *scratch, struct catalogue_tool *ret)
{
    uint32_t schema = json_get(doc, node, "inputSchema");
    if (schema == JSON_NONE)
        schema = json_get(doc, node, "input_schema");
    if (schema != JSON_NONE && json_type(doc, schema) != JSON_OBJECT)
        schema = JSON_NONE;
    size_t room = sizeof scratch->name;
    *ret = (struct catalogue_tool){
        .server = text_of(doc, node, "server", NULL, scratch->server, room),
        .name = text_of(doc, node, "name", "tool", scratch->name, room),
        .title = text_of(doc, node, "title", NULL, scratch->title, room),
        .description = text_of(doc, node, "description", NULL, scratch->description,
                               sizeof scratch->description),
        .doc = doc,
        .schema = schema,
        .hints = catalogue_read_hints(doc, json_get(doc, node, "annotations")),
        .title_json = escapes_of(doc, node, "title"),
        .description_json = escapes_of(doc, node, "description"),
    };
}
