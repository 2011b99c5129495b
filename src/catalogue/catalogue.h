// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known of tools: what a tool does, read off its definition (docs/classifier.md), and the
// credentials that texts may hold. Pure: no state, no clock, no heap; any thread.
#pragma once

#include "base/slice.h"
#include "json/json.h"

// Ordered by gravity. Unknown counts as the gravest (docs/policy.md, "Categories").
enum catalogue_category {
    CATALOGUE_READ,
    CATALOGUE_WRITE,
    CATALOGUE_EXECUTE,
    CATALOGUE_DESTRUCTIVE,
    CATALOGUE_FINANCIAL,
    CATALOGUE_UNKNOWN,
};

enum catalogue_severity {
    CATALOGUE_LOW,
    CATALOGUE_MEDIUM,
    CATALOGUE_HIGH,
    CATALOGUE_CRITICAL,
};

enum catalogue_source {
    CATALOGUE_FROM_NAME,
    CATALOGUE_FROM_TITLE,
    CATALOGUE_FROM_DESCRIPTION,
    CATALOGUE_FROM_SCHEMA,
    CATALOGUE_FROM_ANNOTATIONS,
    CATALOGUE_FROM_SERVER,
};

// -1 when the annotation is absent or no boolean, else 0 or 1.
struct catalogue_hints {
    int read_only;
    int destructive;
};

// A tool as its server defines it. Nothing of it is trusted; any bytes may be in the texts.
struct catalogue_tool {
    struct slice server;      // its name, empty when not known
    struct slice name;        // empty: nothing to go by but the description
    struct slice title;       // empty when there is none
    struct slice description; // decoded; empty when there is none
    const struct json_doc *doc;
    uint32_t schema; // the input schema's node in `doc`, JSON_NONE when there is none
    struct catalogue_hints hints;
    // The title and description with their escapes, as they stand in the JSON between the quotes,
    // where what stands above is decoded and perhaps only their start; else empty.
    struct slice title_json, description_json;
};

// Room for the decoded start of a tool's texts; lives as long as the tool and its verdict.
struct catalogue_scratch {
    char server[256], name[256], title[256], description[640];
};

// Why: a place of the definition, and what it says there.
struct catalogue_evidence {
    enum catalogue_source source;
    enum catalogue_category category; // what it speaks for
    int weight;                       // 0 to 100
    // Bytes of the name, title, description or server; of the schema, counted from its first
    // byte; of annotations, nothing (0, 0).
    size_t offset, length;
    struct slice words; // points into the tool's own texts; a constant for annotations
    const char *says;   // "deletes or destroys"
    bool against;       // it speaks against the verdict
};

enum {
    CATALOGUE_EVIDENCE_MAX = 10,
    CATALOGUE_GUESS = 300, // the confidence of a verdict on a tool whose words are in no list
};

struct catalogue_verdict {
    enum catalogue_category category; // UNKNOWN when no word of the tool is understood
    enum catalogue_severity severity;
    int confidence; // per mille: how often such a verdict was right (docs/classifier.md)
    size_t count;
    struct catalogue_evidence evidence[CATALOGUE_EVIDENCE_MAX]; // the heaviest first
    bool shortened; // a text or the schema was longer than what is read of it
};

// Reads the tool's name, title, description, schema and annotations, and says what it does. The
// evidence points into the tool's own bytes. Time is bounded whatever the size of the tool.
void catalogue_classify(const struct catalogue_tool *tool, struct catalogue_verdict *ret);
// A tool's object of a list (`name`, `inputSchema`) or of a collection of tools (`server`, `tool`,
// `input_schema`). What is missing or of another type is left empty. The texts point into the
// document, or into the scratch where they hold escapes: then only the start of a long one.
void catalogue_read_tool(const struct json_doc *doc, uint32_t node,
                         struct catalogue_scratch *scratch, struct catalogue_tool *ret);
// What the annotations of a tool (a node of `doc`, or JSON_NONE) claim.
struct catalogue_hints catalogue_read_hints(const struct json_doc *doc, uint32_t annotations);
// One or two sentences on the verdict for a person, appended to `out`.
void catalogue_write_why(struct buffer *out, const struct catalogue_verdict *verdict);

// One of the verdict's pieces of evidence as a JSON object, appended.
void catalogue_write_evidence(struct buffer *out, const struct catalogue_evidence *evidence);

// ---- Fingerprints: is a definition still the one that somebody looked at?
enum { CATALOGUE_FINGERPRINT_SIZE = 32 };
// SHA-256 of the canonical JSON of a tool's definition, without its own members `_meta` and
// `execution`: those say nothing of what a tool is or does, servers change the first at will, and
// the second is put differently between protocol eras. Uses the heap while it works; what stands in
// `scratch` is overwritten. ERROR_NO_MEMORY, ERROR_TOO_LARGE (the buffer's cap).
int catalogue_fingerprint(const struct json_doc *doc, uint32_t node, struct buffer *scratch,
                          unsigned char ret[CATALOGUE_FINGERPRINT_SIZE]) MUST_CHECK;

