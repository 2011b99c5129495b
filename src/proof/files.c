// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Files of a decision log: in the order of their rows, a piece at a time.
#include "proof/proof.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

static ssize_t read_piece(int fd, char *piece, size_t most)
{
    ssize_t count;
    do
        count = read(fd, piece, most);
    while (count < 0 && errno == EINTR);
    return count;
}

static int unreadable(const char *path, int cause, struct error *error)
{
    return error_set(error, cause == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot read '%s': %s",
                     path, strerror(cause));
}

// What "decisions.jsonl*" names besides: keys, and how far sinks are.
static bool is_other(struct slice start)
{
    return slice_starts_with(start, SLICE_LITERAL("-----BEGIN ")) ||
           slice_starts_with(start, SLICE_LITERAL("{\"position\":"));
}

// Where its first row stands among those of the others; a file that is not readable stops all.
static int look_at_start(struct proof_file *file, char *piece, struct error *error)
{
    struct stat status = {0};
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 || fstat(fd, &status) != 0 ? -1 : read_piece(fd, piece, PIECE);
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (count < 0)
        return unreadable(file->path, cause, error);
    struct slice start = slice_of(piece, (size_t)count);
    file->device = (uint64_t)status.st_dev;
    file->inode = (uint64_t)status.st_ino;
    file->bytes = (uint64_t)status.st_size;
    if (!audit_first_row(start, &file->rows_before))
        file->rows_before = 0;
    file->is_key = is_other(start);
    if (file->is_key)
        memory_wipe(piece, (size_t)count);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct proof_file *first = a, *second = b;
    if (first->rows_before != second->rows_before)
        return first->rows_before < second->rows_before ? -1 : 1;
    return first->place < second->place ? -1 : first->place > second->place;
}

int proof_files_open(char **paths, size_t count, struct proof_files *ret, struct error *error)
{
    *ret = (struct proof_files){.count = 0};
    ret->items = memory_new((count + 1) * sizeof *ret->items);
    ret->piece = memory_new(PIECE);
    for (size_t i = 0; i < count; i++) {
        struct proof_file *file = &ret->items[ret->count];
        *file = (struct proof_file){.path = paths[i], .place = i};
        int result = look_at_start(file, ret->piece, error);
        if (result != 0)
            return result;
        ret->count += !file->is_key;
    }
    qsort(ret->items, ret->count, sizeof *ret->items, compare);
    return 0;
}

// How much of it is read. ERROR_AGAIN: it is another file.
static int measure(const struct proof_files *files, const struct proof_file *file, int fd,
                   uint64_t *ret)
{
    struct stat status;
    *ret = UINT64_MAX;
    if (!files->watched)
        return 0;
    if (fstat(fd, &status) != 0)
        return ERROR_IO;
    *ret = (uint64_t)status.st_size;
    return (uint64_t)status.st_dev == file->device && (uint64_t)status.st_ino == file->inode
               ? 0
               : ERROR_AGAIN;
}

int proof_files_read(struct proof_files *files, size_t number,
                     int (*take)(void *argument, struct slice piece), void *argument,
                     struct error *error)
{
    const struct proof_file *file = &files->items[number];
    int fd = open(file->path, O_RDONLY | O_CLOEXEC), cause = errno;
    uint64_t left = 0;
    ssize_t count = 1;
    int result = fd < 0 ? ERROR_IO : measure(files, file, fd, &left);
    while (result == 0 && left > 0 && count > 0) {
        count = read_piece(fd, files->piece, left < PIECE ? (size_t)left : PIECE);
        cause = errno;
        if (count > 0)
            result = take(argument, slice_of(files->piece, (size_t)count));
        left -= count > 0 ? (uint64_t)count : 0;
    }
    if (fd >= 0)
        close(fd);
    if (result == ERROR_AGAIN)
        return error_set(error, ERROR_AGAIN, "'%s' is another file by now", file->path);
    if (fd >= 0 && count >= 0)
        return result;
    unreadable(file->path, cause, error);
    return files->watched && cause == ENOENT ? ERROR_AGAIN : ERROR_IO;
}

void proof_files_release(struct proof_files *files)
{
    memory_free(files->items);
    memory_free(files->piece);
}
