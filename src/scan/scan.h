// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A scan: which tools servers have, what those do, and reports about it (docs/scan.md). Servers are
// asked, several at once, or come out of a file. Everything a server wrote is text of a stranger.
// One thread; a scan owns everything that hangs on it.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "catalogue/catalogue.h"
#include "stack/stack.h"
#include "trial/trial.h"

enum {
    SCAN_SERVERS_MAX = 2000,
    SCAN_TOOLS_MAX = 5000,                   // of a server
    SCAN_TOOLS_BYTES_MAX = 32 * 1024 * 1024, // of a server's definitions
    SCAN_ALL_BYTES_MAX = 256 * 1024 * 1024,  // of all definitions
    SCAN_MESSAGE_MAX = 8 * 1024 * 1024,      // of one answer of a server
    SCAN_PAGES_MAX = 200,                    // of a list
    SCAN_PARALLEL = 6,                       // servers at the same time
    SCAN_PARALLEL_MAX = 64,
    SCAN_TIME_MS = 30000, // for one server
    SCAN_TIME_MAX_MS = 600000,
    SCAN_DISCOVER_MS = 8000, // for an answer to a question of the newer era
    SCAN_END_MS = 1000,      // for a program to leave by itself
    SCAN_CHILD_MEMORY_MB = 4096,
    SCAN_CHILD_CPU_S = 120,
    SCAN_CHILD_FILE_MB = 1024,
    SCAN_CHILD_FILES = 4096,
};

enum scan_state {
    SCAN_WAITING,
    SCAN_RUNNING,
    SCAN_GOOD,
    SCAN_BAD,     // `kind` and `detail` say why
    SCAN_SKIPPED, // not asked: `detail` says why
};

struct scan_signal {
    enum catalogue_signal signal;
    const char *name, *says; // "takes-url"
    enum catalogue_severity severity;
    enum catalogue_source source;
    struct slice words; // a bounded copy
};

struct scan_tool {
    struct slice name;       // as listed, decoded
    struct slice definition; // its JSON, as listed
    uint32_t node;           // of the same, in the server's document
    struct slice why;        // a sentence or two
    struct slice words;      // of the heaviest evidence; empty: there is none
    const char *says;        // of the same; NULL: there is none
    enum catalogue_source source;
    enum catalogue_category category;
    enum catalogue_severity severity;
    int confidence; // per mille
    uint32_t tokens;
    struct scan_signal *signals; // the gravest first; a look-alike last
    size_t signal_count;
    bool misleads;  // it speaks to the model, or holds text that people do not see
    bool shortened; // not all of the definition was looked at
};

struct scan_server {
    struct slice name;   // as its client or the user calls it
    struct slice client; // whose file names it ("cursor"); empty: nobody's
    struct slice file;   // that names it; empty: none
    uint32_t line;       // there; 0: not known
    // How it is asked; NULL: it is not. What it points to must outlive the scan.
    const struct upstream_options *options;
    enum scan_state state;
    char kind[24], detail[600];
    bool modern;
    char version[32], server_name[TRIAL_NAME_MAX], server_version[64];
    char errors[TRIAL_ERROR_LINES][TRIAL_ERROR_LINE_MAX]; // the last it wrote to standard error
    size_t error_count;
    struct buffer list; // a JSON array of its tools
    bool more;          // it has more tools than were taken
    uint32_t odd;       // entries of its list that are no tools, or have no name
    // Filled in by scan_judge, the gravest first
    struct json_doc doc; // of `list`
    struct arena arena;
    struct scan_tool *tools;
    size_t tool_count;
    uint64_t tokens;
    uint32_t counts[CATALOGUE_UNKNOWN + 1]; // by category
};

// What one agent can do with the servers of one client, or with a server that was named alone, when
// nothing judges its calls, and under starter policies.
struct scan_together {
    const struct scan_server *named_by; // one of them: whose client and file
    struct stack stack;
    struct stack_report report;
    bool too_large; // there are too many tools: the report is empty
    struct arena arena;
};

struct scan {
    struct scan_server **servers;
    size_t count;
    struct scan_together *together; // owned
    size_t together_count;
    size_t bytes; // of all definitions
    const char *ca_file;
    const struct net_guard *guard; // of guarded servers
};

