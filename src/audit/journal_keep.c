// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long and how much is kept: the log is cut into segments, files named "<log>.<number of its
// last row>", and the oldest are deleted. A signed row says so before they are, so that what is
// left can still be proven to be all there is meant to be.
#include "audit/journal_internal.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PARTS = 8, // segments of what is kept, at least
    SEGMENT_LEAST_BYTES = 64 * 1024,
    SEGMENT_LEAST_MS = 1000,
};
static const uint64_t SEGMENT_MOST_BYTES = UINT64_C(1) << 30, SEGMENT_MOST_MS = 86400000;

static uint64_t between(uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

uint64_t audit_segment_bytes(const struct audit_keep *keep)
{
    return between(keep->bytes / PARTS, SEGMENT_LEAST_BYTES, SEGMENT_MOST_BYTES);
}

uint64_t audit_segment_ms(const struct audit_keep *keep)
{
    return between(keep->ms / PARTS, SEGMENT_LEAST_MS, SEGMENT_MOST_MS);
}

// When the first row of the file was written; now when that cannot be told.
static int64_t begun_at(const struct audit_file *file)
{
    static const struct slice start = {"{\"time\":\"", 9};
    char text[9 + CLOCK_TEXT_SIZE - 1];
    int64_t time;
    if (pread(file->fd, text, sizeof text, 0) == (ssize_t)sizeof text &&
        memcmp(text, start.data, start.length) == 0 &&
        clock_parse(slice_of(text + start.length, CLOCK_TEXT_SIZE - 1), &time))
        return time;
    return clock_wall_ms();
}

bool audit_journal_is_full(const struct audit_journal *journal, const struct audit_keep *keep)
{
    const struct audit_file *file = &journal->file;
    if (!file->regular || file->end <= 0)
        return false;
    return (keep->bytes > 0 && (uint64_t)file->end >= audit_segment_bytes(keep)) ||
           (keep->ms > 0 && clock_wall_ms() - begun_at(file) >= (int64_t)audit_segment_ms(keep));
}

// The lock is held. When no new file can be had, the old one takes its name back.
static int cut_segment(struct audit_journal *journal, struct error *error)
{
    static const struct audit_wish closing = {.sign = "end"};
    const char *path = journal->file.path;
    struct audit_file next;
    struct buffer none = {0};
    char name[PATH_MAX];
    struct stat status;
    if (audit_file_place(&journal->file) != AUDIT_THERE)
        return audit_journal_follow(journal, error);
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return error_set(error, ERROR_CONFIG,
                         "'%s' is a link: it is not cut into files, and nothing is deleted", path);
    int result = audit_journal_write_locked(journal, &none, &closing);
    if (result != 0)
        return error_set(error, result, "cannot end a file of the decision log: %s",
                         strerror(errno));
    const struct audit_segment segment = {.last = journal->state.rows};
    if (!audit_segment_name(path, &segment, name) || access(name, F_OK) == 0)
        return error_set(error, ERROR_EXISTS, "there is a '%s' already", name);
    if (rename(path, name) != 0)
        return error_set(error, ERROR_IO, "cannot rename '%s' to '%s': %s", path, name,
                         strerror(errno));
    result = audit_file_open(&next, path, error);
    if (result != 0) {
        if (rename(name, path) != 0)
            log_event(LOG_ERROR, "audit", "the decision log goes on in '%s'", name);
        return result;
    }
    audit_journal_take(journal, &next);
    journal->announced = false;
    return 0;
}

// How many of the oldest segments are beyond what is kept.
static size_t count_old(const struct audit_segment *segments, size_t count, uint64_t present,
                        const struct audit_keep *keep)
{
    int64_t now = clock_wall_ms();
    uint64_t total = present;
    size_t old = 0;
    for (size_t i = 0; i < count; i++)
        total += segments[i].bytes;
    for (; old < count; old++) {
        const struct audit_segment *segment = &segments[old];
        bool too_much = keep->bytes > 0 && total > keep->bytes;
        bool too_old = keep->ms > 0 && now - segment->changed_ms > (int64_t)keep->ms;
        if (!too_much && !too_old)
            break;
        total -= segment->bytes;
    }
    return old;
}

static int tell(struct audit_journal *journal, uint64_t gone_to, size_t files)
{
    struct audit_turn turn = {0};
    struct buffer none = {0};
    int result = audit_turn_begin(journal, &turn);
    if (result == 0) {
        audit_note_begin(&journal->note, "retention", &turn.state);
        audit_note_add_number(&journal->note, "gone_to", gone_to);
        audit_note_add_number(&journal->note, "files", files);
        result = audit_turn_sign(journal, &turn, journal->key);
    }
    if (result == 0)
        return audit_turn_put(journal, &turn, &none);
    audit_turn_forget(journal);
    return result;
}

static void delete_segments(const char *path, const struct audit_segment *segments, size_t count)
{
    char name[PATH_MAX];
    for (size_t i = 0; i < count; i++)
        if (audit_segment_name(path, &segments[i], name) && unlink(name) != 0)
            log_event(LOG_WARNING, "audit", "cannot delete '%s': %s", name, strerror(errno));
}

static int delete_old(struct audit_journal *journal, const struct audit_keep *keep,
                      struct error *error)
{
    struct audit_segment segments[AUDIT_SEGMENTS_MAX];
    size_t count = audit_list_segments(journal->file.path, segments);
    uint64_t present = journal->file.end > 0 ? (uint64_t)journal->file.end : 0;
    size_t old = count_old(segments, count, present, keep);
    if (old == 0)
        return 0;
    char name[PATH_MAX];
    uint64_t gone_to = audit_segment_name(journal->file.path, &segments[old - 1], name)
                           ? audit_newest_row(name, journal->hasher)
                           : 0;
    if (gone_to == 0)
        return error_set(error, ERROR_IO, "'%s' is no file of the decision log", name);
    int result = tell(journal, gone_to, old);
    if (result != 0)
        return error_set(error, result, "that rows are deleted cannot be recorded: %s",
                         strerror(errno));
    delete_segments(journal->file.path, segments, old);
    log_event(LOG_INFO, "audit", "deleted rows up to %" PRIu64 " of the decision log, %zu files",
              gone_to, old);
    return 0;
}

int audit_journal_keep(struct audit_journal *journal, const struct audit_keep *keep,
                       struct error *error)
{
    int result = audit_journal_lock(journal);
    if (result != 0)
        return error_set(error, result, "cannot write the decision log '%s'", journal->file.path);
    if (audit_journal_is_full(journal, keep))
        result = cut_segment(journal, error);
    if (result == 0)
        result = delete_old(journal, keep, error);
    audit_file_unlock(&journal->file);
    return result;
}
