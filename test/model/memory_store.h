// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// store/ without a disk: a few rows in memory, so that a test can restart half a million times.
// Linked in place of the real one.
#pragma once

#include "store/store.h"

struct memory_row {
    char key[64], entries[512];
    struct store_counter counter; // its slices point into this row
};
struct memory_rows {
    struct memory_row rows[4];
    size_t count;
};
struct store {
    struct memory_rows now, before; // what a rollback returns to
};
