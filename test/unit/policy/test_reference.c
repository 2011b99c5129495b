// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Random policies and calls (generator.h): the compiled policy and the plain reading in reference.c
// must agree on every one. Seeded; the seed and number of policies may be given as arguments.
#include "generator.h"
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>

enum { POLICIES = 20000, CALLS = 12 };

struct tally {
    size_t outcomes[3], hidden, charged, troubles, lists;
};

static void count(struct tally *t, const struct policy_verdict *v, bool listed)
{
    t->outcomes[v->outcome]++;
    t->hidden += v->hidden;
    t->charged += v->charge_count > 0;
    t->troubles += v->reason.length > 9 && memcmp(v->reason.data, "Argument ", 9) == 0;
    t->lists += listed;
}

static bool compare(const struct policy *policy, const struct json_doc *document,
                    const struct scene *scene, struct arena *arena, struct tally *tally)
{
    struct policy_verdict verdict;
    static struct reference_verdict reference;
    const struct policy_call *call = &scene->call;
    arena_clear(arena);
    policy_decide(policy, call, arena, &verdict);
    reference_decide(document, call, &reference);
    bool listed = policy_lists(policy, POLICY_TOOL, call->name, call->category);
    bool expected = reference_lists(document, call->name, call->category);
    count(tally, &verdict, listed);
    if (reference_agrees(&reference, &verdict) && listed == expected)
        return true;
    printf("%.*s\n%.*s %s %s\n", SLICE_PRINT(document->text), SLICE_PRINT(call->name),
           catalogue_category_name(call->category), scene->text == NULL ? "-" : scene->text);
    printf("compiled: %d hidden %d by %.*s: %.*s, %zu charges, listed %d\n", verdict.outcome,
           verdict.hidden, SLICE_PRINT(verdict.rule), SLICE_PRINT(verdict.reason),
           verdict.charge_count, listed);
    printf("plain:    %d hidden %d by %s: %s, %zu charges, listed %d\n", reference.outcome,
           reference.hidden, reference.rule, reference.reason, reference.charges, expected);
    return false;
}

static size_t run_policy(struct generator *g, struct tally *tally)
{
    generator_policy(g);
    struct slice out = buffer_slice(&g->out);
    char *text = strndup(out.data, out.length);
    struct json_doc document;
    struct policy *policy = NULL;
    struct policy_problems problems;
    struct arena arena;
    size_t failures = 0;
    json_doc_init(&document);
    arena_init(&arena, 1 << 20);
    if (policy_compile(slice_of(text, out.length), SLICE_LITERAL("random"), &policy, &problems) !=
            0 ||
        json_scan(&document, slice_of(text, out.length), NULL, NULL, NULL) != 0) {
        printf("does not compile: %s\n%s\n", problems.count > 0 ? problems.items[0].text : "?",
               text);
        failures++;
    }
    for (size_t i = 0; policy != NULL && i < CALLS; i++) {
        struct scene scene;
        generator_call(g, &scene);
        failures += !compare(policy, &document, &scene, &arena, tally);
        scene_release(&scene);
    }
    policy_problems_release(&problems);
    policy_unref(policy);
    json_doc_release(&document);
    arena_release(&arena);
    free(text);
    return failures;
}

int main(int argc, char **argv)
{
    struct generator g;
    size_t policies = argc > 2 ? strtoull(argv[2], NULL, 10) : POLICIES, failures = 0;
    struct tally t = {0};
    generator_init(&g, argc > 1 ? strtoull(argv[1], NULL, 10) : 20261121, NULL, 0);
    for (size_t i = 0; i < policies && failures < 3; i++)
        failures += run_policy(&g, &t);
    generator_release(&g);
    printf("%zu policies, %zu calls: %zu allowed, %zu denied (%zu hidden, %zu unjudgeable), "
           "%zu asked, %zu charged, %zu listed; %zu disagreements\n",
           policies, policies * CALLS, t.outcomes[POLICY_ALLOW], t.outcomes[POLICY_DENY], t.hidden,
           t.troubles, t.outcomes[POLICY_ASK], t.charged, t.lists, failures);
    // A generator that no longer reaches an outcome would compare nothing.
    bool reached = t.outcomes[0] > policies && t.outcomes[1] > policies && t.outcomes[2] > 100 &&
                   t.charged > 100 && t.troubles > 100;
    return failures == 0 && (reached || argc > 1) ? EXIT_SUCCESS : EXIT_FAILURE;
}
