// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Finds credentials in text by the forms that their issuers gave them, and by the names that people
// write before them. One pass; the time grows with the length of the text alone. docs/policy.md,
// "Secrets", lists what is found.
#include "detect/detect_internal.h"

enum { NAME_MAX_BYTES = 64, USERINFO_MAX = 256 };
enum { VALUE_LEAST = 8, TOKEN_LEAST = 16, TOKEN_LOOK = 64 };
enum { PART_LOOK = 256 }; // of a part without an upper bound

// ---- Forms with a prefix
enum { FORM_PARTS_MAX = 5, FORM_OPEN = 0xFFFF };
struct secret_form {
    const char *prefix;
    unsigned char prefix_length;
    char second; // byte of the prefix, at hand
    bool digit;  // its parts hold one: else it may be ordinary words with dashes
    size_t count;
    struct {
        unsigned classes, least, most; // FORM_OPEN: however many
        const char *behind;
    } parts[FORM_PARTS_MAX];
};
#include "secret_words.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool starts_at(struct slice text, size_t at, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length - at >= length && memcmp(text.data + at, prefix, length) == 0;
}

static bool has_digit(struct slice text, size_t start, size_t end)
{
    for (; start < end; start++)
        if (detect_is(text.data[start], CLASS_D))
            return true;
    return false;
}

// A part without an upper bound is read to its end only when all the rest is right: else a text of
// many beginnings would be read again and again.
static size_t part_run(struct slice text, size_t at, unsigned classes, unsigned most)
{
    size_t look = most == FORM_OPEN ? PART_LOOK : (size_t)most + 1;
    if (text.length - at > look)
        text.length = at + look;
    return detect_run(text, at, classes);
}

// With an upper bound, one character more would make it another word.
static size_t match_parts(const struct secret_form *form, struct slice text, size_t at)
{
    size_t body = at + form->prefix_length, end = body;
    for (size_t i = 0; i < form->count; i++) {
        unsigned most = form->parts[i].most;
        size_t length = part_run(text, end, form->parts[i].classes, most);
        size_t behind = strlen(form->parts[i].behind);
        if (length > most && behind > 0)
            length = most;
        if (length < form->parts[i].least || (most != FORM_OPEN && length > most) ||
            !starts_at(text, end + length, form->parts[i].behind))
            return 0;
        end += length + behind;
    }
    if (form->digit && !has_digit(text, body, end))
        return 0;
    return end + detect_run(text, end, CLASS_T) - at;
}

static size_t match_form(struct slice text, size_t at)
{
    unsigned char first = (unsigned char)text.data[at];
    for (size_t i = secret_first[first]; i < secret_first[first + 1]; i++) {
        const struct secret_form *form = &secret_forms[i];
        if (text.length - at <= form->prefix_length || text.data[at + 1] != form->second ||
            memcmp(text.data + at, form->prefix, form->prefix_length) != 0)
            continue;
        size_t length = match_parts(form, text, at);
        if (length > 0)
            return length;
    }
    return 0;
}

// Three base64url parts, of which two are JSON objects.
static size_t match_jwt(struct slice text, size_t at)
{
    enum { PART_LEAST = 8 };
    size_t end = at;
    for (int part = 0; part < 3; part++) {
        size_t length = detect_run(text, end, CLASS_W);
        if (length < PART_LEAST || (part < 2 && !starts_at(text, end, "eyJ")))
            return 0;
        end += length;
        if (part == 2)
            return end - at;
        if (end >= text.length || text.data[end] != '.')
            return 0;
        end++;
    }
    return 0;
}

// The mark of a key with nothing behind it but a quote: a program that looks for keys.
static bool is_mark_alone(struct slice text, size_t at)
{
    while (at < text.length && text.data[at] == '-')
        at++;
    at += at < text.length && text.data[at] == '\\';
    return at >= text.length || strchr("\"'`)", text.data[at]) != NULL;
}

