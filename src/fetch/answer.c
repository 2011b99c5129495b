// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetch_internal.h"

struct slice fetch_answer_header(const struct fetch_answer *answer, const char *name)
{
    struct slice rest = answer->head, wanted = slice_from_string(name);
    while (rest.length > 0) {
        const char *end = memchr(rest.data, '\n', rest.length);
        size_t length = end == NULL ? rest.length : (size_t)(end - rest.data);
        if (length > wanted.length && rest.data[wanted.length] == ':' &&
            slice_equal_ignoring_case(slice_of(rest.data, wanted.length), wanted))
            return slice_trim(slice_of(rest.data + wanted.length + 1, length - wanted.length - 1));
        size_t taken = end == NULL ? length : length + 1;
        rest = slice_of(rest.data + taken, rest.length - taken);
    }
    return slice_of(NULL, 0);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over;
    struct arena *arena;
    struct fetch_answer *answer;
    struct error error; // code 0: none
};

static void answered_cb(void *argument, const struct fetch_answer *answer)
{
    struct waiting *waiting = argument;
    pthread_mutex_lock(&waiting->lock);
    if (answer->error != NULL) {
        waiting->error = *answer->error;
    } else {
        waiting->answer->status = answer->status;
        waiting->answer->head = arena_copy(waiting->arena, answer->head);
        waiting->answer->body = arena_copy(waiting->arena, answer->body);
        if (waiting->answer->head.data == NULL || waiting->answer->body.data == NULL)
            error_set(&waiting->error, ERROR_NO_MEMORY, "no memory for the answer");
    }
    waiting->is_over = true;
    pthread_cond_signal(&waiting->over);
    pthread_mutex_unlock(&waiting->lock);
}

static void waiting_init(struct waiting *waiting, struct arena *arena, struct fetch_answer *answer)
{
    *waiting = (struct waiting){.arena = arena, .answer = answer};
    *answer = (struct fetch_answer){0};
    pthread_mutex_init(&waiting->lock, NULL);
    pthread_cond_init(&waiting->over, NULL);
}

// `result`: of the start.
static int wait_for(struct waiting *waiting, int result, struct error *error)
{
    if (result == 0) {
        pthread_mutex_lock(&waiting->lock);
        while (!waiting->is_over)
            pthread_cond_wait(&waiting->over, &waiting->lock);
        pthread_mutex_unlock(&waiting->lock);
        result = waiting->error.code;
        if (result != 0)
            error_set(error, result, "%s", waiting->error.text);
    }
    pthread_cond_destroy(&waiting->over);
    pthread_mutex_destroy(&waiting->lock);
    return result;
}

int fetch_wait(struct fetch *fetch, const struct fetch_request *request, struct arena *arena,
               struct fetch_answer *ret, struct error *error)
{
    struct waiting waiting;
    waiting_init(&waiting, arena, ret);
    return wait_for(&waiting, fetch_start(fetch, request, answered_cb, &waiting, error), error);
}

int fetch_mail_wait(struct fetch *fetch, const struct fetch_mail *mail, struct arena *arena,
                    struct fetch_answer *ret, struct error *error)
{
    struct waiting waiting;
    waiting_init(&waiting, arena, ret);
    return wait_for(&waiting, fetch_mail_start(fetch, mail, answered_cb, &waiting, error), error);
}
