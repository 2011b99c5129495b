// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/scan.h"

// ---- leftovers.c: programs that left their process group
// From now on what programs leave behind belongs to this process, where the system can do that.
void scan_adopt_leftovers(void);
// Kills and reaps everything that belongs to this process; all that it knows of is gone.
void scan_end_leftovers(void);

// ---- alike.c: adds a signal to tools whose names may be taken for others'. ERROR_NO_MEMORY.
int scan_find_alike(struct scan *scan) MUST_CHECK;

// ---- together.c
// Has one agent both?
bool scan_are_together(const struct scan_server *a, const struct scan_server *b);
int scan_look_together(struct scan *scan) MUST_CHECK; // ERROR_NO_MEMORY
void scan_release_together(struct scan *scan);
