// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The verdict of audit/'s verifier in words.
#include "cli/audit_internal.h"

static void write_count(struct buffer *out, uint64_t count, const char *text)
{
    if (count > 0)
        buffer_append_format(out, text, (unsigned long long)count);
}

static void write_end(struct buffer *out, const struct audit_proof *proof, bool in_use)
{
    if (proof->ended)
        return;
    write_count(out, proof->last - proof->vouched,
                "rows at the end that are not signed yet: %llu\n");
    buffer_append_string(out, in_use ? "a gateway is using it: there is no signed end yet\n"
                                     : "there is no signed end: the log is in use, its gateway was "
                                       "killed, or the end was cut off\n");
}

void audit_write_text(struct buffer *out, const struct proof_verdict *verdict)
{
    const struct audit_proof *proof = verdict->proof;
    if (proof->bad) {
        buffer_append_format(out, "%s:%llu: %s\n", verdict->place, (unsigned long long)proof->line,
                             proof->text);
        return;
    }
    buffer_append_format(out, "rows %llu to %llu are in order, complete and unchanged\n",
                         (unsigned long long)proof->first, (unsigned long long)proof->last);
    if (proof->signatures > 0)
        buffer_append_format(out, "%llu signatures, the last at row %llu (%s) by key %s\n",
                             (unsigned long long)proof->signatures,
                             (unsigned long long)proof->vouched, proof->vouched_time, proof->key);
    if (!verdict->key_given && proof->signatures > 0)
        buffer_append_string(out, "that key is the log's own word: compare it, or give --key\n");
    write_count(out, proof->gone,
                "rows 1 to %llu were deleted by retention, as a signed row says\n");
    write_count(out, proof->torn, "half lines that a crash left, and that were closed: %llu\n");
    write_count(out, proof->lost,
                "records that could not be kept, as the gateway says itself: %llu\n");
    write_count(out, proof->unlinked, "bytes in front of the chain, which nothing covers: %llu\n");
    write_end(out, proof, verdict->in_use);
}
