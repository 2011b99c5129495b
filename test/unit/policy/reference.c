// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "reference.h"

#include <arpa/inet.h>
#include <math.h>
#include <pcre2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { TEXT = 1024 };
enum truth { NO, YES, WRONG };

// Everything that conditions can see is one JSON document, {"args":...,"tool":{...},...}, so that
// a path is just a walk from its root.
struct world {
    const struct json_doc *policy;
    const struct policy_call *call;
    struct json_doc doc;
    struct buffer text;
    struct reference_verdict *out;
};

// snprintf whose cuts the compiler need not weigh: the generator's texts are short.
static size_t print(char *out, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
static size_t print(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, size, format, arguments);
    va_end(arguments);
    return length < 0 ? 0 : (size_t)length;
}

// ---- Plain C strings out of JSON

static void text_of(const struct json_doc *doc, uint32_t node, char out[TEXT])
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct slice s = json_string(doc, node, &arena);
    print(out, TEXT, "%.*s", (int)s.length, s.data);
    arena_release(&arena);
}

static bool member_text(const struct json_doc *doc, uint32_t object, const char *name,
                        char out[TEXT])
{
    uint32_t node = json_get(doc, object, name);
    out[0] = '\0';
    if (node == JSON_NONE)
        return false;
    text_of(doc, node, out);
    return true;
}

static double number_of(const struct json_doc *doc, uint32_t node)
{
    char raw[TEXT];
    struct slice s = json_raw(doc, node);
    print(raw, sizeof raw, "%.*s", (int)s.length, s.data);
    return strtod(raw, NULL);
}

// ---- The world of one call

static void add_text(struct buffer *out, const char *name, struct slice value)
{
    if (value.length == 0)
        return;
    json_write_key(out, name);
    json_write_string(out, value);
}

static void build_world(struct world *w)
{
    const struct policy_call *call = w->call;
    struct buffer *out = &w->text;
    buffer_init(out, 0);
    buffer_append_string(out, "{");
    if (call->args != JSON_NONE) {
        json_write_key(out, "args");
        buffer_append(out, json_raw(call->doc, call->args));
        buffer_append_string(out, ",");
    }
    buffer_append_string(out, "\"tool\":{");
    add_text(out, "name", call->name);
    buffer_append_string(out, ",\"category\":");
    json_write_string(out, slice_from_string(catalogue_category_name(call->category)));
    buffer_append_string(out, "},\"grant\":{\"tags\":[");
    for (size_t i = 0; i < call->grant_tag_count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_string(out, call->grant_tags[i]);
    }
    buffer_append_string(out, call->grant_label.length > 0 ? "]," : "]");
    add_text(out, "label", call->grant_label);
    buffer_append_string(out, "},\"client\":{");
    add_text(out, "name", call->client_name);
    int64_t hours = call->now_ms / 3600000;
    buffer_append_format(out,
                         "},\"session\":{\"calls\":%llu},\"time\":{\"hour\":%d,\"weekday\":%d}}",
                         (unsigned long long)call->session_calls, (int)(hours % 24),
                         (int)((hours / 24 + 3) % 7) + 1);
    struct error error;
    if (json_scan(&w->doc, buffer_slice(out), NULL, &error, NULL) != 0) {
        fprintf(stderr, "reference: %s\n", error.text);
        abort();
    }
}

// ---- Globs, equality, order

static bool glob(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return glob(pattern + 1, text) || (*text != '\0' && glob(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) && glob(pattern + 1, text + 1);
}

static bool same(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    char s[TEXT], t[TEXT];
    enum json_type type = json_type(a, x);
    if (type != json_type(b, y) || json_at(a, x)->count != json_at(b, y)->count)
        return false;
    switch (type) {
    case JSON_NUMBER: return number_of(a, x) == number_of(b, y);
    case JSON_STRING:
        text_of(a, x, s);
        text_of(b, y, t);
        return strcmp(s, t) == 0;
    case JSON_ARRAY:
        for (uint32_t i = 0; i < json_at(a, x)->count; i++)
            if (!same(a, json_element(a, x, i), b, json_element(b, y, i)))
                return false;
        return true;
    case JSON_OBJECT:
        for (uint32_t key = json_first_key(a, x); key != JSON_NONE;
             key = json_next_key(a, x, key)) {
            text_of(a, key, s);
            uint32_t other = json_get(b, y, s);
            if (other == JSON_NONE || !same(a, key + 1, b, other))
                return false;
        }
        return true;
    default: return true;
    }
}

static bool one_of(const struct world *w, uint32_t value, uint32_t list)
{
    for (uint32_t i = 0; i < json_at(w->policy, list)->count; i++)
        if (same(&w->doc, value, w->policy, json_element(w->policy, list, i)))
            return true;
    return false;
}

static bool matches(const char *pattern, const char *text)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &error, &at, NULL);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    int found = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, PCRE2_NO_JIT, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return found >= 0;
}