enum catalogue_severity catalogue_severity_of(enum catalogue_category category);
const char *catalogue_category_name(enum catalogue_category category); // "Read" ... "Unknown"
const char *catalogue_severity_name(enum catalogue_severity severity); // "low" ... "critical"
const char *catalogue_source_name(enum catalogue_source source);       // "name" ... "server"
// "@read" ... "@financial"; false for anything else.
bool catalogue_category_from_selector(struct slice selector, enum catalogue_category *ret);

// ---- What a definition warns of (docs/signals.md)
enum catalogue_signal {
    CATALOGUE_SIGNAL_URL,
    CATALOGUE_SIGNAL_PATH,
    CATALOGUE_SIGNAL_SQL,
    CATALOGUE_SIGNAL_CODE,   // shell or program text
    CATALOGUE_SIGNAL_MARKUP, // HTML, a template
    CATALOGUE_SIGNAL_CREDENTIAL,
    CATALOGUE_SIGNAL_FREE_TEXT,
    CATALOGUE_SIGNAL_MANY_ARGUMENTS,
    CATALOGUE_SIGNAL_NO_SCHEMA,
    CATALOGUE_SIGNAL_BULK,
    CATALOGUE_SIGNAL_ADMIN,
    CATALOGUE_SIGNAL_INSTRUCTIONS, // aimed at a model
    CATALOGUE_SIGNAL_HIDDEN_TEXT,  // invisible, bidirectional
    CATALOGUE_SIGNAL_NAMES_OTHER_TOOL,
    CATALOGUE_SIGNAL_LOOK_ALIKE,        // made by those who see several servers
    CATALOGUE_SIGNAL_UNTRUSTED_CONTENT, // brings in text written by strangers
    CATALOGUE_SIGNAL_PRIVATE_DATA,      // reads what is somebody's own
    CATALOGUE_SIGNAL_WAY_OUT,           // can carry data away
    CATALOGUE_SIGNAL_COUNT,
};

struct catalogue_finding {
    enum catalogue_signal signal;
    enum catalogue_severity severity;
    enum catalogue_source source;
    // Bytes of the name, title or description (decoded); of the schema's JSON text, counted from
    // its first byte.
    size_t offset, length;
    // The place. Where a decoded text is not at hand, as it stands in the JSON, with its escapes.
    struct slice words;
    const char *says;
};

enum {
    CATALOGUE_FINDINGS_EACH = 3, // of one signal: the gravest, then the first
    CATALOGUE_FINDINGS_MAX = CATALOGUE_FINDINGS_EACH * CATALOGUE_SIGNAL_COUNT,
};

// What the definition of a tool warns of, the gravest first; how many, at most `most`. Reads all of
// it, every string of the schema too: time grows with its length alone. LOOK_ALIKE is not among
// them: that takes the names of other servers' tools.
size_t catalogue_find_signals(const struct catalogue_tool *tool, struct catalogue_finding *ret,
                              size_t most);
// As a JSON object, appended.
void catalogue_write_finding(struct buffer *out, const struct catalogue_finding *finding);
const char *catalogue_signal_name(
    enum catalogue_signal signal); // "takes-url" ... "way-out"; also in make_attacks.py
// How many tokens a text costs an agent's model: an estimate (docs/signals.md, "Tokens").
uint32_t catalogue_count_tokens(struct slice text);
// What is left of a name when case, separators, invisible characters and letters that look like
// others are taken away: two names with one skeleton are taken for each other.
void catalogue_skeleton(struct slice name, struct buffer *out);
// Are two tools' names taken for each other: equal, of one skeleton, or (from six characters on)
// one letter apart? A plural is not a letter apart, nor is another number.
bool catalogue_look_alike(struct slice a, struct slice b);

