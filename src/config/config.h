// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration file: one option table, every problem listed with file:line:column, secrets
// read from the environment by ${NAME}. A loaded configuration is immutable and owns everything it
// points to.
#pragma once

#include "audit/audit.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "filter/filter.h"
#include "http/http.h"
#include "identity/identity.h"
#include "policy/policy.h"
#include "sink/sink.h"
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

enum config_limits_on_failure { CONFIG_LIMITS_DENY, CONFIG_LIMITS_LOCAL };
// The words of the first three are those of fetch/fetch.h, in their order.
enum config_mail_security {
    CONFIG_MAIL_STARTTLS,
    CONFIG_MAIL_TLS,
    CONFIG_MAIL_NONE, // only to this machine
    CONFIG_MAIL_INSECURE,
};
struct config_mail {
    const char *host; // NULL: none
    uint16_t port;
    enum config_mail_security security;
    const char *user, *password; // NULL: it does not log in
    const char *from;
};

struct config {
    const char *path;
    const char *listen;          // "127.0.0.1:8700"
    const char *tls_certificate; // NULL: plain
    const char *tls_key;
    const struct slice *allowed_hosts;
    size_t allowed_host_count;
    const struct slice *allowed_origins;
    size_t allowed_origin_count;
    const struct net_range *trusted_proxies;
    size_t trusted_proxy_count;
    enum http_forwarded forwarded_header;
    bool catalogue_public;  // "catalogue": {"public": true}
    bool contact_form;      // the same, "contact"
    const char *public_url; // "https://gateway.example.com", no '/' behind; NULL: not told
    struct config_mail mail;
    // "outside": special addresses that URLs of the database may lead to
    const struct net_range *outside_allow;
    size_t outside_allow_count;
    const struct upstream_options *servers;
    size_t server_count;
    struct filter_pins **pins; // of each server: what is decided about its tools; NULL: nothing
    struct slice pinned;       // the first server with 'pinning', which needs a database
    struct json_position pinned_at;
    const struct config_policy *policies;
    size_t policy_count;
    const struct config_grant *grants;
    size_t grant_count;
    // Paths below and in tls_* are already joined with the config file's folder when relative.
    const char *decision_log;     // NULL: none configured
    const char *decision_log_key; // NULL: beside it
    enum audit_on_failure audit_on_failure;
    uint64_t decision_log_keep_ms;    // 0: for ever
    size_t decision_log_keep_bytes;   // 0: all of it
    uint64_t admin_audit_keep_ms;     // 0: for ever
    struct policy_mask *mask;         // what of arguments is logged; NULL: no values
    const struct sink_options *sinks; // where else the decision log goes
    size_t sink_count;
    const char *limits_file; // NULL: in memory only
    enum config_limits_on_failure limits_on_store_failure;
    const char *upstream_ca; // NULL: the system's; a PEM file for https upstreams
    bool metrics_public;     // /metrics also for peers that are not loopback
    // "limits": { ... }; config_load always fills these in, defaults included
    size_t message_max_bytes;
    size_t waiting_max_bytes;
    size_t workers; // 0: one
    size_t sessions_max_per_grant;
    size_t approval_rounds;
    size_t questions_per_grant, questions; // to people, that are open at the same time
    size_t calls_max_per_grant;
    uint64_t session_idle_ms;
    uint64_t message_time_ms;
    uint64_t question_time_ms;
    uint64_t left_call_time_ms;
    uint64_t keep_alive_ms;
    uint64_t drain_ms;
    // {"file":...,"servers":[...],"policies":[...],"grants":[...]} as the file has them, without
    // secrets: for the API. Empty when no file declares them.
    struct slice declared;
    // every file that a change of must cause a reload: the config and its policies
    const char *const *watched;
    size_t watched_count;
    // "log"
    enum log_level log_level;
    enum log_format log_format;
    // owner of all of the above; nobody else touches these
    struct arena arena;
    struct config_secret *secrets; // wiped by config_free
};

struct config_problem {
    const char *file;        // owned by the problems
    struct json_position at; // line 0: the file as a whole
    bool warning;
    char text[400];
};
struct config_problems {
    struct config_problem *items; // owned
    size_t count;
    char **files; // owned
    size_t file_count;
    bool cut; // there were more than are listed
};
void config_problems_release(struct config_problems *problems);
// One line per problem: "sallyport.json:12:9: error: unknown key 'polices'; did you mean
// 'policies'?"
void config_problems_print(const struct config_problems *problems, struct buffer *out);

// Reads, checks and compiles. 0 with warnings at most, or ERROR_CONFIG with every problem listed.
// `environment` is "NAME=value" strings, NULL-terminated (environ, or a test's).
int config_load(const char *path, const char *const *environment, struct config **ret,
                struct config_problems *ret_problems) MUST_CHECK;
// The same for a document that no file holds (what `sallyport run` was told by its flags); paths in
// it are relative to the working folder.
int config_load_text(struct slice text, const char *const *environment, struct config **ret,
                     struct config_problems *ret_problems) MUST_CHECK;
void config_free(struct config *config); // NULL accepted

// ---- What other rooms may use besides.
// The known word that was probably meant, or NULL when none is near.
const char *config_nearest(struct slice word, const char *const *known, size_t count);
// The value of a variable in "NAME=value" strings, or NULL.
const char *config_variable(const char *const *environment, struct slice name);
// "90s", "15m", "24h", "7d", "250ms". False when it is none or more than 64 bits hold.
bool config_parse_duration(struct slice text, uint64_t *ret_ms);
// Can this program be started (a path, or a name looked up in PATH)?
bool config_finds_program(const char *program, const char *const *environment);
// "127.0.0.1:8700", "[::1]:8700", "localhost:8700", "*:8700" (all interfaces) to host (without
// brackets) and port.
bool config_split_address(struct slice text, struct slice *ret_host, uint16_t *ret_port);
bool config_is_loopback(struct slice host);
// Reads a whole file of at most `cap` bytes.
int config_read_file(const char *path, size_t cap, struct buffer *out,
                     struct error *error) MUST_CHECK;
// The same from an open file, up to its end.
int config_read_stream(int file, size_t cap, struct buffer *out, struct error *error) MUST_CHECK;
// The reference of all keys as Markdown, written from the tables that drive the parser.
void config_reference(struct buffer *out);
