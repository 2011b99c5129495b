// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A question to people on a terminal. Strangers wrote most of its texts: each stands on lines that
// begin with the frame, and no character of theirs ends a line, moves the cursor or hides another.
#include "cli/remote_internal.h"

#include "base/text.h"

#include <stdio.h>

enum { WIDTH = 96, VALUE_LINES = 12 };

// ---- Texts

void remote_write_visible(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t code = (unsigned char)text.data[i];
        size_t size =
            code < 0x80 ? 1 : text_decode(slice_of(text.data + i, text.length - i), &code);
        bool plain =
            size > 0 && code >= 0x20 && !(code >= 0x7F && code < 0xA0) && !text_is_unseen(code);
        if (plain)
            buffer_append(out, slice_of(text.data + i, size));
        else if (size == 0)
            buffer_append_format(out, "\\x%02x", (unsigned)(unsigned char)text.data[i]);
        else
            buffer_append_format(out, code > 0xFFFF ? "\\u{%x}" : "\\u%04x", (unsigned)code);
        i += size == 0 ? 1 : size;
    }
}

struct sheet {
    struct buffer *out;
    struct remote *remote;
    bool whole; // nothing is left out
};

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

// A text under a label, on as many lines as it takes.
static void add_text(struct sheet *sheet, const char *label, struct slice text)
{
    struct buffer shown;
    size_t column = 0, lines = 1;
    buffer_init(&shown, 0);
    remote_write_visible(&shown, text);
    struct slice rest = buffer_slice(&shown);
    sheet->out->failed = sheet->out->failed || shown.failed || text.data == NULL;
    buffer_append_format(sheet->out, "| %-12s ", label);
    for (size_t i = 0; i < rest.length; i++) {
        if (begins_character(rest.data[i]) && column++ == WIDTH) {
            if (++lines > VALUE_LINES && !sheet->whole) {
                buffer_append_format(sheet->out, "\n| %-12s ... %zu more bytes; --full shows all",
                                     "", rest.length - i);
                break;
            }
            buffer_append_format(sheet->out, "\n| %-12s ", "");
            column = 1;
        }
        buffer_append(sheet->out, slice_of(rest.data + i, 1));
    }
    buffer_append_string(sheet->out, "\n");
    buffer_release(&shown);
}

static void add_member(struct sheet *sheet, const char *label, uint32_t object, const char *name)
{
    struct slice text = remote_text(sheet->remote, object, name);
    if (text.length > 0)
        add_text(sheet, label, text);
}

static void add_title(struct sheet *sheet, const char *title)
{
    buffer_append_format(sheet->out, "+-- %s\n", title);
}

// Pieces of a line: strings are made visible when the line is written.
static struct slice join(struct sheet *sheet, const char *format, struct slice a, struct slice b)
{
    return arena_format(&sheet->remote->arena, format, SLICE_PRINT(a), SLICE_PRINT(b));
}

static int64_t number_of(struct sheet *sheet, uint32_t object, const char *name)
{
    uint32_t node = json_get(&sheet->remote->doc, object, name);
    int64_t number = 0;
    return node != JSON_NONE && json_integer(&sheet->remote->doc, node, &number) == 0 ? number : 0;
}

static bool is_true(struct sheet *sheet, uint32_t object, const char *name)
{
    uint32_t node = json_get(&sheet->remote->doc, object, name);
    return node != JSON_NONE && json_type(&sheet->remote->doc, node) == JSON_TRUE;
}

// ---- Parts

static void add_head(struct sheet *sheet)
{
    struct remote *remote = sheet->remote;
    add_title(sheet, "question");
    add_member(sheet, "id", 0, "id");
    add_member(sheet, "state", 0, "state");
    add_text(sheet, "risk",
             join(sheet, "%.*s (%.*s)", remote_text(remote, 0, "severity"),
                  remote_text(remote, 0, "category")));
    add_member(sheet, "agent", 0, "grant_label");
    add_member(sheet, "client", 0, "client");
    add_member(sheet, "server", 0, "server_name");
    add_member(sheet, "tool", 0, "tool");
    add_member(sheet, "reason", 0, "reason");
    add_member(sheet, "rule", 0, "rule");
    add_text(sheet, "policy",
             join(sheet, "%.*s, version %.*s", remote_text(remote, 0, "policy"),
                  remote_text(remote, 0, "policy_version")));
    add_member(sheet, "asked", 0, "created_at");
    add_member(sheet, "expires", 0, "expires_at");
    add_member(sheet, "note", 0, "note");
    int64_t needed = number_of(sheet, 0, "approvers");
    if (needed > 1)
        add_text(sheet, "needs",
                 arena_format(&remote->arena, "%lld different people; %lld said yes so far",
                              (long long)needed, (long long)number_of(sheet, 0, "yes")));
}

