// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a file of cases says about one call: one table of keys, with the places where each may
// stand.
#include "cli/cases_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { REPEAT_MAX = 100000 };
static const int64_t WAIT_MAX_MS = 36600LL * 86400000; // a hundred years

// Without a time of its own a case happens at noon of a working day, for a test must not depend on
// when it is run.
#define NOON "2026-01-01T12:00:00Z"

struct reader {
    struct cases *cases;
    enum case_place place;
    struct case_call *into;
    unsigned int seen;  // keys of this object, by their place in the table
    uint32_t time_node; // of 'time' or 'after'
};

struct key {
    const char *name;
    unsigned int places;
    void (*read)(struct reader *reader, uint32_t node, const struct key *key);
    int detail;
};

static const char *const outcome_words[] = {[CASE_ALLOW] = "allow",
                                            [CASE_DENY] = "deny",
                                            [CASE_ASK] = "ask",
                                            [CASE_HIDE] = "hide",
                                            [CASE_OBSERVE] = "observe"};

struct case_call cases_blank(void)
{
    struct slice empty = SLICE_LITERAL("");
    struct case_call blank = {.call = {.args = JSON_NONE,
                                       .category = CATALOGUE_UNKNOWN,
                                       .server = empty,
                                       .grant_label = empty,
                                       .client_name = empty},
                              .session = empty,
                              .repeat = 1,
                              .listed = -1,
                              .result = JSON_NONE,
                              .returns = JSON_NONE};
    if (!clock_parse(SLICE_LITERAL(NOON), &blank.call.now_ms))
        blank.call.now_ms = 0;
    return blank;
}

static bool expect_type(struct reader *reader, uint32_t node, const struct key *key,
                        enum json_type type)
{
    char what[32];
    snprintf(what, sizeof what, "'%s'", key->name);
    return cases_expect(reader->cases, node, type, what);
}

// data is NULL after a complaint.
static struct slice read_string(struct reader *reader, uint32_t node, const struct key *key)
{
    if (!expect_type(reader, node, key, JSON_STRING))
        return (struct slice){0};
    return cases_string(reader->cases, node, key->name);
}

// ---- What is called

static void read_subject(struct reader *reader, uint32_t node, const struct key *key)
{
    reader->into->call.subject = (enum policy_subject)key->detail;
    reader->into->call.name = read_string(reader, node, key);
}

static void read_arguments(struct reader *reader, uint32_t node, const struct key *key)
{
    if (expect_type(reader, node, key, JSON_OBJECT))
        reader->into->call.args = node;
}

static void read_category(struct reader *reader, uint32_t node, const struct key *key)
{
    const char *near = NULL;
    struct slice word = read_string(reader, node, key);
    if (word.data == NULL || cli_category(word, &reader->into->call.category, &near))
        return;
    cases_unknown_word(reader->cases, node, "category", "", &near, near == NULL ? 0 : 1);
}

// ---- Who calls, and when

static void read_word(struct reader *reader, uint32_t node, const struct key *key)
{
    struct slice word = read_string(reader, node, key);
    struct policy_call *call = &reader->into->call;
    if (word.data == NULL)
        return;
    switch (key->detail) {
    case 's': call->server = word; break;
    case 'g': call->grant_label = word; break;
    case 'c': call->client_name = word; break;
    default: reader->into->session = word;
    }
}

static void read_tags(struct reader *reader, uint32_t node, const struct key *key)
{
    struct cases *cases = reader->cases;
    if (!expect_type(reader, node, key, JSON_ARRAY))
        return;
    size_t count = json_at(&cases->doc, node)->count, i = 0;
    if (count > CLI_TAGS_MAX) {
        cases_complain(cases, node, "more than %d tags", CLI_TAGS_MAX);
        return;
    }
    struct slice *tags = arena_take_zeroed(&cases->arena, (count + 1) * sizeof *tags);
    if (tags == NULL) {
        cases_complain(cases, node, "out of memory");
        return;
    }
    for (uint32_t tag = json_first_element(&cases->doc, node); tag != JSON_NONE;
         tag = json_next_element(&cases->doc, node, tag))
        tags[i++] = cases_string(cases, tag, "a tag");
    reader->into->call.grant_tags = tags;
    reader->into->call.grant_tag_count = count;
}

