// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Names to addresses. The system's resolver may take its time, or never come back, and nothing can
// make it: each name is asked for in a thread of its own, which nobody waits for longer than they
// said, not even at the end. However many ask for a name, it holds one thread.
#include "loop/loop_internal.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

enum { ADDRESSES_MAX = 8, THREADS_MAX = 64, NAME_MAX_BYTES = 256 };

// What a loop and its threads share; the last to leave frees it.
struct loop_resolver {
    pthread_mutex_t lock;
    size_t references;
    struct loop *loop; // NULL: gone
    uv_async_t answered;
};

// A name that is being asked for.
struct question {
    struct list link;    // in loop->questions; the loop's alone, like `waiting`
    struct list waiting; // lookups
    struct loop_resolver *resolver;
    char name[NAME_MAX_BYTES];
    bool asked; // a thread is at it
    // Under the lock
    bool done;
    struct loop_address addresses[ADDRESSES_MAX];
    size_t count;
};

struct loop_lookup {
    struct list link; // in question->waiting, or nowhere
    struct question *question;
    struct loop *loop;
    struct loop_timer *limit;
    loop_lookup_cb done; // NULL: cancelled
    void *argument;
    uint16_t port;
    struct loop_address literal;
};

// ---- In a thread

static size_t collect(const struct addrinfo *info, struct loop_address *addresses)
{
    size_t count = 0;
    for (; info != NULL && count < ADDRESSES_MAX; info = info->ai_next) {
        if (info->ai_addrlen > sizeof addresses[count].storage)
            continue;
        memcpy(&addresses[count].storage, info->ai_addr, info->ai_addrlen);
        addresses[count++].length = info->ai_addrlen;
    }
    return count;
}

// Under the lock, which it gives back.
static void leave(struct loop_resolver *resolver)
{
    bool last = --resolver->references == 0;
    pthread_mutex_unlock(&resolver->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&resolver->lock);
    memory_free(resolver);
}

static void *ask_cb(void *argument)
{
    struct question *question = argument;
    struct loop_resolver *resolver = question->resolver;
    struct addrinfo *info = NULL;
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    if (getaddrinfo(question->name, NULL, &hints, &info) == 0) {
        question->count = collect(info, question->addresses);
        freeaddrinfo(info);
    }
    pthread_mutex_lock(&resolver->lock);
    question->done = true;
    if (resolver->loop != NULL)
        uv_async_send(&resolver->answered);
    else
        memory_free(question);
    leave(resolver);
    return NULL;
}

// ---- In the loop

static void lookup_free(struct loop_lookup *lookup)
{
    list_remove(&lookup->link);
    if (lookup->limit != NULL)
        loop_timer_close(lookup->limit);
    memory_free(lookup);
}

static void tell(struct loop_lookup *lookup, int error, const struct loop_address *addresses,
                 size_t count)
{
    loop_lookup_cb done = lookup->done;
    void *told = lookup->argument;
    lookup_free(lookup);
    if (done != NULL)
        done(told, error, addresses, count);
}

static void set_port(struct loop_address *address, uint16_t port)
{
    if (address->storage.ss_family == AF_INET)
        ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&address->storage)->sin6_port = htons(port);
}

// Each of those who wait may cancel others.
static void answer(struct question *question)
{
    while (!list_empty(&question->waiting)) {
        struct loop_lookup *lookup = LIST_ENTRY(question->waiting.next, struct loop_lookup, link);
        for (size_t i = 0; i < question->count; i++)
            set_port(&question->addresses[i], lookup->port);
        tell(lookup, question->count > 0 ? 0 : ERROR_UNREACHABLE, question->addresses,
             question->count);
    }
    memory_free(question);
}

static void ask(struct loop *l, struct question *question)
{
    pthread_t thread;
    struct loop_resolver *resolver = question->resolver;
    question->asked = true;
    l->asking++;
    pthread_mutex_lock(&resolver->lock);
    resolver->references++;
    if (thread_start(&thread, ask_cb, question) == 0) {
        pthread_detach(thread);
        pthread_mutex_unlock(&resolver->lock);
        return;
    }
    question->done = true;
    uv_async_send(&resolver->answered);
    leave(resolver);
}

// A name that nobody waits for any more is not asked for.
static void ask_next(struct loop *l)
{
    LIST_EACH(&l->questions, item)
    {
        struct question *question = LIST_ENTRY(item, struct question, link);
        if (l->asking >= THREADS_MAX)
            return;
        if (question->asked)
            continue;
        if (list_empty(&question->waiting)) {
            list_remove(&question->link);
            memory_free(question);
        } else {
            ask(l, question);
        }
    }
}

