// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Former files of a log, which lie beside it: "<log>.<something>" or "<log>-<something>".
#include "audit/audit_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t audit_newest_row(const char *path, struct chain_hasher *hasher)
{
    struct audit_tail tail = {0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        audit_tail_read(fd, status.st_size, hasher, &tail) != 0)
        tail.state.rows = 0;
    close(fd);
    return tail.state.rows;
}

// The folder with its slash, and the name, of a path.
static const char *split_path(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    size_t kept = length < PATH_MAX ? length : 0; // longer ones could not be opened either
    memcpy(folder, path, kept);
    folder[kept] = '\0';
    return path + length;
}

void audit_each_beside(const char *log, audit_beside_cb visit, void *argument)
{
    char folder[PATH_MAX], path[PATH_MAX];
    const char *name = split_path(log, folder);
    size_t length = strlen(name);
    DIR *entries = opendir(folder[0] == '\0' ? "." : folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, name, length) == 0 &&
            snprintf(path, sizeof path, "%s%s", folder, entry->d_name) < PATH_MAX)
            visit(argument, path, entry->d_name + length);
    if (entries != NULL)
        closedir(entries);
}

struct newest {
    struct chain_hasher *hasher;
    uint64_t row;
    char *path; // of PATH_MAX
};

static void look_for_newest(void *argument, const char *path, const char *rest)
{
    struct newest *newest = argument;
    if (*rest != '.' && *rest != '-')
        return;
    uint64_t row = audit_newest_row(path, newest->hasher);
    if (row <= newest->row)
        return;
    newest->row = row;
    snprintf(newest->path, PATH_MAX, "%s", path);
}

bool audit_newest_segment(const char *path, struct chain_hasher *hasher, char ret[PATH_MAX])
{
    struct newest newest = {.hasher = hasher, .path = ret};
    audit_each_beside(path, look_for_newest, &newest);
    return newest.row > 0;
}

// ---- Those that the log was cut into

bool audit_segment_name(const char *path, const struct audit_segment *segment, char ret[PATH_MAX])
{
    return snprintf(ret, PATH_MAX, "%s.%0*" PRIu64, path, AUDIT_SEGMENT_DIGITS, segment->last) <
           PATH_MAX;
}

static bool parse_last(const char *digits, uint64_t *ret)
{
    uint64_t value = 0;
    size_t length = strlen(digits);
    if (length < AUDIT_SEGMENT_DIGITS || length > 19 ||
        (length > AUDIT_SEGMENT_DIGITS && *digits == '0') || strspn(digits, "0123456789") != length)
        return false;
    for (; *digits != '\0'; digits++)
        value = value * 10 + (uint64_t)(*digits - '0');
    *ret = value;
    return value > 0;
}

static int compare(const void *a, const void *b)
{
    const struct audit_segment *first = a, *second = b;
    return first->last < second->last ? -1 : first->last > second->last;
}

// Where the newest of the list is, if it is full: the oldest ones are wanted.
static struct audit_segment *place_for(struct audit_segment *list, size_t count, uint64_t last)
{
    size_t newest = 0;
    if (count < AUDIT_SEGMENTS_MAX)
        return &list[count];
    for (size_t i = 1; i < count; i++)
        if (list[i].last > list[newest].last)
            newest = i;
    return last < list[newest].last ? &list[newest] : NULL;
}

struct listing {
    struct audit_segment *list;
    size_t count;
};

static void add_segment(void *argument, const char *path, const char *rest)
{
    struct listing *listing = argument;
    struct audit_segment found = {0};
    struct stat status;
    if (*rest != '.' || !parse_last(rest + 1, &found.last) || lstat(path, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return;
    found.bytes = (uint64_t)status.st_size;
    found.changed_ms = (int64_t)status.st_mtime * 1000;
    struct audit_segment *place = place_for(listing->list, listing->count, found.last);
    if (place != NULL)
        *place = found;
    listing->count += listing->count < AUDIT_SEGMENTS_MAX;
}

size_t audit_list_segments(const char *path, struct audit_segment ret[AUDIT_SEGMENTS_MAX])
{
    struct listing listing = {.list = ret};
    audit_each_beside(path, add_segment, &listing);
    qsort(ret, listing.count, sizeof *ret, compare);
    return listing.count;
}