static int add_leaf(void *argument, struct slice path, uint32_t node)
{
    struct sheet *sheet = argument;
    struct buffer line;
    buffer_init(&line, 0);
    buffer_append(&line, path);
    buffer_append_string(&line, " = ");
    buffer_append(&line, json_raw(&sheet->remote->doc, node));
    add_text(sheet, "", buffer_slice(&line));
    bool failed = line.failed || sheet->out->failed;
    buffer_release(&line);
    return failed ? ERROR_NO_MEMORY : 0;
}

static void add_arguments(struct sheet *sheet)
{
    struct remote *remote = sheet->remote;
    uint32_t node = json_get(&remote->doc, 0, "arguments");
    add_title(sheet, "arguments");
    if (node != JSON_NONE && json_type(&remote->doc, node) != JSON_NULL) {
        if (json_each_leaf(&remote->doc, node, "args", add_leaf, sheet) != 0)
            sheet->out->failed = true; // half of them must not look like all
        return;
    }
    uint32_t names = json_get(&remote->doc, 0, "argument_names");
    add_text(sheet, "",
             SLICE_LITERAL("values are not shown: they are for policy managers, and "
                           "kept for a day; names:"));
    if (names != JSON_NONE)
        add_text(sheet, "", json_raw(&remote->doc, names));
}

static void add_items(struct sheet *sheet, uint32_t list, const char *title,
                      struct slice (*write)(struct sheet *sheet, uint32_t item))
{
    const struct json_doc *doc = &sheet->remote->doc;
    if (list == JSON_NONE || json_type(doc, list) != JSON_ARRAY || json_at(doc, list)->count == 0)
        return;
    add_title(sheet, title);
    for (uint32_t item = json_first_element(doc, list); item != JSON_NONE;
         item = json_next_element(doc, list, item))
        add_text(sheet, "", write(sheet, item));
}

// "5 of 10", or why there is none.
static struct slice stand_text(struct sheet *sheet, uint32_t stand, const char *without)
{
    if (stand == JSON_NONE || json_type(&sheet->remote->doc, stand) != JSON_OBJECT)
        return slice_from_string(without);
    return join(sheet, "%.*s of %.*s", remote_text(sheet->remote, stand, "used"),
                remote_text(sheet->remote, stand, "max"));
}

static struct slice limit_text(struct sheet *sheet, uint32_t item)
{
    const struct json_doc *doc = &sheet->remote->doc;
    uint32_t then = json_get(doc, item, "then"), now = json_get(doc, item, "now");
    struct slice name = remote_text(sheet->remote, item, "counter");
    struct slice before = stand_text(sheet, then, "no limit");
    struct slice after = stand_text(sheet, now, "not known");
    bool known = now != JSON_NONE && json_type(doc, now) == JSON_OBJECT;
    struct slice amount = remote_text(sheet->remote, known ? now : then, "amount");
    if (name.length == 0)
        name = remote_text(sheet->remote, item, "rule");
    return arena_format(&sheet->remote->arena,
                        "%.*s: %.*s when it was asked, %.*s now; takes %.*s%s", SLICE_PRINT(name),
                        SLICE_PRINT(before), SLICE_PRINT(after), SLICE_PRINT(amount),
                        known && !is_true(sheet, now, "fits") ? ", which does not fit" : "");
}

static struct slice tag_text(struct sheet *sheet, uint32_t item)
{
    return json_string(&sheet->remote->doc, item, &sheet->remote->arena);
}

static struct slice vote_text(struct sheet *sheet, uint32_t item)
{
    struct slice note = remote_text(sheet->remote, item, "note");
    return arena_format(&sheet->remote->arena, "%s  %.*s  %.*s  %.*s",
                        is_true(sheet, item, "yes") ? "yes" : "no ",
                        SLICE_PRINT(remote_text(sheet->remote, item, "at")),
                        SLICE_PRINT(remote_text(sheet->remote, item, "label")), SLICE_PRINT(note));
}

