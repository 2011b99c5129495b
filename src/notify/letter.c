// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A message as a mail: plain text, and the same as HTML. Each value of a stranger stands in one
// line behind its name, so none can pass for the gateway's words.
#include "notify/notify_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum {
    LINES_MAX = 20,
    VALUE_MAX = 500,
    TEXT_MAX = 4000,
    SUBJECT_PART_MAX = 60,
    ARGUMENTS_MAX = 16 * 1024,
    TIME_SHOWN = 19,
};
#define BOUNDARY "=_sallyport" // which quoted-printable never writes

struct writing {
    struct json_doc doc; // the message's body
    struct arena *arena;
    bool no_memory;
};

static struct slice text_of(struct writing *writing, uint32_t object, const char *name)
{
    uint32_t node = object == JSON_NONE ? JSON_NONE : json_get(&writing->doc, object, name);
    if (node == JSON_NONE || json_type(&writing->doc, node) != JSON_STRING)
        return SLICE_LITERAL("");
    struct slice text = json_string(&writing->doc, node, writing->arena);
    writing->no_memory = writing->no_memory || text.data == NULL;
    return text.data == NULL ? SLICE_LITERAL("") : text;
}

static struct slice top_text(struct writing *writing, const char *name)
{
    return text_of(writing, 0, name);
}

// "2026-11-22T05:45:00.123Z" for eyes.
static struct slice time_of(struct writing *writing, const char *name)
{
    struct slice text = top_text(writing, name);
    if (text.length < TIME_SHOWN)
        return SLICE_LITERAL("");
    struct slice shown = arena_format(writing->arena, "%.10s %.8s UTC", text.data, text.data + 11);
    writing->no_memory = writing->no_memory || shown.data == NULL;
    return shown.data == NULL ? SLICE_LITERAL("") : shown;
}

// ---- What it says

static size_t fill_lines(struct writing *writing, struct notify_line lines[LINES_MAX])
{
    uint32_t grant = json_get(&writing->doc, 0, "grant");
    const struct notify_line all[] = {
        {"Agent", text_of(writing, grant, "label")}, {"Tool", top_text(writing, "tool")},
        {"Server", top_text(writing, "server")},     {"Client", top_text(writing, "client")},
        {"Category", top_text(writing, "category")}, {"Severity", top_text(writing, "severity")},
        {"Policy", top_text(writing, "policy")},     {"Rule", top_text(writing, "rule")},
        {"Reason", top_text(writing, "reason")},     {"Outcome", top_text(writing, "outcome")},
        {"Note", top_text(writing, "note")},         {"Paused", time_of(writing, "paused")},
        {"Asked", time_of(writing, "asked")},        {"Expires", time_of(writing, "expires")},
        {"Decided", time_of(writing, "decided")},    {"Approval", top_text(writing, "approval")},
        {"Name", top_text(writing, "name")},         {"E-mail", top_text(writing, "email")},
        {"Text", top_text(writing, "text")},         {"Sent", time_of(writing, "sent")},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.length > 0)
            lines[count++] = all[i];
    return count;
}

static const char *heading_of(const char *event)
{
    if (strcmp(event, notify_events[0]) == 0)
        return "An agent asks whether it may use a tool.";
    if (strcmp(event, notify_events[1]) == 0)
        return "What an agent asked is over.";
    if (strcmp(event, notify_events[2]) == 0)
        return "An agent is paused until somebody looks at it.";
    if (strcmp(event, notify_events[3]) == 0)
        return "Somebody has a question, by the contact form.";
    return "This is a test: messages of the gateway arrive here.";
}

static void write_subject(struct buffer *out, struct writing *writing,
                          const struct notify_message *message)
{
    struct slice tool = top_text(writing, "tool"), server = top_text(writing, "server");
    struct slice outcome = top_text(writing, "outcome");
    struct slice agent = text_of(writing, json_get(&writing->doc, 0, "grant"), "label");
    buffer_append_string(out, "[Sallyport] ");
    if (strcmp(message->event, notify_events[3]) == 0) {
        buffer_append_string(out, "Question from ");
        notify_write_line(out, top_text(writing, "email"), SUBJECT_PART_MAX);
        return;
    }
    if (tool.length == 0) {
        notify_write_line(out, agent, SUBJECT_PART_MAX);
        buffer_append_string(out, agent.length == 0 ? "Test" : " is paused");
        return;
    }
    notify_write_line(out, tool, SUBJECT_PART_MAX);
    buffer_append_string(out, " on ");
    notify_write_line(out, server, SUBJECT_PART_MAX);
    if (strcmp(message->event, notify_events[0]) == 0)
        buffer_append_string(out, " needs a decision");
    else
        buffer_append_format(out, ": %.*s", SLICE_PRINT(outcome));
}

// ---- Its parts

