// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What goes back to a client: lists without what the policy hides. Values in, edits out; the policy
// is asked through a callback. No state; any thread.
#pragma once

#include "mcp/mcp.h"

// Whether an entry of this name may be seen.
typedef bool (*filter_visible_cb)(void *argument, enum mcp_list list, struct slice name);

// Adds the edits that take hidden entries out of every list that the result object holds (tools,
// resources, resourceTemplates, prompts, tasks) and that make a cacheable list private. Entries
// that cannot be judged (no object, no name) are taken out too. Offsets count from `start`.
// *ret_removed counts.
void filter_lists(const struct json_doc *doc, uint32_t result, uint32_t start,
                  filter_visible_cb visible, void *argument, struct arena *arena,
                  struct mcp_edits *edits, size_t *ret_removed);

// Adds the edits that take refused URIs, and what is no string, out of an array of URIs.
void filter_uris(const struct json_doc *doc, uint32_t array, filter_visible_cb visible,
                 void *argument, struct arena *arena, struct mcp_edits *edits);

// The first method of an input_required result's inputRequests that `allowed` refuses; false when
// there is none.
typedef bool (*filter_method_cb)(void *argument, struct slice method);
bool filter_find_refused_input(const struct json_doc *doc, uint32_t result,
                               filter_method_cb allowed, void *argument, struct arena *arena,
                               struct slice *ret_method);
