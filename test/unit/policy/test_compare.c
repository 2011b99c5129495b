// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Comparing policies: sentences for known changes, and that no change of a decision is left out.
#include "generator.h"
#include "lib/unit.h"

#include "base/buffer.h"

#include <stdlib.h>

enum { ARENA = 16 * 1024 * 1024 };

static struct policy *compile(const char *text)
{
    struct policy *policy;
    struct policy_problems problems;
    char *json = strdup(text);
    for (char *at = json; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    int result = policy_compile(slice_from_string(json), SLICE_LITERAL("p"), &policy, &problems);
    if (result != 0)
        fail_msg("%s: %s", text, problems.count > 0 ? problems.items[0].text : "");
    policy_problems_release(&problems);
    free(json);
    return policy;
}

// ---- Known changes

struct row {
    const char *from, *to;
    const char *wanted; // lines "gravity kind from to: sentence"
};

#define TOP "'version':'1','default':"
#define DENY TOP "'deny'"
#define ALLOW TOP "'allow'"
static const struct row rows[] = {
    {"{" DENY "}", "{" DENY "}", ""},
    {"{" DENY ",'tools':{'a':{},'b_*':{'rate_limit':{'max':1,'window':60}}}}",
     "{" DENY ",'description':'x','tools':{'b_*':{'rate_limit':{'window':60,'max':1}},'a':{}}}",
     ""},
    // Names
    {"{" DENY "}", "{" DENY ",'tools':{'a':{}}}",
     "loosened newly_allowed (default deny) /tools/a: tool 'a': was denied, is allowed\n"},
    {"{" DENY ",'tools':{'a':{'action':'deny'}}}", "{" DENY "}", ""},
    {"{" DENY ",'tools':{'a':{}}}", "{" DENY ",'tools':{'a':{'action':'require_approval'}}}",
     "tightened approval_required /tools/a /tools/a: tool 'a': was allowed, is allowed after a "
     "person's approval\n"},
    {"{" DENY ",'tools':{'a':{'action':'require_approval'}}}", "{" DENY ",'tools':{'a':{}}}",
     "loosened approval_dropped /tools/a /tools/a: tool 'a': was allowed after a person's "
     "approval, is allowed\n"},
    {"{" DENY ",'tools':{'get_*':{}}}",
     "{" DENY ",'tools':{'get_*':{},'get_secret':{'action':'hide'}}}",
     "tightened newly_hidden /tools/get_* /tools/get_secret: tool 'get_secret': was allowed, is "
     "hidden\n"},
    {"{" DENY ",'tools':{'get_*':{}}}",
     "{" DENY ",'tools':{'get_*':{},'get_x*':{'action':'deny'}}}",
     "tightened newly_denied /tools/get_* /tools/get_x*: tools that match 'get_x*': was allowed, "
     "is denied\n"},
    {"{" DENY "}", "{" ALLOW "}",
     "loosened newly_allowed (default deny) (default allow): every other tool: was denied, is "
     "allowed\n"
     "loosened newly_allowed (default deny) (default allow): every other resource: was denied, is "
     "allowed\n"
     "loosened newly_allowed (default deny) (default allow): every other prompt: was denied, is "
     "allowed\n"
     "loosened newly_allowed /default /default: methods that are not named: were denied, are "
     "allowed\n"},
    {"{" DENY ",'tools':{'@read':{}}}", "{" DENY ",'tools':{'@read':{},'@write':{}}}",
     "loosened newly_allowed (default deny) /tools/@write: every other tool (category Write): was "
     "denied, is allowed\n"},
    {"{" ALLOW ",'hide':['x_*','@read']}", "{" ALLOW ",'hide':['x_y','@read','*_z']}",
     "loosened no_longer_hidden /hide/0 : tools that match 'x_*': is no longer hidden: its rules "
     "count\n"
     "tightened newly_hidden  /hide/2: tools that match '*_z': is hidden now\n"},
    // Conditions
    {"{" DENY
     ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'lte','value':5}]}]}}}",
     "{" DENY
     ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'lte','value':9}]}]}}}",
     "loosened condition_changed /tools/a/require/0 /tools/a/require/0: tool 'a': must hold: was "
     "[{\"op\":\"lte\",\"path\":\"args.v\",\"value\":5}], is "
     "[{\"op\":\"lte\",\"path\":\"args.v\",\"value\":9}]\n"},
    {"{" DENY
     ",'tools':{'a':{'deny_if':[{'conditions':[{'path':'args.v','op':'gt','value':9}]}]}}}",
     "{" DENY
     ",'tools':{'a':{'deny_if':[{'conditions':[{'path':'args.v','op':'gt','value':5}]}]}}}",
     "tightened condition_changed /tools/a/deny_if/0 /tools/a/deny_if/0: tool 'a': denies: was "
     "[{\"op\":\"gt\",\"path\":\"args.v\",\"value\":9}], is "
     "[{\"op\":\"gt\",\"path\":\"args.v\",\"value\":5}]\n"},
    {"{" DENY
     ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'in','value':[1,2]}]}]}}}",
     "{" DENY
     ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'in','value':[2]}]}]}}}",
     "tightened condition_changed /tools/a/require/0 /tools/a/require/0: tool 'a': must hold: was "
     "[{\"op\":\"in\",\"path\":\"args.v\",\"value\":[1,2]}], is "
     "[{\"op\":\"in\",\"path\":\"args.v\",\"value\":[2]}]\n"},
    {"{" DENY ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'lt','value':5}]},"
     "{'conditions':[{'path':'args.w','op':'starts_with','value':'/srv/a'}]},"
     "{'conditions':[{'path':'args.h','op':'url_host_in','value':['a.x','b.x']}]},"
     "{'conditions':[{'path':'args.e','op':'eq','value':1}]},"
     "{'conditions':[{'path':'args.s','op':'in','value':[1,2]}]}]}}}",
     "{" DENY ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'lte','value':5}]},"
     "{'conditions':[{'path':'args.w','op':'starts_with','value':'/srv/'}]},"
     "{'conditions':[{'path':'args.h','op':'url_host_in','value':'b.x'}]},"
     "{'conditions':[{'path':'args.e','op':'in','value':[1,2]}]},"
     "{'conditions':[{'path':'args.s','op':'in','value':[2,1]}]}]}}}",
     "loosened condition_changed /tools/a/require/0 /tools/a/require/0: tool 'a': must hold: was "
     "[{\"op\":\"lt\",\"path\":\"args.v\",\"value\":5}], is "
     "[{\"op\":\"lte\",\"path\":\"args.v\",\"value\":5}]\n"
     "loosened condition_changed /tools/a/require/1 /tools/a/require/1: tool 'a': must hold: was "
     "[{\"op\":\"starts_with\",\"path\":\"args.w\",\"value\":\"/srv/a\"}], is "
     "[{\"op\":\"starts_with\",\"path\":\"args.w\",\"value\":\"/srv/\"}]\n"
     "loosened condition_changed /tools/a/require/3 /tools/a/require/3: tool 'a': must hold: was "
     "[{\"op\":\"eq\",\"path\":\"args.e\",\"value\":1}], is "
     "[{\"op\":\"in\",\"path\":\"args.e\",\"value\":[1,2]}]\n"
     "tightened condition_changed /tools/a/require/2 /tools/a/require/2: tool 'a': must hold: was "
     "[{\"op\":\"url_host_in\",\"path\":\"args.h\",\"value\":[\"a.x\",\"b.x\"]}], is "
     "[{\"op\":\"url_host_in\",\"path\":\"args.h\",\"value\":\"b.x\"}]\n"},
    {"{" DENY
     ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'regex','value':'^a'}]}]}}}",
     "{" DENY
     ",'tools':{'a':{'require':[{'conditions':[{'path':'args.v','op':'regex','value':'^b'}]}]}}}",
     "altered condition_changed /tools/a/require/0 /tools/a/require/0: tool 'a': must hold: was "
     "[{\"op\":\"regex\",\"path\":\"args.v\",\"value\":\"^a\"}], is "
     "[{\"op\":\"regex\",\"path\":\"args.v\",\"value\":\"^b\"}]; cannot tell whether that is "
     "wider\n"},
    {"{" DENY ",'all_tools':{'deny_if':[{'conditions':[{'path':'args.v','op':'exists'}]}]}}",
     "{" DENY ",'all_tools':{}}",
     "loosened condition_removed /all_tools/deny_if/0 /all_tools: every tool: denies no longer: "
     "[{\"op\":\"exists\",\"path\":\"args.v\"}]\n"},
    {"{" DENY ",'tools':{'a':{'require':[{'conditions':[],'on_deny':'x'}]}}}",
     "{" DENY ",'tools':{'a':{'require':[{'conditions':[],'on_deny':'y'}]}}}",
     "wording on_deny /tools/a/require/0 /tools/a/require/0: tool 'a': a condition is explained "
     "otherwise: []\n"},
    // Limits
    {"{" DENY ",'tools':{'a':{'limits':[{'counter':'n','window':'day','max':5}]}}}",
     "{" DENY ",'tools':{'a':{'limits':[{'counter':'n','window':'day','max':50.5}]}}}",
     "loosened limit_raised /tools/a/limits/n /tools/a/limits/n: tool 'a': was at most 5 calls per "
     "day of a grant, is at most 50.5 calls per day of a grant\n"},
    {"{" DENY ",'tools':{'a':{}}}", "{" DENY ",'tools':{'a':{'rate_limit':{'max':1,'window':90}}}}",
     "tightened limit_added /tools/a /tools/a/rate_limit: tool 'a': at most 1 calls per 90 seconds "
     "of a session\n"},
    {"{" DENY ",'tools':{'a':{'limits':[{'counter':'n','window':'day','max':5}]}}}",
     "{" DENY
     ",'tools':{'a':{'limits':[{'counter':'n','window':'hour','max':5,'scope':'server'}]}}}",
     "altered limit_changed /tools/a/limits/n /tools/a/limits/n: tool 'a': was at most 5 calls per "
     "day of a grant, is at most 5 calls per hour of a server\n"},
    // The rest
    {"{" DENY ",'results':{'max_bytes':100}}", "{" DENY ",'results':{'max_bytes':10}}",
     "tightened results /results /results: everything: of what comes back, 'max_bytes' was 100, is "
     "10\n"},
    {"{" DENY ",'results':{'deny_if':[{'conditions':[]}],'redact':[{'type':'secrets'}]}}",
     "{" DENY ",'results':{'redact':[{'type':'secrets'},{'path':'result.structuredContent.a'}],'"
     "binary':'deny'}}",
     "loosened results /results /results: everything: of what comes back, 'deny_if' was "
     "[{\"conditions\":[]}], is nothing\n"
     "tightened results /results /results: everything: of what comes back, 'redact' was "
     "[{\"type\":\"secrets\"}], is "
     "[{\"type\":\"secrets\"},{\"path\":\"result.structuredContent.a\"}]\n"},
    {"{" DENY ",'results':{'redact':[{'type':'secrets'},{'path':'result.structuredContent.a'}]}}",
     "{" DENY ",'results':{'redact':[{'path':'result.structuredContent.a'},{'type':'secrets'}],'"
     "binary':'allow'}}",
     "loosened results /results /results: everything: of what comes back, 'binary' was nothing, is "
     "\"allow\"\n"
     "altered results /results /results: everything: of what comes back, 'redact' was "
     "[{\"type\":\"secrets\"},{\"path\":\"result.structuredContent.a\"}], is "
     "[{\"path\":\"result.structuredContent.a\"},{\"type\":\"secrets\"}]; cannot tell whether more "
     "comes back\n"},
    // The fuse
    {"{" DENY "}", "{" DENY ",'runaway':{'denials_in_a_row':5}}",
     "tightened runaway  /runaway/denials_in_a_row: a grant that runs away: is paused after 5 "
     "denials in a row\n"},
    {"{" DENY ",'runaway':{'denials_in_a_row':5,'identical_calls':{'max':9,'window':'minute'}}}",
     "{" DENY ",'runaway':{'denials_in_a_row':7,'identical_calls':{'max':10,'window':30}}}",
     "loosened runaway /runaway/identical_calls /runaway/identical_calls: a grant that runs away: "
     "was paused after more than 9 identical calls per minute, is after more than 10 identical "
     "calls per 30 seconds\n"
     "loosened runaway /runaway/denials_in_a_row /runaway/denials_in_a_row: a grant that runs "
     "away: was paused after 5 denials in a row, is after 7 denials in a row\n"},
    {"{" DENY ",'runaway':{'denials_in_a_row':7,'identical_calls':{'max':9,'window':'minute'}}}",
     "{" DENY ",'runaway':{'denials_in_a_row':5,'identical_calls':{'max':9,'window':'2h'}}}",
     "tightened runaway /runaway/identical_calls /runaway/identical_calls: a grant that runs away: "
     "was paused after more than 9 identical calls per minute, is after more than 9 identical "
     "calls per 2 hours\n"
     "tightened runaway /runaway/denials_in_a_row /runaway/denials_in_a_row: a grant that runs "
     "away: was paused after 7 denials in a row, is after 5 denials in a row\n"},
    {"{" DENY ",'runaway':{'identical_calls':{'max':9,'window':'minute'}}}",
     "{" DENY ",'runaway':{'identical_calls':{'max':10,'window':'hour'},'reason':'x'}}",
     "altered runaway /runaway/identical_calls /runaway/identical_calls: a grant that runs away: "
     "was paused after more than 9 identical calls per minute, is after more than 10 identical "
     "calls per hour; cannot tell which comes first\n"
     "wording reason /runaway/reason /runaway/reason: a grant that runs away: the reason that is "
     "given is another one\n"},
    {"{" DENY ",'runaway':{'denials_in_a_row':5,'identical_calls':{'max':9,'window':'minute'}}}",
     "{" DENY "}",
     "loosened runaway /runaway/identical_calls : a grant that runs away: is no longer paused "
     "after more than 9 identical calls per minute\n"
     "loosened runaway /runaway/denials_in_a_row : a grant that runs away: is no longer paused "
     "after 5 denials in a row\n"},
    // What only observes
    {"{" DENY ",'tools':{'a':{}}}",
     "{" DENY ",'tools':{'a':{'mode':'observe','action':'deny','reason':'r'}}}",
     "observed observed_added /tools/a /tools/a/action: tool 'a': only observed: denies every "
     "call\n"
     "wording reason /tools/a /tools/a: tool 'a': the reason that is given is another one\n"},
    {"{" DENY ",'tools':{'a':{'deny_if':[{'conditions':[]}],'rate_limit':{'max':1,'window':60}}}}",
     "{" DENY ",'tools':{'a':{'deny_if':[{'conditions':[],'mode':'observe'}],"
     "'rate_limit':{'max':1,'window':60,'mode':'observe'}}}}",
     "loosened condition_removed /tools/a/deny_if/0 /tools/a: tool 'a': denies no longer: []\n"
     "loosened limit_removed /tools/a/rate_limit /tools/a: tool 'a': no longer at most 1 calls per "
     "minute of a session\n"
     "observed observed_added /tools/a /tools/a/deny_if/0: tool 'a': only observed: denies []\n"
     "observed observed_added /tools/a /tools/a/rate_limit: tool 'a': only observed: at most 1 "
     "calls per minute of a session\n"},
    {"{" DENY ",'tools':{'a':{'approve_if':[{'conditions':[],'mode':'observe','on_deny':'x'}]}}}",
     "{" DENY ",'tools':{'a':{'mode':'observe','approve_if':[{'conditions':[],'on_deny':'y'}]}}}",
     "wording on_deny /tools/a/approve_if/0 /tools/a/approve_if/0: tool 'a': what is observed is "
     "explained otherwise\n"},
    {"{" DENY ",'results':{'max_bytes':1,'mode':'observe'}}",
     "{" DENY ",'all_tools':{'mode':'observe','results':{'max_bytes':1}}}",
     "observed observed_added /all_tools /all_tools/results: every tool: only observed: of what "
     "comes back max_bytes 1\n"
     "observed observed_removed /results /results: everything: no longer observed: of what comes "
     "back max_bytes 1\n"},
    {"{" DENY ",'list':'all'}", "{" DENY ",'list':'callable'}",
     "tightened list /list /list: lists: leave out what no call could pass\n"},
    {"{" DENY "}", "{" DENY ",'methods':{'x/y':'allow'}}",
     "loosened newly_allowed (default) /methods/x~1y: method 'x/y': was denied, is allowed\n"},
    {"{" ALLOW "}", "{" ALLOW ",'prompts':{'default':'deny','p':{}}}",
     "tightened newly_denied (default allow) (default deny): every other prompt: was allowed, is "
     "denied\n"},
};

