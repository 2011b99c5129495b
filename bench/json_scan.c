// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the scanner takes for one tools/call and for a tools/list of about 1 MB. By hand:
//   cc -O2 -D_GNU_SOURCE -Isrc bench/json_scan.c <build>/src/json/libjson.a
//   <build>/src/base/libbase.a
#include "base/buffer.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, LIST_SIZE = 1000000 };

static const char call_text[] =
    "{\"jsonrpc\":\"2.0\",\"id\":4711,\"method\":\"tools/"
    "call\",\"params\":{\"name\":\"create_invoice\","
    "\"arguments\":{\"customer\":\"cus_8fK2mQ\",\"amount\":1299.5,\"currency\":\"EUR\",\"lines\":[{"
    "\"sku\":\"A-17\",\"count\":2},{\"sku\":\"B-03\",\"count\":1}],\"note\":\"second delivery of "
    "the March order\",\"send\":false},\"_meta\":{\"progressToken\":\"p-4711\",\"trace\":"
    "\"00-4bf92f3577b34da6\"}}}";

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// Seconds of the best round; the others were disturbed.
static double measure(struct slice text, int repeat)
{
    struct json_doc doc;
    json_doc_init(&doc);
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (int i = 0; i < repeat; i++)
            if (json_scan(&doc, text, NULL, NULL, NULL) != 0)
                exit(1);
        double seconds = (now() - start) / repeat;
        best = seconds < best ? seconds : best;
    }
    json_doc_release(&doc);
    return best;
}

static void add_tool(struct buffer *out, int number, const char *indent)
{
    buffer_append_format(
        out,
        "%s{\"name\":\"records_search_%d\",\"title\":\"Search records\",\"description\":\"Search "
        "the "
        "records of one workspace by free text, by label or by date. Results are ordered by "
        "relevance and come in pages of at most fifty.\\nUse the cursor of the last page to go "
        "on; a query without any term returns the newest records first.\",%s\"inputSchema\":{"
        "\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\",\"description\":"
        "\"Words "
        "to look for; quotation marks keep them together\"},\"limit\":{\"type\":\"integer\","
        "\"minimum\":1,\"maximum\":50,\"default\":20},\"labels\":{\"type\":\"array\",\"items\":{"
        "\"type\":\"string\"}},\"since\":{\"type\":\"string\",\"format\":\"date-time\"}},"
        "%s\"required\":[\"query\"],\"additionalProperties\":false},\"annotations\":{"
        "\"readOnlyHint\":true,\"openWorldHint\":false}}",
        indent, number, indent, indent);
}

static void build_list(struct buffer *out, const char *indent)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[");
    for (int i = 0; out->length < LIST_SIZE; i++) {
        if (i > 0)
            buffer_append_string(out, ",");
        add_tool(out, i, indent);
    }
    buffer_append_string(out, "]}}");
}

int main(void)
{
    struct slice call = SLICE_LITERAL(call_text);
    double seconds = measure(call, 200000);
    printf("tools/call, %zu bytes: %.0f ns, %.2f GB/s\n", call.length, seconds * 1e9,
           (double)call.length / seconds * 1e-9);
    struct buffer list;
    buffer_init(&list, 0);
    build_list(&list, "");
    seconds = measure(buffer_slice(&list), 100);
    printf("tools/list, %zu bytes: %.0f us, %.2f GB/s\n", list.length, seconds * 1e6,
           (double)list.length / seconds * 1e-9);
    buffer_clear(&list);
    build_list(&list, "\n                ");
    seconds = measure(buffer_slice(&list), 100);
    printf("tools/list with indents, %zu bytes: %.0f us, %.2f GB/s\n", list.length, seconds * 1e6,
           (double)list.length / seconds * 1e-9);
    buffer_release(&list);
    return 0;
}
