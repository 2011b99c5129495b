// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The page of a question, offered to a client of 2025-11-25 while its call is held: an elicitation
// by URL on the stream of the call. What the client answers decides nothing: "accept" says that
// the page was opened, and only "decline" is heard, as the wish to give up the call.
#pragma once

#include "pipeline/pipeline_internal.h"

// Does the message declare elicitation by URL? A legacy client says so once (initialize), a modern
// one with each request. The exchange's document must be that of its message.
bool page_declared(const struct exchange *ex);
// Did the client say that it can open pages, and is there a way to ask it now?
bool page_possible(const struct exchange *ex);
// Asks the client. Without room for the question it is not asked; it waits all the same.
void page_offer(struct exchange *ex, struct slice url);
// The question is decided, or nobody waits for it here any more: the client may close the page. An
// answer that comes later is dropped.
void page_settle(struct exchange *ex);
// An answer of the client: is it about a page? Then it was answered, and `ret_held` is the exchange
// that waits if it was declined, else NULL.
bool page_take_answer(struct exchange *ex, struct exchange **ret_held);
