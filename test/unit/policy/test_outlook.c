// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What policy_foresee says of a tool is held to what policy_decide does: for known documents word
// by word, for random policies and calls wherever it makes a claim.
#include "generator.h"
#include "lib/unit.h"

#include <stdlib.h>

enum { ARENA = 1 << 20, POLICIES = 6000, CALLS = 12 };

static struct policy *compile(struct slice text)
{
    struct policy *policy;
    struct policy_problems problems;
    int result = policy_compile(text, SLICE_LITERAL("p"), &policy, &problems);
    if (result != 0)
        fail_msg("%s: %.*s", problems.count > 0 ? problems.items[0].text : "?", SLICE_PRINT(text));
    policy_problems_release(&problems);
    return policy;
}

// ---- Known documents

struct row {
    const char *tools; // with ' for "
    const char *wanted;
};
static const struct row rows[] = {
    {"", "never by (default deny)"},
    {"'t':{}", "open by /tools/t"},
    {"'t':{'action':'deny'}", "never by /tools/t/action"},
    {"'t':{'action':'hide'}", "never by (hidden)"},
    {"'t?':{},'?t':{}", "never by (default deny)"},
    {"'*t':{},'t*':{}", "never by (ambiguous selectors)"},
    {"'t':{'action':'require_approval'}", "asks by /tools/t/action"},
    {"'t':{'approve_if':[{'conditions':[]}]}", "asks by /tools/t/approve_if/0"},
    {"'t':{'approve_if':[{'conditions':[{'path':'args.a','op':'exists'}]}]}",
     "depends by /tools/t, may ask"},
    {"'t':{'deny_if':[{'conditions':[]}]}", "never by /tools/t/deny_if/0"},
    {"'t':{'deny_if':[{'conditions':[{'path':'args.a','op':'exists'}]}]}", "depends by /tools/t"},
    {"'t':{'deny_if':[{'conditions':[{'path':'grant.tags','op':'contains','value':'blue'}]}]}",
     "never by /tools/t/deny_if/0"},
    {"'t':{'deny_if':[{'conditions':[{'path':'grant.tags','op':'contains','value':'red'}]}]}",
     "open by /tools/t"},
    {"'t':{'require':[{'conditions':[{'path':'tool.category','op':'eq','value':'Write'}]}]}",
     "open by /tools/t"},
    {"'t':{'require':[{'conditions':[{'path':'grant.label','op':'eq','value':'other'}]}]}",
     "never by /tools/t/require/0"},
    {"'t':{'require':[{'conditions':[{'path':'client.name','op':'eq','value':'x'}]}]}",
     "depends by /tools/t"},
    {"'t':{'rate_limit':{'max':10,'window':60}}", "open by /tools/t, 10 in 60000 of scope 1"},
    {"'t':{'rate_limit':{'max':0.5,'window':60}}", "never by /tools/t/rate_limit"},
    {"'t':{'limits':[{'counter':'c','window':'hour','max':5,'per':'tool.name'}]}",
     "open by /tools/t, 5 in 3600000 of scope 0 per tool.name \"t\""},
    {"'t':{'limits':[{'counter':'c','window':'hour','max':5,'per':'args.x'}]}",
     "depends by /tools/t, 5 in 3600000 of scope 0 per args.x split"},
    {"'t':{'limits':[{'counter':'c','window':'day','max':5,'increment_from':'args.x'}],"
     "'deny_if':[{'conditions':[{'path':'args.x','op':'gt','value':2}]}],"
     "'require':[{'conditions':[{'path':'args.x','op':'lte','value':1.5}]}]}",
     "depends by /tools/t, sum of args.x 5 in 86400000 of scope 0 at most 1.5"},
    {"'t':{'limits':[{'counter':'c','window':'day','max':5,'increment_from':'args.x'}],"
     "'deny_if':[{'conditions':[{'path':'args.y','op':'exists'},{'path':'args.x','op':'gt','value':"
     "2}]}]}",
     "depends by /tools/t, sum of args.x 5 in 86400000 of scope 0"},
};