// ---- Places

// Resolves "." and ".." by parts; false when the path is not absolute.
static bool resolve(const char *path, char out[TEXT])
{
    char copy[TEXT], *parts[128];
    size_t count = 0;
    if (path[0] != '/' || strchr(path, '\\') != NULL)
        return false;
    print(copy, sizeof copy, "%s", path);
    char *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save))
        if (strcmp(part, "..") == 0)
            count -= count > 0;
        else if (strcmp(part, ".") != 0)
            parts[count++] = part;
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += print(out + used, TEXT - used, "/%s", parts[i]);
    print(out + used, TEXT - used, "/"); // every folder ends in one slash
    return true;
}

static enum truth within(const char *path, const char *folder)
{
    char a[TEXT], b[TEXT];
    if (!resolve(path, a) || !resolve(folder, b))
        return WRONG;
    return strncmp(a, b, strlen(b)) == 0 ? YES : NO;
}

// Only the spellings that the generator makes: names and dotted quads.
static enum truth host_is(const char *url, const char *wanted)
{
    char host[TEXT];
    if (!matches("^(?i:https?)://(?!\\d+/|0x)[A-Za-z0-9.-]+(:\\d{1,5})?([/?#][^\\s\\\\]*)?$", url))
        return WRONG;
    const char *start = strstr(url, "://") + 3;
    print(host, sizeof host, "%.*s", (int)strcspn(start, ":/?#"), start);
    if (wanted[0] == '*')
        return strlen(host) > strlen(wanted) - 1 &&
                       strcasecmp(host + strlen(host) - (strlen(wanted) - 1), wanted + 1) == 0
                   ? YES
                   : NO;
    return strcasecmp(host, wanted) == 0 ? YES : NO;
}

static bool bits_of(const char *address, char bits[129])
{
    unsigned char bytes[16];
    bits[0] = '\0';
    size_t count = inet_pton(AF_INET, address, bytes) == 1    ? 4
                   : inet_pton(AF_INET6, address, bytes) == 1 ? 16
                                                              : 0;
    for (size_t i = 0; i < count * 8; i++)
        print(bits + i, 2, "%c", (bytes[i / 8] >> (7 - i % 8)) & 1 ? '1' : '0');
    return count > 0;
}

static enum truth in_network(const char *address, const char *network)
{
    char a[129], n[129], base[TEXT];
    print(base, sizeof base, "%.*s", (int)strcspn(network, "/"), network);
    size_t length = strchr(network, '/') == NULL ? 128 : strtoul(strchr(network, '/') + 1, 0, 10);
    if (!bits_of(address, a) || !bits_of(base, n))
        return WRONG;
    return strlen(a) == strlen(n) && strncmp(a, n, length) == 0 ? YES : NO;
}

static enum truth place(const char *op, const char *text, const char *operand)
{
    if (strcmp(op, "within_path") == 0)
        return within(text, operand);
    return strcmp(op, "url_host_in") == 0 ? host_is(text, operand) : in_network(text, operand);
}

static enum truth any_place(const struct world *w, const char *op, const char *text,
                            uint32_t operand)
{
    char one[TEXT];
    enum truth truth = NO;
    if (json_type(w->policy, operand) == JSON_STRING) {
        text_of(w->policy, operand, one);
        return place(op, text, one);
    }
    for (uint32_t i = 0; i < json_at(w->policy, operand)->count; i++) {
        text_of(w->policy, json_element(w->policy, operand, i), one);
        enum truth here = place(op, text, one);
        if (here == WRONG)
            return WRONG;
        truth = here == YES ? YES : truth;
    }
    return truth;
}

