// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From the files to one text: the files are put into it as they stand, so that whatever the gateway
// says about a line of it can be said about a line of the file.
#include "cli/moves_internal.h"

#include "base/memory.h"

#include <stdio.h>

const struct moves_list moves_lists[MOVES_LISTS] = {
    {.file = "servers.json",
     .member = "servers",
     .by = "name",
     .inner = "credentials",
     .inner_by = "name",
     .needed = true},
    {.file = "grants.json",
     .member = "grants",
     .by = "label",
     .inner = "servers",
     .inner_by = "server",
     .inner_always = true,
     .needed = true},
    {.file = "channels.json", .member = "channels", .by = "name"},
    {.file = "providers.json", .member = "providers", .by = "name"},
    {.file = "overrides.json",
     .member = "overrides",
     .by = "server",
     .inner = "tools",
     .inner_by = "tool"},
    {.file = "definitions.json",
     .member = "definitions",
     .by = "server",
     .inner = "tools",
     .inner_by = "tool",
     .large = true},
};

struct reading {
    struct folder folder, policies;
    struct moves_body *body;
    struct json_doc doc, notes;
    struct buffer notes_text;
    size_t total;
};

static int complain(const struct error *error)
{
    return cli_complain(CLI_USAGE, "%s", error->text);
}

// ---- Names of files

static bool ends_with(struct slice name, const char *end)
{
    size_t length = strlen(end);
    return name.length > length && memcmp(name.data + name.length - length, end, length) == 0;
}

static bool read_number(struct slice digits, int64_t *ret)
{
    *ret = 0;
    if (digits.length == 0 || digits.length > 9 || digits.data[0] == '0')
        return false;
    for (size_t i = 0; i < digits.length; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        *ret = *ret * 10 + (digits.data[i] - '0');
    }
    return true;
}

bool moves_file_name(const char *name, struct moves_file_name *ret, bool *ret_odd)
{
    struct slice text = slice_from_string(name);
    *ret_odd = *name != '.' && ends_with(text, ".json") && !ends_with(text, ".cases.json");
    if (!*ret_odd)
        return false;
    text.length -= 5;
    const char *at = memchr(text.data, '@', text.length);
    struct slice number = {0};
    ret->number = 0;
    if (at != NULL) {
        number = slice_of(at + 1, (size_t)(text.data + text.length - at) - 1);
        text.length = (size_t)(at - text.data);
        if (!read_number(number, &ret->number))
            return false;
    }
    ret->policy = text;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return text.length > 0 && text.length <= 64;
}

// ---- Single files

// Read and known to be JSON, so that it stays one value wherever it is put.
static int read_json(struct reading *reading, const struct folder *folder, const char *name,
                     size_t most, struct json_doc *doc, struct buffer *out)
{
    struct error error = {0};
    if (folder_read(folder, name, most, out, &error) != 0)
        return complain(&error);
    if (json_scan(doc, buffer_slice(out), NULL, &error, NULL) != 0)
        return cli_complain(CLI_USAGE, "%s/%s:%s", folder->path, name, error.text);
    reading->total += out->length;
    if (reading->total > MOVES_ALL_MAX)
        return cli_complain(CLI_USAGE, "'%s': all files together are larger than %d MiB",
                            reading->folder.path, MOVES_ALL_MAX / 1024 / 1024);
    return CLI_OK;
}

static uint32_t lines_of(const struct buffer *text)
{
    struct slice all = buffer_slice(text);
    uint32_t lines = 1;
    for (size_t i = 0; i < all.length; i++)
        lines += all.data[i] == '\n';
    return lines;
}

static int add_list(struct reading *reading, const struct moves_list *list, uint32_t *ret_line)
{
    const char *name = list->file;
    struct moves_body *body = reading->body;
    struct buffer text;
    buffer_init(&text, 0);
    int exit_code = read_json(reading, &reading->folder, name,
                              list->large ? MOVES_ALL_MAX : MOVES_FILE_MAX, &reading->doc, &text);
    if (exit_code == CLI_OK && json_type(&reading->doc, 0) != JSON_ARRAY)
        exit_code =
            cli_complain(CLI_USAGE, "%s/%s:1:1: must be an array, and is %s", reading->folder.path,
                         name, json_type_name(json_type(&reading->doc, 0)));
    if (exit_code == CLI_OK) {
        buffer_append_format(&body->text, ",\"%s\":\n", list->member);
        *ret_line = lines_of(&body->text);
        buffer_append(&body->text, buffer_slice(&text));
        buffer_append_string(&body->text, "\n");
    }
    buffer_release(&text);
    return exit_code;
}

