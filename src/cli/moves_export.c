// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport export`: an organisation as files that people and version control can read. The same
// organisation gives the same bytes, wherever it is.
#include "cli/moves_internal.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { FORCE = REMOTE_FLAGS, EXPORT_FLAGS };
enum { ITEMS_MAX = 200000, TEXT_MEMORY = 64 * 1024 * 1024 };

struct export
{
    struct remote *remote;
    struct folder folder, policies;
    struct arena arena; // of texts that are sorted by
    size_t written;
};

// ---- Sorted and without what says nothing

struct sorted_item {
    struct slice key, text;
    uint32_t node;
};

static int compare_texts(struct slice first, struct slice second)
{
    size_t shared = first.length < second.length ? first.length : second.length;
    int order = shared == 0 ? 0 : memcmp(first.data, second.data, shared);
    return order != 0 ? order : (first.length > second.length) - (first.length < second.length);
}

// Of the same key, as several definitions of a tool are, by all that they say.
static int by_key(const void *a, const void *b)
{
    const struct sorted_item *first = a, *second = b;
    int order = compare_texts(first->key, second->key);
    return order != 0 ? order : compare_texts(first->text, second->text);
}

// The elements of an array in order of one of their members; NULL: out of memory, or too many.
static struct sorted_item *sort_items(struct export *export, uint32_t array, const char *member,
                                      size_t *ret_count)
{
    const struct json_doc *doc = &export->remote->doc;
    size_t count = array == JSON_NONE ? 0 : json_at(doc, array)->count, i = 0;
    struct sorted_item *items =
        count > ITEMS_MAX ? NULL : memory_try_new((count + 1) * sizeof *items);
    if (items == NULL)
        return NULL;
    for (uint32_t item = count == 0 ? JSON_NONE : json_first_element(doc, array); item != JSON_NONE;
         item = json_next_element(doc, array, item)) {
        uint32_t key = json_get(doc, item, member);
        items[i].node = item;
        items[i].text = json_raw(doc, item);
        items[i].key =
            key == JSON_NONE ? (struct slice){"", 0} : json_string(doc, key, &export->arena);
        if (items[i++].key.data == NULL) {
            memory_free(items);
            return NULL;
        }
    }
    qsort(items, count, sizeof *items, by_key);
    *ret_count = count;
    return items;
}

static bool says_nothing(const struct json_doc *doc, uint32_t value)
{
    switch (json_type(doc, value)) {
    case JSON_NULL:
    case JSON_FALSE: return true;
    case JSON_STRING: return json_at(doc, value)->length == 2;
    case JSON_ARRAY:
    case JSON_OBJECT: return json_at(doc, value)->count == 0;
    default: return false;
    }
}

static bool write_sorted(struct export *export, struct buffer *out, uint32_t array,
                         const char *member, const char *inner, const char *inner_member,
                         bool always);

// A record: its list `inner` sorted, its members as they come. `always`: the inner list also when
// it is empty.
static bool write_record(struct export *export, struct buffer *out, uint32_t record,
                         const char *inner, const char *inner_member, bool always)
{
    const struct json_doc *doc = &export->remote->doc;
    bool first = true, good = true;
    buffer_append_string(out, "{");
    for (uint32_t key = json_first_key(doc, record); key != JSON_NONE;
         key = json_next_key(doc, record, key)) {
        bool list = inner != NULL && json_string_equals(doc, key, slice_from_string(inner));
        bool null = inner == NULL && json_type(doc, key + 1) == JSON_NULL;
        if (says_nothing(doc, key + 1) && !null && !(list && always))
            continue;
        buffer_append_string(out, first ? "" : ",");
        buffer_append(out, json_raw(doc, key));
        buffer_append_string(out, ":");
        if (list)
            good = good && write_sorted(export, out, key + 1, inner_member, NULL, NULL, false);
        else
            buffer_append(out, json_raw(doc, key + 1));
        first = false;
    }
    buffer_append_string(out, "}");
    return good;
}

