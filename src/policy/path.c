// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Paths: parsing ("args.items[*].price") and walking them through a call.
#include "policy/compile_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { STEPS_MAX = 32, INDEX_DIGITS = 9 };

static const struct {
    const char *name;
    enum path_root root;
} roots[] = {
    {"args", ROOT_ARGS},
    {"result", ROOT_RESULT},
    {"tool.name", ROOT_TOOL_NAME},
    {"tool.category", ROOT_TOOL_CATEGORY},
    {"grant.label", ROOT_GRANT_LABEL},
    {"grant.tags", ROOT_GRANT_TAGS},
    {"client.name", ROOT_CLIENT_NAME},
    {"session.calls", ROOT_SESSION_CALLS},
    {"time.hour", ROOT_TIME_HOUR},
    {"time.weekday", ROOT_TIME_WEEKDAY},
};
enum { ROOT_TOTAL = sizeof roots / sizeof *roots };

// ---- Parsing

struct path_parser {
    struct compiler *c;
    uint32_t node;
    struct slice rest;
    struct path_step *steps;
    size_t count;
    bool each;
};

static bool is_plain(unsigned char byte)
{
    return byte > ' ' && byte != 0x7F && strchr(".[]\"*'", byte) == NULL;
}

static void advance(struct path_parser *p, size_t bytes)
{
    p->rest.data += bytes;
    p->rest.length -= bytes;
}

static bool parse_member(struct path_parser *p, struct path_step *step)
{
    size_t length = 0;
    advance(p, 1);
    while (length < p->rest.length && is_plain((unsigned char)p->rest.data[length]))
        length++;
    if (length == 0) {
        compile_error(p->c, p->node,
                      "a name must follow '.'; odd names are written [\"...\"], any element [*]");
        return false;
    }
    *step = (struct path_step){STEP_MEMBER, 0, slice_of(p->rest.data, length)};
    advance(p, length);
    return true;
}

static bool parse_index(struct path_parser *p, struct path_step *step)
{
    size_t digits = 0;
    uint32_t index = 0;
    while (digits < p->rest.length && digits < INDEX_DIGITS && p->rest.data[digits] >= '0' &&
           p->rest.data[digits] <= '9')
        index = index * 10 + (uint32_t)(p->rest.data[digits++] - '0');
    if (digits == 0 || (digits > 1 && p->rest.data[0] == '0'))
        return false;
    *step = (struct path_step){STEP_INDEX, index, {0}};
    advance(p, digits);
    return true;
}

// The quoted name is JSON: it ends at the first quote that no backslash precedes.
static bool parse_quoted(struct path_parser *p, struct path_step *step)
{
    size_t end = 1;
    while (end < p->rest.length && p->rest.data[end] != '"')
        end += p->rest.data[end] == '\\' ? 2 : 1;
    if (end >= p->rest.length)
        return false;
    struct json_doc doc;
    json_doc_init(&doc);
    bool good = false;
    int error = json_scan(&doc, slice_of(p->rest.data, end + 1), NULL, NULL, NULL);
    if (error == ERROR_NO_MEMORY)
        p->c->no_memory = true;
    if (error == 0 && json_type(&doc, 0) == JSON_STRING) {
        struct slice name = json_string(&doc, 0, &p->c->policy->arena);
        if (name.data == NULL)
            p->c->no_memory = true;
        *step = (struct path_step){STEP_MEMBER, 0, name};
        advance(p, end + 1);
        good = true;
    }
    json_doc_release(&doc);
    return good;
}

static bool parse_bracket(struct path_parser *p, struct path_step *step)
{
    advance(p, 1);
    bool good = false;
    if (p->rest.length > 0 && p->rest.data[0] == '*') {
        *step = (struct path_step){STEP_EACH, 0, {0}};
        advance(p, 1);
        p->each = good = true;
    } else if (p->rest.length > 0 && p->rest.data[0] == '"') {
        good = parse_quoted(p, step);
    } else {
        good = parse_index(p, step);
    }
    if (good && p->rest.length > 0 && p->rest.data[0] == ']') {
        advance(p, 1);
        return true;
    }
    compile_error(p->c, p->node,
                  "brackets in a path hold a number, * or a quoted name, and are closed: "
                  "[0], [*], [\"odd.key\"]");
    return false;
}

