// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The catalogue kept on disk: servers, their tools, what changed (docs/catalogue.md). It is in the
// file catalogue.db of the data folder, which can be deleted and filled again by looking at the
// servers once more: nothing that a person decided is only there.
//
// A handle belongs to one thread at a time; any number of them, in any number of processes, may be
// open at once. One that writes waits up to five seconds for another's transaction. Readers see
// what is committed. What is returned lives in the arena that was given.
//
// Whose: every entry belongs to one organisation, or to none and is shared by all of the
// installation (organisation "": bulk imports, scans). Who asks as an organisation sees its own and
// what is shared; who asks as "" sees what is shared alone.
//
// Failures everywhere: ERROR_IO (the file cannot be used now: locked, full disk), ERROR_CONFIG (it
// never will be: damaged, another program's, of a newer version), ERROR_NO_MEMORY.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "catalogue/catalogue.h"

struct inventory;

enum {
    INVENTORY_CATEGORIES = CATALOGUE_UNKNOWN + 1,
    INVENTORY_LIST_MAX = 64 * 1024 * 1024,      // bytes of one list of tools
    INVENTORY_DEFINITION_MAX = 4 * 1024 * 1024, // bytes of one definition
    INVENTORY_NAME_MAX = 64 * 1024,             // bytes of a name; longer ones are not kept
    INVENTORY_TOOLS_MAX = 10000,                // of a server; further ones are not kept
    INVENTORY_VERSIONS_MAX = 20,                // former definitions of a tool that are kept
    INVENTORY_PAST_MAX = 2000,                  // and of all tools of a server
    INVENTORY_SLUG_SIZE = 192,                  // room for any slug
    INVENTORY_PAGE_MAX = 1000,
    INVENTORY_CURSOR_SIZE = 320, // room for any cursor
};

// Opens the folder's catalogue; one that writes makes the file (0600) when there is none. A reader
// of a folder without one gets ERROR_NOT_FOUND.
int inventory_open(const char *folder, bool writes, struct inventory **ret,
                   struct error *error) MUST_CHECK;
void inventory_close(struct inventory *inventory); // NULL accepted

// ---- Names in URLs. A slug has only A-Z a-z 0-9 - . _ ~ and stays the same for ever: it is made
// of the name alone. Most names are their own slug; '/' is '~' and a leading '@' is '_'
// ("@acme/files" is "_acme~files"); what is longer, or has other characters, becomes readable in
// part and ends in "--" and 16 digits of its SHA-256. Slugs of servers have no capitals and are
// never a word that pages need ("attacks", "risk", "search"...).
// `text` has room for INVENTORY_SLUG_SIZE bytes and ends in a NUL.
void inventory_server_slug(struct slice name, char text[INVENTORY_SLUG_SIZE]);
void inventory_tool_slug(struct slice name, char text[INVENTORY_SLUG_SIZE]);

// ---- The one way in
enum inventory_change_kind { INVENTORY_ADDED, INVENTORY_CHANGED, INVENTORY_REMOVED };
struct inventory_change {
    enum inventory_change_kind kind;
    struct slice name;
    struct slice before, after; // definitions; empty where there is none
};
struct inventory_taken {
    bool known; // the server was there before
    size_t tools, added, changed, removed;
    size_t repeated; // names that were there twice: the first definition counts
    size_t unusable; // no objects, without a name, too long, or beyond INVENTORY_TOOLS_MAX
    struct inventory_change *changes; // in the arena; NULL where no arena was given, or for a
                                      // server that was not known
    size_t change_count;
};
struct inventory_list {
    struct slice organisation; // "" is shared
    struct slice server;       // its name, 1 to 1,024 bytes
    struct slice title;        // empty: not known, the former stays
    struct slice source;       // where it is from, for people ("scan", "import", "gateway")
    struct slice tools;        // a JSON array of tools as servers list them
    bool complete;             // all tools of the server: what is not in it is gone
    int64_t now_ms;
};
// Takes what a server lists: tools that are new, changed or gone, their history and all counts, in
// one transaction (or the one that is open). ERROR_SYNTAX (no JSON array), ERROR_RANGE (the name),
// ERROR_TOO_LARGE. `arena` may be NULL.
int inventory_take(struct inventory *inventory, const struct inventory_list *list,
                   struct arena *arena, struct inventory_taken *ret,
                   struct error *error) MUST_CHECK;
// Several of them in one transaction: much faster where there are thousands. A list that is refused
// (the three errors above) leaves it open; any other failure ends it and undoes all of it.
int inventory_begin(struct inventory *inventory, struct error *error) MUST_CHECK;
int inventory_commit(struct inventory *inventory, struct error *error) MUST_CHECK;
void inventory_rollback(struct inventory *inventory); // also where nothing is open
// Takes a server and all that is known of it out. ERROR_NOT_FOUND.
int inventory_forget(struct inventory *inventory, struct slice organisation, struct slice server,
                     struct error *error) MUST_CHECK;
