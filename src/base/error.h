// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One list of everything that can go wrong. Functions return 0 or one of these negative codes;
// a `struct error` carries the sentence for people, filled where the cause is known.
#pragma once

#include "base/slice.h"

// code, value, text. Values are stable: they appear in logs and metrics.
#define ERROR_MAP(X)                                                                               \
    X(ERROR_NO_MEMORY, -1, "out of memory")                                                        \
    X(ERROR_TOO_LARGE, -2, "larger than the configured limit")                                     \
    X(ERROR_SYNTAX, -3, "not well-formed")                                                         \
    X(ERROR_AMBIGUOUS, -4, "ambiguous: two readers could understand it differently")               \
    X(ERROR_TYPE, -5, "of the wrong type")                                                         \
    X(ERROR_RANGE, -6, "out of range")                                                             \
    X(ERROR_NOT_FOUND, -7, "not found")                                                            \
    X(ERROR_EXISTS, -8, "exists already")                                                          \
    X(ERROR_IO, -9, "input or output failed")                                                      \
    X(ERROR_CLOSED, -10, "closed by the other side")                                               \
    X(ERROR_TIMEOUT, -11, "took too long")                                                         \
    X(ERROR_UNREACHABLE, -12, "could not be reached")                                              \
    X(ERROR_PROTOCOL, -13, "broke the protocol")                                                   \
    X(ERROR_TLS, -14, "TLS failed")                                                                \
    X(ERROR_DENIED, -15, "not permitted")                                                          \
    X(ERROR_LIMIT, -16, "a limit was reached")                                                     \
    X(ERROR_CANCELLED, -17, "cancelled")                                                           \
    X(ERROR_CONFIG, -18, "the configuration is wrong")                                             \
    X(ERROR_UNSUPPORTED, -19, "not supported")                                                     \
    X(ERROR_AGAIN, -20, "not ready, more input or time is needed")                                 \
    X(ERROR_INTERNAL, -21, "internal error")                                                       \
    X(ERROR_CONFLICT, -22, "was changed by somebody else meanwhile")

enum error_code {
#define ERROR_ENUM(name, value, text) name = value,
    ERROR_MAP(ERROR_ENUM)
#undef ERROR_ENUM
};

#define MUST_CHECK __attribute__((warn_unused_result))
// What runs when something went wrong: compilers keep it, and what leads to it, out of the way.
#define COLD __attribute__((cold))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

// The sentence for a person; `text` is always NUL-terminated, cut when too long.
struct error {
    int code;
    char text[480];
};

// The name ("ERROR_TIMEOUT") and the generic text of a code; never NULL.
const char *error_name(int code);
const char *error_text(int code);

// Fills `error` (NULL is accepted and ignored) and returns `code`, so that
// `return error_set(error, ERROR_TYPE, "...", ...)` reads as one thought.
int error_set(struct error *error, int code, const char *format, ...) PRINTF_LIKE(3, 4) COLD;
