// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_SIZE = 2048 };

static atomic_int least_level = LOG_INFO;
static atomic_int line_format = LOG_TEXT;

void log_configure(enum log_level least, enum log_format format)
{
    atomic_store(&least_level, (int)least);
    atomic_store(&line_format, (int)format);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

// Copies with control characters and, for JSON, quotes and backslashes escaped, so that a peer
// cannot forge a second line.
static size_t escape(char *out, size_t room, const char *text, bool json)
{
    size_t n = 0;
    for (; *text != '\0' && n + 7 < room; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7F)
            n += (size_t)snprintf(out + n, room - n, json ? "\\u%04x" : "\\x%02x", c);
        else if (json && (c == '"' || c == '\\')) {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else
            out[n++] = (char)c;
    }
    out[n] = '\0';
    return n;
}

void log_event(enum log_level level, const char *area, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    if (!log_enabled(level))
        return;
    char message[LINE_SIZE / 2], safe[LINE_SIZE - 200], line[LINE_SIZE], time[CLOCK_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    bool json = atomic_load_explicit(&line_format, memory_order_relaxed) == LOG_JSON;
    escape(safe, sizeof safe, message, json);
    clock_format(clock_wall_ms(), time);
    int length = snprintf(line, sizeof line,
                          json ? "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%s\",\"message\":"
                                 "\"%s\"}\n"
                               : "%s %-7s %s: %s\n",
                          time, names[level], area, safe);
    // One write per line keeps lines whole; there is nobody to tell when standard error is gone.
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return;
}
