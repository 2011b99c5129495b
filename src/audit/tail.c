// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The end of a log's file: its last row, and what somebody left behind it (half a line of a crash).
#include "audit/audit_internal.h"
#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

// Rows are much shorter than the larger one; what is longer than that and no row is none of ours.
enum { GLANCE = 32 * 1024, LOOK = AUDIT_LOOSE_MAX + AUDIT_ROW_MAX };

static int read_at(int fd, char *bytes, size_t size, off_t at)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = pread(fd, bytes + done, size - done, at + (off_t)done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            errno = count == 0 ? EIO : errno; // it became shorter
            return ERROR_IO;
        }
        done += (size_t)count;
    }
    return 0;
}

// The last line that is a row, from the end. False: there is none that is whole here.
static bool find_row(struct slice text, bool from_start, struct chain_row *ret, size_t *ret_loose)
{
    size_t end = text.length;
    while (end > 0) {
        size_t stop = text.data[end - 1] == '\n' ? end - 1 : end;
        const char *feed = stop == 0 ? NULL : memrchr(text.data, '\n', stop);
        size_t start = feed == NULL ? 0 : (size_t)(feed - text.data) + 1;
        if ((start > 0 || from_start) &&
            chain_parse(slice_of(text.data + start, stop - start), ret)) {
            *ret_loose =
                text.length - (stop < text.length && text.data[stop] == '\n' ? stop + 1 : stop);
            return true;
        }
        end = start;
    }
    return false;
}

static int look(int fd, off_t size, size_t bytes, struct chain_hasher *hasher,
                struct audit_tail *ret)
{
    size_t length = (off_t)bytes < size ? bytes : (size_t)size;
    char *text = memory_try_new(length);
    struct chain_row row;
    if (text == NULL) {
        errno = ENOMEM;
        return ERROR_NO_MEMORY;
    }
    int result = read_at(fd, text, length, size - (off_t)length);
    if (result == 0) {
        ret->open_line = text[length - 1] != '\n';
        ret->found = find_row(slice_of(text, length), (off_t)length == size, &row, &ret->loose);
    }
    if (result == 0 && ret->found) {
        ret->state.rows = row.number;
        memcpy(ret->state.link, row.link, sizeof row.link);
        // Without the line end that is put behind it, or is there already.
        const char *loose = text + length - ret->loose;
        ret->torn = ret->loose > 0;
        ret->loose -= ret->torn && !ret->open_line ? 1 : 0;
        result = chain_hash(hasher, slice_of(loose, ret->loose), ret->loose_hash);
    }
    memory_free(text);
    return result;
}

int audit_tail_read(int fd, off_t size, struct chain_hasher *hasher, struct audit_tail *ret)
{
    *ret = (struct audit_tail){0};
    int result = size == 0 ? 0 : look(fd, size, GLANCE, hasher, ret);
    if (result == 0 && !ret->found && size > GLANCE)
        result = look(fd, size, LOOK, hasher, ret);
    return result;
}
