// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A change of several rows that must come whole or not at all: a grant with its token and what it
// reaches. For tests that break things half way.
#pragma once

#include "records.h"

struct bundle {
    struct records_id organisation, server;
};

static inline int bundle_prepare(void *argument, struct store_view *view, struct error *error)
{
    struct bundle *bundle = argument;
    struct store_organisation owner = {.name = TEXT("acme")};
    int result = store_add_organisation(view, &owner, error);
    struct store_server server = {
        .head.organisation = owner.head.id, .name = TEXT("files"), .settings = TEXT("{}")};
    if (result == 0)
        result = store_add_server(view, &server, error);
    if (result == 0)
        *bundle = (struct bundle){records_keep(owner.head.id), records_keep(server.head.id)};
    return result;
}

struct bundle_step {
    const struct bundle *bundle;
    uint64_t number;
};

static inline int bundle_add(void *argument, struct store_view *view, struct error *error)
{
    const struct bundle_step *step = argument;
    struct slice owner = records_id(&step->bundle->organisation);
    char label[32], token[32] = "token";
    snprintf(label, sizeof label, "g%llu", (unsigned long long)step->number);
    memcpy(token + 8, &step->number, sizeof step->number);
    struct store_grant grant = {.head.organisation = owner,
                                .label = slice_from_string(label),
                                .tags = TEXT("[]"),
                                .expires_ms = (int64_t)step->number};
    int result = store_add_grant(view, &grant, error);
    struct store_grant_token secret = {
        .head.organisation = owner, .grant = grant.head.id, .token = slice_of(token, sizeof token)};
    struct store_reach reach = {.head.organisation = owner,
                                .grant = grant.head.id,
                                .server = records_id(&step->bundle->server)};
    if (result == 0)
        result = store_add_grant_token(view, &secret, error);
    return result == 0 ? store_add_reach(view, &reach, error) : result;
}

// Is it there, whole? ERROR_NOT_FOUND when nothing of it is; anything else would be torn.
static inline int bundle_find(void *argument, struct store_view *view, struct error *error)
{
    const struct bundle_step *step = argument;
    struct slice owner = records_id(&step->bundle->organisation);
    char label[32], token[32] = "token";
    struct store_grant grant;
    struct store_grant_token secret;
    const struct store_reach *reach = NULL;
    size_t count = 0;
    snprintf(label, sizeof label, "g%llu", (unsigned long long)step->number);
    memcpy(token + 8, &step->number, sizeof step->number);
    int result = store_find_grant(view, owner, "label", slice_from_string(label), &grant, error);
    int other =
        store_find_grant_token(view, owner, "token", slice_of(token, sizeof token), &secret, error);
    if (result != 0 && result != ERROR_NOT_FOUND)
        return result;
    if (other != 0 && other != ERROR_NOT_FOUND)
        return other;
    assert_int_equal(result, other);
    if (result != 0)
        return result;
    assert_true(slice_equal(secret.grant, grant.head.id));
    result = store_list_reach(view, owner, grant.head.id, NULL, &reach, &count, NULL, error);
    if (result == 0)
        assert_int_equal(count, 1);
    return result;
}

// The audit has a row for each row of each bundle, tied together without a gap.
static inline int bundle_check_audit(void *argument, struct store_view *view, struct error *error)
{
    const struct bundle *bundle = argument;
    struct slice owner = records_id(&bundle->organisation);
    struct store_page page = {.limit = 500};
    int64_t sequence = 0, grants = 0;
    for (bool more = true; more;) {
        const struct store_audit *rows = NULL;
        size_t count = 0;
        int result =
            store_list_audit(view, owner, (struct slice){0}, &page, &rows, &count, &more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(rows[i].sequence, ++sequence);
            grants += slice_equal_string(rows[i].action, "grant.add");
            page.after = rows[i].head.id;
        }
    }
    assert_int_equal(sequence, 2 + 3 * grants);
    return 0;
}
