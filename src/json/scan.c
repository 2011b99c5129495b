// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The scanner: one pass, no recursion. An open array or object keeps the index of the one around
// it in `next` until it closes, so nesting needs no memory of its own.
//
// Each scan_ function takes the place of its first byte and returns the place behind what it
// read, or NULL after it noted the fault.
#include "json/json.h"

#include "base/memory.h"
#include "json/json_internal.h"

enum { FIRST_CAPACITY = 64, DEFAULT_NODES = 4000000, TEXT_MAX = 0x7FFFFFFF };

struct scanner {
    struct json_doc *doc;
    const unsigned char *begin;
    const unsigned char *end;
    struct json_node *nodes; // doc->nodes
    uint32_t count;
    uint32_t room;   // nodes that may be used before growing
    uint32_t parent; // innermost open array or object
    uint32_t depth;
    struct json_limits limits;
    const unsigned char *nul; // the last \u0000 seen
    struct json_seed seed;
    struct json_fault fault;
};

#define UNLIKELY(condition) __builtin_expect((condition), 0)

// ---- Faults

__attribute__((cold, noinline)) static const unsigned char *fail(struct scanner *s, int code,
                                                                 const unsigned char *at,
                                                                 const char *text, uint32_t number)
{
    s->fault = (struct json_fault){code, at, text, number, JSON_NONE};
    return NULL;
}

static const unsigned char *expected(struct scanner *s, const unsigned char *at, const char *text)
{
    return fail(s, ERROR_SYNTAX, at, text, 0);
}

// ---- Nodes

__attribute__((cold, noinline)) static bool grow(struct scanner *s, const unsigned char *at)
{
    if (s->count >= s->limits.nodes) {
        fail(s, ERROR_TOO_LARGE, at, "more values and keys than the limit of", s->limits.nodes);
        return false;
    }
    uint32_t capacity = s->doc->capacity < FIRST_CAPACITY / 2 ? FIRST_CAPACITY / 2 : s->room;
    capacity = capacity > s->limits.nodes / 2 ? s->limits.nodes : capacity * 2;
    struct json_node *nodes = memory_try_resize(s->nodes, (size_t)capacity * sizeof *nodes);
    if (nodes == NULL) {
        fail(s, ERROR_NO_MEMORY, at, "out of memory", 0);
        return false;
    }
    s->doc->nodes = s->nodes = nodes;
    s->doc->capacity = s->room = capacity;
    return true;
}

// A complete value from `start` to `end`.
static inline const unsigned char *add_node(struct scanner *s, enum json_type type,
                                            const unsigned char *start, const unsigned char *end)
{
    if (UNLIKELY(s->count == s->room) && !grow(s, start))
        return NULL;
    uint32_t index = s->count++;
    s->nodes[index] = (struct json_node){.start = (uint32_t)(start - s->begin),
                                         .length = (uint32_t)(end - start),
                                         .next = index + 1,
                                         .type = (uint8_t)type};
    return end;
}

// ---- White space and strings

static inline const unsigned char *skip_space(const unsigned char *at, const unsigned char *end)
{
    while (at < end && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

static inline bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

// Are all eight bytes plain? May say no wrongly, never yes.
static inline bool are_eight_plain(const unsigned char *at)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    return (((word - ones * ' ') | (quote - ones) | (backslash - ones) | word) & tops) == 0;
}

// To the first byte of a string's body that needs a look: quote, backslash, control, not ASCII.
static inline const unsigned char *skip_plain(const unsigned char *at, const unsigned char *end)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        unsigned doubtful = json_doubtful_bytes(at);
        if (doubtful != 0)
            return at + __builtin_ctz(doubtful);
    }
#endif
    while (end - at >= 8 && are_eight_plain(at))
        at += 8;
    while (at < end && is_plain(*at))
        at++;
    return at;
}

// The second half of a surrogate pair must follow at once.
static const unsigned char *scan_surrogates(struct scanner *s, const unsigned char *at,
                                            uint32_t first)
{
    if (first >= 0xDC00)
        return expected(s, at, "a high surrogate before this low one");
    uint32_t second = UINT32_MAX;
    if (s->end - at >= 12 && at[6] == '\\' && at[7] == 'u')
        second = json_hex4(at + 8);
    if (second < 0xDC00 || second > 0xDFFF)
        return expected(s, at, "a low surrogate behind this high one");
    return at + 12;
}

static const unsigned char *scan_unicode_escape(struct scanner *s, const unsigned char *at)
{
    uint32_t character = s->end - at >= 6 ? json_hex4(at + 2) : UINT32_MAX;
    if (character == UINT32_MAX) {
        const unsigned char *digit = at + 2;
        while (digit < s->end && ((*digit >= '0' && *digit <= '9') ||
                                  ((*digit | 0x20) >= 'a' && (*digit | 0x20) <= 'f')))
            digit++;
        return expected(s, digit, "four hexadecimal digits behind \\u");
    }
    if (character == 0)
        s->nul = at;
    return character >= 0xD800 && character <= 0xDFFF ? scan_surrogates(s, at, character) : at + 6;
}

