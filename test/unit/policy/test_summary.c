// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies in plain sentences: known ones, and that nothing of random ones is left out.
#include "generator.h"
#include "lib/unit.h"

#include "base/buffer.h"

#include <stdlib.h>

enum { SENTENCES_MOST = 2000, POINTER_MOST = 200 };

static struct policy *compile(struct slice text)
{
    struct policy *policy;
    struct policy_problems problems;
    if (policy_compile(text, SLICE_LITERAL("p"), &policy, &problems) != 0)
        fail_msg("%.*s: %s", SLICE_PRINT(text), problems.count > 0 ? problems.items[0].text : "");
    policy_problems_release(&problems);
    return policy;
}

static struct policy *compile_plain(const char *text)
{
    char *json = strdup(text);
    for (char *at = json; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    struct policy *policy = compile(slice_from_string(json));
    free(json);
    return policy;
}

// ---- A document with everything

#define EVERYTHING                                                                                 \
    "{'version':'1','default':'allow','list':'callable','hide':['x_*','a','?b','@write','*'],"     \
    "'all_tools':{'mode':'observe','reason':'r','deny_if':[{'conditions':[]}]},"                   \
    "'tools':{'pay':{'action':'require_approval','reason':'money',"                                \
    "'require':[{'id':'few','conditions':[{'path':'args.n','op':'lte','value':5,'as':'number'},"   \
    "{'path':'args.l[*]','op':'in','value':['a','b']}],'on_deny':'no'}],"                          \
    "'deny_if':[{'conditions':[{'path':'args.l[*]','op':'exists','value':false}]}],"               \
    "'approve_if':[{'mode':'observe','conditions':[]}],"                                           \
    "'limits':[{'counter':'c','window':'month','max':1.5,'increment_from':'args.n',"               \
    "'per':'args.s','scope':'organisation','algorithm':'fixed','count':'successes'}],"             \
    "'rate_limit':{'max':1,'window':90,'on_deny':'slow'},"                                         \
    "'approval':{'wait':'20s','expires':'1h','approvers':2},"                                      \
    "'results':{'max_bytes':10,'binary':'allow','deny_if':[{'conditions':"                         \
    "[{'path':'result.isError','op':'eq','value':true}]}],'redact':[{'type':'secrets'},"           \
    "{'type':'personal','kinds':['email','card']},{'type':'personal'},"                            \
    "{'type':'regex','pattern':'x+','with':'y'},{'path':'result.structuredContent.a'}]}},"         \
    "'del*':{'action':'deny'},'h?':{'action':'hide'},'@financial':{},'*':{}},"                     \
    "'resources':{'default':'deny','a://"                                                          \
    "*':{}},'prompts':{'default':'allow','p':{'mode':'observe',"                                   \
    "'action':'deny'}},'methods':{'x/y':'deny','completion/complete':'allow'},"                    \
    "'results':{'mode':'observe','redact':[{'type':'secrets'}]},"                                  \
    "'runaway':{'identical_calls':{'max':20,'window':'minute'},'denials_in_a_row':30,"             \
    "'reason':'look'}}"

static void everything_is_said(void **state)
{
    (void)state;
    static const char wanted[] =
        "What nothing below speaks of is allowed.\n"
        "Every resource that nothing below speaks of is denied.\n"
        "Every prompt that nothing below speaks of is allowed.\n"
        "Every tool whose name begins with \"x_\" is hidden: not in lists, and denied as if there "
        "were none.\n"
        "The tool \"a\" is hidden: not in lists, and denied as if there were none.\n"
        "Every tool whose name matches \"?b\" is hidden: not in lists, and denied as if there were "
        "none.\n"
        "Every tool of the category Write or of no known one is hidden: not in lists, and denied "
        "as if there were none.\n"
        "Every tool is hidden: not in lists, and denied as if there were none.\n"
        "Lists leave out what no call could pass.\n"
        "(only observed) For every tool call the following holds as well: The reason given: "
        "\"r\"\n"
        "  (only observed) Always denied.\n"
        "The tool \"pay\" is allowed once a person agreed to the call. The reason given: "
        "\"money\"\n"
        "  few: Denied unless args.n is at most 5 (as a number, also in a text) and every "
        "args.l[*] is \"a\" or \"b\". The agent is told: \"no\"\n"
        "  Denied if any args.l[*] is missing or null.\n"
        "  At most 1 call per 90 seconds for each session. The agent is told: \"slow\"\n"
        "  At most 1.5 in sum of args.n per month of the clock (UTC) for all grants of the "
        "organisation together and each args.s; what fails does not count.\n"
        "  (only observed) A person is always asked.\n"
        "  Where a person is asked, 2 different people must agree; the call waits for up to 20 "
        "seconds, the question stands for 1 hour.\n"
        "  What comes back is withheld if it has more than 10 bytes.\n"
        "  What comes back is withheld if result.isError is true.\n"
        "  In what comes back, each credential is replaced by \"[REDACTED]\".\n"
        "  In what comes back, personal data of the kind \"email\" or \"card\" is replaced by "
        "\"[REDACTED]\".\n"
        "  In what comes back, personal data is replaced by \"[REDACTED]\".\n"
        "  In what comes back, text that matches the expression \"x+\" is replaced by \"y\".\n"
        "  Of what comes back, the value at result.structuredContent.a is replaced by "
        "\"[REDACTED]\".\n"
        "  Images, audio and other binary content pass, though nobody can look into them.\n"
        "Every other tool whose name begins with \"del\" is denied, and stays in lists.\n"
        "Every other tool whose name matches \"h?\" is hidden: not in lists, and denied as if "
        "there were none.\n"
        "Every other tool of the category Financial or of no known one is allowed.\n"
        "Every other tool is allowed.\n"
        "Every resource whose name begins with \"a://\" is allowed.\n"
        "(only observed) The prompt \"p\" is denied, and stays in lists.\n"
        "The method \"x/y\" is denied.\n"
        "The method \"completion/complete\" is allowed.\n"
        "(only observed) In what comes back, each credential is replaced by \"[REDACTED]\".\n"
        "(only observed) Images, audio and other binary content are withheld, as nobody can look "
        "into them.\n"
        "A grant is paused until a person has looked at it when it makes more than 20 identical "
        "calls per minute. The reason given: \"look\"\n"
        "A grant is paused until a person has looked at it when 30 of its calls are denied in a "
        "row. The reason given: \"look\"\n";
    struct policy *policy = compile_plain(EVERYTHING);
    struct buffer out;
    buffer_init(&out, 0);
    assert_int_equal(policy_summary_text(policy, &out), 0);
    buffer_append(&out, slice_of("", 1));
    assert_string_equal(buffer_slice(&out).data, wanted);
    buffer_release(&out);
    policy_unref(policy);
}

// ---- Nothing is left out

struct told {
    char rules[SENTENCES_MOST][POINTER_MOST];
    char *texts[SENTENCES_MOST]; // owned
    bool observes[SENTENCES_MOST];
    size_t count;
};

static void keep(void *argument, const struct policy_sentence *sentence)
{
    struct told *told = argument;
    assert_true(told->count < SENTENCES_MOST && sentence->rule.length < POINTER_MOST);
    assert_true(sentence->text.length > 0);
    char last = sentence->text.data[sentence->text.length - 1];
    assert_true(last == '.' || last == '"' || last == ':');
    memcpy(told->rules[told->count], sentence->rule.data, sentence->rule.length);
    told->rules[told->count][sentence->rule.length] = '\0';
    told->texts[told->count] = strndup(sentence->text.data, sentence->text.length);
    told->observes[told->count++] = sentence->observes;
}

static size_t find(const struct told *told, struct slice rule)
{
    for (size_t i = 0; i < told->count; i++)
        if (slice_equal_string(rule, told->rules[i]))
            return i;
    fail_msg("no sentence for %.*s", SLICE_PRINT(rule));
    return 0;
}

static void find_place(void *argument, const struct policy_place *place)
{
    find(argument, place->pointer);
}

static void must_say(const char *text, struct slice part)
{
    if (memmem(text, strlen(text), part.data, part.length) == NULL)
        fail_msg("'%s' does not say '%.*s'", text, SLICE_PRINT(part));
}

static bool observes(const struct json_doc *doc, uint32_t object)
{
    return json_get(doc, object, "mode") != JSON_NONE;
}

// Of values the scalars, however they are put together.
static void must_say_value(const struct json_doc *doc, uint32_t node, const char *text)
{
    if (json_type(doc, node) == JSON_ARRAY)
        for (uint32_t item = json_first_element(doc, node); item != JSON_NONE;
             item = json_next_element(doc, node, item))
            must_say(text, json_raw(doc, item));
    else if (json_type(doc, node) != JSON_FALSE || strstr(text, "missing") == NULL)
        must_say(text, json_type(doc, node) == JSON_TRUE && strstr(text, "present") != NULL
                           ? SLICE_LITERAL("present")
                           : json_raw(doc, node));
}

static void hold_predicate(const struct json_doc *doc, uint32_t node, const struct told *told,
                           size_t at, struct arena *arena, bool rule_observes)
{
    uint32_t conditions = json_get(doc, node, "conditions");
    uint32_t on_deny = json_get(doc, node, "on_deny");
    assert_int_equal(told->observes[at], rule_observes || observes(doc, node));
    if (on_deny != JSON_NONE)
        must_say(told->texts[at], json_raw(doc, on_deny));
    for (uint32_t c = json_first_element(doc, conditions); c != JSON_NONE;
         c = json_next_element(doc, conditions, c)) {
        must_say(told->texts[at], json_string(doc, json_get(doc, c, "path"), arena));
        must_say_value(doc, json_get(doc, c, "value"), told->texts[at]);
    }
}

static void hold_limit(const struct json_doc *doc, uint32_t node, const struct told *told,
                       size_t at, struct arena *arena)
{
    static const char *const paths[] = {"increment_from", "per"};
    must_say(told->texts[at], json_raw(doc, json_get(doc, node, "max")));
    for (size_t i = 0; i < 2; i++) {
        uint32_t path = json_get(doc, node, paths[i]);
        if (path != JSON_NONE)
            must_say(told->texts[at], json_string(doc, path, arena));
    }
}

static void hold_rule(const struct json_doc *doc, uint32_t rule, struct slice pointer,
                      const struct told *told, struct arena *arena)
{
    static const char *const lists[] = {"require", "deny_if", "approve_if", "limits"};
    for (size_t i = 0; i < 4; i++) {
        uint32_t list = json_get(doc, rule, lists[i]);
        size_t index = 0;
        for (uint32_t e = list == JSON_NONE ? JSON_NONE : json_first_element(doc, list);
             e != JSON_NONE; e = json_next_element(doc, list, e)) {
            struct slice at =
                arena_format(arena, "%.*s/%s/%zu", SLICE_PRINT(pointer), lists[i], index++);
            if (i == 3) {
                struct slice name = json_string(doc, json_get(doc, e, "counter"), arena);
                at = arena_format(arena, "%.*s/limits/%.*s", SLICE_PRINT(pointer),
                                  SLICE_PRINT(name));
                hold_limit(doc, e, told, find(told, at), arena);
            } else {
                hold_predicate(doc, e, told, find(told, at), arena, observes(doc, rule));
            }
        }
    }
}

static struct slice escaped(struct slice name, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < name.length; i++)
        buffer_append(&out, name.data[i] == '~'   ? SLICE_LITERAL("~0")
                            : name.data[i] == '/' ? SLICE_LITERAL("~1")
                                                  : slice_of(name.data + i, 1));
    struct slice copy = arena_copy(arena, buffer_slice(&out));
    buffer_release(&out);
    return copy;
}

