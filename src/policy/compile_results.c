// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `results`: what may come back. A block stands under a rule, or at the top for all that is read.
#include "policy/compile_internal.h"

#define REDACTED "[REDACTED]"

// ---- Redactions

static void compile_secrets(struct compiler *c, uint32_t node, struct slice where,
                            struct redactor *ret)
{
    static const char *const keys[] = {"type", "with", NULL};
    ret->kind = REDACT_DETECTED;
    ret->detects = DETECT_SECRET;
    compile_keys(c, node, where, keys);
}

static void compile_personal(struct compiler *c, uint32_t node, struct slice where,
                             struct redactor *ret)
{
    static const char *const keys[] = {"type", "kinds", "with", NULL};
    uint32_t kinds = json_get(c->doc, node, "kinds");
    ret->kind = REDACT_DETECTED;
    ret->detects = DETECT_PERSONAL;
    compile_keys(c, node, where, keys);
    if (kinds == JSON_NONE || !compile_expect(c, kinds, JSON_ARRAY, "'kinds'"))
        return;
    if (json_at(c->doc, kinds)->count == 0)
        compile_error(c, kinds, "'kinds' is empty; leave it out to look for all");
    ret->detects = 0;
    for (uint32_t kind = json_first_element(c->doc, kinds); kind != JSON_NONE;
         kind = json_next_element(c->doc, kinds, kind)) {
        int choice = compile_choice(c, kind, "a kind", detect_personal_words);
        ret->detects |= choice < 0 ? 0 : (unsigned)DETECT_EMAIL << choice;
    }
}

static void compile_pattern(struct compiler *c, uint32_t node, struct slice where,
                            struct redactor *ret)
{
    static const char *const keys[] = {"type", "pattern", "with", NULL};
    uint32_t pattern = json_get(c->doc, node, "pattern");
    ret->kind = REDACT_REGEX;
    compile_keys(c, node, where, keys);
    if (pattern == JSON_NONE) {
        compile_error(c, node, "'pattern' is missing");
        return;
    }
    struct slice text = compile_string(c, pattern, "'pattern'");
    ret->regex = text.data == NULL ? NULL : regex_compile(c, pattern, text);
    if (ret->regex != NULL && regex_matches_empty(ret->regex))
        compile_error(c, pattern,
                      "this expression also matches where nothing is; it would put "
                      "the replacement between all characters");
}

static bool is_member(const struct path_step *step, const char *name)
{
    return step->kind == STEP_MEMBER && slice_equal_string(step->name, name);
}

// What the protocol needs must stay what it is, or the client could not read the result at all.
static bool is_frame(const struct path *path)
{
    static const char *const lists[] = {"content", "contents", "messages"};
    const struct path_step *steps = path->steps;
    if (path->count < 2)
        return true;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (is_member(&steps[0], lists[i]) && (path->count == 2 || is_member(&steps[2], "type")))
            return true;
    return false;
}

static void compile_place(struct compiler *c, uint32_t node, struct slice where,
                          struct redactor *ret)
{
    static const char *const keys[] = {"type", "path", "with", NULL};
    uint32_t path = json_get(c->doc, node, "path");
    ret->kind = REDACT_PATH;
    compile_keys(c, node, where, keys);
    if (path == JSON_NONE) {
        compile_error(c, node, "'path' is missing");
        return;
    }
    if (!compile_path(c, path, &ret->path))
        return;
    if (ret->path.root != ROOT_RESULT)
        compile_error(c, path, "only parts of the result can be redacted: result.*");
    else if (is_frame(&ret->path))
        compile_error(c, path,
                      "'%.80s' is the frame of a result, which its reader needs; name a part of "
                      "it, like result.structuredContent.name or result.content[*].text",
                      ret->path.text.data);
}

