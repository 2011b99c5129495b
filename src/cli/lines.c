// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A file, or standard input, line by line. Memory is bounded by the longest line that is accepted.
#include "cli/cli_internal.h"

#include "base/memory.h"

#include <errno.h>

enum { CHUNK = 64 * 1024 };

bool cli_lines_open(struct cli_lines *lines, const char *path, size_t most)
{
    *lines = (struct cli_lines){.most = most};
    lines->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (lines->file == NULL) {
        cli_complain(CLI_FAILED, "%s cannot be read: %s", path, strerror(errno));
        return false;
    }
    lines->chunk = memory_new(CHUNK);
    buffer_init(&lines->line, most);
    return true;
}

// Takes what the chunk has of the line; true when the line ends here.
static bool take_part(struct cli_lines *lines)
{
    const char *start = lines->chunk + lines->at;
    const char *feed = memchr(start, '\n', lines->end - lines->at);
    size_t length = feed == NULL ? lines->end - lines->at : (size_t)(feed - start);
    if (!lines->too_long && (lines->line.length + length > lines->most ||
                             buffer_append(&lines->line, slice_of(start, length)) != 0))
        lines->too_long = true;
    lines->at += length + (feed != NULL);
    return feed != NULL;
}

bool cli_lines_next(struct cli_lines *lines)
{
    bool some = false;
    buffer_clear(&lines->line);
    lines->too_long = false;
    for (;;) {
        if (lines->at == lines->end) {
            lines->end = fread(lines->chunk, 1, CHUNK, lines->file);
            lines->at = 0;
            if (lines->end == 0) {
                lines->number += some;
                return some;
            }
        }
        some = true;
        if (take_part(lines)) {
            lines->number++;
            return true;
        }
    }
}

void cli_lines_close(struct cli_lines *lines)
{
    buffer_release(&lines->line);
    memory_free(lines->chunk);
    if (lines->file != NULL && lines->file != stdin)
        fclose(lines->file);
    *lines = (struct cli_lines){0};
}
