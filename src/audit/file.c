// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Appends whole lines. A write that ends inside a line (disk full) is cut back to the line's start
// when nobody else has appended since, so that whoever reads the file, or the next process after a
// crash, never finds half a line; where that is not possible, the rest follows later.
#include "audit/audit_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_MAX = 1024 * 1024 };

// Does what is in the file end with a complete line?
static bool at_line_start(const char *path, int fd)
{
    struct stat status;
    char last = '\n';
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return true;
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    if (reader < 0)
        return true;
    if (pread(reader, &last, 1, status.st_size - 1) != 1)
        last = '\n';
    close(reader);
    return last == '\n';
}

static int open_path(const char *path, int *ret_fd, struct error *error)
{
    // Non-blocking, so that a pipe without a reader fails instead of stopping the gateway.
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0)
        return error_set(error, ERROR_IO, "cannot open the decision log '%s': %s", path,
                         strerror(errno));
    // Half a line from a crash: what follows must not be glued to it.
    if (!at_line_start(path, fd) && write(fd, "\n", 1) != 1) {
        int cause = errno;
        close(fd);
        return error_set(error, ERROR_IO, "cannot write the decision log '%s': %s", path,
                         strerror(cause));
    }
    *ret_fd = fd;
    return 0;
}

int audit_file_open(struct audit_file *file, const char *path, struct error *error)
{
    *file = (struct audit_file){.path = path, .fd = -1};
    return open_path(path, &file->fd, error);
}

// Takes the half line at the end of the file away again. False when that cannot be done safely.
static bool cut_partial(struct audit_file *file)
{
    struct stat status;
    off_t end = lseek(file->fd, 0, SEEK_CUR); // where our own last write ended
    if (end < (off_t)file->partial || fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size != end || ftruncate(file->fd, end - (off_t)file->partial) != 0)
        return false;
    file->partial = 0;
    return true;
}

// Consumes the complete lines among the first `written` bytes that are in the file.
static void consume_lines(struct audit_file *file, struct buffer *lines, size_t written)
{
    struct slice bytes = slice_of(buffer_slice(lines).data, written);
    const char *end = written == 0 ? NULL : memrchr(bytes.data, '\n', written);
    size_t complete = end == NULL ? 0 : (size_t)(end - bytes.data) + 1;
    buffer_consume(lines, complete);
    file->partial = written - complete;
}

int audit_file_write(struct audit_file *file, struct buffer *lines)
{
    while (lines->length > 0) {
        struct slice rest =
            slice_of(buffer_slice(lines).data + file->partial, lines->length - file->partial);
        size_t wanted = rest.length > WRITE_MAX ? WRITE_MAX : rest.length;
        ssize_t count = write(file->fd, rest.data, wanted);
        if (count < 0 && errno == EINTR)
            continue;
        if (count > 0)
            consume_lines(file, lines, file->partial + (size_t)count);
        if (count > 0 && (size_t)count == wanted)
            continue;
        if (count >= 0)
            errno = ENOSPC;
        int cause = errno;
        if (file->partial > 0)
            cut_partial(file);
        errno = cause;
        return ERROR_IO;
    }
    return 0;
}

// Sees to it that the file does not end inside a line: cuts, completes or at least ends it.
static void settle_partial(struct audit_file *file, struct buffer *lines)
{
    if (file->partial == 0 || cut_partial(file) || audit_file_write(file, lines) == 0)
        return;
    if (file->partial > 0 && write(file->fd, "\n", 1) == 1)
        file->partial = 0;
}

int audit_file_reopen(struct audit_file *file, struct buffer *lines, struct error *error)
{
    int fd;
    settle_partial(file, lines);
    int failed = open_path(file->path, &fd, error);
    if (failed != 0)
        return failed;
    audit_file_close(file, lines);
    file->fd = fd;
    return 0;
}

void audit_file_close(struct audit_file *file, struct buffer *lines)
{
    settle_partial(file, lines);
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->partial = 0;
}
