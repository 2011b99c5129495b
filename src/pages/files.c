// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Files that pages need.
#include "pages/pages.h"

#include "pages_css.h"
#include "pages_js.h"

struct pages_file pages_find_file(struct slice name)
{
    if (slice_equal_string(name, "pages.css"))
        return (struct pages_file){"text/css; charset=utf-8",
                                   slice_of(pages_css, sizeof pages_css)};
    if (slice_equal_string(name, "pages.js"))
        return (struct pages_file){"text/javascript; charset=utf-8",
                                   slice_of(pages_js, sizeof pages_js)};
    return (struct pages_file){NULL, {NULL, 0}};
}
