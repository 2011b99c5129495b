// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes arguments for the log, without what the mask takes out. What cannot be inspected, or not
// in time, is left out: nothing is written that was not looked at.
#include "policy/mask_internal.h"

#include <inttypes.h>

enum {
    INSPECTED_VALUE_MAX = 64 * 1024, // longer texts are not looked into, nor written
    INSPECTED_MAX = 256 * 1024,      // of one row
    ARGUMENTS_MAX = 1000,            // later ones are left out
    INNER_MAX = 2,                   // JSON in a text in a text
    INNER_NODES_MAX = 10000,
    STEPS_MAX = (INNER_MAX + 1) * (JSON_DEFAULT_DEPTH + 1),
};
#define REDACTED "[redacted]"

struct masking {
    const struct policy_mask *mask;
    struct arena *arena;
    struct regex_scratch regex;
    struct detect_work detect;
    struct path_step steps[STEPS_MAX]; // to the value that is being written
    size_t step_count;
    int inner;
    size_t inspected;
};

struct place { // of a value
    struct masking *m;
    const struct json_doc *doc;
    struct buffer *out;
};

static void write_value(const struct place *place, uint32_t node);

static void write_redacted(struct buffer *out)
{
    buffer_append_string(out, "\"" REDACTED "\"");
}

static void write_left_out(struct buffer *out, size_t bytes)
{
    buffer_append_format(out, "\"[left out: %zu bytes]\"", bytes);
}

// ---- Texts

enum finding { FOUND, FOUND_NONE, FOUND_NOTHING_SURE };

// What detector `number` finds next: the patterns, then the built-in one.
static enum finding find_next(struct masking *m, size_t number, struct slice text, size_t from,
                              size_t *ret_start, size_t *ret_end)
{
    if (number == m->mask->pattern_count) {
        struct detect_finding found = {.length = 0};
        enum detect_result result = m->mask->secrets
                                        ? detect_find(text, DETECT_SECRET, from, &m->detect, &found)
                                        : DETECT_NONE;
        *ret_start = found.start;
        *ret_end = found.start + found.length;
        return result == DETECT_FOUND  ? FOUND
               : result == DETECT_NONE ? FOUND_NONE
                                       : FOUND_NOTHING_SURE;
    }
    enum regex_result result =
        regex_find(m->mask->patterns[number], text, from, &m->regex, m->arena, ret_start, ret_end);
    if (result == REGEX_YES && *ret_end > *ret_start && *ret_start >= from)
        return FOUND;
    return result == REGEX_NO ? FOUND_NONE : FOUND_NOTHING_SURE;
}

// Replaces *text by a copy in the arena where something was found. False: it is not sure what is in
// it.
static bool redact_by(struct masking *m, size_t number, struct slice *text, bool *ret_found)
{
    size_t at = 0, start = 0, end = 0;
    enum finding found = find_next(m, number, *text, 0, &start, &end);
    if (found == FOUND_NONE)
        return true;
    struct buffer out;
    buffer_init(&out, 0);
    for (; found == FOUND; found = find_next(m, number, *text, at, &start, &end)) {
        buffer_append(&out, slice_of(text->data + at, start - at));
        buffer_append_string(&out, REDACTED);
        at = end;
    }
    buffer_append(&out, slice_of(text->data + at, text->length - at));
    struct slice copy = arena_copy(m->arena, buffer_slice(&out));
    bool good = found == FOUND_NONE && !out.failed && copy.data != NULL;
    buffer_release(&out);
    *text = copy;
    *ret_found = true;
    return good;
}

// False: it is not sure what is in it, so it must not be written.
static bool redact_text(struct masking *m, struct slice *text, bool *ret_found)
{
    *ret_found = false;
    if (m->mask->pattern_count == 0 && !m->mask->secrets)
        return true;
    m->inspected += text->length;
    if (m->inspected > INSPECTED_MAX)
        return false;
    for (size_t i = 0; i <= m->mask->pattern_count; i++) {
        if (redact_by(m, i, text, ret_found))
            continue;
        if (!m->regex.may_go_on(m->regex.argument)) // nor will it say so again
            m->inspected = INSPECTED_MAX;
        return false;
    }
    return true;
}

static void write_cut(const struct place *place, struct slice text)
{
    size_t kept = place->m->mask->value_max;
    struct buffer shown;
    if (text.length <= kept) {
        json_write_string(place->out, text);
        return;
    }
    while (kept > 0 && ((unsigned char)text.data[kept] & 0xC0) == 0x80)
        kept--;
    buffer_init(&shown, 0);
    buffer_append(&shown, slice_of(text.data, kept));
    buffer_append_format(&shown, "\xE2\x80\xA6 [%zu bytes in all]", text.length);
    json_write_string(place->out, buffer_slice(&shown));
    place->out->failed = place->out->failed || shown.failed;
    buffer_release(&shown);
}

