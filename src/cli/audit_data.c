// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The admin audit as it lies in a folder's database: a chain of rows for each organisation. Only
// reads, so a gateway may be using it.
#include "cli/audit_internal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { PAGE = 200, ID_SIZE = 128 };

struct reading {
    const struct audit_data_visitor *visitor;
    int result; // of the visitor
};

static void copy(char to[ID_SIZE], struct slice from)
{
    snprintf(to, ID_SIZE, "%.*s", from.length < ID_SIZE ? (int)from.length : ID_SIZE - 1,
             from.length == 0 ? "" : from.data);
}

// What was read of a page is let go of before the next.
static int read_rows(struct reading *reading, struct store_view *view, const char *organisation,
                     struct error *error)
{
    char after[ID_SIZE] = "";
    for (bool more = true; more && reading->result == 0;) {
        const struct store_page page = {.after = slice_from_string(after), .limit = PAGE};
        const struct store_audit *rows = NULL;
        size_t count = 0;
        int result = store_list_audit(view, slice_from_string(organisation), slice_of("", 0), &page,
                                      &rows, &count, &more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count && reading->result == 0; i++)
            reading->result = reading->visitor->row(reading->visitor->argument, &rows[i]);
        if (count > 0)
            copy(after, rows[count - 1].head.id);
        store_forget(view);
    }
    return 0;
}

static int read_chain(struct reading *reading, struct store_view *view,
                      const struct store_organisation *organisation, struct error *error)
{
    const struct audit_data_visitor *visitor = reading->visitor;
    char id[ID_SIZE];
    copy(id, organisation->head.id);
    if (visitor->only != NULL && !slice_equal_string(organisation->name, visitor->only))
        return 0;
    reading->result = visitor->begin(visitor->argument, organisation);
    int result = reading->result == 0 ? read_rows(reading, view, id, error) : 0;
    if (result == 0 && reading->result == 0 && visitor->end != NULL)
        reading->result = visitor->end(visitor->argument);
    return result;
}

static int read_cb(void *argument, struct store_view *view, struct error *error)
{
    struct reading *reading = argument;
    const struct slice none = {0};
    char last[ID_SIZE] = "";
    int result = 0;
    for (bool more = true; more && result == 0 && reading->result == 0;) {
        const struct store_page page = {.after = slice_from_string(last), .limit = 1};
        const struct store_organisation *found = NULL;
        size_t count = 0;
        result = store_list_organisation(view, none, none, &page, &found, &count, &more, error);
        if (result != 0 || count == 0)
            break;
        copy(last, found->head.id);
        result = read_chain(reading, view, found, error);
    }
    return result;
}

int audit_data_read(const char *folder, const struct audit_data_visitor *visitor)
{
    char path[PATH_MAX];
    struct error error = {0};
    struct reading reading = {.visitor = visitor};
    snprintf(path, sizeof path, "%s/control.db", folder);
    int result = store_peek(path, read_cb, &reading, &error);
    if (result != 0)
        return cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error.text);
    return reading.result == ERROR_NO_MEMORY ? cli_complain(CLI_FAILED, "out of memory") : CLI_OK;
}

bool audit_data_in_use(const char *folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool in_use = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    return in_use;
}

int audit_data_logs(const char *folder, glob_t *ret)
{
    static const char name[] = "/decisions.jsonl*";
    struct buffer pattern;
    buffer_init(&pattern, 0);
    for (const char *at = folder; *at != '\0'; at++) { // the folder's name is no pattern
        if (strchr("*?[]\\", *at) != NULL)
            buffer_append_string(&pattern, "\\");
        buffer_append(&pattern, slice_of(at, 1));
    }
    buffer_append(&pattern, slice_of(name, sizeof name));
    int result = pattern.failed ? GLOB_NOSPACE : glob(buffer_slice(&pattern).data, 0, NULL, ret);
    buffer_release(&pattern);
    if (result == GLOB_NOMATCH)
        *ret = (glob_t){0};
    return result == 0 || result == GLOB_NOMATCH
               ? CLI_OK
               : cli_complain(CLI_USAGE, "cannot read the folder '%s'", folder);
}
