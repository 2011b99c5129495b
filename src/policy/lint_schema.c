// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Conditions and amounts before the input schemas of the tools that they are for: arguments that no
// tool has, types and values that can never fit. A schema that says it in a way that is not read
// here (a reference to elsewhere, conditions, patterns) is taken to allow everything.
#include "policy/lint_internal.h"

enum { DEPTH_MAX = 16, TYPES = 7 };
enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_NUMBER = 4,
    TYPE_STRING = 8,
    TYPE_ARRAY = 16,
    TYPE_OBJECT = 32,
    TYPE_ANY = 63
};

// What schemas say of a place.
struct view {
    const struct json_doc *doc;
    bool known;      // else everything may be there
    bool missing;    // the schema has no such argument
    uint32_t where;  // the object schema that lacks it
    unsigned types;  // TYPE_...
    uint32_t values; // `enum`, or JSON_NONE
};

static uint32_t member(const struct json_doc *doc, uint32_t object, const char *name)
{
    return object == JSON_NONE || json_type(doc, object) != JSON_OBJECT
               ? JSON_NONE
               : json_get(doc, object, name);
}

// "#/$defs/x" within the tool's own schema.
static uint32_t follow_reference(const struct json_doc *doc, uint32_t root, uint32_t node,
                                 struct arena *arena)
{
    struct slice text = json_string(doc, node, arena);
    static const char *const folders[] = {"$defs", "definitions"};
    for (size_t i = 0; i < 2; i++) {
        struct slice start = arena_format(arena, "#/%s/", folders[i]);
        if (text.data == NULL || start.data == NULL || !slice_starts_with(text, start))
            continue;
        uint32_t folder = member(doc, root, folders[i]);
        struct slice name = slice_of(text.data + start.length, text.length - start.length);
        return folder == JSON_NONE || json_type(doc, folder) != JSON_OBJECT
                   ? JSON_NONE
                   : json_get_slice(doc, folder, name);
    }
    return JSON_NONE;
}

// The schema itself, behind references; JSON_NONE when it says more than is read here.
static uint32_t plain(const struct json_doc *doc, uint32_t root, uint32_t node, struct arena *arena)
{
    static const char *const beyond[] = {
        "anyOf", "oneOf", "allOf", "not", "if", "patternProperties", "$dynamicRef"};
    for (int i = 0; i < DEPTH_MAX && node != JSON_NONE; i++) {
        if (json_type(doc, node) != JSON_OBJECT)
            return JSON_NONE;
        for (size_t j = 0; j < sizeof beyond / sizeof *beyond; j++)
            if (json_get(doc, node, beyond[j]) != JSON_NONE)
                return JSON_NONE;
        uint32_t reference = json_get(doc, node, "$ref");
        if (reference == JSON_NONE)
            return node;
        if (json_type(doc, reference) != JSON_STRING)
            return JSON_NONE;
        node = follow_reference(doc, root, reference, arena);
    }
    return JSON_NONE;
}

