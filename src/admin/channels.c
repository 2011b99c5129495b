// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Channels: where people outside are told of what waits for them (docs/notifications.md).
#include "admin/moves_internal.h"

#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"

enum { KEY_SIZE = 32 };
#define NEEDED (FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED)

// ---- What is shown

static const struct admin_field fields[] = {
    ADMIN_FIELD(channel, "name", name, FIELD_TEXT, FIELD_EDITED | FIELD_NEEDED),
    ADMIN_WORDS(channel, "kind", kind, store_channel_words, NEEDED),
    {"url", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_CHANGED},
    {"to", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_CHANGED},
    {"secret", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_CHANGED},
    ADMIN_FIELD(channel, "events", events, FIELD_STRINGS, FIELD_EDITED),
    ADMIN_FIELD(channel, "arguments", arguments, FIELD_FLAG, FIELD_EDITED),
    ADMIN_FIELD(channel, "disabled", disabled, FIELD_FLAG, FIELD_EDITED),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static int write_more(struct admin_request *request, struct store_view *view,
                      const struct store_head *record, struct error *error)
{
    const struct store_channel *channel = (const struct store_channel *)(const void *)record;
    bool mail = channel->kind == STORE_MAIL;
    (void)view;
    (void)error;
    buffer_append_string(&request->out, ",\"url\":");
    if (mail)
        buffer_append_string(&request->out, "null");
    else
        json_write_string(&request->out, channel->address);
    buffer_append_string(&request->out, ",\"to\":");
    buffer_append(&request->out, mail ? channel->address : SLICE_LITERAL("null"));
    return 0;
}

const struct admin_resource admin_channels = {.kind = STORE_CHANNEL,
                                              .size = sizeof(struct store_channel),
                                              .find_by = "name",
                                              .fields = fields,
                                              .count = FIELDS,
                                              .more = write_more};

static const struct admin_field notice_fields[] = {
    ADMIN_FIELD(notice, "channel", channel, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(notice, "event", event, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(notice, "object", object, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(notice, "attempts", attempts, FIELD_NUMBER, FIELD_SHOWN),
    ADMIN_FIELD(notice, "next_attempt_at", next_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(notice, "last_error", last_error, FIELD_TEXT, FIELD_SHOWN),
};

static int write_state(struct admin_request *request, struct store_view *view,
                       const struct store_head *record, struct error *error)
{
    const struct store_notice *notice = (const struct store_notice *)(const void *)record;
    (void)view;
    (void)error;
    buffer_append_string(&request->out, notice->next_ms == 0 ? ",\"state\":\"given_up\""
                                                             : ",\"state\":\"waiting\"");
    return 0;
}

const struct admin_resource admin_notices = {.kind = STORE_NOTICE,
                                             .size = sizeof(struct store_notice),
                                             .fields = notice_fields,
                                             .count = sizeof notice_fields / sizeof *notice_fields,
                                             .more = write_state,
                                             .parent = STORE_CHANNEL,
                                             .parent_offset =
                                                 offsetof(struct store_notice, channel)};

// ---- What is given

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// A member that only this kind of channel has. JSON_NONE: it is not given, or null.
static int find_member(struct admin_request *request, uint32_t object, const char *name, bool has,
                       uint32_t *ret, struct error *error)
{
    uint32_t node = json_get(&request->doc, object, name);
    bool given = node != JSON_NONE && json_type(&request->doc, node) != JSON_NULL;
    *ret = given ? node : JSON_NONE;
    return given && !has
               ? admin_fault(request, name, node, error, "does not go with this kind of channel")
               : 0;
}

static int read_url(struct admin_request *request, uint32_t object, struct store_channel *channel,
                    struct error *error)
{
    uint32_t node = JSON_NONE;
    struct error why = {0};
    int result = find_member(request, object, "url", channel->kind == STORE_WEBHOOK, &node, error);
    if (result != 0 || node == JSON_NONE)
        return result;
    if (json_type(&request->doc, node) != JSON_STRING)
        return admin_fault(request, "url", node, error, "must be a string");
    channel->address = json_string(&request->doc, node, &request->arena);
    if (channel->address.data == NULL)
        return no_memory(error);
    return notify_check_url(channel->address, &why) == 0
               ? 0
               : admin_fault(request, "url", node, error, "%s", why.text);
}

static int check_address(struct admin_request *request, uint32_t item, struct buffer *list,
                         struct error *error)
{
    struct error why = {0};
    if (json_type(&request->doc, item) != JSON_STRING)
        return admin_fault(request, "to", item, error, "must be strings");
    struct slice address = json_string(&request->doc, item, &request->arena);
    if (address.data == NULL)
        return no_memory(error);
    if (notify_check_address(address, &why) != 0)
        return admin_fault(request, "to", item, error, "%s", why.text);
    buffer_append_string(list, buffer_slice(list).length == 1 ? "" : ",");
    json_write_string(list, address);
    return 0;
}

static int read_addresses(struct admin_request *request, uint32_t object,
                          struct store_channel *channel, struct error *error)
{
    uint32_t node = JSON_NONE;
    struct buffer list;
    size_t count = 0;
    int result = find_member(request, object, "to", channel->kind == STORE_MAIL, &node, error);
    if (result != 0 || node == JSON_NONE)
        return result;
    if (json_type(&request->doc, node) == JSON_ARRAY)
        count = json_at(&request->doc, node)->count;
    if (count == 0 || count > NOTIFY_ADDRESSES_MAX)
        return admin_fault(request, "to", node, error, "must be an array of 1 to %d addresses",
                           (int)NOTIFY_ADDRESSES_MAX);
    buffer_init(&list, 0);
    buffer_append_string(&list, "[");
    for (uint32_t item = json_first_element(&request->doc, node); item != JSON_NONE && result == 0;
         item = json_next_element(&request->doc, node, item))
        result = check_address(request, item, &list, error);
    buffer_append_string(&list, "]");
    channel->address =
        list.failed ? (struct slice){NULL, 0} : admin_keep(request, buffer_slice(&list));
    buffer_release(&list);
    return result == 0 && channel->address.data == NULL ? no_memory(error) : result;
}

enum { EVENTS_MAX = 8 };

static int mark_events(struct admin_request *request, uint32_t node, struct slice events,
                       bool wanted[EVENTS_MAX], struct error *error)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, events, NULL, error, NULL);
    if (result == 0 && doc.count == 1)
        result = admin_fault(request, "events", node, error, "must not be empty");
    for (uint32_t item = result == 0 ? json_first_element(&doc, 0) : JSON_NONE;
         item != JSON_NONE && result == 0; item = json_next_element(&doc, 0, item)) {
        size_t at = 0;
        while (notify_events[at] != NULL &&
               !json_string_equals(&doc, item, slice_from_string(notify_events[at])))
            at++;
        if (notify_events[at] != NULL)
            wanted[at] = true;
        else
            result =
                admin_fault(request, "events", node, error, "must be of %s, %s, %s and %s",
                            notify_events[0], notify_events[1], notify_events[2], notify_events[3]);
    }
    json_doc_release(&doc);
    return result;
}

// As names alone, each once; none given: all.
static int check_events(struct admin_request *request, uint32_t object,
                        struct store_channel *channel, struct error *error)
{
    struct buffer list;
    bool wanted[EVENTS_MAX] = {false}, all = channel->events.length == 0;
    uint32_t node = object == 0 ? JSON_NONE : json_get(&request->doc, object, "events");
    int result = all ? 0 : mark_events(request, node, channel->events, wanted, error);
    buffer_init(&list, 0);
    for (size_t i = 0; notify_events[i] != NULL; i++)
        if (all || wanted[i])
            buffer_append_format(&list, "%s\"%s\"", buffer_slice(&list).length == 0 ? "[" : ",",
                                 notify_events[i]);
    buffer_append_string(&list, "]");
    channel->events = admin_keep(request, buffer_slice(&list));
    buffer_release(&list);
    return result == 0 && channel->events.data == NULL ? no_memory(error) : result;
}

int admin_check_channel(struct admin_request *request, uint32_t object,
                        struct store_channel *channel, struct error *error)
{
    int result = read_url(request, object, channel, error);
    if (result == 0)
        result = read_addresses(request, object, channel, error);
    if (result == 0)
        result = check_events(request, object, channel, error);
    if (result == 0 && channel->address.length == 0)
        result = admin_fault(request, channel->kind == STORE_MAIL ? "to" : "url",
                             object == 0 ? JSON_NONE : object, error, "is missing");
    return result;
}

static int read_all(struct admin_request *request, struct store_channel *channel, bool adding,
                    struct error *error)
{
    int result = admin_read_fields(request, 0, fields, FIELDS, adding, channel, error);
    return result == 0 ? admin_check_channel(request, 0, channel, error) : result;
}

// ---- Secrets

static void make_secret(struct admin_request *request)
{
    unsigned char key[KEY_SIZE];
    random_bytes(key, sizeof key);
    memcpy(request->secret, "whsec_", 6);
    size_t length = codec_write_base64(slice_of((const char *)key, sizeof key), CODEC_BASE64,
                                       request->secret + 6);
    request->secret[6 + length] = '\0';
    request->secret_name = "secret";
    memory_wipe(key, sizeof key);
}

// The one that is given, or a new one, which the answer shows; data NULL: it stays as it is.
static int read_secret(struct admin_request *request, const struct store_channel *channel,
                       struct slice *ret, struct error *error)
{
    unsigned char key[FETCH_WEBHOOK_KEY_MOST];
    size_t size = 0;
    uint32_t node = json_get(&request->doc, 0, "secret");
    bool given = node != JSON_NONE && json_type(&request->doc, node) != JSON_NULL;
    *ret = (struct slice){NULL, 0};
    if (channel->kind == STORE_MAIL)
        return given ? admin_fault(request, "secret", node, error,
                                   "does not go with this kind of channel")
                     : 0;
    if (!given && (node != JSON_NONE || channel->sealed.length == 0)) {
        make_secret(request);
        *ret = slice_from_string(request->secret);
    }
    if (!given)
        return 0;
    if (json_type(&request->doc, node) == JSON_STRING)
        *ret = json_string(&request->doc, node, &request->arena);
    bool good = ret->data != NULL && fetch_webhook_key_parse(*ret, key, &size);
    memory_wipe(key, sizeof key);
    return good ? 0
                : admin_fault(request, "secret", node, error,
                              "must be 'whsec_' and 24 to 64 random bytes in base64, or null for "
                              "a new one");
}

// ---- The steps

int admin_check_channel_count(struct admin_request *request, struct store_view *view, size_t more,
                              struct error *error)
{
    const struct store_channel *rows = NULL;
    const struct store_page page = {.limit = NOTIFY_CHANNELS_MAX + 1};
    size_t count = 0;
    int result = store_list_channel(view, request->who.organisation, (struct slice){0}, &page,
                                    &rows, &count, NULL, error);
    return result == 0 && count + more > NOTIFY_CHANNELS_MAX
               ? admin_refuse(request, 409, "conflict", ERROR_EXISTS, error,
                              "an organisation has at most %d channels", (int)NOTIFY_CHANNELS_MAX)
               : result;
}

int admin_add_channel(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct control *control = request->admin->options.control;
    struct store_channel channel = {.head.organisation = request->who.organisation};
    struct slice secret = {NULL, 0};
    int result = read_all(request, &channel, true, error);
    if (result == 0)
        result = read_secret(request, &channel, &secret, error);
    if (result == 0)
        result = admin_check_channel_count(request, view, 1, error);
    if (result == 0)
        result = store_add_channel(view, &channel, error);
    // The id is part of what it is sealed with.
    if (result == 0 && secret.length > 0)
        result = control_seal_channel(control, view, &channel, secret, error);
    if (result == 0 && secret.length > 0)
        result = store_change_channel(view, &channel, error);
    return result == 0 ? admin_answer_added(request, view, &channel.head, error) : result;
}

int admin_edit_channel(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct control *control = request->admin->options.control;
    struct store_channel channel = {.disabled = false};
    struct slice secret = {NULL, 0};
    int result = admin_get(request, view, &channel.head, error);
    if (result == 0)
        result = admin_check_version(request, &channel.head, "channel", error);
    if (result == 0)
        result = read_all(request, &channel, false, error);
    if (result == 0)
        result = read_secret(request, &channel, &secret, error);
    if (result == 0 && secret.length > 0)
        result = control_seal_channel(control, view, &channel, secret, error);
    if (result == 0)
        result = store_change_channel(view, &channel, error);
    return result == 0 ? admin_answer(request, view, 200, &channel.head, error) : result;
}

// ---- Trying one

int admin_find_channel(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_channel *channel = arena_take_zeroed(&request->arena, sizeof *channel);
    struct store_organisation owner = {.commands_allowed = false};
    if (channel == NULL)
        return no_memory(error);
    int result = admin_get(request, view, &channel->head, error);
    if (result == 0)
        result = store_get_organisation(view, request->who.organisation, request->who.organisation,
                                        &owner, error);
    if (result == 0)
        result = control_open_channel(request->admin->options.control, channel,
                                      &request->client_secret, error);
    if (result != 0)
        return result;
    channel->head.id = admin_keep(request, channel->head.id);
    channel->name = admin_keep(request, channel->name);
    channel->address = admin_keep(request, channel->address);
    request->organisation_name = admin_keep(request, owner.name);
    request->channel = channel;
    return channel->head.id.data == NULL || channel->name.data == NULL ||
                   channel->address.data == NULL || request->organisation_name.data == NULL
               ? no_memory(error)
               : 0;
}

int admin_try_channel(struct admin_request *request, struct error *error)
{
    struct notify *notify = request->admin->options.notify;
    struct notify_said said = {.delivered = false};
    if (notify == NULL)
        return admin_refuse(request, 503, "busy", ERROR_UNSUPPORTED, error,
                            "nothing is sent from here");
    int result = notify_try(notify, request->channel, buffer_slice(&request->client_secret),
                            request->organisation_name, &said, error);
    if (result == ERROR_CONFIG)
        return admin_refuse(request, 409, "conflict", ERROR_EXISTS, error, "%s", error->text);
    if (result != 0)
        return result;
    request->status = 200;
    buffer_append_string(&request->out, said.delivered ? "{\"delivered\":true,\"status\":"
                                                       : "{\"delivered\":false,\"status\":");
    if (said.status == 0)
        buffer_append_string(&request->out, "null");
    else
        json_write_integer(&request->out, said.status);
    buffer_append_string(&request->out, ",\"text\":");
    json_write_string(&request->out, slice_from_string(said.text));
    buffer_append_string(&request->out, "}");
    return 0;
}
