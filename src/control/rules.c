// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From committed changes to rules: what changed is read anew, everything else is shared with the
// rules before. A change is acknowledged when the workers judge by it.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { IN_FORCE_MS = 1000 };

struct control_rules {
    atomic_uint references;
    struct control_view view;
    struct identity_table *grants;
    struct pipeline_policy *policies; // a reference to each
    struct upstream_options *servers; // point into `held`
    struct control_server **held;     // a reference to each
    struct pipeline_mask *masks;      // owned
    struct control_pins_view *pins;   // owned
};

static struct control_rules *rules_ref(struct control_rules *rules)
{
    atomic_fetch_add_explicit(&rules->references, 1, memory_order_relaxed);
    return rules;
}

void control_rules_unref(struct control_rules *rules)
{
    if (rules == NULL ||
        atomic_fetch_sub_explicit(&rules->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < rules->view.policy_count; i++)
        policy_unref(rules->policies[i].policy);
    for (size_t i = 0; i < rules->view.server_count; i++)
        control_server_unref(rules->held[i]);
    control_masks_free(rules->masks, rules->view.mask_count);
    control_pins_free(rules->pins, rules->view.pin_count);
    identity_table_free(rules->grants);
    memory_free(rules->policies);
    memory_free(rules->servers);
    memory_free(rules->held);
    memory_free(rules);
}

const struct control_view *control_rules_view(const struct control_rules *rules)
{
    return &rules->view;
}

struct control_rules *control_rules(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    struct control_rules *rules = rules_ref(control->rules);
    pthread_mutex_unlock(&control->lock);
    return rules;
}

// ---- Making

static void add_served(struct control_rules *rules, const struct control_served *served)
{
    rules->view.unusable_servers += served->unusable;
    rules->view.sealed_servers += served->sealed;
    if (served->server == NULL)
        return;
    rules->held[rules->view.server_count] = control_server_ref(served->server);
    rules->servers[rules->view.server_count++] = served->server->options;
}

static void add_own_cb(void *argument, struct slice grant, void *value)
{
    (void)grant;
    const struct control_own *own = value;
    add_served(argument, &own->served);
}

static void add_server_cb(void *argument, struct slice id, void *value)
{
    (void)id;
    const struct control_known *known = value;
    add_served(argument, &known->served);
    table_each(&known->own, add_own_cb, argument);
}

static void fill_policies(const struct control_state *state, struct control_rules *rules)
{
    for (size_t i = 0; i < state->slot_count; i++) {
        struct policy *policy = state->slots[i].compiled;
        rules->view.unusable_policies += policy == NULL && state->slots[i].key != NULL;
        policy = policy_ref(policy == NULL ? state->nothing : policy);
        rules->policies[i] = (struct pipeline_policy){policy_name(policy), policy};
    }
    rules->view.policy_count = state->slot_count;
}

// Takes the state's grants over. NULL when memory is short.
static struct control_rules *make_rules(struct control_state *state)
{
    struct control_rules *rules = memory_new(sizeof *rules);
    size_t servers = state->servers.count + state->own_count;
    atomic_init(&rules->references, 1);
    rules->policies = memory_try_new((state->slot_count + 1) * sizeof *rules->policies);
    rules->servers = memory_try_new((servers + 1) * sizeof *rules->servers);
    rules->held = memory_try_new((servers + 1) * sizeof *rules->held);
    if (rules->policies == NULL || rules->servers == NULL || rules->held == NULL ||
        state->grants == NULL || control_masks_copy(state, &rules->masks) != 0) {
        control_rules_unref(rules);
        return NULL;
    }
    rules->view.mask_count = state->mask_count;
    if (control_pins_copy(state, &rules->pins, &rules->view.pin_count,
                          &rules->view.waiting_definitions) != 0) {
        control_rules_unref(rules);
        return NULL;
    }
    fill_policies(state, rules);
    table_each(&state->servers, add_server_cb, rules);
    rules->grants = state->grants;
    state->grants = NULL;
    return rules;
}

void control_publish(struct control *control)
{
    struct control_rules *rules = make_rules(&control->state);
    if (rules == NULL) {
        log_event(LOG_ERROR, "control",
                  "no memory for new rules: every grant of the database is refused until there is");
        rules = memory_new(sizeof *rules);
        atomic_init(&rules->references, 1);
        rules->grants = identity_table_new();
        identity_table_free(control->state.grants);
        control->state.grants = NULL;
        control->incomplete = true;
    }
    rules->view.grants = rules->grants;
    rules->view.policies = rules->policies;
    rules->view.servers = rules->servers;
    rules->view.masks = rules->masks;
    rules->view.pins = rules->pins;
    pthread_mutex_lock(&control->lock);
    struct control_rules *before = control->rules;
    rules->view.serial = before == NULL ? 1 : before->view.serial + 1;
    control->rules = rules;
    pthread_mutex_unlock(&control->lock);
    control_rules_unref(before);
}

// ---- Committed changes

// The table's keys point into the changes.
static int note(struct table *dirty, struct slice id, const struct store_change *change)
{
    return table_put(dirty, id, (void *)(uintptr_t)change);
}

struct dirty {
    struct table organisations, servers, tools, policies, grants;
};

static int sort_change(struct dirty *dirty, const struct store_change *change)
{
    switch (change->kind) {
    case STORE_ORGANISATION: return note(&dirty->organisations, change->id, change);
    case STORE_SERVER: return note(&dirty->servers, change->id, change);
    case STORE_CREDENTIAL:
    case STORE_AUTHORIZATION:
    case STORE_BEARER: return note(&dirty->servers, change->parent, change);
    case STORE_OVERRIDE:
    case STORE_DEFINITION:
    case STORE_SIGHTING: return note(&dirty->tools, change->parent, change);
    case STORE_POLICY: return note(&dirty->policies, change->id, change);
    case STORE_POLICY_VERSION: return note(&dirty->policies, change->parent, change);
    case STORE_GRANT: return note(&dirty->grants, change->id, change);
    case STORE_GRANT_TOKEN:
    case STORE_REACH: return note(&dirty->grants, change->parent, change);
    default: return 0;
    }
}

struct loading {
    struct control *control;
    struct store_view *view;
    void (*load)(struct control *control, struct store_view *view, struct slice organisation,
                 struct slice id);
};

static void load_cb(void *argument, struct slice id, void *value)
{
    const struct loading *loading = argument;
    const struct store_change *change = value;
    loading->load(loading->control, loading->view, change->organisation, id);
}

static void load_organisation(struct control *control, struct store_view *view,
                              struct slice organisation, struct slice id)
{
    struct error error = {0};
    if (control_load_organisation(control, view, organisation, &error) == 0)
        return;
    log_event(LOG_ERROR, "control", "organisation '%.*s' cannot be read: %s", SLICE_PRINT(id),
              error.text);
    control->incomplete = true;
}

static bool has_any(const struct dirty *dirty)
{
    return dirty->organisations.count + dirty->servers.count + dirty->tools.count +
               dirty->policies.count + dirty->grants.count >
           0;
}

static void load_dirty(struct control *control, struct store_view *view, const struct dirty *dirty)
{
    struct loading loading = {control, view, load_organisation};
    table_each(&dirty->organisations, load_cb, &loading);
    loading.load = control_load_server;
    table_each(&dirty->servers, load_cb, &loading);
    loading.load = control_load_tools;
    table_each(&dirty->tools, load_cb, &loading);
    loading.load = control_load_policy;
    table_each(&dirty->policies, load_cb, &loading);
    loading.load = control_load_grant;
    table_each(&dirty->grants, load_cb, &loading);
}

// What could not be followed once is read as a whole; nothing of it stays in force meanwhile.
static void load_whole(struct control *control, struct store_view *view)
{
    struct error error = {0};
    control_state_clear(&control->state);
    control->state.grants = identity_table_new();
    control->incomplete = false; // what cannot be read sets it again
    if (control_load_all(control, view, &error) == 0)
        return;
    control->incomplete = true;
    log_event(LOG_ERROR, "control",
              "the database cannot be read: %s; its grants are refused until it can", error.text);
    identity_table_free(control->state.grants);
    control->state.grants = identity_table_new();
}

static bool is_in_force(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    bool over =
        !control->awaited || control->closing || control->in_force >= control->rules->view.serial;
    pthread_mutex_unlock(&control->lock);
    return over;
}

static void wait_until_in_force(struct control *control)
{
    uint64_t until_us = clock_monotonic_us() + (uint64_t)IN_FORCE_MS * 1000;
    while (!is_in_force(control)) {
        uint64_t now_us = clock_monotonic_us();
        if (now_us >= until_us) {
            log_event(LOG_WARNING, "control", "a change is not in force everywhere after %d ms",
                      (int)IN_FORCE_MS);
            return;
        }
        waker_wait(&control->settled, (int)((until_us - now_us) / 1000) + 1);
    }
}

// The catalogue shows them, too.
static void tell_overrides(struct control *control, const struct store_change *changes,
                           size_t count)
{
    static const struct slice prefix = {CONTROL_FILE_PREFIX, sizeof CONTROL_FILE_PREFIX - 1};
    for (size_t i = 0; i < count; i++) {
        struct slice id = changes[i].kind == STORE_OVERRIDE ? changes[i].parent : changes[i].id;
        if (changes[i].kind != STORE_OVERRIDE && changes[i].kind != STORE_SERVER)
            continue;
        const struct control_known *known = control_state_server(&control->state, id);
        if (slice_starts_with(id, prefix))
            control_tell_overrides(control,
                                   slice_of(id.data + prefix.length, id.length - prefix.length));
        else if (known != NULL)
            control_tell_overrides(control, slice_from_string(known->key));
    }
}

void control_committed(void *argument, struct store_view *view, const struct store_change *changes,
                       size_t count)
{
    struct control *control = argument;
    struct dirty dirty;
    int result = 0;
    control_vouch_changes(control, changes, count);
    control_retention_committed(control, view, changes, count);
    if (control->desk != NULL)
        approval_desk_committed(control->desk, view, changes, count);
    table_init(&dirty.organisations);
    table_init(&dirty.servers);
    table_init(&dirty.tools);
    table_init(&dirty.policies);
    table_init(&dirty.grants);
    for (size_t i = 0; i < count && result == 0; i++)
        result = sort_change(&dirty, &changes[i]);
    bool any = has_any(&dirty) || result != 0;
    if (any && result == 0)
        control->state.grants = identity_table_copy(control->rules->grants);
    if (any && (control->incomplete || control->state.grants == NULL))
        load_whole(control, view);
    else if (any)
        load_dirty(control, view, &dirty);
    if (any) {
        control_publish(control);
        tell_overrides(control, changes, count);
        if (control->options.changed != NULL)
            control->options.changed(control->options.argument);
        wait_until_in_force(control);
    }
    table_release(&dirty.organisations);
    table_release(&dirty.servers);
    table_release(&dirty.tools);
    table_release(&dirty.policies);
    table_release(&dirty.grants);
    if (control->options.committed != NULL)
        control->options.committed(control->options.argument, view, changes, count);
}

void control_in_force(struct control *control, uint64_t serial)
{
    pthread_mutex_lock(&control->lock);
    control->awaited = true;
    if (serial > control->in_force)
        control->in_force = serial;
    pthread_mutex_unlock(&control->lock);
    waker_wake(&control->settled);
}

struct control_health control_health(struct control *control)
{
    struct control_health health = {.records = store_records_health(control->records),
                                    .incomplete = atomic_load(&control->incomplete)};
    pthread_mutex_lock(&control->lock);
    const struct control_view *view = &control->rules->view;
    health.serial = view->serial;
    health.in_force = control->in_force;
    health.unusable_servers = view->unusable_servers;
    health.unusable_policies = view->unusable_policies;
    health.sealed_servers = view->sealed_servers;
    health.keys = secret_keys_count(control->kept);
    health.waiting_definitions = view->waiting_definitions;
    pthread_mutex_unlock(&control->lock);
    return health;
}

// ---- When grants were used

struct use_walk {
    struct store_view *view;
    int64_t since_ms;
    int64_t latest_ms;
    struct error error;
    int result;
};

static void write_use_cb(void *argument, struct identity_entry *entry)
{
    struct use_walk *walk = argument;
    const struct identity_grant *grant = identity_entry_grant(entry);
    int64_t used_ms = identity_entry_used_ms(entry);
    if (used_ms <= walk->since_ms || walk->result != 0)
        return;
    walk->latest_ms = used_ms > walk->latest_ms ? used_ms : walk->latest_ms;
    walk->result =
        store_touch(walk->view, STORE_GRANT, grant->organisation, grant->id, used_ms, &walk->error);
}

// After a failure everything is read again, also when nothing changes.
static void recover(struct control *control, struct store_view *view)
{
    load_whole(control, view);
    control_publish(control);
    if (control->options.changed != NULL)
        control->options.changed(control->options.argument);
}

static int write_use(void *argument, struct store_view *view, struct error *error)
{
    struct control *control = argument;
    if (control->incomplete)
        recover(control, view);
    struct use_walk walk = {.view = view, .since_ms = control->used_before_ms};
    identity_table_each(control->use_rules->grants, write_use_cb, &walk);
    if (walk.result == 0) {
        control->used_until_ms = walk.latest_ms;
        walk.result = store_forget_expired(view, clock_wall_ms(), &walk.error);
        if (walk.result == 0)
            walk.result = store_forget_questions(view, clock_wall_ms(), &walk.error);
    }
    *error = walk.error;
    return walk.result;
}

static void use_written(void *argument, int result, const struct error *error)
{
    struct control *control = argument;
    if (result != 0)
        log_event(LOG_WARNING, "control", "the last use of grants cannot be written: %s",
                  error->text);
    else if (control->used_until_ms > control->used_before_ms)
        control->used_before_ms = control->used_until_ms;
    control_rules_unref(control->use_rules);
    control->use_rules = NULL;
    atomic_store(&control->noting_use, false);
}

void control_note_use(struct control *control)
{
    if (atomic_exchange(&control->noting_use, true))
        return; // the last one still waits
    control->use_rules = control_rules(control);
    control->use_job = (struct store_job){
        .access = STORE_WRITE, .run = write_use, .done = use_written, .argument = control};
    store_submit(control->records, &control->use_job);
}