static void write_differences(const struct policy_differences *all, struct buffer *out)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct policy_difference *one = &all->items[i];
        buffer_append_format(out, "%s %s %.*s %.*s: %.*s\n", policy_gravity_words[one->gravity],
                             one->kind, SLICE_PRINT(one->from), SLICE_PRINT(one->to),
                             SLICE_PRINT(one->text));
    }
    buffer_append(out, slice_of("", 1));
}

static void known_changes_are_told_in_order_of_gravity(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct policy *from = compile(rows[i].from), *to = compile(rows[i].to);
        struct policy_differences all;
        struct arena arena;
        struct buffer out;
        arena_init(&arena, ARENA);
        buffer_init(&out, 0);
        assert_int_equal(policy_compare(from, to, &arena, &all), 0);
        write_differences(&all, &out);
        if (strcmp(buffer_slice(&out).data, rows[i].wanted) != 0)
            print_error("%s\n%s\nwanted:\n%ssaid:\n%s", rows[i].from, rows[i].to, rows[i].wanted,
                        buffer_slice(&out).data);
        assert_string_equal(buffer_slice(&out).data, rows[i].wanted);
        buffer_release(&out);
        arena_release(&arena);
        policy_unref(from);
        policy_unref(to);
    }
}

// ---- Random ones

