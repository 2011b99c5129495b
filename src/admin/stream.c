// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams of decisions: exports, and the live tail (server-sent events). Nothing is kept for who
// listens but a place in the log: a piece is searched for when the one before has been read, so
// that slow readers cost no memory and hold up nobody.
#include "admin/decisions_internal.h"

#include "base/clock.h"

#include <inttypes.h>

enum {
    PIECE_ROWS = 1000,
    PIECE_BYTES = 128 * 1024,
    PIECE_BUDGET_US = 100 * 1000,
    BEHIND_MAX = 100000, // rows; a listener who is further behind is told what it missed
    CSV_MEMORY = 1024 * 1024,
    LIFE_MS = 3600000, // of a tail; then the client comes back
    CHECK_MS = 10000,  // between looks at who listens
    BEAT_MS = 15000,   // of silence
};

// ---- What is asked for

int admin_stream_begin(struct admin_request *request, bool tail, struct error *error)
{
    struct admin_stream *stream = arena_take_zeroed(&request->arena, sizeof *stream);
    if (stream == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    stream->tail = tail;
    stream->begun_ms = stream->checked_ms = request->now_ms;
    json_doc_init(&stream->doc);
    arena_init(&stream->arena, CSV_MEMORY);
    request->stream = stream;
    return 0;
}

static int begin(struct admin_request *request, bool tail, struct error *error)
{
    int result = admin_stream_begin(request, tail, error);
    request->asked->page = (struct decisions_page){
        .limit = PIECE_ROWS, .bytes_most = PIECE_BYTES, .budget_us = PIECE_BUDGET_US};
    return result;
}

void admin_stream_release(struct admin_request *request)
{
    if (request->stream == NULL)
        return;
    json_doc_release(&request->stream->doc);
    arena_release(&request->stream->arena);
}

int admin_ask_export(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const names[] = {"from",  "to",      "grant", "server",  "method", "tool",
                                        "rule",  "policy",  "id",    "session", "client", "peer",
                                        "trace", "outcome", "text",  "format",  NULL};
    struct slice format;
    (void)view;
    if (request->stream != NULL)
        return 0;
    struct admin_asked *asked = admin_ask(request, names, error);
    if (asked == NULL)
        return error->code;
    int result = admin_query(request, "format", &format, error);
    if (result != 0)
        return result;
    bool csv = slice_equal_string(format, "csv");
    if (format.data != NULL && !csv && !slice_equal_string(format, "jsonl"))
        return admin_fault(request, "format", JSON_NONE, error, "must be 'jsonl' or 'csv'");
    result = begin(request, false, error);
    if (result != 0)
        return result;
    request->stream->csv = csv;
    asked->page.until = decisions_state(request->admin->options.decisions).row;
    request->stream->over = asked->page.until == 0;
    if (csv)
        audit_csv_head(&request->out, audit_decision_columns);
    return 0;
}

static int read_last_event(struct admin_request *request, uint64_t *ret, struct error *error)
{
    struct slice text = request->last_event;
    uint64_t row = 0;
    if (text.length == 0 || text.length > 18)
        return text.length == 0 ? 0
                                : admin_fault(request, "Last-Event-ID", JSON_NONE, error,
                                              "is none of this stream");
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return admin_fault(request, "Last-Event-ID", JSON_NONE, error,
                               "is none of this stream");
        row = row * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret = row;
    return 0;
}

// Questions to people come with the decisions: who wants both needs one connection.
static int ask_beside(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct slice what;
    int result = admin_query(request, "beside", &what, error);
    if (result != 0 || what.data == NULL)
        return result;
    if (!slice_equal_string(what, "approvals"))
        return admin_fault(request, "beside", JSON_NONE, error, "must be 'approvals'");
    request->stream->beside = true;
    return admin_write_questions(request, view, true, error);
}

int admin_ask_tail(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const names[] = {"grant",  "server",  "method",  "tool",   "rule",
                                        "policy", "id",      "session", "client", "peer",
                                        "trace",  "outcome", "text",    "beside", NULL};
    if (request->stream != NULL)
        return request->stream->beside ? admin_write_questions(request, view, false, error) : 0;
    struct admin_asked *asked = admin_ask(request, names, error);
    if (asked == NULL)
        return error->code;
    int result = begin(request, true, error);
    if (result != 0)
        return result;
    // Of a log that was begun anew the number may not have come yet.
    uint64_t newest = decisions_state(request->admin->options.decisions).row;
    asked->page.after = newest;
    result = read_last_event(request, &asked->page.after, error);
    if (asked->page.after > newest)
        asked->page.after = newest;
    return result == 0 ? ask_beside(request, view, error) : result;
}

// ---- Pieces, on a thread for searches

static int write_event(void *argument, const struct decisions_row *row)
{
    struct buffer *out = argument;
    buffer_append_format(out, "id: %" PRIu64 "\nevent: decision\ndata: ", row->number);
    buffer_append(out, row->line);
    buffer_append_string(out, "\n\n");
    return out->failed ? ERROR_NO_MEMORY : 0;
}

static int write_exported(void *argument, const struct decisions_row *row)
{
    struct admin_request *request = argument;
    struct admin_stream *stream = request->stream;
    if (stream->csv) {
        audit_csv_row(&request->out, audit_decision_columns, row->line, &stream->doc,
                      &stream->arena);
    } else {
        buffer_append(&request->out, row->line);
        buffer_append_string(&request->out, "\n");
    }
    return request->out.failed ? ERROR_NO_MEMORY : 0;
}

// Who has fallen far behind goes on with what is new.
static void skip_ahead(struct admin_request *request)
{
    struct decisions_page *page = &request->asked->page;
    uint64_t newest = decisions_state(request->admin->options.decisions).row;
    if (newest < page->after) // the log was begun anew
        page->after = newest;
    if (newest - page->after <= BEHIND_MAX)
        return;
    buffer_append_format(&request->out,
                         "id: %" PRIu64 "\nevent: missed\ndata: {\"from\":%" PRIu64
                         ",\"to\":%" PRIu64 "}\n\n",
                         newest, page->after + 1, newest);
    page->after = newest;
}

static int search_tail(struct admin_request *request, struct error *error)
{
    struct decisions_page *page = &request->asked->page;
    struct admin_stream *stream = request->stream;
    struct decisions_found found = {0};
    skip_ahead(request);
    // Row 0 stands for "from the start" here, which is right for a log that is empty still.
    int result = admin_search(request, write_event, &request->out, &found, error);
    if (result != 0)
        return result;
    stream->more = found.more || (stream->beside && admin_bell_rang(request));
    page->after = found.position > page->after ? found.position : page->after;
    if (!stream->told || (stream->beat && request->out.length == 0))
        buffer_append_format(&request->out, ": \nid: %" PRIu64 "\n\n", page->after);
    stream->told = true;
    stream->beat = false;
    stream->over = clock_wall_ms() - stream->begun_ms > LIFE_MS;
    return 0;
}

static int search_export(struct admin_request *request, struct error *error)
{
    struct admin_stream *stream = request->stream;
    struct decisions_found found = {0};
    if (stream->over)
        return 0;
    int result = admin_search(request, write_exported, request, &found, error);
    if (result != 0)
        return result;
    request->asked->page.after = found.position;
    stream->over = !found.more;
    stream->more = found.more;
    return 0;
}

int admin_find_piece(struct admin_request *request, struct error *error)
{
    request->status = 200;
    return request->stream->tail ? search_tail(request, error) : search_export(request, error);
}

bool admin_stream_needs_check(struct admin_request *request)
{
    int64_t now = clock_wall_ms();
    struct admin_stream *stream = request->stream;
    if (stream == NULL || stream->questions || now - stream->checked_ms >= CHECK_MS ||
        now < stream->checked_ms || (stream->beside && admin_bell_rang(request))) {
        request->now_ms = now;
        if (stream != NULL)
            stream->checked_ms = now;
        return true;
    }
    return false;
}

// ---- On the loop

static void send_head(struct admin_request *request)
{
    const struct admin_stream *stream = request->stream;
    struct http_header headers[4] = {
        {SLICE_LITERAL("Content-Type"),
         stream->tail  ? SLICE_LITERAL("text/event-stream")
         : stream->csv ? SLICE_LITERAL("text/csv; charset=utf-8; header=present")
                       : SLICE_LITERAL("application/x-ndjson")},
        {SLICE_LITERAL("Cache-Control"), SLICE_LITERAL("no-store")},
        {SLICE_LITERAL("X-Content-Type-Options"), SLICE_LITERAL("nosniff")},
        {SLICE_LITERAL("Content-Disposition"),
         stream->csv ? SLICE_LITERAL("attachment; filename=\"decisions.csv\"")
                     : SLICE_LITERAL("attachment; filename=\"decisions.jsonl\"")}};
    http_reply_start(request->reply, 200, headers, stream->tail ? 3 : 4);
}

// Something went wrong behind the head: half a file must not look like a whole one.
static bool give_up(struct admin_request *request)
{
    if (request->stream->tail)
        http_reply_finish(request->reply);
    else
        http_reply_abort(request->reply);
    request->reply = NULL;
    return false;
}

bool admin_stream_go_on(struct admin_request *request)
{
    struct admin_stream *stream = request->stream;
    struct admin_wait *wait = &request->wait;
    if (request->reply == NULL || (!wait->started && request->status >= 400))
        return false;
    if (request->status >= 400)
        return give_up(request);
    if (!wait->started)
        send_head(request);
    wait->started = true;
    wait->tail = stream->tail;
    wait->full = false;
    if (request->out.length > 0) {
        wait->full = http_reply_write(request->reply, buffer_slice(&request->out)) != 0;
        wait->said_ms = clock_wall_ms();
    }
    buffer_clear(&request->out);
    if (stream->over || (wait->ending && stream->tail)) {
        http_reply_finish(request->reply);
        request->reply = NULL;
        return false;
    }
    wait->idle = wait->full || !(stream->more || wait->news);
    wait->news = false;
    return true;
}

bool admin_stream_is_due(struct admin_request *request, enum admin_due why)
{
    struct admin_wait *wait = &request->wait;
    if (!wait->started || (why != ADMIN_DRAINED && !wait->tail))
        return false;
    if (why == ADMIN_NEWS && request->stream->questions && !admin_bell_rang(request))
        return false; // it is about decisions
    if (why == ADMIN_BEAT && clock_wall_ms() - wait->said_ms < BEAT_MS)
        return false;
    if (!wait->idle || (wait->full && why != ADMIN_DRAINED)) {
        wait->news = wait->news || why == ADMIN_NEWS;
        return false;
    }
    request->stream->beat = request->stream->beat || why == ADMIN_BEAT;
    return true;
}
