// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How the catalogue is kept; what is in it is inventory/'s own. Each connection belongs to one
// thread at a time; any number may be open, in any number of processes, and one of them writes at a
// time: the others wait for it, up to five seconds. Failures: ERROR_IO (it cannot be used now),
// ERROR_CONFIG (it never will be: damaged, another program's, of a newer version),
// ERROR_NO_MEMORY, each with a sentence.
//
// Numbers: an owner is an organisation, or nobody; its servers and their tools are ranges of ids,
// so that what belongs to others is outside of what is looked at.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct store_catalogue;

enum {
    STORE_CATALOGUE_SHARED = 0x3fffff, // the owner of what belongs to nobody; behind all others
    STORE_CATALOGUE_PLACES = 65536,    // ids of tools of one server
    STORE_CATALOGUE_CATEGORIES = 6,
    STORE_CATALOGUE_SEVERITIES = 4,
    STORE_CATALOGUE_WORDS = 12, // of a search
    STORE_CATALOGUE_COUNT = 1000,
};
static inline int64_t store_catalogue_first_server(int64_t owner)
{
    return owner << 24;
}
static inline int64_t store_catalogue_first_tool(int64_t server)
{
    return server << 16;
}

// Opens the file; one that writes makes it (0600) and brings it up to date. ERROR_NOT_FOUND for a
// reader where there is none.
int store_catalogue_open(const char *path, bool writes, struct store_catalogue **ret,
                         struct error *error) MUST_CHECK;
void store_catalogue_close(struct store_catalogue *catalogue); // NULL accepted

// A transaction; one that does not write sees one unchanging picture.
int store_catalogue_begin(struct store_catalogue *catalogue, bool writes,
                          struct error *error) MUST_CHECK;
int store_catalogue_commit(struct store_catalogue *catalogue, struct error *error) MUST_CHECK;
void store_catalogue_rollback(struct store_catalogue *catalogue); // also where there is none

// ---- Owners. `organisation` is not empty. ERROR_NOT_FOUND when it has nothing, unless it is made.
int store_catalogue_owner(struct store_catalogue *catalogue, struct slice organisation, bool make,
                          int64_t *ret, struct error *error) MUST_CHECK;

// ---- Servers
struct store_catalogue_server {
    int64_t id, owner;
    struct slice name, slug;
    struct slice fold; // the name as it is sorted and searched
    struct slice title, source;
    int64_t counts[STORE_CATALOGUE_CATEGORIES];
    int64_t tools, tokens, worst;
    int64_t first_seen_ms, seen_ms, changed_ms;
    int64_t forgotten; // rows of its history
};
// What is visited lives until the callback returns. A result other than 0 ends it and is returned.
typedef int (*store_catalogue_server_cb)(void *argument,
                                         const struct store_catalogue_server *server);
// By exact name or slug. ERROR_NOT_FOUND.
int store_catalogue_find_server(struct store_catalogue *catalogue, int64_t owner,
                                struct slice slug_or_name, store_catalogue_server_cb visit,
                                void *argument, struct error *error) MUST_CHECK;
int store_catalogue_get_server(struct store_catalogue *catalogue, int64_t id,
                               store_catalogue_server_cb visit, void *argument,
                               struct error *error) MUST_CHECK;
int store_catalogue_new_server_id(struct store_catalogue *catalogue, int64_t owner, int64_t *ret,
                                  struct error *error) MUST_CHECK;
int store_catalogue_put_server(struct store_catalogue *catalogue,
                               const struct store_catalogue_server *server,
                               struct error *error) MUST_CHECK;
// With its packs and history; its tools are dropped before.
int store_catalogue_drop_server(struct store_catalogue *catalogue, int64_t id,
                                struct error *error) MUST_CHECK;
struct store_catalogue_servers {
    int64_t owner;
    struct slice after_fold; // behind this name and id
    int64_t after_id;
    struct slice text;   // contained in the folded name; empty: all
    unsigned categories; // has a tool of one of these; 0: all
    int64_t limit;
};
int store_catalogue_each_server(struct store_catalogue *catalogue,
                                const struct store_catalogue_servers *wanted,
                                store_catalogue_server_cb visit, void *argument,
                                struct error *error) MUST_CHECK;
// How many there are, up to `limit`; of `wanted` what is behind a place is not looked at.
int store_catalogue_count_servers(struct store_catalogue *catalogue,
                                  const struct store_catalogue_servers *wanted, int64_t *ret,
                                  struct error *error) MUST_CHECK;

// ---- Tools
struct store_catalogue_tool {
    int64_t id; // of its server's range
    struct slice name, summary;
    struct slice fold;       // the name as it is sorted: given, and given back by each_name
    struct slice words;      // given: of the name, with spaces between,
    struct slice more_words; // and of all else that it is found by
    int64_t category;        // that counts
    int64_t said;            // a person's, -1: none
    int64_t own;             // what the definition says
    int64_t confidence, tokens;
    struct slice fingerprint; // 32 bytes
    int64_t first_seen_ms, changed_ms, changes;
};
typedef int (*store_catalogue_tool_cb)(void *argument, const struct store_catalogue_tool *tool);
int store_catalogue_each_tool(struct store_catalogue *catalogue, int64_t server,
                              store_catalogue_tool_cb visit, void *argument,
                              struct error *error) MUST_CHECK;
