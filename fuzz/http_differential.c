// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The messages of one connection, one behind the other, by our codec and by llhttp alone in its
// strict mode: they must agree about every message and about where the next begins, and one may
// refuse what the other takes only for a reason of the two lists below. The first byte says
// whether requests or answers follow.
#include "http_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_LIMIT = 8192, MESSAGES_MAX = 64 };

// What llhttp takes and we refuse.
static const char *const only_we_refuse[] = {
    // Lines and names
    "a control character in the head",
    "a line ends in LF without CR",
    "a CR inside a line",
    "a folded or indented header line",
    "empty lines before the head",
    "an empty line before an answer",
    "a header line without a plain name and a colon",
    "too many headers",
    // The first line
    "a method that is not known here",
    "the request line has more spaces than two",
    "the target is not a path",
    "the target holds a byte that must be percent-encoded",
    "only HTTP/1.1 and HTTP/1.0 are spoken here",
    "the status is not three digits",
    "a status that no answer to this request can have",
    // Who is meant, and where the message ends
    "more than one Host",
    "no Host",
    "Host is not a plain host and port",
    "more than one Content-Length",
    "both Content-Length and Transfer-Encoding",
    "Transfer-Encoding in HTTP/1.0",
    "more than one Transfer-Encoding",
    "white space behind Content-Length or Transfer-Encoding",
    "the only transfer coding known here is chunked",
    "a transfer coding behind chunked",
    "Content-Length is not a plain number",
    // Chunks
    "a chunk size with too many digits",
    "a malformed chunk extension",
    "a control character in a chunk extension or trailer",
    "trailers are not accepted",
    "a malformed trailer",
    "chunk extensions or trailers too long",
};

// What we take and llhttp refuses: framing fields among trailers, which nobody may obey there. Ours
// drops all trailers unread.
static const char *const only_llhttp_refuses[] = {
    "HPE_INVALID_CONTENT_LENGTH",
    "HPE_UNEXPECTED_CONTENT_LENGTH",
    "HPE_INVALID_TRANSFER_ENCODING",
};

#define IS_STATED(reason, list) is_stated(reason, list, sizeof(list) / sizeof *(list))

static bool is_stated(const char *reason, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(reason, list[i]) == 0)
            return true;
    return false;
}

// llhttp reads a body behind 1xx, 204 and 304 when a length says so, and hands over what follows
// an upgrade; we take neither for a body, and end the connection where it could matter.
static bool is_apart(bool request, const struct http_reading *ours,
                     const struct http_reading *theirs)
{
    bool bare = !request && (ours->code < 200 || ours->code == 204 || ours->code == 304);
    return bare || theirs->upgrade;
}

// Returns the bytes that both agree to be one message; 0 at the end.
static size_t read_one(bool request, struct slice all)
{
    struct http_reading ours, theirs;
    size_t used = 0;
    http_read_ours(request, all, all.length, &ours);
    http_read_llhttp(request, all, &theirs);
    if (ours.status >= READING_WHOLE && theirs.status >= READING_WHOLE) {
        if (!is_apart(request, &ours, &theirs)) {
            http_must(ours.status == theirs.status);
            http_readings_must_agree(&ours, &theirs);
            used = ours.close ? 0 : ours.used;
        }
    } else if (ours.status >= READING_WHOLE) {
        http_must(is_apart(request, &ours, &theirs) ||
                  (ours.extra && theirs.status == READING_REFUSED &&
                   IS_STATED(theirs.reason, only_llhttp_refuses)));
    } else if (theirs.status >= READING_WHOLE && !theirs.upgrade) {
        http_must(ours.status == READING_REFUSED && IS_STATED(ours.reason, only_we_refuse));
    }
    http_reading_release(&ours);
    http_reading_release(&theirs);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > SIZE_LIMIT)
        return 0;
    struct slice all = slice_of((const char *)data + 1, size - 1);
    for (int i = 0; i < MESSAGES_MAX && all.length > 0; i++) {
        size_t used = read_one(data[0] % 2 == 0, all);
        if (used == 0)
            return 0;
        all = slice_of(all.data + used, all.length - used);
    }
    return 0;
}
