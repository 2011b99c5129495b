// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Differences between policies, written for programs and for people.
#include "policy/compare_internal.h"

static void write_member(struct buffer *out, const char *name, struct slice text)
{
    buffer_append_format(out, "\"%s\":", name);
    json_write_string(out, text);
    buffer_append_string(out, ",");
}

static void write_categories(struct buffer *out, unsigned categories)
{
    bool first = true;
    buffer_append_string(out, "\"categories\":[");
    for (unsigned i = 0; i <= CATALOGUE_UNKNOWN; i++) {
        if ((categories >> i & 1) == 0)
            continue;
        buffer_append_format(out, "%s\"%s\"", first ? "" : ",",
                             catalogue_category_name((enum catalogue_category)i));
        first = false;
    }
    buffer_append_string(out, "],");
}

void policy_differences_json(const struct policy_differences *all, struct buffer *out)
{
    buffer_append_string(out, "[");
    for (size_t i = 0; i < all->count; i++) {
        const struct policy_difference *one = &all->items[i];
        buffer_append_string(out, i == 0 ? "{" : ",{");
        write_member(out, "gravity", slice_from_string(policy_gravity_words[one->gravity]));
        write_member(out, "kind", slice_from_string(one->kind));
        write_member(out, "subject", slice_from_string(one->subject));
        write_member(out, "selector", one->selector);
        write_member(out, "also", one->second);
        write_categories(out, one->categories);
        write_member(out, "from", one->from);
        write_member(out, "to", one->to);
        buffer_append_string(out, "\"text\":");
        json_write_string(out, one->text);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]");
}

void policy_differences_text(const struct policy_differences *all, struct buffer *out)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct policy_difference *one = &all->items[i];
        buffer_append_format(out, "%-9s  ", policy_gravity_words[one->gravity]);
        words_plain(out, one->text);
        buffer_append_string(out, "\n           ");
        words_plain(out, one->from.length > 0 ? one->from : SLICE_LITERAL("(nothing)"));
        buffer_append_string(out, " -> ");
        words_plain(out, one->to.length > 0 ? one->to : SLICE_LITERAL("(nothing)"));
        buffer_append_string(out, "\n");
    }
    if (all->count == 0 && !all->too_many)
        buffer_append_string(out, "nothing changes for those who call\n");
    if (all->too_many)
        buffer_append_string(
            out, "there may be more that differs: these policies cannot be compared in full\n");
}
