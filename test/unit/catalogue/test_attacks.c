// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "catalogue/catalogue.h"
#include "json/json.h"

static void the_documented_patterns_are_there(void **state)
{
    (void)state;
    static const char *const slugs[] = {"tool-poisoning",
                                        "rug-pull",
                                        "token-mis-redemption",
                                        "confused-deputy",
                                        "prompt-injection-via-tool-results",
                                        "indirect-prompt-injection",
                                        "exfiltration-by-tool-chaining",
                                        "destructive-action-autonomy",
                                        "runaway-tool-loops",
                                        "credential-leak-via-errors",
                                        "compromised-package",
                                        "typosquatting",
                                        "cross-server-shadowing",
                                        "line-jumping"};
    for (size_t i = 0; i < sizeof slugs / sizeof slugs[0]; i++)
        assert_non_null(catalogue_find_attack(slice_from_string(slugs[i])));
}

static void every_pattern_is_found_by_its_slug(void **state)
{
    (void)state;
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(catalogue_find_attack(slice_from_string(attacks[i].slug)), &attacks[i]);
    assert_null(catalogue_find_attack(slice_from_string("")));
    assert_null(catalogue_find_attack(slice_from_string("tool-poisonin")));
    assert_null(catalogue_find_attack(slice_from_string("Tool-poisoning")));
}

static void assert_texts(const char *const *texts, size_t least)
{
    size_t count = 0;
    for (; texts[count] != NULL; count++)
        assert_true(strlen(texts[count]) > 0);
    assert_true(count >= least);
}

static void assert_json(const char *text)
{
    struct json_doc doc = {0};
    struct error error = {0};
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, &error, NULL), 0);
    json_doc_release(&doc);
}

static void assert_steps(const struct catalogue_attack *attack)
{
    assert_true(attack->step_count > 0);
    for (size_t i = 0; i < attack->step_count; i++) {
        const struct catalogue_attack_step *step = &attack->steps[i];
        assert_true(strlen(step->says) > 0);
        assert_int_equal(step->times > 0, step->request[0] != '\0');
        if (step->times == 0)
            continue;
        assert_json(step->request);
        assert_json(step->answer);
        assert_true(strlen(step->then) > 0 && strlen(step->outcome) > 0);
    }
}

static void every_pattern_has_all_its_parts(void **state)
{
    (void)state;
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    for (size_t i = 0; i < count; i++) {
        const struct catalogue_attack *attack = &attacks[i];
        assert_true(strlen(attack->name) > 0 && strlen(attack->summary) > 0);
        assert_texts(attack->meaning, 1);
        assert_texts(attack->how, 1);
        assert_texts(attack->story, 1);
        assert_texts(attack->notice, 1);
        assert_texts(attack->stops, 1);
        assert_texts(attack->lets_through, 1);
        assert_texts(attack->elsewhere, 0);
        assert_steps(attack);
        for (size_t j = 0; j < attack->policy_count; j++)
            assert_json(attack->policies[j].document);
        assert_true(attack->policy_count > 0 && attack->reference_count > 0 &&
                    attack->fit_count > 0);
        assert_int_equal(strlen(attack->document), attack->document_length);
        assert_json(attack->document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_documented_patterns_are_there),
                                       cmocka_unit_test(every_pattern_is_found_by_its_slug),
                                       cmocka_unit_test(every_pattern_has_all_its_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
