// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "admin/admin_internal.h"

// What was last seen of a server, added to its record.
int admin_write_server_seen(struct admin_request *request, struct store_view *view,
                            const struct store_head *record, struct error *error);
// What the configuration file declares, with the same of its servers.
int admin_write_declared(struct admin_request *request, struct slice declared, struct error *error);