// ---- One value under one operator; JSON_NONE is a missing value

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static enum truth truth_of(bool yes)
{
    return yes ? YES : NO;
}

static enum truth compare(const char *op, double a, double b)
{
    if (strstr(op, "lte") != NULL)
        return truth_of(a <= b);
    if (strstr(op, "lt") != NULL)
        return truth_of(a < b);
    return truth_of(strstr(op, "gte") != NULL ? a >= b : a > b);
}

static enum truth ordered(const struct world *w, uint32_t value, const char *op, uint32_t operand,
                          bool as_number)
{
    char text[TEXT];
    double b = number_of(w->policy, operand);
    if (json_type(&w->doc, value) == JSON_NUMBER)
        return compare(op, number_of(&w->doc, value), b);
    if (!as_number || json_type(&w->doc, value) != JSON_STRING)
        return WRONG;
    text_of(&w->doc, value, text);
    if (!matches("^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$", text))
        return WRONG;
    return compare(op, strtod(text, NULL), b);
}

static enum truth lengthy(const struct world *w, uint32_t value, const char *op, uint32_t operand)
{
    char text[TEXT];
    double length = json_at(&w->doc, value)->count;
    switch (json_type(&w->doc, value)) {
    case JSON_STRING:
        text_of(&w->doc, value, text);
        length = 0;
        for (const char *c = text; *c != '\0'; c++)
            length += (*c & 0xC0) != 0x80;
        break;
    case JSON_ARRAY:
    case JSON_OBJECT: break;
    default: return WRONG;
    }
    return compare(op + strlen("length_"), length, number_of(w->policy, operand));
}

static enum truth containing(const struct world *w, uint32_t value, uint32_t operand)
{
    char text[TEXT], part[TEXT];
    if (json_type(&w->doc, value) == JSON_ARRAY) {
        for (uint32_t i = 0; i < json_at(&w->doc, value)->count; i++)
            if (same(&w->doc, json_element(&w->doc, value, i), w->policy, operand))
                return YES;
        return NO;
    }
    if (json_type(&w->doc, value) != JSON_STRING || json_type(w->policy, operand) != JSON_STRING)
        return WRONG;
    text_of(&w->doc, value, text);
    text_of(w->policy, operand, part);
    return truth_of(strstr(text, part) != NULL);
}

static enum truth textual(const struct world *w, uint32_t value, const char *op, uint32_t operand)
{
    char text[TEXT], other[TEXT];
    if (json_type(&w->doc, value) != JSON_STRING)
        return WRONG;
    text_of(&w->doc, value, text);
    if (is(op, "within_path") || is(op, "url_host_in") || is(op, "cidr_in"))
        return any_place(w, op, text, operand);
    text_of(w->policy, operand, other);
    if (is(op, "starts_with"))
        return truth_of(strncmp(text, other, strlen(other)) == 0);
    if (is(op, "ends_with"))
        return truth_of(strlen(text) >= strlen(other) &&
                        is(text + strlen(text) - strlen(other), other));
    return truth_of(matches(other, text));
}

static enum truth opposite(enum truth truth)
{
    return truth == WRONG ? WRONG : truth == YES ? NO : YES;
}

static enum truth holds(const struct world *w, uint32_t value, const char *op, uint32_t operand,
                        bool as_number)
{
    if (is(op, "exists")) {
        bool wanted = operand == JSON_NONE || json_type(w->policy, operand) == JSON_TRUE;
        bool there = value != JSON_NONE && json_type(&w->doc, value) != JSON_NULL;
        return truth_of(there == wanted);
    }
    if (value == JSON_NONE)
        return NO;
    if (is(op, "eq") || is(op, "neq"))
        return truth_of(same(&w->doc, value, w->policy, operand) == is(op, "eq"));
    if (is(op, "in") || is(op, "not_in"))
        return truth_of(one_of(w, value, operand) == is(op, "in"));
    if (is(op, "lt") || is(op, "lte") || is(op, "gt") || is(op, "gte"))
        return ordered(w, value, op, operand, as_number);
    if (strncmp(op, "length_", 7) == 0)
        return lengthy(w, value, op, operand);
    if (is(op, "contains"))
        return containing(w, value, operand);
    if (is(op, "not_contains"))
        return opposite(containing(w, value, operand));
    if (is(op, "not_regex"))
        return opposite(textual(w, value, "regex", operand));
    return textual(w, value, op, operand);
}

