// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The decision log: one JSON line per message that reached identity and per refusal before it.
// A thread that writes copies a record into a bounded ring, its lane; a writer thread formats and
// appends. When the ring is full or the file cannot be written, audit_ready is false and the
// pipeline denies.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct audit_log;

// All slices are copied by audit_record; empty ones are written as null or left out as documented
// in docs/decision-log.md. Argument values are never part of it.
struct audit_record {
    int64_t time_ms;
    struct slice request_id; // the gateway's own id of the exchange
    struct slice grant;
    struct slice server;
    struct slice session;   // a short hash, never the id itself
    struct slice client;    // client name
    struct slice direction; // "client" or "server": who sent the message
    struct slice method;
    struct slice subject; // tool, prompt or resource; empty otherwise
    struct slice outcome; // "allowed" "denied" "hidden" "observed" "refused" "failed"
    struct slice rule;
    struct slice reason; // our own sentence
    struct slice policy;
    struct slice policy_version;
    const struct slice *argument_keys;
    size_t argument_key_count;
    size_t redacted;     // parts of the answer that the policy took out, or would have
    int upstream_status; // HTTP status; 0 when there was none
    int64_t decide_us;   // from the message's last byte to the verdict
    int64_t upstream_us; // 0 when it was not sent
    int64_t total_us;
    struct slice peer;  // client address
    struct slice trace; // trace id of traceparent
};

// Opens for appending (0600). ERROR_IO with a sentence. `lanes` is how many threads write, one or
// more; `ring_bytes` of each, 0 means 8 MiB. Records of different lanes may stand in the file some
// milliseconds out of order.
int audit_open(const char *path, size_t lanes, size_t ring_bytes, struct audit_log **ret,
               struct error *error) MUST_CHECK;
// Never blocks; only one thread may use a lane. False when the record was dropped (it is counted).
bool audit_write(struct audit_log *log, size_t lane, const struct audit_record *record);
// Can the lane's next record be kept? Any thread.
bool audit_ready(const struct audit_log *log, size_t lane);
struct audit_stats {
    uint64_t written, dropped, failed_writes;
};
struct audit_stats audit_log_stats(const struct audit_log *log);
// Opens the path anew (after log rotation). Asynchronous; done by the writer.
void audit_reopen(struct audit_log *log);
// Writes what is left (at most 5 s), then closes. NULL accepted.
void audit_close(struct audit_log *log);