// ---- Policies

// {"NAME": "NOTE"}; the file may be missing.
static int read_notes(struct reading *reading)
{
    if (!folder_has(&reading->folder, "policies.json"))
        return CLI_OK;
    int exit_code = read_json(reading, &reading->folder, "policies.json", MOVES_FILE_MAX,
                              &reading->notes, &reading->notes_text);
    if (exit_code != CLI_OK)
        return exit_code;
    bool good = json_type(&reading->notes, 0) == JSON_OBJECT;
    for (uint32_t key = good ? json_first_key(&reading->notes, 0) : JSON_NONE; key != JSON_NONE;
         key = json_next_key(&reading->notes, 0, key))
        good = good && json_type(&reading->notes, key + 1) == JSON_STRING;
    return good ? CLI_OK
                : cli_complain(CLI_USAGE,
                               "%s/policies.json:1:1: must be an object of notes: {\"NAME\": "
                               "\"NOTE\"}",
                               reading->folder.path);
}

// `first`: of the versions; NULL: the file is the newest, which has no number.
static int add_document(struct reading *reading, const char *file, bool *first)
{
    struct moves_body *body = reading->body;
    struct moves_file_name name;
    struct buffer text;
    bool odd = false;
    if (!moves_file_name(file, &name, &odd))
        return CLI_FAILED;
    buffer_init(&text, 0);
    int exit_code =
        read_json(reading, &reading->policies, file, MOVES_FILE_MAX, &reading->doc, &text);
    if (exit_code == CLI_OK && first != NULL) {
        buffer_append_format(&body->text, "%s{\"number\":%lld,\"document\":", *first ? "" : ",",
                             (long long)name.number);
        json_write_string(&body->text, buffer_slice(&text));
        buffer_append_string(&body->text, "}");
        *first = false;
    } else if (exit_code == CLI_OK) {
        buffer_append_string(&body->text, "\"document\":");
        json_write_string(&body->text, buffer_slice(&text));
    }
    buffer_release(&text);
    return exit_code;
}

// Versions in order of their numbers, for which "@9" comes before "@10".
static int add_versions(struct reading *reading, char **names, size_t count, struct slice policy)
{
    bool first = true;
    int exit_code = CLI_OK;
    for (int64_t last = 0; exit_code == CLI_OK;) {
        const char *next = NULL;
        int64_t least = INT64_MAX;
        for (size_t i = 0; i < count; i++) {
            struct moves_file_name name;
            bool odd = false;
            if (moves_file_name(names[i], &name, &odd) && slice_equal(name.policy, policy) &&
                name.number > last && name.number < least) {
                least = name.number;
                next = names[i];
            }
        }
        if (next == NULL)
            break;
        exit_code = add_document(reading, next, &first);
        last = least;
    }
    return exit_code;
}

static int add_policy(struct reading *reading, char **names, size_t count, const char *file,
                      struct slice policy)
{
    struct moves_body *body = reading->body;
    struct moves_listed *listed = &body->policies[body->policy_count];
    buffer_append_string(&body->text, body->policy_count == 0 ? "\n" : ",\n");
    body->policy_count++;
    listed->line = body->policies_line + (uint32_t)body->policy_count;
    snprintf(listed->name, sizeof listed->name, "%.*s", SLICE_PRINT(policy));
    buffer_append_string(&body->text, "{\"name\":");
    json_write_string(&body->text, policy);
    uint32_t note =
        reading->notes.text.data == NULL ? JSON_NONE : json_get_slice(&reading->notes, 0, policy);
    buffer_append_string(&body->text, ",\"note\":");
    buffer_append(&body->text,
                  note == JSON_NONE ? SLICE_LITERAL("\"\"") : json_raw(&reading->notes, note));
    buffer_append_string(&body->text, ",");
    int exit_code = add_document(reading, file, NULL);
    buffer_append_string(&body->text, ",\"versions\":[");
    if (exit_code == CLI_OK)
        exit_code = add_versions(reading, names, count, policy);
    buffer_append_string(&body->text, "]}");
    return exit_code;
}

