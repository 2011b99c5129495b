// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "mcp/mcp.h"

static void begin(struct buffer *out, struct slice id)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id.length == 0 ? SLICE_LITERAL("null") : id);
}

void mcp_write_error(struct buffer *out, struct slice id, int code, struct slice message,
                     struct slice data)
{
    begin(out, id);
    buffer_append_string(out, ",\"error\":{\"code\":");
    json_write_integer(out, code);
    buffer_append_string(out, ",\"message\":");
    json_write_string(out, message);
    if (data.length > 0) {
        buffer_append_string(out, ",\"data\":");
        buffer_append(out, data);
    }
    buffer_append_string(out, "}}");
}

static void member(struct buffer *out, const char *name, struct slice value)
{
    if (value.length == 0)
        return;
    buffer_append_string(out, ",");
    json_write_key(out, name);
    json_write_string(out, value);
}

void mcp_write_decision(struct buffer *out, const struct mcp_denial *denial)
{
    buffer_append_string(out, "{\"sallyport/decision\":{\"outcome\":");
    json_write_string(out, denial->outcome);
    member(out, "rule", denial->rule);
    member(out, "policy", denial->policy);
    member(out, "policyVersion", denial->policy_version);
    member(out, "requestId", denial->request_id);
    member(out, "approval", denial->approval);
    if (denial->retry_after_s >= 0) {
        buffer_append_string(out, ",\"retryAfter\":");
        json_write_integer(out, denial->retry_after_s);
    }
    buffer_append_string(out, "}}");
}

void mcp_write_denial(struct buffer *out, struct slice id, const struct mcp_denial *denial)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_string(&text, denial->pending ? "[APPROVAL PENDING] " : "[POLICY DENIED] ");
    buffer_append(&text, denial->text);
    begin(out, id);
    buffer_append_string(out, ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
    json_write_string(out, buffer_slice(&text));
    buffer_append_string(out, "}],\"isError\":true,");
    if (denial->modern)
        buffer_append_string(out, "\"resultType\":\"complete\",");
    json_write_key(out, "_meta");
    mcp_write_decision(out, denial);
    buffer_append_string(out, "}}");
    if (text.failed)
        out->failed = true;
    buffer_release(&text);
}

void mcp_write_cancelled(struct buffer *out, struct slice id, const char *reason)
{
    buffer_append_string(
        out,
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"reason\":");
    json_write_string(out, slice_from_string(reason));
    buffer_append_string(out, "}}");
}
