// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy and the tools of a server, any bytes both, in one array: [policy, [tool, ...]]. What
// lint says of them has a place, and the same is said again.
#include "policy/policy.h"

#include "base/buffer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20, DOCUMENT_MOST = 20000 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check(const struct policy_findings *all, struct buffer *out)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct policy_finding *finding = &all->items[i];
        require(finding->at.line >= 1 && finding->at.column >= 1);
        require(finding->text.length > 0 && finding->advice.length > 0);
        policy_finding_json(finding, out);
        buffer_append_string(out, "\n");
    }
}

static void lint(const struct policy *policy, const struct json_doc *doc, uint32_t list,
                 struct buffer *out)
{
    struct arena arena;
    struct policy_tool *tools = NULL;
    struct policy_findings all;
    size_t count = 0;
    arena_init(&arena, MEMORY);
    if (list != JSON_NONE)
        require(policy_read_tools(doc, list, SLICE_LITERAL("s"), &arena, &tools, &count) == 0);
    if (policy_lint(policy, tools, count, &arena, &all) == 0)
        check(&all, out);
    arena_release(&arena);
}

static void lint_twice(struct slice text, const struct json_doc *doc, uint32_t list)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    struct buffer first, second;
    if (policy_compile(text, SLICE_LITERAL("fuzz"), &policy, &problems) == 0) {
        buffer_init(&first, 0);
        buffer_init(&second, 0);
        lint(policy, doc, list, &first);
        lint(policy, doc, list, &second);
        require(slice_equal(buffer_slice(&first), buffer_slice(&second)));
        buffer_release(&first);
        buffer_release(&second);
    }
    policy_problems_release(&problems);
    policy_unref(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc;
    json_doc_init(&doc);
    struct slice text = slice_of((const char *)data, size);
    if (size <= DOCUMENT_MOST && json_scan(&doc, text, NULL, NULL, NULL) == 0 &&
        json_type(&doc, 0) == JSON_ARRAY && json_at(&doc, 0)->count == 2)
        lint_twice(json_raw(&doc, json_element(&doc, 0, 0)), &doc, json_element(&doc, 0, 1));
    json_doc_release(&doc);
    return 0;
}
