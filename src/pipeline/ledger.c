// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/ledger_internal.h"

#include "pipeline/held_tasks_internal.h"

enum { TALLIES_MAX = 10000 }; // per grant, so that none can use up what others need

// Calls of one client of one grant, for the era that has no sessions.
struct tally {
    uint64_t calls;
    size_t key_length;
    char key[];
};

struct pipeline_ledger *pipeline_ledger_new(void)
{
    struct pipeline_ledger *ledger = memory_new(sizeof *ledger);
    pthread_mutex_init(&ledger->lock, NULL);
    table_init(&ledger->grants);
    table_init(&ledger->tallies);
    table_init(&ledger->modern);
    table_init(&ledger->tasks);
    table_init(&ledger->seen);
    ledger->held = held_tasks_new();
    return ledger;
}

static void free_usage_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    struct grant_usage *usage = value;
    origins_release(&usage->tasks);
    memory_free(usage->label);
    memory_free(usage);
}

static void free_value_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    memory_free(value);
}

void pipeline_ledger_free(struct pipeline_ledger *ledger)
{
    if (ledger == NULL)
        return;
    table_each(&ledger->grants, free_usage_cb, NULL);
    table_each(&ledger->tallies, free_value_cb, NULL);
    table_each(&ledger->modern, free_value_cb, NULL);
    table_each(&ledger->tasks, free_value_cb, NULL);
    table_each(&ledger->seen, free_value_cb, NULL);
    table_release(&ledger->grants);
    table_release(&ledger->tallies);
    table_release(&ledger->modern);
    table_release(&ledger->tasks);
    table_release(&ledger->seen);
    held_tasks_free(ledger->held);
    pthread_mutex_destroy(&ledger->lock);
    memory_free(ledger);
}

// ---- Grants

static struct grant_usage *find_or_make(struct pipeline_ledger *ledger, struct slice label)
{
    struct grant_usage *usage = table_get(&ledger->grants, label);
    if (usage != NULL)
        return usage;
    usage = memory_new(sizeof *usage);
    usage->label = memory_copy_string(label.data, label.length);
    origins_init(&usage->tasks);
    if (table_put(&ledger->grants, slice_from_string(usage->label), usage) == 0)
        return usage;
    memory_free(usage->label);
    memory_free(usage);
    return NULL;
}

struct grant_usage *grant_usage_of(struct pipeline *pipeline, struct slice label)
{
    struct grant_usage *usage = table_get(&pipeline->grants, label);
    if (usage != NULL)
        return usage;
    pthread_mutex_lock(&pipeline->ledger->lock);
    usage = find_or_make(pipeline->ledger, label);
    pthread_mutex_unlock(&pipeline->ledger->lock);
    // The key is the ledger's text, which outlives the pipeline.
    if (usage != NULL && table_put(&pipeline->grants, slice_from_string(usage->label), usage) != 0)
        return NULL;
    return usage;
}

bool usage_take(atomic_size_t *count, size_t most)
{
    if (atomic_fetch_add_explicit(count, 1, memory_order_relaxed) < most)
        return true;
    usage_give_back(count);
    return false;
}

void usage_give_back(atomic_size_t *count)
{
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
}

// ---- Tallies

// *ret is NULL when there is none yet. ERROR_LIMIT: none, and no room for one.
static int find_tally(struct pipeline_ledger *ledger, struct grant_usage *usage, struct slice key,
                      bool make, struct tally **ret)
{
    *ret = table_get(&ledger->tallies, key);
    if (*ret != NULL || (!make && usage->tallies < TALLIES_MAX))
        return 0;
    if (usage->tallies >= TALLIES_MAX)
        return ERROR_LIMIT;
    struct tally *tally = memory_try_new(sizeof *tally + key.length);
    if (tally == NULL)
        return ERROR_NO_MEMORY;
    memcpy(tally->key, key.data, key.length);
    tally->key_length = key.length;
    if (table_put(&ledger->tallies, slice_of(tally->key, key.length), tally) != 0) {
        memory_free(tally);
        return ERROR_NO_MEMORY;
    }
    usage->tallies++;
    *ret = tally;
    return 0;
}

