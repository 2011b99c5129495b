// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The journal's file: made once, of its full size, so that a disk that is full later takes nothing
// away. Whatever does not fit together stops the start; it is never guessed what was charged.
#include "limit/journal_internal.h"

#include "base/memory.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = "SPcharge"; // without its end
enum { VERSION = 1 };

static int failure(const struct limit_journal *journal, const char *doing, int number,
                   struct error *error)
{
    return error_set(error, ERROR_IO, "cannot %s '%s', which belongs to the limits file: %s", doing,
                     journal->path, strerror(number));
}

// Room on the disk for every byte, else writing to the map could fail later, where nobody can be
// told but by a signal.
static int reserve_room(int fd, size_t size)
{
#if defined(__APPLE__)
    static const char zeros[65536];
    for (size_t at = 0; at < size;) {
        size_t more = size - at < sizeof zeros ? size - at : sizeof zeros;
        ssize_t written = pwrite(fd, zeros, more, (off_t)at);
        if (written <= 0)
            return written < 0 ? errno : ENOSPC;
        at += (size_t)written;
    }
    return 0;
#else
    return posix_fallocate(fd, 0, (off_t)size);
#endif
}

static int map_file(struct limit_journal *journal, struct error *error)
{
    size_t size = limit_journal_size();
    int number = reserve_room(journal->fd, size);
    if (number != 0)
        return failure(journal, "make room for", number, error);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, journal->fd, 0);
    if (map == MAP_FAILED)
        return failure(journal, "map", errno, error);
    journal->map = map;
    return 0;
}

static void use_id(struct limit_journal *journal)
{
    memcpy(journal->seed, limit_journal_id(journal), sizeof journal->seed);
}

// A journal without notes, known by a new id.
static int make_new(struct limit_journal *journal, struct store_journal *known, struct error *error)
{
    struct limit_journal_head *head = limit_journal_head_of(journal);
    struct limit_journal_head made = {.version = VERSION,
                                      .chunk_bytes = LIMIT_CHUNK_BYTES,
                                      .chunks = LIMIT_CHUNKS,
                                      .lanes = LIMIT_SHARDS};
    memcpy(made.magic, MAGIC, sizeof made.magic);
    random_bytes(made.id, sizeof made.id);
    made.check = limit_journal_check(&made);
    *head = made;
    use_id(journal);
    *known = (struct store_journal){.known = true};
    memcpy(known->id, made.id, sizeof known->id);
    // The limits file will ask for it, so it must outlive a loss of power.
    if (msync(journal->map, LIMIT_JOURNAL_HEAD, MS_SYNC) != 0 || fsync(journal->fd) != 0)
        return failure(journal, "write", errno, error);
    return 0;
}

static int refuse_missing(const struct limit_journal *journal, struct error *error)
{
    return error_set(error, ERROR_CONFIG,
                     "'%s' with the latest charges is missing; put it back, or move the limits "
                     "file away to start with all limits unused",
                     journal->path);
}

// Was the head written? A file of zeros was left by a start that did not get so far.
static bool is_blank(const struct limit_journal_head *head)
{
    static const struct limit_journal_head blank;
    return memcmp(head, &blank, sizeof blank) == 0;
}

static bool is_ours(const struct limit_journal_head *head)
{
    return memcmp(head->magic, MAGIC, sizeof head->magic) == 0 &&
           head->check == limit_journal_check(head) && head->version == VERSION &&
           head->chunk_bytes == LIMIT_CHUNK_BYTES && head->chunks == LIMIT_CHUNKS &&
           head->lanes == LIMIT_SHARDS;
}

static int check_order(const struct limit_journal *journal, const struct store_journal *known,
                       struct error *error)
{
    for (size_t i = 0; i < LIMIT_SHARDS; i++)
        if (limit_journal_head_of(journal)->folded[i] > known->folded[i])
            return error_set(error, ERROR_CONFIG,
                             "the limits file is older than '%s' beside it; put the newer one "
                             "back, or move both away to start with all limits unused",
                             journal->path);
    return 0;
}

// Also without notes: those that it had are in a limits file that is not the one beside it.
static bool is_used(const struct limit_journal *journal)
{
    for (size_t i = 0; i < LIMIT_SHARDS; i++)
        if (limit_journal_head_of(journal)->folded[i] > 0)
            return true;
    return limit_journal_has_notes(journal);
}

// What is there already: ours, as it was left; or nobody's.
static int adopt(struct limit_journal *journal, struct store_journal *known, struct error *error)
{
    const struct limit_journal_head *head = limit_journal_head_of(journal);
    bool needed = known->known && !known->clean;
    if (is_blank(head))
        return needed ? refuse_missing(journal, error) : make_new(journal, known, error);
    if (!is_ours(head))
        return error_set(error, ERROR_CONFIG,
                         "'%s' is damaged or not ours; move it and the limits file away to start "
                         "with all limits unused",
                         journal->path);
    use_id(journal);
    if (known->known && memcmp(known->id, head->id, sizeof known->id) == 0)
        return check_order(journal, known, error);
    if (needed || is_used(journal))
        return error_set(error, ERROR_CONFIG,
                         "'%s' holds charges of another limits file; put the two back that belong "
                         "together, or move both away to start with all limits unused",
                         journal->path);
    return make_new(journal, known, error);
}

static int open_file(struct limit_journal *journal, struct store_journal *known, bool *ret_made,
                     struct error *error)
{
    struct stat status;
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    journal->fd = open(journal->path, flags);
    *ret_made = journal->fd < 0 && errno == ENOENT;
    if (*ret_made && known->known && !known->clean)
        return refuse_missing(journal, error);
    if (*ret_made)
        journal->fd = open(journal->path, flags | O_CREAT | O_EXCL, 0600);
    if (journal->fd < 0 || fstat(journal->fd, &status) != 0)
        return failure(journal, "open", errno, error);
    bool short_one = status.st_size > 0 && (size_t)status.st_size != limit_journal_size();
    if (!S_ISREG(status.st_mode) || short_one)
        return error_set(error, ERROR_CONFIG,
                         "'%s' is damaged or not ours; move it and the limits file away to start "
                         "with all limits unused",
                         journal->path);
    if (fchmod(journal->fd, 0600) != 0)
        return failure(journal, "protect", errno, error);
    return 0;
}

int limit_journal_open(const char *path, struct store_journal *known, struct limit_journal **ret,
                       struct error *error)
{
    struct limit_journal *journal = memory_new(sizeof *journal);
    size_t length = strlen(path);
    bool made = false;
    journal->path = memory_new(length + sizeof ".charges");
    memcpy(journal->path, path, length);
    memcpy(journal->path + length, ".charges", sizeof ".charges");
    pthread_mutex_init(&journal->lock, NULL);
    int failed = open_file(journal, known, &made, error);
    if (failed == 0)
        failed = map_file(journal, error);
    if (failed == 0)
        failed = adopt(journal, known, error);
    // What could not be made whole is not left behind, to be met by the next start.
    if (failed != 0 && made && journal->fd >= 0)
        (void)!unlink(journal->path);
    if (failed != 0)
        limit_journal_close(journal);
    else
        *ret = journal;
    return failed;
}

void limit_journal_close(struct limit_journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->map != NULL)
        munmap(journal->map, limit_journal_size());
    if (journal->fd >= 0)
        close(journal->fd);
    pthread_mutex_destroy(&journal->lock);
    memory_free(journal->path);
    memory_free(journal);
}