static const unsigned char *scan_escape(struct scanner *s, const unsigned char *at)
{
    switch (at + 1 < s->end ? at[1] : 0) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return at + 2;
    case 'u': return scan_unicode_escape(s, at);
    default: return expected(s, at + 1, "one of \"\\/bfnrtu behind the backslash");
    }
}

static const unsigned char *scan_beyond_ascii(struct scanner *s, const unsigned char *at)
{
    while (at < s->end && *at >= 0x80) {
        size_t length = json_utf8_sequence(at, s->end);
        if (length == 0)
            return expected(s, at, "well-formed UTF-8");
        at += length;
    }
    return at;
}

static inline const unsigned char *scan_string(struct scanner *s, const unsigned char *start)
{
    const unsigned char *at = start + 1;
    bool escaped = false;
    for (;;) {
        at = skip_plain(at, s->end);
        if (UNLIKELY(at == s->end))
            return expected(s, at, "'\"' at the end of the string");
        if (*at == '"')
            break;
        if (*at == '\\') {
            escaped = true;
            at = scan_escape(s, at);
        } else if (*at >= 0x80) {
            at = scan_beyond_ascii(s, at);
        } else {
            return expected(s, at, "control characters to be escaped");
        }
        if (UNLIKELY(at == NULL))
            return NULL;
    }
    at = add_node(s, JSON_STRING, start, at + 1);
    if (escaped && at != NULL)
        s->nodes[s->count - 1].escaped = true;
    return at;
}

// ---- Numbers and literals

static inline bool is_digit(const struct scanner *s, const unsigned char *at)
{
    return at < s->end && *at >= '0' && *at <= '9';
}

static inline const unsigned char *scan_digits(struct scanner *s, const unsigned char *at)
{
    if (!is_digit(s, at))
        return expected(s, at, "a digit");
    while (is_digit(s, at))
        at++;
    return at;
}

static const unsigned char *scan_exponent(struct scanner *s, const unsigned char *at)
{
    at++;
    if (at < s->end && (*at == '+' || *at == '-'))
        at++;
    const unsigned char *digits = at;
    at = scan_digits(s, at);
    uint32_t exponent = 0;
    for (; at != NULL && digits < at && exponent <= JSON_EXPONENT_MAX; digits++)
        exponent = exponent * 10 + (uint32_t)(*digits - '0');
    if (exponent > JSON_EXPONENT_MAX)
        return fail(s, ERROR_TOO_LARGE, digits - 1, "an exponent beyond the limit of",
                    JSON_EXPONENT_MAX);
    return at;
}

static inline const unsigned char *scan_number(struct scanner *s, const unsigned char *start)
{
    const unsigned char *at = *start == '-' ? start + 1 : start;
    const unsigned char *integer = at;
    at = scan_digits(s, at);
    if (at != NULL && *integer == '0' && at > integer + 1)
        return expected(s, integer + 1, "no digit behind a leading 0");
    if (at != NULL && at < s->end && *at == '.')
        at = scan_digits(s, at + 1);
    if (at != NULL && at < s->end && (*at | 0x20) == 'e')
        at = scan_exponent(s, at);
    if (at == NULL)
        return NULL;
    if (at - start > JSON_NUMBER_LENGTH)
        return fail(s, ERROR_TOO_LARGE, start, "a number of more characters than the limit of",
                    JSON_NUMBER_LENGTH);
    return add_node(s, JSON_NUMBER, start, at);
}

static const unsigned char *scan_literal(struct scanner *s, const unsigned char *start,
                                         enum json_type type, const char *text)
{
    const unsigned char *at = start;
    for (const char *letter = text + 1; *letter != '\''; letter++, at++)
        if (at == s->end || *at != (unsigned char)*letter)
            return expected(s, at, text);
    return add_node(s, type, start, at);
}

static inline const unsigned char *scan_scalar(struct scanner *s, const unsigned char *at)
{
    if (at == s->end)
        return expected(s, at, "a value");
    switch (*at) {
    case '"': return scan_string(s, at);
    case 't': return scan_literal(s, at, JSON_TRUE, "'true'");
    case 'f': return scan_literal(s, at, JSON_FALSE, "'false'");
    case 'n': return scan_literal(s, at, JSON_NULL, "'null'");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return scan_number(s, at);
    default: return expected(s, at, "a value");
    }
}

// ---- Arrays and objects

// A key, its colon and the space around; returns the place of the value.
static inline const unsigned char *scan_key(struct scanner *s, const unsigned char *at,
                                            const char *wanted)
{
    if (at == s->end || *at != '"')
        return expected(s, at, wanted);
    uint32_t key = s->count;
    at = scan_string(s, at);
    if (at == NULL)
        return NULL;
    s->nodes[key].is_key = true;
    if (UNLIKELY(s->nul != NULL) && s->nul >= s->begin + s->nodes[key].start)
        return expected(s, s->nul, "a key without NUL");
    at = skip_space(at, s->end);
    if (at == s->end || *at != ':')
        return expected(s, at, "':'");
    return skip_space(at + 1, s->end);
}

