// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages of attack patterns. Their texts are ours; policies and messages are shown as their
// authors laid them out.
#include "pages/pages_internal.h"

static struct pages_grades threatened(struct pages_maker *maker,
                                      const struct catalogue_attack *attack)
{
    struct pages_grades grades = {pages_take(maker, INVENTORY_CATEGORIES, sizeof *grades.items), 0};
    for (int i = CATALOGUE_FINANCIAL; i >= 0 && grades.items != NULL; i--)
        if ((attack->categories & 1U << i) != 0)
            grades.items[grades.count++] = pages_grade_of((enum catalogue_category)i);
    return grades;
}

static struct html_url link_to(struct pages_maker *maker, const struct catalogue_attack *attack)
{
    return pages_link(maker, SLICE_LITERAL("attacks"), slice_from_string(attack->slug));
}

void pages_write_attacks(struct buffer *out, struct arena *arena, const struct pages_site *site)
{
    struct pages_maker maker = {arena, site, false};
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    struct pages_attacks page = {
        .head = pages_make_head(&maker, PAGES_ATTACKS, SLICE_LITERAL("Attack patterns"),
                                SLICE_LITERAL("attacks"), (struct slice){0})};
    page.head.description = SLICE_LITERAL("How tools of agents are turned against those who use "
                                          "them, and the policies that stop it.");
    page.attacks.items = pages_take(&maker, count, sizeof *page.attacks.items);
    for (size_t i = 0; i < count && page.attacks.items != NULL; i++)
        page.attacks.items[page.attacks.count++] =
            (struct pages_attack_row){.attack = &attacks[i],
                                      .url = link_to(&maker, &attacks[i]),
                                      .grades = threatened(&maker, &attacks[i])};
    if (!maker.failed)
        pages_write_attacks_page(out, &page);
    out->failed = out->failed || maker.failed;
}

// ---- One of them

static struct pages_code shown(const char *label, const char *json)
{
    return (struct pages_code){slice_from_string(label), slice_from_string(json)};
}

static const char *outcome_of(const char *outcome)
{
    static const struct {
        const char *word, *text;
    } outcomes[] = {{"allowed", "allowed"}, {"changed", "the answer is changed"},
                    {"denied", "denied"},   {"hidden", "hidden"},
                    {"refused", "refused"}, {"not-stopped", "not stopped"}};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(outcome, outcomes[i].word) == 0)
            return outcomes[i].text;
    return "";
}

static void tell_steps(struct pages_maker *maker, struct pages_attack *page)
{
    const struct catalogue_attack *attack = page->attack;
    page->steps.items = pages_take(maker, attack->step_count, sizeof *page->steps.items);
    for (size_t i = 0; i < attack->step_count && page->steps.items != NULL; i++) {
        const struct catalogue_attack_step *step = &attack->steps[i];
        page->steps.items[page->steps.count++] =
            (struct pages_step){.step = step,
                                .request = shown("Request", step->request),
                                .answer = shown("Answer", step->answer),
                                .left = shown("Answer with the policy", step->left),
                                .outcome = outcome_of(step->outcome)};
    }
}

static void list_policies(struct pages_maker *maker, struct pages_attack *page)
{
    const struct catalogue_attack *attack = page->attack;
    page->policies.items = pages_take(maker, attack->policy_count, sizeof *page->policies.items);
    for (size_t i = 0; i < attack->policy_count && page->policies.items != NULL; i++)
        page->policies.items[page->policies.count++] = (struct pages_attack_policy){
            attack->policies[i].server, shown("Policy", attack->policies[i].document)};
    page->settings = shown("Configuration", attack->settings);
}

static void list_references(struct pages_maker *maker, struct pages_attack *page)
{
    const struct catalogue_attack *attack = page->attack;
    page->references.items =
        pages_take(maker, attack->reference_count, sizeof *page->references.items);
    for (size_t i = 0; i < attack->reference_count && page->references.items != NULL; i++)
        page->references.items[page->references.count++] = (struct pages_reference){
            attack->references[i].title, {slice_from_string(attack->references[i].url)}};
}

void pages_write_attack(struct buffer *out, struct arena *arena, const struct pages_site *site,
                        const struct catalogue_attack *attack)
{
    struct pages_maker maker = {arena, site, false};
    struct slice section = SLICE_LITERAL("attacks");
    struct pages_attack page = {.attack = attack,
                                .head = pages_make_head(&maker, PAGES_ATTACKS,
                                                        slice_from_string(attack->name), section,
                                                        slice_from_string(attack->slug)),
                                .grades = threatened(&maker, attack),
                                .meaning = pages_say_all(&maker, attack->meaning),
                                .how = pages_say_all(&maker, attack->how),
                                .story = pages_say_all(&maker, attack->story),
                                .notice = pages_say_all(&maker, attack->notice),
                                .does = pages_say_all(&maker, attack->stops),
                                .lets_through = pages_say_all(&maker, attack->lets_through),
                                .elsewhere = pages_say_all(&maker, attack->elsewhere)};
    page.head.description = slice_from_string(attack->summary);
    pages_add_crumb(&maker, &page.head, pages_link(&maker, section, (struct slice){0}),
                    SLICE_LITERAL("Attack patterns"));
    tell_steps(&maker, &page);
    list_policies(&maker, &page);
    list_references(&maker, &page);
    if (!maker.failed)
        pages_write_attack_page(out, &page);
    out->failed = out->failed || maker.failed;
}
