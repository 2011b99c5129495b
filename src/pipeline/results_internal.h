// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// results.c: the policy's rules on what comes back. Included by pipeline_internal.h.
#pragma once

#include "upstream/upstream.h"

struct buffer;
struct exchange;

// Nothing that such a rule is about; what had to go is among the edits; the client was answered.
enum results_verdict { RESULTS_NOT_THEIRS, RESULTS_PASS, RESULTS_WITHHELD };
enum results_verdict results_judge(struct exchange *ex, struct upstream_message *message);
// A notification or request of the server; a notification may carry a task's result. False: it must
// not pass, by this rule.
bool results_judge_notice(struct exchange *ex, struct upstream_message *message,
                          struct slice *ret_rule);
// The same for what the gateway wrote in the server's name: this member of the JSON text, or (NULL)
// all of it. Takes out of `text` what has to go. ERROR_DENIED: it must not pass, by this rule.
int results_judge_question(struct exchange *ex, struct buffer *text, const char *member,
                           struct slice *ret_rule) MUST_CHECK;
