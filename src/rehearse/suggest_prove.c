// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Does what passed pass again? A suggestion is played against the log that it came from.
#include "rehearse/suggest_internal.h"

static int play(const struct suggestion *s, struct slice document, size_t memory_max,
                suggestion_play_cb feed, void *argument, struct suggestion_proof *ret)
{
    const struct suggestion_options *asked = &s->options;
    struct policy *policy = NULL;
    struct rehearse *rehearse = NULL;
    struct policy_problems problems = {0};
    int result = policy_compile(document, SLICE_LITERAL("suggestion"), &policy, &problems);
    policy_problems_release(&problems);
    const struct rehearse_options options = {.draft = policy,
                                             .from_ms = asked->from_ms,
                                             .to_ms = asked->to_ms,
                                             .everybody = asked->everybody,
                                             .organisation = asked->organisation,
                                             .grant = asked->grant,
                                             .server = s->server,
                                             .category = asked->category,
                                             .argument = asked->argument,
                                             .memory_max = memory_max};
    if (result == 0)
        result = rehearse_new(&options, &rehearse);
    if (result == 0)
        result = feed(argument, rehearse);
    if (result == 0) {
        ret->lost = rehearse_lost(rehearse);
        ret->asked = rehearse_counts(rehearse)->matrix[REHEARSE_ALLOWED][REHEARSE_ASKED];
    }
    rehearse_free(rehearse);
    policy_unref(policy);
    return result == ERROR_CONFIG ? ERROR_INTERNAL : result;
}

int suggestion_prove(struct suggestion *s, int64_t margin, size_t memory_max,
                     suggestion_play_cb feed, void *argument, struct buffer *out,
                     struct suggestion_proof *ret)
{
    for (*ret = (struct suggestion_proof){.margin = margin};; ret->margin *= 2) {
        buffer_clear(out);
        suggestion_write(s, ret->margin, out);
        if (out->failed)
            return ERROR_NO_MEMORY;
        int result = play(s, buffer_slice(out), memory_max, feed, argument, ret);
        if (result != 0 || ret->lost == 0 || ret->margin > SUGGESTION_MARGIN_MAX)
            return result;
    }
}
