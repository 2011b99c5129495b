// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions that wait for people (docs/approvals.md): as JSON, in streams and as pages.
#pragma once

#include "admin/session_internal.h"

#include "base/decimal.h"
#include "limit/limit.h"

// ---- questions.c
// May this caller see values of arguments?
bool admin_sees_arguments(const struct admin_request *request);
// What it is by the clock, whether that is written down already or not.
enum store_question_state admin_question_state(const struct store_question *row, int64_t now_ms);
// An object without its closing bracket: what lists, streams and answers have in common.
void admin_write_question(struct buffer *out, const struct store_question *row, int64_t now_ms);
// A reply of the API or of a page: votes, and answers with the question.
int admin_reply(struct admin_request *request, struct store_view *view, struct slice id,
                struct control_reply *reply, struct error *error) MUST_CHECK;

bool admin_exception_is_live(const struct store_exception *row, int64_t now_ms);

// ---- One question with all that helps to answer it: first what the database has
// (question_look.c), then what the decision log and the catalogue have (question_context.c).
struct admin_asking { // what the second part is about; in the request's arena
    struct slice grant, grant_label, server_name, tool, category, client;
    struct slice facts, arguments; // JSON; empty: not known any more
    bool all;                      // of a page with a list: in any state
    struct control_reply reply;    // of a page's form
};

// ---- limit_max.c
struct admin_counter {
    struct slice server, scope, subject, name; // of its key
    const struct limit_view *view;
};
// The most that the policies in force let it come to; false: none has such a limit. Needs
// request->rules. *bounds is NULL at first, and in the request's arena.
struct admin_bounds;
bool admin_limit_max(struct admin_request *request, const struct admin_counter *counter,
                     struct admin_bounds **bounds, struct decimal *ret);

// ---- question_limits.c: what the call's limits stood at, and stand at now; appended
void admin_write_limits(struct admin_request *request);

// ---- question_diff.c
// `,"differences":[...],"more_differences":N` of two canonical texts, appended; null where there
// are too many values.
void admin_write_differences(struct buffer *out, struct slice before, struct slice now);

// ---- question_page.c: as pages. As admin_page_take; then, on the loop, makes the answer what is
// to be sent.
bool admin_question_page_owns(struct slice path);
void admin_question_page_take(struct admin_request *request, struct slice body);
void admin_question_page_finish(struct admin_request *request);
