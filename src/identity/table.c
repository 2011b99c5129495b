// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/table.h"

struct entry {
    struct list link;
    struct identity_grant grant; // points into `block`
    unsigned char token[32];     // SHA-256
    void *block;                 // owned: tags, reach, then all their bytes
};

struct identity_table {
    struct table by_token; // -> struct entry
    struct table by_label;
    struct list entries;
};

struct identity_table *identity_table_new(void)
{
    struct identity_table *table = memory_new(sizeof *table);
    table_init(&table->by_token);
    table_init(&table->by_label);
    list_init(&table->entries);
    return table;
}

static void free_entry(struct entry *entry)
{
    memory_free(entry->block);
    memory_free(entry);
}

void identity_table_free(struct identity_table *table)
{
    if (table == NULL)
        return;
    LIST_EACH(&table->entries, link)
    free_entry(LIST_ENTRY(link, struct entry, link));
    table_release(&table->by_token);
    table_release(&table->by_label);
    memory_free(table);
}

static size_t block_size(const struct identity_grant *grant)
{
    size_t size = grant->reach_count * sizeof *grant->reach +
                  grant->tag_count * sizeof *grant->tags + grant->label.length;
    for (size_t i = 0; i < grant->tag_count; i++)
        size += grant->tags[i].length;
    for (size_t i = 0; i < grant->reach_count; i++)
        size += grant->reach[i].server.length;
    return size;
}

static struct slice copy_bytes(char **at, struct slice s)
{
    struct slice copy = slice_of(*at, s.length);
    if (s.length > 0)
        memcpy(*at, s.data, s.length);
    *at += s.length;
    return copy;
}

static struct entry *copy_grant(const struct identity_grant *grant, const unsigned char token[32])
{
    struct entry *entry = memory_try_new(sizeof *entry);
    char *block = entry == NULL ? NULL : memory_try_new(block_size(grant) + 1);
    if (block == NULL) {
        memory_free(entry);
        return NULL;
    }
    struct identity_reach *reach = (struct identity_reach *)(void *)block;
    struct slice *tags = (struct slice *)(void *)(reach + grant->reach_count);
    char *bytes = (char *)(tags + grant->tag_count);
    entry->block = block;
    memcpy(entry->token, token, sizeof entry->token);
    entry->grant = *grant;
    entry->grant.label = copy_bytes(&bytes, grant->label);
    entry->grant.tags = tags;
    entry->grant.reach = reach;
    for (size_t i = 0; i < grant->tag_count; i++)
        tags[i] = copy_bytes(&bytes, grant->tags[i]);
    for (size_t i = 0; i < grant->reach_count; i++) {
        reach[i].policy = grant->reach[i].policy;
        reach[i].server = copy_bytes(&bytes, grant->reach[i].server);
    }
    return entry;
}

static struct slice hash_of(const unsigned char token[32])
{
    return slice_of((const char *)token, 32);
}

int identity_table_add(struct identity_table *table, const struct identity_grant *grant,
                       const unsigned char token_sha256[32], struct error *error)
{
    int length = grant->label.length > 100 ? 100 : (int)grant->label.length;
    const struct entry *other = table_get(&table->by_token, hash_of(token_sha256));
    if (table_get(&table->by_label, grant->label) != NULL)
        return error_set(error, ERROR_EXISTS, "two grants are labelled '%.*s'", length,
                         grant->label.data);
    if (other != NULL)
        return error_set(error, ERROR_EXISTS, "grants '%.*s' and '%.*s' have the same token",
                         (int)(other->grant.label.length > 100 ? 100 : other->grant.label.length),
                         other->grant.label.data, length, grant->label.data);
    struct entry *entry = copy_grant(grant, token_sha256);
    if (entry == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (table_put(&table->by_token, hash_of(entry->token), entry) != 0 ||
        table_put(&table->by_label, entry->grant.label, entry) != 0) {
        table_remove(&table->by_token, hash_of(entry->token));
        free_entry(entry);
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    list_append(&table->entries, &entry->link);
    return 0;
}

const struct identity_grant *identity_resolve(const struct identity_table *table,
                                              struct identity_hasher *hasher, struct slice token,
                                              int64_t now_ms, int *ret_error)
{
    unsigned char hash[32];
    const struct entry *entry = NULL;
    if (token.length > 0) { // the hash of nothing is well known and must never be a key
        identity_hash_with(hasher, token, hash);
        entry = table_get(&table->by_token, hash_of(hash));
        memory_wipe(hash, sizeof hash);
    }
    *ret_error = entry == NULL ? ERROR_NOT_FOUND
                 : entry->grant.expires_ms != 0 && now_ms >= entry->grant.expires_ms ? ERROR_TIMEOUT
                                                                                     : 0;
    return *ret_error == 0 ? &entry->grant : NULL;
}

const struct identity_grant *identity_by_label(const struct identity_table *table,
                                               struct slice label)
{
    const struct entry *entry = table_get(&table->by_label, label);
    return entry == NULL ? NULL : &entry->grant;
}

const struct identity_reach *identity_reach(const struct identity_grant *grant, struct slice server)
{
    for (size_t i = 0; i < grant->reach_count; i++)
        if (slice_equal(grant->reach[i].server, server))
            return &grant->reach[i];
    return NULL;
}
