// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The files of the log: the one that is being written and what it was cut into, by whomever.
#include "audit/audit.h"
#include "base/memory.h"
#include "decisions/decisions_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Where the first row is looked for: behind lines that were written without a chain it comes late.
enum { GLANCE = 4096, LOOK = 1024 * 1024, FILES_MAX = 65536 };

bool log_file_read(int fd, char *bytes, size_t size, int64_t at)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = pread(fd, bytes + done, size - done, (off_t)at + (off_t)done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

// The first line that is a row.
static bool find_head(struct slice bytes, struct chain_row *ret)
{
    const char *at = bytes.data, *end = at + bytes.length, *feed;
    for (; at < end && (feed = memchr(at, '\n', (size_t)(end - at))) != NULL; at = feed + 1)
        if (chain_parse(slice_of(at, (size_t)(feed - at)), ret))
            return true;
    return false;
}

static bool look_for_head(int fd, int64_t size, size_t most, struct log_file *file)
{
    size_t length = size < (int64_t)most ? (size_t)size : most;
    char *bytes = memory_try_new(length);
    struct chain_row row;
    bool found = bytes != NULL && log_file_read(fd, bytes, length, 0) &&
                 find_head(slice_of(bytes, length), &row) && row.number <= INT64_MAX;
    if (found) {
        memcpy(file->head, row.link, sizeof file->head);
        file->rows_before = (int64_t)row.number - 1;
    }
    memory_free(bytes);
    return found;
}

static bool read_file(int fd, struct log_file *file)
{
    struct stat status;
    char first = 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return false;
    file->inode = (int64_t)status.st_ino;
    file->size = status.st_size;
    if (!log_file_read(fd, &first, 1, 0) || first != '{')
        return false;
    return look_for_head(fd, file->size, GLANCE, file) ||
           (file->size > GLANCE && look_for_head(fd, file->size, LOOK, file));
}

static bool make_room(struct log_files *files)
{
    if (files->count < files->capacity)
        return true;
    size_t capacity = files->capacity == 0 ? 16 : 2 * files->capacity;
    struct log_file *items =
        capacity > FILES_MAX ? NULL : memory_try_resize(files->items, capacity * sizeof *items);
    files->failed = files->failed || items == NULL;
    if (items == NULL)
        return false;
    files->items = items;
    files->capacity = capacity;
    return true;
}

static void add_file(void *argument, const char *path, const char *rest)
{
    struct log_files *files = argument;
    struct log_file file = {0};
    if ((*rest != '\0' && *rest != '.' && *rest != '-') || !make_room(files))
        return;
    int fd = open_file(path);
    files->failed = files->failed || (fd < 0 && errno != ENOENT);
    if (fd < 0)
        return;
    if (read_file(fd, &file)) {
        const char *slash = strrchr(path, '/');
        file.path = memory_copy_string(path, strlen(path));
        file.name = file.path + (slash == NULL ? 0 : slash + 1 - path);
        files->items[files->count++] = file;
    }
    close(fd);
}

// Of two that begin with the same row the longer one counts: the other is a copy.
static int compare(const void *a, const void *b)
{
    const struct log_file *first = a, *second = b;
    if (first->rows_before != second->rows_before)
        return first->rows_before < second->rows_before ? -1 : 1;
    return first->size > second->size ? -1 : first->size < second->size;
}

void log_files_list(const char *log, struct log_files *ret)
{
    size_t kept = 0;
    *ret = (struct log_files){0};
    audit_each_beside(log, add_file, ret);
    if (ret->count > 0)
        qsort(ret->items, ret->count, sizeof *ret->items, compare);
    for (size_t i = 0; i < ret->count; i++) {
        if (kept > 0 && ret->items[kept - 1].rows_before == ret->items[i].rows_before)
            memory_free(ret->items[i].path);
        else
            ret->items[kept++] = ret->items[i];
    }
    ret->count = kept;
}

void log_files_release(struct log_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        memory_free(files->items[i].path);
    memory_free(files->items);
    *files = (struct log_files){0};
}

// ---- Finding one again, which may have been renamed since

struct search {
    int64_t inode;
    int fd;
};

static bool is_file(int fd, int64_t inode)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && (int64_t)status.st_ino == inode;
}

static void look_for_file(void *argument, const char *path, const char *rest)
{
    struct search *search = argument;
    struct stat status;
    (void)rest;
    if (search->fd >= 0 || stat(path, &status) != 0 || (int64_t)status.st_ino != search->inode)
        return;
    search->fd = open_file(path);
}

int log_file_open(const char *log, struct slice name, int64_t inode)
{
    char path[PATH_MAX];
    const char *slash = strrchr(log, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - log);
    if (folder + name.length < sizeof path) {
        memcpy(path, log, folder);
        memcpy(path + folder, name.data, name.length);
        path[folder + name.length] = '\0';
        int fd = open_file(path);
        if (is_file(fd, inode))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    struct search search = {inode, -1};
    audit_each_beside(log, look_for_file, &search);
    if (search.fd >= 0 && !is_file(search.fd, inode)) {
        close(search.fd);
        return -1;
    }
    return search.fd;
}
