// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Decisions: what is asked for, a page of them, one of them, their counts. Rows are given as they
// stand in the log. Streams of them are in stream.c.
#include "admin/decisions_internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    PAGE_STANDARD = 100,
    PAGE_MOST = 1000,
    PAGE_BYTES = 4 * 1024 * 1024,
    PAGE_BUDGET_US = 40 * 1000,
    SUMMARY_BUDGET_US = 2 * 1000 * 1000,
    CURSOR_SIZE = 48,
};
static const int64_t DAY_MS = 86400000;

static const struct {
    const char *name;
    enum decisions_text text;
} texts[] = {
    {"grant", DECISIONS_GRANT},  {"server", DECISIONS_SERVER},   {"method", DECISIONS_METHOD},
    {"tool", DECISIONS_SUBJECT}, {"rule", DECISIONS_RULE},       {"policy", DECISIONS_POLICY},
    {"id", DECISIONS_ID},        {"session", DECISIONS_SESSION}, {"client", DECISIONS_CLIENT},
    {"peer", DECISIONS_PEER},    {"trace", DECISIONS_TRACE},
};
enum { TEXTS = sizeof texts / sizeof *texts };

static const char *const filter_names[] = {
    "from",   "to",   "grant", "server",  "method", "tool",  "rule",  "policy", "id", "session",
    "client", "peer", "trace", "outcome", "text",   "order", "limit", "after",  NULL};
static const char *const summary_names[] = {"from",    "to",       "grant", "server",
                                            "method",  "tool",     "rule",  "policy",
                                            "outcome", "interval", "by",    NULL};

// ---- What is asked for

// RFC 3339, or a date: its midnight in UTC.
static int read_time(struct admin_request *request, const char *name, int64_t *ret,
                     struct error *error)
{
    struct slice text;
    char whole[64];
    int result = admin_query(request, name, &text, error);
    if (result != 0 || text.data == NULL)
        return result;
    snprintf(whole, sizeof whole, "%.*s%s", (int)(text.length < 40 ? text.length : 40), text.data,
             text.length == 10 ? "T00:00:00Z" : "");
    if (!clock_parse(slice_from_string(whole), ret) || *ret <= 0)
        return admin_fault(request, name, JSON_NONE, error,
                           "must be a time like 2027-01-31T12:00:00Z, or a date");
    return 0;
}

static int read_text(struct admin_request *request, const char *name, struct slice *ret,
                     struct error *error)
{
    int result = admin_query(request, name, ret, error);
    return result == 0 && ret->length > DECISIONS_TEXT_MAX
               ? admin_fault(request, name, JSON_NONE, error, "is longer than %d bytes",
                             DECISIONS_TEXT_MAX)
               : result;
}

// "denied,hidden"
static int read_outcomes(struct admin_request *request, struct decisions_filter *filter,
                         struct error *error)
{
    struct slice rest;
    int result = admin_query(request, "outcome", &rest, error);
    while (result == 0 && rest.length > 0) {
        const char *comma = memchr(rest.data, ',', rest.length);
        size_t length = comma == NULL ? rest.length : (size_t)(comma - rest.data);
        if (filter->outcome_count == DECISIONS_OUTCOMES_MAX)
            return admin_fault(request, "outcome", JSON_NONE, error, "has more than %d words",
                               DECISIONS_OUTCOMES_MAX);
        filter->outcomes[filter->outcome_count++] = slice_of(rest.data, length);
        length += comma != NULL;
        rest = slice_of(rest.data + length, rest.length - length);
    }
    return result;
}

static int read_filter(struct admin_request *request, struct decisions_filter *filter,
                       struct error *error)
{
    filter->organisation = request->who.organisation;
    int result = read_time(request, "from", &filter->from_ms, error);
    if (result == 0)
        result = read_time(request, "to", &filter->to_ms, error);
    for (size_t i = 0; i < TEXTS && result == 0; i++)
        result = read_text(request, texts[i].name, &filter->wanted[texts[i].text], error);
    if (result == 0)
        result = read_text(request, "text", &filter->text, error);
    return result == 0 ? read_outcomes(request, filter, error) : result;
}

static int read_word(struct admin_request *request, const char *name, const char *const *words,
                     int *ret, struct error *error)
{
    struct slice text;
    int result = admin_query(request, name, &text, error);
    if (result != 0 || text.data == NULL)
        return result;
    for (int i = 0; words[i] != NULL; i++)
        if (slice_equal_string(text, words[i])) {
            *ret = i;
            return 0;
        }
    return admin_fault(request, name, JSON_NONE, error, "must be '%s' or '%s'", words[0], words[1]);
}

// ---- Cursors: a direction, a row, and what they are good for. Whoever makes one up gets no more
// than another page of what he may read.

