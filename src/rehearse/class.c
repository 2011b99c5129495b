// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that nothing tells apart but their time, their session and their values are of one class.
#include "rehearse/rehearse_internal.h"

enum { CLASSES_MAX = 200000, KEY_MAX = 16 * 1024 };

static bool is(struct slice text, const char *word)
{
    return slice_equal_string(text, word);
}

static bool holds(struct slice text, const char *part)
{
    size_t length = strlen(part);
    return text.data != NULL && text.length >= length &&
           memmem(text.data, text.length, part, length) != NULL;
}

// ---- The key

struct key {
    char bytes[KEY_MAX];
    size_t length;
    bool failed;
};

static void add(struct key *key, struct slice part)
{
    uint32_t length = (uint32_t)part.length;
    if (part.length > KEY_MAX || key->length + sizeof length + part.length > KEY_MAX) {
        key->failed = true;
        return;
    }
    memcpy(key->bytes + key->length, &length, sizeof length);
    key->length += sizeof length;
    if (part.data != NULL)
        memcpy(key->bytes + key->length, part.data, part.length);
    key->length += part.length;
}

// Denied because nobody could be asked: the sentences are the gateway's own
// (pipeline/approval.c).
static bool nobody_could_be_asked(const struct rehearse_row *row)
{
    return holds(row->reason, "This call needs a person's approval") ||
           holds(row->reason, "A person would be asked.") ||
           holds(row->reason, "A notification cannot wait for a person.") ||
           holds(row->reason, "Too many calls of this grant wait for a person already");
}

// Denied by a person, or because none answered in time.
static bool was_rejected(const struct rehearse_row *row)
{
    static const struct slice action = {"/action", 7};
    struct slice rule = row->rule;
    if (row->approval.length == 0)
        return false;
    return holds(rule, "/approve_if/") ||
           (rule.length > action.length &&
            slice_equal(slice_of(rule.data + rule.length - action.length, action.length), action));
}

static bool store_was_broken(const struct rehearse_row *row)
{
    return slice_starts_with(row->reason, SLICE_LITERAL("The store of the limits cannot be"));
}

static char outcome_code(struct slice outcome)
{
    // allowed, denied, failed, hidden, observed, pending, refused
    return outcome.length == 0 ? 0 : *outcome.data;
}

// What the draft's rules do not look at does not tell classes apart.
static void make_key(const struct rehearse *r, const struct rehearse_row *row, struct key *key)
{
    char outcome = outcome_code(row->outcome);
    bool denied = row->reason.length > 0 && outcome != 'a';
    bool values = row->arguments.data != NULL;
    const char flags[] = {values,
                          row->left_out > 0,
                          row->approval.length > 0,
                          denied && nobody_could_be_asked(row),
                          denied && store_was_broken(row),
                          is(row->direction, "client"),
                          row->grant.data == NULL,
                          outcome,
                          slice_equal(row->policy_version, policy_version(r->options.draft))};
    key->length = 0;
    key->failed = false;
    add(key, slice_of(flags, sizeof flags));
    add(key, row->organisation);
    add(key, row->grant);
    add(key, row->server);
    add(key, row->client);
    add(key, row->method);
    add(key, row->subject);
    add(key, row->rule);
    if (r->traits.arguments && (!values || row->left_out > 0))
        add(key, row->keys);
    if (r->traits.time) {
        int64_t hours = row->time_ms / 3600000;
        add(key, slice_of((const char *)&hours, sizeof hours));
    }
}

// ---- What it means

// A text of the line as it was meant. Without escapes, which is nearly always, as it stands there.
struct slice rehearse_text(struct json_doc *doc, struct slice text, struct arena *arena)
{
    if (text.data == NULL || text.length == 0)
        return SLICE_LITERAL("");
    if (memchr(text.data, '\\', text.length) != NULL &&
        json_scan(doc, slice_of(text.data - 1, text.length + 2), NULL, NULL, NULL) == 0)
        text = json_string(doc, 0, arena);
    return text.data == NULL ? text : arena_copy(arena, text);
}

enum policy_subject rehearse_subject(struct slice method, struct slice subject)
{
    if (is(method, "tools/call"))
        return POLICY_TOOL;
    if (is(method, "prompts/get"))
        return POLICY_PROMPT;
    if (is(method, "resources/read") || is(method, "resources/subscribe") ||
        (is(method, "subscriptions/listen") && subject.length > 0)) // a part of it
        return POLICY_RESOURCE;
    return POLICY_METHOD;
}

