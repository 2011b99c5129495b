// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The text is a mark, then the sealed bytes in base64url. Sealed are, one behind the other: the
// kind, the round (2 bytes, largest first), the end (8), the print, and name, version and state,
// each behind its length (4).
#include "approval/approval.h"

#include "base/codec.h"
#include "base/memory.h"

enum { HEAD = 1 + 2 + 8 + APPROVAL_PRINT_SIZE, ROUND_MAX = 0xffff };

static const struct slice mark = SLICE_LITERAL("sp1.");
static const struct slice place = SLICE_LITERAL("sallyport approval ticket 1");

static void put_number(struct buffer *out, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0) {
        char byte = (char)(unsigned char)(number >> 8 * bytes);
        buffer_append(out, slice_of(&byte, 1));
    }
}

static void put_text(struct buffer *out, struct slice text)
{
    put_number(out, text.length, 4);
    buffer_append(out, text);
}

static void write_plain(struct buffer *out, const struct approval_ticket *ticket)
{
    put_number(out, (uint64_t)ticket->kind, 1);
    put_number(out, ticket->round, 2);
    put_number(out, (uint64_t)ticket->expires_ms, 8);
    buffer_append(out, slice_of((const char *)ticket->print, APPROVAL_PRINT_SIZE));
    put_text(out, ticket->name);
    put_text(out, ticket->version);
    put_text(out, ticket->state);
}

static int write_text(struct buffer *out, struct slice sealed)
{
    buffer_append(out, mark);
    char *to = buffer_reserve(out, CODEC_BASE64_LENGTH(sealed.length));
    if (to == NULL)
        return ERROR_NO_MEMORY;
    buffer_commit(out, codec_write_base64(sealed, CODEC_BASE64_URL, to));
    return out->failed ? ERROR_NO_MEMORY : 0;
}

int approval_ticket_seal(const struct secret_keys *keys, const struct approval_ticket *ticket,
                         struct buffer *out)
{
    struct buffer plain, sealed;
    if (ticket->name.length > APPROVAL_NAME_MAX || ticket->version.length > APPROVAL_NAME_MAX ||
        ticket->state.length > APPROVAL_STATE_MAX || ticket->round > ROUND_MAX)
        return ERROR_TOO_LARGE;
    buffer_init(&plain, 0);
    buffer_init(&sealed, 0);
    write_plain(&plain, ticket);
    int result = plain.failed ? ERROR_NO_MEMORY
                              : secret_seal(keys, buffer_slice(&plain), place, &sealed, NULL);
    if (result == 0)
        result = write_text(out, buffer_slice(&sealed));
    buffer_release(&sealed);
    buffer_release(&plain);
    return result;
}

// ---- Opening

static struct slice take(struct slice *rest, size_t length)
{
    if (length > rest->length)
        return (struct slice){0};
    struct slice taken = slice_of(rest->data, length);
    *rest = slice_of(rest->data + length, rest->length - length);
    return taken;
}

static uint64_t take_number(struct slice *rest, unsigned bytes)
{
    struct slice taken = take(rest, bytes);
    uint64_t number = 0;
    for (size_t i = 0; i < taken.length; i++)
        number = number << 8 | (unsigned char)taken.data[i];
    return number;
}

static bool take_text(struct slice *rest, size_t most, struct slice *ret)
{
    uint64_t length = rest->length < 4 ? UINT64_MAX : take_number(rest, 4);
    if (length > most)
        return false;
    *ret = take(rest, (size_t)length);
    return ret->data != NULL;
}

static bool read_plain(struct slice plain, struct approval_ticket *ret)
{
    struct slice rest = plain;
    if (plain.length < HEAD)
        return false;
    ret->kind = (enum approval_ticket_kind)take_number(&rest, 1);
    ret->round = (unsigned)take_number(&rest, 2);
    ret->expires_ms = (int64_t)take_number(&rest, 8);
    ret->print = (const unsigned char *)take(&rest, APPROVAL_PRINT_SIZE).data;
    return (ret->kind == APPROVAL_WAITS || ret->kind == APPROVAL_RUNS) &&
           take_text(&rest, APPROVAL_NAME_MAX, &ret->name) &&
           take_text(&rest, APPROVAL_NAME_MAX, &ret->version) &&
           take_text(&rest, APPROVAL_STATE_MAX, &ret->state) && rest.length == 0;
}

static bool read_text(struct slice text, struct buffer *sealed)
{
    size_t length = 0;
    if (text.length > APPROVAL_TICKET_MAX || !slice_starts_with(text, mark))
        return false;
    struct slice coded = slice_of(text.data + mark.length, text.length - mark.length);
    size_t room = CODEC_BASE64_BYTES(coded.length);
    char *to = buffer_reserve(sealed, room);
    if (to == NULL || !codec_read_base64(coded, CODEC_BASE64_URL, to, room, &length))
        return false;
    buffer_commit(sealed, length);
    return true;
}

int approval_ticket_open(const struct secret_keys *keys, struct slice text, struct buffer *scratch,
                         struct approval_ticket *ret)
{
    struct buffer sealed;
    *ret = (struct approval_ticket){0};
    buffer_init(&sealed, 0);
    buffer_clear(scratch);
    bool good = read_text(text, &sealed) &&
                secret_open(keys, buffer_slice(&sealed), place, scratch, NULL) == 0 &&
                read_plain(buffer_slice(scratch), ret);
    buffer_release(&sealed);
    return good ? 0 : ERROR_NOT_FOUND;
}

bool approval_ticket_fits(const struct approval_ticket *ticket, const unsigned char *print,
                          struct slice version, int64_t now_ms)
{
    return memcmp(ticket->print, print, APPROVAL_PRINT_SIZE) == 0 &&
           slice_equal(ticket->version, version) && now_ms < ticket->expires_ms &&
           ticket->expires_ms - now_ms <= APPROVAL_TICKET_MS;
}
