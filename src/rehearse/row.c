// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A line of the log, read once from left to right: a million of them in a second. Their members
// always stand in one order, but nothing depends on it.
#include "rehearse/rehearse_internal.h"

#include "base/clock.h"

// The end of a string that begins behind an opening quote: its closing quote, or NULL.
static const char *string_end(const char *at, const char *end)
{
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL || quote[-1] != '\\')
            return quote;
        size_t slashes = 0;
        while (quote - slashes > at && quote[-1 - (ptrdiff_t)slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return quote;
        at = quote + 1;
    }
    return NULL;
}

// Behind an array or object; NULL: it does not end.
static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        switch (*at) {
        case '"':
            at = string_end(at + 1, end);
            if (at == NULL)
                return NULL;
            break;
        case '[':
        case '{': depth++; break;
        case ']':
        case '}':
            if (--depth == 0)
                return at + 1;
            break;
        default: break;
        }
        at++;
    }
    return NULL;
}

// A value that is neither text nor nested.
static const char *skip_word(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}')
        at++;
    return at;
}

static int64_t number_of(struct slice text)
{
    int64_t value = 0;
    if (text.length == 0 || text.length > 18)
        return 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

struct member {
    struct slice name;
    size_t at;
    enum { TEXT, NUMBER, NESTED, PASSED } kind;
};
// Of no use here, and known so that what follows is found at once.
#define ROW_PASSED(name)                                                                           \
    {                                                                                              \
        {name, sizeof name - 1}, 0, PASSED                                                         \
    }
#define ROW_MEMBER(name, field, kind)                                                              \
    {                                                                                              \
        {name, sizeof name - 1}, offsetof(struct rehearse_row, field), kind                        \
    }
#define ROW_TEXT(field) ROW_MEMBER(#field, field, TEXT)

static const struct member members[] = {
    ROW_TEXT(id),
    ROW_TEXT(organisation),
    ROW_TEXT(grant),
    ROW_TEXT(server),
    ROW_TEXT(session),
    ROW_TEXT(client),
    ROW_PASSED("peer"),
    ROW_TEXT(direction),
    ROW_TEXT(method),
    ROW_TEXT(subject),
    ROW_TEXT(outcome),
    ROW_TEXT(rule),
    ROW_TEXT(reason),
    ROW_TEXT(policy),
    ROW_TEXT(policy_version),
    ROW_TEXT(approval),
    ROW_PASSED("trace"),
    ROW_MEMBER("argument_keys", keys, NESTED),
    ROW_MEMBER("argument_keys_total", keys_total, NUMBER),
    ROW_MEMBER("arguments", arguments, NESTED),
    ROW_MEMBER("arguments_left_out", left_out, NUMBER),
    ROW_PASSED("redacted"),
    ROW_PASSED("charged"),
    ROW_PASSED("charged_total"),
    ROW_TEXT(answer),
    ROW_PASSED("upstream_status"),
    ROW_MEMBER("decide_us", decide_us, NUMBER),
    ROW_MEMBER("upstream_us", upstream_us, NUMBER),
    ROW_MEMBER("total_us", total_us, NUMBER),
    ROW_MEMBER("seq", number, NUMBER),
    ROW_PASSED("link"),
};
enum { MEMBERS = sizeof members / sizeof *members };

// A call of memcmp for each member of each row is a fifth of all.
static inline bool is_same(const char *a, const char *b, size_t length)
{
    uint64_t first[2], second[2];
    if (length < sizeof *first || length > 2 * sizeof *first)
        return memcmp(a, b, length) == 0;
    memcpy(&first[0], a, sizeof *first);
    memcpy(&first[1], a + length - sizeof *first, sizeof *first);
    memcpy(&second[0], b, sizeof *second);
    memcpy(&second[1], b + length - sizeof *second, sizeof *second);
    return first[0] == second[0] && first[1] == second[1];
}

static inline bool is_name(const struct member *member, const char *name, size_t length)
{
    uint32_t first[2], second[2];
    if (member->name.length != length || *member->name.data != *name)
        return false;
    if (length >= 8 || length < 4)
        return is_same(member->name.data, name, length);
    memcpy(&first[0], name, sizeof *first);
    memcpy(&first[1], name + length - sizeof *first, sizeof *first);
    memcpy(&second[0], member->name.data, sizeof *second);
    memcpy(&second[1], member->name.data + length - sizeof *second, sizeof *second);
    return first[0] == second[0] && first[1] == second[1];
}

// Looks from where the one before stands: nearly always it is the next or the one after that.
static const struct member *find_member(const char *name, size_t length, size_t *next)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        size_t at = *next + i < MEMBERS ? *next + i : *next + i - MEMBERS;
        const struct member *member = &members[at];
        if (!is_name(member, name, length))
            continue;
        *next = at + 1 < MEMBERS ? at + 1 : 0;
        return member;
    }
    return NULL;
}

