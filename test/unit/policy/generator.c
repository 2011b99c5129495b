// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "generator.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define ANY(g, list) list[below(g, COUNT(list))]

// ---- Chance

static uint64_t next(struct generator *g)
{
    uint64_t z = g->state += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static uint64_t given(struct generator *g, size_t bytes)
{
    uint64_t value = 0;
    for (; bytes > 0 && g->left > 0; bytes--, g->left--)
        value = value << 8 | *g->choices++;
    return value;
}

static size_t below(struct generator *g, size_t bound)
{
    if (g->choices != NULL)
        return (size_t)(given(g, bound <= 256 ? 1 : 8) % bound);
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

static void put_mode(struct generator *g, size_t percent)
{
    if (g->modes && chance(g, percent))
        put(g, ",\"mode\":\"observe\"");
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
        put(g, chance(g, 50) ? "],\"on_deny\":\"because of it\"" : "]");
        put_mode(g, 25);
        put(g, i > 1 ? "}," : "}");
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
        put_mode(g, 25);
        put(g, i > 1 ? "}," : "}");
    }
    put(g, "]");
    if (!chance(g, 30))
        return;
    put(g, ",\"rate_limit\":{\"max\":2,\"window\":60");
    put_mode(g, 25);
    put(g, "}");
}

static void put_rule(struct generator *g, bool action)
{
    static const char *const actions[] = {"allow", "deny", "hide", "require_approval"};
    put(g, "{\"reason\":\"as the rule says\"");
    put_mode(g, 20);
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

void generator_policy(struct generator *g)
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

// ---- Calls

void generator_call(struct generator *g, struct scene *scene)
{
    static const char *const labels[] = {"", "ab", "ci", "1"};
    static const char *const tag_names[] = {"a", "ab", "prod", "x"};
    struct policy_call *call = &scene->call;
    scene->text = NULL;
    json_doc_init(&scene->args);
    *call = (struct policy_call){.subject = POLICY_TOOL, .args = JSON_NONE};
    call->name = slice_from_string(ANY(g, names));
    call->category = (enum catalogue_category)below(g, CATALOGUE_UNKNOWN + 1);
    call->grant_label = slice_from_string(ANY(g, labels));
    call->client_name = slice_from_string(ANY(g, labels));
    call->grant_tags = scene->tags;
    call->grant_tag_count = below(g, GENERATOR_TAGS + 1);
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

void scene_release(struct scene *scene)
{
    json_doc_release(&scene->args);
    free(scene->text);
}

void generator_init(struct generator *g, uint64_t seed, const uint8_t *choices, size_t length)
{
    *g = (struct generator){.state = seed, .choices = choices, .left = length};
    buffer_init(&g->out, 0);
}

void generator_release(struct generator *g)
{
    buffer_release(&g->out);
}
