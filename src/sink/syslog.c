// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows as messages of RFC 5424, the row itself as the message's text. On a stream each has its
// length in front (RFC 6587, RFC 5425); for datagrams the batch has them one behind the other,
// with a length for ourselves.
#include "sink/syslog_internal.h"

#include <inttypes.h>
#include <stdio.h>
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

static void add_row(struct sink *sink, struct sink_batch *batch, const struct sink_row *row)
{
    const struct sink_options *options = &sink->options;
    bool stream = syslog_is_stream(options);
    buffer_clear(&sink->scratch);
    buffer_append_format(&sink->scratch, "<%u>1 %.*s %s sallyport %ld %s - ",
                         options->facility * 8 + (unsigned int)sink_row_severity(row),
                         SLICE_PRINT(row->time), sink->hostname, (long)getpid(),
                         row->note.length > 0 ? "note" : "decision");
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
