// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Risk signals: what a definition warns of, in its arguments, in its words to a model, in what is
// not seen of it, and in what it reaches. docs/signals.md.
#include "catalogue/catalogue_internal.h"

static const char *const names[CATALOGUE_SIGNAL_COUNT] = {
    [CATALOGUE_SIGNAL_URL] = "takes-url",
    [CATALOGUE_SIGNAL_PATH] = "takes-path",
    [CATALOGUE_SIGNAL_SQL] = "takes-sql",
    [CATALOGUE_SIGNAL_CODE] = "takes-code",
    [CATALOGUE_SIGNAL_MARKUP] = "takes-markup",
    [CATALOGUE_SIGNAL_CREDENTIAL] = "takes-credential",
    [CATALOGUE_SIGNAL_FREE_TEXT] = "takes-free-text",
    [CATALOGUE_SIGNAL_MANY_ARGUMENTS] = "many-arguments",
    [CATALOGUE_SIGNAL_NO_SCHEMA] = "no-schema",
    [CATALOGUE_SIGNAL_BULK] = "acts-in-bulk",
    [CATALOGUE_SIGNAL_ADMIN] = "administers",
    [CATALOGUE_SIGNAL_INSTRUCTIONS] = "instructs-the-model",
    [CATALOGUE_SIGNAL_HIDDEN_TEXT] = "hidden-text",
    [CATALOGUE_SIGNAL_NAMES_OTHER_TOOL] = "names-other-tool",
    [CATALOGUE_SIGNAL_LOOK_ALIKE] = "look-alike",
    [CATALOGUE_SIGNAL_UNTRUSTED_CONTENT] = "brings-untrusted-text",
    [CATALOGUE_SIGNAL_PRIVATE_DATA] = "reads-private-data",
    [CATALOGUE_SIGNAL_WAY_OUT] = "way-out",
};

const char *catalogue_signal_name(enum catalogue_signal signal)
{
    return (unsigned)signal < CATALOGUE_SIGNAL_COUNT ? names[signal] : "unknown";
}

// ---- Where a finding stands

// The words as the tool's own bytes have them, decoded where that is at hand.
static void locate(const struct place *place, struct catalogue_finding *ret)
{
    const struct catalogue_tool *tool = place->tool;
    struct slice raw = place->start.bytes;
    ret->source = place->source;
    ret->words = slice_of(raw.data + place->start.at, place->end.at - place->start.at);
    if (place->source == CATALOGUE_FROM_SCHEMA) {
        ret->offset = (size_t)(ret->words.data - json_raw(tool->doc, tool->schema).data);
        ret->length = ret->words.length;
        return;
    }
    ret->offset = place->start.decoded;
    ret->length = place->end.decoded - place->start.decoded;
    struct slice text = place->source == CATALOGUE_FROM_DESCRIPTION ? tool->description
                        : place->source == CATALOGUE_FROM_TITLE     ? tool->title
                                                                    : tool->name;
    if (ret->offset + ret->length <= text.length)
        ret->words = slice_of(text.data + ret->offset, ret->length);
}

void findings_add(struct findings *findings, struct signal_kind kind, const struct place *place)
{
    if (kind.signal >= CATALOGUE_SIGNAL_COUNT)
        return;
    struct catalogue_finding *of = findings->of[kind.signal], *to = of;
    size_t *count = &findings->counts[kind.signal];
    if (*count < CATALOGUE_FINDINGS_EACH) {
        to = &of[(*count)++];
    } else {
        for (size_t i = 1; i < CATALOGUE_FINDINGS_EACH; i++)
            if (of[i].severity <= to->severity)
                to = &of[i];
        if (to->severity >= kind.severity)
            return;
    }
    *to = (struct catalogue_finding){.signal = (enum catalogue_signal)kind.signal,
                                     .severity = (enum catalogue_severity)kind.severity,
                                     .says = kind.says};
    locate(place, to);
}

// ---- Every text of the definition

static void search_text(struct findings *findings, enum catalogue_source source, struct slice bytes,
                        bool escaped, bool is_name)
{
    struct place whole = {.tool = findings->tool,
                          .source = source,
                          .is_name = is_name,
                          .start = {.bytes = bytes, .escaped = escaped}};
    hidden_search(findings, &whole);
    phrases_search(findings, &whole);
}

static void search_own_texts(struct findings *findings)
{
    const struct catalogue_tool *tool = findings->tool;
    search_text(findings, CATALOGUE_FROM_NAME, tool->name, false, true);
    bool escaped = tool->title_json.length > 0;
    search_text(findings, CATALOGUE_FROM_TITLE, escaped ? tool->title_json : tool->title, escaped,
                false);
    escaped = tool->description_json.length > 0;
    search_text(findings, CATALOGUE_FROM_DESCRIPTION,
                escaped ? tool->description_json : tool->description, escaped, false);
}

// Names of arguments, their descriptions, choices and defaults: a model reads them all.
static void search_schema(struct findings *findings)
{
    const struct catalogue_tool *tool = findings->tool;
    if (tool->schema == JSON_NONE)
        return;
    uint32_t end = json_at(tool->doc, tool->schema)->next;
    for (uint32_t node = tool->schema; node < end; node++) {
        if (json_type(tool->doc, node) != JSON_STRING)
            continue;
        struct slice raw = json_raw(tool->doc, node);
        search_text(findings, CATALOGUE_FROM_SCHEMA, slice_of(raw.data + 1, raw.length - 2),
                    json_at(tool->doc, node)->escaped, json_at(tool->doc, node)->is_key);
    }
}

size_t catalogue_find_signals(const struct catalogue_tool *tool, struct catalogue_finding *ret,
                              size_t most)
{
    struct catalogue_verdict verdict;
    catalogue_classify(tool, &verdict);
    struct findings findings = {.tool = tool, .category = verdict.category};
    size_t count = 0;
    arguments_search(&findings);
    search_own_texts(&findings);
    search_schema(&findings);
    reach_search(&findings);
    for (int severity = CATALOGUE_CRITICAL; severity >= CATALOGUE_LOW; severity--)
        for (size_t signal = 0; signal < CATALOGUE_SIGNAL_COUNT; signal++)
            for (size_t i = 0; i < findings.counts[signal] && count < most; i++)
                if (findings.of[signal][i].severity == (enum catalogue_severity)severity)
                    ret[count++] = findings.of[signal][i];
    return count;
}