// ---- Attack patterns (data/attacks, compiled in; docs/attacks.md)
// One event of a pattern's worked example. Texts are never NULL; what there is none of is "".
struct catalogue_attack_step {
    const char *who;     // "agent", "attacker", "person", "server"
    const char *grant;   // the label of the agent's grant, where there are several agents
    const char *says;    // what happens, a sentence or two
    const char *server;  // the server that is asked
    const char *request; // JSON: `method` and `params`, as its author laid it out
    const char *answer;  // JSON: the result that the server gives without the policies
    unsigned times;      // how often it is asked; 0 without a request
    const char *outcome; // with the policies: "allowed", "changed", "denied", "hidden", "refused",
                         // "not-stopped"; "" without a request
    const char *rule;    // the rule that denies
    const char *left;    // JSON: what the policies leave of the answer; "" unless it is changed
    const char *then;    // what happens with the policies, a sentence or two
};
struct catalogue_attack_policy {
    const char *server;
    const char *document; // JSON, as its author laid it out
};
struct catalogue_attack_reference {
    const char *title, *url;
};
// A tool that has one of the categories (none: any) and all of the signals gives the pattern
// something to work with.
struct catalogue_attack_fit {
    unsigned categories; // bits, 1 << enum catalogue_category
    uint32_t signals;    // bits, 1 << enum catalogue_signal
    const char *why;     // with {tool} and {words} in it
};
struct catalogue_attack {
    const char *slug, *name, *summary;
    const char *const *meaning, *const *how, *const *story, *const *notice; // each ends with NULL
    const struct catalogue_attack_step *steps;
    size_t step_count;
    const struct catalogue_attack_policy *policies;
    size_t policy_count;
    const char *settings; // JSON: what the configuration adds to the policies; "" when nothing
    const char *const *stops, *const *lets_through, *const *elsewhere; // each ends with NULL
    const struct catalogue_attack_reference *references;
    size_t reference_count;
    const struct catalogue_attack_fit *fits;
    size_t fit_count;
    unsigned categories;  // that it threatens; bits as above
    uint32_t signals;     // that point to it; bits as above
    const char *document; // the whole file as compact JSON
    size_t document_length;
};

// All patterns in the order in which pages list them.
const struct catalogue_attack *catalogue_attacks(size_t *ret_count);
// NULL when there is none of that name.
const struct catalogue_attack *catalogue_find_attack(struct slice slug);

// ---- Advice (docs/stack.md, "Recommended rules")
// What is recommended for a tool, the mildest first.
enum catalogue_advice {
    CATALOGUE_ADVISE_FREE,
    CATALOGUE_ADVISE_LIMIT,       // 30 calls a minute
    CATALOGUE_ADVISE_TIGHT_LIMIT, // 10 calls a minute
    CATALOGUE_ADVISE_APPROVAL,    // a person decides on each call
    CATALOGUE_ADVISE_HIDE,
    CATALOGUE_ADVISE_LEAVE_OUT, // no policy can name it exactly: denied as what is not listed
};
enum { CATALOGUE_ADVISED_NAME_MAX = 256, CATALOGUE_POLICY_MAX = 4 * 1024 * 1024 }; // bytes

// A tool as advice needs to know it. The name is whole and decoded.
struct catalogue_entry {
    struct slice name;
    enum catalogue_category category;
    bool misleads; // its definition speaks to the model, or holds text that people do not see
};

// Is one of the findings, and a grave one, about text that speaks to the model, or that people do
// not see? Plain requests to prefer a tool, or a stray invisible character, are not grave.
bool catalogue_misleads(const struct catalogue_finding *findings, size_t count);
enum catalogue_advice catalogue_advise(const struct catalogue_entry *entry);
// One or two sentences about what the advice does to the calls of a tool, for people; the same
// whoever shows them. catalogue_say_rule: for a tool of this category about which nothing else is
// known.
void catalogue_say_advice(struct buffer *out, const struct catalogue_entry *entry);
void catalogue_say_rule(struct buffer *out, enum catalogue_category category);
// The recommended rule, a JSON object that may stand in a policy's `tools` under one or more exact
// names, globs or categories: its limits count each tool by itself.
void catalogue_write_rule(struct buffer *out, enum catalogue_category category);
// A policy for a server that denies whatever is not listed: each tool gets what is advised for it,
// in the order of gravity. Of entries with one name the strictest counts. `server` may be empty.
// ERROR_NO_MEMORY; ERROR_TOO_LARGE beyond CATALOGUE_POLICY_MAX: then `out` holds no policy.
int catalogue_write_policy(struct buffer *out, struct slice server,
                           const struct catalogue_entry *entries, size_t count) MUST_CHECK;
// A policy that is about this tool alone and lets everything else of the server through, as its
// description says; and what it does, in words.
void catalogue_write_tool_policy(struct buffer *out, const struct catalogue_entry *entry);
void catalogue_say_tool_policy(struct buffer *out, const struct catalogue_entry *entry);
// Does the tool of this name and category, with these findings (those of low severity do not
// count), give the pattern something to work with? If so, a sentence on why, for this tool, is
// appended: plain text of a bounded length, the tool's own words in quotes, without invisible
// characters. It is no markup: escape it.
bool catalogue_attack_fits(const struct catalogue_attack *attack, struct slice tool,
                           enum catalogue_category category,
                           const struct catalogue_finding *findings, size_t count,
                           struct buffer *why);
