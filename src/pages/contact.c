// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pages/pages_internal.h"

void pages_write_contact(struct buffer *out, const struct pages_site *site,
                         const struct pages_contact_form *form)
{
    struct pages_contact page = {.name = form->name,
                                 .email = form->email,
                                 .text = form->text,
                                 .trouble = form->trouble,
                                 .sent = form->sent};
    page.head = (struct pages_head){.site = site, .section = PAGES_PLAIN, .unlisted = true};
    page.head.title = form->sent                 ? SLICE_LITERAL("Thank you")
                      : form->trouble.length > 0 ? SLICE_LITERAL("Error: have a question?")
                                                 : SLICE_LITERAL("Have a question?");
    pages_write_contact_page(out, &page);
}
