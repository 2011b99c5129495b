// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a decision log: the verdict does not depend on how they are cut into pieces, and
// nothing is called good that does not begin with a start signed by its own key.
#include "audit/audit.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct audit_proof verify(struct slice text, size_t step,
                                 const struct audit_verify_options *options)
{
    struct audit_verifier *verifier = audit_verifier_new(options);
    int result = 0;
    require(verifier != NULL);
    audit_verifier_begin(verifier);
    for (size_t at = 0; at < text.length && result == 0; at += step) {
        size_t length = step < text.length - at ? step : text.length - at;
        // Of exact size, so that reading beyond it is seen.
        char *piece = malloc(length);
        require(piece != NULL);
        memcpy(piece, text.data + at, length);
        result = audit_verifier_feed(verifier, slice_of(piece, length));
        free(piece);
    }
    if (result == 0)
        result = audit_verifier_end(verifier, true);
    struct audit_proof proof = *audit_verifier_finish(verifier);
    require(result == 0 || proof.bad);
    audit_verifier_free(verifier);
    return proof;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    const struct audit_verify_options options = {.part = size % 2 == 0, .running = size % 3 == 0};
    struct audit_proof whole = verify(text, size + 1, &options);
    struct audit_proof cut = verify(text, 7, &options);
    require(whole.bad == cut.bad && whole.line == cut.line && strcmp(whole.text, cut.text) == 0);
    require(whole.last == cut.last && whole.decisions == cut.decisions);
    require(whole.bad || (whole.signatures > 0 && whole.last >= whole.first && whole.first > 0));
    require(!whole.bad || whole.line > 0);
    return 0;
}
