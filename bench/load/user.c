// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
//   CONNECT -> INITIALIZE -> INITIALIZED -> IDLE <-> BUSY         (legacy era)
//   CONNECT -----------------------------> IDLE <-> BUSY         (modern era)
//                                          IDLE -> LISTEN        (--listen: a GET stream)
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

void load_complain(struct load *load, const char *text)
{
    load->wrong++;
    if (load->complaint == NULL)
        load->complaint = text;
}

static void fail(struct user *u, const char *text)
{
    load_complain(u->load, text);
    u->load->failed = true;
    user_close(u);
}

bool user_open(struct user *u, struct load *load)
{
    *u = (struct user){.load = load, .state = USER_CONNECT};
    u->opening = malloc(sizeof *u->opening);
    if (u->opening == NULL || !transport_open(&u->transport, load->port, load->tls))
        return false;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = u};
    u->wants_write = true;
    load->connecting++;
    return epoll_ctl(load->epoll, EPOLL_CTL_ADD, u->transport.fd, &event) == 0;
}

void user_close(struct user *u)
{
    transport_close(&u->transport);
    response_shrink(&u->response);
    free(u->request);
    free(u->opening);
    u->request = u->opening = NULL;
    u->sending = NULL;
}

static void want_write(struct user *u, bool wanted)
{
    if (wanted == u->wants_write)
        return;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0u), .data.ptr = u};
    epoll_ctl(u->load->epoll, EPOLL_CTL_MOD, u->transport.fd, &event);
    u->wants_write = wanted;
}

static bool send_some(struct user *u)
{
    while (u->sent < u->sending->length) {
        ssize_t sent = transport_write(&u->transport, u->sending->bytes + u->sent,
                                       u->sending->length - u->sent);
        if (sent < 0) {
            fail(u, "a connection that broke while sending");
            return false;
        }
        if (sent == 0)
            break;
        u->sent += (size_t)sent;
    }
    bool whole = u->sent == u->sending->length;
    if (whole)
        u->sending = NULL;
    want_write(u, !whole && u->transport.ssl == NULL);
    return true;
}

static void send_request(struct user *u, const struct request *request)
{
    response_clear(&u->response);
    u->sending = request;
    u->sent = 0;
    send_some(u);
}

static void set_free(struct user *u)
{
    struct load *load = u->load;
    u->state = USER_IDLE;
    u->next = NULL;
    if (load->free_users == NULL)
        load->free_users = u;
    else
        load->last_free->next = u;
    load->last_free = u;
}

void user_call(struct user *u, uint64_t due_ns)
{
    u->state = USER_BUSY;
    u->load->busy++;
    u->id = u->load->next_id++;
    u->since_ns = due_ns;
    message_set_id(u->request, u->id);
    send_request(u, u->request);
}

// The session stands: makes the request that all calls use, and waits.
static void begin(struct user *u)
{
    struct load *load = u->load;
    u->request = malloc(sizeof *u->request);
    if (u->request == NULL) {
        fail(u, "no memory");
        return;
    }
    message_call(&load->message, u->response.session, u->request);
    load->connecting--;
    load->ready++;
    if (load->listen) {
        message_listen(&load->message, u->response.session, u->opening);
        u->state = USER_LISTEN;
        send_request(u, u->opening);
        return;
    }
    free(u->opening);
    u->opening = NULL;
    if (load->hold)
        response_shrink(&u->response);
    set_free(u);
}

static void connected(struct user *u)
{
    if (u->load->message.modern) {
        want_write(u, false);
        begin(u);
        return;
    }
    message_initialize(&u->load->message, u->opening);
    u->state = USER_INITIALIZE;
    send_request(u, u->opening);
}

static void opened(struct user *u)
{
    struct response *r = &u->response;
    if (u->state == USER_INITIALIZE) {
        if (r->status != 200 ||
            memmem(r->bytes + r->head, r->body, "\"protocolVersion\"", 17) == NULL) {
            fail(u, "an initialize that failed");
            return;
        }
        u->state = USER_INITIALIZED;
        message_initialized(&u->load->message, r->session, u->opening);
        send_request(u, u->opening);
        return;
    }
    if (r->status != 202 && r->status != 200 && r->status != 204)
        fail(u, "a notification that was refused");
    else
        begin(u);
}

static void count_call(struct load *load, const struct user *u, uint64_t now, bool right)
{
    // Closed loop: what ended in the window. Fixed rate: what was due in it, however late.
    uint64_t moment = load->rate > 0 ? u->since_ns : now;
    if (moment < load->from_ns || moment >= load->until_ns)
        return;
    histogram_add(&load->latency, now - u->since_ns);
    load->calls += right;
    load->bytes += u->response.body;
}

static void answered(struct user *u)
{
    struct load *load = u->load;
    struct response *r = &u->response;
    uint64_t now = process_now_ns();
    const char *wrong = r->status == 200 ? message_check(&load->message, r->bytes + r->head,
                                                         r->body, r->event_stream, u->id)
                                         : "a status other than 200";
    if (wrong != NULL)
        load_complain(load, wrong);
    count_call(load, u, now, wrong == NULL);
    load->busy--;
    if (load->calling)
        user_call(u, now);
    else
        set_free(u);
}

static void receive(struct user *u)
{
    for (;;) {
        size_t size = 0;
        char *room = response_room(&u->response, &size);
        ssize_t got = room == NULL ? -1 : transport_read(&u->transport, room, size);
        if (got < 0) {
            fail(u, "a connection that ended");
            return;
        }
        if (got == 0)
            return;
        enum response_result result = response_take(&u->response, (size_t)got);
        if (result == RESPONSE_BROKEN) {
            fail(u, "an answer that is no HTTP, or more than one");
            return;
        }
        if (result == RESPONSE_WHOLE) {
            if (u->state == USER_BUSY)
                answered(u);
            else if (u->state == USER_INITIALIZE || u->state == USER_INITIALIZED)
                opened(u);
            else
                fail(u, "an answer that nobody asked for");
            return;
        }
        // More may lie inside TLS; a plain socket that gave less than asked for is empty.
        if (u->transport.ssl == NULL && (size_t)got < size)
            return;
    }
}

void user_ready(struct user *u, uint32_t events)
{
    if (u->transport.fd < 0)
        return;
    if (u->state == USER_CONNECT) {
        if (events & (EPOLLERR | EPOLLHUP))
            fail(u, "a connection that could not be opened");
        else if (events & EPOLLOUT)
            connected(u);
        return;
    }
    if (u->sending != NULL && !send_some(u))
        return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(u);
    if (u->state == USER_LISTEN && u->response.head > 0 && u->response.status != 200)
        fail(u, "a stream that was refused");
}
