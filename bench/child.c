// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The upstream's stdio brother: reads JSON-RPC lines, answers each (answer.h). All that one read
// brought is answered in one write, as any buffering server would.
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT = 1 << 16 };

static void answer_line(const char *line, size_t length)
{
    static struct answer a;
    answer_make(line, length, &a);
    if (a.none)
        return;
    fwrite(a.head, 1, a.head_length, stdout);
    fwrite(a.middle, 1, a.middle_length, stdout);
    fwrite(a.tail, 1, a.tail_length, stdout);
    putchar('\n');
}

int main(void)
{
    static char input[INPUT];
    size_t length = 0;
    answer_init(false);
    setvbuf(stdout, NULL, _IOFBF, 1 << 17);
    for (ssize_t got; (got = read(0, input + length, INPUT - length)) > 0;) {
        length += (size_t)got;
        char *line = input;
        for (char *end; (end = memchr(line, '\n', length - (size_t)(line - input))) != NULL;) {
            answer_line(line, (size_t)(end - line));
            line = end + 1;
        }
        length -= (size_t)(line - input);
        memmove(input, line, length);
        if (length == INPUT || fflush(stdout) != 0)
            return 1;
    }
    return 0;
}
