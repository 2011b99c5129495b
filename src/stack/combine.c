// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools that together make an attack possible. Each danger is a row: what its parts are, and how it
// is broken. docs/stack.md, "Combinations".
#include "stack/stack_internal.h"

#include "base/memory.h"
#include "base/table.h"

#include <stdlib.h>

enum { NAMES_MOST = 50 };
#define HAS(signal) (1U << CATALOGUE_SIGNAL_##signal)
#define IS(category) (1U << CATALOGUE_##category)

// A tool fits when it has one of the signals (0: whatever) and one of the categories.
struct part {
    const char *what;
    uint32_t signals;
    unsigned categories;
};
struct danger {
    const char *name, *title, *says;
    struct part parts[STACK_LEGS];
    const char *patterns[STACK_PATTERNS];
    size_t fix;
    enum stack_fix by;
    bool same_server; // the parts count only where one server has all of them
    bool by_list;     // its place in a list is enough, nobody needs to call it
};

#define ANY ~0U
#define STRANGERS                                                                                  \
    {                                                                                              \
        "text of strangers comes in", HAS(UNTRUSTED_CONTENT), ANY                                  \
    }
static const struct danger dangers[STACK_DANGERS] = {
    [STACK_EXFILTRATION] =
        {.name = "exfiltration",
         .title = "Private data can be carried out",
         .says =
             "A text of a stranger that the agent reads can ask for private data and have it sent "
             "away.",
         .parts = {{"private data comes in", HAS(PRIVATE_DATA), ANY},
                   STRANGERS,
                   {"data can leave", HAS(WAY_OUT), ANY}},
         .patterns = {"exfiltration-by-tool-chaining", "prompt-injection-via-tool-results",
                      "indirect-prompt-injection"},
         .fix = 2},
    [STACK_STRANGERS_CODE] =
        {.name = "strangers-code",
         .title = "Strangers can have code run",
         .says =
             "A text of a stranger that the agent reads can ask for code or a command to be run.",
         .parts = {STRANGERS, {"code is run", HAS(CODE) | HAS(SQL), IS(EXECUTE)}},
         .patterns = {"prompt-injection-via-tool-results", "indirect-prompt-injection"},
         .fix = 1},
    [STACK_STRANGERS_MONEY] =
        {.name = "strangers-money",
         .title = "Strangers can have money moved",
         .says = "A text of a stranger that the agent reads can ask for a payment or an order.",
         .parts = {STRANGERS, {"money is moved", 0, IS(FINANCIAL)}},
         .patterns = {"prompt-injection-via-tool-results", "confused-deputy"},
         .fix = 1},
    [STACK_STRANGERS_LOSS] =
        {.name = "strangers-loss",
         .title = "Strangers can have data destroyed",
         .says = "A text of a stranger that the agent reads can ask for what does not come back.",
         .parts = {STRANGERS, {"data is destroyed", 0, IS(DESTRUCTIVE)}},
         .patterns = {"prompt-injection-via-tool-results", "destructive-action-autonomy"},
         .fix = 1,
         .by = STACK_LET_HIDE},
    [STACK_PLANTED_TEXT] =
        {.name = "planted-text",
         .title = "Instructions can be planted for later",
         .says =
             "What is written there is read there again, perhaps in another conversation, as text "
             "that the agent may obey.",
         .parts = {{"text is written", HAS(FREE_TEXT), IS(WRITE)},
                   {"text is read again", HAS(UNTRUSTED_CONTENT), IS(READ)}},
         .patterns = {"indirect-prompt-injection"},
         .same_server = true},
    [STACK_CREDENTIALS] =
        {.name = "credentials",
         .title = "Credentials can be carried out",
         .says =
             "The agent has to know credentials to hand them over, and has a way to send what it "
             "knows away.",
         .parts = {{"credentials are handed over", HAS(CREDENTIAL), ANY},
                   {"data can leave", HAS(WAY_OUT), ANY}},
         .patterns = {"credential-leak-via-errors", "token-mis-redemption"},
         .by = STACK_LET_HIDE},
    [STACK_ALONE] = {.name = "alone",
                     .title = "A mistake is enough",
                     .says = "Nobody is asked before money is moved or data destroyed.",
                     .parts = {{"what does not come back", 0, IS(DESTRUCTIVE) | IS(FINANCIAL)}},
                     .patterns = {"destructive-action-autonomy"}},
    [STACK_RUNAWAY] = {.name = "runaway",
                       .title = "Nothing stops a loop",
                       .says = "An agent that goes round in circles does so without end, and each "
                               "call does something.",
                       .parts = {{"called without a bound", 0, ~IS(READ)}},
                       .patterns = {"runaway-tool-loops"},
                       .by = STACK_LET_ADVISE},
    [STACK_MISLEADING] =
        {.name = "misleading",
         .title = "A definition speaks to the model",
         .says = "Its text reaches the model with the list, before anything is called.",
         .patterns = {"tool-poisoning", "line-jumping"},
         .parts = {{"definitions that hold such text", 0, ANY}},
         .by = STACK_LET_HIDE,
         .by_list = true},
    [STACK_STEERING] =
        {.name = "steering",
         .title = "A definition talks of another server's tool",
         .says = "It can change how the agent uses a tool that its server has no business with.",
         .patterns = {"cross-server-shadowing", "tool-poisoning"},
         .parts = {{"definitions that name others' tools", HAS(NAMES_OTHER_TOOL), ANY}},
         .by = STACK_LET_HIDE,
         .by_list = true},
};