static void hold(struct slice text, const struct told *told)
{
    struct json_doc doc;
    struct arena arena;
    json_doc_init(&doc);
    arena_init(&arena, 1 << 22);
    assert_int_equal(json_scan(&doc, text, NULL, NULL, NULL), 0);
    uint32_t all = json_get(&doc, 0, "all_tools"), tools = json_get(&doc, 0, "tools");
    if (all != JSON_NONE)
        hold_rule(&doc, all, SLICE_LITERAL("/all_tools"), told, &arena);
    for (uint32_t key = json_first_key(&doc, tools); key != JSON_NONE;
         key = json_next_key(&doc, tools, key)) {
        struct slice name = escaped(json_string(&doc, key, &arena), &arena);
        hold_rule(&doc, key + 1, arena_format(&arena, "/tools/%.*s", SLICE_PRINT(name)), told,
                  &arena);
    }
    json_doc_release(&doc);
    arena_release(&arena);
}

static void nothing_of_random_policies_is_left_out(void **state)
{
    (void)state;
    enum { ROUNDS = 1500 };
    struct told *told = calloc(1, sizeof *told);
    size_t sentences = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct generator g;
        generator_init(&g, seed, NULL, 0);
        g.modes = seed % 2 == 0;
        generator_policy(&g);
        struct policy *policy = compile(buffer_slice(&g.out));
        told->count = 0;
        assert_int_equal(policy_summarise(policy, keep, told), 0);
        policy_places(policy, find_place, told);
        hold(buffer_slice(&g.out), told);
        sentences += told->count;
        for (size_t i = 0; i < told->count; i++)
            free(told->texts[i]);
        policy_unref(policy);
        generator_release(&g);
    }
    print_message("%zu sentences about %d policies\n", sentences, ROUNDS);
    assert_true(sentences > 10 * ROUNDS);
    free(told);
}

