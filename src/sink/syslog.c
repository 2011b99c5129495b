// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows as messages of RFC 5424, the row itself as the message's text. On a stream each has its
// length in front (RFC 6587, RFC 5425); for datagrams the batch has them one behind the other,
// with a length for ourselves.
#include "sink/syslog_internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

// A message that no datagram holds is replaced by one that says which row it is.
static void write_text(struct buffer *out, const struct sink_row *row, size_t room)
{
    if (row->line.length <= room) {
        buffer_append(out, row->line);
        return;
    }
    buffer_append_format(
        out, "{\"time\":\"%.*s\",\"note\":\"too_long\",\"bytes\":%zu,\"seq\":%" PRIu64 "}",
        SLICE_PRINT(row->time), row->line.length, row->number);
}

// What the C library's syslog() writes: readers of a local socket expect that, not RFC 5424.
static void write_local_head(struct buffer *out, unsigned int priority, const struct sink_row *row)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t time_ms = 0;
    struct tm local = {0};
    if (!clock_parse(row->time, &time_ms))
        time_ms = 0;
    const time_t seconds = (time_t)(time_ms / 1000);
    localtime_r(&seconds, &local);
    buffer_append_format(out, "<%u>%.3s %2d %02d:%02d:%02d sallyport[%ld]: ", priority,
                         months + 3 * (size_t)local.tm_mon, local.tm_mday, local.tm_hour,
                         local.tm_min, local.tm_sec, (long)getpid());
}

static void write_head(const struct sink *sink, struct buffer *out, const struct sink_row *row)
{
    unsigned int priority = sink->options.facility * 8 + (unsigned int)sink_row_severity(row);
    if (sink->options.transport == SINK_UNIX)
        write_local_head(out, priority, row);
    else
        buffer_append_format(out, "<%u>1 %.*s %s sallyport %ld %s - ", priority,
                             SLICE_PRINT(row->time), sink->hostname, (long)getpid(),
                             row->note.length > 0 ? "note" : "decision");
}

static void add_row(struct sink *sink, struct sink_batch *batch, const struct sink_row *row)
{
    bool stream = syslog_is_stream(&sink->options);
    buffer_clear(&sink->scratch);
    write_head(sink, &sink->scratch, row);
    write_text(&sink->scratch, row, stream ? SIZE_MAX : SYSLOG_DATAGRAM_MAX - sink->scratch.length);
    uint32_t length = (uint32_t)sink->scratch.length;
    if (stream)
        buffer_append_format(&batch->body, "%" PRIu32 " ", length);
    else
        buffer_append(&batch->body, slice_of((const char *)&length, sizeof length));
    buffer_append(&batch->body, buffer_slice(&sink->scratch));
    batch->body.failed = batch->body.failed || sink->scratch.failed;
}

static void deliver(struct sink *sink, const struct sink_batch *batch, struct sink_delivery *ret)
{
    if (sink->link == NULL && !syslog_connect(sink, ret))
        return;
    bool good = syslog_is_stream(&sink->options) ? syslog_send_stream(sink, batch, ret)
                                                 : syslog_send_datagrams(sink, batch, ret);
    if (good)
        ret->result = SINK_DELIVERED;
    else
        syslog_disconnect(sink);
}

const struct sink_kind_operations sink_syslog = {
    .begin = sink_no_frame,
    .add = add_row,
    .end = sink_no_frame,
    .deliver = deliver,
    .close = syslog_disconnect,
};