static bool write_sorted(struct export *export, struct buffer *out, uint32_t array,
                         const char *member, const char *inner, const char *inner_member,
                         bool always)
{
    size_t count = 0;
    struct sorted_item *items = sort_items(export, array, member, &count);
    bool good = items != NULL;
    buffer_append_string(out, "[");
    for (size_t i = 0; i < count && good; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        good = write_record(export, out, items[i].node, inner, inner_member, always);
    }
    buffer_append_string(out, "]");
    memory_free(items);
    return good && !out->failed;
}

// ---- Files

static int write_file(struct export *export, const struct folder *folder, const char *name,
                      struct slice bytes)
{
    struct error error = {0};
    if (folder_write(folder, name, bytes, &error) != 0)
        return cli_complain(CLI_FAILED, "%s", error.text);
    export->written++;
    return CLI_OK;
}

// The compact text of a list, made readable.
static int write_pretty(struct export *export, const char *name, struct slice text)
{
    struct json_doc doc;
    struct buffer out;
    json_doc_init(&doc);
    buffer_init(&out, 0);
    int result = json_scan(&doc, text, NULL, NULL, NULL);
    if (result == 0) {
        moves_format(&out, &doc, 0, 0);
        buffer_append_string(&out, "\n");
    }
    int exit_code = result != 0 || out.failed
                        ? cli_complain(CLI_FAILED, "'%s' cannot be made: %s", name,
                                       error_text(result != 0 ? result : ERROR_NO_MEMORY))
                        : write_file(export, &export->folder, name, buffer_slice(&out));
    buffer_release(&out);
    json_doc_release(&doc);
    return exit_code;
}

static int write_list(struct export *export, const struct moves_list *list)
{
    struct buffer out;
    buffer_init(&out, 0);
    bool good = write_sorted(export, &out, json_get(&export->remote->doc, 0, list->member),
                             list->by, list->inner, list->inner_by, list->inner_always);
    int exit_code = good ? write_pretty(export, list->file, buffer_slice(&out))
                         : cli_complain(CLI_FAILED, "out of memory");
    buffer_release(&out);
    return exit_code;
}

// ---- Policies

// Names that the gateway gives become names of files only when they are ours.
static bool file_name(char text[128], struct slice policy, int64_t number)
{
    struct moves_file_name parsed;
    bool odd = false;
    if (policy.length == 0 || policy.length > 64)
        return false;
    if (number == 0)
        snprintf(text, 128, "%.*s.json", SLICE_PRINT(policy));
    else
        snprintf(text, 128, "%.*s@%lld.json", SLICE_PRINT(policy), (long long)number);
    return moves_file_name(text, &parsed, &odd) && slice_equal(parsed.policy, policy) &&
           parsed.number == number;
}

static int write_document(struct export *export, struct slice policy, int64_t number,
                          uint32_t holder)
{
    const struct json_doc *doc = &export->remote->doc;
    uint32_t node = json_get(doc, holder, "document");
    struct arena arena;
    char name[128];
    if (!file_name(name, policy, number) || node == JSON_NONE ||
        json_type(doc, node) != JSON_STRING)
        return cli_complain(CLI_FAILED, "the gateway names a policy in a way that is no file's");
    arena_init(&arena, TEXT_MEMORY);
    struct slice text = json_string(doc, node, &arena);
    int exit_code = text.data == NULL ? cli_complain(CLI_FAILED, "out of memory")
                                      : write_file(export, &export->policies, name, text);
    arena_release(&arena);
    return exit_code;
}

static int write_policy(struct export *export, struct slice name, uint32_t record)
{
    const struct json_doc *doc = &export->remote->doc;
    int exit_code = write_document(export, name, 0, record);
    uint32_t versions = json_get(doc, record, "versions");
    for (uint32_t item = versions == JSON_NONE ? JSON_NONE : json_first_element(doc, versions);
         item != JSON_NONE && exit_code == CLI_OK; item = json_next_element(doc, versions, item)) {
        int64_t number = 0;
        uint32_t node = json_get(doc, item, "number");
        if (node == JSON_NONE || json_integer(doc, node, &number) != 0 || number < 1)
            return cli_complain(CLI_FAILED, "a version of a policy has no number");
        exit_code = write_document(export, name, number, item);
    }
    return exit_code;
}