static bool same_charge(const struct policy_charge *a, const struct policy_charge *b)
{
    return decimal_compare(a->max, b->max) == 0 && decimal_compare(a->amount, b->amount) == 0 &&
           slice_equal(a->per, b->per) && a->scope == b->scope && a->sliding == b->sliding &&
           a->window_ms == b->window_ms && a->calendar_month == b->calendar_month &&
           a->successes_only == b->successes_only;
}

// Each of a's is among b's, however they are ordered.
static bool charges_within(const struct policy_verdict *a, const struct policy_verdict *b)
{
    for (size_t i = 0; i < a->charge_count; i++) {
        bool found = false;
        for (size_t j = 0; j < b->charge_count && !found; j++)
            found = same_charge(&a->charges[i], &b->charges[j]);
        if (!found)
            return false;
    }
    return a->charge_count == b->charge_count;
}

static bool decides_alike(const struct policy *a, const struct policy *b,
                          const struct policy_call *call, bool *ret_watched)
{
    struct policy_verdict left, right;
    struct arena arena;
    arena_init(&arena, ARENA);
    policy_decide(a, call, &arena, &left);
    policy_decide(b, call, &arena, &right);
    *ret_watched = left.observed.noted == right.observed.noted &&
                   left.observed.outcome == right.observed.outcome &&
                   left.observed.hidden == right.observed.hidden &&
                   left.watched_count == right.watched_count;
    bool alike = left.outcome == right.outcome && left.hidden == right.hidden &&
                 charges_within(&left, &right) && charges_within(&right, &left) &&
                 policy_lists(a, call->subject, call->name, call->category) ==
                     policy_lists(b, call->subject, call->name, call->category);
    arena_release(&arena);
    return alike;
}

