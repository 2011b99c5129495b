// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *error_name(int code)
{
    switch (code) {
#define ERROR_NAME(name, value, text)                                                              \
    case name: return #name;
        ERROR_MAP(ERROR_NAME)
#undef ERROR_NAME
    default: return code == 0 ? "OK" : "ERROR_UNKNOWN";
    }
}

const char *error_text(int code)
{
    switch (code) {
#define ERROR_TEXT(name, value, text)                                                              \
    case name: return text;
        ERROR_MAP(ERROR_TEXT)
#undef ERROR_TEXT
    default: return code == 0 ? "success" : "unknown error";
    }
}

int error_set(struct error *error, int code, const char *format, ...)
{
    if (error == NULL)
        return code;
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return code;
}