// What a person says a tool is, in place of what its definition says; CATALOGUE_UNKNOWN takes it
// back. A copy of a record that is elsewhere: whoever has the records says it again for a new file.
// It stays when the definition changes. ERROR_NOT_FOUND: no such server or tool of this
// organisation.
int inventory_override(struct inventory *inventory, struct slice organisation, struct slice server,
                       struct slice tool, enum catalogue_category category,
                       struct error *error) MUST_CHECK;

// ---- Many lists at once: JSON lines, each a tool of a server ("server", "tool" or "name",
// "description", "input_schema" or "inputSchema"...) or a server with all of its tools ("server",
// "tools"). Lines of one server belong together and are taken together; where they are scattered
// the result is the same and it takes longer. Nothing is removed but by a line with "tools".
struct inventory_bulk;
struct inventory_bulk_options {
    struct slice organisation; // "" is shared; copied, as is the next
    struct slice source;       // where a line does not say it
    int64_t now_ms;
    // What is wrong with a line, for people; the line is left out.
    void (*complain)(void *argument, uint64_t line, const char *why);
    void *argument;
};
struct inventory_bulk_counts {
    uint64_t lines, bad_lines;
    uint64_t lists, new_servers;      // lists: as often as servers were taken
    uint64_t tools;                   // in lists
    uint64_t added, changed, removed; // of them
    uint64_t repeated, unusable;
};
// The inventory must outlive it and is not used otherwise meanwhile.
int inventory_bulk_new(struct inventory *inventory, const struct inventory_bulk_options *options,
                       struct inventory_bulk **ret, struct error *error) MUST_CHECK;
// A line without its line feed; an empty one is counted alone; a `length` beyond
// INVENTORY_DEFINITION_MAX is complained of. What was taken is committed every two seconds, so that
// others may write meanwhile. A failure ends it: what was committed stays, and the same lines may
// be given again.
int inventory_bulk_line(struct inventory_bulk *bulk, struct slice line,
                        struct error *error) MUST_CHECK;
// Takes and commits the rest.
int inventory_bulk_end(struct inventory_bulk *bulk, struct error *error) MUST_CHECK;
const struct inventory_bulk_counts *inventory_bulk_counts(const struct inventory_bulk *bulk);
void inventory_bulk_free(
    struct inventory_bulk *bulk); // NULL accepted; undoes what is not committed

// ---- What is known
struct inventory_server {
    struct slice slug, name, title, source;
    struct slice organisation; // "" is shared
    uint32_t counts[INVENTORY_CATEGORIES];
    uint32_t tools;
    uint64_t tokens; // of all definitions
    enum catalogue_severity worst;
    int64_t first_seen_ms, seen_ms, changed_ms;
};
// A tool in a list.
struct inventory_row {
    struct slice server, server_slug, organisation; // of the server: its name and slug
    struct slice slug, name;
    struct slice summary; // the first sentence of its description, at most 160 bytes
    enum catalogue_category category;
    enum catalogue_severity severity;
    int confidence;  // per mille
    bool overridden; // a person said the category
    uint32_t tokens;
    int64_t first_seen_ms, changed_ms;
    unsigned char fingerprint[CATALOGUE_FINGERPRINT_SIZE];
};
struct inventory_tool {
    struct inventory_row row;
    struct slice definition;          // JSON as it was listed, without white space
    struct json_doc doc;              // of the definition; inventory_tool_release frees it
    struct catalogue_tool tool;       // read off it
    struct catalogue_verdict verdict; // of the definition, made now, as is the next: an override
                                      // is in the row alone
    struct catalogue_scratch scratch; // what `tool` may point into
    uint32_t changes;                 // how often its definition changed
};

// By the server's slug or exact name; the organisation's own before a shared one of the same name.
// ERROR_NOT_FOUND.
int inventory_get_server(struct inventory *inventory, struct slice organisation, struct slice slug,
                         struct arena *arena, struct inventory_server *ret,
                         struct error *error) MUST_CHECK;
// Its tools, the gravest first, then by name.
struct inventory_rows {
    struct inventory_row *items;
    size_t count;
};
int inventory_get_tools(struct inventory *inventory, const struct inventory_server *server,
                        struct arena *arena, struct inventory_rows *ret,
                        struct error *error) MUST_CHECK;
// All definitions of the server as a JSON array, appended.
int inventory_write_tools(struct inventory *inventory, const struct inventory_server *server,
                          struct buffer *out, struct error *error) MUST_CHECK;
// By the tool's slug or exact name. `ret` is released also after a failure; it is not moved or
// copied.
int inventory_get_tool(struct inventory *inventory, const struct inventory_server *server,
                       struct slice tool, struct arena *arena, struct inventory_tool *ret,
                       struct error *error) MUST_CHECK;