static unsigned type_bit(const struct json_doc *doc, uint32_t node)
{
    static const struct {
        const char *name;
        unsigned bit;
    } types[TYPES] = {{"null", TYPE_NULL},      {"boolean", TYPE_BOOLEAN}, {"number", TYPE_NUMBER},
                      {"integer", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
                      {"object", TYPE_OBJECT}};
    for (size_t i = 0; i < TYPES; i++)
        if (json_type(doc, node) == JSON_STRING &&
            json_string_equals(doc, node, slice_from_string(types[i].name)))
            return types[i].bit;
    return TYPE_ANY;
}

static unsigned types_of(const struct json_doc *doc, uint32_t schema)
{
    uint32_t type = json_get(doc, schema, "type");
    unsigned types = 0;
    if (type == JSON_NONE)
        return TYPE_ANY;
    if (json_type(doc, type) != JSON_ARRAY)
        return type_bit(doc, type);
    for (uint32_t node = json_first_element(doc, type); node != JSON_NONE;
         node = json_next_element(doc, type, node))
        types |= type_bit(doc, node);
    return types == 0 ? TYPE_ANY : types;
}

// ---- To the place that a path leads to

static uint32_t step_into(const struct json_doc *doc, uint32_t schema, const struct path_step *step,
                          struct view *view)
{
    if (step->kind != STEP_MEMBER) {
        uint32_t items = json_get(doc, schema, "items");
        return items != JSON_NONE && json_type(doc, items) == JSON_OBJECT ? items : JSON_NONE;
    }
    uint32_t properties = member(doc, schema, "properties");
    if (properties == JSON_NONE || json_type(doc, properties) != JSON_OBJECT)
        return JSON_NONE;
    uint32_t found = json_get_slice(doc, properties, step->name);
    if (found == JSON_NONE) {
        view->known = view->missing = true;
        view->where = properties;
    }
    return found;
}

static struct view look(struct lint *l, const struct policy_tool *tool, const struct path *path)
{
    const struct catalogue_tool *definition = tool->definition;
    const struct json_doc *doc = definition->doc;
    struct view view = {.doc = doc, .types = TYPE_ANY, .values = JSON_NONE, .where = JSON_NONE};
    if (doc == NULL || definition->schema == JSON_NONE || !lint_may_go_on(l, path->count + 1))
        return view;
    uint32_t schema = plain(doc, definition->schema, definition->schema, l->arena);
    for (size_t i = 0; i < path->count && schema != JSON_NONE; i++) {
        schema = step_into(doc, schema, &path->steps[i], &view);
        if (schema != JSON_NONE)
            schema = plain(doc, definition->schema, schema, l->arena);
    }
    if (schema == JSON_NONE)
        return view;
    view.known = true;
    view.types = types_of(doc, schema);
    view.values = json_get(doc, schema, "enum");
    if (view.values != JSON_NONE && json_type(doc, view.values) != JSON_ARRAY)
        view.values = JSON_NONE;
    return view;
}

// ---- What an operator can be satisfied by

static unsigned wanted_types(const struct condition *condition)
{
    enum condition_op op = condition->op;
    if (lint_is_order(op))
        return condition->as_number ? TYPE_NUMBER | TYPE_STRING : TYPE_NUMBER;
    if (op == OP_CONTAINS || op == OP_NOT_CONTAINS)
        return TYPE_STRING | TYPE_ARRAY;
    if (lint_wants_text(op))
        return TYPE_STRING;
    return lint_is_length(op) ? TYPE_STRING | TYPE_ARRAY | TYPE_OBJECT : TYPE_ANY;
}

static unsigned type_of_value(const struct json_doc *doc, uint32_t node)
{
    switch (json_type(doc, node)) {
    case JSON_NULL: return TYPE_NULL;
    case JSON_FALSE:
    case JSON_TRUE: return TYPE_BOOLEAN;
    case JSON_NUMBER: return TYPE_NUMBER;
    case JSON_STRING: return TYPE_STRING;
    case JSON_ARRAY: return TYPE_ARRAY;
    default: return TYPE_OBJECT;
    }
}

static bool value_fits(const struct json_doc *policy, uint32_t value, const struct view *view)
{
    if ((type_of_value(policy, value) & view->types) == 0)
        return false;
    if (view->values == JSON_NONE)
        return true;
    for (uint32_t node = json_first_element(view->doc, view->values); node != JSON_NONE;
         node = json_next_element(view->doc, view->values, node))
        if (json_equal(policy, value, view->doc, node))
            return true;
    return false;
}

// The value of the condition that no argument of that schema can have; JSON_NONE: they all may be.
static uint32_t odd_value(struct lint *l, const struct condition *condition,
                          const struct view *view)
{
    const struct json_doc *policy = &l->policy->doc;
    bool list = condition->op == OP_IN || condition->op == OP_NOT_IN;
    if (condition->op == OP_EQ || condition->op == OP_NEQ)
        return value_fits(policy, condition->value, view) ? JSON_NONE : condition->value;
    for (uint32_t node = list ? json_first_element(policy, condition->value) : JSON_NONE;
         node != JSON_NONE; node = json_next_element(policy, condition->value, node))
        if (lint_may_go_on(l, 1) && !value_fits(policy, node, view))
            return node;
    return JSON_NONE;
}

// ---- One condition before all tools that it is for: told when none of them fits

struct told {
    struct lint *l;
    const struct rule *rule;
    const struct path *path;
    const size_t *tools;
    size_t count;
    uint32_t node;
};

static struct slice tool_name(const struct told *t)
{
    struct slice name = t->l->tools[t->tools[0]].definition->name;
    return slice_of(name.data, name.length < 100 ? name.length : 100);
}

static void tell_missing(const struct told *t, const struct view *view)
{
    struct lint *l = t->l;
    const struct json_doc *doc = view->doc;
    size_t count = 0, most = json_at(doc, view->where)->count;
    struct slice *names = arena_take(l->arena, (most + 1) * sizeof *names);
    for (uint32_t key = json_first_key(doc, view->where); names != NULL && key != JSON_NONE;
         key = json_next_key(doc, view->where, key)) {
        names[count] = json_string(doc, key, l->arena);
        count += names[count].data != NULL;
    }
    const struct path_step *last = &t->path->steps[t->path->count - 1];
    const char *nearest = names == NULL || last->kind != STEP_MEMBER
                              ? NULL
                              : lint_nearest_word(l, last->name, names, count);
    lint_tell(l, POLICY_DOUBTFUL, "no-such-argument",
              (struct lint_place){t->node, t->rule->pointer},
              "Correct the path; a missing argument fails `require` and is never caught by "
              "`deny_if`.",
              "'%.*s' has no '%.100s' in its schema%s%.100s%s", SLICE_PRINT(tool_name(t)),
              t->path->text.data, nearest == NULL ? "" : "; did you mean '",
              nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

// False when some tool has the argument, or may have it.
static bool all_lack(const struct told *t)
{
    struct view last = {0};
    for (size_t i = 0; i < t->count; i++) {
        last = look(t->l, &t->l->tools[t->tools[i]], t->path);
        if (!last.missing)
            return false;
    }
    if (t->count > 0)
        tell_missing(t, &last);
    return true;
}

static void look_at_types(const struct told *t, const struct condition *condition)
{
    unsigned wanted = wanted_types(condition), found = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct view view = look(t->l, &t->l->tools[t->tools[i]], t->path);
        if (view.missing)
            continue;
        found |= view.known ? view.types : TYPE_ANY;
        if ((found & wanted) != 0)
            return;
    }
    if (found == 0)
        return;
    bool number = wanted == TYPE_NUMBER && found == TYPE_STRING;
    lint_tell(t->l, POLICY_SERIOUS, "type-never-fits",
              (struct lint_place){t->node, t->rule->pointer},
              number ? "Add \"as\": \"number\" if the string holds a plain number."
                     : "Use an operator for values of that type.",
              "'%s' cannot be asked of what the schema of '%.*s' says '%.100s' is: every call that "
              "has it is denied",
              condition_op_name(condition->op), SLICE_PRINT(tool_name(t)), t->path->text.data);
}

static void look_at_values(const struct told *t, const struct condition *condition)
{
    uint32_t odd = JSON_NONE;
    for (size_t i = 0; i < t->count; i++) {
        struct view view = look(t->l, &t->l->tools[t->tools[i]], t->path);
        if (view.missing)
            continue;
        odd = view.known ? odd_value(t->l, condition, &view) : JSON_NONE;
        if (odd == JSON_NONE)
            return;
    }
    if (odd == JSON_NONE)
        return;
    struct slice raw = json_raw(&t->l->policy->doc, odd);
    lint_tell(t->l, POLICY_DOUBTFUL, "value-never-comes",
              (struct lint_place){odd, t->rule->pointer}, "Correct the value.",
              "by the schema of '%.*s', '%.100s' is never %.*s%s", SLICE_PRINT(tool_name(t)),
              t->path->text.data, raw.length > 80 ? 80 : (int)raw.length, raw.data,
              raw.length > 80 ? "..." : "");
}

static void look_at_predicates(struct lint *l, const struct rule *rule,
                               const struct predicates *list, const size_t *tools, size_t count)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < list->items[i].count; j++) {
            const struct condition *condition = &list->items[i].conditions[j];
            const struct told t = {l, rule, &condition->path, tools, count, condition->node};
            if (condition->path.root != ROOT_ARGS || condition->path.count == 0 || all_lack(&t))
                continue;
            look_at_types(&t, condition);
            if (condition->value != JSON_NONE)
                look_at_values(&t, condition);
        }
}

