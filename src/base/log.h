// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The operator's log: one line per event on standard error, as text or JSON. Never a secret, never
// an argument value. Any thread.
#pragma once

#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

// Process-wide, set once at start (the one setting that everything shares).
void log_configure(enum log_level least, enum log_format format);
bool log_enabled(enum log_level level);
// `area` is the folder that speaks ("upstream"); the message is a lower-case sentence without a
// final stop. Control characters from peers are escaped.
void log_event(enum log_level level, const char *area, const char *format, ...)
    PRINTF_LIKE(3, 4) COLD;
