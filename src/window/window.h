// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The dashboard's files (dashboard/), as they were built: bytes in the program, with what a browser
// must be told of them. Pure; any thread. A program that was built without the dashboard has none.
#pragma once

#include "base/slice.h"

struct window_file {
    const char *path; // "/assets/index-Dn4t4mZI.js"
    const char *type; // of its content
    const char *etag; // with the quotes
    struct slice bytes;
    struct slice packed; // by gzip; empty where that is not shorter
    bool lasting;        // its name changes with its content
};

// NULL: there is no such file.
const struct window_file *window_find(struct slice path);

// The page that all of the dashboard's addresses show. Between its two parts stands the number that
// the answer's Content-Security-Policy allows styles by.
struct window_page {
    struct slice before, after;
};
// NULL: built without the dashboard.
const struct window_page *window_page(void);
// Is this an address that the dashboard shows a page at? Pages that the gateway writes itself, and
// the API, are none.
bool window_shows(struct slice path);
