// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The attack patterns: the same for every organisation, compiled in.
#include "admin/admin_internal.h"

#include "catalogue/catalogue.h"

static void write_names(struct buffer *out, uint32_t bits, unsigned count,
                        const char *(*name_of)(unsigned number))
{
    const char *between = "";
    for (unsigned i = 0; i < count; i++) {
        if ((bits & UINT32_C(1) << i) == 0)
            continue;
        buffer_append_format(out, "%s\"%s\"", between, name_of(i));
        between = ",";
    }
}

static const char *category_name(unsigned number)
{
    return catalogue_category_name((enum catalogue_category)number);
}

static void write_member(struct buffer *out, const char *start, const char *text)
{
    buffer_append_string(out, start);
    json_write_string(out, slice_from_string(text));
}

static void write_short(struct buffer *out, const struct catalogue_attack *attack)
{
    write_member(out, "{\"slug\":", attack->slug);
    write_member(out, ",\"name\":", attack->name);
    write_member(out, ",\"summary\":", attack->summary);
    buffer_append_string(out, ",\"categories\":[");
    write_names(out, attack->categories, CATALOGUE_UNKNOWN, category_name);
    buffer_append_string(out, "]}");
}

int admin_list_attacks(struct admin_request *request, struct store_view *view, struct error *error)
{
    (void)view;
    int result = admin_query_only(request, (const char *const[]){NULL}, error);
    if (result != 0)
        return result;
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    buffer_append_string(&request->out, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&request->out, i == 0 ? "" : ",");
        write_short(&request->out, &attacks[i]);
    }
    buffer_append_string(&request->out, "]}");
    request->status = 200;
    return 0;
}

int admin_show_attack(struct admin_request *request, struct store_view *view, struct error *error)
{
    (void)view;
    const struct catalogue_attack *attack = catalogue_find_attack(request->parameters[0]);
    if (attack == NULL)
        return error_set(error, ERROR_NOT_FOUND, "there is no such attack pattern");
    buffer_append(&request->out, slice_of(attack->document, attack->document_length));
    request->status = 200;
    return 0;
}
