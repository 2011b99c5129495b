// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Channels move without what their notices are signed with. Until somebody sets that, a webhook is
// told nothing: its notices wait and say why.
#include "admin/moves_internal.h"

static const struct admin_field fields[] = {
    ADMIN_FIELD(channel, "name", name, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_WORDS(channel, "kind", kind, store_channel_words,
                FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    {"url", 0, NULL, FIELD_ANY, FIELD_GIVEN},
    {"to", 0, NULL, FIELD_ANY, FIELD_GIVEN},
    ADMIN_FIELD(channel, "events", events, FIELD_STRINGS, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(channel, "arguments", arguments, FIELD_FLAG, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(channel, "disabled", disabled, FIELD_FLAG, FIELD_SHOWN | FIELD_GIVEN),
};
enum { FIELDS = sizeof fields / sizeof *fields };

int moves_write_channel(struct moves *moves, const struct store_head *record, struct error *error)
{
    const struct store_channel *channel = (const struct store_channel *)(const void *)record;
    struct buffer *out = &moves->request->out;
    bool mail = channel->kind == STORE_MAIL;
    (void)error;
    moves_begin_record(moves, channel->name);
    admin_write_fields(out, fields, FIELDS, channel);
    buffer_append_string(out, mail ? ",\"to\":" : ",\"url\":");
    if (mail)
        buffer_append(out, channel->address);
    else
        json_write_string(out, channel->address);
    buffer_append_string(out, "}");
    return 0;
}

static void compare(struct moves *moves, const struct store_channel *before,
                    const struct store_channel *channel)
{
    if (channel->kind == STORE_WEBHOOK)
        moves_differ_text(moves, "url", before->address, channel->address);
    else if (!moves_same_json(before->address, channel->address))
        moves_differ(moves, "to", before->address, channel->address);
    if (!moves_same_json(before->events, channel->events))
        moves_differ(moves, "events", before->events, channel->events);
    moves_differ_flag(moves, "arguments", before->arguments, channel->arguments);
    moves_differ_flag(moves, "disabled", before->disabled, channel->disabled);
}

// `before` has an id when the channel is there already.
static int write_channel(struct moves *moves, uint32_t object, const struct store_channel *before,
                         struct store_channel *channel, struct error *error)
{
    channel->head = before->head;
    channel->head.organisation = moves->organisation;
    channel->sealed = before->sealed;
    if (before->head.id.length == 0)
        return store_add_channel(moves->view, channel, error);
    if (before->kind != channel->kind)
        return admin_fault(moves->request, "kind", object, error,
                           "a channel of this name is of the other kind; remove that one first, "
                           "or take another name");
    compare(moves, before, channel);
    return moves->differences.length > 0 ? store_change_channel(moves->view, channel, error) : 0;
}

static int take_channel(struct moves *moves, uint32_t object, struct error *error)
{
    struct store_channel before = {.kind = STORE_WEBHOOK}, channel = {.kind = STORE_WEBHOOK};
    int result = admin_read_fields(moves->request, object, fields, FIELDS, true, &channel, error);
    if (result == 0)
        result = admin_check_channel(moves->request, object, &channel, error);
    if (result != 0)
        return result;
    result =
        store_find_channel(moves->view, moves->organisation, "name", channel.name, &before, error);
    bool added = result == ERROR_NOT_FOUND;
    if (result == 0 || added)
        result = write_channel(moves, object, &before, &channel, error);
    if (result == 0)
        result = moves_keep(moves, channel.head.id, object, error);
    if (result != 0)
        return result;
    if (channel.kind == STORE_WEBHOOK && channel.sealed.length == 0)
        moves_note_secret(moves, "channel", channel.name);
    moves_note_made(moves, added, "channel", channel.name);
    return 0;
}

static int drop_channel(struct moves *moves, const struct store_head *record, struct error *error)
{
    return moves_drop(moves, STORE_CHANNEL, "channel", record,
                      ((const struct store_channel *)(const void *)record)->name, error);
}

// Counted when the last one that goes is gone: a full organisation may change all of them.
int moves_channels(struct moves *moves, uint32_t array, struct error *error)
{
    int result = array == JSON_NONE ? moves_each(moves, STORE_CHANNEL, sizeof(struct store_channel),
                                                 drop_channel, error)
                                    : moves_items(moves, array, take_channel, error);
    return result == 0 && (array == JSON_NONE || !moves->prune)
               ? admin_check_channel_count(moves->request, moves->view, 0, error)
               : result;
}
