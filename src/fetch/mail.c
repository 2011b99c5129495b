// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One mail: what may be sent, and what libcurl is told of it. Connections are not kept, so that
// each is judged and says who it is.
#include "fetch/fetch_internal.h"

#include "base/memory.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARENA_ROOM = 64 * 1024, LOCAL_MAX = 64, HOST_MAX = 253, REPLY_S = 20, WORD_MAX = 1024 };

// ---- Addresses and texts

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool consists_of(struct slice text, const char *others)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_letter_or_digit(text.data[i]) &&
            (text.data[i] == '\0' || strchr(others, text.data[i]) == NULL))
            return false;
    return text.length > 0;
}

// Dots stand between words only.
static bool has_empty_words(struct slice text)
{
    bool dot = true;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '.' && dot)
            return true;
        dot = text.data[i] == '.';
    }
    return dot;
}

bool fetch_mail_address_is_good(struct slice address)
{
    const char *at = address.length == 0 ? NULL : memchr(address.data, '@', address.length);
    if (at == NULL || address.length > FETCH_MAIL_ADDRESS_MAX)
        return false;
    struct slice local = slice_of(address.data, (size_t)(at - address.data));
    struct slice domain = slice_of(at + 1, address.length - local.length - 1);
    return local.length <= LOCAL_MAX && consists_of(local, "!#$%&'*+-/=?^_`{|}~.") &&
           local.data[0] != '-' && !has_empty_words(local) && consists_of(domain, "-.") &&
           domain.data[0] != '-' && !has_empty_words(domain);
}

static bool is_host(const char *host)
{
    return host != NULL && strnlen(host, HOST_MAX + 1) <= HOST_MAX &&
           consists_of(slice_from_string(host), "-.:") && host[0] != '-';
}

// Nothing that would end a command of the conversation.
static bool is_word(const char *text)
{
    size_t length = text == NULL ? 0 : strnlen(text, WORD_MAX + 1);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return false;
    return length <= WORD_MAX;
}

// Whole lines of bounded length, with CR and LF at their ends and nowhere else.
static bool is_message(struct slice text)
{
    size_t line = 0;
    if (text.length == 0 || text.length > FETCH_MAIL_MESSAGE_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '\r' && i + 1 < text.length && text.data[i + 1] == '\n') {
            line = 0;
            i++;
        } else if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == '\0' ||
                   ++line > FETCH_MAIL_LINE_MAX) {
            return false;
        }
    }
    return line == 0;
}

static int check(const struct fetch_mail *mail, struct error *error)
{
    size_t count = 0;
    bool good = fetch_mail_address_is_good(slice_from_string(mail->from)) && is_host(mail->host) &&
                mail->port != 0 && is_word(mail->user) && is_word(mail->password);
    for (; good && mail->to[count] != NULL; count++)
        good = count < FETCH_MAIL_ADDRESSES_MAX &&
               fetch_mail_address_is_good(slice_from_string(mail->to[count]));
    if (!good || count == 0)
        return error_set(error, ERROR_RANGE, "an address or the server of a mail is not one");
    return is_message(mail->message)
               ? 0
               : error_set(error, ERROR_RANGE, "the text of a mail is not fit to be sent");
}

// ---- Where it may go

int transfer_judge_mail(const struct transfer *transfer, const struct loop_address *address,
                        struct error *error)
{
    if (!transfer->plain || net_address_is_loopback(address) ||
        (transfer->anywhere && !transfer->secret))
        return 0;
    return error_set(error, ERROR_DENIED, "mail goes without TLS only to this machine");
}

// ---- What libcurl is told

static size_t reply_cb(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    struct slice line = slice_of(bytes, size * count);
    if (line.length > FETCH_HEADS_MAX - transfer->heads_bytes) {
        error_set(&transfer->error, ERROR_TOO_LARGE, "the mail server says more than %d bytes",
                  FETCH_HEADS_MAX);
        return 0;
    }
    transfer->heads_bytes += line.length;
    if (transfer->head_over) // what comes behind the answer to the message is one to QUIT
        return size * count;
    transfer->head_over =
        transfer->sent == transfer->body.length && line.length > 3 && line.data[3] == ' ';
    while (line.length > 0 &&
           (line.data[line.length - 1] == '\n' || line.data[line.length - 1] == '\r'))
        line.length--;
    buffer_append(&transfer->head, line);
    buffer_append_string(&transfer->head, "\n");
    if (!transfer->head.failed)
        return size * count;
    error_set(&transfer->error, ERROR_NO_MEMORY, "out of memory");
    return 0;
}

static size_t nothing_cb(char *bytes, size_t size, size_t count, void *argument)
{
    (void)bytes;
    (void)argument;
    return size * count;
}

