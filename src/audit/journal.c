// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The chain in its file. Whoever appends has the file's lock and starts from the file's last row,
// so that there is one chain however many processes share the log.
#include "audit/journal_internal.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int seal(struct audit_journal *journal, struct audit_turn *turn, struct slice body)
{
    return chain_append(journal->hasher, &turn->state, body, &journal->sealed);
}

static int seal_note(struct audit_journal *journal, struct audit_turn *turn)
{
    return journal->note.failed ? ERROR_NO_MEMORY
                                : seal(journal, turn, buffer_slice(&journal->note));
}

int audit_turn_sign(struct audit_journal *journal, struct audit_turn *turn,
                    const struct chain_key *key)
{
    int result = audit_note_sign(&journal->note, key);
    if (result == 0)
        result = seal_note(journal, turn);
    if (result == 0)
        turn->vouched = turn->state.rows;
    return result;
}

// ---- What is in the file

static void adopt(struct audit_journal *journal, const struct audit_tail *tail, bool was_known)
{
    const struct chain_state *ours = &journal->state, *found = &tail->state;
    if (tail->found && found->rows > ours->rows)
        journal->state = *found;
    else if (was_known && (!tail->found || found->rows < ours->rows ||
                           memcmp(found->link, ours->link, sizeof ours->link) != 0))
        log_event(LOG_ERROR, "audit",
                  "the decision log '%s' was changed by somebody else: row %llu is its last, %llu "
                  "were written",
                  journal->file.path, (unsigned long long)found->rows,
                  (unsigned long long)ours->rows);
}

// Fills *ret as if the file had been read when nothing has changed since we last did.
static int look_at_end(struct audit_journal *journal, struct audit_tail *ret, off_t *ret_size)
{
    struct audit_file *file = &journal->file;
    struct stat status;
    *ret = (struct audit_tail){.found = journal->announced, .state = journal->state};
    *ret_size = 0;
    if (!file->regular)
        return 0;
    if (fstat(file->fd, &status) != 0)
        return ERROR_IO;
    *ret_size = status.st_size;
    if (status.st_size == file->end)
        return 0;
    int result = audit_tail_read(file->fd, status.st_size, journal->hasher, ret);
    if (result != 0)
        return result;
    adopt(journal, ret, file->end >= 0);
    file->end = status.st_size;
    return 0;
}

// Closes what a crash left.
static int seal_torn(struct audit_journal *journal, struct audit_turn *turn,
                     struct audit_tail *ret_tail, off_t *ret_size)
{
    int result = look_at_end(journal, ret_tail, ret_size);
    turn->state = journal->state;
    if (result == 0 && ret_tail->open_line) {
        result = buffer_append_string(&journal->sealed, "\n");
        turn->lines_before++;
    }
    if (result == 0 && ret_tail->found && ret_tail->torn) {
        audit_note_torn(&journal->note, ret_tail);
        result = seal_note(journal, turn);
        turn->lines_before++;
    }
    return result;
}

int audit_turn_begin(struct audit_journal *journal, struct audit_turn *turn)
{
    struct audit_tail tail;
    off_t size;
    int result = seal_torn(journal, turn, &tail, &size);
    if (result != 0 || (tail.found && journal->announced))
        return result;
    audit_note_begin(&journal->note, "start", &turn->state);
    if (!tail.found && size > 0)
        audit_note_add_number(&journal->note, "unlinked", (uint64_t)size + tail.open_line);
    audit_note_add_key(&journal->note, journal->key);
    turn->lines_before++;
    turn->announces = true;
    return audit_turn_sign(journal, turn, journal->key);
}

// ---- Writing

static int seal_bodies(struct audit_journal *journal, struct audit_turn *turn, struct slice bodies)
{
    const char *at = bodies.data, *end = bodies.data + bodies.length, *feed;
    int result = 0;
    for (; at < end && result == 0; at = feed + 1) {
        feed = memchr(at, '\n', (size_t)(end - at)); // always there
        result = seal(journal, turn, slice_of(at, (size_t)(feed - at)));
        turn->bodies += result == 0;
    }
    return result;
}

