// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Appends whole lines. A write that ends inside a line (disk full) is cut back to the line's start,
// so that whoever reads the file never finds half a line; where that is not possible (a pipe) the
// rest follows later. Several processes take turns by a lock on the file.
#include "audit/audit_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { WRITE_MAX = 1024 * 1024 };

int audit_file_open(struct audit_file *file, const char *path, struct error *error)
{
    // Non-blocking, so that a pipe without a reader fails instead of stopping the gateway. Only
    // what is no regular file is not read: its end cannot be looked at.
    static const int common = O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    struct stat status;
    bool special = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    int fd = open(path, common | (special ? O_WRONLY : O_RDWR | O_CREAT), 0600);
    if (fd < 0)
        return error_set(error, ERROR_IO, "cannot open the decision log '%s': %s", path,
                         strerror(errno));
    if (fstat(fd, &status) != 0) {
        close(fd);
        return error_set(error, ERROR_IO, "cannot open the decision log '%s'", path);
    }
    *file = (struct audit_file){.path = path,
                                .fd = fd,
                                .regular = S_ISREG(status.st_mode),
                                .device = status.st_dev,
                                .inode = status.st_ino,
                                .end = -1};
    return 0;
}

int audit_file_lock(const struct audit_file *file)
{
    if (!file->regular || flock(file->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK || errno == EINTR)
        return ERROR_AGAIN;
    return errno == EBADF ? ERROR_IO : 0; // a file system without locks
}

void audit_file_unlock(const struct audit_file *file)
{
    if (file->regular && file->fd >= 0)
        flock(file->fd, LOCK_UN);
}

enum audit_place audit_file_place(const struct audit_file *file)
{
    struct stat status;
    if (!file->regular)
        return AUDIT_THERE;
    if (fstat(file->fd, &status) == 0 && status.st_nlink == 0)
        return AUDIT_DELETED;
    if (stat(file->path, &status) != 0)
        return AUDIT_MOVED;
    return status.st_dev == file->device && status.st_ino == file->inode ? AUDIT_THERE
                                                                         : AUDIT_REPLACED;
}

// Takes the half line at the end of the file away again, if it is certain that it is ours.
static void cut_partial(struct audit_file *file)
{
    struct stat status;
    off_t end = lseek(file->fd, 0, SEEK_CUR); // where our own last write ended
    if (end >= (off_t)file->partial && fstat(file->fd, &status) == 0 && status.st_size == end &&
        ftruncate(file->fd, end - (off_t)file->partial) == 0)
        file->partial = 0;
}

static size_t count_lines(struct slice text)
{
    size_t count = 0;
    const char *at = text.data, *end = text.data + text.length;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        count++;
    }
    return count;
}

// Consumes the complete lines among the first `written` bytes, which are in the file.
static size_t consume_lines(struct audit_file *file, struct buffer *lines, size_t written)
{
    struct slice bytes = slice_of(buffer_slice(lines).data, written);
    const char *end = written == 0 ? NULL : memrchr(bytes.data, '\n', written);
    size_t complete = end == NULL ? 0 : (size_t)(end - bytes.data) + 1;
    size_t count = count_lines(slice_of(bytes.data, complete));
    buffer_consume(lines, complete);
    file->partial = written - complete;
    return count;
}

int audit_file_write(struct audit_file *file, struct buffer *lines, size_t *ret_lines)
{
    *ret_lines = 0;
    while (lines->length > 0) {
        struct slice rest =
            slice_of(buffer_slice(lines).data + file->partial, lines->length - file->partial);
        size_t wanted = rest.length > WRITE_MAX ? WRITE_MAX : rest.length;
        ssize_t count = write(file->fd, rest.data, wanted);
        if (count < 0 && errno == EINTR)
            continue;
        if (count > 0)
            *ret_lines += consume_lines(file, lines, file->partial + (size_t)count);
        if (count > 0 && (size_t)count == wanted)
            continue;
        int cause = count < 0 ? errno : ENOSPC;
        if (file->partial > 0 && file->regular)
            cut_partial(file);
        errno = cause;
        return ERROR_IO;
    }
    return 0;
}

void audit_file_close(struct audit_file *file)
{
    if (file->fd >= 0)
        close(file->fd); // gives up the lock
    file->fd = -1;
}