static int write_policies(struct export *export)
{
    const struct json_doc *doc = &export->remote->doc;
    struct buffer notes;
    size_t count = 0;
    bool any = false;
    struct sorted_item *items = sort_items(export, json_get(doc, 0, "policies"), "name", &count);
    int exit_code = items == NULL ? cli_complain(CLI_FAILED, "out of memory") : CLI_OK;
    buffer_init(&notes, 0);
    buffer_append_string(&notes, "{");
    for (size_t i = 0; i < count && exit_code == CLI_OK; i++) {
        uint32_t note = json_get(doc, items[i].node, "note");
        exit_code = write_policy(export, items[i].key, items[i].node);
        if (note == JSON_NONE || says_nothing(doc, note))
            continue;
        buffer_append_string(&notes, any ? "," : "");
        json_write_string(&notes, items[i].key);
        buffer_append_string(&notes, ":");
        buffer_append(&notes, json_raw(doc, note));
        any = true;
    }
    buffer_append_string(&notes, "}");
    if (exit_code == CLI_OK && any)
        exit_code = write_pretty(export, "policies.json", buffer_slice(&notes));
    buffer_release(&notes);
    memory_free(items);
    return exit_code;
}

// ---- Files of an earlier export

// Files that an export makes; `act` false only looks.
static int clear_away(struct export *export, bool act, bool *ret_any)
{
    static const char notes[] = "policies.json";
    struct error error = {0};
    char **names = NULL;
    size_t count = 0;
    int result = 0;
    *ret_any = *ret_any || folder_has(&export->folder, notes);
    for (size_t i = 0; i < MOVES_LISTS; i++) // which are replaced
        *ret_any = *ret_any || folder_has(&export->folder, moves_lists[i].file);
    if (act && folder_has(&export->folder, notes))
        result = folder_remove(&export->folder, notes, &error);
    if (result == 0)
        result = folder_names(&export->policies, &names, &count, &error);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct moves_file_name name;
        bool odd = false;
        if (!moves_file_name(names[i], &name, &odd))
            continue;
        *ret_any = true;
        if (act)
            result = folder_remove(&export->policies, names[i], &error);
    }
    folder_free_names(names, count);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}

static int open_folders(struct export *export, const char *path)
{
    struct error error = {0};
    int result = folder_open(path, true, &export->folder, &error);
    if (result == 0)
        result = folder_open_in(&export->folder, "policies", true, &export->policies, &error);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}

static int write_all(struct export *export, const char *path, bool force)
{
    bool any = false;
    int exit_code = open_folders(export, path);
    if (exit_code == CLI_OK)
        exit_code = clear_away(export, false, &any);
    if (exit_code == CLI_OK && any && !force)
        return cli_complain(CLI_FAILED, "'%s' has such files already; --force replaces them", path);
    if (exit_code == CLI_OK)
        exit_code = clear_away(export, true, &any);
    if (exit_code == CLI_OK)
        exit_code = write_policies(export);
    for (size_t i = 0; i < MOVES_LISTS && exit_code == CLI_OK; i++)
        exit_code = write_list(export, &moves_lists[i]);
    return exit_code;
}

int cli_export(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[EXPORT_FLAGS] = {
        REMOTE_FLAG_ROWS, [FORCE] = {"force", NULL, "replace the files of an earlier export"}};
    static const struct cli_usage usage = {
        .command = "export",
        .operands = "DIR",
        .text =
            "Writes the organisation's servers, policies, grants, channels, identity providers\n"
            "and what was decided about tools as files, which 'sallyport apply' takes. There is\n"
            "no secret in them: credentials are named only.\n",
        .flags = flags,
        .flag_count = EXPORT_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct export export = {.remote = &remote, .folder.fd = -1, .policies.fd = -1};
    arena_init(&export.arena, TEXT_MEMORY);
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = remote_call(&remote, "GET", SLICE_LITERAL("/export"), (struct slice){0}, NULL);
    if (exit_code == CLI_OK)
        exit_code = write_all(&export, arguments.operands[0], arguments.values[FORCE] != NULL);
    if (exit_code == CLI_OK && remote.json)
        printf("{\"files\":%zu}\n", export.written);
    else if (exit_code == CLI_OK)
        printf("%zu files in %s\n", export.written, arguments.operands[0]);
    folder_close(&export.policies);
    folder_close(&export.folder);
    arena_release(&export.arena);
    remote_close(&remote);
    return exit_code;
}
