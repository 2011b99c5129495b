// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "notify/notify_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>

enum {
    ARENA_MAX = 16 * 1024 * 1024,
    ANSWER_MAX = 64 * 1024,
    WEB_MS = 10 * 1000,
    MAIL_MS = 60 * 1000,
    SHOWN_MAX = 250,
};

void notify_dispatch_init(struct notify_dispatch *dispatch)
{
    *dispatch = (struct notify_dispatch){.mail = false};
    arena_init(&dispatch->arena, ARENA_MAX);
}

void notify_dispatch_release(struct notify_dispatch *dispatch)
{
    arena_release(&dispatch->arena);
}

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Addresses

int notify_check_url(struct slice url, struct error *error)
{
    bool plain = slice_starts_with(url, SLICE_LITERAL("http://"));
    if (!plain && !slice_starts_with(url, SLICE_LITERAL("https://")))
        return error_set(error, ERROR_RANGE, "must begin with https:// or http://");
    if (url.length > NOTIFY_URL_MAX)
        return error_set(error, ERROR_RANGE, "must have at most %d bytes", (int)NOTIFY_URL_MAX);
    for (size_t i = 0; i < url.length; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~')
            return error_set(error, ERROR_RANGE, "must be of visible ASCII characters");
    const char *host = url.data + (plain ? 7 : 8);
    size_t left = url.length - (plain ? 7 : 8), length = 0;
    while (length < left && host[length] != '/' && host[length] != '?' && host[length] != '#')
        length++;
    if (length == 0 || memchr(host, '@', length) != NULL || memchr(host, '\\', length) != NULL)
        return error_set(error, ERROR_RANGE, "must have a host, and no user name");
    return 0;
}

int notify_check_address(struct slice address, struct error *error)
{
    return fetch_mail_address_is_good(address)
               ? 0
               : error_set(error, ERROR_RANGE, "must be an address like 'ops@example.com'");
}

// Where people decide; empty: not known, or there is no such page.
static struct slice page_of(struct notify *notify, const struct notify_message *message,
                            struct arena *arena)
{
    struct slice url = {"", 0};
    pthread_mutex_lock(&notify->lock);
    if (notify->public_url != NULL && slice_starts_with(message->object, SLICE_LITERAL("apr_")))
        url = arena_format(arena, "%s/approvals/%.*s", notify->public_url,
                           SLICE_PRINT(message->object));
    pthread_mutex_unlock(&notify->lock);
    return url;
}

// ---- Webhooks

static void write_body(struct buffer *out, const struct notify_message *message, struct slice url)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(message->created_ms, time);
    buffer_append_string(out, "{\"type\":");
    json_write_string(out, slice_from_string(message->event));
    buffer_append_format(out, ",\"id\":\"%s\",\"timestamp\":\"%s\",\"data\":", message->id, time);
    buffer_append(out, slice_of(message->body.data, message->body.length - 1));
    if (url.length > 0) {
        buffer_append_string(out, ",\"url\":");
        json_write_string(out, url);
    }
    if (message->arguments.length > 0) {
        buffer_append_string(out, ",\"arguments\":");
        buffer_append(out, message->arguments);
    }
    buffer_append_string(out, "}}");
}

static int sign(struct notify_dispatch *dispatch, struct slice secret, const char *id,
                struct error *error)
{
    unsigned char key[FETCH_WEBHOOK_KEY_MOST];
    size_t size = 0;
    if (!fetch_webhook_key_parse(secret, key, &size))
        return error_set(error, ERROR_CONFIG, "the channel has no secret to sign with");
    const struct fetch_webhook webhook = {.id = id,
                                          .now_s = clock_wall_ms() / 1000,
                                          .body = dispatch->request.body,
                                          .keys = {{(const char *)key, size}, {NULL, 0}}};
    int result = fetch_webhook_sign(&webhook, &dispatch->signs);
    memory_wipe(key, sizeof key);
    return result == 0 ? 0 : no_memory(error);
}

static int make_webhook(struct notify *notify, const struct store_channel *channel,
                        struct slice secret, const struct notify_message *message,
                        struct notify_dispatch *dispatch, struct error *error)
{
    const char *const headers[] = {"Content-Type: application/json", dispatch->signs.id,
                                   dispatch->signs.time, dispatch->signs.signatures, NULL};
    struct buffer body;
    struct slice page = page_of(notify, message, &dispatch->arena);
    struct slice url = arena_copy(&dispatch->arena, channel->address);
    buffer_init(&body, 0);
    write_body(&body, message, page);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        dispatch->headers[i] = headers[i];
    dispatch->request = (struct fetch_request){
        .method = "POST",
        .url = url.data,
        .headers = dispatch->headers,
        .body = body.failed ? (struct slice){NULL, 0}
                            : arena_copy(&dispatch->arena, buffer_slice(&body)),
        .answer_max = ANSWER_MAX,
        .timeout_ms = WEB_MS};
    buffer_release(&body);
    if (page.data == NULL || url.data == NULL || dispatch->request.body.data == NULL)
        return no_memory(error);
    return sign(dispatch, secret, message->id, error);
}

// ---- Mail