// ---- Paths: what the rest of a path leads to, counted as truths of one condition

struct tally {
    const char *op;
    uint32_t operand;
    bool as_number;
    int yes, no, wrong;
    uint32_t last; // where the path led
};

static void reach(const struct world *w, uint32_t node, const char *path, struct tally *t);

static void arrive(const struct world *w, uint32_t node, struct tally *t)
{
    t->last = node;
    if (t->op == NULL)
        return;
    switch (holds(w, node, t->op, t->operand, t->as_number)) {
    case YES: t->yes++; break;
    case NO: t->no++; break;
    case WRONG: t->wrong++; break;
    }
}

static void reach_elements(const struct world *w, uint32_t node, const char *path, struct tally *t)
{
    const char *rest = strchr(path, ']') + 1;
    uint32_t count = json_at(&w->doc, node)->count;
    if (path[1] != '*') {
        reach(w, json_element(&w->doc, node, (uint32_t)strtoul(path + 1, NULL, 10)), rest, t);
        return;
    }
    if (count == 0)
        arrive(w, JSON_NONE, t);
    for (uint32_t i = 0; i < count; i++)
        reach(w, json_element(&w->doc, node, i), rest, t);
}

static void reach_member(const struct world *w, uint32_t node, const char *path, struct tally *t)
{
    char name[TEXT], other[TEXT];
    bool quoted = path[0] == '[';
    const char *start = quoted ? path + 2 : path + 1;
    size_t length = strcspn(start, quoted ? "\"" : ".[");
    print(name, sizeof name, "%.*s", (int)length, start);
    uint32_t found = JSON_NONE;
    for (uint32_t key = json_first_key(&w->doc, node); key != JSON_NONE;
         key = json_next_key(&w->doc, node, key)) {
        text_of(&w->doc, key, other);
        if (is(name, other)) {
            found = key + 1;
        } else if (strcasecmp(name, other) == 0) {
            t->wrong++;
            return;
        }
    }
    reach(w, found, start + length + (quoted ? 2 : 0), t);
}

static void reach(const struct world *w, uint32_t node, const char *path, struct tally *t)
{
    if (node == JSON_NONE || *path == '\0') {
        arrive(w, node, t);
        return;
    }
    bool element = path[0] == '[' && path[1] != '"';
    enum json_type type = json_type(&w->doc, node);
    if (type == JSON_NULL)
        arrive(w, JSON_NONE, t);
    else if (type != (element ? JSON_ARRAY : JSON_OBJECT))
        t->wrong++;
    else if (element)
        reach_elements(w, node, path, t);
    else
        reach_member(w, node, path, t);
}

static void follow(const struct world *w, const char *path, struct tally *t)
{
    char from_root[TEXT];
    print(from_root, sizeof from_root, ".%s", path);
    t->last = JSON_NONE;
    reach(w, 0, from_root, t);
}

// ---- Predicates

static enum truth condition(const struct world *w, uint32_t node, bool all)
{
    char path[TEXT], op[TEXT], as[TEXT];
    member_text(w->policy, node, "path", path);
    member_text(w->policy, node, "op", op);
    struct tally t = {.op = op,
                      .operand = json_get(w->policy, node, "value"),
                      .as_number = member_text(w->policy, node, "as", as)};
    follow(w, path, &t);
    if (t.wrong > 0)
        return WRONG;
    return truth_of(all ? t.no == 0 : t.yes > 0);
}

static enum truth predicate(const struct world *w, uint32_t node, bool all)
{
    uint32_t list = json_get(w->policy, node, "conditions");
    for (uint32_t i = 0; i < json_at(w->policy, list)->count; i++) {
        enum truth truth = condition(w, json_element(w->policy, list, i), all);
        if (truth != YES)
            return truth;
    }
    return YES;
}

// ---- Verdicts

static bool finish(struct world *w, enum policy_outcome outcome, const char *rule,
                   const char *reason)
{
    w->out->outcome = outcome;
    if (outcome == POLICY_DENY)
        w->out->charges = 0;
    print(w->out->rule, REFERENCE_TEXT, "%s", rule);
    print(w->out->reason, REFERENCE_TEXT, "%s", reason);
    return true;
}

