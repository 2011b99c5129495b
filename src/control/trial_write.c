// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a trial found out, as JSON. What the server wrote itself is text of a stranger: bounded, and
// without bytes that a terminal would obey.
#include "control/trial_internal.h"

#include "base/clock.h"
#include "json/json.h"

static const struct advice {
    const char *kind, *text;
} advices[] = {
    {"lookup",
     "check the host in the server's URL, and the names that the gateway's machine knows"},
    {"unreachable", "check the port, and whether the server runs and the gateway may reach it"},
    {"timeout", "the server, or something on the way, does not answer; check firewalls"},
    {"guard", "the gateway's operator must allow addresses that are not public"},
    {"tls",
     "check the certificate's name, dates and issuer; the operator can name an own authority "
     "with 'upstream_ca'"},
    {"unauthorized", "set or renew the server's credential: sallyport server credential set"},
    {"forbidden", "the server knows the credential and refuses it; check what it may do"},
    {"not-found", "check the path in the server's URL"},
    {"program", "check the command, and whether the gateway's account finds and may start it"},
    {"ended", "run the command by hand; what it wrote last is in 'errors'"},
    {"protocol", "what answers may be no MCP server, or need another transport or era"},
};

static void write_text(struct buffer *out, const char *name, const char *text)
{
    buffer_append_format(out, ",\"%s\":", name);
    if (*text == '\0')
        buffer_append_string(out, "null");
    else
        json_write_string(out, slice_from_string(text));
}

static void write_tls(const struct trial *trial, struct buffer *out)
{
    const struct net_tls_facts *facts = &trial->facts;
    char time[CLOCK_TEXT_SIZE] = "";
    if (facts->version[0] == '\0') {
        buffer_append_string(out, ",\"tls\":null");
        return;
    }
    if (facts->expires_ms > 0)
        clock_format(facts->expires_ms, time);
    buffer_append_string(out, ",\"tls\":{\"version\":");
    json_write_string(out, slice_from_string(facts->version));
    write_text(out, "cipher", facts->cipher);
    write_text(out, "subject", facts->subject);
    write_text(out, "issuer", facts->issuer);
    write_text(out, "expires_at", time);
    buffer_append_string(out, "}");
}

static void write_problem(const struct trial *trial, struct buffer *out)
{
    const char *advice = "";
    if (trial->kind[0] == '\0') {
        buffer_append_string(out, ",\"problem\":null");
        return;
    }
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (strcmp(advices[i].kind, trial->kind) == 0)
            advice = advices[i].text;
    buffer_append_format(out, ",\"problem\":{\"kind\":\"%s\"", trial->kind);
    write_text(out, "detail", trial->detail);
    write_text(out, "advice", advice);
    write_text(out, "challenge", trial->challenge);
    buffer_append_string(out, "}");
}

static void write_errors(const struct trial *trial, struct buffer *out)
{
    size_t shown = trial->error_count < TRIAL_ERROR_LINES ? trial->error_count : TRIAL_ERROR_LINES;
    buffer_append_string(out, ",\"errors\":[");
    for (size_t i = 0; i < shown; i++) {
        size_t place = (trial->error_count - shown + i) % TRIAL_ERROR_LINES;
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, slice_from_string(trial->errors[place]));
    }
    buffer_append_string(out, "]");
}

void trial_write(const struct trial *trial, struct buffer *out)
{
    bool good = trial->kind[0] == '\0';
    bool spoke = trial->version[0] != '\0';
    buffer_append_format(out, "{\"good\":%s,\"legs\":[", good ? "true" : "false");
    buffer_append(out, buffer_slice(&trial->legs));
    buffer_append_string(out, "]");
    write_tls(trial, out);
    write_text(out, "era", !spoke ? "" : trial->modern ? "modern" : "legacy");
    write_text(out, "protocol_version", trial->version);
    write_text(out, "server_name", trial->server_name);
    write_text(out, "server_version", trial->server_version);
    if (trial->pages == 0 && !good)
        buffer_append_string(out, ",\"tools\":null");
    else
        buffer_append_format(out, ",\"tools\":{\"count\":%zu,\"more\":%s,\"names\":[%.*s]}",
                             trial->tool_count, trial->more_tools ? "true" : "false",
                             SLICE_PRINT(buffer_slice(&trial->tools)));
    write_problem(trial, out);
    write_errors(trial, out);
    buffer_append_string(out, "}");
    out->failed = out->failed || trial->legs.failed || trial->tools.failed;
}
