// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fputs("sallyport: the kernel gives no random bytes\n", stderr);
            abort();
        }
        at += got;
        size -= (size_t)got;
    }
}

void random_hex(char *text, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t done = 0; done < bytes;) {
        unsigned char chunk[32];
        size_t take = bytes - done < sizeof chunk ? bytes - done : sizeof chunk;
        random_bytes(chunk, take);
        for (size_t i = 0; i < take; i++) {
            *text++ = digits[chunk[i] >> 4];
            *text++ = digits[chunk[i] & 15];
        }
        done += take;
    }
    *text = '\0';
}
