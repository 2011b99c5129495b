// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/identity_internal.h"

#include "base/memory.h"

static size_t block_size(const struct identity_grant *grant, size_t token_count)
{
    size_t size = grant->reach_count * sizeof *grant->reach +
                  grant->tag_count * sizeof *grant->tags +
                  token_count * sizeof(struct identity_held) + grant->label.length +
                  grant->id.length + grant->organisation.length + grant->paused_why.length;
    for (size_t i = 0; i < grant->tag_count; i++)
        size += grant->tags[i].length;
    for (size_t i = 0; i < grant->reach_count; i++)
        size +=
            grant->reach[i].server.length + grant->reach[i].name.length + grant->reach[i].id.length;
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

static void fill(struct identity_entry *entry, const struct identity_grant *grant, char *bytes)
{
    struct identity_reach *reach = (struct identity_reach *)(uintptr_t)entry->grant.reach;
    struct slice *tags = (struct slice *)(uintptr_t)entry->grant.tags;
    entry->grant.label = copy_bytes(&bytes, grant->label);
    entry->grant.id = grant->id.data == NULL ? entry->grant.label : copy_bytes(&bytes, grant->id);
    if (grant->organisation.data != NULL)
        entry->grant.organisation = copy_bytes(&bytes, grant->organisation);
    entry->grant.paused_why = copy_bytes(&bytes, grant->paused_why);
    for (size_t i = 0; i < grant->tag_count; i++)
        tags[i] = copy_bytes(&bytes, grant->tags[i]);
    for (size_t i = 0; i < grant->reach_count; i++) {
        reach[i].policy = grant->reach[i].policy;
        reach[i].server = copy_bytes(&bytes, grant->reach[i].server);
        reach[i].name = grant->reach[i].name.data == NULL
                            ? reach[i].server
                            : copy_bytes(&bytes, grant->reach[i].name);
        reach[i].id = copy_bytes(&bytes, grant->reach[i].id);
    }
}

struct identity_entry *identity_entry_new(const struct identity_grant *grant,
                                          const struct identity_token *tokens, size_t count)
{
    struct identity_entry *entry = memory_try_new(sizeof *entry);
    char *block = entry == NULL ? NULL : memory_try_new(block_size(grant, count) + 1);
    if (block == NULL) {
        memory_free(entry);
        return NULL;
    }
    struct identity_held *held = (struct identity_held *)(void *)block;
    struct identity_reach *reach = (struct identity_reach *)(void *)(held + count);
    struct slice *tags = (struct slice *)(void *)(reach + grant->reach_count);
    atomic_init(&entry->references, 1);
    atomic_init(&entry->used_ms, 0);
    entry->block = block;
    entry->grant = *grant;
    entry->grant.reach = reach;
    entry->grant.tags = tags;
    entry->tokens = held;
    entry->token_count = count;
    for (size_t i = 0; i < count; i++)
        held[i] = (struct identity_held){.entry = entry, .token = tokens[i]};
    fill(entry, grant, (char *)(tags + grant->tag_count));
    return entry;
}

struct identity_entry *identity_entry_ref(struct identity_entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    return entry;
}

void identity_entry_unref(struct identity_entry *entry)
{
    if (entry == NULL ||
        atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) != 1)
        return;
    memory_free(entry->block);
    memory_free(entry);
}

const struct identity_grant *identity_entry_grant(const struct identity_entry *entry)
{
    return &entry->grant;
}

int64_t identity_entry_used_ms(const struct identity_entry *entry)
{
    return atomic_load_explicit(&entry->used_ms, memory_order_relaxed);
}

void identity_entry_set_used(struct identity_entry *entry, int64_t used_ms)
{
    atomic_store_explicit(&entry->used_ms, used_ms, memory_order_relaxed);
}
