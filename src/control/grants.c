// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

#include "base/memory.h"

static int add_token(struct store_view *view, struct slice organisation, struct slice grant,
                     char token[IDENTITY_TOKEN_SIZE], struct error *error)
{
    unsigned char hash[32];
    identity_new_token(token);
    identity_hash_token(slice_from_string(token), hash);
    struct store_grant_token row = {.head.organisation = organisation,
                                    .grant = grant,
                                    .token = slice_of((const char *)hash, sizeof hash)};
    int result = store_add_grant_token(view, &row, error);
    if (result != 0)
        memory_wipe(token, IDENTITY_TOKEN_SIZE);
    return result;
}

static int add_reach(struct store_view *view, const struct store_grant *grant,
                     const struct control_reach *reach, size_t count, struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct store_reach row = {.head.organisation = grant->head.organisation,
                                  .grant = grant->head.id,
                                  .server = reach[i].server,
                                  .policy = reach[i].policy,
                                  .number = reach[i].number};
        result = store_add_reach(view, &row, error);
    }
    return result;
}

int control_add_grant(struct store_view *view, struct store_grant *grant,
                      const struct control_reach *reach, size_t count,
                      char token[IDENTITY_TOKEN_SIZE], struct error *error)
{
    int result = store_add_grant(view, grant, error);
    if (result == 0)
        result = add_reach(view, grant, reach, count, error);
    return result == 0 ? add_token(view, grant->head.organisation, grant->head.id, token, error)
                       : result;
}

static const struct control_reach *find_reach(const struct control_reach *reach, size_t count,
                                              struct slice server)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(reach[i].server, server))
            return &reach[i];
    return NULL;
}

static bool same_reach(const struct control_reach *wanted, const struct store_reach *row)
{
    return wanted != NULL && slice_equal(wanted->policy, row->policy) &&
           wanted->number == row->number;
}

// Rows that stay as they are stay: the audit shows what changed and nothing else.
static int remove_other_reach(struct store_view *view, const struct store_grant *grant,
                              const struct control_reach *reach, size_t count, bool *kept,
                              struct error *error)
{
    struct store_page page = {.limit = 0};
    for (bool more = true; more;) {
        const struct store_reach *rows = NULL;
        size_t found = 0;
        int result = store_list_reach(view, grant->head.organisation, grant->head.id, &page, &rows,
                                      &found, &more, error);
        for (size_t i = 0; result == 0 && i < found; i++) {
            const struct control_reach *wanted = find_reach(reach, count, rows[i].server);
            page.after = rows[i].head.id;
            if (same_reach(wanted, &rows[i]))
                kept[wanted - reach] = true;
            else
                result = store_remove(view, STORE_REACH, grant->head.organisation, rows[i].head.id,
                                      0, error);
        }
        if (result != 0)
            return result;
    }
    return 0;
}

int control_change_grant(struct store_view *view, struct store_grant *grant,
                         const struct control_reach *reach, size_t count, struct error *error)
{
    bool *kept = arena_take_zeroed(store_arena(view), count + 1);
    if (kept == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = store_change_grant(view, grant, error);
    if (result == 0)
        result = remove_other_reach(view, grant, reach, count, kept, error);
    for (size_t i = 0; i < count && result == 0; i++)
        if (!kept[i])
            result = add_reach(view, grant, &reach[i], 1, error);
    return result;
}

static int end_tokens(struct store_view *view, struct slice organisation, struct slice grant,
                      int64_t now_ms, int64_t overlap_ms, struct error *error)
{
    struct store_page page = {.limit = 0};
    for (bool more = true; more;) {
        const struct store_grant_token *rows = NULL;
        size_t count = 0;
        int result =
            store_list_grant_token(view, organisation, grant, &page, &rows, &count, &more, error);
        for (size_t i = 0; result == 0 && i < count; i++) {
            struct store_grant_token row = rows[i];
            page.after = row.head.id;
            bool over = row.expires_ms != 0 && row.expires_ms <= now_ms;
            int64_t end_ms = now_ms + overlap_ms;
            if (over || overlap_ms <= 0) {
                result = store_remove(view, STORE_GRANT_TOKEN, organisation, row.head.id, 0, error);
            } else if (row.expires_ms == 0 || row.expires_ms > end_ms) {
                row.expires_ms = end_ms;
                result = store_change_grant_token(view, &row, error);
            }
        }
        if (result != 0)
            return result;
    }
    return 0;
}

// Gives the grant a new version, so that two who do this at the same time notice.
static int step(struct store_view *view, struct slice organisation, struct slice id,
                int64_t version, struct store_grant *ret, struct error *error)
{
    int result = store_get_grant(view, organisation, id, ret, error);
    if (result == 0 && ret->revoked_ms != 0)
        result = error_set(error, ERROR_EXISTS, "the grant was revoked");
    ret->head.version = version;
    return result;
}

int control_rotate_grant(struct store_view *view, struct slice organisation, struct slice id,
                         int64_t version, int64_t now_ms, int64_t overlap_ms,
                         char token[IDENTITY_TOKEN_SIZE], struct error *error)
{
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result = step(view, organisation, id, version, &grant, error);
    if (result == 0)
        result = store_change_grant(view, &grant, error);
    if (result == 0)
        result = end_tokens(view, organisation, id, now_ms, overlap_ms, error);
    return result == 0 ? add_token(view, organisation, id, token, error) : result;
}

int control_revoke_grant(struct store_view *view, struct slice organisation, struct slice id,
                         int64_t version, int64_t now_ms, struct error *error)
{
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result = step(view, organisation, id, version, &grant, error);
    grant.revoked_ms = now_ms;
    if (result == 0)
        result = store_change_grant(view, &grant, error);
    return result == 0 ? end_tokens(view, organisation, id, now_ms, 0, error) : result;
}
