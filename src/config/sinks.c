// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the decision log goes besides its file.
#include "config/config_internal.h"

#include "fetch/fetch.h"

enum { SINKS_MAX = 16, PATH_LEAST = 2, SOCKET_PATH_MAX = 107, HOSTNAME_MAX = 255 };

static const char *const kinds[] = {
    [SINK_SYSLOG] = "syslog", [SINK_OTLP] = "otlp", [SINK_WEBHOOK] = "webhook", NULL};
static const char *const bodies[] = {[SINK_LINES] = "lines", [SINK_ARRAY] = "array", NULL};
// In the order of RFC 5424.
static const char *const facilities[] = {
    "kern",   "user",     "mail",   "daemon", "auth",   "syslog", "lpr",   "news",   "uucp",
    "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock", "local0", "local1",
    "local2", "local3",   "local4", "local5", "local6", "local7", NULL};
static const char *const outcomes[] = {"allowed",  "denied",  "hidden",
                                       "observed", "refused", "failed"};

static bool is_outcome(struct config_loader *loader, uint32_t node, struct slice value)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (slice_equal_string(value, outcomes[i]))
            return true;
    struct config_hint hint = config_hint(value, outcomes, sizeof outcomes / sizeof *outcomes);
    config_complain(loader, CONFIG_ERROR, node, "there is no outcome '%.*s'%s", CONFIG_SHOWN(value),
                    hint.text);
    return false;
}

static void read_outcomes(struct config_loader *loader, uint32_t node, void *target)
{
    struct sink_options *sink = target;
    config_strings(loader, node, is_outcome, &sink->outcomes, &sink->outcome_count);
}

static void read_servers(struct config_loader *loader, uint32_t node, void *target)
{
    struct sink_options *sink = target;
    config_strings(loader, node, NULL, &sink->servers, &sink->server_count);
}

static void read_notes(struct config_loader *loader, uint32_t node, void *target)
{
    struct sink_options *sink = target;
    enum json_type type = json_type(&loader->doc, node);
    sink->notes = type != JSON_FALSE;
    if (type != JSON_FALSE && type != JSON_TRUE)
        config_complain(loader, CONFIG_ERROR, node, "'notes' must be true or false");
}

static void read_from(struct config_loader *loader, uint32_t node, void *target)
{
    struct sink_options *sink = target;
    struct slice value = config_plain_string(loader, node);
    sink->from_begin = slice_equal_string(value, "oldest");
    if (value.data != NULL && !sink->from_begin && !slice_equal_string(value, "now"))
        config_complain(loader, CONFIG_ERROR, node,
                        "'from' must be \"now\" or \"oldest\", not \"%.*s\"", CONFIG_SHOWN(value));
}

static void read_hostname(struct config_loader *loader, uint32_t node, void *target)
{
    struct sink_options *sink = target;
    struct slice value = config_plain_string(loader, node);
    bool good = value.length > 0 && value.length <= HOSTNAME_MAX;
    for (size_t i = 0; i < value.length; i++)
        good = good && value.data[i] > ' ' && value.data[i] <= '~';
    sink->hostname = value.data;
    if (value.data != NULL && !good)
        config_complain(loader, CONFIG_ERROR, node,
                        "'hostname' must have 1 to 255 printable characters without spaces");
}

#define AT(member) .offset = offsetof(struct sink_options, member)

static const struct config_option sink_options[] = {
    {.key = "name",
     .kind = OPTION_LATER,
     .required = true,
     .type = "string",
     .help = "names the sink in messages, figures and the file with its position"},
    {.key = "kind",
     .kind = OPTION_CHOICE,
     .required = true,
     AT(kind),
     .choices = kinds,
     .help = "what is spoken: syslog (RFC 5424), OpenTelemetry's logs over HTTP with JSON, signed "
             "POSTs with lines of JSON"},
    {.key = "url",
     .kind = OPTION_LATER,
     .required = true,
     .type = "string",
     .help = "of `syslog`: `unix:/dev/log`, `udp://HOST:PORT`, `tcp://HOST:PORT` or "
             "`tls://HOST:PORT`; else http or https; `${NAME}` is replaced"},
    {.key = "headers",
     .kind = OPTION_LATER,
     .type = "object of strings",
     .help = "of `otlp` and `webhook`: sent with every request; `${NAME}` is replaced in the "
             "values"},
    {.key = "secret",
     .kind = OPTION_LATER,
     .type = "string",
     .help = "of `webhook`: the key that signs, `whsec_` and 24 to 64 bytes in base64; `${NAME}` "
             "is replaced"},
    {.key = "previous_secret",
     .kind = OPTION_LATER,
     .type = "string",
     .help = "a second key that signs as well, while receivers change to the first"},
    {.key = "format",
     .kind = OPTION_CHOICE,
     AT(format),
     .choices = bodies,
     .standard = "lines",
     .help = "of `webhook`: a line of JSON for each row, or all rows as one JSON array"},
    {.key = "facility",
     .kind = OPTION_CHOICE,
     AT(facility),
     .choices = facilities,
     .standard = "local0",
     .help = "of `syslog`"},
    {.key = "hostname",
     .kind = OPTION_CALL,
     .read = read_hostname,
     .type = "string",
     .help = "what rows are said to come from; else the system's name"},
    {.key = "outcomes",
     .kind = OPTION_CALL,
     .read = read_outcomes,
     .type = "array of strings",
     .standard = "[]",
     .help = "only decisions with one of these outcomes"},
    {.key = "servers",
     .kind = OPTION_CALL,
     .read = read_servers,
     .type = "array of strings",
     .standard = "[]",
     .help = "only decisions about one of these servers, as rows name them"},
    {.key = "notes",
     .kind = OPTION_CALL,
     .read = read_notes,
     .type = "boolean",
     .standard = "true",
     .help = "also what the log says about itself, signed checkpoints for instance"},
    {.key = "from",
     .kind = OPTION_CALL,
     .read = read_from,
     .type = "`\"now\"` or `\"oldest\"`",
     .standard = "now",
     .help = "where a new sink begins"},
    {.key = "batch_rows",
     .kind = OPTION_COUNT,
     AT(rows_max),
     .least = 1,
     .most = 10000,
     .standard = "500",
     .help = "rows that are sent at once"},
    {.key = "timeout",
     .kind = OPTION_DURATION,
     AT(timeout_ms),
     .least = 100,
     .most = 300000,
     .standard = "10s",
     .help = "until the connection stands, and until a batch is taken"},
};
const struct config_section config_sink_section = {"a sink", sink_options,
                                                   sizeof sink_options / sizeof *sink_options};

