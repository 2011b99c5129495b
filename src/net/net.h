// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections: addresses, listening, dialling, TLS, non-blocking reads and writes that hide whether
// there is TLS. The only door to OpenSSL's TLS. A socket is a small value inside its owner's
// object; the owner also owns the readiness (loop_io) and closes that first. One loop thread; a TLS
// context may be shared by threads once it is made.
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "loop/loop.h"

#include <sys/uio.h>

// ---- Addresses
// Parses "127.0.0.1:8700", "[::1]:8700", "localhost:0", "*:80" (all interfaces, IPv6 and IPv4).
// Names other than localhost are refused: an operator says which interface.
int net_address_parse(const char *text, struct loop_address *ret, struct error *error) MUST_CHECK;
// "127.0.0.1:9001", "[::1]:9001"; NUL-terminated, answers the length.
enum { NET_ADDRESS_TEXT_SIZE = 56 };
size_t net_address_format(const struct loop_address *address, char text[NET_ADDRESS_TEXT_SIZE]);
bool net_address_is_loopback(const struct loop_address *address);
uint16_t net_address_port(const struct loop_address *address);

// An address without a port; IPv4 as IPv6 has it (::ffff:a.b.c.d), so that there is one form of it.
struct net_host {
    unsigned char bytes[16];
};
struct net_host net_host_of(const struct loop_address *address);
// "203.0.113.7" or "2001:db8::1", without brackets, port or zone.
bool net_host_parse(struct slice text, struct net_host *ret);
// "203.0.113.7", "[2001:db8::1]"; NUL-terminated, answers the length.
size_t net_host_format(const struct net_host *host, char text[NET_ADDRESS_TEXT_SIZE]);
bool net_host_is_v4(const struct net_host *host);
bool net_host_is_loopback(const struct net_host *host);

// All addresses that begin with the same bits.
struct net_range {
    struct net_host first;
    unsigned bits; // of 128
};
// "10.0.0.0/8", "2001:db8::/32", or a single address. ERROR_CONFIG also when bits behind the prefix
// are set: such a text does not say what is meant.
int net_range_parse(struct slice text, struct net_range *ret, struct error *error) MUST_CHECK;
// A range of IPv6 has no addresses of IPv4, however they are written.
bool net_range_has(const struct net_range *range, const struct net_host *host);

// ---- Which addresses may be connected to, when somebody other than the operator chose the URL
// Judged is the very address that is connected to, after the name was resolved. Plain public
// unicast addresses may be; loopback, private, link-local, metadata and all other special ones, in
// every way to write them within IPv6, only when the operator named a range that holds them.
struct net_guard;
enum { NET_GUARD_RANGES_MAX = 64 };
// What is special about an address ("a private address"); NULL when it is public.
const char *net_address_special(const struct loop_address *address);
struct net_guard *net_guard_new(void); // allows nothing special; never NULL
void net_guard_free(struct net_guard *guard);
// From now on these exceptions, in place of the earlier ones; at most NET_GUARD_RANGES_MAX. A
// metadata address is opened only by a range of that one address. Any thread.
void net_guard_allow(struct net_guard *guard, const struct net_range *ranges, size_t count);
// 0, or ERROR_DENIED with a sentence that says what the operator can do. NULL: no exceptions. Any
// thread.
int net_guard_check(const struct net_guard *guard, const struct loop_address *address,
                    struct error *error) MUST_CHECK;

// ---- Listening
struct net_listener;
// `fd` is the callee's: non-blocking, close-on-exec, TCP_NODELAY.
typedef void (*net_accept_cb)(void *argument, int fd, const struct loop_address *peer);
struct net_listen_options {
    bool share_port; // SO_REUSEPORT: a listener in each worker's loop, the kernel spreads
};
int net_listen(struct loop *loop, const char *address, const struct net_listen_options *options,
               net_accept_cb accepted, void *argument, struct net_listener **ret,
               struct error *error) MUST_CHECK;
uint16_t net_listener_port(const struct net_listener *listener);
void net_listener_close(struct net_listener *listener); // NULL accepted