static size_t read_cb(char *to, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    size_t left = transfer->body.length - transfer->sent, room = size * count;
    size_t taken = left < room ? left : room;
    if (taken > 0)
        memcpy(to, transfer->body.data + transfer->sent, taken);
    transfer->sent += taken;
    return taken;
}

void transfer_swap_socket(struct transfer *transfer, int from, int to)
{
    size_t i = 0;
    while (i < TRANSFER_SOCKETS_MAX && transfer->sockets[i] != from)
        i++;
    if (i < TRANSFER_SOCKETS_MAX)
        transfer->sockets[i] = to;
}

static int close_cb(void *argument, curl_socket_t socket)
{
    transfer_swap_socket(argument, socket, -1);
    return close(socket);
}

// libcurl says QUIT and waits for the answer, on the thread that all others need too. Nobody wants
// to know it: QUIT is said, and nothing more is read.
static int quit_cb(CURL *easy, curl_infotype type, char *bytes, size_t size, void *argument)
{
    const struct transfer *transfer = argument;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT &&
        slice_starts_with(slice_of(bytes, size), SLICE_LITERAL("QUIT\r")))
        for (size_t i = 0; i < TRANSFER_SOCKETS_MAX; i++)
            if (transfer->sockets[i] >= 0)
                shutdown(transfer->sockets[i], SHUT_RD);
    return 0;
}

// libcurl asks each second, also while it waits on the thread for what a server says to a message.
static int stop_cb(void *argument, curl_off_t to_load, curl_off_t loaded, curl_off_t to_send,
                   curl_off_t sent)
{
    struct transfer *transfer = argument;
    (void)to_load, (void)loaded, (void)to_send, (void)sent;
    if (!fetch_is_stopping(transfer->fetch))
        return 0;
    error_set(&transfer->error, ERROR_CANCELLED, "the gateway is stopping");
    return 1;
}

#define SET(option, value)                                                                         \
    if (code == CURLE_OK)                                                                          \
    code = curl_easy_setopt(transfer->easy, option, value)

static CURLcode set_mail(struct transfer *transfer, const struct fetch_mail *mail)
{
    CURLcode code = transfer_set_safety(transfer, "smtp,smtps");
    SET(CURLOPT_USE_SSL,
        mail->security == FETCH_MAIL_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    if (mail->user != NULL) {
        SET(CURLOPT_USERNAME, mail->user);
        SET(CURLOPT_PASSWORD, mail->password == NULL ? "" : mail->password);
        SET(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    }
    SET(CURLOPT_MAIL_FROM, mail->from);
    SET(CURLOPT_MAIL_RCPT, transfer->recipients);
    SET(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, read_cb);
    SET(CURLOPT_READDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, reply_cb);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, nothing_cb);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)REPLY_S);
    SET(CURLOPT_XFERINFOFUNCTION, stop_cb);
    SET(CURLOPT_XFERINFODATA, transfer);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_CLOSESOCKETFUNCTION, close_cb);
    SET(CURLOPT_CLOSESOCKETDATA, transfer);
    SET(CURLOPT_DEBUGFUNCTION, quit_cb);
    SET(CURLOPT_DEBUGDATA, transfer);
    SET(CURLOPT_VERBOSE, 1L);
    return code;
}

static int copy_mail(struct transfer *transfer, const struct fetch_mail *mail, struct error *error)
{
    bool v6 = strchr(mail->host, ':') != NULL;
    arena_init(&transfer->arena, mail->message.length + ARENA_ROOM);
    transfer->mail = true;
    transfer->plain = mail->security == FETCH_MAIL_PLAIN;
    transfer->anywhere = mail->anywhere;
    transfer->secret = mail->user != NULL;
    transfer->url = arena_format(&transfer->arena, "%s://%s%s%s:%u",
                                 mail->security == FETCH_MAIL_TLS ? "smtps" : "smtp", v6 ? "[" : "",
                                 mail->host, v6 ? "]" : "", (unsigned)mail->port)
                        .data;
    transfer->body = arena_copy(&transfer->arena, mail->message);
    bool whole = transfer->url != NULL && transfer->body.data != NULL;
    for (size_t i = 0; whole && mail->to[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(transfer->recipients, mail->to[i]);
        whole = longer != NULL;
        transfer->recipients = whole ? longer : transfer->recipients;
    }
    if (whole && set_mail(transfer, mail) == CURLE_OK)
        return 0;
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

int fetch_mail_start(struct fetch *fetch, const struct fetch_mail *mail, fetch_done_cb done,
                     void *argument, struct error *error)
{
    int result = check(mail, error);
    if (result != 0)
        return result;
    struct transfer *transfer = transfer_make(fetch, mail->timeout_ms);
    if (transfer == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    result = copy_mail(transfer, mail, error);
    if (result == 0)
        return fetch_put(transfer, done, argument, error);
    transfer_free(transfer);
    return result;
}
