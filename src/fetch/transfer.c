// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One request: what libcurl is told, what it may take in, and what a redirect changes. Redirects
// are followed here and not by libcurl, which would carry most headers to another origin.
#include "fetch/fetch_internal.h"
#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum { ARENA_ROOM = 64 * 1024, CONNECT_MS = 10 * 1000, MAIL_TAKEN = 250 };

static const struct error no_memory = {.code = ERROR_NO_MEMORY, .text = "out of memory"};

// ---- Where it may go

static int judge(const struct transfer *transfer, const struct loop_address *address,
                 struct error *error)
{
    if (transfer->mail)
        return transfer_judge_mail(transfer, address, error);
    int result = net_guard_check(transfer->fetch->guard, address, error);
    if (result == 0 && transfer->plain && transfer->secret && !net_address_is_loopback(address))
        return error_set(error, ERROR_DENIED, "a credential is not sent over plain http");
    return result;
}

// The last moment before a connection: this address, and no other, will be connected to.
static curl_socket_t open_socket_cb(void *argument, curlsocktype purpose,
                                    struct curl_sockaddr *peer)
{
    struct transfer *transfer = argument;
    struct loop_address address = {.length = peer->addrlen};
    if (purpose != CURLSOCKTYPE_IPCXN || peer->addrlen > sizeof address.storage)
        return CURL_SOCKET_BAD;
    memcpy(&address.storage, &peer->addr, peer->addrlen);
    if (judge(transfer, &address, &transfer->refused) != 0)
        return CURL_SOCKET_BAD;
    int opened = socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
    if (transfer->mail)
        transfer_swap_socket(transfer, -1, opened);
    return opened;
}

// Before each request, also over a connection that was opened for an earlier one, when the operator
// may have allowed more.
static int before_request_cb(void *argument, char *peer_ip, char *local_ip, int peer_port,
                             int local_port)
{
    struct transfer *transfer = argument;
    struct loop_address address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;
    (void)local_ip, (void)peer_port, (void)local_port;
    if (inet_pton(AF_INET, peer_ip, &v4->sin_addr) == 1)
        v4->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, peer_ip, &v6->sin6_addr) == 1)
        v6->sin6_family = AF_INET6;
    address.length = v4->sin_family == AF_INET ? sizeof *v4 : sizeof *v6;
    return judge(transfer, &address, &transfer->error) == 0 ? CURL_PREREQFUNC_OK
                                                            : CURL_PREREQFUNC_ABORT;
}

// ---- What it may take in

static size_t head_cb(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    struct slice line = slice_of(bytes, size * count);
    transfer->heads_bytes += line.length;
    if (transfer->heads_bytes > FETCH_HEADS_MAX) {
        error_set(&transfer->error, ERROR_TOO_LARGE, "the answer's head is larger than %d bytes",
                  FETCH_HEADS_MAX);
        return 0;
    }
    while (line.length > 0 &&
           (line.data[line.length - 1] == '\n' || line.data[line.length - 1] == '\r'))
        line.length--;
    if (slice_starts_with(line, SLICE_LITERAL("HTTP/"))) {
        buffer_clear(&transfer->head);
        transfer->head_over = false;
        return size * count;
    }
    // What comes behind the body is no header.
    transfer->head_over = transfer->head_over || line.length == 0;
    if (!transfer->head_over) {
        buffer_append(&transfer->head, line);
        buffer_append_string(&transfer->head, "\n");
    }
    if (transfer->head.failed)
        transfer->error = no_memory;
    return transfer->head.failed ? 0 : size * count;
}

static size_t body_cb(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    struct slice piece = slice_of(bytes, size * count);
    if (piece.length > transfer->answer_max - transfer->answer.length) {
        error_set(&transfer->error, ERROR_TOO_LARGE, "the answer is larger than %zu bytes",
                  transfer->answer_max);
        return 0;
    }
    if (buffer_append(&transfer->answer, piece) == 0)
        return piece.length;
    transfer->error = no_memory;
    return 0;
}

// ---- What libcurl is told

#define SET(option, value)                                                                         \
    if (code == CURLE_OK)                                                                          \
    code = curl_easy_setopt(transfer->easy, option, value)

CURLcode transfer_set_safety(struct transfer *transfer, const char *protocols)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, protocols);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (transfer->fetch->ca_file != NULL) {
        SET(CURLOPT_CAINFO, transfer->fetch->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    SET(CURLOPT_NOSIGNAL, 1L);
    // A name that no server answers must not hold up the thread when its time is over.
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket_cb);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_PREREQFUNCTION, before_request_cb);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->detail);
    SET(CURLOPT_PRIVATE, transfer);
    return code;
}