static void operators_read_differently(void **state)
{
    (void)state;
    static const char *const pairs[] = {"'eq','value':1",
                                        "'neq','value':1",
                                        "'in','value':[1]",
                                        "'not_in','value':[1]",
                                        "'lt','value':1",
                                        "'lte','value':1",
                                        "'gt','value':1",
                                        "'gte','value':1",
                                        "'exists'",
                                        "'exists','value':false",
                                        "'contains','value':'1'",
                                        "'not_contains','value':'1'",
                                        "'starts_with','value':'1'",
                                        "'ends_with','value':'1'",
                                        "'regex','value':'1'",
                                        "'not_regex','value':'1'",
                                        "'length_lt','value':1",
                                        "'length_lte','value':1",
                                        "'length_gt','value':1",
                                        "'length_gte','value':1",
                                        "'within_path','value':'/1'",
                                        "'url_host_in','value':'1.x'",
                                        "'cidr_in','value':'1.1.1.1'"};
    enum { COUNT = sizeof pairs / sizeof *pairs };
    struct buffer out[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        struct buffer text;
        buffer_init(&text, 0);
        buffer_init(&out[i], 0);
        buffer_append_format(&text,
                             "{'version':'1','default':'deny','tools':{'a':{'deny_if':[{"
                             "'conditions':[{'path':'args.x','op':%s}]}]}}}",
                             pairs[i]);
        buffer_append(&text, slice_of("", 1));
        struct policy *policy = compile_plain(buffer_slice(&text).data);
        assert_int_equal(policy_summary_text(policy, &out[i]), 0);
        policy_unref(policy);
        buffer_release(&text);
        // One value of a list is that value: "is 1" of both.
        for (size_t j = 0; j < i; j++)
            if (slice_equal(buffer_slice(&out[i]), buffer_slice(&out[j])) && !(i == 2 && j == 0))
                fail_msg("%s reads as %s", pairs[i], pairs[j]);
    }
    for (size_t i = 0; i < COUNT; i++)
        buffer_release(&out[i]);
}

