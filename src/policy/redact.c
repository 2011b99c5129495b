// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Takes out of a result what must not come back. Every string and number of it is looked at,
// wherever it stands; parts that a path names are replaced whole.
#include "policy/policy_internal.h"

#include <stdlib.h>

// A node that is replaced as a whole, or (with no text) passed as it is.
struct picked {
    uint32_t node;
    bool keep;
    struct slice with;
};

struct redaction {
    struct decision *d;
    const struct answer_rules *rules;
    const struct json_doc *doc;
    struct picked *picked;
    size_t picked_count, picked_capacity;
    struct policy_change *changes;
    size_t change_count, change_capacity;
    struct slice with; // of the path that is being walked
    unsigned kinds;    // of all detectors, when there are several
    const char *clean; // a text in which none of them finds anything
    bool failed;
};

static bool give_up(struct redaction *r, const struct results *set, const char *text)
{
    struct slice rule = arena_format(r->d->arena, "%.*s/redact", SLICE_PRINT(set->pointer));
    r->d->trouble_rule = rule.data != NULL ? rule : set->pointer;
    trouble(r->d, "%s", text);
    r->failed = true;
    return false;
}

static bool no_room(struct redaction *r)
{
    return give_up(r, r->rules->sets[0], "The result is too large to be inspected.");
}

// One more item of an array in the arena; the old one stays behind.
static void *more(struct redaction *r, void *items, size_t count, size_t *capacity, size_t size)
{
    enum { FIRST = 16 };
    if (count < *capacity)
        return items;
    size_t wanted = *capacity == 0 ? FIRST : *capacity * 2;
    void *larger = arena_take(r->d->arena, wanted * size);
    if (larger == NULL) {
        no_room(r);
        return NULL;
    }
    if (count > 0)
        memcpy(larger, items, count * size);
    *capacity = wanted;
    return larger;
}

// ---- Texts

// What a redactor finds next: 1 found, 0 none, -1 given up.
static int find_next(struct redaction *r, const struct redactor *redactor, struct slice text,
                     size_t from, size_t *ret_start, size_t *ret_end)
{
    if (redactor->kind == REDACT_DETECTED) {
        struct detect_finding found = {.length = 0};
        enum detect_result result =
            detect_find(text, redactor->detects, from, &r->d->detect, &found);
        *ret_start = found.start;
        *ret_end = found.start + found.length;
        return result == DETECT_FOUND ? 1 : result == DETECT_NONE ? 0 : -1;
    }
    switch (
        regex_find(redactor->regex, text, from, &r->d->regex, r->d->arena, ret_start, ret_end)) {
    case REGEX_YES: return *ret_end > *ret_start && *ret_start >= from ? 1 : -1;
    case REGEX_NO: return 0;
    case REGEX_LIMIT: break;
    }
    return -1;
}

// The text with all that one redactor finds replaced; the same text when there is nothing.
// Something was taken out by it.
static void note(const struct redaction *r, const struct results *set,
                 const struct redactor *redactor)
{
    const struct policy_watcher *watcher = r->d->call->watcher;
    if (watcher == NULL)
        return;
    struct slice pointer = arena_format(r->d->arena, "%.*s/redact/%td", SLICE_PRINT(set->pointer),
                                        redactor - set->redactors);
    if (pointer.data != NULL)
        watcher->looked(watcher->argument, pointer, true);
}

static bool apply(struct redaction *r, const struct results *set, const struct redactor *redactor,
                  struct slice *text)
{
    size_t at = 0, start, end;
    int found = find_next(r, redactor, *text, 0, &start, &end);
    if (found == 0)
        return true;
    note(r, set, redactor);
    struct buffer out;
    buffer_init(&out, 0);
    for (; found == 1; found = find_next(r, redactor, *text, at, &start, &end)) {
        buffer_append(&out, slice_of(text->data + at, start - at));
        buffer_append(&out, redactor->with);
        at = end;
    }
    buffer_append(&out, slice_of(text->data + at, text->length - at));
    struct slice copy = arena_copy(r->d->arena, buffer_slice(&out));
    bool good = found == 0 && !out.failed && copy.data != NULL;
    buffer_release(&out);
    *text = copy;
    return good ||
           give_up(r, set, "A text of the result is too long or too complex to be inspected.");
}

