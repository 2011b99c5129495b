// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The worst of ten minutes: known limits by hand, and for random policies calls played against
// plain counters, as fast as they let them through: what passed in any ten minutes is never more
// than said.
#include "lib/unit.h"
#include "scene.h"

#include "base/buffer.h"

#include <stdlib.h>

#define TOOL(name) "{'name':'" name "','description':'x','inputSchema':{'type':'object'}}"

struct row {
    const char *limits;
    uint64_t calls;
    const char *sum; // "" for none
};
static const struct row rows[] = {
    {"'limits':[{'counter':'c','window':'minute','max':30}]", 300, ""},
    {"'limits':[{'counter':'c','window':'minute','max':30,'algorithm':'fixed'}]", 330, ""},
    {"'limits':[{'counter':'c','window':'hour','max':7}]", 7, ""},
    {"'limits':[{'counter':'c','window':'hour','max':7,'algorithm':'fixed'}]", 14, ""},
    {"'limits':[{'counter':'c','window':'month','max':7,'algorithm':'fixed'}]", 14, ""},
    {"'limits':[{'counter':'c','window':'3m','max':2}]", 8, ""},
    {"'limits':[{'counter':'c','window':'3m','max':2,'algorithm':'fixed'}]", 10, ""},
    {"'limits':[{'counter':'c','window':'minute','max':2.9}]", 20, ""},
    {"'limits':[{'counter':'c','window':'minute','max':1e30}]", STACK_UNLIMITED, ""},
    {"'limits':[{'counter':'c','window':'minute','max':3,'scope':'session'}]", STACK_UNLIMITED, ""},
    {"'limits':[{'counter':'c','window':'minute','max':3,'count':'successes'}]", STACK_UNLIMITED,
     ""},
    {"'limits':[{'counter':'c','window':'minute','max':3,'per':'args.x'}]", STACK_UNLIMITED, ""},
    {"'limits':[{'counter':'c','window':'minute','max':3,'per':'tool.name'}]", 30, ""},
    {"'limits':[{'counter':'c','window':'minute','max':3,'per':'client.name'}]", STACK_UNLIMITED,
     ""},
    {"'rate_limit':{'max':3,'window':60}", STACK_UNLIMITED, ""},
    {"'limits':[{'counter':'c','window':'minute','max':3},{'counter':'d','window':'hour','max':5}]",
     5, ""},
    {"'limits':[{'counter':'c','window':'minute','max':0.5,'increment_from':'args.x'}]",
     STACK_UNLIMITED, "5"},
    {"'limits':[{'counter':'c','window':'day','max':0.5,'increment_from':'args.x','per':'args.y'}]",
     STACK_UNLIMITED, ""},
    {"'limits':[{'counter':'c','window':'day','max':100,'increment_from':'args.x'},"
     "{'counter':'d','window':'minute','max':2}],"
     "'require':[{'conditions':[{'path':'args.x','op':'lte','value':1.25}]}]",
     20, "25"},
    {"'action':'require_approval','limits':[{'counter':'c','window':'minute','max':3}]", 0, ""},
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene scene;
        char policy[1024], most[DECIMAL_TEXT_SIZE] = "";
        scene_init(&scene);
        snprintf(policy, sizeof policy, "{'version':'1','default':'deny','tools':{'t':{%s}}}",
                 rows[i].limits);
        scene_add(&scene, "s", TOOL("t"), policy);
        scene_look(&scene);
        if (scene.report.sum_count > 0)
            decimal_format(scene.report.sums[0].most, most);
        if (scene_row(&scene, "t")->views[STACK_NOW].calls != rows[i].calls ||
            strcmp(most, rows[i].sum) != 0)
            fail_msg("%s: %llu calls, sum '%s'", rows[i].limits,
                     (unsigned long long)scene_row(&scene, "t")->views[STACK_NOW].calls, most);
        scene_release(&scene);
    }
}

// ---- Several tools

static const struct stack_worst *all_of(const struct scene *scene, enum stack_when when)
{
    return &scene->report.worst[when][STACK_ALL_CATEGORIES];
}

