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

// The bits of a pattern are those of the names that its file has.
static void signals_are_those_of_the_file(void **state)
{
    (void)state;
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    for (size_t i = 0; i < count; i++) {
        struct json_doc doc = {0};
        struct error error = {0};
        struct slice text = slice_of(attacks[i].document, attacks[i].document_length);
        uint32_t bits = 0;
        assert_int_equal(json_scan(&doc, text, NULL, &error, NULL), 0);
        uint32_t names = json_get(&doc, 0, "signals");
        for (uint32_t at = json_first_element(&doc, names); at != JSON_NONE;
             at = json_next_element(&doc, names, at))
            for (unsigned signal = 0; signal < CATALOGUE_SIGNAL_COUNT; signal++)
                if (json_string_equals(
                        &doc, at,
                        slice_from_string(catalogue_signal_name((enum catalogue_signal)signal))))
                    bits |= UINT32_C(1) << signal;
        assert_int_equal(bits, attacks[i].signals);
        assert_int_equal(__builtin_popcount(bits), json_at(&doc, names)->count);
        json_doc_release(&doc);
    }
}

// ---- Which tools a pattern fits

static const struct catalogue_attack *pattern(const char *slug)
{
    const struct catalogue_attack *attack = catalogue_find_attack(slice_from_string(slug));
    assert_non_null(attack);
    return attack;
}

// The sentence, "" when it does not fit.
static const char *why(const char *slug, struct slice tool, enum catalogue_category category,
                       const struct catalogue_finding *findings, size_t count)
{
    static char text[1024];
    struct buffer out;
    buffer_init(&out, 0);
    bool fits = catalogue_attack_fits(pattern(slug), tool, category, findings, count, &out);
    struct slice said = buffer_slice(&out);
    assert_int_equal(fits, said.length > 0);
    assert_true(said.length < sizeof text);
    memcpy(text, said.length > 0 ? said.data : "", said.length);
    text[said.length] = '\0';
    buffer_release(&out);
    return text;
}

static void a_pattern_fits_by_category_and_signals(void **state)
{
    (void)state;
    struct slice fetch = SLICE_LITERAL("fetch"), drop = SLICE_LITERAL("drop");
    const struct catalogue_finding findings[] = {
        {.signal = CATALOGUE_SIGNAL_FREE_TEXT,
         .severity = CATALOGUE_LOW,
         .words = SLICE_LITERAL("body"),
         .says = "x"},
        {.signal = CATALOGUE_SIGNAL_URL,
         .severity = CATALOGUE_MEDIUM,
         .words = SLICE_LITERAL("link"),
         .says = "x"},
    };
    assert_string_equal(
        why("indirect-prompt-injection", fetch, CATALOGUE_READ, findings, 2),
        "fetch reads from an address (\"link\"), and whoever owns the place behind it "
        "decides what the model reads.");
    assert_string_equal(why("indirect-prompt-injection", fetch, CATALOGUE_WRITE, findings, 2), "");
    assert_string_equal(why("indirect-prompt-injection", fetch, CATALOGUE_READ, findings, 1), "");
    assert_string_equal(why("destructive-action-autonomy", drop, CATALOGUE_DESTRUCTIVE, NULL, 0),
                        "drop is of the category Destructive; without a policy nothing asks "
                        "whether that was meant.");
    assert_string_equal(why("destructive-action-autonomy", drop, CATALOGUE_UNKNOWN, NULL, 0), "");
    assert_string_equal(why("destructive-action-autonomy", drop, CATALOGUE_READ, NULL, 0), "");
}

static void a_harmless_tool_is_abused_by_nothing(void **state)
{
    (void)state;
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(
            why(attacks[i].slug, SLICE_LITERAL("get_time"), CATALOGUE_READ, NULL, 0), "");
}

static void what_is_usual_does_not_accuse(void **state)
{
    (void)state;
    struct catalogue_finding finding = {.signal = CATALOGUE_SIGNAL_NAMES_OTHER_TOOL,
                                        .severity = CATALOGUE_LOW,
                                        .words = SLICE_LITERAL("use list_x"),
                                        .says = "x"};
    struct slice tool = SLICE_LITERAL("get_x");
    assert_string_equal(why("cross-server-shadowing", tool, CATALOGUE_READ, &finding, 1), "");
    finding.severity = CATALOGUE_MEDIUM;
    assert_string_not_equal(why("cross-server-shadowing", tool, CATALOGUE_READ, &finding, 1), "");
}

// What a server wrote is short, in one line, and moves no other text.
static void hostile_words_are_tamed(void **state)
{
    (void)state;
    static const char words[] = "a\nb\x1b[31m\xe2\x80\xae\"c\" \xff\xc3\xa9{tool}\xe2\x80\xa8";
    struct catalogue_finding finding = {.signal = CATALOGUE_SIGNAL_INSTRUCTIONS,
                                        .severity = CATALOGUE_HIGH,
                                        .says = "x",
                                        .words = SLICE_LITERAL(words)};
    const char *said =
        why("tool-poisoning", SLICE_LITERAL("x\xe2\x80\x8by"), CATALOGUE_READ, &finding, 1);
    assert_string_equal(said, "The definition of x y speaks to the model instead of describing the "
                              "tool: \"a b [31m  c   \xc3\xa9{tool} \".");
    static char many[20000];
    memset(many, 'x', sizeof many);
    finding.words = slice_of(many, sizeof many);
    said = why("tool-poisoning", slice_of(many, sizeof many), CATALOGUE_READ, &finding, 1);
    assert_true(strlen(said) < 300);
    assert_non_null(strstr(said, "xxx...\"."));
    finding.words = (struct slice){0};
    finding.says = "no words";
    said = why("tool-poisoning", (struct slice){0}, CATALOGUE_READ, &finding, 1);
    assert_string_equal(said, "The definition of this tool speaks to the model instead of "
                              "describing the tool: no words.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_patterns_are_there),
        cmocka_unit_test(every_pattern_is_found_by_its_slug),
        cmocka_unit_test(every_pattern_has_all_its_parts),
        cmocka_unit_test(signals_are_those_of_the_file),
        cmocka_unit_test(a_pattern_fits_by_category_and_signals),
        cmocka_unit_test(a_harmless_tool_is_abused_by_nothing),
        cmocka_unit_test(what_is_usual_does_not_accuse),
        cmocka_unit_test(hostile_words_are_tamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