static bool finish_hidden(struct world *w)
{
    finish(w, POLICY_DENY, "(hidden)", "");
    return w->out->hidden = true;
}

// What only observes decides nothing: a rule, or a part of it.
static bool observes(const struct json_doc *policy, uint32_t rule, uint32_t part)
{
    char mode[TEXT];
    return (member_text(policy, rule, "mode", mode) && is(mode, "observe")) ||
           (part != JSON_NONE && member_text(policy, part, "mode", mode) && is(mode, "observe"));
}

// Looks through one list of a rule; true when the call is denied. `asked` is set by approve_if.
static bool look_through(struct world *w, uint32_t rule, const char *where, const char *name,
                         bool *asked)
{
    char pointer[TEXT], reason[TEXT];
    uint32_t list = json_get(w->policy, rule, name);
    bool all = is(name, "require");
    for (uint32_t i = 0; list != JSON_NONE && i < json_at(w->policy, list)->count; i++) {
        uint32_t node = json_element(w->policy, list, i);
        if (observes(w->policy, rule, node))
            continue;
        enum truth truth = predicate(w, node, all);
        print(pointer, sizeof pointer, "%s/%s/%u", where, name, i);
        bool told = member_text(w->policy, node, "on_deny", reason);
        if (truth == WRONG)
            return finish(w, POLICY_DENY, pointer, "");
        if (truth == (all ? YES : NO))
            continue;
        if (asked == NULL)
            return finish(w, POLICY_DENY, pointer, reason);
        if (!*asked && !told)
            member_text(w->policy, rule, "reason", reason);
        if (!*asked)
            finish(w, POLICY_ASK, pointer, reason);
        *asked = true;
    }
    return false;
}

static bool charge(struct world *w, uint32_t limit, const char *pointer)
{
    char path[TEXT], as[TEXT], text[TEXT];
    size_t at = w->out->charges;
    struct reference_verdict *out = w->out;
    print(out->charge[at], REFERENCE_TEXT, "%s", pointer);
    out->amount[at] = 1;
    out->per[at][0] = '\0';
    if (member_text(w->policy, limit, "increment_from", path)) {
        struct tally t = {0};
        follow(w, path, &t);
        if (t.wrong > 0 || t.last == JSON_NONE)
            return false;
        enum json_type type = json_type(&w->doc, t.last);
        if (type == JSON_STRING && member_text(w->policy, limit, "as", as)) {
            text_of(&w->doc, t.last, text);
            if (!matches("^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$", text))
                return false;
            out->amount[at] = strtod(text, NULL);
        } else if (type == JSON_NUMBER) {
            out->amount[at] = number_of(&w->doc, t.last);
        } else {
            return false;
        }
        if (out->amount[at] < 0)
            return false;
    }
    if (member_text(w->policy, limit, "per", path)) {
        struct tally t = {0};
        follow(w, path, &t);
        if (t.wrong > 0 || t.last == JSON_NONE || json_type(&w->doc, t.last) == JSON_NULL)
            return false;
        struct buffer canonical;
        buffer_init(&canonical, 0);
        (void)!json_write_canonical(&canonical, &w->doc, t.last);
        print(out->per[at], REFERENCE_TEXT, "%.*s", SLICE_PRINT(buffer_slice(&canonical)));
        buffer_release(&canonical);
    }
    out->charges++;
    return true;
}

static bool charge_all(struct world *w, uint32_t rule, const char *where)
{
    char pointer[TEXT], counter[TEXT];
    uint32_t rate = json_get(w->policy, rule, "rate_limit");
    uint32_t limits = json_get(w->policy, rule, "limits");
    print(pointer, sizeof pointer, "%s/rate_limit", where);
    if (rate != JSON_NONE && !observes(w->policy, rule, rate))
        charge(w, rate, pointer);
    for (uint32_t i = 0; limits != JSON_NONE && i < json_at(w->policy, limits)->count; i++) {
        uint32_t limit = json_element(w->policy, limits, i);
        if (observes(w->policy, rule, limit))
            continue;
        member_text(w->policy, limit, "counter", counter);
        print(pointer, sizeof pointer, "%s/limits/%s", where, counter);
        if (!charge(w, limit, pointer))
            return finish(w, POLICY_DENY, pointer, "");
    }
    return false;
}