static bool is_clean(const struct redaction *r, const struct redactor *redactor, struct slice text)
{
    return redactor->kind == REDACT_DETECTED && r->clean != NULL && text.data == r->clean;
}

// Most texts hold nothing: several detectors look through them at once, and one after the other
// only where something is.
static bool apply_all(struct redaction *r, struct slice *text)
{
    struct detect_finding found;
    bool none =
        r->kinds != 0 && detect_find(*text, r->kinds, 0, &r->d->detect, &found) == DETECT_NONE;
    r->clean = none ? text->data : NULL;
    for (size_t i = 0; i < r->rules->count; i++) {
        const struct results *set = r->rules->sets[i];
        for (size_t j = 0; j < set->redactor_count; j++)
            if (set->redactors[j].kind != REDACT_PATH && !is_clean(r, &set->redactors[j], *text) &&
                !apply(r, set, &set->redactors[j], text))
                return false;
    }
    return true;
}

// ---- Changes

static void change(struct redaction *r, uint32_t node, struct slice text)
{
    struct policy_change *changes =
        more(r, r->changes, r->change_count, &r->change_capacity, sizeof *changes);
    struct buffer out;
    buffer_init(&out, 0);
    json_write_string(&out, text);
    struct slice json = arena_copy(r->d->arena, buffer_slice(&out));
    bool good = changes != NULL && !out.failed && json.data != NULL;
    buffer_release(&out);
    if (!good) {
        no_room(r);
        return;
    }
    r->changes = changes;
    const struct json_node *n = json_at(r->doc, node);
    changes[r->change_count++] = (struct policy_change){n->start, n->length, json};
}

// ---- Parts that paths name

static void pick(struct redaction *r, uint32_t node, bool keep, struct slice with)
{
    struct picked *picked =
        more(r, r->picked, r->picked_count, &r->picked_capacity, sizeof *picked);
    if (picked == NULL)
        return;
    r->picked = picked;
    picked[r->picked_count++] = (struct picked){node, keep, with};
}

static void pick_value(void *argument, const struct value *value)
{
    struct redaction *r = argument;
    if (value->kind == VALUE_NODE)
        pick(r, value->node, false, r->with);
    else if (value->kind == VALUE_TROUBLE)
        r->failed = true;
}

static int by_node(const void *a, const void *b)
{
    const struct picked *left = a, *right = b;
    if (left->node != right->node)
        return left->node < right->node ? -1 : 1;
    return (int)left->keep - (int)right->keep; // a replacement wins
}

// `inside`: only paths of the structured content, which JSON in a text stands in for.
static bool pick_paths(struct redaction *r, bool inside)
{
    for (size_t i = 0; i < r->rules->count; i++) {
        const struct results *set = r->rules->sets[i];
        for (size_t j = 0; j < set->redactor_count; j++) {
            const struct redactor *redactor = &set->redactors[j];
            if (redactor->kind != REDACT_PATH ||
                (inside && !path_reads_structured(&redactor->path)))
                continue;
            r->with = redactor->with;
            size_t before = r->picked_count;
            path_walk(r->d, &redactor->path, pick_value, r);
            if (r->picked_count > before)
                note(r, set, redactor);
            if (r->failed)
                return give_up(r, set, "The result cannot be inspected.");
        }
    }
    if (r->picked_count > 1)
        qsort(r->picked, r->picked_count, sizeof *r->picked, by_node);
    return true;
}

static const struct picked *next_picked(const struct redaction *r, size_t *at, uint32_t node)
{
    while (*at < r->picked_count && r->picked[*at].node < node)
        (*at)++;
    return *at < r->picked_count && r->picked[*at].node == node ? &r->picked[*at] : NULL;
}

