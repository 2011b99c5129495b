// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Exceptions that may be live: by them a call needs no question.
#include "approval/approval_internal.h"

#include "base/memory.h"

static bool is_live(const struct approval_desk *desk, const struct approval_pass *pass)
{
    return !pass->spent && !approval_is_over(desk, pass->expires_ms, pass->deadline_us);
}

struct approval_pass *approval_pass_find(struct approval_desk *desk, struct slice key)
{
    struct approval_pass *pass = table_get(&desk->passes_by_key, key);
    while (pass != NULL && !is_live(desk, pass))
        pass = pass->next;
    return pass;
}

struct approval_pass *approval_pass_of_id(struct approval_desk *desk, struct slice id)
{
    if (!slice_starts_with(id, SLICE_LITERAL("exc_")))
        return NULL;
    LIST_EACH(&desk->passes, item)
    {
        struct approval_pass *pass = LIST_ENTRY(item, struct approval_pass, link);
        if (slice_equal_string(id, pass->id))
            return pass;
    }
    return NULL;
}

void approval_pass_forget(struct approval_desk *desk, struct approval_pass *pass)
{
    struct slice key = slice_of(pass->key, pass->key_length);
    struct approval_pass *first = table_get(&desk->passes_by_key, key);
    if (first == pass) {
        // The table's key is the first one's text.
        table_remove(&desk->passes_by_key, key);
        if (pass->next != NULL &&
            table_put(&desk->passes_by_key, slice_of(pass->next->key, pass->next->key_length),
                      pass->next) != 0)
            pass->next->spent = true; // a place was free just now
    }
    for (struct approval_pass *p = first; p != NULL && first != pass; p = p->next)
        if (p->next == pass)
            p->next = pass->next;
    list_remove(&pass->link);
    memory_free(pass->key);
    memory_free(pass);
}

static struct approval_pass *add(struct approval_desk *desk, const struct store_exception *row)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct slice key = approval_key(&arena, row->head.organisation, row->print, (struct slice){0},
                                    (struct slice){0});
    struct approval_pass *pass = key.data == NULL ? NULL : memory_try_new(sizeof *pass);
    if (pass != NULL) {
        pass->key = memory_copy_string(key.data, key.length);
        pass->key_length = key.length;
        approval_copy_id(pass->id, row->head.id);
        approval_copy_id(pass->organisation, row->head.organisation);
        struct approval_pass *first = table_get(&desk->passes_by_key, key);
        if (first != NULL) {
            pass->next = first->next;
            first->next = pass;
        } else if (table_put(&desk->passes_by_key, slice_of(pass->key, key.length), pass) != 0) {
            memory_free(pass->key);
            memory_free(pass);
            pass = NULL;
        }
    }
    if (pass != NULL)
        list_append(&desk->passes, &pass->link);
    arena_release(&arena);
    return pass;
}

int approval_pass_note(struct approval_desk *desk, const struct store_exception *row)
{
    bool spent = row->revoked_ms != 0 || (row->most_uses != 0 && row->uses >= row->most_uses);
    struct approval_pass *pass = approval_pass_of_id(desk, row->head.id);
    if (pass == NULL && spent)
        return 0;
    bool fresh = pass == NULL;
    if (fresh)
        pass = add(desk, row);
    if (pass == NULL)
        return ERROR_NO_MEMORY;
    uint64_t deadline_us = approval_deadline_us(desk, row->head.created_ms, row->expires_ms);
    // A clock that was put back prolongs nothing.
    if (fresh || row->expires_ms != pass->expires_ms || deadline_us < pass->deadline_us)
        pass->deadline_us = deadline_us;
    pass->expires_ms = row->expires_ms;
    pass->spent = spent;
    return 0;
}