// To the end mark, or to the end of the text: half a key is none to show either.
static size_t match_private_key(struct slice text, size_t at)
{
    static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY", end[] = "-----END ";
    if (!starts_at(text, at, begin))
        return 0;
    size_t label = at + sizeof begin - 1, dashes = label;
    while (dashes < text.length &&
           (detect_is(text.data[dashes], CLASS_X) || text.data[dashes] == ' '))
        dashes++;
    if (memmem(text.data + label, dashes - label, kind, sizeof kind - 1) == NULL ||
        is_mark_alone(text, dashes))
        return 0;
    const char *close = memmem(text.data + dashes, text.length - dashes, end, sizeof end - 1);
    if (close == NULL)
        return text.length - at;
    size_t stop = (size_t)(close - text.data) + sizeof end - 1;
    while (stop < text.length && text.data[stop] != '-')
        stop++;
    while (stop < text.length && text.data[stop] == '-')
        stop++;
    return stop - at;
}

// ---- Names before a value

struct name {
    char text[NAME_MAX_BYTES]; // letters and digits alone, lower-case
    size_t length;
};

static void read_name(struct slice raw, struct name *ret)
{
    ret->length = 0;
    size_t from = raw.length > NAME_MAX_BYTES ? raw.length - NAME_MAX_BYTES : 0;
    for (size_t i = from; i < raw.length; i++)
        if (detect_is(raw.data[i], CLASS_A))
            ret->text[ret->length++] = lower(raw.data[i]);
}

static bool name_ends(const struct name *name, const struct slice *endings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice ending = endings[i];
        if (name->length < ending.length)
            continue;
        const char *tail = name->text + name->length - ending.length;
        if (tail[0] == ending.data[0] && memcmp(tail, ending.data, ending.length) == 0)
            return true;
    }
    return false;
}

#define ENDING(text)                                                                               \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static bool is_strong(const struct name *name)
{
    static const struct slice endings[] = {
        ENDING("password"),      ENDING("passwd"),     ENDING("passphrase"), ENDING("secret"),
        ENDING("secretkey"),     ENDING("apikey"),     ENDING("apisecret"),  ENDING("accesskey"),
        ENDING("privatekey"),    ENDING("accountkey"), ENDING("signingkey"), ENDING("sharedkey"),
        ENDING("encryptionkey"), ENDING("seedphrase")};
    return name_ends(name, endings, sizeof endings / sizeof *endings) ||
           (name->length == 3 && memcmp(name->text, "pwd", 3) == 0);
}

// Tokens are also words of a language model's bill and of paging.
static bool is_token_name(const struct name *name)
{
    static const struct slice token = ENDING("token");
    static const struct slice harmless[] = {ENDING("pagetoken"), ENDING("nexttoken"),
                                            ENDING("continuationtoken"), ENDING("cursortoken"),
                                            ENDING("progresstoken")};
    return name_ends(name, &token, 1) &&
           !name_ends(name, harmless, sizeof harmless / sizeof *harmless);
}

static bool looks_random(struct slice value)
{
    bool digit = false, letter = false;
    for (size_t i = 0; i < value.length; i++) {
        digit = digit || detect_is(value.data[i], CLASS_D);
        letter = letter || detect_is(value.data[i], CLASS_LETTER);
        if (!detect_is(value.data[i], CLASS_T))
            return false;
    }
    return digit && letter && value.length >= TOKEN_LEAST;
}

bool detect_may_name_secret(struct slice name)
{
    struct name folded;
    read_name(name, &folded);
    return is_strong(&folded) || is_token_name(&folded);
}

bool detect_names_secret(struct slice name, struct slice value)
{
    struct name folded;
    read_name(name, &folded);
    if (value.length == 0)
        return false;
    return is_strong(&folded) || (is_token_name(&folded) && looks_random(value));
}

// ---- Values behind ':' and '='

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

// The name that ends before the sign, past a quote that may itself be escaped.
static struct slice name_before(struct slice text, size_t sign)
{
    size_t end = sign;
    while (end > 0 && sign - end < 4 && is_space(text.data[end - 1]))
        end--;
    if (end > 0 && is_quote(text.data[end - 1]))
        end--;
    if (end > 0 && text.data[end - 1] == '\\')
        end--;
    size_t start = end;
    while (start > 0 && end - start < NAME_MAX_BYTES && detect_is(text.data[start - 1], CLASS_W))
        start--;
    return slice_of(text.data + start, end - start);
}

