// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "filter/filter.h"

// A list that depends on the grant must not be shared, nor outlive a change of the policy for long.
enum { PRIVATE_TTL_MS = 10000 };

static const struct {
    const char *member;
    const char *name;
    enum mcp_list list;
} lists[] = {
    {"tools", "name", MCP_LIST_TOOLS},
    {"resources", "uri", MCP_LIST_RESOURCES},
    {"resourceTemplates", "uriTemplate", MCP_LIST_TEMPLATES},
    {"prompts", "name", MCP_LIST_PROMPTS},
    {"tasks", "taskId", MCP_LIST_TASKS},
};

struct filtering {
    const struct json_doc *doc;
    uint32_t start;
    bool bare;
    filter_visible_cb visible;
    void *argument;
    struct arena *arena;
    struct mcp_edits *edits;
    size_t removed;
};

// `member` NULL: the entry itself is the name.
static bool entry_visible(struct filtering *f, uint32_t entry, const char *member,
                          enum mcp_list list)
{
    uint32_t name = member == NULL ? entry : json_get(f->doc, entry, member);
    if (name == JSON_NONE || json_type(f->doc, name) != JSON_STRING)
        return false;
    // A second spelling of the member would let a reader see another name than was judged.
    if (member != NULL &&
        json_find_case_variant(f->doc, entry, slice_from_string(member)) != JSON_NONE)
        return false;
    struct slice text = json_string(f->doc, name, f->arena);
    return text.data != NULL && f->visible(f->argument, list, text, entry);
}

static uint32_t end_of(const struct filtering *f, uint32_t node)
{
    return json_at(f->doc, node)->start + json_at(f->doc, node)->length;
}

// Takes a run of entries out together with one comma.
static void cut(struct filtering *f, uint32_t before, uint32_t first, uint32_t last, uint32_t after)
{
    uint32_t from = json_at(f->doc, first)->start, to = end_of(f, last);
    if (after != JSON_NONE)
        to = json_at(f->doc, after)->start;
    else if (before != JSON_NONE)
        from = end_of(f, before);
    mcp_edit_add(f->edits, f->arena, from - f->start, to - from, (struct slice){"", 0});
}

static void replace(struct filtering *f, uint32_t node, struct slice text)
{
    const struct json_node *n = json_at(f->doc, node);
    mcp_edit_add(f->edits, f->arena, n->start - f->start, n->length, text);
}

// {"taskSupport":"forbidden"} or another of its words, and nothing else.
static bool is_plain_execution(const struct filtering *f, uint32_t node)
{
    static const char *const words[] = {"forbidden", "optional", "required"};
    uint32_t support = json_get(f->doc, node, "taskSupport");
    if (support == JSON_NONE || json_at(f->doc, node)->count != 1)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (json_type(f->doc, support) == JSON_STRING &&
            json_string_equals(f->doc, support, slice_from_string(words[i])))
            return true;
    return false;
}

static void strip(struct filtering *f, uint32_t entry)
{
    uint32_t meta = json_get(f->doc, entry, "_meta"),
             execution = json_get(f->doc, entry, "execution");
    if (meta != JSON_NONE)
        replace(f, meta, SLICE_LITERAL("{}"));
    if (execution != JSON_NONE && !is_plain_execution(f, execution))
        replace(f, execution, SLICE_LITERAL("{}"));
}

static void filter_list(struct filtering *f, uint32_t array, const char *member, enum mcp_list list)
{
    uint32_t kept = JSON_NONE, first = JSON_NONE, last = JSON_NONE;
    for (uint32_t e = json_first_element(f->doc, array); e != JSON_NONE;
         e = json_next_element(f->doc, array, e)) {
        if (!entry_visible(f, e, member, list)) {
            first = first == JSON_NONE ? e : first;
            last = e;
            f->removed++;
            continue;
        }
        if (first != JSON_NONE)
            cut(f, kept, first, last, e);
        if (f->bare && list == MCP_LIST_TOOLS)
            strip(f, e);
        first = JSON_NONE;
        kept = e;
    }
    if (first != JSON_NONE)
        cut(f, kept, first, last, JSON_NONE);
}

