// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The folder's events only say "look now"; what counts is whether the file behind the path is
// another one than last time (inode, size, times). That sees renames over the file, links that
// are turned to another folder, and, by a slow check, changes without any event.
#include "loop/loop_internal.h"

#include <sys/stat.h>

enum { MERGE_MS = 100, CHECK_MS = 2000 };

struct loop_watch {
    struct loop *loop;
    char *path;
    char *folder;
    uv_fs_event_t *event; // NULL while the folder cannot be watched
    struct loop_timer *merge;
    struct loop_timer *check;
    loop_timer_cb changed;
    void *argument;
    struct stat seen;
    bool merging; // a look is due; more events do not put it off (a log may live in this folder)
    bool closed;
};

static void event_closed_cb(uv_handle_t *handle)
{
    memory_free(handle);
}

static void look_soon(struct loop_watch *w)
{
    if (!w->merging)
        loop_timer_start(w->merge, MERGE_MS, 0);
    w->merging = true;
}

static void event_cb(uv_fs_event_t *event, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    (void)status;
    struct loop_watch *w = event->data;
    if (!w->closed)
        look_soon(w);
}

static void stop_watching(struct loop_watch *w)
{
    if (w->event != NULL)
        uv_close((uv_handle_t *)w->event, event_closed_cb);
    w->event = NULL;
}

static void start_watching(struct loop_watch *w)
{
    uv_fs_event_t *event = memory_new(sizeof *event);
    if (uv_fs_event_init(&w->loop->uv, event) != 0) {
        memory_free(event);
        return;
    }
    event->data = w;
    w->event = event;
    if (uv_fs_event_start(event, event_cb, w->folder, 0) != 0)
        stop_watching(w);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

static void look_cb(void *argument)
{
    struct loop_watch *w = argument;
    struct stat now;
    w->merging = false;
    if (stat(w->path, &now) != 0 || same_file(&now, &w->seen))
        return;
    w->seen = now;
    w->changed(w->argument);
}

static void check_cb(void *argument)
{
    struct loop_watch *w = argument;
    struct stat now;
    if (w->event == NULL)
        start_watching(w);
    if (stat(w->path, &now) == 0 && !same_file(&now, &w->seen))
        look_soon(w);
    // The folder itself may have been replaced: the old watch then sees nothing any more.
    else if (w->event != NULL && stat(w->folder, &now) != 0)
        stop_watching(w);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return memory_copy_string(".", 1);
    return memory_copy_string(path, slash == path ? 1 : (size_t)(slash - path));
}

struct loop_watch *loop_watch_open(struct loop *l, const char *path, loop_timer_cb changed,
                                   void *argument)
{
    struct loop_watch *w = memory_new(sizeof *w);
    w->loop = l;
    w->path = memory_copy_string(path, strlen(path));
    w->folder = folder_of(path);
    w->changed = changed;
    w->argument = argument;
    w->merge = loop_timer_open(l, look_cb, w);
    w->check = loop_timer_open(l, check_cb, w);
    start_watching(w);
    if (stat(path, &w->seen) != 0)
        w->seen = (struct stat){0};
    loop_timer_start(w->check, CHECK_MS, CHECK_MS);
    return w;
}

static void watch_free(void *argument)
{
    struct loop_watch *w = argument;
    memory_free(w->path);
    memory_free(w->folder);
    memory_free(w);
}

void loop_watch_close(struct loop_watch *w)
{
    if (w == NULL || w->closed)
        return;
    w->closed = true;
    stop_watching(w);
    loop_timer_close(w->merge);
    loop_timer_close(w->check);
    loop_defer(w->loop, watch_free, w);
}