static int read_addresses(const struct store_channel *channel, struct notify_dispatch *dispatch,
                          struct error *error)
{
    struct json_doc doc;
    size_t count = 0;
    json_doc_init(&doc);
    int result = json_scan(&doc, channel->address, NULL, error, NULL);
    for (uint32_t item = result == 0 ? json_first_element(&doc, 0) : JSON_NONE;
         item != JSON_NONE && result == 0; item = json_next_element(&doc, 0, item)) {
        struct slice address =
            arena_copy(&dispatch->arena, json_string(&doc, item, &dispatch->arena));
        if (count == NOTIFY_ADDRESSES_MAX || notify_check_address(address, NULL) != 0)
            result = error_set(error, ERROR_CONFIG, "the channel's addresses are none");
        else
            dispatch->to[count++] = address.data;
    }
    json_doc_release(&doc);
    return result;
}

static int make_mail(struct notify *notify, const struct store_channel *channel,
                     const struct notify_message *message, struct notify_dispatch *dispatch,
                     struct error *error)
{
    const struct notify_mail *mail = &notify->mail;
    if (notify->mailer == NULL)
        return error_set(error, ERROR_CONFIG,
                         "the gateway has no mail server: 'mail' in its configuration");
    int result = read_addresses(channel, dispatch, error);
    if (result != 0)
        return result;
    struct slice page = page_of(notify, message, &dispatch->arena);
    dispatch->mail = true;
    dispatch->letter =
        (struct fetch_mail){.host = mail->host,
                            .port = mail->port,
                            .security = mail->security,
                            .anywhere = mail->anywhere,
                            .user = mail->user,
                            .password = mail->password,
                            .from = mail->from,
                            .to = dispatch->to,
                            .message = notify_write_mail(notify, channel, message, page,
                                                         dispatch->to, &dispatch->arena),
                            .timeout_ms = MAIL_MS};
    return page.data == NULL || dispatch->letter.message.data == NULL ? no_memory(error) : 0;
}

int notify_dispatch_make(struct notify *notify, const struct store_channel *channel,
                         struct slice secret, const struct notify_message *message,
                         struct notify_dispatch *dispatch, struct error *error)
{
    return channel->kind == STORE_MAIL
               ? make_mail(notify, channel, message, dispatch, error)
               : make_webhook(notify, channel, secret, message, dispatch, error);
}

static struct fetch *take_mailer(struct notify *notify, struct notify_dispatch *dispatch)
{
    pthread_mutex_lock(&notify->lock);
    for (size_t i = 0; i < NOTIFY_MAILS_MAX; i++)
        if (notify->mailers[i].busy < notify->mailers[dispatch->mailer].busy)
            dispatch->mailer = i;
    notify->mailers[dispatch->mailer].busy++;
    dispatch->has_mailer = true;
    pthread_mutex_unlock(&notify->lock);
    return notify->mailers[dispatch->mailer].fetch;
}

int notify_dispatch_start(struct notify *notify, struct notify_dispatch *dispatch,
                          fetch_done_cb done, void *argument, struct error *error)
{
    return dispatch->mail ? fetch_mail_start(take_mailer(notify, dispatch), &dispatch->letter, done,
                                             argument, error)
                          : fetch_start(notify->web, &dispatch->request, done, argument, error);
}

void notify_dispatch_end(struct notify *notify, const struct notify_dispatch *dispatch)
{
    if (dispatch->has_mailer)
        notify->mailers[dispatch->mailer].busy--;
}

// ---- Answers

// The last reply that says no; for people, who get no more of it than a line.
static struct slice last_refusal(struct slice head)
{
    struct slice found = {"", 0};
    while (head.length > 0) {
        const char *end = memchr(head.data, '\n', head.length);
        size_t length = end == NULL ? head.length : (size_t)(end - head.data);
        if (length > 3 && (head.data[0] == '4' || head.data[0] == '5'))
            found = slice_of(head.data, length);
        size_t taken = end == NULL ? length : length + 1;
        head = slice_of(head.data + taken, head.length - taken);
    }
    return found;
}

// What libcurl and mail servers say may have any bytes.
static void set_text(struct notify_said *ret, const char *before, struct slice text)
{
    struct buffer line;
    buffer_init(&line, 0);
    buffer_append_string(&line, before);
    notify_write_line(&line, text, SHOWN_MAX);
    struct slice whole = buffer_slice(&line);
    size_t length = whole.length < sizeof ret->text ? whole.length : sizeof ret->text - 1;
    while (length > 0 && !json_is_utf8(slice_of(whole.data, length)))
        length--; // no half of a character
    snprintf(ret->text, sizeof ret->text, "%.*s", (int)length, length == 0 ? "" : whole.data);
    buffer_release(&line);
}

static void judge_mail(const struct fetch_answer *answer, struct notify_said *ret)
{
    struct slice refusal = last_refusal(answer->head);
    ret->delivered = answer->status >= 200 && answer->status <= 299;
    if (refusal.length == 0)
        snprintf(ret->text, sizeof ret->text, "the mail server answers with %d", answer->status);
    else
        set_text(ret,
                 ret->delivered ? "the mail server does not take all addresses: "
                                : "the mail server says: ",
                 refusal);
}

void notify_judge(const struct notify_dispatch *dispatch, const struct fetch_answer *answer,
                  struct notify_said *ret)
{
    *ret = (struct notify_said){.status = answer->status};
    if (answer->error != NULL) {
        set_text(ret, "", slice_from_string(answer->error->text));
    } else if (dispatch->mail) {
        judge_mail(answer, ret);
    } else {
        ret->delivered = answer->status >= 200 && answer->status <= 299;
        // Its text may repeat what it was sent.
        snprintf(ret->text, sizeof ret->text, "it answers with status %d", answer->status);
        if (!ret->delivered)
            ret->wait_ms =
                fetch_retry_after_ms(fetch_answer_header(answer, "retry-after"), clock_wall_ms());
    }
}
