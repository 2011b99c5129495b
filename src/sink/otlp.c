// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows as log records of OpenTelemetry, in the JSON form of OTLP 1.x (protobuf's JSON mapping:
// 64-bit integers are strings, ids are hexadecimal).
#include "sink/http_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 6, NUMBER_SIZE = 64, TRACE_DIGITS = 32 };

static void begin_batch(struct sink *sink, struct sink_batch *batch)
{
    struct buffer *out = &batch->body;
    buffer_append_string(out, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":"
                              "\"service.name\",\"value\":{\"stringValue\":\"sallyport\"}},{"
                              "\"key\":\"host.name\",\"value\":{\"stringValue\":");
    json_write_string(out, slice_from_string(sink->hostname));
    buffer_append_string(out, "}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"sallyport.decisions\"},"
                              "\"logRecords\":[");
}

// ---- Values

static bool is_finite(struct slice number)
{
    char text[NUMBER_SIZE];
    if (number.length >= sizeof text)
        return false;
    memcpy(text, number.data, number.length);
    text[number.length] = '\0';
    return isfinite(strtod(text, NULL)) != 0;
}

static void write_number(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    int64_t integer;
    struct slice raw = json_raw(doc, node);
    if (json_integer(doc, node, &integer) == 0) {
        buffer_append_format(out, "{\"intValue\":\"%" PRId64 "\"}", integer);
        return;
    }
    // What no double holds is told as it stands.
    bool finite = is_finite(raw);
    buffer_append_string(out, finite ? "{\"doubleValue\":" : "{\"stringValue\":\"");
    buffer_append(out, raw);
    buffer_append_string(out, finite ? "}" : "\"}");
}

static void write_value(struct buffer *out, const struct json_doc *doc, uint32_t node, int depth);

static void write_array(struct buffer *out, const struct json_doc *doc, uint32_t array, int depth)
{
    bool first = true;
    buffer_append_string(out, "{\"arrayValue\":{\"values\":[");
    for (uint32_t at = json_first_element(doc, array); at != JSON_NONE;
         at = json_next_element(doc, array, at), first = false) {
        buffer_append_string(out, first ? "" : ",");
        write_value(out, doc, at, depth + 1);
    }
    buffer_append_string(out, "]}}");
}

static void write_object(struct buffer *out, const struct json_doc *doc, uint32_t object, int depth)
{
    bool first = true;
    buffer_append_string(out, "{\"kvlistValue\":{\"values\":[");
    for (uint32_t key = json_first_key(doc, object); key != JSON_NONE;
         key = json_next_key(doc, object, key), first = false) {
        buffer_append_string(out, first ? "{\"key\":" : ",{\"key\":");
        buffer_append(out, json_raw(doc, key));
        buffer_append_string(out, ",\"value\":");
        write_value(out, doc, key + 1, depth + 1);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]}}");
}

// Readers of protobuf's JSON stop at some depth, so what is too deep for them becomes a text.
static void write_value(struct buffer *out, const struct json_doc *doc, uint32_t node, int depth)
{
    struct slice raw = json_raw(doc, node);
    bool deep = depth >= DEPTH_MAX;
    enum json_type type = json_type(doc, node);
    if (type == JSON_STRING || ((type == JSON_ARRAY || type == JSON_OBJECT) && deep)) {
        buffer_append_string(out, "{\"stringValue\":");
        if (type == JSON_STRING)
            buffer_append(out, raw);
        else
            json_write_string(out, raw);
        buffer_append_string(out, "}");
    } else if (type == JSON_NUMBER) {
        write_number(out, doc, node);
    } else if (type == JSON_ARRAY) {
        write_array(out, doc, node, depth);
    } else if (type == JSON_OBJECT) {
        write_object(out, doc, node, depth);
    } else if (type == JSON_NULL) {
        buffer_append_string(out, "{}");
    } else {
        buffer_append_string(out,
                             type == JSON_TRUE ? "{\"boolValue\":true}" : "{\"boolValue\":false}");
    }
}

// ---- Records

static void write_attributes(struct buffer *out, const struct json_doc *doc)
{
    bool first = true;
    buffer_append_string(out, ",\"attributes\":[");
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE;
         key = json_next_key(doc, 0, key)) {
        struct slice name = json_raw(doc, key);
        if (json_type(doc, key + 1) == JSON_NULL || slice_equal_string(name, "\"time\""))
            continue;
        buffer_append_string(out, first ? "{\"key\":\"sallyport." : ",{\"key\":\"sallyport.");
        buffer_append(out, slice_of(name.data + 1, name.length - 1));
        buffer_append_string(out, ",\"value\":");
        write_value(out, doc, key + 1, 0);
        buffer_append_string(out, "}");
        first = false;
    }
    buffer_append_string(out, "]");
}

