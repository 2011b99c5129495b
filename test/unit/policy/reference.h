// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A second, deliberately plain reading of the policy language: no compilation, everything read off
// the document for each call. Slow; only for comparison with policy_decide.
#pragma once

#include "json/json.h"
#include "policy/policy.h"

enum { REFERENCE_CHARGES = 16, REFERENCE_TEXT = 256 };

struct reference_verdict {
    enum policy_outcome outcome;
    bool hidden;
    char rule[REFERENCE_TEXT];
    char reason[REFERENCE_TEXT]; // only what the document says itself
    size_t charges;
    char charge[REFERENCE_CHARGES][REFERENCE_TEXT]; // rule
    double amount[REFERENCE_CHARGES];
    char per[REFERENCE_CHARGES][REFERENCE_TEXT];
};

// The document must be one that policy_compile accepts.
void reference_decide(const struct json_doc *policy, const struct policy_call *call,
                      struct reference_verdict *ret);
bool reference_lists(const struct json_doc *policy, struct slice name,
                     enum catalogue_category category);
// The same verdict, but for reasons that the document does not give.
bool reference_agrees(const struct reference_verdict *reference,
                      const struct policy_verdict *verdict);