static uint32_t member(struct config_loader *loader, uint32_t node, const char *key)
{
    return json_get(&loader->doc, node, key);
}

static void refuse_keys(struct config_loader *loader, uint32_t node, const char *const *keys,
                        const struct sink_options *sink)
{
    for (; *keys != NULL; keys++)
        if (member(loader, node, *keys) != JSON_NONE)
            config_complain(loader, CONFIG_ERROR, member(loader, node, *keys) - 1,
                            "a sink of kind '%s' has no '%s'", kinds[sink->kind], *keys);
}

// ---- syslog

static const char *read_address(struct config_loader *loader, struct slice url,
                                struct sink_options *sink)
{
    static const struct {
        struct slice scheme;
        enum sink_transport transport;
    } schemes[] = {{{"udp://", 6}, SINK_UDP}, {{"tcp://", 6}, SINK_TCP}, {{"tls://", 6}, SINK_TLS}};
    const struct slice local = SLICE_LITERAL("unix:");
    if (slice_starts_with(url, local)) {
        sink->transport = SINK_UNIX;
        sink->host = url.data + local.length;
        return url.data[local.length] == '/' && url.length - local.length >= PATH_LEAST &&
                       url.length - local.length <= SOCKET_PATH_MAX
                   ? NULL
                   : "must have the path of a socket behind 'unix:', at most 107 bytes";
    }
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct slice rest = slice_of(url.data + 6, url.length < 6 ? 0 : url.length - 6), host;
        if (!slice_starts_with(url, schemes[i].scheme))
            continue;
        sink->transport = schemes[i].transport;
        if (!config_split_host(rest, &host, &sink->port))
            return "must be a host and a port, like 'tcp://logs.example.com:601'";
        sink->host = arena_copy(&loader->config->arena, host).data;
        loader->no_memory = loader->no_memory || sink->host == NULL;
        return NULL;
    }
    return "must begin with unix:, udp://, tcp:// or tls://";
}

static void read_syslog(struct config_loader *loader, uint32_t node, struct sink_options *sink)
{
    static const char *const foreign[] = {"headers", "secret", "previous_secret", "format", NULL};
    uint32_t url_node = member(loader, node, "url");
    refuse_keys(loader, node, foreign, sink);
    struct slice url =
        url_node == JSON_NONE ? (struct slice){0} : config_expanded_string(loader, url_node);
    const char *why = url.data == NULL ? NULL : read_address(loader, url, sink);
    if (why != NULL)
        config_complain(loader, CONFIG_ERROR, url_node, "'url' %s", why);
}

// ---- HTTP

static void join_headers(struct config_loader *loader, const struct upstream_options *from,
                         struct sink_options *sink)
{
    const char **headers = config_take(loader, from->header_count + 1, sizeof *headers);
    for (size_t i = 0; headers != NULL && i < from->header_count; i++) {
        struct slice header =
            arena_format(&loader->config->arena, "%.*s: %.*s", SLICE_PRINT(from->headers[i].name),
                         SLICE_PRINT(from->headers[i].value));
        headers[i] = header.data;
        loader->no_memory = loader->no_memory || header.data == NULL;
        if (header.data != NULL)
            config_note_secret(loader, header);
    }
    sink->headers = headers;
}

