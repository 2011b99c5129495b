// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The way to a server, leg by leg, on a connection that says nothing. What follows makes its own.
#include "trial/trial_internal.h"

#include <stdio.h>

void trial_reach_stop(struct trial *trial)
{
    loop_lookup_cancel(trial->lookup);
    net_dial_cancel(trial->dial);
    if (trial->io != NULL)
        loop_io_close(trial->io);
    net_socket_close(&trial->socket);
    trial->lookup = NULL;
    trial->dial = NULL;
    trial->io = NULL;
}

static void reached(struct trial *trial)
{
    trial_reach_stop(trial);
    trial_speak(trial);
}

// ---- TLS

static void handshake(struct trial *trial)
{
    struct error error = {0};
    int result = net_socket_handshake(&trial->socket, &error);
    if (result == ERROR_AGAIN) {
        if (loop_io_want(trial->io, net_socket_interest(&trial->socket, LOOP_READ)) != 0)
            trial_end(trial, "internal", "the connection cannot be watched");
    } else if (result != 0) {
        trial_end(trial, "tls", "%s", error.text);
    } else {
        net_socket_tls_facts(&trial->socket, &trial->result.tls);
        trial_leg(trial, "tls", trial->result.tls.version);
        reached(trial);
    }
}

static void ready_cb(void *argument, int events)
{
    (void)events;
    handshake(argument);
}

static void start_tls(struct trial *trial)
{
    if (net_socket_start_tls(&trial->socket, trial->tls, trial->host) != 0) {
        trial_end(trial, "tls", "'%s' is no usable name for TLS", trial->host);
        return;
    }
    trial->io = loop_io_open(trial->loop, trial->socket.fd, ready_cb, trial);
    if (trial->io == NULL)
        trial_end(trial, "internal", "out of memory");
    else
        handshake(trial);
}

// ---- Connection

static void dialled_cb(void *argument, int code, struct net_socket socket, const char *text)
{
    struct trial *trial = argument;
    trial->dial = NULL;
    if (code != 0) {
        trial_end(trial,
                  code == ERROR_TIMEOUT  ? "timeout"
                  : code == ERROR_CONFIG ? "guard"
                                         : "unreachable",
                  "%s", text);
        return;
    }
    trial->socket = socket;
    trial_leg(trial, "connect", "");
    if (trial->server.tls)
        start_tls(trial);
    else
        reached(trial);
}

static void found_cb(void *argument, int code, const struct loop_address *addresses, size_t count)
{
    struct trial *trial = argument;
    char text[NET_ADDRESS_TEXT_SIZE] = "";
    trial->lookup = NULL;
    if (code != 0 || count == 0) {
        trial_end(trial, code == ERROR_TIMEOUT ? "timeout" : "lookup",
                  code == ERROR_TIMEOUT ? "the name '%s' was not answered in time"
                                        : "there is no address for the name '%s'",
                  trial->host);
        return;
    }
    net_address_format(&addresses[0], text);
    trial_leg(trial, "lookup", text);
    const struct net_dial_options options = {.addresses = addresses,
                                             .count = count,
                                             .timeout_ms = trial->server.connect_timeout_ms,
                                             .guarded = trial->server.guarded,
                                             .guard = trial->given.guard};
    trial->dial = net_dial_start(trial->loop, &options, dialled_cb, trial);
}

void trial_reach(struct trial *trial)
{
    const struct upstream_options *server = &trial->server;
    struct error error = {0};
    if (server->host.length >= sizeof trial->host) {
        trial_end(trial, "lookup", "the host's name is too long");
        return;
    }
    snprintf(trial->host, sizeof trial->host, "%.*s", SLICE_PRINT(server->host));
    if (server->tls && net_tls_client(trial->given.ca_file, &trial->tls, &error) != 0) {
        trial_end(trial, "tls", "%s", error.text);
        return;
    }
    trial->lookup = loop_lookup_start(trial->loop, trial->host, server->port,
                                      server->connect_timeout_ms, found_cb, trial);
}
