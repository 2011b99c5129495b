// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Finds credentials in text by the forms that their issuers gave them, and by the names that people
// write before them. One pass; the time grows with the length of the text alone. docs/policy.md,
// "Secrets", lists what is found.
#include "catalogue/catalogue.h"

enum { NAME_MAX_BYTES = 64, USERINFO_MAX = 256 };
enum { VALUE_LEAST = 8, TOKEN_LEAST = 16, TOKEN_MAX = 512 };

// ---- Characters

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_alnum(char c)
{
    return is_alpha(c) || is_digit(c);
}

static bool is_word(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static bool is_token(char c)
{
    return is_word(c) || c == '.' || c == '+' || c == '/' || c == '=' || c == '~';
}

static bool is_upper_alnum(char c)
{
    return (c >= 'A' && c <= 'Z') || is_digit(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

typedef bool (*class_cb)(char c);

static size_t run(struct slice text, size_t at, class_cb in_class)
{
    size_t start = at;
    while (at < text.length && in_class(text.data[at]))
        at++;
    return at - start;
}

static bool has_digit(struct slice text, size_t start, size_t end)
{
    for (; start < end; start++)
        if (is_digit(text.data[start]))
            return true;
    return false;
}

static bool starts_at(struct slice text, size_t at, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length - at >= length && memcmp(text.data + at, prefix, length) == 0;
}

// ---- Forms with a prefix: the prefix, what follows, how many of them at least. With `exact`, one
// more would make it another word.
struct form {
    const char *prefix;
    class_cb body;
    size_t least;
    bool exact;
    bool digit; // the body holds one: else it may be ordinary words with dashes
};

static const struct form forms[] = {
    {"AKIA", is_upper_alnum, 16, true, false}, // Amazon access keys
    {"ASIA", is_upper_alnum, 16, true, false},
    {"ABIA", is_upper_alnum, 16, true, false},
    {"ACCA", is_upper_alnum, 16, true, false},
    {"AGE-SECRET-KEY-1", is_upper_alnum, 58, true, false},
    {"AIza", is_word, 35, true, false}, // Google
    {"GOCSPX-", is_word, 28, true, false},
    {"ya29.", is_word, 20, false, false},
    {"ghp_", is_alnum, 36, false, false}, // GitHub
    {"gho_", is_alnum, 36, false, false},
    {"ghu_", is_alnum, 36, false, false},
    {"ghs_", is_alnum, 36, false, false},
    {"ghr_", is_alnum, 36, false, false},
    {"github_pat_", is_word, 40, false, false},
    {"glpat-", is_word, 20, false, false}, // GitLab
    {"glsa_", is_word, 32, false, false},  // Grafana
    {"xoxa-", is_word, 10, false, true},   // Slack
    {"xoxb-", is_word, 10, false, true},
    {"xoxe-", is_word, 10, false, true},
    {"xoxp-", is_word, 10, false, true},
    {"xoxr-", is_word, 10, false, true},
    {"xoxs-", is_word, 10, false, true},
    {"xapp-", is_word, 10, false, true},
    {"sk_live_", is_alnum, 16, false, false}, // Stripe
    {"sk_test_", is_alnum, 16, false, false},
    {"rk_live_", is_alnum, 16, false, false},
    {"rk_test_", is_alnum, 16, false, false},
    {"whsec_", is_token, 24, false, false},
    {"sk-", is_word, 20, false, true}, // OpenAI, Anthropic and others
    {"gsk_", is_alnum, 40, false, false},
    {"xai-", is_alnum, 40, false, false},
    {"hf_", is_alnum, 30, false, false},
    {"r8_", is_alnum, 37, false, false},
    {"npm_", is_alnum, 36, false, false},
    {"pypi-", is_word, 50, false, true},
    {"dop_v1_", is_hex, 64, false, false},
    {"shpat_", is_hex, 32, false, false},
    {"shpss_", is_hex, 32, false, false},
    {"dapi", is_hex, 32, true, true},
    {"hvs.", is_word, 24, false, false}, // Vault
    {"lin_api_", is_alnum, 32, false, false},
    {"SG.", is_word, 16, false, false}, // SendGrid: two more parts, taken by the tail below
};
enum { FORMS = sizeof forms / sizeof *forms };

// Most words are told apart by their first two characters.
static size_t match_form(struct slice text, size_t at)
{
    enum { SHORTEST = 3 };
    if (text.length - at < SHORTEST || strchr("AGyghxswrnpdlS", text.data[at]) == NULL)
        return 0;
    for (size_t i = 0; i < FORMS; i++) {
        const struct form *form = &forms[i];
        if (form->prefix[0] != text.data[at] || form->prefix[1] != text.data[at + 1] ||
            !starts_at(text, at, form->prefix))
            continue;
        size_t body = at + strlen(form->prefix), length = run(text, body, form->body);
        if (length < form->least || (form->exact && length != form->least) ||
            (form->digit && !has_digit(text, body, body + length)))
            continue;
        return body + run(text, body, is_token) - at;
    }
    return 0;
}

// Three base64url parts, of which two are JSON objects.
static size_t match_jwt(struct slice text, size_t at)
{
    enum { PART_LEAST = 8 };
    size_t end = at;
    for (int part = 0; part < 3; part++) {
        size_t length = run(text, end, is_word);
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

// To the end mark, or to the end of the text: half a key is none to show either.
static size_t match_private_key(struct slice text, size_t at)
{
    static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY", end[] = "-----END ";
    if (!starts_at(text, at, begin))
        return 0;
    size_t label = at + sizeof begin - 1, dashes = label;
    while (dashes < text.length && (is_upper_alnum(text.data[dashes]) || text.data[dashes] == ' '))
        dashes++;
    if (memmem(text.data + label, dashes - label, kind, sizeof kind - 1) == NULL)
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
        if (is_alnum(raw.data[i]))
            ret->text[ret->length++] = lower(raw.data[i]);
}

static bool name_ends(const struct name *name, const char *ending)
{
    size_t length = strlen(ending);
    return name->length >= length &&
           memcmp(name->text + name->length - length, ending, length) == 0;
}

static bool is_strong(const struct name *name)
{
    static const char *const endings[] = {
        "password",   "passwd",        "passphrase", "secret",     "secretkey",
        "apikey",     "apisecret",     "accesskey",  "privatekey", "secretaccesskey",
        "accountkey", "encryptionkey", "signingkey", "sharedkey"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (name_ends(name, endings[i]))
            return true;
    return name->length == 3 && memcmp(name->text, "pwd", 3) == 0;
}

// Tokens are also words of a language model's bill and of paging.
static bool is_token_name(const struct name *name)
{
    static const char *const harmless[] = {"pagetoken", "nexttoken", "continuationtoken",
                                           "cursortoken", "progresstoken"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (name_ends(name, harmless[i]))
            return false;
    return name_ends(name, "token");
}

static bool looks_random(struct slice value)
{
    bool digit = false, letter = false;
    for (size_t i = 0; i < value.length; i++) {
        digit = digit || is_digit(value.data[i]);
        letter = letter || is_alpha(value.data[i]);
        if (!is_token(value.data[i]))
            return false;
    }
    return digit && letter && value.length >= TOKEN_LEAST;
}

bool catalogue_names_secret(struct slice name, struct slice value)
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
    while (start > 0 && end - start < NAME_MAX_BYTES && is_word(text.data[start - 1]))
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
        size_t length = value_length(text, start, quote);
        // Unquoted, it may be prose: "the password is: required".
        return quote == '\0' && length < VALUE_LEAST ? 0 : length;
    }
    struct slice rest = slice_of(text.data, text.length);
    if (rest.length > start + TOKEN_MAX)
        rest.length = start + TOKEN_MAX;
    size_t length = run(rest, start, is_token);
    return looks_random(slice_of(text.data + start, length)) ? run(text, start, is_token) : 0;
}

// "Authorization: Bearer abc", also without the name before.
static size_t match_scheme(struct slice text, size_t at, size_t *ret_start)
{
    static const char *const schemes[] = {"Bearer ", "bearer ", "Basic ", "basic "};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!starts_at(text, at, schemes[i]))
            continue;
        size_t start = at + strlen(schemes[i]), length = run(text, start, is_token);
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
    if (!starts_at(text, sign, "://"))
        return 0;
    size_t colon = 0, at = sign + 3;
    for (; at < text.length && at - sign < USERINFO_MAX; at++) {
        char c = text.data[at];
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
    size_t length = text.data[sign] == ':' ? match_userinfo(text, sign, ret_start) : 0;
    if (length > 0)
        return length;
    struct name name;
    read_name(name_before(text, sign), &name);
    if (!is_strong(&name) && !is_token_name(&name))
        return 0;
    return match_value(text, sign, &name, ret_start);
}

// ---- The pass

static size_t match_word(struct slice text, size_t at, size_t *ret_start)
{
    *ret_start = at;
    size_t length = match_form(text, at);
    if (length == 0 && text.data[at] == 'e')
        length = match_jwt(text, at);
    if (length == 0 && (text.data[at] == 'B' || text.data[at] == 'b'))
        length = match_scheme(text, at, ret_start);
    return length;
}

bool catalogue_find_secret(struct slice text, size_t from, size_t *ret_start, size_t *ret_length)
{
    for (size_t at = from; at < text.length; at++) {
        char c = text.data[at];
        size_t length = 0;
        *ret_start = at;
        if (c == ':' || c == '=')
            length = match_assignment(text, at, ret_start);
        else if (c == '-')
            length = match_private_key(text, at);
        else if (is_alpha(c) && (at == 0 || !is_word(text.data[at - 1])))
            length = match_word(text, at, ret_start);
        // What an earlier match already covered is not covered twice.
        if (length > 0 && *ret_start >= from) {
            *ret_length = length;
            return true;
        }
    }
    return false;
}
