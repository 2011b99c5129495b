// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A document's frame: the top level and rules. Everything wrong is reported, then compilation
// fails as a whole.
#include "policy/compile_internal.h"

#include "base/memory.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { TEXT_MAX = 8 << 20, ARENA_MAX = 256 << 20, NODES_MAX = 1000000, VERSION_DIGITS = 16 };

// ---- Rules

static void compile_approval(struct compiler *c, uint32_t node, struct slice where,
                             struct approval *ret)
{
    static const char *const keys[] = {"wait", "expires", "approvers", NULL};
    enum { APPROVERS_MAX = 100 };
    ret->given = true;
    if (!compile_expect(c, node, JSON_OBJECT, "'approval'"))
        return;
    compile_keys(c, node, compile_pointer(c, where, SLICE_LITERAL("approval")), keys);
    uint32_t wait = json_get(c->doc, node, "wait"), expires = json_get(c->doc, node, "expires");
    uint32_t approvers = json_get(c->doc, node, "approvers");
    *ret = (struct approval){true, 50 * 1000, 30 * 60 * 1000, 1};
    if (wait != JSON_NONE)
        compile_duration(c, wait, "'wait'", &ret->wait_ms);
    if (expires != JSON_NONE)
        compile_duration(c, expires, "'expires'", &ret->expires_ms);
    if (approvers != JSON_NONE && (json_integer(c->doc, approvers, &ret->approvers) != 0 ||
                                   ret->approvers < 1 || ret->approvers > APPROVERS_MAX))
        compile_error(c, approvers, "'approvers' must be a whole number from 1 to %d",
                      APPROVERS_MAX);
}

static const char *const rule_keys[] = {"action",   "mode",       "reason", "require",
                                        "deny_if",  "approve_if", "limits", "rate_limit",
                                        "approval", "results",    NULL};

bool compile_mode(struct compiler *c, uint32_t object)
{
    static const char *const modes[] = {"enforce", "observe", NULL};
    uint32_t mode = json_get(c->doc, object, "mode");
    if (mode == JSON_NONE)
        return c->observe;
    bool observe = compile_choice(c, mode, "'mode'", modes) == 1;
    if (c->observe && !observe)
        compile_error(c, mode, "the rule around it only observes, so this cannot be enforced");
    return observe;
}

static void compile_action(struct compiler *c, uint32_t node, enum rule_place place,
                           struct rule *ret)
{
    static const char *const actions[] = {"allow", "deny", "hide", "require_approval", NULL};
    int action = compile_choice(c, node, "'action'", actions);
    if (place == RULE_OF_ALL_TOOLS)
        compile_error(c, node, "'all_tools' takes no 'action'; use 'default' or 'tools'");
    else if (action >= 0)
        *(ret->observe ? &ret->tried : &ret->action) = (enum action)action;
}

static void compile_lists(struct compiler *c, uint32_t node, struct rule *ret)
{
    struct {
        const char *name;
        struct predicates *list;
    } lists[] = {
        {"require", &ret->require}, {"deny_if", &ret->deny_if}, {"approve_if", &ret->approve_if}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        uint32_t list = json_get(c->doc, node, lists[i].name);
        if (list != JSON_NONE)
            compile_predicates(c, list, ret->pointer, lists[i].name, lists[i].list);
    }
}