static void long_values_and_hostile_ones_are_shown_safely(void **state)
{
    (void)state;
    struct buffer text, out;
    buffer_init(&text, 0);
    buffer_init(&out, 0);
    buffer_append_string(&text,
                         "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"a\\u001b[2J\":"
                         "{\"require\":[{\"conditions\":[{\"path\":\"args.x\",\"op\":\"in\","
                         "\"value\":[");
    for (int i = 0; i < 1000; i++)
        buffer_append_format(&text, "%d,", i);
    buffer_append_string(&text, "\"");
    for (int i = 0; i < 1000; i++)
        buffer_append_string(&text, "\xc3\xa9");
    buffer_append_string(&text, "\"]}]}]}}}");
    struct policy *policy = compile(buffer_slice(&text));
    assert_int_equal(policy_summary_text(policy, &out), 0);
    struct slice said = buffer_slice(&out);
    assert_null(memchr(said.data, 0x1b, said.length));
    assert_true(said.length < 500);
    assert_non_null(memmem(said.data, said.length, "one of 981 more", 15));
    policy_unref(policy);
    buffer_release(&text);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_said),
        cmocka_unit_test(nothing_of_random_policies_is_left_out),
        cmocka_unit_test(operators_read_differently),
        cmocka_unit_test(long_values_and_hostile_ones_are_shown_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
