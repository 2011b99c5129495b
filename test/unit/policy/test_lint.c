// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lint: what it says of known documents, and that what it calls impossible never happens to random
// policies and calls.
#include "lib/unit.h"

#include "base/buffer.h"
#include "base/table.h"
#include "generator.h"
#include "policy/policy.h"

#include <stdlib.h>

enum { ARENA = 64 << 20, ROUNDS = 12000, CALLS = 25 };

static struct policy *compile(struct slice text)
{
    struct policy *policy;
    struct policy_problems problems;
    if (policy_compile(text, SLICE_LITERAL("p"), &policy, &problems) != 0)
        fail_msg("%s\n%.*s", problems.items[0].text, SLICE_PRINT(text));
    policy_problems_release(&problems);
    return policy;
}

// ---- Known documents; "'" stands for a quote

#define CASE(tools) "{'version':'1','default':'deny','tools':{" tools "}}"
#define COND(path, op, value) "{'path':'" path "','op':'" op "','value':" value "}"
#define ONE(list, conditions) "'" list "':[{'conditions':[" conditions "]}]"
#define NOT_FOUND "" // nothing is to be said

static const struct {
    const char *document;
    const char *kinds; // in order, with spaces behind each
} known[] = {
    {CASE("'a':{}"), NOT_FOUND},
    // Numbers
    {CASE("'a':{" ONE("require", COND("args.x", "gt", "1") "," COND("args.x", "lt", "1.0")) "}"),
     "no-call-passes "},
    {CASE("'a':{" ONE("require", COND("args.x", "gte", "1") "," COND("args.x", "lte", "1.0")) "}"),
     NOT_FOUND},
    {CASE("'a':{" ONE("deny_if", COND("args.x", "gt", "1") "," COND("args.x", "lte", "1e0")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("require", COND("args.x", "lte", "5")) "," ONE(
         "deny_if", COND("args.x", "gt", "5")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("require", COND("args.x", "lte", "5")) "," ONE(
         "deny_if", COND("args.x", "gt", "4")) "}"),
     NOT_FOUND},
    {CASE("'a':{" ONE("require", COND("args.x", "lte", "5")) "," ONE(
         "deny_if", COND("args.x", "lt", "6")) "}"),
     "always-holds "},
    {CASE("'a':{" ONE("require", COND("args.x[*]", "lte", "5")) "," ONE(
         "deny_if", COND("args.x[*]", "gt", "5")) "}"),
     NOT_FOUND},
    // Lists, tried one by one
    {CASE("'a':{" ONE("require", COND("args.x", "in", "[1,'b']")) "," ONE(
         "approve_if", COND("args.x", "eq", "'c'")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("require", COND("args.x", "in", "['ab','ac']")) "," ONE(
         "deny_if", COND("args.x", "starts_with", "'a'")) "}"),
     "always-holds "},
    {CASE("'a':{" ONE("require",
                      COND("args.x", "eq", "null") "," COND("args.x", "exists", "false")) "}"),
     NOT_FOUND},
    {CASE("'a':{" ONE("require",
                      COND("args.x", "lt", "1") "," COND("args.x", "exists", "false")) "}"),
     "no-call-passes "},
    {CASE("'a':{" ONE("require", COND("args.x", "eq", "'/etc/x'") "," COND("args.x", "within_path",
                                                                           "'/srv'")) "}"),
     "no-call-passes "},
    // Texts, lengths, types
    {CASE("'a':{" ONE("deny_if", COND("args.x", "ends_with",
                                      "'.exe'") "," COND("args.x", "ends_with", "'.com'")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("deny_if", COND("args.x", "starts_with",
                                      "'abc'") "," COND("args.x", "length_lt", "3")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("deny_if", COND("args.x", "length_lt", "0")) "}"), "never-holds "},
    {CASE("'a':{" ONE("deny_if",
                      COND("args.x", "length_gt", "3") "," COND("args.x", "length_lte", "3")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("deny_if",
                      COND("args.x", "gt", "3") "," COND("args.x", "contains", "'3'")) "}"),
     NOT_FOUND},
    {CASE("'a':{" ONE("deny_if", COND("args.x", "gt", "3") "," COND("args.x", "regex", "'3'")) "}"),
     "never-holds "},
    {CASE("'a':{" ONE("deny_if", COND("args.x", "contains",
                                      "'k'") "," COND("args.x", "not_contains", "'k'")) "}"),
     "never-holds "},
    // What time and tools can be
    {CASE("'a':{" ONE("deny_if", COND("time.hour", "gte", "24")) "}"), "never-holds "},
    {CASE("'a':{" ONE("deny_if", COND("time.weekday", "eq", "0")) "}"), "never-holds "},
    {CASE("'a':{" ONE("require", COND("time.weekday", "lte", "7")) "}"), "always-holds "},
    {CASE("'a':{" ONE("require", COND("tool.name", "eq", "'b'")) "}"), "no-call-passes "},
    {CASE("'a*':{" ONE("deny_if", COND("tool.name", "in", "['b','c']")) "}"), "never-holds "},
    {CASE("'a*':{" ONE("deny_if", COND("tool.name", "in", "['b','ac']")) "}"), NOT_FOUND},
    {CASE("'@read':{" ONE("deny_if", COND("tool.category", "eq", "'Write'")) "}"), "never-holds "},
    // Never reached
    {CASE("'a':{" ONE("deny_if", "") ",'limits':[{'counter':'c','window':'day','max':1}]}"),
     "unreachable-rule "},
    {CASE("'a':{'deny_if':[{'conditions':[" COND("args.x", "gt", "1") "]},{'conditions':[" COND(
         "args.x", "gt", "2") "]}]}"),
     "shadowed "},
    {CASE("'a':{'deny_if':[{'conditions':[" COND("args.x", "gt", "2") "]},{'conditions':[" COND(
         "args.x", "gt", "1") "]}]}"),
     NOT_FOUND},
    {CASE("'a*':{},'a?*':{}"), "always-tied "},
    {"{'version':'1','default':'deny','hide':['a*'],'tools':{'ab':{},'b':{},'a*c':{}}}",
     "hidden-rule hidden-rule "},
    {CASE("'@read':{},'@write':{},'@execute':{},'@destructive':{},'@financial':{},'*':{}"),
     "unreachable-rule "},
    {"{'version':'1','default':'allow'}", "default-allow default-allow "},
    {"{'version':'1','default':'allow','hide':['@destructive'],'tools':{'@financial':{'action':'"
     "deny'}}}",
     NOT_FOUND},
    // Observing
    {CASE("'a':{'mode':'observe'},'b':{'deny_if':[{'mode':'observe','conditions':[]}],'limits':[{'"
          "counter':'c','window':'day','max':1,'mode':'observe'}]}"),
     "observes observes observes "},
    {CASE("'a':{'require':[{'mode':'observe','conditions':[" COND("args.x", "gt", "5") "]}]," ONE(
         "deny_if", COND("args.x", "lt", "5")) "}"),
     "observes "},
    // Expressions
    {CASE("'a':{" ONE("require", COND("args.x", "regex", "'^(a+)+$'")) "}"),
     "expression-gives-up "},
    {CASE("'a':{" ONE("require", COND("args.x", "regex", "'^run(x|y|xy)*z'")) "}"),
     "expression-gives-up "},
    {CASE("'a':{" ONE("require", COND("args.x", "regex", "'^([a-z]+ ?)+$'")) "}"),
     "expression-gives-up "},
    {CASE("'a':{" ONE("require",
                      COND("args.x", "regex", "'^[a-z0-9._%+-]+@[a-z0-9.-]+[.][a-z]{2,}$'")) "}"),
     NOT_FOUND},
    {CASE("'a':{" ONE("require",
                      COND("args.x", "regex", "'(?i)\\\\b(drop|delete|truncate)\\\\b'")) "}"),
     NOT_FOUND},
};

// ---- With tools

static const char definitions[] =
    "[{'name':'add_order','description':'Places an "
    "order.','inputSchema':{'type':'object','required':['pair'],'properties':{"
    "'pair':{'type':'string','enum':['XBT','ETH']},'volume':{'type':'number'},'price':{'type':'"
    "string'},"
    "'tags':{'type':'array','items':{'$ref':'#/$defs/"
    "tag'}},'odd':{'anyOf':[{'type':'string'},{'type':'number'}]}},"
    "'$defs':{'tag':{'type':'string'}}}},"
    "{'name':'get_ticker','description':'Reads a "
    "price.','inputSchema':{'type':'object','properties':{'pair':{'type':'string'}}}},"
    "{'name':'delete_account','description':'Deletes the account for "
    "ever.','inputSchema':{'type':'object'}}]";
static const struct {
    const char *document;
    const char *kinds;
    const char *part; // of a finding's text; NULL: any
} with_tools[] = {
    {CASE("'add_order':{},'get_*':{}"), NOT_FOUND, NULL},
    {CASE("'add_ordr':{}"), "no-such-tool ", "did you mean 'add_order'?"},
    {CASE("'list_*':{}"), "no-such-tool ", "'list_*' matches no tool"},
    {CASE("'@write':{}"), "no-such-tool ", "category '@write'"},
    {"{'version':'1','default':'deny','hide':['withdraw']}", "no-such-tool ", NULL},
    {CASE("'get_ticker':{},'get_*':{}"), "unreachable-rule ", "more specific"},
    {CASE("'add_order':{" ONE("require", COND("args.vlume", "lt", "1")) "}"), "no-such-argument ",
     "did you mean 'volume'?"},
    {CASE("'*':{" ONE("deny_if", COND("args.volume", "lt", "1")) "}"), NOT_FOUND, NULL},
    {CASE("'add_order':{" ONE("require", COND("args.price", "lt", "1")) "}"), "type-never-fits ",
     "'lt'"},
    {CASE("'add_order':{" ONE("require",
                              "{'path':'args.price','op':'lt','value':1,'as':'number'}") "}"),
     NOT_FOUND, NULL},
    {CASE("'add_order':{" ONE("require", COND("args.volume", "starts_with", "'1'")) "}"),
     "type-never-fits ", NULL},
    {CASE("'add_order':{" ONE("deny_if", COND("args.tags[*]", "gt", "1")) "}"), "type-never-fits ",
     NULL},
    {CASE("'add_order':{" ONE("deny_if", COND("args.tags[*]", "eq", "'x'")) "}"), NOT_FOUND, NULL},
    {CASE("'add_order':{" ONE("require", COND("args.pair", "in", "['XBT','DOGE']")) "}"),
     "value-never-comes ", "is never \"DOGE\""},
    {CASE("'add_order':{" ONE("require", COND("args.volume", "eq", "'1'")) "}"),
     "value-never-comes ", NULL},
    {CASE("'add_order':{" ONE(
         "require", COND("args.odd", "gt", "1") "," COND("args.odd.deep", "gt", "1")) "}"),
     NOT_FOUND, NULL},
    {CASE("'add_order':{'limits':[{'counter':'v','window':'day','max':1,'increment_from':'args."
          "volume'}]}"),
     "amount-not-required ", NULL},
    {CASE("'add_order':{'limits':[{'counter':'v','window':'day','max':1,'increment_from':'args."
          "price'}]}"),
     "type-never-fits amount-not-required ", NULL},
    {"{'version':'1','default':'allow','hide':['@financial'],'tools':{'@destructive':{}}}",
     NOT_FOUND, NULL},
    {"{'version':'1','default':'allow','tools':{'@financial':{}}}", "default-allow default-allow ",
     "'delete_account' can do lasting harm"},
};

static char *plain(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

static void check_known(const char *document, const char *kinds, const char *part,
                        const struct policy_tool *tools, size_t count)
{
    struct arena arena;
    struct policy_findings all;
    struct buffer found, texts;
    char *text = plain(document);
    struct policy *policy = compile(slice_from_string(text));
    arena_init(&arena, ARENA);
    buffer_init(&found, 0);
    buffer_init(&texts, 0);
    assert_int_equal(policy_lint(policy, tools, count, &arena, &all), 0);
    for (size_t i = 0; i < all.count; i++) {
        buffer_append_format(&found, "%s ", all.items[i].kind);
        buffer_append_format(&texts, "%.*s\n", SLICE_PRINT(all.items[i].text));
        assert_true(all.items[i].at.line == 1 && all.items[i].at.column > 1);
        assert_true(all.items[i].advice.length > 10);
    }
    buffer_append(&texts, SLICE_LITERAL("\0"));
    if (!slice_equal_string(buffer_slice(&found), kinds))
        fail_msg("%s\nexpected %s, found %.*s\n%s", text, kinds, SLICE_PRINT(buffer_slice(&found)),
                 buffer_slice(&texts).data);
    if (part != NULL && strstr(buffer_slice(&texts).data, part) == NULL)
        fail_msg("%s\n'%s' is not in %s", text, part, buffer_slice(&texts).data);
    assert_false(all.too_many);
    buffer_release(&found);
    buffer_release(&texts);
    arena_release(&arena);
    policy_unref(policy);
    free(text);
}

static void known_documents_get_known_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_known(known[i].document, known[i].kinds, NULL, NULL, 0);
}

static void rules_are_held_against_the_tools_of_a_server(void **state)
{
    struct arena arena;
    struct json_doc doc;
    struct policy_tool *tools;
    size_t count;
    char *text = plain(definitions);
    (void)state;
    arena_init(&arena, ARENA);
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, NULL, NULL), 0);
    assert_int_equal(policy_read_tools(&doc, 0, SLICE_LITERAL("kraken"), &arena, &tools, &count),
                     0);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < sizeof with_tools / sizeof *with_tools; i++)
        check_known(with_tools[i].document, with_tools[i].kinds, with_tools[i].part, tools, count);
    json_doc_release(&doc);
    arena_release(&arena);
    free(text);
}

// ---- Random policies: what is said to be impossible is

struct claims {
    struct table never;    // predicates that never hold, by pointer
    struct table always;   // and that always do, once looked at
    struct table hopeless; // rules under which no call passes
    struct table silent;   // predicates that never decide
    struct slice broken;
    size_t never_seen, always_seen, counted[4];
};

static bool is(const struct policy_finding *finding, const char *kind)
{
    return strcmp(finding->kind, kind) == 0;
}

static void claim(struct claims *c, const struct policy_findings *all)
{
    struct table *tables[] = {&c->never, &c->always, &c->hopeless, &c->silent};
    static const char *const kinds[] = {"never-holds", "always-holds", "no-call-passes",
                                        "shadowed"};
    for (size_t i = 0; i < 4; i++)
        table_init(tables[i]);
    c->broken = (struct slice){0};
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = 0; k < 4; k++)
            if (is(&all->items[i], kinds[k])) {
                assert_int_equal(table_put(tables[k], all->items[i].rule, c), 0);
                c->counted[k]++;
            }
}

static void note_looked(void *argument, struct slice pointer, bool held)
{
    struct claims *c = argument;
    bool never = table_get(&c->never, pointer) != NULL;
    c->never_seen += never;
    c->always_seen += table_get(&c->always, pointer) != NULL;
    if (never && held)
        c->broken = pointer;
}

static void hold_to_call(const struct policy *policy, struct policy_call *call, struct claims *c)
{
    const struct policy_watcher watcher = {note_looked, c};
    struct policy_verdict verdict;
    struct arena arena;
    arena_init(&arena, ARENA);
    call->watcher = &watcher;
    policy_decide(policy, call, &arena, &verdict);
    // A trouble is no catch.
    if (table_get(&c->silent, verdict.rule) != NULL &&
        (slice_equal_string(verdict.reason, "because of it") ||
         memmem(verdict.reason.data, verdict.reason.length, "that the policy denies", 22) != NULL))
        c->broken = verdict.rule;
    if (verdict.outcome != POLICY_DENY &&
        (table_get(&c->hopeless, verdict.rule) != NULL ||
         table_get(&c->hopeless, SLICE_LITERAL("/all_tools")) != NULL))
        c->broken = verdict.rule;
    arena_release(&arena);
}

static void hold_to_calls(const struct policy *policy, uint64_t seed, struct claims *c)
{
    struct generator g;
    generator_init(&g, seed, NULL, 0);
    for (int i = 0; i < CALLS && c->broken.data == NULL; i++) {
        struct scene scene;
        generator_call(&g, &scene);
        hold_to_call(policy, &scene.call, c);
        scene_release(&scene);
    }
    generator_release(&g);
}

static void what_is_called_impossible_never_happens(void **state)
{
    struct claims c = {0};
    struct generator g;
    (void)state;
    generator_init(&g, 20261122, NULL, 0);
    for (int round = 0; round < ROUNDS; round++) {
        struct policy_findings all;
        struct arena arena;
        g.modes = round % 4 == 0;
        generator_policy(&g);
        struct policy *policy = compile(buffer_slice(&g.out));
        arena_init(&arena, ARENA);
        assert_int_equal(policy_lint(policy, NULL, 0, &arena, &all), 0);
        claim(&c, &all);
        hold_to_calls(policy, (uint64_t)round, &c);
        if (c.broken.data != NULL)
            fail_msg("%.*s: %.*s", SLICE_PRINT(c.broken), SLICE_PRINT(buffer_slice(&g.out)));
        table_release(&c.never);
        table_release(&c.always);
        table_release(&c.hopeless);
        table_release(&c.silent);
        arena_release(&arena);
        policy_unref(policy);
    }
    generator_release(&g);
    print_message("%zu never, %zu always, %zu hopeless, %zu shadowed; %zu and %zu looked at\n",
                  c.counted[0], c.counted[1], c.counted[2], c.counted[3], c.never_seen,
                  c.always_seen);
    assert_true(c.counted[0] > 50 && c.counted[2] > 20 && c.never_seen > 100);
}

static void a_short_arena_is_an_error_and_no_half_answer(void **state)
{
    char *text = plain(
        CASE("'a':{" ONE("require", COND("args.x", "gt", "1") "," COND("args.x", "lt", "1")) "}"));
    struct policy *policy = compile(slice_from_string(text));
    int result = ERROR_NO_MEMORY;
    (void)state;
    for (size_t size = 64; size < ARENA && result != 0; size += size / 4) {
        struct arena arena;
        struct policy_findings all;
        arena_init(&arena, size);
        result = policy_lint(policy, NULL, 0, &arena, &all);
        assert_true(result == ERROR_NO_MEMORY || (result == 0 && all.count == 1));
        arena_release(&arena);
    }
    assert_int_equal(result, 0);
    policy_unref(policy);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_documents_get_known_findings),
        cmocka_unit_test(rules_are_held_against_the_tools_of_a_server),
        cmocka_unit_test(what_is_called_impossible_never_happens),
        cmocka_unit_test(a_short_arena_is_an_error_and_no_half_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
