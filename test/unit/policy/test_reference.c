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
    size_t outcomes[3], hidden, charged, troubles, lists, observed[3], watched;
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

// What observes says what the policy would decide if all of it enforced: where the call passes all
// that enforces, the first part that would have stopped it.
static bool foretells(const struct policy *policy, const struct policy *enforcing,
                      const struct scene *scene, struct arena *arena, struct tally *tally)
{
    struct policy_verdict now, then;
    arena_clear(arena);
    policy_decide(policy, &scene->call, arena, &now);
    policy_decide(enforcing, &scene->call, arena, &then);
    const struct policy_observation *observed = &now.observed;
    tally->observed[observed->outcome] += observed->noted;
    tally->watched += now.watched_count > 0;
    // Of an unknown category an observing entry selects less, and it never ties by hiding.
    if (scene->call.category == CATALOGUE_UNKNOWN ||
        memchr(then.rule.data, ' ', then.rule.length) != NULL)
        return true;
    if (now.outcome == POLICY_DENY)
        return then.outcome == POLICY_DENY;
    if (!observed->noted)
        return then.outcome == now.outcome && slice_equal(then.rule, now.rule);
    if (now.outcome == POLICY_ASK && observed->outcome == POLICY_ASK)
        return then.outcome == POLICY_ASK;
    return then.outcome == observed->outcome && then.hidden == observed->hidden &&
           slice_equal(then.rule, observed->rule) && slice_equal(then.reason, observed->reason);
}

static struct policy *enforcing_twin(const char *text)
{
    static const char mode[] = ",\"mode\":\"observe\"";
    struct policy *twin = NULL;
    struct policy_problems problems;
    struct buffer all;
    buffer_init(&all, 0);
    for (const char *at = text; *at != '\0';) {
        const char *found = strstr(at, mode);
        buffer_append(&all, slice_of(at, found == NULL ? strlen(at) : (size_t)(found - at)));
        at = found == NULL ? at + strlen(at) : found + sizeof mode - 1;
    }
    (void)!policy_compile(buffer_slice(&all), SLICE_LITERAL("random"), &twin, &problems);
    policy_problems_release(&problems);
    buffer_release(&all);
    return twin;
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
    struct policy *twin = enforcing_twin(text);
    for (size_t i = 0; policy != NULL && twin != NULL && i < CALLS; i++) {
        struct scene scene;
        generator_call(g, &scene);
        failures += !compare(policy, &document, &scene, &arena, tally);
        if (!foretells(policy, twin, &scene, &arena, tally)) {
            printf("%s\n%.*s %s: what observes is not what enforcing would do\n", text,
                   SLICE_PRINT(scene.call.name), scene.text == NULL ? "-" : scene.text);
            failures++;
        }
        scene_release(&scene);
    }
    policy_problems_release(&problems);
    policy_unref(policy);
    policy_unref(twin);
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
    for (size_t i = 0; i < policies && failures < 3; i++) {
        g.modes = i % 2 == 1;
        failures += run_policy(&g, &t);
    }
    generator_release(&g);
    printf("%zu policies, %zu calls: %zu allowed, %zu denied (%zu hidden, %zu unjudgeable), "
           "%zu asked, %zu charged, %zu listed, %zu and %zu observed, %zu watched; "
           "%zu disagreements\n",
           policies, policies * CALLS, t.outcomes[POLICY_ALLOW], t.outcomes[POLICY_DENY], t.hidden,
           t.troubles, t.outcomes[POLICY_ASK], t.charged, t.lists, t.observed[POLICY_DENY],
           t.observed[POLICY_ASK], t.watched, failures);
    // A generator that no longer reaches an outcome would compare nothing.
    bool reached = t.outcomes[0] > policies && t.outcomes[1] > policies && t.outcomes[2] > 100 &&
                   t.charged > 100 && t.troubles > 100 && t.observed[POLICY_DENY] > 100 &&
                   t.observed[POLICY_ASK] > 100 && t.watched > 100;
    return failures == 0 && (reached || argc > 1) ? EXIT_SUCCESS : EXIT_FAILURE;
}