static void test_shared(void **state)
{
    struct scene scene;
    struct buffer says;
    (void)state;
    scene_init(&scene);
    scene_add(&scene, "s", TOOL("a") "," TOOL("b") "," TOOL("c") "," TOOL("d"),
              "{'version':'1','default':'deny',"
              "'all_tools':{'limits':[{'counter':'all','window':'hour','max':50}]},'tools':{"
              "'a':{'limits':[{'counter':'ab','window':'minute','max':2}]},"
              "'b':{'limits':[{'counter':'ab','window':'minute','max':3}]},"
              "'c':{'limits':[{'counter':'c','window':'minute','max':9}]},"
              "'d':{'action':'require_approval'}}}");
    scene_add(&scene, "t", TOOL("e"),
              "{'version':'1','default':'allow',"
              "'all_tools':{'limits':[{'counter':'all','window':'hour','max':4}]}}");
    scene_look(&scene);
    // a and b: 30 together; c: 50; all of s: 50; e has a counter of its own server.
    assert_int_equal(all_of(&scene, STACK_NOW)->calls, 54);
    assert_int_equal(all_of(&scene, STACK_NOW)->open, 4);
    assert_int_equal(all_of(&scene, STACK_NOW)->asking, 1);
    buffer_init(&says, 0);
    stack_say_worst(&says, all_of(&scene, STACK_NOW));
    assert_true(slice_equal_string(buffer_slice(&says),
                                   "at most 54 calls of 4 tools, calls of 1 only with a person"));
    buffer_release(&says);
    scene_release(&scene);
}

// ---- Random limits, played

enum { PLAYED_TOOLS = 4, ROUNDS = 400, PLAYED_MS = 25 * 60 * 1000, STEP_MS = 5000, LOG = 40000 };

struct played {
    unsigned window_s, max, counter; // of each tool's one limit
    bool fixed;
};
struct plain_counter {
    int64_t at[LOG];
    size_t count;
};

static unsigned chance(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(*state >> 33) % below;
}

static bool passes(const struct plain_counter *counter, const struct played *limit, int64_t now)
{
    size_t inside = 0;
    int64_t window = (int64_t)limit->window_s * 1000;
    for (size_t i = counter->count; i-- > 0;) {
        bool in =
            limit->fixed ? counter->at[i] / window == now / window : counter->at[i] > now - window;
        if (!in)
            break;
        inside++;
    }
    return inside + 1 <= limit->max;
}

static uint64_t most_in_ten_minutes(const int64_t *at, size_t count)
{
    size_t from = 0, most = 0;
    for (size_t to = 0; to < count; to++) {
        while (at[from] <= at[to] - STACK_WINDOW_MS)
            from++;
        most = to - from + 1 > most ? to - from + 1 : most;
    }
    return most;
}

// The last limit is that of all tools together; `max` 0: there is none.
static void write_policy(struct buffer *out, const struct played *limits)
{
    const struct played *all = &limits[PLAYED_TOOLS];
    buffer_append_string(out, "{'version':'1','default':'deny',");
    if (all->max > 0)
        buffer_append_format(out,
                             "'all_tools':{'limits':[{'counter':'all','window':%u,'max':%u%s}]},",
                             all->window_s, all->max, all->fixed ? ",'algorithm':'fixed'" : "");
    buffer_append_string(out, "'tools':{");
    for (size_t i = 0; i < PLAYED_TOOLS; i++)
        buffer_append_format(out,
                             "%s'%c':{'limits':[{'counter':'c%u%u%d','window':%u,'max':%u%s}]}",
                             i == 0 ? "" : ",", (char)('a' + (int)i), limits[i].counter,
                             limits[i].window_s, limits[i].fixed, limits[i].window_s, limits[i].max,
                             limits[i].fixed ? ",'algorithm':'fixed'" : "");
    buffer_append(out, SLICE_LITERAL("}}\0"));
}

static bool same(const struct played *a, const struct played *b)
{
    return a->counter == b->counter && a->window_s == b->window_s && a->fixed == b->fixed;
}

// Calls come in bursts at random times, each tool as often as its counters let it.
static uint64_t play(uint64_t *seed, const struct played *limits)
{
    static struct plain_counter counters[PLAYED_TOOLS + 1];
    struct plain_counter *all = &counters[PLAYED_TOOLS];
    for (size_t i = 0; i <= PLAYED_TOOLS; i++)
        counters[i].count = 0;
    int64_t start = chance(seed, 100000);
    for (int64_t now = start; now < start + PLAYED_MS; now += 1 + chance(seed, STEP_MS))
        for (size_t i = 0; i < PLAYED_TOOLS; i++) {
            size_t home = 0;
            while (!same(&limits[home], &limits[i]))
                home++;
            struct plain_counter *counter = &counters[home];
            while (all->count < LOG && passes(counter, &limits[i], now) &&
                   (limits[PLAYED_TOOLS].max == 0 || passes(all, &limits[PLAYED_TOOLS], now)))
                all->at[all->count++] = counter->at[counter->count++] = now;
        }
    return most_in_ten_minutes(all->at, all->count);
}

