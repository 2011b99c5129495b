// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The report as SARIF 2.1.0 (OASIS standard), for those who collect findings: a result for every
// tool that does more than read, and for every signal. A place is the line of the file that names
// the server, and the tool's name.
#include "scan/scan.h"

static const char *level_of(enum catalogue_severity severity)
{
    switch (severity) {
    case CATALOGUE_CRITICAL: return "error";
    case CATALOGUE_HIGH: return "warning";
    case CATALOGUE_MEDIUM:
    case CATALOGUE_LOW: break;
    }
    return "note";
}

// What GitHub and others sort by, 0 to 10.
static const char *score_of(enum catalogue_severity severity)
{
    static const char *const scores[] = {[CATALOGUE_LOW] = "2.0",
                                         [CATALOGUE_MEDIUM] = "5.0",
                                         [CATALOGUE_HIGH] = "7.5",
                                         [CATALOGUE_CRITICAL] = "9.5"};
    return scores[severity];
}

static void member(struct buffer *out, const char *key, struct slice value)
{
    json_write_key(out, key);
    json_write_string(out, value);
}

// In a message braces mean what is put in their place, and brackets with parentheses are a link
// (3.11.5, 3.11.6): what servers wrote is neither.
static void write_literal(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '{' || c == '}')
            buffer_append(out, slice_of(&c, 1));
        if (c == ']' && i + 1 < text.length && text.data[i + 1] == '(')
            buffer_append_string(out, "\\");
        buffer_append(out, slice_of(&c, 1));
    }
}

static void message(struct buffer *out, const char *key, struct slice value)
{
    struct buffer text;
    buffer_init(&text, 0);
    write_literal(&text, value);
    json_write_key(out, key);
    buffer_append_string(out, "{");
    member(out, "text", buffer_slice(&text));
    buffer_append_string(out, "}");
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

// ---- Rules: one for each category, then one for each signal

static const char *const meanings[] = {
    [CATALOGUE_READ] = "reads data and changes nothing",
    [CATALOGUE_WRITE] = "makes or changes data, which can be undone",
    [CATALOGUE_EXECUTE] = "starts actions or programs, whose effects depend on the arguments",
    [CATALOGUE_DESTRUCTIVE] = "deletes or overwrites for good",
    [CATALOGUE_FINANCIAL] = "moves money, or commits to paying it",
    [CATALOGUE_UNKNOWN] = "its definition does not say what it does",
};

static const struct {
    const char *says;
    enum catalogue_severity severity; // of most; a result has its own
} signals[CATALOGUE_SIGNAL_COUNT] = {
    [CATALOGUE_SIGNAL_URL] = {"takes an address that it goes to", CATALOGUE_MEDIUM},
    [CATALOGUE_SIGNAL_PATH] = {"takes the path of a file", CATALOGUE_MEDIUM},
    [CATALOGUE_SIGNAL_SQL] = {"takes statements of a database", CATALOGUE_HIGH},
    [CATALOGUE_SIGNAL_CODE] = {"takes commands or program text", CATALOGUE_HIGH},
    [CATALOGUE_SIGNAL_MARKUP] = {"takes HTML or a template", CATALOGUE_LOW},
    [CATALOGUE_SIGNAL_CREDENTIAL] = {"takes a credential as an argument", CATALOGUE_HIGH},
    [CATALOGUE_SIGNAL_FREE_TEXT] = {"takes free text", CATALOGUE_LOW},
    [CATALOGUE_SIGNAL_MANY_ARGUMENTS] = {"takes many arguments", CATALOGUE_LOW},
    [CATALOGUE_SIGNAL_NO_SCHEMA] = {"does not say which arguments it takes", CATALOGUE_MEDIUM},
    [CATALOGUE_SIGNAL_BULK] = {"does many things at once", CATALOGUE_MEDIUM},
    [CATALOGUE_SIGNAL_ADMIN] = {"administers", CATALOGUE_HIGH},
    [CATALOGUE_SIGNAL_INSTRUCTIONS] = {"has instructions to the model in its definition",
                                       CATALOGUE_HIGH},
    [CATALOGUE_SIGNAL_HIDDEN_TEXT] = {"has text in its definition that people do not see",
                                      CATALOGUE_CRITICAL},
    [CATALOGUE_SIGNAL_NAMES_OTHER_TOOL] = {"speaks of other tools", CATALOGUE_LOW},
    [CATALOGUE_SIGNAL_LOOK_ALIKE] = {"has a name that may be taken for another tool's",
                                     CATALOGUE_HIGH},
    [CATALOGUE_SIGNAL_UNTRUSTED_CONTENT] = {"brings in text that strangers wrote",
                                            CATALOGUE_MEDIUM},
    [CATALOGUE_SIGNAL_PRIVATE_DATA] = {"reads what is somebody's own", CATALOGUE_MEDIUM},
    [CATALOGUE_SIGNAL_WAY_OUT] = {"can carry data away", CATALOGUE_MEDIUM},
};

static void write_rule(struct buffer *out, const char *kind, const char *name, const char *says,
                       enum catalogue_severity severity)
{
    struct buffer id;
    buffer_init(&id, 0);
    buffer_append_format(&id, "%s/%s", kind, name);
    buffer_append_string(out, "{");
    member(out, "id", buffer_slice(&id));
    buffer_append_string(out, ",");
    member(out, "name", slice_from_string(name));
    buffer_append_string(out, ",");
    message(out, "shortDescription", slice_from_string(says));
    buffer_append_format(out, ",\"defaultConfiguration\":{\"level\":\"%s\"},", level_of(severity));
    buffer_append_format(out,
                         "\"properties\":{\"tags\":[\"security\"],\"security-severity\":\"%s\"}}",
                         score_of(severity));
    out->failed = out->failed || id.failed;
    buffer_release(&id);
}

static void write_rules(struct buffer *out)
{
    for (int i = CATALOGUE_READ; i <= CATALOGUE_UNKNOWN; i++) {
        enum catalogue_category category = (enum catalogue_category)i;
        buffer_append_string(out, i == CATALOGUE_READ ? "\n" : ",\n");
        write_rule(out, "category", catalogue_category_name(category), meanings[i],
                   catalogue_severity_of(category));
    }
    for (int i = 0; i < CATALOGUE_SIGNAL_COUNT; i++) {
        buffer_append_string(out, ",\n");
        write_rule(out, "signal", catalogue_signal_name((enum catalogue_signal)i), signals[i].says,
                   signals[i].severity);
    }
}

// ---- Results

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("-._~/", c) != NULL;
}

