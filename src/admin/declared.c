// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the configuration file declares: whoever runs the gateway wrote it, so it belongs to the
// organisation that the first start made, and is changed in the file only.
#include "admin/seen_internal.h"

#include "base/memory.h"

#include <stdatomic.h>

static const struct slice own_name = {"default", 7}, prefix = {"file.", 5};

struct admin_declared {
    atomic_uint references;
    size_t length;
    char text[];
};

void admin_declared_unref(struct admin_declared *declared)
{
    if (declared != NULL && atomic_fetch_sub(&declared->references, 1) == 1)
        memory_free(declared);
}

void admin_declare(struct admin *admin, struct slice text)
{
    struct admin_declared *declared = memory_try_new(sizeof *declared + text.length + 1);
    if (declared == NULL)
        return;
    atomic_init(&declared->references, 1);
    declared->length = text.length;
    if (text.length > 0)
        memcpy(declared->text, text.data, text.length);
    pthread_mutex_lock(&admin->lock);
    struct admin_declared *before = admin->declared;
    admin->declared = declared;
    pthread_mutex_unlock(&admin->lock);
    admin_declared_unref(before);
}

static struct admin_declared *newest(struct admin *admin)
{
    pthread_mutex_lock(&admin->lock);
    struct admin_declared *declared = admin->declared;
    if (declared != NULL)
        atomic_fetch_add(&declared->references, 1);
    pthread_mutex_unlock(&admin->lock);
    return declared;
}

// NULL in *ret: there is nothing that this organisation may see.
static int find(struct admin_request *request, struct store_view *view, struct admin_declared **ret,
                struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    struct slice id = request->who.organisation;
    *ret = NULL;
    int result = store_get_organisation(view, id, id, &owner, error);
    if (result == 0 && slice_equal(owner.name, own_name))
        *ret = newest(request->admin);
    if (*ret != NULL && (*ret)->length == 0) {
        admin_declared_unref(*ret);
        *ret = NULL;
    }
    return result;
}

int admin_show_declared(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_declared *declared = NULL;
    int result = find(request, view, &declared, error);
    struct slice text = declared != NULL ? slice_of(declared->text, declared->length)
                                         : SLICE_LITERAL("{\"file\":null,\"servers\":[],"
                                                         "\"policies\":[],\"grants\":[]}");
    request->status = 200;
    if (result == 0)
        result = admin_write_declared(request, text, error);
    admin_declared_unref(declared);
    return result;
}

// The element of this id, whichever list has it.
static uint32_t find_element(const struct json_doc *doc, const char *list, struct slice id)
{
    uint32_t all = json_get(doc, 0, list);
    for (uint32_t item = json_first_element(doc, all); item != JSON_NONE;
         item = json_next_element(doc, all, item))
        if (json_string_equals(doc, json_get(doc, item, "id"), id))
            return item;
    return JSON_NONE;
}

static int refuse(struct admin_request *request, const struct json_doc *doc, struct slice id,
                  struct error *error)
{
    static const char *const lists[] = {"servers", "policies", "grants"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct slice start = slice_of(request->route->path + 1, strlen(lists[i]));
        int64_t line = 0;
        if (!slice_equal_string(start, lists[i]))
            continue;
        uint32_t item = find_element(doc, lists[i], id);
        if (item == JSON_NONE)
            return 0;
        uint32_t source = json_get(doc, item, "source");
        struct slice file = json_string(doc, json_get(doc, source, "file"), &request->arena);
        if (json_integer(doc, json_get(doc, source, "line"), &line) != 0)
            line = 0;
        return admin_refuse(
            request, 403, "declared", ERROR_DENIED, error,
            "'%.*s' is declared in '%.*s', line %lld: change it there",
            SLICE_PRINT(slice_of(id.data + prefix.length, id.length - prefix.length)),
            SLICE_PRINT(file), (long long)line);
    }
    return 0;
}

int admin_find_server(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_declared *declared = NULL;
    struct store_server server = {.transport = STORE_HTTP};
    struct slice id = request->parameters[0];
    struct json_doc doc;
    if (!slice_starts_with(id, prefix))
        return store_get_server(view, request->who.organisation, id, &server, error);
    int result = find(request, view, &declared, error);
    if (result != 0)
        return result;
    bool there = false;
    json_doc_init(&doc);
    if (declared != NULL)
        result = json_scan(&doc, slice_of(declared->text, declared->length), NULL, error, NULL);
    if (declared != NULL && result == 0)
        there = find_element(&doc, "servers", id) != JSON_NONE;
    json_doc_release(&doc);
    admin_declared_unref(declared);
    return result != 0 || there ? result
                                : error_set(error, ERROR_NOT_FOUND, "there is no such server");
}

int admin_check_declared(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    struct admin_declared *declared = NULL;
    struct slice id = request->parameters[0];
    struct json_doc doc;
    if (!slice_starts_with(id, prefix) || request->route->declared)
        return 0;
    int result = find(request, view, &declared, error);
    if (result != 0 || declared == NULL)
        return result;
    json_doc_init(&doc);
    result = json_scan(&doc, slice_of(declared->text, declared->length), NULL, error, &(size_t){0});
    if (result == 0)
        result = refuse(request, &doc, id, error);
    json_doc_release(&doc);
    admin_declared_unref(declared);
    return result;
}