static void take(struct rehearse_row *row, const struct member *member, struct slice value)
{
    char *place = (char *)row + member->at;
    char first = *value.data;
    if (member->kind == NUMBER) {
        int64_t number = number_of(value);
        memcpy(place, &number, sizeof number);
    } else if (member->kind == NESTED && (first == '[' || first == '{')) {
        memcpy(place, &value, sizeof value);
    } else if (member->kind == TEXT && first == '"') {
        value = slice_of(value.data + 1, value.length - 2);
        memcpy(place, &value, sizeof value);
    }
}

// Behind the value that begins at `at`, or NULL.
static const char *value_end(const char *at, const char *end)
{
    if (at >= end)
        return NULL;
    if (*at == '"') {
        const char *quote = string_end(at + 1, end);
        return quote == NULL ? NULL : quote + 1;
    }
    return *at == '[' || *at == '{' ? skip_nested(at, end) : skip_word(at, end);
}

static bool read_members(const char *at, const char *end, struct rehearse_row *row)
{
    size_t next = 0;
    while (at < end && *at == ',') {
        if (end - at < 4 || at[1] != '"')
            return false;
        const char *name = at + 2, *quote = memchr(name, '"', (size_t)(end - name));
        if (quote == NULL || end - quote < 3 || quote[1] != ':')
            return false;
        const char *value = quote + 2;
        at = value_end(value, end);
        if (at == NULL || at == value)
            return false;
        size_t length = (size_t)(quote - name);
        const struct member *member = find_member(name, length, &next);
        if (member != NULL)
            take(row, member, slice_of(value, (size_t)(at - value)));
        else if (length == 4 && memcmp(name, "note", 4) == 0)
            row->note = true;
    }
    return end - at == 1 && *at == '}';
}

static int digits(const char *at)
{
    return at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9'
               ? -1
               : (at[0] - '0') * 10 + (at[1] - '0');
}

bool rehearse_time(struct slice text, struct rehearse_minute *minute, int64_t *ret_ms)
{
    enum { MINUTE = 16 }; // "2026-11-21T09:18"
    if (text.length != CLOCK_TEXT_SIZE - 1)
        return false;
    if (memcmp(text.data, minute->text, MINUTE) != 0) {
        char whole[CLOCK_TEXT_SIZE] = "....-..-..T..:..:00.000Z";
        memcpy(whole, text.data, MINUTE);
        if (!clock_parse(slice_of(whole, CLOCK_TEXT_SIZE - 1), &minute->begins_ms))
            return false;
        memcpy(minute->text, text.data, MINUTE);
    }
    int seconds = digits(text.data + 17), hundredths = digits(text.data + 20);
    char last = text.data[22];
    if (text.data[16] != ':' || text.data[19] != '.' || text.data[23] != 'Z' || seconds < 0 ||
        seconds > 59 || hundredths < 0 || last < '0' || last > '9')
        return false;
    *ret_ms = minute->begins_ms + seconds * 1000 + hundredths * 10 + (last - '0');
    return true;
}

bool rehearse_read(struct slice line, struct rehearse_minute *minute, struct rehearse_row *ret)
{
    static const struct slice start = {"{\"time\":\"", 9};
    enum { BEHIND = 9 + CLOCK_TEXT_SIZE };
    *ret = (struct rehearse_row){0};
    return line.length > BEHIND && slice_starts_with(line, start) && line.data[BEHIND - 1] == '"' &&
           rehearse_time(slice_of(line.data + start.length, CLOCK_TEXT_SIZE - 1), minute,
                         &ret->time_ms) &&
           read_members(line.data + BEHIND, line.data + line.length, ret);
}

// What was sent is charged when it is sent; what was not, when it was judged.
int64_t rehearse_decided_ms(const struct rehearse_row *row)
{
    int64_t us = row->upstream_us > 0 ? row->upstream_us : row->total_us - row->decide_us;
    return us <= 0 || us / 1000 > row->time_ms ? row->time_ms : row->time_ms - us / 1000;
}

bool rehearse_row_read(struct slice line, struct rehearse_row *ret)
{
    struct rehearse_minute minute = {0};
    return rehearse_read(line, &minute, ret);
}
