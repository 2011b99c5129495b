// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a client hands back between two rounds. An input that begins with 's' is sealed as it
// stands, so that its inside is read; any other is the text itself, which opens only when it was
// sealed here. What opens says the same after it was sealed again.
#include "approval/approval.h"
#include "base/codec.h"
#include "base/memory.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIGITS "0123456789abcdef0123456789abcdef"

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void write_sealed(const struct secret_keys *keys, struct slice plain, struct buffer *out)
{
    struct buffer sealed;
    buffer_init(&sealed, 0);
    if (secret_seal(keys, plain, SLICE_LITERAL("sallyport approval ticket 1"), &sealed, NULL) ==
        0) {
        buffer_append_string(out, "sp1.");
        char *to = buffer_reserve(out, CODEC_BASE64_LENGTH(sealed.length));
        require(to != NULL);
        buffer_commit(out, codec_write_base64(buffer_slice(&sealed), CODEC_BASE64_URL, to));
    }
    buffer_release(&sealed);
}

static void check_again(const struct secret_keys *keys, const struct approval_ticket *ticket)
{
    struct buffer text, scratch;
    struct approval_ticket again;
    buffer_init(&text, 0);
    buffer_init(&scratch, 0);
    require(approval_ticket_seal(keys, ticket, &text) == 0);
    require(text.length <= APPROVAL_TICKET_MAX);
    require(approval_ticket_open(keys, buffer_slice(&text), &scratch, &again) == 0);
    require(again.kind == ticket->kind && again.round == ticket->round &&
            again.expires_ms == ticket->expires_ms && slice_equal(again.name, ticket->name) &&
            slice_equal(again.version, ticket->version) &&
            slice_equal(again.state, ticket->state) &&
            memcmp(again.print, ticket->print, APPROVAL_PRINT_SIZE) == 0);
    buffer_release(&scratch);
    buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret_keys *keys = NULL;
    struct error error = {0};
    struct buffer text, scratch;
    struct approval_ticket ticket;
    require(secret_keys_parse(SLICE_LITERAL("1:" DIGITS DIGITS), &keys, &error) == 0);
    buffer_init(&text, 0);
    buffer_init(&scratch, 0);
    struct slice input = slice_of((const char *)data, size);
    bool sealed = size > 0 && data[0] == 's';
    if (sealed)
        write_sealed(keys, slice_of(input.data + 1, size - 1), &text);
    else
        buffer_append(&text, input);
    if (approval_ticket_open(keys, buffer_slice(&text), &scratch, &ticket) == 0) {
        require(sealed);
        require(ticket.name.length <= APPROVAL_NAME_MAX &&
                ticket.state.length <= APPROVAL_STATE_MAX);
        (void)approval_ticket_fits(&ticket, ticket.print, ticket.version, ticket.expires_ms);
        check_again(keys, &ticket);
    }
    buffer_release(&scratch);
    buffer_release(&text);
    secret_keys_unref(keys);
    return 0;
}
