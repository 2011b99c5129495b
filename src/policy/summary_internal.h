// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy in plain sentences: summary.c walks the document, summary_rule.c has rules,
// summary_words.c conditions and values.
#pragma once

#include "policy/policy_internal.h"

struct summary {
    const struct policy *policy;
    void (*tell)(void *argument, const struct policy_sentence *sentence);
    void *argument;
    struct buffer text;    // of the sentence that is being made
    struct buffer pointer; // scratch for those that the compiler does not keep
    const char *subject;   // "tool"
    struct slice about;    // the selector of the entry that is being told of
    bool failed;           // no memory
};
// Tells the sentence in `text`, which is empty afterwards.
void summary_tell(struct summary *s, struct slice rule, const char *part, bool observes);
// "POINTER/NAME"; valid until the next one is made.
struct slice summary_pointer(struct summary *s, struct slice parent, const char *name);
// What the document says by that name, quoted, behind the given words; nothing where it is silent.
void summary_quote(struct summary *s, const char *words, struct slice text);

// summary_rule.c
void summary_rule(struct summary *s, const struct rule *rule);
void summary_results(struct summary *s, const struct results *results);

// summary_words.c
// "args.amount is at most 500 and args.to begins with "a"".
void summary_conditions(struct summary *s, const struct predicate *predicate,
                        enum quantifier quantifier);
void summary_duration(struct buffer *out, int64_t ms);           // "30 minutes"
void summary_value(struct summary *s, uint32_t node, bool list); // JSON, cut where it is long
