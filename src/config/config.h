// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration file: one option table, every problem listed with file:line:column, secrets read from the
// environment by ${NAME}. A loaded configuration is immutable and owns everything it points to.
#pragma once

#include "base/error.h"
#include "identity/identity.h"
#include "policy/policy.h"
#include "upstream/upstream.h"

struct config_policy {
    struct slice name;
    const char *path;      // as opened
    struct policy *policy; // compiled
};
struct config_grant {
    struct identity_grant grant; // reach[].policy indexes config.policies
    unsigned char token_sha256[32];
};

struct config {
    const char *path;
    const char *listen; // "127.0.0.1:8700"
    const char *tls_certificate; // NULL: plain
    const char *tls_key;
    const struct slice *allowed_hosts;
    size_t allowed_host_count;
    const struct slice *allowed_origins;
    size_t allowed_origin_count;
    const struct upstream_options *servers;
    size_t server_count;
    const struct config_policy *policies;
    size_t policy_count;
    const struct config_grant *grants;
    size_t grant_count;
    const char *decision_log; // NULL: none configured; relative paths are relative to the config file's folder
    const char *limits_file;  // NULL: in memory only
    const char *upstream_ca;  // NULL: the system's; a PEM file for https upstreams
    bool metrics_public;      // /metrics also for peers that are not loopback
    // "limits": { ... }; 0 takes the default documented in docs/configuration.md
    size_t message_max_bytes;
    size_t sessions_max_per_grant;
    size_t calls_max_per_grant;
    uint64_t session_idle_ms;
    uint64_t drain_ms;
    // every file that a change of must cause a reload: the config and its policies
    const char *const *watched;
    size_t watched_count;
};

struct config_problem {
    const char *file; // owned by the problems
    struct json_position at; // line 0: the file as a whole
    bool warning;
    char text[400];
};
struct config_problems {
    struct config_problem *items; // owned
    size_t count;
    char **files; // owned
    size_t file_count;
};
void config_problems_release(struct config_problems *problems);
// One line per problem: "sallyport.json:12:9: error: unknown key 'polices'; did you mean 'policies'?"
void config_problems_print(const struct config_problems *problems, struct buffer *out);

// Reads, checks and compiles. 0 with warnings at most, or ERROR_CONFIG with every problem listed.
// `environment` is "NAME=value" strings, NULL-terminated (environ, or a test's).
int config_load(const char *path, const char *const *environment, struct config **ret,
                struct config_problems *ret_problems) MUST_CHECK;
void config_free(struct config *config); // NULL accepted
// True when both describe the same upstream (a reload then leaves it alone).
bool config_same_server(const struct upstream_options *a, const struct upstream_options *b);
