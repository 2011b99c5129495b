// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a request says besides its body: parameters, and which version it is about.
#include "admin/admin_internal.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice admin_decode(struct admin_request *request, struct slice text)
{
    char *out = arena_take(&request->arena, text.length + 1);
    size_t length = 0;
    for (size_t i = 0; out != NULL && i < text.length; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.length ? digit_of(text.data[i + 1]) : -1;
            int low = i + 2 < text.length ? digit_of(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return (struct slice){0};
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[length++] = c == '+' && text.data[i] == '+' ? ' ' : c;
    }
    return slice_of(out, length);
}

// The next "name=value"; false at the end.
static bool next_pair(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->data, '&', rest->length);
    size_t length = end == NULL ? rest->length : (size_t)(end - rest->data);
    const char *equals = memchr(rest->data, '=', length);
    size_t name = equals == NULL ? length : (size_t)(equals - rest->data);
    *ret_name = slice_of(rest->data, name);
    *ret_value = equals == NULL ? (struct slice){"", 0} : slice_of(equals + 1, length - name - 1);
    size_t used = end == NULL ? length : length + 1;
    *rest = slice_of(rest->data + used, rest->length - used);
    return true;
}

int admin_form_value(struct admin_request *request, struct slice form, const char *name,
                     struct slice *ret, struct error *error)
{
    struct slice rest = form, key, value;
    *ret = (struct slice){0};
    while (next_pair(&rest, &key, &value)) {
        if (!slice_equal_string(key, name))
            continue;
        if (ret->data != NULL)
            return admin_fault(request, name, JSON_NONE, error, "is given twice");
        *ret = admin_decode(request, value);
        if (ret->data == NULL)
            return admin_fault(request, name, JSON_NONE, error, "is not percent-encoded properly");
    }
    return 0;
}

int admin_query(struct admin_request *request, const char *name, struct slice *ret,
                struct error *error)
{
    return admin_form_value(request, request->query, name, ret, error);
}

int admin_query_all(struct admin_request *request, const char *name, struct slice *ret, size_t most,
                    size_t *ret_count, struct error *error)
{
    struct slice rest = request->query, key, value;
    *ret_count = 0;
    while (next_pair(&rest, &key, &value)) {
        if (!slice_equal_string(key, name))
            continue;
        if (*ret_count == most)
            return admin_fault(request, name, JSON_NONE, error, "is given more than %zu times",
                               most);
        ret[*ret_count] = admin_decode(request, value);
        if (ret[(*ret_count)++].data == NULL)
            return admin_fault(request, name, JSON_NONE, error, "is not percent-encoded properly");
    }
    return 0;
}

int admin_query_number(struct admin_request *request, const char *name, int64_t least, int64_t most,
                       int64_t *ret, struct error *error)
{
    struct slice text;
    int result = admin_query(request, name, &text, error);
    if (result != 0 || text.data == NULL)
        return result;
    int64_t number = 0;
    bool good = text.length > 0 && text.length <= 18;
    for (size_t i = 0; i < text.length && good; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        number = number * 10 + (text.data[i] - '0');
    }
    if (!good || number < least || number > most)
        return admin_fault(request, name, JSON_NONE, error, "must be a number from %lld to %lld",
                           (long long)least, (long long)most);
    *ret = number;
    return 0;
}

int admin_query_only(struct admin_request *request, const char *const *names, struct error *error)
{
    struct slice rest = request->query, key, value;
    while (next_pair(&rest, &key, &value)) {
        const char *const *known = names;
        while (*known != NULL && !slice_equal_string(key, *known))
            known++;
        if (*known == NULL)
            return admin_fault(request, "", JSON_NONE, error, "there is no parameter '%.*s' here",
                               (int)(key.length % 64), key.data);
    }
    return 0;
}

int admin_if_match(struct admin_request *request, struct error *error)
{
    struct slice text = request->if_match;
    int64_t version = 0;
    if (text.data == NULL)
        return admin_refuse(request, 428, "if-match", ERROR_UNSUPPORTED, error,
                            "send If-Match with the ETag of what you change, or * to change it "
                            "whatever it is now");
    if (slice_equal_string(text, "*"))
        return 0;
    bool good = text.length > 2 && text.length < 20 && text.data[0] == '"' &&
                text.data[text.length - 1] == '"' && text.data[1] != '0';
    for (size_t i = 1; good && i + 1 < text.length; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        version = version * 10 + (text.data[i] - '0');
    }
    // What is no ETag of ours matches nothing.
    if (!good)
        return error_set(error, ERROR_CONFLICT, "If-Match is no ETag of this API");
    request->version = version;
    return 0;
}