static void answered_cb(uv_async_t *handle)
{
    struct loop_resolver *resolver = handle->data;
    struct loop *l = resolver->loop;
    struct list done;
    list_init(&done);
    pthread_mutex_lock(&resolver->lock);
    LIST_EACH(&l->questions, item)
    {
        if (!LIST_ENTRY(item, struct question, link)->done)
            continue;
        list_remove(item);
        list_append(&done, item);
        l->asking--;
    }
    pthread_mutex_unlock(&resolver->lock);
    LIST_EACH(&done, item)
    {
        answer(LIST_ENTRY(item, struct question, link));
    }
    ask_next(l);
}

static struct question *question_about(struct loop *l, const char *name)
{
    LIST_EACH(&l->questions, item)
    {
        struct question *question = LIST_ENTRY(item, struct question, link);
        if (strcmp(question->name, name) == 0)
            return question;
    }
    struct question *question = memory_new(sizeof *question);
    memcpy(question->name, name, strlen(name) + 1);
    question->resolver = l->resolver;
    list_init(&question->waiting);
    list_append(&l->questions, &question->link);
    return question;
}

static void limit_cb(void *argument)
{
    tell(argument, ERROR_TIMEOUT, NULL, 0);
}

static void literal_run(void *argument)
{
    struct loop_lookup *lookup = argument;
    bool good = lookup->literal.length > 0;
    struct loop_address address = lookup->literal;
    tell(lookup, good ? 0 : ERROR_UNREACHABLE, &address, good);
}

static bool parse_literal(const char *host, uint16_t port, struct loop_address *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->storage;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        ret->length = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        ret->length = sizeof *v6;
    } else {
        return false;
    }
    set_port(ret, port);
    return true;
}

struct loop_lookup *loop_lookup_start(struct loop *l, const char *host, uint16_t port,
                                      uint64_t limit_ms, loop_lookup_cb done, void *argument)
{
    struct loop_lookup *lookup = memory_new(sizeof *lookup);
    list_init(&lookup->link);
    lookup->loop = l;
    lookup->port = port;
    lookup->done = done;
    lookup->argument = argument;
    // A name that cannot be one is reported like any other failure: later.
    bool literal = parse_literal(host, port, &lookup->literal);
    if (literal || host[0] == '\0' || strlen(host) >= NAME_MAX_BYTES) {
        loop_defer(l, literal_run, lookup);
        return lookup;
    }
    lookup->question = question_about(l, host);
    list_append(&lookup->question->waiting, &lookup->link);
    lookup->limit = loop_timer_open(l, limit_cb, lookup);
    loop_timer_start(lookup->limit, limit_ms, 0);
    ask_next(l);
    return lookup;
}

void loop_lookup_cancel(struct loop_lookup *lookup)
{
    if (lookup == NULL)
        return;
    lookup->done = NULL;
    if (lookup->question != NULL) // else it is deferred already
        lookup_free(lookup);
}

// ---- With the loop

struct loop_resolver *loop_resolver_open(struct loop *l)
{
    struct loop_resolver *resolver = memory_try_new(sizeof *resolver);
    if (resolver == NULL)
        return NULL;
    pthread_mutex_init(&resolver->lock, NULL);
    resolver->references = 1;
    resolver->loop = l;
    if (uv_async_init(&l->uv, &resolver->answered, answered_cb) != 0) {
        pthread_mutex_lock(&resolver->lock);
        leave(resolver);
        return NULL;
    }
    resolver->answered.data = resolver;
    uv_unref((uv_handle_t *)&resolver->answered); // those who wait have timers
    return resolver;
}

static void resolver_closed_cb(uv_handle_t *handle)
{
    struct loop_resolver *resolver = handle->data;
    pthread_mutex_lock(&resolver->lock);
    leave(resolver);
}

void loop_resolver_close(struct loop *l)
{
    struct loop_resolver *resolver = l->resolver;
    pthread_mutex_lock(&resolver->lock);
    resolver->loop = NULL;
    LIST_EACH(&l->questions, item)
    {
        struct question *question = LIST_ENTRY(item, struct question, link);
        list_remove(item);
        LIST_EACH(&question->waiting, entry)
        {
            lookup_free(LIST_ENTRY(entry, struct loop_lookup, link));
        }
        if (!question->asked || question->done)
            memory_free(question); // else its thread does, whenever that is
    }
    pthread_mutex_unlock(&resolver->lock);
    uv_close((uv_handle_t *)&resolver->answered, resolver_closed_cb);
}
