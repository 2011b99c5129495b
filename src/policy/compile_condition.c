// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Conditions and predicates of a document. The one table of operators says what each needs.
#include "policy/compile_internal.h"

#include <stdio.h>

enum operand {
    OPERAND_ANY,
    OPERAND_LIST,
    OPERAND_NUMBER,
    OPERAND_PRESENCE,
    OPERAND_PART, // a string or, for arrays, any value
    OPERAND_TEXT,
    OPERAND_REGEX,
    OPERAND_LENGTH,
    OPERAND_FOLDERS,
    OPERAND_HOSTS,
    OPERAND_NETWORKS,
};

static const struct {
    const char *name;
    enum operand operand;
} operators[] = {
    [OP_EQ] = {"eq", OPERAND_ANY},
    [OP_NEQ] = {"neq", OPERAND_ANY},
    [OP_IN] = {"in", OPERAND_LIST},
    [OP_NOT_IN] = {"not_in", OPERAND_LIST},
    [OP_LT] = {"lt", OPERAND_NUMBER},
    [OP_LTE] = {"lte", OPERAND_NUMBER},
    [OP_GT] = {"gt", OPERAND_NUMBER},
    [OP_GTE] = {"gte", OPERAND_NUMBER},
    [OP_EXISTS] = {"exists", OPERAND_PRESENCE},
    [OP_CONTAINS] = {"contains", OPERAND_PART},
    [OP_NOT_CONTAINS] = {"not_contains", OPERAND_PART},
    [OP_STARTS_WITH] = {"starts_with", OPERAND_TEXT},
    [OP_ENDS_WITH] = {"ends_with", OPERAND_TEXT},
    [OP_REGEX] = {"regex", OPERAND_REGEX},
    [OP_NOT_REGEX] = {"not_regex", OPERAND_REGEX},
    [OP_LENGTH_LT] = {"length_lt", OPERAND_LENGTH},
    [OP_LENGTH_LTE] = {"length_lte", OPERAND_LENGTH},
    [OP_LENGTH_GT] = {"length_gt", OPERAND_LENGTH},
    [OP_LENGTH_GTE] = {"length_gte", OPERAND_LENGTH},
    [OP_WITHIN_PATH] = {"within_path", OPERAND_FOLDERS},
    [OP_URL_HOST_IN] = {"url_host_in", OPERAND_HOSTS},
    [OP_CIDR_IN] = {"cidr_in", OPERAND_NETWORKS},
};
enum { OPERATOR_COUNT = sizeof operators / sizeof *operators };

static bool compile_operator(struct compiler *c, uint32_t node, enum condition_op *ret)
{
    const char *names[OPERATOR_COUNT + 1] = {NULL};
    struct slice name = compile_string(c, node, "'op'");
    if (name.data == NULL)
        return false;
    for (size_t i = 0; i < OPERATOR_COUNT; i++) {
        names[i] = operators[i].name;
        if (slice_equal_string(name, names[i])) {
            *ret = (enum condition_op)i;
            return true;
        }
    }
    const char *nearest = compile_nearest(name, names);
    if (nearest != NULL)
        compile_error(c, node, "unknown operator '%.60s'; did you mean '%s'?", name.data, nearest);
    else
        compile_error(c, node, "unknown operator '%.60s'", name.data);
    return false;
}

// ---- Operands that are a list of strings, or one string

typedef void (*text_cb)(struct compiler *c, uint32_t node, struct slice text,
                        struct condition *condition);

static void compile_texts(struct compiler *c, uint32_t node, text_cb callback,
                          struct condition *ret)
{
    if (json_type(c->doc, node) == JSON_STRING) {
        callback(c, node, compile_string(c, node, "'value'"), ret);
        return;
    }
    if (json_type(c->doc, node) != JSON_ARRAY) {
        compile_error(c, node, "'value' must be a list of strings or one string, not %s",
                      json_type_name(json_type(c->doc, node)));
        return;
    }
    if (json_at(c->doc, node)->count == 0)
        compile_error(c, node, "'value' must not be empty");
    for (uint32_t element = json_first_element(c->doc, node); element != JSON_NONE;
         element = json_next_element(c->doc, node, element)) {
        struct slice text = compile_string(c, element, "an element of 'value'");
        if (text.data != NULL)
            callback(c, element, text, ret);
    }
}

static void add_folder(struct compiler *c, uint32_t node, struct slice text,
                       struct condition *condition)
{
    char *normal = compile_take(c, text.length + 1, 1);
    if (normal == NULL || text.data == NULL)
        return;
    size_t length = path_normalise(text, normal);
    if (length == 0)
        compile_error(c, node, "'%.100s' is not an absolute folder", text.data);
    else
        ((struct slice *)condition->folders)[condition->count++] = slice_of(normal, length);
}