static CURLcode set_request(struct transfer *transfer)
{
    CURLcode code = CURLE_OK;
    if (transfer->body.length > 0) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.length);
        SET(CURLOPT_POSTFIELDS, transfer->body.data);
    } else if (strcmp(transfer->method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        SET(CURLOPT_POSTFIELDS, "");
    }
    if (strcmp(transfer->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else {
        SET(CURLOPT_CUSTOMREQUEST, transfer->method);
    }
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_USERAGENT, "sallyport");
    SET(CURLOPT_HEADERFUNCTION, head_cb);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, body_cb);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->answer_max);
    return code;
}

CURLcode transfer_begin(struct transfer *transfer)
{
    uint64_t now = clock_monotonic_us();
    if (now >= transfer->deadline_us)
        return CURLE_OPERATION_TIMEDOUT;
    long left_ms = (long)((transfer->deadline_us - now) / 1000) + 1;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_URL, transfer->url);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_TIMEOUT_MS, left_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, left_ms < CONNECT_MS ? left_ms : (long)CONNECT_MS);
    if (code == CURLE_OK &&
        curl_multi_add_handle(transfer->fetch->multi, transfer->easy) != CURLM_OK)
        code = CURLE_OUT_OF_MEMORY;
    return code;
}

// ---- Making and ending

static bool add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer != NULL)
        *headers = longer;
    return longer != NULL;
}

static int copy_headers(struct transfer *transfer, const char *const *headers, struct error *error)
{
    bool typed = false;
    bool whole = add_header(&transfer->headers, "Expect:");
    for (; whole && headers != NULL && *headers != NULL; headers++) {
        if (!fetch_header_is_good(*headers))
            return error_set(error, ERROR_RANGE, "a header of the request is not one to set");
        typed = typed || fetch_header_is(*headers, "Content-Type");
        transfer->secret = transfer->secret || fetch_header_is(*headers, "Authorization") ||
                           fetch_header_is(*headers, "Cookie");
        whole = add_header(&transfer->headers, *headers);
    }
    if (whole && !typed) // or else libcurl says that it is a form
        whole = add_header(&transfer->headers, "Content-Type:");
    return whole ? 0 : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static int copy_request(struct transfer *transfer, const struct fetch_request *request,
                        struct error *error)
{
    const char *method = request->method == NULL ? "GET" : request->method;
    size_t letters = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    struct url_origin origin;
    if (letters == 0 || letters > 16 || method[letters] != '\0')
        return error_set(error, ERROR_RANGE, "the method of a request is in upper case");
    int result = fetch_url_check(request->url, &origin, error);
    if (result != 0)
        return result;
    arena_init(&transfer->arena,
               request->body.length + ARENA_ROOM + (size_t)FETCH_URL_MAX * FETCH_REDIRECTS_MAX);
    transfer->method = arena_copy(&transfer->arena, slice_from_string(method)).data;
    transfer->url = arena_copy(&transfer->arena, slice_from_string(request->url)).data;
    transfer->body = arena_copy(&transfer->arena, request->body);
    if (transfer->method == NULL || transfer->url == NULL || transfer->body.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    transfer->plain = origin.plain;
    transfer->secret = request->secret;
    transfer->follow =
        request->follow && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
    return copy_headers(transfer, request->headers, error);
}

struct transfer *transfer_make(struct fetch *fetch, int timeout_ms)
{
    struct transfer *transfer = memory_try_new(sizeof *transfer);
    if (transfer == NULL)
        return NULL;
    int wanted = timeout_ms <= 0 ? FETCH_TIMEOUT_MS : timeout_ms;
    int time_ms = wanted > FETCH_TIMEOUT_MOST_MS ? FETCH_TIMEOUT_MOST_MS : wanted;
    list_init(&transfer->link);
    transfer->fetch = fetch;
    for (size_t i = 0; i < TRANSFER_SOCKETS_MAX; i++)
        transfer->sockets[i] = -1;
    transfer->deadline_us = clock_monotonic_us() + (uint64_t)time_ms * 1000;
    buffer_init(&transfer->head, 2 * FETCH_HEADS_MAX);
    buffer_init(&transfer->answer, 0);
    transfer->easy = curl_easy_init();
    if (transfer->easy != NULL)
        return transfer;
    transfer_free(transfer);
    return NULL;
}

int transfer_new(struct fetch *fetch, const struct fetch_request *request, struct transfer **ret,
                 struct error *error)
{
    struct transfer *transfer = transfer_make(fetch, request->timeout_ms);
    if (transfer == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    transfer->answer_max = request->answer_max == 0 ? FETCH_ANSWER_MAX : request->answer_max;
    int result = copy_request(transfer, request, error);
    if (result == 0 && (transfer_set_safety(transfer, "http,https") != CURLE_OK ||
                        set_request(transfer) != CURLE_OK))
        result = ERROR_NO_MEMORY;
    if (result == ERROR_NO_MEMORY)
        error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        *ret = transfer;
    else
        transfer_free(transfer);
    return result;
}

// What went out and came back may be a credential.
void transfer_free(struct transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->recipients);
    buffer_wipe(&transfer->head);
    buffer_wipe(&transfer->answer);
    arena_release(&transfer->arena);
    memory_free(transfer);
}

void transfer_fail(struct transfer *transfer, int code, const char *text)
{
    struct error error;
    error_set(&error, code, "%s", text);
    const struct fetch_answer answer = {.body = SLICE_LITERAL(""), .error = &error};
    transfer->done(transfer->argument, &answer);
}

// ---- What became of it

static int code_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return ERROR_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT: return ERROR_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return ERROR_TLS;
    case CURLE_FILESIZE_EXCEEDED: return ERROR_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY: return ERROR_NO_MEMORY;
    default: return ERROR_PROTOCOL;
    }
}