static bool covered(const struct policy_differences *all, const struct policy_call *call,
                    enum policy_gravity least)
{
    bool found = all->too_many;
    for (size_t i = 0; i < all->count && !found; i++)
        found = all->items[i].gravity <= least &&
                policy_difference_covers(&all->items[i], call->subject, call->name, call->category);
    return found;
}

static struct policy *random_policy(const uint8_t *bytes, size_t length, struct buffer *text)
{
    struct generator g;
    struct policy *policy;
    struct policy_problems problems;
    generator_init(&g, 0, bytes, length);
    g.modes = bytes[0] % 3 == 0;
    generator_policy(&g);
    buffer_clear(text);
    buffer_append(text, buffer_slice(&g.out));
    assert_int_equal(policy_compile(buffer_slice(text), SLICE_LITERAL("r"), &policy, &problems), 0);
    policy_problems_release(&problems);
    generator_release(&g);
    return policy;
}

struct tally {
    size_t different, watched, uncovered, agreeing_uncovered, directed, misled;
};

// Hidden, denied, asked, allowed.
static int freedom(const struct policy *policy, const struct policy_call *call)
{
    struct policy_verdict verdict;
    struct arena arena;
    arena_init(&arena, ARENA);
    policy_decide(policy, call, &arena, &verdict);
    arena_release(&arena);
    if (verdict.outcome == POLICY_DENY)
        return verdict.hidden ? 0 : 1;
    return verdict.outcome == POLICY_ASK ? 2 : 3;
}