// Returns the place of the first element, key or closing bracket.
static inline const unsigned char *open_container(struct scanner *s, const unsigned char *at)
{
    if (s->depth == s->limits.depth)
        return fail(s, ERROR_TOO_LARGE, at, "arrays and objects nested deeper than the limit of",
                    s->limits.depth);
    uint32_t index = s->count;
    if (add_node(s, *at == '{' ? JSON_OBJECT : JSON_ARRAY, at, at) == NULL)
        return NULL;
    s->nodes[index].next = s->parent;
    s->parent = index;
    s->depth++;
    return skip_space(at + 1, s->end);
}

static const unsigned char *check_keys(struct scanner *s, uint32_t object, const unsigned char *at)
{
    uint32_t key;
    if (json_find_duplicate(s->doc, object, &s->seed, &key) != 0)
        return fail(s, ERROR_NO_MEMORY, at, "out of memory", 0);
    if (key == JSON_NONE)
        return at;
    fail(s, ERROR_AMBIGUOUS, s->begin + s->nodes[key].start, "duplicate key", 0);
    s->fault.key = key;
    return NULL;
}

// `at` stands on the closing bracket of the innermost array or object.
static inline const unsigned char *close_container(struct scanner *s, const unsigned char *at)
{
    uint32_t index = s->parent;
    struct json_node *node = &s->nodes[index];
    s->parent = node->next;
    s->depth--;
    node->next = s->count;
    node->length = (uint32_t)(at + 1 - s->begin) - node->start;
    return node->type == JSON_OBJECT && node->count > 1 ? check_keys(s, index, at + 1) : at + 1;
}

// Behind a value: closes what ends here. Returns the place of the next value or, when everything
// is closed, the place behind the whole.
static inline const unsigned char *scan_behind_value(struct scanner *s, const unsigned char *at)
{
    while (at != NULL && s->parent != JSON_NONE) {
        struct json_node *node = &s->nodes[s->parent];
        bool is_object = node->type == JSON_OBJECT;
        at = skip_space(at, s->end);
        if (at < s->end && *at == ',') {
            node->count++;
            at = skip_space(at + 1, s->end);
            return is_object ? scan_key(s, at, "a key") : at;
        }
        if (at == s->end || *at != (is_object ? '}' : ']'))
            return expected(s, at, is_object ? "',' or '}'" : "',' or ']'");
        at = close_container(s, at);
    }
    return at;
}

static const unsigned char *scan_all(struct scanner *s, const unsigned char *at)
{
    for (;;) {
        if (at < s->end && (*at == '{' || *at == '[')) {
            bool is_object = *at == '{';
            at = open_container(s, at);
            if (at == NULL)
                return NULL;
            bool is_empty = at < s->end && *at == (is_object ? '}' : ']');
            if (!is_empty) {
                s->nodes[s->parent].count = 1;
                at = is_object ? scan_key(s, at, "a key or '}'") : at;
                if (at == NULL)
                    return NULL;
                continue;
            }
            at = close_container(s, at);
        } else {
            at = scan_scalar(s, at);
        }
        at = scan_behind_value(s, at);
        if (at == NULL || s->parent == JSON_NONE)
            return at;
    }
}

static bool scan_text(struct scanner *s)
{
    const unsigned char *at = scan_all(s, skip_space(s->begin, s->end));
    if (at == NULL)
        return false;
    at = skip_space(at, s->end);
    return at == s->end || expected(s, at, "the end of the text") != NULL;
}

// ---- The door

static struct json_limits effective_limits(const struct json_limits *limits)
{
    struct json_limits result = limits == NULL ? (struct json_limits){0} : *limits;
    if (result.depth == 0)
        result.depth = JSON_DEFAULT_DEPTH;
    if (result.depth > JSON_DEPTH_MAX)
        result.depth = JSON_DEPTH_MAX;
    if (result.nodes == 0)
        result.nodes = DEFAULT_NODES;
    return result;
}

int json_scan(struct json_doc *doc, struct slice text, const struct json_limits *limits,
              struct error *error, size_t *ret_offset)
{
    doc->count = 0;
    doc->text = text.data == NULL ? slice_of("", 0) : text;
    struct scanner s = {.doc = doc, .nodes = doc->nodes, .parent = JSON_NONE};
    s.begin = (const unsigned char *)doc->text.data;
    s.end = s.begin + doc->text.length;
    s.limits = effective_limits(limits);
    s.room = doc->capacity < s.limits.nodes ? doc->capacity : s.limits.nodes;
    if (doc->text.length > TEXT_MAX)
        fail(&s, ERROR_TOO_LARGE, s.begin, "more bytes than the limit of", TEXT_MAX);
    else if (scan_text(&s))
        doc->count = s.count;
    if (doc->count > 0)
        return 0;
    if (ret_offset != NULL)
        *ret_offset = (size_t)(s.fault.at - s.begin);
    return json_report(doc, &s.fault, error);
}

void json_doc_init(struct json_doc *doc)
{
    *doc = (struct json_doc){0};
}

void json_doc_release(struct json_doc *doc)
{
    memory_free(doc->nodes);
    json_doc_init(doc);
}
