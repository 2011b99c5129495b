// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads what others write. Bytes are taken by whole lines only: half a line may be taken back by
// its writer, so it is read again the next time.
#include "audit/audit_internal.h"
#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct audit_follower {
    char *path; // owned
    struct chain_hasher *hasher;
    struct audit_source source;
    off_t at;                 // in the source: where `text` begins
    struct buffer text;       // read, and not yet looked at
    bool skipping;            // inside of a line that is too long to be a row
    size_t held;              // bytes of the row that was handed out, at the front of `text`
    struct chain_state state; // of the row that was handed out
};

static void leave_source(struct audit_follower *follower)
{
    if (follower->source.fd >= 0)
        close(follower->source.fd);
    follower->source.fd = -1;
    follower->at = 0;
    follower->held = 0;
    follower->skipping = false;
    buffer_clear(&follower->text);
}

static void take_source(struct audit_follower *follower, const struct audit_source *source,
                        off_t at)
{
    leave_source(follower);
    follower->source = *source;
    follower->at = at;
}

int audit_follower_open(const char *path, struct audit_follower **ret, struct error *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(error, ERROR_UNSUPPORTED, "'%s' is no file: it cannot be read back", path);
    struct audit_follower *follower = memory_new(sizeof *follower);
    follower->path = memory_copy_string(path, strlen(path));
    follower->source.fd = -1;
    follower->hasher = chain_hasher_new();
    buffer_init(&follower->text, 2 * AUDIT_ROW_MAX);
    if (follower->hasher == NULL) {
        audit_follower_close(follower);
        return error_set(error, ERROR_NO_MEMORY, "no memory to follow '%s'", path);
    }
    *ret = follower;
    return 0;
}

void audit_follower_close(struct audit_follower *follower)
{
    if (follower == NULL)
        return;
    leave_source(follower);
    buffer_release(&follower->text);
    chain_hasher_free(follower->hasher);
    memory_free(follower->path);
    memory_free(follower);
}

const struct chain_state *audit_follower_state(const struct audit_follower *follower)
{
    return &follower->state;
}

uint64_t audit_follower_newest(struct audit_follower *follower)
{
    return audit_newest_row(follower->path, follower->hasher);
}

// ---- Lines of one file

// More of the file behind what is there. ERROR_AGAIN at its end.
static int read_more(struct audit_follower *follower)
{
    char *to = buffer_reserve(&follower->text, PIECE);
    if (to == NULL) {
        follower->text.failed = false;
        errno = ENOMEM;
        return ERROR_NO_MEMORY;
    }
    ssize_t count;
    do
        count = pread(follower->source.fd, to, PIECE, follower->at + (off_t)follower->text.length);
    while (count < 0 && errno == EINTR);
    if (count <= 0)
        return count < 0 ? ERROR_IO : ERROR_AGAIN;
    buffer_commit(&follower->text, (size_t)count);
    return 0;
}

static void drop(struct audit_follower *follower, size_t bytes)
{
    buffer_consume(&follower->text, bytes);
    follower->at += (off_t)bytes;
}

// The next line is at the front of the text; *ret has it without its line feed.
static int find_line(struct audit_follower *follower, struct slice *ret)
{
    size_t looked = 0;
    for (;;) {
        struct slice text = buffer_slice(&follower->text);
        const char *feed =
            text.length == looked ? NULL : memchr(text.data + looked, '\n', text.length - looked);
        if (feed != NULL) {
            *ret = slice_of(text.data, (size_t)(feed - text.data));
            return 0;
        }
        looked = text.length;
        if (looked >= AUDIT_ROW_MAX) { // no row
            drop(follower, looked);
            follower->skipping = true;
            looked = 0;
        }
        int result = read_more(follower);
        if (result != 0) {
            buffer_clear(&follower->text); // half a line
            return result;
        }
    }
}

// The next row of this file, whatever its number. It stays at the front of the text.
static int find_row(struct audit_follower *follower, struct audit_followed *ret)
{
    for (;;) {
        int result = find_line(follower, &ret->line);
        if (result != 0)
            return result;
        bool is_row = !follower->skipping && chain_parse(ret->line, &ret->row);
        follower->skipping = false;
        if (is_row)
            return 0;
        drop(follower, ret->line.length + 1);
    }
}

// ---- From file to file

// Has another file taken the log's name? Then nobody writes to this one any more.
static bool is_replaced(const struct audit_follower *follower)
{
    struct stat status;
    return stat(follower->path, &status) == 0 &&
           (status.st_dev != follower->source.device || status.st_ino != follower->source.inode);
}