// ---- Which tools fit a part

struct search {
    const struct stack *stack;
    struct stack_report *report;
    struct table names; // of tools: the server that has it, or `several`
    struct stack_server several;
};

static bool names_other_server(const struct search *s, const struct stack_row *row)
{
    for (size_t i = 0; i < row->tool->named_count; i++) {
        const struct stack_server *owner = table_get(&s->names, row->tool->named[i]);
        if (owner != NULL && owner != &s->several && owner != row->server)
            return true;
    }
    return false;
}

static bool fits(const struct search *s, const struct stack_row *row, enum stack_danger danger,
                 const struct part *part)
{
    unsigned category = (unsigned)row->tool->category;
    if (category > CATALOGUE_UNKNOWN || (part->categories >> category & 1) == 0)
        return false;
    if (danger == STACK_MISLEADING)
        return row->tool->misleads;
    if (danger == STACK_STEERING)
        return names_other_server(s, row);
    return part->signals == 0 || (row->tool->signals & part->signals) != 0;
}

static bool server_has_all(const struct search *s, enum stack_danger danger,
                           const struct stack_server *server)
{
    const struct danger *d = &dangers[danger];
    for (size_t leg = 0; leg < STACK_LEGS && d->parts[leg].what != NULL; leg++) {
        bool found = false;
        for (size_t i = 0; i < s->report->count && !found; i++)
            found = s->report->rows[i].server == server &&
                    fits(s, &s->report->rows[i], danger, &d->parts[leg]);
        if (!found)
            return false;
    }
    return true;
}

// ERROR_NO_MEMORY; else the leg, which may be empty.
static int gather(const struct search *s, enum stack_danger danger, const struct part *part,
                  struct stack_leg *ret)
{
    const struct stack_row **rows =
        arena_take(&s->report->arena, (s->report->count + 1) * sizeof *rows);
    const struct stack_server *asked = NULL;
    bool counts = true;
    if (rows == NULL)
        return ERROR_NO_MEMORY;
    *ret = (struct stack_leg){.what = part->what, .rows = rows};
    for (size_t i = 0; i < s->report->count; i++) {
        const struct stack_row *row = &s->report->rows[i];
        if (!fits(s, row, danger, part))
            continue;
        if (dangers[danger].same_server && row->server != asked) {
            asked = row->server;
            counts = server_has_all(s, danger, asked);
        }
        if (counts)
            rows[ret->count++] = row;
    }
    return 0;
}

// ---- What the policies make of it

static enum stack_state state_of_leg(const struct stack_combination *c, const struct stack_leg *leg,
                                     const struct danger *danger, enum stack_when when)
{
    static const enum stack_state states[] = {
        [STACK_FREE] = STACK_POSSIBLE,      [STACK_LIMITED] = STACK_POSSIBLE,
        [STACK_DEPENDS] = STACK_RESTRICTED, [STACK_ASKS] = STACK_NEEDS_PERSON,
        [STACK_DENIED] = STACK_BROKEN,      [STACK_HIDDEN] = STACK_BROKEN};
    enum stack_state best = STACK_BROKEN;
    for (size_t i = 0; i < leg->count; i++) {
        const struct stack_row *row = leg->rows[i];
        // A bound stops a loop, and so does a person.
        if (c->danger == STACK_RUNAWAY && row->views[when].calls != STACK_UNLIMITED)
            continue;
        // A fuse stops the loop that repeats itself, and no other.
        bool fused = c->danger == STACK_RUNAWAY && row->views[when].same != STACK_UNLIMITED;
        enum stack_state state = danger->by_list && row->views[when].listed
                                     ? STACK_POSSIBLE
                                     : states[row->views[when].outcome];
        if (fused && state == STACK_POSSIBLE)
            state = STACK_RESTRICTED;
        best = state < best ? state : best;
    }
    return best;
}

