// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The TLS half of net_socket_*, called when there is an SSL object.
#pragma once

#include "net/net.h"

int net_tls_read(struct net_socket *socket, char *bytes, size_t size, size_t *ret_got);
int net_tls_write(struct net_socket *socket, const struct iovec *pieces, size_t count,
                  size_t *ret_sent);
bool net_tls_has_buffered(const struct net_socket *socket);
void net_tls_shutdown(struct net_socket *socket);
void net_tls_forget_alert(struct net_socket *socket); // none will be sent at the end
void net_tls_release(struct net_socket *socket);