// Where a value behind the sign starts; its quote, if it has one.
static size_t value_start(struct slice text, size_t sign, char *ret_quote)
{
    size_t at = sign + 1;
    *ret_quote = '\0';
    while (at < text.length && at - sign < 4 && is_space(text.data[at]))
        at++;
    if (at < text.length && text.data[at] == '\\')
        at++;
    if (at < text.length && is_quote(text.data[at]))
        *ret_quote = text.data[at++];
    return at;
}

static size_t value_length(struct slice text, size_t start, char quote)
{
    size_t at = start;
    for (; at < text.length; at++) {
        char c = text.data[at];
        if (c == '\n' || (quote != '\0' && (c == quote || c == '\\')))
            break;
        if (quote == '\0' && ((unsigned char)c <= ' ' || is_quote(c) || strchr(",;)}]&", c)))
            break;
    }
    return at - start;
}

// "secret = read_secret(", "secret = request->secret", "password: options.password": source code.
static bool is_code(struct slice text, size_t start)
{
    size_t at = start, last = start;
    for (; detect_at(text, at, CLASS_LETTER) ||
           (at < text.length && (text.data[at] == '_' || text.data[at] == '.'));
         at++)
        last = text.data[at] == '.' ? at + 1 : last;
    if (starts_at(text, at, "(") || starts_at(text, at, "[") || starts_at(text, at, "->"))
        return true;
    struct name name;
    read_name(slice_of(text.data + last, at - last), &name);
    return last > start && is_strong(&name) && !detect_at(text, at, CLASS_T);
}

// A value is read to its end only where it is a secret for sure: else a text of many signs would
// be read again and again.
static size_t match_value(struct slice text, size_t sign, const struct name *name,
                          size_t *ret_start)
{
    char quote;
    size_t start = value_start(text, sign, &quote);
    // A variable, a placeholder, an object.
    if (start >= text.length || strchr("$<*{[(%", text.data[start]) != NULL)
        return 0;
    *ret_start = start;
    if (is_strong(name)) {
        if (quote == '\0' && is_code(text, start))
            return 0;
        size_t length = value_length(text, start, quote);
        // Unquoted, it may be prose: "the password is: required".
        return quote == '\0' && length < VALUE_LEAST ? 0 : length;
    }
    struct slice rest = slice_of(text.data, text.length);
    if (rest.length > start + TOKEN_LOOK)
        rest.length = start + TOKEN_LOOK;
    size_t length = detect_run(rest, start, CLASS_T);
    return looks_random(slice_of(text.data + start, length)) ? detect_run(text, start, CLASS_T) : 0;
}

// "Authorization: Bearer abc", also without the name before.
static size_t match_scheme(struct slice text, size_t at, size_t *ret_start)
{
    static const char *const schemes[] = {"Bearer ", "bearer ", "Basic ", "basic "};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!starts_at(text, at, schemes[i]))
            continue;
        size_t start = at + strlen(schemes[i]), length = detect_run(text, start, CLASS_T);
        if (!looks_random(slice_of(text.data + start, length)))
            return 0;
        *ret_start = start;
        return length;
    }
    return 0;
}

// scheme://user:password@host
static size_t match_userinfo(struct slice text, size_t sign, size_t *ret_start)
{
    size_t colon = 0, at = sign + 3;
    for (; at < text.length && at - sign < USERINFO_MAX; at++) {
        char c = text.data[at];
        if (detect_is(c, CLASS_W | CLASS_DOT))
            continue;
        if (c == ':' && colon == 0)
            colon = at;
        if (c == '@' && colon != 0 && at > colon + 1) {
            *ret_start = colon + 1;
            return at - colon - 1;
        }
        if ((unsigned char)c <= ' ' || c == '/' || is_quote(c) || c == '@' || c == '<')
            break;
    }
    return 0;
}

static size_t match_assignment(struct slice text, size_t sign, size_t *ret_start)
{
    if (starts_at(text, sign, "://"))
        return match_userinfo(text, sign, ret_start);
    struct name name;
    read_name(name_before(text, sign), &name);
    if (!is_strong(&name) && !is_token_name(&name))
        return 0;
    return match_value(text, sign, &name, ret_start);
}