static bool looks_like_json(struct slice text)
{
    size_t at = 0;
    while (at < text.length && strchr(" \t\r\n", text.data[at]) != NULL && text.data[at] != '\0')
        at++;
    return at < text.length && (text.data[at] == '{' || text.data[at] == '[');
}

// Names inside of a text that is JSON count as well. True: *text is what is left of it.
static bool mask_inner(struct masking *m, struct slice *text, bool *ret_unsure)
{
    const struct json_limits limits = {.nodes = INNER_NODES_MAX};
    struct json_doc doc;
    struct buffer out;
    json_doc_init(&doc);
    buffer_init(&out, 2 * INSPECTED_VALUE_MAX);
    int result = json_scan(&doc, *text, &limits, NULL, NULL);
    bool is_json = result == 0;
    // What only the bounds of this reader keep from being read could be read by another.
    *ret_unsure = result == ERROR_TOO_LARGE || result == ERROR_NO_MEMORY ||
                  result == ERROR_AMBIGUOUS || (is_json && m->inner == INNER_MAX);
    if (is_json && !*ret_unsure) {
        const struct place inner = {.m = m, .doc = &doc, .out = &out};
        m->inner++;
        write_value(&inner, 0);
        m->inner--;
        *text = arena_copy(m->arena, buffer_slice(&out));
        *ret_unsure = out.failed || text->data == NULL;
    }
    buffer_release(&out);
    json_doc_release(&doc);
    return is_json;
}

static void write_string(const struct place *place, uint32_t node)
{
    struct slice text = json_string(place->doc, node, place->m->arena);
    bool unsure = false, found;
    if (text.length > INSPECTED_VALUE_MAX) {
        write_left_out(place->out, text.length);
        return;
    }
    if (text.data != NULL && looks_like_json(text))
        mask_inner(place->m, &text, &unsure);
    if (text.data == NULL || unsure || !redact_text(place->m, &text, &found))
        write_redacted(place->out);
    else
        write_cut(place, text);
}

static void write_number(const struct place *place, uint32_t node)
{
    struct slice raw = json_raw(place->doc, node), text = raw;
    bool found;
    if (!redact_text(place->m, &text, &found) || found)
        write_redacted(place->out);
    else if (raw.length > place->m->mask->value_max)
        write_left_out(place->out, raw.length);
    else
        buffer_append(place->out, raw);
}

// ---- Names and paths

static bool is_at(const struct masking *m, const struct path *path)
{
    if (path->count != m->step_count)
        return false;
    for (size_t i = 0; i < path->count; i++) {
        const struct path_step *wanted = &path->steps[i], *step = &m->steps[i];
        bool fits =
            wanted->kind == STEP_MEMBER
                ? step->kind == STEP_MEMBER && slice_equal_ignoring_case(wanted->name, step->name)
                : step->kind == STEP_INDEX &&
                      (wanted->kind == STEP_EACH || wanted->index == step->index);
        if (!fits)
            return false;
    }
    return true;
}

static bool is_named(const struct masking *m)
{
    for (size_t i = 0; i < m->mask->path_count; i++)
        if (is_at(m, &m->mask->paths[i]))
            return true;
    return false;
}

static bool push(struct masking *m, struct path_step step)
{
    if (m->step_count == STEPS_MAX)
        return false;
    m->steps[m->step_count++] = step;
    return true;
}

enum { NAME_LOOK = 1024 };

static bool is_secret_name(struct masking *m, struct slice name)
{
    char lowered[NAME_LOOK];
    if (name.length > sizeof lowered)
        return true;
    for (size_t i = 0; i < name.length; i++)
        lowered[i] = mask_lower(name.data[i]);
    for (size_t i = 0; i < m->mask->name_count; i++)
        if (glob_matches(m->mask->names[i], slice_of(lowered, name.length)))
            return true;
    return false;
}

static bool holds_secret(const struct place *place, struct slice name, uint32_t value)
{
    if (!place->m->mask->secrets || json_type(place->doc, value) != JSON_STRING)
        return false;
    struct slice text = json_string(place->doc, value, place->m->arena);
    return text.data == NULL || detect_names_secret(name, text);
}

