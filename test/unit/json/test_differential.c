// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Mutated MCP messages through our scanner and through jansson (or, built with ORACLE_SECOND,
// through simdjson): same verdict, same values, except the kinds of enum oracle_result. The same
// mutations in every run.
// SALLYPORT_TOOL_DATA may name a file of JSON lines to be mutated as well.
#include "lib/unit.h"

#include "base/memory.h"
#include "oracle.h"

#ifdef ORACLE_SECOND
#define COMPARE oracle_compare_simdjson
static const enum oracle_result kinds[] = {ORACLE_BOTH_ACCEPT,          ORACLE_BOTH_REFUSE,
                                           ORACLE_WE_ALLOW_BIG_NUMBERS, ORACLE_WE_LIMIT_DEPTH,
                                           ORACLE_WE_LIMIT_NUMBERS,     ORACLE_WE_REFUSE_DUPLICATES,
                                           ORACLE_WE_REFUSE_NUL_KEYS};
#else
#define COMPARE oracle_compare
static const enum oracle_result kinds[] = {ORACLE_BOTH_ACCEPT,          ORACLE_BOTH_REFUSE,
                                           ORACLE_WE_ALLOW_BIG_NUMBERS, ORACLE_WE_LIMIT_DEPTH,
                                           ORACLE_WE_LIMIT_NUMBERS,     ORACLE_WE_SEE_NUL};
#endif

enum { ITERATIONS = 400000, MESSAGES_MAX = 400, MESSAGE_SIZE = 4096, TEXT_SIZE = 2 * MESSAGE_SIZE };

static const char *const messages[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
    "\"2025-06-18\",\"capabilities\":{\"roots\":{\"listChanged\":true},\"sampling\":{},"
    "\"elicitation\":{}},\"clientInfo\":{\"name\":\"desk\",\"title\":\"Desk \xE2\x80\x93 "
    "assistant\",\"version\":\"1.4.0\"}}}",
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":"
    "{"
    "\"tools\":{\"listChanged\":true},\"logging\":{}},\"serverInfo\":{\"name\":\"ledger\","
    "\"version\":\"0.9\"},\"instructions\":\"Ask first.\\nThen \\\"book\\\".\"}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
    "list\",\"params\":{\"cursor\":\"YWZ0ZXI6NTA=\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"refund_order\","
    "\"description\":"
    "\"Pays an order back.\\tNeeds \\u20ac and "
    "\\ud83d\\udcb6.\",\"inputSchema\":{\"type\":\"object\","
    "\"properties\":{\"order\":{\"type\":\"string\",\"pattern\":\"^o_[a-z0-9]{8}$\"},\"amount\":{"
    "\"type\":\"number\",\"minimum\":0.01,\"maximum\":1e4}},\"required\":[\"order\",\"amount\"]},"
    "\"annotations\":{\"destructiveHint\":true,\"idempotentHint\":false}}],\"nextCursor\":null}}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"r-7\",\"method\":\"tools/"
    "call\",\"params\":{\"name\":\"refund_order\","
    "\"arguments\":{\"order\":\"o_9f3k2m1q\",\"amount\":12.50,\"reason\":\"Gr\xC3\xB6\xC3\x9F"
    "e falsch\",\"lines\":[1,-2,3.0e0]},\"_meta\":{\"progressToken\":9007199254740993}}}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"r-7\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":"
    "\"{\\\"ok\\\":true,\\\"path\\\":\\\"C:\\\\\\\\tmp\\\"}\"},{\"type\":\"image\",\"data\":"
    "\"iVBORw0KGgo=\",\"mimeType\":\"image\\/png\"}],\"structuredContent\":{\"ok\":true},"
    "\"isError\":false}}",
    "{\"jsonrpc\":\"2.0\",\"id\":9,\"error\":{\"code\":-32602,\"message\":\"Unknown tool: x\","
    "\"data\":{\"at\":[\"params\",\"name\"]}}}",
    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"method\":"
    "\"notifications/cancelled\",\"params\":{\"requestId\":1,\"reason\":\"\xE4\xB8\x8D\xE8\xA6\x81"
    "\xF0\x9F\x99\x82\"}}]",
    " {\r\n\t\"jsonrpc\" : \"2.0\" , \"method\" : \"notifications/progress\" ,\n \"params\" : { "
    "\"progressToken\" : \"p\" , \"progress\" : 0.75 , \"total\" : 1 } }\n",
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":11,"
    "\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16,\"q\":17,\"\\u0072\":18,\"s\":19}",
    "[[],[],{},[],[],{},[]]",
    "[0,-0,1,-1,0.5,1e5,1E-5,123456789012345678,-9223372036854775808,1e308,4.9e-324,true,false]",
};

// What mutations like to insert.
// clang-format off
static const char *const pieces[] = {
    "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\\u0061", "\\u0000", "\\ud83d", "\\ude00",
    "\\/", "\\n", "0", "1", "-", ".", "e", "+", "E400", "e-400", "e99999", "\x1F", "\n", "\t",
    "\xC3\xA9", "\xE2\x82", "\xF0\x9F\x98\x80", "\xED\xA0\x80", "\xC0\xAF", "\xEF\xBB\xBF",
    "\x80", "\xFF", "null", "true", "false", "nul", "\"id\":1,", ",\"id\":1", "\"\\u0069d\":1,",
    "\"ID\":1,", "\"a\":0,", "\"\":0,", "[[[[[[[[[[", "]]]]]]]]]]", "{\"a\":{\"a\":{\"a\":",
    "12345678901234567890", "/*x*/", "NaN", "'", "\\x41", "[[1]]", ",[{}]", "{}", "[]",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", // beyond our depth, not theirs
};
// clang-format on