// ---- TLS contexts (at least TLS 1.2, ALPN "http/1.1")
struct net_tls;
int net_tls_server(const char *certificate_path, const char *key_path, struct net_tls **ret,
                   struct error *error) MUST_CHECK;
// Verifies the chain against `ca_path` (PEM), or against the system's authorities when NULL, and
// always the host's name. There is no switch to turn that off.
int net_tls_client(const char *ca_path, struct net_tls **ret, struct error *error) MUST_CHECK;
// Open sockets keep what they need; the pointer is dead.
void net_tls_free(struct net_tls *tls);

// ---- Sockets
struct net_socket {
    int fd;                     // -1: none
    struct ssl_st *ssl;         // NULL: plain
    bool read_blocked_on_write; // the last read wants LOOP_WRITE (TLS only)
    bool write_blocked_on_read; // the last write wants LOOP_READ (TLS only)
};
void net_socket_init(struct net_socket *socket, int fd); // plain; owns fd from now on
// Puts TLS on it. `host` is the client side's name to ask for and to verify; NULL is the server
// side. ERROR_TLS, ERROR_NO_MEMORY.
int net_socket_start_tls(struct net_socket *socket, const struct net_tls *tls,
                         const char *host) MUST_CHECK;
// Goes on with the TLS handshake: 0 (done), ERROR_AGAIN, or another with the reason in `error`.
int net_socket_handshake(struct net_socket *socket, struct error *error) MUST_CHECK;
// What a finished handshake agreed on, for people. Texts are cut where they are too long.
struct net_tls_facts {
    char version[16]; // "TLSv1.3"
    char cipher[64];
    char subject[200]; // of the other side's certificate
    char issuer[200];
    int64_t expires_ms; // 0: unknown
};
void net_socket_tls_facts(const struct net_socket *socket, struct net_tls_facts *ret);
// What to pass to loop_io_want, given what the owner waits for (TLS may need the other one).
int net_socket_interest(const struct net_socket *socket, int wanted);
// 0 with at least one byte, ERROR_AGAIN, ERROR_CLOSED (proper end) or ERROR_IO (reset; also a TLS
// stream cut off without its closing alert).
int net_socket_read(struct net_socket *socket, char *bytes, size_t size,
                    size_t *ret_got) MUST_CHECK;
// Bytes may be waiting inside TLS, which the poller cannot see: read again.
bool net_socket_has_buffered(const struct net_socket *socket);
// Sends what fits now, `*ret_sent` bytes, possibly 0; 0 when that was all, ERROR_AGAIN when not,
// ERROR_IO when the connection is broken. After ERROR_AGAIN the next call must begin with the
// unsent bytes (they may have moved). At most NET_PIECES_MAX pieces.
enum { NET_PIECES_MAX = 64 };
int net_socket_write(struct net_socket *socket, const struct iovec *pieces, size_t count,
                     size_t *ret_sent) MUST_CHECK;
void net_socket_shutdown(struct net_socket *socket); // no more bytes from us; reading goes on
void net_socket_close(struct net_socket *socket);    // idempotent
// Closing will look like an accident to the peer (a reset, no TLS alert), not like a proper end.
void net_socket_reset_at_close(struct net_socket *socket);

// ---- Dialling: tries the addresses in turn within the total time, then TLS if wanted.
struct net_dial;
struct net_dial_options {
    const struct loop_address *addresses; // copied
    size_t count;
    uint64_t timeout_ms;           // for everything together
    const struct net_tls *tls;     // NULL: plain; borrowed until done
    const char *host;              // for TLS; copied
    bool guarded;                  // only addresses that the guard lets pass
    const struct net_guard *guard; // borrowed until done; NULL: public ones
};
// `error` 0: the socket is the callee's, connected, handshake done. Otherwise `text` says for
// people why
// ("connection refused by 127.0.0.1:9001"; ERROR_CONFIG: no address is one that the guard lets
// pass). Never called inside net_dial_start.
typedef void (*net_dial_cb)(void *argument, int error, struct net_socket socket, const char *text);
struct net_dial *net_dial_start(struct loop *loop, const struct net_dial_options *options,
                                net_dial_cb done, void *argument);
void net_dial_cancel(struct net_dial *dial); // no callback any more; NULL accepted
