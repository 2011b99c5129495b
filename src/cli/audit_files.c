// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Files of decision logs as the command line names them: in the order of their rows, a piece at a
// time.
#include "cli/audit_internal.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

static ssize_t read_piece(int fd, char *piece)
{
    ssize_t count;
    do
        count = read(fd, piece, PIECE);
    while (count < 0 && errno == EINTR);
    return count;
}

// Where its first row stands among those of the others; a file that is not readable stops all.
static int look_at_start(struct audit_input *input, char *piece)
{
    int fd = open(input->path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read_piece(fd, piece);
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (count < 0)
        return cli_complain(CLI_USAGE, "cannot read '%s': %s", input->path, strerror(cause));
    struct slice start = slice_of(piece, (size_t)count);
    if (!audit_first_row(start, &input->rows_before))
        input->rows_before = 0;
    // What "decisions.jsonl*" names besides: keys, and how far sinks are.
    input->is_key = slice_starts_with(start, SLICE_LITERAL("-----BEGIN ")) ||
                    slice_starts_with(start, SLICE_LITERAL("{\"position\":"));
    return CLI_OK;
}

static int compare(const void *a, const void *b)
{
    const struct audit_input *first = a, *second = b;
    if (first->rows_before != second->rows_before)
        return first->rows_before < second->rows_before ? -1 : 1;
    return first->place < second->place ? -1 : first->place > second->place;
}

int audit_inputs_open(char **paths, int count, struct audit_inputs *ret)
{
    *ret = (struct audit_inputs){.count = 0};
    ret->items = memory_new(((size_t)count + 1) * sizeof *ret->items);
    ret->piece = memory_new(PIECE);
    for (int i = 0; i < count; i++) {
        struct audit_input *input = &ret->items[ret->count];
        *input = (struct audit_input){.path = paths[i], .place = (size_t)i};
        int result = look_at_start(input, ret->piece);
        if (result != CLI_OK)
            return result;
        ret->count += !input->is_key;
    }
    qsort(ret->items, ret->count, sizeof *ret->items, compare);
    return CLI_OK;
}

int audit_inputs_must_open(char **paths, int count, struct audit_inputs *ret)
{
    int code = audit_inputs_open(paths, count, ret);
    return code != CLI_OK || ret->count > 0
               ? code
               : cli_complain(CLI_USAGE, "there is no log among these files");
}

int audit_inputs_read(struct audit_inputs *inputs, size_t number,
                      int (*take)(void *argument, struct slice piece), void *argument)
{
    const char *path = inputs->items[number].path;
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;
    ssize_t count = fd < 0 ? -1 : 0;
    while (fd >= 0 && result == 0 && (count = read_piece(fd, inputs->piece)) > 0)
        result = take(argument, slice_of(inputs->piece, (size_t)count));
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (count < 0) {
        cli_complain(CLI_USAGE, "cannot read '%s': %s", path, strerror(cause));
        return ERROR_IO;
    }
    return result;
}

void audit_inputs_release(struct audit_inputs *inputs)
{
    memory_free(inputs->items);
    memory_free(inputs->piece);
}
