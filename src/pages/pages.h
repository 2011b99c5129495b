// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages for people, out of plain structures. The functions that write them are made of the
// templates in templates/ (make_pages.py): every value is escaped for the place where it stands,
// whoever wrote it. Pure; any thread. Failure is the buffer's: look at `failed` at the end.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

// An address that is trusted as a whole: of ours, or from the configuration; never of a peer.
struct html_url {
    struct slice text;
};

// ---- Joining: the pages behind the links of the first start and of invitations
struct pages_field {
    const char *name, *label, *type, *complete, *hint; // hint NULL: none
    struct slice value, fault;                         // fault empty: none
    bool focus, code;
};
struct pages_fields {
    const struct pages_field *items;
    size_t count;
};
struct pages_join {
    const char *title;
    struct html_url action; // where the form goes
    bool setup, wide, admin, used, wants_key, secure;
    struct slice organisation, name, email, invited, code, host, key, trouble;
    const char *as, *may; // "an admin", and what such a member may do
    size_t faults;
    uint64_t left;      // time until the link expires
    unsigned left_unit; // 0 minutes, 1 hours, 2 days
    struct pages_fields fields;
};
void pages_write_join_asks(struct buffer *out, const struct pages_join *join);
void pages_write_join_welcome(struct buffer *out, const struct pages_join *join);
void pages_write_join_done(struct buffer *out, const struct pages_join *join);
void pages_write_join_over(struct buffer *out, const struct pages_join *join);
void pages_write_join_unknown(struct buffer *out, const struct pages_join *join);
void pages_write_join_trouble(struct buffer *out, const struct pages_join *join);

// ---- The report of a scan (`sallyport scan --html`)
struct pages_scan_mark {
    const char *severity; // "low" ... "critical"
};
struct pages_scan_signal {
    struct pages_scan_mark mark;
    const char *name, *says;
    struct slice words;
};
struct pages_scan_signals {
    const struct pages_scan_signal *items;
    size_t count;
};
struct pages_scan_tool {
    struct pages_scan_mark mark;
    const char *category;
    struct slice name, why;
    struct pages_scan_signals signals;
    uint32_t tokens;
};
struct pages_scan_tools {
    const struct pages_scan_tool *items;
    size_t count;
};
struct pages_scan_server {
    struct slice name, client, file;
    const char *state, *detail, *advice, *version, *told; // `told`: what it calls itself
    uint64_t tokens;
    uint32_t line, odd; // 0: not known; none
    bool good, more;
    struct pages_scan_tools tools; // in the order in which they are shown
};
struct pages_scan_servers {
    const struct pages_scan_server *items;
    size_t count;
};
struct pages_scan_danger {
    const char *title, *says, *starter; // what starter policies make of it
    struct slice fix;
};
struct pages_scan_dangers {
    const struct pages_scan_danger *items;
    size_t count;
};
struct pages_scan_agent { // what one agent can do with several servers together
    struct slice who;     // "files", "the 2 servers of cursor"
    struct pages_scan_dangers dangers;
    bool too_large; // was not looked at
};
struct pages_scan_agents {
    const struct pages_scan_agent *items;
    size_t count;
};
struct pages_scan_sum {
    struct pages_scan_mark mark;
    uint32_t count;
};
struct pages_scan_sums {
    const struct pages_scan_sum *items;
    size_t count;
};
struct pages_scan {
    int64_t now_ms;
    const char *product; // version
    size_t tools, good, bad, skipped;
    struct pages_scan_sums sums;
    struct pages_scan_servers servers;
    struct pages_scan_agents agents;
};
void pages_write_scan(struct buffer *out, const struct pages_scan *scan);
