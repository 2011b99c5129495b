// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What config/ asks of the file system.
#include "config/config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

int config_read_stream(int file, size_t cap, struct buffer *out, struct error *error)
{
    for (;;) {
        size_t wanted = cap - out->length < PIECE ? cap - out->length + 1 : PIECE;
        char *room = buffer_reserve(out, wanted);
        if (room == NULL)
            return error_set(error, ERROR_NO_MEMORY, "out of memory");
        ssize_t got = read(file, room, wanted);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, ERROR_IO, "%s", strerror(errno));
        if (got == 0)
            return 0;
        buffer_commit(out, (size_t)got);
        if (out->length > cap)
            return error_set(error, ERROR_TOO_LARGE, "larger than %zu bytes", cap);
    }
}

int config_read_file(const char *path, size_t cap, struct buffer *out, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s",
                         strerror(errno));
    // Reserving all at once keeps secrets from being left behind by a growing buffer.
    struct stat status;
    int result = 0;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        (uint64_t)status.st_size <= cap &&
        buffer_reserve(out, (size_t)status.st_size + PIECE) == NULL)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        result = config_read_stream(file, cap, out, error);
    close(file);
    return result;
}

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

// Looks where loop/ looks when it starts a child.
bool config_finds_program(const char *program, const char *const *environment)
{
    if (*program == '\0')
        return false;
    if (strchr(program, '/') != NULL)
        return is_program(program);
    const char *folders = config_variable(environment, SLICE_LITERAL("PATH"));
    char path[PATH_MAX];
    while (folders != NULL && *folders != '\0') {
        size_t length = strcspn(folders, ":");
        int wanted = snprintf(path, sizeof path, "%.*s%s%s", (int)length, folders,
                              length == 0 ? "./" : "/", program);
        if (wanted > 0 && (size_t)wanted < sizeof path && is_program(path))
            return true;
        folders += length + (folders[length] == ':' ? 1 : 0);
    }
    return false;
}
