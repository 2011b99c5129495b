// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Looks at a stack: each tool under the policies in force and under a starter policy of its server.
#include "stack/stack_internal.h"

#include "base/memory.h"

enum { ARENA_MAX = 256 << 20 };

const char *stack_outcome_name(enum stack_outcome outcome)
{
    static const char *const names[] = {"free", "limited", "depends", "asks", "denied", "hidden"};
    return names[(unsigned)outcome > STACK_HIDDEN ? STACK_HIDDEN : outcome];
}

static void take_finding(const struct catalogue_finding *finding, struct arena *arena,
                         struct stack_tool *ret)
{
    ret->signals |= 1U << finding->signal;
    if (finding->signal != CATALOGUE_SIGNAL_NAMES_OTHER_TOOL ||
        ret->named_count == CATALOGUE_FINDINGS_EACH)
        return;
    // The words may stand in the scratch room of the one who reads.
    struct slice words = arena_copy(arena, finding->words);
    if (words.data != NULL)
        ret->named[ret->named_count++] = words;
}

bool stack_read_tool(const struct json_doc *doc, uint32_t node, struct slice server,
                     struct arena *arena, struct stack_tool *ret)
{
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    *ret = (struct stack_tool){0};
    catalogue_read_tool(doc, node, &scratch, &tool);
    if (tool.server.length == 0)
        tool.server = server;
    catalogue_classify(&tool, &verdict);
    ret->category = verdict.category;
    size_t count = catalogue_find_signals(&tool, findings, CATALOGUE_FINDINGS_MAX);
    for (size_t i = 0; i < count; i++)
        take_finding(&findings[i], arena, ret);
    ret->misleads = catalogue_misleads(findings, count);
    // What the classifier reads of a long name is only its start.
    uint32_t name = json_get(doc, node, "name");
    if (name == JSON_NONE)
        name = json_get(doc, node, "tool");
    if (name != JSON_NONE && json_type(doc, name) == JSON_STRING)
        ret->name = json_string(doc, name, arena);
    return ret->name.data != NULL && ret->name.length > 0;
}

// ---- One tool under one policy

static enum stack_outcome outcome_of(const struct policy_outlook *outlook)
{
    switch (outlook->reach) {
    case POLICY_REACH_ASKS: return STACK_ASKS;
    case POLICY_REACH_DEPENDS: return STACK_DEPENDS;
    case POLICY_REACH_OPEN: return outlook->bound_count > 0 ? STACK_LIMITED : STACK_FREE;
    case POLICY_REACH_NEVER: break;
    }
    return outlook->hidden ? STACK_HIDDEN : STACK_DENIED;
}

static int judge(struct stack_report *report, const struct stack *stack,
                 const struct stack_row *row, const struct policy *policy, struct stack_view *ret)
{
    struct policy_outlook outlook;
    const struct policy_call call = {.subject = POLICY_TOOL,
                                     .name = row->tool->name,
                                     .args = JSON_NONE,
                                     .category = row->tool->category,
                                     .server = row->server->name,
                                     .grant_label = stack->grant_label,
                                     .grant_tags = stack->grant_tags,
                                     .grant_tag_count = stack->grant_tag_count};
    int result = policy_foresee(policy, &call, &report->arena, &outlook);
    if (result != 0)
        return result;
    *ret = (struct stack_view){.outcome = outcome_of(&outlook),
                               .listed = outlook.listed,
                               .may_ask = outlook.may_ask,
                               .rule = outlook.rule,
                               .bounds = outlook.bounds,
                               .bound_count = outlook.bound_count};
    if (ret->outcome <= STACK_DEPENDS)
        ret->calls = worst_of_bounds(ret->bounds, ret->bound_count);
    ret->same = worst_of_fuse(outlook.fuse, ret->calls);
    return 0;
}

bool row_is_open(const struct stack_row *row, enum stack_when when)
{
    return row->views[when].outcome <= STACK_DEPENDS;
}

// ---- Starter policies

