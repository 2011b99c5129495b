// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// New keys for what is sealed, one change at a time, on a thread of its own.
#pragma once

#include "admin/admin_internal.h"

struct admin_sealer;
// Closed also after a failure.
int admin_sealer_open(struct admin *admin, struct admin_sealer **ret,
                      struct error *error) MUST_CHECK;
void admin_sealer_close(struct admin_sealer *sealer); // waits for the change; NULL accepted
// May those who ask change the keys?
int admin_owns_keys(struct admin_request *request, struct store_view *view, bool *ret,
                    struct error *error) MUST_CHECK;
// Was a change begun that has not ended and does not run?
bool admin_resealing_unfinished(struct admin *admin);
