// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a policy means, a sentence for each of its parts, in the order in which people read it.
#include "policy/summary_internal.h"

#include <stdio.h>

static void put(struct summary *s, const char *text)
{
    buffer_append_string(&s->text, text);
}

void summary_tell(struct summary *s, struct slice rule, const char *part, bool observes)
{
    const struct policy_sentence sentence = {.rule = rule,
                                             .subject = s->subject,
                                             .about = s->about,
                                             .part = part,
                                             .observes = observes,
                                             .text = buffer_slice(&s->text)};
    s->failed = s->failed || s->text.failed || s->pointer.failed;
    if (!s->failed)
        s->tell(s->argument, &sentence);
    buffer_clear(&s->text);
}

struct slice summary_pointer(struct summary *s, struct slice parent, const char *name)
{
    buffer_clear(&s->pointer);
    buffer_append(&s->pointer, parent);
    buffer_append_string(&s->pointer, "/");
    buffer_append_string(&s->pointer, name);
    return buffer_slice(&s->pointer);
}

void summary_quote(struct summary *s, const char *words, struct slice text)
{
    if (text.length == 0)
        return;
    put(s, " ");
    put(s, words);
    json_write_string(&s->text, text);
}

// ---- Which names

// `others`: there are entries besides, and of several only the most specific counts.
static void put_names(struct summary *s, const struct selector *selector, bool others)
{
    const char *every = others ? "Every other" : "Every";
    struct slice text = selector->text;
    bool begins = text.length > 1 && memchr(text.data, '?', text.length) == NULL &&
                  memchr(text.data, '*', text.length) == text.data + text.length - 1;
    switch (selector->kind) {
    case SELECTOR_EXACT: buffer_append_format(&s->text, "The %s ", s->subject); break;
    case SELECTOR_GLOB:
        buffer_append_format(&s->text, "%s %s whose name %s ", every, s->subject,
                             begins ? "begins with" : "matches");
        break;
    case SELECTOR_CATEGORY:
        buffer_append_format(&s->text, "%s %s of the category %s", every, s->subject,
                             catalogue_category_name(selector->category));
        return;
    case SELECTOR_ANY: buffer_append_format(&s->text, "%s %s", every, s->subject); return;
    }
    text.length -= selector->kind == SELECTOR_GLOB && begins;
    json_write_string(&s->text, text);
}

static bool has_parts(const struct rule *rule)
{
    return rule->require.count + rule->deny_if.count + rule->approve_if.count + rule->limits.count >
               0 ||
           rule->results.given;
}

// ---- Entries

static void put_action(struct summary *s, const struct rule *rule)
{
    enum action action = rule->observe ? rule->tried : rule->action;
    switch (action) {
    case ACTION_ALLOW:
        put(s, has_parts(rule) ? " is allowed, under what is said of it below." : " is allowed.");
        break;
    case ACTION_DENY: put(s, " is denied, and stays in lists."); break;
    case ACTION_HIDE: put(s, " is hidden: not in lists, and denied as if there were none."); break;
    case ACTION_REQUIRE_APPROVAL: put(s, " is allowed once a person agreed to the call."); break;
    }
}

static void tell_section(struct summary *s, const struct section *section, const char *subject)
{
    s->subject = subject;
    for (size_t i = 0; i < section->count; i++) {
        const struct entry *entry = &section->entries[i];
        const struct rule *rule = &entry->rule;
        bool acts = rule->action != ACTION_ALLOW || rule->tried != ACTION_ALLOW;
        s->about = entry->selector.text;
        put_names(s, &entry->selector, section->count > 1);
        if (entry->selector.kind == SELECTOR_CATEGORY &&
            (rule->action != ACTION_ALLOW || entry->selector.category == CATALOGUE_FINANCIAL))
            put(s, " or of no known one");
        put_action(s, rule);
        summary_quote(s, "The reason given: ", rule->reason);
        summary_tell(s, acts ? rule->action_pointer : rule->pointer, "entry", rule->observe);
        summary_rule(s, rule);
    }
    s->about = (struct slice){0};
}

// ---- The rest of the document

static void tell_defaults(struct summary *s)
{
    const struct policy *policy = s->policy;
    const struct {
        const char *name, *pointer, *words;
        const struct section *section;
    } others[] = {{"resources", "/resources/default", "Every resource", &policy->resources},
                  {"prompts", "/prompts/default", "Every prompt", &policy->prompts}};
    s->subject = "everything";
    buffer_append_format(&s->text, "What nothing below speaks of is %s.",
                         policy->default_allow ? "allowed" : "denied");
    summary_tell(s, SLICE_LITERAL("/default"), "default", false);
    for (size_t i = 0; i < 2; i++) {
        uint32_t node = json_get(&policy->doc, 0, others[i].name);
        if (node == JSON_NONE || json_get(&policy->doc, node, "default") == JSON_NONE)
            continue;
        s->subject = i == 0 ? "resource" : "prompt";
        buffer_append_format(&s->text, "%s that nothing below speaks of is %s.", others[i].words,
                             others[i].section->default_allow ? "allowed" : "denied");
        summary_tell(s, slice_from_string(others[i].pointer), "default", false);
    }
}

