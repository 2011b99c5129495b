// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Sealing and opening of all that records keep as secrets. A value opens only in its place, which
// is made of what its record is and whose.
#include "control/control_internal.h"

#include "base/memory.h"

struct secret_keys *control_keys(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    struct secret_keys *keys = secret_keys_ref(control->keys);
    pthread_mutex_unlock(&control->lock);
    return keys;
}

int control_seal_any(struct control *control, struct store_view *view, struct slice plain,
                     struct slice place, struct slice *ret, struct error *error)
{
    struct secret_keys *keys = control_keys(control);
    struct buffer sealed;
    *ret = (struct slice){"", 0};
    buffer_init(&sealed, 0);
    int result = place.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : secret_seal(keys, plain, place, &sealed, error);
    secret_keys_unref(keys);
    if (result == 0) {
        *ret = arena_copy(store_arena(view), buffer_slice(&sealed));
        if (ret->data == NULL)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    buffer_release(&sealed);
    return result;
}

int control_seal_in(struct control *control, struct store_view *view, struct slice plain,
                    struct slice place, struct slice *ret, struct error *error)
{
    *ret = (struct slice){"", 0};
    return plain.length == 0 ? 0 : control_seal_any(control, view, plain, place, ret, error);
}

int control_open_in(struct control *control, struct slice sealed, struct slice place,
                    struct buffer *out, struct error *error)
{
    if (sealed.length == 0)
        return 0;
    struct secret_keys *keys = control_keys(control);
    buffer_reserve(out, sealed.length + 1); // growing would leave a copy behind
    int result = place.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                    : secret_open(keys, sealed, place, out, error);
    secret_keys_unref(keys);
    return result;
}

// ---- Credentials of servers

struct slice control_place_of(const struct store_credential *credential, struct arena *arena)
{
    return arena_format(arena, "credential/%.*s/%.*s", SLICE_PRINT(credential->head.organisation),
                        SLICE_PRINT(credential->head.id));
}

// An empty one is a credential, too.
int control_seal_credential(struct control *control, struct store_view *view,
                            struct store_credential *credential, struct slice plain,
                            struct error *error)
{
    return control_seal_any(control, view, plain, control_place_of(credential, store_arena(view)),
                            &credential->sealed, error);
}

// ---- Tokens

struct slice control_place_of_token(struct slice organisation, struct slice authorization,
                                    const char *what, struct arena *arena)
{
    return arena_format(arena, "authorization/%.*s/%.*s/%s", SLICE_PRINT(organisation),
                        SLICE_PRINT(authorization), what);
}

// ---- Secrets at identity providers

struct slice control_place_of_provider(const struct store_provider *provider, struct arena *arena)
{
    return arena_format(arena, "provider/%.*s/%.*s", SLICE_PRINT(provider->head.organisation),
                        SLICE_PRINT(provider->head.id));
}

int control_seal_provider(struct control *control, struct store_view *view,
                          struct store_provider *provider, struct slice plain, struct error *error)
{
    return control_seal_in(control, view, plain,
                           control_place_of_provider(provider, store_arena(view)),
                           &provider->sealed, error);
}

int control_open_provider(struct control *control, const struct store_provider *provider,
                          struct buffer *out, struct error *error)
{
    struct arena arena;
    arena_init(&arena, 4096);
    int result = control_open_in(control, provider->sealed,
                                 control_place_of_provider(provider, &arena), out, error);
    arena_release(&arena);
    return result;
}

// ---- Secrets that a channel's notices are signed with

struct slice control_place_of_channel(const struct store_channel *channel, struct arena *arena)
{
    return arena_format(arena, "channel/%.*s/%.*s", SLICE_PRINT(channel->head.organisation),
                        SLICE_PRINT(channel->head.id));
}

int control_seal_channel(struct control *control, struct store_view *view,
                         struct store_channel *channel, struct slice plain, struct error *error)
{
    return control_seal_in(control, view, plain,
                           control_place_of_channel(channel, store_arena(view)), &channel->sealed,
                           error);
}

int control_open_channel(struct control *control, const struct store_channel *channel,
                         struct buffer *out, struct error *error)
{
    struct arena arena;
    arena_init(&arena, 4096);
    int result = control_open_in(control, channel->sealed,
                                 control_place_of_channel(channel, &arena), out, error);
    arena_release(&arena);
    return result;
}

// ---- Arguments of calls that wait for a person

struct slice control_place_of_question(const struct store_question *question, struct arena *arena)
{
    return approval_place(question->head.organisation, question->head.id, arena);
}

int control_open_question(struct control *control, const struct store_question *question,
                          struct buffer *out, struct error *error)
{
    struct arena arena;
    arena_init(&arena, 4096);
    int result = control_open_in(control, question->arguments,
                                 control_place_of_question(question, &arena), out, error);
    arena_release(&arena);
    return result;
}
