// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The file as a whole: its policy, its defaults, its list of cases, and what is wrong with it.
#include "cli/cases_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_MAX = 256 * 1024 * 1024, PROBLEMS_MAX = 200, SHOWN_MAX = 80 };

// In one file; of several files the one that was found first goes first.
static bool stands_before(const struct case_problem *a, const struct case_problem *b)
{
    const struct json_position *x = &a->problem.at, *y = &b->problem.at;
    return a->path == b->path && (x->line != y->line ? x->line < y->line : x->column < y->column);
}

static void add_problem(struct cases *cases, const char *path, const struct policy_problem *problem)
{
    cases->errors += problem->warning ? 0 : 1;
    if (cases->problem_count == PROBLEMS_MAX)
        return;
    struct case_problem *added = arena_take_zeroed(&cases->arena, sizeof *added);
    if (added == NULL)
        return; // counted, which is what keeps the cases from being run
    added->path = path;
    added->problem = *problem;
    struct case_problem **place = &cases->problems;
    while (*place != NULL && !stands_before(added, *place))
        place = &(*place)->next;
    added->next = *place;
    *place = added;
    cases->problem_count++;
}

struct json_position cases_position(const struct cases *cases, uint32_t node)
{
    return json_position(cases->doc.text, json_at(&cases->doc, node)->start);
}

void cases_complain(struct cases *cases, uint32_t node, const char *format, ...)
{
    struct policy_problem problem = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem.text, sizeof problem.text, format, arguments);
    va_end(arguments);
    for (char *at = problem.text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            *at = '?'; // keys may hold anything; a problem stays one line
    if (node != JSON_NONE)
        problem.at = cases_position(cases, node);
    add_problem(cases, cases->path, &problem);
}

bool cases_expect(struct cases *cases, uint32_t node, enum json_type type, const char *what)
{
    enum json_type found = json_type(&cases->doc, node);
    if (found == type)
        return true;
    const char *wanted = json_type_name(type);
    cases_complain(cases, node, "%s must be %s %s, not %s", what,
                   strchr("ao", *wanted) == NULL ? "a" : "an", wanted, json_type_name(found));
    return false;
}

struct slice cases_string(struct cases *cases, uint32_t node, const char *what)
{
    struct slice value = {0};
    if (!cases_expect(cases, node, JSON_STRING, what))
        return value;
    value = json_string(&cases->doc, node, &cases->arena);
    if (value.data == NULL)
        cases_complain(cases, node, "out of memory");
    return value;
}

void cases_unknown_word(struct cases *cases, uint32_t node, const char *kind, const char *where,
                        const char *const *known, size_t count)
{
    struct slice word = cases_string(cases, node, kind);
    if (word.data == NULL)
        return;
    const char *near = config_nearest(word, known, count);
    int shown = word.length < SHOWN_MAX ? (int)word.length : SHOWN_MAX;
    cases_complain(cases, node, "unknown %s '%.*s'%s%s%s%s", kind, shown, word.data, where,
                   near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                   near == NULL ? "" : "'?");
}

// ---- The policy

// Relative to the folder of the cases, so that both can be moved and checked out together.
static const char *beside(struct cases *cases, struct slice path)
{
    const char *slash = strrchr(cases->path, '/');
    int folder = slash == NULL || path.data[0] == '/' ? 0 : (int)(slash - cases->path + 1);
    return arena_format(&cases->arena, "%.*s%.*s", folder, cases->path, SLICE_PRINT(path)).data;
}

static void read_policy_path(struct cases *cases, uint32_t node)
{
    if (cases->policy_path != NULL)
        return; // --policy
    if (node == JSON_NONE) {
        cases_complain(cases, 0, "'policy' is missing: the file of the policy, or --policy");
        return;
    }
    struct slice path = cases_string(cases, node, "'policy'");
    if (path.data == NULL)
        return;
    if (path.length == 0 || memchr(path.data, '\0', path.length) != NULL)
        cases_complain(cases, node, "'policy' must be the name of a file");
    else if ((cases->policy_path = beside(cases, path)) == NULL)
        cases_complain(cases, node, "out of memory");
}

static void load_policy(struct cases *cases, uint32_t node)
{
    struct policy_problems problems;
    struct error error = {0};
    read_policy_path(cases, node);
    if (cases->policy_path == NULL)
        return;
    int result = cli_read_policy(cases->policy_path, &cases->policy, &problems, &error);
    for (size_t i = 0; i < problems.count; i++)
        add_problem(cases, cases->policy_path, &problems.items[i]);
    if (result != 0 && problems.count == 0)
        cases_complain(cases, node, "the policy '%.200s' %s", cases->policy_path, error.text);
    policy_problems_release(&problems);
}

// ---- The cases