static bool read_integer(struct reader *reader, uint32_t node, const char *what, int64_t least,
                         int64_t most, int64_t *ret)
{
    if (json_integer(&reader->cases->doc, node, ret) == 0 && *ret >= least && *ret <= most)
        return true;
    cases_complain(reader->cases, node, "'%s' must be a whole number of %lld to %lld", what,
                   (long long)least, (long long)most);
    return false;
}

static void read_session_calls(struct reader *reader, uint32_t node, const struct key *key)
{
    int64_t calls;
    if (!read_integer(reader, node, key->name, 0, INT64_MAX, &calls))
        return;
    reader->into->call.session_calls = (uint64_t)calls;
    reader->into->sets_session_calls = true;
}

static void read_time(struct reader *reader, uint32_t node, const struct key *key)
{
    int64_t before = reader->into->call.now_ms, time;
    struct slice text = read_string(reader, node, key);
    reader->time_node = node;
    if (text.data == NULL)
        return;
    if (!clock_parse(text, &time))
        cases_complain(reader->cases, node, "'time' must be like 2027-01-01T12:00:00Z");
    else if (reader->place == IN_STEP && time < before)
        cases_complain(reader->cases, node, "'time' lies before the step above");
    else
        reader->into->call.now_ms = time;
}

static void read_after(struct reader *reader, uint32_t node, const struct key *key)
{
    uint64_t wait = 0;
    int64_t seconds = 0;
    bool good;
    (void)key;
    reader->time_node = node;
    if (json_type(&reader->cases->doc, node) == JSON_STRING) {
        struct slice text = cases_string(reader->cases, node, "'after'");
        good = text.data != NULL && config_parse_duration(text, &wait);
    } else {
        good = json_integer(&reader->cases->doc, node, &seconds) == 0 && seconds >= 0 &&
               seconds <= WAIT_MAX_MS / 1000;
        wait = (uint64_t)seconds * 1000;
    }
    if (!good || wait > (uint64_t)WAIT_MAX_MS)
        cases_complain(reader->cases, node,
                       "'after' must be a duration such as \"90s\", \"24h\", \"7d\" or whole "
                       "seconds, at most 36600 days");
    else
        reader->into->call.now_ms += (int64_t)wait;
}

static void read_repeat(struct reader *reader, uint32_t node, const struct key *key)
{
    read_integer(reader, node, key->name, 1, REPEAT_MAX, &reader->into->repeat);
}

// ---- What is expected

static void read_expect(struct reader *reader, uint32_t node, const struct key *key)
{
    struct slice word = read_string(reader, node, key);
    if (word.data == NULL)
        return;
    for (int outcome = CASE_ALLOW; outcome <= CASE_OBSERVE; outcome++)
        if (slice_equal_string(word, outcome_words[outcome])) {
            reader->into->expect = (enum case_outcome)outcome;
            return;
        }
    const char *near = config_nearest(word, outcome_words + CASE_ALLOW, CASE_OBSERVE);
    cases_unknown_word(reader->cases, node, "outcome",
                       " (it is one of 'allow', 'deny', 'ask', 'hide' and 'observe')", &near,
                       near == NULL ? 0 : 1);
}

static void read_text(struct reader *reader, uint32_t node, const struct key *key)
{
    struct slice text = read_string(reader, node, key);
    if (text.data != NULL && text.length == 0)
        cases_complain(reader->cases, node, "'%s' must not be empty", key->name);
    *(key->detail == 'r' ? &reader->into->rule : &reader->into->reason) = text;
}

