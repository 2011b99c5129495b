// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept of the logs, for how long, and with how many keys secrets are sealed. Only shown: it
// is the operator who says so.
#include "admin/proofs_internal.h"

#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

struct log_size {
    uint64_t files, bytes;
    int64_t oldest_ms; // 0: not known
};

static void write_time(struct buffer *out, int64_t time_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(time_ms, text);
    buffer_append_format(out, time_ms == 0 ? ",\"oldest_at\":null" : ",\"oldest_at\":\"%s\"", text);
}

static void write_most(struct buffer *out, const char *name, uint64_t most)
{
    buffer_append_format(out, "\"%s\":", name);
    if (most == 0)
        buffer_append_string(out, "null");
    else
        buffer_append_format(out, "%" PRIu64, most);
}

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
    struct log_size *size = argument;
    struct stat status;
    if (!admin_is_of_log(path, rest, &status))
        return;
    int64_t begun_ms = begun_at(path);
    size->files++;
    size->bytes += (uint64_t)status.st_size;
    if (begun_ms != 0 && (size->oldest_ms == 0 || begun_ms < size->oldest_ms))
        size->oldest_ms = begun_ms;
}

// Writes the first half of the answer.
int admin_show_audit_kept(struct admin_request *request, struct store_view *view,
                          struct error *error)
{
    const struct store_page page = {.limit = 1};
    const struct store_audit *row = NULL;
    size_t count = 0;
    int result = store_list_audit(view, request->who.organisation, (struct slice){0}, &page, &row,
                                  &count, NULL, error);
    if (result != 0)
        return result;
    buffer_append_string(&request->out, "{\"admin_audit\":{");
    write_most(&request->out, "keep_seconds", request->admin->options.keeping.audit_ms / 1000);
    write_time(&request->out, count == 0 ? 0 : row->head.created_ms);
    buffer_append_string(&request->out, "}");
    return 0;
}

int admin_show_log_kept(struct admin_request *request, struct error *error)
{
    const struct admin_keeping *keeping = &request->admin->options.keeping;
    const char *log = request->admin->prover->log;
    struct buffer *out = &request->out;
    struct log_size size = {0};
    (void)error;
    buffer_append_string(out, ",\"decision_log\":");
    if (log == NULL) {
        buffer_append_string(out, "null");
    } else {
        audit_each_beside(log, add_file, &size);
        buffer_append_string(out, "{");
        write_most(out, "keep_seconds", keeping->log_ms / 1000);
        buffer_append_string(out, ",");
        write_most(out, "keep_bytes", keeping->log_bytes);
        buffer_append_format(out, ",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64, size.files,
                             size.bytes);
        write_time(out, size.oldest_ms);
        buffer_append_string(out, "}");
    }
    buffer_append_format(out, ",\"sealing_keys\":%zu}",
                         control_health(request->admin->options.control).keys);
    request->status = 200;
    return 0;
}