// ---- Selection

static bool category_named(const char *selector, enum catalogue_category category)
{
    return selector[0] == '@' && strcasecmp(selector + 1, catalogue_category_name(category)) == 0;
}

static bool is_hidden(const struct json_doc *policy, const char *name,
                      enum catalogue_category category)
{
    char selector[TEXT];
    uint32_t hide = json_get(policy, 0, "hide");
    for (uint32_t i = 0; hide != JSON_NONE && i < json_at(policy, hide)->count; i++) {
        text_of(policy, json_element(policy, hide, i), selector);
        if (selector[0] == '@') {
            if (category == CATALOGUE_UNKNOWN || category_named(selector, category))
                return true;
        } else if (glob(selector, name)) {
            return true;
        }
    }
    return false;
}

// How well a selector of `tools` fits: 0 not at all, else the larger the better.
static int fit(const struct json_doc *policy, const char *selector, uint32_t rule, const char *name,
               enum catalogue_category category)
{
    static const char *const gravity[] = {"@read", "@write", "@execute", "@destructive",
                                          "@financial"};
    char action[TEXT];
    if (is(selector, "*"))
        return 1;
    if (selector[0] == '@') {
        if (category != CATALOGUE_UNKNOWN)
            return category_named(selector, category) ? 2 : 0;
        if (!observes(policy, rule, JSON_NONE) && member_text(policy, rule, "action", action) &&
            !is(action, "allow"))
            for (int i = 0; i < 5; i++)
                if (is(selector, gravity[i]))
                    return 10 + i;
        return is(selector, "@financial") ? 2 : 0;
    }
    if (strpbrk(selector, "*?") == NULL)
        return is(selector, name) ? 100000 : 0;
    int literal = 0;
    for (const char *c = selector; *c != '\0'; c++)
        literal += *c != '*' && *c != '?';
    return glob(selector, name) ? 100 + literal : 0;
}

static void pointer_of(const char *selector, char out[TEXT])
{
    size_t used = print(out, TEXT, "/tools/");
    for (const char *c = selector; *c != '\0'; c++)
        if (*c == '/' || *c == '~')
            used += print(out + used, TEXT - used, "~%c", *c == '/' ? '1' : '0');
        else
            used += print(out + used, TEXT - used, "%c", *c);
}

// The rule that applies, or JSON_NONE; `ret_rival` is the pointer of a second, equal one.
static uint32_t select_rule(const struct json_doc *policy, const char *name,
                            enum catalogue_category category, char pointer[TEXT], char rival[TEXT],
                            bool *ret_hide)
{
    char selector[TEXT], action[TEXT];
    uint32_t tools = json_get(policy, 0, "tools"), best = JSON_NONE;
    int best_fit = 0;
    pointer[0] = rival[0] = '\0';
    for (uint32_t key = json_first_key(policy, tools); key != JSON_NONE;
         key = json_next_key(policy, tools, key)) {
        text_of(policy, key, selector);
        int here = fit(policy, selector, key + 1, name, category);
        if (here == 0 || here < best_fit)
            continue;
        bool hides = !observes(policy, key + 1, JSON_NONE) &&
                     member_text(policy, key + 1, "action", action) && is(action, "hide");
        if (here == best_fit) {
            *ret_hide |= hides;
            if (rival[0] == '\0')
                pointer_of(selector, rival);
            continue;
        }
        best = key + 1;
        best_fit = here;
        *ret_hide = hides;
        rival[0] = '\0';
        pointer_of(selector, pointer);
    }
    return best;
}

// ---- The whole