static void test_played(void **state)
{
    static const unsigned windows[] = {20, 60, 90, 420, 600, 660, 3600};
    uint64_t seed = 7;
    size_t reached = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct scene scene;
        struct played limits[PLAYED_TOOLS + 1];
        struct buffer policy;
        for (size_t i = 0; i < PLAYED_TOOLS; i++)
            limits[i] = (struct played){windows[chance(&seed, 7)], 1 + chance(&seed, 6),
                                        chance(&seed, 2), chance(&seed, 3) == 0};
        limits[PLAYED_TOOLS] =
            (struct played){windows[chance(&seed, 7)], chance(&seed, 2) * (1 + chance(&seed, 20)),
                            9, chance(&seed, 3) == 0};
        buffer_init(&policy, 0);
        write_policy(&policy, limits);
        scene_init(&scene);
        scene_add(&scene, "s", TOOL("a") "," TOOL("b") "," TOOL("c") "," TOOL("d"), policy.data);
        scene_look(&scene);
        uint64_t said = all_of(&scene, STACK_NOW)->calls, seen = play(&seed, limits);
        if (seen > said)
            fail_msg("%s: %llu passed, %llu said", policy.data, (unsigned long long)seen,
                     (unsigned long long)said);
        reached += seen * 10 >= said * 7;
        scene_release(&scene);
        buffer_release(&policy);
    }
    // What is said is not far from what can happen.
    assert_true(reached > ROUNDS / 2);
}

// ---- Under a fuse

static const struct stack_combination *loop_of(const struct scene *scene)
{
    const struct stack_combination *found = scene_danger(scene, STACK_RUNAWAY);
    assert_non_null(found);
    return found;
}

static void check_says(const struct scene *scene, const char *wanted)
{
    struct buffer says;
    buffer_init(&says, 0);
    stack_say_worst(&says, all_of(scene, STACK_NOW));
    if (!slice_equal_string(buffer_slice(&says), wanted))
        fail_msg("says: %.*s", SLICE_PRINT(buffer_slice(&says)));
    buffer_release(&says);
}

static void test_fuse(void **state)
{
    struct scene scene;
    (void)state;
    scene_init(&scene);
    scene_add(
        &scene, "s", TOOL("create_a") "," TOOL("create_b"),
        "{'version':'1','default':'allow','runaway':{'identical_calls':{'max':20,'window':"
        "'minute'}},'tools':{'create_b':{'limits':[{'counter':'c','window':'hour','max':7}]}}}");
    scene_look(&scene);
    const struct stack_view *a = &scene_row(&scene, "create_a")->views[STACK_NOW];
    const struct stack_view *b = &scene_row(&scene, "create_b")->views[STACK_NOW];
    assert_true(a->calls == STACK_UNLIMITED && a->same == 200);
    assert_true(b->calls == 7 && b->same == 7);
    check_says(&scene, "any number of calls of 1 tool (at most 200 with the same arguments), calls "
                       "of 1 under limits");
    assert_int_equal(loop_of(&scene)->states[STACK_NOW], STACK_RESTRICTED);
    // Another server's tool without one: the loop is there again.
    scene_add(&scene, "t", TOOL("create_c"), "{'version':'1','default':'allow'}");
    stack_report_release(&scene.report);
    scene_look(&scene);
    check_says(&scene, "any number of calls of 2 tools (1 of them: at most 200 with the same "
                       "arguments), calls of 1 under limits");
    assert_int_equal(loop_of(&scene)->states[STACK_NOW], STACK_POSSIBLE);
    assert_true(scene_row(&scene, "create_c")->views[STACK_NOW].same == STACK_UNLIMITED);
    scene_release(&scene);
}

// The same call again and again, as often as the fuse lets it without blowing.
static void test_fuse_played(void **state)
{
    static const unsigned windows[] = {20, 60, 90, 420, 600, 660, 3600};
    static struct plain_counter counter;
    uint64_t seed = 11;
    size_t reached = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct scene scene;
        char policy[256];
        struct played fuse = {windows[chance(&seed, 7)], 2 + chance(&seed, 9), 0, false};
        snprintf(policy, sizeof policy,
                 "{'version':'1','default':'allow','runaway':{'identical_calls':{'max':%u,'window':"
                 "%u}}}",
                 fuse.max, fuse.window_s);
        scene_init(&scene);
        scene_add(&scene, "s", TOOL("a"), policy);
        scene_look(&scene);
        counter.count = 0;
        for (int64_t now = chance(&seed, 100000), end = now + PLAYED_MS; now < end;
             now += 1 + chance(&seed, STEP_MS))
            while (passes(&counter, &fuse, now))
                counter.at[counter.count++] = now;
        uint64_t said = scene_row(&scene, "a")->views[STACK_NOW].same,
                 seen = most_in_ten_minutes(counter.at, counter.count);
        if (seen > said)
            fail_msg("%s: %llu passed, %llu said", policy, (unsigned long long)seen,
                     (unsigned long long)said);
        reached += seen * 10 >= said * 7;
        scene_release(&scene);
    }
    assert_true(reached > ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_shared),
                                       cmocka_unit_test(test_played), cmocka_unit_test(test_fuse),
                                       cmocka_unit_test(test_fuse_played)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