static void tell_hidden(struct summary *s)
{
    char pointer[40];
    s->subject = "tool";
    for (size_t i = 0; i < s->policy->hide.count; i++) {
        const struct selector *selector = &s->policy->hide.items[i];
        s->about = selector->text;
        put_names(s, selector, false);
        if (selector->kind == SELECTOR_CATEGORY)
            put(s, " or of no known one");
        put(s, " is hidden: not in lists, and denied as if there were none.");
        snprintf(pointer, sizeof pointer, "/hide/%zu", i);
        summary_tell(s, slice_from_string(pointer), "hide", false);
    }
    s->about = (struct slice){0};
    if (!s->policy->list_callable)
        return;
    s->subject = "everything";
    put(s, "Lists leave out what no call could pass.");
    summary_tell(s, SLICE_LITERAL("/list"), "list", false);
}

static void tell_all_tools(struct summary *s)
{
    const struct rule *rule = &s->policy->all_tools;
    if (rule->pointer.data == NULL)
        return;
    s->subject = "tool";
    s->about = SLICE_LITERAL("*");
    put(s, "For every tool call the following holds as well:");
    summary_quote(s, "The reason given: ", rule->reason);
    summary_tell(s, rule->pointer, "all_tools", rule->observe);
    summary_rule(s, rule);
    s->about = (struct slice){0};
}

static void tell_methods(struct summary *s)
{
    s->subject = "method";
    for (size_t i = 0; i < s->policy->method_count; i++) {
        const struct method_rule *rule = &s->policy->methods[i];
        s->about = rule->name;
        put(s, "The method ");
        json_write_string(&s->text, rule->name);
        put(s, rule->allow ? " is allowed." : " is denied.");
        summary_tell(s, rule->pointer, "method", false);
    }
    s->about = (struct slice){0};
}

static void tell_runaway(struct summary *s)
{
    const struct policy_runaway *runaway = &s->policy->runaway;
    char window[WINDOW_WORDS];
    if (runaway->identical_max > 0) {
        words_window(runaway->window_ms, false, window);
        buffer_append_format(&s->text,
                             "A grant is paused until a person has looked at it when it makes more "
                             "than %lld identical calls per %s.",
                             (long long)runaway->identical_max, window);
        summary_quote(s, "The reason given: ", runaway->reason);
        summary_tell(s, SLICE_LITERAL("/runaway/identical_calls"), "runaway", false);
    }
    if (runaway->denials > 0) {
        buffer_append_format(&s->text,
                             "A grant is paused until a person has looked at it when %lld of its "
                             "calls are denied in a row.",
                             (long long)runaway->denials);
        summary_quote(s, "The reason given: ", runaway->reason);
        summary_tell(s, SLICE_LITERAL("/runaway/denials_in_a_row"), "runaway", false);
    }
}

int policy_summarise(const struct policy *policy,
                     void (*tell)(void *argument, const struct policy_sentence *sentence),
                     void *argument)
{
    struct summary s = {.policy = policy, .tell = tell, .argument = argument};
    buffer_init(&s.text, 0);
    buffer_init(&s.pointer, 0);
    tell_defaults(&s);
    tell_hidden(&s);
    tell_all_tools(&s);
    tell_section(&s, &policy->tools, "tool");
    tell_section(&s, &policy->resources, "resource");
    tell_section(&s, &policy->prompts, "prompt");
    tell_methods(&s);
    s.subject = "everything";
    summary_results(&s, &policy->results);
    tell_runaway(&s);
    buffer_release(&s.text);
    buffer_release(&s.pointer);
    return s.failed ? ERROR_NO_MEMORY : 0;
}

// ---- As text and as JSON

struct writer {
    struct buffer *out;
    size_t count;
};

static void write_json(void *argument, const struct policy_sentence *sentence)
{
    struct writer *w = argument;
    const struct {
        const char *name;
        struct slice text;
    } members[] = {{"{\"rule\":", sentence->rule},
                   {",\"subject\":", slice_from_string(sentence->subject)},
                   {",\"about\":", sentence->about},
                   {",\"part\":", slice_from_string(sentence->part)},
                   {",\"text\":", sentence->text}};
    buffer_append_string(w->out, w->count++ == 0 ? "" : ",");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        buffer_append_string(w->out, members[i].name);
        json_write_string(w->out, members[i].text);
    }
    buffer_append_format(w->out, ",\"observes\":%s}", sentence->observes ? "true" : "false");
}

int policy_summary_json(const struct policy *policy, struct buffer *out)
{
    struct writer w = {.out = out};
    buffer_append_string(out, "[");
    int result = policy_summarise(policy, write_json, &w);
    buffer_append_string(out, "]");
    return result == 0 && out->failed ? ERROR_NO_MEMORY : result;
}

// Those that say more of the entry before them.
static bool is_detail(const struct policy_sentence *sentence)
{
    static const char *const details[] = {"require", "deny_if",  "approve_if",
                                          "limit",   "approval", "results"};
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        if (strcmp(sentence->part, details[i]) == 0)
            return sentence->about.length > 0;
    return false;
}

static void write_text(void *argument, const struct policy_sentence *sentence)
{
    struct writer *w = argument;
    buffer_append_string(w->out, is_detail(sentence) ? "  " : "");
    buffer_append_string(w->out, sentence->observes ? "(only observed) " : "");
    words_plain(w->out, sentence->text);
    buffer_append_string(w->out, "\n");
}

int policy_summary_text(const struct policy *policy, struct buffer *out)
{
    struct writer w = {.out = out};
    int result = policy_summarise(policy, write_text, &w);
    return result == 0 && out->failed ? ERROR_NO_MEMORY : result;
}