static uint32_t fingerprint(const struct admin_request *request)
{
    struct buffer text;
    unsigned char hash[32] = {0};
    struct slice value;
    buffer_init(&text, 0);
    buffer_append(&text, request->who.organisation);
    for (size_t i = 0; filter_names[i] != NULL; i++) {
        bool page = strcmp(filter_names[i], "limit") == 0 || strcmp(filter_names[i], "after") == 0;
        if (page || admin_query((struct admin_request *)(uintptr_t)request, filter_names[i], &value,
                                NULL) != 0)
            continue;
        buffer_append_format(&text, "\n%zu:", value.length);
        buffer_append(&text, value);
    }
    identity_hash_token(buffer_slice(&text), hash);
    buffer_release(&text);
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

static void write_cursor(const struct admin_request *request, uint64_t row, char ret[CURSOR_SIZE])
{
    snprintf(ret, CURSOR_SIZE, "%" PRIx64 "-%08x", row, fingerprint(request));
}

static int read_cursor(struct admin_request *request, uint64_t *ret, struct error *error)
{
    struct slice text;
    char expected[CURSOR_SIZE];
    uint64_t row = 0;
    int result = admin_query(request, "after", &text, error);
    if (result != 0 || text.data == NULL)
        return result;
    for (size_t i = 0; i < text.length && i < 15 && text.data[i] != '-'; i++) {
        const char *digit = strchr("0123456789abcdef", text.data[i]);
        row =
            digit == NULL || *digit == '\0' ? 0 : row * 16 + (uint64_t)(digit - "0123456789abcdef");
    }
    write_cursor(request, row, expected);
    if (row == 0 || !slice_equal_string(text, expected))
        return admin_fault(request, "after", JSON_NONE, error,
                           "is no 'next' of a page with the same parameters");
    *ret = row;
    return 0;
}

// ---- Steps: first the parameters, in a job of the store; then the search, on a thread for it

struct admin_asked *admin_ask(struct admin_request *request, const char *const *names,
                              struct error *error)
{
    struct admin_asked *asked = arena_take_zeroed(&request->arena, sizeof *asked);
    if (request->admin->options.decisions == NULL) {
        admin_refuse(request, 503, "unavailable", ERROR_UNSUPPORTED, error,
                     "this gateway keeps no decision log; see 'decision_log' in its "
                     "configuration");
        return NULL;
    }
    if (asked == NULL) {
        error_set(error, ERROR_NO_MEMORY, "out of memory");
        return NULL;
    }
    int result = admin_query_only(request, names, error);
    if (result == 0)
        result = read_filter(request, &asked->filter, error);
    request->asked = asked;
    return result == 0 ? asked : NULL;
}

int admin_ask_decisions(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const orders[] = {"newest", "oldest", NULL};
    struct admin_asked *asked = admin_ask(request, filter_names, error);
    int64_t limit = PAGE_STANDARD;
    int order = 0;
    (void)view;
    if (asked == NULL)
        return error->code;
    int result = read_word(request, "order", orders, &order, error);
    if (result == 0)
        result = admin_query_number(request, "limit", 1, PAGE_MOST, &limit, error);
    if (result == 0)
        result = read_cursor(request, &asked->page.after, error);
    if (result != 0)
        return result;
    asked->page.newest_first = order == 0;
    asked->page.limit = (size_t)limit;
    asked->page.bytes_most = PAGE_BYTES;
    asked->page.budget_us = PAGE_BUDGET_US;
    return 0;
}

int admin_index_busy(struct admin_request *request, struct error *error)
{
    request->problem.retry_after_s = 1;
    return admin_refuse(request, 503, "busy", ERROR_AGAIN, error, "%s",
                        "the index of the decision log cannot be read now; try again");
}

int admin_search(struct admin_request *request, decisions_row_cb visit, void *argument,
                 struct decisions_found *ret, struct error *error)
{
    struct admin_asked *asked = request->asked;
    int result = decisions_find(request->admin->options.decisions, &asked->filter, &asked->page,
                                visit, argument, ret, error);
    return result == ERROR_AGAIN ? admin_index_busy(request, error) : result;
}

static int write_row(void *argument, const struct decisions_row *row)
{
    struct buffer *out = argument;
    if (out->length > 0 && buffer_slice(out).data[out->length - 1] != '[')
        buffer_append_string(out, ",");
    buffer_append(out, row->line);
    return out->failed ? ERROR_NO_MEMORY : 0;
}

// How far the index is behind the log, so that nobody takes "not found yet" for "was not".
void admin_write_index(struct admin_request *request)
{
    struct decisions_state state = decisions_state(request->admin->options.decisions);
    buffer_append_format(&request->out,
                         ",\"index\":{\"row\":%" PRIu64 ",\"behind_bytes\":%" PRIu64
                         ",\"behind_ms\":%" PRIu64 "}",
                         state.row, state.behind, state.behind_ms);
}

int admin_find_decisions(struct admin_request *request, struct error *error)
{
    struct decisions_found found;
    char next[CURSOR_SIZE];
    buffer_append_string(&request->out, "{\"items\":[");
    int result = admin_search(request, write_row, &request->out, &found, error);
    if (result != 0)
        return result;
    if (found.more) {
        write_cursor(request, found.position, next);
        buffer_append_format(&request->out, "],\"next\":\"%s\"", next);
    } else {
        buffer_append_string(&request->out, "],\"next\":null");
    }
    buffer_append_format(&request->out, ",\"complete\":%s", found.complete ? "true" : "false");
    admin_write_index(request);
    buffer_append_string(&request->out, "}");
    request->status = 200;
    return 0;
}

int admin_ask_decision(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const none[] = {NULL};
    struct slice digits = request->parameters[0];
    struct admin_asked *asked = admin_ask(request, none, error);
    uint64_t row = 0;
    (void)view;
    if (asked == NULL)
        return error->code;
    bool good = digits.length <= 18 && digits.data[0] != '0';
    for (size_t i = 0; i < digits.length && good; i++) {
        good = digits.data[i] >= '0' && digits.data[i] <= '9';
        row = row * 10 + (uint64_t)(digits.data[i] - '0');
    }
    if (!good)
        return error_set(error, ERROR_NOT_FOUND, "there is nothing like that there");
    asked->page = (struct decisions_page){.after = row - 1, .until = row, .limit = 1};
    return 0;
}

int admin_find_decision(struct admin_request *request, struct error *error)
{
    struct decisions_found found;
    int result = admin_search(request, write_row, &request->out, &found, error);
    request->status = 200;
    return result == 0 && request->out.length == 0
               ? error_set(error, ERROR_NOT_FOUND, "there is nothing like that there")
               : result;
}

// ---- Counts

static int64_t standard_interval(int64_t span_ms)
{
    static const int64_t seconds[] = {1, 10, 60, 300, 900, 3600, 4 * 3600, 86400, 7 * 86400};
    size_t i = 0;
    while (i + 1 < sizeof seconds / sizeof *seconds && span_ms / (seconds[i] * 1000) > 100)
        i++;
    return seconds[i];
}

int admin_ask_summary(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const keys[] = {"outcome", "server", "grant",   "tool", "method",
                                       "rule",    "policy", "nothing", NULL};
    static const int columns[] = {DECISIONS_OUTCOME, DECISIONS_SERVER,    DECISIONS_GRANT,
                                  DECISIONS_SUBJECT, DECISIONS_METHOD,    DECISIONS_RULE,
                                  DECISIONS_POLICY,  DECISIONS_BY_NOTHING};
    struct admin_asked *asked = admin_ask(request, summary_names, error);
    int key = 0;
    (void)view;
    if (asked == NULL)
        return error->code;
    int result = read_word(request, "by", keys, &key, error);
    if (result != 0)
        return result;
    struct decisions_filter *filter = &asked->filter;
    filter->to_ms = filter->to_ms == 0 ? request->now_ms + 1 : filter->to_ms;
    filter->from_ms = filter->from_ms == 0 ? filter->to_ms - DAY_MS : filter->from_ms;
    if (filter->from_ms <= 0 || filter->from_ms >= filter->to_ms)
        return admin_fault(request, "from", JSON_NONE, error, "must be before 'to'");
    int64_t span_ms = filter->to_ms - filter->from_ms, interval = standard_interval(span_ms);
    result = admin_query_number(request, "interval", 1, 366 * 86400, &interval, error);
    if (result == 0 && span_ms / (interval * 1000) >= DECISIONS_BUCKETS_MAX - 1)
        return admin_fault(request, "interval", JSON_NONE, error,
                           "must be longer: there are more than %d of them", DECISIONS_BUCKETS_MAX);
    asked->summary = (struct decisions_summary){
        .interval_ms = interval * 1000, .by = columns[key], .budget_us = SUMMARY_BUDGET_US};
    return result;
}

static int write_count(void *argument, const struct decisions_count *count)
{
    struct buffer *out = argument;
    char time[CLOCK_TEXT_SIZE];
    clock_format(count->begins_ms, time);
    if (buffer_slice(out).data[out->length - 1] != '[')
        buffer_append_string(out, ",");
    buffer_append_format(out, "{\"time\":\"%s\",\"key\":", time);
    if (count->key.data == NULL) {
        buffer_append_string(out, "null");
    } else { // escaped already
        buffer_append_string(out, "\"");
        buffer_append(out, count->key);
        buffer_append_string(out, "\"");
    }
    buffer_append_format(out, ",\"count\":%" PRIu64 "}", count->rows);
    return out->failed ? ERROR_NO_MEMORY : 0;
}

int admin_find_summary(struct admin_request *request, struct error *error)
{
    const struct admin_asked *asked = request->asked;
    struct buffer *out = &request->out;
    struct decisions_counted counted;
    buffer_append_string(out, "{\"items\":[");
    int result = decisions_summarise(request->admin->options.decisions, &asked->filter,
                                     &asked->summary, write_count, out, &counted, error);
    if (result == ERROR_AGAIN)
        return admin_index_busy(request, error);
    if (result != 0)
        return result;
    buffer_append_format(out,
                         "],\"interval\":%" PRId64 ",\"count\":%" PRIu64 ",\"unsure\":%" PRIu64
                         ",\"complete\":%s",
                         asked->summary.interval_ms / 1000, counted.rows, counted.unsure,
                         counted.complete ? "true" : "false");
    admin_write_index(request);
    buffer_append_string(&request->out, "}");
    request->status = 200;
    return 0;
}
