// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What it costs to look through results: microseconds per KiB for texts of several sizes and kinds.
// bench_redact [FILE...] takes the texts from files, each repeated or cut to the size; without
// any it makes prose, JSON and code of its own. Processor time, the best of several rounds.
#include "base/memory.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HEAD "{\"version\":\"1\",\"default\":\"allow\",\"results\":{\"redact\":["
#define SECRETS "{\"type\":\"secrets\"}"
#define PERSONAL "{\"type\":\"personal\"}"
#define WORD "{\"type\":\"regex\",\"pattern\":\"\\\\bACME-[0-9]{6}\\\\b\"}"
#define NUMBER "{\"type\":\"regex\",\"pattern\":\"\\\\b[A-Z]{2}[0-9]{6}[A-D]\\\\b\"}"
#define PHRASE "{\"type\":\"regex\",\"pattern\":\"(?i)internal use only: [^\\\\n]+\"}"

static const struct plan {
    const char *name, *policy;
} plans[] = {
    {"secrets", HEAD SECRETS "]}}"},
    {"personal", HEAD PERSONAL "]}}"},
    {"regex 1", HEAD WORD "]}}"},
    {"regex 2", HEAD NUMBER "]}}"},
    {"regex 3", HEAD PHRASE "]}}"},
    {"all five", HEAD SECRETS "," PERSONAL "," WORD "," NUMBER "," PHRASE "]}}"},
};
enum { PLANS = sizeof plans / sizeof *plans, ROUNDS = 5 };
static const size_t sizes[] = {1 << 10, 64 << 10, 1 << 20};
enum { SIZES = sizeof sizes / sizeof *sizes };

static const char prose[] =
    "The committee met on Tuesday to look at what the harbour master had written about the new "
    "berths. Three of the members had been there before; the others asked why the cost had grown "
    "since spring, and whether the cranes, of which there are 14, would be paid for in 2027 or "
    "later. Nobody could say. It was agreed to ask again in a month, and to visit the place.\n";
static const char data[] =
    "{\"id\":48213,\"status\":\"open\",\"created_at\":\"2026-03-04T11:20:07Z\",\"title\":\"Crash "
    "when the list is empty\",\"labels\":[\"bug\",\"p2\"],\"url\":\"https://git.example.com/a/b/"
    "issues/48213\",\"comments\":7,\"sha\":\"9f2c1e0b7d6a5f4e3c2b1a0f9e8d7c6b5a4f3e2d\"},\n";
static const char code[] =
    "static int read_line(struct reader *r, char *out, size_t size)\n{\n    for (size_t i = 0; i < "
    "size; i++) {\n        int c = next_byte(r);\n        if (c == '\\n' || c == EOF)\n            "
    "return finish(r, out, i);\n        out[i] = (char)c; // 0x7f and above pass\n    }\n    "
    "return -ERROR_TOO_LARGE;\n}\n";

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void make_text(struct slice unit, size_t size, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, 0);
    while (text.length < size)
        buffer_append(&text,
                      slice_of(unit.data, unit.length < size - text.length ? unit.length
                                                                           : size - text.length));
    buffer_append_string(out, "{\"content\":[{\"type\":\"text\",\"text\":");
    json_write_string(out, buffer_slice(&text));
    buffer_append_string(out, "}]}");
    buffer_release(&text);
}

struct figure {
    double us_per_kib;
    size_t changes;
    bool denied;
};

static struct figure measure(const struct policy *policy, const struct json_doc *doc, size_t size)
{
    struct policy_call call = {
        .subject = POLICY_TOOL, .name = SLICE_LITERAL("t"), .args = JSON_NONE};
    struct policy_answer answer = {.doc = doc};
    struct policy_answer_verdict verdict = {0};
    size_t times = (8 << 20) / size;
    struct figure best = {.us_per_kib = 1e9};
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_us();
        for (size_t i = 0; i < times; i++) {
            struct arena arena;
            arena_init(&arena, 64 << 20);
            policy_decide_answer(policy, &call, &answer, &arena, &verdict);
            arena_release(&arena);
        }
        double each = (now_us() - begin) / (double)times / ((double)size / 1024);
        best.us_per_kib = each < best.us_per_kib ? each : best.us_per_kib;
    }
    best.changes = verdict.change_count;
    best.denied = verdict.denied;
    return best;
}

static void run(const char *name, struct slice unit)
{
    for (size_t i = 0; i < SIZES; i++) {
        struct buffer text;
        struct json_doc doc;
        buffer_init(&text, 0);
        make_text(unit, sizes[i], &text);
        json_doc_init(&doc);
        if (json_scan(&doc, buffer_slice(&text), NULL, NULL, NULL) != 0)
            exit(1);
        printf("%-24.24s %7zu", name, sizes[i]);
        for (size_t j = 0; j < PLANS; j++) {
            struct policy *policy = NULL;
            struct policy_problems problems;
            if (policy_compile(slice_from_string(plans[j].policy), SLICE_LITERAL("p"), &policy,
                               &problems) != 0) {
                printf("   -    ");
                continue;
            }
            struct figure figure = measure(policy, &doc, sizes[i]);
            printf("  %6.3f%s", figure.us_per_kib,
                   figure.denied        ? "!"
                   : figure.changes > 0 ? "*"
                                        : " ");
            policy_unref(policy);
        }
        printf("\n");
        json_doc_release(&doc);
        buffer_release(&text);
    }
}

static bool read_file(const char *path, struct buffer *out)
{
    char block[4096];
    FILE *file = fopen(path, "rb");
    size_t count;
    while (file != NULL && (count = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(out, slice_of(block, count));
    return file != NULL && fclose(file) == 0 && out->length > 0;
}

int main(int argc, char **argv)
{
    printf("us per KiB (*: something was taken out, !: withheld)\n%-24s %7s", "text", "bytes");
    for (size_t j = 0; j < PLANS; j++)
        printf("  %-7s", plans[j].name);
    printf("\n");
    for (int i = 1; i < argc; i++) {
        struct buffer text;
        buffer_init(&text, 0);
        const char *name = strrchr(argv[i], '/');
        if (!read_file(argv[i], &text))
            return 1;
        run(name == NULL ? argv[i] : name + 1, buffer_slice(&text));
        buffer_release(&text);
    }
    if (argc == 1) {
        run("prose", slice_from_string(prose));
        run("JSON", slice_from_string(data));
        run("code", slice_from_string(code));
    }
    return 0;
}
