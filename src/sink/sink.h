// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the rows of the decision log go besides its file. Each sink follows the log with a thread
// and a durable position of its own, so nothing waits for it and nothing is kept for it in memory
// but one batch; rows come in their order and at least once. docs/decision-log.md says what they
// look like there.
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/slice.h"

enum sink_kind { SINK_SYSLOG, SINK_OTLP, SINK_WEBHOOK };
enum sink_transport { SINK_UNIX, SINK_UDP, SINK_TCP, SINK_TLS };
enum sink_format { SINK_LINES, SINK_ARRAY };
enum { SINK_SECRETS_MAX = 2 };

// Filled by config/; copied by sinks_open.
struct sink_options {
    struct slice name; // letters, digits, '_' and '-'
    enum sink_kind kind;
    const char *host; // a name or an address; of SINK_UNIX the path of the socket
    uint16_t port;
    // SINK_SYSLOG
    enum sink_transport transport;
    unsigned int facility; // 0 to 23 (RFC 5424)
    const char *hostname;  // what the messages say; NULL: the system's
    // SINK_OTLP, SINK_WEBHOOK
    const char *url;
    const char *const *headers; // "Name: value", NULL-terminated, or NULL; secret: never logged
    // SINK_WEBHOOK
    struct slice secrets[SINK_SECRETS_MAX]; // bytes of the keys; a second while they are changed
    enum sink_format format;
    // Which decisions it gets: those of which the outcome and the server are in the lists; an empty
    // list: all.
    const struct slice *outcomes;
    size_t outcome_count;
    const struct slice *servers;
    size_t server_count;
    bool notes;          // what the log says about itself, too
    bool from_begin;     // the first time: from the oldest row on, not from now on
    size_t rows_max;     // of a batch; 0: 500
    uint64_t timeout_ms; // to connect, and for an answer; 0: 10 s
};

bool sink_options_equal(const struct sink_options *a, const struct sink_options *b);

struct sinks_options {
    const struct sink_options *sinks;
    size_t count;
    const char *log_path;
    const char *ca_file; // PEM; NULL: the system's
};

struct sinks;
// Opens the positions ("<log>.sink-<name>") and starts the threads. ERROR_IO or ERROR_CONFIG with a
// sentence; that a peer is not there is no error.
int sinks_open(const struct sinks_options *options, struct sinks **ret,
               struct error *error) MUST_CHECK;
// The log's writer has closed it before: sends what is left, at most for 2 s. NULL accepted.
void sinks_close(struct sinks *sinks);
// Figures of all sinks, for metrics_render.
struct metrics *sinks_metrics(struct sinks *sinks);

// Did the last attempt of one of them fail? Any thread; NULL: no.
bool sinks_failing(const struct sinks *sinks);
