// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The only door to PCRE2. A compiled expression is shared by threads; what a match needs lives in
// the arena of the decision. The work of one decision is bounded: an expression and an agent's
// text together must never stop a thread.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "policy/compile_internal.h"
#include "policy/regex_internal.h"

#include "base/memory.h"

#include <pcre2.h>

enum { PATTERN_MAX = 8192, TEXT_MAX = 4 << 20 };
enum { HEAP_KIB = 4096, DEPTH_MAX = 50000, STEPS_MAX = 1000000 };
enum { STACK_MIN = 64 << 10, STACK_MAX = 2 << 20 };
// Steps of one decision's regular expressions, all together.
static const uint64_t WORK_MAX = 1U << 30;

struct regex {
    struct regex *next;
    pcre2_code *code;
    bool anchored;     // tried at the start of the text only
    bool may_be_empty; // matches where nothing is
    struct regex_literal literal;
    bool repeats; // without unbounded repeats, the work grows only linearly with the text
};

static void *take_heap(size_t size, void *argument)
{
    (void)argument;
    return memory_try_new(size);
}

static void free_heap(void *block, void *argument)
{
    (void)argument;
    memory_free(block);
}

static void *take_arena(size_t size, void *argument)
{
    return arena_take(argument, size);
}

static void free_arena(void *block, void *argument)
{
    (void)block;
    (void)argument;
}

void regex_free_all(struct regex *first)
{
    for (; first != NULL; first = first->next)
        pcre2_code_free(first->code);
}

static bool counts_hundreds(struct slice pattern, size_t brace)
{
    size_t digits = 0;
    for (size_t i = brace + 1; i < pattern.length && pattern.data[i] != '}'; i++) {
        bool digit = pattern.data[i] >= '0' && pattern.data[i] <= '9';
        digits = digit ? digits + 1 : 0;
        if (digits > 2)
            return true;
    }
    return false;
}

// Read off the text, erring on the side of "yes".
static bool may_repeat(struct slice pattern)
{
    for (size_t i = 0; i < pattern.length; i++) {
        char c = pattern.data[i];
        char next = i + 1 < pattern.length ? pattern.data[i + 1] : '\0';
        if (c == '*' || c == '+' || (c == ',' && next == '}') || (c == '\\' && next == 'X') ||
            (c == '\\' && next == 'g') || (c == '(' && next == '*'))
            return true;
        // A group repeated, or a count of three digits.
        if (c == '{' && ((i > 0 && pattern.data[i - 1] == ')') || counts_hundreds(pattern, i)))
            return true;
        if (c == '(' && next == '?' && i + 2 < pattern.length &&
            strchr(":=!i", pattern.data[i + 2]) == NULL)
            return true;
    }
    return false;
}

static pcre2_code *compile_code(struct compiler *c, uint32_t node, struct slice pattern)
{
    pcre2_general_context *memory = pcre2_general_context_create(take_heap, free_heap, NULL);
    pcre2_compile_context *context = memory == NULL ? NULL : pcre2_compile_context_create(memory);
    pcre2_code *code = NULL;
    if (context == NULL) {
        c->no_memory = true;
        goto done;
    }
    int error;
    PCRE2_SIZE at;
    // '$' is the very end, not also the place before a last line feed.
    code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.length,
                         PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY |
                             PCRE2_USE_OFFSET_LIMIT,
                         &error, &at, context);
    if (code == NULL && error == PCRE2_ERROR_HEAP_FAILED) {
        c->no_memory = true;
    } else if (code == NULL) {
        char text[160] = "";
        pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
        compile_error(c, node, "wrong regular expression, at character %zu: %s", at + 1, text);
    } else {
        // Without JIT (a hardened system) the interpreter is used.
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    }
done:
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory);
    return code;
}

const struct regex *regex_compile(struct compiler *c, uint32_t node, struct slice pattern)
{
    if (pattern.length > PATTERN_MAX) {
        compile_error(c, node, "a regular expression has at most %d bytes", PATTERN_MAX);
        return NULL;
    }
    struct regex *regex = compile_take(c, 1, sizeof *regex);
    if (regex == NULL)
        return NULL;
    regex->code = compile_code(c, node, pattern);
    if (regex->code == NULL)
        return NULL;
    uint32_t options = 0;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_ALLOPTIONS, &options);
    regex->anchored = (options & PCRE2_ANCHORED) != 0;
    uint32_t may_be_empty = 1;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_MATCHEMPTY, &may_be_empty);
    regex->may_be_empty = may_be_empty != 0;
    regex->repeats = may_repeat(pattern);
    regex_literal_read(pattern, &regex->literal);
    regex->next = c->policy->regexes;
    c->policy->regexes = regex;
    return regex;
}

static bool prepare(struct regex_scratch *scratch, struct arena *arena)
{
    if (scratch->limits != NULL)
        return true;
    pcre2_general_context *context = pcre2_general_context_create(take_arena, free_arena, arena);
    if (context == NULL)
        return false;
    scratch->context = context;
    scratch->data = pcre2_match_data_create(1, context);
    pcre2_match_context *limits =
        scratch->data == NULL ? NULL : pcre2_match_context_create(context);
    if (limits == NULL)
        return false;
    pcre2_set_heap_limit(limits, HEAP_KIB);
    pcre2_set_depth_limit(limits, DEPTH_MAX);
    scratch->limits = limits;
    return true;
}

