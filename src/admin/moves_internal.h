// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What moves as a whole: the servers, policies, grants, channels and identity providers of an
// organisation, and what was decided about tools. They are named by their names, so that the same
// text means the same in another gateway.
#pragma once

#include "admin/admin_internal.h"

#include "base/table.h"

struct moves {
    struct admin_request *request;
    struct store_view *view;
    struct slice organisation;
    struct slice note; // of new versions of policies
    bool prune, dry_run;
    struct table kept;                  // ids of what the request names
    struct buffer changes, differences; // JSON, without the brackets
    struct buffer missing, secrets;     // what somebody must still set: credentials, others
    struct buffer tokens;               // wiped
};

// ---- moves.c
// Calls back for every record of a kind, in order of ids. The callback may remove the record.
typedef int (*moves_cb)(struct moves *moves, const struct store_head *record, struct error *error);
int moves_each(struct moves *moves, enum store_kind kind, size_t size, moves_cb visit,
               struct error *error) MUST_CHECK;
// Calls back for every element of an array of the request, all of which are objects.
typedef int (*moves_item_cb)(struct moves *moves, uint32_t object, struct error *error);
int moves_items(struct moves *moves, uint32_t array, moves_item_cb take,
                struct error *error) MUST_CHECK;
// Of everything that moves, as it is now: the ETag of the whole.
int moves_state(struct moves *moves, int64_t *ret, struct error *error) MUST_CHECK;
// Are both texts the same JSON value?
bool moves_same_json(struct slice a, struct slice b);
// Without white space, in the view's arena. ERROR_NO_MEMORY.
int moves_compact(struct moves *moves, struct slice *text, struct error *error) MUST_CHECK;
// What differs of the next change, as raw JSON or as text.
void moves_differ(struct moves *moves, const char *field, struct slice from, struct slice to);
void moves_differ_text(struct moves *moves, const char *field, struct slice from, struct slice to);
void moves_differ_number(struct moves *moves, const char *field, int64_t from, int64_t to);
void moves_differ_flag(struct moves *moves, const char *field, bool from, bool to);
// Notes a change with what differs; `why` is for people, empty when the differences say it.
void moves_change(struct moves *moves, const char *action, const char *kind, struct slice name,
                  const char *why);
// The same of what the request names: an addition, a change, or nothing at all.
void moves_note_made(struct moves *moves, bool added, const char *kind, struct slice name);
// A secret of it that the request cannot have and that nobody has set here.
void moves_note_secret(struct moves *moves, const char *kind, struct slice name);
// Removes the record unless the request names it.
int moves_drop(struct moves *moves, enum store_kind kind, const char *word,
               const struct store_head *record, struct slice name, struct error *error) MUST_CHECK;
// The request names this record: it is not pruned. ERROR_RANGE when it is named twice.
int moves_keep(struct moves *moves, struct slice id, uint32_t node, struct error *error) MUST_CHECK;

// ---- For each kind: makes what the array of the request says; JSON_NONE: removes what is not
// kept.
int moves_policies(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;
int moves_servers(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;
int moves_grants(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;
int moves_channels(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;
int moves_providers(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;
int moves_overrides(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;
int moves_definitions(struct moves *moves, uint32_t array, struct error *error) MUST_CHECK;

// ---- For exports
// With a comma in front where one belongs.
void moves_separate(struct buffer *out, const char *text);
// Begins a record with its name; what admin_write_fields writes comes next.
void moves_begin_record(struct moves *moves, struct slice name);
int moves_write_channel(struct moves *moves, const struct store_head *record,
                        struct error *error) MUST_CHECK;
int moves_write_provider(struct moves *moves, const struct store_head *record,
                         struct error *error) MUST_CHECK;
// Of a server, in one record; nothing when there is nothing.
int moves_write_overrides(struct moves *moves, const struct store_head *record,
                          struct error *error) MUST_CHECK;
int moves_write_definitions(struct moves *moves, const struct store_head *record,
                            struct error *error) MUST_CHECK;

// ---- What single records share with this; in the file of each kind. `object` is the
// node that has the record's members; 0: the body.
int admin_check_server(struct admin_request *request, struct store_view *view, uint32_t object,
                       const struct store_server *before, struct store_server *server,
                       struct error *error);
// NULL in *ret when the object says nothing about servers.
int admin_read_reach(struct admin_request *request, struct store_view *view, uint32_t object,
                     struct control_reach **ret, size_t *ret_count, struct error *error);
// A member that holds a document: an object as it stands, or a string that holds the text.
int admin_read_text(struct admin_request *request, uint32_t object, const char *field,
                    struct slice *ret, struct error *error) MUST_CHECK;
// "document"
int admin_read_document(struct admin_request *request, uint32_t object, struct slice *ret,
                        struct error *error);
// The document of the body, or else the version of the policy with this number (0: the newest).
int admin_find_document(struct admin_request *request, struct store_view *view,
                        const struct store_policy *policy, int64_t number, struct slice *ret,
                        struct error *error);
// Faults of that field; places are those in the document, not in the body.
void admin_policy_problems(struct admin_request *request, const char *field,
                           const struct policy_problems *problems);
// A document of the body: what is wrong with it are faults of that field.
int admin_compile(struct admin_request *request, const char *field, struct slice document,
                  struct slice name, struct policy **ret, struct error *error) MUST_CHECK;
// Beside its fields: its address, the events it is told, and whether it can be one.
int admin_check_channel(struct admin_request *request, uint32_t object,
                        struct store_channel *channel, struct error *error) MUST_CHECK;
// Is there room for what is there and so many more?
int admin_check_channel_count(struct admin_request *request, struct store_view *view, size_t more,
                              struct error *error) MUST_CHECK;
int admin_check_provider(struct admin_request *request, uint32_t object,
                         struct store_provider *provider, struct error *error) MUST_CHECK;