// RFC 3986: a path, absolute ones as file:///...
static void write_uri(struct buffer *out, struct slice path)
{
    buffer_append_string(out, path.length > 0 && path.data[0] == '/' ? "\"file://" : "\"");
    for (size_t i = 0; i < path.length; i++) {
        unsigned char c = (unsigned char)path.data[i];
        if (c != '\0' && is_plain(c))
            buffer_append(out, slice_of(&path.data[i], 1));
        else
            buffer_append_format(out, "%%%02X", c);
    }
    buffer_append_string(out, "\"");
}

static void write_place(struct buffer *out, const struct scan_server *server, struct slice tool)
{
    struct buffer whole;
    buffer_append_string(out, "\"locations\":[{");
    if (server->file.length > 0) {
        buffer_append_string(out, "\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
        write_uri(out, server->file);
        buffer_append_format(out, "},\"region\":{\"startLine\":%u}},",
                             server->line == 0 ? 1 : server->line);
    }
    buffer_init(&whole, 0);
    buffer_append(&whole, server->name);
    if (tool.length > 0)
        buffer_append_string(&whole, "/");
    buffer_append(&whole, tool);
    buffer_append_string(out, "\"logicalLocations\":[{");
    member(out, "name", tool.length > 0 ? tool : server->name);
    buffer_append_string(out, ",");
    member(out, "fullyQualifiedName", buffer_slice(&whole));
    buffer_append_format(out, ",\"kind\":\"%s\"}]}]", tool.length > 0 ? "function" : "module");
    out->failed = out->failed || whole.failed;
    buffer_release(&whole);
}

struct results {
    struct buffer *out;
    size_t count;
};

static void write_result(struct results *results, const struct scan_server *server,
                         const struct scan_tool *tool, const struct slice id, size_t rule,
                         enum catalogue_severity severity, struct slice says)
{
    struct buffer *out = results->out, whole;
    static const uint64_t key[2] = {0x73616c6c79, 0x706f7274}; // the same for everybody
    buffer_init(&whole, 0);
    buffer_append(&whole, server->name);
    buffer_append_string(&whole, "\n");
    buffer_append(&whole, tool->name);
    buffer_append_string(&whole, "\n");
    buffer_append(&whole, id);
    buffer_append_string(out, results->count++ == 0 ? "\n{" : ",\n{");
    member(out, "ruleId", id);
    buffer_append_format(out, ",\"ruleIndex\":%zu,\"level\":\"%s\",", rule, level_of(severity));
    message(out, "message", says);
    buffer_append_string(out, ",");
    write_place(out, server, tool->name);
    buffer_append_format(out, ",\"partialFingerprints\":{\"serverToolRule/v1\":\"%016llx\"}}",
                         (unsigned long long)slice_hash(buffer_slice(&whole), key));
    out->failed = out->failed || whole.failed;
    buffer_release(&whole);
}

static void write_category(struct results *results, const struct scan_server *server,
                           const struct scan_tool *tool)
{
    struct buffer id, says;
    if (tool->severity == CATALOGUE_LOW)
        return;
    buffer_init(&id, 0);
    buffer_init(&says, 0);
    buffer_append_format(&id, "category/%s", catalogue_category_name(tool->category));
    buffer_append_string(&says, "Tool '");
    buffer_append(&says, tool->name);
    buffer_append_format(&says, "' is %s. ", catalogue_category_name(tool->category));
    buffer_append(&says, tool->why);
    write_result(results, server, tool, buffer_slice(&id), (size_t)tool->category, tool->severity,
                 buffer_slice(&says));
    results->out->failed = results->out->failed || id.failed || says.failed;
    buffer_release(&id);
    buffer_release(&says);
}

static void write_signal(struct results *results, const struct scan_server *server,
                         const struct scan_tool *tool, const struct scan_signal *signal)
{
    struct buffer id, says;
    buffer_init(&id, 0);
    buffer_init(&says, 0);
    buffer_append_format(&id, "signal/%s", signal->name);
    buffer_append_string(&says, "Tool '");
    buffer_append(&says, tool->name);
    buffer_append_format(&says, "' %s (%s", signal->says, catalogue_source_name(signal->source));
    if (signal->words.length > 0) {
        buffer_append_string(&says, ": \"");
        buffer_append(&says, signal->words);
        buffer_append_string(&says, "\"");
    }
    buffer_append_string(&says, ").");
    write_result(results, server, tool, buffer_slice(&id),
                 CATALOGUE_UNKNOWN + 1 + (size_t)signal->signal, signal->severity,
                 buffer_slice(&says));
    results->out->failed = results->out->failed || id.failed || says.failed;
    buffer_release(&id);
    buffer_release(&says);
}

static void write_tool(struct results *results, const struct scan_server *server,
                       const struct scan_tool *tool)
{
    write_category(results, server, tool);
    for (size_t i = 0; i < tool->signal_count; i++) {
        bool told = false;
        for (size_t k = 0; k < i; k++) // each once: fingerprints are to be different
            told = told || tool->signals[k].signal == tool->signals[i].signal;
        if (!told)
            write_signal(results, server, tool, &tool->signals[i]);
    }
}

// ---- What could not be scanned

static void write_notifications(struct buffer *out, const struct scan *scan)
{
    bool some = false;
    for (size_t i = 0; i < scan->count; i++) {
        const struct scan_server *server = scan->servers[i];
        if (server->state == SCAN_GOOD)
            continue;
        buffer_append_format(out, "%s{\"level\":\"%s\",", some ? ",\n" : "\n",
                             server->state == SCAN_SKIPPED ? "note" : "error");
        message(out, "message", slice_from_string(server->detail));
        buffer_append_string(out, ",");
        write_place(out, server, (struct slice){"", 0});
        buffer_append_string(out, "}");
        some = true;
    }
}

void scan_write_sarif(struct buffer *out, const struct scan *scan, const char *product_version)
{
    struct results results = {.out = out};
    buffer_append_string(out,
                         "{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/"
                         "os/schemas/sarif-schema-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{"
                         "\"tool\":{\"driver\":{\"name\":\"sallyport\",");
    member(out, "semanticVersion", slice_from_string(product_version));
    buffer_append_string(out, ",\"rules\":[");
    write_rules(out);
    buffer_append_format(out,
                         "]}},\"columnKind\":\"unicodeCodePoints\",\"invocations\":[{"
                         "\"executionSuccessful\":%s,\"toolExecutionNotifications\":[",
                         scan_count(scan).bad == 0 ? "true" : "false");
    write_notifications(out, scan);
    buffer_append_string(out, "]}],\"results\":[");
    for (size_t i = 0; i < scan->count; i++)
        for (size_t k = 0; k < scan->servers[i]->tool_count; k++)
            write_tool(&results, scan->servers[i], &scan->servers[i]->tools[k]);
    buffer_append_string(out, "\n]}]}\n");
}