bool rehearse_is_of_results(struct slice rule)
{
    return holds(rule, "/results/") || slice_starts_with(rule, SLICE_LITERAL("/results")) ||
           is(rule, "(unknown call)");
}

// Denials that no policy has a say in.
static bool is_own(const struct rehearse_class *class, bool broken)
{
    bool denied = class->was == REHEARSE_DENIED || class->was == REHEARSE_HIDDEN;
    return denied && (broken || class->rule.length == 0 || is(class->rule, "(quarantined)") ||
                      is(class->rule, "(unknown task)") || is(class->rule, "(paused)") ||
                      slice_starts_with(class->rule, SLICE_LITERAL("/runaway")) ||
                      (is(class->rule, "(hidden)") && class->judged_as == POLICY_METHOD));
}

static void read_outcome(struct rehearse_class *class, const struct rehearse_row *row)
{
    struct slice outcome = row->outcome;
    bool denied = is(outcome, "denied") || is(outcome, "observed");
    class->observed = is(outcome, "observed");
    class->withheld = denied && rehearse_is_of_results(class->rule);
    if (is(outcome, "hidden") || (class->observed && is(class->rule, "(hidden)")))
        class->was = REHEARSE_HIDDEN;
    else if (is(outcome, "pending") ||
             (denied && (was_rejected(row) || nobody_could_be_asked(row))))
        class->was = REHEARSE_ASKED;
    else
        class->was = denied && !class->withheld ? REHEARSE_DENIED : REHEARSE_ALLOWED;
    class->approved = class->was == REHEARSE_ALLOWED && row->approval.length > 0;
}

static enum rehearse_kind kind_of(const struct rehearse_class *class,
                                  const struct rehearse_row *row)
{
    if (!is(row->direction, "client") || is(class->method, "(response)"))
        return REHEARSE_SERVER;
    if (is(row->outcome, "refused") || row->grant.data == NULL || class->method.length == 0)
        return REHEARSE_REFUSED;
    if (is_own(class, store_was_broken(row)))
        return REHEARSE_OWN;
    bool housekeeping = class->judged_as == POLICY_METHOD && policy_is_housekeeping(class->method);
    return housekeeping && class->was == REHEARSE_ALLOWED ? REHEARSE_HOUSEKEEPING : REHEARSE_CALL;
}

static bool fill(struct rehearse *r, const struct rehearse_row *row, struct arena *arena,
                 struct rehearse_class *class)
{
    *class = (struct rehearse_class){
        .organisation = rehearse_text(&r->text, row->organisation, arena),
        .grant = rehearse_text(&r->text, row->grant, arena),
        .server = rehearse_text(&r->text, row->server, arena),
        .client = rehearse_text(&r->text, row->client, arena),
        .method = rehearse_text(&r->text, row->method, arena),
        .subject = rehearse_text(&r->text, row->subject, arena),
        .rule = rehearse_text(&r->text, row->rule, arena),
        .same_draft = slice_equal(row->policy_version, policy_version(r->options.draft)),
        .has_values = row->arguments.data != NULL};
    if (class->organisation.data == NULL || class->grant.data == NULL ||
        class->server.data == NULL || class->client.data == NULL || class->method.data == NULL ||
        class->subject.data == NULL || class->rule.data == NULL)
        return false;
    class->judged_as = rehearse_subject(class->method, class->subject);
    read_outcome(class, row);
    class->kind = kind_of(class, row);
    return true;
}

int rehearse_classify(struct rehearse *r, const struct rehearse_row *row,
                      struct rehearse_class *spare, struct rehearse_class **ret)
{
    struct key key;
    make_key(r, row, &key);
    *ret = key.failed ? NULL : table_get(&r->classes, slice_of(key.bytes, key.length));
    if (*ret != NULL && (!(*ret)->settled || row->time_ms < (*ret)->verdict.until_ms))
        return 0;
    // One whose verdict was of another time stays for those that wait.
    if (key.failed || r->class_count >= CLASSES_MAX)
        return fill(r, row, &r->scratch, spare) ? 0 : ERROR_NO_MEMORY;
    struct rehearse_class *class = arena_take(&r->arena, sizeof *class);
    struct slice copy = arena_copy(&r->arena, slice_of(key.bytes, key.length));
    if (class == NULL || copy.data == NULL || !fill(r, row, &r->arena, class))
        return ERROR_NO_MEMORY;
    class->key = copy;
    r->class_count++;
    *ret = class;
    return table_put(&r->classes, copy, class);
}