// Visits one or none.
int store_catalogue_get_tool(struct store_catalogue *catalogue, int64_t id,
                             store_catalogue_tool_cb visit, void *argument,
                             struct error *error) MUST_CHECK;
// Replaces `before` by `after`, which have the same id; NULL: there is none. Both whole: the words
// that were given before are taken out of the search.
int store_catalogue_put_tool(struct store_catalogue *catalogue,
                             const struct store_catalogue_tool *before,
                             const struct store_catalogue_tool *after,
                             struct error *error) MUST_CHECK;

// ---- Definitions, several of one server together; a pack's id is that of its first tool
typedef int (*store_catalogue_pack_cb)(void *argument, int64_t id, struct slice data);
int store_catalogue_each_pack(struct store_catalogue *catalogue, int64_t server,
                              store_catalogue_pack_cb visit, void *argument,
                              struct error *error) MUST_CHECK;
// The one that has this tool. ERROR_NOT_FOUND.
int store_catalogue_find_pack(struct store_catalogue *catalogue, int64_t tool,
                              store_catalogue_pack_cb visit, void *argument,
                              struct error *error) MUST_CHECK;
int store_catalogue_put_pack(struct store_catalogue *catalogue, int64_t id, struct slice data,
                             struct error *error) MUST_CHECK;
int store_catalogue_drop_packs(struct store_catalogue *catalogue, int64_t server,
                               struct error *error) MUST_CHECK;

// Dictionaries for packs. The one of this id, or (0) any that there is. ERROR_NOT_FOUND.
int store_catalogue_find_dictionary(struct store_catalogue *catalogue, int64_t id,
                                    store_catalogue_pack_cb visit, void *argument,
                                    struct error *error) MUST_CHECK;
int store_catalogue_put_dictionary(struct store_catalogue *catalogue, int64_t id, struct slice data,
                                   struct error *error) MUST_CHECK;

// ---- History
struct store_catalogue_past {
    int64_t server, kind;
    struct slice key; // of the name, 16 bytes
    struct slice name, definition, before;
    int64_t from_ms, at_ms;
};
typedef int (*store_catalogue_past_cb)(void *argument, const struct store_catalogue_past *past);
// The newest first; of one key, or of all where it is empty.
int store_catalogue_each_past(struct store_catalogue *catalogue, int64_t server, struct slice key,
                              int64_t limit, store_catalogue_past_cb visit, void *argument,
                              struct error *error) MUST_CHECK;
// Then takes out what is beyond the newest `keep` of the key and `keep_all` of the server; how
// many that were is added to *forgotten.
int store_catalogue_add_past(struct store_catalogue *catalogue,
                             const struct store_catalogue_past *past, int64_t keep,
                             int64_t keep_all, int64_t *forgotten, struct error *error) MUST_CHECK;

// ---- Sums of an owner, one for each kind: a category of tools, or (16 and on) a severity of
// servers
enum { STORE_CATALOGUE_WORST = 16, STORE_CATALOGUE_KINDS = 20 };
struct store_catalogue_sums {
    int64_t items[STORE_CATALOGUE_KINDS], tokens[STORE_CATALOGUE_KINDS];
    int64_t changed_ms;
};
int store_catalogue_get_sums(struct store_catalogue *catalogue, int64_t owner,
                             struct store_catalogue_sums *ret, struct error *error) MUST_CHECK;
int store_catalogue_add_sums(struct store_catalogue *catalogue, int64_t owner,
                             const struct store_catalogue_sums *sums,
                             struct error *error) MUST_CHECK;

// ---- Search
// Tools whose folded name begins with (or is) the text, in the order of names.
struct store_catalogue_names {
    int64_t owner, category;
    struct slice text;
    bool whole;
    struct slice after_fold;
    int64_t after_id;
    int64_t limit;
};
int store_catalogue_each_name(struct store_catalogue *catalogue,
                              const struct store_catalogue_names *wanted,
                              store_catalogue_tool_cb visit, void *argument,
                              struct error *error) MUST_CHECK;
// How many begin with (or are) the text, up to `limit`; what is behind a place is not looked at.
int store_catalogue_count_names(struct store_catalogue *catalogue,
                                const struct store_catalogue_names *wanted, int64_t *ret,
                                struct error *error) MUST_CHECK;
// Tools of a range of ids that have all of the words, in the order of ids.
struct store_catalogue_words {
    struct slice words[STORE_CATALOGUE_WORDS]; // the last one may go on
    size_t count;                              // 1 and more
    bool in_name;                              // all in the name
    bool beyond_name;                          // not all in the name
    unsigned categories;                       // 0: all
    int64_t from, to;                          // both included
    int64_t limit;
};
int store_catalogue_each_match(struct store_catalogue *catalogue,
                               const struct store_catalogue_words *wanted,
                               store_catalogue_tool_cb visit, void *argument,
                               struct error *error) MUST_CHECK;
int store_catalogue_count_matches(struct store_catalogue *catalogue,
                                  const struct store_catalogue_words *wanted, int64_t *ret,
                                  struct error *error) MUST_CHECK;
