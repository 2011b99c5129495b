// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Idempotency keys: what was answered to an addition is kept for a day, without the secret that it
// may have shown, and is the answer to the same request. The record is made with the addition or
// not at all.
#include "admin/admin_internal.h"

enum { KEPT_MS = 24 * 60 * 60 * 1000, KEY_MOST = 200 };

static struct slice key_of(struct admin_request *request)
{
    return arena_format(&request->arena, "%.*s %.*s", SLICE_PRINT(request->who.id),
                        SLICE_PRINT(request->idempotency));
}

static int fingerprint(struct admin_request *request, unsigned char ret[32], struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_format(&text, "%.*s %.*s ", SLICE_PRINT(request->method),
                         SLICE_PRINT(request->path));
    buffer_append(&text, buffer_slice(&request->body));
    int result = text.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
    identity_hash_token(buffer_slice(&text), ret);
    buffer_release(&text);
    return result;
}

static bool wanted(const struct admin_request *request)
{
    return request->route->adds && request->idempotency.data != NULL;
}

static int check_key(struct admin_request *request, struct error *error)
{
    struct slice key = request->idempotency;
    bool good = key.length > 0 && key.length <= KEY_MOST;
    for (size_t i = 0; i < key.length && good; i++)
        good = key.data[i] > 0x20 && key.data[i] < 0x7F;
    return good ? 0
                : admin_refuse(request, 400, "idempotency-key", ERROR_SYNTAX, error,
                               "Idempotency-Key must have 1 to %d visible characters",
                               (int)KEY_MOST);
}

static int answer_again(struct admin_request *request, const struct store_request *row,
                        struct error *error)
{
    unsigned char print[32];
    int result = fingerprint(request, print, error);
    if (result != 0)
        return result;
    if (!slice_equal(row->fingerprint, slice_of((const char *)print, sizeof print)))
        return admin_refuse(request, 422, "idempotency-key", ERROR_EXISTS, error,
                            "this Idempotency-Key was used for another request; choose a new one");
    request->status = (int)row->status;
    request->replayed = true;
    buffer_append(&request->out, row->answer);
    return 0;
}

int admin_replay_find(struct admin_request *request, struct store_view *view, bool *ret_known,
                      struct error *error)
{
    struct store_request row = {.status = 0};
    if (!wanted(request))
        return 0;
    int result = check_key(request, error);
    struct slice key = key_of(request);
    if (result == 0)
        result = store_find_request(view, request->who.organisation, "key", key, &row, error);
    if (result == ERROR_NOT_FOUND)
        return 0;
    if (result == 0 && row.expires_ms <= request->now_ms)
        return store_remove(view, STORE_REQUEST, request->who.organisation, row.head.id, 0, error);
    if (result != 0)
        return result;
    *ret_known = true;
    return answer_again(request, &row, error);
}

int admin_replay_keep(struct admin_request *request, struct store_view *view, struct error *error)
{
    unsigned char print[32];
    if (!wanted(request))
        return 0;
    int result = fingerprint(request, print, error);
    struct store_request row = {.head.organisation = request->who.organisation,
                                .key = key_of(request),
                                .fingerprint = slice_of((const char *)print, sizeof print),
                                .status = request->status,
                                .answer = buffer_slice(&request->out),
                                .expires_ms = request->now_ms + KEPT_MS};
    return result == 0 ? store_add_request(view, &row, error) : result;
}
