// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "proof/proof.h"

static void write_text(struct buffer *out, const char *key, const char *text)
{
    buffer_append_format(out, ",\"%s\":", key);
    json_write_string(out, slice_from_string(text));
}

static void write_number(struct buffer *out, const char *key, uint64_t value)
{
    buffer_append_format(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

void proof_write(struct buffer *out, const struct proof_verdict *verdict)
{
    const struct audit_proof *proof = verdict->proof;
    buffer_append_format(out, "{\"good\":%s,\"ended\":%s", proof->bad ? "false" : "true",
                         proof->ended ? "true" : "false");
    if (proof->bad || strcmp(verdict->kind, "file") != 0)
        write_text(out, verdict->kind, verdict->place);
    if (proof->bad) {
        write_number(out, verdict->line, proof->line);
        write_text(out, "text", proof->text);
    }
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"first", proof->first},
                   {"last", proof->last},
                   {verdict->rows, proof->decisions},
                   {"signatures", proof->signatures},
                   {"signed_to", proof->vouched},
                   {"deleted_to", proof->gone},
                   {"torn", proof->torn},
                   {"lost", proof->lost},
                   {"unlinked_bytes", proof->unlinked}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        write_number(out, numbers[i].key, numbers[i].value);
    buffer_append_format(out, ",\"key\":\"%s\",\"key_given\":%s,\"signed_at\":\"%s\"}", proof->key,
                         verdict->key_given ? "true" : "false", proof->vouched_time);
}
