// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Former files of a log, which lie beside it: "<log>.<something>" or "<log>-<something>".
#include "audit/audit_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t newest_row(const char *path, struct chain_hasher *hasher)
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

bool audit_newest_segment(const char *path, struct chain_hasher *hasher, char ret[PATH_MAX])
{
    char folder[PATH_MAX], other[PATH_MAX];
    const char *name = split_path(path, folder);
    size_t length = strlen(name);
    uint64_t newest = 0;
    DIR *entries = opendir(folder[0] == '\0' ? "." : folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) != 0 || (*rest != '.' && *rest != '-') ||
            snprintf(other, sizeof other, "%s%s", folder, entry->d_name) >= PATH_MAX)
            continue;
        uint64_t row = newest_row(other, hasher);
        if (row > newest) {
            newest = row;
            memcpy(ret, other, sizeof other);
        }
    }
    if (entries != NULL)
        closedir(entries);
    return newest > 0;
}