static void make_private(struct filtering *f, uint32_t result)
{
    uint32_t scope = json_get(f->doc, result, "cacheScope");
    if (scope != JSON_NONE && !slice_equal_string(json_raw(f->doc, scope), "\"private\""))
        replace(f, scope, SLICE_LITERAL("\"private\""));
    uint32_t ttl = json_get(f->doc, result, "ttlMs");
    int64_t ms;
    if (ttl != JSON_NONE && (json_integer(f->doc, ttl, &ms) != 0 || ms > PRIVATE_TTL_MS || ms < 0))
        replace(f, ttl, arena_format(f->arena, "%d", PRIVATE_TTL_MS));
}

// A reader that ignores case would take them for the list.
static void empty_variants(struct filtering *f, uint32_t result, struct slice member)
{
    for (uint32_t key = json_first_key(f->doc, result); key != JSON_NONE;
         key = json_next_key(f->doc, result, key)) {
        struct slice text = mcp_fold_key(f->doc, key, f->arena);
        if (text.data == NULL)
            f->edits->failed = true;
        else if (slice_equal_ignoring_case(text, member) &&
                 !json_string_equals(f->doc, key, member))
            replace(f, key + 1, SLICE_LITERAL("[]"));
    }
}

void filter_lists(const struct json_doc *doc, uint32_t result, uint32_t start, bool bare,
                  filter_visible_cb visible, void *argument, struct arena *arena,
                  struct mcp_edits *edits, size_t *ret_removed)
{
    struct filtering f = {doc, start, bare, visible, argument, arena, edits, 0};
    bool found = false;
    for (size_t kind = 0; kind < sizeof lists / sizeof *lists; kind++) {
        struct slice member = slice_from_string(lists[kind].member);
        empty_variants(&f, result, member);
        uint32_t array = json_get_slice(doc, result, member);
        if (array == JSON_NONE)
            continue;
        found = true;
        if (json_type(doc, array) == JSON_ARRAY) {
            filter_list(&f, array, lists[kind].name, lists[kind].list);
        } else { // what cannot be judged is not passed on
            replace(&f, array, SLICE_LITERAL("[]"));
            f.removed++;
        }
    }
    if (found)
        make_private(&f, result);
    *ret_removed = f.removed;
}

void filter_uris(const struct json_doc *doc, uint32_t array, filter_visible_cb visible,
                 void *argument, struct arena *arena, struct mcp_edits *edits)
{
    struct filtering f = {doc, 0, false, visible, argument, arena, edits, 0};
    filter_list(&f, array, NULL, MCP_LIST_RESOURCES);
}

bool filter_find_refused_input(const struct json_doc *doc, uint32_t result,
                               filter_method_cb allowed, void *argument, struct arena *arena,
                               struct slice *ret_method)
{
    uint32_t requests = json_get(doc, result, "inputRequests");
    *ret_method = SLICE_LITERAL("(unreadable)");
    // Another spelling would be questions to a reader that ignores case.
    if (json_find_case_variant(doc, result, SLICE_LITERAL("inputRequests")) != JSON_NONE)
        return true;
    for (uint32_t key = json_first_key(doc, requests); key != JSON_NONE;
         key = json_next_key(doc, requests, key)) {
        uint32_t method = json_get(doc, key + 1, "method");
        *ret_method = SLICE_LITERAL("(unreadable)");
        if (method == JSON_NONE || json_type(doc, method) != JSON_STRING ||
            json_find_case_variant(doc, key + 1, SLICE_LITERAL("method")) != JSON_NONE)
            return true;
        struct slice name = json_string(doc, method, arena);
        if (name.data == NULL)
            return true;
        *ret_method = name;
        if (!allowed(argument, name))
            return true;
    }
    return false;
}