static void fail(struct transfer *transfer, CURLcode code)
{
    struct url_origin origin;
    char text[sizeof transfer->error.text];
    if (transfer->mail)
        snprintf(origin.text, sizeof origin.text, "%.300s", transfer->url);
    else if (fetch_url_check(transfer->url, &origin, NULL) != 0)
        snprintf(origin.text, sizeof origin.text, "the address");
    int kind = code_of(code);
    const char *why = transfer->detail[0] != '\0' ? transfer->detail : curl_easy_strerror(code);
    if (transfer->error.code != 0) {
        kind = transfer->error.code;
        why = transfer->error.text;
    } else if (transfer->refused.code != 0 && code == CURLE_COULDNT_CONNECT) {
        kind = transfer->refused.code;
        why = transfer->refused.text;
    }
    snprintf(text, sizeof text, "%.120s: %.300s", origin.text, why);
    transfer_fail(transfer, kind, text);
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void drop_headers(struct transfer *transfer)
{
    struct curl_slist *kept = NULL;
    bool whole = true;
    for (struct curl_slist *h = transfer->headers; h != NULL && whole; h = h->next)
        if (fetch_header_is(h->data, "Accept") || h->data[strlen(h->data) - 1] == ':')
            whole = add_header(&kept, h->data);
    curl_slist_free_all(transfer->headers);
    transfer->headers = kept; // fewer is never wrong
}

// Points the transfer at the place that the answer named. 0, or ERROR_* with a sentence.
static int turn_to(struct transfer *transfer, const char *where, struct error *error)
{
    struct url_origin from, to;
    int result = fetch_url_check(transfer->url, &from, error);
    if (result == 0)
        result = fetch_url_check(where, &to, error);
    if (result != 0)
        return error_set(error, ERROR_PROTOCOL, "the answer names a place that is no http URL");
    if (++transfer->redirects > FETCH_REDIRECTS_MAX)
        return error_set(error, ERROR_PROTOCOL, "more than %d redirects", FETCH_REDIRECTS_MAX);
    if (to.plain && !from.plain)
        return error_set(error, ERROR_DENIED, "a redirect from https to http is not followed");
    if (strcmp(from.text, to.text) != 0)
        drop_headers(transfer);
    transfer->url = arena_copy(&transfer->arena, slice_from_string(where)).data;
    transfer->plain = to.plain;
    transfer->detail[0] = '\0';
    transfer->refused.code = 0;
    buffer_clear(&transfer->head);
    buffer_clear(&transfer->answer);
    return transfer->url != NULL ? 0 : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static void succeed(struct transfer *transfer, long status)
{
    struct fetch_answer answer = {.status = (int)status,
                                  .head = buffer_slice(&transfer->head),
                                  .body = buffer_slice(&transfer->answer)};
    if (answer.body.data == NULL)
        answer.body = SLICE_LITERAL("");
    struct slice encoding = fetch_answer_header(&answer, "Content-Encoding");
    if (encoding.length > 0 && !slice_equal_ignoring_case(encoding, SLICE_LITERAL("identity")))
        transfer_fail(transfer, ERROR_PROTOCOL,
                      "the answer has a content encoding nobody asked for");
    else
        transfer->done(transfer->argument, &answer);
}

bool transfer_goes_on(struct transfer *transfer, CURLcode code)
{
    long status = 0;
    char *where = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &where);
    if (transfer->mail && code == CURLE_OK)
        status = MAIL_TAKEN; // what it said to QUIT is of no interest
    else if (transfer->mail && status >= 400 && transfer->error.code == 0)
        code = CURLE_OK; // it says why not
    if (code == CURLE_OK && transfer->follow && is_redirect(status) && where != NULL) {
        if (turn_to(transfer, where, &transfer->error) == 0)
            code = transfer_begin(transfer);
        if (code == CURLE_OK && transfer->error.code == 0)
            return true;
        fail(transfer, code);
        return false;
    }
    if (code != CURLE_OK)
        fail(transfer, code);
    else
        succeed(transfer, status);
    return false;
}