static int seal_wish(struct audit_journal *journal, struct audit_turn *turn,
                     const struct audit_wish *wish)
{
    int result = 0;
    if (wish->loss != NULL) {
        audit_note_lost(&journal->note, wish->loss);
        result = seal_note(journal, turn);
    }
    if (result != 0 || wish->sign == NULL)
        return result;
    audit_note_begin(&journal->note, wish->sign, &turn->state);
    return audit_turn_sign(journal, turn, journal->key);
}

static void drop_bodies(struct buffer *bodies, size_t count)
{
    while (count-- > 0) {
        struct slice rest = buffer_slice(bodies);
        const char *feed = memchr(rest.data, '\n', rest.length);
        buffer_consume(bodies, (size_t)(feed - rest.data) + 1);
    }
}

void audit_turn_forget(struct audit_journal *journal)
{
    buffer_clear(&journal->sealed);
    journal->file.end = -1;
    journal->file.partial = 0;
}

static void note_done(struct audit_journal *journal, const struct audit_turn *turn)
{
    journal->state = turn->state;
    journal->announced = journal->announced || turn->announces;
    journal->vouched = turn->vouched > journal->vouched ? turn->vouched : journal->vouched;
}

int audit_turn_put(struct audit_journal *journal, const struct audit_turn *turn,
                   struct buffer *bodies)
{
    size_t length = journal->sealed.length, lines;
    int result = audit_file_write(&journal->file, &journal->sealed, &lines);
    if (result == 0 || !journal->file.regular) {
        note_done(journal, turn);
        buffer_clear(bodies);
        journal->file.end += (off_t)length;
        return result;
    }
    int cause = errno;
    if (lines >= turn->lines_before)
        journal->announced = journal->announced || turn->announces;
    if (lines > turn->lines_before)
        drop_bodies(bodies, lines - turn->lines_before > turn->bodies ? turn->bodies
                                                                      : lines - turn->lines_before);
    audit_turn_forget(journal);
    errno = cause;
    return result;
}

int audit_journal_write_locked(struct audit_journal *journal, struct buffer *bodies,
                               const struct audit_wish *wish)
{
    struct audit_turn turn = {0};
    errno = ENOMEM;
    int result = audit_turn_begin(journal, &turn);
    if (result == 0)
        result = seal_bodies(journal, &turn, buffer_slice(bodies));
    if (result == 0)
        result = seal_wish(journal, &turn, wish);
    if (result == 0)
        return audit_turn_put(journal, &turn, bodies);
    audit_turn_forget(journal);
    return result;
}

// ---- Following the path

void audit_journal_take(struct audit_journal *journal, const struct audit_file *next)
{
    audit_file_close(&journal->file);
    journal->file = *next;
}

// The lock of the file that now has the path. Another process may have gone on in a new one: then
// this one has read the old one to its end, under its lock, before it follows.
int audit_journal_lock(struct audit_journal *journal)
{
    for (int tries = 0; tries < 4; tries++) {
        struct audit_file next;
        struct audit_tail tail;
        off_t size;
        struct error error;
        int result = audit_file_lock(&journal->file);
        if (result != 0)
            return result;
        enum audit_place place = audit_file_place(&journal->file);
        if (place == AUDIT_THERE || place == AUDIT_MOVED)
            return 0;
        result = look_at_end(journal, &tail, &size);
        if (result == 0)
            result = audit_file_open(&next, journal->file.path, &error);
        if (result != 0) {
            audit_file_unlock(&journal->file);
            return result;
        }
        if (place == AUDIT_DELETED)
            log_event(LOG_ERROR, "audit", "the decision log '%s' was deleted; a new one is begun",
                      journal->file.path);
        audit_journal_take(journal, &next);
    }
    return ERROR_AGAIN;
}

