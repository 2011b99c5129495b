// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is recommended for a tool: the rule as JSON and the sentence that says what it does, side by
// side, so that neither can be shown without the other being true.
#include "catalogue/catalogue_internal.h"

// `per` keeps the tools apart that share one rule or whose rules name one counter; a grant cannot
// get around it with another session.
#define LIMIT(max)                                                                                 \
    "{\"limits\":[{\"counter\":\"calls\",\"window\":\"minute\",\"max\":" max                       \
    ",\"per\":\"tool.name\"}]}"
#define SAY_LIMIT(max)                                                                             \
    "At most " max                                                                                 \
    " calls in any minute by one grant; a call beyond that is denied and told when to "            \
    "try again."
#define SAY_HIDDEN "Hidden: it is in no list, and a call is answered as if there were no such tool."
#define SAY_APPROVAL                                                                               \
    "Every call waits until a person approves it; where nobody can be asked, it is denied."
#define APPROVAL(why)                                                                              \
    "{\"action\":\"require_approval\",\"reason\":\"" why ": a person decides on each call.\"}"
#define HIDE(why) "{\"action\":\"hide\",\"reason\":\"" why "\"}"

static const struct {
    enum catalogue_advice advice;
    const char *rule, *says;
} by_category[] = {
    [CATALOGUE_READ] = {CATALOGUE_ADVISE_FREE, "{}", "May be called freely."},
    [CATALOGUE_WRITE] = {CATALOGUE_ADVISE_LIMIT, LIMIT("30"), SAY_LIMIT("30")},
    [CATALOGUE_EXECUTE] = {CATALOGUE_ADVISE_TIGHT_LIMIT, LIMIT("10"), SAY_LIMIT("10")},
    [CATALOGUE_DESTRUCTIVE] = {CATALOGUE_ADVISE_HIDE,
                               HIDE("Classified as Destructive: hidden until a person decides "
                                    "otherwise."),
                               SAY_HIDDEN},
    [CATALOGUE_FINANCIAL] = {CATALOGUE_ADVISE_APPROVAL, APPROVAL("Classified as Financial"),
                             SAY_APPROVAL},
    [CATALOGUE_UNKNOWN] = {CATALOGUE_ADVISE_APPROVAL,
                           APPROVAL("No word of its definition says what it does"), SAY_APPROVAL},
};
static const char misleading_rule[] =
    HIDE("Its definition holds text that is meant for the model or not for people's eyes: hidden, "
         "since the list alone would bring it to the agent.");

static unsigned known(enum catalogue_category category)
{
    return (unsigned)category > CATALOGUE_UNKNOWN ? CATALOGUE_UNKNOWN : (unsigned)category;
}

// Does a selector of this text select this name and no other?
static bool selects_itself(struct slice name)
{
    return name.length > 0 && name.length <= CATALOGUE_ADVISED_NAME_MAX && name.data[0] != '@' &&
           memchr(name.data, '*', name.length) == NULL &&
           memchr(name.data, '?', name.length) == NULL &&
           memchr(name.data, '\0', name.length) == NULL && json_is_utf8(name);
}

bool catalogue_misleads(const struct catalogue_finding *findings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((findings[i].signal == CATALOGUE_SIGNAL_INSTRUCTIONS ||
             findings[i].signal == CATALOGUE_SIGNAL_HIDDEN_TEXT) &&
            findings[i].severity >= CATALOGUE_HIGH)
            return true;
    return false;
}

enum catalogue_advice catalogue_advise(const struct catalogue_entry *entry)
{
    if (!selects_itself(entry->name))
        return CATALOGUE_ADVISE_LEAVE_OUT;
    return entry->misleads ? CATALOGUE_ADVISE_HIDE : by_category[known(entry->category)].advice;
}

void catalogue_say_rule(struct buffer *out, enum catalogue_category category)
{
    buffer_append_string(out, by_category[known(category)].says);
}

void catalogue_say_advice(struct buffer *out, const struct catalogue_entry *entry)
{
    switch (catalogue_advise(entry)) {
    case CATALOGUE_ADVISE_LEAVE_OUT:
        buffer_append_string(out, "Denied: a policy cannot name it exactly, so the starter policy "
                                  "leaves it out.");
        return;
    case CATALOGUE_ADVISE_HIDE: buffer_append_string(out, SAY_HIDDEN); return;
    default: catalogue_say_rule(out, entry->category); return;
    }
}

void catalogue_write_rule(struct buffer *out, enum catalogue_category category)
{
    buffer_append_string(out, by_category[known(category)].rule);
}

void advice_write_rule(struct buffer *out, const struct catalogue_entry *entry)
{
    buffer_append_string(out, entry->misleads ? misleading_rule
                                              : by_category[known(entry->category)].rule);
}

// ---- One tool

// Selectors would select other tools too, a condition does not. A limit cannot be put that way, so
// whatever is not free is denied. To conditions, an empty name is a missing one.
static void write_condition(struct buffer *out, struct slice name)
{
    bool empty = name.length == 0;
    buffer_append_format(out,
                         "\"all_tools\":{\"%s\":[{\"conditions\":[{\"path\":\"tool.name\",\"op\":",
                         empty ? "require" : "deny_if");
    buffer_append_string(out, empty ? "\"exists\"" : "\"eq\",\"value\":");
    if (!empty)
        json_write_string(out, name);
    buffer_append_string(out, "}],\"on_deny\":\"This tool is not allowed by the policy.\"}]}");
}

static bool is_free(const struct catalogue_entry *entry)
{
    return !entry->misleads && entry->category == CATALOGUE_READ;
}

void catalogue_say_tool_policy(struct buffer *out, const struct catalogue_entry *entry)
{
    if (catalogue_advise(entry) != CATALOGUE_ADVISE_LEAVE_OUT)
        catalogue_say_advice(out, entry);
    else if (is_free(entry))
        catalogue_say_rule(out, CATALOGUE_READ);
    else
        buffer_append_string(out, "Every call is denied; the tool stays in lists.");
    buffer_append_string(out,
                         " The policy is about this tool alone: every other tool of the server, "
                         "its resources, its prompts and its other methods are let through "
                         "without a limit.");
}

void catalogue_write_tool_policy(struct buffer *out, const struct catalogue_entry *entry)
{
    struct buffer says;
    buffer_init(&says, 0);
    advice_write_name(&says, entry->name);
    buffer_append_string(&says, ": ");
    catalogue_say_tool_policy(&says, entry);
    buffer_append_string(out, "{\"version\":\"1\",\"description\":");
    json_write_string(out, buffer_slice(&says));
    buffer_append_string(out, ",\"default\":\"allow\"");
    if (catalogue_advise(entry) != CATALOGUE_ADVISE_LEAVE_OUT) {
        buffer_append_string(out, ",\"tools\":{");
        json_write_string(out, entry->name);
        buffer_append_string(out, ":");
        advice_write_rule(out, entry);
        buffer_append_string(out, "}");
    } else if (!is_free(entry)) {
        buffer_append_string(out, ",");
        write_condition(out, entry->name);
    }
    buffer_append_string(out, "}");
    out->failed = out->failed || says.failed;
    buffer_release(&says);
}
