// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport scan`: where the servers come from, and where the reports go.
#pragma once

#include "cli/cli_internal.h"
#include "scan/scan.h"

enum {
    SCAN_URL,
    SCAN_SSE,
    SCAN_HEADER,
    SCAN_ENV,
    SCAN_NAME,
    SCAN_CONFIG,
    SCAN_CLIENT,
    SCAN_ALL_CLIENTS,
    SCAN_FROM,
    SCAN_CA,
    SCAN_DATA,
    SCAN_TIMEOUT,
    SCAN_AT_ONCE,
    SCAN_JSON,
    SCAN_SARIF,
    SCAN_HTML,
    SCAN_POLICY,
    SCAN_FAIL_ON,
    SCAN_FLAGS
};

struct scanning {
    struct cli_arguments arguments;
    const char *const *environment;
    struct scan scan;
    struct arena arena;      // of names and options
    struct config **configs; // one for each server that is asked; owned
    size_t config_count;
    bool file_failed; // a client's file could not be read
    struct net_guard *guard;
    struct scan_bar bar; // of --fail-on
    struct scan_options options;
};

// ---- scan_sources.c: CLI_OK, or another exit code and everything has been said.
int scan_add_sources(struct scanning *scanning);
// Appends `,"inherit_env":[` and the names of the short list that are set, without the bracket.
void scan_write_inherited(struct buffer *out, const char *const *environment);

// ---- scan_files.c: the files of clients
int scan_add_client_file(struct scanning *scanning, const char *path, const char *client);
// Those of the user's own clients that are there; none of the folder that this runs in.
int scan_add_all_clients(struct scanning *scanning);
// Makes a server of a description as the configuration has it, or notes why that cannot be.
int scan_add_described(struct scanning *scanning, struct scan_server *server,
                       struct slice description, bool guarded);

// ---- scan_policy.c: a starter policy for every server that was scanned; "out.json" becomes
// "out.SERVER.json" when the scan has more than one. CLI_OK, or everything has been said.
int scan_write_policies(const struct scan *scan, const char *path);

// ---- scan_html.c: one file for people that stands alone; `out` has failed without memory
void scan_write_html(struct buffer *out, const struct scan *scan, int64_t now_ms);

// ---- scan_catalogue.c: CLI_OK, or everything has been said
int scan_fill_catalogue(const struct scan *scan, const char *folder, int64_t now_ms);
