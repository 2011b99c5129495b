// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Handles of the catalogue: each is one thread's at a time, and opening one takes longer than using
// it.
#include "admin/catalogue_internal.h"

#include "base/memory.h"

enum { KEPT_MAX = 8 };

struct admin_shelf {
    char *folder;         // owned
    pthread_mutex_t lock; // of what follows
    struct inventory *kept[KEPT_MAX];
    size_t count;
};

struct admin_shelf *admin_shelf_new(const char *folder)
{
    struct admin_shelf *shelf = memory_new(sizeof *shelf);
    shelf->folder = memory_copy_string(folder, strlen(folder));
    pthread_mutex_init(&shelf->lock, NULL);
    return shelf;
}

void admin_shelf_free(struct admin_shelf *shelf)
{
    if (shelf == NULL)
        return;
    for (size_t i = 0; i < shelf->count; i++)
        inventory_close(shelf->kept[i]);
    pthread_mutex_destroy(&shelf->lock);
    memory_free(shelf->folder);
    memory_free(shelf);
}

int admin_shelf_borrow(struct admin_shelf *shelf, struct inventory **ret, struct error *error)
{
    struct inventory *found = NULL;
    pthread_mutex_lock(&shelf->lock);
    if (shelf->count > 0)
        found = shelf->kept[--shelf->count];
    pthread_mutex_unlock(&shelf->lock);
    if (found == NULL)
        return inventory_open(shelf->folder, false, ret, error);
    *ret = found;
    return 0;
}

void admin_shelf_return(struct admin_shelf *shelf, struct inventory *inventory, bool usable)
{
    pthread_mutex_lock(&shelf->lock);
    if (usable && shelf->count < KEPT_MAX) {
        shelf->kept[shelf->count++] = inventory;
        inventory = NULL;
    }
    pthread_mutex_unlock(&shelf->lock);
    inventory_close(inventory);
}

const char *admin_shelf_folder(const struct admin_shelf *shelf)
{
    return shelf->folder;
}
