// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.h"

static bool is_changed(const struct json_doc *doc, uint32_t key,
                       const struct bridge_member *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_string_equals(doc, key, slice_from_string(changes[i].name)))
            return true;
    return false;
}

void bridge_write_object(struct buffer *out, const struct json_doc *doc, uint32_t object,
                         const struct bridge_member *changes, size_t count)
{
    const char *comma = "";
    buffer_append_string(out, "{");
    uint32_t key = object == JSON_NONE ? (uint32_t)JSON_NONE : json_first_key(doc, object);
    for (; key != JSON_NONE; key = json_next_key(doc, object, key)) {
        if (is_changed(doc, key, changes, count))
            continue;
        buffer_append_string(out, comma);
        buffer_append(out, json_raw(doc, key));
        buffer_append_string(out, ":");
        buffer_append(out, json_raw(doc, key + 1));
        comma = ",";
    }
    for (size_t i = 0; i < count; i++) {
        if (changes[i].value.data == NULL)
            continue;
        buffer_append_string(out, comma);
        json_write_key(out, changes[i].name);
        buffer_append(out, changes[i].value);
        comma = ",";
    }
    buffer_append_string(out, "}");
}

static bool is_one_of(struct slice method, const char *const *methods, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal_string(method, methods[i]))
            return true;
    return false;
}

bool bridge_is_legacy_method(struct slice method)
{
    static const char *const methods[] = {"initialize",
                                          "ping",
                                          "logging/setLevel",
                                          "resources/subscribe",
                                          "resources/unsubscribe",
                                          "tasks/list",
                                          "tasks/result"};
    return is_one_of(method, methods, sizeof methods / sizeof *methods);
}

bool bridge_is_modern_method(struct slice method)
{
    static const char *const methods[] = {"server/discover", "subscriptions/listen", "tasks/list",
                                          "tasks/update"};
    return is_one_of(method, methods, sizeof methods / sizeof *methods);
}

static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                     "error", "critical", "alert",  "emergency"};
enum { LEVELS = sizeof levels / sizeof *levels };

int bridge_log_severity(struct slice level)
{
    for (int i = 0; i < LEVELS; i++)
        if (slice_equal_string(level, levels[i]))
            return i;
    return -1;
}

const char *bridge_log_level(int severity)
{
    return levels[severity < 0 || severity >= LEVELS ? 0 : severity];
}

void bridge_write_error(struct buffer *out, const struct json_doc *doc, uint32_t error,
                        int64_t code)
{
    struct buffer number;
    buffer_init(&number, 0);
    json_write_integer(&number, code);
    struct bridge_member changes[] = {{"code", buffer_slice(&number)}};
    bridge_write_object(out, doc, error, changes, 1);
    out->failed = out->failed || number.failed;
    buffer_release(&number);
}
