// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What templates are made of (make_pages.py): values, escaped for the place where they stand. Bytes
// that are no UTF-8 and control characters come out as U+FFFD, characters that nobody sees as
// "[U+202E]". Pure; failure is the buffer's.
#pragma once

#include "base/buffer.h"
#include "pages/pages.h"

// ---- In text and in quoted attributes
void html_slice(struct buffer *out, struct slice text);
void html_string(struct buffer *out, const char *text);
void html_address(struct buffer *out, struct html_url url);
void html_number(struct buffer *out, uint64_t number); // 1,234,567
void html_plain(struct buffer *out, uint64_t number);  // 1234567
// ---- In an address: the whole of it, and a part of its path or query
void html_whole(struct buffer *out, struct html_url url);
void html_part_slice(struct buffer *out, struct slice text);
void html_part_string(struct buffer *out, const char *text);
// ---- Filters
void html_plural(struct buffer *out, uint64_t number, const char *one, const char *many);
void html_share(struct buffer *out, uint32_t permille); // "12.3 %"
void html_cut(struct buffer *out, struct slice text,
              size_t most); // its first bytes and an ellipsis
void html_iso(struct buffer *out, int64_t wall_ms);
void html_date(struct buffer *out, int64_t wall_ms);
void html_moment(struct buffer *out, int64_t wall_ms); // "21 Nov, 05:46 UTC"

static inline bool html_is_slice(struct slice text)
{
    return text.length > 0;
}
static inline bool html_is_string(const char *text)
{
    return text != NULL && text[0] != '\0';
}
static inline bool html_is_address(struct html_url url)
{
    return url.text.length > 0;
}
static inline bool html_is_number(uint64_t number)
{
    return number != 0;
}

// What a value's type comes to; other types end the build.
#define HTML_ANY(value, slices, strings, addresses, numbers)                                       \
    _Generic((value), struct slice                                                                 \
             : slices, const char *                                                                \
             : strings, struct html_url                                                            \
             : addresses, unsigned                                                                 \
             : numbers, unsigned long                                                              \
             : numbers, unsigned long long                                                         \
             : numbers)
#define HTML_TEXT(out, value)                                                                      \
    HTML_ANY(value, html_slice, html_string, html_address, html_number)(out, value)
#define HTML_ATTRIBUTE(out, value)                                                                 \
    HTML_ANY(value, html_slice, html_string, html_address, html_plain)(out, value)
#define HTML_PART(out, value)                                                                      \
    _Generic((value), struct slice                                                                 \
             : html_part_slice, const char *                                                       \
             : html_part_string, unsigned                                                          \
             : html_plain, unsigned long                                                           \
             : html_plain, unsigned long long                                                      \
             : html_plain)(out, value)
#define HTML_IS(value)                                                                             \
    _Generic((value), struct slice                                                                 \
             : html_is_slice, const char *                                                         \
             : html_is_string, struct html_url                                                     \
             : html_is_address, bool                                                               \
             : html_is_number, unsigned                                                            \
             : html_is_number, unsigned long                                                       \
             : html_is_number, unsigned long long                                                  \
             : html_is_number)(value)