static bool parse_step(struct path_parser *p)
{
    if (p->count == STEPS_MAX) {
        compile_error(p->c, p->node, "a path has at most %d steps", STEPS_MAX);
        return false;
    }
    struct path_step *step = &p->steps[p->count++];
    if (p->rest.data[0] == '.')
        return parse_member(p, step);
    if (p->rest.data[0] == '[')
        return parse_bracket(p, step);
    compile_error(p->c, p->node, "unexpected '%.20s' in a path", p->rest.data);
    return false;
}

// The longest root that the text starts with, as a whole word.
static bool parse_root(struct slice text, struct path *ret, struct slice *ret_rest)
{
    for (size_t i = 0; i < ROOT_TOTAL; i++) {
        struct slice name = slice_from_string(roots[i].name);
        if (!slice_starts_with(text, name))
            continue;
        struct slice rest = slice_of(text.data + name.length, text.length - name.length);
        if (rest.length > 0 && rest.data[0] != '.' && rest.data[0] != '[')
            continue;
        ret->root = roots[i].root;
        *ret_rest = rest;
        return true;
    }
    return false;
}

static void root_error(struct compiler *c, uint32_t node, struct slice text)
{
    const char *names[ROOT_TOTAL + 1] = {NULL};
    for (size_t i = 0; i < ROOT_TOTAL; i++)
        names[i] = roots[i].name;
    const char *nearest = compile_nearest(text, names);
    if (nearest != NULL)
        compile_error(c, node, "unknown path '%.80s'; did you mean '%s'?", text.data, nearest);
    else
        compile_error(c, node,
                      "unknown path '%.80s'; paths start with %s, tool.name, tool.category, "
                      "grant.label, grant.tags, client.name, session.calls, time.hour or "
                      "time.weekday",
                      text.data, c->in_results ? "result" : "args");
}

// A call has arguments and no result yet; when the result comes, the arguments are gone.
static bool root_fits(struct compiler *c, uint32_t node, enum path_root root)
{
    if (root == ROOT_ARGS && c->in_results)
        compile_error(c, node, "'results' cannot look at the arguments, only at result.*");
    else if (root == ROOT_RESULT && !c->in_results)
        compile_error(c, node, "result.* is known in 'results' only, after the call");
    else
        return true;
    return false;
}

static void make_label(struct compiler *c, struct path *path)
{
    if (path->root == ROOT_RESULT && path->count == 0)
        path->label = SLICE_LITERAL("The result");
    else if (path->root == ROOT_RESULT)
        path->label = compile_format(c, "The result's '%.200s'",
                                     path->text.data + (path->text.data[6] == '.' ? 7 : 6));
    else if (path->root != ROOT_ARGS)
        path->label = compile_format(c, "'%.200s'", path->text.data);
    else if (path->count == 0)
        path->label = SLICE_LITERAL("The arguments' object");
    else
        path->label = compile_format(c, "Argument '%.200s'",
                                     path->text.data + (path->text.data[4] == '.' ? 5 : 4));
}

bool compile_path(struct compiler *c, uint32_t node, struct path *ret)
{
    *ret = (struct path){.text = compile_string(c, node, "a path")};
    if (ret->text.data == NULL)
        return false;
    struct path_step steps[STEPS_MAX];
    struct path_parser p = {.c = c, .node = node, .steps = steps};
    if (!parse_root(ret->text, ret, &p.rest)) {
        root_error(c, node, ret->text);
        return false;
    }
    if (!root_fits(c, node, ret->root))
        return false;
    while (p.rest.length > 0)
        if (!parse_step(&p))
            return false;
    if (p.count > 0 && ret->root != ROOT_ARGS && ret->root != ROOT_RESULT &&
        (ret->root != ROOT_GRANT_TAGS || p.count > 1 || steps[0].kind == STEP_MEMBER)) {
        compile_error(c, node, "'%.80s' leads nowhere: only %s has parts", ret->text.data,
                      c->in_results ? "result" : "args");
        return false;
    }
    struct path_step *kept = compile_take(c, p.count, sizeof(struct path_step));
    if (kept == NULL)
        return false;
    if (p.count > 0)
        memcpy(kept, steps, p.count * sizeof *steps);
    ret->steps = kept;
    ret->count = p.count;
    ret->each = p.each;
    c->policy->roots |= 1U << ret->root;
    if (ret->root == ROOT_TOOL_CATEGORY)
        c->policy->uses_categories = true;
    make_label(c, ret);
    return true;
}

// ---- Walking

void trouble(struct decision *d, const char *format, ...)
{
    if (d->trouble.length > 0)
        return; // the first one is told
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    d->trouble = arena_copy(d->arena, slice_from_string(text));
    if (d->trouble.data == NULL)
        d->trouble = SLICE_LITERAL("The call is too large to be judged.");
}