void compile_rule(struct compiler *c, uint32_t node, struct slice where, enum rule_place place,
                  struct rule *ret)
{
    *ret = (struct rule){.pointer = where, .node = node};
    if (!compile_expect(c, node, JSON_OBJECT, "a rule"))
        return;
    compile_keys(c, node, where, rule_keys);
    c->observe = ret->observe = compile_mode(c, node);
    ret->action_pointer = compile_pointer(c, where, SLICE_LITERAL("action"));
    uint32_t action = json_get(c->doc, node, "action"), reason = json_get(c->doc, node, "reason");
    if (action != JSON_NONE)
        compile_action(c, action, place, ret);
    if (reason != JSON_NONE)
        ret->reason = compile_string(c, reason, "'reason'");
    compile_lists(c, node, ret);
    uint32_t limits = json_get(c->doc, node, "limits");
    uint32_t rate_limit = json_get(c->doc, node, "rate_limit");
    if (limits != JSON_NONE || rate_limit != JSON_NONE)
        compile_limits(c, limits, rate_limit, where, &ret->limits);
    uint32_t approval = json_get(c->doc, node, "approval");
    if (approval != JSON_NONE)
        compile_approval(c, approval, where, &ret->approval);
    uint32_t results = json_get(c->doc, node, "results");
    if (results != JSON_NONE)
        compile_results(c, results, where, &ret->results);
    c->observe = false;
}

// ---- The top level

static void compile_settings(struct compiler *c)
{
    static const char *const defaults[] = {"allow", "deny", NULL};
    static const char *const lists[] = {"all", "callable", NULL};
    uint32_t version = json_get(c->doc, 0, "version"), list = json_get(c->doc, 0, "list");
    uint32_t fallback = json_get(c->doc, 0, "default");
    uint32_t description = json_get(c->doc, 0, "description");
    if (version == JSON_NONE)
        compile_error(c, 0, "'version' is missing; this is version \"1\"");
    else if (json_type(c->doc, version) != JSON_STRING ||
             !json_string_equals(c->doc, version, SLICE_LITERAL("1")))
        compile_error(c, version, "'version' must be \"1\", a string");
    if (fallback == JSON_NONE)
        compile_error(c, 0, "'default' is missing; it is \"allow\" or \"deny\"");
    else
        c->policy->default_allow = compile_choice(c, fallback, "'default'", defaults) == 0;
    if (description != JSON_NONE)
        compile_string(c, description, "'description'");
    if (list != JSON_NONE)
        c->policy->list_callable = compile_choice(c, list, "'list'", lists) == 1;
}

static void compile_sections(struct compiler *c)
{
    struct policy *policy = c->policy;
    uint32_t hide = json_get(c->doc, 0, "hide"), all = json_get(c->doc, 0, "all_tools");
    uint32_t methods = json_get(c->doc, 0, "methods");
    struct {
        const char *name;
        const char *noun;
        struct section *section;
    } sections[] = {{"tools", "Tool", &policy->tools},
                    {"resources", "Resource", &policy->resources},
                    {"prompts", "Prompt", &policy->prompts}};
    if (hide != JSON_NONE)
        compile_hide(c, hide, &policy->hide);
    if (all != JSON_NONE)
        compile_rule(c, all, SLICE_LITERAL("/all_tools"), RULE_OF_ALL_TOOLS, &policy->all_tools);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        uint32_t node = json_get(c->doc, 0, sections[i].name);
        sections[i].section->noun = sections[i].noun;
        sections[i].section->default_allow = policy->default_allow;
        if (node != JSON_NONE)
            compile_section(c, node, sections[i].name, i == 0, sections[i].section);
    }
    if (methods != JSON_NONE)
        compile_methods(c, methods);
    uint32_t results = json_get(c->doc, 0, "results");
    if (results != JSON_NONE)
        compile_results(c, results, (struct slice){0}, &policy->results);
    uint32_t runaway = json_get(c->doc, 0, "runaway");
    if (runaway != JSON_NONE)
        compile_runaway(c, runaway, &policy->runaway);
}

static void compile_document(struct compiler *c)
{
    static const char *const keys[] = {
        "version",   "description", "default", "list",    "hide",    "all_tools", "tools",
        "resources", "prompts",     "methods", "results", "runaway", NULL};
    if (!compile_expect(c, 0, JSON_OBJECT, "a policy"))
        return;
    compile_keys(c, 0, (struct slice){0}, keys);
    compile_settings(c);
    compile_sections(c);
    compile_shared_counters(c);
    compile_count_limits(c);
    compile_lint(c);
}