static bool judge_rule(struct world *w, uint32_t own, const char *pointer)
{
    char action[TEXT], reason[TEXT], where[TEXT + 16];
    uint32_t all = json_get(w->policy, 0, "all_tools");
    bool asked = false;
    if (member_text(w->policy, own, "action", action) && observes(w->policy, own, JSON_NONE))
        action[0] = '\0';
    member_text(w->policy, own, "reason", reason);
    print(where, sizeof where, "%s/action", pointer);
    if (is(action, "deny"))
        return finish(w, POLICY_DENY, where, reason);
    if (look_through(w, own, pointer, "require", NULL) ||
        look_through(w, all, "/all_tools", "require", NULL) ||
        look_through(w, own, pointer, "deny_if", NULL) ||
        look_through(w, all, "/all_tools", "deny_if", NULL) || charge_all(w, own, pointer) ||
        charge_all(w, all, "/all_tools"))
        return true;
    if (is(action, "require_approval"))
        asked = finish(w, POLICY_ASK, where, reason);
    if (look_through(w, own, pointer, "approve_if", &asked) ||
        look_through(w, all, "/all_tools", "approve_if", &asked) || asked)
        return true;
    return finish(w, POLICY_ALLOW, pointer[0] != '\0' ? pointer : "(default allow)", "");
}

static bool judge(struct world *w)
{
    char name[TEXT], pointer[TEXT], rival[TEXT], fallback[TEXT], both[2 * TEXT + 64];
    bool hide = false;
    print(name, sizeof name, "%.*s", SLICE_PRINT(w->call->name));
    if (is_hidden(w->policy, name, w->call->category))
        return finish_hidden(w);
    uint32_t rule = select_rule(w->policy, name, w->call->category, pointer, rival, &hide);
    if (hide)
        return finish_hidden(w);
    print(both, sizeof both, "(ambiguous selectors %s and %s)", pointer, rival);
    if (rival[0] != '\0')
        return finish(w, POLICY_DENY, both, "");
    member_text(w->policy, 0, "default", fallback);
    if (rule == JSON_NONE && is(fallback, "deny"))
        return finish(w, POLICY_DENY, "(default deny)", "");
    return judge_rule(w, rule, pointer);
}

void reference_decide(const struct json_doc *policy, const struct policy_call *call,
                      struct reference_verdict *ret)
{
    struct world w = {.policy = policy, .call = call, .out = ret};
    memset(ret, 0, sizeof *ret);
    json_doc_init(&w.doc);
    build_world(&w);
    judge(&w);
    json_doc_release(&w.doc);
    buffer_release(&w.text);
}

bool reference_lists(const struct json_doc *policy, struct slice name,
                     enum catalogue_category category)
{
    char text[TEXT], pointer[TEXT], rival[TEXT], value[TEXT];
    bool hide = false;
    print(text, sizeof text, "%.*s", SLICE_PRINT(name));
    uint32_t rule = select_rule(policy, text, category, pointer, rival, &hide);
    if (hide || is_hidden(policy, text, category))
        return false;
    if (!member_text(policy, 0, "list", value) || is(value, "all"))
        return true;
    if (rival[0] != '\0')
        return false;
    uint32_t rules[] = {rule, json_get(policy, 0, "all_tools")};
    for (int i = 0; i < 2; i++) {
        uint32_t list = json_get(policy, rules[i], "deny_if");
        for (uint32_t j = 0; list != JSON_NONE && j < json_at(policy, list)->count; j++)
            if (!observes(policy, rules[i], json_element(policy, list, j)) &&
                json_at(policy, json_get(policy, json_element(policy, list, j), "conditions"))
                        ->count == 0)
                return false;
    }
    if (rule == JSON_NONE)
        return member_text(policy, 0, "default", value) && is(value, "allow");
    return observes(policy, rule, JSON_NONE) || !member_text(policy, rule, "action", value) ||
           !is(value, "deny");
}

// ---- Comparison

static bool same_charges(const struct policy_verdict *v, const struct reference_verdict *r)
{
    if (v->charge_count != r->charges)
        return false;
    for (size_t i = 0; i < r->charges; i++) {
        char amount[DECIMAL_TEXT_SIZE];
        decimal_format(v->charges[i].amount, amount);
        if (!slice_equal_string(v->charges[i].rule, r->charge[i]) ||
            !slice_equal_string(v->charges[i].per, r->per[i]) ||
            fabs(strtod(amount, NULL) - r->amount[i]) > 0)
            return false;
    }
    return true;
}

bool reference_agrees(const struct reference_verdict *r, const struct policy_verdict *v)
{
    return v->outcome == r->outcome && v->hidden == r->hidden &&
           slice_equal_string(v->rule, r->rule) &&
           (r->reason[0] == '\0' || slice_equal_string(v->reason, r->reason)) && same_charges(v, r);
}
