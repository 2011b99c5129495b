// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The admin audit as it lies in a folder's database: a chain of rows for each organisation. Only
// reads, so a gateway may be using it.
#include "cli/audit_internal.h"

#include "store/walk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { PAGE = 200 };

struct reading {
    const struct audit_data_visitor *visitor;
    int result; // of the visitor
};

static int read_rows(struct reading *reading, struct store_view *view, struct slice organisation,
                     struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_AUDIT, organisation, PAGE);
    int result = 0;
    while (reading->result == 0 && store_walk_next(&walk, view, &result, error))
        reading->result = reading->visitor->row(reading->visitor->argument, walk.row);
    return result;
}

static int read_chain(struct reading *reading, struct store_view *view, const struct store_walk *at,
                      struct error *error)
{
    const struct audit_data_visitor *visitor = reading->visitor;
    const struct store_organisation *organisation = at->row;
    if (visitor->only != NULL && !slice_equal_string(organisation->name, visitor->only))
        return 0;
    reading->result = visitor->begin(visitor->argument, organisation);
    int result = reading->result == 0 ? read_rows(reading, view, at->id, error) : 0;
    if (result == 0 && reading->result == 0 && visitor->end != NULL)
        reading->result = visitor->end(visitor->argument);
    return result;
}

static int read_cb(void *argument, struct store_view *view, struct error *error)
{
    struct reading *reading = argument;
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    while (reading->result == 0 && store_walk_next(&walk, view, &result, error))
        result = read_chain(reading, view, &walk, error);
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
