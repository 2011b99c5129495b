// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Explaining a call: explain.c has the call and what a policy says of it, explain_now.c what would
// become of it now.
#pragma once

#include "admin/admin_internal.h"
#include "pipeline/pipeline.h"

// `,"now":{...}`. *ret_older: rules that are newer may say otherwise. 0 or ERROR_NO_MEMORY.
int explain_now(struct admin_request *request, const struct pipeline_circumstances *now,
                const struct policy_call *call, const struct policy_verdict *verdict,
                struct arena *arena, bool *ret_older) MUST_CHECK;