static void write_plain(struct buffer *out, const struct notify_letter *letter)
{
    buffer_append_format(out, "%s\n\n", letter->heading);
    for (size_t i = 0; i < letter->lines.count; i++) {
        buffer_append_format(out, "%-10s", letter->lines.items[i].name);
        bool text = strcmp(letter->lines.items[i].name, "Text") == 0;
        notify_write_line(out, letter->lines.items[i].value, text ? TEXT_MAX : VALUE_MAX);
        buffer_append_string(out, "\n");
    }
    if (letter->arguments.length > 0) {
        buffer_append_string(out, "Arguments ");
        notify_write_line(out, letter->arguments, ARGUMENTS_MAX);
        buffer_append_string(out, "\n");
    }
    if (letter->url.length > 0)
        buffer_append_format(out, "\nDecide here: %.*s\n", SLICE_PRINT(letter->url));
    buffer_append_format(out,
                         "\n-- \nSent by Sallyport to the channel '%.*s' of the organisation "
                         "'%.*s'.\n",
                         SLICE_PRINT(letter->channel), SLICE_PRINT(letter->organisation));
}

static void write_part(struct buffer *out, const char *type, struct slice text)
{
    buffer_append_format(out,
                         "--" BOUNDARY "\r\nContent-Type: %s; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                         type);
    notify_write_quoted(out, text);
    buffer_append_string(out, "\r\n");
}

static void write_parts(struct buffer *out, const struct notify *notify,
                        const struct notify_letter *letter)
{
    struct buffer text;
    buffer_init(&text, 0);
    write_plain(&text, letter);
    write_part(out, "text/plain", buffer_slice(&text));
    bool failed = text.failed;
    if (notify->options.write_html != NULL) {
        buffer_clear(&text);
        notify->options.write_html(letter, &text);
        write_part(out, "text/html", buffer_slice(&text));
    }
    failed = failed || text.failed;
    buffer_release(&text);
    buffer_append_string(out, "--" BOUNDARY "--\r\n");
    if (failed)
        out->failed = true;
}

// ---- Its head

// Mails about one question are one conversation.
static void write_ids(struct buffer *out, const struct store_channel *channel,
                      const struct notify_message *message, const char *domain)
{
    bool asks = strcmp(message->event, notify_events[0]) == 0;
    struct slice object = message->object, id = channel->head.id;
    if (asks) {
        buffer_append_format(out, "Message-ID: <%.*s.%.*s@%s>\r\n", SLICE_PRINT(object),
                             SLICE_PRINT(id), domain);
        return;
    }
    buffer_append_format(out, "Message-ID: <%s@%s>\r\n", message->id, domain);
    if (strcmp(message->event, notify_events[1]) == 0)
        buffer_append_format(out, "In-Reply-To: <%.*s.%.*s@%s>\r\nReferences: <%.*s.%.*s@%s>\r\n",
                             SLICE_PRINT(object), SLICE_PRINT(id), domain, SLICE_PRINT(object),
                             SLICE_PRINT(id), domain);
}

static void write_head(struct buffer *out, struct writing *writing, const struct notify *notify,
                       const struct store_channel *channel, const struct notify_message *message,
                       const char *const *to)
{
    char date[NOTIFY_DATE_SIZE];
    struct buffer subject;
    const char *domain = strrchr(notify->mail.from, '@') + 1;
    notify_write_date(clock_wall_ms(), date);
    buffer_append_format(out, "From: Sallyport <%s>\r\nTo: %s", notify->mail.from, to[0]);
    for (size_t i = 1; to[i] != NULL; i++)
        buffer_append_format(out, ",\r\n %s", to[i]);
    buffer_append_format(out, "\r\nDate: %s\r\n", date);
    write_ids(out, channel, message, domain);
    buffer_init(&subject, 0);
    write_subject(&subject, writing, message);
    notify_write_header(out, "Subject", buffer_slice(&subject));
    writing->no_memory = writing->no_memory || subject.failed;
    buffer_release(&subject);
    buffer_append_format(out,
                         "List-Id: <%.*s.sallyport.%s>\r\nAuto-Submitted: auto-generated\r\n"
                         "MIME-Version: 1.0\r\n"
                         "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n",
                         SLICE_PRINT(message->organisation), domain);
}

static void write_all(struct buffer *out, struct writing *writing, const struct notify *notify,
                      const struct store_channel *channel, const struct notify_message *message,
                      struct slice url, const char *const *to)
{
    struct notify_line lines[LINES_MAX];
    struct notify_letter letter = {.heading = heading_of(message->event),
                                   .arguments = message->arguments,
                                   .url = url,
                                   .organisation = message->organisation,
                                   .channel = channel->name};
    letter.lines.count = fill_lines(writing, lines);
    letter.lines.items = lines;
    write_head(out, writing, notify, channel, message, to);
    write_parts(out, notify, &letter);
}

struct slice notify_write_mail(struct notify *notify, const struct store_channel *channel,
                               const struct notify_message *message, struct slice url,
                               const char *const *to, struct arena *arena)
{
    struct writing writing = {.arena = arena};
    struct slice written = {NULL, 0};
    struct buffer out;
    json_doc_init(&writing.doc);
    buffer_init(&out, FETCH_MAIL_MESSAGE_MAX);
    if (json_scan(&writing.doc, message->body, NULL, NULL, NULL) == 0) {
        write_all(&out, &writing, notify, channel, message, url, to);
        if (!out.failed && !writing.no_memory)
            written = arena_copy(arena, buffer_slice(&out));
    }
    buffer_release(&out);
    json_doc_release(&writing.doc);
    return written;
}