// Somebody cut the file in place: go on from its begin, numbers tell what was read already.
static void look_for_cut(struct audit_follower *follower)
{
    struct stat status;
    if (fstat(follower->source.fd, &status) == 0 && status.st_size < follower->at)
        follower->at = 0;
}

static bool next_source(struct audit_follower *follower)
{
    struct audit_source next;
    const uint64_t *beyond = follower->source.fd < 0 ? NULL : &follower->source.before;
    if (!audit_source_find(follower->path, follower->state.rows, beyond, &next))
        return false;
    take_source(follower, &next, 0);
    return true;
}

// Is it another log that has the name now, one that counts from the begin?
static bool begins_anew(struct audit_follower *follower)
{
    struct audit_source next;
    if (!audit_source_open(follower->path, &next))
        return false;
    if (!next.begins || next.before >= follower->state.rows) {
        close(next.fd);
        return false;
    }
    take_source(follower, &next, 0);
    follower->state = (struct chain_state){0};
    return true;
}

static int find_row_in_files(struct audit_follower *follower, struct audit_followed *ret)
{
    if (follower->source.fd < 0 && !next_source(follower))
        return ERROR_AGAIN;
    for (;;) {
        int result = find_row(follower, ret);
        if (result != ERROR_AGAIN)
            return result;
        look_for_cut(follower);
        if (!is_replaced(follower))
            return ERROR_AGAIN;
        // It may have grown just before it was replaced.
        result = find_row(follower, ret);
        if (result != ERROR_AGAIN)
            return result;
        if (!next_source(follower) && !begins_anew(follower))
            return ERROR_AGAIN;
    }
}

int audit_follower_next(struct audit_follower *follower, struct audit_followed *ret)
{
    *ret = (struct audit_followed){0};
    do {
        drop(follower, follower->held);
        follower->held = 0;
        int result = find_row_in_files(follower, ret);
        if (result != 0)
            return result;
        follower->held = ret->line.length + 1;
    } while (ret->row.number <= follower->state.rows);
    if (ret->row.number > follower->state.rows + 1) {
        ret->missed_from = follower->state.rows + 1;
        ret->missed_to = ret->row.number - 1;
    }
    follower->state.rows = ret->row.number;
    memcpy(follower->state.link, ret->row.link, sizeof ret->row.link);
    return 0;
}

// ---- Where to begin

static void go_to_begin(struct audit_follower *follower)
{
    leave_source(follower);
    follower->state = (struct chain_state){0};
}

// The first row from this number on is read next. ERROR_AGAIN: there is none.
static int go_near(struct audit_follower *follower, uint64_t number, struct audit_followed *ret)
{
    struct audit_source source;
    off_t at;
    if (!audit_source_find(follower->path, number - 1, NULL, &source))
        return ERROR_AGAIN;
    take_source(follower, &source, 0);
    int result = audit_source_near(source.fd, number, &at);
    follower->at = at;
    follower->state.rows = number - 1;
    return result == 0 ? audit_follower_next(follower, ret) : result;
}

int audit_follower_seek(struct audit_follower *follower, const struct chain_state *after,
                        enum audit_found *ret)
{
    struct audit_followed row;
    *ret = AUDIT_FOUND;
    go_to_begin(follower);
    if (after->rows == 0)
        return 0;
    int result = go_near(follower, after->rows, &row);
    bool is_there = result == 0 && row.row.number == after->rows;
    if (result == ERROR_AGAIN)
        *ret = AUDIT_FOUND_LESS;
    else if (is_there && memcmp(row.row.link, after->link, sizeof after->link) != 0)
        *ret = AUDIT_FOUND_OTHER;
    if (result != 0 || *ret != AUDIT_FOUND)
        go_to_begin(follower);
    else
        follower->state = *after;
    if (result == 0 && !is_there)
        follower->held = 0; // it is read once more
    return result == ERROR_AGAIN ? 0 : result;
}

static int read_tail(struct audit_follower *follower, const char *path, struct audit_tail *ret)
{
    struct audit_source source;
    if (!audit_source_open(path, &source))
        return 0;
    struct stat status;
    int result = fstat(source.fd, &status) != 0
                     ? ERROR_IO
                     : audit_tail_read(source.fd, status.st_size, follower->hasher, ret);
    close(source.fd);
    return result;
}

int audit_follower_seek_end(struct audit_follower *follower)
{
    struct audit_tail tail = {0};
    enum audit_found found;
    char path[PATH_MAX];
    int result = read_tail(follower, follower->path, &tail);
    if (result == 0 && !tail.found && audit_newest_segment(follower->path, follower->hasher, path))
        result = read_tail(follower, path, &tail);
    if (result == 0)
        result = audit_follower_seek(follower, &tail.state, &found);
    return result;
}