static int check_names(struct reading *reading, char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct moves_file_name name;
        bool odd = false, found = false;
        if (!moves_file_name(names[i], &name, &odd)) {
            if (odd)
                return cli_complain(CLI_USAGE,
                                    "'%s/%s' is no name of a policy: NAME.json or NAME@NUMBER.json "
                                    "with letters, digits, - and _",
                                    reading->policies.path, names[i]);
            continue;
        }
        for (size_t k = 0; k < count && !found; k++) {
            struct moves_file_name other;
            found = moves_file_name(names[k], &other, &odd) && other.number == 0 &&
                    slice_equal(other.policy, name.policy);
        }
        if (!found)
            return cli_complain(CLI_USAGE,
                                "'%s/%s' has no '%.*s.json', the newest version, beside it",
                                reading->policies.path, names[i], SLICE_PRINT(name.policy));
    }
    return CLI_OK;
}

// A note for a policy that is not there is a mistake of somebody's.
static int check_notes(struct reading *reading)
{
    const struct json_doc *notes = &reading->notes;
    for (uint32_t key = notes->text.data == NULL ? JSON_NONE : json_first_key(notes, 0);
         key != JSON_NONE; key = json_next_key(notes, 0, key)) {
        bool found = false;
        for (size_t i = 0; i < reading->body->policy_count && !found; i++)
            found =
                json_string_equals(notes, key, slice_from_string(reading->body->policies[i].name));
        struct json_position at = json_position(notes->text, json_at(notes, key)->start);
        if (!found)
            return cli_complain(CLI_USAGE, "%s/policies.json:%u:%u: there is no such policy",
                                reading->folder.path, at.line, at.column);
    }
    return CLI_OK;
}

static int add_policies(struct reading *reading)
{
    struct moves_body *body = reading->body;
    struct error error = {0};
    char **names = NULL;
    size_t count = 0;
    int result = folder_open_in(&reading->folder, "policies", false, &reading->policies, &error);
    if (result != 0)
        return result == ERROR_NOT_FOUND ? CLI_OK : complain(&error);
    if (folder_names(&reading->policies, &names, &count, &error) != 0)
        return complain(&error);
    int exit_code = check_names(reading, names, count);
    body->policies = memory_try_new((count + 1) * sizeof *body->policies);
    if (body->policies == NULL)
        exit_code = cli_complain(CLI_FAILED, "out of memory");
    for (size_t i = 0; i < count && exit_code == CLI_OK && body->policies != NULL; i++) {
        struct moves_file_name name;
        bool odd = false;
        if (moves_file_name(names[i], &name, &odd) && name.number == 0)
            exit_code = add_policy(reading, names, count, names[i], name.policy);
    }
    folder_free_names(names, count);
    return exit_code;
}

// ---- All of them

static int read_all(struct reading *reading, const char *note, bool prune)
{
    struct moves_body *body = reading->body;
    buffer_append_format(&body->text, "{\"prune\":%s", prune ? "true" : "false");
    if (note != NULL) {
        buffer_append_string(&body->text, ",\"note\":");
        json_write_string(&body->text, slice_from_string(note));
    }
    int exit_code = read_notes(reading);
    for (size_t i = 0; i < MOVES_LISTS && exit_code == CLI_OK; i++)
        if (moves_lists[i].needed || folder_has(&reading->folder, moves_lists[i].file))
            exit_code = add_list(reading, &moves_lists[i], &body->lines[i]);
    buffer_append_string(&body->text, ",\"policies\":[");
    body->policies_line = lines_of(&body->text);
    if (exit_code == CLI_OK)
        exit_code = add_policies(reading);
    if (exit_code == CLI_OK)
        exit_code = check_notes(reading);
    buffer_append_string(&body->text, "]");
    return body->text.failed ? cli_complain(CLI_FAILED, "out of memory") : exit_code;
}

int moves_read(const char *path, const char *note, bool prune, struct moves_body *ret)
{
    struct reading reading = {.body = ret, .policies.fd = -1};
    struct error error = {0};
    *ret = (struct moves_body){.policies = NULL};
    buffer_init(&ret->text, 0);
    buffer_init(&reading.notes_text, 0);
    json_doc_init(&reading.doc);
    json_doc_init(&reading.notes);
    int exit_code = folder_open(path, false, &reading.folder, &error) == 0
                        ? read_all(&reading, note, prune)
                        : complain(&error);
    folder_close(&reading.folder);
    folder_close(&reading.policies);
    json_doc_release(&reading.doc);
    json_doc_release(&reading.notes);
    buffer_release(&reading.notes_text);
    return exit_code;
}

void moves_body_release(struct moves_body *body)
{
    buffer_release(&body->text);
    memory_free(body->policies);
}
