// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// MCP methods other than calls: which are always let through, and the `methods` of a document.
#include "policy/compile_internal.h"

static const char *const housekeeping[] = {
    "initialize",       "ping",       "server/discover",      "subscriptions/listen",
    "logging/setLevel", "tasks/get",  "tasks/result",         "tasks/cancel",
    "tasks/update",     "tasks/list", "resources/unsubscribe"};
static const char *const judged_by_name[] = {"tools/call", "resources/read", "resources/subscribe",
                                             "prompts/get"};
// Only to tell people about slips of the pen.
static const char *const known[] = {"sampling/createMessage", "elicitation/create",
                                    "completion/complete", "notifications/message", NULL};

static bool ends_with_list(struct slice method)
{
    static const struct slice ending = {"/list", 5};
    return method.length > ending.length &&
           memcmp(method.data + method.length - ending.length, ending.data, ending.length) == 0;
}

bool policy_is_housekeeping(struct slice method)
{
    if (slice_starts_with(method, SLICE_LITERAL("notifications/")) || ends_with_list(method))
        return true;
    for (size_t i = 0; i < sizeof housekeeping / sizeof *housekeeping; i++)
        if (slice_equal_string(method, housekeeping[i]))
            return true;
    return false;
}

bool method_is_judged_by_name(struct slice method)
{
    for (size_t i = 0; i < sizeof judged_by_name / sizeof *judged_by_name; i++)
        if (slice_equal_string(method, judged_by_name[i]))
            return true;
    return false;
}

const struct method_rule *method_find(const struct policy *policy, struct slice method)
{
    for (size_t i = 0; i < policy->method_count; i++)
        if (slice_equal(policy->methods[i].name, method))
            return &policy->methods[i];
    return NULL;
}

static void check_method(struct compiler *c, uint32_t key, struct slice name)
{
    if (method_is_judged_by_name(name))
        compile_error(c, key, "'%.*s' is judged by the name that it carries; use %s",
                      SLICE_PRINT(name),
                      slice_equal_string(name, "tools/call")    ? "'tools'"
                      : slice_equal_string(name, "prompts/get") ? "'prompts'"
                                                                : "'resources'");
    else if (slice_equal_string(name, "notifications/message"))
        return;
    else if (policy_is_housekeeping(name))
        compile_error(c, key, "'%.*s' is always let through; remove it", SLICE_PRINT(name));
    else if (memchr(name.data, '*', name.length) != NULL)
        compile_error(c, key, "'methods' takes exact names, no patterns");
    else {
        const char *near = compile_nearest(name, known);
        if (near != NULL && !slice_equal_string(name, near))
            compile_warning(c, key, "unknown method '%.*s'; did you mean '%s'?", SLICE_PRINT(name),
                            near);
    }
}

void compile_methods(struct compiler *c, uint32_t node)
{
    static const char *const choices[] = {"allow", "deny", NULL};
    if (!compile_expect(c, node, JSON_OBJECT, "'methods'"))
        return;
    struct method_rule *rules =
        compile_take(c, json_at(c->doc, node)->count, sizeof(struct method_rule));
    if (rules == NULL)
        return;
    size_t count = 0;
    for (uint32_t key = json_first_key(c->doc, node); key != JSON_NONE;
         key = json_next_key(c->doc, node, key)) {
        struct method_rule *rule = &rules[count++];
        rule->node = key;
        rule->name = compile_string(c, key, "a method");
        rule->pointer = compile_pointer(c, SLICE_LITERAL("/methods"), rule->name);
        rule->allow = compile_choice(c, key + 1, "a method's rule", choices) == 0;
        check_method(c, key, rule->name);
    }
    c->policy->methods = rules;
    c->policy->method_count = count;
}
