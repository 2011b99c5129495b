// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions about decisions, and streams of them.
#pragma once

#include "admin/admin_internal.h"
#include "audit/audit.h"

struct admin_asked {
    struct decisions_filter filter;
    struct decisions_page page;
    struct decisions_summary summary;
    struct admin_playing *playing; // rehearse_internal.h
};
// Reads what all of them may ask for, of the parameters with these names. NULL: an error was set.
struct admin_asked *admin_ask(struct admin_request *request, const char *const *names,
                              struct error *error) MUST_CHECK;
// decisions_find of what was asked for.
int admin_search(struct admin_request *request, decisions_row_cb visit, void *argument,
                 struct decisions_found *ret, struct error *error) MUST_CHECK;
// Sets the answer to a search that cannot be made now (ERROR_AGAIN).
int admin_index_busy(struct admin_request *request, struct error *error);
// `,"index":{...}`: how far the index is behind the log.
void admin_write_index(struct admin_request *request);

// An answer in pieces, each of which is searched for when the one before has gone.
struct admin_stream {
    bool tail;      // of new decisions, until one side has enough; else all there are, once
    bool csv;       // of an export
    bool over;      // nothing comes behind this piece
    bool more;      // there is more to be had at once
    bool told;      // something has been sent
    bool beat;      // say something even when there is nothing
    bool questions; // to people, in place of decisions: read in jobs of the store
    bool beside;    // questions as well as decisions
    uint64_t heard; // of questions: how far in what rang
    int64_t begun_ms, checked_ms;
    struct json_doc doc; // scratch of an export
    struct arena arena;
};

// ---- stream.c: answers in pieces
int admin_stream_begin(struct admin_request *request, bool tail, struct error *error) MUST_CHECK;
int admin_find_piece(struct admin_request *request, struct error *error);
void admin_stream_release(struct admin_request *request);
// Is it time to look again at who asks? Always before the first piece.
bool admin_stream_needs_check(struct admin_request *request);
// On the loop, with a piece: sends it. False: the request is over. Else it either waits (is idle)
// or is to be worked on again.
bool admin_stream_go_on(struct admin_request *request);
// Why one that waits may be worked on again. False: not now.
enum admin_due { ADMIN_NEWS, ADMIN_BEAT, ADMIN_DRAINED };
bool admin_stream_is_due(struct admin_request *request, enum admin_due why);

// ---- question_stream.c: is there anything new for this stream of questions? Any thread.
bool admin_bell_rang(struct admin_request *request);
// Questions for a piece: at first all that are open, then those that changed. In a job of the
// store.
int admin_write_questions(struct admin_request *request, struct store_view *view, bool first,
                          struct error *error) MUST_CHECK;

// ---- decisions.c
int admin_find_decisions(struct admin_request *request, struct error *error);
int admin_find_decision(struct admin_request *request, struct error *error);
int admin_find_summary(struct admin_request *request, struct error *error);
