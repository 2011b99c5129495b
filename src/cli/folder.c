// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Files of a folder that somebody else may have filled, a repository for example: opened relative
// to it, without following links, and only ordinary files.
#include "cli/moves_internal.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 20000 };

static int failed(const struct folder *folder, const char *name, struct error *error)
{
    int code = errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
    const char *why =
        errno == ELOOP ? "it is a link, and links are not followed here" : strerror(errno);
    return error_set(error, code, "'%s%s%s': %s", folder->path, *name == '\0' ? "" : "/", name,
                     why);
}

int folder_open(const char *path, bool make, struct folder *ret, struct error *error)
{
    *ret = (struct folder){.fd = -1};
    snprintf(ret->path, sizeof ret->path, "%s", path);
    if (make && mkdir(path, 0777) != 0 && errno != EEXIST)
        return failed(ret, "", error);
    ret->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return ret->fd >= 0 ? 0 : failed(ret, "", error);
}

int folder_open_in(const struct folder *parent, const char *name, bool make, struct folder *ret,
                   struct error *error)
{
    *ret = (struct folder){.fd = -1};
    if (make && mkdirat(parent->fd, name, 0777) != 0 && errno != EEXIST)
        return failed(parent, name, error);
    ret->fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int length = snprintf(ret->path, sizeof ret->path, "%s/%s", parent->path, name);
    if (ret->fd < 0)
        return failed(parent, name, error);
    return length < (int)sizeof ret->path ? 0 : error_set(error, ERROR_IO, "the path is too long");
}

void folder_close(struct folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

int folder_read(const struct folder *folder, const char *name, size_t most, struct buffer *out,
                struct error *error)
{
    struct stat status;
    // A pipe would be waited for at its opening.
    int file = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return failed(folder, name, error);
    struct error why = {0};
    int result = fstat(file, &status) == 0 && S_ISREG(status.st_mode)
                     ? config_read_stream(file, most, out, &why)
                     : error_set(&why, ERROR_IO, "not an ordinary file");
    close(file);
    return result == 0 ? 0 : error_set(error, result, "'%s/%s': %s", folder->path, name, why.text);
}

static int write_all(int file, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t sent = write(file, bytes.data, bytes.length);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        bytes = slice_of(bytes.data + sent, bytes.length - (size_t)sent);
    }
    return fsync(file);
}

int folder_write(const struct folder *folder, const char *name, struct slice bytes,
                 struct error *error)
{
    char beside[300];
    snprintf(beside, sizeof beside, ".%.200s.%ld.new", name, (long)getpid());
    int file =
        openat(folder->fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0)
        return failed(folder, name, error);
    bool written = write_all(file, bytes) == 0;
    written = close(file) == 0 && written;
    if (written && renameat(folder->fd, beside, folder->fd, name) == 0)
        return 0;
    int result = failed(folder, name, error);
    unlinkat(folder->fd, beside, 0);
    return result;
}

bool folder_has(const struct folder *folder, const char *name)
{
    struct stat status;
    return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int folder_remove(const struct folder *folder, const char *name, struct error *error)
{
    return unlinkat(folder->fd, name, 0) == 0 ? 0 : failed(folder, name, error);
}

// ---- Names

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect(DIR *stream, char **names, size_t *count)
{
    for (struct dirent *entry; (errno = 0, entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*count == NAMES_MAX)
            return ERROR_TOO_LARGE;
        names[(*count)++] = memory_copy_string(entry->d_name, strlen(entry->d_name));
    }
    return errno == 0 ? 0 : ERROR_IO;
}

int folder_names(const struct folder *folder, char ***ret, size_t *ret_count, struct error *error)
{
    int file = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = file < 0 ? NULL : fdopendir(file);
    char **names = memory_try_new(NAMES_MAX * sizeof *names);
    size_t count = 0;
    if (stream == NULL || names == NULL) {
        int result = failed(folder, "", error);
        if (stream != NULL)
            closedir(stream);
        else if (file >= 0)
            close(file);
        memory_free(names);
        return result;
    }
    int result = collect(stream, names, &count);
    closedir(stream);
    if (result != 0) {
        folder_free_names(names, count);
        return error_set(error, result, "'%s': %s", folder->path,
                         result == ERROR_TOO_LARGE ? "has too many files" : "cannot be listed");
    }
    qsort(names, count, sizeof *names, by_bytes);
    *ret = names;
    *ret_count = count;
    return 0;
}

void folder_free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memory_free(names[i]);
    memory_free(names);
}