// A text that is JSON, with the parts replaced that the paths name in it.
static bool redact_inner(struct redaction *outer, const struct json_doc *doc, struct slice *text)
{
    struct redaction r = {.d = outer->d, .rules = outer->rules, .doc = doc};
    r.d->structured = doc;
    bool good = pick_paths(&r, true);
    r.d->structured = NULL;
    size_t at = 0, done = 0;
    struct buffer out;
    buffer_init(&out, 0);
    for (uint32_t node = 0; good && r.picked_count > 0 && node < doc->count;) {
        const struct picked *picked = next_picked(&r, &at, node);
        const struct json_node *n = json_at(doc, node);
        node = picked != NULL ? n->next : node + 1;
        if (picked == NULL)
            continue;
        buffer_append(&out, slice_of(doc->text.data + done, n->start - done));
        json_write_string(&out, picked->with);
        done = n->start + n->length;
    }
    if (good && r.picked_count > 0) {
        buffer_append(&out, slice_of(doc->text.data + done, doc->text.length - done));
        *text = arena_copy(r.d->arena, buffer_slice(&out));
        good = !out.failed && text->data != NULL;
    }
    buffer_release(&out);
    if (!good && r.d->trouble_rule.length == 0)
        no_room(outer);
    outer->failed = outer->failed || !good;
    return good;
}

// ---- Content in base64, which texts do not show

static bool is_filled_string(const struct json_doc *doc, uint32_t node)
{
    return node != JSON_NONE && json_type(doc, node) == JSON_STRING &&
           json_at(doc, node)->length > 2;
}

// The member that holds it, or JSON_NONE. A second spelling counts as well: its reader would not
// see what is inspected here as a text.
static uint32_t find_binary(const struct json_doc *doc, uint32_t object)
{
    static const char *const names[] = {"blob", "data"};
    uint32_t type = json_get(doc, object, "type");
    bool media = type != JSON_NONE && json_type(doc, type) == JSON_STRING &&
                 (json_string_equals(doc, type, SLICE_LITERAL("image")) ||
                  json_string_equals(doc, type, SLICE_LITERAL("audio")));
    for (size_t i = 0; i < (media ? 2U : 1U); i++) {
        struct slice name = slice_from_string(names[i]);
        uint32_t member = json_get_slice(doc, object, name);
        uint32_t variant = json_find_case_variant(doc, object, name);
        if (is_filled_string(doc, member))
            return member;
        if (variant != JSON_NONE && is_filled_string(doc, variant + 1))
            return variant + 1;
    }
    return JSON_NONE;
}

static const struct results *binary_refused_by(const struct answer_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->sets[i]->reads_text && !rules->sets[i]->binary_allowed)
            return rules->sets[i];
    return NULL;
}

static bool pick_binary(struct redaction *r)
{
    const struct results *refuses = binary_refused_by(r->rules);
    uint32_t whole = r->d->answer->whole, end = json_at(r->doc, whole)->next;
    for (uint32_t node = whole; node < end && !r->failed; node++) {
        uint32_t data =
            json_type(r->doc, node) == JSON_OBJECT ? find_binary(r->doc, node) : JSON_NONE;
        if (data == JSON_NONE)
            continue;
        if (refuses != NULL)
            return give_up(r, refuses,
                           "The result holds binary content, which cannot be inspected for what "
                           "the policy redacts.");
        pick(r, data, true, (struct slice){0});
    }
    return !r->failed;
}

// ---- The walk

static bool any_text_redactor(const struct answer_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->sets[i]->reads_text)
            return true;
    return false;
}

// All kinds that are looked for, if by more than one redactor.
static unsigned kinds_together(const struct answer_rules *rules)
{
    unsigned kinds = 0;
    size_t redactors = 0;
    for (size_t i = 0; i < rules->count; i++)
        for (size_t j = 0; j < rules->sets[i]->redactor_count; j++) {
            kinds |= rules->sets[i]->redactors[j].detects;
            redactors += rules->sets[i]->redactors[j].kind == REDACT_DETECTED;
        }
    return redactors > 1 ? kinds : 0;
}