int ledger_tally(struct pipeline_ledger *ledger, struct grant_usage *usage, struct slice key,
                 bool count, uint64_t *ret_before)
{
    struct tally *tally = NULL;
    pthread_mutex_lock(&ledger->lock);
    int result = find_tally(ledger, usage, key, count, &tally);
    if (result == 0)
        *ret_before = tally == NULL ? 0 : tally->calls;
    if (tally != NULL && count)
        tally->calls++;
    pthread_mutex_unlock(&ledger->lock);
    return result;
}

uint64_t pipeline_calls_so_far(struct pipeline_ledger *ledger, struct slice grant,
                               struct slice shown, struct slice client, struct arena *arena)
{
    const struct slice parts[] = {grant, shown, client};
    struct slice key = limit_key(arena, parts, sizeof parts / sizeof *parts);
    if (ledger == NULL || key.data == NULL)
        return 0;
    pthread_mutex_lock(&ledger->lock);
    const struct tally *tally = table_get(&ledger->tallies, key);
    uint64_t calls = tally == NULL ? 0 : tally->calls;
    pthread_mutex_unlock(&ledger->lock);
    return calls;
}

// ---- Eras

static void note(struct pipeline_ledger *ledger, struct table *servers, struct slice name,
                 bool is_one)
{
    pthread_mutex_lock(&ledger->lock);
    char *known = table_get(servers, name);
    if (known != NULL && !is_one) {
        table_remove(servers, name);
        memory_free(known);
    } else if (known == NULL && is_one) {
        known = memory_copy_string(name.data, name.length);
        if (table_put(servers, slice_from_string(known), known) != 0)
            memory_free(known); // it is found out again
    }
    pthread_mutex_unlock(&ledger->lock);
}

static bool is_noted(struct pipeline_ledger *ledger, const struct table *servers, struct slice name)
{
    pthread_mutex_lock(&ledger->lock);
    bool noted = table_get(servers, name) != NULL;
    pthread_mutex_unlock(&ledger->lock);
    return noted;
}

void ledger_note_era(struct pipeline_ledger *ledger, const char *server, bool modern)
{
    note(ledger, &ledger->modern, slice_from_string(server), modern);
}

bool ledger_is_modern(struct pipeline_ledger *ledger, struct slice server)
{
    return is_noted(ledger, &ledger->modern, server);
}

void ledger_note_tasks(struct pipeline_ledger *ledger, struct slice server, bool offered)
{
    note(ledger, &ledger->tasks, server, offered);
}

bool ledger_offers_tasks(struct pipeline_ledger *ledger, struct slice server)
{
    return is_noted(ledger, &ledger->tasks, server);
}

// ---- Figures

bool pipeline_ledger_show(struct pipeline_ledger *ledger, struct metrics *figures)
{
    pthread_mutex_lock(&ledger->lock);
    bool room = ledger->figures_count < METRICS_PARTS_MAX;
    if (room)
        ledger->figures[ledger->figures_count++] = figures;
    pthread_mutex_unlock(&ledger->lock);
    return room;
}

void pipeline_ledger_hide(struct pipeline_ledger *ledger, struct metrics *figures)
{
    size_t kept = 0;
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < ledger->figures_count; i++)
        if (ledger->figures[i] != figures)
            ledger->figures[kept++] = ledger->figures[i];
    ledger->figures_count = kept;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_show_figures(struct pipeline_ledger *ledger, struct buffer *out)
{
    pthread_mutex_lock(&ledger->lock);
    metrics_render(ledger->figures, ledger->figures_count, out);
    pthread_mutex_unlock(&ledger->lock);
}