static const struct {
    const char *tools, *runaway, *wanted;
} fused_rows[] = {
    {"'t':{}", "'identical_calls':{'max':20,'window':'minute'}",
     "open by /tools/t, 20 alike in 60000"},
    {"'t':{'action':'require_approval'}",
     "'identical_calls':{'max':3,'window':'hour'},'denials_in_a_row':9",
     "asks by /tools/t/action, 3 alike in 3600000"},
    {"'t':{}", "'denials_in_a_row':9", "open by /tools/t"},
    {"'t':{'action':'deny'}", "'identical_calls':{'max':20,'window':'minute'}",
     "never by /tools/t/action"},
    {"'t':{'rate_limit':{'max':0.5,'window':60}}", "'identical_calls':{'max':20,'window':'minute'}",
     "never by /tools/t/rate_limit"},
};

static void write_bound(struct buffer *out, const struct policy_bound *bound)
{
    char max[DECIMAL_TEXT_SIZE];
    decimal_format(bound->charge.max, max);
    buffer_append_string(out, ", ");
    if (bound->sum_of.length > 0)
        buffer_append_format(out, "sum of %.*s ", SLICE_PRINT(bound->sum_of));
    buffer_append_format(out, "%s in %lld of scope %d", max, (long long)bound->charge.window_ms,
                         (int)bound->charge.scope);
    if (bound->per.length > 0)
        buffer_append_format(out, " per %.*s", SLICE_PRINT(bound->per));
    if (bound->splits)
        buffer_append_string(out, " split");
    else if (bound->charge.per.length > 0)
        buffer_append_format(out, " %.*s", SLICE_PRINT(bound->charge.per));
    if (bound->has_most) {
        decimal_format(bound->most, max);
        buffer_append_format(out, " at most %s", max);
    }
}

static void write_outlook(struct buffer *out, const struct policy_outlook *outlook)
{
    static const char *const reaches[] = {"never", "asks", "depends", "open"};
    buffer_append_format(out, "%s by %.*s", reaches[outlook->reach], SLICE_PRINT(outlook->rule));
    if (outlook->may_ask && outlook->reach != POLICY_REACH_ASKS)
        buffer_append_string(out, ", may ask");
    for (size_t i = 0; i < outlook->bound_count; i++)
        write_bound(out, &outlook->bounds[i]);
    if (outlook->fuse != NULL)
        buffer_append_format(out, ", %lld alike in %lld", (long long)outlook->fuse->identical_max,
                             (long long)outlook->fuse->window_ms);
}

// `runaway` NULL: the document has none.
static void check_known(const char *tools, const char *runaway, const char *wanted)
{
    static const struct slice tags[] = {{"blue", 4}};
    const struct policy_call call = {.name = SLICE_LITERAL("t"),
                                     .args = JSON_NONE,
                                     .category = CATALOGUE_WRITE,
                                     .server = SLICE_LITERAL("s"),
                                     .grant_label = SLICE_LITERAL("laptop"),
                                     .grant_tags = tags,
                                     .grant_tag_count = 1};
    struct arena arena;
    struct buffer text, said;
    struct policy_outlook outlook;
    buffer_init(&text, 0);
    buffer_init(&said, 0);
    arena_init(&arena, ARENA);
    buffer_append_format(&text, "{'version':'1','default':'deny','tools':{%s}", tools);
    if (runaway != NULL)
        buffer_append_format(&text, ",'runaway':{%s}", runaway);
    buffer_append_string(&text, "}");
    for (size_t k = 0; k < text.length; k++)
        if (text.data[k] == '\'')
            text.data[k] = '"';
    struct policy *policy = compile(buffer_slice(&text));
    assert_int_equal(policy_foresee(policy, &call, &arena, &outlook), 0);
    write_outlook(&said, &outlook);
    if (!slice_equal_string(buffer_slice(&said), wanted))
        fail_msg("%s\n  is     %.*s\n  wanted %s", tools, SLICE_PRINT(buffer_slice(&said)), wanted);
    policy_unref(policy);
    buffer_release(&said);
    buffer_release(&text);
    arena_release(&arena);
}

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_known(rows[i].tools, NULL, rows[i].wanted);
    for (size_t i = 0; i < sizeof fused_rows / sizeof *fused_rows; i++)
        check_known(fused_rows[i].tools, fused_rows[i].runaway, fused_rows[i].wanted);
}

// ---- Random policies and calls