// Where nothing about a call is said to be looser, it is not; and the other way round.
static void hold_to_direction(const struct policy *a, const struct policy *b,
                              const struct policy_call *call, const struct policy_differences *all,
                              struct tally *tally)
{
    bool looser = false, tighter = false;
    for (size_t i = 0; i < all->count; i++) {
        if (!policy_difference_covers(&all->items[i], POLICY_TOOL, call->name, call->category))
            continue;
        looser |= all->items[i].gravity <= POLICY_ALTERED;
        tighter |=
            all->items[i].gravity == POLICY_ALTERED || all->items[i].gravity == POLICY_TIGHTENED;
    }
    int before = freedom(a, call), after = freedom(b, call);
    tally->directed += before != after && looser != tighter;
    tally->misled += (after > before && !looser) || (after < before && !tighter);
}

static void hold_to_calls(const struct policy *a, const struct policy *b, uint64_t seed,
                          const struct policy_differences *all, struct tally *tally)
{
    struct generator g;
    generator_init(&g, seed, NULL, 0);
    for (int i = 0; i < 40; i++) {
        struct scene scene;
        generator_call(&g, &scene);
        bool watched, alike = decides_alike(a, b, &scene.call, &watched);
        bool told = covered(all, &scene.call, POLICY_TIGHTENED);
        tally->different += !alike;
        tally->uncovered += !alike && !told;
        tally->watched += alike && !watched;
        tally->uncovered += !watched && !covered(all, &scene.call, POLICY_OBSERVED);
        tally->agreeing_uncovered += alike && !told;
        if (!all->too_many)
            hold_to_direction(a, b, &scene.call, all, tally);
        scene_release(&scene);
    }
    generator_release(&g);
}