int audit_journal_write(struct audit_journal *journal, struct buffer *bodies,
                        const struct audit_wish *wish)
{
    size_t lines;
    if (journal->sealed.length > 0) { // of a pipe that was full
        int result = audit_file_write(&journal->file, &journal->sealed, &lines);
        if (result != 0)
            return result;
    }
    int result = audit_journal_lock(journal);
    if (result != 0)
        return result;
    result = audit_journal_write_locked(journal, bodies, wish);
    int cause = errno;
    audit_file_unlock(&journal->file);
    errno = cause;
    return result;
}

// ---- Open and close

static int open_key(struct audit_journal *journal, struct error *error)
{
    bool made = false;
    struct stat status;
    if (journal->key_path == NULL) {
        journal->key = chain_key_make();
        return journal->key != NULL ? 0 : error_set(error, ERROR_NO_MEMORY, "no memory for a key");
    }
    struct error why;
    int result = chain_key_open(journal->key_path, &journal->key, &made, &why);
    if (result != 0)
        return error_set(error, result, "%s; 'decision_log_key' can name another place", why.text);
    if (made)
        log_event(LOG_INFO, "audit", "made the decision log's signing key %s: '%s'",
                  chain_key_id(journal->key), journal->key_path);
    else if (stat(journal->key_path, &status) == 0 && (status.st_mode & 077) != 0)
        log_event(LOG_WARNING, "audit", "others may read or change the signing key '%s'",
                  journal->key_path);
    return 0;
}

// The log was moved away while nobody wrote to it: the chain goes on from its former file, of which
// a half line at the end is closed there.
static int resume(struct audit_journal *journal, struct error *error)
{
    struct audit_file log = journal->file, former;
    struct audit_tail tail;
    struct audit_turn turn = {0};
    struct buffer none = {0};
    char path[PATH_MAX];
    off_t size;
    if (!audit_newest_segment(log.path, journal->hasher, path))
        return 0;
    int result = audit_file_open(&former, path, error);
    if (result != 0)
        return result;
    journal->file = former;
    result = audit_file_lock(&former);
    if (result == 0)
        result = seal_torn(journal, &turn, &tail, &size);
    if (result == 0)
        result = audit_turn_put(journal, &turn, &none);
    if (result != 0)
        error_set(error, ERROR_IO, "cannot go on from '%s', a former file of the decision log: %s",
                  path, strerror(errno));
    audit_file_close(&journal->file);
    journal->file = log;
    return result;
}

// Where links lead: the file of "/dev/stdout" is none that belongs into /dev.
static char *path_beside(const char *log)
{
    char real[PATH_MAX];
    const char *path = realpath(log, real) != NULL ? real : log;
    size_t size = strlen(path) + sizeof ".key";
    char *beside = memory_new(size);
    snprintf(beside, size, "%s.key", path);
    return beside;
}

int audit_journal_open(struct audit_journal *journal, const char *path, const char *key_path,
                       struct error *error)
{
    *journal = (struct audit_journal){.file.fd = -1, .hasher = chain_hasher_new()};
    buffer_init(&journal->note, 0);
    buffer_init(&journal->sealed, 0);
    if (journal->hasher == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the decision log");
    int result = audit_file_open(&journal->file, path, error);
    if (result != 0)
        return result;
    if (key_path != NULL) {
        journal->key_path = memory_copy_string(key_path, strlen(key_path));
    } else if (journal->file.regular) {
        journal->key_path = path_beside(path);
    }
    result = open_key(journal, error);
    struct stat status;
    if (result == 0 && journal->file.regular && fstat(journal->file.fd, &status) == 0 &&
        status.st_size == 0)
        result = resume(journal, error);
    return result;
}

void audit_journal_close(struct audit_journal *journal)
{
    size_t lines;
    if (journal->sealed.length > 0 && // a last try, for a pipe
        audit_file_write(&journal->file, &journal->sealed, &lines) != 0)
        log_event(LOG_ERROR, "audit", "the last rows of '%s' are not whole", journal->file.path);
    audit_file_close(&journal->file);
    chain_hasher_free(journal->hasher);
    chain_key_free(journal->key);
    memory_free(journal->key_path);
    buffer_release(&journal->note);
    buffer_release(&journal->sealed);
}
