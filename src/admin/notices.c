// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What notify/ needs of rooms above it.
#include "admin/admin.h"

#include "pages/pages.h"

enum { LINES_MAX = 32 };

int admin_open_sealed(void *argument, enum notify_sealed what, const struct store_head *record,
                      struct buffer *out, struct error *error)
{
    const void *of = record;
    return what == NOTIFY_SECRET ? control_open_channel(argument, of, out, error)
                                 : control_open_question(argument, of, out, error);
}

void admin_write_letter(const struct notify_letter *letter, struct buffer *out)
{
    struct pages_letter_line lines[LINES_MAX];
    size_t count = letter->lines.count < LINES_MAX ? letter->lines.count : LINES_MAX;
    for (size_t i = 0; i < count; i++)
        lines[i] =
            (struct pages_letter_line){letter->lines.items[i].name, letter->lines.items[i].value};
    const struct pages_letter page = {.heading = letter->heading,
                                      .lines = {lines, count},
                                      .arguments = letter->arguments,
                                      .url = {letter->url},
                                      .organisation = letter->organisation,
                                      .channel = letter->channel};
    pages_write_letter(out, &page);
}
