// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policies that a tool's page shows, and its questions and answers. What a sentence says of a
// policy is what that policy does: test/unit/pages/test_policies.c holds them to it.
#include "pages/pages_internal.h"

static void begin_policy(struct buffer *out, struct slice name, const char *says)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append(&text, name);
    buffer_append_string(&text, says);
    buffer_append_string(out, "{\"version\":\"1\",\"description\":");
    json_write_string(out, buffer_slice(&text));
    buffer_append_string(out, ",\"default\":\"allow\"");
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

static void write_limited(struct buffer *out, struct slice name)
{
    begin_policy(out, name, ": 10 calls a minute. Everything else of the server is let through.");
    buffer_append_string(out, ",\"tools\":{");
    json_write_string(out, name);
    buffer_append_string(out, ":{\"limits\":[{\"counter\":\"calls\",\"window\":\"minute\","
                              "\"max\":10,\"per\":\"tool.name\"}]}}}");
}

static void write_blocked(struct buffer *out, struct slice name)
{
    begin_policy(out, name, ": hidden. Everything else of the server is let through.");
    buffer_append_string(out, ",\"hide\":[");
    json_write_string(out, name);
    buffer_append_string(out, "]}");
}

void pages_write_tool_policy(struct buffer *out, enum pages_policy_kind kind,
                             const struct catalogue_entry *entry)
{
    if (kind == PAGES_RECOMMENDED)
        catalogue_write_tool_policy(out, entry);
    else if (catalogue_advise(entry) == CATALOGUE_ADVISE_LEAVE_OUT)
        return;
    else if (kind == PAGES_LIMITED)
        write_limited(out, entry->name);
    else
        write_blocked(out, entry->name);
}

static struct pages_code policy_code(struct pages_maker *maker, enum pages_policy_kind kind,
                                     const struct catalogue_entry *entry, const char *label)
{
    struct buffer json;
    buffer_init(&json, 0);
    pages_write_tool_policy(&json, kind, entry);
    struct pages_code code = pages_make_code(maker, label, buffer_slice(&json));
    maker->failed = maker->failed || json.failed;
    buffer_release(&json);
    return code;
}

// ---- Questions

static struct pages_question *ask(struct pages_maker *maker, struct pages_tool *page,
                                  const char *before, const char *behind)
{
    struct buffer text;
    struct slice shown = pages_cut(page->name, 80);
    buffer_init(&text, 0);
    buffer_append_string(&text, before);
    buffer_append(&text, shown);
    buffer_append_string(&text, shown.length < page->name.length ? "\xE2\x80\xA6" : "");
    buffer_append_string(&text, behind);
    struct pages_question *question = &page->questions.items[page->questions.count++];
    question->question = pages_keep(maker, &text);
    return question;
}

static void ask_what(struct pages_maker *maker, struct pages_tool *page)
{
    struct pages_question *question = ask(maker, page, "What does ", " do?");
    const struct inventory_row *row = &page->tool->row;
    question->open = true;
    if (row->summary.length > 0)
        pages_say(maker, &question->lines, "In the words of its server: %q", row->summary);
    else
        pages_say(maker, &question->lines,
                  "Its server does not say; its definition has no "
                  "description.");
    pages_say(maker, &question->lines, "Sallyport counts it as %s, severity %s.",
              page->grade.category, page->grade.severity);
}

static void ask_how(struct pages_maker *maker, struct pages_tool *page)
{
    struct pages_question *question = ask(maker, page, "How do I enforce a policy on ", "?");
    pages_say(
        maker, &question->lines,
        "Put Sallyport between your agents and the server: add the server to the gateway, save "
        "the policy above as `policy.json`, and hand out a grant that carries it:");
    pages_say(maker, &question->lines, "`sallyport policy save careful policy.json`");
    pages_say(maker, &question->lines, "`sallyport grant add laptop SERVER=careful`");
    pages_say(maker, &question->lines,
              "SERVER is the server's name on the gateway. Every call is judged before it reaches "
              "the server, whatever the agent was told.");
}

