// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a tool's definition, or as each of its texts: what is quoted must stand in the
// tool's own bytes, the same tool must get the same answer, and a claim to be read-only must make
// nothing milder; findings must come gravest first, and the sentences on attack patterns are one
// short line each.
#include "catalogue/catalogue.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static struct slice source_text(const struct catalogue_tool *tool, enum catalogue_source source)
{
    switch (source) {
    case CATALOGUE_FROM_NAME: return tool->name;
    case CATALOGUE_FROM_TITLE: return tool->title;
    case CATALOGUE_FROM_DESCRIPTION: return tool->description;
    case CATALOGUE_FROM_SERVER: return tool->server;
    case CATALOGUE_FROM_SCHEMA: return json_raw(tool->doc, tool->schema);
    default: return slice_of(NULL, 0);
    }
}

static void check_verdict(const struct catalogue_tool *tool,
                          const struct catalogue_verdict *verdict)
{
    must(verdict->category <= CATALOGUE_UNKNOWN && verdict->count <= CATALOGUE_EVIDENCE_MAX);
    must(verdict->confidence >= 0 && verdict->confidence <= 1000);
    for (size_t i = 0; i < verdict->count; i++) {
        const struct catalogue_evidence *e = &verdict->evidence[i];
        if (e->source == CATALOGUE_FROM_ANNOTATIONS)
            continue;
        struct slice text = source_text(tool, e->source);
        must(e->offset <= text.length && e->length <= text.length - e->offset);
        must(e->words.data == text.data + e->offset && e->words.length == e->length);
    }
}

// A sentence on a tool is one short line of UTF-8, without what moves other text around.
static void check_sentence(struct slice said)
{
    struct buffer json;
    struct json_doc doc;
    must(said.length < 4096);
    for (size_t i = 0; i < said.length; i++)
        must((unsigned char)said.data[i] >= ' ' && said.data[i] != 0x7F);
    must(memmem(said.data, said.length, "\xE2\x80\xAE", 3) == NULL);
    buffer_init(&json, 0);
    json_doc_init(&doc);
    json_write_string(&json, said);
    must(json_scan(&doc, buffer_slice(&json), NULL, NULL, NULL) == 0);
    json_doc_release(&doc);
    buffer_release(&json);
}

static void check_patterns(const struct catalogue_tool *tool, enum catalogue_category category)
{
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    size_t count = catalogue_find_signals(tool, findings, CATALOGUE_FINDINGS_MAX), patterns;
    const struct catalogue_attack *attacks = catalogue_attacks(&patterns);
    must(count <= CATALOGUE_FINDINGS_MAX);
    for (size_t i = 0; i < patterns; i++) {
        struct buffer why;
        buffer_init(&why, 0);
        bool fits = catalogue_attack_fits(&attacks[i], tool->name, category, findings, count, &why);
        must(!why.failed && fits == (buffer_slice(&why).length > 0));
        check_sentence(buffer_slice(&why));
        buffer_release(&why);
    }
}

static void check_findings(const struct catalogue_tool *tool)
{
    struct catalogue_finding found[CATALOGUE_FINDINGS_MAX], one;
    size_t count = catalogue_find_signals(tool, found, CATALOGUE_FINDINGS_MAX);
    must(count <= CATALOGUE_FINDINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct catalogue_finding *f = &found[i];
        must(f->signal < CATALOGUE_SIGNAL_COUNT && f->severity <= CATALOGUE_CRITICAL);
        must(i == 0 || found[i - 1].severity >= f->severity);
        // All of the words can be read, whatever text they stand in.
        volatile char sum = 0;
        for (size_t k = 0; k < f->words.length; k++)
            sum = (char)(sum ^ f->words.data[k]);
        if (f->source == CATALOGUE_FROM_SCHEMA)
            must(f->words.data == source_text(tool, f->source).data + f->offset);
    }
    must(catalogue_find_signals(tool, &one, 1) == (count > 0));
    must(count == 0 || one.severity == found[0].severity);
}

static void check_tool(const struct catalogue_tool *tool)
{
    struct catalogue_verdict verdict, again;
    struct catalogue_tool claimed = *tool;
    struct buffer why;
    catalogue_classify(tool, &verdict);
    check_verdict(tool, &verdict);
    catalogue_classify(tool, &again);
    must(again.category == verdict.category && again.confidence == verdict.confidence);
    claimed.hints.read_only = 1;
    catalogue_classify(&claimed, &again);
    check_verdict(&claimed, &again);
    must(again.category == verdict.category || tool->hints.read_only == 0 ||
         verdict.category == CATALOGUE_UNKNOWN);
    buffer_init(&why, 0);
    catalogue_write_why(&why, &verdict);
    must(!why.failed && why.length > 0);
    buffer_release(&why);
    check_findings(tool);
    check_patterns(tool, verdict.category);
}

// Names that are alike either way round, and alike to themselves.
static void check_names(struct slice text)
{
    size_t half = text.length / 2;
    struct slice a = slice_of(text.data, half), b = slice_of(text.data + half, text.length - half);
    struct buffer skeleton;
    must(catalogue_look_alike(a, b) == catalogue_look_alike(b, a) && catalogue_look_alike(a, a));
    buffer_init(&skeleton, 0);
    catalogue_skeleton(a, &skeleton);
    must(skeleton.length <= 3 * a.length);
    buffer_release(&skeleton);
    must(catalogue_count_tokens(text) <= 3 * text.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct json_doc doc;
    json_doc_init(&doc);
    struct catalogue_tool tool = {.server = text,
                                  .name = text,
                                  .title = text,
                                  .description = text,
                                  .doc = &doc,
                                  .schema = JSON_NONE,
                                  .hints = {-1, -1}};
    check_tool(&tool);
    check_names(text);
    if (json_scan(&doc, text, NULL, NULL, NULL) == 0) {
        struct catalogue_scratch scratch;
        catalogue_read_tool(&doc, 0, &scratch, &tool);
        check_tool(&tool);
        tool.schema = 0;
        check_tool(&tool);
    }
    json_doc_release(&doc);
    return 0;
}
