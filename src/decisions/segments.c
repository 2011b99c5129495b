// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/memory.h"
#include "decisions/decisions_internal.h"

#include <unistd.h>

// ---- The list

static void free_segment(struct segment *segment)
{
    memory_free(segment->name);
    memory_free(segment);
}

static void insert(struct follower *follower, struct segment *segment)
{
    struct segment **at = &follower->segments;
    while (*at != NULL && (*at)->first_row <= segment->first_row)
        at = &(*at)->next;
    segment->next = *at;
    *at = segment;
}

static void close_current(struct follower *follower)
{
    if (follower->fd >= 0)
        close(follower->fd);
    follower->fd = -1;
    follower->current = NULL;
    follower->packing = follower->skipping = false;
}

void follow_forget(struct follower *follower)
{
    close_current(follower);
    while (follower->segments != NULL) {
        struct segment *next = follower->segments->next;
        free_segment(follower->segments);
        follower->segments = next;
    }
    follower->scan_at_us = 0;
}

static int load_cb(void *argument, const struct store_segment *stored)
{
    struct segment *segment = memory_try_new(sizeof *segment);
    if (segment == NULL)
        return ERROR_NO_MEMORY;
    *segment = (struct segment){.id = stored->id,
                                .inode = stored->inode,
                                .first_row = stored->first_row,
                                .last_row = stored->last_row,
                                .last_at = stored->last_at,
                                .indexed = stored->indexed,
                                .name = memory_copy_string(stored->name.data, stored->name.length)};
    memcpy(segment->head, stored->head.data, sizeof segment->head);
    memcpy(segment->last_link, stored->last_link.data, sizeof segment->last_link);
    insert(argument, segment);
    return 0;
}

int follow_load(struct follower *follower, struct error *error)
{
    follow_forget(follower);
    return store_index_each_segment(follower->index, load_cb, follower, error);
}

// ---- Changes

int follow_change(struct follower *follower, struct error *error)
{
    if (follower->in_change)
        return 0;
    int result = store_index_begin(follower->index, error);
    follower->in_change = result == 0;
    return result;
}

int follow_put_segment(struct follower *follower, const struct segment *segment,
                       struct error *error)
{
    const struct store_segment stored = {
        .id = segment->id,
        .name = slice_from_string(segment->name),
        .inode = segment->inode,
        .head = slice_of((const char *)segment->head, sizeof segment->head),
        .first_row = segment->first_row,
        .last_row = segment->last_row,
        .last_at = segment->last_at,
        .last_link = slice_of((const char *)segment->last_link, sizeof segment->last_link),
        .indexed = segment->indexed};
    int result = follow_change(follower, error);
    return result == 0 ? store_index_put_segment(follower->index, &stored, error) : result;
}

static int drop(struct follower *follower, struct segment **at, struct error *error)
{
    struct segment *segment = *at;
    int result = follow_change(follower, error);
    if (result == 0)
        result = store_index_drop_segment(follower->index, segment->id, error);
    if (result != 0)
        return result;
    if (segment == follower->current)
        close_current(follower);
    *at = segment->next;
    free_segment(segment);
    return 0;
}

// ---- Files

static bool last_row_is_there(const struct follower *follower, const struct segment *segment)
{
    struct chain_row row;
    int64_t length = segment->indexed - segment->last_at;
    int fd = log_file_open(follower->decisions->options.log, slice_from_string(segment->name),
                           segment->inode);
    bool there = false;
    char *bytes = fd < 0 || length < 1 ? NULL : memory_try_new((size_t)length);
    if (bytes != NULL && log_file_read(fd, bytes, (size_t)length, segment->last_at)) {
        const char *feed = memchr(bytes, '\n', (size_t)length);
        there = feed != NULL && chain_parse(slice_of(bytes, (size_t)(feed - bytes)), &row) &&
                row.number == (uint64_t)segment->last_row &&
                memcmp(row.link, segment->last_link, sizeof row.link) == 0;
    }
    memory_free(bytes);
    if (fd >= 0)
        close(fd);
    return there;
}

// Does the index speak of the file as it is?
static bool is_right(const struct follower *follower, struct segment *segment,
                     const struct log_file *file)
{
    if (file->size < segment->indexed || file->rows_before + 1 != segment->first_row)
        return false;
    if (!segment->checked && segment->last_row >= segment->first_row &&
        !last_row_is_there(follower, segment))
        return false;
    segment->checked = true;
    return true;
}

static int begin(struct follower *follower, const struct log_file *file, struct error *error)
{
    struct segment *segment = memory_try_new(sizeof *segment);
    int64_t last = 0;
    if (segment == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (const struct segment *other = follower->segments; other != NULL; other = other->next)
        last = other->id > last ? other->id : last;
    *segment = (struct segment){.id = last + 1,
                                .inode = file->inode,
                                .first_row = file->rows_before + 1,
                                .last_row = file->rows_before,
                                .size = file->size,
                                .name = memory_copy_string(file->name, strlen(file->name)),
                                .present = true,
                                .checked = true};
    memcpy(segment->head, file->head, sizeof segment->head);
    insert(follower, segment);
    return follow_put_segment(follower, segment, error);
}

static int take_file(struct follower *follower, const struct log_file *file, struct error *error)
{
    struct segment **at = &follower->segments;
    while (*at != NULL && memcmp((*at)->head, file->head, sizeof file->head) != 0)
        at = &(*at)->next;
    if (*at == NULL)
        return begin(follower, file, error);
    struct segment *segment = *at;
    bool moved = segment->inode != file->inode || strcmp(segment->name, file->name) != 0;
    segment->size = file->size;
    if (moved) {
        memory_free(segment->name);
        segment->name = memory_copy_string(file->name, strlen(file->name));
        segment->inode = file->inode;
    }
    if (!is_right(follower, segment, file)) {
        log_event(LOG_WARNING, "decisions", "'%s' is not what was indexed; it is indexed anew",
                  file->name);
        int result = drop(follower, at, error);
        return result == 0 ? begin(follower, file, error) : result;
    }
    segment->present = true;
    return moved ? follow_put_segment(follower, segment, error) : 0;
}

int follow_scan(struct follower *follower, struct error *error)
{
    struct log_files files;
    int result = 0;
    log_files_list(follower->decisions->options.log, &files);
    for (struct segment *segment = follower->segments; segment != NULL; segment = segment->next)
        segment->present = files.failed;
    for (size_t i = 0; i < files.count && result == 0; i++)
        result = take_file(follower, &files.items[i], error);
    for (struct segment **at = &follower->segments; *at != NULL && result == 0;) {
        if ((*at)->present)
            at = &(*at)->next;
        else
            result = drop(follower, at, error);
    }
    log_files_release(&files);
    return result;
}
