// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Random policies and calls of which parts are not known: where the verdict says that it is sure,
// the parts that were hidden make no difference. Seeded; the seed may be given as argument.
#include "generator.h"

#include <stdio.h>
#include <stdlib.h>

enum { POLICIES = 10000, CALLS = 8, MASKS = 6 };

struct tally {
    size_t sure, unsure, denied_all_the_same, reading_nothing;
};

struct veil {
    uint64_t seed;
    unsigned thickness; // of 8 values that many are hidden
};

static bool is_hidden(void *argument, const struct json_doc *doc, uint32_t node)
{
    const struct veil *veil = argument;
    uint64_t mixed = (veil->seed ^ node) * 0x9E3779B97F4A7C15U;
    (void)doc;
    return (mixed >> 32) % 8 < veil->thickness;
}

static bool agrees(const struct policy_verdict *whole, const struct policy_verdict *sure)
{
    if (whole->outcome != sure->outcome || whole->hidden != sure->hidden)
        return false;
    if (sure->outcome == POLICY_DENY) // another rule may come first
        return true;
    bool same = whole->charge_count == sure->charge_count && slice_equal(whole->rule, sure->rule);
    for (size_t i = 0; same && i < sure->charge_count; i++)
        same = !sure->charges[i].unsure_amount && !sure->charges[i].unsure_per &&
               slice_equal(whole->charges[i].per, sure->charges[i].per) &&
               decimal_compare(whole->charges[i].amount, sure->charges[i].amount) == 0;
    return same;
}

static bool check(const struct policy *policy, const struct scene *scene, uint64_t seed,
                  struct arena *arena, struct tally *tally)
{
    struct policy_verdict whole, sure;
    struct policy_call call = scene->call;
    arena_clear(arena);
    policy_decide(policy, &call, arena, &whole);
    for (unsigned i = 0; i < MASKS; i++) {
        struct veil veil = {.seed = seed + i, .thickness = i + 3};
        struct policy_gaps gaps = {.tags = (seed + i) % 3 == 0,
                                   .session_calls = (seed + i) % 5 == 0,
                                   .doubtful = is_hidden,
                                   .argument = &veil};
        call.gaps = &gaps;
        policy_decide(policy, &call, arena, &sure);
        tally->reading_nothing += gaps.read == 0;
        if (gaps.path.length > 0) {
            tally->unsure++;
            continue;
        }
        tally->sure++;
        tally->denied_all_the_same += whole.outcome == POLICY_DENY;
        if (agrees(&whole, &sure))
            continue;
        printf("%.*s %s: %d by %.*s, with gaps %d by %.*s\n", SLICE_PRINT(call.name),
               scene->text == NULL ? "-" : scene->text, whole.outcome, SLICE_PRINT(whole.rule),
               sure.outcome, SLICE_PRINT(sure.rule));
        return false;
    }
    return true;
}

static size_t run_policy(struct generator *g, uint64_t seed, struct tally *tally)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    struct arena arena;
    size_t failures = 0;
    generator_policy(g);
    arena_init(&arena, 1 << 20);
    if (policy_compile(buffer_slice(&g->out), SLICE_LITERAL("random"), &policy, &problems) != 0)
        failures++;
    struct slice out = buffer_slice(&g->out);
    char *text = strndup(out.data, out.length);
    for (size_t i = 0; policy != NULL && i < CALLS; i++) {
        struct scene scene;
        generator_call(g, &scene);
        if (!check(policy, &scene, seed * CALLS + i, &arena, tally)) {
            printf("%s\n", text);
            failures++;
        }
        scene_release(&scene);
    }
    free(text);
    policy_problems_release(&problems);
    policy_unref(policy);
    arena_release(&arena);
    return failures;
}

int main(int argc, char **argv)
{
    struct generator g;
    size_t failures = 0;
    struct tally t = {0};
    generator_init(&g, argc > 1 ? strtoull(argv[1], NULL, 10) : 20261122, NULL, 0);
    for (size_t i = 0; i < POLICIES && failures < 3; i++)
        failures += run_policy(&g, i, &t);
    generator_release(&g);
    printf("%zu verdicts that are sure (%zu of them denials), %zu that are not, %zu that read "
           "nothing; %zu wrong\n",
           t.sure, t.denied_all_the_same, t.unsure, t.reading_nothing, failures);
    bool reached = t.sure > POLICIES && t.unsure > POLICIES && t.sure > t.denied_all_the_same &&
                   t.reading_nothing > POLICIES;
    return failures == 0 && reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