struct corpus {
    char *texts[MESSAGES_MAX];
    size_t lengths[MESSAGES_MAX];
    size_t count;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545F4914F6CDD1Dull >> 11;
}

static size_t below(uint64_t *state, size_t bound)
{
    return bound == 0 ? 0 : (size_t)(next_random(state) % bound);
}

static void add_message(struct corpus *corpus, const char *text, size_t length)
{
    if (corpus->count == MESSAGES_MAX || length == 0 || length > MESSAGE_SIZE)
        return;
    corpus->texts[corpus->count] = memory_copy_string(text, length);
    corpus->lengths[corpus->count++] = length;
}

static void load_messages(struct corpus *corpus)
{
    *corpus = (struct corpus){.count = 0};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        add_message(corpus, messages[i], strlen(messages[i]));
}

static void load_file(struct corpus *corpus, FILE *file)
{
    *corpus = (struct corpus){.count = 0};
    char line[MESSAGE_SIZE + 2];
    while (corpus->count < MESSAGES_MAX && fgets(line, sizeof line, file) != NULL)
        add_message(corpus, line, strlen(line));
}

static void release_corpus(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        memory_free(corpus->texts[i]);
}

// Replaces `removed` bytes at `at` by a piece; texts that would grow too long stay as they are.
static size_t splice(char *text, size_t length, size_t at, size_t removed, const char *piece,
                     size_t size)
{
    if (length - removed + size > TEXT_SIZE)
        return length;
    memmove(text + at + size, text + at + removed, length - at - removed);
    memmove(text + at, piece, size);
    return length - removed + size;
}

static size_t mutate(char *text, size_t length, uint64_t *random)
{
    size_t at = below(random, length + 1), span = below(random, 12);
    const char *piece = pieces[below(random, sizeof pieces / sizeof *pieces)];
    if (span > length - at)
        span = length - at;
    char copy[12];
    memcpy(copy, text + at, span);
    switch (below(random, 8)) {
    case 0: // a flipped bit
        if (at < length)
            text[at] = (char)(text[at] ^ 1 << below(random, 8));
        return length;
    case 1: return splice(text, length, at, span, "", 0);
    case 2: return at; // cut
    case 3: return splice(text, length, below(random, length + 1), 0, copy, span);
    case 4: // a byte of its own making
        copy[0] = (char)below(random, 256);
        return splice(text, length, at, 0, copy, 1);
    case 5: return splice(text, length, at, span, piece, strlen(piece));
    default: return splice(text, length, at, 0, piece, strlen(piece));
    }
}

static size_t make_text(const struct corpus *corpus, uint64_t *random, char *text)
{
    size_t which = below(random, corpus->count), length = corpus->lengths[which];
    memcpy(text, corpus->texts[which], length);
    for (size_t rounds = below(random, 3) + 1; rounds > 0; rounds--)
        length = mutate(text, length, random);
    return length;
}

// The text as a C string literal, to be pasted into a test.
static void fail_with(int iteration, struct slice text)
{
    fputc('"', stderr);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= ' ' && c < 0x7F && c != '"' && c != '\\')
            fputc(c, stderr);
        else
            fprintf(stderr, "\\%03o", c);
    }
    fputs("\"\n", stderr);
    fail_msg("iteration %d: our verdict or value differs from the other's", iteration);
}

static void run(const struct corpus *corpus, size_t seen[ORACLE_COUNT])
{
    uint64_t random = 0x9E3779B97F4A7C15ull;
    char text[TEXT_SIZE];
    struct oracle *oracle = oracle_new();
    for (int i = 0; i < ITERATIONS; i++) {
        size_t length = make_text(corpus, &random, text);
        enum oracle_result result = COMPARE(oracle, slice_of(text, length));
        seen[result]++;
        if (result == ORACLE_DISAGREE)
            fail_with(i, slice_of(text, length));
    }
    for (int result = 0; result < ORACLE_COUNT; result++)
        print_message("%-28s %zu\n", oracle_name((enum oracle_result)result), seen[result]);
    oracle_free(oracle);
}

static void mutated_messages_get_the_same_verdict(void **state)
{
    (void)state;
    struct corpus corpus;
    size_t seen[ORACLE_COUNT] = {0};
    load_messages(&corpus);
    run(&corpus, seen);
    // Each kind came up: no exception is idle, and the mutations reach them all.
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_true(seen[kinds[i]] > 0);
    release_corpus(&corpus);
}

static void mutated_tool_data_gets_the_same_verdict(void **state)
{
    (void)state;
    const char *path = getenv("SALLYPORT_TOOL_DATA");
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    if (file == NULL)
        skip();
    struct corpus corpus;
    size_t seen[ORACLE_COUNT] = {0};
    load_file(&corpus, file);
    fclose(file);
    run(&corpus, seen);
    release_corpus(&corpus);
}

static void unchanged_messages_are_accepted_by_both(void **state)
{
    (void)state;
    struct oracle *oracle = oracle_new();
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        assert_int_equal(COMPARE(oracle, slice_from_string(messages[i])), ORACLE_BOTH_ACCEPT);
    oracle_free(oracle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_messages_are_accepted_by_both),
        cmocka_unit_test(mutated_messages_get_the_same_verdict),
        cmocka_unit_test(mutated_tool_data_gets_the_same_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
