// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which of a log's files has which rows, and where in a file a row stands.
#include "audit/audit_internal.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    GLANCE = 4096,        // longer than a file's first row
    NEAR_ENOUGH = 65536,  // then lines are read one by one
    LOOK = AUDIT_ROW_MAX, // there is a row in so many bytes, where nothing is wrong with the file
};

struct search {
    uint64_t rows;
    const uint64_t *beyond;
    struct audit_source *best; // fd -1 at first
};

static ssize_t read_at(int fd, char *bytes, size_t size, off_t at)
{
    ssize_t count;
    do
        count = pread(fd, bytes, size, at);
    while (count < 0 && errno == EINTR);
    return count;
}

bool audit_source_open(const char *path, struct audit_source *ret)
{
    char start[GLANCE];
    struct stat status;
    ssize_t count = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    *ret = (struct audit_source){.fd = fd};
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        count = read_at(fd, start, sizeof start, 0);
    if (count <= 0) {
        close(fd);
        return false;
    }
    ret->begins = audit_first_row(slice_of(start, (size_t)count), &ret->before);
    ret->device = status.st_dev;
    ret->inode = status.st_ino;
    ret->size = status.st_size;
    return true;
}

// One that has the row is better than one behind it; of several, the one that begins closest to it;
// of copies, the log itself or the longest.
static bool is_better(const struct search *search, const struct audit_source *source)
{
    const struct audit_source *best = search->best;
    if (search->beyond != NULL && source->before <= *search->beyond)
        return false;
    if (best->fd < 0)
        return true;
    if (source->before == best->before)
        return source->is_log || (!best->is_log && source->size > best->size);
    if (source->before <= search->rows)
        return best->before > search->rows || source->before > best->before;
    return source->before < best->before;
}

static void consider(void *argument, const char *path, const char *rest)
{
    struct search *search = argument;
    struct audit_source source;
    if ((*rest != '\0' && *rest != '.' && *rest != '-') || !audit_source_open(path, &source))
        return;
    source.is_log = *rest == '\0';
    // The log may have begun with lines that are no rows; of other files these tell nothing.
    if ((!source.begins && !source.is_log) || !is_better(search, &source)) {
        close(source.fd);
        return;
    }
    if (search->best->fd >= 0)
        close(search->best->fd);
    *search->best = source;
}

bool audit_source_find(const char *path, uint64_t rows, const uint64_t *beyond,
                       struct audit_source *ret)
{
    struct search search = {.rows = rows, .beyond = beyond, .best = ret};
    *ret = (struct audit_source){.fd = -1};
    audit_each_beside(path, consider, &search);
    return ret->fd >= 0;
}

// The first row that begins behind the text's first line feed. False: there is none that is whole.
static bool first_row(struct slice text, struct chain_row *ret, size_t *ret_at)
{
    const char *end = text.data + text.length, *at = memchr(text.data, '\n', text.length), *feed;
    for (; at != NULL && at + 1 < end; at = feed) {
        feed = memchr(at + 1, '\n', (size_t)(end - at - 1));
        if (feed == NULL)
            return false;
        if (chain_parse(slice_of(at + 1, (size_t)(feed - at - 1)), ret)) {
            *ret_at = (size_t)(at + 1 - text.data);
            return true;
        }
    }
    return false;
}

int audit_source_near(int fd, uint64_t row, off_t *ret)
{
    struct stat status;
    char *bytes = memory_try_new(LOOK);
    int result = bytes == NULL ? ERROR_NO_MEMORY : fstat(fd, &status) != 0 ? ERROR_IO : 0;
    off_t low = 0, high = result == 0 ? status.st_size : 0;
    while (result == 0 && high - low > NEAR_ENOUGH) {
        off_t middle = low + (high - low) / 2;
        struct chain_row found;
        size_t at;
        ssize_t count = read_at(fd, bytes, LOOK, middle);
        if (count < 0)
            result = ERROR_IO;
        else if (!first_row(slice_of(bytes, (size_t)count), &found, &at))
            break; // what a crash left, perhaps: no shorter way
        else if (found.number > row)
            high = middle;
        else
            low = middle + (off_t)at;
    }
    memory_free(bytes);
    *ret = low;
    return result;
}
