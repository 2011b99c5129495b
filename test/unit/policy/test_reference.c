// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Random policies and calls out of a small vocabulary, so that rules really meet arguments: the
// compiled policy and the plain reading in reference.c must agree on every one. Seeded; the seed
// and number of policies may be given as arguments.
#include "reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLICIES = 20000, CALLS = 12, TAGS = 3 };
#define COUNT(list) (sizeof(list) / sizeof *(list))
#define ANY(g, list) list[below(g, COUNT(list))]

struct generator {
    uint64_t state;
    struct buffer out;
    unsigned counters; // names given so far
};

// ---- Chance

static uint64_t next(struct generator *g)
{
    uint64_t z = g->state += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static size_t below(struct generator *g, size_t bound)
{
    return (size_t)(next(g) % bound);
}

static bool chance(struct generator *g, size_t percent)
{
    return below(g, 100) < percent;
}

static void put(struct generator *g, const char *text)
{
    buffer_append_string(&g->out, text);
}

// ---- Vocabulary

static const char *const names[] = {"get", "get_x", "get_y",  "set_x", "a/b",
                                    "a~b", "xget",  "delete", "other", "x"};
static const char *const selectors[] = {
    "get",        "get_x", "get_*",  "*_x",      "g*x",    "?et", "a/b",   "a~b",   "*get",
    "*",          "@read", "@write", "@execute", "delete", "[g",  "s??_x", "get_?", "@destructive",
    "@financial", "*e*",   "x?*",    "*~*"};
static const char *const keys[] = {"a", "b", "A", "items", "s", "k.x", "n"};
static const char *const paths[] = {
    "args",          "args.a",        "args.b",           "args.a.b",        "args.items[*]",
    "args.items[0]", "args.s",        "args.n",           "args.items[*].a", "args[\\\"k.x\\\"]",
    "args.A",        "args.a.a[*]",   "args.items[*][*]", "args.b[1].a",     "tool.name",
    "tool.category", "grant.label",   "grant.tags",       "grant.tags[*]",   "grant.tags[1]",
    "client.name",   "session.calls", "time.hour",        "time.weekday"};
static const char *const single_paths[] = {"args.a",   "args.n",      "args.s",     "args.items[0]",
                                           "args.a.b", "tool.name",   "grant.tags", "client.name",
                                           "args.b",   "grant.label", "time.hour"};
static const char *const amount_paths[] = {"args.a", "args.n", "args.s", "args.items[0]",
                                           "args.a.b"};
static const char *const scalars[] = {"0",     "1",        "1.0",      "10e-1",       "2",
                                      "-1",    "0.5",      "3",        "true",        "false",
                                      "null",  "\"\"",     "\"a\"",    "\"ab\"",      "\"1\"",
                                      "\"2\"", "\"x y\"",  "\"-0.5\"", "\"\\u0061\"", "\"get_x\"",
                                      "\"é\"", "\"Read\"", "\"1e1\"",  "\"Unknown\""};
static const char *const places[] = {"\"/srv/data/x\"",
                                     "\"/srv/data\"",
                                     "\"/srv/data/../x\"",
                                     "\"srv/data\"",
                                     "\"//srv/./data/y/../z\"",
                                     "\"/srv/database\"",
                                     "\"/srv\\\\data\"",
                                     "\"/\"",
                                     "\"https://example.com/x\"",
                                     "\"http://a.example.com\"",
                                     "\"https://evil.test\"",
                                     "\"https://example.com@evil.test/\"",
                                     "\"ftp://example.com\"",
                                     "\"https://EXAMPLE.com:8080/\"",
                                     "\"https://2130706433/\"",
                                     "\"https://0x7f.1/\"",
                                     "\"10.1.2.3\"",
                                     "\"11.0.0.1\"",
                                     "\"2001:db8::5\"",
                                     "\"10.0.0\"",
                                     "\"010.0.0.1\"",
                                     "\"2001:db9::\""};
static const char *const numbers[] = {"0", "1", "1.5", "2", "-1", "3e0"};
static const char *const lengths[] = {"0", "1", "2", "3", "1.0"};
static const char *const patterns[] = {"a",        "^a",    "b$", "^[a-z_]+$",
                                       "(?i)READ", "\\\\d", "^$", "é"};
static const char *const folders[] = {"[\"/srv/data\"]", "\"/srv/data/\"",
                                      "[\"/etc\",\"/srv/./data/x/..\"]", "\"/\""};
static const char *const hosts[] = {"\"example.com\"", "[\"*.example.com\",\"evil.test\"]"};
static const char *const networks[] = {"\"10.0.0.0/8\"", "[\"2001:db8::/32\",\"11.0.0.0/9\"]",
                                       "\"10.1.2.3\""};

// ---- Values and arguments

static void put_value(struct generator *g, size_t depth);

static void put_object(struct generator *g, size_t depth)
{
    bool used[COUNT(keys)] = {false};
    const char *comma = "";
    put(g, "{");
    for (size_t i = below(g, 5); i > 0; i--) {
        size_t key = below(g, COUNT(keys));
        if (used[key] || (key == 2 && chance(g, 70))) // "A" beside "a" spoils most calls
            continue;
        used[key] = true;
        buffer_append_format(&g->out, "%s\"%s\":", comma, keys[key]);
        put_value(g, depth);
        comma = ",";
    }
    put(g, "}");
}

static void put_list(struct generator *g, size_t depth)
{
    put(g, "[");
    for (size_t i = below(g, 4); i > 0; i--) {
        put_value(g, depth);
        put(g, i > 1 ? "," : "");
    }
    put(g, "]");
}

static void put_value(struct generator *g, size_t depth)
{
    size_t kind = below(g, 10);
    if (depth > 0 && kind < 2)
        put_object(g, depth - 1);
    else if (depth > 0 && kind < 4)
        put_list(g, depth - 1);
    else
        put(g, kind == 4 ? ANY(g, places) : ANY(g, scalars));
}

// ---- Conditions and rules

// Chance is always drawn in statements of its own: compilers order arguments as they like.
static void put_members(struct generator *g, const char *op, const char *value)
{
    buffer_append_format(&g->out, "\"op\":\"%s\",\"value\":%s", op, value);
}

static void put_any(struct generator *g, const char *op)
{
    buffer_append_format(&g->out, "\"op\":\"%s\",\"value\":", op);
    put_value(g, 1);
}

static void put_operator(struct generator *g)
{
    static const char *const equal[] = {"eq", "neq"};
    static const char *const listed[] = {"in", "not_in"};
    static const char *const order[] = {"lt", "lte", "gt", "gte"};
    static const char *const length[] = {"length_lt", "length_lte", "length_gt", "length_gte"};
    static const char *const part[] = {"contains", "not_contains"};
    static const char *const text[] = {"starts_with", "ends_with"};
    static const char *const texts[] = {"\"a\"", "\"\"", "\"x\"", "\"get\"", "\"é\""};
    static const char *const presence[] = {"true", "false"};
    char quoted[64];
    const char *op;
    switch (below(g, 12)) {
    case 0: put_any(g, ANY(g, equal)); return;
    case 1:
        buffer_append_format(&g->out, "\"op\":\"%s\",\"value\":", ANY(g, listed));
        put_list(g, 1);
        return;
    case 2:
    case 3:
        op = ANY(g, order);
        put_members(g, op, ANY(g, numbers));
        put(g, chance(g, 30) ? ",\"as\":\"number\"" : "");
        return;
    case 4: put_members(g, "exists", ANY(g, presence)); return;
    case 5: put_any(g, ANY(g, part)); return;
    case 6:
        op = ANY(g, text);
        put_members(g, op, ANY(g, texts));
        return;
    case 7:
        snprintf(quoted, sizeof quoted, "\"%s\"", ANY(g, patterns));
        put_members(g, chance(g, 50) ? "regex" : "not_regex", quoted);
        return;
    case 8:
        op = ANY(g, length);
        put_members(g, op, ANY(g, lengths));
        return;
    case 9: put_members(g, "within_path", ANY(g, folders)); return;
    case 10: put_members(g, "url_host_in", ANY(g, hosts)); return;
    default: put_members(g, "cidr_in", ANY(g, networks)); return;
    }
}

static void put_condition(struct generator *g)
{
    // Conditions of their own kind meet fitting values more often.
    buffer_append_format(&g->out, "{\"path\":\"%s\",", ANY(g, paths));
    put_operator(g);
    put(g, "}");
}

static void put_predicates(struct generator *g, const char *name)
{
    buffer_append_format(&g->out, ",\"%s\":[", name);
    for (size_t i = below(g, 3); i > 0; i--) {
        put(g, "{\"conditions\":[");
        for (size_t j = chance(g, 10) ? 0 : 1 + below(g, 2); j > 0; j--) {
            put_condition(g);
            put(g, j > 1 ? "," : "");
        }
        buffer_append_format(&g->out, "]%s}%s",
                             chance(g, 50) ? ",\"on_deny\":\"because of it\"" : "",
                             i > 1 ? "," : "");
    }
    put(g, "]");
}

static void put_limits(struct generator *g)
{
    static const char *const windows[] = {"\"minute\"", "\"month\"", "90", "\"2h\""};
    put(g, ",\"limits\":[");
    for (size_t i = below(g, 3); i > 0; i--) {
        buffer_append_format(&g->out, "{\"counter\":\"c%u\",\"window\":%s,\"max\":5", g->counters++,
                             ANY(g, windows));
        if (chance(g, 40)) {
            buffer_append_format(&g->out, ",\"increment_from\":\"%s\"", ANY(g, amount_paths));
            put(g, chance(g, 40) ? ",\"as\":\"number\"" : "");
        }
        if (chance(g, 30))
            buffer_append_format(&g->out, ",\"per\":\"%s\"", ANY(g, single_paths));
        put(g, i > 1 ? "}," : "}");
    }
    put(g, "]");
    if (chance(g, 30))
        put(g, ",\"rate_limit\":{\"max\":2,\"window\":60}");
}

static void put_rule(struct generator *g, bool action)
{
    static const char *const actions[] = {"allow", "deny", "hide", "require_approval"};
    put(g, "{\"reason\":\"as the rule says\"");
    if (action && chance(g, 35))
        buffer_append_format(&g->out, ",\"action\":\"%s\"", ANY(g, actions));
    if (chance(g, 40))
        put_predicates(g, "require");
    if (chance(g, 40))
        put_predicates(g, "deny_if");
    if (chance(g, 40))
        put_predicates(g, "approve_if");
    if (chance(g, 40))
        put_limits(g);
    put(g, "}");
}

static void put_selectors(struct generator *g, bool rules, size_t most)
{
    bool used[COUNT(selectors)] = {false};
    const char *comma = "";
    for (size_t i = below(g, most + 1); i > 0; i--) {
        size_t selector = below(g, COUNT(selectors));
        if (used[selector])
            continue;
        used[selector] = true;
        buffer_append_format(&g->out, "%s\"%s\"", comma, selectors[selector]);
        comma = ",";
        if (rules) {
            put(g, ":");
            put_rule(g, true);
        }
    }
}

static void put_policy(struct generator *g)
{
    buffer_clear(&g->out);
    g->counters = 0;
    put(g, "{\"version\":\"1\"");
    put(g, chance(g, 60) ? ",\"default\":\"allow\"" : ",\"default\":\"deny\"");
    put(g, chance(g, 50) ? ",\"list\":\"all\"" : ",\"list\":\"callable\"");
    if (chance(g, 30)) {
        put(g, ",\"hide\":[");
        put_selectors(g, false, 2);
        put(g, "]");
    }
    if (chance(g, 50)) {
        put(g, ",\"all_tools\":");
        put_rule(g, false);
    }
    put(g, ",\"tools\":{");
    put_selectors(g, true, 8);
    put(g, "}}");
}

// ---- Comparison

struct scene { // one call and what it borrows
    struct policy_call call;
    struct json_doc args;
    struct slice tags[TAGS];
    char *text;
};

static void make_call(struct generator *g, struct scene *scene)
{
    static const char *const labels[] = {"", "ab", "ci", "1"};
    static const char *const tag_names[] = {"a", "ab", "prod", "x"};
    struct policy_call *call = &scene->call;
    *call = (struct policy_call){.subject = POLICY_TOOL, .args = JSON_NONE};
    call->name = slice_from_string(ANY(g, names));
    call->category = (enum catalogue_category)below(g, CATALOGUE_UNKNOWN + 1);
    call->grant_label = slice_from_string(ANY(g, labels));
    call->client_name = slice_from_string(ANY(g, labels));
    call->grant_tags = scene->tags;
    call->grant_tag_count = below(g, TAGS + 1);
    for (size_t i = 0; i < call->grant_tag_count; i++)
        scene->tags[i] = slice_from_string(ANY(g, tag_names));
    call->session_calls = below(g, 4);
    call->now_ms = (int64_t)below(g, 4000000000000);
    if (chance(g, 5))
        return;
    buffer_clear(&g->out);
    put_object(g, 3);
    struct slice text = buffer_slice(&g->out);
    scene->text = strndup(text.data, text.length);
    if (json_scan(&scene->args, slice_of(scene->text, text.length), NULL, NULL, NULL) != 0)
        abort();
    call->doc = &scene->args;
    call->args = 0;
}

static bool same_charges(const struct policy_verdict *v, const struct reference_verdict *r)
{
    if (v->charge_count != r->charges)
        return false;
    for (size_t i = 0; i < r->charges; i++) {
        char amount[DECIMAL_TEXT_SIZE];
        decimal_format(v->charges[i].amount, amount);
        if (!slice_equal_string(v->charges[i].rule, r->charge[i]) ||
            !slice_equal_string(v->charges[i].per, r->per[i]) ||
            fabs(strtod(amount, NULL) - r->amount[i]) > 0)
            return false;
    }
    return true;
}

static bool agree(const struct policy_verdict *v, const struct reference_verdict *r)
{
    return v->outcome == r->outcome && v->hidden == r->hidden &&
           slice_equal_string(v->rule, r->rule) &&
           (r->reason[0] == '\0' || slice_equal_string(v->reason, r->reason)) && same_charges(v, r);
}

struct tally {
    size_t outcomes[3], hidden, charged, troubles, lists;
};

static void count(struct tally *t, const struct policy_verdict *v, bool listed)
{
    t->outcomes[v->outcome]++;
    t->hidden += v->hidden;
    t->charged += v->charge_count > 0;
    t->troubles += v->reason.length > 9 && memcmp(v->reason.data, "Argument ", 9) == 0;
    t->lists += listed;
}

static bool compare(const struct policy *policy, const struct json_doc *document,
                    const struct scene *scene, struct arena *arena, struct tally *tally)
{
    struct policy_verdict verdict;
    static struct reference_verdict reference;
    const struct policy_call *call = &scene->call;
    arena_clear(arena);
    policy_decide(policy, call, arena, &verdict);
    reference_decide(document, call, &reference);
    bool listed = policy_lists(policy, POLICY_TOOL, call->name, call->category);
    bool expected = reference_lists(document, call->name, call->category);
    count(tally, &verdict, listed);
    if (agree(&verdict, &reference) && listed == expected)
        return true;
    printf("%.*s\n%.*s %s %s\n", SLICE_PRINT(document->text), SLICE_PRINT(call->name),
           catalogue_category_name(call->category), scene->text == NULL ? "-" : scene->text);
    printf("compiled: %d hidden %d by %.*s: %.*s, %zu charges, listed %d\n", verdict.outcome,
           verdict.hidden, SLICE_PRINT(verdict.rule), SLICE_PRINT(verdict.reason),
           verdict.charge_count, listed);
    printf("plain:    %d hidden %d by %s: %s, %zu charges, listed %d\n", reference.outcome,
           reference.hidden, reference.rule, reference.reason, reference.charges, expected);
    return false;
}

static size_t run_policy(struct generator *g, struct tally *tally)
{
    put_policy(g);
    struct slice out = buffer_slice(&g->out);
    char *text = strndup(out.data, out.length);
    struct json_doc document;
    struct policy *policy = NULL;
    struct policy_problems problems;
    struct arena arena;
    size_t failures = 0;
    json_doc_init(&document);
    arena_init(&arena, 1 << 20);
    if (policy_compile(slice_of(text, out.length), SLICE_LITERAL("random"), &policy, &problems) !=
            0 ||
        json_scan(&document, slice_of(text, out.length), NULL, NULL, NULL) != 0) {
        printf("does not compile: %s\n%s\n", problems.count > 0 ? problems.items[0].text : "?",
               text);
        failures++;
    }
    for (size_t i = 0; policy != NULL && i < CALLS; i++) {
        struct scene scene = {0};
        json_doc_init(&scene.args);
        make_call(g, &scene);
        failures += !compare(policy, &document, &scene, &arena, tally);
        json_doc_release(&scene.args);
        free(scene.text);
    }
    policy_problems_release(&problems);
    policy_unref(policy);
    json_doc_release(&document);
    arena_release(&arena);
    free(text);
    return failures;
}

int main(int argc, char **argv)
{
    struct generator g = {.state = argc > 1 ? strtoull(argv[1], NULL, 10) : 20261121};
    size_t policies = argc > 2 ? strtoull(argv[2], NULL, 10) : POLICIES, failures = 0;
    struct tally t = {0};
    buffer_init(&g.out, 0);
    for (size_t i = 0; i < policies && failures < 3; i++)
        failures += run_policy(&g, &t);
    buffer_release(&g.out);
    printf("%zu policies, %zu calls: %zu allowed, %zu denied (%zu hidden, %zu unjudgeable), "
           "%zu asked, %zu charged, %zu listed; %zu disagreements\n",
           policies, policies * CALLS, t.outcomes[POLICY_ALLOW], t.outcomes[POLICY_DENY], t.hidden,
           t.troubles, t.outcomes[POLICY_ASK], t.charged, t.lists, failures);
    // A generator that no longer reaches an outcome would compare nothing.
    bool reached = t.outcomes[0] > policies && t.outcomes[1] > policies && t.outcomes[2] > 100 &&
                   t.charged > 100 && t.troubles > 100;
    return failures == 0 && (reached || argc > 1) ? EXIT_SUCCESS : EXIT_FAILURE;
}
