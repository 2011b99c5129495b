// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files of this folder share.
#pragma once

#include "base/buffer.h"
#include "stack/stack.h"

// Most calls that a limit lets through in ten minutes, STACK_UNLIMITED when it does not bound them.
uint64_t worst_of_bound(const struct policy_bound *bound);
// Of one tool, from all of its bounds.
uint64_t worst_of_bounds(const struct policy_bound *bounds, size_t count);
// Fills worst[when] and, for STACK_NOW, the sums. 0 or ERROR_NO_MEMORY.
int worst_look(struct stack_report *report, enum stack_when when) MUST_CHECK;

// Fills the combinations. 0 or ERROR_NO_MEMORY.
int combine_look(const struct stack *stack, struct stack_report *report) MUST_CHECK;
// Most calls of a tool with the same arguments, of which so many pass at most.
uint64_t worst_of_fuse(const struct policy_runaway *fuse, uint64_t calls);
// Can the agent call it without a person?
bool row_is_open(const struct stack_row *row, enum stack_when when);

// Groups of tools of different servers whose names are taken for each other; the combinations go to
// `ret`, at most `most` of them. How many there are, or SIZE_MAX without memory.
size_t names_look(const struct stack *stack, struct stack_report *report,
                  struct stack_combination *ret, size_t most);

// For people: no control characters nor letters that could mislead, cut when it is long.
void write_shown(struct buffer *out, struct slice name);
// "send_email (mail), post (web) and 3 more"
void write_shown_rows(struct buffer *out, const struct stack_row *const *rows, size_t count);