static void fail_with(const char *what, const struct policy_differences *all,
                      const struct buffer texts[2])
{
    struct buffer out;
    buffer_init(&out, 0);
    write_differences(all, &out);
    print_error("%s:\n%.*s\n%.*s\n", what, SLICE_PRINT(buffer_slice(&texts[0])),
                SLICE_PRINT(buffer_slice(&texts[1])));
    fail_msg("%s", buffer_slice(&out).data);
}

// A policy and one that a few choices make another.
static void no_difference_of_decisions_is_left_out(void **state)
{
    (void)state;
    enum { ROUNDS = 3000, BYTES = 600 };
    struct tally tally = {0};
    struct buffer texts[2];
    buffer_init(&texts[0], 0);
    buffer_init(&texts[1], 0);
    srand(20261121);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t bytes[BYTES];
        struct policy_differences all;
        struct arena arena;
        for (size_t i = 0; i < BYTES; i++)
            bytes[i] = (uint8_t)rand();
        struct policy *from = random_policy(bytes, BYTES, &texts[0]);
        for (int i = rand() % 3; i >= 0; i--)
            bytes[rand() % (round % 2 == 0 ? 40 : BYTES)] = (uint8_t)rand();
        struct policy *to = random_policy(bytes, BYTES, &texts[1]);
        arena_init(&arena, ARENA);
        assert_int_equal(policy_compare(from, to, &arena, &all), 0);
        if (slice_equal(policy_version(from), policy_version(to)) && all.count > 0)
            fail_with("the same document differs", &all, texts);
        hold_to_calls(from, to, (uint64_t)round + 1, &all, &tally);
        if (tally.uncovered > 0)
            fail_with("not told of", &all, texts);
        if (tally.misled > 0)
            fail_with("the wrong direction", &all, texts);
        arena_release(&arena);
        policy_unref(from);
        policy_unref(to);
    }
    buffer_release(&texts[0]);
    buffer_release(&texts[1]);
    print_message("%zu calls differ and are told of, %zu do not and are not\n", tally.different,
                  tally.agreeing_uncovered);
    assert_true(tally.different > ROUNDS);
    assert_true(tally.watched > ROUNDS / 10);
    assert_true(tally.directed > ROUNDS / 4);
    assert_true(tally.agreeing_uncovered > 10 * ROUNDS);
}

static void a_short_arena_is_an_error_and_no_half_answer(void **state)
{
    (void)state;
    struct policy *from = compile("{" DENY ",'tools':{'get_*':{},'b':{}}}");
    struct policy *to = compile("{" ALLOW ",'tools':{'get_x*':{},'b':{'action':'deny'}}}");
    struct policy_differences all;
    int result = ERROR_NO_MEMORY;
    for (size_t size = 64; size < ARENA && result != 0; size += size / 4) {
        struct arena arena;
        arena_init(&arena, size);
        result = policy_compare(from, to, &arena, &all);
        assert_true(result == 0 || result == ERROR_NO_MEMORY);
        arena_release(&arena);
    }
    assert_int_equal(result, 0);
    policy_unref(from);
    policy_unref(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_changes_are_told_in_order_of_gravity),
        cmocka_unit_test(no_difference_of_decisions_is_left_out),
        cmocka_unit_test(a_short_arena_is_an_error_and_no_half_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
