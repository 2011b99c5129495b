// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/identity_internal.h"

#include "base/memory.h"
#include "base/table.h"

enum { USE_GRAIN_MS = 60 * 1000, SHOWN_MAX = 100 };

struct identity_table {
    struct table by_token; // -> struct identity_held
    struct table by_id;    // -> struct identity_entry, a reference each
};

struct identity_table *identity_table_new(void)
{
    struct identity_table *table = memory_new(sizeof *table);
    table_init(&table->by_token);
    table_init(&table->by_id);
    return table;
}

static void unref_cb(void *argument, struct slice id, void *entry)
{
    (void)argument;
    (void)id;
    identity_entry_unref(entry);
}

void identity_table_free(struct identity_table *table)
{
    if (table == NULL)
        return;
    table_each(&table->by_id, unref_cb, NULL);
    table_release(&table->by_token);
    table_release(&table->by_id);
    memory_free(table);
}

static void ref_cb(void *argument, struct slice id, void *entry)
{
    (void)argument;
    (void)id;
    identity_entry_ref(entry);
}

struct identity_table *identity_table_copy(const struct identity_table *table)
{
    struct identity_table *copy = memory_new(sizeof *copy);
    if (table_copy(&table->by_token, &copy->by_token) != 0) {
        memory_free(copy);
        return NULL;
    }
    if (table_copy(&table->by_id, &copy->by_id) != 0) {
        table_release(&copy->by_token);
        memory_free(copy);
        return NULL;
    }
    table_each(&copy->by_id, ref_cb, NULL);
    return copy;
}

static struct slice hash_of(const unsigned char token[32])
{
    return slice_of((const char *)token, 32);
}

static int shown(struct slice text)
{
    return text.length > SHOWN_MAX ? SHOWN_MAX : (int)text.length;
}

struct identity_entry *identity_table_get(const struct identity_table *table, struct slice id)
{
    return table_get(&table->by_id, id);
}

struct visiting {
    void (*visit)(void *argument, struct identity_entry *entry);
    void *argument;
};

static void visit_cb(void *argument, struct slice id, void *entry)
{
    (void)id;
    struct visiting *visiting = argument;
    visiting->visit(visiting->argument, entry);
}

void identity_table_each(const struct identity_table *table,
                         void (*visit)(void *argument, struct identity_entry *entry),
                         void *argument)
{
    struct visiting visiting = {visit, argument};
    table_each(&table->by_id, visit_cb, &visiting);
}

size_t identity_table_count(const struct identity_table *table)
{
    return table->by_id.count;
}

void identity_table_remove(struct identity_table *table, struct slice id)
{
    struct identity_entry *entry = table_remove(&table->by_id, id);
    for (size_t i = 0; entry != NULL && i < entry->token_count; i++)
        table_remove(&table->by_token, hash_of(entry->tokens[i].token.sha256));
    identity_entry_unref(entry);
}

static int put_tokens(struct identity_table *table, struct identity_entry *entry,
                      struct error *error)
{
    for (size_t i = 0; i < entry->token_count; i++) {
        struct slice hash = hash_of(entry->tokens[i].token.sha256);
        const struct identity_held *other = table_get(&table->by_token, hash);
        if (other != NULL)
            return error_set(error, ERROR_EXISTS, "grants '%.*s' and '%.*s' have the same token",
                             shown(other->entry->grant.label), other->entry->grant.label.data,
                             shown(entry->grant.label), entry->grant.label.data);
        if (table_put(&table->by_token, hash, &entry->tokens[i]) != 0)
            return error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    return 0;
}

static void take_tokens_back(struct identity_table *table, struct identity_entry *entry)
{
    for (size_t i = 0; i < entry->token_count; i++) {
        struct slice hash = hash_of(entry->tokens[i].token.sha256);
        if (table_get(&table->by_token, hash) == &entry->tokens[i])
            table_remove(&table->by_token, hash);
    }
}

int identity_table_put(struct identity_table *table, struct identity_entry *entry,
                       struct error *error)
{
    identity_table_remove(table, entry->grant.id);
    int result = put_tokens(table, entry, error);
    if (result == 0 && table_put(&table->by_id, entry->grant.id, entry) != 0)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        identity_entry_ref(entry);
    else
        take_tokens_back(table, entry);
    return result;
}

int identity_table_add(struct identity_table *table, const struct identity_grant *grant,
                       const unsigned char token_sha256[32], struct error *error)
{
    struct identity_token token = {.expires_ms = 0};
    memcpy(token.sha256, token_sha256, sizeof token.sha256);
    if (table_get(&table->by_id, grant->id.data == NULL ? grant->label : grant->id) != NULL)
        return error_set(error, ERROR_EXISTS, "two grants are labelled '%.*s'", shown(grant->label),
                         grant->label.data);
    struct identity_entry *entry = identity_entry_new(grant, &token, 1);
    if (entry == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = identity_table_put(table, entry, error);
    identity_entry_unref(entry);
    return result;
}

static bool is_over(int64_t expires_ms, int64_t now_ms)
{
    return expires_ms != 0 && now_ms >= expires_ms;
}

static bool held_is_over(const struct identity_held *held, int64_t now_ms)
{
    return is_over(held->entry->grant.expires_ms, now_ms) ||
           is_over(held->token.expires_ms, now_ms);
}

// Written at most once a minute: every worker reads it with every message.
static void note_use(struct identity_entry *entry, int64_t now_ms)
{
    int64_t before = identity_entry_used_ms(entry);
    if (now_ms - before >= USE_GRAIN_MS)
        identity_entry_set_used(entry, now_ms);
}

const struct identity_grant *identity_resolve(const struct identity_table *table,
                                              struct identity_hasher *hasher, struct slice token,
                                              int64_t now_ms, int *ret_error,
                                              const struct identity_token **ret_token)
{
    unsigned char hash[32];
    const struct identity_held *held = NULL;
    if (token.length > 0) { // the hash of nothing is well known and must never be a key
        identity_hash_with(hasher, token, hash);
        held = table_get(&table->by_token, hash_of(hash));
        memory_wipe(hash, sizeof hash);
    }
    *ret_error = held == NULL ? ERROR_NOT_FOUND : held_is_over(held, now_ms) ? ERROR_TIMEOUT : 0;
    if (*ret_error != 0)
        return NULL;
    note_use(held->entry, now_ms);
    if (ret_token != NULL)
        *ret_token = &held->token;
    return &held->entry->grant;
}

const struct identity_token *identity_token_of(const struct identity_table *table,
                                               const unsigned char sha256[32],
                                               struct slice grant_id, int64_t now_ms)
{
    const struct identity_held *held = table_get(&table->by_token, hash_of(sha256));
    bool good =
        held != NULL && slice_equal(held->entry->grant.id, grant_id) && !held_is_over(held, now_ms);
    return good ? &held->token : NULL;
}

const struct identity_grant *identity_by_id(const struct identity_table *table, struct slice id)
{
    const struct identity_entry *entry = table_get(&table->by_id, id);
    return entry == NULL ? NULL : &entry->grant;
}

const struct identity_reach *identity_reach(const struct identity_grant *grant, struct slice server)
{
    for (size_t i = 0; i < grant->reach_count; i++)
        if (slice_equal(grant->reach[i].server, server))
            return &grant->reach[i];
    return NULL;
}

const struct identity_reach *identity_reach_by_name(const struct identity_grant *grant,
                                                    struct slice name)
{
    for (size_t i = 0; i < grant->reach_count; i++)
        if (slice_equal(grant->reach[i].name, name))
            return &grant->reach[i];
    return NULL;
}
