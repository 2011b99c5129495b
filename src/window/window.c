// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "window/window.h"

#include "window_files.h"

const struct window_file *window_find(struct slice path)
{
    for (size_t i = 0; i < sizeof window_files / sizeof *window_files; i++)
        if (window_files[i].path != NULL && slice_equal_string(path, window_files[i].path))
            return &window_files[i];
    return NULL;
}

const struct window_page *window_page(void)
{
    return front.before.length == 0 ? NULL : &front;
}

bool window_shows(struct slice path)
{
    // The first parts of the addresses in dashboard/src/router.tsx; a test holds them level.
    static const char *const parts[] = {"/start",    "/inbox",    "/decisions", "/servers",
                                        "/policies", "/grants",   "/members",   "/keys",
                                        "/audit",    "/settings", "/stack"};
    if (slice_equal_string(path, "/"))
        return true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct slice part = slice_from_string(parts[i]);
        if (slice_starts_with(path, part) &&
            (path.length == part.length || path.data[part.length] == '/'))
            return true;
    }
    return false;
}
