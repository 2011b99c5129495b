// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every byte is a choice of the generator that makes policies and calls (test/unit/policy): the
// compiled policy and the plain second reading of the language must agree on each of them.
#include "unit/policy/generator.h"
#include "unit/policy/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 4, SIZE_MAX_USED = 4096 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void compare(const struct policy *policy, const struct json_doc *document,
                    const struct policy_call *call)
{
    struct arena arena;
    struct policy_verdict verdict;
    static struct reference_verdict reference;
    arena_init(&arena, 1 << 20);
    policy_decide(policy, call, &arena, &verdict);
    reference_decide(document, call, &reference);
    require(reference_agrees(&reference, &verdict));
    require(policy_lists(policy, POLICY_TOOL, call->name, call->category) ==
            reference_lists(document, call->name, call->category));
    arena_release(&arena);
}

static void judge(struct slice text, struct generator *chance)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    struct json_doc document;
    json_doc_init(&document);
    require(policy_compile(text, SLICE_LITERAL("fuzz"), &policy, &problems) == 0);
    require(json_scan(&document, text, NULL, NULL, NULL) == 0);
    for (int i = 0; i < CALLS; i++) {
        struct scene scene;
        generator_call(chance, &scene);
        compare(policy, &document, &scene.call);
        scene_release(&scene);
    }
    json_doc_release(&document);
    policy_problems_release(&problems);
    policy_unref(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct generator policy, calls;
    if (size == 0 || size > SIZE_MAX_USED)
        return 0;
    // Calls keep their own bytes, so that a policy may change under them.
    size_t half = size / 2;
    generator_init(&policy, 0, data, half);
    generator_init(&calls, 0, data + half, size - half);
    generator_policy(&policy);
    judge(buffer_slice(&policy.out), &calls);
    generator_release(&policy);
    generator_release(&calls);
    return 0;
}