// PCRE2 tries each place of the text in turn, limits the steps of one try only, and a step may run
// along the text. So without an anchor the work is bounded by the square of the length.
static bool book_work(const struct regex *regex, size_t length, struct regex_scratch *scratch)
{
    uint64_t tries = regex->anchored ? 1 : (uint64_t)length + 1;
    if (length > TEXT_MAX)
        return false;
    uint64_t work =
        regex->repeats && !regex->anchored ? tries * tries : ((uint64_t)length + 1) * 64;
    if (work > WORK_MAX - scratch->work)
        return false;
    scratch->work += work;
    uint64_t steps = WORK_MAX / 16 / tries;
    pcre2_set_match_limit(scratch->limits, (uint32_t)(steps < STEPS_MAX ? steps : STEPS_MAX));
    return true;
}

// The small stack of compiled expressions was too small: again with a larger one.
static int match_with_stack(const struct regex *regex, struct slice text, size_t from,
                            struct regex_scratch *scratch)
{
    pcre2_jit_stack *stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, scratch->context);
    if (stack == NULL)
        return PCRE2_ERROR_JIT_STACKLIMIT;
    pcre2_jit_stack_assign(scratch->limits, NULL, stack);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.data, text.length, from, 0, scratch->data,
                            scratch->limits);
    pcre2_jit_stack_assign(scratch->limits, NULL, NULL);
    pcre2_jit_stack_free(stack);
    return found;
}

// ---- Long texts, piece by piece

enum { WINDOW_WORK = 1 << 24, WINDOW_STEPS = 1 << 22, STEPS_LEAST = 10000 };

// How many places are tried before the caller is asked again: one try may run along the whole text.
static size_t window_of(const struct regex *regex, size_t length)
{
    if (!regex->repeats || regex->anchored)
        return length + 1;
    size_t window = WINDOW_WORK / (length + 1);
    return window == 0 ? 1 : window;
}

static enum regex_result try_window(const struct regex *regex, struct slice text, size_t from,
                                    size_t last, struct regex_scratch *scratch)
{
    size_t steps = WINDOW_STEPS / (last - from + 1);
    steps = steps < STEPS_LEAST ? STEPS_LEAST : steps > STEPS_MAX ? STEPS_MAX : steps;
    pcre2_set_match_limit(scratch->limits, (uint32_t)steps);
    pcre2_set_offset_limit(scratch->limits, last);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.data, text.length, from,
                            PCRE2_NO_UTF_CHECK, scratch->data, scratch->limits);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = match_with_stack(regex, text, from, scratch);
    return found == PCRE2_ERROR_NOMATCH ? REGEX_NO : found >= 0 ? REGEX_YES : REGEX_LIMIT;
}

// The first character at or behind a byte.
static size_t character_from(struct slice text, size_t at)
{
    while (at < text.length && ((unsigned char)text.data[at] & 0xC0) == 0x80)
        at++;
    return at;
}

enum regex_result regex_find(const struct regex *regex, struct slice text, size_t from,
                             struct regex_scratch *scratch, struct arena *arena, size_t *ret_start,
                             size_t *ret_end)
{
    if (!prepare(scratch, arena))
        return REGEX_LIMIT;
    size_t window = window_of(regex, text.length);
    const struct regex_literal *literal = &regex->literal;
    // Where tries may be long, they are made only where a match can begin.
    bool jumps = literal->prefix && literal->plain && literal->length >= REGEX_PREFIX_LEAST &&
                 regex->repeats;
    if (scratch->may_go_on != NULL && !scratch->may_go_on(scratch->argument))
        return REGEX_LIMIT;
    size_t first = literal->length > 0 && !jumps ? regex_literal_find(literal, text, from) : from;
    if (first == SIZE_MAX)
        return REGEX_NO;
    if (literal->prefix)
        from = first;
    while (from <= text.length) {
        if (jumps)
            from = regex_literal_find(literal, text, from);
        if (from == SIZE_MAX)
            return REGEX_NO;
        if (scratch->may_go_on != NULL && !scratch->may_go_on(scratch->argument))
            return REGEX_LIMIT;
        size_t last = jumps ? from : from + (window - 1);
        if (last > text.length)
            last = text.length;
        enum regex_result result = try_window(regex, text, from, last, scratch);
        if (result == REGEX_LIMIT)
            return result;
        if (result == REGEX_YES) {
            const PCRE2_SIZE *span = pcre2_get_ovector_pointer(scratch->data);
            *ret_start = span[0];
            *ret_end = span[1];
            return result;
        }
        from = character_from(text, last + 1);
    }
    return REGEX_NO;
}

bool regex_matches_empty(const struct regex *regex)
{
    return regex->may_be_empty;
}

enum regex_result regex_match(const struct regex *regex, struct slice text,
                              struct regex_scratch *scratch, struct arena *arena)
{
    size_t start, end;
    if (scratch->may_go_on != NULL)
        return regex_find(regex, text, 0, scratch, arena, &start, &end);
    if (!prepare(scratch, arena) || !book_work(regex, text.length, scratch))
        return REGEX_LIMIT;
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.data, text.length, 0, 0, scratch->data,
                            scratch->limits);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = match_with_stack(regex, text, 0, scratch);
    if (found == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    return found >= 0 ? REGEX_YES : REGEX_LIMIT;
}

bool regex_exceeds(const struct regex *regex, struct slice text, uint32_t steps,
                   struct arena *arena)
{
    struct regex_scratch scratch = {0};
    if (!prepare(&scratch, arena))
        return false;
    pcre2_set_match_limit(scratch.limits, steps);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.data, text.length, 0, 0, scratch.data,
                            scratch.limits);
    return found == PCRE2_ERROR_MATCHLIMIT;
}