static void read_listed(struct reader *reader, uint32_t node, const struct key *key)
{
    enum json_type type = json_type(&reader->cases->doc, node);
    (void)key;
    if (type == JSON_TRUE || type == JSON_FALSE)
        reader->into->listed = type == JSON_TRUE;
    else
        cases_complain(reader->cases, node, "'listed' must be true or false, not %s",
                       json_type_name(type));
}

static void read_result(struct reader *reader, uint32_t node, const struct key *key)
{
    if (expect_type(reader, node, key, JSON_OBJECT))
        *(key->detail == 'i' ? &reader->into->result : &reader->into->returns) = node;
}

// ---- The table

enum { ANYWHERE = IN_DEFAULTS | IN_CASE | IN_SEQUENCE | IN_STEP };
enum { A_CALL = IN_CASE | IN_SEQUENCE | IN_STEP, CHECKED = IN_CASE | IN_STEP };
enum {
    TOOL,
    RESOURCE,
    PROMPT,
    METHOD,
    ARGUMENTS,
    TIME,
    AFTER,
    EXPECT,
    RULE,
    REASON,
    LISTED,
    RESULT,
    RETURNS
};

static const struct key keys[] = {
    [TOOL] = {"tool", A_CALL, read_subject, POLICY_TOOL},
    [RESOURCE] = {"resource", A_CALL, read_subject, POLICY_RESOURCE},
    [PROMPT] = {"prompt", A_CALL, read_subject, POLICY_PROMPT},
    [METHOD] = {"method", A_CALL, read_subject, POLICY_METHOD},
    [ARGUMENTS] = {"arguments", A_CALL, read_arguments, 0},
    [TIME] = {"time", ANYWHERE, read_time, 0},
    [AFTER] = {"after", IN_STEP, read_after, 0},
    [EXPECT] = {"expect", CHECKED, read_expect, 0},
    [RULE] = {"rule", CHECKED, read_text, 'r'},
    [REASON] = {"reason", CHECKED, read_text, 'w'},
    [LISTED] = {"listed", CHECKED, read_listed, 0},
    [RESULT] = {"result", CHECKED, read_result, 'i'},
    [RETURNS] = {"returns", CHECKED, read_result, 'o'},
    {"repeat", CHECKED, read_repeat, 0},
    {"category", ANYWHERE, read_category, 0},
    {"grant", ANYWHERE, read_word, 'g'},
    {"tags", ANYWHERE, read_tags, 0},
    {"client", ANYWHERE, read_word, 'c'},
    {"server", ANYWHERE, read_word, 's'},
    {"session", ANYWHERE, read_word, 'n'},
    {"session_calls", ANYWHERE, read_session_calls, 0},
    {"name", IN_CASE | IN_SEQUENCE, NULL, 0}, // cases.c reads these two
    {"sequence", IN_CASE | IN_SEQUENCE, NULL, 0},
};
enum { KEYS = sizeof keys / sizeof *keys };

static const char *place_name(enum case_place place)
{
    switch (place) {
    case IN_DEFAULTS: return "the defaults";
    case IN_CASE: return "a case";
    case IN_SEQUENCE: return "a case beside its sequence";
    case IN_STEP: return "a step";
    }
    return "";
}

static void unknown_key(struct reader *reader, uint32_t node)
{
    const char *known[KEYS];
    size_t count = 0;
    struct slice where;
    for (size_t i = 0; i < KEYS; i++) {
        if (json_string_equals(&reader->cases->doc, node, slice_from_string(keys[i].name))) {
            cases_complain(reader->cases, node, "'%s' cannot stand in %s", keys[i].name,
                           place_name(reader->place));
            return;
        }
        if ((keys[i].places & (unsigned int)reader->place) != 0)
            known[count++] = keys[i].name;
    }
    where = arena_format(&reader->cases->arena, " in %s", place_name(reader->place));
    cases_unknown_word(reader->cases, node, "key", where.data == NULL ? "" : where.data, known,
                       count);
}