// ---- Reading the text, naming the version

// json_scan's sentence starts with "line:column: ", which a problem carries on its own.
static const char *without_position(const char *text)
{
    size_t digits = strspn(text, "0123456789:");
    return digits > 0 && text[digits] == ' ' ? text + digits + 1 : text;
}

int compile_scan(struct compiler *c, struct slice text)
{
    struct policy *policy = c->policy;
    const struct json_limits limits = {.nodes = NODES_MAX};
    struct error error = {0};
    size_t offset = 0;
    if (text.length > TEXT_MAX) {
        compile_problem_at(c, (struct json_position){1, 1}, false,
                           "a policy has at most 8 MiB of text");
        return ERROR_CONFIG;
    }
    struct slice copy = arena_copy(&policy->arena, text);
    if (copy.data == NULL)
        return ERROR_NO_MEMORY;
    int result = json_scan(&policy->doc, copy, &limits, &error, &offset);
    if (result == 0 || result == ERROR_NO_MEMORY)
        return result;
    compile_problem_at(c, json_position(copy, offset), false, without_position(error.text));
    return ERROR_CONFIG;
}

static int name_version(struct policy *policy)
{
    struct buffer canonical;
    buffer_init(&canonical, 0);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    int result = json_write_canonical(&canonical, &policy->doc, 0);
    if (result == 0 && canonical.failed)
        result = ERROR_NO_MEMORY;
    struct slice text = buffer_slice(&canonical);
    if (result == 0 && EVP_Digest(text.data, text.length, digest, &length, EVP_sha256(), NULL) != 1)
        result = ERROR_NO_MEMORY;
    char hex[VERSION_DIGITS + 1];
    for (size_t i = 0; result == 0 && i < VERSION_DIGITS / 2; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (result == 0) {
        policy->version = arena_format(&policy->arena, "sha256:%s", hex);
        result = policy->version.data == NULL ? ERROR_NO_MEMORY : 0;
    }
    buffer_release(&canonical);
    return result;
}

static bool is_behind(struct json_position a, struct json_position b)
{
    return a.line > b.line || (a.line == b.line && a.column > b.column);
}

// In order of the text; problems of one place stay in the order in which they were found.
void compile_sort_problems(struct policy_problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct policy_problem moved = problems->items[i];
        size_t at = i;
        for (; at > 0 && is_behind(problems->items[at - 1].at, moved.at); at--)
            problems->items[at] = problems->items[at - 1];
        problems->items[at] = moved;
    }
}

struct policy *compile_new_policy(void)
{
    struct policy *policy = memory_new(sizeof *policy);
    atomic_init(&policy->references, 1);
    arena_init(&policy->arena, ARENA_MAX);
    json_doc_init(&policy->doc);
    table_init(&policy->hide.exact);
    table_init(&policy->tools.exact);
    table_init(&policy->resources.exact);
    table_init(&policy->prompts.exact);
    return policy;
}

int policy_compile(struct slice text, struct slice name, struct policy **ret_policy,
                   struct policy_problems *ret_problems)
{
    struct policy *policy = compile_new_policy();
    struct compiler c = {.policy = policy, .doc = &policy->doc, .problems = ret_problems};
    *ret_policy = NULL;
    *ret_problems = (struct policy_problems){0};
    policy->name = arena_copy(&policy->arena, name);
    c.no_memory = policy->name.data == NULL;
    int result = compile_scan(&c, text);
    if (result == 0) {
        compile_document(&c);
        result = c.errors > 0 ? ERROR_CONFIG : 0;
    }
    if (result == 0)
        result = name_version(policy);
    if (c.no_memory)
        result = ERROR_NO_MEMORY;
    compile_sort_problems(ret_problems);
    if (result == 0)
        *ret_policy = policy;
    else
        policy_unref(policy);
    return result;
}