static const struct redactor *secrets_redactor(const struct answer_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        for (size_t j = 0; j < rules->sets[i]->redactor_count; j++)
            if ((rules->sets[i]->redactors[j].detects & DETECT_SECRET) != 0)
                return &rules->sets[i]->redactors[j];
    return NULL;
}

static void redact_value(struct redaction *r, uint32_t node, const struct json_doc *inner)
{
    struct slice before = json_type(r->doc, node) == JSON_STRING
                              ? json_string(r->doc, node, r->d->arena)
                              : json_raw(r->doc, node);
    struct slice text = before;
    if (before.data == NULL) {
        no_room(r);
        return;
    }
    if (inner != NULL && !redact_inner(r, inner, &text))
        return;
    if (apply_all(r, &text) && text.data != before.data)
        change(r, node, text);
}

// A name cannot be replaced without becoming another member, so a name that holds what must not
// come back withholds the result. A value that its name makes a secret is replaced: true.
static bool redact_key(struct redaction *r, uint32_t key)
{
    struct slice name = json_string(r->doc, key, r->d->arena), after = name;
    if (name.data == NULL) {
        no_room(r);
        return false;
    }
    if (!apply_all(r, &after))
        return false;
    if (after.data != name.data) {
        give_up(r, r->rules->sets[0],
                "A member's name in the result holds what the policy redacts.");
        return false;
    }
    const struct redactor *secrets = secrets_redactor(r->rules);
    if (secrets == NULL || json_type(r->doc, key + 1) != JSON_STRING ||
        !detect_may_name_secret(name))
        return false;
    struct slice value = json_string(r->doc, key + 1, r->d->arena);
    if (value.data == NULL)
        no_room(r);
    else if (detect_names_secret(name, value))
        change(r, key + 1, secrets->with);
    else
        return false;
    return true;
}

static void walk(struct redaction *r, const struct inner_texts *inner, bool texts)
{
    uint32_t whole = r->d->answer->whole, end = json_at(r->doc, whole)->next;
    size_t at = 0, next_inner = 0;
    for (uint32_t node = whole; node < end && !r->failed;) {
        const struct json_node *n = json_at(r->doc, node);
        const struct picked *picked = next_picked(r, &at, node);
        while (next_inner < inner->count && inner->items[next_inner].node < node)
            next_inner++;
        bool is_inner = next_inner < inner->count && inner->items[next_inner].node == node;
        if (picked != NULL) {
            if (!picked->keep)
                change(r, node, picked->with);
            node = n->next;
            continue;
        }
        if (n->is_key && texts && redact_key(r, node)) {
            node = json_at(r->doc, node + 1)->next;
            continue;
        }
        if (!n->is_key &&
            (is_inner || (texts && (n->type == JSON_STRING || n->type == JSON_NUMBER))))
            redact_value(r, node, is_inner ? &inner->items[next_inner].doc : NULL);
        node++;
    }
}

bool redact_answer(struct decision *d, const struct answer_rules *rules,
                   const struct inner_texts *inner, struct policy_answer_verdict *ret)
{
    struct redaction r = {.d = d, .rules = rules, .doc = d->answer->doc};
    bool texts = any_text_redactor(rules);
    r.kinds = kinds_together(rules);
    // Opaque to the client and read by the server alone, or the client's own: changed, they would
    // be worthless.
    static const char *const kept[] = {"requestState", "progressToken"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        uint32_t node = json_get(r.doc, d->answer->whole, kept[i]);
        if (node != JSON_NONE)
            pick(&r, node, true, (struct slice){0});
    }
    if ((texts && !pick_binary(&r)) || !pick_paths(&r, false))
        return false;
    walk(&r, inner, texts);
    ret->changes = r.changes;
    ret->change_count = r.failed ? 0 : r.change_count;
    return !r.failed;
}