static enum stack_state state_of(const struct stack_combination *c, const struct danger *danger,
                                 enum stack_when when)
{
    enum stack_state worst = STACK_POSSIBLE;
    for (size_t i = 0; i < c->leg_count; i++) {
        enum stack_state state = state_of_leg(c, &c->legs[i], danger, when);
        worst = state > worst ? state : worst;
    }
    return worst;
}

static const struct stack_server *find_one_server(const struct search *s, enum stack_danger danger)
{
    for (size_t i = 0; i < s->stack->count; i++)
        if (server_has_all(s, danger, &s->stack->servers[i]))
            return &s->stack->servers[i];
    return NULL;
}

// *ret_found: the stack has all of its parts.
static int look_for(const struct search *s, enum stack_danger danger, struct stack_combination *ret,
                    bool *ret_found)
{
    const struct danger *d = &dangers[danger];
    *ret = (struct stack_combination){.danger = danger,
                                      .name = d->name,
                                      .title = d->title,
                                      .says = d->says,
                                      .fix = d->fix,
                                      .by = d->by};
    memcpy(ret->patterns, d->patterns, sizeof ret->patterns);
    *ret_found = false;
    for (; ret->leg_count < STACK_LEGS && d->parts[ret->leg_count].what != NULL; ret->leg_count++) {
        struct stack_leg *leg = &ret->legs[ret->leg_count];
        int result = gather(s, danger, &d->parts[ret->leg_count], leg);
        if (result != 0 || leg->count == 0)
            return result;
    }
    *ret_found = ret->leg_count > 0;
    for (int when = 0; when < STACK_WHENS; when++)
        ret->states[when] = state_of(ret, d, (enum stack_when)when);
    if (ret->leg_count > 1)
        ret->one_server = find_one_server(s, danger);
    return 0;
}

// ---- The whole

static int learn_names(struct search *s)
{
    for (size_t i = 0; i < s->report->count; i++) {
        const struct stack_row *row = &s->report->rows[i];
        const struct stack_server *owner = table_get(&s->names, row->tool->name);
        if (owner == row->server || owner == &s->several)
            continue;
        int result = table_put(&s->names, row->tool->name,
                               owner == NULL ? (void *)row->server : (void *)&s->several);
        if (result != 0)
            return result;
    }
    return 0;
}

static int by_state(const void *a, const void *b)
{
    const struct stack_combination *x = a, *y = b;
    if (x->states[STACK_NOW] != y->states[STACK_NOW])
        return (int)x->states[STACK_NOW] - (int)y->states[STACK_NOW];
    if (x->danger != y->danger)
        return (int)x->danger - (int)y->danger;
    return (x->legs[0].rows[0] > y->legs[0].rows[0]) - (x->legs[0].rows[0] < y->legs[0].rows[0]);
}

static int look_for_all(struct search *s)
{
    struct stack_report *report = s->report;
    for (int danger = 0; danger < STACK_SAME_NAMES; danger++) {
        bool found = false;
        int result = look_for(s, (enum stack_danger)danger,
                              &report->combinations[report->combination_count], &found);
        if (result != 0)
            return result;
        report->combination_count += found;
    }
    size_t groups =
        names_look(s->stack, report, &report->combinations[report->combination_count], NAMES_MOST);
    if (groups == SIZE_MAX)
        return ERROR_NO_MEMORY;
    report->too_many = groups > NAMES_MOST;
    report->combination_count += groups > NAMES_MOST ? NAMES_MOST : groups;
    qsort(report->combinations, report->combination_count, sizeof *report->combinations, by_state);
    return 0;
}

int combine_look(const struct stack *stack, struct stack_report *report)
{
    struct search s = {.stack = stack, .report = report};
    report->combinations = arena_take_zeroed(&report->arena, (STACK_DANGERS + NAMES_MOST) *
                                                                 sizeof *report->combinations);
    if (report->combinations == NULL)
        return ERROR_NO_MEMORY;
    table_init(&s.names);
    int result = learn_names(&s);
    if (result == 0)
        result = look_for_all(&s);
    table_release(&s.names);
    return result;
}
