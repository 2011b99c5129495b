// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The connection to a syslog server. Each of these may wait, up to the sink's timeout without any
// progress; false: it failed, and the delivery's text says why.
#pragma once

#include "net/net.h"
#include "sink/sink_internal.h"

enum { SYSLOG_DATAGRAM_MAX = 65000 };

struct sink_syslog_link {
    struct net_socket socket;
};

static inline bool syslog_is_stream(const struct sink_options *options)
{
    return options->transport == SINK_TCP || options->transport == SINK_TLS;
}

bool syslog_connect(struct sink *sink, struct sink_delivery *ret);
void syslog_disconnect(struct sink *sink);
// True when the other machine's kernel has acknowledged every byte, where the system tells that.
bool syslog_send_stream(struct sink *sink, const struct sink_batch *batch,
                        struct sink_delivery *ret);
// True when our kernel has taken every message.
bool syslog_send_datagrams(struct sink *sink, const struct sink_batch *batch,
                           struct sink_delivery *ret);
