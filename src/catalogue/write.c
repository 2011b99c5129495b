// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What was found, as JSON.
#include "catalogue/catalogue.h"

static void write_text(struct buffer *out, const char *key, struct slice text)
{
    json_write_key(out, key);
    json_write_string(out, text);
}

void catalogue_write_evidence(struct buffer *out, const struct catalogue_evidence *evidence)
{
    buffer_append_string(out, "{");
    write_text(out, "source", slice_from_string(catalogue_source_name(evidence->source)));
    buffer_append_format(out, ",\"offset\":%zu,\"length\":%zu,", evidence->offset,
                         evidence->length);
    write_text(out, "words", evidence->words);
    buffer_append_string(out, ",");
    write_text(out, "says", slice_from_string(evidence->says));
    buffer_append_string(out, ",");
    write_text(out, "category", slice_from_string(catalogue_category_name(evidence->category)));
    buffer_append_format(out, ",\"weight\":%d,\"against\":%s}", evidence->weight,
                         evidence->against ? "true" : "false");
}

void catalogue_write_finding(struct buffer *out, const struct catalogue_finding *finding)
{
    buffer_append_string(out, "{");
    write_text(out, "signal", slice_from_string(catalogue_signal_name(finding->signal)));
    buffer_append_string(out, ",");
    write_text(out, "severity", slice_from_string(catalogue_severity_name(finding->severity)));
    buffer_append_string(out, ",");
    write_text(out, "source", slice_from_string(catalogue_source_name(finding->source)));
    buffer_append_format(out, ",\"offset\":%zu,\"length\":%zu,", finding->offset, finding->length);
    write_text(out, "words", finding->words);
    buffer_append_string(out, ",");
    write_text(out, "says", slice_from_string(finding->says));
    buffer_append_string(out, "}");
}