struct walk {
    struct decision *d;
    const struct json_doc *doc;
    const struct path *path;
    value_cb callback;
    void *argument;
};

static void arrive(const struct walk *w, struct value value)
{
    w->callback(w->argument, &value);
}

static void wrong_container(const struct walk *w, enum json_type found, const char *wanted)
{
    trouble(w->d, "%.*s: expected %s inside, found %s %s.", SLICE_PRINT(w->path->label), wanted,
            found == JSON_ARRAY || found == JSON_OBJECT ? "an" : "a", json_type_name(found));
    arrive(w, (struct value){.kind = VALUE_TROUBLE});
}

// ---- What is not known any more

static bool is_doubtful(const struct walk *w, uint32_t node)
{
    const struct policy_gaps *gaps = w->d->call->gaps;
    return gaps != NULL && gaps->doubtful != NULL && w->d->answer == NULL &&
           gaps->doubtful(gaps->argument, w->doc, node);
}

static bool holds_doubtful(const struct walk *w, uint32_t node)
{
    if (w->d->call->gaps == NULL)
        return false;
    for (uint32_t i = node; i < json_at(w->doc, node)->next; i++)
        if (is_doubtful(w, i))
            return true;
    return false;
}

static void note_read(const struct decision *d, unsigned what)
{
    if (d->call->gaps != NULL)
        d->call->gaps->read |= what;
}

static void walk_from(const struct walk *w, uint32_t node, size_t at);

static void walk_member(const struct walk *w, uint32_t node, size_t at)
{
    const struct json_doc *doc = w->doc;
    struct slice name = w->path->steps[at].name;
    uint32_t twin = json_find_case_variant(doc, node, name);
    if (twin != JSON_NONE) {
        struct slice raw = json_raw(doc, twin);
        trouble(w->d, "%.*s is ambiguous: the %s holds %.*s, which differs only in case.",
                SLICE_PRINT(w->path->label), w->d->answer != NULL ? "result" : "call",
                (int)(raw.length < 100 ? raw.length : 100), raw.data);
        arrive(w, (struct value){.kind = VALUE_TROUBLE});
        return;
    }
    uint32_t value = json_get_slice(doc, node, name);
    if (value == JSON_NONE && is_doubtful(w, node))
        arrive(w, (struct value){.kind = VALUE_UNKNOWN});
    else
        walk_from(w, value, at + 1);
}

static void walk_each(const struct walk *w, uint32_t node, size_t at)
{
    const struct json_doc *doc = w->doc;
    if (json_at(doc, node)->count == 0)
        arrive(w, (struct value){.kind = VALUE_MISSING});
    for (uint32_t element = json_first_element(doc, node); element != JSON_NONE;
         element = json_next_element(doc, node, element))
        walk_from(w, element, at + 1);
}

// The recursion is bounded by STEPS_MAX.
static void walk_from(const struct walk *w, uint32_t node, size_t at)
{
    if (node == JSON_NONE) {
        arrive(w, (struct value){.kind = VALUE_MISSING});
        return;
    }
    if (at == w->path->count) {
        arrive(w, holds_doubtful(w, node)
                      ? (struct value){.kind = VALUE_UNKNOWN}
                      : (struct value){.kind = VALUE_NODE, .doc = w->doc, .node = node});
        return;
    }
    const struct path_step *step = &w->path->steps[at];
    enum json_type type = json_type(w->doc, node);
    enum json_type wanted = step->kind == STEP_MEMBER ? JSON_OBJECT : JSON_ARRAY;
    if (type != JSON_OBJECT && is_doubtful(w, node))
        arrive(w, (struct value){.kind = VALUE_UNKNOWN});
    else if (type == JSON_NULL)
        arrive(w, (struct value){.kind = VALUE_MISSING});
    else if (type != wanted)
        wrong_container(w, type, wanted == JSON_OBJECT ? "an object" : "an array");
    else if (step->kind == STEP_MEMBER)
        walk_member(w, node, at);
    else if (step->kind == STEP_INDEX)
        walk_from(w, json_element(w->doc, node, step->index), at + 1);
    else
        walk_each(w, node, at);
}

static struct value text_value(struct slice text)
{
    return (struct value){.kind = text.length == 0 ? VALUE_MISSING : VALUE_TEXT, .text = text};
}