static void write_severity(struct buffer *out, const struct sink_row *row)
{
    static const struct {
        int number;
        const char *text;
    } words[] = {[SINK_ERROR] = {17, "ERROR"},
                 [SINK_WARNING] = {13, "WARN"},
                 [SINK_NOTICE] = {10, "INFO2"},
                 [SINK_INFORMATION] = {9, "INFO"}};
    enum sink_severity severity = sink_row_severity(row);
    buffer_append_format(out, ",\"severityNumber\":%d,\"severityText\":\"%s\"",
                         words[severity].number, words[severity].text);
}

// "denied tools/call add_order", "note checkpoint".
static void write_body(struct buffer *out, const struct sink_row *row)
{
    const struct slice words[] = {row->note.length > 0 ? SLICE_LITERAL("note") : row->outcome,
                                  row->note.length > 0 ? row->note : row->method, row->subject};
    bool first = true;
    buffer_append_string(out, ",\"body\":{\"stringValue\":\"");
    for (size_t i = 0; i < 3; i++) {
        if (words[i].length == 0)
            continue;
        buffer_append_string(out, first ? "" : " ");
        buffer_append(out, words[i]); // without escapes, so it needs none
        first = false;
    }
    buffer_append_string(out, "\"}");
}

static bool is_trace(struct slice trace)
{
    bool some = false;
    for (size_t i = 0; i < trace.length; i++) {
        if (strchr("0123456789abcdef", trace.data[i]) == NULL)
            return false;
        some = some || trace.data[i] != '0';
    }
    return some && trace.length == TRACE_DIGITS;
}

static void add_row(struct sink *sink, struct sink_batch *batch, const struct sink_row *row)
{
    struct buffer *out = &batch->body;
    int64_t time = 0;
    (void)sink;
    if (!clock_parse(row->time, &time) || time < 0)
        time = 0;
    buffer_append_string(out, batch->rows > 1 ? ",{" : "{");
    buffer_append_format(out,
                         "\"timeUnixNano\":\"%" PRId64
                         "000000\",\"observedTimeUnixNano\":\"%" PRId64 "000000\"",
                         time, clock_wall_ms());
    write_severity(out, row);
    write_body(out, row);
    write_attributes(out, row->doc);
    if (is_trace(row->trace))
        buffer_append_format(out, ",\"traceId\":\"%.*s\"", SLICE_PRINT(row->trace));
    buffer_append_string(out, "}");
}

static void end_batch(struct sink *sink, struct sink_batch *batch)
{
    (void)sink;
    buffer_append_string(&batch->body, "]}]}]}");
}

// ---- The answer

// A collector may take the request and say that it did not keep some of its records.
static void read_answer(struct sink *sink, struct slice body, struct sink_delivery *ret)
{
    int64_t rejected = 0;
    if (json_scan(&sink->doc, body, NULL, NULL, NULL) != 0)
        return;
    uint32_t part = json_get(&sink->doc, 0, "partialSuccess");
    uint32_t count = json_get(&sink->doc, part, "rejectedLogRecords");
    if (count == JSON_NONE)
        return;
    if (json_type(&sink->doc, count) == JSON_STRING) { // as 64-bit integers are
        struct slice raw = json_raw(&sink->doc, count);
        for (size_t i = 1; i + 1 < raw.length && rejected < INT32_MAX; i++)
            rejected =
                rejected * 10 + (raw.data[i] >= '0' && raw.data[i] <= '9' ? raw.data[i] - '0' : 0);
    } else if (json_integer(&sink->doc, count, &rejected) != 0) {
        rejected = 0;
    }
    ret->rejected = rejected > 0 ? (uint64_t)rejected : 0;
    snprintf(ret->text, sizeof ret->text, "a partial success");
}

static void deliver(struct sink *sink, const struct sink_batch *batch, struct sink_delivery *ret)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    static const int never[] = {400, 413, 0}; // of the specification: bad data, not to be repeated
    const struct sink_http_request request = {.body = buffer_slice(&batch->body),
                                              .headers = headers,
                                              .never = never,
                                              .read = read_answer};
    sink_http_post(sink, &request, ret);
}

const struct sink_kind_operations sink_otlp = {.begin = begin_batch,
                                               .add = add_row,
                                               .end = end_batch,
                                               .deliver = deliver,
                                               .close = sink_nothing};