static bool bounds_hold(const struct policy_outlook *outlook, const struct policy_verdict *verdict)
{
    if (outlook->bound_count != verdict->charge_count)
        return false;
    for (size_t i = 0; i < outlook->bound_count; i++) {
        const struct policy_bound *bound = &outlook->bounds[i];
        const struct policy_charge *charge = &verdict->charges[i];
        if (!slice_equal(bound->charge.rule, charge->rule) ||
            decimal_compare(bound->charge.max, charge->max) != 0 ||
            (!bound->splits && !slice_equal(bound->charge.per, charge->per)) ||
            (bound->sum_of.length == 0 &&
             decimal_compare(charge->amount, decimal_from_integer(1)) != 0) ||
            (bound->has_most && decimal_compare(charge->amount, bound->most) > 0))
            return false;
    }
    return true;
}

// What passes is under the fuse of the policy, if that has one; of what never does, nothing is
// said.
static bool fuse_holds(const struct policy *policy, const struct policy_outlook *outlook,
                       bool passes)
{
    const struct policy_runaway *fuse = policy_runaway(policy);
    if (fuse != NULL && fuse->identical_max == 0)
        fuse = NULL;
    return outlook->fuse == NULL ? fuse == NULL || !passes : outlook->fuse == fuse;
}

static bool agrees(const struct policy *policy, const struct policy_outlook *outlook,
                   const struct policy_verdict *verdict)
{
    bool passes = verdict->outcome != POLICY_DENY;
    if (outlook->hidden != verdict->hidden || (passes && !bounds_hold(outlook, verdict)) ||
        (verdict->outcome == POLICY_ASK && !outlook->may_ask) ||
        !fuse_holds(policy, outlook, passes) ||
        (outlook->reach == POLICY_REACH_NEVER && outlook->fuse != NULL))
        return false;
    switch (outlook->reach) {
    case POLICY_REACH_NEVER: return !passes;
    case POLICY_REACH_ASKS: return verdict->outcome != POLICY_ALLOW;
    case POLICY_REACH_OPEN: return verdict->outcome == POLICY_ALLOW;
    case POLICY_REACH_DEPENDS: return true;
    }
    return false;
}

// Of three policies one stops identical calls, and one only denials.
static void add_fuse(struct generator *g, uint64_t seed)
{
    if (seed % 3 == 0)
        return;
    g->out.length--; // the brace at its end
    buffer_append_format(&g->out, ",\"runaway\":{%s}}",
                         seed % 3 == 1 ? "\"identical_calls\":{\"max\":5,\"window\":90}"
                                       : "\"denials_in_a_row\":4");
}

static void test_random(void **state)
{
    size_t seen[4] = {0}, fused = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= POLICIES; seed++) {
        struct generator g;
        struct arena arena;
        generator_init(&g, seed, NULL, 0);
        g.modes = seed % 3 == 0;
        generator_policy(&g);
        add_fuse(&g, seed);
        struct slice out = buffer_slice(&g.out);
        char *text = strndup(out.data, out.length);
        struct policy *policy = compile(slice_of(text, out.length));
        arena_init(&arena, ARENA);
        for (int i = 0; i < CALLS; i++) {
            struct scene scene;
            struct policy_verdict verdict;
            struct policy_outlook outlook;
            generator_call(&g, &scene);
            assert_int_equal(policy_foresee(policy, &scene.call, &arena, &outlook), 0);
            policy_decide(policy, &scene.call, &arena, &verdict);
            seen[outlook.reach]++;
            fused += outlook.fuse != NULL;
            if (!agrees(policy, &outlook, &verdict))
                fail_msg("seed %llu: %s\n%.*s %s: reach %d, outcome %d by %.*s: %.*s",
                         (unsigned long long)seed, text, SLICE_PRINT(scene.call.name),
                         scene.text == NULL ? "-" : scene.text, (int)outlook.reach,
                         (int)verdict.outcome, SLICE_PRINT(verdict.rule),
                         SLICE_PRINT(verdict.reason));
            scene_release(&scene);
            arena_clear(&arena);
        }
        arena_release(&arena);
        policy_unref(policy);
        free(text);
        generator_release(&g);
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(seen[i] > 1000);
    assert_true(fused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