static void read_steps(struct cases *cases, uint32_t list, const struct case_call *base,
                       struct case_entry *ret)
{
    struct case_call shared = *base;
    if (!cases_expect(cases, list, JSON_ARRAY, "'sequence'"))
        return;
    size_t count = json_at(&cases->doc, list)->count;
    if (count == 0)
        cases_complain(cases, list, "the sequence has no step: it could not fail");
    ret->steps = arena_take_zeroed(&cases->arena, (count + 1) * sizeof *ret->steps);
    if (ret->steps == NULL) {
        cases_complain(cases, list, "out of memory");
        return;
    }
    for (uint32_t node = json_first_element(&cases->doc, list); node != JSON_NONE;
         node = json_next_element(&cases->doc, list, node)) {
        struct case_call *step = &ret->steps[ret->step_count++];
        cases_read_call(cases, node, IN_STEP, &shared, step);
        shared.call.now_ms = step->call.now_ms; // time goes on, all else begins anew
    }
}

static void read_case(struct cases *cases, uint32_t node, const struct case_call *defaults,
                      struct case_entry *ret)
{
    uint32_t name = json_get(&cases->doc, node, "name");
    uint32_t sequence = json_get(&cases->doc, node, "sequence");
    *ret = (struct case_entry){.node = node, .sequence = sequence != JSON_NONE};
    if (name != JSON_NONE)
        ret->name = cases_string(cases, name, "'name'");
    struct case_call call;
    cases_read_call(cases, node, ret->sequence ? IN_SEQUENCE : IN_CASE, defaults, &call);
    if (ret->sequence) {
        read_steps(cases, sequence, &call, ret);
        return;
    }
    ret->steps = arena_take(&cases->arena, sizeof *ret->steps);
    if (ret->steps == NULL) {
        cases_complain(cases, node, "out of memory");
        return;
    }
    *ret->steps = call;
    ret->step_count = 1;
}

static void read_cases(struct cases *cases, uint32_t list, const struct case_call *defaults)
{
    if (list != JSON_NONE && !cases_expect(cases, list, JSON_ARRAY, "'cases'"))
        return;
    size_t count = list == JSON_NONE ? 0 : json_at(&cases->doc, list)->count;
    if (count == 0) {
        cases_complain(cases, list == JSON_NONE ? 0 : list,
                       "there is no case: a test that cannot fail");
        return;
    }
    cases->entries = arena_take_zeroed(&cases->arena, count * sizeof *cases->entries);
    if (cases->entries == NULL) {
        cases_complain(cases, list, "out of memory");
        return;
    }
    for (uint32_t node = json_first_element(&cases->doc, list); node != JSON_NONE;
         node = json_next_element(&cases->doc, list, node))
        read_case(cases, node, defaults, &cases->entries[cases->count++]);
}

// ---- The file

static void check_keys(struct cases *cases)
{
    static const char *const known[] = {"policy", "defaults", "cases"};
    for (uint32_t key = json_first_key(&cases->doc, 0); key != JSON_NONE;
         key = json_next_key(&cases->doc, 0, key)) {
        size_t i = 0;
        while (i < 3 && !json_string_equals(&cases->doc, key, slice_from_string(known[i])))
            i++;
        if (i == 3)
            cases_unknown_word(cases, key, "key", "", known, 3);
    }
}

static void read_document(struct cases *cases)
{
    struct case_call blank = cases_blank(), defaults = blank;
    uint32_t node = json_get(&cases->doc, 0, "defaults");
    check_keys(cases);
    load_policy(cases, json_get(&cases->doc, 0, "policy"));
    if (node != JSON_NONE)
        cases_read_call(cases, node, IN_DEFAULTS, &blank, &defaults);
    read_cases(cases, json_get(&cases->doc, 0, "cases"), &defaults);
}

void cases_load(struct cases *cases, const char *path, const char *policy_path)
{
    struct error error = {0};
    size_t offset = 0;
    *cases = (struct cases){.path = path, .policy_path = policy_path};
    arena_init(&cases->arena, ARENA_MAX);
    buffer_init(&cases->text, 0);
    json_doc_init(&cases->doc);
    if (config_read_file(path, CLI_POLICY_FILE_MAX, &cases->text, &error) != 0) {
        cases_complain(cases, JSON_NONE, "cannot be read: %s", error.text);
    } else if (json_scan(&cases->doc, buffer_slice(&cases->text), NULL, &error, &offset) != 0) {
        // The scanner's sentence begins with the place, which stands before every problem here.
        const char *sentence = strstr(error.text, ": ");
        struct policy_problem problem = {.at = json_position(buffer_slice(&cases->text), offset)};
        snprintf(problem.text, sizeof problem.text, "%.390s",
                 sentence == NULL ? error.text : sentence + 2);
        add_problem(cases, path, &problem);
    } else if (cases_expect(cases, 0, JSON_OBJECT, "a file of cases")) {
        read_document(cases);
    }
}

void cases_release(struct cases *cases)
{
    policy_unref(cases->policy);
    json_doc_release(&cases->doc);
    buffer_release(&cases->text);
    arena_release(&cases->arena);
}