int stack_write_starter(struct buffer *out, const struct stack_server *server)
{
    struct catalogue_entry *entries = memory_try_new((server->count + 1) * sizeof *entries);
    if (entries == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < server->count; i++)
        entries[i] = (struct catalogue_entry){.name = server->tools[i].name,
                                              .category = server->tools[i].category,
                                              .misleads = server->tools[i].misleads};
    int result = catalogue_write_policy(out, server->name, entries, server->count);
    memory_free(entries);
    return result;
}

static int make_starter(const struct stack_server *server, const struct policy **ret)
{
    struct buffer text;
    struct policy *policy = NULL;
    struct policy_problems problems = {0};
    buffer_init(&text, 0);
    int result = stack_write_starter(&text, server);
    if (result == 0)
        result = policy_compile(buffer_slice(&text), SLICE_LITERAL("starter"), &policy, &problems);
    *ret = policy;
    policy_problems_release(&problems);
    buffer_release(&text);
    return result == ERROR_CONFIG ? ERROR_INTERNAL : result;
}

// ---- The whole

static int prepare(const struct stack *stack, struct stack_report *report)
{
    size_t tools = 0;
    for (size_t i = 0; i < stack->count && tools <= STACK_TOOLS_MAX; i++)
        tools += stack->servers[i].count > STACK_TOOLS_MAX ? STACK_TOOLS_MAX + 1
                                                           : stack->servers[i].count;
    if (tools > STACK_TOOLS_MAX || stack->count > STACK_SERVERS_MAX)
        return ERROR_TOO_LARGE;
    report->starters =
        arena_take_zeroed(&report->arena, (stack->count + 1) * sizeof *report->starters);
    report->rows = arena_take_zeroed(&report->arena, (tools + 1) * sizeof *report->rows);
    return report->starters == NULL || report->rows == NULL ? ERROR_NO_MEMORY : 0;
}

static int look_at_tool(const struct stack *stack, const struct policy *starter,
                        struct stack_report *report, struct stack_row *row)
{
    row->views[STACK_NOW] = (struct stack_view){
        .outcome = STACK_FREE, .listed = true, .calls = STACK_UNLIMITED, .same = STACK_UNLIMITED};
    if (row->tool->waits)
        row->views[STACK_NOW] =
            (struct stack_view){.outcome = STACK_DENIED, .rule = SLICE_LITERAL("(quarantined)")};
    int result = row->server->judged && !row->tool->waits
                     ? judge(report, stack, row, row->server->policy, &row->views[STACK_NOW])
                     : 0;
    return result != 0 ? result : judge(report, stack, row, starter, &row->views[STACK_STARTER]);
}

static int look_at_server(const struct stack *stack, const struct stack_server *server,
                          struct stack_report *report)
{
    const struct policy *starter = NULL;
    int result = make_starter(server, &starter);
    if (result != 0)
        return result;
    report->starters[report->starter_count++] = starter;
    for (size_t i = 0; i < server->count && result == 0; i++) {
        struct stack_row *row = &report->rows[report->count++];
        *row = (struct stack_row){.server = server, .tool = &server->tools[i]};
        result = look_at_tool(stack, starter, report, row);
    }
    return result;
}

int stack_look(const struct stack *stack, struct stack_report *ret)
{
    *ret = (struct stack_report){0};
    arena_init(&ret->arena, ARENA_MAX);
    int result = prepare(stack, ret);
    for (size_t i = 0; i < stack->count && result == 0; i++)
        result = look_at_server(stack, &stack->servers[i], ret);
    for (int when = 0; when < STACK_WHENS && result == 0; when++)
        result = worst_look(ret, (enum stack_when)when);
    return result != 0 ? result : combine_look(stack, ret);
}

void stack_report_release(struct stack_report *report)
{
    for (size_t i = 0; i < report->starter_count; i++)
        policy_unref((struct policy *)report->starters[i]);
    arena_release(&report->arena);
    *report = (struct stack_report){0};
}