static struct value number_value(uint64_t number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static uint64_t hours_since_1970(int64_t now_ms)
{
    return now_ms < 0 ? 0 : (uint64_t)now_ms / 3600000;
}

static void walk_tags(const struct walk *w)
{
    const struct policy_call *call = w->d->call;
    if (call->gaps != NULL && call->gaps->tags) {
        arrive(w, (struct value){.kind = VALUE_UNKNOWN});
    } else if (w->path->count == 0) {
        arrive(w, (struct value){.kind = VALUE_TAGS});
    } else if (w->path->steps[0].kind == STEP_INDEX) {
        uint32_t index = w->path->steps[0].index;
        arrive(w, index < call->grant_tag_count
                      ? (struct value){.kind = VALUE_TEXT, .text = call->grant_tags[index]}
                      : (struct value){.kind = VALUE_MISSING});
    } else {
        for (size_t i = 0; i < call->grant_tag_count; i++)
            arrive(w, (struct value){.kind = VALUE_TEXT, .text = call->grant_tags[i]});
        if (call->grant_tag_count == 0)
            arrive(w, (struct value){.kind = VALUE_MISSING});
    }
}

bool path_reads_structured(const struct path *path)
{
    return path->root == ROOT_RESULT && path->count > 0 && path->steps[0].kind == STEP_MEMBER &&
           slice_equal_string(path->steps[0].name, "structuredContent");
}

// JSON that a text holds is looked at as if it were the structured content. Another kind of
// document than the path wants is somebody else's text.
static void walk_result(const struct walk *w)
{
    if (w->d->answer == NULL) { // the compiler lets such paths into `results` only
        walk_from(w, JSON_NONE, 0);
        return;
    }
    struct walk inside = *w;
    inside.doc = w->d->structured;
    if (inside.doc == NULL || !path_reads_structured(w->path)) {
        walk_from(w, w->d->answer->result, 0);
        return;
    }
    enum json_type type = json_type(inside.doc, 0);
    bool fits = w->path->count == 1 ||
                type == (w->path->steps[1].kind == STEP_MEMBER ? JSON_OBJECT : JSON_ARRAY);
    walk_from(&inside, fits ? 0 : JSON_NONE, 1);
}

void path_walk(struct decision *d, const struct path *path, value_cb callback, void *argument)
{
    const struct policy_call *call = d->call;
    const struct walk w = {d, d->answer != NULL ? d->answer->doc : call->doc, path, callback,
                           argument};
    switch (path->root) {
    case ROOT_RESULT: walk_result(&w); break;
    case ROOT_ARGS:
        note_read(d, POLICY_READ_ARGUMENTS);
        walk_from(&w, call->doc == NULL ? JSON_NONE : call->args, 0);
        break;
    case ROOT_TOOL_NAME: arrive(&w, text_value(call->name)); break;
    case ROOT_TOOL_CATEGORY:
        arrive(&w, text_value(slice_from_string(catalogue_category_name(call->category))));
        break;
    case ROOT_GRANT_LABEL: arrive(&w, text_value(call->grant_label)); break;
    case ROOT_GRANT_TAGS: walk_tags(&w); break;
    case ROOT_CLIENT_NAME: arrive(&w, text_value(call->client_name)); break;
    case ROOT_SESSION_CALLS:
        note_read(d, POLICY_READ_SESSION);
        arrive(&w, call->gaps != NULL && call->gaps->session_calls
                       ? (struct value){.kind = VALUE_UNKNOWN}
                       : number_value(call->session_calls));
        break;
    case ROOT_TIME_HOUR:
        note_read(d, POLICY_READ_TIME);
        arrive(&w, number_value(hours_since_1970(call->now_ms) % 24));
        break;
    case ROOT_TIME_WEEKDAY: // 1970-01-01 was a Thursday, day 4 of ISO 8601
        note_read(d, POLICY_READ_TIME);
        arrive(&w, number_value((hours_since_1970(call->now_ms) / 24 + 3) % 7 + 1));
        break;
    }
}

static void keep_value(void *argument, const struct value *value)
{
    *(struct value *)argument = *value;
}

struct value path_find(struct decision *d, const struct path *path)
{
    struct value value = {.kind = VALUE_MISSING};
    path_walk(d, path, keep_value, &value);
    return value;
}

enum json_type value_type(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NODE: return json_type(value->doc, value->node);
    case VALUE_TEXT: return JSON_STRING;
    case VALUE_NUMBER: return JSON_NUMBER;
    case VALUE_TAGS: return JSON_ARRAY;
    case VALUE_MISSING:
    case VALUE_TROUBLE:
    case VALUE_UNKNOWN: break;
    }
    return JSON_NULL;
}