// <number>:AA..., 35 characters behind the colon: the bots of Telegram
static size_t match_bot(struct slice text, size_t colon, size_t *ret_start)
{
    enum { BODY = 35, DIGITS_LEAST = 8, DIGITS_MOST = 10 };
    size_t digits = 0;
    if (!starts_at(text, colon, ":AA"))
        return 0;
    while (digits <= DIGITS_MOST && digits < colon && detect_at(text, colon - digits - 1, CLASS_D))
        digits++;
    if (detect_run(text, colon + 1, CLASS_W) != BODY || digits < DIGITS_LEAST ||
        digits > DIGITS_MOST || !detect_begins(text, colon - digits, CLASS_W))
        return 0;
    *ret_start = colon - digits;
    return digits + 1 + BODY;
}

// ---- What the sieve left

static size_t match_word(struct slice text, size_t at, size_t *ret_start)
{
    if (!detect_begins(text, at, CLASS_W))
        return 0;
    size_t length = match_form(text, at);
    if (length == 0 && text.data[at] == 'e')
        length = match_jwt(text, at);
    if (length == 0 && (text.data[at] == 'B' || text.data[at] == 'b'))
        length = match_scheme(text, at, ret_start);
    return length;
}

size_t detect_secret_at(struct slice text, size_t at, size_t *ret_start)
{
    *ret_start = at;
    if (text.data[at] == '-')
        return match_private_key(text, at);
    if (text.data[at] != ':' && text.data[at] != '=')
        return match_word(text, at, ret_start);
    size_t length = text.data[at] == ':' ? match_bot(text, at, ret_start) : 0;
    return length > 0 ? length : match_assignment(text, at, ret_start);
}

// Three bytes of most words tell that no form begins with them.
static bool may_be_form(const char *at)
{
    static const uint32_t multiplier = 0x9E3779B1; // of make_secrets.py
    uint32_t start = (uint32_t)(unsigned char)at[0] | (uint32_t)(unsigned char)at[1] << 8 |
                     (uint32_t)(unsigned char)at[2] << 16;
    uint32_t place = start * multiplier >> 18;
    return (secret_starts[place >> 6] >> (place & 63) & 1) != 0;
}

// How the names end that is_strong and is_token_name know: a bit for each last letter, which those
// have that may stand before it.
enum { ENDS_D = 1, ENDS_E = 2, BEHIND_E = 4, ENDS_SPACE = 8 };
static const uint8_t last_letters[256] = {
    ['d'] = ENDS_D,   ['D'] = ENDS_D,   ['e'] = ENDS_E,     ['E'] = ENDS_E,
    ['t'] = BEHIND_E, ['T'] = BEHIND_E, ['y'] = BEHIND_E,   ['Y'] = BEHIND_E,
    ['n'] = BEHIND_E, ['N'] = BEHIND_E, [' '] = ENDS_SPACE, ['\t'] = ENDS_SPACE};
static const uint8_t letters_before[256] = {
    ['r'] = ENDS_D, ['R'] = ENDS_D, ['w'] = ENDS_D,   ['W'] = ENDS_D,
    ['s'] = ENDS_E, ['S'] = ENDS_E, ['e'] = BEHIND_E, ['E'] = BEHIND_E};

static bool may_name_secret(const char *sign)
{
    const char *at = sign - 1;
    for (int i = 0; i < 3 && is_space(*at); i++)
        at--;
    if (is_quote(*at))
        at--;
    if (*at == '\\')
        at--;
    // Behind more spaces than were looked at there may be a name, too.
    return (last_letters[(unsigned char)*at] &
            (letters_before[(unsigned char)at[-1]] | ENDS_SPACE)) != 0;
}

uint64_t detect_secrets_of(const char block[SIEVE_BLOCK], const struct sieve *sieve)
{
    uint64_t found = sieve->dashes;
    for (uint64_t words = sieve->words & SIEVE_INSIDE; words != 0; words &= words - 1)
        if (may_be_form(block + __builtin_ctzll(words)))
            found |= words & -words;
    for (uint64_t signs = sieve->signs & SIEVE_INSIDE; signs != 0; signs &= signs - 1) {
        const char *at = block + __builtin_ctzll(signs);
        if (at[1] == '/' || at[1] == 'A' || may_name_secret(at))
            found |= signs & -signs;
    }
    return found;
}