// A member's value; its name has been written.
static void write_member_value(const struct place *place, struct slice name, uint32_t value)
{
    struct masking *m = place->m;
    if (!push(m, (struct path_step){.kind = STEP_MEMBER, .name = name})) {
        write_redacted(place->out);
        return;
    }
    if (is_secret_name(m, name) || is_named(m) || holds_secret(place, name, value))
        write_redacted(place->out);
    else
        write_value(place, value);
    m->step_count--;
}

// A name that holds what must not be written, or that is not sure to hold none.
static bool is_unfit(struct masking *m, struct slice name)
{
    bool found = false;
    return name.data == NULL || name.length > NAME_LOOK || !redact_text(m, &name, &found) || found;
}

static bool any_unfit(const struct place *place, uint32_t object)
{
    for (uint32_t key = json_first_key(place->doc, object); key != JSON_NONE;
         key = json_next_key(place->doc, object, key))
        if (is_unfit(place->m, json_string(place->doc, key, place->m->arena)))
            return true;
    return false;
}

static void write_object(const struct place *place, uint32_t object)
{
    bool first = true;
    if (any_unfit(place, object)) {
        write_redacted(place->out);
        return;
    }
    buffer_append_string(place->out, "{");
    for (uint32_t key = json_first_key(place->doc, object); key != JSON_NONE && !place->out->failed;
         key = json_next_key(place->doc, object, key), first = false) {
        struct slice name = json_string(place->doc, key, place->m->arena);
        buffer_append_string(place->out, first ? "" : ",");
        json_write_string(place->out, name);
        buffer_append_string(place->out, ":");
        write_member_value(place, name, key + 1);
    }
    buffer_append_string(place->out, "}");
}

static void write_array(const struct place *place, uint32_t array)
{
    struct masking *m = place->m;
    uint32_t index = 0;
    buffer_append_string(place->out, "[");
    for (uint32_t at = json_first_element(place->doc, array);
         at != JSON_NONE && !place->out->failed;
         at = json_next_element(place->doc, array, at), index++) {
        bool pushed = push(m, (struct path_step){.kind = STEP_INDEX, .index = index});
        buffer_append_string(place->out, index == 0 ? "" : ",");
        if (!pushed || is_named(m))
            write_redacted(place->out);
        else
            write_value(place, at);
        m->step_count -= pushed;
    }
    buffer_append_string(place->out, "]");
}

// The recursion is bounded by the depth of the document and of JSON in texts.
static void write_value(const struct place *place, uint32_t node)
{
    switch (json_type(place->doc, node)) {
    case JSON_STRING: write_string(place, node); break;
    case JSON_NUMBER: write_number(place, node); break;
    case JSON_OBJECT: write_object(place, node); break;
    case JSON_ARRAY: write_array(place, node); break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: buffer_append(place->out, json_raw(place->doc, node)); break;
    }
}

// ---- The arguments

// Each argument by itself, so that one that is too long costs no other.
static bool add_argument(struct masking *m, const struct policy_masked_call *call, uint32_t key,
                         struct buffer *out)
{
    struct buffer member;
    const struct place place = {.m = m, .doc = call->doc, .out = &member};
    struct slice name = json_string(call->doc, key, m->arena);
    size_t taken = out->length + sizeof ",}";
    if (taken >= m->mask->row_max || is_unfit(m, name))
        return false;
    buffer_init(&member, m->mask->row_max - taken);
    json_write_string(&member, name);
    buffer_append_string(&member, ":");
    write_member_value(&place, name, key + 1);
    bool good = !member.failed;
    if (good) {
        buffer_append_string(out, out->length == 1 ? "" : ",");
        buffer_append(out, buffer_slice(&member));
    }
    buffer_release(&member);
    return good;
}

static bool forever(void *argument)
{
    (void)argument;
    return true;
}

size_t policy_mask_write(const struct policy_mask *mask, const struct policy_masked_call *call,
                         struct arena *arena, struct buffer *out)
{
    size_t left_out = 0, number = 0;
    struct masking *m = arena_take_zeroed(arena, sizeof *m);
    if (m == NULL || json_type(call->doc, call->args) != JSON_OBJECT) {
        buffer_append_string(out, "{}");
        return 1;
    }
    m->mask = mask;
    m->arena = arena;
    m->regex.may_go_on = call->may_go_on == NULL ? forever : call->may_go_on;
    m->regex.argument = call->argument;
    buffer_append_string(out, "{");
    for (uint32_t key = json_first_key(call->doc, call->args); key != JSON_NONE;
         key = json_next_key(call->doc, call->args, key), number++)
        left_out += number >= ARGUMENTS_MAX || !add_argument(m, call, key, out);
    buffer_append_string(out, "}");
    return left_out;
}
