// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept of the logs, for how long, and with how many keys secrets are sealed.
#include "admin/proofs_internal.h"
#include "admin/retention_internal.h"
#include "admin/sealing_internal.h"

#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

// When its first row was written; 0 when that cannot be told.
static int64_t begun_at(const char *path)
{
    static const struct slice start = {"{\"time\":\"", 9};
    char text[9 + CLOCK_TEXT_SIZE - 1];
    int64_t time = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool row = fd >= 0 && pread(fd, text, sizeof text, 0) == (ssize_t)sizeof text &&
               memcmp(text, start.data, start.length) == 0;
    if (fd >= 0)
        close(fd);
    return row && clock_parse(slice_of(text + start.length, CLOCK_TEXT_SIZE - 1), &time) ? time : 0;
}

static void add_file(void *argument, const char *path, const char *rest)
{
    struct admin_log_size *size = argument;
    struct stat status;
    if (!admin_is_of_log(path, rest, &status))
        return;
    int64_t begun_ms = begun_at(path);
    size->files++;
    size->bytes += (uint64_t)status.st_size;
    if (begun_ms != 0 && (size->oldest_ms == 0 || begun_ms < size->oldest_ms))
        size->oldest_ms = begun_ms;
}

int admin_measure_log(struct admin_request *request, struct error *error)
{
    const char *log = request->admin->prover->log;
    request->kept->has_log = log != NULL;
    (void)error;
    if (log != NULL)
        audit_each_beside(log, add_file, &request->kept->log);
    return 0;
}

static void write_sealing(struct admin_request *request)
{
    buffer_append_format(&request->out, ",\"sealing_keys\":%zu,\"sealing_unfinished\":%s}",
                         control_sealing(request->admin->options.control).keys,
                         admin_resealing_unfinished(request->admin) ? "true" : "false");
}

int admin_show_log_kept(struct admin_request *request, struct error *error)
{
    int result = admin_measure_log(request, error);
    admin_write_kept(request);
    write_sealing(request);
    request->status = 200;
    return result;
}

int admin_change_kept(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_change_retention(request, view, error);
    if (result != 0)
        return result;
    admin_write_kept(request);
    write_sealing(request);
    request->status = 200;
    return 0;
}