static void read_remote(struct config_loader *loader, uint32_t node, struct sink_options *sink)
{
    static const char *const foreign[] = {"facility", NULL};
    struct upstream_options scratch = {0};
    uint32_t url_node = member(loader, node, "url");
    const char *why = NULL;
    refuse_keys(loader, node, foreign, sink);
    config_read_headers(loader, member(loader, node, "headers"), &scratch);
    join_headers(loader, &scratch, sink);
    struct slice url =
        url_node == JSON_NONE ? (struct slice){0} : config_expanded_string(loader, url_node);
    if (url.data == NULL)
        return;
    sink->url = url.data;
    if (!config_split_url(url, &loader->config->arena, &scratch, &why)) {
        config_complain(loader, CONFIG_ERROR, url_node, "'url' %s", why);
        return;
    }
    sink->host = arena_copy(&loader->config->arena, scratch.host).data;
    sink->port = scratch.port;
    loader->no_memory = loader->no_memory || sink->host == NULL;
    if (!scratch.tls && !config_is_loopback(scratch.host) &&
        config_has_header(&scratch, SLICE_LITERAL("authorization")))
        config_complain(loader, CONFIG_ERROR, url_node,
                        "'url' is not https: the Authorization header would cross the network "
                        "readable by anybody");
    else if (!scratch.tls && !config_is_loopback(scratch.host))
        config_complain(loader, CONFIG_WARNING, url_node,
                        "'url' is not https: the log crosses the network readable by anybody");
}

static void read_secret(struct config_loader *loader, uint32_t node, struct slice *ret)
{
    unsigned char bytes[FETCH_WEBHOOK_KEY_MOST];
    size_t size = 0;
    struct slice text = config_expanded_string(loader, node);
    if (text.data == NULL)
        return;
    if (!fetch_webhook_key_parse(text, bytes, &size)) {
        config_complain(loader, CONFIG_ERROR, node,
                        "'%.*s' must be \"whsec_\" and 24 to 64 random bytes in base64, as "
                        "'echo whsec_$(openssl rand -base64 32)' makes",
                        CONFIG_SHOWN(config_key_of(loader, node)));
        return;
    }
    *ret = arena_copy(&loader->config->arena, slice_of((const char *)bytes, size));
    loader->no_memory = loader->no_memory || ret->data == NULL;
    if (ret->data != NULL)
        config_note_secret(loader, *ret);
}

static void read_secrets(struct config_loader *loader, uint32_t node, struct sink_options *sink)
{
    static const char *const foreign[] = {"secret", "previous_secret", "format", NULL};
    uint32_t secret = member(loader, node, foreign[0]), previous = member(loader, node, foreign[1]);
    if (sink->kind != SINK_WEBHOOK) {
        refuse_keys(loader, node, foreign, sink);
        return;
    }
    if (secret == JSON_NONE)
        config_complain(loader, CONFIG_ERROR, node, "a sink of kind 'webhook' needs 'secret'");
    else
        read_secret(loader, secret, &sink->secrets[0]);
    if (previous != JSON_NONE)
        read_secret(loader, previous, &sink->secrets[1]);
}

// ---- All of them

static void read_name(struct config_loader *loader, uint32_t node, struct sink_options *sink)
{
    if (node == JSON_NONE)
        return;
    sink->name = config_plain_string(loader, node);
    if (sink->name.data != NULL && !config_is_name(sink->name))
        config_complain(loader, CONFIG_ERROR, node,
                        "names of sinks have 1 to 64 letters, digits, '_' and '-'");
    for (const struct sink_options *other = loader->config->sinks; other < sink; other++)
        if (sink->name.data != NULL && slice_equal(other->name, sink->name))
            config_complain(loader, CONFIG_ERROR, node, "there is a sink '%.*s' already",
                            CONFIG_SHOWN(sink->name));
}

static void read_sink(struct config_loader *loader, uint32_t node, struct sink_options *sink)
{
    sink->notes = true;
    if (!config_read_section(loader, node, &config_sink_section, sink))
        return;
    read_name(loader, member(loader, node, "name"), sink);
    if (sink->kind == SINK_SYSLOG) {
        read_syslog(loader, node, sink);
        return;
    }
    read_remote(loader, node, sink);
    read_secrets(loader, node, sink);
}

void config_read_sinks(struct config_loader *loader, uint32_t node)
{
    if (node == JSON_NONE || !config_expect(loader, node, JSON_ARRAY))
        return;
    size_t count = json_at(&loader->doc, node)->count;
    if (count > SINKS_MAX) {
        config_complain(loader, CONFIG_ERROR, node, "there are at most %d sinks", SINKS_MAX);
        return;
    }
    if (count > 0 && loader->config->decision_log == NULL)
        config_complain(loader, CONFIG_ERROR, node,
                        "'decision_log_sinks' goes with 'decision_log': sinks get what is in that "
                        "file");
    struct sink_options *sinks = config_take(loader, count, sizeof *sinks);
    loader->config->sinks = sinks;
    for (uint32_t at = json_first_element(&loader->doc, node); sinks != NULL && at != JSON_NONE;
         at = json_next_element(&loader->doc, node, at))
        read_sink(loader, at, &sinks[loader->config->sink_count++]);
}
