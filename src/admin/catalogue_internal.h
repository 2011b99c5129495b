// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The catalogue for those who ask over HTTP.
#pragma once

#include "admin/session_internal.h"
#include "inventory/inventory.h"

// ---- shelf.c: handles of the catalogue that read; any thread
struct admin_shelf;
struct admin_shelf *admin_shelf_new(const char *folder); // copied; the data folder
void admin_shelf_free(struct admin_shelf *shelf);        // NULL accepted; all are returned
// ERROR_NOT_FOUND: there is no catalogue yet.
int admin_shelf_borrow(struct admin_shelf *shelf, struct inventory **ret,
                       struct error *error) MUST_CHECK;
// `usable`: nothing went wrong with it that opening it anew might mend. NULL accepted.
void admin_shelf_return(struct admin_shelf *shelf, struct inventory *inventory, bool usable);