// ---- scan.c
void scan_init(struct scan *scan);
void scan_release(struct scan *scan);
// Texts are not copied. ERROR_LIMIT (too many servers), ERROR_NO_MEMORY.
int scan_add(struct scan *scan, struct slice name, struct scan_server **ret) MUST_CHECK;
PRINTF_LIKE(3, 4)
void scan_fail(struct scan_server *server, const char *kind, const char *format, ...);
void scan_skip(struct scan_server *server, const char *why);
// What to do about a problem of this kind; "" when nobody knows.
const char *scan_advice(const char *kind);
const char *scan_state_name(enum scan_state state); // "scanned", "failed", "skipped"

// ---- run.c: asks all servers that have options
struct scan_options {
    size_t parallel;
    uint64_t time_ms; // for one server
    // Told now and then, and at the end with `running` NULL; may be NULL.
    void (*progress)(void *argument, size_t done, size_t of, const struct scan_server *running);
    void *argument;
};
// Every server has its state afterwards; one that fails stops no other. Programs are limited, and
// are gone when this returns, with everything that they started, as far as the system can tell:
// for a process that does nothing else, whose every other child would be killed, too.
// ERROR_CANCELLED: SIGINT, SIGTERM or SIGHUP came. ERROR_NO_MEMORY.
int scan_run(struct scan *scan, const struct scan_options *options, struct error *error) MUST_CHECK;

// ---- dump.c: tools out of a file: an answer to tools/list, its result, an array of tools, or JSON
// lines with `server` and `tool` or `name`
// Adds a server for each name. ERROR_SYNTAX with a sentence that has the place, ERROR_TOO_LARGE,
// ERROR_LIMIT, ERROR_IO, ERROR_NO_MEMORY.
int scan_read_dump(struct scan *scan, int file, struct slice path, struct slice name,
                   struct error *error) MUST_CHECK;

// ---- judge.c: from a list to tools
// The server is bad afterwards when its list is not what it should be. ERROR_NO_MEMORY.
int scan_judge(struct scan_server *server) MUST_CHECK;
// All of them, and what only shows across servers: names that look alike, and what one agent can
// do.
int scan_judge_all(struct scan *scan) MUST_CHECK;

// ---- verdicts.c
struct scan_totals {
    size_t servers, good, bad, skipped, tools;
    uint64_t tokens;
    uint32_t categories[CATALOGUE_UNKNOWN + 1], severities[CATALOGUE_CRITICAL + 1];
};
struct scan_totals scan_count(const struct scan *scan);
// What makes a scan fail: "high", "signal:hidden-text", several with commas.
struct scan_bar {
    bool by_severity;
    enum catalogue_severity severity;
    bool signals[CATALOGUE_SIGNAL_COUNT];
};
// ERROR_CONFIG with a sentence.
int scan_parse_bar(const char *text, struct scan_bar *ret, struct error *error) MUST_CHECK;
// How many tools reach it, by their category or one of their signals.
size_t scan_reach(const struct scan *scan, const struct scan_bar *bar);
bool scan_reaches(const struct scan_tool *tool, const struct scan_bar *bar);

// ---- harmless.c: text of strangers for a terminal
// Control characters, those that change the direction of writing and those that nobody sees become
// <U+202E>; cut to so many columns, with an ellipsis. Returns the columns that it takes.
size_t scan_write_harmless(struct buffer *out, struct slice text, size_t columns);

// ---- The reports. Each appends to `out`, whose `failed` tells the end.
// table.c: for a person
struct scan_look {
    size_t width; // columns
    bool colours, symbols;
};
void scan_write_table(struct buffer *out, const struct scan *scan, const struct scan_look *look);
// "files", "the 2 servers of cursor"; with text of strangers as it came.
void scan_write_who(struct buffer *out, const struct scan_together *together);
const char *scan_words_of(enum stack_state state); // "only with a person"
void scan_write_summary(struct buffer *out, const struct scan *scan, const struct scan_look *look);
// report.c: one JSON document (docs/scan.md)
void scan_write_json(struct buffer *out, const struct scan *scan, int64_t now_ms);
// sarif.c: SARIF 2.1.0
void scan_write_sarif(struct buffer *out, const struct scan *scan, const char *product_version);
