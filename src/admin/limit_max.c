// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the policies in force let a counter come to. A grant's counter is under that grant's policy;
// others may be under several: the least counts.
#include "admin/question_internal.h"

#include "control/control.h"
#include "policy/policy.h"

static const char *const scopes[] = {[POLICY_SCOPE_GRANT] = "grant",
                                     [POLICY_SCOPE_SESSION] = "session",
                                     [POLICY_SCOPE_SERVER] = "server",
                                     [POLICY_SCOPE_ORGANISATION] = "organisation"};

struct admin_bounds { // policies of an organisation's servers; in the request's arena
    struct {
        struct slice server;
        const struct policy *policy;
    } * items;
    size_t count, capacity;
};

static struct slice name_of(const struct identity_reach *reach)
{
    return reach->name.data == NULL ? reach->server : reach->name;
}

static const struct policy *policy_of(const struct control_view *rules,
                                      const struct identity_reach *reach)
{
    bool known = reach->policy >= 0 && (size_t)reach->policy < rules->policy_count;
    return known ? rules->policies[reach->policy].policy : NULL;
}

// ---- All policies of the organisation, once for a list

struct collecting {
    struct admin_request *request;
    const struct control_view *rules;
    struct admin_bounds *bounds;
};

static void add(struct collecting *c, struct slice server, const struct policy *policy)
{
    struct admin_bounds *bounds = c->bounds;
    for (size_t i = 0; i < bounds->count; i++)
        if (bounds->items[i].policy == policy && slice_equal(bounds->items[i].server, server))
            return;
    if (bounds->count == bounds->capacity)
        return;
    bounds->items[bounds->count].server = server;
    bounds->items[bounds->count++].policy = policy;
}

static void collect_cb(void *argument, struct identity_entry *entry)
{
    struct collecting *c = argument;
    const struct identity_grant *grant = identity_entry_grant(entry);
    if (!slice_equal(grant->organisation, c->request->who.organisation))
        return;
    for (size_t i = 0; i < grant->reach_count; i++) {
        const struct policy *policy = policy_of(c->rules, &grant->reach[i]);
        if (policy != NULL)
            add(c, name_of(&grant->reach[i]), policy);
    }
}

// NULL: no memory.
static struct admin_bounds *collect(struct admin_request *request, const struct control_view *rules)
{
    enum { PAIRS_MAX = 4096 };
    struct admin_bounds *bounds = arena_take_zeroed(&request->arena, sizeof *bounds);
    if (bounds == NULL)
        return NULL;
    struct collecting c = {request, rules, bounds};
    bounds->items = arena_take(&request->arena, PAIRS_MAX * sizeof *bounds->items);
    bounds->capacity = bounds->items == NULL ? 0 : PAIRS_MAX;
    identity_table_each(rules->grants, collect_cb, &c);
    return bounds;
}

// ---- One counter

struct looking {
    const struct admin_counter *counter;
    bool found;
    struct decimal max;
};

static void compare_cb(void *argument, const struct policy_charge *limit)
{
    struct looking *l = argument;
    const struct limit_view *view = l->counter->view;
    bool same = slice_equal(limit->counter, l->counter->name) &&
                slice_equal_string(l->counter->scope, scopes[limit->scope]) &&
                limit->sliding == view->sliding && limit->calendar_month == view->calendar_month &&
                (limit->calendar_month || limit->window_ms == view->window_ms);
    if (!same || (l->found && decimal_compare(limit->max, l->max) >= 0))
        return;
    l->found = true;
    l->max = limit->max;
}

static void look_at(struct looking *l, const struct policy *policy)
{
    const struct policy_runaway *fuse = policy == NULL ? NULL : policy_runaway(policy);
    if (policy != NULL && !slice_equal_string(l->counter->scope, "runaway")) {
        policy_limits(policy, compare_cb, l);
    } else if (fuse != NULL && fuse->identical_max > 0) {
        l->found = true;
        l->max = decimal_from_integer(fuse->identical_max);
    }
}

bool admin_limit_max(struct admin_request *request, const struct admin_counter *counter,
                     struct admin_bounds **bounds, struct decimal *ret)
{
    const struct control_view *rules = control_rules_view(request->rules);
    struct identity_entry *entry = identity_table_get(rules->grants, counter->subject);
    const struct identity_grant *grant = entry == NULL ? NULL : identity_entry_grant(entry);
    struct looking l = {.counter = counter};
    bool own = slice_equal_string(counter->scope, "grant") ||
               slice_equal_string(counter->scope, "runaway");
    if (!own && *bounds == NULL)
        *bounds = collect(request, rules);
    for (size_t i = 0; own && grant != NULL && i < grant->reach_count; i++)
        if (slice_equal(name_of(&grant->reach[i]), counter->server))
            look_at(&l, policy_of(rules, &grant->reach[i]));
    for (size_t i = 0; !own && *bounds != NULL && i < (*bounds)->count; i++)
        if (slice_equal((*bounds)->items[i].server, counter->server))
            look_at(&l, (*bounds)->items[i].policy);
    *ret = l.max;
    return l.found;
}
