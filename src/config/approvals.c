// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Bounds of what people are asked.
#include "config/config_internal.h"

#define AT(member) .offset = offsetof(struct config, member)

static const struct config_option options[] = {
    {.key = "open_per_grant",
     .kind = OPTION_COUNT,
     AT(questions_per_grant),
     .least = 1,
     .most = 1000,
     .standard = "20",
     .help = "questions of one grant that are open at the same time; calls beyond it are denied"},
    {.key = "open",
     .kind = OPTION_COUNT,
     AT(questions),
     .least = 1,
     .most = 100000,
     .standard = "10000",
     .help = "the same of all grants together"},
    {.key = "rounds",
     .kind = OPTION_COUNT,
     AT(approval_rounds),
     .least = 0,
     .most = 100,
     .standard = "8",
     .help = "answers of input_required (2026-07-28) before a call that waits is pending; 0: it is "
             "at once"},
};
const struct config_section config_approvals_section = {"'approvals'", options,
                                                        sizeof options / sizeof *options};
