// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Asking an HTTP server for the rest of a broken answer, for clients that cannot do so (stdio).
#pragma once

#include "pipeline/pipeline_internal.h"

// Remembers where the stream of the call is.
void resume_note(struct exchange *ex, const struct upstream_message *message);
// The stream is over without the answer. True when the rest is asked for; the exchange goes on.
bool resume_begin(struct exchange *ex);
// The client does not want the answer any more. True when the exchange only waits to ask again.
bool resume_cancel(struct exchange *ex);
void resume_release(struct exchange *ex); // the exchange ends
