// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What may be logged of arguments: the document and its compiled form.
#include "policy/compile_internal.h"
#include "policy/mask_internal.h"

#include "base/memory.h"

enum {
    NAMES_MAX = 200,
    NAME_MAX_BYTES = 128,
    PATHS_MAX = 200,
    PATTERNS_MAX = 32,
    VALUE_LEAST = 16,
    VALUE_STANDARD = 1024,
    ROW_LEAST = 256,
    ROW_STANDARD = 8 * 1024,
};

static uint32_t member(struct compiler *c, const char *key)
{
    return json_get(c->doc, 0, key);
}

// The elements of an array that may be absent; NULL after an error.
static void *take_list(struct compiler *c, uint32_t node, const char *what, size_t most,
                       size_t size)
{
    if (node == JSON_NONE || !compile_expect(c, node, JSON_ARRAY, what))
        return NULL;
    if (json_at(c->doc, node)->count > most) {
        compile_error(c, node, "%s has at most %zu elements", what, most);
        return NULL;
    }
    return compile_take(c, json_at(c->doc, node)->count, size);
}

static struct slice lower(struct compiler *c, struct slice name)
{
    char *copy = compile_take(c, name.length + 1, 1);
    for (size_t i = 0; copy != NULL && i < name.length; i++)
        copy[i] = mask_lower(name.data[i]);
    return slice_of(copy, copy == NULL ? 0 : name.length);
}

static void compile_names(struct compiler *c, struct policy_mask *mask)
{
    uint32_t node = member(c, "names");
    struct slice *names = take_list(c, node, "'names'", NAMES_MAX, sizeof *names);
    for (uint32_t at = names == NULL ? JSON_NONE : json_first_element(c->doc, node);
         at != JSON_NONE; at = json_next_element(c->doc, node, at)) {
        struct slice name = compile_string(c, at, "a name");
        if (name.data == NULL)
            continue;
        if (name.length == 0 || name.length > NAME_MAX_BYTES)
            compile_error(c, at, "a name has 1 to %d bytes", NAME_MAX_BYTES);
        names[mask->name_count++] = lower(c, name);
    }
    mask->names = names;
}

static void compile_paths(struct compiler *c, struct policy_mask *mask)
{
    uint32_t node = member(c, "paths");
    struct path *paths = take_list(c, node, "'paths'", PATHS_MAX, sizeof *paths);
    for (uint32_t at = paths == NULL ? JSON_NONE : json_first_element(c->doc, node);
         at != JSON_NONE; at = json_next_element(c->doc, node, at)) {
        struct path *path = &paths[mask->path_count];
        if (!compile_path(c, at, path))
            continue;
        if (path->root != ROOT_ARGS || path->count == 0)
            compile_error(c, at, "'%.80s' is no part of the arguments: write args.NAME",
                          path->text.data);
        mask->path_count++;
    }
    mask->paths = paths;
}

static void compile_patterns(struct compiler *c, struct policy_mask *mask)
{
    uint32_t node = member(c, "patterns");
    const struct regex **patterns =
        take_list(c, node, "'patterns'", PATTERNS_MAX, sizeof(const struct regex *));
    for (uint32_t at = patterns == NULL ? JSON_NONE : json_first_element(c->doc, node);
         at != JSON_NONE; at = json_next_element(c->doc, node, at)) {
        struct slice text = compile_string(c, at, "a pattern");
        const struct regex *regex = text.data == NULL ? NULL : regex_compile(c, at, text);
        if (regex == NULL)
            continue;
        if (regex_matches_empty(regex))
            compile_error(c, at, "the pattern matches where nothing is");
        patterns[mask->pattern_count++] = regex;
    }
    mask->patterns = patterns;
}

static size_t compile_size(struct compiler *c, const char *key, int64_t least, int64_t most,
                           int64_t standard)
{
    uint32_t node = member(c, key);
    int64_t value = standard;
    if (node != JSON_NONE &&
        (json_type(c->doc, node) != JSON_NUMBER || json_integer(c->doc, node, &value) != 0 ||
         value < least || value > most)) {
        compile_error(c, node, "'%s' must be a whole number from %lld to %lld", key,
                      (long long)least, (long long)most);
        value = standard;
    }
    return (size_t)value;
}

static void compile_mask(struct compiler *c, struct policy_mask *mask)
{
    static const char *const keys[] = {"names",           "paths",     "patterns", "secrets",
                                       "max_value_bytes", "max_bytes", NULL};
    if (!compile_expect(c, 0, JSON_OBJECT, "the rules of what is logged of arguments"))
        return;
    compile_keys(c, 0, SLICE_LITERAL("the rules of what is logged of arguments"), keys);
    uint32_t secrets = member(c, "secrets");
    mask->secrets = secrets == JSON_NONE || !compile_expect_boolean(c, secrets, "'secrets'") ||
                    json_type(c->doc, secrets) == JSON_TRUE;
    compile_names(c, mask);
    compile_paths(c, mask);
    compile_patterns(c, mask);
    mask->value_max =
        compile_size(c, "max_value_bytes", VALUE_LEAST, POLICY_MASK_VALUE_MOST, VALUE_STANDARD);
    mask->row_max = compile_size(c, "max_bytes", ROW_LEAST, POLICY_MASK_MOST, ROW_STANDARD);
}

int policy_mask_compile(struct slice text, struct policy_mask **ret,
                        struct policy_problems *ret_problems)
{
    struct policy *policy = compile_new_policy();
    struct compiler c = {.policy = policy, .doc = &policy->doc, .problems = ret_problems};
    *ret = NULL;
    *ret_problems = (struct policy_problems){0};
    struct policy_mask *mask = compile_take(&c, 1, sizeof *mask);
    int result = mask == NULL ? ERROR_NO_MEMORY : compile_scan(&c, text);
    if (result == 0) {
        mask->policy = policy;
        compile_mask(&c, mask);
        result = c.errors > 0 ? ERROR_CONFIG : 0;
    }
    if (c.no_memory)
        result = ERROR_NO_MEMORY;
    compile_sort_problems(ret_problems);
    if (result == 0)
        *ret = mask;
    else
        policy_unref(policy);
    return result;
}

struct policy_mask *policy_mask_ref(struct policy_mask *mask)
{
    policy_ref(mask->policy);
    return mask;
}

void policy_mask_unref(struct policy_mask *mask)
{
    if (mask != NULL)
        policy_unref(mask->policy);
}
