// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Two lines of the same length, each with a checksum: a crash in the middle of a write costs one.
#include "sink/sink_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROW_HEAD "\",\"row\":\""
#define LINK_HEAD "\",\"link\":\""
#define SUM_HEAD "\",\"sum\":\""

enum {
    ROW_DIGITS = 20,
    SUM_DIGITS = 16,
    NAME_HEAD = 13, // {"position":"
    NAME = 6,
    ROW_AT = NAME_HEAD + NAME + sizeof ROW_HEAD - 1,
    LINK_AT = ROW_AT + ROW_DIGITS + sizeof LINK_HEAD - 1,
    SUM_AT = LINK_AT + CHAIN_LINK_DIGITS + sizeof SUM_HEAD - 1,
    LINE = SUM_AT + SUM_DIGITS + 3, // "} and a line feed
};
static const uint64_t SAFE_US = 60000000;
static const char *const names[SINK_PLACES] = {"newest", "minute"};

static int format(const struct sink_position *position, enum sink_place place,
                  const struct chain_state *state, char line[LINE + 1])
{
    unsigned char hash[CHAIN_LINK_SIZE];
    char link[CHAIN_LINK_DIGITS + 1], sum[CHAIN_LINK_DIGITS + 1];
    chain_write_hex(state->link, sizeof state->link, link);
    int length =
        snprintf(line, LINE + 1, "{\"position\":\"%s" ROW_HEAD "%020" PRIu64 LINK_HEAD "%s",
                 names[place], state->rows, link);
    int result = chain_hash(position->hasher, slice_of(line, (size_t)length), hash);
    chain_write_hex(hash, sizeof hash, sum);
    snprintf(line + length, (size_t)(LINE + 1 - length), SUM_HEAD "%.*s\"}\n", SUM_DIGITS, sum);
    return result;
}

bool sink_position_read(const struct sink_position *position, enum sink_place place,
                        struct chain_state *ret)
{
    char line[LINE + 1], expected[LINE + 1];
    ssize_t count = pread(position->fd, line, LINE, (off_t)place * LINE);
    *ret = (struct chain_state){0};
    if (count != LINE ||
        !chain_parse_hex(slice_of(line + LINK_AT, CHAIN_LINK_DIGITS), ret->link, sizeof ret->link))
        return false;
    for (size_t i = ROW_AT; i < ROW_AT + ROW_DIGITS; i++)
        ret->rows = ret->rows * 10 + (uint64_t)(line[i] - '0');
    return format(position, place, ret, expected) == 0 && memcmp(line, expected, LINE) == 0;
}

static int write_place(const struct sink_position *position, enum sink_place place,
                       const struct chain_state *state)
{
    char line[LINE + 1];
    int result = format(position, place, state, line);
    if (result != 0)
        return result;
    ssize_t count = pwrite(position->fd, line, LINE, (off_t)place * LINE);
    if (count >= 0 && count != LINE)
        errno = ENOSPC;
    return count == LINE ? 0 : ERROR_IO;
}

// What is delivered may be newer than what of the log is on disk; a minute later it is there.
static int write_safe(struct sink_position *position)
{
    struct chain_state before;
    uint64_t now = clock_monotonic_us();
    if (now - position->kept_us < SAFE_US ||
        !sink_position_read(position, SINK_PLACE_NEWEST, &before))
        return 0;
    position->kept_us = now;
    int result = write_place(position, SINK_PLACE_SAFE, &position->former);
    position->former = before;
    return result == 0 && fdatasync(position->fd) != 0 ? ERROR_IO : result;
}

int sink_position_write(struct sink_position *position, const struct chain_state *state)
{
    int result = write_safe(position);
    return result == 0 ? write_place(position, SINK_PLACE_NEWEST, state) : result;
}

int sink_position_begin(struct sink_position *position, const struct chain_state *state)
{
    position->former = *state;
    position->kept_us = clock_monotonic_us();
    int result = write_place(position, SINK_PLACE_SAFE, state);
    if (result == 0)
        result = write_place(position, SINK_PLACE_NEWEST, state);
    return result == 0 && fdatasync(position->fd) != 0 ? ERROR_IO : result;
}

int sink_position_open(struct sink_position *position, const char *path, bool *ret_new,
                       struct error *error)
{
    struct stat status = {0};
    *position = (struct sink_position){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (position->fd < 0)
        return error_set(error, ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
    position->hasher = chain_hasher_new();
    int result = 0;
    if (position->hasher == NULL)
        result = error_set(error, ERROR_NO_MEMORY, "no memory for '%s'", path);
    else if (flock(position->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        result = error_set(error, ERROR_AGAIN, "another process has '%s'", path);
    else if (fstat(position->fd, &status) != 0 || !S_ISREG(status.st_mode))
        result = error_set(error, ERROR_IO, "'%s' is no file", path);
    *ret_new = status.st_size == 0;
    if (result != 0)
        sink_position_close(position);
    return result;
}

void sink_position_close(struct sink_position *position)
{
    if (position->fd >= 0)
        close(position->fd); // gives up the lock
    chain_hasher_free(position->hasher);
    *position = (struct sink_position){.fd = -1};
}
