// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What one call would be charged under a limit: its amount, and the value that splits the counter.
#include "policy/policy_internal.h"

// An amount that is missing, negative, too long or no number denies: it must never be free.
static bool bad_amount(struct decision *d, const struct path *path, const char *text)
{
    trouble(d, "%.*s counts towards a limit: %s.", SLICE_PRINT(path->label), text);
    return false;
}

static bool amount_text(struct decision *d, const struct limit *limit, const struct value *value,
                        struct slice *ret)
{
    const struct json_doc *doc = d->call->doc;
    enum json_type type = value_type(value);
    if (type == JSON_NUMBER) {
        *ret = json_raw(doc, value->node);
        return true;
    }
    if (type == JSON_STRING && limit->as_number) {
        *ret = json_string(doc, value->node, d->arena);
        return ret->data != NULL && decimal_is_plain(*ret);
    }
    return false;
}

static bool read_amount(struct decision *d, const struct limit *limit, struct decimal *ret,
                        bool *ret_unsure)
{
    const struct path *path = &limit->increment;
    struct value value = path_find(d, path);
    struct slice text;
    if (value.kind == VALUE_TROUBLE)
        return false;
    if (value.kind == VALUE_UNKNOWN)
        return *ret_unsure = true;
    if (value.kind == VALUE_MISSING)
        return bad_amount(d, path, "it is missing");
    if (!amount_text(d, limit, &value, &text))
        return bad_amount(d, path, "it must be a number");
    if (decimal_parse(text, ret) != 0)
        return bad_amount(d, path, "it has too many digits");
    if (decimal_is_negative(*ret))
        return bad_amount(d, path, "it must not be negative");
    return true;
}

// Canonical JSON into the arena; data is NULL when there is no room.
static struct slice canonical(struct decision *d, uint32_t node)
{
    const struct json_doc *doc = d->call->doc;
    struct slice raw = json_raw(doc, node);
    enum json_type type = json_type(doc, node);
    // A string without escapes and the three words are canonical as they stand.
    if ((type == JSON_STRING && !json_at(doc, node)->escaped) || type <= JSON_TRUE)
        return raw;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    struct slice copy = {0};
    if (json_write_canonical(&buffer, doc, node) == 0 && !buffer.failed)
        copy = arena_copy(d->arena, buffer_slice(&buffer));
    buffer_release(&buffer);
    return copy;
}

static struct slice canonical_texts(struct decision *d, const struct slice *texts, size_t count,
                                    bool list)
{
    struct buffer buffer;
    buffer_init(&buffer, 0);
    if (list)
        buffer_append_string(&buffer, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_string(&buffer, ",");
        json_write_string(&buffer, texts[i]);
    }
    if (list)
        buffer_append_string(&buffer, "]");
    struct slice copy = {0};
    if (!buffer.failed)
        copy = arena_copy(d->arena, buffer_slice(&buffer));
    buffer_release(&buffer);
    return copy;
}

static bool read_per(struct decision *d, const struct limit *limit, struct slice *ret,
                     bool *ret_unsure)
{
    struct value value = path_find(d, &limit->per);
    switch (value.kind) {
    case VALUE_TROUBLE: return false;
    case VALUE_UNKNOWN: return *ret_unsure = true;
    case VALUE_NODE:
        if (json_type(d->call->doc, value.node) != JSON_NULL) {
            *ret = canonical(d, value.node);
            break;
        } // fall through
    case VALUE_MISSING:
        trouble(d, "%.*s is needed for a limit and missing.", SLICE_PRINT(limit->per.label));
        return false;
    case VALUE_TEXT: *ret = canonical_texts(d, &value.text, 1, false); break;
    case VALUE_TAGS:
        *ret = canonical_texts(d, d->call->grant_tags, d->call->grant_tag_count, true);
        break;
    case VALUE_NUMBER:
        *ret = arena_format(d->arena, "%llu", (unsigned long long)value.number);
        break;
    }
    if (ret->data == NULL)
        trouble(d, "%.*s is too large to be judged.", SLICE_PRINT(limit->per.label));
    return ret->data != NULL;
}

bool limit_charge_of(struct decision *d, const struct limit *limit, struct policy_charge *ret)
{
    *ret = limit->charge;
    if (limit->has_increment && !read_amount(d, limit, &ret->amount, &ret->unsure_amount))
        return false;
    return !limit->has_per || read_per(d, limit, &ret->per, &ret->unsure_per);
}