static void add_host(struct compiler *c, uint32_t node, struct slice text,
                     struct condition *condition)
{
    if (text.data == NULL)
        return;
    bool below = slice_starts_with(text, SLICE_LITERAL("*."));
    struct slice name = below ? slice_of(text.data + 2, text.length - 2) : text;
    char buffer[HOST_SIZE];
    struct slice host;
    bool ipv6 = memchr(name.data, ':', name.length) != NULL && name.data[0] != '[';
    struct slice bracketed =
        ipv6 ? compile_format(c, "[%.100s]", name.data) : name; // both spellings are fine here
    if (bracketed.data == NULL)
        return;
    if (!host_normalise(bracketed, buffer, &host)) {
        compile_error(c, node, "'%.100s' is not a host ('example.com', '*.example.com')",
                      text.data);
        return;
    }
    host = arena_copy(&c->policy->arena, host);
    c->no_memory |= host.data == NULL;
    ((struct host_pattern *)condition->hosts)[condition->count++] =
        (struct host_pattern){host, below};
}

static void add_network(struct compiler *c, uint32_t node, struct slice text,
                        struct condition *condition)
{
    struct network network;
    bool host_bits;
    if (text.data == NULL)
        return;
    if (!network_parse(text, &network, &host_bits)) {
        compile_error(c, node, "'%.100s' is not a network ('10.0.0.0/8', 'fd00::/8')", text.data);
        return;
    }
    if (host_bits)
        compile_warning(c, node, "'%.100s' has bits set behind its prefix; they are ignored",
                        text.data);
    ((struct network *)condition->networks)[condition->count++] = network;
}

// ---- Operands of the other kinds

static void compile_part(struct compiler *c, uint32_t node, struct condition *ret)
{
    if (json_type(c->doc, node) != JSON_STRING)
        return; // of use with arrays only
    ret->text = compile_string(c, node, "'value'");
    if (ret->text.data != NULL && ret->text.length == 0)
        compile_warning(c, node, "every string contains, starts with and ends with \"\"");
}

static void compile_length(struct compiler *c, uint32_t node, struct condition *ret)
{
    int64_t length = -1;
    if (json_integer(c->doc, node, &length) != 0 || length < 0)
        compile_error(c, node, "'value' must be a whole number of at least 0");
    else
        ret->length = (uint64_t)length;
}

static void compile_list(struct compiler *c, uint32_t node)
{
    if (compile_expect(c, node, JSON_ARRAY, "'value'") && json_at(c->doc, node)->count == 0)
        compile_warning(c, node, "the list is empty: nothing is in it");
}