void inventory_tool_release(struct inventory_tool *tool); // all zero is accepted

// ---- Lists: pages by cursors, which are text for URLs. `next` is empty behind the last page.
struct inventory_filter {
    struct slice organisation;
    bool own;            // of servers: without what all organisations share
    struct slice text;   // what is typed: words, or the beginning of a name
    unsigned categories; // bits 1 << enum catalogue_category; 0: all
    struct slice server; // of tools: a slug; empty: all
    struct slice after;  // the cursor, empty for the first page. ERROR_RANGE: it is none.
    size_t limit;        // 1 to INVENTORY_PAGE_MAX
};
struct inventory_page {
    char next[INVENTORY_CURSOR_SIZE];
    uint64_t total; // of all pages, counted up to INVENTORY_COUNT_MAX on the first page
    bool more;      // than `total`
};
enum { INVENTORY_COUNT_MAX = 1000 };
// The bits of the categories of this severity.
unsigned inventory_categories_of(enum catalogue_severity severity);

struct inventory_servers {
    struct inventory_server *items;
    size_t count;
    struct inventory_page page;
};
// By name. Of `categories`: those that have a tool of one. `text`: what a name or title contains.
int inventory_find_servers(struct inventory *inventory, const struct inventory_filter *filter,
                           struct arena *arena, struct inventory_servers *ret,
                           struct error *error) MUST_CHECK;
struct inventory_found {
    struct inventory_row *items;
    size_t count;
    struct inventory_page page;
};
// Tools: of this very name, then whose name begins with the text, then whose name has all of its
// words (the last may be a beginning), then those where name, server and first sentence together
// have them. Without a text: by name.
int inventory_search(struct inventory *inventory, const struct inventory_filter *filter,
                     struct arena *arena, struct inventory_found *ret,
                     struct error *error) MUST_CHECK;

// ---- Sums, kept as they change: nothing is counted when they are asked for
struct inventory_counts {
    uint64_t servers, tools, tokens;
    uint64_t by_category[INVENTORY_CATEGORIES]; // tools
    uint64_t by_worst[4];                       // servers, by enum catalogue_severity
    int64_t changed_ms;                         // the newest change; 0: none
};
int inventory_count(struct inventory *inventory, struct slice organisation,
                    struct inventory_counts *ret, struct error *error) MUST_CHECK;

// ---- History: what is there now is not part of it
struct inventory_past {
    enum inventory_change_kind kind;
    struct slice name;
    struct slice definition;                          // before; empty: the tool was new
    unsigned char before[CATALOGUE_FINGERPRINT_SIZE]; // zero: the tool was new
    int64_t from_ms;                                  // since when the former definition was there
    int64_t at_ms;                                    // when it changed
};
struct inventory_pasts {
    struct inventory_past *items; // the newest first
    size_t count;
    uint64_t forgotten; // older ones that are not kept any more, of the whole server
};
// Of one tool (exact name), or of all of the server's where `tool` is empty, at most `limit`. A
// tool that is gone has a history, too.
int inventory_history(struct inventory *inventory, const struct inventory_server *server,
                      struct slice tool, size_t limit, struct arena *arena,
                      struct inventory_pasts *ret, struct error *error) MUST_CHECK;
// ---- As JSON objects, appended (docs/api.md, "The catalogue")
void inventory_write_server(struct buffer *out, const struct inventory_server *server);
void inventory_write_row(struct buffer *out, const struct inventory_row *row);
// With the definition, its verdict, what it warns of, and the rule that is recommended for it.
void inventory_write_tool(struct buffer *out, const struct inventory_tool *tool);
void inventory_write_counts(struct buffer *out, const struct inventory_counts *counts);
// A change with its definitions and what differs between them; `after` is what came behind it,
// empty where nothing did. Fails as inventory_diff.
int inventory_write_past(struct buffer *out, const struct inventory_past *past, struct slice after,
                         struct error *error) MUST_CHECK;
// The whole history of a tool, or of a server (`tool` empty): {"items": [...], "forgotten": N}.
int inventory_write_history(struct inventory *inventory, const struct inventory_server *server,
                            struct slice tool, size_t limit, struct arena *arena,
                            struct buffer *out, struct error *error) MUST_CHECK;
// "added", "changed", "removed"
const char *inventory_change_name(enum inventory_change_kind kind);
// What differs between two definitions, appended as a JSON array of {"path": a JSON pointer,
// "before", "after"}; a member that is only on one side has only that. At most 200 of them, then
// {"more": true}. Either may be empty. ERROR_SYNTAX: one is no JSON.
int inventory_diff(struct slice before, struct slice after, struct buffer *out,
                   struct error *error) MUST_CHECK;
