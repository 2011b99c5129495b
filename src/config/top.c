// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The keys of the document itself, and what concerns the side that clients see.
#include "config/config_internal.h"

static const char *const levels[] = {[LOG_DEBUG] = "debug",
                                     [LOG_INFO] = "info",
                                     [LOG_WARNING] = "warning",
                                     [LOG_ERROR] = "error",
                                     NULL};
static const char *const formats[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json", NULL};

static const char *const on_failure[] = {[AUDIT_DENY] = "deny", [AUDIT_ALLOW] = "allow", NULL};

static const char *const on_store_failure[] = {
    [CONFIG_LIMITS_DENY] = "deny", [CONFIG_LIMITS_LOCAL] = "local", NULL};

static const char *const forwarded[] = {
    [HTTP_X_FORWARDED_FOR] = "X-Forwarded-For", [HTTP_FORWARDED] = "Forwarded", NULL};

#define AT(member) .offset = offsetof(struct config, member)

static const struct config_option tls_options[] = {
    {.key = "certificate",
     .kind = OPTION_FILE,
     .required = true,
     AT(tls_certificate),
     .help = "PEM file with the certificate and its chain"},
    {.key = "key",
     .kind = OPTION_FILE,
     .required = true,
     AT(tls_key),
     .help = "PEM file with the private key"},
};
static const struct config_section tls_section = {"'tls'", tls_options,
                                                  sizeof tls_options / sizeof *tls_options};

static const struct config_option limit_options[] = {
    {.key = "message_bytes",
     .kind = OPTION_BYTES,
     AT(message_max_bytes),
     .least = 1024,
     .most = 1073741824,
     .standard = "4 MiB",
     .help = "largest message from a client"},
    {.key = "waiting_bytes",
     .kind = OPTION_BYTES,
     AT(waiting_max_bytes),
     .least = 33554432,
     .most = 1099511627776,
     .standard = "256 MiB",
     .help = "what may wait, of each worker, for clients and programs that do not read; beyond it "
             "those that hold most for longest are cut"},
    {.key = "sessions_per_grant",
     .kind = OPTION_COUNT,
     AT(sessions_max_per_grant),
     .least = 1,
     .most = 100000,
     .standard = "1000",
     .help = "open sessions of one grant"},
    {.key = "session_idle",
     .kind = OPTION_DURATION,
     AT(session_idle_ms),
     .least = 1000,
     .most = 604800000,
     .standard = "30m",
     .help = "an unused session ends after this time"},
    {.key = "calls_per_grant",
     .kind = OPTION_COUNT,
     AT(calls_max_per_grant),
     .least = 1,
     .most = 100000,
     .standard = "1000",
     .help = "requests of one grant at the same time"},
    {.key = "message_time",
     .kind = OPTION_DURATION,
     AT(message_time_ms),
     .least = 1000,
     .most = 3600000,
     .standard = "2m",
     .help = "how long a message may take to come in"},
    {.key = "question_time",
     .kind = OPTION_DURATION,
     AT(question_time_ms),
     .least = 1000,
     .most = 604800000,
     .standard = "1h",
     .help = "how long a server's request may wait for the client's answer"},
    {.key = "left_call_time",
     .kind = OPTION_DURATION,
     AT(left_call_time_ms),
     .least = 1000,
     .most = 86400000,
     .standard = "5m",
     .help = "how long a call goes on that its client has left"},
    {.key = "keep_alive",
     .kind = OPTION_DURATION,
     AT(keep_alive_ms),
     .least = 1000,
     .most = 3600000,
     .standard = "15s",
     .help = "how long a stream to a client may be silent before it gets a comment"},
    {.key = "drain",
     .kind = OPTION_DURATION,
     AT(drain_ms),
     .least = 0,
     .most = 3600000,
     .standard = "30s",
     .help = "how long running calls may finish when the gateway stops"},
};
static const struct config_section limit_section = {"'limits'", limit_options,
                                                    sizeof limit_options / sizeof *limit_options};

static const struct config_option log_options[] = {
    {.key = "level",
     .kind = OPTION_CHOICE,
     AT(log_level),
     .choices = levels,
     .standard = "info",
     .help = "least level that is written to standard error"},
    {.key = "format",
     .kind = OPTION_CHOICE,
     AT(log_format),
     .choices = formats,
     .standard = "text",
     .help = "one line per event as text or as JSON"},
};
static const struct config_section log_section = {"'log'", log_options,
                                                  sizeof log_options / sizeof *log_options};

static bool is_allowed_host(struct config_loader *loader, uint32_t node, struct slice host)
{
    if (host.length > 0 && host.length <= 260 && strpbrk(host.data, "/@ \t\r\n*") == NULL)
        return true;
    config_complain(loader, CONFIG_ERROR, node,
                    "an allowed host is a name like \"gateway.example.com\", without scheme, path "
                    "or wildcard");
    return false;
}

static void read_hosts(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    config_strings(loader, node, is_allowed_host, &config->allowed_hosts,
                   &config->allowed_host_count);
}

static bool is_allowed_origin(struct config_loader *loader, uint32_t node, struct slice origin)
{
    const char *host = strstr(origin.data, "://");
    if (host != NULL && host != origin.data && host[3] != '\0' &&
        strpbrk(host + 3, "/@ \t\r\n*?#") == NULL)
        return true;
    config_complain(loader, CONFIG_ERROR, node,
                    "an allowed origin is like \"https://app.example.com\", without path or "
                    "wildcard");
    return false;
}

static void read_origins(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    config_strings(loader, node, is_allowed_origin, &config->allowed_origins,
                   &config->allowed_origin_count);
}

static void read_metrics(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    struct slice value = config_plain_string(loader, node);
    config->metrics_public = slice_equal_string(value, "public");
    if (value.data != NULL && !config->metrics_public && !slice_equal_string(value, "loopback"))
        config_complain(loader, CONFIG_ERROR, node,
                        "'metrics' must be \"loopback\" or \"public\", not \"%.*s\"",
                        CONFIG_SHOWN(value));
}

static bool read_flag(struct config_loader *loader, uint32_t node, const char *name)
{
    enum json_type type = json_type(&loader->doc, node);
    if (type != JSON_TRUE && type != JSON_FALSE)
        config_complain(loader, CONFIG_ERROR, node, "'%s' must be true or false", name);
    return type == JSON_TRUE;
}

static void read_catalogue_public(struct config_loader *loader, uint32_t node, void *target)
{
    ((struct config *)target)->catalogue_public = read_flag(loader, node, "public");
}

static void read_contact(struct config_loader *loader, uint32_t node, void *target)
{
    ((struct config *)target)->contact_form = read_flag(loader, node, "contact");
}

static void read_mask(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    struct policy_problems problems;
    struct slice text = json_raw(&loader->doc, node);
    struct json_position at = json_position(loader->doc.text, json_at(&loader->doc, node)->start);
    if (policy_mask_compile(text, &config->mask, &problems) == ERROR_NO_MEMORY)
        loader->no_memory = true;
    for (size_t i = 0; i < problems.count; i++) {
        struct json_position inside = problems.items[i].at;
        inside.column += inside.line == 1 ? at.column - 1 : 0;
        inside.line += at.line - 1;
        config_complain_at(loader, CONFIG_ERROR, inside, "%s", problems.items[i].text);
    }
    policy_problems_release(&problems);
}

static void read_listen(struct config_loader *loader, uint32_t node, void *target)
{
    struct config *config = target;
    struct slice text = config_plain_string(loader, node), host;
    uint16_t port = 0;
    if (text.data == NULL)
        return;
    if (!config_split_address(text, &host, &port))
        config_complain(loader, CONFIG_ERROR, node,
                        "'listen' must be an IP address (or localhost) and a port, like "
                        "\"127.0.0.1:8700\" or \"[::1]:8700\"");
    else
        config->listen = text.data;
}

static const struct config_option outside_options[] = {
    {.key = "allow",
     .kind = OPTION_CALL,
     .read = config_read_outside_allow,
     .type = "array of strings",
     .standard = "[]",
     .help = "addresses and ranges (`10.0.0.0/8`) that are not public and yet may be connected to"},
};
static const struct config_section outside_section = {
    "'outside'", outside_options, sizeof outside_options / sizeof *outside_options};

static const struct config_option catalogue_options[] = {
    {.key = "public",
     .kind = OPTION_CALL,
     .read = read_catalogue_public,
     .type = "boolean",
     .standard = "false",
     .help = "whether anybody who reaches the gateway sees what is shared by all organisations"},
    {.key = "contact",
     .kind = OPTION_CALL,
     .read = read_contact,
     .type = "boolean",
     .standard = "false",
     .help = "whether anybody who reaches the gateway may write to the admins of its first "
             "organisation, by a form"},
};
static const struct config_section catalogue_section = {
    "'catalogue'", catalogue_options, sizeof catalogue_options / sizeof *catalogue_options};

static const struct config_option top_options[] = {
    {.key = "listen",
     .kind = OPTION_CALL,
     .read = read_listen,
     .type = "string",
     .standard = "127.0.0.1:8700",
     .help = "IP address (or `localhost`, or `*` for all) and port; port 0 takes a free one"},
    {.key = "tls",
     .kind = OPTION_OBJECT,
     .section = &tls_section,
     .help = "serve HTTPS; without it plain HTTP"},
    {.key = "allowed_hosts",
     .kind = OPTION_CALL,
     .read = read_hosts,
     .type = "array of strings",
     .standard = "[]",
     .help = "values of the Host header that are answered, besides loopback names on a loopback "
             "address"},
    {.key = "allowed_origins",
     .kind = OPTION_CALL,
     .read = read_origins,
     .type = "array of strings",
     .standard = "[]",
     .help = "values of the Origin header that are answered, besides loopback ones"},
    {.key = "trusted_proxies",
     .kind = OPTION_CALL,
     .read = config_read_proxies,
     .type = "array of strings",
     .standard = "[]",
     .help = "addresses and ranges (`10.0.0.0/8`) of proxies that are believed when they say whom "
             "they ask for"},
    {.key = "forwarded_header",
     .kind = OPTION_CHOICE,
     AT(forwarded_header),
     .choices = forwarded,
     .standard = "X-Forwarded-For",
     .help = "the header in which they say it; the other one is ignored"},
    {.key = "public_url",
     .kind = OPTION_CALL,
     .read = config_read_public_url,
     .type = "string",
     .help = "where browsers reach this gateway, like `https://gateway.example.com`: for links and "
             "sign-in, and an allowed host; else the address it listens on, when that is loopback"},
    {.key = "outside",
     .kind = OPTION_OBJECT,
     .section = &outside_section,
     .help = "where requests to URLs of the database may go; servers of this file go anywhere"},
    {.key = "mail",
     .kind = OPTION_OBJECT,
     .section = &config_mail_section,
     .help = "with a database: the mail server of channels (docs/notifications.md); a change takes "
             "effect at the next start"},
    {.key = "catalogue",
     .kind = OPTION_OBJECT,
     .section = &catalogue_section,
     .help = "with a database: the pages of the catalogue (docs/pages.md)"},
    {.key = "workers",
     .kind = OPTION_COUNT,
     AT(workers),
     .least = 1,
     .most = 64,
     .standard = "1",
     .help = "threads that serve calls; one does tens of thousands a second"},
    {.key = "servers",
     .kind = OPTION_LATER,
     .section = &config_server_section,
     .type = "object of servers",
     .help = "the MCP servers behind the gateway, by name"},
    {.key = "policies",
     .kind = OPTION_LATER,
     .type = "object of strings",
     .help = "policy files by name; relative to this file's folder"},
    {.key = "grants",
     .kind = OPTION_LATER,
     .section = &config_grant_section,
     .type = "object of grants",
     .help = "who may call what, by name"},
    {.key = "decision_log",
     .kind = OPTION_NEW_FILE,
     AT(decision_log),
     .standard = NULL,
     .help = "file that every decision is appended to; none without it"},
    {.key = "decision_log_key",
     .kind = OPTION_NEW_FILE,
     AT(decision_log_key),
     .help = "file of the key that signs the decision log, made when missing; else the log's name "
             "with `.key`"},
    {.key = "decision_log_keep",
     .kind = OPTION_DURATION,
     AT(decision_log_keep_ms),
     .least = 60000,
     .most = 3153600000000,
     .help = "rows of the decision log older than this are deleted, some at a time; without it "
             "none, unless admins say so (docs/decision-log.md)"},
    {.key = "decision_log_keep_bytes",
     .kind = OPTION_BYTES,
     AT(decision_log_keep_bytes),
     .least = 1048576,
     .most = 1125899906842624,
     .help = "the same when its files together are larger than this"},
    {.key = "decision_log_arguments",
     .kind = OPTION_CALL,
     .read = read_mask,
     .type = "object",
     .help = "log values of arguments too, of this file's grants: `names`, `paths`, `patterns`, "
             "`secrets`, `max_value_bytes`, `max_bytes` say what of them is left out "
             "(docs/decision-log.md); without it no values"},
    {.key = "decision_log_sinks",
     .kind = OPTION_LATER,
     .section = &config_sink_section,
     .type = "array of sinks",
     .help = "where the decision log goes besides its file"},
    {.key = "admin_audit_keep",
     .kind = OPTION_DURATION,
     AT(admin_audit_keep_ms),
     .least = 86400000,
     .most = 3153600000000,
     .help = "with a database: days of the admin audit that are older than this are deleted; "
             "without it none, unless admins say so"},
    {.key = "audit_on_failure",
     .kind = OPTION_CHOICE,
     AT(audit_on_failure),
     .choices = on_failure,
     .standard = "deny",
     .help = "what becomes of calls while the decision log cannot be written"},
    {.key = "limits_file",
     .kind = OPTION_NEW_FILE,
     AT(limits_file),
     .help = "file in which quota counters survive a restart; without it they are in memory only"},
    {.key = "limits_on_store_failure",
     .kind = OPTION_CHOICE,
     AT(limits_on_store_failure),
     .choices = on_store_failure,
     .standard = "deny",
     .help = "what becomes of calls under a limit while `limits_file` cannot be written; `local`: "
             "they count in memory (docs/limits.md)"},
    {.key = "limits",
     .kind = OPTION_OBJECT,
     .section = &limit_section,
     .help = "bounds that protect the gateway itself"},
    {.key = "metrics",
     .kind = OPTION_CALL,
     .read = read_metrics,
     .type = "\"loopback\" or \"public\"",
     .standard = "loopback",
     .help = "who may read `/metrics`"},
    {.key = "upstream_ca",
     .kind = OPTION_FILE,
     AT(upstream_ca),
     .help = "PEM file of the authorities that https servers are checked against; else the "
             "system's"},
    {.key = "approvals",
     .kind = OPTION_OBJECT,
     .section = &config_approvals_section,
     .help = "questions to people, with `serve --data` (docs/approvals.md)"},
    {.key = "log",
     .kind = OPTION_OBJECT,
     .section = &log_section,
     .help = "the operator's log on standard error"},
};
const struct config_section config_top_section = {"the configuration", top_options,
                                                  sizeof top_options / sizeof *top_options};

void config_check_listener(struct config_loader *loader, uint32_t root)
{
    struct config *config = loader->config;
    uint32_t listen = json_get(&loader->doc, root, "listen");
    struct slice host;
    uint16_t port = 0;
    if (config->listen == NULL)
        config->listen = "127.0.0.1:8700";
    if (!config_split_address(slice_from_string(config->listen), &host, &port) ||
        config_is_loopback(host))
        return;
    if (json_get(&loader->doc, root, "tls") == JSON_NONE)
        config_complain(loader, CONFIG_WARNING, listen,
                        "'listen' is not loopback and there is no 'tls': tokens cross the network "
                        "readable by anybody");
    if (config->allowed_host_count == 0 &&
        json_get(&loader->doc, root, "allowed_hosts") == JSON_NONE)
        config_complain(loader, CONFIG_WARNING, listen,
                        "'listen' is not loopback and there are no 'allowed_hosts': requests that "
                        "name another host are refused");
}