static void ask_risk(struct pages_maker *maker, struct pages_tool *page)
{
    struct pages_question *question = ask(maker, page, "What is the risk of ", "?");
    pages_say(maker, &question->lines, "Severity %s, since it is %s.", page->grade.severity,
              page->grade.category);
    if (page->signals.count == 0)
        pages_say(maker, &question->lines, "Its definition shows no further risk signals.");
    else if (page->signals.count == 1)
        pages_say(maker, &question->lines, "Its definition shows one risk signal: %s (%s).",
                  page->signals.items[0].title, page->signals.items[0].says);
    else
        pages_say(maker, &question->lines,
                  "Its definition shows %u risk signals, the gravest: %s (%s).",
                  (unsigned)page->signals.count, page->signals.items[0].title,
                  page->signals.items[0].says);
}

static void ask_limit(struct pages_maker *maker, struct pages_tool *page,
                      const struct catalogue_entry *entry)
{
    struct pages_question *question = ask(maker, page, "Can I rate-limit ", "?");
    if (catalogue_advise(entry) == CATALOGUE_ADVISE_LEAVE_OUT) {
        pages_say(maker, &question->lines,
                  "Not by its name: no selector of a policy picks exactly this one. A limit under "
                  "`all_tools` counts the calls of every tool of the server together.");
        return;
    }
    pages_say(maker, &question->lines,
              "Yes. This lets one grant call it 10 times in any minute, denies the calls beyond "
              "that, and lets everything else of the server through without a limit:");
    question->code = policy_code(maker, PAGES_LIMITED, entry, "Policy with a limit");
}

static void ask_block(struct pages_maker *maker, struct pages_tool *page,
                      const struct catalogue_entry *entry)
{
    struct pages_question *question = ask(maker, page, "How do I block ", "?");
    if (catalogue_advise(entry) == CATALOGUE_ADVISE_LEAVE_OUT) {
        pages_say(
            maker, &question->lines,
            "No selector of a policy picks exactly this name. With `\"default\": \"deny\"` it is "
            "denied with everything that has no entry.");
        return;
    }
    pages_say(maker, &question->lines,
              "Hide it: then it is in no list, a call is answered as if there were no such tool, "
              "and everything else of the server is let through:");
    question->code = policy_code(maker, PAGES_BLOCKED, entry, "Policy that hides the tool");
}

static void ask_who(struct pages_maker *maker, struct pages_tool *page)
{
    struct pages_question *question = ask(maker, page, "Who provides ", "?");
    const struct inventory_server *server = page->server;
    if (server->title.length > 0)
        pages_say(maker, &question->lines, "The server %n, which calls itself %q.", server->name,
                  server->title);
    else
        pages_say(maker, &question->lines, "The server %n.", server->name);
    pages_say(
        maker, &question->lines,
        "It is known here from: %t. Names are what servers and their lists say; Sallyport has "
        "not looked who is behind this one.",
        server->source);
}

void pages_tool_answer(struct pages_maker *maker, struct pages_tool *page,
                       const struct catalogue_entry *entry)
{
    enum { QUESTIONS = 6 };
    struct buffer says;
    buffer_init(&says, 0);
    catalogue_say_tool_policy(&says, entry);
    page->policy.says = pages_keep(maker, &says);
    page->policy.code = policy_code(maker, PAGES_RECOMMENDED, entry, "Recommended policy");
    buffer_init(&says, 0);
    catalogue_say_advice(&says, entry);
    page->advice = pages_keep(maker, &says);
    page->questions.items = pages_take(maker, QUESTIONS, sizeof *page->questions.items);
    if (page->questions.items == NULL)
        return;
    ask_what(maker, page);
    ask_how(maker, page);
    ask_risk(maker, page);
    ask_limit(maker, page, entry);
    ask_block(maker, page, entry);
    ask_who(maker, page);
}