static void compile_redactor(struct compiler *c, uint32_t node, struct slice where,
                             struct redactor *ret)
{
    enum { SECRETS, PERSONAL, REGEX, PATH };
    static const char *const types[] = {"secrets", "personal", "regex", "path", NULL};
    *ret = (struct redactor){.with = SLICE_LITERAL(REDACTED)};
    if (!compile_expect(c, node, JSON_OBJECT, "a redaction"))
        return;
    uint32_t type = json_get(c->doc, node, "type"), with = json_get(c->doc, node, "with");
    if (with != JSON_NONE)
        ret->with = compile_string(c, with, "'with'");
    // A path says what it is without a type.
    int kind = PATH;
    if (type != JSON_NONE)
        kind = compile_choice(c, type, "'type'", types);
    else if (json_get(c->doc, node, "path") == JSON_NONE)
        compile_error(c, node,
                      "'type' is missing; it is \"secrets\", \"personal\", \"regex\" or \"path\"");
    switch (kind) {
    case SECRETS: compile_secrets(c, node, where, ret); break;
    case PERSONAL: compile_personal(c, node, where, ret); break;
    case REGEX: compile_pattern(c, node, where, ret); break;
    case PATH:
        if (type != JSON_NONE || json_get(c->doc, node, "path") != JSON_NONE)
            compile_place(c, node, where, ret);
        break;
    default: break;
    }
}

static void compile_redactors(struct compiler *c, uint32_t node, struct results *ret)
{
    if (!compile_expect(c, node, JSON_ARRAY, "'redact'"))
        return;
    struct redactor *items = compile_take(c, json_at(c->doc, node)->count, sizeof(struct redactor));
    if (items == NULL)
        return;
    struct slice pointer = compile_pointer(c, ret->pointer, SLICE_LITERAL("redact"));
    ret->redactors = items;
    for (uint32_t element = json_first_element(c->doc, node); element != JSON_NONE;
         element = json_next_element(c->doc, node, element)) {
        struct redactor *item = &items[ret->redactor_count];
        compile_redactor(c, element, compile_pointer_index(c, pointer, ret->redactor_count), item);
        ret->redactor_count++;
        ret->reads_text = ret->reads_text || item->kind != REDACT_PATH;
    }
}

// ---- The block

static void compile_max(struct compiler *c, uint32_t node, struct results *ret)
{
    int64_t bytes = 0;
    if (json_integer(c->doc, node, &bytes) != 0 || bytes < 0)
        compile_error(c, node, "'max_bytes' must be a whole number, 0 or more");
    ret->has_max = true;
    ret->max_bytes = (uint64_t)bytes;
}

static void compile_binary(struct compiler *c, uint32_t node, struct results *ret)
{
    static const char *const choices[] = {"deny", "allow", NULL};
    ret->binary_allowed = compile_choice(c, node, "'binary'", choices) == 1;
    if (!ret->reads_text)
        compile_warning(c, node, "'binary' has no effect: nothing here looks into texts");
}

void compile_results(struct compiler *c, uint32_t node, struct slice where, struct results *ret)
{
    static const char *const keys[] = {"max_bytes", "redact", "deny_if", "binary", "mode", NULL};
    *ret = (struct results){.given = true,
                            .node = node,
                            .pointer = compile_pointer(c, where, SLICE_LITERAL("results"))};
    c->policy->judges_answers = true;
    if (!compile_expect(c, node, JSON_OBJECT, "'results'"))
        return;
    compile_keys(c, node, ret->pointer, keys);
    uint32_t max = json_get(c->doc, node, "max_bytes"), redact = json_get(c->doc, node, "redact");
    uint32_t deny_if = json_get(c->doc, node, "deny_if");
    uint32_t binary = json_get(c->doc, node, "binary");
    if (json_at(c->doc, node)->count == 0)
        compile_warning(c, node, "'results' is empty and changes nothing");
    bool outer = c->observe;
    c->observe = ret->observe = compile_mode(c, node);
    c->in_results = true;
    if (max != JSON_NONE)
        compile_max(c, max, ret);
    if (redact != JSON_NONE)
        compile_redactors(c, redact, ret);
    if (deny_if != JSON_NONE)
        compile_predicates(c, deny_if, ret->pointer, "deny_if", &ret->deny_if);
    if (binary != JSON_NONE)
        compile_binary(c, binary, ret);
    c->in_results = false;
    c->observe = outer;
}