static struct slice exception_text(struct sheet *sheet, uint32_t item)
{
    return arena_format(&sheet->remote->arena, "%.*s  until %.*s  used %lld%s  by %.*s",
                        SLICE_PRINT(remote_text(sheet->remote, item, "id")),
                        SLICE_PRINT(remote_text(sheet->remote, item, "expires_at")),
                        (long long)number_of(sheet, item, "uses"),
                        is_true(sheet, item, "same") ? "  the same arguments" : "",
                        SLICE_PRINT(remote_text(sheet->remote, item, "author")));
}

static struct slice alike_text(struct sheet *sheet, uint32_t item)
{
    uint32_t differences = json_get(&sheet->remote->doc, item, "differences");
    bool known =
        differences != JSON_NONE && json_type(&sheet->remote->doc, differences) == JSON_ARRAY;
    struct slice what = is_true(sheet, item, "same") ? SLICE_LITERAL("the same arguments")
                        : known                      ? json_raw(&sheet->remote->doc, differences)
                                                     : SLICE_LITERAL("other arguments");
    return arena_format(&sheet->remote->arena, "%.*s  %.*s  %.*s",
                        SLICE_PRINT(remote_text(sheet->remote, item, "at")),
                        SLICE_PRINT(remote_text(sheet->remote, item, "state")), SLICE_PRINT(what));
}

static struct slice count_text(struct sheet *sheet, uint32_t item)
{
    struct slice name = remote_text(sheet->remote, item, "name");
    return arena_format(&sheet->remote->arena, "%lld  %.*s",
                        (long long)number_of(sheet, item, "count"),
                        SLICE_PRINT(name.length > 0 ? name : SLICE_LITERAL("(others)")));
}

static struct slice decision_text(struct sheet *sheet, uint32_t item)
{
    struct remote *remote = sheet->remote;
    return arena_format(&remote->arena, "%.*s  %.*s  %.*s  %.*s",
                        SLICE_PRINT(remote_text(remote, item, "time")),
                        SLICE_PRINT(remote_text(remote, item, "outcome")),
                        SLICE_PRINT(remote_text(remote, item, "server")),
                        SLICE_PRINT(remote_text(remote, item, "subject")));
}

static struct slice evidence_text(struct sheet *sheet, uint32_t item)
{
    struct remote *remote = sheet->remote;
    return arena_format(&remote->arena, "%.*s: \"%.*s\" (%.*s)",
                        SLICE_PRINT(remote_text(remote, item, "says")),
                        SLICE_PRINT(remote_text(remote, item, "words")),
                        SLICE_PRINT(remote_text(remote, item, "source")));
}

static uint32_t below(struct sheet *sheet, const char *name, const char *list)
{
    return json_get(&sheet->remote->doc, json_get(&sheet->remote->doc, 0, name), list);
}

void remote_write_question(struct buffer *out, struct remote *remote, bool whole)
{
    struct sheet sheet = {out, remote, whole};
    const struct json_doc *doc = &remote->doc;
    add_head(&sheet);
    add_arguments(&sheet);
    add_items(&sheet, json_get(doc, 0, "limits"), "limits", limit_text);
    add_items(&sheet, json_get(doc, 0, "grant_tags"), "tags of the grant", tag_text);
    add_items(&sheet, json_get(doc, 0, "votes"), "who said what", vote_text);
    add_items(&sheet, json_get(doc, 0, "exceptions"), "exceptions in force for this tool",
              exception_text);
    add_items(&sheet, below(&sheet, "known", "evidence"), "why this tool has its category",
              evidence_text);
    add_items(&sheet, below(&sheet, "known", "signals"), "what its definition warns of",
              evidence_text);
    add_items(&sheet, below(&sheet, "recent", "outcomes"), "this agent in the last 15 minutes",
              count_text);
    add_items(&sheet, below(&sheet, "recent", "decisions"), "its last calls", decision_text);
    add_items(&sheet, json_get(doc, 0, "similar"), "questions like it, and what differs",
              alike_text);
    uint32_t may = json_get(doc, 0, "may");
    add_title(&sheet, "your answer");
    bool can = is_true(&sheet, may, "approve") || is_true(&sheet, may, "deny");
    if (can)
        add_text(&sheet, "",
                 arena_format(&remote->arena, "sallyport approvals %s %.*s",
                              is_true(&sheet, may, "approve") ? "approve|deny" : "deny",
                              SLICE_PRINT(remote_text(remote, 0, "id"))));
    add_member(&sheet, "", may, "why");
    buffer_append_string(out, "+--\n");
}
