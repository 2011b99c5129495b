// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a dump of tools: read, judged, and written as every report. What goes to a terminal
// has no byte that it would obey; what goes to programs is JSON.
#include "scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_json(struct buffer *out)
{
    struct json_doc doc;
    struct error error = {0};
    json_doc_init(&doc);
    must(!out->failed && json_scan(&doc, buffer_slice(out), NULL, &error, NULL) == 0);
    json_doc_release(&doc);
    buffer_clear(out);
}

static void check_table(struct buffer *out)
{
    struct slice text = buffer_slice(out);
    must(!out->failed && json_is_utf8(text));
    for (size_t i = 0; i < text.length; i++)
        must(text.data[i] == '\n' || ((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7F));
    buffer_clear(out);
}

// Two clients and servers of nobody, so that some are looked at together.
static void hand_out(struct scan *scan)
{
    static const struct upstream_options asked;
    for (size_t i = 0; i < scan->count; i++) {
        scan->servers[i]->client = slice_from_string(i % 3 == 0 ? "" : i % 3 == 1 ? "a" : "b");
        scan->servers[i]->options = i % 2 == 0 ? &asked : NULL;
    }
}

static void check_reports(const struct scan *scan)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t width = 60; width <= 120; width += 60) {
        const struct scan_look look = {.width = width, .symbols = width > 60};
        scan_write_table(&out, scan, &look);
        check_table(&out);
    }
    scan_write_json(&out, scan, 0);
    check_json(&out);
    scan_write_sarif(&out, scan, "1.0.0");
    check_json(&out);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scan scan;
    struct error error = {0};
    FILE *file = tmpfile();
    must(file != NULL && fwrite(data, 1, size, file) == size);
    rewind(file);
    scan_init(&scan);
    int result =
        scan_read_dump(&scan, fileno(file), SLICE_LITERAL("dump"), SLICE_LITERAL("x"), &error);
    must(result == 0 || error.text[0] != '\0');
    hand_out(&scan);
    must(scan_judge_all(&scan) == 0); // also what was read before the file went wrong
    check_reports(&scan);
    scan_release(&scan);
    fclose(file);
    return 0;
}