// ---- Amounts

static bool is_required(const struct policy_tool *tool, struct slice name)
{
    const struct json_doc *doc = tool->definition->doc;
    uint32_t schema = tool->definition->schema;
    if (doc == NULL || schema == JSON_NONE || json_type(doc, schema) != JSON_OBJECT)
        return true;
    uint32_t list = json_get(doc, schema, "required");
    for (uint32_t node = list != JSON_NONE && json_type(doc, list) == JSON_ARRAY
                             ? json_first_element(doc, list)
                             : JSON_NONE;
         node != JSON_NONE; node = json_next_element(doc, list, node))
        if (json_type(doc, node) == JSON_STRING && json_string_equals(doc, node, name))
            return true;
    return false;
}

static void look_at_amount(struct lint *l, const struct rule *rule, const struct limit *limit,
                           const size_t *tools, size_t count)
{
    const struct path *path = &limit->increment;
    const struct told t = {l, rule, path, tools, count, limit->node};
    if (path->count == 0 || all_lack(&t))
        return;
    const struct condition order = {
        .op = OP_GTE, .as_number = limit->as_number, .path = *path, .value = JSON_NONE};
    look_at_types(&t, &order);
    if (path->count > 1 || path->steps[0].kind != STEP_MEMBER)
        return;
    for (size_t i = 0; i < count; i++)
        if (!is_required(&l->tools[tools[i]], path->steps[0].name)) {
            struct slice name = l->tools[tools[i]].definition->name;
            lint_tell(l, POLICY_REMARK, "amount-not-required",
                      (struct lint_place){limit->node, limit->charge.rule},
                      "That is safe; say so in 'on_deny' if agents may stumble over it.",
                      "'%.*s' does not require '%.100s': a call without it is denied",
                      name.length < 100 ? (int)name.length : 100, name.data, path->text.data);
            return;
        }
}

void lint_schema(struct lint *l, const struct rule *rule, const size_t *tools, size_t count)
{
    look_at_predicates(l, rule, &rule->require, tools, count);
    look_at_predicates(l, rule, &rule->deny_if, tools, count);
    look_at_predicates(l, rule, &rule->approve_if, tools, count);
    for (size_t i = 0; i < rule->limits.count; i++)
        if (rule->limits.items[i].has_increment)
            look_at_amount(l, rule, &rule->limits.items[i], tools, count);
}