static void read_keys(struct reader *reader, uint32_t object)
{
    const struct json_doc *doc = &reader->cases->doc;
    for (uint32_t node = json_first_key(doc, object); node != JSON_NONE;
         node = json_next_key(doc, object, node)) {
        size_t i = 0;
        while (i < KEYS && ((keys[i].places & (unsigned int)reader->place) == 0 ||
                            !json_string_equals(doc, node, slice_from_string(keys[i].name))))
            i++;
        if (i == KEYS) {
            unknown_key(reader, node);
            continue;
        }
        reader->seen |= 1U << i;
        if (keys[i].read != NULL)
            keys[i].read(reader, node + 1, &keys[i]);
    }
}

static bool saw(const struct reader *reader, int key)
{
    return (reader->seen & 1U << key) != 0;
}

static void check_subject(struct reader *reader)
{
    struct case_call *call = reader->into;
    int subjects =
        saw(reader, TOOL) + saw(reader, RESOURCE) + saw(reader, PROMPT) + saw(reader, METHOD);
    if (subjects > 1)
        cases_complain(reader->cases, call->node,
                       "only one of 'tool', 'resource', 'prompt' and 'method' can be called");
    else if (call->call.name.data == NULL && subjects == 0 && reader->place != IN_SEQUENCE)
        cases_complain(reader->cases, call->node,
                       "nothing is called: 'tool', 'resource', 'prompt' or 'method' is missing");
    // Arguments for another tool are no arguments for this one.
    if (subjects == 1 && !saw(reader, ARGUMENTS))
        call->call.args = JSON_NONE;
    if (saw(reader, ARGUMENTS) && call->call.subject == POLICY_RESOURCE)
        cases_complain(reader->cases, call->node, "a resource has no arguments");
}

static void check_expectation(struct reader *reader)
{
    struct cases *cases = reader->cases;
    uint32_t node = reader->into->node;
    if (!saw(reader, EXPECT) && !saw(reader, LISTED))
        cases_complain(cases, node, "nothing is expected: 'expect' or 'listed' is missing");
    if (!saw(reader, EXPECT) && (saw(reader, RULE) || saw(reader, REASON)))
        cases_complain(cases, node, "'rule' and 'reason' need an 'expect'");
    if (saw(reader, LISTED) && reader->into->call.subject == POLICY_METHOD)
        cases_complain(cases, node,
                       "methods are not listed: only tools, resources and prompts are");
    if (saw(reader, RESULT) && reader->into->call.subject == POLICY_METHOD)
        cases_complain(cases, node, "only results of tools, resources and prompts are judged");
    if (saw(reader, RESULT) && !saw(reader, EXPECT))
        cases_complain(cases, node, "a 'result' needs an 'expect'");
    if (saw(reader, RETURNS) && (!saw(reader, RESULT) || reader->into->expect != CASE_ALLOW))
        cases_complain(cases, node, "'returns' needs a 'result' and \"expect\": \"allow\"");
    if (saw(reader, TIME) && saw(reader, AFTER))
        cases_complain(cases, reader->time_node, "'time' and 'after' exclude each other");
}

void cases_read_call(struct cases *cases, uint32_t node, enum case_place place,
                     const struct case_call *base, struct case_call *ret)
{
    struct reader reader = {.cases = cases, .place = place, .into = ret, .time_node = node};
    *ret = *base;
    ret->node = node;
    ret->sets_session_calls = false;
    ret->repeat = 1;
    ret->expect = CASE_ANY;
    ret->rule = ret->reason = (struct slice){0};
    ret->listed = -1;
    ret->result = ret->returns = JSON_NONE;
    if (!cases_expect(cases, node, JSON_OBJECT, place_name(place)))
        return;
    read_keys(&reader, node);
    if (place == IN_DEFAULTS)
        return;
    check_subject(&reader);
    if (place != IN_SEQUENCE)
        check_expectation(&reader);
}