static void lint_category(struct compiler *c, uint32_t node)
{
    if (json_type(c->doc, node) != JSON_STRING)
        return;
    const char *names[CATALOGUE_UNKNOWN + 2] = {NULL};
    struct slice name = compile_string(c, node, "'value'");
    for (unsigned i = 0; i <= CATALOGUE_UNKNOWN; i++) {
        names[i] = catalogue_category_name((enum catalogue_category)i);
        if (slice_equal_string(name, names[i]))
            return;
    }
    const char *nearest = compile_nearest(name, names);
    compile_warning(c, node, "no tool has the category '%.60s'%s%s%s",
                    name.data == NULL ? "" : name.data, nearest == NULL ? "" : "; did you mean '",
                    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static void lint_value(struct compiler *c, uint32_t node, const struct condition *condition)
{
    if (condition->path.root != ROOT_TOOL_CATEGORY || condition->path.text.data == NULL)
        return;
    if (condition->op == OP_EQ || condition->op == OP_NEQ)
        lint_category(c, node);
    if ((condition->op == OP_IN || condition->op == OP_NOT_IN) &&
        json_type(c->doc, node) == JSON_ARRAY)
        for (uint32_t element = json_first_element(c->doc, node); element != JSON_NONE;
             element = json_next_element(c->doc, node, element))
            lint_category(c, element);
}

static void compile_operand(struct compiler *c, uint32_t node, struct condition *ret)
{
    enum operand operand = operators[ret->op].operand;
    size_t count = json_type(c->doc, node) == JSON_ARRAY ? json_at(c->doc, node)->count : 1;
    switch (operand) {
    case OPERAND_ANY: break;
    case OPERAND_LIST: compile_list(c, node); break;
    case OPERAND_NUMBER:
        if (compile_expect(c, node, JSON_NUMBER, "'value'"))
            ret->text = json_raw(c->doc, node);
        break;
    case OPERAND_PRESENCE:
        ret->expected = json_type(c->doc, node) == JSON_TRUE;
        compile_expect_boolean(c, node, "'value' of 'exists'");
        break;
    case OPERAND_PART: compile_part(c, node, ret); break;
    case OPERAND_TEXT:
        if (compile_expect(c, node, JSON_STRING, "'value'"))
            compile_part(c, node, ret);
        break;
    case OPERAND_REGEX: {
        struct slice pattern = compile_string(c, node, "'value'");
        ret->regex = pattern.data == NULL ? NULL : regex_compile(c, node, pattern);
        break;
    }
    case OPERAND_LENGTH: compile_length(c, node, ret); break;
    case OPERAND_FOLDERS:
        ret->folders = compile_take(c, count, sizeof(struct slice));
        if (ret->folders != NULL)
            compile_texts(c, node, add_folder, ret);
        break;
    case OPERAND_HOSTS:
        ret->hosts = compile_take(c, count, sizeof(struct host_pattern));
        if (ret->hosts != NULL)
            compile_texts(c, node, add_host, ret);
        break;
    case OPERAND_NETWORKS:
        ret->networks = compile_take(c, count, sizeof(struct network));
        if (ret->networks != NULL)
            compile_texts(c, node, add_network, ret);
        break;
    }
}

void compile_condition(struct compiler *c, uint32_t node, struct slice where, struct condition *ret)
{
    static const char *const keys[] = {"path", "op", "value", "as", NULL};
    static const char *const types[] = {"number", NULL};
    *ret = (struct condition){.value = JSON_NONE, .expected = true, .node = node};
    if (!compile_expect(c, node, JSON_OBJECT, "a condition"))
        return;
    compile_keys(c, node, where, keys);
    uint32_t path = json_get(c->doc, node, "path"), op = json_get(c->doc, node, "op");
    uint32_t as = json_get(c->doc, node, "as");
    if (path == JSON_NONE)
        compile_error(c, node, "'path' is missing");
    else
        compile_path(c, path, &ret->path);
    if (op == JSON_NONE)
        compile_error(c, node, "'op' is missing");
    if (op == JSON_NONE || !compile_operator(c, op, &ret->op))
        return;
    ret->value = json_get(c->doc, node, "value");
    if (ret->value != JSON_NONE) {
        compile_operand(c, ret->value, ret);
        lint_value(c, ret->value, ret);
    } else if (ret->op != OP_EXISTS) {
        compile_error(c, node, "'value' is missing");
    }
    if (as == JSON_NONE)
        return;
    ret->as_number = compile_choice(c, as, "'as'", types) == 0;
    if (operators[ret->op].operand != OPERAND_NUMBER)
        compile_error(c, as, "'as' goes with lt, lte, gt and gte only");
}

// ---- Predicates

static void compile_predicate(struct compiler *c, uint32_t node, struct slice pointer,
                              const char *list, struct predicate *ret)
{
    static const char *const keys[] = {"id", "mode", "conditions", "on_deny", NULL};
    *ret = (struct predicate){.pointer = pointer, .node = node};
    if (!compile_expect(c, node, JSON_OBJECT, "a rule of this list"))
        return;
    compile_keys(c, node, pointer, keys);
    ret->observe = compile_mode(c, node);
    uint32_t id = json_get(c->doc, node, "id"), on_deny = json_get(c->doc, node, "on_deny");
    uint32_t conditions = json_get(c->doc, node, "conditions");
    if (id != JSON_NONE)
        ret->id = compile_string(c, id, "'id'");
    if (on_deny != JSON_NONE)
        ret->on_deny = compile_string(c, on_deny, "'on_deny'");
    if (conditions == JSON_NONE) {
        compile_error(c, node, "'conditions' is missing; [] always holds");
        return;
    }
    if (!compile_expect(c, conditions, JSON_ARRAY, "'conditions'"))
        return;
    uint32_t count = json_at(c->doc, conditions)->count;
    if (count == 0 && strcmp(list, "require") == 0)
        compile_warning(c, conditions, "no conditions: this requires nothing");
    struct condition *items = compile_take(c, count, sizeof(struct condition));
    if (items == NULL)
        return;
    ret->conditions = items;
    for (uint32_t element = json_first_element(c->doc, conditions); element != JSON_NONE;
         element = json_next_element(c->doc, conditions, element)) {
        struct condition *item = &items[ret->count++];
        compile_condition(c, element, pointer, item);
        ret->structured = ret->structured || path_reads_structured(&item->path);
    }
}

void compile_predicates(struct compiler *c, uint32_t node, struct slice where, const char *list,
                        struct predicates *ret)
{
    char what[32];
    snprintf(what, sizeof what, "'%s'", list);
    if (!compile_expect(c, node, JSON_ARRAY, what))
        return;
    struct predicate *items =
        compile_take(c, json_at(c->doc, node)->count, sizeof(struct predicate));
    if (items == NULL)
        return;
    struct slice pointer = compile_pointer(c, where, slice_from_string(list));
    ret->items = items;
    for (uint32_t element = json_first_element(c->doc, node); element != JSON_NONE;
         element = json_next_element(c->doc, node, element)) {
        compile_predicate(c, element, compile_pointer_index(c, pointer, ret->count), list,
                          &items[ret->count]);
        ret->count++;
    }
}
