// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept: retention.c reads, changes and shows it; keeping.c looks at what
// there is.
#pragma once

#include "admin/admin_internal.h"

struct admin_log_size {
    uint64_t files, bytes;
    int64_t oldest_ms; // 0: not known
};
struct admin_kept {
    struct store_kept said[STORE_KEPT]; // by people
    struct control_retention in_force;
    bool own;                // the caller's organisation is the one that may change it
    int64_t audit_oldest_ms; // 0: no row
    bool has_log;
    struct admin_log_size log;
    struct control_wish wishes[STORE_KEPT];
};
// `{"admin_audit":...,"may_change":...`, and no end.
void admin_write_kept(struct admin_request *request);
int admin_change_retention(struct admin_request *request, struct store_view *view,
                           struct error *error) MUST_CHECK;
